"""Has it arrived? One rule for every slow quantity: inside a tolerance for a whole window, within a timeout."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from coldfinger.instruments.clock import Clock


class Arrival(Enum):
    """State of a wait."""

    BUSY = "busy"
    IDLE = "idle"  # arrived
    WARN = "warn"  # not arrived, time is up
    ERROR = "error"  # it will never arrive


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
        return self.waiting(time)

    def waiting(self, time: float) -> Arrival:
        """BUSY, or WARN when the time is up."""
        if self._began is None:
            self._began = time
        return Arrival.WARN if time - self._began >= self.timeout else Arrival.BUSY


def wait_for(
    settling: Settling,
    look: Callable[[], float | None],
    time: Callable[[], float],
    pause: Callable[[float], object],
    *,
    also: Callable[[], bool] = lambda: True,
    again: Callable[[], None] = lambda: None,
    period: float = 1.0,
) -> Arrival:
    """Look once a `period` (s) until the quantity has arrived, the time is up, or something is wrong; never BUSY.

    `look` returns the quantity, nan where it has no value yet, None where it will never arrive. `also` is asked when
    the quantity has arrived. `pause` lets seconds pass, and may raise to interrupt; when it says True everything stood
    still meanwhile, and `again` sets it going. `time` is what the time-out counts.
    """
    while True:
        now, value = time(), look()
        if value is None:
            return Arrival.ERROR
        arrival = settling.update(now, value)
        if arrival is Arrival.IDLE and not also():
            arrival = settling.waiting(now)
        if arrival is not Arrival.BUSY:
            return arrival
        if pause(period) is True:
            again()


def next_look(clock: Clock, start: float, period: float, count: float) -> None:
    """Sleep until `start` + `count` * `period`; what was late stays late, nothing is skipped."""
    clock.sleep(start + count * period - clock.time())
