"""Where to measure and how fast to go there."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.procedures.reach.setpoints import (
    advance,
    constant_log_rate,
    constant_rate,
    duration,
    lag_limited,
    linear,
    logarithmic,
    not_faster_than,
    path,
)
from coldfinger.procedures.reach.settling import Arrival, Settling
from coldfinger.procedures.words.pacing_text import pacing_parameters
from coldfinger.procedures.words.quantity import QuantityError


def thermal_time(temperature: float) -> float:
    return 60.0 * (0.1 / temperature) ** 2


@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.integers(2, 200))
def test_grids_contain_both_ends_exactly_and_are_monotone(start, stop, count):
    for grid in (logarithmic(start, stop, count), linear(start, stop, count)):
        assert (grid[0], grid[-1], len(grid)) == (start, stop, count)
        assert grid == sorted(grid, reverse=start > stop)


@pytest.mark.parametrize(("base", "hours"), [(0.05, 0.33), (0.03, 0.92), (0.02, 2.1)])
def test_a_ramp_kept_at_10_percent_of_lag_takes_the_published_time(base, hours):
    assert duration(0.7, base, lag_limited(0.1, thermal_time)) / 3600 == pytest.approx(hours, rel=0.02)


@pytest.mark.parametrize(("base", "hours"), [(0.05, 8.7), (0.03, 41), (0.02, 142)])
def test_a_constant_rate_set_by_the_base_takes_the_published_time(base, hours):
    rate = 0.1 * base / thermal_time(base)
    assert duration(0.7, base, constant_rate(rate)) / 3600 == pytest.approx(hours, rel=0.02)


@pytest.mark.parametrize(("base", "hours"), [(0.05, 1.8), (0.03, 5.8), (0.02, 15)])
def test_a_constant_logarithmic_rate_set_by_the_base_takes_the_published_time(base, hours):
    assert duration(0.7, base, constant_log_rate(0.1 / thermal_time(base))) / 3600 == pytest.approx(hours, rel=0.03)


@pytest.mark.parametrize("pace", [constant_rate(1e-4), constant_log_rate(1e-3), lag_limited(0.07, thermal_time)])
@pytest.mark.parametrize(("start", "stop"), [(0.7, 0.05), (0.05, 0.7)])
def test_stepping_along_the_path_takes_the_time_that_was_promised(pace, start, stop):
    steps = list(path(start, stop, pace, 2.0))
    assert steps[0] == start
    assert steps[-1] == stop
    assert steps == sorted(steps, reverse=start > stop)
    assert 2.0 * (len(steps) - 1) == pytest.approx(duration(start, stop, pace), rel=0.01)


def test_a_lag_limited_path_follows_the_closed_form():
    # 1/T^2 grows linearly in time: 2 lag / (tau T^2 at any T).
    temperature, pace = 0.7, lag_limited(0.1, thermal_time)
    for _ in range(600):
        temperature = advance(temperature, 0.05, pace, 1.0)
    assert 1 / temperature**2 == pytest.approx(1 / 0.49 + 2 * 0.1 * 600 / (60 * 0.01), rel=1e-3)


def test_advance_never_passes_the_end():
    assert advance(0.06, 0.05, constant_rate(1.0), 10.0) == 0.05
    assert advance(0.05, 0.06, constant_rate(1.0), 10.0) == 0.06


def test_a_limit_holds_where_the_pace_would_be_faster():
    pace = not_faster_than(lag_limited(0.1, thermal_time), 0.002)
    assert pace(0.7) == 0.002
    assert pace(0.02) == pytest.approx(0.1 / thermal_time(0.02))


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("lag-limited", {"pacing": "lag-limited"}),
        ("lag-limited 0.05", {"pacing": "lag-limited", "lag": 0.05}),
        ("5 mK/min", {"pacing": "rate", "rate": pytest.approx(0.005)}),
        ("log-rate 2/h", {"pacing": "log-rate", "log_rate": 2.0}),
        ("linear 25", {"pacing": "linear points", "points": 25, "final_points": 0}),
        ("log 12", {"pacing": "log points", "points": 12, "final_points": 0}),
        ("0.7, 0.1 K", {"pacing": "listed points", "temperatures": "0.7, 0.1 K", "final_points": 0}),
    ],
)
def test_pacing_texts(text, parameters):
    assert pacing_parameters(text) == parameters


@pytest.mark.parametrize(
    "text",
    ["", "fast", "5 mK", "5 Oe/min", "-5 mK/min", "log 1", "linear 99999", "lag-limited 0", "log-rate x/h"],
)
def test_other_pacing_texts_are_refused_with_the_forms_that_are_allowed(text):
    if text == "5 mK":  # one settled temperature is a list of one
        assert pacing_parameters(text)["pacing"] == "listed points"
        return
    with pytest.raises(QuantityError, match="lag-limited"):
        pacing_parameters(text)


def test_arrival_needs_the_whole_window_inside_the_tolerance():
    settling = Settling(1.0, 0.01, window=10.0, timeout=100.0)
    assert settling.update(0.0, 0.5) is Arrival.BUSY
    assert settling.update(5.0, 1.0) is Arrival.BUSY
    assert settling.update(14.0, 1.0) is Arrival.BUSY
    assert settling.update(14.5, 1.02) is Arrival.BUSY  # an overshoot begins the window anew
    assert settling.update(16.0, 1.0) is Arrival.BUSY
    assert settling.update(26.0, 0.995) is Arrival.IDLE


def test_what_never_arrives_is_a_warning_in_the_end():
    settling = Settling(1.0, 0.01, window=1.0, timeout=10.0)
    assert settling.update(0.0, 2.0) is Arrival.BUSY
    assert settling.update(9.9, math.nan) is Arrival.BUSY
    assert settling.update(10.0, 2.0) is Arrival.WARN
