"""Everything that goes over the wires of a station, written down as it goes: a cassette.

Theory of operation. The recorder stands between a link and its PyVISA resource, where every byte of every driver
passes, and writes one line for each thing that happens: time, wire, mark, bytes. A program that is started again and
gets the same replies at the same times sends the same messages, so these lines are enough to play the night back.
Same times needs care: a program also looks at its clock. While it is recorded, its clock therefore moves only where
the cassette has a line, at messages and at the ends of sleeps, and stands still in the milliseconds between them.

A poll that finds nothing waiting is not written down; the message that follows it carries its time. A line is given
to the operating system whole, before the program goes on. A disk that is full ends the recording, never the night.
"""

import errno
import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import pyvisa
from pyvisa.constants import StatusCode

from coldfinger.instruments.clock import Clock
from coldfinger.instruments.errors import LinkError
from coldfinger.instruments.resource import waiting_probe

SCHEMA = 1
FIRST_LINE = f"coldfinger cassette {SCHEMA}"
BEGIN = "messages:"
CLOCK = "clock"
_TROUBLE = (pyvisa.errors.Error, OSError, NotImplementedError, LinkError)

log = logging.getLogger(__name__)

Opened = Callable[[], Any]
"""Opens a PyVISA resource, or what takes its place."""


class Tape(Protocol):
    """What stands between links and their resources: it records them, or plays them back."""

    def reel(self, name: str) -> Callable[[str, Opened], Opened]:
        """For one more connection to an instrument: a function of resource name and opener that gives an opener."""
        ...


def escaped(data: bytes) -> str:
    """Bytes as ASCII text without line ends: \\r, \\n, \\xff and \\\\ as in Python."""
    return data.decode("latin-1").encode("unicode_escape").decode("ascii")


def without_serial(identity: bytes) -> bytes:
    """An identity whose serial number (the third of four fields) has zeros in place of its digits."""
    fields = identity.split(b",")
    if len(fields) >= 4:
        fields[2] = bytes(48 if 48 <= byte <= 57 else byte for byte in fields[2])
    return b",".join(fields)


def status_of(trouble: BaseException) -> str:
    """One word for what went wrong, free of addresses: PyVISA's name, errno_104, not_implemented, or the class."""
    if isinstance(trouble, LinkError) and trouble.__cause__ is not None:
        return status_of(trouble.__cause__)
    if isinstance(trouble, pyvisa.errors.VisaIOError):
        return StatusCode(trouble.error_code).name
    if isinstance(trouble, NotImplementedError):
        return "not_implemented"
    if isinstance(trouble, OSError):
        return f"errno_{trouble.errno or errno.EIO}"
    return type(trouble).__name__


class Recorder:
    """A cassette that is being recorded; `clock` is the one that the program must use meanwhile.

    `trouble` says why the recording ended early, empty: it did not. `mask_serials` keeps serial numbers of the
    instruments' identities off the cassette.
    """

    def __init__(self, path: str | Path, header: Iterable[str], clock: Clock, *, mask_serials: bool = False) -> None:
        """Begin a new file with `header` lines. Raises OSError, also for a file that exists."""
        self.path = Path(path)
        self.mask_serials = mask_serials
        self.trouble = ""
        self.now = clock.time()  # s, the time of the last line
        self.clock = RecordedClock(self, clock)
        self._clock = clock
        self._lock = threading.RLock()
        self._connections: dict[str, int] = {}
        self._file: Any = self.path.open("xb", buffering=0)
        lines = (FIRST_LINE, *header, f"begins: {self.now!r}", BEGIN)
        self._file.write("".join(f"{line}\n" for line in lines).encode("utf-8"))

    def reel(self, name: str) -> Callable[[str, Opened], Opened]:
        """Record one more connection to an instrument; the second one to `magnet` is called magnet#2."""
        name = "".join("_" if character.isspace() else character for character in name)
        with self._lock:
            number = self._connections[name] = self._connections.get(name, 0) + 1
        label = name if number == 1 else f"{name}#{number}"

        def through(resource_name: str, opener: Opened) -> Opened:
            return lambda: RecordedResource(self, label, opener, resource_name)

        return through

    def note(self, reel: str, mark: str, text: str = "") -> None:
        """Write one line with the time of now."""
        with self._lock:
            self.now = self._clock.time()
            if self._file is None:
                return
            try:
                line = f"{self.now!r} {reel} {mark} {text}" if text else f"{self.now!r} {reel} {mark}"
                self._write(line.encode("ascii", "backslashreplace") + b"\n")
            except OSError as error:
                self.trouble = f"cassette {self.path}: the recording ended early ({error}); the measurement goes on"
                log.warning("%s", self.trouble)
                self._close()

    def _write(self, line: bytes) -> None:
        while line:
            line = line[self._file.write(line) :]

    def close(self) -> None:
        """End the recording; a cassette without this last line was cut."""
        with self._lock:
            if self._file is not None:
                self.note(CLOCK, "end")
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class RecordedClock:
    """The clock of a program that is being recorded: it moves where the cassette has a line, and nowhere else."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self._recorder = recorder
        self._clock = clock
        self.rate: float = getattr(clock, "rate", 1.0)

    def time(self) -> float:
        return self._recorder.now

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)
        if seconds > 0:
            self._recorder.note(CLOCK, "slept", repr(float(seconds)))


class RecordedResource:
    """A PyVISA resource, and a line for everything that is done with it."""

    def __init__(self, recorder: Recorder, reel: str, opener: Opened, resource_name: str) -> None:
        self._recorder = recorder
        self._reel = reel
        self._asked_identity = False
        try:
            self._resource = opener()
        except _TROUBLE as trouble:
            recorder.note(reel, "failed", f"open {status_of(trouble)}")
            raise
        self._probe = waiting_probe(self._resource, resource_name)
        recorder.note(reel, "opened")

    @property
    def timeout(self) -> Any:
        """Patience of the resource (ms)."""
        return self._resource.timeout

    @timeout.setter
    def timeout(self, milliseconds: float) -> None:
        self._resource.timeout = milliseconds

    def close(self) -> None:
        self._resource.close()

    def write_raw(self, message: bytes) -> Any:
        try:
            result = self._resource.write_raw(message)
        except _TROUBLE as trouble:
            self._recorder.note(self._reel, "failed", f"send {status_of(trouble)} {escaped(message)}")
            raise
        self._asked_identity = message.startswith(b"*IDN?")
        self._recorder.note(self._reel, ">", escaped(message))
        return result

    def read_raw(self, size: int | None = None) -> bytes:
        return self._read(lambda: bytes(self._resource.read_raw(size)))

    def read_bytes(self, count: int, **how: Any) -> bytes:
        return self._read(lambda: bytes(self._resource.read_bytes(count, **how)))

    def _read(self, read: Callable[[], bytes]) -> bytes:
        try:
            reply = read()
        except _TROUBLE as trouble:
            self._recorder.note(self._reel, "failed", f"read {status_of(trouble)}")
            raise
        masked = self._recorder.mask_serials and self._asked_identity
        self._recorder.note(self._reel, "<", escaped(without_serial(reply) if masked else reply))
        return reply

    def clear(self) -> None:
        try:
            self._resource.clear()
        except _TROUBLE as trouble:
            self._recorder.note(self._reel, "failed", f"clear {status_of(trouble)}")
            raise
        self._recorder.note(self._reel, "cleared")

    def waiting(self) -> bool:
        """Whether something has come that nobody has read; as `resource.waiting_probe` says."""
        try:
            there: bool = self._probe()
        except _TROUBLE as trouble:
            self._recorder.note(self._reel, "failed", f"poll {status_of(trouble)}")
            raise
        if there:
            self._recorder.note(self._reel, "waiting")
        return there
