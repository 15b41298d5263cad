"""A run that is stopped at every row and continued is the run that was never stopped: no set point lost, none twice."""

import json

import numpy as np
import pytest

from coldfinger.analysis.fits.fit import fit_best
from coldfinger.analysis.fits.fit_result import Curve
from coldfinger.instruments.errors import LinkError
from coldfinger.procedures.adaptive import AdaptiveRamp
from coldfinger.procedures.checks.procedures import HeatingCheck
from coldfinger.procedures.control import RunControl
from coldfinger.procedures.didv import DifferentialResistance
from coldfinger.procedures.field_sweep import FieldSweep
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.magnetoresistance import LowFieldMagnetoresistance
from coldfinger.procedures.runner import run_procedure
from coldfinger.procedures.sweep_leg import LAG_COLUMN
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.procedures.zero_field import ZeroField
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.parts import read_parts
from coldfinger.runfiles.quality import DISBELIEVED, Quality
from coldfinger.runfiles.reader import read_run


def stopped_after(procedure, station, folder, rows):
    """A run that is asked to stop while its row number `rows` is written; no wiser than a crash there."""
    control, seen = RunControl(), []

    def watch(topic, record):
        if topic == "results":
            seen.append(record)
            if len(seen) == rows:
                control.stop()

    return run_procedure(procedure, station, folder, control=control, watch=watch)


def held_where(station, run):
    """A fresh station whose field stands where the last one's was left, as after a crash with the magnet held."""
    supply = run.cryostat.magnet.after
    station.magnet.ramp_rate = 2e-2 / 60
    station.magnet.target = supply * 1e-4
    station.magnet.ramp()
    station.clock.sleep(600.0)
    station.magnet.pause()
    assert station.cryostat.magnet.after == pytest.approx(supply, abs=0.02)
    return station


def seam_of(parts):
    return np.flatnonzero(parts.frame["flags"].to_numpy(dtype=int) & int(Quality.SEAM))


SETTLED = {
    "listed": lambda: TemperatureRamp(pacing="listed points", temperatures="0.7, 0.5, 0.7, 0.4 K", field=20.0),
    "linear": lambda: TemperatureRamp(pacing="linear points", start=0.7, stop=0.5, points=3),
    "upwards": lambda: TemperatureRamp(pacing="log points", start=0.5, stop=0.7, points=3),
    "bias": lambda: DifferentialResistance(temperature=0.3, largest=40.0, finest=20.0, points=2, point_time=4.0),
    "lag-limited": lambda: TemperatureRamp(start=0.7, stop=0.5, points=4, final_points=2),
    "rate": lambda: TemperatureRamp(start=0.5, stop=0.6, points=3, final_points=1, pacing="rate", rate=0.02),
    "log-rate": lambda: TemperatureRamp(start=0.7, stop=0.6, points=3, final_points=0, pacing="log-rate"),
}


@pytest.mark.parametrize("kind", SETTLED)
def test_continued_after_every_row_it_holds_every_set_point_once(simulated, tmp_path, kind):
    make = SETTLED[kind]
    whole = read_run(run_procedure(make(), simulated(sample="S0", seed=3), tmp_path).folder).frame
    for rows in range(1, len(whole) + 1):
        first = stopped_after(make(), simulated(sample="S0", seed=3), tmp_path, rows)
        second = run_procedure(make(), simulated(sample="S0", seed=4), tmp_path, continues=[first.folder])
        parts = read_parts([first.folder, second.folder])
        assert (first.rows, second.outcome, second.rows) == (rows, "done", len(whole) - rows)
        assert list(parts.frame.index) == list(range(len(whole)))
        np.testing.assert_allclose(parts.frame["T_set (K)"], whole["T_set (K)"], rtol=2e-3)
        np.testing.assert_array_equal(parts.frame["H_set (Oe)"], whole["H_set (Oe)"])
        if kind == "bias":
            for column in ("V_bias (V)", "direction", "f (Hz)"):
                np.testing.assert_array_equal(parts.frame[column], whole[column])
            np.testing.assert_allclose(parts.frame["I (A)"], whole["I (A)"], rtol=1e-5)
            np.testing.assert_allclose(parts.frame["bias (A)"], whole["bias (A)"], rtol=1e-3, atol=1e-12)
        assert not (parts.frame["flags"].to_numpy(dtype=int) & int(DISBELIEVED)).any()
        assert list(seam_of(parts)) == ([rows] if rows < len(whole) else [])
        assert list(parts.frame["part"]) == [1] * rows + [2] * (len(whole) - rows)


SWEPT = {
    "moving": lambda: FieldSweep(temperature=0.3, points="20, 28, 20 Oe", step=1.0),
    "stepped": lambda: FieldSweep(temperature=0.3, points="20, 40, 10 Oe", step=10.0, mode="stepped"),
    "pairs": lambda: LowFieldMagnetoresistance(temperature=0.3, span=8.0, pairs=1, step=2.0, resolution=1.0),
}


@pytest.mark.parametrize("kind", SWEPT)
@pytest.mark.parametrize("held", [True, False], ids=["field held", "field lost"])
def test_a_sweep_goes_on_where_the_field_was_held_and_begins_its_leg_again_where_it_was_lost(
    simulated, tmp_path, kind, held
):
    make = SWEPT[kind]
    whole = read_run(run_procedure(make(), simulated(sample="S0", seed=3), tmp_path).folder).frame
    for rows in range(1, len(whole) + 1):
        before, after = simulated(sample="S0", seed=3), simulated(sample="S0", seed=4)
        first = stopped_after(make(), before, tmp_path, rows)
        if held:
            held_where(after, before)
        second = run_procedure(make(), after, tmp_path, continues=first.folder)
        parts = read_parts([first.folder, second.folder])
        frame, begun = parts.frame, int(read_run(first.folder).frame["leg"].iloc[-1])
        assert second.outcome == "done"
        assert frame["leg"].is_monotonic_increasing
        assert set(frame["leg"]) == set(whole["leg"])
        assert parts.superseded == (0 if held else parts.superseded)
        assert parts.superseded <= (read_run(first.folder).frame["leg"] == begun).sum()
        if kind == "stepped":
            np.testing.assert_array_equal(frame["H_set (Oe)"], whole["H_set (Oe)"])
        for number, leg in frame.groupby("leg"):
            there = whole[whole["leg"] == number]
            assert leg[LAG_COLUMN].min() == pytest.approx(there[LAG_COLUMN].min(), abs=1.3)
            assert leg[LAG_COLUMN].max() == pytest.approx(there[LAG_COLUMN].max(), abs=1.3)
            assert set(leg["direction"]) == set(there["direction"])
            assert (leg["direction"].iloc[0] * np.diff(leg["H (Oe)"]) > -0.1).all()
            assert np.abs(np.diff(leg["H (Oe)"])).max() < (11.0 if kind == "stepped" else 5.0)


def test_a_demagnetised_sweep_whose_field_was_lost_begins_again_as_a_whole(simulated, tmp_path):
    def make():
        return FieldSweep(temperature=0.3, points="20, 40, 20 Oe", step=10.0, mode="stepped", demagnetise=10.0)

    first = stopped_after(make(), simulated(sample="S0", seed=3), tmp_path, 4)
    second = run_procedure(make(), simulated(sample="S0", seed=3), tmp_path, continues=first.folder)
    parts = read_parts([first.folder, second.folder])
    assert (parts.superseded, len(parts.frame)) == (4, 5)
    assert "0 of them stand; it begins again" in parts.runs[1].marks[0].text


def test_an_adaptive_ramp_measures_nothing_twice_and_meets_its_targets(simulated, tmp_path):
    def make():
        return AdaptiveRamp(start=0.7, stop=0.1)

    whole = read_run(run_procedure(make(), simulated(sample="S0", seed=3), tmp_path).folder)
    for rows in range(1, len(whole.frame) + 1):
        first = stopped_after(make(), simulated(sample="S0", seed=3), tmp_path, rows)
        second = run_procedure(make(), simulated(sample="S0", seed=4), tmp_path, continues=[first.folder])
        parts = read_parts([first.folder, second.folder])
        assert second.outcome == "done"
        assert parts.superseded == 0
        assert len(parts.frame) <= len(whole.frame) + 6
        np.testing.assert_array_equal(parts.frame["T_set (K)"][:rows], whole.frame["T_set (K)"][:rows])
        assert next(mark for mark in parts.marks if mark.kind == "targets").text.startswith("met")
        assert sorted(set(parts.frame["T_set (K)"]))[0] == 0.1
    assert second.rows == 0
    fits = [json.loads(mark.text) for run in (whole, parts) for mark in run.marks if mark.kind == "fit"]
    assert fits[0] == fits[1]


def fitted(frame):
    rows = frame[(frame["flags"].to_numpy(dtype=int) & int(DISBELIEVED)) == 0]
    columns = ("T_sample (K)", "rho (ohm)", "rho_sd (ohm)", "T_sample_sd (K)")
    return fit_best(Curve(*(rows[name].to_numpy() for name in columns)))


def test_a_ramp_in_four_parts_gives_the_same_fit_within_its_errors(simulated, tmp_path):
    def make():
        return TemperatureRamp(start=0.7, stop=0.06, points=30)

    whole = read_run(run_procedure(make(), simulated(sample="S0", seed=3), tmp_path).folder).frame
    folders = []
    for seed, rows in ((3, 9), (4, 8), (5, 6), (6, 1000)):
        station = simulated(sample="S0", seed=seed)
        folders.append(stopped_after_parts(make(), station, tmp_path, rows, folders))
    parts = read_parts(folders)
    assert (len(parts.frame), parts.outcome) == (len(whole), "done")
    assert [run.header.get("part", 1) for run in parts.runs] == [1, 2, 3, 4]
    a, b = fitted(whole), fitted(parts.frame)
    assert a.law == b.law
    for name, found in a.parameters.items():
        other = b.parameters[name]
        assert abs(found.value - other.value) < 3.0 * np.hypot(found.sd, other.sd)


def stopped_after_parts(procedure, station, folder, rows, folders):
    control, seen = RunControl(), []

    def watch(topic, record):
        seen.extend([record] * (topic == "results"))
        if len(seen) == rows:
            control.stop()

    return run_procedure(procedure, station, folder, control=control, watch=watch, continues=folders).folder


def test_the_header_and_the_first_mark_say_what_is_continued(simulated, tmp_path):
    make = SETTLED["linear"]
    first = stopped_after(make(), simulated(sample="S0", seed=3), tmp_path, 1)
    second = run_procedure(make(), simulated(sample="S0", seed=3), tmp_path, continues=read_run(first.folder))
    run, before = read_run(second.folder), read_run(first.folder)
    assert run.header["part"] == 2
    assert run.header["continues"] == {
        "run_id": before.header["run_id"],
        "folder": first.folder.name,
        "keeps": 1,
    }
    mark = run.marks[0]
    assert mark.kind == "continued"
    assert "1 rows were there, 1 of them stand; it goes on at 600 mK, point 2 of 3; found: field" in mark.text
    assert mark.data["kept_rows"] == 1
    third = run_procedure(make(), simulated(sample="S0", seed=3), tmp_path, continues=second.folder)
    assert read_run(third.folder).header["part"] == 3
    assert "nothing is left" in read_run(third.folder).marks[0].text


@pytest.mark.parametrize("make", [lambda: HeatingCheck(temperature=0.3, field=5.0), lambda: ZeroField(temperature=0.3)])
def test_belief_tests_and_zero_field_begin_again(simulated, tmp_path, make):
    first = stopped_after(make(), simulated(sample="S0", seed=3), tmp_path, 2)
    second = run_procedure(make(), simulated(sample="S0", seed=3), tmp_path, continues=first.folder)
    parts = read_parts([first.folder, second.folder])
    assert second.outcome == "done"
    assert (parts.superseded, len(parts.frame)) == (first.rows, second.rows)


def test_a_part_without_rows_takes_nothing_away(simulated, tmp_path):
    make = SETTLED["linear"]
    first = stopped_after(make(), simulated(sample="S0", seed=3), tmp_path, 2)
    control = RunControl()
    control.stop()
    changed = TemperatureRamp(pacing="linear points", start=0.7, stop=0.5, points=3, window=5.0)
    second = run_procedure(changed, simulated(sample="S0"), tmp_path, continues=first.folder, control=control)
    run = read_run(second.folder)
    assert "it begins again, because window changed" in run.marks[0].text
    assert run.header["continues"]["keeps"] == 0
    parts = read_parts([first.folder, second.folder])
    assert (len(parts.frame), parts.superseded) == (2, 0)


def test_a_run_of_another_procedure_is_refused(simulated, tmp_path):
    first = stopped_after(SETTLED["linear"](), simulated(sample="S0", seed=3), tmp_path, 1)
    with pytest.raises(LimitError) as error:
        run_procedure(SWEPT["stepped"](), simulated(sample="S0"), tmp_path, continues=first.folder)
    assert "is a TemperatureRamp, this is a FieldSweep; continue it with its own procedure" in str(error.value)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_simulated_run_is_never_continued_at_a_real_station(simulated, tmp_path):
    first = stopped_after(SETTLED["linear"](), simulated(sample="S0", seed=3), tmp_path, 1)
    station = simulated(sample="S0")
    station.simulated = False
    with pytest.raises(LimitError, match="is simulated, this station is real; begin a new run"):
        run_procedure(SETTLED["linear"](), station, tmp_path, continues=first.folder)


def test_parts_of_different_runs_are_not_joined(simulated, tmp_path):
    folders = [stopped_after(SETTLED["linear"](), simulated(sample="S0"), tmp_path, 1).folder for _ in range(2)]
    with pytest.raises(RunFileError, match=r"is the first part of a run, not .*; give the parts of one run"):
        read_parts(folders)
    with pytest.raises(RunFileError, match="no folder was given"):
        read_parts([])


def test_a_silent_magnet_fails_the_part_and_every_row_stands(simulated, tmp_path):
    make = SWEPT["stepped"]
    first = stopped_after(make(), simulated(sample="S0", seed=3), tmp_path, 2)
    station = simulated(sample="S0")
    asked = station.sample_field

    def silent(field):
        station.sample_field = asked
        raise LinkError("magnet: no answer")

    station.sample_field = silent
    second = run_procedure(make(), station, tmp_path, continues=first.folder)
    assert (second.outcome, second.reason) == ("failed", "magnet: no answer")
    assert all(item.done for item in second.safe)
    assert len(read_parts([first.folder, second.folder]).frame) == 2
