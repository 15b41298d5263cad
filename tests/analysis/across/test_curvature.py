"""Sign change of d²ρ/dT²: closed forms against finite differences, points against the law, errors against scatter."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.analysis.across.curvature import curvature_zero_of_fit, curvature_zero_of_points, local_curvature
from coldfinger.analysis.fits.fit import Curve, fit_eq1, fit_eq2
from coldfinger.sim.sample import builtin_sample

S0, S1 = builtin_sample("S0", fluctuations=False), builtin_sample("S1", fluctuations=False)
T = np.geomspace(0.05, 0.7, 50)
# Curvature zeros (K) of the most disordered film, by field (Oe): second differences of its ρ(T) on a fine grid.
FIELDS = (100, 200, 300, 400, 450, 500)


def curve(sample, field, relative, rng=None, T=T):
    rho = np.asarray(sample.resistivity(T, field))
    noise = 0 if rng is None else rng.standard_normal(T.size)
    return Curve(T, rho * (1 + relative * noise), relative * rho)


def by_differences(rho, T_min=0.03, T_max=0.79, rising=True):
    """Zero of the second difference of a function of T."""
    grid = np.linspace(T_min, T_max, 4001)
    bend = np.diff(rho(grid), 2)
    sign = np.sign(bend) if rising else -np.sign(bend)
    index = np.flatnonzero((sign[:-1] < 0) & (sign[1:] > 0))[0]
    return grid[index + 1] + (grid[1] - grid[0]) * bend[index] / (bend[index] - bend[index + 1])


@pytest.mark.parametrize("field", [30, *FIELDS])
def test_zero_of_the_fit_is_where_second_differences_change_sign(field):
    exact = by_differences(lambda grid: np.asarray(S0.resistivity(grid, field)))
    found = curvature_zero_of_fit(fit_eq1(curve(S0, field, 1e-3)))
    assert abs(found.T / exact - 1) < 1e-3
    assert found.low95 < exact < found.high95
    assert found.doubt == ""


def test_zero_of_eq2_is_at_half_its_energy():
    def rho(grid):
        return 1000 + 5000 * np.exp(-0.8 / grid)

    found = curvature_zero_of_fit(fit_eq2(Curve(T, rho(T), 1e-3 * rho(T))))
    assert abs(found.T / by_differences(rho, rising=False) - 1) < 1e-3
    assert found.sd == pytest.approx(fit_eq2(Curve(T, rho(T), 1e-3 * rho(T))).parameters["E_aS"].sd / 2)


def test_zero_outside_the_points_is_marked_as_extrapolated():
    found = curvature_zero_of_fit(fit_eq2(curve(S1, 100, 1e-3)))
    assert abs(found.T / (1.475 / 2) - 1) < 0.01
    assert "extrapolated by the law" in found.doubt


def test_an_insulator_has_no_zero_but_an_upper_limit_of_one():
    rng = np.random.default_rng(3)
    fit = fit_eq1(curve(S0, 600, 1e-2, rng))
    found = curvature_zero_of_fit(fit)
    assert math.isnan(found.T)
    assert "no saturation resolved" in found.doubt
    assert 0 < found.high95 < 0.05
    assert math.isnan(curvature_zero_of_points(curve(S0, 600, 1e-2, rng)).T)


@pytest.mark.parametrize("field", [100, 300, 500])
def test_errors_of_the_analytic_zero_are_honest(field):
    exact = by_differences(lambda grid: np.asarray(S0.resistivity(grid, field)))
    rng = np.random.default_rng(field)
    found = [curvature_zero_of_fit(fit_eq1(curve(S0, field, 5e-3, rng))) for _ in range(200)]
    pull = np.array([(zero.T - exact) / zero.sd for zero in found])
    assert abs(pull.mean()) < 0.25
    assert 0.85 < pull.std() < 1.15
    # 200 curves: +-0.015.
    assert 0.91 <= np.mean([zero.low95 < exact < zero.high95 for zero in found]) <= 0.985


@pytest.mark.parametrize("field", FIELDS)
def test_points_alone_find_the_zero_and_say_how_well(field):
    exact = by_differences(lambda grid: np.asarray(S0.resistivity(grid, field)))
    rng = np.random.default_rng(field)
    found = [curvature_zero_of_points(curve(S0, field, 2e-3, rng)) for _ in range(40)]
    zeros = np.array([zero.T for zero in found])
    assert zeros.mean() == pytest.approx(exact, rel=0.035)
    # 40 curves know a scatter to 11 %.
    assert zeros.std() == pytest.approx(np.mean([zero.sd for zero in found]), rel=0.35)
    assert np.mean([zero.low95 < exact < zero.high95 for zero in found]) > 0.92
    assert abs(zeros.mean() - exact) < np.mean([zero.systematic for zero in found])


def test_noise_that_hides_the_bend_gives_no_zero():
    rng = np.random.default_rng(7)
    found = [curvature_zero_of_points(curve(S0, 30, 3e-2, rng)) for _ in range(40)]
    assert np.mean([math.isnan(zero.T) for zero in found]) > 0.8
    assert "no sign change" in next(zero.doubt for zero in found if math.isnan(zero.T))


@given(st.floats(0.2, 2.0), st.floats(0.5, 3.0), st.floats(-2.0, 2.0))
def test_local_curvature_is_exact_for_power_laws(size, power, shift):
    points = np.geomspace(0.1, 1.0, 30)
    rho = np.exp(shift) * size * points**power
    found, sd = local_curvature(Curve(points, rho, 1e-3 * rho), np.array([0.2, 0.5]))
    # T² ρ''/ρ of T^p is p (p - 1).
    assert found == pytest.approx(power * (power - 1), abs=1e-6)
    assert np.all(sd > 0)


def test_errors_of_the_temperature_widen_the_curvature():
    rho = np.asarray(S0.resistivity(T, 400))
    at = np.array([0.1, 0.2])
    _, quiet = local_curvature(Curve(T, rho, 1e-3 * rho), at)
    _, shaky = local_curvature(Curve(T, rho, 1e-3 * rho, 2e-3 * T), at)
    assert np.all(shaky > 1.2 * quiet)


def test_too_few_points_or_none_above_zero_are_refused():
    with pytest.raises(ValueError, match="at least 12 points"):
        curvature_zero_of_points(Curve(T[:8], 1 + T[:8], 0.1))
    with pytest.raises(ValueError, match="resistivity above zero"):
        curvature_zero_of_points(Curve(T, T - 0.06, 0.1))
