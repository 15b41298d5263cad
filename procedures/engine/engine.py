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
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from coldfinger.instruments.clock import WallClock
from coldfinger.instruments.errors import InstrumentError, MagnetAlarm
from coldfinger.instruments.roles import RampState
from coldfinger.procedures.base import ProcedureFailure, TransportProcedure
from coldfinger.procedures.control import ABORTED, PauseOrder, RunControl
from coldfinger.procedures.data.disk import Disk, RunFileError
from coldfinger.procedures.engine.build import ItemError, procedure_of
from coldfinger.procedures.engine.calendar import Calendar, iso
from coldfinger.procedures.engine.care import Care
from coldfinger.procedures.engine.face import Refused
from coldfinger.procedures.engine.forecast import Forecaster
from coldfinger.procedures.engine.history import History
from coldfinger.procedures.engine.items import (
    DONE,
    FAILED,
    HOLD,
    NEXT,
    PARTIAL,
    RETRY,
    RUN,
    RUNNING,
    SAFE,
    SET,
    SKIPPED,
    WAIT,
    Family,
    Item,
    Night,
)
from coldfinger.procedures.engine.manifests import write_manifest
from coldfinger.procedures.engine.moves import Move, move_of
from coldfinger.procedures.engine.news import News
from coldfinger.procedures.engine.queue import Queue, is_ended, is_open
from coldfinger.procedures.engine.queue_journal import QueueJournal, state_event
from coldfinger.procedures.engine.results import why_not
from coldfinger.procedures.engine.standstill import Standstill
from coldfinger.procedures.engine.survey import Survey, survey
from coldfinger.procedures.limits import LimitError
from coldfinger.procedures.planning import Whereabouts
from coldfinger.procedures.quality import Quality
from coldfinger.procedures.quantity import QuantityError
from coldfinger.procedures.runner import RunResult, carry_out, run_procedure
from coldfinger.procedures.station import SafeReport, Station, duration_text

IDLE, SURVEY, RUNNING_STATE, WAITING_STATE = "idle", "survey", "running", "waiting"
PAUSING, PAUSED, ABORTING, HELD, ENDING, ENDED = "pausing", "paused", "aborting", "held", "ending", "ended"

_POLL = 0.5  # s of station time between two looks of a waiting queue
_RETRY_PAUSE = 10.0  # s before an item is tried again
_ABORT_PATIENCE = 1.0  # s of real time until an abort takes its own path
LONGEST_PAUSE = 4 * 3600.0  # s
_FILE_PERIOD = 1.0  # s between two looks whether the open files still have their names
_JUMPING_PAUSE = 0.02  # s of real time for half a second of a paused clock that jumps
_REAL = WallClock()


@dataclass(frozen=True)
class Ending:
    """How a night ended: "done", "partly" (something failed or was skipped), "held", "stopped", "refused"."""

    outcome: str
    reason: str
    items: tuple[Item, ...]
    safe: tuple[SafeReport, ...]


class NotWritten(ProcedureFailure):
    """What happens is not written down any more; one sentence of why."""

    stops_queue = True


class Stranded(ProcedureFailure):
    """After a standstill the station is in a state in which a person is needed."""

    stops_queue = True


class Engine:
    """One queue at one connected station; `journal` is open, `items` may have a past.

    data      folder for run folders and manifests
    care      dead-man, interlocks, disk space: what is looked after while anything waits; None for none
    patience  real time (s) for which a held or empty queue waits for a person before it ends; it is safe meanwhile
    emergency makes the station safe over connections of its own; None where that cannot be (virtual time that jumps)
    """

    def __init__(
        self,
        station: Station,
        night: Night,
        data: Path,
        journal: QueueJournal,
        *,
        calendar: Calendar | None = None,
        history: History | None = None,
        care: Care | None = None,
        patience: float = 0.0,
        emergency: Callable[[], list[SafeReport]] | None = None,
        sync: bool = True,
        disk: Disk | None = None,
        standstill: Standstill | None = None,
    ) -> None:
        self.station, self.night, self.data, self.journal = station, night, data, journal
        self.queue = Queue(night.items)
        self.calendar = calendar or Calendar(station.clock, station.simulated)
        self.history = history or History()
        self.care = care or Care()
        self.news = News(self.calendar)
        self._patience, self._emergency, self._sync = patience, emergency, sync
        self._disk = disk or Disk()
        self._standstill = standstill or Standstill()
        self._unwritten = ""  # why what happens is not written down any more
        self._files_seen = -math.inf
        self._procedure: TransportProcedure | None = None
        self._lock = threading.RLock()
        self._state, self._reason = IDLE, ""
        self._control = RunControl()
        self._held = self._ending = False
        self._policy = night.on_failure
        self._must_end_by = night.must_end_by
        self._safe: tuple[SafeReport, ...] = ()
        self._made_safe = threading.Event()
        self._latest: dict[str, Any] = {}
        self._running: dict[str, Any] = {}
        self.last_row: dict[str, float] = {}
        self._survey: Survey | None = None
        self._forecaster = Forecaster(station, self.history)
        self._ends = self._forecaster.look(self.queue.items, self._start())
        self._abort_asked = False
        self._doubtful = False  # an item has failed since the instruments were given their settings
        self._released = False  # by a person, after a hold
        self._rested = not any(is_ended(item) for item in night.items)
        self._stale = False
        self._jumps = math.isinf(getattr(station.clock, "rate", 1.0))
        self._changed = threading.Event()
        self._pause_order: PauseOrder | None = None
        self._paused_since = 0.0

    # The night

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
            self._set_state(ENDED, f"{type(error).__name__}: {error}")
            raise
        finally:
            self.care.leave()
            with contextlib.suppress(RunFileError):  # every event that counts was synced when it was written
                self.journal.close()

    def _begin(self) -> bool:
        """Survey the station; False when a person is needed first."""
        self._write_if_possible("queue", items=[item.to_json() for item in self.queue.items])
        self._write_manifests()  # the night may have been cut off between an item and its manifest
        self._set_state(SURVEY, "looking at the instruments before anything moves")
        self._survey = survey(self.station, self.last_row)
        self._write_if_possible("survey", **asdict(self._survey))
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
        waited_from = _REAL.time()
        while not self._ending:
            if self._abort_asked:
                self._make_safe_between_items()
            self._attend_between_items()
            item = None if self._held else self.queue.next()
            if item is not None:
                return item
            if _REAL.time() - waited_from >= self._patience:
                return None
            if not self._held:
                self._come_to_rest()
            # Real time, whatever the station's clock is: it is people who are waited for.
            self._changed.wait(_POLL)
            self._changed.clear()
        return None

    def _attend_between_items(self) -> None:
        """As `_attend`; what would end a run holds the queue."""
        try:
            self._attend()
        except (ProcedureFailure, InstrumentError) as error:
            if not self._held:
                self._to_safe()
                self._hold(str(error))

    def _come_to_rest(self) -> None:
        """The queue is empty: end actions once, and then nothing until somebody adds something."""
        if not self._rested:
            self._rested = True
            self._end_actions()
            self._to_safe(self._left_on)
        self._set_state(IDLE, "the queue is empty")

    def _make_safe_between_items(self) -> None:
        self._abort_asked = False
        self._to_safe()
        self._made_safe.set()
        self._hold(ABORTED)

    def _carry_out(self, item: Item) -> None:
        try:
            self._carry_out_by_kind(item)
        except ProcedureFailure as failure:  # in a wait before the item or after it
            self._to_safe()
            self._running = {}
            self._put(self.queue[item.id].but(state=PARTIAL, reason=str(failure)))
            self._made_safe.set()
            self._hold(str(failure))

    def _carry_out_by_kind(self, item: Item) -> None:
        self._control = RunControl()
        if self._waits_or_ends():
            return  # asked for before there was a control to take the order
        self._made_safe.clear()
        self._rested = False
        reason = self._why_not(item)
        self._running = {}
        if self._waits_or_ends():
            return  # before it began: it goes on waiting
        if reason:
            self._put(item.but(state=SKIPPED, reason=reason))
            return
        began = self.station.clock.time()
        predicted = self._forecaster.predict(item)
        item = item.but(state=RUNNING, reason="", attempts=item.attempts + 1, predicted_seconds=predicted)
        self._put(item)
        if self._unwritten:
            raise NotWritten(self._unwritten)
        self._set_state(RUNNING_STATE, item.name)
        self._running = {"id": item.id, "name": item.name, "begun": began, "progress": 0.0, "rows": 0}
        act = {RUN: self._run, WAIT: self._wait, SET: self._move}[item.kind]
        item, failure = self._not_ready(item) or act(item)
        item = item.but(seconds=(item.seconds or 0.0) + self.station.clock.time() - began)
        self._running = {}
        self._put(item)
        self._made_safe.set()
        self.history.learn_item(item)
        if item.family is not None:
            self._write_manifest(item.family)
        if failure:
            self._after_failure(item, failure)

    def _waits_or_ends(self) -> bool:
        """Whether nothing new may begin; another thread may have ordered so a moment ago."""
        return self._held or self._ending

    def _why_not(self, item: Item) -> str:
        """A sentence when an item is not to be carried out; waits for its time first."""
        if item.not_before and self.calendar.seconds_until(item.not_before) > 0:
            self._set_state(WAITING_STATE, f"{item.name} begins at {item.not_before}")
            self._running = {"id": item.id, "name": item.name, "begun": self.station.clock.time(), "rows": 0}
            self._until(lambda: self.calendar.seconds_until(item.not_before) <= 0)
            if self._control.thrown():
                return self._stopped_reason("while it waited for its time")
        deadline = min(filter(None, (item.must_end_by, self._must_end_by)), default="")
        if deadline:
            expected, _ = self.history.of(item.procedure or item.kind).seconds(self._forecaster.predict(item))
            left = self.calendar.seconds_until(deadline)
            if expected > left:
                return f"it would take {expected / 60:.0f} min, and must have ended in {max(0.0, left) / 60:.0f} min"
        if item.only_if:
            return why_not(item, self.queue.items, self.data)
        return ""

    # Items

    def _not_ready(self, item: Item) -> tuple[Item, str] | None:
        """After a failure every instrument gets its settings anew; what became of the item where that cannot be.

        A magnet that has quenched, or whose supply has lost its settings, is left to a person.
        """
        if not self._doubtful or item.kind == WAIT:
            return None
        self.care.busy()
        magnet = self.station.magnet
        try:
            if not self._released:
                magnet.confirm()
            if magnet.state is RampState.QUENCH:
                raise MagnetAlarm("the magnet has quenched; see to it and clear the quench at the supply")
            self.station.connect()
        except (InstrumentError, ValueError) as error:
            hold = getattr(error, "stops_queue", False)
            state = PARTIAL if hold or item.folders else FAILED
            return item.but(state=state, reason=f"not started: {error}"), HOLD if hold else RETRY
        self._doubtful = self._released = False
        return None

    def _run(self, item: Item) -> tuple[Item, str]:
        try:
            self._procedure = procedure = procedure_of(item)
            result = run_procedure(
                procedure,
                self.station,
                self.data,
                details=(item.name,),
                header=self._header(item),
                control=self._control,
                progress=self._progressed,
                attend=self._attend,
                watch=self._watch,
                leave_as_is=True,
                continues=[self.data / folder for folder in item.folders],
                sync=self._sync,
                disk=self._disk,
            )
        except (ItemError, LimitError, QuantityError, ValueError) as error:
            return item.but(state=FAILED, reason=f"not started: {error}"), NEXT
        except RunFileError as error:
            self._to_safe()
            return item.but(state=PARTIAL, reason=str(error)), HOLD
        finally:
            self._procedure = None
        return self._became(item, result)

    def _became(self, item: Item, result: RunResult) -> tuple[Item, str]:
        folders = (*item.folders, result.folder.name)
        item = item.but(
            folders=folders,
            rows=item.rows + result.rows,
            disbelieved=item.disbelieved + result.disbelieved,
            reason=result.reason,
        )
        if result.safe:
            self._report_safe(result.safe)
        if result.outcome == "done":
            return item.but(state=DONE), ""
        if result.outcome == "stopped":
            return self._was_stopped(item)
        if result.stops_queue:
            return item.but(state=PARTIAL), HOLD
        return item.but(state=PARTIAL if item.rows else FAILED), RETRY

    def _is_over(self) -> bool:
        return self._state in (ENDED, ENDING)

    def _was_stopped(self, item: Item) -> tuple[Item, str]:
        """What becomes of an item that was ended from outside; the station is in its safe state, but for a skip."""
        self._abort_asked = False
        if self._control.skipped and not self._control.aborted:
            return item.but(state=SKIPPED, reason=f"skipped by the user; {item.rows} rows are kept"), ""
        self._hold(item.reason or self._control.reason)
        return item.but(state=PARTIAL), ""

    def _move(self, item: Item) -> tuple[Item, str]:
        return self._carry_move(item, move_of(item))

    def _carry_move(self, item: Item, move: Move) -> tuple[Item, str]:
        move.use(self.station)
        try:
            move.check()
        except (LimitError, QuantityError) as error:
            return item.but(state=FAILED, reason=f"not started: {error}"), NEXT
        outcome, reason, stops_queue = carry_out(move, self._control, self._attend, self._watch)
        item = item.but(reason=reason)
        if outcome == "done":
            return item.but(state=DONE), ""
        self._to_safe()
        if outcome == "stopped":
            return self._was_stopped(item)
        return item.but(state=FAILED), HOLD if stops_queue else RETRY

    def _wait(self, item: Item) -> tuple[Item, str]:
        self._set_state(WAITING_STATE, item.name)
        end = self.station.clock.time() + item.settings["seconds"]
        self._until(lambda: self.station.clock.time() >= end, end)
        if self._abort_asked:
            self._to_safe()
        if self._control.thrown():
            return self._was_stopped(item)
        if self._held:
            return item.but(state=PARTIAL, reason=self._reason), ""
        return item.but(state=DONE), ""

    def _until(self, over: Callable[[], bool], end: float | None = None) -> None:
        """Wait for something, coming by for commands and care; time goes on in a pause, but nothing follows it."""
        clock, control = self.station.clock, self._control
        while not control.thrown() and not self._held and (not over() or control.order is not None):
            left = _POLL if end is None else min(_POLL, end - clock.time())
            clock.sleep(max(left, 1e-3))
            self._show_pause(control)
            self._attend_between_items()
        control.paused = False

    def _show_pause(self, control: RunControl) -> None:
        """Stand still, between runs, while a person or a guard wants it; no longer than it was given."""
        order, now = control.order, self.station.clock.time()
        control.paused = order is not None
        if order is None or order is not self._pause_order:
            self._pause_order, self._paused_since = order, now
        elif now - self._paused_since > order.seconds:
            self._to_safe()
            self._hold(f"the pause lasted longer than {duration_text(order.seconds)}, as long as it was given")

    # Failures

    def _after_failure(self, item: Item, kind: str) -> None:
        """What the policy says about an item that failed; `kind` is what the failure itself asks for."""
        self._doubtful = True
        policy = item.on_failure or self._policy
        if kind == HOLD:
            self._hold(item.reason)
        elif kind == RETRY and policy.retries and item.attempts <= policy.retries:
            self._tell(
                "warning",
                "retry",
                f"{item.name}: {item.reason}; it is tried again ({item.attempts} of {policy.retries})",
            )
            self._put(item.but(state=PARTIAL))
            self._rest(_RETRY_PAUSE)
        else:
            self._put(item.but(state=FAILED))
            self._tell("warning", "failed", f"{item.name}: {item.reason}")
            if policy.action == HOLD:
                self._hold(f"{item.name} failed: {item.reason}")
            elif policy.action == SAFE:
                self._to_safe()
                self._ending = True

    def _rest(self, seconds: float) -> None:
        end = self.station.clock.time() + seconds
        self._until(lambda: self.station.clock.time() >= end, end)

    def _hold(self, reason: str) -> None:
        with self._lock:
            self._held = True
            self._released = False
        self._set_state(HELD, reason)
        self._tell("alarm", "held", f"the queue is held: {reason}")

    def _to_safe(self, leave: tuple[str, ...] = ()) -> None:
        self.care.busy()
        self._report_safe(tuple(self.station.to_safe(leave)))

    def _report_safe(self, safe: tuple[SafeReport, ...]) -> None:
        self._safe = safe
        self._write_if_possible("safe", items=[asdict(item) for item in safe])
        for item in safe:
            if not item.done:
                self._tell("alarm", "not safe", f"{item.item} is NOT safe: {item.detail}")

    # The end

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
        self._set_state(ENDED, reason or outcome)
        return Ending(outcome, reason, self.queue.items, safe)

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
        if failure:
            self._tell("alarm", "end", f"the end state was not reached: {item.reason}")

    # Looking after things

    def _attend(self) -> None:
        """Come by: dead-man, interlocks, disk. May end the run by raising what the procedure ends with."""
        control = self._control
        if control.paused and self._state not in (PAUSED, HELD, ABORTING):
            self._set_state(PAUSED, "set points are held, the excitation is on")
        elif not control.paused and (self._state == PAUSED or (self._state == PAUSING and control.order is None)):
            self._set_state(RUNNING_STATE, self._running.get("name", ""))
        if control.paused and self._jumps:
            _REAL.sleep(_JUMPING_PAUSE)  # a clock that jumps would have gone through the whole pause at once
        self._look_at_the_clocks()
        for level, kind, text in self.care.look(self.station, control):
            self._tell(level, kind, text)
        self._look_at_the_journal()
        if self._stale:
            self._look_ahead()

    def _look_at_the_journal(self) -> None:
        """Raise NotWritten where what happens is not written down any more."""
        now = self.station.clock.time()
        if not self._unwritten and now - self._files_seen >= _FILE_PERIOD:
            self._files_seen = now
            try:
                self.journal.check_there()
                if self._running and self.care.writer is not None:
                    self.care.writer.check_there()
            except RunFileError as error:
                self._not_written(error)
        if self._unwritten:
            raise NotWritten(self._unwritten)

    def _look_at_the_clocks(self) -> None:
        """After a standstill the instruments are looked at as after a restart; raises Stranded where that is bad."""
        gap = self._standstill.look()
        if gap is None:
            return
        if not gap.stood_still:
            self._tell("info", "clock", gap.text)
            return
        self._tell("alarm", "gap", gap.text)
        self._survey = survey(self.station, self.last_row)
        self._write_if_possible("survey", **asdict(self._survey))
        for sentence in self._survey.findings:
            self._tell("info", "survey", sentence)
        if self._procedure is not None and self.care.writer is not None:
            self._procedure.seam |= Quality.SEAM
            self.care.writer.mark("gap", gap.text, seconds=gap.seconds)
        if self._survey.dangers:
            raise Stranded(f"{gap.text}: {'; '.join(self._survey.dangers)}")

    def _progressed(self, percent: float, clock: float) -> None:
        self._running["progress"] = percent

    def _watch(self, topic: str, record: Any) -> None:
        """What the running procedure emits, as it does."""
        if topic == "results":
            self.last_row = record
            self._latest |= {name: (value, self.station.clock.time()) for name, value in record.items()}
            self._running["rows"] = self._running.get("rows", 0) + 1
        elif topic == "ending":
            self.care.busy()
        elif topic == "began":
            self.care.busy()
            self._running["folder"] = record.folder.name
            self.care.writer = record
            with self._lock:
                item = self.queue[self._running["id"]]
                self._write("file", id=item.id, folder=record.folder.name)
        elif topic == "setpoint":
            what, value, unit = record
            self._write("setpoint", what=what, value=value, unit=unit)
            self._latest[f"set {what}"] = (value, self.station.clock.time())
        elif topic == "mark":
            self._tell("info", record[0], record[1])
        elif topic == "alarm":
            self._tell("alarm", record[0], record[1])

    # Commands

    def command(self, name: str, /, *, who: str = "", **arguments: Any) -> Any:
        """Carry out a command from any thread; raises Refused, with one sentence, and changes nothing then."""
        verb = _VERBS.get(name)
        if verb is None:
            raise Refused(f"command {name!r} is unknown; allowed are {', '.join(_VERBS)}")
        if self._state == ENDED and name not in _AFTER_THE_END:
            raise Refused(f"command {name}: this queue has ended ({self._reason}); start another one")
        try:
            # An abort waits for nobody, whatever another thread is doing to the queue.
            with contextlib.nullcontext() if name in _AT_ONCE else self._lock:
                result = verb(self, **arguments)
        except Refused:
            raise
        except (TypeError, ValueError) as error:
            raise Refused(f"command {name}: {error}") from error
        self._changed.set()
        self._write_if_possible("command", name=name, who=who, arguments=_written(arguments))
        if name in _CHANGES_QUEUE:
            self._write_if_possible("queue", items=[item.to_json() for item in self.queue.items])
            self._stale = True
        return result

    def _pause(self, seconds: float = LONGEST_PAUSE) -> None:
        if not self._running or self._control.thrown():
            raise Refused("nothing runs that could be paused; hold the queue by switching items off")
        self._control.pause(seconds)
        self._set_state(PAUSING, "the present row is finished first")

    def _resume(self) -> None:
        """Go on in place; a held queue goes on with its next item."""
        if self._abort_asked:
            raise Refused("the abort is not over yet: wait until the queue is held, then resume")
        if self._unwritten:
            self._write_again()
        self._control.resume()
        self._released = self._held
        self._held = False

    def _skip(self) -> None:
        self._control.skip()

    def _abort(self) -> None:
        if self._state == ENDED:
            return  # it is safe already
        self._made_safe.clear()
        self._held = self._abort_asked = True
        self._control.abort()
        if self._emergency is not None:
            threading.Thread(target=self._own_path, name="abort", daemon=True).start()
        with self._lock:
            if self._abort_asked:  # else the running thread was quicker
                self._set_state(ABORTING, "the station goes to its safe state")

    def _own_path(self) -> None:
        """Make the station safe over other connections when the running thread does not."""
        if self._made_safe.wait(_ABORT_PATIENCE) or self._emergency is None:
            return
        safe = tuple(self._emergency())
        self._tell("alarm", "abort", "the running thread did not answer; the station was made safe by another path")
        self._report_safe(safe)
        with self._lock:
            if self._abort_asked:
                self.care.busy()  # nothing is on: the dead-man need not end a thread that still waits for its reply
                self._set_state(HELD, f"{ABORTED}; the running thread still waits for an instrument")

    def _stop(self) -> None:
        """After the present row, end the night with its end actions left out."""
        self._ending = True
        self._control.stop()

    def _add(self, items: list[Mapping[str, Any]], before: str = "") -> list[str]:
        fresh = [Item.from_json(data) for data in items]
        for item in fresh:
            self._check(item)
        return self.queue.add(fresh, before)

    def _edit(self, id: str, changes: Mapping[str, Any]) -> None:
        before = self.queue[id]
        try:
            self._check(self.queue.edit(id, changes))
        except ValueError:
            self.queue.put(before)
            raise

    def _check(self, item: Item) -> None:
        if item.kind == RUN:
            procedure = procedure_of(item)
            procedure.use(self.station)
            procedure.check()

    def _set_policy(self, action: str, retries: int = 0) -> None:
        self._policy = type(self._policy)(action, retries)

    def _set_end(self, must_end_by: str) -> None:
        self._must_end_by = must_end_by

    def _acknowledge(self, event: int) -> None:
        self.news.acknowledge(event)

    # What clients see

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
                "latest": {name: list(pair) for name, pair in self._latest.items()},
                "ends": ends.to_json(),
                "must_end_by": self._must_end_by,
                "on_failure": asdict(self._policy),
                "safe": [asdict(item) for item in self._safe],
                "survey": None if self._survey is None else asdict(self._survey),
                "data": str(self.data),
                "care": self.care.status(),
                "last_event": self.news.last,
            }

    def _look_ahead(self) -> None:
        """Predict again what has changed; in the thread of the engine, because plans ask the station."""
        self._stale = False
        self._ends = self._forecaster.look(self.queue.items, self._start())

    def _start(self) -> Whereabouts:
        readings = self._survey.readings if self._survey is not None else {}
        return Whereabouts(readings.get("field_T", 0.0), readings.get("T_mc_K", self.station.limits.lowest_temperature))

    # Small things

    def _header(self, item: Item) -> dict[str, Any]:
        family = None if item.family is None else asdict(item.family)
        return {"night": self.journal.folder.name, "item": item.id, "item_name": item.name, "family": family}

    def _write_manifest(self, family: Family) -> None:
        members = [item for item in self.queue.items if item.family is not None and item.family.id == family.id]
        station, night = self.station, self.journal.folder.name
        try:
            write_manifest(self.data, night, station.name, station.simulated, members, self._disk)
        except RunFileError as error:
            self._not_written(error)

    def _write_manifests(self) -> None:
        """Those of all families of which anything has been measured."""
        for family in {
            item.family.id: item.family for item in self.queue.items if item.family and item.folders
        }.values():
            self._write_manifest(family)

    def _put(self, item: Item) -> None:
        with self._lock:
            self.queue.put(item)
            self._write_if_possible("state", **state_event(item))
        self._look_ahead()

    def _set_state(self, state: str, reason: str = "") -> None:
        with self._lock:
            if (state, reason) == (self._state, self._reason):
                return
            self._state, self._reason = state, reason
            self._write_if_possible("engine", state=state, reason=reason)

    def alarm(self, text: str) -> None:
        """Tell people, from any thread, of something that a guard has done."""
        self._tell("alarm", "guard", text)

    def _tell(self, level: str, kind: str, text: str) -> None:
        self.news.add(level, kind, text)
        self._write_if_possible("event", level=level, kind=kind, text=text)

    def _write(self, event: str, **content: Any) -> None:
        """Write an event down, or raise RunFileError."""
        try:
            self.journal.write(event, **content)
        except RunFileError as error:
            self._not_written(error)
            raise

    def _write_if_possible(self, event: str, **content: Any) -> None:
        """Write an event down; when the disk does not take it, clients see that, and nothing new is begun."""
        with contextlib.suppress(RunFileError):
            self._write(event, **content)

    def _not_written(self, error: RunFileError) -> None:
        if not self._unwritten:
            self._unwritten = str(error)
            self.news.add("alarm", "journal", str(error))

    def _write_again(self) -> None:
        """After trouble with the disk: the whole queue in a new part of the journal, or Refused."""
        try:
            self.journal.renew()
            self.journal.write("queue", items=[item.to_json() for item in self.queue.items])
        except RunFileError as error:
            raise Refused(f"the queue stays held: {error}") from error
        self._unwritten = ""
        self._write_manifests()

    def _stopped_reason(self, when: str) -> str:
        return f"{'skipped' if self._control.skipped else 'stopped'} by the user {when}"


def _written(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, (bool, int, float, str, list, dict)) else str(value)
        for name, value in arguments.items()
    }


_VERBS: dict[str, Callable[..., Any]] = {
    "pause": Engine._pause,
    "resume": Engine._resume,
    "skip": Engine._skip,
    "abort": Engine._abort,
    "stop": Engine._stop,
    "add": Engine._add,
    "remove": lambda engine, ids: engine.queue.remove(ids),
    "move": lambda engine, ids, before="": engine.queue.move(ids, before),
    "edit": Engine._edit,
    "disable": lambda engine, ids, disabled=True: engine.queue.disable(ids, disabled),
    "copy": lambda engine, ids, before="": engine.queue.copy(ids, before),
    "again": lambda engine, ids: engine.queue.again(ids),
    "policy": Engine._set_policy,
    "must_end_by": Engine._set_end,
    "acknowledge": Engine._acknowledge,
}
COMMANDS = tuple(_VERBS)
_AT_ONCE = ("abort", "stop", "skip", "pause", "resume")
_AFTER_THE_END = ("abort", "stop", "acknowledge")
_CHANGES_QUEUE = ("add", "remove", "move", "edit", "disable", "copy", "again")
