"""Curves with as many points as the screen can show lose no spike, no branch and no end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from coldfinger.gui.plots.decimate import chosen_rows, decimate, visible_rows

some_y = arrays(float, st.integers(0, 400), elements=st.floats(-1e6, 1e6) | st.just(np.nan))


@given(some_y, st.integers(4, 120))
def test_few_points_remain_with_ends_extremes_and_order(y, most):
    x = np.arange(len(y), dtype=float)
    few_x, few_y = decimate(x, y, most)
    assert len(few_x) <= most
    assert (np.diff(few_x) > 0).all()
    if len(y):
        assert (few_x[0], few_x[-1]) == (x[0], x[-1])
    if np.isfinite(y).any():
        assert (np.nanmin(few_y), np.nanmax(few_y)) == (np.nanmin(y), np.nanmax(y))
    assert all(few_y[i] == y[int(few_x[i])] or np.isnan(few_y[i]) for i in range(len(few_x)))


def test_a_spike_of_one_row_stays():
    y = np.zeros(100_000)
    y[54_321] = 1.0
    x, few = decimate(np.arange(1e5), y, 2000)
    assert few.max() == 1.0
    assert x[few.argmax()] == 54_321


def test_a_loop_stays_two_branches():
    up = np.linspace(-1, 1, 5000)
    x, y = np.concatenate([up, up[::-1]]), np.concatenate([np.zeros(5000), np.ones(5000)])
    few_x, few_y = decimate(x, y, 200)
    turn = int(np.argmax(few_y))
    assert (np.diff(few_x[:turn]) > 0).all()
    assert (np.diff(few_x[turn:]) < 0).all()
    assert few_x.max() > 0.97


def test_a_gap_stays_a_gap():
    y = np.ones(10_000)
    y[4000:6000] = np.nan
    assert np.isnan(decimate(np.arange(1e4), y, 400)[1]).any()


def test_few_points_are_the_very_same_and_mistakes_are_said():
    x = np.arange(10.0)
    assert decimate(x, x, 20)[0] is x
    assert chosen_rows(x, 20) is None
    with pytest.raises(ValueError, match="x has 3 points and y 10"):
        decimate(x[:3], x, 20)
    with pytest.raises(ValueError, match="at least 4"):
        decimate(x, x, 3)


def test_visible_rows_reach_beyond_the_edge():
    x = np.arange(100.0)
    assert visible_rows(x, 10.0, 20.0) == slice(9, 22)
    assert visible_rows(x, 200.0, 300.0) == slice(0, 0)
