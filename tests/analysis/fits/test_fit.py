"""Fits of Eq. 1 and Eq. 2 against known truth: pulls, Cramér-Rao bounds, scipy, limits and bad input."""

import json
import math

import numpy as np
import pytest
from scipy.optimize import curve_fit

from coldfinger.analysis.fits.fit import Curve, Fit, fit_best, fit_eq1, fit_eq2
from coldfinger.analysis.laws import failed_insulator, failed_superconductor
from coldfinger.analysis.network import Network
from coldfinger.sim.sample import builtin_sample

EQ1 = ("sigma_QF", "sigma_0", "E_aI")
EQ2 = ("rho_QF", "rho_0", "E_aS")
# sigma_QF (S), sigma_0 (S), E_aI (K) of the most disordered film at 100, 300 and 500 Oe.
FILM = {100: (7.97e-5, 7.40e-5, 0.381), 300: (3.10e-5, 1.61e-4, 0.590), 500: (9.97e-7, 1.81e-4, 0.455)}
# rho_QF, rho_0 (ohm/square), E_aS (K) of a less disordered film at 30 Oe.
METAL = (2241.0, 16.0e3, 1.498)
S0 = builtin_sample("S0")


def log_points(T_min: float = 0.05, count: int = 50) -> np.ndarray:
    return np.geomspace(T_min, 0.7, count)


def noisy(rho: np.ndarray, relative: float, rng: np.random.Generator) -> np.ndarray:
    return rho * (1 + relative * rng.standard_normal(rho.shape))


def exact(T: np.ndarray, field: float, relative: float) -> Curve:
    rho = np.asarray(S0.resistivity(T, field))
    return Curve(T, rho, relative * rho)


def pulls(fits: list[Fit], truth: tuple[float, float, float], names: tuple[str, ...]) -> np.ndarray:
    rows = [[fit.parameters[name] for name in names] for fit in fits]
    return np.array([[(e.value - t) / e.sd for e, t in zip(row, truth, strict=True)] for row in rows])


def assert_honest(pull: np.ndarray) -> None:
    # 600 curves: mean +-0.04, s.d. +-0.029, coverage +-0.009 (one s.d.).
    assert np.all(np.abs(np.mean(pull, axis=0)) < 0.2), np.mean(pull, axis=0)
    assert np.all(np.abs(np.std(pull, axis=0) - 1) < 0.1), np.std(pull, axis=0)
    coverage = np.mean(np.abs(pull) < 1.96, axis=0)
    assert np.all((coverage > 0.91) & (coverage < 0.98)), coverage


@pytest.mark.parametrize("field", [100, 300, 500])
@pytest.mark.parametrize(("count", "relative"), [(50, 1e-3), (200, 1e-2)])
def test_eq1_recovers_the_truth_within_its_stated_errors(field, count, relative):
    T, rng = log_points(count=count), np.random.default_rng(field + count)
    rho = failed_insulator(T, *FILM[field])
    fits = [fit_eq1(Curve(T, noisy(rho, relative, rng), relative * rho)) for _ in range(600)]
    assert {fit.status for fit in fits} == {"value"}
    assert_honest(pulls(fits, FILM[field], EQ1))
    # 600 curves of 47 degrees of freedom or more: 1 +- 0.008.
    assert np.mean([fit.chi2_nu for fit in fits]) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("relative", [1e-3, 1e-2])
def test_eq2_recovers_the_truth_within_its_stated_errors(relative):
    T, rng = log_points(), np.random.default_rng(2)
    rho = failed_superconductor(T, *METAL)
    fits = [fit_eq2(Curve(T, noisy(rho, relative, rng), relative * rho)) for _ in range(600)]
    assert {fit.status for fit in fits} == {"value"}
    assert_honest(pulls(fits, METAL, EQ2))


@pytest.mark.parametrize(
    ("field", "grid", "percent"),
    [
        (100, np.linspace(0.05, 0.7, 50), (0.047, 0.17, 0.28)),
        (100, log_points(), (0.029, 0.20, 0.25)),
        (300, log_points(), (0.024, 0.11, 0.083)),
        (300, log_points(0.02), (0.020, 0.13, 0.089)),
        (500, np.linspace(0.05, 0.7, 50), (0.071, 0.030, 0.019)),
        (500, log_points(), (0.042, 0.035, 0.017)),
        (500, log_points(0.08), (0.13, 0.037, 0.022)),
    ],
)
def test_stated_errors_are_the_cramer_rao_bounds(field, grid, percent):
    rho = failed_insulator(grid, *FILM[field])
    fit = fit_eq1(Curve(grid, rho, 1e-3 * rho))
    stated = [100 * fit.parameters[name].sd / fit.parameters[name].value for name in EQ1]
    # 10 %: the bounds were printed with two digits.
    assert stated == pytest.approx(percent, rel=0.1)
    assert [fit.parameters[name].value for name in EQ1] == pytest.approx(FILM[field], rel=1e-9)


@pytest.mark.parametrize("field", [100, 300, 500])
def test_fit_agrees_with_scipy(field):
    T, rng = log_points(count=80), np.random.default_rng(5)
    truth = FILM[field]
    rho = noisy(failed_insulator(T, *truth), 0.01, rng)
    fit = fit_eq1(Curve(T, rho, 0.01 * rho))

    def model(T: np.ndarray, ln_base: float, ln_prefactor: float, energy: float) -> np.ndarray:
        return np.log(failed_insulator(T, np.exp(ln_base), np.exp(ln_prefactor), energy))

    start = [math.log(truth[0]), math.log(truth[1]), truth[2]]
    tight = {"ftol": 1e-14, "xtol": 1e-14, "gtol": 1e-14}
    best, covariance = curve_fit(model, T, np.log(rho), p0=start, sigma=np.full(80, 0.01), absolute_sigma=True, **tight)
    assert [fit.parameters[name].value for name in EQ1] == pytest.approx(
        [math.exp(best[0]), math.exp(best[1]), best[2]], rel=1e-6
    )
    # scipy's Jacobian is a finite difference, good to 1e-4 here.
    assert np.sqrt(np.diagonal(fit.covariance)) == pytest.approx(np.sqrt(np.diagonal(covariance)), rel=1e-3)


def test_errors_of_the_thermometer_are_counted():
    """0.2 % of T beside 0.1 % of ρ at 500 Oe, where |d ln ρ/d ln T| reaches 4.6."""
    T, rng, truth = log_points(), np.random.default_rng(8), FILM[500]
    counted, ignored = [], []
    for _ in range(600):
        rho = noisy(failed_insulator(T, *truth), 1e-3, rng)
        read = noisy(T, 2e-3, rng)
        sd = 1e-3 * rho
        counted.append(fit_eq1(Curve(read, rho, sd, 2e-3 * read), T_max=0.75))
        ignored.append(fit_eq1(Curve(read, rho, sd), T_max=0.75))
    assert np.mean([fit.chi2_nu for fit in counted]) == pytest.approx(1.0, abs=0.05)
    assert_honest(pulls(counted, truth, EQ1))
    base = np.array([[fit.parameters["sigma_QF"].value for fit in fits] for fits in (counted, ignored)])
    # Without weights for T the real scatter is larger and the error before scaling far smaller than it.
    quoted = np.mean([fit.parameters["sigma_QF"].sd / math.sqrt(fit.chi2_nu) for fit in ignored])
    assert np.std(base[1]) / np.std(base[0]) > 1.3
    assert np.std(base[1]) / quoted > 2.2
    assert all(fit.sd_scaled for fit in ignored)


def test_errors_are_widened_when_chi_square_asks_for_it():
    T, rng = log_points(), np.random.default_rng(4)
    rho = failed_insulator(T, *FILM[300])
    read = noisy(rho, 0.01, rng)
    honest, boastful = fit_eq1(Curve(T, read, 0.01 * rho)), fit_eq1(Curve(T, read, 0.002 * rho))
    assert not honest.sd_scaled
    assert boastful.sd_scaled
    assert boastful.chi2_nu == pytest.approx(25 * honest.chi2_nu, rel=1e-6)
    assert boastful.parameters["E_aI"].sd == pytest.approx(
        honest.parameters["E_aI"].sd * math.sqrt(honest.chi2_nu), rel=1e-6
    )
    assert any(remark.startswith("reduced chi-square") for remark in boastful.remarks)


@pytest.mark.parametrize(("T_min", "limit"), [(0.05, 3.6e-10), (0.06, 2.5e-9), (0.08, 1.7e-8), (0.1, 4.7e-8)])
def test_an_insulator_gets_an_upper_limit_not_a_value(T_min, limit):
    """600 Oe, truth zero, 1 % noise, 50 points: limit about 0.02 of the conductivity at the coldest point."""
    T, rng = log_points(T_min), np.random.default_rng(6)
    rho = np.asarray(S0.resistivity(T, 600.0))
    fits = [fit_eq1(Curve(T, noisy(rho, 0.01, rng), 0.01 * rho)) for _ in range(40)]
    uppers = [fit.parameters["sigma_QF"].upper95 for fit in fits if fit.status != "value"]
    assert len(uppers) >= 38
    assert limit / 1.5 < np.median(uppers) < limit * 1.5
    fit = fit_eq1(exact(T, 600.0, 0.01))
    assert fit.status == "limit"
    assert math.isnan(fit.parameters["sigma_QF"].value)
    assert fit.parameters["E_aI"].value == pytest.approx(0.45, rel=1e-3)


def test_limits_cover_the_truth_in_95_of_100():
    """590 Oe, truth 7.5e-9 S, from 80 mK with 1 % noise: not detectable."""
    T, rng, truth = log_points(0.08), np.random.default_rng(9), 7.5e-9
    rho = np.asarray(S0.resistivity(T, 590.0))
    bases = [fit_eq1(Curve(T, noisy(rho, 0.01, rng), 0.01 * rho)).parameters["sigma_QF"] for _ in range(150)]
    above = [base.value + 1.645 * base.sd if base.upper95 is None else base.upper95 for base in bases]
    # 95 % +- 1.8 % (one s.d. of 150 curves).
    assert 0.89 < np.mean(np.array(above) > truth) <= 1.0


@pytest.mark.parametrize(
    ("field", "T_min", "status", "detection"),
    [
        (590, 0.06, "value", 41),
        (590, 0.08, "limit", 0.9),
        (550, 0.1, "value", 24),
        (550, 0.05, "value", 3e4),
    ],
)
def test_detection_of_a_small_saturation(field, T_min, status, detection):
    fit = fit_eq1(exact(log_points(T_min), float(field), 0.01))
    assert fit.status == status
    assert fit.detection == pytest.approx(detection, rel=0.15)


def test_weak_detection_gives_value_and_limit():
    fit = fit_eq1(exact(log_points(0.072), 590.0, 0.01))
    base = fit.parameters["sigma_QF"]
    assert fit.status == "weak"
    assert 2.71 < fit.detection < 9
    assert base.upper95 is not None
    assert base.value + base.sd < base.upper95 < base.value + 2.5 * base.sd


def test_no_limit_below_the_uncertainty_of_the_loading():
    curve = exact(log_points(), 600.0, 0.01)
    assert fit_eq1(curve, loading=2e-7).parameters["sigma_QF"].upper95 == pytest.approx(2e-8)
    wide = fit_eq1(curve, loading=2e-7, loading_uncertainty=0.3)
    assert wide.parameters["sigma_QF"].upper95 == pytest.approx(6e-8)


def test_a_saturation_within_the_uncertainty_of_the_loading_is_no_value():
    curve = exact(log_points(0.05), 590.0, 0.01)
    assert fit_eq1(curve).status == "value"
    fit = fit_eq1(curve, loading=2e-7)
    assert (fit.status, fit.parameters["sigma_QF"].upper95) == ("limit", pytest.approx(2e-8))
    assert any("input loading" in remark for remark in fit.remarks)


def test_uncorrected_loading_makes_a_false_saturation_and_inversion_removes_it():
    """1/σ_QF of the most disordered film from X alone and from X and Y, 50 mK to 0.7 K."""
    network, T = Network(), log_points(count=60)
    truths = {400: 101.2e3, 450: 262e3, 500: 1.003e6, 550: 7.20e6, 600: None}
    apparent = {400: 99.0e3, 450: 245e3, 500: 816e3, 550: 2.31e6, 600: 1.6e6}
    for field, truth in truths.items():
        naive, undone = [], []
        for rho in np.asarray(S0.resistivity(T, float(field))):
            current, frequency = (1, 7.0) if rho < 50e3 else (0.3, 1.7) if rho < 300e3 else (0.1, 0.7)
            reading = network.transfer(float(rho), frequency) * current
            naive.append(network.invert_in_phase_only(reading.real, current))
            undone.append(network.invert(reading.real, reading.imag, current, frequency).resistivity)
        found = np.isfinite(undone)
        wrong = fit_eq1(Curve(T, np.array(naive), 1e-3 * np.array(naive)))
        right = fit_eq1(
            Curve(T[found], np.array(undone)[found], 1e-3 * np.array(undone)[found]),
            loading=network.loading_conductance(),
        )
        assert wrong.status == "value"
        # The false value depends on the weights given to points that follow no law.
        assert 1 / wrong.parameters["sigma_QF"].value == pytest.approx(
            apparent[field], rel=0.01 if field <= 500 else 0.1
        )
        if truth is None:
            assert right.status == "limit"
            assert right.parameters["sigma_QF"].upper95 < 5e-8
        else:
            assert 1 / right.parameters["sigma_QF"].value == pytest.approx(truth, rel=2e-3)


@pytest.mark.parametrize(
    ("film", "field", "law"),
    [("S0", 0, "eq2"), ("S0", 30, "eq1"), ("S0", 300, "eq1"), ("S1", 300, "eq2"), ("S1", 350, "eq1")],
)
def test_the_law_is_chosen_by_the_sign_of_the_slope(film, field, law):
    T = log_points()
    rho = np.asarray(builtin_sample(film).resistivity(T, float(field)))
    fit = fit_best(Curve(T, noisy(rho, 0.01, np.random.default_rng(1)), 0.01 * rho))
    assert fit.law == law
    assert any(remark.startswith("BIC: " + law) for remark in fit.remarks)
    assert fit.parameters[(EQ1 if law == "eq1" else EQ2)[1]].value > 0


def test_a_law_of_the_wrong_side_finds_no_activated_part():
    T = log_points()
    rho = failed_superconductor(T, *METAL)
    fit = fit_eq1(Curve(T, rho, 0.01 * rho))
    assert fit.parameters["sigma_0"].value == 0
    assert math.isnan(fit.parameters["E_aI"].value)
    assert "no activated part: sigma_0 would be negative" in fit.remarks
    assert np.ptp(fit.predict(T)) == 0


def test_a_flat_curve_has_a_base_and_an_insignificant_slope():
    rng, T = np.random.default_rng(3), log_points()
    fit = fit_best(Curve(T, noisy(np.full(50, 7400.0), 0.01, rng), np.full(50, 74.0)))
    base = next(iter(fit.parameters.values()))
    ohm = base.value if fit.law == "eq2" else 1 / base.value
    assert ohm == pytest.approx(7400, rel=0.02)
    assert "the sign of dρ/dT is not significant" in fit.remarks


def test_resistance_near_zero_is_fitted_in_ohm():
    """R of 0.3 ohm under noise of 0.8 ohm: many points are negative, the fit is unbiased."""
    T, rng, truth = log_points(count=100), np.random.default_rng(12), (0.3, 16e3, 1.5)
    rho = failed_superconductor(T, *truth)
    sd = np.hypot(0.8, 1e-3 * rho)
    fits = [fit_eq2(Curve(T, rho + sd * rng.standard_normal(100), sd)) for _ in range(100)]
    assert all("residuals in ρ" in " ".join(fit.remarks) for fit in fits)
    energy = np.array([(f.parameters["E_aS"].value - 1.5) / f.parameters["E_aS"].sd for f in fits])
    assert abs(np.mean(energy)) < 0.3
    assert np.std(energy) == pytest.approx(1, abs=0.25)
    assert fits[0].chi2_nu == pytest.approx(1, abs=0.5)


def test_without_any_resistance_the_base_is_a_limit():
    T, rng = log_points(), np.random.default_rng(13)
    rho = failed_superconductor(T, 0.0, 16e3, 1.5)
    sd = np.hypot(0.8, 1e-3 * rho)
    fit = fit_eq2(Curve(T, rho + sd * rng.standard_normal(50), sd))
    assert fit.status in ("limit", "weak")
    # 0.8 ohm averaged over some thirty cold points.
    assert 0.05 < fit.parameters["rho_QF"].upper95 < 1.0


def test_noise_around_zero_is_fitted_by_eq2_alone():
    T, rng = log_points(), np.random.default_rng(14)
    curve = Curve(T, 0.8 * rng.standard_normal(50), np.full(50, 0.8))
    fit = fit_best(curve)
    assert (fit.law, fit.status) == ("eq2", "limit")
    assert fit.parameters["rho_QF"].upper95 < 1.0
    with pytest.raises(ValueError, match=r"^fit: the resistance is nowhere above its noise; Eq\. 1 needs one"):
        fit_eq1(curve)


@pytest.mark.parametrize("seed", range(5))
def test_a_superconducting_transition_follows_neither_law_and_the_fit_says_so(seed):
    T, rng = log_points(), np.random.default_rng(seed)
    rho = np.asarray(builtin_sample("S1").resistivity(T, 0.0))
    sd = np.hypot(0.8, 1e-3 * rho)
    fit = fit_best(Curve(T, rho + sd * rng.standard_normal(50), sd))
    assert fit.law == "eq2"
    assert fit.status != "value"
    assert fit.chi2_nu > 100
    assert fit.sd_scaled


def test_prediction_is_the_law_and_json_is_the_stored_form():
    T = log_points()
    fit = fit_eq1(exact(T, 300.0, 0.01))
    assert fit.predict(T) == pytest.approx(np.asarray(S0.resistivity(T, 300.0)), rel=1e-6)
    stored = json.loads(json.dumps(fit.to_json(), allow_nan=False))
    assert list(stored) == ["law", "status", "T_min_K", "T_max_K", "n", "chi2_nu", *EQ1]
    assert stored["sigma_QF"] == {
        "value": fit.parameters["sigma_QF"].value,
        "sd": fit.parameters["sigma_QF"].sd,
        "upper95": None,
    }
    assert (stored["T_min_K"], stored["n"]) == (pytest.approx(0.05), 50)
    limit = fit_eq1(exact(T, 600.0, 0.01)).to_json()["sigma_QF"]
    assert limit["value"] is None
    assert limit["upper95"] > 0


def test_the_window_leaves_warm_points_out():
    T = np.linspace(0.05, 1.1, 80)
    curve = exact(T, 300.0, 1e-3)
    fit = fit_eq1(curve)
    assert fit.n == np.count_nonzero(T <= 0.7)
    assert fit.T_max <= 0.7
    assert fit.chi2_nu < 1e-6
    assert fit_eq1(curve, T_max=1.1).chi2_nu > 1


def test_points_that_are_not_numbers_are_refused_and_counted():
    T, rho = log_points(), np.full(50, 1e4)
    rho[[3, 7]] = np.nan
    with pytest.raises(ValueError, match=r"^curve: 2 of 50 points are not finite; leave them out$"):
        fit_eq1(Curve(T, rho, 1.0))


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match=r"^fit: 4 points at or below 0\.7 K; at least 5 are needed$"):
        fit_eq2(Curve([0.1, 0.2, 0.3, 0.4, 0.8], np.full(5, 1e4), 1.0))


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        (lambda: Curve([0.1, 0.2], [1.0], 1.0), "2 temperatures and 1 resistivities"),
        (lambda: Curve([0.1, 0.2], [1.0, 2.0], [1.0, 1.0, 1.0]), "3 values of sd_resistivity for 2 points"),
        (lambda: Curve([[0.1]], [[1.0]], 1.0), r"array of shape \(1, 1\)"),
    ],
)
def test_arrays_that_do_not_match_are_refused(curve, message):
    with pytest.raises(ValueError, match=message):
        curve()


def test_a_curve_without_uncertainty_or_below_zero_kelvin_is_refused():
    T = log_points()
    with pytest.raises(ValueError, match="standard deviation is zero or negative"):
        fit_eq1(Curve(T, np.full(50, 1e4), 0.0))
    with pytest.raises(ValueError, match=r"lowest temperature is -0\.05 K; it must be above 0 K"):
        fit_eq1(Curve(-T[::-1] + 0.65, np.full(50, 1e4), 1.0))
