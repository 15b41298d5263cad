"""A thermometer that is not measured now, known from its readings alone.

A bridge whose scanner is elsewhere repeats the last reading of the channel's last turn, and its status is that of then.
A reading of this moment carries noise, so it never stands still for long. When the scanner comes back just after a row
has begun, the row's first readings are of the turn before: all the same, and off the line of those that follow.
"""

import math
from collections.abc import Sequence

import numpy as np

STANDS = 1.0  # s; longer than the steps in which a filtered reading is renewed
LEFT_OVER = 5.5  # s.d.; one row in a hundred million has it by chance
_MOST_FIRST = 2  # readings within STANDS; more of them stand


def longest_stand(times: Sequence[float], readings: Sequence[float]) -> float:
    """Longest time (s) within which neighbouring readings at those times (s) are one and the same number."""
    longest, begin = 0.0, 0
    for i, reading in enumerate(readings):
        if reading != readings[begin]:
            begin = i
        longest = max(longest, times[i] - times[begin])
    return longest


def left_over(readings: Sequence[float]) -> float:
    """How far the equal first readings are off the line through the others, in the unit of the readings.

    Counted once for each of them, as they add to the mean, and divided by the factor between its s.d. and that of a
    single reading. Zero for less than four readings.
    """
    first = _MOST_FIRST if len(readings) > 1 and readings[0] == readings[1] else 1
    places = np.arange(_MOST_FIRST, len(readings), dtype=float)
    if len(places) < 2:
        return 0.0
    middle = places.mean()
    width = float(((places - middle) ** 2).sum())
    others = np.asarray(readings[_MOST_FIRST:])
    slope = float(((places - middle) * others).sum()) / width
    off = readings[0] - (float(others.mean()) - slope * middle)
    return first * abs(float(off)) / math.sqrt(1.0 + 1.0 / len(places) + float(middle) ** 2 / width)
