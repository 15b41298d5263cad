"""run.csv, the run in pymeasure's own file format: live, for pandas, Origin and `Results.load`.

It is derived: the truth is run.jsonl, and `rebuild_csv` makes the same file again from it, byte for byte.
Text of parameters is written in UTF-8 as it stands (pymeasure escapes it and cannot read its own escapes),
float parameters with all their digits.

Plain CSV cannot tell 4.9 from a 4.9e-06 cut short, and another process sees a write page by page (on ext4,
four looks in a hundred at a fast stream met a torn row). So no row crosses a page: one that would begins with
blanks up to the page's end, which pandas skips, and is then there as a whole or not at all. A disk that fills
up, or a row longer than a page, can still be seen torn: the truth is run.jsonl.
"""

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from coldfinger.runfiles.disk import Disk, RunFileError, cause_and_remedy, is_held
from coldfinger.runfiles.journal import JOURNAL_NAME, parse, restored

CSV_NAME = "run.csv"
PAGE = 4096  # bytes; the smallest page of any system we know of, and a divisor of the larger ones

# A run without a procedure is still opened by Results.load, which must find some class to import.
_NO_PROCEDURE = "pymeasure.experiment.procedure.Procedure"

_CONTROL = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")


def csv_header(start: Mapping[str, Any]) -> str:
    """Comment lines and labels for the start event of a run."""
    lines = [f"#Procedure: <{start.get('procedure') or _NO_PROCEDURE}>", "#Parameters:"]
    for parameter in (start.get("parameters") or {}).values():
        lines.append(f"#\t{_one_line(parameter['label'])}: {_one_line(parameter['text'])}")
    lines += ["#Data:", ",".join(start["columns"])]
    return "".join(line + "\n" for line in lines)


def _one_line(text: str) -> str:
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def csv_row(texts: Sequence[str]) -> str:
    """One row of numbers that are text already."""
    return ",".join(texts) + "\n"


def placed(row: bytes, offset: int) -> bytes:
    """The row for a place in the file, with blanks in front if it would cross into the next page."""
    room = PAGE - offset % PAGE
    return b" " * room + row if room < len(row) <= PAGE else row


class CsvTwin:
    """The live file: rows that could not be written are kept and written before the next one."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        self._disk = disk
        self._size = 0
        self._backlog = b""
        self._in_doubt = False
        try:
            self.handle = disk.open(path)
        except OSError as error:
            raise self._failure("it could not be created", error, recorded=False) from error

    def append(self, text: str, *, recorded: bool = True) -> None:
        """Append one row (or the head) in one write, after cutting off what an earlier failure left behind.

        Raises RunFileError; the point itself is then safe in run.jsonl if `recorded`.
        """
        row = text.encode("utf-8", "backslashreplace")
        self._backlog += placed(row, self._size + len(self._backlog))
        try:
            if self._in_doubt:
                self._disk.truncate(self.handle, self._size)
            self._in_doubt = True
            rest = self._backlog
            while rest:
                taken = self._disk.write(self.handle, rest)
                if taken <= 0:
                    raise OSError("the disk took no bytes")
                rest = rest[taken:]
        except OSError as error:
            what = "a row could not be written" + (" (the point is safe in run.jsonl)" if recorded else "")
            raise self._failure(what, error, recorded=recorded) from error
        self._size, self._backlog, self._in_doubt = self._size + len(self._backlog), b"", False

    def close(self) -> None:
        """Write what is still owed, then close; raises RunFileError."""
        try:
            if self._backlog:
                self.append("")
        finally:
            try:
                self._disk.close(self.handle)
            except OSError as error:
                raise self._failure("it could not be closed", error, recorded=True) from error

    def _failure(self, what: str, error: OSError, *, recorded: bool) -> RunFileError:
        cause, remedy = cause_and_remedy(error)
        return RunFileError(f"run table {self.path}: {what}: {cause}; {remedy}", recorded=recorded)


def rebuild_csv(folder: Path) -> Path:
    """Write run.csv again from run.jsonl and return its path; a run that is still being written is refused.

    The new table replaces the old one at once and whole. Raises RunFileError.
    """
    journal, table = Path(folder) / JOURNAL_NAME, Path(folder) / CSV_NAME
    fresh = table.with_name(f"{CSV_NAME}.{os.getpid()}.new")
    try:
        if is_held(journal):
            raise RunFileError(f"run table {table}: its run is still being written; wait for its end")
        table_bytes = _table(journal)
        try:
            with open(fresh, "xb") as file:
                file.write(table_bytes)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, table)
        finally:
            with contextlib.suppress(FileNotFoundError):
                fresh.unlink()
    except OSError as error:
        cause, remedy = cause_and_remedy(error)
        raise RunFileError(f"run table {table}: it could not be rebuilt: {cause}; {remedy}") from error
    return table


def _table(journal: Path) -> bytes:
    events = parse(journal.read_bytes()).events
    start = next((event for event in events if event["event"] == "start"), None)
    if start is None:
        raise RunFileError(f"run file {journal}: its start line is missing or damaged, so no table can be made of it")
    table = bytearray(placed(csv_header(restored(start)).encode("utf-8", "backslashreplace"), 0))
    for event in events:
        if event["event"] == "point":
            table += placed(csv_row(_texts(event["values"])).encode("ascii"), len(table))
    return bytes(table)


def _texts(values: Mapping[str, float | str]) -> list[str]:
    return [value if isinstance(value, str) else repr(value) for value in values.values()]
