"""Eq. 1 or Eq. 2 through every curve of a family: from loaded runs to parameters that may be believed.

For each field: the law by the sign of dρ/dT (or the one asked for), the window of temperature, the competing laws by
BIC, limits that do not go below what instrument and heating can make, the verdicts of the belief tests, 95 % intervals
(by profile where the covariance is not enough), other windows, and systematic errors apart from the statistical ones.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from coldfinger.analysis.across.family_across import Across, across_fields
from coldfinger.analysis.across.regimes import Regime, regime
from coldfinger.analysis.dataset import Check, Dataset, RunFamily, Table
from coldfinger.analysis.fits.belief import after_tests, bounded, failed, measured_heating
from coldfinger.analysis.fits.fit import fit_eq1, fit_eq2, solve
from coldfinger.analysis.fits.fit_result import PARAMETER_NAMES, Curve, Fit, Law
from coldfinger.analysis.fits.heating import heating_bound
from coldfinger.analysis.fits.profile import fit_robust, profile_intervals, window_scan

Saturation = Literal["seen", "weak", "limit", "superconductor", "other law", "disbelieved", "no fit"]
Interval95 = tuple[float, float]

LINEAR_SD = 0.05
"""Relative s.d. above which the profile gives the 95 % interval and not the covariance."""
NORMAL_95 = 1.959964
MOVED = 3.5
"""Shift (s.d.) of a parameter in another window that is remarkable; several windows are tried."""
SHARP = 0.1
"""Relative s.d. up to which a parameter in another window can be compared: beyond it the fit is no straight line."""
SAME_FIELD = 1.0
"""Oe: a belief test made alone speaks for the curve within this of its field."""


@dataclass(frozen=True)
class FitSettings:
    """How a family is fitted; stored with every result."""

    T_min: float = 0.0
    """K."""
    T_max: float = 0.7
    """K."""
    law: Law | None = None
    """None: by the sign of dρ/dT at each field."""
    robust: bool = False
    """Leave out spikes, and say which."""
    loading_uncertainty: float = 0.1
    """Relative, of the correction for the conductance of the lock-in's input (assumed)."""
    temperature_scale: float = 0.005
    """Relative uncertainty of the thermometer's scale (assumed)."""
    sd_field: float = 0.0
    """Oe, uncertainty common to all fields: remanence, supply."""
    scan: bool = True
    """Whether other windows are tried."""

    def __post_init__(self) -> None:
        if not 0 <= self.T_min < self.T_max:
            raise ValueError(
                f"window: {self.T_min:g} to {self.T_max:g} K; it must rise from 0 K or above, such as 0.05..0.7 K"
            )


@dataclass(frozen=True, eq=False)
class FieldFit:
    """One field of a family: what its curve says, and how far to believe it."""

    field: float
    """Oe."""
    table: Table
    saturation: Saturation
    """Is a finite resistance at T → 0 claimed? Only "seen" claims it.

    "weak": chi-square rises by 2.7 to 9 without it. "other law": a law without saturation has the better BIC.
    "disbelieved": a belief test failed.
    """
    fit: Fit | None
    """As far as it may be believed; None where nothing could be fitted."""
    measured: Fit | None = None
    """The same before belief tests and bounds."""
    regime: Regime | None = None
    intervals: Mapping[str, Interval95] = dataclasses.field(default_factory=dict)
    """95 % intervals by parameter, statistical."""
    systematics: Mapping[str, Mapping[str, float]] = dataclasses.field(default_factory=dict)
    """By parameter and source: what it moves by, in the parameter's unit."""
    moved: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Largest shift in s.d. in other windows, by parameter."""
    remarks: tuple[str, ...] = ()

    @property
    def bic(self) -> Mapping[str, float]:
        """BIC by law; empty without a fit."""
        return self.regime.choice.bic if self.regime else {}

    def systematic(self, name: str) -> float:
        """All systematic errors of a parameter together (root of the sum of squares); nan without any."""
        parts = self.systematics.get(name)
        return math.sqrt(sum(part**2 for part in parts.values())) if parts else math.nan

    def to_json(self) -> dict[str, Any]:
        """SI units and kelvin; None where there is no number."""
        result: dict[str, Any] = {
            "field_Oe": self.field,
            "run": self.table.name,
            "rows": len(self.table.frame),
            "believed": len(self.table.rows),
            "saturation": self.saturation,
            "label": self.regime.label if self.regime else None,
            "reason": self.regime.reason if self.regime else None,
            "fit": self.fit.to_json() if self.fit else None,
            "interval95": {name: [_finite(end) for end in ends] for name, ends in self.intervals.items()},
            "systematics": {name: dict(parts) for name, parts in self.systematics.items()},
            "moved_in_other_windows_sd": {name: _finite(shift) for name, shift in self.moved.items()},
            "bic": {name: _finite(value) for name, value in self.bic.items()},
            "checks": [{"name": c.name, "outcome": c.outcome, "sentence": c.sentence} for c in self.table.checks],
            "remarks": list(self.remarks),
        }
        if self.saturation == "disbelieved" and self.measured:
            result["not_believed"] = self.measured.to_json()
        return result


@dataclass(frozen=True, eq=False)
class FamilyFit:
    """A family, fitted: one `FieldFit` a curve in rising order of field, and what they say together."""

    family: RunFamily
    settings: FitSettings
    fields: tuple[FieldFit, ...]
    across: Across

    @property
    def fits(self) -> list[tuple[float, Fit]]:
        """Field (Oe) and fit, as `field_laws`, `crossover` and `curvature` take them."""
        return [(member.field, member.fit) for member in self.fields if member.fit is not None]

    def table(self) -> pd.DataFrame:
        """One row a field: value, s.d., 95 % interval, limit and systematic error of every parameter (SI, K)."""
        return pd.DataFrame([_row(member) for member in self.fields])

    def to_json(self) -> dict[str, Any]:
        """The whole result with settings and assumptions; SI units, kelvin and oersted."""
        family, settings = self.family, self.settings
        return {
            "name": family.name,
            "sample": family.sample,
            "stage": family.stage,
            "station": family.station,
            "simulated": family.simulated,
            "settings": {
                "T_min_K": settings.T_min,
                "T_max_K": settings.T_max,
                "law": settings.law or "by the sign of dρ/dT",
                "robust": settings.robust,
                "loading_uncertainty": settings.loading_uncertainty,
                "temperature_scale": settings.temperature_scale,
                "sd_field_Oe": settings.sd_field,
            },
            "fields": [member.to_json() for member in self.fields],
            **self.across.to_json(),
        }


def fit_dataset(dataset: Dataset, settings: FitSettings | None = None) -> tuple[FamilyFit, ...]:
    """Every family of a dataset, fitted. A curve that cannot be fitted says why; it never stops the others."""
    return tuple(fit_run_family(family, settings, dataset.tables) for family in dataset.families)


def fit_run_family(family: RunFamily, settings: FitSettings | None = None, beside: tuple[Table, ...] = ()) -> FamilyFit:
    """Fit all curves of `family`; belief tests made alone, among the tables `beside`, count for their field."""
    settings = settings or FitSettings()
    members = tuple(_fit_field(_with_checks(table, beside), settings) for table in family.tables)
    fits = [(member.field, member.fit) for member in members if member.fit is not None]
    regimes = [member.regime for member in members if member.regime is not None]
    return FamilyFit(family, settings, members, across_fields(fits, regimes, sd_field=settings.sd_field))


def _with_checks(table: Table, beside: tuple[Table, ...]) -> Table:
    """The table with the verdicts of tests that were made as runs of their own at its field."""
    more: list[Check] = []
    for other in beside:
        same = (other.sample, other.stage, other.station) == (table.sample, table.stage, table.station)
        if same and other.procedure.endswith("Check") and abs(other.field - table.field) <= SAME_FIELD:
            more += other.checks
    return replace(table, checks=(*table.checks, *more)) if more else table


def _fit_field(table: Table, settings: FitSettings) -> FieldFit:
    try:
        curve = _cut(table.curve(), settings.T_min)
        kept, said = _kept(curve, table, settings)
        found = regime(table.field, kept, T_max=settings.T_max, loading=table.loading)
        measured = _law(kept, table, settings, found)
    except ValueError as error:
        return FieldFit(table.field, table, "no fit", None, remarks=(str(error), *table.remarks))
    window = kept.window(settings.T_max)
    heating, source = _heating(table, measured, window)
    fit = bounded(measured, heating, f"{source} of heating, {heating:.2g}")
    fit = after_tests(fit, table.checks, heating)
    systematics = _systematics(table, measured, window, settings, heating)
    moved = _moved(kept, measured.law, settings) if settings.scan else {}
    remarks = [*found.doubts, *fit.remarks, *said, *table.remarks]
    remarks += [
        f"{name} moves by {shift:+.1f} s.d. in another window" for name, shift in moved.items() if abs(shift) > MOVED
    ]
    if not table.checks:
        remarks.append("no belief test was made")
    return FieldFit(
        table.field,
        table,
        _saturation(fit, found, table),
        fit,
        measured,
        found,
        _intervals(kept, fit, settings),
        systematics,
        moved,
        tuple(dict.fromkeys(remarks)),
    )


def _cut(curve: Curve, T_min: float) -> Curve:
    keep = curve.temperature >= T_min * (1 - 1e-9)
    return Curve(
        curve.temperature[keep], curve.resistivity[keep], curve.sd_resistivity[keep], curve.sd_temperature[keep]
    )


def _kept(curve: Curve, table: Table, settings: FitSettings) -> tuple[Curve, tuple[str, ...]]:
    """The curve without spikes, where that was asked for, and what was said about them."""
    if not settings.robust:
        return curve, ()
    robust = fit_robust(curve, settings.law, T_max=settings.T_max, loading=table.loading)
    window, keep = robust.window, robust.kept
    without = Curve(
        window.temperature[keep], window.resistivity[keep], window.sd_resistivity[keep], window.sd_temperature[keep]
    )
    return without, robust.fit.remarks[-1:]


def _law(curve: Curve, table: Table, settings: FitSettings, found: Regime) -> Fit:
    law = settings.law or found.choice.fit.law
    if law == "eq2":
        return fit_eq2(curve, T_max=settings.T_max)
    uncertainty = settings.loading_uncertainty
    return fit_eq1(curve, T_max=settings.T_max, loading=table.loading, loading_uncertainty=uncertainty)


def _heating(table: Table, fit: Fit, window: Curve) -> tuple[float, str]:
    """What heating may have made of the base (S or ohm/square), and where that number is from."""
    asked = measured_heating(table.checks)
    if asked is not None:
        bound = abs(asked[0]) + 2 * asked[1]
        coldest = float(window.resistivity[int(np.argmin(window.temperature))])
        return (bound if fit.law == "eq1" else bound * coldest**2), "measured bound"
    if "I (A)" not in table.frame:
        return 0.0, "no bound"
    rows = table.rows
    nearest = int((rows["T_sample (K)"] - float(np.min(window.temperature))).abs().to_numpy().argmin())
    current = np.full(window.temperature.shape, float(rows["I (A)"].to_numpy()[nearest]))
    squares = table.squares + 2 * table.end_squares
    return heating_bound(fit, window, current, squares), "estimated bound"


def _saturation(fit: Fit, found: Regime, table: Table) -> Saturation:
    if failed(table.checks):
        return "disbelieved"
    if found.label == "superconductor":
        return "superconductor"
    if fit.status == "limit":
        return "limit"
    if fit.law == "eq1" and found.choice.bic[found.choice.best] < found.choice.bic.get("eq1", math.inf):
        return "other law"
    return "seen" if fit.status == "value" else "weak"


def _intervals(curve: Curve, fit: Fit, settings: FitSettings) -> dict[str, Interval95]:
    """Statistical 95 % intervals; a limit is one-sided, from zero."""
    intervals: dict[str, Interval95] = {}
    profiled: dict[str, Interval95] | None = None
    for name, estimate in fit.parameters.items():
        if not math.isfinite(estimate.value):
            intervals[name] = (0.0, estimate.upper95) if estimate.upper95 is not None else (math.nan, math.nan)
        elif estimate.sd <= LINEAR_SD * estimate.value:
            reach = NORMAL_95 * estimate.sd
            intervals[name] = (estimate.value - reach, estimate.value + reach)
        else:
            if profiled is None:
                found = profile_intervals(curve, fit.law, T_max=settings.T_max)
                profiled = {key: (interval.low, interval.high) for key, interval in found.items()}
            intervals[name] = profiled[name]
    return intervals


def _systematics(
    table: Table, fit: Fit, window: Curve, settings: FitSettings, heating: float
) -> dict[str, dict[str, float]]:
    """What each source moves each parameter by: errors common to all points, which no fit can average away."""
    base, prefactor, energy = PARAMETER_NAMES[fit.law]
    moved: dict[str, dict[str, float]] = {name: {} for name in (base, prefactor, energy)}
    delta = table.loading * settings.loading_uncertainty
    if delta > 0:
        loaded = 1 + delta * window.resistivity
        other = Curve(window.temperature, window.resistivity / loaded, window.sd_resistivity, window.sd_temperature)
        (a, b, E), there = fit.best, solve(other, fit.law)[1].parameters
        moved[base]["loading"] = abs(float(there[0]) - a)
        if b > 0 and there[1] > -1e3:
            moved[prefactor]["loading"] = abs(float(np.exp(there[1])) - b)
            moved[energy]["loading"] = abs(float(there[2]) - E)
    if heating > 0:
        moved[base]["heating"] = heating
    if math.isfinite(fit.parameters[energy].value):
        moved[energy]["temperature scale"] = settings.temperature_scale * fit.parameters[energy].value
    return {name: parts for name, parts in moved.items() if parts}


def _moved(curve: Curve, law: Law, settings: FitSettings) -> dict[str, float]:
    """Largest shift of each parameter over windows cut at either end."""
    inside = curve.temperature[curve.temperature <= settings.T_max * (1 + 1e-9)]
    lows = (0.0, *(float(np.quantile(inside, q)) for q in (0.15, 0.3)))
    steps = window_scan(curve, law, T_max=(settings.T_max, 0.75 * settings.T_max, 0.5 * settings.T_max), T_min=lows)
    moved: dict[str, float] = {}
    for step in steps[1:]:
        for name, shift in step.shift.items():
            there = step.fit.parameters[name]
            sharp = there.sd <= SHARP * abs(there.value)
            if sharp and math.isfinite(shift) and abs(shift) > abs(moved.get(name, 0.0)):
                moved[name] = shift
    return moved


def _row(member: FieldFit) -> dict[str, Any]:
    row: dict[str, Any] = {
        "field_Oe": member.field,
        "run": member.table.name,
        "label": member.regime.label if member.regime else "",
        "saturation": member.saturation,
        "rows": len(member.table.frame),
        "believed": len(member.table.rows),
        "remarks": "; ".join(member.remarks),
    }
    if member.fit is None:
        return row
    row |= {"law": member.fit.law, "status": member.fit.status, "chi2_nu": member.fit.chi2_nu}
    row |= {"T_min_K": member.fit.T_min, "T_max_K": member.fit.T_max, "n": member.fit.n}
    for name, estimate in member.fit.parameters.items():
        low, high = member.intervals[name]
        row |= {name: estimate.value, f"{name}_sd": estimate.sd, f"{name}_upper95": estimate.upper95}
        row |= {f"{name}_low95": low, f"{name}_high95": high, f"{name}_systematic": member.systematic(name)}
    return row


def _finite(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
