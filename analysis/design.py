"""Where to measure next, and how well, so that Eq. 1 or Eq. 2 is known to the wanted uncertainty in the least time.

Theory of operation. Near the best curve every point adds J^T J/eps^2 to the information on (base, ln prefactor, ln E),
with J = ∂ln ρ/∂(...) and eps the relative s.d. of ρ; the inverse of the sum bounds the uncertainties (Cramér-Rao), and
the fits here reach that bound. Three temperatures carry all of it: the warmest, the coldest and one between, about 1.4
times the zero of curvature of Eq. 1. A `Descent` asks for these on one way down, with two more that only show whether
the law holds, and is told what was measured. It knows no seconds and no instruments.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from coldfinger.analysis.fits.fit import MAX_REDUCED_CHI2, fit_best, solve, temperature_slope, without_resistance
from coldfinger.analysis.fits.fit_result import PARAMETER_NAMES, Array, Curve, Fit, Law
from coldfinger.analysis.laws import curvature_zero, failed_insulator, failed_superconductor

CURVATURE_FACTOR = 1.4
"""Best middle temperature over the zero of curvature of Eq. 1, within 10 % for σ_QF/σ_0 from 0.0008 to 3.4."""
WARM_SHARE = 4 / 7
"""Warm point that tests the law, over the start: 0.4 K on the way from 0.7 K."""
CHECK_FACTOR = 1.6
"""Middle temperature over the cold point that tests the law; also the step while nothing is known yet."""
LONGEST_STEP = 2.6
"""No step to a middle temperature that is only a guess is longer than this factor."""
SAME = 1.15
"""Temperatures closer than this factor are one and the same to the fit."""
START_BELOW = 0.985
"""First temperature over the start: the thermometer's noise must not carry it out of a fit window that ends there."""
FIRST_PRECISION = 8.0
"""While nothing is known a point is measured to the target of E over this; three such points reach that target."""
RESERVE = 0.85
"""Share of a target that is aimed at, so that the chance of the later points does not break it."""
LIMIT_SHARE = 0.02
"""An upper limit of σ_QF below this share of the coldest σ will not be improved by averaging."""
MOST_VISITS = 8
"""Rows at one temperature on the way after which it is left, whatever is missing."""
MOST_VISITS_AT_BASE = 60
"""The same where the base value is decided, and after a return."""
_FINEST = 1e-6  # relative precision that no row ever has
_GRID = 60


@dataclass(frozen=True)
class Targets:
    """Wanted relative standard deviations of the base value and of the energy."""

    base: float = 0.003
    energy: float = 0.01


@dataclass(frozen=True)
class Present:
    """The law and its parameters by the rows so far: enough to choose the next row, and found in a millisecond."""

    law: Law
    best: tuple[float, float, float]
    scale: float
    """Reduced chi-square where the errors have to be widened by its root, else 1."""


@dataclass(frozen=True)
class Ask:
    """Measure here: temperature (K), wanted relative s.d. of ρ of a further row, and what for."""

    temperature: float
    precision: float
    why: str


def sensitivity(law: Law, best: Sequence[float], temperature: Array) -> Array:
    """∂ln ρ/∂(base, ln prefactor, ln E) at temperatures (K), shape (n, 3); `best` as in Fit.best."""
    base, prefactor, energy = best
    T = np.asarray(temperature, dtype=float)
    activated = prefactor * np.exp(-energy / T)
    total = np.maximum(base + activated, 1e-100)
    share = activated / total
    columns = np.stack([1.0 / total, share, -share * energy / T], axis=-1)
    return np.asarray(columns if law == "eq2" else -columns)


def information(law: Law, best: Sequence[float], temperature: Array, precision: Array | float) -> Array:
    """Fisher information on (base, ln prefactor, ln E), (3, 3), of points with a relative s.d. `precision` of ρ."""
    J = sensitivity(law, best, temperature) / np.reshape(np.broadcast_to(precision, np.shape(temperature)), (-1, 1))
    return np.asarray(J.T @ J)


def uncertainty(known: Array, base: float) -> tuple[float, float]:
    """Relative s.d. of the base value and of E that an information allows; inf for what it does not determine."""
    scale = np.sqrt(np.diagonal(known))
    if not np.all(scale > 0) or not np.all(np.isfinite(scale)):
        return math.inf, math.inf
    unit = known / np.outer(scale, scale)
    if np.linalg.cond(unit) > 1e12:
        return math.inf, math.inf
    sd = np.sqrt(np.diagonal(np.linalg.inv(unit))) / scale
    return (float(sd[0]) / base if base > 0 else math.inf), float(sd[2])


def middle_temperature(law: Law, best: Sequence[float], start: float, stop: float) -> float:
    """Best third temperature (K) beside `start` and `stop` (K), at least a factor of 1.3 away from both.

    1.4 times the zero of curvature of Eq. 1; where that lies outside, and for Eq. 2, the temperature that makes the
    determinant of the information of three equally good points largest.
    """
    low, high = 1.3 * stop, start / 1.3
    if low >= high:
        return math.sqrt(start * stop)
    zero = curvature_zero(*best) if law == "eq1" else None
    if zero is not None and low <= CURVATURE_FACTOR * zero <= high:
        return CURVATURE_FACTOR * zero
    grid = np.geomspace(low, high, _GRID)
    ends = sensitivity(law, best, np.array([start, stop]))
    rows = np.empty((_GRID, 3, 3))
    rows[:, :2] = ends
    rows[:, 2] = sensitivity(law, best, grid)
    return float(grid[int(np.argmax(np.abs(np.linalg.det(rows))))])


def precision_needed(known: Array, law: Law, best: Sequence[float], places: Sequence[float], targets: Targets) -> float:
    """Relative s.d. of ρ of a further point at each of the temperatures `places` (K) that reaches both targets.

    inf when they are reached already, zero when no precision there is enough.
    """
    once = information(law, best, np.array(places), 1.0)

    def reached(precision: float) -> bool:
        base, energy = uncertainty(known + once / precision**2, best[0])
        return base <= targets.base and energy <= targets.energy

    if all(np.array(uncertainty(known, best[0])) <= (targets.base, targets.energy)):
        return math.inf
    if not reached(_FINEST):
        return 0.0
    low, high = math.log(_FINEST), 0.0
    for _ in range(24):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if reached(math.exp(middle)) else (low, middle)
    return math.exp(low)


def stretch(known: Array, base: float, wanted: tuple[float, float]) -> float:
    """How many times longer the same measurement must last to reach uncertainties (of base value and E); inf: never."""
    reached = uncertainty(known, base)
    return max(1.0, *((now / then) ** 2 if then > 0 else math.inf for now, then in zip(reached, wanted, strict=True)))


def resistivity(law: Law, best: Sequence[float], temperature: Array | float) -> Array:
    """ρ (ohm/square) of the law at temperatures (K)."""
    return (failed_insulator if law == "eq1" else failed_superconductor)(temperature, *best)


def present_fit(curve: Curve) -> Present:
    """Eq. 1 or Eq. 2 by the sign of dρ/dT, without limits and profiles."""
    rising = temperature_slope(curve)[0] > 0 or without_resistance(curve)
    law: Law = "eq2" if rising else "eq1"
    _, best = solve(curve, law)
    a, ln_b, energy = (float(value) for value in best.parameters)
    reduced = best.chi2 / max(len(curve.temperature) - 3, 1)
    return Present(law, (a, math.exp(ln_b), energy), reduced if reduced > MAX_REDUCED_CHI2 else 1.0)


@dataclass
class Descent:
    """One way down from `start` to `stop` (K): `ask` what to measure, `tell` what came out, until `ask` gives None."""

    start: float
    stop: float
    targets: Targets = field(default_factory=Targets)
    loading: float = 0.0
    """Conductance that the instrument adds, as in `fit_best` (S square)."""
    present: Present | None = None
    finest: float = 0.0
    """Relative s.d. of ρ that no point can reach in the time that is left: what needs more is not even tried."""
    hurried: bool = False
    """Set when time is up: one row at each temperature that is left, and no way back."""

    def __post_init__(self) -> None:
        self.place = START_BELOW * self.start
        self.places = [self.place]
        self._why = "start"
        self._rows: list[tuple[float, float, float, float]] = []
        self._visits = 0
        self._weight = 0.0
        self._seen = True
        self._back: list[float] | None = None
        self._back_precision = math.inf
        self._judged: Fit | None = None

    def tell(self, temperature: float, resistivity: float, sd: float, sd_temperature: float) -> None:
        """Take in one row (K, ohm/square and their s.d.) and refit; rows not to be believed are told as nan."""
        self._visits += 1
        row = (temperature, resistivity, sd, sd_temperature)
        if not all(map(math.isfinite, row)):
            return
        self._rows.append(row)
        self._weight += (resistivity / sd) ** 2
        self._seen = resistivity > 3 * sd
        self._judged = None
        if len(self._rows) >= 5 and len(self.places) >= 3:
            self.present = present_fit(self.curve)

    def fit(self) -> Fit | None:
        """The whole judgement of the rows so far: parameters with uncertainties, limit, remarks."""
        if self._judged is None and self.present is not None:
            self._judged = fit_best(self.curve, T_max=math.inf, loading=self.loading)
        return self._judged

    @property
    def curve(self) -> Curve:
        """All rows so far."""
        T, rho, sd, sd_temperature = np.array(self._rows).T.reshape(4, -1)
        return Curve(T, rho, sd, sd_temperature)

    @property
    def at_base(self) -> bool:
        return self.place == self.stop

    @property
    def middle(self) -> float:
        """Middle temperature (K) by the present fit; nan before there is one."""
        if self.present is None:
            return math.nan
        return middle_temperature(self.present.law, self.present.best, self.start, self.stop)

    def reached(self) -> tuple[float, float]:
        """Relative s.d. of base value and E by the rows so far; inf for what they do not give."""
        if self.present is None:
            return math.inf, math.inf
        return uncertainty(self.known(), self.present.best[0])

    def known(self) -> Array:
        """Information of all rows so far at the present fit, (3, 3), widened errors included."""
        now, curve = self._found, self.curve
        slope = np.abs(sensitivity(now.law, now.best, curve.temperature)[:, 2])
        sd = np.hypot(
            curve.sd_resistivity / np.maximum(resistivity(now.law, now.best, curve.temperature), 1e-300),
            slope * curve.sd_temperature / curve.temperature,
        )
        return information(now.law, now.best, curve.temperature, sd) / now.scale

    def ask(self) -> Ask | None:
        """The next row, at the present temperature or the next one; None at the end."""
        precision = self._wanted_here()
        if precision is None:
            following = self._following()
            if following is None:
                return None
            self.place, self._why = following
            self.places.append(self.place)
            self._visits, self._weight = 0, 0.0
            precision = self._wanted_here()
        return Ask(self.place, precision or self._first, self._why)

    @property
    def _found(self) -> Present:
        if self.present is None:
            raise ValueError("design: nothing is known of the curve yet; tell five rows at three temperatures first")
        return self.present

    @property
    def _first(self) -> float:
        return self.targets.energy / FIRST_PRECISION

    @property
    def _aim(self) -> Targets:
        return Targets(RESERVE * self.targets.base, RESERVE * self.targets.energy)

    def _wanted_here(self) -> float | None:
        """Relative s.d. wanted of a further row at the present temperature; None when it can be left."""
        if self._visits == 0:
            return self._opening()
        last = self._why in ("base", "return")
        if self.hurried or self._visits >= (MOST_VISITS_AT_BASE if last else MOST_VISITS):
            return None
        if last:
            return self._missing()
        few = self.present is None and len(self.places) == 3 and len(self._rows) < 5
        if not self._seen and not few:
            return None
        here = 1 / math.sqrt(self._weight) if self._weight > 0 else math.inf
        if self._why == "middle":
            wanted = self._for_energy()
            return wanted if math.isfinite(wanted) and wanted > 0 else None
        if here <= 1.1 * self._first and not few:
            return None
        return self._first if few or here <= self._first else 1 / math.sqrt(self._first**-2 - here**-2)

    def _opening(self) -> float:
        if self._why == "middle":
            wanted = self._for_energy()
            return min(wanted, self._first) if wanted > 0 else self._first
        if self._why == "return":
            return self._back_precision
        if self._why == "base" and self.present is not None:
            aim = Targets(self._aim.base, math.inf)
            wanted = precision_needed(self.known(), self.present.law, self.present.best, [self.stop], aim)
            return min(wanted or math.inf, self.targets.base)
        return self._first

    def _for_energy(self) -> float:
        """Precision here that brings E to its target, the base value once being known to its own."""
        now = self._found
        base = information(now.law, now.best, np.array([self.stop]), RESERVE * self.targets.base)
        aim = Targets(math.inf, self._aim.energy)
        return precision_needed(self.known() + base, now.law, now.best, [self.place], aim)

    def _missing(self) -> float | None:
        """At the coldest temperature the base value, after a return E: what the fit itself still misses."""
        now = self.present
        if now is None:
            return self._first
        base, energy = self.reached()
        if self._why == "return":
            return None if energy <= self.targets.energy else self._for_energy_again()
        if base <= self.targets.base or self._limit_is_good_enough():
            return self._base_for_energy()
        aim = Targets(self._aim.base, math.inf)
        wanted = precision_needed(self.known(), now.law, now.best, [self.stop], aim)
        return wanted if 0 < wanted < math.inf else self._first

    def _for_energy_again(self) -> float | None:
        """What was planned for this place of the way back; at its last place what is still missing then."""
        here = 1 / math.sqrt(self._weight) if self._weight > 0 else math.inf
        if here > self._back_precision:
            return self._back_precision
        if self._back:
            return None
        now, aim = self._found, Targets(math.inf, self.targets.energy)
        wanted = precision_needed(self.known(), now.law, now.best, [self.place], aim)
        return wanted if self.finest < wanted < math.inf else None

    def _base_for_energy(self) -> float | None:
        """Where E misses its target and no way back alone would help, the base has to be known better, too."""
        if not self.targets.energy < self.reached()[1] < math.inf or self._places_back():
            return None
        now, aim = self._found, Targets(math.inf, self._aim.energy)
        places = [self.stop, self.middle, START_BELOW * self.start]
        precision = precision_needed(self.known(), now.law, now.best, places, aim)
        return precision if self.finest < precision < math.inf else None

    def _limit_is_good_enough(self) -> bool:
        """A base that is not seen: averaging on would not change the answer."""
        fit = self.fit()
        if fit is None or fit.status != "limit":
            return False
        limit = fit.parameters[PARAMETER_NAMES[fit.law][0]].upper95
        if limit is None:
            return False
        if fit.law == "eq2":
            return limit <= self.targets.base * float(fit.predict(self.start))
        instrument = 0.1 * self.loading
        return limit <= max(LIMIT_SHARE / float(fit.predict(fit.T_min)), 1.001 * instrument)

    def _following(self) -> tuple[float, str] | None:
        """The temperature after the present one, and what for; None at the end."""
        if self._why in ("base", "return"):
            return self._way_back()
        warm = WARM_SHARE * self.start
        if len(self.places) == 1 and warm > SAME * self.stop:
            return warm, "warm check"
        if self.present is None:
            scout = self.place / CHECK_FACTOR
            return (scout, "scout") if scout > SAME * self.stop and len(self.places) < 5 else (self.stop, "base")
        middle = self.middle
        if middle * SAME < self.place:
            return max(middle, self.place / LONGEST_STEP), "middle"
        check = max(min(middle, self.place) / CHECK_FACTOR, math.sqrt(middle * self.stop))
        if self._why != "cold check" and check * SAME < self.place and check > SAME * self.stop:
            return check, "cold check"
        return self.stop, "base"

    def _way_back(self) -> tuple[float, str] | None:
        """Up again only if E misses its target: to the middle, to the start, or to both, whatever costs least."""
        if self.hurried or not self.targets.energy < self.reached()[1] < math.inf:
            return None
        if self._back is None:
            self._back = self._places_back()
        if not self._back:
            return None
        return self._back.pop(0), "return"

    def _places_back(self) -> list[float]:
        now, middle, first = self._found, self.middle, START_BELOW * self.start
        aim = Targets(math.inf, self._aim.energy)
        best, cost = [], math.inf
        for places in ([middle], [first], [middle, first]):
            precision = precision_needed(self.known(), now.law, now.best, places, aim)
            if self.finest < precision < math.inf and len(places) / precision**2 < cost:
                best, cost, self._back_precision = places, len(places) / precision**2, precision
        return best
