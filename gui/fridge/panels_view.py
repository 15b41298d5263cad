"""Front panels of all instruments, from what their drivers say of themselves: read at any time, set while at rest.

Nothing here knows any instrument. While nothing is measured the panel that is seen is read again every second; during
a run only when somebody asks (F5), as each reading takes time on the wire.
"""

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QHideEvent, QKeySequence, QShowEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QShortcut,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.fridge.panel_text import allowed_text, choices_of, is_quiet, typed_text, value_text, why_not_set
from coldfinger.gui.look import theme
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
        self._names: list[str] = []
        self._entries: list[Mapping[str, Any]] = []
        self._number: object = None  # of the reading that is shown
        self._waiting = 0  # periods since a reading was asked for, 0 for none
        self._setting = ""  # property whose setting is on its way
        self._edited = ""  # panel and property that the editor is for
        self._make()
        self._lay_out()
        self._poll = QTimer(self)
        self._poll.setInterval(PERIOD_MS)
        self._poll.timeout.connect(self._tick)
        desk.changed.connect(self.see)
        desk.refused.connect(self._refused)
        self._show_editor()

    def _make(self) -> None:
        self.panel = QComboBox(self)
        self.panel.setAccessibleName("Instrument")
        self.panel.setToolTip("The instrument, or part of one, whose front panel is shown.")
        self.refresh = QPushButton("&Read (F5)", self)
        self.refresh.setToolTip("Read this panel now. At rest it is read every second by itself.")
        self.age = QLabel(self)
        self.age.setProperty("role", "faint")
        self.table = QTableWidget(0, 3, self)
        self.table.setHorizontalHeaderLabels(["Property", "Value", "Allowed"])
        self.table.setAccessibleName("Properties")
        self.table.setToolTip("What this instrument has; Enter goes to the field below for a property that can be set.")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        header, rows = self.table.horizontalHeader(), self.table.verticalHeader()
        if header is not None and rows is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
            header.setStretchLastSection(True)
            rows.hide()
        self.name = QLabel(self)
        self.line, self.choice = QLineEdit(self), QComboBox(self)
        self.editor = QStackedWidget(self)
        self.editor.addWidget(self.line)
        self.editor.addWidget(self.choice)
        self.unit = QLabel(self)
        self.set_button = QPushButton("&Set", self)
        self.answer = QLabel(self)
        self.answer.setWordWrap(True)
        self.panel.currentIndexChanged.connect(self._chosen_panel)
        self.refresh.clicked.connect(lambda *_: self.read())
        self.table.currentCellChanged.connect(lambda *_: self._show_editor())
        self.table.cellActivated.connect(lambda *_: self.editor.currentWidget().setFocus())  # type: ignore[union-attr]
        self.line.returnPressed.connect(self.set)
        self.set_button.clicked.connect(lambda *_: self.set())
        shortcut = QShortcut(QKeySequence("F5"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.read)

    def _lay_out(self) -> None:
        top, bottom, whole = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        top.addWidget(self.panel, 1)
        top.addWidget(self.refresh)
        for widget, stretch in ((self.name, 0), (self.editor, 1), (self.unit, 0), (self.set_button, 0)):
            bottom.addWidget(widget, stretch)
        whole.setContentsMargins(6, 6, 6, 6)
        whole.addLayout(top)
        whole.addWidget(self.age)
        whole.addWidget(self.table, 1)
        whole.addLayout(bottom)
        whole.addWidget(self.answer)
        self.editor.setMaximumHeight(self.choice.sizeHint().height() + 4)

    def restyle(self) -> None:
        """Take colours and font of the theme in use."""
        self.editor.setMaximumHeight(self.choice.sizeHint().height() + 4)
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
        before = why_not_set(self._snapshot, self.entry)
        self._snapshot = snapshot
        names = list(snapshot.get("panel_names", ()))
        if names != self._names:
            self._take_names(names)
        self._show_panel()
        if why_not_set(snapshot, self.entry) != before:
            self._show_editor()

    def _take_names(self, names: list[str]) -> None:
        chosen = self.panel.currentText()
        self._names = names
        self.panel.blockSignals(True)
        self.panel.clear()
        self.panel.addItems(names)
        self.panel.setCurrentIndex(max(self.panel.findText(chosen), 0))
        self.panel.blockSignals(False)
        self._chosen_panel()

    def _chosen_panel(self) -> None:
        self._number, self._entries, self._setting = None, [], ""
        self.table.setRowCount(0)
        self._say("")
        self._show_panel()
        self._show_editor()
        self.read()

    def _show_panel(self) -> None:
        panel = (self._snapshot or {}).get("panels", {}).get(self.panel.currentText())
        if panel is None:
            self.age.setText("Being read…" if self._names else "No instrument is connected.")
            return
        age = max(float(self._snapshot["clock"]) - panel["clock"], 0.0)  # type: ignore[index]
        live = "" if is_quiet(self._snapshot) else "; during a run it is read only on request"
        self.age.setText(f"Read {duration_text(int(age))} ago{live}")
        if panel["reading"] == self._number:
            return
        self._number, self._waiting = panel["reading"], 0
        self._take_entries(panel["entries"])
        if self._setting:
            self._answer(panel["said"])

    def _take_entries(self, entries: list[Mapping[str, Any]]) -> None:
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
            self._edited = ""
            self._show_editor()

    # Setting

    @property
    def entry(self) -> Mapping[str, Any] | None:
        """The property that is chosen."""
        row = self.table.currentRow()
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def _show_editor(self) -> None:
        entry = self.entry
        reason = why_not_set(self._snapshot, entry)
        meaning = f"{entry['meaning']}\n{allowed_text(entry)}" if entry is not None else ""
        name = f"{self.panel.currentText()}.{entry['name']}" if entry is not None else ""
        if name != self._edited:
            self._edited = name
            self._fill_editor(entry)
        for widget in (self.line, self.choice, self.set_button):
            widget.setEnabled(not reason)
            widget.setToolTip(f"{reason}.\n{meaning}".strip() if reason else meaning)
            if entry is not None:
                widget.setAccessibleName(f"Set {entry['name']} ({entry['unit']})" if entry["unit"] else entry["name"])
        if not self._setting:
            self._say(f"{reason}." if reason and entry is not None else "")

    def _fill_editor(self, entry: Mapping[str, Any] | None) -> None:
        self.name.setText(entry["name"].replace("_", " ") if entry is not None else "")
        self.unit.setText(entry["unit"] if entry is not None else "")
        choices = choices_of(entry) if entry is not None and entry["settable"] else ()
        self.editor.setCurrentWidget(self.choice if choices else self.line)
        self.choice.clear()
        self.choice.addItems(choices)
        text = typed_text(entry) if entry is not None else ""
        numbers = {choice: _number(choice) for choice in choices}
        present = next(
            (c for c in choices if c == text or (numbers[c] is not None and numbers[c] == _number(text))), ""
        )
        self.choice.setCurrentIndex(max(self.choice.findText(present), 0))
        self.line.setText(text if entry is not None and entry["settable"] else "")

    def set(self) -> None:
        """Set the chosen property to what stands in the field."""
        entry = self.entry
        reason = why_not_set(self._snapshot, entry)
        if entry is None or reason:
            self._say(f"{reason}.", bad=True)
            return
        text = self.choice.currentText() if self.editor.currentWidget() is self.choice else self.line.text().strip()
        if not text:
            self._say(f"Nothing was set: write a value for {entry['name']}.", bad=True)
            return
        self._setting = entry["name"]
        self._say(f"{entry['name']} is being set to {text}…")
        self._desk.command("set_panel", panel=self.panel.currentText(), knob=entry["name"], text=text, by=_BY)

    def _answer(self, said: str) -> None:
        """What came of the last setting."""
        name, self._setting = self._setting, ""
        value = next((value_text(entry) for entry in self._entries if entry["name"] == name), "")
        self._say(f"{name} was not set: {said}" if said else f"{name} is now {value}", bad=bool(said))

    def _refused(self, name: str, sentence: str) -> None:
        if name == "set_panel" and self._setting:
            self._setting = ""
            self._say(sentence, bad=True)
        elif name == "panel" and self.isVisible():
            self._say(sentence, bad=True)

    def _say(self, sentence: str, bad: bool = False) -> None:
        theme.restyle(self.answer, "role", "message" if bad else "faint")
        self.answer.setText(sentence)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
