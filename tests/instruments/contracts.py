"""What each driver must put on the wire, from the manuals: one row a property.

The rows serve the protocol tests, where the other side is a script, and any test that holds a driver against
a live instrument or a simulator: there, `set_command` must make `query` answer with something that reads as
`set_value`.
"""

from typing import Any, NamedTuple

from coldfinger.instruments.ami import FieldUnit, RateUnit
from coldfinger.instruments.ips120 import Status, Trouble
from coldfinger.instruments.lakeshore import PID, Ramp
from coldfinger.instruments.oxford_magnet import Activity
from coldfinger.instruments.roles import XY, BridgeReading, BridgeStatus, LockInStatus, RampState
from coldfinger.instruments.srs import (
    InputConfiguration,
    InputCoupling,
    InputGrounding,
    LineFilter,
    Offset,
    OutputInterface,
    ReferenceSlope,
    ReferenceSource,
    Reserve,
)
from coldfinger.instruments.yokogawa import Function

Exchanges = tuple[tuple[str, str | None], ...]


class Row(NamedTuple):
    """One property: question, a reply and its value; what is set, as which command, amid which exchanges."""

    property: str
    query: str
    reply: str
    value: Any
    set_value: Any = None
    set_command: str | None = None
    before: Exchanges = ()  # exchanges of a set, before the command
    after: Exchanges = ()  # and after its error check
    asked: Exchanges = ()  # exchanges of a get, before the question; one without a question asks nothing


class Limit(NamedTuple):
    """Both edges of a number: the edge, its command, and a number just outside."""

    property: str
    low: Any
    low_command: str
    below: Any
    high: Any
    high_command: str
    above: Any
    before: Exchanges = ()
    after: Exchanges = ()


SR830_IDENTITY = "Stanford_Research_Systems,SR830,s/n12345,ver1.07"
GS200_IDENTITY = "YOKOGAWA,GS210,91T926445,2.02"
AMI430_IDENTITY = "AMERICAN MAGNETICS INC.,MODEL 430,2.01"

_ONCE: Exchanges = (("HARM?", "1"),)
SR830 = [
    Row("frequency", "FREQ?", "7.0000", 7.0, 1.7, "FREQ 1.7", before=_ONCE),
    Row("harmonic", "HARM?", "1", 1, 3, "HARM 3", before=(("FREQ?", "7"),)),
    Row("phase", "PHAS?", "-179.00", -179.0, 12.34, "PHAS 12.34"),
    Row("sine_voltage", "SLVL?", "1.000", 1.0, 0.1, "SLVL 0.100"),
    Row("reference_source", "FMOD?", "1", ReferenceSource.INTERNAL, ReferenceSource.EXTERNAL, "FMOD 0"),
    Row("reference_slope", "RSLP?", "0", ReferenceSlope.SINE, ReferenceSlope.TTL_FALLING, "RSLP 2"),
    Row("input_configuration", "ISRC?", "0", InputConfiguration.A, InputConfiguration.A_MINUS_B, "ISRC 1"),
    Row("input_grounding", "IGND?", "0", InputGrounding.FLOAT, InputGrounding.GROUND, "IGND 1"),
    Row("input_coupling", "ICPL?", "0", InputCoupling.AC, InputCoupling.DC, "ICPL 1"),
    Row("line_filter", "ILIN?", "3", LineFilter.BOTH, LineFilter.NONE, "ILIN 0"),
    Row("sensitivity", "SENS?", "17", 1e-3, 5e-9, "SENS 1"),
    Row("reserve", "RMOD?", "2", Reserve.LOW_NOISE, Reserve.NORMAL, "RMOD 1"),
    Row("time_constant", "OFLT?", "10", 1.0, 0.3, "OFLT 9"),
    Row("filter_slope", "OFSL?", "3", 24, 18, "OFSL 2"),
    Row("sync_filter", "SYNC?", "0", False, True, "SYNC 1"),
    Row("offset_x", "OEXP? 1", "0.00,0", Offset(0.0, 1), Offset(12.5, 10), "OEXP 1,12.50,1"),
    Row("offset_y", "OEXP? 2", "-3.5,2", Offset(-3.5, 100), Offset(0.0, 1), "OEXP 2,0.00,0"),
    Row("offset_r", "OEXP? 3", "0,0", Offset(0.0, 1), Offset(-105, 100), "OEXP 3,-105.00,2"),
    Row("aux_output_1", "AUXV? 1", "0.000", 0.0, 0.123, "AUXV 1,0.123"),
    Row("aux_output_2", "AUXV? 2", "-10.500", -10.5, 1.0, "AUXV 2,1.000"),
    Row("aux_output_3", "AUXV? 3", "5e-003", 5e-3, -0.001, "AUXV 3,-0.001"),
    Row("aux_output_4", "AUXV? 4", "1.25", 1.25, 0.0, "AUXV 4,0.000"),
    Row("aux_input_1", "OAUX? 1", "0.000333", 0.000333),
    Row("aux_input_2", "OAUX? 2", "-1.5", -1.5),
    Row("aux_input_3", "OAUX? 3", "10", 10.0),
    Row("aux_input_4", "OAUX? 4", "0", 0.0),
    Row("output_interface", "OUTX?", "1", OutputInterface.GPIB, OutputInterface.GPIB, "OUTX 1"),
    Row("x", "OUTP? 1", "-4.17234e-007", -4.17234e-7),
    Row("y", "OUTP? 2", "0.951359", 0.951359),
    Row("r", "OUTP? 3", "5e-05", 5e-5),
    Row("theta", "OUTP? 4", "-179.99", -179.99),
    Row("xy", "SNAP? 1,2", "0.951359,-4.17234e-007", XY(0.951359, -4.17234e-7)),
    Row("status", "LIAS?", "41", LockInStatus.INPUT_OVERLOAD | LockInStatus.REFERENCE_UNLOCKED),
]
SR830_LIMITS = [
    Limit("frequency", 0.001, "FREQ 0.001", 0.00099, 102000, "FREQ 102000", 102000.1, before=_ONCE),
    Limit("harmonic", 1, "HARM 1", 0, 19999, "HARM 19999", 20000, before=(("FREQ?", "5"),)),
    Limit("phase", -360, "PHAS -360.00", -360.01, 729.99, "PHAS 729.99", 730),
    Limit("sine_voltage", 0.004, "SLVL 0.004", 0.0039, 5, "SLVL 5.000", 5.002),
    Limit("sensitivity", 2e-9, "SENS 0", 1e-9, 1.0, "SENS 26", 2.0),
    Limit("time_constant", 1e-5, "OFLT 0", 3e-6, 3e4, "OFLT 19", 1e5),
    Limit("filter_slope", 6, "OFSL 0", 0, 24, "OFSL 3", 30),
    *(
        Limit(f"aux_output_{i}", -10.5, f"AUXV {i},-10.500", -10.501, 10.5, f"AUXV {i},10.500", 10.501)
        for i in (1, 2, 3, 4)
    ),
    *(
        Limit(
            f"offset_{letter}",
            Offset(-105, 1),
            f"OEXP {i},-105.00,0",
            Offset(-105.1, 1),
            Offset(105, 100),
            f"OEXP {i},105.00,2",
            Offset(105.1, 100),
        )
        for i, letter in enumerate("xyr", 1)
    ),
]

_NO_ERROR: Exchanges = (("SYST:ERR?", '0,"No errors"'),)
_IN_TESLA: Exchanges = (("FIELD:UNITS?", "1"), ("RAMP:RATE:UNITS?", "0"))
_TO_SEGMENT: Exchanges = (
    *_IN_TESLA,
    ("CURR:LIMIT?", "60.0"),
    ("COIL?", "0.1"),
    ("CONF:RAMP:RATE:SEG 1", None),
    *_NO_ERROR,
)
AMI430 = [
    Row("units", "FIELD:UNITS?", "1", FieldUnit.TESLA),
    Row("rate_units", "RAMP:RATE:UNITS?", "0", RateUnit.PER_SECOND),
    Row("coil_constant", "COIL?", "0.1182", 0.1182),
    Row("current_limit", "CURR:LIMIT?", "60.000", 60.0),
    Row("voltage_limit", "VOLT:LIM?", "2.2", 2.2),
    Row("ramp_segments", "RAMP:RATE:SEG?", "10", 10),
    Row("field", "FIELD:MAG?", "-0.0600", -0.06),
    Row("current", "CURR:MAG?", "+1.5", 1.5),
    Row("supply_current", "CURR:SUPP?", "1.5e-3", 1.5e-3),
    Row("voltage", "VOLT:MAG?", "0.01", 0.01),
    Row("supply_voltage", "VOLT:SUPP?", "0.02", 0.02),
    Row("state", "STATE?", "2", RampState.HOLDING),
    Row("switch_installed", "PS:INST?", "0", False),
    Row("switch_heated", "PS?", "1", True),
    Row("persistent", "PERS?", "0", False),
    Row("supply_field", "FIELD:SUPP?", "0.0600", 0.06),
    Row("switch_heat_time", "PS:HTIME?", "20", 20.0),
    Row("switch_cool_time", "PS:CTIME?", "120", 120.0),
    Row("leads_rate", "PS:PSRR?", "10.0", 10.0),
    Row("quenched", "QU?", "0", False),
    Row(
        "target",
        "FIELD:TARG?",
        "0.0300",
        0.03,
        0.06,
        "CONF:FIELD:TARG 0.06",
        before=_IN_TESLA,
        after=(("FIELD:TARG?", "0.060000"),),
    ),
    Row(
        "ramp_rate",
        "RAMP:RATE:FIELD:1?",
        "0.0002,6.0",
        0.0002,
        0.0001,
        "CONF:RAMP:RATE:FIELD 1,0.0001,6",
        before=_TO_SEGMENT,
        after=(("RAMP:RATE:FIELD:1?", "0.000100,6.0000"),),
    ),
]

_VOLTS: Exchanges = (("SOUR:FUNC?", "VOLT"),)
_IN_10_V: Exchanges = (*_VOLTS, ("SOUR:RANG?", "+1.00000E+01"))
_IN_30_V: Exchanges = (*_VOLTS, ("SOUR:RANG?", "+3.00000E+01"))
_AT_ZERO: Exchanges = (*_VOLTS, ("SOUR:LEV?", "+0.00000E+00"))
GS200 = [
    Row("function", "SOUR:FUNC?", "VOLT", Function.VOLTAGE, Function.CURRENT, "SOUR:FUNC CURR", (("OUTP?", "0"),)),
    Row("range", "SOUR:RANG?", "+1.00000E+01", 10.0, 1.0, "SOUR:RANG 1", _AT_ZERO),
    Row("level", "SOUR:LEV?", "-1.23400E-01", -0.1234, 0.5, "SOUR:LEV 0.5", _IN_10_V),
    Row("output", "OUTP?", "0", False, True, "OUTP 1"),
    Row("voltage_protection", "SOUR:PROT:VOLT?", "+3.00000E+01", 30.0, 5.0, "SOUR:PROT:VOLT 5"),
    Row("current_protection", "SOUR:PROT:CURR?", "+2.00000E-01", 0.2, 0.01, "SOUR:PROT:CURR 0.01"),
    Row("remote_sense", "SENS:REM?", "1", True, False, "SENS:REM 0"),
    Row("guard", "SENS:GUAR?", "0", False, True, "SENS:GUAR 1"),
]
GS200_LIMITS = [
    Limit("range", 0.01, "SOUR:RANG 0.01", 0.02, 30.0, "SOUR:RANG 30", 31.0, _AT_ZERO),
    Limit("level", -32.0, "SOUR:LEV -32", -32.1, 32.0, "SOUR:LEV 32", 32.1, _IN_30_V),
    Limit("voltage_protection", 1.0, "SOUR:PROT:VOLT 1", 0.9, 30.0, "SOUR:PROT:VOLT 30", 30.1),
    Limit("current_protection", 1e-3, "SOUR:PROT:CURR 0.001", 9e-4, 0.2, "SOUR:PROT:CURR 0.2", 0.201),
]

MERCURY_IDENTITY = "IDN:OXFORD INSTRUMENTS:MERCURY IPS:164150107:2.5.07.000"
_PSU = "DEV:GRPZ:PSU:"


def _says(noun: str, text: str) -> tuple[str, str]:
    return f"READ:{noun}", f"STAT:{noun}:{text}"


def _mercury(noun: str, text: str) -> tuple[str, str]:
    return _says(_PSU + noun, text)


_NO_ALARM = _says("SYS:ALRM", "")
_HELD: Exchanges = (_NO_ALARM, _mercury("ACTN", "HOLD"))
MERCURY = [
    Row("current", *_mercury("SIG:PCUR", "-1.5000A"), -1.5),
    Row("supply_current", *_mercury("SIG:CURR", "1.5000A"), 1.5),
    Row("supply_voltage", *_mercury("SIG:VOLT", "1.2000mV"), 1.2e-3),
    Row("current_limit", *_mercury("CLIM", "50.0000A"), 50.0),
    Row("leads_rate", *_mercury("SIG:RCST", "3.0000A/m"), 0.05),
    Row("coil_constant", *_mercury("ATOB", "500.0000A/T"), 0.002),
    Row("activity", *_mercury("ACTN", "HOLD"), Activity.HOLD),
    Row("switch_heat_time", *_mercury("SWONT", "20000"), 20.0),
    Row("switch_cool_time", *_mercury("SWOFT", "60000"), 60.0),
    Row("supply_field", *_mercury("SIG:FLD", "0.06000T"), 0.06),
    Row("field", *_mercury("SIG:FLD", "60.0mT"), 0.06, asked=(_mercury("SIG:SWHT", "ON"),)),
    Row("state", *_mercury("SIG:SWHT", "N/A"), RampState.RAMPING, asked=(_NO_ALARM, _mercury("ACTN", "RTOS"))),
    Row("quenched", *_mercury("SIG:SWHT", "N/A"), False, asked=_HELD),
    Row("switch_installed", *_mercury("SIG:SWHT", "OFF"), True),
    Row("switch_heated", *_mercury("SIG:SWHT", "ON"), True),
    Row("persistent", *_mercury("SIG:SWHT", "ON"), False),
    Row(
        "target",
        *_mercury("SIG:FSET", "0.03000T"),
        0.03,
        0.06,
        f"SET:{_PSU}SIG:FSET:0.06",
        before=(*_HELD, _mercury("SIG:SWHT", "N/A")),
        after=(_mercury("SIG:FSET", "0.06000T"),),
    ),
    Row(
        "ramp_rate",
        *_mercury("SIG:RFST", "0.01200T/m"),
        0.0002,
        0.0001,
        f"SET:{_PSU}SIG:RFST:0.006",
        after=(_mercury("SIG:RFST", "0.00600T/m"),),
    ),
]

IPS120_IDENTITY = "IPS120-10  Version 3.07  (c) OXFORD 1996"
_HELD_STATUS = ("X", "X00A0C3H8M10P00")
_REMOTE: Exchanges = (_HELD_STATUS, ("R8", "R+00.00000"))
IPS120 = [
    Row("current", "R16", "R-01.5000", -1.5),
    Row("supply_current", "R0", "R+01.5000", 1.5),
    Row("supply_voltage", "R1", "R+00.0012", 0.0012),
    Row("leads_rate", "R6", "R+03.0000", 0.05),
    Row("coil_constant", "", "", 0.1),
    Row("switch_heat_time", "", "", 20.0),
    Row("switch_cool_time", "", "", 60.0),
    Row("status", "X", "X40A1C3H8M51P00", Status(Trouble.WARMING_UP, Activity.TO_TARGET, 3, 8, 5, True)),
    Row("supply_field", "R7", "R+00.06000", 0.06),
    Row("field", "R7", "R-00.06000", -0.06, asked=(_HELD_STATUS,)),
    Row("state", "X", "X00A1C3H8M11P00", RampState.RAMPING),
    Row("quenched", "X", "X10A1C3H8M10P00", True),
    Row("switch_installed", "X", "X00A0C3H0M10P00", True),
    Row("switch_heated", "X", "X00A0C3H1M10P00", True),
    Row("persistent", "X", "X00A0C3H1M10P00", False),
    Row(
        "target",
        "R8",
        "R+00.03000",
        0.03,
        0.06,
        "J0.06",
        before=(*_REMOTE, _HELD_STATUS),
        after=(("R8", "R+00.06000"),),
    ),
    Row("ramp_rate", "R9", "R+00.01200", 0.0002, 0.0001, "T0.006", before=_REMOTE, after=(("R9", "R+00.00600"),)),
]

TRITON_IDENTITY = "IDN:OXFORD INSTRUMENTS:TRITON CONTROLLER:DR200:1.7.0"
_CHAMBER: Exchanges = (_says("SYS:DR:CHAN:MC", "T5"),)


def _loop(noun: str, text: str) -> tuple[str, str]:
    return _says(f"DEV:T5:TEMP:LOOP:{noun}", text)


def _to_loop(setting: str) -> str:
    return f"SET:DEV:T5:TEMP:LOOP:{setting}"


def _told(command: str) -> tuple[str, str]:
    return command, f"STAT:{command}:VALID"


_POWER = _says("DEV:H1:HTR:SIG:POWR", "30.000uW")
TRITON_CONTROLLER = [
    Row("temperature", *_says("DEV:T5:TEMP:SIG:TEMP", "0.0123K"), 0.0123, asked=_CHAMBER),
    Row(
        "status",
        *_says("DEV:T5:TEMP:SIG:RES", "2210.00Ohm"),
        BridgeStatus(0),
        asked=(*_CHAMBER, _says("DEV:T5:TEMP:MEAS:ENAB", "ON")),
    ),
    Row(
        "setpoint",
        *_loop("TSET", "0.1K"),
        0.1,
        0.05,
        _to_loop("TSET:0.05"),
        before=_CHAMBER,
        after=(_loop("TSET", "0.05K"),),
        asked=_CHAMBER,
    ),
    Row(
        "ramp",
        *_loop("RAMP:RATE", "0.6K/min"),
        Ramp(True, 0.01),
        Ramp(True, 0.2 / 60),
        _to_loop("RAMP:ENAB:ON"),
        before=(*_CHAMBER, _told(_to_loop("RAMP:RATE:0.2"))),
        asked=(*_CHAMBER, _loop("RAMP:ENAB", "ON")),
    ),
    Row(
        "pid",
        *_loop("D", "0"),
        PID(10, 20, 0),
        PID(2.5, 15, 0.5),
        _to_loop("D:0.5"),
        before=(*_CHAMBER, _told(_to_loop("P:2.5")), _told(_to_loop("I:15"))),
        asked=(*_CHAMBER, _loop("P", "10"), _loop("I", "20.0")),
    ),
    Row(
        "heater_range",
        *_loop("RANGE", "0.316mA"),
        316e-6,
        1e-3,
        _to_loop("MODE:ON"),
        before=(*_CHAMBER, _told(_to_loop("RANGE:1")), _loop("RANGE", "1mA")),
        asked=(*_CHAMBER, _loop("MODE", "ON")),
    ),
    Row(
        "heater_output",
        *_loop("RANGE", "1mA"),
        50.0,
        asked=(*_CHAMBER, _loop("HTR", "H1"), _POWER),
    ),
]


TRITON_CONTROLLER_LIMITS = [
    Limit("ramp", Ramp(True, 0), "", Ramp(True, -1e-3), Ramp(True, 10 / 60), "", Ramp(True, 0.17)),
    Limit("pid", PID(0, 0, 0), "", PID(-1, 0, 0), PID(1000, 1000, 1000), "", PID(1001, 0, 0)),
    Limit("pid", PID(1, 0, 0), "", PID(1, -1, 0), PID(1, 1, 1), "", PID(1, 1001, 0)),
    Limit("pid", PID(1, 0, 0), "", PID(1, 0, -1), PID(1, 1, 1), "", PID(1, 0, 1001)),
    Limit("setpoint", 0, "", -0.001, 40, "", 40.1),
    Limit("heater_range", 0, "", 1e-6, 0.1, "", 0.316),
]
TRITON_CHANNEL = [
    Row("measured", *_says("DEV:T3:TEMP:MEAS:ENAB", "OFF"), False),
    Row("kelvin", *_says("DEV:T3:TEMP:SIG:TEMP", "0.7500K"), 0.75),
    Row("reading", *_says("DEV:T3:TEMP:SIG:RES", "2210.00Ohm"), BridgeReading(2210.0, BridgeStatus(0))),
]
