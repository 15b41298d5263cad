"""What fits at several fields say together: points to draw by how far to believe them, laws and crossing in words."""

import math
from dataclasses import dataclass

import numpy as np

from coldfinger.analysis.across.family_across import Across
from coldfinger.analysis.across.field_laws import FieldPoints
from coldfinger.analysis.fits.fit_result import Array
from coldfinger.gui.pages.number_text import with_sd


@dataclass(frozen=True)
class PlacedPoints:
    """One parameter as it is drawn: values to lean on, weak ones, and limits; (n, 3) of field, value and s.d."""

    good: Array
    weak: Array
    limits: Array
    downward: bool
    """Whether the truth lies below the limits."""


def placed(points: FieldPoints, inverse: bool = False) -> PlacedPoints:
    """Sort the points by how far they may be believed; with `inverse` their reciprocals."""
    value, sd = points.value, points.sd
    upper = points.upper95
    with np.errstate(divide="ignore", invalid="ignore"):
        if inverse:
            value, sd, upper = 1 / value, sd / value**2, 1 / upper
    doubted = np.array([bool(doubt) for doubt in points.doubts], dtype=bool)
    resolved, limited = points.resolved, points.limited
    column = np.column_stack([points.field, value, sd])
    limits = np.column_stack([points.field, upper, np.zeros(len(upper))])
    return PlacedPoints(column[resolved & ~doubted], column[resolved & doubted], limits[limited], not inverse)


def across_words(across: Across) -> list[str]:
    """Power laws and crossing as sentences, with why there is none."""
    lines = []
    for name, law in across.laws.items():
        symbol = {"rho_QF": "ρ_QF", "sigma_QF": "σ_QF"}.get(name, name)
        remarks = "; ".join(law.remarks)
        exponent = with_sd(law.exponent, law.exponent_sd, "")
        lines.append(
            f"{symbol} ∝ H^p, p = {exponent}, {law.H_min:g}–{law.H_max:g} Oe" + (f" [{remarks}]" if remarks else "")
        )
    for name, text, unit in (("H_star", "H*", "Oe"), ("R_star", "R*", "ohm"), ("R_Q_ratio", "R*/(h/4e²)", "")):
        number = across.numbers.get(name)
        if number is not None:
            shown = _plain_sd(number.value, number.sd)
            doubt = f" [{number.doubt}]" if number.doubt else ""
            lines.append(f"{text} = {shown} {unit.replace('ohm', 'Ω/□')}".rstrip() + doubt)
    wanted = ("H_star",) if across.laws else ("H_star", "rho_QF", "sigma_QF")  # a family has one law or the other
    lines += [f"no {name}: {why}" for name, why in across.absent.items() if name in wanted]
    return lines


def _plain_sd(value: float, sd: float) -> str:
    is_usual = 1e-3 < abs(value) < 1e6 or not math.isfinite(sd)
    return with_sd(value, sd, "") if is_usual else f"{value:.5g} ± {sd:.2g}"
