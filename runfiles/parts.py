"""The parts of one run, joined to one table.

A run that was interrupted goes on as a further part in a folder of its own. Its header says which part it is, which
run it continues, and `keeps`: how many rows of the parts before it still stand. Rows after those are superseded, since
the new part measures them again. A part that has no row supersedes nothing, whatever its header says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.reader import Run, read_run

PART_COLUMN = "part"


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
