"""What the files of one measured item say: rows, flags, belief tests, fit, seams, and what is odd about it."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from coldfinger.analysis.fits.fit import Fit, fit_best
from coldfinger.analysis.fits.model_choice import choose_model
from coldfinger.analysis.network import Network
from coldfinger.procedures.data.entry import KINDS, believed_rows
from coldfinger.procedures.family import FIT_TO, believed, curve_of, digits
from coldfinger.procedures.summary.summary_report import CheckReport, CurveReport, FitReport, RunReport
from coldfinger.procedures.words.quantity import duration_text, show
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.parts import Parts, read_parts
from coldfinger.runfiles.quality import DISBELIEVED, Quality, names
from coldfinger.runfiles.reader import Run

_CURVE_POINTS = 120  # of a curve in the figure
_AT_BASE = 0.02  # relative distance in the set point
_DRIFT = 0.02  # relative, of the mixing chamber at rest
_DISAGREEMENT = 0.05  # relative, of sample and mixing chamber at rest
_FEWEST = 4  # rows for a word on a drift
_RANGE_CHANGES = 4  # in one run, beyond which a heater is looking for its range
_SYMBOLS = {"sigma_QF": "σ_QF", "rho_QF": "ρ_QF", "E_aI": "E_a", "E_aS": "E_a"}


def report_run(name: str, folders: Sequence[Path]) -> RunReport:
    """Read the parts of a run, the oldest first; parts that cannot be read or joined are said to be odd."""
    folder_names = tuple(folder.name for folder in folders)
    try:
        parts = read_parts(folders)
    except RunFileError as error:
        return RunReport(name, folder_names, "", outcome="damaged", odd=(str(error),))
    frame = parts.frame
    procedure = str(parts.header.get("procedure") or "").rpartition(".")[2]
    kind = KINDS.get(procedure, "")
    field = _field_of(frame) if kind == "RT" else None
    fit, curve = (_fit(name, field, parts), _curve(name, field, frame)) if kind == "RT" else (None, None)
    return RunReport(
        name,
        folder_names,
        kind or procedure,
        rows=len(frame),
        believed=int(believed_rows(frame).sum()),
        outcome=parts.outcome,
        reason=parts.reason,
        flags=_flags(frame),
        checks=_checks(name, parts),
        fit=fit,
        curve=curve,
        seams=tuple(_seams(name, parts)),
        odd=tuple(f"{name}: {sentence}" for sentence in _odd(parts)),
    )


def _flags(frame: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    """Rows by flag, those that are not believed first."""
    if "flags" not in frame:
        return ()
    values = np.nan_to_num(frame["flags"].to_numpy()).astype(int)
    counts = Counter(name for value in values for name in names(int(value)))
    serious = set(names(int(DISBELIEVED)))
    return tuple(sorted(counts.items(), key=lambda pair: (pair[0] not in serious, -pair[1], pair[0])))


def _checks(name: str, parts: Parts) -> tuple[CheckReport, ...]:
    """The last verdict of each test: as it was marked, so that a killed run has them, too."""
    found = [mark.data for mark in parts.marks if mark.kind == "check"]
    if not found:
        found = [verdict for run in parts.runs for verdict in (run.end.get("data") or {}).get("checks", [])]
    latest = {str(verdict.get("name")): verdict for verdict in found if isinstance(verdict, dict)}
    return tuple(
        CheckReport(name, test, str(verdict.get("outcome")), str(verdict.get("sentence")))
        for test, verdict in latest.items()
    )


# Fits


def _field_of(frame: pd.DataFrame) -> float | None:
    """The field (Oe) that was asked for."""
    if "H_set (Oe)" not in frame or frame.empty:
        return None
    value = float(frame["H_set (Oe)"].median())
    return value if math.isfinite(value) else None


def _fit(name: str, field: float | None, parts: Parts) -> FitReport:
    loading = _loading(parts)
    try:
        curve = curve_of(parts.frame)
        fit = fit_best(curve, T_max=FIT_TO, loading=loading)
        label = choose_model(curve, T_max=FIT_TO, loading=loading).label
    except (ValueError, KeyError) as error:
        return FitReport(name, field, no_fit=str(error))
    values = fit.to_json()
    return FitReport(
        name,
        field,
        label=label,
        law=fit.law,
        status=fit.status,
        parameters=tuple((key, values[key]) for key in fit.parameters),
        chi2_nu=values["chi2_nu"],
        points=fit.n,
        text=fit_text(fit),
    )


def _loading(parts: Parts) -> float:
    """Sheet conductance (S square) that the lock-in's input added; 0 where the run does not know its wiring."""
    try:
        return Network(**parts.header["network"]).loading_conductance()
    except (KeyError, TypeError, ValueError):
        return 0.0


def fit_text(fit: Fit) -> str:
    """Parameters with their s.d., limits marked as such, and the quality of the fit."""
    insulator = fit.law == "eq1"
    base, energy = ("sigma_QF", "E_aI") if insulator else ("rho_QF", "E_aS")
    scale, unit = (1e6, "µS") if insulator else (1e-3, "kΩ")
    said = []
    estimate = fit.parameters[base]
    if fit.status != "limit":
        said.append(f"{_SYMBOLS[base]} = {digits(estimate.value * scale, estimate.sd * scale)} {unit}")
    if estimate.upper95 is not None:
        said.append(f"{_SYMBOLS[base]} < {estimate.upper95 * scale:.2g} {unit} (95 % limit)")
    activation = fit.parameters[energy]
    if math.isfinite(activation.value):
        said.append(f"E_a = {digits(activation.value * 1e3, activation.sd * 1e3)} mK")
    widened = ", errors widened" if fit.sd_scaled else ""
    said.append(f"χ²/ν {fit.chi2_nu:.3g}{widened}")
    return ", ".join(said)


def _curve(name: str, field: float | None, frame: pd.DataFrame) -> CurveReport | None:
    try:
        rows = frame[believed(frame)].sort_values("T_sample (K)")
    except KeyError:
        return None
    rows = rows[(rows["rho (ohm)"] > 0) & (rows["T_sample (K)"] > 0)]
    if len(rows) < 2:
        return None
    picked = rows.iloc[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _CURVE_POINTS)).astype(int))]
    temperature = tuple(float(f"{value:.5g}") for value in picked["T_sample (K)"])
    return CurveReport(name, field, temperature, tuple(float(f"{value:.5g}") for value in picked["rho (ohm)"]))


# Seams


def _seams(name: str, parts: Parts) -> list[str]:
    said = []
    if len(parts.runs) > 1:
        again = f", {_rows(parts.superseded)} measured again" if parts.superseded else ""
        said.append(f"{name}: in {len(parts.runs)} parts{again}")
    for mark in parts.marks:
        if mark.kind == "continued":
            said.append(f"{name}: {mark.text}")
        elif mark.kind == "resumed":
            said.append(f"{name}: paused; resumed {mark.text}, after {_rows(mark.points)}")
    return said


def _rows(count: int) -> str:
    return f"{count} {'row' if count == 1 else 'rows'}"


# Odd things


def _odd(parts: Parts) -> list[str]:
    said = [sentence for run in parts.runs for sentence in _damage(run)]
    frame = parts.frame
    if "flags" not in frame or frame.empty:
        return said
    flags = np.nan_to_num(frame["flags"].to_numpy()).astype(int)
    if doubted := int(np.count_nonzero(flags & int(Quality.RETAKEN))):
        causes = [mark.text for mark in parts.marks if mark.kind == "retaken"]
        why = f", first: {causes[0]}" if causes else ""
        said.append(f"a link was in doubt, {_rows(doubted)} taken again{why}")
    changes = [mark.text for mark in parts.marks if mark.kind == "heater range"][1:]
    if len(changes) > _RANGE_CHANGES:
        said.append(f"the heater range changed {len(changes)} times")
    return [*said, *_unforeseen(parts.runs), *_at_base(frame)]


def _damage(run: Run) -> list[str]:
    said = []
    if run.skipped_lines and not (run.outcome == "interrupted" and len(run.skipped_lines) == 1):
        said.append(f"torn or damaged lines in {run.path.parent.name}: {len(run.skipped_lines)}")
    if run.gaps:
        missing = sum(last - first + 1 for first, last in run.gaps)
        said.append(f"{_rows(missing)} missing in {run.path.parent.name}")
    return said


def _unforeseen(runs: Sequence[Run]) -> list[str]:
    return [f"alarm, {mark.kind}: {mark.text.strip().splitlines()[-1]}" for run in runs for mark in run.alarms]


def _at_base(frame: pd.DataFrame) -> list[str]:
    """Does the mixing chamber stand still at the lowest set point, and does the sample have its temperature?"""
    needed = ("T_set (K)", "T_mc (K)", "T_sample (K)", "time (s)")
    if any(column not in frame for column in needed):
        return []
    lowest = frame["T_set (K)"].min()
    rows = frame[(frame["T_set (K)"] <= lowest * 1.0001) & np.isfinite(frame["T_mc (K)"])]
    if "part" in rows:
        rows = rows[rows["part"] == rows["part"].max()]  # times count from the start of each part
    if len(rows) < _FEWEST:
        return []
    return [*_drift(rows, float(lowest)), *_disagreement(rows)]


def _drift(rows: pd.DataFrame, lowest: float) -> list[str]:
    time, temperature = rows["time (s)"].to_numpy(), rows["T_mc (K)"].to_numpy()
    span = float(time.max() - time.min())
    spread = float(np.std(time))
    if not span > 0 or not spread > 0:
        return []
    slope, offset = np.polyfit(time - time.mean(), temperature, 1)
    residual = temperature - offset - slope * (time - time.mean())
    sd = float(np.std(residual, ddof=2)) / (spread * math.sqrt(len(rows)))
    moved = float(slope) * span
    if abs(moved) < _DRIFT * lowest or abs(slope) < 3 * sd:
        return []
    return [
        f"the mixing chamber drifted by {show(float(f'{moved:.3g}'), 'temperature')} in {duration_text(span)} "
        f"at the set point of {show(lowest, 'temperature')}"
    ]


def _disagreement(rows: pd.DataFrame) -> list[str]:
    ratio = (rows["T_sample (K)"] / rows["T_mc (K)"]).to_numpy()
    ratio = ratio[np.isfinite(ratio)]
    if ratio.size < _FEWEST or abs(middle := float(np.median(ratio)) - 1.0) < _DISAGREEMENT:
        return []
    chamber = show(float(f"{rows['T_mc (K)'].median():.4g}"), "temperature")
    way = "above" if middle > 0 else "below"
    return [f"the sample reads {100 * abs(middle):.0f} % {way} the mixing chamber at {chamber}"]
