"""The AMI 430 driver on the wire, and all the ways in which it refuses to move a magnet."""

import json

import pytest
from pymeasure.test import expected_protocol

from coldfinger.instruments.ami import AMI430
from coldfinger.instruments.errors import CommandError, LinkError, MagnetError, ReplyError
from coldfinger.instruments.roles import RampState
from tests.instruments import contracts
from tests.instruments.driver_benches import PARTS

LIMIT = 0.1  # T
NO_ERROR = ("SYST:ERR?", '0,"No errors"')
BENCH = PARTS["AMI430"].bench
IN_TESLA = [("FIELD:UNITS?", "1"), ("RAMP:RATE:UNITS?", "0")]
FREE = [("STATE?", "3"), ("QU?", "0"), ("PS:INST?", "0")]


def test_a_field_limit_must_be_given():
    with pytest.raises(TypeError, match="field_limit"):
        AMI430(object())
    with pytest.raises(ValueError, match="field_limit of -1 T"):
        AMI430(object(), field_limit=-1)


@pytest.mark.parametrize("target", [LIMIT, -LIMIT, 0.0, 1e-6])
def test_a_target_within_the_limit_is_set_and_read_back(target):
    sent = f"{target:.9g}"
    with BENCH.talking([*IN_TESLA, (f"CONF:FIELD:TARG {sent}", None), NO_ERROR, ("FIELD:TARG?", sent)]) as magnet:
        magnet.target = target


@pytest.mark.parametrize("target", [0.1001, -0.1001, 6])
def test_a_target_beyond_the_limit_is_never_sent(target):
    with (
        BENCH.silent() as magnet,
        pytest.raises(ValueError, match=r"above the station limit 0\.1 T \(1000 Oe\)"),
    ):
        magnet.target = target


def test_the_sentence_names_both_units():
    with BENCH.silent() as magnet, pytest.raises(ValueError, match="target") as caught:
        magnet.target = 6
    assert str(caught.value) == (
        "AMI 430 magnet supply: target 6 T (60000 Oe) is above the station limit 0.1 T (1000 Oe); "
        "allowed are -0.1 to 0.1 T"
    )


def test_a_target_that_the_supply_did_not_keep_is_an_error():
    exchanges = [*IN_TESLA, ("CONF:FIELD:TARG 0.06", None), NO_ERROR, ("FIELD:TARG?", "0.0600")]
    with BENCH.talking(exchanges) as magnet:
        magnet.target = 0.06
    exchanges[-1] = ("FIELD:TARG?", "0.0601")
    with BENCH.talking(exchanges) as magnet, pytest.raises(CommandError, match=r"reads back as 0\.0601"):
        magnet.target = 0.06


@pytest.mark.parametrize(("units", "rate_units"), [("0", "0"), ("1", "1")])
def test_nothing_moves_a_supply_that_counts_in_kilogauss_or_minutes(units, rate_units):
    asked = [("FIELD:UNITS?", units), ("RAMP:RATE:UNITS?", rate_units)]
    with BENCH.talking(asked * 3) as magnet:
        with pytest.raises(MagnetError, match=r"call configure\(\)"):
            magnet.target = 0.06
        with pytest.raises(MagnetError, match=r"call configure\(\)"):
            magnet.ramp_rate = 1e-4
        with pytest.raises(MagnetError, match=r"call configure\(\)"):
            magnet.ramp()


def test_configure_sets_tesla_and_seconds_and_proves_it():
    setting = [("CONF:FIELD:UNITS 1", None), NO_ERROR, ("CONF:RAMP:RATE:UNITS 0", None), NO_ERROR]
    with BENCH.talking([*setting, *IN_TESLA]) as magnet:
        magnet.configure()
    with BENCH.talking([*setting, ("FIELD:UNITS?", "0"), IN_TESLA[1]]) as magnet, pytest.raises(MagnetError):
        magnet.configure()


def test_confirm_proves_identity_and_units():
    identity = contracts.AMI430_IDENTITY
    with BENCH.talking([("*IDN?", identity)] * 2 + IN_TESLA) as magnet:
        assert magnet.identify() == identity
        magnet.confirm()
    with BENCH.talking([("*IDN?", identity)] * 2 + [("FIELD:UNITS?", "0"), IN_TESLA[1]]) as magnet:
        magnet.identify()
        with pytest.raises(MagnetError):
            magnet.confirm()


def test_identities_with_three_and_four_fields_are_known():
    for identity in (contracts.AMI430_IDENTITY, "AMERICAN MAGNETICS INC.,MODEL 430,1234,1.62"):
        with BENCH.talking([("*IDN?", identity)]) as magnet:
            assert magnet.identify() == identity
    with (
        BENCH.talking([("*IDN?", "American Magnetics Model 430 IP Interface")]) as magnet,
        pytest.raises(LinkError),
    ):
        magnet.identify()


@pytest.mark.parametrize("rate", [0, -1e-4, 0.0101])
def test_a_rate_out_of_range_is_never_sent(rate):
    with BENCH.silent() as magnet, pytest.raises(ValueError, match=r"allowed are above 0 to 0\.01 T/s"):
        magnet.ramp_rate = rate


def test_the_largest_rate_is_allowed_and_a_station_may_lower_it():
    commands = [
        *IN_TESLA,
        ("CURR:LIMIT?", "60"),
        ("COIL?", "0.15"),
        ("CONF:RAMP:RATE:SEG 1", None),
        NO_ERROR,
        ("CONF:RAMP:RATE:FIELD 1,0.002,9", None),
        NO_ERROR,
        ("RAMP:RATE:FIELD:1?", "0.002,9"),
    ]
    with expected_protocol(AMI430, commands, field_limit=9, rate_limit=0.002) as magnet:
        magnet.ramp_rate = 0.002
        with pytest.raises(ValueError, match=r"to 0\.002 T/s"):
            magnet.ramp_rate = 0.003


def test_ramp_zero_and_pause_go_out_when_nothing_forbids_them():
    with BENCH.talking([*IN_TESLA, *FREE, ("RAMP", None), NO_ERROR]) as magnet:
        magnet.ramp()
    with BENCH.talking([*FREE, ("ZERO", None), NO_ERROR]) as magnet:
        magnet.zero()
    with BENCH.talking([*FREE[:2], ("PAUSE", None), NO_ERROR]) as magnet:
        magnet.pause()


@pytest.mark.parametrize("action", ["ramp", "zero", "pause"])
@pytest.mark.parametrize("seen", [[("STATE?", "7")], [("STATE?", "3"), ("QU?", "1")]])
def test_no_command_goes_to_a_quenched_magnet(action, seen):
    before = IN_TESLA if action == "ramp" else []
    with BENCH.talking([*before, *seen]) as magnet, pytest.raises(MagnetError, match="has quenched"):
        getattr(magnet, action)()


@pytest.mark.parametrize("state", [RampState.HEATING_SWITCH, RampState.COOLING_SWITCH])
@pytest.mark.parametrize("action", ["ramp", "zero"])
def test_nothing_moves_while_the_switch_changes(action, state):
    before = IN_TESLA if action == "ramp" else []
    with (
        BENCH.talking([*before, ("STATE?", str(int(state))), ("QU?", "0")]) as magnet,
        pytest.raises(MagnetError, match=f"in state {state.name}"),
    ):
        getattr(magnet, action)()


def test_nothing_moves_behind_a_cold_persistent_switch():
    seen = [*FREE[:2], ("PS:INST?", "1"), ("PS?", "0")]
    with BENCH.talking([*IN_TESLA, *seen]) as magnet, pytest.raises(MagnetError, match="switch is cold"):
        magnet.ramp()
    with BENCH.talking([*IN_TESLA, *seen[:3], ("PS?", "1"), ("RAMP", None), NO_ERROR]) as magnet:
        magnet.ramp()


def test_a_refused_command_raises_everything_in_the_error_queue():
    errors = [("SYST:ERR?", '-105,"Out of range"'), ("SYST:ERR?", '-101,"Unrecognized command"'), NO_ERROR]
    with (
        BENCH.talking([*IN_TESLA, ("CONF:FIELD:TARG 0.06", None), *errors]) as magnet,
        pytest.raises(CommandError, match=r'-105,"Out of range"; -101,"Unrecognized command"'),
    ):
        magnet.target = 0.06


def test_an_error_queue_that_never_empties_is_left_after_eleven():
    errors = [("SYST:ERR?", '-304,"Buffer overflow"')] * 11
    with BENCH.talking([*FREE[:2], ("PAUSE", None), *errors]) as magnet, pytest.raises(CommandError):
        magnet.pause()


@pytest.mark.parametrize("reply", ["0", "No errors", '0,"No errors', "", '0,"No errors",1'])
def test_an_error_reply_of_the_wrong_form_is_no_all_clear(reply):
    with BENCH.talking([("SYST:ERR?", reply)]) as magnet, pytest.raises(ReplyError, match="number and text"):
        magnet.check_errors()


def test_the_snapshot_is_json():
    replies = {row.property: (row.query, row.reply) for row in contracts.AMI430}
    with BENCH.talking([replies[name] for name in AMI430.SETTINGS]) as magnet:
        snapshot = magnet.snapshot()
    assert snapshot["units"] == "TESLA"
    assert snapshot["state"] == "HOLDING"
    assert snapshot["quenched"] is False
    assert json.loads(json.dumps(snapshot)) == snapshot


def test_clear_asks_for_no_errors():
    with BENCH.talking([("*CLS", None)]) as magnet:
        magnet.clear()


SWITCH = ("PS:INST?", "1")
COLD, WARM = ("PS?", "0"), ("PS?", "1")
REST = [*FREE[:2], SWITCH]


@pytest.mark.parametrize("state", ["2", "3", "8"])
def test_a_switch_is_heated_when_supply_and_magnet_carry_the_same(state):
    seen = [("STATE?", state), ("QU?", "0"), SWITCH, COLD, ("CURR:SUPP?", "15.009"), ("CURR:MAG?", "15.000")]
    with BENCH.talking([*seen, ("PS 1", None), NO_ERROR]) as magnet:
        magnet.heat_switch()


@pytest.mark.parametrize(("supply", "coil"), [("0", "15"), ("15", "0"), ("-15", "15"), ("14.98", "15")])
def test_a_switch_is_not_heated_while_the_currents_differ(supply, coil):
    seen = [*REST, COLD, ("CURR:SUPP?", supply), ("CURR:MAG?", coil)]
    with BENCH.talking(seen) as magnet, pytest.raises(MagnetError) as caught:
        magnet.heat_switch()
    assert str(caught.value) == (
        "AMI 430 magnet supply: will not heat the persistent switch, because the supply is at "
        f"{supply} A and the magnet at {coil} A, and it would quench; allowed is a difference of 0.01 A, so bring the "
        "leads to the coil first"
    )


def test_a_switch_is_cooled_at_rest():
    with BENCH.talking([*REST, WARM, ("PS 0", None), NO_ERROR]) as magnet:
        magnet.cool_switch()


@pytest.mark.parametrize(("action", "there"), [("heat_switch", WARM), ("cool_switch", COLD)])
def test_a_switch_that_is_there_already_gets_no_command(action, there):
    with BENCH.talking([*REST, there]) as magnet:
        getattr(magnet, action)()


SWITCHING = ["heat_switch", "cool_switch"]
LEADS = ["leads_to_coil", "leads_to_zero"]


@pytest.mark.parametrize("action", [*SWITCHING, *LEADS])
@pytest.mark.parametrize("seen", [[("STATE?", "7")], [("STATE?", "3"), ("QU?", "1")]])
def test_switch_and_leads_get_no_command_after_a_quench(action, seen):
    with BENCH.talking(seen) as magnet, pytest.raises(MagnetError, match="has quenched"):
        getattr(magnet, action)()


@pytest.mark.parametrize("action", [*SWITCHING, *LEADS])
def test_without_a_switch_there_is_nothing_to_heat(action):
    with BENCH.talking(FREE) as magnet, pytest.raises(MagnetError, match="knows of no persistent switch; if there"):
        getattr(magnet, action)()


@pytest.mark.parametrize("action", SWITCHING)
@pytest.mark.parametrize("state", [1, 4, 5, 6, 9, 10])
def test_a_heater_is_not_touched_unless_the_supply_is_at_rest(action, state):
    seen = [("STATE?", str(state)), ("QU?", "0"), SWITCH]
    with (
        BENCH.talking(seen) as magnet,
        pytest.raises(MagnetError, match=rf"in state {RampState(state).name}; wait until it holds or is paused"),
    ):
        getattr(magnet, action)()


def test_leads_move_alone_behind_a_cold_switch():
    to_coil = [("CURR:MAG?", "15.5"), ("CONF:CURR:TARG 15.5", None), NO_ERROR, ("RAMP", None), NO_ERROR]
    with BENCH.talking([*REST, COLD, *to_coil]) as magnet:
        magnet.leads_to_coil()
    with BENCH.talking([*REST, COLD, ("ZERO", None), NO_ERROR]) as magnet:
        magnet.leads_to_zero()


@pytest.mark.parametrize("action", LEADS)
@pytest.mark.parametrize("seen", [[*REST, WARM], [("STATE?", "9"), *REST[1:]], [("STATE?", "10"), *REST[1:]]])
def test_leads_do_not_move_unless_the_switch_is_cold(action, seen):
    with BENCH.talking(seen) as magnet, pytest.raises(MagnetError, match="is not cold and the magnet would follow"):
        getattr(magnet, action)()


def test_no_command_of_the_driver_clears_a_quench_and_two_methods_alone_touch_the_heater():
    with open(AMI430.__init__.__code__.co_filename, encoding="utf-8") as source:
        text = source.read()
    for command in ('"QU ', "CONF:PS", '"PSwitch', '"QUench'):
        assert command not in text
    assert (text.count('"PS 1"'), text.count('"PS 0"')) == (1, 1)
    assert text.count(".heat_switch(") == text.count(".cool_switch(") == 0
