"""Conditions on results: what can be said, what it means, and what is refused."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.analysis.fits.fit import Curve, fit_eq1
from coldfinger.analysis.laws import failed_insulator
from coldfinger.procedures.plans.conditions import (
    Comparison,
    ConditionError,
    Judgement,
    Quantity,
    evaluate,
    parse_condition,
    value_in,
)
from coldfinger.runfiles.quality import Quality

T = np.geomspace(0.05, 0.7, 40)
RHO = failed_insulator(T, 1e-6, 1e-4, 1.0)


def frame(flags: object = 0) -> pd.DataFrame:
    return pd.DataFrame({"T_sample (K)": T, "rho (ohm)": RHO, "flags": flags})


def test_a_condition_is_read_into_si():
    first, second = parse_condition('rho(T=100 mK) of "first" >= 50 kohm and believed > 0.9')
    assert first == Comparison(Quantity("rho(T)", 0.1, "first"), ">=", 5e4, 'rho(T=100 mK) of "first" >= 50 kohm')
    assert (second.quantity.name, second.sign, second.value) == ("believed", ">", 0.9)
    assert second.quantity.of == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("rho(base) > 2 Mohm", 2e6),
        ("rho_QF<1e3 ohm", 1e3),
        ("sigma_QF <= 1.5 uS", 1.5e-6),
        ("E_a > 90.3 µeV", 90.3e-6 / 8.617333262e-5),
        ("E_a > 500 mK", 0.5),
        ("rows >= 12", 12.0),
        ("believed < 90%", 0.9),
    ],
)
def test_values_are_understood_in_the_units_of_the_field(text, value):
    assert parse_condition(text)[0].value == pytest.approx(value, rel=1e-12)


def test_a_name_may_contain_the_word_and():
    (first, second) = parse_condition("rows of 'up and down' > 1 and rows > 2")
    assert (first.quantity.of, second.quantity.of) == ("up and down", "")


def test_all_comparisons_must_hold_and_the_reason_says_which_does_not():
    values = {"rho(base)": 61e3, "believed": 0.8}
    judgement = evaluate("rho(base) > 50 kohm and believed > 0.9", lambda quantity: values[quantity.name])
    assert not judgement.holds
    assert judgement.reason == "believed > 0.9: it is 0.8"
    judgement = evaluate("rho(base) > 50 kohm and believed > 0.7", lambda quantity: values[quantity.name])
    assert judgement.holds
    assert judgement.reason.startswith("rho(base) > 50 kohm: it is 61 kohm; believed")


def test_what_is_not_known_does_not_hold():
    for text in ("rho(base) > 1 ohm", "rho(base) < 1 ohm"):
        assert evaluate(text, lambda quantity: math.nan) == Judgement(False, f"{text}: not known")


@pytest.mark.parametrize(("sign", "holds"), [("<", False), ("<=", True), (">", False), (">=", True)])
def test_equal_values_satisfy_only_the_signs_that_say_so(sign, holds):
    assert evaluate(f"rows {sign} 3", lambda quantity: 3.0).holds is holds


def test_quantities_of_a_run_come_from_its_believed_rows():
    flags = np.zeros(40, int)
    flags[-1] = int(Quality.OVERLOAD)
    rows = frame(flags)
    rows.loc[39, "rho (ohm)"] = 1e12
    assert value_in(rows, Quantity("rho(max)")) == RHO[:-1].max()
    assert value_in(rows, Quantity("rho(base)")) == pytest.approx(RHO[0], rel=0.01)  # within 10 % in T
    assert value_in(rows, Quantity("rho(T)", 0.3)) == pytest.approx(failed_insulator(0.3, 1e-6, 1e-4, 1.0), rel=0.2)
    assert value_in(rows, Quantity("believed")) == 39 / 40
    assert value_in(rows, Quantity("rows")) == 40


def test_nothing_is_known_where_nothing_was_measured():
    rows = frame()
    assert math.isnan(value_in(rows, Quantity("rho(T)", 3.0)))
    assert math.isnan(value_in(rows.iloc[:0], Quantity("rho(base)")))
    assert math.isnan(value_in(rows.iloc[:0], Quantity("believed")))
    assert math.isnan(value_in(rows, Quantity("E_a")))


def test_parameters_of_the_fit_are_found_under_their_common_name():
    fit = fit_eq1(Curve(T, RHO, 1e-3 * RHO, 1e-4 * T))
    assert value_in(frame(), Quantity("sigma_QF"), fit) == pytest.approx(1e-6, rel=0.01)
    assert value_in(frame(), Quantity("E_a"), fit) == pytest.approx(1.0, rel=0.01)
    assert math.isnan(value_in(frame(), Quantity("rho_QF"), fit))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a comparison"),
        ("rho(base) > 1 kohm and", "is not a comparison"),
        ("rho(base) > 1 kohm or rows > 3", "is not a comparison"),
        ("rows > 3 > 2", "is not a comparison"),
        ("rows == 3", "compares with ==; allowed are <, >, <= and >="),
        ("rho(T=0 K) > 1 ohm", "must be above zero"),
        ("rows > " + "9" * 500, "at most 500 characters"),
        (" and ".join(["rows > 1"] * 9), "at most 8 comparisons"),
        ("E_a > 1 eV", "is not in ueV"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_one_sentence(text, words):
    with pytest.raises(ConditionError) as refused:
        parse_condition(text)
    assert words in str(refused.value)


WORDS = st.sampled_from(["rho(", "base", ")", "of", "'", '"', "and", "<", ">", "=", "5", "kohm", "rows", "E_a", "T="])


@given(st.text(max_size=60) | st.lists(WORDS).map(" ".join))
def test_any_text_is_a_condition_or_is_refused(text):
    refused = ""
    try:
        comparisons = parse_condition(text)
    except ConditionError as error:
        refused = str(error)
    assert refused or comparisons
