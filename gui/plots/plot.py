"""A plot of curves that bounds its own cost: decimated, redrawn ten times a second at most, and only where it is seen.

Series are given as numbers; the plot chooses colours and symbols, keeps them for a series as long as it lives, and
draws on logarithmic axes what a library would leave out. What was simulated or replayed says so inside the plot, so
that every picture of it does.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QRectF, Qt, QTimer, Signal
from qtpy.QtGui import QGuiApplication, QImage, QKeyEvent
from qtpy.QtWidgets import QAction, QApplication, QLabel, QMenu, QVBoxLayout, QWidget

from coldfinger.gui.look import theme
from coldfinger.gui.plots.cursors import Cursors
from coldfinger.gui.plots.curve import Curve, Style, to_view
from coldfinger.gui.plots.log_axis import LogAxis, ReciprocalAxis
from coldfinger.gui.plots.plot_frame import Canvas, Frame
from coldfinger.gui.plots.plot_keys import steer
from coldfinger.gui.plots.plot_text import Look, csv_text, python_text
from coldfinger.gui.plots.series import Normalise, Quantity, Series, axis_of, nearest, normalised
from coldfinger.gui.plots.vectors import svg_of

PERIOD = 100
"""Milliseconds between two drawings."""
HOVER = 60
"""Milliseconds between two looks what is under the mouse."""
NEAR = 12.0
"""Pixels from a curve within which the mouse means it."""
MANY, AT_ONCE = 40, 40
"""Curves from which on they are lines only, without symbols and bars; curves that are drawn in one go."""
LONG = 10_000
"""Rows from which on the end of a curve is looked for among the drawn points."""
MARGIN = 0.04
MOST_ROOM = 0.3
"""Largest share of the width kept free at the right for the names of the curves."""


class Plot(QWidget):
    """Curves by key over one x and one y; see `set_series`, `set_log`, `set_normalise`, `set_window`, `menu`.

    `selected` (key or "") is sent when a curve is clicked, `hovered` when the mouse comes near one or leaves it,
    `windowMoving` and `windowChanged` (low, high in x) while and when its region was moved, `lookChanged` after axes,
    grid, bars or normalisation were changed.
    With the keyboard in the plot L changes y between log and linear, Shift+L x, G the grid, N the normalisation, E the
    error bars, A shows everything, C the cursors; arrows move what is seen, + and - zoom. With cursors Left and Right
    move A from row to row, with Shift B.
    """

    selected = Signal(str)
    hovered = Signal(str)
    windowMoving = Signal(float, float)
    windowChanged = Signal(float, float)
    lookChanged = Signal()

    def __init__(
        self, x: Quantity, y: Quantity, *, twin: Quantity | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.quantity_x, self.quantity_y = x, y
        self._series: dict[str, Series] = {}
        self._shown: dict[str, Series] = {}
        self._curves: dict[str, Curve] = {}
        self._hidden: set[str] = set()
        self._dirty: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._chosen = self._near = ""
        self._leader: Plot | None = None
        self._mouse: Any = None
        self._log = (False, False)
        self._bars = self._grid = True
        self._whole = True
        self._undressed = False
        self._how = Normalise.PLAIN
        self._reference: float | None = None
        self.badge_text = ""
        self._make(twin)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(lambda: self.draw(AT_ONCE))
        self._hover = QTimer(self)
        self._hover.setSingleShot(True)
        self._hover.timeout.connect(self._look_near)
        self.canvas.scene().sigMouseMoved.connect(self._mouse_moved)
        self.dress()

    def _make(self, twin: Quantity | None) -> None:
        self.axes = {"left": LogAxis("left"), "bottom": LogAxis("bottom")}
        if twin is not None:
            top = ReciprocalAxis()
            top.below_is_log = lambda: self._log[0]
            self.axes["top"] = top
        self.view = _View(self)
        self.item = Frame(self.view, self.axes)
        self.canvas = Canvas(self.item, self)
        self.item.setContentsMargins(6, 4, 8, 2)
        self.view.disableAutoRange()
        self.view.sigRangeChangedManually.connect(self._moved)
        self.view.sigRangeChanged.connect(self._all_dirty)
        self.view.sigResized.connect(self._all_dirty)
        self.readout = QLabel("", self)
        self.readout.hide()
        self.cursors = Cursors(self.view, self._point_at, self._show_readout)
        self.region = pg.LinearRegionItem(movable=True)
        self.region.setZValue(-5)
        self.region.sigRegionChanged.connect(self._window_moving)
        self.region.sigRegionChangeFinished.connect(self._window_moved)
        self.badge = pg.TextItem(anchor=(1, 0))
        self.badge.setParentItem(self.view)
        self.badge.setVisible(False)
        self.badge.setZValue(50)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.readout)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.canvas.setFocusProxy(self)
        self.setAccessibleName(f"Plot of {self.quantity_y.name} over {self.quantity_x.name}")
        self.axes["bottom"].show_quantity(self.quantity_x)
        self.axes["left"].show_quantity(self.quantity_y)
        if twin is not None:
            self.axes["top"].show_quantity(twin)

    # -- what is shown

    def set_series(self, key: str, series: Series) -> None:
        """Show a curve, or its newer state; arrays that were given before may not be changed afterwards."""
        known = self._series.get(key)
        self._series[key] = series
        if key not in self._curves:
            self._numbers.setdefault(key, len(self._numbers))
            self._curves[key] = curve = Curve(self._numbers[key])
            curve.add_to(self.view)
            curve.line.setClickable(True, 8)
            curve.line.sigClicked.connect(lambda *_, key=key: self.select(key, told=True))
        self._normalise_one(key)
        if known is None or known.order != series.order:
            self._dress_later()
        self._later(key)

    def remove(self, key: str) -> None:
        """Show a curve no more; it keeps its colour should it come again. Raises KeyError for an unknown one."""
        del self._series[key]
        self._curves.pop(key).remove_from(self.view)
        self._shown.pop(key, None)
        self._hidden.discard(key)
        self._dirty.discard(key)
        self._near = "" if self._near == key else self._near
        self._dress_later()
        self._all_dirty()

    @property
    def series(self) -> dict[str, Series]:
        """All curves by their keys, as they were given."""
        return dict(self._series)

    def set_visible(self, key: str, visible: bool) -> None:
        """Show or hide a curve that keeps its place."""
        (self._hidden.discard if visible else self._hidden.add)(key)
        self._curves[key].set_shown(visible)
        self._curves[key].label.setVisible(visible)
        self._all_dirty()

    def select(self, key: str, *, told: bool = False) -> None:
        """Draw a curve broad and read the cursors from it; "" for none."""
        self._chosen = key if key in self._curves else ""
        self._dress_curves()
        self.cursors.read()
        if told:
            self.selected.emit(self._chosen)

    def set_style(self, key: str, style: Style) -> None:
        """Give a curve its own colour, symbol or line."""
        if self._curves[key].style != style:
            self._curves[key].style = style
            self._dress_later()
            self._later(key)

    def highlight(self, key: str) -> None:
        """Draw a curve broad while the mouse is near it; "" for none."""
        key = key if key in self._curves else ""
        if key != self._near:
            self._near = key
            self._dress_curves()
            self.canvas.setToolTip(self._series[key].name if key else "")
            self.hovered.emit(key)

    def colour(self, key: str) -> str:
        """The colour of a curve, "#RRGGBB", for lists beside the plot."""
        if self._undressed:
            self._dress_curves()
        return self._curves[key].colour

    # -- how it is shown

    def set_quantities(self, x: Quantity, y: Quantity) -> None:
        """What the axes show from now on; the curves have to follow."""
        if (x, y) == (self.quantity_x, self.quantity_y):
            return
        self.quantity_x, self.quantity_y = x, y
        self.axes["bottom"].show_quantity(x)
        self.axes["left"].show_quantity(axis_of(y, self._how, x, self._reference))
        self.setAccessibleName(f"Plot of {y.name} over {x.name}")
        self.set_cursors(self.cursors.shown)
        self.show_all()

    def follow_x(self, leader: "Plot") -> None:
        """Show the same range of x as another plot."""
        self._leader = leader
        leader.view.sigXRangeChanged.connect(self._all_dirty)

    @property
    def grid(self) -> bool:
        return self._grid

    @property
    def bars(self) -> bool:
        return self._bars

    @property
    def log(self) -> tuple[bool, bool]:
        """Whether x and y are logarithmic."""
        return self._log

    def set_log(self, x: bool, y: bool) -> None:
        """Logarithmic or linear axes."""
        if (x, y) == self._log:
            return
        window = self.window_range
        self._log = (x, y)
        self.axes["bottom"].set_log(x)
        self.axes["left"].set_log(y)
        if window is not None:
            self.set_window(*window)
        self.cursors.set_log(x)
        self.show_all()
        self.lookChanged.emit()

    def set_grid(self, on: bool) -> None:
        self._grid = on
        self.item.show_grid(on, 0.35)
        self.lookChanged.emit()

    def set_bars(self, on: bool) -> None:
        """Error bars of one s.d., where fewer than 300 points are seen."""
        self._bars = on
        self._all_dirty()
        self.lookChanged.emit()

    @property
    def normalise(self) -> Normalise:
        return self._how

    def set_normalise(self, how: Normalise, reference: float | None = None) -> None:
        """Show y as measured, inverse, or divided by its largest value or its value at x = `reference`.

        Raises ValueError where a reference is needed and missing.
        """
        if how is Normalise.REFERENCE and reference is None:
            raise ValueError(f"to divide by a reference give the {self.quantity_x.name} of it")
        self._how, self._reference = how, reference
        self.axes["left"].show_quantity(axis_of(self.quantity_y, how, self.quantity_x, reference))
        for key in self._series:
            self._normalise_one(key)
        self.show_all()
        self.lookChanged.emit()

    def set_badge(self, text: str) -> None:
        """ "SIMULATED" or "REPLAY" inside the plot and in everything that is copied from it; "" for none."""
        self.badge_text = text
        self.badge.setVisible(bool(text))
        self.dress()

    def show_all(self) -> None:
        """The whole of all visible curves, also of what comes later."""
        self._whole = True
        self._all_dirty()

    # -- the window of a fit

    @property
    def window_range(self) -> tuple[float, float] | None:
        """Low and high x of the region, None without one."""
        if self.region.scene() is None:
            return None
        low, high = self.region.getRegion()
        return (10.0**low, 10.0**high) if self._log[0] else (low, high)

    def zoom_to(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Show these ranges of values, until a hand or `show_all` wants others."""
        self._whole = False
        for ends, log, of in ((x, self._log[0], self.view.setXRange), (y, self._log[1], self.view.setYRange)):
            low, high = to_view(np.array(ends), log)
            if np.isfinite(low) and np.isfinite(high) and low < high:
                of(float(low), float(high), padding=0)
        self._all_dirty()

    def set_window(self, low: float, high: float) -> None:
        """Show the region of a fit from `low` to `high` in x; it can be dragged."""
        ends = to_view(np.array([low, high]), self._log[0])
        if not np.isfinite(ends).all():
            raise ValueError(f"a window from {low:g} to {high:g} cannot be shown on a logarithmic axis")
        if self.region.scene() is None:
            self.view.addItem(self.region, ignoreBounds=True)
        self.region.blockSignals(True)
        self.region.setRegion(list(ends))
        self.region.blockSignals(False)

    def remove_window(self) -> None:
        if self.region.scene() is not None:
            self.view.removeItem(self.region)

    def _window_moving(self) -> None:
        if (window := self.window_range) is not None:
            self.windowMoving.emit(*window)

    def _window_moved(self) -> None:
        if (window := self.window_range) is not None:
            self.windowChanged.emit(*window)

    # -- drawing

    def _later(self, *keys: str) -> None:
        self._dirty.update(keys)
        if not self._timer.isActive() and self.isVisible():
            self._timer.start(PERIOD)

    def _all_dirty(self, *_: object) -> None:
        self._later(*self._curves)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._all_dirty()

    def hideEvent(self, event: Any) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def draw(self, most: int | None = None) -> None:
        """Draw what has changed, now; with `most` no more than so many curves, the others at once after it."""
        if self._undressed:
            self._dress_curves()
        if self._whole:
            self._fit_range()
        if self._leader is not None:
            self.view.blockSignals(True)
            self.view.setXRange(*self._leader.view.viewRange()[0], padding=0)
            self.view.blockSignals(False)
            self.axes["bottom"].setRange(*self.view.viewRange()[0])
        (x_low, x_high), (floor, _) = self.view.viewRange()
        x_range = (10.0 ** max(x_low, -300), 10.0 ** min(x_high, 300)) if self._log[0] else (x_low, x_high)
        width = max(int(self.view.width()), 50)
        plain = len(self._shown.keys() - self._hidden) > MANY
        drawn = [key for key in self._curves if key in self._dirty and key not in self._hidden][:most]
        for key in drawn:
            if key in self._shown:
                bars = self._bars and not plain
                self._curves[key].draw(self._shown[key], self._log, x_range, floor, width, bars, not plain)
            elif key in self._curves:
                self._curves[key].draw(Series.of("", [], []), self._log, x_range, floor, width, False)
        self._dirty -= {*drawn, *self._hidden}
        self._dirty &= self._curves.keys()
        self._timer.stop()
        if self._dirty:
            self._timer.start(0)
        self._place_labels()
        self._place_badge()
        self.cursors.read()

    def _fit_range(self) -> None:
        seen = [self._shown[key] for key in self._shown if key not in self._hidden]
        bounds = [_bounds([getattr(one, axis) for one in seen], log) for axis, log in zip("xy", self._log, strict=True)]
        (x0, x1), (y0, y1) = bounds
        room = self._label_room(seen)
        area = QRectF(x0 - MARGIN * (x1 - x0), y0, (x1 - x0) * (1 + 2 * MARGIN + room), y1 - y0)
        self.view.blockSignals(True)  # its own doing is no reason to draw again
        self.view.setRange(area, padding=0, disableAutoRange=True)
        y_pad = 2 * MARGIN * (y1 - y0)
        head = (self.badge.boundingRect().height() + 12) / max(self.view.height(), 1.0) if self.badge_text else 0.0
        self.view.setYRange(y0 - y_pad, y1 + y_pad + min(head / max(1 - head, 0.1), 1.2) * (y1 - y0), padding=0)
        self.view.blockSignals(False)
        for side, values in (("bottom", self.view.viewRange()[0]), ("left", self.view.viewRange()[1])):
            self.axes[side].setRange(*values)
        if "top" in self.axes:
            self.axes["top"].setRange(*self.view.viewRange()[0])
        if area != getattr(self, "_area", None):
            self._area = area
            self._dirty.update(self._curves)

    def _label_room(self, seen: list[Series]) -> float:
        """Share of the width that the names of the curves need at the right."""
        if len(seen) < 2:
            return 0.0
        longest = max(self.fontMetrics().horizontalAdvance(series.name) for series in seen)
        share = min((longest + 10) / max(self.view.width(), 1.0), MOST_ROOM)
        return float(share / (1 - share)) if longest else 0.0

    def _moved(self, *_: object) -> None:
        self._whole = False

    def _place_labels(self) -> None:
        """Names at the ends of the curves, as long as they do not lie on each other."""
        seen = [key for key in self._shown if key not in self._hidden]
        right = self._free_ends(seen, left=False)
        left = self._free_ends(seen, left=True) if len(right) < len(seen) else {}
        ends = left if len(left) > len(right) else right
        for key, series in self._shown.items():
            label = self._curves[key].label
            label.setVisible(len(seen) > 1 and key in ends)
            if label.isVisible():
                label.setText(series.name)
                label.setAnchor((0, 1) if ends is left else (0, 0.5))
                label.setPos(*ends[key])

    def _free_ends(self, keys: list[str], *, left: bool) -> dict[str, tuple[float, float]]:
        """Where names can stand at this end of the curves; the chosen curve comes first."""
        height = self.view.viewPixelSize()[1] * self.fontMetrics().height()
        (x_low, x_high), (y_low, y_high) = self.view.viewRange()
        places: dict[str, tuple[float, float]] = {}
        for key in sorted(keys, key=lambda key: key != self._chosen):
            end = self._end_of(key, left)
            if not self._shown[key].name or end is None or not (y_low < end[1] < y_high and x_low <= end[0] < x_high):
                continue
            if all(abs(end[1] - other) >= height for _, other in places.values()):
                places[key] = end
        return places

    def _end_of(self, key: str, left: bool) -> tuple[float, float] | None:
        """Where the curve ends; of a long one where its drawn points do, which are at most two a pixel."""
        series = self._shown[key]
        if len(series.x) <= LONG:
            return _end(series, self._log, left=left)
        x, y = self._curves[key].line.getData()
        there = np.isfinite(x) & np.isfinite(y) if x is not None else np.empty(0, dtype=np.bool_)
        if not there.any():
            return None
        row = int(np.argmax(np.where(there, -x if left else x, -np.inf)))
        return float(x[row]), float(y[row])

    def _place_badge(self) -> None:
        self.badge.setPos(self.view.width() - 8, 6)

    def _normalise_one(self, key: str) -> None:
        shown = normalised(self._series[key], self._how, self._reference)
        if shown is None:
            self._shown.pop(key, None)
        else:
            self._shown[key] = shown

    # -- look

    def dress(self) -> None:
        """Take colours and font of the theme in use; call it after the theme was changed."""
        tokens, font = theme.current(), QApplication.font()
        self.canvas.setBackground(tokens.base)
        for axis in self.axes.values():
            axis.dress(tokens, font)
        self.set_grid(self._grid)
        self.region.setBrush(pg.mkBrush(tokens.accent + "30"))
        self.region.setHoverBrush(pg.mkBrush(tokens.accent + "50"))
        for line in self.region.lines:
            line.setPen(pg.mkPen(tokens.accent))
        self.cursors.dress(tokens, font)
        self.badge.setFont(font)
        self.badge.setText(self.badge_text, color=tokens.lost.ink)
        self.badge.fill = pg.mkBrush(tokens.lost.fill)
        self.badge.border = pg.mkPen(tokens.lost.ink, style=Qt.PenStyle.DashLine)
        self._dress_curves()
        self._all_dirty()

    def _dress_later(self) -> None:
        """Before the next drawing: two hundred curves that come or go one by one are dressed once."""
        self._undressed = True

    def _dress_curves(self) -> None:
        self._undressed = False
        tokens, font = theme.current(), QApplication.font()
        ordered = sorted({one.order for one in self._series.values() if one.order is not None})
        for key, curve in self._curves.items():
            order = self._series[key].order
            if curve.style.colour:
                colour = curve.style.colour
            elif order is None:
                colour = tokens.series[self._numbers[key] % len(tokens.series)]
            else:
                low, high = tokens.ordered
                share = ordered.index(order) / max(len(ordered) - 1, 1)
                colour = pg.colormap.get("viridis").map(low + share * (high - low), mode="qcolor").name()
            curve.dress(tokens, colour, key in (self._chosen, self._near), font)

    # -- reading

    def _mouse_moved(self, place: Any) -> None:
        self._mouse = place
        if not self._hover.isActive():
            self._hover.start(HOVER)

    def _look_near(self) -> None:
        """Which curve is within a few pixels of the mouse?"""
        if self._mouse is None or not self.isVisible():
            return
        at, (wide, high) = self.view.mapSceneToView(self._mouse), self.view.viewPixelSize()
        nearest_key, least = "", NEAR
        for key in self._shown.keys() - self._hidden:
            x, y = self._curves[key].line.getData()
            if x is None or not len(x) or not wide or not high:
                continue
            with np.errstate(invalid="ignore"):
                away = np.hypot((x - at.x()) / wide, (y - at.y()) / high)
            distance = float(np.nanmin(away)) if np.isfinite(away).any() else NEAR
            if distance < least:
                nearest_key, least = key, distance
        self.highlight(nearest_key)

    @property
    def read_series(self) -> Series | None:
        """The curve that the cursors read: the selected one, or the first."""
        key = self._chosen or next((key for key in self._shown if key not in self._hidden), "")
        return self._shown.get(key)

    def _point_at(self, x: float) -> tuple[float, float] | None:
        series = self.read_series
        row = None if series is None else nearest(series, x)
        return None if row is None or series is None else (float(series.x[row]), float(series.y[row]))

    def _show_readout(self, text: str) -> None:
        self.readout.setText(text)
        self.readout.setVisible(bool(text))

    def set_cursors(self, on: bool) -> None:
        """Cursors A and B with what the selected curve has there, and their differences."""
        units = (self.quantity_x.unit, axis_of(self.quantity_y, self._how, self.quantity_x, self._reference).unit)
        self.cursors.set_shown(on, units)
        self.lookChanged.emit()

    # -- copies

    def image(self) -> QImage:
        """The plot as it is seen."""
        self.draw()
        image: QImage = self.canvas.grab().toImage()
        return image

    def svg(self) -> str:
        """The plot as vectors."""
        self.draw()
        badge = f", {self.badge_text}" if self.badge_text else ""
        return svg_of(self.canvas, f"{self.quantity_y.text} over {self.quantity_x.text}{badge}")

    def csv(self) -> str:
        """All rows of the visible curves, as shown."""
        return csv_text(self._visible(), *self._quantities(), self.badge_text)

    def python(self) -> str:
        """A script that draws the visible curves."""
        looks = [self._look_of(key) for key in self._shown if key not in self._hidden]
        return python_text(self._visible(), *self._quantities(), self._log, self.badge_text, looks)

    def _visible(self) -> list[Series]:
        """What is seen; a curve without a name at its end is called by its key."""
        seen = [(key, series) for key, series in self._shown.items() if key not in self._hidden]
        return [series if series.name else replace(series, name=key) for key, series in seen]

    def _look_of(self, key: str) -> Look:
        curve = self._curves[key]
        symbol = (curve.style.symbol or curve.symbol) if curve.style.symbols else ""
        return Look(self.colour(key), symbol, curve.style.line, curve.style.hollow)

    def _quantities(self) -> tuple[Quantity, Quantity]:
        return self.quantity_x, axis_of(self.quantity_y, self._how, self.quantity_x, self._reference)

    # -- hands

    def menu(self) -> QMenu:
        """Everything that can be done with the plot; also its context menu."""
        menu = QMenu(self)

        def add(text: str, act: Any, checked: bool | None = None) -> None:
            action = menu.addAction(text)
            if action is not None:
                action.setCheckable(checked is not None)
                action.setChecked(bool(checked))
                action.triggered.connect(lambda *_: act())

        x_log, y_log = self._log
        add("Show all\tA", self.show_all)
        add("Logarithmic y\tL", lambda: self.set_log(x_log, not y_log), y_log)
        add("Logarithmic x\tShift+L", lambda: self.set_log(not x_log, y_log), x_log)
        add("Grid\tG", lambda: self.set_grid(not self._grid), self._grid)
        add("Error bars\tE", lambda: self.set_bars(not self._bars), self._bars)
        add("Next normalisation\tN", self.next_normalisation)
        add("Cursors\tC", lambda: self.set_cursors(not self.cursors.shown), self.cursors.shown)
        menu.addSeparator()
        for action in self.copies():
            menu.addAction(action)
        return menu

    def copies(self) -> list[QAction]:
        """What puts the plot on the clipboard: as a picture, vectors, a table, a script."""
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
            action = QAction(text, self)
            action.triggered.connect(lambda *_, act=act: act())
            actions.append(action)
        return actions

    def next_normalisation(self) -> None:
        """As measured, divided by the largest, inverse, and again; a reference has to be given by `set_normalise`."""
        ring = [Normalise.PLAIN, Normalise.LARGEST, Normalise.INVERSE]
        if self._reference is not None:
            ring.append(Normalise.REFERENCE)
        self.set_normalise(ring[(ring.index(self._how) + 1) % len(ring)], self._reference)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is None:
            return
        x_log, y_log = self._log
        shift = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        if event.modifiers() and not shift:
            super().keyPressEvent(event)
            return
        if event.key() == Qt.Key.Key_L:
            self.set_log(x_log != shift, y_log != (not shift))
        elif event.key() == Qt.Key.Key_G:
            self.set_grid(not self._grid)
        elif event.key() == Qt.Key.Key_N:
            self.next_normalisation()
        elif event.key() == Qt.Key.Key_E:
            self.set_bars(not self._bars)
        elif event.key() == Qt.Key.Key_A:
            self.show_all()
        elif not steer(self, event.key(), shift):
            super().keyPressEvent(event)


class _View(pg.ViewBox):  # type: ignore[misc]
    """Its context menu is the plot's."""

    def __init__(self, owner: Plot) -> None:
        super().__init__(enableMenu=False)
        self._owner = owner

    def mouseClickEvent(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.RightButton:
            event.accept()
            self.raiseContextMenu(event)

    def raiseContextMenu(self, event: Any) -> None:
        self._owner.menu().popup(event.screenPos().toPoint())


def _bounds(columns: list[Any], log: bool) -> tuple[float, float]:
    """Smallest and largest that can be shown, in the view; 0 to 1 without any."""
    low, high = np.inf, -np.inf
    for values in columns:
        if len(values) and (lowest := float(values.min())) > (0.0 if log else -np.inf) and np.isfinite(values.max()):
            low, high = min(low, lowest), max(high, float(values.max()))
            continue  # the usual case, without copies; nan compares as false
        there = values[np.isfinite(values) & ((values > 0) | (not log))]
        if len(there):
            low, high = min(low, float(there.min())), max(high, float(there.max()))
    if not low <= high:
        low, high = (1.0, 10.0) if log else (0.0, 1.0)
    ends = to_view(np.array([low, high]), log)
    low, high = float(ends[0]), float(ends[1])
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        room = 0.1 if log else 0.05 * abs(low) or 0.5
        low, high = low - room, high + room
    return low, high


def _end(series: Series, log: tuple[bool, bool], *, left: bool = False) -> tuple[float, float] | None:
    """Where the curve ends at the right, or at the left, in the view."""
    if not len(series.x):
        return None
    side = -1.0 if left else 1.0
    row = int(np.argmax(side * series.x))
    if not len(series.flags) and series.x[row] > 0 and series.y[row] > 0 and np.isfinite(series.x[row] + series.y[row]):
        return float(to_view(series.x[row : row + 1], log[0])[0]), float(to_view(series.y[row : row + 1], log[1])[0])
    good = ~series.doubted & np.isfinite(series.x) & np.isfinite(series.y)
    good &= ((series.x > 0) | (not log[0])) & ((series.y > 0) | (not log[1]))
    if not good.any():
        return None
    row = int(np.argmax(np.where(good, side * series.x, -np.inf)))
    x, y = series.x[row : row + 1], series.y[row : row + 1]
    return float(to_view(x, log[0])[0]), float(to_view(y, log[1])[0])
