"""The laws of ρ(T) that the paper and its competitors propose, and the constants they are judged by.

Every law gives the sheet resistance ρ (ohm/square) for temperatures T (K) and broadcasts as numpy does. An
exponential that leaves the range of a float becomes 0 or inf without a warning: σ_QF = 0 at T → 0 is ρ = inf.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

ELEMENTARY_CHARGE = 1.602176634e-19
"""e (C), exact since the SI of 2019."""
PLANCK = 6.62607015e-34
"""h (J s), exact since the SI of 2019."""
R_Q_PAIR = PLANCK / (4 * ELEMENTARY_CHARGE**2)
"""Quantum of resistance for pairs, h/4e² = 6453.2 ohm."""
R_K = PLANCK / ELEMENTARY_CHARGE**2
"""Quantum of resistance for electrons (von Klitzing), h/e² = 25 812.8 ohm."""
FLUX_QUANTUM = PLANCK / (2 * ELEMENTARY_CHARGE)
"""Flux quantum of pairs, h/2e = 2.0678e-15 Wb = 20.678 Oe µm²."""


def failed_insulator(T: ArrayLike, sigma_QF: ArrayLike, sigma_0: ArrayLike, E_aI: ArrayLike) -> FloatArray:
    """ρ = 1/[σ_QF + σ_0 exp(−E_aI/T)] (ohm/square), the paper's Eq. 1; σ in siemens, E_aI in K."""
    with np.errstate(all="ignore"):
        rho: FloatArray = 1 / (np.asarray(sigma_QF) + np.asarray(sigma_0) * np.exp(-_reduced(E_aI, T)))
    return rho


def failed_superconductor(T: ArrayLike, rho_QF: ArrayLike, rho_0: ArrayLike, E_aS: ArrayLike) -> FloatArray:
    """ρ = ρ_QF + ρ_0 exp(−E_aS/T) (ohm/square), the paper's Eq. 2; ρ_QF and ρ_0 in ohm/square, E_aS in K."""
    with np.errstate(all="ignore"):
        rho: FloatArray = np.asarray(rho_QF) + np.asarray(rho_0) * np.exp(-_reduced(E_aS, T))
    return rho


def failed_insulator_slope(T: ArrayLike, sigma_QF: ArrayLike, sigma_0: ArrayLike, E_aI: ArrayLike) -> FloatArray:
    """d ln ρ/d ln T of Eq. 1: never positive, −E_aI/T where the activated part carries all the current."""
    return -_activated_slope(T, sigma_QF, sigma_0, E_aI)


def failed_superconductor_slope(T: ArrayLike, rho_QF: ArrayLike, rho_0: ArrayLike, E_aS: ArrayLike) -> FloatArray:
    """d ln ρ/d ln T of Eq. 2: positive for ρ_0 > 0, E_aS/T where ρ_QF is negligible."""
    return _activated_slope(T, rho_QF, rho_0, E_aS)


def curvature_zero(sigma_QF: float, sigma_0: float, E_aI: float) -> float | None:
    """Temperature (K) at which d²ρ/dT² of Eq. 1 changes sign, always below E_aI/2; None where it never does.

    The root x = E_aI/T > 2 of r eˣ (x − 2) = x + 2 with r = σ_QF/σ_0; it is unique because r (x − 2) grows
    and (x + 2) e⁻ˣ falls. An insulator (σ_QF = 0) and a curve without activation have none.
    """
    if not (sigma_QF > 0 and sigma_0 > 0 and E_aI > 0):
        return None
    ratio = sigma_QF / sigma_0
    if not 0 < ratio < math.inf:
        return None
    low, high = 2.0, 6.0 + max(0.0, -math.log(ratio))
    while low < (middle := (low + high) / 2) < high:
        if ratio * (middle - 2) < (middle + 2) * math.exp(-middle):
            low = middle
        else:
            high = middle
    return E_aI / high


def arrhenius(T: ArrayLike, rho_0: ArrayLike, E_a: ArrayLike) -> FloatArray:
    """ρ = ρ_0 exp(E_a/T): activation without saturation."""
    return _stretched(T, rho_0, E_a, 1.0)


def efros_shklovskii(T: ArrayLike, rho_0: ArrayLike, T_0: ArrayLike) -> FloatArray:
    """ρ = ρ_0 exp[(T_0/T)^(1/2)]: variable-range hopping with a Coulomb gap."""
    return _stretched(T, rho_0, T_0, 1 / 2)


def mott_2d(T: ArrayLike, rho_0: ArrayLike, T_0: ArrayLike) -> FloatArray:
    """ρ = ρ_0 exp[(T_0/T)^(1/3)]: variable-range hopping in two dimensions."""
    return _stretched(T, rho_0, T_0, 1 / 3)


def log_resistivity(T: ArrayLike, a: ArrayLike, b: ArrayLike) -> FloatArray:
    """ρ = a − b ln(T/1 K), a and b in ohm/square: the law of the less disordered films above 400 Oe."""
    rho: FloatArray = np.asarray(a) - np.asarray(b) * _log(T)
    return rho


def log_conductivity(T: ArrayLike, a: ArrayLike, b: ArrayLike) -> FloatArray:
    """ρ = 1/[a + b ln(T/1 K)], a and b in siemens; negative below the temperature where the law ends."""
    with np.errstate(all="ignore"):
        rho: FloatArray = 1 / (np.asarray(a) + np.asarray(b) * _log(T))
    return rho


def _reduced(energy: ArrayLike, T: ArrayLike) -> FloatArray:
    """E/T without unit; the caller keeps numpy quiet."""
    x: FloatArray = np.asarray(energy, dtype=float) / np.asarray(T, dtype=float)
    return x


def _activated_slope(T: ArrayLike, base: ArrayLike, prefactor: ArrayLike, energy: ArrayLike) -> FloatArray:
    """d ln/d ln T of base + prefactor e^(−x), that is x/(1 + r eˣ) with r = base/prefactor and x = E/T."""
    base, prefactor = np.asarray(base, dtype=float), np.asarray(prefactor, dtype=float)
    with np.errstate(all="ignore"):
        x = _reduced(energy, T)
        saturation = np.where(base == 0, 0.0, base / prefactor * np.exp(x))
        return np.where(np.isinf(saturation), 0.0, x / (1 + saturation))


def _stretched(T: ArrayLike, rho_0: ArrayLike, scale: ArrayLike, power: float) -> FloatArray:
    with np.errstate(all="ignore"):
        rho: FloatArray = np.asarray(rho_0) * np.exp(_reduced(scale, T) ** power)
    return rho


def _log(T: ArrayLike) -> FloatArray:
    with np.errstate(all="ignore"):
        logarithm: FloatArray = np.log(np.asarray(T, dtype=float))
    return logarithm
