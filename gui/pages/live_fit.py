"""A fit of one run as a piece of work for another thread: rows in, numbers, lines and residuals out."""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from coldfinger.analysis.across.family_fit import FieldFit, FitSettings, fit_run_family
from coldfinger.analysis.dataset import RunFamily, Table
from coldfinger.analysis.fits.fit_result import Array, Curve, Fit, Law
from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.runfiles.disk import RunFileError

Weights = Literal["σ", "none"]
"""Each row by its own s.d., or all rows alike in ln ρ, with the s.d. that their scatter about the fit says."""
FEWEST = 8
"""Points in the window below which nothing is fitted."""
DRAWN = 300
"""Points of the drawn line."""
_PARAMETERS = 3  # of either law
_TRIAL = 0.01  # relative s.d. of the first fit without weights
_FLOOR = 1e-3  # of the largest ρ: what is smaller counts no more than this


def _none() -> Array:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class FitAnswer:
    """What became of one wish for a fit."""

    run: str
    window: tuple[float, float]
    """Lowest and highest temperature asked for (K)."""
    points: int
    """Believed rows in the window."""
    member: FieldFit | None = None
    """None where nothing could be fitted."""
    reason: str = ""
    """Why not, in one sentence."""
    line: tuple[Array, Array] = field(default_factory=lambda: (_none(), _none()))
    """T (K) and ρ (ohm/square) of the best curve, within the window."""
    residuals: tuple[Array, Array] = field(default_factory=lambda: (_none(), _none()))
    """T (K) and residual in s.d. of the rows that were used."""
    simulated: bool = True
    rows: int = 0
    """Of the run when it was fitted."""
    outcome: str = ""
    """Of the run then; "" while it had no end, and in a replay while not all of it was played."""
    weights: Weights = "σ"
    scatter: float = math.nan
    """Relative s.d. of a row that the scatter says; only without weights."""
    own_chi2_nu: float = math.nan
    """χ²/ν of that fit with the s.d. that the rows themselves have; only without weights."""

    @property
    def measured(self) -> Fit | None:
        """The best curve before belief tests and bounds."""
        return self.member.measured or self.member.fit if self.member else None

    @property
    def converged(self) -> bool:
        return self.measured is not None and "the fit did not converge" not in self.measured.remarks


def fit_run(rows: RunRows, window: tuple[float, float], law: Law | None, weights: Weights = "σ") -> FitAnswer:
    """Fit `law` (None: by the sign of dρ/dT) to the believed rows with window[0] <= T <= window[1] (K). Never raises
    for what the run lacks."""
    nothing = FitAnswer(
        rows.name, window, 0, simulated=rows.simulated, rows=len(rows), outcome=rows.outcome, weights=weights
    )
    try:
        table = rows.as_table()
        curve = table.curve()
    except (ValueError, RunFileError) as error:
        return replace(nothing, reason=str(error))
    inside = (curve.temperature >= window[0] * (1 - 1e-9)) & (curve.temperature <= window[1] * (1 + 1e-9))
    points = int(np.count_nonzero(inside))
    if points < FEWEST:
        return replace(nothing, points=points)
    settings, scatter, own = FitSettings(window[0], window[1], law, scan=False), math.nan, curve
    try:
        if weights == "none":
            table, scatter = _alike(table, settings)
            curve = table.curve()
        member = _fit(table, settings)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        return replace(nothing, points=points, reason=str(error))
    best = member.measured or member.fit
    if best is None:
        reason = member.remarks[0] if member.remarks else "nothing could be fitted"
        return replace(nothing, points=points, reason=reason)
    T = np.geomspace(best.T_min, best.T_max, DRAWN)
    used = Curve(*(column[inside] for column in _columns(curve)))
    answer = (T, best.predict(T)), (used.temperature, _residuals(best, used))
    line, residuals = answer
    found = replace(nothing, points=points, member=member, line=line, residuals=residuals, scatter=scatter)
    if weights == "σ":
        return found
    left = _residuals(best, Curve(*(column[inside] for column in _columns(own))))
    return replace(found, own_chi2_nu=float(left @ left) / max(points - _PARAMETERS, 1))


def _alike(table: Table, settings: FitSettings) -> tuple[Table, float]:
    """The table with one relative s.d. for all rows, for which χ²/ν becomes 1; and that s.d. Raises ValueError."""
    first = _with_sd(table, _TRIAL)
    best = (member := _fit(first, settings)).measured or member.fit
    if best is None or not (math.isfinite(best.chi2_nu) and best.chi2_nu > 0):
        raise ValueError("without weights: the scatter of the rows about the fit cannot be determined")
    scatter = _TRIAL * math.sqrt(best.chi2_nu)
    return _with_sd(table, scatter), scatter


def _with_sd(table: Table, relative: float) -> Table:
    size = table.frame["rho (ohm)"].abs()
    frame = table.frame.assign(
        **{"rho_sd (ohm)": relative * np.maximum(size, _FLOOR * size.max()), "T_sample_sd (K)": 0.0}
    )
    frame.attrs = table.frame.attrs
    return replace(table, frame=frame)


def _fit(table: Table, settings: FitSettings) -> FieldFit:
    alone = RunFamily(table.name, table.sample, table.stage, table.station, table.simulated, (table,))
    return fit_run_family(alone, settings).fields[0]


def _columns(curve: Curve) -> tuple[Array, Array, Array, Array]:
    return curve.temperature, curve.resistivity, curve.sd_resistivity, curve.sd_temperature


def _residuals(fit: Fit, curve: Curve) -> Array:
    """(measured less fitted) in s.d., an error of T included through the slope of the fit."""
    T, step = curve.temperature, 1e-4
    slope = (fit.predict(T * (1 + step)) - fit.predict(T * (1 - step))) / (2 * step * T)
    residual: Array = (curve.resistivity - fit.predict(T)) / np.hypot(
        curve.sd_resistivity, slope * curve.sd_temperature
    )
    return residual
