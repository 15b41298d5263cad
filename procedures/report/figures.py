"""The figures of a report: ρ(T) of every film, what its fits give against field, and those of the paper that have data.

They show the fits of the report's tables, not fits of their own.
"""

import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes

from coldfinger.analysis.across.family_fit import FieldFit
from coldfinger.analysis.across.field_laws import FieldPoints, field_points
from coldfinger.analysis.dataset import BELIEVED, CURVE_COLUMNS
from coldfinger.analysis.paper import style
from coldfinger.analysis.paper.data import Film, PaperData, RTCurve
from coldfinger.analysis.paper.drawing import Drawing
from coldfinger.analysis.paper.families import draw_family
from coldfinger.analysis.paper.registry import draw_figure, figure_named
from coldfinger.analysis.paper.runs import from_dataset
from coldfinger.procedures.report.content import Report

_SALT = "coldfinger"  # names inside an SVG: the same data give the same bytes
_PICTURES = ("2", "S1")


@dataclass(frozen=True, eq=False)
class ReportFigure:
    """One figure of a report."""

    name: str
    """Also the name of its file."""
    shows: str
    drawing: Drawing
    command: str
    """What draws it again; empty where only the report does."""

    @property
    def picture(self) -> bool:
        """Whether it holds a photograph, which a dark page must not invert."""
        return self.name.removeprefix("figure-") in _PICTURES


def report_figures(report: Report) -> tuple[ReportFigure, ...]:
    """All figures for which there are data, in the paper's order after those of the single films."""
    data = films_of(report)
    made: list[ReportFigure] = []
    for film in data.films:
        if film.curves:
            made.append(_family(film, data))
        if film.fits and film.name not in ("S0", "S1"):
            made.append(_parameters(film, data))
    made += [_of_paper(name, data) for name in _with_data(data)]
    return tuple(_named_apart(made))


def svg(drawing: Drawing) -> bytes:
    """The figure as a vector picture; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": _SALT, "svg.fonttype": "path"}):
        drawing.figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def films_of(report: Report) -> PaperData:
    """The report's data as the paper's figures take them, with its own fits."""
    swept = from_dataset(replace(report.dataset, families=()), report.settings.sd_field)
    films = {film.name: film for film in swept.films}
    for family in report.families:
        name = family.family.name
        film = films.get(name, Film(name))
        curves = tuple(_curve(member) for member in family.fields)
        films[name] = replace(film, curves=(*film.curves, *curves))
    ordered = tuple(film for _, film in sorted(films.items()))
    return PaperData(ordered, report.micrograph, report.simulated, swept.left_out, report.settings.sd_field)


def _curve(member: FieldFit) -> RTCurve:
    frame = member.table.frame
    T, sd_T, rho, sd = (frame[label].to_numpy(dtype=float) for label in CURVE_COLUMNS)
    flagged = ~frame[BELIEVED].to_numpy(dtype=bool)
    return RTCurve(float(f"{member.field:.9g}"), T, rho, sd, flagged, sd_T, member.table.loading, member.fit)


def _with_data(data: PaperData) -> list[str]:
    """Names of the paper's figures that these data fill."""
    fits = {film.name for film in data.films if film.fits}
    chosen = ["1"] if fits else []
    chosen += ["2", "S1"] if data.micrograph is not None else []
    chosen += [name for name, film in (("4a", "S0"), ("4b", "S1")) if film in fits]
    chosen += ["S2"] if any(film.magnetoresistance for film in data.films) else []
    slopes = [len(film.slopes) for film in data.films if film.slopes]
    chosen += ["S3"] if slopes else []
    chosen += ["S3-waterfall", "S3-map"] if max(slopes, default=0) > 1 else []
    return chosen


def _of_paper(name: str, data: PaperData) -> ReportFigure:
    command = f"coldfinger figure {name} RUNS" + (f' --sd-field "{data.sd_field:g} Oe"' if data.sd_field else "")
    return ReportFigure(f"figure-{name}", figure_named(name).shows, draw_figure(name, data), command)


def _family(film: Film, data: PaperData) -> ReportFigure:
    figure = style.new_figure(4.4, 3.9)
    axes = style.box(figure, 0.55, 0.4, 3.35, 3.15)
    said = draw_family(axes, film.curves, film.isotherms)
    style.head(figure, f"{film.name}: ρ(T) in varying field", data.simulated)
    shows = f"{film.name}: ρ(T) with the fits; hollow points are not believed, dashed fits resolve no saturation"
    return ReportFigure(_file_name("family", film), shows, Drawing(figure, {}, (*film.unfitted, *said)), "")


def _parameters(film: Film, data: PaperData) -> ReportFigure:
    """1/ρ_QF, σ_QF and the energies of a film against field."""
    figure = style.new_figure(6.6, 2.9)
    left, right = style.box(figure, 0.65, 0.42, 2.4, 2.05), style.box(figure, 3.75, 0.42, 2.4, 2.05)
    rho, sigma = (field_points(film.fits, name, sd_field=data.sd_field) for name in ("rho_QF", "sigma_QF"))
    style.dress(left, "H (Oe)", "saturated conductance (S)")
    inverse = replace(rho, value=1 / rho.value, sd=rho.sd / rho.value**2)
    for name, points, colour, marker in (("1/ρ_QF", inverse, style.GREEN, "s"), ("σ_QF", sigma, style.BLUE, "D")):
        _points(left, name, points, colour, marker)
    weak, small = rho.limited, sigma.limited
    style.limits(left, "1/ρ_QF", rho.field[weak], 1 / rho.upper95[weak], style.GREEN, upper=False)
    style.limits(left, "σ_QF", sigma.field[small], sigma.upper95[small], style.BLUE)
    shown = np.concatenate([inverse.value, 1 / rho.upper95, sigma.value, sigma.upper95])
    left.set_yscale("log", nonpositive="clip")
    style.log_axis(left.yaxis, *style.around(shown), style.powers)
    style.dress(right, "H (Oe)", "activation temperature (K)")
    _points(right, "E_aS", field_points(film.fits, "E_aS"), style.GREEN, "v")
    _points(right, "E_aI", field_points(film.fits, "E_aI"), style.BLUE, "^")
    right.set_ylim(bottom=0)
    style.tag(left, "1/ρ_QF squares, σ_QF diamonds, carets are limits")
    style.tag(right, "E_aS triangles down, E_aI triangles up")
    style.head(figure, f"{film.name}: what the fits give against field", data.simulated)
    shows = f"{film.name}: saturated conductance and activation temperature against field"
    return ReportFigure(_file_name("parameters", film), shows, Drawing(figure), "")


def _points(axes: Axes, name: str, points: FieldPoints, colour: Any, marker: str) -> None:
    known = points.resolved
    style.points(axes, name, points.field[known], points.value[known], points.sd[known], colour, marker=marker, size=3)


def _named_apart(figures: list[ReportFigure]) -> list[ReportFigure]:
    """Films whose names differ in signs that a file name lacks get numbers."""
    taken: dict[str, int] = {}
    apart = []
    for figure in figures:
        count = taken[figure.name] = taken.get(figure.name, 0) + 1
        apart.append(figure if count == 1 else replace(figure, name=f"{figure.name}-{count}"))
    return apart


def _file_name(what: str, film: Film) -> str:
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in film.name)
    return f"{what}-{plain}"
