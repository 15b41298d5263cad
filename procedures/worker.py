"""pymeasure's Worker and Results over our run files, for windows and scripts that are built of pymeasure's parts.

What is different from stock: the outcome is told after the safe state, not before; a failure in the safe state reaches
nobody's thread; a row that cannot be written fails the run; numpy scalars stay numbers; parameters keep all digits; a
live table reads only what is new; nothing is published on the network; no file is made before the run begins.
"""

import logging
from pathlib import Path
from typing import Any

import pandas as pd
from pymeasure.experiment import Procedure, Results, Worker

from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.control import RunControl
from coldfinger.procedures.data.twin import CSV_NAME
from coldfinger.procedures.runner import RunResult, run_procedure
from coldfinger.procedures.station import Station
from coldfinger.runfiles.reader import RunTail

log = logging.getLogger(__name__)

_STATUS = {"done": Procedure.FINISHED, "stopped": Procedure.ABORTED, "failed": Procedure.FAILED}


class RunResults(Results):  # type: ignore[misc]
    """The run that a procedure will make in `folder`; `data` is what has been measured so far.

    `data_filename` is the run's table once it has begun, which stock pymeasure opens; before, where it will be.
    """

    def __init__(self, procedure: TransportProcedure, station: Station, folder: str | Path) -> None:
        # Not the inherited one, which makes a file at once and reads it again with every look.
        self.procedure, self.station, self.parent = procedure, station, Path(folder)
        self.procedure_class = type(procedure)
        self.parameters = procedure.parameter_objects()
        self.data_filename = str(self.parent / CSV_NAME)
        self.data_filenames = [self.data_filename]
        self._tail: RunTail | None = None
        self._data = pd.DataFrame(columns=list(procedure.DATA_COLUMNS))

    def begun(self, folder: Path) -> None:
        """Called when the run has its folder."""
        self.data_filename = str(folder / CSV_NAME)
        self.data_filenames = [self.data_filename]
        self._tail = RunTail(folder)

    @property
    def data(self) -> pd.DataFrame:
        """Rows so far; costs only what is new since the last look."""
        if self._tail is not None:
            fresh = self._tail.new_points()
            if len(fresh):
                self._data = fresh if self._data.empty else pd.concat([self._data, fresh])
        return self._data

    def reload(self) -> None:
        """Nothing: `data` is up to date at every look."""


class RunWorker(Worker):  # type: ignore[misc]
    """Carries a RunResults' procedure out in a thread of its own; `result` is there when it has ended.

    Statuses, progress and errors go to `monitor_queue` as from pymeasure's own; `stop()` ends the run after its row.
    """

    def __init__(self, results: RunResults, log_queue: Any = None, log_level: int = logging.INFO) -> None:
        self.control = RunControl()
        super().__init__(results, log_queue=log_queue, log_level=log_level, port=None)
        self.procedure = results.procedure
        self.result: RunResult | None = None

    def stop(self) -> None:
        """Ask the run to end after its present row."""
        self.control.stop()
        super().stop()

    def run(self) -> None:
        """Measure, make safe, and only then say how it ended."""
        self.update_status(Procedure.RUNNING)
        self.emit("progress", 0.0)
        status = Procedure.FAILED
        try:
            self.result = run_procedure(
                self.procedure,
                self.results.station,
                self.results.parent,
                control=self.control,
                progress=lambda percent, clock: self.emit("progress", percent),
                watch=self._watch,
            )
            status = _STATUS[self.result.outcome]
            if self.result.outcome == "failed":
                self.emit("error", self.result.reason)
        except Exception as error:  # noqa: BLE001  whoever waits for this thread must be told, whatever it was
            log.error("%s was not run: %s", type(self.procedure).__name__, error)
            self.emit("error", str(error))
        finally:
            if status == Procedure.FINISHED:
                self.emit("progress", 100.0)
            self.update_status(status)
            self.monitor_queue.put(None)
            super().stop()

    def emit(self, topic: str, record: Any) -> None:
        """Tell whoever watches; rows are in the run file already."""
        if topic in ("status", "progress", "error"):
            self.monitor_queue.put((topic, record))

    def _watch(self, topic: str, record: Any) -> None:
        if topic == "began":
            self.results.begun(record.folder)
