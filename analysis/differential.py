"""dV/dI against dc bias: value at zero bias, critical current, shape about zero, limit at large bias.

Every number has its uncertainty or is a limit. Points in which the bias warms the electrons count for the shape at
large bias only as far as the reader believes them; that is said in the doubt.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from coldfinger.analysis.across.crossover import Quantity
from coldfinger.analysis.dataset import BELIEVED, Table
from coldfinger.analysis.fits.fit_result import Array, Curve
from coldfinger.runfiles.quality import Quality

Shape = Literal["superconducting", "v-shape", "peak", "flat", "unknown"]

REGIME: dict[Shape, str] = {
    "superconducting": "superconducting",
    "v-shape": "failed superconducting",
    "peak": "failed insulating",
    "flat": "at the separatrix",
    "unknown": "unknown",
}
SIGNIFICANT = 3.0
"""Standard deviations from which a difference is one."""
SEEN = 4.0
"""The same for the curvature, which is looked for in several ranges."""
NEAR = 0.25
"""Share of the largest bias within which the shape about zero is judged; the rest is the way to the normal state."""
FAR = 0.75
"""Share of the largest bias beyond which dV/dI is taken for the limit at large bias."""


@dataclass(frozen=True, eq=False)
class SlopeCurve:
    """dV/dI per square at one field and temperature; arrays (n,) of believed rows, in the order of measurement."""

    field: float
    """Oe."""
    temperature: float
    """K."""
    bias: Array
    """A."""
    slope: Array
    """dV/dI (ohm/square)."""
    sd: Array
    direction: Array
    """+1 the bias has risen, -1 fallen, 0 neither."""
    heated: NDArray[np.bool_]
    """The bias is expected, or seen, to warm the film: drawn hollow."""
    ordinary: Array
    """Resistance (ohm/square) with the bias path open, shape (m,)."""
    ordinary_sd: Array


@dataclass(frozen=True)
class Differential:
    """What one curve of dV/dI says."""

    field: float
    temperature: float
    zero_bias: Quantity
    """dV/dI at zero bias (ohm/square)."""
    ordinary: Quantity
    """Resistance with the bias path open (ohm/square)."""
    critical_current: Quantity
    """A; nan where `limit` or `doubt` says what is known."""
    critical_limit: str
    """"above 1e-06 A" or "none: ..." where there is no value; else empty."""
    shape: Shape
    curvature: Quantity
    """d²(dV/dI)/dI² about zero bias (ohm/square per A²)."""
    normal: Quantity
    """Mean dV/dI beyond three quarters of the largest bias (ohm/square)."""
    compared: Quantity | None = None
    """R(T,H) at this temperature and field from another run (ohm/square)."""

    @property
    def regime(self) -> str:
        """In the paper's words."""
        return REGIME[self.shape]

    @property
    def apart(self) -> float:
        """Distance of the zero-bias value from R(T,H), or from the ordinary resistance, in s.d.; nan without."""
        other = self.compared or self.ordinary
        return abs(self.zero_bias.value - other.value) / math.hypot(self.zero_bias.sd, other.sd)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers in SI; None where there is none."""
        named = ("zero_bias", "ordinary", "critical_current", "curvature", "normal", "compared")
        return {
            "field_Oe": self.field,
            "T_K": _finite(self.temperature),
            "shape": self.shape,
            "regime": self.regime,
            "critical_limit": self.critical_limit,
            "standard_deviations_apart": _finite(self.apart),
        } | {name: _quantity(getattr(self, name)) for name in named}


def slope_curve(table: Table) -> SlopeCurve:
    """The believed rows of a run of dV/dI: those with the bias path joined, and apart from them, with it open, the
    first row and the last one of a whole run. Raises ValueError where no row is believed."""
    frame = table.frame.reset_index(drop=True)
    good = frame[BELIEVED].to_numpy(dtype=bool)
    if not good.any():
        raise ValueError("no row is believed")
    joined = np.ones(len(frame), dtype=bool)
    joined[0] = False
    if table.outcome == "done":
        joined[-1] = False
    heated = (frame["flags"].astype(int) & int(Quality.BIAS_HEATING)).to_numpy() != 0
    swept, ordinary = good & joined, good & ~joined
    bias, slope, sd, direction = (
        frame[label].to_numpy(dtype=float)[swept] for label in ("bias (A)", "rho (ohm)", "rho_sd (ohm)", "direction")
    )
    return SlopeCurve(
        float(f"{table.field:.9g}"),
        float(frame["T_sample (K)"][good].iloc[0]),
        bias,
        slope,
        sd,
        direction,
        heated[swept],
        frame["rho (ohm)"].to_numpy()[ordinary],
        frame["rho_sd (ohm)"].to_numpy()[ordinary],
    )


def evaluate_slopes(curve: SlopeCurve, rt: Sequence[Curve] = ()) -> Differential:
    """All numbers of one curve; `rt` are curves ρ(T) of the same field, for the comparison at zero bias.

    Raises ValueError for fewer than five rows with the bias path joined.
    """
    if curve.bias.size < 5:
        raise ValueError(f"dV/dI at {curve.field:g} Oe: {curve.bias.size} believed rows; at least 5 are needed")
    zero = curve.bias == 0.0
    zero_bias = _mean(curve.slope[zero], curve.sd[zero], "no believed row at zero bias")
    normal = _normal(curve)
    critical, limit = critical_current(curve, zero_bias, normal)
    curvature = _curvature(curve)
    return Differential(
        curve.field,
        curve.temperature,
        zero_bias,
        _mean(curve.ordinary, curve.ordinary_sd, "no believed row with the bias path open"),
        critical,
        limit,
        _shape(zero_bias, normal, curvature),
        curvature,
        normal,
        _resistance_at(rt, curve.temperature),
    )


def critical_current(curve: SlopeCurve, zero_bias: Quantity, normal: Quantity) -> tuple[Quantity, str]:
    """Bias (A) at which dV/dI rises through half of its limit at large bias, mean over branches; and words if none.

    Each branch gives a bracket between two biases: its middle, and its width over √12. The branches' own spread counts
    where it is larger: a critical current that depends on the direction is not known better than that.
    """
    nothing = Quantity(math.nan, math.nan, "A")
    if not _is_zero(zero_bias, normal):
        seen = f"{zero_bias.value:.4g} ± {zero_bias.sd:.2g} ohm/square"
        return nothing, f"none: there is resistance at zero bias, {seen}"
    brackets = []
    for sign in (1.0, -1.0):
        for way in (sign, -sign):
            branch = (curve.bias * sign >= 0) & ((curve.direction == way) | (curve.bias == 0))
            order = np.argsort(np.abs(curve.bias[branch]), kind="stable")
            bias, slope = np.abs(curve.bias[branch])[order], curve.slope[branch][order]
            risen = np.flatnonzero(slope > 0.5 * max(normal.value, 0.0))
            if risen.size and risen[0] > 0:
                brackets.append((bias[risen[0] - 1], bias[risen[0]]))
    largest = float(np.max(np.abs(curve.bias)))
    largest_slope = float(np.max(curve.slope))
    if not brackets or largest_slope < SIGNIFICANT * float(np.max(curve.sd)):
        return nothing, f"above {largest:.3g} A: no resistance up to the largest bias"
    middles = np.array([0.5 * (low + high) for low, high in brackets])
    width = float(np.mean([high - low for low, high in brackets])) / math.sqrt(12.0)
    sd = max(width, float(np.std(middles, ddof=1)) if middles.size > 1 else 0.0)
    doubt = "" if middles.size > 1 else "seen in one branch only"
    return Quantity(float(np.mean(middles)), sd, "A", doubt), ""


def _shape(zero_bias: Quantity, normal: Quantity, curvature: Quantity) -> Shape:
    if not math.isfinite(zero_bias.value):
        return "unknown"
    if _is_zero(zero_bias, normal):
        return "superconducting"
    if not math.isfinite(curvature.value) or abs(curvature.value) < SEEN * curvature.sd:
        return "flat" if math.isfinite(curvature.value) else "unknown"
    return "v-shape" if curvature.value > 0 else "peak"


def _is_zero(zero_bias: Quantity, normal: Quantity) -> bool:
    """No resistance at zero bias, where there is some at large bias."""
    if not math.isfinite(zero_bias.value):
        return False
    return zero_bias.value < max(SIGNIFICANT * zero_bias.sd, 1e-3 * normal.value)


def _curvature(curve: SlopeCurve) -> Quantity:
    """Even parabola a + c I²/2 through the points nearest to zero: as few as show a curvature, at most within `NEAR`.

    A steep peak is no parabola over a wide range, a shallow one hides in the noise of a narrow one. Errors are widened
    by the root of the reduced chi-square.
    """
    sizes = np.unique(np.abs(curve.bias))
    widest = max(int(np.searchsorted(sizes, NEAR * sizes[-1], side="right")), 3)
    if sizes.size < 3:
        return Quantity(math.nan, math.nan, "ohm/A^2", "fewer than three different biases")
    best = _parabola(curve, float(sizes[1]))
    for count in range(3, widest + 1):
        if abs(best.value) >= SEEN * best.sd:
            break
        best = _parabola(curve, float(sizes[count - 1]))
    return best


def _parabola(curve: SlopeCurve, reach: float) -> Quantity:
    near = np.abs(curve.bias) <= reach
    x, sd = 0.5 * (curve.bias[near] / reach) ** 2, curve.sd[near]
    design = np.stack([np.ones_like(x), x], axis=1) / sd[:, np.newaxis]
    covariance = np.linalg.inv(design.T @ design)
    value = covariance @ design.T @ (curve.slope[near] / sd)
    left = design @ value - curve.slope[near] / sd
    scale = max(float(left @ left) / max(x.size - 2, 1), 1.0)
    return Quantity(float(value[1]) / reach**2, math.sqrt(scale * float(covariance[1, 1])) / reach**2, "ohm/A^2")


def _normal(curve: SlopeCurve) -> Quantity:
    """Mean at large bias; its s.d. holds the scatter, and it is no limit while dV/dI still runs there."""
    size = np.abs(curve.bias)
    far = size >= FAR * float(np.max(size))
    mean = _mean(curve.slope[far], curve.sd[far], "no row at large bias")
    values = curve.slope[far]
    scatter = float(np.std(values, ddof=1)) / math.sqrt(values.size) if values.size > 1 else 0.0
    sd = max(mean.sd, scatter)
    doubts = []
    if np.ptp(size[far]) > 0 and values.size > 3:
        slope, variance = np.polyfit(size[far], values, 1)[0], 0.0
        spread = float(np.sum((size[far] - size[far].mean()) ** 2))
        variance = float(np.mean(curve.sd[far] ** 2)) / spread
        change = abs(slope) * float(np.max(size)) * (1 - FAR)
        if abs(slope) > SIGNIFICANT * math.sqrt(variance) and change > 0.01 * abs(mean.value):
            doubts.append(f"dV/dI still changes by {change / abs(mean.value):.0%} over the last quarter of the bias")
    if mean.value < SIGNIFICANT * sd:
        doubts.append("no resistance up to the largest bias: the normal state was not reached")
    if curve.heated[far].any():
        doubts.append("the bias warms the electrons")
    return Quantity(mean.value, sd, "ohm/square", "; ".join(doubts))


def _resistance_at(curves: Sequence[Curve], temperature: float) -> Quantity | None:
    """ρ (ohm/square) at a temperature from the nearest points of ρ(T): a straight line over ln T; None if beyond."""
    for curve in curves:
        _, order = np.unique(curve.temperature, return_index=True)  # ascending, every temperature once
        T, rho, sd = curve.temperature[order], curve.resistivity[order], curve.sd_resistivity[order]
        at = int(np.searchsorted(T, temperature))
        if at == 0 and T.size and temperature >= 0.95 * T[0]:
            at = 1
        if not 0 < at < T.size:
            continue
        share = math.log(temperature / T[at - 1]) / math.log(T[at] / T[at - 1])
        value = (1 - share) * rho[at - 1] + share * rho[at]
        # Both films are at their own thermometer's temperature: its error counts through the slope.
        by_T = (rho[at] - rho[at - 1]) / (T[at] - T[at - 1])
        sd_T = math.sqrt(2.0) * float(curve.sd_temperature[order][at])
        return Quantity(float(value), math.hypot((1 - share) * sd[at - 1], share * sd[at], by_T * sd_T), "ohm/square")
    return None


def _mean(value: Array, sd: Array, missing: str) -> Quantity:
    usable = np.isfinite(value) & (sd > 0)
    if not usable.any():
        return Quantity(math.nan, math.nan, "ohm/square", missing)
    weight = 1.0 / sd[usable] ** 2
    return Quantity(float(weight @ value[usable] / weight.sum()), float(weight.sum() ** -0.5), "ohm/square")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _quantity(quantity: Quantity | None) -> dict[str, float | str | None] | None:
    if quantity is None:
        return None
    return {
        "value": _finite(quantity.value),
        "sd": _finite(quantity.sd),
        "unit": quantity.unit,
        "doubt": quantity.doubt,
    }
