"""Eq. 1 and Eq. 2 as one problem: y = a + b exp(-E/T), where y is 1/ρ or ρ.

The residual is taken in ln ρ, in which both laws and a percentage error look alike, or in ρ itself where a
reading may be zero or negative. Parameters are (a, ln b, E): a enters linearly so that it can end at zero, a
curve without saturation.
"""

from dataclasses import dataclass

import numpy as np

from coldfinger.analysis.fits.fit_result import Array, Curve, Law
from coldfinger.analysis.fits.least_squares import Minimum, minimise

MIN_SNR = 10.0
"""Below this signal-to-noise ratio of any point, ln ρ is too crooked a measure of its error."""
E_RANGE = (0.005, 32.0)
"""Activation energies that are looked for (K)."""
LOWER = np.array([0.0, -np.inf, E_RANGE[0]])
UPPER = np.array([1e12, 600.0, E_RANGE[1]])
"""Far above any film in siemens or ohm, far below the largest float."""
SIGN: dict[Law, float] = {"eq1": -1.0, "eq2": 1.0}
TINY = 1e-300
"""Keeps a curve of zeros from being divided by zero."""
REACH = np.array([np.inf, 5.0, 1.0])
"""Largest step: beyond it a straight line says nothing about an exponential."""
BASE = np.array([True, False, False])


@dataclass(frozen=True, eq=False)
class Activated:
    """The law, the points and their weights: everything chi-square needs but the parameters."""

    sign: float
    """-1 for Eq. 1 (ρ = 1/y), +1 for Eq. 2 (ρ = y)."""
    inverse_T: Array
    """1/K, shape (n,)."""
    resistivity: Array
    """ohm/square, shape (n,)."""
    target: Array
    """ln ρ or ρ, as `logarithmic` says."""
    inverse_sd: Array
    """One over the s.d. of the target."""
    logarithmic: bool

    def evaluate(self, p: Array) -> tuple[Array, Array]:
        """Residuals in s.d., shape (n,), and their derivatives by (a, ln b, E), shape (n, 3)."""
        a, ln_b, energy = p
        activated = np.exp(ln_b - energy * self.inverse_T)
        y = a + activated
        if self.logarithmic:
            model = self.sign * np.log(y)
            by_y = self.sign * self.inverse_sd / y
        elif self.sign > 0:
            model, by_y = y, self.inverse_sd
        else:
            model = 1 / y
            by_y = -self.inverse_sd * model**2
        jacobian = np.empty((len(y), 3))
        jacobian[:, 0] = by_y
        jacobian[:, 1] = activated * by_y
        jacobian[:, 2] = -jacobian[:, 1] * self.inverse_T
        return (model - self.target) * self.inverse_sd, jacobian

    def slope(self, p: Array) -> Array:
        """|d ln ρ / d ln T| at the points, shape (n,)."""
        reduced = p[2] * self.inverse_T
        activated = np.exp(p[1] - reduced)
        slope: Array = activated * reduced / np.maximum(p[0] + activated, TINY)
        return slope

    def solve(self, start: Array) -> Minimum:
        """Best a, ln b and E, with a not below zero."""
        return minimise(self.evaluate, start, LOWER, UPPER, reach=REACH)

    def solve_with_base(self, base: float, start: Array) -> Minimum:
        """Best ln b and E for a given a."""
        return minimise(self.evaluate, np.array([base, start[1], start[2]]), LOWER, UPPER, BASE, REACH)

    def solve_without_base(self) -> Minimum:
        """Best ln b and E for a = 0: pure activation, a straight line of ln y over 1/T."""
        seen = self.resistivity * self.inverse_sd > (0 if self.logarithmic else 1)
        weight = np.where(seen, self.inverse_sd, 0.0)
        rho = np.where(seen, self.resistivity, 1.0)
        if not self.logarithmic:
            weight = weight * rho
        intercept, slope = straight_line(self.inverse_T, self.sign * np.log(rho), weight**2)
        energy = min(max(-slope, E_RANGE[0]), E_RANGE[1])
        return self.solve_with_base(0.0, np.array([0.0, intercept, energy]))


def activated_problem(curve: Curve, law: Law, slope: Array | float = 0.0) -> Activated:
    """Chi-square of `law` with weights for errors of ρ and, through |d ln ρ/d ln T| = `slope`, of T."""
    rho = curve.resistivity
    logarithmic = bool(np.all(rho >= MIN_SNR * curve.sd_resistivity))
    sd = np.hypot(curve.sd_resistivity, slope * rho * curve.sd_temperature / curve.temperature)
    target = np.log(rho) if logarithmic else rho
    inverse_sd = rho / sd if logarithmic else 1 / sd
    return Activated(SIGN[law], 1 / curve.temperature, rho, target, inverse_sd, logarithmic)


def straight_line(x: Array, y: Array, weight: Array) -> tuple[float, float]:
    """Intercept and slope of the weighted least-squares line; zeros for what is not determined."""
    total = float(np.sum(weight))
    if not total > 0:
        return 0.0, 0.0
    x_mean, y_mean = float(weight @ x) / total, float(weight @ y) / total
    spread = float(weight @ (x - x_mean) ** 2)
    slope = float(weight @ ((x - x_mean) * (y - y_mean))) / spread if spread > 0 else 0.0
    return y_mean - slope * x_mean, slope
