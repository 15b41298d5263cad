"""Lake Shore 372 AC resistance bridge and temperature controller: one connection, two roles.

Commands and limits: Model 372 manual, chapter 6 (Computer Interface Operation). The instrument ignores
silently what it does not understand; as in the maker's own driver `;*ESR?` goes along with each command, in
the same line, so that the answer belongs to this command and costs no second trip.
"""

import math
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple

from pymeasure.instruments import Instrument

from coldfinger.instruments.bound import Bound
from coldfinger.instruments.driver import SNAPSHOT_TIME, Linked, index_reply, jsonable, reply
from coldfinger.instruments.errors import CommandError
from coldfinger.instruments.lakeshore_words import (
    REAL,
    SETPOINT_KEPT,
    SIX,
    StoredCurves,
    Thermometer,
    half_decades,
    ramp_rate,
    real,
    six_digits,
)
from coldfinger.instruments.lakeshore_words import Coefficient as Coefficient
from coldfinger.instruments.lakeshore_words import CurveFormat as CurveFormat
from coldfinger.instruments.lakeshore_words import CurveHeader as CurveHeader
from coldfinger.instruments.roles import BridgeReading, BridgeStatus
from coldfinger.instruments.validators import (
    member,
    one_of,
    record,
    strict_bool,
    strict_integer,
    strict_number,
)

VOLTAGE_EXCITATIONS = half_decades("2", "6.32", -6, 12)  # V rms
CURRENT_EXCITATIONS = half_decades("1", "3.16", -12, 22)  # A rms
CONTROL_EXCITATIONS = CURRENT_EXCITATIONS[5:11]  # A rms, 316 pA to 100 nA: what input A has
RESISTANCE_RANGES = half_decades("2", "6.32", -3, 22)  # ohm


class ControlMode(IntEnum):
    """What an output follows."""

    OFF = 0
    MONITOR = 1
    OPEN_LOOP = 2
    ZONE = 3
    STILL = 4
    CLOSED_LOOP = 5
    WARM_UP = 6


class ExcitationMode(IntEnum):
    """Whether the excitation of a sensor is a fixed voltage or a fixed current."""

    VOLTAGE = 0
    CURRENT = 1


class Autorange(IntEnum):
    """Who chooses the resistance range; ROX_102B is for the control input only."""

    OFF = 0
    ON = 1
    ROX_102B = 2


class Unit(IntEnum):
    """Preferred unit of an input: that of its display, and of the set point of a loop that it controls."""

    KELVIN = 1
    OHM = 2


class HeaterDisplay(IntEnum):
    """What the heater output is a percentage of."""

    CURRENT = 1
    POWER = 2


class Ramp(NamedTuple):
    """Set point ramp: on or off, and its rate (K/s)."""

    enabled: bool
    rate: float


class PID(NamedTuple):
    """Parameters of the control loop, as the instrument counts them."""

    proportional: float
    integral: float
    derivative: float


class OutputMode(NamedTuple):
    """What an output does: mode, controlling input ("A", "1" to "16"), and details."""

    mode: ControlMode
    input: str
    on_at_power_up: bool
    bipolar: bool
    filtered: bool
    delay: int  # s, for autoscanning


class HeaterSetup(NamedTuple):
    """Heater resistance (ohm) and the meaning of its output."""

    resistance: float
    display: HeaterDisplay


class InputSetup(NamedTuple):
    """How a measurement input excites and ranges its sensor."""

    mode: ExcitationMode
    excitation: float  # V rms or A rms
    autorange: Autorange
    range: float  # ohm
    shunted: bool  # True: no excitation
    unit: Unit


class InputSettings(NamedTuple):
    """Part of a measurement input in scanning, and its temperature curve (0: none)."""

    enabled: bool
    dwell: int  # s
    pause: int  # s
    curve: int
    coefficient: Coefficient


class Filter(NamedTuple):
    """Running average of an input: settle time (s), restarted by a change beyond `window` (percent of
    range)."""

    enabled: bool
    settle: int
    window: int


class Scan(NamedTuple):
    """The channel that is excited and measured now, and whether the scanner goes on by itself."""

    channel: int
    autoscan: bool


def _checked_setup(value: object, values: object = ()) -> InputSetup:
    voltage = isinstance(value, InputSetup) and value.mode is ExcitationMode.VOLTAGE
    checked: InputSetup = record(
        "setup",
        InputSetup,
        mode=member("mode", ExcitationMode),
        excitation=one_of("excitation", VOLTAGE_EXCITATIONS, "V")
        if voltage
        else one_of("excitation", CURRENT_EXCITATIONS, "A"),
        autorange=member("autorange", Autorange),
        range=one_of("range", RESISTANCE_RANGES, "ohm"),
        shunted=strict_bool("shunted"),
        unit=member("unit", Unit),
    )(value)
    if checked.autorange is Autorange.ROX_102B:
        raise ValueError("autorange ROX_102B is not a setting of a measurement input; allowed are OFF and ON")
    return checked


def _setup_fields(setup: InputSetup) -> tuple[int, ...]:
    table = VOLTAGE_EXCITATIONS if setup.mode is ExcitationMode.VOLTAGE else CURRENT_EXCITATIONS
    return (
        setup.mode,
        table.index(setup.excitation) + 1,
        setup.autorange,
        RESISTANCE_RANGES.index(setup.range) + 1,
        setup.shunted,
        setup.unit,
    )


def _setup_from(fields: list[int]) -> InputSetup:
    mode = ExcitationMode(fields[0])
    table = VOLTAGE_EXCITATIONS if mode is ExcitationMode.VOLTAGE else CURRENT_EXCITATIONS
    return InputSetup(
        mode,
        table[fields[1] - 1],
        Autorange(fields[2]),
        RESISTANCE_RANGES[fields[3] - 1],
        bool(fields[4]),
        Unit(fields[5]),
    )


INPUTS = ("A", *(str(channel) for channel in range(1, 17)))


def _input_name(value: object) -> str:
    if isinstance(value, str) and value in INPUTS:
        return value
    raise ValueError(f"input of {value!r} is not an input; allowed are 'A' and '1' to '16'")


_checked_mode = record(
    "output_mode",
    OutputMode,
    mode=member("mode", ControlMode),
    input=_input_name,
    on_at_power_up=strict_bool("on_at_power_up"),
    bipolar=strict_bool("bipolar"),
    filtered=strict_bool("filtered"),
    delay=strict_integer("delay", 1, 255),
)
_COLD_MODES = (ControlMode.OFF, ControlMode.MONITOR)


class Controller(Thermometer):
    """The control loop of output 0 (sample heater) with its control input; role TemperatureController."""

    HEATER_RANGES: tuple[float, ...] = (0.0, 31.6e-6, 100e-6, 316e-6, 1e-3, 3.16e-3, 10e-3, 31.6e-3, 100e-3)
    SETTINGS: ClassVar[tuple[str, ...]] = (
        "setpoint",
        "setpoint_unit",
        "excitation",
        "ramp",
        "pid",
        "heater_range",
        "heater_setup",
        "output_mode",
    )

    def __init__(self, parent: Linked, input: str) -> None:
        super().__init__(parent, 0, "controller")
        self._input = input

    def insert_id(self, command: str) -> str:
        """Fill in output and input."""
        return command.format_map({"ch": self.id, "input": self._input})

    @property
    def temperature(self) -> float:
        """Measure the temperature (K) of the control input; CalibrationError when it has no curve."""
        return self._kelvin(f"KRDG? {self._input}")

    status = Instrument.measurement(
        "RDGST? {input}",
        """Get why the reading of the control input is not valid, a `BridgeStatus`; zero is good.""",
        preprocess_reply=reply(r"\d{3}", "three digits"),
        cast=int,
        get_process=BridgeStatus,
    )

    @property
    def setpoint(self) -> float:
        """Control the set point (K), strictly 0 to 400; while a ramp runs, the value that moves.

        The instrument takes the number in the preferred unit of the input: setting raises CommandError
        unless that is kelvin (0.1 meant as kelvin and taken as ohm would turn the heater fully on). See
        `setpoint_unit`.
        """
        return float(self.values("SETP? {ch}", preprocess_reply=real)[0])

    @setpoint.setter
    def setpoint(self, value: float) -> None:
        kelvin = strict_number("setpoint", 0, 400, "K")(value)
        limit = self.parent._setpoint_limit
        if limit is not None:
            limit.check(f"{self.who}: setpoint", kelvin, "K")
        with self.parent.lock:
            if self.setpoint_unit is not Unit.KELVIN:
                raise CommandError(
                    f"{self.who}: set point {kelvin:g} K was not sent, because the set point of input "
                    f"{self._input} is in ohm; set setpoint_unit to Unit.KELVIN first"
                )
            self.write(f"SETP {{ch}},{kelvin:.7g}")
            if (
                limit is not None
                and abs((kept := self.setpoint) - kelvin) > SETPOINT_KEPT * kelvin
                and not self.ramp.enabled
            ):
                raise CommandError(
                    f"{self.who}: a set point of {kelvin:.7g} K was sent, but it reads back as {kept:.7g} K"
                )

    @property
    def setpoint_unit(self) -> Unit:
        """Control the preferred unit of the control input, and so of the set point."""
        return Unit(self._input_type()[5])

    @setpoint_unit.setter
    def setpoint_unit(self, value: Unit) -> None:
        unit = member("setpoint_unit", Unit)(value)
        if unit is not Unit.KELVIN and self.parent._setpoint_limit is not None:
            raise ValueError(
                f"{self.who}: setpoint_unit {unit.name} was not sent, because the limit of "
                f"{self.parent._setpoint_limit.where} is in kelvin; allowed is Unit.KELVIN"
            )
        with self.parent.lock:
            fields = [*self._input_type()[:5], int(unit)]
            self.write("INTYPE {input}," + ",".join(str(field) for field in fields))

    @property
    def excitation(self) -> float:
        """Control the excitation current (A) of control input A, strictly one of `CONTROL_EXCITATIONS`.

        Each current brings its own resistance range (200 uV at full scale); the input needs 3 s to settle.
        """
        return CONTROL_EXCITATIONS[self._input_type()[1] - 1]

    @excitation.setter
    def excitation(self, value: float) -> None:
        current = one_of("excitation of input A", CONTROL_EXCITATIONS, "A")(value)
        if self._input != "A":
            raise ValueError(
                f"excitation of {value!r}: the control input is channel {self._input}; set it in that channel's setup"
            )
        with self.parent.lock:
            fields = self._input_type()
            fields[1] = CONTROL_EXCITATIONS.index(current) + 1
            self.write("INTYPE {input}," + ",".join(str(field) for field in fields))

    def _input_type(self) -> list[int]:
        form = reply(r"[01],\d{1,2},[012],\d{1,2},[01],[12]", "six fields like 1,04,0,15,0,2")
        return self.values("INTYPE? {input}", preprocess_reply=form, cast=int)

    ramp = Instrument.control(
        "RAMP? {ch}",
        "RAMP {ch},%d,%.7g",
        """Control the set point ramp, a `Ramp`; rate strictly 1.6667e-5 to 1.6667 K/s (0.001 to 100 K/min),
        or 0 for a step. It starts with the next new set point.""",
        validator=record(
            "ramp",
            Ramp,
            enabled=strict_bool("ramp enabled"),
            rate=ramp_rate(fastest=100),
        ),
        set_process=lambda ramp: (ramp.enabled, ramp.rate * 60),
        preprocess_reply=reply(rf"[01],{REAL}", "on and rate like 1,+000.200"),
        get_process_list=lambda fields: Ramp(bool(fields[0]), fields[1] / 60),
    )
    ramping = Instrument.measurement(
        "RAMPST? {ch}",
        """Get whether the set point is moving (bool).""",
        preprocess_reply=index_reply(2),
        cast=int,
        get_process=bool,
    )
    pid = Instrument.control(
        "PID? {ch}",
        "PID {ch},%.7g,%.7g,%.7g",
        """Control the loop parameters, a `PID`: P 0 to 1000, I 0 to 10000, D 0 to 2500, strictly.""",
        validator=record(
            "pid",
            PID,
            proportional=strict_number("proportional", 0, 1000, ""),
            integral=strict_number("integral", 0, 10000, ""),
            derivative=strict_number("derivative", 0, 2500, ""),
        ),
        preprocess_reply=reply(rf"{REAL},{REAL},{REAL}", "three numbers like +0050.00,+0020.00,+00.00"),
        get_process_list=lambda fields: PID(*fields),
    )

    @property
    def heater_range(self) -> float:
        """Control the full-scale heater current (A), strictly one of `HEATER_RANGES`; 0 is off.

        Where the station has a limit, ValueError beyond it, and CommandError when another range reads back.
        """
        index: int = self.values("RANGE? {ch}", preprocess_reply=index_reply(9), cast=int)[0]
        return self.HEATER_RANGES[index]

    @heater_range.setter
    def heater_range(self, value: float) -> None:
        amperes = one_of("heater_range", self.HEATER_RANGES, "A")(value)
        limit = self.parent._heater_limit
        if limit is not None:
            limit.check(f"{self.who}: heater_range", amperes, "A")
        with self.parent.lock:
            self.write(f"RANGE {{ch}},{self.HEATER_RANGES.index(amperes)}")
            if limit is not None and (kept := self.heater_range) != amperes:
                raise CommandError(
                    f"{self.who}: a heater range of {amperes:g} A was sent, but it reads back as {kept:g} A"
                )

    heater_output = Instrument.measurement(
        "HTR?",
        """Measure the heater output (percent of the range).""",
        preprocess_reply=six_digits,
    )
    heater_status = Instrument.measurement(
        "HTRST? {ch}",
        """Get the error code of the heater; 0 is good.""",
        preprocess_reply=index_reply(3),
        cast=int,
    )
    heater_setup = Instrument.control(
        "HTRSET? {ch}",
        "HTRSET {ch},%.7g,0,0,%d",
        """Control heater resistance (ohm, strictly 1 to 2000) and display, a `HeaterSetup`.""",
        validator=record(
            "heater_setup",
            HeaterSetup,
            resistance=strict_number("heater resistance", 1, 2000, "ohm"),
            display=member("heater display", HeaterDisplay),
        ),
        preprocess_reply=reply(rf"{REAL},\d,{REAL},[12]", "four fields like +120.000,8,+0000.00,1"),
        get_process_list=lambda fields: HeaterSetup(fields[0], HeaterDisplay(int(fields[3]))),
    )

    @property
    def output_mode(self) -> OutputMode:
        """Control what the output does, an `OutputMode`; delay strictly 1 to 255 s.

        Where the station limits the set point, ValueError for a mode that heats without one, or with another input.
        """
        form = reply(r"[0-6],(?:A|\d{1,2}),[01],[01],[01],\d{1,3}", "six fields like 2,6,1,0,0,001")
        mode, name, *flags, delay = self.values("OUTMODE? {ch}", preprocess_reply=form, cast=str)
        on_at_power_up, bipolar, filtered = (flag == "1" for flag in flags)
        name = name.lstrip("0") or "0"
        return OutputMode(ControlMode(int(mode)), name, on_at_power_up, bipolar, filtered, int(delay))

    @output_mode.setter
    def output_mode(self, value: OutputMode) -> None:
        wanted: OutputMode = _checked_mode(value)
        limit = self.parent._setpoint_limit
        follows = wanted.mode is ControlMode.CLOSED_LOOP and wanted.input == self._input
        if limit is not None and not follows and wanted.mode not in _COLD_MODES:
            raise ValueError(
                f"{self.who}: output_mode {wanted.mode.name} on input {wanted.input} was not sent, because it would "
                f"heat past the set point's limit of {limit.where}; allowed are OFF, MONITOR, and CLOSED_LOOP on input "
                f"{self._input}"
            )
        fields = ",".join(str(int(f)) for f in (wanted.on_at_power_up, wanted.bipolar, wanted.filtered, wanted.delay))
        self.write(f"OUTMODE {{ch}},{wanted.mode:d},{wanted.input},{fields}")

    def heater_off(self) -> None:
        """Heater range to off."""
        self.write("RANGE {ch},0")


class MeasurementInput(Thermometer):
    """One channel of the measurement input (with scanner); role ThermometerBridge.

    A reading belongs to the last time that the channel was scanned; see `Scan` and `select`.
    """

    SETTINGS: ClassVar[tuple[str, ...]] = ("setup", "settings", "filter")

    def __init__(self, parent: Linked, channel: int) -> None:
        super().__init__(parent, strict_integer("channel", 1, 16)(channel), f"channel {channel}")

    @property
    def reading(self) -> BridgeReading:
        """Measure the resistance (ohm) with the status of the same instant, a `BridgeReading`.

        An open input, which the instrument shows as +000.000E+09, gives nan and RESISTANCE_OVER.
        """
        form = reply(SIX + r";\d{3}", "resistance and status like +108.278E+00;000")
        text = self.values("SRDG? {ch};RDGST? {ch}", separator=";", cast=str, preprocess_reply=form)
        status = BridgeStatus(int(text[1]))
        if float(text[0]) == 0 and text[0].endswith("E+09"):
            return BridgeReading(math.nan, status | BridgeStatus.RESISTANCE_OVER)
        return BridgeReading(float(text[0]), status)

    @property
    def kelvin(self) -> float:
        """Measure the temperature (K) by the curve in the instrument; CalibrationError when it has none."""
        return self._kelvin(f"KRDG? {self.id}")

    quadrature = Instrument.measurement(
        "QRDG? {ch}", """Measure the quadrature part (ohm).""", preprocess_reply=six_digits
    )
    excitation_power = Instrument.measurement(
        "RDGPWR? {ch}", """Measure the power in the sensor (W).""", preprocess_reply=six_digits
    )
    setup = Instrument.control(
        "INTYPE? {ch}",
        "INTYPE {ch},%d,%d,%d,%d,%d,%d",
        """Control excitation and range, an `InputSetup`; strictly `VOLTAGE_EXCITATIONS` (V) or
        `CURRENT_EXCITATIONS` (A), and `RESISTANCE_RANGES` (ohm). Readings need about 3 s to settle.""",
        validator=_checked_setup,
        set_process=_setup_fields,
        preprocess_reply=reply(
            r"(?:0,(?:0?[1-9]|1[0-2])|1,(?:0?[1-9]|1\d|2[0-2])),[01],(?:0?[1-9]|1\d|2[0-2]),[01],[12]",
            "six fields like 0,07,1,10,0,1",
        ),
        cast=int,
        get_process_list=_setup_from,
    )
    settings = Instrument.control(
        "INSET? {ch}",
        "INSET {ch},%d,%d,%d,%d,%d",
        """Control scanning and curve, an `InputSettings`: dwell 1 to 200 s, pause 3 to 200 s, curve 0 to
        59.""",
        validator=record(
            "settings",
            InputSettings,
            enabled=strict_bool("enabled"),
            dwell=strict_integer("dwell", 1, 200),
            pause=strict_integer("pause", 3, 200),
            curve=strict_integer("curve", 0, 59),
            coefficient=member("coefficient", Coefficient),
        ),
        preprocess_reply=reply(r"[01],\d{1,3},\d{1,3},\d{1,2},[12]", "five fields like 1,007,003,21,1"),
        cast=int,
        get_process_list=lambda f: InputSettings(bool(f[0]), f[1], f[2], f[3], Coefficient(f[4])),
    )
    filter = Instrument.control(
        "FILTER? {ch}",
        "FILTER {ch},%d,%d,%d",
        """Control the running average, a `Filter`: settle time 1 to 200 s, window 1 to 80 %.""",
        validator=record(
            "filter",
            Filter,
            enabled=strict_bool("enabled"),
            settle=strict_integer("settle", 1, 200),
            window=strict_integer("window", 1, 80),
        ),
        preprocess_reply=reply(r"[01],\d{1,3},\d{1,2}", "three fields like 1,010,02"),
        cast=int,
        get_process_list=lambda fields: Filter(bool(fields[0]), fields[1], fields[2]),
    )

    def select(self) -> None:
        """Measure this channel from now on, without autoscan; it needs about 3 s and the filter to settle."""
        self.write("SCAN {ch},0")


class LakeShore372(StoredCurves):
    """Lake Shore 372; `controller` and `bridge` are its two roles over the one connection.

    `setpoint_limit` (K) and `heater_limit` (A, full scale of the range) are what the station allows.
    """

    IDENTITY: ClassVar[str] = r"LSCI,MODEL372,[^,]+,[^,]+"
    CURVES: ClassVar[tuple[int, int]] = (21, 59)  # 1 to 20 are the maker's
    CURVE_INPUTS: ClassVar[tuple[str, ...]] = INPUTS
    SETTINGS: ClassVar[tuple[str, ...]] = ("scan",)

    def __init__(
        self,
        adapter: Any,
        name: str = "Lake Shore 372",
        *,
        bridge_channel: int = 1,
        control_input: str = "A",
        setpoint_limit: Bound | None = None,
        heater_limit: Bound | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self._setpoint_limit, self._heater_limit = setpoint_limit, heater_limit
        self.control_input = _input_name(control_input)
        self.controller = Controller(self, self.control_input)
        self.bridge = self.channel(bridge_channel)

    def channel(self, number: int) -> MeasurementInput:
        """The measurement channel of that number, 1 to 16."""
        return MeasurementInput(self, number)

    scan = Instrument.control(
        "SCAN?",
        "SCAN %d,%d",
        """Control the scanned channel (1 to 16) and autoscan, a `Scan`.""",
        validator=record(
            "scan",
            Scan,
            channel=strict_integer("channel", 1, 16),
            autoscan=strict_bool("autoscan"),
        ),
        preprocess_reply=reply(r"(?:0?[1-9]|1[0-6]),[01]", "channel and autoscan like 01,1"),
        cast=int,
        get_process_list=lambda fields: Scan(fields[0], bool(fields[1])),
    )

    def configure(self) -> None:
        """Make the set point of the control loop one in kelvin."""
        self.controller.setpoint_unit = Unit.KELVIN

    def snapshot(self) -> dict[str, object]:
        """Every setting by name, those of the two roles under `controller` and `bridge`."""
        with self.sparing(SNAPSHOT_TIME):
            own = super().snapshot()
            return own | {
                "controller": self.controller.snapshot(),
                "bridge": {"channel": jsonable(self.bridge.id)} | self.bridge.snapshot(),
            }
