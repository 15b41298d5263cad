"""Graphs of conductances: what is connected, where the bottleneck is, and how much current flows between two nodes.

Theory of operation. The potentials φ of a network minimise the dissipated power P = Σ g (φ_a − φ_b)² (Dirichlet), and
P at the minimum, for one volt, is the conductance G. An error of φ raises P in second order only, so G is taken from
the power and never from the current of a terminal, where bonds that differ by many decades would cancel. The same
back substitution that improves φ tells by how much P can still fall: with r the current that Kirchhoff's law misses
and δ = A⁻¹ r the correction, P(φ) − P_min = δ·r. That is the error quoted.

Bonds may be 0 (cut) or inf (superconducting: its ends are one node). Where conductances span so many decades that
a float's 16 digits cannot hold them in one matrix, G is enclosed instead (Rayleigh: G never falls when a bond grows):
bonds far above the bottleneck are shorted (then capped), bonds far below raised (then cut).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

ACCEPTED_ERROR = 1e-10
"""A relative error of G above this is not accepted without trying the enclosure."""
BELIEVED_ERROR = 1e-3
"""Above this relative error the reason says that G is not known."""
ENCLOSURE = 1e7
"""Bonds beyond this factor from the bottleneck are replaced in the enclosure."""
_ROUNDS = 6


@dataclass(frozen=True, eq=False)
class Bonds:
    """A list of bonds between nodes 0 ... nodes − 1."""

    first: IntArray
    """One end of each bond, shape (bonds,)."""
    second: IntArray
    """The other end."""
    conductance: Array
    """Of each bond (S); 0 is cut, inf superconducting."""
    nodes: int


@dataclass(frozen=True, eq=False)
class TwoTerminal:
    """What flows between two nodes."""

    conductance: float
    """G (S); 0 where nothing connects them, inf where a superconducting path does."""
    relative_error: float
    """Of G; 0 where G is 0 or inf."""
    potential: Array
    """Of each node for 1 V, shape (nodes,); nan on islands without connection and where G was only enclosed."""
    reason: str
    """Why G should not be believed or how it was found; empty if there is nothing to say."""


def components(bonds: Bonds, kept: BoolArray) -> IntArray:
    """Label of each node, shape (nodes,): equal labels are joined by bonds whose `kept` is true."""
    ends = (bonds.first[kept], bonds.second[kept])
    ones = np.ones(ends[0].size, dtype=np.int32)
    graph = coo_matrix((ones, ends), shape=(bonds.nodes, bonds.nodes)).tocsr()
    labels: IntArray = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def connected(bonds: Bonds, kept: BoolArray, source: int, sink: int) -> bool:
    """Is there a path from `source` to `sink` over bonds whose `kept` is true?"""
    labels = components(bonds, kept)
    return bool(labels[source] == labels[sink])


def bottleneck(bonds: Bonds, source: int, sink: int) -> float:
    """Largest g (S) such that bonds of at least g join `source` and `sink`; 0 if nothing does, inf if superconducting.

    The limiting conductance of Ambegaokar, Halperin and Langer, Phys. Rev. B 4, 2612 (1971).
    """
    values = np.unique(bonds.conductance[bonds.conductance > 0])
    low, high = -1, values.size  # bonds of at least values[low] join the two, those of values[high] do not
    while high - low > 1:
        middle = (low + high) // 2
        if connected(bonds, bonds.conductance >= values[middle], source, sink):
            low = middle
        else:
            high = middle
    return float(values[low]) if low >= 0 else 0.0


def two_terminal(bonds: Bonds, source: int, sink: int) -> TwoTerminal:
    """Conductance between two nodes with its numerical error, and the potentials for 1 V on `source`, 0 on `sink`."""
    solved = _exact(bonds, source, sink)
    if solved.relative_error <= ACCEPTED_ERROR:
        return solved
    low, high = _enclosure(bonds, source, sink)
    middle = math.sqrt(low) * math.sqrt(high)
    error = max(high - low, 0.0) / middle + rounding(bonds.first.size) if 0 < middle < math.inf else math.inf
    if not error < solved.relative_error:
        return solved
    reason = f"conductances too far apart for one matrix; G lies between {low:.9g} S and {high:.9g} S"
    if error > BELIEVED_ERROR:
        reason += " and is not better known"
    return TwoTerminal(middle, error, np.full(bonds.nodes, np.nan), reason)


def relax(bonds: Bonds, potential: Array, free: BoolArray, offset: Array | float = 0.0) -> tuple[Array, float]:
    """Potentials of least power, and the relative excess of that power over the minimum.

    `potential` (nodes,) is a start that holds the fixed nodes, `free` (nodes,) marks those that may move, `offset`
    (bonds,) is a voltage in series with each bond. All conductances must be finite, and every free node connected to
    a fixed one. The excess is inf where the matrix cannot be factored.
    """
    a, b, g = bonds.first, bonds.second, bonds.conductance
    place = np.cumsum(free) - 1
    count = int(np.count_nonzero(free))
    if count == 0:
        return potential, 0.0
    inner = free[a] & free[b]
    diagonal = (np.bincount(a, g, bonds.nodes) + np.bincount(b, g, bonds.nodes))[free]
    rows = np.concatenate([place[a[inner]], place[b[inner]], np.arange(count)])
    columns = np.concatenate([place[b[inner]], place[a[inner]], np.arange(count)])
    matrix = coo_matrix((np.concatenate([-g[inner], -g[inner], diagonal]), (rows, columns)), shape=(count, count))
    try:
        factors = splu(
            matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
        )
    except RuntimeError:  # exactly singular: a weak bond vanished beside a strong one
        return potential, math.inf
    potential, excess = potential.copy(), math.inf
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(_ROUNDS):
            drop = potential[a] - potential[b] + offset
            current = g * drop
            missing = (np.bincount(b, current, bonds.nodes) - np.bincount(a, current, bonds.nodes))[free]
            step = factors.solve(missing)
            power = float(current @ drop)
            before, excess = excess, abs(float(step @ missing)) / power if power > 0 else 0.0
            if not math.isfinite(excess):
                return potential, math.inf
            if excess < 1e-17 or excess > before / 2:
                break
            potential[free] += step
    return potential, excess


def rounding(terms: int) -> float:
    """Relative rounding error of a pairwise sum of that many positive products."""
    return float(np.finfo(float).eps) * (8 + math.log2(terms + 1))


def _exact(bonds: Bonds, source: int, sink: int) -> TwoTerminal:
    """One factorisation, whatever its error."""
    g = bonds.conductance
    node = components(bonds, np.isinf(g))
    potential = np.full(int(node.max()) + 1, np.nan)
    potential[node[sink]] = 0.0
    potential[node[source]] = 1.0
    if node[source] == node[sink]:
        return TwoTerminal(math.inf, 0.0, potential[node], "")
    first, second = node[bonds.first], node[bonds.second]
    live = (g > 0) & (first != second)
    merged = Bonds(first[live], second[live], g[live], potential.size)
    label = components(merged, np.ones(merged.first.size, dtype=bool))
    hot, cold = label[node[source]], label[node[sink]]
    if hot != cold:
        potential[label == hot], potential[label == cold] = 1.0, 0.0
        return TwoTerminal(0.0, 0.0, potential[node], "")
    inside = label == hot
    reached = inside[merged.first]
    scale = math.exp(float(np.log(merged.conductance[reached]).mean()))
    first, second, relative = merged.first[reached], merged.second[reached], merged.conductance[reached] / scale
    net = Bonds(first, second, relative, potential.size)
    free = inside & np.isnan(potential)
    start = np.where(free, 0.0, potential)
    best, excess = relax(net, start, free)
    with np.errstate(over="ignore", invalid="ignore"):
        power = float(np.sum(relative * (best[first] - best[second]) ** 2))
    error = excess + rounding(first.size)
    if not (math.isfinite(power) and math.isfinite(error)):
        power, error = math.nan, math.inf
    potential[inside] = best[inside]
    reason = "" if error < BELIEVED_ERROR else f"conductances too far apart: relative error {error:.2g}"
    return TwoTerminal(power * scale, error, potential[node], reason)


def _enclosure(bonds: Bonds, source: int, sink: int) -> tuple[float, float]:
    """Lower and upper bound of G (S) from networks that a float can hold."""
    g = bonds.conductance
    middle = bottleneck(bonds, source, sink)
    weak, strong = g < middle / ENCLOSURE, g > middle * ENCLOSURE
    above = np.where(strong, np.inf, np.where(weak & (g > 0), middle / ENCLOSURE, g))
    below = np.where(strong, middle * ENCLOSURE, np.where(weak, 0.0, g))
    upper = _exact(replace(bonds, conductance=above), source, sink)
    lower = _exact(replace(bonds, conductance=below), source, sink)
    # The minimum lies below the power found by at most the relative error, and never above it.
    low = lower.conductance * (1 - lower.relative_error) if lower.relative_error < 1 else 0.0
    high = upper.conductance * (1 + rounding(g.size)) if math.isfinite(upper.relative_error) else math.inf
    return low, high
