"""Carries a queue out: one item after the other, whatever happens, and everything written down before it counts.

Theory of operation. `run` works in the thread that calls it, and only that thread speaks with the instruments; it
comes by `_attend` at least once a second, in every wait of every procedure. `command` may be called from any thread:
it changes the queue or throws a switch that the running procedure sees at its next row or wait, and returns at once.
`snapshot` is a copy that nobody can change the engine by. So a window, a terminal or another process can come, look,
command and go, and the night does not notice.

An abort does not trust the running thread: where that one does not reach the safe state within a second, because a
read hangs, a path with connections of its own makes the station safe meanwhile.
"""

import contextlib
from dataclasses import asdict, dataclass
from typing import Any

from coldfinger.procedures.control import ABORTED, RunControl
from coldfinger.procedures.engine.calendar import iso
from coldfinger.procedures.engine.carrying import BY_USER, Carrying
from coldfinger.procedures.engine.core import ENDED, ENDING, HELD, IDLE, POLL, REAL, SURVEY, TO_BE_STARTED
from coldfinger.procedures.engine.items import (
    FAILED,
    PARTIAL,
    SET,
    SKIPPED,
    Item,
)
from coldfinger.procedures.engine.moves import Move
from coldfinger.procedures.engine.queue import is_open
from coldfinger.procedures.engine.survey import survey
from coldfinger.procedures.engine.telling import broken_text, ended_text
from coldfinger.procedures.engine.verbs import Verbs
from coldfinger.procedures.station import SafeReport
from coldfinger.procedures.words.quantity import OERSTED
from coldfinger.runfiles.disk import RunFileError


@dataclass(frozen=True)
class Ending:
    """How a night ended: "done", "partly" (something failed or was skipped), "held", "stopped", "refused"."""

    outcome: str
    reason: str
    items: tuple[Item, ...]
    safe: tuple[SafeReport, ...]


class Engine(Carrying, Verbs):
    """One queue at one connected station; see `Core` for what it is made with.

    `Core` is its state and its journal, `Attending` how it waits, `Carrying` how an item is carried out, `Verbs` what
    it may be asked; here are the beginning and the end of a night, and what clients see.
    """

    def run(self) -> Ending:
        """Carry out what the queue holds and return how it ended; the station is in its safe state then."""
        try:
            if not self._begin():
                return self._finish("refused", self._reason)
            while (item := self._next_item()) is not None:
                self._carry_out(item)
            return self._finish(*self._outcome())
        except BaseException as error:
            self.care.busy()
            self._safe = tuple(self.station.to_safe())
            self._write_if_possible("end", outcome="failed", reason=f"{type(error).__name__}: {error}", safe=self._safe)
            self.news.add("alarm", "failed", broken_text(error, self._safe))
            self._set_state(ENDED, f"{type(error).__name__}: {error}")
            raise
        finally:
            self.care.leave()
            self.panels.close()
            with contextlib.suppress(RunFileError):  # every event that counts was synced when it was written
                self.journal.close()

    def _begin(self) -> bool:
        """Survey the station; False when a person is needed first."""
        self._write_if_possible("queue", items=[item.to_json() for item in self.queue.items])
        self._write_manifests()  # the night may have been cut off between an item and its manifest
        self._set_state(SURVEY, "looking at the instruments before anything moves")
        self._survey = survey(self.station, self.last_row)
        self._write_if_possible("survey", **asdict(self._survey))
        self._latest |= _dials(self._survey.readings, self.station.clock.time())
        for sentence in self._survey.findings:
            self._tell("info", "survey", sentence)
        for sentence in self._survey.dangers:
            self._tell("alarm", "survey", sentence)
        if self._survey.dangers:
            self._reason = "; ".join(self._survey.dangers)
            return False
        if self.station.bias is not None:
            self.station.bias_off()
        return True

    def _next_item(self) -> Item | None:
        """The next item to carry out; waits while the queue is held, or empty and `patience` lasts. None at the end."""
        waited_from = REAL.time()
        while not self._ending:
            if self._abort_asked:
                self._make_safe_between_items()
            self._attend_between_items()
            item = None if self._held else self.queue.next()
            if item is not None:
                return item
            if REAL.time() - waited_from >= self._patience:
                return None
            if not self._held:
                self._come_to_rest()
            elif self._state in (IDLE, SURVEY):
                self._set_state(HELD, TO_BE_STARTED)  # asked for before the engine came to rest
            # Real time, whatever the station's clock is: it is people who are waited for.
            with getattr(self.station.clock, "released", contextlib.nullcontext)():
                self._changed.wait(POLL)
            self._changed.clear()
        return None

    def _come_to_rest(self) -> None:
        """The queue is empty: end actions once, and then nothing until somebody adds something."""
        if not self._rested:
            self._rested = True
            self._end_actions()
            self._to_safe(self._left_on)
            self._tell_end(*self._outcome())
        self._set_state(IDLE, "the queue is empty")

    def _make_safe_between_items(self) -> None:
        self._abort_asked = False
        self._to_safe()
        self._made_safe.set()
        self._hold(ABORTED)

    def _outcome(self) -> tuple[str, str]:
        if self._ending and (not self._rested or any(is_open(item) for item in self.queue.items)):
            return "stopped", self._reason
        if self._held:
            return "held", self._reason
        bad = [item for item in self.queue.items if item.state in (FAILED, SKIPPED, PARTIAL)]
        if bad:
            return "partly", "; ".join(f"{item.name} {item.state}: {item.reason}" for item in bad)
        return "done", ""

    def _finish(self, outcome: str, reason: str) -> Ending:
        self._set_state(ENDING, "bringing the station to its end state")
        regular = outcome in ("done", "partly")
        if regular and not self._rested:
            self._end_actions()
        if outcome != "refused":
            self._to_safe(self._left_on if regular else ())
        safe = self._safe
        outcome, reason = self._if_written(outcome, reason)
        self._write_if_possible("end", outcome=outcome, reason=reason, safe=[asdict(item) for item in safe])
        outcome, reason = self._if_written(outcome, reason)
        if not (self._rested and outcome in ("done", "partly")):
            self._tell_end(outcome, reason)
        self._set_state(ENDED, reason or outcome)
        return Ending(outcome, reason, self.queue.items, safe)

    def _tell_end(self, outcome: str, reason: str) -> None:
        """Tell people; what the journal keeps of it are its own events."""
        self.news.add("info", "ended", ended_text(outcome, reason, self.queue.items, self._made_safe_by))

    def _if_written(self, outcome: str, reason: str) -> tuple[str, str]:
        """The outcome; "held" where it would be a good one but something of the night is not on disk."""
        return ("held", self._unwritten) if self._unwritten and outcome in ("done", "partly") else (outcome, reason)

    @property
    def _left_on(self) -> tuple[str, ...]:
        return () if self.night.end.heater_off else ("heater",)

    def _end_actions(self) -> None:
        end = self.night.end
        if end.field is None and end.temperature is None:
            return
        self._control = RunControl()
        if self._abort_asked:
            return
        item, failure = self._carry_move(Item(SET, "end", "end of the night"), Move(end.field, end.temperature))
        if failure == BY_USER:
            self._hold(item.reason)
        if failure:
            self._tell("alarm", "end", f"the end state was not reached: {item.reason}")

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """What happened from event number `since` on, oldest first; only the newest are kept."""
        return self.news.since(since)

    def snapshot(self) -> dict[str, Any]:
        """Everything that a client shows, as plain values; a copy."""
        ends = self._ends.since(self.station.clock.time(), self.calendar, self._running)
        with self._lock:
            return {
                "state": self._state,
                "reason": self._reason,
                "night": self.night.name,
                "station": self.station.name,
                "simulated": self.station.simulated,
                "clock": self.station.clock.time(),
                "utc": iso(self.calendar.now()),
                "items": [item.to_json() for item in self.queue.items],
                "running": dict(self._running),
                "latest": {name: list(pair) for name, pair in list(self._latest.items())},
                "ends": ends.to_json(),
                "must_end_by": self.night.must_end_by,
                "on_failure": asdict(self.night.on_failure),
                "end": asdict(self.night.end),
                "safe": [asdict(item) for item in self._safe],
                "survey": None if self._survey is None else asdict(self._survey),
                "data": str(self.data),
                "care": self.care.status(),
                "silent": dict(self.lookout.silent),
                "speed": getattr(self.station.clock, "rate", 1.0),
                "panel_names": self.panels.names,
                "panels": self.panels.state(),
                "last_event": self.news.last,
            }


def _dials(readings: dict[str, Any], now: float) -> dict[str, tuple[float, float]]:
    """What the survey found, by the names of the rows' columns."""
    found = {"T_mc (K)": readings.get("T_mc_K"), "H (Oe)": readings.get("field_T")}
    scale = {"H (Oe)": 1.0 / OERSTED}
    return {name: (value * scale.get(name, 1.0), now) for name, value in found.items() if value is not None}
