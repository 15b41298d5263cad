"""What the engine looks after while anything waits: its dead-man, the interlocks, the disk.

`look` is called at least once a second of station time, from the thread that owns the instruments; it returns what
people should be told, and may hold the running procedure or end it.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from coldfinger.procedures.control import RunControl
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.procedures.failures import ProcedureFailure
from coldfinger.procedures.station import Station

Message = tuple[str, str, str]
"""Level, kind and sentence."""

LAG_ALARM = 5.0  # s for which a row may be recorded and not durable
LEAST_FREE = 20_000_000  # bytes; below it nothing new is begun
_DISK_PERIOD = 60.0  # s
_LOOK_PERIOD = 1.0  # s
BUSY = 60.0  # s, the longest that a way to the safe state or a snapshot takes: a bias is brought down in its own steps


class DeadManFace(Protocol):
    """The process that makes the station safe when this one does not live any more."""

    def beat(self) -> None: ...

    def hold(self, seconds: float) -> None: ...

    def release(self) -> None: ...

    def trouble(self) -> str:
        """A sentence when nobody watches, else ""."""
        ...

    @property
    def news(self) -> str:
        """The last thing that happened to it, a sentence."""
        ...


class InterlockFace(Protocol):
    """Conditions that hold a run and let it go again."""

    def look(self, station: Station, control: RunControl) -> Sequence[Message]: ...

    def status(self) -> list[dict[str, Any]]: ...


class Unguarded(ProcedureFailure):
    """The run may not go on because what guards it is gone."""

    stops_queue = True


class Care:
    """All guards of one engine; each may be missing."""

    def __init__(
        self, folder: Path | None = None, dead_man: DeadManFace | None = None, interlocks: InterlockFace | None = None
    ) -> None:
        self._folder, self._dead_man, self._interlocks = folder, dead_man, interlocks
        self.writer: RunWriter | None = None
        self._looked = self._disk_looked = float("-inf")
        self._free: int | None = None
        self._lagging = self._alone = self._scarce = False
        self._told = ""

    def look(self, station: Station, control: RunControl) -> list[Message]:
        """Look at everything that is due; raises Unguarded where the run may not go on."""
        if self._dead_man is not None:
            self._dead_man.beat()
        now = station.clock.time()
        if now - self._looked < _LOOK_PERIOD and not self._alone:
            return []
        self._looked = now
        messages = [*self._guarded(), *self._durable()]
        if now - self._disk_looked >= _DISK_PERIOD:
            self._disk_looked = now
            messages += self._space()
        if self._interlocks is not None:
            messages += self._interlocks.look(station, control)
        return messages

    def _guarded(self) -> list[Message]:
        if self._dead_man is None:
            return []
        trouble = self._dead_man.trouble()
        self._alone = bool(trouble)
        if trouble:
            raise Unguarded(trouble)
        was, self._told = self._told, self._dead_man.news
        return [("alarm", "dead-man", self._told)] if self._told != was else []

    def _durable(self) -> list[Message]:
        lag = self.writer.lag if self.writer is not None else 0.0
        was, self._lagging = self._lagging, lag > LAG_ALARM
        if self._lagging and not was:
            return [
                (
                    "alarm",
                    "disk",
                    f"rows of the last {lag:.0f} s would be lost in a power cut: the disk is slow to answer",
                )
            ]
        return []

    def _space(self) -> list[Message]:
        free = self.free_bytes()
        was, self._scarce = self._scarce, free is not None and free < LEAST_FREE
        if self._scarce and not was and free is not None:
            return [("alarm", "disk", f"only {free / 1e6:.0f} MB are free for data in {self._folder}; free space")]
        return []

    def free_bytes(self) -> int | None:
        """Free space of the data folder; None where it cannot be found out."""
        if self._folder is None:
            return None
        try:
            self._free = shutil.disk_usage(self._folder).free
        except OSError:
            self._free = None
        return self._free

    def busy(self) -> None:
        """Something long begins, in which nobody comes by: a snapshot, or the way to the safe state."""
        if self._dead_man is not None:
            self._dead_man.hold(BUSY)

    def leave(self) -> None:
        """The night is over and the station is safe."""
        if self._dead_man is not None:
            self._dead_man.release()

    def status(self) -> dict[str, Any]:
        """What a client shows of it."""
        writer = self.writer
        return {
            "free_bytes": self._free,
            "recorded": writer.recorded if writer is not None else 0,
            "durable": writer.durable if writer is not None else 0,
            "lag_seconds": writer.lag if writer is not None else 0.0,
            "guarded": self._dead_man is not None and not self._alone,
            "interlocks": self._interlocks.status() if self._interlocks is not None else [],
        }
