"""Thresholds and exponents against published values, effective medium against closed forms, ρ_s against r_s."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.analysis.granular.duality import check_duality, dual
from coldfinger.analysis.granular.percolation import (
    conductance_scaling,
    effective_medium,
    film,
    saturation,
    scaling,
    threshold,
    width_scaling,
)
from coldfinger.analysis.granular.resistor_lattice import Strip, solve


def films(size, count, seed, **mixture):
    return [film(size, size, np.random.default_rng([seed, k]), **mixture) for k in range(count)]


def test_threshold_of_the_square_bond_lattice_is_one_half():
    found = threshold(20, 20, 400, np.random.default_rng(1))
    assert found.sd < 0.004
    assert abs(found.value - 0.5) < 3.5 * found.sd
    assert found.flag == ""


def test_threshold_of_another_shape_is_flagged():
    assert "rows differ from length" in threshold(5, 20, 40, np.random.default_rng(1)).flag
    assert "few" in threshold(8, 8, 5, np.random.default_rng(1)).flag


def test_width_of_the_threshold_falls_with_the_correlation_exponent():
    found = width_scaling([8, 16, 32], 300, np.random.default_rng(2)).exponent
    assert found.sd < 0.05
    assert abs(found.value - 3 / 4) < 3.5 * math.hypot(found.sd, found.systematic)


def test_conductance_at_threshold_falls_with_the_published_exponent():
    found = conductance_scaling([8, 16, 32, 48], 200, np.random.default_rng(3))
    t_over_nu = found.exponent
    assert t_over_nu.sd < 0.03
    published = (0.9745, 0.9825)  # Normand, Herrmann and Hajjar 1988; Grassberger 1999
    for value in published:
        assert abs(t_over_nu.value - value) < 3.5 * math.hypot(t_over_nu.sd, t_over_nu.systematic)


def test_scaling_recovers_a_power_and_its_uncertainty():
    rng = np.random.default_rng(4)
    sizes, sd = [8, 16, 32, 64, 128], np.full(5, 0.02)
    pulls = []
    for _ in range(400):
        found = scaling(sizes, 3 - 0.97 * np.log(sizes) + sd * rng.standard_normal(5), sd)
        if not found.exponent.flag:
            pulls.append((found.exponent.value - 0.97) / found.exponent.sd)
    assert len(pulls) > 370
    assert abs(np.mean(pulls)) < 0.2
    assert 0.85 < np.std(pulls) < 1.15


def test_curved_line_is_no_power_law():
    found = scaling([8, 16, 32, 64], [0.0, -1.0, -3.0, -9.0], [0.01] * 4)
    assert "no power law" in found.exponent.flag
    assert found.exponent.systematic > 0.1
    assert "below 8" in scaling([2, 4, 8], [0, -1, -2], [0.1] * 3).exponent.flag
    assert "too few sizes" in scaling([8, 16], [0, -1], [0.1] * 2).exponent.flag


@given(p=st.floats(0.0, 1.0))
def test_effective_medium_of_unit_bonds_is_linear(p):
    assert effective_medium([1.0, 0.0], [p, 1 - p]) == pytest.approx(max(2 * p - 1, 0), abs=1e-12)
    short = effective_medium([np.inf, 1.0], [p, 1 - p])
    assert short == (np.inf if p >= 0.5 else pytest.approx(1 / (1 - 2 * p), rel=1e-9))


@given(p=st.floats(0.01, 0.99), a=st.floats(1e-6, 1e6), b=st.floats(1e-6, 1e6))
def test_effective_medium_of_two_parts_solves_the_quadratic(p, a, b):
    # g² + (1 − 2p)(a − b) g − a b = 0, from the definition; checked by its residual.
    g = effective_medium([a, b], [p, 1 - p])
    residual = p * (a - g) / (a + g) + (1 - p) * (b - g) / (b + g)
    assert abs(residual) < 1e-12
    assert min(a, b) * (1 - 1e-12) <= g <= max(a, b) * (1 + 1e-12)


@given(logs=st.lists(st.floats(-20, 20), min_size=1, max_size=12))
def test_effective_medium_is_its_own_dual(logs):
    g = np.exp(logs)
    assert effective_medium(1 / g) * effective_medium(g) == pytest.approx(1, rel=1e-9)


def test_effective_medium_is_right_away_from_the_threshold_and_wrong_near_it():
    def simulated(p):
        found = [solve(strip).conductance for strip in films(60, 16, 5, insulating=1 - p)]
        return np.mean(found), np.std(found) / math.sqrt(len(found))

    mean, sd = simulated(0.9)
    assert sd < 0.01
    assert abs(mean - effective_medium([1, 0], [0.9, 0.1])) < 0.01 * mean + 3 * sd
    mean, sd = simulated(0.6)
    assert abs(mean - effective_medium([1, 0], [0.6, 0.4])) > 5 * sd


@pytest.mark.parametrize("spread", [1.0, 3.0, 6.0])
def test_sheet_resistance_is_the_limiting_resistance_for_symmetric_logarithms(spread):
    # By self-duality ln ρ and ln r_s both have mean ln(median), exactly, at every size.
    found = saturation(films(16, 150, 6, spread=spread, shunt=3000.0))
    assert abs(found.log_ratio.value) < 3.5 * found.log_ratio.sd
    for values in (found.sheet_resistance, found.limiting_resistance):
        logs = np.log(values / 3000)
        assert abs(logs.mean()) < 3.5 * logs.std() / math.sqrt(logs.size)


def test_scatter_of_the_ratio_falls_with_size():
    small, large = (saturation(films(size, 60, 7, spread=3.0)).scatter for size in (8, 48))
    assert large < 0.6 * small


def test_failed_superconductor_saturates_near_its_limiting_resistance_whatever_the_median():
    # 30 % superconducting junctions: bonds of far less than the median shunt now complete the path.
    found = saturation(films(40, 60, 8, superconducting=0.3, spread=6.0, shunt=1000.0))
    median = float(np.median(found.sheet_resistance))
    assert median < 1000 / 20
    assert 0.2 < found.ratio < 5
    assert found.superconducting == found.insulating == 0


def test_dual_of_a_failed_superconductor_is_a_failed_insulator():
    strip = film(40, 40, np.random.default_rng(9), superconducting=0.45, spread=3.0, shunt=500.0)
    checked = check_duality(strip, unit=1 / 6453.2)
    assert checked.film.sheet_resistance < 500
    assert checked.dual.sheet_resistance > 6453.2**2 / 500
    cut = float(np.mean(dual(strip).along == 0))
    assert cut == pytest.approx(0.45, abs=0.05)
    assert checked.holds


def test_samples_without_resistance_are_counted_not_hidden():
    found = saturation(films(6, 60, 10, superconducting=0.45, insulating=0.45))
    assert found.superconducting > 0
    assert found.insulating > 0
    assert "left out" in found.log_ratio.flag
    nothing = saturation([Strip(np.zeros((2, 2)), np.zeros((1, 1)))])
    assert math.isnan(nothing.log_ratio.value)
    assert nothing.insulating == 1


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda rng: film(0, 4, rng), "0 rows of 4 bonds; both must be at least 1"),
        (lambda rng: film(4, 4, rng, superconducting=0.7, insulating=0.7), "must not add to more than 1"),
        (lambda rng: film(4, 4, rng, shunt=0.0), "shunt must be above zero"),
        (lambda rng: film(4, 4, rng, spread=math.nan), "spread not negative"),
        (lambda rng: threshold(4, 4, 1, rng), "1 samples; at least 2"),
        (lambda rng: threshold(0, 4, 3, rng), "0 rows of 4 bonds"),
        (lambda rng: conductance_scaling([8], 3, rng), "at least two different sizes"),
        (lambda rng: scaling([8, 16], [0, math.nan], [1, 1]), "take more samples"),
        (lambda rng: saturation([]), "no strips were given"),
        (lambda rng: effective_medium([]), "0 conductances with 0 weights"),
        (lambda rng: effective_medium([1.0, -1.0]), "negative or nan"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence) as told:
        call(np.random.default_rng(0))
    assert "\n" not in str(told.value)
