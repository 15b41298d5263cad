"""How much of a saturation can the measuring current have made? The electrons' own temperature, estimated.

    P = I² (N_sq + 2 N_end) ρ = Σ Ω (T_e^n − T^n)

Electrons above the lattice's temperature conduct as a warmer film would, so that a law without saturation bends over.
A heating test asks the film itself and goes before this estimate, whose constants are assumed.
"""

import numpy as np

from coldfinger.analysis.fits.fit_result import Array, Curve, Fit

COUPLING = 2e9
"""Σ (W m^-3 K^-n) of electrons and phonons, assumed; a common value for metals."""
POWER = 5
"""n, assumed."""
VOLUME_PER_SQUARE = 1.2e-15
"""m³: a film of 200 µm x 200 µm and 30 nm, assumed."""


def electron_temperature(T: Array, current: Array, resistivity: Array, squares: float = 3.0) -> Array:
    """T_e (K) at lattice temperature T (K), current (A rms) and ρ (ohm/square); all of shape (n,).

    `squares` is all of the film that the current flows through. Never below T.
    """
    power = current**2 * squares * np.maximum(resistivity, 0.0)
    hot: Array = (T**POWER + power / (COUPLING * VOLUME_PER_SQUARE * squares)) ** (1 / POWER)
    return hot


def heating_bound(fit: Fit, curve: Curve, current: Array, squares: float = 3.0) -> float:
    """What heating may have added to the base of `fit`: S for Eq. 1, ohm/square for Eq. 2.

    The activated part b exp(−E/T_e) − b exp(−E/T) at the coldest point, from the prefactor and energy of the fit
    itself and the ρ measured there; `current` (A) has the shape of the curve.
    """
    coldest = int(np.argmin(curve.temperature))
    T = curve.temperature[coldest : coldest + 1]
    hot = electron_temperature(T, current[coldest : coldest + 1], curve.resistivity[coldest : coldest + 1], squares)
    _, prefactor, energy = fit.best
    if not prefactor > 0:
        return 0.0
    return float(prefactor * (np.exp(-energy / hot) - np.exp(-energy / T))[0])
