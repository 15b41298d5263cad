"""Reproducible low-field magnetoresistance fluctuations: a retraceable fingerprint of one film.

The fingerprint F(H) is a sum of cosines in the field with fixed, seeded frequencies and phases. A white part
has 1200 frequencies, one at a random place in each of 1200 equal cells of 0-6 Oe⁻¹; narrow bands add 60
normally distributed frequencies each. All cosines of a part have the same amplitude rms √(2/n), so that the
rms over all fields is the stated one. F is a function of the signed field: nothing makes the four-terminal
resistance of a random film even in H. The envelope exp(−(H/150 Oe)²) is part of it; the factor
exp(−T/0.25 K), the same for every field, belongs to the sample.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

HIGHEST_FREQUENCY = 6.0
"""End of the white spectrum (1/Oe)."""
WHITE_COSINES, BAND_COSINES = 1200, 60
FIELD_SCALE = 150.0
"""Width of the Gaussian envelope in field (Oe)."""


@dataclass(frozen=True)
class Band:
    """A narrow band of the spectrum: centre and standard deviation in 1/Oe, rms relative to ρ."""

    centre: float
    width: float
    rms: float


class Fluctuations:
    """δρ/ρ (relative, T → 0) as a function of the signed field (Oe), fixed by `seed` (int or ints)."""

    def __init__(self, seed: int | tuple[int, ...], white_rms: float, bands: tuple[Band, ...] = ()) -> None:
        random = np.random.default_rng(seed)
        cells = np.arange(WHITE_COSINES) + random.uniform(size=WHITE_COSINES)
        frequencies = [cells * (HIGHEST_FREQUENCY / WHITE_COSINES)]
        amplitudes = [np.full(WHITE_COSINES, white_rms * math.sqrt(2 / WHITE_COSINES))]
        for band in bands:
            frequencies.append(random.normal(band.centre, band.width, BAND_COSINES))
            amplitudes.append(np.full(BAND_COSINES, band.rms * math.sqrt(2 / BAND_COSINES)))
        self._frequencies = np.concatenate(frequencies)
        self._amplitudes = np.concatenate(amplitudes)
        self._phases = random.uniform(0, 2 * math.pi, self._frequencies.size)

    def fingerprint(self, field: ArrayLike) -> NDArray[np.float64]:
        """F(H) without the envelope, same shape as `field` (Oe)."""
        angle = np.multiply.outer(np.asarray(field, dtype=float), 2 * math.pi * self._frequencies)
        return np.asarray(np.cos(angle + self._phases) @ self._amplitudes)

    def __call__(self, field: ArrayLike) -> NDArray[np.float64]:
        """F(H) exp(−(H/150 Oe)²), same shape as `field` (Oe)."""
        envelope = np.exp(-((np.asarray(field, dtype=float) / FIELD_SCALE) ** 2))
        return np.asarray(self.fingerprint(field) * envelope)
