"""Front panel of the Lake Shore 370 AC resistance bridge, over the core of the 372.

Source: Model 370 manual, chapter 6, and two laboratories' drivers for it; readings are written as by the 372.
The 370 has no separate control input: the chip's thermometer is on channel 1 and the mixing chamber's on channel 2,
which is the channel to control on. Autorange and the excitation switch of RDGRNG hold for all channels. There is one
heater; in the display by power (CSET) its output is in watts.
Simulated: what the 372 has, in the 370's words: channels, scanner, ranges, filter, curves 1 to 20, loop, ramp, heater.
The mixing chamber's channel is measured whatever the scanner does, as if it had a bridge of its own: the loop needs it,
and a real 370 goes back to it between the others. Channels 3 to 16 are open.
Not simulated: zones (CMODE 2 is refused), polarity, alarms, relays, display.
"""

import math
from typing import TYPE_CHECKING

from coldfinger.sim.devices.curves import LOGARITHMIC, MOST_POINTS, StoredCurve
from coldfinger.sim.devices.ls372 import LakeShore372
from coldfinger.sim.devices.ls372_words import CURRENTS, HEATER_RANGES, RANGES, VOLTAGES, engineering, index
from coldfinger.sim.scpi import CommandTable, Fault, Parameter, Refused, integer, real, word

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat
    from coldfinger.sim.thermometer import ResistanceInput

IDENTITY = "LSCI,MODEL370,370AF8,04102008"
CHIP, MIXING_CHAMBER = "1", "2"  # channels, assumed
MODES = {1: 5, 3: 2, 4: 0}  # of CMODE as the loop knows them: closed, open, off
MOST_CURVES = 20
FACTORY_CURVE = 20  # user curve that holds the curve the laboratory put into a channel
FASTEST_RAMP = 10.0  # K/min


def channel(text: str) -> str:
    """1 to 16 without leading zeros."""
    return str(integer(1, 16)(text))


def _title(longest: int) -> Parameter:
    """A name of at most so many characters; more are cut off."""
    return lambda text: word(text)[:longest]


_CURVE = integer(1, MOST_CURVES)
_POINT = integer(1, MOST_POINTS)
_ON = integer(0, 1)


class LakeShore370(LakeShore372):
    """Model 370 on GPIB or RS-232."""

    commands = CommandTable()

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._inputs = {CHIP: cryostat.inputs["1"], MIXING_CHAMBER: cryostat.inputs["A"]}
        self._laboratory_curves = {key: sensor.curve for key, sensor in self._inputs.items()}
        for number, turn in self._scanner.turns.items():
            turn.enabled = number in self._inputs
            self._channels[number].curve = 0
        self._polarity = 0
        self._control = (int(MIXING_CHAMBER), 0, 1, 1)  # channel, filter, unit, delay
        self._power_shown = False
        self._limit = len(HEATER_RANGES) - 1
        for key, sensor in self._inputs.items():
            self._channels[key].curve = FACTORY_CURVE if sensor.curve is not None else 0
        on = any(sensor.autorange for sensor in self._inputs.values())
        self._switch_all(on, any(sensor.shunted for sensor in self._inputs.values()))

    # Channels

    def _switch_all(self, autorange: bool, shunted: bool) -> None:
        self._autorange, self._shunted = autorange, shunted
        for sensor in self._cryostat.inputs.values():
            sensor.autorange, sensor.shunted = autorange, shunted

    @commands.command("RDGRNG", takes=(channel, _ON, integer(1, 22), integer(1, 22), _ON, _ON))
    def set_ranges(self, key: str, mode: int, excitation: int, span: int, autorange: int, shunt: int) -> None:
        table = CURRENTS if mode else VOLTAGES
        if excitation > len(table):
            raise Refused(Fault.OUT_OF_RANGE)
        self._switch_all(bool(autorange), bool(shunt))
        sensor = self._inputs.get(key)
        if sensor is None:
            self._channels[key].intype = (mode, excitation, span, 0)
            return
        sensor.mode = "current" if mode else "voltage"
        sensor.excitation = table[excitation - 1]
        sensor.range = sensor.range if sensor.range_stuck else RANGES[span - 1]

    @commands.command("RDGRNG?", takes=(channel,))
    def read_ranges(self, key: str) -> str:
        sensor = self._inputs.get(key)
        if sensor is None:
            mode, excitation, span, _ = self._channels[key].intype
        else:
            mode = int(sensor.mode == "current")
            excitation, span = index(CURRENTS if mode else VOLTAGES, sensor.excitation), index(RANGES, sensor.range)
        return f"{mode},{excitation:02d},{span:02d},{int(self._autorange)},{int(self._shunted)}"

    # Curves

    def _connect(self, key: str, number: int, sensor: "ResistanceInput") -> None:
        stored = self._curves.get(number)
        if stored is not None and stored.sorted_points():
            sensor.curve = stored.kelvin
        else:
            sensor.curve = self._laboratory_curves[key] if number == FACTORY_CURVE else None

    @commands.command("CRVHDR", takes=(_CURVE, _title(15), _title(10), integer(3, 4), real(0.0, 1e4), integer(1, 2)))
    def set_curve_header(self, number: int, name: str, serial: str, kind: int, limit: float, coefficient: int) -> None:
        super().set_curve_header(number, name, serial, kind, limit, coefficient)
        self._curve_changed(number)

    @commands.command("CRVHDR?", takes=(_CURVE,))
    def read_curve_header(self, number: int) -> str:
        curve = self._curves.get(number, StoredCurve(format=LOGARITHMIC))
        return f"{curve.name:<15},{curve.serial:<10},{curve.format},{curve.limit:+.3f},{curve.coefficient}"

    # Loop and heater

    def _kelvin_of(self, setpoint: float) -> float:
        """A set point in ohms goes through the curve of the mixing chamber's channel."""
        if self._control[2] == 1:
            return setpoint
        curve = self._inputs[MIXING_CHAMBER].curve
        kelvin = curve(setpoint) if curve is not None and setpoint > 0 else 0.0
        if not kelvin > 0:
            raise Refused(Fault.OUT_OF_RANGE)
        return kelvin

    @commands.command("CMODE", takes=(integer(1, 4),))
    def set_mode(self, mode: int) -> None:
        """Only the mixing chamber's channel can be controlled."""
        if mode not in MODES or (mode == 1 and str(self._control[0]) != MIXING_CHAMBER):
            raise Refused(Fault.OUT_OF_RANGE)
        self._loop.mode = MODES[mode]

    @commands.command("CMODE?")
    def read_mode(self) -> str:
        return str(next((mode for mode, known in MODES.items() if known == self._loop.mode), 4))

    @commands.command(
        "CSET",
        takes=(
            integer(1, 16),
            _ON,
            integer(1, 2),
            integer(1, 255),
            integer(1, 2),
            integer(1, 8),
            real(1.0, 1e5),
        ),
    )
    def set_control(
        self, number: int, smooth: int, unit: int, delay: int, shown: int, limit: int, resistance: float
    ) -> None:
        if self._loop.mode == MODES[1] and str(number) != MIXING_CHAMBER:
            raise Refused(Fault.OUT_OF_RANGE)
        self._control = (number, smooth, unit, delay)
        self._channels["A"].unit = unit  # the 372 keeps the unit of its set point there
        self._power_shown, self._limit = shown == 2, limit
        self._loop.heater_resistance = round(resistance, 3)
        if self._loop.range_current > HEATER_RANGES[limit]:
            self.set_range(0, limit)

    @commands.command("CSET?")
    def read_control(self) -> str:
        number, smooth, unit, delay = self._control
        shown = 2 if self._power_shown else 1
        return f"{number:02d},{smooth},{unit},{delay:03d},{shown},{self._limit},{self._loop.heater_resistance:+08.3f}"

    @commands.command("CPOL", takes=(_ON,))
    def set_polarity(self, negative: int) -> None:
        self._polarity = negative

    @commands.command("CPOL?")
    def read_polarity(self) -> str:
        return str(self._polarity)

    @commands.command("HTRRNG", takes=(integer(0, 8),))
    def set_heater_range(self, index: int) -> None:
        if index > self._limit:
            raise Refused(Fault.OUT_OF_RANGE)
        self.set_range(0, index)

    @commands.command("RAMP", takes=(_ON, real(0.0, FASTEST_RAMP)))
    def set_heater_ramp(self, on: int, rate: float) -> None:
        self.set_ramp(0, on, rate)

    def _watts(self, percent: float) -> float:
        return (0.01 * percent * self._loop.range_current) ** 2 * self._loop.heater_resistance

    @commands.command("HTR?")
    def read_heater(self) -> str:
        if self._power_shown:
            return engineering(self._watts(self._loop.output(self._cryostat.now)))
        return super().read_heater()

    @commands.command("MOUT", takes=(real(0.0, 100.0),))
    def set_output(self, value: float) -> None:
        """Percent of the range's current, or watts, which a range that is off cannot give."""
        if self._power_shown:
            most = self._watts(100.0)
            if value > most:
                raise Refused(Fault.OUT_OF_RANGE)
            value = 100.0 * math.sqrt(value / most) if most > 0.0 else 0.0
        self.set_manual_output(0, value)

    @commands.command("MOUT?")
    def read_output(self) -> str:
        percent = self._loop.manual_output
        return engineering(self._watts(percent) if self._power_shown else percent)

    @commands.command("*IDN?")
    def identify(self) -> str:
        return IDENTITY


_SHARED: tuple[str, ...] = ("*CLS", "*ESE", "*ESE?", "*ESR?", "*OPC", "*OPC?", "*RST", "*SRE", "*SRE?", "*STB?")
_SHARED += (
    "*TST?",
    "MODE",
    "MODE?",
    "MONITOR",
    "MONITOR?",
    "STILL",
    "STILL?",
    "SCAN",
    "SCAN?",
    "ANALOG",
    "ANALOG?",
    "AOUT?",
)
for _header in _SHARED:
    LakeShore370.commands.entries[_header] = LakeShore372.commands.entries[_header]
_add = LakeShore370.commands.add
_add("RDGK?", LakeShore372.read_kelvin, channel)
_add("RDGR?", LakeShore372.read_ohms, channel)
_add("RDGPWR?", LakeShore372.read_power, channel)
_add("RDGST?", LakeShore372.read_reading_status, channel)
_INSET = (_ON, integer(0, 200), integer(0, 200), integer(0, MOST_CURVES), integer(0, 2))
_add("INSET", LakeShore372.set_input, channel, *_INSET)
_add("INSET?", LakeShore372.read_input, channel)
_add("FILTER", LakeShore372.set_filter, channel, _ON, integer(1, 200), integer(1, 80))
_add("FILTER?", LakeShore372.read_filter, channel)
_add("CRVPT", LakeShore372.set_curve_point, _CURVE, _POINT, real(-1e9, 1e9), real(0.0, 1e4))
_add("CRVPT?", LakeShore372.read_curve_point, _CURVE, _POINT)
_add("CRVDEL", LakeShore372.delete_curve, _CURVE)
_add("SETP", LakeShore372.set_setpoint, real(0.0, 1e9), preset=(0,))
_add("SETP?", LakeShore372.read_setpoint, preset=(0,))
_add("RAMP?", LakeShore372.read_ramp, preset=(0,))
_add("RAMPST?", LakeShore372.read_ramp_status, preset=(0,))
_add("HTRRNG?", LakeShore372.read_range, preset=(0,))
_add("HTRST?", LakeShore372.read_heater_status, preset=(0,))
for _header in ("PID", "CPID"):  # drivers in use send the first
    _add(_header, LakeShore372.set_pid, real(0.0, 1000.0), real(0.0, 10000.0), real(0.0, 2500.0), preset=(0,))
    _add(f"{_header}?", LakeShore372.read_pid, preset=(0,))
