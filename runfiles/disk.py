"""The file calls a run file is made of, gathered in one object so that a test can let any of them fail.

A lock held on the open journal tells others that its writer lives: the kernel drops it when the process dies,
by whatever cause, so nothing has to be cleaned up after a kill. Linux and macOS use flock; Windows locks one
byte far behind the end of the file, where it keeps nobody from reading (the branches for Windows and macOS
are written from the manuals and have not been run).
"""

import errno
import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    _LOCK_BYTE = 2**30  # behind any journal, and within the 32 bits which the C library can seek to
else:
    import fcntl

_APPEND_NEW = (
    os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
)

_CAUSES = {
    errno.ENOSPC: ("the disk is full", "free space"),
    errno.EDQUOT: ("the disk quota is used up", "free space"),
    errno.EFBIG: ("the file may not grow further", "free space or raise the limit"),
    errno.EIO: ("the disk reports an input/output error", "use another disk"),
    errno.EROFS: ("the disk is read-only", "use another folder"),
    errno.EACCES: ("permission is denied", "use another folder or close the program that holds the file"),
    errno.EPERM: ("permission is denied", "use another folder"),
    errno.ENOENT: ("it does not exist", "check the path"),
    errno.ENOTDIR: ("a part of the path is not a folder", "use another folder"),
    errno.EEXIST: ("it exists already", "use another name"),
    errno.ENOLCK: ("this disk cannot hold locks", "use a folder on a local disk"),
    errno.ENOTSUP: ("this disk does not support the call", "use a folder on a local disk"),
}


class RunFileError(Exception):
    """A run file could not be written or read; the sentence says which, why and what to do.

    `recorded` is true when the event is in run.jsonl all the same, so that it must not be written again.
    """

    def __init__(self, sentence: str, *, recorded: bool = False) -> None:
        super().__init__(sentence)
        self.recorded = recorded


def cause_and_remedy(error: OSError) -> tuple[str, str]:
    """What an operating system error means, and what to do about it, in words."""
    return _CAUSES.get(error.errno or 0, (error.strerror or str(error), "check the disk"))


class Disk:
    """The operating system's own calls; every one may raise OSError."""

    def mkdir(self, path: Path) -> None:
        """Make one folder; FileExistsError if there is one."""
        os.mkdir(path)

    def open(self, path: Path) -> int:
        """Create `path` for appending and return its handle; FileExistsError if it exists."""
        return os.open(path, _APPEND_NEW, 0o666)

    def lock(self, handle: int) -> None:
        """Hold the file until it is closed or the process dies."""
        if sys.platform == "win32":
            os.lseek(handle, _LOCK_BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX)

    def write(self, handle: int, data: bytes) -> int:
        """Append; returns the number of bytes taken, which may be fewer than given."""
        return os.write(handle, data)

    def truncate(self, handle: int, size: int) -> None:
        """Cut the file back to `size` bytes."""
        os.truncate(handle, size)

    def fsync(self, handle: int) -> None:
        """Return when the file has reached the medium, past the drive's cache where the system offers it."""
        if sys.platform == "darwin":  # fsync of macOS leaves the data in the drive's cache
            try:
                fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
                return
            except OSError as error:
                if error.errno not in (
                    errno.ENOTSUP,
                    errno.EINVAL,
                    errno.ENOTTY,
                ):  # the file system knows no such call
                    raise
        os.fsync(handle)

    def fsync_folder(self, path: Path) -> None:
        """Make the names in a folder durable; Windows has no such call and needs none."""
        if sys.platform != "win32":
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def close(self, handle: int) -> None:
        os.close(handle)

    def is_there(self, path: Path, handle: int) -> bool:
        """Whether the open file still has its name, and the name that file."""
        try:
            found = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return sys.platform == "win32" or os.path.samestat(found, os.fstat(handle))

    def replace(self, path: Path, by: Path) -> None:
        """Let `by` take the place and the name of `path`, at once and whole."""
        os.replace(by, path)

    def unlink(self, path: Path) -> None:
        """Delete a file; nothing where there is none."""
        path.unlink(missing_ok=True)


def is_held(path: Path) -> bool:
    """Whether a living writer holds the lock on `path`; raises OSError if it cannot be opened."""
    handle = os.open(path, os.O_RDONLY)
    try:
        if sys.platform == "win32":
            os.lseek(handle, _LOCK_BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            return True
        raise
    finally:
        os.close(handle)
    return False
