"""Runs as the plots want them: columns that grow with the file, each look reading only what is new.

A feed belongs to the thread that reads files; what it hands out is never changed afterwards. Columns lie in memory that
doubles when it is full, and what was handed out is the part of it that had been filled by then.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldfinger.analysis.dataset import Table, field_of
from coldfinger.analysis.reading import table_of
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.parts import all_parts, join
from coldfinger.runfiles.reader import Mark, Run, RunTail, read_run

Array = NDArray[np.float64]
_FIRST = 1024  # rows of memory to begin with
FLAGS = "flags"


@dataclass(frozen=True, eq=False)
class RunRows:
    """One run, its parts joined, as far as it has been read."""

    folder: Path
    name: str
    procedure: str
    """Class that measured it, without its module."""
    simulated: bool
    field: float
    """Oe, as asked for; nan where no row says it."""
    columns: Mapping[str, Array]
    """Arrays of shape (n,), by label."""
    flags: NDArray[np.int64]
    marks: tuple[Mark, ...]
    outcome: str
    """"" while nobody has said an end."""
    damaged: int
    """Torn or damaged lines that were left out."""
    begun: float = 0.0
    """Clock of the station at the beginning (s)."""
    table: Any = dataclasses.field(default=None, repr=False)
    """Makes the `Table` that a fit takes; see `as_table`."""

    def __len__(self) -> int:
        return len(self.flags)

    def as_table(self) -> Table:
        """The same for the analysis; copies all rows, so not in the thread of the window."""
        table: Table = self.table()
        return table


def first_rows(rows: RunRows, count: int) -> RunRows:
    """The run as it was when it had `count` rows of its own, beside those of the parts before: it had no end yet."""
    later: _Later = rows.table
    n = min(later.kept + count, len(rows))
    columns = {label: column[:n] for label, column in rows.columns.items()}
    newest = rows.begun + float(columns["time (s)"][n - 1]) if n and "time (s)" in columns else rows.begun
    return dataclasses.replace(
        rows,
        columns=columns,
        flags=rows.flags[:n],
        marks=tuple(mark for mark in rows.marks if mark.clock <= newest),
        outcome="",
        table=dataclasses.replace(later, columns=columns, index=later.index[:n]),
    )


class RunFeed:
    """Follows one run; `look` gives its rows, or None where nothing has changed since the last look."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._tail = RunTail(self.folder)
        self._before: tuple[Run, ...] = ()
        self._store: dict[str, Array] = {}
        self._index: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._count = self._kept = 0
        self._opened = False
        self._seen: tuple[int, int] = (-1, -1)

    @property
    def ended(self) -> bool:
        return bool(self._tail.end)

    def look(self) -> RunRows | None:
        """Read what is new. Raises RunFileError where the file cannot be read or is not a run's."""
        fresh = self._tail.new_points()
        if self._tail.lines and len(self._tail.skipped_lines) == self._tail.lines:
            raise RunFileError(f"run file {self._tail.path}: none of its lines has a right checksum; leave it out")
        if not self._opened and self._tail.header:
            self._open()
        if len(fresh):
            if not self._count - self._kept:
                self._supersede()
            self._append({label: fresh[label].to_numpy() for label in self._tail.columns}, fresh.index.to_numpy())
        state = (self._tail.lines, self._count)
        if state == self._seen:
            return None
        self._seen = state
        return self._rows()

    def _open(self) -> None:
        """Fetch the parts before this one."""
        self._opened = True
        if self._tail.header.get("continues"):
            self._before = tuple(read_run(part) for part in all_parts(self.folder)[:-1])
            frame = join(self._before).frame
            self._append(
                {label: frame[label].to_numpy() for label in self._before[0].columns}, -1 - np.arange(len(frame))
            )
            self._kept = self._count

    def _supersede(self) -> None:
        """The first row of this part has come: rows of the parts before it that do not stand are dropped."""
        keeps = (self._tail.header.get("continues") or {}).get("keeps", self._kept)
        if int(keeps) < self._kept:
            kept = {label: column[: int(keeps)].copy() for label, column in self._store.items()}
            index = self._index[: int(keeps)].copy()
            self._store, self._count, self._kept = {}, 0, int(keeps)
            self._append(kept, index)

    def _append(self, columns: Mapping[str, Array], index: NDArray[np.int64]) -> None:
        need = self._count + len(index)
        size = len(self._index) if self._store else 0
        if need > size:
            size = max(_FIRST, 2 * size, need)
            grown = {label: np.full(size, np.nan) for label in columns}
            for label, column in self._store.items():
                grown.setdefault(label, np.full(size, np.nan))[: self._count] = column[: self._count]
            numbers = np.full(size, -1, dtype=np.int64)
            numbers[: self._count] = self._index[: self._count]
            self._store, self._index = grown, numbers
        for label in self._store:
            if label in columns:
                self._store[label][self._count : need] = columns[label]
        self._index[self._count : need] = index
        self._count = need

    def _rows(self) -> RunRows:
        n, header = self._count, self._tail.header
        columns = {label: column[:n] for label, column in self._store.items()}
        flags = np.nan_to_num(columns.get(FLAGS, np.zeros(n))).astype(np.int64)
        return RunRows(
            folder=self.folder,
            name=self.folder.name,
            procedure=str(header.get("procedure") or "").rpartition(".")[2],
            simulated=bool(header.get("simulated", True)),
            field=_field(columns),
            columns=columns,
            flags=flags,
            marks=(*(mark for run in self._before for mark in run.marks), *self._tail.marks),
            outcome=str(self._tail.end.get("outcome", "")),
            damaged=len(self._tail.skipped_lines),
            begun=float(header.get("clock", 0.0)),
            table=_Later(self._run(), self._before, columns, self._index[:n], self._kept),
        )

    def _run(self) -> Run:
        tail = self._tail
        end = tail.end
        return Run(
            path=tail.path,
            header=tail.header,
            columns=tail.columns,
            frame=None,  # type: ignore[arg-type]  # filled in when a table is asked for
            marks=tuple(tail.marks),
            alarms=tuple(tail.alarms),
            snapshots=(),
            outcome=str(end.get("outcome", "running")),
            reason=str(end.get("reason", "")),
            end=end,
            skipped_lines=tuple(tail.skipped_lines),
            gaps=(),
        )


@dataclass(frozen=True, eq=False)
class _Later:
    """A table that is made when somebody wants it."""

    run: Run
    before: tuple[Run, ...]
    columns: Mapping[str, Array]
    index: NDArray[np.int64]
    kept: int

    def __call__(self) -> Table:
        import pandas as pd

        own = slice(self.kept, None)
        frame = pd.DataFrame(
            {label: self.columns[label][own] for label in self.run.columns},
            columns=list(self.run.columns),
            index=pd.Index(self.index[own]),
        )
        return table_of([*self.before, dataclasses.replace(self.run, frame=frame)])


class Feeds:
    """The runs that are shown. `look` follows those that have not ended; one that cannot be read is said once."""

    def __init__(self) -> None:
        self._feeds: dict[Path, RunFeed] = {}
        self._rows: dict[Path, RunRows] = {}
        self.refused: set[Path] = set()

    def look(self, folders: Iterable[Path], follow: Iterable[Path]) -> tuple[dict[Path, RunRows], list[str]]:
        """Rows of all `folders` that can be read, and what is new to say about those that cannot; others are dropped.

        Those of `follow` are looked at again where they have not ended.
        """
        wanted, again, said = list(dict.fromkeys(folders)), set(follow), []
        for gone in self._feeds.keys() - set(wanted):
            del self._feeds[gone]
            self._rows.pop(gone, None)
        self.refused &= set(wanted)
        for folder in wanted:
            if folder in self.refused:
                continue
            feed = self._feeds.setdefault(folder, RunFeed(folder))
            if folder in self._rows and (feed.ended or folder not in again):
                continue
            try:
                rows = feed.look()
            except (RunFileError, KeyError, TypeError, ValueError) as error:
                if isinstance(error, RunFileError) and not feed.folder.exists():
                    continue  # it is about to be made
                self.refused.add(folder)
                said.append(str(error))
                continue
            if rows is not None:
                said += _damage(rows, self._rows.get(folder))
                self._rows[folder] = rows
        return {folder: self._rows[folder] for folder in wanted if folder in self._rows}, said


def _damage(rows: RunRows, before: RunRows | None) -> list[str]:
    if rows.damaged <= (before.damaged if before else 0):
        return []
    lines = "1 line is" if rows.damaged == 1 else f"{rows.damaged} lines are"
    return [f"Run {rows.name}: {lines} torn or damaged and left out; the other {len(rows)} rows are shown."]


def _field(columns: Mapping[str, Array]) -> float:
    import pandas as pd

    there = {label: columns[label][:200] for label in ("H_set (Oe)", "H (Oe)") if label in columns}
    return field_of(pd.DataFrame(there)) if there else float("nan")
