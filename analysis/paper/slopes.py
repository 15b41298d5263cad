"""Fig. S3: dV/dI against dc bias in the superconducting, failed superconducting and failed insulating regime.

A row for each film, a column for each regime, its own scale in each panel. Points at which the bias warms the
electrons are hollow. Two further views: a waterfall of dV/dI over its limit at large bias, and a map over field.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter

from coldfinger.analysis.differential import Differential, SlopeCurve, evaluate_slopes
from coldfinger.analysis.figures import tick_values, with_prefix
from coldfinger.analysis.paper import style
from coldfinger.analysis.paper.data import Film, PaperData
from coldfinger.analysis.paper.drawing import Drawing

COLUMNS = ("superconducting", "failed superconducting", "failed insulating")
LEFT, PANEL, GAP, HEIGHT, BOTTOM, TOP = 0.6, 1.75, 1.05, 1.6, 0.4, 0.5  # inches
MISSING = "no dV/dI runs: measure DifferentialResistance at several fields"

Judged = list[tuple[SlopeCurve, Differential]]


def regimes(data: PaperData) -> Drawing:
    """Fig. S3."""
    films, numbers, said = _judged(data)
    if not films:
        return _nothing(data, "differential resistivity dV/dI")
    step = HEIGHT + 0.36
    width = LEFT + len(COLUMNS) * (PANEL + GAP) - GAP + 0.6
    figure = style.new_figure(width, BOTTOM + len(films) * step - 0.36 + TOP)
    for i, (name, judged) in enumerate(films.items()):
        colours = style.field_colours([curve.field for curve, _ in judged])
        for j, column in enumerate(COLUMNS):
            axes = style.box(figure, LEFT + j * (PANEL + GAP), BOTTOM + (len(films) - 1 - i) * step, PANEL, HEIGHT)
            chosen = [pair for pair in judged if _column(pair[1]) == column]
            if not chosen:
                style.say_missing(axes, f"no measured field of {name} is {column}", 24)
                continue
            _curves(axes, chosen, colours)
            style.tag(axes, f"{name}: {column}{_critical(chosen)}")
            if i + 1 < len(films):
                axes.set_xlabel("")
    style.head(figure, "differential resistivity dV/dI", data.simulated)
    return Drawing(figure, numbers, (*said, *data.left_out))


def waterfall(data: PaperData) -> Drawing:
    """dV/dI over its limit at large bias, one film a panel, each field set off by one."""
    films, numbers, said = _judged(data)
    if not films:
        return _nothing(data, "dV/dI, waterfall")
    width = 2.35
    figure = style.new_figure(LEFT + len(films) * (width + GAP) - GAP + 0.6, 4.0)
    for i, (name, judged) in enumerate(films.items()):
        axes = style.box(figure, LEFT + i * (width + GAP), BOTTOM, width, 3.1)
        colours = style.field_colours([curve.field for curve, _ in judged])
        used = [(c, d) for c, d in judged if d.normal.value > 3 * d.normal.sd and c.field in colours]
        said += [f"{name} at {c.field:g} Oe: {d.normal.doubt}" for c, d in judged if (c, d) not in used]
        style.dress(axes, "dc bias (nA)", "log₁₀ of dV/dI over its limit, set off by 1")
        ends = []
        unseen = sum(int(np.count_nonzero(c.slope <= 3 * c.sd)) for c, _ in used)
        said += [f"{name}: {unseen} points without resistance have no logarithm and are left out"] if unseen else []
        for k, (curve, found) in enumerate(used):
            bias, slope, sd, heated = _ordered(curve)
            seen = slope > 3 * sd
            with np.errstate(all="ignore"):
                y = np.where(seen, np.log10(slope / found.normal.value) + k, np.nan)
                error = np.where(seen, sd / slope / math.log(10), np.nan)
            label, colour = f"{curve.field:g} Oe", colours[curve.field]
            style.points(axes, label, bias, y, error, colour, hollow=heated, line=True, size=2)
            if seen.any():
                ends.append(style.End(float(bias[seen][-1]), float(y[seen][-1]), label, colour))
        style.end_labels(axes, ends, right=True)
        style.tag(axes, name)
    style.head(figure, "dV/dI, waterfall", data.simulated)
    return Drawing(figure, numbers, (*said, *data.left_out))


def over_field(data: PaperData) -> Drawing:
    """Maps of dV/dI over bias and field, one film a panel, logarithmic colour."""
    films, numbers, said = _judged(data)
    films = {name: judged for name, judged in films.items() if len({c.field for c, _ in judged}) > 1}
    if not films:
        return _nothing(data, "dV/dI, map over field")
    width = 2.2
    figure = style.new_figure(LEFT + len(films) * (width + GAP) - GAP + 0.75, 3.2)
    for i, (name, judged) in enumerate(films.items()):
        left = LEFT + i * (width + GAP)
        axes, scale = (
            style.box(figure, left, BOTTOM, width, 2.3),
            style.box(figure, left + width + 0.07, BOTTOM, 0.09, 2.3),
        )
        _map(axes, scale, judged)
        style.tag(axes, f"{name}: dV/dI (Ω/□)")
    style.head(figure, "dV/dI, map over bias and field", data.simulated)
    return Drawing(figure, numbers, (*said, *data.left_out))


def _judged(data: PaperData) -> tuple[dict[str, Judged], dict[str, Any], list[str]]:
    """Curves with their numbers by film, in order of field; what cannot be judged is said."""
    films: dict[str, Judged] = {}
    numbers: dict[str, Any] = {}
    said: list[str] = []
    for film in data.films:
        judged: Judged = []
        for curve in sorted(film.slopes, key=lambda curve: curve.field):
            try:
                judged.append((curve, evaluate_slopes(curve, _same_field(film, curve.field))))
            except ValueError as error:
                said.append(f"{film.name}: {error}")
        if judged:
            films[film.name] = judged
            numbers[film.name] = [found.to_json() for _, found in judged]
            said += [sentence for _, found in judged for sentence in _doubts(film.name, found)]
    return films, numbers, said


def _same_field(film: Film, field: float) -> list[Any]:
    return [curve.curve for curve in film.curves if abs(curve.field - field) < 0.1]


def _doubts(name: str, found: Differential) -> list[str]:
    doubts = []
    if found.apart > 3:
        other = "R(T,H)" if found.compared else "the ordinary resistance"
        doubts.append(f"{name} at {found.field:g} Oe: dV/dI at zero bias is {found.apart:.1f} s.d. from {other}")
    return doubts


def _column(found: Differential) -> str:
    """Where a curve is drawn; a flat one stands on the side of the separatrix on which its zero-bias value lies."""
    if found.shape in ("flat", "unknown"):
        return COLUMNS[1] if found.zero_bias.value <= found.normal.value else COLUMNS[2]
    return found.regime


def _critical(chosen: Judged) -> str:
    """The critical current of a panel with a single superconducting field."""
    current = chosen[0][1].critical_current
    if len(chosen) > 1 or not np.isfinite(current.value):
        return ""
    return rf", $I_c$ = {current.value * 1e9:.0f} ± {current.sd * 1e9:.0f} nA"


def _ordered(curve: SlopeCurve) -> tuple[Any, Any, Any, Any]:
    """Bias (nA) ascending, with slope, s.d. (ohm/square) and whether it heats."""
    order = np.argsort(curve.bias, kind="stable")
    return curve.bias[order] * 1e9, curve.slope[order], curve.sd[order], curve.heated[order]


def _curves(axes: Axes, chosen: Judged, colours: dict[float, Any]) -> None:
    values = np.concatenate([curve.slope for curve, _ in chosen])
    logarithmic = bool(values.min() > 0 and values.max() > 20 * values.min())
    unit = 1.0 if logarithmic or values.max() < 1e3 else 1e3
    style.dress(axes, "dc bias (nA)", "dV/dI (Ω/□)" if unit == 1.0 else "dV/dI (kΩ/□)")
    if logarithmic:
        axes.set_yscale("log", nonpositive="clip")
        style.log_axis(axes.yaxis, *style.around(values), with_prefix)
    else:
        margin = 0.07 * float(np.ptp(values)) / unit
        axes.set_ylim(values.min() / unit - margin, values.max() / unit + margin)
    ends = []
    for curve, _ in chosen:
        bias, slope, sd, heated = _ordered(curve)
        label, colour = f"{curve.field:g} Oe", colours[curve.field]
        style.points(axes, label, bias, slope / unit, sd / unit, colour, hollow=heated, line=True, size=2)
        ends.append(style.End(float(bias[-1]), float(slope[-1]) / unit, label, colour))
    axes.xaxis.set_major_locator(MaxNLocator(4, symmetric=True))
    style.end_labels(axes, ends, right=True, font=style.FONT - 0.5)


def _map(axes: Axes, scale: Axes, judged: Sequence[tuple[SlopeCurve, Differential]]) -> None:
    """Stripes as wide as the distance to the neighbouring fields; nothing is smoothed. White: no resistance seen."""
    fields = np.array([curve.field for curve, _ in judged])
    edges = np.concatenate([[fields[0]], 0.5 * (fields[1:] + fields[:-1]), [fields[-1]]])
    edges[0] -= 0.5 * (fields[1] - fields[0])
    edges[-1] += 0.5 * (fields[-1] - fields[-2])
    values = np.concatenate([curve.slope[curve.slope > 3 * curve.sd] for curve, _ in judged])
    norm = LogNorm(float(values.min()), float(values.max()))
    for (curve, _), low, high in zip(judged, edges[:-1], edges[1:], strict=True):
        bias, index = np.unique(curve.bias * 1e9, return_inverse=True)
        slope = np.bincount(index, weights=curve.slope) / np.bincount(index)
        sd = np.bincount(index, weights=curve.sd) / np.bincount(index)
        x = np.concatenate([bias[:1], 0.5 * (bias[1:] + bias[:-1]), bias[-1:]])
        seen = np.ma.masked_where(slope < 3 * sd, slope)[np.newaxis]
        axes.pcolormesh(x, [low, high], seen, norm=norm, cmap="viridis", rasterized=True)
    style.dress(axes, "dc bias (nA)", "H (Oe)")
    axes.set_ylim(edges[0], edges[-1])
    figure = axes.figure
    figure.colorbar(ScalarMappable(norm, "viridis"), cax=scale)
    scale.tick_params(labelsize=style.FONT, width=0.6, length=2.5)
    scale.yaxis.set_major_formatter(FuncFormatter(lambda value, _: with_prefix(value)))
    scale.yaxis.set_minor_formatter(NullFormatter())
    scale.yaxis.set_major_locator(FixedLocator(tick_values(float(values.min()), float(values.max()))))


def _nothing(data: PaperData, title: str) -> Drawing:
    figure = style.new_figure(3.4, 2.4)
    style.say_missing(style.box(figure, 0.2, 0.2, 3.0, 1.8), MISSING)
    style.head(figure, title, data.simulated)
    return Drawing(figure, {}, (MISSING, *data.left_out))
