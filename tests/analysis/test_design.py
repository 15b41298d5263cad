"""The choice of the next point against brute force, published optima, and films whose parameters are known."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.analysis.design import (
    CURVATURE_FACTOR,
    Descent,
    Targets,
    information,
    middle_temperature,
    precision_needed,
    present_fit,
    resistivity,
    sensitivity,
    stretch,
    uncertainty,
)
from coldfinger.analysis.fits.fit import fit_eq1
from coldfinger.analysis.fits.fit_result import Curve
from coldfinger.sim.sample import builtin_sample

S0_100 = (7.97e-5, 7.40e-5, 0.381)
S0_500 = (9.97e-7, 1.81e-4, 0.455)
S1_30 = (2241.0, 16.0e3, 1.498)
LAWS = [("eq1", S0_100), ("eq1", S0_500), ("eq2", S1_30)]

CURVES = [("S0", 100.0), ("S0", 300.0), ("S0", 500.0), ("S1", 600.0), ("S1", 30.0)]


def run(
    sample: str, field: float, seed: int = 0, noise: float = 1e-3, stop: float = 0.05, most: int = 300, **wishes: object
) -> Descent:
    """A descent told the true film with noise; no row is better than `noise`."""
    film, rng = builtin_sample(sample), np.random.default_rng(seed)
    descent = Descent(0.7, stop, loading=2e-7, **wishes)
    asked = 0
    while (ask := descent.ask()) is not None:
        asked += 1
        assert asked <= most
        rho = float(film.resistivity(np.array([ask.temperature]), field)[0])
        sd = max(rho * max(ask.precision, noise), 3.0)
        descent.tell(ask.temperature, rho + sd * rng.normal(), sd, 0.0)
    return descent


@pytest.mark.parametrize(("law", "best"), LAWS)
def test_sensitivity_is_the_derivative_of_the_law(law, best):
    T = np.geomspace(0.05, 0.7, 20)
    J = sensitivity(law, best, T)
    for i in range(3):
        low, high = list(best), list(best)
        low[i] *= 1 - 1e-6
        high[i] *= 1 + 1e-6
        slope = np.log(resistivity(law, high, T) / resistivity(law, low, T)) / 2e-6
        wanted = J[:, i] * (best[0] if i == 0 else 1.0)  # the base itself, the others in logarithms
        np.testing.assert_allclose(slope, wanted, rtol=1e-6, atol=1e-9)


# Relative s.d. in per cent of σ_QF and E_a for 50 logarithmic points, 0.05 to 0.7 K, 0.1 % noise: Cramér-Rao bounds
# of the films' laws, worked out independently.
BOUNDS = [
    ("S0", 30.0, 0.034, 0.67),
    ("S0", 100.0, 0.029, 0.25),
    ("S0", 300.0, 0.024, 0.083),
    ("S0", 500.0, 0.042, 0.017),
    ("S1", 600.0, 0.049, 0.031),
    ("S1", 30.0, 0.018, 0.20),
]


@pytest.mark.parametrize(("sample", "field", "base", "energy"), BOUNDS)
def test_information_gives_the_known_bounds(sample, field, base, energy):
    truth = builtin_sample(sample).truth(field)
    best = tuple(truth.parameters.values())
    known = information(truth.law, best, np.geomspace(0.05, 0.7, 50), 1e-3)
    got = uncertainty(known, best[0])
    assert 100 * got[0] == pytest.approx(base, rel=0.03)  # two digits are tabulated
    assert 100 * got[1] == pytest.approx(energy, rel=0.03)


def test_expected_uncertainty_is_what_the_fit_then_says():
    T = np.array([0.69, 0.4, 0.22, 0.14, 0.05, 0.05])
    rho = resistivity("eq1", S0_100, T)
    fit = fit_eq1(Curve(T, rho, 2e-3 * rho))
    expected = uncertainty(information("eq1", S0_100, T, 2e-3), S0_100[0])
    for name, share in zip(("sigma_QF", "E_aI"), expected, strict=True):
        estimate = fit.parameters[name]
        assert estimate.sd / estimate.value == pytest.approx(share, rel=1e-3)


@pytest.mark.parametrize(("field", "middle"), [(100.0, 0.224), (300.0, 0.262), (400.0, 0.180), (500.0, 0.108)])
def test_middle_temperature_of_eq1_lies_at_1_4_curvature_zeros(field, middle):
    """Curvature zeros of S0: 0.160, 0.187, 0.128, 0.077 K."""
    best = tuple(builtin_sample("S0").truth(field).parameters.values())
    assert middle_temperature("eq1", best, 0.7, 0.05) == pytest.approx(middle, rel=0.01)
    assert CURVATURE_FACTOR == 1.4


@pytest.mark.parametrize(("law", "best"), LAWS)
def test_no_other_middle_temperature_is_much_better(law, best):
    """Volume of the uncertainty with three equal points, against a search over every middle temperature."""

    def volume(T: float) -> float:
        return float(np.linalg.slogdet(information(law, best, np.array([0.7, T, 0.05]), 1e-3))[1])

    everywhere = max(volume(T) for T in np.linspace(0.066, 0.53, 400))
    assert volume(middle_temperature(law, best, 0.7, 0.05)) > everywhere - 0.06


def test_without_saturation_the_middle_temperature_is_found_all_the_same():
    assert 0.065 <= middle_temperature("eq1", (0.0, 1.8e-4, 0.45), 0.7, 0.05) < 0.2


def test_too_few_points_determine_nothing():
    two = information("eq1", S0_100, np.array([0.7, 0.4]), 1e-3)
    assert uncertainty(two, S0_100[0]) == (math.inf, math.inf)


@given(wanted=st.floats(0.0005, 0.02), at=st.floats(0.055, 0.3))
@settings(max_examples=40, deadline=None)
def test_the_precision_asked_for_is_just_enough(wanted, at):
    known = information("eq1", S0_100, np.array([0.69, 0.4, 0.25, 0.15, 0.05]), 3e-3)
    targets = Targets(math.inf, wanted)
    precision = precision_needed(known, "eq1", S0_100, [at], targets)
    before = uncertainty(known, S0_100[0])[1]
    if precision == math.inf:
        assert before <= wanted
        return
    if precision == 0.0:
        best = uncertainty(known + information("eq1", S0_100, np.array([at]), 1e-7), S0_100[0])[1]
        assert best >= wanted * (1 - 1e-6)
        return
    after = uncertainty(known + information("eq1", S0_100, np.array([at]), precision), S0_100[0])[1]
    assert after <= wanted
    if precision < 0.9:
        assert after == pytest.approx(wanted, rel=0.01)


def test_a_measurement_must_last_as_much_longer_as_its_variance_is_too_large():
    known = information("eq1", S0_100, np.geomspace(0.05, 0.7, 20), 1e-3)
    base, energy = uncertainty(known, S0_100[0])
    assert stretch(known, S0_100[0], (base, energy / 2)) == pytest.approx(4.0)
    assert stretch(known, S0_100[0], (2 * base, 2 * energy)) == 1.0


@pytest.mark.parametrize(("sample", "field"), CURVES)
def test_a_descent_meets_its_targets_goes_down_once_and_keeps_its_two_checks(sample, field):
    descent = run(sample, field)
    base, energy = descent.reached()
    assert base <= 0.003
    assert energy <= 0.01
    way = descent.places[: descent.places.index(0.05) + 1]
    assert way == sorted(way, reverse=True)
    assert min(abs(T / 0.4 - 1) for T in way) < 1e-9
    checks = [T for T in way if 0.05 * 1.1 < T < 0.8 * min(descent.middle, 0.26)]
    assert checks, "a point between middle and base"
    assert len(way) <= 7


@pytest.mark.parametrize(("sample", "field"), CURVES)
def test_the_descent_finds_the_middle_temperature_of_the_true_film(sample, field):
    descent = run(sample, field, seed=1)
    truth = builtin_sample(sample).truth(field)
    assert descent.present.law == truth.law
    right = middle_temperature(truth.law, tuple(truth.parameters.values()), 0.7, 0.05)
    assert descent.middle == pytest.approx(right, rel=0.06)
    # Where it lies below the first three temperatures, it has been measured within a sixth.
    if right < 0.2:
        assert min(abs(math.log(T / right)) for T in descent.places) < 0.18


def test_intervals_of_descents_cover_the_truth():
    """300 descents over the five curves; a Gaussian gives 0.95 with a binomial s.d. of 0.013."""
    inside = {"base": 0, "energy": 0}
    for seed in range(300):
        sample, field = CURVES[seed % 5]
        descent = run(sample, field, seed=seed)
        truth = list(builtin_sample(sample).truth(field).parameters.values())
        estimates = list(descent.fit().parameters.values())
        for name, i in (("base", 0), ("energy", 2)):
            inside[name] += abs(estimates[i].value - truth[i]) < 1.96 * estimates[i].sd
    for count in inside.values():
        assert 0.915 <= count / 300 <= 0.985


def test_an_insulator_ends_with_a_limit_and_not_with_endless_averaging():
    descent = run("S0", 600.0, most=30)
    assert descent.fit().status == "limit"
    assert descent.fit().parameters["sigma_QF"].upper95 == pytest.approx(2e-8)


def test_a_superconductor_ends_with_a_limit():
    descent = run("S1", 0.0, most=120)
    assert descent.fit().law == "eq2"
    assert descent.fit().parameters["rho_QF"].upper95 < 0.003 * 2605


def test_a_missed_energy_leads_back_up_once_and_only_then():
    film = builtin_sample("S0")
    descent = Descent(0.7, 0.05, Targets(0.003, 0.004))
    rng, rows = np.random.default_rng(3), 0
    while (ask := descent.ask()) is not None:
        rows += 1
        rho = float(film.resistivity(np.array([ask.temperature]), 100.0)[0])
        # On the way the rows come out three times worse than asked for.
        sd = rho * (3e-3 if 0.05 not in descent.places else ask.precision)
        descent.tell(ask.temperature, rho + sd * rng.normal(), sd, 0.0)
    up = np.diff(descent.places) > 0
    assert 1 <= up.sum() <= 2
    first_up = int(np.argmax(up)) + 1
    assert descent.places[first_up - 1] == 0.05
    assert all(T > 0.1 for T in descent.places[first_up:])
    assert descent.reached()[1] <= 0.004
    assert rows < 60


def test_what_no_point_can_reach_is_not_tried():
    descent = run("S1", 300.0, finest=1e-3, most=20)
    assert descent.places[-1] == 0.05
    assert descent.reached()[1] > 0.01


def test_in_a_hurry_every_place_gets_one_row_and_the_checks_stay():
    film, descent = builtin_sample("S0"), Descent(0.7, 0.05, Targets(1e-5, 1e-5), hurried=True)
    asked = []
    while (ask := descent.ask()) is not None:
        asked.append(ask.temperature)
        rho = float(film.resistivity(np.array([ask.temperature]), 500.0)[0])
        descent.tell(ask.temperature, rho, 1e-3 * rho, 0.0)
        assert len(asked) < 20
    assert len(asked) == len(set(asked))
    assert asked[1] == pytest.approx(0.4)
    assert asked[-1] == 0.05


def test_rows_that_are_not_believed_do_not_enter_and_do_not_hold_up():
    descent = Descent(0.7, 0.05)
    asked = 0
    while descent.ask() is not None:
        descent.tell(0.3, math.nan, 1.0, 0.0)
        asked += 1
        assert asked < 400
    assert descent.fit() is None
    assert descent.reached() == (math.inf, math.inf)


def test_asking_twice_gives_the_same_answer():
    descent = run("S0", 300.0)
    assert descent.ask() is None
    fresh = Descent(0.7, 0.05)
    assert fresh.ask() == fresh.ask()


def test_a_refit_takes_less_than_five_milliseconds():
    """Of 200 rows; median of 20, so that a busy machine does not decide."""
    T = np.repeat(np.array([0.69, 0.4, 0.25, 0.11, 0.07, 0.05]), 34)
    rho = resistivity("eq1", S0_500, T) * (1 + 1e-3 * np.random.default_rng(0).normal(size=T.size))
    curve = Curve(T, rho, 1e-3 * rho, 1e-4 * T)
    times = []
    for _ in range(20):
        began = time.process_time()
        present_fit(curve)
        times.append(time.process_time() - began)
    assert sorted(times)[10] < 5e-3
