"""Belief tests inside ramps: what they say of the paper's hardest points, and what becomes of the excitation then."""

import math
from pathlib import Path

import pytest

from coldfinger.procedures.checks.schedule import latest, summary
from coldfinger.procedures.checks.verdict import CANNOT_SAY, FAIL, PASS, Verdict
from coldfinger.procedures.family import evaluate_member
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.runner import RunResult, StopSwitch, run_procedure
from coldfinger.procedures.screen import _remarks
from coldfinger.procedures.station import Station
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.quality import Quality
from coldfinger.runfiles.reader import Run, read_run

TRUE = {500.0: 1.003e6, 550.0: 7.20e6}


def ramp(station: Station, folder: Path, switch: StopSwitch | None = None, **parameters: object) -> RunResult:
    wish = {"points": 40, "checks": "base", **parameters}
    return run_procedure(TemperatureRamp(**wish), station, folder, switch=switch)


def by_name(result: RunResult) -> dict[str, Verdict]:
    return {verdict.name: verdict for verdict in latest(result.verdicts)}


def flagged(run: Run) -> list[bool]:
    return [bool(int(flags) & Quality.BELIEF_TEST_FAILED) for flags in run.frame["flags"]]


@pytest.mark.parametrize("field", [500.0, 550.0])
def test_one_nanoampere_at_seven_hertz_fails_by_heating_and_phase(simulated, tmp_path, field):
    station = simulated(sample="S0", seed=3)
    result = ramp(station, tmp_path, field=field, excitation="fixed", current=1.0, frequency=7.0)
    found = by_name(result)
    assert (found["heating"].outcome, found["frequency"].outcome) == (FAIL, FAIL)
    assert "heats the film" in found["heating"].sentence
    assert "at 7 Hz the phase of -" in found["frequency"].sentence
    assert found["linearity"].outcome == FAIL
    assert found["thermometer"].outcome == PASS
    assert found["leads"].outcome == CANNOT_SAY
    assert flagged(read_run(result.folder)) == [False] * 40 + [True] * 5


@pytest.mark.parametrize("field", [500.0, 550.0])
def test_with_the_policy_they_pass_and_the_saturation_is_the_true_one(simulated, tmp_path, field):
    """Within 3 s.d., those of the current's own doing included: the statistical ones alone are far too small."""
    station = simulated(sample="S0", seed=3)
    result = ramp(station, tmp_path, field=field, excitation="policy", points=60)
    found = by_name(result)
    assert {verdict.outcome for verdict in found.values()} == {PASS}
    assert not any(flagged(read_run(result.folder)))
    sigma = evaluate_member(field, result, station).fit.parameters["sigma_QF"]
    true = station.cryostat.sample.truth(field).parameters["sigma_QF"]
    assert 1 / true == pytest.approx(TRUE[field], rel=2e-3)
    numbers = found["heating"].numbers
    systematic, its_sd = numbers["systematic_conductance"], numbers["systematic_conductance_sd"]
    off = sigma.value - true
    assert abs(off) < 3 * math.hypot(sigma.sd, systematic, its_sd)
    assert abs(off) > 5 * sigma.sd  # what a program would have claimed that asks no film
    assert abs(off) < 0.015 * true
    # The bias itself is known: measured at the base, while the fit's is that of all its rows, a third less or more.
    assert abs(off - systematic) < 0.35 * systematic + 4 * math.hypot(sigma.sd, its_sd)


@pytest.mark.parametrize("field", [500.0, 550.0])
def test_a_ramp_that_may_adapt_lowers_current_and_frequency_until_the_tests_pass(simulated, tmp_path, field):
    station = simulated(sample="S0", seed=3)
    result = ramp(station, tmp_path, field=field, excitation="fixed", on_failure="adapt")
    assert {verdict.outcome for verdict in by_name(result).values()} == {PASS}
    run = read_run(result.folder)
    assert not any(flagged(run))
    last = run.frame.tail(5)
    assert (last["I (A)"] < 0.36e-9).all()
    assert (last["f (Hz)"] <= 3.5).all()
    assert not (last["flags"].astype(int) & int(Quality.PHASE)).any()
    seams = [mark.text for mark in run.marks if mark.kind == "excitation"]
    assert seams[0] == "333.333 pA at 3.5 Hz after frequency, heating, linearity failed"
    true = float(station.cryostat.sample.resistivity(0.05, field))
    assert last["rho (ohm)"].mean() == pytest.approx(true, rel=0.012)
    assert len(run.end["data"]["checks"]) == len(result.verdicts) > 5


def test_the_highest_resistance_is_tested_when_it_has_just_been_passed(simulated, tmp_path):
    station = simulated(sample="S0", seed=3)
    result = ramp(station, tmp_path, field=0.0, checks="base and peak")
    marks = [mark for mark in read_run(result.folder).marks if mark.kind == "check"]
    temperatures = [mark.data["at"]["temperature"] for mark in marks]
    assert len(temperatures) == 9  # the thermometer only at the base
    assert [len(mark.data["looks"]) for mark in marks[:4]] == [5, 0, 3, 1]  # linearity takes those of heating
    assert marks[0].data["looks"][2]["current"] == pytest.approx(1e-9 / 3)
    assert marks[0].data["looks"][2]["x"] > 0
    assert len(set(temperatures[:4])) == 1
    assert 0.5 < temperatures[0] < 0.7
    assert temperatures[4:] == [0.05] * 5
    assert result.disbelieved == 0


def test_where_the_base_is_the_peak_one_set_serves_both(simulated, tmp_path):
    station = simulated(sample="S0", seed=3)
    result = ramp(station, tmp_path, field=300.0, checks="base and peak", start=0.3)
    assert len(result.verdicts) == 5
    assert result.disbelieved == 0


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"start": 0.05, "stop": 0.2}, 0),
        ({"pacing": "listed points", "temperatures": "0.2, 0.05, 0.1 K"}, 1),
        ({"start": 0.2, "final_points": 0}, 40),
    ],
)
def test_the_base_is_the_coldest_place_wherever_it_comes(simulated, tmp_path, parameters, place):
    station = simulated(sample="S0", seed=3)
    result = ramp(station, tmp_path, field=30.0, **parameters)
    marks = [mark for mark in read_run(result.folder).marks if mark.kind == "check"]
    assert {mark.data["at"]["temperature"] for mark in marks} == {0.05}
    assert {mark.points for mark in marks} == {place}
    assert result.outcome == "done"
    assert result.disbelieved == 0


@pytest.mark.parametrize(
    "parameters",
    [
        {"field": 500.0, "checks": "base", "excitation": "policy"},
        {"field": 0.0, "checks": "base and peak", "excitation": "policy"},
        {"field": 300.0, "checks": "base and peak", "excitation": "gentle"},
        {"field": 300.0, "checks": "base", "pacing": "log points", "points": 8},
    ],
    ids=str,
)
def test_the_plan_foresees_the_tests(simulated, tmp_path, parameters):
    station = simulated(sample="S0", seed=1)
    procedure = TemperatureRamp(**{"points": 60, **parameters})
    procedure.use(station)
    plan, began = procedure.plan(), station.clock.time()
    assert run_procedure(procedure, station, tmp_path).outcome == "done"
    assert plan.seconds == pytest.approx(station.clock.time() - began, rel=0.10)
    assert any(stage.what.startswith("belief tests") for stage in plan.stages)


def test_a_ramp_without_tests_makes_none(simulated, tmp_path):
    station = simulated(sample="S0", seed=3)
    result = ramp(station, tmp_path, field=30.0, checks="none", start=0.3, stop=0.2, points=3)
    assert result.verdicts == ()
    assert read_run(result.folder).end["data"]["checks"] == []
    assert summary(result.verdicts) == []


def test_the_remarks_of_a_run_show_its_tests(simulated, tmp_path):
    station = simulated(sample="S0", seed=3)
    result = ramp(station, tmp_path, field=500.0, excitation="fixed", start=0.15, points=10)
    remarks = _remarks(evaluate_member(500.0, result, station))
    assert "belief tests: heating fail, linearity fail, frequency fail, leads cannot say, thermometer pass" in remarks
    assert any(remark.startswith("heating: fail: rho moves by") for remark in remarks)
    assert any(remark.startswith("systematic: the current moved 1/rho by 7") for remark in remarks)


def test_a_stop_in_the_middle_of_the_tests_ends_the_run_safely(simulated, tmp_path):
    station = simulated(sample="S0", seed=3)
    cryostat = station.cryostat

    class AtHalfTheCurrent(StopSwitch):
        def thrown(self) -> bool:
            return cryostat.lockin.amplitude == pytest.approx(0.5, abs=0.01)

    result = ramp(station, tmp_path, AtHalfTheCurrent(), field=30.0, start=0.2, points=8)
    run = read_run(result.folder)
    assert (result.outcome, run.outcome) == ("stopped", "stopped")
    assert len(run.frame) == result.rows == 8
    assert result.verdicts == ()
    assert all(item.done for item in result.safe)
    assert cryostat.lockin.amplitude == 0.004
    assert cryostat.loop.range_current == 0.0


def test_a_tolerance_of_nothing_is_refused(simulated, tmp_path):
    station = simulated(sample="S0", seed=3)
    with pytest.raises(LimitError, match="check_tolerance: 0 must be above zero"):
        ramp(station, tmp_path / "runs", check_tolerance=0.0)
