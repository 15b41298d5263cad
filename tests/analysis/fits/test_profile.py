"""Profile intervals against MINUIT's own and against coverage; windows; spikes."""

import math

import numpy as np
import pytest
from iminuit import Minuit

from coldfinger.analysis.fits.fit import Curve, fit_eq1
from coldfinger.analysis.fits.profile import fit_robust, profile_intervals, window_scan
from coldfinger.analysis.laws import failed_insulator, failed_superconductor
from coldfinger.sim.sample import builtin_sample

S0 = builtin_sample("S0", fluctuations=False)
T = np.geomspace(0.05, 0.7, 50)
WARM = np.geomspace(0.1, 0.7, 40)
EQ1, EQ2 = ("sigma_QF", "sigma_0", "E_aI"), ("rho_QF", "rho_0", "E_aS")


def noisy(T, rho, relative, seed):
    return Curve(T, rho * (1 + relative * np.random.default_rng(seed).standard_normal(T.size)), relative * rho)


@pytest.mark.parametrize(
    ("law", "T_min", "truth", "relative"),
    [
        ("eq1", 0.05, (7.97e-5, 7.40e-5, 0.381), 0.01),
        ("eq1", 0.1, (1.39e-7, 1.80e-4, 0.451), 0.01),
        ("eq2", 0.05, (5262.0, 5524.0, 1.40), 0.01),
        ("eq2", 0.05, (6453.0, 1860.0, 1.275), 0.01),
    ],
)
def test_intervals_are_those_of_minos(law, T_min, truth, relative):
    points = np.geomspace(T_min, 0.7, 50)
    model = failed_insulator if law == "eq1" else failed_superconductor
    curve = noisy(points, model(points, *truth), relative, 11)
    found = profile_intervals(curve, law)

    def chi2(base, ln_b, energy):
        rho = model(points, base * truth[0], np.exp(ln_b), energy)
        return float(
            np.sum(((np.log(rho) - np.log(curve.resistivity)) * curve.resistivity / curve.sd_resistivity) ** 2)
        )

    minuit = Minuit(chi2, 1.0, math.log(truth[1]), truth[2])
    minuit.errordef, minuit.strategy = 1.0, 2
    minuit.migrad()
    minuit.minos(cl=0.95)
    for name, key in zip(found, ("base", "ln_b", "energy"), strict=True):
        error, value = minuit.merrors[key], minuit.values[key]
        low, high = value + error.lower, value + error.upper
        if key == "base":
            low, high = low * truth[0], high * truth[0]
        if key == "ln_b":
            low, high = math.exp(low), math.exp(high)
        width = high - low
        assert found[name].low == pytest.approx(low, abs=0.01 * width), name
        assert found[name].high == pytest.approx(high, abs=0.01 * width), name


@pytest.mark.parametrize("field", [500, 550])
def test_intervals_cover_the_truth_also_where_the_base_is_hardly_seen(field):
    truth = S0.truth(field).parameters
    rho = np.asarray(S0.resistivity(WARM, field))
    inside = dict.fromkeys(EQ1, 0)
    for seed in range(160):
        found = profile_intervals(noisy(WARM, rho, 0.03, seed), "eq1")
        for name in EQ1:
            inside[name] += found[name].low <= truth[name] <= found[name].high
    # 160 curves: +-0.017.
    assert all(0.91 <= count / 160 <= 0.99 for count in inside.values()), inside


def test_an_insulator_has_an_interval_that_reaches_zero():
    found = profile_intervals(noisy(T, np.asarray(S0.resistivity(T, 600)), 0.01, 2), "eq1")["sigma_QF"]
    assert found.low == 0
    assert not found.closed
    assert 0 < found.high < 1e-9


def test_errors_that_are_too_small_widen_the_interval_as_they_widen_the_fit():
    rho = np.asarray(S0.resistivity(T, 300))
    curve = noisy(T, rho, 0.01, 4)
    boasting = Curve(T, curve.resistivity, curve.sd_resistivity / 5)
    honest, widened = (profile_intervals(c, "eq1")["E_aI"] for c in (curve, boasting))
    reduced = fit_eq1(curve).chi2_nu
    assert widened.high - widened.low == pytest.approx((honest.high - honest.low) * math.sqrt(reduced), rel=0.02)


def test_a_level_that_is_none_is_refused():
    with pytest.raises(ValueError, match="level 95; it must lie between 0 and 1"):
        profile_intervals(noisy(T, 1 + T, 0.01, 0), "eq2", level=95)


def test_windows_of_a_true_law_shift_like_normal_variables():
    rho, shifts = np.asarray(S0.resistivity(T, 300)), []
    for seed in range(60):
        steps = window_scan(noisy(T, rho, 0.01, seed), "eq1", T_max=(0.4, 0.5, 0.7), T_min=(0.05, 0.08))
        assert len(steps) == 6
        shifts += [step.shift["E_aI"] for step in steps[1:]]
    assert np.mean(shifts) == pytest.approx(0, abs=0.25)
    assert np.std(shifts) == pytest.approx(1, abs=0.2)


def test_windows_show_where_the_law_ends():
    points = np.geomspace(0.05, 1.2, 80)
    # The film of the simulator leaves Eq. 1 above 0.8 K.
    curve = noisy(points, np.asarray(S0.resistivity(points, 300)), 3e-3, 1)
    steps = window_scan(curve, "eq1", T_max=(0.6, 0.7, 1.2, 1.15))
    assert steps[0].fit.T_max == pytest.approx(1.2)
    assert abs(next(s for s in steps if s.fit.T_max < 0.65).shift["E_aI"]) > 5


def test_windows_with_the_same_points_are_one():
    curve = noisy(T, np.asarray(S0.resistivity(T, 300)), 0.01, 0)
    assert len(window_scan(curve, "eq1", T_max=(0.7, 0.9, 1.1))) == 1


def test_spikes_are_left_out_and_named_and_the_rest_is_fitted_as_if_they_had_not_been():
    clean = noisy(T, np.asarray(S0.resistivity(T, 300)), 3e-3, 5)
    rho = clean.resistivity.copy()
    rho[[3, 20, 41]] *= (1.4, 0.5, 3.0)
    found = fit_robust(Curve(T, rho, clean.sd_resistivity))
    assert np.flatnonzero(~found.kept).tolist() == [3, 20, 41]
    assert found.fit.law == "eq1"
    kept = np.delete(np.arange(T.size), [3, 20, 41])
    plain = fit_eq1(Curve(T[kept], clean.resistivity[kept], clean.sd_resistivity[kept]))
    assert found.fit.parameters["E_aI"].value == pytest.approx(plain.parameters["E_aI"].value, rel=1e-9)
    said = found.fit.remarks[-1]
    assert said.startswith("robust: 3 of 50 points left out as spikes beyond")
    assert said.endswith("at 0.05877, 0.1468, 0.455 K")


def test_a_curve_without_spikes_keeps_its_points():
    rho = np.asarray(S0.resistivity(T, 300))
    lost = [not fit_robust(noisy(T, rho, 0.01, seed), "eq1").kept.all() for seed in range(100)]
    # One in a hundred is the stated rate.
    assert sum(lost) <= 4
    said = fit_robust(noisy(T, rho, 0.01, 0), "eq1").fit.remarks[-1]
    assert said.startswith("robust: no spike among 50 points")


def test_scatter_of_all_points_is_not_taken_for_spikes():
    rho = np.asarray(S0.resistivity(T, 300))
    curve = noisy(T, rho, 0.01, 6)
    found = fit_robust(Curve(T, curve.resistivity, curve.sd_resistivity / 10), "eq1")
    assert found.kept.all()
    assert "the points scatter by" in found.fit.remarks[-1]


def test_points_that_follow_no_curve_are_not_called_spikes():
    rho = noisy(T, np.asarray(S0.resistivity(T, 300)), 1e-3, 7).resistivity
    rho[2::8] *= 2
    rho[4::8] /= 2
    with pytest.raises(ValueError, match="these are not spikes"):
        fit_robust(Curve(T, rho, 1e-3 * rho), "eq1")
