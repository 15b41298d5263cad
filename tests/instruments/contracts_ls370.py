"""What the Lake Shore 370 driver must put on the wire, from the manual: one row a property, see `contracts`."""

from coldfinger.instruments.lakeshore import (
    PID,
    Autorange,
    Coefficient,
    ExcitationMode,
    Filter,
    HeaterDisplay,
    InputSettings,
    Ramp,
    Scan,
    Unit,
)
from coldfinger.instruments.lakeshore370 import BridgeSetup, ControlMode, LoopSetup
from coldfinger.instruments.roles import BridgeReading, BridgeStatus
from tests.instruments.contracts import Exchanges, Limit, Row

IDENTITY = "LSCI,MODEL370,370AF8,04102008"
WHOLE = [Row("scan", "SCAN?", "01,1", Scan(1, True), Scan(6, False), "SCAN 6,0")]
WHOLE_LIMITS = [
    Limit("scan", Scan(1, True), "SCAN 1,1", Scan(0, True), Scan(16, False), "SCAN 16,0", Scan(17, False)),
]
_LOOP = "02,0,1,001,1,8,+120.000"
_IN_KELVIN: Exchanges = (("CSET?", _LOOP),)
_RANGES: Exchanges = (("RDGRNG? 2", "0,03,15,1,0"),)
CONTROLLER = [
    Row("temperature", "RDGK? 2", "+050.123E-03", 0.050123),
    Row("status", "RDGST? 2", "016", BridgeStatus.RESISTANCE_OVER),
    Row("setpoint", "SETP?", "+100.000E-03", 0.1, 0.05, "SETP 0.05", before=_IN_KELVIN),
    Row(
        "loop",
        "CSET?",
        "06,1,2,010,2,3,+0100.50",
        LoopSetup(6, True, Unit.OHM, 10, HeaterDisplay.POWER, 316e-6, 100.5),
        LoopSetup(2, False, Unit.KELVIN, 5, HeaterDisplay.CURRENT, 0.1, 120.0),
        "CSET 2,0,1,5,1,8,120",
    ),
    Row("setpoint_unit", "CSET?", _LOOP, Unit.KELVIN, Unit.OHM, "CSET 2,0,2,1,1,8,120", before=_IN_KELVIN),
    Row("excitation", "RDGRNG? 2", "1,05,15,1,0", 100e-12, 3.16e-9, "RDGRNG 2,1,8,15,1,0", before=_RANGES),
    Row("ramp", "RAMP?", "1,+000.600", Ramp(True, 0.01), Ramp(True, 0.2 / 60), "RAMP 1,0.2"),
    Row("ramping", "RAMPST?", "1", True),
    Row("pid", "PID?", "+0010.00,+0020.0,+00.00", PID(10, 20, 0), PID(2.5, 15, 0), "PID 2.5,15,0"),
    Row("mode", "CMODE?", "3", ControlMode.OPEN_LOOP, ControlMode.OFF, "CMODE 4"),
    Row("heater_range", "HTRRNG?", "0", 0.0, 316e-6, "HTRRNG 3"),
    Row("heater_output", "HTR?;CSET?", "+00.0005E+00;" + _LOOP, 0.0005),
    Row("heater_status", "HTRST?", "0", 0),
]


def _loop(channel: int, delay: int, limit: float, resistance: float) -> LoopSetup:
    return LoopSetup(channel, False, Unit.KELVIN, delay, HeaterDisplay.CURRENT, limit, resistance)


CONTROLLER_LIMITS = [
    Limit("setpoint", 0, "SETP 0", -0.001, 400, "SETP 400", 400.1, before=_IN_KELVIN),
    Limit(
        "loop",
        _loop(1, 1, 31.6e-6, 1),
        "CSET 1,0,1,1,1,1,1",
        _loop(0, 1, 31.6e-6, 1),
        _loop(16, 255, 0.1, 1e5),
        "CSET 16,0,1,255,1,8,100000",
        _loop(17, 255, 0.1, 1e5),
    ),
    Limit(
        "loop",
        _loop(1, 1, 31.6e-6, 1),
        "CSET 1,0,1,1,1,1,1",
        _loop(1, 0, 31.6e-6, 1),
        _loop(1, 255, 0.1, 1),
        "CSET 1,0,1,255,1,8,1",
        _loop(1, 256, 0.1, 1),
    ),
    Limit(
        "loop",
        _loop(1, 1, 31.6e-6, 1),
        "CSET 1,0,1,1,1,1,1",
        _loop(1, 1, 0.0, 1),
        _loop(1, 1, 0.1, 1),
        "CSET 1,0,1,1,1,8,1",
        _loop(1, 1, 0.316, 1),
    ),
    Limit(
        "loop",
        _loop(1, 1, 0.1, 1),
        "CSET 1,0,1,1,1,8,1",
        _loop(1, 1, 0.1, 0.99),
        _loop(1, 1, 0.1, 1e5),
        "CSET 1,0,1,1,1,8,100000",
        _loop(1, 1, 0.1, 1.001e5),
    ),
    Limit("excitation", 3.16e-12, "RDGRNG 2,1,2,15,1,0", 1e-12, 31.6e-3, "RDGRNG 2,1,22,15,1,0", 0.1, before=_RANGES),
    Limit("ramp", Ramp(True, 0), "RAMP 1,0", Ramp(True, 0.0009 / 60), Ramp(False, 10 / 60), "RAMP 0,10", Ramp(True, 1)),
    Limit("pid", PID(0, 0, 0), "PID 0,0,0", PID(-1, 0, 0), PID(1000, 1, 1), "PID 1000,1,1", PID(1001, 1, 1)),
    Limit("pid", PID(1, 0, 0), "PID 1,0,0", PID(1, -1, 0), PID(1, 10000, 1), "PID 1,10000,1", PID(1, 10001, 1)),
    Limit("pid", PID(1, 1, 0), "PID 1,1,0", PID(1, 1, -1), PID(1, 1, 2500), "PID 1,1,2500", PID(1, 1, 2501)),
    Limit("heater_range", 0, "HTRRNG 0", 1e-6, 0.1, "HTRRNG 8", 0.316),
]


def _setup(mode: ExcitationMode, excitation: float, resistance: float) -> BridgeSetup:
    return BridgeSetup(mode, excitation, Autorange.OFF, resistance, False)


def _settings(dwell: int, pause: int, curve: int) -> InputSettings:
    return InputSettings(True, dwell, pause, curve, Coefficient.NEGATIVE)


_VOLTAGE, _CURRENT = ExcitationMode.VOLTAGE, ExcitationMode.CURRENT
BRIDGE = [
    Row("reading", "RDGR? 1;RDGST? 1", "+108.278E+00;000", BridgeReading(108.278, BridgeStatus(0))),
    Row("kelvin", "RDGK? 1", "+050.123E-03", 0.050123),
    Row("excitation_power", "RDGPWR? 1", "+001.800E-15", 1.8e-15),
    Row(
        "setup",
        "RDGRNG? 1",
        "0,07,10,1,0",
        BridgeSetup(_VOLTAGE, 2e-3, Autorange.ON, 63.2, False),
        BridgeSetup(_CURRENT, 3.16e-9, Autorange.OFF, 20e3, True),
        "RDGRNG 1,1,8,15,0,1",
    ),
    Row(
        "settings",
        "INSET? 1",
        "1,007,003,20,1",
        InputSettings(True, 7, 3, 20, Coefficient.NEGATIVE),
        InputSettings(False, 10, 5, 0, Coefficient.POSITIVE),
        "INSET 1,0,10,5,0,2",
    ),
    Row("filter", "FILTER? 1", "1,010,02", Filter(True, 10, 2), Filter(False, 18, 10), "FILTER 1,0,18,10"),
]
BRIDGE_LIMITS = [
    Limit(
        "setup",
        _setup(_VOLTAGE, 2e-6, 2e-3),
        "RDGRNG 1,0,1,1,0,0",
        _setup(_VOLTAGE, 1e-6, 2e-3),
        _setup(_VOLTAGE, 0.632, 63.2e6),
        "RDGRNG 1,0,12,22,0,0",
        _setup(_VOLTAGE, 2.0, 63.2e6),
    ),
    Limit(
        "setup",
        _setup(_CURRENT, 3.16e-12, 2e-3),
        "RDGRNG 1,1,2,1,0,0",
        _setup(_CURRENT, 1e-12, 2e-3),
        _setup(_CURRENT, 31.6e-3, 63.2e6),
        "RDGRNG 1,1,22,22,0,0",
        _setup(_CURRENT, 31.6e-3, 200e6),
    ),
    Limit(
        "settings",
        _settings(1, 3, 0),
        "INSET 1,1,1,3,0,1",
        _settings(0, 3, 0),
        _settings(200, 200, 20),
        "INSET 1,1,200,200,20,1",
        _settings(200, 200, 21),
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
