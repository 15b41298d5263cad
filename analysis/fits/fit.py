"""Fits of Eq. 1 and Eq. 2 to one curve: value, uncertainty, and whether saturation was seen at all.

Theory of operation. Both laws are y = a + b exp(-E/T) with y = 1/ρ or ρ (`activated.py`). Start values come
from a scan of E (`fit_start.py`), then Levenberg-Marquardt takes over (`least_squares.py`). An error of T
counts as an error of ln ρ of |d ln ρ/d ln T| σ_T/T, with the slope of the previous pass. Errors are those of
the covariance, or of the profile of chi-square where the base is so uncertain that a parabola misleads
(`limits.py`). If the base is not seen, its upper limit is quoted and its value is not.
"""

import dataclasses
import math

import numpy as np

from coldfinger.analysis.fits.activated import E_RANGE, TINY, UPPER, Activated, activated_problem, straight_line
from coldfinger.analysis.fits.fit_result import PARAMETER_NAMES, Array, Curve, Estimate, Fit, Law, Status
from coldfinger.analysis.fits.fit_start import start_values
from coldfinger.analysis.fits.least_squares import Minimum
from coldfinger.analysis.fits.limits import DETECTED, ONE_SIDED_95, detection, half_width, upper_limit

__all__ = ["Curve", "Estimate", "Fit", "fit_best", "fit_eq1", "fit_eq2"]

MAX_REDUCED_CHI2 = 1.5
"""Above this the stated uncertainties cannot be right, and all errors are widened."""
MAX_LINEAR_SD = 0.3
"""s.d. of the logarithm of the base above which the profile replaces the covariance."""
PASSES = 2
"""Fits with the temperature errors' weights; each takes the slope from the one before."""


def fit_eq1(curve: Curve, *, T_max: float = 0.7, loading: float = 0.0, loading_uncertainty: float = 0.1) -> Fit:
    """Eq. 1, ρ = 1/[σ_QF + σ_0 exp(−E_aI/T)], to the points at or below `T_max` (K).

    `loading` is the conductance that the instrument adds (S square) and that was corrected with the relative
    `loading_uncertainty`: a smaller σ_QF than that error is not a value, and no limit goes below it.
    Raises ValueError for points that are not finite, for fewer than five points in the window, and where no
    resistance is seen at all.
    """
    window = curve.window(T_max)
    if without_resistance(window):
        raise ValueError("fit: the resistance is nowhere above its noise; Eq. 1 needs one, use Eq. 2")
    return _fit(window, "eq1", loading * loading_uncertainty)


def fit_eq2(curve: Curve, *, T_max: float = 0.7) -> Fit:
    """Eq. 2, ρ = ρ_QF + ρ_0 exp(−E_aS/T), to the points at or below `T_max` (K).

    Raises ValueError for points that are not finite and for fewer than five points in the window.
    """
    return _fit(curve.window(T_max), "eq2", 0.0)


def fit_best(curve: Curve, *, T_max: float = 0.7, loading: float = 0.0, loading_uncertainty: float = 0.1) -> Fit:
    """Eq. 1 where ρ falls on warming, Eq. 2 where it rises; amplitudes are never negative.

    Chi-square cannot choose near the separatrix, where either law with a negative amplitude fits as well: the
    sign of dρ/dT does. The other law's BIC is in the remarks. Arguments as in `fit_eq1`; without any
    resistance the answer is Eq. 2 with a limit.
    """
    window = curve.window(T_max)
    two = _fit(window, "eq2", 0.0)
    if without_resistance(window):
        return two
    one = _fit(window, "eq1", loading * loading_uncertainty)
    slope, sd = temperature_slope(window)
    chosen, other = (two, one) if slope > 0 else (one, two)
    remarks = [f"BIC: {chosen.law} {chosen.bic:.1f}, {other.law} {other.bic:.1f}"]
    if abs(slope) < 3 * sd:
        remarks.append("the sign of dρ/dT is not significant")
    elif other.bic < chosen.bic:
        remarks.append(f"{other.law} has the better BIC; ρ(T) is not monotonic or the law does not hold")
    return dataclasses.replace(chosen, remarks=(*chosen.remarks, *remarks))


def temperature_slope(curve: Curve) -> tuple[float, float]:
    """Weighted straight line through ρ over ln T: slope (ohm/square) and its s.d."""
    x, weight = np.log(curve.temperature), 1 / curve.sd_resistivity**2
    mean = float(weight @ x) / float(np.sum(weight))
    spread = float(weight @ (x - mean) ** 2)
    slope = straight_line(x, curve.resistivity, weight)[1]
    return slope, 1 / math.sqrt(spread) if spread > 0 else math.inf


def without_resistance(curve: Curve) -> bool:
    """True if even the mean of all readings does not differ from zero: 1/ρ cannot be fitted to that."""
    weight = 1 / curve.sd_resistivity**2
    total = float(np.sum(weight))
    return float(weight @ curve.resistivity) / total < 3 / math.sqrt(total)


def solve(curve: Curve, law: Law) -> tuple[Activated, Minimum]:
    """Least chi-square of `law` and the weights of the last pass, without any judgement."""
    problem = activated_problem(curve, law)
    start = start_values(problem)
    with np.errstate(all="ignore"):
        if not np.any(curve.sd_temperature):
            return problem, problem.solve(start)
        for _ in range(PASSES):
            problem = activated_problem(curve, law, problem.slope(start))
            best = problem.solve(start)
            start = best.parameters
    return problem, best


def _fit(curve: Curve, law: Law, instrument_bound: float) -> Fit:
    problem, best = solve(curve, law)
    a, ln_b, energy = (float(value) for value in best.parameters)
    activated = bool(best.normal[1, 1] > 0)
    free = 1 + 2 * activated
    n = len(curve.temperature)
    chi2_nu = best.chi2 / (n - free)
    scaled = chi2_nu > MAX_REDUCED_CHI2
    scale = chi2_nu if scaled else 1.0
    covariance = _covariance(best) * scale
    sd = np.sqrt(np.diagonal(covariance))
    # Without activation a base of zero would only be replaced by an energy near zero: ask the base itself.
    seen = detection(problem, best, scale) if activated else a**2 / max(float(covariance[0, 0]), TINY)
    seen = seen if math.isfinite(seen) else 0.0
    remarks = _remarks(problem, best, chi2_nu, scaled, activated, PARAMETER_NAMES[law])
    base, status, why = _base(problem, best, float(sd[0]), scale, seen, instrument_bound)
    b = math.exp(ln_b)
    names = PARAMETER_NAMES[law]
    parameters = {
        names[0]: base,
        names[1]: Estimate(b, b * float(sd[1])) if activated else Estimate(0.0, math.nan),
        names[2]: Estimate(energy, float(sd[2])) if activated else Estimate(math.nan, math.nan),
    }
    to_logarithm = np.array([1 / a if a > 0 else math.nan, 1.0, 1.0])
    return Fit(
        law=law,
        status=status,
        parameters=parameters,
        T_min=float(np.min(curve.temperature)),
        T_max=float(np.max(curve.temperature)),
        n=n,
        chi2_nu=chi2_nu,
        covariance=covariance * to_logarithm * to_logarithm[:, np.newaxis],
        detection=seen,
        bic=best.chi2 + 3 * math.log(n),
        sd_scaled=scaled,
        remarks=(*remarks, *why),
        best=(a, b, energy),
    )


def _covariance(best: Minimum) -> Array:
    """Inverse of the normal matrix, (3, 3), in (a, ln b, E); nan for what the curve does not determine."""
    scale = np.sqrt(np.diagonal(best.normal))
    used = scale > 0
    covariance = np.full((3, 3), math.nan)
    unit = best.normal[np.ix_(used, used)] / np.outer(scale[used], scale[used])
    try:
        inverse = np.linalg.inv(unit)
    except np.linalg.LinAlgError:
        return covariance
    with np.errstate(over="ignore"):
        inverse = inverse / np.outer(scale[used], scale[used])
    # Rounding can make the variance of an undetermined parameter negative.
    inverse[np.diag_indices_from(inverse)] = np.where(np.diagonal(inverse) > 0, np.diagonal(inverse), math.nan)
    covariance[np.ix_(used, used)] = inverse
    return covariance


def _base(
    problem: Activated, best: Minimum, sd: float, scale: float, seen: float, instrument_bound: float
) -> tuple[Estimate, Status, list[str]]:
    """σ_QF or ρ_QF, how far to believe it, and why."""
    value = float(best.parameters[0])
    believable = value >= instrument_bound
    if seen > DETECTED and believable:
        if not sd <= MAX_LINEAR_SD * value:
            sd = half_width(problem, best, sd, scale)
        return Estimate(value, sd), "value", []
    profile = value + 1.645 * sd if seen > DETECTED else upper_limit(problem, best, sd, scale)
    upper = max(profile, instrument_bound) if math.isfinite(profile) else None
    if seen > ONE_SIDED_95 and believable:
        return Estimate(value, half_width(problem, best, sd, scale), upper), "weak", []
    seen_but_small = seen > ONE_SIDED_95 and not believable
    why = f"saturation lies below the uncertainty of the input loading, {instrument_bound:.2g} S"
    return Estimate(math.nan, math.nan, upper), "limit", [why] if seen_but_small else []


def _remarks(
    problem: Activated, best: Minimum, chi2_nu: float, scaled: bool, activated: bool, names: tuple[str, ...]
) -> list[str]:
    """What a reader of the numbers should know."""
    remarks = []
    if best.parameters[0] >= UPPER[0]:
        remarks.append(f"{names[0]} is at the end of its range: this law cannot describe the curve")
    if scaled:
        remarks.append(f"reduced chi-square {chi2_nu:.3g}: errors widened by {math.sqrt(chi2_nu):.3g}")
    if not problem.logarithmic:
        remarks.append("residuals in ρ, not in ln ρ: the signal-to-noise ratio falls below 10")
    if not activated:
        remarks.append(f"no activated part: {names[1]} would be negative")
    elif not E_RANGE[0] < best.parameters[2] < E_RANGE[1]:
        remarks.append(f"{names[2]} is at the end of its range, {best.parameters[2]:g} K: not determined")
    if not best.converged:
        remarks.append("the fit did not converge")
    return remarks
