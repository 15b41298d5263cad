"""A thread that turns *recorded* (survives the process) into *durable* (survives the power).

It syncs at once when the last sync is half a second ago or when the event is urgent, and otherwise waits for
that, so that a fast stream shares its syncs. A disk whose sync has failed once is never trusted again: the
kernel may have dropped the data and would report the next sync as good.
"""

import threading
from collections.abc import Callable

from coldfinger.instruments.clock import WallClock


class Syncer:
    """Calls `fsync()` in the background and knows how many of the recorded points it covered."""

    def __init__(self, fsync: Callable[[], None], group: float = 0.5) -> None:
        self._fsync = fsync
        self._group = group
        self._clock = WallClock()
        self._changed = threading.Condition()
        self._written = (0, 0)  # events, points
        self._synced = (0, 0)
        self._oldest = 0.0  # when the first event that is not yet durable was recorded
        self._urgent = False
        self._idle = False
        self._closing = False
        self.failure: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="run file sync", daemon=True)
        self._thread.start()

    def recorded(self, points: int, *, urgent: bool = False) -> None:
        """Say that one more event was written, and that the file now holds `points` points."""
        with self._changed:
            if self._written == self._synced:
                self._oldest = self._clock.time()
            self._written = (self._written[0] + 1, points)
            self._urgent = self._urgent or urgent
            if urgent or self._idle:
                self._changed.notify_all()

    @property
    def durable(self) -> int:
        """Points that have reached the medium."""
        return self._synced[1]

    @property
    def lag(self) -> float:
        """How long (s) the oldest event that is not yet durable has been waiting; 0 when there is none."""
        with self._changed:
            return 0.0 if self._written == self._synced else self._clock.time() - self._oldest

    def wait(self, timeout: float) -> bool:
        """Have everything recorded so far synced at once; False after `timeout` seconds or a failure."""
        with self._changed:
            target = self._written[0]
            self._urgent = self._synced != self._written
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._synced[0] >= target or self.failure is not None, timeout)
            return self._synced[0] >= target

    def close(self, timeout: float) -> None:
        """Sync what is left and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)

    def _run(self) -> None:
        began = float("-inf")
        while True:
            with self._changed:
                self._idle = True
                self._changed.wait_for(lambda: self._closing or self._written != self._synced)
                self._idle = False
                if self._written == self._synced:
                    return
                pause = began + self._group - self._clock.time()
                self._changed.wait_for(lambda: self._closing or self._urgent, max(pause, 0.0))
                target, self._urgent, began = self._written, False, self._clock.time()
            try:
                self._fsync()
            except OSError as error:
                with self._changed:
                    self.failure = error
                    self._changed.notify_all()
                return
            with self._changed:
                self._synced, self._oldest = target, began
                self._urgent = self._urgent and target != self._written
                self._changed.notify_all()
