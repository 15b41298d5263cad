"""The question before the window closes over a queue that runs."""

from enum import Enum

from qtpy.QtWidgets import QMessageBox, QWidget


class Leave(Enum):
    """What becomes of queue and window."""

    SAFELY = "Abort → safe and quit"
    MEASURING = "Close, keep measuring"
    NOT = "Stay"


def ask_to_leave(parent: QWidget, words: str) -> Leave:
    """Ask, with the state of the measurement in words; Enter and Esc stay."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("A queue is running")
    box.setText(f"{words}\n\nThe queue does not need this window.")
    roles = QMessageBox.ButtonRole
    buttons = {
        Leave.SAFELY: box.addButton(Leave.SAFELY.value, roles.DestructiveRole),
        Leave.MEASURING: box.addButton(Leave.MEASURING.value, roles.AcceptRole),
        Leave.NOT: box.addButton(Leave.NOT.value, roles.RejectRole),
    }
    box.setDefaultButton(buttons[Leave.NOT])
    box.setEscapeButton(buttons[Leave.NOT])
    box.exec()
    return next((answer for answer, button in buttons.items() if box.clickedButton() is button), Leave.NOT)
