"""Background, offset, spectra and peaks of low-field sweeps, with films whose fluctuations are known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.analysis.lockin_filter import cutoff_frequency, power_gain, sweep_rate
from coldfinger.analysis.magnetoresistance import (
    Peak,
    Sweep,
    find_peaks,
    fit_background,
    lag,
    shift_against,
    spectrum_of,
    superconducting_core,
    symmetry_centre,
)
from coldfinger.sim.sample import builtin_sample

TAU = 0.1
STEP = 0.1


def film(name, seed, temperature=0.05):
    sample = builtin_sample(name, seed)
    h = np.arange(-100.0, 100.0 + STEP / 2, STEP)
    return h, np.array([float(sample.resistivity(temperature, x)) for x in h])


def filtered(rho, rate):
    """What four poles leave of rho(H), without their delay."""
    mirrored = np.concatenate([rho, rho[::-1]])
    gain = np.sqrt(power_gain(np.fft.rfftfreq(mirrored.size, STEP) * rate, TAU))
    return np.fft.irfft(np.fft.rfft(mirrored) * gain, mirrored.size)[: rho.size]


def repeated(name, seed, pairs=2, resolution=4.0, noise=1.0, reproducible=True):
    """Sweeps of a film at the noise of 1 nA and 7 Hz, shifted by +-0.3 Oe as the magnet's hysteresis does."""
    rate = sweep_rate(resolution, TAU)
    random = np.random.default_rng([seed, 77])
    h, rho = film(name, seed)
    if not reproducible:
        rho = 6500 + 70 * np.abs(h) ** 0.7
    sweeps = []
    for _ in range(pairs):
        for direction in (1.0, -1.0):
            white = noise * 11.8 / math.sqrt(2 * STEP / rate) * random.normal(size=h.size)  # nV at 1 nA are ohms
            sweeps.append(Sweep.of(h - 0.3 * direction, filtered(rho + white, rate), np.full(h.size, 12.0), direction))
    return sweeps, rate


@pytest.mark.parametrize(("poles", "turns"), [(1, 1.000), (2, 0.644), (3, 0.510), (4, 0.435)])
def test_cutoff_of_n_poles_is_the_published_one(poles, turns):
    assert 2 * math.pi * cutoff_frequency(1.0, poles) == pytest.approx(turns, abs=5e-4)
    assert power_gain(cutoff_frequency(0.3, poles), 0.3, poles) == pytest.approx(0.5)


@pytest.mark.parametrize(("time_constant", "minutes"), [(0.3, 12), (1.0, 39), (3.0, 116), (10.0, 385)])
def test_sweeps_of_200_oersted_take_the_published_time_and_lag_by_the_same_field(time_constant, minutes):
    rate = sweep_rate(0.8, time_constant)
    assert 200 / rate / 60 == pytest.approx(minutes, abs=0.6)
    assert lag(rate, time_constant) == pytest.approx(0.35, abs=0.005)


@pytest.mark.parametrize(("frequency", "gain"), [(1.3, 0.198), (3.0, 0.0056)])
def test_the_papers_filter_passes_what_was_published(frequency, gain):
    assert power_gain(frequency * sweep_rate(0.8, 1.0), 1.0) == pytest.approx(gain, rel=0.01)


@settings(max_examples=15, deadline=None)
@given(st.floats(-4.0, 4.0), st.floats(0.4, 1.2), st.floats(0.0, 3000.0))
def test_background_and_offset_come_back(offset, exponent, rho_0):
    h = np.arange(-100.0, 100.0, 0.2)
    rho = rho_0 + 60.0 * np.abs(h - offset) ** exponent
    background = fit_background([Sweep.of(h, rho, np.ones(h.size), 1.0)], core=10.0)
    assert background.exponent == pytest.approx(exponent, abs=0.01)
    assert background.offset == pytest.approx(offset, abs=0.05)
    assert background.rho_0 == pytest.approx(rho_0, abs=0.02 * rho_0 + 10.0)


@pytest.mark.parametrize(("name", "exponent"), [("S0", 0.70), ("S1", 0.450), ("S2", 0.450)])
def test_exponents_of_the_films(name, exponent):
    sweeps, _ = repeated(name, 2)
    core = superconducting_core(sweeps)
    assert (core == 0.0) == (name == "S0")
    background = fit_background(sweeps, core)
    assert background.exponent == pytest.approx(exponent, abs=0.005)
    assert background.centres[-1.0] - background.centres[1.0] == pytest.approx(0.6, abs=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_s0_shows_both_of_its_peaks(seed):
    sweeps, rate = repeated("S0", seed, pairs=3)
    spectrum = spectrum_of(sweeps, fit_background(sweeps), rate, TAU)
    assert [peak.frequency for peak in find_peaks(spectrum)] == [
        pytest.approx(1.3, abs=0.05),
        pytest.approx(3.0, abs=0.05),
    ]
    # Published: white at 7e-7 Oe, less by exp(-T/0.25 K) and the envelope of 150 Oe.
    assert spectrum.level == pytest.approx(7e-7, rel=0.4)


@pytest.mark.parametrize("name", ["S1", "S2"])
@pytest.mark.parametrize("seed", range(10))
def test_a_white_film_shows_no_peak(name, seed):
    sweeps, rate = repeated(name, seed, pairs=2)
    core = superconducting_core(sweeps)
    assert find_peaks(spectrum_of(sweeps, fit_background(sweeps, core), rate, TAU, core=core)) == []


@pytest.mark.parametrize("seed", range(10))
def test_noise_alone_is_the_instruments(seed):
    sweeps, rate = repeated("S0", seed, reproducible=False)
    spectrum = spectrum_of(sweeps, fit_background(sweeps), rate, TAU)
    kept = spectrum.believed
    assert find_peaks(spectrum) == []
    assert abs(np.mean(spectrum.reproducible[kept])) < 0.2 * np.mean(spectrum.instrument[kept])


def test_beyond_the_bandwidth_nothing_is_said():
    sweeps, rate = repeated("S0", 1, resolution=0.8)
    spectrum = spectrum_of(sweeps, fit_background(sweeps), rate, TAU)
    assert np.isnan(spectrum.reproducible[spectrum.gain < 0.05]).all()
    assert np.isfinite(spectrum.reproducible[spectrum.gain >= 0.05]).all()
    assert [round(peak.frequency, 1) for peak in find_peaks(spectrum)] == [1.3]  # 3.0/Oe is out of reach


def test_a_single_pair_or_a_core_left_in_is_refused_with_a_sentence():
    sweeps, rate = repeated("S0", 1, pairs=1)
    with pytest.raises(ValueError, match="no direction was swept twice"):
        spectrum_of(sweeps, fit_background(sweeps), rate, TAU)
    sweeps, rate = repeated("S1", 1)
    background = fit_background(sweeps, 12.0)
    dead = type(background)(0.0, 0.0, 0.5, background.centres, 0.0)
    with pytest.raises(ValueError, match="leave out a wider core"):
        spectrum_of(sweeps, dead, rate, TAU)
    with pytest.raises(ValueError, match="too few rows for a background"):
        fit_background([Sweep.of([1.0, 2.0], [1.0, 2.0], [1.0, 1.0], 1.0)])


@pytest.mark.parametrize("name", ["S0", "S1", "S2"])
def test_centre_of_symmetry_and_shift_find_a_field_that_nobody_told(name):
    h, rho = film(name, 4)
    random = np.random.default_rng(0)
    noisy = rho + 10 * random.normal(size=h.size)
    centre, sd = symmetry_centre(Sweep.of(h - 3.0, noisy, np.full(h.size, 10.0), 1.0), 15.0)
    assert centre == pytest.approx(-3.0, abs=0.1)
    assert 0 < sd < 0.1
    near = np.abs(h) < 30
    reference = Sweep.of(h[near], rho[near], np.full(near.sum(), 10.0), 1.0)
    outward = (h > -15) & (h < 15.5)
    leg = Sweep.of(h[outward] - 15.5, noisy[outward], np.full(outward.sum(), 10.0), -1.0)
    shift, _ = shift_against(leg, reference, 45.0)
    assert shift == pytest.approx(15.5, abs=0.1)


def test_without_a_centre_or_a_fit_none_is_given():
    h = np.linspace(-30.0, 30.0, 301)
    steep = Sweep.of(h, 1000.0 + h, np.ones(h.size), 1.0)
    assert math.isnan(symmetry_centre(steep, 15.0)[0])
    assert math.isnan(shift_against(Sweep.of(h, 5000.0 + h, np.ones(h.size), 1.0), steep, 20.0)[0])


def test_a_peak_knows_its_lengths_as_published():
    low, high = Peak(1.3, 10.0), Peak(3.0, 10.0)
    assert low.magnetic_length == pytest.approx(2.07, abs=0.005)
    assert high.magnetic_length == pytest.approx(3.14, abs=0.005)
    assert (low.area, high.area) == (pytest.approx(26.9, abs=0.05), pytest.approx(62.0, abs=0.05))
    assert low.period == pytest.approx(0.769, abs=1e-3)
