"""The capture buffer of the simulated SR860 against its manual (chapter 4) and against its own readings."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.sim.lockin import Stray
from tests.sim.panel_checks import LockinBench, both_at_the_end

SIGNAL = "SLVL 1;FREQ 7;OFLT 11;OFSL 2;ISRC 1;ICPL 1;SCAL 12;*CLS"  # 0.3 s
RATE = 1.25e6 / 2**18  # Hz, the fastest of that time constant


class Bench(LockinBench):
    """One SR860."""

    def __init__(self, quiet=True, **parts):
        super().__init__("SR860", SIGNAL, quiet, **parts)

    def read(self, kilobytes, offset=0, variables=1):
        """The samples in a part of the buffer, a row for each."""
        reply = self.ask(f"CAPTUREGET? {offset},{kilobytes}")
        digits = str(1024 * kilobytes)
        header = f"#{len(digits)}{digits}".encode()
        assert reply.startswith(header)
        assert len(reply) == len(header) + 1024 * kilobytes  # and no line feed
        return np.frombuffer(reply[len(header) :], "<f4").reshape(-1, variables)

    @property
    def size(self):
        return int(self.ask("CAPTUREBYTES?"))

    @property
    def status(self):
        return int(self.ask("CAPTURESTAT?"))


@pytest.fixture
def bench():
    return Bench()


@pytest.mark.parametrize("slope", [0, 3])
@pytest.mark.parametrize("time_constant", [6, 11, 14])  # 1 ms, 0.3 s, 10 s
def test_the_course_within_a_tick_is_that_of_single_readings(slope, time_constant):
    bench = Bench(quiet=False, stray=Stray(steady=1e-6, mains=1e-6))
    bench.tell(f"OFLT {time_constant};OFSL {slope}")
    lockin, times = bench.rack.cryostat.lockin, np.linspace(7.0, 7.25, 23)
    ticks = itertools.count()
    lockin._signal = lambda *_: (1e-7 + 2e-8j) * next(ticks)  # it rises within each tick, too
    bench.until(7.1)
    one_by_one = [lockin._filtered(time) + lockin._ripple(time) for time in times]
    assert lockin.course(times) == pytest.approx(np.array(one_by_one), rel=1e-12, abs=1e-21)  # rounding errors only


def test_samples_are_the_readings_of_their_times(bench):
    """A second laboratory is asked by hand when the first one captures; the signal rises meanwhile."""
    settings_ = "COFP R,3;COFA R,1;CAPTURECFG XYRT;CAPTURELEN 2;CAPTURESTART ONE,IMM"
    bench.tell(settings_)
    began = bench.clock.time()
    other = Bench()
    other.tell(settings_)
    seen = []
    for k in range(20):
        other.rack.cryostat.advance(began + k / RATE)  # bus time would make it late
        seen.append([float(other.panel.receive(b"OUTP? %d\n" % which)) for which in range(4)])
    bench.until(began + 20.5 / RATE)
    assert bench.size == 21 * 16
    bench.tell("CAPTURESTOP")
    rows = bench.read(2, variables=4)
    assert rows[:20] == pytest.approx(np.array(seen), rel=1e-6)  # four bytes hold seven digits
    assert rows[21:] == pytest.approx(0.0, abs=0.0)
    assert rows[19, 0] > rows[2, 0] + 1e-6


def test_a_fast_filter_is_captured_fast(bench):
    bench.until(5.0)
    bench.tell("OFLT 0;CAPTURELEN 64;CAPTURECFG X;CAPTURESTART ONE,IMM")
    assert float(bench.ask("CAPTURERATE?")) == 1.25e6
    bench.tell("SLVL 0.5")
    bench.until(6.0)
    assert (bench.size, bench.status) == (65536, 6)
    samples = bench.read(64)[:, 0]
    assert len(samples) == 16384
    # 13 ms of the product at 14 Hz, which so fast a filter lets through: it turns by 66 degrees
    assert np.ptp(samples) > 0.1 * np.max(samples) > 1e-6


def test_states_of_a_capture_that_ends_by_itself(bench):
    assert bench.status == 0
    bench.tell("CAPTURELEN 2;CAPTURECFG XY;CAPTURESTART ONE,IMM")
    assert bench.status == 3
    assert bench.ask("CAPTUREPROG?") == bench.ask("CAPTUREGET? 0,1") == b""  # it must be stopped first
    assert bench.ask("*ESR?") == b"16\n"
    bench.until(bench.clock.time() + 260 / RATE)
    assert bench.status == 6
    assert bench.size == 2048
    assert bench.ask("CAPTUREPROG?") == b"2\n"
    bench.tell("CAPTURECFG XY")
    assert (bench.status, bench.size) == (0, 0)


def test_progress_counts_blocks_of_two_kilobytes(bench):
    bench.tell("CAPTURELEN 8;CAPTURECFG X;CAPTURERATE 0;OFLT 0;CAPTURESTART ONE,SAMP")
    assert bench.status == 0
    for _ in range(1250):
        bench.panel.receive(b"*TRG\n")
    assert bench.status == 3
    bench.tell("CAPTURESTOP")
    assert (bench.size, bench.ask("CAPTUREPROG?")) == (5000, b"6\n")  # the manual's example
    assert float(bench.ask("CAPTUREVAL? 1249")) == pytest.approx(float(bench.read(8)[1249, 0]), rel=1e-6)
    assert bench.ask("CAPTUREVAL? 1250") == b"0\n"
    assert bench.ask("CAPTUREVAL? 2048") == b""
    assert bench.ask("*ESR?") == b"16\n"


def test_a_capture_waits_for_its_trigger(bench):
    bench.tell("CAPTURECFG X;CAPTURESTART ONE,TRIG")
    bench.until(10.0)
    assert (bench.status, bench.size) == (0, 0)
    bench.tell("*TRG")
    bench.until(10.005 + 5.5 / RATE)
    assert (bench.status, bench.size) == (3, 24)
    bench.tell("*TRG")  # it has begun
    assert bench.size == 24


def test_a_continuous_capture_gives_up_its_oldest_block(bench):
    bench.tell("OFLT 9;CAPTURELEN 4;CAPTURECFG X;CAPTURESTART CONT,IMM")
    began, rate = bench.clock.time(), 1.25e6 / 2**15
    bench.until(began + 1023.5 / rate)
    assert (bench.size, bench.status) == (4096, 3)
    bench.until(began + 1024.3 / rate)
    assert (bench.size, bench.status) == (4096 - 2048 + 4, 7)
    bench.until(began + 1400.5 / rate)
    bench.tell("CAPTURESTOP")
    kept = bench.size // 4
    total = math.floor((bench.clock.time() - 0.005 - began) * rate) + 1  # size was asked one message later
    assert kept == total - 512
    assert bench.ask("CAPTUREPROG?") == b"4\n"
    straight = Bench()
    straight.tell("OFLT 9;CAPTURELEN 64;CAPTURECFG X;CAPTURESTART ONE,IMM")
    straight.until(began + 1500 / rate)
    straight.tell("CAPTURESTOP")
    whole = straight.read(8)[:, 0]
    assert np.array_equal(bench.read(4)[:kept, 0], whole[512:total])
    assert not bench.read(4)[kept:].any()


def test_reading_beyond_the_end_goes_on_at_the_beginning(bench):
    bench.tell("OFLT 9;CAPTURELEN 4;CAPTURECFG X;CAPTURESTART ONE,IMM")
    bench.until(60.0)
    assert np.array_equal(bench.read(3, offset=2)[512:], bench.read(1))
    for command in ("CAPTUREGET? 4,1", "CAPTUREGET? 0,65", "CAPTUREGET? 0"):
        assert bench.ask(command) == b""
        assert bench.ask("*ESR?") == b"16\n"


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0.01, 2.0), max_size=6))
def test_reading_changes_no_sample(waits):
    begin, glance = (
        "OFLT 9;CAPTURECFG XYRT;CAPTURELEN 8;CAPTURESTART CONT,IMM",
        "CAPTUREBYTES?;OUTP? 1;CAPTURESTAT?;LIAS?",
    )
    chatty, silent = both_at_the_end(Bench, waits, begin, glance, "CAPTURESTOP")
    assert chatty.ask("CAPTUREGET? 0,8") == silent.ask("CAPTUREGET? 0,8")
    assert chatty.size == silent.size


def test_settings_are_lost_with_their_capture(bench):
    bench.tell("CAPTURESTART ONE,IMM")
    bench.until(5.0)
    assert bench.size > 0
    bench.tell("*RST")
    assert (bench.size, bench.status) == (0, 0)
    bench.tell("CAPTURESTART CONT,IMM")
    bench.rack.power_cycle(bench.panel)
    assert (bench.size, bench.status) == (0, 0)
