"""Reads the runs that plots show, beside the window: the one in front ten times a second, the others once a second."""

from collections.abc import Callable, Sequence
from pathlib import Path

from qtpy.QtCore import QObject, QTimer, Signal

from coldfinger.gui.background import Background
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.pages.run_feed import Feeds, RunRows

PERIOD = 100
"""Milliseconds between two looks at the run in front."""
SLOW = 10
"""Looks at it for one at the others."""


class RunReading(QObject):
    """`want` runs, then `rows` are theirs; `changed` after some have become others, `looked` after every look.

    While `idle` says that nobody sees them, only runs that have not been read at all are read. `said` (Message) is
    what could not be read.
    """

    changed = Signal()
    looked = Signal()
    said = Signal(object)

    def __init__(self, background: Background, idle: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background, self._idle = background, idle
        self.feeds = Feeds()
        self.rows: dict[Path, RunRows] = {}
        self.busy = self._again = False
        self._wanted: tuple[Path, ...] = ()
        self._looks = 0
        self._timer = QTimer(self)
        self._timer.setInterval(PERIOD)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    @property
    def refused(self) -> set[Path]:
        """Runs that cannot be read."""
        return self.feeds.refused

    def want(self, front: Path | None, others: Sequence[Path]) -> None:
        """These runs from now on, `front` the most often, all of them at once."""
        self._wanted = tuple(folder for folder in (front, *others) if folder is not None)
        self._looks = 0
        self._look()

    def _look(self) -> None:
        """Read what is new, beside the window; never two at a time."""
        wanted = self._wanted
        if self._idle() and self.rows.keys() == set(wanted):
            return
        if self.busy:
            self._again = self._again or self._looks == 0
            return
        if not wanted:
            if self.rows:
                self.rows = {}
                self.changed.emit()
            return
        follow = wanted if self._looks % SLOW == 0 else wanted[:1]
        self._looks += 1
        whole = len(self.rows) == len(set(wanted))
        if whole and all(folder in self.rows and self.rows[folder].outcome for folder in wanted):
            return
        self.busy = True
        self._background.do("runs", lambda: self.feeds.look(wanted, follow), self._take, self._failed)

    def _take(self, answer: tuple[dict[Path, RunRows], list[str]]) -> None:
        rows, said = answer
        self.busy = False
        for sentence in said:
            self.said.emit(Message("warning", sentence))
        changed = rows.keys() != self.rows.keys() or any(rows[f] is not self.rows[f] for f in rows)
        self.rows = rows
        if changed:
            self.changed.emit()
        self.looked.emit()
        if self._again:
            self._again, self._looks = False, 0
            self._look()

    def _failed(self, error: BaseException) -> None:
        self.busy = False
        self.said.emit(Message("warning", f"Runs could not be read: {error}"))
