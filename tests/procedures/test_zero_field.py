"""Trapped flux and offset: found, reported, removed; the truth is the simulated magnet's own field."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.runner import StopSwitch, run_procedure
from coldfinger.procedures.symmetry import symmetrised
from coldfinger.procedures.zero_field import ZeroField
from coldfinger.runfiles.reader import read_run


def with_field(station, trapped, static=0.5):
    """The station with flux (Oe) trapped in its magnet and another static offset (Oe) than it believes in."""
    magnet = station.cryostat.magnet
    magnet._trapped_at_peak = trapped
    magnet.model = replace(magnet.model, offset=static)
    magnet.sample_before = magnet.sample_after = static + trapped
    return station


def demagnetise(station, folder, **parameters):
    procedure = ZeroField(**{"temperature": 0.15, "ratio": 0.5, **parameters})  # warmer and shorter: a quicker test
    result = run_procedure(procedure, station, folder)
    return procedure.result, result, read_run(result.folder)


@pytest.mark.parametrize(
    ("sample", "trapped", "static", "parameters"),
    [
        ("S1", 15.0, 0.5, {"temperature": 0.05, "ratio": 0.7}),
        ("S1", -15.0, 0.5, {}),
        ("S2", 8.0, -2.0, {}),
        ("S0", 15.0, 3.0, {}),
    ],
)
def test_trapped_field_and_offset_are_found_and_removed(simulated, tmp_path, sample, trapped, static, parameters):
    station = with_field(simulated(sample=sample, fluctuations=True, seed=3), trapped, static)
    found, result, run = demagnetise(station, tmp_path, **parameters)
    assert result.outcome == "done"
    assert found.trapped == pytest.approx(trapped, abs=0.5)
    assert found.found == pytest.approx(trapped + static, abs=0.5)
    assert found.offset == pytest.approx(static, abs=0.1)
    assert station.field_offset == pytest.approx(static * 1e-4, abs=1e-5)
    assert station.cryostat.magnet.sample_after == pytest.approx(0.0, abs=0.1)  # was 15 Oe
    sentence = next(mark.text for mark in run.marks if mark.kind == "zero field")
    assert f"{found.trapped:.2f} +- " in sentence
    assert any(mark.kind == "field offset" for mark in run.marks)


def test_s1_is_a_superconductor_again_afterwards(simulated, tmp_path):
    station = with_field(simulated(sample="S1", seed=3), 15.0)
    film, magnet = station.cryostat.sample, station.cryostat.magnet
    before = film.resistivity(0.05, magnet.sample_after)
    assert before == pytest.approx(1640.0, rel=0.02)  # published: 15 Oe turn 0 ohm into 1.64 kohm
    demagnetise(station, tmp_path)
    assert film.resistivity(0.05, magnet.sample_after) == 0.0


def test_the_offset_is_reported_and_left_alone_without_leave_to_use_it(simulated, tmp_path):
    station = with_field(simulated(sample="S1", seed=3), 0.0, static=3.0)
    found, _, run = demagnetise(station, tmp_path, apply=False)
    assert found.offset == pytest.approx(3.0, abs=0.1)
    assert found.trapped == pytest.approx(0.0, abs=0.1)
    assert station.field_offset == pytest.approx(0.5e-4)
    assert not any(mark.kind == "field offset" for mark in run.marks)


def test_a_trapped_field_beyond_the_sweep_is_not_made_up(simulated, tmp_path):
    station = with_field(simulated(sample="S1", seed=3), 80.0)
    found, result, _ = demagnetise(station, tmp_path)
    assert result.outcome == "done"
    assert math.isnan(found.found)
    assert "not to be recognised" in str(found)
    assert found.offset == pytest.approx(0.5, abs=0.1)
    assert station.cryostat.magnet.sample_after == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("phase", ["begin", "sweep_to", "_alternate", "_put_into_use"])
def test_a_stop_in_any_phase_leaves_a_complete_file_and_a_safe_station(simulated, tmp_path, phase):
    station, switch = simulated(sample="S1", seed=8), StopSwitch()
    procedure = ZeroField(temperature=0.3)
    original = getattr(procedure, phase)

    def thrown(*arguments):
        switch.throw()
        return original(*arguments)

    setattr(procedure, phase, thrown)
    result = run_procedure(procedure, station, tmp_path, switch=switch)
    run = read_run(result.folder)
    assert (result.outcome, run.outcome) == ("stopped", "stopped")
    assert len(run.frame) == result.rows
    assert all(item.done for item in result.safe)
    station.cryostat.advance(station.clock.time() + 10.0)
    assert station.cryostat.magnet.sweep_rate == 0.0
    assert station.cryostat.lockin.amplitude == 0.004
    assert station.cryostat.loop.range_current == 0.0


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"ratio": 1.0}, "ratio: 1 must be between 0 and 1"),
        ({"smallest": 0.0}, "smallest: 0 must be above zero"),
        ({"amplitude": 700.0}, "field: 700 Oe"),
        ({"span": 2.0}, "step: 0.2 Oe is too large for a span of 2 Oe"),
    ],
)
def test_what_cannot_be_run_is_refused(simulated, tmp_path, parameters, sentence):
    station = simulated()
    with pytest.raises(LimitError) as error:
        run_procedure(ZeroField(**parameters), station, tmp_path)
    assert sentence in str(error.value)


def test_the_predicted_duration_is_right_within_ten_percent(simulated, tmp_path):
    station, procedure = simulated(sample="S1", seed=1), ZeroField(temperature=0.1)
    procedure.use(station)
    plan, began = procedure.plan(), station.clock.time()
    assert run_procedure(procedure, station, tmp_path).outcome == "done"
    assert plan.seconds == pytest.approx(station.clock.time() - began, rel=0.10)


def test_columns_are_split_into_what_is_even_and_what_is_odd_in_the_field():
    h = np.concatenate([np.linspace(-5, 5, 101), np.linspace(5, -5, 101)])
    direction = np.repeat([1.0, -1.0], 101)
    even, odd, lagging = 100.0 + h**2, 3.0 * h, 0.4 * direction  # hysteresis turns round with the field
    frame = pd.DataFrame({"H (Oe)": h + 1.5, "rho (ohm)": even + odd + lagging, "direction": direction})
    result = symmetrised(frame, field="H (Oe)", offset=1.5)
    np.testing.assert_allclose(result["rho symmetric (ohm)"], even, atol=0.01)
    np.testing.assert_allclose(result["rho antisymmetric (ohm)"], odd + lagging, atol=0.01)
    assert "rho symmetric (ohm)" not in frame


def test_a_row_without_partner_has_no_symmetric_value():
    frame = pd.DataFrame({"H (Oe)": [-1.0, 0.0, 1.0, 2.0], "rho (ohm)": [1.0, 2.0, 5.0, 9.0]})
    result = symmetrised(frame, field="H (Oe)")
    np.testing.assert_array_equal(result["rho symmetric (ohm)"], [3.0, 2.0, 3.0, np.nan])
    np.testing.assert_array_equal(result["rho antisymmetric (ohm)"], [-2.0, 0.0, 2.0, np.nan])


def test_the_largest_field_can_be_reached_whatever_the_sign_of_the_offset(simulated):
    station = simulated()
    for offset in (-0.5, 0.49, -0.4999999, 0.5):
        station.field_offset = offset * 1e-4
        station.magnet.field_limit = station.supply_limit
        for field in (600.0, -600.0):
            station.go_to_field(field * 1e-4)
            assert station.magnet.target == pytest.approx((field - offset) * 1e-4, abs=1e-8)  # the supply keeps so much
