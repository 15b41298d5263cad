"""The laws of ρ(T), their slopes and the curvature zero."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.analysis.laws import (
    FLUX_QUANTUM,
    R_K,
    R_Q_PAIR,
    arrhenius,
    curvature_zero,
    efros_shklovskii,
    failed_insulator,
    failed_insulator_slope,
    failed_superconductor,
    failed_superconductor_slope,
    log_conductivity,
    log_resistivity,
    mott_2d,
)

temperatures = st.floats(0.02, 2.0)
energies = st.floats(0.05, 5.0)
conductances = st.floats(1e-9, 1e-3)
resistances = st.floats(1.0, 1e6)


def numerical_slope(law, T, *parameters):
    """d ln ρ/d ln T by a central difference; truncation and rounding together stay below 1e-6."""
    step = 1e-4
    above, below = law(T * math.exp(step), *parameters), law(T * math.exp(-step), *parameters)
    return (math.log(above) - math.log(below)) / (2 * step)


def test_constants_agree_with_codata():
    # CODATA 2018/2022: von Klitzing constant and magnetic flux quantum, exact, to the printed digits.
    assert pytest.approx(25812.80745, rel=1e-9) == R_K
    assert pytest.approx(6453.2018625, rel=1e-9) == R_Q_PAIR
    assert pytest.approx(2.067833848e-15, rel=1e-9) == FLUX_QUANTUM


def test_the_failed_insulator_has_its_limits():
    assert failed_insulator(1e-3, 1e-6, 1e-4, 0.5) == pytest.approx(1e6, rel=1e-12)
    assert failed_insulator(1e6, 1e-6, 1e-4, 0.5) == pytest.approx(1 / 1.01e-4, rel=1e-5)


def test_the_failed_superconductor_has_its_limits():
    assert failed_superconductor(1e-3, 2000.0, 9000.0, 1.5) == 2000.0
    assert failed_superconductor(1e6, 2000.0, 9000.0, 1.5) == pytest.approx(11000.0, rel=1e-5)


@pytest.mark.parametrize("T", [1e-300, 1e-12, 1e-3, 0.0])
def test_an_insulator_without_saturation_is_infinite_at_tiny_temperatures_without_a_warning(T):
    with np.errstate(all="raise"):
        assert failed_insulator(T, 0.0, 1e-4, 1.0) == math.inf
        assert arrhenius(T, 1e4, 1.0) == math.inf
        assert failed_superconductor(T, 0.0, 1e4, 1.0) == 0.0


def test_laws_broadcast_temperatures_against_parameters():
    T, sigma = np.array([0.05, 0.1, 0.7]), np.array([[1e-6], [1e-5]])
    rho = failed_insulator(T, sigma, 1e-4, 0.5)
    assert rho.shape == (2, 3)
    assert rho[1, 2] == failed_insulator(0.7, 1e-5, 1e-4, 0.5)
    assert failed_superconductor_slope(T, sigma, 1e-4, 0.5).shape == (2, 3)
    assert log_resistivity(T, sigma, 1.0).shape == (2, 3)


@given(temperatures, conductances, conductances, energies)
def test_the_failed_insulator_slope_is_the_logarithmic_derivative(T, sigma_QF, sigma_0, E):
    expected = numerical_slope(failed_insulator, T, sigma_QF, sigma_0, E)
    # rtol: the third derivative in ln T grows as (E/T)³ times the square of the step 1e-4
    assert failed_insulator_slope(T, sigma_QF, sigma_0, E) == pytest.approx(expected, rel=2e-4, abs=1e-8)


@given(temperatures, resistances, resistances, energies)
def test_the_failed_superconductor_slope_is_the_logarithmic_derivative(T, rho_QF, rho_0, E):
    expected = numerical_slope(failed_superconductor, T, rho_QF, rho_0, E)
    assert failed_superconductor_slope(T, rho_QF, rho_0, E) == pytest.approx(expected, rel=2e-4, abs=1e-8)


def test_slopes_without_saturation_are_those_of_pure_activation():
    with np.errstate(all="raise"):
        assert failed_insulator_slope(1e-3, 0.0, 1e-4, 1.0) == -1000.0
        assert failed_superconductor_slope(1e-3, 0.0, 1e4, 1.0) == 1000.0
        assert failed_insulator_slope(1e-4, 1e-9, 1e-4, 1.0) == 0.0


def test_the_failed_superconductor_slope_follows_a_negative_amplitude():
    expected = numerical_slope(failed_superconductor, 0.5, 9000.0, -3000.0, 0.6)
    assert expected < 0
    assert failed_superconductor_slope(0.5, 9000.0, -3000.0, 0.6) == pytest.approx(expected, rel=1e-6)


@given(st.floats(1e-12, 1e6), energies)
def test_the_curvature_zero_solves_its_equation(ratio, E):
    T = curvature_zero(ratio * 1e-4, 1e-4, E)
    assert T is not None
    assert 0 < T <= E / 2
    x = E / T
    # abs: x − 2 carries the rounding of x, and r eˣ multiplies it
    assert ratio * (x - 2) * math.exp(x) == pytest.approx(x + 2, rel=1e-6, abs=ratio * 1e-13)


def test_the_curvature_changes_sign_at_the_curvature_zero():
    parameters = (1.435e-5, 1.592e-4, 0.3215)
    zero = curvature_zero(*parameters)
    assert zero is not None

    def curvature(T):
        step = 1e-3
        values = failed_insulator(np.array([T - step, T, T + step]), *parameters)
        return values[0] - 2 * values[1] + values[2]

    assert curvature(0.9 * zero) < 0 < curvature(1.1 * zero)


@pytest.mark.parametrize("parameters", [(0.0, 1e-4, 0.5), (1e-6, 0.0, 0.5), (1e-6, 1e-4, 0.0), (1e-6, -1e-4, 0.5)])
def test_a_curve_without_saturation_or_activation_has_no_curvature_zero(parameters):
    assert curvature_zero(*parameters) is None


def test_competing_laws_have_their_defining_property():
    T = np.array([0.1, 0.2])
    assert arrhenius(0.5, 100.0, 0.5) == pytest.approx(100 * math.e, rel=1e-12)
    assert np.diff(np.log(efros_shklovskii(T, 1.0, 4.0)))[0] == pytest.approx(20**0.5 - 40**0.5, rel=1e-12)
    assert np.diff(np.log(mott_2d(T, 1.0, 4.0)))[0] == pytest.approx(20 ** (1 / 3) - 40 ** (1 / 3), rel=1e-12)
    assert np.diff(log_resistivity(T, 6000.0, 1700.0))[0] == pytest.approx(-1700 * math.log(2), rel=1e-12)
    assert np.diff(1 / log_conductivity(T, 1e-4, 1e-5))[0] == pytest.approx(1e-5 * math.log(2), rel=1e-12)
