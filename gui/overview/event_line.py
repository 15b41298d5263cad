"""The line below the plots: what happened, what it means, what was done, what can be done; nothing vanishes unseen.

Messages stack up. A warning or an alarm stays in front until it was seen; a note gives way to the next.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeySequence, QShowEvent
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QShortcut,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.look import theme
from coldfinger.gui.look.elided import ElidedLabel
from coldfinger.gui.look.tables import ReadingTable
from coldfinger.gui.look.tokens import Look

log = logging.getLogger(__name__)

LOOKS = {
    "info": Look("information-outline", "NOTE", "idle"),
    "warning": Look("alert-outline", "WARN", "warn"),
    "alarm": Look("alert", "ALARM", "bad"),
}
ANSWER, SEEN = "F8", "Shift+F8"
"""Keys of the first thing that the message in front offers, and of "Seen"."""
MOST = 5000
"""Messages kept."""

_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "alarm": logging.ERROR}

Action = tuple[str, Callable[[], None]]


@dataclass(frozen=True)
class Message:
    """One message: `text` in one or more sentences, `details` for experts, `actions` as (label, what to do)."""

    level: str
    text: str
    time: str = ""
    kind: str = ""
    details: str = ""
    actions: Sequence[Action] = field(default=(), compare=False)
    number: int | None = None
    """The engine's number of it, to acknowledge it there."""
    stays: bool = False
    """A note that no note of the engine pushes away; one that answers the user does."""


class EventLine(QFrame):
    """The newest message that matters, with its actions; `seen` sends the engine's number of a message."""

    seen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.messages: list[Message] = []
        self._unseen: list[Message] = []
        self._buttons: list[QPushButton] = []
        self.icon, self.time, self.text = QLabel(self), QLabel(self), ElidedLabel(self, tells=False)
        self.text.setMinimumWidth(120)
        self.text.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.count = QLabel(self)
        self.dismiss = QPushButton("Seen", self)
        self.dismiss.setToolTip(f"Take this message away; it stays in the list of all messages. ({SEEN})")
        self.dismiss.clicked.connect(self._dismiss)
        self.all = QPushButton("All…", self)
        self.all.setToolTip("All messages since the window was opened, with a filter.")
        self.all.clicked.connect(self.show_all)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(8, 3, 6, 3)
        for widget, stretch in ((self.icon, 0), (self.time, 0), (self.text, 1), (self.count, 0)):
            self._row.addWidget(widget, stretch)
        self._row.addWidget(self.dismiss)
        self._row.addWidget(self.all)
        self.setAccessibleName("Messages")
        QShortcut(QKeySequence(ANSWER), self).activated.connect(self._answer)
        QShortcut(QKeySequence(SEEN), self).activated.connect(self._dismiss)
        self._show()

    def say(self, message: Message) -> None:
        """Add a message; a warning or an alarm stays in front until it was seen, a note until there is a newer one."""
        if not message.time:
            message = replace(message, time=datetime.now().astimezone().strftime("%H:%M:%S"))
        log.log(_LEVELS[message.level], "%s: %s", message.kind or "message", message.text)
        self.messages = [*self.messages[-MOST + 1 :], message]
        if message.level != "info":
            self._unseen.append(message)
        elif message.number is None or not any(old.stays for old in self._unseen):
            self._unseen = [*(old for old in self._unseen if old.level != "info"), message]
        self._show()

    @property
    def front(self) -> Message | None:
        """The message that is shown: the newest of the most serious level; None when all were seen."""
        for level in ("alarm", "warning", "info"):
            of_level = [message for message in self._unseen if message.level == level]
            if of_level:
                return of_level[-1]
        return None

    def show_all(self) -> None:
        """Open the list of all messages."""
        MessageList(self.messages, self.window()).exec()

    def restyle(self) -> None:
        """Show it in the present theme."""
        self._show()

    def _dismiss(self) -> None:
        message = self.front
        if message is not None:
            self._unseen.remove(message)
            if message.number is not None:
                self.seen.emit(message.number)
        self._show()

    def _show(self) -> None:
        message, tokens = self.front, theme.current()
        look = LOOKS[message.level if message else "info"]
        tone = look.in_theme(tokens)
        self.setStyleSheet(f"EventLine {{ background: {tone.fill}; }} QLabel {{ color: {tone.ink}; }}")
        self.icon.setPixmap(theme.picture(look.icon, tone.ink, self.fontMetrics().height(), self))
        self.icon.setVisible(message is not None)
        self.time.setText(f"{message.time}  {look.word}" if message else "")
        self.text.set_text(message.text if message else "No messages that nobody has seen.")
        self.text.setToolTip("\n".join(filter(None, (message.text, message.details))) if message else "")
        more = len(self._unseen) - 1
        self.count.setText(f"+{more}" if more > 0 else "")
        self.count.setToolTip("Messages that nobody has seen yet, behind this one." if more > 0 else "")
        self.dismiss.setEnabled(message is not None)
        self._show_actions(message)
        self.setAccessibleDescription(f"{look.word}: {message.text}" if message else "")

    def _show_actions(self, message: Message | None) -> None:
        for button in self._buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = []
        for label, act in message.actions if message else ():
            button = QPushButton(label, self)
            button.clicked.connect(lambda *_, act=act: self._act(act))
            if not self._buttons:
                button.setToolTip(f"{label} ({ANSWER})")
            self._row.insertWidget(self._row.indexOf(self.dismiss), button)
            self._buttons.append(button)

    def _answer(self) -> None:
        if self._buttons:
            self._buttons[0].click()

    def _act(self, act: Callable[[], None]) -> None:
        self._dismiss()
        act()


class MessageList(QDialog):
    """All messages, the newest first, with a filter by level and by text; what is shown can be copied."""

    COLUMNS = ("Time", "Level", "Of", "Message")

    def __init__(self, messages: Sequence[Message], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Messages")
        self.resize(900, 420)
        self._messages = list(reversed(messages))
        self.level = QComboBox(self)
        self.level.addItems(["all levels", "warnings and alarms", "alarms"])
        self.level.setAccessibleName("Level")
        self.level.setToolTip("Which levels are shown.")
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("only messages with this text")
        self.filter.setAccessibleName("Filter")
        self.filter.setToolTip("Only messages that contain this text, in any case.")
        self.table = ReadingTable(self.COLUMNS, "Messages", self)
        self.table.setWordWrap(True)
        header: Any = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        copy, close = QPushButton("Copy", self), QPushButton("Close", self)
        copy.setToolTip("Copy the messages that are shown as text.")
        copy.clicked.connect(self._copy)
        close.clicked.connect(self.accept)
        top, bottom, whole = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        top.addWidget(self.level)
        top.addWidget(self.filter, 1)
        bottom.addStretch(1)
        bottom.addWidget(copy)
        bottom.addWidget(close)
        whole.addLayout(top)
        whole.addWidget(self.table, 1)
        whole.addLayout(bottom)
        self.level.currentIndexChanged.connect(self._fill)
        self.filter.textChanged.connect(self._fill)
        self._fill()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self.table.resizeRowsToContents()  # only now is it known how broad the texts may be

    def shown(self) -> list[Message]:
        """The messages that the filter lets through."""
        levels = (("info", "warning", "alarm"), ("warning", "alarm"), ("alarm",))[self.level.currentIndex()]
        wanted = self.filter.text().casefold()
        return [m for m in self._messages if m.level in levels and wanted in f"{m.kind} {m.text}".casefold()]

    def _fill(self) -> None:
        shown = self.shown()
        self.table.setRowCount(len(shown))
        for row, message in enumerate(shown):
            look = LOOKS[message.level]
            cells = (message.time, look.word, message.kind, message.text)
            for column, text in enumerate(cells):
                cell = QTableWidgetItem(text)
                cell.setToolTip(message.details or message.text)
                if column == 1:
                    cell.setIcon(theme.icon(look.icon, look.in_theme(theme.current()).ink))
                self.table.setItem(row, column, cell)
        self.table.resizeRowsToContents()

    def _copy(self) -> None:
        lines = ["\t".join((m.time, LOOKS[m.level].word, m.kind, m.text)) for m in self.shown()]
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText("\n".join(lines))
