"""A plot tab in a window of its own, for a second screen; closing that brings the tab back."""

from typing import Any

from qtpy.QtCore import QByteArray, Qt, Signal
from qtpy.QtGui import QCloseEvent, QKeySequence
from qtpy.QtWidgets import QAction, QLabel, QPushButton, QShortcut, QVBoxLayout, QWidget

KEY = "Ctrl+Shift+F"
_SIZE = (900, 620)


class FloatingPage(QWidget):
    """The window of one page; `closing` is sent once, before the page goes back."""

    closing = Signal()

    def __init__(self, page: QWidget, title: str, parent: QWidget, geometry: str = "") -> None:
        """`geometry` is what `place` gave before, "" for the usual size."""
        super().__init__(parent, Qt.WindowType.Window)
        self.page = page
        self.setWindowTitle(f"{title} – coldfinger")
        self.setAccessibleName(f"{title}, in a window of its own")
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 2, 2, 2)
        column.addWidget(page)
        page.show()
        self.resize(*_SIZE)
        if geometry:
            self.restoreGeometry(QByteArray(bytes.fromhex(geometry)))
        QShortcut(QKeySequence(KEY), self).activated.connect(self._shut)
        self._take_keys(parent.window())

    def _take_keys(self, main: QWidget | None) -> None:
        """The keys of the menus are heard here, too; those of single panels stay with them."""
        for action in main.findChildren(QAction) if main is not None else ():
            whole = action.shortcutContext() == Qt.ShortcutContext.WindowShortcut
            if whole and action.parent() is main and not action.shortcut().isEmpty():
                self.addAction(action)

    def _shut(self) -> None:
        self.close()

    def place(self) -> str:
        """Where the window stands, as plain text."""
        return bytes(self.saveGeometry().data()).hex()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        self.closing.emit()
        super().closeEvent(event)


class Away(QWidget):
    """What stands in a tab whose page floats; `back` when it is wanted back."""

    back = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        words = QLabel(f"{title} is in a window of its own.", self)
        words.setProperty("role", "faint")
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton("&Bring it back", self)
        self.button.setToolTip(f"Show it in this tab again; closing its window does the same ({KEY}).")
        self.button.clicked.connect(lambda *_: self.back.emit())
        self.setFocusProxy(self.button)
        column = QVBoxLayout(self)
        column.addStretch(1)
        column.addWidget(words)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)


def geometry_of(kept: Any) -> str:
    """What was remembered of a place; "" for what is none."""
    try:
        return bytes.fromhex(kept).hex()
    except (TypeError, ValueError):
        return ""
