"""Every fault that the simulator knows, in the middle of a queue: what becomes of item, rows, outputs and the rest."""

import re

import pytest

from coldfinger.procedures.engine.items import FailurePolicy
from coldfinger.runfiles.quality import DISBELIEVED, Quality
from coldfinger.sim.faults import Fault
from tests.procedures.engine.night_with_faults import Aftermath, at_the_front_panel, night, sweep, warm

INSTRUMENTS = ("lock-in", "bridge", "magnet", "bias")
SHORT_LIVED = ("garbage", "truncated reply", "late reply", "duplicated reply", "wrong terminator", "disconnect")
SILENT = {
    "lock-in": "lockin at GPIB0::8::INSTR: no reply to .*IDN.* within 3 s; is it switched on",
    "bridge": "fridge at GPIB0::12::INSTR: no reply",
    "magnet": "magnet at TCPIP0::.*: no reply",
    "bias": "bias at GPIB0::7::INSTR: no reply",
}
NOT_SAFE = {"lock-in": "excitation", "bridge": "heater", "magnet": "magnet", "bias": "bias"}


def items(place):
    return [sweep("1"), warm("2")] if place == "magnet" else [warm("1"), warm("2")]


def resistivities_agree(after: Aftermath) -> None:
    """Believed rows of the warm items are those of a film of 6.8 kohm/sq at 0.6 K, within a few times the noise."""
    for frame in after.frames.values():
        good = frame[(frame["flags"].astype(int) & int(DISBELIEVED)) == 0]
        assert good["rho (ohm)"].between(6500, 7200).all()
        assert (abs(good["I (A)"] - 1e-9) < 5e-12).all()


@pytest.mark.parametrize("place", INSTRUMENTS)
@pytest.mark.parametrize("kind", SHORT_LIVED)
def test_trouble_on_the_wire_costs_time_and_no_item(tmp_path, kind, place):
    after = night(tmp_path, items(place), [Fault(kind, place)])
    assert after.states == ["done", "done"]
    assert after.is_safe()
    resistivities_agree(after)
    assert not any(flags & DISBELIEVED for flags in [*after.flags("1"), *after.flags("2")])


@pytest.mark.parametrize("place", INSTRUMENTS)
def test_a_slow_bus_costs_time_and_no_item(tmp_path, place):
    after = night(tmp_path, items(place), [Fault("slow bus", place)])
    assert after.states == ["done", "done"]
    resistivities_agree(after)


@pytest.mark.parametrize("place", ["lock-in", "bridge", "magnet"])
@pytest.mark.parametrize("skipped", [0, 1, 4])
def test_a_lost_command_is_noticed_and_no_row_is_wrong(tmp_path, place, skipped):
    after = night(tmp_path, items(place), [Fault("lost command", place, after=skipped)])
    assert after.states[1] == "done"
    assert after.is_safe()
    resistivities_agree(after)


@pytest.mark.parametrize("place", INSTRUMENTS)
def test_an_instrument_that_is_silent_for_ever_ends_each_item_with_its_name(tmp_path, place):
    after = night(tmp_path, items(place), [Fault("silence", place)])
    assert after.states == ["failed", "failed"]
    assert all(re.search(SILENT[place], reason) for reason in after.reasons)
    assert len(after.frames["1"]) == 1
    assert after.ended_at - after.struck_at < 300.0
    [left] = [item for item in after.ending.safe if not item.done]
    assert left.item == NOT_SAFE[place]
    assert f"{left.item} is NOT safe" in after.texts("alarm")
    quiet = {"lock-in": "excitation", "bridge": "heater range"}
    for what, value in (("excitation", 0.004), ("heater range", 0.0), ("bias output", False)):
        if what != quiet.get(place):
            assert after.log.value(what, after.ended_at) == value


@pytest.mark.parametrize("policy", ["hold", "safe"])
def test_a_queue_stops_after_a_failure_where_its_policy_says_so(tmp_path, policy):
    after = night(tmp_path, items("bias"), [Fault("silence", "bias", for_=60.0)], policy=FailurePolicy(policy))
    assert after.states[1] == "waiting"
    assert after.ending.outcome == {"hold": "held", "safe": "stopped"}[policy]
    assert after.is_safe()


def test_a_time_out_is_retried_then_marked_and_the_next_item_begins(tmp_path):
    faults = [Fault("silence", "lock-in", for_=60.0)]
    after = night(tmp_path / "a", items("lock-in"), faults, policy=FailurePolicy("retry", 1))
    assert after.states == ["done", "done"]
    assert after.ending.items[0].attempts == 2
    assert [len(after.frames[id]) for id in ("1", "2")] == [3, 3]
    assert "it is tried again (1 of 1)" in after.texts("warning")
    assert after.is_safe()

    faults = [Fault("silence", "lock-in", for_=120.0)]
    after = night(tmp_path / "b", [*items("lock-in"), warm("3")], faults, policy=FailurePolicy("retry", 1))
    assert after.states == ["failed", "done", "done"]
    assert after.journal_states("1")[-1] == "failed"
    assert after.is_safe()


@pytest.mark.parametrize("place", ["lock-in", "bridge", "bias"])
def test_an_instrument_that_was_off_for_a_moment_costs_no_wrong_row(tmp_path, place):
    after = night(tmp_path, items(place), [Fault("power cycle", place)], policy=FailurePolicy("retry", 1))
    assert after.states == ["done", "done"]
    assert [len(after.frames[id]) for id in ("1", "2")] == [3, 3]
    resistivities_agree(after)
    assert after.is_safe()


def test_a_lock_in_that_has_lost_its_settings_gets_them_again_before_a_row_counts(tmp_path):
    after = night(tmp_path, items("lock-in"), [Fault("power cycle", "lock-in", for_=0.0)])
    assert after.flags("1") == [Quality(0), Quality.RETAKEN | Quality.SEAM, Quality(0)]
    assert "the frequency of the lock-in is 1 kHz and was set to 7 Hz" in after.texts("alarm")
    assert "it was switched off and on, and gets its settings again" in after.alarms[0]
    resistivities_agree(after)


def test_a_supply_that_has_lost_its_settings_stops_the_queue(tmp_path):
    after = night(tmp_path, items("magnet"), [Fault("power cycle", "magnet", for_=0.0)])
    assert (after.states, after.ending.outcome) == (["partial", "waiting"], "held")
    assert re.search("the supply counts in KILOGAUSS and PER_SECOND, this program in TESLA", after.reasons[0])
    assert after.is_safe()


@pytest.mark.parametrize(
    ("place", "line", "sentence"),
    [
        ("lock-in", "FREQ 11", "the frequency of the lock-in is 11 Hz and was set to 7 Hz; somebody is at"),
        ("lock-in", "SLVL 0.5", "the amplitude of the lock-in is 500 mV and was set to 1 V; somebody is at"),
        ("lock-in", "OFLT 11", "the time constant of the lock-in is 3 s and was set to"),
        ("lock-in", "ICPL 0", "the input coupling of the lock-in is ac and was set to dc"),
        ("bridge", "SETP 0,0.58", "the set point of the bridge is 580 mK and was set to 600 mK; somebody is at"),
        ("bridge", "RANGE 0,6", "the heater range of the bridge is"),
        ("bias", "SOUR:LEV 0.5", "the level of the bias is 0.5 V and was set to 0 V; somebody is at"),
        ("bias", "OUTP 1", "the output of the bias is on and was set to off"),
        ("magnet", "CONF:FIELD:TARG 0.01", "the target of the magnet is 100.5 Oe and was set to"),
        ("magnet", "CONF:FIELD:UNITS 0", "the supply counts in KILOGAUSS and PER_SECOND, this program in TESLA"),
    ],
)
def test_a_setting_changed_at_the_front_panel_holds_the_queue(tmp_path, place, line, sentence):
    first = sweep("1") if place == "bridge" else warm("1", "0.6, 0.6, 0.6 K")
    after = night(tmp_path, [first, warm("2")], lambda station: at_the_front_panel(station, place, line))
    assert (after.states, after.ending.outcome) == (["partial", "waiting"], "held")
    assert sentence in after.reasons[0]
    assert len(after.frames["1"]) == 1
    assert after.is_safe()


def test_a_supply_that_somebody_has_paused_is_asked_again(tmp_path):
    first = sweep("1", start=-20.0, stop=20.0, step=20.0)
    after = night(tmp_path, [first, warm("2")], pause_the_next_ramp)
    assert after.states == ["done", "done"]
    assert "the supply stands still short of its target; asked again (1)" in after.texts()


def pause_the_next_ramp(station):
    usual = station.magnet.ramp

    def ramp():
        usual()
        station.magnet.ramp = usual
        at_the_front_panel(station, "magnet", "PAUSE")

    station.magnet.ramp = ramp


def test_a_supply_that_does_not_ramp_stops_the_queue(tmp_path):
    def no_voltage(station):
        station.cryostat.magnet._move = lambda: None

    after = night(tmp_path, items("magnet"), no_voltage)
    assert (after.states, after.ending.outcome) == (["partial", "waiting"], "held")
    assert re.search(
        "the field did not arrive at -?.* Oe within 6. s; the supply reads .* and is ramping", after.reasons[0]
    )
    assert after.log.value("excitation", after.ended_at) == 0.004
    assert after.log.value("magnet ramping", after.ended_at) is False


@pytest.mark.parametrize("place", ["magnet", "bridge"])
def test_no_command_reaches_a_quenched_magnet_and_the_rest_is_safe_within_five_seconds(tmp_path, place):
    after = night(tmp_path, items(place), [Fault("quench", "magnet")])
    assert (after.states, after.ending.outcome) == (["partial", "waiting"], "held")
    assert re.search("the magnet has quenched|quench", after.reasons[0])
    assert "the queue is held" in after.texts("alarm")
    assert after.magnet_commands_since(after.struck_at) == []
    assert after.log.value("excitation", after.struck_at + 5.0) == 0.004
    assert after.log.value("heater range", after.struck_at + 5.0) == 0.0
    assert after.log.value("magnet quenched", after.ended_at) is True
    assert after.is_safe()
