"""Lines that cannot be misread: `crc32 json`, one event a line, appended and never rewritten.

A line counts only if it ends with a newline and its checksum is right, so a line cut by a crash is skipped,
never believed. Every event carries `seq`, counted up from 0. A write that failed half-way leaves debris; the
next line then begins with a seal that spoils the debris and ends its line, so that two events are never
joined, and takes the same `seq` again: where a number occurs twice the later line is the acknowledged one.

Numbers of points stand as they are; not-a-number and the infinities, which JSON lacks, are the strings "nan",
"inf", "-inf" there, and {"float": "nan"} in free data, where a text "nan" must remain a text.
"""

import dataclasses
import json
import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from coldfinger.runfiles.disk import Disk, RunFileError, cause_and_remedy

JOURNAL_NAME = "run.jsonl"
SCHEMA = 1
SEAL = b"~torn\n"
NON_FINITE = ("nan", "inf", "-inf")
PART = 1 << 16
"""Bytes that are read and parsed at a time: so few events that Python does not begin to look for garbage meanwhile."""
OUTCOMES = ("done", "stopped", "failed")

_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def utc_now() -> str:
    """The time of day in Greenwich, ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def plain(value: Any, where: str) -> Any:
    """`value` as JSON can hold it; raises ValueError, naming `where`, for what cannot be held.

    Accepted: None, bool, int, float, str, numpy scalars and arrays, paths, times, enumerations, dataclasses,
    lists, tuples, and mappings with text keys.
    """
    if isinstance(value, Enum):
        value = value.value
    elif isinstance(value, Path | datetime):
        value = str(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    elif hasattr(value, "dtype") and hasattr(value, "tolist"):
        value = value.tolist()
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": repr(float(value))}
    if isinstance(value, list | tuple):
        return [plain(item, f"{where}[{number}]") for number, item in enumerate(value)]
    if isinstance(value, Mapping):
        return _plain_mapping(value, where)
    raise ValueError(
        f"{where}: a {type(value).__name__} ({value!r:.80}) cannot be kept in a run file; "
        "allowed are numbers, text, true/false, None, lists and mappings: convert it first"
    )


def _plain_mapping(value: Mapping[Any, Any], where: str) -> dict[str, Any]:
    for key in value:
        if not isinstance(key, str):
            raise ValueError(f"{where}: the key {key!r} is not a text; name it with a text")
    if set(value) == {"float"} and value["float"] in NON_FINITE:
        raise ValueError(f"{where}: {dict(value)!r} is how a run file writes a float; use another key")
    return {str(key): plain(item, f"{where}.{key}") for key, item in value.items()}


def restored(value: Any) -> Any:
    """The inverse of `plain` for what JSON gave back: non-finite floats become floats again."""
    if isinstance(value, dict):
        if len(value) == 1 and value.get("float") in NON_FINITE:
            return float(value["float"])
        return {key: restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [restored(item) for item in value]
    return value


def encode(event: Mapping[str, Any]) -> str:
    """JSON of an event of plain values: ASCII, no newline, floats as the shortest text that reads back."""
    return _encoder.encode(event)


def line_of(body: str) -> bytes:
    """The line for one JSON text, checksum first, newline last."""
    data = body.encode("ascii")
    return b"%08x %b\n" % (zlib.crc32(data), data)


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_no_constant)


def decode(line: bytes) -> dict[str, Any] | None:
    """The event on a line (without its newline), or None for one that is torn, damaged or not ours."""
    body = line[9:]
    if line[8:9] != b" " or line[:8] != b"%08x" % zlib.crc32(body):
        return None
    try:
        event = _decoder.decode(body.decode("ascii"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or type(event.get("seq")) is not int or type(event.get("event")) is not str:
        return None
    return event


@dataclasses.dataclass(frozen=True)
class Batch:
    """Events of whole lines, in order, with the number (from 1) of each line and of those skipped."""

    events: Sequence[dict[str, Any]]
    lines: Sequence[int]
    skipped: Sequence[int]
    consumed: int  # bytes up to and including the last newline
    line_count: int


def parse(data: bytes, first_line: int = 1) -> Batch:
    """All whole lines of `data`; what follows the last newline is left for the next time."""
    events: list[dict[str, Any]] = []
    lines: list[int] = []
    skipped: list[int] = []
    *whole, rest = data.split(b"\n")
    for number, line in enumerate(whole, first_line):
        event = decode(line)
        if event is None or (events and event["seq"] < events[-1]["seq"]):
            skipped.append(number)
            continue
        if events and event["seq"] == events[-1]["seq"]:
            events.pop()
            skipped.append(lines.pop())
        events.append(event)
        lines.append(number)
    return Batch(events, lines, sorted(skipped), len(data) - len(rest), len(whole))


def parse_in_parts(read: Callable[[int], bytes], first_line: int = 1, part: int = PART) -> Iterator[Batch]:
    """What `parse` would give of all that `read` (as that of a file) gives, bit by bit.

    In one go, a long file would stop every other thread of a program for seconds. Each batch but the last leaves its
    last event to the next one, so that a line that was written again is seen.
    """
    data = b""
    while True:
        size = max(part, len(data))  # more of them where lines are as long as that
        fresh = read(size)
        data += fresh
        if len(fresh) < size:
            yield parse(data, first_line)
            return
        cut = data.rfind(b"\n") + 1
        batch = parse(data[:cut], first_line) if cut else None
        if batch is None or len(batch.events) < 2:
            continue
        kept = batch.lines[-1] - first_line
        for _ in range(batch.line_count - kept + 1):
            cut = data.rfind(b"\n", 0, cut)
        skipped = [line for line in batch.skipped if line < batch.lines[-1]]
        yield Batch(batch.events[:-1], batch.lines[:-1], skipped, cut + 1, kept)
        data, first_line = data[cut + 1 :], first_line + kept


class JournalFile:
    """A new file, held open and locked, that takes whole lines only."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        self._disk = disk
        self._in_doubt = False  # the file may end in the middle of a line
        try:
            self.handle = disk.open(path)
        except OSError as error:
            raise self._failure("it could not be created", error) from error
        try:
            disk.lock(self.handle)
        except OSError as error:
            disk.close(self.handle)
            raise self._failure("it could not be locked", error) from error

    def append(self, line: bytes, what: str) -> None:
        """Append `line` in one write; a short write is completed.

        Raises RunFileError if it cannot be; the line then does not count, and may be tried again.
        """
        rest = SEAL + line if self._in_doubt else line
        self._in_doubt = True
        try:
            while rest:
                taken = self._disk.write(self.handle, rest)
                if taken <= 0:
                    raise OSError("the disk took no bytes")
                rest = rest[taken:]
        except OSError as error:
            raise self._failure(f"{what} could not be written and is not recorded", error) from error
        self._in_doubt = False

    def fsync(self) -> None:
        """Make everything appended so far durable; raises OSError."""
        self._disk.fsync(self.handle)

    def check_there(self) -> None:
        """Raise RunFileError when the file was moved or deleted: what is written then would be lost in silence."""
        try:
            there = self._disk.is_there(self.path, self.handle)
        except OSError as error:
            raise self._failure("it cannot be found any more", error) from error
        if not there:
            raise RunFileError(
                f"run file {self.path}: it was moved or deleted while it was being written; bring its folder back, "
                "or measure again"
            )

    def close(self) -> None:
        """Close the handle, which ends the lock; raises RunFileError."""
        try:
            self._disk.close(self.handle)
        except OSError as error:
            raise self._failure("it could not be closed, and its last lines may be lost", error) from error

    def _failure(self, what: str, error: OSError) -> RunFileError:
        cause, remedy = cause_and_remedy(error)
        return RunFileError(f"run file {self.path}: {what}: {cause}; {remedy}")
