"""Every property of Oxford's drivers against the simulated instruments, and whole evenings with a persistent switch.

Driver and panel are two readings of the same manual, each by its own hand. The links are the real ones, over PyVISA
and the in-process library.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from coldfinger.instruments.errors import CommandError, InstrumentError, LinkError, MagnetAlarm, MagnetError
from coldfinger.instruments.ips120 import IPS120
from coldfinger.instruments.lakeshore import PID, Ramp
from coldfinger.instruments.link import open_link
from coldfinger.instruments.mercury_ips import MercuryIPS
from coldfinger.instruments.roles import RampState
from coldfinger.instruments.triton import Triton
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.devices import ips120, mercury_ips, triton
from coldfinger.sim.magnet import MagnetModel, SwitchModel
from coldfinger.sim.rack import Rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.visa import register, unregister
from tests.instruments import contracts
from tests.instruments.oxford import KINDS

SAMPLE = builtin_sample("S0", 0, fluctuations=False)
SWITCHED = Laboratory(magnet=MagnetModel(switch=SwitchModel(heating=10.0, cooling=30.0)))
COIL = 2e-3  # T/A, of the simulated coil


class Model(NamedTuple):
    """A panel, its address, how its lines end, the driver, what that is made with, and its table of properties."""

    panel: type
    address: str
    end: str
    driver: type
    settings: dict[str, Any]
    view: str
    rows: list[contracts.Row]
    limits: list[contracts.Limit]


MAGNET_LIMITS = [
    contracts.Limit("target", -0.1, "", -0.1001, 0.1, "", 0.1001),
    contracts.Limit("ramp_rate", 2e-6, "", 1.9e-6, 0.01, "", 0.0101),
]
SUPPLY = {"field_limit": 0.1, "rate_limit": 0.01}
IPS = {"coil_constant": COIL, "switch_heat_time": 10.0, "switch_cool_time": 30.0}
MERCURY = "TCPIP0::127.0.0.1::7020::SOCKET"
FRIDGE = "TCPIP0::127.0.0.1::33576::SOCKET"
MODELS = {
    "mercury": Model(mercury_ips.MercuryIPS, MERCURY, "\n", MercuryIPS, SUPPLY, "", contracts.MERCURY, MAGNET_LIMITS),
    "mercury 2.6": Model(
        mercury_ips.MercurySPSU, MERCURY, "\n", MercuryIPS, SUPPLY, "", contracts.MERCURY, MAGNET_LIMITS
    ),
    "ips120": Model(ips120.IPS120, "GPIB0::25::INSTR", "\r", IPS120, SUPPLY | IPS, "", contracts.IPS120, MAGNET_LIMITS),
    "triton": Model(
        triton.Triton,
        FRIDGE,
        "\r\n",
        Triton,
        {},
        "controller",
        contracts.TRITON_CONTROLLER,
        contracts.TRITON_CONTROLLER_LIMITS,
    ),
}
SUPPLIES = [name for name in MODELS if name != "triton"]
ROWS = [pytest.param(name, row, id=f"{name}-{row.property}") for name, model in MODELS.items() for row in model.rows]
SETS = [parameter for parameter in ROWS if parameter.values[1].set_command]
LIMITS = [
    pytest.param(name, limit, id=f"{name}-{limit.property}-{i}")
    for name, model in MODELS.items()
    for i, limit in enumerate(model.limits)
]


class Bench:
    """One instrument alone in a rack, with its driver."""

    def __init__(self, name: str, laboratory: Laboratory | None = None) -> None:
        self.model = model = MODELS[name]
        self.clock = SimClock()
        self.cryostat = Cryostat(SAMPLE, laboratory) if laboratory else Cryostat(SAMPLE)
        self.rack = Rack(self.cryostat, self.clock, {model.address: model.panel(self.cryostat)})
        register("oxford", self.rack)
        self.link = open_link(
            model.address,
            "oxford@coldfinger",
            clock=self.clock,
            read_termination=model.end,
            write_termination="\r" if model.end == "\r" else "\n",
        )
        self.driver = model.driver(self.link, **model.settings)
        self.driver.configure()
        self.view = getattr(self.driver, model.view) if model.view else self.driver

    def sent(self, heard: int) -> list[str]:
        return [exchange.sent for exchange in list(self.link.history)[heard:]]

    def wait_for(self, *states: RampState) -> None:
        for _ in range(100):
            if self.driver.state in states:
                return
            self.clock.sleep(1.0)
        raise AssertionError(f"the supply is {self.driver.state!r}, not {states}")


@pytest.fixture
def bench() -> Iterator[Any]:
    made: list[Bench] = []

    def make(name: str, laboratory: Laboratory | None = None) -> Bench:
        made.append(Bench(name, laboratory))
        return made[-1]

    yield make
    for one in made:
        one.link.close()
    unregister("oxford")


def question(text: str) -> bool:
    return text.startswith(("READ:", "R", "X", "V", "*IDN?"))


def same(read: Any, set_: Any) -> bool:
    if isinstance(set_, tuple):
        return all(same(a, b) for a, b in zip(read, set_, strict=True))
    return math.isclose(read, set_, rel_tol=1e-5, abs_tol=1e-6) if isinstance(set_, float) else bool(read == set_)


def test_the_drivers_of_the_house_are_those_of_the_table():
    assert set(KINDS) == {model.driver for model in MODELS.values()}


@pytest.mark.parametrize("name", MODELS)
def test_identities_are_those_that_the_drivers_expect(bench, name):
    driver = bench(name).driver
    assert driver.identify()
    driver.confirm()
    assert driver.doubts == 0


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_every_property_can_be_read(bench, name, row):
    value = getattr(bench(name).view, row.property)
    assert type(value) is type(row.value) or isinstance(value, (int, float))


@pytest.mark.parametrize("number", [1, 5])
def test_every_property_of_a_channel_can_be_read(bench, number):
    channel = bench("triton").driver.channel(number)
    assert channel.measured is True
    assert channel.kelvin > 0
    assert channel.reading.resistance > 0
    with pytest.raises(CommandError, match="no such device"):
        _ = bench("triton").driver.channel(9).kelvin


@pytest.mark.parametrize(("name", "row"), SETS)
def test_what_is_set_is_what_is_read_back(bench, name, row):
    view = bench(name).view
    setattr(view, row.property, row.set_value)
    assert same(getattr(view, row.property), row.set_value)


@pytest.mark.parametrize(("name", "limit"), LIMITS)
def test_the_instrument_takes_both_edges_and_never_hears_of_what_lies_outside(bench, name, limit):
    one = bench(name)
    for value in (limit.low, limit.high):
        setattr(one.view, limit.property, value)
        assert same(getattr(one.view, limit.property), value)
    heard = len(one.link.history)
    for value in (limit.below, limit.above):
        with pytest.raises(ValueError, match="allowed are"):
            setattr(one.view, limit.property, value)
    assert one.sent(heard) == []


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("mercury", "SET:DEV:GRPZ:PSU:SIG:FSET:9"),
        ("mercury", "SET:DEV:GRPZ:SPSU:ACTN:HOLD"),
        ("mercury", "SET:DEV:GRPZ:PSU:SIG:NONS:1"),
        ("mercury", "SET:DEV:GRPZ:PSU:SIG:SWHT:ON"),
        ("mercury 2.6", "SET:DEV:GRPZ:PSU:ACTN:HOLD"),
        ("ips120", "J9"),
        ("ips120", "H1"),
        ("ips120", "N1"),
        ("triton", "SET:DEV:T5:TEMP:LOOP:TSET:999"),
        ("triton", "SET:DEV:T3:TEMP:LOOP:MODE:ON"),
        ("triton", "SET:NONS:1"),
    ],
)
def test_what_the_instrument_refuses_is_an_error_of_its_own(bench, name, command):
    one = bench(name)
    with pytest.raises(CommandError, match="was refused"):
        one.driver.write(command)
    assert one.driver.clean


@pytest.mark.parametrize("name", SUPPLIES)
def test_numpy_numbers_are_taken_and_text_is_not(bench, name):
    driver = bench(name).driver
    driver.target = np.float32(0.0625)
    assert driver.target == 0.0625
    for wrong in ("0.01", None, True, np.bool_(True), float("nan"), np.array([0.01])):
        with pytest.raises(ValueError, match="target must be a number"):
            driver.target = wrong


@pytest.mark.parametrize("name", SUPPLIES)
def test_a_ramp_goes_at_its_rate_pauses_and_ends_where_it_must(bench, name):
    one = bench(name)
    driver = one.driver
    driver.ramp_rate, driver.target = 1e-3, 0.02
    assert driver.state is RampState.AT_ZERO
    driver.ramp()
    one.clock.sleep(10.0)
    assert driver.state is RampState.RAMPING
    assert driver.field == pytest.approx(0.01, abs=3e-4)  # a tick of the laboratory, 0.25 s, and a few messages
    driver.pause()
    assert driver.state is RampState.PAUSED
    one.clock.sleep(1.0)
    held = driver.field
    one.clock.sleep(10.0)
    assert driver.field == held
    driver.ramp()
    one.wait_for(RampState.HOLDING)
    assert driver.field == pytest.approx(0.02, abs=1e-5)
    assert one.cryostat.magnet.supply_field(one.cryostat.now) == pytest.approx(200.0, abs=0.02)
    driver.zero()
    assert driver.state is RampState.ZEROING
    one.wait_for(RampState.AT_ZERO)
    assert driver.field == 0.0


@pytest.mark.parametrize("name", SUPPLIES)
def test_the_coil_constant_is_that_of_the_laboratory(bench, name):
    one = bench(name)
    driver = one.driver
    driver.ramp_rate = 1e-3
    assert driver.coil_constant == pytest.approx(COIL)
    assert driver.leads_rate * driver.coil_constant == pytest.approx(1e-3)


@pytest.mark.parametrize("name", SUPPLIES)
def test_a_field_goes_into_persistent_mode_and_out_of_it(bench, name):
    one = bench(name, SWITCHED)
    driver, magnet = one.driver, one.cryostat.magnet
    driver.ramp_rate, driver.target = 1e-3, 0.02
    with pytest.raises(MagnetError, match="switch is cold"):
        driver.ramp()
    driver.heat_switch()
    assert driver.state is RampState.HEATING_SWITCH
    with pytest.raises(MagnetError, match="HEATING_SWITCH"):
        driver.ramp()
    one.wait_for(RampState.AT_ZERO)
    driver.ramp()
    one.wait_for(RampState.HOLDING)
    driver.cool_switch()
    assert (driver.state, driver.persistent) == (RampState.COOLING_SWITCH, False)
    with pytest.raises(MagnetError, match="is not cold"):
        driver.leads_to_zero()
    one.wait_for(RampState.HOLDING)
    assert driver.persistent
    driver.leads_to_zero()
    one.wait_for(RampState.AT_ZERO)
    assert (driver.supply_field, driver.field) == (0.0, 0.02)
    assert magnet.coil == pytest.approx(200.0)
    with pytest.raises(MagnetError, match="supply is at 0 A and the magnet at 10 A"):
        driver.heat_switch()
    driver.leads_to_coil()
    one.wait_for(RampState.HOLDING)
    driver.heat_switch()
    if name == "ips120":  # it stays on its way to the target, and would follow another one at once
        with pytest.raises(MagnetError, match="the coil would stay behind"):
            driver.target = 0.03
    one.wait_for(RampState.HOLDING)
    assert (driver.switch_heated, driver.persistent, driver.field) == (True, False, 0.02)
    driver.zero()
    one.wait_for(RampState.AT_ZERO)
    assert (magnet.quenched, magnet.coil) == (False, 0.0)


@pytest.mark.parametrize("name", SUPPLIES)
def test_a_program_that_starts_while_the_switch_may_be_warm_lets_it_cool(bench, name):
    one = bench(name, SWITCHED)
    first = one.driver
    first.ramp_rate, first.target = 1e-3, 0.02
    first.heat_switch()
    one.wait_for(RampState.AT_ZERO)
    first.ramp()
    one.wait_for(RampState.HOLDING)
    first.cool_switch()
    second = one.model.driver(one.link, **one.model.settings)
    assert second.state is RampState.COOLING_SWITCH
    with pytest.raises(MagnetError, match="is not cold"):
        second.leads_to_zero()
    one.clock.sleep(31.0)
    second.leads_to_zero()


@pytest.mark.parametrize("name", SUPPLIES)
def test_a_quench_is_seen_at_once_and_nothing_is_sent_to_the_magnet(bench, name):
    one = bench(name, SWITCHED)
    driver = one.driver
    driver.ramp_rate, driver.target = 1e-3, 0.02
    driver.heat_switch()
    one.wait_for(RampState.AT_ZERO)
    driver.ramp()
    one.clock.sleep(5.0)
    one.cryostat.magnet.quenched = True
    assert driver.state is RampState.QUENCH
    assert driver.quenched
    heard = len(one.link.history)
    for action in ("ramp", "zero", "pause", "heat_switch", "cool_switch", "leads_to_coil", "leads_to_zero"):
        with pytest.raises(MagnetAlarm, match="has quenched"):
            getattr(driver, action)()
    assert all(question(text) for text in one.sent(heard))
    assert one.cryostat.magnet.quenched


@pytest.mark.parametrize("name", SUPPLIES)
def test_a_supply_that_was_switched_off_is_found_by_the_confirmation(bench, name):
    one = bench(name)
    one.rack.power_cycle(next(iter(one.rack.devices.values())))
    if name != "ips120":  # a bus has no connection that could be lost
        with pytest.raises(LinkError, match="in doubt"):
            one.driver.confirm()
    with pytest.raises(MagnetAlarm, match=r"call configure\(\)"):
        one.driver.confirm()
    one.driver.configure()
    one.driver.confirm()


@pytest.mark.parametrize("name", SUPPLIES)
def test_a_clamped_supply_ramps_after_a_hold(bench, name):
    one = bench(name)
    one.driver.ramp_rate, one.driver.target = 1e-3, 0.01
    words = {"mercury": "SET:DEV:GRPZ:PSU:ACTN:CLMP", "mercury 2.6": "SET:DEV:GRPZ:SPSU:ACTN:CLMP", "ips120": "A4"}
    one.driver.write(words[name])
    assert one.driver.state is RampState.AT_ZERO
    one.driver.zero()
    one.driver.pause()
    one.driver.ramp()
    one.wait_for(RampState.HOLDING)
    assert one.driver.field == pytest.approx(0.01, abs=1e-5)


def test_the_loop_heats_the_mixing_chamber_and_lets_go_of_it(bench):
    one = bench("triton")
    controller, loop = one.view, one.cryostat.loop
    controller.pid, controller.setpoint, controller.heater_range = PID(10, 20, 0), 0.05, 1e-3
    assert (controller.heater_range, loop.mode) == (1e-3, 5)
    one.clock.sleep(600.0)
    assert controller.temperature == pytest.approx(0.05, rel=0.05)
    assert 0 < controller.heater_output <= 100
    assert controller.heater_output == pytest.approx(loop.output(one.cryostat.now), rel=0.02)
    assert (controller.status, controller.heater_status) == (0, 0)
    controller.heater_off()
    assert (controller.heater_range, controller.heater_output, loop.range_current) == (0.0, 0.0, 0.0)


def test_a_ramp_of_the_set_point_is_as_fast_as_it_was_asked_for(bench):
    one = bench("triton")
    controller = one.view
    controller.ramp = Ramp(False, 0)
    controller.setpoint = 0.02
    controller.ramp = Ramp(True, 1e-4)
    assert one.cryostat.loop.ramp_rate == pytest.approx(6e-3)  # K/min
    with pytest.raises(ValueError, match="ramp rate"):
        controller.ramp = Ramp(True, 1)


def test_a_loop_on_another_channel_is_told_in_one_sentence(bench, monkeypatch):
    one = bench("triton")
    monkeypatch.setitem(triton.CHANNELS, "MC", "T3")
    with pytest.raises(InstrumentError, match="channel T3 measures the mixing chamber, but has no control loop"):
        one.driver.configure()
    monkeypatch.setitem(triton.CHANNELS, "MC", "NONE")
    with pytest.raises(InstrumentError, match="no channel measures the mixing chamber"):
        one.driver.configure()
