"""Uneven light taken out of a micrograph: grey values become 0 on the background and 1 on the grains.

Two smooth surfaces are fitted in turn with the classification that they give: one through the pixels of the
background, one through those of the grains. A pixel belongs to the nearer one. The first classification is Otsu's
threshold (N. Otsu, IEEE Trans. SMC 9, 62, 1979) on the grey values divided by their own smooth trend. Light that
multiplies and light that adds are both taken out this way; a surface through all pixels would follow the grains.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import ndtr

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_CONTRAST = 3.0
"""Noise (s.d. of the smoothed picture) that the contrast must exceed for two classes of pixels to be believed."""
QUIET = 0.05
"""Noise, as a share of the contrast, to which a picture is smoothed if `WIDEST` allows."""
WIDEST = 2.0
"""Widest smoothing (pixels)."""
_ROUNDS = 12
_ENOUGH = 500  # pixels deep in grains, to measure noise there
_STRIDE = 5  # every fifth pixel is enough for a surface of ten coefficients
_SHARE = 0.02  # of each ninth of the picture: with fewer grains than that anywhere, the contrast is one number


@dataclass(frozen=True, eq=False)
class Flat:
    """A flattened micrograph, shape (rows, columns), without unit: 0 background, 1 grain."""

    relief: Array
    """Smoothed by `smoothing`."""
    smoothing: float
    """Standard deviation of the Gaussian it was smoothed with (pixels); 0 for none."""
    noise: float
    """Standard deviation of the noise that is left in `relief`."""
    pixel_noise: float
    """Standard deviation of the noise of one pixel before the smoothing, as a share of the contrast."""
    background: Array
    """Grey value of the background everywhere."""
    contrast: Array
    """Grey value of grains above the background."""
    otsu: float
    """Otsu's threshold of the first step, as a multiple of the trend."""


def flatten(grey: Array, bright: bool = True) -> Flat:
    """Flatten grey values, shape (rows, columns); `bright` grains, or dark ones.

    Raises ValueError if the picture has one grey value or no two classes that differ by more than its noise.
    """
    values = np.asarray(grey, dtype=float) if bright else -np.asarray(grey, dtype=float)
    values = values - values.min()
    if not values.max() > 0:
        raise ValueError("micrograph: every pixel has the same grey value; there are no grains to find")
    values = values / values.max()
    noise = pixel_noise(values)
    smoothing, smooth = 0.0, values
    for _ in range(2):  # the contrast decides on the smoothing and is known only after it
        background, contrast, otsu = _surfaces(smooth)
        wanted = _smoothing(noise / float(np.median(contrast)))
        if abs(wanted - smoothing) < 0.1:
            break
        smoothing, smooth = wanted, ndimage.gaussian_filter(values, wanted, mode="nearest")
    deep = ndimage.binary_erosion(smooth > background + 0.5 * contrast, np.ones((5, 5), dtype=bool))
    if np.count_nonzero(deep) > _ENOUGH:  # more electrons, more noise
        noise = max(noise, pixel_noise(values, deep))
    pixel = noise / float(np.median(contrast))
    left = pixel / _reduction(smoothing)
    relief = (smooth - background) / contrast
    if left * LEAST_CONTRAST > 1 or not _two_classes(relief):
        raise ValueError(
            f"micrograph: grains do not stand out of the background (noise is {left:.2f} of what separates bright from "
            "dark); take the picture with more contrast, or it has no grains"
        )
    return Flat(relief, smoothing, left, pixel, background, contrast, otsu)


def pixel_noise(values: Array, where: Mask | None = None) -> float:
    """Standard deviation of white noise, of all pixels or those of `where`, whatever smooth picture lies below it.

    Median form of J. Immerkaer, Comput. Vis. Image Underst. 64, 300 (1996): the difference of two Laplacians has
    variance 36; its median absolute value ignores edges.
    """
    kernel = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
    second = ndimage.convolve(values, kernel, mode="nearest")[1:-1, 1:-1]
    chosen = second if where is None else second[where[1:-1, 1:-1]]
    return float(np.median(np.abs(chosen)) / 0.6745 / 6)


def otsu(values: Array) -> float:
    """Threshold of greatest variance between two classes: max of w_0 w_1 (m_1 - m_0)^2 over 256 bins."""
    counts, edges = np.histogram(values, 256)
    middle = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1].astype(float)
    above = counts.sum() - below
    sums = np.cumsum(counts * middle)
    mean_below = sums[:-1] / np.maximum(below, 1)
    mean_above = (sums[-1] - sums[:-1]) / np.maximum(above, 1)
    return float(edges[1:-1][np.argmax(below * above * (mean_above - mean_below) ** 2)])


def _smoothing(relative_noise: float) -> float:
    """Standard deviation (pixels) that brings white noise down to `QUIET`."""
    if relative_noise <= QUIET:
        return 0.0
    return min(WIDEST, max(0.5, relative_noise / QUIET / (2 * math.sqrt(math.pi))))


def _reduction(smoothing: float) -> float:
    """Factor by which a Gaussian sampled on pixels reduces white noise; 2 sqrt(pi) s for wide ones."""
    if smoothing == 0:
        return 1.0
    x = np.arange(-12, 13)
    weight = np.exp(-(x**2) / (2 * smoothing**2))
    return float(weight.sum() ** 2 / (weight**2).sum())


def _surfaces(smooth: Array) -> tuple[Array, Array, float]:
    """Background and contrast everywhere, and Otsu's first threshold."""
    sample = np.ascontiguousarray(smooth[::_STRIDE, ::_STRIDE])
    quadratic, cubic = _terms(sample.shape, 2), _terms(sample.shape, 3)
    flat = sample.ravel()
    trend = quadratic @ np.linalg.lstsq(quadratic, flat, rcond=None)[0]
    ratio = flat / np.maximum(trend, 0.1 * trend.mean())
    threshold = otsu(ratio)
    grain = ratio > threshold
    low: Array = flat
    high: Array = flat
    for _ in range(_ROUNDS):
        low = cubic @ _plane(cubic, flat, ~grain)
        few = _missing_somewhere(grain.reshape(sample.shape))
        rise = flat - low
        terms = quadratic[:, :1] if few else quadratic
        high = low + np.maximum(terms @ _plane(terms, rise, grain), 1e-3)
        now = flat > (low + high) / 2
        changed = np.count_nonzero(now != grain)
        grain = now
        if changed < 1e-4 * grain.size or not 0 < np.count_nonzero(grain) < grain.size:
            break
    full_cubic, full_quadratic = _terms(smooth.shape, 3), _terms(smooth.shape, 2)
    background = full_cubic @ np.linalg.lstsq(cubic, low, rcond=None)[0]
    contrast = full_quadratic @ np.linalg.lstsq(quadratic, high - low, rcond=None)[0]
    shape = smooth.shape
    least = 0.1 * float(np.median(contrast))
    return background.reshape(shape), np.maximum(contrast, max(least, 1e-6)).reshape(shape), threshold


def _missing_somewhere(grain: Mask) -> bool:
    """A surface through the grains would be a guess where there are none."""
    parts = [np.mean(tile) for band in np.array_split(grain, 3) for tile in np.array_split(band, 3, axis=1)]
    return bool(min(parts) < _SHARE)


def _terms(shape: tuple[int, ...], order: int) -> Array:
    """Legendre products of total order up to `order` at every pixel, shape (pixels, terms)."""
    y, x = (np.linspace(-1, 1, n) for n in shape)
    along_y, along_x = np.polynomial.legendre.legvander(y, order), np.polynomial.legendre.legvander(x, order)
    pairs = [(i, j) for i in range(order + 1) for j in range(order + 1 - i)]
    return np.stack([np.outer(along_y[:, i], along_x[:, j]).ravel() for i, j in pairs], axis=1)


def _plane(terms: Array, values: Array, member: Mask) -> Array:
    """Coefficients of a surface through the members' values; edges between the classes are clipped as outliers."""
    chosen = member
    coefficients: Array = np.zeros(terms.shape[1])
    for _ in range(4):
        if np.count_nonzero(chosen) < 4 * terms.shape[1]:
            break
        coefficients = np.asarray(np.linalg.lstsq(terms[chosen], values[chosen], rcond=None)[0], dtype=float)
        off = values - terms @ coefficients
        centre = float(np.median(off[member]))
        sd = 1.4826 * float(np.median(np.abs(off[member] - centre)))
        chosen = member & (np.abs(off - centre) <= 2.5 * max(sd, 1e-6))
    return coefficients


def _two_classes(relief: Array) -> bool:
    """A valley at 0.5: fewer pixels there than in one normal class spread over both.

    One class cut in two by a threshold leaves its densest pixels in the middle.
    """
    middle = np.mean((relief > 0.35) & (relief < 0.65))
    width = float(np.std(relief))
    one_class = 2 * ndtr(0.15 / width) - 1
    return bool(middle < 0.6 * one_class)
