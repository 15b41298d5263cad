"""From a run's rows to its curve, its fit, and what kind of curve it is."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from coldfinger.analysis.fits.fit import Curve, Fit, fit_best
from coldfinger.analysis.fits.model_choice import choose_model
from coldfinger.procedures.runner import RunResult
from coldfinger.procedures.station import Station
from coldfinger.runfiles.quality import DISBELIEVED
from coldfinger.runfiles.reader import read_run

FIT_TO = 0.7  # K, upper end of the default fit window


@dataclass(frozen=True)
class FamilyMember:
    """One field of a family: its run, its rows, and its fit or why there is none."""

    field_oersted: float
    run: RunResult
    frame: pd.DataFrame
    fit: Fit | None
    label: str = ""
    """What the curve is: superconductor, failed superconductor, log insulator, failed insulator, insulator."""
    no_fit: str = ""


def evaluate_member(field_oersted: float, result: RunResult, station: Station) -> FamilyMember:
    """Read a run back from its file and fit it."""
    frame = read_run(result.folder).frame
    loading = station.network.loading_conductance()
    try:
        curve = curve_of(frame)
        fit = fit_best(curve, T_max=FIT_TO, loading=loading)
        label = choose_model(curve, T_max=FIT_TO, loading=loading).label
    except ValueError as error:
        return FamilyMember(field_oersted, result, frame, None, no_fit=str(error))
    return FamilyMember(field_oersted, result, frame, fit, label)


def believed(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """True for the rows that a fit may use."""
    finite = np.isfinite(frame["rho (ohm)"]) & np.isfinite(frame["T_sample (K)"])
    return np.asarray(finite & ((frame["flags"].astype(int) & int(DISBELIEVED)) == 0))


def curve_of(frame: pd.DataFrame) -> Curve:
    """The believed rows of a run as a curve with its uncertainties."""
    rows = frame[believed(frame)]
    return Curve(
        rows["T_sample (K)"].to_numpy(),
        rows["rho (ohm)"].to_numpy(),
        rows["rho_sd (ohm)"].to_numpy(),
        rows["T_sample_sd (K)"].to_numpy(),
    )


def curve_in_phase_only(frame: pd.DataFrame, station: Station) -> Curve:
    """The same rows as one would get who reads X alone and knows neither lines nor loading.

    For comparison only: at large resistances this shows a saturation that the instrument made.
    """
    kept = frame[np.isfinite(frame["T_sample (K)"]) & (frame["X (V)"] > 0)]
    per_volt = station.network.series_resistance / station.network.squares / kept["V_source (V)"].to_numpy()
    return Curve(
        kept["T_sample (K)"].to_numpy(),
        kept["X (V)"].to_numpy() * per_volt,
        np.hypot(kept["X_sd (V)"].to_numpy() * per_volt, 1e-6),
        kept["T_sample_sd (K)"].to_numpy(),
    )


def digits(value: float, sd: float) -> str:
    """Value +- s.d. with two digits of the s.d."""
    if not (math.isfinite(value) and math.isfinite(sd) and sd > 0):
        return f"{value:.4g}"
    places = max(0, 1 - math.floor(math.log10(sd)))
    return f"{value:.{places}f} ± {sd:.{places}f}"
