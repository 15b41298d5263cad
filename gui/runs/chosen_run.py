"""What can be done with the run that the keyboard is at in the list, and with rows that are selected there."""

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QModelIndex, QObject, Signal
from qtpy.QtWidgets import QAction, QApplication, QMenu

from coldfinger.gui.background import Background
from coldfinger.gui.form.run_again import again
from coldfinger.gui.runs.run_cells import SAID, STARRED, TAGS
from coldfinger.gui.runs.run_shelf import STAR
from coldfinger.gui.runs.runs_model import RunsModel
from coldfinger.gui.runs.runs_table import RunsTable
from coldfinger.procedures.data.entry import Entry

Command = tuple[str, Callable[[], object], str]
"""Text of a menu, what it does, and why it cannot be done now ("" where it can)."""


class ChosenRun(QObject):
    """The run that is chosen in a table of runs.

    opened        (folder)
    replay_asked  (folder) play it again
    again_asked   (Again) fill the form of a new run with its parameters
    remarked      (names of folders, what, value) give it a star
    failed        (exception) what was begun could not be done
    """

    opened = Signal(object)
    replay_asked = Signal(object)
    again_asked = Signal(object)
    remarked = Signal(object, str, object)
    failed = Signal(object)

    def __init__(self, table: RunsTable, model: RunsModel, data: Path, background: Background) -> None:
        super().__init__(table)
        self._table, self._model, self._data, self._background = table, model, data, background

    @property
    def entry(self) -> Entry | None:
        """The run, None where there is none."""
        row = self._table.currentIndex().row()
        return self._model.entries[row] if 0 <= row < len(self._model.entries) else None

    @property
    def folder(self) -> Path | None:
        """Where the run is."""
        return self._data / self.entry.folder if self.entry is not None else None

    def open(self) -> None:
        """Open it (Enter)."""
        if self.folder is not None:
            self.opened.emit(self.folder)

    def replay(self) -> None:
        """Have it played (P)."""
        if self.folder is not None:
            self.replay_asked.emit(self.folder)

    def use_parameters(self) -> None:
        """Have its parameters put into the form of a new one (U)."""
        folder = self.folder
        if folder is not None:
            self._background.do("parameters of a run", lambda: again(folder), self.again_asked.emit, self.failed.emit)

    def double_clicked(self, index: QModelIndex) -> None:
        """A star is given or taken, tags and note are edited by the table itself, all else opens the run."""
        if index.column() == STARRED:
            self.star()
        elif index.column() not in (TAGS, SAID):
            self.open()

    def tick(self) -> None:
        """Tick the selected runs, or take their ticks away where all have one (Space)."""
        rows = self._table.chosen_rows()
        if rows:
            self._model.tick(rows)

    def mark_reference(self) -> None:
        """Make it the reference of ratios, or none where it is (M)."""
        if self.entry is not None:
            name = self.entry.folder
            self._model.set_reference("" if name == self._model.reference else name)

    def star(self) -> None:
        """Give the selected runs their star, or take it away where all have one (S)."""
        entries = [self._model.entries[row] for row in self._table.chosen_rows()]
        if entries:
            self.remarked.emit([entry.folder for entry in entries], STAR, not all(entry.star for entry in entries))

    def edit(self, column: int) -> None:
        """Edit tags or note in place."""
        if self.entry is not None:
            index = self._model.index(self._table.currentIndex().row(), column)
            self._table.setCurrentIndex(index)
            self._table.edit(index)

    def copy_path(self) -> None:
        """Put the path of the folder into the clipboard."""
        clipboard = QApplication.clipboard()
        if clipboard is not None and self.folder is not None:
            clipboard.setText(str(self.folder))

    def menu(self, *more: Command) -> QMenu:
        """What can be done with it, and `more` below."""
        menu = QMenu(self._table)
        none = "" if self.entry is not None else "No run is chosen"
        own: tuple[Command, ...] = (
            ("&Open\tEnter", self.open, none),
            ("&Use parameters of this run\tU", self.use_parameters, none),
            ("&Play it again\tP", self.replay, none),
            ("&Tick\tSpace", self.tick, none),
            ("&Mark as reference\tM", self.mark_reference, none),
            ("&Star\tS", self.star, none),
            ("Edit ta&gs…", lambda: self.edit(TAGS), none),
            ("Edit &note…", lambda: self.edit(SAID), none),
            ("&Copy path of the folder", self.copy_path, none),
        )
        for text, act, reason in (*own, *more):
            action = QAction(text, menu)
            action.setEnabled(not reason)
            action.setToolTip(reason or text.replace("&", "").replace("\t", ", "))
            action.triggered.connect(lambda *_, act=act: act())
            menu.addAction(action)
        menu.setToolTipsVisible(True)
        return menu
