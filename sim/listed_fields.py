"""A sample listed field by field, with a monotone interpolation of its curves between the fields.

At a listed field the law holds exactly up to 1 K; between 1 and 2 K ln ρ goes over to the normal resistance.
Between two listed fields ln ρ is interpolated at each temperature on its own, by the monotone cubic of
Fritsch and Butland through the neighbouring curves: where the listed curves are ordered ρ is monotonic in
the field, whatever their laws, which interpolated parameters would not guarantee. The slope is zero at the
first and last field, beyond which the curve is constant, so ρ(H) is smooth everywhere; the sign of H does
not matter.
"""

import bisect
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coldfinger.analysis.laws import failed_insulator, failed_superconductor
from coldfinger.sim.sample import VOLUME_PER_SQUARE, CurrentVoltage, Law, positive_temperature

FloatArray = NDArray[np.float64]

EXACT_BELOW, NORMAL_ABOVE = 1.0, 2.0
"""The law holds up to the first temperature (K), the normal resistance from the second on."""
PARAMETERS = {"eq1": ("sigma_QF", "sigma_0", "E_aI"), "eq2": ("rho_QF", "rho_0", "E_aS")}
"""Base, prefactor and activation energy of each law, by name."""


@dataclass(frozen=True)
class ListedField:
    """One entry of the table: the law at one field, its parameters and its normal resistance."""

    oersted: float
    """Field (Oe)."""
    law: Literal["eq1", "eq2"]
    base: float
    """σ_QF (S) or ρ_QF (ohm/square)."""
    prefactor: float
    """σ_0 (S) or ρ_0 (ohm/square)."""
    energy: float
    """E_aI or E_aS (K)."""
    normal_resistance: float
    """R_N (ohm/square)."""

    def resistivity(self, T: FloatArray) -> FloatArray:
        """ρ (ohm/square) of the law itself, same shape as T (K)."""
        law = failed_insulator if self.law == "eq1" else failed_superconductor
        return law(T, self.base, self.prefactor, self.energy)

    def log_resistivity(self, T: FloatArray) -> FloatArray:
        """ln ρ of the law, finite also where exp(−E/T) has left the range of a float."""
        with np.errstate(divide="ignore"):
            base, prefactor = np.log(self.base), np.log(self.prefactor)
        total: FloatArray = np.logaddexp(base, prefactor - self.energy / T)
        return -total if self.law == "eq1" else total


class TableSample(CurrentVoltage):
    """A sample made of listed fields, at least one, no two at the same field."""

    def __init__(
        self, name: str, fields: tuple[ListedField, ...], squares: float = 1.0, end_squares: float = 1.0
    ) -> None:
        self.name = name
        self.squares = squares
        self.end_squares = end_squares
        self.film_volume = (squares + 2 * end_squares) * VOLUME_PER_SQUARE
        self.fields = tuple(sorted(fields, key=lambda entry: entry.oersted))
        self._knots = [entry.oersted for entry in self.fields]
        self._normal_at = lru_cache(maxsize=256)(self._compute_normal)

    def resistivity(self, temperature: ArrayLike, field: float) -> FloatArray:
        """Zero-bias ρ (ohm/square), same shape as `temperature` (K); ValueError at 0 K and below."""
        T = positive_temperature(temperature)
        listed = self._listed(field)
        if T.max(initial=0.0) <= EXACT_BELOW:
            return self._law(T, field, listed)
        u = np.clip((T - EXACT_BELOW) / (NORMAL_ABOVE - EXACT_BELOW), 0.0, 1.0)
        u = u**3 * (10 - 15 * u + 6 * u**2)
        log_law = self._between(T, field) if listed is None else listed.log_resistivity(T)
        joined = np.exp((1 - u) * log_law + u * math.log(self._normal_at(abs(field))))
        return np.where(T <= EXACT_BELOW, self._law(T, field, listed), joined)

    def normal_resistance(self, temperature: ArrayLike, field: float) -> FloatArray:
        """R_N (ohm/square) at this field, the same at every temperature."""
        return np.full(np.shape(temperature), self._normal_at(abs(field)))

    def truth(self, field: float) -> Law:
        """The listed law at a listed field and beyond the ends; `mixed` between two, named by field."""
        entry = self._listed(field)
        if entry is None:
            above = bisect.bisect(self._knots, abs(field))
            return Law("mixed", {"field_below": self._knots[above - 1], "field_above": self._knots[above]})
        names = PARAMETERS[entry.law]
        return Law(entry.law, dict(zip(names, (entry.base, entry.prefactor, entry.energy), strict=True)))

    def _law(self, T: FloatArray, field: float, listed: ListedField | None) -> FloatArray:
        if listed is not None:
            return listed.resistivity(T)
        with np.errstate(over="ignore"):
            return np.exp(self._between(T, field))

    def _listed(self, field: float) -> ListedField | None:
        """The entry that alone decides at this field, None between two."""
        H = min(max(abs(field), self._knots[0]), self._knots[-1])
        place = bisect.bisect_left(self._knots, H)
        return self.fields[place] if self._knots[place] == H else None

    def _between(self, T: FloatArray, field: float) -> FloatArray:
        """Ln ρ at a field between two entries."""
        H = abs(field)
        below = bisect.bisect(self._knots, H) - 1
        first, last = max(below - 1, 0), min(below + 2, len(self.fields) - 1)
        curves = np.stack([entry.log_resistivity(T) for entry in self.fields[first : last + 1]])
        return monotone_cubic(self._knots[first : last + 1], curves, H)

    def _compute_normal(self, magnitude: float) -> float:
        listed = self._listed(magnitude)
        if listed is not None:
            return listed.normal_resistance
        values = np.log([entry.normal_resistance for entry in self.fields])
        return float(np.exp(monotone_cubic(self._knots, values, magnitude)))


def monotone_cubic(knots: list[float], values: FloatArray, at: float) -> FloatArray:
    """Monotone cubic through `values` (first axis: knots) at one place strictly between two knots.

    Slopes after Fritsch and Butland (SIAM J. Sci. Stat. Comput. 5, 300 (1984)): a weighted harmonic mean of
    the neighbouring secants, zero where these differ in sign and at both ends. Only the two knots on either
    side of `at` matter.
    """
    k = bisect.bisect(knots, at) - 1
    width = knots[k + 1] - knots[k]
    t = (at - knots[k]) / width
    secant = (values[k + 1] - values[k]) / width
    start = end = np.zeros_like(secant)
    if k > 0:
        before = knots[k] - knots[k - 1]
        start = _harmonic((values[k] - values[k - 1]) / before, secant, before, width)
    if k + 2 < len(knots):
        after = knots[k + 2] - knots[k + 1]
        end = _harmonic(secant, (values[k + 2] - values[k + 1]) / after, width, after)
    rise = width * (start * t * (1 - t) ** 2 - end * t**2 * (1 - t))
    step = t**2 * (3 - 2 * t)
    return np.asarray(values[k] + (values[k + 1] - values[k]) * step + rise)


def _harmonic(left: FloatArray, right: FloatArray, left_width: float, right_width: float) -> FloatArray:
    """Weighted harmonic mean of two secants, 0 where they do not share a sign."""
    first, second = 2 * right_width + left_width, right_width + 2 * left_width
    same = left * right > 0
    with np.errstate(all="ignore"):
        return np.where(same, (first + second) / (first / left + second / right), 0.0)
