"""Claims 1 to 17 and 31: R(T) families and what they say across the fields.

Where the paper gives a word and no number ("satisfactorily", "around", "order of") the tolerance is the one written in
`docs/claims.md`, chosen from what the word can mean and not from what was found.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from coldfinger.analysis.claims.claim import (
    Evidence,
    Finding,
    NotMeasured,
    across,
    at,
    fields,
    parameter,
    sample,
    together,
    within,
)
from coldfinger.analysis.laws import R_Q_PAIR

Member = Mapping[str, Any]

SIGNIFICANT = 3.0
"""Standard deviations from which a sign or an order is one."""
STRONG = 6.0
"""Difference of BIC from which one law is preferred."""
SATURATING = ("seen", "weak")


def eq1_fits(evidence: Evidence) -> Finding:
    """1: Eq. 1 on the insulating side of S0 and S1."""
    return _chi_square([*fields(evidence, "S0"), *fields(evidence, "S1")], "eq1")


def eq2_fits(evidence: Evidence) -> Finding:
    """2: Eq. 2 on the superconducting side, without the curves of a true superconductor."""
    return _chi_square([*fields(evidence, "S0"), *fields(evidence, "S1")], "eq2")


def _chi_square(members: Sequence[Member], law: str) -> Finding:
    """All curves of a law together: reduced chi-square 1 within 4 s.d., none above 1.5 (errors are widened)."""
    used = [m["fit"] for m in members if m["fit"] and m["fit"]["law"] == law and m["label"] != "superconductor"]
    if not used:
        raise NotMeasured(f"no curve of S0 or S1 follows {law}")
    freedom = [fit["n"] - 3 for fit in used]
    mean = sum(fit["chi2_nu"] * nu for fit, nu in zip(used, freedom, strict=True)) / sum(freedom)
    sd = math.sqrt(2 / sum(freedom))
    worst = max(fit["chi2_nu"] for fit in used)
    # Few rows scatter: 1.5 is 2.7 s.d. of 60 rows.
    allowed = max(1.5, 1 + 4 * math.sqrt(2 / min(freedom)))
    holds = abs(mean - 1) <= 4 * sd and worst <= allowed
    return Finding(1.0, mean, sd, holds, 4 * sd, f"reduced chi-square of {len(used)} curves, the largest {worst:.2f}")


def failed_superconductor_at_zero(evidence: Evidence) -> Finding:
    """3: S0 without field saturates near 6.2 kΩ."""
    member = at(evidence, "S0", 0)
    base, sd = parameter(member, "rho_QF")
    found = within(6200.0, 62.0, base, sd, "statistical s.d.; 0.01 Oe away from zero are 0.7 %")
    cools = member["slope"] > SIGNIFICANT * member["slope_sd"]
    return Finding(found.expected, base, sd, bool(found.holds and cools), found.tolerance, found.remark)


def thirty_oersted_flip(evidence: Evidence) -> Finding:
    """4: sign of dρ/dT of S0 at 0 and 30 Oe."""
    slopes = [at(evidence, "S0", field) for field in (0, 30)]
    got, sd = [m["slope"] for m in slopes], [m["slope_sd"] for m in slopes]
    holds = got[0] > SIGNIFICANT * sd[0] and got[1] < -SIGNIFICANT * sd[1]
    return Finding("above zero at 0 Oe, below at 30 Oe", got, sd, holds, remark="dρ/d ln T (ohm/square)")


def curvature_changes_sign(evidence: Evidence) -> Finding:
    """5: d²ρ/dT² of S0 changes its sign around 0.2 K, by the fit and by the points alone."""
    members = fields(evidence, "S0", 30, 400)
    zeros = [m["curvature_zero"] for m in members]
    values = [zero["T_K"] for zero in zeros]
    if any(value is None for value in values):
        return Finding(0.2, values, None, False, remark="no zero at some field")
    highest = max(range(len(values)), key=values.__getitem__)
    bare = [(m["field_Oe"], m["curvature_zero_of_points"], v) for m, v in zip(members, values, strict=True)]
    seen = [(H, p, v) for H, p, v in bare if p["T_K"] is not None]
    agree = [abs(p["T_K"] - v) <= max(0.15 * v, SIGNIFICANT * p["sd_K"]) for _, p, v in seen]
    remark = (
        f"highest of {len(values)} fields from 30 to 400 Oe, all within {min(values):.3f} to {max(values):.3f} K; "
        f"the points alone agree at {sum(agree)} of {len(agree)} fields where they show it"
    )
    found = within(0.2, 0.03, values[highest], zeros[highest]["sd_K"], remark)
    inside = all(0.1 <= value <= 0.25 for value in values)
    return Finding(0.2, found.got, found.sd, bool(found.holds and inside and agree and all(agree)), 0.03, remark)


def no_saturation_at_600(evidence: Evidence) -> Finding:
    """6: S0 at 600 Oe diverges; σ_QF is a limit, no value."""
    member = at(evidence, "S0", 600)
    value, _ = parameter(member, "sigma_QF")
    limit = member["fit"]["sigma_QF"]["upper95"]
    last, _ = parameter(fields(evidence, "S0", 0, 590)[-1], "sigma_QF")
    holds = math.isnan(value) and limit is not None and limit < last and member["label"] == "insulator with limit"
    got = limit if math.isnan(value) else value
    remark = f"σ_QF < {limit:.2g} S (95 %)" if math.isnan(value) and limit else "a finite σ_QF is claimed"
    return Finding("a limit, no value", got, None, bool(holds), remark=remark)


def sigma_falls(evidence: Evidence) -> Finding:
    """7: σ_QF of S0 falls with field until about 600 Oe."""
    falls = sample(evidence, "S0").get("sigma_QF_falls")
    if falls is None:
        raise NotMeasured("S0 has no σ_QF at two fields")
    got = "falls" if falls["holds"] else "rises somewhere"
    return Finding("falls", got, None, bool(falls["holds"]), remark=f"probability {falls['probability']:.2g}")


def activation_energy_peaks(evidence: Evidence) -> Finding:
    """8: E_aI of S0 begins near 0.3 K, peaks just below 0.6 K near 300 Oe, falls and levels off."""
    energies = [(m["field_Oe"], *parameter(m, "E_aI")) for m in fields(evidence, "S0", 1)]
    known = [row for row in energies if math.isfinite(row[1])]
    if len(known) < 6:
        raise NotMeasured(f"S0 has E_aI at {len(known)} fields; six are needed")
    H_top, E_top, sd_top = max(known, key=lambda row: row[1])
    (H_low, E_low, sd_low), (_, E_before, _), (_, E_last, sd_last) = known[0], known[-2], known[-1]
    start, top = within(0.3, 0.03, E_low, sd_low), within(0.58, 0.03, E_top, sd_top)
    near = within(300.0, 25.0, H_top, 0.0)
    falls = E_top - E_last > SIGNIFICANT * math.hypot(sd_top, sd_last)
    level = abs(E_before - E_last) <= 0.1 * (E_top - E_last)
    remark = (
        f"E_aI (K) at {H_low:g} Oe, highest E_aI (K), its field (Oe); last {E_last:.3f} K, "
        f"{'level' if level else 'not level'}"
    )
    whole = together(start, top, near, remark=remark)
    return Finding(whole.expected, whole.got, whole.sd, bool(whole.holds and falls and level), whole.tolerance, remark)


def order_of_a_megohm(evidence: Evidence) -> Finding:
    """9: 1/σ_QF of S0 comes to the order of 1 MΩ at high field: 500 Oe, within a factor of 2."""
    value, sd = parameter(at(evidence, "S0", 500), "sigma_QF")
    beyond = [(m["field_Oe"], parameter(m, "sigma_QF")[0]) for m in fields(evidence, "S0", 501)]
    resolved = [f"{1e-6 / sigma:.2f} MΩ at {H:g} Oe" for H, sigma in beyond if math.isfinite(sigma)]
    remark = f"at 500 Oe; also resolved: {', '.join(resolved)}" if resolved else "at 500 Oe"
    holds = math.isfinite(value) and 0.5e6 <= 1 / value <= 2e6 and sd <= 0.1 * value
    return Finding(1e6, 1 / value, sd / value**2, bool(holds), "factor 2", remark)


def superconductors_at_zero_field(evidence: Evidence) -> Finding:
    """10: S1 superconducts below 0.4 K without field, and so does S2."""
    members = {film: at(evidence, film, 0) for film in ("S1", "S2")}
    T_c = members["S1"]["T_c"]
    both = all(member["label"] == "superconductor" for member in members.values())
    if T_c is None:
        return Finding(0.4, None, None, False, 0.02, "S1 shows no transition")
    found = within(0.4, 0.02, T_c["value"], T_c["sd"], "between the warmest row without resistance and the next")
    words = ", ".join(f"{film} {member['label']}" for film, member in members.items())
    return Finding(0.4, found.got, found.sd, bool(found.holds and both), 0.02, f"{found.remark}; {words}")


def failed_below_400(evidence: Evidence) -> Finding:
    """11: below 400 Oe S1 and S2 are failed superconductors; S1 at 400 Oe insulates and still saturates."""
    below = [*fields(evidence, "S1", 5, 300), *fields(evidence, "S2", 5, 350)]
    wrong = [m["field_Oe"] for m in below if m["label"] != "failed superconductor"]
    member = at(evidence, "S1", 400)
    upturn = member["curvature_zero"]["T_K"]
    saturates = member["label"] == "failed insulator" and member["saturation"] in SATURATING
    near = upturn is not None and 0.1 <= upturn <= 0.2
    remark = f"S1 at 400 Oe: {member['label']}, curvature zero {upturn if upturn is None else round(upturn, 3)} K"
    remark += f"; not failed superconductors: {wrong} Oe" if wrong else ""
    got = f"{len(below) - len(wrong)} of {len(below)} fields below, {member['label']} at 400 Oe"
    return Finding("all fields below; failed insulator at 400 Oe", got, None, bool(not wrong and saturates and near),
                   remark=remark)  # fmt: skip


def logarithm_above_400(evidence: Evidence) -> Finding:
    """12: above 400 Oe S2 diverges as a logarithm with a large prefactor; S1 is told beside it."""
    members = [m for m in fields(evidence, "S2", 401) if m["bic"]]
    gains = [_log_gain(m) for m in members]
    steep = members[-1]
    R_N = steep["warmest"]
    ordinary = R_N**2 / (2 * math.pi**2 * 4108.2359)  # ħ/e² (ohm)
    large = -steep["slope"] > SIGNIFICANT * ordinary
    S1 = ", ".join(f"{_log_gain(m):.3g} at {m['field_Oe']:g} Oe" for m in fields(evidence, "S1", 450) if m["bic"])
    remark = (
        f"BIC of Eq. 1 less that of the best logarithm, S2 at {members[-1]['field_Oe']:g} Oe; least {min(gains):.3g}; "
        f"-dρ/d ln T = {-steep['slope']:.0f} ohm, {-steep['slope'] / ordinary:.1f} times weak localisation; S1: {S1}"
    )
    holds = all(m["label"] == "log insulator" for m in members) and gains[-1] > STRONG and large
    return Finding("above 6", gains[-1], None, bool(holds), remark=remark)


def _log_gain(member: Member) -> float:
    known = {law: value for law, value in member["bic"].items() if value is not None}
    logs = [known[law] for law in ("log_resistivity", "log_conductivity") if law in known]
    return known.get("eq1", math.inf) - min(logs) if logs else -math.inf


def sides_of_s1(evidence: Evidence) -> Finding:
    """13: S1 follows Eq. 2 up to 300 Oe and Eq. 1 from 350 Oe on."""
    laws = [(m["field_Oe"], m["fit"]["law"]) for m in fields(evidence, "S1") if m["fit"]]
    low, high = [law for H, law in laws if H <= 305], [law for H, law in laws if H >= 345]
    holds = bool(low and high) and set(low) == {"eq2"} and set(high) == {"eq1"}
    changed = [H for (H, law), (_, before) in zip(laws[1:], laws[:-1], strict=True) if law != before]
    between = [f"{max(H for H, _ in laws if field > H):g} and {field:g} Oe" for field in changed]
    return Finding("300 and 350 Oe", ", ".join(between) or "no change", None, holds, remark="the law changes between")


def power_laws(evidence: Evidence) -> Finding:
    """14: 1/ρ_QF ∝ H^-0.45 and σ_QF ∝ H^-4.7; half a unit of the printed digits."""
    rho, sigma = (across(evidence, "S1", f"exponent_{name}") for name in ("rho_QF", "sigma_QF"))
    return together(within(-0.45, 0.005, *rho), within(-4.7, 0.05, *sigma), remark="of 1/ρ_QF and of σ_QF")


def energy_drops_at_crossing(evidence: Evidence) -> Finding:
    """15: E_aS of S1 is near 1.5 K, decreases gradually, and drops sharply across H*."""
    below = [(m["field_Oe"], *parameter(m, "E_aS")) for m in fields(evidence, "S1", 5, 305)]
    below = [row for row in below if math.isfinite(row[1])]
    above, sd_above = parameter(fields(evidence, "S1", 345)[0], "E_aI")
    if len(below) < 3:
        raise NotMeasured(f"S1 has E_aS at {len(below)} fields; three are needed")
    first, last = below[0], below[-1]
    found = within(1.5, 0.05, first[1], first[2])
    decreases = first[1] - last[1] > 0 and not any(
        b[1] - a[1] > SIGNIFICANT * math.hypot(a[2], b[2]) for a, b in pairwise(below)
    )
    gentle = last[1] > 0.7 * first[1]
    sharp = last[1] - SIGNIFICANT * last[2] > 2 * (above + SIGNIFICANT * sd_above)
    remark = f"{first[1]:.3f} K at {first[0]:g} Oe, {last[1]:.2f} K at {last[0]:g} Oe, then E_aI {above:.3f} K"
    holds = found.holds and decreases and gentle and sharp
    return Finding(1.5, found.got, found.sd, bool(holds), 0.05, remark)


def factor_of_four(evidence: Evidence) -> Finding:
    """16: E_a drops by a factor of about 4; 5 %, or 10 % where few fields know it to 3 % only."""
    value, sd = across(evidence, "S1", "E_a_drop")
    return within(
        4.0,
        0.4 if evidence.get("quick") else 0.2,
        value,
        sd,
        "E_aS carried on to H* over the plateau of E_aI; the simulated film has 3.98",
    )


def separating_resistance(evidence: Evidence) -> Finding:
    """17: H* near 300 Oe with a separating saturation near h/4e²."""
    H, sd_H = across(evidence, "S1", "H_star_Oe")
    R, sd_R = across(evidence, "S1", "R_star_ohm")
    remark = f"H* (Oe), R* (ohm/square); R* is {R / R_Q_PAIR:.3f} of h/4e²; no fit knows h/4e²"
    return together(within(300.0, 15.0, H, sd_H), within(6500.0, 325.0, R, sd_R), remark=remark)


def phase_diagram(evidence: Evidence) -> Finding:
    """31: all regimes of Fig. 1, with SQMT and QMIT between phases and the avoided SIT between the anomalous metals."""
    wanted = {
        ("S0", "avoided SIT"),
        ("S0", "QMIT"),
        ("S1", "SQMT"),
        ("S1", "avoided SIT"),
        ("S2", "SQMT"),
    }
    found, labels = set(), set()
    for film in ("S0", "S1", "S2"):
        found |= {(film, boundary["name"]) for boundary in sample(evidence, film)["boundaries"]}
        labels |= {member["label"] for member in fields(evidence, film)}
    insulators = labels & {"insulator with limit", "log insulator"}
    regimes = {"superconductor", "failed superconductor", "failed insulator"} <= labels and bool(insulators)
    got = ", ".join(f"{film} {name}" for film, name in sorted(found & wanted))
    return Finding(
        ", ".join(f"{film} {name}" for film, name in sorted(wanted)),
        got,
        None,
        bool(regimes and wanted <= found),
        remark=f"regimes: {', '.join(sorted(label for label in labels if label))}",
    )
