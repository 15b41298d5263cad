"""Micrographs drawn from known grains, to measure how well grains are found.

Droplets (ellipses with a rough rim) of several log-normal populations are put down at random, the largest first, apart
from each other or in contact; the picture then goes through what a microscope does: light from one side, uneven light,
blur, noise that grows with the signal, 8 bits. Nothing of it is shared with the search for grains.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from coldfinger.analysis.micrographs.micrograph import Micrograph

Array = NDArray[np.float64]
Labels = NDArray[np.int32]

FINE = 3
"""Sub-pixels on a side of a pixel."""
_TRIES = 60  # places tried for one grain
_HARMONICS = (3, 4, 5)


@dataclass(frozen=True)
class Population:
    """Log-normal grains: median diameter (m), standard deviation of ln d, share of the area wanted."""

    diameter: float
    spread: float
    cover: float


@dataclass(frozen=True)
class Looks:
    """What the microscope does to the picture; shares are of the mean contrast between grain and background."""

    uneven: float = 0.3
    """Largest relative change of the light over the picture."""
    noise: float = 0.08
    """Standard deviation, as a share of the contrast, at the mean grey."""
    blur: float = 1.0
    """Standard deviation of the Gaussian spot (pixels)."""
    variety: float = 0.06
    """Standard deviation of the brightness from grain to grain."""
    shade: float = 0.12
    """Change from the centre of a grain to its dark side."""
    background: float = 0.25
    """Grey of the background; that of a grain is 0.75 of full scale."""


@dataclass(frozen=True, eq=False)
class SyntheticMicrograph:
    """A picture and what is truly in it; arrays have one entry a grain, of which label k is entry k - 1."""

    micrograph: Micrograph
    labels: Labels
    """Number of the grain that holds most of a pixel, 0 for background; shape (rows, columns)."""
    diameter: Array
    """Equivalent diameter 2 sqrt(A/pi) of the part that shows (m); nan where nothing shows."""
    whole: NDArray[np.bool_]
    """No part is beyond the frame."""
    population: NDArray[np.int32]
    touching: NDArray[np.bool_]
    """Put down in contact with another grain."""


def draw_micrograph(
    populations: Sequence[Population],
    *,
    shape: tuple[int, int] = (1000, 1000),
    pixel: float = 6e-9,
    touching: float = 0.15,
    gap: float = 3.0,
    elongation: float = 0.2,
    roughness: float = 0.03,
    looks: Looks | None = None,
    seed: int = 0,
) -> SyntheticMicrograph:
    """A picture of `shape` pixels of side `pixel` (m).

    `touching` is the share of grains put in contact with an earlier one (they then overlap by up to 0.15 of the smaller
    radius); all others keep `gap` (pixels) apart. Half-axes are r e^(+-x), x uniform to `elongation`/2; the rim is
    r (1 + sum a_k cos(k phi + c_k)), k = 3, 4, 5, a_k normal with `roughness`. Raises ValueError without population.
    """
    if not populations:
        raise ValueError("synthetic micrograph: no population of grains; give at least one")
    rng = np.random.default_rng(seed)
    field = _Field(shape, rng)
    radii, kinds = _radii(populations, field.area * pixel**2, pixel, rng)
    for radius, kind in zip(radii, kinds, strict=True):
        field.put(_Droplet.of(radius, elongation, roughness, rng), kind, rng.random() < touching, gap)
    return field.picture(pixel, looks or Looks())


def _radii(
    populations: Sequence[Population], area: float, pixel: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Radii (pixels), the largest first, and populations of grains that cover `area` (m^2) as wanted."""
    radii, kinds = [], []
    for kind, grains in enumerate(populations):
        mean_area = math.pi / 4 * grains.diameter**2 * math.exp(2 * grains.spread**2)
        number = rng.poisson(grains.cover * area / mean_area)
        radii.append(0.5 * grains.diameter * np.exp(grains.spread * rng.standard_normal(number)) / pixel)
        kinds.append(np.full(number, kind))
    radius, population = np.concatenate(radii), np.concatenate(kinds)
    order = np.argsort(-radius)
    return radius[order], population[order]


@dataclass(frozen=True, eq=False)
class _Droplet:
    """Rim r(phi) of a grain about its centre (pixels); the enclosed area is pi radius^2."""

    radius: float
    stretch: float
    angle: float
    waves: tuple[tuple[int, float, float], ...]

    @classmethod
    def of(cls, radius: float, elongation: float, roughness: float, rng: np.random.Generator) -> "_Droplet":
        waves = tuple((k, roughness * rng.standard_normal(), rng.uniform(0, 2 * math.pi)) for k in _HARMONICS)
        drop = cls(1.0, math.exp(rng.uniform(0, elongation) / 2), rng.uniform(0, math.pi), waves)
        phi = np.linspace(0, 2 * math.pi, 256, endpoint=False)
        unit = math.sqrt(float(np.mean(drop.rim(phi) ** 2)))
        return cls(radius / unit, drop.stretch, drop.angle, waves)

    def rim(self, phi: Array) -> Array:
        turned = phi - self.angle
        ellipse = 1 / np.sqrt((np.cos(turned) / self.stretch) ** 2 + (np.sin(turned) * self.stretch) ** 2)
        wave = sum(a * np.cos(k * phi + c) for k, a, c in self.waves)
        return np.asarray(self.radius * ellipse * (1 + wave))

    def reach(self) -> float:
        return 1.3 * self.stretch * self.radius


class _Field:
    """The plane on a fine grid, with a margin so that the frame cuts grains as it does in a microscope."""

    def __init__(self, shape: tuple[int, int], rng: np.random.Generator) -> None:
        self.shape, self.rng = shape, rng
        self.margin = max(8, min(shape) // 8)
        self.rows, self.columns = shape[0] + 2 * self.margin, shape[1] + 2 * self.margin
        self.area = float(self.rows * self.columns)
        self.fine = np.zeros((self.rows * FINE, self.columns * FINE), dtype=np.int32)
        self.drops: list[tuple[_Droplet, float, float, int, bool]] = []

    def put(self, drop: _Droplet, kind: int, contact: bool, gap: float) -> None:
        """Put the grain where there is room; it is left out if none of many places has."""
        for _ in range(_TRIES):
            if contact and self.drops:
                y, x = self._beside(drop)
                allowed = 0.25 * math.pi * drop.radius**2  # at most this much hidden by the other
            else:
                y, x = self.rng.uniform(0, self.rows), self.rng.uniform(0, self.columns)
                allowed = 0.0
            if not (0 <= y < self.rows and 0 <= x < self.columns):
                continue
            area, inside = self._inside(drop, y, x, 0.0 if contact else gap)
            taken = np.unique(self.fine[area][inside & (self.fine[area] > 0)])
            hidden = np.count_nonzero(self.fine[area][inside]) / FINE**2
            if hidden > allowed or (contact and taken.size != 1):
                continue
            if gap and not contact:
                area, inside = self._inside(drop, y, x, 0.0)
            self.drops.append((drop, y, x, kind, contact))
            free = inside & (self.fine[area] == 0)
            self.fine[area][free] = len(self.drops)
            return

    def _beside(self, drop: _Droplet) -> tuple[float, float]:
        """A centre from which the grain just overlaps one that is there."""
        other, y, x, _, _ = self.drops[self.rng.integers(len(self.drops))]
        phi = self.rng.uniform(0, 2 * math.pi)
        here, there = float(other.rim(np.array(phi))), float(drop.rim(np.array(phi + math.pi)))
        distance = here + there - self.rng.uniform(0.0, 0.15) * min(here, there)
        return y + distance * math.sin(phi), x + distance * math.cos(phi)

    def _inside(
        self, drop: _Droplet, y: float, x: float, wider: float
    ) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
        """Window of the fine grid and which of its points lie within the rim widened by `wider` (pixels)."""
        reach = drop.reach() + wider + 1
        spans = [
            slice(max(0, int((centre - reach) * FINE)), min(size, int((centre + reach) * FINE) + 1))
            for centre, size in zip((y, x), self.fine.shape, strict=True)
        ]
        rows = (np.arange(spans[0].start, spans[0].stop) + 0.5) / FINE - y
        columns = (np.arange(spans[1].start, spans[1].stop) + 0.5) / FINE - x
        r = np.hypot(rows[:, None], columns[None, :])
        phi = np.arctan2(rows[:, None], columns[None, :])
        return (spans[0], spans[1]), r < drop.rim(phi) + wider

    def picture(self, pixel: float, looks: Looks) -> SyntheticMicrograph:
        cut = self.margin * FINE
        seen = self.fine[cut:-cut, cut:-cut]
        number = len(self.drops)
        all_of_it = np.bincount(self.fine.ravel(), minlength=number + 1)[1:]
        shown = np.bincount(seen.ravel(), minlength=number + 1)[1:]
        diameter = np.where(shown > 0, 2 * np.sqrt(np.maximum(shown, 1) / math.pi) / FINE * pixel, np.nan)
        grey = _expose(self._brightness(seen, looks), looks, self.rng)
        return SyntheticMicrograph(
            Micrograph(grey, pixel, "given", "synthetic"),
            np.ascontiguousarray(seen[FINE // 2 :: FINE, FINE // 2 :: FINE]),
            diameter,
            (shown == all_of_it) & (shown > 0),
            np.array([kind for *_, kind, _ in self.drops], dtype=np.int32),
            np.array([contact for *_, contact in self.drops], dtype=bool),
        )

    def _brightness(self, seen: Labels, looks: Looks) -> Array:
        """Grey of every pixel before light, blur and noise: mean over its sub-pixels."""
        number = len(self.drops) + 1
        base, centre, radius = np.full(number, looks.background), np.zeros((number, 2)), np.ones(number)
        contrast = 0.75 - looks.background
        base[1:] = 0.75 + contrast * looks.variety * self.rng.standard_normal(number - 1)
        for k, (drop, y, x, _, _) in enumerate(self.drops, start=1):
            centre[k], radius[k] = ((y - self.margin) * FINE, (x - self.margin) * FINE), drop.radius * FINE
        grey = base[seen]
        rows, columns = np.nonzero(seen)
        grain = seen[rows, columns]
        across = (rows - centre[grain, 0] + columns - centre[grain, 1]) / (math.sqrt(2) * radius[grain])
        grey[rows, columns] -= contrast * looks.shade * np.clip(across, -1, 1)
        return np.asarray(grey.reshape(self.shape[0], FINE, self.shape[1], FINE).mean(axis=(1, 3)))


def _expose(grey: Array, looks: Looks, rng: np.random.Generator) -> Array:
    """Uneven light (a tilt and a broad bright spot), blur, noise and 8 bits."""
    rows, columns = (np.linspace(-1, 1, n) for n in grey.shape)
    angle, spot = rng.uniform(0, 2 * math.pi), rng.uniform(-1, 1, 2)
    tilt = (math.cos(angle) * columns[None, :] + math.sin(angle) * rows[:, None]) / math.sqrt(2)
    bright = np.exp(-((rows[:, None] - spot[0]) ** 2 + (columns[None, :] - spot[1]) ** 2) / 0.8)
    light = 1 + looks.uneven * (0.6 * tilt + 0.4 * (2 * bright - 1))
    blurred = ndimage.gaussian_filter(grey * light, looks.blur, mode="nearest") if looks.blur > 0 else grey * light
    sd = looks.noise * (0.75 - looks.background) * np.sqrt(np.clip(blurred, 0, None) / blurred.mean())
    noisy = blurred + sd * rng.standard_normal(grey.shape)
    return np.asarray(np.clip(np.round(noisy * 200), 0, 255))
