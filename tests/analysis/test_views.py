"""A law is a straight line on its own axes and on no other; slopes give back the law's numbers."""

import numpy as np
import pytest

from coldfinger.analysis.fits.fit import Curve
from coldfinger.analysis.laws import arrhenius, efros_shklovskii, log_conductivity, log_resistivity, mott_2d
from coldfinger.analysis.views import views
from coldfinger.sim.sample import builtin_sample

T = np.geomspace(0.05, 0.7, 50)
LAWS = {
    "arrhenius": arrhenius(T, 5000, 0.4),
    "efros_shklovskii": efros_shklovskii(T, 3000, 1.5),
    "mott_2d": mott_2d(T, 2000, 4.0),
    "log_resistivity": log_resistivity(T, 5500, 1700),
    "log_conductivity": log_conductivity(T, 1.6e-4, 4e-5),
}
SCALES = {"arrhenius": 0.4, "efros_shklovskii": 1.5, "mott_2d": 4.0}


def noisy(rho, relative, seed, sd_T=0.0):
    rng = np.random.default_rng(seed)
    return Curve(T, rho * (1 + relative * rng.standard_normal(T.size)), relative * rho, sd_T * T)


@pytest.mark.parametrize("law", list(LAWS))
def test_a_law_is_straight_on_its_own_axes_alone(law):
    found = views(noisy(LAWS[law], 5e-3, 1))
    assert min(found.values(), key=lambda view: view.bic).law == law
    assert found[law].against_eq1 < 0
    assert found[law].probability > 1e-3
    assert abs(found[law].curvature_significance) < 3.5
    assert found[law].doubt == ""
    assert all(view.bic > found[law].bic + 10 for name, view in found.items() if name != law)
    assert all("not straight" in view.doubt for name, view in found.items() if name != law)


@pytest.mark.parametrize("law", list(SCALES))
def test_the_slope_gives_back_the_energy_with_honest_errors(law):
    pull = []
    for seed in range(80):
        view = views(noisy(LAWS[law], 0.01, seed))[law]
        pull.append((view.scale - SCALES[law]) / view.scale_sd)
    # 80 curves: mean +-0.11, s.d. +-0.08.
    assert abs(np.mean(pull)) < 0.35
    assert 0.75 < np.std(pull) < 1.25


def test_a_saturating_curve_is_straight_nowhere_and_eq1_wins():
    rho = np.asarray(builtin_sample("S0", fluctuations=False).resistivity(T, 300))
    assert all(view.against_eq1 > 300 and "not straight" in view.doubt for view in views(noisy(rho, 0.01, 2)).values())


def test_log_film_is_straight_against_ln_t():
    rho = np.asarray(builtin_sample("S2", fluctuations=False).resistivity(T, 600))
    view = views(noisy(rho, 0.01, 3))["log_resistivity"]
    # -d rho/d ln T of the film at 600 Oe is 0.30 R_N.
    assert view.slope == pytest.approx(-1716, abs=4 * view.slope_sd)
    assert view.against_eq1 < -50


def test_errors_of_the_temperature_count_along_the_line():
    sharp, blurred = (views(noisy(LAWS["arrhenius"], 0.01, 4, sd_T))["arrhenius"] for sd_T in (0.0, 0.01))
    # d ln rho/d ln T is 8 at the coldest point.
    assert blurred.sd[0] == pytest.approx(np.hypot(0.01, 8 * 0.01), rel=0.1)
    assert blurred.slope_sd > 2 * sharp.slope_sd


def test_a_metal_is_not_an_insulator_however_straight():
    view = views(noisy(1000 + 300 * np.log(T / 0.01), 0.01, 5))["log_resistivity"]
    assert view.doubt == "ρ does not fall on warming: not a law of an insulator"


def test_points_without_resistance_are_left_out_and_that_is_said():
    rho = np.where(T < 0.1, -1.0, 1000 * T)
    assert "points without a resistance left out" in views(Curve(T, rho, 10.0))["arrhenius"].doubt
    with pytest.raises(ValueError, match="views: 2 points with a resistance above zero"):
        views(Curve(T, np.where(T < 0.65, -1.0, 1000 * T), 10.0))
