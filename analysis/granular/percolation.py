"""Random films at their threshold: superconducting, shunted and insulating junctions, and what resistance remains.

Theory of operation. A granular film is a square lattice of junctions. A *failed superconductor* has superconducting
junctions up to their threshold, joined by junctions with shunt resistances spread over decades; a *failed insulator*
is its dual. The resistances below some r_s just connect the bars; those far below it are shorts beside it, those far
above it are cuts. What is left at this threshold is chains of singly connected bonds of about r_s, each of length L,
L^(d−1) of them side by side: G = L^(d−1)/(L r_s), hence a sheet resistance ρ_s ≈ r_s in two dimensions. Here that is
measured: ρ and r_s of the same lattice, over many lattices.

Away from the threshold a uniform medium of the right conductance does as well (Bruggeman; Kirkpatrick, Rev. Mod. Phys.
45, 574 (1973)). At it everything is a power of the size L: σ ~ L^(−t/ν), width of the threshold ~ L^(−1/ν). The square
bond lattice has p_c = 1/2 (Kesten, Commun. Math. Phys. 74, 41 (1980)) and ν = 4/3 (den Nijs, J. Phys. A 12, 1857
(1979)); t/ν is known from simulation only: 0.9745 ± 0.0015 (Normand, Herrmann and Hajjar, J. Stat. Phys. 52, 441
(1988)), 0.9825 ± 0.0008 (Grassberger, Physica A 262, 251 (1999)), that is t = 1.30 to 1.31.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from coldfinger.analysis.granular.bond_graph import Array
from coldfinger.analysis.granular.clusters import limiting_conductance, spans
from coldfinger.analysis.granular.resistor_lattice import Strip, solve

CORRELATION_EXPONENT = 4 / 3
"""ν in two dimensions, exact."""
FEW_SAMPLES = 30
"""Below this many samples a standard deviation from their scatter is itself uncertain by more than 13 %."""
BELIEVED_CHI2 = 3.0
"""Reduced chi-square of a power law above which its exponent is flagged."""
LEAST_SIZE = 8
"""Smallest lattice that is taken for the scaling regime without a flag."""


@dataclass(frozen=True)
class Estimate:
    """A number from random samples."""

    value: float
    sd: float
    """Standard deviation of `value` from the scatter of the samples; nan if there is no scatter to judge by."""
    systematic: float = 0.0
    """Largest shift of `value` when small sizes are left out; 0 where that does not apply. Beside `sd`, not inside."""
    flag: str = ""
    """Why the number should not be believed; empty if there is nothing to say."""


@dataclass(frozen=True, eq=False)
class Saturation:
    """Sheet resistance ρ against limiting resistance r_s over many lattices."""

    sheet_resistance: Array
    """ρ of each lattice (ohm/square), shape (samples,); 0 and inf occur."""
    limiting_resistance: Array
    """r_s of each lattice (ohm), shape (samples,); 0 and inf where ρ is."""
    log_ratio: Estimate
    """Mean of ln(ρ/r_s) over the lattices that have a resistance."""
    scatter: float
    """Standard deviation of ln(ρ/r_s) from lattice to lattice."""
    superconducting: int
    """Lattices shorted by a superconducting path."""
    insulating: int
    """Lattices without any path."""

    @property
    def ratio(self) -> float:
        """ρ/r_s, geometric mean."""
        return math.exp(self.log_ratio.value)


@dataclass(frozen=True, eq=False)
class Scaling:
    """A quantity against size, and its power law."""

    sizes: Array
    """Bonds from bar to bar, and rows, shape (sizes,)."""
    mean_log: Array
    """Mean of ln of the quantity, shape (sizes,)."""
    sd: Array
    """Standard deviation of that mean."""
    exponent: Estimate
    """x of quantity ~ L^(−x)."""
    reduced_chi2: float
    """nan for two sizes."""


def film(
    rows: int,
    length: int,
    rng: Generator,
    *,
    superconducting: float = 0.0,
    insulating: float = 0.0,
    shunt: float = 1.0,
    spread: float = 0.0,
) -> Strip:
    """A strip of `rows` rows, `length` bonds long: superconducting, insulating and, for the rest, shunted junctions.

    `superconducting` and `insulating` are probabilities of a bond; the other bonds have log-normal resistances of
    median `shunt` (ohm) and standard deviation `spread` of their logarithm. rows = length is its own dual's shape.
    Raises ValueError for sizes below 1, probabilities that are none or add to more than 1, shunt ≤ 0, spread < 0.
    """
    if rows < 1 or length < 1:
        raise ValueError(f"film: {rows} rows of {length} bonds; both must be at least 1")
    if not (superconducting >= 0 and insulating >= 0 and superconducting + insulating <= 1):
        what = f"superconducting {superconducting} and insulating {insulating}"
        raise ValueError(f"film: {what}; they are probabilities and must not add to more than 1")
    if not (0 < shunt < math.inf and 0 <= spread < math.inf):
        raise ValueError(f"film: shunt {shunt} ohm, spread {spread}; shunt must be above zero, spread not negative")

    def junctions(shape: tuple[int, int]) -> Array:
        g = np.exp(-spread * rng.standard_normal(shape)) / shunt
        u = rng.random(shape)
        result: Array = np.where(u < superconducting, np.inf, np.where(u >= 1 - insulating, 0.0, g))
        return result

    return Strip(junctions((rows, length)), junctions((rows - 1, length - 1)))


def effective_medium(conductances: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Conductance g_m (S) of the uniform square lattice: Σ w (g − g_m)/(g + g_m) = 0 (Kirkpatrick 1973, z = 4).

    `conductances` (S), any shape, 0 and inf allowed; `weights` of the same shape, equal if left out. Exact to second
    order in the contrast and for a self-dual mixture, wrong near the threshold, where it has t = 1. Unit bonds with
    probability p give 2p − 1. Raises ValueError for negative or nan entries, nothing at all, and shapes that differ.
    """
    g = np.asarray(conductances, dtype=float).ravel()
    w = np.ones(g.size) if weights is None else np.asarray(weights, dtype=float).ravel()
    if g.size == 0 or g.size != w.size:
        raise ValueError(
            f"effective medium: {g.size} conductances with {w.size} weights; give as many of both, at least 1"
        )
    if not ((g >= 0).all() and (w >= 0).all() and 0 < w.sum() < math.inf):
        raise ValueError(
            "effective medium: a conductance or a weight is negative or nan, or all weights are 0; mend them"
        )
    cut, short = float(w[g == 0].sum()), float(w[np.isinf(g)].sum())
    live = (g > 0) & np.isfinite(g) & (w > 0)
    middle, w_live = np.log(g[live]), w[live]
    if cut >= short + w_live.sum():
        return 0.0
    if short >= cut + w_live.sum():
        return math.inf

    def unbalance(log_medium: float) -> float:
        # (g − m)/(g + m) = ±(1 − 2/(1 + e^d)), d the distance of the logarithms; the ones cancel among themselves.
        side = np.where(middle > log_medium, w_live, -w_live)
        missing = side * 2 / (1 + np.exp(np.minimum(np.abs(middle - log_medium), 700.0)))
        return short - cut + float(side.sum()) - float(missing.sum())

    if middle.size == 0:
        return 1.0  # never reached: cut or short then holds half the weight
    low, high = float(middle.min()) - 1, float(middle.max()) + 1
    while unbalance(low) < 0:
        low -= high - low
    while unbalance(high) > 0:
        high += high - low
    for _ in range(200):
        centre = (low + high) / 2
        if not low < centre < high:
            break
        low, high = (centre, high) if unbalance(centre) > 0 else (low, centre)
    return math.exp((low + high) / 2)


def crossing_thresholds(rows: int, length: int, samples: int, rng: Generator) -> Array:
    """Share p of bonds at which each of `samples` strips first spans, shape (samples,), bonds laid in random order.

    Each bond draws a number uniform in 0 to 1; the strip spans at p if the bonds below p do. For rows = length the
    values are distributed symmetrically about 1/2, exactly at every size (self-duality).
    """
    _at_least_two(samples)
    return np.array([1 - limiting_conductance(_uniform(rows, length, rng)) for _ in range(samples)])


def threshold(rows: int, length: int, samples: int, rng: Generator) -> Estimate:
    """Mean p at which strips first span; p_c = 1/2 on the square bond lattice (Kesten 1980)."""
    p = crossing_thresholds(rows, length, samples, rng)
    flags = []
    if rows != length:
        flags.append("rows differ from length: the mean is shifted from p_c by an amount of order L^(-3/4)")
    if samples < FEW_SAMPLES:
        flags.append(f"{samples} samples are few")
    return Estimate(float(p.mean()), float(p.std(ddof=1)) / math.sqrt(samples), flag="; ".join(flags))


def width_scaling(sizes: Sequence[int], samples: int, rng: Generator) -> Scaling:
    """1/ν from the width of the threshold, s.d. of `crossing_thresholds` ~ L^(−1/ν); 3/4 in two dimensions.

    Raises ValueError for fewer than two sizes or samples.
    """
    logs, errors = [], []
    for size in sizes:
        p = crossing_thresholds(size, size, samples, rng)
        centred = (p - p.mean()) ** 2
        variance = float(centred.mean()) * samples / (samples - 1)
        logs.append(math.log(variance) / 2)
        errors.append(float(centred.std(ddof=1)) / math.sqrt(samples) / (2 * variance))
    return scaling(sizes, logs, errors)


def conductance_scaling(sizes: Sequence[int], samples: int, rng: Generator) -> Scaling:
    """t/ν from the conductance at threshold: square strips of unit bonds at p = 1/2, ⟨ln G⟩ = const − (t/ν) ln L.

    `samples` strips that span are drawn for each size; the others (one half at every size, exactly) have no ln G. The
    logarithm has the same exponent as the mean, as the distribution of G/⟨G⟩ at threshold does not depend on the
    size, and half its scatter. Multiply by ν = 4/3 for t. Raises ValueError for fewer than two sizes or samples.
    """
    _at_least_two(samples)
    logs, errors = [], []
    for size in sizes:
        found: list[float] = []
        while len(found) < samples:
            strip = film(size, size, rng, insulating=0.5)
            if spans(strip):
                found.append(math.log(solve(strip).conductance))
        logs.append(float(np.mean(found)))
        errors.append(float(np.std(found, ddof=1)) / math.sqrt(samples))
    return scaling(sizes, logs, errors)


def scaling(sizes: Sequence[int], mean_log: Sequence[float], sd: Sequence[float]) -> Scaling:
    """Weighted straight line of ln(quantity) over ln L, with what the small sizes do to its slope.

    The systematic error is the largest shift on leaving out the smallest one, two, ... up to half of the sizes.
    All arguments have shape (sizes,), sd above zero. Raises ValueError for fewer than two different sizes.
    """
    L, y, s = (np.asarray(values, dtype=float) for values in (sizes, mean_log, sd))
    if np.unique(L).size < 2 or not (L.size == y.size == s.size and (L > 0).all()):
        raise ValueError(f"scaling: sizes {list(sizes)} with {y.size} values; at least two different sizes are needed")
    if not ((s > 0).all() and np.isfinite(y).all() and np.isfinite(s).all()):
        raise ValueError("scaling: a value is not finite or its standard deviation not above zero; take more samples")
    slope, error, chi2 = _line(np.log(L), y, s)
    reduced = chi2 / (L.size - 2) if L.size > 2 else math.nan
    steps = np.unique(L)
    starts = [start for start in steps[1 : steps.size // 2 + 1] if start < steps[-1]]
    shifts = [abs(_line(np.log(L[start <= L]), y[start <= L], s[start <= L])[0] - slope) for start in starts]
    shift = max(shifts, default=0.0)
    flags = [] if shifts else ["too few sizes to see corrections to scaling"]
    if L.min() < LEAST_SIZE:
        flags.append(f"size {L.min():.0f} is below {LEAST_SIZE}: corrections to scaling")
    if reduced > BELIEVED_CHI2:
        flags.append(f"no power law: reduced chi-square {reduced:.1f}")
        error *= math.sqrt(reduced)
    return Scaling(L, y, s, Estimate(-slope, error, shift, "; ".join(flags)), reduced)


def saturation(strips: Iterable[Strip]) -> Saturation:
    """ρ against r_s, strip by strip: ρ the sheet resistance, r_s the limiting resistance (see `clusters`).

    ρ ≈ r_s is the percolation picture's value of the saturated resistance. It is exact in the limit of large lattices
    where the logarithm of the conductances is distributed symmetrically about a value (Dykhne 1970: σ is its
    exponential, which is also the median, reached at p_c = 1/2). Raises ValueError for no strips at all.
    """
    rho, limit = [], []
    worst = 0.0
    for strip in strips:
        found = solve(strip)
        g = limiting_conductance(strip)
        rho.append(found.sheet_resistance)
        limit.append(math.inf if g == 0 else 1 / g)
        worst = max(worst, found.relative_error)
    if not rho:
        raise ValueError("saturation: no strips were given; at least one is needed")
    resistance, limiting = np.array(rho), np.array(limit)
    normal = (resistance > 0) & np.isfinite(resistance)
    ratio = np.log(resistance[normal] / limiting[normal])
    scatter = float(ratio.std(ddof=1)) if ratio.size > 1 else math.nan
    mean = float(ratio.mean()) if ratio.size else math.nan
    shorts, cuts = int((resistance == 0).sum()), int(np.isinf(resistance).sum())
    flags = []
    if shorts or cuts:
        flags.append(f"{shorts} of {resistance.size} lattices are superconducting and {cuts} insulating, left out")
    if ratio.size < FEW_SAMPLES:
        flags.append(f"{ratio.size} samples are few")
    if worst > 1e-3:
        flags.append(f"a conductance has the numerical error {worst:.2g}")
    sd = scatter / math.sqrt(ratio.size) if ratio.size > 1 else math.nan
    return Saturation(resistance, limiting, Estimate(mean, sd, flag="; ".join(flags)), scatter, shorts, cuts)


def _uniform(rows: int, length: int, rng: Generator) -> Strip:
    """Bonds drawn uniformly from (0, 1]: above zero, so that every strip spans in the end."""
    if rows < 1 or length < 1:
        raise ValueError(f"strip: {rows} rows of {length} bonds; both must be at least 1")
    return Strip(1 - rng.random((rows, length)), 1 - rng.random((rows - 1, length - 1)))


def _at_least_two(samples: int) -> None:
    if samples < 2:
        raise ValueError(f"percolation: {samples} samples; at least 2 are needed for an uncertainty")


def _line(x: Array, y: Array, sd: Array) -> tuple[float, float, float]:
    """Slope, its s.d. and chi-square of the weighted straight line."""
    w = 1 / sd**2
    x0, y0 = float(w @ x / w.sum()), float(w @ y / w.sum())
    spread = float(w @ (x - x0) ** 2)
    slope = float(w @ ((x - x0) * (y - y0))) / spread
    return slope, 1 / math.sqrt(spread), float(w @ (y - y0 - slope * (x - x0)) ** 2)
