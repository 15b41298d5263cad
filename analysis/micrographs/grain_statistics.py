"""Sizes of grains: histogram in log d, one or two log-normal peaks, with everything below the cut-off left open.

The number of grains per ln d is a sum of normal densities in x = ln d, cut at the cut-off x_c:
p(x) = sum_k w_k phi((x - m_k)/s_k)/s_k / sum_k w_k (1 - Phi((x_c - m_k)/s_k)), fitted by maximum likelihood, so that
grains too small to be seen bias nothing as long as the peak itself is seen. Each grain counts by the inverse of the
probability that the frame does not cut it. Standard deviations are those of a weighted likelihood (H. White,
Econometrica 50, 1, 1982). The area-weighted density of a log-normal population is again one, with its peak at
exp(m + 2 s^2) (Hatch and Choate, J. Franklin Inst. 207, 369, 1929). Two peaks are claimed if BIC prefers them by
more than 10 (very strong: Kass and Raftery, J. Am. Stat. Assoc. 90, 773, 1995).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import ndtr

from coldfinger.analysis.micrographs.grains import Grains

Array = NDArray[np.float64]

VERY_STRONG = 10.0
"""Difference of BIC that claims a second peak."""
FEWEST = 10
"""Grains without which nothing is fitted."""
SEPARATE = 2.0
"""Ashman's D above which two components show as two peaks (Ashman, Bird and Zepf, Astron. J. 108, 2348, 1994)."""
_LEAST_SPREAD, _MOST_SPREAD = 0.03, 2.0
_LEAST_MEMBERS = 5.0
_STARTS = (0.25, 0.5, 0.75, 0.9, 0.96)  # shares of the grains given to the first component
_FAR = 0.1  # relative standard deviation from which a peak is called uncertain


@dataclass(frozen=True)
class Peak:
    """One log-normal population; diameters in m."""

    diameter: float
    """Peak of the number of grains per ln d: exp(m), the median."""
    sd: float
    """Standard deviation of `diameter` from the count of grains."""
    systematic: float
    """Error of `diameter` common to all grains (place of the rim, or height of a grain's light); not in `sd`."""
    spread: float
    """Standard deviation of ln d."""
    sd_spread: float
    share: float
    """Of all grains, those below the cut-off included."""
    sd_share: float
    area_diameter: float
    """Peak of the area per ln d: exp(m + 2 s^2)."""
    sd_area_diameter: float
    area_share: float


@dataclass(frozen=True, eq=False)
class SizeDistribution:
    """What the fit says; `peaks` has the smaller diameter first."""

    peaks: tuple[Peak, ...]
    number: int
    """Grains fitted: whole and at or above the cut-off."""
    cutoff: float
    """m."""
    bic_one: float
    bic_two: float
    """inf if no second peak could be fitted."""
    separation: float
    """Ashman's D = sqrt(2) |m_1 - m_2| / sqrt(s_1^2 + s_2^2); 0 for one peak."""
    warnings: tuple[str, ...]

    def density(self, diameter: ArrayLike) -> Array:
        """Share of the grains at or above the cut-off per unit of ln d, at diameters (m); same shape."""
        x = np.log(np.asarray(diameter, dtype=float))
        weight, centre, spread = self._parameters()
        log_density = _log_mixture(x.ravel(), weight, centre, spread, math.log(self.cutoff)).reshape(x.shape)
        return np.where(x >= math.log(self.cutoff), np.exp(log_density), 0.0)

    def area_density(self, diameter: ArrayLike) -> Array:
        """Share of the area of grains at or above the cut-off per unit of ln d, at diameters (m); same shape."""
        d = np.asarray(diameter, dtype=float)
        fine = np.geomspace(self.cutoff, max(p.diameter * math.exp(8 * p.spread) for p in self.peaks), 4000)
        values = self.density(fine) * fine**2
        return np.asarray(self.density(d) * d**2 / np.trapezoid(values, np.log(fine)))

    def _parameters(self) -> tuple[Array, Array, Array]:
        return (
            np.array([p.share for p in self.peaks]),
            np.log([p.diameter for p in self.peaks]),
            np.array([p.spread for p in self.peaks]),
        )


@dataclass(frozen=True, eq=False)
class Histogram:
    """Shares per unit of ln d in bins of equal width in ln d; arrays have one entry a bin."""

    edges: Array
    """m, one more than bins."""
    number: Array
    """Share of the grains at or above the cut-off."""
    sd_number: Array
    """sqrt(sum of squared weights), 0 in an empty bin."""
    area: Array
    """Share of their area."""
    sd_area: Array


def size_distribution(grains: Grains) -> SizeDistribution:
    """One or two log-normal peaks of the whole grains at or above the cut-off.

    Raises ValueError if there are fewer than `FEWEST`.
    """
    chosen = grains.counted & grains.whole
    found = fit_sizes(grains.diameter[chosen], grains.cutoff, grains.weight[chosen], grains.systematic)
    if grains.blur_measured:
        return found
    doubt = "the blur was not measured, for want of a straight rim: the cut-off and small diameters are not calibrated"
    return SizeDistribution(
        found.peaks,
        found.number,
        found.cutoff,
        found.bic_one,
        found.bic_two,
        found.separation,
        (*found.warnings, doubt),
    )


def fit_sizes(
    diameter: ArrayLike,
    cutoff: float,
    weight: ArrayLike | None = None,
    systematic: float | Callable[[float], float] = 0.0,
) -> SizeDistribution:
    """Peaks of diameters (m), shape (n,), of which none below `cutoff` (m) is known.

    `weight` counts each grain; `systematic` (m, or a function of the diameter) is common to all diameters. Raises
    ValueError if fewer than `FEWEST` diameters lie at or above the cut-off, or any is not finite.
    """
    d = np.asarray(diameter, dtype=float).ravel()
    w = np.ones_like(d) if weight is None else np.broadcast_to(np.asarray(weight, dtype=float), d.shape)
    if not (np.all(np.isfinite(d)) and np.all(np.isfinite(w)) and cutoff > 0):
        raise ValueError("grain sizes: a diameter, a weight or the cut-off is not a finite number above zero")
    kept = d >= cutoff
    if np.count_nonzero(kept) < FEWEST:
        number = np.count_nonzero(kept)
        raise ValueError(
            f"grain sizes: {number} whole grains at or above the cut-off of {cutoff * 1e9:.3g} nm, {FEWEST} are "
            "needed; take a larger picture"
        )
    x, w = np.log(d[kept]), w[kept] / w[kept].mean()
    limit = math.log(cutoff)
    one = _maximum(x, w, limit, [np.array([x.mean(), math.log(max(x.std(), 0.1))])])
    two = _maximum(x, w, limit, _two_starts(x))
    bic_one = _bic(one, x, w, limit)
    bic_two = _bic(two, x, w, limit) if two is not None and _sound(two, x.size) else math.inf
    if one is None and not math.isfinite(bic_two):
        raise ValueError("grain sizes: no log-normal distribution fits; look at the labelled picture")
    best = two if two is not None and bic_two + VERY_STRONG < bic_one else one
    if best is None:
        best = two
    assert best is not None
    peaks, separation = _peaks(best, x, w, limit, systematic)
    doubts = _doubts(peaks, separation, cutoff, bic_one - bic_two)
    return SizeDistribution(peaks, x.size, cutoff, bic_one, bic_two, separation, doubts)


def size_histogram(grains: Grains, bins_per_decade: int = 20) -> Histogram:
    """Number- and area-weighted histogram of the whole grains at or above the cut-off; bins start at the cut-off.

    Raises ValueError if there is no such grain.
    """
    chosen = grains.counted & grains.whole
    d, w = grains.diameter[chosen], grains.weight[chosen]
    if not d.size:
        raise ValueError(f"grain sizes: no whole grain at or above the cut-off of {grains.cutoff * 1e9:.3g} nm")
    count = max(1, math.ceil(bins_per_decade * math.log10(d.max() / grains.cutoff) + 1e-9))
    edges = grains.cutoff * 10 ** (np.arange(count + 1) / bins_per_decade)
    width = math.log(10) / bins_per_decade
    columns = []
    for share in (w / w.sum(), w * d**2 / np.sum(w * d**2)):
        total, _ = np.histogram(d, edges, weights=share)
        square, _ = np.histogram(d, edges, weights=share**2)
        columns += [total / width, np.sqrt(square) / width]
    return Histogram(edges, *columns)


def _two_starts(x: Array) -> list[Array]:
    """Starts with the smallest share of the grains in the first component."""
    ordered = np.sort(x)
    starts = []
    for share in _STARTS:
        cut = min(max(int(share * x.size), 2), x.size - 2)
        low, high = ordered[:cut], ordered[cut:]
        spreads = [math.log(max(float(part.std()), 0.1)) for part in (low, high)]
        starts.append(np.array([low.mean(), spreads[0], high.mean(), spreads[1], math.log(share / (1 - share))]))
    return starts


def _unpack(parameters: Array) -> tuple[Array, Array, Array]:
    """Shares, centres and spreads from (m, ln s) or (m_1, ln s_1, m_2, ln s_2, logit w_1)."""
    if parameters.size == 2:
        return np.ones(1), parameters[:1], np.exp(parameters[1:2])
    first = 1 / (1 + math.exp(-float(np.clip(parameters[4], -30, 30))))
    return np.array([first, 1 - first]), parameters[[0, 2]], np.exp(parameters[[1, 3]])


def _log_mixture(x: Array, share: Array, centre: Array, spread: Array, limit: float) -> Array:
    """ln p(x) of the sum of normals cut at `limit`."""
    z = (x[:, None] - centre) / spread
    density = share * np.exp(-0.5 * z**2) / (spread * math.sqrt(2 * math.pi))
    seen = float(np.sum(share * ndtr((centre - limit) / spread)))
    return np.asarray(np.log(np.maximum(density.sum(axis=1), 1e-300)) - math.log(max(seen, 1e-300)))


def _each(parameters: Array, x: Array, limit: float) -> Array:
    return _log_mixture(x, *_unpack(parameters), limit)


def _slopes(parameters: Array, x: Array, limit: float) -> Array:
    """Derivatives of ln p(x) by each parameter, shape (n, parameters)."""
    share, centre, spread = _unpack(parameters)
    z = (x[:, None] - centre) / spread
    density = share * np.exp(-0.5 * z**2) / spread
    member = density / np.maximum(density.sum(axis=1, keepdims=True), 1e-300)
    t = (centre - limit) / spread
    beyond = share * ndtr(t)
    seen = max(float(beyond.sum()), 1e-300)
    edge = share * np.exp(-0.5 * t**2) / math.sqrt(2 * math.pi) / seen
    slopes = np.empty((x.size, parameters.size))
    slopes[:, 0:4:2] = member * z / spread - edge / spread
    slopes[:, 1:4:2] = member * (z**2 - 1) + edge * t
    if share.size == 2:
        slopes[:, 4] = member[:, 0] - beyond[0] / seen
    return slopes


def _maximum(x: Array, w: Array, limit: float, starts: list[Array]) -> Array | None:
    """Parameters of greatest likelihood from several starts."""
    bounds_of: dict[int, list[tuple[float, float]]] = {}
    spread = (math.log(_LEAST_SPREAD), math.log(_MOST_SPREAD))
    place = (limit - 0.5, float(x.max()) + 0.5)
    bounds_of[2] = [place, spread]
    bounds_of[5] = [place, spread, place, spread, (-8.0, 8.0)]

    def cost(parameters: Array) -> tuple[float, Array]:
        value = float(np.sum(w * _each(parameters, x, limit)))
        return -value, -(w @ _slopes(parameters, x, limit))

    best, least = None, math.inf
    for start in starts:
        found = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds_of[start.size])
        if np.isfinite(found.fun) and found.fun < least:
            best, least = np.asarray(found.x), float(found.fun)
    return best


def _bic(parameters: Array | None, x: Array, w: Array, limit: float) -> float:
    if parameters is None:
        return math.inf
    return -2 * float(np.sum(w * _each(parameters, x, limit))) + parameters.size * math.log(x.size)


def _sound(parameters: Array, number: int) -> bool:
    """Both components have members and a width that is none of the bounds."""
    share, _, spread = _unpack(parameters)
    inside = (spread > 1.05 * _LEAST_SPREAD) & (spread < 0.95 * _MOST_SPREAD)
    return bool(np.all(inside) and np.min(share) * number >= _LEAST_MEMBERS)


def _covariance(parameters: Array, x: Array, w: Array, limit: float) -> Array:
    """H^-1 J H^-1 with H the curvature of the weighted likelihood and J the sum of squared weighted slopes."""
    hessian = np.empty((parameters.size, parameters.size))
    for k in range(parameters.size):
        move = np.zeros_like(parameters)
        move[k] = 1e-4
        hessian[k] = w @ (_slopes(parameters + move, x, limit) - _slopes(parameters - move, x, limit)) / 2e-4
    inverse = np.linalg.pinv(-0.5 * (hessian + hessian.T), hermitian=True)
    scores = w[:, None] * _slopes(parameters, x, limit)
    return np.asarray(inverse @ (scores.T @ scores) @ inverse)


def _peaks(
    parameters: Array, x: Array, w: Array, limit: float, systematic: float | Callable[[float], float]
) -> tuple[tuple[Peak, ...], float]:
    share, centre, spread = _unpack(parameters)
    covariance = _covariance(parameters, x, w, limit)
    variance = np.maximum(np.diag(covariance), 0.0)
    sd_share = float(np.sqrt(variance[4]) * share[0] * share[1]) if share.size == 2 else 0.0
    area = share * np.exp(2 * centre + 2 * spread**2)
    peaks = []
    for k in np.argsort(centre):
        m, log_s = 2 * k, 2 * k + 1
        along = np.zeros(parameters.size)
        along[m], along[log_s] = 1.0, 4 * spread[k] ** 2
        diameter, heavy = math.exp(centre[k]), math.exp(centre[k] + 2 * spread[k] ** 2)
        peaks.append(
            Peak(
                diameter=diameter,
                sd=diameter * float(np.sqrt(variance[m])),
                systematic=systematic(diameter) if callable(systematic) else systematic,
                spread=float(spread[k]),
                sd_spread=float(spread[k] * np.sqrt(variance[log_s])),
                share=float(share[k]),
                sd_share=sd_share,
                area_diameter=heavy,
                sd_area_diameter=heavy * math.sqrt(max(float(along @ covariance @ along), 0.0)),
                area_share=float(area[k] / area.sum()),
            )
        )
    if share.size == 1:
        return tuple(peaks), 0.0
    return tuple(peaks), math.sqrt(2) * abs(float(centre[1] - centre[0])) / math.hypot(*spread)


def _doubts(peaks: tuple[Peak, ...], separation: float, cutoff: float, preference: float) -> tuple[str, ...]:
    """Sentences on what should not be believed."""
    doubts = []
    for peak in peaks:
        name = f"peak at {peak.diameter * 1e9:.3g} nm"
        if math.log(peak.diameter / cutoff) < 2 * peak.sd / peak.diameter:
            doubts.append(f"{name} is not above the cut-off of {cutoff * 1e9:.3g} nm: an upper limit, not a value")
        if peak.sd > _FAR * peak.diameter:
            doubts.append(f"{name} has a standard deviation of {100 * peak.sd / peak.diameter:.0f} %")
        if peak.systematic > _FAR * peak.diameter:
            moved = f"{100 * peak.systematic / peak.diameter:.0f} %"
            doubts.append(f"{name} moves by {moved} with the place of the rim or the height of grains")
    if len(peaks) == 2 and separation < SEPARATE:
        doubts.append(f"the two populations overlap (D = {separation:.1f} < {SEPARATE:g}): one broad peak is seen")
    if len(peaks) == 1 and 0 < preference <= VERY_STRONG:
        doubts.append(f"two peaks are preferred by {preference:.1f} in BIC, which is not enough to claim them")
    return tuple(doubts)
