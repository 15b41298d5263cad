"""Axes around a view, without the menus of the library: some seventy hidden widgets a plot, which nobody here opens.

They would be made at the start, dressed with every change of the theme and kept for the whole night.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGraphicsGridLayout, QGraphicsItem, QMenu, QSizePolicy, QWidget

_PLACES = {"top": (1, 1), "left": (2, 0), "bottom": (3, 1)}
_VIEW = (2, 1)


class View(pg.ViewBox):  # type: ignore[misc]
    """What is between the axes; a right click opens the menu that `menu` makes."""

    def __init__(self, menu: Callable[[], QMenu]) -> None:
        super().__init__(enableMenu=False)
        self._menu_of_plot = menu

    def mouseClickEvent(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.RightButton:
            event.accept()
            self.raiseContextMenu(event)

    def raiseContextMenu(self, event: Any) -> None:
        self._menu_of_plot().popup(event.screenPos().toPoint())


class Frame(pg.GraphicsWidget):  # type: ignore[misc]
    """A view with the axes that it is given, by side: "left", "bottom", and "top" if there is one."""

    def __init__(self, view: Any, axes: Mapping[str, Any]) -> None:
        super().__init__()
        policy = QSizePolicy.Policy.Expanding
        self.setSizePolicy(policy, policy)
        self.vb, self._axes = view, dict(axes)
        self.layout = QGraphicsGridLayout()  # by this name the library puts a colour scale beside it
        self.layout.setContentsMargins(1, 1, 1, 1)
        self.layout.setSpacing(0)
        self.setLayout(self.layout)
        self.layout.addItem(view, *_VIEW)
        for side, axis in self._axes.items():
            axis.linkToView(view)
            axis.setZValue(0.5)
            axis.setFlag(QGraphicsItem.GraphicsItemFlag.ItemNegativeZStacksBehindParent)
            self.layout.addItem(axis, *_PLACES[side])
        for row in range(4):
            self.layout.setRowStretchFactor(row, 100 if row == _VIEW[0] else 1)
        for column in range(3):
            self.layout.setColumnStretchFactor(column, 100 if column == _VIEW[1] else 1)

    def show_axis(self, side: str, on: bool) -> None:
        """Show or hide an axis that was given; a hidden one takes no room."""
        (self._axes[side].show if on else self._axes[side].hide)()

    def show_grid(self, on: bool, alpha: float) -> None:
        """Lines of the grid along every axis, `alpha` from 0 to 1."""
        for axis in self._axes.values():
            axis.setGrid(int(255 * alpha) if on else False)


class Canvas(pg.GraphicsView):  # type: ignore[misc]
    """The widget that shows one frame."""

    def __init__(self, frame: Frame, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        policy = QSizePolicy.Policy.Expanding
        self.setSizePolicy(policy, policy)
        self.enableMouse(False)
        self.frame = frame
        self.setCentralItem(frame)
