"""Rows of X, Y and field while the field moves: short windows, and what is slow is read beside them.

A stretch is a few rows. Each row reads the field, then X and Y a few times; its field is the one between the two looks
at the instant of X and Y. Thermometers are read every half second, everything else once, and at the end of the stretch
every instrument must prove its identity: nothing of the stretch counts otherwise. A row that is late is not caught up:
the next one begins where the field is.
"""

import math
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from coldfinger.instruments.errors import LinkError
from coldfinger.instruments.roles import BridgeStatus, RampState
from coldfinger.procedures.current.excitation import Excitation
from coldfinger.procedures.reach.settling import next_look
from coldfinger.procedures.rows.point import Raw
from coldfinger.procedures.rows.spread import spread
from coldfinger.procedures.rows.standing import longest_stand
from coldfinger.procedures.station import Station

STRETCH = 2.0  # s, at least, between two proofs of identity
_THERMOMETRY = 0.5  # s between two looks at the thermometers
_MOST_READINGS = 10  # of one row
_MOST_ROWS = 64


@dataclass(frozen=True)
class Stretch:
    """Some rows of a moving field, and the instants (s) and supply fields (T) at which the field was read."""

    rows: tuple[Raw, ...]
    times: tuple[float, ...]
    fields: tuple[float, ...]
    state: RampState


def row_grid(row_time: float, time_constant: float) -> tuple[float, int]:
    """Seconds between two readings of X and Y, and how many make a row of `row_time` (s).

    Readings closer than two time constants of four poles are nearly one and the same.
    """
    count = min(max(round(row_time / max(2.0 * time_constant, 0.05)), 1), _MOST_READINGS)
    return row_time / count, count


def read_stretch(station: Station, excitation: Excitation, row_time: float) -> Stretch:
    """Read rows of `row_time` seconds for at least two seconds.

    Raises LinkError when a link was in doubt meanwhile or an instrument does not prove its identity afterwards.
    """
    clock = station.clock
    interval, count = row_grid(row_time, excitation.time_constant)
    wanted = min(max(math.ceil(STRETCH / row_time), 1), _MOST_ROWS)
    # A first word with each: what must be made clean is clean now, and what the lock-in had latched is forgotten.
    _ = station.lockin.status, station.bridge.reading, station.magnet.field
    doubts = station.doubts
    times: list[float] = []
    fields: list[float] = []
    looks: list[float] = []
    ohms: list[float] = []
    kelvins: list[float] = []
    bridge_status = BridgeStatus(0)
    signals: list[_Signal] = []

    def look_at_field() -> None:
        fields.append(station.magnet.field)
        times.append(clock.time())

    looked = -math.inf
    for _ in range(wanted):
        start = clock.time()
        look_at_field()
        signals.append(_read_signal(station, start, interval, count))
        if clock.time() - looked >= _THERMOMETRY:
            looked = clock.time()
            looks.append(looked)
            reading = station.bridge.reading
            bridge_status |= reading.status
            ohms.append(reading.resistance)
            kelvins.append(station.controller.temperature)
        clock.sleep(start + row_time - clock.time())
    look_at_field()
    state = station.magnet.state
    power, heater = station.bridge.excitation_power, station.controller.heater_output
    status = station.lockin.status
    station.confirm()
    if station.doubts != doubts:
        raise LinkError("a link was in doubt while the field was swept; this stretch does not count")
    rows = tuple(
        Raw(
            time=signal.time,
            x=fmean(signal.xs),
            y=fmean(signal.ys),
            x_spread=spread(signal.xs),
            y_spread=spread(signal.ys),
            readings=count,
            interval=interval,
            sensor=fmean(ohms),
            sensor_spread=spread(ohms),
            sensor_readings=len(ohms),
            sensor_power=power,
            mixing_chamber=fmean(kelvins),
            field=float(np.interp(signal.time, times, fields)),
            heater=heater,
            lockin_status=status,
            bridge_status=bridge_status,
            holding=True,  # the field moves on purpose
            sensor_stand=longest_stand(looks, ohms),
        )
        for signal in signals
    )
    return Stretch(rows, tuple(times), tuple(fields), state)


@dataclass(frozen=True)
class _Signal:
    """X and Y (V) of one row, and the mean instant (s) of the readings."""

    time: float
    xs: list[float]
    ys: list[float]


def _read_signal(station: Station, start: float, interval: float, count: int) -> _Signal:
    xs: list[float] = []
    ys: list[float] = []
    instants: list[float] = []
    for i in range(count):
        # In the middle of its share of the row, so that the row's mean belongs to the middle of the row.
        next_look(station.clock, start, interval, i + 0.5)
        x, y = station.lockin.xy
        instants.append(station.clock.time())
        xs.append(x)
        ys.append(y)
    return _Signal(fmean(instants), xs, ys)
