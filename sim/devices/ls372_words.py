"""How the Lake Shore 372 counts and writes: index tables, numbers, channels and names.

Source: Model 372 manual, chapter 6; reply widths as captured from real units. Numbers are written as a sign, six digits
with a point, and an exponent that is a multiple of three: +293.873E+00, +50.0000E-03.
"""

import math
from collections.abc import Callable

from coldfinger.sim.scpi import Fault, Refused, integer, word


def _half_decades(count: int, first: int, exponent: int) -> tuple[float, ...]:
    steps = {2: ("2", "6.32"), 1: ("1", "3.16")}[first]
    return tuple(float(f"{steps[i % 2]}e{exponent + i // 2}") for i in range(count))


VOLTAGES = _half_decades(12, 2, -6)
"""Voltage excitations (V rms) 1 to 12 of a measurement input: 2 uV to 632 mV."""
CURRENTS = _half_decades(22, 1, -12)
"""Current excitations (A rms) 1 to 22 of a measurement input: 1 pA to 31.6 mA."""
CONTROL_CURRENTS = CURRENTS[5:11]
"""Current excitations (A rms) 1 to 6 of the control input: 316 pA to 100 nA."""
RANGES = _half_decades(22, 2, -3)
"""Full scales (ohm) 1 to 22: 2 mohm to 63.2 Mohm."""
HEATER_RANGES = (0.0, 31.6e-6, 100e-6, 316e-6, 1e-3, 3.16e-3, 10e-3, 31.6e-3, 100e-3)
"""Full-scale currents (A) of RANGE 0 to 8 of the sample heater."""
WARMUP_RESISTANCES = (25.0, 50.0)
"""Resistances (ohm) 1 and 2 of a warm-up heater."""
WARMUP_CURRENTS = (0.0, 0.45, 0.63)
"""Full-scale currents (A) 1 and 2 of the warm-up heater; 0: what the user says."""

TEMPERATURE_OVER, TEMPERATURE_UNDER = 64, 128  # RDGST bits
RESISTANCE_OVER = 16
OPEN_INPUT = "+000.000E+09"


def engineering(value: float) -> str:
    """+293.873E+00: sign, six digits, an exponent that is a multiple of three."""
    if not math.isfinite(value) or abs(value) < 1e-90:
        return "+000.000E+00"
    mantissa, _, exponent = f"{value:+.5e}".partition("e")
    shift = int(exponent) % 3
    digits = mantissa.replace(".", "")  # sign and six digits
    return f"{digits[: 2 + shift]}.{digits[2 + shift :]}E{int(exponent) - shift:+03d}"


def index(table: tuple[float, ...], value: float) -> int:
    """Number, from 1, of the nearest entry by ratio."""
    return 1 + min(range(len(table)), key=lambda i: abs(math.log(table[i] / value)))


def channel(text: str) -> str:
    """A measurement channel 1 to 16 without leading zeros, or A."""
    return "A" if text.upper() == "A" else str(integer(1, 16)(text))


def channel_or_all(text: str) -> str:
    """The same, or 0 for all."""
    return "A" if text.upper() == "A" else str(integer(0, 16)(text))


def control_or_measurement(text: str) -> str:
    """A for the control input, 0 for the measurement input with all its channels."""
    return "A" if text.upper() == "A" else str(integer(0, 0)(text))


def title(longest: int) -> Callable[[str], str]:
    """A name of at most so many characters; a longer one is refused."""

    def convert(text: str) -> str:
        name = word(text)
        if len(name) > longest:
            raise Refused(Fault.OUT_OF_RANGE)
        return name

    return convert
