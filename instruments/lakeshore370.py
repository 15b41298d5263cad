"""Lake Shore 370 AC resistance bridge and temperature controller: one connection, two roles.

Commands and limits: Model 370 manual, chapter 6 (Remote Operation). Numbers, readings, scanner, filter and the silence
about what is not understood are those of the 372 (`lakeshore_bridge`); ranges, loop and heater have words of their own.
pymeasure has no driver for either of the two.

The 370 has no control input of its own: the loop follows one of the sixteen channels. Its ranging is not a channel's
own either: autorange and the switch of the excitation hold for all channels, so that setting them in one `setup` sets
them everywhere. In the display by power the heater output is answered in watts; here it is percent of the range's
current or an error, never the one for the other.
"""

from enum import IntEnum
from typing import Any, ClassVar, NamedTuple

from pymeasure.instruments import Instrument

from coldfinger.instruments.driver import SNAPSHOT_TIME, jsonable, reply
from coldfinger.instruments.errors import CommandError
from coldfinger.instruments.lakeshore_bridge import (
    CURRENT_EXCITATIONS,
    RESISTANCE_RANGES,
    Autorange,
    ExcitationMode,
    HeaterDisplay,
    Loop,
    ScannedBridge,
    ScannedInput,
    Unit,
    excitations,
    input_settings,
    same_setpoint,
    setpoint_ramp,
    setup_validator,
)
from coldfinger.instruments.lakeshore_words import REAL, SIX, real
from coldfinger.instruments.lakeshore_words import Coefficient as Coefficient
from coldfinger.instruments.lakeshore_words import CurveFormat as CurveFormat
from coldfinger.instruments.lakeshore_words import CurveHeader as CurveHeader
from coldfinger.instruments.validators import member, one_of, record, strict_bool, strict_integer, strict_number

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


_checked_setup = setup_validator(BridgeSetup, EXCITATION_CURRENTS, "a 370")


def _setup_fields(setup: BridgeSetup) -> tuple[int, ...]:
    place = excitations(setup.mode).index(setup.excitation) + 1
    return setup.mode, place, RESISTANCE_RANGES.index(setup.range) + 1, setup.autorange, setup.shunted


def _setup_from(fields: list[int]) -> BridgeSetup:
    mode = ExcitationMode(fields[0])
    resistance = RESISTANCE_RANGES[fields[2] - 1]
    return BridgeSetup(mode, excitations(mode)[fields[1] - 1], Autorange(fields[3]), resistance, bool(fields[4]))


_checked_loop = record(
    "loop",
    LoopSetup,
    channel=strict_integer("channel", 1, 16),
    filtered=strict_bool("filtered"),
    unit=member("unit", Unit),
    delay=strict_integer("delay", 1, 255),
    display=member("heater display", HeaterDisplay),
    limit=one_of("heater limit", Loop.HEATER_RANGES[1:], "A"),
    resistance=strict_number("heater resistance", 1, 1e5, "ohm"),
)
_COLD_MODES = (ControlMode.OFF, ControlMode.CLOSED_LOOP)


def _loop_from(fields: list[str]) -> LoopSetup:
    channel, filtered, unit, delay, display, limit = (int(field) for field in fields[:6])
    amperes, ohms = Loop.HEATER_RANGES[limit], float(fields[6])
    return LoopSetup(channel, bool(filtered), Unit(unit), delay, HeaterDisplay(display), amperes, ohms)


class Controller(Loop):
    """The control loop with its heater and the channel that it follows; role TemperatureController."""

    HEATER: ClassVar[str] = "HTRRNG"
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

    @property
    def setpoint(self) -> float:
        """Control the set point (K), strictly 0 to 400; while a ramp runs, the value that moves.

        The instrument takes the number in the unit of the loop and for the channel of the loop: setting raises
        CommandError unless these are kelvin and the control channel. See `loop` and `setpoint_unit`.
        """
        return float(self.values("SETP?", preprocess_reply=real)[0])

    @setpoint.setter
    def setpoint(self, value: float) -> None:
        kelvin = self._checked_setpoint(value)
        with self.parent.lock:
            loop = self.loop
            if loop.unit is not Unit.KELVIN or loop.channel != self.id:
                raise CommandError(
                    f"{self.who}: set point {kelvin:g} K was not sent, because the loop follows channel "
                    f"{loop.channel} in {loop.unit.name.lower()}; make it follow channel {self.id} in kelvin first"
                )
            self.write(f"SETP {kelvin:.7g}")
            if self.parent._setpoint_limit is None or self.ramp.enabled:
                return
            if not same_setpoint(kept := self.setpoint, kelvin):
                raise self._another_setpoint(kelvin, kept)

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

    ramp = setpoint_ramp(fastest=10)

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
    def heater_output(self) -> float:
        """Measure the heater output (percent of the range); CommandError while the display is by power, in watts."""
        form = reply(f"{SIX};{_LOOP}", f"heater output and {_LOOP_FORM}")
        output, loop = self.values("HTR?;CSET?", separator=";", cast=str, preprocess_reply=form)
        if _loop_from(loop.split(",")).display is not HeaterDisplay.CURRENT:
            raise CommandError(
                f"{self.who}: the heater output is in watts; set the display in `loop` to HeaterDisplay.CURRENT"
            )
        return float(output)


class MeasurementInput(ScannedInput):
    """One channel; role ThermometerBridge."""

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
    settings = input_settings(highest=MOST_CURVES, like="1,007,003,20,1")


def _channel_of(value: object) -> int:
    if isinstance(value, str) and value in {str(channel) for channel in range(1, 17)}:
        return int(value)
    raise ValueError(f"control_input of {value!r} is not an input of a 370; allowed are '1' to '16'")


class LakeShore370(ScannedBridge):
    """Lake Shore 370; `controller` and `bridge` are its two roles over the one connection.

    `setpoint_limit` (K) and `heater_limit` (A, full scale of the range) are what the station allows.
    """

    IDENTITY: ClassVar[str] = r"LSCI,MODEL370,[^,]+,[^,]+"
    KELVIN: ClassVar[str] = "RDGK"
    OHM: ClassVar[str] = "RDGR"
    CURVES: ClassVar[tuple[int, int]] = (1, MOST_CURVES)
    CURVE_INPUTS: ClassVar[tuple[str, ...]] = tuple(str(channel) for channel in range(1, 17))

    def __init__(
        self,
        adapter: Any,
        name: str = "Lake Shore 370",
        *,
        bridge_channel: int = 1,
        control_input: str = "2",
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self.control_input = control_input
        self.controller = Controller(self, _channel_of(control_input))
        self.bridge = self.channel(bridge_channel)

    def channel(self, number: int) -> MeasurementInput:
        """The channel of that number, 1 to 16."""
        return MeasurementInput(self, number)

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
