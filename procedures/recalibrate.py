"""A run with another thermometer curve: a new run file beside the old one, which is not touched.

Ohms, X and Y, the resistivity and everything else that was measured are kept; only what the curve says is made anew:
the sample's temperature with its standard deviation, and the flags that depend on it. Outside the curve there is no
temperature. The new file says from which run it was made, with which curve, and which curve there was before.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coldfinger.instruments.calibration import Calibration
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.procedures.laboratory.station_file import StationFileError, check_station_text
from coldfinger.procedures.rows.point import GRADIENT, GRADIENT_OF, gradient
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.quality import Quality
from coldfinger.runfiles.reader import Run, read_run

NEEDED = ("T_sample (K)", "T_sample_sd (K)", "T_mc (K)", "R_sensor (ohm)", "P_sensor (W)", "readings", "flags")
_WRITERS = frozenset({"run_id", "utc", "clock", "schema", "columns", "units", "clock_kind", "versions", "machine"})
_OF_A_NIGHT = frozenset({"continues", "part", "night", "item", "item_name", "family"})
"""Not taken over: the new run is no item of a queue, and the old ones of its family have not changed."""


class _Past:
    """The clock of a run that is over: it shows the time of what is being copied."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Nobody waits for what has been."""


def recalibrate(run_folder: Path, curve: Calibration, out: Path | None = None) -> Path:
    """Derive a new run from a run by another curve; its folder, in `out` or beside the old one.

    Raises RunFileError for a run that cannot be read, still goes on, or has no sensor in its rows.
    """
    run = read_run(run_folder)
    if run.outcome == "running":
        raise RunFileError(f"run {run.path.parent}: it still goes on; wait until it has ended")
    if missing := [name for name in NEEDED if name not in run.columns]:
        raise RunFileError(f"run {run.path.parent}: it has no column {missing[0]!r}; there is nothing to recalibrate")
    old = run.path.parent.resolve()
    clock = _Past(float(run.header.get("clock", 0.0)))
    name = f"{old.name}_{curve.serial or curve.name}_{curve.hash[:8]}"
    name = "".join(letter if letter.isalnum() or letter in "._+-" else "-" for letter in name)
    writer = RunWriter(
        (out or old.parent) / name, header=_header(run, curve), columns=run.columns, clock=clock, sync=False
    )
    with writer:
        _copy(run, curve, writer, clock)
        outcome = run.outcome if run.outcome != "interrupted" else "stopped"
        reason = run.reason if run.outcome != "interrupted" else "the run that this was made from was interrupted"
        clock.now = float(run.end.get("clock", clock.now))
        writer.end(outcome, reason, **(run.end.get("data") or {}))
    return writer.folder


def _header(run: Run, curve: Calibration) -> dict[str, Any]:
    kept = {key: value for key, value in run.header.items() if key not in _WRITERS | _OF_A_NIGHT}
    before = run.header.get("calibration") or {}
    return kept | {
        "calibration": {"name": curve.name, "hash": curve.hash},
        "derived": {
            "from": run.path.parent.name,
            "run_id": run.header.get("run_id"),
            "measured": run.header.get("utc"),
            "curve": {"name": curve.name, "serial": curve.serial, "hash": curve.hash},
            "curve_before": before,
        },
    }


def _copy(run: Run, curve: Calibration, writer: RunWriter, clock: _Past) -> None:
    """Rows with what was said between them, in the old order."""
    noise = _bridge_noise(run.header)
    frame = run.frame[~run.frame.index.duplicated(keep="last")]
    gradient_of = str(run.parameters.get("gradient_of", GRADIENT_OF[0]))
    said: list[tuple[int, str, Any]] = [(mark.points, "mark", mark) for mark in run.marks]
    said += [(alarm.points, "alarm", alarm) for alarm in run.alarms]
    said += [(snapshot.points, "snapshot", snapshot) for snapshot in run.snapshots]
    said.sort(key=lambda entry: entry[0])
    begun = clock.now
    for number, row in enumerate(frame.to_dict("records")):
        while said and said[0][0] <= number:
            _say(writer, clock, *said.pop(0)[1:])
        clock.now = begun + row.get("time (s)", 0.0)
        writer.point(_row({str(name): value for name, value in row.items()}, curve, noise, gradient_of))
    for _, kind, entry in said:
        _say(writer, clock, kind, entry)


def _say(writer: RunWriter, clock: _Past, kind: str, entry: Any) -> None:
    clock.now = float(entry.clock)
    if kind == "snapshot":
        writer.snapshot(entry.name, entry.data)
    elif kind == "alarm":
        writer.alarm(entry.kind, entry.text, **entry.data)
    else:
        writer.mark(entry.kind, entry.text, **entry.data)


def _row(row: Mapping[str, float], curve: Calibration, noise: float, gradient_of: str) -> dict[str, float]:
    ohms, power = row["R_sensor (ohm)"], row["P_sensor (W)"]
    flags = Quality(int(row["flags"])) & ~(Quality.OUTSIDE_CALIBRATION | Quality.GRADIENT)
    kelvin, sd = float(curve.temperature_or_nan(ohms)), math.nan
    if math.isnan(kelvin):
        flags |= Quality.OUTSIDE_CALIBRATION
    else:
        single = noise / math.sqrt(power / ohms) if power > 0 and ohms > 0 else math.inf
        sd = float(curve.sd_temperature(ohms, single / math.sqrt(row["readings"])))
        if gradient(kelvin, row["T_mc (K)"], gradient_of) > GRADIENT:
            flags |= Quality.GRADIENT
    return {**row, "T_sample (K)": kelvin, "T_sample_sd (K)": sd, "flags": int(flags)}


def _bridge_noise(header: Mapping[str, Any]) -> float:
    """Expected s.d. (V) of one bridge reading by the station file in the run; nan where the run does not say."""
    try:
        table = check_station_text(str(header["station"]["text"]), "the run's station file").sections["thermometer"]
    except (KeyError, TypeError, StationFileError):
        return math.nan
    return float(table["noise"]) / math.sqrt(2.0 * float(table["reading_time"]))
