"""`coldfinger plan` as its user meets it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from coldfinger.procedures.commands.plan import plan as command
from coldfinger.procedures.laboratory.station_file import read_station_file

EXAMPLE = Path(__file__).parents[3] / "examples" / "overnight.toml"


def plan(*arguments: object, **options: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], **options)


def test_a_new_plan_is_right_and_can_be_shown(tmp_path):
    path = tmp_path / "tonight.toml"
    done = plan("new", path)
    assert done.exit_code == 0
    assert f"coldfinger plan check {path}" in done.output
    text = path.read_text("utf-8")
    assert text.count("#") > 15
    assert 'name = "tonight"' in text
    assert plan("check", path).exit_code == 0
    shown = plan("show", path).output
    assert "R(T) at 30 Oe" in shown
    assert "8 items, " in shown


def test_a_plan_that_is_there_is_never_overwritten(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text("mine")
    done = plan("new", path)
    assert done.exit_code == 2
    assert "is there already and is left as it is; give another name" in done.output
    assert path.read_text() == "mine"


def test_a_new_plan_asks_when_told_to(tmp_path):
    path = tmp_path / "plan.toml"
    done = plan("new", path, "--ask", input="Film 7\n0:600:13 Oe\n1 K\n80 mK\n08:30\n")
    assert done.exit_code == 0, done.output
    text = path.read_text("utf-8")
    for line in (
        'name = "Film 7"',
        'fields = "0:600:13 Oe"',
        'start = "1 K"',
        'stop = "80 mK"',
        'must_end_by = "08:30"',
    ):
        assert f"\n{line}" in text


def test_answers_that_make_no_plan_write_nothing(tmp_path):
    path = tmp_path / "plan.toml"
    done = plan("new", path, "--ask", input="Film 7\n0:600:13\n1 K\n80 mK\n\n")
    assert done.exit_code == 2
    assert "has no unit" in done.output
    assert not path.exists()


def test_a_plan_is_shown_with_times_that_add_up():
    done = plan("show", EXAMPLE, "--json")
    data = json.loads(done.output)
    assert data["name"] == "overnight"
    assert len(data["items"]) == 28
    assert data["seconds"] == pytest.approx(sum(item["seconds"] for item in data["items"]))
    assert data["items"][-1]["ends"] == data["ends"]
    assert all(one["ends"] == two["begins"] for one, two in zip(data["items"], data["items"][1:], strict=False))
    assert [item["trouble"] for item in data["items"]] == [""] * 28


def test_a_plan_beyond_the_limits_is_status_two_with_a_sentence_an_item(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text('schema = 1\n[[step]]\nfamily = "R(T)"\nfields = "0, 1, 2 T"\n')
    done = plan("check", path)
    assert done.exit_code == 2
    assert done.output.count(f"coldfinger: {path}, line 2 (R(T) at ") == 2
    assert "beyond the limit of built-in station sim" in done.output


def test_a_mistake_in_the_plan_is_one_sentence_with_its_line(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text('schema = 1\n[[step]]\nrun = "TemperaturRamp"\n')
    for verb in ("check", "show"):
        done = plan(verb, path)
        assert done.exit_code == 2
        assert "line 3: run = 'TemperaturRamp' is unknown; did you mean \"TemperatureRamp\"?" in done.output


def test_the_station_of_a_laboratory_is_checked_without_touching_its_instruments(tmp_path):
    text = read_station_file().text
    start, end = text.index("\n[simulator]"), text.index("\n[instruments.lockin]")
    station = tmp_path / "lab.toml"
    station.write_text((text[:start] + text[end:]).replace('field = "600 Oe"', 'field = "200 Oe"'))
    done = plan("check", EXAMPLE, "--station", station)
    assert done.exit_code == 2
    assert "R(T) at 250 Oe" in done.output
    assert "R(T) at 200 Oe" not in done.output
    done = plan("check", EXAMPLE, "--station", tmp_path / "none.toml")
    assert done.exit_code == 2
    assert "cannot be read" in done.output
