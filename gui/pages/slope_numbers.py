"""What curves of dV/dI say, as numbers that know whether to believe them; work for another thread."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coldfinger.analysis.across.crossover import Quantity
from coldfinger.analysis.differential import SEEN, Differential, Shape, evaluate_slopes, slope_curve
from coldfinger.analysis.fits.fit_result import Curve
from coldfinger.gui.pages.number_text import Number, Trust, plain, with_sd
from coldfinger.gui.pages.run_curves import label_of
from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.runfiles.disk import RunFileError

COLUMNS = ("Run", "dV/dI at 0", "I_c", "Shape about 0", "dV/dI at large bias", "Believed")
MEANING = (
    "Field and temperature of the curve.",
    "dV/dI at zero bias, mean of its rows, ± one s.d.",
    "Critical current: where dV/dI rises through half of its value at large bias.",
    "Sign of the curvature about zero bias, in s.d.: + a dip (failed superconductor), − a peak (failed insulator).",
    "Mean dV/dI beyond three quarters of the largest bias.",
    "Rows that are believed, of all.",
)
APART = 4.0
"""Distance in s.d. of zero bias from the ordinary resistance, or from R(T,H), from which on one of them is wrong."""
_SHAPES: dict[Shape, str] = {
    "superconducting": "zero resistance",
    "v-shape": "dip",
    "peak": "peak",
    "flat": "flat",
    "unknown": "–",
}


@dataclass(frozen=True)
class SlopeNumbers:
    """One curve: its name, and a number for each further column; `reason` where nothing could be evaluated."""

    folder: Path
    name: str
    numbers: tuple[Number, ...] = ()
    reason: str = ""


def numbers_of_runs(runs: Sequence[RunRows], ramps: Sequence[RunRows] = ()) -> list[SlopeNumbers]:
    """Each run of dV/dI, compared at zero bias with the ramps of its field. Never raises for what a run lacks."""
    return [_of_run(rows, ramps) for rows in runs]


def _of_run(rows: RunRows, ramps: Sequence[RunRows]) -> SlopeNumbers:
    name = label_of(rows)
    try:
        curve = slope_curve(rows.as_table())
        found = evaluate_slopes(curve, [c for ramp in ramps for c in _curve(ramp, curve.field)])
    except (ValueError, KeyError, RunFileError) as error:
        return SlopeNumbers(rows.folder, name, reason=str(error).partition(": ")[2] or str(error))
    believed = curve.bias.size + curve.ordinary.size
    heated = int(curve.heated.sum())
    words = f"in {heated} of them the bias is expected to warm the electrons" if heated else ""
    count = Number("", f"{believed} of {len(rows)}", Trust.GOOD if believed == len(rows) else Trust.WEAK, words)
    said = (_zero(found), _critical(found), _shape(found), _normal(found), count)
    return SlopeNumbers(rows.folder, f"{name}, {plain(found.temperature, 'K', 3)}", said)


def _curve(ramp: RunRows, field: float) -> list[Curve]:
    """ρ(T) of a ramp at that field."""
    if not abs(ramp.field - field) <= 1e-6 * max(abs(field), 1.0):
        return []
    try:
        return [ramp.as_table().curve()]
    except (ValueError, RunFileError):
        return []


def _number(symbol: str, quantity: Quantity, unit: str) -> Number:
    if not math.isfinite(quantity.value):
        return Number(symbol, "–", Trust.NONE, quantity.doubt or f"{symbol} is not determined")
    text = with_sd(quantity.value, quantity.sd, unit)
    return Number(symbol, text, Trust.WEAK if quantity.doubt else Trust.GOOD, quantity.doubt)


def _zero(found: Differential) -> Number:
    number = _number("dV/dI at zero bias", found.zero_bias, "Ω/□")
    other, what = (found.compared, "R(T,H)") if found.compared else (found.ordinary, "the ordinary resistance")
    if number.trust is Trust.NONE or not math.isfinite(found.apart):
        return number
    said = f"{found.apart:.1f} σ from {what}, {with_sd(other.value, other.sd, 'Ω/□')}"
    return Number(number.symbol, number.text, Trust.WEAK if found.apart > APART else number.trust, said)


def _critical(found: Differential) -> Number:
    if not found.critical_limit:
        return _number("critical current", found.critical_current, "A")
    kind, _, why = found.critical_limit.partition(": ")
    if kind == "none":
        return Number("critical current", "none", Trust.GOOD, why.replace("ohm/square", "Ω/□"))
    largest = float(kind.split()[1])
    return Number("critical current", f"> {plain(largest, 'A', 3)}", Trust.LIMIT, f"only a limit: {why}")


def _shape(found: Differential) -> Number:
    curvature, word = found.curvature, _SHAPES[found.shape]
    if found.shape == "superconducting":
        return Number("shape", word, Trust.GOOD, found.regime)
    if not (math.isfinite(curvature.value) and curvature.sd > 0):
        return Number("shape", "–", Trust.NONE, curvature.doubt or "the curvature is not determined")
    sigmas, sign = abs(curvature.value) / curvature.sd, "+" if curvature.value > 0 else "−"
    if found.shape == "flat":
        words = f"no curvature is seen: {sigmas:.1f} σ, {SEEN:g} are needed"
        return Number("shape", f"{word} ({sign}{sigmas:.1f} σ)", Trust.WEAK, words)
    if found.shape == "unknown":
        return Number("shape", f"({sign}{sigmas:.1f} σ)", Trust.WEAK, found.zero_bias.doubt)
    text = with_sd(curvature.value * 1e-18, curvature.sd * 1e-18, "Ω/□ per nA²")
    return Number("shape", f"{word} ({sign}{sigmas:.1f} σ)", Trust.GOOD, f"{found.regime}; curvature {text}")


def _normal(found: Differential) -> Number:
    return _number("dV/dI at large bias", found.normal, "Ω/□")


def copy_text(found: Sequence[SlopeNumbers], badge: str = "") -> str:
    """The numbers as a table of tabs; what must not be believed says so."""
    lines = [badge] if badge else []
    lines.append("\t".join(COLUMNS))
    for one in found:
        cells = [n.text + ("" if n.trust is Trust.GOOD else f" [{n.words or 'doubtful'}]") for n in one.numbers]
        lines.append("\t".join([one.name, *(cells or [one.reason])]))
    return "\n".join(lines)
