"""Pages of curves: the run that is measured now, runs over one another, dV/dI."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.pages.fit_words import plain
from coldfinger.gui.pages.run_curves import (
    X_AXES,
    Y_AXES,
    Axis,
    axis,
    badge_of,
    curve_of,
    doubted_rows,
    is_ramp,
    is_slopes,
    label_of,
    usual_axes,
)
from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.gui.pages.slope_table import SlopeTable
from coldfinger.gui.plots.curve import Style, to_view
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.plot_controls import PlotControls
from coldfinger.gui.plots.series import Normalise, Quantity, Series, ratio
from coldfinger.runfiles.quality import DISBELIEVED, disbelief, names

AT_ONCE = 12
"""Curves that come or go in one go: each costs some milliseconds."""


class Marks(Protocol):
    """Colour and symbol of a run, the same everywhere for the whole session."""

    def mark_of(self, folder: Path) -> tuple[str, str]:
        """Colour "#RRGGBB" and a symbol of plots, such as "o"."""
        ...


class Page(QWidget):
    """One tab; `show_rows` gives it what there is, and it draws what has changed."""

    title = ""
    tip = ""

    def __init__(self, marks: Marks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.marks = marks
        self._given: tuple[RunRows | None, tuple[RunRows, ...]] = (None, ())
        self._badge = self._own_badge = ""

    def show_rows(self, now: RunRows | None, ticked: Sequence[RunRows]) -> None:
        """The run in front (measured now, or opened) and the ticked ones."""
        self._given = (now, tuple(ticked))
        self.refresh()

    def refresh(self) -> None:
        """Draw what was given."""

    def set_badge(self, text: str) -> None:
        """A badge that stands before that of the runs, such as "REPLAY"; "" for none."""
        self._badge = text
        self._show_badge(self._own_badge)

    def _show_badge(self, text: str) -> None:
        """What the runs say of themselves; the badge of the whole window stands before it."""
        self._own_badge = text
        whole = " · ".join(filter(None, (self._badge, text)))
        for plot in self._badged():
            if plot.badge_text != whole:
                plot.set_badge(whole)

    def _badged(self) -> Sequence[Any]:
        """The plots that carry the badge."""
        return ()

    def restyle(self) -> None:
        """Take colours and font of the theme in use."""

    def front(self) -> QWidget:
        """What gets the keyboard when the page comes to the front."""
        return self


class CurvePage(Page):
    """A page with one plot, its controls, and a line below that says what is seen."""

    def __init__(self, marks: Marks, plot: Plot, parent: QWidget | None = None, *, normalise: bool = True) -> None:
        super().__init__(marks, parent)
        self.plot = plot
        self.controls = PlotControls(plot, self, normalise=normalise)
        self.words = QLabel(" ", self)
        self.words.setProperty("role", "faint")
        self.words.setAccessibleName("What is shown")
        self.words.setWordWrap(True)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(4, 2, 4, 2)
        self.column.setSpacing(2)
        self.column.addWidget(self.controls)
        self.column.addWidget(plot, 1)
        self.column.addWidget(self.words)
        self._shown: dict[str, tuple[Any, ...]] = {}
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self.refresh)

    def front(self) -> QWidget:
        return self.plot

    def restyle(self) -> None:
        self._shown.clear()
        self.plot.dress()
        self.refresh()

    def show_curves(self, curves: dict[str, tuple[RunRows, tuple[Any, ...], Style]], x: Axis, y: Axis) -> None:
        """Show these runs and no others: rows, what else makes the curve (its offset, its name), style."""
        self.plot.set_quantities(x.quantity, y.quantity)
        self._show_badge(badge_of([rows for rows, _, _ in curves.values()]))
        gone = list(self.plot.series.keys() - curves.keys())
        for key in gone[:AT_ONCE]:
            self.plot.remove(key)
            self._shown.pop(key, None)
        fresh = 0
        for key, (rows, (name, offset), style) in curves.items():
            state = (id(rows), x.key, y.key, name, offset, style, id(self._divisor))
            if self._shown.get(key) == state:
                continue
            fresh += key not in self._shown
            if fresh > AT_ONCE:
                continue
            series = self._curve(rows, x, y, name, offset) or Series.of(name, [], [])
            if not self._ordered:
                series = Series(series.name, series.x, series.y, series.sd, series.flags)
            self.plot.set_series(key, series)
            self.plot.set_style(key, style)
            self._shown[key] = state
        self._kept = [rows for rows, _, _ in curves.values()]  # ids are theirs as long as they live
        if fresh > AT_ONCE or len(gone) > AT_ONCE:  # the rest at once, but not in one go
            self._rest.start()

    _ordered = False
    _divisor: RunRows | None = None

    def _curve(self, rows: RunRows, x: Axis, y: Axis, name: str, offset: float) -> Series | None:
        return curve_of(rows, x, y, name, offset)

    def _badged(self) -> Sequence[Any]:
        return (self.plot,)


def flags_text(rows: RunRows) -> str:
    """ "125 rows, 3 not believed (crosses): phase (3)"."""
    bad = doubted_rows(rows)
    text = f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}"
    return f"{text}, {bad} not believed (crosses): {disbelief(rows.flags.tolist())}" if bad else text


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


def _around(values: NDArray[np.float64], i: int, log: bool) -> tuple[float, float]:
    """A fifth of the span of all values, with one of them in the middle."""
    shown = to_view(np.asarray(values, dtype=np.float64), log)
    there = shown[np.isfinite(shown)]
    if not len(there) or not np.isfinite(shown[i]):
        return 0.0, 0.0
    half = 0.1 * float(np.ptp(there)) or 0.5
    ends = float(shown[i]) - half, float(shown[i]) + half
    return (10.0 ** ends[0], 10.0 ** ends[1]) if log else ends


class FamilyPage(CurvePage):
    """The ticked runs over one another."""

    title = "R(T) &family"
    tip = "The ticked runs over one another, each in its colour and symbol (Alt+2)."

    def __init__(self, marks: Marks, parent: QWidget | None = None) -> None:
        plot = Plot(X_AXES[0].quantity, Y_AXES[0].quantity, twin=Quantity("1/T", "1/K"))
        super().__init__(marks, plot, parent)
        self.y_box = self.controls.combo("y axis", "What is plotted.", ["ρ", "R", "θ"], lambda _: self.refresh())
        self.x_box = self.controls.combo(
            "x axis",
            "Against what: T or 1/T shows ramps, H shows sweeps of the field.",
            ["T", "1/T", "H"],
            self._choose_x,
        )
        self.by_field = self.controls.tick(
            "by field", "Colour the curves by their field, dark to bright, instead of run by run.", self._choose_colours
        )
        self.ratio = self.controls.tick(
            "ratio",
            "Divide by the reference run, interpolated; M in the list of runs marks it, R divides by it.",
            self._choose_ratio,
        )
        self._reference: Path | None = None
        self.show_ratio(None)
        plot.set_log(True, False)
        self.refresh()

    def show_ratio(self, reference: Path | None) -> None:
        """Divide every curve by that of this run, its reference; None shows them as they were measured."""
        self._reference = reference or self._reference
        self.ratio.setChecked(reference is not None)
        self.ratio.setVisible(self._reference is not None)
        self._shown.clear()
        if reference is not None:
            self.plot.set_normalise(Normalise.PLAIN)

    def _choose_ratio(self, on: bool) -> None:
        self.show_ratio(self._reference if on else None)
        self.refresh()

    def _curve(self, rows: RunRows, x: Axis, y: Axis, name: str, offset: float) -> Series | None:
        own = curve_of(rows, x, y, name, offset)
        if self._divisor is None or own is None:
            return own
        divisor = curve_of(self._divisor, x, y, name)
        return ratio(own, divisor) if divisor is not None else None

    def _choose_x(self, key: str) -> None:
        plot = self.plot
        if key == "H":
            plot.set_log(False, plot.log[1])
            plot.item.show_axis("top", False)
        else:
            plot.set_log(key == "T", plot.log[1] if key == "T" else True)
            plot.item.show_axis("top", True)
            plot.axes["top"].show_quantity(Quantity("1/T", "1/K") if key == "T" else Quantity("T", "K"))
        self.refresh()

    def _choose_colours(self, on: bool) -> None:
        self._ordered = on
        self._shown.clear()
        self.refresh()

    def refresh(self) -> None:
        now, ticked = self._given
        runs = list({rows.folder: rows for rows in (*ticked, *((now,) if now else ()))}.values())
        x, y = axis(X_AXES, self.x_box.currentText()), axis(Y_AXES, self.y_box.currentText())
        fit = [rows for rows in runs if not is_slopes(rows) and is_ramp(rows) != (x.key == "H")]
        fit.sort(key=lambda rows: (not np.isfinite(rows.field), rows.field, rows.name))
        curves = {}
        for rows in fit:
            colour, symbol = self.marks.mark_of(rows.folder)
            style = Style("", symbol) if self._ordered else Style(colour, symbol)
            curves[str(rows.folder)] = (rows, (label_of(rows), 0.0), style)
        wanted = self._reference if self.ratio.isChecked() else None
        self._divisor = next((rows for rows in fit if rows.folder == wanted), None)
        if self._divisor is not None:
            name = f"{y.quantity.name} / {y.quantity.name} of {label_of(self._divisor)}"
            y = replace(y, key=f"{y.key}/{wanted}", quantity=Quantity(name))
        self.show_curves(curves, x, y)
        left = len(runs) - len(fit)
        bad = sum(doubted_rows(rows) for rows in fit)
        kind = "sweeps of the field" if x.key == "H" else "ramps"
        text = f"{len(fit)} {kind}" if fit else f"No {kind} are ticked: tick some in the list of runs."
        text += f", {bad} rows not believed (crosses)" if bad else ""
        if wanted is not None:
            lost = "" if self._divisor is not None else " (not among the runs that are shown: as measured)"
            text += f"; divided by {wanted.name}{lost}, where both were measured"
        self.words.setText(text + (f"; {left} ticked runs of another kind are not shown here." if left else ""))


class SlopesPage(CurvePage):
    """dV/dI of the ticked runs, over one another or as a waterfall, and what each curve says in numbers."""

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
