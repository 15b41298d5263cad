"""Fig. 1: which regime each film is in at each field, the boundaries between them, and ρ at the coldest points.

Along x the magnetic field, the control parameter X1 of the paper; along y the stages of annealing, its X2. A boundary
is known to lie between two measured fields: that is its error bar. h/4e² is drawn, nothing is fitted with it.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import Bbox

from coldfinger.analysis.across.regimes import Boundary, PhaseDiagram, Regime, phase_diagram, regime
from coldfinger.analysis.figures import RESOLVED, with_prefix
from coldfinger.analysis.fits.fit_result import Curve
from coldfinger.analysis.fits.model_choice import Label
from coldfinger.analysis.laws import R_Q_PAIR
from coldfinger.analysis.paper import style
from coldfinger.analysis.paper.data import T_MAX, Film, PaperData, RTCurve, sorted_by_field
from coldfinger.analysis.paper.drawing import Drawing

LOOKS: dict[Label, tuple[str, str]] = {
    "superconductor": (style.BLUE, "s"),
    "failed superconductor": ("#56B4E9", "o"),
    "failed insulator": (style.ORANGE, "D"),
    "log insulator": (style.PINK, "^"),
    "insulator with limit": (style.RED, "v"),
}
"""Colour and symbol of a regime; shape and word say it too."""
NAMES: dict[Label, str] = {
    "superconductor": "superconductor",
    "failed superconductor": "failed superconductor",
    "failed insulator": "failed insulator",
    "log insulator": "insulator, ρ ∝ −ln T",
    "insulator with limit": "insulator, no saturation seen",
}
STYLES: dict[str, Any] = {"SQMT": "-", "QMIT": "-", "SIT": "-", "avoided SIT": (0, (5, 1.5, 1, 1.5))}
LEFT, WIDTH, RIGHT = 0.62, 4.5, 0.75  # inches


def phases(data: PaperData) -> Drawing:
    """Fig. 1 from all films with ρ(T)."""
    films = [film for film in data.films if film.curves]
    rows = max(len(films), 1)
    map_height = 0.45 * rows + 0.5
    figure = style.new_figure(LEFT + WIDTH + RIGHT, map_height + 2.95)
    axes = style.box(figure, LEFT, 2.6, WIDTH, map_height)
    below = style.box(figure, LEFT, 0.72, WIDTH, 1.75)
    what = "no R(T) runs of any film: measure RTFamily with the samples S0, S1 and S2"
    if not films:
        style.say_missing(axes, what)
        below.set_axis_off()
        style.head(figure, "phase diagram at T → 0", data.simulated)
        return Drawing(figure, {}, (what, *data.left_out))
    diagram, said = regimes_of(films)
    _map(axes, diagram)
    _coldest(below, films, diagram)
    _key(below, diagram)
    style.head(figure, "regimes at T → 0", data.simulated)
    boundaries = [
        {"name": b.name, "below": b.below, "above": b.above, "H_low_Oe": b.H_low, "H_high_Oe": b.H_high}
        for b in diagram.boundaries
    ]
    numbers = {"regimes": diagram.table(), "boundaries": boundaries, "R_Q_ohm": diagram.R_Q}
    doubts = [f"{row['film']} at {row['field_Oe']:g} Oe: {row['doubts']}" for row in diagram.table() if row["doubts"]]
    return Drawing(figure, numbers, (*said, *doubts, *data.left_out))


def regimes_of(films: list[Film]) -> tuple[PhaseDiagram, list[str]]:
    """The diagram of all curves that can be judged, one sentence for every one that cannot."""
    usable: dict[str, list[tuple[float, Curve]]] = {}
    said: list[str] = []
    loading = max((curve.loading for film in films for curve in film.curves), default=0.0)
    for film in films:
        usable[film.name] = []
        for curve in sorted_by_field(film.curves):
            try:
                regime(curve.field, curve.curve, T_max=T_MAX, loading=loading)
            except ValueError as error:
                said.append(f"{film.name} at {curve.field:g} Oe: {error}")
            else:
                usable[film.name].append((curve.field, curve.curve))
    return phase_diagram(usable, T_max=T_MAX, loading=loading), said


def _map(axes: Axes, diagram: PhaseDiagram) -> None:
    films = list(diagram.regimes)
    highest = max((r.field for row in diagram.regimes.values() for r in row), default=1.0)
    style.dress(axes, "", "")
    axes.set_xlim(-0.04 * highest, 1.04 * highest)
    axes.set_ylim(-0.75, len(films) - 0.25)
    axes.set_yticks(range(len(films)), films)
    axes.tick_params(labelbottom=False)
    axes.set_ylabel("stage of annealing", fontsize=style.FONT + 1, color=style.INK)
    for y, (film, row) in enumerate(diagram.regimes.items()):
        _shade(axes, y, row)
        for found in row:
            colour, marker = LOOKS[found.label]
            face = "white" if found.doubts else colour
            axes.plot(found.field, y, marker, color=colour, markerfacecolor=face, markersize=5, gid=f"data:{film}")
    taken: list[Bbox] = []
    for bound in diagram.boundaries:
        _boundary(axes, films, bound, taken)


def _shade(axes: Axes, y: int, row: tuple[Regime, ...]) -> None:
    """The anomalous metal, half-way to the neighbours that are none."""
    fields = np.array([found.field for found in row])
    inside = np.array([found.place == "anomalous metal" for found in row])
    for k in np.flatnonzero(inside):
        low = fields[k] if k == 0 else 0.5 * (fields[k - 1] + fields[k])
        high = fields[k] if k + 1 == fields.size else 0.5 * (fields[k] + fields[k + 1])
        axes.fill_between([low, high], y - 0.32, y + 0.32, color="0.88", linewidth=0, zorder=0.5)


def _boundary(axes: Axes, films: list[str], bound: Boundary, taken: list[Bbox]) -> None:
    """A short line between the two fields with its bracket as error bar; those between films are in the numbers."""
    film = bound.above.rsplit(" ", 2)[0]
    if bound.H_low == bound.H_high or film not in films:
        return
    y, middle = films.index(film), 0.5 * (bound.H_low + bound.H_high)
    width = 1.8 if bound.name == "SIT" else 1.0
    dashes = STYLES.get(bound.name, ":")
    line = axes.plot([middle, middle], [y - 0.32, y + 0.32], color=style.INK, linewidth=width, linestyle=dashes)
    line[0].set_gid(f"boundary:{bound.name}")
    reach = 0.5 * (bound.H_high - bound.H_low)
    axes.errorbar([middle], [y - 0.32], xerr=[reach], fmt="none", ecolor=style.INK, elinewidth=0.6, capsize=1.5)
    style.free_label(axes, (middle, y - 0.36), bound.name, style.INK, taken)


def _coldest(axes: Axes, films: list[Film], diagram: PhaseDiagram) -> None:
    """ρ at the coldest believed point of every curve, symbols by regime, a line for each film."""
    style.dress(axes, "magnetic field H (Oe)", "coldest ρ (Ω/□)")
    highest = max((r.field for row in diagram.regimes.values() for r in row), default=1.0)
    axes.set_xlim(-0.04 * highest, 1.04 * highest)
    axes.set_yscale("log", nonpositive="clip")
    everything: list[float] = [R_Q_PAIR]
    ends = []
    for film, dashes in zip(films, ("-", "--", ":", "-.") * len(films), strict=False):
        labels = {found.field: found for found in diagram.regimes[film.name]}
        read = [(c.field, *_cold_point(c)) for c in sorted_by_field(film.curves) if c.field in labels]
        fields, rho, sd = (np.array(column) for column in zip(*read, strict=True))
        seen = rho > RESOLVED * sd
        height = np.where(seen, rho, RESOLVED * sd)
        everything += list(height)
        axes.plot(fields, height, linestyle=dashes, color="0.6", linewidth=0.6, zorder=1)
        for H, y, error, known in zip(fields, height, sd, seen, strict=True):
            colour, marker = LOOKS[labels[H].label]
            if known:
                hollow = bool(labels[H].doubts)
                style.points(axes, film.name, H, y, error, colour, marker=marker, size=4, hollow=hollow)
            else:
                style.limits(axes, film.name, [H], [y], colour)
        if fields.size:
            ends.append(style.End(float(fields[-1]), float(height[-1]), film.name, style.INK))
    style.log_axis(axes.yaxis, *style.around(everything), with_prefix)
    axes.axhline(R_Q_PAIR, color=style.RED, linewidth=0.7, zorder=0.6, gid="R_Q")
    ends.append(style.End(float(axes.get_xlim()[1]), R_Q_PAIR, "h/4e²", style.RED))
    style.end_labels(axes, ends, right=True)


def _cold_point(curve: RTCurve) -> tuple[float, float]:
    """ρ and its s.d. at the coldest believed point."""
    coldest = int(np.argmin(curve.curve.temperature))
    return float(curve.curve.resistivity[coldest]), float(curve.curve.sd_resistivity[coldest])


def _key(axes: Axes, diagram: PhaseDiagram) -> None:
    """Symbols of the regimes that occur, in words, below the axes."""
    occurring = [label for label in LOOKS if any(r.label == label for row in diagram.regimes.values() for r in row)]
    for label in occurring:
        colour, marker = LOOKS[label]
        axes.plot([], [], marker, color=colour, markersize=4.5, linestyle="none", label=NAMES[label])
    handles: list[Any]
    handles, labels = axes.get_legend_handles_labels()
    handles.append(Patch(facecolor="0.88", label="anomalous metal"))
    labels.append("anomalous metal")
    if any(r.doubts for row in diagram.regimes.values() for r in row):
        sign = Line2D([], [], marker="o", markerfacecolor="white", color=style.INK, markersize=4.5, linestyle="none")
        handles.append(sign)
        labels.append("hollow: doubtful")
    axes.legend(
        handles,
        labels,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.17),
        ncols=4,
        fontsize=style.FONT - 0.5,
        frameon=False,
        labelcolor=style.INK,
        handletextpad=0.2,
        columnspacing=1.0,
    )
