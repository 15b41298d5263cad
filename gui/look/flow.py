"""A row of widgets that goes on in the next line where it is too long: controls of a plot in a narrow window."""

from typing import Any

from qtpy.QtCore import QPoint, QRect, QSize, Qt
from qtpy.QtWidgets import QLayout, QLayoutItem, QWidget, QWidgetItem

_SPACE = 3  # px between two widgets, and between two lines
_BROAD = 10_000  # px


class FlowRow(QLayout):
    """Widgets from left to right; `spring` of them stand at the left, the others at the right while there is one line.

    A widget is as broad as it wants to be where all fit so, and never narrower than it must be.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.spring = self._high = 0
        self.setContentsMargins(2, 1, 2, 1)

    def insert(self, place: int, widget: QWidget) -> None:
        """Put a widget before the one at this place."""
        self.addChildWidget(widget)
        self._items.insert(place, QWidgetItem(widget))
        self.invalidate()

    def addItem(self, item: QLayoutItem | None) -> None:
        if item is not None:
            self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Any:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), False)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        broad = max((item.minimumSize().width() for item in self._seen()), default=0)
        edge = self.contentsMargins()
        return QSize(broad + edge.left() + edge.right(), self._high or self.heightForWidth(_BROAD))

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        high = self._arrange(rect, True)
        if high != self._high:  # what is around it knows only of least sizes
            self._high = high
            parent = self.parentWidget()
            if parent is not None:
                parent.updateGeometry()

    def _seen(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _arrange(self, rect: QRect, move: bool) -> int:
        """Put everything into its place, or only see how high that is."""
        edge = self.contentsMargins()
        room = rect.adjusted(edge.left(), edge.top(), -edge.right(), -edge.bottom())
        items, left = self._seen(), len([item for item in self._items[: self.spring] if not item.isEmpty()])
        wanted = [item.sizeHint().width() for item in items]
        if sum(wanted) + _SPACE * len(items) > room.width():
            wanted = [item.minimumSize().width() for item in items]
        spare = room.width() - sum(wanted) - _SPACE * (len(items) - 1)
        x, y, high = room.x(), room.y(), 0
        for number, item in enumerate(items):
            if number == left and spare > 0:
                x += spare
            ends = spare < 0 and (number == left or x + wanted[number] > room.right() + 1)
            if ends and x > room.x():
                x, y, high = room.x(), y + high + _SPACE, 0
            tall = item.sizeHint().height()
            if move:
                item.setGeometry(QRect(QPoint(x, y), QSize(wanted[number], tall)))
            x, high = x + wanted[number] + _SPACE, max(high, tall)
        return y + high - rect.y() + edge.bottom()
