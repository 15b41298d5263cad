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
        self._origin = _time.monotonic()

    def time(self) -> float:
        if math.isinf(self.rate):
            return self._virtual
        return (_time.monotonic() - self._origin) * self.rate

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
