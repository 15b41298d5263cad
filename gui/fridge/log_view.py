"""The log: what the engine told, and what its process and the window wrote down, with a filter and a limit."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.background import Background
from coldfinger.gui.care.lag_log import WINDOW_LOG
from coldfinger.gui.desk import KEPT, Desk
from coldfinger.gui.look import theme
from coldfinger.gui.place import Place
from coldfinger.procedures.owner.places import LOG
from coldfinger.procedures.safety.locks import state_folder

LIMITS = (100, 500, 2000)
PERIOD_MS = 2000
TAIL = 256_000
"""Bytes of a log file that are looked at."""
LEVELS = ("info", "warning", "alarm")
_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\S* (?:\d+ )?([A-Z]+) (.*)")
_NAME, _OWN_NAME = re.compile(r"^(?:\w+\.)*(\w+):"), r"\1:"
"""Of the part of the program that writes; its own name is enough."""
_RANKS = {"DEBUG": 0, "INFO": 0, "WARNING": 1, "ERROR": 2, "CRITICAL": 2}


@dataclass(frozen=True)
class LogLine:
    """One entry: `level` is one of LEVELS."""

    level: str
    text: str


def event_line(event: Mapping[str, Any]) -> LogLine:
    """An event of the engine as a line, in this computer's time."""
    return LogLine(event["level"], f"{_local(event['utc'])}  {event['level']:7}  {event['kind']}: {event['text']}")


@lru_cache(maxsize=KEPT)
def _local(utc: str) -> str:
    return datetime.fromisoformat(utc).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def log_lines(text: str) -> list[LogLine]:
    """Lines of a log file, with or without the number of a process.

    A traceback belongs to the line above it and has its level.
    """
    lines: list[LogLine] = []
    level = LEVELS[0]
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            level = LEVELS[_RANKS.get(match[2], 1)]
            line = f"{match[1]}  {level:7}  {_NAME.sub(_OWN_NAME, match[3])}"
        lines.append(LogLine(level, line))
    return lines


def read_tail(path: Path, before: object = None) -> tuple[object, list[LogLine]] | None:
    """A mark of the file's version and its last lines; None where the version is `before`."""
    try:
        status = path.stat()
        version = (status.st_size, status.st_mtime_ns)
        if version == before:
            return None
        with open(path, "rb") as file:
            file.seek(max(status.st_size - TAIL, 0))
            data = file.read()
    except FileNotFoundError:
        return None if before == "none" else ("none", [])
    if status.st_size > TAIL:
        data = data.partition(b"\n")[2]
    return version, log_lines(data.decode("utf-8", "replace"))


def chosen_lines(lines: Iterable[LogLine], least: str, text: str, limit: int) -> list[str]:
    """The newest lines of a level and above that contain a text, the oldest of them first."""
    levels, wanted = LEVELS[LEVELS.index(least) :], text.casefold()
    return [line.text for line in lines if line.level in levels and wanted in line.text.casefold()][-limit:]


class LogView(QWidget):
    """What the engine has told this window, the log of the process that owns the station, or that of the window."""

    said = Signal(object)

    def __init__(self, place: Place, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("help", "gui#panels-traffic-log")
        self.setWindowTitle("Log")
        self.setAccessibleName("Log")
        self._desk, self._background = desk, background
        self._paths = (None, place.folder / LOG, state_folder() / WINDOW_LOG)
        self._file: list[LogLine] = []
        self._version: object = None
        self._shown: Sequence[str] = ()
        self.source, self.level, self.limit = QComboBox(self), QComboBox(self), QComboBox(self)
        self.source.addItems(["engine events", "log of the owner", "log of the window"])
        self.level.addItems(["all levels", "warnings and alarms", "alarms"])
        self.limit.addItems([f"last {limit}" for limit in LIMITS])
        self.limit.setCurrentIndex(1)
        self.source.currentIndexChanged.connect(lambda *_: self._turn())
        source = (
            "What the engine told this window,\n"
            f"what its process wrote to {self._paths[1]},\n"
            f"or what this window wrote to {self._paths[2]}: its messages, and where it stood still."
        )
        for box, name, tip in (
            (self.source, "Source", source),
            (self.level, "Level", "Which levels are shown."),
            (self.limit, "Limit", "How many lines are shown at most, the newest ones."),
        ):
            box.setAccessibleName(name)
            box.setToolTip(tip)
            box.currentIndexChanged.connect(lambda *_: self._fill())
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("only lines with this text")
        self.filter.setAccessibleName("Filter")
        self.filter.setToolTip("Only lines that contain this text, in any case.")
        self.filter.textChanged.connect(lambda *_: self._fill())
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName("Lines of the log")
        bar = self.text.verticalScrollBar()
        assert bar is not None
        self._bar, self._follows = bar, True
        bar.actionTriggered.connect(self._note_place)
        bar.rangeChanged.connect(self._stay_at_end)
        self.count, self.copy = QLabel(self), QPushButton("&Copy", self)
        self.count.setProperty("role", "faint")
        self.copy.setToolTip("Copy the lines that are shown.")
        self.copy.clicked.connect(lambda *_: self._copy())
        self._lay_out()
        self._poll = QTimer(self)
        self._poll.setInterval(PERIOD_MS)
        self._poll.timeout.connect(self._look)
        desk.happened.connect(lambda *_: self._take_events())
        self.restyle()

    def _lay_out(self) -> None:
        top, bottom, whole = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        for widget, stretch in ((self.source, 0), (self.level, 0), (self.filter, 1), (self.limit, 0)):
            top.addWidget(widget, stretch)
        bottom.addWidget(self.count, 1)
        bottom.addWidget(self.copy)
        whole.setContentsMargins(6, 6, 6, 6)
        whole.addLayout(top)
        whole.addWidget(self.text, 1)
        whole.addLayout(bottom)

    def restyle(self) -> None:
        """Take colours and font of the theme in use."""
        self.text.setFont(theme.fixed_font(self.font().pointSize()))
        self._fill()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self._poll.start()
        self._look()
        self._fill()
        self._stay_at_end()

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        self._poll.stop()

    def _take_events(self) -> None:
        if self.isVisible() and self._path is None:
            self._fill()

    @property
    def _path(self) -> Path | None:
        """The file that is shown, None where it is the engine's events."""
        return self._paths[self.source.currentIndex()]

    def _turn(self) -> None:
        """Another source was chosen."""
        self._file, self._version = [], None
        self._fill()
        self._look()

    def _look(self) -> None:
        path, before = self._path, self._version
        if path is None:
            self._fill()
        else:
            self._background.do("log", lambda: (path, read_tail(path, before)), self._take_file, self._not_read)

    def _take_file(self, answer: tuple[Path, tuple[object, list[LogLine]] | None]) -> None:
        path, news = answer
        if path == self._path and news is not None:
            self._version, self._file = news
            self._fill()

    def _not_read(self, error: BaseException) -> None:
        if not isinstance(error, OSError):
            raise error
        self.count.setText(f"{self._path} cannot be read: {error.strerror or error}")

    @property
    def _lines(self) -> Sequence[LogLine]:
        return self._file if self._path is not None else [event_line(event) for event in self._desk.told]

    def shown(self) -> list[str]:
        """The lines that are let through."""
        return self._choose(self._lines)

    def _choose(self, lines: Iterable[LogLine]) -> list[str]:
        level, limit = LEVELS[self.level.currentIndex()], LIMITS[self.limit.currentIndex()]
        return chosen_lines(lines, level, self.filter.text(), limit)

    def _fill(self) -> None:
        lines = self._lines
        shown = self._choose(lines)
        if shown != self._shown:
            self._shown = shown
            self._write(shown)
        nothing = "The engine has told nothing yet." if self._path is None else f"Nothing is written in {self._path}."
        self.text.setPlaceholderText("No line has this level and this text." if lines else nothing)
        self.count.setText(f"{len(shown)} of {len(lines)} {'line' if len(lines) == 1 else 'lines'}")

    def _write(self, lines: Sequence[str]) -> None:
        """Show other lines; the newest stays in sight, unless somebody has gone back to older ones."""
        before = self._bar.value()
        self.text.setPlainText("\n".join(lines))
        self._bar.setValue(self._bar.maximum() if self._follows else before)

    def _note_place(self, *_: int) -> None:
        """Somebody has scrolled."""
        self._follows = self._bar.sliderPosition() == self._bar.maximum()

    def _stay_at_end(self, *_: int) -> None:
        if self._follows:
            self._bar.setValue(self._bar.maximum())

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText("\n".join(self.shown()))
