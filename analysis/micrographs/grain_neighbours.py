"""Gaps between neighbouring grains and the number of neighbours.

Every pixel between the grains belongs to the nearest one (the skeleton by zones of influence, C. Lantuejoul, 1978).
Grains whose zones meet are neighbours; the nearest grain is always among them. The gap of a pair is the shortest
distance between their rims. In a plane the mean number of neighbours is just below 6 (Euler), however the grains lie;
the number within reach, or in contact, says more.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from coldfinger.analysis.micrographs.grains import Grains

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_FWHM = 2.3548


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Pairs of neighbouring grains at or above the cut-off."""

    pairs: NDArray[np.int32]
    """Labels of two grains, the smaller label first; shape (pairs, 2)."""
    gap: Array
    """Distance of their rims (m), shape (pairs,); one below `resolution` is a limit, not a value."""
    resolution: float
    """Full width of the blur and one pixel, in quadrature (m): narrower gaps count as contact."""
    labels: NDArray[np.int32]
    """Labels of the grains considered, shape (grains,)."""
    inner: Mask
    """The zone of the grain does not reach the frame, so that no neighbour is missing; shape (grains,)."""
    nearest: Array
    """Gap to the nearest neighbour (m), nan without one; shape (grains,)."""

    def coordination(self, reach: float | None = None) -> NDArray[np.int64]:
        """Neighbours of each grain with a gap up to `reach` (m); all of them without. Shape (grains,)."""
        chosen = self.pairs if reach is None else self.pairs[self.gap <= reach]
        size = int(self.labels.max()) + 1 if self.labels.size else 1
        return np.asarray(np.bincount(chosen.ravel(), minlength=size)[self.labels], dtype=np.int64)

    def mean_coordination(self, reach: float | None = None) -> tuple[float, float]:
        """Mean over inner grains and its standard error; nan with fewer than two inner grains."""
        number = self.coordination(reach)[self.inner]
        if number.size < 2:
            return float("nan"), float("nan")
        return float(number.mean()), float(number.std(ddof=1) / np.sqrt(number.size))

    def median_gap(self) -> tuple[float, float, float]:
        """Median and quartiles (median, lower, upper; m) of the gap from inner grains to their nearest."""
        values = self.nearest[self.inner & np.isfinite(self.nearest)]
        if not values.size:
            return float("nan"), float("nan"), float("nan")
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        return float(middle), float(low), float(high)

    @property
    def contacts(self) -> int:
        """Pairs closer than `resolution`: in contact, as far as can be seen."""
        return int(np.count_nonzero(self.gap < self.resolution))


def neighbours(grains: Grains) -> Neighbours:
    """Neighbours among the grains at or above the cut-off; smaller ones are taken for background."""
    shown = np.concatenate([[False], grains.counted])[grains.labels]
    labels = np.where(shown, grains.labels, 0)
    present = (np.flatnonzero(grains.counted) + 1).astype(np.int32)
    blur = _FWHM * grains.blur
    resolution = float(np.hypot(blur, grains.pixel))
    if present.size == 0:
        none = np.zeros(0)
        return Neighbours(np.zeros((0, 2), np.int32), none, resolution, present, np.zeros(0, bool), none)
    nearest_pixel = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    zone = labels[tuple(nearest_pixel)]
    pairs, gap = _gaps(zone, nearest_pixel)
    frame = np.concatenate([zone[0], zone[-1], zone[:, 0], zone[:, -1]])
    nearest = np.full(int(present.max()) + 1, np.inf)
    for column in (0, 1):
        np.minimum.at(nearest, pairs[:, column], gap)
    nearest[~np.isfinite(nearest)] = np.nan
    return Neighbours(
        pairs, gap * grains.pixel, resolution, present, ~np.isin(present, frame), nearest[present] * grains.pixel
    )


def _gaps(zone: NDArray[np.int32], nearest: NDArray[np.int32]) -> tuple[NDArray[np.int32], Array]:
    """Pairs of zones that meet, and the least distance (pixels) between rims.

    Two neighbouring pixels of different zones each know the nearest pixel of their own grain; the distance of those two
    less one pixel is the gap, and the shortest one lies on the border of the zones.
    """
    seen, gaps = [], []
    for here, there in (
        ((slice(None), slice(0, -1)), (slice(None), slice(1, None))),
        ((slice(0, -1), slice(None)), (slice(1, None), slice(None))),
    ):
        meet = zone[here] != zone[there]
        first, second = zone[here][meet], zone[there][meet]
        one, other = ([axis[side][meet] for axis in nearest] for side in (here, there))
        gaps.append(np.maximum(np.hypot(one[0] - other[0], one[1] - other[1]) - 1.0, 0.0))
        seen.append(np.stack([np.minimum(first, second), np.maximum(first, second)], axis=1))
    pairs, index = np.unique(np.concatenate(seen), axis=0, return_inverse=True)
    least = np.full(len(pairs), np.inf)
    np.minimum.at(least, index.ravel(), np.concatenate(gaps))
    return pairs.astype(np.int32), least
