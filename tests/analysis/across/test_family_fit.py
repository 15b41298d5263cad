"""A fitted family: what is claimed, what belief tests and bounds leave of it, and what its intervals promise."""

import importlib.util
import json
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from coldfinger.analysis.across.family_fit import FamilyFit, FieldFit, FitSettings, fit_run_family
from coldfinger.analysis.dataset import Check, RunFamily, Table
from coldfinger.analysis.laws import failed_insulator, failed_superconductor
from coldfinger.analysis.sample_file import sample_text
from coldfinger.sim.sample import builtin_sample

T = np.geomspace(0.05, 0.7, 60)


def table(H, rho, noise=0.003, current=1e-12, checks=(), loading=0.0, seed=0, **more):
    measured = rho * (1 + noise * np.random.default_rng((seed, int(H))).standard_normal(T.size))
    columns = {"T_sample (K)": T, "T_sample_sd (K)": 0 * T, "rho (ohm)": measured, "rho_sd (ohm)": noise * rho}
    frame = pd.DataFrame(columns | {"I (A)": current}).assign(believed=True)
    about = {"procedure": "TemperatureRamp", "sample": "film", "stage": "S1", "station": "t", "simulated": True}
    about |= {"outcome": "done", "loading": loading, "checks": tuple(checks)} | more
    return Table(name=f"{H:g} Oe", paths=(Path(),), frame=frame, field=H, **about)


def fitted(*tables: Table, beside=(), **settings) -> FamilyFit:
    family = RunFamily("film S1", "film", "S1", "t", True, tables)
    return fit_run_family(family, FitSettings(**settings), tuple(beside))


def one(rho, **how) -> FieldFit:
    settings = {key: how.pop(key) for key in ("robust", "law", "T_min", "T_max", "scan") if key in how}
    return fitted(table(500.0, rho, **how), **settings).fields[0]


SATURATING = failed_insulator(T, 2e-6, 1.8e-4, 0.455)
ARRHENIUS = failed_insulator(T, 0.0, 1.8e-4, 0.455)


def check(name, outcome="fail", **numbers):
    return Check(name, outcome, "said", numbers)


def test_a_resolved_saturation_is_claimed_with_value_interval_and_systematics():
    member = one(SATURATING, loading=2e-7)
    assert member.saturation == "seen"
    assert member.regime.label == "failed insulator"
    sigma = member.fit.parameters["sigma_QF"]
    assert abs(sigma.value - 2e-6) < 4 * sigma.sd
    low, high = member.intervals["sigma_QF"]
    assert low < sigma.value < high
    # A conductance of 2e-7 S that is known to 10 % moves σ_QF by just that, and next to nothing else.
    assert member.systematics["sigma_QF"]["loading"] == pytest.approx(2e-8, rel=1e-3)
    assert member.systematics["E_aI"]["loading"] < 0.01 * member.fit.parameters["E_aI"].sd
    assert member.systematics["E_aI"]["temperature scale"] == pytest.approx(0.005 * 0.455, rel=1e-2)


def test_no_saturation_is_a_limit_and_no_claim():
    member = one(ARRHENIUS)
    assert member.saturation == "limit"
    assert member.fit.parameters["sigma_QF"].upper95 > 0
    assert math.isnan(member.fit.parameters["sigma_QF"].value)


@pytest.mark.parametrize("name", ["heating", "linearity"])
def test_warm_electrons_leave_an_upper_limit_and_no_claim(name):
    member = one(SATURATING, checks=[check(name)])
    assert member.saturation == "disbelieved"
    base = member.fit.parameters["sigma_QF"]
    assert math.isnan(base.value)
    assert 2e-6 < base.upper95 < 2.2e-6
    assert math.isnan(member.fit.parameters["E_aI"].value)
    assert member.to_json()["not_believed"]["sigma_QF"]["value"] == pytest.approx(2e-6, rel=0.05)
    assert f"belief test failed: {name}" in member.remarks


@pytest.mark.parametrize("name", ["thermometer", "leads", "frequency"])
def test_any_other_failed_test_leaves_nothing(name):
    member = one(SATURATING, checks=[check(name)])
    assert member.saturation == "disbelieved"
    for estimate in member.fit.parameters.values():
        assert math.isnan(estimate.value)
        assert estimate.upper95 is None


def test_a_phase_that_cost_the_coldest_rows_leaves_the_limit_and_the_energy():
    member = one(ARRHENIUS, checks=[check("frequency", phase=-61.0)])
    assert member.saturation == "disbelieved"
    assert member.fit.parameters["sigma_QF"].upper95 > 0
    assert member.fit.parameters["E_aI"].value == pytest.approx(0.455, rel=0.01)


def test_a_belief_test_made_as_a_run_of_its_own_counts_for_its_field_only():
    alone = table(500.0, SATURATING, procedure="HeatingCheck", checks=[check("heating")])
    both = fitted(table(500.0, SATURATING), table(400.0, SATURATING), beside=[alone])
    assert [member.saturation for member in both.fields] == ["disbelieved", "seen"]


def test_a_saturation_that_heating_can_have_made_is_no_value():
    # 1 nA in 500 kohm at 50 mK: electrons at 59 mK, and 3.8e-8 S more than at 50 mK.
    film = failed_insulator(T, 3e-8, 1.8e-4, 0.455)
    cold, warm = one(film, current=1e-12), one(film, current=1e-9)
    assert cold.saturation == "seen"
    assert warm.saturation == "limit"
    assert warm.fit.parameters["sigma_QF"].upper95 > 3e-8
    assert any("estimated bound of heating" in remark for remark in warm.remarks)


def test_a_measured_bound_goes_before_the_estimate():
    passed = check("heating", "pass", systematic_conductance=5e-8, systematic_conductance_sd=1e-9)
    member = one(SATURATING, current=1e-9, checks=[passed])
    assert member.saturation == "seen"
    assert member.systematics["sigma_QF"]["heating"] == pytest.approx(5.2e-8)


def test_a_logarithm_is_no_saturation_although_eq1_sees_one():
    member = one(8000 * (1 + 0.3 * np.log(1.2 / T)))
    assert member.fit.status == "value"
    assert member.saturation == "other law"


def test_a_spike_is_left_out_if_asked_and_said():
    spoilt = SATURATING.copy()
    spoilt[30] *= 1.5
    plain, robust = one(spoilt), one(spoilt, robust=True)
    assert plain.fit.sd_scaled
    assert not robust.fit.sd_scaled
    assert any("1 of 60 points left out" in remark for remark in robust.remarks)


def test_the_window_and_the_law_can_be_chosen_and_are_stored():
    result = fitted(table(500.0, SATURATING), T_min=0.06, T_max=0.5, law="eq1")
    assert 0.06 <= result.fields[0].fit.T_min < result.fields[0].fit.T_max <= 0.5
    assert result.to_json()["settings"]["T_max_K"] == 0.5
    with pytest.raises(ValueError, match="it must rise"):
        FitSettings(T_min=0.7, T_max=0.5)


def test_a_bend_that_the_law_does_not_have_moves_the_parameters_in_other_windows():
    straight, bent = one(SATURATING), one(SATURATING * (1 + 0.05 * (T > 0.4)))
    assert max(abs(shift) for shift in straight.moved.values()) < 3.5
    assert max(abs(shift) for shift in bent.moved.values()) > 5
    assert any("in another window" in remark for remark in bent.remarks)


def test_a_curve_that_cannot_be_fitted_says_why_and_the_others_go_on():
    result = fitted(table(500.0, SATURATING), table(600.0, np.full(T.size, np.nan)))
    assert [member.saturation for member in result.fields] == ["seen", "no fit"]
    assert "not finite" in result.fields[1].remarks[0]
    assert json.dumps(result.to_json(), allow_nan=False)
    assert len(result.table()) == 2


@pytest.fixture(scope="module")
def film() -> FamilyFit:
    sample = builtin_sample("S1", fluctuations=False)
    fields = (10.0, 30.0, 60.0, 100.0, 150.0, 200.0, 250.0, 275.0, 350.0, 380.0, 420.0, 460.0, 500.0, 550.0, 600.0)
    return fitted(*(table(H, sample.resistivity(T, H), noise=0.002) for H in fields), scan=False)


def test_a_family_gives_exponents_crossing_and_drop_of_the_simulated_film(film):
    found = film.to_json()
    for key, truth in (
        ("exponent_rho_QF", 0.45),
        ("exponent_sigma_QF", -4.7),
        ("H_star_Oe", 300.0),
        ("R_star_ohm", 6315),
    ):
        assert abs(found[key]["value"] - truth) < 3 * found[key]["sd"], key
    assert abs(found["E_a_drop"]["value"] - 3.98) < 3 * found["E_a_drop"]["sd"]
    assert [boundary["name"] for boundary in found["boundaries"]] == ["avoided SIT"]
    assert found["sigma_QF_falls"]["holds"]


def test_a_saved_sample_holds_every_fitted_number(film, tmp_path):
    from coldfinger.sim.table_sample import load_table_sample

    path = tmp_path / "film.toml"
    path.write_text(sample_text(film, "film"), "utf-8")
    sample = load_table_sample(path)
    for member in film.fields:
        assert np.allclose(sample.resistivity(T, member.field), member.fit.predict(T), rtol=1e-12)


def test_a_family_without_a_believable_field_is_not_saved():
    with pytest.raises(ValueError, match="nothing to save"):
        sample_text(fitted(table(500.0, SATURATING, checks=[check("leads")])))


def test_a_table_needs_the_columns_of_a_curve():
    bare = Table("x", (), "", "", "", "", False, "done", pd.DataFrame({"believed": [True]}), 0.0)
    with pytest.raises(ValueError, match=r"it has no column T_sample"):
        bare.curve()


def test_intervals_of_random_families_hold_their_truth_and_nothing_false_is_claimed():
    path = Path(__file__).parents[3] / "benchmarks" / "coverage.py"
    spec = importlib.util.spec_from_file_location("coverage_of_families", path)
    coverage = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = coverage  # a dataclass looks its module up
    try:
        spec.loader.exec_module(coverage)
        counts = coverage.run(12345, 50)
    finally:
        del sys.modules[spec.name]
    for name, values in counts.inside.items():
        n, hits = len(values), sum(values)
        if name.endswith("(limits)"):
            # A limit may be larger than it must be: only too many truths above it are wrong.
            assert binom.cdf(hits, n, 0.95) > 1e-3, name
            continue
        assert n >= 50
        assert 1e-3 < binom.cdf(hits, n, 0.95) < 1 - 1e-4, (name, hits, n)
    without = {"arrhenius", "logarithm", "efros-shklovskii"}
    claims = sum(n for (kind, said), n in counts.claims.items() if kind in without and said == "seen")
    chances = sum(n for (kind, _), n in counts.claims.items() if kind in without)
    assert chances >= 40
    assert binom.sf(claims - 1, chances, 0.05) > 1e-3
    rejected = {said for kind, said in counts.claims if kind.startswith("rejected")}
    assert rejected == {"disbelieved"}


def test_a_failed_superconductor_has_its_rho_and_a_limit_when_heated():
    film_rho = failed_superconductor(T, 3000.0, 9000.0, 1.2)
    assert one(film_rho).saturation == "seen"
    heated = one(film_rho, checks=[check("heating")])
    assert heated.fit.parameters["rho_QF"].upper95 == pytest.approx(3000.0, rel=0.01)
