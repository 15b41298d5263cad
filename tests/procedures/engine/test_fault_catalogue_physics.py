"""Faults of sample, thermometers, heater and cooling in the middle of a queue, and what was typed wrongly."""

import re

import pytest

from coldfinger.procedures.engine.items import RUN, Item
from coldfinger.procedures.runner import run_procedure
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.quality import DISBELIEVED, Quality
from coldfinger.sim.faults import Fault, arm
from tests.procedures.engine.night_with_faults import at_the_front_panel, night, warm

TWO = [warm("1"), warm("2")]


@pytest.mark.parametrize(
    ("kind", "states", "sentence"),
    [
        ("heater open", ["failed", "failed"], "the controller reports error 1 of its heater output"),
        ("heater stuck at full", ["partial", "waiting"], "too warm: T_mc is .* above"),
        ("cooling lost", ["partial", "waiting"], "the mixing chamber has stayed at .* cooling is lost, or a heater"),
        (
            "sensor out of range",
            ["partial", "waiting"],
            "the sample's thermometer has given no valid reading for 1 min",
        ),
        ("control sensor out of range", ["partial", "waiting"], "control thermometer: .* shows no temperature"),
    ],
)
def test_a_temperature_that_will_never_be_reached_ends_the_item_with_its_reason(tmp_path, kind, states, sentence):
    place = "cryostat" if kind == "cooling lost" else "bridge"
    after = night(tmp_path, TWO, [Fault(kind, place)])
    assert after.states == states
    assert re.search(sentence, after.reasons[0])
    assert after.is_safe()
    assert after.ended_at - after.struck_at < 1000.0
    assert len(after.frames["1"]) == 1
    assert after.ending.outcome == ("held" if "waiting" in states else "partly")


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (
            "heater stuck at full",
            "the mixing chamber has stayed at .* above 550 mK, for 10 min 0 s with the heater at rest",
        ),
        ("control sensor out of range", "the mixing chamber's thermometer has given no valid reading for 60 s"),
    ],
)
def test_a_run_without_interlocks_finds_these_out_by_itself(simulated, tmp_path, kind, sentence):
    station = simulated(sample="S0", fluctuations=False)
    procedure = TemperatureRamp(**warm("1").parameters)

    def watch(topic, record):
        if topic == "results":
            arm(station.rack, [Fault(kind, "bridge")])

    result = run_procedure(procedure, station, tmp_path, watch=watch, sync=False)
    assert (result.outcome, result.rows, result.stops_queue) == ("failed", 1, True)
    assert re.search(sentence, result.reason)
    assert station.cryostat.loop.range_current == 0.0


def test_a_heater_too_weak_for_its_set_point_is_found_without_the_controllers_help(tmp_path):
    def weak(station):
        station.cryostat.loop.heater_resistance = 1e-3

    after = night(tmp_path, [warm("1", "0.5, 0.6 K"), warm("2")], weak)
    assert after.states[0] == "failed"
    assert re.search(
        "the heater has given 100 % of .* for 5 min 0 s, but the mixing chamber stays at", after.reasons[0]
    )
    assert after.is_safe()


@pytest.mark.parametrize("kind", ["stale scanner", "stale sensor"])
def test_rows_of_a_thermometer_that_stands_still_are_not_believed(tmp_path, kind):
    after = night(tmp_path, TWO, [Fault(kind, "bridge")])
    flags = after.flags("1")
    assert not flags[0] & DISBELIEVED
    assert all(flag & (Quality.STALE_THERMOMETER | Quality.GRADIENT | Quality.NOT_SETTLED) for flag in flags[1:])
    assert after.frames["1"]["R_sensor (ohm)"].gt(0).all()
    assert after.is_safe()


@pytest.mark.parametrize(("kind", "flag"), [("overload", Quality.OVERLOAD), ("reference unlock", Quality.UNLOCKED)])
def test_rows_of_a_lock_in_that_complains_are_kept_and_not_believed(tmp_path, kind, flag):
    after = night(tmp_path, TWO, [Fault(kind, "lock-in")])
    assert after.states == ["done", "done"]
    assert all(flags & flag and flags & DISBELIEVED for flags in after.flags("1")[1:])
    assert after.frames["1"]["X (V)"].notna().all()
    assert after.is_safe()


def test_an_overload_that_passes_is_taken_again_in_a_wider_range(tmp_path):
    after = night(tmp_path, TWO, [Fault("overload", "lock-in", for_=8.0)])
    assert after.states == ["done", "done"]
    assert not any(flags & DISBELIEVED for flags in after.flags("1")[2:])


def test_a_base_that_drifts_is_seen_in_the_rows_and_ends_nothing(tmp_path):
    after = night(tmp_path, TWO, [Fault("drifting base", "cryostat")])
    assert after.states == ["done", "done"]


def test_an_open_film_ends_its_item_without_current(tmp_path):
    after = night(tmp_path, TWO, [Fault("open sample", "cryostat")])
    assert after.states == ["failed", "done"]
    assert re.search("the film is open: 6.8. kohm per square in the row before, and now", after.reasons[0])
    assert after.flags("1")[-1] & Quality.SIGNAL_LOST
    assert all(flags & DISBELIEVED for flags in [*after.flags("1")[1:], *after.flags("2")])
    assert after.is_safe()


def test_a_signal_that_is_gone_while_nothing_has_moved_holds_the_queue(tmp_path):
    after = night(tmp_path, [warm("1", "0.6, 0.6, 0.6 K"), warm("2")], [Fault("short", "cryostat")])
    assert (after.states, after.ending.outcome) == (["partial", "waiting"], "held")
    assert re.search("the signal is gone: 6.8. kohm per square .* at the same temperature and field", after.reasons[0])
    assert after.flags("1")[-1] & Quality.SIGNAL_LOST
    assert after.is_safe()


def test_a_signal_that_is_gone_at_another_temperature_may_be_a_superconductor_and_is_said(tmp_path):
    after = night(tmp_path, TWO, [Fault("short", "cryostat")])
    assert after.states == ["done", "done"]
    assert after.texts("info").count("four wires cannot tell") == 1


def test_what_stands_in_an_instruments_error_queue_is_noted_with_the_item(tmp_path):
    after = night(tmp_path, TWO, lambda station: at_the_front_panel(station, "bias", "NONSENSE 1"))
    assert after.states == ["done", "done"]
    assert re.search(r"bias: .*-113", after.texts("info"))


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"field": 60000.0}, "not started: .*600?00? Oe|not started: .*6 T"),
        ({"field": "6 T"}, "not started: "),
        ({"field": "0.06"}, "not started: "),
        ({"rate": "5 Oe/min"}, "not started: "),
    ],
)
def test_a_wrong_unit_or_a_value_beyond_a_limit_moves_nothing_and_the_next_item_runs(tmp_path, parameters, sentence):
    wrong = Item(RUN, "3", "wrong", "TemperatureRamp", {"start": 0.6, "stop": 0.5} | parameters)
    after = night(tmp_path, [warm("1"), wrong, warm("2")], [])
    assert after.states == ["done", "failed", "done"]
    assert re.search(sentence, after.reasons[1])
    targets = [abs(fact.value) for fact in after.log.of("magnet target")]
    assert max(targets) <= 20.0


def test_a_clock_that_is_set_back_an_hour_changes_no_duration(tmp_path, monkeypatch):
    import time

    usual, shift = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: usual() + shift[0])

    def set_back(station):
        shift[0] = -3600.0

    after = night(tmp_path, TWO, set_back)
    assert after.states == ["done", "done"]
    times = after.frames["1"]["time (s)"]
    assert times.is_monotonic_increasing
    assert times.iloc[-1] < 600.0
    assert all(0.0 < item.seconds < 600.0 for item in after.ending.items)
    clocks = [event["clock"] for event in after.journal]
    assert clocks == sorted(clocks)
