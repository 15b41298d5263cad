"""Front panels of the station's instruments, for clients: read at any time, set only while nothing is measured.

A thread of its own does what was asked, one after the other, so that neither the client nor the engine waits for an
instrument; what came of it stands in the next snapshot and, for a setting, in the journal.
"""

import queue
import threading
from collections.abc import Callable
from typing import Any

from coldfinger.instruments.errors import InstrumentError
from coldfinger.procedures.laboratory.front_panel import panel_named, panel_state, panels_of, set_knob
from coldfinger.procedures.station import Station

Tell = Callable[[str, str, str], None]
"""Level, kind and sentence of an event."""

_Task = tuple[str, str, str, str]


class Panels:
    """Panels of one station; `tell` makes an event of what was set."""

    def __init__(self, station: Station, tell: Tell) -> None:
        self._station, self._tell = station, tell
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._read: dict[str, dict[str, Any]] = {}
        self._asked = 0

    @property
    def names(self) -> list[str]:
        """Of all panels."""
        return list(panels_of(self._station.instruments))

    def read(self, name: str) -> None:
        """Have a panel read; `state` shows it soon. Raises KnobError for a name that is not there."""
        panel_named(self._station.instruments, name)
        self._ask((name, "", "", ""))

    def set(self, name: str, knob: str, text: str, who: str = "") -> None:
        """Have a property set and the panel read again; raises KnobError for a name that is not there."""
        panel_named(self._station.instruments, name)
        self._ask((name, knob, text, who))

    def state(self) -> dict[str, Any]:
        """Of every panel that was read: `clock` of the reading, its entries, what was said of the last setting."""
        return {name: dict(panel) for name, panel in list(self._read.items())}

    def traffic(self, name: str) -> list[list[Any]]:
        """The last exchanges with an instrument: clock (s), line sent, line received. Raises KnobError."""
        part = panel_named(self._station.instruments, name)
        link = (getattr(part, "parent", None) or part).adapter
        return [list(exchange) for exchange in list(getattr(link, "history", ()))]

    def close(self) -> None:
        """Finish what was asked."""
        if self._thread is not None:
            self._tasks.put(None)
            self._thread.join(10.0)
            self._thread = None

    def _ask(self, task: _Task) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="panels", daemon=True)
            self._thread.start()
        self._tasks.put(task)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            name, knob, text, who = task
            instrument = panel_named(self._station.instruments, name)
            said = self._set(name, instrument, knob, text, who) if knob else ""
            entries = panel_state(instrument)
            self._asked += 1
            clock = self._station.clock.time()
            self._read[name] = {"clock": clock, "reading": self._asked, "said": said, "entries": entries}

    def _set(self, name: str, instrument: Any, knob: str, text: str, who: str) -> str:
        by = f", by {who}" if who else ""
        try:
            before, after = set_knob(instrument, knob, text)
        except (ValueError, InstrumentError) as error:
            self._tell("warning", "panel", f"{name} {knob} was not set to {text!r:.60}{by}: {error}")
            return str(error)
        self._tell("info", "panel", f"{name} {knob} was set from {before} to {after}{by}")
        return ""
