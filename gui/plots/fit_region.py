"""The window of a fit in a plot: a region of x that can be dragged, which keeps its values when the axis changes."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Signal

from coldfinger.gui.look.tokens import Tokens
from coldfinger.gui.plots.curve import to_view


class FitRegion(pg.LinearRegionItem):  # type: ignore[misc]
    """A region of `view`; `dragging` and `dragged` (low, high in x) while and when a hand has dragged it."""

    dragging = Signal(float, float)
    dragged = Signal(float, float)

    def __init__(self, view: Any) -> None:
        super().__init__(movable=True)
        self._within, self._log = view, False
        self.setZValue(-5)
        self.sigRegionChanged.connect(lambda *_: self._tell(self.dragging))
        self.sigRegionChangeFinished.connect(lambda *_: self._tell(self.dragged))

    @property
    def ends(self) -> tuple[float, float] | None:
        """Low and high x, None while it is not shown."""
        if self.scene() is None:
            return None
        low, high = self.getRegion()
        return (10.0**low, 10.0**high) if self._log else (low, high)

    def show_from(self, low: float, high: float) -> None:
        """Show it from `low` to `high` in x. Raises ValueError for what a logarithmic axis cannot show."""
        ends = to_view(np.array([low, high]), self._log)
        if not np.isfinite(ends).all():
            raise ValueError(f"a window from {low:g} to {high:g} cannot be shown on a logarithmic axis")
        if self.scene() is None:
            self._within.addItem(self, ignoreBounds=True)
        self.blockSignals(True)
        self.setRegion(list(ends))
        self.blockSignals(False)

    def take_away(self) -> None:
        """Show it no more."""
        if self.scene() is not None:
            self._within.removeItem(self)

    def set_log(self, log: bool) -> None:
        """Keep its values when the axis becomes logarithmic or linear."""
        ends = self.ends
        self._log = log
        if ends is not None:
            self.show_from(*ends)

    def dress(self, tokens: Tokens) -> None:
        """Colours of the theme."""
        self.setBrush(pg.mkBrush(tokens.accent + "30"))
        self.setHoverBrush(pg.mkBrush(tokens.accent + "50"))
        for line in self.lines:
            line.setPen(pg.mkPen(tokens.accent))

    def _tell(self, signal: Any) -> None:
        ends = self.ends
        if ends is not None:
            signal.emit(*ends)
