"""What the fields of a family say together: power laws, crossing, drop of the energy, peak, regimes.

Each number is sought on its own; one that the data do not determine is missing and says why.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from coldfinger.analysis.across.crossover import (
    Monotonicity,
    Quantity,
    energy_drop,
    field_crossing,
    monotonicity,
    peak,
)
from coldfinger.analysis.across.field_laws import Fits, field_points
from coldfinger.analysis.across.power_law import PowerLaw, fit_power_law
from coldfinger.analysis.across.regimes import Boundary, Regime, along_field
from coldfinger.analysis.fits.fit import Fit


@dataclass(frozen=True, eq=False)
class Across:
    """Results across the fields of one family."""

    numbers: dict[str, Quantity] = field(default_factory=dict)
    """H_star (Oe), R_star (ohm/square), R_Q_ratio (R* over h/4e²), E_a_drop, peak_field (Oe), peak_energy (K)."""
    laws: dict[str, PowerLaw] = field(default_factory=dict)
    """Of rho_QF and sigma_QF against field."""
    falls: Monotonicity | None = None
    """Whether σ_QF only falls with field."""
    boundaries: tuple[Boundary, ...] = ()
    """Changes of the label between neighbouring fields."""
    absent: dict[str, str] = field(default_factory=dict)
    """By name: why there is no such number."""

    def to_json(self) -> dict[str, Any]:
        """Exponents are those of ρ_QF(H) and σ_QF(H); None where there is no number, with the reason in `absent`."""
        result: dict[str, Any] = {f"exponent_{name}": None for name in ("rho_QF", "sigma_QF")}
        result |= dict.fromkeys(_KEYS.values())
        for name, law in self.laws.items():
            result[f"exponent_{name}"] = {
                "value": law.exponent,
                "sd": law.exponent_sd,
                "H_min_Oe": law.H_min,
                "H_max_Oe": law.H_max,
                "values": law.values,
                "limits": law.limits,
                "probability": law.probability if math.isfinite(law.probability) else None,
                "remarks": list(law.remarks),
            }
        for name, number in self.numbers.items():
            result[_KEYS[name]] = {"value": number.value, "sd": number.sd, "doubt": number.doubt}
        if self.falls is not None:
            result["sigma_QF_falls"] = {"holds": self.falls.holds, "probability": self.falls.probability}
        result["boundaries"] = [
            {"name": b.name, "below": b.below, "above": b.above, "H_low_Oe": b.H_low, "H_high_Oe": b.H_high}
            for b in self.boundaries
        ]
        return result | {"absent": dict(self.absent)}


_KEYS = {
    "H_star": "H_star_Oe",
    "R_star": "R_star_ohm",
    "R_Q_ratio": "R_star_over_R_Q",
    "E_a_drop": "E_a_drop",
    "peak_field": "E_aI_peak_Oe",
    "peak_energy": "E_aI_peak_K",
}


def across_fields(fits: Sequence[tuple[float, Fit]], regimes: Sequence[Regime], *, sd_field: float = 0.0) -> Across:
    """Everything that the fits of one film (field in Oe, `Fit`) give together; `sd_field` (Oe) is common to all fields.

    Formulas and sources: `power_law`, `crossover`, `regimes`. Never raises for what the data lack.
    """
    family: Fits = list(fits)
    numbers: dict[str, Quantity] = {}
    laws: dict[str, PowerLaw] = {}
    absent: dict[str, str] = {}

    def attempt(name: str, seek: Callable[[], None]) -> None:
        try:
            seek()
        except ValueError as error:
            absent[name] = str(error)

    def crossing() -> None:
        found = field_crossing(family, sd_field=sd_field)
        laws.update(rho_QF=found.superconducting, sigma_QF=found.insulating)
        numbers.update(H_star=found.H_star, R_star=found.R_star, R_Q_ratio=found.R_Q_ratio)

    def drop() -> None:
        if "H_star" not in numbers:
            raise ValueError("energy drop: there is no crossing H* at which it could be taken")
        below, above = (field_points(family, name, sd_field=sd_field) for name in ("E_aS", "E_aI"))
        numbers["E_a_drop"] = energy_drop(below, above, numbers["H_star"]).factor

    def top() -> None:
        numbers["peak_field"], numbers["peak_energy"] = peak(field_points(family, "E_aI", sd_field=sd_field))

    attempt("crossing", crossing)
    if "crossing" in absent:
        attempt("rho_QF", lambda: laws.update(rho_QF=fit_power_law(field_points(family, "rho_QF", sd_field=sd_field))))
        attempt(
            "sigma_QF", lambda: laws.update(sigma_QF=fit_power_law(field_points(family, "sigma_QF", sd_field=sd_field)))
        )
    attempt("E_a_drop", drop)
    attempt("E_aI_peak", top)
    falls: list[Monotonicity] = []
    attempt("sigma_QF_falls", lambda: falls.append(monotonicity(field_points(family, "sigma_QF"))))
    ordered = tuple(sorted(regimes, key=lambda found: found.field))
    return Across(numbers, laws, falls[0] if falls else None, tuple(along_field({"": ordered})), absent)
