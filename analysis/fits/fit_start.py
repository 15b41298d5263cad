"""Start values for Eq. 1 and Eq. 2 without asking anybody: variable projection.

For a given E both laws are linear in their two amplitudes, y = a + b exp(-E/T), so that only E must be
searched: sixty logarithmic steps, each a 2 x 2 non-negative least-squares problem, then a parabola
through the best three.
"""

import math

import numpy as np

from coldfinger.analysis.fits.activated import Activated
from coldfinger.analysis.fits.fit_result import Array

ENERGIES = np.geomspace(0.02, 8.0, 60)
"""Activation energies tried (K)."""
NOTHING = -1e4
"""ln b of an activated part that is not there."""


def start_values(problem: Activated) -> Array:
    """(a, ln b, E) near the minimum of chi-square; ln b = `NOTHING` where no positive b helps at any E."""
    weight, weighted_y = _weights(problem)
    total = float(np.sum(weight))
    if not total > 0:
        return np.array([1.0, NOTHING, 1.0])
    gain, a, b = _project(problem, ENERGIES, weight, weighted_y)
    best = int(np.argmax(gain))
    if not gain[best] > 0:
        return np.array([max(float(np.sum(weighted_y)) / total, 1e-12), NOTHING, 1.0])
    energy = _between(gain, best)
    finer = _project(problem, np.array([energy]), weight, weighted_y)
    if finer[0][0] >= gain[best]:
        return _parameters(problem, energy, float(finer[1][0]), float(finer[2][0]))
    return _parameters(problem, float(ENERGIES[best]), float(a[best]), float(b[best]))


def _weights(problem: Activated) -> tuple[Array, Array]:
    """Weight of each y and weight times y, from those of ln ρ or ρ; a ρ near zero divides nothing."""
    rho, weight = problem.resistivity, problem.inverse_sd**2
    if problem.logarithmic:
        return (weight / rho**2, weight / rho) if problem.sign > 0 else (weight * rho**2, weight * rho)
    if problem.sign > 0:
        return weight, weight * rho
    rho = np.maximum(rho, 0.0)
    return weight * rho**4, weight * rho**3


def _project(problem: Activated, energy: Array, weight: Array, weighted_y: Array) -> tuple[Array, Array, Array]:
    """For each energy: fall of chi-square against a constant y; a; b at the warmest point."""
    with np.errstate(all="ignore"):
        coldness = problem.inverse_T - np.min(problem.inverse_T)
        u = np.exp(-energy[:, np.newaxis] * coldness)
        total, total_y = float(np.sum(weight)), float(np.sum(weighted_y))
        total_u, total_uu, total_uy = u @ weight, (u * u) @ weight, u @ weighted_y
        shared = total_uy - total_u * total_y / total
        b = shared / (total_uu - total_u**2 / total)
        a = (total_y - b * total_u) / total
        gain = b * shared
        alone = total_uy / total_uu
        gain = np.where(a < 0, alone * total_uy - total_y**2 / total, gain)
        b = np.where(a < 0, alone, b)
        gain = np.where((b > 0) & np.isfinite(gain), gain, 0.0)
    return gain, np.maximum(a, 0.0), b


def _between(gain: Array, best: int) -> float:
    """Energy of the top of the parabola through the best value and its neighbours."""
    if not 0 < best < len(gain) - 1:
        return float(ENERGIES[best])
    left, middle, right = (float(g) for g in gain[best - 1 : best + 2])
    bend = left - 2 * middle + right
    offset = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(ENERGIES[best] * (ENERGIES[1] / ENERGIES[0]) ** offset)


def _parameters(problem: Activated, energy: float, a: float, b_warm: float) -> Array:
    """From b at the warmest point to b at infinite temperature."""
    return np.array([a, math.log(b_warm) + energy * float(np.min(problem.inverse_T)), energy])
