"""A plan says how long it takes, and is believed only because it is right."""

import pytest

from coldfinger.procedures.planning import Plan, Stage
from coldfinger.procedures.runner import run_procedure
from coldfinger.procedures.temperature_ramp import TemperatureRamp


@pytest.mark.parametrize(
    "parameters",
    [
        {"field": 300.0},
        {"field": 100.0, "pacing": "rate", "rate": 0.01, "stop": 0.1},
        {"field": 100.0, "pacing": "log-rate", "log_rate": 3.0, "stop": 0.1},
        {"pacing": "log points", "points": 12},
        {"pacing": "linear points", "points": 12},
        {"pacing": "listed points", "temperatures": "0.1, 0.2, 0.4 K"},
        {"start": 0.05, "stop": 0.5, "field": 30.0},
    ],
    ids=str,
)
def test_predicted_and_virtual_duration_agree_within_ten_percent(simulated, tmp_path, parameters):
    station = simulated(sample="S0", seed=1)
    procedure = TemperatureRamp(points=parameters.pop("points", 60), **parameters)
    procedure.use(station)
    plan = procedure.plan()
    began = station.clock.time()
    assert run_procedure(procedure, station, tmp_path).outcome == "done"
    assert plan.seconds == pytest.approx(station.clock.time() - began, rel=0.10)


def test_a_plan_prints_its_stages_and_moves_nothing(simulated):
    station = simulated(sample="S0", seed=1)
    procedure = TemperatureRamp(field=300.0)
    procedure.use(station)
    before = station.magnet.target, station.controller.setpoint, station.source.voltage
    text = str(procedure.plan())
    assert text.startswith("R(T) at 300 Oe\n  field to 300 Oe ")
    assert "in all" in text
    assert before == (station.magnet.target, station.controller.setpoint, station.source.voltage)
    assert procedure.plan().to_json()["seconds"] > 1000


def test_what_depends_on_chance_adds_as_squares_and_is_printed():
    plan = Plan("a run", (Stage("ramp", 60.0), Stage("descent", 600.0, 30.0), Stage("search", 100.0, 40.0)))
    assert (plan.seconds, plan.sd) == (760.0, 50.0)
    assert "descent  10 min 0 s ± 30 s" in str(plan)
    assert "in all   12 min 40 s ± 50 s" in str(plan)
    assert plan.to_json()["sd"] == 50.0
    assert [stage["sd"] for stage in plan.to_json()["stages"]] == [0.0, 30.0, 40.0]


def test_a_ramp_that_searches_its_excitation_says_that_the_film_decides_over_the_time(simulated):
    procedure = TemperatureRamp(excitation="searched")
    procedure.use(simulated(sample="S0", seed=1))
    plan = procedure.plan()
    assert plan.stages[-1].what == "searching the excitation"
    assert plan.stages[-1].seconds > plan.sd > 600
