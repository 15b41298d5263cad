"""What was recorded: runs of a night in the order in which they were measured, on one common time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldfinger.procedures.engine.queue_journal import read_queue
from coldfinger.procedures.laboratory.station_file import CASSETTE
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.journal import JOURNAL_NAME
from coldfinger.runfiles.reader import Run, read_run


class ReplayError(ValueError):
    """What cannot be played, and why, in one sentence."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """One run on the common time (s): it begins at `begin`; `times` of its rows never fall."""

    folder: Path
    run: Run
    name: str
    begin: float
    times: NDArray[np.float64]

    @property
    def end(self) -> float:
        return float(self.times[-1])


def read_recorded(path: Path | str) -> list[Recorded]:
    """What is in a run folder, in the folder of a night, or beside a cassette. Raises ReplayError."""
    folders = _folders(Path(path))
    recorded: list[Recorded] = []
    for folder in folders:
        try:
            run = read_run(folder)
        except RunFileError as error:
            if len(folders) == 1:
                raise ReplayError(f"{error}") from None
            continue  # the others of the night can be seen
        if run.outcome == "running":
            raise ReplayError(f"{folder.name}: this run is being measured now; look at it live, or wait for its end")
        if len(run.frame):
            recorded.append(_recorded(folder, run, recorded[-1].end if recorded else 0.0))
    if not recorded:
        raise ReplayError(f"{path}: it has no rows to play; choose a run with rows")
    return recorded


def _folders(path: Path) -> list[Path]:
    """Folders of runs in the order in which they were measured."""
    if path.suffix == CASSETTE:
        found = sorted(journal.parent for journal in path.parent.glob(f"*/{JOURNAL_NAME}"))
        if not found:
            raise ReplayError(f"cassette {path.name}: no run files lie beside it; play it as a station instead")
        return found
    if not path.exists():
        raise ReplayError(f"{path}: there is no such run; choose the folder of a run or of a night")
    if path.is_file() or (path / JOURNAL_NAME).exists():
        return [path if path.is_dir() else path.parent]
    if path.parent.name == "queue":
        data = path.parent.parent
        try:
            items = read_queue(path).items
        except RunFileError as error:
            raise ReplayError(str(error)) from None
        named = [data / folder for item in items for folder in item.folders]
        return [folder for folder in named if (folder / JOURNAL_NAME).exists()]
    return sorted(journal.parent for journal in path.glob(f"*/{JOURNAL_NAME}"))


def _recorded(folder: Path, run: Run, begin: float) -> Recorded:
    frame = run.frame
    raw = frame["time (s)"].to_numpy(dtype=float) if "time (s)" in frame else np.arange(len(frame), dtype=float)
    times = np.maximum.accumulate(np.where(np.isfinite(raw) & (raw > 0), raw, 0.0))
    name = str(run.header.get("item_name") or folder.name)
    return Recorded(folder, run, name, begin, begin + times)


def events_of(recorded: Sequence[Recorded]) -> list[dict[str, Any]]:
    """Marks and alarms of all runs in the order of their time, numbered from 1, with their time as `clock`."""
    found: list[dict[str, Any]] = []
    for one in recorded:
        begun = one.run.header.get("clock")
        both = [("info", mark) for mark in one.run.marks] + [("alarm", mark) for mark in one.run.alarms]
        for level, mark in both:
            after = mark.clock - begun if isinstance(begun, int | float) else 0.0
            clock = one.begin + min(max(after, 0.0), one.end - one.begin)
            found.append(
                {"utc": mark.utc, "level": level, "kind": mark.kind, "text": mark.text, "seen": False, "clock": clock}
            )
    found.sort(key=lambda event: event["clock"])
    return [{"seq": number, **event} for number, event in enumerate(found, 1)]


def time_of(utc: Any) -> datetime:
    """A time of a journal; the beginning of 1970 where it is none."""
    try:
        time = datetime.fromisoformat(str(utc))
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
