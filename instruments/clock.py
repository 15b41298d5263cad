"""Time, passed in: everything that waits takes a Clock, so that a night can run in a second.

`WallClock` is the world. The simulator brings its own virtual clock, which has the same two methods.
"""

import time as _time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Seconds that never run backwards, and a way to let some of them pass."""

    def time(self) -> float:
        """Seconds since an arbitrary start; monotonic."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass; zero or less returns at once."""
        ...


class WallClock:
    """The clock on the wall: monotonic, so that neither a clock change nor summer time can touch a wait."""

    def time(self) -> float:
        return _time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            _time.sleep(seconds)


@dataclass(frozen=True)
class Moment:
    """One instant by the three clocks of a computer (s).

    running       of WallClock; on Linux and macOS it stands still while the computer sleeps
    since_boot    runs on meanwhile, where the system tells it (`counts_sleep`); else the same as `running`
    of_day        since 1970; people and time servers may set it
    """

    running: float
    since_boot: float
    of_day: float
    counts_sleep: bool


def moment() -> Moment:
    """Now, by the computer's clocks."""
    boot = getattr(_time, "CLOCK_BOOTTIME", None)
    running = _time.monotonic()
    return Moment(running, running if boot is None else _time.clock_gettime(boot), _time.time(), boot is not None)


class WaitTimeout(Exception):
    """Something did not become true in time; the sentence says what and how long was waited."""


def wait_until(done: Callable[[], bool], clock: Clock, *, poll: float, timeout: float, what: str) -> float:
    """Ask `done()` every `poll` seconds until it is true; return the seconds waited.

    Raises WaitTimeout, naming `what`, when `timeout` seconds have passed without it.
    """
    start = clock.time()
    while not done():
        waited = clock.time() - start
        if waited >= timeout:
            raise WaitTimeout(f"{what}: not reached within {timeout:g} s")
        clock.sleep(min(poll, timeout - waited))
    return clock.time() - start
