"""Repeated low-field sweeps from end to end, against the film that was simulated."""

import pytest

from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.magnetoresistance import LowFieldMagnetoresistance, evaluate_magnetoresistance
from coldfinger.procedures.runner import StopSwitch, run_procedure
from coldfinger.runfiles.reader import read_run


def low_field(station, folder, **parameters):
    result = run_procedure(LowFieldMagnetoresistance(**parameters), station, folder)
    assert (result.outcome, result.disbelieved) == ("done", 0)
    return read_run(result.folder).frame


def test_low_field_magnetoresistance_of_s0_has_its_exponent_and_both_peaks(simulated, tmp_path):
    station = simulated(sample="S0", fluctuations=True, seed=1)
    frame = low_field(station, tmp_path, pairs=2, step=0.12, resolution=2.5)
    found = evaluate_magnetoresistance(frame)
    assert found.background.core == 0.0
    assert found.background.exponent == pytest.approx(0.70, abs=0.05)
    assert found.background.rho_0 == pytest.approx(6500.0, rel=0.01)
    assert [round(peak.frequency, 1) for peak in found.peaks] == [1.3, 3.0]


@pytest.mark.parametrize("sample", ["S1", "S2"])
def test_low_field_magnetoresistance_of_s1_and_s2_has_no_peaks(simulated, tmp_path, sample):
    station = simulated(sample=sample, fluctuations=True, seed=1)
    frame = low_field(station, tmp_path, temperature=0.1, pairs=2, step=0.15, resolution=1.6)
    found = evaluate_magnetoresistance(frame)
    assert 10.0 <= found.background.core <= 20.0
    assert found.background.exponent == pytest.approx(0.450, abs=0.005)
    assert list(found.peaks) == []
    assert found.spectrum.frequency[found.spectrum.believed].max() > 2.0


@pytest.mark.parametrize("phase", ["reach_field", "begin", "sweep_to"])
def test_repeated_sweeps_stop_in_any_phase(simulated, tmp_path, phase):
    station, switch = simulated(sample="S0", seed=8), StopSwitch()
    procedure = LowFieldMagnetoresistance(temperature=0.3, span=20.0, step=0.5)
    original = getattr(procedure, phase)

    def thrown(*arguments):
        switch.throw()
        return original(*arguments)

    setattr(procedure, phase, thrown)
    result = run_procedure(procedure, station, tmp_path, switch=switch)
    assert (result.outcome, read_run(result.folder).outcome) == ("stopped", "stopped")
    assert all(item.done for item in result.safe)
    station.cryostat.advance(station.clock.time() + 10.0)
    assert station.cryostat.magnet.sweep_rate == 0.0


def test_the_predicted_duration_is_right_within_ten_percent(simulated, tmp_path):
    station = simulated(sample="S1", seed=1)
    procedure = LowFieldMagnetoresistance(temperature=0.1, span=20.0, pairs=2, step=0.5)
    procedure.use(station)
    plan, began = procedure.plan(), station.clock.time()
    assert run_procedure(procedure, station, tmp_path).outcome == "done"
    assert plan.seconds == pytest.approx(station.clock.time() - began, rel=0.10)


def test_a_span_of_nothing_is_refused(simulated, tmp_path):
    with pytest.raises(LimitError, match="span: 0 must be above zero"):
        run_procedure(LowFieldMagnetoresistance(span=0.0), simulated(), tmp_path)
