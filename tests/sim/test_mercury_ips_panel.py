"""The simulated MercuryiPS against its manual's command reference and replies that drivers take apart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.devices import mercury_ips
from coldfinger.sim.devices.mercury_ips import MercuryIPS, MercurySPSU, quantity
from coldfinger.sim.devices.oxford_supply import CURRENT_LIMIT, HIGHEST_RATE
from coldfinger.sim.devices.oxford_words import number
from coldfinger.sim.magnet import MagnetModel, SwitchModel
from coldfinger.sim.rack import Rack
from tests.sim.panel_checks import SAMPLE
from tests.sim.panel_checks import ask as say

ADDRESS = "TCPIP0::127.0.0.1::7020::SOCKET"
PSU = "DEV:GRPZ:PSU"


@pytest.fixture
def panel(cryostat):
    result = MercuryIPS(cryostat)
    assert put(result, "ACTN:HOLD")
    return result


def get(panel, noun, group="GRPZ"):
    echo = f"STAT:DEV:{group}:{panel.supply_word}:{noun}:"
    reply = say(panel, f"READ:DEV:{group}:{panel.supply_word}:{noun}")
    assert reply.startswith(echo)
    return reply[len(echo) :]


def put(panel, setting, group="GRPZ"):
    echo = f"STAT:SET:DEV:{group}:{panel.supply_word}:{setting}:"
    reply = say(panel, f"SET:DEV:{group}:{panel.supply_word}:{setting}")
    assert reply.startswith(echo)
    return reply[len(echo) :]


def later(cryostat, seconds):
    cryostat.advance(cryostat.now + seconds)


def test_identity_has_five_fields_and_the_firmware_last(panel):
    assert say(panel, "*IDN?") == "IDN:OXFORD INSTRUMENTS:MERCURY IPS:164150107:2.5.07.000"
    assert say(MercurySPSU(Cryostat(SAMPLE)), "*IDN?").endswith(":2.6.04.000")
    assert say(panel, "READ:SYS:MAN:FVER") == "STAT:SYS:MAN:FVER:2.5.07.000"
    assert say(panel, "READ:SYS:MAN:SERL") == "STAT:SYS:MAN:SERL:164150107"
    assert "DEV:GRPX:PSU:DEV:GRPY:PSU:DEV:GRPZ:PSU:DEV:MB1.T1:TEMP" in say(panel, "READ:SYS:CAT")


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("READ:DEV:GRPZ:PSU:SIG:FLD", "STAT:DEV:GRPZ:PSU:SIG:FLD:0.00000T"),
        ("READ:DEV:GRPZ:PSU:SIG:FLD?", "STAT:DEV:GRPZ:PSU:SIG:FLD:0.00000T"),
        ("READ:DEV:GRPZ:PSU:SIG:CURR", "STAT:DEV:GRPZ:PSU:SIG:CURR:0.0000A"),
        ("READ:DEV:GRPZ:PSU:SIG:RFST", "STAT:DEV:GRPZ:PSU:SIG:RFST:0.00600T/m"),
        ("READ:DEV:GRPZ:PSU:SIG:RCST", "STAT:DEV:GRPZ:PSU:SIG:RCST:3.0000A/m"),
        ("READ:DEV:GRPZ:PSU:ATOB", "STAT:DEV:GRPZ:PSU:ATOB:500.0000A/T"),
        ("READ:DEV:GRPZ:PSU:IND", "STAT:DEV:GRPZ:PSU:IND:0.5000H"),
        ("READ:DEV:GRPZ:PSU:CLIM", "STAT:DEV:GRPZ:PSU:CLIM:50.0000A"),
        ("READ:DEV:GRPZ:PSU:ACTN", "STAT:DEV:GRPZ:PSU:ACTN:HOLD"),
        ("READ:DEV:GRPX:PSU:ACTN", "STAT:DEV:GRPX:PSU:ACTN:CLMP"),
        ("READ:DEV:MB1.T1:TEMP:SIG:TEMP?", "STAT:DEV:MB1.T1:TEMP:SIG:TEMP:4.2000K"),
        ("READ:SYS:ALRM", "STAT:SYS:ALRM:"),
        ("SET:DEV:GRPZ:PSU:SIG:FSET:0.01", "STAT:SET:DEV:GRPZ:PSU:SIG:FSET:0.01:VALID"),
        ("SET:DEV:GRPZ:PSU:SIG:CSET:1", "STAT:SET:DEV:GRPZ:PSU:SIG:CSET:1:VALID"),
        ("SET:DEV:GRPZ:PSU:ACTN:HOLD", "STAT:SET:DEV:GRPZ:PSU:ACTN:HOLD:VALID"),
    ],
)
def test_every_line_is_answered_with_its_own_words(panel, text, reply):
    assert say(panel, text) == reply
    assert panel.receive(text.encode() + b"\r\n") == reply.encode() + b"\n"


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("FOO:BAR", "FOO:INVALID"),
        ("read:DEV:GRPZ:PSU:SIG:FLD", "read:INVALID"),
        ("READ", "STAT:INVALID"),
        ("READ:FOO:BAR", "STAT:FOO:INVALID"),
        ("READ:SYS:FOO", "STAT:SYS:FOO:INVALID"),
        ("READ:DEV:GRPA:PSU:SIG:FLD", "STAT:DEV:GRPA:PSU:SIG:FLD:NOT_FOUND"),
        ("READ:DEV:GRPZ:SPSU:SIG:FLD", "STAT:DEV:GRPZ:SPSU:INVALID"),
        ("READ:DEV:GRPZ:TEMP:SIG:TEMP", "STAT:DEV:GRPZ:TEMP:INVALID"),
        ("READ:DEV:GRPZ:PSU:sig:FLD", "STAT:DEV:GRPZ:PSU:sig:INVALID"),
        ("READ:DEV:GRPZ:PSU:SIG:FOO", "STAT:DEV:GRPZ:PSU:SIG:FOO:INVALID"),
        ("READ:DEV:GRPZ:PSU:SIG", "STAT:DEV:GRPZ:PSU:SIG:INVALID"),
        ("READ:DEV:GRPZ:PSU:SIG:FLD:1", "STAT:DEV:GRPZ:PSU:SIG:FLD:1:INVALID"),
        ("SET:DEV:GRPZ:PSU:ACTN", "STAT:SET:DEV:GRPZ:PSU:ACTN:INVALID"),
        ("SET:DEV:GRPZ:PSU:ACTN:RUN", "STAT:SET:DEV:GRPZ:PSU:ACTN:RUN:INVALID"),
        ("SET:DEV:GRPZ:PSU:SIG:FSET:abc", "STAT:SET:DEV:GRPZ:PSU:SIG:FSET:abc:INVALID"),
        ("SET:DEV:GRPZ:PSU:SIG:FSET:nan", "STAT:SET:DEV:GRPZ:PSU:SIG:FSET:nan:INVALID"),
        ("SET:DEV:GRPZ:PSU:SIG:FLD:0.1", "STAT:SET:DEV:GRPZ:PSU:SIG:FLD:0.1:DENIED"),
        ("SET:DEV:GRPZ:PSU:SIG:SWHT:ON", "STAT:SET:DEV:GRPZ:PSU:SIG:SWHT:ON:N/A"),
        ("READ:DEV:GRPZ:PSU:SIG:SWHT", "STAT:DEV:GRPZ:PSU:SIG:SWHT:N/A"),
    ],
)
def test_what_is_wrong_is_answered_up_to_the_word_that_was_not_understood(panel, text, reply):
    assert say(panel, text) == reply
    assert get(panel, "ACTN") == "HOLD"


def test_a_semicolon_separates_nothing(panel):
    assert say(panel, "*IDN?;*IDN?") == "*IDN?;*IDN?:INVALID"


def test_a_line_of_more_than_1024_bytes_is_forgotten(panel):
    assert panel.receive(b"READ:" + b"A" * 1020 + b"\n") == b""
    assert panel.receive(b"READ:" + b"A" * 1019 + b"\n") == b"STAT:" + b"A" * 1019 + b":INVALID\n"


def test_newer_firmware_calls_its_groups_spsu(cryostat):
    panel = MercurySPSU(cryostat)
    assert say(panel, "READ:DEV:GRPZ:SPSU:SIG:FLD") == "STAT:DEV:GRPZ:SPSU:SIG:FLD:0.00000T"
    assert say(panel, "READ:DEV:GRPZ:PSU:SIG:FLD") == "STAT:DEV:GRPZ:PSU:INVALID"
    assert put(panel, "ACTN:HOLD") == "VALID"
    assert "DEV:GRPZ:SPSU" in say(panel, "READ:SYS:CAT")


@pytest.mark.parametrize(
    ("noun", "values", "shown"),
    [
        ("SIG:FSET", ("0.05", "0.05T", "50mT"), "0.05000T"),
        ("SIG:FSET", ("-0.1",), "-0.10000T"),
        ("SIG:CSET", ("50", "-50", "12.5A"), None),
        ("SIG:RFST", ("0.3", "0.3T/m", "3e-1"), "0.30000T/m"),
        ("SIG:RCST", ("600", "0.001"), None),
        ("ATOB", ("1000", "1000A/T"), "1000.0000A/T"),
        ("SWONT", ("15000",), "15000"),
        ("SWOFT", ("0",), "0"),
    ],
)
def test_what_has_been_set_is_read_back(panel, noun, values, shown):
    for value in values:
        assert put(panel, f"{noun}:{value}") == "VALID"
        if shown is None:
            assert number(get(panel, noun)) == number(value)
        else:
            assert get(panel, noun) == shown


@pytest.mark.parametrize(
    "setting",
    [
        f"SIG:CSET:{CURRENT_LIMIT + 0.001}",
        "SIG:CSET:-50.001",
        "SIG:FSET:0.1001",
        "SIG:RCST:0",
        "SIG:RCST:-1",
        f"SIG:RCST:{60 * HIGHEST_RATE + 1}",
        "SIG:RFST:1.201",
        "ATOB:0",
        "SWONT:-1",
        "SIG:SWHT:1",
        "SIG:FSET:1m",
    ],
)
def test_beyond_a_limit_nothing_changes(panel, setting):
    noun = setting.rpartition(":")[0]
    before = get(panel, noun)
    assert put(panel, setting) == "INVALID"
    assert get(panel, noun) == before


def test_field_and_current_are_one_thing_over_the_programmed_ratio(panel):
    put(panel, "SIG:FSET:0.02")
    assert get(panel, "SIG:CSET") == "10.0000A"
    put(panel, "ATOB:1000")
    assert get(panel, "SIG:FSET") == "0.01000T"
    put(panel, "SIG:RFST:0.06")
    assert get(panel, "SIG:RCST") == "60.0000A/m"


def test_a_ramp_goes_at_its_rate_per_minute_and_ends_in_hold(panel, cryostat):
    for setting in ("SIG:RFST:0.03", "SIG:FSET:0.03", "ACTN:RTOS"):
        assert put(panel, setting) == "VALID"
    assert get(panel, "ACTN") == "RTOS"
    later(cryostat, 30.0)
    assert float(get(panel, "SIG:FLD")[:-1]) == pytest.approx(0.015, abs=1.3e-4)  # one tick of 0.25 s
    assert get(panel, "SIG:RFLD") == "0.03000T/m"
    assert float(get(panel, "SIG:VOLT")[:-1]) == pytest.approx(0.25 * 0.5, rel=1e-3)
    later(cryostat, 31.0)
    assert (get(panel, "ACTN"), get(panel, "SIG:FLD"), get(panel, "SIG:RFLD")) == ("HOLD", "0.03000T", "0.00000T/m")
    assert cryostat.magnet.supply_field(cryostat.now) == pytest.approx(300.0)
    put(panel, "SIG:FSET:0.01")
    later(cryostat, 60.0)
    assert get(panel, "SIG:FLD") == "0.03000T"
    put(panel, "ACTN:RTOZ")
    assert get(panel, "ACTN") == "RTOZ"
    later(cryostat, 61.0)
    assert (get(panel, "ACTN"), get(panel, "SIG:FLD")) == ("HOLD", "0.00000T")


def test_on_its_way_the_output_follows_a_new_set_point_and_a_hold_stops_it(panel, cryostat):
    for setting in ("SIG:RFST:0.06", "SIG:FSET:0.03", "ACTN:RTOS"):
        put(panel, setting)
    later(cryostat, 10.0)
    put(panel, "SIG:FSET:0")
    later(cryostat, 5.0)
    put(panel, "ACTN:HOLD")
    later(cryostat, 1.0)
    held = get(panel, "SIG:FLD")
    assert 0.004 < float(held[:-1]) < 0.006
    later(cryostat, 60.0)
    assert get(panel, "SIG:FLD") == held


def test_a_clamped_output_ramps_only_after_a_hold_and_only_no_current_is_clamped(cryostat):
    panel = MercuryIPS(cryostat)
    assert get(panel, "ACTN") == "CLMP"
    put(panel, "SIG:CSET:1")
    assert put(panel, "ACTN:RTOS") == put(panel, "ACTN:RTOZ") == mercury_ips.WHEN_REFUSED
    assert put(panel, "ACTN:HOLD") == put(panel, "SIG:RCST:60") == put(panel, "ACTN:RTOS") == "VALID"
    later(cryostat, 3.0)
    assert get(panel, "SIG:CURR") == "1.0000A"
    assert put(panel, "ACTN:CLMP") == "DENIED"
    put(panel, "ACTN:RTOZ")
    later(cryostat, 3.0)
    assert put(panel, "ACTN:CLMP") == "VALID"
    assert (get(panel, "ACTN"), cryostat.magnet.going) == ("CLMP", False)
    put(panel, "ACTN:HOLD")
    put(panel, "SIG:CSET:0.004")
    put(panel, "ACTN:RTOS")
    later(cryostat, 3.0)
    assert get(panel, "SIG:CURR") != "0.0000A"
    assert put(panel, "ACTN:CLMP") == "VALID"
    later(cryostat, 3.0)
    assert get(panel, "SIG:CURR") == "0.0000A"


def test_a_quench_is_an_alarm_that_only_a_hold_ends(panel, cryostat):
    for setting in ("SIG:RFST:0.06", "SIG:FSET:0.05", "ACTN:RTOS"):
        put(panel, setting)
    later(cryostat, 10.0)
    cryostat.magnet.quenched = True
    later(cryostat, 1.0)
    assert (get(panel, "SIG:FLD"), get(panel, "ACTN")) == ("0.00000T", "HOLD")
    assert say(panel, "READ:SYS:ALRM") == f"STAT:SYS:ALRM:GRPZ\t{mercury_ips.QUENCH_ALARM};"
    assert put(panel, "ACTN:RTOS") == put(panel, "ACTN:RTOZ") == "DENIED"
    later(cryostat, 5.0)
    assert get(panel, "SIG:FLD") == "0.00000T"
    assert put(panel, "ACTN:HOLD") == put(panel, "ACTN:RTOS") == "VALID"
    assert say(panel, "READ:SYS:ALRM") == "STAT:SYS:ALRM:"
    later(cryostat, 5.0)
    assert float(get(panel, "SIG:FLD")[:-1]) > 0.004


def test_the_groups_without_a_coil_ramp_too_and_touch_no_field(panel, cryostat):
    for setting in ("ACTN:HOLD", "SIG:RFST:0.06", "SIG:FSET:-0.03", "ACTN:RTOS"):
        assert put(panel, setting, "GRPX") == "VALID"
    later(cryostat, 15.0)
    assert (get(panel, "SIG:FLD", "GRPX"), get(panel, "ACTN", "GRPX")) == ("-0.01500T", "RTOS")
    put(panel, "SIG:RFST:0.12", "GRPX")
    later(cryostat, 8.0)
    assert (get(panel, "SIG:FLD", "GRPX"), get(panel, "ACTN", "GRPX")) == ("-0.03000T", "HOLD")
    assert get(panel, "SIG:FLD", "GRPY") == get(panel, "SIG:FLD") == "0.00000T"
    put(panel, "ACTN:RTOZ", "GRPX")
    later(cryostat, 7.5)
    put(panel, "ACTN:HOLD", "GRPX")
    later(cryostat, 60.0)
    assert get(panel, "SIG:FLD", "GRPX") == "-0.01500T"
    assert put(panel, "SIG:SWHT:ON", "GRPX") == "N/A"
    assert cryostat.magnet.supply_field(cryostat.now) == 0.0


SWITCHED = Laboratory(magnet=MagnetModel(switch=SwitchModel(heating=10.0, cooling=30.0)))


@pytest.fixture
def switched():
    """A rack whose coil has a switch: panel, cryostat, and what lets time pass."""
    cryostat, clock = Cryostat(SAMPLE, SWITCHED), SimClock()
    panel = MercuryIPS(cryostat)
    rack = Rack(cryostat, clock, {ADDRESS: panel})

    def wait(seconds):
        clock.sleep(seconds)
        rack.advance()

    for setting in ("ACTN:HOLD", "SIG:RCST:60"):
        assert put(panel, setting) == "VALID"
    return panel, cryostat, wait


def test_a_ramp_waits_until_the_time_of_the_switch_is_over(switched):
    panel, cryostat, wait = switched
    assert (get(panel, "SIG:SWHT"), get(panel, "SWONT"), get(panel, "SWOFT")) == ("OFF", "10000", "30000")
    assert put(panel, "SIG:SWHT:ON") == put(panel, "SIG:CSET:10") == put(panel, "ACTN:RTOS") == "VALID"
    wait(9.5)
    assert (get(panel, "ACTN"), get(panel, "SIG:CURR"), get(panel, "SIG:RCUR")) == ("RTOS", "0.0000A", "0.0000A/m")
    wait(3.0)
    assert float(get(panel, "SIG:CURR")[:-1]) == pytest.approx(2.5, abs=0.5)
    wait(10.0)
    assert (get(panel, "ACTN"), get(panel, "SIG:CURR")) == ("HOLD", "10.0000A")
    assert cryostat.magnet.coil == pytest.approx(200.0)


def to_persistent_mode(panel, wait):
    for setting in ("SIG:SWHT:ON", "SIG:CSET:10", "ACTN:RTOS"):
        assert put(panel, setting) == "VALID"
    wait(25.0)
    for setting in ("SIG:SWHT:OFF", "ACTN:RTOZ"):
        assert put(panel, setting) == "VALID"
    wait(45.0)


def test_in_persistent_mode_the_leads_are_empty_and_the_coil_is_remembered(switched):
    panel, cryostat, wait = switched
    to_persistent_mode(panel, wait)
    shown = [get(panel, noun) for noun in ("SIG:CURR", "SIG:FLD", "SIG:PCUR", "SIG:PFLD", "SIG:SWHT")]
    assert shown == ["0.0000A", "0.00000T", "10.0000A", "0.02000T", "OFF"]
    assert cryostat.magnet.coil == pytest.approx(200.0)
    assert put(panel, "SIG:SWHT:ON") == "DENIED"
    assert not cryostat.magnet.heater_on
    put(panel, "ACTN:RTOS")
    wait(11.0)
    assert put(panel, "SIG:SWHT:ON") == "VALID"
    wait(11.0)
    assert cryostat.magnet.switch_open
    assert cryostat.magnet.released == 0.0
    assert not cryostat.magnet.quenched


def test_a_heater_that_goes_off_before_the_switch_was_warm_leaves_the_record_alone(switched):
    panel, _, wait = switched
    to_persistent_mode(panel, wait)
    for setting in ("SIG:CSET:9.995", "ACTN:RTOS"):
        put(panel, setting)
    wait(12.0)
    assert put(panel, "SIG:SWHT:ON") == "VALID"
    wait(2.0)
    assert put(panel, "SIG:SWHT:OFF") == "VALID"
    assert get(panel, "SIG:PCUR") == "10.0000A"
    wait(35.0)
    put(panel, "SIG:SWHT:ON")
    wait(11.0)
    put(panel, "SIG:SWHT:OFF")
    assert get(panel, "SIG:PCUR") == get(panel, "SIG:CURR") != "10.0000A"


def test_a_ramp_on_its_way_pauses_for_the_switch(switched):
    panel, cryostat, wait = switched
    for setting in ("SIG:SWHT:ON", "SIG:CSET:10", "ACTN:RTOS"):
        put(panel, setting)
    wait(15.0)
    assert put(panel, "SIG:SWHT:OFF") == "VALID"
    wait(1.0)
    held = get(panel, "SIG:CURR")
    assert 4.0 < float(held[:-1]) < 6.5
    wait(28.5)
    assert (get(panel, "SIG:CURR"), get(panel, "ACTN")) == (held, "RTOS")
    wait(8.0)
    assert (get(panel, "SIG:CURR"), get(panel, "ACTN")) == ("10.0000A", "HOLD")
    assert cryostat.magnet.coil == pytest.approx(20.0 * float(held[:-1]))


def test_a_quench_in_persistent_mode_leaves_nothing_to_remember(switched):
    panel, cryostat, wait = switched
    to_persistent_mode(panel, wait)
    cryostat.magnet.quenched = True
    wait(1.0)
    assert get(panel, "SIG:PCUR") == "0.0000A"
    assert put(panel, "ACTN:HOLD") == "VALID"
    assert get(panel, "SIG:PCUR") == "0.0000A"
    assert put(panel, "SIG:SWHT:ON") == "VALID"


def test_a_forced_heater_with_empty_leads_quenches_with_all_that_is_stored(switched):
    panel, cryostat, wait = switched
    to_persistent_mode(panel, wait)
    assert put(panel, "SIG:SWHN:ON") == "VALID"
    wait(11.0)
    assert say(panel, "READ:SYS:ALRM").startswith("STAT:SYS:ALRM:GRPZ\t")
    assert cryostat.magnet.released == pytest.approx(0.5 * 0.5 * 10.0**2)
    assert get(panel, "SIG:PFLD") == "0.00000T"


def test_a_delay_that_is_too_short_ramps_against_a_closed_switch(switched):
    panel, cryostat, wait = switched
    for setting in ("SWONT:0", "SIG:SWHT:ON", "SIG:CSET:10", "ACTN:RTOS"):
        assert put(panel, setting) == "VALID"
    wait(5.0)
    assert float(get(panel, "SIG:CURR")[:-1]) > 4.0
    assert cryostat.magnet.coil == 0.0
    wait(5.0)
    assert cryostat.magnet.quenched


def test_a_power_cut_leaves_the_leads_empty_and_the_output_clamped(switched):
    panel, cryostat, wait = switched
    for setting in ("SIG:SWHT:ON", "SIG:CSET:10", "ACTN:RTOS"):
        put(panel, setting)
    wait(25.0)
    fresh = MercuryIPS(cryostat)
    fresh.lose_settings()
    assert (get(fresh, "ACTN"), get(fresh, "SIG:SWHT"), get(fresh, "SIG:CSET")) == ("CLMP", "OFF", "0.0000A")
    wait(2.0)
    assert get(fresh, "SIG:CURR") == "0.0000A"


def test_a_small_value_may_carry_a_prefix(monkeypatch):
    assert quantity(-0.0, "T", 5) == "0.00000T"
    monkeypatch.setattr(mercury_ips, "PREFIX_BELOW", 0.1)
    assert (quantity(0.0012, "T", 4), quantity(0.0, "T", 4)) == ("1.2000mT", "0.0000T")
    assert number("1.2000mT") == pytest.approx(0.0012)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0.05, 8.0), max_size=10))
def test_reading_never_changes_the_future(looks):
    fields = []
    for waits in ([], looks):
        cryostat = Cryostat(SAMPLE)
        panel = MercuryIPS(cryostat)
        for setting in ("ACTN:HOLD", "SIG:RFST:0.06", "SIG:FSET:0.03", "ACTN:RTOS"):
            put(panel, setting)
        for wait in waits:
            later(cryostat, wait)
            get(panel, "ACTN")
            get(panel, "SIG:FLD")
        cryostat.advance(100.0)
        fields.append((cryostat.magnet.supply_field(100.0), cryostat.mixing_chamber.temperature, get(panel, "ACTN")))
    assert fields[0] == fields[1]
