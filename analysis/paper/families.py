"""Fig. 3: ρ(T) in varying field, a panel for each stage of the film, with the fits of Eq. 1 and Eq. 2.

Where a field sweep above the family's temperatures was measured (1.1 K in the paper), dotted lines join each curve to
the sweep at its field: they guide the eye over temperatures at which nothing was measured.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from coldfinger.analysis.across.field_laws import family_table
from coldfinger.analysis.figures import RESOLVED, with_prefix
from coldfinger.analysis.laws import R_Q_PAIR
from coldfinger.analysis.paper import style
from coldfinger.analysis.paper.data import Isotherm, PaperData, RTCurve, sorted_by_field
from coldfinger.analysis.paper.drawing import Drawing

STAGES = ("S0", "S1", "S2")
WIDTH, HEIGHT = 2.35, 3.1  # inches of a panel


def families(data: PaperData) -> Drawing:
    """Fig. 3 with all films of the data, at least the paper's three panels."""
    names = [film.name for film in data.films if film.curves]
    return _figure(data, [*STAGES, *(name for name in names if name not in STAGES)], "ρ(T) in varying field")


def family_of(number: int) -> Any:
    """One panel of Fig. 3."""

    def draw(data: PaperData) -> Drawing:
        name = STAGES[number]
        return _figure(data, [name], f"{name}: ρ(T) in varying field")

    return draw


def _figure(data: PaperData, names: Sequence[str], title: str) -> Drawing:
    left, gap = 0.5, 0.52
    figure = style.new_figure(left + len(names) * (WIDTH + gap) - gap + 0.42, HEIGHT + 0.75)
    numbers: dict[str, Any] = {}
    said: list[str] = []
    for i, name in enumerate(names):
        axes = style.box(figure, left + i * (WIDTH + gap), 0.38, WIDTH, HEIGHT)
        film = data.film(name)
        if film is None or not film.curves:
            style.say_missing(axes, missing(name))
            said.append(missing(name))
            continue
        curves = draw_family(axes, film.curves, film.isotherms)
        style.tag(axes, f"{'abcdefgh'[i]})  {name}" if len(names) > 1 else name)
        numbers[name] = {"fits": family_table(film.fits), "no_fit": list(film.unfitted)}
        said += [*film.unfitted, *curves]
    style.head(figure, title, data.simulated)
    return Drawing(figure, numbers, (*said, *data.left_out))


def missing(name: str) -> str:
    """What this film's panel of ρ(T) lacks."""
    return f"no R(T) runs of {name}: measure RTFamily, TemperatureRamp or AdaptiveRamp with the sample {name}"


def draw_family(
    axes: Axes, curves: Sequence[RTCurve], isotherms: Sequence[Isotherm] = (), *, labelled: bool = True
) -> list[str]:
    """Points, fits and labels of one family on logarithmic axes; returns what should be said of it."""
    curves = [curve for curve in sorted_by_field(curves) if _drawable(curve).any()]
    colours = style.field_colours([curve.field for curve in curves])
    warm = _above(isotherms, max((float(np.nanmax(c.temperature)) for c in curves), default=0.0))
    style.dress(axes, "T (K)", "ρ (Ω/□)")
    axes.set_xscale("log")
    axes.set_yscale("log", nonpositive="clip")
    _limits(axes, curves, warm, labelled)
    axes.axhline(R_Q_PAIR, color=style.RED, linewidth=0.7, zorder=0.6)
    style.beside(axes, R_Q_PAIR, "h/4e²", style.RED)
    ends = []
    for curve in curves:
        colour = colours[curve.field]
        _draw(axes, curve, colour)
        if warm is not None:
            _join(axes, curve, warm, colour)
        ends.append(_end(curve, colour))
    if labelled:
        style.end_labels(axes, ends, right=False, font=style.FONT - 0.5)
    count = sum(int(np.count_nonzero(_drawable(c) & ~_resolved(c))) for c in curves)
    return [f"{count} points lie below {RESOLVED:g} s.d. and are drawn as limits there"] if count else []


def _drawable(curve: RTCurve) -> Any:
    height = np.maximum(curve.resistivity, RESOLVED * curve.sd)
    return np.isfinite(curve.temperature) & np.isfinite(curve.resistivity) & (height > 0) & np.isfinite(curve.sd)


def _resolved(curve: RTCurve) -> Any:
    return curve.resistivity > RESOLVED * curve.sd


def _height(curve: RTCurve) -> Any:
    return np.where(_resolved(curve), curve.resistivity, RESOLVED * curve.sd)


def _draw(axes: Axes, curve: RTCurve, colour: Any) -> None:
    name = f"{curve.field:g} Oe"
    good, T = _drawable(curve), curve.temperature
    seen = good & _resolved(curve)
    rho, sd, flagged = curve.resistivity, curve.sd, curve.flagged
    style.points(axes, name, T[seen], rho[seen], sd[seen], colour, hollow=flagged[seen], size=2.2)
    low = good & ~_resolved(curve)
    if low.any():
        style.limits(axes, name, T[low], _height(curve)[low], colour)
    fit = curve.fit
    if fit is None:
        return
    grid = np.geomspace(fit.T_min, fit.T_max, 200)
    law = fit.predict(grid)
    shown = np.isfinite(law) & (law > 0)
    dashes: Any = "-" if fit.status == "value" else style.DASHES
    axes.plot(grid[shown], law[shown], color=style.INK, linewidth=0.6, linestyle=dashes, zorder=3, gid=f"fit:{name}")


def _join(axes: Axes, curve: RTCurve, warm: Isotherm, colour: Any) -> None:
    """Dotted from the warmest believed point to the field sweep."""
    good = np.flatnonzero(_drawable(curve) & ~curve.flagged)
    kept = ~warm.flagged & np.isfinite(warm.field + warm.resistivity)
    order = np.argsort(warm.field[kept])
    H, rho, sd = warm.field[kept][order], warm.resistivity[kept][order], warm.sd[kept][order]
    step = float(np.median(np.diff(H))) if H.size > 1 else 0.0
    if not good.size or not H.size or not H[0] - step <= curve.field <= H[-1] + step:
        return
    nearest = int(np.argmin(np.abs(H - curve.field)))
    last = good[int(np.argmax(curve.temperature[good]))]
    ends = [curve.temperature[last], warm.temperature], [_height(curve)[last], rho[nearest]]
    axes.plot(*ends, ":", color=colour, linewidth=0.7, zorder=1.8, gid=f"join:{curve.field:g} Oe")
    sweep = f"sweep {curve.field:g} Oe"
    style.points(axes, sweep, warm.temperature, rho[nearest], sd[nearest], colour, marker="s", size=2.2)


def _above(isotherms: Sequence[Isotherm], T: float) -> Isotherm | None:
    """The warmest sweep that was measured above the family's temperatures."""
    warmer = [isotherm for isotherm in isotherms if isotherm.temperature > 1.02 * T]
    return max(warmer, key=lambda isotherm: isotherm.temperature) if warmer else None


def _end(curve: RTCurve, colour: Any) -> style.End:
    good = np.flatnonzero(_drawable(curve))
    coldest = good[int(np.argmin(curve.temperature[good]))]
    return style.End(float(curve.temperature[coldest]), float(_height(curve)[coldest]), f"{curve.field:g} Oe", colour)


def _limits(axes: Axes, curves: Sequence[RTCurve], warm: Isotherm | None, labelled: bool) -> None:
    T = np.concatenate([c.temperature[_drawable(c)] for c in curves] or [np.array([0.05, 0.7])])
    rho = np.concatenate([_height(c)[_drawable(c)] for c in curves] or [np.array([1e3, 1e4])])
    highest = max(float(T.max()), warm.temperature if warm is not None else 0.0)
    room = 0.27 if labelled else 0.04
    span = max(math.log10(highest / float(T.min())), 0.05) / (1 - room - 0.04)
    low = math.log10(float(T.min())) - room * span
    style.log_axis(axes.xaxis, 10**low, 10 ** (low + span))
    style.log_axis(axes.yaxis, *style.around([*rho, R_Q_PAIR], 0.05), with_prefix)
