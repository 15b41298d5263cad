"""Front panels of all instruments, from what their drivers say of themselves: read at any time, set while at rest.

Nothing here knows any instrument. While nothing is measured the panel that is seen is read again every second; during
a run only when somebody asks (F5), as each reading takes time on the wire.
"""

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QLabel, QTableWidgetItem, QVBoxLayout, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.fridge.of_instrument import InstrumentBox, ReadButton
from coldfinger.gui.fridge.panel_text import Entry, allowed_text, is_quiet, value_text
from coldfinger.gui.fridge.property_editor import PropertyEditor
from coldfinger.gui.look import theme
from coldfinger.gui.look.tables import ReadingTable
from coldfinger.gui.place import Place
from coldfinger.procedures.words.quantity import duration_text

PERIOD_MS = 1000
"""Between two readings of the panel that is seen."""
_LONGEST = 5
"""Periods after which an answer that has not come is asked for again."""
_BY = "the window"


class PanelsView(QWidget):
    """One panel at a time, chosen by name; the property that is chosen in its table can be set below it."""

    said = Signal(object)

    def __init__(self, place: Place, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("help", "engine")
        self.setWindowTitle("Instrument panels")
        self.setAccessibleName("Instrument panels")
        self._desk = desk
        self._snapshot: Mapping[str, Any] | None = None
        self._entries: list[Entry] = []
        self._number: object = None  # of the reading that is shown
        self._waiting = 0  # periods since a reading was asked for, 0 for none
        self._make()
        self._lay_out()
        self._poll = QTimer(self)
        self._poll.setInterval(PERIOD_MS)
        self._poll.timeout.connect(self._tick)
        desk.changed.connect(self.see)
        desk.refused.connect(self._refused)
        self.editor.take("", None)

    def _make(self) -> None:
        self.panel = InstrumentBox("The instrument, or part of one, whose front panel is shown.", self)
        self.refresh = ReadButton(self.read, "Read this panel now. At rest it is read every second by itself.", self)
        self.age = QLabel(self)
        self.age.setProperty("role", "faint")
        self.table = ReadingTable(["Property", "Value", "Allowed"], "Properties", self)
        self.table.setToolTip("What this instrument has; Enter goes to the field below for a property that can be set.")
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.table.horizontalHeader()
        if header is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
            header.setStretchLastSection(True)
        self.editor = PropertyEditor(self)
        self.panel.currentIndexChanged.connect(self._chosen_panel)
        self.table.currentCellChanged.connect(lambda *_: self.editor.take(self.panel.currentText(), self.entry))
        self.table.cellActivated.connect(lambda *_: self.editor.take_keyboard())
        self.editor.asked.connect(self._set)

    def _lay_out(self) -> None:
        top, whole = QHBoxLayout(), QVBoxLayout(self)
        top.addWidget(self.panel, 1)
        top.addWidget(self.refresh)
        whole.setContentsMargins(6, 6, 6, 6)
        whole.addLayout(top)
        whole.addWidget(self.age)
        whole.addWidget(self.table, 1)
        whole.addWidget(self.editor)

    def restyle(self) -> None:
        """Take colours and font of the theme in use."""
        self.editor.restyle()
        self._number = None
        self._show_panel()

    # Reading

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self._poll.start()
        if self._desk.latest:
            self.see(self._desk.latest)
        self.read()

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        self._poll.stop()

    def read(self) -> None:
        """Have the panel read, whatever the engine does."""
        name = self.panel.currentText()
        if name:
            self._waiting = 1
            self._desk.command("panel", panel=name)

    def _tick(self) -> None:
        if self._waiting:
            self._waiting = (self._waiting + 1) % _LONGEST
        elif is_quiet(self._snapshot):
            self.read()

    def see(self, snapshot: Mapping[str, Any]) -> None:
        """Show what is new in a snapshot."""
        if not self.isVisible():
            return
        self._snapshot = snapshot
        names = list(snapshot.get("panel_names", ()))
        if names != self.panel.names:
            self.panel.take_names(names)
            self._chosen_panel()
        self._show_panel()
        self.editor.see(snapshot)

    def _chosen_panel(self) -> None:
        self._number, self._entries = None, []
        self.table.setRowCount(0)
        self.editor.forget()
        self._show_panel()
        self.editor.take(self.panel.currentText(), self.entry)
        self.read()

    def _show_panel(self) -> None:
        panel = (self._snapshot or {}).get("panels", {}).get(self.panel.currentText())
        if panel is None:
            self.age.setText("Being read…" if self.panel.names else "No instrument is connected.")
            return
        age = max(float(self._snapshot["clock"]) - panel["clock"], 0.0)  # type: ignore[index]
        live = "" if is_quiet(self._snapshot) else "; during a run it is read only on request"
        self.age.setText(f"Read {duration_text(int(age))} ago{live}")
        if panel["reading"] == self._number:
            return
        self._number, self._waiting = panel["reading"], 0
        self._take_entries(panel["entries"])
        self.editor.hear(panel["said"], self._entries)

    def _take_entries(self, entries: list[Entry]) -> None:
        fresh = [entry["name"] for entry in entries] != [entry["name"] for entry in self._entries]
        self._entries = list(entries)
        if fresh:
            self.table.setRowCount(len(entries))
            for row in range(len(entries)):
                for column in range(3):
                    self.table.setItem(row, column, QTableWidgetItem())
        tokens = theme.current()
        for row, entry in enumerate(entries):
            texts = (entry["name"].replace("_", " "), value_text(entry) or entry["trouble"], allowed_text(entry))
            for column, text in enumerate(texts):
                cell = self.table.item(row, column)
                if cell is not None and (cell.text() != text or fresh):
                    cell.setText(text)
                    cell.setToolTip("\n".join(filter(None, (texts[1], entry["meaning"], texts[2], entry["trouble"]))))
            cell = self.table.item(row, 1)
            if cell is not None:
                warned = "alert-outline" if entry["trouble"] else "pencil-outline" if entry["settable"] else ""
                tone = tokens.warn.ink if entry["trouble"] else tokens.faint
                name = self.table.item(row, 0)
                if name is not None and name.data(Qt.ItemDataRole.UserRole) != (warned, tone):
                    name.setData(Qt.ItemDataRole.UserRole, (warned, tone))
                    name.setIcon(theme.icon(warned or "eye-outline", tone))
        if fresh:
            self.table.resizeColumnToContents(0)
            self.table.setColumnWidth(1, 150)
            self.table.setCurrentCell(0, 0)
            self.editor.take(self.panel.currentText(), self.entry, anew=True)
        self.editor.renew(self.entry)

    # Setting

    @property
    def entry(self) -> Entry | None:
        """The property that is chosen."""
        row = self.table.currentRow()
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def _set(self, name: str, text: str) -> None:
        self._desk.command("set_panel", panel=self.panel.currentText(), knob=name, text=text, by=_BY)

    def _refused(self, name: str, sentence: str) -> None:
        if name == "set_panel":
            self.editor.refuse(sentence)
        elif name == "panel" and self.isVisible():
            self.editor.say(sentence, bad=True)
