"""What pymeasure's own protocol tests send to these models, sent to the simulated ones.

Source: pymeasure, tests/instruments: srs/test_sr830.py and test_sr860.py, ami/test_ami430.py,
oxfordinstruments/test_ips120_10.py, agilent/test_agilent33500.py. Their pairs are played against a recording; here the
command goes out as published, and the reply must have the published form and, after the setting beside it, its value.
"""

import re

import pytest

from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.devices.ami430 import AMI430
from coldfinger.sim.devices.ips120 import IPS120
from coldfinger.sim.devices.k33511b import Keysight33511B
from coldfinger.sim.devices.sr830 import SR830
from coldfinger.sim.devices.sr860 import SR860
from coldfinger.sim.sample import builtin_sample

SAMPLE = builtin_sample("S0", 0, fluctuations=False)
REAL = r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?"

# Model, what is set before (in its own words), published question, published reply.
SAME_REPLY = [
    (SR830, "", "*IDN?", "Stanford_Research_Systems,SR830,s/n12345,ver1.07"),
    *((SR830, f"SENS {index}", "SENS?", index) for index in ("0", "14", "25", "19")),
    (SR830, "FREQ 121.98", "FREQ?", "121.98"),
    (SR830, "OEXP 1,9.7,1", "OEXP? 1", "9.7,1"),
    (SR830, "OEXP 1,10,1", "OEXP? 1", "10,1"),
    (AMI430, "CONF:PS 1;PSwitch 0", "PSwitch?", "0"),
    *((Keysight33511B, f"OUTP {state}", "OUTP?", state) for state in ("0", "1")),
    *((Keysight33511B, f"FUNC {shape}", "FUNC?", shape) for shape in ("SIN", "SQU", "RAMP", "PULS", "NOIS")),
    *((Keysight33511B, f"VOLT:UNIT {unit}", "VOLT:UNIT?", unit) for unit in ("VPP", "VRMS", "DBM")),
]
# Model, published command, its published question back, value.
SET = [
    *((SR830, f"AUXV{i},{volts:g};", f"AUXV? {i}", volts) for i in (1, 2, 3, 4) for volts in (0.5, 1.5, -10.5, 10.5)),
    *((SR860, f"AUXV {i}, {volts:g}", f"AUXV? {i}", volts) for i in range(4) for volts in (0.5, 1.5, -10.5, 10.5)),
    *((Keysight33511B, f"PHAS {phase:.6f}", "PHAS?", phase) for phase in (-360.0, 360.0)),
    (Keysight33511B, "FREQ 0.000001", "FREQ?", 1e-6),
    (Keysight33511B, "FREQ 1000.000000", "FREQ?", 1e3),
]
# Model, published question, form of the published reply.
SAME_FORM = [
    (SR830, "SNAP? 1,2", rf"{REAL},{REAL}"),
    (SR830, "OUTP?1", REAL),
    (AMI430, "PSwitch?", "[01]"),
    (IPS120, "V", r"IPS120-10 +Version \d\.\d\d .*OXFORD.*"),
    (IPS120, "X", r"X\d\dA\dC\dH?\d?M\d\dP\d\d"),
    (IPS120, "R0", r"R[+-]\d+\.\d+"),
]
# What is set before, published command and reply of the IPS120.
ANSWERED = [("C3", "A0", "A"), ("C3", "I1.300000", "I"), ("", "C1", "C")]


def panel_of(kind):
    return kind(Cryostat(SAMPLE))


def exchange(panel, line):
    """The reply without its end, '' for silence."""
    return panel.receive(line.encode() + b"\r\n").removesuffix(panel.reply_end).decode()


@pytest.mark.parametrize(("kind", "before", "question", "reply"), SAME_REPLY)
def test_a_published_question_gets_the_published_reply(kind, before, question, reply):
    panel = panel_of(kind)
    for command in filter(None, before.split(";")):
        exchange(panel, command)
    assert exchange(panel, question) == reply


@pytest.mark.parametrize(("kind", "command", "question", "value"), SET)
def test_a_published_command_is_silent_and_obeyed(kind, command, question, value):
    panel = panel_of(kind)
    assert exchange(panel, command) == ""
    assert float(exchange(panel, question)) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(("kind", "question", "form"), SAME_FORM)
def test_a_published_question_gets_a_reply_of_the_published_form(kind, question, form):
    panel = panel_of(kind)
    assert re.fullmatch(form, exchange(panel, question))


@pytest.mark.parametrize(("before", "command", "reply"), ANSWERED)
def test_the_ips120_answers_a_published_command_with_its_letter(before, command, reply):
    panel = panel_of(IPS120)
    exchange(panel, before)
    assert exchange(panel, command) == reply


def test_the_ips120_shows_a_published_set_point_and_both_published_states():
    panel = panel_of(IPS120)
    exchange(panel, "C3")
    exchange(panel, "A0")
    exchange(panel, "I1.300000")
    assert float(exchange(panel, "R5")[1:]) == 1.3
    assert exchange(panel, "X")[4] == "0"  # hold
    exchange(panel, "C1")
    assert exchange(panel, "X")[6] == "1"  # remote and locked
