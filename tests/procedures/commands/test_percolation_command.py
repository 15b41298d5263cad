"""`coldfinger percolation`: networks, duals and charging energies against what is known exactly."""

import json

import pytest
from click.testing import CliRunner

from coldfinger.analysis.laws import R_Q_PAIR
from coldfinger.procedures.cli import main


def call(*words):
    return CliRunner().invoke(main, ["percolation", *words])


def told(*words):
    result = call(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_full_lattice_has_the_resistance_of_its_junctions():
    found = told("network", "--shunt", "2000", "--size", "8", "--samples", "3")
    # n rows of n + 1 bonds in a square strip: (bonds along) / (rows) times 2000, as solve() counts squares.
    assert found["rho_geometric_mean"] == pytest.approx(2000.0, rel=1e-9)
    assert found["effective_medium_rho"] == pytest.approx(2000.0, rel=1e-9)


def test_bonds_at_random_have_the_published_resistance():
    found = told("network", "--p", "0.8", "--shunt", "1", "--size", "60", "--samples", "6")
    assert found["rho_geometric_mean"] == pytest.approx(1 / 0.589, rel=0.03)  # docs/percolation.md, 100 x 100
    assert found["effective_medium_rho"] == pytest.approx(1 / 0.6, rel=0.03)


def test_equal_seeds_give_equal_numbers_and_few_samples_are_a_doubt():
    words = ("network", "--size", "8", "--samples", "4", "--superconducting", "0.2", "--spread", "2")
    assert told(*words) == told(*words)
    assert told(*words) != told(*words, "--seed", "1")
    assert "few" in told(*words)["doubt"]
    assert "doubt: " in call(*words).stdout


def test_lattices_without_a_path_are_counted_and_give_no_resistance():
    found = told("network", "--p", "0.1", "--size", "12", "--samples", "3")
    assert found["insulating_lattices"] == 3
    assert found["rho_geometric_mean"] is None
    assert "3 have no path" in call("network", "--p", "0.1", "--size", "12", "--samples", "3").stdout


def test_duality_is_exact():
    found = told("duality", "--size", "30", "--superconducting", "0.3")
    assert found["holds"]
    assert found["film_rho"] * found["dual_rho"] == pytest.approx(R_Q_PAIR**2, rel=1e-9)
    assert "duality holds" in call("duality", "--size", "10").stdout


def test_charging_energies_are_those_of_the_page():
    found = told("charging", "--side", "0.1 um", "--gap", "10 nm", "--relative-sd", "0.36")
    assert found["junction"] == pytest.approx(10.5, rel=0.005)
    assert found["grain"] == pytest.approx(1.75, rel=0.005)
    assert found["relative_sd"] == pytest.approx(0.36)
    lines = call("charging", "--side", "0.1 um", "--gap", "10 nm").stdout
    assert "C_Σ = 5.313e-16 F" in lines
    assert "doubt: gap is 0.1 of the side" in lines
    assert told("charging", "--capacitance", "1e-18", "--neighbours", "1")["junction"] == pytest.approx(929.6, rel=1e-4)


def test_the_capacitance_to_ground_is_part_of_the_sum():
    found = told("charging", "--capacitance", "1e-16", "--self-capacitance", "2e-16", "--neighbours", "4")
    assert found["total_capacitance"] == pytest.approx(6e-16)
    assert "C_0 is 33% of C_Σ" in found["flag"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("network", "--p", "1.5"), "--p 1.5: a probability is from 0 to 1"),
        (("network", "--p", "0.5", "--superconducting", "0.8"), "must not add to more than 1"),
        (("network", "--shunt", "0"), "shunt must be above zero"),
        (("network", "--size", "0"), "--size"),
        (("duality", "--spread", "-1"), "spread not negative"),
        (("charging",), "give either --capacitance, or --side and --gap"),
        (("charging", "--side", "1 um"), "give either --capacitance, or --side and --gap"),
        (("charging", "--side", "1", "--gap", "1 nm"), "--side '1': this is not a length"),
        (("charging", "--capacitance", "-1"), "C must be finite and above zero"),
        (("charging", "--capacitance", "1e-18", "--neighbours", "0"), "the number must be finite and above zero"),
        (("charging", "--capacitance", "1e-18", "--relative-sd", "-1"), "an uncertainty is not negative"),
        (("networks",), "did you mean network?"),
    ],
)
def test_a_mistake_is_one_sentence(words, sentence):
    result = call(*words)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stdout == ""
