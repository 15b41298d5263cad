"""All figures by the paper's names, with what each needs."""

from collections.abc import Callable
from dataclasses import dataclass

from coldfinger.analysis.paper import families, grains, magnetoresistance, parameters, phase, slopes
from coldfinger.analysis.paper.data import PaperData
from coldfinger.analysis.paper.drawing import Drawing

_RT = "R(T) families (RTFamily, TemperatureRamp, AdaptiveRamp) of"
_SWEEP = "a FieldSweep above 0.7 K is joined by dotted lines"


@dataclass(frozen=True)
class PaperFigure:
    """One figure: its name in the paper, what it shows, what must have been measured, how it is drawn."""

    name: str
    shows: str
    needs: str
    draw: Callable[[PaperData], Drawing]


_ALL = (
    PaperFigure("1", "regimes of all films against field, boundaries, coldest ρ", f"{_RT} S0, S1, S2", phase.phases),
    PaperFigure("2", "micrograph and grain sizes", "a micrograph (PNG, TIFF)", grains.morphology),
    PaperFigure("3", "ρ(T) in varying field of S0, S1, S2", f"{_RT} S0, S1, S2; {_SWEEP}", families.families),
    PaperFigure("3a", "ρ(T) in varying field of S0", f"{_RT} S0; {_SWEEP}", families.family_of(0)),
    PaperFigure("3b", "ρ(T) in varying field of S1", f"{_RT} S1; {_SWEEP}", families.family_of(1)),
    PaperFigure("3c", "ρ(T) in varying field of S2", f"{_RT} S2; {_SWEEP}", families.family_of(2)),
    PaperFigure("4", "4a above 4b", f"{_RT} S0 and S1", parameters.both),
    PaperFigure("4a", "σ_QF, E_a and curvature zeros of S0 against field", f"{_RT} S0", parameters.insulating),
    PaperFigure("4b", "1/ρ_QF, σ_QF, power laws, crossing and E_a of S1", f"{_RT} S1", parameters.crossing),
    PaperFigure("S1", "micrograph, grains in white, grains by label", "a micrograph (PNG, TIFF)", grains.clustering),
    PaperFigure(
        "S2",
        "low-field magnetoresistance and its spectrum",
        "LowFieldMagnetoresistance with at least two pairs",
        magnetoresistance.fluctuations,
    ),
    PaperFigure("S3", "dV/dI against bias by regime", "DifferentialResistance at several fields", slopes.regimes),
    PaperFigure("S3-waterfall", "dV/dI set off by field", "DifferentialResistance at several fields", slopes.waterfall),
    PaperFigure("S3-map", "dV/dI over bias and field", "DifferentialResistance at several fields", slopes.over_field),
)
FIGURES: dict[str, PaperFigure] = {figure.name: figure for figure in _ALL}


def figure_named(name: str) -> PaperFigure:
    """The figure of that name, in small or capital letters; raises ValueError for another."""
    found = {key.lower(): figure for key, figure in FIGURES.items()}.get(name.lower())
    if found is None:
        raise ValueError(f"figure {name!r} is not known; choose one of {', '.join(FIGURES)}")
    return found


def draw_figure(name: str, data: PaperData) -> Drawing:
    """Draw the figure of that name; raises ValueError for another."""
    return figure_named(name).draw(data)
