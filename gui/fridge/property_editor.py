"""Sets one property of an instrument: a field or a box of choices for what it shall be, and what came of it."""

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from coldfinger.gui.fridge.panel_text import Entry, allowed_text, choices_of, typed_text, value_text, why_not_set
from coldfinger.gui.look import theme


class PropertyEditor(QWidget):
    """The property of one panel that is chosen; `asked` (property, text) is sent when it shall be set."""

    asked = Signal(str, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._snapshot: Mapping[str, Any] | None = None
        self._entry: Entry | None = None
        self._name = ""  # of panel and property that the editor is for
        self._setting = ""  # property whose setting is on its way
        self.name, self.unit, self.answer = QLabel(self), QLabel(self), QLabel(self)
        self.line, self.choice = QLineEdit(self), QComboBox(self)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.line)
        self.stack.addWidget(self.choice)
        self.set_button = QPushButton("&Set", self)
        self.answer.setWordWrap(True)
        self.line.returnPressed.connect(self.set)
        self.set_button.clicked.connect(lambda *_: self.set())
        row, whole = QHBoxLayout(), QVBoxLayout(self)
        for widget, stretch in ((self.name, 0), (self.stack, 1), (self.unit, 0), (self.set_button, 0)):
            row.addWidget(widget, stretch)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(row)
        whole.addWidget(self.answer)
        self.restyle()

    def restyle(self) -> None:
        """Take the font in use."""
        self.stack.setMaximumHeight(self.choice.sizeHint().height() + 4)

    def take_keyboard(self) -> None:
        """Put the keyboard into the field."""
        field = self.stack.currentWidget()
        if field is not None:
            field.setFocus()

    def see(self, snapshot: Mapping[str, Any]) -> None:
        """The engine's state says whether anything can be set."""
        before = why_not_set(self._snapshot, self._entry)
        self._snapshot = snapshot
        if why_not_set(snapshot, self._entry) != before:
            self._show()

    def take(self, panel: str, entry: Entry | None, *, anew: bool = False) -> None:
        """Edit a property, None for none; what is being typed for the same one stays, unless it is taken anew."""
        name = f"{panel}.{entry['name']}" if entry is not None else ""
        self._entry = entry
        if anew or name != self._name:
            self._name = name
            self._fill()
        self._show()

    def renew(self, entry: Entry | None) -> None:
        """The same property was read again; what is being typed and what is said of it stay."""
        self._entry = entry

    def forget(self) -> None:
        """Another panel is shown: no answer is waited for any more."""
        self._setting = ""
        self.say("")

    def _show(self) -> None:
        entry = self._entry
        reason = why_not_set(self._snapshot, entry)
        meaning = f"{entry['meaning']}\n{allowed_text(entry)}" if entry is not None else ""
        for widget in (self.line, self.choice, self.set_button):
            widget.setEnabled(not reason)
            widget.setToolTip(f"{reason}.\n{meaning}".strip() if reason else meaning)
            if entry is not None:
                widget.setAccessibleName(f"Set {entry['name']} ({entry['unit']})" if entry["unit"] else entry["name"])
        if not self._setting:
            self.say(f"{reason}." if reason and entry is not None else "")

    def _fill(self) -> None:
        entry = self._entry
        self.name.setText(entry["name"].replace("_", " ") if entry is not None else "")
        self.unit.setText(entry["unit"] if entry is not None else "")
        choices = choices_of(entry) if entry is not None and entry["settable"] else ()
        self.stack.setCurrentWidget(self.choice if choices else self.line)
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
        """Ask for the property to be set to what stands in the field."""
        entry = self._entry
        reason = why_not_set(self._snapshot, entry)
        if entry is None or reason:
            self.say(f"{reason}.", bad=True)
            return
        text = self.choice.currentText() if self.stack.currentWidget() is self.choice else self.line.text().strip()
        if not text:
            self.say(f"Nothing was set: write a value for {entry['name']}.", bad=True)
            return
        self._setting = entry["name"]
        self.say(f"{entry['name']} is being set to {text}…")
        self.asked.emit(entry["name"], text)

    def hear(self, said: str, entries: list[Entry]) -> None:
        """A panel was read: what came of the last setting, where there was one; `said` is what was wrong."""
        name, self._setting = self._setting, ""
        if name:
            value = next((value_text(entry) for entry in entries if entry["name"] == name), "")
            self.say(f"{name} was not set: {said}" if said else f"{name} is now {value}", bad=bool(said))

    def refuse(self, sentence: str) -> None:
        """The engine did not take the setting."""
        if self._setting:
            self._setting = ""
            self.say(sentence, bad=True)

    def say(self, sentence: str, bad: bool = False) -> None:
        """Show a sentence below."""
        theme.restyle(self.answer, "role", "message" if bad else "faint")
        self.answer.setText(sentence)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
