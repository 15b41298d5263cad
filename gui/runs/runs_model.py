"""The list of runs as a table of Qt: which are ticked, which is the reference, and what can be edited in place."""

from collections.abc import Iterable, Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QIcon

from coldfinger.gui.look import theme
from coldfinger.gui.runs.run_cells import COLUMNS, ID, QUALITY, SAID, STARRED, TAGS, look_of, tip_of
from coldfinger.gui.runs.run_marks import RunMarks
from coldfinger.gui.runs.run_shelf import NOTE, TAG, TagError, tags_of
from coldfinger.procedures.data.entry import Entry

_Role = Qt.ItemDataRole
_NOWHERE = QModelIndex()


class RunsModel(QAbstractTableModel):
    """Entries by row; ticks and the reference belong to the folder, so that they outlive filters and new runs.

    `ticks_changed` after every change of a tick, `reference_changed` after one of the reference, `remarked` (folders,
    what, value) for what was edited, `refused` a sentence for an edit that cannot be.
    """

    ticks_changed = Signal()
    reference_changed = Signal()
    remarked = Signal(object, str, object)
    refused = Signal(str)

    def __init__(self, folder_of: Any, marks: RunMarks, parent: Any = None) -> None:
        """`folder_of` makes the path of a folder's name."""
        super().__init__(parent)
        self._folder_of, self._marks = folder_of, marks
        self.entries: list[Entry] = []
        self.ticked: dict[str, Entry] = {}
        self.reference = ""
        self._column, self._order = ID, Qt.SortOrder.DescendingOrder
        self._icons: dict[tuple[str, str], QIcon] = {}

    def take(self, entries: Sequence[Entry], everything: bool) -> None:
        """Show other entries; `everything` says that what is not among them is gone, and its tick with it."""
        fresh = self._sorted(entries)
        by_name = {entry.folder: entry for entry in fresh}
        gone = [name for name in self.ticked if everything and name not in by_name]
        self.ticked = {name: by_name.get(name, old) for name, old in self.ticked.items() if name not in gone}
        if [entry.folder for entry in fresh] == [entry.folder for entry in self.entries]:
            changed = [row for row, (old, new) in enumerate(zip(self.entries, fresh, strict=True)) if old != new]
            self.entries = fresh
            for row in changed:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))
        else:
            self.layoutAboutToBeChanged.emit()
            kept = self.persistentIndexList()
            names = [self.entries[index.row()].folder for index in kept]
            self.entries = fresh
            places = {entry.folder: row for row, entry in enumerate(fresh)}
            moved = [
                self.index(places[name], index.column()) if name in places else QModelIndex()
                for name, index in zip(names, kept, strict=True)
            ]
            self.changePersistentIndexList(kept, moved)
            self.layoutChanged.emit()
        if gone:
            self.ticks_changed.emit()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._column, self._order = column, order
        self.take(self.entries, False)

    def _sorted(self, entries: Iterable[Entry]) -> list[Entry]:
        key = COLUMNS[self._column].key
        descending = self._order == Qt.SortOrder.DescendingOrder
        return sorted(entries, key=lambda entry: (key(entry), entry.id), reverse=descending)

    def tick(self, rows: Sequence[int], on: bool | None = None) -> None:
        """Tick rows or take their ticks away; without `on` all are ticked unless they all were."""
        entries = [self.entries[row] for row in rows]
        wanted = not all(entry.folder in self.ticked for entry in entries) if on is None else on
        for entry in entries:
            if wanted:
                self.ticked[entry.folder] = entry
            else:
                self.ticked.pop(entry.folder, None)
        for row in rows:
            self.dataChanged.emit(self.index(row, 0), self.index(row, 0))
        self.ticks_changed.emit()

    def untick_all(self) -> None:
        self.ticked = {}
        self.repaint_all()
        self.ticks_changed.emit()

    def set_reference(self, folder: str) -> None:
        self.reference = folder
        self.repaint_all()
        self.reference_changed.emit()

    def repaint_all(self) -> None:
        """Take the look of the theme in use."""
        self._icons.clear()
        if self.entries:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.entries) - 1, len(COLUMNS) - 1))

    # What Qt asks

    def rowCount(self, parent: QModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: QModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _Role.DisplayRole:
            return COLUMNS[section].heading
        return COLUMNS[section].tip if role == _Role.ToolTipRole else None

    def flags(self, index: QModelIndex) -> Any:
        flags: Any = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == ID:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        if index.column() in (TAGS, SAID):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.entries):
            return None
        entry, column = self.entries[index.row()], index.column()
        if role in (_Role.DisplayRole, _Role.EditRole):
            return self._text(entry, column)
        if role == _Role.ToolTipRole:
            return tip_of(entry)
        if role == _Role.AccessibleTextRole:
            return f"{COLUMNS[column].heading}: {COLUMNS[column].text(entry) or 'none'}"
        if role == _Role.CheckStateRole and column == ID:
            return Qt.CheckState.Checked if entry.folder in self.ticked else Qt.CheckState.Unchecked
        if role == _Role.DecorationRole:
            return self._icon(entry, column)
        if role == _Role.ForegroundRole and column == QUALITY:
            return QBrush(QColor(look_of(entry).in_theme(theme.current()).ink))
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = _Role.EditRole) -> bool:
        if not index.isValid():
            return False
        entry, column = self.entries[index.row()], index.column()
        if role == _Role.CheckStateRole and column == ID:
            self.tick([index.row()], Qt.CheckState(value) == Qt.CheckState.Checked)
            return True
        if role != _Role.EditRole or column not in (TAGS, SAID) or str(value) == COLUMNS[column].text(entry):
            return False
        try:
            said: Any = tags_of(str(value)) if column == TAGS else " ".join(str(value).split())
        except TagError as error:
            self.refused.emit(str(error))
            return False
        self.remarked.emit([entry.folder], TAG if column == TAGS else NOTE, said)
        return True

    def _text(self, entry: Entry, column: int) -> str:
        text = COLUMNS[column].text(entry)
        if column == ID and entry.folder == self.reference:
            return f"{text} ref"
        return "" if column == STARRED else text

    def _icon(self, entry: Entry, column: int) -> QIcon | None:
        tokens = theme.current()
        if column == ID and entry.folder in self.ticked:
            return self._named("square-rounded", self._marks.mark_of(self._folder_of(entry.folder))[0])
        if column == QUALITY:
            look = look_of(entry)
            return self._named(look.icon, look.in_theme(tokens).ink)
        if column == STARRED and entry.star:
            return self._named("star", tokens.warn.ink)
        return None

    def _named(self, name: str, colour: str) -> QIcon:
        if (name, colour) not in self._icons:
            self._icons[name, colour] = theme.icon(name, colour)
        return self._icons[name, colour]
