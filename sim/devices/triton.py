"""Front panel of an Oxford Instruments Triton: the program on the refrigerator's own computer.

Source: the words that drivers send and take apart; grammar as in Oxford's Mercury instruments. The program listens to
one client at a time; whoever comes second is sent away.
Simulated: temperature and resistance of the mixing chamber (channel T5), its control loop with set point, PID, ramp,
heater range and closed loop on or off, the heater's power with the loop off. With the loop off and no power asked for
no current flows, whatever the range; a range is a setting of the loop.
Constant: the other stages (T1 to T4), pressures, pumps (they may be switched, without effect), status, no automation.
Not simulated: a magnet behind SYS:VRM (INVALID), channels T6 to T16 (NOT_FOUND), loops on other channels, valves.
"""

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from coldfinger.sim.devices.oxford_words import INVALID, NOT_FOUND, VALID, WordPanel, fixed, switch
from coldfinger.sim.scpi import CommandTable

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

REPLY_END = b"\r\n"  # believed; some drivers cut off a line feed only
KELVIN_DECIMALS = 4  # of a temperature
MIXING_CHAMBER = "T5"
CHANNELS = {"STIL": "T3", "MC": MIXING_CHAMBER, "COOL": "T4", "PT1": "T1", "PT2": "T2", "SORB": "NONE"}
STAGES = {"T1": 45.0, "T2": 3.9, "T3": 0.75, "T4": 0.09}  # K; assumed defaults
STAGE_RESISTANCES = {"T1": 104.2, "T2": 1163.0, "T3": 2210.0, "T4": 6580.0}  # ohm; assumed defaults
PRESSURES = {"P1": 950.0, "P2": 210.0, "P3": 0.35, "P4": 0.02, "P5": 880.0, "P6": 1e-3}  # mbar; assumed defaults
PUMPS = {"TURB1": 820.0, "COMP": 0.0, "FP": 0.0}  # Hz when running; assumed defaults
EXCITATION = 316e-12  # A, of the mixing chamber's thermometer; assumed default
RESISTANCE_RANGE = 63.2e3  # ohm, of its bridge; assumed default
FILTER = 10.0  # s, of its readings; assumed default
RANGES = (0.316, 1.0, 3.16, 10.0, 31.6, 100.0)  # mA
HIGHEST_SET_POINT = 40.0  # K; assumed default
HIGHEST_RATE = 10.0  # K/min; assumed default
HIGHEST_GAIN = 1000.0
HEATER = "H1"
_CLOSED, _OPEN, _OFF = 5, 2, 0  # modes of the control loop
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def number_in(unit: str, low: float, high: float) -> Callable[[str], float | None]:
    """A number from `low` to `high` with or without the unit; None for anything else."""

    def convert(text: str) -> float | None:
        digits = text.removesuffix(unit)
        value = float(digits) if _PLAIN.fullmatch(digits) else math.nan
        return value if low <= value <= high else None

    return convert


def heater_range(text: str) -> float | None:
    """One of the ranges (mA); None for anything else."""
    value = number_in("mA", 0.0, 1e3)(text)
    return None if value is None else next((full for full in RANGES if math.isclose(full, value, rel_tol=1e-3)), None)


def plain(value: float) -> str:
    """A setting in decimal notation, without zeros that say nothing."""
    return fixed(value, 6).rstrip("0").removesuffix(".")


class Triton(WordPanel):
    """Control program of a Triton on its socket; the loop is as the laboratory has it."""

    commands = CommandTable()
    reply_end = REPLY_END
    max_connections = 1
    identity = "IDN:OXFORD INSTRUMENTS:TRITON CONTROLLER:DR200:1.7.0"

    def __init__(self, cryostat: "Cryostat") -> None:
        thermometers = dict.fromkeys((*sorted(STAGES), MIXING_CHAMBER), "TEMP")
        gauges, pumps = dict.fromkeys(PRESSURES, "PRES"), dict.fromkeys(PUMPS, "PUMP")
        super().__init__(thermometers | gauges | pumps | {HEATER: "HTR"})
        self._cryostat = cryostat
        self.loop = cryostat.loop
        self._thermometer = thermometer = cryostat.inputs["A"]
        if thermometer.mode != "current":
            thermometer.mode, thermometer.excitation, thermometer.range = "current", EXCITATION, RESISTANCE_RANGE
            thermometer.filter_on, thermometer.filter_settle = True, FILTER
        self._range = 1e3 * self.loop.range_current or RANGES[0]  # mA
        self._running = dict.fromkeys(PUMPS, True)
        self._last: dict[str, tuple[float, float]] = {}  # K and ohm of channels that are not measured
        self.user = "NORM"

    def lose_settings(self) -> None:
        """The heater is off, there is no ramp, the set point is zero."""
        self.loop.mode, self.loop.range_current, self.loop.manual_output = _OFF, 0.0, 0.0
        self.loop.ramp_on, self.loop.ramp_rate, self.loop.setpoint = False, 0.0, 0.0
        self._range = RANGES[0]

    # Thermometers

    def _measure(self, channel: str) -> tuple[float, float]:
        """Temperature (K) and resistance (ohm)."""
        if channel in self._last:
            return self._last[channel]
        if channel in STAGES:
            return STAGES[channel], STAGE_RESISTANCES[channel]
        now = self._cryostat.now
        return self._thermometer.kelvin(now), self._thermometer.resistance(now)

    def read_temperature(self, channel: str) -> str:
        return f"{fixed(self._measure(channel)[0], KELVIN_DECIMALS)}K"

    def read_resistance(self, channel: str) -> str:
        return f"{fixed(self._measure(channel)[1], 2)}Ohm"

    def read_enabled(self, channel: str) -> str:
        return "OFF" if channel in self._last else "ON"

    def enable(self, channel: str, on: bool) -> str:
        """A channel that is not measured keeps its last reading."""
        if on:
            self._last.pop(channel, None)
        else:
            self._last[channel] = self._measure(channel)
        return VALID

    # Control loop

    @property
    def closed(self) -> bool:
        """Whether the loop controls."""
        return self.loop.mode == _CLOSED and self.loop.range_current > 0.0

    def set_mode(self, on: bool) -> str:
        self.loop.mode = _CLOSED if on else _OFF
        self.loop.range_current = 1e-3 * self._range if on else 0.0
        self.loop.manual_output = 0.0
        return VALID

    def set_range(self, milliamperes: float) -> str:
        full = 1e-3 * milliamperes
        if self.closed:
            self.loop.range_current = full
        elif self.loop.range_current > 0.0:
            percent = self.loop.manual_output * self.loop.range_current / full
            if percent > 100.0:
                return INVALID
            self.loop.range_current, self.loop.manual_output = full, percent
        self._range = milliamperes
        return VALID

    def read_range(self) -> str:
        return f"{self._range:g}mA"

    def set_set_point(self, kelvin: float) -> str:
        self.loop.setpoint = kelvin
        return VALID

    def set_rate(self, kelvin_per_minute: float) -> str:
        self.loop.ramp_rate = kelvin_per_minute
        return VALID

    def set_ramp(self, on: bool) -> str:
        self.loop.ramp_on = on
        return VALID

    def _power(self) -> float:
        """What the heater is given (W)."""
        current = 0.01 * self.loop.output(self._cryostat.now) * self.loop.range_current
        return current * current * self.loop.heater_resistance

    def read_power(self, _: str) -> str:
        return f"{fixed(1e6 * self._power(), 3)}uW"

    def set_power(self, _: str, microwatts: float) -> str:
        """Constant power, with the loop off only and within the heater's range."""
        amperes, full = math.sqrt(1e-6 * microwatts / self.loop.heater_resistance), 1e-3 * self._range
        if self.closed or amperes > full:
            return INVALID
        self.loop.mode = _OPEN if amperes else _OFF
        self.loop.range_current = full if amperes else 0.0
        self.loop.manual_output = 100.0 * amperes / full
        return VALID

    # Pumps and the whole

    def read_pump(self, pump: str) -> str:
        return "ON" if self._running[pump] else "OFF"

    def set_pump(self, pump: str, on: bool) -> str:
        self._running[pump] = on
        return VALID

    def read_speed(self, pump: str) -> str:
        return f"{fixed(PUMPS[pump] if self._running[pump] else 0.0, 1)}Hz"

    def read_time(self, _: str) -> str:
        """Of the laboratory, which began at midnight."""
        minutes, seconds = divmod(int(self._cryostat.now), 60)
        return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}:{seconds:02d}"

    def set_user(self, _: str, user: str) -> str:
        self.user = user
        return VALID


def _loop(noun: str, read: Callable[[Triton], str], write: Callable[..., str] | None, value: object = switch) -> None:
    """Enter a noun of the control loop, which only the mixing chamber's channel has."""

    def read_it(panel: Triton, channel: str) -> str:
        return read(panel) if channel == MIXING_CHAMBER else NOT_FOUND

    def write_it(panel: Triton, channel: str, wanted: object) -> str:
        assert write is not None
        return write(panel, wanted) if channel == MIXING_CHAMBER else NOT_FOUND

    Triton.entry(f"DEV:TEMP:LOOP:{noun}", read_it, write_it if write else None, value)


def _gain(noun: str, attribute: str) -> None:
    def write(panel: Triton, value: float) -> str:
        setattr(panel.loop, attribute, value)
        return VALID

    _loop(noun, lambda panel: plain(getattr(panel.loop, attribute)), write, number_in("", 0.0, HIGHEST_GAIN))


def _channel(name: str) -> None:
    Triton.entry(f"SYS:DR:CHAN:{name}", lambda panel, _: CHANNELS[name])


_loop("MODE", lambda panel: "ON" if panel.closed else "OFF", Triton.set_mode)
_loop("HTR", lambda panel: HEATER, lambda panel, heater: VALID, lambda text: HEATER if text == HEATER else None)
_loop("RANGE", Triton.read_range, Triton.set_range, heater_range)
_loop("RAMP:ENAB", lambda panel: "ON" if panel.loop.ramp_on else "OFF", Triton.set_ramp)
_loop(
    "RAMP:RATE",
    lambda panel: f"{plain(panel.loop.ramp_rate)}K/min",
    Triton.set_rate,
    number_in("K/min", 0.0, HIGHEST_RATE),
)
_loop(
    "TSET",
    lambda panel: f"{plain(panel.loop.setpoint)}K",
    Triton.set_set_point,
    number_in("K", 0.0, HIGHEST_SET_POINT),
)
for _noun, _attribute in (("P", "p"), ("I", "i"), ("D", "d")):
    _gain(_noun, _attribute)
Triton.entry("DEV:TEMP:SIG:TEMP", Triton.read_temperature)
Triton.entry("DEV:TEMP:SIG:RES", Triton.read_resistance)
Triton.entry("DEV:TEMP:MEAS:ENAB", Triton.read_enabled, Triton.enable, switch)
Triton.entry(
    "DEV:HTR:SIG:POWR",
    Triton.read_power,
    Triton.set_power,
    number_in("uW", 0.0, 1e7),
)
Triton.entry("DEV:PRES:SIG:PRES", lambda panel, gauge: f"{plain(PRESSURES[gauge])}mB")
Triton.entry("DEV:PUMP:SIG:STATE", Triton.read_pump, Triton.set_pump, switch)
Triton.entry("DEV:PUMP:SIG:SPD", Triton.read_speed)
Triton.entry("SYS:TIME", Triton.read_time)
Triton.entry("SYS:USER", lambda panel, _: panel.user, Triton.set_user, lambda t: t if t in ("NORM", "GUEST") else None)
Triton.entry("SYS:DR:STATUS", lambda panel, _: "OK")
Triton.entry("SYS:DR:ACTN", lambda panel, _: "NONE")
Triton.entry("SYS:DR:CHAN", lambda panel, _: ":".join(f"{name}:{channel}" for name, channel in CHANNELS.items()))
for _name in CHANNELS:
    _channel(_name)
