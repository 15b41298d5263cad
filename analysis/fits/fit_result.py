"""What a fit takes and gives: a curve of ρ(T) with its uncertainties, parameters with theirs."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coldfinger.analysis.laws import failed_insulator, failed_superconductor

Array = NDArray[np.float64]
Law = Literal["eq1", "eq2"]
Status = Literal["value", "weak", "limit"]

PARAMETER_NAMES: dict[Law, tuple[str, str, str]] = {
    "eq1": ("sigma_QF", "sigma_0", "E_aI"),
    "eq2": ("rho_QF", "rho_0", "E_aS"),
}


@dataclass(frozen=True, eq=False)
class Curve:
    """ρ(T) at one field: four arrays of one length; a scalar uncertainty holds for all points."""

    temperature: Array
    """K."""
    resistivity: Array
    """Sheet resistance (ohm/square); may be negative by noise."""
    sd_resistivity: Array
    """Standard deviation (ohm/square), above zero."""
    sd_temperature: Array = field(default_factory=lambda: np.zeros(()))
    """Standard deviation (K)."""

    def __post_init__(self) -> None:
        temperature = _vector(self.temperature)
        resistivity = _vector(self.resistivity)
        if temperature.shape != resistivity.shape:
            sizes = f"{temperature.size} temperatures and {resistivity.size} resistivities"
            raise ValueError(f"curve: {sizes}; there must be as many of each")
        object.__setattr__(self, "temperature", temperature)
        object.__setattr__(self, "resistivity", resistivity)
        for name in ("sd_resistivity", "sd_temperature"):
            value = np.asarray(getattr(self, name), dtype=float)
            if value.shape not in ((), temperature.shape):
                raise ValueError(f"curve: {value.size} values of {name} for {temperature.size} points")
            object.__setattr__(self, name, np.broadcast_to(value, temperature.shape))

    def window(self, T_max: float) -> "Curve":
        """The points at or below `T_max` (K).

        Raises ValueError if any point of the curve is not finite, has no uncertainty or T <= 0, or if fewer
        than five lie in the window.
        """
        finite = np.isfinite(self.temperature + self.resistivity + self.sd_resistivity + self.sd_temperature)
        bad = int(np.count_nonzero(~finite))
        if bad:
            raise ValueError(f"curve: {bad} of {finite.size} points are not finite; leave them out")
        if np.any(self.temperature <= 0):
            raise ValueError(f"curve: lowest temperature is {self.temperature.min():g} K; it must be above 0 K")
        if np.any(self.sd_resistivity <= 0) or np.any(self.sd_temperature < 0):
            raise ValueError("curve: a standard deviation is zero or negative; every resistivity needs one")
        # A set point of exactly T_max may be stored one rounding error above it.
        inside = self.temperature <= T_max * (1 + 1e-9)
        count = int(np.count_nonzero(inside))
        if count < 5:
            raise ValueError(f"fit: {count} points at or below {T_max:g} K; at least 5 are needed")
        return Curve(
            self.temperature[inside],
            self.resistivity[inside],
            self.sd_resistivity[inside],
            self.sd_temperature[inside],
        )


@dataclass(frozen=True)
class Estimate:
    """One parameter; NaN where there is no value."""

    value: float
    sd: float
    upper95: float | None = None
    """One-sided 95 % upper limit, where one is quoted."""

    def to_json(self) -> dict[str, float | None]:
        """Value, s.d. and limit; None where there is none."""
        return {
            "value": _finite(self.value),
            "sd": _finite(self.sd),
            "upper95": None if self.upper95 is None else _finite(self.upper95),
        }


@dataclass(frozen=True, eq=False)
class Fit:
    """Eq. 1 or Eq. 2 through one curve."""

    law: Law
    status: Status
    """Whether the curve shows its saturation: a value, a weak one beside its limit, or a limit alone."""
    parameters: dict[str, Estimate]
    """sigma_QF, sigma_0 (S), E_aI (K) or rho_QF, rho_0 (ohm/square), E_aS (K)."""
    T_min: float
    """Coldest point used (K)."""
    T_max: float
    """Warmest point used (K)."""
    n: int
    chi2_nu: float
    """Chi-square per degree of freedom, before any scaling."""
    covariance: Array
    """Of (ln base, ln prefactor, E in K), shape (3, 3), scaled as the errors are; nan for a base at zero."""
    detection: float
    """Rise of chi-square when the base is forced to zero (scaled as the errors are)."""
    bic: float
    sd_scaled: bool
    """True if the errors were widened because chi-square asked for it."""
    remarks: tuple[str, ...]
    best: tuple[float, float, float]
    """Base, prefactor and E (K) of the curve of least chi-square, also where the base is only a limit."""

    def predict(self, T: ArrayLike) -> Array:
        """Sheet resistance (ohm/square) of the best curve at `T` (K), same shape."""
        law = failed_insulator if self.law == "eq1" else failed_superconductor
        return law(T, *self.best)

    def to_json(self) -> dict[str, Any]:
        """The fit as stored beside a run: SI and kelvin, None where there is no number."""
        result: dict[str, Any] = {
            "law": self.law,
            "status": self.status,
            "T_min_K": self.T_min,
            "T_max_K": self.T_max,
            "n": self.n,
            "chi2_nu": _finite(self.chi2_nu),
        }
        return result | {name: estimate.to_json() for name, estimate in self.parameters.items()}


def _vector(values: ArrayLike) -> Array:
    vector = np.asarray(values, dtype=float)
    if vector.ndim != 1:
        raise ValueError(f"curve: array of shape {vector.shape}; temperature and resistivity are one-dimensional")
    return vector


def _finite(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
