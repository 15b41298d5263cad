"""The line of a field whose text is applied by leaving it: a text that cannot be applied keeps the keyboard."""

from typing import Protocol

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QFocusEvent, QKeyEvent
from qtpy.QtWidgets import QLineEdit, QWidget

APPLIED, CHANGED, WRONG = "", "changed", "wrong"
"""Marks of a field: its text is the applied value, is not applied yet, cannot be applied."""


class Owner(Protocol):
    """The field around the line."""

    @property
    def mark(self) -> str:
        """One of the three marks."""

    def apply(self) -> bool:
        """Apply what was typed; False where that cannot be."""

    def restore(self) -> None:
        """Show the applied value again."""


class AppliedLine(QLineEdit):
    """Tab and the loss of the keyboard apply the text, Esc takes it back."""

    def __init__(self, owner: Owner, parent: QWidget) -> None:
        super().__init__(parent)
        self._owner = owner

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab: a text that cannot be applied keeps the keyboard here."""
        if self._owner.mark and not self._owner.apply():
            return True
        return super().focusNextPrevChild(next)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() == Qt.Key.Key_Escape and self._owner.mark:
            self._owner.restore()
            event.accept()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        super().focusOutEvent(event)
        wrong = self._owner.mark and not self._owner.apply()
        if wrong and event is not None and event.reason() == Qt.FocusReason.MouseFocusReason:
            QTimer.singleShot(0, self._come_back)

    def _come_back(self) -> None:
        """Once the click is over: it has done its work, but the text still needs its writer."""
        if self._owner.mark == WRONG and self.isVisible() and self.isEnabled():
            self.setFocus(Qt.FocusReason.OtherFocusReason)
