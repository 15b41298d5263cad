"""Figs. 2 and S1: the film's micrograph, the grains found in it and the distribution of their sizes."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from coldfinger.analysis.micrographs.grain_picture import overlay
from coldfinger.analysis.micrographs.grain_statistics import SizeDistribution, size_distribution, size_histogram
from coldfinger.analysis.micrographs.grains import Grains, find_grains
from coldfinger.analysis.micrographs.micrograph import Micrograph
from coldfinger.analysis.paper import style
from coldfinger.analysis.paper.data import PaperData
from coldfinger.analysis.paper.drawing import Drawing

MISSING = "no micrograph: give a PNG or TIFF file beside the runs, with --pixel if it does not hold its scale"


def morphology(data: PaperData) -> Drawing:
    """Fig. 2: a) the micrograph, b) grain sizes by number with the two broad peaks."""
    figure = style.new_figure(6.6, 3.35)
    left, right = style.box(figure, 0.12, 0.4, 2.7, 2.5), style.box(figure, 3.45, 0.42, 3.0, 2.45)
    style.head(figure, "morphology of the film", data.simulated)
    if data.micrograph is None:
        return _missing(data, figure, [left, right])
    grains, sizes, said = _found(data.micrograph)
    _picture(left, data.micrograph.grey, data.micrograph, "a)  micrograph")
    _histogram(right, grains, sizes)
    style.tag(right, "b)  grain size")
    return Drawing(figure, _numbers(grains, sizes), (*said, *data.left_out))


def clustering(data: PaperData) -> Drawing:
    """Fig. S1: the raw micrograph, white where a grain is, and every grain with its own label."""
    figure = style.new_figure(7.4, 2.95)
    panels = [style.box(figure, 0.12 + 2.42 * i, 0.12, 2.3, 2.3) for i in range(3)]
    style.head(figure, "grain clustering", data.simulated)
    if data.micrograph is None:
        return _missing(data, figure, panels)
    grains, sizes, said = _found(data.micrograph)
    _picture(panels[0], data.micrograph.grey, data.micrograph, "raw micrograph")
    _picture(panels[1], (grains.labels > 0).astype(float), data.micrograph, "white: grain")
    title = f"{int(np.count_nonzero(grains.counted))} grains above {grains.cutoff * 1e9:.3g} nm (red: below)"
    _picture(panels[2], overlay(data.micrograph, grains), data.micrograph, title)
    return Drawing(figure, _numbers(grains, sizes), (*said, *data.left_out))


def _missing(data: PaperData, figure: Any, panels: list[Axes]) -> Drawing:
    for axes in panels[1:]:
        axes.set_axis_off()
    style.say_missing(panels[0], MISSING)
    return Drawing(figure, {}, (MISSING, *data.left_out))


def _found(micrograph: Micrograph) -> tuple[Grains, SizeDistribution | None, list[str]]:
    grains = find_grains(micrograph)
    said = [f"lower cut-off of the grains {grains.cutoff * 1e9:.3g} nm: {grains.cutoff_reason}"]
    try:
        sizes = size_distribution(grains)
    except ValueError as error:
        return grains, None, [*said, str(error)]
    return grains, sizes, [*said, *sizes.warnings]


def _picture(axes: Axes, values: Any, micrograph: Micrograph, title: str) -> None:
    axes.imshow(values, cmap="gray", interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    style.tag(axes, title)
    rows, columns = micrograph.grey.shape
    wanted = columns * micrograph.pixel / 5
    power = 10.0 ** np.floor(np.log10(wanted))
    length = power * max(step for step in (1, 2, 5) if step * power <= wanted * 1.0001)
    end, y = 0.95 * columns, 0.94 * rows
    for colour, width in (("black", 4.0), ("white", 2.0)):
        ends = [end - length / micrograph.pixel, end]
        axes.plot(ends, [y, y], color=colour, linewidth=width, solid_capstyle="projecting")
    name = f"{length * 1e6:g} µm" if length >= 1e-6 else f"{length * 1e9:g} nm"
    text = axes.text(end - 0.5 * length / micrograph.pixel, y - 0.02 * rows, name, color="white", ha="center")
    text.set(va="bottom", fontsize=style.FONT, bbox={"facecolor": "black", "alpha": 0.7, "edgecolor": "none", "pad": 1})


def _histogram(axes: Axes, grains: Grains, sizes: SizeDistribution | None) -> None:
    """Grains by number over ln d, bars with their errors, the fit of two peaks and the cut-off."""
    histogram = size_histogram(grains)
    edges = histogram.edges * 1e6
    middle = np.sqrt(edges[:-1] * edges[1:])
    filled = histogram.number > 0
    axes.stairs(histogram.number, edges, fill=True, color="0.8", gid="data:sizes")
    bars = histogram.sd_number[filled]
    axes.errorbar(middle[filled], histogram.number[filled], bars, fmt="none", ecolor="0.4", elinewidth=0.6, gid="bars")
    cutoff = grains.cutoff * 1e6
    top = 1.35 * float(np.max(histogram.number[filled] + bars)) if filled.any() else 1.0
    if sizes is not None:
        d = np.geomspace(grains.cutoff, histogram.edges[-1], 300)
        axes.plot(d * 1e6, sizes.density(d), color=style.BLUE, linewidth=1.0, gid="fit:sizes")
    style.dress(axes, "equivalent diameter (µm)", "share of the number per ln d")
    axes.set_xscale("log")
    axes.set_xlim(0.8 * cutoff, 1.25 * edges[-1])
    axes.set_ylim(0, top)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.axvline(cutoff, color=style.RED, linestyle=style.DASHES, linewidth=0.8)
    taken: list[Any] = []
    style.free_label(axes, (cutoff, 0.93 * top), f"cut-off {cutoff:.2g} µm", style.RED, taken)
    for peak in sizes.peaks if sizes is not None else ():
        at = peak.diameter * 1e6
        axes.axvline(at, color=style.BLUE, linewidth=0.6, linestyle=":")
        height = float(sizes.density(np.array([peak.diameter]))[0]) if sizes is not None else 0.0
        name = f"{style.with_sd(at, peak.sd * 1e6)} µm\n{peak.share:.0%} of the number"
        style.free_label(axes, (at, min(height, 0.9 * top)), name, style.BLUE, taken)


def _numbers(grains: Grains, sizes: SizeDistribution | None) -> dict[str, Any]:
    peaks = [
        {
            "diameter_m": peak.diameter,
            "sd_m": peak.sd,
            "systematic_m": peak.systematic,
            "share": peak.share,
            "area_share": peak.area_share,
        }
        for peak in (sizes.peaks if sizes is not None else ())
    ]
    return {"grains": int(np.count_nonzero(grains.counted)), "cutoff_m": grains.cutoff, "peaks": peaks}
