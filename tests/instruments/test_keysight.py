"""The 33511B driver on the wire, against its guide, and over its simulated panel in both roles at once."""

import json
import math
import threading

import numpy as np
import pytest
from pymeasure.test import expected_protocol

from coldfinger.instruments.ac_source import SeriesResistorSource
from coldfinger.instruments.bound import Bound
from coldfinger.instruments.dc_bias import SeriesResistorBias
from coldfinger.instruments.errors import CommandError, LinkError
from coldfinger.instruments.keysight import AmplitudeUnit, GeneratorOffset, Keysight33511B, Polarity, Shape
from coldfinger.instruments.link import open_link
from coldfinger.instruments.sr860 import SR860, ReferenceMode
from coldfinger.instruments.srs import InputConfiguration
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.devices import k33511b
from coldfinger.sim.devices import sr860 as lockins
from coldfinger.sim.rack import Rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.visa import register, unregister
from tests.instruments import contracts, contracts_keysight, driver_checks
from tests.instruments.contracts_keysight import NO_ERROR, STATE, state
from tests.instruments.driver_benches import PARTS

BENCH = PARTS["33511B"].bench
GENERATOR, LOCK_IN = "TCPIP0::127.0.0.1::5025::SOCKET", "GPIB0::9::INSTR"


def sent(command):
    return [(command, None), *NO_ERROR]


@pytest.mark.parametrize("wrong", ["INF", -math.inf, True, *(w for w in driver_checks.NOT_NUMBERS if w != math.inf)])
def test_a_load_is_a_number_or_infinite(wrong):
    with BENCH.silent() as generator, pytest.raises(ValueError, match="load must be a number"):
        generator.load = wrong
    with BENCH.talking(sent("OUTP:LOAD INF") * 2) as generator:
        generator.load = math.inf
        generator.load = np.float64("inf")


@pytest.mark.parametrize(("name", "edge", "command", "beyond", "after"), contracts_keysight.TWO_SIDED)
def test_edges_of_the_voltages_are_allowed_and_what_lies_beyond_is_never_sent(name, edge, command, beyond, after):
    with BENCH.talking([(STATE, state()), *sent(command), (STATE, after)]) as generator:
        setattr(generator, name, edge)
    with BENCH.silent() as generator, pytest.raises(ValueError, match="allowed are"):
        setattr(generator, name, beyond)


def test_an_error_in_the_queue_after_a_command_is_raised_and_the_queue_emptied():
    exchanges = [("FREQ 1.7", None), ("SYST:ERR?", '-222,"Data out of range; value clipped to upper limit"')]
    exchanges += [("SYST:ERR?", '-113,"Undefined header"'), *NO_ERROR]
    with BENCH.talking(exchanges) as generator, pytest.raises(CommandError, match=r"-222.*clipped.*; -113"):
        generator.frequency = 1.7


@pytest.mark.parametrize(
    ("front", "words"),
    [
        ("SIN;VRMS;+5.0E+01", "a load of 50 ohm is expected"),
        ("SIN;VPP;9.9E+37", "the unit is VPP"),
        ("SIN;DBM;+5.0E+01", "the unit is DBM, a load of 50 ohm"),
        ("SQU;VRMS;9.9E+37", "the shape is SQUARE"),
    ],
)
@pytest.mark.parametrize("name", ["sine_voltage", "offset"])
def test_numbers_that_are_not_the_voltage_are_neither_read_nor_set(name, front, words):
    with BENCH.talking([(STATE, state(front=front))] * 2) as generator:
        with pytest.raises(CommandError, match=words):
            getattr(generator, name)
        with pytest.raises(CommandError, match=words):
            setattr(generator, name, 0.1)


def test_an_inverted_wave_and_bursts_are_found_too():
    inverted, bursts = "SIN;VRMS;9.9E+37;INV;0;1;+1E-1;+0E+0", "SIN;VRMS;9.9E+37;NORM;1;1;+1E-1;+0E+0"
    with BENCH.talking([(STATE, inverted), (STATE, bursts)]) as generator:
        with pytest.raises(CommandError, match="polarity is inverted"):
            _ = generator.sine_voltage
        with pytest.raises(CommandError, match="bursts are on"):
            _ = generator.sine_voltage


def test_an_output_that_is_off_has_no_voltage_and_takes_none():
    with BENCH.talking([(STATE, state(on=0))] * 4) as generator:
        assert (generator.sine_voltage, generator.offset) == (0.0, 0.0)
        with pytest.raises(CommandError, match=r"sine_voltage of 0\.1 V was not sent, because the output is off"):
            generator.sine_voltage = 0.1
        with pytest.raises(CommandError, match=r"offset of 0\.1 V was not sent, because the output is off"):
            generator.offset = 0.1


def test_peak_and_offset_have_to_fit_into_ten_volts_together():
    with BENCH.talking([(STATE, state("+5.0E+00", "+4.0E+00"))] * 2) as generator:
        with pytest.raises(
            ValueError, match=r"does not fit beside an offset of 4 V; allowed are 0\.000708 to 4\.243 V"
        ):
            generator.sine_voltage = 5.0
        with pytest.raises(ValueError, match=r"beside a sine of 5 V rms; allowed are -2\.929 to 2\.929 V"):
            generator.offset = 3.0


def test_a_voltage_that_reads_back_otherwise_is_told():
    with (
        BENCH.talking([(STATE, state()), *sent("VOLT 0.2 VRMS"), (STATE, state())]) as generator,
        pytest.raises(CommandError, match=r"sine_voltage of 0\.2 V was sent, but reads back as 0\.1 V"),
    ):
        generator.sine_voltage = 0.2
    with (
        BENCH.talking([(STATE, state()), *sent("VOLT:OFFS 0.2"), (STATE, state())]) as generator,
        pytest.raises(CommandError, match=r"offset of 0\.2 V was sent, but reads back as 0 V"),
    ):
        generator.offset = 0.2


def test_the_station_s_limits_hold():
    limits = {"sine_limit": Bound(0.5, "the station"), "offset_limit": Bound(1.0, "the station", step=0.1)}
    with expected_protocol(Keysight33511B, [(STATE, state())] * 2, **limits) as generator:
        with pytest.raises(ValueError, match=r"sine_voltage of 0\.6 V is beyond the limit of the station"):
            generator.sine_voltage = 0.6
        with pytest.raises(ValueError, match="beyond the limit of the station"):
            generator.offset = 2.0
        with pytest.raises(ValueError, match="more than one step"):
            generator.offset = 0.5


@pytest.mark.parametrize(
    ("identity", "known"),
    [
        (contracts_keysight.IDENTITY, True),
        ("Keysight Technologies,33511B,MY52302222,5.03-3.15-2.00-58-00", True),
        ("Agilent Technologies,33220A,MY52302222,2.02", False),
        (contracts.GS200_IDENTITY, False),
    ],
)
def test_who_is_taken_for_a_generator_of_this_family(identity, known):
    with BENCH.talking([("*IDN?", identity)]) as generator:
        if known:
            assert generator.identify() == identity
        else:
            with pytest.raises(LinkError, match="right address"):
                generator.identify()


def test_the_snapshot_is_json():
    with BENCH.talking([(row.query, row.reply) for row in contracts_keysight.ROWS]) as generator:
        snapshot = generator.snapshot()
    assert list(snapshot) == list(Keysight33511B.SETTINGS)
    assert snapshot["load"] == "inf"
    assert json.loads(json.dumps(snapshot, allow_nan=False)) == snapshot


# Over the simulated panel: one box, two roles, and a lock-in that follows it


class Bench:
    def __init__(self):
        self.clock = SimClock()
        self.cryostat = Cryostat(builtin_sample("S0", 0, fluctuations=False), Laboratory(input_noise=None))
        panels = {GENERATOR: k33511b.Keysight33511B(self.cryostat), LOCK_IN: lockins.SR860(self.cryostat)}
        register("keysight", Rack(self.cryostat, self.clock, panels))
        self.generator = Keysight33511B(open_link(GENERATOR, "keysight@coldfinger", clock=self.clock))
        self.lockin = SR860(open_link(LOCK_IN, "keysight@coldfinger", clock=self.clock))
        self.true = self.cryostat.lockin.generator


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.generator.adapter.close()
    made.lockin.adapter.close()
    unregister("keysight")


def rms(true):
    return true.peak_to_peak / math.sqrt(8.0)


@pytest.mark.parametrize("load", [50.0, 600.0, math.inf])
@pytest.mark.parametrize("unit", AmplitudeUnit)
def test_the_amplitude_at_the_resistor_is_the_one_that_was_asked_for_however_the_panel_was_left(bench, load, unit):
    generator = bench.generator
    generator.load = load
    if not (unit is AmplitudeUnit.DBM and math.isinf(load)):
        generator.unit = unit
    generator.configure()
    source = SeriesResistorSource(generator, 1e9, voltage_range=generator.SINE_RANGE, voltage_resolution=1e-6)
    source.current = 1e-10
    assert rms(bench.true) == pytest.approx(0.1, rel=1e-3)
    assert source.current == pytest.approx(1e-10, rel=1e-3)
    source.off()
    assert rms(bench.true) == pytest.approx(7.08e-4, rel=1e-3)


def test_configure_switches_on_with_the_smallest_amplitude_and_leaves_a_running_output_as_it_is(bench):
    bench.generator.configure()
    assert bench.true.output
    assert (rms(bench.true), bench.true.offset) == (pytest.approx(7.08e-4, rel=1e-3), 0.0)
    bench.generator.sine_voltage, bench.generator.offset = 0.3, 0.1
    bench.generator.configure()
    assert (rms(bench.true), bench.true.offset) == (pytest.approx(0.3), pytest.approx(0.1))


def test_a_change_at_the_front_panel_is_caught_and_off_works_all_the_same(bench):
    generator, bias = bench.generator, GeneratorOffset(bench.generator)
    generator.configure()
    generator.sine_voltage, bias.level = 0.3, 0.1
    for change in (
        lambda: setattr(generator, "load", 50.0),
        lambda: setattr(generator, "unit", AmplitudeUnit.V_PEAK_TO_PEAK),
        lambda: setattr(generator, "polarity", Polarity.INVERTED),
        lambda: setattr(generator, "shape", Shape.SQUARE),
        lambda: setattr(generator, "burst", True),
    ):
        change()
        with pytest.raises(CommandError, match="not what they seem"):
            _ = generator.sine_voltage
        with pytest.raises(CommandError, match="not what they seem"):
            bias.level = 0.2
    bias.off()
    assert bench.true.offset == 0.0
    assert bench.true.output
    generator.off()
    assert bench.true.amplitude() == bench.true.level() == 0.0


def test_sine_and_offset_of_one_box_do_not_move_each_other(bench):
    generator = bench.generator
    generator.configure()
    source = SeriesResistorSource(generator, 1e9, voltage_range=generator.SINE_RANGE, voltage_resolution=1e-6)
    bias = SeriesResistorBias(GeneratorOffset(generator), 1e9, largest=2e-9, largest_step=1e-9)
    source.current, bias.current = 1e-10, -5e-10
    assert (rms(bench.true), bench.true.offset) == (pytest.approx(0.1, rel=1e-3), pytest.approx(-0.5))
    source.current = 2e-10
    assert bias.current == pytest.approx(-5e-10)
    bias.current = 0.0
    assert source.current == pytest.approx(2e-10, rel=1e-3)
    source.frequency = 1.7
    assert (bench.true.frequency, bench.true.output) == (1.7, True)
    bias.source.output = True
    bias.source.output = False
    assert source.current == pytest.approx(2e-10, rel=1e-3)
    generator.off()
    assert bias.voltage == source.voltage == 0.0
    with pytest.raises(CommandError, match="the offset alone cannot be switched on"):
        bias.source.output = True


def test_a_lock_in_on_external_reference_measures_with_it(bench):
    generator, lockin = bench.generator, bench.lockin
    generator.configure()
    generator.frequency, generator.sine_voltage = 7.0, 1.0
    lockin.reference_mode, lockin.time_constant = ReferenceMode.EXTERNAL, 0.3
    lockin.input_configuration = InputConfiguration.A_MINUS_B
    bench.clock.sleep(30.0)
    assert lockin.frequency == 7.0
    first = lockin.xy.x
    generator.sine_voltage = 0.5
    bench.clock.sleep(30.0)
    assert first > 1e-6
    assert lockin.xy.x == pytest.approx(0.5 * first, rel=1e-2)


def test_two_threads_in_two_roles_never_mix_replies(bench):
    generator, wrong = bench.generator, []
    generator.configure()

    def work(name, start):
        for i in range(40):
            value = start + 1e-3 * i
            setattr(generator, name, value)
            kept = getattr(generator, name)
            wrong.extend([] if kept == pytest.approx(value, rel=1e-3) else [(name, value, kept)])

    threads = [threading.Thread(target=work, args=arguments) for arguments in (("sine_voltage", 0.1), ("offset", 0.5))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    assert wrong == []
    assert generator.doubts == 0
