"""Thermometer curves: resistance to temperature and back, inside the calibrated range only.

Theory of operation. ln R is interpolated over ln T by a cubic spline, because semiconducting sensors are
smooth there: 18 points of a RuO2 curve between 50 mK and 40 K give T within 0.3 % up to 20 K. Where that
spline is not monotone a monotone one (PCHIP) takes its place. T(R) is the inverse of the same function, so
R(T(R)) = R. The uncertainty of the curve is its stated relative one and, in quadrature, the difference
between the two interpolations, which says where the points are too far apart.
"""

import hashlib
import json
import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coldfinger.instruments.curve_files import read_curve
from coldfinger.instruments.errors import CalibrationError

Array = NDArray[np.float64]
POINTS_PER_DECADE = 200  # of a curve that is sampled from a formula
INVERSION_STEPS = 60  # at most; three or four are usual


@dataclass(frozen=True)
class Calibration:
    """A curve through points of rising temperature (K) and strictly monotone resistance (ohm).

    `relative_sd` is the standard deviation of the curve's temperature, divided by it. Raises ValueError for
    points that make no curve.
    """

    name: str
    serial: str
    temperatures: tuple[float, ...]
    resistances: tuple[float, ...]
    relative_sd: float = 0.0

    def __post_init__(self) -> None:
        temperatures, resistances = np.array(self.temperatures), np.array(self.resistances)
        if len(temperatures) != len(resistances) or len(temperatures) < 4:
            raise ValueError(f"curve {self.name!r}: at least 4 points of temperature and resistance are required")
        if not (np.all(np.isfinite(temperatures)) and np.all(np.isfinite(resistances))):
            raise ValueError(f"curve {self.name!r}: temperatures and resistances must be numbers")
        if not (np.all(temperatures > 0) and np.all(resistances > 0)):
            raise ValueError(f"curve {self.name!r}: temperatures and resistances must be positive")
        for kelvin, step in zip(temperatures[1:], np.diff(temperatures), strict=True):
            if step <= 0:
                raise ValueError(f"curve {self.name!r}: temperatures must rise, but do not at {kelvin:g} K")
        rises = np.diff(resistances)
        turned = np.flatnonzero(rises * rises[-1] <= 0)
        if turned.size:
            kelvin = temperatures[turned[-1] + 1]
            raise ValueError(
                f"curve {self.name!r}: resistance must rise or fall all the way, but turns at {kelvin:g} K, "
                f"{resistances[turned[-1] + 1]:g} ohm; use the part on one side of it"
            )
        if not (math.isfinite(self.relative_sd) and self.relative_sd >= 0):
            raise ValueError(f"curve {self.name!r}: relative_sd must be 0 or more, got {self.relative_sd!r}")

    @property
    def T_min(self) -> float:  # noqa: N802, the field's own capital
        """Lowest calibrated temperature (K)."""
        return self.temperatures[0]

    @property
    def T_max(self) -> float:  # noqa: N802, the field's own capital
        """Highest calibrated temperature (K)."""
        return self.temperatures[-1]

    @property
    def R_min(self) -> float:  # noqa: N802, the field's own capital
        """Lowest calibrated resistance (ohm)."""
        return min(self.resistances[0], self.resistances[-1])

    @property
    def R_max(self) -> float:  # noqa: N802, the field's own capital
        """Highest calibrated resistance (ohm)."""
        return max(self.resistances[0], self.resistances[-1])

    @cached_property
    def hash(self) -> str:
        """SHA-256 of name, serial number, points and uncertainty, in hexadecimal."""
        content = [
            self.name,
            self.serial,
            [float(kelvin) for kelvin in self.temperatures],
            [float(ohm) for ohm in self.resistances],
            float(self.relative_sd),
        ]
        return hashlib.sha256(json.dumps(content).encode("utf-8")).hexdigest()

    def temperature(self, resistance: float) -> float:
        """Temperature (K) at `resistance` (ohm). Raises CalibrationError outside the range."""
        kelvin = float(self.temperature_or_nan(resistance))
        if math.isnan(kelvin):
            raise CalibrationError(
                f"thermometer {self.name} ({self.serial}): {resistance:g} ohm is outside its calibration, "
                f"which is {self.R_min:g} to {self.R_max:g} ohm ({self.T_min:g} to {self.T_max:g} K); "
                "nothing is extrapolated"
            )
        return kelvin

    def temperature_or_nan(self, resistance: ArrayLike) -> Array | np.float64:
        """Temperatures (K), same shape as `resistance` (ohm); nan outside the range."""
        one: object = resistance
        if isinstance(one, float):  # one reading at a time is how a run asks, and numpy takes 30 times longer
            return np.float64(self._one_temperature(one))
        ohm = np.asarray(resistance, dtype=float)
        inside = (ohm >= self.R_min) & (ohm <= self.R_max)
        kelvin = np.exp(self._invert(np.log(np.where(inside, ohm, self.R_min))))
        return np.where(inside, np.clip(kelvin, self.T_min, self.T_max), np.nan)

    def _one_temperature(self, ohm: float) -> float:
        if not self.R_min <= ohm <= self.R_max:
            return math.nan
        return min(max(math.exp(self._pieces.inverse(math.log(ohm))), self.T_min), self.T_max)

    def resistance(self, temperature: float) -> float:
        """Resistance (ohm) at `temperature` (K). Raises CalibrationError outside the range."""
        return float(np.clip(np.exp(self._curve(self._log(temperature))), self.R_min, self.R_max))

    def sensitivity(self, temperature: float) -> float:
        """dlnR/dlnT at `temperature` (K); negative for RuO2. Raises CalibrationError outside the range."""
        return self._pieces.slope(self._log(temperature))

    def sd_temperature(self, resistance: float, sd_resistance: float) -> float:
        """Standard deviation (K) of the temperature at `resistance` +- `sd_resistance` (ohm), the curve's
        included.

        Raises CalibrationError outside the range.
        """
        kelvin = self.temperature(float(resistance))
        log_t = self._log(kelvin)
        sensitivity = self._pieces.slope(log_t)
        reading = sd_resistance / (resistance * sensitivity)
        between = (self._pieces.value(log_t) - self._monotone_pieces.value(log_t)) / sensitivity
        return kelvin * math.hypot(reading, self.relative_sd, between)

    def _log(self, temperature: float) -> float:
        if not self.T_min <= temperature <= self.T_max:
            raise CalibrationError(
                f"thermometer {self.name} ({self.serial}): {temperature:g} K is outside its calibration, "
                f"which is {self.T_min:g} to {self.T_max:g} K; nothing is extrapolated"
            )
        return math.log(temperature)

    @cached_property
    def _log_resistances(self) -> Array:
        return np.log(self.resistances)

    @cached_property
    def _monotone(self) -> Any:
        from scipy.interpolate import PchipInterpolator

        return PchipInterpolator(np.log(self.temperatures), np.log(self.resistances))

    @cached_property
    def _curve(self) -> Any:
        from scipy.interpolate import CubicSpline  # takes half a second to load, and not every program has a curve

        spline = CubicSpline(np.log(self.temperatures), np.log(self.resistances))
        slope = spline.derivative()
        extremes = slope.derivative().roots(extrapolate=False)
        slopes = slope(np.concatenate([slope.x, extremes[np.isfinite(extremes)]]))
        monotone = np.all(slopes * slopes[0] > 0)
        return spline if monotone else self._monotone

    @cached_property
    def _pieces(self) -> "_Pieces":
        return _Pieces.of(self._curve)

    @cached_property
    def _monotone_pieces(self) -> "_Pieces":
        return _Pieces.of(self._monotone)

    def _invert(self, log_r: Array) -> Array:
        """ln T at ln R inside the range: Newton's method between the two points around it."""
        curve, knots = self._curve, self._log_resistances
        rising = knots[-1] > knots[0]
        if rising:
            piece = np.searchsorted(knots, log_r, side="right") - 1
        else:
            piece = len(knots) - 1 - np.searchsorted(knots[::-1], log_r, side="right")
        piece = np.clip(piece, 0, len(knots) - 2)
        cubic, square, slope, start = curve.c[:, piece]
        start = start - log_r
        low, high = np.zeros_like(log_r), curve.x[piece + 1] - curve.x[piece]
        step = high * start / (log_r + start - knots[piece + 1])
        for _ in range(INVERSION_STEPS):
            miss = ((cubic * step + square) * step + slope) * step + start
            below = (miss < 0) == rising
            low, high = np.where(below, step, low), np.where(below, high, step)
            following = step - miss / ((3 * cubic * step + 2 * square) * step + slope)
            following = np.where((following >= low) & (following <= high), following, 0.5 * (low + high))
            done = np.all(np.abs(following - step) <= 1e-15)
            step = following
            if done:
                break
        return np.asarray(curve.x[piece] + step)


@dataclass(frozen=True)
class _Pieces:
    """A monotone cubic spline for one number at a time: knots, and (cubic, square, slope, start) from each knot on."""

    knots: list[float]
    pieces: list[tuple[float, float, float, float]]
    values: list[float]  # at the knots, made to rise
    sign: float

    @classmethod
    def of(cls, curve: Any) -> Self:
        knots, pieces = curve.x.tolist(), [tuple(piece) for piece in curve.c.T.tolist()]
        values = [piece[3] for piece in pieces] + [float(curve(knots[-1]))]
        sign = 1.0 if values[-1] > values[0] else -1.0
        return cls(knots, pieces, [sign * value for value in values], sign)

    def _at(self, x: float) -> tuple[float, tuple[float, float, float, float]]:
        number = min(max(bisect_right(self.knots, x) - 1, 0), len(self.pieces) - 1)
        return x - self.knots[number], self.pieces[number]

    def value(self, x: float) -> float:
        step, (cubic, square, slope, start) = self._at(x)
        return ((cubic * step + square) * step + slope) * step + start

    def slope(self, x: float) -> float:
        step, (cubic, square, slope, _) = self._at(x)
        return (3 * cubic * step + 2 * square) * step + slope

    def inverse(self, value: float) -> float:
        """Where the spline has a value within its range: Newton's method between two knots."""
        number = min(max(bisect_right(self.values, self.sign * value) - 1, 0), len(self.pieces) - 1)
        cubic, square, slope, start = self.pieces[number]
        low, high = 0.0, self.knots[number + 1] - self.knots[number]
        rise = self.values[number + 1] - self.values[number]
        step = high * (self.sign * value - self.values[number]) / rise
        for _ in range(INVERSION_STEPS):
            miss = ((cubic * step + square) * step + slope) * step + start - value
            if miss * self.sign < 0:
                low = step
            else:
                high = step
            following = step - miss / ((3 * cubic * step + 2 * square) * step + slope)
            if not low <= following <= high:
                following = 0.5 * (low + high)
            if abs(following - step) <= 1e-15:
                break
            step = following
        return self.knots[number] + step


def read_calibration(path: str | Path, *, relative_sd: float = 0.0) -> Calibration:
    """The curve in a file, by its suffix: .340 .330 .370 .372, .tbl, .cof, .dat or .csv.

    `relative_sd` is the standard deviation of its temperatures divided by them, from the calibration report.
    Raises ValueError for a file that cannot be understood, OSError for one that cannot be opened.
    """
    try:
        curve = read_curve(Path(path))
    except OSError as trouble:
        why = trouble.strerror or trouble
        raise type(trouble)(
            f"curve file {path}: it cannot be read ({why}); give the name of a file of a curve"
        ) from trouble
    temperatures, resistances = zip(*sorted(curve.points), strict=True)
    try:
        return Calibration(curve.name, curve.serial, temperatures, resistances, relative_sd)
    except ValueError as trouble:
        raise ValueError(f"{path}: {trouble}") from trouble


def exponential_curve(
    r0: float,
    t0: float,
    exponent: float,
    temperature_range: tuple[float, float],
    *,
    name: str = "exponential",
    serial: str = "formula",
    relative_sd: float = 0.0,
) -> Calibration:
    """The curve R = r0 exp((t0/T)^exponent) (ohm, K), sampled at 200 points a decade between two
    temperatures (K).

    R = 519 exp(1.349 T^-1/4), a usual form for RuO2, is r0 = 519, t0 = 1.349**4, exponent = 1/4.
    """
    low, high = temperature_range
    if not 0 < low < high:
        raise ValueError(f"curve {name!r}: temperature range must rise from above 0 K, got {low:g} to {high:g} K")
    count = max(4, math.ceil(POINTS_PER_DECADE * math.log10(high / low)) + 1)
    temperatures = np.geomspace(low, high, count)
    temperatures[[0, -1]] = low, high
    resistances = r0 * np.exp((t0 / temperatures) ** exponent)
    return Calibration(name, serial, tuple(temperatures.tolist()), tuple(resistances.tolist()), relative_sd)
