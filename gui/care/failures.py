"""Errors of the window itself: shown, written down, never swallowed, never the end of the night.

Without a hook the first exception in a slot ends the program. Here it becomes a sentence for the event line and a
traceback in the log; the same error again is only counted. A crash below Python leaves its stacks in a file.
"""

import faulthandler
import logging
import sys
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from qtpy.QtCore import QObject, Signal

LOG = logging.getLogger("coldfinger.gui")


@dataclass(frozen=True)
class Failure:
    """An error of the window: one sentence, the traceback, and how often it has happened."""

    sentence: str
    details: str
    count: int


class Failures(QObject):
    """While installed, `happened` (Failure) for every exception that nobody caught, from any thread.

    Make and install it after the plotting library was imported, which brings a hook of its own.
    """

    happened = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._counts: dict[tuple[str, str], int] = {}
        self._before = sys.excepthook, threading.excepthook

    def install(self) -> None:
        """Take over; `remove` gives back what was there."""
        self._before = sys.excepthook, threading.excepthook
        sys.excepthook = self.caught
        threading.excepthook = self._caught_in_thread

    def remove(self) -> None:
        sys.excepthook, threading.excepthook = self._before

    def caught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Write an error down and tell the window; Ctrl-C goes its usual way."""
        if issubclass(kind, KeyboardInterrupt):
            self._before[0](kind, error, trace)
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        place = _place(trace)
        count = self._counts[kind.__name__, place] = self._counts.get((kind.__name__, place), 0) + 1
        if count == 1:
            LOG.error("error in the window at %s\n%s", place, details)
        else:
            LOG.error("error in the window at %s, time %d: %s", place, count, error)
        self.happened.emit(Failure(_sentence(kind, error, place, count), details, count))

    def _caught_in_thread(self, hooked: threading.ExceptHookArgs) -> None:
        if hooked.exc_value is not None and not isinstance(hooked.exc_value, SystemExit):
            self.caught(hooked.exc_type, hooked.exc_value, hooked.exc_traceback)


def record_crashes(path: Path) -> None:
    """Have the stacks of all threads appended to a file should the program crash; for the rest of its life."""
    path.parent.mkdir(parents=True, exist_ok=True)
    faulthandler.enable(path.open("a", encoding="utf-8"), all_threads=True)


def _sentence(kind: type[BaseException], error: BaseException, place: str, count: int) -> str:
    said = str(error).strip().split("\n")[0] or kind.__name__
    again = f" ({count} times)" if count > 1 else ""
    return f"The window made an error at {place}: {said}. The measurement goes on; see Details and the log{again}."


def _place(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
