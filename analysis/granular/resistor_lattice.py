"""Square lattices of arbitrary conductances: between two bus bars, or repeated without end.

    Strip                                          Torus
    bar -- o -- o -- o -- bar     along  (n, m+1)    every site has one bond to the right and one down;
           |    |    |            across (n-1, m)    the last column joins the first, the last row the first
    bar -- o -- o -- o -- bar     sites  (n, m)

Conductances are in siemens (any unit serves, results have the same); 0 is a cut bond, inf a superconducting one.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from coldfinger.analysis.granular.bond_graph import (
    BELIEVED_ERROR,
    Array,
    Bonds,
    BoolArray,
    IntArray,
    components,
    relax,
    rounding,
    two_terminal,
)


@dataclass(frozen=True, eq=False)
class Strip:
    """n rows of m sites between two bars. Raises ValueError for shapes that do not fit, nan and negative bonds."""

    along: Array
    """Bonds in the direction of the current, shape (n, m+1): [i, 0] hangs on the left bar, [i, m] on the right one."""
    across: Array
    """Bonds between neighbouring rows, shape (n−1, m)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "along", checked("strip", "along", self.along))
        object.__setattr__(self, "across", checked("strip", "across", self.across))
        n, columns = self.along.shape
        if n < 1 or columns < 1 or self.across.shape != (n - 1, columns - 1):
            found = f"along {self.along.shape} with across {self.across.shape}"
            raise ValueError(f"strip: {found}; for n rows of m sites they must be (n, m+1) and (n-1, m)")

    @property
    def squares(self) -> float:
        """Length over width, (m+1)/n: sheet resistance = resistance / squares."""
        rows, length = self.along.shape
        return float(length / rows)


@dataclass(frozen=True, eq=False)
class Torus:
    """Lattice without edges. Raises ValueError for shapes that do not fit, nan, negative and superconducting bonds."""

    right: Array
    """Bond from site [i, j] to [i, j+1], the last column to the first, shape (rows, columns)."""
    down: Array
    """Bond from site [i, j] to [i+1, j], the last row to the first, shape (rows, columns)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "right", checked("torus", "right", self.right))
        object.__setattr__(self, "down", checked("torus", "down", self.down))
        if self.right.shape != self.down.shape or self.right.size == 0:
            found = f"right {self.right.shape} with down {self.down.shape}"
            raise ValueError(f"torus: {found}; both must have the same shape, one bond a site")
        if np.isinf(self.right).any() or np.isinf(self.down).any():
            raise ValueError("torus: a bond is inf, which must be finite here; use a strip for superconducting bonds")


@dataclass(frozen=True, eq=False)
class Solution:
    """Conductance of a strip and how it comes about."""

    conductance: float
    """G between the bars (S); 0 without a path, inf with a superconducting one."""
    relative_error: float
    """Numerical error of G, relative."""
    potential: Array
    """Of each site (V), shape (n, m), for 1 V on the left bar; nan on islands, and where G was only enclosed."""
    current_along: Array
    """From left to right (A), shape (n, m+1); nan where a bond is superconducting or its ends are not known."""
    current_across: Array
    """To the next row (A), shape (n−1, m); nan as above."""
    squares: float
    """Length over width."""
    reason: str
    """Why G should not be believed, or how it was found; empty if there is nothing to say."""

    @property
    def resistance(self) -> float:
        """1/G (ohm)."""
        return math.inf if self.conductance == 0 else 1 / self.conductance

    @property
    def sheet_resistance(self) -> float:
        """Resistance over squares (ohm/square)."""
        return self.resistance / self.squares


@dataclass(frozen=True, eq=False)
class Conductivity:
    """Sheet conductivity of a lattice without edges."""

    tensor: Array
    """σ (S square), shape (2, 2), symmetric, in the order x (along columns' index), y (along rows' index)."""
    relative_error: float
    """Numerical error relative to the larger diagonal element; inf where the system could not be solved."""
    reason: str
    """Why σ should not be believed; empty if there is nothing to say."""


def checked(what: str, name: str, bonds: ArrayLike) -> Array:
    """Conductances as a two-dimensional array of floats; ValueError in one sentence where they are none."""
    values: Array = np.array(bonds, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"{what}: {name} has {values.ndim} dimensions; it must have two, rows and columns")
    wrong = ~(values >= 0)
    if wrong.any():
        i, j = np.argwhere(wrong)[0]
        raise ValueError(f"{what}: {name}[{i}, {j}] is {values[i, j]} S; a conductance must not be negative or nan")
    return values


def between_bars(horizontal: ArrayLike, vertical: ArrayLike, direction: Literal["x", "y"]) -> Strip:
    """A rectangular array of sites, measured in one direction, its outermost sites being the bus bars.

    `horizontal` has shape (rows, columns−1), `vertical` (rows−1, columns). "x" shorts the first and the last column,
    whose own vertical bonds then carry nothing; "y" the first and the last row. Raises ValueError for shapes that do
    not fit, an array with fewer than two sites in the direction, and another direction.
    """
    flat, upright = checked("array", "horizontal", horizontal), checked("array", "vertical", vertical)
    rows, columns = flat.shape[0], upright.shape[1]
    if direction not in ("x", "y"):
        raise ValueError(f"array: direction {direction!r} is not known; it must be 'x' or 'y'")
    if flat.shape[1] != columns - 1 or upright.shape[0] != rows - 1:
        found = f"horizontal {flat.shape} with vertical {upright.shape}"
        raise ValueError(f"array: {found}; they must be (rows, columns-1) and (rows-1, columns)")
    if (columns if direction == "x" else rows) < 2:
        raise ValueError(f"array: {rows} x {columns} sites have one in direction {direction}; two bars need two")
    return Strip(flat, upright[:, 1:-1]) if direction == "x" else Strip(upright.T, flat[1:-1].T)


def bonds_of(strip: Strip) -> tuple[Bonds, int, int]:
    """The strip as a list of bonds, with the nodes of the left and the right bar.

    Bonds are `along` then `across`, row by row; site [i, j] is node i m + j.
    """
    n, columns = strip.along.shape
    sites = np.arange(n * (columns - 1), dtype=np.int64).reshape(n, columns - 1)
    left, right = sites.size, sites.size + 1
    row = np.hstack([np.full((n, 1), left), sites, np.full((n, 1), right)])
    first = np.concatenate([row[:, :-1].ravel(), sites[:-1].ravel()])
    second = np.concatenate([row[:, 1:].ravel(), sites[1:].ravel()])
    conductance = np.concatenate([strip.along.ravel(), strip.across.ravel()])
    return Bonds(first, second, conductance, sites.size + 2), left, right


def solve(strip: Strip) -> Solution:
    """Conductance between the bars, potentials and currents: Kirchhoff's laws by sparse factorisation.

    G = Σ g (V_a − V_b)² for 1 V (Dirichlet's principle), exact to about 1e-15 for log-normal bonds of standard
    deviation up to 6 in ln g; the error found is in the answer.
    """
    bonds, left, right = bonds_of(strip)
    found = two_terminal(bonds, left, right)
    n, columns = strip.along.shape
    v = found.potential
    with np.errstate(invalid="ignore"):
        current = np.where(np.isinf(bonds.conductance), np.nan, bonds.conductance * (v[bonds.first] - v[bonds.second]))
    split = strip.along.size
    return Solution(
        found.conductance,
        found.relative_error,
        v[: n * (columns - 1)].reshape(n, columns - 1),
        current[:split].reshape(strip.along.shape),
        current[split:].reshape(strip.across.shape),
        strip.squares,
        found.reason,
    )


def conductivity(torus: Torus) -> Conductivity:
    """Sheet conductivity tensor σ of the lattice repeated without end: no bars, no edges.

    σ_ab = Σ g u_a u_b / sites, with u_a the voltage drops under a mean field of one volt per bond along a.
    """
    rows, columns = torus.right.shape
    site = np.arange(rows * columns, dtype=np.int64).reshape(rows, columns)
    first = np.concatenate([site.ravel(), site.ravel()])
    second = np.concatenate([np.roll(site, -1, axis=1).ravel(), np.roll(site, -1, axis=0).ravel()])
    g = np.concatenate([torus.right.ravel(), torus.down.ravel()])
    is_right = np.arange(g.size) < site.size
    live = g > 0
    if not live.any():
        return Conductivity(np.zeros((2, 2)), 0.0, "")
    scale = math.exp(float(np.log(g[live]).mean()))
    bonds = Bonds(first[live], second[live], g[live] / scale, site.size)
    free = ~_one_of_each(components(bonds, np.ones(bonds.first.size, dtype=bool)))
    drops, worst = [], 0.0
    for field in (is_right[live].astype(float), (~is_right[live]).astype(float)):
        potential, excess = relax(bonds, np.zeros(site.size), free, field)
        drops.append(potential[bonds.first] - potential[bonds.second] + field)
        worst = max(worst, excess)
    u = np.stack(drops)
    tensor = scale * (u * bonds.conductance) @ u.T / site.size
    error = worst + rounding(g.size)
    reason = "" if error < BELIEVED_ERROR else f"conductances too far apart: relative error {error:.2g}"
    return Conductivity(tensor, error, reason)


def _one_of_each(labels: IntArray) -> BoolArray:
    """True for the first node of every component: its potential is free and set to zero."""
    chosen: BoolArray = np.zeros(labels.size, dtype=bool)
    chosen[np.unique(labels, return_index=True)[1]] = True
    return chosen
