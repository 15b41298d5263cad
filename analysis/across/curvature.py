"""Temperature at which d²ρ/dT² changes sign: where divergence gives way to saturation.

Two ways that share nothing but the data. From the fit: with x = E/T and r = σ_QF/σ_0, Eq. 1 bends at the root of
r eˣ (x − 2) = x + 2 (from 2 y'² = y y'' for ρ = 1/y), Eq. 2 at x = 2 whatever its base. From the points alone:
local quintic polynomials of ln ρ over z = ln T give T² ρ''/ρ = l'' + l'² − l' with l = ln ρ; each derivative is a
weighted sum of the points, so that its error is known (J. Fan and I. Gijbels, Local Polynomial Modelling, 1996).
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from coldfinger.analysis.fits.fit_result import Array, Curve, Fit
from coldfinger.analysis.laws import curvature_zero

KERNEL = 0.35
"""Width of the Gaussian kernel in ln T: narrower is noisier, wider flattens the bend."""
DEGREE = 5
"""Of the local polynomials: with this kernel as quiet as cubics with a kernel of 0.25, and less biased."""
CHECK = (3, 0.7)
"""Degree, and width over the kernel's, of the cruder polynomials whose zero tells the order of the bias."""
GRID = 240
"""Temperatures, evenly spaced in ln T, at which the local polynomials are taken."""
SEEN = 3.0
"""The curvature must differ from zero by this many s.d. on either side of its zero."""
TWO_SIDED_95 = 1.959964


@dataclass(frozen=True)
class CurvatureZero:
    """Temperature of the sign change, or why there is none."""

    T: float
    """K; nan where there is none."""
    sd: float
    """K; nan where there is none."""
    low95: float
    """Lower end (K) of the 95 % interval, 0 where it is open."""
    high95: float
    """Upper end (K) of the 95 % interval, inf where it is open."""
    doubt: str
    """Why it should not be believed; empty if it may be."""
    systematic: float = 0.0
    """K; how far local polynomials of lower order put it elsewhere. Not in `sd`, but in the interval."""


def curvature_zero_of_fit(fit: Fit) -> CurvatureZero:
    """Zero of d²ρ/dT² of the fitted law, s.d. from the covariance of the fit.

    Eq. 1: d ln T = dE/E + (x² − 4)/x³ d ln r at the root x. Eq. 2: T = E/2, d ln T = dE/E. A base that is a limit
    leaves an upper limit (`high95`) at that base, the other parameters as fitted: the zero moves down with the base.
    """
    base, prefactor, energy = fit.best
    if fit.law == "eq2":
        sd_E = fit.parameters["E_aS"].sd
        if not (prefactor > 0 and math.isfinite(sd_E)):
            return _none("no activated part")
        return _judged(fit, energy / 2, sd_E / 2)
    upper = fit.parameters["sigma_QF"].upper95
    if fit.status == "limit":
        highest = curvature_zero(upper, prefactor, energy) if upper else None
        reach = f"below {highest:.3g} K if at all" if highest else "nowhere"
        return CurvatureZero(math.nan, math.nan, 0.0, highest or math.inf, f"no saturation resolved: {reach}")
    T = curvature_zero(base, prefactor, energy)
    if T is None:
        return _none("no activated part")
    x = energy / T
    by_ratio = (x**2 - 4) / x**3
    gradient = np.array([by_ratio, -by_ratio, 1 / energy])
    variance = float(gradient @ fit.covariance @ gradient)
    return _judged(fit, T, T * math.sqrt(variance)) if variance > 0 else _none("its uncertainty is not determined")


def curvature_zero_of_points(curve: Curve, *, T_max: float = 0.7, kernel: float = KERNEL) -> CurvatureZero:
    """Zero of d²ρ/dT² of the points at or below `T_max` (K), without any law.

    Where ρ falls on warming the curvature goes from negative (saturation) to positive, else from positive to
    negative. Of several sign changes the one with the most curvature of the right sign on both sides is taken.
    `kernel` is the width in ln T. The 95 % interval is where the curvature does not differ from zero by 1.96 s.d.,
    widened on both sides by `systematic`: local cubics of like noise are cruder than the quintics used, so the
    distance of the two zeros is the scale of the bias. Raises ValueError for points that are not finite, fewer than
    12 in the window, or a reading that is not above zero.
    """
    window = curve.window(T_max)
    if len(window.temperature) < 12 or np.any(window.resistivity <= 0):
        raise ValueError("curvature: local polynomials need at least 12 points, all with a resistivity above zero")
    found = _zero_with(window, kernel, DEGREE)
    crude = _zero_with(window, kernel * CHECK[1], CHECK[0])
    if not (math.isfinite(found.T) and math.isfinite(crude.T)):
        return found if not math.isfinite(found.T) else replace(found, doubt="not seen by polynomials of lower order")
    off = abs(found.T - crude.T)
    low, high = max(found.low95 - off, 0.0), found.high95 + off
    return replace(found, low95=low, high95=high, systematic=off)


def _zero_with(window: Curve, kernel: float, degree: int) -> CurvatureZero:
    z = np.linspace(math.log(window.temperature.min()), math.log(window.temperature.max()), GRID)
    curvature, sd = local_curvature(window, np.exp(z), kernel, degree)
    falling = np.polyfit(np.log(window.temperature), np.log(window.resistivity), 1)[0] < 0
    signed = curvature / sd if falling else -curvature / sd
    # The running sum is least where what lies below was negative and what lies above is positive.
    index = int(np.argmin(np.cumsum(signed)))
    if index >= GRID - 1 or signed[: index + 1].min() > -SEEN or signed[index:].max() < SEEN:
        return _none("no sign change of the curvature stands out of the noise in this window")
    share = signed[index] / (signed[index] - signed[index + 1])
    at = float(z[index] + share * (z[1] - z[0]))
    slope = float((curvature[index + 1] - curvature[index]) / (z[1] - z[0]))
    sd_z = float(np.interp(at, z, sd)) / abs(slope)
    significant = np.abs(signed) > TWO_SIDED_95
    below, above = np.flatnonzero(significant[: index + 1]), np.flatnonzero(significant[index + 1 :])
    low, high = math.exp(z[below[-1]]), math.exp(z[index + 1 + above[0]])
    return CurvatureZero(math.exp(at), math.exp(at) * sd_z, low, high, "")


def local_curvature(
    curve: Curve, temperature: Array, kernel: float = KERNEL, degree: int = DEGREE
) -> tuple[Array, Array]:
    """T² ρ''/ρ (no unit) and its s.d. at `temperature` (K, shape (m,)), from local polynomials of ln ρ over ln T.

    Weights are 1/σ² times exp(−(ln T_i − ln T)²/2 kernel²); errors of T are counted through the local slope.
    """
    z, log_rho = np.log(curve.temperature), np.log(curve.resistivity)
    slope = _derivatives(z, log_rho, np.ones_like(z), z, kernel, degree)[0] if np.any(curve.sd_temperature) else 0.0
    sd = np.hypot(curve.sd_resistivity / curve.resistivity, slope * curve.sd_temperature / curve.temperature)
    first, second, by_first, by_second = _derivatives(z, log_rho, sd, np.log(temperature), kernel, degree)
    gradient = by_second + (2 * first - 1)[:, np.newaxis] * by_first
    return second + first**2 - first, np.sqrt(np.sum((gradient * sd) ** 2, axis=1))


def _derivatives(
    z: Array, y: Array, sd: Array, at: Array, kernel: float, degree: int
) -> tuple[Array, Array, Array, Array]:
    """First and second derivative at `at` (m,) and the weights (m, n) with which the points make them."""
    offset = z - at[:, np.newaxis]
    weight = np.exp(-0.5 * (offset / kernel) ** 2) / sd**2
    powers = (offset / kernel)[..., np.newaxis] ** np.arange(degree + 1)
    normal = np.einsum("mni,mn,mnj->mij", powers, weight, powers)
    smoother = np.linalg.solve(normal, np.swapaxes(powers * weight[..., np.newaxis], 1, 2))
    by_first, by_second = smoother[:, 1] / kernel, 2 * smoother[:, 2] / kernel**2
    return by_first @ y, by_second @ y, by_first, by_second


def _judged(fit: Fit, T: float, sd: float) -> CurvatureZero:
    ratio = math.exp(TWO_SIDED_95 * sd / T)
    doubt = ""
    if not fit.T_min <= T <= fit.T_max:
        doubt = f"{T:.3g} K lies outside the points, {fit.T_min:.3g} to {fit.T_max:.3g} K: extrapolated by the law"
    elif fit.status == "weak":
        doubt = "saturation is only weakly seen"
    return CurvatureZero(T, sd, T / ratio, T * ratio, doubt)


def _none(why: str) -> CurvatureZero:
    return CurvatureZero(math.nan, math.nan, 0.0, math.inf, why)
