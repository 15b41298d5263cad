"""Where the names of curves stand beside their ends: none on another, each as near to its end as the others let it.

Everything here is in pixels, y downwards.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from coldfinger.gui.plots.series import Array


@dataclass(frozen=True)
class End:
    """The end of a curve that wants its name there."""

    key: str
    y: float
    rank: Callable[[], float]
    """Where the curve is elsewhere (y): orders the names of curves that meet at their ends."""


def places(ends: Sequence[End], line: float, top: float, bottom: float) -> dict[str, float]:
    """y of the middle of each name by its key: `line` apart, between `top` and `bottom`, moved as little as can be.

    Where not all fit, the names are not moved, and those that would lie on one before them are left out.
    """
    if len(ends) * line > bottom - top:
        return _free(ends, line)
    order = sorted(ends, key=lambda end: end.y)
    steps = line * np.arange(len(order))
    highest, lowest = top + line / 2, bottom + line / 2 - line * len(order)
    moved = np.clip(_rising(np.array([end.y for end in order]) - steps), highest, lowest)
    begins = [0, *(np.flatnonzero(np.diff(moved) > 0) + 1).tolist(), len(order)]
    found: dict[str, float] = {}
    for begin, stop in pairwise(begins):  # each group of names that push one another
        group = order[begin:stop]
        if len(group) > 1 and group[-1].y - group[0].y < line:
            group.sort(key=lambda end: end.rank())
        found |= {end.key: float(moved[n] + steps[n]) for n, end in enumerate(group, begin)}
    return found


def moves(ends: Sequence[End], found: Mapping[str, float], line: float) -> float:
    """How far all names together are from their ends; one that is left out counts as a line."""
    return sum(abs(found[end.key] - end.y) if end.key in found else line for end in ends)


def _free(ends: Sequence[End], line: float) -> dict[str, float]:
    kept: dict[str, float] = {}
    for end in ends:
        if all(abs(end.y - other) >= line for other in kept.values()):
            kept[end.key] = end.y
    return kept


def _rising(values: Array) -> Array:
    """The nearest values (least squares) that never fall: neighbours that would fall share their mean."""
    groups: list[tuple[float, int]] = []
    for value in values.tolist():
        mean, count = value, 1
        while groups and groups[-1][0] >= mean:
            before, size = groups.pop()
            mean, count = (before * size + mean * count) / (size + count), size + count
        groups.append((mean, count))
    return np.repeat([mean for mean, _ in groups], [count for _, count in groups])
