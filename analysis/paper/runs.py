"""From runs and tables to the data of the figures. What cannot be used is one sentence; the rest goes on.

Files are read by `reading.load` and families fitted by `family_fit`, so that a figure shows what belief tests, loading
and heating leave of a fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coldfinger.analysis.across.family_fit import FieldFit, FitSettings, fit_dataset
from coldfinger.analysis.dataset import BELIEVED, CURVE_COLUMNS, Dataset, Table
from coldfinger.analysis.differential import SlopeCurve, slope_curve
from coldfinger.analysis.fluctuations import SweepSet
from coldfinger.analysis.magnetoresistance import Sweep
from coldfinger.analysis.micrographs.micrograph import SUFFIXES, read_micrograph
from coldfinger.analysis.paper.data import T_MAX, Film, Isotherm, PaperData, RTCurve
from coldfinger.analysis.reading import load
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.quality import disbelief

_SWEEPS = ("FieldSweep", "LowFieldMagnetoresistance", "DifferentialResistance")


@dataclass
class _Found:
    """One film while its runs are sorted."""

    curves: list[RTCurve] = field(default_factory=list)
    isotherms: list[Isotherm] = field(default_factory=list)
    sweeps: list[SweepSet] = field(default_factory=list)
    slopes: list[SlopeCurve] = field(default_factory=list)


def read_paper_data(paths: Sequence[Path | str], pixel: float | None = None, sd_field: float = 0.0) -> PaperData:
    """Everything that `load` finds under `paths`, by film, and the first micrograph among them.

    `pixel` (m) is for a micrograph that does not hold its scale, `sd_field` (Oe) the uncertainty of every field.
    Raises RunFileError where nothing at all can be used.
    """
    given = [Path(path) for path in paths]
    pictures = [path for path in given if path.suffix.lower() in SUFFIXES]
    dataset = load([path for path in given if path not in pictures])
    data = from_dataset(dataset, sd_field)
    said = [refusal.sentence for refusal in dataset.refused]
    micrograph = None
    for picture in pictures:
        try:
            micrograph = micrograph or read_micrograph(picture, pixel)
        except (ValueError, OSError) as error:
            said.append(str(error))
    if not data.films and micrograph is None:
        why = f": {said[0]}" if said else "; give folders of R(T), FieldSweep, magnetoresistance or dV/dI runs"
        raise RunFileError(f"figures: there is nothing to draw{why}")
    return PaperData(data.films, micrograph, data.simulated, (*said, *data.left_out), sd_field)


def from_dataset(dataset: Dataset, sd_field: float = 0.0) -> PaperData:
    """Films from what has been loaded, in the order of their names; raises nothing for what a table lacks."""
    films: dict[str, _Found] = {}
    left_out: list[str] = []
    for family in fit_dataset(dataset, FitSettings(T_max=T_MAX, sd_field=sd_field, scan=False)):
        for member in family.fields:
            film = films.setdefault(family.family.name, _Found())
            film.curves.append(_rt_curve(member))
            left_out += _disbelieved(member.table)
            if member.saturation == "disbelieved":
                left_out.append(
                    f"{family.family.name} at {member.field:g} Oe: a belief test failed, no saturation claimed"
                )
    for table in dataset.tables:
        if table.procedure not in _SWEEPS:
            continue
        try:
            _take(films.setdefault(_name(table), _Found()), table)
        except (ValueError, KeyError, IndexError) as error:
            why = f"column {error} is missing" if isinstance(error, KeyError) else str(error)
            left_out.append(f"{table.name}: {why}")
        else:
            left_out += _disbelieved(table)
    made = [
        Film(name, tuple(f.curves), tuple(f.isotherms), tuple(f.sweeps), tuple(f.slopes))
        for name, f in sorted(films.items())
    ]
    simulated = any(table.simulated for table in dataset.tables)
    return PaperData(tuple(made), None, simulated, tuple(left_out), sd_field)


def _name(table: Table) -> str:
    """As families are named: sample and stage, once where they are the same."""
    names = dict.fromkeys(name for name in (table.sample, table.stage) if name and not name.endswith(".toml"))
    return " ".join(names) or table.name


def _disbelieved(table: Table) -> list[str]:
    """How many rows are not believed, and why; empty if all are."""
    bad = ~table.frame[BELIEVED].to_numpy(dtype=bool)
    if not bad.any():
        return []
    flags = table.frame["flags"][bad].fillna(0) if "flags" in table.frame else ()
    why = disbelief(int(value) for value in flags) or "no finite number"
    return [f"{table.name}: {np.count_nonzero(bad)} of {bad.size} rows are not believed: {why}"]


def _rt_curve(member: FieldFit) -> RTCurve:
    frame = member.table.frame
    missing = pd.Series(np.full(len(frame), np.nan), index=frame.index)
    T, sd_T, rho, sd = (frame.get(label, missing).to_numpy(dtype=float) for label in CURVE_COLUMNS)
    return RTCurve(
        float(f"{member.field:.9g}"),  # a field that went through tesla is round again
        T,
        rho,
        sd,
        ~frame[BELIEVED].to_numpy(dtype=bool),
        sd_T,
        member.table.loading,
        member.fit,
    )


def _take(film: _Found, table: Table) -> None:
    frame = table.frame.reset_index(drop=True)
    good = frame[BELIEVED].to_numpy(dtype=bool)
    if not good.any():
        raise ValueError("no row is believed")
    if table.procedure == "FieldSweep":
        film.isotherms += _isotherms(frame, good)
    elif table.procedure == "LowFieldMagnetoresistance":
        film.sweeps.append(_sweep_set(frame[good]))
    else:
        film.slopes.append(slope_curve(table))


def _isotherms(frame: pd.DataFrame, good: NDArray[np.bool_]) -> list[Isotherm]:
    """One for every way between turning points: up and down are never mixed."""
    return [
        Isotherm(
            float(leg["T_sample (K)"].median()),
            leg["H_lag_corrected (Oe)"].to_numpy(),
            leg["rho (ohm)"].to_numpy(),
            leg["rho_sd (ohm)"].to_numpy(),
            ~good[leg.index],
        )
        for _, leg in frame.groupby("leg")
    ]


def _sweep_set(rows: pd.DataFrame) -> SweepSet:
    sweeps = tuple(
        Sweep.of(leg["H_lag_corrected (Oe)"], leg["rho (ohm)"], leg["rho_sd (ohm)"], float(leg["direction"].iloc[0]))
        for _, leg in rows.groupby("leg")
    )
    rates = [np.abs(np.diff(leg["H (Oe)"]) / np.diff(leg["time (s)"])) for _, leg in rows.groupby(["part", "leg"])]
    rate = float(np.median(np.concatenate(rates)))
    if not rate > 0:
        raise ValueError("the field did not move")
    return SweepSet(sweeps, rate, float(rows["time_constant (s)"].median()), float(rows["T_sample (K)"].median()))
