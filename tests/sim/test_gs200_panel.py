"""The simulated GS200 against its manual, and what its volts do to the film."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.devices.gs200 import CURRENT_RANGES, GS200, VOLTAGE_RANGES
from coldfinger.sim.sample import builtin_sample
from tests.sim.panel_checks import ask, tell

SAMPLE = builtin_sample("S1", 0, fluctuations=False)


@pytest.fixture
def cryostat():
    return Cryostat(SAMPLE)


@pytest.fixture
def panel(cryostat):
    return GS200(cryostat)


def test_identity_and_what_it_is_switched_on_with(panel):
    assert ask(panel, "*IDN?") == "YOKOGAWA,GS210,91T926445,2.02"
    assert ask(panel, ":SOUR:FUNC?;:SOUR:RANG?;:SOUR:LEV?;:OUTP?") == "VOLT;+1.00000E+01;+0.00000E+00;0"
    assert ask(panel, "*ESR?") == "128"
    assert ask(panel, "*OPT?;:SYST:LFR?") == "0;50"


def test_words_have_a_short_and_a_long_form_in_either_case_and_a_colon_or_none(panel):
    for text in (":SOURce:LEVel 1", "sour:lev 1", ":SOUR:LEVEL:FIXED 1", "source:level:fix 1"):
        assert tell(panel, text) == '0,"No error"'
        assert ask(panel, ":SOUR:LEV?") == "+1.00000E+00"
        panel.receive(b"*RST\n")
    for text, state in ((":OUTP:STAT ON", "1"), ("OUTPUT 0", "0"), ("OUTP 1", "1"), (":outp off", "0")):
        tell(panel, text)
        assert ask(panel, ":OUTP?") == state


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("FOO 1", '-113,"Undefined header"'),
        ("FOO?", '-113,"Undefined header"'),
        (":SOUR:LEV", '-109,"Missing parameter"'),
        (":SOUR:LEV abc", '-120,"Numeric data error"'),
        (":SOUR:LEV 12.01", '-222,"Data out of range"'),
        (":SOUR:RANG 31", '-222,"Data out of range"'),
        (":SOUR:RANG 0", '-222,"Data out of range"'),
        (":SOUR:PROT:VOLT 31", '-222,"Data out of range"'),
        (":SOUR:PROT:CURR 0.3", '-222,"Data out of range"'),
        (":OUTP 2", '-141,"Invalid character data"'),
        (":SOUR:FUNC OHM", '-141,"Invalid character data"'),
    ],
)
def test_what_is_wrong_is_not_answered_and_lies_in_the_queue(panel, text, error):
    before = vars(panel._source).copy()
    assert tell(panel, text) == error
    assert ask(panel, "SYST:ERR?") == '0,"No error"'
    assert vars(panel._source) == before


def test_the_queue_gives_the_oldest_first_and_clears(panel):
    panel.receive(b"FOO 1\n:SOUR:LEV 99\n")
    assert int(ask(panel, "*STB?")) & 4
    assert ask(panel, "SYST:ERR?").startswith("-113")
    assert ask(panel, "SYST:ERR?").startswith("-222")
    panel.receive(b"FOO 1\n*CLS\n")
    assert ask(panel, "SYST:ERR?") == '0,"No error"'
    assert ask(panel, "*STB?") == "0"


@pytest.mark.parametrize("full", VOLTAGE_RANGES)
def test_a_level_reaches_120_percent_of_its_range_and_32_volts_at_most(panel, full):
    most = 32.0 if full == 30.0 else 1.2 * full
    tell(panel, f":SOUR:RANG {full:g}")
    assert tell(panel, f":SOUR:LEV {-most:.9g}") == '0,"No error"'
    assert float(ask(panel, ":SOUR:LEV?")) == pytest.approx(-most, rel=1e-5)
    assert tell(panel, f":SOUR:LEV {1.001 * most:.9g}").startswith("-222")


@pytest.mark.parametrize(("full", "step"), [(0.01, 1e-7), (0.1, 1e-6), (1.0, 1e-5), (10.0, 1e-4), (30.0, 1e-3)])
def test_a_level_has_the_steps_of_its_range(panel, full, step):
    tell(panel, f":SOUR:RANG {full:g}")
    tell(panel, f":SOUR:LEV {3.4 * step:.9g}")
    assert panel._source.level == pytest.approx(3 * step, rel=1e-9)


def test_a_range_that_cannot_hold_the_level_is_a_conflict(panel):
    tell(panel, ":SOUR:LEV 5")
    assert tell(panel, ":SOUR:RANG 1").startswith("-221")
    assert ask(panel, ":SOUR:RANG?") == "+1.00000E+01"


def test_the_function_changes_with_the_output_off_only_and_begins_at_zero(panel):
    panel.receive(b":SOUR:LEV 1;:OUTP 1\n")
    assert tell(panel, ":SOUR:FUNC CURR").startswith("-221")
    panel.receive(b":OUTP 0\n:SOUR:FUNC CURRENT\n")
    assert ask(panel, ":SOUR:FUNC?;:SOUR:LEV?") == "CURR;+0.00000E+00"
    for full in CURRENT_RANGES:
        assert tell(panel, f":SOUR:RANG {full:g}") == '0,"No error"'
    assert tell(panel, ":SOUR:LEV 0.21").startswith("-222")


def test_a_lines_too_long_is_an_error_too(panel):
    assert tell(panel, ":SOUR:LEV " + "1" * 400).startswith("-363")


@given(
    st.lists(st.sampled_from([b":SOUR:LEV 3\n", b"OUTP 1\n", b"OUTP?\n", b"junk\n", b"\xff\x00", b";;"]), max_size=8)
)
def test_nothing_that_arrives_can_raise(segments):
    panel = GS200(Cryostat(SAMPLE))
    for segment in segments:
        panel.receive(segment)
    panel.receive(b"\n*CLS\n")
    assert ask(panel, "*IDN?").startswith("YOKOGAWA")


def test_ten_volts_behind_ten_megohm_are_a_microampere_as_long_as_the_output_is_on(cryostat, panel):
    panel.receive(b":SOUR:LEV 10\n")
    assert cryostat.lockin.bias()[0] == 0.0
    panel.receive(b":OUTP 1\n")
    assert cryostat.lockin.bias() == pytest.approx((1e-6, 10e6))
    panel.receive(b":OUTP 0\n*RST\n:SOUR:FUNC CURR\n:SOUR:LEV 1E-6\n:OUTP 1\n")
    assert cryostat.lockin.bias() == (1e-6, float("inf"))


# Programs: what pymeasure's driver sends for a ramp, and a step at a time

RAMP = (
    ":program:edit:start;:source:level 2;:program:edit:end;"
    ":program:interval 10;:program:slope 10;:program:repeat 0;:program:run"
)


def go_on(panel, cryostat, seconds):
    end = cryostat.now + seconds
    while panel.due <= end:
        cryostat.advance(panel.due)
        panel.act()
    cryostat.advance(end)


def test_a_ramp_as_pymeasure_sends_it_goes_straight_to_its_end_in_its_time(panel, cryostat):
    assert tell(panel, "OUTP 1;:SOUR:LEV 1") == '0,"No error"'
    assert tell(panel, RAMP) == '0,"No error"'
    assert ask(panel, ":SOUR:LEV?;:STAT:EVEN?;:STAT:COND?") == "+1.00000E+00;0;0"  # nothing jumps to the end
    for seconds, level in ((2.5, 1.25), (5.0, 1.75)):
        go_on(panel, cryostat, seconds)
        assert float(ask(panel, ":SOUR:LEV?")) == pytest.approx(level, abs=0.011)  # it moves every 0.1 s
    go_on(panel, cryostat, 5.0)
    assert ask(panel, ":SOUR:LEV?;:STAT:COND?;:STAT:EVEN?;:STAT:EVEN?") == "+2.00000E+00;128;128;0"
    assert panel.due == float("inf")


def test_steps_wait_out_their_interval_and_repeat_when_told(panel, cryostat):
    tell(panel, "OUTP 1;:PROG:EDIT:STAR;:SOUR:LEV 1;:SOUR:LEV 3;:PROG:EDIT:END;:PROG:INT 4;:PROG:SLOP 1;:PROG:REP 1")
    assert ask(panel, ":PROG:INT?;:PROG:SLOP?;:PROG:REP?;:PROG:COUN?") == "4.0;1.0;1;1"
    assert tell(panel, ":PROG:RUN") == '0,"No error"'
    seen = []
    for _ in range(5):
        go_on(panel, cryostat, 2.0)
        seen.append(float(ask(panel, ":SOUR:LEV?")))
    assert seen == [1.0, 1.0, 3.0, 3.0, 1.0]


def test_a_program_that_is_held_stays_where_it_is_until_it_goes_on(panel, cryostat):
    tell(panel, "OUTP 1;" + RAMP)
    go_on(panel, cryostat, 4.0)
    tell(panel, ":PROG:HOLD")
    go_on(panel, cryostat, 100.0)
    assert float(ask(panel, ":SOUR:LEV?")) == pytest.approx(0.8, abs=0.021)
    tell(panel, ":PROG:CONT")
    go_on(panel, cryostat, 6.1)
    assert ask(panel, ":SOUR:LEV?") == "+2.00000E+00"


@pytest.mark.parametrize("order", [":SOUR:LEV 0.5", "OUTP 0", "*RST"])
def test_a_level_and_a_switched_output_end_a_program(panel, cryostat, order):
    tell(panel, "OUTP 1;" + RAMP)
    go_on(panel, cryostat, 4.0)
    panel.receive(order.encode() + b"\n")
    level = ask(panel, ":SOUR:LEV?")
    go_on(panel, cryostat, 100.0)
    assert ask(panel, ":SOUR:LEV?;:STAT:EVEN?") == level + ";0"


def test_a_program_does_not_run_while_the_output_is_off_or_when_it_is_empty(panel):
    assert tell(panel, RAMP) == '-221,"Settings conflict"'
    assert tell(panel, "*RST;OUTP 1;:PROG:RUN") == '-221,"Settings conflict"'
    assert tell(panel, ":PROG:INT 0.05") == '-222,"Data out of range"'


def test_a_level_with_its_range_chosen_takes_the_smallest_that_holds_it(panel):
    tell(panel, ":SOUR:LEV:AUTO 0.105")
    assert ask(panel, ":SOUR:RANG?;:SOUR:LEV?") == "+1.00000E-01;+1.05000E-01"
    assert tell(panel, ":SOUR:LEV:AUTO 33") == '-222,"Data out of range"'


def test_the_use_of_the_connectors_is_kept(panel):
    tell(panel, ":ROUT:BNCO ready;:ROUTE:BNCIN OUTP")
    assert ask(panel, ":ROUT:BNCO?;:ROUT:BNCI?") == "READ;OUTP"
    assert tell(panel, ":ROUT:BNCI READ") == '-141,"Invalid character data"'
