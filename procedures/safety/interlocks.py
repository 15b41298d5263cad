"""Conditions that hold a run and release it, or end it.

Theory of operation. Levels are looked at, again and again, and never edges: what was so before anybody looked counts,
and so does what is over after a second. A condition that holds for its time trips the interlock; from then on the
release level counts, and when that has been kept for the settling time, the interlock lets go and can trip again. While
one that holds is tripped, the run is held: its set points stay where they are. A person's own pause is another
matter: it is neither begun nor ended here. One that ends a run switches the heater off at once; the run then ends in
the safe state. A run that is begun while it still holds is ended again.
"""

import contextlib
import math
from collections.abc import Sequence
from typing import Any, Protocol

from coldfinger.instruments.errors import InstrumentError
from coldfinger.procedures.control import AttendedClock, RunControl
from coldfinger.procedures.failures import Interlocked
from coldfinger.procedures.laboratory.station_file import StationFile
from coldfinger.procedures.safety.rules import HOLD, IGNORE, SAFE, STOP, Rule, built_in, rules_of
from coldfinger.procedures.safety.signals import PATIENCE, FileSignal, Looks, UrlSignal, Value
from coldfinger.procedures.station import Station
from coldfinger.procedures.words.quantity import duration_text

Message = tuple[str, str, str]
CLEAR, WAITING, TRIPPED, SETTLING = "clear", "waiting", "tripped", "settling"


class Interlock:
    """One rule and what has been seen of it; `text` is the sentence of the last trip."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.signal = FileSignal(rule) if rule.file else UrlSignal(rule) if rule.url else None
        self.value: Value = None
        self.state, self.text = CLEAR, ""
        self.lost = False
        self.tripped_at = 0.0
        self._since = self._looked = float("-inf")
        self._unread_since: float | None = None

    @property
    def tripped(self) -> bool:
        return self.state in (TRIPPED, SETTLING)

    @property
    def doubtful(self) -> bool:
        """Whether the next look may trip it because of what the last one found: it waits, or could not be read."""
        unread = self._unread_since is not None and not self.lost and self.rule.unreadable != IGNORE
        return self.state == WAITING or unread

    def due(self, now: float) -> bool:
        """Whether it is time to look; the sum of many short times is not exact."""
        return now - self._looked >= self.rule.every * 0.99

    def action(self, now: float) -> str:
        """What it asks for now; empty while it is not tripped."""
        if not self.tripped:
            return ""
        action = self.rule.unreadable if self.lost else self.rule.action
        if action != HOLD:
            return action if self.state == TRIPPED else ""
        return STOP if now - self.tripped_at > self.rule.longest else HOLD

    def read(self, looks: Looks) -> Value:
        """The value of now."""
        return self.signal.value() if self.signal is not None else looks.value(self.rule.signal)

    def update(self, now: float, value: Value) -> list[Message]:
        """What has changed with a value, for people."""
        looked, self._looked = self._looked, now
        if value is not None:
            self._unread_since, self.value, self.lost = None, value, False
        else:
            if self._unread_since is None:  # a look that was not taken has not found anything unreadable
                self._unread_since = max(looked, now - self.rule.every) if math.isfinite(looked) else now
            gone = self.signal.lost() if self.signal is not None else now - self._unread_since > self.rule.age
            self.lost = gone and self.rule.unreadable != IGNORE
        if value is None and not self.lost:
            return []
        bad = self.lost or (value is not None and self.rule.bad(value, self.tripped))
        return self._settle(now, bad) if self.tripped else self._trip(now, bad)

    def _trip(self, now: float, bad: bool) -> list[Message]:
        if not bad:
            self.state = CLEAR
            return []
        if self.state == CLEAR:
            self.state, self._since = WAITING, now
        if not self.lost and now - self._since < self.rule.wait:
            return []
        self.state, self.tripped_at = TRIPPED, now
        self.text = self.rule.says(None if self.lost else self.value)
        level = "warning" if self.action(now) == HOLD else "alarm"
        consequence = {HOLD: "the run is held", SAFE: "the station goes to its safe state"}.get(
            self.action(now), "the station goes to its safe state and the queue stops"
        )
        return [(level, "interlock", f"{self.text}; {consequence}")]

    def _settle(self, now: float, bad: bool) -> list[Message]:
        if bad:
            self.state = TRIPPED
            return []
        if self.state == TRIPPED:
            self.state, self._since = SETTLING, now
        if now - self._since < self.rule.settle:
            return []
        self.state = CLEAR
        passed = duration_text(now - self.tripped_at)
        return [("info", "interlock", f"{self.rule.name}: over after {passed} ({self.rule.shown(self.value)})")]

    def status(self) -> dict[str, Any]:
        """What a client shows of it, as plain values."""
        rule = self.rule
        return {
            "name": rule.name,
            "signal": rule.source,
            "value": self.value,
            "shown": rule.shown(self.value),
            "state": self.state,
            "unreadable": self.lost,
            "action": rule.action,
            "text": self.text if self.tripped else "",
        }


class WatchFace(Protocol):
    """A watch in another thread; `reason` is empty while nothing is wrong."""

    @property
    def reason(self) -> str: ...


class Interlocks:
    """All interlocks of a station: those that are always on, and those of its file. Close it at the end."""

    def __init__(self, file: StationFile, watch: WatchFace | None = None) -> None:
        self.interlocks = [Interlock(rule) for rule in (*built_in(file), *rules_of(file))]
        self._watch = watch
        self._told = ""

    def look(self, station: Station, control: RunControl) -> Sequence[Message]:
        """Look at what is due; hold or release the run. Raises Interlocked within a run that must end."""
        now = station.clock.time()
        messages = self.update(station, now)
        actions = {interlock: interlock.action(now) for interlock in self.interlocks}
        if HOLD in actions.values():
            control.hold()
        elif control.held:
            control.let_go()
        watched = self._watch.reason if self._watch is not None else ""
        ending = next((i for i, action in actions.items() if action in (SAFE, STOP)), None)
        if ending is not None:
            text = ending.text
            if ending.rule.action == HOLD and not ending.lost:
                text = f"{text}; the run was held for {duration_text(now - ending.tripped_at)}, as long as it may be"
            messages += self._end(station, text, stops_queue=actions[ending] == STOP)
        elif watched:
            messages += self._end(station, watched, stops_queue=True)
        else:
            self._told = ""
        return messages

    def update(self, eyes: Any, now: float) -> list[Message]:
        """Look at what is due; what has changed, for people."""
        looks, messages = Looks(eyes), []
        for interlock in self.interlocks:
            if interlock.due(now):
                messages += interlock.update(now, interlock.read(looks))
        return messages

    def _end(self, station: Station, text: str, stops_queue: bool) -> list[Message]:
        with contextlib.suppress(InstrumentError), station.controller.parent.hurried(PATIENCE):
            station.controller.heater_off()
        if isinstance(station.clock, AttendedClock):
            error = Interlocked(text)
            error.stops_queue = stops_queue
            raise error
        if text == self._told:
            return []
        self._told = text  # between two runs there is nothing to end; the next one ends at its first wait
        undone = [f"{item.item} is NOT safe: {item.detail}" for item in station.to_safe() if not item.done]
        return [("alarm", "interlock", "; ".join([text, "the station was made safe", *undone]))]

    def status(self) -> list[dict[str, Any]]:
        """What a client shows of them."""
        return [interlock.status() for interlock in self.interlocks]

    def close(self) -> None:
        """End what runs in the background."""
        for interlock in self.interlocks:
            if interlock.signal is not None:
                interlock.signal.close()
