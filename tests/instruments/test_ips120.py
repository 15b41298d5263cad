"""The IPS120-10 driver on the wire: letters and numbers, and all the ways in which it refuses to move a magnet."""

import json

import pytest
from pymeasure.test import expected_protocol

from coldfinger.instruments.errors import CommandError, LinkError, MagnetAlarm, MagnetError
from coldfinger.instruments.ips120 import IPS120
from coldfinger.instruments.roles import RampState
from tests.instruments import contracts
from tests.instruments.driver_benches import PARTS
from tests.instruments.oxford import StoppedClock

SETTINGS = {"field_limit": 0.1, "coil_constant": 0.1}
BENCH = PARTS["IPS120"].bench


def status(activity=0, heater=8, moving=0, control=3, trouble=0):
    return ("X", f"X{trouble}0A{activity}C{control}H{heater}M1{moving}P00")


def told(command):
    return command, command[0]


REMOTE = [status(), ("R8", "R+00.02000")]
LIMITS = [("R8", "R+00.06000"), ("R9", "R+00.00600")]
HELD = [("R7", "R+00.02000"), ("R8", "R+00.02000")]


@pytest.mark.parametrize("name", ["coil_constant", "switch_heat_time", "switch_cool_time"])
@pytest.mark.parametrize("value", [-1, "20", None, True, float("nan"), 1e5])
def test_what_the_supply_does_not_know_must_be_given_as_a_number_in_range(name, value):
    with pytest.raises(ValueError, match=f"{name} .*allowed are"):
        IPS120(object(), **(SETTINGS | {name: value}))


@pytest.mark.parametrize("target", [0.1001, -0.1001, 6])
def test_a_target_beyond_the_limit_is_never_sent(target):
    with BENCH.silent() as magnet, pytest.raises(ValueError, match=r"above the station limit 0\.1 T \(1000 Oe\)"):
        magnet.target = target


@pytest.mark.parametrize("rate", [0, -1e-4, 1.9e-6, 0.0101])
def test_a_rate_out_of_range_is_never_sent(rate):
    with BENCH.silent() as magnet, pytest.raises(ValueError, match=r"allowed are 2e-06 to 0\.01 T/s"):
        magnet.ramp_rate = rate


def test_a_command_that_the_supply_refuses_is_an_error_and_another_s_answer_is_a_doubt():
    with (
        BENCH.talking([*REMOTE, status(), ("J0.06", "?J0.06")]) as magnet,
        pytest.raises(CommandError, match="local control"),
    ):
        magnet.target = 0.06
    for stray in ("A", "?J0.07", "R+00.00000", "JJ"):
        with (
            BENCH.talking([*REMOTE, status(), ("J0.06", stray)]) as magnet,
            pytest.raises(LinkError, match="was carried out"),
        ):
            magnet.target = 0.06


def test_a_target_that_the_supply_did_not_keep_is_an_error():
    exchanges = [*REMOTE, status(), told("J0.06"), ("R8", "R+00.06010")]
    with BENCH.talking(exchanges) as magnet, pytest.raises(CommandError, match=r"reads back as 0\.0601"):
        magnet.target = 0.06


@pytest.mark.parametrize("seen", [[status(control=2), REMOTE[1]], [status(), ("R8", "R+00.0200")]])
def test_nothing_moves_a_supply_under_local_control_or_with_half_its_digits(seen):
    with BENCH.talking(seen * 3) as magnet:
        for action in (
            lambda: setattr(magnet, "target", 0.06),
            lambda: setattr(magnet, "ramp_rate", 1e-4),
            magnet.ramp,
        ):
            with pytest.raises(MagnetAlarm, match=r"call configure\(\)"):
                action()


CONFIGURE = [("$Q4", None), told("C3"), *REMOTE, ("R6", "R+03.0000"), ("R9", "R+00.30000")]


def test_configure_takes_control_asks_for_all_digits_and_lets_a_clamped_output_hold():
    with BENCH.talking([*CONFIGURE, status(4), told("A0")]) as magnet:
        magnet.configure()
    with BENCH.talking([*CONFIGURE, status(1)]) as magnet:
        magnet.configure()
    with BENCH.talking([*CONFIGURE, status(4, trouble=1)]) as magnet, pytest.raises(MagnetAlarm, match="has quenched"):
        magnet.configure()
    with BENCH.talking([*CONFIGURE[:2], status(control=0), REMOTE[1]]) as magnet, pytest.raises(MagnetAlarm):
        magnet.configure()


def test_a_supply_that_counts_in_another_coil_constant_is_found():
    with (
        BENCH.talking([*CONFIGURE[:-1], ("R9", "R+03.00000")]) as magnet,
        pytest.raises(ValueError, match=r"counts 3 T for 3 A, but coil_constant is 0\.1 T/A"),
    ):
        magnet.configure()


@pytest.mark.parametrize(
    ("exchanges", "state"),
    [
        ([status(1, moving=1)], RampState.RAMPING),
        ([status(1, moving=3)], RampState.RAMPING),
        ([status(1), *HELD], RampState.HOLDING),
        ([status(1), HELD[0], LIMITS[0]], RampState.RAMPING),
        ([status(2, moving=1)], RampState.ZEROING),
        ([status(2), HELD[0]], RampState.ZEROING),
        ([status(2), ("R7", "R+00.00000")], RampState.AT_ZERO),
        ([status(4)], RampState.AT_ZERO),
        ([status(0), ("R7", "R+00.00000")], RampState.AT_ZERO),
        ([status(0), *HELD], RampState.HOLDING),
        ([status(0), HELD[0], LIMITS[0]], RampState.PAUSED),
        ([status(1, moving=1, trouble=1)], RampState.QUENCH),
        ([status(4, heater=5, trouble=9)], RampState.QUENCH),
    ],
)
def test_the_state_is_put_together_from_what_the_supply_tells(exchanges, state):
    with BENCH.talking(exchanges) as magnet:
        assert magnet.state is state


def test_ramp_zero_and_pause_go_out_when_nothing_forbids_them():
    with BENCH.talking([*REMOTE, status(), *LIMITS, told("A1")]) as magnet:
        magnet.ramp()
    with BENCH.talking([status(1), told("A2")]) as magnet:
        magnet.zero()
    with BENCH.talking([status(1), told("A0")]) as magnet:
        magnet.pause()


def test_a_clamped_output_holds_before_it_ramps_and_stays_clamped_otherwise():
    with BENCH.talking([*REMOTE, status(4), *LIMITS, told("A0"), told("A1")]) as magnet:
        magnet.ramp()
    for action in ("zero", "pause"):
        with BENCH.talking([status(4)]) as magnet:
            getattr(magnet, action)()


PREPARED = {"ramp": REMOTE, "leads_to_coil": REMOTE, "leads_to_zero": REMOTE}
SWITCHING = ["heat_switch", "cool_switch"]
LEADS = ["leads_to_coil", "leads_to_zero"]


@pytest.mark.parametrize("action", ["ramp", "zero", "pause", *SWITCHING, *LEADS])
def test_no_command_goes_to_a_quenched_magnet(action):
    seen = [*PREPARED.get(action, []), status(4, heater=2, trouble=1)]
    with BENCH.talking(seen) as magnet, pytest.raises(MagnetAlarm, match="has quenched"):
        getattr(magnet, action)()


@pytest.mark.parametrize("action", ["ramp", "zero", *SWITCHING, *LEADS])
@pytest.mark.parametrize(
    ("seen", "why"), [(status(trouble=2), "too hot"), (status(trouble=8), "fault"), (status(heater=5), "nobody knows")]
)
def test_nothing_moves_while_the_supply_reports_trouble_but_a_stop_goes_out(action, seen, why):
    with (
        BENCH.talking([*PREPARED.get(action, []), seen]) as magnet,
        pytest.raises(MagnetAlarm, match=f"{why}.*see to it at the front panel"),
    ):
        getattr(magnet, action)()
    with BENCH.talking([seen, told("A0")]) as magnet:
        magnet.pause()


def test_a_heater_with_too_little_current_leaves_the_field_unknown():
    with BENCH.talking([status(heater=5)] * 2) as magnet:
        for name in ("field", "switch_heated"):
            with pytest.raises(MagnetAlarm, match="nobody knows whether it is warm"):
                getattr(magnet, name)


@pytest.mark.parametrize("action", ["ramp", "zero"])
def test_nothing_moves_behind_a_cold_persistent_switch(action):
    seen = [*PREPARED.get(action, []), status(heater=0), ("R18", "R+00.00000")]
    with BENCH.talking(seen) as magnet, pytest.raises(MagnetError, match="switch is cold"):
        getattr(magnet, action)()


@pytest.mark.parametrize("action", [*SWITCHING, *LEADS])
def test_without_a_switch_there_is_nothing_to_heat(action):
    with (
        BENCH.talking([*PREPARED.get(action, []), status()]) as magnet,
        pytest.raises(MagnetError, match="knows of no persistent switch"),
    ):
        getattr(magnet, action)()


def test_a_switch_is_not_heated_while_the_currents_differ():
    cold = [status(heater=2), ("R18", "R+00.02000"), ("R7", "R+00.00000"), ("R7", "R+00.00000")]
    with (
        BENCH.talking([*cold, ("R0", "R+00.0000"), ("R16", "R+10.0000")]) as magnet,
        pytest.raises(MagnetError, match="supply is at 0 A and the magnet at 10 A"),
    ):
        magnet.heat_switch()


def test_the_driver_counts_the_time_of_the_switch_itself():
    clock = StoppedClock()
    amperes = [("R0", "R+09.9950"), ("R16", "R+10.0000")]
    cold = [status(1, heater=2), ("R18", "R+00.02000"), ("R7", "R+00.02000")]  # the same current: perhaps still warm
    exchanges = [*cold, status(1, heater=2), *HELD, *amperes, told("H1"), *[status(1, heater=1)] * 2, *HELD]
    exchanges += [status(1, heater=1), *HELD, told("H0"), *[status(1, heater=2)] * 1, *REMOTE, status(1, heater=2)]
    exchanges += [*REMOTE, status(1, heater=2), told("A2")]
    with expected_protocol(
        IPS120, exchanges, **SETTINGS, clock=clock, switch_heat_time=5, switch_cool_time=9
    ) as magnet:
        assert magnet.state is RampState.COOLING_SWITCH
        clock.now = 9.0
        magnet.heat_switch()
        clock.now += 4.9
        assert magnet.state is RampState.HEATING_SWITCH
        clock.now += 0.2
        assert magnet.state is RampState.HOLDING
        magnet.cool_switch()
        clock.now += 8.9
        assert magnet.state is RampState.COOLING_SWITCH
        with pytest.raises(MagnetError, match="is not cold and the magnet would follow"):
            magnet.leads_to_zero()
        clock.now += 0.2
        magnet.leads_to_zero()


def test_a_switch_counts_as_changing_also_when_the_command_was_not_answered():
    clock = StoppedClock()
    exchanges = [status(heater=1), *HELD, ("H0", "junk"), status(heater=1), status(heater=2)]
    with expected_protocol(IPS120, exchanges, **SETTINGS, clock=clock, switch_cool_time=9) as magnet:
        with pytest.raises(LinkError, match="'H0' was carried out is not known"):
            magnet.cool_switch()
        assert magnet.state is RampState.HEATING_SWITCH  # it is on, against what was sent: not to be trusted
        assert magnet.state is RampState.COOLING_SWITCH


def test_leads_move_alone_behind_a_cold_switch():
    cold = [*REMOTE, status(heater=2), ("R18", "R+00.02000"), ("R7", "R+00.00000")]
    amperes = [("R0", "R+00.0000"), ("R16", "R+10.0000")]
    with BENCH.talking([*cold, *amperes, told("I10"), told("A1")]) as magnet:
        magnet.leads_to_coil()
    with BENCH.talking([*cold, told("A2")]) as magnet:
        magnet.leads_to_zero()


def test_the_field_of_a_cold_coil_is_what_was_written_down():
    with BENCH.talking([status(heater=2), ("R18", "R-00.02000")]) as magnet:
        assert magnet.field == -0.02


def test_the_version_is_the_identity_and_confirm_proves_it():
    identity = contracts.IPS120_IDENTITY
    with BENCH.talking([("V", identity), ("V", identity), *REMOTE, status()]) as magnet:
        assert magnet.identify() == identity
        magnet.confirm()
    with BENCH.talking([("V", identity), ("V", identity), *REMOTE, status(4)]) as magnet:
        magnet.identify()
        with pytest.raises(MagnetAlarm, match="is clamped"):
            magnet.confirm()
    with BENCH.talking([("V", "ILM200 Version 1.08 (c) OXFORD 1994")]) as magnet, pytest.raises(LinkError):
        magnet.identify()


def test_the_snapshot_is_json():
    asked = [status(1, moving=1), *LIMITS, *[status(1, moving=1)] * 5]
    with BENCH.talking(asked) as magnet:
        snapshot = magnet.snapshot()
    assert (snapshot["state"], snapshot["target"], snapshot["status"]["control"]) == ("RAMPING", 0.06, 3)
    assert json.loads(json.dumps(snapshot)) == snapshot


def test_the_heater_is_never_forced():
    with open(IPS120.__init__.__code__.co_filename, encoding="utf-8") as source:
        assert "H2" not in source.read()
