"""Axes of plots: logarithmic ones whose labels never collide, prefixes only where they are usual, and 1/x on top."""

import math
from collections.abc import Callable
from typing import Any

import pyqtgraph as pg
from qtpy.QtGui import QFontMetricsF

from coldfinger.gui.look.tokens import Tokens
from coldfinger.gui.plots.series import Quantity
from coldfinger.gui.plots.ticks import SI_UNITS, Ticks, crowded_ticks, linear_ticks, log_ticks

Levels = list[tuple[float, list[float]]]


class LogAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis in log10 of its values while `logMode` is on, else an ordinary linear one."""

    autoSIPrefixScale: float
    labelUnitPrefix: str
    _aligned: "LogAxis | None" = None
    _broad = 0.0
    """px that it would like to have alone."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self._texts: dict[float, str] = {}
        self.setStyle(hideOverlappingLabels=False, maxTextLevel=0)
        self.enableAutoSIPrefix(False)

    def align(self, other: "LogAxis") -> None:
        """Be as broad as another axis, above or below, and it as this one: whichever needs more room says how much."""
        self._aligned, other._aligned = other, self
        self._updateWidth()

    def _updateWidth(self) -> None:
        super()._updateWidth()
        self._broad = self.minimumWidth()
        if self._aligned is not None:
            broad = max(self._broad, self._aligned._broad)
            for axis in (self, self._aligned):
                if axis.minimumWidth() != broad:
                    axis.setMinimumWidth(broad)
                    axis.setMaximumWidth(broad)
                    axis.picture = None

    def show_quantity(self, quantity: Quantity) -> None:
        """Name and unit beside the axis."""
        self._quantity = quantity
        prefixed = quantity.unit in SI_UNITS and not self.logMode
        self.enableAutoSIPrefix(prefixed)
        if prefixed:
            self.setLabel(quantity.name, units=quantity.unit)
        else:
            self.setLabel(quantity.text, units=None)

    def set_log(self, on: bool) -> None:
        """Logarithmic or linear."""
        self.setLogMode(on, on)
        if hasattr(self, "_quantity"):
            self.show_quantity(self._quantity)

    def updateAutoSIPrefix(self) -> None:
        """A logarithmic axis has none; its range may be still that of a linear one, far too large for a power."""
        if not self.logMode:
            super().updateAutoSIPrefix()
        elif self.autoSIPrefixScale != 1.0:
            self.autoSIPrefixScale, self.labelUnitPrefix = 1.0, ""
            self.showLabel(True)

    def dress(self, tokens: Tokens, font: Any) -> None:
        """Colours and font of the theme."""
        self.setPen(tokens.edge)
        self.setTextPen(tokens.text)
        self.setTickFont(font)
        self.label.setFont(font)
        self.setTickPen(pg.mkPen(tokens.edge))

    def tickValues(self, minVal: float, maxVal: float, size: float) -> Levels:
        low, high = sorted((minVal, maxVal))
        if not high > low or not math.isfinite(high - low):
            return []
        ticks = self._ticks(low, high, size)
        texts = {self._inside(value): text for value, text in ticks.labelled}
        self._texts = texts
        return [(1.0, list(texts)), (0.1, [self._inside(value) for value in ticks.small])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str | None]:
        return [self._texts.get(value) for value in values]

    def _inside(self, value: float) -> float:
        """Where the view has a value."""
        return math.log10(value) if self.logMode else value / self._scale

    @property
    def _scale(self) -> float:
        return float(self.autoSIPrefixScale if self.autoSIPrefix else 1.0)

    def _ticks(self, low: float, high: float, length: float) -> Ticks:
        per_pixel = (high - low) / max(length, 1.0)
        metrics = QFontMetricsF(self.style["tickFont"] or pg.QtWidgets.QApplication.font())
        upright = self.orientation in ("left", "right")

        def size(text: str) -> float:
            return float(metrics.height() * 0.9 if upright else metrics.horizontalAdvance(text))

        def place(value: float) -> float:
            return (self._inside(value) - low) / per_pixel

        if self.logMode:
            low, high = max(low, -300.0), min(high, 300.0)
            return log_ticks(10.0**low, 10.0**high, place, size) if low < high else Ticks((), ())
        return linear_ticks(low * self._scale, high * self._scale, place, size)


class ReciprocalAxis(LogAxis):
    """The top axis of an Arrhenius plot: below is 1/x, here stands x, and the other way round."""

    def __init__(self) -> None:
        super().__init__("top")
        self.below_is_log: Callable[[], bool] = lambda: False

    def _inside(self, value: float) -> float:
        return -math.log10(value) if self.below_is_log() else 1 / value

    def _ticks(self, low: float, high: float, length: float) -> Ticks:
        per_pixel = (high - low) / max(length, 1.0)
        metrics = QFontMetricsF(self.style["tickFont"] or pg.QtWidgets.QApplication.font())
        if self.below_is_log():
            first, last = 10.0 ** -min(high, 300.0), 10.0 ** -max(low, -300.0)
        else:
            low = max(low, high * 1e-3)  # towards x = infinity the ticks would pile up
            if low <= 0:
                return Ticks((), ())
            first, last = 1 / high, 1 / low
        origin = low

        def place(value: float) -> float:
            return (self._inside(value) - origin) / per_pixel

        return crowded_ticks(first, last, place, lambda text: float(metrics.horizontalAdvance(text)))
