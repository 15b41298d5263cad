"""What has to be seen of curves: the range of their values, as the view counts them."""

from collections.abc import Sequence

import numpy as np

from coldfinger.gui.plots.curve import to_view
from coldfinger.gui.plots.series import Array


def extent(columns: Sequence[Array], log: bool) -> tuple[float, float]:
    """Smallest and largest that can be shown, in the view, with some room about a single value; 0 to 1 without any."""
    low, high = np.inf, -np.inf
    for values in columns:
        if len(values) and (lowest := float(values.min())) > (0.0 if log else -np.inf) and np.isfinite(values.max()):
            low, high = min(low, lowest), max(high, float(values.max()))
            continue  # the usual case, without copies; nan compares as false
        there = values[np.isfinite(values) & ((values > 0) | (not log))]
        if len(there):
            low, high = min(low, float(there.min())), max(high, float(there.max()))
    if not low <= high:
        low, high = (1.0, 10.0) if log else (0.0, 1.0)
    ends = to_view(np.array([low, high]), log)
    low, high = float(ends[0]), float(ends[1])
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        room = 0.1 if log else 0.05 * abs(low) or 0.5
        low, high = low - room, high + room
    return low, high
