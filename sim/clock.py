"""Virtual time for the simulated laboratory.

`SimClock()` jumps: a sleep costs nothing and the time is exactly what was slept. `SimClock(rate=100)` lets a
hundred virtual seconds pass in each real one, for people who watch and for programs that talk over TCP. `PacedClock`
does so, too, for a program that shares its process with the laboratory, but not while that program computes.
"""

import math
import threading
import time as _time
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 1.0
"""Real seconds for which a paced clock waits for a program that neither sleeps nor lets go."""
_CREDIT = 0.1  # real seconds that a paced clock may catch up


class SimClock:
    """Seconds of virtual time since the start; `rate` = virtual seconds per real second, inf jumps."""

    def __init__(self, rate: float = math.inf) -> None:
        if not rate > 0:
            raise ValueError(f"rate of the virtual clock must be positive, got {rate!r}")
        self.rate = rate
        self._virtual = 0.0
        # Of a clock that runs: virtual and real time at its last change of rate, and the rate; one object, so that
        # another thread sees the old ones or the new ones.
        self._course = (0.0, _time.monotonic(), rate)

    def time(self) -> float:
        if math.isinf(self.rate):
            return self._virtual
        since, origin, rate = self._course
        return since + (_time.monotonic() - origin) * rate

    def run_at(self, rate: float) -> None:
        """Go on at another rate from now; a clock that jumps stays one. Raises ValueError."""
        if math.isinf(self.rate) or not 0 < rate < math.inf:
            raise ValueError(f"a clock that runs at {self.rate:g} times real time cannot go on at {rate:g}")
        self._course = (self.time(), _time.monotonic(), rate)
        self.rate = rate

    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        if math.isinf(self.rate):
            self._virtual += seconds
        else:
            _time.sleep(seconds / self.rate)


class PacedClock(SimClock):
    """Goes on by what is slept, no faster than `rate`; work between two sleeps costs no virtual time.

    At a thousand times real time a hundredth of a second of work would be ten seconds of the refrigerator, and
    time-outs, rates and estimates would be those of the computer. Who waits for people says so by `released`, and a
    clock that nobody sleeps by for a second runs on by itself.
    """

    def __init__(self, rate: float) -> None:
        super().__init__(rate)
        self._lock = threading.RLock()
        self._here = self._slept = 0.0  # virtual time now, and the furthest end of all sleeps
        self._released = 0

    def time(self) -> float:
        if math.isinf(self.rate):
            return super().time()
        with self._lock:
            return self._now()

    def run_at(self, rate: float) -> None:
        """As of SimClock; what was not caught up is forgotten."""
        with self._lock:
            super().run_at(rate)

    def sleep(self, seconds: float) -> None:
        if seconds <= 0 or math.isinf(self.rate):
            super().sleep(seconds)
            return
        with self._lock:
            end = self._now() + seconds
            self._slept = max(self._slept, end)
            ahead = (end - super().time()) / self.rate
            if ahead < -_CREDIT:  # the work takes longer than the rate allows: the clock goes slower
                self._course = (end + _CREDIT * self.rate, _time.monotonic(), self.rate)
        if ahead > 0:
            _time.sleep(ahead)
        with self._lock:
            self._here = max(self._here, end)

    def allow(self, end: float) -> None:
        """Somebody waits until `end` without a sleep: time may go on until then."""
        with self._lock:
            self._slept = max(self._slept, end)

    @contextmanager
    def released(self) -> Iterator[None]:
        """Within this block time passes by itself."""
        with self._lock:
            self._course = (self.time(), _time.monotonic(), self.rate)
            self._released += 1
        try:
            yield
        finally:
            with self._lock:
                self.time()
                self._released -= 1

    def _now(self) -> float:
        paced = super().time()
        waited_for = paced if self._released else max(min(paced, self._slept), paced - PATIENCE * self.rate)
        self._here = max(self._here, waited_for)
        return self._here


def utc() -> float:
    """Seconds of the world since 1970, for lines that are compared with those of another program."""
    return _time.time()
