"""The simulated Lake Shore 372 against its manual (chapter 6) and replies captured from real units."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.sim.devices.ls372 import (
    CONTROL_CURRENTS,
    CURRENTS,
    HEATER_RANGES,
    RANGES,
    VOLTAGES,
    LakeShore372,
    engineering,
)
from tests.sim.panel_checks import ask


@pytest.fixture
def panel(cryostat):
    result = LakeShore372(cryostat)
    result.receive(b"*CLS\n")
    return result


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (293.873, "+293.873E+00"),  # captured
        (108.278, "+108.278E+00"),  # captured
        (0.0, "+000.000E+00"),
        (18032.1, "+18.0321E+03"),
        (0.05, "+50.0000E-03"),
        (-1.8e-15, "-1.80000E-15"),
        (999.9996, "+1.00000E+03"),
        (99.99996, "+100.000E+00"),
        (float("nan"), "+000.000E+00"),
    ],
)
def test_readings_are_a_sign_six_digits_and_an_exponent_of_three(value, text):
    assert engineering(value) == text


@given(st.floats(1e-20, 1e20) | st.floats(-1e20, -1e-20))
def test_a_written_reading_has_twelve_characters_and_six_digits_of_truth(value):
    text = engineering(value)
    assert len(text) == 12
    assert int(text[-3:]) % 3 == 0
    assert float(text) == pytest.approx(value, rel=5.1e-6)


# Captured from a real unit; set first to what that unit had been set to.
@pytest.mark.parametrize(
    ("command", "query", "reply"),
    [
        ("", "*IDN?", "LSCI,MODEL372,LSA23JD,1.3"),
        ("INSET 1,1,7,3,21,1", "INSET? 1", "1,007,003,21,1"),
        ("INSET 6,1,007,003,21,1", "INSET? 06", "1,007,003,21,1"),
        ("INTYPE 1,0,07,1,10,0,1", "INTYPE? 1", "0,07,1,10,0,1"),
        ("INTYPE 9,0,07,1,10,0,1", "INTYPE? 9", "0,07,1,10,0,1"),
        ("INTYPE A,1,04,0,15,0,2", "INTYPE? A", "1,04,0,15,0,2"),
        ("TLIMIT 3,0", "TLIMIT? 3", "+0000"),
        ("FILTER 1,1,10,2", "FILTER? 1", "1,010,02"),
        ("OUTMODE 0,2,6,1,0,0,1", "OUTMODE? 0", "2,6,1,0,0,001"),
        ("OUTMODE 2,4,16,1,0,0,1", "OUTMODE? 2", "4,16,1,0,0,001"),
        ("HTRSET 0,120,8,0,1", "HTRSET? 0", "+120.000,8,+0000.00,1"),
        ("STILL 10.6", "STILL?", "+10.60"),
        ("", "SRDG? 5", "+000.000E+09"),
        ("INCRV A,0", "KRDG? A", "+000.000E+00"),
        ("", "RANGE? 0", "0"),
        ("", "INNAME? 7", "Channel 07     "),
        ("", "HTR? 0", "+00.0000E+00"),
        ("", "SCAN?", "01,0"),
    ],
)
def test_replies_have_the_widths_of_a_real_unit(panel, command, query, reply):
    if command:
        assert panel.receive(command.encode() + b"\r\n") == b""
    assert ask(panel, query) == reply
    assert ask(panel, "*ESR?") == "000"


def test_what_was_read_can_be_written_back(panel):
    pairs = [
        "INSET? 3",
        "INTYPE? 1",
        "INTYPE? A",
        "INTYPE? 7",
        "FILTER? A",
        "OUTMODE? 0",
        "RAMP? 0",
        "PID? 0",
    ]
    pairs += [
        "HTRSET? 0",
        "TLIMIT? 2",
        "INCRV? A",
        "SETP? 0",
        "RANGE? 0",
        "MOUT? 0",
        "OUTMODE? 1",
        "ANALOG? 2",
    ]
    for query in pairs:
        header, key = query.split("? ")
        reply = ask(panel, query)
        assert panel.receive(f"{header} {key},{reply}\n".encode()) == b""
        assert ask(panel, query) == reply
    assert ask(panel, "*ESR?") == "000"


def test_answers_of_a_list_share_one_line(panel):
    assert ask(panel, "RDGST? A;FOO?;*ESR?") == "000;032"
    assert panel.receive(b"SETP 0,0.1;*ESR?\n") == b"000\r\n"


def test_the_power_on_bit_is_set_once(cryostat):
    panel = LakeShore372(cryostat)
    assert [ask(panel, "*ESR?"), ask(panel, "*ESR?")] == ["128", "000"]


@pytest.mark.parametrize(
    "text",
    [
        "INTYPE A,0,3,0,15,0,1",
        "INTYPE A,1,7,0,15,0,1",
        "INTYPE 1,0,13,0,15,0,1",
        "INTYPE 1,0,3,2,15,0,1",
        "INTYPE 1,0,3,0,0,0,1",
        "INSET 1,1,0,3,21,1",
        "INSET 1,1,7,2,21,1",
        "FILTER 1,1,0,2",
        "FILTER 1,1,5,81",
        "SCAN 0,0",
        "SCAN 17,0",
        "SCAN 2,2",
        "ZONE 0,11,0.1,10,20,0,0,2,0.1,0,0",
        "ZONE 0,1,0.1,10,20,0,0,9,0.1,0,0",
        "ZONE 1,1,0.1,10,20,0,0,2,0.1,0,0",
        "HTRSET 1,50,1,0,1",
        "FREQ 0,6",
        "RANGE 0,9",
        "RANGE 1,2",
        "RAMP 0,1,0.0001",
        "PID 0,1001,0,0",
        "SETP 0,-1",
        "SETP 0",
        "OUTMODE 0,3,2,0,0,0,1",
        "OUTMODE 0,6,A,0,0,0,1",
        "OUTMODE 0,5,2,0,0,0,1",
        "CRVHDR 20,x,y,4,1,1",
        "KRDG? 17",
        "QRDG? A",
        'INNAME 1,"sixteen letters!"',
        "HTRSET 0,0,0,0,1",
        "MOUT 0,-1",
    ],
)
def test_a_bad_value_is_silent_changes_nothing_and_latches_bit_4(panel, text):
    queries = "INTYPE? A;INTYPE? 1;INSET? 1;FILTER? 1;RANGE? 0;RAMP? 0;PID? 0;SETP? 0;OUTMODE? 0;HTRSET? 0;MOUT? 0"
    before = ask(panel, queries)
    assert panel.receive(text.encode() + b"\n") == b""
    assert ask(panel, "*ESR?") == "016"
    assert ask(panel, queries) == before


@pytest.mark.parametrize("text", ["KRGD? A", "FOO", "SETPOINT 0,1", "ZONES? 0,1"])
def test_a_misspelt_word_is_silent_and_latches_bit_5(panel, text):
    assert panel.receive(text.encode() + b"\n") == b""
    assert ask(panel, "*ESR?") == "032"


def test_every_output_answers_what_drivers_ask_of_all_three(panel):
    for output in (0, 1, 2):
        for query in (
            "SETP?",
            "PID?",
            "RAMP?",
            "RAMPST?",
            "HTRSET?",
            "OUTMODE?",
            "RANGE?",
            "HTRST?",
            "MOUT?",
        ):
            assert ask(panel, f"{query} {output}")
    assert ask(panel, "TLIMIT? 2")


def test_index_tables_are_half_decades_from_first_to_last(panel, cryostat):
    for table, count, first in ((VOLTAGES, 12, 2e-6), (CURRENTS, 22, 1e-12), (RANGES, 22, 2e-3)):
        assert len(table) == count
        for i, value in enumerate(table):
            # the maker writes 6.32 and 3.16 for 2 and 1 times the root of ten
            assert value == pytest.approx(first * 10.0 ** (i / 2), rel=1e-3)
    assert CONTROL_CURRENTS == (316e-12, 1e-9, 3.16e-9, 10e-9, 31.6e-9, 100e-9)
    sensor = cryostat.inputs["1"]
    for i in range(1, 23):
        panel.receive(b"INTYPE 1,1,%d,0,%d,0,1\n" % (i, i))
        assert (sensor.mode, sensor.excitation, sensor.range) == ("current", CURRENTS[i - 1], RANGES[i - 1])
        assert ask(panel, "INTYPE? 1") == f"1,{i:02d},0,{i:02d},0,1"
    for i in range(1, 13):
        panel.receive(b"INTYPE 1,0,%d,0,15,1,1\n" % i)
        assert (sensor.mode, sensor.excitation, sensor.shunted) == ("voltage", VOLTAGES[i - 1], True)
    for i, full_scale in enumerate(HEATER_RANGES):
        panel.receive(b"RANGE 0,%d\n" % i)
        assert cryostat.loop.range_current == full_scale


def test_a_control_excitation_brings_its_own_range_at_200_microvolt(panel, cryostat):
    sensor = cryostat.inputs["A"]
    for i, current in enumerate(CONTROL_CURRENTS, start=1):
        panel.receive(b"INTYPE A,1,%d,0,0,0,1\n" % i)
        assert sensor.excitation == current
        assert sensor.excitation * sensor.range == pytest.approx(200e-6, rel=2e-3)


def test_power_is_that_of_excitation_over_range(panel, cryostat):
    panel.receive(b"INTYPE 1,0,2,0,15,0,1\n")  # 6.32 uV on 20 kohm
    cryostat.loop.setpoint, cryostat.loop.range_current = 0.022, 3.16e-3
    cryostat.advance(600.0)
    ohms = float(ask(panel, "RDGR? 1"))
    # A public photograph of the instrument: 18.03 kohm, 6.32 uV, 20 kohm range, 1.80 fW
    assert float(ask(panel, "RDGPWR? 1")) / ohms == pytest.approx(1.80e-15 / 18.03e3, rel=5e-3)


def test_readings_are_those_of_the_input(panel, cryostat):
    cryostat.advance(100.0)
    sensor = cryostat.inputs["A"]
    assert float(ask(panel, "KRDG? A")) == pytest.approx(sensor.kelvin(100.0), rel=1e-5)
    assert ask(panel, "RDGK? A") == ask(panel, "krdg? a")
    assert float(ask(panel, "SRDG? A")) == pytest.approx(sensor.resistance(100.0), rel=1e-5)
    assert ask(panel, "RDGST? A") == "000"
    panel.receive(b"INTYPE A,1,1,1,0,1,1\n")
    cryostat.advance(101.0)
    assert ask(panel, "RDGST? A") == "001"


def test_filter_and_all_inputs_at_once(panel, cryostat):
    panel.receive(b"FILTER 0,1,30,10\n")
    assert ask(panel, "FILTER? 16") == "1,030,10"
    for sensor in cryostat.inputs.values():
        assert (sensor.filter_on, sensor.filter_settle, sensor.filter_window) == (True, 30, 10)


def test_the_set_point_moves_at_the_programmed_rate(panel, cryostat):
    panel.receive(b"SETP 0,0.1\n")
    cryostat.advance(1.0)
    panel.receive(b"RAMP 0,1,0.2\n")
    cryostat.advance(1.5)
    assert ask(panel, "RAMPST? 0;SETP? 0") == "0;+100.000E-03"
    panel.receive(b"SETP 0,0.3\n")
    cryostat.advance(31.5)
    assert ask(panel, "RAMPST? 0;RAMP? 0") == "1;1,+000.200"
    assert float(ask(panel, "SETP? 0")) == pytest.approx(0.2, rel=1e-3)
    cryostat.advance(62.0)
    assert ask(panel, "RAMPST? 0;SETP? 0") == "0;+300.000E-03"


def test_the_loop_heats_and_reset_switches_it_off(panel, cryostat):
    panel.receive(b"PID 0,2,15,0;OUTMODE 0,5,A,0,0,0,1;RANGE 0,6;SETP 0,0.2\n")
    cryostat.advance(300.0)
    assert float(ask(panel, "KRDG? A")) == pytest.approx(0.2, rel=0.02)
    percent = ask(panel, "HTR?")
    assert re.fullmatch(r"\+\d\d\.\d{4}E\+00", percent)
    assert float(percent) == pytest.approx(cryostat.loop.output(300.0), abs=5e-5)
    panel.receive(b"*RST\n")
    cryostat.advance(301.0)
    assert ask(panel, "HTR?;RANGE? 0") == "+00.0000E+00;0"


def test_open_loop_gives_the_manual_output(panel, cryostat):
    panel.receive(b"OUTMODE 0,2,A,0,0,0,1;RANGE 0,4;MOUT 0,100\n")
    cryostat.advance(1.0)
    assert ask(panel, "HTR? 0") == "+100.000E+00"


def test_a_set_point_in_ohms_goes_through_the_curve(panel, cryostat):
    ohms = cryostat.inputs["A"].sensor.resistance(0.1)
    panel.receive(f"INTYPE A,1,1,1,0,0,2;SETP 0,{ohms:.6f}\n".encode())
    assert cryostat.loop.setpoint == pytest.approx(0.1, rel=1e-6)
    assert float(ask(panel, "SETP? 0")) == pytest.approx(ohms, rel=1e-5)


def test_an_uploaded_curve_gives_kelvin_and_never_extrapolates(panel, cryostat):
    cryostat.advance(60.0)
    now = float(ask(panel, "SRDG? 1"))
    panel.receive(b'CRVHDR 25,"RuO2 chip","X-1",3,40.0,2\n')
    for i, (ohms, kelvin) in enumerate([(0.5 * now, 0.9), (1.5 * now, 0.1)], start=1):
        panel.receive(f"CRVPT 25,{i},{ohms:.6g},{kelvin}\n".encode())
    assert ask(panel, "KRDG? 1") == "+000.000E+00"
    panel.receive(b"INCRV 1,25\n")
    assert float(ask(panel, "KRDG? 1")) == pytest.approx(0.5, rel=0.02)
    assert ask(panel, "CRVHDR? 25") == "RuO2 chip      ,X-1       ,3,+40.000,1"
    assert ask(panel, "INSET? 1") == "1,007,003,25,1"
    panel.receive(b"CRVPT 25,1,1,0.9;CRVPT 25,2,2,0.1\n")
    cryostat.advance(90.0)
    assert ask(panel, "KRDG? 1;RDGST? 1") == "+000.000E+00;128"
    panel.receive(f"CRVPT 25,1,{2 * now:.6g},0.9;CRVPT 25,2,{3 * now:.6g},0.1\n".encode())
    assert ask(panel, "KRDG? 1;RDGST? 1") == "+000.000E+00;064"
    panel.receive(b"CRVDEL 25\n")
    assert ask(panel, "CRVPT? 25,1;KRDG? 1;RDGST? 1") == "0,0;+000.000E+00;000"


def test_the_curve_of_the_laboratory_comes_back_with_its_number(panel, cryostat):
    cryostat.advance(60.0)
    before = ask(panel, "KRDG? A")
    panel.receive(b"INCRV A,0\n")
    assert ask(panel, "KRDG? A") == "+000.000E+00"
    panel.receive(b"INCRV A,21\n")
    assert ask(panel, "KRDG? A") == before


def test_names_may_hold_separators_inside_quotes(panel):
    panel.receive(b'INNAME 2,"a;b,c"\n')
    assert ask(panel, "INNAME? 2") == "a;b,c          "


def test_status_byte_follows_the_enables(panel, cryostat):
    cryostat.advance(60.0)
    panel.receive(b"*ESE 32;*SRE 32;FOO\n")
    valid = 2 + 4  # readings of the control input and of the scanned channel
    assert panel.serial_poll(True) == valid + 16 + 32 + 64
    assert ask(panel, "*STB?") == "102"
    assert ask(panel, "*OPC?") == "1"
