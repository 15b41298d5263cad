"""dV/dI of the ticked runs, over one another or as a waterfall, and what each curve says in numbers."""

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSplitter, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.pages.page import CurvePage, Marks
from coldfinger.gui.pages.run_curves import X_AXES, Y_AXES, Axis, axis, doubted_rows, is_ramp, is_slopes, label_of
from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.gui.pages.slope_table import SlopeTable
from coldfinger.gui.plots.curve import Style
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.series import Normalise, Quantity


class SlopesPage(CurvePage):
    """The tab of dV/dI."""

    title = "&dV/dI"
    tip = "dV/dI against the dc bias, of the ticked runs (Alt+5)."

    def __init__(self, marks: Marks, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(marks, Plot(X_AXES[3].quantity, Y_AXES[2].quantity), parent)
        self.numbers = SlopeTable(background, self)
        split = QSplitter(Qt.Orientation.Vertical, self)
        self.column.insertWidget(self.column.indexOf(self.plot), split, 1)
        for number, (widget, height) in enumerate(((self.plot, 300), (self.numbers, 100))):
            split.addWidget(widget)
            split.setStretchFactor(number, height)
            split.setCollapsible(number, False)
        split.setSizes([300, 100])
        self.waterfall = self.controls.tick(
            "waterfall", "Shift each curve up by the same step from the one of the next lower field.", self._choose
        )
        self.by_field = self.controls.tick("by field", "Colour the curves by their field.", self._choose_colours)
        self.plot.lookChanged.connect(self._normalised)
        self.refresh()

    def _normalised(self) -> None:
        """A curve that was shifted cannot be divided by anything."""
        if self.waterfall.isChecked() and self.plot.normalise is not Normalise.PLAIN:
            self.waterfall.setChecked(False)
            self._choose(False)

    def _choose(self, on: bool) -> None:
        if on:
            self.plot.set_normalise(Normalise.PLAIN)
        self._shown.clear()
        self.refresh()
        self.plot.show_all()

    def _choose_colours(self, on: bool) -> None:
        self._ordered = on
        self._shown.clear()
        self.refresh()

    def refresh(self) -> None:
        now, ticked = self._given
        runs = {rows.folder: rows for rows in (*ticked, *((now,) if now else ())) if is_slopes(rows)}
        ordered = sorted(runs.values(), key=lambda rows: (not np.isfinite(rows.field), rows.field, rows.name))
        x, y = axis(X_AXES, "bias"), axis(Y_AXES, "dV/dI")
        step = _step(ordered, y) if self.waterfall.isChecked() else 0.0
        if step:
            y = Axis(y.key, y.column, Quantity(f"dV/dI + n·{step:g} {y.quantity.unit}", y.quantity.unit), y.sd)
        curves = {}
        for number, rows in enumerate(ordered):
            colour, symbol = self.marks.mark_of(rows.folder)
            style = Style("" if self._ordered else colour, symbol)
            curves[str(rows.folder)] = (rows, (_bias_name(rows), number * step), style)
        self.show_curves(curves, x, y)
        self.numbers.badge = self.plot.badge_text
        self.numbers.show_runs(ordered, [rows for rows in ticked if is_ramp(rows)])
        bad = sum(doubted_rows(rows) for rows in ordered)
        text = f"{len(ordered)} runs" if len(ordered) != 1 else f"{ordered[0].name}: 1 run"
        crosses = f", {bad} rows not believed (crosses)" if bad else ""
        hint = ". Rings mark rows in which the bias warms the electrons, and other remarks."
        self.words.setText(text + crosses + hint if ordered else "No run of dV/dI is ticked: tick some in the list.")

    def restyle(self) -> None:
        self.numbers.restyle()
        super().restyle()


def _bias_name(rows: RunRows) -> str:
    T = rows.columns.get("T_sample (K)", np.empty(0))
    there = T[np.isfinite(T)]
    field = label_of(rows)
    return f"{field}, {np.median(there):.3g} K" if len(there) else field


def _step(runs: Sequence[RunRows], y: Axis) -> float:
    """A round step of a quarter of the largest span, so that neighbours do not lie on each other."""
    spans = [float(np.ptp(v[np.isfinite(v)])) for rows in runs if np.isfinite(v := rows.columns[y.column]).any()]
    largest = max(spans, default=0.0)
    return float(f"{largest / 4:.1g}") if largest > 0 else 0.0
