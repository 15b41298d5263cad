"""Repeated sweeps: errors of the background, band of the spectrum and loop sizes hold what they promise."""

import json
import math

import numpy as np
import pytest

from coldfinger.analysis.fluctuations import SweepSet, background_errors, band95, evaluate
from coldfinger.analysis.lockin_filter import cutoff_frequency
from coldfinger.analysis.magnetoresistance import FLUX_QUANTUM, Sweep, fit_background, spectrum_of

H = np.arange(-100.0, 100.05, 0.1)
RATE, TAU = 0.17, 0.1  # Oe/s, s: f_3dB 4/Oe


def sweeps(seed, film=0.003, noise=0.001, tone=0.0, pairs=2):
    """ρ = 6500 + 240 |H|^0.7 with white fluctuations of the film, the same in all sweeps, and noise of each."""
    rng = np.random.default_rng(seed)
    smooth = 6500 + 240 * np.abs(H) ** 0.7
    own = film * rng.standard_normal(H.size) + tone * np.cos(2 * math.pi * 1.3 * H)
    made = []
    for way in (1.0, -1.0) * pairs:
        read = smooth * (1 + own + noise * rng.standard_normal(H.size))
        made.append(Sweep.of(H, read, noise * smooth, way))
    return tuple(made)


def test_the_exponent_lies_within_its_error():
    pulls = []
    for seed in range(8):
        made = sweeps(seed)
        exponent, rho_0 = background_errors(made, fit_background(made))
        pulls.append((exponent.value - 0.7) / exponent.sd)
        assert abs(rho_0.value - 6500) < 4 * rho_0.sd
    assert np.max(np.abs(pulls)) < 4
    assert 0.5 < np.sqrt(np.mean(np.square(pulls))) < 1.8


def test_the_band_covers_a_white_spectrum():
    # Density of white noise with s.d. 0.003 and step 0.1 Oe: 2 x 0.003^2 x 0.1, less what straight lines between
    # rows leave at high frequency. A 95 % band of few independent spectra: 90 to 99 % of all bins.
    inside = []
    for seed in range(5):
        made = sweeps(seed)
        spectrum = spectrum_of(made, fit_background(made), RATE, 1e-9, core=0.0)
        low, high = band95(spectrum)
        row = np.sinc(spectrum.frequency * 0.1) ** 2  # `spectrum_of` undoes the averaging over a row: none was made
        truth = 2 * 0.003**2 * 0.1 / row
        used = (spectrum.frequency > 0.3) & (spectrum.frequency < 3)
        inside += list((low[used] < truth[used]) & (truth[used] < high[used]))
    assert 0.90 < np.mean(inside) < 0.99


def test_a_band_without_a_reproducible_part_reaches_zero():
    made = sweeps(1, film=0.0)
    spectrum = spectrum_of(made, fit_background(made), RATE, TAU)
    low, high = band95(spectrum)
    inside = spectrum.believed
    assert np.mean(low[inside] == 0.0) > 0.9
    assert np.all(high[inside] >= 0.0)


def test_a_peak_has_a_loop_with_its_errors():
    found = evaluate(SweepSet(sweeps(2, tone=0.004), RATE, TAU, 0.05))
    (loop,) = found.loops
    assert abs(loop.frequency.value - 1.3) < 2 * loop.frequency.sd
    assert loop.area.value == pytest.approx(FLUX_QUANTUM * loop.frequency.value)
    assert loop.side.value == pytest.approx(math.sqrt(loop.area.value))
    assert loop.magnetic_length.value == pytest.approx(math.sqrt(loop.area.value / (2 * math.pi)))
    # An area goes with the frequency, lengths with its root.
    relative = loop.frequency.sd / loop.frequency.value
    assert loop.area.sd / loop.area.value == pytest.approx(relative)
    assert loop.side.sd / loop.side.value == pytest.approx(relative / 2)


def test_the_cut_off_is_that_of_the_lock_in_in_a_swept_field():
    found = evaluate(SweepSet(sweeps(3), RATE, TAU))
    assert found.cutoff == cutoff_frequency(TAU) / RATE
    assert found.spectrum is not None
    assert np.all(found.spectrum.gain[np.isfinite(found.spectrum.total)] >= 0.05)


def test_sweeps_that_were_not_repeated_have_a_background_and_a_reason():
    found = evaluate(SweepSet(sweeps(4, pairs=1), RATE, TAU))
    assert found.spectrum is None
    assert "no direction was swept twice" in found.doubt
    assert found.exponent.value == pytest.approx(0.7, abs=4 * found.exponent.sd)
    json.dumps(found.to_json(), allow_nan=False)
