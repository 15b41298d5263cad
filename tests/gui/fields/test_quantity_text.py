"""What may be typed into a field of one unit, and the one sentence for what may not."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coldfinger.gui.fields.quantity_text import Field, number_text, read, stepped, tooltip
from coldfinger.procedures.words.quantity import QuantityError

KELVIN = Field("To", "K", 0.01, 40.0)
RATE = Field("Rate", "K/min", 0.0, 0.5, "on this refrigerator", default=0.2)
CURRENT = Field("Excitation", "nA", 0.0, 100.0)
TESLA = Field("Field", "T", -9.0, 9.0)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("10", KELVIN, 10.0),
        ("15 mK", KELVIN, 0.015),
        ("15mK", KELVIN, 0.015),
        (" 0,3 ", KELVIN, 0.3),
        (",3 K", KELVIN, 0.3),
        (".3", KELVIN, 0.3),
        ("0.2K/min", RATE, 0.2),
        ("0.2 K / min", RATE, 0.2),
        ("12 K/h", RATE, 0.2),
        ("1e-8 A", CURRENT, 10.0),
        ("0,01 µA", CURRENT, 10.0),
        ("0.01 μA", CURRENT, 10.0),
        ("0.01uA", CURRENT, 10.0),
        ("-3", TESLA, -3.0),
        ("−3", TESLA, -3.0),
        ("600 Oe", TESLA, 0.06),
        ("1e-2", TESLA, 0.01),
        ("5", Field("Points", "", 1, 10), 5.0),
    ],
)
def test_a_bare_number_means_the_shown_unit_and_others_are_converted(text, field, value):
    assert read(text, field) == value


@pytest.mark.parametrize(
    ("text", "field", "sentence"),
    [
        ("0.8", RATE, "max 0.5 K/min on this refrigerator"),
        ("-0.1", RATE, "min 0 K/min on this refrigerator"),
        ("5 T", KELVIN, "To: '5 T' has the wrong dimension; write for example \"40 K\""),
        ("5 K", RATE, "has the wrong dimension"),
        ("12 M", KELVIN, "unknown unit"),
        ("1,000.5", TESLA, "Field: '1,000.5' has several decimal signs"),
        ("1.000,5 Oe", TESLA, "has several decimal signs"),
        ("0,1,2", TESLA, "has several decimal signs"),
        ("", KELVIN, "To: '' is not a number with a unit such as K"),
        ("1e999", TESLA, "Field: '1e999 T' is not a finite number"),
        ("nan", KELVIN, "is not a number"),
        ("5 K", Field("Points", "", 1, 10), "Points: '5 K' is not a plain number; write for example \"10\""),
        ("1e999", Field("Points"), "Points: not a finite number"),
        ("99", Field("Points", "", 1, 10), "max 10"),
    ],
)
def test_what_cannot_be_applied_gets_one_sentence(text, field, sentence):
    with pytest.raises(QuantityError) as error:
        read(text, field)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_an_empty_text_has_a_meaning_only_where_one_is_given():
    assert read("  ", Field("From", "K", empty="now")) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_shown_reads_back_as_the_same_float(value):
    assert read(number_text(value), Field("x", "T")) == value


@given(st.text(max_size=20), st.sampled_from([KELVIN, RATE, CURRENT, TESLA, Field("n")]))
def test_any_text_is_a_value_within_the_limits_or_an_error(text, field):
    try:
        value = read(text, field)
    except QuantityError:
        return
    assert math.isfinite(value)
    assert field.minimum <= value <= field.maximum


@pytest.mark.parametrize(
    ("text", "caret", "steps", "expected", "new_caret"),
    [
        ("0.20", 4, 1, "0.21", 4),
        ("0.20", 3, 1, "0.30", 3),
        ("0.20", 2, 1, "1.20", 1),
        ("0.20", 1, -1, "-0.80", 2),
        ("0.20", 0, 1, "1.20", 1),
        ("9", 1, 1, "10", 2),
        ("10", 1, -1, "0", 1),
        ("99", 2, 1, "100", 3),
        ("-3", 2, 1, "-2", 2),
        ("-1", 2, 1, "0", 1),
        ("1.5e-09", 3, 1, "1.6e-09", 3),
        ("1.5e-09", 7, 1, "1.6e-09", 3),
        (".5", 2, 1, "0.6", 3),
    ],
)
def test_the_digit_before_the_caret_is_stepped(text, caret, steps, expected, new_caret):
    assert stepped(text, caret, steps) == (expected, new_caret)


@pytest.mark.parametrize("text", ["", "5 K", "x", "-", "."])
def test_only_bare_numbers_are_stepped(text):
    assert stepped(text, 1, 1) is None


@given(st.decimals(-1000, 1000, places=3), st.integers(0, 9))
def test_a_step_up_and_a_step_down_end_where_they_began(number, caret):
    up, new_caret = stepped(f"{number:.3f}", caret, 1)
    assume(len(up.lstrip("-")) >= len(f"{abs(number):.3f}"))  # the digit itself has not gone
    down, _ = stepped(up, new_caret, -1)
    assert float(down) == float(number)


def test_the_tooltip_says_meaning_range_unit_and_default():
    field = Field("Rate", "K/min", 0.0, 0.5, "on this refrigerator", "How fast the set point goes", 0.2)
    assert tooltip(field).split("\n") == [
        "How fast the set point goes",
        "Range: 0 to 0.5 K/min on this refrigerator",
        'Unit: K/min; others such as "0.2 K/min" may be typed',
        "Default: 0.2 K/min",
    ]
    assert "At most 3 K" in tooltip(Field("x", "K", maximum=3))
    assert "Range: any" in tooltip(Field("x", "K"))
    assert "Empty: now" in tooltip(Field("x", "K", empty="now"))
