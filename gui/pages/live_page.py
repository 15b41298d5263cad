"""The run that is measured now, or one that was opened, and its rows that must not be believed, one after the other."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from coldfinger.gui.pages.number_text import plain
from coldfinger.gui.pages.page import CurvePage, Marks
from coldfinger.gui.pages.run_curves import X_AXES, Y_AXES, Axis, axis, curve_of, doubted_rows, label_of, usual_axes
from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.gui.plots.curve import Style, to_view
from coldfinger.gui.plots.plot import Plot
from coldfinger.runfiles.quality import DISBELIEVED, disbelief, names


class LivePage(CurvePage):
    """The run that is measured now, or one that was opened."""

    title = "&Live"
    tip = "The run that is being measured, row by row (Alt+1)."
    followed = Signal()

    def __init__(self, marks: Marks, parent: QWidget | None = None) -> None:
        super().__init__(marks, Plot(X_AXES[0].quantity, Y_AXES[0].quantity), parent)
        self._axes = ("T", "ρ")
        self._run: Path | None = None
        self.y_box = self.controls.combo("y axis", "What is plotted.", [one.key for one in Y_AXES], self._choose)
        self.x_box = self.controls.combo("x axis", "Against what.", [one.key for one in X_AXES], self._choose)
        self.follow = QPushButton("Follow the running run", self)
        self.follow.setToolTip("Go back from the opened run to the one that is measured now.")
        self.follow.clicked.connect(self.followed)
        self.follow.hide()
        self.points = QPushButton("&Show points", self)
        self.points.setToolTip("Go to the next row that must not be believed, and say why (P in the plot).")
        self.points.clicked.connect(lambda *_: self.show_points())
        self._point = -1
        self._said: tuple[tuple[Any, ...], str] = (), ""
        """Of which rows and axes something is said on one of them, and what; new rows end it."""
        below = QHBoxLayout()
        self.column.removeWidget(self.words)
        for widget, stretch in ((self.words, 1), (self.points, 0), (self.follow, 0)):
            below.addWidget(widget, stretch)
        self.column.addLayout(below)
        self.refresh()

    def set_opened(self, opened: bool) -> None:
        """Whether the run in front was opened by hand and is not the running one."""
        self.follow.setVisible(opened)

    def show_points(self) -> None:
        """Go to the next row that must not be believed: it is in the middle, and the words say why."""
        rows = self._given[0]
        series = None if rows is None else curve_of(rows, *self._pair())
        bad = np.flatnonzero(series.doubted) if series is not None else np.empty(0, dtype=int)
        if rows is None or series is None or not len(bad):
            return
        self._point = int(next((i for i in bad if i > self._point), bad[0]))
        i, (x, y) = self._point, self._pair()
        for_x, for_y = (
            _around(values, i, log) for values, log in zip((series.x, series.y), self.plot.log, strict=True)
        )
        self.plot.zoom_to(for_x, for_y)
        pairs = ((x, series.x[i]), (y, series.y[i]))
        here = ", ".join(f"{of.key} {plain(float(value), of.quantity.unit, 4)}" for of, value in pairs)
        why = ", ".join(names(int(rows.flags[i]) & int(DISBELIEVED)))
        number = int(np.searchsorted(bad, i)) + 1
        text = f"Row {i + 1}: {here}. Not believed: {why}. {number} of {len(bad)} such rows; A shows all."
        self._said = (rows.folder, len(rows), *self._axes), text
        self.words.setText(text)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """P in the plot; a plot hands on what it does not know."""
        if event is not None and event.key() == Qt.Key.Key_P and not event.modifiers():
            self.show_points()
        else:
            super().keyPressEvent(event)

    def _choose(self, _: str) -> None:
        self._axes = (self.x_box.currentText(), self.y_box.currentText())
        self.refresh()

    def refresh(self) -> None:
        rows = self._given[0]
        bad = doubted_rows(rows) if rows is not None else 0
        self.points.setVisible(bad > 0)
        if rows is None:
            self.show_curves({}, *self._pair())
            self.words.setText("No run is being measured. Start one, or open one from the list of runs.")
            return
        if rows.folder != self._run and len(rows):
            self._run, self._point = rows.folder, -1
            self._axes = usual_axes(rows)
            self.x_box.setCurrentText(self._axes[0])
            self.y_box.setCurrentText(self._axes[1])
        colour, symbol = self.marks.mark_of(rows.folder)
        x, y = self._pair()
        self.show_curves({"run": (rows, (label_of(rows), 0.0), Style(colour, symbol))}, x, y)
        lacks = "" if curve_of(rows, x, y) else f" This run has no {y.key} against {x.key}."
        end = f" {rows.outcome}." if rows.outcome else ""
        usual = f"{rows.name}: {flags_text(rows)}.{end}{lacks}"
        self.words.setText(self._said[1] if self._said[0] == (rows.folder, len(rows), *self._axes) else usual)

    def _pair(self) -> tuple[Axis, Axis]:
        return axis(X_AXES, self._axes[0]), axis(Y_AXES, self._axes[1])


def flags_text(rows: RunRows) -> str:
    """ "125 rows, 3 not believed (crosses): phase (3)"."""
    bad = doubted_rows(rows)
    text = f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}"
    return f"{text}, {bad} not believed (crosses): {disbelief(rows.flags.tolist())}" if bad else text


def _around(values: NDArray[np.float64], i: int, log: bool) -> tuple[float, float]:
    """A fifth of the span of all values, with one of them in the middle."""
    shown = to_view(np.asarray(values, dtype=np.float64), log)
    there = shown[np.isfinite(shown)]
    if not len(there) or not np.isfinite(shown[i]):
        return 0.0, 0.0
    half = 0.1 * float(np.ptp(there)) or 0.5
    ends = float(shown[i]) - half, float(shown[i]) + half
    return (10.0 ** ends[0], 10.0 ** ends[1]) if log else ends
