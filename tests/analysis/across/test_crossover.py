"""The avoided transition of the simulated film, from noisy families: exponents, H*, R*, the drop of E_a."""

import math

import numpy as np
import pytest

from coldfinger.analysis.across.crossover import (
    energy_drop,
    field_crossing,
    monotonicity,
    peak,
    plateau,
    power_law_crossing,
)
from coldfinger.analysis.across.field_laws import Fits, family_table, field_points, fit_family, make_points
from coldfinger.analysis.across.power_law import fit_power_law
from coldfinger.analysis.fits.fit import Curve, fit_eq1, fit_eq2
from coldfinger.analysis.laws import R_Q_PAIR
from coldfinger.sim.sample import builtin_sample

S0, S1 = builtin_sample("S0", fluctuations=False), builtin_sample("S1", fluctuations=False)
T = np.geomspace(0.05, 0.7, 50)
LOW = (10, 15, 20, 30, 50, 70, 100, 130, 160, 200, 240, 280)
HIGH = (350, 380, 400, 450, 500, 550, 600)
RHO = {H: np.asarray(S1.resistivity(T, H)) for H in LOW + HIGH}
# The two branches of ρ_sat meet at 300 Oe; the rounding of order 32 puts the curve itself 2^(1/32) above.
R_STAR = R_Q_PAIR * 2 ** (-1 / 32)
# E_aS = 1.5 K (1 - 0.15) at 300 Oe over E_aI = 0.32 K far above.
TRUTH = {"rho": 0.45, "sigma": -4.7, "H": 300.0, "R": R_STAR, "drop": 1.275 / 0.32}


def s1_family(seed: int, relative: float) -> Fits:
    rng = np.random.default_rng(seed)
    curves = {H: Curve(T, RHO[H] * (1 + relative * rng.standard_normal(T.size)), relative * RHO[H]) for H in RHO}
    return [(float(H), fit_eq2(curve) if H in LOW else fit_eq1(curve)) for H, curve in curves.items()]


@pytest.mark.parametrize("relative", [1e-3, 3e-3, 1e-2])
def test_exponents_crossing_and_drop_are_found_with_honest_errors(relative):
    pulls: dict[str, list[float]] = {name: [] for name in TRUTH}
    inside: dict[str, list[bool]] = {name: [] for name in ("H", "R", "drop")}
    for seed in range(130):
        family = s1_family(seed, relative)
        crossing = field_crossing(family)
        drop = energy_drop(field_points(family, "E_aS"), field_points(family, "E_aI"), crossing.H_star)
        for name, law in (("rho", crossing.superconducting), ("sigma", crossing.insulating)):
            pulls[name].append((law.exponent - TRUTH[name]) / law.exponent_sd)
        for name, q in (("H", crossing.H_star), ("R", crossing.R_star), ("drop", drop.factor)):
            pulls[name].append((q.value - TRUTH[name]) / q.sd)
            inside[name].append(q.interval95[0] < TRUTH[name] < q.interval95[1])
    for name, pull in pulls.items():
        # 130 seeds: mean +-0.09, s.d. +-0.06, coverage +-0.019.
        assert abs(np.mean(pull)) < 0.25, (name, np.mean(pull))
        assert 0.85 < np.std(pull) < 1.15, (name, np.std(pull))
        coverage = np.mean(inside[name]) if name in inside else np.mean(np.abs(pull) < 1.96)
        assert 0.92 <= coverage <= 0.98, (name, coverage)


def test_good_data_fix_every_number_of_the_transition_well_enough():
    family = s1_family(1, 3e-3)
    crossing = field_crossing(family)
    drop = energy_drop(field_points(family, "E_aS"), field_points(family, "E_aI"), crossing.H_star)
    assert crossing.superconducting.exponent_sd < 0.01 * 0.45
    assert crossing.insulating.exponent_sd < 0.01 * 4.7
    assert crossing.H_star.sd < 0.01 * 300
    assert crossing.R_star.sd < 0.02 * 6315
    assert drop.factor.sd < 0.05 * 3.98
    assert not any(q.doubt for q in (crossing.H_star, crossing.R_star, drop.factor))
    assert 500.0 in drop.plateau_fields or 550.0 in drop.plateau_fields


def test_the_quantum_of_resistance_is_compared_and_not_fitted():
    crossing = field_crossing(s1_family(2, 1e-3))
    assert crossing.R_Q_ratio.value == pytest.approx(crossing.R_star.value / R_Q_PAIR)
    # The film of the simulator crosses 2 % below h/4e²; a fit that was pulled there would not see it.
    assert (1 - crossing.R_Q_ratio.value) / crossing.R_Q_ratio.sd > 20


def test_points_beside_the_crossing_are_left_out():
    curves = [
        (H, Curve(T, np.asarray(S1.resistivity(T, H)), 1e-3 * np.asarray(S1.resistivity(T, H)))) for H in (295, 322)
    ]
    crossing = field_crossing([*s1_family(3, 1e-3), *curves])
    assert crossing.superconducting.H_max == 280
    assert crossing.insulating.H_min == 322
    assert "left out on purpose" in crossing.superconducting.remarks[-1]


def test_fields_of_the_superconductor_change_neither_the_power_law_nor_the_drop():
    rng, core = np.random.default_rng(12), []
    for H in (0, 1, 2):
        rho = np.asarray(S1.resistivity(T, H))
        sd = np.hypot(1e-3 * rho, 0.8)
        core.append((H, Curve(T, rho + sd * rng.standard_normal(T.size), sd)))
    plain, family = s1_family(3, 1e-3), fit_family([*core, *s1_family(3, 1e-3)])
    with_core, without = field_crossing(family), field_crossing(plain)
    assert with_core.H_star == without.H_star
    assert "left out as superconductors: fields below 10 Oe" in with_core.superconducting.remarks[-1]
    energies = field_points(family, "E_aS")
    assert "may be a superconductor" in energies.doubts[0]
    drops = [energy_drop(field_points(f, "E_aS"), field_points(f, "E_aI"), 300.0) for f in (family, plain)]
    assert drops[0].factor == drops[1].factor


def test_crossing_of_two_exact_laws_is_where_algebra_puts_it():
    H = np.array([10.0, 50, 200])
    rho = fit_power_law(make_points("rho_QF", H, 100 * H**0.5, H**0.5))
    sigma = fit_power_law(make_points("sigma_QF", 4 * H, (4 * H) ** -3.0 * 400, (4 * H) ** -3.0))
    crossing = power_law_crossing(rho, sigma)
    # 100 H^1/2 = H^3/400.
    assert crossing.H_star.value == pytest.approx(40000 ** (1 / 2.5), rel=1e-9)
    assert crossing.R_star.value == pytest.approx(100 * 40000 ** (0.5 / 2.5), rel=1e-9)
    flat = fit_power_law(make_points("sigma_QF", H, H**-0.5, 0.01 * H**-0.5))
    with pytest.raises(ValueError, match="parallel and never meet"):
        power_law_crossing(rho, flat)


def test_crossing_far_from_both_laws_is_doubted():
    H = np.array([10.0, 50, 200])
    rho = fit_power_law(make_points("rho_QF", H, 100 * H**0.5, H**0.5))
    sigma = fit_power_law(make_points("sigma_QF", 40 * H, 1e-6 * (40 * H) ** -3.0, 1e-8 * (40 * H) ** -3.0))
    assert "outside the gap" in power_law_crossing(rho, sigma).H_star.doubt


def test_error_of_the_crossing_is_that_of_simulation():
    rng = np.random.default_rng(0)
    H = np.array([10.0, 30, 100, 250])
    found = []
    for _ in range(400):
        q = 1000 * H**0.45 * (1 + 0.02 * rng.standard_normal(4))
        s = 1e-4 * (2 * H / 100) ** -2.0 * (1 + 0.05 * rng.standard_normal(4))
        rho = fit_power_law(make_points("rho_QF", H, q, 0.02 * q))
        sigma = fit_power_law(make_points("sigma_QF", 2 * H, s, 0.05 * s))
        found.append(power_law_crossing(rho, sigma))
    for values, sds in (
        ([c.H_star.value for c in found], [c.H_star.sd for c in found]),
        ([c.R_star.value for c in found], [c.R_star.sd for c in found]),
    ):
        assert np.std(values) == pytest.approx(np.mean(sds), rel=0.12)


def test_peak_of_the_insulating_energy_is_near_300_oersted_just_below_600_mK():
    rng, fields = np.random.default_rng(4), (200, 240, 270, 300, 330, 360, 400)
    family = []
    for H in fields:
        rho = np.asarray(S0.resistivity(T, H))
        family.append((H, Curve(T, rho * (1 + 5e-3 * rng.standard_normal(T.size)), 5e-3 * rho)))
    field, height = peak(field_points(fit_family(family), "E_aI"), count=3)
    assert field.value == pytest.approx(300, abs=15)
    assert height.value == pytest.approx(0.59, abs=0.01)


def test_peak_of_a_parabola_is_exact_and_its_errors_are_those_of_simulation():
    H, truth = np.array([100.0, 200, 300, 400, 500]), lambda H: 0.59 - 2e-6 * (H - 310) ** 2
    exact = peak(make_points("E_aI", H, truth(H), 0.002))
    assert exact[0].value == pytest.approx(310, rel=1e-9)
    rng = np.random.default_rng(6)
    found = [peak(make_points("E_aI", H, truth(H) + 0.002 * rng.standard_normal(5), 0.002)) for _ in range(300)]
    assert np.std([f.value for f, _ in found]) == pytest.approx(exact[0].sd, rel=0.15)
    assert np.std([h.value for _, h in found]) == pytest.approx(exact[1].sd, rel=0.15)
    assert "no maximum" in peak(make_points("E_aI", H, -truth(H), 0.002))[0].doubt


def test_plateau_ends_where_the_energies_no_longer_agree():
    points = make_points("E_aI", [300, 400, 500, 550, 600], [0.59, 0.51, 0.452, 0.449, 0.451], 0.002)
    mean, fields = plateau(points)
    assert fields == (500.0, 550.0, 600.0)
    assert mean.value == pytest.approx(0.4507, abs=1e-4)
    assert mean.sd == pytest.approx(0.002 / math.sqrt(3))
    assert "no plateau" in plateau(make_points("E_aI", [400, 600], [0.6, 0.4], 0.002))[0].doubt


def test_drop_without_enough_energies_is_refused():
    points = make_points("E_aS", [100, 200, 290], [1.4, 1.3, 1.2], 0.1, unit="K")
    with pytest.raises(ValueError, match="2 energies below 250 Oe and 1 above"):
        energy_drop(points, points, 250.0)


def test_monotonic_within_errors_is_not_fooled_by_chance_nor_by_limits():
    H = np.linspace(50, 600, 10)
    rng = np.random.default_rng(8)
    level = [monotonicity(make_points("q", H, 1 + 0.1 * rng.standard_normal(10), 0.1)).holds for _ in range(300)]
    # Level truth is the worst case; comparing all pairs as if independent is on the safe side.
    assert 0.93 < np.mean(level) <= 1.0
    value = 1000.0 / H
    value[4] += 6.0
    broken = monotonicity(make_points("q", H, value, 1.0))
    assert not broken.holds
    assert broken.where[1] == H[4]
    limits = make_points("q", [100, 200, 300], [5.0, math.nan, 3.0], 0.1, upper95=[math.nan, 1.0, math.nan])
    assert not monotonicity(limits).holds
    assert monotonicity(make_points("q", [100, 200], [1.0, 2.0], 0.1), falling=False).holds


def test_sigma_of_the_most_disordered_film_falls_with_field_and_ends_in_a_limit():
    rng, family = np.random.default_rng(9), []
    for H in (30, 100, 200, 300, 400, 500, 600):
        rho = np.asarray(S0.resistivity(T, H))
        family.append((H, Curve(T, rho * (1 + 1e-2 * rng.standard_normal(T.size)), 1e-2 * rho)))
    points = field_points(family, "sigma_QF")
    assert points.limited.tolist() == [False] * 6 + [True]
    assert points.doubts[-1] == "sigma_QF: upper limit only"
    assert monotonicity(points).holds
    rows = family_table(family)
    assert [row["law"] for row in rows] == ["eq1"] * 7
    assert math.isnan(rows[-1]["base"])
    assert 0 < rows[-1]["base_upper95"] < 1e-9
    assert "upper limit only" in rows[-1]["doubts"]


def test_input_that_cannot_be_used_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match="family at 30 Oe: fit: 0 points"):
        fit_family([(30, Curve(T + 1, T, 0.1 * T))])
    with pytest.raises(ValueError, match="no parameter 'sigma'"):
        field_points([], "sigma")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="without a standard deviation"):
        make_points("q", [1, 2], [1, 2], 0.0)
    with pytest.raises(ValueError, match="as many as the 2 fields"):
        make_points("q", [1, 2], [1, 2, 3], 0.1)
