"""What no experiment wants and each has: drift, thermal e.m.f., mains, the heat of a quench. All off by default."""

import math

import numpy as np
import pytest

from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.lockin import InputNoise, Stray
from coldfinger.sim.magnet import Magnet, MagnetModel
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.thermal import MixingChamber, ThermalModel

SAMPLE = builtin_sample("S0", 0, fluctuations=False)
TICK = 0.25


def outputs(stray, frequency=7.0, time_constant=0.3, poles=4, seconds=40.0, step=0.01, noise=None):
    """X + iY (V) of a lock-in with nearly no excitation, after everything has settled."""
    cryostat = Cryostat(SAMPLE, Laboratory(input_noise=noise, stray=stray))
    lockin = cryostat.lockin
    lockin.amplitude, lockin.sensitivity = 1e-12, 1e-3
    lockin.frequency, lockin.time_constant, lockin.poles = frequency, time_constant, poles
    found = []
    for time in np.arange(seconds, seconds + 5.0, step):
        cryostat.advance(float(time))
        found.append(complex(*lockin.output(float(time))))
    return np.array(found)


def test_nothing_of_it_is_there_by_default():
    assert np.abs(outputs(Stray())).max() == 0.0


def test_a_thermal_emf_shows_at_the_reference_frequency_as_far_as_the_poles_let_it():
    seen = outputs(Stray(steady=1e-3), frequency=1.0)
    # sqrt(2) V after the mixer, through four poles of 0.3 s at 1 Hz; the display has steps of 3e-8 V
    expected = math.sqrt(2) * 1e-3 / (1.0 + (2 * math.pi * 0.3) ** 2) ** 2
    assert np.abs(seen).max() == pytest.approx(expected, abs=4e-8)
    assert abs(seen.mean()) < 0.05 * expected
    slower = outputs(Stray(steady=1e-3), frequency=1.0, time_constant=1.0)
    assert np.abs(slower).max() < 0.02 * expected


def test_ac_coupling_keeps_a_thermal_emf_out():
    cryostat = Cryostat(SAMPLE, Laboratory(input_noise=None, stray=Stray(steady=1e-3)))
    cryostat.lockin.amplitude, cryostat.lockin.ac_coupled, cryostat.lockin.sensitivity = 1e-12, True, 1e-3
    cryostat.advance(20.0)
    assert cryostat.lockin.output(20.0) == (0.0, 0.0)


def test_mains_beat_with_a_reference_beside_them_and_are_gone_far_away():
    near = np.abs(outputs(Stray(mains=1e-4), frequency=49.5, time_constant=0.1)).max()
    expected = 1e-4 / (1.0 + (2 * math.pi * 0.5 * 0.1) ** 2) ** 2
    assert near == pytest.approx(expected, rel=1e-2)  # the second beat, at 99.5 Hz, and the steps of the display
    assert np.abs(outputs(Stray(mains=1e-4), frequency=7.0)).max() < 1e-4 * expected + 4e-8
    abroad = outputs(Stray(mains=1e-4, mains_frequency=60.0), frequency=59.5, time_constant=0.1)
    assert np.abs(abroad).max() == pytest.approx(near, rel=1e-2)


def test_flicker_noise_grows_towards_low_frequencies():
    white, flicker = InputNoise(corner=0.0), InputNoise(corner=20.0)
    assert white.density(0.7, 0.0) == white.density(70.0, 0.0)
    assert flicker.density(0.7, 0.0) / flicker.density(1e4, 0.0) == pytest.approx(math.sqrt(1 + 20 / 0.7), rel=1e-2)


def test_a_base_drifts_and_does_not_fall_below_a_millikelvin():
    warmer = MixingChamber(ThermalModel(base_drift=1e-6), TICK)
    colder = MixingChamber(ThermalModel(base_drift=-1e-5), TICK)
    for _ in range(4 * 3600):
        warmer.step(0.0)
        colder.step(0.0)
    assert warmer.temperature == pytest.approx(0.0136, abs=1e-4)  # 20 s behind the base
    assert colder.temperature == pytest.approx(1e-3)
    warmer.drift = 1.0
    warmer.restore_base()
    assert warmer.drift == 1e-6


@pytest.mark.parametrize("share", [0.0, 0.01])
def test_a_quench_warms_the_mixing_chamber_by_its_share_of_the_energy(share):
    model = MagnetModel(quench_share=share)
    magnet = Magnet(model, TICK)
    magnet.target, magnet.rate, magnet.going = 600.0, 100.0, True
    for tick in range(1, 100):
        magnet.step(tick * TICK)
    magnet.quenched = True
    heat = magnet.step(100 * TICK) * TICK
    eddy = model.eddy_power(600.0 / TICK) * TICK
    assert magnet.released == pytest.approx(model.energy(600.0))
    assert heat == pytest.approx(eddy + share * model.energy(600.0))
    assert magnet.step(101 * TICK) == 0.0
