"""Read a run back: whole, or the rows that are new since the last look.

Only whole lines with a right checksum count. A run without an outcome is "running" while its writer holds the
lock on the journal, and "interrupted" once it does not; nothing is ever guessed to be done.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coldfinger.runfiles.disk import RunFileError, cause_and_remedy, is_held
from coldfinger.runfiles.journal import (
    JOURNAL_NAME,
    NON_FINITE,
    OUTCOMES,
    SCHEMA,
    Batch,
    parse_in_parts,
    restored,
)

_Part = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Numbers of some rows, and the rows."""


@dataclass(frozen=True)
class Mark:
    """A note or an alarm; `points` rows had been recorded before it, `clock` (s) is the run's own clock."""

    kind: str
    text: str
    data: dict[str, Any]
    points: int
    utc: str
    clock: float


@dataclass(frozen=True)
class Snapshot:
    """The state of something; `points` rows had been recorded before it."""

    name: str
    data: Any
    points: int
    utc: str
    clock: float


@dataclass(frozen=True, eq=False)
class Run:
    """One run as its journal tells it.

    frame          rows as float64, one column a label, indexed by the point's number
    outcome        "done", "stopped" or "failed" as written; "running" or "interrupted" when nothing is
    end            utc and clock of the end, counts of points, marks and alarms, and `data`; else empty
    skipped_lines  numbers (from 1) of torn or damaged lines, none of which is used
    gaps           first and last number of each range of points that must have been there and are not
    """

    path: Path
    header: dict[str, Any]
    columns: tuple[str, ...]
    frame: pd.DataFrame
    marks: tuple[Mark, ...]
    alarms: tuple[Mark, ...]
    snapshots: tuple[Snapshot, ...]
    outcome: str
    reason: str
    end: dict[str, Any]
    skipped_lines: tuple[int, ...]
    gaps: tuple[tuple[int, int], ...]

    @property
    def parameters(self) -> dict[str, Any]:
        """Values of the procedure's parameters by attribute name, with all their digits."""
        return {name: kept["value"] for name, kept in (self.header.get("parameters") or {}).items()}

    @property
    def parameter_units(self) -> dict[str, str | None]:
        """Unit of each parameter, None for a pure number."""
        return {name: kept["unit"] for name, kept in (self.header.get("parameters") or {}).items()}

    @property
    def units(self) -> dict[str, str]:
        """Unit of each column whose label ends with one in parentheses."""
        return dict(self.header.get("units") or {})


class RunTail:
    """A run that is being written, followed line by line; each look costs only what is new.

    A row whose first writing failed and was repeated may come twice, the second time with the same number.
    """

    def __init__(self, path: Path) -> None:
        self.path = journal_of(path)
        self.header: dict[str, Any] = {}
        self.columns: tuple[str, ...] = ()
        self.marks: list[Mark] = []
        self.alarms: list[Mark] = []
        self.snapshots: list[Snapshot] = []
        self.end: dict[str, Any] = {}
        self.skipped_lines: list[int] = []
        self.lines = 0  # whole lines seen
        self.torn = False  # whether bytes without a newline followed them
        self._offset = 0
        self._parts: list[_Part] = []  # read and not given away, because the file could not be read on

    def new_points(self) -> pd.DataFrame:
        """Rows written since the last call, as `Run.frame`; brings marks and the rest up to date too."""
        try:
            with open(self.path, "rb") as file:
                file.seek(self._offset)
                for batch in parse_in_parts(file.read, self.lines + 1):
                    self._parts.append(self._new_points(batch))
                self.torn = self._offset < file.tell()
        except OSError as error:
            raise _unreadable(self.path, error) from error
        parts, self._parts = self._parts, []
        return _frame(parts, self.columns)

    def _new_points(self, batch: Batch) -> _Part:
        self._offset += batch.consumed
        self.lines += batch.line_count
        skipped = [*batch.skipped]
        numbers: list[int] = []
        rows: list[list[Any]] = []
        for event, line in zip(batch.events, batch.lines, strict=True):
            if event["event"] == "point":
                if (row := self._row(event)) is not None:
                    numbers.append(event["index"])
                    rows.append(row)
                    continue
            elif self._take(event):
                continue
            skipped.append(line)
        self.skipped_lines += sorted(skipped)
        # numpy reads "nan", "inf" and "-inf" as the floats which they stand for
        values = np.array(rows, dtype=np.float64).reshape(len(rows), len(self.columns))
        return np.array(numbers, dtype=np.int64), values

    def _row(self, event: dict[str, Any]) -> list[Any] | None:
        values = event.get("values")
        if type(event.get("index")) is not int or not isinstance(values, dict):
            return None
        if not self.columns:  # the start line is lost, but every point names its columns
            self.columns = tuple(values)
        row = list(values.values())
        return row if tuple(values) == self.columns and _is_row(row) else None

    def _take(self, event: dict[str, Any]) -> bool:
        """Take note of an event that is not a point; False if it is not one this reader understands."""
        try:
            if event["event"] == "start":
                self._start(event)
            elif event["event"] in ("mark", "alarm"):
                notes = self.alarms if event["event"] == "alarm" else self.marks
                notes.append(Mark(data=restored(event["data"]), **_own(event, "kind", "text", "points")))
            elif event["event"] == "snapshot":
                self.snapshots.append(Snapshot(data=restored(event["data"]), **_own(event, "name", "points")))
            elif event["event"] == "end":
                self._end(event)
            else:
                return False
        except (KeyError, TypeError, ValueError):
            return False
        return True

    def _start(self, event: dict[str, Any]) -> None:
        if event["schema"] > SCHEMA:
            raise RunFileError(
                f"run file {self.path}: it has schema {event['schema']}, this program knows up to {SCHEMA}; "
                "read it with a newer coldfinger"
            )
        self.columns = tuple(event["columns"])
        self.header = _without(restored(event), "seq", "event")

    def _end(self, event: dict[str, Any]) -> None:
        if event["outcome"] not in OUTCOMES or type(event["points"]) is not int:
            raise ValueError("not an outcome")
        self.end = _without(restored(event), "seq", "event")


def read_run(path: Path) -> Run:
    """Read a run from its folder or its run.jsonl.

    Raises RunFileError if there is none, or if the file is not a run's.
    """
    tail = RunTail(Path(path))
    # The lock is looked at first: a run that ends between the two looks is read as ended, not as interrupted.
    running = _is_running(tail.path)
    frame = tail.new_points()
    skipped = [*tail.skipped_lines] + ([tail.lines + 1] if tail.torn and not running else [])
    if tail.lines and len(tail.skipped_lines) == tail.lines:
        raise RunFileError(
            f"run file {tail.path}: none of its {tail.lines} lines has a right checksum; it is not "
            "the journal of a run, or another program has changed it; give the folder of a run"
        )
    end = tail.end
    return Run(
        path=tail.path,
        header=tail.header,
        columns=tail.columns,
        frame=frame,
        marks=tuple(tail.marks),
        alarms=tuple(tail.alarms),
        snapshots=tuple(tail.snapshots),
        outcome=end.get("outcome", "running" if running else "interrupted"),
        reason=end.get("reason", ""),
        end=_without(end, "outcome", "reason"),
        skipped_lines=tuple(skipped),
        gaps=missing_ranges(frame.index.to_numpy(), end.get("points", 0)),
    )


def journal_of(path: Path) -> Path:
    """The journal for a run's folder, for its table or for itself."""
    path = Path(path)
    if path.is_dir():
        return path / JOURNAL_NAME
    return path.with_name(JOURNAL_NAME) if path.suffix == ".csv" else path


def _own(event: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: event[name] for name in (*names, "utc", "clock")}


def _without(event: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: item for name, item in event.items() if name not in names}


def _is_row(row: list[Any]) -> bool:
    if set(map(type, row)) == {float}:  # nearly always, and five times faster than looking at each
        return True
    return all(
        type(value) is float or (type(value) is int and abs(value) <= 2**53) or value in NON_FINITE for value in row
    )


def _is_running(path: Path) -> bool:
    try:
        return is_held(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> RunFileError:
    cause, remedy = cause_and_remedy(error)
    return RunFileError(f"run file {path}: it cannot be read: {cause}; {remedy}")


def _frame(parts: list[_Part], columns: tuple[str, ...]) -> pd.DataFrame:
    there = [(numbers, values) for numbers, values in parts if len(numbers)]
    values = np.concatenate([values for _, values in there]) if there else np.empty((0, len(columns)))
    numbers = np.concatenate([numbers for numbers, _ in there]) if there else np.empty(0, dtype=np.int64)
    return pd.DataFrame(values, columns=list(columns), index=pd.Index(numbers, dtype=np.int64))


def missing_ranges(numbers: NDArray[np.int64], expected: int) -> tuple[tuple[int, int], ...]:
    """First and last of each range missing from 0 to `expected` - 1 or the last number, whichever is larger.

    Sorting lets other threads go on meanwhile, which looking for unique numbers does not.
    """
    present = np.sort(numbers)
    last = max(expected, int(present[-1]) + 1 if present.size else 0)
    edges = np.concatenate(([-1], present, [last]))
    holes = np.flatnonzero(np.diff(edges) > 1)
    return tuple((int(edges[hole]) + 1, int(edges[hole + 1]) - 1) for hole in holes)
