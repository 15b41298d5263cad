"""A label whose text changes all the time: what is around it moves only when it needs more room, or far less.

Qt lays out the whole window, docks included, whenever the text of a label changes; not so with one of fixed size.
"""

from qtpy.QtCore import QEvent, QSize
from qtpy.QtWidgets import QLabel, QWidget


class SteadyLabel(QLabel):
    """Plain text; as large as the largest that it has had in this font.

    From `spare` times the room that a text needs on the label shrinks; with 1 it is always as broad as its text.
    """

    def __init__(self, parent: QWidget | None = None, spare: float = 1.5) -> None:
        super().__init__(parent)
        self._spare = spare

    def setText(self, text: str | None) -> None:
        super().setText(text)
        needed, room = self._needed(), self.minimumSize()
        fits = needed.width() <= room.width() <= self._spare * needed.width()
        if not fits or needed.height() != room.height():
            self.setFixedSize(needed)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.setFixedSize(self._needed())

    def _needed(self) -> QSize:  # a size hint is never below the fixed size
        return self.fontMetrics().size(0, self.text())
