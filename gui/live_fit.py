"""A fit of one run as a piece of work for another thread: rows in, numbers, lines and residuals out."""

from dataclasses import dataclass, field

import numpy as np

from coldfinger.analysis.dataset import RunFamily, Table
from coldfinger.analysis.family_fit import FieldFit, FitSettings, fit_run_family
from coldfinger.analysis.fit_result import Array, Curve, Fit, Law
from coldfinger.gui.run_feed import RunRows
from coldfinger.runfiles.disk import RunFileError

FEWEST = 8
"""Points in the window below which nothing is fitted."""
DRAWN = 300
"""Points of the drawn line."""


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

    @property
    def measured(self) -> Fit | None:
        """The best curve before belief tests and bounds."""
        return self.member.measured or self.member.fit if self.member else None

    @property
    def converged(self) -> bool:
        return self.measured is not None and "the fit did not converge" not in self.measured.remarks


def fit_run(rows: RunRows, window: tuple[float, float], law: Law | None) -> FitAnswer:
    """Fit `law` (None: by the sign of dρ/dT) to the believed rows with window[0] <= T <= window[1] (K). Never raises
    for what the run lacks."""
    try:
        table = rows.as_table()
        curve = table.curve()
    except (ValueError, RunFileError) as error:
        return FitAnswer(rows.name, window, 0, reason=str(error), simulated=rows.simulated)
    inside = (curve.temperature >= window[0] * (1 - 1e-9)) & (curve.temperature <= window[1] * (1 + 1e-9))
    points = int(np.count_nonzero(inside))
    if points < FEWEST:
        return FitAnswer(rows.name, window, points, simulated=rows.simulated)
    try:
        member = _fit(table, FitSettings(window[0], window[1], law, scan=False))
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        return FitAnswer(rows.name, window, points, reason=str(error), simulated=rows.simulated)
    best = member.measured or member.fit
    if best is None:
        reason = member.remarks[0] if member.remarks else "nothing could be fitted"
        return FitAnswer(rows.name, window, points, reason=reason, simulated=rows.simulated)
    T = np.geomspace(best.T_min, best.T_max, DRAWN)
    used = Curve(*(column[inside] for column in _columns(curve)))
    answer = (T, best.predict(T)), (used.temperature, _residuals(best, used))
    return FitAnswer(rows.name, window, points, member, "", *answer, simulated=rows.simulated)


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
