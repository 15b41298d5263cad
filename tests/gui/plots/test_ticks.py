"""Ticks: as dense as labels that do not collide allow, and readable."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.gui.plots.ticks import GAP, crowded_ticks, linear_ticks, log_ticks


def wide(text: str) -> float:
    return 7.0 * len(text)


def placed(low: float, high: float, length: float = 500.0, log: bool = True):
    def place(value: float) -> float:
        if log:
            return length * math.log(value / low) / math.log(high / low)
        return length * (value - low) / (high - low)

    return place


def log_texts(low: float, high: float, length: float = 500.0) -> list[str]:
    return [text for _, text in log_ticks(low, high, placed(low, high, length), wide).labelled]


def test_a_wide_range_has_decades_and_a_narrow_one_the_numbers_between():
    assert log_texts(0.3, 3, 700) == ["0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1", "2", "3"]
    assert log_texts(0.02, 300) == ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50", "100", "200"]
    assert log_texts(1, 1e13) == [f"10{p}" for p in (*"⁰¹²³⁴⁵⁶⁷⁸⁹", "¹⁰", "¹¹", "¹²", "¹³")]
    assert log_texts(1, 1e13, 250.0) == [f"10{p}" for p in (*"⁰²⁴⁶⁸", "¹⁰", "¹²")]


def test_below_half_a_decade_steps_are_even():
    assert log_texts(1.0, 1.9) == ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8", "1.9"]


def test_plain_numbers_and_powers_are_not_mixed():
    for low, high in ((0.02, 300), (1e-9, 1e-3), (2e-8, 5e-7), (10, 1e9)):
        texts = log_texts(low, high)
        assert len({"10" in text and any(c in "⁰¹²³⁴⁵⁶⁷⁸⁹" for c in text) for text in texts}) == 1


@given(st.floats(-14, 14), st.floats(0.02, 20), st.floats(80, 2000))
def test_no_two_labels_of_a_log_axis_collide(start, decades, length):
    low, high = 10**start, 10 ** (start + decades)
    place = placed(low, high, length)
    ticks = log_ticks(low, high, place, wide)
    for (one, a), (other, b) in pairwise(ticks.labelled):
        assert place(one) + wide(a) / 2 + GAP <= place(other) - wide(b) / 2
    values = [value for value, _ in ticks.labelled] + list(ticks.small)
    assert all(low * 0.999 <= value <= high * 1.001 for value in values)
    assert len(set(values)) == len(values)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.floats(200, 2000))
def test_no_two_labels_of_a_linear_axis_collide(low, span, length):
    place = placed(low, low + span, length, log=False)
    ticks = linear_ticks(low, low + span, place, wide)
    for (one, a), (other, b) in pairwise(ticks.labelled):
        assert place(one) + wide(a) / 2 + GAP <= place(other) - wide(b) / 2


def test_linear_labels_have_the_decimals_of_their_step():
    ticks = linear_ticks(0.0, 1.0, placed(0.0, 1.0, 300, log=False), wide)
    assert [text for _, text in ticks.labelled][:3] == ["0.0", "0.1", "0.2"]
    tiny = linear_ticks(0.0, 3e-9, placed(0.0, 3e-9, 300, log=False), wide)
    assert tiny.labelled[0][1] == "0"
    assert "10⁻⁹" in tiny.labelled[-1][1]


def test_an_axis_of_inverse_values_has_round_numbers_where_they_fit():
    ticks = crowded_ticks(0.3, 300.0, lambda value: 150.0 / value, wide)
    texts = [text for _, text in ticks.labelled]
    assert {"0.3", "0.5", "1"} <= set(texts)
    assert 4 <= len(texts) <= 12
    places = sorted((150 / value - wide(text) / 2, 150 / value + wide(text) / 2) for value, text in ticks.labelled)
    assert all(one[1] + GAP <= other[0] + 1e-9 for one, other in pairwise(places))
    with pytest.raises(ValueError, match="inverse values cannot go from 0"):
        crowded_ticks(0.0, 1.0, float, wide)


def test_an_axis_through_zero_cannot_be_logarithmic():
    with pytest.raises(ValueError, match="cannot go from 0"):
        log_ticks(0.0, 1.0, float, wide)
    with pytest.raises(ValueError, match=r"cannot go from 1\.0 to 1\.0"):
        linear_ticks(1.0, 1.0, float, wide)


def test_small_values_on_a_logarithmic_axis_have_their_own_digit_beside_the_power():
    assert log_texts(1e-5, 1e-3) == ["10⁻⁵", "2·10⁻⁵", "5·10⁻⁵", "10⁻⁴", "2·10⁻⁴", "5·10⁻⁴", "10⁻³"]
