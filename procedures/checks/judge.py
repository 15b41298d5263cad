"""The five judgements: looks at the film go in, verdicts come out."""

import math
from collections.abc import Sequence
from typing import Any

from coldfinger.procedures.checks.verdict import (
    CANNOT_SAY,
    FAIL,
    PASS,
    SIGNIFICANT,
    Change,
    Look,
    Verdict,
    change,
    drifts_too_much,
    outcome_of,
    unsteady,
)

_CAPACITANCE_TOLERANCE = 0.2  # relative, between the station file and what the phase shows
_LAW_HOLDS = 9.0  # chi^2 of the one degree of freedom that three currents leave to rho_0 + k I^2


def judge_linearity(before: Look, third: Look, after: Look, tolerance: float, series: Sequence[Look] = ()) -> Verdict:
    """Does the signal grow with the current? `third` is the look at the smaller current."""
    name = "linearity"
    numbers: dict[str, Any] = {"current": before.current, "smaller_current": third.current, "tolerance": tolerance}
    if series:
        numbers["series"] = [[look.current, look.resistivity, look.resistivity_sd] for look in series]
    if why := unsteady(before, third, after, tolerance):
        return Verdict(name, CANNOT_SAY, why, numbers)
    difference = change(before, third, after)
    outcome = outcome_of(difference, tolerance)
    numbers |= {"change": difference.relative, "change_sd": difference.sd, "of": difference.of}
    numbers["linear_up_to"] = _safe_current(before.current, third.current, difference, tolerance)
    text = f"{difference.of} changes by {difference} when {_na(before)} become {_na(third)}"
    if outcome == FAIL:
        text += f"; for less than {_percent(tolerance)} stay below {_nano(numbers['linear_up_to'])}"
    elif outcome == CANNOT_SAY:
        text += f"; too uncertain for a tolerance of {_percent(tolerance)}"
    if span := _span(series):
        numbers["series_span"] = span
        text += f"; from {_na(series[0])} to {_na(series[-1])} rho varies by {_percent(span)} in all"
    return Verdict(name, outcome, text, numbers)


def judge_heating(
    full: tuple[Look, Look], half: tuple[Look, Look], third: Look, tolerance: float, slope: float
) -> Verdict:
    """Does rho move when the current does, how far is it from rho at no current, how warm are the electrons?

    rho = rho_0 + k I^2 through the currents I, I/2 and I/3, looked at in the order I, I/2, I/3, I/2, I so that a
    steady drift cancels. `slope` is d ln rho/d ln T, zero when nobody knows it.
    `systematic` in the numbers is what the current has done to rho (ohm/sq), `systematic_conductance` the same for
    1/rho (S square), each with an s.d.: a bias to be added to the statistical error of what is derived from rho.
    """
    name, (before, after) = "heating", full
    numbers: dict[str, Any] = {"current": before.current, "frequency": before.frequency, "tolerance": tolerance}
    if why := _doubt(*half) or unsteady(before, third, after, tolerance):
        return Verdict(name, CANNOT_SAY, why, numbers)
    difference = change(before, third, after)
    if difference.of != "rho":
        return Verdict(name, CANNOT_SAY, f"no rho to compare: {before.reason or third.reason}", numbers)
    outcome = outcome_of(difference, tolerance)
    numbers |= {"change": difference.relative, "change_sd": difference.sd}
    means = [_mean(*full), _mean(*half), (third.current, third.resistivity, third.resistivity_sd)]
    rho_0, rho_0_sd, chi2 = _parabola(means)
    hot = means[0][1]
    if chi2 > _LAW_HOLDS:  # too far from small: the smallest current is the best that there is
        rho_0, rho_0_sd = third.resistivity, third.resistivity_sd
    numbers |= {"resistivity": hot, "resistivity_at_no_current": rho_0, "resistivity_at_no_current_sd": rho_0_sd}
    numbers |= {"follows_I_squared": chi2 <= _LAW_HOLDS, "chi2": chi2, "systematic": hot - rho_0}
    numbers |= {"systematic_conductance": 1.0 / hot - 1.0 / rho_0, "systematic_sd": rho_0_sd}
    numbers["systematic_conductance_sd"] = rho_0_sd / rho_0**2
    numbers["safe_current"] = _safe_current(before.current, third.current, difference, tolerance)
    text = f"rho moves by {difference} when {_na(before)} become {_na(third)}"
    if outcome == FAIL:
        text += ", as it does when the current heats the film or drives it out of its linear range"
        text += f"; for less than {_percent(tolerance)} stay below {_nano(numbers['safe_current'])}"
    elif outcome == CANNOT_SAY:
        text += f"; too uncertain for a tolerance of {_percent(tolerance)}"
    if not numbers["follows_I_squared"]:
        text += "; it does not follow I^2, so that even a third of the current is too much"
    text += _electrons(numbers, before.temperature, slope, hot, rho_0) if difference.significant else ""
    return Verdict(name, outcome, text, numbers)


def judge_frequency(before: Look, half: Look, after: Look, tolerance: float, nominal_capacitance: float) -> Verdict:
    """Do f and f/2 give the same rho once the lines are undone, and do the lines explain the phase?"""
    name = "frequency"
    numbers: dict[str, Any] = {
        "frequency": before.frequency,
        "phase": before.phase,
        "phase_at_half": half.phase,
        "tolerance": tolerance,
        "capacitance": before.capacitance,
        "capacitance_at_half": half.capacitance,
        "nominal_capacitance": nominal_capacitance,
    }
    if why := _doubt(before, half, after):
        return Verdict(name, CANNOT_SAY, why, numbers)
    if not before.invertible:
        return Verdict(name, FAIL, f"at {before.frequency:g} Hz the {before.reason}", numbers)
    if not half.invertible:
        return Verdict(name, FAIL, f"at {half.frequency:g} Hz the {half.reason}", numbers)
    if why := unsteady(before, half, after, tolerance):
        return Verdict(name, CANNOT_SAY, why, numbers)
    difference = change(before, half, after)
    outcome = outcome_of(difference, tolerance)
    numbers |= {"change": difference.relative, "change_sd": difference.sd}
    text = f"rho changes by {difference} when {before.frequency:g} Hz become {half.frequency:g} Hz"
    text += f", phase {before.phase:.1f} and {half.phase:.1f} degrees"
    if outcome == CANNOT_SAY:
        return Verdict(name, outcome, f"{text}; too uncertain for a tolerance of {_percent(tolerance)}", numbers)
    if before.capacitance_fitted and half.capacitance_fitted:
        if why := _not_the_lines(before, half):
            return Verdict(name, FAIL, f"{text}; {why}", numbers)
        lines = f"lines of {before.capacitance * 1e9:.3g} nF"
        off = abs(before.capacitance / nominal_capacitance - 1.0) if nominal_capacitance else 0.0
        if off > _CAPACITANCE_TOLERANCE:
            lines += f" instead of the station's {nominal_capacitance * 1e9:.3g} nF"
        text += f", which {lines} explain"
    if outcome == FAIL:
        text += f"; that is more than {_percent(tolerance)}: the lines are not what the network takes them for"
    return Verdict(name, outcome, text, numbers)


def judge_leads(
    normal: Look,
    reversed_transfer: complex,
    single: complex | None,
    expected: complex,
    contact_sd: float,
    ohms: float,
    allowed: float,
    tolerance: float,
) -> Verdict:
    """Does the sign turn with the phase of the current, and is the far contact at ground?

    `reversed_transfer`: signal per volt with the reference turned by 180 degrees. `single`: V+ against ground per
    volt of the source, None where the lock-in cannot; `expected` the same for sound contacts, `contact_sd` the s.d.
    (ohm) of the contact's resistance, `ohms` source ohms per unit of transfer, `allowed` the largest acceptable
    resistance (ohm) of the grounded contact.
    """
    name = "leads"
    sd = normal.sd / normal.voltage
    size, offset = abs(normal.transfer), abs(normal.transfer + reversed_transfer) / 2.0
    numbers: dict[str, Any] = {"offset": offset * normal.voltage, "offset_sd": normal.sd, "tolerance": tolerance}
    untested = "contacts I+, V+ and V- and reciprocity are not tested, this rack has no switch to swap the leads"
    if normal.trouble:
        return Verdict(name, CANNOT_SAY, f"the reading is not to be believed: {normal.trouble}", numbers)
    if offset > SIGNIFICANT * sd and offset > tolerance * size:
        share = f"{_percent(offset / size)} of the signal" if size > SIGNIFICANT * sd else "more than the signal"
        text = f"{offset * normal.voltage * 1e9:.3g} nV do not turn their sign with the reference, {share}"
        return Verdict(name, FAIL, text, numbers)
    contact = math.nan
    if single is not None and normal.invertible:
        contact = (single - expected).real * ohms
        numbers |= {"ground_contact": contact, "ground_contact_sd": contact_sd, "allowed_contact": allowed}
        if contact > allowed and contact > SIGNIFICANT * contact_sd:
            text = (
                f"the grounded contact has {contact / 1e3:.3g} kohm beyond its lead, more than {allowed / 1e3:.3g} kohm"
            )
            return Verdict(name, FAIL, text, numbers)
    if size <= SIGNIFICANT * sd or sd > tolerance * size:
        return Verdict(name, CANNOT_SAY, "the signal is too small to turn its sign visibly", numbers)
    if math.isnan(contact):
        why = "the lock-in has no single-ended input" if single is None else normal.reason
        return Verdict(name, CANNOT_SAY, f"the sign turns, but the grounded contact is unknown: {why}", numbers)
    text = (
        f"the sign turns to within {offset * normal.voltage * 1e9:.2g} nV, the grounded contact has {contact:.3g} ohm "
    )
    return Verdict(name, PASS, f"{text}beyond its lead; {untested}", numbers)


def judge_thermometer(
    before: tuple[float, float], lower: tuple[float, float], after: tuple[float, float], tolerance: float, text: str
) -> Verdict:
    """Does the sensor read colder with less excitation? Each argument T and s.d. (K); `text` names the excitations."""
    name = "thermometer"
    mean = 0.5 * (before[0] + after[0])
    difference = Change(lower[0] / mean - 1.0, math.hypot(lower[1], 0.5 * math.hypot(before[1], after[1])) / mean, "T")
    drift = Change(after[0] / before[0] - 1.0, math.hypot(before[1], after[1]) / mean)
    numbers: dict[str, Any] = {"temperature": mean, "tolerance": tolerance}
    numbers |= {"change": difference.relative, "change_sd": difference.sd}
    if not math.isfinite(difference.relative):
        return Verdict(name, CANNOT_SAY, "the sensor gives no temperature", numbers)
    if drifts_too_much(drift, difference, tolerance):
        return Verdict(name, CANNOT_SAY, f"the temperature itself moved by {drift}", numbers)
    outcome = outcome_of(difference, tolerance)
    sentence = f"the sensor's temperature changes by {difference} {text}"
    if outcome == FAIL:
        sentence += "; the bridge warms its sensor"
    elif outcome == CANNOT_SAY:
        sentence += f"; too uncertain for a tolerance of {_percent(tolerance)}"
    return Verdict(name, outcome, sentence, numbers)


def _doubt(*looks: Look) -> str:
    return next((f"the reading is not to be believed: {look.trouble}" for look in looks if look.trouble), "")


def _safe_current(current: float, smaller: float, difference: Change, tolerance: float) -> float:
    """Current (A) at which the departure from no current would be the tolerance, if it grows as I^2; inf if unseen."""
    if not difference.significant:
        return math.inf
    departure = abs(difference.relative) / (1.0 - (smaller / current) ** 2)
    return current * math.sqrt(tolerance / departure)


def _mean(first: Look, second: Look) -> tuple[float, float, float]:
    """Current (A), resistivity and its s.d. of two looks at the same current."""
    sd = 0.5 * math.hypot(first.resistivity_sd, second.resistivity_sd)
    return first.current, 0.5 * (first.resistivity + second.resistivity), sd


def _parabola(points: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    """rho at no current, its s.d. and chi^2 of rho = rho_0 + k I^2, from currents, resistivities and s.d."""
    weights = [1.0 / sd**2 for _, _, sd in points]
    scale = points[0][0] ** 2
    squares = [current**2 / scale for current, _, _ in points]
    rhos = [rho for _, rho, _ in points]
    s = sum(weights)
    q = sum(w * x for w, x in zip(weights, squares, strict=True)) / s
    r = sum(w * y for w, y in zip(weights, rhos, strict=True)) / s
    width = sum(w * (x - q) ** 2 for w, x in zip(weights, squares, strict=True))
    k = sum(w * (x - q) * (y - r) for w, x, y in zip(weights, squares, rhos, strict=True)) / width
    chi2 = sum(w * (y - r - k * (x - q)) ** 2 for w, x, y in zip(weights, squares, rhos, strict=True))
    return r - k * q, math.sqrt(1.0 / s + q**2 / width), chi2


def _electrons(numbers: dict[str, Any], temperature: float, slope: float, hot: float, cold: float) -> str:
    """Electron temperature if warming is all that the current does; added to the numbers."""
    if not slope:
        return ""
    warmer = temperature * (hot / cold) ** (1.0 / slope)
    numbers |= {"slope": slope, "temperature": temperature, "electron_temperature": warmer}
    film = f"{temperature * 1e3:.3g} mK"
    return f"; if that is heat alone the electrons are at about {warmer * 1e3:.3g} mK in a film at {film}"


def _not_the_lines(before: Look, half: Look) -> str:
    """A phase that belongs to capacitances gives the same capacitance at both frequencies."""
    off = abs(half.capacitance / before.capacitance - 1.0) if before.capacitance else math.inf
    # The phase's own error counts as much capacitance as it has at the lower frequency.
    error = math.hypot(*(look.sd / math.hypot(look.x, look.y) for look in (before, half)))
    smallest = max(math.radians(abs(half.phase)), 1e-9)
    if off <= _CAPACITANCE_TOLERANCE or off <= SIGNIFICANT * error / smallest:
        return ""
    return (
        f"the phase asks for lines of {before.capacitance * 1e9:.3g} nF at one and {half.capacitance * 1e9:.3g} nF "
        "at the other: it is not the lines'"
    )


def _span(series: Sequence[Look]) -> float:
    known = [look.resistivity for look in series if look.invertible]
    return max(known) / min(known) - 1.0 if len(known) > 1 and min(known) > 0 else 0.0


def _na(look: Look) -> str:
    return _nano(look.current)


def _nano(current: float) -> str:
    return f"{current * 1e9:.3g} nA"


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"
