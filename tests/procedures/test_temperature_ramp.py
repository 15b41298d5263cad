"""R(T) from end to end: drivers, command languages, physics, run file, fit, against the film that was simulated."""

import json
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pymeasure.experiment import Results

from coldfinger.analysis.fits.fit import fit_eq1
from coldfinger.procedures.family import curve_in_phase_only, curve_of, evaluate_member
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.runner import RunResult, StopSwitch, run_procedure, stop_on_signals
from coldfinger.procedures.station import Station
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.quality import DISBELIEVED, Quality
from coldfinger.runfiles.reader import read_run


def ramp(station: Station, folder: Path, switch: StopSwitch | None = None, **parameters: object) -> RunResult:
    wish = {"excitation": "gentle", "points": 40, **parameters}
    return run_procedure(TemperatureRamp(**wish), station, folder, switch=switch)


def has(frame: pd.DataFrame, flag: Quality) -> np.ndarray:
    """Which rows carry a flag."""
    return np.asarray(frame["flags"].astype(int) & int(flag)) != 0


def pulls(frame: pd.DataFrame, station: Station, field: float) -> np.ndarray:
    """(rho - true rho)/s.d. of every row, the temperature's error included."""
    sample = station.cryostat.sample
    T, rho = frame["T_sample (K)"].to_numpy(), frame["rho (ohm)"].to_numpy()
    true = sample.resistivity(T, field)
    slope = np.log(sample.resistivity(T * 1.001, field) / true) / np.log(1.001)
    sd = np.hypot(frame["rho_sd (ohm)"] / rho, slope * frame["T_sample_sd (K)"] / T)
    return np.asarray((rho / true - 1) / sd)


@pytest.mark.parametrize(("sample", "field"), [("S0", 300.0), ("S0", 500.0), ("S1", 100.0), ("S2", 300.0)])
def test_every_row_is_the_true_film_within_its_uncertainty(simulated, tmp_path, sample, field):
    station = simulated(sample=sample, seed=5)
    result = ramp(station, tmp_path, field=field)
    frame = read_run(result.folder).frame
    assert result.outcome == "done"
    assert result.disbelieved == 0
    p = pulls(frame, station, field)
    assert abs(p.mean()) < 0.5  # 40 rows: s.d. of the mean is 0.16
    assert 0.7 < p.std() < 1.35
    assert np.abs(p).max() < 5


def test_fit_contains_the_truth_of_a_film_that_no_code_knows(simulated, tmp_path):
    film = tmp_path / "mine.toml"
    film.write_text(
        'name = "mine"\nnormal_resistance = 9000.0\nsquares = 2.5\n'
        '[[field]]\noersted = 0\nlaw = "eq2"\nrho_QF = 1500.0\nrho_0 = 12000.0\nE_aS = 1.1\n'
        '[[field]]\noersted = 80\nlaw = "eq1"\nsigma_QF = 4e-5\nsigma_0 = 1.3e-4\nE_aI = 0.33\n'
    )
    station = simulated(sample=str(film), seed=2)
    for field in (0.0, 80.0):
        result = ramp(station, tmp_path / "runs", field=field)
        fit = evaluate_member(field, result, station).fit
        truth = station.cryostat.sample.truth(field)
        assert fit.law == truth.law
        for name, value in truth.parameters.items():
            estimate = fit.parameters[name]
            assert abs(estimate.value - value) < 4 * estimate.sd, name
            assert estimate.sd < 0.05 * value


def test_600_oersted_is_a_limit_and_x_alone_shows_the_saturation_that_the_instrument_made(simulated, tmp_path):
    station = simulated(sample="S0", seed=1)
    result = ramp(station, tmp_path, field=600.0, excitation="policy", points=60)
    frame = read_run(result.folder).frame
    fit = evaluate_member(600.0, result, station).fit
    assert fit.status == "limit"
    assert fit.parameters["sigma_QF"].upper95 >= 2e-8  # 10 % of (N_sq + N_end)/R_in
    assert has(frame, Quality.PHASE).any()  # colder than some 60 mK nothing can be said

    naive = fit_eq1(curve_in_phase_only(frame[frame["T_sample (K)"] < 0.7], station))
    assert naive.status == "value"
    assert 1 / naive.parameters["sigma_QF"].value == pytest.approx(1.6e6, rel=0.25)


@pytest.mark.parametrize(("field", "true"), [(400.0, 101.2e3), (450.0, 262e3), (500.0, 1.003e6), (550.0, 7.20e6)])
def test_saturation_of_the_acceptance_table_comes_out_right(simulated, tmp_path, field, true):
    station = simulated(sample="S0", seed=3)
    result = ramp(station, tmp_path, field=field, points=60)
    sigma = evaluate_member(field, result, station).fit.parameters["sigma_QF"]
    exact = station.cryostat.sample.truth(field).parameters["sigma_QF"]
    assert 1 / exact == pytest.approx(true, rel=2e-3)
    assert abs(sigma.value - exact) < 4 * sigma.sd
    assert sigma.sd < 0.1 * exact


def test_equal_seeds_give_equal_rows_and_other_seeds_do_not(simulated, tmp_path):
    frames = []
    for seed in (11, 11, 12):
        station = simulated(sample="S0", seed=seed)
        result = ramp(station, tmp_path, field=100.0, points=8)
        frames.append(read_run(result.folder).frame)
    pd.testing.assert_frame_equal(frames[0], frames[1], check_exact=True)
    assert not frames[0].equals(frames[2])


def test_a_run_read_at_other_moments_gives_the_same_physics(simulated, tmp_path):
    """A second reader beside the run moves the moments of the run's own readings and changes no more than noise."""
    fits = []
    for disturbed in (False, True):
        station = simulated(sample="S0", seed=4)
        procedure = TemperatureRamp(field=300.0, excitation="gentle", points=40)
        if disturbed:
            original = station.magnet_holding
            station.magnet_holding = lambda s=station, o=original: (s.clock.sleep(0.37), s.lockin.x, o())[-1]
        result = run_procedure(procedure, station, tmp_path)
        fits.append(evaluate_member(300.0, result, station).fit)
    for name, estimate in fits[0].parameters.items():
        other = fits[1].parameters[name]
        assert abs(estimate.value - other.value) < 5 * np.hypot(estimate.sd, other.sd)


@pytest.mark.parametrize(
    ("parameters", "rows"),
    [
        ({"pacing": "rate", "rate": 0.02}, None),
        ({"pacing": "log-rate", "log_rate": 6.0}, None),
        ({"pacing": "linear points", "points": 5}, [0.7, 0.6, 0.5, 0.4, 0.3]),
        ({"pacing": "log points", "points": 3}, [0.7, 0.4583, 0.3]),
        ({"pacing": "listed points", "temperatures": "0.5, 0.3 K, 200 mK"}, [0.5, 0.3, 0.2]),
        ({"pacing": "lag-limited", "start": 0.1, "stop": 0.3}, None),
    ],
)
def test_every_pacing_measures_where_it_was_asked_to(simulated, tmp_path, parameters, rows):
    station = simulated(sample="S0", seed=6)
    wish = {"start": 0.7, "stop": 0.3, "points": 12, "final_points": 0, "field": 30.0, **parameters}
    result = ramp(station, tmp_path, **wish)
    frame = read_run(result.folder).frame
    assert (result.outcome, result.disbelieved) == ("done", 0)
    if rows is None:
        first, last = wish["start"], wish["stop"]
        assert frame["T_set (K)"].iloc[-1] == pytest.approx(last, rel=0.05)
        change = np.sign(last - first) * np.diff(frame["T_set (K)"])
        assert (change > 0).all()
        assert len(frame) >= 10
    else:
        np.testing.assert_allclose(frame["T_set (K)"], rows, rtol=1e-3)
        np.testing.assert_allclose(frame["T_sample (K)"], rows, rtol=0.015)
    assert np.abs(pulls(frame, station, 30.0)).max() < 5


def test_a_lag_limited_ramp_keeps_its_lag(simulated, tmp_path):
    station = simulated(sample="S0", seed=6)
    result = ramp(station, tmp_path, field=30.0, start=0.15, stop=0.05, points=30, final_points=0)
    frame = read_run(result.folder).frame
    lag = frame["T_sample (K)"] / frame["T_mc (K)"] - 1
    assert lag.iloc[10:].mean() == pytest.approx(0.07, abs=0.015)
    assert not has(frame, Quality.GRADIENT).any()


def test_a_ramp_that_is_too_fast_is_flagged_and_not_believed(simulated, tmp_path):
    station = simulated(sample="S0", seed=6)
    result = ramp(station, tmp_path, field=30.0, start=0.2, stop=0.05, pacing="rate", rate=0.03, final_points=0)
    frame = read_run(result.folder).frame
    assert read_run(result.folder).end["data"]["why_disbelieved"] == f"gradient ({result.disbelieved})"
    cold = frame[frame["T_set (K)"] < 0.07]
    assert has(cold, Quality.GRADIENT).all()
    # The sensor is beside the film: the rows are right all the same, and the user may decide otherwise.
    assert np.abs(pulls(frame, station, 30.0)).max() < 5


def test_policy_and_fixed_excitation_are_what_the_source_gives(simulated, tmp_path):
    station = simulated(sample="S0", seed=6)
    result = ramp(station, tmp_path, field=450.0, excitation="policy", stop=0.1, points=20)
    frame = read_run(result.folder).frame
    for low, high, current, frequency in [(0, 45e3, 1e-9, 7.0), (60e3, 280e3, 0.3e-9, 1.7)]:
        rows = frame[(frame["rho (ohm)"] > low) & (frame["rho (ohm)"] < high)].iloc[1:]
        assert len(rows) > 2
        np.testing.assert_allclose(rows["I (A)"], current, rtol=3e-3)
        assert set(rows["f (Hz)"]) == {frequency}
    changed = has(frame, Quality.EXCITATION_CHANGED)
    assert list(np.flatnonzero(changed)) == [int(np.argmax(frame["f (Hz)"] == 1.7))]

    result = ramp(station, tmp_path, field=450.0, excitation="fixed", current=0.5, frequency=3.3, points=4, stop=0.4)
    frame = read_run(result.folder).frame
    np.testing.assert_allclose(frame["I (A)"], 0.5e-9, rtol=1e-3)
    assert set(frame["f (Hz)"]) == {3.3}


def test_the_file_says_everything_about_the_run(simulated, tmp_path):
    station = simulated(sample="S1", seed=8)
    result = ramp(station, tmp_path, field=30.0, points=4, stop=0.5)
    run = read_run(result.folder)
    assert run.outcome == "done"
    assert run.header["simulated"] is True
    assert run.header["calibration"]["hash"] == station.calibration.hash
    assert run.header["station"]["text"] == station.file.text
    assert run.header["sample"]["name"] == run.header["sample"]["stage"] == "S1"
    assert run.header["seed"] == 8
    assert run.parameters["field"] == 30.0
    assert {"coldfinger", "python", "numpy", "pymeasure"} <= set(run.header["versions"])
    names = [snapshot.name for snapshot in run.snapshots]
    assert names == ["station at start", "station at end"]
    assert [mark.text for mark in run.marks if mark.kind == "heater range"] == ["31.6 mA"]
    assert run.snapshots[0].data["lockin"]["sine_voltage"] == 0.004
    assert run.snapshots[0].data["fridge"]["controller"]["pid"]
    assert all(item["done"] for item in run.end["data"]["safe"])
    assert (run.end["data"]["rows"], run.end["data"]["disbelieved"], run.end["data"]["why_disbelieved"]) == (9, 0, "")


def test_stock_pymeasure_and_plain_pandas_read_the_table(simulated, tmp_path):
    station = simulated(sample="S0", seed=8)
    result = ramp(station, tmp_path, field=12.5, points=5, stop=0.123456789)
    frame = read_run(result.folder).frame
    results = Results.load(str(result.folder / "run.csv"))
    assert type(results.procedure) is TemperatureRamp
    assert (results.procedure.stop, results.procedure.field) == (0.123456789, 12.5)
    np.testing.assert_array_equal(results.data.to_numpy(), frame.to_numpy())
    table = pd.read_csv(result.folder / "run.csv", comment="#")
    np.testing.assert_array_equal(table.to_numpy(), frame.to_numpy())


def test_excitation_heater_and_magnet_are_safe_at_the_end(simulated, tmp_path):
    station = simulated(sample="S0", seed=8)
    ramp(station, tmp_path, field=50.0, points=4, stop=0.5)
    cryostat = station.cryostat
    cryostat.advance(station.clock.time() + 10.0)
    assert cryostat.lockin.amplitude == 0.004
    assert cryostat.loop.output(0.0) == 0.0
    assert cryostat.magnet.sweep_rate == 0.0
    assert cryostat.magnet.after == pytest.approx(49.5)


def test_a_stop_finishes_the_row_and_makes_the_station_safe(simulated, tmp_path):
    station, switch = simulated(sample="S0", seed=8), StopSwitch()
    procedure = TemperatureRamp(field=50.0, excitation="gentle", points=30)
    seen = []

    def progress(percent: float, clock: float) -> None:
        seen.append(percent)
        if percent > 30.0:
            switch.throw()

    result = run_procedure(procedure, station, tmp_path, switch=switch, progress=progress)
    run = read_run(result.folder)
    assert (result.outcome, run.outcome, run.reason) == ("stopped", "stopped", "stopped by the user")
    assert 0 < len(run.frame) == result.rows < 30
    assert station.cryostat.loop.range_current == 0.0
    assert station.cryostat.lockin.amplitude == 0.004


def test_a_stop_on_the_way_to_the_field_is_obeyed_there(simulated, tmp_path):
    station, switch = simulated(sample="S0", seed=8), StopSwitch()
    switch.throw()
    result = ramp(station, tmp_path, switch, field=500.0)
    assert (result.outcome, result.rows) == ("stopped", 0)
    assert 0 <= station.cryostat.magnet.after < 20.0
    station.cryostat.advance(station.clock.time() + 60.0)
    assert not station.cryostat.magnet.sweep_rate


def test_ctrl_c_throws_the_switch_once():
    switch = StopSwitch()
    with stop_on_signals(switch):
        signal.raise_signal(signal.SIGINT)
        assert switch.thrown()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_quench_ends_the_run_and_nothing_is_sent_to_the_magnet(simulated, tmp_path):
    station = simulated(sample="S0", seed=8)
    original = station.go_to_field

    def quench(field: float) -> None:
        original(field)
        station.cryostat.magnet.quenched = True

    station.go_to_field = quench
    result = ramp(station, tmp_path, field=100.0)
    assert result.outcome == "failed"
    assert "quenched" in result.reason
    assert {item.item: item.detail for item in result.safe}["magnet"] == "quenched: left alone"


def test_an_unforeseen_error_is_an_outcome_and_the_station_is_safe(simulated, tmp_path):
    station = simulated(sample="S0", seed=8)
    station.magnet_holding = lambda: 1 / 0
    result = ramp(station, tmp_path, field=0.0)
    run = read_run(result.folder)
    assert result.outcome == run.outcome == "failed"
    assert "ZeroDivisionError" in result.reason
    assert "magnet_holding" in run.alarms[0].text
    assert [item.done for item in result.safe] == [True, True, True, True]


def test_a_stray_reply_in_mid_run_shifts_no_number(simulated, tmp_path):
    """A late double of an old reply waits in the lock-in's output: the row is thrown away and taken again."""
    station = simulated(sample="S0", seed=5)
    port = station.rack.devices["GPIB0::8::INSTR"].port
    holding, looks = station.magnet_holding, []

    def disturb() -> bool:
        looks.append(True)
        if len(looks) == 20:
            port.out.append(b"1.5e-3,2.5e-3\n")
        return holding()

    station.magnet_holding = disturb
    result = ramp(station, tmp_path, field=100.0, points=30)
    frame = read_run(result.folder).frame
    assert (result.outcome, result.disbelieved) == ("done", 0)
    assert list(has(frame, Quality.RETAKEN)).count(True) == 1
    assert station.doubts == 1
    assert any(mark.kind == "retaken" and "lockin" in mark.text for mark in read_run(result.folder).marks)
    assert np.abs(pulls(frame, station, 100.0)).max() < 5


def test_a_row_in_which_the_bridge_changed_its_range_is_taken_again(simulated, tmp_path):
    """For three seconds after a new range the bridge reads up to 5 % wrong, and no status bit says so."""
    station = simulated(sample="S0", seed=5)
    sensor, holding, looks = station.cryostat.inputs["1"], station.magnet_holding, []

    def change_range() -> bool:
        looks.append(True)
        if len(looks) in (10, 20):
            station.clock.sleep(2.0)
            sensor.range = 20e3 if sensor.range < 20e3 else 63.2e3
        return holding()

    station.magnet_holding = change_range
    result = ramp(station, tmp_path, field=100.0, points=25)
    run = read_run(result.folder)
    assert (result.outcome, result.disbelieved) == ("done", 0)
    assert sum(mark.kind == "bridge range" for mark in run.marks) >= 2
    assert np.abs(pulls(run.frame, station, 100.0)).max() < 5


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_row_is_wrong_where_the_bridge_changes_its_range_by_itself(simulated, tmp_path, seed):
    station = simulated(sample="S0", seed=seed)
    result = ramp(station, tmp_path, field=600.0, start=0.24, stop=0.075, points=40, final_points=0)
    run = read_run(result.folder)
    assert any(mark.kind == "bridge range" for mark in run.marks)
    assert np.abs(pulls(run.frame, station, 600.0)).max() < 4.5


def test_an_instrument_that_falls_silent_ends_the_run_with_its_name(simulated, tmp_path):
    station = simulated(sample="S0", seed=5)
    rack, looks, holding = station.rack, [], station.magnet_holding
    lockin, exchange = rack.devices["GPIB0::8::INSTR"].port, rack.exchange

    def pull_the_cable() -> bool:
        looks.append(True)
        if len(looks) == 10:
            rack.exchange = lambda port, data, end=False: None if port is lockin else exchange(port, data, end)
        return holding()

    station.magnet_holding = pull_the_cable
    result = ramp(station, tmp_path, field=0.0)
    run = read_run(result.folder)
    assert result.outcome == run.outcome == "failed"
    assert "lockin at GPIB0::8::INSTR" in result.reason
    safe = {item.item: item.done for item in result.safe}
    assert safe == {"bias": True, "excitation": False, "heater": True, "magnet": True}
    assert "excitation is NOT safe" in result.reason
    assert len(run.frame) >= 3
    assert station.cryostat.loop.range_current == 0.0


def test_one_instrument_that_fails_does_not_keep_the_others_from_safety(simulated, tmp_path):
    station = simulated(sample="S0", seed=8)
    station.cryostat.loop.range_current = 0.01

    lockin, exchange = station.rack.devices["GPIB0::8::INSTR"].port, station.rack.exchange

    def broken(port, data, end=False) -> None:
        if port is lockin:
            raise OSError("cable")
        exchange(port, data, end)

    station.rack.exchange = broken
    report = {item.item: item for item in station.to_safe()}
    assert not report["excitation"].done
    assert "cable" in report["excitation"].detail
    assert report["heater"].done
    assert report["magnet"].done
    assert station.cryostat.loop.range_current == 0.0


BAD = [
    ({"field": 601.0}, "field: 601 Oe (0.0601 T) is beyond the limit of built-in station sim, 600 Oe"),
    ({"field": 6e4}, "field: 60000 Oe (6 T) is beyond the limit"),
    ({"start": 2.0}, "start: 2 K is outside the limits of built-in station sim, 10 mK to 1.3 K"),
    ({"stop": 0.005}, "stop: 5 mK is outside the limits"),
    ({"start": 0.05, "stop": 0.05}, "start and stop are both 50 mK"),
    ({"pacing": "rate", "rate": 0.0}, "rate: 0 must be above zero"),
    ({"pacing": "listed points", "temperatures": "0.5, 3 K"}, "temperature 2 of the list: 3 K is outside"),
    ({"excitation": "fixed", "current": 100.0}, "current: 100 nA is not above zero and up to the limit"),
]


@pytest.mark.parametrize(("parameters", "sentence"), BAD, ids=[b[1][:30] for b in BAD])
def test_what_cannot_be_run_is_refused_before_anything_moves(simulated, tmp_path, parameters, sentence):
    station = simulated(sample="S0", seed=8)
    before = station.clock.time()
    with pytest.raises(LimitError) as error:
        ramp(station, tmp_path / "runs", **parameters)
    assert sentence in str(error.value)
    assert not (tmp_path / "runs").exists()
    assert station.clock.time() == before


def test_a_temperature_outside_the_calibration_is_refused(simulated, tmp_path):
    from coldfinger.procedures.laboratory.station_file import read_station_file

    text = read_station_file().text.replace('lowest = "8 mK"', 'lowest = "60 mK"')
    station = simulated(text=text)
    with pytest.raises(LimitError, match=r"stop: 50 mK is outside the calibration .*60 mK to 20 K"):
        ramp(station, tmp_path)


def test_a_sensor_that_leaves_its_calibration_gives_no_temperature(simulated, tmp_path):
    station = simulated(sample="S0", seed=8)
    station.cryostat.inputs["1"].sensor = type(station.cryostat.inputs["1"].sensor)(r0=400.0, slope=0.5)
    result = ramp(station, tmp_path, pacing="listed points", temperatures="0.5, 0.3 K")
    frame = read_run(result.folder).frame
    assert frame["T_sample (K)"].isna().all()
    assert has(frame, Quality.OUTSIDE_CALIBRATION).all()
    assert frame["R_sensor (ohm)"].between(300, 900).all()
    assert result.disbelieved == result.rows
    assert DISBELIEVED & Quality.OUTSIDE_CALIBRATION


def test_twelve_virtual_hours_cost_a_few_seconds(simulated, tmp_path):
    """The figure itself is measured in benchmarks/; here only that virtual time is virtual."""
    station = simulated(sample="S0", seed=0)
    began = time.perf_counter()
    result = ramp(station, tmp_path, field=100.0, pacing="rate", rate=0.65 / 720, points=60, final_points=0)
    assert result.outcome == "done"
    assert station.clock.time() > 12 * 3600
    assert time.perf_counter() - began < 60.0


def test_the_rows_are_numbers_that_json_keeps(simulated, tmp_path):
    station = simulated(sample="S0", seed=8)
    result = ramp(station, tmp_path, field=600.0, points=3, start=0.1, stop=0.05, final_points=0)
    lines = (result.folder / "run.jsonl").read_text().splitlines()
    points = [json.loads(line[9:]) for line in lines if '"point"' in line]
    assert len(points) == 3
    assert curve_of(read_run(result.folder).frame).temperature.size <= 3
