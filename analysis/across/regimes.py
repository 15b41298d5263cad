"""The regimes of Fig. 1 by field and film, each label with its reason, and the phase diagram they make.

Labels come from `model_choice.choose_model`; here they get the numbers that carry them, the doubts against them, and
their place in Fig. 1: superconductor, anomalous metal (failed superconductor or failed insulator) or insulator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from coldfinger.analysis.fits.fit_result import Curve
from coldfinger.analysis.fits.model_choice import LOGARITHMIC_LAWS, Label, ModelChoice, choose_model
from coldfinger.analysis.laws import R_Q_PAIR

STRONG = 6.0
"""Difference of BIC below which the evidence is not strong (R. E. Kass and A. E. Raftery, JASA 90, 773 (1995))."""
PLACE: dict[Label, str] = {
    "superconductor": "superconductor",
    "failed superconductor": "anomalous metal",
    "failed insulator": "anomalous metal",
    "log insulator": "insulator",
    "insulator with limit": "insulator",
}


@dataclass(frozen=True, eq=False)
class Regime:
    """One field of one film on the map."""

    field: float
    """Oe."""
    label: Label
    place: str
    """Region of Fig. 1."""
    reason: str
    """The numbers that carry the label."""
    doubts: tuple[str, ...]
    """What speaks against it; empty if nothing does."""
    choice: ModelChoice


@dataclass(frozen=True)
class Boundary:
    """A change of label between neighbouring fields of one film, or neighbouring films at one field."""

    name: str
    """SQMT, QMIT or avoided SIT (solid, solid and dash-dotted in Fig. 1), or both labels for any other change."""
    below: str
    """Film and field (Oe) on the superconducting side."""
    above: str
    H_low: float
    """Oe: the boundary lies between H_low and H_high; both equal for neighbouring films."""
    H_high: float


@dataclass(frozen=True, eq=False)
class PhaseDiagram:
    """Films (in the order given) against field."""

    regimes: dict[str, tuple[Regime, ...]]
    boundaries: tuple[Boundary, ...]
    R_Q: float = R_Q_PAIR
    """h/4e² (ohm), the line to draw; nothing was fitted with it."""

    def table(self) -> list[dict[str, Any]]:
        """A row for every film and field: film, field_Oe, label, place, reason, doubts."""
        return [
            {
                "film": film,
                "field_Oe": regime.field,
                "label": regime.label,
                "place": regime.place,
                "reason": regime.reason,
                "doubts": "; ".join(regime.doubts),
            }
            for film, regimes in self.regimes.items()
            for regime in regimes
        ]


def regime(field: float, curve: Curve, *, T_max: float = 0.7, floor: float = 0.0, loading: float = 0.0) -> Regime:
    """Label of one curve (Fig. 1) with its reason; arguments and errors as in `choose_model`, field in Oe."""
    window = curve.window(T_max)
    choice = choose_model(window, T_max=T_max, floor=floor, loading=loading)
    return Regime(field, choice.label, PLACE[choice.label], _reason(window, choice, floor), _doubts(choice), choice)


def phase_diagram(
    films: Mapping[str, Sequence[tuple[float, Curve]]],
    *,
    T_max: float = 0.7,
    floor: float = 0.0,
    loading: float = 0.0,
) -> PhaseDiagram:
    """Regimes of all films (say S0, S1, S2, from most to least disorder) and the boundaries between them.

    `films` maps a name to pairs of field (Oe) and curve. Arguments as in `regime`; an error names film and field.
    """
    regimes: dict[str, tuple[Regime, ...]] = {}
    for film, family in films.items():
        found = []
        for field, curve in sorted(family, key=lambda pair: pair[0]):
            try:
                found.append(regime(field, curve, T_max=T_max, floor=floor, loading=loading))
            except ValueError as error:
                raise ValueError(f"film {film} at {field:g} Oe: {error}") from None
        regimes[film] = tuple(found)
    return PhaseDiagram(regimes, (*along_field(regimes), *_across_films(regimes)))


def _reason(curve: Curve, choice: ModelChoice, floor: float) -> str:
    slope = f"dρ/d ln T = {choice.slope:.3g} ± {choice.slope_sd:.2g} ohm/square"
    fit = choice.fit
    if choice.label == "superconductor":
        return _zero(curve, floor)
    if choice.label == "failed superconductor":
        base = fit.parameters["rho_QF"]
        if fit.status == "limit":
            return f"ρ rises on warming ({slope}); what is left at T → 0 is not resolved, below {base.upper95:.3g} ohm"
        return f"ρ rises on warming ({slope}) from ρ_QF = {base.value:.4g} ± {base.sd:.2g} ohm/square at T → 0"
    if choice.label == "log insulator":
        gain = choice.bic["eq1"] - choice.bic[choice.best]
        return f"ρ falls on warming ({slope}) as {choice.best.replace('_', ' of ')}, BIC {gain:.3g} below Eq. 1"
    base = fit.parameters["sigma_QF"]
    if choice.label == "failed insulator":
        seen = f"σ_QF = {base.value:.4g} ± {base.sd:.2g} S, chi-square rises by {fit.detection:.3g} without it"
        return f"ρ falls on warming ({slope}) and saturates: {seen}"
    limit = "no limit found" if base.upper95 is None else f"σ_QF below {base.upper95:.3g} S (95 %)"
    return f"ρ falls on warming ({slope}) and no saturation is resolved: {limit}"


def _zero(curve: Curve, floor: float) -> str:
    order = np.argsort(curve.temperature)
    rho, sd = curve.resistivity[order], curve.sd_resistivity[order]
    zero = (np.abs(rho) < 4 * sd) | (np.abs(rho) < floor)
    count = len(zero) if zero.all() else int(np.argmin(zero))
    weight = 1 / sd[:count] ** 2
    mean, sd_mean = float(weight @ rho[:count] / np.sum(weight)), float(1 / np.sqrt(np.sum(weight)))
    warmest = float(curve.temperature[order][count - 1])
    return f"no resistance at the {count} coldest points, up to {warmest:.3g} K: {mean:.2g} ± {sd_mean:.2g} ohm/square"


def _doubts(choice: ModelChoice) -> tuple[str, ...]:
    doubts = []
    if choice.label == "superconductor":
        return ()
    if abs(choice.slope) < 3 * choice.slope_sd:
        doubts.append(f"the sign of dρ/dT is not significant: {choice.slope:.2g} ± {choice.slope_sd:.2g} ohm/square")
    if choice.fit.status != "value" and choice.label == "failed superconductor":
        doubts.append("the resistance at T → 0 is not resolved: may be a superconductor below the coldest point")
    if choice.label in ("failed insulator", "insulator with limit", "log insulator"):
        logs = min(choice.bic[law] for law in LOGARITHMIC_LAWS)
        apart = abs(choice.bic["eq1"] - logs)
        if apart < STRONG:
            doubts.append(f"Eq. 1 and the logarithm differ by only {apart:.2g} in BIC")
    if choice.fit.sd_scaled and choice.best in ("eq1", "eq2"):
        doubts.append(f"the best law does not fit: reduced chi-square {choice.fit.chi2_nu:.3g}")
    return tuple(doubts)


def along_field(regimes: Mapping[str, tuple[Regime, ...]]) -> list[Boundary]:
    """Changes of label between neighbouring fields; `regimes` by film, each film in rising order of field."""
    return [
        Boundary(_name(low, high), f"{film} {low.field:g} Oe", f"{film} {high.field:g} Oe", low.field, high.field)
        for film, row in regimes.items()
        for low, high in pairwise(row)
        if low.label != high.label
    ]


def _across_films(regimes: Mapping[str, tuple[Regime, ...]]) -> list[Boundary]:
    boundaries = []
    films = list(regimes)
    for disordered, annealed in pairwise(films):
        at_field = {found.field: found for found in regimes[annealed]}
        for high in regimes[disordered]:
            low = at_field.get(high.field)
            if low is not None and low.label != high.label:
                where = (f"{annealed} {low.field:g} Oe", f"{disordered} {high.field:g} Oe")
                boundaries.append(Boundary(_name(low, high), *where, low.field, low.field))
    return boundaries


def _name(low: Regime, high: Regime) -> str:
    """Name of a boundary in Fig. 1; `low` is on the superconducting side."""
    pair = (low.label, high.label)
    if pair == ("superconductor", "failed superconductor"):
        return "SQMT"
    if low.label == "failed superconductor" and high.label != "superconductor":
        return "avoided SIT"
    if low.label == "failed insulator" and high.place == "insulator":
        return "QMIT"
    if low.label == "superconductor" and high.place == "insulator":
        return "SIT"
    return f"{low.label} to {high.label}"
