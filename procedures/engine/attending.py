"""How the engine waits: it comes by for its guards, its clocks and its journal, and hears what a run emits."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from coldfinger.instruments.errors import InstrumentError
from coldfinger.procedures.control import RunControl
from coldfinger.procedures.engine.core import (
    ABORTING,
    FILE_PERIOD,
    HELD,
    JUMPING_PAUSE,
    PAUSED,
    PAUSING,
    POLL,
    REAL,
    RUNNING_STATE,
    WAITING_STATE,
    Core,
    NotWritten,
    Stranded,
)
from coldfinger.procedures.engine.survey import survey
from coldfinger.procedures.failures import ProcedureFailure
from coldfinger.procedures.rows.overload_watch import OVERLOAD
from coldfinger.procedures.words.quantity import duration_text
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.quality import Quality


class Attending(Core):
    """Waits and looks."""

    def _attend(self) -> None:
        """Come by: dead-man, interlocks, disk. May end the run by raising what the procedure ends with."""
        control = self._control
        if control.paused and self._state not in (PAUSED, HELD, ABORTING):
            self._set_state(PAUSED, "set points are held, the excitation is on")
        elif not control.paused and (self._state == PAUSED or (self._state == PAUSING and control.order is None)):
            self._set_state(RUNNING_STATE, self._running.get("name", ""))
        if control.paused and self._jumps:
            REAL.sleep(JUMPING_PAUSE)  # a clock that jumps would have gone through the whole pause at once
        self._look_at_the_clocks()
        for level, kind, text in self.care.look(self.station, control):
            self._tell(level, kind, text)
        self._look_at_the_journal()
        self._look_around()
        if self._stale:
            self._look_ahead()

    def _look_around(self) -> None:
        """Read the dials while no run does; never in virtual time that jumps, where nobody watches."""
        if self._jumps or (self._running and self._state not in (PAUSED, WAITING_STATE)):
            return
        now = self.station.clock.time()
        self._latest |= {name: (value, now) for name, value in self.lookout.look(self.station).items()}

    def _attend_between_items(self) -> None:
        """As `_attend`; what would end a run holds the queue."""
        try:
            self._attend()
        except (ProcedureFailure, InstrumentError) as error:
            if not self._held:
                self._to_safe()
                self._hold(str(error))

    def _look_at_the_journal(self) -> None:
        """Raise NotWritten where what happens is not written down any more."""
        now = self.station.clock.time()
        if not self._unwritten and now - self._files_seen >= FILE_PERIOD:
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

    def _until(self, over: Callable[[], bool], end: float | None = None) -> None:
        """Wait for something, coming by for commands and care; time goes on in a pause, but nothing follows it."""
        clock, control = self.station.clock, self._control
        while not control.thrown() and not self._held and (not over() or control.order is not None):
            left = POLL if end is None else min(POLL, end - clock.time())
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

    def _rest(self, seconds: float) -> None:
        end = self.station.clock.time() + seconds
        self._until(lambda: self.station.clock.time() >= end, end)

    def _progressed(self, percent: float, clock: float) -> None:
        self._running["progress"] = percent

    def _watch(self, topic: str, record: Any) -> None:
        """What the running procedure emits, as it does."""
        if topic == "results":
            self.last_row = record
            self._latest |= {name: (value, self.station.clock.time()) for name, value in record.items()}
            self._running["rows"] = self._running.get("rows", 0) + 1
        elif topic == "reading":
            self._latest |= {name: (value, self.station.clock.time()) for name, value in record.items()}
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
            self._tell("warning" if record[0] == OVERLOAD else "info", record[0], record[1])
        elif topic == "alarm":
            self._tell("alarm", record[0], record[1])
