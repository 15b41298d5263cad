"""Fig. 4: what the fits give against field, with the family they come from beside them.

a) S0: σ_QF on the left axis; E_a/k_B and the zeros of d²ρ/dT² (light red) on the right one.
b) S1: 1/ρ_QF (squares) and σ_QF (diamonds) on the left axis with their power laws and where they cross; E_a/k_B on the
right one. The inset of the paper stands beside each panel, where it can hide no point.
"""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from coldfinger.analysis.across.crossover import Crossing, EnergyDrop, energy_drop, field_crossing
from coldfinger.analysis.across.curvature import CurvatureZero, curvature_zero_of_fit
from coldfinger.analysis.across.field_laws import FieldPoints, Fits, family_table, field_points
from coldfinger.analysis.across.power_law import PowerLaw
from coldfinger.analysis.fluctuations import number
from coldfinger.analysis.laws import R_Q_PAIR
from coldfinger.analysis.paper import style
from coldfinger.analysis.paper.data import Film, PaperData
from coldfinger.analysis.paper.drawing import Drawing
from coldfinger.analysis.paper.families import draw_family, missing

SIGMA, RHO, ENERGY = r"$\sigma_{QF}$", r"$\rho_{QF}^{-1}$", r"$E_a/k_B$"
ENERGY_AXIS = r"activation temperature $E_a/k_B$ (K)"
MAIN, INSET, HEIGHT = 2.9, 1.95, 2.35  # inches
LEFT, GAP, BOTTOM, TOP = 0.55, 1.05, 0.38, 0.5


def both(data: PaperData) -> Drawing:
    """Fig. 4 a) and b), one above the other."""
    return _figure(data, "ab", "what Eq. 1 and Eq. 2 give against field")


def insulating(data: PaperData) -> Drawing:
    """Fig. 4 a)."""
    return _figure(data, "a", "S0: parameters of Eq. 1 against field")


def crossing(data: PaperData) -> Drawing:
    """Fig. 4 b)."""
    return _figure(data, "b", "S1: parameters of Eq. 1 and Eq. 2 against field")


def _figure(data: PaperData, parts: str, title: str) -> Drawing:
    step = HEIGHT + BOTTOM + 0.3
    width, height = LEFT + MAIN + GAP + INSET + 0.42, BOTTOM + len(parts) * step - step + HEIGHT + TOP
    figure = style.new_figure(width, height)
    numbers: dict[str, Any] = {}
    said: list[str] = []
    for i, part in enumerate(parts):
        bottom = BOTTOM + (len(parts) - 1 - i) * step
        axes = style.box(figure, LEFT, bottom, MAIN, HEIGHT)
        inset = style.box(figure, LEFT + MAIN + GAP, bottom, INSET, HEIGHT)
        name = {"a": "S0", "b": "S1"}[part]
        film = data.film(name)
        if film is None or not film.fits:
            style.say_missing(axes, missing(name))
            inset.set_axis_off()
            said += [missing(name), *(film.unfitted if film is not None else ())]
            continue
        style.tag(axes, f"{part})  {name}" if len(parts) > 1 else name)
        panel = _insulating if part == "a" else _crossing
        numbers[name], words = panel(axes, film, data.sd_field)
        words = [*words, *draw_family(inset, film.curves)]
        style.tag(inset, "inset: ρ(T) with the fits")
        said += [*words, *film.unfitted]
    style.head(figure, title, data.simulated)
    return Drawing(figure, numbers, (*said, *data.left_out))


def _insulating(axes: Axes, film: Film, sd_field: float) -> tuple[dict[str, Any], list[str]]:
    fits = film.fits
    sigma, energy = field_points(fits, "sigma_QF", sd_field=sd_field), field_points(fits, "E_aI")
    zeros = [(field, curvature_zero_of_fit(fit)) for field, fit in fits if fit.law == "eq1"]
    right = _axes(axes, SIGMA + " (S)", fits, logarithmic=False)
    _conductance(axes, SIGMA, sigma, style.BLUE, "o")
    _left_scale(axes, [sigma.value, sigma.upper95])
    top = _energies(right, [("E_aI", energy, "^")])
    known = [(H, zero) for H, zero in zeros if math.isfinite(zero.T) and math.isfinite(zero.sd)]
    H, T, sd = (
        (np.array(column) for column in zip(*((H, z.T, z.sd) for H, z in known), strict=True))
        if known
        else [np.empty(0)] * 3
    )
    hollow = np.array([bool(zero.doubt) for _, zero in known], dtype=bool)
    style.points(right, "curvature zero", H, T, sd, style.LIGHT_RED, hollow=hollow, marker="s")
    right.set_ylim(0, 1.25 * max([top, *T]))
    _name(axes, right, [(SIGMA, sigma, style.BLUE, axes), (ENERGY, energy, style.RED, right)], [])
    if H.size:
        style.free_label(right, (float(H[-1]), float(T[-1])), r"$d^2\rho/dT^2=0$", style.LIGHT_RED, _boxes(axes, right))
    words = [f"{film.name} at {H:g} Oe: {zero.doubt}" for H, zero in zeros if zero.doubt]
    table = {"fits": family_table(fits), "curvature_zeros": [{"field_Oe": H} | _zero(zero) for H, zero in zeros]}
    return table, [*_doubts(film, sigma), *words]


def _crossing(axes: Axes, film: Film, sd_field: float) -> tuple[dict[str, Any], list[str]]:
    fits = film.fits
    rho, sigma = field_points(fits, "rho_QF", sd_field=sd_field), field_points(fits, "sigma_QF", sd_field=sd_field)
    E_S, E_I = field_points(fits, "E_aS"), field_points(fits, "E_aI")
    right = _axes(axes, f"{RHO} or {SIGMA} (S)", fits, logarithmic=True)
    _resistance(axes, RHO, rho, style.GREEN)
    _conductance(axes, SIGMA, sigma, style.BLUE, "D")
    positive = rho.field > 0
    _left_scale(axes, [1 / rho.value[positive], 1 / rho.upper95[positive], sigma.value, sigma.upper95, 1 / R_Q_PAIR])
    right.set_ylim(0, 1.25 * _energies(right, [("E_aS", E_S, "v"), ("E_aI", E_I, "^")]))
    table: dict[str, Any] = {"fits": family_table(fits)}
    words = [*_doubts(film, rho), *_doubts(film, sigma), *_zero_field(film, rho)]
    taken: list[Bbox] = []
    try:
        found = field_crossing(fits, sd_field=sd_field)
    except ValueError as error:
        words.append(f"{film.name}: no crossing: {error}")
    else:
        _laws(axes, found, fits)
        table |= _laws_json(found)
        words += [f"{film.name}: {said}" for law in (found.superconducting, found.insulating) for said in law.remarks]
        try:
            table["E_a_drop"] = number(_drop(E_S, E_I, found).factor)
        except ValueError as error:
            words.append(f"{film.name}: {error}")
        _name_laws(axes, found, taken)
    named = [(RHO, rho, style.GREEN, axes), (SIGMA, sigma, style.BLUE, axes)]
    _name(axes, right, [*named, (ENERGY, E_S, style.RED, right), (ENERGY, E_I, style.RED, right)], taken)
    return table, words


def _axes(axes: Axes, label: str, fits: Fits, *, logarithmic: bool) -> Axes:
    """Field along x, a base on the left; returns the twin for energies."""
    style.dress(axes, "H (Oe)", label)
    fields = [field for field, _ in fits]
    right = axes.twinx()
    style.dress(right, "", ENERGY_AXIS, style.RED)
    right.set_zorder(axes.get_zorder() - 1)
    axes.patch.set_visible(False)
    if logarithmic:
        axes.set_xscale("log")
        style.log_axis(axes.xaxis, *style.around(fields, 0.08))
    else:
        margin = 0.05 * max(fields[-1], 1.0)
        axes.set_xlim(-margin, fields[-1] + margin)
    return right


def _left_scale(axes: Axes, values: list[Any]) -> None:
    axes.set_yscale("log", nonpositive="clip")
    style.log_axis(axes.yaxis, *style.around(np.concatenate([np.atleast_1d(v) for v in values]), 0.12), style.powers)


def _conductance(axes: Axes, name: str, found: FieldPoints, colour: str, marker: str) -> None:
    """σ_QF with its errors, limits as carets that point down."""
    some = found.resolved & (found.field >= axes.get_xlim()[0])
    doubtful = np.array([bool(doubt) for doubt in found.doubts], dtype=bool)
    style.points(
        axes, name, found.field[some], found.value[some], found.sd[some], colour, hollow=doubtful[some], marker=marker
    )
    _field_bars(axes, found, some, found.value, colour)
    limited = found.limited
    if limited.any():
        style.limits(axes, name, found.field[limited], found.upper95[limited], colour)


def _resistance(axes: Axes, name: str, found: FieldPoints, colour: str) -> None:
    """1/ρ_QF with its errors, limits of ρ_QF as carets that point up; zero field has no place on a logarithm."""
    some = found.resolved & (found.field > 0)
    doubtful = np.array([bool(doubt) for doubt in found.doubts], dtype=bool)
    value, sd = 1 / found.value[some], found.sd[some] / found.value[some] ** 2
    style.points(axes, name, found.field[some], value, sd, colour, hollow=doubtful[some], marker="s")
    _field_bars(axes, found, some, 1 / found.value, colour)
    limited = found.limited & (found.field > 0)
    if limited.any():
        style.limits(axes, name, found.field[limited], 1 / found.upper95[limited], colour, upper=False)


def _field_bars(axes: Axes, found: FieldPoints, some: Any, height: Any, colour: str) -> None:
    """The uncertainty of the field, where one is given."""
    if np.any(found.sd_field[some] > 0):
        x, y, sd = found.field[some], height[some], found.sd_field[some]
        axes.errorbar(x, y, xerr=sd, fmt="none", ecolor=colour, elinewidth=0.6, gid="bars")


def _energies(axes: Axes, series: list[tuple[str, FieldPoints, str]]) -> float:
    """Energies with their errors; returns the highest."""
    top = 0.1
    for name, found, marker in series:
        some = found.resolved & (found.field >= axes.get_xlim()[0])
        doubtful = np.array([bool(doubt) for doubt in found.doubts], dtype=bool)
        value, sd = found.value[some], found.sd[some]
        style.points(axes, name, found.field[some], value, sd, style.RED, hollow=doubtful[some], marker=marker)
        if value.size:
            top = max(top, float(np.max(value + np.minimum(sd, 0.3 * value))))
    return top


def _laws(axes: Axes, found: Crossing, fits: Fits) -> None:
    """Power laws over their range, thin beyond it to the crossing, which has its two errors."""
    H, R = found.H_star, found.R_star
    sides: list[tuple[PowerLaw, bool, Any, tuple[float, float]]] = [
        (found.superconducting, True, ":", (found.superconducting.H_min, H.value)),
        (found.insulating, False, "--", (H.value, found.insulating.H_max)),
    ]
    for law, inverse, dashes, (low, high) in sides:
        grid = np.geomspace(min(low, high), max(low, high), 60)
        value, sd = law.predict(grid)
        ends = [value - 1.96 * sd, value, value + 1.96 * sd]
        below, line, above = (1 / end for end in ends) if inverse else ends
        colour = style.GREEN if inverse else style.BLUE
        axes.plot(grid, line, linestyle=dashes, color=colour, linewidth=style.LINE, zorder=1.8, gid=f"law:{law.name}")
        axes.fill_between(grid, below, above, color=colour, alpha=0.2, linewidth=0, zorder=1.5)
    style.points(axes, "crossing", H.value, 1 / R.value, R.sd / R.value**2, style.INK, hollow=bool(H.doubt), marker="*")
    axes.errorbar([H.value], [1 / R.value], xerr=[H.sd], fmt="none", ecolor=style.INK, elinewidth=0.6, gid="bars")


def _name_laws(axes: Axes, found: Crossing, taken: list[Bbox]) -> None:
    """Exponents beside their lines, H* and R* beside the crossing."""
    H, R = found.H_star, found.R_star
    for law, inverse, colour in ((found.superconducting, True, style.GREEN), (found.insulating, False, style.BLUE)):
        middle = math.sqrt(law.H_min * law.H_max)
        at = float(law.predict(middle)[0])
        p = -law.exponent if inverse else law.exponent
        style.free_label(
            axes,
            (middle, 1 / at if inverse else at),
            rf"$\propto H^{{\,{style.with_sd(p, law.exponent_sd)}}}$",
            colour,
            taken,
        )
    text = f"H* = {style.with_sd(H.value, H.sd)} Oe\nR* = {style.with_sd(R.value / 1e3, R.sd / 1e3)} kΩ/□"
    style.free_label(axes, (H.value, 1 / R.value), text, style.INK, taken)


def _name(axes: Axes, right: Axes, series: list[tuple[str, FieldPoints, str, Axes]], taken: list[Bbox]) -> None:
    """Every series by name at its end, the outer end on either side of a crossing."""
    taken += _boxes(axes, right)
    for name, found, colour, where in series:
        some = np.flatnonzero(found.resolved & (found.field > axes.get_xlim()[0]))
        if not some.size:
            continue
        falling_side = name == SIGMA or found.name == "E_aI"
        end = some[-1] if falling_side else some[0]
        value = 1 / found.value[end] if name == RHO else found.value[end]
        style.free_label(where, (float(found.field[end]), float(value)), name, colour, taken)


def _boxes(*several: Axes) -> list[Bbox]:
    """Boxes of the labels that these axes have."""
    labels = [text for axes in several for text in axes.texts if text.get_gid() == "label"]
    return [text.get_window_extent().padded(2) for text in labels]


def _drop(E_S: FieldPoints, E_I: FieldPoints, found: Crossing) -> EnergyDrop:
    return energy_drop(E_S, E_I, found.H_star)


def _laws_json(found: Crossing) -> dict[str, Any]:
    def law_json(law: PowerLaw) -> dict[str, Any]:
        return {"value": law.exponent, "sd": law.exponent_sd, "H_min_Oe": law.H_min, "H_max_Oe": law.H_max}

    return {
        "exponent_rho_QF": law_json(found.superconducting),
        "exponent_sigma_QF": law_json(found.insulating),
        "H_star_Oe": number(found.H_star),
        "R_star_ohm": number(found.R_star),
        "R_star_over_R_Q": number(found.R_Q_ratio),
    }


def _zero(zero: CurvatureZero) -> dict[str, Any]:
    def known(value: float) -> float | None:
        return value if math.isfinite(value) else None

    return {"T_K": known(zero.T), "sd_K": known(zero.sd), "high95_K": known(zero.high95), "doubt": zero.doubt}


def _doubts(film: Film, found: FieldPoints) -> list[str]:
    pairs = zip(found.field, found.doubts, strict=True)
    return [f"{film.name} at {field:g} Oe: {doubt}" for field, doubt in pairs if doubt]


def _zero_field(film: Film, found: FieldPoints) -> list[str]:
    has_zero = bool(np.any(found.field == 0))
    return [f"{film.name} at 0 Oe: not drawn, a logarithmic axis has no zero"] if has_zero else []
