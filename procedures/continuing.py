"""The parts of one run: joined to one table, and what a further part has to know of those before it.

A run that was interrupted goes on as a further part in a folder of its own. Its header says which part it is, which
run it continues, and `keeps`: how many rows of the parts before it still stand. Rows after those are superseded, since
the new part measures them again. A part that has no row supersedes nothing, whatever its header says.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from coldfinger.instruments.errors import InstrumentError
from coldfinger.procedures.data.disk import RunFileError
from coldfinger.procedures.data.journal import plain
from coldfinger.procedures.data.reader import Run, read_run
from coldfinger.procedures.limits import LimitError
from coldfinger.procedures.station import Station

PART_COLUMN = "part"


class Continuable(Protocol):
    """What is needed of a procedure here."""

    kept_rows: int

    def go_on_after(self, rows: pd.DataFrame, station: Station) -> str: ...

    def parameter_objects(self) -> dict[str, Any]: ...


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of one run, the oldest first.

    frame       rows that stand, indexed from 0, with the column `part` (from 1); times count from each part's start
    superseded  how many rows do not stand, because a later part has measured them again
    """

    runs: tuple[Run, ...]
    frame: pd.DataFrame
    superseded: int

    @property
    def header(self) -> dict[str, Any]:
        """Of the first part."""
        return self.runs[0].header

    @property
    def parameters(self) -> dict[str, Any]:
        """Of the first part."""
        return self.runs[0].parameters

    @property
    def columns(self) -> tuple[str, ...]:
        return self.runs[0].columns

    @property
    def outcome(self) -> str:
        """Of the last part: the whole is done when that is."""
        return self.runs[-1].outcome

    @property
    def reason(self) -> str:
        return self.runs[-1].reason

    @property
    def marks(self) -> tuple[Any, ...]:
        """Of all parts."""
        return tuple(mark for run in self.runs for mark in run.marks)


@dataclass(frozen=True)
class Continuation:
    """How a run goes on after its earlier parts."""

    parts: Parts
    sentence: str
    keeps: int
    error: InstrumentError | None = field(default=None)
    """What the instruments said when they were asked whether it can."""

    def header(self) -> dict[str, Any]:
        """What the new part's header says of it."""
        last = self.parts.runs[-1]
        continues = {"run_id": last.header.get("run_id"), "folder": last.path.parent.name, "keeps": self.keeps}
        return {"part": len(self.parts.runs) + 1, "continues": continues}

    def __str__(self) -> str:
        rows, last = len(self.parts.frame), self.parts.runs[-1]
        return (
            f"part {len(self.parts.runs) + 1}, after {last.path.parent.name} ({last.outcome}): "
            f"{rows} rows were there, {self.keeps} of them stand; {self.sentence}"
        )


def read_parts(folders: Sequence[Path]) -> Parts:
    """Read and join the parts of one run, the oldest first.

    Raises RunFileError for a part that cannot be read, or is no further part of the one before it.
    """
    return join([read_run(Path(folder)) for folder in folders])


def join(runs: Sequence[Run]) -> Parts:
    """The parts as one table; raises RunFileError where they do not belong together."""
    if not runs:
        raise RunFileError("parts of a run: no folder was given; give at least one")
    frame = _rows_of(runs[0], 1)
    superseded = 0
    for i, run in enumerate(runs[1:]):
        _check_follows(runs[i], run)
        rows = _rows_of(run, i + 2)
        if rows.empty:
            continue
        keeps = min(int(run.header["continues"]["keeps"]), len(frame))
        superseded += len(frame) - keeps
        frame = pd.concat([frame.iloc[:keeps], rows], ignore_index=True) if keeps else rows
    return Parts(tuple(runs), frame.reset_index(drop=True), superseded)


def all_parts(folder: Path) -> list[Path]:
    """The folder of a run and those of the parts before it, beside it, the oldest first."""
    chain = [Path(folder)]
    while True:
        run = read_run(chain[0])
        before = (run.header.get("continues") or {}).get("folder")
        if before is None:
            return chain
        earlier = run.path.parent.parent / before
        if earlier in chain:
            raise RunFileError(f"run file {run.path}: its parts continue each other in a circle; give them one by one")
        chain.insert(0, earlier)


def continuation_of(
    procedure: Continuable, station: Station, continues: Path | Run | Sequence[Path]
) -> Continuation | None:
    """How `procedure` goes on after a run, or after all parts of one; None where none is given.

    Raises RunFileError when the parts cannot be read, LimitError when they are not of this procedure or station.
    """
    if isinstance(continues, Run):
        continues = all_parts(continues.path.parent)
    elif isinstance(continues, Path):
        continues = all_parts(continues)
    if not continues:
        return None
    parts = read_parts(continues)
    _check_belongs(procedure, station, parts)
    if parts.frame.empty:
        return Continuation(parts, "it begins again: there are no rows", 0)
    if changed := _changed(procedure, parts.runs[-1]):
        return Continuation(parts, f"it begins again, because {', '.join(changed)} changed", 0)
    try:
        sentence = procedure.go_on_after(parts.frame, station)
    except InstrumentError as error:
        return Continuation(parts, "not begun", len(parts.frame), error)
    if not sentence:
        return Continuation(parts, "it begins again", 0)
    return Continuation(parts, sentence, procedure.kept_rows)


def _rows_of(run: Run, part: int) -> pd.DataFrame:
    """Every row once: one whose first writing failed may stand in the file twice."""
    frame = run.frame[~run.frame.index.duplicated(keep="last")]
    return frame.assign(**{PART_COLUMN: np.full(len(frame), part)})


def _check_follows(before: Run, run: Run) -> None:
    continues = run.header.get("continues") or {}
    if continues.get("run_id") != before.header.get("run_id"):
        said = f"continues {continues['folder']}" if continues else "is the first part of a run"
        raise RunFileError(
            f"run file {run.path}: it {said}, not {before.path.parent.name}; "
            "give the parts of one run, the oldest first"
        )


def _check_belongs(procedure: Continuable, station: Station, parts: Parts) -> None:
    kind = f"{type(procedure).__module__}.{type(procedure).__qualname__}"
    header, folder = parts.runs[-1].header, parts.runs[-1].path.parent.name
    if header.get("procedure") != kind:
        was = str(header.get("procedure")).rpartition(".")[2]
        raise LimitError(
            f"continue: {folder} is a {was}, this is a {type(procedure).__name__}; continue it with its own procedure, "
            "or begin a new run"
        )
    if header.get("simulated") != station.simulated:
        was, now = ("simulated", "real") if header.get("simulated") else ("real", "simulated")
        raise LimitError(f"continue: {folder} is {was}, this station is {now}; begin a new run")


def _changed(procedure: Continuable, run: Run) -> list[str]:
    """Names of the parameters that differ from those of a run."""
    now = {name: plain(held.value, name) for name, held in procedure.parameter_objects().items()}
    return [name for name, value in run.parameters.items() if name in now and not _same(now[name], value)]


def _same(a: Any, b: Any) -> bool:
    return bool(a == b) or (isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b))
