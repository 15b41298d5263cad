"""The runs of the data folder: found by a filter, ticked into the plots, starred, noted, exported, compared.

The list follows the folder by itself. All files are read by the background; what is in the list stays until something
else has been read, so that neither a slow disk nor a wrong filter ever empties it.
"""

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import QPoint, Qt, QTimer, Signal
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QHBoxLayout, QLabel, QMenu, QProgressBar, QSplitter, QVBoxLayout, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.form.run_again import AgainError
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.place import Place
from coldfinger.gui.runs.chosen_run import ChosenRun
from coldfinger.gui.runs.details_pane import DetailsPane
from coldfinger.gui.runs.filter_line import FilterLine
from coldfinger.gui.runs.run_export import ExportError
from coldfinger.gui.runs.run_marks import RunMarks
from coldfinger.gui.runs.run_shelf import Found
from coldfinger.gui.runs.runs_model import RunsModel
from coldfinger.gui.runs.runs_table import RunsTable
from coldfinger.gui.runs.runs_watch import RunsWatch
from coldfinger.gui.runs.ticked_runs import TickedRuns
from coldfinger.runfiles.disk import RunFileError

_CHOOSING_MS = 150


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
        data = place.data
        self.marks = marks or RunMarks()
        self._trouble = ""
        self.model = RunsModel(data.joinpath, self.marks, self)
        self.filter = FilterLine(self)
        self.message, self.count, self.progress = QLabel(self), QLabel(self), QProgressBar(self)
        self.table = RunsTable(self.model, self)
        self.ticked_runs = TickedRuns(self.model, data, background, self)
        self.details = DetailsPane(data, background, self)
        self.chosen_run = ChosenRun(self.table, self.model, data, background)
        self.watch = RunsWatch(data, background, self)
        self._choosing = QTimer(self)
        self._choosing.setInterval(_CHOOSING_MS)
        self._choosing.setSingleShot(True)
        self._lay_out()
        self._wire()
        self._give_keys()

    def _lay_out(self) -> None:
        self.message.setWordWrap(True)
        self.message.setProperty("role", "message")
        self.message.hide()
        self.count.setProperty("role", "faint")
        self.count.setWordWrap(True)
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.progress.setAccessibleName("Runs are being read")
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.progress.hide()
        top = QWidget(self)
        upper = QVBoxLayout(top)
        upper.setContentsMargins(0, 0, 0, 0)
        upper.setSpacing(3)
        for widget in (self.filter, self.message, self.progress, self.table, self.count, self.ticked_runs):
            upper.addWidget(widget, 1 if widget is self.table else 0)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(top)
        split.addWidget(self.details)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(4, 4, 4, 4)
        whole.addWidget(split)

    def _wire(self) -> None:
        self.filter.asked.connect(self.watch.ask)
        self.filter.refused.connect(self._refuse)
        self.model.ticks_changed.connect(self._ticks_changed)
        self.model.reference_changed.connect(self.ticked_runs.refresh)
        self.model.remarked.connect(self._remark)
        self.model.refused.connect(self._refuse)
        self.watch.found.connect(self._found)
        self.watch.lasting.connect(self._show_progress)
        self.watch.looked.connect(self._looked)
        for part in (self.watch, self.chosen_run, self.ticked_runs):
            part.failed.connect(self._not_done)
        self.table.doubleClicked.connect(self.chosen_run.double_clicked)
        self.table.customContextMenuRequested.connect(self._open_menu)
        selection = self.table.selectionModel()
        if selection is not None:
            selection.currentRowChanged.connect(lambda *_: self._choosing.start())
        self._choosing.timeout.connect(lambda: self.details.show_run(self.chosen_run.entry))
        self.chosen_run.opened.connect(self.opened)
        self.chosen_run.replay_asked.connect(self.replay_asked)
        self.chosen_run.again_asked.connect(self.again_asked)
        self.chosen_run.remarked.connect(self._remark)
        self.ticked_runs.overlaid.connect(self.overlaid)
        self.ticked_runs.ratio_asked.connect(self.ratio_asked)
        self.ticked_runs.fit_asked.connect(self.fit_asked)
        self.ticked_runs.refused.connect(self._refuse)
        self.ticked_runs.said.connect(self.said)

    def _give_keys(self) -> None:
        one, all_of_them, Key = self.chosen_run, self.ticked_runs, Qt.Key
        self.table.keys = {
            Key.Key_Space: one.tick,
            Key.Key_Return: one.open,
            Key.Key_Enter: one.open,
            Key.Key_M: one.mark_reference,
            Key.Key_S: one.star,
            Key.Key_U: one.use_parameters,
            Key.Key_P: one.replay,
            Key.Key_O: all_of_them.overlay,
            Key.Key_R: all_of_them.ratio,
            Key.Key_F: all_of_them.fit,
            Key.Key_Slash: self.filter.setFocus,
        }

    def restyle(self) -> None:
        """Take colours and font of the theme in use."""
        self.table.prepare()
        self.model.repaint_all()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self.watch.begin()

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        self.watch.end()

    @property
    def folders(self) -> list[Path]:
        """The ticked runs, in the order in which they were ticked."""
        return self.ticked_runs.folders

    def menu(self) -> QMenu:
        """What can be done with the chosen run, and with the ticked ones."""
        ticked = self.ticked_runs
        reasons = ticked.why_not()
        return self.chosen_run.menu(
            ("&Diff of settings", ticked.diff, reasons.get("diff", "")),
            ("&Export ticked runs…", ticked.ask_export, reasons.get("export", "")),
        )

    def _open_menu(self, place: QPoint) -> None:
        viewport = self.table.viewport()
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(viewport.mapToGlobal(place) if viewport is not None else place)

    # What comes of it

    def _found(self, found: Found) -> None:
        self.model.take(found.entries, everything=not found.text.strip())
        self._show_count()
        self.ticked_runs.refresh()
        self.details.show_run(self.chosen_run.entry)

    def _looked(self, trouble: str) -> None:
        self.progress.hide()
        if trouble and self.watch.shown is None:
            self.count.setText("The runs cannot be read.")
        self._show_count()
        if trouble and trouble != self._trouble:
            self.said.emit(Message("warning", f"{trouble}. The list shows what was read before.", kind="runs"))
        self._trouble = trouble

    def _show_progress(self) -> None:
        self.progress.show()
        self.count.setText("Reading the runs…")

    def _show_count(self) -> None:
        shown = self.watch.shown
        if shown is None:
            return
        ticks = len(self.model.ticked)
        hidden = sum(name not in {entry.folder for entry in shown.entries} for name in self.model.ticked)
        if not shown.total:
            text = "No runs yet. They appear here as soon as one is begun."
        else:
            runs = f"{shown.total} {'run' if shown.total == 1 else 'runs'}"
            text = f"{len(shown.entries)} of {shown.total} runs" if self.watch.text.strip() else runs
            text += f", {ticks} ticked" if ticks else ""
            text += f" ({hidden} of them not listed)" if hidden else ""
        self.count.setText(text)

    def _ticks_changed(self) -> None:
        self._show_count()
        self.ticked_runs.refresh()
        self.ticked.emit(self.folders)

    def _remark(self, folders: Sequence[str], what: str, value: object) -> None:
        self._refuse("")
        self.watch.remark(folders, what, value)

    def _refuse(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    def _not_done(self, error: BaseException) -> None:
        if not isinstance(error, RunFileError | ExportError | AgainError):
            raise error
        self.said.emit(Message("warning", f"{error}.".replace("..", "."), kind="runs"))
