"""From the rows of a run to a curve: which columns a kind of run is looked at with, and which ones there are."""

from dataclasses import dataclass

import numpy as np

from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.gui.plots.series import Quantity, Series
from coldfinger.runfiles.quality import DISBELIEVED


@dataclass(frozen=True)
class Axis:
    """Something that can be put on an axis: its column, the column of its s.d., and what stands beside the axis."""

    key: str
    column: str
    quantity: Quantity
    sd: str = ""
    power: float = 1.0
    """-1 for 1/T."""


X_AXES = (
    Axis("T", "T_sample (K)", Quantity("T", "K")),
    Axis("1/T", "T_sample (K)", Quantity("1/T", "1/K"), power=-1.0),
    Axis("H", "H (Oe)", Quantity("H", "Oe")),
    Axis("bias", "bias (A)", Quantity("I_dc", "A")),
    Axis("time", "time (s)", Quantity("time", "s")),
)
Y_AXES = (
    Axis("ρ", "rho (ohm)", Quantity("ρ", "Ω/□"), "rho_sd (ohm)"),
    Axis("R", "R (ohm)", Quantity("R", "Ω")),
    Axis("dV/dI", "dV/dI (ohm)", Quantity("dV/dI", "Ω/□"), "rho_sd (ohm)"),
    Axis("θ", "phase (deg)", Quantity("θ", "°")),
    Axis("X", "X (V)", Quantity("X", "V"), "X_sd (V)"),
    Axis("Y", "Y (V)", Quantity("Y", "V"), "Y_sd (V)"),
    Axis("T_sample", "T_sample (K)", Quantity("T_sample", "K"), "T_sample_sd (K)"),
    Axis("T_mc", "T_mc (K)", Quantity("T_mc", "K")),
    Axis("H of the magnet", "H (Oe)", Quantity("H", "Oe")),
    Axis("excitation", "I (A)", Quantity("I", "A")),
    Axis("heater", "heater (percent)", Quantity("heater", "%")),
)
_BY_KIND = {"FieldSweep": "H", "LowFieldMagnetoresistance": "H", "DifferentialResistance": "bias"}
RT_KINDS = ("TemperatureRamp", "AdaptiveRamp")
_BEGINNING = 200  # rows of a sweep that say its temperature


def axis(axes: tuple[Axis, ...], key: str) -> Axis:
    """The axis of a key. Raises KeyError."""
    return {one.key: one for one in axes}[key]


def usual_axes(rows: RunRows) -> tuple[str, str]:
    """Keys of x and y with which this run is looked at first."""
    if "bias (A)" in rows.columns:
        return "bias", "dV/dI"
    if rows.procedure in _BY_KIND:
        return _BY_KIND[rows.procedure], "ρ"
    return ("T" if rows.procedure in RT_KINDS else "time"), "ρ"


def is_slopes(rows: RunRows) -> bool:
    return "bias (A)" in rows.columns


def is_ramp(rows: RunRows) -> bool:
    """ρ(T) at one field."""
    return rows.procedure in (*RT_KINDS, "")


def is_sweep(rows: RunRows) -> bool:
    """ρ(H) at one temperature."""
    return _BY_KIND.get(rows.procedure) == "H"


def curve_of(rows: RunRows, x: Axis, y: Axis, name: str | None = None, offset: float = 0.0) -> Series | None:
    """The curve, the run's name at its end unless `name` is given; None where the run has no such columns."""
    if x.column not in rows.columns or y.column not in rows.columns:
        return None
    along, value = rows.columns[x.column], rows.columns[y.column]
    if x.power != 1.0:
        with np.errstate(divide="ignore", invalid="ignore"):
            along = np.where(along > 0, along**x.power, np.nan)
    sd = rows.columns.get(y.sd, np.empty(0))
    place = rows.field if is_ramp(rows) or is_slopes(rows) else temperature_of(rows)
    order = place if np.isfinite(place) else None
    said = label_of(rows) if name is None else name
    flags = rows.flags if rows.flags.any() else rows.flags[:0]  # none is quicker to draw than many zeros
    return Series(said, along, value + offset if offset else value, sd, flags, order)


def label_of(rows: RunRows) -> str:
    """What stands at the end of its curve: the field, or the temperature of a sweep; else the name of its folder."""
    if is_ramp(rows) or is_slopes(rows):
        return f"{rows.field:.4g} Oe" if np.isfinite(rows.field) else rows.name
    T = temperature_of(rows) if is_sweep(rows) else np.nan
    return f"{T:.3g} K" if np.isfinite(T) else rows.name


def temperature_of(rows: RunRows) -> float:
    """K, at the beginning of a run: as asked for, else as measured; nan where no row says it."""
    for label in ("T_set (K)", "T_sample (K)"):
        there = rows.columns.get(label, np.empty(0))[:_BEGINNING]
        there = there[np.isfinite(there)]
        if len(there):
            return float(np.median(there))
    return float("nan")


def badge_of(rows: list[RunRows]) -> str:
    """ "SIMULATED" where any of the runs is."""
    return "SIMULATED" if any(one.simulated for one in rows) else ""


def doubted_rows(rows: RunRows) -> int:
    """How many rows no fit uses."""
    return int(np.count_nonzero(rows.flags & int(DISBELIEVED)))
