"""Every property of every driver against its simulated instrument: two readings of the same manual.

Each is written by its own hand; here the one's words must mean the other's. The links are the real ones, over
PyVISA and the in-process library.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from coldfinger.instruments.ami import AMI430
from coldfinger.instruments.driver import Linked
from coldfinger.instruments.errors import CalibrationError, InstrumentError
from coldfinger.instruments.keysight import Keysight33511B
from coldfinger.instruments.lakeshore import (
    Autorange,
    ExcitationMode,
    InputSetup,
    LakeShore372,
    OutputMode,
    Unit,
)
from coldfinger.instruments.lakeshore370 import ControlMode, LakeShore370
from coldfinger.instruments.link import open_link
from coldfinger.instruments.sr860 import SR860, SR865, SR865A
from coldfinger.instruments.srs import SR830, InputConfiguration
from coldfinger.instruments.yokogawa import GS200
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.devices import k33511b as k33511b_panel
from coldfinger.sim.devices import ls370 as ls370_panel
from coldfinger.sim.devices import sr860 as sr860_panel
from coldfinger.sim.rack import ADDRESSES, Rack, sim_rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.visa import register, unregister
from tests.instruments import contracts, contracts_keysight, contracts_lakeshore, contracts_sr860, driver_checks, oxford

KINDS = {
    "lock-in": (SR830, "\n"),
    "bridge": (LakeShore372, "\r\n"),
    "magnet": (AMI430, "\r\n"),
    "bias": (GS200, "\n"),
}
# Instruments of other laboratories: (driver, end of a reply, front panel, address), one rack for each line.
OTHERS: dict[str, tuple[Any, str, Any, str]] = {
    "SR860": (SR860, "\n", sr860_panel.SR860, "GPIB0::9::INSTR"),
    "SR865": (SR865, "\n", sr860_panel.SR865, "GPIB0::9::INSTR"),
    "SR865A": (SR865A, "\n", sr860_panel.SR865A, "GPIB0::9::INSTR"),
    "33511B": (Keysight33511B, "\n", k33511b_panel.Keysight33511B, "TCPIP0::127.0.0.1::5025::SOCKET"),
    "370": (LakeShore370, "\r\n", ls370_panel.LakeShore370, "GPIB0::13::INSTR"),
}
GS200_LIMITS = [  # a level in the range of 10 V, which it has when switched on
    *(limit for limit in contracts.GS200_LIMITS if limit.property != "level"),
    contracts.Limit("level", -12.0, "", -12.001, 12.0, "", 12.001),
]
AMI430_LIMITS = [
    contracts.Limit("target", -0.1, "", -0.1001, 0.1, "", 0.1001),
    contracts.Limit("ramp_rate", 1e-6, "", 0.0, 0.01, "", 0.0101),
]
TABLES = {
    ("lock-in", ""): (contracts.SR830, contracts.SR830_LIMITS),
    ("bridge", ""): (contracts_lakeshore.WHOLE, contracts_lakeshore.WHOLE_LIMITS),
    ("bridge", "controller"): (contracts_lakeshore.LS372_CONTROLLER, contracts_lakeshore.LS372_CONTROLLER_LIMITS),
    ("bridge", "bridge"): (contracts_lakeshore.LS372_BRIDGE, contracts_lakeshore.LS372_BRIDGE_LIMITS),
    ("magnet", ""): (contracts.AMI430, AMI430_LIMITS),
    ("bias", ""): (contracts.GS200, GS200_LIMITS),
    ("SR860", ""): (contracts_sr860.ROWS, contracts_sr860.LIMITS),
    ("33511B", ""): (contracts_keysight.ROWS, contracts_keysight.LIMITS),
    ("370", ""): (contracts_lakeshore.WHOLE, contracts_lakeshore.WHOLE_LIMITS),
    ("370", "controller"): (contracts_lakeshore.LS370_CONTROLLER, contracts_lakeshore.LS370_CONTROLLER_LIMITS),
    ("370", "bridge"): (contracts_lakeshore.LS370_BRIDGE, contracts_lakeshore.LS370_BRIDGE_LIMITS),
}
ROWS = [
    pytest.param(role, view, row, id=f"{role}-{view}-{row.property}")
    for (role, view), (rows, _) in TABLES.items()
    for row in rows
]
SETS = [parameter for parameter in ROWS if parameter.values[2].set_command]
LIMITS = [
    pytest.param(role, view, limit, id=f"{role}-{view}-{limit.property}-{i}")
    for (role, view), (_, limits) in TABLES.items()
    for i, limit in enumerate(limits)
]


class Other:
    """One instrument of another laboratory on a rack of its own."""

    def __init__(self, role: str) -> None:
        kind, end, panel, address = OTHERS[role]
        self.clock = SimClock()
        cryostat = Cryostat(builtin_sample("S0"))
        register("contract", Rack(cryostat, self.clock, {address: panel(cryostat)}))
        link = open_link(address, "contract@coldfinger", clock=self.clock, read_termination=end)
        self.drivers: dict[str, Any] = {role: kind(link)}
        if role == "33511B":
            self.drivers[role].configure()
        if role == "370":
            self.drivers[role].controller.mode = ControlMode.OFF  # closed, it follows the mixing chamber only

    def view(self, role: str, name: str) -> Any:
        driver = self.drivers[role]
        return getattr(driver, name) if name else driver


class Laboratory:
    """A rack and the drivers on it."""

    def __init__(self) -> None:
        self.clock = SimClock()
        self.rack: Rack = sim_rack(Cryostat(builtin_sample("S0")), self.clock)
        register("contract", self.rack)
        self.drivers: dict[str, Any] = {}
        for role, (kind, end) in KINDS.items():
            link = open_link(ADDRESSES[role], "contract@coldfinger", clock=self.clock, read_termination=end)
            limits = {"field_limit": 0.1} if kind is AMI430 else {}
            self.drivers[role] = kind(link, **limits)
        self.drivers["magnet"].configure()

    def view(self, role: str, name: str) -> Any:
        driver = self.drivers[role]
        return getattr(driver, name) if name else driver


@pytest.fixture
def laboratory(request: pytest.FixtureRequest) -> Iterator[Laboratory | Other]:
    role = getattr(request.node, "callspec", None) and request.node.callspec.params.get("role")
    made = Other(role) if role in OTHERS else Laboratory()
    yield made
    for driver in made.drivers.values():
        driver.adapter.close()
    unregister("contract")


def same(read: Any, set_: Any) -> bool:
    if isinstance(set_, tuple):
        return all(same(a, b) for a, b in zip(read, set_, strict=True))
    if isinstance(set_, float):
        return math.isclose(read, set_, rel_tol=1e-5)
    return bool(read == set_)


def test_every_driver_of_the_house_is_in_the_matrix():
    def descendants(kind: type) -> set[type]:
        return {kind}.union(*map(descendants, kind.__subclasses__()))

    ours = {k for k in descendants(Linked) if k.__module__.startswith("coldfinger.") and k.IDENTITY != Linked.IDENTITY}
    assert ours == {kind for kind, *_ in (*KINDS.values(), *OTHERS.values())} | set(oxford.KINDS)


@pytest.mark.parametrize("role", ["lock-in", *OTHERS])
def test_identities_are_those_that_the_drivers_expect(laboratory, role):
    for driver in laboratory.drivers.values():
        assert driver.identify()
        driver.confirm()


@pytest.mark.parametrize(("role", "view", "row"), ROWS)
def test_every_property_can_be_read(laboratory, role, view, row):
    try:
        value = getattr(laboratory.view(role, view), row.property)
    except CalibrationError:
        assert row.property == "kelvin"  # the sample's sensor has no curve in the instrument, and says so
        return
    assert type(value) is type(row.value) or isinstance(value, (int, float))


@pytest.mark.parametrize(("role", "view", "row"), SETS)
def test_what_is_set_is_what_is_read_back(laboratory, role, view, row):
    target = laboratory.view(role, view)
    if role == "bridge" and row.property == "setpoint":
        target.setpoint_unit = Unit.KELVIN
    setattr(target, row.property, row.set_value)
    laboratory.clock.sleep(1.0)
    assert same(getattr(target, row.property), row.set_value)
    assert target.refusals() == [] if view == "" else True


@pytest.mark.parametrize(("role", "view", "limit"), LIMITS)
def test_the_instrument_takes_both_edges_and_never_hears_of_what_lies_outside(laboratory, role, view, limit):
    target = laboratory.view(role, view)
    if role == "bridge":
        laboratory.drivers["bridge"].controller.setpoint_unit = Unit.KELVIN
    inside, outside = (limit.low, limit.high), (limit.below, limit.above)
    if limit.property == "harmonic":
        target.frequency = 1.0  # the highest harmonic is above the detector's range at any higher frequency
    for value in inside:
        setattr(target, limit.property, value)
        laboratory.clock.sleep(1.0)
        kept = getattr(target, limit.property)
        assert same(kept, value) or (limit.property == "phase" and math.isclose((kept - value) % 360, 0))
    heard = len(laboratory.drivers[role].adapter.history)
    for value in outside:
        if value is None:
            continue
        with pytest.raises(ValueError, match=r"allowed|out of range|must be"):
            setattr(target, limit.property, value)
    sent = [e.sent for e in list(laboratory.drivers[role].adapter.history)[heard:]]
    assert all("?" in text for text in sent)  # questions at most: units, other settings that the range depends on


@pytest.mark.parametrize(("role", "command"), [("lock-in", "SENS 99"), ("lock-in", "NONS 1"), ("bridge", "RANGE 0,99"),
                                               ("bridge", "NONSENSE 1"), ("magnet", "CONF:FIELD:TARG 9"),
                                               ("magnet", "NONSENSE 1"), ("bias", "SOUR:LEV 99"),
                                               ("bias", "NONSENSE 1"), ("SR860", "SCAL 99"),
                                               ("SR860", "NONS 1"), ("33511B", "PHAS 999"), ("33511B", "NONSENSE 1"),
                                               ("370", "HTRRNG 99"), ("370", "RANGE 0,1")])  # fmt: skip
def test_what_the_instrument_refuses_is_an_error_of_its_own(laboratory, role, command):
    with pytest.raises(InstrumentError):
        laboratory.drivers[role].write(command)


def test_numpy_numbers_are_taken_and_text_is_not(laboratory):
    lockin = laboratory.drivers["lock-in"]
    lockin.frequency = np.float32(7.0)
    assert lockin.frequency == 7.0
    for wrong in ("7", None, True, float("nan")):
        with pytest.raises(ValueError, match="frequency"):
            lockin.frequency = wrong


def test_readings_are_those_of_the_laboratory(laboratory):
    cryostat, drivers = laboratory.rack.cryostat, laboratory.drivers
    drivers["bridge"].configure()
    drivers["bridge"].bridge.setup = InputSetup(ExcitationMode.VOLTAGE, 20e-6, Autorange.ON, 20e3, False, Unit.OHM)
    drivers["lock-in"].sine_voltage, drivers["lock-in"].sensitivity = 1.0, 1e-3
    drivers["lock-in"].time_constant = 1.0
    drivers["lock-in"].input_configuration = InputConfiguration.A_MINUS_B
    drivers["magnet"].ramp_rate, drivers["magnet"].target = 2e-4, 10e-4
    drivers["magnet"].ramp()
    laboratory.clock.sleep(600.0)
    reading = drivers["bridge"].bridge.reading
    true = cryostat.inputs["1"].true_resistance(cryostat.now)
    assert reading.resistance == pytest.approx(true, rel=0.02)
    assert drivers["bridge"].controller.temperature == pytest.approx(0.01, rel=0.2)
    assert drivers["magnet"].field == pytest.approx(10e-4, abs=1e-7)
    x, y = drivers["lock-in"].xy
    assert (x, y) == pytest.approx(cryostat.lockin.output(cryostat.now), abs=2e-7)
    assert x == pytest.approx(1e-9 * float(cryostat.sample.resistivity(0.0113, 10.5)), rel=0.01)


def test_a_mode_of_the_heater_is_understood_alike(laboratory):
    controller = laboratory.drivers["bridge"].controller
    assert isinstance(controller.output_mode, OutputMode)
    assert driver_checks.properties_of(type(controller))
