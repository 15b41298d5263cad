"""A second pair of eyes in real time: makes the station safe while the measuring thread hangs in a read.

Theory of operation. A thread looks every second at the conditions that end a run: those that are always on and those
of the station file. It asks over the connections that the station has, because a bus instrument cannot tell two
questioners apart, and each of these is free for others while another instrument hangs. One that the measuring thread
keeps for longer than a few seconds is asked over a connection of the watch's own. When a condition trips, the station
is made safe over new connections, whatever the measuring thread does, and again until the heater is confirmed off; the
measuring thread learns of it at its next look and ends the run. In virtual time that jumps nothing can hang, and there
is no watch.
"""

import contextlib
import math
import threading
from collections.abc import Callable
from typing import Any

import pyvisa

from coldfinger.instruments.calibration import Calibration
from coldfinger.instruments.errors import LinkError
from coldfinger.procedures.safety.interlocks import Interlocks
from coldfinger.procedures.safety.rules import HOLD
from coldfinger.procedures.safety.safe import Opener
from coldfinger.procedures.safety.signals import PATIENCE
from coldfinger.procedures.station import SafeReport, Station

PERIOD = 1.0  # s of station time between two looks
REAL_PERIOD = (
    0.1  # s of real time, at least, but where something is doubtful: a fast simulated station is left alone between
)
KEPT_AFTER = 3.0  # s after which a connection that another thread keeps is not waited for any more
AGAIN = 5.0  # s until a heater that is not confirmed off is switched off again


class Watch:
    """Looks after a connected station that has real time; `start` it, and `close` it before the station.

    `reason` is the sentence of the condition that has tripped, empty while nothing is wrong; `safe` is what became of
    the safe state then. `say` is called from the watch's thread with what people should know.
    """

    def __init__(self, station: Station, *, say: Callable[[str], None] = lambda text: None) -> None:
        self._station, self._say = station, say
        self._clock = station.clock
        self._interlocks = Interlocks(station.file)
        self._interlocks.interlocks = [
            interlock
            for interlock in self._interlocks.interlocks
            if interlock.rule.action != HOLD and interlock.rule.signal not in ("overload", "excitation on")
        ]
        self._eyes = _Eyes(station, station.opener())
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self.reason = ""
        self.safe: tuple[SafeReport, ...] = ()

    @staticmethod
    def needed(station: Station) -> bool:
        """Whether the station's time is such that something can hang in it."""
        return not math.isinf(getattr(station.clock, "rate", 1.0))

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(30.0)
        self._interlocks.close()

    def _run(self) -> None:
        try:
            self._look_after()
        except Exception as error:  # noqa: BLE001  whatever it was, a station without its watch is not to be used
            self.reason = f"the watch has failed ({type(error).__name__}: {error}); start the program again"
            self._say(self.reason)

    def _pause(self) -> float:
        """Real time (s) until the next look; what is doubtful is looked at in the station's own time, however fast."""
        period = PERIOD / float(getattr(self._clock, "rate", 1.0))
        doubt = any(interlock.doubtful for interlock in self._interlocks.interlocks)
        return period if doubt else max(period, REAL_PERIOD)

    def _look_after(self) -> None:
        acted = -math.inf
        while not self._over.wait(self._pause()):
            now = self._clock.time()
            self._interlocks.update(self._eyes, now)
            bad = [interlock for interlock in self._interlocks.interlocks if interlock.action(now)]
            if not bad:
                self.reason = ""
                continue
            fresh = not self.reason
            self.reason = bad[0].text
            if fresh or (now - acted >= AGAIN and not self._heater_off()):
                acted = now
                self._act()

    def _act(self) -> None:
        self.safe = tuple(self._station.to_safe_apart())
        undone = [f"{item.item} is NOT safe: {item.detail}" for item in self.safe if not item.done]
        self._say("; ".join([self.reason, "the watch made the station safe", *undone]))

    def _heater_off(self) -> bool:
        return any(item.item == "heater" and item.done for item in self.safe)


class _Eyes:
    """The drivers of a station, or others over connections of their own where those are kept for too long."""

    def __init__(self, station: Station, opener: Opener) -> None:
        roles = station.file.sections["roles"]
        self.calibration: Calibration = station.calibration
        self.lockin = self.source = None  # the watch has no question for them
        self._seats = {
            role: _Seat(roles[role], station.instruments[roles[role]], opener, station.clock)
            for role in ("controller", "bridge", "magnet")
        }

    @property
    def controller(self) -> Any:
        return _Part(self._seats["controller"], "controller")

    @property
    def bridge(self) -> Any:
        return _Part(self._seats["bridge"], "bridge")

    @property
    def magnet(self) -> Any:
        return self._seats["magnet"]


class _Seat:
    """One instrument; `hurried` finds out which connection is free, attributes are those of the driver on it."""

    def __init__(self, name: str, held: Any, opener: Opener, clock: Any) -> None:
        self._name, self._held, self._opener, self._clock = name, held, opener, clock
        self._driver = held
        self._kept_since: float | None = None

    @contextlib.contextmanager
    def hurried(self, patience: float) -> Any:
        with contextlib.ExitStack() as stack:
            self._driver = self._free(patience, stack)
            yield

    def _free(self, patience: float, stack: contextlib.ExitStack) -> Any:
        lock = self._held.lock
        if lock.acquire(timeout=0.1):
            try:
                stack.enter_context(self._held.hurried(patience))
            finally:
                lock.release()
            self._kept_since = None
            return self._held
        now = self._clock.time()
        if self._kept_since is None:
            self._kept_since = now
        if now - self._kept_since < KEPT_AFTER:
            raise LinkError(f"{self._name}: another thread keeps this link")
        try:
            driver = self._opener(self._name, PATIENCE)
        except (OSError, pyvisa.errors.Error) as error:
            raise LinkError(f"{self._name}: no connection for the watch: {error}") from error
        stack.callback(driver.adapter.close)
        return driver

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return getattr(self._driver, name)
        except (OSError, pyvisa.errors.Error) as error:
            raise LinkError(f"{self._name}: {error}") from error


class _Part:
    """The controller or the bridge of one instrument."""

    def __init__(self, seat: _Seat, part: str) -> None:
        self.parent, self._part = seat, part

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(getattr(self.parent, self._part), name)
