"""A label of one line that shortens its text with an ellipsis instead of widening the window."""

from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QLabel, QSizePolicy, QWidget


class ElidedLabel(QLabel):
    """As much of a text as there is room for; with `tells` the whole of it is the tooltip."""

    def __init__(self, parent: QWidget, *, tells: bool = True) -> None:
        super().__init__(parent)
        self._whole, self._tells = "", tells
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def set_text(self, text: str) -> None:
        self._whole = text
        if self._tells:
            self.setToolTip(text)
        self._shorten()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._shorten()

    def _shorten(self) -> None:
        room = self.contentsRect().width()
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, room))
