"""The simulated GS200 against its manual, and what its volts do to the film."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.devices.gs200 import CURRENT_RANGES, GS200, VOLTAGE_RANGES
from coldfinger.sim.sample import builtin_sample

SAMPLE = builtin_sample("S1", 0, fluctuations=False)


@pytest.fixture
def cryostat():
    return Cryostat(SAMPLE)


@pytest.fixture
def panel(cryostat):
    return GS200(cryostat)


def ask(panel, text):
    reply = panel.receive(text.encode() + b"\n")
    assert reply.endswith(b"\n")
    assert not reply.endswith(b"\r\n")
    return reply[:-1].decode()


def tell(panel, text):
    assert panel.receive(text.encode() + b"\n") == b""
    return ask(panel, "SYST:ERR?")


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
