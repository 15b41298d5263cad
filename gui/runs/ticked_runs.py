"""What can be done with all runs that are ticked: shown over one another, divided, fitted, exported, compared."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QGridLayout, QPushButton, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.runs.diff_view import DiffView
from coldfinger.gui.runs.run_cells import title_of
from coldfinger.gui.runs.run_export import export
from coldfinger.gui.runs.runs_model import RunsModel
from coldfinger.procedures.data.snapshots import differences
from coldfinger.runfiles.reader import read_run

_COLUMNS = 3


class TickedRuns(QWidget):
    """A button for each; one that is not live says why.

    overlaid     (list of folders) show them over one another
    ratio_asked  (list of folders, folder of the reference)
    fit_asked    (list of folders)
    refused      (sentence) why something cannot be done now, "" where it can
    said         (Message) what came of it
    failed       (exception) what was begun could not be done
    """

    overlaid = Signal(list)
    ratio_asked = Signal(list, object)
    fit_asked = Signal(list)
    refused = Signal(str)
    said = Signal(object)
    failed = Signal(object)

    def __init__(self, model: RunsModel, data: Path, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self._model, self._data, self._background = model, data, background
        self.buttons = {
            "overlay": self._button("&Overlay", "Show the ticked runs over one another (O).", self.overlay),
            "ratio": self._button("&Ratio", "Divide the ticked runs by the reference (R); mark that by M.", self.ratio),
            "fit": self._button("&Fit", "Fit all ticked runs (F).", self.fit),
            "export": self._button("&Export…", "Write the ticked runs into one CSV file with units.", self.ask_export),
            "diff": self._button("&Diff", "What was set differently in the two ticked runs.", self.diff),
            "untick": self._button("&Untick", "Take all ticks away.", model.untick_all),
        }
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for number, button in enumerate(self.buttons.values()):
            grid.addWidget(button, number // _COLUMNS, number % _COLUMNS)
        self.refresh()

    def _button(self, text: str, meaning: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(text, self)
        button.setAccessibleDescription(meaning)
        button.setAccessibleName(text.replace("&", ""))
        button.clicked.connect(lambda *_: act())
        return button

    @property
    def folders(self) -> list[Path]:
        """The ticked runs, in the order in which they were ticked."""
        return [self._data / name for name in self._model.ticked]

    def why_not(self) -> dict[str, str]:
        """For every button that is not live the reason."""
        ticks = len(self._model.ticked)
        reasons: dict[str, str] = {}
        if not ticks:
            reasons = dict.fromkeys(
                ("overlay", "ratio", "fit", "export", "untick"), "No run is ticked: Space ticks one"
            )
        elif not self._model.reference:
            reasons["ratio"] = "No run is marked as the reference: choose one and press M"
        if ticks != 2:
            reasons["diff"] = f"Two runs must be ticked, now {ticks}"
        return reasons

    def refresh(self) -> None:
        """Ticks or the reference have changed."""
        reasons = self.why_not()
        for name, button in self.buttons.items():
            reason = reasons.get(name, "")
            button.setEnabled(not reason)
            meaning = button.accessibleDescription()
            button.setToolTip(f"{reason}.\n{meaning}" if reason else meaning)

    def _may(self, name: str) -> bool:
        """Whether that can be done now; says why not."""
        reason = self.why_not().get(name, "")
        self.refused.emit(f"{reason}." if reason else "")
        return not reason

    def overlay(self) -> None:
        if self._may("overlay"):
            self.overlaid.emit(self.folders)

    def ratio(self) -> None:
        if self._may("ratio"):
            self.ratio_asked.emit(self.folders, self._data / self._model.reference)

    def fit(self) -> None:
        if self._may("fit"):
            self.fit_asked.emit(self.folders)

    def ask_export(self) -> None:
        """Ask where the ticked runs shall be written to."""
        if not self._may("export"):
            return
        entries = list(self._model.ticked.values())
        name = entries[0].folder if len(entries) == 1 else f"{len(entries)}_runs"
        name += "_simulated" if any(entry.simulated for entry in entries) else ""
        start = str(self._data.parent / f"{name}.csv")
        path, _ = QFileDialog.getSaveFileName(self, "Export the ticked runs", start, "Tables (*.csv)")
        if path:
            self.export_to(Path(path))

    def export_to(self, target: Path) -> None:
        """Write the ticked runs into a file; what came of it is said."""
        folders = self.folders
        self._background.do(f"export {target}", lambda: export(folders, target), self._exported, self.failed.emit)

    def _exported(self, sentence: str) -> None:
        self.said.emit(Message("info", sentence, kind="runs"))

    def diff(self) -> None:
        """Show what was set differently in the two ticked runs."""
        if not self._may("diff"):
            return
        first, second = self.folders
        names = [title_of(entry) for entry in self._model.ticked.values()]
        self._background.do(
            "diff of runs",
            lambda: differences(read_run(first), read_run(second)),
            lambda found: self._show_diff((names[0], names[1]), found),
            self.failed.emit,
        )

    def _show_diff(self, names: tuple[str, str], found: Any) -> None:
        view = DiffView(names, found, self)
        view.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        view.show()
