"""Axes on which a law of ρ(T) is a straight line, and how straight the points are there.

Arrhenius, Efros-Shklovskii and Mott plot ln ρ against T^-1, T^-1/2 and T^-1/3 (A. L. Efros and B. I. Shklovskii,
J. Phys. C 8, L49 (1975); N. F. Mott, J. Non-Cryst. Solids 1, 1 (1968)); the logarithms plot ρ and 1/ρ against ln T.
A line is easily thought straight by eye, so each view carries chi-square, its curvature and the BIC of its law
beside that of Eq. 1.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from coldfinger.analysis.fits.fit_result import Array, Curve
from coldfinger.analysis.fits.model_choice import choose_model

POWERS = {"arrhenius": 1.0, "efros_shklovskii": 1 / 2, "mott_2d": 1 / 3}
LABELS = {
    "arrhenius": ("1/T (1/K)", "ln(ρ / Ω)"),
    "efros_shklovskii": ("T^(−1/2) (K^−1/2)", "ln(ρ / Ω)"),
    "mott_2d": ("T^(−1/3) (K^−1/3)", "ln(ρ / Ω)"),
    "log_resistivity": ("ln(T / K)", "ρ (Ω/□)"),
    "log_conductivity": ("ln(T / K)", "1/ρ (S)"),
}


@dataclass(frozen=True, eq=False)
class View:
    """One curve on the axes of one law, points in order of temperature, with the best straight line."""

    law: str
    x_label: str
    y_label: str
    x: Array
    """Shape (n,)."""
    y: Array
    """Shape (n,)."""
    sd: Array
    """Standard deviation of y, an error of T included through the line's slope; shape (n,)."""
    intercept: float
    slope: float
    slope_sd: float
    chi2_nu: float
    """Of the straight line."""
    probability: float
    """Of a chi-square this large if the points lie on a line."""
    curvature: float
    """What a parabola adds at the ends of the line over the range of y it covers: 0 is straight."""
    curvature_significance: float
    """That curvature in s.d."""
    bic: float
    """Of this law, as `choose_model` finds it."""
    against_eq1: float
    """BIC of this law less that of Eq. 1: positive if Eq. 1 is the better."""
    scale: float
    """T_0 or E_a (K): slope^(1/power) for the hopping laws; nan for the logarithms and for a falling line."""
    scale_sd: float
    doubt: str
    """Why the line should not be believed; empty if it may be."""


def views(curve: Curve, *, T_max: float = 0.7, loading: float = 0.0) -> dict[str, View]:
    """The curve at or below `T_max` (K) on the axes of the five laws without saturation.

    Points without a resistance above zero have no place on a logarithm; they are left out and that is said. Raises
    ValueError as the fits do, and for fewer than five points with a resistance.
    """
    window = curve.window(T_max)
    choice = choose_model(window, T_max=T_max, loading=loading)
    order = np.argsort(window.temperature)
    order = order[window.resistivity[order] > 0]
    if len(order) < 5:
        raise ValueError(f"views: {len(order)} points with a resistance above zero; at least 5 are needed")
    left_out = len(window.temperature) - len(order)
    T, rho = window.temperature[order], window.resistivity[order]
    sd_rho, sd_T = window.sd_resistivity[order], window.sd_temperature[order]
    eq1 = choice.bic.get("eq1", math.nan)
    result = {}
    for law in LABELS:
        x, y, sd_y = _axes(law, T, rho, sd_rho)
        by_T = np.gradient(x, T) * sd_T if np.any(sd_T) else np.zeros_like(T)
        result[law] = _view(law, x, y, sd_y, by_T, (choice.bic.get(law, math.nan), eq1), left_out)
    return result


def _axes(law: str, T: Array, rho: Array, sd: Array) -> tuple[Array, Array, Array]:
    if law in POWERS:
        return T ** -POWERS[law], np.log(rho), sd / rho
    if law == "log_resistivity":
        return np.log(T), rho, sd
    return np.log(T), 1 / rho, sd / rho**2


def _view(law: str, x: Array, y: Array, sd_y: Array, sd_x: Array, bic: tuple[float, float], left_out: int) -> View:
    sd = sd_y
    for _ in range(3):
        line, covariance, chi2 = _polynomial(x, y, sd, 1)
        sd = np.hypot(sd_y, line[1] * sd_x)
    slope, slope_sd = float(line[1]), math.sqrt(covariance[1, 1])
    bend, of_bend, _ = _polynomial((x - x.mean()) / (np.ptp(x) / 2), y, sd, 2)
    rise = abs(slope) * float(np.ptp(x))
    dof = len(x) - 2
    probability = float(chdtrc(dof, chi2))
    power = POWERS.get(law)
    hopping = power is not None and slope > 0
    scale = slope ** (1 / power) if power is not None and slope > 0 else math.nan
    falls = slope > 0 if law == "log_conductivity" else (slope < 0 if law == "log_resistivity" else slope > 0)
    doubts = [
        "" if falls else "ρ does not fall on warming: not a law of an insulator",
        f"not straight: chi-square has a probability of {probability:.1g}" if probability < 0.01 else "",
        f"{left_out} points without a resistance left out" if left_out else "",
    ]
    return View(
        law,
        *LABELS[law],
        x,
        y,
        sd,
        float(line[0]),
        slope,
        slope_sd,
        chi2 / dof,
        probability,
        float(bend[2]) / rise if rise > 0 else math.nan,
        float(bend[2]) / math.sqrt(of_bend[2, 2]),
        bic[0],
        bic[0] - bic[1],
        scale,
        scale / power * slope_sd / slope if hopping and power is not None else math.nan,
        "; ".join(d for d in doubts if d),
    )


def _polynomial(x: Array, y: Array, sd: Array, degree: int) -> tuple[Array, Array, float]:
    """Coefficients, covariance and chi-square of a weighted polynomial."""
    design = x[:, np.newaxis] ** np.arange(degree + 1) / sd[:, np.newaxis]
    size = np.sqrt(np.sum(design**2, axis=0))
    covariance: Array = np.linalg.inv((design / size).T @ (design / size)) / np.outer(size, size)
    c = covariance @ design.T @ (y / sd)
    return c, covariance, float(np.sum((design @ c - y / sd) ** 2))
