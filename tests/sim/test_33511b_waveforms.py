"""Arbitrary waveforms of the simulated 33511B: its memory, and what the lock-in at the film makes of them."""

import numpy as np
import pytest

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.rack import sim_rack
from coldfinger.sim.sample import builtin_sample

TURN = 2 * np.pi * np.arange(64) / 64


class Bench:
    """A generator and the lock-in that follows it."""

    def __init__(self):
        self.clock = SimClock()
        addresses = {"generator": "GPIB0::10::INSTR", "lock-in": "GPIB0::8::INSTR"}
        sample = builtin_sample("S0", 0, fluctuations=False)
        models = {"lock-in": "SR860"}
        self.rack = sim_rack(Cryostat(sample, Laboratory(input_noise=None)), self.clock, addresses, models=models)
        self.source = self.rack.cryostat.lockin.generator
        self.tell("OUTP:LOAD INF;:VOLT 1;:FREQ 17;:OUTP 1", "GPIB0::10::INSTR")
        self.tell("RSRC INT;FREQ 17;OFLT 10;OFSL 3;ISRC 1;ICPL 1", "GPIB0::8::INSTR")

    def tell(self, text, address="GPIB0::10::INSTR"):
        port = self.rack.connect(address)
        self.rack.exchange(port, text.encode(), end=True)
        return port.take().decode().strip()

    def upload(self, name, wave):
        self.tell(f"DATA:ARB {name},{','.join(f'{point:.9f}' for point in wave)}")

    def output(self):
        """X and Y of the lock-in when they have settled."""
        self.clock.sleep(20.0)
        return [float(part) for part in self.tell("SNAP? X,Y", "GPIB0::8::INSTR").split(",")]

    def error(self):
        return int(self.tell("SYST:ERR?").split(",")[0])


@pytest.fixture
def bench():
    return Bench()


def test_a_sine_point_by_point_is_a_sine(bench):
    plain = bench.output()
    bench.upload("mine", np.sin(TURN))
    bench.tell("FUNC:ARB mine;:FUNC:ARB:SRAT 1088;:FUNC ARB")
    assert float(bench.tell("FREQ?")) == 17.0
    assert bench.output() == pytest.approx(plain, rel=1e-3)  # the rest of 2f is read at another moment
    assert abs(complex(*plain)) > 1e-6


def test_a_wave_that_leads_turns_the_signal(bench):
    x, y = bench.output()
    bench.upload("ahead", 0.5 * np.cos(TURN))
    bench.tell("FUNC:ARB ahead;:FUNC:ARB:SRAT 1088;:FUNC ARB")
    # 17 Hz leave some of 2f, which turns another way: 3 parts in 1000 behind 0.1 s and four poles
    assert complex(*bench.output()) == pytest.approx(0.5j * complex(x, y), rel=0.01)


def test_the_mean_of_a_wave_is_a_direct_voltage(bench):
    bench.upload("steps", np.repeat([1.0, 0.0], 32))
    bench.tell("FUNC:ARB steps;:FUNC ARB;:VOLT:OFFS 0.1")
    assert bench.source.level() == pytest.approx(0.1 + 0.25)
    bench.tell("OUTP:POL INV")
    assert bench.source.level() == pytest.approx(0.1 - 0.25)
    assert bench.source.amplitude() == pytest.approx(0.5 * np.sqrt(0.5) * 2 / np.pi, rel=1e-3)


def test_points_of_the_converter_are_parts_of_its_full_scale(bench):
    wave = np.rint(32767 * np.sin(TURN)).astype(int)
    bench.tell(f"SOUR1:DATA:ARB:DAC coarse, {', '.join(map(str, wave))}")
    bench.tell("FUNC:ARB coarse;:FUNC ARB")
    assert bench.source.amplitude() == pytest.approx(np.sqrt(0.125), rel=1e-4)
    assert bench.error() == 0


def test_frequency_and_sample_rate_follow_each_other(bench):
    bench.upload("mine", np.sin(TURN))
    bench.tell("FUNC:ARB mine;:FUNC ARB;:FREQ 10")
    assert float(bench.tell("FUNC:ARB:SRAT?")) == 640.0
    bench.tell("FUNC SIN")
    assert float(bench.tell("FREQ?")) == 17.0
    bench.tell("FUNC ARB")
    assert float(bench.tell("FREQ?")) == 10.0


def test_the_memory_is_kept_in_order(bench):
    bench.upload("mine", np.sin(TURN))
    assert bench.tell("DATA:VOL:CAT?") == '"EXP_RISE","MINE"'
    assert int(bench.tell("DATA:VOL:FREE?")) == 1_000_000 - 64
    bench.upload("mine", np.cos(TURN))
    assert bench.error() == 786
    bench.tell("FUNC:ARB yours")
    assert bench.error() == 785
    bench.tell('FUNC:ARB "mine"')
    assert bench.tell("FUNC:ARB?") == '"MINE"'
    bench.tell("DATA:VOL:CLE")
    assert bench.tell("FUNC:ARB?;:DATA:VOL:CAT?") == '"EXP_RISE";"EXP_RISE"'
    assert bench.error() == 0
    bench.tell("FUNC ARB")
    assert bench.source.amplitude() == 0.0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DATA:ARB short,0,0,0", -222),
        ("DATA:ARB high,0,0,0,0,0,0,0,1.1", -222),
        ("DATA:ARB:DAC part,0,0,0,0,0,0,0,1.5", -121),
        ("DATA:ARB word,0,0,0,x,0,0,0,0", -121),
        ("DATA:ARB a b,0,0,0,0,0,0,0,0", -224),
        ("DATA:ARB none", -109),
        ("FUNC:ARB:SRAT 1e9", -222),
    ],
)
def test_what_cannot_be_loaded_is_an_error_and_changes_nothing(bench, text, code):
    free = bench.tell("DATA:VOL:FREE?")
    bench.tell(text)
    assert bench.error() == code
    assert bench.tell("DATA:VOL:FREE?") == free


def test_a_driven_lock_in_is_captured_at_the_generator_s_frequency(bench):
    bench.tell("RSRC EXT;FREQINT 1000;OFLT 8;OFSL 0", "GPIB0::8::INSTR")
    bench.output()
    lockin, now = bench.rack.cryostat.lockin, bench.rack.cryostat.ticks * 0.25
    times = np.linspace(now - 0.25, now, 11)
    one_by_one = [lockin._filtered(time) + lockin._ripple(time) for time in times]
    assert lockin.course(times) == pytest.approx(np.array(one_by_one), rel=1e-12)
    assert np.ptp(lockin.course(times).real) > 0.1 * abs(one_by_one[0])  # 34 Hz behind 10 ms, and not 2 kHz
