"""What a tab is: given the runs there are, it draws what has changed. Most have one plot, controls, a line of words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from coldfinger.gui.pages.run_curves import Axis, badge_of, curve_of
from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.gui.plots.curve import Style
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.plot_controls import PlotControls
from coldfinger.gui.plots.series import Series

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
            state = (id(rows), x.key, y.key, name, offset, id(self._divisor))
            if self._shown.get(key) == state:
                self.plot.set_style(key, style)
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
