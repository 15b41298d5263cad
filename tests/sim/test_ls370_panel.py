"""The simulated Lake Shore 370 against its manual (chapter 6) and what two laboratories' drivers send and parse."""

import pytest

from coldfinger.sim.devices.ls370 import LakeShore370
from coldfinger.sim.devices.ls372 import CURRENTS, HEATER_RANGES, RANGES, VOLTAGES
from tests.sim.panel_checks import ask


@pytest.fixture
def panel(cryostat):
    result = LakeShore370(cryostat)
    result.receive(b"*CLS\n")
    return result


@pytest.mark.parametrize(
    ("command", "query", "reply"),
    [
        ("", "*IDN?", "LSCI,MODEL370,370AF8,04102008"),  # of a real unit
        ("RDGRNG 1,0,3,15,0,0", "RDGRNG? 1", "0,03,15,0,0"),
        ("RDGRNG 01,1,08,16,1,1", "RDGRNG? 1", "1,08,16,1,1"),
        ("RDGRNG 9,0,07,10,1,0", "RDGRNG? 9", "0,07,10,1,0"),
        ("INSET 6,1,007,003,20,1", "INSET? 06", "1,007,003,20,1"),
        ("FILTER 1,1,10,2", "FILTER? 1", "1,010,02"),
        ("SCAN 06,1", "SCAN?", "06,1"),
        ("CSET 2,1,1,1,1,8,120", "CSET?", "02,1,1,001,1,8,+120.000"),
        ("CMODE 3", "CMODE?", "3"),
        ("CPOL 1", "CPOL?", "1"),
        ("PID 2,15,0.5", "PID?", "+0002.000,+00015.000,+0000.500"),
        ("CPID 2,15,0.5", "CPID?", "+0002.000,+00015.000,+0000.500"),
        ("RAMP 1,0.2", "RAMP?", "1,+000.200"),
        ("SETP 0.05", "SETP?", "+50.0000E-03"),
        ("HTRRNG 4", "HTRRNG?", "4"),
        ("MOUT 12.5", "MOUT?", "+12.5000E+00"),
        ("STILL 10.6", "STILL?", "+10.60"),
        ("", "RDGR? 5", "+000.000E+09"),
        ("INSET 2,1,7,3,0,1", "RDGK? 2", "+000.000E+00"),
        ("", "RDGST? 9", "016"),
        ("", "HTR?", "+00.0000E+00"),
        ("", "HTRST?", "0"),
        ("", "RAMPST?", "0"),
    ],
)
def test_what_is_set_is_read_back_in_the_bridges_widths(panel, command, query, reply):
    if command:
        assert panel.receive(command.encode() + b"\r\n") == b""
    assert ask(panel, query) == reply
    assert ask(panel, "*ESR?") == "000"


def test_what_was_read_can_be_written_back(panel):
    for query in (
        "RDGRNG? 1",
        "RDGRNG? 2",
        "RDGRNG? 7",
        "INSET? 3",
        "FILTER? 2",
        "CSET?",
        "PID?",
        "RAMP?",
        "SCAN?",
        "CMODE?",
    ):
        header, _, key = query.partition("?")
        reply = ask(panel, query)
        assert panel.receive(f"{header} {key.strip()}{',' if key else ''}{reply}\n".encode()) == b""
        assert ask(panel, query) == reply
    assert ask(panel, "*ESR?") == "000"


@pytest.mark.parametrize(
    "text",
    [
        "RDGRNG A,0,3,15,0,0",
        "RDGRNG 17,0,3,15,0,0",
        "RDGRNG 1,0,13,15,0,0",
        "RDGRNG 1,1,23,15,0,0",
        "RDGRNG 1,0,3,0,0,0",
        "RDGRNG 1,0,3,23,0,0",
        "RDGRNG 1,0,3,15,2,0",
        "INSET 1,1,7,3,21,1",
        "INSET 1,1,0,3,20,1",
        "FILTER 0,1,10,2",
        "SCAN 17,0",
        "CMODE 2",
        "CMODE 5",
        "CSET 2,0,1,1,1,9,120",
        "CSET 2,0,1,1,1,8,0",
        "HTRRNG 9",
        "RAMP 1,10.1",
        "RAMP 1,0.0001",
        "SETP -1",
        "SETP",
        "PID 1001,0,0",
        "MOUT 101",
        "CRVHDR 21,x,y,4,1,1",
        "CRVHDR 1,x,y,7,1,1",
        "CRVPT 1,201,1,1",
        "RDGK? A",
    ],
)
def test_a_bad_value_is_silent_changes_nothing_and_latches_bit_4(panel, text):
    queries = "RDGRNG? 1;RDGRNG? 2;INSET? 1;FILTER? 1;SCAN?;CMODE?;CSET?;HTRRNG?;RAMP?;SETP?;PID?;MOUT?"
    before = ask(panel, queries)
    assert panel.receive(text.encode() + b"\n") == b""
    assert ask(panel, "*ESR?") == "016"
    assert ask(panel, queries) == before


@pytest.mark.parametrize("text", ["KRDG? 1", "SRDG? 1", "INTYPE? 1", "OUTMODE? 0", "RANGE 0,1", "HTRSET? 0", "FOO"])
def test_words_of_the_372_are_not_known(panel, text):
    assert panel.receive(text.encode() + b"\n") == b""
    assert ask(panel, "*ESR?") == "032"


def test_index_tables_reach_from_first_to_last(panel, cryostat):
    sensor = cryostat.inputs["1"]
    for i in range(1, 23):
        panel.receive(b"RDGRNG 1,1,%d,%d,0,0\n" % (i, i))
        assert (sensor.mode, sensor.excitation, sensor.range) == ("current", CURRENTS[i - 1], RANGES[i - 1])
        assert ask(panel, "RDGRNG? 1") == f"1,{i:02d},{i:02d},0,0"
    for i in range(1, 13):
        panel.receive(b"RDGRNG 1,0,%d,15,0,0\n" % i)
        assert (sensor.mode, sensor.excitation) == ("voltage", VOLTAGES[i - 1])
    for i, full_scale in enumerate(HEATER_RANGES):
        panel.receive(b"HTRRNG %d\n" % i)
        assert cryostat.loop.range_current == full_scale


def test_autorange_and_excitation_switch_hold_for_all_channels(panel, cryostat):
    panel.receive(b"RDGRNG 7,0,3,15,1,1\n")
    assert all(sensor.autorange and sensor.shunted for sensor in cryostat.inputs.values())
    assert ask(panel, "RDGRNG? 1")[-4:] == ",1,1"
    panel.receive(b"RDGRNG 1,0,3,15,0,0\n")
    assert not any(sensor.autorange or sensor.shunted for sensor in cryostat.inputs.values())


def test_readings_are_those_of_the_chip_and_the_mixing_chamber(panel, cryostat):
    cryostat.advance(100.0)
    chip, plate = cryostat.inputs["1"], cryostat.inputs["A"]
    assert float(ask(panel, "RDGR? 1")) == pytest.approx(chip.resistance(100.0), rel=1e-5)
    assert float(ask(panel, "RDGR? 2")) == pytest.approx(plate.resistance(100.0), rel=1e-5)
    assert float(ask(panel, "RDGK? 2")) == pytest.approx(plate.kelvin(100.0), rel=1e-5)
    assert float(ask(panel, "RDGPWR? 1")) == pytest.approx(chip.power(), rel=1e-5)
    assert [ask(panel, f"RDGST? {n}") for n in (1, 2, 3)] == ["000", "000", "016"]


def test_a_curve_can_be_uploaded_as_a_laboratory_does(panel, cryostat):
    cryostat.advance(60.0)
    now = float(ask(panel, "RDGR? 1"))
    panel.receive(b"CRVDEL 12\nCRVHDR 12,A RATHER LONG CURVE NAME,X-1,3,40.0,1\n")
    for i, (ohms, kelvin) in enumerate([(0.5 * now, 0.9), (1.5 * now, 0.1)], start=1):
        panel.receive(f"CRVPT 12, {i}, {ohms:.6g}, {kelvin}\n".encode())
    assert ask(panel, "RDGK? 1") == "+000.000E+00"
    panel.receive(b"INSET 1,1,7,3,12,1\n")
    assert float(ask(panel, "RDGK? 1")) == pytest.approx(0.5, rel=0.02)
    assert ask(panel, "CRVHDR? 12") == "A RATHER LONG C,X-1       ,3,+40.000,1"
    assert ask(panel, "CRVPT? 12,3") == "0,0"
    before = ask(panel, "RDGK? 2")
    panel.receive(b"INSET 2,1,7,3,0,1\n")
    assert ask(panel, "RDGK? 2") == "+000.000E+00"
    panel.receive(b"INSET 2,1,7,3,20,1\n")
    assert ask(panel, "RDGK? 2") == before


def test_the_loop_heats_on_channel_2_and_reset_switches_it_off(panel, cryostat):
    panel.receive(b"PID 2,15,0;CSET 2,0,1,1,1,8,120;CMODE 1;HTRRNG 6;SETP 0.2\n")
    cryostat.advance(300.0)
    assert float(ask(panel, "RDGK? 2")) == pytest.approx(0.2, rel=0.02)
    percent = float(ask(panel, "HTR?"))
    assert percent == pytest.approx(cryostat.loop.output(300.0), abs=5e-5)
    panel.receive(b"CSET 2,0,1,1,2,8,120\n")
    watts = (0.01 * percent * HEATER_RANGES[6]) ** 2 * 120.0
    assert float(ask(panel, "HTR?")) == pytest.approx(watts, rel=1e-3)
    panel.receive(b"*RST\n")
    cryostat.advance(301.0)
    assert ask(panel, "HTR?;HTRRNG?") == "+000.000E+00;0"


def test_another_channel_cannot_be_controlled(panel, cryostat):
    panel.receive(b"CMODE 4;CSET 1,0,1,1,1,8,120;CMODE 1\n")
    assert (ask(panel, "*ESR?"), ask(panel, "CMODE?")) == ("016", "4")
    panel.receive(b"CSET 2,0,1,1,1,8,120;CMODE 1;CSET 1,0,1,1,1,8,120\n")
    assert (ask(panel, "*ESR?"), ask(panel, "CSET?")[:2], cryostat.loop.mode) == ("016", "02", 5)


def test_the_range_stays_below_the_limit(panel, cryostat):
    panel.receive(b"HTRRNG 7;CSET 2,0,1,1,1,4,120\n")
    assert ask(panel, "HTRRNG?") == "4"
    panel.receive(b"HTRRNG 5\n")
    assert (ask(panel, "*ESR?"), cryostat.loop.range_current) == ("016", HEATER_RANGES[4])


def test_open_loop_output_may_be_given_in_watts(panel, cryostat):
    panel.receive(b"CSET 2,0,1,1,2,8,100;CMODE 3;HTRRNG 4\n")  # 1 mA in 100 ohm: 100 uW
    panel.receive(b"MOUT 25E-6\n")
    cryostat.advance(1.0)
    assert cryostat.loop.manual_output == pytest.approx(50.0)
    assert float(ask(panel, "MOUT?")) == pytest.approx(25e-6, rel=1e-5)
    assert float(ask(panel, "HTR?")) == pytest.approx(25e-6, rel=1e-5)
    panel.receive(b"MOUT 101E-6\n")
    assert ask(panel, "*ESR?") == "016"


def test_the_set_point_moves_at_the_programmed_rate(panel, cryostat):
    panel.receive(b"SETP 0.1\n")
    cryostat.advance(1.0)
    panel.receive(b"RAMP 1,0.2\n")
    panel.receive(b"SETP 0.3\n")
    cryostat.advance(31.0)
    assert ask(panel, "RAMPST?") == "1"
    assert float(ask(panel, "SETP?")) == pytest.approx(0.2, rel=0.01)
    cryostat.advance(62.0)
    assert ask(panel, "RAMPST?;SETP?") == "0;+300.000E-03"


def test_a_set_point_in_ohms_goes_through_the_curve(panel, cryostat):
    ohms = cryostat.inputs["A"].sensor.resistance(0.1)
    panel.receive(f"CSET 2,0,2,1,1,8,120;SETP {ohms:.6f}\n".encode())
    assert cryostat.loop.setpoint == pytest.approx(0.1, rel=1e-6)
    assert float(ask(panel, "SETP?")) == pytest.approx(ohms, rel=1e-5)
    panel.receive(b"SETP 1\n")
    assert ask(panel, "*ESR?") == "016"


def test_power_loss_leaves_the_heater_off(panel, cryostat):
    panel.receive(b"CMODE 1;HTRRNG 6;SETP 0.2\n")
    after = LakeShore370(cryostat)
    after.lose_settings()
    assert (cryostat.loop.range_current, ask(after, "SETP?"), ask(after, "*ESR?")) == (0.0, "+000.000E+00", "128")
