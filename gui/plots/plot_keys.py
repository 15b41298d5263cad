"""A plot by keyboard: letters change how it is shown, arrows move what is seen or a cursor, + and - zoom."""

from typing import Any, Protocol

import numpy as np
from qtpy.QtCore import Qt

from coldfinger.gui.plots.series import Array, Series

_STEP = 0.1  # of the range that is seen
_ZOOM = 1.25
_ALONG = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Down: (0, -1), Qt.Key.Key_Up: (0, 1)}
_CLOSER = {Qt.Key.Key_Plus: 1 / _ZOOM, Qt.Key.Key_Equal: 1 / _ZOOM, Qt.Key.Key_Minus: _ZOOM}


class Steered(Protocol):
    """A plot as the keys need it."""

    view: Any
    cursors: Any

    @property
    def log(self) -> tuple[bool, bool]: ...
    @property
    def grid(self) -> bool: ...
    @property
    def bars(self) -> bool: ...
    @property
    def read_series(self) -> Series | None: ...
    def set_log(self, x: bool, y: bool) -> None: ...
    def set_grid(self, on: bool) -> None: ...
    def set_bars(self, on: bool) -> None: ...
    def set_cursors(self, on: bool) -> None: ...
    def next_normalisation(self) -> None: ...
    def show_all(self) -> None: ...
    def keep_range(self, *_: object) -> None: ...


def steer(plot: Steered, key: int, shift: bool) -> bool:
    """Do what a key means; False for one that means nothing here."""
    x_log, y_log = plot.log
    if key == Qt.Key.Key_L:
        plot.set_log(x_log != shift, y_log != (not shift))
    elif key == Qt.Key.Key_G:
        plot.set_grid(not plot.grid)
    elif key == Qt.Key.Key_N:
        plot.next_normalisation()
    elif key == Qt.Key.Key_E:
        plot.set_bars(not plot.bars)
    elif key == Qt.Key.Key_A:
        plot.show_all()
    elif key == Qt.Key.Key_C:
        plot.set_cursors(not plot.cursors.shown)
    elif key in _ALONG and not _ALONG[Qt.Key(key)][1] and plot.cursors.shown:
        _step_cursor(plot, int(shift), _ALONG[Qt.Key(key)][0])
    elif key in _ALONG:
        _see(plot, _ALONG[Qt.Key(key)], 1.0)
    elif key in _CLOSER:
        _see(plot, (0, 0), _CLOSER[Qt.Key(key)])
    else:
        return False
    return True


def _see(plot: Steered, way: tuple[int, int], zoom: float) -> None:
    ranges = plot.view.viewRange()
    plot.keep_range()
    for (low, high), sign, of in zip(ranges, way, (plot.view.setXRange, plot.view.setYRange), strict=True):
        middle, half = (low + high) / 2 + sign * _STEP * (high - low), zoom * (high - low) / 2
        of(middle - half, middle + half, padding=0)


def _step_cursor(plot: Steered, number: int, by: int) -> None:
    """Put cursor A (0) or B (1) on the next believed row of the curve that it reads."""
    series = plot.read_series
    if series is None:
        return
    good = ~series.doubted & np.isfinite(series.x) & np.isfinite(series.y)
    x: Array = np.unique(series.x[good])
    if not len(x):
        return
    places = [float(place) for place in plot.cursors.places]
    here = int(np.abs(x - places[number]).argmin())
    places[number] = float(x[min(max(here + by, 0), len(x) - 1)])
    plot.cursors.move(*places)
