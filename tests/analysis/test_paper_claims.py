"""The claims of the paper: each holds for the paper's own numbers, fails for wrong ones, and says what is missing."""

import copy
import functools
import math
from typing import Any

import numpy as np
import pytest

from coldfinger.analysis.claims.evidence import network_numbers, transition
from coldfinger.analysis.claims.paper import CLAIMS, check_claims
from coldfinger.analysis.fits.fit_result import Curve


def number(value: float | None, sd: float | None = None) -> dict[str, Any]:
    return {"value": value, "sd": sd, "upper95": None}


def curve(field: float, label: str, law: str, base: float, energy: float, **more: Any) -> dict[str, Any]:
    """A field of a family as it is written, with errors of half a per cent."""
    names = ("rho_QF", "E_aS") if law == "eq2" else ("sigma_QF", "E_aI")
    fit: dict[str, Any] = {"law": law, "n": 60, "chi2_nu": 1.0}
    fit |= {names[0]: number(base, 0.002 * base), names[1]: number(energy, 0.005 * energy)}
    sign = 1.0 if law == "eq2" else -1.0
    entry = {
        "field_Oe": field,
        "label": label,
        "fit": fit,
        "saturation": "seen",
        "slope": sign * 500.0,
        "slope_sd": 5.0,
        "curvature_zero": {"T_K": 0.19, "sd_K": 0.001, "doubt": ""},
        "curvature_zero_of_points": {"T_K": 0.185, "sd_K": 0.01, "doubt": ""},
        "T_c": None,
        "warmest": 6600.0,
        "bic": {"eq1": 60.0, "log_resistivity": 400.0},
    }
    return entry | more


FAILED_S, FAILED_I = "failed superconductor", "failed insulator"


def of_s0() -> dict[str, Any]:
    fields = [curve(0, FAILED_S, "eq2", 6200.0, 0.8)]
    energies = {30: 0.3, 100: 0.38, 200: 0.52, 300: 0.59, 400: 0.51, 500: 0.455, 550: 0.451}
    sigma = {30: 1.1e-4, 100: 8e-5, 200: 5.5e-5, 300: 3.1e-5, 400: 9.9e-6, 500: 1e-6, 550: 1.4e-7}
    fields += [curve(H, FAILED_I, "eq1", sigma[H], E) for H, E in energies.items()]
    last = curve(600, "insulator with limit", "eq1", math.nan, 0.45, saturation="limit")
    last["fit"]["sigma_QF"] = {"value": None, "sd": None, "upper95": 2e-8}
    boundaries = [{"name": "avoided SIT"}, {"name": "QMIT"}]
    return {
        "fields": [*fields, last],
        "boundaries": boundaries,
        "sigma_QF_falls": {"holds": True, "probability": 1.0},
        "absent": {},
    }


def of_s1() -> dict[str, Any]:
    fields = [curve(0, "superconductor", "eq2", 0.0, 1.5, T_c={"value": 0.4, "sd": 0.005})]
    below = {10: 1.5, 30: 1.498, 100: 1.475, 200: 1.4, 300: 1.275}
    fields += [curve(H, FAILED_S, "eq2", 6453 * (H / 300) ** 0.45, E) for H, E in below.items()]
    above = {350: 0.382, 400: 0.392, 500: 0.321, 600: 0.32}
    fields += [curve(H, FAILED_I, "eq1", 7.7e-5 * (H / 350) ** -4.7, E) for H, E in above.items()]
    next(m for m in fields if m["field_Oe"] == 400)["curvature_zero"]["T_K"] = 0.135
    return {
        "fields": fields,
        "boundaries": [{"name": "SQMT"}, {"name": "avoided SIT"}],
        "exponent_rho_QF": number(-0.45, 0.001),
        "exponent_sigma_QF": number(-4.7, 0.01),
        "H_star_Oe": number(300.0, 0.1),
        "R_star_ohm": number(6315.0, 5.0),
        "E_a_drop": number(3.98, 0.05),
        "absent": {},
    }


def of_s2() -> dict[str, Any]:
    fields = [curve(0, "superconductor", "eq2", 0.0, 1.8), curve(100, FAILED_S, "eq2", 2958.0, 1.7)]
    fields += [
        curve(H, "log insulator", "eq1", 1e-4, 0.1, slope=-slope, bic={"eq1": 200.0, "log_resistivity": 60.0})
        for H, slope in {500: 800.0, 600: 1716.0}.items()
    ]
    return {"fields": fields, "boundaries": [{"name": "SQMT"}], "absent": {}}


def sweep(p: float, peaks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "exponent": number(p, 0.01),
        "rho_0": number(10.0, None),
        "rise_ohm": 3000.0,
        "rise_sd_ohm": 10.0,
        "peaks": peaks,
        "f_3dB_per_Oe": 4.0,
        "doubt": "",
    }


def peak(frequency: float, length: float, area: float) -> dict[str, Any]:
    return {"frequency": number(frequency, 0.02), "magnetic_length": number(length, 0.02), "area": number(area, 0.3)}


def slope_curve(field: float, shape: str, zero: float, critical: float | None = None) -> dict[str, Any]:
    return {
        "field_Oe": field,
        "shape": shape,
        "zero_bias": number(zero, 2.0),
        "normal": number(7000.0, 5.0),
        "critical_current": number(critical, 5e-8 if critical else None),
        "critical_limit": "" if critical else "none: there is resistance at zero bias",
    }


@functools.cache
def networks() -> dict[str, Any]:
    """Solved once: they are the same for every test."""
    return network_numbers(24, 0)


def paper() -> dict[str, Any]:
    """Evidence that agrees with the paper throughout."""
    s0_peaks = [peak(1.3, 2.07, 26.9), peak(3.0, 3.14, 62.0)]
    shapes = [(30.0, "v-shape", 2240.0), (100.0, "v-shape", 3850.0), (400.0, "peak", 2.4e4), (600.0, "peak", 1.6e5)]
    grains = [{"diameter_m": d, "sd_m": 0.02 * d, "systematic_m": 0.0} for d in (0.03e-6, 0.5e-6)]
    tests = [
        {"rho_ohm": 6.2e3, "current_A": 1e-9, "frequency_Hz": 7.0, "outcome": "pass", "change": 0.0, "change_sd": 1e-3},
        {"rho_ohm": 1e6, "current_A": 1e-10, "frequency_Hz": 0.7, "outcome": "pass", "change": 1e-3, "change_sd": 1e-3},
    ]
    return {
        "samples": {"S0": of_s0(), "S1": of_s1(), "S2": of_s2()},
        "figures": {
            "2": {"peaks": grains, "grains": 1000, "cutoff_m": 17e-9},
            "S2": {"S0": sweep(0.7, s0_peaks), "S1": sweep(0.45, []), "S2": sweep(0.45, [])},
            "S3": {"S1": [slope_curve(0.0, "superconducting", 0.0, 5.9e-7), *(slope_curve(*one) for one in shapes)]},
        },
        "methods": {
            "linearity": tests,
            "current_A": [2e-11, 5e-10],
            "difference": {"rows": 1000, "dropped": 3, "dropped_believed": 0, "largest": 0.07},
            "ramp_lag": 0.07,
            "pixel_m": 6e-9,
            "width_m": 6e-6,
        },
        "networks": copy.deepcopy(networks()),
    }


WRONG: dict[int, tuple[tuple[Any, ...], Any]] = {
    1: (("samples", "S1", "fields", -1, "fit", "chi2_nu"), 9.0),
    2: (("samples", "S1", "fields", 1, "fit", "chi2_nu"), 9.0),
    3: (("samples", "S0", "fields", 0, "fit", "rho_QF", "value"), 6453.2),
    4: (("samples", "S0", "fields", 1, "slope"), 10.0),
    5: (("samples", "S0", "fields", 1, "curvature_zero", "T_K"), 0.5),
    6: (("samples", "S0", "fields", -1, "fit", "sigma_QF", "value"), 6e-7),
    7: (("samples", "S0", "sigma_QF_falls", "holds"), False),
    8: (("samples", "S0", "fields", 4, "fit", "E_aI", "value"), 0.75),
    9: (("samples", "S0", "fields", 6, "fit", "sigma_QF", "value"), 1e-5),
    10: (("samples", "S1", "fields", 0, "T_c", "value"), 0.6),
    11: (("samples", "S1", "fields", 7, "label"), "insulator with limit"),
    12: (("samples", "S2", "fields", -1, "bic", "log_resistivity"), 199.0),
    13: (("samples", "S1", "fields", 5, "fit", "law"), "eq1"),
    14: (("samples", "S1", "exponent_sigma_QF", "value"), -4.6),
    15: (("samples", "S1", "fields", 6, "fit", "E_aI", "value"), 0.9),
    16: (("samples", "S1", "E_a_drop", "value"), 3.5),
    17: (("samples", "S1", "H_star_Oe", "value"), 400.0),
    18: (("methods", "linearity", 1, "change"), 0.05),
    19: (("methods", "difference", "dropped_believed"), 1),
    20: (("methods", "ramp_lag"), 0.2),
    22: (("samples", "S1", "fields", -1, "field_Oe"), 900.0),
    23: (("figures", "2", "peaks", 1, "diameter_m"), 0.1e-6),
    24: (("figures", "S2", "S1", "rise_ohm"), -5.0),
    25: (("figures", "S2", "S1", "peaks"), [peak(2.0, 2.6, 41.0)]),
    26: (("figures", "S2", "S0", "peaks", 0, "magnetic_length", "value"), 1.59),
    27: (("figures", "S3", "S1", 1, "critical_current", "value"), 3e-7),
    28: (("networks", "charging", "grain_quarter_K"), 2.6),
    29: (("networks", "saturation", "log_ratio"), 2.0),
    30: (("networks", "duality", "deviation"), 1e-6),
    31: (("samples", "S0", "boundaries"), [{"name": "SIT"}]),
}


ONE_TOLERANCE: list[tuple[int, dict[tuple[Any, ...], Any]]] = [
    (
        5,
        {
            ("samples", "S0", "fields", 1, "curvature_zero", "T_K"): 0.24,
            ("samples", "S0", "fields", 1, "curvature_zero_of_points", "T_K"): 0.235,
        },
    ),
    (8, {("samples", "S0", "fields", 1, "fit", "E_aI", "value"): 0.34}),
    (8, {("samples", "S0", "fields", 4, "field_Oe"): 330.0}),
    (14, {("samples", "S1", "exponent_rho_QF", "value"): -0.456}),
    (15, {("samples", "S1", "fields", 1, "fit", "E_aS", "value"): 1.56}),
    (17, {("samples", "S1", "R_star_ohm", "value"): 6900.0}),
    (23, {("figures", "2", "peaks", 0, "diameter_m"): 0.034e-6}),
    (26, {("figures", "S2", "S0", "peaks", 1, "magnetic_length", "value"): 3.3}),
]
"""Numbers of which one tolerance alone says that they are wrong."""


def status_with(claim: Any, changes: dict[tuple[Any, ...], Any]) -> str:
    """What becomes of a claim when the paper's own numbers are changed."""
    evidence = copy.deepcopy(paper())
    for where, wrong in changes.items():
        place: Any = evidence
        for step in where[:-1]:
            place = place[step]
        place[where[-1]] = wrong
    return str(claim.check(evidence).status)


def test_the_papers_own_numbers_keep_every_claim_that_is_for_software() -> None:
    entries = check_claims(paper())
    assert [entry["id"] for entry in entries] == list(range(1, 32))
    broken = {entry["id"]: entry["remark"] for entry in entries if entry["status"] not in ("holds", "not for software")}
    assert broken == {}
    assert [entry["id"] for entry in entries if entry["status"] == "not for software"] == [21]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: str(claim.id))
def test_each_claim_fails_for_a_wrong_number(claim: Any) -> None:
    if claim.id == 21:
        assert claim.check(paper()).holds is None  # lines and filters: never said to hold
        return
    assert status_with(claim, dict([WRONG[claim.id]])) == "fails"


@pytest.mark.parametrize(("number", "changes"), ONE_TOLERANCE)
def test_each_tolerance_of_a_claim_is_asked_by_itself(number: int, changes: dict[tuple[Any, ...], Any]) -> None:
    claim = next(claim for claim in CLAIMS if claim.id == number)
    assert status_with(claim, changes) == "fails"


def test_a_claim_without_its_measurement_says_so_and_does_not_hold() -> None:
    nothing = {"samples": {}, "figures": {}, "methods": {"linearity": []}, "networks": paper()["networks"]}
    statuses = {entry["id"]: entry for entry in check_claims(nothing)}
    assert statuses[14]["status"] == "not measured"
    assert statuses[14]["holds"] is None
    assert "no R(T) family of S1" in statuses[14]["remark"]
    assert {statuses[n]["status"] for n in (28, 29, 30)} == {"holds"}  # they need no film


def test_a_number_known_too_badly_does_not_hold() -> None:
    evidence = paper()
    evidence["samples"]["S1"]["E_a_drop"] = number(4.0, 1.0)
    (entry,) = (entry for entry in check_claims(evidence) if entry["id"] == 16)
    assert entry["got"] == entry["expected"] == 4.0
    assert entry["status"] == "fails"


def test_the_transition_lies_between_the_last_row_without_resistance_and_the_next() -> None:
    T = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    sd = np.ones(5)
    found = transition(Curve(T, np.array([0.2, -0.5, 0.1, 50.0, 400.0]), sd))
    assert found == pytest.approx({"value": 0.35, "sd": 0.1 / math.sqrt(12)})
    assert transition(Curve(T, np.full(5, 300.0), sd)) is None
