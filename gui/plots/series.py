"""One curve as numbers: what was measured, how well, which rows must not be believed; and its normalisations."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coldfinger.runfiles.quality import DISBELIEVED

Array = NDArray[np.float64]


def _nothing() -> Array:
    return np.empty(0)


@dataclass(frozen=True)
class Quantity:
    """What an axis shows: its name and unit ("" for a pure number)."""

    name: str
    unit: str = ""

    @property
    def text(self) -> str:
        """ "T (K)"."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True)
class Series:
    """A curve. `sd` is of y (one s.d.), empty where unknown; `flags` are those of runfiles.quality, empty for none.

    `order` is the value of the family's variable (field, current) where the curve belongs to an ordered family.
    Raises ValueError for arrays of different lengths.
    """

    name: str
    x: Array
    y: Array
    sd: Array = field(default_factory=_nothing)
    flags: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    order: float | None = None

    def __post_init__(self) -> None:
        lengths = {len(self.x), len(self.y), len(self.sd) or len(self.x), len(self.flags) or len(self.x)}
        if len(lengths) > 1:
            raise ValueError(f"curve {self.name!r}: x, y, sd and flags have lengths {sorted(lengths)}")

    @classmethod
    def of(
        cls,
        name: str,
        x: ArrayLike,
        y: ArrayLike,
        sd: ArrayLike = (),
        flags: Sequence[int] | NDArray[np.int64] = (),
        order: float | None = None,
    ) -> "Series":
        """The same from anything like an array."""
        columns = (np.asarray(values, dtype=np.float64) for values in (x, y, sd))
        return cls(name, next(columns), next(columns), next(columns), np.asarray(flags, dtype=np.int64), order)

    @property
    def doubted(self) -> NDArray[np.bool_]:
        """Rows that no fit uses."""
        if not len(self.flags):
            return np.zeros(len(self.x), dtype=np.bool_)
        return np.asarray((self.flags & int(DISBELIEVED)) != 0)

    @property
    def remarked(self) -> NDArray[np.bool_]:
        """Rows that are believed and have a remark, such as a seam."""
        if not len(self.flags):
            return np.zeros(len(self.x), dtype=np.bool_)
        return np.asarray((self.flags != 0) & ~self.doubted)


class Normalise(Enum):
    """How y is shown; the value is what stands before the name of the axis."""

    PLAIN = "as measured"
    REFERENCE = "divided by its value at the reference"
    LARGEST = "divided by its largest value"
    INVERSE = "inverse"


def axis_of(y: Quantity, how: Normalise, x: Quantity, reference: float | None) -> Quantity:
    """What the axis shows after a normalisation."""
    if how is Normalise.REFERENCE:
        return Quantity(f"{y.name}/{y.name}({x.name} = {reference:.4g} {x.unit})".replace(" )", ")"))
    if how is Normalise.LARGEST:
        return Quantity(f"{y.name}/{y.name}_max")
    if how is Normalise.INVERSE:
        return Quantity(f"1/{y.name}", _inverse_unit(y.unit))
    return y


def _inverse_unit(unit: str) -> str:
    return {"Ω": "S", "Ω/□": "S·□", "S": "Ω", "": ""}.get(unit, f"1/({unit})")


def normalised(series: Series, how: Normalise, reference: float | None = None) -> Series | None:
    """The curve in another measure, with its uncertainty; None where that has no meaning for it.

    That is so without believed rows, where the divisor is not above 0, and for a reference beyond the rows' range of
    x. The divisor's own uncertainty is left out: it is common to the whole curve.
    """
    if how is Normalise.PLAIN:
        return series
    good = ~series.doubted & np.isfinite(series.y) & np.isfinite(series.x)
    if not good.any():
        return None
    if how is Normalise.INVERSE:
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = np.where(series.y != 0, 1 / series.y, np.nan)
        return replace(series, y=inverse, sd=series.sd * inverse**2 if len(series.sd) else series.sd)
    divisor = float(series.y[good].max()) if how is Normalise.LARGEST else _at(series, good, reference)
    if not divisor > 0:
        return None
    return replace(series, y=series.y / divisor, sd=series.sd / divisor if len(series.sd) else series.sd)


def ratio(series: Series, reference: Series) -> Series | None:
    """The curve divided by another one, which is interpolated between its own believed rows; None without overlap.

    The s.d. of both are propagated as independent. Beyond the range of the reference, and where it is 0, nothing is
    shown: rows that cannot be divided are left out.
    """
    good = ~reference.doubted & np.isfinite(reference.x) & np.isfinite(reference.y)
    order = np.argsort(reference.x[good], kind="stable")
    along, values = reference.x[good][order], reference.y[good][order]
    if len(along) < 2:
        return None
    divisor = np.interp(series.x, along, values, left=np.nan, right=np.nan)
    kept = np.isfinite(series.x) & np.isfinite(divisor) & (divisor != 0)
    if not kept.any():
        return None
    x, y, divisor = series.x[kept], series.y[kept], divisor[kept]
    sd = np.empty(0)
    if len(series.sd) and len(reference.sd):
        after = np.clip(np.searchsorted(along, x), 1, len(along) - 1)
        step = along[after] - along[after - 1]
        share = np.where(step > 0, (x - along[after - 1]) / np.where(step > 0, step, 1.0), 0.5)
        own = reference.sd[good][order]
        of_divisor = np.hypot((1 - share) * own[after - 1], share * own[after])
        sd = np.hypot(series.sd[kept] / divisor, y * of_divisor / divisor**2)
    return replace(series, x=x, y=y / divisor, sd=sd, flags=series.flags[kept] if len(series.flags) else series.flags)


def _at(series: Series, good: NDArray[np.bool_], reference: float | None) -> float:
    """y at x = reference between believed rows, nan beyond them."""
    if reference is None:
        return float("nan")
    x, order = series.x[good], np.argsort(series.x[good], kind="stable")
    return float(np.interp(reference, x[order], series.y[good][order], left=np.nan, right=np.nan))


def nearest(series: Series, x: float) -> int | None:
    """Index of the believed row nearest to x; None without one."""
    distance = np.where(series.doubted | ~np.isfinite(series.y), np.nan, np.abs(series.x - x))
    return None if not np.isfinite(distance).any() else int(np.nanargmin(distance))
