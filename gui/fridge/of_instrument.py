"""What views of one instrument share: the box that chooses it, and the button that reads it again."""

from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QComboBox, QPushButton, QShortcut, QWidget


class InstrumentBox(QComboBox):
    """Chooses an instrument by its name."""

    def __init__(self, tip: str, view: QWidget) -> None:
        super().__init__(view)
        self.setAccessibleName("Instrument")
        self.setToolTip(tip)

    @property
    def names(self) -> list[str]:
        """All that can be chosen."""
        return [self.itemText(index) for index in range(self.count())]

    def take_names(self, names: Sequence[str]) -> None:
        """Offer other names; the chosen one stays where it is among them, and no choice is told meanwhile."""
        chosen = self.currentText()
        self.blockSignals(True)
        self.clear()
        self.addItems(names)
        self.setCurrentIndex(max(self.findText(chosen), 0))
        self.blockSignals(False)


class ReadButton(QPushButton):
    """Reads when it is pressed, and by F5 wherever the keyboard is in its view."""

    def __init__(self, read: Callable[[], None], tip: str, view: QWidget) -> None:
        super().__init__("&Read (F5)", view)
        self.setToolTip(tip)
        self.clicked.connect(lambda *_: read())
        shortcut = QShortcut(QKeySequence("F5"), view)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(read)
