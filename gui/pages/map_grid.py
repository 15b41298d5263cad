"""R(T,H) on a regular grid, from ramps at several fields or sweeps at several temperatures; nothing beyond the rows.

Each run is put on the grid along what it sweeps, in ln ρ; between neighbouring runs a straight line stands in for what
was not measured. Cells outside the range of a run, or outside the outermost runs, stay empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coldfinger.gui.pages.run_curves import is_ramp, is_slopes
from coldfinger.gui.pages.run_feed import Array, RunRows
from coldfinger.gui.plots.series import Quantity
from coldfinger.runfiles.quality import DISBELIEVED

SIZE = (201, 120)
"""Cells along T and along H."""
KINDS = {
    "ρ": (Quantity("ρ", "Ω/□"), "value"),
    "log ρ": (Quantity("log₁₀ρ", "Ω/□"), "value"),
    "d ln ρ/d ln T": (Quantity("d ln ρ/d ln T"), "signed"),
    "θ": (Quantity("θ", "°"), "phase"),
}
"""What a map can show: its quantity and the kind of its colours."""


@dataclass(frozen=True, eq=False)
class Map:
    """A map, z of shape (len(T), len(H)) with nan where nothing is known; `words` say what it was made of."""

    T: Array
    H: Array
    z: Array
    kind: str
    words: str
    simulated: bool
    measured: Array
    """Fields (Oe) or temperatures (K) at which there is a run."""


def map_of(runs: Sequence[RunRows], kind: str, size: tuple[int, int] = SIZE) -> Map | str:
    """The map of all runs that can be put on it, or why there is none."""
    usable = [
        rows for rows in runs if not is_slopes(rows) and {"T_sample (K)", "H (Oe)", "rho (ohm)"} <= set(rows.columns)
    ]
    ramps = [rows for rows in usable if is_ramp(rows) and np.isfinite(rows.field)]
    sweeps = [rows for rows in usable if not is_ramp(rows)]
    chosen, along_T = (ramps, True) if len(ramps) >= len(sweeps) else (sweeps, False)
    points = [part for rows in chosen if (part := _points(rows, kind)) is not None]
    places = {float(f"{_place(part, along_T):.4g}") for part in points}
    if len(places) < 2:
        return (
            "A map needs runs at two fields or more: tick ramps at several fields, or sweeps at several temperatures."
        )
    T_all, H_all = (np.concatenate([part[i] for part in points]) for i in (0, 1))
    T = np.geomspace(T_all.min(), T_all.max(), size[0])
    H = np.linspace(H_all.min(), H_all.max(), size[1])
    if not (T[0] < T[-1] and H[0] < H[-1]):
        return "A map needs rows at different temperatures and fields."
    side, other = (np.log(T), H) if along_T else (H, np.log(T))
    lines = [(_place(part, along_T), _line(np.log(part[0]) if along_T else part[1], part[2], side)) for part in points]
    grid = _between(lines, np.asarray(other), along_T)
    z = grid if along_T else grid.T
    if kind == "d ln ρ/d ln T":
        z = np.gradient(z, np.log(T), axis=0)
    elif kind in ("ρ", "log ρ"):
        z = np.exp(z) if kind == "ρ" else z / np.log(10)
    left = len(runs) - len(points)
    what = (
        f"{len(points)} {'ramps' if along_T else 'sweeps of the field'}; between them interpolated, beyond them empty"
    )
    words = what + (f"; {left} other runs are not on the map" if left else "")
    measured = np.array(sorted(place for place, _ in lines))
    return Map(T, H, z, kind, words + ".", any(r.simulated for r in chosen), measured)


def _points(rows: RunRows, kind: str) -> tuple[Array, Array, Array] | None:
    """T, H and ln ρ (or θ) of the believed rows; None for fewer than two."""
    T, H, rho = (rows.columns[label] for label in ("T_sample (K)", "H (Oe)", "rho (ohm)"))
    value = rows.columns.get("phase (deg)", np.full(len(rows), np.nan)) if kind == "θ" else rho
    good = (rows.flags & int(DISBELIEVED)) == 0
    good &= np.isfinite(T) & np.isfinite(H) & np.isfinite(value) & (T > 0)
    if kind != "θ":
        good &= rho > 0
    if np.count_nonzero(good) < 2:
        return None
    return T[good], H[good], value[good] if kind == "θ" else np.log(rho[good])


def _place(part: tuple[Array, Array, Array], along_T: bool) -> float:
    """The field of a ramp, or the temperature of a sweep."""
    return float(np.median(part[1])) if along_T else float(np.median(part[0]))


def _line(x: Array, y: Array, side: Array) -> Array:
    """Mean of y in each cell of the evenly spaced `side`, the rest between neighbours; nan beyond the run."""
    step = side[1] - side[0]
    cell = np.clip(np.round((x - side[0]) / step).astype(int), 0, len(side) - 1)
    count = np.bincount(cell, minlength=len(side))
    there = np.flatnonzero(count)
    centre = np.bincount(cell, x, len(side))[there] / count[there]
    mean = np.bincount(cell, y, len(side))[there] / count[there]
    line: Array = np.interp(side, centre, mean)
    line[(side < x.min() - 0.51 * step) | (side > x.max() + 0.51 * step)] = np.nan
    return line


def _between(lines: list[tuple[float, Array]], other: Array, along_T: bool) -> Array:
    """Lines at their places, and straight lines between neighbouring ones, cell by cell."""
    by_place: dict[float, list[Array]] = {}
    for place, line in lines:
        by_place.setdefault(place if along_T else float(np.log(place)), []).append(line)
    places = np.array(sorted(by_place))
    with np.errstate(invalid="ignore"):
        stack = np.array([_mean(by_place[place]) for place in places])
    grid = np.full((stack.shape[1], len(other)), np.nan)
    for i in range(stack.shape[1]):
        known = np.isfinite(stack[:, i])
        if np.count_nonzero(known) >= 2:
            grid[i] = np.interp(other, places[known], stack[known, i], left=np.nan, right=np.nan)
    edge = 0.51 * (other[1] - other[0])
    for place, line in zip(places, stack, strict=True):  # a run at the edge fills the cells that it goes through
        near = np.abs(other - place) <= edge
        here = np.isfinite(line)
        for j in np.flatnonzero(near):
            grid[here, j] = np.where(np.isfinite(grid[here, j]), grid[here, j], line[here])
    return grid


def _mean(lines: list[Array]) -> Array:
    if len(lines) == 1:
        return lines[0]
    stacked = np.array(lines)
    there = np.isfinite(stacked)
    count = there.sum(axis=0)
    total: Array = np.where(there, stacked, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
