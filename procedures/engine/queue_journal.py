"""The queue on disk: what was to be done, what was done, and everything that happened, one event a line.

The folder of a night holds queue.jsonl and, after each resumption, queue-2.jsonl, queue-3.jsonl, ...; each is
written by one process, held by its lock, appended to and never rewritten. An event is synced before it counts.
"""

import contextlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coldfinger.instruments.clock import Clock
from coldfinger.procedures.data.folder import new_run_folder, run_name
from coldfinger.procedures.engine.items import Item
from coldfinger.runfiles.disk import Disk, RunFileError, cause_and_remedy, is_held
from coldfinger.runfiles.journal import JournalFile, encode, line_of, parse, plain, restored, utc_now

SCHEMA = 1
QUEUES = "queue"
"""Folder of the nights within a data folder."""
_PART = re.compile(r"queue(?:-(\d+))?\.jsonl")


class QueueJournal:
    """Appends events to a new part in a night's folder. Raises RunFileError when it cannot."""

    def __init__(self, folder: Path, clock: Clock, disk: Disk | None = None, sync: bool = True) -> None:
        self.folder = folder
        self._disk = disk or Disk()
        self._clock = clock
        self._sync = sync
        self._lock = threading.RLock()
        self._first: tuple[str, dict[str, Any]] | None = None
        self._closed = False
        self._begin_part()

    def _begin_part(self) -> None:
        number = len(parts(self.folder)) + 1
        name = "queue.jsonl" if number == 1 else f"queue-{number}.jsonl"
        self._file = JournalFile(self.folder / name, self._disk)
        self._seq = 0
        try:
            if self._sync:
                self._names_durable()
        except RunFileError:
            self._file.close()
            raise

    def _names_durable(self) -> None:
        """The file in its folder, the night among the nights, the nights in the data folder."""
        try:
            for folder in (self.folder, self.folder.parent, self.folder.parent.parent):
                self._disk.fsync_folder(folder)
        except OSError as error:
            cause, remedy = cause_and_remedy(error)
            raise RunFileError(
                f"queue journal {self._file.path}: its name could not be made durable: {cause}; {remedy}"
            ) from error

    def write(self, event: str, /, **content: Any) -> None:
        """Append an event and have it on the medium before returning."""
        kept = plain(content, event)
        with self._lock:
            if self._closed:
                raise RunFileError(f"queue journal {self.folder}: the event {event} comes after it was closed")
            body = {"seq": self._seq, "event": event, "utc": utc_now(), "clock": float(self._clock.time()), **kept}
            self._file.append(line_of(encode(body)), f"the event {event}")
            self._seq += 1
            self._first = self._first or (event, kept)
            if self._sync:
                self._durable(event)

    def renew(self) -> None:
        """Go on in a new part, which begins with the first event of all; for after a write or a sync has failed.

        What the part before holds is not trusted any more, so everything that counts has to be written again.
        Raises RunFileError; the journal then takes nothing until a further attempt has worked.
        """
        with self._lock:
            if not self._closed:
                self._closed = True
                with contextlib.suppress(RunFileError):
                    self._file.close()
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                cause, remedy = cause_and_remedy(error)
                raise RunFileError(f"queue journal {self.folder}: it cannot be made: {cause}; {remedy}") from error
            self._begin_part()
            self._closed = False
            if self._first is not None:
                self.write(self._first[0], **self._first[1])

    @property
    def is_closed(self) -> bool:
        return self._closed

    def check_there(self) -> None:
        """Raise RunFileError when the journal was moved or deleted since it was begun; nothing once it is closed."""
        with self._lock:
            if not self._closed:
                self._file.check_there()

    def _durable(self, event: str) -> None:
        try:
            self._file.fsync()
        except OSError as error:
            cause, remedy = cause_and_remedy(error)
            raise RunFileError(
                f"queue journal {self._file.path}: the event {event} may be lost in a power cut: {cause}; {remedy}",
                recorded=True,
            ) from error

    def close(self) -> None:
        """Close the file, which ends its lock."""
        if not self._closed:
            self._closed = True
            self._file.close()


def new_night(data: Path, name: str, disk: Disk | None = None) -> Path:
    """Make the folder of a new night in a data folder."""
    return new_run_folder(data / QUEUES, run_name(name or "queue"), disk)


def parts(folder: Path) -> list[Path]:
    """The parts of a night's journal, oldest first."""
    found = {
        int(match.group(1) or 1): path for path in folder.glob("queue*.jsonl") if (match := _PART.fullmatch(path.name))
    }
    return [found[number] for number in sorted(found)]


def nights(data: Path) -> list[Path]:
    """Folders of all nights of a data folder, oldest first."""
    folder = data / QUEUES
    return sorted(path for path in folder.iterdir() if path.is_dir() and parts(path)) if folder.is_dir() else []


@dataclass
class QueueRecord:
    """A night as its journal tells it.

    start     first event of the newest part: night, text, station, ...
    items     the queue with the states that were written last
    settings  newest event of this name: on_failure, must_end_by, end, and to_be_started (held by command); {} for none
    events    every event of every part in order, with `part` (from 1)
    ended     the newest part says how it ended
    held      a living process is writing it
    skipped   (part, line) of torn or damaged lines, none of which is used
    """

    folder: Path
    start: dict[str, Any] = field(default_factory=dict)
    items: tuple[Item, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    ended: dict[str, Any] = field(default_factory=dict)
    held: bool = False
    skipped: list[tuple[int, int]] = field(default_factory=list)

    @property
    def clock(self) -> float:
        """The station's clock (s) at the last event."""
        return float(self.events[-1]["clock"]) if self.events else 0.0


def read_queue(folder: Path) -> QueueRecord:
    """Read a night back. Raises RunFileError when there is none in `folder`."""
    record = QueueRecord(folder)
    files = parts(folder)
    if not files:
        raise RunFileError(
            f"night {folder}: there is no queue.jsonl in it; give a folder below {QUEUES}/ of a data folder"
        )
    items: dict[str, Item] = {}
    for number, path in enumerate(files, 1):
        try:
            record.held = is_held(path)
            batch = parse(path.read_bytes())
        except OSError as error:
            cause, remedy = cause_and_remedy(error)
            raise RunFileError(f"queue journal {path}: it cannot be read: {cause}; {remedy}") from error
        record.skipped += [(number, line) for line in batch.skipped]
        record.ended = {}
        for event in batch.events:
            items = _take(record, items, {**restored(event), "part": number})
    record.items = tuple(items.values())
    return record


def _take(record: QueueRecord, items: dict[str, Item], event: Mapping[str, Any]) -> dict[str, Item]:
    record.events.append(dict(event))
    kind = event["event"]
    if kind == "start":
        if event["schema"] > SCHEMA:
            raise RunFileError(
                f"night {record.folder}: its journal has schema {event['schema']}, this program knows up to {SCHEMA}; "
                "read it with a newer coldfinger"
            )
        record.start = dict(event)
    elif kind == "queue":
        items = {data["id"]: Item.from_json(data) for data in event["items"]}
    elif kind == "state" and event["id"] in items:
        changes = {name: event[name] for name in _STATE if name in event}
        if "folders" in changes:
            changes["folders"] = tuple(changes["folders"])
        items[event["id"]] = items[event["id"]].but(**changes)
    elif kind == "file" and event["id"] in items:
        item = items[event["id"]]
        items[event["id"]] = item.but(folders=(*item.folders, event["folder"]))
    elif kind == "settings":
        record.settings = dict(event)
    elif kind == "end":
        record.ended = dict(event)
    return items


_STATE = ("state", "reason", "attempts", "folders", "rows", "disbelieved", "predicted_seconds", "seconds")


def state_event(item: Item) -> dict[str, Any]:
    """What a "state" event keeps of an item."""
    return {"id": item.id, "name": item.name, "procedure": item.procedure} | {
        name: getattr(item, name) for name in _STATE
    }
