"""`coldfinger fit`: from runs of the simulated refrigerator to a table, to JSON, and to a film for the next night."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from coldfinger.analysis import fit_dataset, load
from coldfinger.procedures.cli import main
from coldfinger.procedures.commands.demo import demo
from coldfinger.procedures.commands.fit import fit
from coldfinger.sim.table_sample import load_table_sample

FILM = Path(__file__).parents[2] / "examples" / "film7.toml"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(fit, [str(argument) for argument in arguments])


def measured(folder: Path, sample: Path, seed: int) -> Path:
    arguments = ["--sample", str(sample), "--fields", "0, 100 Oe", "--points", "30", "--seed", str(seed)]
    result = CliRunner().invoke(demo, [*arguments, "--out", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return measured(tmp_path_factory.mktemp("film") / "runs", FILM, 5)


def assert_is(film: Path, runs: Path) -> None:
    """Every fitted parameter within 3 s.d. of the film's, its systematic error counted in."""
    truth = load_table_sample(film)
    (family,) = fit_dataset(load(runs))
    for member in family.fields:
        assert member.saturation == "seen"
        for name, value in truth.truth(member.field).parameters.items():
            estimate = member.fit.parameters[name]
            assert abs(estimate.value - value) < 3 * estimate.sd + (member.systematic(name) or 0), name


def test_a_fitted_family_is_a_film_that_the_simulator_measures_again(runs, tmp_path):
    assert_is(FILM, runs)
    saved = tmp_path / "mine.toml"
    assert call(runs, "--save-sample", saved).exit_code == 0
    assert_is(saved, measured(tmp_path / "again", saved, 6))


def test_the_table_shows_value_limit_claim_and_what_is_odd(runs):
    result = call(runs)
    assert result.exit_code == 0
    assert "film 7, simulated" in result.output
    assert "σ_QF" in result.output
    assert "seen" in result.output
    assert "all fields: no belief test was made" in result.output
    assert "avoided SIT between 0 and 100 Oe" in result.output


def test_the_numbers_are_json(runs):
    result = call(runs, "--json")
    (family,) = json.loads(result.stdout)["families"]
    assert family["settings"]["T_max_K"] == 0.7
    assert [entry["field_Oe"] for entry in family["fields"]] == [0.0, 100.0]
    assert family["fields"][1]["fit"]["sigma_QF"]["value"] == pytest.approx(5e-5, rel=0.01)


def test_a_filter_a_window_and_a_law_choose(runs):
    result = call(runs, "--filter", "H:99..101", "--window", "0.06..0.5 K", "--law", "eq1", "--robust", "--json")
    assert result.exit_code == 0, result.output
    (family,) = json.loads(result.stdout)["families"]
    (entry,) = family["fields"]
    assert 0.06 <= entry["fit"]["T_min_K"] < entry["fit"]["T_max_K"] <= 0.5
    assert family["settings"]["robust"]


def test_files_that_cannot_be_used_are_named_and_the_rest_is_fitted(runs, tmp_path):
    for run in runs.glob("*_100-Oe"):
        shutil.copytree(run, tmp_path / "good")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    result = call(tmp_path)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "other.csv" in result.stderr
    assert "100  Eq. 1" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "no runs were given"),
        (["nothing"], "there is no R(T) curve"),
        (["{runs}", "--window", "0.7"], "has no unit"),
        (["{runs}", "--window", "0.7..0.1 K"], "it must rise"),
        (["{runs}", "--filter", "H:900..901"], "no run fits it"),
        (["{runs}", "--filter", "H:x"], "H:x"),
        (["nowhere", "--filter", "S1"], "there is no such folder"),
        (["{runs}", "--save-sample", "film.txt"], "name it film.toml"),
        (["{runs}", "--save-sample", "{runs}/none/film.toml"], "cannot be written"),
    ],
)
def test_what_is_wrong_is_one_sentence(runs, arguments, sentence):
    result = call(*(argument.format(runs=runs) for argument in arguments))
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stdout == ""


def test_two_families_make_no_film(runs, tmp_path):
    table = tmp_path / "other.csv"
    rows = "".join(f"{T},{6000 + 10 * T}\n" for T in (50, 70, 100, 200, 300, 500, 700))
    table.write_text(f"# sample: b\n# field: 0 Oe\n# uncertainty: 1 %\nT (mK),rho (ohm)\n{rows}")
    result = call(runs, table, "--save-sample", tmp_path / "film.toml")
    assert result.exit_code == 2
    assert "there are 2 families" in result.stderr


def test_the_command_line_knows_it():
    assert "fit" in main.list_commands(None)
