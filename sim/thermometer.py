"""RuO2 resistors and the bridge inputs that measure them.

R = 519 ohm exp(1.349 (T/K)^-1/4). The sensor is warmer than what it sits on: the heat of the excitation and a
little stray radio-frequency power leave it through a thermal resistance that falls as 1/T^3, so that
T_sensor^4 = T^4 + 4 R_th(T_0) T_0^3 P.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from coldfinger.sim.noise import WhiteNoise

RESISTANCE_RANGES = tuple(m * 10.0**e for e in range(-3, 8) for m in (2.0, 6.32))
"""Full scales (ohm) of the bridge, half-decades from 2 milliohm to 63.2 megaohm."""

SETTLING = 3.0  # s after a change of range or excitation before a reading is right
_UP, _DOWN, _OVER = 1.0, 0.2, 1.2  # autorange up, autorange down, end of the over-range, in full scales


@dataclass(frozen=True)
class Sensor:
    """A RuO2 chip resistor; assumed defaults."""

    r0: float = 519.0  # ohm
    slope: float = 1.349  # K^1/4
    thermal_resistance: float = 4e9  # K/W at 20 mK
    stray_power: float = 0.02e-12  # W

    def resistance(self, temperature: float) -> float:
        """Resistance (ohm) at a sensor temperature (K)."""
        return self.r0 * math.exp(self.slope * temperature**-0.25)

    def temperature(self, resistance: float) -> float:
        """Sensor temperature (K) of a resistance (ohm); zero where the law has no temperature."""
        return (self.slope / math.log(resistance / self.r0)) ** 4 if resistance > self.r0 else 0.0

    def heated(self, temperature: float, power: float) -> float:
        """Sensor temperature (K) on a mount at `temperature` (K) with `power` (W) in it."""
        return math.sqrt(math.sqrt(temperature**4 + 4.0 * self.thermal_resistance * 0.02**3 * power))


class _Kept(NamedTuple):
    """What an input shows of its last turn: ohm, ohm, W, reading status."""

    resistance: float
    quadrature: float
    power: float
    status: int


_NEVER_MEASURED = _Kept(0.0, 0.0, 0.0, 0)  # what a channel shows before its first turn; believed


class ResistanceInput:
    """One input of a resistance bridge with the sensor on it; plain attributes belong to the front panel.

    A scanner may leave the input and join it again: in between it is not excited, and it keeps what it read last.
    """

    def __init__(self, sensor: Sensor, noise: WhiteNoise, tick: float, noise_density: float, step: float = 1.0) -> None:
        self.sensor = sensor
        self.mode = "voltage"
        self.excitation = 20e-6  # V, or A in current mode
        self.range = 20e3  # ohm at full scale
        self.autorange = True
        self.shunted = False
        self.filter_on = False
        self.filter_settle = 5.0  # s
        self.filter_window = 10.0  # % of the full scale
        self.curve: Callable[[float], float] | None = None
        self.mount: Callable[[float], float] = lambda time: 0.0  # temperature (K) of what the sensor sits on
        self.forced: float | None = None  # ohm, in place of the sensor: a broken lead, a sensor that has changed
        self.frozen: float | None = None  # ohm, the reading that is given for ever
        self.range_stuck = False
        self.connected = True  # False: the scanner is at another channel
        self.limit = 0.0  # K by the curve; zero is no limit
        self.over_limit: Callable[[], None] = lambda: None  # what the bridge does above it
        self._noise = noise
        self._tick = tick
        self._density = noise_density
        self._step = step
        self._setting: tuple[object, ...] = self._electrical_setting()
        self._changed = -math.inf
        self._filtered: float | None = None
        self._filter_since = -math.inf  # s
        self._time = 0.0
        self._kept = _NEVER_MEASURED
        self._fresh_from = -math.inf  # s, until then the kept reading is given

    def measuring(self, time: float) -> bool:
        """Whether the reading is one of this moment, and not kept from the last turn."""
        return self.connected and time >= self._fresh_from

    def leave(self, time: float) -> None:
        """The scanner goes to another channel: no excitation, and the reading stays what it is."""
        self._keep(time)
        self.connected = False

    def join(self, time: float, pause: float) -> None:
        """The scanner comes back; the first reading of this turn is given after `pause` (s)."""
        self.connected = True
        self._setting = self._electrical_setting()
        self._restart(time, pause)

    def disturb(self, time: float, pause: float) -> None:
        """Something that the measurement needs is changed: for `pause` (s) the reading stays what it is."""
        if self.connected:
            self._keep(time)
            self._restart(time, pause)

    def _keep(self, time: float) -> None:
        if self.measuring(time):
            self._kept = _Kept(self.resistance(time), self.quadrature(time), self.power(), self.status(time))

    def _restart(self, time: float, pause: float) -> None:
        self._time = self._changed = time
        self._fresh_from = time + pause
        self._filtered = None

    def current(self) -> float:
        """Excitation current (A rms); in voltage mode excitation over full scale, as in the instrument."""
        if self.shunted or not self.connected:
            return 0.0
        return self.excitation / self.range if self.mode == "voltage" else self.excitation

    def power(self, time: float | None = None) -> float:
        """Heat (W) of the excitation in the sensor at the last tick; at `time` (s) it may be that of the last turn."""
        if not self.measuring(self._time if time is None else time):
            return self._kept.power
        return self.current() ** 2 * self.true_resistance(self._time)

    def true_resistance(self, time: float) -> float:
        """Resistance (ohm) of the sensor, heated by its excitation."""
        if self.forced is not None:
            return self.forced
        mount, sensor = self.mount(time), self.sensor
        cool = sensor.resistance(mount)
        warm = sensor.heated(mount, self.current() ** 2 * cool + sensor.stray_power)
        power = self.current() ** 2 * sensor.resistance(warm)
        return sensor.resistance(sensor.heated(mount, power + sensor.stray_power))

    def resistance(self, time: float) -> float:
        """Measured resistance (ohm)."""
        if self.frozen is not None:
            return self.frozen
        if not self.measuring(time):
            return self._kept.resistance
        if self.filter_on and self._filtered is not None:
            return self._filtered
        return self._unfiltered(time)

    def quadrature(self, time: float) -> float:
        """Quadrature part of the measured resistance (ohm): noise only, the sensor has no reactance here."""
        if not self.measuring(time):
            return self._kept.quadrature
        return self._error(int(time / self._tick) + 1_000_003)

    def kelvin(self, time: float) -> float:
        """Temperature (K) by the curve in the instrument, zero without one."""
        return self.curve(self.resistance(time)) if self.curve is not None else 0.0

    def status(self, time: float) -> int:
        """Reading status: 1 current source, 16 and 32 resistance over and under, 64 and 128 temperature."""
        if not self.measuring(time):
            return self._kept.status
        if self.shunted:
            return 1
        resistance = self.resistance(time)
        if resistance > _OVER * self.range:
            return 16
        if resistance <= 0.0:
            return 32
        if self.curve is not None and self.curve(resistance) <= 0.0:
            return 64
        return 0

    def settled(self, time: float) -> bool:
        """True when range, excitation and channel have been left alone for long enough."""
        return self._electrical_setting() == self._setting and time - self._changed >= SETTLING

    def filter_settling(self, time: float) -> bool:
        """Whether the filter has begun anew less than its settle time ago."""
        return self.filter_on and time - self._filter_since < self.filter_settle

    def step(self, time: float) -> None:
        """Advance by one step to `time`: autorange and filter."""
        if not self.connected:
            return
        self._time = time
        setting = self._electrical_setting()
        if setting != self._setting:
            self._setting, self._changed = setting, time
        if self.autorange and not self.range_stuck and not self.shunted and self.settled(time):
            self._autorange(time)
        if self.filter_on and self.measuring(time):
            self._filter(time)
        else:
            self._filtered = None

    def _electrical_setting(self) -> tuple[object, ...]:
        return self.mode, self.excitation, self.range, self.shunted

    def _error(self, tick: int) -> float:
        current = self.current()
        if current == 0.0 or self._density == 0.0:
            return 0.0
        return self._density * math.sqrt(0.5 / self._tick) / current * self._noise.at(tick)

    def _unfiltered(self, time: float) -> float:
        if self.shunted:
            return 0.0
        resistance = self.true_resistance(time)
        since = time - self._changed if self._electrical_setting() == self._setting else 0.0
        if since < 10.0 * SETTLING:
            resistance *= 1.0 + 0.05 * math.exp(-5.0 * since / SETTLING)
        return resistance + self._error(int(time / self._tick))

    def _autorange(self, time: float) -> None:
        resistance = self.sensor.resistance(self.mount(time)) if self.forced is None else self.forced
        if _DOWN * self.range <= resistance <= _UP * self.range:
            return
        index = RESISTANCE_RANGES.index(min(RESISTANCE_RANGES, key=lambda r: abs(r - self.range)))
        index += 1 if resistance > self.range else -1
        self.range = RESISTANCE_RANGES[min(max(index, 0), len(RESISTANCE_RANGES) - 1)]
        self._setting, self._changed = self._electrical_setting(), time

    def _filter(self, time: float) -> None:
        # Settles to 1 % in the time that the instrument calls the filter's settle time.
        reading = self._unfiltered(time)
        if self._filtered is None or abs(reading - self._filtered) > 0.01 * self.filter_window * self.range:
            self._filtered, self._filter_since = reading, time
        else:
            weight = -math.expm1(-self._step * math.log(100.0) / self.filter_settle)
            self._filtered += weight * (reading - self._filtered)
