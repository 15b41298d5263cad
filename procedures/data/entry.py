"""One line of the catalogue: what a run's folder says of itself, in numbers that can be searched."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.quality import DISBELIEVED
from coldfinger.runfiles.reader import Run, read_run

KINDS = {
    "TemperatureRamp": "RT",
    "AdaptiveRamp": "RT",
    "FieldSweep": "RH",
    "LowFieldMagnetoresistance": "MR",
    "DifferentialResistance": "dVdI",
    "ZeroField": "zero",
    "FrequencyCheck": "check",
    "HeatingCheck": "check",
    "LeadCheck": "check",
    "LinearityCheck": "check",
    "ThermometerCheck": "check",
}
"""Short names of what procedures measure."""
DAMAGED = "damaged"
OUTCOMES = ("running", "interrupted", "done", "stopped", "failed", DAMAGED)


@dataclass(frozen=True)
class Entry:
    """One run.

    id          short number, the run's own for ever
    kind        "RT", "RH", "MR", "dVdI", "check", "zero", "" for any other procedure
    lowest_Oe   field at the sample over the believed rows (over all, where none is believed); None without rows
    coldest_K   the same of the sample's temperature
    begun_utc   ISO 8601, "" where the first line is lost; ended_utc "" where the run has no end
    seconds     on the run's own clock, until its end or its last row
    outcome     "running", "interrupted", "done", "stopped", "failed", or "damaged" where nothing could be read
    noise_V     median expected noise of X
    part        from 1; `continues` is the folder of the part before
    damage      one sentence on what was lost and what was recovered, "" for an undamaged run
    """

    id: int
    folder: str
    run_id: str = ""
    procedure: str = ""
    kind: str = ""
    sample: str = ""
    stage: str = ""
    station: str = ""
    simulated: bool = False
    lowest_Oe: float | None = None
    highest_Oe: float | None = None
    coldest_K: float | None = None
    warmest_K: float | None = None
    begun_utc: str = ""
    ended_utc: str = ""
    seconds: float | None = None
    outcome: str = DAMAGED
    reason: str = ""
    rows: int = 0
    believed: int = 0
    noise_V: float | None = None
    night: str = ""
    item: str = ""
    item_name: str = ""
    family: str = ""
    part: int = 1
    continues: str = ""
    damage: str = ""
    tags: tuple[str, ...] = ()
    star: bool = False
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values only."""
        return {**asdict(self), "tags": list(self.tags)}


def entry_of(folder: Path) -> Entry:
    """What the files of a run say; number and remarks are left out. Never raises for what is in them."""
    try:
        run = read_run(folder)
    except RunFileError as error:
        return Entry(0, folder.name, damage=str(error))
    header = run.header
    frame = run.frame[~run.frame.index.duplicated(keep="last")]
    good = frame[believed_rows(frame)]
    procedure = str(header.get("procedure") or "").rpartition(".")[2]
    sample, family, continues = _table(header, "sample"), _table(header, "family"), _table(header, "continues")
    lowest_Oe, highest_Oe = _range(good if len(good) else frame, "H (Oe)")
    coldest_K, warmest_K = _range(good if len(good) else frame, "T_sample (K)", "T_mc (K)")
    return Entry(
        0,
        folder.name,
        run_id=_text(header, "run_id"),
        procedure=procedure,
        kind=KINDS.get(procedure, ""),
        sample=_text(sample, "name"),
        stage=_text(sample, "stage"),
        station=_text(_table(header, "station"), "name"),
        simulated=bool(header.get("simulated")),
        lowest_Oe=lowest_Oe,
        highest_Oe=highest_Oe,
        coldest_K=coldest_K,
        warmest_K=warmest_K,
        begun_utc=_text(header, "utc"),
        ended_utc=_text(run.end, "utc"),
        seconds=_seconds(run),
        outcome=run.outcome,
        reason=run.reason,
        rows=len(frame),
        believed=len(good),
        noise_V=_median(good, "X_sd (V)"),
        night=_text(header, "night"),
        item=_text(header, "item"),
        item_name=_text(header, "item_name"),
        family=_text(family, "id"),
        part=header["part"] if isinstance(header.get("part"), int) else 1,
        continues=_text(continues, "folder"),
        damage=_damage(run),
    )


def believed_rows(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """True for rows without a flag that forbids to believe in them; all of them where there are no flags."""
    if "flags" not in frame:
        return np.ones(len(frame), dtype=bool)
    flags = np.nan_to_num(frame["flags"].to_numpy()).astype(np.int64)
    return np.asarray((flags & int(DISBELIEVED)) == 0)


def _table(header: dict[str, Any], name: str) -> dict[str, Any]:
    value = header.get(name)
    return value if isinstance(value, dict) else {}


def _text(table: dict[str, Any], name: str) -> str:
    value = table.get(name)
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _finite(frame: pd.DataFrame, column: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    values = frame[column].to_numpy() if column in frame else np.empty(0)
    return np.asarray(values[np.isfinite(values)], dtype=np.float64)


def _range(frame: pd.DataFrame, *columns: str) -> tuple[float | None, float | None]:
    """Smallest and largest finite value of the first of the columns that has one."""
    for column in columns:
        values = _finite(frame, column)
        if values.size:
            return float(values.min()), float(values.max())
    return None, None


def _median(frame: pd.DataFrame, column: str) -> float | None:
    values = _finite(frame, column)
    return float(np.median(values)) if values.size else None


def _seconds(run: Run) -> float | None:
    begun, ended = run.header.get("clock"), run.end.get("clock")
    if isinstance(begun, float) and isinstance(ended, float) and math.isfinite(ended - begun):
        return ended - begun
    times = _finite(run.frame, "time (s)")
    return float(times.max()) if times.size else None


def _damage(run: Run) -> str:
    parts = []
    # A line that the death of its writer cut short is what an interruption looks like, no damage.
    cut = run.outcome == "interrupted" and len(run.skipped_lines) == 1
    if run.skipped_lines and not cut:
        count = len(run.skipped_lines)
        parts.append(f"{count} {'line is' if count == 1 else 'lines are'} torn or damaged")
    if not run.header:
        parts.append("the first line, with parameters and station, is lost")
    if run.gaps:
        missing = sum(last - first + 1 for first, last in run.gaps)
        parts.append(f"{missing} {'row is' if missing == 1 else 'rows are'} missing")
    if not parts:
        return ""
    count = len(run.frame)
    return f"{'; '.join(parts)}; {count} {'row was' if count == 1 else 'rows were'} recovered"
