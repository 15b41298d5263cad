"""One measured point: read everything for a while, average, and derive resistance and temperature from it.

The lock-in's poles delay what they show by n tau. Lock-in and thermometer are read side by side, and the average
of the lock-in is taken that much later than the average of the thermometer: both then belong to the same stretch
of a moving temperature.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

from coldfinger.analysis.network import Inversion
from coldfinger.instruments.errors import LinkError
from coldfinger.instruments.roles import BridgeStatus, LockInStatus
from coldfinger.procedures.current.excitation import Excitation, averaged_noise
from coldfinger.procedures.reach.settling import next_look
from coldfinger.procedures.rows.spread import spread
from coldfinger.procedures.rows.standing import LEFT_OVER, STANDS, left_over, longest_stand
from coldfinger.procedures.station import Station
from coldfinger.runfiles.quality import Quality

POLES = 4  # 24 dB/oct
_LONGEST_INTERVAL = 0.5  # s between two readings
_NO_DELAY = 0.1  # s, a delay that no temperature ramp notices
_SCATTER = 6.0  # times the expected noise: more than that is not noise
GRADIENT = 0.10  # largest relative difference between sample and mixing chamber
GRADIENT_OF = ("mixing chamber", "sample", "smaller")
"""What the difference between sample and mixing chamber is relative to; "smaller" is the stricter of the two."""
PHASE = 45.0  # degrees


@dataclass(frozen=True)
class Raw:
    """What the instruments said for one point; nothing derived but means and spreads."""

    time: float  # s, station clock, middle of the thermometer's stretch
    x: float  # V rms
    y: float
    x_spread: float  # s.d. of the single readings
    y_spread: float
    readings: int
    interval: float  # s between two readings
    sensor: float  # ohm
    sensor_spread: float
    sensor_readings: int
    sensor_power: float  # W
    mixing_chamber: float  # K
    field: float  # T, as the supply says
    heater: float  # % of its range
    lockin_status: LockInStatus
    bridge_status: BridgeStatus
    holding: bool
    sensor_stand: float = 0.0  # s, longest time for which the thermometer's reading did not move at all
    sensor_left_over: float = 0.0  # ohm, see `standing.left_over`


@dataclass(frozen=True)
class Point:
    """A point with its derived numbers; nan where there is none to be believed."""

    raw: Raw
    temperature: float  # K
    temperature_sd: float
    inversion: Inversion
    x_sd: float  # V
    y_sd: float
    resistivity_sd: float  # ohm/sq
    flags: Quality

    @property
    def resistivity(self) -> float:
        return self.inversion.resistivity


def reading_grid(delay: float) -> tuple[float, int]:
    """Seconds between two readings, and how many of them the lock-in's delay (s) is: always a whole number."""
    if delay < _NO_DELAY:
        return _LONGEST_INTERVAL, 0
    behind = math.ceil(delay / _LONGEST_INTERVAL - 1e-9)
    return delay / behind, behind


def read_point(station: Station, excitation: Excitation, window: float, keep_pace: Callable[[], None]) -> Raw:
    """Read for `window` seconds plus the filter's delay; `keep_pace` is called between the readings.

    Raises LinkError when a link was in doubt meanwhile or an instrument does not prove its identity afterwards:
    nothing of the point counts then.
    """
    interval, behind = reading_grid(POLES * excitation.time_constant)
    count = max(2, round(window / interval))
    xs: list[float] = []
    ys: list[float] = []
    looks: list[float] = []
    ohms: list[float] = []
    kelvins: list[float] = []
    bridge_status = BridgeStatus(0)
    doubts = station.doubts
    station.lockin.status  # noqa: B018  reading clears what was latched before the point
    clock = station.clock
    start = clock.time()
    for i in range(count + behind):
        next_look(clock, start, interval, i)
        if i >= behind:
            x, y = station.lockin.xy
            xs.append(x)
            ys.append(y)
        if i < count:
            looks.append(clock.time())
            reading = station.bridge.reading
            ohms.append(reading.resistance)
            bridge_status |= reading.status
            kelvins.append(station.controller.temperature)
        keep_pace()
    raw = Raw(
        time=start + 0.5 * interval * (count - 1),
        x=fmean(xs),
        y=fmean(ys),
        x_spread=spread(xs),
        y_spread=spread(ys),
        readings=count,
        interval=interval,
        sensor=fmean(ohms),
        sensor_spread=spread(ohms),
        sensor_readings=count,
        sensor_power=station.bridge.excitation_power,
        mixing_chamber=fmean(kelvins),
        field=station.magnet.field,
        heater=station.controller.heater_output,
        lockin_status=station.lockin.status,
        bridge_status=bridge_status,
        holding=station.magnet_holding(),
        sensor_stand=longest_stand(looks, ohms),
        sensor_left_over=left_over(ohms),
    )
    station.confirm()
    if station.doubts != doubts:
        raise LinkError("a link was in doubt while the point was read, so it does not count")
    return raw


def gradient(sample: float, mixing_chamber: float, of: str = GRADIENT_OF[0]) -> float:
    """Relative difference between two temperatures (K), by what it is taken of (one of GRADIENT_OF)."""
    denominators = {"mixing chamber": mixing_chamber, "sample": sample, "smaller": min(sample, mixing_chamber)}
    return abs(sample - mixing_chamber) / denominators[of]


def evaluate(
    raw: Raw, station: Station, excitation: Excitation, voltage: float, gradient_of: str = GRADIENT_OF[0]
) -> Point:
    """Resistivity by undoing lines and loading, temperature by the calibration, and why not to believe them."""
    impedance = math.hypot(raw.x, raw.y) / excitation.current
    noise = station.input_noise.density(excitation.frequency, impedance)
    sd = noise * averaged_noise(excitation.time_constant, POLES, raw.interval, raw.readings)
    inversion = station.network.invert(raw.x, raw.y, voltage, excitation.frequency, noise=sd)
    temperature, temperature_sd = _temperature(raw, station)
    flags = _flags(raw, temperature, inversion, gradient_of)
    sensor_sd = _single_sensor_sd(raw, station)
    if raw.sensor_left_over > LEFT_OVER * sensor_sd:
        flags |= Quality.STALE_THERMOMETER
    if raw.sensor_spread > _SCATTER * sensor_sd + 0.1 * raw.sensor:
        flags |= Quality.SCATTER
    return Point(raw, temperature, temperature_sd, inversion, sd, sd, inversion.resistivity_sd(sd, sd), flags)


def _single_sensor_sd(raw: Raw, station: Station) -> float:
    """Expected s.d. (ohm) of one bridge reading at the excitation in use."""
    if not raw.sensor_power > 0 or not raw.sensor > 0:
        return math.inf
    current = math.sqrt(raw.sensor_power / raw.sensor)
    return station.bridge_noise / math.sqrt(2.0 * station.bridge_reading_time) / current


def _temperature(raw: Raw, station: Station) -> tuple[float, float]:
    temperature = float(station.calibration.temperature_or_nan(raw.sensor))
    if math.isnan(temperature):
        return math.nan, math.nan
    sd = _single_sensor_sd(raw, station) / math.sqrt(raw.sensor_readings)
    return temperature, float(station.calibration.sd_temperature(raw.sensor, sd))


def _flags(raw: Raw, temperature: float, inversion: Inversion, gradient_of: str) -> Quality:
    flags = Quality(0)
    overload = LockInStatus.INPUT_OVERLOAD | LockInStatus.FILTER_OVERLOAD | LockInStatus.OUTPUT_OVERLOAD
    if raw.lockin_status & overload:
        flags |= Quality.OVERLOAD
    if raw.lockin_status & LockInStatus.REFERENCE_UNLOCKED:
        flags |= Quality.UNLOCKED
    if raw.bridge_status:
        flags |= Quality.THERMOMETER_INVALID
    if (raw.sensor_readings > 3 and raw.sensor_spread == 0.0) or raw.sensor_stand >= STANDS:
        flags |= Quality.STALE_THERMOMETER
    if math.isnan(temperature):
        flags |= Quality.OUTSIDE_CALIBRATION
    elif gradient(temperature, raw.mixing_chamber, gradient_of) > GRADIENT:
        flags |= Quality.GRADIENT
    if not inversion.valid:
        flags |= Quality.PHASE
    elif inversion.reason:
        flags |= Quality.FIXED_CAPACITANCE
    if not raw.holding:
        flags |= Quality.FIELD_OFF_TARGET
    return flags
