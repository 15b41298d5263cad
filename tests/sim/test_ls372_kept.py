"""What the simulated 372 keeps: through the power switch, and what nothing in the laboratory follows."""

import pytest

from coldfinger.sim.devices.ls372 import LakeShore372
from coldfinger.sim.rack import standard_rack


@pytest.fixture
def rack():
    return standard_rack()


def ask(rack, text):
    panel = next(panel for panel in rack.devices.values() if isinstance(panel, LakeShore372))
    return panel.receive(text.encode() + b"\n").decode("latin-1").removesuffix("\r\n")


def switch_off_and_on(rack):
    rack.power_cycle(next(panel for panel in rack.devices.values() if isinstance(panel, LakeShore372)))


def test_curves_names_and_what_an_input_follows_survive_the_power_switch(rack):
    rack.cryostat.advance(60.0)
    now = float(ask(rack, "SRDG? 1"))
    ask(rack, f'CRVHDR 25,"RuO2","X-1",3,40,1;CRVPT 25,1,{0.5 * now:.6g},0.9;CRVPT 25,2,{2 * now:.6g},0.1')
    ask(rack, 'INCRV 1,25;INNAME 1,"chip";FILTER 4,1,20,10;FREQ 0,5;TLIMIT 2,300;ALARM 1,1,1,50,10,1,0,1,0;IEEE 0,0,7')
    asked = "CRVHDR? 25;CRVPT? 25,2;INCRV? 1;INNAME? 1;FILTER? 4;FREQ? 0;TLIMIT? 2;ALARM? 1;IEEE?"
    before, kelvin = ask(rack, asked), ask(rack, "KRDG? 1")
    switch_off_and_on(rack)
    assert ask(rack, "*ESR?") == "128"
    assert ask(rack, asked) == before
    assert ask(rack, "KRDG? 1") == kelvin != "+000.000E+00"


def test_the_laboratory_s_curve_comes_back_after_the_power_switch_too(rack):
    rack.cryostat.advance(60.0)
    before = ask(rack, "KRDG? A")
    ask(rack, "CRVPT 30,1,1,4;CRVPT 30,2,9,1;INCRV A,30")
    switch_off_and_on(rack)
    ask(rack, "INCRV A,21")
    assert ask(rack, "KRDG? A") == before


@pytest.mark.parametrize(
    ("command", "query", "reply"),
    [
        ("", "ALARM? A", "0,0,0,0,0,0,0,0"),
        ("ALARM 16,1,2,50.5,10,1,1,0,1", "ALARM? 16", "1,2,50.5,10,1,1,0,1"),
        ("RELAY 1,2,A,1", "RELAY? 1", "2,A,1"),
        ("RELAY 2,3,0,0", "RELAY? 2", "3,0,0"),
        ("RELAY 2,1,,", "RELAY? 2", "1,0,0"),
        ("DISPLAY 2,1,3", "DISPLAY?", "2,1,3"),
        ("IEEE 0,0,30", "IEEE?", "30"),
        ("FREQ A,2", "FREQ? A", "2"),
        ("HTRSET 1,2,0,0.3,2", "HTRSET? 1", "2,0,+00.3000,2"),
    ],
)
def test_what_is_kept_is_answered(rack, command, query, reply):
    ask(rack, "*CLS")
    assert ask(rack, command) == ""
    assert ask(rack, query) == reply
    assert ask(rack, "*ESR?") == "000"


@pytest.mark.parametrize(
    "text", ["RELAY 3,1,,", "RELAY 1,5,0,0", "ALARM 17,1", "DISPLAY 3,0,0", "IEEE 0,0,31", "FREQ? 1"]
)
def test_what_is_out_of_range_is_refused_and_changes_nothing(rack, text):
    asked = "RELAY? 1;ALARM? 16;DISPLAY?;IEEE?"
    before = ask(rack, f"*CLS;{asked}")
    assert ask(rack, text) == ""
    assert ask(rack, "*ESR?") == "016"
    assert ask(rack, asked) == before
