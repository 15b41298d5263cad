"""Grains of a micrograph: found, parted where they touch, labelled and measured.

1. `flatten`: 0 is background, 1 is grain, whatever the light.
2. Pixels above one half are grain. Their distance from the rim has one top in every grain. Two tops stay apart if the
   neck between them is narrower than `NECK` of the smaller grain; dark seams count as rim. A grain too small or too
   faint to reach one half is found by its own top, if that is `ALARM` times the noise.
3. Watershed from these tops (S. Beucher and C. Lantuejoul, 1979; F. Meyer, Signal Process. 38, 113, 1994).
4. The rim of each grain is where it has half of its own height: blur moves that place only where the rim is curved.
   The width of the blur is read from straight rims, and the radius of a disc that would look as large is the result.

A blurred disc of radius R has the height 1 - Q_1(r/s, R/s) at the distance r from its centre, with Marcum's Q and the
blur s; s contains the spot, the pixel, the smoothing and soft rims alike.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.stats import ncx2

from coldfinger.analysis.grain_light import Flat, flatten
from coldfinger.analysis.micrograph import Micrograph

Array = NDArray[np.float64]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

NECK = 0.92
"""A neck narrower than this share of the smaller grain parts two grains."""
ALARM = 5.0
"""Standard deviations of the noise that a top must rise."""
FEWEST_PIXELS = 4.0
"""Area (pixels) below which nothing is called a grain."""
_SOLID = 0.6  # of the contrast: tops of the distance are looked for above it, where necks are narrower
_LEAST_TOP = 0.2  # of the contrast, however quiet the picture is
_FOLLOWS = 0.5  # d(measured radius)/d(true radius) below which blur makes much of the size
_LARGE = 6.0  # blurs: radius beyond which a rim is straight
_SEAM = 7  # pixels, widest seam looked for
_UNSURE = 0.1  # relative standard deviation of a diameter
_TRIALS = 49  # discs of one size
_PLACES = (np.indices((5, 5)).reshape(2, -1).T + 0.5) / 5
_EDGE = math.sqrt(2 * math.pi)  # a straight rim rises by 1 over this many blurs


@dataclass(frozen=True, eq=False)
class Grains:
    """Grains of one micrograph; arrays have one entry a grain, of which label k is entry k - 1."""

    labels: Labels
    """Number of the grain at every pixel, 0 for background; shape (rows, columns)."""
    diameter: Array
    """Equivalent diameter 2 sqrt(A/pi) (m), blur taken out."""
    sd_diameter: Array
    """Standard deviation of the diameter from noise and pixels (m)."""
    row: Array
    """Centroid (pixels)."""
    column: Array
    extent: NDArray[np.int32]
    """Height and width of the box around each grain (pixels), shape (grains, 2)."""
    whole: Mask
    """The grain does not reach the frame."""
    pixel: float
    """m."""
    blur: float
    """Standard deviation of the blur, all causes (m)."""
    blur_measured: bool
    """False if no rim was straight enough and `blur` is a lower bound."""
    threshold_shift: float
    """Change of every diameter (m) if the rim is put at 0.55 or 0.45 of a grain's height: a systematic uncertainty."""
    cutoff: float
    """Diameter (m) below which grains are missed or have the size of the blur; see `cutoff_reason`."""
    cutoff_reason: str
    flat: Flat

    @property
    def counted(self) -> Mask:
        """Grains at or above the cut-off."""
        return np.asarray(self.diameter >= self.cutoff)

    @property
    def cover(self) -> float:
        """Share of the picture that is grain."""
        return float(np.mean(self.labels > 0))

    @property
    def density(self) -> float:
        """Grains at or above the cut-off in a square metre: whole ones, corrected for those the frame cuts."""
        chosen = self.counted & self.whole
        return float(np.sum(self.weight[chosen])) / (self.labels.size * self.pixel**2)

    @property
    def weight(self) -> Array:
        """1 / probability that a grain of this extent lies wholly in the frame; large ones are cut more often.

        H W / ((H - h)(W - w)), C. Lantuejoul, J. Microscopy (1978) and R. E. Miles (1974).
        """
        height, width = self.labels.shape
        room = np.maximum(height - self.extent[:, 0], 1) * np.maximum(width - self.extent[:, 1], 1)
        return np.asarray(height * width / room)


def find_grains(micrograph: Micrograph, *, bright: bool = True, neck: float = NECK) -> Grains:
    """All grains of the micrograph; `bright` ones on a dark background, or dark ones.

    Raises ValueError if nothing stands out of the noise.
    """
    flat = flatten(micrograph.grey, bright)
    top = max(_LEAST_TOP, ALARM * flat.noise)
    assumed = math.sqrt(flat.smoothing**2 + 1 / 12 + 0.25)
    tops = _part(flat.relief, flat.noise, assumed, neck)
    blur, measured = _blur(flat.relief, tops, assumed)
    if abs(blur - assumed) > 0.2:
        tops = _part(flat.relief, flat.noise, blur, neck)
    regions = _grow(flat.relief, tops, top)
    labels, area, height = _cut(flat.relief, regions, blur, top)
    if area.size == 0:
        raise ValueError(f"{micrograph.name}: no grain rises {ALARM:g} times above the noise of {flat.noise:.2f}")
    return _measured(micrograph, flat, labels, area, height, blur, measured, top)


@cache
def disc_response(blur: float, noise: float = 0.0, smoothing: float = 0.0) -> tuple[Array, Array, Array]:
    """True radius, measured radius, relative s.d. of the corrected one, for discs blurred by `blur`; radii in pixels.

    Discs, 1 - Q_1(r/s, R/s), are put at places between the pixels and measured as grains are, with the noise of the
    picture (of standard deviation `noise` after the `smoothing`) upon them; the median area stands for each radius. A
    polynomial of fifth order takes out what pixels and noise leave of unevenness.
    """
    true = blur * np.concatenate([np.linspace(0.6, 2.5, 20), np.linspace(2.75, 5.0, 10)])
    half = math.ceil(float(true[-1]) + 4 * blur)
    along = np.arange(-half, half + 1)
    fine = np.linspace(0, 1.5 * (half + 1), 600)
    rng = np.random.default_rng(0)
    seen, scatter = [], []
    for radius in true:
        profile = ncx2.cdf((radius / blur) ** 2, 2, (fine / blur) ** 2)
        areas = []
        for y, x in (rng.random((_TRIALS, 2)) if noise else _PLACES) - 0.5:
            values = np.interp(np.hypot(along[:, None] - y, along - x), fine, profile)
            if noise:
                values = values + noise * _unit_noise(rng, values.shape, smoothing)
            height = _plateau(values)
            areas.append(_area(_around_top(values, 0.5 * height), np.ones(values.shape, bool), values / height, blur))
        low, middle, high = np.sqrt(np.quantile(areas, [0.16, 0.5, 0.84]) / math.pi)
        seen.append(middle)
        scatter.append((high - low) / 2)
    smooth = np.polynomial.Polynomial.fit(true, np.array(seen), 5)
    spread = np.polynomial.Polynomial.fit(true, np.array(scatter), 3)(true)
    relative = np.maximum(spread, 0) / np.maximum(smooth.deriv()(true), 0.1) / true
    return true, np.maximum.accumulate(smooth(true)), relative


def _unit_noise(rng: np.random.Generator, shape: tuple[int, ...], smoothing: float) -> Array:
    white = rng.standard_normal(shape)
    if smoothing == 0:
        return white
    smooth = ndimage.gaussian_filter(white, smoothing, mode="wrap")
    return np.asarray(smooth / smooth.std())


def smallest_resolved(blur: float, noise: float = 0.0, smoothing: float = 0.0) -> float:
    """Radius (pixels) above which blur leaves a size that noise spreads by no more than a tenth."""
    true, seen, relative = disc_response(blur, noise, smoothing)
    flat = np.flatnonzero((np.gradient(seen, true) < _FOLLOWS) | (relative > _UNSURE))
    return float(true[flat[-1] + 1]) if flat.size and flat[-1] + 1 < true.size else float(true[0])


def _sharpened(seen: Array, response: tuple[Array, Array, Array]) -> Array:
    """True radius from the measured one (pixels); beyond the table a rim moves inward by s^2 / (2 R)."""
    true, measured, _ = response
    last = true[-1] - measured[-1]
    beyond = seen + last * measured[-1] / np.maximum(seen, measured[-1])
    return np.where(seen > measured[-1], beyond, np.interp(seen, np.maximum.accumulate(measured), true))


def _part(relief: Array, noise: float, blur: float, neck: float) -> Labels:
    """Regions above one half, parted at necks and seams, and beside them single tops of faint grains."""
    from skimage.morphology import reconstruction
    from skimage.segmentation import watershed

    solid = relief > _SOLID
    calm = ndimage.gaussian_filter(relief, 1.0, mode="nearest")
    seam = ndimage.grey_closing(calm, size=(_SEAM, _SEAM)) - calm > max(_LEAST_TOP, ALARM * noise)
    inner = _without_pinholes(solid & ~seam, blur)
    depth = _depth(relief, inner, blur)
    log_depth = np.log(np.maximum(depth, 0.3))
    level = math.log(1 / neck)
    lowered = reconstruction(log_depth - level, log_depth)
    tops = _tops(lowered, inner)
    parted = np.asarray(watershed(-depth, tops, mask=inner | solid), dtype=np.int32)

    rise = max(0.1, ALARM * noise)
    faint = np.minimum(relief, _SOLID)
    lowered = reconstruction(faint - rise, faint)
    seeds = _tops(lowered, np.ones_like(solid))
    first = ndimage.find_objects(seeds)
    keep = np.zeros(len(first) + 1, dtype=bool)
    for k, box in enumerate(first, start=1):
        if box is not None:
            member = seeds[box] == k
            keep[k] = not np.any(parted[box][member]) and relief[box][member].max() > max(_LEAST_TOP, ALARM * noise)
    number = np.cumsum(keep) + parted.max()
    return np.where(keep[seeds], number[seeds], parted).astype(np.int32)


def _tops(lowered: Array, allowed: Mask) -> Labels:
    from skimage.morphology import local_maxima

    labels, _ = ndimage.label(local_maxima(lowered, connectivity=2) & allowed, structure=np.ones((3, 3)))
    return np.asarray(labels, dtype=np.int32)


def _without_pinholes(mask: Mask, blur: float) -> Mask:
    """Holes no wider than the blur are noise."""
    holes, number = ndimage.label(~mask)
    if not number:
        return mask
    size = np.bincount(holes.ravel(), minlength=number + 1)
    small = size < math.pi * (1.5 * blur) ** 2
    small[0] = False
    return np.asarray(mask | small[holes])


def _depth(relief: Array, inside: Mask, blur: float) -> Array:
    """Distance from the rim (pixels): from the nearest pixel outside, and from there to where one half would be."""
    distance, nearest = ndimage.distance_transform_edt(np.pad(inside, 1, mode="edge"), return_indices=True)
    height = np.pad(relief, 1, mode="edge")[tuple(nearest)]
    inward = np.clip((_SOLID - height) * _EDGE * blur, 0.0, 1.0)
    return np.asarray(np.maximum(distance - inward, 0.0)[1:-1, 1:-1])


def _blur(relief: Array, labels: Labels, assumed: float) -> tuple[float, bool]:
    """Standard deviation of the blur (pixels) from the slope of rims that are straight, and whether there were any.

    The slope across a straight rim at half height is 1 / (s sqrt(2 pi)); differences over two pixels add
    (cos^4 + sin^4)/3 to s^2 for a rim at an angle, 1/4 in the mean.
    """
    area = np.bincount(labels.ravel())
    area[0] = 0
    large = area > math.pi * (_LARGE * assumed) ** 2
    down, across = np.gradient(relief)
    slope = np.hypot(down, across)
    near = ndimage.maximum_filter(np.where(large[labels], labels, 0), 3)
    alone = ndimage.maximum_filter(labels, 5) == -ndimage.maximum_filter(np.where(labels > 0, -labels, -(2**30)), 5)
    rim = (near > 0) & alone & (np.abs(relief - 0.5) < 0.12)
    if np.count_nonzero(rim) < 50:
        return assumed, False
    width = 1 / (float(np.median(slope[rim])) * _EDGE)
    return round(math.sqrt(max(width**2 - 1 / 4, assumed**2 - 0.25)), 3), True


def _grow(relief: Array, tops: Labels, top: float) -> Labels:
    """Regions from parted grains and single tops, down to a quarter of the faintest height that counts."""
    from skimage.segmentation import watershed

    return np.asarray(watershed(-relief, tops, mask=(relief > 0.25 * top) | (tops > 0)), dtype=np.int32)


def _cut(relief: Array, regions: Labels, blur: float, top: float) -> tuple[Labels, Array, Array]:
    """Each region cut at half of its own height: labels, area (pixels, with parts of pixels), height."""
    labels = np.zeros(regions.shape, dtype=np.int32)
    areas, heights = [], []
    for k, box in enumerate(ndimage.find_objects(regions), start=1):
        if box is None:
            continue
        own = regions[box] == k
        values = np.where(own, relief[box], -np.inf)
        height = _plateau(values)
        if height < top:
            continue
        inside = _around_top(values, 0.5 * height)
        inside = ndimage.binary_fill_holes(inside) & (own | (regions[box] == 0))
        areas.append(_area(inside, own, relief[box] / height, blur))
        heights.append(height)
        labels[box][inside] = len(areas)
    return labels, np.array(areas), np.array(heights)


def _area(inside: Mask, own: Mask, height: Array, blur: float) -> float:
    """Area (pixels): pixels at the rim count by how far their height, of 1, is from one half."""
    core = ndimage.binary_erosion(inside, np.ones((3, 3)), border_value=1)
    shell = ndimage.binary_dilation(inside) & (own | inside) & ~core
    ramp = np.clip((height[shell] - 0.5) * _EDGE * blur + 0.5, 0.0, 1.0)
    return float(np.count_nonzero(core) + np.sum(ramp))


def _plateau(values: Array) -> float:
    """Height of a grain: the upper fifth of what is above half of its top."""
    return float(np.quantile(values[values > 0.5 * values.max()], 0.8))


def _around_top(values: Array, level: float) -> Mask:
    """The largest connected part above the level."""
    pieces, number = ndimage.label(values > level)
    if number <= 1:
        return np.asarray(pieces > 0)
    return np.asarray(pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:]))


def _measured(
    micrograph: Micrograph,
    flat: Flat,
    labels: Labels,
    area: Array,
    height: Array,
    blur: float,
    measured: bool,
    top: float,
) -> Grains:
    """Diameters with their uncertainties and the cut-off."""
    pixel = micrograph.pixel
    response = disc_response(blur, round(flat.noise, 4), flat.smoothing)
    radius = _sharpened(np.sqrt(area / math.pi), response)
    # Beyond the table a rim of length 2 pi R averages the noise: sd(R) falls as R^-1/2.
    true, _, relative = response
    far = np.minimum((true[-1] / np.maximum(radius, true[-1])) ** 1.5, 1.0)
    sd = 2 * radius * np.interp(radius, true, relative) * far
    cutoff, reason = _cutoff(blur, top, flat)
    boxes = ndimage.find_objects(labels)
    extent = np.array([[s.stop - s.start for s in box] for box in boxes], dtype=np.int32)
    rows, columns = labels.shape
    whole = np.array([b[0].start > 0 and b[1].start > 0 and b[0].stop < rows and b[1].stop < columns for b in boxes])
    centres = np.array(ndimage.center_of_mass(labels > 0, labels, np.arange(1, area.size + 1)))
    shift = 2 * 0.05 * _EDGE * blur
    return Grains(
        labels,
        2 * radius * pixel,
        sd * pixel,
        centres[:, 0],
        centres[:, 1],
        extent,
        whole,
        pixel,
        blur * pixel,
        measured,
        shift * pixel,
        cutoff * pixel,
        reason,
        flat,
    )


def _cutoff(blur: float, top: float, flat: Flat) -> tuple[float, str]:
    """The largest of three lower limits of the diameter (pixels), and which it is."""
    seen = min(top + 2 * flat.noise, 0.95)
    limits = {
        f"{FEWEST_PIXELS:g} pixels": 2 * math.sqrt(FEWEST_PIXELS / math.pi),
        "blur and noise: sizes below have a standard deviation above a tenth or are those of the blur": 2
        * smallest_resolved(blur, round(flat.noise, 4), flat.smoothing),
        "noise: smaller grains do not rise out of it": 2 * blur * math.sqrt(-2 * math.log(1 - seen)),
    }
    reason = max(limits, key=lambda name: limits[name])
    return limits[reason], reason
