"""A map z(x, y) as an image on a regular grid, linear or logarithmic along each side, with its own colour scale."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QRectF
from qtpy.QtWidgets import QApplication, QVBoxLayout, QWidget

from coldfinger.gui.look import theme
from coldfinger.gui.plots.badge import Badge
from coldfinger.gui.plots.curve import to_view
from coldfinger.gui.plots.log_axis import LogAxis
from coldfinger.gui.plots.plot_frame import Canvas, Frame
from coldfinger.gui.plots.series import Quantity

MAPS = {"value": "viridis", "signed": "CET-CBD1", "phase": "CET-CBC1"}
"""Colour maps by what is shown: a value, a difference with its sign, an angle. None is a rainbow."""

Array = NDArray[np.float64]


class MapPlot(QWidget):
    """A map; `set_map` gives it z of shape (len(x), len(y)) on evenly spaced sides; nan stays empty."""

    def __init__(self, x: Quantity, y: Quantity, z: Quantity, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.quantities = (x, y, z)
        self.axes = {"left": LogAxis("left"), "bottom": LogAxis("bottom")}
        self.view = pg.ViewBox(enableMenu=False)
        plot = Frame(self.view, self.axes)
        self.canvas = Canvas(plot, self)
        self.image = pg.ImageItem()
        self.badge = Badge(self.view, right=False)
        plot.setContentsMargins(6, 4, 8, 2)
        self.view.addItem(self.image)
        self.scale = pg.ColorBarItem(label=z.text, interactive=False)
        self.scale.setImageItem(self.image, insert_in=plot)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        self.axes["bottom"].show_quantity(x)
        self.axes["left"].show_quantity(y)
        self.setAccessibleName(f"Map of {z.name} over {x.name} and {y.name}")
        self.dress()

    def set_map(
        self, x: Array, y: Array, z: Array, *, log: tuple[bool, bool] = (False, False), kind: str = "value"
    ) -> None:
        """Show z; `kind` is a key of MAPS. A signed map is centred on 0.

        Raises ValueError for a shape that does not fit, sides that are not evenly spaced, or an unknown kind.
        """
        if z.shape != (len(x), len(y)) or min(z.shape) < 2:
            raise ValueError(f"a map of {z.shape} does not fit sides of {len(x)} and {len(y)}; 2 or more are needed")
        if kind not in MAPS:
            raise ValueError(f"map of kind {kind!r} is not known; allowed are {', '.join(MAPS)}")
        sides = [_even(values, on, name) for values, on, name in zip((x, y), log, "xy", strict=True)]
        low, high = _levels(z, kind)
        self.axes["bottom"].set_log(log[0])
        self.axes["left"].set_log(log[1])
        self.image.setImage(z, autoLevels=False, levels=(low, high), axisOrder="col-major")
        (x0, dx), (y0, dy) = sides
        area = QRectF(x0 - dx / 2, y0 - dy / 2, dx * len(x), dy * len(y))
        self.image.setRect(area)
        self.scale.setColorMap(pg.colormap.get(MAPS[kind]))
        self.scale.setLevels((low, high))
        self.view.setRange(area, padding=0, disableAutoRange=True)

    def set_quantity(self, z: Quantity) -> None:
        """What the colours mean from now on."""
        self.quantities = (*self.quantities[:2], z)
        self.scale.getAxis("left").setLabel(z.text)
        self.setAccessibleName(f"Map of {z.name} over {self.quantities[0].name} and {self.quantities[1].name}")

    @property
    def badge_text(self) -> str:
        return self.badge.text

    def set_badge(self, text: str) -> None:
        """ "SIMULATED" or "REPLAY" inside the map; "" for none."""
        self.badge.text = text
        self.badge.dress(theme.current(), QApplication.font())

    def dress(self) -> None:
        """Take colours and font of the theme in use."""
        tokens, font = theme.current(), QApplication.font()
        self.canvas.setBackground(tokens.base)
        for axis in self.axes.values():
            axis.dress(tokens, font)
        for axis in (self.scale.axis, self.scale.getAxis("left")):
            axis.setPen(tokens.edge)
            axis.setTextPen(tokens.text)
            axis.setTickFont(font)
            axis.label.setFont(font)
        self.badge.dress(tokens, font)


def _even(values: Array, log: bool, name: str) -> tuple[float, float]:
    """First value and step, in the view."""
    shown = to_view(np.asarray(values, dtype=np.float64), log)
    steps = np.diff(shown)
    mean = float(steps.mean())
    if not np.isfinite(shown).all() or mean == 0 or np.abs(steps - mean).max() > 1e-6 * abs(mean):
        spaced = "logarithmically" if log else "evenly"
        raise ValueError(f"the {name} side of a map must be {spaced} spaced; put the data on such a grid first")
    return float(shown[0]), mean


def _levels(z: Array, kind: str) -> tuple[float, float]:
    there = z[np.isfinite(z)]
    if not len(there):
        return 0.0, 1.0
    low, high = float(there.min()), float(there.max())
    if kind == "signed":
        high = max(abs(low), abs(high)) or 1.0
        low = -high
    return (low, high) if high > low else (low - 0.5, high + 0.5)
