"""Follows the runs of a data folder: looks again each second, and says what the filter lets through.

All is read by the background; an answer for a filter that is no longer asked for counts for nothing.
"""

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import QObject, QTimer, Signal

from coldfinger.gui.background import Background
from coldfinger.gui.runs.run_shelf import Found, Shelf
from coldfinger.procedures.data.filters import FilterError
from coldfinger.runfiles.disk import RunFileError

PERIOD_MS = 1000
"""Between two looks at the folder."""
PATIENCE_MS = 300
"""After which a look that lasts is said to last."""
_READING = "runs"


class RunsWatch(QObject):
    """Looks at a folder while it is on; `shown` is what was found last.

    found     (Found) other runs than before
    lasting   () a look takes its time
    looked    (sentence) a look is over; what was wrong, or ""
    failed    (exception) a remark could not be written
    """

    found = Signal(object)
    lasting = Signal()
    looked = Signal(str)
    failed = Signal(object)

    def __init__(self, data: Path, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shelf, self._background = Shelf(data), background
        self._looking = self._lasts = False
        self.text = ""
        """The filter."""
        self.shown: Found | None = None
        self._poll, self._patience = QTimer(self), QTimer(self)
        self._poll.setInterval(PERIOD_MS)
        self._poll.timeout.connect(self.look)
        self._patience.setInterval(PATIENCE_MS)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._say_that_it_lasts)

    def begin(self) -> None:
        """Look now, and from now on."""
        self._poll.start()
        self.look()

    def end(self) -> None:
        """Look no more, until it is begun again."""
        self._poll.stop()

    def ask(self, text: str) -> None:
        """Take another filter; raises nothing, as it was found to be one."""
        if text != self.text:
            self.text = text
            self.look(surely=True)

    def look(self, surely: bool = False) -> None:
        """Have the folder looked at; `found` comes when that is done."""
        if self._looking and not surely:
            return
        self._looking = True
        if not (self._patience.isActive() or self._lasts):
            self._patience.start()
        text, shelf = self.text, self._shelf
        self._background.do(_READING, lambda: shelf.look(text, surely=surely), self._take, self._not_read)

    def _say_that_it_lasts(self) -> None:
        self._lasts = True
        self.lasting.emit()

    def _take(self, found: Found | None) -> None:
        self._over("")
        if found is not None and found.text == self.text and found != self.shown:
            self.shown = found
            self.found.emit(found)

    def _not_read(self, error: BaseException) -> None:
        if not isinstance(error, RunFileError | FilterError):
            self._over("")
            raise error
        self._over(str(error))

    def _over(self, trouble: str) -> None:
        self._looking = self._lasts = False
        self._patience.stop()
        self.looked.emit(trouble)

    def remark(self, folders: Sequence[str], what: str, value: object) -> None:
        """Write a star, tags or a note beside runs; they are found once they are on disk."""
        shelf = self._shelf
        key = f"remark {what} {' '.join(folders)}"
        self._background.do(
            key, lambda: shelf.remark(folders, what, value), lambda _: self.look(surely=True), self.failed.emit
        )
