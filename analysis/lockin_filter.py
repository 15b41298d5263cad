"""What n equal low-pass poles of a lock-in do to a signal that changes with time, or with a field that is swept."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def cutoff_frequency(time_constant: float, poles: int = 4) -> float:
    """Frequency (Hz) at which n poles of a time constant (s) halve the power: 2 pi tau f = sqrt(2^(1/n) - 1)."""
    return math.sqrt(2.0 ** (1.0 / poles) - 1.0) / (2.0 * math.pi * time_constant)


def power_gain(frequency: ArrayLike, time_constant: float, poles: int = 4) -> NDArray[np.float64]:
    """Power gain (1 + (2 pi f tau)^2)^-n, same shape as `frequency` (Hz)."""
    turns = 2.0 * math.pi * np.asarray(frequency, dtype=float) * time_constant
    return np.asarray((1.0 + turns**2) ** -poles)


def sweep_rate(resolution: float, time_constant: float, poles: int = 4) -> float:
    """dH/dt (Oe/s) at which the cut-off in a swept field is `resolution` (1/Oe): f_3dB/f_H."""
    return cutoff_frequency(time_constant, poles) / resolution
