"""What every part of the engine uses: its state, its journal and news, the way to the safe state."""

import contextlib
import math
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from coldfinger.instruments.clock import WallClock
from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.control import PauseOrder, RunControl
from coldfinger.procedures.engine.calendar import Calendar
from coldfinger.procedures.engine.care import Care
from coldfinger.procedures.engine.face import Refused
from coldfinger.procedures.engine.forecast import Forecaster
from coldfinger.procedures.engine.history import History
from coldfinger.procedures.engine.items import (
    Family,
    Item,
    Night,
    settings_of,
)
from coldfinger.procedures.engine.lookout import Lookout
from coldfinger.procedures.engine.manifests import write_manifest
from coldfinger.procedures.engine.news import News
from coldfinger.procedures.engine.panels import Panels
from coldfinger.procedures.engine.queue import Queue, is_ended, is_open
from coldfinger.procedures.engine.queue_journal import QueueJournal, state_event
from coldfinger.procedures.engine.survey import Survey
from coldfinger.procedures.engine.telling import held_text, still_held_text
from coldfinger.procedures.failures import ProcedureFailure
from coldfinger.procedures.planning import Whereabouts
from coldfinger.procedures.safety.standstill import Standstill
from coldfinger.procedures.station import SafeReport, Station
from coldfinger.runfiles.disk import Disk, RunFileError

IDLE, SURVEY, RUNNING_STATE, WAITING_STATE = "idle", "survey", "running", "waiting"
PAUSING, PAUSED, ABORTING, HELD, ENDING, ENDED = "pausing", "paused", "aborting", "held", "ending", "ended"

TO_BE_STARTED = "the queue waits to be started"
"""Why a queue is held that somebody builds."""

POLL = 0.5  # s of station time between two looks of a waiting queue
RETRY_PAUSE = 10.0  # s before an item is tried again
ABORT_PATIENCE = 1.0  # s of real time until an abort takes its own path
LONGEST_PAUSE = 4 * 3600.0  # s
FILE_PERIOD = 1.0  # s between two looks whether the open files still have their names
JUMPING_PAUSE = 0.02  # s of real time for half a second of a paused clock that jumps
REAL = WallClock()


class NotWritten(ProcedureFailure):
    """What happens is not written down any more; one sentence of why."""

    stops_queue = True


class Stranded(ProcedureFailure):
    """After a standstill the station is in a state in which a person is needed."""

    stops_queue = True


class Core:
    """The state of an engine: one queue at one connected station; `journal` is open, `items` may have a past.

    data      folder for run folders and manifests
    care      dead-man, interlocks, disk space: what is looked after while anything waits; None for none
    patience  real time (s) for which a held or empty queue waits for a person before it ends; it is safe meanwhile
    to_be_started  the queue is held from the beginning, as by the command "hold"
    emergency makes the station safe over connections of its own; None where that cannot be (virtual time that jumps)
    """

    def __init__(
        self,
        station: Station,
        night: Night,
        data: Path,
        journal: QueueJournal,
        *,
        calendar: Calendar | None = None,
        history: History | None = None,
        care: Care | None = None,
        patience: float = 0.0,
        to_be_started: bool = False,
        emergency: Callable[[], list[SafeReport]] | None = None,
        sync: bool = True,
        disk: Disk | None = None,
        standstill: Standstill | None = None,
    ) -> None:
        self.station, self.night, self.data, self.journal = station, night, data, journal
        self.queue = Queue(night.items)
        self.calendar = calendar or Calendar(station.clock, station.simulated)
        self.history = history or History()
        self.care = care or Care()
        self.news = News(self.calendar)
        self.lookout = Lookout(REAL.time)
        self.panels = Panels(station, self._tell)
        self._patience, self._emergency, self._sync = patience, emergency, sync
        self._disk = disk or Disk()
        self._standstill = standstill or Standstill()
        self._unwritten = ""  # why what happens is not written down any more
        self._files_seen = -math.inf
        self._procedure: TransportProcedure | None = None
        self._lock = threading.RLock()
        self._state, self._reason = IDLE, ""
        self._control = RunControl()
        self._held = self._to_be_started = to_be_started
        self._ending = False
        self._safe: tuple[SafeReport, ...] = ()
        self._is_safe = False
        self._made_safe = threading.Event()
        self._latest: dict[str, Any] = {}
        self._running: dict[str, Any] = {}
        self.last_row: dict[str, float] = {}
        self._survey: Survey | None = None
        self._forecaster = Forecaster(station, self.history)
        self._ends = self._forecaster.look(self.queue.items, self._start())
        self._abort_asked = False
        self._doubtful = False  # an item has failed since the instruments were given their settings
        self._released = False  # by a person, after a hold
        self._rested = not any(is_ended(item) for item in night.items)
        self._stale = False
        self._jumps = math.isinf(getattr(station.clock, "rate", 1.0))
        self._changed = threading.Event()
        self._pause_order: PauseOrder | None = None
        self._paused_since = 0.0

    def _hold(self, reason: str, item: Item | None = None) -> None:
        """Hold the queue, because of `item` where one ran."""
        with self._lock:
            self._held = True
            self._released = False
        left = sum(is_open(one) for one in self.queue.items)
        self._tell(
            "alarm", "held", held_text(reason, item, self._made_safe_by, left)
        )  # first: who sees the state finds the message
        self._set_state(HELD, reason)

    @property
    def _made_safe_by(self) -> tuple[SafeReport, ...]:
        """The reports of the safe state, none where an item has been carried out since."""
        return self._safe if self._is_safe else ()

    def _to_safe(self, leave: tuple[str, ...] = ()) -> None:
        self.care.busy()
        self._report_safe(tuple(self.station.to_safe(leave)))

    def _report_safe(self, safe: tuple[SafeReport, ...]) -> None:
        self._safe = safe
        self._is_safe = True
        self._write_if_possible("safe", items=[asdict(item) for item in safe])
        for item in safe:
            if not item.done:
                self._tell("alarm", "not safe", f"{item.item} is NOT safe: {item.detail}")

    def _settle(self, to_be_started: bool | None = None, **changes: Any) -> None:
        """Settings of the night that a command gives: written down first, so that a restart finds what has counted."""
        with self._lock:
            night = replace(self.night, **changes)
            held = self._to_be_started if to_be_started is None else to_be_started
            self._write_if_possible("settings", **settings_of(night), to_be_started=held)
            self.night, self._to_be_started = night, held

    def _look_ahead(self) -> None:
        """Predict again what has changed; in the thread of the engine, because plans ask the station."""
        self._stale = False
        self._ends = self._forecaster.look(self.queue.items, self._start())

    def _start(self) -> Whereabouts:
        readings = self._survey.readings if self._survey is not None else {}
        return Whereabouts(readings.get("field_T", 0.0), readings.get("T_mc_K", self.station.limits.lowest_temperature))

    def _put(self, item: Item) -> None:
        with self._lock:
            self.queue.put(item)
            self._write_if_possible("state", **state_event(item))
        self._look_ahead()

    def _set_state(self, state: str, reason: str = "") -> None:
        with self._lock:
            if (state, reason) == (self._state, self._reason):
                return
            self._state, self._reason = state, reason
            self._write_if_possible("engine", state=state, reason=reason)

    def alarm(self, text: str) -> None:
        """Tell people, from any thread, of something that a guard has done."""
        self._tell("alarm", "guard", text)

    def warn(self, kind: str, text: str) -> None:
        """Tell people, from any thread, of something that the night goes on without."""
        self._tell("warning", kind, text)

    def _tell(self, level: str, kind: str, text: str) -> None:
        self.news.add(level, kind, text)
        self._write_if_possible("event", level=level, kind=kind, text=text)

    def _write(self, event: str, **content: Any) -> None:
        """Write an event down, or raise RunFileError."""
        try:
            self.journal.write(event, **content)
        except RunFileError as error:
            self._not_written(error)
            raise

    def _write_if_possible(self, event: str, **content: Any) -> None:
        """Write an event down; when the disk does not take it, clients see that, and nothing new is begun."""
        with contextlib.suppress(RunFileError):
            self._write(event, **content)

    def _not_written(self, error: RunFileError) -> None:
        if self._state == ENDED and self.journal.is_closed:
            return  # a command or a message that came while the night ended: nothing of it is missing
        if not self._unwritten:
            self._unwritten = str(error)
            self.news.add("alarm", "journal", self._still_held(error) if self._held else str(error))

    def _still_held(self, error: RunFileError) -> str:
        left = sum(is_open(one) for one in self.queue.items)
        return still_held_text(str(error), self._made_safe_by, left)

    def _write_again(self) -> None:
        """After trouble with the disk: the whole queue in a new part of the journal, or Refused."""
        try:
            self.journal.renew()
            self.journal.write("queue", items=[item.to_json() for item in self.queue.items])
            self.journal.write("settings", **settings_of(self.night), to_be_started=self._to_be_started)
        except RunFileError as error:
            raise Refused(self._still_held(error)) from error
        self._unwritten = ""
        self._write_manifests()

    def _write_manifest(self, family: Family) -> None:
        members = [item for item in self.queue.items if item.family is not None and item.family.id == family.id]
        station, night = self.station, self.journal.folder.name
        try:
            write_manifest(self.data, night, station.name, station.simulated, members, self._disk)
        except RunFileError as error:
            self._not_written(error)

    def _write_manifests(self) -> None:
        """Those of all families of which anything has been measured."""
        for family in {
            item.family.id: item.family for item in self.queue.items if item.family and item.folders
        }.values():
            self._write_manifest(family)
