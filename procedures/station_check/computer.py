"""Is this computer fit to keep what is measured, to tell the time of it, and to act when the program is dead?"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from coldfinger.instruments.clock import Moment
from coldfinger.procedures.laboratory.station_file import StationFile
from coldfinger.procedures.safety.deadman import DeadMan, DeadManError
from coldfinger.procedures.safety.locks import LockedError, hold_data_folder
from coldfinger.procedures.station_check.findings import Said, fail, ok, warn
from coldfinger.runfiles.disk import cause_and_remedy

_EARLIEST = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
_STEP = 0.5  # s by which two clocks may drift apart while the check lasts
_AHEAD = 60.0  # s by which a run may have ended after now
_LITTLE, _TOO_LITTLE = 2e9, 2e8  # bytes


def clock_line(before: Moment, after: Moment, newest: float = 0.0) -> Said:
    """The time of day, against the clock that never jumps and the newest run (s since 1970) in the data folder."""
    advice = "set the computer's clock by a time server"
    if after.of_day < _EARLIEST:
        return fail(f"the computer believes in {_date(after.of_day)}: runs would carry wrong dates", advice)
    if newest > after.of_day + _AHEAD:
        return fail(
            f"the newest run is of {_date(newest)}, but now is {_date(after.of_day)}: the clock was set back, and runs "
            "would not be in their order",
            advice,
        )
    step = (after.of_day - before.of_day) - (after.running - before.running)
    if abs(step) > _STEP:
        return warn(
            f"the time of day jumped by {step:+.3g} s during the check; waits do not mind, dates of rows do", advice
        )
    return ok(f"{_date(after.of_day)}, and steady during the check")


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def newest_run(data: Path) -> float:
    """When the newest run in a data folder was written last (s since 1970); 0 without one."""
    times = [0.0]
    with contextlib.suppress(OSError):
        times += [path.stat().st_mtime for path in data.glob("*/run.jsonl")]
    return max(times)


def disk_line(data: Path, free: Callable[[Path], float] | None = None) -> Said:
    """Room on the disk of the data folder; a night of ten thousand rows takes 10 MB."""
    place = _existing(data)
    try:
        room = (free or _free)(place)
    except OSError as error:
        cause, remedy = cause_and_remedy(error)
        return fail(f"the disk of {place} cannot be asked for its room: {cause}", remedy)
    text = f"{room / 1e9:.3g} GB free at {place}"
    if room < _TOO_LITTLE:
        return fail(f"{text}: a night may not fit, and a run ends when its rows cannot be written", "free some space")
    if room < _LITTLE:
        return warn(f"{text}: that is little", "free some space before a long night")
    return ok(text)


def _free(place: Path) -> float:
    return float(shutil.disk_usage(place).free)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above that is there."""
    folder = folder.absolute()
    return next((place for place in (folder, *folder.parents) if place.exists()), folder)


def folder_line(data: Path) -> Said:
    """Whether a run can be written into the data folder, and nobody else does; nothing stays behind."""
    place = _existing(data)
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".coldfinger-check") as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
        if place == data.absolute():
            hold_data_folder(data, "coldfinger check").release()
    except OSError as error:
        cause, remedy = cause_and_remedy(error)
        return fail(f"nothing can be written into {data}: {cause}", remedy)
    except LockedError as error:
        return fail(f"{error}", "end that program, or give another folder with --data")
    return ok(f"{data} can be written" + ("" if place == data.absolute() else ", once it is made"))


def dead_man_line(file: StationFile, start: Callable[[StationFile], DeadMan] | None = None) -> Said:
    """Whether the process that makes the station safe after the death of this one can be started."""
    if file.simulated:
        return ok("not needed: a simulated station ends with its program")
    try:
        (start or _started)(file).release()
    except (DeadManError, OSError) as error:
        return fail(
            f"it does not start, and without it nothing may be switched on: {error}", "see to that, then check again"
        )
    return ok(f"it starts; it acts after {file.sections['safe']['dead_man']:g} s without a sign of life")


def _started(file: StationFile) -> DeadMan:
    return DeadMan(file).start()
