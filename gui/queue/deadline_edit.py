"""The time by which the queue must have ended, as one line of text."""

from collections.abc import Callable
from datetime import datetime

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLineEdit, QWidget

from coldfinger.gui.look import theme
from coldfinger.procedures.plans.plan_values import ValueMistake, moment

DEADLINE = (
    'The queue must end by this time: "08:30", "2026-11-23 08:30", or empty for any time.\n'
    "Items that are expected to end later are marked, and skipped when their turn comes."
)


class DeadlineEdit(QLineEdit):
    """Shows the engine's deadline and takes another one.

    asked      the deadline that a person wants, UTC, "" for none
    refused    a sentence: what was written is no time, and nothing has changed
    """

    asked = Signal(str)
    refused = Signal(str)

    def __init__(self, present: Callable[[], str], now: Callable[[], datetime], parent: QWidget) -> None:
        """`present` tells the engine's deadline, UTC, and `now` its time."""
        super().__init__(parent)
        self._present, self._now = present, now
        self.setPlaceholderText("any time")
        self.setAccessibleName("Must end by")
        self.setToolTip(DEADLINE)
        self.editingFinished.connect(self.apply)

    def show_deadline(self) -> None:
        """Show what the engine has; it does not take the place of what is being written."""
        if not self.hasFocus():
            self.setText(_local_text(self._present()))
            theme.restyle(self, "mark", "")

    def apply(self) -> None:
        """Ask for what is written; what is no time is marked and changes nothing."""
        text, present = self.text().strip(), self._present()
        if text == _local_text(present):
            theme.restyle(self, "mark", "")
            return
        try:
            by = moment(text, self._now(), None, "must end by") if text else ""
        except ValueMistake as error:
            theme.restyle(self, "mark", "wrong")
            sentence = str(error)
            self.refused.emit(f"{sentence[:1].upper()}{sentence[1:]}. The deadline is as it was.")
            return
        theme.restyle(self, "mark", "")
        if by != present:
            self.asked.emit(by)
            self.setText(_local_text(by))

    def restyle(self) -> None:
        """Room for a day and a time in any font."""
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("2026-11-23 08:30") + 18)


def _local_text(utc: str) -> str:
    """ "08:30" or "Tue 08:30" are no full times: what is shown reads back as the same."""
    return f"{datetime.fromisoformat(utc).astimezone():%Y-%m-%d %H:%M}" if utc else ""
