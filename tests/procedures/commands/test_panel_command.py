"""`coldfinger panel` reads and sets any instrument from the terminal."""

import json

import pytest
from click.testing import CliRunner

from coldfinger.procedures.commands.panel import panel


def said(*words):
    return CliRunner().invoke(panel, words)


def test_without_a_name_it_lists_the_panels():
    done = said()
    assert done.exit_code == 0
    assert "fridge.bridge" in done.output
    assert "lockin" in done.output


def test_it_reads_every_property_with_unit_and_range():
    done = said("lockin", "--json")
    properties = {entry["name"]: entry for entry in json.loads(done.stdout)["properties"]}
    assert properties["frequency"]["unit"] == "Hz"
    assert properties["time_constant"]["choices"][0] == "1e-05"
    table = said("lockin").output
    assert "time_constant" in table
    assert "0.001 to 102000" in table


def test_it_sets_what_is_typed_and_reads_it_back():
    done = said("lockin", "time_constant=1 s", "input_coupling=ac", "--json")
    assert "lockin time_constant: 0.3 before, 1.0 now" in done.stderr
    properties = {entry["name"]: entry["value"] for entry in json.loads(done.stdout)["properties"]}
    assert (properties["time_constant"], properties["input_coupling"]) == (1.0, "AC")


def test_a_role_is_as_good_as_a_name():
    assert said("bridge").exit_code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nix",), "panel 'nix': there is no such instrument; this station has lockin"),
        (("lockin", "frequency"), "'frequency' is not a setting; write PROPERTY=VALUE"),
        (("lockin", "frequency=7 kOe"), "has the wrong dimension"),
        (("magnet", "target=1 T"), "target"),
        (("lockin", "--station", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_status_2(words, sentence):
    done = said(*words)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.output
