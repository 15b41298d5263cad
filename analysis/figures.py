"""The family ρ(T) at several fields, with fits, as a figure that can be printed one column wide.

Drawn with matplotlib's objects alone, never pyplot: no window system, no global state.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator
from numpy.typing import NDArray

from coldfinger.analysis.fits.fit_result import Array, Fit
from coldfinger.analysis.laws import R_Q_PAIR

Colour = tuple[float, float, float, float]

WIDTH = 3.5
"""inches: one column."""
DPI = 300
FONT = 7.0
"""Points, as printed."""
INK = "0.15"
MARKER = 2.6
DASHES = (0, (4, 2))
RESOLVED = 3.0
"""A reading below this many standard deviations is drawn as a limit there: a logarithmic axis has no zero."""


@dataclass(frozen=True, eq=False)
class FamilyCurve:
    """One field of the family."""

    label: str
    """Printed at the curve's cold end, such as "600 Oe"."""
    field_oersted: float
    temperature: Array
    """K, shape (n,)."""
    resistivity: Array
    """ohm/square, shape (n,); points that are not finite are left out."""
    sd: Array
    """Standard deviation of the resistivity, shape (n,) or ()."""
    flagged: NDArray[np.bool_]
    """Points of doubtful quality, drawn hollow; shape (n,)."""
    fit: Fit | None = None


def family_figure(curves: Sequence[FamilyCurve], title: str, path: Path | str, simulated: bool = False) -> Figure:
    """Draw the family into the file `path` (its suffix names the format) and return the figure.

    Raises ValueError if no curve has a point that can be drawn.
    """
    drawn = [clean for clean in (_clean(curve) for curve in curves) if clean.temperature.size]
    if not drawn:
        raise ValueError(f"figure {Path(path).name}: none of {len(curves)} curves has a finite point to draw")
    height = max(3.4, 1.0 + 0.125 * len(drawn))
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    left, right, bottom, top = 0.125, 0.895, 0.53 / height, 1 - 0.26 / height
    axes = figure.add_axes((left, bottom, right - left, top - bottom))
    colours = _colours(drawn)
    _set_axes(axes, drawn)
    _pair_quantum(axes)
    for curve, colour in zip(drawn, colours, strict=True):
        _points(axes, curve, colour)
    for curve in drawn:
        _fit_line(axes, curve)
    _labels(axes, drawn, colours)
    _legend(figure, drawn)
    figure.text(left, 1 - 0.17 / height, title, fontsize=FONT + 1, color=INK, va="center")
    if simulated:
        mark = figure.text(right, 1 - 0.17 / height, "SIMULATED", ha="right", va="center", fontsize=FONT)
        mark.set(fontweight="bold", color="#b3261e")
    figure.savefig(path, dpi=DPI)
    return figure


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions at least `gap` apart, within [low, high] if there is room, as near to the `wanted` as may be.

    Neighbours that would overlap form a block around the mean of what they want; blocks that meet merge.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    blocks: list[list[int]] = []
    starts: list[float] = []
    for index in order:
        block = [index]
        start = _block_start([wanted[index]], gap, low, high)
        while blocks and starts[-1] + gap * len(blocks[-1]) > start:
            block = blocks.pop() + block
            starts.pop()
            start = _block_start([wanted[i] for i in block], gap, low, high)
        blocks.append(block)
        starts.append(start)
    placed = [0.0] * len(wanted)
    for block, start in zip(blocks, starts, strict=True):
        for rank, index in enumerate(block):
            placed[index] = start + rank * gap
    return placed


def _block_start(wanted: list[float], gap: float, low: float, high: float) -> float:
    length = gap * (len(wanted) - 1)
    start = sum(wanted) / len(wanted) - length / 2
    return max(min(start, high - length), low)


def _clean(curve: FamilyCurve) -> FamilyCurve:
    """The finite points in order of temperature, readings near zero replaced by their limit."""
    temperature = np.asarray(curve.temperature, dtype=float)
    rho = np.asarray(curve.resistivity, dtype=float)
    sd = np.broadcast_to(np.asarray(curve.sd, dtype=float), rho.shape)
    flagged = np.asarray(curve.flagged, dtype=bool)
    sd = np.where(np.isfinite(sd), sd, 0.0)
    good = np.isfinite(rho) & (temperature > 0) & (np.maximum(rho, sd) > 0)
    order = np.flatnonzero(good)[np.argsort(temperature[good], kind="stable")]
    return FamilyCurve(
        curve.label,
        curve.field_oersted,
        temperature[order],
        rho[order],
        sd[order],
        flagged[order],
        curve.fit,
    )


def _height(curve: FamilyCurve) -> Array:
    """Where each point is drawn (ohm/square): its value, or the limit of one that is not resolved."""
    return np.where(_resolved(curve), curve.resistivity, RESOLVED * curve.sd)


def _resolved(curve: FamilyCurve) -> NDArray[np.bool_]:
    return curve.resistivity > RESOLVED * curve.sd


def _colours(curves: Sequence[FamilyCurve]) -> list[Colour]:
    """Evenly along viridis in the order of field; its pale end is left out."""
    fields = sorted({curve.field_oersted for curve in curves})
    step = 0.85 / max(len(fields) - 1, 1)
    viridis = colormaps["viridis"]
    return [viridis(step * fields.index(curve.field_oersted)) for curve in curves]


def _set_axes(axes: Axes, curves: Sequence[FamilyCurve]) -> None:
    temperature = np.concatenate([curve.temperature for curve in curves])
    rho = np.concatenate([_height(curve) for curve in curves])
    axes.set_xscale("log")
    axes.set_yscale("log", nonpositive="clip")
    widest = max(len(curve.label) for curve in curves)
    width = axes.get_position().width * WIDTH * 72
    room = min((0.62 * FONT * widest + 14) / width, 0.4)
    span = max(math.log10(temperature.max() / temperature.min()), 0.05) / (1 - room - 0.03)
    low = math.log10(temperature.min()) - room * span
    axes.set_xlim(10**low, 10 ** (low + span))
    lowest, highest = min(rho.min(), R_Q_PAIR), max(rho.max(), R_Q_PAIR)
    margin = 0.05 * max(math.log10(highest / lowest), 0.3)
    axes.set_ylim(lowest * 10**-margin, highest * 10**margin)
    _ticks(axes)
    axes.set_xlabel("T (K)", fontsize=FONT + 1, labelpad=1.5, color=INK)
    axes.set_ylabel("ρ (Ω/□)", fontsize=FONT + 1, labelpad=1.5, color=INK)
    axes.tick_params(which="both", direction="in", labelsize=FONT, width=0.6, color=INK, labelcolor=INK, pad=2.5)
    axes.tick_params(which="major", length=3.5)
    axes.tick_params(which="minor", length=1.8)
    for spine in axes.spines.values():
        spine.set_linewidth(0.6)
        spine.set_color(INK)


def _ticks(axes: Axes) -> None:
    """Labels that can be read aloud, 0.05, 0.1, 0.2 and 10k, 100k, 1M; unlabelled ticks between."""
    for axis, limits, text in (
        (axes.xaxis, axes.get_xlim(), plain),
        (axes.yaxis, axes.get_ylim(), with_prefix),
    ):
        axis.set_major_locator(FixedLocator(tick_values(*limits)))
        axis.set_major_formatter(FuncFormatter(lambda value, _, text=text: text(value)))
        minor = [m * 10.0**n for n in range(-6, 13) for m in range(1, 10)]
        between = [value for value in minor if limits[0] <= value <= limits[1]]
        axis.set_minor_locator(FixedLocator(between) if len(between) < 60 else NullLocator())
        axis.set_minor_formatter(NullFormatter())


def tick_values(low: float, high: float) -> list[float]:
    """Round numbers between `low` and `high`: at least four, with as few to a decade as that allows."""
    fine = [tuple(i / step for i in range(step, 10 * step)) for step in (2, 5, 10)]
    choices: list[tuple[float, ...]] = [(1,), (1, 3), (1, 2, 5), (1, 2, 3, 5, 7), tuple(range(1, 10))]
    values: list[float] = []
    for multiples in (*choices, *fine):
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        values = [m * 10.0**n for n in decades for m in multiples if low <= m * 10.0**n <= high]
        if len(values) >= 4:
            break
    return values


def plain(value: float) -> str:
    """0.05, 0.1, 2: no exponent."""
    return f"{value:.12g}"


def with_prefix(value: float) -> str:
    """500, 10k, 1.5M: three digits and a prefix."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"


def _pair_quantum(axes: Axes) -> None:
    axes.axhline(R_Q_PAIR, color="0.55", linewidth=0.5, zorder=0.5)
    axes.annotate(
        "h/4e²",
        (1, R_Q_PAIR),
        xycoords=axes.get_yaxis_transform(),
        xytext=(2, 0),
        textcoords="offset points",
        va="center",
        fontsize=FONT,
        color="0.4",
    )


def _points(axes: Axes, curve: FamilyCurve, colour: Colour) -> None:
    """Dots, hollow where flagged, with error bars; a caret pointing down where only a limit can be drawn."""
    resolved, height = _resolved(curve), _height(curve)
    style: dict[str, Any] = {
        "linestyle": "none",
        "markersize": MARKER,
        "markeredgewidth": 0.5,
        "markeredgecolor": colour,
    }
    axes.errorbar(
        curve.temperature[resolved],
        height[resolved],
        yerr=curve.sd[resolved],
        fmt="none",
        ecolor=colour,
        elinewidth=0.5,
        zorder=2,
    )
    for flagged, face in ((False, colour), (True, "white")):
        some = resolved & (curve.flagged == flagged)
        axes.plot(curve.temperature[some], height[some], "o", markerfacecolor=face, zorder=2.5, **style)
        some = ~resolved & (curve.flagged == flagged)
        axes.plot(curve.temperature[some], height[some], "v", markerfacecolor=face, zorder=2.5, **style)


def _fit_line(axes: Axes, curve: FamilyCurve) -> None:
    """The law over the range it was fitted in, dashed where its saturation is not a firm value."""
    if curve.fit is None:
        return
    T = np.geomspace(curve.fit.T_min, curve.fit.T_max, 300)
    rho = curve.fit.predict(T)
    shown = np.isfinite(rho) & (rho > 0)
    dashes = "-" if curve.fit.status == "value" else DASHES
    axes.plot(T[shown], rho[shown], color=INK, linewidth=0.7, linestyle=dashes, zorder=3)


def _labels(axes: Axes, curves: Sequence[FamilyCurve], colours: Sequence[Colour]) -> None:
    """Name each curve at its cold end; labels that would overlap move apart, with a line to their curve."""
    ends = [(float(curve.temperature[0]), float(_height(curve)[0])) for curve in curves]
    points = 72 / DPI
    wanted = [float(axes.transData.transform(end)[1]) * points for end in ends]
    low, high = (float(axes.transAxes.transform((0, y))[1]) * points for y in (0, 1))
    places = spread(wanted, 1.12 * FONT, low + 0.8 * FONT, high - 0.8 * FONT)
    shifts = [place - want for place, want in zip(places, wanted, strict=True)]
    crowded = max(abs(shift) for shift in shifts) > 1.5
    for curve, end, colour, shift in zip(curves, ends, colours, shifts, strict=True):
        text = axes.annotate(
            curve.label,
            end,
            xytext=(-11 if crowded else -4, shift),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=FONT,
            color=_darker(colour),
            arrowprops=_leader(colour) if abs(shift) > 1.5 else None,
            zorder=4,
        )
        text.set_bbox({"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none"})


def _leader(colour: Colour) -> dict[str, Any]:
    """A thin line from the right edge of a label to its curve."""
    line = {"arrowstyle": "-", "color": colour, "linewidth": 0.5}
    return line | {"relpos": (1.0, 0.5), "shrinkA": 0, "shrinkB": 1.5}


def _darker(colour: Colour) -> Colour:
    """Thin letters need more contrast than dots."""
    red, green, blue, alpha = colour
    return 0.8 * red, 0.8 * green, 0.8 * blue, alpha


def _legend(figure: Figure, curves: Sequence[FamilyCurve]) -> None:
    """What the signs mean, of those that occur, below the axes where no curve can run through it."""
    fits = [curve.fit for curve in curves if curve.fit is not None]
    dot: dict[str, Any] = {"linestyle": "none", "markersize": MARKER, "markeredgewidth": 0.5}
    dot["markeredgecolor"] = INK
    line: dict[str, Any] = {"color": INK, "linewidth": 0.7}
    handles = []
    if any(curve.flagged.any() for curve in curves):
        handles.append(Line2D([], [], marker="o", markerfacecolor="white", label="flagged", **dot))
    if any(not _resolved(curve).all() for curve in curves):
        below = f"below {RESOLVED:.0f} s.d."
        handles.append(Line2D([], [], marker="v", markerfacecolor=INK, label=below, **dot))
    if any(fit.status == "value" for fit in fits):
        handles.append(Line2D([], [], label="fit", **line))
    if any(fit.status != "value" for fit in fits):
        handles.append(Line2D([], [], linestyle=DASHES, label="fit, saturation not resolved", **line))
    if handles:
        figure.legend(
            handles=handles,
            loc="lower center",
            bbox_to_anchor=(0.51, 0.0),
            ncols=len(handles),
            fontsize=FONT - 1,
            frameon=False,
            labelcolor=INK,
            handlelength=2.2,
            handletextpad=0.5,
            columnspacing=1.2,
            borderpad=0.2,
        )
