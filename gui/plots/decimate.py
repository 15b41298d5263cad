"""Curves with no more points than a screen can show: extremes of each bucket of neighbours, in the order measured.

Buckets are of rows, not of x: a sweep up and down stays two branches, and a spike of one row stays visible.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def decimate(x: Array, y: Array, most: int) -> tuple[Array, Array]:
    """At most `most` (four or more) of the points, ends and the extremes of y included; order is kept.

    A bucket without any finite y leaves one gap. Raises ValueError where x and y differ in length.
    """
    chosen = chosen_rows(y, most)
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} points and y {len(y)}; they must be as many")
    return (x, y) if chosen is None else (x[chosen], y[chosen])


def chosen_rows(y: Array, most: int) -> NDArray[np.intp] | None:
    """Indices of the rows that `decimate` keeps, rising; None where that is all of them."""
    if most < 4:
        raise ValueError(f"{most} points cannot show the extremes of a curve; at least 4 are needed")
    count = len(y)
    if count <= most:
        return None
    size = -(-count // ((most - 2) // 2))
    whole = count // size * size
    picked = _extremes(y[:whole].reshape(-1, size), size)
    if whole < count:
        picked = np.concatenate([picked, whole + _extremes(y[whole:].reshape(1, -1), count - whole)])
    kept = np.zeros(count, dtype=np.bool_)  # in order and once each, quicker than sorting
    kept[picked] = kept[0] = kept[-1] = True
    return np.flatnonzero(kept)


def _extremes(buckets: Array, size: int) -> NDArray[np.intp]:
    low, high = buckets, buckets
    if np.isnan(buckets.min()):  # one pass: a minimum is nan where any value is
        gaps = np.isnan(buckets)
        low, high = np.where(gaps, np.inf, buckets), np.where(gaps, -np.inf, buckets)
    starts = np.arange(len(buckets)) * size
    return np.concatenate([starts + low.argmin(axis=1), starts + high.argmax(axis=1)])


def visible_rows(x: Array, low: float, high: float) -> slice:
    """The rows from the first to the last within low <= x <= high, and one more at each end."""
    inside = np.flatnonzero((x >= low) & (x <= high))
    if not len(inside):
        return slice(0, 0)
    return slice(max(int(inside[0]) - 1, 0), int(inside[-1]) + 2)
