"""What may be asked of a run from outside: pause, resume, stop, skip, abort; and the clock that listens meanwhile.

A run asks its control at every wait and between rows. Pause and stop let the present row be finished; an abort ends
the run within the wait it is in, because the run's clock raises `Stopped` from its sleeps.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

from coldfinger.instruments.clock import Clock

STOPPED, SKIPPED, ABORTED = "stopped by the user", "skipped by the user", "aborted"
"""Reasons of a run that was ended from outside."""

SLICE = 0.5
"""s, the longest sleep without a look whether anything was asked."""

LONGEST_PAUSE = 3600.0
"""s until a pause ends the run, unless the one who pauses says otherwise; assumed default."""


class Stopped(Exception):
    """The run was asked to end, or a pause was not ended in time; the data so far are complete."""


@dataclass(frozen=True, eq=False)
class PauseOrder:
    """One order to pause; it ends the run when the pause lasts longer than `seconds` of the station's clock."""

    seconds: float


class RunControl:
    """Orders to a run, from any thread or signal handler; each takes effect once the run looks.

    A stop is stronger than a pause, an abort stronger than a stop; no order takes back a stronger one. While
    `closing` is set the station is on its way to its safe state, and no signal may interrupt that.
    """

    def __init__(self) -> None:
        # Plain attributes, each set in one step: a signal handler may interrupt its own thread within any method,
        # where a lock would wait for ever.
        self._stop = threading.Event()
        self._abort = threading.Event()
        self._skipped = False
        self._order: PauseOrder | None = None
        self._hold: PauseOrder | None = None
        self.closing = False
        self.paused = False
        """Whether the run stands still now; set by the run itself."""

    def pause(self, seconds: float = LONGEST_PAUSE) -> None:
        """Finish the row, hold everything where it is, and wait; again during a pause: so much longer from now."""
        self._order = PauseOrder(seconds)

    def resume(self) -> None:
        """Go on in place; nothing where nothing is paused."""
        self._order = None

    def hold(self, seconds: float = math.inf) -> None:
        """As `pause`, by what guards the run; a person's `resume` does not end it. Nothing where it holds already."""
        if self._hold is None:
            self._hold = PauseOrder(seconds)

    def let_go(self) -> None:
        """End a hold; a pause that a person ordered goes on."""
        self._hold = None

    @property
    def held(self) -> bool:
        """Whether what guards the run holds it."""
        return self._hold is not None

    def stop(self) -> None:
        """End the run after its present row."""
        self._stop.set()

    throw = stop

    def skip(self) -> None:
        """End the run after its present row, because its user does not want it any more."""
        if not self._stop.is_set():
            self._skipped = True
        self._stop.set()

    def abort(self) -> None:
        """End the run at its next wait or message."""
        self._abort.set()
        self._stop.set()

    def thrown(self) -> bool:
        """Whether the run was asked to end in any way."""
        return self._stop.is_set()

    @property
    def aborted(self) -> bool:
        return self._abort.is_set()

    @property
    def skipped(self) -> bool:
        return self._skipped

    @property
    def order(self) -> PauseOrder | None:
        """The order to pause that holds now, a person's before a guard's; another object after every new order."""
        return self._order or self._hold

    @property
    def reason(self) -> str:
        """Why the run ends, once it was asked to."""
        if self.aborted:
            return ABORTED
        return SKIPPED if self._skipped else STOPPED

    @property
    def state(self) -> str:
        """ "running", "pausing", "paused", "stopping" or "aborting"."""
        if self._stop.is_set():
            return "aborting" if self.aborted else "stopping"
        if self.paused:
            return "paused"
        return "pausing" if self.order is not None else "running"


class AttendedClock:
    """A clock whose sleeps are short slices, between which `attend` is called and an abort takes effect.

    The instants at which a sleep ends are those of the clock itself: slices are cut from the end.
    """

    def __init__(self, clock: Clock, control: RunControl, attend: Callable[[], None] = lambda: None) -> None:
        self.clock, self.control, self.attend = clock, control, attend
        self.time = clock.time

    @property
    def rate(self) -> float:
        """Seconds of the station that pass in a real one."""
        return float(getattr(self.clock, "rate", 1.0))

    def run_at(self, rate: float) -> None:
        """Let a simulated station's time go on at another rate. Raises ValueError."""
        self.clock.run_at(rate)  # type: ignore[attr-defined]  # a simulated one has it

    def sleep(self, seconds: float) -> None:
        """As Clock.sleep; raises Stopped after an abort, and whatever `attend` raises."""
        self._end_if_aborted()
        if seconds > SLICE:
            end = self.time() + seconds
            while (left := end - self.time()) > SLICE:
                self.clock.sleep(SLICE)
                self._look()
            seconds = left
        self.clock.sleep(seconds)
        self._look()

    def _look(self) -> None:
        self.attend()
        self._end_if_aborted()

    def _end_if_aborted(self) -> None:
        if self.control.aborted:
            raise Stopped(ABORTED)
