"""`coldfinger station`: what it writes can be read, for every combination of models."""

import itertools
import json

import pytest
from click.testing import CliRunner

from coldfinger.procedures.commands.station import station
from coldfinger.procedures.laboratory.models import MODELS, ROLES, models_for
from coldfinger.procedures.laboratory.station_file import StationFileError, check_station_text
from coldfinger.procedures.laboratory.station_template import ADDRESSES, NONE, Answers, new_station, station_text
from coldfinger.procedures.station import open_station

USUAL = {
    "lockin": "SR830",
    "source": "SR830",
    "controller": "LakeShore372",
    "bridge": "LakeShore372",
    "magnet": "AMI430",
    "bias": "none",
}
CHOICES = [(*models_for(role), *((NONE,) if role == "bias" else ())) for role in ROLES]


def said(*words, **more):
    return CliRunner().invoke(station, words, **more)


def test_every_model_has_a_usual_address():
    assert set(ADDRESSES) == set(MODELS)


def combinations():
    """Every pair of models in any two roles; the other roles as usual."""
    for (one, firsts), (two, seconds) in itertools.combinations(zip(ROLES, CHOICES, strict=True), 2):
        for first, second in itertools.product(firsts, seconds):
            yield USUAL | {one: first, two: second}


def test_what_is_written_for_any_combination_of_models_is_read_without_an_error():
    seen = {tuple(models.items()): models for models in combinations()}
    assert len(seen) > 90
    for models in seen.values():
        if models["bias"] == "Keysight33511B" != models["source"]:  # its bias is the offset of the sine that it sends
            with pytest.raises(StationFileError, match="make them one instrument, or choose another bias"):
                station_text(Answers("mine", models))
            continue
        file = check_station_text(station_text(Answers("mine", models)), "mine.toml")
        for role, model in models.items():
            name = file.sections["roles"][role]
            assert (file.instruments[name]["driver"] if name else NONE) == model


@pytest.mark.parametrize("magnet", models_for("magnet"))
def test_a_simulated_one_opens(magnet):
    text = station_text(Answers("mine", USUAL | {"magnet": magnet, "bias": "GS200"}, simulated=True))
    with open_station(check_station_text(text, "mine.toml")) as opened:
        assert set(opened.connect()) == {"lockin", "fridge", "magnet", "bias"}


def test_it_asks_and_writes_what_was_answered(tmp_path):
    path = tmp_path / "lab.toml"
    answers = ["SR860", "", "", "", "IPS120", "GS200", "lab", *[""] * 4, "film 7", "S1", *[""] * 6]
    done = said("new", str(path), input="\n".join(answers) + "\n")
    assert done.exit_code == 0, done.output
    file = check_station_text(path.read_text("utf-8"), "lab.toml")
    assert file.sections["sample"]["name"] == "film 7"
    assert {table["driver"] for table in file.instruments.values()} == {"SR860", "LakeShore372", "IPS120", "GS200"}


def test_options_answer_for_scripts(tmp_path):
    path = tmp_path / "lab.toml"
    options = ["--yes", "--bias", "SR830", "--address", "AMI430=TCPIP0::10.0.0.1::7180::SOCKET", "--set", "field=1 kOe"]
    assert said("new", str(path), *options).exit_code == 0
    file = check_station_text(path.read_text("utf-8"), "lab.toml")
    assert file.sections["limits"]["field"] == pytest.approx(0.1)
    assert file.instruments["magnet"]["address"] == "TCPIP0::10.0.0.1::7180::SOCKET"
    assert not file.simulated


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--magnet", "GS200"), "'GS200' cannot be the magnet; allowed are AMI430, MercuryIPS, IPS120"),
        (("--set", "field=1"), "'1' has no unit"),
        (("--set", "colour=1 K"), "is not asked for; allowed are series_resistance"),
        (("--set", "field"), "is not a limit; write --set"),
        (("--address", "GS200=x"), "there is no such model in this station"),
    ],
)
def test_answers_that_do_not_fit_are_one_sentence_and_nothing_is_written(options, sentence, tmp_path):
    done = said("new", str(tmp_path / "lab.toml"), "--yes", *options)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_never_overwritten(tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text("mine")
    assert "is there already" in said("new", str(path), "--yes").stderr
    with pytest.raises(StationFileError, match="is there already"):
        new_station(path, Answers("mine", USUAL))
    assert path.read_text() == "mine"


def test_it_shows_every_key_and_says_whether_a_file_is_good(tmp_path):
    assert "series_resistance" in said("show", "sim").output
    assert "600 Oe" in said("show", "sim").output
    assert json.loads(said("show", "sim", "--json").output)["tables"]["limits"]["field"] == pytest.approx(0.06)
    assert "good; simulated, 4 instruments" in said("validate", "sim").output
    (tmp_path / "bad.toml").write_text("schema = 2")
    done = said("validate", str(tmp_path / "bad.toml"))
    assert (done.exit_code, len(done.stderr.strip().splitlines())) == (2, 1)
