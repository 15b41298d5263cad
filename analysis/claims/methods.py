"""Claims 18 to 22: how the paper measured, checked on how these runs were measured."""

from coldfinger.analysis.claims.claim import Evidence, Finding, NotMeasured

LARGEST_LAG = 0.10
"""Of the mixing chamber's temperature: the paper's rule for dropping data."""
LARGEST_FIELD = 600.0
"""Oe."""


def linear_response(evidence: Evidence) -> Finding:
    """18: at the paper's currents and frequencies ρ does not depend on the current where ρ is highest."""
    tests = evidence["methods"].get("linearity") or []
    if not tests:
        raise NotMeasured("no linearity test was made as a run of its own")
    highest = max(tests, key=lambda test: test["rho_ohm"])
    change, sd = highest["change"], highest["change_sd"]
    currents, frequencies = [t["current_A"] for t in tests], [t["frequency_Hz"] for t in tests]
    in_range = all(0.099e-9 <= current <= 1.001e-9 for current in currents) and all(
        0.69 <= f <= 7.01 for f in frequencies
    )
    chosen = highest["current_A"] < max(currents) or len(tests) == 1
    linear = abs(change) <= 3 * sd or abs(change) <= 0.01
    excitations = "; ".join(
        f"{t['rho_ohm']:.3g} ohm: {t['current_A'] * 1e9:.2g} nA, {t['frequency_Hz']:.2g} Hz, {t['outcome']}"
        for t in tests
    )
    low, high = evidence["methods"]["current_A"]
    remark = f"{excitations}; the families used {low * 1e9:.2g} to {high * 1e9:.2g} nA, gentler than the paper"
    holds = linear and in_range and chosen and highest["outcome"] == "pass"
    return Finding(0.0, change, sd, bool(holds), "3 s.d. or 1 %", remark)


def lagging_rows_are_dropped(evidence: Evidence) -> Finding:
    """19: no row is believed whose sample and mixing chamber differ by more than 10 %."""
    found = evidence["methods"].get("difference") or {}
    if not found.get("rows"):
        raise NotMeasured("no row has both temperatures")
    remark = f"largest |T_sample - T_mc|/T_mc of {found['rows']} believed rows; {found['dropped']} rows beyond 10 %, "
    remark += f"{found['dropped_believed']} of them believed"
    holds = found["largest"] <= LARGEST_LAG and found["dropped_believed"] == 0
    return Finding("at most 0.10", found["largest"], None, bool(holds), remark=remark)


def ramps_are_slow(evidence: Evidence) -> Finding:
    """20: |dT/dt| τ_th / T stays below 10 % on every ramp."""
    lag = evidence["methods"].get("ramp_lag")
    if lag is None:
        raise NotMeasured("no ramp, or no thermal time constant of its chip")
    remark = "largest (99 % of rows) |dT/dt| τ/T, τ as the station file has it; by the set temperature"
    return Finding("at most 0.10", lag, None, bool(lag <= LARGEST_LAG), remark=remark)


def filters(evidence: Evidence) -> Finding:
    """21: attenuation of the lines and the thermometer's mounting: nothing that a program could measure."""
    remark = "recorded instead: the station file with its wiring and thermometer, in the header of every run"
    expected = "> 100 dB from 100 MHz to 5 GHz, T_mc ≳ 10 mK, RuO₂ on the chip"
    return Finding(expected, None, None, None, remark=remark, status="not for software")


def fields_are_low(evidence: Evidence) -> Finding:
    """22: the R(T) families stay at or below 600 Oe."""
    highest = max(
        (member["field_Oe"] for film in evidence["samples"].values() for member in film["fields"]), default=None
    )
    if highest is None:
        raise NotMeasured("there is no R(T) family")
    return Finding("at most 600", highest, None, bool(highest <= LARGEST_FIELD + 0.5), remark="Oe, of all families")
