"""How every figure of the paper looks: light, vector, colours that colour-blind eyes tell apart, labels that fit.

Drawn with matplotlib's objects alone, never pyplot: no window system, no global state. Artists that carry data have a
gid such as "data:S0 30 Oe", so that what is drawn can be found again.
"""

import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator
from matplotlib.transforms import Bbox
from numpy.typing import ArrayLike, NDArray

from coldfinger.analysis import figures
from coldfinger.analysis.figures import plain, spread, tick_values
from coldfinger.analysis.fits.fit_result import Array

Colour = tuple[float, float, float, float]

DPI, FONT, INK, DASHES = figures.DPI, figures.FONT, figures.INK, figures.DASHES

BLUE, ORANGE, GREEN, PINK, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00"
"""M. Okabe and K. Ito (2008)."""
LIGHT_RED = "#E8866A"
SIMULATED = "SIMULATED"
MARKER = 3.2
LINE = 0.8


def new_figure(width: float, height: float) -> Figure:
    """An empty white figure of that size (inches) that can be drawn without a window."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def box(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes in inches from the lower left corner."""
    w, h = figure.get_size_inches()
    return figure.add_axes((left / w, bottom / h, width / w, height / h))


def head(figure: Figure, title: str, simulated: bool) -> None:
    """The figure's title at the top left and, at the top right, whether its data are simulated."""
    width, height = figure.get_size_inches()
    y = 1 - 0.13 / height
    figure.text(0.1 / width, y, title, fontsize=FONT + 1, color=INK, va="center")
    if simulated:
        mark = figure.text(1 - 0.1 / width, y, SIMULATED, ha="right", va="center", fontsize=FONT)
        mark.set(fontweight="bold", color="#b3261e")


def dress(axes: Axes, x_label: str, y_label: str, colour: str = INK) -> None:
    """Labels in the field's words, ticks inwards, thin frame; `colour` is that of the y axis."""
    axes.set_xlabel(x_label, fontsize=FONT + 1, labelpad=1.5, color=INK)
    axes.set_ylabel(y_label, fontsize=FONT + 1, labelpad=2, color=colour)
    axes.tick_params(which="both", direction="in", labelsize=FONT, width=0.6, color=INK, labelcolor=INK, pad=2.5)
    axes.tick_params(axis="y", which="both", labelcolor=colour)
    axes.tick_params(which="major", length=3.5)
    axes.tick_params(which="minor", length=1.8)
    for spine in axes.spines.values():
        spine.set_linewidth(0.6)
        spine.set_color(INK)


def tag(axes: Axes, text: str) -> None:
    """The panel's name above its upper left corner."""
    axes.set_title(text, fontsize=FONT + 0.5, color=INK, loc="left", pad=3)


def log_axis(axis: Axis, low: float, high: float, text: Callable[[float], str] = plain) -> None:
    """A logarithmic axis with limits, at least four labels that can be read aloud and unlabelled ticks between."""
    (axis.axes.set_xlim if axis.axis_name == "x" else axis.axes.set_ylim)(low, high)  # type: ignore[attr-defined]
    decades = math.log10(high / low)
    values = tick_values(low, high)
    if text is powers and decades > 2:
        tens = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
        values = [10.0**n for n in tens if decades <= 6 or n % 2 == 0]
    axis.set_major_locator(FixedLocator(values))
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))
    minor = [m * 10.0**n for n in range(math.floor(math.log10(low)), math.ceil(math.log10(high))) for m in range(1, 10)]
    between = [value for value in minor if low <= value <= high]
    axis.set_minor_locator(FixedLocator(between) if len(between) < 60 else NullLocator())
    axis.set_minor_formatter(NullFormatter())


def powers(value: float) -> str:
    """1e-05 as 10⁻⁵, 3e-05 as 3·10⁻⁵."""
    exponent = math.floor(math.log10(value) + 1e-9)
    factor = f"{value / 10.0**exponent:.3g}"
    ten = "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return ten if factor == "1" else f"{factor}·{ten}"


def around(values: ArrayLike, share: float = 0.06) -> tuple[float, float]:
    """Limits of a logarithmic axis with a margin around positive values; 1 to 10 if there are none."""
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known) & (known > 0)]
    if not known.size:
        return 1.0, 10.0
    margin = max(share * math.log10(known.max() / known.min()), 0.03)
    return float(known.min() * 10**-margin), float(known.max() * 10**margin)


def field_colours(fields: Sequence[float]) -> dict[float, Colour]:
    """Evenly along viridis in the order of field; its pale end is left out."""
    distinct = sorted(set(fields))
    step = 0.85 / max(len(distinct) - 1, 1)
    viridis = colormaps["viridis"]
    return {field: viridis(step * i) for i, field in enumerate(distinct)}


def darker(colour: Any) -> Any:
    """Thin letters need more contrast than dots; a named colour stays as it is."""
    if isinstance(colour, str):
        return colour
    red, green, blue, alpha = colour
    return 0.8 * red, 0.8 * green, 0.8 * blue, alpha


def points(
    axes: Axes,
    name: str,
    x: ArrayLike,
    y: ArrayLike,
    sd: ArrayLike,
    colour: Any,
    *,
    hollow: NDArray[np.bool_] | bool = False,
    marker: str = "o",
    line: bool = False,
    size: float = MARKER,
) -> None:
    """Symbols with an error bar each, hollow ones white inside; x, y, sd, hollow of one length."""
    x, y = np.atleast_1d(np.asarray(x, dtype=float)), np.atleast_1d(np.asarray(y, dtype=float))
    hollow = np.broadcast_to(np.asarray(hollow, dtype=bool), x.shape)
    axes.errorbar(x, y, np.broadcast_to(sd, x.shape), fmt="none", ecolor=colour, elinewidth=0.6, zorder=2, gid="bars")
    if line:
        axes.plot(x, y, "-", color=colour, linewidth=0.5, zorder=1.9)
    for chosen, face in ((~hollow, colour), (hollow, "white")):
        if chosen.any():
            axes.plot(
                x[chosen],
                y[chosen],
                marker,
                markersize=size,
                markeredgewidth=0.6,
                markeredgecolor=colour,
                markerfacecolor=face,
                zorder=2.5,
                gid=f"data:{name}",
            )


def limits(axes: Axes, name: str, x: ArrayLike, y: ArrayLike, colour: Any, *, upper: bool = True) -> None:
    """Limits as hollow carets that point to where the value may lie."""
    marker = "v" if upper else "^"
    axes.plot(
        np.asarray(x),
        np.asarray(y),
        marker,
        markersize=MARKER + 0.8,
        markerfacecolor="white",
        markeredgecolor=colour,
        markeredgewidth=0.7,
        zorder=2.5,
        gid=f"limit:{name}",
    )


@dataclass(frozen=True)
class End:
    """End of a curve in data coordinates, what it is called and its colour."""

    x: float
    y: float
    label: str
    colour: Any


def end_labels(axes: Axes, ends: Sequence[End], *, right: bool, font: float = FONT) -> None:
    """Name curves at their left end inside the axes, or beside the right edge; crowded ones move apart with a line."""
    if not ends:
        return
    _settle(axes)
    points_per_pixel = 72 / DPI
    wanted = [float(axes.transData.transform((end.x, end.y))[1]) * points_per_pixel for end in ends]
    low, high = (float(axes.transAxes.transform((0, y))[1]) * points_per_pixel for y in (0, 1))
    places = spread(wanted, 1.12 * font, low + 0.9 * font, high - 0.9 * font)
    edge = float(axes.transAxes.transform((1, 0))[0])
    for end, want, place in zip(ends, wanted, places, strict=True):
        shift = place - want
        beyond = (edge - float(axes.transData.transform((end.x, end.y))[0])) * points_per_pixel
        text = axes.annotate(
            end.label,
            (end.x, end.y),
            xytext=(beyond + 11 if right else -11, shift),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            fontsize=font,
            color=darker(end.colour),
            arrowprops={
                "arrowstyle": "-",
                "color": end.colour,
                "linewidth": 0.5,
                "relpos": (0.0 if right else 1.0, 0.5),
                "shrinkA": 0.5,
                "shrinkB": 1.5,
            },
            annotation_clip=False,
            zorder=4,
            gid="label",
        )
        text.set_bbox({"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none"})


def beside(axes: Axes, y: float, text: str, colour: Any) -> None:
    """Name a horizontal line beside the right edge of the axes."""
    place = axes.get_yaxis_transform()
    axes.annotate(
        text,
        (1, y),
        xycoords=place,
        xytext=(2, 0),
        textcoords="offset points",
        va="center",
        fontsize=FONT,
        color=colour,
        gid="label",
    )


def free_label(axes: Axes, at: tuple[float, float], text: str, colour: Any, taken: list[Bbox]) -> Annotation:
    """A label near a point (data coordinates) where it covers least of the data and no other label.

    `taken` holds the boxes (pixels) of labels already placed on these axes and their twins; the new one is added.
    """
    _settle(axes)
    renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    data = _data_pixels(axes)
    inside = axes.get_window_extent(renderer).padded(-3)
    best: tuple[float, Annotation | None, Bbox | None] = (math.inf, None, None)
    for distance in (7, 14, 24, 38, 55):
        for angle in range(0, 360, 30):
            dx, dy = distance * math.cos(math.radians(angle)), distance * math.sin(math.radians(angle))
            ha = "left" if dx > 1 else "right" if dx < -1 else "center"
            offset: dict[str, Any] = {"xytext": (dx, dy), "textcoords": "offset points"}
            label = axes.annotate(text, at, fontsize=FONT, color=darker(colour), ha=ha, va="center", **offset)
            label.set(zorder=4, gid="label")
            label.set_bbox({"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none", "alpha": 0.75})
            area = label.get_window_extent(renderer).padded(3)
            outside = not (inside.contains(area.x0, area.y0) and inside.contains(area.x1, area.y1))
            hits = np.count_nonzero(
                (data[:, 0] > area.x0) & (data[:, 0] < area.x1) & (data[:, 1] > area.y0) & (data[:, 1] < area.y1)
            )
            cost = 1000 * outside + 300 * sum(area.overlaps(other) for other in taken) + 40 * float(hits) + distance
            if cost < best[0]:
                if best[1] is not None:
                    best[1].remove()
                best = (cost, label, area)
            else:
                label.remove()
    _, chosen, covered = best
    assert chosen is not None
    assert covered is not None
    taken.append(covered)
    return chosen


def _settle(axes: Axes) -> None:
    """Limits that are still to be found from the data are found: a transform alone does not ask for them."""
    axes.get_xlim()
    axes.get_ylim()


def _data_pixels(axes: Axes) -> Array:
    """What is drawn on these axes and their twins, as pixels: symbols, error bars, lines every three pixels or so."""
    found = [np.empty((0, 2))]
    figure = axes.figure
    for other in figure.axes:
        if other.bbox.bounds != axes.bbox.bounds:
            continue
        for line in other.lines:
            found.append(_dense(line.get_transform().transform(np.asarray(line.get_xydata(), dtype=float))))
        for bars in other.collections:
            for path in bars.get_paths():
                vertices = np.asarray(path.vertices, dtype=float)
                if vertices.size:
                    found.append(_dense(bars.get_transform().transform(vertices)))
    pixels = np.concatenate(found)
    return np.asarray(pixels[np.isfinite(pixels).all(axis=1)])


def _dense(xy: Array) -> Array:
    """Twelve pixels between neighbours at most."""
    if len(xy) < 2 or len(xy) > 300:
        return xy
    pieces = [
        np.linspace(a, b, 2 + int(min(np.hypot(*(b - a)), 4000) // 12))
        for a, b in pairwise(xy)
        if np.isfinite(a).all() and np.isfinite(b).all()
    ]
    return np.concatenate(pieces) if pieces else xy


def say_missing(axes: Axes, what: str, width: int = 34) -> None:
    """In the place of a panel: what is missing."""
    axes.set_axis_off()
    text = "\n".join(textwrap.wrap(what, width))
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=FONT, color="0.35")


def with_sd(value: float, sd: float) -> str:
    """Value and s.d. with two digits of the s.d."""
    if not (math.isfinite(sd) and sd > 0):
        return f"{value:.3g}"
    places = max(0, 1 - math.floor(math.log10(sd)))
    return f"{value:.{places}f} ± {sd:.{places}f}"


def short(value: float, sd: float) -> str:
    """Value with one digit of its s.d. in parentheses: 2.97(2)."""
    if not (math.isfinite(sd) and sd > 0):
        return f"{value:.3g}"
    places = max(0, -math.floor(math.log10(sd * 1.05)))  # 0.0097 is one digit of 0.01
    return f"{value:.{places}f}({round(sd * 10**places)})"
