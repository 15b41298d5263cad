"""What one series looks like in a plot: line, symbols, bars, crosses for rows that must not be believed.

Drawing is bounded by the width of the plot, not by the length of the run: the line has at most two points a pixel,
symbols and bars are left out where they would be a smear. Doubted rows are always seen, as crosses off the line.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt

from coldfinger.gui.look.tokens import Tokens
from coldfinger.gui.plots.decimate import chosen_rows, decimate, visible_rows
from coldfinger.gui.plots.series import Series

SYMBOLS_BELOW, BARS_BELOW = 500, 300
"""Visible points from which on symbols and bars are left out."""
SYMBOLS = ("o", "s", "t1", "d", "p", "h", "star", "t")
LONG = 10_000
"""Rows from which on the end of a curve is looked for among its drawn points."""
SIZE = 7
DOUBT, REMARK = "x", "o"

Line = Literal["solid", "dash", "none"]
_LINES = {"solid": Qt.PenStyle.SolidLine, "dash": Qt.PenStyle.DashLine, "none": Qt.PenStyle.NoPen}

Array = NDArray[np.float64]
Point = tuple[float, float]
_NONE = np.zeros(0, dtype=np.bool_)
"""Of a run without flags: no row is doubted, none has a remark."""


def to_view(values: Array, log: bool) -> Array:
    """Where a plot has these values: themselves, or their log10 with nan for what has none."""
    if not log:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log10(values), np.nan)


@dataclass(frozen=True)
class Style:
    """What a curve looks like where that is not left to the plot: "" leaves colour or symbol to it."""

    colour: str = ""
    symbol: str = ""
    line: Line = "solid"
    hollow: bool = False
    """Symbols without filling: what must not look like a measured value that can be believed."""
    symbols: bool = True


class Curve:
    """The items of one series; `add_to` a view once, then `draw` whenever anything changes."""

    def __init__(self, number: int) -> None:
        self.symbol = SYMBOLS[number % len(SYMBOLS)]
        self.line = pg.PlotCurveItem(connect="finite", antialias=True)
        self.bars = pg.PlotCurveItem(connect="pairs", antialias=False)
        self.points = pg.ScatterPlotItem(size=SIZE, symbol=self.symbol)
        self.remarks = pg.ScatterPlotItem(size=SIZE + 5, symbol=REMARK, brush=None)
        self.doubts = pg.ScatterPlotItem(size=SIZE + 2, symbol=DOUBT, brush=None)
        self.arrows = pg.ScatterPlotItem(size=SIZE, symbol="t")
        self.items: tuple[Any, ...] = (
            self.bars, self.line, self.points, self.remarks, self.doubts, self.arrows,
        )  # fmt: skip
        for item in self.items[:1] + self.items[2:]:
            item.setVisible(False)  # what is empty is no work for the scene
        self.shown = True
        self._look: tuple[Any, ...] = ()
        self.colour = "#000000"
        self.style = Style()

    def add_to(self, view: Any) -> None:
        """Put all items into a view; the plot itself decides about ranges."""
        for item in self.items:
            view.addItem(item, ignoreBounds=True)

    def remove_from(self, view: Any) -> None:
        for item in self.items:
            view.removeItem(item)

    def set_shown(self, on: bool) -> None:
        """Show or hide it."""
        self.shown = on
        self.line.setVisible(on)
        self.bars.setVisible(on and self.bars.xData is not None)
        for item in (self.points, self.remarks, self.doubts, self.arrows):
            item.setVisible(on and len(item.data) > 0)

    def dress(self, tokens: Tokens, colour: str, selected: bool) -> None:
        """Colours of the theme; a selected curve is twice as wide."""
        look = (tokens.name, colour, selected, self.style)
        if look == self._look:
            return
        self._look = look
        self.colour = colour
        pen = pg.mkPen(colour, width=2 if selected else 1, style=_LINES[self.style.line])
        thin = pg.mkPen(colour, width=1)
        self.line.setPen(pen)
        self.line.setZValue(2 if selected else 1)
        self.bars.setPen(thin)
        hollow = self.style.hollow
        self.points.setSymbol(self.style.symbol or self.symbol)
        self.points.setPen(pg.mkPen(colour if hollow else tokens.text, width=1))
        self.points.setBrush(pg.mkBrush(None) if hollow else pg.mkBrush(colour))
        self.remarks.setPen(thin)
        self.doubts.setPen(pg.mkPen(colour, width=2))
        self.arrows.setPen(thin)
        self.arrows.setBrush(pg.mkBrush(colour))

    def draw(
        self,
        series: Series,
        log: tuple[bool, bool],
        x_range: tuple[float, float],
        floor: float,
        width: int,
        with_bars: bool,
        with_symbols: bool = True,
    ) -> None:
        """Draw what lies within `x_range` (in values) of a plot `width` pixels wide; `floor` is its lower edge."""
        rows = visible_rows(series.x, *x_range)
        all_x, all_y = series.x[rows], series.y[rows]
        bad = series.doubted[rows] if len(series.flags) else _NONE
        believed = not bad.any()
        good = ~bad
        x, y = (all_x, all_y) if believed else (all_x[good], all_y[good])
        few_x, few_y = decimate(x, np.where(y > 0, y, np.nan) if log[1] else y, max(2 * width, 8))
        self.line.setData(to_view(few_x, log[0]), to_view(few_y, log[1]))
        if self.style.line == "none":
            self._scatter(self.points, *_thinned(x, y), log)
        else:
            without = len(x) >= SYMBOLS_BELOW or not (self.style.symbols and with_symbols)
            self._scatter(self.points, x[:0] if without else x, y[:0] if without else y, log)
        for item, there in ((self.remarks, series.remarked[rows] if len(series.flags) else _NONE), (self.doubts, bad)):
            some = there.any()
            self._scatter(item, *_thinned(all_x[there] if some else x[:0], all_y[there] if some else y[:0]), log)
        drawn = with_bars and len(series.sd) > 0 and len(x) < BARS_BELOW
        sd = series.sd[rows] if drawn else np.empty(0)
        self._draw_bars(
            x if drawn else x[:0], y if drawn else y[:0], sd if believed or not drawn else sd[good], log, floor
        )

    def ends(self, series: Series, log: tuple[bool, bool]) -> tuple[Point | None, Point | None]:
        """Where the curve ends at the left and at the right, in the view.

        Of a long one where its drawn points do, which are at most two a pixel.
        """
        if len(series.x) > LONG:
            x, y = self.line.getData()
            if x is not None and len(x):
                return _outermost(x, y, np.isfinite(x) & np.isfinite(y))
        x, y = to_view(series.x, log[0]), to_view(series.y, log[1])
        there = np.isfinite(x) & np.isfinite(y)
        return _outermost(x, y, there & ~series.doubted if len(series.flags) else there)

    def _scatter(self, item: Any, x: Array, y: Array, log: tuple[bool, bool]) -> None:
        if not len(x) and not len(item.data):
            return
        shown_x, shown_y = to_view(x, log[0]), to_view(y, log[1])
        there = np.isfinite(shown_x) & np.isfinite(shown_y)
        item.setData(shown_x[there], shown_y[there])
        item.setVisible(self.shown and len(item.data) > 0)

    def _draw_bars(self, x: Array, y: Array, sd: Array, log: tuple[bool, bool], floor: float) -> None:
        """Bars of one s.d.; on a log axis one that reaches 0 ends at the lower edge with an arrow."""
        if not len(x) and self.bars.xData is None:
            return
        there = np.isfinite(sd) & np.isfinite(to_view(y, log[1])) & np.isfinite(to_view(x, log[0]))
        x, y, sd = to_view(x[there], log[0]), y[there], sd[there]
        open_end = (y - sd <= 0) if log[1] else np.zeros(len(y), dtype=np.bool_)
        low = np.where(open_end, floor, to_view(y - sd, log[1]))
        high = to_view(y + sd, log[1])
        if not len(x):
            self.bars.clear()
            self.arrows.clear()
        else:
            self.bars.setData(np.repeat(x, 2), np.column_stack([low, high]).ravel())
            self.arrows.setData(x[open_end], low[open_end])
        self.bars.setVisible(self.shown and len(x) > 0)
        self.arrows.setVisible(self.shown and len(self.arrows.data) > 0)


def _thinned(x: Array, y: Array) -> tuple[Array, Array]:
    """No more than SYMBOLS_BELOW of them, spread over all."""
    chosen = chosen_rows(y, SYMBOLS_BELOW)
    return (x, y) if chosen is None else (x[chosen], y[chosen])


def _outermost(x: Array, y: Array, there: NDArray[np.bool_]) -> tuple[Point | None, Point | None]:
    """The points furthest to the left and to the right among those that are there."""
    if not there.any():
        return None, None
    first, last = int(np.where(there, x, np.inf).argmin()), int(np.where(there, x, -np.inf).argmax())
    return (float(x[first]), float(y[first])), (float(x[last]), float(y[last]))
