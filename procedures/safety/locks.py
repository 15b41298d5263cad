"""One owner: a station and a data folder belong to one program at a time, and the next one is told who has them.

The operating system holds the locks, so that they vanish with the process however it ends: there are no stale ones. The
small file next to a lock only says who took it; it is never a lock itself and never deleted, because between looking
and deleting another program could have taken it. A station is locked instrument by instrument, by address: two station
files that share one instrument exclude each other. Simulated stations live inside their program and need no lock.
"""

import contextlib
import hashlib
import json
import os
import re
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import platformdirs

from coldfinger.instruments.clock import WallClock
from coldfinger.runfiles.journal import utc_now

if TYPE_CHECKING:
    from coldfinger.procedures.laboratory.station_file import StationFile

STATE_FOLDER = "COLDFINGER_STATE"  # environment variable that puts the state folder elsewhere
PROGRAM = "coldfinger"
FOLDER_LOCK = ".coldfinger-owner"
_LOCKED_BYTE = 1 << 20  # far behind the text, which must stay readable while it is locked
_LOOKS, _BETWEEN_LOOKS = 10, 0.02  # s; the owner writes its name just after it has taken the lock


class LockedError(RuntimeError):
    """Another program has it; one sentence says what, who, and what to do. Nothing was touched.

    `pid` is the process that has it, None where it has not said so.
    """

    def __init__(self, sentence: str, pid: int | None = None) -> None:
        super().__init__(sentence)
        self.pid = pid


class Locks:
    """Locks that were taken together; `release` them or use them in a `with` block."""

    def __init__(self) -> None:
        self._files: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Give everything back; may be called twice."""
        while self._files:
            number = self._files.pop()
            with contextlib.suppress(OSError):
                os.ftruncate(number, 0)
            os.close(number)  # which unlocks, too

    def _take(self, path: Path, what: str, program: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _lock(number)
        except OSError:
            os.close(number)
            holder, pid = _holder(path)
            raise LockedError(f"{what} is in use by {holder}; end that program, or give it the order", pid) from None
        self._files.append(number)
        os.ftruncate(number, 0)
        os.write(number, json.dumps(_myself(program)).encode())


def state_folder() -> Path:
    """Where this user's locks and logs are."""
    elsewhere = os.environ.get(STATE_FOLDER)
    return Path(elsewhere) if elsewhere else platformdirs.user_state_path("coldfinger", appauthor=False)


def hold_station(file: "StationFile", program: str = PROGRAM) -> Locks:
    """Take every instrument of a station, or none. Raises LockedError, naming the program that has one of them."""
    locks = Locks()
    if file.simulated:
        return locks
    try:
        for key, address in sorted((_key(table["address"]), table["address"]) for table in file.instruments.values()):
            name = hashlib.sha256(key.encode()).hexdigest()[:16]
            locks._take(state_folder() / "locks" / f"{name}.lock", f"{address} of {file.source}", program)
    except BaseException:
        locks.release()
        raise
    return locks


def hold_data_folder(folder: str | Path, program: str = PROGRAM) -> Locks:
    """Take a data folder, which is made if it is missing. Raises LockedError."""
    locks = Locks()
    locks._take(Path(folder) / FOLDER_LOCK, f"the data folder {folder}", program)
    return locks


def _key(address: str) -> str:
    """The same for every way to write an address; a bus belongs to this computer, a network address to all."""
    from pyvisa import rname

    try:
        name = rname.to_canonical_name(address).upper()
    except rname.InvalidResourceName:
        name = address.upper()
    return name if re.match(r"TCPIP|VICP", name) else f"{socket.gethostname()} {name}"


def _myself(program: str) -> dict[str, Any]:
    return {"program": program, "pid": os.getpid(), "host": socket.gethostname(), "since": utc_now()}


def _holder(path: Path) -> tuple[str, int | None]:
    clock = WallClock()
    for _ in range(_LOOKS):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            who = json.loads(path.read_bytes())
            if who["host"] != socket.gethostname() or _lives(who["pid"]):
                return f"{who['program']} (process {who['pid']} on {who['host']}, since {who['since']})", who["pid"]
        clock.sleep(_BETWEEN_LOOKS)
    return "another program, which has not said its name", None


def _lives(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # asking with a signal would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _lock(number: int) -> None:
    """Lock a file for this process without waiting; OSError when another has it."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(number, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        os.lseek(number, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
