"""The log: what the engine told, and what its process wrote down, with a filter by level and text and a limit."""

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtGui import QFontDatabase, QHideEvent, QShowEvent
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
from coldfinger.gui.desk import Desk
from coldfinger.gui.place import Place
from coldfinger.procedures.owner.places import LOG

KEPT = 5000
"""Events kept."""
LIMITS = (100, 500, 2000)
PERIOD_MS = 2000
TAIL = 256_000
"""Bytes of the process's log that are looked at."""
LEVELS = ("info", "warning", "alarm")
_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\S* \d+ ([A-Z]+) (.*)")
_RANKS = {"DEBUG": 0, "INFO": 0, "WARNING": 1, "ERROR": 2, "CRITICAL": 2}


@dataclass(frozen=True)
class LogLine:
    """One entry: `level` is one of LEVELS."""

    level: str
    text: str


def event_line(event: Mapping[str, Any]) -> LogLine:
    """An event of the engine as a line, in this computer's time."""
    time = datetime.fromisoformat(event["utc"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return LogLine(event["level"], f"{time}  {event['level']:7}  {event['kind']}: {event['text']}")


def log_lines(text: str) -> list[LogLine]:
    """Lines of a process's log; a traceback belongs to the line above it and has its level."""
    lines: list[LogLine] = []
    level = LEVELS[0]
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            level = LEVELS[_RANKS.get(match[2], 1)]
            line = f"{match[1]}  {level:7}  {match[3]}"
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
    """Engine events since the window was opened, or the log file of the process that owns the station."""

    said = Signal(object)

    def __init__(self, place: Place, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("help", "owner")
        self.setWindowTitle("Log")
        self.setAccessibleName("Log")
        self._path, self._background = place.folder / LOG, background
        self._events: deque[LogLine] = deque(maxlen=KEPT)
        self._file: list[LogLine] = []
        self._version: object = None
        self._shown: Sequence[str] = ()
        self.source, self.level, self.limit = QComboBox(self), QComboBox(self), QComboBox(self)
        self.source.addItems(["engine events", "log of the owner"])
        self.level.addItems(["all levels", "warnings and alarms", "alarms"])
        self.limit.addItems([f"last {limit}" for limit in LIMITS])
        self.limit.setCurrentIndex(1)
        for box, name, tip in (
            (self.source, "Source", f"What the engine told this window, or what its process wrote to {self._path}."),
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
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName("Lines of the log")
        self.count, self.copy = QLabel(self), QPushButton("&Copy", self)
        self.count.setProperty("role", "faint")
        self.copy.setToolTip("Copy the lines that are shown.")
        self.copy.clicked.connect(lambda *_: self._copy())
        self._lay_out()
        self._poll = QTimer(self)
        self._poll.setInterval(PERIOD_MS)
        self._poll.timeout.connect(self._look)
        desk.happened.connect(self._take_events)
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
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        fixed.setPointSize(self.font().pointSize())
        self.text.setFont(fixed)
        self._fill()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self._poll.start()
        self._look()
        self._fill()

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        self._poll.stop()

    def _take_events(self, events: Iterable[Mapping[str, Any]]) -> None:
        self._events.extend(event_line(event) for event in events)
        if self.isVisible() and self.source.currentIndex() == 0:
            self._fill()

    def _look(self) -> None:
        path, before = self._path, self._version
        self._background.do("log of the owner", lambda: read_tail(path, before), self._take_file, self._not_read)

    def _take_file(self, answer: tuple[object, list[LogLine]] | None) -> None:
        if answer is not None:
            self._version, self._file = answer
            self._fill()

    def _not_read(self, error: BaseException) -> None:
        if not isinstance(error, OSError):
            raise error
        self.count.setText(f"{self._path} cannot be read: {error.strerror or error}")

    def shown(self) -> list[str]:
        """The lines that are let through."""
        lines: Iterable[LogLine] = self._file if self.source.currentIndex() else self._events
        level, limit = LEVELS[self.level.currentIndex()], LIMITS[self.limit.currentIndex()]
        return chosen_lines(lines, level, self.filter.text(), limit)

    def _fill(self) -> None:
        shown = self.shown()
        if shown != self._shown:
            self._shown = shown
            self.text.setPlainText("\n".join(shown))
            bar = self.text.verticalScrollBar()
            if bar is not None:
                bar.setValue(bar.maximum())
        self.count.setText(f"{len(shown)} {'line' if len(shown) == 1 else 'lines'}")

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText("\n".join(self.shown()))
