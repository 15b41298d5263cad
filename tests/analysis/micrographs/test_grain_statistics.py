"""Two log-normal populations are found from drawn diameters, with errors that hold, and one stays one."""

import numpy as np
import pytest

from coldfinger.analysis.micrographs.grain_statistics import SEPARATE, fit_sizes

CUT = 20e-9


def draw(rng: np.random.Generator, small: int = 1000, large: int = 60) -> np.ndarray:
    return np.concatenate(
        [30e-9 * np.exp(0.35 * rng.standard_normal(small)), 500e-9 * np.exp(0.25 * rng.standard_normal(large))]
    )


def test_standard_deviations_of_the_peaks_are_those_of_repeated_draws():
    rng = np.random.default_rng(3)
    pulls = []
    for _ in range(30):
        found = fit_sizes(draw(rng), CUT)
        assert len(found.peaks) == 2
        for peak, true in zip(found.peaks, (30e-9, 500e-9), strict=True):
            pulls.append(np.log(peak.diameter / true) * peak.diameter / peak.sd)
    assert abs(np.mean(pulls)) < 0.35  # 60 pulls: 0.13 is the standard error
    assert 0.75 < np.std(pulls) < 1.3


def test_a_cutoff_below_the_peak_moves_nothing():
    d = draw(np.random.default_rng(1), 8_000, 400)
    for cutoff in (10e-9, 20e-9, 26e-9):
        small, large = fit_sizes(d, cutoff).peaks
        assert small.diameter == pytest.approx(30e-9, rel=0.03)  # 0.35/sqrt(8000), times five at the highest cut-off
        assert small.spread == pytest.approx(0.35, rel=0.04)
        assert large.diameter == pytest.approx(500e-9, rel=0.03)
        assert large.share == pytest.approx(1 / 21, rel=0.15)


def test_area_peak_is_the_one_of_hatch_and_choate():
    d = draw(np.random.default_rng(2), 8_000, 8_000)
    large = fit_sizes(d, CUT).peaks[1]
    counts, edges = np.histogram(np.log(d[d > 150e-9]), 40, weights=d[d > 150e-9] ** 2)
    middle = (edges[1:] + edges[:-1]) / 2
    mean = np.sum(counts * middle) / np.sum(counts)  # of a normal density: where its peak is
    assert np.log(large.area_diameter) == pytest.approx(mean, abs=0.02)


def test_one_population_is_one_peak():
    rng = np.random.default_rng(4)
    claimed = sum(len(fit_sizes(30e-9 * np.exp(0.5 * rng.standard_normal(300)), CUT).peaks) == 2 for _ in range(30))
    assert claimed <= 1


def test_densities_integrate_to_one():
    found = fit_sizes(draw(np.random.default_rng(5)), CUT)
    d = np.geomspace(CUT, 20e-6, 20_000)
    for density in (found.density(d), found.area_density(d)):
        assert np.trapezoid(density, np.log(d)) == pytest.approx(1, abs=2e-3)
    assert found.separation > SEPARATE


def test_a_peak_hidden_by_the_cutoff_is_called_a_limit():
    rng = np.random.default_rng(6)
    found = fit_sizes(30e-9 * np.exp(0.35 * rng.standard_normal(4000)), 45e-9, systematic=8e-9)
    assert any("is not above the cut-off of 45 nm: an upper limit" in doubt for doubt in found.warnings) or any(
        "has a standard deviation of" in doubt for doubt in found.warnings
    )


def test_a_peak_that_moves_with_the_rim_is_doubted():
    found = fit_sizes(draw(np.random.default_rng(7)), CUT, systematic=4e-9)
    assert any("with the place of the rim" in doubt for doubt in found.warnings)


def test_too_few_or_broken_diameters_are_refused():
    with pytest.raises(ValueError, match="3 whole grains at or above the cut-off of 20 nm, 10 are needed"):
        fit_sizes([25e-9, 30e-9, 40e-9, 5e-9], CUT)
    with pytest.raises(ValueError, match="is not a finite number above zero"):
        fit_sizes([np.nan] * 20, CUT)


def test_weights_count_grains():
    d = draw(np.random.default_rng(8), 2000, 200)
    twice = fit_sizes(np.concatenate([d, d[d > 150e-9]]), CUT)
    weighted = fit_sizes(d, CUT, np.where(d > 150e-9, 2.0, 1.0))
    for one, other in zip(twice.peaks, weighted.peaks, strict=True):
        assert one.diameter == pytest.approx(other.diameter, rel=1e-3)
        assert one.share == pytest.approx(other.share, rel=1e-3)
    assert weighted.peaks[1].sd > 1.2 * twice.peaks[1].sd  # a weight of two is no second grain
