"""Which bonds carry the current of a strip: spanning, singly connected bonds, backbone, and the limiting bond.

Theory of operation. A bond is *singly connected* (red) if its cut parts the bars. In a planar network that is seen from
the dual: the absent bonds, crossed, form clusters of faces; one hangs on the upper free edge, one on the lower; the
strip spans if they are two, and a present bond is red if it alone keeps them apart. So two labellings of clusters find
all red bonds at once. The *backbone* is every bond on some path between the bars that visits no site twice: the
block (two-connected component) that holds an imagined bond from bar to bar, found by one depth-first walk (Tarjan).

Sources: A. Coniglio, Phys. Rev. Lett. 46, 250 (1981) and J. Phys. A 15, 3829 (1982), red bonds; R. Tarjan, SIAM J.
Comput. 1, 146 (1972); V. Ambegaokar, B. I. Halperin, J. S. Langer, Phys. Rev. B 4, 2612 (1971), limiting conductance.
"""

from dataclasses import dataclass

import numpy as np

from coldfinger.analysis.granular.bond_graph import Bonds, BoolArray, IntArray, bottleneck, components, connected
from coldfinger.analysis.granular.duality import dual
from coldfinger.analysis.granular.resistor_lattice import Strip, bonds_of


@dataclass(frozen=True, eq=False)
class BondSet:
    """Bonds of a strip that have some property."""

    along: BoolArray
    """Same shape as the strip's `along`."""
    across: BoolArray
    """Same shape as the strip's `across`."""

    @property
    def count(self) -> int:
        """How many."""
        return int(np.count_nonzero(self.along)) + int(np.count_nonzero(self.across))


def spans(strip: Strip) -> bool:
    """Do conducting bonds (g > 0) join the two bars?"""
    bonds, left, right = bonds_of(strip)
    return connected(bonds, bonds.conductance > 0, left, right)


def limiting_conductance(strip: Strip) -> float:
    """Largest g_c (S) such that the bonds with g ≥ g_c span; 0 for an insulator, inf for a superconductor.

    1/g_c is the limiting resistance r_s: with bonds over many decades the sheet resistance is of its order
    (Ambegaokar, Halperin and Langer 1971). For independent bonds on a square lattice it tends to the median.
    """
    bonds, left, right = bonds_of(strip)
    return bottleneck(bonds, left, right)


def critical_subnetwork(strip: Strip) -> Strip:
    """The strip with all bonds below its limiting conductance cut: just connected, the limiting bond is red.

    An insulating strip comes back as it is.
    """
    limit = limiting_conductance(strip)
    return Strip(np.where(strip.along >= limit, strip.along, 0.0), np.where(strip.across >= limit, strip.across, 0.0))


def red_bonds(strip: Strip) -> BondSet:
    """Singly connected bonds: conducting (g > 0), and without any single one of them the bars are parted.

    None in a strip that does not span. R ≥ Σ 1/g over them, as they are in series (Coniglio 1981).
    """
    faces, upper, lower = bonds_of(dual(strip))
    crossed_out = np.isinf(faces.conductance)
    label = components(faces, crossed_out)
    ends = np.sort(np.stack([label[faces.first], label[faces.second]]), axis=0)
    edges = np.sort([label[upper], label[lower]])
    red = ~crossed_out & (edges[0] != edges[1]) & (ends == edges[:, None]).all(axis=0)
    n, columns = strip.along.shape
    return BondSet(red[: n * columns].reshape(columns, n).T, red[n * columns :].reshape(columns - 1, n - 1).T)


def backbone(strip: Strip) -> BondSet:
    """Bonds (g > 0) on some path from bar to bar that visits no site twice; the others carry no current.

    A bond that carries none only because the conductances happen to balance (Wheatstone) belongs to it. None in a
    strip that does not span.
    """
    bonds, left, right = bonds_of(strip)
    kept = bonds.conductance > 0
    on = np.zeros(kept.size, dtype=bool)
    if connected(bonds, kept, left, right):
        on[kept] = _same_block(
            Bonds(bonds.first[kept], bonds.second[kept], bonds.conductance[kept], bonds.nodes), left, right
        )
    split = strip.along.size
    return BondSet(on[:split].reshape(strip.along.shape), on[split:].reshape(strip.across.shape))


def _same_block(bonds: Bonds, left: int, right: int) -> BoolArray:
    """Bonds in one two-connected block with an extra bond left-right, shape (bonds,)."""
    order, parent, low = _walk(bonds, left, right)
    number = np.full(bonds.nodes, -1, dtype=np.int64)
    number[order] = np.arange(order.size)
    # The tree bond above a node shares the block of the bond above its parent if a way round the parent exists.
    round_about = low < number[parent]
    inside = np.zeros(bonds.nodes, dtype=bool)
    inside[right] = True
    for node, up in zip(order[2:].tolist(), parent[order[2:]].tolist(), strict=True):
        inside[node] = inside[up] and round_about[node]
    lower_end = np.where(number[bonds.first] > number[bonds.second], bonds.first, bonds.second)
    on: BoolArray = inside[lower_end] & (number[lower_end] >= 0)
    return on


def _walk(bonds: Bonds, left: int, right: int) -> tuple[IntArray, IntArray, IntArray]:
    """Depth-first from `left`, its first step the extra bond to `right`: nodes in order, parents, low points.

    The low point of a node is the smallest number reached from its subtree by one bond that is not of the tree;
    parallel bonds and bonds back to the parent count as such ways only if there are two.
    """
    ends = np.concatenate([bonds.first, bonds.second])
    others = np.concatenate([bonds.second, bonds.first])
    names = np.concatenate([np.arange(bonds.first.size)] * 2)
    by_node = np.argsort(ends, kind="stable")
    start = np.searchsorted(ends[by_node], np.arange(bonds.nodes + 1)).tolist()
    neighbour, name = others[by_node].tolist(), names[by_node].tolist()
    number, low, parent, above = ([-1] * bonds.nodes for _ in range(4))
    number[left], low[left], parent[left] = 0, 0, left
    number[right], low[right], parent[right] = 1, 1, left
    order, place, path = [left, right], start[:-1], [right]
    while path:
        node = path[-1]
        if place[node] == start[node + 1]:
            path.pop()
            up = parent[node]
            low[up] = min(low[up], low[node])
            continue
        here = place[node]
        place[node] += 1
        if name[here] == above[node]:
            continue
        other = neighbour[here]
        if number[other] >= 0:
            low[node] = min(low[node], number[other])
            continue
        number[other] = low[other] = len(order)
        parent[other], above[other] = node, name[here]
        order.append(other)
        path.append(other)
    return np.array(order), np.array([max(p, 0) for p in parent]), np.array(low)
