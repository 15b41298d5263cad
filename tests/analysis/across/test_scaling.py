"""Crossing and collapse: recovered where a transition is built in, and seen to fail where ρ saturates."""

import math

import numpy as np
import pytest

from coldfinger.analysis.across.scaling import Isotherms, collapse, critical_slopes, isotherm_crossings, isotherms
from coldfinger.analysis.fits.fit import Curve
from coldfinger.sim.sample import builtin_sample

H = np.linspace(220, 400, 19)
COLD_TO_WARM = np.geomspace(0.08, 0.64, 8)
# A transition at 310 Oe and 6.8 kohm/square with z nu = 1.3.
H_C, R_C, Z_NU = 310.0, 6800.0, 1.3
S1 = builtin_sample("S1", fluctuations=False)


def log_rho(T, H, saturates_at=0.0):
    T_eff = np.hypot(T, saturates_at)
    x = (H - H_C) * T_eff ** (-1 / Z_NU)
    return math.log(R_C) + 1.0 * np.arctan(x / 900)


def transition(seed, sd, saturates_at=0.0):
    exact = log_rho(COLD_TO_WARM[:, np.newaxis], H, saturates_at)
    noise = sd * np.random.default_rng(seed).standard_normal(exact.shape)
    return Isotherms(COLD_TO_WARM, H, exact + noise, np.full(exact.shape, sd))


def test_collapse_recovers_a_true_transition_with_honest_errors():
    pulls = []
    for seed in range(100):
        found = collapse(transition(seed, 0.005), T_fit=0.05, degree=5)
        pulls.append(
            [
                (found.H_c - H_C) / found.sd_H_c,
                (found.z_nu - Z_NU) / found.sd_z_nu,
                (found.R_c - R_C) / found.sd_R_c,
            ]
        )
    pull = np.array(pulls)
    # 100 seeds: mean +-0.1, s.d. +-0.07, coverage +-0.022.
    assert np.all(np.abs(pull.mean(axis=0)) < 0.3), pull.mean(axis=0)
    assert np.all((pull.std(axis=0) > 0.8) & (pull.std(axis=0) < 1.2)), pull.std(axis=0)
    coverage = np.mean(np.abs(pull) < 1.96, axis=0)
    assert np.all((coverage >= 0.9) & (coverage <= 1.0)), coverage


def test_true_transition_shows_no_failure_at_low_temperature():
    failures = [collapse(transition(seed, 0.005), T_fit=0.2, degree=5).T_failure for seed in range(40)]
    # Each run ends at the first cold isotherm that fits; the coldest alone misses by chance in 1 % of the cases.
    assert np.mean(np.isnan(failures)) > 0.9


def test_saturation_makes_the_cold_isotherms_miss_the_master_curve():
    found = collapse(transition(1, 0.002, saturates_at=0.12), T_fit=0.2, degree=5)
    assert 0.1 < found.T_failure < 0.25
    rms = [row.rms for row in found.by_isotherm if not row.fitted and row.points]
    assert rms == sorted(rms, reverse=True)
    assert rms[0] > 4 * next(row.rms for row in found.by_isotherm if row.fitted)


def test_slope_at_the_crossing_grows_without_end_only_at_a_true_transition():
    true, avoided = (critical_slopes(transition(2, 0.002, s), H_C) for s in (0.0, 0.15))
    assert np.all(np.abs(true.local_exponent - 1 / Z_NU) < 4 * true.local_sd)
    assert avoided.local_exponent[-1] == pytest.approx(1 / Z_NU, abs=0.15)
    assert avoided.local_exponent[0] < 0.35


def test_all_pairs_of_isotherms_cross_in_one_point_at_a_true_transition():
    pulls = []
    for seed in range(100):
        found = isotherm_crossings(transition(seed, 0.005))
        assert len(found) == 4
        pulls += [(crossing.H - H_C) / crossing.sd_H for crossing in found]
        pulls += [(crossing.R - R_C) / crossing.sd_R for crossing in found]
    assert abs(np.mean(pulls)) < 0.2
    assert 0.8 < np.std(pulls) < 1.2


def test_the_simulated_film_looks_like_a_transition_when_warm_and_fails_when_cold():
    T, rng = np.geomspace(0.05, 0.7, 60), np.random.default_rng(3)
    family = []
    for field in (240, 260, 280, 300, 310, 320, 330, 340, 350, 370):
        rho = np.asarray(S1.resistivity(T, field))
        family.append((field, Curve(T, rho * (1 + 5e-3 * rng.standard_normal(T.size)), 5e-3 * rho)))
    table = isotherms(family, np.geomspace(0.06, 0.6, 8))
    warm = isotherm_crossings(table)[-1]
    assert 300 < warm.H < 317
    found = collapse(table, T_fit=0.3)
    assert found.T_failure > 0.15
    coldest = found.by_isotherm[0]
    assert coldest.probability < 1e-6
    slopes = critical_slopes(table, 310)
    assert slopes.local_exponent[0] < 0.2 < slopes.local_exponent[-1]


def test_isotherms_are_the_curves_own_values_with_less_noise():
    T = np.geomspace(0.05, 0.7, 60)
    rho = 1000 * T**-0.5
    table = isotherms([(200, Curve(T, 2 * rho, 0.02 * rho)), (100, Curve(T, rho, 0.02 * rho))], [0.1, 0.5, 2.0])
    assert table.field.tolist() == [100, 200]
    assert table.log_rho[:2, 0] == pytest.approx(np.log(1000 * np.array([0.1, 0.5]) ** -0.5), abs=1e-9)
    # Parabola through five points: 17/35 of the variance at its centre, if they are even.
    assert table.sd[0, 0] == pytest.approx(0.02 * math.sqrt(17 / 35), rel=0.05)
    assert np.all(np.isnan(table.log_rho[2]))


def test_fields_without_a_crossing_are_refused_in_one_sentence():
    table = transition(0, 0.005)
    above = Isotherms(table.temperature, table.field[12:], table.log_rho[:, 12:], table.sd[:, 12:])
    assert isotherm_crossings(above) == []
    with pytest.raises(ValueError, match="no two isotherms cross"):
        collapse(above, T_fit=0.1)
    with pytest.raises(ValueError, match="at least 8 points of 3 isotherms are needed"):
        collapse(table, T_fit=0.6)
    with pytest.raises(ValueError, match="2 fields and 1 temperatures"):
        isotherms([(1, Curve(table.temperature, table.temperature, 0.1))] * 2, [0.1])
