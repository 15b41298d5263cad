"""What a fit says in words: digits that follow the uncertainty, and for every doubt its sentence and its look."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from coldfinger.gui.pages.fit_words import copy_text, hidden_misfit, misfit, words_of
from coldfinger.gui.pages.live_fit import FitAnswer, fit_run
from coldfinger.gui.pages.number_text import Trust, plain, with_sd
from coldfinger.gui.pages.run_feed import RunFeed
from coldfinger.runfiles.quality import Quality
from tests.gui.run_folders import ramp, scattered

WINDOW = (0.0, 0.7)


def fitted(folder: Path, law=None, window=WINDOW) -> FitAnswer:
    rows = RunFeed(folder).look()
    assert rows is not None
    return fit_run(rows, window, law)


@pytest.mark.parametrize(
    ("value", "sd", "unit", "text"),
    [
        (1.1134e-3, 0.021e-3, "S", "1.113 ± 0.021 mS"),
        (90.31e-6, 1.2e-6, "eV", "90.3 ± 1.2 µeV"),
        (1.0481, 0.061, "K", "1.05 ± 0.06 K"),
        (6453.2, 41.0, "Ω/□", "6.45 ± 0.04 kΩ/□"),
        (-0.8004, 0.0006, "", "−0.8004 ± 0.0006"),
        (3.0, 500.0, "S", "3 ± 500 S"),
        (1.2e-5, math.nan, "S", "12 µS ± ?"),
        (math.nan, math.nan, "S", "–"),
    ],
)
def test_digits_follow_the_uncertainty(value, sd, unit, text):
    assert with_sd(value, sd, unit) == text


def test_limits_have_two_digits_and_no_exponent():
    assert (plain(1.28e-10, "S"), plain(6.05e-6, "S"), plain(math.nan, "S")) == ("130 pS", "6 µS", "–")


def test_a_good_fit_is_within_its_errors_and_says_that_all_is_well(tmp_path):
    answer = fitted(ramp(tmp_path / "a"))
    words = words_of(answer)
    assert (words.state, words.good) == ("fits: failed insulator", True)
    assert {number.trust for number in words.numbers} == {Trust.GOOD}
    assert answer.member is not None
    assert answer.member.fit is not None
    base = answer.member.fit.parameters["sigma_QF"]
    assert abs(base.value - 3e-5) < 4 * base.sd  # the value that the run was made with
    assert words.checks == (("pass", "heating: at a third of the current ρ is the same"),)
    assert any("heating" in line for line in words.systematics)
    T, residual = answer.residuals
    assert len(T) == 60
    assert 0.6 < residual.std() < 1.4


def test_too_few_points_in_the_window_are_counted(tmp_path):
    folder = ramp(tmp_path / "a", rows=5)
    assert words_of(fitted(folder)).state == "needs 8 points in the window (5)"
    whole = ramp(tmp_path / "b", flags={i: int(Quality.PHASE) for i in range(54)})
    words = words_of(fitted(whole))
    assert words.state == "needs 8 points in the window (6)"
    assert words.numbers == ()


def test_what_is_shown_beside_a_fit_that_cannot_be_made_is_struck_out(tmp_path):
    good = fitted(ramp(tmp_path / "a"))
    few = fitted(ramp(tmp_path / "b", rows=5))
    words = words_of(few, good)
    assert not words.good
    assert [number.trust for number in words.numbers] == [Trust.NONE] * 3
    assert words.numbers[0].text == words_of(good).numbers[0].text


def test_a_fit_that_did_not_converge_shows_the_last_good_one(tmp_path):
    good = fitted(ramp(tmp_path / "a"))
    assert good.member is not None
    assert good.measured is not None
    lost = replace(good.measured, remarks=("the fit did not converge",))
    bad = replace(good, member=replace(good.member, measured=lost))
    words = words_of(bad, good)
    assert words.state == "did not converge: showing last good"
    assert {number.trust for number in words.numbers} == {Trust.NONE}
    assert words_of(bad).state == "did not converge"


def test_no_saturation_gives_a_limit_and_never_a_value(tmp_path):
    words = words_of(fitted(ramp(tmp_path / "a", base=0.0, noise=0.01)))
    base = words.numbers[0]
    assert base.trust is Trust.LIMIT
    assert base.text.startswith("< ")
    assert base.text.endswith("(95 %)")
    assert not words.good
    assert "at its bound" in base.words or "consistent with 0 (" in base.words


def test_a_base_within_its_error_is_consistent_with_zero_in_words(tmp_path):
    answers = [words_of(fitted(ramp(tmp_path / f"r{f}", float(f), base=2e-11, noise=0.05))) for f in (1, 2, 3, 4, 5, 6)]
    said = {words.numbers[0].words.split(" (")[0] for words in answers}
    assert "σ_QF consistent with 0" in said or "σ_QF at its bound: 0" in said
    assert all(words.numbers[0].trust is not Trust.GOOD for words in answers)


def test_a_failed_belief_test_strikes_out_what_it_touches(tmp_path):
    answer = fitted(ramp(tmp_path / "a", checks=(("heating", "fail"), ("linearity", "pass"))))
    words = words_of(answer)
    assert words.state == "belief test failed: heating"
    assert [number.trust for number in words.numbers] == [Trust.LIMIT, Trust.NONE, Trust.NONE]
    text = copy_text(answer, words)
    assert "(SIMULATED)" in text
    assert "σ_0 not believed: belief test failed: heating" in text
    assert "belief test fail: heating" in text


def test_the_wrong_law_is_not_called_a_good_fit(tmp_path):
    words = words_of(fitted(ramp(tmp_path / "a"), law="eq2"))
    assert not words.good
    assert any(number.trust is Trust.NONE for number in words.numbers)


def test_without_weights_the_uncertainty_comes_from_the_scatter_and_says_so(tmp_path):
    rows = RunFeed(ramp(tmp_path / "a", noise=3e-3)).look()
    assert rows is not None
    with_weights, without = fit_run(rows, WINDOW, None), fit_run(rows, WINDOW, None, "none")
    assert without.scatter == pytest.approx(3e-3, rel=0.25)  # 60 rows know it to about 10 %
    assert without.measured is not None
    assert without.measured.chi2_nu == pytest.approx(1.0, rel=0.02)
    assert 0.6 < without.own_chi2_nu < 1.5
    words = words_of(without)
    assert (words.state, words.good) == ("fits: failed insulator", True)
    assert "weights none: all rows alike, ± from their scatter (0.00" in words.quality
    assert "weights none" in copy_text(without, words)
    assert "weights σ: each row by its own s.d." in copy_text(with_weights, words_of(with_weights))


def test_without_weights_a_law_that_does_not_hold_is_still_no_good_fit(tmp_path):
    rows = RunFeed(ramp(tmp_path / "a", noise=1e-3)).look()
    assert rows is not None
    words = words_of(fit_run(rows, (0.0, 0.7), "eq2", "none"))
    assert not words.good
    assert "times their own s.d." in words.state
    assert all(number.trust is not Trust.GOOD for number in words.numbers)


def test_rows_that_scatter_more_than_their_own_uncertainty_make_no_good_fit_with_weights_either(tmp_path):
    answer = fitted(scattered(tmp_path / "a"))
    assert answer.measured is not None
    assert answer.measured.chi2_nu > 5
    words = words_of(answer)
    assert not words.good
    assert words.state.startswith("rows scatter ")
    assert {number.trust for number in words.numbers} == {Trust.WEAK}
    assert hidden_misfit(answer) == ""  # its χ²/ν stands there for everybody to see


def test_few_rows_may_scatter_by_chance():
    found = FitAnswer("a", WINDOW, 60, weights="none", own_chi2_nu=2.5)
    assert "rows scatter 1.6 times" in misfit(found)
    assert misfit(replace(found, points=8)) == ""
    assert "rows scatter 2.2 times" in misfit(replace(found, points=8, own_chi2_nu=5.0))


def test_a_fit_of_a_run_without_an_end_says_of_how_many_rows_it_is(tmp_path):
    whole = fitted(ramp(tmp_path / "a", rows=40))
    assert "no end" not in copy_text(whole, words_of(whole))
    growing = replace(whole, outcome="")
    assert "\nof the first 40 rows, the run had no end yet\n" in copy_text(growing, words_of(growing))


def test_a_run_without_a_resistance_says_why_it_cannot_be_fitted(tmp_path):
    rows = RunFeed(ramp(tmp_path / "a")).look()
    assert rows is not None
    without = replace(rows, table=lambda: (_ for _ in ()).throw(ValueError("a: it has no column rho (ohm)")))
    assert words_of(fit_run(without, WINDOW, None)).state == "a: it has no column rho (ohm)"
