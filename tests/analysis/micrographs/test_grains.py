"""Grains drawn into a picture are found again: sizes, number, gaps, whatever the light."""

import math
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from coldfinger.analysis.micrographs.grain_light import flatten, otsu, pixel_noise
from coldfinger.analysis.micrographs.grain_neighbours import neighbours
from coldfinger.analysis.micrographs.grain_picture import grain_figure, overlay
from coldfinger.analysis.micrographs.grain_statistics import size_distribution, size_histogram
from coldfinger.analysis.micrographs.grains import Grains, find_grains, sharp, sharp_top
from coldfinger.analysis.micrographs.micrograph import Micrograph
from coldfinger.analysis.micrographs.synthetic_micrograph import Looks, Population, SyntheticMicrograph, draw_micrograph

PIXEL = 6e-9
LARGE, SMALL = Population(0.5e-6, 0.25, 0.35), Population(0.03e-6, 0.35, 0.04)


@cache
def film(seed: int) -> tuple[SyntheticMicrograph, Grains]:
    drawn = draw_micrograph([LARGE, SMALL], shape=(420, 420), looks=Looks(0.3, 0.07, 0.9), seed=seed)
    return drawn, find_grains(drawn.micrograph)


def discs(*placed: tuple[float, float, float], shape: tuple[int, int] = (160, 160), blur: float = 1.0) -> Micrograph:
    """Discs (row, column, radius; pixels), drawn with sub-pixels, not as the search sees them."""
    fine = 8
    inside = np.zeros((shape[0] * fine, shape[1] * fine), bool)
    for row, column, radius in placed:
        top, left = (max(0, int(at - radius - 1)) for at in (row, column))
        window = inside[top * fine :, left * fine :][: int(2 * radius + 4) * fine, : int(2 * radius + 4) * fine]
        rows, columns = (np.indices(window.shape) + 0.5) / fine - 0.5
        window |= np.hypot(rows + top - row, columns + left - column) < radius
    grey = inside.reshape(shape[0], fine, shape[1], fine).mean(axis=(1, 3))
    noise = 0.02 * np.random.default_rng(0).standard_normal(shape)
    return Micrograph(ndimage.gaussian_filter(grey, blur) + noise, PIXEL)


@pytest.mark.parametrize("seed", [1, 2])
def test_both_peaks_and_the_count_are_recovered(seed):
    drawn, grains = film(seed)
    sizes = size_distribution(grains)
    assert len(sizes.peaks) == 2
    frame = 420 * PIXEL
    for peak, kind in zip(sizes.peaks, (1, 0), strict=True):
        d = drawn.diameter[(drawn.population == kind) & drawn.whole]
        weight = 1 / (1 - d / frame) ** 2
        true = math.exp(np.sum(weight * np.log(d)) / weight.sum())
        assert peak.diameter == pytest.approx(true, rel=0.05)
    above = np.count_nonzero(drawn.diameter >= grains.cutoff)
    assert np.count_nonzero(grains.counted) == pytest.approx(above, rel=0.05)


def test_nothing_is_found_where_nothing_is():
    drawn, grains = film(1)
    where = drawn.labels > 0
    hit = ndimage.sum_labels(where, grains.labels, np.arange(1, grains.diameter.size + 1))
    assert np.count_nonzero(hit[grains.counted] == 0) <= 1


@pytest.mark.parametrize("radius", [3.0, 5.0, 12.0, 30.0])
@pytest.mark.parametrize("blur", [0.8, 1.5])
def test_diameters_do_not_depend_on_the_blur(radius, blur):
    picture = discs((30.3, 30.7, radius), (110.0, 110.0, 25.0), blur=blur)
    grains = find_grains(picture)
    found = grains.diameter[np.argmin(np.hypot(grains.row - 30.3, grains.column - 30.7))]
    assert found == pytest.approx(2 * radius * PIXEL, rel=0.03)
    assert grains.blur == pytest.approx(math.hypot(blur, math.sqrt(1 / 12)) * PIXEL, rel=0.05)


@pytest.mark.parametrize("radius", [1.5, 2.5, 5.0])
def test_the_matched_filter_rises_as_its_closed_form_says(radius):
    flat = flatten(discs((40.0, 40.0, radius), (110.0, 110.0, 25.0), (40.0, 110.0, 25.0)).grey)
    total = math.sqrt(1 + 1 / 12 + flat.smoothing**2)  # spot, pixel, smoothing
    values, noise = sharp(flat, total)
    assert values[40, 40] == pytest.approx(sharp_top(np.array(radius), total), abs=max(4 * noise, 0.02))
    far = np.zeros(values.shape, bool)
    far[60:75, 10:60] = far[100:150, 10:60] = True
    assert values[far].std() == pytest.approx(noise, rel=0.25)


def test_at_the_cutoff_discs_are_complete_and_their_sizes_within_a_tenth():
    """Discs of the size of the cut-off, put among large ones in the noise of a picture."""
    places = [(20.0 * i + 0.13 * i * j, 20.0 * j + 0.29 * i) for i in range(1, 12) for j in range(1, 12)]
    large = [(300.0, 60.0, 25.0), (300.0, 150.0, 30.0), (300.0, 240.0, 25.0), (60.0, 300.0, 25.0), (180.0, 300.0, 25.0)]
    noise = 0.08 * np.random.default_rng(4).standard_normal((340, 340))

    def picture(radius: float) -> Micrograph:
        plain = discs(*((y, x, radius) for y, x in places), *large, shape=(340, 340))
        return Micrograph(plain.grey + noise, PIXEL)

    radius = find_grains(picture(2.0)).cutoff / PIXEL / 2
    assert 1.0 < radius < 2.0
    grains = find_grains(picture(radius))
    apart = [np.hypot(grains.row - y, grains.column - x) for y, x in places]
    seen = [grains.diameter[np.argmin(d)] / PIXEL / 2 for d in apart if d.min() < 1.5]
    assert len(seen) >= len(places) - 2
    assert np.mean(seen) == pytest.approx(radius, rel=0.04)
    assert np.std(seen) / radius < 0.13  # a tenth, and a sample of 121


def test_small_discs_in_contact_are_two():
    pairs = [(40.0 * i, 40.0 * j, 0.7 * i + j) for i in range(1, 6) for j in range(1, 6)]
    placed = []
    for y, x, turn in pairs:
        for side in (-1, 1):
            placed.append((y + side * 2.9 * math.sin(turn), x + side * 2.9 * math.cos(turn), 3.0))
    grains = find_grains(
        discs(*placed, (260.0, 120.0, 25.0), (260.0, 200.0, 25.0), (120.0, 260.0, 25.0), shape=(300, 300))
    )
    small = grains.diameter[grains.counted & (grains.diameter < 20 * PIXEL)] / PIXEL
    assert small.size == 50
    np.testing.assert_allclose(np.mean(small), 6.0, rtol=0.03)


def test_touching_discs_are_parted_and_an_ellipse_is_not():
    pair = find_grains(discs((50, 50, 20), (50, 87, 19)))
    assert np.count_nonzero(pair.counted) == 2
    np.testing.assert_allclose(np.sort(pair.diameter[pair.counted]) / PIXEL / 2, [19, 20], rtol=0.03)
    rows, columns = np.mgrid[:160, :160]
    ellipse = np.hypot((rows - 80) / 20, (columns - 80) / 45) < 1
    noise = 0.05 * np.random.default_rng(1).standard_normal((160, 160))
    assert find_grains(Micrograph(ellipse + noise, PIXEL)).diameter.size == 1


def test_dark_grains_are_found_like_bright_ones():
    bright = discs((40, 40, 12), (100, 110, 20))
    dark = Micrograph(7.0 - bright.grey, PIXEL)
    np.testing.assert_allclose(find_grains(dark, bright=False).diameter, find_grains(bright).diameter, rtol=1e-6)


@pytest.mark.parametrize("uneven", [0.0, 0.45])
def test_light_is_taken_out(uneven):
    looks = Looks(uneven=uneven, noise=0.03, blur=0.7, variety=0.0, shade=0.0)
    drawn = draw_micrograph([Population(0.2e-6, 0.3, 0.3)], shape=(300, 300), touching=0.0, looks=looks, seed=5)
    relief = flatten(drawn.micrograph.grey).relief
    deep = ndimage.binary_erosion(drawn.labels > 0, iterations=4)
    far = ndimage.binary_erosion(drawn.labels == 0, iterations=4)
    for mask, level in ((deep, 1.0), (far, 0.0)):
        rows, columns = np.nonzero(mask)
        quarters = [relief[mask][(rows > 150) == a] for a in (False, True)]
        quarters += [relief[mask][(columns > 150) == a] for a in (False, True)]
        np.testing.assert_allclose([np.median(q) for q in quarters], level, atol=0.04)


def test_without_a_large_grain_small_diameters_are_doubted():
    places = [(20.0 * i + 0.4 * j, 20.0 * j + 0.3 * i, 2.0 + 0.1 * (i % 3)) for i in range(1, 8) for j in range(1, 8)]
    grains = find_grains(discs(*places))
    assert not grains.blur_measured
    assert grains.systematic(20e-9) == 20e-9
    assert any("small diameters are not calibrated" in doubt for doubt in size_distribution(grains).warnings)


def test_the_common_error_is_that_of_the_rim_or_of_the_height():
    grains = film(1)[1]
    assert grains.systematic(400e-9) == grains.threshold_shift
    assert grains.systematic(30e-9) == pytest.approx(15e-9 * grains.height_error)
    assert 0.003 < grains.height_error < 0.06  # brightness varies by 0.06 from grain to grain


def test_scale_only_scales():
    picture = discs((40, 40, 12), (100, 110, 20))
    twice = find_grains(Micrograph(picture.grey * 3 + 5, 2 * PIXEL))
    once = find_grains(picture)
    np.testing.assert_allclose(twice.diameter, 2 * once.diameter, rtol=1e-6)
    assert twice.cutoff == pytest.approx(2 * once.cutoff)


def test_pictures_without_grains_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="every pixel has the same grey value"):
        find_grains(Micrograph(np.ones((64, 64)), PIXEL))
    with pytest.raises(ValueError, match="grains do not stand out of the background"):
        find_grains(Micrograph(rng.standard_normal((200, 200)), PIXEL))


def test_noise_is_measured_below_edges():
    picture = discs((80, 80, 40)).grey + 0.05 * np.random.default_rng(2).standard_normal((160, 160))
    assert pixel_noise(picture) == pytest.approx(math.hypot(0.05, 0.02), rel=0.05)


def test_otsu_lies_between_two_classes():
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(0, 0.1, 4000), rng.normal(1, 0.1, 6000)])
    assert 0.3 < otsu(values) < 0.7


def test_gaps_are_those_that_were_drawn():
    picture = discs((80, 30, 15), (80, 70, 15), (80, 120, 15), (30, 75, 8))
    found = neighbours(find_grains(picture))
    gaps = np.sort(found.gap / PIXEL)
    across = [math.hypot(50, 5) - 23, math.hypot(50, 45) - 23]
    drawn = sorted([10.0, 20.0, across[0], across[1], across[1]])
    np.testing.assert_allclose(gaps[:2], drawn[:2], atol=1.0)  # half a pixel at each rim
    assert np.sum(found.coordination(11 * PIXEL)) == 2


def test_mean_number_of_neighbours_obeys_euler():
    found = neighbours(film(1)[1])
    mean, error = found.mean_coordination()
    assert mean == pytest.approx(6, abs=0.35)
    assert error < 0.3
    assert found.mean_coordination(found.resolution)[0] < mean
    middle, low, high = found.median_gap()
    assert low <= middle <= high


def test_histograms_hold_every_grain():
    grains = film(1)[1]
    histogram = size_histogram(grains)
    width = np.diff(np.log(histogram.edges))
    assert np.sum(histogram.number * width) == pytest.approx(1)
    assert np.sum(histogram.area * width) == pytest.approx(1)
    assert histogram.edges[0] == grains.cutoff


def test_the_labelled_picture_colours_grains_only(tmp_path):
    drawn, grains = film(1)
    picture = overlay(drawn.micrograph, grains)
    plain = np.ptp(picture, axis=2) < 1e-9
    assert np.mean(plain[grains.labels == 0]) == 1
    assert np.mean(plain[grains.labels > 0]) < 0.01
    grain_figure(drawn.micrograph, grains, size_distribution(grains), tmp_path / "grains.png")
    assert (tmp_path / "grains.png").stat().st_size > 50_000
