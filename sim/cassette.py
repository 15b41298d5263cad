"""A recorded night, played back: replies by command and order on each wire, in the times of the recording.

    playback = Playback(read_cassette("night.cassette"))

Theory of operation. A program that gets the same replies at the same times sends the same messages. Each wire of
the cassette has a place; what the program does must be what stands there, and then the clock takes the time of that
line. Sleeps that stand in the cassette at this point end when they ended then; any other takes what it was asked to.
The first difference is a `Departure`: it is kept, it says which message differed, and from then on every wire fails,
because a reply to another question would be a wrong value.
"""

import codecs
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pyvisa
from pyvisa.constants import StatusCode

SCHEMA = 1
_FIRST = "coldfinger cassette "
_BEGIN = "messages:"
_CLOCK = "clock"
_MARKS = (">", "<", "opened", "cleared", "waiting", "failed", "slept", "end")


class CassetteError(ValueError):
    """A file that is no cassette, or of another schema; one sentence."""


class Departure(pyvisa.errors.Error):  # type: ignore[misc, unused-ignore]
    """The program did something else than the recorded one; the sentence says where, what, and what came before."""

    final = True


class Event(NamedTuple):
    """One line: number in the file, time (s), wire, mark, text."""

    line: int
    time: float
    reel: str
    mark: str
    text: str

    @property
    def data(self) -> bytes:
        """The bytes that went over the wire."""
        return unescaped(self.text)


@dataclass(frozen=True)
class Cassette:
    """A whole recording. `cut`: it has no end, the program that recorded it or its disk broke off."""

    path: Path
    program: str  # version of coldfinger that recorded it
    clock: str  # "virtual" or "wall"
    begins: float  # s
    station: str  # text of the station file
    curve: str  # text of the thermometer's curve, or empty
    events: tuple[Event, ...]
    cut: bool


def unescaped(text: str) -> bytes:
    """The bytes that were written as text with \\r, \\n, \\xff and \\\\ as in Python."""
    return codecs.decode(text, "unicode_escape").encode("latin-1")


def read_cassette(path: str | Path) -> Cassette:
    """Read a cassette; a file that was cut is read up to its last whole line. Raises CassetteError."""
    try:
        text = Path(path).read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise CassetteError(f"cassette {path}: cannot be read ({error}); give a file of --record") from error
    whole = text[: text.rfind("\n") + 1].splitlines()
    if not whole or not whole[0].startswith(_FIRST):
        raise CassetteError(
            f"cassette {path}: it does not begin with {_FIRST + str(SCHEMA)!r}; give a file of --record"
        )
    if whole[0] != _FIRST + str(SCHEMA):
        raise CassetteError(
            f"cassette {path}: schema {whole[0].removeprefix(_FIRST)} is not known to this version of coldfinger; "
            f"allowed is {SCHEMA}, record it again or use the version that recorded it"
        )
    if _BEGIN not in whole:
        raise CassetteError(f"cassette {path}: it was cut before its first message; record it again")
    begin = whole.index(_BEGIN)
    head = whole[1:begin]
    about = dict(line.split(": ", 1) for line in head if line[:2] not in ("| ", "~ ") and ": " in line)
    events = tuple(_events(whole[begin + 1 :], begin + 2, path))
    ended = bool(events) and events[-1].mark == "end"
    return Cassette(
        Path(path),
        about.get("program", "?"),
        about.get("clock", "wall"),
        _number(about.get("begins", "0.0"), path, begin),
        "".join(line[2:] + "\n" for line in head if line.startswith("| ")),
        "".join(line[2:] + "\n" for line in head if line.startswith("~ ")),
        events[:-1] if ended else events,
        not ended,
    )


def _events(lines: list[str], first: int, path: str | Path) -> Iterator[Event]:
    for number, line in enumerate(lines, first):
        parts = (*line.split(" ", 3), "")[:4]
        if len(parts) < 4 or parts[2] not in _MARKS:
            raise CassetteError(
                f"cassette {path}, line {number}: {line!r:.80} is not 'time wire mark text'; restore the line, or "
                "cut the file before it"
            )
        try:
            unescaped(parts[3])
        except ValueError as error:
            raise CassetteError(f"cassette {path}, line {number}: {error}; restore the line") from None
        yield Event(number, _number(parts[0], path, number), parts[1], parts[2], parts[3])


def _number(text: str, path: str | Path, line: int) -> float:
    try:
        return float(text)
    except ValueError:
        raise CassetteError(f"cassette {path}, line {line}: {text!r} is not a time in s; restore the line") from None


class Playback:
    """A cassette in place of the instruments. `clock` is the program's; `departure` the first difference, or None."""

    def __init__(self, cassette: Cassette) -> None:
        self.cassette = cassette
        self.departure: Departure | None = None
        self.clock = PlayedClock(self)
        self.now = cassette.begins
        self._lock = threading.RLock()
        self._connections: dict[str, int] = {}
        self._tracks: dict[str, list[int]] = {}  # wire -> places of its events that have not been played, last first
        for place, event in enumerate(cassette.events):
            if event.reel != _CLOCK:
                self._tracks.setdefault(event.reel, []).append(place)
        for track in self._tracks.values():
            track.reverse()
        self._where = self._departed = ""  # line and wire of the departure
        self._next_sleep = 0  # place from which a sleep is looked for
        self._exchange: dict[str, str] = {}  # wire -> what happened there last

    @property
    def left(self) -> int:
        """How many recorded messages have not been sent (yet)."""
        return sum(self.cassette.events[place].mark == ">" for track in self._tracks.values() for place in track)

    def reel(self, name: str) -> Callable[[str, Callable[[], Any]], Callable[[], Any]]:
        """Play one more connection to an instrument; nothing real is opened."""
        name = "".join("_" if character.isspace() else character for character in name)
        number = self._connections[name] = self._connections.get(name, 0) + 1
        label = name if number == 1 else f"{name}#{number}"
        return lambda resource_name, opener: lambda: PlayedResource(self, label)

    def sleep(self, seconds: float) -> None:
        """Let a sleep end as it ended in the recording, or after `seconds`."""
        with self._lock:
            events, place = self.cassette.events, self._next_sleep
            if place < len(events) and events[place].mark == "slept" and float(events[place].text) == seconds:
                self._next_sleep = place + 1
                self.now = max(self.now, events[place].time)
            else:
                self.now += seconds

    def play(self, reel: str, mark: str, doing: str, data: bytes | None = None) -> Event:
        """The next event of a wire, which must be this one. Raises Departure, and the trouble that was recorded."""
        with self._lock:
            self._stand(reel)
            event = self._peek(reel)
            if event is None or not _same(event, mark, doing, data):
                self._depart(reel, event, mark, data)
            self._take(event)
        if event.mark == "failed":
            raise trouble_of(event.text.split(" ", 2)[1])
        return event

    def polled(self, reel: str) -> bool:
        """Whether a poll at this place found something waiting."""
        with self._lock:
            self._stand(reel)
            event = self._peek(reel)
            if event is None or not _same(event, "waiting", "poll", None):
                return False
            self.play(reel, "waiting", "poll")
            return True

    def _stand(self, reel: str) -> None:
        if self.departure is not None:
            if reel == self._departed:
                raise self.departure
            raise Departure(
                f"cassette {self.cassette.path.name}: nothing is played after the departure in {self._where}"
            )

    def _peek(self, reel: str) -> Event | None:
        track = self._tracks.get(reel)
        return self.cassette.events[track[-1]] if track else None

    def _take(self, event: Event) -> None:
        place = self._tracks[event.reel].pop()
        self._next_sleep = max(self._next_sleep, place + 1)
        self.now = max(self.now, event.time)
        if event.mark == ">":
            self._exchange[event.reel] = f"'{event.text}' (line {event.line})"
        elif event.mark == "<":
            self._exchange[event.reel] = self._exchange.get(event.reel, "nothing").partition(" ->")[0]
            self._exchange[event.reel] += f" -> '{event.text}' (line {event.line})"

    def _depart(self, reel: str, event: Event | None, mark: str, data: bytes | None) -> NoReturn:
        cassette = self.cassette
        sent = "" if data is None else " '" + data.decode("latin-1").encode("unicode_escape").decode("ascii") + "'"
        now = {">": f"was sent{sent}", "<": "was read", "opened": "was opened", "cleared": "was cleared"}[mark]
        if event is None:
            last = max((event.line for event in cassette.events if event.reel == reel), default=0)
            self._where = f"line {last}" if last else "its head"
            recorded = f"nothing of it is left, the recording {'was cut' if cassette.cut else 'ends'} before"
        else:
            self._where = f"line {event.line}"
            recorded = f"the recording has: {_in_words(event)}"
        self._departed = reel
        before = self._exchange.get(reel, "none")
        self.departure = Departure(
            f"cassette {cassette.path.name}, {self._where}: {reel} {now}, but {recorded}; exchange before: {before}"
        )
        raise self.departure


def _same(event: Event, mark: str, doing: str, data: bytes | None) -> bool:
    if event.mark == "failed":
        done, _, sent = (*event.text.split(" ", 2), "")[:3]
        return done == doing and (data is None or unescaped(sent) == data)
    return event.mark == mark and (data is None or event.data == data)


def _in_words(event: Event) -> str:
    if event.mark == "failed":
        done, status, sent = (*event.text.split(" ", 2), "")[:3]
        return f"a failed {done} of '{sent}' ({status})" if sent else f"a failed {done} ({status})"
    words = {">": "sent", "<": "the reply", "opened": "opened", "cleared": "cleared", "waiting": "a reply that waits"}
    return f"{words[event.mark]} '{event.text}'" if event.text else words[event.mark]


def trouble_of(status: str) -> Exception:
    """The exception that a word of the recorder stands for."""
    if status in StatusCode.__members__:
        return pyvisa.errors.VisaIOError(StatusCode[status])
    if status.startswith("errno_"):
        number = int(status.removeprefix("errno_"))
        return OSError(number, os.strerror(number))
    if status == "not_implemented":
        return NotImplementedError(status)
    return pyvisa.errors.Error(status)


class PlayedClock:
    """The clock of a program that plays a cassette: virtual, and as late as it was then."""

    rate = float("inf")

    def __init__(self, playback: Playback) -> None:
        self._playback = playback

    def time(self) -> float:
        return self._playback.now

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self._playback.sleep(seconds)


class PlayedResource:
    """As much of a PyVISA resource as a link uses, from a cassette."""

    def __init__(self, playback: Playback, reel: str) -> None:
        self._playback = playback
        self._reel = reel
        self.timeout = 3000.0  # ms
        self.read_termination = "\n"
        playback.play(reel, "opened", "open")

    def write_raw(self, message: bytes) -> int:
        self._playback.play(self._reel, ">", "send", bytes(message))
        return len(message)

    def read_raw(self, size: int | None = None) -> bytes:
        return self._playback.play(self._reel, "<", "read").data

    def read_bytes(self, count: int, **how: Any) -> bytes:
        return self._playback.play(self._reel, "<", "read").data

    def clear(self) -> None:
        self._playback.play(self._reel, "cleared", "clear")

    def waiting(self) -> bool:
        """Whether something had come that nobody had read."""
        return self._playback.polled(self._reel)

    def close(self) -> None:
        """Nothing is open."""
