"""The field for one quantity: what stands in it is what is applied, or it is marked.

A text is applied by Enter or by leaving the field; until then a dashed edge says that it is not. What cannot be applied
gets a red edge and a sentence below, the keyboard stays in the field, and Esc brings the applied value back.
"""

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtGui import QFocusEvent, QKeyEvent, QWheelEvent
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from coldfinger.gui.fields.applied_line import APPLIED, CHANGED, WRONG, AppliedLine
from coldfinger.gui.fields.quantity_text import Field, number_text, read, stepped, tooltip
from coldfinger.gui.look import theme
from coldfinger.procedures.words.quantity import QuantityError


class QuantityEdit(QWidget):
    """One quantity in its shown unit, with a message below; `value` is in that unit, None where the field is empty.

    `valueChanged` (float or None) is sent for every newly applied value, by whomever; `markChanged` (str) when the
    mark does. A label may have the field as its buddy; the keyboard goes to the line within.
    """

    valueChanged = Signal(object)
    markChanged = Signal(str)

    def __init__(self, field: Field, value: float | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self.line = _Line(self)
        self.unit = QLabel(field.unit, self)
        self.message = QLabel("", self)
        self._mark = APPLIED
        self._lay_out()
        self.set_field(field)
        self._value = field.default if value is None else value
        if self._value is None and not field.empty:
            raise ValueError(f"{field.name}: a value or a default is needed")
        self._show_value()
        self.line.textChanged.connect(self._look)
        self.line.returnPressed.connect(self._entered)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(1)
        grid.setHorizontalSpacing(3)
        grid.addWidget(self.line, 0, 0)
        grid.addWidget(self.unit, 0, 1)
        grid.addWidget(self.message, 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        self.unit.setMinimumWidth(self.unit.sizeHint().width())
        self.unit.setVisible(bool(self.field.unit))
        self.message.setWordWrap(True)
        self.message.setProperty("role", "message")
        self.message.hide()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def value(self) -> float | None:
        """The applied value in the field's unit."""
        return self._value

    @property
    def mark(self) -> str:
        """ "" where the text is the applied value, "changed" before it is applied, "wrong" where it cannot be."""
        return self._mark

    def set_value(self, value: float | None) -> None:
        """Apply and show a value, whatever was typed; raises QuantityError outside the limits."""
        if value is None and not self.field.empty:
            raise QuantityError(f"{self.field.name}: a value is needed")
        if value is not None:
            value = read(number_text(value), self.field)
        changed, self._value = value != self._value, value
        self._show_value()
        if changed:
            self.valueChanged.emit(value)

    def set_field(self, field: Field) -> None:
        """Take other limits or another meaning, in the same unit; a value now outside is marked."""
        if field.unit != self.field.unit:
            raise ValueError(f"{field.name}: the unit of a field stays {self.field.unit}")
        self.field = field
        self.line.setPlaceholderText(field.empty)
        self.line.setAccessibleName(f"{field.name} ({field.unit})" if field.unit else field.name)
        self.line.setAccessibleDescription(tooltip(field))
        self.setAccessibleName(self.line.accessibleName())
        for widget in (self, self.line, self.unit):
            widget.setToolTip(tooltip(field))
            widget.setWhatsThis(tooltip(field))
        if hasattr(self, "_value"):
            self._look(self.line.text())
            self._refuse_if_wrong()

    def apply(self) -> bool:
        """Apply what was typed; False, with the reason below the field, where that cannot be."""
        try:
            value = read(self.line.text(), self.field)
        except QuantityError as error:
            self._refuse(str(error))
            return False
        self.set_value(value)
        return True

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Hand the keyboard on. As a focus proxy the line would be met by Tab twice, and Tab would go in a circle."""
        self.line.setFocus(Qt.FocusReason.OtherFocusReason if event is None else event.reason())

    def _entered(self) -> None:
        self.apply()

    def restore(self) -> None:
        """Forget what was typed."""
        self._show_value()

    def step(self, steps: int) -> None:
        """Step the digit before the caret and apply it; a text that cannot be applied is left alone."""
        if self._mark and not self.apply():
            return
        done = stepped(self.line.text(), self.line.cursorPosition(), steps)
        if done is None:
            return
        text, caret = done
        try:
            value = read(text, self.field)
        except QuantityError as error:
            self._say(str(error))
            return
        changed, self._value = value != self._value, value
        self.line.setText(text)
        self.line.setCursorPosition(caret)
        self._say("")
        if changed:
            self.valueChanged.emit(value)

    def _show_value(self) -> None:
        self.line.setText("" if self._value is None else number_text(self._value))
        self._look(self.line.text())
        self._say("")
        self._refuse_if_wrong()

    def _refuse_if_wrong(self) -> None:
        try:
            read(self.line.text(), self.field)
        except QuantityError as error:
            self._refuse(str(error))

    def _look(self, text: str) -> None:
        """Mark the text by what it is now; the sentence for a wrong one comes when it is to be applied."""
        try:
            same = read(text, self.field) == self._value
        except QuantityError:
            same = False
        self._set_mark(APPLIED if same else CHANGED)
        self._say("")

    def _refuse(self, sentence: str) -> None:
        self._set_mark(WRONG)
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    def _set_mark(self, mark: str) -> None:
        theme.restyle(self.line, "mark", mark)
        if mark != self._mark:
            self._mark = mark
            self.markChanged.emit(mark)


class _Line(AppliedLine):
    """The line of one quantity: arrows and the wheel step the digit at the caret."""

    def __init__(self, owner: "QuantityEdit") -> None:
        super().__init__(owner, owner)
        self._stepped = owner
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel does not take it

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is None:
            return
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._stepped.step(1 if event.key() == Qt.Key.Key_Up else -1)
            event.accept()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        if event is None or not self.hasFocus():
            if event is not None:
                event.ignore()  # the page scrolls
            return
        clicks = event.angleDelta().y()
        if clicks:
            self._stepped.step(1 if clicks > 0 else -1)
        event.accept()


def is_applied(*fields: QObject) -> bool:
    """Whether no field has a text that is not applied."""
    return all(not field.mark for field in fields if isinstance(field, QuantityEdit))
