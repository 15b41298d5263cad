"""Heat: mixing chamber, chip and the control loop between thermometer and heater.

The mixing chamber cools with a power proportional to T^2 and its heat capacity is proportional to T, so that
T^2 relaxes exponentially with one constant time: the step below is exact for a constant heater power.
The chip with sample and thermometer follows the mixing chamber with a time that grows as 1/T^2 on cooling;
its step is exact for a mixing-chamber temperature that moves linearly within the tick.
"""

import math
from dataclasses import dataclass

_COLDEST = 1e-3  # K, where a base that drifts down ends
_PLATE = 4.2  # K, where a refrigerator without circulation ends as long as its pulse tube runs


@dataclass(frozen=True)
class ThermalModel:
    """Numbers of the refrigerator; all of them assumed defaults of a mid-size dilution unit."""

    base_temperature: float = 0.010  # K, mixing chamber without any heat
    cooling_power_100mK: float = 400e-6  # W at 0.1 K
    base_drift: float = 0.0  # K/s
    mixing_chamber_time: float = 20.0  # s
    chip_time_100mK: float = 60.0  # s at 0.1 K, grows as 1/T^2

    @property
    def cooling_coefficient(self) -> float:
        """Cooling power over T^2 (W/K^2)."""
        return self.cooling_power_100mK / 0.1**2

    def chip_time(self, temperature: float) -> float:
        """Thermal time constant (s) between mixing chamber and chip at a chip temperature (K)."""
        return self.chip_time_100mK * (0.1 / temperature) ** 2


class MixingChamber:
    """Temperature (K) of the mixing chamber under heater and eddy-current power (W)."""

    def __init__(self, model: ThermalModel, tick: float) -> None:
        self.model = model
        self.temperature = model.base_temperature
        self.cooling = True  # False: nothing takes the heat away
        self.leak = 0.0  # W, beside what already determines the base temperature
        self.drift = model.base_drift  # K/s of the base temperature
        self._base = model.base_temperature**2
        self._warming = tick / (model.mixing_chamber_time * model.cooling_coefficient)
        self._cooling = model.cooling_coefficient
        self._tick = tick
        self._decay = math.exp(-tick / model.mixing_chamber_time)

    def step(self, power: float) -> None:
        if self.drift:
            self._base = max(math.sqrt(self._base) + self.drift * self._tick, _COLDEST) ** 2
        if not self.cooling:
            heat = self._base * self._cooling + self.leak + power
            warmer = self.temperature * self.temperature + heat * self._warming
            self.temperature = min(math.sqrt(warmer), max(self.temperature, _PLATE))
            return
        goal = self._base + power / self._cooling
        squared = goal + (self.temperature * self.temperature - goal) * self._decay
        self.temperature = math.sqrt(squared)

    def restore_base(self) -> None:
        """The base temperature is again what the model says."""
        self.drift, self._base = self.model.base_drift, self.model.base_temperature**2


class Chip:
    """Temperature (K) of the chip that carries sample and thermometer."""

    def __init__(self, model: ThermalModel, tick: float) -> None:
        self.temperature = model.base_temperature
        self._tick = tick
        self._scale = tick / (model.chip_time_100mK * 0.1**2)  # tick/time constant = scale * T^2

    def step(self, before: float, after: float) -> None:
        """Follow a mixing chamber that went from `before` to `after` (K) within the tick."""
        temperature = self.temperature
        x = self._scale * temperature * temperature
        caught_up = -math.expm1(-x)
        slope_part = 1.0 - caught_up / x
        self.temperature = temperature + (before - temperature) * caught_up + (after - before) * slope_part


@dataclass
class WarmUpHeater:
    """Heater that brings the mixing chamber up: a current, until a temperature if one is given."""

    current: float = 0.0  # A
    resistance: float = 50.0  # ohm
    until: float = 0.0  # K, where it switches itself off; zero: never

    def step(self, temperature: float) -> float:
        """Power (W) at a measured temperature (K)."""
        if self.current and self.until and temperature >= self.until:
            self.current = 0.0
        return self.current * self.current * self.resistance


@dataclass(frozen=True)
class Zone:
    """What a loop is set to below an upper set point (K)."""

    upper: float = 0.0
    p: float = 50.0
    i: float = 20.0  # s
    d: float = 0.0  # s
    manual_output: float = 0.0  # %
    range_current: float = 0.0  # A
    ramp_rate: float = 0.1  # K/min


class ControlLoop:
    """Closed loop of a resistance bridge's heater output.

    Current in percent of the range = P (e + integral of e dt / I + D de/dt), e = 100 (setpoint - T)/setpoint.
    The relative error makes one P serve all temperatures; the real instrument's scaling is not published, so
    this is an assumed default. Modes: 0 off, 2 open loop, 3 closed loop by zones, 5 closed loop. In mode 3 the moving
    set point chooses the zone, and the zone P, I, D, range, ramp rate and manual output.
    """

    def __init__(self, tick: float) -> None:
        self.mode = 5
        self.setpoint = 0.0  # K
        self.ramp_on = False
        self.ramp_rate = 0.0  # K/min; zero means a step
        self.p = 2.0
        self.i = 15.0  # s; zero switches the integral off
        self.d = 0.0  # s
        self.range_current = 0.0  # A at full scale; zero is off
        self.heater_resistance = 120.0  # ohm
        self.manual_output = 0.0  # %
        self.heater_open = False  # no current flows
        self.heater_stuck = False  # full current of the range flows while a range is on
        self.stuck_current = 0.0  # A, that flows whatever the range is
        self.zones: tuple[Zone, ...] = ()  # in the order of their upper set points
        self._tick = tick
        self._moving = 0.0
        self._integral = 0.0
        self._last_error: float | None = None
        self._output = 0.0

    def moving_setpoint(self, time: float) -> float:
        """Set point (K) that the loop follows now, on its way to `setpoint` while ramping."""
        return self._moving if self.ramp_on else self.setpoint

    def ramping(self, time: float) -> bool:
        return self.ramp_on and self.ramp_rate > 0 and self._moving != self.setpoint

    def output(self, time: float) -> float:
        """Heater current in percent of the range."""
        return self._output

    def step(self, temperature: float) -> float:
        """Advance by one tick on a measured temperature (K); return the heater power (W)."""
        if self.mode == 3:
            self._enter_zone()
        self._move_setpoint()
        if self.range_current == 0.0 or self.mode in (0, 1):
            self._rest()
        elif self.mode in (3, 5) and self._moving > 0.0:
            self._control(100.0 * (self._moving - temperature) / self._moving)
        else:
            self._rest()
            self._output = self.manual_output
        current = 0.01 * self._output * self.range_current
        if self.heater_open or self.heater_stuck:
            full = self.stuck_current or self.range_current
            current = 0.0 if self.heater_open else full
        return current * current * self.heater_resistance

    def _enter_zone(self) -> None:
        """Take over the numbers of the zone of the moving set point; a heater that is off stays off."""
        following = self._moving or self.setpoint
        zone = next((zone for zone in self.zones if following <= zone.upper), None)
        if zone is None:
            return
        self.p, self.i, self.d = zone.p, zone.i, zone.d
        self.ramp_rate, self.manual_output = zone.ramp_rate, zone.manual_output
        if self.range_current:
            self.range_current = zone.range_current

    def _rest(self) -> None:
        self._output = self._integral = 0.0
        self._last_error = None

    def _move_setpoint(self) -> None:
        if self._moving == self.setpoint:
            return
        if not self.ramp_on or self.ramp_rate <= 0.0:
            self._moving = self.setpoint
            return
        step = self.ramp_rate / 60.0 * self._tick
        distance = self.setpoint - self._moving
        self._moving = self.setpoint if abs(distance) <= step else self._moving + math.copysign(step, distance)

    def _control(self, error: float) -> None:
        slope = 0.0 if self._last_error is None else (error - self._last_error) / self._tick
        self._last_error = error
        wanted = self.p * (error + self._integral + self.d * slope)
        self._output = min(max(wanted, 0.0), 100.0)
        # The integral waits while the output is at its end, or it would have to be unwound again.
        if self.i > 0 and (wanted == self._output or error * (wanted - self._output) < 0):
            self._integral += error * self._tick / self.i
