"""What the 33511B driver must put on the wire, from the guide: one row a property, see `contracts`."""

import math

from coldfinger.instruments.keysight import AmplitudeUnit, Polarity, Shape
from tests.instruments.contracts import Exchanges, Limit, Row

IDENTITY = "Agilent Technologies,33511B,MY52302222,3.03-1.19-2.00-52-00"
NO_ERROR: Exchanges = (("SYST:ERR?", '+0,"No error"'),)
STATE = "FUNC?;:VOLT:UNIT?;:OUTP:LOAD?;:OUTP:POL?;:BURS:STAT?;:OUTP?;:VOLT?;:VOLT:OFFS?"


def state(amplitude: str = "+1.00E-01", offset: str = "+0.00E+00", on: int = 1, front: str = "SIN;VRMS;9.9E+37") -> str:
    """The answer to `STATE`."""
    return f"{front};NORM;0;{on};{amplitude};{offset}"


_THEN: Exchanges = ((STATE, state()),)
ROWS = [
    Row("shape", "FUNC?", "SQU", Shape.SQUARE, Shape.SINE, "FUNC SIN"),
    Row("frequency", "FREQ?", "+7.00000000000000E+00", 7.0, 1.7, "FREQ 1.7"),
    Row("phase", "PHAS?", "-9.00000000000000E+01", -90.0, 12.5, "PHAS 12.5"),
    Row(
        "sine_voltage",
        STATE,
        state("+2.50000000000000E-01"),
        0.25,
        0.1,
        "VOLT 0.1 VRMS",
        before=((STATE, state("+1.0E+00")),),
        after=_THEN,
    ),
    Row(
        "offset",
        STATE,
        state(offset="-1.25000000000000E-02"),
        -0.0125,
        0.5,
        "VOLT:OFFS 0.5",
        before=_THEN,
        after=((STATE, state(offset="+5.0E-01")),),
    ),
    Row("unit", "VOLT:UNIT?", "VPP", AmplitudeUnit.V_PEAK_TO_PEAK, AmplitudeUnit.V_RMS, "VOLT:UNIT VRMS"),
    Row("load", "OUTP:LOAD?", "9.9E+37", math.inf, 50.0, "OUTP:LOAD 50"),
    Row("output", "OUTP?", "0", False, True, "OUTP 1"),
    Row("polarity", "OUTP:POL?", "NORM", Polarity.NORMAL, Polarity.INVERTED, "OUTP:POL INV"),
    Row("burst", "BURS:STAT?", "1", True, False, "BURS:STAT 0"),
    Row("sync_output", "OUTP:SYNC?", "1", True, False, "OUTP:SYNC 0"),
]
LIMITS = [
    Limit("frequency", 1e-6, "FREQ 1e-06", 0.9e-6, 2e7, "FREQ 20000000", 2.0001e7),
    Limit("phase", -360, "PHAS -360", -360.01, 360, "PHAS 360", 360.01),
    Limit("load", 1, "OUTP:LOAD 1", 0.99, 1e4, "OUTP:LOAD 10000", 1.0001e4),
]
TWO_SIDED = [  # amplitude and offset read back what was sent, so that their two edges have answers of their own
    ("sine_voltage", 7.08e-4, "VOLT 0.000708 VRMS", 7.07e-4, state("+7.08E-04")),
    ("sine_voltage", 7.071, "VOLT 7.071 VRMS", 7.0711, state("+7.071E+00")),
    ("offset", -9.85, "VOLT:OFFS -9.85", -10.001, state(offset="-9.85E+00")),
    ("offset", 9.85, "VOLT:OFFS 9.85", 10.001, state(offset="+9.85E+00")),
]
