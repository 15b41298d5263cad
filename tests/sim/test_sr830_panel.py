"""The simulated SR830 against its manual (chapter 5) and against replies of real units."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.sim.clock import SimClock
from coldfinger.sim.devices.sr830 import SR830
from coldfinger.sim.devices.sr830_setup import SENSITIVITIES, TIME_CONSTANTS, number
from coldfinger.sim.devices.stanford import wrapped
from coldfinger.sim.rack import sim_rack
from tests.sim.panel_checks import ask, event, laboratory

ADDRESS = "GPIB0::8::INSTR"


@pytest.fixture
def cryostat():
    return laboratory()


@pytest.fixture
def panel(cryostat):
    result = SR830(cryostat)
    result.receive(b"*CLS\n")
    return result


@pytest.mark.parametrize(
    ("value", "text"),
    [(-4.17234e-7, "-4.17234e-007"), (0.951359, "0.951359"), (0.0, "0"), (1e-12, "1e-012"), (7.0, "7")],
)
def test_reals_are_written_as_real_units_write_them(value, text):
    assert number(value) == text


def test_identity_and_power_on_bit(cryostat):
    panel = SR830(cryostat)
    assert ask(panel, "*IDN?") == "Stanford_Research_Systems,SR830,s/n12345,ver1.07"
    assert event(panel) == 128
    assert event(panel) == 0


def test_blanks_case_and_terminators_do_not_matter(panel):
    for text in (b"SENS?\n", b"sens ?\r", b" S E N S ?\r\n", b"SENS?\r"):
        assert panel.receive(text) == b"26\n"
    assert panel.receive(b"SENS?", end=True) == b"26\n"


def test_each_answer_of_a_list_is_terminated_by_itself(panel):
    panel.port.receive(b"SENS 5;SENS?;OFLT 3;OFLT?\n")
    assert list(panel.port.out) == [b"5\n", b"3\n"]


def test_index_tables_reach_from_first_to_last(panel, cryostat):
    assert SENSITIVITIES[0] == 2e-9
    assert SENSITIVITIES[26] == 1.0
    assert len(SENSITIVITIES) == 27
    assert TIME_CONSTANTS[0] == 10e-6
    assert TIME_CONSTANTS[19] == 30e3
    assert len(TIME_CONSTANTS) == 20
    for i, full_scale in enumerate(SENSITIVITIES):
        panel.receive(b"SENS %d\n" % i)
        assert cryostat.lockin.sensitivity == full_scale
        assert full_scale == pytest.approx((2, 5, 10)[i % 3] * 10.0 ** (i // 3 - 9))
    for i, time_constant in enumerate(TIME_CONSTANTS):
        panel.receive(b"OFLT%d\n" % i)
        assert cryostat.lockin.time_constant == time_constant
        assert time_constant == pytest.approx((1, 3)[i % 2] * 10.0 ** (i // 2 - 5))


@pytest.mark.parametrize(("given_", "kept"), [(541, -179), (-360, 0), (180, 180), (729.99, 9.99), (12.346, 12.35)])
def test_phase_is_kept_within_half_a_turn_to_a_hundredth(panel, cryostat, given_, kept):
    panel.receive(f"PHAS {given_}\n".encode())
    assert float(ask(panel, "PHAS?")) == pytest.approx(kept)
    assert cryostat.lockin.phase == pytest.approx(kept)


@given(st.floats(-1e4, 1e4))
def test_a_wrapped_phase_is_the_same_angle(phase):
    assert -180.0 < wrapped(phase) <= 180.0
    assert math.remainder(wrapped(phase) - phase, 360.0) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("given_", "kept"), [("0.1033", "0.104"), ("0.004", "0.004"), ("5", "5"), ("1.001", "1")])
def test_sine_output_moves_in_steps_of_two_millivolts(panel, cryostat, given_, kept):
    panel.receive(f"SLVL{given_}\n".encode())
    assert ask(panel, "SLVL?") == kept
    assert cryostat.lockin.amplitude == pytest.approx(float(kept), rel=1e-12)


@pytest.mark.parametrize(
    ("given_", "kept"), [("7.12347", 7.1235), ("0.71238", 0.7124), ("12345.6", 12346), ("1.7e0", 1.7)]
)
def test_frequency_has_five_digits_or_tenths_of_a_millihertz(panel, given_, kept):
    panel.receive(f"FREQ {given_}\n".encode())
    assert float(ask(panel, "FREQ?")) == kept


def test_harmonic_is_reduced_to_the_largest_that_fits(panel, cryostat):
    panel.receive(b"FREQ 10000;HARM 19999\n")
    assert ask(panel, "HARM?") == "10"
    assert cryostat.lockin.harmonic == 10
    panel.receive(b"FREQ 20000\n")
    assert event(panel) == 16
    assert float(ask(panel, "FREQ?")) == 10000.0


@pytest.mark.parametrize(
    "text",
    [
        "SLVL 0.003",
        "SLVL 5.01",
        "FREQ 0.0009",
        "FREQ 102001",
        "PHAS 730",
        "SENS 27",
        "OFLT 20",
        "OFSL 4",
        "HARM 0",
        "OUTP? 5",
        "SNAP? 1",
        "AUXV 1,10.6",
        "OEXP 1,106,0",
        "SENS",
        "SENS x",
        "RSET 9",
        "*ESR? 8",
    ],
)
def test_a_bad_parameter_is_silent_and_latches_bit_4(panel, text):
    before = panel._setup
    assert panel.receive(text.encode() + b"\n") == b""
    assert event(panel) == 16
    assert event(panel) == 0
    assert panel._setup == before


@pytest.mark.parametrize("text", ["FOO", "FOO?", "TRCX?1,0,1", "STRD?", "TRCA 1,0,1", "*XYZ?", "OUTPUT?1"])
def test_an_unknown_command_is_silent_and_latches_bit_5(panel, text):
    assert panel.receive(text.encode() + b"\n") == b""
    assert event(panel) == 32


def test_one_status_bit_can_be_read_and_cleared_alone(panel):
    panel.receive(b"FOO;SENS 99\n")
    assert ask(panel, "*ESR? 5") == "1"
    assert ask(panel, "*ESR? 5") == "0"
    assert event(panel) == 16


def test_outputs_are_the_filtered_signal_with_radius_and_angle(panel, cryostat):
    panel.receive(b"SLVL 1;FREQ 7;SENS 14;OFLT 9;OFSL 3\n")
    cryostat.advance(30.0)
    x, y, r, theta = (float(ask(panel, f"OUTP?{i}")) for i in (1, 2, 3, 4))
    assert (x, y) == pytest.approx(cryostat.lockin.output(30.0), rel=1e-5)
    assert r == pytest.approx(math.hypot(x, y), rel=1e-5)
    assert theta == pytest.approx(math.degrees(math.atan2(y, x)), rel=1e-5)
    assert x > 1e-6
    assert ask(panel, "SNAP?1,2,3,4,9,10") == ",".join(ask(panel, f"OUTP?{i}") for i in (1, 2, 3, 4)) + (
        "," + ask(panel, "FREQ?") + "," + ask(panel, "OUTR?1")
    )


def test_output_overload_is_latched_until_it_is_read(panel, cryostat):
    panel.receive(b"SLVL 1;FREQ 7;SENS 1\n")
    cryostat.advance(30.0)
    assert int(ask(panel, "LIAS?")) & 4
    panel.receive(b"SENS 20\n")
    cryostat.advance(31.0)
    panel.receive(b"SENS 1\n")
    cryostat.advance(32.0)
    panel.receive(b"SENS 20\n")
    cryostat.advance(33.0)
    assert ask(panel, "LIAS? 2") == "1"
    assert ask(panel, "LIAS? 2") == "0"
    panel.receive(b"SENS 1\n")
    cryostat.advance(34.0)
    panel.receive(b"SENS 20;*CLS\n")
    assert ask(panel, "LIAS?") == "0"


def test_crossing_200_hz_shortens_the_filter_and_drops_the_synchronous_one(panel, cryostat):
    panel.receive(b"FREQ 7;OFLT 19;SYNC 1\n")
    assert cryostat.lockin.sync is True
    panel.receive(b"FREQ 201\n")
    assert ask(panel, "OFLT?") == "19"
    panel.receive(b"FREQ 204\n")
    assert ask(panel, "OFLT?") == "15"
    assert ask(panel, "SYNC?") == "0"
    assert int(ask(panel, "LIAS?")) == 16 + 32
    panel.receive(b"OFLT 16\n")
    assert event(panel) == 16
    panel.receive(b"FREQ 200\n")
    assert int(ask(panel, "LIAS?")) == 0
    panel.receive(b"FREQ 199\n")
    assert int(ask(panel, "LIAS?")) == 16


def test_an_absent_external_reference_reads_as_unlocked(panel):
    panel.receive(b"FMOD 0\n")
    assert int(ask(panel, "LIAS?")) == 8
    assert int(ask(panel, "LIAS?")) == 8
    panel.receive(b"FREQ 9\n")
    assert event(panel) == 16


def test_offsets_are_subtracted_and_expand_changes_no_number(panel, cryostat):
    panel.receive(b"SLVL 1;SENS 17\n")
    cryostat.advance(30.0)
    x = float(ask(panel, "OUTP?1"))
    panel.receive(b"OEXP 1,-20.001,2\n")
    assert ask(panel, "OEXP? 1") == "-20,2"
    assert float(ask(panel, "OUTP?1")) == pytest.approx(x + 0.2e-3, rel=1e-5)
    panel.receive(b"AOFF 1\n")
    assert float(ask(panel, "OUTP?1")) == pytest.approx(0.0, abs=1e-4 * 1e-3)


def test_auto_phase_turns_the_signal_into_x(panel, cryostat):
    panel.receive(b"SLVL 1;SENS 14;PHAS 40\n")
    cryostat.advance(30.0)
    panel.receive(b"APHS\n")
    cryostat.advance(60.0)
    assert abs(float(ask(panel, "OUTP?4"))) < 0.1


def test_settings_reach_the_lock_in_and_come_back(panel, cryostat):
    pairs = {
        "ICPL": 0,
        "OFSL": 1,
        "ISRC": 1,
        "IGND": 1,
        "ILIN": 3,
        "RMOD": 0,
        "RSLP": 1,
        "OVRM": 1,
        "LOCL": 2,
    }
    for name, value in pairs.items():
        assert panel.receive(f"{name} {value}\n".encode()) == b""
        assert ask(panel, f"{name}?") == str(value)
    panel.receive(b"AUXV 3,-1.2345;DDEF 1,1,0\n")
    assert cryostat.lockin.ac_coupled is True
    assert cryostat.lockin.poles == 2
    assert cryostat.lockin.dc_outputs == [0.0, 0.0, -1.234, 0.0]
    assert ask(panel, "AUXV? 3") == "-1.234"
    assert ask(panel, "DDEF?1") == "1,0"


def test_reset_restores_the_manuals_defaults_and_setups_are_kept(panel, cryostat):
    panel.receive(b"SENS 3;SSET 4;*RST\n")
    replies = [ask(panel, q) for q in ("FREQ?", "SLVL?", "PHAS?", "SENS?", "OFLT?", "OFSL?", "RMOD?", "ICPL?")]
    assert replies == ["1000", "1", "0", "26", "8", "1", "2", "0"]
    assert cryostat.lockin.frequency == 1000.0
    panel.receive(b"RSET 4\n")
    assert ask(panel, "SENS?") == "3"


def test_a_unit_left_on_rs232_hears_and_never_answers(panel, cryostat):
    panel.receive(b"OUTX 0\n")
    assert panel.receive(b"SENS 4;SENS?\n") == b""
    assert cryostat.lockin.sensitivity == SENSITIVITIES[4]
    assert panel.receive(b"OUTX 1;SENS?\n") == b"4\n"


def test_serial_poll_follows_the_enable_registers(panel):
    assert panel.serial_poll(False) == 3
    assert panel.serial_poll(True) == 19
    panel.receive(b"*ESE 5,1;*SRE 32;FOO\n")
    assert ask(panel, "*ESE?") == "32"
    assert ask(panel, "*ESE? 5") == "1"
    assert panel.serial_poll(False) == 3 + 32 + 64
    panel.receive(b"FMOD 0;LIAE 8\n")
    assert int(ask(panel, "*STB?")) & 8


def test_unread_answers_beyond_the_queue_are_lost(panel):
    for _ in range(20):
        panel.port.receive(b"*IDN?\n")
    assert len(panel.port.out) < 8
    panel.port.clear()
    assert event(panel) & 4


def test_current_inputs_see_no_signal(panel, cryostat):
    panel.receive(b"SLVL 1;SENS 14\n")
    cryostat.advance(30.0)
    assert ask(panel, "OUTP?1") != "0"
    panel.receive(b"ISRC 2\n")
    assert ask(panel, "SNAP?1,2") == "0,0"


def test_auto_gain_holds_later_commands_until_it_is_done():
    cryostat, clock = laboratory(), SimClock()
    rack = sim_rack(cryostat, clock)
    port = rack.connect(ADDRESS)
    rack.exchange(port, b"SLVL 1;SENS 26;OFLT 8", end=True)
    clock.sleep(60.0)
    rack.exchange(port, b"AGAN;SENS?", end=True)
    assert not port.out
    assert port.panel.serial_poll(False) == 1
    assert rack.wait_for_reply(port, 30.0)
    index = int(port.take())
    radius = math.hypot(*cryostat.lockin.output(cryostat.now))
    assert SENSITIVITIES[index] > radius > SENSITIVITIES[index - 1] / 1.1
    assert port.panel.serial_poll(False) == 3


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.01, 5.0), max_size=8))
def test_auto_gain_comes_out_the_same_however_often_one_looks(looks):
    results = []
    for waits in ([], looks):
        cryostat, clock = laboratory(quiet=False), SimClock()
        rack = sim_rack(cryostat, clock)
        port = rack.connect(ADDRESS)
        rack.exchange(port, b"SLVL 1;OFLT 9;AGAN", end=True)
        for wait in waits:
            clock.sleep(wait)
            rack.advance()
        clock.sleep(100.0 - clock.time())
        rack.advance()
        results.append((cryostat.lockin.sensitivity, cryostat.lockin.output(100.0)))
    assert results[0] == results[1]


def test_auto_gain_does_nothing_for_slow_filters(panel):
    panel.receive(b"OFLT 11;AGAN\n")
    assert math.isinf(panel.due)
    assert ask(panel, "SENS?") == "26"


def test_settings_of_the_buffer_are_kept_and_it_is_empty(panel):
    """QCoDeS's driver asks for all of them while it is made, with a blank before the question mark."""
    assert panel.receive(b"SRAT ?;SEND ?;TSTR ?;SPTS ?\n") == b"4\n1\n0\n0\n"
    panel.receive(b"SRAT 13;SEND 0\n")
    assert panel.receive(b"SRAT?;SEND?\n") == b"13\n0\n"
    assert panel.receive(b"TRCA? 1,0,1\n*ESR? 4\n") == b"1\n"
