"""Lake Shore 372 AC resistance bridge and temperature controller: one connection, two roles.

Commands and limits: Model 372 manual, chapter 6 (Computer Interface Operation). The instrument ignores
silently what it does not understand; as in the maker's own driver `;*ESR?` goes along with each command, in
the same line, so that the answer belongs to this command and costs no second trip.
"""

from enum import IntEnum
from typing import Any, ClassVar, NamedTuple

from pymeasure.instruments import Instrument

from coldfinger.instruments.driver import SNAPSHOT_TIME, jsonable, reply
from coldfinger.instruments.errors import CommandError
from coldfinger.instruments.lakeshore_bridge import (
    CURRENT_EXCITATIONS,
    PID,
    RESISTANCE_RANGES,
    VOLTAGE_EXCITATIONS,
    Autorange,
    ExcitationMode,
    Filter,
    HeaterDisplay,
    InputSettings,
    Loop,
    Ramp,
    Scan,
    ScannedBridge,
    ScannedInput,
    Unit,
    excitations,
    input_settings,
    same_setpoint,
    setpoint_ramp,
    setup_validator,
)
from coldfinger.instruments.lakeshore_words import REAL, Coefficient, CurveFormat, CurveHeader, real, six_digits
from coldfinger.instruments.validators import member, one_of, record, strict_bool, strict_integer, strict_number

__all__ = [
    "CONTROL_EXCITATIONS",
    "CURRENT_EXCITATIONS",
    "INPUTS",
    "PID",
    "RESISTANCE_RANGES",
    "VOLTAGE_EXCITATIONS",
    "Autorange",
    "Coefficient",
    "ControlMode",
    "Controller",
    "CurveFormat",
    "CurveHeader",
    "ExcitationMode",
    "Filter",
    "HeaterDisplay",
    "HeaterSetup",
    "InputSettings",
    "InputSetup",
    "LakeShore372",
    "MeasurementInput",
    "OutputMode",
    "Ramp",
    "Scan",
    "Unit",
]

CONTROL_EXCITATIONS = CURRENT_EXCITATIONS[5:11]  # A rms, 316 pA to 100 nA: what input A has


class ControlMode(IntEnum):
    """What an output follows."""

    OFF = 0
    MONITOR = 1
    OPEN_LOOP = 2
    ZONE = 3
    STILL = 4
    CLOSED_LOOP = 5
    WARM_UP = 6


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


_checked_setup = setup_validator(InputSetup, CURRENT_EXCITATIONS, "a measurement input", unit=member("unit", Unit))


def _setup_fields(setup: InputSetup) -> tuple[int, ...]:
    return (
        setup.mode,
        excitations(setup.mode).index(setup.excitation) + 1,
        setup.autorange,
        RESISTANCE_RANGES.index(setup.range) + 1,
        setup.shunted,
        setup.unit,
    )


def _setup_from(fields: list[int]) -> InputSetup:
    mode = ExcitationMode(fields[0])
    return InputSetup(
        mode,
        excitations(mode)[fields[1] - 1],
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


class Controller(Loop):
    """The control loop of output 0 (sample heater) with its control input; role TemperatureController."""

    OUTPUT: ClassVar[str] = "0"
    HEATER: ClassVar[str] = "RANGE"
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

    @property
    def setpoint(self) -> float:
        """Control the set point (K), strictly 0 to 400; while a ramp runs, the value that moves.

        The instrument takes the number in the preferred unit of the input: setting raises CommandError
        unless that is kelvin (0.1 meant as kelvin and taken as ohm would turn the heater fully on). See
        `setpoint_unit`.
        """
        return float(self.values("SETP?{of}", preprocess_reply=real)[0])

    @setpoint.setter
    def setpoint(self, value: float) -> None:
        kelvin = self._checked_setpoint(value)
        with self.parent.lock:
            if self.setpoint_unit is not Unit.KELVIN:
                raise CommandError(
                    f"{self.who}: set point {kelvin:g} K was not sent, because the set point of input "
                    f"{self.id} is in ohm; set setpoint_unit to Unit.KELVIN first"
                )
            self.write(f"SETP {{to}}{kelvin:.7g}")
            if self.parent._setpoint_limit is None or same_setpoint(kept := self.setpoint, kelvin):
                return
            if not self.ramp.enabled:
                raise self._another_setpoint(kelvin, kept)

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
        if self.id != "A":
            raise ValueError(
                f"excitation of {value!r}: the control input is channel {self.id}; set it in that channel's setup"
            )
        with self.parent.lock:
            fields = self._input_type()
            fields[1] = CONTROL_EXCITATIONS.index(current) + 1
            self.write("INTYPE {input}," + ",".join(str(field) for field in fields))

    def _input_type(self) -> list[int]:
        form = reply(r"[01],\d{1,2},[012],\d{1,2},[01],[12]", "six fields like 1,04,0,15,0,2")
        return self.values("INTYPE? {input}", preprocess_reply=form, cast=int)

    ramp = setpoint_ramp(fastest=100)
    heater_output = Instrument.measurement(
        "HTR?",
        """Measure the heater output (percent of the range).""",
        preprocess_reply=six_digits,
    )
    heater_setup = Instrument.control(
        "HTRSET?{of}",
        "HTRSET {to}%.7g,0,0,%d",
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
        mode, name, *flags, delay = self.values("OUTMODE?{of}", preprocess_reply=form, cast=str)
        on_at_power_up, bipolar, filtered = (flag == "1" for flag in flags)
        name = name.lstrip("0") or "0"
        return OutputMode(ControlMode(int(mode)), name, on_at_power_up, bipolar, filtered, int(delay))

    @output_mode.setter
    def output_mode(self, value: OutputMode) -> None:
        wanted: OutputMode = _checked_mode(value)
        limit = self.parent._setpoint_limit
        follows = wanted.mode is ControlMode.CLOSED_LOOP and wanted.input == self.id
        if limit is not None and not follows and wanted.mode not in _COLD_MODES:
            raise ValueError(
                f"{self.who}: output_mode {wanted.mode.name} on input {wanted.input} was not sent, because it would "
                f"heat past the set point's limit of {limit.where}; allowed are OFF, MONITOR, and CLOSED_LOOP on input "
                f"{self.id}"
            )
        fields = ",".join(str(int(f)) for f in (wanted.on_at_power_up, wanted.bipolar, wanted.filtered, wanted.delay))
        self.write(f"OUTMODE {{to}}{wanted.mode:d},{wanted.input},{fields}")


class MeasurementInput(ScannedInput):
    """One channel of the measurement input (with scanner); role ThermometerBridge."""

    quadrature = Instrument.measurement(
        "QRDG? {ch}", """Measure the quadrature part (ohm).""", preprocess_reply=six_digits
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
    settings = input_settings(highest=59, like="1,007,003,21,1")


class LakeShore372(ScannedBridge):
    """Lake Shore 372; `controller` and `bridge` are its two roles over the one connection.

    `setpoint_limit` (K) and `heater_limit` (A, full scale of the range) are what the station allows.
    """

    IDENTITY: ClassVar[str] = r"LSCI,MODEL372,[^,]+,[^,]+"
    KELVIN: ClassVar[str] = "KRDG"
    OHM: ClassVar[str] = "SRDG"
    CURVES: ClassVar[tuple[int, int]] = (21, 59)  # 1 to 20 are the maker's
    CURVE_INPUTS: ClassVar[tuple[str, ...]] = INPUTS

    def __init__(
        self,
        adapter: Any,
        name: str = "Lake Shore 372",
        *,
        bridge_channel: int = 1,
        control_input: str = "A",
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self.control_input = _input_name(control_input)
        self.controller = Controller(self, self.control_input)
        self.bridge = self.channel(bridge_channel)

    def channel(self, number: int) -> MeasurementInput:
        """The measurement channel of that number, 1 to 16."""
        return MeasurementInput(self, number)

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
