"""A label of one line that shortens its text with an ellipsis instead of widening the window."""

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QLabel, QSizePolicy, QWidget


class ElidedLabel(QWidget):
    """As much of a text as there is room for; with `tells` the whole of it is the tooltip.

    The text is in `label` within it: Qt would lay out the whole window whenever that of a label in a layout changes.
    """

    def __init__(self, parent: QWidget, *, tells: bool = True) -> None:
        super().__init__(parent)
        self._whole, self._tells = "", tells
        self.label = QLabel(self)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def text(self) -> str:
        """What is seen of it."""
        return self.label.text()

    def set_text(self, text: str) -> None:
        if text != self._whole:
            self._whole = text
            if self._tells:
                self.setToolTip(text)
            self._shorten()

    def sizeHint(self) -> QSize:
        return QSize(self.label.sizeHint().width(), self.label.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.label.fontMetrics().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self.label.resize(self.size())
        self._shorten()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange:
            self.updateGeometry()
            self._shorten()

    def _shorten(self) -> None:
        self.label.setText(self.label.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width()))
