"""What the figures of the paper are drawn from: plain data, whoever measured them.

Flagged rows stay in the curves and are drawn hollow; no number is made from them. Fields in Oe, temperatures in K,
resistivities in ohm/square, currents in A.
"""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from coldfinger.analysis.across.field_laws import Fits
from coldfinger.analysis.differential import SlopeCurve
from coldfinger.analysis.fits.fit import fit_best
from coldfinger.analysis.fits.fit_result import Array, Curve, Fit
from coldfinger.analysis.fluctuations import SweepSet
from coldfinger.analysis.micrographs.micrograph import Micrograph

T_MAX = 0.7
"""Upper end of the window of a fit (K)."""


@dataclass(frozen=True, eq=False)
class RTCurve:
    """ρ(T) at one field; arrays (n,)."""

    field: float
    temperature: Array
    resistivity: Array
    sd: Array
    flagged: NDArray[np.bool_]
    """Rows that are not believed."""
    sd_temperature: Array = dataclasses.field(default_factory=lambda: np.zeros(()))
    loading: float = 0.0
    """Conductance that the instrument adds (S square)."""
    given_fit: Fit | None = None
    """A fit that was made elsewhere; without one `fit` makes it."""

    @cached_property
    def curve(self) -> Curve:
        """The believed rows."""
        kept = ~self.flagged & np.isfinite(self.temperature) & np.isfinite(self.resistivity)
        sd_temperature = np.broadcast_to(self.sd_temperature, self.temperature.shape)
        return Curve(self.temperature[kept], self.resistivity[kept], self.sd[kept], sd_temperature[kept])

    @cached_property
    def fit(self) -> Fit | None:
        """Eq. 1 or Eq. 2, None where `no_fit` says why."""
        return self._fitted[0]

    @cached_property
    def no_fit(self) -> str:
        """Why there is no fit; empty if there is one."""
        return self._fitted[1]

    @cached_property
    def _fitted(self) -> tuple[Fit | None, str]:
        if self.given_fit is not None:
            return self.given_fit, ""
        try:
            return fit_best(self.curve, T_max=T_MAX, loading=self.loading), ""
        except ValueError as error:
            return None, str(error)


@dataclass(frozen=True, eq=False)
class Isotherm:
    """ρ(H) at one temperature; arrays (n,)."""

    temperature: float
    field: Array
    resistivity: Array
    sd: Array
    flagged: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Film:
    """Everything measured on one film, or on one stage of it."""

    name: str
    curves: tuple[RTCurve, ...] = ()
    isotherms: tuple[Isotherm, ...] = ()
    magnetoresistance: tuple[SweepSet, ...] = ()
    slopes: tuple[SlopeCurve, ...] = ()

    @property
    def fits(self) -> Fits:
        """Field (Oe) and fit of every curve that has one, in order of field."""
        return [(curve.field, curve.fit) for curve in sorted_by_field(self.curves) if curve.fit is not None]

    @property
    def unfitted(self) -> tuple[str, ...]:
        """One sentence for every curve without a fit."""
        return tuple(f"{self.name} at {c.field:g} Oe: {c.no_fit}" for c in self.curves if c.no_fit)


@dataclass(frozen=True, eq=False)
class PaperData:
    """Films in order of disorder, most first, with a micrograph if there is one."""

    films: tuple[Film, ...] = ()
    micrograph: Micrograph | None = None
    simulated: bool = False
    left_out: tuple[str, ...] = ()
    """What was found and not used, one sentence each."""
    sd_field: float = 0.0
    """Uncertainty of every field (Oe): remanence, supply."""

    def film(self, name: str) -> Film | None:
        """The film of this name, None if there is none."""
        return next((film for film in self.films if film.name == name), None)


def sorted_by_field(curves: Iterable[RTCurve]) -> list[RTCurve]:
    """Curves in rising order of field."""
    return sorted(curves, key=lambda curve: curve.field)
