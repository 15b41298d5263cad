"""The simulated AMI 430 against its manual (chapter 4)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.devices.ami430 import AMI430
from coldfinger.sim.devices.ami430_coil import CURRENT_LIMIT, fixed
from coldfinger.sim.magnet import MagnetModel, SwitchModel
from coldfinger.sim.rack import sim_rack
from coldfinger.sim.scpi import spellings
from tests.sim.panel_checks import SAMPLE, ask

ADDRESS = "TCPIP0::127.0.0.1::7180::SOCKET"


@pytest.fixture
def panel(cryostat):
    result = AMI430(cryostat)
    result.receive(b"CONF:FIELD:UNITS 1\n*CLS\n")
    return result


def later(panel, cryostat, seconds):
    cryostat.advance(cryostat.now + seconds)
    return int(ask(panel, "STATE?"))


def test_identity_and_greeting(panel):
    assert ask(panel, "*IDN?") == "AMERICAN MAGNETICS INC.,MODEL 430,2.01"
    assert b"".join(AMI430.greeting) == b"American Magnetics Model 430 IP Interface\r\nHello.\r\n"


def test_words_have_a_short_and_a_long_form_in_either_case(panel):
    assert set(spellings("CURRent:LIMit?")) == {
        "CURR:LIM?",
        "CURR:LIMIT?",
        "CURRENT:LIM?",
        "CURRENT:LIMIT?",
    }
    for query in ("curr:limit?", "CURRENT:LIM?", "Curr:Lim?", "CURR:LIMIT?   "):
        assert ask(panel, query) == "50.000000"
    panel.receive(b"CONFIGURE:CURRENT:TARGET 2\n")
    assert ask(panel, "CURR:TARG?") == "2.000000"
    assert ask(panel, "PSwitch?") == ask(panel, "PS?") == "0"
    assert ask(panel, "QUench?") == ask(panel, "QU?") == "0"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("FOO", '-101,"Unrecognized command"'),
        ("CONF : COIL 1", '-101,"Unrecognized command"'),
        ("CONF:COIL1", '-101,"Unrecognized command"'),
        ("CONFIG:COIL 1", '-101,"Unrecognized command"'),
        ("CONF:COIL abc", '-102,"Invalid argument"'),
        ("CONF:FIELD:UNITS 2", '-103,"Non-boolean argument"'),
        ("CONF:FIELD:TARG", '-104,"Missing parameter"'),
        ("CONF:RAMP:RATE:FIELD 1,0.1", '-104,"Missing parameter"'),
        ("CONF:FIELD:TARG 0.1001", '-105,"Out of range"'),
        ("CONF:CURR:TARG -50.1", '-105,"Out of range"'),
        ("CONF:CURR:LIMIT 61", '-105,"Out of range"'),
        ("CONF:RAMP:RATE:FIELD 11,0.1,1", '-105,"Out of range"'),
        ("CONF:RAMP:RATE:FIELD 1,0,1", '-105,"Out of range"'),
        ("CONF:PS:HTIME 4", '-105,"Out of range"'),
        ("PS 1", '-107,"No switch installed"'),
        ("FOO?", '-201,"Unrecognized query"'),
        ("RAMP:RATE:FIELD:11?", '-201,"Unrecognized query"'),
    ],
)
def test_what_is_wrong_goes_silently_into_the_error_queue(panel, text, error):
    assert panel.receive(text.encode() + b"\r\n") == b""
    assert ask(panel, "SYST:ERR?") == error
    assert ask(panel, "SYST:ERR?") == '0,"No errors"'
    assert int(ask(panel, "*ESR?")) == (4 if "-2" in error else 32)


def test_the_error_queue_is_first_in_first_out_and_holds_ten(panel):
    panel.receive(b"FOO?\n" + b"FOO\n" * 20)
    errors = [ask(panel, "SYST:ERR?") for _ in range(11)]
    assert errors == ['-201,"Unrecognized query"'] + ['-101,"Unrecognized command"'] * 9 + ['0,"No errors"']
    panel.receive(b"FOO\n*CLS\n")
    assert ask(panel, "SYST:ERR?") == '0,"No errors"'


def test_units_convert_every_number(panel):
    panel.receive(b"CONF:FIELD:TARG 0.05\nCONF:RAMP:RATE:FIELD 1,0.001,0.1\n")
    assert ask(panel, "COIL?") == "0.0020000"
    assert ask(panel, "FIELD:TARG?") == "0.0500000"
    assert ask(panel, "RAMP:RATE:FIELD:1?") == "0.0010000000,0.1000000"
    assert ask(panel, "RAMP:RATE:CURR:1?") == "0.5000000000,50.000000"
    panel.receive(b"CONF:FIELD:UNITS 0\nCONF:RAMP:RATE:UNITS 1\n")
    assert ask(panel, "FIELD:UNITS?") == "0"
    assert ask(panel, "RAMP:RATE:UNITS?") == "1"
    assert ask(panel, "COIL?") == "0.0200000"
    assert ask(panel, "FIELD:TARG?") == "0.500000"
    assert ask(panel, "CURR:TARG?") == "25.000000"
    assert ask(panel, "RAMP:RATE:FIELD:1?") == "0.6000000000,1.000000"
    panel.receive(b"CONF:RAMP:RATE:FIELD 1,1.2,0\n")
    assert ask(panel, "RAMP:RATE:CURR:1?") == "60.0000000000,0.000000"


def test_a_ramp_goes_at_its_rate_and_ends_in_holding(panel, cryostat):
    panel.receive(b"CONF:RAMP:RATE:FIELD 1,0.0005,0\nCONF:FIELD:TARG 0.03\n")
    assert later(panel, cryostat, 10.0) == 3
    assert ask(panel, "FIELD:MAG?") == "0.0000000"
    panel.receive(b"RAMP\n")
    assert ask(panel, "STATE?") == "1"
    assert later(panel, cryostat, 30.0) == 1
    assert float(ask(panel, "FIELD:MAG?")) == pytest.approx(0.015, rel=1e-9)
    assert float(ask(panel, "CURR:SUPP?")) == pytest.approx(7.5, rel=1e-9)
    assert float(ask(panel, "VOLT:MAG?")) == pytest.approx(0.25 * 0.5, rel=1e-3)
    assert later(panel, cryostat, 30.0) == 2
    assert ask(panel, "FIELD:MAG?") == "0.0300000"
    assert cryostat.magnet.supply_field(cryostat.now) == pytest.approx(300.0)


def test_a_new_target_is_followed_at_once_only_while_ramping_or_holding(panel, cryostat):
    panel.receive(b"CONF:RAMP:RATE:FIELD 1,0.001,0\nCONF:FIELD:TARG 0.01\nRAMP\n")
    assert later(panel, cryostat, 20.0) == 2
    panel.receive(b"CONF:FIELD:TARG -0.01\n")
    assert ask(panel, "STATE?") == "1"
    assert later(panel, cryostat, 21.0) == 2
    assert ask(panel, "FIELD:MAG?") == "-0.0100000"
    panel.receive(b"PAUSE\nCONF:FIELD:TARG 0.02\n")
    assert later(panel, cryostat, 60.0) == 3
    assert ask(panel, "FIELD:MAG?;FIELD:TARG?") == "-0.0100000\r\n0.0200000"


def test_zeroing_becomes_at_zero_below_a_thousandth_of_the_rating(panel, cryostat):
    panel.receive(b"CONF:RAMP:RATE:FIELD 1,0.001,0\nCONF:FIELD:TARG 0.01\nRAMP\n")
    later(panel, cryostat, 20.0)
    panel.receive(b"ZERO\n")
    assert ask(panel, "STATE?") == "6"
    assert later(panel, cryostat, 5.0) == 6
    assert later(panel, cryostat, 5.0) == 8
    assert ask(panel, "FIELD:MAG?") == "0.0000000"
    panel.receive(b"CONF:FIELD:TARG 0.02\n")
    assert later(panel, cryostat, 60.0) == 8


def test_manual_ramps_end_at_the_current_limit(panel, cryostat):
    panel.receive(b"CONF:RAMP:RATE:CURR 1,10,0\nINCR\n")
    assert later(panel, cryostat, 1.0) == 4
    assert later(panel, cryostat, 60.0) == 4
    assert float(ask(panel, "CURR:MAG?")) == CURRENT_LIMIT
    panel.receive(b"DECR\n")
    assert later(panel, cryostat, 60.0) == 5
    assert float(ask(panel, "CURR:MAG?")) == -CURRENT_LIMIT


def test_after_a_quench_nothing_ramps_until_it_is_cleared(panel, cryostat):
    panel.receive(b"CONF:RAMP:RATE:FIELD 1,0.001,0\nCONF:FIELD:TARG 0.05\nRAMP\n")
    later(panel, cryostat, 10.0)
    cryostat.magnet.quenched = True
    assert later(panel, cryostat, 1.0) == 7
    assert ask(panel, "QU?") == "1"
    assert int(ask(panel, "*STB?")) & 4
    for command in (b"RAMP\n", b"ZERO\n", b"INCR\n", b"PAUSE\n"):
        assert panel.receive(command) == b""
        assert later(panel, cryostat, 5.0) == 7
    assert ask(panel, "FIELD:MAG?") == "0.0000000"
    panel.receive(b"QU 0\n")
    assert later(panel, cryostat, 5.0) == 3
    panel.receive(b"RAMP\n")
    assert later(panel, cryostat, 5.0) == 1


def test_a_switch_heats_and_cools_in_its_times_and_nothing_ramps_meanwhile(panel, cryostat):
    panel.receive(b"CONF:PS 1\nCONF:PS:HTIME 10\nCONF:PS:CTIME 60\nCONF:FIELD:TARG 0.01\n")
    assert ask(panel, "PS:INST?;PERS?;PS:HTIME?;PS:PSRR?") == "1\r\n1\r\n10\r\n10.0"
    panel.receive(b"PS 1\nRAMP\n")
    assert later(panel, cryostat, 9.0) == 9
    assert later(panel, cryostat, 2.0) == 3
    panel.receive(b"RAMP\n")
    assert later(panel, cryostat, 1.0) == 1
    panel.receive(b"PS 0\nRAMP\n")
    assert later(panel, cryostat, 59.0) == 10
    assert later(panel, cryostat, 2.0) == 3


@pytest.fixture
def switched():
    """A laboratory whose coil has a switch, with 10 A in coil and supply and the switch warm."""
    cryostat = Cryostat(SAMPLE, Laboratory(magnet=MagnetModel(switch=SwitchModel(heating=10.0, cooling=30.0))))
    panel = AMI430(cryostat)
    panel.receive(b"CONF:FIELD:UNITS 1\n*CLS\nPS 1\n")
    cryostat.advance(11.0)
    panel.receive(b"CONF:RAMP:RATE:CURR 1,1,60\nCONF:CURR:TARG 10\nRAMP\n")
    assert later(panel, cryostat, 12.0) == 2
    assert cryostat.magnet.coil == pytest.approx(200.0)
    return panel, cryostat


def test_a_switch_is_there_cold_when_the_laboratory_has_one():
    panel = AMI430(Cryostat(SAMPLE, Laboratory(magnet=MagnetModel(switch=SwitchModel(cooling=77.0)))))
    assert ask(panel, "PS:INST?;PS?;PERS?;PS:CTIME?;CURR:MAG?") == "1\r\n0\r\n1\r\n77\r\n0.000000"


def test_behind_a_cold_switch_the_supply_moves_at_its_own_rate_and_remembers_the_coil(switched):
    panel, cryostat = switched
    panel.receive(b"PS 0\n")
    assert later(panel, cryostat, 31.0) == 3
    panel.receive(b"ZERO\n")
    assert later(panel, cryostat, 0.5) == 6
    assert later(panel, cryostat, 1.0) == 8
    assert ask(panel, "CURR:SUPP?;CURR:MAG?;FIELD:SUPP?;FIELD:MAG?;PERS?") == (
        "0.000000\r\n10.000000\r\n0.0000000\r\n0.0200000\r\n1"
    )
    assert (cryostat.magnet.after, cryostat.magnet.coil) == (0.0, pytest.approx(200.0))
    panel.receive(b"CONF:PS:PSRR 1\nCONF:CURR:TARG 10\nRAMP\n")
    assert later(panel, cryostat, 9.0) == 1
    assert later(panel, cryostat, 1.5) == 2
    panel.receive(b"PS 1\n")
    assert ask(panel, "CURR:MAG?;PERS?") == "10.000000\r\n0"
    assert later(panel, cryostat, 11.0) == 3
    assert ask(panel, "CURR:MAG?") == "10.000000"
    assert cryostat.magnet.released == 0.0


def test_heating_with_the_leads_at_zero_quenches_with_all_that_the_coil_has_stored(switched):
    panel, cryostat = switched
    panel.receive(b"PS 0\n")
    later(panel, cryostat, 31.0)
    panel.receive(b"ZERO\n")
    later(panel, cryostat, 5.0)
    cold = cryostat.mixing_chamber.temperature
    panel.receive(b"PS 1\n")
    assert later(panel, cryostat, 5.0) == 9
    assert later(panel, cryostat, 2.0) == 7
    assert ask(panel, "QU?;CURR:MAG?") == "1\r\n0.000000"
    assert cryostat.magnet.released == pytest.approx(0.5 * 0.5 * 10.0**2)  # L = 0.5 H
    assert cryostat.magnet.coil == 0.0
    assert cryostat.mixing_chamber.temperature > 1.5 * cold


def test_the_field_is_the_current_times_the_programmed_constant(panel, cryostat):
    panel.receive(b"CONF:COIL 0.004\nCONF:RAMP:RATE:CURR 1,1,0\nCONF:FIELD:TARG 0.04\nRAMP\n")
    assert later(panel, cryostat, 60.0) == 2
    assert ask(panel, "CURR:MAG?;FIELD:MAG?") == "10.000000\r\n0.0400000"
    assert cryostat.magnet.supply_field(cryostat.now) == pytest.approx(200.0)  # the coil's true 20 Oe/A


@settings(max_examples=8, deadline=None)
@given(st.lists(st.floats(0.05, 30.0), max_size=12))
def test_segments_change_the_rate_at_their_bounds_however_often_one_looks(looks):
    fields = []
    for waits in ([], looks):
        cryostat, clock = Cryostat(SAMPLE), SimClock()
        rack = sim_rack(cryostat, clock)
        port = rack.connect(ADDRESS)
        for line in (
            b"CONF:RAMP:RATE:SEG 2",
            b"CONF:RAMP:RATE:CURR 1,0.5,10",
            b"CONF:RAMP:RATE:CURR 2,0.1,50",
        ):
            rack.exchange(port, line + b"\n")
        rack.exchange(port, b"CONF:CURR:TARG 15\nRAMP\n")
        for wait in waits:
            clock.sleep(wait)
            rack.advance()
        clock.sleep(40.0 + 0.02 - clock.time())
        rack.advance()
        fields.append(cryostat.magnet.supply_field(cryostat.now))
        clock.sleep(max(40.0, 80.0 - clock.time()))
        rack.advance()
        assert cryostat.magnet.supply_field(cryostat.now) == pytest.approx(300.0)
    if sum(looks) <= 40.0:
        assert fields[0] == pytest.approx(fields[1], rel=1e-12)  # the same way, cut into other pieces
        # 10 A after 20 s, then 0.1 A/s for 20 s: 12 A; one tick of 0.25 s at either rate is 0.1 A
        assert fields[0] == pytest.approx(20.0 * 12.0, abs=20.0 * 0.1)


def test_a_segment_bound_of_zero_is_harmless(panel, cryostat):
    panel.receive(b"CONF:RAMP:RATE:SEG 2\nCONF:RAMP:RATE:CURR 1,1,0\nCONF:RAMP:RATE:CURR 2,0.5,0\n")
    panel.receive(b"CONF:CURR:TARG 5\nRAMP\n")
    assert later(panel, cryostat, 8.0) == 1
    assert ask(panel, "CURR:MAG?") == "4.000000"
    assert later(panel, cryostat, 3.0) == 2


def test_numbers_have_no_negative_zero():
    assert fixed(-1e-12, 3) == "0.000"
