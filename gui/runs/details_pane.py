"""The pane below the list: what the run that is chosen there is, read in the background."""

from pathlib import Path

from qtpy.QtWidgets import QPlainTextEdit, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.runs.run_details import Line, details_of
from coldfinger.procedures.data.entry import Entry

_FINDING = "run details"


class DetailsPane(QPlainTextEdit):
    """A line for each thing that is known of one run."""

    def __init__(self, data: Path, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self._data, self._background = data, background
        self._entry: Entry | None = None
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setAccessibleName("Details of the run")
        self.setToolTip("Sample, wiring, excitation, what was lost and recovered, of the run in the list.")
        self.setPlaceholderText("Details of the run that is chosen in the list.")

    def show_run(self, entry: Entry | None) -> None:
        """Have the details of a run read and shown, where they are not those that are shown."""
        if entry == self._entry:
            return
        self._entry = entry
        if entry is None:
            self.setPlainText("")
            return
        folder = self._data / entry.folder
        self._background.do(_FINDING, lambda: (entry, details_of(folder, entry)), self._take)

    def _take(self, answer: tuple[Entry, list[Line]]) -> None:
        entry, lines = answer
        if entry is self._entry:
            self.setPlainText("\n".join(f"{what}: {said}" for what, said in lines))
