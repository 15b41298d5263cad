"""An amplitude as an output can hold it: so many decimal digits, and never more than a station allows."""

import math

from coldfinger.instruments.bound import Bound


def held_amplitude(volts: float, digits: int, limit: Bound | None = None) -> float:
    """`volts` (above 0) rounded to so many digits; downwards where rounding up would pass `limit`."""
    step = 10.0 ** (math.floor(math.log10(volts)) + 1 - digits)
    held = float(f"{volts:.{digits - 1}e}")
    if limit is not None and held > limit.largest >= volts:
        held = float(f"{math.floor(volts / step * (1 + 1e-12)) * step:.{digits - 1}e}")
    return held
