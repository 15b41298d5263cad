"""dV/dI: zero bias, critical current, shape and limit, from curves whose truth is known."""

import json
import math

import numpy as np
import pytest

from coldfinger.analysis.differential import SlopeCurve, evaluate_slopes
from coldfinger.analysis.fits.fit_result import Curve
from coldfinger.sim.sample import builtin_sample


def measured(name, field, largest=1e-6, sd=3.0, points=25, seed=0):
    """A loop of the bias 0, up, 0, down, 0 on a simulated film at 50 mK, without self-heating."""
    film, rng = builtin_sample(name, fluctuations=False), np.random.default_rng(seed)
    side = 2e-9 * np.sinh(np.linspace(0, 1, points)[1:] * np.arcsinh(largest / 2e-9))
    bias = np.concatenate([[0.0], side, side[-2::-1], [0.0], -side, -side[-2::-1], [0.0]])
    way = np.sign(np.diff(bias, prepend=0.0))
    step = 1e-12
    slope = (film.voltage(bias + step, 0.05, field) - film.voltage(bias - step, 0.05, field)) / (2 * step)
    noise = sd * rng.standard_normal(bias.size)
    rho = float(film.resistivity(0.05, field))
    nothing = np.zeros(bias.size, dtype=bool)
    errors = np.full(bias.size, sd)
    return SlopeCurve(
        float(field), 0.05, bias, np.asarray(slope) + noise, errors, way, nothing, np.array([rho]), np.array([sd])
    )


@pytest.mark.parametrize(
    ("name", "field", "shape"),
    [
        ("S0", 0, "v-shape"),
        ("S0", 30, "peak"),
        ("S0", 600, "peak"),
        ("S1", 0, "superconducting"),
        ("S1", 30, "v-shape"),
        ("S1", 300, "v-shape"),
        ("S1", 400, "peak"),
        ("S2", 400, "flat"),
    ],
)
def test_the_shape_about_zero_is_that_of_the_regime(name, field, shape):
    assert evaluate_slopes(measured(name, field)).shape == shape


def test_noise_on_a_flat_curve_is_no_shape():
    # Four standard deviations in up to ten ranges: fewer than one in a thousand. Of 100 at most one.
    wrong = [s for s in range(100) if evaluate_slopes(measured("S2", 400, sd=30.0, points=13, seed=s)).shape != "flat"]
    assert len(wrong) <= 1


def test_zero_bias_is_the_resistance_within_its_error():
    found = evaluate_slopes(measured("S1", 100))
    truth = float(builtin_sample("S1", fluctuations=False).resistivity(0.05, 100))
    assert abs(found.zero_bias.value - truth) < 3 * found.zero_bias.sd
    assert found.zero_bias.sd == pytest.approx(3.0 / math.sqrt(3))  # three rows at zero
    assert found.apart < 3


def test_the_critical_current_lies_within_its_bracket():
    found = evaluate_slopes(measured("S1", 0))
    truth = 600e-9 * (1 - (0.05 / 0.4) ** 2) ** 1.5
    assert abs(found.critical_current.value - truth) < 2 * found.critical_current.sd
    assert found.critical_limit == ""


def test_without_resistance_up_to_the_largest_bias_there_is_a_lower_limit():
    found = evaluate_slopes(measured("S2", 0))
    assert math.isnan(found.critical_current.value)
    assert found.critical_limit == "above 1e-06 A: no resistance up to the largest bias"
    assert "the normal state was not reached" in found.normal.doubt


def test_a_film_with_resistance_has_no_critical_current():
    found = evaluate_slopes(measured("S1", 30))
    assert math.isnan(found.critical_current.value)
    assert found.critical_limit.startswith("none: there is resistance at zero bias")


def test_a_limit_that_is_not_reached_is_doubted():
    near = evaluate_slopes(measured("S1", 30, largest=1e-7))
    far = evaluate_slopes(measured("S1", 30, largest=3e-5))
    normal = 6800 * (1 + 0.1 * (30 / 600) ** 1.2)
    assert "still changes" in near.normal.doubt
    assert far.normal.value == pytest.approx(normal, rel=0.01)


def test_zero_bias_is_compared_with_the_curve_of_temperature():
    T = np.geomspace(0.04, 0.7, 30)
    rho = np.asarray(builtin_sample("S1", fluctuations=False).resistivity(T, 100))
    curve = measured("S1", 100)
    assert evaluate_slopes(curve, [Curve(T, rho, np.full(30, 3.0))]).apart < 3
    wrong = evaluate_slopes(curve, [Curve(T, 1.02 * rho, np.full(30, 3.0))])
    assert wrong.compared is not None
    assert wrong.apart > 10


def test_the_numbers_are_plain_json():
    text = json.dumps(evaluate_slopes(measured("S1", 30)).to_json(), allow_nan=False)
    assert json.loads(text)["critical_current"]["value"] is None


def test_too_few_rows_are_refused():
    curve = measured("S1", 30)
    short = SlopeCurve(
        30.0,
        0.05,
        *(a[:4] for a in (curve.bias, curve.slope, curve.sd, curve.direction, curve.heated)),
        curve.ordinary,
        curve.ordinary_sd,
    )
    with pytest.raises(ValueError, match=r"dV/dI at 30 Oe: 4 believed rows; at least 5 are needed"):
        evaluate_slopes(short)


def test_two_points_at_one_temperature_do_not_spoil_the_comparison():
    film = builtin_sample("S1", fluctuations=False)
    T = np.array([0.048, 0.05, 0.05, 0.06])
    rho = np.array([float(film.resistivity(t, 100)) for t in T])
    curve = Curve(T, rho, np.full(T.size, 3.0), np.full(T.size, 1e-5))
    found = evaluate_slopes(measured("S1", 100), [curve])
    assert math.isfinite(found.apart)
    assert found.apart < 3
