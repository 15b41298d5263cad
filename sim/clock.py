"""Virtual time for the simulated laboratory.

`SimClock()` jumps: a sleep costs nothing and the time is exactly what was slept. `SimClock(rate=100)` lets a
hundred virtual seconds pass in each real one, for people who watch and for programs that talk over TCP.
"""

import math
import time as _time


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


def utc() -> float:
    """Seconds of the world since 1970, for lines that are compared with those of another program."""
    return _time.time()
