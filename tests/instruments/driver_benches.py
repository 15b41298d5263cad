"""Every driver, in each of its parts, on the bench: how it asks for errors, and the rows that it is held against."""

from collections.abc import Sequence, Set
from typing import Any, NamedTuple

from coldfinger.instruments import lakeshore, lakeshore370, triton
from coldfinger.instruments.ami import AMI430
from coldfinger.instruments.ips120 import IPS120
from coldfinger.instruments.keysight import Keysight33511B
from coldfinger.instruments.lakeshore import LakeShore372
from coldfinger.instruments.lakeshore370 import LakeShore370
from coldfinger.instruments.mercury_ips import MercuryIPS
from coldfinger.instruments.sr860 import SR860
from coldfinger.instruments.srs import SR830
from coldfinger.instruments.triton import Triton
from coldfinger.instruments.yokogawa import GS200
from tests.instruments import contracts, contracts_keysight, contracts_lakeshore, contracts_sr860
from tests.instruments.contracts import Exchanges, Limit, Row
from tests.instruments.driver_checks import Bench
from tests.instruments.oxford import answered


class Part(NamedTuple):
    """One driver or one view of it: its class, bench, rows, and properties with tests of their own."""

    kind: Any
    bench: Bench
    rows: Sequence[Row]
    limits: Sequence[Limit] = ()
    apart: Set[str] = frozenset()
    untyped: Set[str] = frozenset()  # settings that take more than one type


EVENTS: Exchanges = (("*ESR?", "0"),)
NO_ERROR: Exchanges = (("SYST:ERR?", '0,"No error"'),)
NO_ERRORS: Exchanges = (("SYST:ERR?", '0,"No errors"'),)
IN_LINE = ";*ESR?"
_THIRD = type("Third", (Triton,), {"third": property(lambda self: self.channel(3))})
PARTS = {
    "SR830": Part(SR830, Bench(SR830, check=EVENTS), contracts.SR830, contracts.SR830_LIMITS),
    "SR860": Part(
        SR860, Bench(SR860, check=EVENTS), contracts_sr860.ROWS, contracts_sr860.LIMITS, contracts_sr860.APART
    ),
    "33511B": Part(
        Keysight33511B,
        Bench(Keysight33511B, check=contracts_keysight.NO_ERROR),
        contracts_keysight.ROWS,
        contracts_keysight.LIMITS,
        untyped={"load"},
    ),
    "372": Part(
        LakeShore372,
        Bench(LakeShore372, appended=IN_LINE),
        contracts_lakeshore.WHOLE,
        contracts_lakeshore.WHOLE_LIMITS,
    ),
    "372 controller": Part(
        lakeshore.Controller,
        Bench(LakeShore372, "controller", IN_LINE),
        contracts_lakeshore.LS372_CONTROLLER,
        contracts_lakeshore.LS372_CONTROLLER_LIMITS,
    ),
    "372 bridge": Part(
        lakeshore.MeasurementInput,
        Bench(LakeShore372, "bridge", IN_LINE),
        contracts_lakeshore.LS372_BRIDGE,
        contracts_lakeshore.LS372_BRIDGE_LIMITS,
    ),
    "370": Part(
        LakeShore370,
        Bench(LakeShore370, appended=IN_LINE),
        contracts_lakeshore.WHOLE,
        contracts_lakeshore.WHOLE_LIMITS,
    ),
    "370 controller": Part(
        lakeshore370.Controller,
        Bench(LakeShore370, "controller", IN_LINE),
        contracts_lakeshore.LS370_CONTROLLER,
        contracts_lakeshore.LS370_CONTROLLER_LIMITS,
    ),
    "370 bridge": Part(
        lakeshore370.MeasurementInput,
        Bench(LakeShore370, "bridge", IN_LINE),
        contracts_lakeshore.LS370_BRIDGE,
        contracts_lakeshore.LS370_BRIDGE_LIMITS,
    ),
    "Triton controller": Part(
        triton.TritonController,
        Bench(Triton, "controller", answer=answered),
        contracts.TRITON_CONTROLLER,
        contracts.TRITON_CONTROLLER_LIMITS,
    ),
    "Triton channel": Part(triton.Thermometer, Bench(_THIRD, "third", answer=answered), contracts.TRITON_CHANNEL),
    "AMI430": Part(AMI430, Bench(AMI430, check=NO_ERRORS, field_limit=0.1), contracts.AMI430),
    "MercuryIPS": Part(MercuryIPS, Bench(MercuryIPS, field_limit=0.1, word="PSU", answer=answered), contracts.MERCURY),
    "IPS120": Part(
        IPS120,
        Bench(IPS120, answer=lambda command: command[0], field_limit=0.1, coil_constant=0.1),
        contracts.IPS120,
    ),
    "GS200": Part(GS200, Bench(GS200, check=NO_ERROR), contracts.GS200, contracts.GS200_LIMITS),
}
