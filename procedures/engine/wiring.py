"""An engine with everything around it, opened in the right order and closed in the reverse.

Locks first, so that a second program stops before it has touched anything; then the dead-man, so that somebody
watches before the first output; then the connections, the journal, and the engine.
"""

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pymeasure import units

from coldfinger.procedures.engine.calendar import Calendar
from coldfinger.procedures.engine.care import Care
from coldfinger.procedures.engine.engine import Engine
from coldfinger.procedures.engine.history import past_nights
from coldfinger.procedures.engine.items import Night, settings_of
from coldfinger.procedures.engine.queue_journal import SCHEMA, QueueJournal, QueueRecord, new_night
from coldfinger.procedures.engine.resume import last_run, night_event
from coldfinger.procedures.laboratory.station_file import StationFile
from coldfinger.procedures.notify.notifier import Notifier
from coldfinger.procedures.safety.deadman import DeadMan
from coldfinger.procedures.safety.interlocks import Interlocks
from coldfinger.procedures.safety.locks import Locks, hold_data_folder, hold_station
from coldfinger.procedures.safety.watch import Watch
from coldfinger.procedures.station import SafeReport, Station, open_station
from coldfinger.runfiles.disk import Disk, RunFileError, cause_and_remedy

FOREVER = math.inf


@contextlib.contextmanager
def engine_for(
    night: Night,
    file: StationFile,
    data: Path,
    *,
    record: QueueRecord | None = None,
    patience: float = 0.0,
    sync: bool = True,
    disk: Disk | None = None,
    **simulator: Any,
) -> Iterator[Engine]:
    """An engine at a connected station, ready to `run`, in this process.

    `record` is the night that is gone on with; `patience` as in Engine; `simulator` replaces keys of [simulator].
    A queue that was held to be built is held again, but for a program without patience: nobody could let it go there.
    Raises LockedError, StationFileError, LinkError, RunFileError: nothing has moved then.
    """
    units.ureg.Quantity("1 K")  # pint builds its registry at first use, and two threads that do so at once break it
    with contextlib.ExitStack() as stack:
        # The first to be opened: at the end it waits for the last message when nothing is held any more.
        notifier = stack.enter_context(contextlib.closing(Notifier(file)))
        stack.enter_context(_held_data_folder(data))
        stack.enter_context(hold_station(file))
        dead_man = None
        if not file.simulated:
            dead_man = stack.enter_context(contextlib.closing(DeadMan(file)))
            dead_man.start()
        station = stack.enter_context(open_station(file, **simulator))
        station.connect()
        heard: list[Callable[[str], None]] = []
        watch = None
        if Watch.needed(station):
            watch = stack.enter_context(contextlib.closing(Watch(station, say=lambda text: _tell_all(heard, text))))
        interlocks = stack.enter_context(contextlib.closing(Interlocks(file, watch)))
        folder = record.folder if record else new_night(data, night.name, disk)
        journal = QueueJournal(folder, station.clock, disk, sync)
        stack.callback(journal.close)
        journal.write("start", **_start_event(night, station, resumes=record is not None))
        held = False
        if record is not None and record.settings:
            held = bool(record.settings["to_be_started"]) and patience > 0
            journal.write("settings", **settings_of(night), to_be_started=held)
        engine = Engine(
            station,
            night,
            data,
            journal,
            calendar=Calendar(station.clock, virtual=station.simulated),
            history=past_nights(data, station.name),
            care=Care(data, dead_man, interlocks),
            patience=patience,
            to_be_started=held,
            emergency=emergency_of(station),
            sync=sync,
            disk=disk,
        )
        run = last_run(night, data) if record else None
        if run is not None and len(run.frame):
            engine.last_row = {str(name): float(value) for name, value in run.frame.iloc[-1].items()}
        heard.append(engine.alarm)
        notifier.listen(engine)
        if watch is not None:
            watch.start()
        yield engine


def _held_data_folder(data: Path) -> Locks:
    """The data folder, made where it is missing, for this program alone. Raises LockedError, RunFileError."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        return hold_data_folder(data)
    except (OSError, ValueError) as error:
        cause, remedy = str(error), "use another folder"
        if isinstance(error, FileExistsError):
            cause = "there is a file of this name"
        elif isinstance(error, OSError):
            cause, remedy = cause_and_remedy(error)
        raise RunFileError(f"data folder {data}: it cannot be used: {cause}; {remedy}") from error


def _tell_all(heard: Iterable[Callable[[str], None]], text: str) -> None:
    for listener in heard:
        listener(text)


def emergency_of(station: Station) -> Callable[[], list[SafeReport]] | None:
    """The path to the safe state that shares no connection with the station; None in virtual time that jumps."""
    if math.isinf(getattr(station.clock, "rate", 1.0)):
        return None
    return station.to_safe_apart


def _start_event(night: Night, station: Station, resumes: bool) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "night": night_event(night),
        "station": {"name": station.name, "source": station.file.source, "text": station.file.text},
        "simulated": station.simulated,
        "resumes": resumes,
    }
