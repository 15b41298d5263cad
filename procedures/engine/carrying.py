"""How the engine carries one item out, and what a failure means for the queue."""

from dataclasses import asdict
from typing import Any

from coldfinger.instruments.errors import InstrumentError, MagnetAlarm
from coldfinger.instruments.roles import RampState
from coldfinger.procedures.control import RunControl
from coldfinger.procedures.engine.attending import Attending
from coldfinger.procedures.engine.build import ItemError, procedure_of
from coldfinger.procedures.engine.core import RETRY_PAUSE, RUNNING_STATE, WAITING_STATE, NotWritten
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
    Item,
)
from coldfinger.procedures.engine.moves import Move, move_of
from coldfinger.procedures.engine.queue import is_open
from coldfinger.procedures.engine.telling import again_text, ending_text, failed_text, next_text
from coldfinger.procedures.failures import ProcedureFailure
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.runner import RunResult, carry_out, run_procedure
from coldfinger.procedures.words.quantity import QuantityError
from coldfinger.runfiles.disk import RunFileError

BY_USER = "ended by the user"
"""In place of what a failure asks for: the queue is held."""


class Carrying(Attending):
    """Items, one at a time."""

    def _carry_out(self, item: Item) -> None:
        try:
            self._carry_out_by_kind(item)
        except ProcedureFailure as failure:  # in a wait before the item or after it
            self._to_safe()
            self._running = {}
            item = self.queue[item.id].but(state=PARTIAL, reason=str(failure))
            self._put(item)
            self._made_safe.set()
            self._hold(str(failure), item)

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
        with self._lock:  # which a "hold" takes, too: it comes before the item, or finds that it runs
            if self._waits_or_ends():
                return
            self._running = {"id": item.id, "name": item.name, "begun": began, "progress": 0.0, "rows": 0}
        item = item.but(state=RUNNING, reason="", attempts=item.attempts + 1, predicted_seconds=predicted)
        self._put(item)
        if self._unwritten:
            raise NotWritten(self._unwritten)
        self._set_state(RUNNING_STATE, item.name)
        self._is_safe = False
        act = {RUN: self._run, WAIT: self._wait, SET: self._move}[item.kind]
        item, failure = self._not_ready(item) or act(item)
        item = item.but(seconds=(item.seconds or 0.0) + self.station.clock.time() - began)
        self._running = {}
        self._put(item)
        self._made_safe.set()
        self.history.learn_item(item)
        if item.family is not None:
            self._write_manifest(item.family)
        if failure == BY_USER:
            self._hold(item.reason, item)
        elif failure:
            self._after_failure(item, failure)

    def _waits_or_ends(self) -> bool:
        """Whether nothing new may begin; another thread may have ordered so a moment ago."""
        return self._held or self._ending

    def _why_not(self, item: Item) -> str:
        """A sentence when an item is not to be carried out; waits for its time first."""
        if item.not_before and self.calendar.seconds_until(item.not_before) > 0:
            self._running = {"id": item.id, "name": item.name, "begun": self.station.clock.time(), "rows": 0}
            self._set_state(WAITING_STATE, f"{item.name} begins at {item.not_before}")
            self._until(lambda: self.calendar.seconds_until(item.not_before) <= 0)
            if self._control.thrown():
                return self._stopped_reason("while it waited for its time")
        deadlines = filter(None, (item.must_end_by, self.night.must_end_by))
        deadline = min(deadlines, key=self.calendar.seconds_until, default="")
        if deadline:
            expected, _ = self.history.of(item.procedure or item.kind).seconds(self._forecaster.predict(item))
            left = self.calendar.seconds_until(deadline)
            if expected > left:
                return f"it would take {expected / 60:.0f} min, and must have ended in {max(0.0, left) / 60:.0f} min"
        if item.only_if:
            # Loads what fits need, for half a second; most nights have no condition.
            from coldfinger.procedures.engine.results import why_not

            return why_not(item, self.queue.items, self.data)
        return ""

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

    def _was_stopped(self, item: Item) -> tuple[Item, str]:
        """What becomes of an item that was ended from outside; the station is in its safe state, but for a skip."""
        self._abort_asked = False
        if self._control.skipped and not self._control.aborted:
            return item.but(state=SKIPPED, reason=f"skipped by the user; {item.rows} rows are kept"), ""
        return item.but(state=PARTIAL, reason=item.reason or self._control.reason), BY_USER

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

    def _after_failure(self, item: Item, kind: str) -> None:
        """What the policy says about an item that failed; `kind` is what the failure itself asks for."""
        self._doubtful = True
        policy = item.on_failure or self.night.on_failure
        if kind == HOLD:
            self._hold_safely(item.reason, item)
        elif kind == RETRY and policy.retries and item.attempts <= policy.retries:
            follows = again_text(item.attempts, policy.retries)
            self._tell("warning", "retry", failed_text(item, self._made_safe_by, follows))
            self._put(item.but(state=PARTIAL))
            self._rest(RETRY_PAUSE)
        else:
            self._put(item.but(state=FAILED))
            self._fail(item, policy.action)

    def _fail(self, item: Item, action: str) -> None:
        if action == HOLD:
            self._hold_safely(f"{item.name} failed: {item.reason}", item)
            return
        if action == SAFE:
            self._to_safe()
            self._ending = True
        left = sum(is_open(one) for one in self.queue.items)
        follows = ending_text(left) if action == SAFE else next_text(self.queue.next())
        self._tell("warning", "failed", failed_text(item, self._made_safe_by, follows))

    def _hold_safely(self, reason: str, item: Item) -> None:
        """Hold the queue; what never began has not made the station safe."""
        if not self._is_safe:
            self._to_safe()
        self._hold(reason, item)

    def _header(self, item: Item) -> dict[str, Any]:
        family = None if item.family is None else asdict(item.family)
        return {"night": self.journal.folder.name, "item": item.id, "item_name": item.name, "family": family}

    def _stopped_reason(self, when: str) -> str:
        return f"{'skipped' if self._control.skipped else 'stopped'} by the user {when}"
