"""The minimiser: curved valleys, bounds, frozen and powerless parameters."""

import numpy as np
import pytest

from coldfinger.analysis.fits.least_squares import minimise


def valley(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rosenbrock's banana, minimum 0 at (1, 1)."""
    residual = np.array([10 * (p[1] - p[0] ** 2), 1 - p[0]])
    return residual, np.array([[-20 * p[0], 10.0], [-1.0, 0.0]])


def test_a_curved_valley_is_followed_to_its_end():
    found = minimise(valley, np.array([-1.2, 1.0]))
    assert found.converged
    assert found.parameters == pytest.approx([1, 1], abs=1e-6)


def test_a_parameter_stops_at_its_bound_and_the_others_adapt():
    # With p0 <= 0.5 the best is p0 = 0.5, p1 = 0.25.
    found = minimise(valley, np.array([-1.2, 1.0]), upper=np.array([0.5, np.inf]))
    assert found.converged
    assert found.parameters == pytest.approx([0.5, 0.25], abs=1e-9)


def test_a_start_beyond_the_bound_is_brought_inside_and_can_leave_it_again():
    found = minimise(valley, np.array([-3.0, 1.0]), lower=np.array([0.0, 0.0]))
    assert found.parameters == pytest.approx([1, 1], abs=1e-6)


def test_a_frozen_parameter_stays():
    found = minimise(valley, np.array([-0.5, 3.0]), frozen=np.array([True, False]))
    assert found.parameters == pytest.approx([-0.5, 0.25], abs=1e-9)


def test_a_parameter_without_effect_is_left_alone():
    def blind(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.array([p[0] - 2, 1.0]), np.array([[1.0, 0.0], [0.0, 0.0]])

    found = minimise(blind, np.array([0.0, 7.0]))
    assert found.converged
    assert found.parameters == pytest.approx([2, 7])
    assert found.normal[1, 1] == 0


def test_a_step_into_nonsense_is_taken_back():
    def logarithm(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.array([np.log(p[0]) - 1]), np.array([[1 / p[0]]])

    # From 20 the first Newton step lands at -20, where there is no logarithm.
    found = minimise(logarithm, np.array([20.0]))
    assert found.parameters == pytest.approx([np.e], rel=1e-6)


def test_a_problem_without_any_finite_residual_does_not_converge():
    def nothing(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.full(2, np.nan), np.full((2, 1), np.nan)

    assert not minimise(nothing, np.array([1.0])).converged


def test_a_step_that_only_rounding_refuses_does_not_count_as_no_convergence():
    # Within rounding every step away from the start looks worse, although the gradient promises 1e-11 more.
    def evaluate(p):
        offset = 1e-6 * (p[0] - 1.0)
        residual = np.array([10.0 + (0.0 if p[0] == 0 else 1e-9), offset])
        return residual, np.array([[0.0], [1e-6]])

    assert minimise(evaluate, np.array([0.0])).converged

    def steep(p):
        return np.array([10.0 + (0.0 if p[0] == 0 else 1.0), p[0] - 1.0]), np.array([[0.0], [1.0]])

    assert not minimise(steep, np.array([0.0])).converged
