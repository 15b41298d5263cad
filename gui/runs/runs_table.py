"""The table in which runs are listed: widths of its columns, and the keys that mean something in it."""

from collections.abc import Callable, Mapping

from qtpy.QtCore import QAbstractItemModel, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QTableView, QWidget

from coldfinger.gui.look import theme
from coldfinger.gui.runs.run_cells import COLUMNS, FIELD, ID, POINTS, QUALITY, RANGE, SAID, STARRED, TAGS, TIME, TYPE

_USUAL = {
    ID: "200", TYPE: "MR(H)", FIELD: "−1200", QUALITY: "interrupted", RANGE: "0.05 to 0.45", POINTS: "10000",
    TIME: "11-22 20:00", STARRED: "", TAGS: "cool anneal-2", SAID: "the film after its second anneal",
}  # fmt: skip
"""Texts that a column shows whole; what is longer is whole in its tooltip."""
_PICTURES = {ID: 2, QUALITY: 1, STARRED: 1}
"""Icons and boxes beside the text of a column."""


class RunsTable(QTableView):
    """The list; `keys` act here, instead of a search by letters."""

    def __init__(self, model: QAbstractItemModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.keys: Mapping[int, Callable[[], object]] = {}
        self.setAccessibleName("Runs")
        self.setToolTip(
            "Space ticks, Enter opens, O overlays, R ratio, F fits, M reference, S star,\n"
            "U puts the parameters of the run into New run, P plays it again, / filter."
        )
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        Edit = QAbstractItemView.EditTrigger
        self.setEditTriggers(Edit.EditKeyPressed | Edit.DoubleClicked)  # type: ignore[arg-type]
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setModel(model)
        self.prepare()

    def prepare(self) -> None:
        """Widths and heights for the font in use, and a choice on which icons and texts are still seen."""
        tokens = theme.current()
        self.setStyleSheet(
            f"QTableView {{ selection-background-color: {tokens.busy.fill}; selection-color: {tokens.text}; }}"
            f"QTableView::indicator:unchecked {{ border: 1px solid {tokens.edge}; background: {tokens.base}; }}"
        )
        header, rows = self.horizontalHeader(), self.verticalHeader()
        for column, text in _USUAL.items():
            self.setColumnWidth(column, self._width(column, text))
        if header is not None:
            header.setSectionsMovable(True)
            header.setHighlightSections(False)
            header.setStretchLastSection(True)
            header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
            header.setSortIndicator(ID, Qt.SortOrder.DescendingOrder)
        if rows is not None:
            rows.hide()
            rows.setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.setSortingEnabled(True)

    def _width(self, column: int, text: str) -> int:
        """What a column needs for its heading and a text (pixels)."""
        style, metrics = self.style(), self.fontMetrics()
        assert style is not None
        margin = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin) + 2
        picture = style.pixelMetric(QStyle.PixelMetric.PM_SmallIconSize) + margin
        inside = metrics.horizontalAdvance(text) + _PICTURES.get(column, 0) * picture
        return max(inside, metrics.horizontalAdvance(COLUMNS[column].heading)) + 2 * margin + 2

    def chosen_rows(self) -> list[int]:
        """Rows that are selected, or the one that the keyboard is at."""
        selection = self.selectionModel()
        rows = sorted({index.row() for index in selection.selectedIndexes()}) if selection is not None else []
        current = self.currentIndex().row()
        return rows or ([current] if current >= 0 else [])

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is None:
            return
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and event.key() in self.keys and self.state() != QAbstractItemView.State.EditingState:
            self.keys[event.key()]()
            event.accept()
        else:
            super().keyPressEvent(event)
