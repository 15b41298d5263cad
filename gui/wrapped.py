"""A label of several lines that claims the height that its text needs: docks know nothing of texts that wrap."""

from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QResizeEvent, QShowEvent
from qtpy.QtWidgets import QLabel

_TALLEST = 10_000  # px


class WrappedLabel(QLabel):
    """Plain text, wrapped at the width that there is."""

    def setText(self, text: str | None) -> None:
        super().setText(text)
        self._claim()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._claim()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self._claim()

    def _claim(self) -> None:
        if self.isVisible():  # before that its width means nothing
            room = QRect(0, 0, max(self.contentsRect().width(), 1), _TALLEST)
            needed = self.fontMetrics().boundingRect(room, int(Qt.TextFlag.TextWordWrap), self.text()).height()
            self.setMinimumHeight(needed if self.text() else 0)
