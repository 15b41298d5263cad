"""Windows beside the main one: front panels, traffic, log, help, list of commands; each is loaded when asked for."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QApplication, QMessageBox, QShortcut, QWidget

if TYPE_CHECKING:
    from coldfinger.gui.window import Window

HANDBOOK = Path(__file__).parents[1] / "docs"
"""Folder of the pages that F1 opens; it is installed beside that of the window."""


class SideWindows:
    """Opened from the menus of a window; `open` are those that have been, by name."""

    def __init__(self, window: "Window") -> None:
        self._window = window
        self.open: dict[str, Any] = {}
        self._help: Any = None

    def panels(self) -> None:
        """The front panels of the instruments."""
        from coldfinger.gui.fridge.panels_view import PanelsView

        self._show("panels", PanelsView)

    def traffic(self) -> None:
        """What went over the wire."""
        from coldfinger.gui.fridge.traffic_view import TrafficView

        self._show("traffic", TrafficView)

    def log(self) -> None:
        """What engine and window have written down."""
        from coldfinger.gui.fridge.log_view import LogView

        self._show("log", LogView)

    def help_here(self) -> None:
        """The page that belongs to whatever has the keyboard."""
        from coldfinger.gui.helping.help import HelpViewer

        if self._help is None:
            self._help = HelpViewer(HANDBOOK, self._window)
        self._help.show_for(QApplication.focusWidget() or self._window)

    def commands(self) -> None:
        """Every command by its name."""
        from coldfinger.gui.helping.palette import CommandPalette

        CommandPalette(self._window).exec()

    def about(self) -> None:
        """Which program this is."""
        from importlib.metadata import version

        box = QMessageBox(self._window)
        box.setWindowTitle("About coldfinger")
        box.setText(f"coldfinger {version('coldfinger')}: run the refrigerator, trust the number.")
        box.exec()

    def restyle(self) -> None:
        """Take the theme in use."""
        for view in self.open.values():
            view.restyle()

    def close(self) -> None:
        """Close them all."""
        for view in self.open.values():
            view.close()

    def _show(self, name: str, kind: Callable[..., Any]) -> None:
        window, view = self._window, self.open.get(name)
        if view is None:
            view = self.open[name] = kind(window.place, window.desk, window.background, parent=window)
            view.setWindowFlag(Qt.WindowType.Window)
            view.said.connect(window.events.say)
            QShortcut(QKeySequence("Esc"), view).activated.connect(partial(self._shut, view))
            view.resize(680, 440)
        view.show()
        view.raise_()
        view.activateWindow()

    def _shut(self, view: QWidget) -> None:
        """Close one; the keyboard comes back to the main window."""
        view.close()
        self._window.activateWindow()
