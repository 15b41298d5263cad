"""Front panel of the Lake Shore Model 372 AC resistance bridge and temperature controller.

Source: Model 372 manual, chapter 6; reply widths as captured from real units. Numbers are written as a sign,
six digits with a point, and an exponent that is a multiple of three: +293.873E+00, +50.0000E-03.
Simulated: control input A and measurement input 1 with mode, excitation, ranges, autorange, shunt, filter and
curve; sample heater (output 0) in the modes off, open loop and closed loop on input A; ramps; heater ranges;
user curves.
Input A takes current excitation only, six currents, and each brings its own resistance range (200 uV full
scale); the mode and range fields of INTYPE A are what they must be. Inputs 2 to 16 keep their settings and
read as open.
Kept and answered only: outputs 1 and 2, still, monitor, excitation frequency, temperature limits, names.
Not simulated: the scanner (SCAN answers 01,0; another channel or autoscan is refused with *ESR bit 4), zones
(OUTMODE 3 is refused on output 0), alarms, relays, display, standard curves 1 to 20.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coldfinger.sim.devices.curves import LOGARITHMIC, MOST_POINTS, StoredCurve
from coldfinger.sim.scpi import (
    CommandTable,
    Fault,
    Panel,
    Refused,
    boolean,
    integer,
    real,
    split,
    word,
)

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat
    from coldfinger.sim.thermometer import ResistanceInput

IDENTITY = "LSCI,MODEL372,LSA23JD,1.3"


def _half_decades(count: int, first: int, exponent: int) -> tuple[float, ...]:
    steps = {2: ("2", "6.32"), 1: ("1", "3.16")}[first]
    return tuple(float(f"{steps[i % 2]}e{exponent + i // 2}") for i in range(count))


VOLTAGES = _half_decades(12, 2, -6)
"""Voltage excitations (V rms) 1 to 12 of a measurement input: 2 uV to 632 mV."""
CURRENTS = _half_decades(22, 1, -12)
"""Current excitations (A rms) 1 to 22 of a measurement input: 1 pA to 31.6 mA."""
CONTROL_CURRENTS = CURRENTS[5:11]
"""Current excitations (A rms) 1 to 6 of the control input: 316 pA to 100 nA."""
RANGES = _half_decades(22, 2, -3)
"""Full scales (ohm) 1 to 22: 2 mohm to 63.2 Mohm."""
HEATER_RANGES = (0.0, 31.6e-6, 100e-6, 316e-6, 1e-3, 3.16e-3, 10e-3, 31.6e-3, 100e-3)
"""Full-scale currents (A) of RANGE 0 to 8 of the sample heater."""
_CONTROL_RANGE_SUM = 19  # excitation index + range index of input A: always 200 uV at full scale

OVERLOADS = 1 | 2 | 4 | 8
TEMPERATURE_OVER, TEMPERATURE_UNDER = 64, 128  # RDGST bits
OPEN_INPUT = "+000.000E+09"
RESISTANCE_OVER = 16
QUERY, EXECUTION, ILLEGAL, POWER_ON = 4, 16, 32, 128  # *ESR bits
_FACTORY_CURVE = 21  # user curve that holds the curve the laboratory put into an input


def engineering(value: float) -> str:
    """+293.873E+00: sign, six digits, an exponent that is a multiple of three."""
    if not math.isfinite(value) or abs(value) < 1e-90:
        return "+000.000E+00"
    mantissa, _, exponent = f"{value:+.5e}".partition("e")
    shift = int(exponent) % 3
    digits = mantissa.replace(".", "")  # sign and six digits
    return f"{digits[: 2 + shift]}.{digits[2 + shift :]}E{int(exponent) - shift:+03d}"


def _index(table: tuple[float, ...], value: float) -> int:
    """Number, from 1, of the nearest entry by ratio."""
    return 1 + min(range(len(table)), key=lambda i: abs(math.log(table[i] / value)))


def channel(text: str) -> str:
    """A measurement channel 1 to 16 without leading zeros, or A."""
    return "A" if text.upper() == "A" else str(integer(1, 16)(text))


def _channel_or_all(text: str) -> str:
    return "A" if text.upper() == "A" else str(integer(0, 16)(text))


def _control_or_measurement(text: str) -> str:
    return "A" if text.upper() == "A" else str(integer(0, 0)(text))


def _title(longest: int) -> Callable[[str], str]:
    def convert(text: str) -> str:
        name = word(text)
        if len(name) > longest:
            raise Refused(Fault.OUT_OF_RANGE)
        return name

    return convert


@dataclass
class _Channel:
    """What an input keeps beside the physics, and all of an input without a sensor."""

    name: str
    enabled: int = 0
    dwell: int = 7  # s
    pause: int = 3  # s
    curve: int = 0
    coefficient: int = 1
    unit: int = 1  # 1 K, 2 ohm
    limit: float = 0.0  # K
    autorange: int = 1
    intype: tuple[int, int, int, int] = (0, 7, 10, 0)  # mode, excitation, range, shunt of an open input
    filter: tuple[int, int, int] = (0, 5, 10)


@dataclass
class _Output:
    """One heater output; the sample heater's numbers live in the control loop."""

    mode: int = 0
    input: str = "1"
    power_up: int = 0
    polarity: int = 0
    filter: int = 0
    delay: int = 1
    setpoint: float = 0.0
    ramp: tuple[int, float] = (0, 0.0)
    pid: tuple[float, float, float] = (10.0, 20.0, 0.0)
    range: int = 0
    manual: float = 0.0  # %
    heater: tuple[float, int, float, int] = (120.0, 8, 0.0, 1)
    analog: list[float] = field(default_factory=lambda: [0, 0, 1, 1, 0.0, 0.0, 0.0])


_OUTPUT = integer(0, 2)
_FILTER = (integer(0, 1), integer(1, 200), integer(1, 80))


class LakeShore372(Panel):
    """Model 372 on GPIB or a socket, scanner not fitted."""

    commands = CommandTable()
    joins_answers = True
    max_connections = 2

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__()
        self._cryostat = cryostat
        self._inputs = cryostat.inputs
        self._loop = cryostat.loop
        self._event = POWER_ON
        self._event_enable = self._request_enable = 0
        self._frequency = {"A": 3, "0": 2}
        self._numbers = {"CMR": 0, "MONITOR": 0, "MODE": 0, "EMUL": 0}
        self._still = 0.0  # %
        self._warmup = (0, 0.0)
        self._curves: dict[int, StoredCurve] = {}
        self._laboratory_curves = {key: sensor.curve for key, sensor in self._inputs.items()}
        names = {"A": "Input A"} | {str(n): f"Channel {n:02d}" for n in range(1, 17)}
        self._channels = {key: _Channel(name) for key, name in names.items()}
        self._outputs = [_Output(mode=self._loop.mode, input="A"), _Output(), _Output(mode=4)]
        for key, sensor in self._inputs.items():
            state = self._channels[key]
            state.enabled = 1
            state.curve = _FACTORY_CURVE if sensor.curve is not None else 0
            state.autorange = int(sensor.autorange)
        control = self._inputs["A"]
        if control.mode != "current":
            control.mode, control.excitation = "current", CONTROL_CURRENTS[0]
            control.range = RANGES[_CONTROL_RANGE_SUM - 2]

    def parse(self, statement: str) -> tuple[str, list[str]]:
        header, mark, rest = statement.partition("?")
        if mark and not any(blank in header for blank in " \t"):
            return header.upper() + "?", split(rest, ",")
        parts = statement.split(None, 1)
        return parts[0].upper(), split(parts[1] if len(parts) > 1 else "", ",")

    def refuse(self, fault: Fault) -> None:
        if fault in (Fault.UNKNOWN_COMMAND, Fault.UNKNOWN_QUERY, Fault.LINE_TOO_LONG):
            self._event |= ILLEGAL
        else:
            self._event |= EXECUTION

    def serial_poll(self, waiting: bool) -> int:
        status = (16 if waiting else 0) | (32 if self._event & self._event_enable else 0)
        return status | (64 if status & self._request_enable else 0)

    # Readings

    @commands.command("KRDG?", "RDGK?", takes=(channel,))
    def read_kelvin(self, key: str) -> str:
        sensor = self._inputs.get(key)
        if sensor is None or sensor.curve is None:
            return engineering(0.0)
        return engineering(sensor.kelvin(self._cryostat.now))

    @commands.command("SRDG?", "RDGR?", takes=(channel,))
    def read_ohms(self, key: str) -> str:
        sensor = self._inputs.get(key)
        return OPEN_INPUT if sensor is None else engineering(sensor.resistance(self._cryostat.now))

    @commands.command("QRDG?", takes=(integer(1, 16),))
    def read_quadrature(self, key: int) -> str:
        sensor = self._inputs.get(str(key))
        return engineering(0.0 if sensor is None else sensor.quadrature(self._cryostat.now))

    @commands.command("RDGPWR?", takes=(channel,))
    def read_power(self, key: str) -> str:
        sensor = self._inputs.get(key)
        return engineering(0.0 if sensor is None else sensor.power())

    @commands.command("RDGST?", takes=(channel,))
    def read_reading_status(self, key: str) -> str:
        sensor = self._inputs.get(key)
        if sensor is None:
            return f"{RESISTANCE_OVER:03d}"
        status = sensor.status(self._cryostat.now)
        curve = self._curves.get(self._channels[key].curve)
        if status & TEMPERATURE_OVER and curve is not None:
            warm = curve.too_warm(sensor.resistance(self._cryostat.now))
            status = status & ~TEMPERATURE_OVER | (TEMPERATURE_OVER if warm else TEMPERATURE_UNDER)
        return f"{status:03d}"

    # Inputs

    @commands.command(
        "INSET",
        takes=(channel, integer(0, 1), integer(0, 200), integer(0, 200), integer(0, 59), integer(0, 2)),
    )
    def set_input(self, key: str, on: int, dwell: int, pause: int, curve: int, coefficient: int) -> None:
        """Zeros are allowed for a channel that is switched off, as the maker's own driver sends them."""
        state = self._channels[key]
        if on and (dwell < 1 or pause < 3 or coefficient < 1):
            raise Refused(Fault.OUT_OF_RANGE)
        state.enabled = on
        if dwell >= 1 and pause >= 3 and coefficient >= 1:
            state.dwell, state.pause, state.coefficient = dwell, pause, coefficient
        self._use_curve(key, curve)

    @commands.command("INSET?", takes=(channel,))
    def read_input(self, key: str) -> str:
        state = self._channels[key]
        return f"{state.enabled},{state.dwell:03d},{state.pause:03d},{state.curve:02d},{state.coefficient}"

    @commands.command(
        "INTYPE",
        takes=(
            channel,
            integer(0, 1),
            integer(1, 22),
            integer(0, 2),
            integer(0, 22),
            integer(0, 1),
            integer(1, 2),
        ),
    )
    def set_type(self, key: str, mode: int, excitation: int, autorange: int, span: int, shunt: int, unit: int) -> None:
        sensor, state = self._inputs.get(key), self._channels[key]
        if key == "A":
            span = _CONTROL_RANGE_SUM - excitation
            good = mode == 1 and excitation <= len(CONTROL_CURRENTS)
        else:
            good = span >= 1 and autorange <= 1 and (mode == 1 or excitation <= len(VOLTAGES))
        if not good:
            raise Refused(Fault.OUT_OF_RANGE)
        state.unit, state.autorange = unit, autorange
        if sensor is None:
            state.intype = (mode, excitation, span, shunt)
            return
        table = CONTROL_CURRENTS if key == "A" else CURRENTS if mode else VOLTAGES
        sensor.mode = "current" if mode else "voltage"
        sensor.excitation = table[excitation - 1]
        sensor.range = sensor.range if sensor.range_stuck else RANGES[span - 1]
        sensor.autorange = autorange > 0
        sensor.shunted = bool(shunt)

    @commands.command("INTYPE?", takes=(channel,))
    def read_type(self, key: str) -> str:
        state = self._channels[key]
        mode, excitation, span, shunt = self._type_of(key)
        return f"{mode},{excitation:02d},{state.autorange},{span:02d},{shunt},{state.unit}"

    def _type_of(self, key: str) -> tuple[int, int, int, int]:
        sensor = self._inputs.get(key)
        if sensor is None:
            return self._channels[key].intype
        mode = int(sensor.mode == "current")
        table = CONTROL_CURRENTS if key == "A" else CURRENTS if mode else VOLTAGES
        return mode, _index(table, sensor.excitation), _index(RANGES, sensor.range), int(sensor.shunted)

    @commands.command("INNAME", takes=(channel, _title(15)))
    def set_name(self, key: str, name: str) -> None:
        self._channels[key].name = name

    @commands.command("INNAME?", takes=(channel,))
    def read_name(self, key: str) -> str:
        return f"{self._channels[key].name:<15}"

    @commands.command("TLIMIT", takes=(channel, real(0.0, 450.0)))
    def set_limit(self, key: str, kelvin: float) -> None:
        self._channels[key].limit = kelvin

    @commands.command("TLIMIT?", takes=(channel,))
    def read_limit(self, key: str) -> str:
        return f"{self._channels[key].limit:+05.0f}"

    @commands.command("FILTER", takes=(_channel_or_all, *_FILTER))
    def set_filter(self, key: str, on: int, settle: int, window: int) -> None:
        for each in self._channels if key == "0" else (key,):
            self._channels[each].filter = (on, settle, window)
            sensor = self._inputs.get(each)
            if sensor is not None:
                sensor.filter_on, sensor.filter_settle, sensor.filter_window = bool(on), settle, window

    @commands.command("FILTER?", takes=(channel,))
    def read_filter(self, key: str) -> str:
        on, settle, window = self._channels[key].filter
        return f"{on},{settle:03d},{window:02d}"

    @commands.command("SCAN", takes=(integer(1, 16), boolean))
    def scan(self, number: int, auto: bool) -> None:
        if auto or number != 1:
            raise Refused(Fault.OUT_OF_RANGE)

    @commands.command("SCAN?")
    def read_scan(self) -> str:
        return "01,0"

    @commands.command("FREQ", takes=(_control_or_measurement, integer(1, 5)))
    def set_frequency(self, key: str, index: int) -> None:
        self._frequency[key] = index

    @commands.command("FREQ?", takes=(_control_or_measurement,))
    def read_frequency(self, key: str) -> str:
        return str(self._frequency[key])

    # Curves

    def _curve_of(self, number: int) -> StoredCurve:
        return self._curves.setdefault(number, StoredCurve())

    def _use_curve(self, key: str, number: int) -> None:
        self._channels[key].curve = number
        sensor = self._inputs.get(key)
        if sensor is not None:
            self._connect(key, number, sensor)

    def _connect(self, key: str, number: int, sensor: "ResistanceInput") -> None:
        stored = self._curves.get(number)
        if stored is not None and stored.sorted_points():
            sensor.curve = stored.kelvin
        else:
            sensor.curve = self._laboratory_curves[key] if number == _FACTORY_CURVE else None

    def _curve_changed(self, number: int) -> None:
        for key, sensor in self._inputs.items():
            if self._channels[key].curve == number:
                self._connect(key, number, sensor)

    @commands.command("INCRV", takes=(channel, integer(0, 59)))
    def set_curve(self, key: str, number: int) -> None:
        self._use_curve(key, number)

    @commands.command("INCRV?", takes=(channel,))
    def read_curve(self, key: str) -> str:
        return f"{self._channels[key].curve:02d}"

    @commands.command(
        "CRVHDR",
        takes=(integer(21, 59), _title(15), _title(10), integer(3, 7), real(0.0, 1e4), integer(1, 2)),
    )
    def set_curve_header(self, number: int, name: str, serial: str, kind: int, limit: float, coefficient: int) -> None:
        if kind not in (3, 4, 7):
            raise Refused(Fault.OUT_OF_RANGE)
        curve = self._curve_of(number)
        curve.name, curve.serial, curve.format, curve.limit = name, serial, kind, limit
        curve.coefficient = coefficient
        curve.recompute_coefficient()

    @commands.command("CRVHDR?", takes=(integer(1, 59),))
    def read_curve_header(self, number: int) -> str:
        curve = self._curves.get(number, StoredCurve(format=LOGARITHMIC))
        return f"{curve.name:<15},{curve.serial:<10},{curve.format},{curve.limit:+.3f},{curve.coefficient}"

    @commands.command("CRVPT", takes=(integer(21, 59), integer(1, MOST_POINTS), real(-1e9, 1e9), real(0.0, 1e4)))
    def set_curve_point(self, number: int, index: int, units: float, kelvin: float) -> None:
        curve = self._curve_of(number)
        curve.points[index] = (float(f"{units:.6g}"), float(f"{kelvin:.6g}"))
        curve.recompute_coefficient()
        self._curve_changed(number)

    @commands.command("CRVPT?", takes=(integer(1, 59), integer(1, MOST_POINTS)))
    def read_curve_point(self, number: int, index: int) -> str:
        curve = self._curves.get(number)
        units, kelvin = curve.points.get(index, (0.0, 0.0)) if curve is not None else (0.0, 0.0)
        return f"{units:.6g},{kelvin:.6g}"

    @commands.command("CRVDEL", takes=(integer(21, 59),))
    def delete_curve(self, number: int) -> None:
        self._curves.pop(number, None)
        self._curve_changed(number)

    # Loop and heaters

    @commands.command(
        "OUTMODE",
        takes=(
            _OUTPUT,
            integer(0, 6),
            lambda text: "A" if text.upper() == "A" else str(integer(0, 16)(text)),
            integer(0, 1),
            integer(0, 1),
            integer(0, 1),
            integer(1, 255),
        ),
    )
    def set_output_mode(
        self, output: int, mode: int, source: str, power_up: int, polarity: int, smooth: int, delay: int
    ) -> None:
        if output == 0 and (mode not in (0, 2, 5) or (mode == 5 and source != "A")):
            raise Refused(Fault.OUT_OF_RANGE)
        state = self._outputs[output]
        state.mode, state.input, state.power_up = mode, source, power_up
        state.polarity, state.filter, state.delay = polarity, smooth, delay
        if output == 0:
            self._loop.mode = mode

    @commands.command("OUTMODE?", takes=(_OUTPUT,))
    def read_output_mode(self, output: int) -> str:
        o = self._outputs[output]
        return f"{o.mode},{o.input},{o.power_up},{o.polarity},{o.filter},{o.delay:03d}"

    @commands.command("SETP", takes=(_OUTPUT, real(0.0, 1e9)))
    def set_setpoint(self, output: int, value: float) -> None:
        if output == 0:
            self._loop.setpoint = self._kelvin_of(value)
        self._outputs[output].setpoint = value

    def _kelvin_of(self, setpoint: float) -> float:
        """A set point in ohms goes through the curve of the control input."""
        if self._channels["A"].unit == 1:
            return setpoint
        curve = self._inputs["A"].curve
        kelvin = curve(setpoint) if curve is not None and setpoint > 0 else 0.0
        if not kelvin > 0:
            raise Refused(Fault.OUT_OF_RANGE)
        return kelvin

    @commands.command("SETP?", takes=(_OUTPUT,))
    def read_setpoint(self, output: int) -> str:
        if output == 0 and self._channels["A"].unit == 1:
            return engineering(self._loop.moving_setpoint(self._cryostat.now))
        return engineering(self._outputs[output].setpoint)

    @commands.command("RAMP", takes=(_OUTPUT, integer(0, 1), real(0.0, 100.0)))
    def set_ramp(self, output: int, on: int, rate: float) -> None:
        if 0.0 < rate < 0.001:
            raise Refused(Fault.OUT_OF_RANGE)
        rate = round(rate, 3)
        self._outputs[output].ramp = (on, rate)
        if output == 0:
            self._loop.ramp_on, self._loop.ramp_rate = bool(on), rate

    @commands.command("RAMP?", takes=(_OUTPUT,))
    def read_ramp(self, output: int) -> str:
        on, rate = (self._loop.ramp_on, self._loop.ramp_rate) if output == 0 else self._outputs[output].ramp
        return f"{int(on)},{rate:+08.3f}"

    @commands.command("RAMPST?", takes=(_OUTPUT,))
    def read_ramp_status(self, output: int) -> str:
        return str(int(output == 0 and self._loop.ramping(self._cryostat.now)))

    @commands.command("PID", takes=(_OUTPUT, real(0.0, 1000.0), real(0.0, 10000.0), real(0.0, 2500.0)))
    def set_pid(self, output: int, p: float, i: float, d: float) -> None:
        self._outputs[output].pid = (p, i, d) = (round(p, 3), round(i, 3), round(d, 3))
        if output == 0:
            self._loop.p, self._loop.i, self._loop.d = p, i, d

    @commands.command("PID?", takes=(_OUTPUT,))
    def read_pid(self, output: int) -> str:
        p, i, d = (self._loop.p, self._loop.i, self._loop.d) if output == 0 else self._outputs[output].pid
        return f"{p:+09.3f},{i:+010.3f},{d:+09.3f}"

    @commands.command("RANGE", takes=(_OUTPUT, integer(0, 8)))
    def set_range(self, output: int, index: int) -> None:
        if output > 0 and index > 1:
            raise Refused(Fault.OUT_OF_RANGE)
        self._outputs[output].range = index
        if output == 0:
            self._loop.range_current = HEATER_RANGES[index]

    @commands.command("RANGE?", takes=(_OUTPUT,))
    def read_range(self, output: int) -> str:
        return str(self._outputs[output].range)

    @commands.command("HTR?")
    def read_heater(self) -> str:
        percent = self._loop.output(self._cryostat.now)
        return "+100.000E+00" if percent >= 99.99995 else f"{percent:+08.4f}E+00"

    @commands.command("HTRSET", takes=(_OUTPUT, real(0.0, 2000.0), integer(0, 8), real(0.0, 1000.0), integer(1, 2)))
    def set_heater(self, output: int, resistance: float, highest: int, user: float, display: int) -> None:
        if resistance < 1.0:
            raise Refused(Fault.OUT_OF_RANGE)
        self._outputs[output].heater = (round(resistance, 3), highest, user, display)
        if output == 0:
            self._loop.heater_resistance = round(resistance, 3)

    @commands.command("HTRSET?", takes=(_OUTPUT,))
    def read_heater_setting(self, output: int) -> str:
        resistance, highest, user, display = self._outputs[output].heater
        if output == 0:
            resistance = self._loop.heater_resistance
        return f"{resistance:+08.3f},{highest},{user:+08.2f},{display}"

    @commands.command("HTRST?", takes=(_OUTPUT,))
    def read_heater_status(self, output: int) -> str:
        """0 no error, 1 heater open; it shows only while the range is on."""
        return str(int(output == 0 and self._loop.heater_open and self._loop.range_current > 0.0))

    @commands.command("MOUT", takes=(_OUTPUT, real(-100.0, 100.0)))
    def set_manual_output(self, output: int, percent: float) -> None:
        if output == 0:
            if percent < 0:
                raise Refused(Fault.OUT_OF_RANGE)
            self._loop.manual_output = percent
        self._outputs[output].manual = percent

    @commands.command("MOUT?", takes=(_OUTPUT,))
    def read_manual_output(self, output: int) -> str:
        return engineering(self._loop.manual_output if output == 0 else self._outputs[output].manual)

    @commands.command("AOUT?", takes=(integer(1, 2),))
    def read_analog_output(self, output: int) -> str:
        state = self._outputs[output]
        percent = self._still if output == 2 and state.mode == 4 else state.manual
        return f"{percent if state.range else 0.0:+07.2f}"

    @commands.command("STILL", takes=(real(0.0, 100.0),))
    def set_still(self, percent: float) -> None:
        self._still = percent

    @commands.command("STILL?")
    def read_still(self) -> str:
        return f"{self._still:+06.2f}"

    @commands.command("WARMUP", takes=(integer(0, 1), real(0.0, 100.0)))
    def set_warmup(self, auto: int, percent: float) -> None:
        self._warmup = (auto, percent)

    @commands.command("WARMUP?")
    def read_warmup(self) -> str:
        return f"{self._warmup[0]},{self._warmup[1]:+07.2f}"

    @commands.command(
        "ANALOG",
        takes=(
            integer(1, 2),
            integer(0, 1),
            integer(0, 6),
            integer(0, 16),
            integer(0, 4),
            *(real(-1e9, 1e9),) * 2,
            real(-100.0, 100.0),
        ),
    )
    def set_analog(self, output: int, *values: float) -> None:
        self._outputs[output].analog = list(values)
        self._outputs[output].manual = values[-1]

    @commands.command("ANALOG?", takes=(integer(1, 2),))
    def read_analog(self, output: int) -> str:
        *switches, high, low, manual = self._outputs[output].analog
        return ",".join([f"{int(value)}" for value in switches] + [f"{high:+.3f},{low:+.3f},{manual:+07.2f}"])

    # Interface and status

    def _set_number(self, name: str, value: int) -> None:
        self._numbers[name] = value

    def _read_number(self, name: str) -> str:
        return str(self._numbers[name])

    @commands.command("*IDN?")
    def identify(self) -> str:
        return IDENTITY

    @commands.command("*RST")
    def reset(self) -> None:
        """Heaters off, no ramp; inputs and curves stay."""
        for output in range(3):
            self.set_range(output, 0)
            self.set_ramp(output, 0, 0.0)

    def lose_settings(self) -> None:
        """Heaters and ramp off, set point zero, power-up mode; inputs and curves are in permanent memory."""
        self.reset()
        self.set_setpoint(0, 0.0)

    @commands.command("*CLS")
    def clear_status(self) -> None:
        self._event = 0

    @commands.command("*ESR?")
    def read_event(self) -> str:
        value, self._event = self._event, 0
        return f"{value:03d}"

    @commands.command("*STB?")
    def read_status(self) -> str:
        return f"{self.serial_poll(False):03d}"

    @commands.command("*OPC?")
    def completed(self) -> str:
        return "1"

    @commands.command("*OPC")
    def mark_completed(self) -> None:
        self._event |= 1

    @commands.command("*TST?")
    def test(self) -> str:
        return "0"

    @commands.command("*ESE", takes=(integer(0, 255),))
    def set_event_enable(self, value: int) -> None:
        self._event_enable = value

    @commands.command("*ESE?")
    def read_event_enable(self) -> str:
        return f"{self._event_enable:03d}"

    @commands.command("*SRE", takes=(integer(0, 255),))
    def set_request_enable(self, value: int) -> None:
        self._request_enable = value

    @commands.command("*SRE?")
    def read_request_enable(self) -> str:
        return f"{self._request_enable:03d}"


for _name, _highest in {"CMR": 1, "MONITOR": 7, "MODE": 2, "EMUL": 1}.items():
    LakeShore372.commands.add(_name, LakeShore372._set_number, integer(0, _highest), preset=(_name,))
    LakeShore372.commands.add(f"{_name}?", LakeShore372._read_number, preset=(_name,))
