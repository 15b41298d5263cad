"""Power laws in field: limits count, errors in both directions count, and the stated errors are honest."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import least_squares

from coldfinger.analysis.across.field_laws import FieldPoints, make_points
from coldfinger.analysis.across.power_law import fit_power_law, range_scan
from coldfinger.analysis.fits.nested import nested_shift

FIELDS = np.array([320.0, 350, 380, 420, 460, 500, 550, 600, 700, 800])


def sigma_points(rng: np.random.Generator, sd: float, relative: float) -> FieldPoints:
    """σ = (H/300)^-4.7 with noise of both kinds; what lies below 1.645 s.d. becomes the limit of its profile."""
    truth = (FIELDS / 300) ** -4.7
    error = np.hypot(sd, relative * truth)
    seen = truth + error * rng.standard_normal(FIELDS.size)
    best = np.maximum(seen, 0.0)
    # chi2(a) - chi2(best) = 2.71 for a Gaussian of mean `seen` whose best is cut at zero.
    upper = seen + np.sqrt(2.71 * error**2 + (best - seen) ** 2)
    limit = seen < 1.645 * error
    points = make_points("sigma_QF", FIELDS, np.where(limit, np.nan, seen), error, upper95=upper)
    return dataclasses.replace(points, best=best)


def assert_honest(pull: np.ndarray) -> None:
    # 400 seeds: mean +-0.05, s.d. +-0.035, coverage +-0.011.
    assert abs(np.mean(pull)) < 0.25, np.mean(pull)
    assert 0.85 < np.std(pull) < 1.15, np.std(pull)
    assert 0.92 <= np.mean(np.abs(pull) < 1.96) <= 0.98


@pytest.mark.parametrize("sd", [0.0, 0.01, 0.03])
def test_exponent_is_honest_with_and_without_limits_among_the_points(sd):
    laws = [fit_power_law(sigma_points(np.random.default_rng(seed), sd, 0.02)) for seed in range(400)]
    assert (np.mean([law.limits for law in laws]) > 0.5) == (sd > 0)
    assert_honest(np.array([(law.exponent + 4.7) / law.exponent_sd for law in laws]))


def test_dropping_the_limits_instead_would_flatten_the_law():
    shifts = []
    for seed in range(200):
        points = sigma_points(np.random.default_rng(seed), 0.03, 0.02)
        dropped = fit_power_law(points.select(points.resolved))
        shifts.append((dropped.exponent - fit_power_law(points).exponent) / dropped.exponent_sd)
    assert np.mean(shifts) > 0.05


def test_errors_of_the_field_widen_the_error_and_the_pull_stays_normal():
    truth, sd_field = 2.0 * FIELDS**0.45, 12.0
    pulls, reported = [], []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        H = FIELDS + sd_field * rng.standard_normal(FIELDS.size)
        q = truth * (1 + 0.004 * rng.standard_normal(FIELDS.size))
        law = fit_power_law(make_points("rho_QF", H, q, 0.004 * truth, sd_field=sd_field))
        pulls.append((law.exponent - 0.45) / law.exponent_sd)
        reported.append(law.exponent_sd)
    assert_honest(np.array(pulls))
    blind = fit_power_law(make_points("rho_QF", FIELDS, truth, 0.004 * truth))
    assert np.mean(reported) > 2 * blind.exponent_sd


def test_exponent_agrees_with_a_fit_that_has_the_true_fields_as_parameters():
    rng = np.random.default_rng(5)
    H = FIELDS + 3 * rng.standard_normal(FIELDS.size)
    q = FIELDS**-4.7 * np.exp(0.02 * rng.standard_normal(FIELDS.size))
    law = fit_power_law(make_points("q", H, q, 0.02 * q, sd_field=3.0))
    x, y, sd_x = np.log(H), np.log(q), 3.0 / H

    def residual(p: np.ndarray) -> np.ndarray:
        return np.concatenate([(p[0] + p[1] * p[2:] - y) / 0.02, (p[2:] - x) / sd_x])

    joint = least_squares(residual, np.concatenate([[0.0, -4.0], x]), xtol=1e-14)
    sd = math.sqrt(np.linalg.inv(joint.jac.T @ joint.jac)[1, 1])
    # Effective variance and the true fields as parameters differ only to second order in the errors.
    assert law.exponent == pytest.approx(joint.x[1], abs=0.05 * law.exponent_sd)
    assert law.exponent_sd == pytest.approx(sd, rel=0.05)


@given(st.floats(-6, 6), st.floats(1e-9, 1e6), st.integers(3, 12))
def test_exact_points_give_the_exact_law_whatever_its_size(exponent, size, count):
    H = np.geomspace(10, 600, count)
    q = size * (H / 100) ** exponent
    law = fit_power_law(make_points("q", H, q, 1e-3 * q))
    assert law.exponent == pytest.approx(exponent, abs=1e-6)
    value, sd = law.predict(100.0)
    assert value == pytest.approx(size, rel=1e-6)
    assert 0 < sd < 2e-3 * value


def test_a_bend_is_noticed_and_the_range_scan_shows_where():
    H = np.geomspace(10, 600, 16)
    q = H**0.45 * (1 + (H / 300) ** 4)
    points = make_points("q", H, q, 1e-3 * q)
    law = fit_power_law(points)
    assert law.sd_scaled
    assert "not one power law" in law.remarks[-1]
    steps = range_scan(points)
    assert (steps[0].H_min, steps[0].H_max) == (law.H_min, law.H_max)
    coldest = min(steps, key=lambda step: step.H_max)
    assert coldest.exponent == pytest.approx(0.45, abs=0.01)


def test_range_scan_of_a_true_power_law_shifts_like_a_normal_variable():
    shifts = []
    for seed in range(150):
        q = FIELDS**-4.7 * (1 + 0.01 * np.random.default_rng(seed).standard_normal(FIELDS.size))
        steps = range_scan(make_points("q", FIELDS, q, 0.01 * FIELDS**-4.7))
        shifts += [step.shift for step in steps[1:]]
    assert len(shifts) == 150 * 12
    assert np.mean(shifts) == pytest.approx(0, abs=0.15)
    assert np.std(shifts) == pytest.approx(1, abs=0.1)


def test_what_is_left_out_is_named():
    points = make_points("q", [0, 100, 200, 250, 300, 400], [1, 2, 4, np.nan, 6, 8], 0.1)
    law = fit_power_law(points, exclude=(290, 310))
    assert law.values == 3
    assert law.remarks[0] == "left out for want of a positive value or a limit: 0, 250 Oe"
    assert "between 290 and 310 Oe" in law.remarks[1]


def test_too_few_points_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match="power law of q: 1 values and 0 limits between 250 and inf Oe"):
        fit_power_law(make_points("q", [100, 200, 300], [1, 2, 3], 0.1), H_min=250)


def test_the_same_points_have_no_shift():
    assert math.isnan(nested_shift(1.0, 0.1, 1.0, 0.1))
    assert nested_shift(1.3, 0.5, 1.0, 0.4) == pytest.approx(1.0)
