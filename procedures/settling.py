"""Has it arrived? One rule for every slow quantity: inside a tolerance for a whole window, within a timeout."""

from dataclasses import dataclass, field
from enum import Enum

from coldfinger.instruments.clock import Clock


class Arrival(Enum):
    """State of a wait."""

    BUSY = "busy"
    IDLE = "idle"  # arrived
    WARN = "warn"  # not arrived, time is up


@dataclass
class Settling:
    """Watches readings of a quantity on its way to `target`; everything in the quantity's own unit and seconds."""

    target: float
    tolerance: float
    window: float
    timeout: float
    _began: float | None = field(default=None, init=False)
    _inside_since: float | None = field(default=None, init=False)

    def update(self, time: float, value: float) -> Arrival:
        """Judge one reading. A reading outside the tolerance starts the window anew."""
        if self._began is None:
            self._began = time
        if abs(value - self.target) <= self.tolerance:
            if self._inside_since is None:
                self._inside_since = time
            if time - self._inside_since >= self.window:
                return Arrival.IDLE
        else:
            self._inside_since = None
        return Arrival.WARN if time - self._began >= self.timeout else Arrival.BUSY


def next_look(clock: Clock, start: float, period: float, count: float) -> None:
    """Sleep until `start` + `count` * `period`; what was late stays late, nothing is skipped."""
    clock.sleep(start + count * period - clock.time())
