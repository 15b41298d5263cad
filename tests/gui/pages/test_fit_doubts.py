"""Every reason not to lean on a number of a fit makes it look so, whichever way the analysis says it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QWidget

from coldfinger.analysis.fits.fit_result import Estimate, Fit
from coldfinger.gui.pages.fit_numbers import FitNumbers
from coldfinger.gui.pages.fit_words import FitWords, words_of
from coldfinger.gui.pages.live_fit import FitAnswer, fit_run
from coldfinger.gui.pages.number_text import Trust
from coldfinger.gui.pages.run_feed import RunFeed, RunRows
from tests.gui.run_folders import ramp


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> RunRows:
    """60 rows from 0.7 to 0.05 K, evenly in ln T."""
    rows = RunFeed(ramp(tmp_path_factory.mktemp("data") / "a")).look()
    assert rows is not None
    return rows


@pytest.fixture(scope="module")
def good(rows: RunRows) -> FitAnswer:
    """A fit of which every number may be believed."""
    return fit_run(rows, (0.0, 0.7), None)


def test_rows_above_and_below_the_window_are_not_counted(rows: RunRows) -> None:
    for window in ((0.0, 0.055), (0.64, 1.0)):
        assert words_of(fit_run(rows, window, None)).state == "needs 8 points in the window (3)"


def said(good: FitAnswer, change: Callable[[Fit], Fit], saturation: str = "seen") -> FitWords:
    """The words for the fit as it would be with something against it."""
    member = good.member
    assert member is not None
    assert member.fit is not None
    fit = change(member.fit)
    return words_of(replace(good, member=replace(member, fit=fit, measured=fit, saturation=saturation)))  # type: ignore[arg-type]


def test_a_number_at_the_end_of_its_range_is_struck_out(good: FitAnswer) -> None:
    for place, name in ((0, "sigma_QF"), (2, "E_aI")):
        words = said(good, lambda fit, name=name: replace(fit, remarks=(f"{name} is at the end of its range: no",)))  # type: ignore[misc]
        assert words.numbers[place].trust is Trust.NONE
        assert "at its bound" in words.state
        assert [number.trust for number in words.numbers].count(Trust.GOOD) == 2


def test_an_energy_that_is_hardly_known_is_weak(good: FitAnswer) -> None:
    def unsure(fit: Fit) -> Fit:
        energy = fit.parameters["E_aI"]
        return replace(fit, parameters=fit.parameters | {"E_aI": replace(energy, sd=0.4 * energy.value)})

    words = said(good, unsure)
    assert (words.numbers[2].trust, words.state) == (Trust.WEAK, "E_aI known to 40% only")


def test_a_base_that_is_weakly_seen_says_how_weakly_and_its_limit(good: FitAnswer) -> None:
    def weak(fit: Fit) -> Fit:
        base = Estimate(fit.parameters["sigma_QF"].value, fit.parameters["sigma_QF"].sd, 6.05e-5)
        return replace(fit, status="weak", detection=4.0, parameters=fit.parameters | {"sigma_QF": base})

    words = said(good, weak, "weak")
    assert (words.numbers[0].trust, words.state) == (Trust.WEAK, "σ_QF weakly seen (2.0 σ), < 60 µS (95 %)")


def test_a_base_that_another_law_needs_not_is_weak_and_the_law_is_named(good: FitAnswer) -> None:
    words = said(good, lambda fit: fit, "other law")
    assert words.numbers[0].trust is Trust.WEAK
    assert "describes the curve better than Eq. 1" in words.state


def test_a_limit_that_a_systematic_error_makes_names_the_largest_one(good: FitAnswer) -> None:
    def limited(fit: Fit) -> Fit:
        base = Estimate(float("nan"), float("nan"), 6.05e-5)
        return replace(fit, status="limit", detection=9.0, parameters=fit.parameters | {"sigma_QF": base})

    assert good.member is not None
    parts = {"sigma_QF": {"calibration": 1e-6, "heating": 5e-6}}
    words = said(replace(good, member=replace(good.member, systematics=parts)), limited, "limit")
    assert (words.numbers[0].text, words.numbers[0].trust) == ("< 60 µS (95 %)", Trust.LIMIT)
    assert words.state == "σ_QF no larger than what heating may make of it (5 µS)"


def test_the_numbers_are_those_of_the_fit_in_the_units_that_stand_beside_them(good: FitAnswer) -> None:
    fit, words = good.measured, words_of(good)
    assert fit is not None
    energy = fit.parameters["E_aI"].value
    micro, kelvin = words.numbers[2].text.split("\n")
    assert float(micro.split()[0]) == pytest.approx(86.17333262 * energy, rel=0.02)  # as many digits as its s.d. has
    assert float(kelvin.strip("(").split()[0]) == pytest.approx(1e3 * energy, rel=0.02)
    assert (micro[-4:], kelvin[-4:]) == (" µeV", " mK)")
    assert f"χ²/ν {fit.chi2_nu:.2f}   n 60   T 0.05–0.7 K" in words.quality
    a, b, both = fit.covariance[0, 0], fit.covariance[2, 2], fit.covariance[0, 2]
    assert f"correlation of σ_QF and E_aI {both / (a * b) ** 0.5:.2f}" in words.quality.replace("−", "-")


def test_numbers_without_a_belief_test_say_that_none_was_made(good: FitAnswer, qtbot: QtBot) -> None:
    around = QWidget()
    qtbot.addWidget(around)
    shown = FitNumbers(lambda: None, around)
    for checks, is_said in ((words_of(good).checks, False), ((), True)):
        shown.show_words(replace(words_of(good), checks=checks), is_old=False)
        assert ("no belief test was made" in shown.more.text()) is is_said
