"""What the Lake Shore 370 and 372 are alike in: tables, settings, control loop, channels, one connection for two roles.

The models differ in their words for a temperature, a resistance and the range of the heater, in what the loop follows,
and in what a channel's `setup` holds; that is in `lakeshore` (372) and `lakeshore370`. How both speak is in
`lakeshore_words`.
"""

import math
from collections.abc import Callable
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple

from pymeasure.instruments import Instrument

from coldfinger.instruments.bound import Bound
from coldfinger.instruments.driver import Linked, View, index_reply, reply
from coldfinger.instruments.errors import CalibrationError, CommandError
from coldfinger.instruments.lakeshore_words import (
    REAL,
    SIX,
    Coefficient,
    StoredCurves,
    half_decades,
    ramp_rate,
    six_digits,
)
from coldfinger.instruments.roles import BridgeReading, BridgeStatus
from coldfinger.instruments.validators import member, one_of, record, strict_bool, strict_integer, strict_number

VOLTAGE_EXCITATIONS = half_decades("2", "6.32", -6, 12)  # V rms
CURRENT_EXCITATIONS = half_decades("1", "3.16", -12, 22)  # A rms; a 370 has all but the first
RESISTANCE_RANGES = half_decades("2", "6.32", -3, 22)  # ohm


class ExcitationMode(IntEnum):
    """Whether the excitation of a sensor is a fixed voltage or a fixed current."""

    VOLTAGE = 0
    CURRENT = 1


class Autorange(IntEnum):
    """Who chooses the resistance range; ROX_102B is for the control input of a 372 only."""

    OFF = 0
    ON = 1
    ROX_102B = 2


class Unit(IntEnum):
    """Unit of a set point, and of a 372's input and its display."""

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


def excitations(mode: ExcitationMode) -> tuple[float, ...]:
    """The table (V or A) in whose places an excitation is said."""
    return VOLTAGE_EXCITATIONS if mode is ExcitationMode.VOLTAGE else CURRENT_EXCITATIONS


def setup_validator(
    kind: type[Any], currents: tuple[float, ...], owner: str, **more: Callable[..., Any]
) -> Callable[..., Any]:
    """A validator for a channel's setup `kind`, whose excitation is one of `currents` (A) or a voltage.

    `owner` says in the message what has no ROX_102B; `more` are fields of that model alone.
    """

    def with_excitation(check: Callable[..., float]) -> Callable[..., Any]:
        return record(
            "setup",
            kind,
            mode=member("mode", ExcitationMode),
            excitation=check,
            autorange=member("autorange", Autorange),
            range=one_of("range", RESISTANCE_RANGES, "ohm"),
            shunted=strict_bool("shunted"),
            **more,
        )

    with_voltage = with_excitation(one_of("excitation", VOLTAGE_EXCITATIONS, "V"))
    with_current = with_excitation(one_of("excitation", currents, "A"))

    def check(value: Any, values: object = ()) -> Any:
        voltage = isinstance(value, kind) and value.mode is ExcitationMode.VOLTAGE
        checked = with_voltage(value) if voltage else with_current(value)
        if checked.autorange is Autorange.ROX_102B:
            raise ValueError(f"autorange ROX_102B is not a setting of {owner}; allowed are OFF and ON")
        return checked

    return check


def same_setpoint(kept: float, sent: float) -> bool:
    """Whether a set point (K) that reads back is the one that was sent: six digits are shown."""
    return abs(kept - sent) <= 1e-4 * sent


def setpoint_ramp(fastest: float) -> Any:
    """The ramp of a loop's set point, up to `fastest` K/min."""
    return Instrument.control(
        "RAMP?{of}",
        "RAMP {to}%d,%.7g",
        f"""Control the set point ramp, a `Ramp`; rate strictly 1.6667e-5 to {fastest / 60:.5g} K/s (0.001 to
        {fastest:g} K/min), or 0 for a step. It starts with the next new set point.""",
        validator=record("ramp", Ramp, enabled=strict_bool("ramp enabled"), rate=ramp_rate(fastest)),
        set_process=lambda ramp: (ramp.enabled, ramp.rate * 60),
        preprocess_reply=reply(rf"[01],{REAL}", "on and rate like 1,+000.200"),
        get_process_list=lambda fields: Ramp(bool(fields[0]), fields[1] / 60),
    )


def input_settings(highest: int, like: str) -> Any:
    """A channel's part in scanning, with curves up to number `highest`; `like` is how an answer looks."""
    return Instrument.control(
        "INSET? {ch}",
        "INSET {ch},%d,%d,%d,%d,%d",
        f"""Control scanning and curve, an `InputSettings`: dwell 1 to 200 s, pause 3 to 200 s, curve 0 to
        {highest}.""",
        validator=record(
            "settings",
            InputSettings,
            enabled=strict_bool("enabled"),
            dwell=strict_integer("dwell", 1, 200),
            pause=strict_integer("pause", 3, 200),
            curve=strict_integer("curve", 0, highest),
            coefficient=member("coefficient", Coefficient),
        ),
        preprocess_reply=reply(r"[01],\d{1,3},\d{1,3},\d{1,2},[12]", f"five fields like {like}"),
        cast=int,
        get_process_list=lambda f: InputSettings(bool(f[0]), f[1], f[2], f[3], Coefficient(f[4])),
    )


class Thermometer(View):
    """What all inputs with a sensor have in common."""

    def _kelvin(self, input: object) -> float:
        question = f"{self.parent.KELVIN}? {input}"
        kelvin = float(self.values(question, preprocess_reply=six_digits)[0])
        if kelvin == 0:
            raise CalibrationError(
                f"{self.who}: {question!r} was answered 0 K, which means no temperature curve or no valid "
                "reading; assign a curve to the input, or read its resistance"
            )
        return kelvin


class Loop(Thermometer):
    """A control loop with the input that it follows and its heater; role TemperatureController.

    In commands, `{of}` and `{to}` are where an output is named in a question and before a value, `OUTPUT`, if the model
    has several.
    """

    HEATER_RANGES: tuple[float, ...] = (0.0, *half_decades("31.6", "100", -6, 8))
    OUTPUT: ClassVar[str] = ""
    HEATER: ClassVar[str]  # word for the range of the heater

    def __init__(self, parent: Linked, input: int | str) -> None:
        super().__init__(parent, input, "controller")

    def insert_id(self, command: str) -> str:
        """Fill in output and input."""
        of, to = (f" {self.OUTPUT}", f"{self.OUTPUT},") if self.OUTPUT else ("", "")
        return command.format_map({"of": of, "to": to, "input": self.id})

    @property
    def temperature(self) -> float:
        """Measure the temperature (K) of the control input; CalibrationError when it has no curve."""
        return self._kelvin(self.id)

    status = Instrument.measurement(
        "RDGST? {input}",
        """Get why the reading of the control input is not valid, a `BridgeStatus`; zero is good.""",
        preprocess_reply=reply(r"\d{3}", "three digits"),
        cast=int,
        get_process=BridgeStatus,
    )

    def _checked_setpoint(self, value: object) -> float:
        kelvin = strict_number("setpoint", 0, 400, "K")(value)
        limit = self.parent._setpoint_limit
        if limit is not None:
            limit.check(f"{self.who}: setpoint", kelvin, "K")
        return kelvin

    def _another_setpoint(self, sent: float, kept: float) -> CommandError:
        return CommandError(f"{self.who}: a set point of {sent:.7g} K was sent, but it reads back as {kept:.7g} K")

    ramping = Instrument.measurement(
        "RAMPST?{of}",
        """Get whether the set point is moving (bool).""",
        preprocess_reply=index_reply(2),
        cast=int,
        get_process=bool,
    )
    pid = Instrument.control(
        "PID?{of}",
        "PID {to}%.7g,%.7g,%.7g",
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
        index: int = self.values(f"{self.HEATER}?{{of}}", preprocess_reply=index_reply(9), cast=int)[0]
        return self.HEATER_RANGES[index]

    @heater_range.setter
    def heater_range(self, value: float) -> None:
        amperes = one_of("heater_range", self.HEATER_RANGES, "A")(value)
        limit = self.parent._heater_limit
        if limit is not None:
            limit.check(f"{self.who}: heater_range", amperes, "A")
        with self.parent.lock:
            self.write(f"{self.HEATER} {{to}}{self.HEATER_RANGES.index(amperes)}")
            if limit is not None and (kept := self.heater_range) != amperes:
                raise CommandError(
                    f"{self.who}: a heater range of {amperes:g} A was sent, but it reads back as {kept:g} A"
                )

    def heater_off(self) -> None:
        """Heater range to off."""
        self.write(f"{self.HEATER} {{to}}0")

    heater_status = Instrument.measurement(
        "HTRST?{of}",
        """Get the error code of the heater; 0 is good.""",
        preprocess_reply=index_reply(3),
        cast=int,
    )


class ScannedInput(Thermometer):
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
        question = f"{self.parent.OHM}? {{ch}};RDGST? {{ch}}"
        text = self.values(question, separator=";", cast=str, preprocess_reply=form)
        status = BridgeStatus(int(text[1]))
        if float(text[0]) == 0 and text[0].endswith("E+09"):
            return BridgeReading(math.nan, status | BridgeStatus.RESISTANCE_OVER)
        return BridgeReading(float(text[0]), status)

    @property
    def kelvin(self) -> float:
        """Measure the temperature (K) by the curve in the instrument; CalibrationError when it has none."""
        return self._kelvin(self.id)

    excitation_power = Instrument.measurement(
        "RDGPWR? {ch}", """Measure the power in the sensor (W).""", preprocess_reply=six_digits
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


class ScannedBridge(StoredCurves):
    """A bridge with a scanner; `setpoint_limit` (K) and `heater_limit` (A, full scale of the range) are the station's.

    `KELVIN` and `OHM` are the words of the model for a temperature and a resistance.
    """

    KELVIN: ClassVar[str]
    OHM: ClassVar[str]
    SETTINGS: ClassVar[tuple[str, ...]] = ("scan",)

    def __init__(
        self,
        adapter: Any,
        name: str,
        *,
        setpoint_limit: Bound | None = None,
        heater_limit: Bound | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self._setpoint_limit, self._heater_limit = setpoint_limit, heater_limit

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
