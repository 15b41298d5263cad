"""What the pane below the list says of one run: sample, wiring, how it was measured, what was lost and recovered."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from coldfinger.gui.runs.run_cells import field_text, quality_text, temperature_text, title_of
from coldfinger.procedures.data.entry import Entry
from coldfinger.procedures.words.quantity import duration_text, show
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.quality import Quality
from coldfinger.runfiles.reader import Run, read_run

_NEWEST = 5
_CHECKS = "check"

Line = tuple[str, str]


def details_of(folder: Path, entry: Entry) -> list[Line]:
    """(what, value) of a run, for people; where its file cannot be read the one sentence of why."""
    head = [("Run", title_of(entry)), ("Folder", entry.folder)]
    try:
        run = read_run(folder)
    except RunFileError as error:
        return [*head, ("Unreadable", str(error))]
    return [*head, *((what, said) for what, said in _lines(run, entry) if said)]


def _lines(run: Run, entry: Entry) -> Iterator[Line]:
    yield "Simulated", "yes: no instrument measured this" if entry.simulated else ""
    yield "Outcome", quality_text(entry) + (f": {run.reason}" if run.reason else "")
    yield "Damaged", entry.damage
    yield "Lost", _lost(run)
    sample = run.header.get("sample")
    yield "Sample", _sample(sample if isinstance(sample, Mapping) else {})
    yield "Field", field_text(entry)
    yield "Temperature", temperature_text(entry)
    yield "Duration", duration_text(entry.seconds) if entry.seconds else ""
    yield "Excitation I", _spread(run.frame, "I (A)", "current")
    yield "Frequency", _spread(run.frame, "f (Hz)", "frequency")
    yield "Sensitivity", _spread(run.frame, "sensitivity (V)", "voltage")
    yield "Time constant τ", _spread(run.frame, "time_constant (s)", "time")
    yield "Noise of X", show(float(f"{entry.noise_V:.3g}"), "voltage").replace(" u", " µ") if entry.noise_V else ""
    yield "Flags", _flags(run.frame)
    yield from _checks(run)
    for alarm in run.alarms[-_NEWEST:]:
        yield "Alarm", alarm.text
    if len(run.alarms) > _NEWEST:
        yield "Alarm", f"and {len(run.alarms) - _NEWEST} before these"
    yield "Part", f"{entry.part}, continues {entry.continues}" if entry.continues else ""
    yield "Tags", " ".join(entry.tags)
    yield "Note", entry.note


def _lost(run: Run) -> str:
    """Which lines and rows are not there."""
    parts = []
    if run.skipped_lines:
        parts.append(f"line {_numbers(run.skipped_lines)} of run.jsonl")
    if run.gaps:
        parts.append(
            "row " + ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in run.gaps)
        )
    return "; ".join(parts)


def _numbers(numbers: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, numbers[:8]))
    return f"{shown} and {len(numbers) - 8} more" if len(numbers) > 8 else shown


def _sample(sample: Mapping[str, Any]) -> str:
    name, stage, squares = sample.get("name"), sample.get("stage"), sample.get("squares")
    parts = [str(name) if name else "", f"stage {stage}" if stage else "", f"{squares:g} squares" if squares else ""]
    return ", ".join(part for part in parts if part)


def _spread(frame: pd.DataFrame, label: str, kind: str) -> str:
    """One value, or the smallest and the largest."""
    values = frame[label].to_numpy(dtype=float) if label in frame else np.empty(0)
    values = values[np.isfinite(values)]
    if not values.size:
        return ""
    ends = dict.fromkeys(show(float(f"{end:.4g}"), kind).replace(" u", " µ") for end in (values.min(), values.max()))
    return " to ".join(ends)


def _flags(frame: pd.DataFrame) -> str:
    if "flags" not in frame:
        return ""
    flags = np.nan_to_num(frame["flags"].to_numpy()).astype(np.int64)
    counts = {flag: int(np.count_nonzero(flags & int(flag))) for flag in Quality}
    said = [f"{(flag.name or '').lower().replace('_', ' ')} {count}" for flag, count in counts.items() if count]
    return ", ".join(said) or "none"


def _checks(run: Run) -> Iterator[Line]:
    """The last verdict of each belief test."""
    latest = {str(mark.data.get("name")): mark for mark in run.marks if mark.kind == _CHECKS}
    for name, mark in latest.items():
        yield f"Test of {name}", str(mark.data.get("sentence") or mark.data.get("outcome") or "")
