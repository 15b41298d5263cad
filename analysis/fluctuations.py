"""Repeated low-field sweeps with all that is said of them, every number with its uncertainty.

`magnetoresistance` has the parts: background, cross-spectrum, peaks. Here they get errors. The exponent's comes from
the scatter between stretches of 10 Oe, since a fluctuation is no noise of a point but a bend of its neighbourhood. The
band of a reproducible spectrum has two sources that share nothing: a film's own fluctuation is one draw for every
independent stretch of field (chi-square), and what noise two sweeps do not share (Gaussian, fewer pairs, more of it).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtri

from coldfinger.analysis.across.crossover import Quantity
from coldfinger.analysis.across.power_law import TWO_SIDED_95
from coldfinger.analysis.fits.fit_result import Array
from coldfinger.analysis.lockin_filter import cutoff_frequency
from coldfinger.analysis.magnetoresistance import (
    FLUX_QUANTUM,
    Background,
    Peak,
    Spectrum,
    Sweep,
    find_peaks,
    fit_background,
    spectrum_of,
    superconducting_core,
)

POLES = 4
STRETCH = 10.0
"""Oe; deviations from the background further apart are taken as independent."""


@dataclass(frozen=True, eq=False)
class SweepSet:
    """Sweeps of one film at one temperature, lag corrected, believed rows only."""

    sweeps: tuple[Sweep, ...]
    rate: float
    """|dH/dt| (Oe/s)."""
    time_constant: float
    """Of the lock-in (s), four poles."""
    temperature: float = math.nan
    """K."""

    @property
    def cutoff(self) -> float:
        """f_3dB of the lock-in in a field swept at this rate (1/Oe)."""
        return cutoff_frequency(self.time_constant, POLES) / self.rate


@dataclass(frozen=True)
class Loop:
    """A peak of the spectrum and the loop that one flux quantum h/2e a period would mean; none is an island's size."""

    frequency: Quantity
    """1/Oe."""
    height: float
    """Over the white level."""
    magnetic_length: Quantity
    """ℓ_B = √(Φ₀/2π δH) (µm)."""
    area: Quantity
    """Φ₀/δH (µm²)."""
    side: Quantity
    """Of a square of that area (µm)."""


@dataclass(frozen=True, eq=False)
class Fluctuations:
    """What repeated sweeps say. `spectrum` is None where `doubt` tells why there is none."""

    background: Background
    exponent: Quantity
    rho_0: Quantity
    spectrum: Spectrum | None
    low95: Array
    """95 % band of the reproducible part (Oe), shape of `spectrum.frequency`; empty without one."""
    high95: Array
    level: Quantity | None
    """White level (Oe)."""
    loops: tuple[Loop, ...]
    cutoff: float
    """f_3dB (1/Oe)."""
    doubt: str = ""

    def to_json(self) -> dict[str, Any]:
        """The numbers with their s.d."""
        level = None if self.level is None else number(self.level)
        loops = [
            {"height": loop.height}
            | {name: number(getattr(loop, name)) for name in ("frequency", "magnetic_length", "area", "side")}
            for loop in self.loops
        ]
        return {
            "exponent": number(self.exponent),
            "rho_0": number(self.rho_0),
            "core_Oe": self.background.core,
            "offset_Oe": self.background.offset,
            "f_3dB_per_Oe": self.cutoff,
            "white_level": level,
            "peaks": loops,
            "doubt": self.doubt,
        }


def evaluate(data: SweepSet, core: float | None = None) -> Fluctuations:
    """Background, spectrum with band, peaks; `core` (Oe) is left out, None: five times where ρ is zero.

    Raises ValueError where too few rows are left for a background.
    """
    sweeps = data.sweeps
    core = superconducting_core(sweeps) if core is None else core
    background = fit_background(sweeps, core)
    exponent, rho_0 = background_errors(sweeps, background)
    try:
        spectrum = spectrum_of(sweeps, background, data.rate, data.time_constant, core=core, poles=POLES)
    except ValueError as error:
        nothing = np.empty(0)
        return Fluctuations(background, exponent, rho_0, None, nothing, nothing, None, (), data.cutoff, str(error))
    low, high = band95(spectrum)
    loops = tuple(loop_of(peak, spectrum) for peak in find_peaks(spectrum))
    return Fluctuations(background, exponent, rho_0, spectrum, low, high, _level(spectrum), loops, data.cutoff)


def band95(spectrum: Spectrum) -> tuple[Array, Array]:
    """Lower and upper end (Oe) of the reproducible part's 95 % interval, bin by bin; nan beyond the bandwidth.

    The distances of both sources add in quadrature (G. Y. Zou and A. Donner, Stat. Med. 27, 1693 (2008)); no end lies
    below zero, where no spectrum is.
    """
    film = np.maximum(spectrum.reproducible, 0.0)
    noise = np.maximum(spectrum.instrument, 0.0)
    freedom = 2.0 * spectrum.spectra
    own_low, own_high = film * freedom / chdtri(freedom, 0.025), film * freedom / chdtri(freedom, 0.975)
    # Re(a b*) of sweeps with common part F and own parts N has the variance F N + N²/2 beside that of F itself.
    mixed = TWO_SIDED_95 * np.sqrt((film * noise + 0.5 * noise**2) / (spectrum.spectra * max(spectrum.pairs, 1)))
    low = np.maximum(spectrum.reproducible - np.hypot(film - own_low, mixed), 0.0)
    high = np.maximum(spectrum.reproducible + np.hypot(own_high - film, mixed), 0.0)
    return low, high


def background_errors(sweeps: tuple[Sweep, ...], background: Background) -> tuple[Quantity, Quantity]:
    """Exponent and ρ₀ with the s.d. that deviations correlated within a stretch leave (sandwich by stretches)."""
    field = np.concatenate([s.field for s in sweeps])
    centre = np.concatenate([np.full(s.field.size, background.centres[s.direction]) for s in sweeps])
    rho = np.concatenate([s.resistivity for s in sweeps])
    kept = np.abs(field - centre) >= max(background.core, 1e-6)
    distance, rho = np.abs(field - centre)[kept], rho[kept]
    power = distance**background.exponent
    left = rho - background.rho_0 - background.amplitude * power
    design = np.stack([np.ones_like(power), power, background.amplitude * power * np.log(distance)], axis=1)
    # A base at its bound of zero is not free.
    used = np.array([background.rho_0 > 0, True, background.amplitude > 0])
    scale = np.maximum(np.sqrt(np.sum(design[:, used] ** 2, axis=0)), 1e-300)
    unit = design[:, used] / scale
    inverse = np.linalg.pinv(unit.T @ unit)
    _, stretch = np.unique(np.floor(field[kept] / STRETCH), return_inverse=True)
    sums = np.stack([np.bincount(stretch, weights=unit[:, j] * left) for j in range(unit.shape[1])], axis=1)
    count = sums.shape[0]
    spread = sums.T @ sums * count / max(count - int(used.sum()), 1)
    variance = np.full(3, np.nan)
    variance[used] = np.diagonal(inverse @ spread @ inverse) / scale**2
    sd = np.sqrt(variance)
    at_zero = "" if used[0] else "the background is zero at zero field"
    flat = "" if used[2] else "no magnetoresistance: the exponent has no meaning"
    exponent = Quantity(background.exponent, float(sd[2]), "", flat)
    return exponent, Quantity(background.rho_0, float(sd[0]), "ohm/square", at_zero)


def loop_of(peak: Peak, spectrum: Spectrum) -> Loop:
    """Lengths of a peak. Its place is known to a bin over the root of the independent spectra, and to half a bin."""
    bin_width = float(spectrum.frequency[1] - spectrum.frequency[0])
    sd = bin_width * math.hypot(0.5, 1.0 / math.sqrt(spectrum.spectra))
    relative, area = sd / peak.frequency, FLUX_QUANTUM * peak.frequency
    side, length = math.sqrt(area), peak.magnetic_length
    return Loop(
        Quantity(peak.frequency, sd, "1/Oe"),
        peak.height,
        Quantity(length, 0.5 * relative * length, "um"),
        Quantity(area, relative * area, "um^2"),
        Quantity(side, 0.5 * relative * side, "um"),
    )


def number(quantity: Quantity) -> dict[str, float | str | None]:
    """As JSON: value, s.d., unit, doubt; None where there is no number."""
    return {
        "value": quantity.value if math.isfinite(quantity.value) else None,
        "sd": quantity.sd if math.isfinite(quantity.sd) else None,
        "unit": quantity.unit,
        "doubt": quantity.doubt,
    }


def _level(spectrum: Spectrum) -> Quantity:
    """The median's s.d. is 1.25 times that of a mean; bins of one Hann window count 1.5 times too often."""
    inside = spectrum.reproducible[spectrum.believed]
    if inside.size < 2:
        return Quantity(math.nan, math.nan, "Oe", "no bin within the bandwidth")
    middle = float(np.median(inside))
    scatter = 1.4826 * float(np.median(np.abs(inside - middle)))
    doubt = "" if middle > 0 else "nothing reproducible above the noise"
    return Quantity(middle, 1.2533 * scatter * math.sqrt(1.5 / inside.size), "Oe", doubt)
