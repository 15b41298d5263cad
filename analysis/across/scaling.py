"""The usual test for a true transition: isotherms that cross in one point and collapse on one curve.

Theory of operation. At a quantum critical point ρ(H, T) = R_c f((H − H_c) T^(−1/zν)) (M. P. A. Fisher, PRL 65,
923 (1990)): all isotherms ρ(H) meet at (H_c, R_c), and their slope there grows as T^(−1/zν) without end. The
master curve is a polynomial of ln ρ, solved for inside the search for H_c and 1/zν. It is found from the warm
isotherms; the cold ones are then laid on it. Where ρ saturates they do not fit, and the temperature at which
that begins is the measure of the failure.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import chdtrc

from coldfinger.analysis.fits.fit_result import Array, Curve

NEAREST = 5
"""Points of a curve nearest to a temperature (in ln T) through which its parabola goes."""
SEEN = 3.0
IMPROBABLE = 0.01


@dataclass(frozen=True, eq=False)
class Isotherms:
    """ρ(H) at a few temperatures."""

    temperature: Array
    """K, rising, shape (k,)."""
    field: Array
    """Oe, rising, shape (m,)."""
    log_rho: Array
    """ln(ρ / ohm), shape (k, m); nan where a curve does not reach a temperature."""
    sd: Array
    """Of ln ρ, shape (k, m)."""


def isotherms(family: Sequence[tuple[float, Curve]], temperatures: Sequence[float]) -> Isotherms:
    """Isotherms of a family of (field in Oe, ρ(T)) at `temperatures` (K).

    At each, the weighted parabola of ln ρ over ln T through the 5 nearest points. Temperatures closer than those 5
    points share them and are not independent. A curve that does not reach a temperature is nan there.
    Raises ValueError for fewer than two fields or temperatures, or readings not above zero.
    """
    T = np.sort(np.asarray(temperatures, dtype=float))
    curves = sorted(family, key=lambda pair: pair[0])
    if len(curves) < 2 or len(T) < 2:
        raise ValueError(f"isotherms: {len(curves)} fields and {len(T)} temperatures; at least two of each are needed")
    columns = []
    for field, curve in curves:
        if len(curve.temperature) < NEAREST or np.any(curve.resistivity <= 0):
            raise ValueError(
                f"isotherms at {field:g} Oe: at least 5 points, all with a resistance above zero, are needed"
            )
        columns.append([_at(curve, value) for value in T])
    table = np.array(columns).transpose(2, 1, 0)
    return Isotherms(T, np.array([field for field, _ in curves], dtype=float), table[0], table[1])


@dataclass(frozen=True)
class PairCrossing:
    """Where two isotherms cross."""

    T_cold: float
    """K."""
    T_warm: float
    """K."""
    H: float
    """Oe."""
    sd_H: float
    """Oe, from the noise; the line between measured fields may be off by part of their distance."""
    R: float
    """ohm/square."""
    sd_R: float
    between: tuple[float, float]
    """The measured fields used (Oe)."""


def isotherm_crossings(table: Isotherms) -> list[PairCrossing]:
    """Crossing of the 1st and 2nd isotherm, the 3rd and 4th and so on: pairs that share no point.

    Colder is less resistive below the crossing, more above. A straight line (a parabola from six points) goes through
    the differences out to the first on either side that is 3 s.d. from zero. A pair without such points has no
    crossing and is left out.
    """
    found = []
    for cold in range(0, len(table.temperature) - 1, 2):
        good = np.isfinite(table.log_rho[cold] + table.log_rho[cold + 1])
        difference = (table.log_rho[cold] - table.log_rho[cold + 1])[good]
        sd = np.hypot(table.sd[cold], table.sd[cold + 1])[good]
        crossing = _pair(difference, sd)
        if crossing is None:
            continue
        field, near = table.field[good], slice(*crossing)
        mean = 0.5 * (table.log_rho[cold] + table.log_rho[cold + 1])[good]
        place = _zero(field[near], difference[near], sd[near])
        if place is None:
            continue
        H, sd_H, degree = place
        # The mean and the difference of two isotherms of like noise are independent.
        log_R, slope, sd_R = _value(field[near], mean[near], sd[near] / 2, H, degree)
        found.append(
            PairCrossing(
                float(table.temperature[cold]),
                float(table.temperature[cold + 1]),
                H,
                sd_H,
                math.exp(log_R),
                math.exp(log_R) * math.hypot(sd_R, slope * sd_H),
                (float(field[near][0]), float(field[near][-1])),
            )
        )
    return found


@dataclass(frozen=True)
class IsothermFit:
    """How one isotherm lies on the master curve."""

    T: float
    """K."""
    fitted: bool
    """True if it helped to make the master curve."""
    points: int
    """Fields inside the range of the master curve."""
    rms: float
    """Root mean square of the deviation of ln ρ."""
    chi2_nu: float
    """Mean square deviation in s.d."""
    probability: float
    """Of a chi-square this large if the isotherm belongs to the curve; nan without points."""


@dataclass(frozen=True, eq=False)
class Collapse:
    """The best collapse of the warm isotherms and what becomes of the cold ones."""

    H_c: float
    """Oe."""
    sd_H_c: float
    z_nu: float
    sd_z_nu: float
    R_c: float
    """ohm/square, where x = 0."""
    sd_R_c: float
    chi2_nu: float
    """Of the isotherms that made it."""
    probability: float
    T_fitted: float
    """Coldest isotherm that made it (K)."""
    by_isotherm: tuple[IsothermFit, ...]
    """In order of temperature."""
    T_failure: float
    """Warmest isotherm (K) below the fitted ones from which on all colder ones miss the curve; nan if none do."""
    master: Array
    """Coefficients of ln ρ in rising powers of x/x_max."""
    x_max: float
    """Largest |H − H_c| T^(−1/zν) (Oe K^(−1/zν)) on the curve."""
    doubt: str
    """Why z ν should not be believed; empty if it may be."""

    def variable(self, table: Isotherms) -> Array:
        """x = (H − H_c) T^(−1/zν), shape (k, m): the axis on which isotherms should fall together."""
        x: Array = (table.field - self.H_c) * table.temperature[:, np.newaxis] ** (-1 / self.z_nu)
        return x


def collapse(
    table: Isotherms, *, T_fit: float, width: float = 0.3, degree: int = 3, H_start: float | None = None
) -> Collapse:
    """Finite-size-scaling collapse of the isotherms at T >= `T_fit` (K), fields with |H − H_c| < `width` H_c.

    `H_start` (Oe) is where to look for H_c; by default the mean of the pair crossings. The fields in the window are
    fixed at the start. Errors are those of the common fit, widened by the root of the reduced chi-square if that is
    improbable. Raises ValueError if no isotherms cross or too few points lie in the window.
    """
    if H_start is None:
        crossings = isotherm_crossings(table)
        if not crossings:
            raise ValueError("collapse: no two isotherms cross in these fields; there is nothing to collapse about")
        H_start = float(np.median([crossing.H for crossing in crossings]))
    near = np.abs(table.field - H_start) < width * H_start
    warm = table.temperature >= T_fit * (1 - 1e-9)
    used = warm[:, np.newaxis] & near & np.isfinite(table.log_rho)
    if np.count_nonzero(used) < degree + 5 or np.count_nonzero(used.any(axis=1)) < 3:
        raise ValueError(
            f"collapse: {np.count_nonzero(used)} points of {np.count_nonzero(used.any(axis=1))} isotherms near "
            f"{H_start:.4g} Oe; at least {degree + 5} points of 3 isotherms are needed"
        )
    problem = _Problem(table, used, H_start, degree)
    p, chi2, stated = problem.solve()
    dof = int(np.count_nonzero(used)) - degree - 3
    probability = float(chdtrc(dof, chi2))
    covariance = stated * (chi2 / dof if probability < IMPROBABLE else 1.0)
    H_c, y = H_start * float(p[0]), float(p[1])
    _, x_max, master, _ = problem.master(p)
    count = len(table.temperature)
    rows = tuple(_on_master(problem, p, stated, row, near, bool(warm[row])) for row in range(count))
    sd_log_R = math.sqrt(float(covariance[2, 2]))
    R_c = math.exp(float(master[0]))
    doubts = [
        f"the warm isotherms do not collapse: reduced chi-square {chi2 / dof:.3g}" if probability < IMPROBABLE else "",
        "" if float(np.ptp(np.log(table.temperature[used.any(axis=1)]))) > math.log(2) else "less than a factor 2 in T",
        "1/zν is not significant" if y < 3 * math.sqrt(covariance[1, 1]) else "",
    ]
    return Collapse(
        H_c,
        H_start * math.sqrt(float(covariance[0, 0])),
        1 / y,
        math.sqrt(float(covariance[1, 1])) / y**2,
        R_c,
        R_c * sd_log_R,
        chi2 / dof,
        probability,
        float(table.temperature[used.any(axis=1)].min()),
        rows,
        _failure(rows),
        master,
        # `variable` takes T in K, the problem in units of the warmest isotherm.
        x_max * float(table.temperature[-1]) ** -y,
        "; ".join(d for d in doubts if d),
    )


@dataclass(frozen=True, eq=False)
class CriticalSlopes:
    """Slope of the isotherms at one field."""

    temperature: Array
    """K, shape (k,)."""
    slope: Array
    """∂ ln ρ/∂H (1/Oe)."""
    sd: Array
    local_exponent: Array
    """−d ln slope/d ln T between neighbours, shape (k − 1,): 1/zν at a true transition, 0 where ρ saturates."""
    local_sd: Array


def critical_slopes(table: Isotherms, H_c: float, *, width: float = 0.3) -> CriticalSlopes:
    """∂ ln ρ/∂H at `H_c` (Oe) from the weighted cubic through the fields within `width` H_c (a parabola for few).

    Raises ValueError for fewer than three fields there.
    """
    near = np.abs(table.field - H_c) < width * H_c
    if np.count_nonzero(near) < 3:
        raise ValueError(f"slopes: {np.count_nonzero(near)} fields within {width:.0%} of {H_c:g} Oe; 3 are needed")
    u = (table.field[near] - H_c) / (width * H_c)
    design = u[:, np.newaxis] ** np.arange(min(4, max(2, len(u) - 1)))
    slope, sd = [], []
    for y, s in zip(table.log_rho[:, near], table.sd[:, near], strict=True):
        good = np.isfinite(y)
        if np.count_nonzero(good) < design.shape[1]:
            slope.append(math.nan)
            sd.append(math.nan)
            continue
        A = design[good] / s[good, np.newaxis]
        C = np.linalg.inv(A.T @ A)
        slope.append(float((C @ A.T @ (y[good] / s[good]))[1]) / (width * H_c))
        sd.append(math.sqrt(C[1, 1]) / (width * H_c))
    slopes, errors = np.array(slope), np.array(sd)
    step = np.diff(np.log(table.temperature))
    with np.errstate(invalid="ignore", divide="ignore"):
        local = -np.diff(np.log(slopes)) / step
        relative = errors / slopes
    return CriticalSlopes(table.temperature, slopes, errors, local, np.hypot(relative[1:], relative[:-1]) / step)


class _Problem:
    """Chi-square of a collapse as a function of (H_c/H_start, 1/zν); the master curve is solved for inside."""

    def __init__(self, table: Isotherms, used: NDArray[np.bool_], H_start: float, degree: int) -> None:
        self.table, self.used, self.H_start, self.degree = table, used, H_start, degree
        self.x_max = 1.0
        self.y, self.inverse_sd = table.log_rho[used], 1 / table.sd[used]

    def master(self, p: Array) -> tuple[Array, float, Array, Array]:
        """x of all points, the largest |x| used, coefficients and the weighted residuals."""
        # In units of the warmest isotherm, so that x stays of the order of a field.
        warmest = float(self.table.temperature[-1])
        relative = self.table.temperature[:, np.newaxis] / warmest
        x = (self.table.field - self.H_start * p[0]) * relative ** -p[1]
        x_max = float(np.max(np.abs(x[self.used])))
        design = (x[self.used][:, np.newaxis] / x_max) ** np.arange(self.degree + 1) * self.inverse_sd[:, np.newaxis]
        coefficients = np.linalg.lstsq(design, self.y * self.inverse_sd, rcond=None)[0]
        return x, x_max, coefficients, design @ coefficients - self.y * self.inverse_sd

    def reduced(self, p: Array) -> Array:
        """Residuals with the best master curve."""
        return self.master(p)[3]

    def full(self, p: Array) -> Array:
        """Residuals as a function of (H_c/H_start, 1/zν, coefficients), for the joint covariance."""
        relative = self.table.temperature[:, np.newaxis] / self.table.temperature[-1]
        x = ((self.table.field - self.H_start * p[0]) * relative ** -p[1])[self.used] / self.x_max
        residual: Array = (x[:, np.newaxis] ** np.arange(self.degree + 1) @ p[2:] - self.y) * self.inverse_sd
        return residual

    def solve(self) -> tuple[Array, float, Array]:
        """(H_c/H_start, 1/zν), chi-square, and the covariance of these and the coefficients (ln R_c first)."""
        exponents = np.geomspace(0.1, 5.0, 40)
        costs = [float(np.sum(self.master(np.array([1.0, y]))[3] ** 2)) for y in exponents]
        start = np.array([1.0, exponents[int(np.argmin(costs))]])
        bounds = ([0.5, 0.01], [1.5, 20.0])
        found = least_squares(self.reduced, start, bounds=bounds, x_scale=(0.01, 0.1), xtol=1e-12)
        _, self.x_max, coefficients, _ = self.master(found.x)
        joint = least_squares(self.full, np.concatenate([found.x, coefficients]), method="lm", x_scale="jac")
        J = np.asarray(joint.jac, dtype=float)
        size = np.sqrt(np.sum(J**2, axis=0))
        size = np.where(size > 0, size, 1.0)
        covariance = np.linalg.pinv((J / size).T @ (J / size)) / np.outer(size, size)
        return found.x, float(np.sum(self.reduced(found.x) ** 2)), covariance


def _at(curve: Curve, T: float) -> tuple[float, float]:
    """ln ρ and its s.d. at one temperature; nan outside the curve."""
    if not curve.temperature.min() * (1 - 1e-9) <= T <= curve.temperature.max() * (1 + 1e-9):
        return math.nan, math.nan
    z = np.log(curve.temperature / T)
    near = np.argsort(np.abs(z))[:NEAREST]
    y = np.log(curve.resistivity[near])
    slope = np.polyfit(z[near], y, 1)[0] if np.ptp(z[near]) > 0 else 0.0
    relative = curve.sd_resistivity[near] / curve.resistivity[near]
    sd = np.hypot(relative, slope * curve.sd_temperature[near] / curve.temperature[near])
    scale = float(np.max(np.abs(z[near]))) or 1.0
    design = (z[near][:, np.newaxis] / scale) ** np.arange(3) / sd[:, np.newaxis]
    covariance = np.linalg.pinv(design.T @ design)
    return float((covariance @ design.T @ (y / sd))[0]), math.sqrt(float(covariance[0, 0]))


def _pair(difference: Array, sd: Array) -> tuple[int, int] | None:
    """Range of points about the crossing: on either side to the first that differs from zero by 3 s.d."""
    if len(sd) < 2:
        return None
    z = difference / sd
    # Least where what lies below was negative and what lies above is positive.
    i = int(np.argmin(np.cumsum(z)))
    below, above = np.flatnonzero(z[: i + 1] < -SEEN), np.flatnonzero(z[i + 1 :] > SEEN)
    if not (below.size and above.size):
        return None
    return int(below[-1]), i + 2 + int(above[0])


def _zero(field: Array, difference: Array, sd: Array) -> tuple[float, float, int] | None:
    """Field at which the difference vanishes, its s.d., and the degree of the polynomial: 1, or 2 from six points."""
    degree = 1 if len(field) < 6 else 2
    c, C = _polynomial(field, difference, sd, degree)
    roots = np.roots(c[::-1])
    inside = [float(r.real) for r in roots if abs(r.imag) < 1e-12 and abs(r.real) <= 1]
    if not inside:
        return None
    u = min(inside, key=abs)
    slope = float(np.polynomial.polynomial.polyval(u, np.polynomial.polynomial.polyder(c)))
    if not slope > 0:
        return None
    powers = u ** np.arange(degree + 1)
    centre, half = _span(field)
    return centre + half * u, half * math.sqrt(float(powers @ C @ powers)) / slope, degree


def _value(field: Array, y: Array, sd: Array, at: float, degree: int) -> tuple[float, float, float]:
    """Polynomial through the points at one field: value, slope (1/Oe) and s.d. of the value."""
    c, C = _polynomial(field, y, sd, degree)
    centre, half = _span(field)
    u = (at - centre) / half
    powers = u ** np.arange(degree + 1)
    slope = float(np.polynomial.polynomial.polyval(u, np.polynomial.polynomial.polyder(c))) / half
    return float(powers @ c), slope, math.sqrt(float(powers @ C @ powers))


def _polynomial(field: Array, y: Array, sd: Array, degree: int) -> tuple[Array, Array]:
    """Coefficients in powers of the field from -1 to 1 over its range, and their covariance."""
    centre, half = _span(field)
    design = ((field - centre) / half)[:, np.newaxis] ** np.arange(degree + 1) / sd[:, np.newaxis]
    covariance = np.asarray(np.linalg.pinv(design.T @ design), dtype=float)
    return covariance @ design.T @ (y / sd), covariance


def _span(field: Array) -> tuple[float, float]:
    return float(field[0] + field[-1]) / 2, float(field[-1] - field[0]) / 2


def _on_master(
    problem: _Problem, p: Array, covariance: Array, row: int, near: NDArray[np.bool_], fitted: bool
) -> IsothermFit:
    """Deviation of one isotherm; for one that did not make the curve, the error of the curve itself counts too."""
    table = problem.table
    x, x_max, master, _ = problem.master(p)
    inside = near & np.isfinite(table.log_rho[row]) & (np.abs(x[row]) <= x_max * (1 + 1e-9))
    n = int(np.count_nonzero(inside))
    T = float(table.temperature[row])
    if not n:
        return IsothermFit(T, fitted, 0, math.nan, math.nan, math.nan)
    u = x[row, inside] / x_max
    off = table.log_rho[row, inside] - np.polynomial.polynomial.polyval(u, master)
    error = np.diag(table.sd[row, inside] ** 2)
    if not fitted:
        log_T = math.log(T / float(table.temperature[-1]))
        slope = np.polynomial.polynomial.polyval(u, np.polynomial.polynomial.polyder(master))
        by_field = -slope * problem.H_start * math.exp(-p[1] * log_T) / x_max
        by_p = np.column_stack([by_field, -slope * u * log_T, u[:, np.newaxis] ** np.arange(problem.degree + 1)])
        error = error + by_p @ covariance @ by_p.T
    chi2 = float(off @ np.linalg.solve(error, off))
    return IsothermFit(T, fitted, n, float(np.sqrt(np.mean(off**2))), chi2 / n, float(chdtrc(n, chi2)))


def _failure(rows: tuple[IsothermFit, ...]) -> float:
    """Warmest of the unbroken run of cold isotherms that miss the curve."""
    T = math.nan
    for row in rows:
        if row.fitted or not row.points:
            continue
        if row.probability >= IMPROBABLE:
            break
        T = row.T
    return T
