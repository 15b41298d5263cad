"""What people say of their runs: numbers, tags, stars and notes, one event a line in the data folder.

They are no part of the index, which may be lost: `notes.jsonl` has the lines of every other journal here, is only ever
appended to, by one program at a time, and is synced before an answer is given. A run keeps its number for ever.
"""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coldfinger.instruments.clock import Clock, WallClock
from coldfinger.runfiles.disk import RunFileError, cause_and_remedy
from coldfinger.runfiles.journal import SEAL, encode, line_of, parse, utc_now

NOTES_NAME = "notes.jsonl"
_PATIENCE, _LOOK = 5.0, 0.02  # s until another program must have finished its line
_LOCKED_BYTE = 2**30  # far behind the text


@dataclass(frozen=True)
class Remark:
    """What is said of one run; number 0 is none."""

    number: int = 0
    tags: tuple[str, ...] = ()
    star: bool = False
    note: str = ""


Event = dict[str, Any]


class Notes:
    """The notes of a data folder."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.path = folder / NOTES_NAME
        self._clock = clock or WallClock()

    def read(self) -> dict[str, Remark]:
        """Remarks by the name of the run's folder; lines that are torn or damaged are left out."""
        try:
            return _remarks(parse(self.path.read_bytes()).events)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._failure("they cannot be read", error) from error

    def number(self, folders: Sequence[str]) -> dict[str, Remark]:
        """Give numbers to runs that have none, in the order given; everything that is known then."""

        def fresh(known: Mapping[str, Remark]) -> list[Event]:
            return [{"event": "number", "folder": name, "number": number} for name, number in numbers(known, folders)]

        return self._append(fresh)

    def tag(self, folder: str, tags: Iterable[str], on: bool = True) -> None:
        """Put tags on a run, or take them off."""
        self._append(lambda _: [{"event": "tag", "folder": folder, "tag": tag, "on": on} for tag in tags])

    def star(self, folder: str, on: bool = True) -> None:
        """Give a run its star, or take it away."""
        self._append(lambda _: [{"event": "star", "folder": folder, "on": on}])

    def note(self, folder: str, text: str) -> None:
        """Write a note to a run in place of the one before; "" takes it away."""
        self._append(lambda _: [{"event": "note", "folder": folder, "text": text}])

    def _append(self, make: Callable[[Mapping[str, Remark]], list[Event]]) -> dict[str, Remark]:
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            raise self._failure("nothing can be written to them", error) from error
        try:
            self._lock(handle)
            before = self.path.read_bytes()
            batch = parse(before)
            seq = batch.events[-1]["seq"] + 1 if batch.events else 0
            fresh = make(_remarks(batch.events))
            stamped = [{"seq": seq + i, **event, "utc": utc_now()} for i, event in enumerate(fresh)]
            lines = b"".join(line_of(encode(event)) for event in stamped)
            _write(handle, lines if batch.consumed == len(before) else SEAL + lines)
            return _remarks([*batch.events, *stamped])
        except OSError as error:
            raise self._failure("a line could not be written", error) from error
        finally:
            os.close(handle)  # which unlocks, too

    def _lock(self, handle: int) -> None:
        end = self._clock.time() + _PATIENCE
        while not _locked(handle):
            if self._clock.time() > end:
                raise RunFileError(
                    f"notes {self.path}: another program has held them for {_PATIENCE:g} s; end it and try again"
                )
            self._clock.sleep(_LOOK)

    def _failure(self, what: str, error: OSError) -> RunFileError:
        cause, remedy = cause_and_remedy(error)
        return RunFileError(f"notes {self.path}: {what}: {cause}; {remedy}")


def numbers(known: Mapping[str, Remark], folders: Iterable[str]) -> list[tuple[str, int]]:
    """Numbers for the folders that have none; one that was given is never given again."""
    last = max((remark.number for remark in known.values()), default=0)
    without = [name for name in folders if known.get(name, Remark()).number == 0]
    return list(zip(without, range(last + 1, last + 1 + len(without)), strict=True))


def _remarks(events: Iterable[Mapping[str, Any]]) -> dict[str, Remark]:
    remarks: dict[str, Remark] = {}
    for event in events:
        folder = event.get("folder")
        if isinstance(folder, str):
            remarks[folder] = _taken(remarks.get(folder, Remark()), event)
    return remarks


def _taken(remark: Remark, event: Mapping[str, Any]) -> Remark:
    kind, on = event["event"], bool(event.get("on"))
    if kind == "number" and type(event.get("number")) is int:
        return replace(remark, number=remark.number or event["number"])
    if kind == "tag" and isinstance(tag := event.get("tag"), str):
        others = tuple(other for other in remark.tags if other != tag)
        return replace(remark, tags=tuple(sorted((*others, tag))) if on else others)
    if kind == "star":
        return replace(remark, star=on)
    if kind == "note" and isinstance(event.get("text"), str):
        return replace(remark, note=event["text"])
    return remark


def _write(handle: int, data: bytes) -> None:
    while data:
        taken = os.write(handle, data)
        data = data[taken:]
    os.fsync(handle)


def _locked(handle: int) -> bool:
    """Take the lock without waiting; False when another program has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
