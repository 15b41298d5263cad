"""What went over the wire of an instrument: its last exchanges, with a filter and a limit."""

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeySequence, QShowEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QShortcut,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.place import Place

LIMITS = (20, 50, 100, 200)
Exchange = Sequence[Any]


class TrafficView(QWidget):
    """The newest exchanges first: time, line sent, line received."""

    said = Signal(object)

    def __init__(self, place: Place, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("help", "engine")
        self.setWindowTitle("Traffic with instruments")
        self.setAccessibleName("Traffic with instruments")
        self._desk = desk
        self._exchanges: list[Exchange] = []
        self.panel, self.limit = QComboBox(self), QComboBox(self)
        self.panel.setAccessibleName("Instrument")
        self.panel.setToolTip("Whose wire is looked at; the parts of an instrument share one.")
        self.limit.addItems([f"last {limit}" for limit in LIMITS])
        self.limit.setCurrentIndex(1)
        self.limit.setAccessibleName("Limit")
        self.limit.setToolTip("How many exchanges are shown at most; the engine keeps 200 for each instrument.")
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("only lines with this text")
        self.filter.setAccessibleName("Filter")
        self.filter.setToolTip("Only exchanges whose sent or received line contains this text, in any case.")
        self.refresh, self.copy = QPushButton("&Read (F5)", self), QPushButton("&Copy", self)
        self.refresh.setToolTip("Fetch the last exchanges; nothing is sent to the instrument.")
        self.copy.setToolTip("Copy the exchanges that are shown as text, with tabs between the columns.")
        self.count = QLabel(self)
        self.count.setProperty("role", "faint")
        self.table = QTableWidget(0, 3, self)
        self.table.setHorizontalHeaderLabels(["Clock (s)", "Sent", "Received"])
        self.table.setAccessibleName("Exchanges")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        header, rows = self.table.horizontalHeader(), self.table.verticalHeader()
        if header is not None and rows is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
            rows.hide()
        self._lay_out()
        self.panel.currentIndexChanged.connect(lambda *_: self.read())
        self.limit.currentIndexChanged.connect(lambda *_: self._fill())
        self.filter.textChanged.connect(lambda *_: self._fill())
        self.refresh.clicked.connect(lambda *_: self.read())
        self.copy.clicked.connect(lambda *_: self._copy())
        shortcut = QShortcut(QKeySequence("F5"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.read)
        desk.changed.connect(self._see)

    def _lay_out(self) -> None:
        top, bottom, whole = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        for widget, stretch in ((self.panel, 0), (self.filter, 1), (self.limit, 0), (self.refresh, 0)):
            top.addWidget(widget, stretch)
        bottom.addWidget(self.count, 1)
        bottom.addWidget(self.copy)
        whole.setContentsMargins(6, 6, 6, 6)
        whole.addLayout(top)
        whole.addWidget(self.table, 1)
        whole.addLayout(bottom)

    def restyle(self) -> None:
        """Take colours and font of the theme in use."""
        self._fill()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        if self._desk.latest:
            self._see(self._desk.latest)
        self.read()

    def _see(self, snapshot: Mapping[str, Any]) -> None:
        names = list(snapshot.get("panel_names", ()))
        if self.isVisible() and names != [self.panel.itemText(i) for i in range(self.panel.count())]:
            self.panel.clear()
            self.panel.addItems(names)

    def read(self) -> None:
        """Fetch the exchanges of the chosen instrument."""
        name = self.panel.currentText()
        if name:
            self._desk.command("traffic", lambda answer: self._take(name, answer), panel=name)

    def _take(self, name: str, exchanges: Any) -> None:
        if name == self.panel.currentText():
            self._exchanges = list(reversed(exchanges))
            self._fill()

    def shown(self) -> list[Exchange]:
        """The exchanges that filter and limit let through, the newest first."""
        wanted = self.filter.text().casefold()
        fitting = [one for one in self._exchanges if wanted in f"{one[1]}\n{one[2]}".casefold()]
        return fitting[: LIMITS[self.limit.currentIndex()]]

    def _fill(self) -> None:
        shown = self.shown()
        self.table.setRowCount(len(shown))
        for row, (clock, sent, received) in enumerate(shown):
            for column, text in enumerate((f"{clock:.3f}", line_text(sent), line_text(received))):
                cell = QTableWidgetItem(text)
                cell.setToolTip(text)
                self.table.setItem(row, column, cell)
        self.count.setText(f"{len(shown)} of {len(self._exchanges)} exchanges")
        self.copy.setEnabled(bool(shown))

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            lines = [f"{clock:.3f}\t{line_text(sent)}\t{line_text(got)}" for clock, sent, got in self.shown()]
            clipboard.setText("\n".join(lines))


def line_text(line: Any) -> str:
    """A line of the wire with its ends visible; "" where there was none."""
    if line is None:
        return ""
    text = line.decode("utf-8", "backslashreplace") if isinstance(line, bytes) else str(line)
    return text.rstrip("\r\n").replace("\n", "\\n").replace("\r", "\\r")
