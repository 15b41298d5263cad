"""The simulated Triton against what drivers send to it and how they take its replies apart."""

import re

import pytest

from coldfinger.sim.clock import SimClock
from coldfinger.sim.devices import triton
from coldfinger.sim.devices.triton import RANGES, Triton
from coldfinger.sim.rack import Rack
from tests.sim.panel_checks import ask as say

ADDRESS = "TCPIP0::127.0.0.1::33576::SOCKET"
END = triton.REPLY_END
LOOP = "DEV:T5:TEMP:LOOP"


@pytest.fixture
def panel(cryostat):
    return Triton(cryostat)


def get(panel, noun):
    echo = f"STAT:{noun}:"
    reply = say(panel, f"READ:{noun}")
    assert reply.startswith(echo)
    return reply[len(echo) :]


def put(panel, setting):
    echo = f"STAT:SET:{setting}:"
    reply = say(panel, f"SET:{setting}")
    assert reply.startswith(echo)
    return reply[len(echo) :]


def number(text):
    """As QCoDeS takes a number out of a reply."""
    return float(re.findall(r"[-+]?\d*\.\d+|\d+", text)[0])


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("*IDN?", "IDN:OXFORD INSTRUMENTS:TRITON CONTROLLER:DR200:1.7.0"),
        ("READ:SYS:DR:CHAN", "STAT:SYS:DR:CHAN:STIL:T3:MC:T5:COOL:T4:PT1:T1:PT2:T2:SORB:NONE"),
        ("READ:SYS:DR:CHAN:MC", "STAT:SYS:DR:CHAN:MC:T5"),
        ("READ:SYS:DR:CHAN:SORB", "STAT:SYS:DR:CHAN:SORB:NONE"),
        ("READ:SYS:DR:CHAN:T5", "STAT:SYS:DR:CHAN:T5:INVALID"),
        ("READ:SYS:DR:STATUS", "STAT:SYS:DR:STATUS:OK"),
        ("READ:SYS:DR:ACTN", "STAT:SYS:DR:ACTN:NONE"),
        ("READ:SYS:TIME", "STAT:SYS:TIME:00:00:00"),
        ("READ:SYS:VRM:ACTN", "STAT:SYS:VRM:INVALID"),
        ("READ:DEV:T2:TEMP:SIG:TEMP", "STAT:DEV:T2:TEMP:SIG:TEMP:3.9000K"),
        ("READ:DEV:T2:TEMP:SIG:RES", "STAT:DEV:T2:TEMP:SIG:RES:1163.00Ohm"),
        ("READ:DEV:T6:TEMP:SIG:TEMP", "STAT:DEV:T6:TEMP:SIG:TEMP:NOT_FOUND"),
        ("READ:DEV:T3:TEMP:LOOP:MODE", "STAT:DEV:T3:TEMP:LOOP:MODE:NOT_FOUND"),
        ("SET:DEV:T3:TEMP:LOOP:MODE:ON", "STAT:SET:DEV:T3:TEMP:LOOP:MODE:ON:NOT_FOUND"),
        ("READ:DEV:T5:TEMP:LOOP:MODE", "STAT:DEV:T5:TEMP:LOOP:MODE:OFF"),
        ("READ:DEV:T5:TEMP:LOOP:RANGE", "STAT:DEV:T5:TEMP:LOOP:RANGE:0.316mA"),
        ("READ:DEV:T5:TEMP:LOOP:HTR", "STAT:DEV:T5:TEMP:LOOP:HTR:H1"),
        ("READ:DEV:T5:TEMP:LOOP:TSET", "STAT:DEV:T5:TEMP:LOOP:TSET:0K"),
        ("READ:DEV:H1:HTR:SIG:POWR", "STAT:DEV:H1:HTR:SIG:POWR:0.000uW"),
        ("READ:DEV:P1:PRES:SIG:PRES", "STAT:DEV:P1:PRES:SIG:PRES:950mB"),
        ("READ:DEV:P7:PRES:SIG:PRES", "STAT:DEV:P7:PRES:SIG:PRES:NOT_FOUND"),
        ("READ:DEV:TURB1:PUMP:SIG:SPD", "STAT:DEV:TURB1:PUMP:SIG:SPD:820.0Hz"),
        ("READ:DEV:TURB1:PUMP:SIG:STATE", "STAT:DEV:TURB1:PUMP:SIG:STATE:ON"),
        ("SET:SYS:USER:NORM", "STAT:SET:SYS:USER:NORM:VALID"),
        ("SET:DEV:T5:TEMP:LOOP:MODE:OFF", "STAT:SET:DEV:T5:TEMP:LOOP:MODE:OFF:VALID"),
        ("SET:DEV:T5:TEMP:LOOP:HTR:H1", "STAT:SET:DEV:T5:TEMP:LOOP:HTR:H1:VALID"),
        ("READ:DEV:T5:TEMP:FOO", "STAT:DEV:T5:TEMP:FOO:INVALID"),
        ("SET:SYS:DR:ACTN:PCL", "STAT:SET:SYS:DR:ACTN:PCL:DENIED"),
        ("SET:DEV:T5:TEMP:SIG:TEMP:1", "STAT:SET:DEV:T5:TEMP:SIG:TEMP:1:DENIED"),
        ("WHAT", "WHAT:INVALID"),
    ],
)
def test_every_line_is_answered_in_one_piece(panel, text, reply):
    assert say(panel, text) == reply
    assert panel.receive(text.encode() + b"\n") == reply.encode() + END


@pytest.mark.parametrize(
    ("noun", "value", "shown"),
    [
        *[(f"{LOOP}:RANGE", f"{full:f}", f"{full:g}mA") for full in RANGES],
        (f"{LOOP}:RANGE", "3.16mA", "3.16mA"),
        (f"{LOOP}:TSET", "0.02345", "0.02345K"),
        (f"{LOOP}:TSET", "40K", "40K"),
        (f"{LOOP}:TSET", "0", "0K"),
        (f"{LOOP}:P", "1000", "1000"),
        (f"{LOOP}:I", "0", "0"),
        (f"{LOOP}:D", "12.5", "12.5"),
        (f"{LOOP}:RAMP:RATE", "0.001", "0.001K/min"),
        (f"{LOOP}:RAMP:ENAB", "ON", "ON"),
        (f"{LOOP}:RAMP:ENAB", "OFF", "OFF"),
        (f"{LOOP}:MODE", "ON", "ON"),
        ("DEV:T1:TEMP:MEAS:ENAB", "OFF", "OFF"),
        ("DEV:COMP:PUMP:SIG:STATE", "OFF", "OFF"),
        ("SYS:USER", "GUEST", "GUEST"),
    ],
)
def test_what_has_been_set_is_read_back(panel, noun, value, shown):
    assert put(panel, f"{noun}:{value}") == "VALID"
    assert get(panel, noun) == shown


@pytest.mark.parametrize(
    "setting",
    [
        f"{LOOP}:RANGE:2",
        f"{LOOP}:RANGE:0",
        f"{LOOP}:RANGE:10A",
        f"{LOOP}:TSET:-0.1",
        f"{LOOP}:TSET:40.001",
        f"{LOOP}:TSET:nan",
        f"{LOOP}:TSET:1mK",
        f"{LOOP}:P:1000.1",
        f"{LOOP}:I:-1",
        f"{LOOP}:RAMP:RATE:10.1",
        f"{LOOP}:RAMP:ENAB:1",
        f"{LOOP}:MODE:on",
        f"{LOOP}:HTR:H2",
        "DEV:H1:HTR:SIG:POWR:-1",
        "DEV:H1:HTR:SIG:POWR:12.1",
        "SYS:USER:ROOT",
    ],
)
def test_what_is_out_of_range_is_invalid_and_changes_nothing(panel, cryostat, setting):
    noun = setting.rpartition(":")[0]
    before = get(panel, noun), vars(cryostat.loop).copy()
    assert put(panel, setting) == "INVALID"
    assert (get(panel, noun), vars(cryostat.loop)) == before


def test_the_loop_brings_the_mixing_chamber_to_its_set_point(panel, cryostat):
    for setting in ("TSET:0.1", "RANGE:3.16", "MODE:ON"):
        assert put(panel, f"{LOOP}:{setting}") == "VALID"
    assert cryostat.loop.range_current == pytest.approx(3.16e-3)
    cryostat.advance(600.0)
    assert cryostat.mixing_chamber.temperature == pytest.approx(0.1, rel=1e-3)
    assert number(get(panel, "DEV:T5:TEMP:SIG:TEMP")) == pytest.approx(0.1, rel=0.02)  # noise of 316 pA
    # 400 uW of cooling power at 0.1 K, less what the base temperature of 10 mK takes
    assert number(get(panel, "DEV:H1:HTR:SIG:POWR")) == pytest.approx(400.0 * 0.99, rel=0.02)
    assert get(panel, "SYS:TIME") == "00:10:00"
    put(panel, f"{LOOP}:RANGE:10")
    assert cryostat.loop.range_current == pytest.approx(10e-3)
    put(panel, f"{LOOP}:RANGE:3.16")
    sensor = cryostat.inputs["A"].sensor
    assert number(get(panel, "DEV:T5:TEMP:SIG:RES")) == pytest.approx(sensor.resistance(0.1), rel=0.02)
    put(panel, f"{LOOP}:MODE:OFF")
    assert cryostat.loop.range_current == 0.0
    assert get(panel, f"{LOOP}:RANGE") == "3.16mA"
    cryostat.advance(900.0)
    assert cryostat.mixing_chamber.temperature == pytest.approx(0.010, rel=0.01)


def test_a_ramp_moves_the_set_point_at_its_rate(panel, cryostat):
    for setting in ("RANGE:3.16", "TSET:0.05", "MODE:ON"):
        put(panel, f"{LOOP}:{setting}")
    cryostat.advance(300.0)
    for setting in ("RAMP:RATE:0.006", "RAMP:ENAB:ON", "TSET:0.08"):
        put(panel, f"{LOOP}:{setting}")
    assert get(panel, f"{LOOP}:TSET") == "0.08K"
    cryostat.advance(450.0)
    assert cryostat.loop.moving_setpoint(450.0) == pytest.approx(0.065, abs=1e-4)
    assert cryostat.mixing_chamber.temperature == pytest.approx(0.065, rel=0.05)
    cryostat.advance(900.0)
    assert cryostat.mixing_chamber.temperature == pytest.approx(0.08, rel=5e-3)


def test_with_the_loop_off_the_heater_takes_a_constant_power_within_its_range(panel, cryostat):
    assert put(panel, f"{LOOP}:RANGE:1") == "VALID"
    assert put(panel, "DEV:H1:HTR:SIG:POWR:100uW") == "VALID"
    cryostat.advance(400.0)
    assert get(panel, "DEV:H1:HTR:SIG:POWR") == "100.000uW"
    assert cryostat.mixing_chamber.temperature == pytest.approx((0.01**2 + 0.1**2 / 4) ** 0.5, rel=1e-3)
    assert put(panel, f"{LOOP}:RANGE:0.316") == "INVALID"
    assert put(panel, f"{LOOP}:RANGE:10") == "VALID"
    cryostat.advance(401.0)
    assert get(panel, "DEV:H1:HTR:SIG:POWR") == "100.000uW"
    assert put(panel, f"{LOOP}:MODE:ON") == "VALID"
    assert put(panel, "DEV:H1:HTR:SIG:POWR:100") == "INVALID"
    assert put(panel, f"{LOOP}:MODE:OFF") == put(panel, "DEV:H1:HTR:SIG:POWR:0") == "VALID"
    cryostat.advance(402.0)
    assert get(panel, "DEV:H1:HTR:SIG:POWR") == "0.000uW"
    assert cryostat.loop.range_current == 0.0


def test_a_channel_that_is_not_measured_keeps_its_last_reading(panel, cryostat):
    cold = get(panel, "DEV:T5:TEMP:SIG:TEMP")
    put(panel, "DEV:T5:TEMP:MEAS:ENAB:OFF")
    for setting in ("TSET:0.1", "RANGE:3.16", "MODE:ON"):
        put(panel, f"{LOOP}:{setting}")
    cryostat.advance(600.0)
    assert get(panel, "DEV:T5:TEMP:SIG:TEMP") == cold
    put(panel, "DEV:T5:TEMP:MEAS:ENAB:ON")
    assert number(get(panel, "DEV:T5:TEMP:SIG:TEMP")) > 0.09


def test_names_and_channels_are_found_as_a_driver_looks_for_them(panel, cryostat):
    cryostat.advance(60.0)  # the bridge has settled
    words = say(panel, "READ:SYS:DR:CHAN").replace("STAT:SYS:DR:CHAN:", "", 1).split(":")
    replies = [say(panel, f"READ:SYS:DR:CHAN:{word}") for word in words]
    known = [reply.split(":")[-2:] for reply in replies if "INVALID" not in reply and "NONE" not in reply]
    assert dict(known) == {"STIL": "T3", "MC": "T5", "COOL": "T4", "PT1": "T1", "PT2": "T2"}
    loops = [n for n in range(1, 17) if not say(panel, f"READ:DEV:T{n}:TEMP:LOOP:MODE").endswith("NOT_FOUND")]
    assert loops == [5]
    temperatures = [say(panel, f"READ:DEV:T{n}:TEMP:SIG:TEMP").split("SIG:TEMP:")[-1] for n in range(1, 6)]
    # 316 pA warm the thermometer at 10 mK by 1 %
    assert [float(text.strip("K")) for text in temperatures] == pytest.approx([45.0, 3.9, 0.75, 0.09, 0.01], rel=0.03)


def test_a_second_client_is_sent_away_until_the_first_has_gone(panel, cryostat):
    rack = Rack(cryostat, SimClock(), {ADDRESS: panel})
    first = rack.connect(ADDRESS)
    with pytest.raises(ConnectionRefusedError):
        rack.connect(ADDRESS)
    rack.exchange(first, b"READ:SYS:DR:CHAN:MC\r\n")
    assert list(first.out) == [b"STAT:SYS:DR:CHAN:MC:T5" + END]
    rack.disconnect(first)
    rack.connect(ADDRESS)


def test_a_restart_of_the_computer_leaves_the_heater_off(panel, cryostat):
    for setting in ("TSET:0.1", "RANGE:3.16", "RAMP:RATE:0.1", "RAMP:ENAB:ON", "MODE:ON"):
        put(panel, f"{LOOP}:{setting}")
    fresh = Triton(cryostat)
    fresh.lose_settings()
    assert [get(fresh, f"{LOOP}:{noun}") for noun in ("MODE", "TSET", "RAMP:ENAB")] == ["OFF", "0K", "OFF"]
    cryostat.advance(10.0)
    assert get(fresh, "DEV:H1:HTR:SIG:POWR") == "0.000uW"
