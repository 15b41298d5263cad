"""An index of a data folder: which runs there are, found in milliseconds.

The run files are the truth, this is a shadow of them in SQLite: delete `.catalogue.sqlite` and it comes back equal. No
run reads or writes it. Any number of programs may use it at once; a damaged index is made anew, and where the folder
cannot be written to, or another program holds the index for long, it is kept in memory.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from coldfinger.procedures.data.entry import Entry, entry_of
from coldfinger.procedures.data.filters import condition_of
from coldfinger.procedures.data.notes import Notes, Remark, numbers
from coldfinger.runfiles.disk import RunFileError, cause_and_remedy, is_held
from coldfinger.runfiles.journal import JOURNAL_NAME

CATALOGUE_NAME = ".catalogue.sqlite"
_VERSION = 1  # of the tables; an index of another version is made anew
_PATIENCE = 2.0  # s for which another program may hold the index
_INTEGERS = ("id", "simulated", "rows", "believed", "part", "star")
_REALS = ("lowest_Oe", "highest_Oe", "coldest_K", "warmest_K", "seconds", "noise_V")
_TYPES = dict.fromkeys(_INTEGERS, "INTEGER") | dict.fromkeys(_REALS, "REAL")
_COLUMNS = tuple(field.name for field in fields(Entry))
_UNUSABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
"""Answers after which the index goes on in memory; after any other it is made anew first."""

Stamp = tuple[int, int]
"""Size and time of change (ns) of a journal."""


class Catalogue:
    """The runs of a data folder; `refresh` looks at the files, `find` does not.

    Use it in a `with` block, in one thread. Raises RunFileError when the folder cannot be read.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.notes = Notes(self.folder)
        if not self.folder.is_dir():
            raise RunFileError(f"data folder {self.folder}: there is no such folder; give the one that holds your runs")
        self._index = _opened(self.folder / CATALOGUE_NAME)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    @property
    def in_memory(self) -> bool:
        """Whether the index is lost when this program ends."""
        return not self._index.execute("PRAGMA database_list").fetchone()[2]

    def refresh(self) -> None:
        """Take in runs that are new or have grown, and forget those that are gone."""
        self._surely(self._refresh)

    def find(self, text: str = "") -> list[Entry]:
        """Runs that a filter fits, in the order in which they were begun. Raises FilterError."""
        condition = condition_of(text)
        found: list[Entry] = []

        def look() -> None:
            sql = f"SELECT {', '.join(_COLUMNS)} FROM runs WHERE {condition.sql} ORDER BY begun_utc, folder"
            found[:] = [_entry(row) for row in self._index.execute(sql, condition.values)]

        self._surely(look)
        return found

    def run(self, name: str) -> Entry:
        """The run with a number or the name of a folder; raises RunFileError for any other text."""
        found = [entry for entry in self.find() if name in (str(entry.id), entry.folder)]
        if not found:
            raise RunFileError(f"run {name!r}: there is none in {self.folder}; give its number or its folder's name")
        return found[0]

    def _surely(self, act: Callable[[], None]) -> None:
        """Do something with the index; again with a new one where it is damaged, in memory where that fails too."""
        for attempt in range(3):
            try:
                act()
                return
            except sqlite3.DatabaseError as error:
                if attempt == 2:
                    raise
                self._index.close()
                self._index = self._another(error, last=attempt == 1)
                self._refresh()

    def _another(self, error: sqlite3.DatabaseError, last: bool) -> sqlite3.Connection:
        path = self.folder / CATALOGUE_NAME
        code = getattr(error, "sqlite_errorcode", 0)
        if last or (code & 0xFF in _UNUSABLE and path.exists()):
            return _in_memory()
        return _anew(path)

    def _refresh(self) -> None:
        stamps = self._stamps()
        known: dict[str, tuple[Stamp, str]] = {
            folder: ((size, changed), outcome)
            for folder, size, changed, outcome in self._index.execute("SELECT folder, size, changed, outcome FROM runs")
        }
        gone = known.keys() - stamps.keys()
        due = sorted(name for name, stamp in stamps.items() if self._is_due(name, stamp, known.get(name)))
        fresh = [entry_of(self.folder / name) for name in due]
        remarks = self._remarks(sorted(fresh, key=lambda entry: (entry.begun_utc, entry.folder)))
        if not (gone or fresh or remarks is not None):
            return
        with self._index:
            self._index.execute("BEGIN IMMEDIATE")
            self._index.executemany("DELETE FROM runs WHERE folder = ?", [(name,) for name in gone])
            self._index.executemany(_INSERT, [(*_values(entry), *stamps[entry.folder]) for entry in fresh])
            if remarks is not None:
                said, notes = remarks
                self._index.executemany(
                    "UPDATE runs SET id = ?, tags = ?, star = ?, note = ? WHERE folder = ?",
                    [(r.number, _tags(r.tags), r.star, r.note, folder) for folder, r in notes.items()],
                )
                self._index.execute("INSERT OR REPLACE INTO state VALUES ('notes', ?)", (said,))

    def _stamps(self) -> dict[str, Stamp]:
        """The runs of the folder by name."""
        found: dict[str, Stamp] = {}
        try:
            with os.scandir(self.folder) as entries:
                names = [entry.name for entry in entries if entry.is_dir()]
        except OSError as error:
            cause, remedy = cause_and_remedy(error)
            raise RunFileError(f"data folder {self.folder}: it cannot be read: {cause}; {remedy}") from error
        for name in names:
            with contextlib.suppress(OSError):  # no run, or gone meanwhile
                status = os.stat(os.path.join(self.folder, name, JOURNAL_NAME))
                found[name] = status.st_size, status.st_mtime_ns
        return found

    def _is_due(self, name: str, stamp: Stamp, known: tuple[Stamp, str] | None) -> bool:
        if known is None or known[0] != stamp:
            return True
        if known[1] != "running":
            return False
        try:  # its writer may have died without another line
            return not is_held(self.folder / name / JOURNAL_NAME)
        except OSError:
            return True

    def _remarks(self, fresh: list[Entry]) -> tuple[str, Mapping[str, Remark]] | None:
        """Everything that is said of runs, with a mark of its version; None where nothing is new."""
        version = self._notes_version()
        before = self._index.execute("SELECT value FROM state WHERE name = 'notes'").fetchone()
        if not fresh and before == (version,):
            return None
        remarks = self.notes.read()
        names = [entry.folder for entry in fresh]
        if numbers(remarks, names):
            try:
                remarks = self.notes.number(names)
            except RunFileError:  # a folder that cannot be written to: numbers for this program only
                remarks = self._numbered_here(remarks, names)
        return self._notes_version(), remarks

    def _numbered_here(self, remarks: dict[str, Remark], names: Iterable[str]) -> dict[str, Remark]:
        given = self._index.execute("SELECT folder, id FROM runs WHERE id > 0").fetchall()
        known = {folder: Remark(number) for folder, number in given} | remarks
        for folder, number in numbers(known, names):
            known[folder] = replace(known.get(folder, Remark()), number=number)
        return known

    def _notes_version(self) -> str:
        with contextlib.suppress(OSError):
            status = os.stat(self.notes.path)
            return f"{status.st_size} {status.st_mtime_ns}"
        return "none"


_INSERT = (
    f"INSERT OR REPLACE INTO runs ({', '.join(_COLUMNS)}, size, changed) "
    f"VALUES ({', '.join('?' * (len(_COLUMNS) + 2))})"
)


def _opened(path: Path) -> sqlite3.Connection:
    """The index on disk; anew where it is damaged, in memory where that cannot be."""
    try:
        return _prepared(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None))
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNUSABLE:
            return _in_memory()
        return _anew(path)


def _anew(path: Path) -> sqlite3.Connection:
    try:
        for end in ("", "-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        return _prepared(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None))
    except (OSError, sqlite3.DatabaseError):
        return _in_memory()


def _in_memory() -> sqlite3.Connection:
    return _prepared(sqlite3.connect(":memory:", isolation_level=None))


def _prepared(index: sqlite3.Connection) -> sqlite3.Connection:
    """The tables of this version; closes the index when it cannot be used."""
    try:
        version = index.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"the index has version {version}, not {_VERSION}")
        index.execute("PRAGMA synchronous = OFF")  # what a power cut spoils is made anew
        if version == _VERSION:
            return index
        index.execute("PRAGMA journal_mode = WAL")
        columns = ", ".join(f"{name} {_TYPES.get(name, 'TEXT')}" for name in _COLUMNS)
        with index:
            index.execute("BEGIN IMMEDIATE")
            index.execute(f"CREATE TABLE IF NOT EXISTS runs ({columns}, size INTEGER, changed INTEGER)")
            index.execute("CREATE UNIQUE INDEX IF NOT EXISTS by_folder ON runs (folder)")
            index.execute("CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT)")
            index.execute(f"PRAGMA user_version = {_VERSION}")
    except BaseException:
        index.close()
        raise
    return index


def _values(entry: Entry) -> list[Any]:
    return [_tags(value) if name == "tags" else value for name in _COLUMNS for value in (getattr(entry, name),)]


def _tags(tags: Iterable[str]) -> str:
    """Tags with a blank around each, so that one can be looked for."""
    joined = " ".join(tags)
    return f" {joined} " if joined else ""


def _entry(row: tuple[Any, ...]) -> Entry:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["tags"] = tuple(values["tags"].split())
    values["star"], values["simulated"] = bool(values["star"]), bool(values["simulated"])
    return Entry(**values)
