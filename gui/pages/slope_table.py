"""The numbers of the curves of dV/dI that are shown: computed beside the window, old ones grey until new ones come."""

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QGuiApplication, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QShortcut, QTableWidget, QTableWidgetItem, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.look import theme
from coldfinger.gui.pages.number_text import Trust
from coldfinger.gui.pages.paced import Paced
from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.gui.pages.slope_numbers import COLUMNS, MEANING, SlopeNumbers, copy_text, numbers_of_runs

PERIOD = 500
"""Milliseconds between two evaluations."""


class SlopeTable(QTableWidget):
    """A row for each curve; `show_runs` gives the curves, and the ramps they are compared with."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self._background = background
        self._runs: tuple[tuple[RunRows, ...], tuple[RunRows, ...]] = ((), ())
        self._asked: tuple[int, ...] = ()
        self.found: list[SlopeNumbers] = []
        self.badge = ""
        self.old = False
        self._pace = Paced(self._ask, PERIOD, self)
        self.setHorizontalHeaderLabels(COLUMNS)
        for number, meaning in enumerate(MEANING):
            item = self.horizontalHeaderItem(number)
            if item is not None:
                item.setToolTip(meaning)
        self.setAccessibleName("Numbers of the curves of dV/dI")
        self.setToolTip("Numbers of the curves with ± one s.d.; slanted: doubtful, or only a limit. Ctrl+C copies all.")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        rows, head = self.verticalHeader(), self.horizontalHeader()
        if rows is not None:
            rows.hide()
        if head is not None:
            head.setStretchLastSection(True)
        copies = QShortcut(QKeySequence("Ctrl+C"), self)
        copies.setContext(Qt.ShortcutContext.WidgetShortcut)
        copies.activated.connect(self.copy)
        self.hide()

    def show_runs(self, runs: Sequence[RunRows], ramps: Sequence[RunRows]) -> None:
        """Evaluate these curves, twice a second at most."""
        self._runs = tuple(runs), tuple(ramps)
        self.setVisible(bool(runs))
        if self._state() != self._asked:
            self._gray()
            self._pace.soon()

    def restyle(self) -> None:
        """Take colours and font of the theme in use."""
        self._fill()

    def copy(self) -> None:
        """Put all numbers on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(copy_text(self.found, self.badge))

    def _state(self) -> tuple[int, ...]:
        return tuple(id(rows) for of in self._runs for rows in of)

    def _ask(self) -> bool:
        state = self._state()
        if state == self._asked:
            return False
        self._asked, (runs, ramps) = state, self._runs
        self._kept: Any = (runs, ramps)  # ids are theirs as long as they live
        self._background.do("numbers of dV/dI", lambda: numbers_of_runs(runs, ramps), self._take)
        return True

    def _take(self, found: list[SlopeNumbers]) -> None:
        self.found, self.old = found, self._state() != self._asked
        self._fill()

    def _gray(self) -> None:
        self.old = True
        for item in (self.item(row, column) for row in range(self.rowCount()) for column in range(len(COLUMNS))):
            if item is not None:
                item.setForeground(QColor(theme.current().disabled))

    def _fill(self) -> None:
        self.clearSpans()
        self.setRowCount(len(self.found))
        for row, one in enumerate(self.found):
            self._put(row, 0, one.name, one.folder.name, Trust.GOOD)
            for column, number in enumerate(one.numbers, 1):
                self._put(row, column, number.text, number.words or MEANING[column], number.trust)
            if one.reason:
                self._put(row, 1, one.reason, one.reason, Trust.WEAK)
                self.setSpan(row, 1, 1, len(COLUMNS) - 1)
        self.resizeColumnsToContents()
        self.resizeRowsToContents()
        head, rows = self.horizontalHeader(), self.verticalHeader()
        if head is not None and rows is not None:  # the rest of the room is the plot's
            self.setMaximumHeight(max(head.height() + rows.length() + self.fontMetrics().height() + 4, 60))
        if self.old:
            self._gray()

    def _put(self, row: int, column: int, text: str, tip: str, trust: Trust) -> None:
        """Slanted and in the colour of a warning where it must not be leaned on."""
        cell = QTableWidgetItem(text)
        cell.setToolTip(tip)
        if trust is not Trust.GOOD:
            font = cell.font()
            font.setItalic(True)
            cell.setFont(font)
            cell.setForeground(QColor(theme.current().warn.ink))
        self.setItem(row, column, cell)
