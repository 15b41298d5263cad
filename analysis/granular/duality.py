"""Exact duality of planar resistor networks: the dual film's conductance along x is one over the film's along y.

Theory of operation. Put a node into every face of a planar network between two bars, and one beyond each free edge;
let every bond of conductance g be crossed by a dual bond of conductance 1/g. The voltage drops of the film are
the currents of the dual and the other way round: Kirchhoff's two laws change places. What were free edges are now the
bars, so the dual current flows across: G_x^dual = 1/G_y for every single network, not on average only. A cut bond
becomes superconducting and a superconducting one is cut. Two solutions also enclose G without any trust in the
linear algebra: the power of any potentials is at least G (Dirichlet), that of any dual potentials at least 1/G
(Thomson), hence G_x^dual G_y − 1 ≥ 0 up to rounding bounds the error of both.

Sources: J. B. Keller, J. Math. Phys. 5, 548 (1964); A. M. Dykhne, Sov. Phys. JETP 32, 63 (1971);
K. S. Mendelson, J. Appl. Phys. 46, 4740 (1975); J. P. Straley, Phys. Rev. B 15, 5733 (1977).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from coldfinger.analysis.granular.bond_graph import Array
from coldfinger.analysis.granular.resistor_lattice import Solution, Strip, Torus, checked, solve
from coldfinger.analysis.laws import R_Q_PAIR

PAIR_CONDUCTANCE = 1 / R_Q_PAIR
"""4e²/h (S): the unit that makes duality map a film's ρ to (h/4e²)²/ρ."""


@dataclass(frozen=True, eq=False)
class DualityCheck:
    """A film, its dual, and how well they agree."""

    film: Solution
    dual: Solution
    unit: float
    """Conductance (S) that is its own dual."""
    deviation: float
    """G_film G_dual / unit² − 1; 0 for an insulator with a superconducting dual; nan if one of the two failed."""
    allowed: float
    """The sum of the two numerical errors: a deviation beyond it is a mistake in the lattice."""

    @property
    def holds(self) -> bool:
        """|deviation| within the numerical errors."""
        return abs(self.deviation) <= self.allowed


def dual(strip: Strip, unit: float = 1.0) -> Strip:
    """The dual strip, turned by 90 degrees so that its bars are left and right again.

    A strip of n rows and m sites a row becomes m+1 rows of n−1 sites; bond g becomes unit²/g on the crossing bond.
    With `unit` u (S) the dual conductance is u²/G; the dual of the dual is the strip. The free edges of the strip
    carry the bars of the dual. Raises ValueError for a unit that is not above zero.
    """
    return Strip(inverse(strip.along, unit).T, inverse(strip.across, unit).T)


def dual_torus(torus: Torus, unit: float = 1.0) -> Torus:
    """The dual lattice without edges, not turned: σ^dual = unit² σ/det σ (Mendelson 1975, for a symmetric tensor).

    Raises ValueError for a cut bond, whose dual would be superconducting, and for a unit that is not above zero.
    """
    right = np.roll(inverse(torus.down, unit), -1, axis=1)
    down = np.roll(inverse(torus.right, unit), -1, axis=0)
    return Torus(right, down)


def dual_tensor(tensor: ArrayLike, unit: float = 1.0) -> Array:
    """unit² σ/det σ, shape (2, 2): what the dual of a film of conductivity σ must have."""
    sigma = np.asarray(tensor, dtype=float)
    determinant = sigma[0, 0] * sigma[1, 1] - sigma[0, 1] * sigma[1, 0]
    result: Array = _positive_unit(unit) ** 2 * sigma / determinant
    return result


def check_duality(strip: Strip, unit: float = 1.0) -> DualityCheck:
    """Solve a strip and its dual and compare: G_x^dual G_y = unit² for every planar network."""
    film, image = solve(strip), solve(dual(strip, unit))
    low, high = sorted((film.conductance, image.conductance))
    deviation = 0.0 if low == 0 and math.isinf(high) else (film.conductance / unit) * (image.conductance / unit) - 1
    return DualityCheck(film, image, unit, deviation, film.relative_error + image.relative_error)


def inverse(bonds: ArrayLike, unit: float = 1.0) -> Array:
    """unit²/g element by element, same shape: 0 becomes inf and inf becomes 0."""
    g = checked("dual", "bonds", bonds)
    with np.errstate(divide="ignore"):
        result: Array = _positive_unit(unit) / (g / unit)
    return result


def _positive_unit(unit: float) -> float:
    if not 0 < unit < math.inf:
        raise ValueError(f"dual: unit conductance is {unit} S; it must be finite and above zero")
    return unit
