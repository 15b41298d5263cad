"""The memory of the readings never grows and loses no spike; the map says nothing beyond its runs."""

import numpy as np
import pytest

from coldfinger.gui.pages.history import History, Trace
from coldfinger.gui.pages.map_grid import Map, map_of
from coldfinger.gui.pages.run_feed import RunFeed, RunRows
from coldfinger.runfiles.quality import Quality
from tests.gui.run_folders import family, ramp, slopes, sweep


class Still:
    """A clock that stands."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now


def test_a_day_of_readings_takes_no_more_room_than_the_memory_has_and_keeps_a_spike():
    trace = Trace(most=256)
    for i in range(86_400):
        trace.add(float(i), 7.0 if i == 40_000 else float(i % 5))
    times, values = trace.lines()
    assert len(trace) <= 256
    assert trace._buckets.nbytes == 256 * 3 * 8
    assert values.max() == 7.0
    assert abs(times[values.argmax()] - 40_000) < 86_400 / 64
    assert (np.diff(times) >= 0).all()
    assert 86_399 - times[-1] < 86_400 / 64


def test_a_reading_that_is_not_new_is_not_taken_twice():
    history = History()
    picture = {"latest": {"T_mc (K)": [0.02, 100.0], "H (Oe)": [600.0, 90.0]}}
    assert history.see(picture) == {"T_mc", "H"}
    assert history.see(picture) == set()
    assert history.see({"latest": {"T_mc (K)": [None, 101.0]}}) == set()
    assert len(history.traces["T_mc"]) == 1


def test_a_clock_that_begins_anew_begins_a_new_history():
    trace = Trace()
    for time in (1.0, 110.0, 5.0, 6.0):
        trace.add(time, 1.0)
    assert trace.lines()[0].tolist() == [5.0, 6.0]


def test_rows_of_earlier_runs_go_in_between_and_once_only():
    trace = Trace(most=64)
    trace.add(100.0, 1.0)
    for _ in range(2):
        trace.fill(np.array([10.0, 30.0, np.nan, 20.0]), np.array([1.0, 3.0, 1.0, 2.0]))
    assert trace.lines()[0].tolist() == [10.0, 20.0, 30.0, 100.0]
    trace.fill(np.arange(200.0, 5000.0), np.ones(4800))
    assert len(trace) <= 64


def test_what_was_measured_before_the_window_stands_at_its_time_in_the_units_of_what_is_measured_now(tmp_path):
    history = History()
    history.see({"latest": {"H (Oe)": [100.0, 5000.0]}})
    history.fill(rows_of(ramp(tmp_path / "a", 100.0, rows=3, clock=Still(1000.0))))
    times, values = history.traces["H"].lines()
    assert times.tolist() == [1000.0, 1010.0, 1020.0, 5000.0]
    np.testing.assert_allclose(values, 0.01)  # T


def rows_of(*folders) -> list[RunRows]:
    return [rows for folder in folders if (rows := RunFeed(folder).look()) is not None]


def test_a_map_has_the_values_of_its_runs_at_their_fields(tmp_path):
    made = map_of(rows_of(*family(tmp_path, (0.0 + 60, 300.0, 600.0))), "ρ", (201, 109))
    assert isinstance(made, Map)
    assert made.z.shape == (201, 109)
    for field, column in ((60.0, 0), (300.0, 48), (600.0, 108)):
        (rows,) = rows_of(tmp_path / f"rt_{field:g}")
        there = np.exp(
            np.interp(
                np.log(made.T), np.log(rows.columns["T_sample (K)"][::-1]), np.log(rows.columns["rho (ohm)"][::-1])
            )
        )
        np.testing.assert_allclose(made.z[:, column], there, rtol=0.02)  # a cell holds the mean of the rows within
    assert made.simulated


def test_what_no_run_reaches_stays_empty_and_flagged_rows_are_left_out(tmp_path):
    short = ramp(tmp_path / "short", 300.0, flags={i: int(Quality.PHASE) for i in range(40, 60)})
    made = map_of(rows_of(ramp(tmp_path / "a", 60.0), short, ramp(tmp_path / "b", 600.0)), "log ρ", (100, 50))
    assert isinstance(made, Map)
    assert np.isfinite(made.z).all()  # between 60 and 600 Oe there are rows at every temperature
    alone = map_of(rows_of(tmp_path / "a", short), "log ρ", (100, 50))
    assert isinstance(alone, Map)
    assert np.isnan(alone.z[:10, -1]).all()


def test_sweeps_make_the_same_kind_of_map(tmp_path):
    made = map_of(rows_of(*(sweep(tmp_path / f"s{T:g}", T) for T in (0.05, 0.1, 0.4))), "ρ", (50, 61))
    assert isinstance(made, Map)
    np.testing.assert_allclose(made.z[-1], 5000 + 10 * made.H * 0.4, rtol=2e-3)
    assert made.words.startswith("3 sweeps of the field")


def test_a_slope_has_its_sign_and_a_phase_its_angle(tmp_path):
    runs = rows_of(*family(tmp_path, (60.0, 600.0)))
    slope, phase = map_of(runs, "d ln ρ/d ln T"), map_of(runs, "θ")
    assert isinstance(slope, Map)
    assert isinstance(phase, Map)
    assert np.nanmedian(slope.z) < 0
    assert phase.z[100, 0] == pytest.approx(-0.5 + 0.06)


@pytest.mark.parametrize("kinds", [(), ("one",), ("one", "slopes")])
def test_too_little_for_a_map_is_said(tmp_path, kinds):
    made = {"one": lambda: ramp(tmp_path / "a"), "slopes": lambda: slopes(tmp_path / "s")}
    answer = map_of(rows_of(*(made[kind]() for kind in kinds)), "ρ")
    assert isinstance(answer, str)
    assert "runs at two fields or more" in answer
