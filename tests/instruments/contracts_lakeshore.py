"""What the drivers of the Lake Shore 370 and 372 must put on the wire, from their manuals, see `contracts`."""

from collections.abc import Callable

from coldfinger.instruments import lakeshore, lakeshore370
from coldfinger.instruments.lakeshore import (
    PID,
    Autorange,
    Coefficient,
    ExcitationMode,
    Filter,
    HeaterDisplay,
    HeaterSetup,
    InputSettings,
    InputSetup,
    OutputMode,
    Ramp,
    Scan,
    Unit,
)
from coldfinger.instruments.lakeshore370 import BridgeSetup, LoopSetup
from coldfinger.instruments.roles import BridgeReading, BridgeStatus
from tests.instruments.contracts import Exchanges, Limit, Row

LS372_IDENTITY = "LSCI,MODEL372,LSA23JD,1.3"
LS370_IDENTITY = "LSCI,MODEL370,370AF8,04102008"

# What the two say with the same words

WHOLE = [Row("scan", "SCAN?", "01,1", Scan(1, True), Scan(6, False), "SCAN 6,0")]
WHOLE_LIMITS = [
    Limit("scan", Scan(1, True), "SCAN 1,1", Scan(0, True), Scan(16, False), "SCAN 16,0", Scan(17, False)),
]
_VOLTAGE, _CURRENT = ExcitationMode.VOLTAGE, ExcitationMode.CURRENT


def _pid_limits(to: str) -> list[Limit]:
    """The edges of the loop's parameters; `to` names the output before them."""
    return [
        Limit(
            "pid", PID(0, 0, 0), f"PID {to}0,0,0", PID(-1, 0, 0), PID(1000, 1, 1), f"PID {to}1000,1,1", PID(1001, 1, 1)
        ),
        Limit(
            "pid",
            PID(1, 0, 0),
            f"PID {to}1,0,0",
            PID(1, -1, 0),
            PID(1, 10000, 1),
            f"PID {to}1,10000,1",
            PID(1, 10001, 1),
        ),
        Limit(
            "pid", PID(1, 1, 0), f"PID {to}1,1,0", PID(1, 1, -1), PID(1, 1, 2500), f"PID {to}1,1,2500", PID(1, 1, 2501)
        ),
    ]


def _settings(dwell: int, pause: int, curve: int) -> InputSettings:
    return InputSettings(True, dwell, pause, curve, Coefficient.NEGATIVE)


def _common_rows(curve: int) -> list[Row]:
    """Of a channel that follows a curve."""
    return [
        Row("excitation_power", "RDGPWR? 1", "+001.800E-15", 1.8e-15),
        Row(
            "settings",
            "INSET? 1",
            f"1,007,003,{curve},1",
            _settings(7, 3, curve),
            InputSettings(False, 10, 5, 0, Coefficient.POSITIVE),
            "INSET 1,0,10,5,0,2",
        ),
        Row("filter", "FILTER? 1", "1,010,02", Filter(True, 10, 2), Filter(False, 18, 10), "FILTER 1,0,18,10"),
    ]


def _common_limits(curves: int) -> list[Limit]:
    """Of a channel of an instrument with so many curves."""
    return [
        Limit(
            "settings",
            _settings(1, 3, 0),
            "INSET 1,1,1,3,0,1",
            _settings(0, 3, 0),
            _settings(200, 200, curves),
            f"INSET 1,1,200,200,{curves},1",
            _settings(200, 200, curves + 1),
        ),
        Limit(
            "settings",
            _settings(1, 3, 1),
            "INSET 1,1,1,3,1,1",
            _settings(1, 2, 1),
            _settings(1, 200, 1),
            "INSET 1,1,1,200,1,1",
            _settings(1, 201, 1),
        ),
        Limit(
            "filter",
            Filter(True, 1, 1),
            "FILTER 1,1,1,1",
            Filter(True, 0, 1),
            Filter(True, 200, 80),
            "FILTER 1,1,200,80",
            Filter(True, 200, 81),
        ),
    ]


def _setup_limits(
    setup: Callable[[ExcitationMode, float, float], object],
    line: Callable[..., str],
    least_current: tuple[int, float],
    too_small: object,
) -> list[Limit]:
    """The edges of excitation and range of resistance (ohm), which both have, but for the least current.

    `line` makes a command of mode, number of the excitation and number of the range; `least_current` is such a number
    with its current (A), and `too_small` what is just below it.
    """
    number, current = least_current
    return [
        Limit(
            "setup",
            setup(_VOLTAGE, 2e-6, 2e-3),
            line(0, 1, 1),
            setup(_VOLTAGE, 1e-6, 2e-3),
            setup(_VOLTAGE, 0.632, 63.2e6),
            line(0, 12, 22),
            setup(_VOLTAGE, 2.0, 63.2e6),
        ),
        Limit(
            "setup",
            setup(_CURRENT, current, 2e-3),
            line(1, number, 1),
            too_small,
            setup(_CURRENT, 31.6e-3, 63.2e6),
            line(1, 22, 22),
            setup(_CURRENT, 31.6e-3, 200e6),
        ),
    ]


# The 372

_INPUT_IN_KELVIN: Exchanges = (("INTYPE? A", "1,04,0,15,0,1"),)
LS372_CONTROLLER = [
    Row("temperature", "KRDG? A", "+293.873E+00", 293.873),
    Row("status", "RDGST? A", "016", BridgeStatus.RESISTANCE_OVER),
    Row("setpoint", "SETP? 0", "+100.000E-03", 0.1, 0.05, "SETP 0,0.05", before=_INPUT_IN_KELVIN),
    Row(
        "setpoint_unit",
        "INTYPE? A",
        "1,04,0,15,0,2",
        Unit.OHM,
        Unit.KELVIN,
        "INTYPE A,1,4,0,15,0,1",
        before=(("INTYPE? A", "1,04,0,15,0,2"),),
    ),
    Row(
        "excitation",
        "INTYPE? A",
        "1,04,0,15,0,2",
        10e-9,
        3.16e-9,
        "INTYPE A,1,3,0,15,0,2",
        before=(("INTYPE? A", "1,04,0,15,0,2"),),
    ),
    Row("ramp", "RAMP? 0", "1,+000.600", Ramp(True, 0.01), Ramp(True, 0.2 / 60), "RAMP 0,1,0.2"),
    Row("ramping", "RAMPST? 0", "1", True),
    Row("pid", "PID? 0", "+0010.00,+0020.0,+00.00", PID(10, 20, 0), PID(2.5, 15, 0), "PID 0,2.5,15,0"),
    Row("heater_range", "RANGE? 0", "0", 0.0, 316e-6, "RANGE 0,3"),
    Row("heater_output", "HTR?", "+00.0005E+00", 0.0005),
    Row("heater_status", "HTRST? 0", "0", 0),
    Row(
        "heater_setup",
        "HTRSET? 0",
        "+120.000,8,+0000.00,1",
        HeaterSetup(120.0, HeaterDisplay.CURRENT),
        HeaterSetup(100.5, HeaterDisplay.POWER),
        "HTRSET 0,100.5,0,0,2",
    ),
    Row(
        "output_mode",
        "OUTMODE? 0",
        "2,6,1,0,0,001",
        OutputMode(lakeshore.ControlMode.OPEN_LOOP, "6", True, False, False, 1),
        OutputMode(lakeshore.ControlMode.CLOSED_LOOP, "A", False, False, True, 5),
        "OUTMODE 0,5,A,0,0,1,5",
    ),
]


def _output_mode(delay: int) -> OutputMode:
    return OutputMode(lakeshore.ControlMode.CLOSED_LOOP, "A", False, False, False, delay)


LS372_CONTROLLER_LIMITS = [
    Limit("setpoint", 0, "SETP 0,0", -0.001, 400, "SETP 0,400", 400.1, before=_INPUT_IN_KELVIN),
    Limit(
        "ramp",
        Ramp(True, 0.001 / 60),
        "RAMP 0,1,0.001",
        Ramp(True, 0.0009 / 60),
        Ramp(False, 100 / 60),
        "RAMP 0,0,100",
        Ramp(False, 101 / 60),
    ),
    Limit("ramp", Ramp(True, 0), "RAMP 0,1,0", Ramp(True, -1), Ramp(True, 1), "RAMP 0,1,60", Ramp(True, 2)),
    *_pid_limits("0,"),
    Limit("heater_range", 0, "RANGE 0,0", 1e-6, 0.1, "RANGE 0,8", 0.316),
    Limit(
        "heater_setup",
        HeaterSetup(1, HeaterDisplay.CURRENT),
        "HTRSET 0,1,0,0,1",
        HeaterSetup(0.5, HeaterDisplay.CURRENT),
        HeaterSetup(2000, HeaterDisplay.POWER),
        "HTRSET 0,2000,0,0,2",
        HeaterSetup(2001, HeaterDisplay.POWER),
    ),
    Limit(
        "output_mode",
        _output_mode(1),
        "OUTMODE 0,5,A,0,0,0,1",
        _output_mode(0),
        _output_mode(255),
        "OUTMODE 0,5,A,0,0,0,255",
        _output_mode(256),
    ),
]


def _setup(mode: ExcitationMode, excitation: float, resistance: float) -> InputSetup:
    return InputSetup(mode, excitation, Autorange.OFF, resistance, False, Unit.OHM)


LS372_BRIDGE = [
    Row("reading", "SRDG? 1;RDGST? 1", "+108.278E+00;000", BridgeReading(108.278, BridgeStatus(0))),
    Row("kelvin", "KRDG? 1", "+050.123E-03", 0.050123),
    Row("quadrature", "QRDG? 1", "-001.250E+00", -1.25),
    Row(
        "setup",
        "INTYPE? 1",
        "0,07,1,10,0,1",
        InputSetup(_VOLTAGE, 2e-3, Autorange.ON, 63.2, False, Unit.KELVIN),
        InputSetup(_CURRENT, 3.16e-9, Autorange.OFF, 20e3, True, Unit.OHM),
        "INTYPE 1,1,8,0,15,1,2",
    ),
    *_common_rows(curve=21),
]


LS372_BRIDGE_LIMITS = [
    *_setup_limits(_setup, "INTYPE 1,{},{},0,{},0,2".format, (1, 1e-12), _setup(_CURRENT, 1e-12, 1e-3)),
    *_common_limits(curves=59),
]


# The 370

_LOOP = "02,0,1,001,1,8,+120.000"
_LOOP_IN_KELVIN: Exchanges = (("CSET?", _LOOP),)
_RANGES: Exchanges = (("RDGRNG? 2", "0,03,15,1,0"),)
LS370_CONTROLLER = [
    Row("temperature", "RDGK? 2", "+050.123E-03", 0.050123),
    Row("status", "RDGST? 2", "016", BridgeStatus.RESISTANCE_OVER),
    Row("setpoint", "SETP?", "+100.000E-03", 0.1, 0.05, "SETP 0.05", before=_LOOP_IN_KELVIN),
    Row(
        "loop",
        "CSET?",
        "06,1,2,010,2,3,+0100.50",
        LoopSetup(6, True, Unit.OHM, 10, HeaterDisplay.POWER, 316e-6, 100.5),
        LoopSetup(2, False, Unit.KELVIN, 5, HeaterDisplay.CURRENT, 0.1, 120.0),
        "CSET 2,0,1,5,1,8,120",
    ),
    Row("setpoint_unit", "CSET?", _LOOP, Unit.KELVIN, Unit.OHM, "CSET 2,0,2,1,1,8,120", before=_LOOP_IN_KELVIN),
    Row("excitation", "RDGRNG? 2", "1,05,15,1,0", 100e-12, 3.16e-9, "RDGRNG 2,1,8,15,1,0", before=_RANGES),
    Row("ramp", "RAMP?", "1,+000.600", Ramp(True, 0.01), Ramp(True, 0.2 / 60), "RAMP 1,0.2"),
    Row("ramping", "RAMPST?", "1", True),
    Row("pid", "PID?", "+0010.00,+0020.0,+00.00", PID(10, 20, 0), PID(2.5, 15, 0), "PID 2.5,15,0"),
    Row("mode", "CMODE?", "3", lakeshore370.ControlMode.OPEN_LOOP, lakeshore370.ControlMode.OFF, "CMODE 4"),
    Row("heater_range", "HTRRNG?", "0", 0.0, 316e-6, "HTRRNG 3"),
    Row("heater_output", "HTR?;CSET?", "+00.0005E+00;" + _LOOP, 0.0005),
    Row("heater_status", "HTRST?", "0", 0),
]


_Loop = tuple[int, int, float, float]
"""Channel, delay (s), largest current of the heater (A), resistance of the heater (ohm)."""
_HEATER_RANGES = {31.6e-6: 1, 0.1: 8}


def _loop(channel: int, delay: int, limit: float, resistance: float) -> LoopSetup:
    return LoopSetup(channel, False, Unit.KELVIN, delay, HeaterDisplay.CURRENT, limit, resistance)


def _loop_limit(least: _Loop, below: _Loop, most: _Loop, above: _Loop) -> Limit:
    """The edges of one or several parameters of the loop at once."""

    def line(loop: _Loop) -> str:
        channel, delay, limit, resistance = loop
        return f"CSET {channel},0,1,{delay},1,{_HEATER_RANGES[limit]},{resistance:g}"

    return Limit("loop", _loop(*least), line(least), _loop(*below), _loop(*most), line(most), _loop(*above))


LS370_CONTROLLER_LIMITS = [
    Limit("setpoint", 0, "SETP 0", -0.001, 400, "SETP 400", 400.1, before=_LOOP_IN_KELVIN),
    _loop_limit((1, 1, 31.6e-6, 1), (0, 1, 31.6e-6, 1), (16, 255, 0.1, 1e5), (17, 255, 0.1, 1e5)),
    _loop_limit((1, 1, 31.6e-6, 1), (1, 0, 31.6e-6, 1), (1, 255, 0.1, 1), (1, 256, 0.1, 1)),
    _loop_limit((1, 1, 31.6e-6, 1), (1, 1, 0.0, 1), (1, 1, 0.1, 1), (1, 1, 0.316, 1)),
    _loop_limit((1, 1, 0.1, 1), (1, 1, 0.1, 0.99), (1, 1, 0.1, 1e5), (1, 1, 0.1, 1.001e5)),
    Limit("excitation", 3.16e-12, "RDGRNG 2,1,2,15,1,0", 1e-12, 31.6e-3, "RDGRNG 2,1,22,15,1,0", 0.1, before=_RANGES),
    Limit("ramp", Ramp(True, 0), "RAMP 1,0", Ramp(True, 0.0009 / 60), Ramp(False, 10 / 60), "RAMP 0,10", Ramp(True, 1)),
    *_pid_limits(""),
    Limit("heater_range", 0, "HTRRNG 0", 1e-6, 0.1, "HTRRNG 8", 0.316),
]


def _bridge_setup(mode: ExcitationMode, excitation: float, resistance: float) -> BridgeSetup:
    return BridgeSetup(mode, excitation, Autorange.OFF, resistance, False)


LS370_BRIDGE = [
    Row("reading", "RDGR? 1;RDGST? 1", "+108.278E+00;000", BridgeReading(108.278, BridgeStatus(0))),
    Row("kelvin", "RDGK? 1", "+050.123E-03", 0.050123),
    Row(
        "setup",
        "RDGRNG? 1",
        "0,07,10,1,0",
        BridgeSetup(_VOLTAGE, 2e-3, Autorange.ON, 63.2, False),
        BridgeSetup(_CURRENT, 3.16e-9, Autorange.OFF, 20e3, True),
        "RDGRNG 1,1,8,15,0,1",
    ),
    *_common_rows(curve=20),
]
LS370_BRIDGE_LIMITS = [
    *_setup_limits(_bridge_setup, "RDGRNG 1,{},{},{},0,0".format, (2, 3.16e-12), _bridge_setup(_CURRENT, 1e-12, 2e-3)),
    *_common_limits(curves=20),
]
