"""The columns of every row, and the row of a measured point."""

from typing import Any

from coldfinger.procedures.current.excite import ExcitationKeeper
from coldfinger.procedures.rows.point import Point
from coldfinger.procedures.station import Station
from coldfinger.procedures.words.quantity import OERSTED
from coldfinger.runfiles.quality import Quality

COLUMNS = [
    "time (s)",
    "T_set (K)",
    "T_mc (K)",
    "T_sample (K)",
    "T_sample_sd (K)",
    "R_sensor (ohm)",
    "P_sensor (W)",
    "H_set (Oe)",
    "H (Oe)",
    "H_supply (Oe)",
    "I (A)",
    "f (Hz)",
    "V_source (V)",
    "X (V)",
    "Y (V)",
    "X_sd (V)",
    "Y_sd (V)",
    "R (ohm)",
    "rho (ohm)",
    "rho_sd (ohm)",
    "C_line (F)",
    "phase (deg)",
    "sensitivity (V)",
    "time_constant (s)",
    "heater (percent)",
    "heater_range (A)",
    "readings",
    "flags",
]
"""Columns of every row; R is between the voltage taps, rho per square, both with lines and loading undone."""


def row_of(
    point: Point,
    station: Station,
    keeper: ExcitationKeeper,
    time: float,
    field: float,
    set_point: float,
    heater_range: float,
    flags: Quality,
    source: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """The row of a point taken `time` (s) after the beginning, at a set field (T) and set temperature (K).

    `heater_range` in A; `source` is current (A) and voltage (V) where they have been read already.
    """
    raw, present = point.raw, keeper.present
    current, voltage = source or (keeper.current, keeper.voltage)
    return {
        "time (s)": time,
        "T_set (K)": set_point,
        "T_mc (K)": raw.mixing_chamber,
        "T_sample (K)": point.temperature,
        "T_sample_sd (K)": point.temperature_sd,
        "R_sensor (ohm)": raw.sensor,
        "P_sensor (W)": raw.sensor_power,
        "H_set (Oe)": field / OERSTED,
        "H (Oe)": station.sample_field(raw.field) / OERSTED,
        "H_supply (Oe)": raw.field / OERSTED,
        "I (A)": current,
        "f (Hz)": present.frequency,
        "V_source (V)": voltage,
        "X (V)": raw.x,
        "Y (V)": raw.y,
        "X_sd (V)": point.x_sd,
        "Y_sd (V)": point.y_sd,
        "R (ohm)": point.resistivity * station.network.squares,
        "rho (ohm)": point.resistivity,
        "rho_sd (ohm)": point.resistivity_sd,
        "C_line (F)": point.inversion.line_capacitance,
        "phase (deg)": point.inversion.phase_degrees,
        "sensitivity (V)": keeper.sensitivity,
        "time_constant (s)": present.time_constant,
        "heater (percent)": raw.heater,
        "heater_range (A)": heater_range,
        "readings": raw.readings,
        "flags": int(flags),
    }
