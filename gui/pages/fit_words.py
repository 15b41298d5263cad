"""What a fit says in words: its numbers and how far to believe each, its state, what speaks against it."""

import math
from dataclasses import dataclass, field, replace

from coldfinger.analysis.across.family_fit import FieldFit
from coldfinger.analysis.fits.fit_result import PARAMETER_NAMES, Estimate, Fit, Law
from coldfinger.analysis.fits.limits import ONE_SIDED_95
from coldfinger.gui.pages.live_fit import FEWEST, FitAnswer
from coldfinger.gui.pages.number_text import Number, Trust, plain, with_sd

MICRO_EV = 86.17333262
"""Boltzmann's constant (µeV/K), CODATA 2018."""
SYMBOLS = {"sigma_QF": "σ_QF", "sigma_0": "σ_0", "E_aI": "E_aI", "rho_QF": "ρ_QF", "rho_0": "ρ_0", "E_aS": "E_aS"}
UNITS = {"sigma_QF": "S", "sigma_0": "S", "E_aI": "K", "rho_QF": "Ω/□", "rho_0": "Ω/□", "E_aS": "K"}
LAWS: dict[Law, str] = {"eq1": "Eq. 1", "eq2": "Eq. 2"}
NAMES = {
    "arrhenius": "pure activation",
    "efros_shklovskii": "Efros-Shklovskii hopping",
    "mott_2d": "Mott hopping in 2 d",
    "log_resistivity": "ρ linear in ln T",
    "log_conductivity": "1/ρ linear in ln T",
    "eq1": "Eq. 1",
    "eq2": "Eq. 2",
}
_TOO_FAR = 2.0  # χ²/ν with the rows' own s.d. from which on a fit is not leaned on,
_BY_CHANCE = 4.0  # where it is more than so many of its s.d. above 1: few rows may have that much by chance
_PARAMETERS = 3  # of either law
_UNCERTAIN = 0.3  # relative s.d. from which a value is not to be used alone, as in field_laws


@dataclass(frozen=True)
class FitWords:
    """A fit as text; `state` is one sentence, `good` whether it says that all is well."""

    state: str
    good: bool
    numbers: tuple[Number, ...] = ()
    quality: str = ""
    systematics: tuple[str, ...] = ()
    checks: tuple[tuple[str, str], ...] = ()
    """(outcome, sentence) of each belief test."""
    remarks: tuple[str, ...] = field(default=())


def words_of(answer: FitAnswer, last_good: FitAnswer | None = None) -> FitWords:
    """What to show for an answer; `last_good` is shown, struck out, where there is nothing new to believe."""
    if answer.member is None and answer.points < FEWEST and not answer.reason:
        return _old(f"needs {FEWEST} points in the window ({answer.points})", last_good)
    if answer.member is None:
        return _old(answer.reason, last_good)
    if not answer.converged:
        kept = last_good is not None and last_good is not answer
        if not kept:
            return _old("did not converge", answer, "did not converge")
        return _old("did not converge: showing last good", last_good)
    member, measured = answer.member, answer.measured
    assert measured is not None
    numbers = shown_numbers(answer)
    bad = [number.words for number in numbers if number.trust is not Trust.GOOD]
    label = member.regime.label if member.regime else ""
    if member.saturation == "disbelieved":
        bad = [next((r for r in member.remarks if r.startswith("belief test failed")), "a belief test failed")]
    if misses := misfit(answer):
        bad.append(misses)
    state = "; ".join(dict.fromkeys(bad)) or f"fits: {label}"
    window = f"T {measured.T_min:.3g}–{measured.T_max:.3g} K"
    quality = f"χ²/ν {measured.chi2_nu:.2f}   n {measured.n}   {window}"
    correlation = _correlation(measured)
    if math.isfinite(correlation):
        names = PARAMETER_NAMES[measured.law]
        quality += f"\ncorrelation of {SYMBOLS[names[0]]} and {SYMBOLS[names[2]]} {correlation:.2f}".replace("-", "−")
    quality += f"\n{weights_text(answer)}"
    return FitWords(state, not bad, numbers, quality, systematics_of(member), _checks(member), member.remarks)


def weights_text(answer: FitAnswer) -> str:
    """How the rows were weighed, and what that does to ± and χ²/ν."""
    if answer.weights == "σ":
        return "weights σ: each row by its own s.d."
    return (
        f"weights none: all rows alike, ± from their scatter ({answer.scatter:.2g} of ρ), so that χ²/ν is 1; "
        f"with the s.d. of the rows {answer.own_chi2_nu:.2f}"
    )


def own_chi2_nu(answer: FitAnswer) -> float:
    """χ²/ν with the s.d. that the rows themselves have, whatever the weights; nan without a fit."""
    if answer.weights == "none" or answer.measured is None:
        return answer.own_chi2_nu
    return answer.measured.chi2_nu


def misfit(answer: FitAnswer) -> str:
    """Rows that are further from the curve than they may be, in words: ± takes in a law that does not hold, by being
    widened, or without weights by being the scatter; "" where there is no such sign."""
    chi2_nu, free = own_chi2_nu(answer), max(answer.points - _PARAMETERS, 1)
    if not chi2_nu > max(_TOO_FAR, 1 + _BY_CHANCE * math.sqrt(2 / free)):
        return ""
    return f"rows scatter {math.sqrt(chi2_nu):.1f} times their own s.d.: the law does not hold, or the s.d. are wrong"


def hidden_misfit(answer: FitAnswer) -> str:
    """The same of a fit without weights, of which χ²/ν does not show it."""
    return misfit(answer) if answer.weights == "none" else ""


def shown_numbers(answer: FitAnswer) -> tuple[Number, ...]:
    """The numbers of an answer that has a fit."""
    numbers, misses = numbers_of(answer.member) if answer.member is not None else (), misfit(answer)
    return tuple(replace(n, trust=Trust.WEAK, words=misses) if misses and n.trust is Trust.GOOD else n for n in numbers)


def unended_text(answer: FitAnswer) -> str:
    """ "of the first 37 rows, the run had no end yet"; "" for a run that had ended."""
    return "" if answer.outcome else f"of the first {answer.rows} rows, the run had no end yet"


def tests_text(answer: FitAnswer) -> str:
    """Belief tests in a few words: "tests: heating pass, linearity fail"."""
    checks = answer.member.table.checks if answer.member is not None else ()
    return f"tests: {', '.join(f'{check.name} {check.outcome}' for check in checks)}" if checks else "no belief test"


def numbers_of(member: FieldFit) -> tuple[Number, ...]:
    """Base, prefactor and energy of a fit."""
    fit, measured = member.fit, member.measured or member.fit
    if fit is None or measured is None:
        return ()
    return tuple(_number(name, member, fit, measured) for name in PARAMETER_NAMES[fit.law])


def _number(name: str, member: FieldFit, fit: Fit, measured: Fit) -> Number:
    kept, seen, symbol = fit.parameters[name], measured.parameters[name], SYMBOLS[name]
    is_base = name == PARAMETER_NAMES[fit.law][0]
    if member.saturation == "disbelieved":
        failed = next((r for r in fit.remarks if r.startswith("belief test failed")), "a belief test failed")
        if is_base and kept.upper95 is not None:
            return Number(symbol, _limit(kept, name), Trust.LIMIT, f"{symbol} only a limit: {failed}")
        if math.isfinite(kept.value):
            return Number(symbol, _text(kept, name), Trust.WEAK, f"{symbol}: {failed}")
        return Number(symbol, _text(seen, name), Trust.NONE, f"{symbol} not believed: {failed}")
    if is_base:
        return _base(name, member, fit, measured, kept)
    if not (math.isfinite(kept.value) and math.isfinite(kept.sd) and kept.sd > 0):
        return Number(symbol, "–", Trust.NONE, f"{symbol} is not determined")
    at_end = [remark for remark in fit.remarks if remark.startswith(f"{name} is at the end")]
    if at_end:
        return Number(symbol, _text(kept, name), Trust.NONE, f"{symbol} at its bound")
    if kept.sd > _UNCERTAIN * abs(kept.value):
        return Number(symbol, _text(kept, name), Trust.WEAK, f"{symbol} known to {kept.sd / abs(kept.value):.0%} only")
    return Number(symbol, _text(kept, name), Trust.GOOD)


def _base(name: str, member: FieldFit, fit: Fit, measured: Fit, kept: Estimate) -> Number:
    symbol, sigmas = SYMBOLS[name], math.sqrt(max(fit.detection, 0.0))
    if any(remark.startswith(f"{name} is at the end") for remark in measured.remarks):
        return Number(
            symbol, _text(kept, name), Trust.NONE, f"{symbol} at its bound: {LAWS[fit.law]} cannot describe this"
        )
    if fit.status == "limit":
        if kept.upper95 is None:
            return Number(symbol, "–", Trust.NONE, f"{symbol} is not determined")
        return Number(symbol, _limit(kept, name), Trust.LIMIT, _why_limit(name, member, fit, sigmas))
    if fit.status == "weak":
        limit = f", {_limit(kept, name)}" if kept.upper95 is not None else ""
        return Number(symbol, _text(kept, name), Trust.WEAK, f"{symbol} weakly seen ({sigmas:.1f} σ){limit}")
    if member.saturation == "other law" and member.regime is not None:
        best = NAMES.get(member.regime.choice.best, member.regime.choice.best)
        return Number(symbol, _text(kept, name), Trust.WEAK, f"{best} describes the curve better than {LAWS[fit.law]}")
    return Number(symbol, _text(kept, name), Trust.GOOD)


def _why_limit(name: str, member: FieldFit, fit: Fit, sigmas: float) -> str:
    symbol = SYMBOLS[name]
    if fit.best[0] <= 0:
        return f"{symbol} at its bound: 0"
    if fit.detection < ONE_SIDED_95:
        return f"{symbol} consistent with 0 ({sigmas:.1f} σ)"
    parts = member.systematics.get(name, {})
    if not parts:
        return f"{symbol} only a limit ({sigmas:.1f} σ)"
    source, size = max(parts.items(), key=lambda part: part[1])
    return f"{symbol} no larger than what {source} may make of it ({plain(size, UNITS[name])})"


def _text(estimate: Estimate, name: str) -> str:
    text = with_sd(estimate.value, estimate.sd, UNITS[name])
    if UNITS[name] == "K" and math.isfinite(estimate.value):
        return f"{with_sd(MICRO_EV * 1e-6 * estimate.value, MICRO_EV * 1e-6 * estimate.sd, 'eV')}\n({text})"
    return text


def _limit(estimate: Estimate, name: str) -> str:
    return f"< {plain(estimate.upper95 or math.nan, UNITS[name])} (95 %)"


def _old(state: str, last: FitAnswer | None, why: str = "from an earlier fit") -> FitWords:
    """The state, and the numbers of the last fit, none of which is to be believed now, and `why`."""
    if last is None or last.member is None:
        return FitWords(state, False)
    numbers = tuple(Number(n.symbol, n.text, Trust.NONE, why) for n in numbers_of(last.member))
    return FitWords(state, False, numbers, checks=_checks(last.member))


def _correlation(fit: Fit) -> float:
    """Of the logarithm of the base and the energy."""
    a, b = float(fit.covariance[0, 0]), float(fit.covariance[2, 2])
    return float(fit.covariance[0, 2]) / math.sqrt(a * b) if a > 0 and b > 0 else math.nan


def systematics_of(member: FieldFit) -> tuple[str, ...]:
    return tuple(
        f"{SYMBOLS[name]}: " + ", ".join(f"{plain(size, UNITS[name])} {source}" for source, size in parts.items())
        for name, parts in member.systematics.items()
    )


def _checks(member: FieldFit) -> tuple[tuple[str, str], ...]:
    return tuple((check.outcome, f"{check.name}: {check.sentence}") for check in member.table.checks)


def copy_text(answer: FitAnswer, words: FitWords) -> str:
    """The fit as plain text for a notebook or a note; what must not be believed says so."""
    fit = answer.measured
    head = f"{answer.run}: {LAWS[fit.law] if fit else 'no fit'}"
    lines = [head + (" (SIMULATED)" if answer.simulated else "")]
    lines += [unended] if (unended := unended_text(answer)) else []
    for number in words.numbers:
        doubt = "" if number.trust is Trust.GOOD else f"  [{number.words}]"
        lines.append(f"{number.symbol} = {number.text}{doubt}".replace("= <", "<").replace("\n", " "))
    lines += [words.quality] if words.quality else []
    lines += [f"systematic, {line}" for line in words.systematics]
    lines += [f"belief test {outcome}: {sentence}" for outcome, sentence in words.checks] or ["no belief test was made"]
    return "\n".join([*lines, f"state: {words.state}"])
