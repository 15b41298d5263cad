"""Late, lost, doubled, garbled, cut replies at every place of what every driver asks: no wrong value is stored.

The instrument answers what the contract's row says for the question of the moment, so that a reply that belongs to the
row before is another value. Oxford's drivers, whose commands are answered, have `test_oxford_faults`.
"""

from typing import Any, NamedTuple

import pytest

from coldfinger.instruments.ami import AMI430
from coldfinger.instruments.errors import InstrumentError, LinkError
from coldfinger.instruments.keysight import Keysight33511B
from coldfinger.instruments.lakeshore import LakeShore372
from coldfinger.instruments.lakeshore370 import LakeShore370
from coldfinger.instruments.link import Link
from coldfinger.instruments.sr860 import SR860
from coldfinger.instruments.srs import SR830
from coldfinger.instruments.yokogawa import GS200
from tests.instruments import contracts, contracts_keysight, contracts_lakeshore, contracts_sr860
from tests.instruments.test_link import FAULTS, NAMES, Counter, FakeClock, FakeResource


class Model(NamedTuple):
    """A driver, its identity, the answer of an empty error register, rows by view, what it is made with."""

    driver: Any
    identity: str
    no_error: dict[str, str]
    rows: dict[str, list[contracts.Row]]
    settings: dict[str, Any]


_EVENTS, _QUEUE = {"*ESR?": "0"}, {"SYST:ERR?": '0,"No error"'}
LS372 = {
    "": contracts_lakeshore.WHOLE,
    "controller": contracts_lakeshore.LS372_CONTROLLER,
    "bridge": contracts_lakeshore.LS372_BRIDGE,
}
LS370 = {
    "": contracts_lakeshore.WHOLE,
    "controller": contracts_lakeshore.LS370_CONTROLLER,
    "bridge": contracts_lakeshore.LS370_BRIDGE,
}
MODELS = {
    "SR830": Model(SR830, contracts.SR830_IDENTITY, _EVENTS, {"": contracts.SR830}, {}),
    "SR860": Model(SR860, contracts_sr860.IDENTITY, _EVENTS, {"": contracts_sr860.ROWS}, {}),
    "33511B": Model(Keysight33511B, contracts_keysight.IDENTITY, _QUEUE, {"": contracts_keysight.ROWS}, {}),
    "GS200": Model(GS200, contracts.GS200_IDENTITY, _QUEUE, {"": contracts.GS200}, {}),
    "AMI430": Model(AMI430, contracts.AMI430_IDENTITY, _QUEUE, {"": contracts.AMI430}, {"field_limit": 0.1}),
    "LS372": Model(LakeShore372, contracts_lakeshore.LS372_IDENTITY, {"*ESR?": "000"}, LS372, {}),
    "LS370": Model(LakeShore370, contracts_lakeshore.LS370_IDENTITY, {"*ESR?": "000"}, LS370, {}),
}
WIRES = [
    ("SR830", "gpib"),
    ("SR830", "serial"),
    ("SR860", "gpib"),
    ("SR860", "socket"),
    ("33511B", "socket"),
    ("GS200", "gpib"),
    ("AMI430", "socket"),
    ("LS372", "gpib"),
    ("LS372", "socket"),
    ("LS370", "gpib"),
    ("LS370", "serial"),
]


class Scripted(Counter):
    """Answers the row that it was given: before the command as before it, and after it as after it."""

    def __init__(self, model, faults):
        super().__init__(faults, identity=model.identity)
        self.model, self.replies, self.later, self.command = model, {}, {}, None

    def give(self, row):
        self.replies = dict((*row.asked, *row.before, (row.query, row.reply)))
        self.later, self.command = {}, None

    def expect(self, row):
        self.replies, self.later, self.command = dict(row.before), dict(row.after), row.set_command

    def answer(self, line):
        self.heard.append(line)
        if line == "*IDN?":
            return self.identity
        if line in self.replies:
            return self.replies[line]
        command, _, register = line.rpartition(";") if line.endswith(";*ESR?") else (line, "", line)
        if command == self.command:
            self.replies = self.later
        return self.model.no_error.get(register)


def on_wire(name, kind, faults):
    model, clock = MODELS[name], FakeClock()
    instrument = Scripted(model, faults)
    link = Link(lambda: FakeResource(instrument, clock, kind), NAMES[kind], clock=clock, quiet=0.05)
    return instrument, model.driver(link, **model.settings)


def all_rows(name):
    return [(view, row) for view, rows in MODELS[name].rows.items() for row in rows]


def read(name, kind, window, faults):
    """Read three properties one after the other; how many answers the instrument gave, and how many reads failed."""
    instrument, driver = on_wire(name, kind, faults)
    failed = 0
    for view, row in window:
        instrument.give(row)
        try:
            value = getattr(getattr(driver, view) if view else driver, row.property)
        except LinkError:
            failed += 1
        else:
            assert value == row.value, (row.property, faults)
    return instrument.answers, failed


@pytest.mark.parametrize(("name", "kind"), WIRES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_place_of_any_reading_stores_no_wrong_value(name, kind, fault):
    rows = all_rows(name)
    for i in range(0, len(rows), 2):  # every pair of neighbours once
        window = [rows[(i + k) % len(rows)] for k in range(3)]
        answers, failed = read(name, kind, window, {})
        assert failed == 0
        for place in range(answers):
            _, failed = read(name, kind, window, {place: fault})
            # what reading clears is asked once, and may be lost
            assert failed <= sum(row.property == "status" for _, row in window), (window, place)


def set_one(name, kind, view, row, faults):
    """Set one property; the instrument, and whether the driver says that it was done."""
    instrument, driver = on_wire(name, kind, faults)
    instrument.expect(row)
    try:
        setattr(getattr(driver, view) if view else driver, row.property, row.set_value)
    except InstrumentError:
        return instrument, False
    return instrument, True


@pytest.mark.parametrize(("name", "kind"), WIRES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_place_of_any_setting_neither_repeats_the_command_nor_claims_what_was_not_sent(
    name, kind, fault
):
    for view, row in all_rows(name):
        if not row.set_command or row.property == "output_interface":  # which is told at every new beginning
            continue
        whole, done = set_one(name, kind, view, row, {})
        assert done, row
        for place in range(whole.answers):
            instrument, done = set_one(name, kind, view, row, {place: fault})
            told = [line for line in instrument.heard if line.removesuffix(";*ESR?") == row.set_command]
            assert len(told) <= 1, (row.property, place)
            assert told or not done, (row.property, place)
