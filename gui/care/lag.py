"""Finds what makes the window stand still: how long it did, and the line that it was in.

A precise timer in the window's thread stamps the time every 10 ms. A second thread looks at the stamp; once it is older
than the limit it writes down where the window's thread is. The thread sleeps in between and costs well below a percent.
"""

import sys
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass
from statistics import quantiles

from qtpy.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

PERIOD = 0.010
"""Seconds between two stamps."""
LIMIT = 0.050
"""Seconds without a stamp that count as a stall."""
_LOOK = 0.005
_KEPT = 6000  # stamps, one minute
_RECENT = 100  # stamps, one second


@dataclass(frozen=True)
class Stall:
    """The window stood still for `seconds`; `stack` is where it was, the guilty line last ("" if nobody could look).

    `work` is the processor time (s) that the whole program used meanwhile: far less than `seconds` where other programs
    had the processor, or the disk was waited for.
    """

    seconds: float
    stack: str
    work: float = float("nan")

    @property
    def line(self) -> str:
        """The guilty line in one line: file, number, function, code."""
        lines = [line.strip() for line in self.stack.strip().splitlines()]
        place = next((i for i in range(len(lines) - 1, -1, -1) if lines[i].startswith("File ")), None)
        return "unknown" if place is None else " ".join(lines[place : place + 2])


class LagWatch(QObject):
    """Watches the thread that makes it; `stalled` (Stall) after each stall, `start` and `stop` at will.

    `limit` in seconds.
    """

    stalled = Signal(object)

    def __init__(self, parent: QObject | None = None, *, limit: float = LIMIT) -> None:
        super().__init__(parent)
        self.limit = limit
        self.stalls = 0
        self._late: deque[float] = deque(maxlen=_KEPT)
        self._clock = QElapsedTimer()
        self._clock.start()
        self._watched = threading.get_ident()
        self._stamp = self._used = 0.0
        self._stack = ""
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(round(PERIOD * 1000))
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin; nothing where it has begun."""
        if self._thread is None:
            self._stamp, self._used, self._stack = self._now(), time.process_time(), ""
            self._ended.clear()
            self._timer.start()
            self._thread = threading.Thread(target=self._look, name="lag", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End, within a few milliseconds."""
        self._timer.stop()
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def reset(self) -> None:
        """Forget what was measured."""
        self._late.clear()
        self.stalls = 0

    @property
    def lag(self) -> float:
        """The longest that anything had to wait for the window within the last second or so (s)."""
        return max(list(self._late)[-_RECENT:], default=0.0)

    def percentile(self, percent: int) -> float:
        """Lag (s) below which `percent` of the last minute's stamps were, 1 to 99; 0 before there are two."""
        late = list(self._late)
        return quantiles(late, n=100, method="inclusive")[percent - 1] if len(late) > 1 else 0.0

    @property
    def lags(self) -> tuple[float, ...]:
        """Lag (s) of each stamp of the last minute, the oldest first."""
        return tuple(self._late)

    @property
    def longest(self) -> float:
        """The longest lag of the last minute (s)."""
        return max(self._late, default=0.0)

    def _now(self) -> float:
        return self._clock.nsecsElapsed() * 1e-9

    def _tick(self) -> None:
        now, used = self._now(), time.process_time()
        gone, work = now - self._stamp, used - self._used
        stack, self._stack = self._stack, ""
        self._stamp, self._used = now, used
        self._late.append(max(gone - PERIOD, 0.0))
        if gone > self.limit:
            self.stalls += 1
            self.stalled.emit(Stall(gone, stack, work))

    def _look(self) -> None:
        """In the other thread: where is the watched one, once its stamp is too old?"""
        while not self._ended.wait(_LOOK):
            stamp = self._stamp
            if not self._stack and self._now() - stamp > self.limit:
                frame = sys._current_frames().get(self._watched)
                stack = "".join(traceback.format_stack(frame)) if frame is not None else ""
                if stamp == self._stamp:  # else it has gone on meanwhile
                    self._stack = stack
