"""Arbitrary waveforms of a Keysight 33511B: its volatile memory, and what of a waveform a lock-in can see.

Source: 33500 series operating and service guide, arbitrary waveform commands; numbers of the errors are assumed. Points
are taken as joined smoothly, whatever the filter: the fundamental is that of the points themselves.
"""

import cmath
import math

import numpy as np
from numpy.typing import NDArray

from coldfinger.sim.scpi import Fault, Refused, real

Points = NDArray[np.float64]

MEMORY = 1_000_000  # points
FEWEST, LONGEST_NAME = 8, 12
BUILT_IN = "EXP_RISE"  # selected when there is no other; it sends nothing that the lock-in detects
DEFAULT_RATE, SLOWEST, FASTEST = 40e3, 1e-6, 160e6  # samples in a second
TOO_MUCH = (781, "Not enough memory to load new arb waveform; use DATA:VOLATILE:CLEAR")
MISSING = (785, "Specified arb waveform does not exist")
THERE_ALREADY = (786, "Specified arb waveform already exists")
_CONVERTER = 32767  # full scale of DAC points


def waveform_name(text: str) -> str:
    """A name with or without quotes, in capitals."""
    name = text.strip("\"' ").upper()
    if not 0 < len(name) <= LONGEST_NAME or not name.replace("_", "").isalnum():
        raise Refused(Fault.NOT_BOOLEAN)
    return name


def points(text: str) -> Points:
    """Points from -1 to 1."""
    return _numbers(text, 1.0)


def converter_points(text: str) -> Points:
    """Whole numbers from -32767 to 32767, as parts of full scale."""
    numbers = _numbers(text, float(_CONVERTER))
    if not np.array_equal(numbers, np.rint(numbers)):
        raise Refused(Fault.INVALID_PARAMETER)
    return numbers / _CONVERTER


def _numbers(text: str, most: float) -> Points:
    number = real(-most, most)
    parts = text.split(",")
    if len(parts) < FEWEST:
        raise Refused(Fault.OUT_OF_RANGE)
    return np.array([number(part.strip()) for part in parts])


def fundamental(wave: Points) -> tuple[float, float]:
    """Amplitude (V rms) of the fundamental for an amplitude setting of 1 Vpp, and its lead over a sine (degrees)."""
    turns = np.exp(-2j * math.pi * np.arange(len(wave)) / len(wave))
    phasor = 1j * complex(np.dot(wave, turns)) / len(wave)  # of half a volt for each full scale, as a sine
    return math.sqrt(0.5) * abs(phasor), math.degrees(cmath.phase(phasor))


class WaveformMemory:
    """Waveforms by name."""

    def __init__(self) -> None:
        self.waves: dict[str, Points] = {}

    @property
    def free(self) -> int:
        return MEMORY - sum(map(len, self.waves.values()))

    def load(self, name: str, wave: Points) -> tuple[int, str] | None:
        """Keep a waveform; what is wrong, None if nothing is."""
        if name in self.waves or name == BUILT_IN:
            return THERE_ALREADY
        if len(wave) > self.free:
            return TOO_MUCH
        self.waves[name] = wave
        return None
