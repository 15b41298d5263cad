"""The avoided transition in the fitted parameters: H*, R*, the drop of the activation energy, monotonic or not.

H* and R* are where the two fitted power laws meet; both are results. The quantum of resistance of pairs, h/4e²
(`laws.R_Q_PAIR`), is a line to be drawn beside them and enters no fit.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtrc, log_ndtr

from coldfinger.analysis.across.field_laws import NO_BASE, Family, FieldPoints, field_points, fit_family
from coldfinger.analysis.across.power_law import IMPROBABLE, TWO_SIDED_95, PowerLaw, fit_power_law
from coldfinger.analysis.fits.fit_result import Array
from coldfinger.analysis.laws import R_Q_PAIR

EXCLUDED = 0.05
"""|H − H*|/H* inside which the two laws round into each other and no point is used."""
ROUNDS = 5
FARTHEST = 70.0
"""Logarithm of a field (Oe) or resistance (ohm) beyond which nothing crosses."""


@dataclass(frozen=True)
class Quantity:
    """A positive number with its uncertainty."""

    value: float
    sd: float
    unit: str
    doubt: str = ""
    """Why it should not be believed; empty if it may be."""

    @property
    def interval95(self) -> tuple[float, float]:
        """95 % interval, symmetric in the logarithm."""
        ratio = math.exp(TWO_SIDED_95 * self.sd / self.value)
        return self.value / ratio, self.value * ratio


@dataclass(frozen=True, eq=False)
class Crossing:
    """Where ρ_QF(H) and 1/σ_QF(H) meet."""

    H_star: Quantity
    R_star: Quantity
    superconducting: PowerLaw
    """ρ_QF(H)."""
    insulating: PowerLaw
    """σ_QF(H)."""
    R_Q_ratio: Quantity
    """R*/(h/4e²): a comparison, not a fit."""


def power_law_crossing(rho_QF: PowerLaw, sigma_QF: PowerLaw) -> Crossing:
    """H* (Oe) and R* (ohm/square) with ρ_QF(H*) = 1/σ_QF(H*) = R*, errors from both covariances.

    With u = ln H, ln ρ = a + p u on one side and −(b + q u) on the other: u* = −(a + b)/(p + q) and
    ln R* = a + p u*. Raises ValueError for power laws that are parallel (p + q = 0), or so nearly that they meet
    at no field of this world.
    """
    u_S, u_I = math.log(rho_QF.reference_field), math.log(sigma_QF.reference_field)
    p, q = rho_QF.exponent, sigma_QF.exponent
    if abs(p + q) < 1e-12:
        raise ValueError("crossing: the two power laws are parallel and never meet")
    u = (p * u_S + q * u_I - rho_QF.log_value - sigma_QF.log_value) / (p + q)
    if abs(u) > FARTHEST or abs(rho_QF.log_value + p * (u - u_S)) > FARTHEST:
        raise ValueError("crossing: the two power laws are so nearly parallel that they meet at no field of this world")
    by_S, by_I = np.array([1.0, u - u_S]), np.array([1.0, u - u_I])
    of_S, of_I = float(by_S @ rho_QF.covariance @ by_S), float(by_I @ sigma_QF.covariance @ by_I)
    sd_u = math.sqrt(of_S + of_I) / abs(p + q)
    # d ln R = (q dS − p dI)/(p + q): the steeper law fixes the field, the flatter one the resistance.
    sd_R = math.hypot(q * math.sqrt(of_S), p * math.sqrt(of_I)) / abs(p + q)
    H, R = math.exp(u), math.exp(rho_QF.log_value + p * (u - u_S))
    gap = (rho_QF.H_max, sigma_QF.H_min)
    far = "" if gap[0] <= H <= gap[1] else f"the laws meet outside the gap between them, {gap[0]:g} to {gap[1]:g} Oe"
    doubt = "; ".join(d for d in (far, *(_lack(law) for law in (rho_QF, sigma_QF))) if d)
    return Crossing(
        Quantity(H, H * sd_u, "Oe", doubt),
        Quantity(R, R * sd_R, "ohm/square", doubt),
        rho_QF,
        sigma_QF,
        Quantity(R / R_Q_PAIR, R * sd_R / R_Q_PAIR, "", doubt),
    )


def field_crossing(
    family: Family, *, sd_field: float = 0.0, H_min: float = 0.0, H_max: float = math.inf, excluded: float = EXCLUDED
) -> Crossing:
    """Power laws of both sides and their crossing, points with |H − H*| < `excluded` H* left out.

    H* decides what is left out and what is left out decides H*: five rounds, the first with all points. Raises
    ValueError where one side has too few points for a power law. Limits of ρ_QF below the first field with a value
    belong to the superconductor, not to the power law; they are left out and that is said.
    """
    fits = fit_family(family)
    rho = field_points(fits, "rho_QF", sd_field=sd_field)
    sigma = field_points(fits, "sigma_QF", sd_field=sd_field)
    resolved = rho.field[rho.resolved & (rho.field > 0)]
    first = float(resolved[0]) if resolved.size else 0.0
    exclude: tuple[float, float] | None = None
    for _ in range(ROUNDS):
        law_S = fit_power_law(rho, H_min=max(H_min, first), H_max=H_max, exclude=exclude)
        law_I = fit_power_law(sigma, H_min=H_min, H_max=H_max, exclude=exclude)
        crossing = power_law_crossing(law_S, law_I)
        H = crossing.H_star.value
        exclude = (H * (1 - excluded), H * (1 + excluded))
    if np.any(rho.limited & (rho.field < first)):
        said = f"left out as superconductors: fields below {first:g} Oe, where ρ_QF has only a limit"
        crossing = replace(crossing, superconducting=replace(law_S, remarks=(*law_S.remarks, said)))
    return crossing


@dataclass(frozen=True, eq=False)
class EnergyDrop:
    """By what factor the activation energy falls across the avoided transition."""

    factor: Quantity
    below: Quantity
    """E_aS at H* (K), from its trend below."""
    plateau: Quantity
    """E_aI at high field (K), mean over the plateau."""
    degree: int
    """Of the trend, a polynomial in H²."""
    plateau_fields: tuple[float, ...]
    """Fields of the plateau (Oe)."""


def energy_drop(E_aS: FieldPoints, E_aI: FieldPoints, H_star: Quantity | float) -> EnergyDrop:
    """E_aS(H*) over the plateau of E_aI at high field, with the uncertainty of H* carried along.

    Near H* a single E_aS has little of an activated part to be read from, so it is the trend of all points below H*
    that is taken there: E_aS is even in H, so a polynomial in H², a straight line unless that does not fit.
    Energies of curves without a resolved ρ_QF are left out, since a superconductor has another.
    The plateau is the longest run of highest fields whose E_aI agree on one value; their weighted mean.
    Raises ValueError for fewer than three energies below H* or none above.
    """
    H, sd_H = (H_star.value, H_star.sd) if isinstance(H_star, Quantity) else (float(H_star), 0.0)
    failed = np.array([NO_BASE not in doubt for doubt in E_aS.doubts], dtype=bool)
    below = E_aS.select(E_aS.resolved & failed & (E_aS.field <= H))
    above = E_aI.select(E_aI.resolved & (E_aI.field > H))
    if len(below.field) < 3 or not len(above.field):
        raise ValueError(
            f"energy drop: {len(below.field)} energies below {H:g} Oe and {len(above.field)} above; "
            "at least three and one are needed"
        )
    degree, (at, slope, sd), lack = _trend(below, H)
    sd = math.hypot(sd, slope * sd_H)
    far = below.field[-1] < 0.8 * H
    doubts = [lack, f"nearest energy below H* is at {below.field[-1]:g} Oe: extrapolated" if far else ""]
    E_S = Quantity(at, sd, "K", "; ".join(d for d in doubts if d))
    E_I, fields = plateau(above)
    factor = at / E_I.value
    sd_factor = factor * math.hypot(sd / at, E_I.sd / E_I.value)
    doubt = "; ".join(d for d in (E_S.doubt, E_I.doubt) if d)
    return EnergyDrop(Quantity(factor, sd_factor, "", doubt), E_S, E_I, degree, fields)


def plateau(points: FieldPoints) -> tuple[Quantity, tuple[float, ...]]:
    """Weighted mean of the longest run of highest fields that agree on one value, and those fields (Oe).

    Agree: chi-square of the run has a probability above 5 %. A plateau of a single point is doubtful.
    """
    points = points.select(points.resolved)
    if not len(points.field):
        raise ValueError(f"plateau of {points.name}: no point with a value")
    start = len(points.field) - 1
    for first in range(len(points.field) - 2, -1, -1):
        mean, sd = _mean(points.value[first:], points.sd[first:])
        chi2 = float(np.sum(((points.value[first:] - mean) / points.sd[first:]) ** 2))
        if chdtrc(len(points.field) - first - 1, chi2) < 0.05:
            break
        start = first
    mean, sd = _mean(points.value[start:], points.sd[start:])
    fields = tuple(float(H) for H in points.field[start:])
    doubt = "" if len(fields) > 1 else f"a single field, {fields[0]:g} Oe, is no plateau"
    return Quantity(mean, sd, points.unit, doubt), fields


def peak(points: FieldPoints, count: int = 5) -> tuple[Quantity, Quantity]:
    """Field (Oe) and height of a maximum: parabola through the `count` points around the highest value.

    Errors by propagation through the weighted parabola. Doubtful where the parabola opens upwards, where its top
    lies outside its points, or where it does not fit. Raises ValueError for fewer than three values.
    """
    points = points.select(points.resolved)
    n = len(points.field)
    if n < 3:
        raise ValueError(f"peak of {points.name}: {n} values; at least 3 are needed")
    top = int(np.argmax(points.value))
    first = min(max(top - count // 2, 0), max(n - count, 0))
    near = points.select((np.arange(n) >= first) & (np.arange(n) < first + count))
    centre, width = float(np.mean(near.field)), float(np.ptp(near.field)) / 2
    c, C, chi2 = _polynomial((near.field - centre) / width, near.value, near.sd, 2)
    u = -c[1] / (2 * c[2])
    by_u = np.array([0.0, -1 / (2 * c[2]), c[1] / (2 * c[2] ** 2)])
    by_height = np.array([1.0, u, u**2])
    dof = len(near.field) - 3
    doubts = [
        "the curve has no maximum here" if c[2] >= 0 else "",
        "the maximum lies outside the points of its parabola" if abs(u) > 1 else "",
        "a parabola does not fit these points" if dof and chdtrc(dof, chi2) < IMPROBABLE else "",
    ]
    doubt = "; ".join(d for d in doubts if d)
    field = Quantity(centre + width * u, width * math.sqrt(by_u @ C @ by_u), "Oe", doubt)
    return field, Quantity(float(by_height @ c), math.sqrt(by_height @ C @ by_height), points.unit, doubt)


@dataclass(frozen=True)
class Monotonicity:
    """Whether a parameter only falls (or only rises) with field."""

    holds: bool
    """True if no rise (or fall) is larger than chance allows."""
    worst: float
    """Largest step in the wrong direction in s.d. of the difference, over all pairs; negative: none."""
    where: tuple[float, float]
    """Fields of that pair (Oe)."""
    probability: float
    """Of a step this large among that many pairs if the truth is level (Šidák's bound for the pairs)."""


def monotonicity(points: FieldPoints, *, falling: bool = True, level: float = 0.05) -> Monotonicity:
    """Is the parameter monotonic within its errors? All pairs of fields are compared, not neighbours alone.

    A limit counts with its best value and the width of its chi-square. Raises ValueError for fewer than two points.
    """
    used = points.select(points.resolved | points.limited)
    n = len(used.field)
    if n < 2:
        raise ValueError(f"monotonicity of {points.name}: {n} points; at least 2 are needed")
    sd = np.where(used.resolved, used.sd, used.limit_sd)
    step = (used.best[np.newaxis] - used.best[:, np.newaxis]) * (1 if falling else -1)
    z = np.where(np.triu(np.ones((n, n)), 1) > 0, step / np.hypot(sd[np.newaxis], sd[:, np.newaxis]), -np.inf)
    i, j = np.unravel_index(int(np.argmax(z)), z.shape)
    worst = float(z[i, j])
    probability = -math.expm1(n * (n - 1) / 2 * float(log_ndtr(worst)))
    return Monotonicity(probability > level, worst, (float(used.field[i]), float(used.field[j])), probability)


def _trend(points: FieldPoints, H: float) -> tuple[int, tuple[float, float, float], str]:
    """Degree in H², the value, slope (1/Oe) and s.d. at H, and whether it fits at all."""
    u = (points.field / H) ** 2
    lack = ""
    for degree in (1, 2):
        dof, sd = len(u) - degree - 1, points.sd
        for _ in range(3):
            c, C, chi2 = _polynomial(u, points.value, sd, degree)
            # An energy that came out too low came with too small an error: take the trend's, in proportion.
            trend = u[:, np.newaxis] ** np.arange(degree + 1) @ c
            sd = points.sd * np.clip(trend / points.value, 0.5, 2.0)
        probability = float(chdtrc(dof, chi2)) if dof else 1.0
        if probability >= IMPROBABLE or dof < 2:
            break
    widened = chi2 / dof if probability < IMPROBABLE else 1.0
    if widened > 1:
        lack = f"no polynomial in H² fits {points.name}: errors widened by {math.sqrt(chi2 / dof):.3g}"
    slope = float(np.arange(degree + 1) @ c) * 2 / H
    return degree, (float(np.sum(c)), slope, math.sqrt(widened * float(np.sum(C)))), lack


def _polynomial(u: Array, y: Array, sd: Array, degree: int) -> tuple[Array, Array, float]:
    """Coefficients in rising order, covariance and chi-square of the weighted polynomial."""
    design = u[:, np.newaxis] ** np.arange(degree + 1) / sd[:, np.newaxis]
    covariance = np.asarray(np.linalg.pinv(design.T @ design), dtype=float)
    c = covariance @ design.T @ (y / sd)
    return c, covariance, float(np.sum((design @ c - y / sd) ** 2))


def _mean(value: Array, sd: Array) -> tuple[float, float]:
    weight = 1 / sd**2
    return float(weight @ value / np.sum(weight)), float(1 / np.sqrt(np.sum(weight)))


def _lack(law: PowerLaw) -> str:
    return f"{law.name} is not one power law" if law.sd_scaled else ""
