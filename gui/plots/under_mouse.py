"""Which curve the mouse means: looked for some time after it has moved, among the points that are drawn."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtWidgets import QWidget

from coldfinger.gui.plots.series import Array

PERIOD = 60
"""Milliseconds between two looks what is under the mouse."""
NEAR = 12.0
"""Pixels from a curve within which the mouse means it."""

Drawn = Callable[[], Iterator[tuple[str, tuple[Array | None, Array | None]]]]
"""Key of each visible curve with x and y of its drawn points, in the view."""


class UnderMouse(QObject):
    """Watches the mouse over the `view` of a plot; `found` says the key of the curve near it, "" for none."""

    found = Signal(str)

    def __init__(self, plot: QWidget, view: Any, scene: Any, drawn: Drawn) -> None:
        super().__init__(plot)
        self._plot, self._view, self._drawn = plot, view, drawn
        self.place: Any = None
        """Where it is in the scene."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.look)
        scene.sigMouseMoved.connect(self._moved)

    def _moved(self, place: Any) -> None:
        self.place = place
        if not self._timer.isActive():
            self._timer.start(PERIOD)

    def look(self) -> None:
        """Which curve is within a few pixels of the mouse?"""
        if self.place is None or not self._plot.isVisible():
            return
        at, (wide, high) = self._view.mapSceneToView(self.place), self._view.viewPixelSize()
        nearest, least = "", NEAR
        for key, (x, y) in self._drawn():
            if x is None or y is None or not len(x) or not wide or not high:
                continue
            with np.errstate(invalid="ignore"):
                away = np.hypot((x - at.x()) / wide, (y - at.y()) / high)
            distance = float(np.nanmin(away)) if np.isfinite(away).any() else NEAR
            if distance < least:
                nearest, least = key, distance
        self.found.emit(nearest)
