"""R(H) from end to end: on the fly and settled, against the film and the magnet that were simulated."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from coldfinger.analysis.magnetoresistance import shift_against
from coldfinger.procedures.field_sweep import FieldSweep
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.magnetoresistance import Sweep, sweeps_of
from coldfinger.procedures.reach.setpoints import decaying_alternation, hysteresis_loop, listed, zigzag
from coldfinger.procedures.runner import StopSwitch, run_procedure
from coldfinger.procedures.sweep_leg import LAG_COLUMN, FieldRecord
from coldfinger.runfiles.quality import Quality
from coldfinger.runfiles.reader import read_run

QUICK = {"temperature": 0.3, "step": 0.2}


def sweep(station, folder, switch=None, **parameters):
    result = run_procedure(FieldSweep(**{**QUICK, **parameters}), station, folder, switch=switch)
    return result, read_run(result.folder)


def without_trapped_flux(station):
    magnet = station.cryostat.magnet
    magnet.model = replace(magnet.model, remanence=0.0)
    return station


def has(frame, flag):
    return (frame["flags"].to_numpy(dtype=int) & int(flag)) != 0


def true_pulls(frame, station):
    """(rho - true rho)/s.d. with rho at the lag-corrected field; the slope in T is small at 0.3 K."""
    sample = station.cryostat.sample
    pairs = zip(frame["T_sample (K)"], frame[LAG_COLUMN], strict=True)
    true = np.array([float(sample.resistivity(T, H)) for T, H in pairs])
    colder = zip(frame["T_sample (K)"] * 0.999, frame[LAG_COLUMN], strict=True)
    slope = np.array([float(sample.resistivity(T, H)) for T, H in colder]) / true - 1
    sd = np.hypot(frame["rho_sd (ohm)"], true * slope / 0.001 * frame["T_sample_sd (K)"] / frame["T_sample (K)"])
    return (frame["rho (ohm)"].to_numpy() - true) / sd.to_numpy()


def test_every_row_of_a_moving_field_is_the_true_film_within_its_uncertainty(simulated, tmp_path):
    station = without_trapped_flux(simulated(sample="S0", seed=3))
    result, run = sweep(station, tmp_path, points="20, 60, 20 Oe")
    frame = run.frame
    assert (result.outcome, result.disbelieved) == ("done", 0)
    p = true_pulls(frame, station)
    assert abs(p.mean()) < 0.3
    assert 0.7 < p.std() < 1.3
    assert set(frame["direction"]) == {1.0, -1.0}
    for _, leg in frame.groupby("leg"):
        assert (leg["direction"].iloc[0] * np.diff(leg["H (Oe)"]) > -0.03).all()
        assert np.median(np.abs(np.diff(leg["H (Oe)"]))) == pytest.approx(0.2, rel=0.05)
    assert not has(frame, Quality.FIELD_OFF_TARGET).any()


def test_up_and_down_are_apart_by_twice_the_lag_and_the_derived_column_closes_the_gap(simulated, tmp_path):
    station = without_trapped_flux(simulated(sample="S0", seed=3))
    station.cryostat.lockin._input_noise = None
    frame = sweep(station, tmp_path, points="20, 60, 20 Oe")[1].frame
    shifts = []
    for column in ("H (Oe)", LAG_COLUMN):
        up, down = (
            Sweep.of(leg[column], leg["rho (ohm)"], leg["rho_sd (ohm)"], leg["direction"].iloc[0])
            for _, leg in frame.groupby("leg")
        )
        shifts.append(shift_against(up, down, 3.0)[0])
    assert shifts[0] == pytest.approx(-0.70, abs=0.03)  # 0.35 Oe each way, whatever the time constant
    assert shifts[1] == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize(("time_constant", "rate"), [(0.3, 17.3), (1.0, 5.2), (3.0, 1.73), (10.0, 0.52)])
def test_the_resolution_gives_the_published_rate(simulated, time_constant, rate):
    procedure = FieldSweep(resolution=0.8, time_constant=time_constant)
    procedure.use(simulated())
    assert procedure.expected_time_constant() == time_constant
    assert procedure.wanted_rate(time_constant) * 1e4 * 60 == pytest.approx(rate, rel=0.01)


def test_a_sweep_never_goes_faster_than_the_station_allows(simulated):
    procedure = FieldSweep(resolution=0.01)
    procedure.use(simulated())
    assert procedure.wanted_rate(0.1) == pytest.approx(200e-4 / 60)


def test_a_plan_tells_the_heat_of_eddy_currents(simulated):
    procedure = FieldSweep(rate=10.0)
    procedure.use(simulated())
    assert "sweep to 100 Oe at 10 Oe/min (eddy currents about 640 pW)" in str(procedure.plan())  # published: 0.64 nW


def test_the_record_of_the_field_gives_the_lag_at_turning_points_and_pauses_too():
    record = FieldRecord(0.0, 5.0)
    for time, field in [(1.0, 6.0), (2.0, 7.0), (4.0, 7.0), (5.0, 6.0)]:
        record.add(time, field)
    assert [record.at(t) for t in (-3.0, 0.5, 3.0, 4.5, 9.0)] == [5.0, 5.5, 7.0, 6.5, 6.0]


def test_settled_rows_stand_where_they_were_asked_for(simulated, tmp_path):
    station = without_trapped_flux(simulated(sample="S0", seed=4))
    result, run = sweep(station, tmp_path, points="0, 20, -20 Oe", step=10.0, mode="stepped")
    frame = run.frame
    assert (result.outcome, result.disbelieved) == ("done", 0)
    np.testing.assert_allclose(frame["H_set (Oe)"], [0, 10, 20, 10, 0, -10, -20], atol=1e-9)
    np.testing.assert_allclose(frame[LAG_COLUMN], frame["H_set (Oe)"], atol=0.03)  # the supply's resolution
    assert list(frame["direction"]) == [1, 1, 1, -1, -1, -1, -1]
    assert np.abs(true_pulls(frame, station)).max() < 5


def test_the_field_waits_while_the_excitation_changes(simulated, tmp_path):
    station = without_trapped_flux(simulated(sample="S0", seed=5))
    result, run = sweep(station, tmp_path, start=330.0, stop=375.0, temperature=0.05, step=0.5)
    frame = run.frame
    assert (result.outcome, result.disbelieved) == ("done", 0)
    assert set(frame["f (Hz)"]) == {7.0, 1.7}
    assert np.count_nonzero(has(frame, Quality.EXCITATION_CHANGED)) == 1
    rates = [
        np.median(np.diff(part["H (Oe)"]) / np.diff(part["time (s)"])) for _, part in frame.groupby("time_constant (s)")
    ]
    taus = sorted(set(frame["time_constant (s)"]))
    assert rates[0] / rates[1] == pytest.approx(taus[1] / taus[0], rel=0.05)
    # 1 nA heats this film by 0.3 %: the row is right for the film as it is then.
    np.testing.assert_allclose(
        frame["rho (ohm)"],
        [float(station.cryostat.sample.resistivity(0.05, h)) for h in frame[LAG_COLUMN]],
        rtol=0.02,
    )


def test_the_supply_has_its_usual_rate_again_after_a_sweep(simulated, tmp_path):
    station = simulated(sample="S0")
    sweep(station, tmp_path, start=0.0, stop=5.0)
    assert station.magnet.ramp_rate == pytest.approx(120e-4 / 60)


def test_heat_of_eddy_currents_slows_the_sweep_and_its_rows_are_not_believed(simulated, tmp_path):
    station = simulated(sample="S0", seed=2)
    magnet = station.cryostat.magnet
    magnet.model = replace(magnet.model, copper_resistivity=6e-15)  # far too pure a cold finger
    result, run = sweep(station, tmp_path, start=0.0, stop=60.0, temperature=0.1, rate=60.0, step=0.5)
    marks = [mark for mark in run.marks if mark.kind == "eddy heating"]
    assert result.outcome == "done"
    assert marks
    assert "rate down to 30 Oe/min" in marks[0].text
    hot = run.frame["T_sample (K)"] > 0.105
    assert hot.any()
    assert has(run.frame[hot], Quality.NOT_SETTLED).all()
    assert not has(run.frame[~hot], Quality.NOT_SETTLED).any()


def test_a_stray_reply_costs_one_stretch_and_shifts_no_number(simulated, tmp_path):
    station = without_trapped_flux(simulated(sample="S0", seed=5))
    port = station.rack.devices["GPIB0::8::INSTR"].port
    confirm, looks = station.confirm, []

    def disturb():
        looks.append(True)
        if len(looks) == 10:
            port.out.append(b"1.5e-3,2.5e-3\n")
        confirm()

    station.confirm = disturb
    result, run = sweep(station, tmp_path, start=20.0, stop=60.0)
    assert result.outcome == "done"
    assert [mark.kind for mark in run.marks].count("lost") == 1
    assert np.count_nonzero(has(run.frame, Quality.RETAKEN)) == 1
    assert np.abs(true_pulls(run.frame, station)).max() < 5
    assert np.diff(run.frame["H (Oe)"]).max() > 1.0  # the gap is not filled with anything


def test_a_quench_ends_the_sweep_and_the_magnet_is_left_alone(simulated, tmp_path):
    station = simulated(sample="S0", seed=5)
    procedure = FieldSweep(**QUICK, start=0.0, stop=60.0)

    def quench(percent, clock):
        if percent > 20:
            station.cryostat.magnet.quenched = True

    result = run_procedure(procedure, station, tmp_path, progress=quench)
    assert result.outcome == "failed"
    assert "quenched" in result.reason
    assert {item.item: item.detail for item in result.safe}["magnet"] == "quenched: left alone"


@pytest.mark.parametrize("phase", ["reach_field", "begin", "start_excitation", "sweep_to", "take_row"])
def test_a_stop_in_any_phase_leaves_a_complete_file_and_a_safe_station(simulated, tmp_path, phase):
    station, switch = simulated(sample="S0", seed=8), StopSwitch()
    mode = "stepped" if phase == "take_row" else "continuous"
    procedure = FieldSweep(**{**QUICK, "step": 2.0}, start=10.0, stop=60.0, mode=mode)
    original = getattr(procedure, phase)

    def thrown(*arguments, **named):
        switch.throw()
        return original(*arguments, **named)

    setattr(procedure, phase, thrown)
    result = run_procedure(procedure, station, tmp_path, switch=switch)
    run = read_run(result.folder)
    assert (result.outcome, run.outcome, run.reason) == ("stopped", "stopped", "stopped by the user")
    assert len(run.frame) == result.rows
    assert all(item.done for item in result.safe)
    station.cryostat.advance(station.clock.time() + 10.0)
    assert station.cryostat.magnet.sweep_rate == 0.0
    assert station.cryostat.magnet.after < 59.0
    assert station.cryostat.lockin.amplitude == 0.004
    assert station.cryostat.loop.range_current == 0.0
    assert station.magnet.ramp_rate == pytest.approx(120e-4 / 60)


BAD = [
    ({"stop": 601.0}, "field: 601 Oe (0.0601 T) is beyond the limit"),
    ({"points": "0, 700 Oe"}, "field: 700 Oe"),
    ({"start": 5.0, "stop": 5.0}, "a sweep needs two different fields; 5 Oe is only one"),
    ({"rate": 300.0}, "rate: 300 Oe/min is not above zero and up to the limit"),
    ({"rate": -1.0}, "rate: -1 must not be negative"),
    ({"resolution": 0.0}, "resolution: 0 must be above zero"),
    ({"step": 0.0}, "step: 0 must be above zero"),
    ({"temperature": 3.0}, "temperature: 3 K is outside the limits"),
    ({"excitation": "fixed", "frequency": 5000.0}, "frequency: 5 kHz is outside 0.01 to 1000 Hz"),
    ({"window": 0.0}, "window: 0 must be above zero"),
]


@pytest.mark.parametrize(("parameters", "sentence"), BAD, ids=[b[1][:30] for b in BAD])
def test_what_cannot_be_swept_is_refused_before_anything_moves(simulated, tmp_path, parameters, sentence):
    station = simulated()
    before = station.clock.time()
    with pytest.raises(LimitError) as error:
        sweep(station, tmp_path / "runs", **parameters)
    assert sentence in str(error.value)
    assert not (tmp_path / "runs").exists()
    assert station.clock.time() == before


@pytest.mark.parametrize(
    "parameters",
    [
        {"start": -20.0, "stop": 60.0},
        {"points": "0, 60, -60, 60 Oe", "rate": 20.0},
        {"start": 0.0, "stop": 60.0, "step": 5.0, "mode": "stepped", "temperature": 0.05},
    ],
    ids=str,
)
def test_the_predicted_duration_is_right_within_ten_percent(simulated, tmp_path, parameters):
    station = simulated(sample="S0", seed=1)
    procedure = FieldSweep(**{**QUICK, "step": 0.5, **parameters})
    procedure.use(station)
    plan, began = procedure.plan(), station.clock.time()
    assert run_procedure(procedure, station, tmp_path).outcome == "done"
    assert plan.seconds == pytest.approx(station.clock.time() - began, rel=0.10)


def test_turning_points():
    assert zigzag(-5.0, 5.0, 3) == [-5.0, 5.0, -5.0, 5.0]
    assert hysteresis_loop(60.0) == [0.0, 60.0, -60.0, 60.0]
    assert listed([1.0, 1.0, 2.0, 1.0]) == [1.0, 2.0, 1.0]
    points = decaying_alternation(100.0, 1.0, 0.5)
    assert points[-1] == 0.0
    assert all(a * b < 0 and abs(b) == 0.5 * abs(a) for a, b in pairwise(points[:-1]))
    assert 1.0 <= abs(points[-2]) < 2.0


def test_legs_come_back_from_the_file_as_sweeps(simulated, tmp_path):
    station = simulated(sample="S0")
    frame = sweep(station, tmp_path, points="0, 10, 0 Oe")[1].frame
    up, down = sweeps_of(frame)
    assert (up.direction, down.direction) == (1.0, -1.0)
    assert up.field[0] == pytest.approx(0.0, abs=0.3)
    assert (np.diff(down.field) > 0).all()
