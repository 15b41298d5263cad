"""Profile likelihoods, windows and spikes: what the covariance of a single fit does not say.

Theory of operation. The profile of a parameter is the least chi-square over the two others with it held fixed; its
95 % interval ends where that has risen by 3.84 (W. A. Rolke, A. M. López and J. Conrad, NIM A 551, 493 (2005); MINUIT's
MINOS does the same). The search is done by the house's own solver because the base ends at zero, where MINUIT's
transformation of bounded parameters has no slope.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtri, ndtri

from coldfinger.analysis.fits.activated import LOWER, REACH, UPPER, Activated, activated_problem
from coldfinger.analysis.fits.fit import MAX_REDUCED_CHI2, fit_best, fit_eq1, fit_eq2, solve
from coldfinger.analysis.fits.fit_result import PARAMETER_NAMES, Array, Curve, Fit, Law
from coldfinger.analysis.fits.least_squares import Minimum, minimise
from coldfinger.analysis.fits.limits import lower_limit, upper_limit
from coldfinger.analysis.fits.nested import nested_shift

MAD_TO_SD = 1.4826
"""Standard deviation of a normal law over its median absolute deviation."""
HUBER = 1.345
"""Residual (s.d.) from which a point loses weight; 95 % efficient without spikes (P. J. Huber, 1981)."""
FALSE_SPIKE = 0.01
"""Probability that a curve without spikes loses any point."""
MOST_SPIKES = 0.2
"""Largest share of points that may be spikes; beyond it the law, not the points, is wrong."""


@dataclass(frozen=True)
class Interval:
    """Where a parameter lies with the stated confidence."""

    low: float
    high: float
    closed: bool
    """False if chi-square never rises enough on one side: that end is a bound of the search (zero for a base)."""
    level: float


def profile_intervals(curve: Curve, law: Law, *, T_max: float = 0.7, level: float = 0.95) -> dict[str, Interval]:
    """Interval of each parameter of Eq. 1 ("eq1") or Eq. 2 ("eq2") by the profile of chi-square.

    Keys and units are those of `Fit.parameters`. Chi-square is divided by its reduced value where that exceeds
    1.5, as the fits do. Raises ValueError as the fits do and for a level that is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"profile: level {level:g}; it must lie between 0 and 1, such as 0.95")
    window = curve.window(T_max)
    problem, best = solve(window, law)
    activated = bool(best.normal[1, 1] > 0)
    reduced = best.chi2 / (len(window.temperature) - (3 if activated else 1))
    scale = reduced if reduced > MAX_REDUCED_CHI2 else 1.0
    rise = float(chdtri(1, 1.0 - level))
    sd = _rough_sd(best)
    base, prefactor, energy = PARAMETER_NAMES[law]
    low = lower_limit(problem, best, scale, rise)
    high = upper_limit(problem, best, float(sd[0]), scale, rise)
    intervals = {base: Interval(low, high, low > 0 and math.isfinite(high), level)}
    if not activated:
        nothing = Interval(math.nan, math.nan, False, level)
        return intervals | {prefactor: nothing, energy: nothing}
    ln_b = _interval(problem, best, 1, float(sd[1]), rise * scale, level)
    # exp overflows where the prefactor is not bounded from above.
    with np.errstate(over="ignore"):
        b = Interval(float(np.exp(ln_b.low)), float(np.exp(ln_b.high)), ln_b.closed, level)
    return intervals | {prefactor: b, energy: _interval(problem, best, 2, float(sd[2]), rise * scale, level)}


@dataclass(frozen=True, eq=False)
class WindowStep:
    """A fit in one window of temperature."""

    fit: Fit
    shift: dict[str, float]
    """By parameter: distance from the fit in the widest window in s.d. of that distance; nan where not defined."""


def window_scan(
    curve: Curve, law: Law, *, T_max: Sequence[float] = (0.7,), T_min: Sequence[float] = (0.0,)
) -> list[WindowStep]:
    """Fits for every T_min and T_max (K): how do the parameters move?  The widest window is the first.

    Shifts allow for shared points (`nested_shift`); beyond ±3 the law does not hold over the widest window, or the
    points at its end are not what they seem (lag, heating). Windows of fewer than six points, or of the same
    points, are left out.
    Raises ValueError as the fits do for the widest window.
    """
    fit = fit_eq1 if law == "eq1" else fit_eq2
    widest = fit(_above(curve, min(T_min)), T_max=max(T_max))
    steps = [WindowStep(widest, dict.fromkeys(widest.parameters, math.nan))]
    done = {_content(widest)}
    for low in sorted(T_min):
        for high in sorted(T_max, reverse=True):
            part = _above(curve, low)
            inside = int(np.count_nonzero(part.temperature <= high * (1 + 1e-9)))
            if inside < 6:
                continue
            narrower = fit(part, T_max=high)
            if _content(narrower) not in done:
                done.add(_content(narrower))
                steps.append(_step(narrower, widest))
    return steps


@dataclass(frozen=True, eq=False)
class RobustFit:
    """A fit that spikes cannot pull, and the points that are left in it."""

    fit: Fit
    """Without the spikes; its remarks say which were left out."""
    kept: NDArray[np.bool_]
    """By point of the window, shape (n,)."""
    window: Curve
    """The points at or below T_max, spikes included."""


def fit_robust(curve: Curve, law: Law | None = None, *, T_max: float = 0.7, loading: float = 0.0) -> RobustFit:
    """Fit of Eq. 1, Eq. 2 or (None) the better one without spikes: Huber weights to find them, then plain chi-square.

    A spike lies further from the robust curve than chance allows for any of n points (1 % for the whole curve), in
    units of the larger of the stated s.d. and the points' own scatter (median absolute deviation). Spikes are named in
    the remarks. Raises ValueError as the fits do and if more than 20 % of the points are spikes.
    """
    window = curve.window(T_max)
    n = len(window.temperature)
    first = _fit(window, law, T_max, loading)
    residual = _robust_residual(window, first.law)
    scatter = max(1.0, MAD_TO_SD * float(np.median(np.abs(residual))))
    threshold = -float(ndtri(-math.expm1(math.log1p(-FALSE_SPIKE) / n) / 2))
    kept: NDArray[np.bool_] = np.abs(residual) <= threshold * scatter
    spikes = n - int(np.count_nonzero(kept))
    if spikes > MOST_SPIKES * n:
        raise ValueError(f"robust fit: {spikes} of {n} points lie off any {first.law} curve; these are not spikes")
    if not spikes:
        said = f"robust: no spike among {n} points beyond {threshold * scatter:.1f} s.d.{_scattering(scatter)}"
        return RobustFit(dataclasses.replace(first, remarks=(*first.remarks, said)), kept, window)
    fit = _fit(_select(window, kept), law, T_max, loading)
    where = ", ".join(f"{T:.4g}" for T in window.temperature[~kept])
    beyond = f"beyond {threshold * scatter:.1f} s.d., at {where} K{_scattering(scatter)}"
    said = f"robust: {spikes} of {n} points left out as spikes {beyond}"
    return RobustFit(dataclasses.replace(fit, remarks=(*fit.remarks, said)), kept, window)


def _scattering(scatter: float) -> str:
    """What the median says about the stated errors, where they are far too small."""
    return f"; the points scatter by {scatter:.2g} times their s.d., spikes apart" if scatter > 2 else ""


def _robust_residual(curve: Curve, law: Law) -> Array:
    """Residuals (s.d.) from the curve that minimises Huber's function: reweighting until the weights stay."""
    weight = np.ones(len(curve.temperature))
    residual = weight
    for _ in range(30):
        lighter = dataclasses.replace(curve, sd_resistivity=curve.sd_resistivity / np.sqrt(weight))
        _, best = solve(lighter, law)
        slope = activated_problem(curve, law).slope(best.parameters)
        with np.errstate(all="ignore"):
            residual = activated_problem(curve, law, slope).evaluate(best.parameters)[0]
        scatter = max(1.0, MAD_TO_SD * float(np.median(np.abs(residual))))
        before, weight = weight, np.minimum(1.0, HUBER * scatter / np.maximum(np.abs(residual), 1e-12))
        if np.max(np.abs(weight - before)) < 1e-3:
            break
    return residual


def _interval(problem: Activated, best: Minimum, index: int, sd: float, rise: float, level: float) -> Interval:
    low, low_closed = _end(problem, best, index, -sd, rise)
    high, high_closed = _end(problem, best, index, sd, rise)
    return Interval(low, high, low_closed and high_closed, level)


def _end(problem: Activated, best: Minimum, index: int, step: float, rise: float) -> tuple[float, bool]:
    """Value of parameter `index` on the side of `step` at which the profile has risen by `rise`."""
    frozen = np.arange(3) == index
    at = float(best.parameters[index])
    bound = float((UPPER if step > 0 else LOWER)[index])

    def excess(value: float) -> float:
        if value == at:
            return -math.sqrt(rise)
        start = best.parameters.copy()
        start[index] = value
        chi2 = minimise(problem.evaluate, start, LOWER, UPPER, frozen, REACH).chi2
        return math.sqrt(max(chi2 - best.chi2, 0.0)) - math.sqrt(rise)

    near, step = at, step * math.sqrt(rise)
    for _ in range(40):
        far = near + step
        if (far - bound) * step >= 0:
            far = bound
        if not math.isfinite(far):
            return far, False
        if excess(far) > 0:
            return float(brentq(excess, near, far, xtol=1e-7 * abs(step), rtol=1e-9)), True
        if far == bound:
            return bound, False
        near, step = far, 1.5 * step
    return bound, False


def _rough_sd(best: Minimum) -> Array:
    """First steps of the searches: the s.d. of the covariance, or a tenth where it has none."""
    with np.errstate(all="ignore"):
        scale = np.sqrt(np.diagonal(best.normal))
        scale = np.where(scale > 0, scale, 1.0)
        variance = np.diagonal(np.linalg.pinv(best.normal / np.outer(scale, scale))) / scale**2
    return np.where(variance > 0, np.sqrt(variance), 0.1 * np.abs(best.parameters))


def _fit(curve: Curve, law: Law | None, T_max: float, loading: float) -> Fit:
    if law is None:
        return fit_best(curve, T_max=T_max, loading=loading)
    return fit_eq1(curve, T_max=T_max, loading=loading) if law == "eq1" else fit_eq2(curve, T_max=T_max)


def _content(fit: Fit) -> tuple[float, float, int]:
    """What tells windows apart: two limits with no point between them make the same window."""
    return fit.T_min, fit.T_max, fit.n


def _step(fit: Fit, widest: Fit) -> WindowStep:
    pairs = {name: (fit.parameters[name], widest.parameters[name]) for name in widest.parameters}
    return WindowStep(fit, {name: nested_shift(p.value, p.sd, w.value, w.sd) for name, (p, w) in pairs.items()})


def _above(curve: Curve, T_min: float) -> Curve:
    return _select(curve, curve.temperature >= T_min * (1 - 1e-9))


def _select(curve: Curve, keep: NDArray[np.bool_]) -> Curve:
    return Curve(
        curve.temperature[keep], curve.resistivity[keep], curve.sd_resistivity[keep], curve.sd_temperature[keep]
    )
