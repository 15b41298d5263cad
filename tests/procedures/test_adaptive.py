"""Adaptive R(T) from end to end: what it finds against the film that was simulated, and what it costs."""

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from coldfinger.analysis.design import Present
from coldfinger.procedures.adaptive import AdaptiveRamp
from coldfinger.procedures.current.savings import savings
from coldfinger.procedures.family import evaluate_member
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.runner import StopSwitch, run_procedure
from coldfinger.procedures.station import open_station
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.quality import Quality
from coldfinger.runfiles.reader import Run, read_run

CURVES = [("S0", 100.0), ("S0", 300.0), ("S0", 500.0), ("S1", 600.0), ("S1", 30.0)]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """measured(sample, field, seed=1) -> one adaptive run with all defaults, carried out once."""

    @cache
    def once(sample: str, field: float, seed: int = 1) -> SimpleNamespace:
        with open_station(read_station_file(), sample=sample, seed=seed) as station:
            station.connect()
            procedure = AdaptiveRamp(field=field)
            procedure.use(station)
            planned, began = procedure.plan().seconds, station.clock.time()
            result = run_procedure(procedure, station, tmp_path_factory.mktemp("runs"))
            run = read_run(result.folder)
            return SimpleNamespace(
                result=result,
                run=run,
                frame=run.frame,
                fit=json.loads(mark(run, "fit")),
                member=evaluate_member(field, result, station),
                truth=station.cryostat.sample.truth(field),
                descent=procedure.descent,
                planned=planned,
                seconds=station.clock.time() - began,
            )

    return once


def mark(run: Run, kind: str) -> str:
    """The text of the last mark of a kind."""
    return next((mark.text for mark in reversed(run.marks) if mark.kind == kind), "")


def seconds_of(sample: str, field: float, folder: Path, **wish: object) -> tuple[float, list[float]]:
    """Virtual duration of a TemperatureRamp over the same range, and its relative s.d. of base value and energy."""
    with open_station(read_station_file(), sample=sample, seed=1) as station:
        station.connect()
        began = station.clock.time()
        ramp = TemperatureRamp(field=field, excitation="gentle", final_points=0, **wish)
        result = run_procedure(ramp, station, folder)
        assert result.outcome == "done"
        estimates = list(evaluate_member(field, result, station).fit.parameters.values())
        return station.clock.time() - began, [estimates[i].sd / estimates[i].value for i in (0, 2)]


@pytest.mark.parametrize(("sample", "field"), CURVES)
def test_it_finds_the_true_film_to_the_wanted_uncertainties(measured, sample, field):
    one = measured(sample, field)
    assert (one.result.outcome, one.result.disbelieved) == ("done", 0)
    assert one.fit["law"] == one.truth.law
    assert mark(one.run, "targets").startswith("met")
    names = list(one.truth.parameters)
    for name, target in ((names[0], 0.003), (names[1], None), (names[2], 0.01)):
        true, found = one.truth.parameters[name], one.fit[name]
        assert abs(found["value"] - true) < 4 * found["sd"], name
        assert target is None or found["sd"] <= target * found["value"], name
    # The usual evaluation of the run file sees the very same rows.
    assert one.member.fit.n == one.fit["n"] == one.result.rows


@pytest.mark.parametrize(("sample", "field"), CURVES)
def test_it_goes_down_once_and_keeps_its_two_lack_of_fit_points(measured, sample, field):
    one = measured(sample, field)
    T = one.frame["T_set (K)"].to_numpy()
    assert T[0] == pytest.approx(0.6895)
    base = int(np.argmax(T == 0.05))
    assert (np.diff(T[: base + 1]) <= 0).all()
    assert np.isclose(T, 0.4).any()
    middle = min(one.frame["T_middle (K)"].iloc[-1], T[T > 0.2].min())
    assert ((0.85 * middle > T) & (T > 1.1 * 0.05)).any()
    assert one.result.rows < 15


@pytest.mark.parametrize(("sample", "field"), CURVES)
def test_predicted_and_virtual_duration_agree_within_ten_percent(measured, sample, field):
    one = measured(sample, field)
    assert one.planned == pytest.approx(one.seconds, rel=0.10)


@pytest.mark.parametrize(("sample", "field"), CURVES)
def test_it_takes_a_twentieth_of_a_linear_ramp(measured, simulated, sample, field):
    """A rate of 10 % lag at 50 mK, 5 mK/240 s; its duration from the plan, which is tested to be right."""
    ramp = TemperatureRamp(field=field, pacing="rate", rate=0.00125, points=60, final_points=0)
    ramp.use(simulated(sample=sample))
    assert ramp.plan().seconds > 8.7 * 3600
    assert measured(sample, field).seconds < ramp.plan().seconds / 20


@pytest.mark.parametrize(("sample", "field"), CURVES)
def test_it_takes_a_quarter_of_a_constant_logarithmic_rate(measured, tmp_path, sample, field):
    """d ln T/dt of 10 % lag at 50 mK: 0.1/240 s; that ramp knows more at its end, but cannot be any faster."""
    log_rate, reached = seconds_of(sample, field, tmp_path, pacing="log-rate", log_rate=1.5, points=20)
    assert measured(sample, field).seconds < log_rate / 4
    assert reached[0] < 0.003


@pytest.mark.parametrize(("sample", "field"), CURVES)
def test_it_takes_less_than_25_settled_points_by_a_third(measured, tmp_path, sample, field):
    """With the same tolerance of 3 % and the shortest rows."""
    wish = {"pacing": "log points", "points": 25, "tolerance": 0.03, "window": 4.0}
    points, _ = seconds_of(sample, field, tmp_path, **wish)
    assert measured(sample, field).seconds < points / 1.3


def test_intervals_of_whole_runs_contain_the_truth_as_often_as_they_say(measured):
    """15 seeds over the five curves: 95 % intervals of base value and E, 30 in all, and the size of the pulls."""
    pulls = []
    for seed in range(15):
        sample, field = CURVES[seed % 5]
        one = measured(sample, field, 1000 + seed)
        names = list(one.truth.parameters)
        pulls += [(one.fit[n]["value"] - one.truth.parameters[n]) / one.fit[n]["sd"] for n in (names[0], names[2])]
    inside = np.abs(pulls) < 1.96
    assert inside.sum() >= 25  # of 30 at 0.95: fewer in less than 1 % of all sets of seeds
    assert 0.7 < np.sqrt(np.mean(np.square(pulls))) < 1.35


def test_what_was_saved_is_said_with_the_runs_own_numbers(measured):
    one = measured("S0", 300.0)
    text = mark(one.run, "saved")
    assert text.startswith(("took 12 min ", "took 13 min "))
    for strategy in ("lag-limited ramp", "constant d ln T/dt", "linear ramp", "25 logarithmic set points"):
        assert strategy in text
    assert "linear ramp 8 h 39 min" in text


def saved(noise: float, thermal_time: float = 60.0, reached: tuple[float, float] = (1e-3, 5e-3)) -> dict[str, float]:
    station = SimpleNamespace(thermal_time=lambda T: thermal_time * (0.1 / T) ** 2)
    present = Present("eq1", (7.97e-5, 7.40e-5, 0.381), 1.0)
    found = savings(station, present, 0.7, 0.05, reached, 1000.0, lambda T: noise, lambda a, b: 100.0)
    assert all(item.factor == item.seconds / 1000.0 for item in found)
    return {item.strategy: item.seconds for item in found}


def test_a_quiet_ramp_costs_its_thermal_time():
    """tau(50 mK) = 240 s, 10 % lag: 0.65 K at 5 mK/240 s, ln 14 at 0.1/240 s, tau/(2 lag) [1 - (T_1/T_2)^2]."""
    quiet = saved(1e-6)
    assert quiet["linear ramp"] == pytest.approx(0.65 / (0.005 / 240), rel=1e-3)
    assert quiet["constant d ln T/dt"] == pytest.approx(np.log(14) / (0.1 / 240), rel=1e-3)
    assert quiet["lag-limited ramp"] == pytest.approx(240 / 0.2 * (1 - (0.05 / 0.7) ** 2), rel=1e-3)
    assert quiet["25 logarithmic set points"] == pytest.approx(24 * 100.0 + 25.0)
    slower = saved(1e-6, thermal_time=120.0)
    assert slower["linear ramp"] == pytest.approx(2 * quiet["linear ramp"])


def test_a_noisy_ramp_costs_the_square_of_its_noise():
    loud, louder = saved(0.3), saved(0.6)
    for strategy in ("linear ramp", "constant d ln T/dt", "lag-limited ramp"):
        assert louder[strategy] == pytest.approx(4 * loud[strategy])
    assert saved(0.3, reached=(1e-3, 2.5e-3))["lag-limited ramp"] > 1.5 * loud["lag-limited ramp"]


def test_a_film_that_follows_no_such_law_is_noticed(measured):
    """S2 at 600 Oe is logarithmic in T: three parameters would always go through three temperatures."""
    one = measured("S2", 600.0)
    assert one.fit["chi2_nu"] > 10
    assert "eq1 does not hold" in mark(one.run, "lack of fit")
    assert not mark(one.run, "saved")
    assert not mark(measured("S0", 300.0).run, "lack of fit")


def test_without_saturation_it_ends_with_a_limit(measured):
    one = measured("S0", 600.0)
    assert one.result.outcome == "done"
    assert one.fit["status"] == "limit"
    assert mark(one.run, "targets").startswith("base value below its limit")
    assert one.seconds < 2400


def test_time_that_is_up_ends_the_averaging_and_says_so(simulated, tmp_path):
    station = simulated(sample="S0", seed=2)
    procedure = AdaptiveRamp(field=30.0, base_target=1e-5, energy_target=1e-5, budget=0.45)
    result = run_procedure(procedure, station, tmp_path)
    run = read_run(result.folder)
    assert result.outcome == "done"
    assert "the targets are given up" in mark(run, "budget")
    assert mark(run, "targets").startswith("missed")
    assert run.frame["T_set (K)"].min() == 0.05
    assert station.clock.time() - procedure._began_descent < 0.45 * 3600 + 900.0


def test_the_bottom_is_reached_where_the_mixing_chambers_sensor_heats_itself(simulated, tmp_path):
    """At 20 mK that sensor shows 20.7 mK for ever; the sample's own is near enough after some thermal times."""
    station = simulated(sample="S0", seed=2)
    procedure = AdaptiveRamp(field=100.0, start=0.2, stop=0.02, base_target=0.01, energy_target=0.1)
    result = run_procedure(procedure, station, tmp_path)
    frame = read_run(result.folder).frame
    assert (result.outcome, result.disbelieved) == ("done", 0)
    assert frame["T_sample (K)"].iloc[-1] == pytest.approx(0.02, rel=0.04)
    assert station.clock.time() < 8 * station.thermal_time(0.02)


def phase(name: str, procedure: AdaptiveRamp) -> bool:
    """Whether a procedure is now where its name says."""
    station = procedure.station
    descending = hasattr(procedure, "_began_descent")
    return {
        "field": abs(station.magnet.field - 299.5e-4) > 1e-3,
        "start": procedure.t_set == 0.985 * 0.7 and not descending,
        "way down": descending and 0.05 < procedure.t_set < 0.3,
        "base": descending and procedure.t_set == 0.05,
    }[name]


@pytest.mark.parametrize("where", ["field", "start", "way down", "base"])
def test_a_stop_is_obeyed_in_every_phase(simulated, tmp_path, where):
    station, switch = simulated(sample="S0", seed=8), StopSwitch()
    procedure = AdaptiveRamp(field=300.0)
    pause = procedure.pause_for

    def throwing(seconds: float) -> None:
        if phase(where, procedure):
            switch.throw()
        pause(seconds)

    procedure.pause_for = throwing
    result = run_procedure(procedure, station, tmp_path, switch=switch)
    run = read_run(result.folder)
    assert (result.outcome, run.outcome, run.reason) == ("stopped", "stopped", "stopped by the user")
    assert len(run.frame) == result.rows
    assert (result.rows > 0) == (where in ("way down", "base"))
    assert all(item.done for item in result.safe)
    assert station.cryostat.loop.range_current == 0.0
    assert station.cryostat.lockin.amplitude == 0.004


def test_a_stop_while_rows_are_taken_finishes_the_row(simulated, tmp_path):
    station, switch = simulated(sample="S0", seed=8), StopSwitch()
    procedure = AdaptiveRamp(field=0.0, base_target=1e-5)
    result = run_procedure(
        procedure,
        station,
        tmp_path,
        switch=switch,
        progress=lambda percent, time: switch.throw() if procedure.descent.at_base else None,
    )
    run = read_run(result.folder)
    assert result.outcome == "stopped"
    assert list(run.frame["T_set (K)"]).count(0.05) == 1
    assert not (run.frame["flags"].astype(int) & int(Quality.NOT_SETTLED)).any()


BAD = [
    ({"field": 601.0}, "field: 601 Oe (0.0601 T) is beyond the limit"),
    ({"start": 2.0}, "start: 2 K is outside the limits"),
    ({"stop": 0.005}, "stop: 5 mK is outside the limits"),
    ({"start": 0.09}, "start: 90 mK is not twice the stop, 50 mK; an adaptive ramp goes down"),
    ({"base_target": 0.0}, "base_target: 0 must be above zero"),
    ({"tolerance": 0.09}, "tolerance: 0.09 is above 0.08"),
    ({"shortest_window": 90.0}, "longest_window: 60 s is not between the shortest window, 90 s, and 3600 s"),
    ({"budget": 0.1}, "budget: 6 min 0 s is less than the way down to 50 mK takes, 14 min"),
    ({"excitation": "fixed", "current": 100.0}, "current: 100 nA is not above zero and up to the limit"),
    ({"excitation": "fixed", "frequency": 2000.0}, "frequency: 2 kHz is outside 0.01 to 1000 Hz"),
    ({"excitation": "bold"}, "excitation"),
]


@pytest.mark.parametrize(("parameters", "sentence"), BAD, ids=[sentence[:30] for _, sentence in BAD])
def test_what_cannot_be_run_is_refused_before_anything_moves(simulated, tmp_path, parameters, sentence):
    station = simulated(sample="S0", seed=8)
    before = station.clock.time()
    with pytest.raises((LimitError, ValueError)) as error:
        run_procedure(AdaptiveRamp(**parameters), station, tmp_path / "runs")
    assert sentence in str(error.value)
    assert not (tmp_path / "runs").exists()
    assert station.clock.time() == before


def test_the_plan_says_how_little_it_knows_of_the_film(measured, simulated):
    """Both kinds of film lie within 2 s.d. of it; the s.d. is that of the descent alone."""
    procedure = AdaptiveRamp(field=100.0)
    procedure.use(simulated(sample="S0"))
    plan = procedure.plan()
    assert plan.sd == plan.stages[-1].sd == pytest.approx(0.1 * plan.stages[-1].seconds, rel=0.2)
    for sample, field in CURVES:
        one = measured(sample, field)
        assert abs(one.planned - one.seconds) < 2 * plan.sd
