"""A plan says how long it takes, and is believed only because it is right."""

import pytest

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
