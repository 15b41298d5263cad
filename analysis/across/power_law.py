"""Power laws q(H) = q_r (H/H_r)^p through points with errors in both directions, limits included.

Theory of operation. A value gives a residual in ln q. An uncertain field counts as p σ_H/H more of it, with p of
the previous pass (effective variance; J. Orear, Am. J. Phys. 50, 912 (1982)). A limit, and a value so weak that its
logarithm has no Gaussian error, gives a residual in q itself: the parabola of chi-square that the fit of the
curve found, 2.71 at the limit. So a limit below the line pulls it down and one above it does not matter.
If chi-square is improbable, errors are widened and that is said.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from coldfinger.analysis.across.field_laws import FieldPoints
from coldfinger.analysis.fits.fit_result import Array
from coldfinger.analysis.fits.least_squares import minimise
from coldfinger.analysis.fits.nested import nested_shift

PASSES = 4
"""Fits with the field errors' weights; the exponent settles after two."""
WEAK_SD = 0.1
"""Relative s.d. s above which a value counts in q and not in ln q: there its mean is off by 1.5 s of its own s.d.,
since a value that came out too high also has too small a relative error."""
IMPROBABLE = 0.01
"""Probability of chi-square below which the power law does not describe its points."""
TWO_SIDED_95 = 1.959964


@dataclass(frozen=True, eq=False)
class PowerLaw:
    """q(H) = q_r (H/H_r)^p with its uncertainty."""

    name: str
    unit: str
    exponent: float
    exponent_sd: float
    reference_field: float
    """H_r (Oe): the weighted centre of the points, where q and p are least correlated."""
    log_value: float
    """ln q_r, q in `unit`."""
    covariance: Array
    """Of (ln q_r, p), shape (2, 2), scaled as the errors are."""
    H_min: float
    """Lowest field used (Oe)."""
    H_max: float
    """Highest field used (Oe)."""
    values: int
    """Points with a value."""
    limits: int
    """Points with an upper limit alone."""
    chi2: float
    dof: int
    probability: float
    """Of a chi-square this large if the law holds; nan without degrees of freedom."""
    sd_scaled: bool
    """True if the errors were widened by the root of the reduced chi-square."""
    remarks: tuple[str, ...]

    @property
    def exponent95(self) -> tuple[float, float]:
        """95 % interval of the exponent."""
        reach = TWO_SIDED_95 * self.exponent_sd
        return self.exponent - reach, self.exponent + reach

    def predict(self, field: ArrayLike) -> tuple[Array, Array]:
        """q and its s.d. at `field` (Oe, positive), same shape: the line and its band."""
        u = np.log(np.asarray(field, dtype=float) / self.reference_field)
        q: Array = np.exp(self.log_value + self.exponent * u)
        C = self.covariance
        sd: Array = q * np.sqrt(C[0, 0] + 2 * u * C[0, 1] + u**2 * C[1, 1])
        return q, sd


def fit_power_law(
    points: FieldPoints,
    *,
    H_min: float = 0.0,
    H_max: float = math.inf,
    exclude: tuple[float, float] | None = None,
) -> PowerLaw:
    """Weighted power law through the points with H_min <= H <= H_max (Oe), without those inside `exclude` (Oe).

    Fields must be positive; a point at zero field has no place on a logarithmic axis and is named in the
    remarks, as is any point with neither value nor limit. Raises ValueError for fewer than two values or
    fewer than three points in all.
    """
    inside = (points.field >= H_min) & (points.field <= H_max)
    if exclude is not None:
        inside &= (points.field <= exclude[0]) | (points.field >= exclude[1])
    with np.errstate(invalid="ignore"):
        positive = points.resolved & (points.value > 0) & (points.field > 0)
        limited = points.limited & (points.field > 0) & (points.limit_sd > 0)
    used = points.select(inside & (positive | limited))
    dropped = points.field[inside & ~(positive | limited)]
    values, limits = int(np.sum(used.resolved)), int(np.sum(used.limited))
    if values < 2 or values + limits < 3:
        raise ValueError(
            f"power law of {points.name}: {values} values and {limits} limits between {H_min:g} and {H_max:g} Oe; "
            "at least two values and three points are needed"
        )
    reference, p, normal, chi2 = _solve(used)
    dof = len(used.field) - 2
    probability = float(chdtrc(dof, chi2))
    scaled = probability < IMPROBABLE
    covariance = np.asarray(np.linalg.inv(normal) * (chi2 / dof if scaled else 1.0), dtype=float)
    return PowerLaw(
        name=points.name,
        unit=points.unit,
        exponent=float(p[1]),
        exponent_sd=math.sqrt(covariance[1, 1]),
        reference_field=math.exp(reference),
        log_value=float(p[0]),
        covariance=covariance,
        H_min=float(used.field[0]),
        H_max=float(used.field[-1]),
        values=values,
        limits=limits,
        chi2=chi2,
        dof=dof,
        probability=probability,
        sd_scaled=scaled,
        remarks=_remarks(used, limits, dropped, exclude, chi2 / dof if scaled else None),
    )


@dataclass(frozen=True)
class RangeStep:
    """The exponent from a part of the range."""

    H_min: float
    """Oe."""
    H_max: float
    """Oe."""
    exponent: float
    exponent_sd: float
    shift: float
    """Distance from the exponent of the whole range in s.d. of that distance; nan for the whole range."""
    points: int


def range_scan(
    points: FieldPoints,
    *,
    H_min: float = 0.0,
    H_max: float = math.inf,
    exclude: tuple[float, float] | None = None,
    fewest: int = 4,
) -> list[RangeStep]:
    """How the exponent moves as points are cut off at the low or the high end, whole range first.

    A shift beyond ±3 says that the points do not follow one power law; what is quoted then is a property of the
    range. Every step keeps at least `fewest` points. Raises ValueError as `fit_power_law` does.
    """
    whole = fit_power_law(points, H_min=H_min, H_max=H_max, exclude=exclude)
    inside = (points.field >= whole.H_min) & (points.field <= whole.H_max)
    if exclude is not None:
        inside &= (points.field <= exclude[0]) | (points.field >= exclude[1])
    fields = np.unique(points.field[inside & (points.resolved | points.limited) & (points.field > 0)])
    steps = [RangeStep(whole.H_min, whole.H_max, whole.exponent, whole.exponent_sd, math.nan, whole.dof + 2)]
    fewest = max(fewest, 3)
    ends = [(low, whole.H_max) for low in fields[1 : len(fields) - fewest + 1]]
    ends += [(whole.H_min, high) for high in fields[fewest - 1 : -1]]
    for low, high in ends:
        part = points.select((points.field >= low) & (points.field <= high))
        if np.sum(part.resolved) < 2:
            continue
        law = fit_power_law(points, H_min=float(low), H_max=float(high), exclude=exclude)
        shift = nested_shift(law.exponent, _stated_sd(law), whole.exponent, _stated_sd(whole))
        steps.append(RangeStep(law.H_min, law.H_max, law.exponent, law.exponent_sd, shift, law.dof + 2))
    return steps


def _stated_sd(law: PowerLaw) -> float:
    """s.d. of the exponent from the points' own errors, never widened: what a test of the law needs."""
    return law.exponent_sd / (math.sqrt(law.chi2 / law.dof) if law.sd_scaled else 1.0)


def _solve(points: FieldPoints) -> tuple[float, Array, Array, float]:
    """ln H_r, (ln q_r, p), the normal matrix and chi-square."""
    x, resolved = np.log(points.field), points.resolved
    start = np.where(resolved, points.value, 1.0)
    in_log = resolved & (np.nan_to_num(points.sd, nan=np.inf) <= WEAK_SD * start)
    y = np.where(in_log, np.log(start), points.best)
    sd = np.where(in_log, points.sd / start, np.where(resolved, points.sd, points.limit_sd))
    sd_x = points.sd_field / points.field
    weight = np.where(resolved, (start / np.where(resolved, points.sd, np.inf)) ** 2, 0.0)
    reference = float(weight @ x) / float(np.sum(weight))
    u = x - reference
    p = _line(u, np.log(start), weight)
    for _ in range(PASSES if np.any(sd_x) else 1):
        by_x = np.where(in_log, abs(p[1]), abs(p[1]) * np.exp(np.minimum(p[0] + p[1] * u, 300.0))) * sd_x
        inverse = 1 / np.hypot(sd, by_x)

        def evaluate(q: Array, inverse: Array = inverse) -> tuple[Array, Array]:
            line = q[0] + q[1] * u
            model = np.where(in_log, line, np.exp(np.minimum(line, 300.0)))
            slope = np.where(in_log, 1.0, model) * inverse
            return (model - y) * inverse, np.stack([slope, slope * u], axis=1)

        found = minimise(evaluate, p)
        p = found.parameters
    return reference, p, found.normal, found.chi2


def _line(u: Array, y: Array, weight: Array) -> Array:
    """Intercept and slope of the weighted line; `u` has weighted mean zero."""
    total, spread = float(np.sum(weight)), float(weight @ u**2)
    return np.array([float(weight @ y) / total, float(weight @ (u * y)) / spread if spread > 0 else 0.0])


def _remarks(
    used: FieldPoints, limits: int, dropped: Array, exclude: tuple[float, float] | None, scale: float | None
) -> tuple[str, ...]:
    remarks = []
    if limits:
        remarks.append(f"{limits} upper limits count as limits, at {_list(used.field[used.limited])} Oe")
    if dropped.size:
        remarks.append(f"left out for want of a positive value or a limit: {_list(dropped)} Oe")
    if exclude is not None:
        remarks.append(f"left out on purpose: fields between {exclude[0]:.4g} and {exclude[1]:.4g} Oe")
    if scale is not None:
        remarks.append(f"reduced chi-square {scale:.3g}: not one power law, errors widened by {math.sqrt(scale):.3g}")
    return tuple(remarks)


def _list(fields: Array) -> str:
    return ", ".join(f"{H:g}" for H in fields)
