"""Run one procedure in the calling thread: run file, progress, stop, and the safe state on every path.

The procedure's rows go into the run file as they are emitted, each on disk before the next is begun. Whatever ends
the run (the last row, Ctrl-C, an instrument, a full disk) is written into the file as its outcome, after the
station has been brought to its safe state unless the caller asked to leave it as it is after a good end.
"""

import contextlib
import logging
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coldfinger.instruments.errors import InstrumentError
from coldfinger.procedures.base import ProcedureFailure, Stopped, TransportProcedure
from coldfinger.procedures.checks.verdict import Verdict
from coldfinger.procedures.data.disk import RunFileError
from coldfinger.procedures.data.folder import run_name
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.procedures.limits import LimitError
from coldfinger.procedures.quality import DISBELIEVED, disbelief
from coldfinger.procedures.station import SafeReport, Station

log = logging.getLogger(__name__)

Progress = Callable[[float, float], None]
"""Called with percent done and the station's clock (s)."""


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


class StopSwitch:
    """Asks a run to stop after its present row; may be thrown from any thread or signal handler.

    While `closing` is set the station is on its way to its safe state, and no signal may interrupt that.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self.closing = False

    def throw(self) -> None:
        self._event.set()

    def thrown(self) -> bool:
        return self._event.is_set()


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
    switch: StopSwitch | None = None,
    progress: Progress = lambda percent, time: None,
    leave_as_is: bool = False,
) -> RunResult:
    """Run `procedure` at a connected `station` and write its run folder into `folder`.

    `details` go into the folder's name, `header` into the file. `leave_as_is` keeps field, temperature and
    excitation after a run that is done; after any other end the station goes to its safe state.
    Raises LimitError or QuantityError for parameters that cannot be run, RunFileError when the file cannot be
    begun: nothing has moved then. Every later trouble is an outcome of the result.
    """
    switch = switch or StopSwitch()
    procedure.use(station)
    procedure.check()
    writer = RunWriter(
        folder / run_name(type(procedure).__name__, *details),
        header={**describe(station), **(header or {})},
        columns=procedure.DATA_COLUMNS,
        procedure=procedure,
        clock=station.clock,
    )
    run = _Run(procedure, station, writer, switch, progress)
    try:
        return run.to_its_end(leave_as_is)
    finally:
        writer.close()


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
        switch: StopSwitch,
        progress: Progress,
    ) -> None:
        self.procedure, self.station, self.writer = procedure, station, writer
        self.switch, self.progress = switch, progress
        self.rows = self.disbelieved = 0
        self.flags: list[int] = []
        procedure.emit = self._emit
        procedure.should_stop = switch.thrown

    def to_its_end(self, leave_as_is: bool) -> RunResult:
        outcome, reason = self._carry_out()
        self.switch.closing = True
        safe: tuple[SafeReport, ...] = ()
        if outcome != "done" or not leave_as_is:
            safe = tuple(self.station.to_safe())
        undone = [f"{item.item} is NOT safe: {item.detail}" for item in safe if not item.done]
        reason = "; ".join([reason, *undone] if reason else undone)
        try:
            self._close(outcome, reason, safe)
        except RunFileError as error:
            outcome, reason = "failed", f"{reason}; {error}" if reason else str(error)
        self.switch.closing = False
        verdicts = self.procedure.verdicts
        return RunResult(self.writer.folder, outcome, reason, self.rows, self.disbelieved, safe, verdicts)

    def _carry_out(self) -> tuple[str, str]:
        try:
            self.writer.snapshot("station at start", self.station.snapshot())
            self.procedure.startup()
            self.procedure.execute()
        except (Stopped, KeyboardInterrupt):
            return "stopped", "stopped by the user"
        except (InstrumentError, ProcedureFailure, LimitError, RunFileError) as error:
            return "failed", str(error)
        except Exception as error:  # noqa: BLE001  whatever it was, the station must become safe and the file be closed
            text = "".join(traceback.format_exception(error))
            log.error("the run failed in a way that nobody foresaw:\n%s", text)
            with contextlib.suppress(RunFileError):
                self.writer.alarm("unforeseen", text)
            return "failed", f"unforeseen {type(error).__name__}: {error}"
        return "done", ""

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
            self.writer.point(record)
            self.rows += 1
            self.flags.append(record["flags"])
            self.disbelieved += bool(record["flags"] & DISBELIEVED)
        elif topic == "mark":
            kind, text, *data = record
            self.writer.mark(kind, text, **(data[0] if data else {}))
        elif topic == "progress":
            self.progress(record, self.station.clock.time())
