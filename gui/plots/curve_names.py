"""Names at the ends of curves, in a column beside them: at the right, or at the left where the curves are apart there.

A name that others push away from its end has a thin line to it, and the symbol of its curve.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QPainter
from qtpy.QtWidgets import QGraphicsObject

from coldfinger.gui.look.tokens import Tokens
from coldfinger.gui.plots.name_places import End, moves, places
from coldfinger.gui.plots.series import Array

MOST_ROOM = 0.3
"""Largest share of the width kept free for names."""
GAP, LEAD, MARK = 6.0, 30.0, 8.0
"""Pixels from an end to its name, the same where a line leads to it, and from that line to the name, for the symbol."""
NEAR, LEDGE = 4.0, 2.0
"""Pixels beside a name in which no points should be; by which a name may be moved without a line."""
FAR = 3.0
"""A curve that ends so many times the length of its name before the others keeps its name at its end."""
SHORT = 4.0
"""Where the room at the side is less than so many lines are high, the names stand on the curves."""
BETTER = 0.5
"""The names change sides where they are moved less than this share of what they are moved here."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Named:
    """A curve that wants its name: its look, and its left and right end in the view, None without any."""

    key: str
    name: str
    colour: str
    symbol: str
    ends: tuple[Point | None, Point | None]
    drawn: Callable[[], tuple[Array | None, Array | None]]
    """x and y of its drawn points, in the view."""

    def middle(self) -> float:
        """Mean y of what is drawn of it, in the view."""
        _, y = self.drawn()
        there = y[np.isfinite(y)] if y is not None else ()
        return float(np.mean(there)) if len(there) else 0.0


@dataclass(frozen=True)
class Placed:
    """A name as it stands: its box and the end of its curve, in pixels of the view; `led` by a line from there."""

    key: str
    text: str
    box: QRectF
    end: QPointF
    led: bool
    colour: str
    symbol: str


@dataclass(frozen=True)
class _Seen:
    """A curve whose end is in view: `x` is counted from the side of the names on (pixels)."""

    of: Named
    end: End
    x: float


class CurveNames(QGraphicsObject):
    """The names in one `view`; `show_names` gives them, `placed` says where they stand."""

    def __init__(self, view: Any) -> None:
        super().__init__(view)
        self._within = view
        self._named: tuple[Named, ...] = ()
        self.placed: tuple[Placed, ...] = ()
        self.left = False
        """Whether they stand at the left ends."""
        self.top = 0.0
        """Pixels at the top that belong to others."""
        self._tokens: Tokens | None = None
        self._font = QFont()
        self.setZValue(10)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        view.sigRangeChanged.connect(self.place)
        view.sigResized.connect(self._resized)

    def dress(self, tokens: Tokens, font: QFont) -> None:
        """Colours and font of the theme."""
        self._tokens, self._font = tokens, font
        self.update()

    def show_names(self, named: Iterable[Named], first: str) -> None:
        """The names of these curves, that of `first` before others where not all fit; a single curve needs none."""
        curves = sorted(named, key=lambda one: one.key != first)
        self._named = tuple(one for one in curves if one.name) if len(curves) > 1 else ()
        self.place()

    # -- how much room they need

    def room(self, named: Sequence[Named], y_range: Point) -> tuple[float, float]:
        """Shares of what is seen along x (left, right) that the names need beside the curves, where these y are seen.

        Chooses the side, the other one than now only where the names are much nearer to their ends there.
        """
        metrics = QFontMetricsF(self._font)
        longest = max((metrics.horizontalAdvance(one.name) for one in named), default=0.0)
        if len(named) < 2 or not longest:
            return 0.0, 0.0
        ways = []
        for side in (0, 1):
            ends = [self._end(one, end[1], y_range) for one in named if one.name and (end := one.ends[side])]
            ways.append(moves(ends, self._places(ends), self._line))
        here, there = (0, 1) if self.left else (1, 0)
        if ways[here] > self._line and ways[there] < BETTER * ways[here]:
            self.left, here = not self.left, there
        lead = LEAD if ways[here] > LEDGE else GAP
        share = min((longest + lead + GAP) / max(self._within.width(), 1.0), MOST_ROOM)
        room = float(share / (1 - share))
        return (room, 0.0) if self.left else (0.0, room)

    # -- where they stand

    def place(self, *_: object) -> None:
        """Find their places, now that curves or view are others."""
        placed = self._found() if self._named else ()
        if placed != self.placed:
            self.placed = placed
            self.update()

    def _resized(self, *_: object) -> None:
        self.prepareGeometryChange()
        self.place()

    def _found(self) -> tuple[Placed, ...]:
        (x_low, x_high), y_range = self._within.viewRange()
        width = float(self._within.width())
        if not (x_high > x_low and y_range[1] > y_range[0] and width > 0):
            return ()
        seen: list[_Seen] = []
        for one in self._named:
            end = one.ends[0 if self.left else 1]
            if end is not None and x_low <= end[0] <= x_high and y_range[0] < end[1] < y_range[1]:
                x = width * (end[0] - x_low) / (x_high - x_low)
                seen.append(_Seen(one, self._end(one, end[1], y_range), x if self.left else width - x))
        if not seen:
            return ()
        metrics, outermost = QFontMetricsF(self._font), min(one.x for one in seen)
        early = [one for one in seen if one.x - outermost > FAR * metrics.horizontalAdvance(one.of.name)]
        placed = self._column([one for one in seen if one not in early], outermost, metrics)
        for short in early:
            placed += self._beside(short, placed, metrics)
        return tuple(placed)

    def _column(self, seen: Sequence[_Seen], outermost: float, metrics: QFontMetricsF) -> list[Placed]:
        """Names in one column beyond the outermost end."""
        width = float(self._within.width())
        found = self._places([one.end for one in seen])
        led = any(abs(y - one.end.y) > LEDGE for one in seen if (y := found.get(one.end.key)) is not None)
        edge = outermost - (LEAD if led else GAP)
        placed = []
        for one in seen:
            if (y := found.get(one.end.key)) is not None:
                begin = edge
                if edge < SHORT * self._line:
                    begin = min(metrics.horizontalAdvance(one.of.name) + 1, 0.5 * width)
                text = metrics.elidedText(one.of.name, Qt.TextElideMode.ElideMiddle, begin)
                long = metrics.horizontalAdvance(text)
                box = QRectF(begin - long if self.left else width - begin, y - self._line / 2, long, self._line)
                placed.append(self._placed(one, text, box, led))
        return placed

    def _beside(self, one: _Seen, placed: Sequence[Placed], metrics: QFontMetricsF) -> list[Placed]:
        """The name of a curve that ends before the others: at the side of its end, above or below it.

        Where the fewest points of curves are; nowhere if names are everywhere.
        """
        long, line, end = metrics.horizontalAdvance(one.of.name), self._line, self._at(one)
        outside = end.x() - GAP - long if self.left else end.x() + GAP
        ways = (
            QRectF(outside, end.y() - line / 2, long, line),
            QRectF(end.x() - long / 2, end.y() - GAP - line, long, line),
            QRectF(end.x() - long / 2, end.y() + GAP, long, line),
        )
        free = [
            box for box in ways if self.boundingRect().contains(box) and not any(box.intersects(p.box) for p in placed)
        ]
        return [self._placed(one, one.of.name, min(free, key=self._points_in), False)] if free else []

    def _points_in(self, box: QRectF) -> int:
        """How many drawn points lie in a box, or so near that their symbols do."""
        box = box.adjusted(-NEAR, -NEAR, NEAR, NEAR)
        (x_low, x_high), (y_low, y_high) = self._within.viewRange()
        per_x, per_y = (x_high - x_low) / self._within.width(), (y_high - y_low) / self._within.height()
        count = 0
        for one in self._named:
            x, y = one.drawn()
            if x is not None and y is not None:
                across = (x >= x_low + box.left() * per_x) & (x <= x_low + box.right() * per_x)
                upright = (y <= y_high - box.top() * per_y) & (y >= y_high - box.bottom() * per_y)
                count += int(np.count_nonzero(across & upright))
        return count

    def _placed(self, one: _Seen, text: str, box: QRectF, led: bool) -> Placed:
        return Placed(one.end.key, text, box, self._at(one), led, one.of.colour, one.of.symbol)

    def _at(self, one: _Seen) -> QPointF:
        return QPointF(one.x if self.left else self._within.width() - one.x, one.end.y)

    @property
    def _line(self) -> float:
        return float(QFontMetricsF(self._font).height())

    def _places(self, ends: Sequence[End]) -> dict[str, float]:
        return places(ends, self._line, self.top, float(self._within.height()))

    def _end(self, one: Named, y: float, y_range: Point) -> End:
        per_unit = float(self._within.height()) / (y_range[1] - y_range[0])
        return End(one.key, (y_range[1] - y) * per_unit, lambda: -one.middle())

    # -- how they look

    def boundingRect(self) -> QRectF:
        rect: QRectF = self._within.rect()
        return rect

    def paint(self, painter: QPainter | None, *_: Any) -> None:
        if painter is None or self._tokens is None or not self.placed:
            return
        painter.setFont(self._font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paper = QColor(self._tokens.base)
        paper.setAlpha(180)
        out, rise = -1.0 if self.left else 1.0, QFontMetricsF(self._font).ascent()
        for one in self.placed:
            painter.fillRect(one.box, paper)
        for one in self.placed:
            if one.led:
                side = one.box.right() if self.left else one.box.left()
                mark = QPointF(side - out * MARK, one.box.center().y())
                painter.setPen(pg.mkPen(one.colour, width=1))
                painter.drawLine(QPointF(one.end.x() + out * 5, one.end.y()), QPointF(mark.x() - out * 4, mark.y()))
                if one.symbol:
                    painter.save()
                    painter.translate(mark)
                    drawSymbol(painter, one.symbol, 7, pg.mkPen(self._tokens.text), pg.mkBrush(one.colour))
                    painter.restore()
            painter.setPen(QColor(self._tokens.text))
            painter.drawText(QPointF(one.box.left(), one.box.top() + rise), one.text)
