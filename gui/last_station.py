"""Which station the window opens when nobody says it: the one of the last time, the simulated one the first time.

It is known before Qt is loaded, because the owner process is begun then; so it has a small file of its own in the state
folder. Only what is opened is remembered: no set point, no speed, nothing that moves.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from coldfinger.procedures.owner.owner import sample_word
from coldfinger.procedures.owner.places import write_private
from coldfinger.procedures.safety.locks import state_folder

VERSION = 1
FILE = "last-station.json"
SIMULATED, FOLDER = "sim", "data"
"""Station and data folder of the first time."""
LONGEST = 100_000
"""Characters that such a file could have at most."""
_WHAT_TO_DO = (
    "The simulated station is open instead. Put that right and open the window again, or say what to open: "
    "coldfinger gui --station FILE --data FOLDER."
)


class NotKnown(ValueError):
    """What was open last cannot be said; why, without a full stop."""


@dataclass(frozen=True)
class LastStation:
    """What a window was attached to: "sim" or the whole path of a station file, data folder, the sample it was given.

    `simulated`: whether nothing real belongs to it.
    """

    station: str
    data: Path
    sample: str | None
    simulated: bool


@dataclass(frozen=True)
class Opening:
    """What the window opens.

    simulator   keys of a simulated station that are replaced ("speed", "sample")
    otherwise   what is opened where this one, which nobody has named, cannot be; None where somebody has
    notice      why it is not what was open last, and what to do; "" where nothing is to be said
    kept        whether it shall be opened again the next time
    """

    station: str
    data: Path
    simulator: Mapping[str, str] = field(default_factory=dict)
    otherwise: "Opening | None" = None
    notice: str = ""
    kept: bool = True

    def instead(self, why: str) -> "Opening":
        """What is opened because this cannot be; what was open last stays remembered."""
        assert self.otherwise is not None
        return replace(self.otherwise, notice=f"{why}. {_WHAT_TO_DO}", kept=False)


def opening_of(
    station: str | None,
    data: str | None,
    simulator: Mapping[str, str],
    *,
    fresh: bool = False,
    simulated: bool = False,
    kept: bool = True,
) -> Opening:
    """What a command line opens; what it says (not None) always counts.

    With `fresh` nothing is looked up; with `simulated` nothing real is opened that the command line does not name.
    """
    given = Opening(station or SIMULATED, Path(data or FOLDER), simulator, kept=kept)
    if station is not None or fresh:
        return given
    try:
        last = last_station()
    except NotKnown as error:
        return replace(given, notice=f"{error}. {_WHAT_TO_DO}", kept=False)
    if last is None or (simulated and not last.simulated):
        return given
    sample = {} if last.sample is None else {"sample": last.sample}
    folder = Path(data) if data is not None else last.data
    recalled = Opening(last.station, folder, {**sample, **simulator}, otherwise=given, kept=kept)
    missing = _missing(recalled)
    return recalled.instead(missing) if missing else recalled


def last_station() -> LastStation | None:
    """What a window was attached to the last time; None for never. Raises NotKnown."""
    path = state_folder() / FILE
    try:
        with path.open(encoding="utf-8") as file:
            kept = json.loads(file.read(LONGEST))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotKnown(f"Which station was open last cannot be read from {path} ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise NotKnown(f"Which station was open last is not known: {path} is damaged") from None
    if isinstance(kept, dict) and isinstance(version := kept.get("version"), int) and version > VERSION:
        raise NotKnown(f"Which station was open last is not known: {path} is of a newer coldfinger")
    last = _from(kept)
    if last is None:
        raise NotKnown(f"Which station was open last is not known: {path} is damaged")
    return last


def remember_station(last: LastStation) -> None:
    """Open this again the next time. Raises OSError."""
    folder = state_folder()
    folder.mkdir(parents=True, exist_ok=True)
    station = last.station if last.station == SIMULATED else str(Path(last.station).resolve())
    kept = {
        "version": VERSION,
        "station": station,
        "data": str(last.data.resolve()),
        "sample": None if last.sample is None else sample_word(last.sample),
        "simulated": last.simulated,
    }
    write_private(folder / FILE, json.dumps(kept) + "\n")


def forget_station() -> None:
    """Begin as if it were the first time. Raises OSError."""
    (state_folder() / FILE).unlink(missing_ok=True)


def _from(kept: object) -> LastStation | None:
    if not isinstance(kept, dict) or kept.get("version") != VERSION:
        return None
    station, data, sample, simulated = (kept.get(name) for name in ("station", "data", "sample", "simulated"))
    if not isinstance(station, str) or not isinstance(data, str) or not isinstance(simulated, bool):
        return None
    whole = (station == SIMULATED or os.path.isabs(station)) and os.path.isabs(data)
    if not whole or "\0" in station + data or not (sample is None or isinstance(sample, str)):
        return None
    return LastStation(station, Path(data), sample, simulated)


def _missing(opening: Opening) -> str:
    """What of a remembered station is gone; "" where everything is there."""
    sample = opening.simulator.get("sample", "")
    if opening.station != SIMULATED and not Path(opening.station).exists():
        return f"The station file {opening.station}, which was open last, is gone"
    if os.path.isabs(sample) and not Path(sample).exists():
        return f"The sample file {sample}, which was open last, is gone"
    if os.path.isabs(opening.data) and not opening.data.is_dir():
        return f"The data folder {opening.data}, which was open last, is gone"
    return ""
