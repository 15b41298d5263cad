"""What happened, for people: numbered messages that clients fetch from where they were."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from coldfinger.procedures.engine.calendar import Calendar, iso

_KEPT = 2000


class News:
    """The newest messages; thread-safe. Levels: "info", "warning", "alarm"."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._messages: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._listeners: list[Callable[[dict[str, Any]], None]] = []
        self._lock = threading.Lock()
        self.last = 0

    def listen(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Have `hear` called with a copy of each message from now on, by the thread that adds it: it may not wait."""
        self._listeners.append(hear)

    def add(self, level: str, kind: str, text: str) -> None:
        """Add a message; its number is one higher than the last one's."""
        with self._lock:
            self.last += 1
            time = iso(self._calendar.now())
            message = {"seq": self.last, "utc": time, "level": level, "kind": kind, "text": text, "seen": False}
            self._messages.append(message)
        for hear in self._listeners:
            hear(dict(message))

    def since(self, seq: int) -> list[dict[str, Any]]:
        """Copies of the messages from a number on, oldest first."""
        with self._lock:
            return [dict(message) for message in self._messages if message["seq"] >= seq]

    def acknowledge(self, number: int) -> None:
        """A person has seen everything up to this message."""
        with self._lock:
            for message in self._messages:
                message["seen"] = message["seen"] or message["seq"] <= number
