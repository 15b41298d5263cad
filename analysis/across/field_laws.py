"""What the fits of a family say at each field: σ_QF(H), ρ_QF(H) and the activation energies, with errors and limits.

A family is a list of (field in Oe, `Fit` or `Curve`), in any order. A parameter that a curve does not determine
is never left out in silence: it stays in the list as a limit or with a doubt that says why there is no value.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coldfinger.analysis.fits.fit import fit_best
from coldfinger.analysis.fits.fit_result import Array, Curve, Fit
from coldfinger.analysis.fits.limits import ONE_SIDED_95

Family = Sequence[tuple[float, Fit | Curve]]
Fits = list[tuple[float, Fit]]
Name = Literal["sigma_QF", "sigma_0", "E_aI", "rho_QF", "rho_0", "E_aS"]

UNITS: dict[str, str] = {
    "sigma_QF": "S",
    "sigma_0": "S",
    "E_aI": "K",
    "rho_QF": "ohm/square",
    "rho_0": "ohm/square",
    "E_aS": "K",
}
LAW_OF = {"sigma_QF": "eq1", "sigma_0": "eq1", "E_aI": "eq1", "rho_QF": "eq2", "rho_0": "eq2", "E_aS": "eq2"}
DOUBTFUL_SD = 0.3
"""Relative s.d. above which a value is not to be interpreted alone."""

NO_BASE = "ρ_QF is not resolved, the film may be a superconductor"
"""Doubt of an E_aS that need not be that of a failed superconductor."""


@dataclass(frozen=True, eq=False)
class FieldPoints:
    """One parameter against field, in order of field; arrays of one length (n,)."""

    name: str
    unit: str
    field: Array
    """Oe."""
    sd_field: Array
    """Standard deviation of the field (Oe)."""
    value: Array
    """nan where the curve gives a limit or nothing."""
    sd: Array
    """Standard deviation, nan where there is no value."""
    upper95: Array
    """One-sided 95 % upper limit; nan where none is quoted."""
    best: Array
    """Where chi-square is least: the value, or for a limit what lies below it (zero if that is not known)."""
    doubts: tuple[str, ...]
    """By point: why it should not be believed; empty if it may be."""

    @property
    def resolved(self) -> NDArray[np.bool_]:
        """Points with a value."""
        return np.isfinite(self.value) & np.isfinite(self.sd)

    @property
    def limited(self) -> NDArray[np.bool_]:
        """Points with an upper limit and no value."""
        return ~self.resolved & np.isfinite(self.upper95)

    @property
    def limit_sd(self) -> Array:
        """Width of the parabola of chi-square from `best` through 2.71 at the limit, nan without a limit."""
        sd: Array = (self.upper95 - self.best) / math.sqrt(ONE_SIDED_95)
        return sd

    def select(self, keep: NDArray[np.bool_]) -> "FieldPoints":
        """The points where `keep` (n,) is true."""
        arrays = {n: getattr(self, n)[keep] for n in ("field", "sd_field", "value", "sd", "upper95", "best")}
        return replace(self, **arrays, doubts=tuple(d for d, k in zip(self.doubts, keep, strict=True) if k))


def make_points(
    name: str,
    field: ArrayLike,
    value: ArrayLike,
    sd: ArrayLike,
    *,
    upper95: ArrayLike = math.nan,
    sd_field: ArrayLike = 0.0,
    unit: str = "",
) -> FieldPoints:
    """Points from arrays (n,) of field (Oe), value and s.d.; nan values with an `upper95` are limits.

    Raises ValueError where arrays differ in length, a field is not finite, or a value has no s.d. above zero.
    """
    H = np.asarray(field, dtype=float)
    try:
        columns = [np.broadcast_to(np.asarray(a, dtype=float), H.shape) for a in (value, sd, upper95, sd_field)]
    except ValueError:
        raise ValueError(
            f"{name}(H): values, uncertainties and limits must be as many as the {H.size} fields"
        ) from None
    if H.ndim != 1 or not np.all(np.isfinite(H)):
        raise ValueError(f"{name}(H): the fields must be a list of finite numbers in Oe")
    if np.any(np.isfinite(columns[0]) & ~(columns[1] > 0)):
        raise ValueError(f"{name}(H): a value without a standard deviation above zero; every value needs one")
    order = np.argsort(H, kind="stable")
    value_, sd_, upper, field_sd = (column[order] for column in columns)
    best = np.where(np.isfinite(value_), value_, 0.0)
    nothing = ~np.isfinite(value_) & ~np.isfinite(upper)
    doubts = tuple("neither value nor limit" if missing else "" for missing in nothing)
    return FieldPoints(name, unit, H[order], field_sd, value_, sd_, upper, best, doubts)


def fit_family(family: Family, *, T_max: float = 0.7, loading: float = 0.0, loading_uncertainty: float = 0.1) -> Fits:
    """The family in order of field, every `Curve` fitted by `fit_best` (Eq. 1 or 2 by the sign of dρ/dT).

    A `Fit` stays as it is. Arguments as in `fit_eq1`. Raises ValueError as the fits do, with the field named.
    """
    fits: Fits = []
    for field, entry in sorted(family, key=lambda pair: pair[0]):
        if isinstance(entry, Fit):
            fits.append((float(field), entry))
            continue
        try:
            fit = fit_best(entry, T_max=T_max, loading=loading, loading_uncertainty=loading_uncertainty)
        except ValueError as error:
            raise ValueError(f"family at {field:g} Oe: {error}") from None
        fits.append((float(field), fit))
    return fits


def field_points(family: Family, name: Name, *, sd_field: float = 0.0, T_max: float = 0.7) -> FieldPoints:
    """The parameter `name` of Eq. 1 or Eq. 2 against field, from the fits that follow that law.

    `sd_field` (Oe) is the uncertainty of every field (remanence, supply). Raises ValueError for another name.
    """
    if name not in LAW_OF:
        raise ValueError(f"family: no parameter {name!r}; there are {', '.join(LAW_OF)}")
    fits = [(H, fit) for H, fit in fit_family(family, T_max=T_max) if fit.law == LAW_OF[name]]
    rows = [_point(fit, name) for _, fit in fits]
    columns = np.array([row[:4] for row in rows], dtype=float).reshape(-1, 4).T
    field = np.array([H for H, _ in fits], dtype=float)
    value, sd, upper, best = columns
    doubts = tuple(row[4] for row in rows)
    return FieldPoints(name, UNITS[name], field, np.full(field.shape, float(sd_field)), value, sd, upper, best, doubts)


def family_table(family: Family, *, T_max: float = 0.7) -> list[dict[str, Any]]:
    """One row a field: law, the three parameters with s.d. and limit, chi-square and the doubts in words.

    Keys: field_Oe, law, status, base, base_sd, base_upper95, prefactor, prefactor_sd, E_a_K, E_a_sd_K, chi2_nu,
    detection, T_min_K, T_max_K, n, doubts. Base and prefactor are in S for Eq. 1, in ohm/square for Eq. 2.
    """
    rows: list[dict[str, Any]] = []
    for field, fit in fit_family(family, T_max=T_max):
        base, prefactor, energy = fit.parameters
        (value, sd, upper, _, doubt), energy_doubt = _point(fit, base), _point(fit, energy)[4]
        rows.append(
            {
                "field_Oe": field,
                "law": fit.law,
                "status": fit.status,
                "base": value,
                "base_sd": sd,
                "base_upper95": upper,
                "prefactor": fit.parameters[prefactor].value,
                "prefactor_sd": fit.parameters[prefactor].sd,
                "E_a_K": fit.parameters[energy].value,
                "E_a_sd_K": fit.parameters[energy].sd,
                "chi2_nu": fit.chi2_nu,
                "detection": fit.detection,
                "T_min_K": fit.T_min,
                "T_max_K": fit.T_max,
                "n": fit.n,
                "doubts": "; ".join(d for d in (doubt, energy_doubt, *fit.remarks) if d),
            }
        )
    return rows


def _point(fit: Fit, name: str) -> tuple[float, float, float, float, str]:
    """Value, s.d., limit, best and doubt of one parameter."""
    estimate = fit.parameters[name]
    upper = math.nan if estimate.upper95 is None else estimate.upper95
    value, sd = estimate.value, estimate.sd
    if not (math.isfinite(value) and math.isfinite(sd) and sd > 0):
        # A base below the error of the input loading is seen, but what is seen is not the film.
        best = fit.best[0] if fit.detection < ONE_SIDED_95 and fit.best[0] < upper else 0.0
        doubt = f"{name}: upper limit only" if math.isfinite(upper) else f"{name}: not determined"
        return math.nan, math.nan, upper, best, doubt
    if fit.status == "weak" and name.endswith("QF"):
        return value, sd, upper, value, f"{name}: weakly seen, chi-square rises by {fit.detection:.1f} without it"
    if fit.law == "eq2" and fit.status == "limit":
        return value, sd, upper, value, f"{name}: {NO_BASE}"
    if sd > DOUBTFUL_SD * abs(value):
        return value, sd, upper, value, f"{name}: relative uncertainty {sd / abs(value):.0%}"
    return value, sd, upper, value, ""
