"""What went over the wire of an instrument: its last exchanges, with a filter and a limit."""

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.fridge.of_instrument import InstrumentBox, ReadButton
from coldfinger.gui.look.tables import ReadingTable
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
        self.panel = InstrumentBox("Whose wire is looked at; the parts of an instrument share one.", self)
        self.limit = QComboBox(self)
        self.limit.addItems([f"last {limit}" for limit in LIMITS])
        self.limit.setCurrentIndex(1)
        self.limit.setAccessibleName("Limit")
        self.limit.setToolTip("How many exchanges are shown at most; the engine keeps 200 for each instrument.")
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("only lines with this text")
        self.filter.setAccessibleName("Filter")
        self.filter.setToolTip("Only exchanges whose sent or received line contains this text, in any case.")
        self.refresh = ReadButton(self.read, "Fetch the last exchanges; nothing is sent to the instrument.", self)
        self.copy = QPushButton("&Copy", self)
        self.copy.setToolTip("Copy the exchanges that are shown as text, with tabs between the columns.")
        self.count = QLabel(self)
        self.count.setProperty("role", "faint")
        self.table = ReadingTable(["Clock (s)", "Sent", "Received"], "Exchanges", self)
        header = self.table.horizontalHeader()
        if header is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self._lay_out()
        self.panel.currentIndexChanged.connect(lambda *_: self.read())
        self.limit.currentIndexChanged.connect(lambda *_: self._fill())
        self.filter.textChanged.connect(lambda *_: self._fill())
        self.copy.clicked.connect(lambda *_: self._copy())
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
        if self.isVisible() and names != self.panel.names:
            self.panel.take_names(names)
            self.read()

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
        self.table.show_texts([_texts(exchange) for exchange in shown])
        self.count.setText(f"{len(shown)} of {len(self._exchanges)} exchanges")
        self.copy.setEnabled(bool(shown))

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText("\n".join("\t".join(_texts(exchange)) for exchange in self.shown()))


def _texts(exchange: Exchange) -> tuple[str, str, str]:
    """What the columns show."""
    clock, sent, received = exchange
    return f"{clock:.3f}", line_text(sent), line_text(received)


def line_text(line: Any) -> str:
    """A line of the wire with its ends visible; "" where there was none."""
    if line is None:
        return ""
    text = line.decode("utf-8", "backslashreplace") if isinstance(line, bytes) else str(line)
    return text.rstrip("\r\n").replace("\n", "\\n").replace("\r", "\\r")
