"""A number as it is shown: with as many digits as its uncertainty has, and with how far to believe it."""

import math
from dataclasses import dataclass
from enum import Enum

_PREFIXES = {-5: "f", -4: "p", -3: "n", -2: "µ", -1: "m", 0: "", 1: "k", 2: "M", 3: "G"}


class Trust(Enum):
    """How a number may look."""

    GOOD = "good"
    WEAK = "weak"
    """Drawn hollow: there is a number, and a reason not to lean on it."""
    LIMIT = "limit"
    """An upper limit, not a value."""
    NONE = "none"
    """Struck out: it must not be used."""


@dataclass(frozen=True)
class Number:
    """One parameter as it is shown."""

    symbol: str
    text: str
    trust: Trust
    words: str = ""
    """Why it looks as it does; empty for a good one."""


def with_sd(value: float, sd: float, unit: str) -> str:
    """ "1.11 ± 0.02 mS": two digits of the s.d. where it begins with 1 or 2, else one; no more of the value.

    A value that has no s.d. says so: "12 µS ± ?".
    """
    if not (math.isfinite(value) and math.isfinite(sd) and sd > 0):
        return f"{plain(value, unit)} ± ?" if math.isfinite(value) else plain(value, unit)
    power = _power(max(abs(value), sd), unit)
    scale = 1000.0**power
    places = _places(sd / scale)
    text = f"{value / scale:.{max(places, 0)}f} ± {sd / scale:.{max(places, 0)}f}"
    return f"{text} {_PREFIXES[power]}{unit}".replace("-", "−").strip()


def plain(value: float, unit: str, digits: int = 2) -> str:
    """A limit or a number without s.d., in a few digits."""
    if not math.isfinite(value):
        return "–"
    power = _power(abs(value), unit)
    rounded = float(f"{value / 1000.0**power:.{digits}g}")
    return f"{rounded:g} {_PREFIXES[power]}{unit}".replace("-", "−").strip()


def _power(size: float, unit: str) -> int:
    return 0 if size == 0 or not unit else min(max(math.floor(math.log10(size) / 3 + 1e-9), -5), 3)


def _places(sd: float) -> int:
    """Decimal places so that the s.d. keeps two digits where it begins with 1 or 2, else one."""
    leading = math.floor(math.log10(sd))
    return (1 if sd / 10.0**leading < 2.95 else 0) - leading
