"""Which law does a curve follow, and what is the film called for it?

Every candidate gets the same points with the same weights and is judged by BIC = chi-square + k ln n. A law
whose amplitude would have the wrong sign is no candidate: its BIC is inf. BIC alone cannot choose the side of
the separatrix, where the other side's law with a negative amplitude fits as well; the sign of dρ/dT does.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from coldfinger.analysis.fits.activated import SIGN, Activated, activated_problem, straight_line
from coldfinger.analysis.fits.fit import fit_eq1, fit_eq2, temperature_slope, without_resistance
from coldfinger.analysis.fits.fit_result import Array, Curve, Fit, Law
from coldfinger.analysis.fits.least_squares import Evaluate, minimise
from coldfinger.analysis.fits.limits import DETECTED

Label = Literal["superconductor", "failed superconductor", "log insulator", "failed insulator", "insulator with limit"]
LOGARITHMIC_LAWS = ("log_resistivity", "log_conductivity")
STRETCHED_LAWS = {"arrhenius": 1.0, "efros_shklovskii": 1 / 2, "mott_2d": 1 / 3}


@dataclass(frozen=True, eq=False)
class ModelChoice:
    """Name of the film at one field and the evidence for it."""

    label: Label
    bic: dict[str, float]
    """By law: eq1, eq2, arrhenius, efros_shklovskii, mott_2d, log_resistivity, log_conductivity.

    Without any resistance eq1 is missing.
    """
    best: str
    """Law of least BIC among those with the right sign of dρ/dT."""
    fit: Fit
    """Eq. 1 or Eq. 2, by the sign of dρ/dT."""
    slope: float
    """Mean dρ/d ln T (ohm/square)."""
    slope_sd: float


def choose_model(
    curve: Curve,
    *,
    T_max: float = 0.7,
    floor: float = 0.0,
    loading: float = 0.0,
    loading_uncertainty: float = 0.1,
) -> ModelChoice:
    """Label of the curve below `T_max` (K), after the paper's Fig. 1.

    A superconductor has no resistance at its three or more coldest points: below `floor` (ohm/square) or
    within the noise. `loading` is that of `fit_eq1`. Raises ValueError as the fits do.
    """
    window = curve.window(T_max)
    slope, slope_sd = temperature_slope(window)
    fits: dict[Law, Fit] = {"eq2": fit_eq2(window, T_max=T_max)}
    if without_resistance(window):
        bic = information(window, fits, fits["eq2"])
        return ModelChoice("superconductor", bic, "eq2", fits["eq2"], slope, slope_sd)
    fits["eq1"] = fit_eq1(window, T_max=T_max, loading=loading, loading_uncertainty=loading_uncertainty)
    fit = fits["eq2" if slope > 0 else "eq1"]
    bic = information(window, fits, fit)
    side = ["eq2"] if slope > 0 else [law for law in bic if law != "eq2"]
    best = min(side, key=lambda law: bic[law])
    return ModelChoice(_label(window, slope, floor, best, fit), bic, best, fit, slope, slope_sd)


def is_superconducting(curve: Curve, floor: float = 0.0) -> bool:
    """True if at least the three coldest points show no resistance."""
    order = np.argsort(curve.temperature)
    rho, sd = curve.resistivity[order], curve.sd_resistivity[order]
    zero = (np.abs(rho) < 4 * sd) | (np.abs(rho) < floor)
    coldest = len(zero) if zero.all() else int(np.argmin(zero))
    if coldest < 3:
        return False
    # Many points of a small resistance could each hide in their noise; their mean cannot.
    weight = 1 / sd[:coldest] ** 2
    mean = float(weight @ rho[:coldest]) / float(np.sum(weight))
    return abs(mean) < max(floor, 3 / math.sqrt(float(np.sum(weight))))


def _label(curve: Curve, slope: float, floor: float, best: str, fit: Fit) -> Label:
    if is_superconducting(curve, floor):
        return "superconductor"
    if slope > 0:
        return "failed superconductor"
    if best in LOGARITHMIC_LAWS:
        return "log insulator"
    return "failed insulator" if fit.detection > DETECTED and fit.status == "value" else "insulator with limit"


def information(curve: Curve, fits: dict[Law, Fit], weighting: Fit) -> dict[str, float]:
    """BIC of every law; an error of T is weighted with the slope of the fit `weighting`."""
    base, prefactor, energy = weighting.best
    with np.errstate(divide="ignore"):
        p = np.array([base, np.log(prefactor), energy])
    problem = activated_problem(curve, weighting.law)
    problem = activated_problem(curve, weighting.law, problem.slope(p))
    penalty = math.log(len(curve.temperature))
    bic: dict[str, float] = {law: _activated_chi2(problem, law, fits[law]) + 3 * penalty for law in fits}
    bic |= {name: _stretched_chi2(problem, power) + 2 * penalty for name, power in STRETCHED_LAWS.items()}
    bic |= {
        "log_resistivity": _logarithmic_chi2(problem, conductivity=False) + 2 * penalty,
        "log_conductivity": _logarithmic_chi2(problem, conductivity=True) + 2 * penalty,
    }
    return bic


def _activated_chi2(problem: Activated, law: Law, fit: Fit) -> float:
    base, prefactor, energy = fit.best
    if not prefactor > 0:
        return math.inf
    start = np.array([base, math.log(prefactor), energy])
    return replace(problem, sign=SIGN[law]).solve(start).chi2


def _stretched_chi2(problem: Activated, power: float) -> float:
    """ρ = exp(c + g T^-power), g > 0."""
    x = problem.inverse_T**power
    rho, weight = _seen(problem)
    intercept, slope = straight_line(x, np.log(rho), weight * rho**2)

    def evaluate(p: Array) -> tuple[Array, Array]:
        model = np.exp(p[0] + p[1] * x)
        return _residual(problem, model, np.stack([model, model * x], axis=1))

    return _positive_chi2(evaluate, np.array([intercept, slope]))


def _logarithmic_chi2(problem: Activated, *, conductivity: bool) -> float:
    """ρ = a + g x or 1/ρ = a - g x with x = -ln T, g > 0."""
    x = np.log(problem.inverse_T)
    rho, weight = _seen(problem)
    value, weight = (1 / rho, weight * rho**4) if conductivity else (rho, weight)
    sign = -1.0 if conductivity else 1.0
    intercept, slope = straight_line(x, value, weight)

    def evaluate(p: Array) -> tuple[Array, Array]:
        y = p[0] + sign * p[1] * x
        by_p = np.stack([np.ones_like(x), sign * x], axis=1)
        if conductivity:
            return _residual(problem, 1 / y, -by_p / y[:, np.newaxis] ** 2)
        return _residual(problem, y, by_p)

    return _positive_chi2(evaluate, np.array([intercept, sign * slope]))


def _seen(problem: Activated) -> tuple[Array, Array]:
    """ρ and its weight (1/σ_ρ²); a reading below its own noise has no logarithm and gets neither."""
    inverse_sd = problem.inverse_sd / problem.resistivity if problem.logarithmic else problem.inverse_sd
    seen = problem.resistivity * inverse_sd > 1
    if not seen.any():
        return np.ones_like(problem.resistivity), np.ones_like(problem.resistivity)
    return np.where(seen, problem.resistivity, 1.0), np.where(seen, inverse_sd**2, 0.0)


def _residual(problem: Activated, model: Array, by_p: Array) -> tuple[Array, Array]:
    """Residual and Jacobian in s.d. of ln ρ or ρ; nan where a law gives no positive ρ."""
    if problem.logarithmic:
        residual = (np.log(model) - problem.target) * problem.inverse_sd
        return residual, by_p * (problem.inverse_sd / model)[:, np.newaxis]
    return (model - problem.target) * problem.inverse_sd, by_p * problem.inverse_sd[:, np.newaxis]


def _positive_chi2(evaluate: Evaluate, start: Array) -> float:
    """Least chi-square with a positive second parameter; inf if there is none."""
    if not start[1] > 0:
        return math.inf
    found = minimise(evaluate, start)
    usable = math.isfinite(found.chi2) and found.parameters[1] > 0
    return found.chi2 if usable else math.inf
