"""Low-field magnetoresistance: background, offset of the field, and what of the fluctuations is reproducible.

The background is rho_0 + A |H - H_off|^p with rho_0, A >= 0, one H_off for each direction (the magnet's own hysteresis
shifts them against each other) and the core |H - H_off| < `core` left out: a superconducting core is no power law and
its edges are a red spectrum.

Fluctuations are the relative distance from the background. Repeated sweeps of one direction retrace the film and not
the noise: with S_11 the mean spectrum of single sweeps and S_12 that of pairs, the reproducible part is Re S_12 and the
instrument's S_11 - Re S_12. Both pass the lock-in's poles; they are divided by its power gain where that is above 0.05
and are beyond the bandwidth elsewhere.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import chdtri

from coldfinger.analysis.lockin_filter import power_gain

Array = NDArray[np.float64]
Function = Callable[[float], float]
ArrayFunction = Callable[[Array], float]

LEAST_GAIN = 0.05
"""Power gain of the filter below which nothing is said about the film."""
FLUX_QUANTUM = 20.678338
"""h/2e (Oe um^2)."""
FALSE_ALARM = 1e-3
"""Probability that a white spectrum shows any peak."""
RESOLUTION = 0.03
"""Resolution of a spectrum (1/Oe)."""
_LOWEST = 0.3  # 1/Oe, below it what the background has left over
_ALIASED = 0.75  # of the highest frequency that the field step shows
_DISTINCT = 0.5  # of the median: a minimum above that is none
_SMOOTH = 3  # bins of the peak test
_OVERLAPPED = 1.6  # independent spectra in each length of a segment, with Hann windows overlapping by half
_BINS_OF_A_BIN = 1.5  # bins that one Hann window makes dependent


@dataclass(frozen=True, eq=False)
class Sweep:
    """One way of the field: H (Oe, ascending), rho and its s.d. (ohm/square), direction +1 or -1."""

    field: Array
    resistivity: Array
    sd: Array
    direction: float

    @classmethod
    def of(cls, field: ArrayLike, resistivity: ArrayLike, sd: ArrayLike, direction: float) -> "Sweep":
        """A sweep from rows in any order; rows at the very same field are averaged, rows without number left out."""
        h, rho, error = (np.atleast_1d(np.asarray(a, dtype=float)) for a in (field, resistivity, sd))
        known = np.isfinite(h) & np.isfinite(rho)
        distinct, index = np.unique(h[known], return_inverse=True)
        count = np.bincount(index, minlength=distinct.size)
        mean = [np.bincount(index, weights=a[known], minlength=distinct.size) / count for a in (rho, error)]
        return cls(distinct, mean[0], mean[1], direction)

    def at(self, field: Array) -> Array:
        """rho (ohm/square) by straight lines at fields (Oe); nan outside of the sweep."""
        return np.asarray(np.interp(field, self.field, self.resistivity, left=np.nan, right=np.nan))


@dataclass(frozen=True)
class Background:
    """rho_0 + A |H - H_off|^p: ohm/square, ohm/square per Oe^p, and H_off (Oe) by direction."""

    rho_0: float
    amplitude: float
    exponent: float
    centres: dict[float, float]
    core: float

    @property
    def offset(self) -> float:
        """H_off (Oe), mean of the directions: hysteresis of the magnet cancels."""
        return math.fsum(self.centres.values()) / len(self.centres)

    def at(self, field: Array, direction: float) -> Array:
        """Background (ohm/square) at fields (Oe)."""
        distance = np.abs(field - self.centres[direction])
        return np.asarray(self.rho_0 + self.amplitude * distance**self.exponent)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Relative power densities (Oe) against frequency (1/Oe), the filter undone; nan beyond the bandwidth."""

    frequency: Array
    total: Array
    reproducible: Array
    gain: Array
    level: float
    """White level of the reproducible part (Oe), the median between 0.3/Oe and the bandwidth."""
    spectra: float
    """Independent spectra of one sweep that went into the mean."""
    pairs: int
    """Pairs of sweeps of equal direction, at least, for one of the directions."""

    @property
    def instrument(self) -> Array:
        """What single sweeps show beyond the reproducible part (Oe)."""
        return self.total - self.reproducible

    @property
    def believed(self) -> NDArray[np.bool_]:
        """Within the bandwidth, above what the background leaves over, and below what the field step folds back."""
        highest = _ALIASED * self.frequency[-1]
        inside = (self.frequency >= _LOWEST) & (self.frequency <= highest)
        return np.asarray(np.isfinite(self.reproducible) & inside)


@dataclass(frozen=True)
class Peak:
    """A peak of the reproducible part: frequency (1/Oe), and its density over the white level."""

    frequency: float
    height: float

    @property
    def period(self) -> float:
        """delta H (Oe)."""
        return 1.0 / self.frequency

    @property
    def magnetic_length(self) -> float:
        """sqrt(Phi_0/2 pi delta H) (um)."""
        return math.sqrt(FLUX_QUANTUM * self.frequency / (2.0 * math.pi))

    @property
    def area(self) -> float:
        """Loop (um^2) through which one period drives one flux quantum h/2e."""
        return FLUX_QUANTUM * self.frequency


def lag(rate: float, time_constant: float, poles: int = 4) -> float:
    """Field (Oe) by which what n poles show stays behind in a sweep of dH/dt (Oe/s): n tau dH/dt."""
    return poles * time_constant * rate


def symmetry_centre(sweep: Sweep, reach: float) -> tuple[float, float]:
    """Field (Oe) about which rho is mirror symmetric, and its s.d.; nan when none is found.

    Candidates lie within `reach` (Oe) of zero; each is judged by at least half the sweep's shorter side.
    """
    ends = float(sweep.field[0]), float(sweep.field[-1])
    step = max((ends[1] - ends[0]) / max(sweep.field.size - 1, 1), 1e-3)
    span = min(-ends[0], ends[1]) - reach
    distances = np.arange(0.5 * step, span, step)
    if distances.size < 10:
        return math.nan, math.nan

    def asymmetry(centre: float) -> float:
        difference = sweep.at(centre + distances) - sweep.at(centre - distances)
        both = np.isfinite(difference)
        return float(np.mean(difference[both] ** 2)) if 2 * np.count_nonzero(both) > both.size else math.inf

    return _least(asymmetry, np.arange(-reach, reach + step, step), distances.size)


def shift_against(leg: Sweep, reference: Sweep, reach: float) -> tuple[float, float]:
    """d (Oe) for which rho_leg(H) = rho_reference(H + d), and its s.d.; nan when nothing fits within `reach` (Oe)."""
    step = float(np.median(np.diff(reference.field)))
    least = max(10, leg.field.size // 4)

    def distance(shift: float) -> float:
        other = reference.at(leg.field + shift)
        both = np.isfinite(other)
        if np.count_nonzero(both) < least:
            return math.inf
        return float(np.mean((leg.resistivity[both] - other[both]) ** 2))

    return _least(distance, np.arange(-reach, reach + step, step), leg.field.size)


def _least(function: Function, grid: Array, count: int) -> tuple[float, float]:
    """Minimum of a mean square over `count` points, and the s.d. of its place from the curvature there."""
    values = np.array([function(float(x)) for x in grid])
    best = int(np.argmin(values))
    if not np.isfinite(values[best]) or best in (0, grid.size - 1):
        return math.nan, math.nan
    if not values[best] < _DISTINCT * float(np.median(values[np.isfinite(values)])):
        return math.nan, math.nan  # as bad as everywhere else
    low, high = float(grid[best - 1]), float(grid[best + 1])
    found = minimize_scalar(function, bounds=(low, high), method="bounded", options={"xatol": 1e-4})
    width = 0.5 * (high - low)
    around = [value for value in (function(found.x - width), function(found.x + width)) if math.isfinite(value)]
    curvature = 2.0 * (sum(around) / max(len(around), 1) - found.fun) / width**2
    if not curvature > 0:
        return float(found.x), math.nan
    return float(found.x), math.sqrt(2.0 * float(found.fun) / (count * curvature))


def fit_background(sweeps: Sequence[Sweep], core: float = 0.0, bin_width: float = 0.5) -> Background:
    """Least squares over all sweeps with `core` (Oe) about the offset left out; rows are averaged in bins first.

    Raises ValueError when too few rows are left.
    """
    directions = sorted({sweep.direction for sweep in sweeps})
    binned = {d: _binned([s for s in sweeps if s.direction == d], bin_width) for d in directions}
    if sum(h.size for h, _ in binned.values()) < 4 * len(directions):
        raise ValueError("magnetoresistance: too few rows for a background; sweep further or in smaller steps")

    def solve(p: Array) -> tuple[float, float, float]:
        return _power_law(binned, dict(zip(directions, p[1:], strict=True)), float(p[0]), core)

    def misfit(p: Array) -> float:
        return solve(p)[2] if 0.02 < p[0] < 4.0 else 1e300

    begin = np.array([0.6] + [_start(sweeps, d) for d in directions])
    best = min(
        (_simplex(misfit, np.concatenate([[p], begin[1:]])) for p in (0.3, 0.7, 1.5)), key=lambda result: result[1]
    )
    best = _simplex(misfit, best[0])
    rho_0, amplitude, _ = solve(best[0])
    centres = dict(zip(directions, (float(c) for c in best[0][1:]), strict=True))
    return Background(rho_0, amplitude, float(best[0][0]), centres, core)


def _simplex(misfit: ArrayFunction, start: Array) -> tuple[Array, float]:
    size = np.array([0.1] + [0.3] * (start.size - 1))
    corners = np.vstack([start, *(start + size[i] * np.eye(start.size)[i] for i in range(start.size))])
    options: Any = {"initial_simplex": corners, "xatol": 1e-4, "fatol": 1e-9, "maxiter": 2000}
    result: Any = minimize(misfit, start, method="Nelder-Mead", options=options)
    return np.asarray(result.x), float(result.fun)


def _start(sweeps: Sequence[Sweep], direction: float) -> float:
    """Centre (Oe) of the first sweep of a direction, zero where symmetry does not show it."""
    sweep = next(s for s in sweeps if s.direction == direction)
    centre, _ = symmetry_centre(sweep, 0.3 * min(-float(sweep.field[0]), float(sweep.field[-1])))
    return centre if math.isfinite(centre) else 0.0


def _binned(sweeps: Sequence[Sweep], width: float) -> tuple[Array, Array]:
    """Mean field and rho in bins of a width (Oe)."""
    h = np.concatenate([s.field for s in sweeps])
    rho = np.concatenate([s.resistivity for s in sweeps])
    _, index = np.unique(np.floor(h / width), return_inverse=True)
    count = np.bincount(index)
    return np.bincount(index, weights=h) / count, np.bincount(index, weights=rho) / count


def _power_law(
    binned: dict[float, tuple[Array, Array]], centres: dict[float, float], p: float, core: float
) -> tuple[float, float, float]:
    """rho_0, A, both not negative, and the mean square of what is left, for a given exponent and centres."""
    distance = np.concatenate([np.abs(h - centres[d]) for d, (h, _) in binned.items()])
    rho = np.concatenate([r for _, r in binned.values()])
    kept = distance >= core
    power, rho = distance[kept] ** p, rho[kept]
    if rho.size < 4:
        return 0.0, 0.0, 1e300
    mean, mean_power = float(rho.mean()), float(power.mean())
    spread = float(np.mean((power - mean_power) ** 2))
    amplitude = float(np.mean((power - mean_power) * (rho - mean))) / spread if spread > 0 else 0.0
    rho_0 = mean - amplitude * mean_power
    if amplitude < 0:
        amplitude, rho_0 = 0.0, mean
    if rho_0 < 0:
        rho_0, amplitude = 0.0, float(np.mean(power * rho) / np.mean(power**2))
    return rho_0, amplitude, float(np.mean((rho - rho_0 - amplitude * power) ** 2))


def spectrum_of(
    sweeps: Sequence[Sweep],
    background: Background,
    rate: float,
    time_constant: float,
    *,
    core: float = 10.0,
    resolution: float = RESOLUTION,
    poles: int = 4,
) -> Spectrum:
    """Total and reproducible spectrum of the fluctuations of repeated sweeps.

    `rate` (Oe/s) and `time_constant` (s) give the filter's gain, in which the averaging over one row is included.
    Raises ValueError when no direction was swept twice or the sweeps are shorter than a segment.
    """
    step = max(float(np.median(np.diff(sweep.field))) for sweep in sweeps)
    length = round(1.0 / (resolution * step))
    window = np.hanning(length + 1)[:-1]
    norm = 2.0 * step / float(np.sum(window**2))
    single: list[Array] = []
    crossed: list[Array] = []
    segments, repeated = 0, 0
    for direction in sorted({sweep.direction for sweep in sweeps}):
        same = [sweep for sweep in sweeps if sweep.direction == direction]
        if len(same) < 2:
            continue
        repeated = max(repeated, len(same))
        stretches = _stretches(same, background.centres[direction], core, step, length)
        segments += len(stretches)
        for fields in stretches:
            waves = [_wave(sweep, background, fields, window) for sweep in same]
            single += [norm * np.abs(wave) ** 2 for wave in waves]
            crossed += [norm * np.real(a * np.conj(b)) for a, b in combinations(waves, 2)]
    if not crossed:
        raise ValueError(
            f"magnetoresistance: no direction was swept twice over {1.0 / resolution:g} Oe outside of the core; "
            "the reproducible part needs repeated sweeps"
        )
    frequency = np.asarray(np.fft.rfftfreq(length, step), dtype=np.float64)
    gain = power_gain(frequency * rate, time_constant, poles) * np.sinc(frequency * step) ** 2
    beyond = gain < LEAST_GAIN
    undone = np.where(beyond, np.nan, 1.0 / np.where(beyond, 1.0, gain))
    reproducible = np.mean(crossed, axis=0) * undone
    inside = np.isfinite(reproducible) & (frequency >= _LOWEST) & (frequency <= _ALIASED * frequency[-1])
    level = float(np.median(reproducible[inside])) if inside.any() else math.nan
    # The directions retrace one and the same film: only one of them counts.
    spectra = 0.5 * segments if len({s.direction for s in sweeps}) == 2 else float(segments)
    pairs = repeated * (repeated - 1) // 2
    total = np.mean(single, axis=0) * undone
    return Spectrum(frequency, total, reproducible, gain, level, max(0.5 * _OVERLAPPED * spectra, 1.0), pairs)


def _stretches(sweeps: Sequence[Sweep], centre: float, core: float, step: float, length: int) -> list[Array]:
    """Grids of segments (Oe) that overlap by half, on both sides of the core, inside of all sweeps."""
    low = max(float(s.field[0]) for s in sweeps)
    high = min(float(s.field[-1]) for s in sweeps)
    result: list[Array] = []
    for a, b in ((low, min(centre - core, high)), (max(centre + core, low), high)):
        first = 0
        while a + (first + length - 1) * step <= b:
            result.append(np.asarray(a + (first + np.arange(length)) * step, dtype=np.float64))
            first += max(length // 2, 1)
    return result


def _wave(sweep: Sweep, background: Background, fields: Array, window: Array) -> NDArray[np.complex128]:
    """Fourier transform of the relative fluctuation on a grid of fields (Oe), its straight line taken out."""
    smooth = background.at(fields, sweep.direction)
    if not np.all(smooth > 0):
        raise ValueError("magnetoresistance: the background is zero within the spectrum; leave out a wider core")
    relative = sweep.at(fields) / smooth - 1.0
    place = np.linspace(-1.0, 1.0, fields.size)
    slope, mean = np.polyfit(place, relative, 1)
    return np.asarray(np.fft.rfft((relative - mean - slope * place) * window))


def _product_quantile(chance: float, count: float) -> float:
    """What the mean of `count` products Re(a b*) of independent complex noise exceeds with at most this chance.

    In units of the noise's power. A product is Laplace distributed with scale 1/2; Chernoff's bound of their sum.
    """

    def log_chance(total: float) -> float:
        s = (math.sqrt(count**2 + total**2) - count) / total
        return -count * math.log1p(-s * s) - s * total - math.log(chance)

    highest = 10.0 * (count - math.log(chance))
    return float(brentq(log_chance, 1e-6 * highest, highest)) / (2.0 * count)


def find_peaks(spectrum: Spectrum, false_alarm: float = FALSE_ALARM) -> list[Peak]:
    """Peaks that a white spectrum of this level, with this noise, would show with a probability of `false_alarm`.

    Three bins are averaged. A bin of a white film scatters as chi-square with two degrees of freedom for every
    independent spectrum; the noise that pairs of sweeps do not share scatters on top, ever less with more pairs.
    """
    inside = np.flatnonzero(spectrum.believed)
    if inside.size < 5 * _SMOOTH:
        return []
    kernel = np.ones(_SMOOTH) / _SMOOTH
    smooth = np.convolve(spectrum.reproducible[inside], kernel, mode="same")
    noise = np.convolve(np.maximum(spectrum.instrument[inside], 0.0), kernel, mode="same")
    freedom = 2.0 * spectrum.spectra * _SMOOTH / _BINS_OF_A_BIN
    chance = false_alarm / inside.size
    level = max(float(np.median(smooth)), 0.0)
    white = level * float(chdtri(freedom, chance)) / float(chdtri(freedom, 0.5))
    # Of the products of two sweeps, film and noise mixed: what is not the film's own scatter.
    mixed = np.sqrt(noise * (noise + 2.0 * level))
    products = 0.5 * freedom * max(spectrum.pairs, 1)
    scatter = mixed * _product_quantile(chance, products)
    high = smooth > white + scatter
    peaks = []
    frequency = spectrum.frequency[inside]
    for run in np.split(np.arange(inside.size), np.flatnonzero(np.diff(high.astype(int))) + 1):
        if high[run[0]]:
            weights = smooth[run]
            centre = float(np.sum(weights * frequency[run]) / np.sum(weights))
            scale = level if level > 0 else float(np.median(noise))
            peaks.append(Peak(centre, float(weights.max()) / max(scale, 1e-300)))
    return peaks


def superconducting_core(sweeps: Sequence[Sweep]) -> float:
    """Half-width (Oe) to leave out: five times that of the stretch without resistance, 0 for a film that has none.

    A core is where rho stays below five standard deviations; its last traces are gone at five times its width.
    """
    widths = []
    for sweep in sweeps:
        silent = sweep.resistivity < 5.0 * sweep.sd
        if np.count_nonzero(silent) > 3:
            widths.append(0.5 * float(np.ptp(sweep.field[silent])))
    return 5.0 * float(np.median(widths)) if 2 * len(widths) > len(sweeps) else 0.0
