"""Late, lost, doubled, garbled, cut replies at every place of what Oxford's drivers say: no wrong value is stored.

Two wires. On the first every answer holds a number that was never given before, so that a stale one is recognised,
although the IPS120-10 does not say which of its readings a reply belongs to. On the second stands the simulated
instrument, and what it has been told is counted: no command goes out twice, whatever became of its reply.
"""

import re
from contextlib import suppress

import pytest

from coldfinger.instruments.errors import InstrumentError, LinkError
from coldfinger.instruments.ips120 import IPS120
from coldfinger.instruments.link import Link
from coldfinger.instruments.mercury_ips import MercuryIPS
from coldfinger.instruments.triton import Triton
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.devices import ips120, mercury_ips, triton
from coldfinger.sim.sample import builtin_sample
from tests.instruments import contracts
from tests.instruments.test_link import FAULTS, NAMES, Counter, FakeClock, FakeResource

SAMPLE = builtin_sample("S0", 0, fluctuations=False)
SUPPLY = {"field_limit": 0.1, "coil_constant": 2e-3}
DRIVERS = {
    ("mercury", "socket"): lambda link: MercuryIPS(link, field_limit=0.1),
    ("ips120", "gpib"): lambda link: IPS120(link, **SUPPLY),
    ("ips120", "serial"): lambda link: IPS120(link, **SUPPLY),
    ("triton", "socket"): Triton,
}
PANELS = {"mercury": mercury_ips.MercuryIPS, "ips120": ips120.IPS120, "triton": triton.Triton}
IDENTITIES = {
    "mercury": contracts.MERCURY_IDENTITY,
    "ips120": contracts.IPS120_IDENTITY,
    "triton": contracts.TRITON_IDENTITY,
}
READINGS = {
    "mercury": ("supply_field", "supply_current", "supply_field", "current", "supply_voltage", "supply_field"),
    "ips120": ("supply_field", "supply_current", "supply_field", "current", "supply_voltage", "supply_field"),
    "triton": ("temperature", "setpoint", "temperature", "setpoint", "temperature", "temperature"),
}
UNITS = {"FLD": "T", "CURR": "A", "PCUR": "A", "VOLT": "V", "TEMP": "K", "TSET": "K"}


class Numbered(Counter):
    """Every reading is a number that it has never given; `given` has all of them, by question."""

    def __init__(self, name, faults=()):
        super().__init__(faults)
        self.name = name
        self.given = {}

    def answer(self, line):
        self.heard.append(line)
        if line in ("*IDN?", "V"):
            return IDENTITIES[self.name]
        if line.endswith("CHAN:MC"):
            return "STAT:SYS:DR:CHAN:MC:T5"
        self.count += 1
        self.given.setdefault(line, []).append(self.count / 1e4)
        if self.name == "ips120":
            return f"R+{self.count / 1e4:08.5f}"
        noun = line.removeprefix("READ:")
        return f"STAT:{noun}:{self.count / 1e4:.4f}{UNITS[noun.rpartition(':')[2]]}"


class Simulated(Counter):
    """The simulated instrument behind the same wire."""

    def __init__(self, name, faults=()):
        super().__init__(faults)
        self.panel = PANELS[name](Cryostat(SAMPLE))

    def answer(self, line):
        self.heard.append(line)
        replied = self.panel.receive(line.encode() + (b"\r" if self.panel.reply_end == b"\r" else b"\n"))
        return replied.decode().strip() if replied else None


def driver_on(instrument, name, kind):
    clock = FakeClock()
    link = Link(lambda: FakeResource(instrument, clock, kind), NAMES[kind], clock=clock, quiet=0.05)
    return DRIVERS[name, kind](link)


def read(name, kind, faults):
    """What was read, and what the instrument had given for that very question while it was asked."""
    instrument = Numbered(name, faults)
    driver = driver_on(instrument, name, kind)
    view = driver.controller if name == "triton" else driver
    for reading in READINGS[name]:
        heard = len(instrument.heard)
        with suppress(LinkError):
            value = getattr(view, reading)
            question = instrument.heard[-1]
            assert question in instrument.heard[heard:]
            yield value, instrument.given[question][-instrument.heard[heard:].count(question) :]


@pytest.mark.parametrize(("name", "kind"), DRIVERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_at_any_place_of_readings_stores_no_stale_value(name, kind, fault):
    for place in range(12):
        got = list(read(name, kind, {place: fault}))
        assert len(got) == len(READINGS[name])  # one fault costs time, no reading
        for value, given in got:
            assert any(abs(value - number) < 1e-9 for number in given), (place, value, given)


@pytest.mark.parametrize(("name", "kind"), DRIVERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_two_faults_in_a_row_store_no_stale_value_either(name, kind, fault):
    for place in range(12):
        for value, given in read(name, kind, {place: fault, place + 1: "late", place + 2: fault}):
            assert any(abs(value - number) < 1e-9 for number in given), (place, value, given)


def evening(driver, name):
    """What a program does with the instrument, step by step, with what must be true when a step has succeeded."""
    if name == "triton":
        controller = driver.controller
        yield driver.configure, lambda panel: True
        yield lambda: setattr(controller, "setpoint", 0.05), lambda panel: panel.loop.setpoint == 0.05
        yield lambda: setattr(controller, "heater_range", 1e-3), lambda panel: panel.loop.range_current == 1e-3
        yield controller.heater_off, lambda panel: panel.loop.range_current == 0.0
        return
    yield driver.configure, lambda panel: supply_of(panel).activity.value == "HOLD"
    yield lambda: setattr(driver, "ramp_rate", 1e-3), lambda panel: abs(supply_of(panel).rate - 0.5) < 1e-9
    yield lambda: setattr(driver, "target", 0.02), lambda panel: abs(supply_of(panel).set_point - 10.0) < 1e-9
    yield driver.ramp, lambda panel: supply_of(panel).activity.value == "RTOS"
    yield driver.pause, lambda panel: supply_of(panel).activity.value == "HOLD"
    yield lambda: driver.field, lambda panel: True
    yield lambda: driver.state, lambda panel: True


def supply_of(panel):
    return panel.supply if hasattr(panel, "supply") else panel.supplies["GRPZ"]


def is_setting(line):
    return line.startswith("SET:") or re.fullmatch(r"[AHIJTC][-\d.]+", line) is not None


def live(name, kind, faults=()):
    """Go through the evening; the instrument, and how many steps were in doubt."""
    instrument = Simulated(name, faults)
    driver = driver_on(instrument, name, kind)
    failed = 0
    for step, done in evening(driver, name):
        heard = len(instrument.heard)
        try:
            step()
        except InstrumentError:
            failed += 1
        else:
            assert done(instrument.panel)
        told = [line for line in instrument.heard[heard:] if is_setting(line)]
        assert len(told) == len(set(told)), "a command went out twice"
    return instrument, failed


@pytest.mark.parametrize(("name", "kind"), DRIVERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_at_any_place_of_an_evening_tells_the_truth_and_repeats_no_command(name, kind, fault):
    whole, failed = live(name, kind)
    assert failed == 0
    for place in range(whole.answers):
        _, failed = live(name, kind, {place: fault})
        assert failed <= 3  # the step of the fault, and those that need it
