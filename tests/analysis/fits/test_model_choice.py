"""The film's name at one field: reference cases, BIC differences, and curves that try to deceive."""

import math

import numpy as np
import pytest

from coldfinger.analysis.fits.fit import Curve
from coldfinger.analysis.fits.model_choice import choose_model, is_superconducting
from coldfinger.analysis.laws import efros_shklovskii
from coldfinger.sim.sample import builtin_sample

T = np.geomspace(0.05, 0.7, 50)


def reading(film: str, field: float, seed: int | None = None) -> Curve:
    """1 % noise and a floor of 0.8 ohm/square, as after 100 s at 1 nA; no scatter without a seed."""
    rho = np.asarray(builtin_sample(film).resistivity(T, field))
    sd = np.hypot(0.01 * rho, 0.8)
    noise = 0.0 if seed is None else sd * np.random.default_rng(seed).standard_normal(T.size)
    return Curve(T, rho + noise, sd)


@pytest.mark.parametrize(
    ("film", "field", "label"),
    [
        ("S1", 0.0, "superconductor"),
        ("S1", 100.0, "failed superconductor"),
        ("S1", 500.0, "failed insulator"),
        ("S0", 0.0, "failed superconductor"),
        ("S0", 100.0, "failed insulator"),
        ("S0", 600.0, "insulator with limit"),
        ("S2", 600.0, "log insulator"),
    ],
)
def test_label_of_the_reference_cases(film, field, label):
    found = [choose_model(reading(film, field, seed)).label for seed in range(20)]
    # A real insulator passes for a failed one (D > 9) once in some 700 curves.
    assert found.count(label) >= 19


@pytest.mark.parametrize(("film", "field"), [("S0", 100.0), ("S0", 300.0), ("S1", 350.0), ("S1", 500.0)])
def test_eq1_beats_every_law_of_two_parameters(film, field):
    choice = choose_model(reading(film, field))
    others = [bic for law, bic in choice.bic.items() if law != "eq1"]
    assert choice.best == "eq1"
    assert min(others) - choice.bic["eq1"] > 300


@pytest.mark.parametrize(("field", "margin"), [(450.0, 7), (500.0, 24), (600.0, 111)])
def test_the_logarithm_beats_eq1_by_the_expected_margin(field, margin):
    choice = choose_model(reading("S2", field))
    assert choice.best == "log_resistivity"
    assert choice.bic["eq1"] - choice.bic["log_resistivity"] == pytest.approx(margin, rel=0.2)


def test_resistivity_and_conductivity_logarithm_tie_where_the_rise_is_small():
    choice = choose_model(reading("S2", 450.0))
    assert abs(choice.bic["log_resistivity"] - choice.bic["log_conductivity"]) < 2


@pytest.mark.parametrize(("film", "field", "law"), [("S0", 30.0, "eq1"), ("S1", 350.0, "eq1"), ("S1", 300.0, "eq2")])
def test_the_other_side_of_the_separatrix_is_no_candidate(film, field, law):
    choice = choose_model(reading(film, field, 1))
    assert choice.fit.law == choice.best == law
    assert choice.bic["eq2" if law == "eq1" else "eq1"] == math.inf
    assert (choice.slope > 0) == (law == "eq2")


def test_hopping_is_recognised_as_hopping():
    rho = efros_shklovskii(T, 3000.0, 2.0)
    choice = choose_model(Curve(T, rho, 0.01 * rho))
    assert choice.best == "efros_shklovskii"
    assert choice.bic["efros_shklovskii"] == pytest.approx(2 * math.log(50), abs=1e-3)


def test_thermometer_errors_do_not_change_the_label():
    rng = np.random.default_rng(4)
    rho = np.asarray(builtin_sample("S0").resistivity(T, 550.0))
    read = T * (1 + 0.005 * rng.standard_normal(T.size))
    choice = choose_model(Curve(read, rho, 1e-3 * rho, 0.005 * read), T_max=0.75)
    assert (choice.label, choice.best) == ("failed insulator", "eq1")


def test_a_small_resistance_under_the_noise_of_each_point_is_not_superconducting():
    sd = 0.8
    rng = np.random.default_rng(2)
    assert is_superconducting(Curve(T, sd * rng.standard_normal(50), sd))
    assert not is_superconducting(Curve(T, 1.0 + sd * rng.standard_normal(50), sd))
    assert is_superconducting(Curve(T, 1.0 + sd * rng.standard_normal(50), sd), floor=5.0)


def test_two_cold_zeros_do_not_make_a_superconductor():
    rho = np.full(50, 100.0)
    rho[:2] = 0.0
    assert not is_superconducting(Curve(T, rho, 1.0))


def test_loading_makes_a_small_saturation_a_limit():
    rho = np.asarray(builtin_sample("S0").resistivity(T, 590.0))
    curve = Curve(T, rho, 0.01 * rho)
    assert choose_model(curve).label == "failed insulator"
    assert choose_model(curve, loading=2e-7).label == "insulator with limit"
