"""Many curves at once: Eq. 1 or Eq. 2 through thousands of curves of the same number of points, in one go.

The same chi-square, start values and steps as `fit.py`, written over the axis of the curves. For a given E both laws
are linear in a and b (variable projection); E_k = E_0 2^(k/2), so that exp(-E/T) of each energy is the square of the
one two before it and only two exponentials are taken. Curves that are not plain - a base within ten s.d. of zero, a
signal-to-noise ratio below ten, no convergence - are handed to `fit.py` one by one, limits and all.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from coldfinger.analysis.fits.activated import E_RANGE, MIN_SNR, SIGN
from coldfinger.analysis.fits.fit import MAX_REDUCED_CHI2, PASSES, fit_eq1, fit_eq2
from coldfinger.analysis.fits.fit_result import PARAMETER_NAMES, Array, Curve, Law

FIRST_ENERGY = 0.02
"""K, lowest energy of the search."""
ENERGIES = 18
"""Up to 7.2 K, in steps of a factor √2."""
MOST_STEPS = 25
TOLERANCE = 1e-12
"""As in `least_squares.py`."""
CLEAR = 10.0
"""Base in s.d. above which it is a value without further question."""


@dataclass(frozen=True, eq=False)
class BatchFit:
    """One law through m curves; arrays of shape (m,), nan where there is no number."""

    law: Law
    status: NDArray[np.str_]
    """"value", "weak", "limit" as in `Fit`; "refused" where nothing could be fitted."""
    value: Array
    """Base, prefactor and energy, shape (m, 3): S, S, K or ohm/square, ohm/square, K."""
    sd: Array
    """Shape (m, 3)."""
    upper95: Array
    """Limit of the base where one is quoted."""
    chi2_nu: Array
    singly: NDArray[np.bool_]
    """Curves that were fitted one by one."""
    refused: dict[int, str] = field(default_factory=dict)
    """By number of the curve: why it was not fitted."""

    def frame(self) -> pd.DataFrame:
        """One row a curve: status, parameters with s.d. by name, limit, chi-square."""
        columns: dict[str, Array | NDArray[np.str_]] = {"status": self.status}
        for i, name in enumerate(PARAMETER_NAMES[self.law]):
            columns |= {name: self.value[:, i], f"{name}_sd": self.sd[:, i]}
        return pd.DataFrame(columns | {"upper95": self.upper95, "chi2_nu": self.chi2_nu})


@dataclass(frozen=True, eq=False)
class _Problem:
    """Chi-square of m curves: arrays of shape (m, n)."""

    sign: float
    inverse_T: Array
    target: Array
    """ln ρ."""
    inverse_sd: Array
    """Zero for a point that is not there."""

    def evaluate(self, p: Array) -> tuple[Array, Array, Array]:
        """Chi-square (m,), gradient (m, 3) and normal matrix (m, 3, 3) at p = (a, ln b, E), shape (m, 3)."""
        activated = np.exp(p[:, 1:2] - p[:, 2:3] * self.inverse_T)
        y = p[:, 0:1] + activated
        residual = (self.sign * np.log(y) - self.target) * self.inverse_sd
        by_a = self.sign * self.inverse_sd / y
        by_b = by_a * activated
        by_E = -by_b * self.inverse_T
        columns = (by_a, by_b, by_E)
        normal = np.empty((len(p), 3, 3))
        gradient = np.empty((len(p), 3))
        for i, column in enumerate(columns):
            gradient[:, i] = np.einsum("ij,ij->i", column, residual)
            for j in range(i + 1):
                normal[:, i, j] = normal[:, j, i] = np.einsum("ij,ij->i", column, columns[j])
        return np.einsum("ij,ij->i", residual, residual), gradient, normal

    def select(self, keep: NDArray[np.intp]) -> "_Problem":
        return _Problem(self.sign, self.inverse_T[keep], self.target[keep], self.inverse_sd[keep])


def fit_batch(
    temperature: ArrayLike,
    resistivity: ArrayLike,
    sd_resistivity: ArrayLike,
    sd_temperature: ArrayLike = 0.0,
    *,
    law: Law = "eq1",
    T_max: float = 0.7,
    loading: float = 0.0,
    loading_uncertainty: float = 0.1,
) -> BatchFit:
    """Fit `law` to m curves of n points each: ρ (ohm/square) of shape (m, n); K and ohm/square broadcast to it.

    A point that is nan is left out, so that curves of different length fit into one array. Residuals, weights, limits
    and `loading` as in `fit_eq1`. Raises ValueError for shapes that do not go together; a curve that cannot be fitted
    is refused by number and does not stop the others.
    """
    rho = np.asarray(resistivity, dtype=float)
    if rho.ndim != 2:
        raise ValueError(f"batch: resistivities of shape {rho.shape}; they must be (curves, points)")
    try:
        T, sd, sd_T = (
            np.broadcast_to(np.asarray(x, float), rho.shape) for x in (temperature, sd_resistivity, sd_temperature)
        )
    except ValueError:
        raise ValueError(
            f"batch: temperatures and uncertainties do not go with resistivities of shape {rho.shape}"
        ) from None
    with np.errstate(all="ignore"):
        there = np.isfinite(rho + T + sd + sd_T) & (T > 0) & (sd > 0) & (T_max * (1 + 1e-9) >= T)
        plain = (there.sum(axis=1) >= 5) & ~np.any(there & (rho < MIN_SNR * sd), axis=1)
        result = _empty(law, len(rho))
        index = np.flatnonzero(plain)
        if len(index):
            _fit_plain(
                result, index, T[index], rho[index], sd[index], sd_T[index], there[index], loading * loading_uncertainty
            )
    for number in np.flatnonzero(result.singly):
        keep = there[number]
        curve = Curve(T[number][keep], rho[number][keep], sd[number][keep], sd_T[number][keep])
        _fit_singly(result, int(number), curve, T_max, loading, loading_uncertainty)
    return result


def _empty(law: Law, m: int) -> BatchFit:
    nothing = np.full((m, 3), math.nan)
    status = np.full(m, "refused", dtype="<U7")
    return BatchFit(
        law, status, nothing, nothing.copy(), nothing[:, 0].copy(), nothing[:, 0].copy(), np.ones(m, dtype=bool)
    )


def _fit_plain(
    result: BatchFit, index: NDArray[np.intp], T: Array, rho: Array, sd: Array, sd_T: Array, there: Array, bound: float
) -> None:
    """Fit the curves `index` and take in those whose base is clear; the others stay for one by one."""
    rho, inverse_T = np.where(there, rho, 1.0), np.where(there, 1 / T, 1.0)
    relative = np.where(there, sd / rho, 1.0)
    target = np.log(rho)

    def problem(slope: Array | float) -> _Problem:
        total = np.hypot(relative, slope * np.where(there, sd_T * inverse_T, 0.0)) if np.any(sd_T) else relative
        return _Problem(SIGN[result.law], inverse_T, target, np.where(there, 1 / total, 0.0))

    now = problem(0.0)
    p = _start(now)
    for _ in range(PASSES if np.any(sd_T) else 1):
        now = problem(_slope(now, p)) if np.any(sd_T) else now
        p, chi2, normal, converged = _minimise(now, p)
    count = there.sum(axis=1)
    covariance = np.full_like(normal, math.nan)
    usable = converged & np.isfinite(np.linalg.cond(normal))
    covariance[usable] = np.linalg.inv(normal[usable])
    chi2_nu = chi2 / (count - 3)
    scale = np.where(chi2_nu > MAX_REDUCED_CHI2, chi2_nu, 1.0)
    deviation = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2) * scale[:, np.newaxis])
    inside = (p[:, 2] > E_RANGE[0]) & (p[:, 2] < E_RANGE[1])
    clear = usable & inside & (p[:, 0] > CLEAR * deviation[:, 0])
    if result.law == "eq1":
        clear &= p[:, 0] >= bound
    good = index[clear]
    prefactor = np.exp(p[clear, 1])
    result.value[good] = np.stack([p[clear, 0], prefactor, p[clear, 2]], axis=1)
    result.sd[good] = np.stack([deviation[clear, 0], prefactor * deviation[clear, 1], deviation[clear, 2]], axis=1)
    result.chi2_nu[good] = chi2_nu[clear]
    result.status[good] = "value"
    result.singly[good] = False


def _fit_singly(result: BatchFit, number: int, curve: Curve, T_max: float, loading: float, uncertainty: float) -> None:
    try:
        if result.law == "eq1":
            fit = fit_eq1(curve, T_max=T_max, loading=loading, loading_uncertainty=uncertainty)
        else:
            fit = fit_eq2(curve, T_max=T_max)
    except ValueError as error:
        result.refused[number] = str(error)
        return
    estimates = list(fit.parameters.values())
    result.value[number] = [estimate.value for estimate in estimates]
    result.sd[number] = [estimate.sd for estimate in estimates]
    result.upper95[number] = math.nan if estimates[0].upper95 is None else estimates[0].upper95
    result.chi2_nu[number] = fit.chi2_nu
    result.status[number] = fit.status


def _slope(problem: _Problem, p: Array) -> Array:
    """|d ln ρ/d ln T|, shape (m, n)."""
    reduced = p[:, 2:3] * problem.inverse_T
    activated = np.exp(p[:, 1:2] - reduced)
    slope: Array = activated * reduced / (p[:, 0:1] + activated)
    return slope


def _start(problem: _Problem) -> Array:
    """(a, ln b, E), shape (m, 3), near the minimum: the best of all energies, between its neighbours."""
    y = np.exp(problem.sign * problem.target)
    weight = np.where(problem.inverse_sd > 0, (problem.inverse_sd / y) ** 2, 0.0)
    there = problem.inverse_sd > 0
    warmest = np.min(np.where(there, problem.inverse_T, np.inf), axis=1, keepdims=True)
    coldness = np.where(there, problem.inverse_T - warmest, 0.0)
    total, total_y = weight.sum(axis=1), np.einsum("ij,ij->i", weight, y)
    weighted_y = weight * y
    gains = np.empty((ENERGIES, len(y)))
    series = [np.exp(-FIRST_ENERGY * coldness), np.exp(-FIRST_ENERGY * math.sqrt(2) * coldness)]
    for k in range(ENERGIES):
        if k > 1:
            series[k % 2] = series[k % 2] ** 2
        gains[k] = _project(series[k % 2], weight, weighted_y, total, total_y)[0]
    best = np.argmax(gains, axis=0)
    inner = np.clip(best, 1, ENERGIES - 2)
    rows = np.arange(len(y))
    left, middle, right = (gains[inner + shift, rows] for shift in (-1, 0, 1))
    bend = left - 2 * middle + right
    offset = np.where((bend < 0) & (inner == best), np.clip(0.5 * (left - right) / bend, -0.5, 0.5), 0.0)
    energy = FIRST_ENERGY * 2 ** ((best + offset) / 2)
    _, a, b = _project(np.exp(-energy[:, np.newaxis] * coldness), weight, weighted_y, total, total_y)
    return np.stack([a, np.log(np.maximum(b, 1e-300)) + energy * warmest[:, 0], energy], axis=1)


def _project(u: Array, weight: Array, weighted_y: Array, total: Array, total_y: Array) -> tuple[Array, Array, Array]:
    """Fall of chi-square against a constant, a and b of y = a + b u; neither is negative. All of shape (m,)."""
    weighted_u = weight * u
    total_u, total_uu = weighted_u.sum(axis=1), np.einsum("ij,ij->i", weighted_u, u)
    total_uy = np.einsum("ij,ij->i", u, weighted_y)
    shared = total_uy - total_u * total_y / total
    b = shared / (total_uu - total_u**2 / total)
    a = (total_y - b * total_u) / total
    alone = total_uy / total_uu
    gain = np.where(a < 0, alone * total_uy - total_y**2 / total, b * shared)
    b = np.where(a < 0, alone, b)
    return np.where((b > 0) & np.isfinite(gain), gain, 0.0), np.maximum(a, 0.0), b


def _minimise(problem: _Problem, start: Array) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """Levenberg-Marquardt for every curve on its own: (a, ln b, E), chi-square, normal matrix, converged."""
    p = start.copy()
    chi2, gradient, normal = problem.evaluate(p)
    damping = np.zeros(len(p))
    count = (problem.inverse_sd > 0).sum(axis=1)
    converged = np.zeros(len(p), dtype=bool)
    active = np.flatnonzero(np.isfinite(chi2))
    for _ in range(MOST_STEPS):
        if not len(active):
            break
        step = _steps(normal[active], gradient[active], damping[active])
        trial = p[active] + step
        trial[:, 0] = np.maximum(trial[:, 0], 0.0)
        trial[:, 2] = np.clip(trial[:, 2], *E_RANGE)
        promised = -np.einsum("ij,ij->i", gradient[active], step)
        part = problem if len(active) == len(p) else problem.select(active)
        new_chi2, new_gradient, new_normal = part.evaluate(trial)
        done = (damping[active] < 1e-3) & (promised < TOLERANCE * (1 + chi2[active] / count[active]))
        better = (new_chi2 <= chi2[active]) | (done & np.isfinite(new_chi2))
        took = active[better]
        p[took], chi2[took] = trial[better], new_chi2[better]
        gradient[took], normal[took] = new_gradient[better], new_normal[better]
        damping[active] = np.where(
            better, np.where(damping[active] > 1e-8, damping[active] / 10, 0.0), np.maximum(10 * damping[active], 1e-3)
        )
        converged[active[done]] = True
        active = active[~done & (damping[active] < 1e10)]
    return p, chi2, normal, converged


def _steps(normal: Array, gradient: Array, damping: Array) -> Array:
    """Damped Newton steps, shape (m, 3), in units in which every diagonal element is one."""
    scale = np.sqrt(np.diagonal(normal, axis1=1, axis2=2))
    scale = np.where(scale > 0, scale, 1.0)
    matrix = normal / scale[:, :, np.newaxis] / scale[:, np.newaxis, :]
    matrix[:, range(3), range(3)] = 1.0 + 1e-15 + damping[:, np.newaxis]
    matrix = np.where(np.isfinite(matrix), matrix, 0.0)
    matrix[:, range(3), range(3)] = np.where(matrix[:, range(3), range(3)] > 0, matrix[:, range(3), range(3)], 1.0)
    try:
        solved = np.linalg.solve(matrix, -(gradient / scale)[:, :, np.newaxis])[:, :, 0]
    except np.linalg.LinAlgError:
        solved = np.einsum("ijk,ik->ij", np.linalg.pinv(matrix), -(gradient / scale))
    step: Array = solved / scale
    # Beyond these a straight line says nothing about an exponential.
    limit = np.array([np.inf, 5.0, 1.0])
    step *= np.minimum(1.0, np.min(limit / np.maximum(np.abs(step), 1e-300), axis=1))[:, np.newaxis]
    return step
