""" "SIMULATED" or "REPLAY" inside a plot, so that every picture of it says so."""

from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtGui import QFont

from coldfinger.gui.look.tokens import Tokens

MARGIN_X, MARGIN_Y = 8, 6
"""Pixels between badge and edge of the view."""


class Badge(pg.TextItem):  # type: ignore[misc]
    """A dashed box in a corner of `view` at the top, hidden without a text."""

    def __init__(self, view: Any, *, right: bool) -> None:
        super().__init__(anchor=(1 if right else 0, 0))
        self._within, self._right = view, right
        self.text = ""
        self.setParentItem(view)
        self.setZValue(50)
        self.place()

    def place(self) -> None:
        """Into the corner, wherever that is now."""
        self.setPos(self._within.width() - MARGIN_X if self._right else MARGIN_X, MARGIN_Y)

    @property
    def height(self) -> float:
        """Pixels from the upper edge of the view to its lower edge with its margin; 0 without a text."""
        return float(self.boundingRect().height()) + 2 * MARGIN_Y if self.text else 0.0

    def dress(self, tokens: Tokens, font: QFont) -> None:
        """Text, colours of the theme, and font."""
        self.setVisible(bool(self.text))
        self.setFont(font)
        self.setText(self.text, color=tokens.lost.ink)
        self.fill = pg.mkBrush(tokens.lost.fill)
        self.border = pg.mkPen(tokens.lost.ink, style=Qt.PenStyle.DashLine)
