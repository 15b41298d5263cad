"""Tables to read: rows are chosen whole and never written in, and Tab goes past them to what follows."""

from collections.abc import Sequence

from qtpy.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QWidget


class ReadingTable(QTableWidget):
    """Rows below headings; arrows move within it, so that Tab is free to leave it."""

    def __init__(self, headings: Sequence[str], name: str, parent: QWidget) -> None:
        super().__init__(0, len(headings), parent)
        self.setHorizontalHeaderLabels(headings)
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        numbers = self.verticalHeader()
        if numbers is not None:
            numbers.hide()

    def show_texts(self, rows: Sequence[Sequence[str]]) -> None:
        """Show other rows; a text that is cut is whole in its tooltip."""
        self.setRowCount(len(rows))
        for row, texts in enumerate(rows):
            for column, text in enumerate(texts):
                cell = QTableWidgetItem(text)
                cell.setToolTip(text)
                self.setItem(row, column, cell)
