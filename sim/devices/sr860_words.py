"""The language of an SR860: units after a number, words for an index, and how it writes numbers.

Source: SR860 manual, chapter 4.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from coldfinger.sim.scpi import Fault, Parameter, Refused, integer, real

_QUANTITY = re.compile(r"([^A-Z]*(?:E[+-]?\d+)?)\s*([A-Z]*)", re.ASCII | re.IGNORECASE)
VOLTS = {"NV": 1e-9, "UV": 1e-6, "MV": 1e-3, "V": 1.0}
HERTZ = {"HZ": 1.0, "KHZ": 1e3, "MHZ": 1e6}
ANGLES = {"UDEG": 1e-6, "MDEG": 1e-3, "DEG": 1.0, "URAD": 1e-6, "MRAD": 1e-3, "RAD": 1.0}
for _name in ("URAD", "MRAD", "RAD"):
    ANGLES[_name] = math.degrees(ANGLES[_name])
# The part in capitals is enough.
_CHANNELS: tuple[str, ...] = ("X", "Y", "R", "THeta", "IN1", "IN2", "IN3", "IN4", "XNOise", "YNOise", "OUT1", "OUT2")
_CHANNELS += ("PHAse", "SAMp", "LEVel", "FInt", "FExt")


def number(value: float) -> str:
    """A real number as the instrument writes it; nine digits and a two-digit exponent are assumed."""
    return f"{value + 0.0:.9g}"


def rounded(value: float, digits: int, step: float) -> float:
    """So many digits or a step that is a power of ten, whichever is coarser."""
    if value == 0.0:
        return 0.0
    return round(value, min(round(-math.log10(step)), digits - 1 - math.floor(math.log10(abs(value)))))


def quantity(low: float, high: float, units: Mapping[str, float]) -> Parameter:
    """A number from `low` to `high`, with or without one of the units."""
    limited, free = real(low, high), real()

    def convert(text: str) -> float:
        match = _QUANTITY.fullmatch(text)
        unit = match[2].upper() if match else ""
        if match is None or (unit and unit not in units):
            raise Refused(Fault.INVALID_PARAMETER)
        value: float = free(match[1].strip()) * units.get(unit, 1.0)
        return float(limited(repr(value)))

    return convert


def choice(*names: str) -> Parameter:
    """An index from 0, or its name; of a name in mixed case the capitals are enough."""
    index = integer(0, len(names) - 1)
    known = {}
    for place, name in enumerate(names):
        known[name.upper()] = known["".join(c for c in name if not c.islower())] = place

    def convert(text: str) -> int:
        place = known.get(text.upper())
        return int(index(text)) if place is None else place

    return convert


def replaced(values: tuple[Any, ...], place: int, value: Any) -> tuple[Any, ...]:
    """The same values, with another one in a place."""
    return (*values[:place], value, *values[place + 1 :])


OFF_ON = choice("OFF", "ON")
SIGNAL = choice(*_CHANNELS)
TRACE = choice("DAT1", "DAT2", "DAT3", "DAT4")
AXIS = choice("X", "Y", "R")
AUX_OUTPUT = choice("OUT1", "OUT2", "OUT3", "OUT4")
