"""Grains of a micrograph: found, parted where they touch, labelled and measured.

1. `flatten`: 0 is background, 1 is grain, whatever the light.
2. Large grains, in which a disc of radius `RESOLVED` blurs fits: pixels above one half are grain, their distance from
   the rim has one top in every grain. Two tops stay apart if the neck between them is narrower than `NECK` of the
   smaller grain; dark seams count as rim.
3. Small grains, everywhere else: tops of the matched filter -(Laplacian of a Gaussian) of the width of the blur
   (T. Lindeberg, Int. J. Comput. Vis. 30, 79, 1998), which undoes part of the blur and so parts small ones in contact.
4. Watershed from these tops (S. Beucher and C. Lantuejoul, 1979; F. Meyer, Signal Process. 38, 113, 1994), cut at half
   of each grain's own height.
5. The area of a large grain is that within this rim, which blur moves inward by s^2/(2 R). The area of a small one is
   its light: the sum of the relief over all pixels nearest to it, over the height of large grains. Blur moves light and
   takes none away, so that this needs neither a threshold nor a correction; its noise is that of the pixels summed.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from coldfinger.analysis.micrographs.grain_light import Flat, flatten
from coldfinger.analysis.micrographs.micrograph import Micrograph

Array = NDArray[np.float64]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

NECK = 0.92
"""A neck narrower than this share of the smaller grain parts two grains."""
ALARM = 5.0
"""Standard deviations of the noise that a top must rise: less than one pixel in a million does by chance."""
RESOLVED = 2.5
"""Radius of a large grain, in blurs: beyond 2 the matched filter no longer has its top in the centre of a disc."""
ACCURATE = 0.1
"""Relative standard deviation of a diameter at the cut-off."""
_SOLID = 0.6  # of the contrast: tops of the distance are looked for above it, where necks are narrower
_LEAST_TOP = 0.2  # of the contrast, however quiet the picture is
_LARGE = 6.0  # blurs: radius beyond which a rim is straight
_SEAM = 7  # pixels, widest seam looked for
_RIM = 4.0  # blurs: radius from which the rim is measured, not the light
_SKIRT = 2.5  # blurs beyond the rim: less than 1 % of the light of any grain is left there
_CERTAIN = 2.33  # standard deviations: 99 % of what is expected there is seen
_PAIR = math.sqrt(2.5)  # of the second moment of a disc: an equal pair in contact has 2.5, an ellipse its axis ratio
_EDGE = math.sqrt(2 * math.pi)  # a straight rim rises by 1 over this many blurs


@dataclass(frozen=True, eq=False)
class Grains:
    """Grains of one micrograph; arrays have one entry a grain, of which label k is entry k - 1."""

    labels: Labels
    """Number of the grain at every pixel, 0 for background; shape (rows, columns)."""
    diameter: Array
    """Equivalent diameter 2 sqrt(A/pi) (m), blur taken out."""
    sd_diameter: Array
    """Standard deviation of the diameter (m): noise, and for small grains the scatter of brightness."""
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
    """Change of the diameters of large grains (m) if the rim is put at 0.55 or 0.45 of a grain's height."""
    height_error: float
    """Relative standard error of the height of large grains, by which the light of small ones is divided; nan without
    a large grain."""
    cutoff: float
    """Diameter (m) below which more than 1 % of grains are missed or sizes are worse than `ACCURATE`."""
    cutoff_reason: str
    flat: Flat

    @property
    def counted(self) -> Mask:
        """Grains at or above the cut-off."""
        return np.asarray(self.diameter >= self.cutoff)

    def systematic(self, diameter: float) -> float:
        """Error common to all diameters (m) near `diameter` (m): of the rim's place, or of half the height's error.

        All of the diameter where a measured blur or the height of large grains is wanting: nothing is calibrated then.
        """
        if not self.blur_measured or not math.isfinite(self.height_error):
            return diameter
        return self.threshold_shift if diameter > 2 * _RIM * self.blur else 0.5 * diameter * self.height_error

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
    blur = math.sqrt(flat.smoothing**2 + 1 / 12 + 0.25)
    large = _large(flat, blur, neck)
    better, measured = _blur(flat.relief, large, blur)
    if abs(better - blur) > 0.2:
        large = _large(flat, better, neck)
    blur = better
    tops = _with_small(flat, large, blur)
    regions = _pairs_parted(flat, _grow(flat, tops, blur), int(large.max()), blur)
    labels, area = _cut(flat.relief, regions, blur)
    if area.size == 0:
        raise ValueError(f"{micrograph.name}: no grain rises {ALARM:g} times above the noise of {flat.noise:.2f}")
    return _measured(micrograph, flat, labels, area, blur, measured)


def sharp(flat: Flat, blur: float) -> tuple[Array, float]:
    """-s^2 Laplacian of the relief under a Gaussian of s = `blur` (pixels), and the standard deviation of its noise.

    White noise n becomes n s^2 / (sqrt(2 pi) t^3), t^2 = s^2 + smoothing^2.
    """
    values = -(blur**2) * ndimage.gaussian_laplace(flat.relief, blur, mode="nearest")
    total = math.hypot(blur, flat.smoothing)
    return np.asarray(values), flat.pixel_noise * blur**2 / (math.sqrt(2 * math.pi) * total**3)


def sharp_top(radius: Array, blur: float) -> Array:
    """Height of `sharp` in the centre of a disc (pixels) of height 1: (R^2/4s^2) exp(-R^2/4s^2)."""
    x = (np.asarray(radius, dtype=float) / (2 * blur)) ** 2
    return np.asarray(x * np.exp(-x))


def _large(flat: Flat, blur: float, neck: float) -> Labels:
    """Large grains: what is above one half, parted at necks and seams, and opened with a disc of `RESOLVED` blurs."""
    from skimage.morphology import reconstruction
    from skimage.segmentation import watershed

    solid = flat.relief > _SOLID
    calm = ndimage.gaussian_filter(flat.relief, 1.0, mode="nearest")
    seam = ndimage.grey_closing(calm, size=(_SEAM, _SEAM)) - calm > max(_LEAST_TOP, ALARM * flat.noise)
    inner = _without_pinholes(solid & ~seam, blur)
    depth = _depth(flat.relief, inner, blur)
    log_depth = np.log(np.maximum(depth, 0.3))
    lowered = reconstruction(log_depth - math.log(1 / neck), log_depth)  # type: ignore[no-untyped-call]
    tops = _tops(lowered, inner)
    parted = np.asarray(watershed(-depth, tops, mask=inner | solid), dtype=np.int32)  # type: ignore[no-untyped-call]
    least = RESOLVED * blur
    opened = ndimage.distance_transform_edt(depth < least) < least
    return np.where(opened, parted, 0).astype(np.int32)


def _with_small(flat: Flat, large: Labels, blur: float) -> Labels:
    """Large grains and the tops of small ones outside of them."""
    from skimage.morphology import reconstruction

    values, noise = sharp(flat, blur)
    near = ndimage.binary_dilation(large > 0, np.ones((3, 3), dtype=bool))
    lowered = reconstruction(values - _CERTAIN * noise, values)  # type: ignore[no-untyped-call]
    seeds = _tops(lowered, ~near & (values > ALARM * noise) & (flat.relief > ALARM * flat.noise))
    return np.where(seeds > 0, seeds + large.max(), large).astype(np.int32)


def _tops(lowered: Array, allowed: Mask) -> Labels:
    from skimage.morphology import local_maxima

    labels, _ = ndimage.label(local_maxima(lowered, connectivity=2) & allowed, structure=np.ones((3, 3), dtype=bool))  # type: ignore[no-untyped-call]
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


def _grow(flat: Flat, tops: Labels, blur: float) -> Labels:
    """Regions around the tops, down to where no light is left; they meet where the sharpened picture is darkest."""
    from skimage.segmentation import watershed

    values, _ = sharp(flat, blur)
    mask = (flat.relief > 2 * flat.noise) | (tops > 0)
    return np.asarray(watershed(-values, tops, mask=mask), dtype=np.int32)  # type: ignore[no-untyped-call]


def _pairs_parted(flat: Flat, regions: Labels, large: int, blur: float) -> Labels:
    """Small regions (labels above `large`) too long for their light to be one grain, as two.

    A disc has the second moment F/(4 pi) + s^2 along any axis, F its light; a region is parted if its own along the
    longest axis, less s^2, exceeds `_PAIR` F/(4 pi) by more than the noise allows.
    """
    parted = regions.copy()
    fresh = int(regions.max())
    boxes: list[tuple[slice, ...] | None] = list(ndimage.find_objects(regions))
    for k, box in enumerate(boxes[large:], start=large + 1):
        if box is None:
            continue
        where = np.nonzero(regions[box] == k)
        light = flat.relief[box][where]
        total = float(light.sum())
        place = np.stack(where, axis=1) - light @ np.stack(where, axis=1) / total
        along = place @ np.linalg.eigh((place * light[:, None]).T @ place)[1][:, 1]
        moment = float(light @ along**2) / total - blur**2
        noise = flat.pixel_noise * math.sqrt(float(np.sum((along**2 - light @ along**2 / total) ** 2))) / total
        if moment - _CERTAIN * noise > _PAIR * total / (4 * math.pi):
            fresh += 1
            second = along > _between(along, light)
            parted[box][where[0][second], where[1][second]] = fresh
    return parted


def _between(along: Array, light: Array) -> float:
    """Where the light along an axis is parted into two groups of least variance (two means)."""
    cut = 0.0
    for _ in range(10):
        means = [float(np.average(along[side], weights=light[side])) for side in (along > cut, along <= cut)]
        cut = sum(means) / 2
    return cut


def _cut(relief: Array, regions: Labels, blur: float) -> tuple[Labels, Array]:
    """Each region cut at half of its own height: labels and area (pixels, with parts of pixels)."""
    labels = np.zeros(regions.shape, dtype=np.int32)
    areas: list[float] = []
    boxes: list[tuple[slice, ...] | None] = list(ndimage.find_objects(regions))
    for k, box in enumerate(boxes, start=1):
        if box is None:
            continue
        own = regions[box] == k
        values = np.where(own, relief[box], -np.inf)
        height = _plateau(values)
        inside = _around_top(values, 0.5 * height)
        inside = ndimage.binary_fill_holes(inside) & (own | (regions[box] == 0))
        areas.append(_area(inside, own, relief[box] / height, blur))
        labels[box][inside] = len(areas)
    return labels, np.array(areas)


def _area(inside: Mask, own: Mask, height: Array, blur: float) -> float:
    """Area (pixels): pixels at the rim count by how far their height, of 1, is from one half."""
    core = ndimage.binary_erosion(inside, np.ones((3, 3), dtype=bool), border_value=1)
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


def _light(flat: Flat, labels: Labels, blur: float) -> tuple[Array, Array, float, float]:
    """Light of each grain (pixels of full height), pixels summed, scatter of height, error of its mean.

    The background is levelled once more: mean of the pixels farther than the skirt from every grain, smoothed over
    ten times the skirt.
    """
    from skimage.segmentation import expand_labels

    number = int(labels.max())
    reach = _SKIRT * blur
    zone = expand_labels(labels, reach)  # type: ignore[no-untyped-call]
    empty = (zone == 0).astype(float)
    weight = ndimage.gaussian_filter(empty, 10 * reach, mode="nearest")
    level = ndimage.gaussian_filter(flat.relief * empty, 10 * reach, mode="nearest") / np.maximum(weight, 1e-3)
    relief = flat.relief - level
    total = np.asarray(np.bincount(zone.ravel(), relief.ravel(), number + 1)[1:], dtype=float)
    pixels = np.bincount(zone.ravel(), minlength=number + 1)[1:].astype(float)
    deep = np.where(ndimage.distance_transform_edt(labels > 0) > reach, labels, 0)
    members = np.bincount(deep.ravel(), minlength=number + 1)[1:]
    height = np.bincount(deep.ravel(), relief.ravel(), number + 1)[1:] / np.maximum(members, 1)
    full = members > 0
    if not np.any(full):
        return total, pixels, 0.0, math.nan
    mean = float(np.average(height[full], weights=members[full]))
    variety = float(np.std(height[full])) / mean
    error = variety / math.sqrt(np.count_nonzero(full) - 1) if np.count_nonzero(full) > 1 else math.nan
    return total / mean, pixels, variety, error


def _measured(micrograph: Micrograph, flat: Flat, labels: Labels, area: Array, blur: float, measured: bool) -> Grains:
    """Diameters with their uncertainties and the cut-off."""
    pixel = micrograph.pixel
    light, pixels, variety, error = _light(flat, labels, blur)
    rim = np.sqrt(area / math.pi)
    rim = rim + blur**2 / (2 * rim)
    large = rim > _RIM * blur
    radius = np.where(large, rim, np.sqrt(np.maximum(light, 0.0) / math.pi))
    noisy = np.where(large, 2 * math.pi * rim * _EDGE * blur, pixels)  # the pixels whose noise counts
    sd_area = np.hypot(flat.pixel_noise * np.sqrt(noisy), np.where(large, 0.0, variety * light))
    sd = sd_area / (math.pi * np.maximum(radius, 0.5))
    cutoff, reason = _cutoff(blur, flat, variety)
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
        error,
        cutoff * pixel,
        reason,
        flat,
    )


def _cutoff(blur: float, flat: Flat, variety: float) -> tuple[float, str]:
    """The larger of two lower limits of the diameter (pixels), and which it is."""
    radius = np.geomspace(0.3, _RIM, 600) * blur
    zone = math.pi * (np.maximum(radius, blur) + _SKIRT * blur) ** 2
    sd = np.hypot(flat.pixel_noise * np.sqrt(zone) / (2 * math.pi * radius**2), variety / 2)
    _, noise = sharp(flat, blur)
    beside = math.exp(-1 / (12 * blur**2))  # of a top, at the nearest pixel: it is sqrt(1/6) pixel away in the mean
    seen = beside * sharp_top(radius, blur) > (ALARM + _CERTAIN) * noise
    seen &= beside * (1 - np.exp(-((radius / blur) ** 2) / 2)) > (ALARM + _CERTAIN) * flat.noise
    seen |= radius >= RESOLVED * blur  # found by its rim
    limits = {
        f"noise: the diameter of smaller grains is known to no better than {100 * ACCURATE:.0f} %": sd < ACCURATE,
        "noise: more than one in a hundred of smaller grains is missed": seen,
    }
    first = {name: 2 * float(radius[np.argmax(good)] if np.any(good) else radius[-1]) for name, good in limits.items()}
    reason = max(first, key=lambda name: first[name])
    return first[reason], reason
