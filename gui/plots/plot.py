"""A plot of curves that bounds its own cost: decimated, redrawn ten times a second at most, and only where it is seen.

Series are given as numbers; the plot chooses colours and symbols, keeps them for a series as long as it lives, and
draws on logarithmic axes what a library would leave out. What was simulated or replayed says so inside the plot, so
that every picture of it does.
"""

from typing import Any

import numpy as np
from qtpy.QtCore import QRectF, Qt, QTimer, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget

from coldfinger.gui.look import theme
from coldfinger.gui.plots.badge import Badge
from coldfinger.gui.plots.cursors import Cursors
from coldfinger.gui.plots.curve import Style, to_view
from coldfinger.gui.plots.curve_names import CurveNames
from coldfinger.gui.plots.curve_set import CurveSet
from coldfinger.gui.plots.extent import extent
from coldfinger.gui.plots.fit_region import FitRegion
from coldfinger.gui.plots.log_axis import LogAxis, ReciprocalAxis
from coldfinger.gui.plots.plot_copies import Copies
from coldfinger.gui.plots.plot_frame import Canvas, Frame, View
from coldfinger.gui.plots.plot_keys import steer
from coldfinger.gui.plots.plot_menu import menu_of
from coldfinger.gui.plots.series import Normalise, Quantity, Series, axis_of
from coldfinger.gui.plots.under_mouse import UnderMouse

PERIOD = 100
"""Milliseconds between two drawings."""
MANY, AT_ONCE = 40, 40
"""Curves from which on they are lines only, without symbols and bars; curves that are drawn in one go."""
MARGIN = 0.04


class Plot(QWidget):
    """Curves by key over one x and one y; see `set_series`, `set_log`, `set_normalise`, `set_window`, `copies`.

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
        self._dirty: set[str] = set()
        self._leader: Plot | None = None
        self._followers: list[Plot] = []
        self._log = (False, False)
        self._bars = self._grid = True
        self._whole = True
        self._make(twin)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(lambda: self.draw(AT_ONCE))
        self.dress()

    def _make(self, twin: Quantity | None) -> None:
        self.axes = {"left": LogAxis("left"), "bottom": LogAxis("bottom")}
        if twin is not None:
            top = ReciprocalAxis()
            top.below_is_log = lambda: self._log[0]
            self.axes["top"] = top
        self.view = View(lambda: menu_of(self))
        self.item = Frame(self.view, self.axes)
        self.canvas = Canvas(self.item, self)
        self.item.setContentsMargins(6, 4, 8, 2)
        self.view.disableAutoRange()
        self.view.sigRangeChangedManually.connect(self.keep_range)
        self.view.sigRangeChanged.connect(self._all_dirty)
        self.view.sigResized.connect(self._all_dirty)
        self.readout = QLabel("", self)
        self.readout.hide()
        self.curves = CurveSet(self.view, lambda key: self.select(key, told=True))
        self.cursors = Cursors(self.view, self.curves.point_at, self._show_readout)
        self.region = FitRegion(self.view)
        self.region.dragging.connect(self.windowMoving)
        self.region.dragged.connect(self.windowChanged)
        self.names = CurveNames(self.view)
        self.badge = Badge(self.view, right=True)
        self.mouse = UnderMouse(self, self.view, self.canvas.scene(), self.curves.drawn)
        self.mouse.found.connect(self.highlight)
        self.copies = Copies(self)
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
        self.curves.put(key, series)
        self._later(key)

    def remove(self, key: str) -> None:
        """Show a curve no more; it keeps its colour should it come again. Raises KeyError for an unknown one."""
        self.curves.remove(key)
        self._dirty.discard(key)
        self._all_dirty()

    @property
    def series(self) -> dict[str, Series]:
        """All curves by their keys, as they were given."""
        return dict(self.curves.given)

    def set_visible(self, key: str, visible: bool) -> None:
        """Show or hide a curve that keeps its place."""
        self.curves.set_visible(key, visible)
        self._all_dirty()

    def select(self, key: str, *, told: bool = False) -> None:
        """Draw a curve broad and read the cursors from it; "" for none."""
        self.curves.chosen = key if key in self.curves else ""
        self.curves.dress()
        self.cursors.read()
        if told:
            self.selected.emit(self.curves.chosen)

    def set_style(self, key: str, style: Style) -> None:
        """Give a curve its own colour, symbol or line."""
        if self.curves.set_style(key, style):
            self._later(key)
        elif self.curves.undressed:
            self._later()

    def highlight(self, key: str) -> None:
        """Draw a curve broad while the mouse is near it; "" for none."""
        key = key if key in self.curves else ""
        if key != self.curves.near:
            self.curves.near = key
            self.curves.dress()
            self.canvas.setToolTip(self.curves.given[key].name if key else "")
            self.hovered.emit(key)

    def colour(self, key: str) -> str:
        """The colour of a curve, "#RRGGBB", for lists beside the plot."""
        return self.curves.colour(key)

    # -- how it is shown

    def set_quantities(self, x: Quantity, y: Quantity) -> None:
        """What the axes show from now on; the curves have to follow."""
        if (x, y) == (self.quantity_x, self.quantity_y):
            return
        self.quantity_x, self.quantity_y = x, y
        self.axes["bottom"].show_quantity(x)
        self.axes["left"].show_quantity(self.quantities[1])
        self.setAccessibleName(f"Plot of {y.name} over {x.name}")
        self.set_cursors(self.cursors.shown)
        self.show_all()

    @property
    def quantities(self) -> tuple[Quantity, Quantity]:
        """What the axes show, y after its normalisation."""
        return self.quantity_x, axis_of(self.quantity_y, self.normalise, self.quantity_x, self.curves.reference)

    def follow_x(self, leader: "Plot") -> None:
        """Show the same range of x as another plot."""
        self._leader = leader
        leader.view.sigXRangeChanged.connect(self._all_dirty)
        leader._followers.append(self)

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
        self._log = (x, y)
        self.axes["bottom"].set_log(x)
        self.axes["left"].set_log(y)
        self.region.set_log(x)
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
        return self.curves.how

    def set_normalise(self, how: Normalise, reference: float | None = None) -> None:
        """Show y as measured, inverse, or divided by its largest value or its value at x = `reference`.

        Raises ValueError where a reference is needed and missing.
        """
        if how is Normalise.REFERENCE and reference is None:
            raise ValueError(f"to divide by a reference give the {self.quantity_x.name} of it")
        self.curves.normalise(how, reference)
        self.axes["left"].show_quantity(self.quantities[1])
        self.show_all()
        self.lookChanged.emit()

    def next_normalisation(self) -> None:
        """As measured, divided by the largest, inverse, and again; a reference has to be given by `set_normalise`."""
        ring = [Normalise.PLAIN, Normalise.LARGEST, Normalise.INVERSE]
        if self.curves.reference is not None:
            ring.append(Normalise.REFERENCE)
        self.set_normalise(ring[(ring.index(self.normalise) + 1) % len(ring)], self.curves.reference)

    @property
    def badge_text(self) -> str:
        return self.badge.text

    def set_badge(self, text: str) -> None:
        """ "SIMULATED" or "REPLAY" inside the plot and in everything that is copied from it; "" for none."""
        self.badge.text = text
        self.badge.dress(theme.current(), QApplication.font())
        self._all_dirty()

    def show_all(self) -> None:
        """The whole of all visible curves, also of what comes later."""
        self._whole = True
        self._all_dirty()

    def keep_range(self, *_: object) -> None:
        """A hand has chosen what is seen: it stays so until `show_all`."""
        self._whole = False

    def zoom_to(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Show these ranges of values, until a hand or `show_all` wants others."""
        self._whole = False
        for ends, log, of in ((x, self._log[0], self.view.setXRange), (y, self._log[1], self.view.setYRange)):
            low, high = to_view(np.array(ends), log)
            if np.isfinite(low) and np.isfinite(high) and low < high:
                of(float(low), float(high), padding=0)
        self._all_dirty()

    # -- the window of a fit

    @property
    def window_range(self) -> tuple[float, float] | None:
        """Low and high x of the region, None without one."""
        return self.region.ends

    def set_window(self, low: float, high: float) -> None:
        """Show the region of a fit from `low` to `high` in x; it can be dragged.

        Raises ValueError for what a logarithmic axis cannot show.
        """
        self.region.show_from(low, high)

    def remove_window(self) -> None:
        self.region.take_away()

    # -- drawing

    def _later(self, *keys: str) -> None:
        self._dirty.update(keys)
        if not self._timer.isActive() and self.isVisible():
            self._timer.start(PERIOD)

    def _all_dirty(self, *_: object) -> None:
        self._later(*self.curves)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._all_dirty()

    def hideEvent(self, event: Any) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def draw(self, most: int | None = None) -> None:
        """Draw what has changed, now; with `most` no more than so many curves, the others at once after it."""
        if self.curves.undressed:
            self.curves.dress()
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
        plain = len(self.curves.visible) > MANY
        hidden = {key for key in self._dirty if self.curves.is_hidden(key)}
        drawn = [key for key in self.curves if key in self._dirty and key not in hidden][:most]
        for key in drawn:
            series = self.curves.shown.get(key)
            if series is not None:
                bars = self._bars and not plain
                self.curves[key].draw(series, self._log, x_range, floor, width, bars, not plain)
            else:
                self.curves[key].draw(Series.of("", [], []), self._log, x_range, floor, width, False)
        self._dirty = {key for key in self._dirty if key in self.curves} - {*drawn, *hidden}
        self._timer.stop()
        if self._dirty:
            self._timer.start(0)
        self.names.show_names(self.curves.named(self._log), self.curves.chosen)
        self.badge.place()
        self.cursors.read()

    def _fit_range(self) -> None:
        seen = [self.curves.shown[key] for key in self.curves.visible]
        bounds = [extent([getattr(one, axis) for one in seen], log) for axis, log in zip("xy", self._log, strict=True)]
        (x0, x1), (y0, y1) = bounds
        y_pad = 2 * MARGIN * (y1 - y0)
        head = self.badge.height / max(self.view.height(), 1.0)
        low, high = y0 - y_pad, y1 + y_pad + min(head / max(1 - head, 0.1), 1.2) * (y1 - y0)
        self.names.top = self.badge.height
        left, right = self.names.room(self.curves.named(self._log), (low, high))
        wide = x1 - x0
        area = QRectF(x0 - (MARGIN + left) * wide, y0, wide * (1 + 2 * MARGIN + left + right), y1 - y0)
        self.view.blockSignals(True)  # its own doing is no reason to draw again
        self.view.setRange(area, padding=0, disableAutoRange=True)
        self.view.setYRange(low, high, padding=0)
        self.view.blockSignals(False)
        for side, values in (("bottom", self.view.viewRange()[0]), ("left", self.view.viewRange()[1])):
            self.axes[side].setRange(*values)
        if "top" in self.axes:
            self.axes["top"].setRange(*self.view.viewRange()[0])
        if area != getattr(self, "_area", None):
            self._area = area
            self._dirty.update(self.curves)
            for plot in self._followers:
                plot._all_dirty()

    # -- look

    def dress(self) -> None:
        """Take colours and font of the theme in use; call it after the theme was changed."""
        tokens, font = theme.current(), QApplication.font()
        self.canvas.setBackground(tokens.base)
        for axis in self.axes.values():
            axis.dress(tokens, font)
        self.set_grid(self._grid)
        self.region.dress(tokens)
        self.cursors.dress(tokens, font)
        self.badge.dress(tokens, font)
        self.names.dress(tokens, font)
        self.curves.dress()
        self._later()  # points stay where they are, unless the names want more room now

    # -- reading

    @property
    def read_series(self) -> Series | None:
        """The curve that the cursors read: the selected one, or the first."""
        return self.curves.read()

    def _show_readout(self, text: str) -> None:
        self.readout.setText(text)
        self.readout.setVisible(bool(text))

    def set_cursors(self, on: bool) -> None:
        """Cursors A and B with what the selected curve has there, and their differences."""
        x, y = self.quantities
        self.cursors.set_shown(on, (x.unit, y.unit))
        self.lookChanged.emit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is None:
            return
        shift = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        if (event.modifiers() and not shift) or not steer(self, event.key(), shift):
            super().keyPressEvent(event)
