"""Thermometer curves in a bridge: from a file into it under a number, and from it into a file.

The bridge draws straight lines of T over log R between at most 200 points. A file with few points is therefore not sent
as it stands: each interval is divided further along the spline of the calibration, the file's own points among them,
and how far the bridge's lines are still off that spline is computed and said. The serial number of the stored curve is
the beginning of the calibration's hash: which version the bridge follows can be read from the bridge itself.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coldfinger.instruments.calibration import Calibration
from coldfinger.instruments.errors import CommandError
from coldfinger.instruments.lakeshore_words import (
    MOST_POINTS,
    Coefficient,
    CurveFormat,
    CurveHeader,
    StoredCurves,
)

VERSION_DIGITS = 10  # of the hash, what the serial number of a stored curve has room for
NAME_LETTERS = 15
_BETWEEN = 20  # temperatures between two points at which line and spline are compared
Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Uploaded:
    """What a bridge keeps now: `replaced` is the header that stood there before (None: no points), `worst` the largest
    distance of its straight lines from the calibration, relative, at `worst_at` (K)."""

    number: int
    header: CurveHeader
    points: int
    replaced: CurveHeader | None
    worst: float
    worst_at: float
    channel: str | None


def curve_bridge(station: Any, name: str | None = None) -> StoredCurves:
    """The instrument of a station that keeps curves: that of this name, or the one in the role bridge.

    Raises ValueError for one that keeps none.
    """
    name = name or str(station.file.sections["roles"]["bridge"])
    keepers = [title for title, part in station.instruments.items() if isinstance(part, StoredCurves)]
    if name not in keepers:
        raise ValueError(
            f"{station.file.source}: {name!r} is no instrument that takes curves; this station has "
            f"{', '.join(keepers) or 'none'}"
        )
    bridge: StoredCurves = station.instruments[name]
    return bridge


def header_for(curve: Calibration) -> CurveHeader:
    """The header of a stored curve: name of the sensor, hash, log ohm, its highest temperature and sign."""
    name = re.sub(r'[^ -~]|[",;]', "-", curve.name).strip()[:NAME_LETTERS].strip()
    falls = curve.resistances[0] > curve.resistances[-1]
    sign = Coefficient.NEGATIVE if falls else Coefficient.POSITIVE
    return CurveHeader(name, curve.hash[:VERSION_DIGITS], CurveFormat.LOG_OHM, curve.T_max, sign)


def points_for(curve: Calibration) -> Points:
    """At most 200 points (log10 ohm, K) with rising resistance, those of the curve among them if they are no more."""
    own = np.array(curve.temperatures)
    if len(own) > MOST_POINTS:
        kelvin = np.geomspace(curve.T_min, curve.T_max, MOST_POINTS)
    else:
        pieces = (MOST_POINTS - 1) // (len(own) - 1)
        steps = np.arange(len(own) - 1)[:, None] + np.arange(pieces) / pieces
        kelvin = np.exp(np.interp(np.append(steps.ravel(), len(own) - 1), np.arange(len(own)), np.log(own)))
    kelvin = np.clip(kelvin, curve.T_min, curve.T_max)
    points = [(float(np.log10(curve.resistance(float(t)))), float(t)) for t in kelvin]
    return sorted(points)


def worst_of(curve: Calibration, points: Points) -> tuple[float, float]:
    """Largest relative distance of straight lines between the points from the curve, and where (K)."""
    units, kelvin = np.array(points).T
    ends = np.arange(len(units))
    between = np.interp(np.linspace(0, len(units) - 1, (len(units) - 1) * _BETWEEN + 1), ends, units)
    ohms = np.clip(10.0**between, curve.R_min, curve.R_max)
    true = np.asarray(curve.temperature_or_nan(ohms))
    off = np.abs(np.interp(np.log10(ohms), units, kelvin) / true - 1.0)
    place = int(np.argmax(off))
    return float(off[place]), float(true[place])


def upload(bridge: StoredCurves, curve: Calibration, number: int, channel: str | None = None) -> Uploaded:
    """Store a calibration under a number, read it back, and let an input follow it if one is named.

    Raises ValueError for what does not fit and CommandError where it would change what an input believes while it is
    used: a curve that is followed already, the control input while the heater is on. Nothing is sent then.
    """
    header, points = header_for(curve), points_for(curve)
    if channel is not None:
        _check_heater(bridge, channel)
    if followers := bridge.followers(number):
        raise CommandError(
            f"{bridge.who}: curve {number} is followed by input {', '.join(followers)} and was not replaced; store "
            "this one under another number, so that the old version stays"
        )
    replaced = bridge.curve_header(number) if bridge.curve_points(number) else None
    bridge.store_curve(number, header, points)
    if channel is not None:
        bridge.follow_curve(channel, number)
    return Uploaded(number, bridge.curve_header(number), len(points), replaced, *worst_of(curve, points), channel)


def _check_heater(bridge: Any, channel: str) -> None:
    bridge.followed_curve(channel)  # refuses what is no input
    if channel == bridge.control_input and bridge.controller.heater_range > 0:
        raise CommandError(
            f"{bridge.who}: input {channel} controls a heater that is on, and nothing was sent; switch the heater off "
            "before its curve is changed"
        )


def stored_text(bridge: StoredCurves, number: int) -> str:
    """A stored curve as the text of a .340 file. Raises ValueError for a number without points, or with splines."""
    header, points = bridge.curve_header(number), bridge.curve_points(number)
    if not points:
        raise ValueError(f"{bridge.who}: curve {number} has no points")
    if header.format is CurveFormat.CUBIC:
        raise ValueError(f"{bridge.who}: curve {number} is one of splines, which a .340 file has no place for")
    unit = "Log Ohms/Kelvin" if header.format is CurveFormat.LOG_OHM else "Ohms/Kelvin"
    lines = [
        f"Sensor Model:   {header.name}",
        f"Serial Number:  {header.serial}",
        f"Data Format:    {header.format:d}      ({unit})",
        f"SetPoint Limit: {header.limit:g}      (Kelvin)",
        f"Temperature coefficient:  {header.coefficient:d} ({header.coefficient.name.capitalize()})",
        f"Number of Breakpoints:   {len(points)}",
        "",
        "No.   Units      Temperature (K)",
        "",
    ]
    lines += [f"{place:3d}  {units:.6g}  {kelvin:.6g}" for place, (units, kelvin) in enumerate(points, 1)]
    return "\n".join(lines) + "\n"


def write_stored(bridge: StoredCurves, number: int, path: Path) -> None:
    """Write a stored curve into a new .340 file. Raises ValueError for another ending or a file that is there."""
    if path.suffix.lower() != ".340":
        raise ValueError(f"{path}: must end in .340")
    if path.exists():
        raise ValueError(f"{path}: is there already; give another name, or remove it yourself")
    path.write_text(stored_text(bridge, number), encoding="utf-8")
