"""The searched excitation: what a film bears, asked of a made-up film and of the simulated one."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.procedures.checks.schedule import latest
from coldfinger.procedures.checks.verdict import PASS
from coldfinger.procedures.current.excitation import (
    SEARCHED_FREQUENCIES,
    SHARE,
    averaging_time,
    lines_effect,
    searched_current,
    searched_frequency,
)
from coldfinger.procedures.current.search_excitation import Effect, Found, Look, effect_of, search
from coldfinger.procedures.family import evaluate_member
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.runner import RunResult, StopSwitch, run_procedure
from coldfinger.procedures.station import Station
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.quality import Quality
from coldfinger.runfiles.reader import Run, read_run


@pytest.mark.parametrize(
    ("resistance", "current", "density", "seconds"),
    [(500.0, 1e-9, 11.8e-9, 278.0), (6.45e3, 1e-9, 11.8e-9, 1.7), (100e3, 0.3e-9, 21.8e-9, 0.27)],
)
def test_averaging_takes_the_published_time(resistance, current, density, seconds):
    assert averaging_time(1e-3, resistance * current, density) == pytest.approx(seconds, rel=0.03)
    assert averaging_time(1e-3, 0.0, density) == math.inf


def test_the_lines_may_hide_two_tenths_of_a_per_cent_at_ten_degrees():
    assert lines_effect(10.0) == pytest.approx(2e-3, rel=0.1)


@given(st.floats(1e-4, 100.0), st.floats(1e-5, 0.1))
def test_the_frequency_is_the_highest_whose_lines_stay_below_their_share(per_hertz, precision):
    chosen = searched_frequency(per_hertz, precision)
    if chosen != SEARCHED_FREQUENCIES[-1]:
        assert lines_effect(per_hertz * chosen) <= SHARE * precision
    for higher in [f for f in SEARCHED_FREQUENCIES if f > chosen]:
        assert lines_effect(per_hertz * higher) > SHARE * precision


@given(st.floats(1e-12, 1e-8), st.floats(1e-13, 1e-7), st.floats(1e-12, 5e-12), st.none() | st.floats(1e-12, 1e-8))
def test_the_current_never_exceeds_what_the_film_bears_and_the_source_can_always_give_it(
    largest, needed, least, present
):
    current = searched_current(largest, needed, least, present)
    assert least * 0.99 <= current <= max(largest, least) * 1.01
    # Staying is staying: the same question again gives the same answer.
    assert searched_current(largest, needed, least, current) == current


def look_at(k: float, drift: Callable[[int], float] = lambda i: 0.0) -> Callable[[float, float], Look]:
    """A film whose rho is 1 Mohm (1 - k I^2), drifting from look to look."""
    count = iter(range(1000))
    return lambda current, wanted: Look(current, 0.7, 1e6 * (1.0 - k * current**2 + drift(next(count))), 50.0, -10.0)


def test_five_looks_give_the_effect_and_a_straight_drift_cancels():
    film = look_at(1e17, lambda i: 0.003 * i)
    looks = [film(current, 0.0) for current in (1e-10, 1e-10 / 3, 1e-10, 1e-10 / 3, 1e-10)]
    effect = effect_of((looks[0], looks[1], looks[2], looks[3], looks[4]))
    assert effect.relative == pytest.approx(-1e-3, rel=0.02)
    assert effect.significant
    assert effect.drift == 0.0


def test_a_bent_drift_is_taken_for_what_it_may_hide():
    film = look_at(0.0, lambda i: 0.05 * 0.7**i)
    looks = [film(current, 0.0) for current in (1e-10, 1e-10 / 3, 1e-10, 1e-10 / 3, 1e-10)]
    effect = effect_of((looks[0], looks[1], looks[2], looks[3], looks[4]))
    assert not effect.significant
    assert effect.bound > abs(effect.relative) > 0
    assert effect.drift > 1e-3


@pytest.mark.parametrize("k", [1e16, 1e17, 1e18])
def test_the_largest_current_is_the_one_whose_effect_is_the_share(k):
    answer = search(look_at(k), lambda times: None, 1e6, 1e-3, 4e-12, 1e-8)
    assert answer is not None
    found = Found(1e6, 0.05, answer[0], -14.0, 1e6)
    true = math.sqrt(SHARE * 1e-3 / k)
    assert 0.6 * true < found.largest_current(1e6, 1e-3) <= true * 1.01
    assert found.largest_current(2e6, 1e-3) == pytest.approx(0.5 * found.largest_current(1e6, 1e-3))


def test_where_nothing_is_seen_a_larger_current_is_tried_but_not_beyond_the_limits():
    seen: list[float] = []

    def look(current: float, wanted: float) -> Look:
        seen.append(current)
        return Look(current, 7.0, 6e3, 3.0, -0.1)

    assert search(look, lambda times: None, 6e3, 1e-3, 4e-12, 2e-9) is not None
    assert max(seen) == 2e-9
    seen.clear()
    search(look, lambda times: None, 6e3, 1e-3, 4e-12, 1e-6)
    assert max(seen) == pytest.approx(3e-9)


def test_a_film_that_drifts_is_waited_for_and_then_bounded():
    waits: list[float] = []
    answer = search(look_at(1e16, lambda i: 0.3 * 0.9**i), waits.append, 1e6, 1e-3, 4e-12, 1e-8)
    assert waits
    assert answer is not None


def test_a_film_that_gives_no_resistivity_is_left_with_the_smallest_current():
    assert search(lambda current, wanted: None, lambda times: None, 1e6, 1e-3, 4e-12, 1e-8) is None
    assert Found.nothing(1e6, 0.05).largest_current(1e6, 1e-3) == 0.0
    assert searched_current(0.0, 1e-9, 12e-12) == pytest.approx(12e-12, rel=0.3)


def test_the_film_is_asked_again_where_rho_or_temperature_have_changed_enough():
    found = Found(1e5, 0.2, Effect(1e-10, 1e-4, 1e-5, 0.0), -1.0, 1e5)
    assert not found.outdated(1.9e5, 0.15)
    assert found.outdated(2.1e5, 0.15)
    assert not found.outdated(0.4e5, 0.3)
    assert found.outdated(0.3e5, 0.3)
    assert found.outdated(1e5, 0.09)


def searched_ramp(station: Station, folder: Path, field: float, **parameters: object) -> RunResult:
    wish = {
        "points": 60,
        "excitation": "searched",
        "averaging": "wanted precision",
        "tolerance": 0.005,
        "checks": "base",
        **parameters,
    }
    return run_procedure(TemperatureRamp(field=field, **wish), station, folder)


def searches(run: Run) -> list[dict[str, float]]:
    return [mark.data for mark in run.marks if mark.kind == "search"]


@pytest.mark.parametrize(("field", "true"), [(500.0, 1.003e6), (550.0, 7.20e6)])
def test_the_saturation_is_right_within_three_statistical_sd_and_the_belief_tests_pass(
    simulated, tmp_path, field, true
):
    station = simulated(sample="S0", seed=4)
    result = searched_ramp(station, tmp_path, field)
    assert {verdict.outcome for verdict in latest(result.verdicts)} == {PASS}
    run, member = read_run(result.folder), evaluate_member(field, result, station)
    sigma = member.fit.parameters["sigma_QF"]
    assert 1 / station.cryostat.sample.truth(field).parameters["sigma_QF"] == pytest.approx(true, rel=2e-3)
    assert abs(sigma.value - station.cryostat.sample.truth(field).parameters["sigma_QF"]) < 3 * sigma.sd
    assert sigma.sd < 1e-3 * sigma.value
    assert result.disbelieved == 0
    assert (run.frame["rho_sd (ohm)"] / run.frame["rho (ohm)"]).median() < 1e-3
    found = searches(run)
    assert 5 <= len(found) <= 9
    for one in found:
        assert one["current_bound"] <= one["allowed"] * 1.01 or one["current"] < 13e-12
    assert found[-1]["current"] < found[0]["current"] / 10
    # Every change of current or frequency after the first row is a seam.
    changed = run.frame[["f (Hz)", "time_constant (s)"]].diff().abs().sum(axis=1) > 0
    seams = (run.frame["flags"].astype(int) & int(Quality.EXCITATION_CHANGED)) > 0
    assert seams[changed].all()


def test_the_averaging_follows_the_signal_up_to_its_longest(simulated, tmp_path):
    """At 3.9 kohm and 0.1 nA a row of 0.1 % would take 460 s."""
    station = simulated(sample="S1", seed=4)
    wish = {"excitation": "fixed", "current": 0.1, "pacing": "listed points", "temperatures": "0.5 K"}
    ramp = TemperatureRamp(field=100.0, averaging="wanted precision", longest_window=40.0, **wish)
    result = run_procedure(ramp, station, tmp_path)
    assert read_run(result.folder).frame["readings"].iloc[0] == pytest.approx(40.0 / 0.4, rel=0.01)


def test_a_superconductor_is_not_searched(simulated, tmp_path):
    station = simulated(sample="S1", seed=4)
    wish = {"pacing": "listed points", "temperatures": "0.2 K", "checks": "none"}
    run = read_run(searched_ramp(station, tmp_path, 0.0, **wish).folder)
    assert run.outcome == "done"
    assert searches(run) == []


def test_a_stop_in_the_middle_of_a_search_is_obeyed(simulated, tmp_path):
    station, switch = simulated(sample="S0", seed=4), StopSwitch()
    ramp = TemperatureRamp(field=30.0, excitation="searched", points=5)
    note = ramp.pause_for

    def throwing(seconds: float) -> None:
        if seconds == 0.5 and station.cryostat.lockin.amplitude > 1.5:
            switch.throw()
        note(seconds)

    ramp.pause_for = throwing
    result = run_procedure(ramp, station, tmp_path, switch=switch)
    assert (result.outcome, result.rows) == ("stopped", 0)
    assert all(item.done for item in result.safe)
    assert station.cryostat.lockin.amplitude == 0.004


def test_a_longest_window_below_the_shortest_is_refused(simulated, tmp_path):
    ramp = TemperatureRamp(averaging="wanted precision", window=8.0, longest_window=4.0)
    with pytest.raises(LimitError, match="longest_window: 4 s is not between the averaging window, 8 s, and 3600 s"):
        run_procedure(ramp, simulated(sample="S0"), tmp_path / "runs")
