"""The runs of the data folder: found by a filter, ticked into the plots, starred, noted, exported, compared.

The list follows the folder by itself. All files are read by the background; what is in the list stays until something
else has been read, so that neither a slow disk nor a wrong filter ever empties it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal
from qtpy.QtGui import QHideEvent, QKeyEvent, QShowEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QAction,
    QApplication,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.form.run_again import AgainError, again
from coldfinger.gui.look import theme
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.place import Place
from coldfinger.gui.runs.diff_view import DiffView
from coldfinger.gui.runs.run_cells import FIELD, ID, POINTS, QUALITY, RANGE, SAID, STARRED, TAGS, TIME, TYPE, title_of
from coldfinger.gui.runs.run_details import Line, details_of
from coldfinger.gui.runs.run_export import ExportError, export
from coldfinger.gui.runs.run_marks import RunMarks
from coldfinger.gui.runs.run_shelf import STAR, Found, Shelf
from coldfinger.gui.runs.runs_model import RunsModel
from coldfinger.procedures.data.entry import Entry
from coldfinger.procedures.data.filters import FilterError, condition_of
from coldfinger.procedures.data.snapshots import differences
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.reader import read_run

PERIOD_MS = 1000
"""Between two looks at the folder."""
PATIENCE_MS = 300
"""After which a look that lasts is shown."""
_TYPING_MS = 150
_EXAMPLE = "type:RT H:0..300 T:0.05..1 >2026-11-01 star tag:cool"
_WIDTHS = {ID: 8, TYPE: 6, FIELD: 8, QUALITY: 11, RANGE: 15, POINTS: 6, TIME: 12, STARRED: 4, TAGS: 12, SAID: 24}
_READING, _FINDING = "runs", "run details"


class RunsPanel(QWidget):
    """List, filter, details and what can be done with ticked runs.

    ticked       (list of folders) after each change of the ticks
    opened       (folder) by Enter or a double click
    overlaid     (list of folders) O: show them over one another
    ratio_asked  (list of folders, folder of the reference) R
    fit_asked    (list of folders) F
    replay_asked (folder) P: play it again
    again_asked  (Again) U: fill the form of a new run with the parameters of this one
    """

    said = Signal(object)
    ticked = Signal(list)
    opened = Signal(object)
    overlaid = Signal(list)
    ratio_asked = Signal(list, object)
    fit_asked = Signal(list)
    again_asked = Signal(object)
    replay_asked = Signal(object)

    def __init__(
        self,
        place: Place,
        desk: Desk,
        background: Background,
        parent: QWidget | None = None,
        marks: RunMarks | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("help", "catalogue")
        self.setAccessibleName("Runs")
        self.place, self.marks = place, marks or RunMarks()
        self._background = background
        self._shelf = Shelf(place.data)
        self._text = ""
        self._looking = False
        self._shown: Found | None = None
        self._trouble = ""
        self._detailed: Entry | None = None
        self.model = RunsModel(self.folder_of, self.marks, self)
        self._make()
        self._lay_out()
        self._poll = _timer(self, PERIOD_MS, self.look, repeats=True)
        self._typing = _timer(self, _TYPING_MS, self._filter_now)
        self._patience = _timer(self, PATIENCE_MS, self._show_progress)
        self._choosing = _timer(self, _TYPING_MS, self._read_details)
        self._show_actions()

    # What it is made of

    def _make(self) -> None:
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText(_EXAMPLE)
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("Filter of runs")
        self.filter.setToolTip(
            "Which runs are listed; terms by blanks, all must hold. For example\n"
            f"{_EXAMPLE}\nH in Oe, T in K unless a unit is written.\n"
            "Also sample: outcome: note: rows: night: damaged simulated real."
        )
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.message.setProperty("role", "message")
        self.message.hide()
        self.count = QLabel(self)
        self.count.setProperty("role", "faint")
        self.count.setWordWrap(True)
        self.progress = QProgressBar(self)
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.progress.setAccessibleName("Runs are being read")
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.progress.hide()
        self.table = _Table(self)
        self.table.setModel(self.model)
        self.table.prepare()
        self.details = QPlainTextEdit(self)
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setAccessibleName("Details of the run")
        self.details.setToolTip("Sample, wiring, excitation, what was lost and recovered, of the run in the list.")
        self.details.setPlaceholderText("Details of the run that is chosen in the list.")
        self.buttons = {
            "overlay": self._button("&Overlay", "Show the ticked runs over one another (O).", self.overlay),
            "ratio": self._button("&Ratio", "Divide the ticked runs by the reference (R); mark that by M.", self.ratio),
            "fit": self._button("&Fit", "Fit all ticked runs (F).", self.fit),
            "export": self._button("&Export…", "Write the ticked runs into one CSV file with units.", self.ask_export),
            "diff": self._button("&Diff", "What was set differently in the two ticked runs.", self.diff),
            "untick": self._button("&Untick", "Take all ticks away.", self.model.untick_all),
        }
        self.filter.textChanged.connect(lambda *_: self._typing.start())
        self.filter.returnPressed.connect(self._filter_now)
        self.model.ticks_changed.connect(self._ticks_changed)
        self.model.remarked.connect(self.remark)
        self.model.refused.connect(self._refuse)
        self.table.pressed_key.connect(self._key)
        self.table.doubleClicked.connect(self._double_clicked)
        self.table.customContextMenuRequested.connect(self._menu)
        selection = self.table.selectionModel()
        if selection is not None:
            selection.currentRowChanged.connect(lambda *_: self._choosing.start())
        self.setFocusProxy(self.table)

    def _button(self, text: str, meaning: str, act: Any) -> QPushButton:
        button = QPushButton(text, self)
        button.setAccessibleDescription(meaning)
        button.setAccessibleName(text.replace("&", ""))
        button.clicked.connect(lambda *_: act())
        return button

    def _lay_out(self) -> None:
        top = QWidget(self)
        upper = QVBoxLayout(top)
        upper.setContentsMargins(0, 0, 0, 0)
        upper.setSpacing(3)
        for widget in (self.filter, self.message, self.progress, self.table, self.count):
            upper.addWidget(widget, 1 if widget is self.table else 0)
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, button in enumerate(self.buttons.values()):
            grid.addWidget(button, number // 3, number % 3)
        upper.addLayout(grid)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(top)
        split.addWidget(self.details)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(4, 4, 4, 4)
        whole.addWidget(split)

    def restyle(self) -> None:
        """Take colours and font of the theme in use."""
        self.table.prepare()
        self.model.repaint_all()

    def folder_of(self, name: str) -> Path:
        return self.place.data / name

    # Looking

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self._poll.start()
        self.look()

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        self._poll.stop()

    def look(self, surely: bool = False) -> None:
        """Have the folder looked at; the list follows when that is done."""
        if self._looking and not surely:
            return
        self._looking = True
        if not self._patience.isActive() and self.progress.isHidden():
            self._patience.start()
        text, shelf = self._text, self._shelf
        self._background.do(_READING, lambda: shelf.look(text, surely=surely), self._found, self._not_found)

    def _found(self, found: Found | None) -> None:
        self._looked("")
        if found is not None and found.text == self._text and found != self._shown:
            self._shown = found
            self.model.take(found.entries, everything=not found.text.strip())
            self._show_count()
            self._show_actions()
            self._refresh_details()

    def _not_found(self, error: BaseException) -> None:
        if not isinstance(error, RunFileError | FilterError):
            self._looked("")
            raise error
        self._looked(str(error))

    def _looked(self, trouble: str) -> None:
        self._looking = False
        self._patience.stop()
        self.progress.hide()
        if trouble and trouble != self._trouble:
            self.said.emit(Message("warning", f"{trouble}. The list shows what was read before.", kind="runs"))
        self._trouble = trouble

    def _show_progress(self) -> None:
        self.progress.show()
        self.count.setText("Reading the runs…")

    def _show_count(self) -> None:
        if self._shown is None:
            return
        shown, total = len(self._shown.entries), self._shown.total
        ticks = len(self.model.ticked)
        hidden = sum(name not in {e.folder for e in self._shown.entries} for name in self.model.ticked)
        if not total:
            text = "No runs yet. They appear here as soon as one is begun."
        else:
            text = f"{shown} of {total} runs" if self._text.strip() else f"{total} {'run' if total == 1 else 'runs'}"
            text += f", {ticks} ticked" if ticks else ""
            text += f" ({hidden} of them not listed)" if hidden else ""
        self.count.setText(text)

    def _filter_now(self) -> None:
        """Take the filter that was typed, or say why it cannot be; the list stays as it is then."""
        self._typing.stop()
        text = self.filter.text()
        try:
            condition_of(text)
        except FilterError as error:
            self._refuse(str(error))
            theme.restyle(self.filter, "mark", "wrong")
            return
        self._refuse("")
        theme.restyle(self.filter, "mark", "")
        if text != self._text:
            self._text = text
            self.look(surely=True)

    def _refuse(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    # The chosen run

    @property
    def chosen(self) -> Entry | None:
        """The run that the keyboard is at."""
        row = self.table.currentIndex().row()
        return self.model.entries[row] if 0 <= row < len(self.model.entries) else None

    def _rows(self) -> list[int]:
        """Rows that are selected, or the one that the keyboard is at."""
        selection = self.table.selectionModel()
        rows = sorted({index.row() for index in selection.selectedIndexes()}) if selection is not None else []
        current = self.table.currentIndex().row()
        return rows or ([current] if current >= 0 else [])

    def _refresh_details(self) -> None:
        if self.chosen != self._detailed:
            self._read_details()

    def _read_details(self) -> None:
        entry = self.chosen
        self._detailed = entry
        if entry is None:
            self.details.setPlainText("")
            return
        folder = self.folder_of(entry.folder)
        self._background.do(_FINDING, lambda: (entry, details_of(folder, entry)), self._show_details)

    def _show_details(self, answer: tuple[Entry, list[Line]]) -> None:
        entry, lines = answer
        if entry is self._detailed:
            self.details.setPlainText("\n".join(f"{what}: {said}" for what, said in lines))

    def open(self) -> None:
        """Open the chosen run (Enter)."""
        if self.chosen is not None:
            self.opened.emit(self.folder_of(self.chosen.folder))

    def replay(self) -> None:
        """Have the chosen run played (P)."""
        if self.chosen is not None:
            self.replay_asked.emit(self.folder_of(self.chosen.folder))

    def use_parameters(self) -> None:
        """Have the parameters of the chosen run put into the form of a new one (U)."""
        entry = self.chosen
        if entry is not None:
            folder = self.folder_of(entry.folder)
            self._background.do("parameters of a run", lambda: again(folder), self.again_asked.emit, self._not_done)

    def _double_clicked(self, index: QModelIndex) -> None:
        if index.column() == STARRED:
            self.star()
        elif index.column() not in (TAGS, SAID):
            self.open()

    # Ticks and what is done with them

    @property
    def folders(self) -> list[Path]:
        """The ticked runs, in the order in which they were ticked."""
        return [self.folder_of(name) for name in self.model.ticked]

    def _ticks_changed(self) -> None:
        self._show_count()
        self._show_actions()
        self.ticked.emit(self.folders)

    def why_not(self) -> dict[str, str]:
        """For every button that is not live the reason."""
        ticks = len(self.model.ticked)
        reasons: dict[str, str] = {}
        if not ticks:
            reasons = dict.fromkeys(
                ("overlay", "ratio", "fit", "export", "untick"), "No run is ticked: Space ticks one"
            )
        elif not self.model.reference:
            reasons["ratio"] = "No run is marked as the reference: choose one and press M"
        if ticks != 2:
            reasons["diff"] = f"Two runs must be ticked, now {ticks}"
        return reasons

    def _show_actions(self) -> None:
        reasons = self.why_not()
        for name, button in self.buttons.items():
            reason = reasons.get(name, "")
            button.setEnabled(not reason)
            meaning = button.accessibleDescription()
            button.setToolTip(f"{reason}.\n{meaning}" if reason else meaning)

    def _may(self, name: str) -> bool:
        """Whether that can be done now; says why not."""
        reason = self.why_not().get(name, "")
        self._refuse(f"{reason}." if reason else "")
        return not reason

    def overlay(self) -> None:
        if self._may("overlay"):
            self.overlaid.emit(self.folders)

    def ratio(self) -> None:
        if self._may("ratio"):
            self.ratio_asked.emit(self.folders, self.folder_of(self.model.reference))

    def fit(self) -> None:
        if self._may("fit"):
            self.fit_asked.emit(self.folders)

    def mark_reference(self) -> None:
        """Make the chosen run the reference of ratios, or none where it is (M)."""
        if self.chosen is not None:
            name = self.chosen.folder
            self.model.set_reference("" if name == self.model.reference else name)
            self._show_actions()

    def star(self) -> None:
        """Give the selected runs their star, or take it away where all have one (S)."""
        entries = [self.model.entries[row] for row in self._rows()]
        if entries:
            self.remark([entry.folder for entry in entries], STAR, not all(entry.star for entry in entries))

    def edit(self, column: int) -> None:
        """Edit tags or note of the chosen run in place."""
        if self.chosen is not None:
            index = self.model.index(self.table.currentIndex().row(), column)
            self.table.setCurrentIndex(index)
            self.table.edit(index)

    def remark(self, folders: Sequence[str], what: str, value: object) -> None:
        """Write a star, tags or a note beside runs; the list follows once they are on disk."""
        self._refuse("")
        shelf = self._shelf
        key = f"remark {what} {' '.join(folders)}"
        self._background.do(
            key, lambda: shelf.remark(folders, what, value), lambda _: self.look(surely=True), self._not_done
        )

    def _not_done(self, error: BaseException) -> None:
        if not isinstance(error, RunFileError | ExportError | AgainError):
            raise error
        self.said.emit(Message("warning", f"{error}.".replace("..", "."), kind="runs"))

    def ask_export(self) -> None:
        """Ask where the ticked runs shall be written to."""
        if not self._may("export"):
            return
        entries = list(self.model.ticked.values())
        name = entries[0].folder if len(entries) == 1 else f"{len(entries)}_runs"
        name += "_simulated" if any(entry.simulated for entry in entries) else ""
        start = str(self.place.data.parent / f"{name}.csv")
        path, _ = QFileDialog.getSaveFileName(self, "Export the ticked runs", start, "Tables (*.csv)")
        if path:
            self.export_to(Path(path))

    def export_to(self, target: Path) -> None:
        """Write the ticked runs into a file; what came of it goes to the event line."""
        folders = self.folders
        self._background.do(f"export {target}", lambda: export(folders, target), self._exported, self._not_done)

    def _exported(self, sentence: str) -> None:
        self.said.emit(Message("info", sentence, kind="runs"))

    def diff(self) -> None:
        """Show what was set differently in the two ticked runs."""
        if not self._may("diff"):
            return
        first, second = self.folders
        names = [title_of(entry) for entry in self.model.ticked.values()]
        self._background.do(
            "diff of runs",
            lambda: differences(read_run(first), read_run(second)),
            lambda found: self._show_diff((names[0], names[1]), found),
            self._not_done,
        )

    def _show_diff(self, names: tuple[str, str], found: Any) -> None:
        view = DiffView(names, found, self)
        view.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        view.show()

    # Keys and menu

    def _key(self, key: int) -> None:
        acts = {
            Qt.Key.Key_Space: lambda: self.model.tick(self._rows()) if self._rows() else None,
            Qt.Key.Key_Return: self.open,
            Qt.Key.Key_Enter: self.open,
            Qt.Key.Key_O: self.overlay,
            Qt.Key.Key_R: self.ratio,
            Qt.Key.Key_F: self.fit,
            Qt.Key.Key_M: self.mark_reference,
            Qt.Key.Key_S: self.star,
            Qt.Key.Key_U: self.use_parameters,
            Qt.Key.Key_P: self.replay,
            Qt.Key.Key_Slash: self.filter.setFocus,
        }
        acts[Qt.Key(key)]()

    def menu(self) -> QMenu:
        """What can be done with the chosen run."""
        menu = QMenu(self)
        entry, reasons = self.chosen, self.why_not()
        none = "" if entry is not None else "No run is chosen"
        for text, act, reason in (
            ("&Open\tEnter", self.open, none),
            ("&Use parameters of this run\tU", self.use_parameters, none),
            ("&Play it again\tP", self.replay, none),
            ("&Tick\tSpace", lambda: self.model.tick(self._rows()), none),
            ("&Mark as reference\tM", self.mark_reference, none),
            ("&Star\tS", self.star, none),
            ("Edit ta&gs…", lambda: self.edit(TAGS), none),
            ("Edit &note…", lambda: self.edit(SAID), none),
            ("&Copy path of the folder", self._copy_path, none),
            ("&Diff of settings", self.diff, reasons.get("diff", "")),
            ("&Export ticked runs…", self.ask_export, reasons.get("export", "")),
        ):
            action = QAction(text, menu)
            action.setEnabled(not reason)
            action.setToolTip(reason or text.replace("&", "").replace("\t", ", "))
            action.triggered.connect(lambda *_, act=act: act())
            menu.addAction(action)
        menu.setToolTipsVisible(True)
        return menu

    def _menu(self, place: QPoint) -> None:
        viewport = self.table.viewport()
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(viewport.mapToGlobal(place) if viewport is not None else place)

    def _copy_path(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None and self.chosen is not None:
            clipboard.setText(str(self.folder_of(self.chosen.folder)))


class _Table(QTableView):
    """The list; `pressed_key` for the keys that mean something here, instead of a search by letters."""

    pressed_key = Signal(int)
    KEYS = (
        Qt.Key.Key_Space,
        Qt.Key.Key_Return,
        Qt.Key.Key_Enter,
        Qt.Key.Key_O,
        Qt.Key.Key_R,
        Qt.Key.Key_F,
        Qt.Key.Key_M,
        Qt.Key.Key_S,
        Qt.Key.Key_U,
        Qt.Key.Key_P,
        Qt.Key.Key_Slash,
    )

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
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

    def prepare(self) -> None:
        """Widths and heights for the font in use, and a choice on which icons and texts are still seen."""
        tokens = theme.current()
        self.setStyleSheet(
            f"QTableView {{ selection-background-color: {tokens.busy.fill}; selection-color: {tokens.text}; }}"
            f"QTableView::indicator:unchecked {{ border: 1px solid {tokens.edge}; background: {tokens.base}; }}"
        )
        header, rows = self.horizontalHeader(), self.verticalHeader()
        letter = self.fontMetrics().averageCharWidth()
        for column, letters in _WIDTHS.items():
            self.setColumnWidth(column, (letters + 1) * letter)
        if header is not None:
            header.setSectionsMovable(True)
            header.setStretchLastSection(True)
            header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
            header.setSortIndicator(ID, Qt.SortOrder.DescendingOrder)
        if rows is not None:
            rows.hide()
            rows.setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.setSortingEnabled(True)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is None:
            return
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and event.key() in self.KEYS and self.state() != QAbstractItemView.State.EditingState:
            self.pressed_key.emit(event.key())
            event.accept()
        else:
            super().keyPressEvent(event)


def _timer(parent: QWidget, milliseconds: int, act: Any, repeats: bool = False) -> QTimer:
    timer = QTimer(parent)
    timer.setInterval(milliseconds)
    timer.setSingleShot(not repeats)
    timer.timeout.connect(act)
    return timer
