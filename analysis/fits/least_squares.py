"""Levenberg-Marquardt for a handful of parameters between bounds.

Theory of operation. Gauss-Newton steps, damped only after a step has failed; a parameter that stands at its
bound and would leave it is held there (and may come back later). The search ends when a step promises to
lower chi-square by far less than what matters. scipy's general solvers agree to 1e-9 and take longer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Evaluate = Callable[[Array], tuple[Array, Array]]

TOLERANCE = 1e-12
"""Promised decrease of chi-square, per unit of 1 + chi-square/n, at which to stop: a millionth of a s.d."""
ROUNDING = 1e-9
"""Promised decrease, in the same units, that the rounding of chi-square may hide: the search has ended there, too."""
MAX_STEPS = 60
MAX_DAMPING = 1e10


@dataclass(frozen=True)
class Minimum:
    """Where the sum of squares is smallest."""

    parameters: Array
    chi2: float
    normal: Array
    """J^T J at the minimum, shape (k, k); its inverse is the covariance for residuals of unit variance."""
    converged: bool


def minimise(
    evaluate: Evaluate,
    start: Array,
    lower: Array | float = -np.inf,
    upper: Array | float = np.inf,
    frozen: NDArray[np.bool_] | None = None,
    reach: Array | float = np.inf,
) -> Minimum:
    """Minimum of the sum of squared residuals within `lower` <= p <= `upper`.

    `evaluate(p)` returns the residuals (n,) and their Jacobian (n, k). Where `frozen` (k, bool) is true, the
    start value stays. No parameter moves by more than `reach` in one step. `converged` is false when no step
    helps any more or 60 steps were not enough.
    """
    with np.errstate(all="ignore"):
        p = np.clip(start, lower, upper)
        residual, jacobian = evaluate(p)
        chi2 = float(residual @ residual)
        damping = 0.0
        normal = jacobian.T @ jacobian
        always_held = np.zeros(len(p), dtype=bool) if frozen is None else frozen
        for _ in range(MAX_STEPS):
            gradient = jacobian.T @ residual
            held = always_held | ((p <= lower) & (gradient > 0)) | ((p >= upper) & (gradient < 0))
            step = _step(normal, gradient, held, damping)
            step = step * min(1.0, float(np.min(reach / np.maximum(np.abs(step), 1e-300))))
            promised = -float(gradient @ step)
            trial = np.clip(p + step, lower, upper)
            trial_residual, trial_jacobian = evaluate(trial)
            trial_chi2 = float(trial_residual @ trial_residual)
            done = damping < 1e-3 and promised < TOLERANCE * (1 + chi2 / len(residual))
            if trial_chi2 <= chi2 or (done and np.isfinite(trial_chi2)):
                p, residual, jacobian, chi2 = trial, trial_residual, trial_jacobian, trial_chi2
                normal = jacobian.T @ jacobian
                damping = damping / 10 if damping > 1e-8 else 0.0
            else:
                damping = max(10 * damping, 1e-3)
            if done:
                return Minimum(p, chi2, normal, True)
            if damping > MAX_DAMPING:
                break
        gradient = jacobian.T @ residual
        held = always_held | ((p <= lower) & (gradient > 0)) | ((p >= upper) & (gradient < 0))
        promised = -float(gradient @ _step(normal, gradient, held, 0.0))
        return Minimum(p, chi2, normal, promised < ROUNDING * (1 + chi2 / len(residual)))


def _step(normal: Array, gradient: Array, held: NDArray[np.bool_], damping: float) -> Array:
    """Damped Newton step in units in which every diagonal element of the normal matrix is one."""
    scale = np.sqrt(np.diagonal(normal))
    scale = np.where((scale > 0) & ~held, scale, np.inf)
    matrix = normal / scale / scale[:, np.newaxis]
    # A held (or powerless) parameter keeps a row of zeros; one on its diagonal gives it a step of zero.
    matrix.flat[:: len(scale) + 1] = 1.0 + damping
    try:
        step: Array = np.linalg.solve(matrix, -gradient / scale) / scale
    except np.linalg.LinAlgError:
        step = -gradient / scale**2 / (1.0 + damping)
    return step
