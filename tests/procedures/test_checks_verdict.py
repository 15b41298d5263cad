"""Belief tests judge numbers: pass, fail and cannot say follow from them and from nothing else."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.procedures.checks.judge import (
    judge_frequency,
    judge_heating,
    judge_leads,
    judge_linearity,
    judge_thermometer,
)
from coldfinger.procedures.checks.schedule import latest, summary
from coldfinger.procedures.checks.verdict import CANNOT_SAY, FAIL, PASS, Change, Look, Verdict, change, outcome_of

CAPACITANCE = 10e-9


def look(current: float = 1e-9, rho: float = 1e4, sd: float = 1.0, frequency: float = 7.0, **other: object) -> Look:
    """A look at a film of one square behind 1 Gohm."""
    x = rho * current
    made = Look(
        current, frequency, current * 1e9, x, 0.0, sd * current, rho, sd, -1.0, CAPACITANCE, True, "", 0.05, 1e-4
    )
    return replace(made, **other)


@pytest.mark.parametrize(
    ("relative", "sd", "outcome"),
    [
        (0.0, 0.001, PASS),
        (0.009, 0.001, PASS),  # significant, and within the tolerance
        (0.011, 0.001, FAIL),
        (-0.5, 0.001, FAIL),
        (0.011, 0.0049, CANNOT_SAY),  # larger than the tolerance, and not sure
        (0.0, 0.006, CANNOT_SAY),  # 2 s.d. do not fit into the tolerance
        (math.nan, 0.001, CANNOT_SAY),
        (0.0, math.inf, CANNOT_SAY),
    ],
)
def test_a_difference_condemns_when_it_is_significant_and_beyond_the_tolerance(relative, sd, outcome):
    assert outcome_of(Change(relative, sd), 0.01) == outcome


@given(st.floats(-0.5, 0.5), st.floats(1e-6, 0.1), st.floats(1e-4, 0.1))
def test_a_worse_measurement_never_turns_a_doubt_into_a_verdict(relative, sd, tolerance):
    before, after = outcome_of(Change(relative, sd), tolerance), outcome_of(Change(relative, 2 * sd), tolerance)
    assert after in (before, CANNOT_SAY)


@given(st.floats(1e3, 1e7), st.floats(-1e-3, 1e-3))
def test_a_steady_drift_cancels_out_of_a_change(rho, drift):
    looks = [look(rho=rho * (1 + i * drift)) for i in range(3)]
    assert change(*looks).relative == pytest.approx(0.0, abs=1e-12)


def test_a_film_without_a_resistivity_is_compared_by_its_signal():
    blind = [replace(look(current), resistivity=math.nan) for current in (1e-9, 0.3e-9, 1e-9)]
    assert change(*blind).of == "signal"
    assert change(*blind).relative == pytest.approx(0.0, abs=1e-12)
    louder = replace(blind[1], x=1.05 * blind[1].x)
    assert judge_linearity(blind[0], louder, blind[2], 0.01).outcome == FAIL


def test_linearity_says_up_to_which_current_the_film_is_linear():
    """rho falls by 9 % from no current to 1 nA as I^2: 1 % of it is reached at a third of a nanoampere."""
    rho = {current: 1e4 * (1 - 0.09 * (current * 1e9) ** 2) for current in (1e-9, 1e-9 / 3)}
    hot, third = (look(current, value) for current, value in rho.items())
    verdict = judge_linearity(hot, third, hot, 0.01)
    assert verdict.outcome == FAIL
    assert verdict.numbers["linear_up_to"] == pytest.approx(1e-9 / 3, rel=0.06)  # relative to rho at 1 nA
    assert "1 nA become 0.333 nA" in verdict.sentence


@given(st.floats(1e3, 1e7), st.floats(-0.1, 0.1))
def test_heating_finds_the_resistivity_at_no_current(rho, k):
    def at(current: float) -> Look:
        return look(current, rho * (1 + k * (current * 1e9) ** 2), sd=1e-4 * rho)

    verdict = judge_heating((at(1e-9),) * 2, (at(0.5e-9),) * 2, at(1e-9 / 3), 0.01, 0.0)
    assert verdict.numbers["resistivity_at_no_current"] == pytest.approx(rho, rel=1e-9)
    assert verdict.numbers["systematic"] == pytest.approx(k * rho, rel=1e-6, abs=1e-9 * rho)
    assert verdict.numbers["follows_I_squared"]
    assert "electron_temperature" not in verdict.numbers


def test_electrons_are_as_warm_as_the_slope_says():
    """rho ~ T^-2: 2 % less of it is 1 % more temperature."""
    cold, hot = 1e4, 1e4 * 1.01**-2
    at = {1.0: hot, 0.5: cold + (hot - cold) / 4, 1 / 3: cold + (hot - cold) / 9}
    full, half, third = (look(share * 1e-9, rho, sd=0.1) for share, rho in at.items())
    verdict = judge_heating((full, full), (half, half), third, 0.01, slope=-2.0)
    assert verdict.numbers["electron_temperature"] == pytest.approx(0.0505, rel=1e-6)
    assert "50.5 mK" in verdict.sentence


def test_heating_that_does_not_follow_the_square_says_so():
    full, half, third = look(1e-9, 1e4), look(0.5e-9, 1.3e4), look(1e-9 / 3, 1.31e4)
    verdict = judge_heating((full, full), (half, half), third, 0.01, 0.0)
    assert not verdict.numbers["follows_I_squared"]
    assert verdict.numbers["resistivity_at_no_current"] == 1.31e4
    assert "does not follow I^2" in verdict.sentence


def test_a_film_that_moves_by_itself_cannot_be_judged():
    looks = [look(rho=rho) for rho in (1e4, 1.02e4, 1.04e4)]
    verdict = judge_linearity(*looks, 0.01)
    assert verdict.outcome == CANNOT_SAY
    assert "moved by +4 %" in verdict.sentence


def test_a_large_difference_outweighs_a_small_drift():
    before, third, after = look(rho=1e4), look(1e-9 / 3, rho=1.6e4), look(rho=1.02e4)
    assert judge_linearity(before, third, after, 0.01).outcome == FAIL


def test_an_overload_forbids_every_verdict():
    bad = look(trouble="overload")
    assert judge_linearity(look(), bad, look(), 0.01).outcome == CANNOT_SAY
    assert judge_frequency(look(), bad, look(), 0.01, CAPACITANCE).outcome == CANNOT_SAY
    assert judge_heating((look(), look()), (look(), bad), look(), 0.01, 0.0).outcome == CANNOT_SAY
    assert judge_leads(bad, -bad.transfer, None, 0j, 1.0, 1e9, 1e3, 0.01).outcome == CANNOT_SAY


def test_a_phase_that_is_the_same_at_both_frequencies_is_not_that_of_capacitances():
    fast = look(phase=-5.0, sd=0.1)
    slow = look(frequency=3.5, phase=-5.0, sd=0.1, capacitance=2 * CAPACITANCE)
    verdict = judge_frequency(fast, slow, fast, 0.01, CAPACITANCE)
    assert verdict.outcome == FAIL
    assert "20 nF at the other: it is not the lines'" in verdict.sentence


def test_longer_lines_than_the_station_says_are_told_and_pass():
    fast, slow = (look(frequency=f, phase=-0.3 * f, capacitance=15e-9) for f in (7.0, 3.5))
    verdict = judge_frequency(fast, slow, fast, 0.01, CAPACITANCE)
    assert verdict.outcome == PASS
    assert "15 nF instead of the station's 10 nF" in verdict.sentence


@pytest.mark.parametrize(
    ("temperatures", "outcome"),
    [
        ((0.0500, 0.0501, 0.0500), PASS),
        ((0.0500, 0.0480, 0.0500), FAIL),
        ((0.0500, 0.0540, 0.0580), CANNOT_SAY),
        ((math.nan, 0.05, 0.05), CANNOT_SAY),
    ],
)
def test_a_sensor_that_reads_colder_with_less_excitation_is_warmed_by_the_bridge(temperatures, outcome):
    before, lower, after = ((T, 1e-4) for T in temperatures)
    verdict = judge_thermometer(before, lower, after, 0.01, "with less")
    assert verdict.outcome == outcome
    assert ("warms its sensor" in verdict.sentence) == (outcome == FAIL)


def test_a_report_shows_the_last_verdict_of_each_test():
    first, second = Verdict("heating", FAIL, "hot"), Verdict("heating", PASS, "cool")
    doubt = Verdict("leads", CANNOT_SAY, "no switch")
    assert latest([first, doubt, second]) == [second, doubt]
    assert summary([first, doubt, second]) == [
        "belief tests: heating pass, leads cannot say",
        "leads: cannot say: no switch",
    ]
    assert summary([]) == []
