"""The field for several quantities: the text is echoed as values below, and marked until it is applied."""

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QFocusEvent
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from coldfinger.gui.fields.applied_line import APPLIED, CHANGED, WRONG, AppliedLine
from coldfinger.gui.fields.list_text import ListField, list_tooltip, preview, read_list
from coldfinger.gui.look import theme
from coldfinger.procedures.words.quantity import QuantityError


class ListEdit(QWidget):
    """A list of quantities; `value` is its applied text, `values` what that means in the field's unit.

    `valueChanged` (str) is sent for every newly applied text, `markChanged` (str) when the mark changes.
    """

    valueChanged = Signal(object)
    markChanged = Signal(str)

    def __init__(self, of: ListField, value: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.of, self._value, self._mark = of, value, APPLIED
        self.line, self.unit, self.message = AppliedLine(self, self), QLabel(of.field.unit, self), QLabel("", self)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(1)
        grid.addWidget(self.line, 0, 0)
        grid.addWidget(self.unit, 0, 1)
        grid.addWidget(self.message, 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        self.unit.setMinimumWidth(self.unit.sizeHint().width())
        self.message.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.line.setPlaceholderText(of.field.empty)
        self.line.setAccessibleName(f"{of.field.name} ({of.field.unit})")
        self.line.setAccessibleDescription(list_tooltip(of))
        self.setAccessibleName(self.line.accessibleName())
        for widget in (self, self.line, self.unit, self.message):
            widget.setToolTip(list_tooltip(of))
            widget.setWhatsThis(list_tooltip(of))
        self.set_value(value)
        self.line.textChanged.connect(self._look)
        self.line.returnPressed.connect(self._entered)

    @property
    def value(self) -> str:
        """The applied text."""
        return self._value

    @property
    def values(self) -> list[float]:
        """What the applied text means."""
        return read_list(self._value, self.of)

    @property
    def mark(self) -> str:
        """As that of a field for one quantity."""
        return self._mark

    def set_value(self, value: str) -> None:
        """Apply and show a text; raises QuantityError for one that is no such list."""
        read_list(value, self.of)
        changed, self._value = value != self._value, value
        self.line.setText(value)
        self._look(value)
        if changed:
            self.valueChanged.emit(value)

    def apply(self) -> bool:
        """Apply what was typed; False, with the reason below, where that cannot be."""
        try:
            self.set_value(self.line.text().strip())
        except QuantityError as error:
            self._set_mark(WRONG)
            self._say("message", str(error))
            return False
        return True

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Hand the keyboard on, as a field for one quantity does."""
        self.line.setFocus(Qt.FocusReason.OtherFocusReason if event is None else event.reason())

    def _entered(self) -> None:
        self.apply()

    def restore(self) -> None:
        """Forget what was typed."""
        self.line.setText(self._value)
        self._look(self._value)

    def _look(self, text: str) -> None:
        """Echo the values while they are typed; a sentence for a wrong text comes when it is to be applied."""
        self._set_mark(APPLIED if text.strip() == self._value else CHANGED)
        try:
            self._say("faint", preview(read_list(text, self.of), self.of))
        except QuantityError:
            self._say("faint", "…")

    def _say(self, role: str, text: str) -> None:
        theme.restyle(self.message, "role", role)
        self.message.setText(text)
        self.message.setVisible(bool(text))

    def _set_mark(self, mark: str) -> None:
        theme.restyle(self.line, "mark", mark)
        if mark != self._mark:
            self._mark = mark
            self.markChanged.emit(mark)
