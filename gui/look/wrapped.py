"""A label of several lines that claims the height that its text needs: docks know nothing of texts that wrap."""

from qtpy.QtCore import QEvent, QRect, QSize, Qt
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

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange:
            self._claim()

    def hasHeightForWidth(self) -> bool:
        """No: what is claimed is enough; a panel that scrolls would be as high as all its parts like to be."""
        return False

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.minimumHeight()) if self.isVisible() else super().sizeHint()

    def _claim(self) -> None:
        if self.isVisible():  # before that its width means nothing
            room = QRect(0, 0, max(self.contentsRect().width(), 1), _TALLEST)
            needed = self.fontMetrics().boundingRect(room, int(Qt.TextFlag.TextWordWrap), self.text()).height()
            self.setMinimumHeight(needed if self.text() else 0)
