"""The 10 % rule: what it is relative to, ramps that wait for their sample, and waits that end."""

import pytest

from coldfinger.procedures.rows.point import gradient
from coldfinger.procedures.runner import run_procedure
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.quality import Quality
from coldfinger.runfiles.reader import read_run

FAST = {"pacing": "rate", "rate": 0.02, "field": 100.0, "points": 30, "excitation": "gentle"}


def test_the_denominator_of_the_rule_can_be_chosen():
    assert gradient(0.112, 0.1) == pytest.approx(0.12)
    assert gradient(0.112, 0.1, "sample") == pytest.approx(0.012 / 0.112)
    assert gradient(0.112, 0.1, "smaller") == gradient(0.112, 0.1)
    assert gradient(0.1, 0.112, "smaller") == gradient(0.1, 0.112, "sample")


@pytest.mark.parametrize(("start", "stop"), [(0.3, 0.06), (0.06, 0.3)])
def test_a_ramp_that_is_too_fast_waits_for_its_sample_when_it_may(simulated, tmp_path, start, stop):
    lost = {}
    for choice in ("flag", "slow down"):
        station = simulated(sample="S0", seed=1)
        ramp = TemperatureRamp(start=start, stop=stop, on_gradient=choice, **FAST)
        ramp.use(station)
        planned = ramp.plan().seconds
        result = run_procedure(ramp, station, tmp_path)
        assert result.outcome == "done"
        lost[choice] = result.disbelieved
        if choice == "slow down":
            assert planned == pytest.approx(station.clock.time(), rel=0.10)
    assert lost["flag"] >= 5
    assert lost["slow down"] == 0


def test_rows_are_judged_by_the_chosen_denominator(simulated, tmp_path):
    flags = {}
    for of in ("mixing chamber", "sample"):
        ramp = TemperatureRamp(start=0.3, stop=0.1, gradient_of=of, **FAST)
        frame = read_run(run_procedure(ramp, simulated(sample="S0", seed=1), tmp_path).folder).frame
        flags[of] = frame["flags"].astype(int) & int(Quality.GRADIENT) > 0
        below = frame["T_mc (K)"] if of == "mixing chamber" else frame["T_sample (K)"]
        assert flags[of].equals((frame["T_sample (K)"] - frame["T_mc (K)"]).abs() > 0.1 * below)
    assert 0 < flags["sample"].sum() <= flags["mixing chamber"].sum()


def test_a_ramp_does_not_wait_for_ever_for_a_sample_that_never_follows(simulated, tmp_path):
    """A sensor that shows 30 % too much: every wait ends, every row says why it is not believed."""
    station = simulated(sample="S0", seed=1)
    ramp = TemperatureRamp(start=0.6, stop=0.55, on_gradient="slow down", **(FAST | {"points": 3, "final_points": 1}))
    ramp.use(station)
    true = ramp.sample_temperature
    ramp.sample_temperature = lambda: 1.3 * true()
    result = run_procedure(ramp, station, tmp_path)
    assert (result.outcome, result.rows) == ("done", 4)
    run = read_run(result.folder)
    marks = [mark.text for mark in run.marks if mark.kind == "not settled"]
    assert len(marks) == 2
    assert marks[0].startswith("600 mK was not reached within 15 min")
    assert ": sample at 78" in marks[0]
    assert int(run.frame["flags"].iloc[-1]) & Quality.NOT_SETTLED
    assert station.clock.time() < 4 * 3600
