"""What the list of runs knows of the data folder: looked at off the window's thread, at most when something changed.

A shelf belongs to the thread that reads files. It opens the catalogue for each look and closes it again, as that
belongs to one thread too; whether a look is worth it is seen from names and times of the folder's files.
"""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coldfinger.procedures.data.catalogue import Catalogue
from coldfinger.procedures.data.entry import Entry
from coldfinger.procedures.data.notes import NOTES_NAME, Notes
from coldfinger.runfiles.journal import JOURNAL_NAME

TAG, STAR, NOTE = "tag", "star", "note"


class TagError(ValueError):
    """A text that is no list of tags; one sentence."""


@dataclass(frozen=True)
class Found:
    """Runs that the filter lets through, the newest first, and how many there are at all."""

    entries: tuple[Entry, ...]
    total: int
    text: str


class Shelf:
    """The runs of a data folder that need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: object = None

    def look(self, text: str = "", *, surely: bool = False) -> Found | None:
        """What there is now; None where nothing has changed since the last look with the same filter.

        Raises FilterError, and RunFileError where the folder cannot be read.
        """
        seen = (text, *self._stamps())
        if not surely and seen == self._seen:
            return None
        if not self.folder.is_dir():
            self._seen = seen
            return Found((), 0, text)
        with Catalogue(self.folder) as catalogue:
            catalogue.refresh()
            everything = catalogue.find()
            entries = everything if not text.strip() else catalogue.find(text)
        # The writer of a run may die without changing a file; so while one is running every look counts.
        running = any(entry.outcome == "running" for entry in everything)
        self._seen = None if running else seen
        return Found(tuple(reversed(entries)), len(everything), text)

    def remark(self, folders: Sequence[str], what: str, value: object) -> None:
        """Write a star (bool), a note (text) or all tags (texts) of runs; raises RunFileError."""
        notes = Notes(self.folder)
        for folder in folders:
            if what == STAR:
                notes.star(folder, bool(value))
            elif what == NOTE:
                notes.note(folder, str(value))
            else:
                self._set_tags(notes, folder, tuple(value) if isinstance(value, tuple) else ())

    def _set_tags(self, notes: Notes, folder: str, wanted: tuple[str, ...]) -> None:
        remark = notes.read().get(folder)
        present = remark.tags if remark else ()
        if gone := [tag for tag in present if tag not in wanted]:
            notes.tag(folder, gone, on=False)
        if fresh := [tag for tag in wanted if tag not in present]:
            notes.tag(folder, fresh)

    def _stamps(self) -> tuple[object, ...]:
        """Names, sizes and times of everything that the catalogue is made of."""
        stamps: list[object] = []
        with contextlib.suppress(OSError):
            names = [entry.name for entry in os.scandir(self.folder) if entry.is_dir()]
            for path in [self.folder / NOTES_NAME, *(self.folder / name / JOURNAL_NAME for name in sorted(names))]:
                with contextlib.suppress(OSError):
                    status = os.stat(path)
                    stamps.append((path, status.st_size, status.st_mtime_ns))
        return tuple(stamps)


def tags_of(text: str) -> tuple[str, ...]:
    """Tags from a typed text, by blanks or commas, each once, in order of the alphabet. Raises TagError."""
    if '"' in text:
        raise TagError("A tag is one word without quotation marks; write for example: cool anneal-2")
    return tuple(sorted(set(text.replace(",", " ").split())))
