"""The inputs of the Lake Shore 372: readings, excitation, ranges, filter, scanner and names.

A reading and its status belong to the last turn of its channel: while the scanner is elsewhere, in the pause after a
change of channel, and while the excitation frequency changes, both stay what they were.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldfinger.sim.devices.curves import StoredCurve
from coldfinger.sim.devices.ls372_words import (
    CONTROL_CURRENTS,
    CURRENTS,
    OPEN_INPUT,
    RANGES,
    RESISTANCE_OVER,
    TEMPERATURE_OVER,
    TEMPERATURE_UNDER,
    VOLTAGES,
    channel,
    channel_or_all,
    control_or_measurement,
    engineering,
    index,
    title,
)
from coldfinger.sim.scanner import Turn
from coldfinger.sim.scpi import CommandTable, Fault, Panel, Refused, boolean, integer, real

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat
    from coldfinger.sim.thermometer import ResistanceInput

FACTORY_CURVE = 21  # user curve that holds the curve the laboratory put into an input
FREQUENCY_CHANGE = 5.0  # s; the manual says that it takes several seconds
CONTROL_RANGE_SUM = 19  # excitation index + range index of input A: always 200 uV at full scale
_FILTER = (integer(0, 1), integer(1, 200), integer(1, 80))


@dataclass
class Channel:
    """What an input keeps beside the physics, and all of an input without a sensor."""

    name: str
    curve: int = 0
    coefficient: int = 1
    unit: int = 1  # 1 K, 2 ohm
    limit: float = 0.0  # K
    autorange: int = 1
    intype: tuple[int, int, int, int] = (0, 7, 10, 0)  # mode, excitation, range, shunt of an open input
    filter: tuple[int, int, int] = (0, 5, 10)


class InputPanel(Panel):
    """What the front panel knows of its inputs."""

    commands = CommandTable()

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__()
        self._cryostat = cryostat
        self._inputs = cryostat.inputs
        self._scanner = cryostat.scanner
        self._control_turn = Turn(enabled=True)
        self._frequency = {"A": 3, "0": 2}
        self._curves: dict[int, StoredCurve] = {}
        self._laboratory_curves = {key: sensor.curve for key, sensor in self._inputs.items()}
        names = {"A": "Input A"} | {str(n): f"Channel {n:02d}" for n in range(1, 17)}
        self._channels = {key: Channel(name) for key, name in names.items()}
        for key, sensor in self._inputs.items():
            state = self._channels[key]
            state.curve = FACTORY_CURVE if sensor.curve is not None else 0
            state.autorange = int(sensor.autorange)
            state.limit = sensor.limit
        control = self._inputs["A"]
        if control.mode != "current":
            control.mode, control.excitation = "current", CONTROL_CURRENTS[0]
            control.range = RANGES[CONTROL_RANGE_SUM - 2]

    def remember(self, before: Panel) -> None:
        """Names, curves and which input follows which, filters and limits of inputs, and the excitation frequencies."""
        assert isinstance(before, InputPanel)
        self._curves, self._laboratory_curves = before._curves, before._laboratory_curves
        self._channels, self._frequency = before._channels, before._frequency

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
        return engineering(0.0 if sensor is None else sensor.power(self._cryostat.now))

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

    # Settings

    @commands.command(
        "INSET",
        takes=(channel, integer(0, 1), integer(0, 200), integer(0, 200), integer(0, 59), integer(0, 2)),
    )
    def set_input(self, key: str, on: int, dwell: int, pause: int, curve: int, coefficient: int) -> None:
        """Zeros are allowed for a channel that is switched off, as the maker's own driver sends them."""
        if on and (dwell < 1 or pause < 3 or coefficient < 1):
            raise Refused(Fault.OUT_OF_RANGE)
        turn = self._turn(key)
        turn.enabled = bool(on)
        if dwell >= 1 and pause >= 3 and coefficient >= 1:
            turn.dwell, turn.pause, self._channels[key].coefficient = dwell, pause, coefficient
        self._use_curve(key, curve)

    def _turn(self, key: str) -> Turn:
        return self._control_turn if key == "A" else self._scanner.turns[key]

    @commands.command("INSET?", takes=(channel,))
    def read_input(self, key: str) -> str:
        state, turn = self._channels[key], self._turn(key)
        return f"{int(turn.enabled)},{turn.dwell:03.0f},{turn.pause:03.0f},{state.curve:02d},{state.coefficient}"

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
            span = CONTROL_RANGE_SUM - excitation
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
        return mode, index(table, sensor.excitation), index(RANGES, sensor.range), int(sensor.shunted)

    @commands.command("INNAME", takes=(channel, title(15)))
    def set_name(self, key: str, name: str) -> None:
        self._channels[key].name = name

    @commands.command("INNAME?", takes=(channel,))
    def read_name(self, key: str) -> str:
        return f"{self._channels[key].name:<15}"

    @commands.command("TLIMIT", takes=(channel, real(0.0, 450.0)))
    def set_limit(self, key: str, kelvin: float) -> None:
        """No reading of the input by its curve above this, or both heaters go off; zero is no limit."""
        self._channels[key].limit = kelvin
        sensor = self._inputs.get(key)
        if sensor is not None:
            sensor.limit, sensor.over_limit = kelvin, self._heaters_off

    def _heaters_off(self) -> None:
        """All heaters of this instrument, and no other's."""
        self._cryostat.loop.range_current = self._cryostat.warmup.current = 0.0

    @commands.command("TLIMIT?", takes=(channel,))
    def read_limit(self, key: str) -> str:
        return f"{self._channels[key].limit:+05.0f}"

    @commands.command("FILTER", takes=(channel_or_all, *_FILTER))
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
        self._scanner.select(number, auto, self._cryostat.now)

    @commands.command("SCAN?")
    def read_scan(self) -> str:
        return f"{self._scanner.channel:02d},{int(self._scanner.auto)}"

    @commands.command("RDGSTL?")
    def read_settling(self) -> str:
        """Of the control input and the scanned channel: 0 valid, 1 the filter settles, 2 the input settles."""
        return f"{self._settling('A')},{self._settling(str(self._scanner.channel))}"

    def _settling(self, key: str) -> int:
        sensor, now = self._inputs.get(key), self._cryostat.now
        if sensor is None:
            return 0
        if not (sensor.measuring(now) and sensor.settled(now)):
            return 2
        return int(sensor.filter_settling(now))

    @commands.command("FREQ", takes=(control_or_measurement, integer(1, 5)))
    def set_frequency(self, key: str, number: int) -> None:
        if number == self._frequency[key]:
            return
        self._frequency[key] = number
        sensor = self._inputs.get("A" if key == "A" else str(self._scanner.channel))
        if sensor is not None:
            sensor.disturb(self._cryostat.now, FREQUENCY_CHANGE)

    @commands.command("FREQ?", takes=(control_or_measurement,))
    def read_frequency(self, key: str) -> str:
        return str(self._frequency[key])

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
            sensor.curve = self._laboratory_curves[key] if number == FACTORY_CURVE else None
