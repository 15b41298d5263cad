"""Claims 23 to 30: grains, magnetoresistance, dV/dI, charging energy, percolation and duality."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from coldfinger.analysis.claims.claim import Evidence, Finding, NotMeasured, figure, together, within
from coldfinger.analysis.lockin_filter import power_gain

LINES = (1.3, 3.0)
"""1/Oe, peaks of S0."""
PAPER_CUTOFF = 0.8
"""1/Oe, of the paper's lock-in."""
EXACT = 1e-9


def two_grain_sizes(evidence: Evidence) -> Finding:
    """23: grains of about 0.03 µm and 0.5 µm in a picture with 6 nm a pixel."""
    found = figure(evidence, "2")
    peaks = sorted(found["peaks"], key=lambda peak: peak["diameter_m"])
    diameters = [peak["diameter_m"] * 1e6 for peak in peaks]
    if len(peaks) != 2:
        return Finding([0.03, 0.5], diameters, None, False, [0.003, 0.05], "not two peaks")
    sds = [1e6 * math.hypot(peak["sd_m"], peak["systematic_m"]) for peak in peaks]
    pixel, width = evidence["methods"]["pixel_m"], evidence["methods"]["width_m"]
    remark = (
        f"peaks (µm) of {found['grains']} grains above the cut-off of {found['cutoff_m'] * 1e9:.0f} nm; "
        f"drawn micrograph, {width * 1e6:.1f} µm wide, {pixel * 1e9:.1f} nm a pixel"
    )
    whole = together(within(0.03, 0.003, diameters[0], sds[0]), within(0.5, 0.05, diameters[1], sds[1]), remark=remark)
    seen = found["cutoff_m"] < peaks[0]["diameter_m"] and abs(pixel - 6e-9) < 1e-12
    return Finding(whole.expected, whole.got, whole.sd, bool(whole.holds and seen), whole.tolerance, remark)


def positive_magnetoresistance(evidence: Evidence) -> Finding:
    """24: ρ_0 + A|H|^p with A > 0 and ρ_0 ≥ 0 for every film."""
    films = {film: found for film, found in figure(evidence, "S2").items() if found.get("exponent")}
    if not films:
        raise NotMeasured("there are no low-field sweeps")
    exponents = [found["exponent"] for found in films.values()]
    powers, sds = [e["value"] for e in exponents], [e["sd"] for e in exponents]
    rising = [found["rise_ohm"] > 3 * found["rise_sd_ohm"] and found["rho_0"]["value"] >= 0 for found in films.values()]
    rises = ", ".join(f"{film} {found['rise_ohm']:.0f} ohm" for film, found in films.items())
    holds = all(rising) and all(0 < p < 2 and sd < 0.1 for p, sd in zip(powers, sds, strict=True))
    return Finding(
        "ρ_0 ≥ 0, A > 0", powers, sds, bool(holds), remark=f"p of {', '.join(films)}; rise to the end: {rises}"
    )


def spectrum(evidence: Evidence) -> Finding:
    """25: with the filter taken into account S0 has peaks at 1.3 and 3 per Oe, S1 and S2 have none."""
    S0 = figure(evidence, "S2", "S0")
    if S0["doubt"]:
        raise NotMeasured(f"S0 has no spectrum: {S0['doubt']}")
    peaks = [peak["frequency"] for peak in S0["peaks"]]
    values, sds = [p["value"] for p in peaks], [p["sd"] for p in peaks]
    others = {film: figure(evidence, "S2").get(film) for film in ("S1", "S2")}
    passed = power_gain(LINES, _time_constant(PAPER_CUTOFF), 4)
    remark = f"cut-off here {S0['f_3dB_per_Oe']:.2g}/Oe; the paper's 0.8/Oe passes {passed[0]:.1%} and {passed[1]:.2%}"
    levels = {film: (found or {}).get("white_level") for film, found in {"S0": S0, **others}.items()}
    told = ", ".join(f"{film} {level['value']:.1g} ± {level['sd']:.1g}" for film, level in levels.items() if level)
    remark += f"; white level (Oe): {told}" if told else ""
    missing = [film for film, found in others.items() if not found]
    remark += f"; not swept: {', '.join(missing)}" if missing else "; no peak in S1 and S2"
    hit = len(values) == 2 and all(abs(a - b) <= 0.08 for a, b in zip(sorted(values), LINES, strict=True))
    flat = all(not found["peaks"] for found in others.values() if found)
    if hit and flat and missing:
        raise NotMeasured(f"S0 has its peaks at {values[0]:.2f} and {values[1]:.2f}/Oe; {remark}")
    if not flat:
        remark = f"S1 or S2 have peaks; {remark}"
    return Finding(list(LINES), values, sds, bool(hit and flat), [0.08, 0.08], remark)


def _time_constant(cutoff: float) -> float:
    """τ dH/dt (Oe) of a four-pole filter with that cut-off (1/Oe)."""
    return math.sqrt(2**0.25 - 1) / (2 * math.pi * cutoff)


def magnetic_lengths(evidence: Evidence) -> Finding:
    """26: ℓ_B = √(Φ₀/2πδH) at the periods of the peaks is 2 and 3 µm."""
    S0 = figure(evidence, "S2", "S0")
    if S0["doubt"]:
        raise NotMeasured(f"S0 has no spectrum: {S0['doubt']}")
    peaks = sorted(S0["peaks"], key=lambda peak: peak["frequency"]["value"])
    if len(peaks) != 2:
        return Finding([2.07, 3.14], [p["magnetic_length"]["value"] for p in peaks], None, False, [0.06, 0.1])
    areas = " and ".join(f"{peak['area']['value']:.0f} µm²" for peak in peaks)
    parts = (
        within(expected, tolerance, peak["magnetic_length"]["value"], peak["magnetic_length"]["sd"])
        for expected, tolerance, peak in zip((2.07, 3.14), (0.06, 0.1), peaks, strict=True)
    )
    remark = f"µm, at δH = 1/f; one Φ₀ a period means loops of {areas}, larger than any island"
    return together(*parts, remark=remark)


def slopes(evidence: Evidence) -> Finding:
    """27: 30 Oe destroy the critical current of S1; v-shape, then a peak at zero bias that grows with field."""
    curves = sorted(figure(evidence, "S3", "S1"), key=lambda curve: curve["field_Oe"])
    by_field = {curve["field_Oe"]: curve for curve in curves}
    if not {0.0, 30.0, 600.0} <= set(by_field):
        raise NotMeasured("dV/dI of S1 needs 0, 30 and 600 Oe")
    critical = by_field[0.0]["critical_current"]["value"]
    gone = by_field[30.0]["critical_current"]["value"] is None and bool(by_field[30.0]["critical_limit"])
    low = all(curve["shape"] == "v-shape" for curve in curves if 30 <= curve["field_Oe"] <= 250)
    peaks = [curve for curve in curves if curve["field_Oe"] >= 350]
    shaped = all(curve["shape"] == "peak" for curve in peaks)
    heights = [curve["zero_bias"]["value"] for curve in peaks]
    grows = all(b > a for a, b in pairwise(heights))
    normal = all(_near_normal(curve) for curve in curves)
    told = ", ".join(f"{curve['field_Oe']:g} Oe {curve['shape']}" for curve in curves)
    remark = (
        f"{told}; limit at large bias {'near' if normal else 'far from'} the normal state; that the peak diminishes "
        "at high field lies beyond the station's 600 Oe and was not looked at"
    )
    holds = critical is not None and gone and low and shaped and grows and normal
    return Finding("I_c at 0 Oe, none at 30 Oe; v-shape, then a growing peak", critical,
                   by_field[0.0]["critical_current"]["sd"], bool(holds), remark=remark)  # fmt: skip


def _near_normal(curve: Mapping[str, Any]) -> bool:
    """The limit at large bias within 15 % of 7 kΩ, the order of R_N of S1 from 0 to 600 Oe (6.8 to 7.5 kΩ)."""
    value = curve["normal"]["value"]
    return value is not None and abs(value / 7000.0 - 1) <= 0.15


def charging_energy(evidence: Evidence) -> Finding:
    """28: the paper's estimate from grains of 0.1 µm, against the measured 0.3 to 0.6 K."""
    found = evidence["networks"]["charging"]
    holds = found["grain_over_neighbours_K"] <= 0.6 and found["grain_quarter_K"] <= 0.6
    holds = holds and found["grain_quarter_K"] >= 0.3 and found["activation_K"] > 1.0
    got = [found["grain_over_neighbours_K"], found["grain_quarter_K"]]
    remark = (
        f"(e²/2C_sum)/6 and /4 in K; this divides by the neighbours twice: e²/2C = {found['junction_K']:.1f} K and "
        f"(e²/2C)/6 = {found['activation_K']:.2f} K, above the measured 0.3 to 0.6 K"
    )
    return Finding("0.3 to 0.6 K", got, [found["relative_sd"] * value for value in got], bool(holds), None, remark)


def limiting_resistance(evidence: Evidence) -> Finding:
    """29: ρ ≈ r_s in two dimensions, with conductances over decades: ρ/r_s of order one, 1 where ln g is symmetric."""
    found = evidence["networks"]["saturation"]
    ratio, sd = math.exp(found["log_ratio"]), math.exp(found["log_ratio"]) * found["sd"]
    holds = 0.5 <= ratio <= 2 and sd <= 0.25
    remark = f"{found['count']} random lattices, log-normal, spread {found['spread']:g}"
    return Finding(1.0, ratio, sd, bool(holds), "factor 2", remark)


def duality(evidence: Evidence) -> Finding:
    """30: G_x of the dual network is 1/G_y of the network."""
    found = evidence["networks"]["duality"]
    remark = f"G G_dual/unit² - 1 on a {found['size']} x {found['size']} lattice, log-normal bonds, s.d. 3"
    deviation = abs(found["deviation"])
    return Finding(0.0, deviation, found["allowed"], bool(deviation <= EXACT), EXACT, remark)
