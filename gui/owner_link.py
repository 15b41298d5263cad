"""Finds the owner process of the station, or starts one; it ends with the window that started it."""

import logging

from qtpy.QtCore import QObject, Signal

from coldfinger.gui.background import Background
from coldfinger.gui.early_owner import EarlyOwner, Found
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.place import Place
from coldfinger.procedures.engine.face import OwnerSilent, Refused
from coldfinger.procedures.owner.owner import LONGEST_START, OwnerError

LOG = logging.getLogger("coldfinger.gui")


class OwnerLink(QObject):
    """`ready` once an owner answers, `said` (Message) for what the user should know.

    `ends_with_window`: whether this window started the owner, so that it ends with it.
    """

    ready = Signal()
    said = Signal(object)

    def __init__(self, place: Place, parent: QObject | None = None, *, early: EarlyOwner | None = None) -> None:
        """`early` has been looking for the owner already; the first `begin` takes what it finds."""
        super().__init__(parent)
        self._early = early
        self._place = place
        self._background = Background(self)  # its own: a start takes seconds
        self.ends_with_window = False
        self.beginning = False
        self._told_lost = False

    def begin(self) -> None:
        """Attach to the owner, or start one; returns at once."""
        if not self.beginning:
            self.beginning = True
            self._background.do("owner", self._find_or_start, self._began, self._failed)

    def go_on(self) -> None:
        """Take up the night that was cut off: the idle owner gives way to one that resumes it."""
        self.beginning = True
        self._background.do("owner", self._resume, self._began, self._failed)

    def lost(self, sentence: str) -> None:
        """The owner does not answer any more: said once, with what can be done."""
        if not self._told_lost:
            self._told_lost = True
            text = (
                f"The engine does not answer: {sentence}. Shown values are old. A dead-man makes a real station safe "
                "by itself; rows that were taken are on disk."
            )
            self.said.emit(Message("alarm", text, actions=[("Reconnect", self.begin)]))

    def found(self) -> None:
        """It answers again."""
        if self._told_lost:
            self._told_lost = False
            self.said.emit(Message("info", "The engine answers again."))

    def close(self) -> None:
        """End the owner where it belongs to this window, and the thread."""
        self._background.close(LONGEST_START)
        if self.ends_with_window:
            try:
                self._place.stop_owner(safe=True)
            except (OwnerSilent, OwnerError, Refused) as error:
                LOG.error("the owner was not ended: %s", error)

    def _find_or_start(self) -> Found:
        early, self._early = self._early, None
        found = early.result() if early is not None else self._place.find_or_start()
        self.ends_with_window = self.ends_with_window or found.started  # even if the window is gone by now
        return found

    def _resume(self) -> Found:
        if self._place.owner() is not None:
            self._place.stop_owner(safe=False)
        self._place.start_owner(resume=True)
        self.ends_with_window = True
        return Found(True)

    def _began(self, found: Found) -> None:
        started, left = found.started, found.left
        self.beginning = self._told_lost = False
        if left is not None and left[0]:
            text = f"A queue was cut off: {left[0]} of {left[1]} runs are left. Nothing has moved. Continue it?"
            self.said.emit(Message("warning", text, actions=[("Continue", self.go_on)]))
        if not started:
            self.said.emit(Message("info", "Attached to a station that another program had started."))
        self.ready.emit()

    def _failed(self, error: BaseException) -> None:
        self.beginning = False
        text = f"The station could not be opened: {error}. Nothing has moved."
        self.said.emit(Message("alarm", text, actions=[("Try again", self.begin)]))
