"""Lake Shore 370 AC resistance bridge and temperature controller: one connection, two roles.

Commands and limits: Model 370 manual, chapter 6 (Remote Operation). Numbers, readings, scanner, filter and the silence
about what is not understood are those of the 372 (`lakeshore_words`); ranges, loop and heater have words of their own.
pymeasure has no driver for either of the two.

The 370 has no control input of its own: the loop follows one of the sixteen channels. Its ranging is not a channel's
own either: autorange and the switch of the excitation hold for all channels, so that setting them in one `setup` sets
them everywhere. In the display by power the heater output is answered in watts; here it is percent of the range's
current or an error, never the one for the other.
"""

import math
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple

from pymeasure.instruments import Instrument

from coldfinger.instruments import lakeshore
from coldfinger.instruments.bound import Bound
from coldfinger.instruments.driver import SNAPSHOT_TIME, Linked, index_reply, jsonable, reply
from coldfinger.instruments.errors import CommandError
from coldfinger.instruments.lakeshore import (
    CURRENT_EXCITATIONS,
    PID,
    RESISTANCE_RANGES,
    VOLTAGE_EXCITATIONS,
    Autorange,
    ExcitationMode,
    HeaterDisplay,
    InputSettings,
    Ramp,
    Scan,
    Unit,
)
from coldfinger.instruments.lakeshore_words import (
    REAL,
    SETPOINT_KEPT,
    SIX,
    StoredCurves,
    Thermometer,
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

EXCITATION_CURRENTS = CURRENT_EXCITATIONS[1:]  # A rms, 3.16 pA to 31.6 mA: 21 levels, one less than a 372
MOST_CURVES = 20
_LOOP = rf"(?:0?[1-9]|1[0-6]),[01],[12],\d{{1,3}},[12],[1-8],{REAL}"
_LOOP_FORM = "seven fields like 02,0,1,001,1,8,+120.000"


class ControlMode(IntEnum):
    """What the heater follows."""

    CLOSED_LOOP = 1
    ZONE = 2
    OPEN_LOOP = 3
    OFF = 4


class BridgeSetup(NamedTuple):
    """How a channel excites and ranges its sensor; `autorange` and `shunted` hold for all channels."""

    mode: ExcitationMode
    excitation: float  # V rms or A rms
    autorange: Autorange
    range: float  # ohm
    shunted: bool  # True: no excitation


class LoopSetup(NamedTuple):
    """What the control loop follows and what its heater is."""

    channel: int
    filtered: bool
    unit: Unit  # of the set point
    delay: int  # s, after a change of channel
    display: HeaterDisplay
    limit: float  # A, the largest range that the heater can be given
    resistance: float  # ohm, of the heater


def _checked_setup(value: object, values: object = ()) -> BridgeSetup:
    voltage = isinstance(value, BridgeSetup) and value.mode is ExcitationMode.VOLTAGE
    checked: BridgeSetup = record(
        "setup",
        BridgeSetup,
        mode=member("mode", ExcitationMode),
        excitation=one_of("excitation", VOLTAGE_EXCITATIONS, "V")
        if voltage
        else one_of("excitation", EXCITATION_CURRENTS, "A"),
        autorange=member("autorange", Autorange),
        range=one_of("range", RESISTANCE_RANGES, "ohm"),
        shunted=strict_bool("shunted"),
    )(value)
    if checked.autorange is Autorange.ROX_102B:
        raise ValueError("autorange ROX_102B is not a setting of a 370; allowed are OFF and ON")
    return checked


def _setup_fields(setup: BridgeSetup) -> tuple[int, ...]:
    table = VOLTAGE_EXCITATIONS if setup.mode is ExcitationMode.VOLTAGE else CURRENT_EXCITATIONS
    place = table.index(setup.excitation) + 1
    return setup.mode, place, RESISTANCE_RANGES.index(setup.range) + 1, setup.autorange, setup.shunted


def _setup_from(fields: list[int]) -> BridgeSetup:
    mode = ExcitationMode(fields[0])
    table = VOLTAGE_EXCITATIONS if mode is ExcitationMode.VOLTAGE else CURRENT_EXCITATIONS
    resistance = RESISTANCE_RANGES[fields[2] - 1]
    return BridgeSetup(mode, table[fields[1] - 1], Autorange(fields[3]), resistance, bool(fields[4]))


_HEATER_RANGES = lakeshore.Controller.HEATER_RANGES
_checked_loop = record(
    "loop",
    LoopSetup,
    channel=strict_integer("channel", 1, 16),
    filtered=strict_bool("filtered"),
    unit=member("unit", Unit),
    delay=strict_integer("delay", 1, 255),
    display=member("heater display", HeaterDisplay),
    limit=one_of("heater limit", _HEATER_RANGES[1:], "A"),
    resistance=strict_number("heater resistance", 1, 1e5, "ohm"),
)
_COLD_MODES = (ControlMode.OFF, ControlMode.CLOSED_LOOP)


def _loop_from(fields: list[str]) -> LoopSetup:
    channel, filtered, unit, delay, display, limit = (int(field) for field in fields[:6])
    amperes, ohms = _HEATER_RANGES[limit], float(fields[6])
    return LoopSetup(channel, bool(filtered), Unit(unit), delay, HeaterDisplay(display), amperes, ohms)


class Controller(Thermometer):
    """The control loop with its heater and the channel that it follows; role TemperatureController."""

    HEATER_RANGES: tuple[float, ...] = _HEATER_RANGES
    SETTINGS: ClassVar[tuple[str, ...]] = (
        "setpoint",
        "setpoint_unit",
        "excitation",
        "ramp",
        "pid",
        "heater_range",
        "mode",
        "loop",
    )

    def __init__(self, parent: "LakeShore370", channel: int) -> None:
        super().__init__(parent, channel, "controller")

    @property
    def temperature(self) -> float:
        """Measure the temperature (K) of the control channel; CalibrationError when it has no curve."""
        return self._kelvin(f"RDGK? {self.id}")

    status = Instrument.measurement(
        "RDGST? {ch}",
        """Get why the reading of the control channel is not valid, a `BridgeStatus`; zero is good.""",
        preprocess_reply=reply(r"\d{3}", "three digits"),
        cast=int,
        get_process=BridgeStatus,
    )

    @property
    def setpoint(self) -> float:
        """Control the set point (K), strictly 0 to 400; while a ramp runs, the value that moves.

        The instrument takes the number in the unit of the loop and for the channel of the loop: setting raises
        CommandError unless these are kelvin and the control channel. See `loop` and `setpoint_unit`.
        """
        return float(self.values("SETP?", preprocess_reply=real)[0])

    @setpoint.setter
    def setpoint(self, value: float) -> None:
        kelvin = strict_number("setpoint", 0, 400, "K")(value)
        limit = self.parent._setpoint_limit
        if limit is not None:
            limit.check(f"{self.who}: setpoint", kelvin, "K")
        with self.parent.lock:
            loop = self.loop
            if loop.unit is not Unit.KELVIN or loop.channel != self.id:
                raise CommandError(
                    f"{self.who}: set point {kelvin:g} K was not sent, because the loop follows channel "
                    f"{loop.channel} in {loop.unit.name.lower()}; make it follow channel {self.id} in kelvin first"
                )
            self.write(f"SETP {kelvin:.7g}")
            if limit is None or self.ramp.enabled:
                return
            if abs((kept := self.setpoint) - kelvin) > SETPOINT_KEPT * kelvin:
                raise CommandError(
                    f"{self.who}: a set point of {kelvin:.7g} K was sent, but it reads back as {kept:.7g} K"
                )

    @property
    def loop(self) -> LoopSetup:
        """Control what the loop follows and its heater, a `LoopSetup`; delay 1 to 255 s, heater 1 to 1e5 ohm.

        Where the station limits the set point, ValueError for another channel or unit; where it limits the heater,
        for a larger limit.
        """
        fields = self.values("CSET?", cast=str, preprocess_reply=reply(_LOOP, _LOOP_FORM))
        return _loop_from(fields)

    @loop.setter
    def loop(self, value: LoopSetup) -> None:
        wanted: LoopSetup = _checked_loop(value)
        parent = self.parent
        if parent._setpoint_limit is not None and (wanted.channel != self.id or wanted.unit is not Unit.KELVIN):
            raise ValueError(
                f"{self.who}: loop on channel {wanted.channel} in {wanted.unit.name.lower()} was not sent, because the "
                f"limit of {parent._setpoint_limit.where} holds for channel {self.id} in kelvin; allowed is that"
            )
        if parent._heater_limit is not None:
            parent._heater_limit.check(f"{self.who}: heater limit", wanted.limit, "A")
        self.write(
            f"CSET {wanted.channel},{wanted.filtered:d},{wanted.unit:d},{wanted.delay},{wanted.display:d},"
            f"{self.HEATER_RANGES.index(wanted.limit)},{wanted.resistance:.7g}"
        )

    @property
    def setpoint_unit(self) -> Unit:
        """Control the unit of the set point, one field of `loop`; with the limits of `loop`."""
        return self.loop.unit

    @setpoint_unit.setter
    def setpoint_unit(self, value: Unit) -> None:
        unit = member("setpoint_unit", Unit)(value)
        with self.parent.lock:
            self.loop = self.loop._replace(unit=unit)

    @property
    def excitation(self) -> float:
        """Control the excitation current (A) of the control channel, strictly one of `EXCITATION_CURRENTS`.

        Reading raises CommandError while that channel is excited with a voltage; setting makes it a current.
        """
        setup = self.parent.channel(self.id).setup
        if setup.mode is not ExcitationMode.CURRENT:
            raise CommandError(
                f"{self.who}: channel {self.id} is excited with a voltage, {setup.excitation:g} V; set the current"
            )
        return float(setup.excitation)

    @excitation.setter
    def excitation(self, value: float) -> None:
        current = one_of("excitation", EXCITATION_CURRENTS, "A")(value)
        with self.parent.lock:
            channel = self.parent.channel(self.id)
            channel.setup = channel.setup._replace(mode=ExcitationMode.CURRENT, excitation=current)

    ramp = Instrument.control(
        "RAMP?",
        "RAMP %d,%.7g",
        """Control the set point ramp, a `Ramp`; rate strictly 1.6667e-5 to 0.16667 K/s (0.001 to 10 K/min), or 0 for
        a step. It starts with the next new set point.""",
        validator=record("ramp", Ramp, enabled=strict_bool("ramp enabled"), rate=ramp_rate(fastest=10)),
        set_process=lambda ramp: (ramp.enabled, ramp.rate * 60),
        preprocess_reply=reply(rf"[01],{REAL}", "on and rate like 1,+000.200"),
        get_process_list=lambda fields: Ramp(bool(fields[0]), fields[1] / 60),
    )
    ramping = Instrument.measurement(
        "RAMPST?",
        """Get whether the set point is moving (bool).""",
        preprocess_reply=index_reply(2),
        cast=int,
        get_process=bool,
    )
    pid = Instrument.control(
        "PID?",
        "PID %.7g,%.7g,%.7g",
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
    def mode(self) -> ControlMode:
        """Control what the heater follows, a `ControlMode`.

        Where the station limits the set point, ValueError for a mode that heats without one.
        """
        form = reply("0?[1-4]", "a whole number 1 to 4")
        return ControlMode(self.values("CMODE?", preprocess_reply=form, cast=int)[0])

    @mode.setter
    def mode(self, value: ControlMode) -> None:
        mode = member("mode", ControlMode)(value)
        if self.parent._setpoint_limit is not None and mode not in _COLD_MODES:
            raise ValueError(
                f"{self.who}: mode {mode.name} was not sent, because it would heat past the set point's limit of "
                f"{self.parent._setpoint_limit.where}; allowed are OFF and CLOSED_LOOP"
            )
        self.write(f"CMODE {mode:d}")

    @property
    def heater_range(self) -> float:
        """Control the full-scale heater current (A), strictly one of `HEATER_RANGES`; 0 is off.

        The instrument refuses one above the limit in `loop`. Where the station has a limit, ValueError beyond it, and
        CommandError when another range reads back.
        """
        index: int = self.values("HTRRNG?", preprocess_reply=index_reply(9), cast=int)[0]
        return self.HEATER_RANGES[index]

    @heater_range.setter
    def heater_range(self, value: float) -> None:
        amperes = one_of("heater_range", self.HEATER_RANGES, "A")(value)
        limit = self.parent._heater_limit
        if limit is not None:
            limit.check(f"{self.who}: heater_range", amperes, "A")
        with self.parent.lock:
            self.write(f"HTRRNG {self.HEATER_RANGES.index(amperes)}")
            if limit is not None and (kept := self.heater_range) != amperes:
                raise CommandError(
                    f"{self.who}: a heater range of {amperes:g} A was sent, but it reads back as {kept:g} A"
                )

    @property
    def heater_output(self) -> float:
        """Measure the heater output (percent of the range); CommandError while the display is by power, in watts."""
        form = reply(f"{SIX};{_LOOP}", f"heater output and {_LOOP_FORM}")
        output, loop = self.values("HTR?;CSET?", separator=";", cast=str, preprocess_reply=form)
        if _loop_from(loop.split(",")).display is not HeaterDisplay.CURRENT:
            raise CommandError(
                f"{self.who}: the heater output is in watts; set the display in `loop` to HeaterDisplay.CURRENT"
            )
        return float(output)

    heater_status = Instrument.measurement(
        "HTRST?",
        """Get the error code of the heater; 0 is good.""",
        preprocess_reply=index_reply(3),
        cast=int,
    )

    def heater_off(self) -> None:
        """Heater range to off."""
        self.write("HTRRNG 0")


class MeasurementInput(Thermometer):
    """One channel; role ThermometerBridge.

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
        text = self.values("RDGR? {ch};RDGST? {ch}", separator=";", cast=str, preprocess_reply=form)
        status = BridgeStatus(int(text[1]))
        if float(text[0]) == 0 and text[0].endswith("E+09"):
            return BridgeReading(math.nan, status | BridgeStatus.RESISTANCE_OVER)
        return BridgeReading(float(text[0]), status)

    @property
    def kelvin(self) -> float:
        """Measure the temperature (K) by the curve in the instrument; CalibrationError when it has none."""
        return self._kelvin(f"RDGK? {self.id}")

    excitation_power = Instrument.measurement(
        "RDGPWR? {ch}", """Measure the power in the sensor (W).""", preprocess_reply=six_digits
    )
    setup = Instrument.control(
        "RDGRNG? {ch}",
        "RDGRNG {ch},%d,%d,%d,%d,%d",
        """Control excitation and range, a `BridgeSetup`; strictly `VOLTAGE_EXCITATIONS` (V) or `EXCITATION_CURRENTS`
        (A), and `RESISTANCE_RANGES` (ohm). Autorange and shunt become those of all channels.""",
        validator=_checked_setup,
        set_process=_setup_fields,
        preprocess_reply=reply(
            r"(?:0,(?:0?[1-9]|1[0-2])|1,(?:0?[1-9]|1\d|2[0-2])),(?:0?[1-9]|1\d|2[0-2]),[01],[01]",
            "five fields like 0,07,10,1,0",
        ),
        cast=int,
        get_process_list=_setup_from,
    )
    settings = Instrument.control(
        "INSET? {ch}",
        "INSET {ch},%d,%d,%d,%d,%d",
        """Control scanning and curve, an `InputSettings`: dwell 1 to 200 s, pause 3 to 200 s, curve 0 to 20.""",
        validator=record(
            "settings",
            InputSettings,
            enabled=strict_bool("enabled"),
            dwell=strict_integer("dwell", 1, 200),
            pause=strict_integer("pause", 3, 200),
            curve=strict_integer("curve", 0, MOST_CURVES),
            coefficient=member("coefficient", Coefficient),
        ),
        preprocess_reply=reply(r"[01],\d{1,3},\d{1,3},\d{1,2},[12]", "five fields like 1,007,003,20,1"),
        cast=int,
        get_process_list=lambda f: InputSettings(bool(f[0]), f[1], f[2], f[3], Coefficient(f[4])),
    )
    filter = lakeshore.MeasurementInput.filter

    def select(self) -> None:
        """Measure this channel from now on, without autoscan; it needs about 3 s and the filter to settle."""
        self.write("SCAN {ch},0")


def _channel_of(value: object) -> int:
    if isinstance(value, str) and value in {str(channel) for channel in range(1, 17)}:
        return int(value)
    raise ValueError(f"control_input of {value!r} is not an input of a 370; allowed are '1' to '16'")


class LakeShore370(StoredCurves):
    """Lake Shore 370; `controller` and `bridge` are its two roles over the one connection.

    `setpoint_limit` (K) and `heater_limit` (A, full scale of the range) are what the station allows.
    """

    IDENTITY: ClassVar[str] = r"LSCI,MODEL370,[^,]+,[^,]+"
    CURVES: ClassVar[tuple[int, int]] = (1, MOST_CURVES)
    CURVE_INPUTS: ClassVar[tuple[str, ...]] = tuple(str(channel) for channel in range(1, 17))
    SETTINGS: ClassVar[tuple[str, ...]] = ("scan",)

    def __init__(
        self,
        adapter: Any,
        name: str = "Lake Shore 370",
        *,
        bridge_channel: int = 1,
        control_input: str = "2",
        setpoint_limit: Bound | None = None,
        heater_limit: Bound | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self._setpoint_limit, self._heater_limit = setpoint_limit, heater_limit
        self.control_input = control_input
        self.controller = Controller(self, _channel_of(control_input))
        self.bridge = self.channel(bridge_channel)

    def channel(self, number: int) -> MeasurementInput:
        """The channel of that number, 1 to 16."""
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
        """Make the loop follow the control channel in kelvin, with the heater output in percent; read it back."""
        with self.lock:
            wanted = self.controller.loop._replace(
                channel=self.controller.id, unit=Unit.KELVIN, display=HeaterDisplay.CURRENT
            )
            self.controller.loop = wanted
            if (kept := self.controller.loop) != wanted:
                raise CommandError(f"{self.who}: {wanted} was sent, but reads back as {kept}")

    def snapshot(self) -> dict[str, object]:
        """Every setting by name, those of the two roles under `controller` and `bridge`."""
        with self.sparing(SNAPSHOT_TIME):
            own = super().snapshot()
            return own | {
                "controller": {"channel": jsonable(self.controller.id)} | self.controller.snapshot(),
                "bridge": {"channel": jsonable(self.bridge.id)} | self.bridge.snapshot(),
            }
