"""Run one procedure in the calling thread: run file, progress, stop, and the safe state on every path.

The procedure's rows go into the run file as they are emitted, each on disk before the next is begun. Whatever ends
the run (the last row, Ctrl-C, an instrument, a full disk) is written into the file as its outcome, after the
station has been brought to its safe state unless the caller asked to leave it as it is after a good end. A run may
go on where another ended: it is a further part of the same run then, in a folder of its own.
"""

import contextlib
import logging
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coldfinger.instruments.errors import InstrumentError
from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.checks.verdict import Verdict
from coldfinger.procedures.continuing import Continuation, continuation_of
from coldfinger.procedures.control import STOPPED, AttendedClock, RunControl, Stopped
from coldfinger.procedures.data.folder import run_name
from coldfinger.procedures.data.snapshots import AT_START, EXCHANGES, unread
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.procedures.failures import ProcedureFailure
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.station import SafeReport, Station
from coldfinger.procedures.words.quantity import show
from coldfinger.runfiles.disk import Disk, RunFileError
from coldfinger.runfiles.quality import DISBELIEVED, Quality, disbelief
from coldfinger.runfiles.reader import Run

log = logging.getLogger(__name__)

Progress = Callable[[float, float], None]
"""Called with percent done and the station's clock (s)."""

Watch = Callable[[str, Any], None]
"""Called with topic and record of everything that a procedure emits, after it is on disk.

"began" brings the writer of the run file, "ending" the outcome, before the way to the safe state."""

StopSwitch = RunControl
"""What a run is stopped with."""


@dataclass(frozen=True)
class RunResult:
    """What became of one run."""

    folder: Path
    outcome: str  # "done", "stopped", "failed"
    reason: str
    rows: int
    disbelieved: int
    safe: tuple[SafeReport, ...]
    verdicts: tuple[Verdict, ...] = ()  # of the belief tests, in their order
    stops_queue: bool = False  # what follows in a queue must not be begun either


@contextlib.contextmanager
def stop_on_signals(switch: StopSwitch) -> Iterator[None]:
    """Within this block Ctrl-C and SIGTERM throw the switch; a second Ctrl-C interrupts at once."""

    def first(number: int, frame: object) -> None:
        if switch.thrown() and number == signal.SIGINT and not switch.closing:
            raise KeyboardInterrupt
        switch.throw()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, first) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_procedure(
    procedure: TransportProcedure,
    station: Station,
    folder: Path,
    *,
    details: tuple[str, ...] = (),
    header: Mapping[str, Any] | None = None,
    switch: RunControl | None = None,
    control: RunControl | None = None,
    progress: Progress = lambda percent, time: None,
    attend: Callable[[], None] = lambda: None,
    watch: Watch = lambda topic, record: None,
    leave_as_is: bool = False,
    continues: Path | Run | Sequence[Path] = (),
    sync: bool = True,
    disk: Disk | None = None,
) -> RunResult:
    """Run `procedure` at a connected `station` and write its run folder into `folder`.

    `details` go into the folder's name, `header` into the file. `leave_as_is` keeps field, temperature and
    excitation after a run that is done; after any other end the station goes to its safe state.

    `control` (or `switch`, the same) pauses and ends the run from any thread. `attend` is called in the measuring
    thread in every wait, after at most half a second of sleep; it may raise Stopped or ProcedureFailure
    to end the run. `continues` is an interrupted run, or all its parts, the oldest first: this run is their next part.
    `sync` and `disk` as of RunWriter.

    Raises LimitError or QuantityError for parameters that cannot be run, or a run that cannot be continued by this
    procedure, RunFileError when the file cannot be begun or the interrupted run cannot be read: nothing has moved
    then. Every later trouble is an outcome of the result.
    """
    control = control or switch or RunControl()
    procedure.use(station)
    procedure.check()
    continuation = continuation_of(procedure, station, continues)
    writer = RunWriter(
        folder / run_name(type(procedure).__name__, *details),
        header={**describe(station), **(header or {}), **(continuation.header() if continuation else {})},
        columns=procedure.DATA_COLUMNS,
        procedure=procedure,
        clock=station.clock,
        sync=sync,
        disk=disk,
    )
    return run_into(writer, procedure, station, control, progress, attend, watch, continuation, leave_as_is=leave_as_is)


def run_into(
    writer: RunWriter,
    procedure: TransportProcedure,
    station: Station,
    control: RunControl,
    progress: Progress = lambda percent, time: None,
    attend: Callable[[], None] = lambda: None,
    watch: Watch = lambda topic, record: None,
    continuation: Continuation | None = None,
    *,
    leave_as_is: bool = False,
) -> RunResult:
    """Carry a checked procedure out into a run file that has been begun, and close the file; see run_procedure."""
    run = _Run(procedure, station, writer, control, progress, watch)
    try:
        with attended(procedure, control, attend):
            ending = run.carry_out(continuation)
        result = run.to_its_end(leave_as_is, ending)
    except BaseException:
        with contextlib.suppress(RunFileError):
            writer.close()
        raise
    try:
        writer.close()
    except RunFileError as error:
        reason = f"{result.reason}; {error}" if result.reason and str(error) not in result.reason else str(error)
        return replace(result, outcome="failed", reason=reason, stops_queue=True)
    return result


@contextlib.contextmanager
def attended(procedure: TransportProcedure, control: RunControl, attend: Callable[[], None]) -> Iterator[None]:
    """Within this block the procedure obeys `control`, and the station's clock calls `attend` in every sleep."""
    station = procedure.station
    clock = station.clock
    procedure.control, procedure.should_stop = control, control.thrown
    station.clock = AttendedClock(clock, control, attend)
    try:
        yield
    finally:
        station.clock = clock


def carry_out(
    procedure: TransportProcedure, control: RunControl, attend: Callable[[], None], watch: Watch
) -> tuple[str, str, bool]:
    """Carry out, without a file, what takes no rows: outcome, reason, and whether a queue must not go on.

    `procedure.use` and `check` come before; the safe state after a bad end is left to the caller.
    """
    procedure.emit = watch

    def act() -> None:
        procedure.startup()
        procedure.execute()

    with attended(procedure, control, attend):
        return _ending(act, lambda text: None)


def _ending(act: Callable[[], None], alarm: Callable[[str], None]) -> tuple[str, str, bool]:
    """How `act` ended, in words, and whether a queue must not go on; `alarm` hears of what nobody foresaw."""
    try:
        act()
    except Stopped as stop:
        return "stopped", str(stop), False
    except KeyboardInterrupt:
        return "stopped", STOPPED, False
    except (InstrumentError, ProcedureFailure, LimitError, RunFileError) as error:
        return "failed", str(error), getattr(error, "stops_queue", isinstance(error, RunFileError))
    except Exception as error:  # noqa: BLE001  whatever it was, the station must become safe and the file be closed
        text = "".join(traceback.format_exception(error))
        log.error("the run failed in a way that nobody foresaw:\n%s", text)
        alarm(text)
        return "failed", f"unforeseen {type(error).__name__}: {error}", False
    return "done", "", False


def describe(station: Station) -> dict[str, Any]:
    """What a run remembers of its station: file, wiring, limits, calibration and its hash, sample and stage."""
    file = station.file
    return {
        "simulated": station.simulated,
        "station": {"name": station.name, "source": file.source, "text": file.text},
        "sample": station.sample,
        "seed": station.seed,
        "network": vars(station.network),
        "calibration": {"name": station.calibration.name, "hash": station.calibration.hash},
        "limits": file.sections["limits"],
        "safe": file.sections["safe"],
    }


class _Run:
    """One run between its first and its last line."""

    def __init__(
        self,
        procedure: TransportProcedure,
        station: Station,
        writer: RunWriter,
        control: RunControl,
        progress: Progress,
        watch: Watch,
    ) -> None:
        self.procedure, self.station, self.writer = procedure, station, writer
        self.control, self.progress, self.watch = control, progress, watch
        self.rows = self.disbelieved = 0
        self.flags: list[int] = []
        procedure.emit = self._emit

    def to_its_end(self, leave_as_is: bool, ending: tuple[str, str, bool]) -> RunResult:
        outcome, reason, stops_queue = ending
        self.control.closing = True
        self.watch("ending", outcome)
        if outcome == "failed":
            self._keep_exchanges()
        safe: tuple[SafeReport, ...] = ()
        if outcome != "done" or not leave_as_is:
            safe = tuple(self.station.to_safe())
        undone = [f"{item.item} is NOT safe: {item.detail}" for item in safe if not item.done]
        reason = "; ".join([reason, *undone] if reason else undone)
        try:
            if outcome == "done":
                self._say_what_was_refused()
            self._close(outcome, reason, safe)
        except RunFileError as error:
            if str(error) not in reason:
                reason = f"{reason}; {error}" if reason else str(error)
            outcome, stops_queue = "failed", True
            safe = safe or tuple(self.station.to_safe())
        self.control.closing = False
        verdicts = self.procedure.verdicts
        return RunResult(self.writer.folder, outcome, reason, self.rows, self.disbelieved, safe, verdicts, stops_queue)

    def carry_out(self, continuation: Continuation | None) -> tuple[str, str, bool]:
        """What ended it, in words, and whether a queue must not go on."""

        def begin() -> None:
            self.watch("began", self.writer)
            settings = self.station.snapshot()
            self.writer.snapshot(AT_START, settings)
            if missing := unread(settings):
                self._emit("mark", ("snapshot", f"could not be read at the start: {', '.join(missing)}"))
            if continuation is not None:
                self._say_what_was_found(continuation)
            self.procedure.startup()
            self.procedure.execute()

        return _ending(begin, self._unforeseen)

    def _unforeseen(self, text: str) -> None:
        with contextlib.suppress(RunFileError):
            self.writer.alarm("unforeseen", text)

    def _say_what_was_found(self, continuation: Continuation) -> None:
        """The first mark of a further part; raises what went wrong when the instruments were asked before."""
        if continuation.error is not None:
            raise continuation.error
        place = self.procedure.whereabouts()
        found = f"field {show(place.field, 'field')}, sample at {show(place.temperature, 'temperature')}"
        data = {"field_T": place.field, "temperature_K": place.temperature, "kept_rows": continuation.keeps}
        self._emit("mark", ("continued", f"{continuation}; found: {found}", data))
        self.procedure.seam = Quality.SEAM

    def _keep_exchanges(self) -> None:
        """What went over the wires last, before the way to the safe state adds to it."""
        lines = {
            name: [list(exchange) for exchange in list(getattr(instrument.adapter, "history", ()))]
            for name, instrument in self.station.instruments.items()
        }
        with contextlib.suppress(RunFileError):
            self.writer.snapshot(EXCHANGES, lines)

    def _say_what_was_refused(self) -> None:
        """Errors in the instruments' own queues at the end of a run; commands have had to answer for theirs."""
        for name, instrument in self.station.instruments.items():
            try:
                refused = instrument.refusals()
            except InstrumentError as error:
                refused = [f"its errors could not be read: {error}"]
            for text in refused:
                self._emit("mark", ("instrument error", f"{name}: {text}"))

    def _close(self, outcome: str, reason: str, safe: tuple[SafeReport, ...]) -> None:
        try:
            self.writer.snapshot("station at end", self.station.snapshot())
        except InstrumentError as error:
            self.writer.mark("snapshot", f"the station at the end could not be read: {error}")
        self.writer.end(
            outcome,
            reason,
            rows=self.rows,
            disbelieved=self.disbelieved,
            why_disbelieved=disbelief(self.flags),
            safe=[vars(item) for item in safe],
            checks=[verdict.to_json() for verdict in self.procedure.verdicts],
        )

    def _emit(self, topic: str, record: Any) -> None:
        if topic == "results":
            before = self.writer.recorded
            try:
                self.writer.point(record)
            finally:
                if self.writer.recorded > before:  # which it may be although something else failed
                    self.rows += 1
                    self.flags.append(record["flags"])
                    self.disbelieved += bool(record["flags"] & DISBELIEVED)
        elif topic == "mark":
            kind, text, *data = record
            self.writer.mark(kind, text, **(data[0] if data else {}))
        elif topic == "alarm":
            self.writer.alarm(*record)
        elif topic == "progress":
            self.progress(record, self.station.clock.time())
        self.watch(topic, record)
