"""Scatter of a handful of readings, in floats: the statistics module's exact fractions take fifty times longer."""

import math
from collections.abc import Sequence


def spread(values: Sequence[float]) -> float:
    """Standard deviation of readings around their own mean (population); nan for none."""
    count = len(values)
    if count == 0:
        return math.nan
    mean = math.fsum(values) / count
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / count)
