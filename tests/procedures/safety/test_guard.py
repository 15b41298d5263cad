"""Nothing that can be said to a station's instruments takes it beyond its limits; what is beyond is never sent."""

import math
import os
import random
import re

import numpy as np
import pint
import pytest

from coldfinger.instruments.dc_bias import AuxiliaryOutput
from coldfinger.instruments.errors import CommandError, InstrumentError
from coldfinger.instruments.lakeshore import (
    PID,
    ControlMode,
    Filter,
    HeaterDisplay,
    HeaterSetup,
    OutputMode,
    Ramp,
    Unit,
)
from coldfinger.instruments.srs import ReferenceSource
from coldfinger.instruments.yokogawa import Function
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.laboratory.station_file import StationFileError, check_station_text, read_station_file
from coldfinger.sim.witness import Witness

SAMPLE = """
[sample_limits]
field = "400 Oe"
current = "4 nA"
voltage = "2 mV"
bias = "2 uA"
"""


def station_text(extra="", **changes):
    text = read_station_file().text
    wanted = {"series_resistance": '"100 Mohm"', "heater": None, "highest_temperature": '"1.3 K"'} | changes
    for key, value in wanted.items():
        if value is not None:
            text = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", text, count=1)
    return text.replace("[limits]", '[limits]\nheater = "31.6 mA"') + extra


def sent(station, act):
    """Lines without a question that went out while `act` ran; what it raised."""
    before = {name: len(i.adapter.history) for name, i in station.instruments.items()}
    for instrument in station.instruments.values():
        instrument.adapter.history.clear()
    error = None
    try:
        act()
    except (ValueError, InstrumentError) as trouble:
        error = trouble
    lines = [e.sent for i in station.instruments.values() for e in i.adapter.history if "?" not in e.sent]
    lines += [
        e.sent for i in station.instruments.values() for e in i.adapter.history if ";*ESR?" in e.sent and " " in e.sent
    ]
    assert before
    return lines, error


BEYOND = {
    "field": (lambda s: setattr(s.magnet, "target", 6.0), "above the station limit"),
    "field in oersted by mistake": (lambda s: setattr(s.magnet, "target", 600), "above the station limit"),
    "field rate": (lambda s: setattr(s.magnet, "ramp_rate", 1e-3), "out of range; allowed are above 0 to"),
    "field by the station": (lambda s: s.go_to_field(6.0), "beyond the limit of"),
    "set point": (
        lambda s: setattr(s.controller, "setpoint", 4.2),
        "setpoint of 4.2 K is beyond the limit of test.toml",
    ),
    "heater": (lambda s: setattr(s.controller, "heater_range", 0.1), "heater_range of 0.1 A is beyond the limit"),
    "open loop": (
        lambda s: setattr(s.controller, "output_mode", OutputMode(ControlMode.OPEN_LOOP, "A", False, False, False, 1)),
        "would heat past the set point's limit of test.toml",
    ),
    "set point in ohm": (lambda s: setattr(s.controller, "setpoint_unit", Unit.OHM), "is in kelvin"),
    "amplitude": (lambda s: setattr(s.lockin, "sine_voltage", 2.0), "behind the series resistor"),
    "amplitude of the instrument": (
        lambda s: setattr(s.instruments["lockin"], "sine_voltage", 5.0),
        "sine_voltage of 5 V is beyond the limit of",
    ),
    "current": (lambda s: setattr(s.source, "current", 20e-9), "current of 2e-08 A is beyond the limit of"),
    "bias": (lambda s: setattr(s.instruments["bias"], "level", 31.0), "behind the bias resistor"),
    "bias step": (lambda s: setattr(s.instruments["bias"], "level", 5.0), "more than one step"),
    "bias by the role": (lambda s: setattr(s.bias, "current", 4e-6), "out of range"),
    "bias in one go": (lambda s: setattr(s.bias, "current", 1e-6), "a step of"),
}


def with_bias(station):
    station.bias_on(3e-6)
    return station


@pytest.mark.parametrize("name", BEYOND)
def test_what_is_beyond_a_limit_is_refused_and_nothing_is_sent(name, simulated):
    station = with_bias(simulated(station_text()))
    act, words = BEYOND[name]
    lines, error = sent(station, lambda: act(station))
    assert isinstance(error, ValueError), name
    assert words in str(error)
    assert lines == []


def test_a_source_that_is_switched_on_begins_within_one_step_of_zero(simulated):
    station = simulated(station_text())
    source = station.instruments["bias"]
    source.function = Function.VOLTAGE
    source.range = 10.0
    source.level = 5.0  # with the output off nothing flows
    with pytest.raises(ValueError, match=r"more than one step of 0.2 V, the limit of test.toml"):
        source.output = True
    source.level = 0.1
    source.output = True


def test_a_source_with_a_limit_goes_off_in_its_steps(simulated):
    station = with_bias(simulated(station_text()))
    station.move_bias(1e-6)
    before = station.rack.log.facts[-1].time
    station.instruments["bias"].off()
    levels = [fact for fact in station.rack.log.of("bias level") if fact.time > before]
    assert max(abs(fact.value - fact.was) for fact in levels) <= 0.2 * 1.02
    assert levels[-1].value == 0.0
    assert not station.cryostat.dc_source.output


def test_a_bias_found_beyond_its_limit_can_be_brought_back(simulated):
    station = with_bias(simulated(station_text()))
    station.cryostat.dc_source.level = 31.0  # by hand, at the front panel
    assert "bias at 0 V" in station.bias_off()


def test_the_auxiliary_output_of_the_bias_has_the_limits_of_the_bias(simulated):
    text = station_text().replace('bias = "bias"', 'bias = "lockin"')
    station = simulated(text)
    assert isinstance(station.bias.source, AuxiliaryOutput)
    for volts, words in ((0.5, "more than one step"), (-0.5, "more than one step")):
        lines, error = sent(station, lambda volts=volts: setattr(station.lockin, "aux_output_1", volts))
        assert words in str(error)
        assert lines == []
    station.lockin.aux_output_2 = 5.0  # not wired to the film
    tight = simulated(text.replace('bias = "3 uA"', 'bias = "10 nA"'))
    with pytest.raises(ValueError, match=r"aux_output_1 of 0.15 V is beyond the limit of test.toml \(10 nA behind"):
        tight.lockin.aux_output_1 = 0.15


def test_the_tighter_of_station_and_sample_holds_and_the_message_says_which(simulated):
    station = simulated(station_text(SAMPLE))
    for act, words in (
        (lambda: station.limits.check_field(0.05), "the sample (sample_limits.field in test.toml), 400 Oe"),
        (lambda: setattr(station.magnet, "target", 0.05), "of the sample (sample_limits.field"),
        (lambda: station.limits.check_current(5e-9), "the sample (sample_limits.current in test.toml), 4 nA"),
        (lambda: setattr(station.source, "current", 5e-9), "the sample (sample_limits.current"),
        (lambda: setattr(station.lockin, "sine_voltage", 0.5), "the sample (sample_limits.current"),
        (lambda: station.limits.check_bias(2.5e-6), "the sample (sample_limits.bias in test.toml), 2 uA"),
    ):
        lines, error = sent(station, act)
        assert words in str(error)
        assert lines == []
    loose = simulated(station_text(SAMPLE.replace("400 Oe", "900 Oe")))
    with pytest.raises(LimitError, match=r"beyond the limit of test.toml, 600 Oe"):
        loose.limits.check_field(0.07)


def test_a_sample_limit_of_a_tenth_of_a_tesla_refuses_six_tesla_before_anything_moves(simulated):
    text = station_text('[sample_limits]\nfield = "0.1 T"\n', field='"9 T"')
    station = simulated(text)
    lines, error = sent(station, lambda: station.go_to_field(6.0))
    assert isinstance(error, LimitError)
    assert "60000 Oe (6 T) is beyond the limit of the sample" in str(error)
    assert lines == []


def test_the_voltage_across_the_film_has_a_limit(simulated):
    station = simulated(station_text(SAMPLE))
    station.source.load_resistance = 1e6
    with pytest.raises(ValueError, match=r"voltage across the film of 0.003 V is beyond the limit of the sample"):
        station.source.current = 3e-9
    station.source.current = 1.9e-9


def test_at_the_limit_the_films_share_of_the_voltage_is_left_out_up_to_a_tenth(simulated):
    station = simulated(station_text())
    station.source.load_resistance = 5e6
    station.source.current = 10e-9
    assert 9.4e-9 < station.source.current <= 10e-9
    assert station.cryostat.lockin.amplitude <= 10e-9 * (100e6 + 50)
    station.source.load_resistance = 50e6
    with pytest.raises(ValueError, match=r"through a shorted film; nothing was sent, allowed are up to 6.667e-09 A"):
        station.source.current = 10e-9


def test_the_policys_currents_and_the_heaters_table_stay_within_the_limits(simulated):
    station = simulated(station_text())
    assert station.heater_range_for(10.0) == 31.6e-3
    assert station.heater_range_for(0.05) == 3.16e-3


def test_a_target_set_at_the_front_panel_beyond_the_limit_is_not_gone_to(simulated):
    station = simulated(station_text())
    station.magnet.tell("CONF:FIELD:TARG 0.08")
    with pytest.raises(ValueError, match=r"will not ramp to 0.08 T at 0.0002 T/s, which is beyond 0.06005 T"):
        station.magnet.ramp()
    assert not station.cryostat.magnet.going


def test_a_set_point_that_does_not_read_back_is_an_error(simulated):
    station = simulated(station_text())
    for instrument in station.instruments.values():
        instrument._carry_out = lambda command: []  # every command is lost on its way
    with pytest.raises(CommandError, match=r"a set point of 0.5 K was sent, but it reads back as 0 K"):
        station.controller.setpoint = 0.5
    with pytest.raises(CommandError, match=r"a heater range of 0.01 A was sent, but it reads back as 0 A"):
        station.controller.heater_range = 0.01
    with pytest.raises(CommandError, match=r"sine_voltage of 0.500 V was sent, but reads back as 0.004 V"):
        station.lockin.sine_voltage = 0.5
    with pytest.raises(CommandError, match=r"target 0.01 T was sent, but reads back as 0"):
        station.magnet.target = 0.01
    with pytest.raises(CommandError, match=r"a level of 0.1 V was sent, but it reads back as 0 V|reads back as 0 V"):
        station.instruments["bias"].level = 0.1


@pytest.mark.parametrize("key", ["field", "current", "bias", "heater", "dwell", "voltage"])
def test_a_limit_without_a_unit_is_refused(key):
    table = "sample_limits" if key in ("field", "current", "bias", "voltage") else "limits"
    text = read_station_file().text
    text = (
        text.replace("[limits]", f"[limits]\n{key} = 1") if table == "limits" else text + f"[sample_limits]\n{key} = 1"
    )
    with pytest.raises(StationFileError, match=f"{table}.{key}: 1 has no unit"):
        check_station_text(text, "test.toml")


@pytest.mark.parametrize("text", ["600 Oe", "0.06 T", "60 mT"])
def test_one_field_in_three_units_is_one_command(text, simulated):
    file = station_text(field=f'"{text}"')
    station = simulated(file)
    lines, error = sent(station, lambda: station.go_to_field(station.limits.field))
    assert error is None
    assert lines[0] == "CONF:FIELD:TARG 0.05995"  # less the offset of 0.5 Oe


# A million wild commands


class Oracle(Witness):
    """Looks at the output stages after every message, and at nothing that a driver says."""

    def __init__(self, station):
        self.limits, self.magnet_limit = station.limits, station.limits.field + abs(station.field_offset)
        sections = station.file.sections
        self.series, self.bias_series = sections["wiring"]["series_resistance"], sections["bias"]["series_resistance"]
        self.bias, self.seen = 0.0, set()
        super().__init__(station.cryostat)

    def look(self, time):
        c, limits = self._cryostat, self.limits
        loop, magnet, supply = c.loop, c.magnet, c.lockin
        assert abs(magnet.after) * 1e-4 <= self.magnet_limit + 1e-6, magnet.after
        assert abs(magnet.sweep_rate) * 1e-4 <= limits.field_rate * (1 + 1e-6), magnet.sweep_rate
        assert supply.amplitude <= max(4e-3, limits.current * (self.series + 50) * (1 + 1e-6)), supply.amplitude
        assert loop.setpoint <= limits.highest_temperature * (1 + 1e-6), loop.setpoint
        assert loop.range_current <= limits.heater * (1 + 1e-6), loop.range_current
        bias = c.dc_source.feed(self.bias_series)[0]
        assert abs(bias) <= limits.bias * (1 + 1e-4), bias
        assert abs(bias - self.bias) <= limits.bias_step * 1.02, (self.bias, bias)
        self.bias = bias
        self.seen.add((magnet.going, supply.amplitude > 4e-3, loop.range_current > 0, bias != 0))


REGISTRY = pint.UnitRegistry()


def wild(dice, scale):
    """A value for a quantity of that size: mostly about right, sometimes anything."""
    kind = dice.randrange(20)
    if kind < 9:
        return dice.uniform(-1.3, 1.3) * scale
    if kind < 13:
        return scale * dice.choice((1, -1)) * (1 + dice.choice((0, 1e-12, 1e-9, 1e-6, -1e-9, 1e-3, -1e-3)))
    if kind < 15:
        return math.exp(dice.uniform(-30, 30)) * dice.choice((1, -1))
    if kind < 16:
        return dice.choice((np.float32, np.float64, np.float16, np.int64))(min(scale * dice.uniform(0, 3), 6e4))
    return dice.choice(
        (
            math.nan, math.inf, -math.inf, 0, 0.0, -0.0, True, False, None, "600 Oe", "1", b"1", 10**400, -(10**30),
            REGISTRY.Quantity(600, "mT"), np.bool_(True), np.float64("nan"), np.array([1.0]), [1], {}, 1j, object(),
            Function.CURRENT, Unit.OHM, ReferenceSource.INTERNAL,
        )
    )  # fmt: skip


def commands(station):
    """(what, how): every way to set something, with the size of its quantity."""
    lockin, source, controller = station.lockin, station.source, station.controller
    bridge, magnet, bias, dc = station.bridge, station.magnet, station.bias, station.instruments["bias"]
    fridge = station.instruments["fridge"]

    def set_(thing, name, scale):
        return lambda dice: setattr(thing, name, wild(dice, scale))

    def call(method, *scales):
        return lambda dice: method(*(wild(dice, scale) for scale in scales))

    def any_mode(dice):
        mode, name = dice.choice((*ControlMode, 2)), dice.choice(("A", "1", "6", 1, None))
        controller.output_mode = OutputMode(mode, name, True, dice.choice((True, False)), False, dice.choice((1, 0, 9)))

    def small_bias(dice):
        bias.current = bias.source.level / bias.series_resistance + dice.uniform(-1.2, 1.2) * 20e-9

    def small_level(dice):
        dc.level = dc.level + dice.uniform(-0.25, 0.25)

    often = [
        *(set_(lockin, f"aux_output_{n}", 5) for n in (1, 2, 3, 4)),
        set_(lockin, "sine_voltage", 1),
        set_(lockin, "frequency", 100),
        set_(lockin, "sensitivity", 1e-3),
        set_(lockin, "reference_source", 1),
        set_(lockin, "harmonic", 2),
        set_(lockin, "phase", 90),
        set_(station.instruments["lockin"], "sine_voltage", 5),
        set_(source, "current", 10e-9),
        set_(source, "current", 5e-9),
        set_(source, "frequency", 10),
        set_(source, "load_resistance", 1e7),
        lambda dice: source.off(),
        set_(controller, "setpoint", 1.3),
        set_(controller, "setpoint", 0.1),
        set_(fridge.controller, "setpoint", 1.3),
        set_(controller, "excitation", 1e-9),
        set_(controller, "setpoint_unit", 1),
        lambda dice: setattr(controller, "setpoint_unit", dice.choice((*Unit, 1))),
        lambda dice: setattr(controller, "heater_range", dice.choice((*controller.HEATER_RANGES, wild(dice, 0.03)))),
        lambda dice: setattr(controller, "ramp", Ramp(dice.choice((True, False)), wild(dice, 1e-2))),
        lambda dice: setattr(controller, "pid", PID(wild(dice, 100), wild(dice, 100), wild(dice, 10))),
        lambda dice: setattr(controller, "heater_setup", HeaterSetup(wild(dice, 100), HeaterDisplay.POWER)),
        any_mode,
        lambda dice: controller.heater_off(),
        lambda dice: setattr(bridge, "filter", Filter(True, 5, dice.choice((1, 10, 90)))),
        set_(bridge, "setup", 1),
        lambda dice: fridge.channel(1).select(),
        lambda dice: fridge.configure(),
        set_(magnet, "target", 0.06),
        set_(magnet, "target", 0.03),
        set_(magnet, "target", 6),
        set_(magnet, "ramp_rate", 3e-4),
        set_(magnet, "field_limit", 0.06),
        *[lambda dice: magnet.ramp()] * 4,
        lambda dice: magnet.pause(),
        lambda dice: magnet.zero(),
        lambda dice: magnet.configure(),
        call(station.go_to_field, 0.06),
        lambda dice: station.go_on(),
        set_(dc, "level", 30),
        set_(dc, "level", 0.2),
        *[small_level] * 3,
        set_(dc, "range", 10),
        lambda dice: setattr(dc, "range", dice.choice((1.0, 10.0, 30.0, 1e-3))),
        lambda dice: setattr(dc, "function", dice.choice((*Function, "VOLT"))),
        lambda dice: setattr(dc, "output", dice.choice((True, True, False, 1, "on"))),
        set_(dc, "voltage_protection", 10),
        *[small_bias] * 3,
        set_(bias, "current", 3e-6),
        set_(bias.source, "level", 1.0),
    ]
    seldom = [
        call(station.bias_on, 3e-6),
        call(station.move_bias, 1e-6),
        lambda dice: station.bias_off(),
        lambda dice: dc.off(),
        lambda dice: station.to_safe(),
        lambda dice: station.clock.sleep(dice.uniform(0, 20)),
        lambda dice: station.clock.sleep(dice.uniform(0, 200)),
    ]
    return often, seldom


def random_commands(station, count, seed=0):
    """Give so many commands; returns how many were refused, and the oracle."""
    oracle = station.rack.log = Oracle(station)
    station.cryostat.coil_event = oracle.look
    often, seldom = commands(station)
    dice, refused = random.Random(seed), 0
    for _ in range(count):
        act = dice.choice(seldom if dice.random() < 0.01 else often)
        try:
            act(dice)
        except (ValueError, TypeError, InstrumentError):
            refused += 1
        if dice.random() < 0.02:
            station.clock.sleep(dice.uniform(0, 5))
            station.rack.advance()
            oracle.look(station.clock.time())
    return refused, oracle


def test_no_sequence_of_wild_commands_passes_a_limit(simulated):
    count = int(os.environ.get("COLDFINGER_WILD_COMMANDS", "40000"))
    station = simulated(station_text(SAMPLE, field_rate='"200 Oe/min"'))
    refused, oracle = random_commands(station, count)
    assert 0.2 * count < refused < 0.9 * count
    assert len(oracle.seen) >= 12  # the outputs were really on, in nearly every combination
