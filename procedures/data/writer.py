"""Write a run while it is measured: run.jsonl, the truth, and run.csv, its readable twin, in one folder.

A point is *recorded* when `point` returns: it is in both files and survives the death of the process. It is
*durable* when the background sync has reached it: it then survives a power cut. Nothing is ever overwritten,
and no failure stays silent: a failed write raises in the call that made it, a failed sync in the next call.
"""

import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from coldfinger.instruments.clock import Clock, WallClock
from coldfinger.procedures.data.folder import new_run_folder
from coldfinger.procedures.data.rows import RowForm
from coldfinger.procedures.data.start import start_event
from coldfinger.procedures.data.sync import Syncer
from coldfinger.procedures.data.twin import CSV_NAME, CsvTwin, csv_header, csv_row
from coldfinger.runfiles.disk import Disk, RunFileError, cause_and_remedy
from coldfinger.runfiles.journal import (
    JOURNAL_NAME,
    OUTCOMES,
    JournalFile,
    encode,
    line_of,
    plain,
    restored,
    utc_now,
)

_SYNC_DEADLINE = 60.0  # s; a disk that has not answered by then will not

_open_writers: "weakref.WeakSet[RunWriter]" = weakref.WeakSet()


class RunWriter:
    """One run on disk; use it in a `with` block, and say `end` with the outcome.

    folder     is made, with -2, -3, ... behind its name if that is taken; the attribute `folder` tells which
    header     what the run must remember (station, seed, sample, stage, calibration and hash, limits, ...);
               must say `simulated`, True or False; `run_id` is made up if it is not given
    columns    labels such as "T (K)"; the procedure's own DATA_COLUMNS if there is a procedure
    procedure  a pymeasure Procedure, whose class and parameters are kept
    clock      read for every event (s), beside the time of day
    sync       False leaves syncing to the operating system: nothing is ever called durable then

    Raises ValueError, before anything is made, for a header or columns that cannot be kept, RunFileError for
    the disk. Every method may be called from any thread. A forked child cannot write into its parent's run.
    """

    def __init__(
        self,
        folder: Path,
        *,
        header: Mapping[str, Any],
        columns: Sequence[str],
        procedure: Any = None,
        clock: Clock | None = None,
        disk: Disk | None = None,
        sync: bool = True,
    ) -> None:
        self._form = RowForm(columns)
        self.columns = self._form.columns
        self._clock = clock or WallClock()
        self._disk = disk or Disk()
        self._lock = threading.RLock()
        self._recorded = self._index = self._seq = self._marks = self._alarms = 0
        self._closed = False
        self._owner = os.getpid()
        start = start_event(header, self.columns, procedure, self._clock)
        table_head = csv_header(restored(start))
        folder = Path(folder)
        self.folder = new_run_folder(folder.parent, folder.name, self._disk)
        self._twin: CsvTwin | None = None
        self._syncer: Syncer | None = None
        self._journal = JournalFile(self.folder / JOURNAL_NAME, self._disk)
        try:
            self._twin = CsvTwin(self.folder / CSV_NAME, self._disk)
            _open_writers.add(self)
            if sync:
                self._make_names_durable()
                self._syncer = Syncer(self._journal.fsync)
            self._record("start", start, "the start of the run", urgent=True)
            self._twin.append(table_head, recorded=False)
            self._wait_durable("the start of the run")
        except BaseException as error:
            _closing_too(error, self.close)
            raise

    @property
    def recorded(self) -> int:
        """Points that survive the death of this process."""
        return self._recorded

    @property
    def durable(self) -> int:
        """Points that survive a power cut."""
        return self._syncer.durable if self._syncer else 0

    @property
    def lag(self) -> float:
        """Age (s) of the oldest event recorded but not durable; 0 if there is none, and without syncing."""
        return self._syncer.lag if self._syncer else 0.0

    def point(self, values: Mapping[str, float]) -> int:
        """Append one row and return its index, counted from 0; both files hold it before this returns.

        Every column must be given and no other. Numbers may be float, int, bool (as 0 or 1) and their numpy
        kinds, nan and inf included. Raises ValueError for anything else, and RunFileError.
        """
        texts = self._form.texts(values)
        with self._lock:
            index, before = self._index, self._recorded
            try:
                self._record("point", self._form.json(index, texts), f"point {index}", points=1)
            finally:
                if self._recorded > before and self._twin is not None:
                    self._twin.append(csv_row(texts))
        return index

    def mark(self, kind: str, text: str, /, **data: Any) -> None:
        """Note something between two points. Raises ValueError for data that cannot be kept, RunFileError."""
        self._note("mark", kind, text, data)
        self._marks += 1

    def alarm(self, kind: str, text: str, /, **data: Any) -> None:
        """Note something dangerous; synced at once, without waiting for it. Raises as `mark` does."""
        self._note("alarm", kind, text, data)
        self._alarms += 1

    def check_there(self) -> None:
        """Raise RunFileError when the journal was moved or deleted since it was begun; nothing once it is closed."""
        with self._lock:
            if not self._closed:
                self._journal.check_there()

    def snapshot(self, name: str, data: Any) -> None:
        """Keep the state of something, such as every setting of an instrument. Raises as `mark` does."""
        kept = {"name": str(name), "data": plain(data, f"snapshot {name}"), "points": self._recorded}
        self._record("snapshot", kept, f"the snapshot {name}")

    def end(self, outcome: str, reason: str = "", **data: Any) -> None:
        """Write the outcome ("done", "stopped", "failed"), make everything durable and close the files.

        A run whose points could not be made durable is never called done. Raises ValueError, RunFileError.
        """
        if outcome not in OUTCOMES:
            raise ValueError(f"run {self.folder}: outcome {outcome!r} is unknown; allowed are {', '.join(OUTCOMES)}")
        with self._lock:
            counts = {"points": self._recorded, "marks": self._marks, "alarms": self._alarms}
            kept = {"outcome": outcome, "reason": str(reason), **counts, "data": plain(data, "end")}
            if outcome != "failed":
                self._wait_durable(f"the outcome {outcome!r} is not written")
            self._record("end", kept, "the outcome", urgent=True)
            self._wait_durable("the outcome")
        self.close()

    def close(self) -> None:
        """Close both files; without `end` before it the run reads as interrupted. Raises RunFileError."""
        if self._closed:
            return
        self._closed = True
        _open_writers.discard(self)
        with contextlib.ExitStack() as stack:  # every step is taken, even when one before it fails
            stack.callback(self._journal.close)
            if self._twin is not None:
                stack.callback(self._twin.close)
            if self._syncer is not None:
                stack.callback(self._raise_sync_failure)
                stack.callback(self._syncer.close, _SYNC_DEADLINE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._closed:
            return
        if error is None:
            try:
                self.end("failed", "the program left the run without naming an outcome")
            finally:
                self.close()
            return
        _closing_too(error, lambda: self.end("failed", f"{type(error).__name__}: {error}"))
        _closing_too(error, self.close)

    def _note(self, event: str, kind: str, text: str, data: dict[str, Any]) -> None:
        kept = {"kind": str(kind), "text": str(text), "data": plain(data, f"{event} {kind}")}
        self._record(event, {**kept, "points": self._recorded}, f"the {event} {kind}", urgent=event == "alarm")

    def _record(
        self, event: str, content: dict[str, Any] | str, what: str, *, points: int = 0, urgent: bool = False
    ) -> None:
        """Append one event, then raise what the syncing thread has met; the event is recorded even so."""
        rest = content if isinstance(content, str) else encode(content)[1:-1]
        with self._lock:
            self._refuse_if_closed(what)
            seq, index = self._seq, self._index
            times = f'"utc":"{utc_now()}","clock":{float(self._clock.time())!r}'
            line = line_of(f'{{"seq":{seq},"event":"{event}",{times},{rest}}}')
            # Counted before the write: Ctrl-C in the middle of it must not let a number be given twice.
            self._seq, self._index = seq + 1, index + points
            try:
                self._journal.append(line, what)
            except RunFileError:
                self._seq, self._index = seq, index
                raise
            self._recorded += points
            if self._syncer is not None:
                self._syncer.recorded(self._recorded, urgent=urgent)
        self._raise_sync_failure()

    def _refuse_if_closed(self, what: str) -> None:
        if os.getpid() != self._owner:
            raise RunFileError(
                f"run {self.folder}: {what} comes from a forked process, but the run belongs to process "
                f"{self._owner}; write from there"
            )
        if self._closed:
            raise RunFileError(f"run {self.folder}: {what} comes after the files were closed; begin a new run")

    def _make_names_durable(self) -> None:
        try:
            self._disk.fsync_folder(self.folder)
            self._disk.fsync_folder(self.folder.parent)
        except OSError as error:
            raise self._sync_error("its name could not be made durable", error) from error

    def _wait_durable(self, what: str) -> None:
        if self._syncer is None:
            return
        synced = self._syncer.wait(_SYNC_DEADLINE)
        self._raise_sync_failure()
        if not synced:
            raise RunFileError(
                f"run {self.folder}: {what}: the disk did not confirm it in {_SYNC_DEADLINE:g} s; check it",
                recorded=True,
            )

    def _raise_sync_failure(self) -> None:
        if self._syncer is not None and self._syncer.failure is not None:
            raise self._sync_error(
                f"points {self._syncer.durable} and later may be lost in a power cut", self._syncer.failure
            ) from self._syncer.failure

    def _sync_error(self, what: str, error: OSError) -> RunFileError:
        cause, remedy = cause_and_remedy(error)
        return RunFileError(
            f"run {self.folder}: the disk could not be synced, {what}: {cause}; {remedy} and begin a new run",
            recorded=True,
        )

    def _leave_to_parent(self) -> None:
        """In a forked child: let go of the parent's files, whose lock would otherwise outlive the parent."""
        self._closed = True
        for handle in (self._journal.handle, self._twin.handle if self._twin else None):
            if handle is not None:
                with contextlib.suppress(OSError):
                    os.close(handle)


def _abandon_in_child() -> None:
    for writer in list(_open_writers):
        writer._leave_to_parent()
    _open_writers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_in_child)


def _closing_too(error: BaseException, step: Callable[[], None]) -> None:
    """Take a closing step while `error` is on its way; if it fails as well, say so in a note of `error`."""
    try:
        step()
    except RunFileError as failure:
        error.add_note(f"and then: {failure}")
