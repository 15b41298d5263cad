"""The rehearsal of the queue from its beginning to its picture: its text, the process beside the window, the answer."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.queue.rehearsal_view import RehearsalView, Rehearser
from coldfinger.procedures.engine.items import Night
from coldfinger.procedures.plans.plan_file import PlanFileError
from coldfinger.procedures.plans.plan_write import plan_text


class QueueRehearsal(QObject):
    """One rehearsal at a time, and its window; `changed` when one has begun or is over, `said` sends messages."""

    changed = Signal()
    said = Signal(object)

    def __init__(self, station: str, background: Background, now: Callable[[], datetime], parent: QWidget) -> None:
        super().__init__(parent)
        self._background, self._now, self._window = background, now, parent
        self._rehearser = Rehearser(station, self)
        self._view: RehearsalView | None = None
        self._rehearser.done.connect(self._show)
        self._rehearser.failed.connect(self._failed)

    @property
    def running(self) -> bool:
        """Whether one is going on."""
        return self._rehearser.running

    def rehearse(self, night: Night) -> None:
        """Carry a night out on the simulated twin and show what would happen."""
        if self.running:
            return
        if self._view is None:
            self._view = RehearsalView(self._window)
            self._view.cancelled.connect(self._rehearser.cancel)
        self._view.wait(night.name)
        self._view.show()
        self._background.do("text of the rehearsal", lambda: plan_text(night, night.name), self._begin, self._no_text)

    def _begin(self, text: str) -> None:
        self._rehearser.start(text)
        self.changed.emit()

    def _no_text(self, error: BaseException) -> None:
        if self._view is not None:
            self._view.give_up(f"The queue cannot be rehearsed: {error}")
        if not isinstance(error, PlanFileError):
            raise error

    def _show(self, rehearsal: dict[str, Any]) -> None:
        self.changed.emit()
        if self._view is not None:
            self._view.show_rehearsal(rehearsal, self._now())
        refused = rehearsal["refused"]
        if refused:
            self.said.emit(Message("warning", f"The rehearsal found what the station refuses: {refused[0]}"))

    def _failed(self, sentence: str) -> None:
        self.changed.emit()
        if self._view is not None:
            self._view.give_up(sentence)

    def restyle(self) -> None:
        """Show its window in the present theme and font."""
        if self._view is not None:
            self._view.restyle()

    def end(self) -> None:
        """End its process and close its window."""
        self._rehearser.close()
        if self._view is not None:
            self._view.close()
