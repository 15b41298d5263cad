"""How a run goes on after its earlier parts: what a further part has to know of those before it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from coldfinger.instruments.errors import InstrumentError
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.station import Station
from coldfinger.runfiles.journal import plain
from coldfinger.runfiles.parts import Parts, all_parts, read_parts
from coldfinger.runfiles.reader import Run


class Continuable(Protocol):
    """What is needed of a procedure here."""

    kept_rows: int

    def go_on_after(self, rows: pd.DataFrame, station: Station) -> str: ...

    def parameter_objects(self) -> dict[str, Any]: ...


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
