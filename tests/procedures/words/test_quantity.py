"""Numbers with units: what is understood, and the one sentence for what is not."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.procedures.words.quantity import KINDS, QuantityError, parse, parse_list, show


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("600 Oe", "field", 0.06),
        ("60 mT", "field", 0.06),
        ("0.06 T", "field", 0.06),
        ("0.6 kG", "field", 0.06),
        ("-30Oe", "field", -0.003),
        ("50 mK", "temperature", 0.05),
        ("0.2 K/min", "temperature rate", 0.2 / 60),
        ("120 Oe/min", "field rate", 2e-4),
        ("10 nF", "capacitance", 1e-8),
        ("1 GΩ", "resistance", 1e9),
        ("1 Gohm", "resistance", 1e9),
        ("6 nV/sqrt(Hz)", "noise density", 6e-9),
        ("6 nV/√Hz", "noise density", 6e-9),
        ("40 fA/sqrt(Hz)", "current noise density", 4e-14),
        ("20 µV", "voltage", 2e-5),
        ("20 uV", "voltage", 2e-5),
        ("1e-9 A", "current", 1e-9),
        ("2 h", "time", 7200.0),
        ("3.6e-15 m**3", "volume", 3.6e-15),
    ],
)
def test_a_number_with_its_unit_is_understood(text, kind, value):
    assert parse(text, kind) == pytest.approx(value, rel=1e-14)


def test_oersted_millitesla_and_tesla_are_one_and_the_same_float():
    assert parse("600 Oe", "field") == parse("60 mT", "field") == parse("0.06 T", "field") == 0.06


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("600", "field: '600' has no unit; write for example \"600 Oe\""),
        (600, 'field: 600 has no unit; write for example "600 Oe"'),
        ("6 Ox", "field: '6 Ox' has the unknown unit 'Ox'"),
        ("6 k", "has the unknown unit 'k'"),
        ("6 K", "field: '6 K' has the wrong dimension; write for example \"600 Oe\""),
        ("five Oe", "is not a field"),
        ("nan Oe", "is not a field"),
        ("1e999 Oe", "is not a finite number"),
        ("0,5 Oe", "unknown unit"),
        (True, "is not a field"),
        (None, "is not a field"),
        ("", "is not a field"),
        ("3 T**9**9**9", "unknown unit"),
        ("1 __import__('os').getpid()", "unknown unit"),
        ("3 (", "unknown unit"),
    ],
)
def test_what_is_not_a_quantity_gets_one_sentence(value, sentence):
    with pytest.raises(QuantityError) as error:
        parse(value, "field", "field")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_misspelt_unit_gets_a_suggestion():
    with pytest.raises(QuantityError, match="did you mean mK"):
        parse("50 mk", "temperature")


def test_examples_of_every_kind_are_right_themselves():
    for kind, (unit, example) in KINDS.items():
        assert math.isfinite(parse(example, kind))
        assert parse(f"1 {unit}", kind) == 1.0


@given(st.text(max_size=30), st.sampled_from(sorted(KINDS)))
def test_any_text_is_a_quantity_or_an_error_of_its_own(text, kind):
    try:
        value = parse(text, kind)
    except QuantityError as error:
        sentence = str(error)
    else:
        assert math.isfinite(value)
        return
    assert "write for example" in sentence or "did you mean" in sentence


def test_a_list_takes_the_unit_that_follows():
    assert parse_list("0, 30, 100 Oe", "field") == pytest.approx([0.0, 3e-3, 1e-2])
    assert parse_list("0 Oe, 3 mT", "field") == pytest.approx([0.0, 3e-3])
    assert parse_list("50 mK", "temperature") == [0.05]


@pytest.mark.parametrize("text", ["0, 30, 100", "", "1,,2 Oe", "1 K, 2 Oe"])
def test_a_list_without_a_unit_is_refused(text):
    with pytest.raises(QuantityError):
        parse_list(text, "field")


@given(st.floats(1e-14, 1e11))
def test_what_is_shown_can_be_read_again(value):
    assert parse(show(value, "resistance"), "resistance") == pytest.approx(value, rel=1e-5)


def test_shown_values_have_the_units_people_use():
    assert show(0.05, "temperature") == "50 mK"
    assert show(0.06, "field") == "600 Oe"
    assert show(2e-4, "field rate") == "120 Oe/min"
    assert show(1e-9, "current") == "1 nA"
    assert show(0.0, "current") == "0 A"
