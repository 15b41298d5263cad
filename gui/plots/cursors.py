"""Cursors A and B of a plot: vertical lines that are dragged, and what the curve has there, with the differences."""

import math
from collections.abc import Callable
from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtGui import QFont

from coldfinger.gui.look.tokens import Tokens


class Cursors:
    """Two lines in `view`; `point_at` gives the point of the curve nearest to an x, `say` takes the readout."""

    def __init__(
        self, view: Any, point_at: Callable[[float], tuple[float, float] | None], say: Callable[[str], None]
    ) -> None:
        self._view, self._point_at, self._say = view, point_at, say
        self._log = False
        self._units = ("", "")
        self.shown = False
        self.lines = [
            pg.InfiniteLine(angle=90, movable=True, label=name, labelOpts={"position": 0.95}) for name in "AB"
        ]
        for line in self.lines:
            line.setZValue(20)
            line.sigPositionChanged.connect(self.read)

    def dress(self, tokens: Tokens, font: QFont) -> None:
        for line, style in zip(self.lines, (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine), strict=True):
            line.setPen(pg.mkPen(tokens.accent, style=style))
            line.setHoverPen(pg.mkPen(tokens.accent, width=2, style=style))
            line.label.setColor(tokens.accent)
            line.label.setFont(font)

    def set_shown(self, on: bool, units: tuple[str, str]) -> None:
        """Show them at a third and two thirds of what is seen, or hide them; units of x and y for the readout."""
        self._units = units
        if on and not self.shown:
            low, high = self._view.viewRange()[0]
            for line, share in zip(self.lines, (1 / 3, 2 / 3), strict=True):
                line.setPos(low + share * (high - low))
                self._view.addItem(line, ignoreBounds=True)
        elif not on and self.shown:
            for line in self.lines:
                self._view.removeItem(line)
        self.shown = on
        self.read()

    def set_log(self, log: bool) -> None:
        """Keep their places when the axis becomes logarithmic or linear."""
        if log != self._log:
            for line in self.lines:
                here = line.value()
                if log and here <= 0:
                    here = 1.0
                line.setPos(math.log10(here) if log else 10.0**here)
        self._log = log

    def move(self, a: float, b: float) -> None:
        """Put A and B at values of x."""
        for line, x in zip(self.lines, (a, b), strict=True):
            line.setPos(math.log10(x) if self._log else x)

    @property
    def places(self) -> tuple[float, ...]:
        """x of A and of B."""
        return tuple(10.0 ** line.value() if self._log else line.value() for line in self.lines)

    def read(self, *_: object) -> None:
        """Say what is at the cursors."""
        self._say(self.text() if self.shown else "")

    def text(self) -> str:
        """ "A: 1.2 K, 182.4 Ω   B: 3 K, 170 Ω   Δ: 1.8 K, −12.4 Ω, ratio 0.932"."""
        a, b = (self._point_at(x) for x in self.places)
        if a is None or b is None:
            return "A, B: no believed point"
        parts = [f"{name}: {self._pair(*point)}" for name, point in (("A", a), ("B", b))]
        ratio = f", ratio {b[1] / a[1]:.4g}" if a[1] else ""
        return "   ".join([*parts, f"Δ: {self._pair(b[0] - a[0], b[1] - a[1])}{ratio}"]).replace("-", "−")

    def _pair(self, x: float, y: float) -> str:
        return ", ".join(f"{value:.5g} {unit}".strip() for value, unit in zip((x, y), self._units, strict=True))
