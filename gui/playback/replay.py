"""A recorded night played again: it has the engine's face, its rows come by their own time, and it has no instruments.

What is put behind the window's desk in place of the engine shows a run as it went, at any speed. Nothing that a person
or a part of the window asks of it can reach hardware, because nothing of the kind is there.
"""

import json
import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from coldfinger.gui.playback.recorded import Recorded, ReplayError, events_of, read_recorded, time_of
from coldfinger.procedures.engine.core import REAL
from coldfinger.procedures.engine.face import Refused
from coldfinger.procedures.engine.items import (
    DONE,
    FAILED,
    PARTIAL,
    RUN,
    RUNNING,
    WAITING,
    EndActions,
    FailurePolicy,
    Item,
)
from coldfinger.procedures.words.quantity import OERSTED

SPEEDS = (1, 10, 100, 1000)
SLOWEST, FASTEST = 0.1, 1000.0
LOCKED = "replay: nothing is sent to instruments; leave the replay to command the station"
_STATES = {"done": DONE, "stopped": PARTIAL, "interrupted": PARTIAL, "failed": FAILED}
_SET_POINTS = {"T_set (K)": ("set temperature", 1.0), "H_set (Oe)": ("set field", OERSTED)}


class Ticks(Protocol):
    """Anything that tells the time (s)."""

    def time(self) -> float: ...


def open_replay(path: Path | str, clock: Ticks | None = None) -> "ReplayFace":
    """What is in a run folder, in the folder of a night, or beside a cassette. Raises ReplayError."""
    return ReplayFace(read_recorded(path), clock)


class ReplayFace:
    """The engine's face of a recording; `play`, `pause`, `seek`, `step` and `set_speed` may be called from any thread.

    Time stands still at first. `speed` is recorded seconds in a real one; what was recorded never changes.
    """

    def __init__(self, recorded: Sequence[Recorded], clock: Ticks | None = None) -> None:
        self._recorded = tuple(recorded)
        self._clock = clock or REAL
        self._lock = threading.Lock()
        self._columns = [one.run.frame.to_numpy(dtype=float) for one in self._recorded]
        self._times = np.concatenate([one.times for one in self._recorded])
        self._events = events_of(self._recorded)
        self._position, self._since, self._speed, self._playing = 0.0, 0.0, 10.0, False
        header = self._recorded[0].run.header
        self.simulated = any(bool(one.run.header.get("simulated")) for one in self._recorded)
        self.begun = time_of(header.get("utc"))
        station = header.get("station")
        self._station = str(station.get("name", "")) if isinstance(station, dict) else ""
        self.name = str(header.get("night") or "") if len(self._recorded) > 1 else self._recorded[0].name
        self.refusals = 0
        """Commands that would have reached hardware."""

    @property
    def length(self) -> float:
        """Seconds from the beginning to the last row."""
        return float(self._times[-1])

    @property
    def position(self) -> float:
        """Seconds since the beginning of the recording."""
        with self._lock:
            return self._now()

    @property
    def playing(self) -> bool:
        with self._lock:
            return self._playing and self._now() < self.length

    @property
    def speed(self) -> float:
        return self._speed

    def play(self) -> None:
        """Go on; from the beginning where it stands at the end."""
        with self._lock:
            now = self._now()
            self._go(0.0 if now >= self.length else now, True)

    def pause(self) -> None:
        with self._lock:
            self._go(self._now(), False)

    def seek(self, position: float) -> None:
        """Go to another time (s), playing or not as before."""
        with self._lock:
            self._go(min(max(position, 0.0), self.length), self._playing)

    def step(self, rows: int) -> None:
        """Stand still at the row that is so many further on, or back."""
        with self._lock:
            now = self._now()
            if rows > 0:
                index = int(np.searchsorted(self._times, now, side="right")) + rows - 1
            else:
                index = int(np.searchsorted(self._times, now, side="left")) + rows
            last = len(self._times) - 1
            self._go(float(self._times[min(max(index, 0), last)]), False)

    def set_speed(self, speed: float) -> None:
        """Raises ReplayError outside 0.1 to 1000."""
        if not SLOWEST <= speed <= FASTEST:
            raise ReplayError(f"speed: {speed:g} is not possible; allowed are {SLOWEST:g} to {FASTEST:g}")
        with self._lock:
            self._go(self._now(), self._playing)
            self._speed = float(speed)

    def _now(self) -> float:
        if not self._playing:
            return self._position
        return min(self._position + (self._clock.time() - self._since) * self._speed, self.length)

    def _go(self, position: float, playing: bool) -> None:
        self._position, self._since, self._playing = position, self._clock.time(), playing

    # The engine's face

    def command(self, name: str, /, *, who: str = "", **arguments: Any) -> Any:
        """Pause, resume and speed are those of the replay; everything else is refused."""
        if name == "pause":
            self.pause()
        elif name == "resume":
            self.play()
        elif name == "speed":
            try:
                self.set_speed(float(arguments["rate"]))
            except (ReplayError, KeyError, TypeError, ValueError) as error:
                raise Refused(str(error)) from None
        elif name != "acknowledge":
            self.refusals += 1
            raise Refused(LOCKED)
        return None

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """Notes and alarms of the recording up to now."""
        with self._lock:
            shown = self._shown_events(self._now())
        return [dict(event) for event in self._events[:shown] if event["seq"] >= since]

    def _shown_events(self, now: float) -> int:
        return bisect_right([event["clock"] for event in self._events], now)

    def snapshot(self) -> dict[str, Any]:
        """What an engine would have shown at this time of the recording."""
        with self._lock:
            now, playing, speed = self._now(), self._playing, self._speed
        over = now >= self.length
        index = next((i for i, one in enumerate(self._recorded) if now <= one.end), len(self._recorded) - 1)
        one = self._recorded[index]
        rows = int(np.searchsorted(one.times, now, side="right"))
        state, reason = ("running", one.name) if playing else ("paused", "the replay stands still")
        if over:
            state, reason = "idle", "the replay is at its end"
        span = max(one.end - one.begin, 1e-9)
        running = {
            "id": str(index + 1),
            "name": one.name,
            "begun": one.begin,
            "progress": 100.0 * min(max((now - one.begin) / span, 0.0), 1.0),
            "rows": rows,
            "folder": one.folder.name,
        }
        return {
            "state": state,
            "reason": reason,
            "night": self.name,
            "station": self._station,
            "simulated": self.simulated,
            "clock": now,
            "utc": (self.begun + timedelta(seconds=now)).isoformat(timespec="milliseconds"),
            "items": [self._item(number, index, over) for number in range(len(self._recorded))],
            "running": {} if over else running,
            "latest": self._latest(index, rows),
            "ends": {"utc": "", "sd_seconds": 0.0, "items": {}},
            "must_end_by": "",
            "on_failure": asdict(FailurePolicy()),
            "end": asdict(EndActions()),
            "safe": [],
            "survey": None,
            "data": str(one.folder.parent),
            "care": {
                "free_bytes": None,
                "recorded": rows,
                "durable": rows,
                "lag_seconds": 0.0,
                "guarded": True,
                "interlocks": [],
            },
            "silent": {},
            "speed": speed,
            "panel_names": [],
            "panels": {},
            "last_event": self._shown_events(now),
            "replay": {"position": now, "length": self.length, "playing": playing and not over, "speed": speed},
        }

    def _item(self, number: int, present: int, over: bool) -> dict[str, Any]:
        one = self._recorded[number]
        past = over or number < present
        state = _STATES.get(one.run.outcome, PARTIAL) if past else RUNNING if number == present else WAITING
        procedure = str(one.run.header.get("procedure") or "").rpartition(".")[2]
        item = Item(RUN, str(number + 1), one.name, procedure, state=state, folders=(one.folder.name,))
        reason, rows = (one.run.reason, len(one.times)) if past else ("", 0)
        # Through JSON, as all that comes from an engine in another process.
        made: dict[str, Any] = json.loads(json.dumps(item.but(reason=reason, rows=rows).to_json()))
        return made

    def _latest(self, index: int, rows: int) -> dict[str, list[Any]]:
        """Values of the newest row with its time; before the first row of a run those of the run before."""
        if rows == 0 and index == 0:
            return {}
        if rows == 0:
            index, rows = index - 1, len(self._recorded[index - 1].times)
        one = self._recorded[index]
        values, time = self._columns[index][rows - 1], float(one.times[rows - 1])
        latest: dict[str, list[Any]] = {}
        for label, value in zip(one.run.columns, values, strict=True):
            plain = float(value) if np.isfinite(value) else None
            latest[label] = [int(plain) if label == "flags" and plain is not None else plain, time]
            if label in _SET_POINTS and plain is not None:
                name, factor = _SET_POINTS[label]
                latest[name] = [plain * factor, time]
        return latest
