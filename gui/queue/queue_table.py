"""The table of the queue: rows of the snapshot, dragged or moved by keys; the selection stays with the items."""

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import (
    QAbstractTableModel,
    QByteArray,
    QDataStream,
    QIODevice,
    QMimeData,
    QModelIndex,
    QRect,
    Qt,
    Signal,
)
from qtpy.QtGui import QBrush, QColor, QPainter, QPen
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QTableView, QWidget

from coldfinger.gui.look import theme
from coldfinger.gui.queue.queue_state import COLUMNS, QueueView, Row

_ROOMY = 2
"""Rows in sight from which on the item at work is not the topmost."""
_DIGITS = str.maketrans("123456789", "0" * 9)
_MIME = "application/x-coldfinger-items"
_HEADS = {
    "#": "Place in the queue",
    "Run": "What is measured",
    "Takes": "Expected duration; for what is over, what it really took",
    "Ends": "When it is expected to end on this computer's clock; for what is over, how it ended",
    "±": "Standard deviation of that time",
}


_UNSAID = frozenset((Qt.ItemDataRole.FontRole, Qt.ItemDataRole.SizeHintRole, Qt.ItemDataRole.CheckStateRole))


class QueueModel(QAbstractTableModel):
    """The rows of a QueueView."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = QueueView()

    def show(self, view: QueueView) -> bool:
        """Take newer rows; True where other items stand in them, or in another order."""
        before = self.view
        if [row.id for row in view.rows] != [row.id for row in before.rows]:
            self.beginResetModel()
            self.view = view
            self.endResetModel()
            return True
        self.view = view
        if view.rows and view != before:
            self.dataChanged.emit(self.index(0, 0), self.index(len(view.rows) - 1, len(COLUMNS) - 1))
        return False

    def row(self, number: int) -> Row:
        return self.view.rows[number]

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.view.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return _HEADS[COLUMNS[section]] if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role in _UNSAID or not index.isValid() or index.row() >= len(self.view.rows):
            return None  # the view asks a hundred rows for these whenever one has changed
        row, column = self.view.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return row.cells[column]
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (0, 2, 4):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        tokens = theme.current()
        tone = row.look.in_theme(tokens)
        if role == Qt.ItemDataRole.DecorationRole and column == 1:
            return theme.icon(row.look.icon, tone.ink)
        if role == Qt.ItemDataRole.DecorationRole and column == 3 and row.late:
            return theme.icon("clock-alert-outline", tokens.bad.ink)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.WhatsThisRole):
            return row.tip
        if role == Qt.ItemDataRole.AccessibleTextRole:
            late = ", late" if row.late else ""
            return f"{COLUMNS[column]} {row.cells[column]}, {row.look.word}{late}"
        if role == Qt.ItemDataRole.ForegroundRole:
            if row.late and column == 3:
                return QBrush(QColor(tokens.bad.ink))
            return QBrush(QColor(tokens.faint if row.look.word in ("disabled", "skipped") else tokens.text))
        if role == Qt.ItemDataRole.BackgroundRole and row.look.word in ("running", "failed", "partial"):
            return QBrush(QColor(tone.fill))
        return None

    def flags(self, index: QModelIndex) -> Any:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags if self.row(index.row()).locked else flags | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        return [_MIME]

    def mimeData(self, indexes: Any) -> QMimeData:
        ids = list(dict.fromkeys(self.row(index.row()).id for index in indexes))
        data = QMimeData()
        bytes_ = QByteArray()
        stream = QDataStream(bytes_, QIODevice.OpenModeFlag.WriteOnly)
        stream.writeQString("\n".join(ids))
        data.setData(_MIME, bytes_)
        return data

    def supportedDropActions(self) -> Any:
        return Qt.DropAction.MoveAction


class QueueTable(QTableView):
    """`dropped` sends ids and the id before which they were dropped ("" for the end)."""

    dropped = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = QueueModel(self)
        self.setModel(self.rows)
        self.setAccessibleName("Queue")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDropIndicatorShown(True)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        side: Any = self.verticalHeader()
        self._side = side
        self._page: Any = self.viewport()
        self._side.hide()
        self._anchor, self._away, self._own = "", False, False
        bar: Any = self.verticalScrollBar()
        bar.valueChanged.connect(self._scrolled)
        head: Any = self.horizontalHeader()
        head.setMinimumSectionSize(16)
        head.setHighlightSections(False)
        for column in range(len(COLUMNS)):
            stretch = COLUMNS[column] == "Run"
            mode = QHeaderView.ResizeMode.Stretch if stretch else QHeaderView.ResizeMode.Fixed
            head.setSectionResizeMode(column, mode)
        self.restyle()

    def restyle(self) -> None:
        """Rows as tall as the font wants them."""
        height = self.fontMetrics().height() + 6
        self._side.setMinimumSectionSize(height)
        self._side.setDefaultSectionSize(height)
        self.setMinimumHeight(3 * self.fontMetrics().height())
        self._broaden()
        self._page.update()

    def show_rows(self, view: QueueView) -> None:
        """Show newer rows and keep the selection on the items that it was on."""
        chosen, current = set(self.chosen()), self.current()
        self._own = True
        if self.rows.show(view):
            self.choose(chosen, current)
        self._broaden()
        self._own = False
        anchor = self._at_work()
        if anchor != self._anchor:
            self._anchor = anchor
            self._follow()
        self._page.update()

    def _broaden(self) -> None:
        """Every column but that of the names as broad as its texts.

        A header that does so by itself asks a hundred cells for everything whenever one has changed.
        """
        head: Any = self.horizontalHeader()
        style, metrics = self.style(), self.fontMetrics()
        assert style is not None
        edge = 2 * (style.pixelMetric(QStyle.PixelMetric.PM_HeaderMargin, None, head) + 3)
        mark = style.pixelMetric(QStyle.PixelMetric.PM_SmallIconSize, None, self) + edge
        rows = self.rows.view.rows
        late = any(row.late for row in rows)
        for column, name in enumerate(COLUMNS):
            if head.sectionResizeMode(column) == QHeaderView.ResizeMode.Fixed:
                texts = {row.cells[column].translate(_DIGITS) for row in rows} | {""}  # digits are of one width
                broad = max(map(metrics.horizontalAdvance, texts)) + edge + (mark if late and name == "Ends" else 0)
                broad = max(broad, head.sectionSizeHint(column))
                if head.sectionSize(column) != broad:
                    head.resizeSection(column, broad)

    def _at_work(self) -> str:
        """Id of the item that runs, or else of the first that is still to be done; "" for none."""
        rows = self.rows.view.rows
        return next((row.id for word in ("running", "partial", "next") for row in rows if row.look.word == word), "")

    def _follow(self) -> None:
        """Have the item at work in sight, below the one before it where there is room for both.

        Not where somebody has scrolled away from it.
        """
        number = self._number(self._anchor)
        if number is None or self._away:
            return
        self._own = True
        first = max(number - 1, 0) if self._page.height() >= _ROOMY * self.rowHeight(number) else number
        self.scrollTo(self.rows.index(first, 0), QAbstractItemView.ScrollHint.PositionAtTop)
        self._own = False

    def _number(self, id: str) -> int | None:
        return next((number for number, row in enumerate(self.rows.view.rows) if row.id == id), None)

    def _scrolled(self, *_: object) -> None:
        """Somebody scrolls: away from the item at work, or back to it."""
        number = self._number(self._anchor)
        if not self._own and number is not None:
            top, high = self.rowViewportPosition(number), self.rowHeight(number)
            self._away = not -high < top < self._page.height()

    def resizeEvent(self, event: Any) -> None:
        self._own = True
        super().resizeEvent(event)
        self._own = False
        self._follow()

    def chosen(self) -> list[str]:
        """Ids of the selected items, in their order."""
        selection = self.selectionModel()
        numbers = sorted(index.row() for index in selection.selectedRows()) if selection is not None else []
        return [self.rows.row(number).id for number in numbers]

    def current(self) -> str:
        """Id of the item with the keyboard, "" for none."""
        index = self.currentIndex()
        return self.rows.row(index.row()).id if index.isValid() and index.row() < self.rows.rowCount() else ""

    def choose(self, ids: Sequence[str] | set[str], current: str = "") -> None:
        """Select items by id."""
        selection = self.selectionModel()
        if selection is None:
            return
        selection.clearSelection()
        for number in range(self.rows.rowCount()):
            id, index = self.rows.row(number).id, self.rows.index(number, 0)
            if id == current:
                selection.setCurrentIndex(index, selection.SelectionFlag.NoUpdate)
            if id in ids:
                flags: Any = selection.SelectionFlag.Select | selection.SelectionFlag.Rows
                selection.select(index, flags)

    def dragMoveEvent(self, event: Any) -> None:
        super().dragMoveEvent(event)
        if event.mimeData().hasFormat(_MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        if not event.mimeData().hasFormat(_MIME):
            event.ignore()
            return
        stream = QDataStream(event.mimeData().data(_MIME), QIODevice.OpenModeFlag.ReadOnly)
        ids = stream.readQString().split("\n")
        where = event.position().toPoint() if hasattr(event, "position") else event.pos()
        self.drop(ids, where.y())
        event.setDropAction(Qt.DropAction.CopyAction)  # nothing is taken out here: the engine moves it
        event.accept()

    def drop(self, ids: Sequence[str], y: int) -> None:
        """Items were dropped at a height of the viewport: they go before the row whose upper half is below it."""
        number = self.rowAt(y)
        if number < 0:
            before = ""
        else:
            lower = y - self.rowViewportPosition(number) > self.rowHeight(number) / 2
            number += lower
            left = [row.id for row in self.rows.view.rows[number:] if row.id not in ids]
            before = left[0] if left else ""
        self.dropped.emit(list(ids), before)

    def paintEvent(self, event: Any) -> None:
        """The rows, and the deadline as a line above the first item that comes too late."""
        super().paintEvent(event)
        view = self.rows.view
        if not view.deadline or not view.rows:
            return
        tokens = theme.current()
        number = len(view.rows) if view.first_late is None else view.first_late
        last = number == len(view.rows)
        y = (
            self.rowViewportPosition(number - 1) + self.rowHeight(number - 1)
            if last
            else self.rowViewportPosition(number)
        )
        painter = QPainter(self._page)
        ink = QColor(tokens.faint if last else tokens.bad.ink)
        painter.setPen(QPen(ink, 2, Qt.PenStyle.DashLine if last else Qt.PenStyle.SolidLine))
        painter.drawLine(0, y, self._page.width(), y)
        if last:  # below the last row there is room for its words
            box = QRect(0, y + 2, self._page.width() - 6, self.fontMetrics().height() + 2)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, view.deadline)
        painter.end()
