"""The Mercury iPS driver on the wire: its words, and all the ways in which it refuses to move a magnet."""

import json

import pytest
from pymeasure.test import expected_protocol

from coldfinger.instruments.errors import CommandError, LinkError, MagnetAlarm, MagnetError, ReplyError
from coldfinger.instruments.mercury_ips import MercuryIPS
from coldfinger.instruments.roles import RampState
from tests.instruments import contracts
from tests.instruments.driver_benches import PARTS
from tests.instruments.oxford import StoppedClock

BENCH = PARTS["MercuryIPS"].bench
PSU = "DEV:GRPZ:PSU:"


def says(noun, text, head=PSU):
    return f"READ:{head}{noun}", f"STAT:{head}{noun}:{text}"


def told(setting):
    return f"SET:{PSU}{setting}", f"STAT:SET:{PSU}{setting}:VALID"


NO_ALARM, QUENCH = says("SYS:ALRM", "", ""), says("SYS:ALRM", "GRPZ\tMagnet quench;", "")


def looks(activity="HOLD", heater="N/A"):
    return [NO_ALARM, says("ACTN", activity), says("SIG:SWHT", heater)]


def quenched(activity="RTOS", heater="N/A"):
    return [QUENCH, *looks(activity, heater)[1:]]


LIMITS = [says("SIG:FSET", "0.06000T"), says("SIG:RFST", "0.00600T/m")]
FIELDS = [says("SIG:FLD", "0.02000T"), says("SIG:FSET", "0.02000T")]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"field_limit": -1}, "field_limit of -1 T"),
        ({"field_limit": 1, "group": "GRPA"}, "allowed are GRPX, GRPY, GRPZ"),
        ({"field_limit": 1, "word": "psu"}, "allowed are PSU and SPSU"),
        ({"field_limit": 1, "rate_limit": 0}, "rate_limit of 0 T/s"),
    ],
)
def test_a_driver_is_not_made_with_what_does_not_exist(settings, message):
    with pytest.raises(ValueError, match=message):
        MercuryIPS(object(), **settings)


@pytest.mark.parametrize(("firmware", "word"), [("2.5.07.000", "PSU"), ("2.6.04.000", "SPSU"), ("3.0", "SPSU")])
def test_the_identity_tells_what_a_group_is_called(firmware, word):
    identity = f"IDN:OXFORD INSTRUMENTS:MERCURY IPS:164150107:{firmware}"
    noun = f"DEV:GRPX:{word}:SIG:FLD"
    exchanges = [("*IDN?", identity), (f"READ:{noun}", f"STAT:{noun}:0.01000T"), (f"READ:{noun}", f"STAT:{noun}:1mT")]
    with expected_protocol(MercuryIPS, exchanges, field_limit=1, group="GRPX") as magnet:
        assert (magnet.supply_field, magnet.supply_field) == (0.01, 0.001)


@pytest.mark.parametrize("firmware", ["000", "x.y"])
def test_an_identity_without_firmware_is_not_believed(firmware):
    exchanges = [("*IDN?", f"IDN:OXFORD INSTRUMENTS:MERCURY IPS:1:{firmware}")]
    with expected_protocol(MercuryIPS, exchanges, field_limit=1) as magnet, pytest.raises(LinkError):
        _ = magnet.supply_field


@pytest.mark.parametrize("target", [0.1001, -0.1001, 6])
def test_a_target_beyond_the_limit_is_never_sent(target):
    with BENCH.silent() as magnet, pytest.raises(ValueError, match=r"above the station limit 0\.1 T \(1000 Oe\)"):
        magnet.target = target


@pytest.mark.parametrize("rate", [0, -1e-4, 1.9e-6, 0.0101])
def test_a_rate_out_of_range_is_never_sent(rate):
    with BENCH.silent() as magnet, pytest.raises(ValueError, match=r"allowed are 2e-06 to 0\.01 T/s"):
        magnet.ramp_rate = rate


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("STAT:SET:DEV:GRPZ:PSU:SIG:FSET:0.06:INVALID", "a word or a value"),
        ("STAT:SET:DEV:GRPZ:PSU:SIG:FSET:0.06:DENIED", "does not permit"),
        ("STAT:SET:DEV:GRPZ:PSU:SIG:FSET:0.06:N/A", "nothing of the kind"),
        ("STAT:SET:DEV:GRPZ:NOT_FOUND", None),
        ("STAT:SET:DEV:GRPZ:PSU:INVALID", "a word or a value"),
        ("STAT:SET:DEV:GRPZ:PSU:SIG:FSET:0.07:VALID", None),
        ("STAT:SET:DEV:GRPX:PSU:SIG:FSET:0.06:VALID", None),
        ("STAT:DEV:GRPZ:PSU:SIG:FSET:0.06000T", None),
        ("VALID", None),
    ],
)
def test_only_the_verdict_on_this_very_command_is_taken(answer, meaning):
    with BENCH.talking([*looks(), (f"SET:{PSU}SIG:FSET:0.06", answer)]) as magnet:
        if meaning:
            with pytest.raises(CommandError, match=meaning):
                magnet.target = 0.06
        else:
            with pytest.raises(LinkError, match=r"whether .* was carried out is not known"):
                magnet.target = 0.06


def test_a_target_that_the_supply_writes_in_its_own_way_is_the_same():
    answer = f"STAT:SET:{PSU}SIG:FSET:0.06000:VALID"
    with BENCH.talking([*looks(), (f"SET:{PSU}SIG:FSET:0.06", answer), says("SIG:FSET", "0.06000T")]) as magnet:
        magnet.target = 0.06


def test_a_target_that_the_supply_did_not_keep_is_an_error():
    with (
        BENCH.talking([*looks(), told("SIG:FSET:0.06"), says("SIG:FSET", "0.0601T")]) as magnet,
        pytest.raises(CommandError, match=r"reads back as 0\.0601"),
    ):
        magnet.target = 0.06


@pytest.mark.parametrize("heater", ["OFF", "ON"])
def test_leads_on_their_way_and_a_switch_that_warms_up_leave_the_target_alone(heater):
    first = [*looks("RTOS", "OFF"), says("SIG:PFLD", "0.02000T"), says("SIG:FLD", "0.00000T")]
    then = looks("RTOS", heater) + ([says("SWONT", "20000")] if heater == "ON" else [])
    with BENCH.talking([*first, *then]) as magnet:
        assert magnet.state is RampState.RAMPING
        with pytest.raises(MagnetError, match=r"switch is not warm and the coil would stay behind; pause\(\) first"):
            magnet.target = 0.06


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [("STAT:DEV:GRPZ:PSU:SIG:FLD:NOT_FOUND", "no such device"), ("STAT:DEV:GRPZ:PSU:INVALID", "a word or a value")],
)
def test_what_the_supply_does_not_have_is_an_error_of_its_own(answer, meaning):
    with BENCH.talking([(f"READ:{PSU}SIG:FLD", answer)]) as magnet, pytest.raises(CommandError, match=meaning):
        _ = magnet.supply_field


@pytest.mark.parametrize("answer", ["0.06000T", "STAT:DEV:GRPX:PSU:SIG:FLD:0.1T", "STAT:DEV:GRPZ:PSU:SIG:FLD:0.1"])
def test_a_value_without_its_question_or_unit_is_refused(answer):
    with BENCH.talking([(f"READ:{PSU}SIG:FLD", answer)]) as magnet, pytest.raises(ReplyError, match="required is"):
        _ = magnet.supply_field


@pytest.mark.parametrize(
    ("exchanges", "state"),
    [
        (looks("RTOS"), RampState.RAMPING),
        (looks("RTOZ"), RampState.ZEROING),
        (looks("CLMP"), RampState.AT_ZERO),
        ([*looks(), says("SIG:FLD", "0.00000T")], RampState.AT_ZERO),
        ([*looks(), *FIELDS], RampState.HOLDING),
        ([*looks(), FIELDS[0], says("SIG:FSET", "0.06000T")], RampState.PAUSED),
        (quenched(), RampState.QUENCH),
    ],
)
def test_the_state_is_put_together_from_what_the_supply_tells(exchanges, state):
    with BENCH.talking(exchanges) as magnet:
        assert magnet.state is state


def test_ramp_zero_and_pause_go_out_when_nothing_forbids_them():
    with BENCH.talking([*looks(), *LIMITS, told("ACTN:RTOS")]) as magnet:
        magnet.ramp()
    with BENCH.talking([*looks(), told("ACTN:RTOZ")]) as magnet:
        magnet.zero()
    with BENCH.talking([*looks("RTOS"), told("ACTN:HOLD")]) as magnet:
        magnet.pause()


def test_a_clamped_output_holds_before_it_ramps_and_stays_clamped_otherwise():
    with BENCH.talking([*looks("CLMP"), *LIMITS, told("ACTN:HOLD"), told("ACTN:RTOS")]) as magnet:
        magnet.ramp()
    for action in ("zero", "pause"):
        with BENCH.talking(looks("CLMP")) as magnet:
            getattr(magnet, action)()
    with BENCH.talking([*looks("CLMP"), told("ACTN:HOLD")]) as magnet:
        magnet.configure()
    with BENCH.talking(looks("RTOS")) as magnet:
        magnet.configure()


def test_a_target_or_rate_that_somebody_else_has_set_beyond_the_limits_is_not_ramped_to():
    for beyond in ([says("SIG:FSET", "0.2T"), LIMITS[1]], [LIMITS[0], says("SIG:RFST", "1.2T/m")]):
        with BENCH.talking([*looks(), *beyond]) as magnet, pytest.raises(ValueError, match="will not ramp to"):
            magnet.ramp()


ACTIONS = ["ramp", "zero", "pause", "heat_switch", "cool_switch", "leads_to_coil", "leads_to_zero", "configure"]


@pytest.mark.parametrize("action", ACTIONS)
def test_no_command_goes_to_a_quenched_magnet(action):
    with BENCH.talking(quenched("CLMP", "OFF")) as magnet, pytest.raises(MagnetAlarm, match="has quenched"):
        getattr(magnet, action)()


@pytest.mark.parametrize("action", ["ramp", "zero"])
def test_nothing_moves_behind_a_cold_persistent_switch(action):
    seen = [*looks(heater="OFF"), says("SIG:PFLD", "0.00000T")]
    with BENCH.talking(seen) as magnet, pytest.raises(MagnetError, match="switch is cold"):
        getattr(magnet, action)()


@pytest.mark.parametrize("action", ["heat_switch", "cool_switch", "leads_to_coil", "leads_to_zero"])
def test_without_a_switch_there_is_nothing_to_heat(action):
    with BENCH.talking(looks()) as magnet, pytest.raises(MagnetError, match="knows of no persistent switch"):
        getattr(magnet, action)()


COLD = [*looks(heater="OFF"), says("SIG:PFLD", "0.02000T"), says("SIG:FLD", "0.00000T")]
AWAY = says("SIG:FLD", "0.00000T")


def test_a_switch_is_not_heated_while_the_currents_differ():
    seen = [*COLD, AWAY, says("SIG:CURR", "0.0000A"), says("SIG:PCUR", "10.0000A")]
    with BENCH.talking(seen) as magnet, pytest.raises(MagnetError, match="supply is at 0 A and the magnet at 10 A"):
        magnet.heat_switch()


def test_a_switch_is_heated_when_supply_and_coil_carry_the_same_and_then_takes_its_time():
    clock = StoppedClock()
    held = [says("SIG:FLD", "0.02000T"), says("SIG:FSET", "0.02000T")]
    begin = [*looks(heater="OFF"), says("SIG:PFLD", "0.02000T"), AWAY, *held]
    amperes = [says("SIG:CURR", "9.9950A"), says("SIG:PCUR", "10.0000A")]
    heating = [*begin, *amperes, says("SWONT", "20000"), told("SIG:SWHT:ON")]
    cooling = [*looks(heater="ON"), *held, says("SWOFT", "60000"), told("SIG:SWHT:OFF")]
    after = [looks(heater="ON"), looks(heater="ON"), [*looks(heater="ON"), *held]]
    later = [looks(heater="OFF"), looks(heater="OFF"), [says("SIG:SWHT", "OFF")]]
    whole = [*heating, *(e for part in after for e in part), *cooling, *(e for part in later for e in part)]
    with expected_protocol(MercuryIPS, whole, field_limit=0.1, word="PSU", clock=clock) as magnet:
        magnet.heat_switch()
        assert magnet.state is RampState.HEATING_SWITCH
        clock.now = 19.9
        with pytest.raises(MagnetError, match="while the supply is in state HEATING_SWITCH"):
            magnet.ramp()
        clock.now = 20.0
        assert magnet.state is RampState.HOLDING
        magnet.cool_switch()
        assert magnet.state is RampState.COOLING_SWITCH
        with pytest.raises(MagnetError, match="is not cold and the magnet would follow"):
            magnet.leads_to_zero()
        clock.now = 80.0
        assert magnet.persistent


def test_a_switch_that_somebody_else_has_just_switched_is_not_taken_for_cold():
    clock = StoppedClock()
    exchanges = [*looks("RTOS", "ON"), *looks("RTOS", "OFF"), says("SWOFT", "60000")]
    with expected_protocol(MercuryIPS, exchanges, field_limit=0.1, word="PSU", clock=clock) as magnet:
        assert magnet.state is RampState.RAMPING
        assert magnet.state is RampState.COOLING_SWITCH


def test_a_switch_that_may_still_be_warm_at_the_first_look_is_given_its_time():
    same = [says("SIG:PFLD", "0.02000T"), says("SIG:FLD", "0.02000T"), says("SWOFT", "60000")]
    with BENCH.talking([*looks(heater="OFF"), *same]) as magnet:
        assert magnet.state is RampState.COOLING_SWITCH


def test_leads_move_alone_behind_a_cold_switch():
    to_coil = [says("SIG:CURR", "0.0000A"), says("SIG:PCUR", "10.0000A"), told("SIG:CSET:10"), told("ACTN:RTOS")]
    with BENCH.talking([*COLD, *to_coil]) as magnet:
        magnet.leads_to_coil()
    with BENCH.talking([*COLD, told("ACTN:RTOZ")]) as magnet:
        magnet.leads_to_zero()


@pytest.mark.parametrize("action", ["leads_to_coil", "leads_to_zero"])
def test_leads_do_not_move_unless_the_switch_is_cold(action):
    with BENCH.talking(looks(heater="ON")) as magnet, pytest.raises(MagnetError, match="is not cold"):
        getattr(magnet, action)()


def test_the_field_of_a_cold_coil_is_what_was_written_down():
    with BENCH.talking([says("SIG:SWHT", "OFF"), says("SIG:PFLD", "0.02000T")]) as magnet:
        assert magnet.field == 0.02


def test_confirm_proves_the_identity_and_that_nobody_has_clamped_the_output():
    identity = contracts.MERCURY_IDENTITY
    with BENCH.talking([("*IDN?", identity)] * 2 + looks()) as magnet:
        assert magnet.identify() == identity
        magnet.confirm()
    with BENCH.talking([("*IDN?", identity)] * 2 + looks("CLMP")) as magnet:
        magnet.identify()
        with pytest.raises(MagnetAlarm, match=r"is clamped, so the supply was switched off.* call configure\(\)"):
            magnet.confirm()


def test_the_snapshot_is_json():
    order = [says("ATOB", "500A/T"), says("CLIM", "50A"), *LIMITS, says("ACTN", "RTOS"), *looks("RTOS")]
    order += [says("SIG:SWHT", "N/A")] * 2 + [says("SWONT", "20000"), says("SWOFT", "60000"), says("SIG:SWHT", "N/A")]
    with BENCH.talking([*order, *looks("RTOS")]) as magnet:
        snapshot = magnet.snapshot()
    assert (snapshot["state"], snapshot["activity"], snapshot["quenched"]) == ("RAMPING", "TO_TARGET", False)
    assert json.loads(json.dumps(snapshot)) == snapshot


def test_the_heater_is_never_forced():
    with open(MercuryIPS.__init__.__code__.co_filename, encoding="utf-8") as source:
        assert "SWHN" not in source.read()
