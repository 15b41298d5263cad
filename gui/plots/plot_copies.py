"""Ways out of a plot: a picture, vectors, a table, a script; what was simulated says so in each of them."""

from typing import Any, Protocol

from qtpy.QtCore import QObject
from qtpy.QtGui import QGuiApplication, QImage
from qtpy.QtWidgets import QAction

from coldfinger.gui.plots.curve_set import CurveSet
from coldfinger.gui.plots.plot_text import csv_text, python_text
from coldfinger.gui.plots.series import Quantity
from coldfinger.gui.plots.vectors import svg_of


class Copied(Protocol):
    """A plot as its copies need it."""

    canvas: Any
    curves: CurveSet

    @property
    def badge_text(self) -> str: ...
    @property
    def log(self) -> tuple[bool, bool]: ...
    @property
    def quantities(self) -> tuple[Quantity, Quantity]: ...
    def draw(self) -> None: ...


class Copies:
    """What can be taken out of one plot."""

    def __init__(self, plot: Copied) -> None:
        self._plot = plot

    def image(self) -> QImage:
        """The plot as it is seen."""
        self._plot.draw()
        image: QImage = self._plot.canvas.grab().toImage()
        return image

    def svg(self) -> str:
        """The plot as vectors."""
        self._plot.draw()
        x, y = self._plot.quantities
        badge = f", {self._plot.badge_text}" if self._plot.badge_text else ""
        return svg_of(self._plot.canvas, f"{y.text} over {x.text}{badge}")

    def csv(self) -> str:
        """All rows of the visible curves, as shown."""
        return csv_text(self._plot.curves.seen(), *self._plot.quantities, self._plot.badge_text)

    def python(self) -> str:
        """A script that draws the visible curves."""
        plot = self._plot
        return python_text(plot.curves.seen(), *plot.quantities, plot.log, plot.badge_text, plot.curves.looks())

    def actions(self, parent: QObject) -> list[QAction]:
        """What puts the plot on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is None:
            return []
        ways: tuple[tuple[str, Any], ...] = (
            ("Copy as PNG", lambda: clipboard.setImage(self.image())),
            ("Copy as SVG", lambda: clipboard.setText(self.svg())),
            ("Copy as CSV", lambda: clipboard.setText(self.csv())),
            ("Copy as Python", lambda: clipboard.setText(self.python())),
        )
        actions = []
        for text, act in ways:
            action = QAction(text, parent)
            action.triggered.connect(lambda *_, act=act: act())
            actions.append(action)
        return actions
