"""The labelled overlay and the histogram of grain sizes as one figure.

Drawn with matplotlib's objects alone, never pyplot: no window system, no global state.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray
from scipy import ndimage

from coldfinger.analysis.micrographs.grain_statistics import SizeDistribution, size_histogram
from coldfinger.analysis.micrographs.grains import Grains
from coldfinger.analysis.micrographs.micrograph import Micrograph

Array = NDArray[np.float64]

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
"""Colours that colour-blind eyes tell apart (M. Okabe and K. Ito, 2008)."""
FONT = 7.0
DPI = 300
INK = "0.15"
_TINT = 0.45
_NUMBERED = 40  # pixels, diameter from which a grain carries its number


def grain_figure(
    micrograph: Micrograph, grains: Grains, sizes: SizeDistribution | None, path: Path | str | None = None
) -> Figure:
    """Micrograph, labelled grains and the two histograms; written to `path` if given (its suffix names the format).

    Grains below the cut-off are red without colour of their own; numbers are labels, of larger grains only.
    """
    figure = Figure(figsize=(7.2, 5.6), dpi=DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplot_mosaic([["raw", "found"], ["number", "area"]], height_ratios=[1.55, 1])
    _raw(axes["raw"], micrograph)
    _found(axes["found"], micrograph, grains)
    _histogram(axes["number"], grains, sizes, by_area=False)
    _histogram(axes["area"], grains, sizes, by_area=True)
    if path is not None:
        figure.savefig(path)
    return figure


def overlay(micrograph: Micrograph, grains: Grains) -> Array:
    """Colours of the labelled picture, shape (rows, columns, 3), 0 to 1: every grain tinted, rims drawn full.

    Neighbouring labels differ in colour as a rule; grains below the cut-off are red.
    """
    low, high = np.quantile(micrograph.grey, [0.005, 0.995])
    grey = np.clip((micrograph.grey - low) / max(high - low, 1e-12), 0, 1)
    picture = np.repeat(grey[..., None], 3, axis=2)
    number = grains.diameter.size
    tint = np.zeros((number + 1, 3))
    palette = np.array([to_rgb(colour) for colour in COLOURS[:-1]])
    tint[1:] = palette[np.arange(number) % len(palette)]
    tint[1:][~grains.counted] = (0.9, 0.0, 0.0)
    inside = grains.labels > 0
    rim = inside & (
        ndimage.grey_erosion(grains.labels, size=(3, 3)) != ndimage.grey_dilation(grains.labels, size=(3, 3))
    )
    colour = tint[grains.labels]
    share = np.where(rim, 1.0, np.where(inside, _TINT, 0.0))[..., None]
    return np.asarray(picture * (1 - share) + colour * share)


def _raw(axes: Axes, micrograph: Micrograph) -> None:
    axes.imshow(micrograph.grey, cmap="gray", interpolation="nearest")
    axes.set_title(f"{micrograph.name}, pixel {micrograph.pixel * 1e9:.3g} nm ({micrograph.scale})", fontsize=FONT)
    _bare(axes)
    _scale_bar(axes, micrograph)


def _found(axes: Axes, micrograph: Micrograph, grains: Grains) -> None:
    axes.imshow(overlay(micrograph, grains), interpolation="nearest")
    for k in np.flatnonzero(grains.counted & (grains.diameter > _NUMBERED * grains.pixel)):
        axes.text(
            grains.column[k],
            grains.row[k],
            str(k + 1),
            fontsize=4.5,
            ha="center",
            va="center",
            color="white",
            clip_on=True,
        )
    count = int(np.count_nonzero(grains.counted))
    axes.set_title(f"{count} grains above {grains.cutoff * 1e9:.3g} nm (red: below)", fontsize=FONT)
    _bare(axes)


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])


def _scale_bar(axes: Axes, micrograph: Micrograph) -> None:
    """A bar of 1, 2 or 5 times a power of ten, about a fifth of the picture."""
    rows, columns = micrograph.grey.shape
    wanted = columns * micrograph.pixel / 5
    power = 10.0 ** np.floor(np.log10(wanted))
    length = power * max(step for step in (1, 2, 5) if step * power <= wanted * 1.0001)
    x, y = 0.95 * columns, 0.95 * rows
    axes.plot([x - length / micrograph.pixel, x], [y, y], color="white", linewidth=2.5, solid_capstyle="butt")
    name = f"{length * 1e6:g} µm" if length >= 1e-6 else f"{length * 1e9:g} nm"
    axes.text(
        x - length / micrograph.pixel / 2,
        y - 0.015 * rows,
        name,
        color="white",
        ha="center",
        va="bottom",
        fontsize=FONT,
        bbox={"facecolor": "black", "alpha": 0.5, "edgecolor": "none", "pad": 1.5},
    )


def _histogram(axes: Axes, grains: Grains, sizes: SizeDistribution | None, by_area: bool) -> None:
    """Bars with their errors, the fit, its peaks and the cut-off; diameters in nm."""
    histogram = size_histogram(grains)
    edges = histogram.edges * 1e9
    height, sd = (histogram.area, histogram.sd_area) if by_area else (histogram.number, histogram.sd_number)
    axes.stairs(height, edges, fill=True, color="0.8")
    middle = np.sqrt(edges[:-1] * edges[1:])
    filled = height > 0
    axes.errorbar(middle[filled], height[filled], sd[filled], fmt="none", ecolor="0.4", elinewidth=0.6)
    cutoff = grains.cutoff * 1e9
    axes.axvline(cutoff, color=COLOURS[5], linestyle=(0, (4, 2)), linewidth=0.9, label=f"cut-off {cutoff:.3g} nm")
    if sizes is not None:
        d = np.geomspace(grains.cutoff, histogram.edges[-1], 400)
        axes.plot(d * 1e9, sizes.area_density(d) if by_area else sizes.density(d), color=COLOURS[0], linewidth=1.1)
        for peak in sizes.peaks:
            at, error = (peak.area_diameter, peak.sd_area_diameter) if by_area else (peak.diameter, peak.sd)
            share = peak.area_share if by_area else peak.share
            name = f"{_with_sd(at * 1e9, error * 1e9)} nm, {100 * share:.0f} %"
            axes.axvline(at * 1e9, color=COLOURS[0], linewidth=0.7, linestyle=":", label=name)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("equivalent diameter (nm)", fontsize=FONT)
    axes.set_ylabel(f"share of the {'area' if by_area else 'number'} per ln d", fontsize=FONT)
    axes.set_ylim(bottom=0)
    axes.tick_params(labelsize=FONT, which="both")
    axes.legend(fontsize=FONT - 1, frameon=False, labelcolor=INK)


def _with_sd(value: float, sd: float) -> str:
    """A value and its standard deviation, one digit of which is shown."""
    if not sd > 0 or not np.isfinite(sd):
        return f"{value:.3g}"
    places = max(0, -int(np.floor(np.log10(sd))))
    return f"{value:.{places}f} ± {sd:.{places}f}"
