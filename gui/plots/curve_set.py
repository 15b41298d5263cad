"""The curves of a plot by their keys: as they were given, as they are shown, and in which colours."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pyqtgraph as pg

from coldfinger.gui.look import theme
from coldfinger.gui.plots.curve import Curve, Style
from coldfinger.gui.plots.curve_names import Named
from coldfinger.gui.plots.plot_text import Look
from coldfinger.gui.plots.series import Array, Normalise, Series, nearest, normalised


class CurveSet:
    """Curves in one `view`; `clicked` is called with the key of one. A key keeps its number, and so its colour."""

    def __init__(self, view: Any, clicked: Callable[[str], None]) -> None:
        self._view, self._clicked = view, clicked
        self.given: dict[str, Series] = {}
        self.shown: dict[str, Series] = {}
        """After normalisation; without those for which it has no meaning, with those that are hidden."""
        self._curves: dict[str, Curve] = {}
        self._hidden: set[str] = set()
        self._numbers: dict[str, int] = {}
        self.how = Normalise.PLAIN
        self.reference: float | None = None
        self.chosen = self.near = ""
        """The curve that was clicked, and the one under the mouse: both are broad."""
        self.undressed = False
        """Colours are found before the next drawing: two hundred curves that come one by one are dressed once."""

    def __getitem__(self, key: str) -> Curve:
        return self._curves[key]

    def __contains__(self, key: object) -> bool:
        return key in self._curves

    def __iter__(self) -> Iterator[str]:
        return iter(self._curves)

    @property
    def visible(self) -> list[str]:
        """Keys of what is seen."""
        return [key for key in self.shown if key not in self._hidden]

    def is_hidden(self, key: str) -> bool:
        return key in self._hidden

    # -- which there are

    def put(self, key: str, series: Series) -> None:
        """A new curve, or its newer state."""
        known = self.given.get(key)
        self.given[key] = series
        if key not in self._curves:
            self._numbers.setdefault(key, len(self._numbers))
            self._curves[key] = curve = Curve(self._numbers[key])
            curve.add_to(self._view)
            curve.line.setClickable(True, 8)
            curve.line.sigClicked.connect(lambda *_, key=key: self._clicked(key))
        self._normalise(key)
        self.undressed = self.undressed or known is None or known.order != series.order

    def remove(self, key: str) -> None:
        """Raises KeyError for an unknown one."""
        del self.given[key]
        self._curves.pop(key).remove_from(self._view)
        self.shown.pop(key, None)
        self._hidden.discard(key)
        self.near = "" if self.near == key else self.near
        self.undressed = True

    def set_visible(self, key: str, visible: bool) -> None:
        (self._hidden.discard if visible else self._hidden.add)(key)
        self._curves[key].set_shown(visible)

    def normalise(self, how: Normalise, reference: float | None) -> None:
        """Show all of them in another measure."""
        self.how, self.reference = how, reference
        for key in self.given:
            self._normalise(key)

    def _normalise(self, key: str) -> None:
        shown = normalised(self.given[key], self.how, self.reference)
        if shown is None:
            self.shown.pop(key, None)
        else:
            self.shown[key] = shown

    # -- how they look

    def set_style(self, key: str, style: Style) -> bool:
        """Its own colour, symbol or line; whether the curve has to be drawn anew for it."""
        before = self._curves[key].style
        if before == style:
            return False
        self._curves[key].style = style
        self.undressed = True
        return replace(before, colour="") != replace(style, colour="")

    def colour(self, key: str) -> str:
        """ "#RRGGBB"."""
        if self.undressed:
            self.dress()
        return self._curves[key].colour

    def dress(self) -> None:
        """Colours of the theme in use; those of an ordered family go through one scale."""
        self.undressed = False
        tokens = theme.current()
        ordered = sorted({one.order for one in self.given.values() if one.order is not None})
        for key, curve in self._curves.items():
            order = self.given[key].order
            if curve.style.colour:
                colour = curve.style.colour
            elif order is None:
                colour = tokens.series[self._numbers[key] % len(tokens.series)]
            else:
                low, high = tokens.ordered
                share = ordered.index(order) / max(len(ordered) - 1, 1)
                colour = pg.colormap.get("viridis").map(low + share * (high - low), mode="qcolor").name()
            curve.dress(tokens, colour, key in (self.chosen, self.near))

    # -- what others need of them

    def named(self, log: tuple[bool, bool]) -> list[Named]:
        """The visible curves with what their names need."""
        named = []
        for key in self.visible:
            curve, series = self._curves[key], self.shown[key]
            ends = curve.ends(series, log)
            named.append(Named(key, series.name, curve.colour, _symbol(curve), ends, curve.line.getData))
        return named

    def drawn(self) -> Iterator[tuple[str, tuple[Array | None, Array | None]]]:
        """x and y of the drawn points of the visible curves, in the view."""
        for key in self.visible:
            yield key, self._curves[key].line.getData()

    def read(self) -> Series | None:
        """The curve that cursors read: the chosen one, or the first."""
        return self.shown.get(self.chosen or next(iter(self.visible), ""))

    def point_at(self, x: float) -> tuple[float, float] | None:
        """What it has nearest to an x."""
        series = self.read()
        row = None if series is None else nearest(series, x)
        return None if row is None or series is None else (float(series.x[row]), float(series.y[row]))

    def seen(self) -> list[Series]:
        """The visible curves as shown; one without a name at its end is called by its key."""
        seen = [(key, self.shown[key]) for key in self.visible]
        return [series if series.name else replace(series, name=key) for key, series in seen]

    def looks(self) -> list[Look]:
        """How the curves of `seen` look."""
        styles = [(self.colour(key), self._curves[key]) for key in self.visible]
        return [Look(colour, _symbol(curve), curve.style.line, curve.style.hollow) for colour, curve in styles]


def _symbol(curve: Curve) -> str:
    return (curve.style.symbol or curve.symbol) if curve.style.symbols else ""
