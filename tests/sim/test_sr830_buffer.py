"""The data buffer of the simulated SR830 against its manual (chapter 5) and against its own front panel."""

import math
import re
import socket
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.devices.sr830_buffer import CAPACITY, packed, unpacked
from coldfinger.sim.rack import sim_rack
from coldfinger.sim.server import serve
from tests.sim.panel_checks import LOCKIN, SAMPLE, LockinBench, both_at_the_end

HALF_STEP = 2.0**-15  # relative, of a mantissa of 16 bits with its sign
FULL_SCALE = 50e-6  # V
SIGNAL = "SLVL 1;FREQ 7;SENS 13;OFLT 9;OFSL 3;*CLS"


class Bench(LockinBench):
    """One SR830."""

    def __init__(self, quiet=True):
        super().__init__("SR830", SIGNAL, quiet)

    def points(self, channel=1):
        return [float(text) for text in self.ask(f"TRCA? {channel},0,{self.count}").decode().split(",")[:-1]]

    @property
    def count(self):
        return int(self.ask("SPTS?"))


@pytest.fixture
def bench():
    return Bench()


@given(st.floats(-1e3, 1e3) | st.floats(-1e-9, 1e-9))
def test_a_kept_value_has_sixteen_bits(value):
    mantissa, exponent = packed(value)
    assert -32768 <= mantissa <= 32767
    assert 0 <= exponent <= 248
    assert mantissa * 2.0 ** (exponent - 124) == unpacked((mantissa, exponent))
    assert unpacked((mantissa, exponent)) == pytest.approx(value, rel=HALF_STEP, abs=2.0**-108)


def test_points_are_what_the_displays_would_have_shown(bench):
    """A second laboratory is looked at by hand when the first one stores by itself; the signal rises meanwhile."""
    bench.tell("DDEF 1,1,0;OEXP 3,5,0;SRAT 7;STRT")  # 8 Hz, R less an offset, and Y
    began = bench.clock.time()
    other = Bench()
    other.tell("DDEF 1,1,0;OEXP 3,5,0;SRAT 7;STRT")
    seen = []
    for k in range(41):
        other.rack.cryostat.advance(began + k / 8)  # bus time would make it late
        seen.append([float(other.panel.receive(b"OUTR? %d\n" % channel)) for channel in (1, 2)])
    bench.until(began + 5.0)
    assert bench.count == 41
    for channel, shown in zip((1, 2), np.transpose(seen), strict=True):
        assert bench.points(channel) == pytest.approx(shown, rel=HALF_STEP + 1e-5)  # and six printed digits
    assert seen[-1][0] - seen[0][0] > 0.2 * FULL_SCALE


def test_settings_count_for_the_points_that_fall_under_them(bench):
    bench.until(60.0)  # the signal stands
    bench.tell("SRAT 11;STRT")  # 128 Hz, 32 points in a tick of the laboratory
    bench.until(60.105)
    bench.tell("OEXP 1,50,0")
    bench.until(60.2)
    bench.tell("PAUS")
    steps = np.diff(bench.points())
    assert np.argmax(np.abs(steps)) == math.floor((60.11 - 60.005) * 128)
    assert np.max(np.abs(steps)) == pytest.approx(0.5 * FULL_SCALE, rel=1e-3)


def test_three_forms_give_the_same_numbers(bench):
    bench.tell("SRAT 13;STRT")
    bench.until(3.0)
    bench.tell("PAUS")
    text = bench.ask("TRCA? 1,500,3")
    assert re.fullmatch(rb"([+-]\d\.\d{6}e[+-]\d{3},){3}\n", text)
    values = struct.unpack("<3f", bench.ask("TRCB? 1,500,3"))
    pairs = np.frombuffer(bench.ask("TRCL? 1,500,3"), "<i2")
    assert values == pytest.approx(pairs[::2] * 2.0 ** (pairs[1::2] - 124.0), rel=1e-12)
    assert [float(part) for part in text[:-2].split(b",")] == pytest.approx(values, rel=1e-6)
    assert values[0] > 1e-6


def test_points_that_are_not_there_are_refused(bench):
    bench.tell("SRAT 5;STRT")
    bench.until(2.0)
    bench.tell("PAUS;*CLS")
    count = bench.count
    for command in (f"TRCA? 1,0,{count + 1}", f"TRCB? 2,{count},1", "TRCL? 1,0,0", "TRCL? 3,0,1", "TRCA? 1,0"):
        assert bench.ask(command) == b""
        assert bench.ask("*ESR?") == b"16\n"


def test_a_pause_leaves_a_gap_and_a_reset_leaves_nothing(bench):
    bench.tell("SRAT 5;STRT")  # 2 Hz
    bench.until(2.0)
    bench.tell("PAUS")
    assert bench.count == 4
    bench.until(10.0)
    assert bench.count == 4
    bench.tell("STRT")
    assert bench.count == 5
    bench.tell("STRT")  # ignored: it stores already
    assert bench.count == 5
    bench.tell("REST")
    assert bench.count == 0
    bench.until(20.0)
    assert bench.count == 0


def test_a_scan_is_in_progress_from_the_first_point_to_the_last(bench):
    def over():
        return int(bench.ask("*STB? 0"))

    assert over() == 1
    bench.tell("SRAT 13;SEND 0;STRT")
    assert over() == 0
    bench.tell("PAUS")
    assert over() == 0
    bench.tell("STRT")
    bench.until(40.0)
    assert over() == 1
    assert bench.count == CAPACITY
    last = bench.ask(f"TRCB? 1,{CAPACITY - 1},1")
    bench.until(41.0)
    bench.tell("STRT")  # ignored: it is full
    bench.until(42.0)
    assert bench.ask(f"TRCB? 1,{CAPACITY - 1},1") == last


def test_a_loop_keeps_the_newest_points(bench):
    bench.tell("SRAT 13;SEND 1;STRT")
    began = bench.clock.time()
    bench.until(began + 1.5)
    second = bench.ask("TRCB? 1,512,1")
    bench.until(began + (CAPACITY + 512 - 0.5) / 512)  # the first 512 points are gone
    bench.tell("PAUS")
    gone = math.floor((bench.clock.time() - began) * 512) + 1 - CAPACITY
    assert bench.count == CAPACITY
    assert gone >= 512
    kept = np.frombuffer(bench.ask(f"TRCB? 1,0,{CAPACITY}"), "<f4")
    assert len(kept) == CAPACITY
    assert kept[0] >= struct.unpack("<f", second)[0]  # the signal rises


def test_triggers_store_points_one_by_one_and_set_their_bit(bench):
    bench.tell("SRAT 14;TRIG")
    assert bench.count == 0  # storage has not been started
    bench.tell("STRT;LIAS?")
    bench.until(5.0)
    bench.port.clear()
    assert bench.count == 0
    bench.tell("TRIG;TRIG")  # the second comes too fast
    bench.until(6.0)
    bench.tell("TRIG")
    assert bench.count == 2
    assert bench.ask("LIAS? 6") == b"1\n"
    assert bench.ask("LIAS? 6") == b"0\n"


def test_a_trigger_starts_a_scan_where_it_may(bench):
    bench.tell("SRAT 4;TRIG")
    bench.until(2.0)
    assert bench.count == 0
    bench.tell("TSTR 1;TRIG")
    bench.until(4.5)
    assert bench.count == 3


def test_rates_are_those_of_the_table(bench):
    for index, rate in ((0, 0.0625), (4, 1.0), (9, 32.0)):
        bench.tell(f"REST;SRAT {index};STRT")
        bench.until(bench.clock.time() + 100.0)
        assert bench.count == 1 + math.floor(100.005 * rate)


def test_a_new_rate_holds_from_the_next_point_on(bench):
    bench.tell("SRAT 0;STRT")
    bench.until(1.0)
    bench.tell("SRAT 5")
    bench.until(3.2)
    assert bench.count == 1 + 4


def test_the_buffer_is_lost_with_the_settings(bench):
    bench.tell("STRT")
    bench.until(5.0)
    assert bench.count == 5
    bench.tell("*RST")
    assert bench.count == 0
    bench.tell("STRT")
    bench.until(10.0)
    bench.panel = bench.rack.power_cycle(bench.panel)
    assert bench.count == 0


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0.01, 2.0), max_size=6))
def test_reading_changes_no_point(waits):
    chatty, silent = both_at_the_end(Bench, waits, "SRAT 8;STRT", "SPTS?;TRCA? 1,0,1;OUTP? 1;LIAS?", "PAUS")
    assert chatty.ask("TRCL? 1,0,300") == silent.ask("TRCL? 1,0,300")
    assert chatty.rack.cryostat.lockin.output(20.0) == silent.rack.cryostat.lockin.output(20.0)


def test_auto_gain_and_the_buffer_do_not_disturb_each_other(bench):
    bench.until(60.0)
    bench.tell("SENS 26;OFLT 8;SRAT 5;STRT;AGAN")
    assert bench.panel.serial_poll(False) == 0
    bench.until(120.0)
    assert bench.panel.serial_poll(False) == 2
    assert bench.count == 121
    assert int(bench.ask("SENS?")) < 26


def test_the_fast_mode_sends_x_and_y_unasked(bench):
    bench.until(60.0)
    bench.tell("SRAT 13;FAST 2;STRD")
    asked = bench.clock.time()
    pairs = []
    for _ in range(100):
        assert bench.rack.wait_for_reply(bench.port, 2.0)
        pairs.append(struct.unpack("<hh", bench.port.out.popleft()))
        if len(pairs) == 1:
            assert bench.clock.time() - asked == pytest.approx(0.5, abs=1e-6)
    assert bench.clock.time() - asked == pytest.approx(0.5 + 99 / 512, abs=1e-6)
    bench.tell("PAUS")
    bench.port.clear()
    x, y = (float(bench.ask(f"OUTP? {axis}")) for axis in (1, 2))
    assert pairs[-1] == pytest.approx((x / FULL_SCALE * 30000, y / FULL_SCALE * 30000), abs=1.0)
    assert x > 1e-5


def test_the_fast_mode_ends_when_nobody_reads(bench):
    bench.tell("SRAT 13;FAST 1;STRT")
    bench.until(1.0)
    assert len(bench.port.out) == 63
    bench.port.clear()
    assert bench.ask("FAST?") == b"0\n"
    assert int(bench.ask("*ESR?")) & 4
    assert bench.count > 500  # storing goes on


def test_a_whole_buffer_of_text_goes_out_over_tcp():
    rack = sim_rack(Cryostat(SAMPLE), SimClock(10.0), {"lock-in": LOCKIN})
    buffer = rack.devices[LOCKIN]._buffer
    buffer.loop = False
    buffer.start(0.0)
    buffer.store(1.5 * CAPACITY, lambda time: (time, -time))
    with serve(rack) as server:
        place = server.places["lock-in"]
        with socket.create_connection((place.host, place.port), timeout=20.0) as client, client.makefile("rb") as file:
            client.sendall(b"TRCA? 2,0,%d\nSPTS?\n" % CAPACITY)
            reply = file.readline()
            assert len(reply) == 15 * CAPACITY + 1
            assert reply.startswith(b"+0.000000e+000,-1.000000e+000,-2.000000e+000,")
            assert file.readline() == b"%d\n" % CAPACITY
