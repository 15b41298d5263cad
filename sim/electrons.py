"""Hot electrons: the measuring current warms the film's electrons above the chip.

I^2 R = Sigma Omega (T_e^5 - T_chip^5). Under current bias the root is unique; it is enclosed and closed in on in
u = T_e^5, in which the cooling term is a straight line (regula falsi with the Illinois correction).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]

ELECTRON_PHONON = 2e9  # W m^-3 K^-5, assumed default
_MOST_STEPS = 40
_CLOSE = 1e-12  # of T_e^5


def electron_temperature(
    power: Callable[[Real], Real], chip: Real, film_volume: float, coupling: float = ELECTRON_PHONON
) -> Real:
    """Electron temperature (K), same shape as `chip` (K).

    `power` gives the heat (W) in the film at electron temperatures (K); `film_volume` in m^3.
    """
    conductance = coupling * film_volume
    cold = chip**5
    low = cold.copy()
    f_low = -power(chip) / conductance
    # No more heat than the larger of what the film takes cold and what it takes well above every feature.
    most = np.maximum(-f_low, power(np.maximum(chip, 1.5)) / conductance)
    high = cold + 1.5 * most + 1e-30
    f_high = high - cold - power(high**0.2) / conductance
    kept = np.zeros_like(chip)
    for _ in range(_MOST_STEPS):
        span = f_high - f_low
        middle = np.where(span > 0, high - f_high * (high - low) / np.where(span > 0, span, 1.0), low)
        f = middle - cold - power(middle**0.2) / conductance
        if np.all(np.abs(f) <= _CLOSE * high):
            break
        above = f > 0
        f_low = np.where(above, np.where(kept > 0, 0.5 * f_low, f_low), f)
        f_high = np.where(above, f, np.where(kept < 0, 0.5 * f_high, f_high))
        low, high = np.where(above, low, middle), np.where(above, middle, high)
        kept = np.where(above, 1.0, -1.0)
    # Half an ulp below the chip can come out where there is no heat; electrons are never colder than it.
    return np.asarray(np.maximum(middle**0.2, chip))
