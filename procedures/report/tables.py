"""The tables of a report: text in cells, so that page and tests see the same."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from coldfinger.analysis.across.family_fit import FamilyFit, FieldFit
from coldfinger.analysis.fits.fit_result import PARAMETER_NAMES, Estimate
from coldfinger.procedures.family import digits
from coldfinger.procedures.report.content import REMARKS, Report, RunNote, flag_counts, systematic_rows

SYMBOLS = {
    "rho_QF": "ρ_QF",
    "sigma_QF": "σ_QF",
    "rho_0": "ρ_0",
    "sigma_0": "σ_0",
    "E_aI": "E_aI",
    "E_aS": "E_aS",
    "H_star": "H*",
    "R_star": "R*",
    "R_Q_ratio": "R* / (h/4e²)",
    "E_a_drop": "drop of E_a across H*",
    "peak_field": "field of the highest E_aI",
    "peak_energy": "highest E_aI",
}
LAWS = {"eq1": "Eq. 1", "eq2": "Eq. 2"}
OTHER_LAWS = {
    "arrhenius": "Arrhenius",
    "efros_shklovskii": "Efros-Shklovskii",
    "mott_2d": "Mott, 2D",
    "log_resistivity": "ρ linear in ln T",
    "log_conductivity": "1/ρ linear in ln T",
}
UNITS = {
    "sigma_QF": (1e6, "µS"),
    "sigma_0": (1e6, "µS"),
    "rho_QF": (1e-3, "kΩ"),
    "rho_0": (1e-3, "kΩ"),
    "E_aI": (1e3, "mK"),
    "E_aS": (1e3, "mK"),
}
CLAIMS = {
    "seen": "a finite resistance at T → 0 is claimed: χ² rises by more than 9 without it",
    "weak": "χ² rises by 2.7 to 9 without it: value and limit",
    "limit": "not seen, or below what loading or heating can make: an upper limit (95 %)",
    "other law": "a law without saturation has the better BIC",
    "superconductor": "no resistance at the coldest points",
    "disbelieved": "a belief test failed; no saturation is claimed",
    "no fit": "the remarks say why",
}
NONE = "–"


@dataclass(frozen=True)
class TextTable:
    """Rows of text; `numbers` are the columns that line up at the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()


def fits_table(family: FamilyFit) -> TextTable:
    """One row a field: base with s.d. or limit, its interval and systematic error, prefactor, energy, claim."""
    head = ("H (Oe)", "law", "base", "95 %", "syst.", "prefactor", "E_a (mK)", "claim", "curve is", "χ²/ν", "rows")
    return TextTable(head, tuple(_fit_row(member) for member in family.fields), frozenset((0, 2, 3, 4, 5, 6, 9, 10)))


def across_table(family: FamilyFit) -> TextTable:
    """Exponents, crossing, drop, peak: value ± s.d., 95 % interval, what it rests on, doubts."""
    rows = []
    for name, law in family.across.laws.items():
        low, high = law.exponent95
        rests = f"{law.values} values and {law.limits} limits, {law.H_min:g} to {law.H_max:g} Oe"
        doubt = "; ".join(law.remarks)
        value = digits(law.exponent, law.exponent_sd)
        rows.append((f"exponent of {SYMBOLS[name]}(H)", value, "", _range(low, high, law.exponent_sd), rests, doubt))
    for name, number in family.across.numbers.items():
        low, high = number.interval95
        interval = _range(low, high, number.sd)
        cells = (SYMBOLS[name], digits(number.value, number.sd), number.unit.replace("ohm/square", "Ω/□"), interval)
        rows.append((*cells, "", number.doubt))
    head = ("quantity", "value", "unit", "95 %", "from", "doubts and remarks")
    return TextTable(head, tuple(rows), frozenset((1, 3)))


def systematics_table(family: FamilyFit) -> TextTable:
    """What each source moves each parameter by, all of them together, and the statistical s.d. beside it."""
    found = systematic_rows([family])
    sources = list(dict.fromkeys(row["source"] for row in found))
    rows = []
    for member in family.fields:
        for name in member.systematics:
            scale, unit = UNITS[name]
            own = [row for row in found if (row["field_Oe"], row["parameter"]) == (member.field, name)]
            sizes = {row["source"]: f"{row['systematic'] * scale:.2g}" for row in own}
            sd = own[0]["sd"] * scale
            cells = (f"{member.field:g}", SYMBOLS[name], unit, *(sizes.get(source, NONE) for source in sources))
            together = f"{member.systematic(name) * scale:.2g}"
            rows.append((*cells, together, f"{sd:.2g}" if math.isfinite(sd) else NONE))
    head = ("H (Oe)", "parameter", "unit", *sources, "together", "statistical s.d.")
    return TextTable(head, tuple(rows), frozenset((0, *range(3, len(head)))))


def laws_table(family: FamilyFit) -> TextTable:
    """BIC of all competing laws less that of the best one: 0 is the best, beyond 6 a law is unlikely."""
    names = list(dict.fromkeys(name for member in family.fields for name in member.bic))
    rows = []
    for member in family.fields:
        known = [value for value in member.bic.values() if math.isfinite(value)]
        if known:
            best = min(known)
            cells = (member.bic.get(name, math.nan) - best for name in names)
            rows.append((f"{member.field:g}", *(f"{cell:.1f}" if math.isfinite(cell) else NONE for cell in cells)))
    head = ("H (Oe)", *((LAWS | OTHER_LAWS).get(name, name) for name in names))
    return TextTable(head, tuple(rows), frozenset(range(len(head))))


def checks_table(family: FamilyFit) -> TextTable:
    """Every belief test that speaks for a curve: field, test, outcome, sentence."""
    rows = [
        (f"{member.field:g}", check.name, check.outcome, check.sentence)
        for member in family.fields
        for check in member.table.checks
    ]
    return TextTable(("H (Oe)", "test", "outcome", "sentence"), tuple(rows), frozenset((0,)))


def runs_table(report: Report) -> TextTable:
    """Every run and table that was read."""
    rows = []
    for run in report.runs:
        made = "simulated" if run.simulated else "measured"
        field = f"{run.field_Oe:g}" if math.isfinite(run.field_Oe) else "swept"
        what = run.procedure or "table of others"
        film = " ".join(dict.fromkeys(name for name in (run.sample, run.stage) if name))
        cells = (run.name, what, film, run.station, made, field, run.outcome, f"{run.believed}/{run.rows}")
        rows.append((*cells, run.begun[:16].replace("T", " "), "; ".join(run.remarks)))
    head = ("run", "procedure", "film", "station", "is", "H (Oe)", "outcome", "rows", "begun (UTC)", "remarks")
    return TextTable(head, tuple(rows), frozenset((5, 7)))


def flags_table(report: Report) -> TextTable:
    """Rows by flag, and in how many runs."""
    rows = []
    for name, count in flag_counts(report.runs).items():
        runs = sum(name in run.flags for run in report.runs)
        meaning = "remark: the rows stay in the fits" if name in REMARKS else "not believed: in no fit"
        rows.append((name, str(count), str(runs), meaning))
    return TextTable(("flag", "rows", "runs", "what becomes of them"), tuple(rows), frozenset((1, 2)))


def versions_table(report: Report) -> TextTable:
    """What made the report, and what measured; several versions where runs differ."""
    measured: dict[str, list[str]] = {}
    for run in report.runs:
        for name, version in run.versions.items():
            if version not in measured.setdefault(name, []):
                measured[name].append(version)
    names = list(dict.fromkeys((*report.versions, *measured)))
    rows = ((name, report.versions.get(name, NONE), ", ".join(measured.get(name, [])) or NONE) for name in names)
    return TextTable(("package", "this report", "the runs"), tuple(rows))


def stations_table(report: Report) -> TextTable:
    """Stations with their calibrations; a hash tells whether two runs used the same curve."""
    found = dict.fromkeys(_station_row(run) for run in report.runs)
    return TextTable(("station", "is", "calibration", "its SHA-256 begins with", "seed"), tuple(found))


def _station_row(run: RunNote) -> tuple[str, ...]:
    made = "simulated" if run.simulated else "measured"
    seed = NONE if run.seed is None else str(run.seed)
    return run.station or NONE, made, run.calibration or NONE, run.calibration_hash[:12] or NONE, seed


def remarks_of(family: FamilyFit) -> list[str]:
    """What was said of all fields at once, then of each."""
    sets = [set(member.remarks) for member in family.fields]
    common = set.intersection(*sets) if len(sets) > 1 else set()
    lines = [f"all fields: {remark}" for remark in sorted(common)]
    for member in family.fields:
        own = [remark for remark in member.remarks if remark not in common]
        lines += [f"{member.field:g} Oe: {remark}" for remark in own]
    return lines


def _fit_row(member: FieldFit) -> tuple[str, ...]:
    rows = f"{len(member.table.rows)}/{len(member.table.frame)}"
    label = member.regime.label if member.regime else NONE
    fit = member.fit
    if fit is None:
        return (f"{member.field:g}", *[NONE] * 6, member.saturation, label, NONE, rows)
    base, prefactor, energy = PARAMETER_NAMES[fit.law]
    scale, unit = UNITS[base]
    low, high = member.intervals[base]
    systematic = member.systematic(base) * scale
    estimates = fit.parameters
    return (
        f"{member.field:g}",
        LAWS[fit.law],
        f"{SYMBOLS[base]} {_estimate(estimates[base], scale)} {unit}",
        _range(low * scale, high * scale, estimates[base].sd * scale),
        f"{systematic:.1g} {unit}" if math.isfinite(systematic) else NONE,
        f"{_estimate(estimates[prefactor], scale)} {unit}",
        _estimate(estimates[energy], 1e3),
        member.saturation,
        label,
        f"{fit.chi2_nu:.2f}",
        rows,
    )


def _estimate(estimate: Estimate, scale: float) -> str:
    """Value ± s.d., limit, or both; a dash where neither is believed."""
    parts: Sequence[str] = (
        [digits(estimate.value * scale, estimate.sd * scale)] if math.isfinite(estimate.value) else []
    )
    if estimate.upper95 is not None and math.isfinite(estimate.upper95):
        parts = [*parts, f"< {estimate.upper95 * scale:.2g}"]
    return " ".join(parts) or NONE


def _range(low: float, high: float, sd: float) -> str:
    """An interval with the digits that its s.d. asks for."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return NONE
    places = max(0, 1 - math.floor(math.log10(sd))) if math.isfinite(sd) and sd > 0 else None
    if places is None:
        return f"{low:.3g} to {high:.3g}"
    return f"{low:.{places}f} to {high:.{places}f}"
