"""Lines, loading and thermometer: the published error tables of a four-point measurement behind 1 Gohm."""

import cmath
import math

import numpy as np
import pytest

from coldfinger.sim.noise import WhiteNoise
from coldfinger.sim.thermometer import RESISTANCE_RANGES, SETTLING, ResistanceInput, Sensor
from coldfinger.sim.wiring import Wiring

QUIET = Wiring(common_mode_rejection=1e12, source_resistance=0.0)


def apparent(rho: float, frequency: float) -> complex:
    return complex(QUIET.solve(np.array([rho]), frequency)[0][0]) * 1e9 / rho


@pytest.mark.parametrize(
    ("rho", "frequency", "x", "inverse", "phase"),
    [
        (6453.0, 0.7, -0.14, -0.14, -0.1),
        (6453.0, 7.0, -0.16, -0.14, -0.8),
        (30e3, 7.0, -1.04, -0.61, -3.8),
        (100e3, 1.7, -2.3, -2.0, -3.0),
        (300e3, 0.7, -6.0, -5.7, -3.5),
        (300e3, 7.0, -32, -5.5, -32),
        (1e6, 0.7, -19, -16, -10),
        (1e6, 1.7, -30, -16, -24),
        (3e6, 0.7, -45, -35, -23),
    ],
)
def test_errors_of_the_uncorrected_reading(rho, frequency, x, inverse, phase):
    z = apparent(rho, frequency)
    digit = 0.6 if abs(x) > 10 else 0.06
    assert (z.real - 1) * 100 == pytest.approx(x, abs=digit)
    assert (1 / (1 / z).real - 1) * 100 == pytest.approx(inverse, abs=digit)
    assert math.degrees(cmath.phase(z)) == pytest.approx(phase, abs=0.6 if abs(phase) > 5 else 0.06)


def test_source_is_not_quite_a_current_source():
    no_lines = Wiring(capacitance_i_plus=0, capacitance_v_plus=0, capacitance_v_minus=0, input_resistance=1e15)
    current = np.abs(no_lines.solve(np.array([6453.0, 1e6, 1e7]), 0.7)[1]) * 1e9
    assert (current - 1) * 100 == pytest.approx([-0.002, -0.3, -2.9], abs=0.05)


def test_superconductor_and_insulator_have_finite_signals():
    voltage, current = Wiring().solve(np.array([0.0, np.inf]), 7.0)
    assert np.all(np.isfinite(voltage))
    assert np.all(np.isfinite(current))
    # What is left of a superconductor is its common mode: 350 ohm of lead and 100 dB.
    assert abs(voltage[0]) * 1e9 == pytest.approx(3.5e-3, rel=0.05)


@pytest.mark.parametrize(
    ("temperature", "ohm", "slope"), [(1.0, 2.0e3, 0.34), (0.1, 5.7e3, 0.60), (0.02, 18.8e3, 0.90)]
)
def test_ruthenium_oxide_follows_its_law(temperature, ohm, slope):
    sensor = Sensor()
    assert sensor.resistance(temperature) == pytest.approx(ohm, rel=0.02)
    step = math.log(sensor.resistance(temperature * 1.001) / sensor.resistance(temperature)) / math.log(1.001)
    assert -step == pytest.approx(slope, abs=0.006)
    assert sensor.temperature(sensor.resistance(temperature)) == pytest.approx(temperature, rel=1e-9)


@pytest.mark.parametrize(("temperature", "current"), [(0.02, 1.6e-9), (0.05, 15e-9), (0.1, 74e-9)])
def test_one_percent_of_self_heating_comes_at_the_published_current(temperature, current):
    sensor = Sensor()
    power = current**2 * sensor.resistance(temperature)
    assert sensor.heated(temperature, power) / temperature - 1 == pytest.approx(0.01, rel=0.08)


def bridge(**settings: object) -> ResistanceInput:
    channel = ResistanceInput(Sensor(), WhiteNoise(0, "b"), 0.25, 10e-9)
    channel.mount = lambda time: 0.1
    for name, value in settings.items():
        setattr(channel, name, value)
    return channel


def test_bridge_noise_is_its_density_over_the_excitation_current():
    channel = bridge(range=6320.0)
    readings = [channel.resistance(0.25 * i) for i in range(4000)]
    current = 20e-6 / 6320.0
    assert np.std(readings) == pytest.approx(10e-9 * math.sqrt(2.0) / current, rel=0.05)


def test_autorange_finds_the_range_and_a_reading_needs_three_seconds_after_it():
    channel = bridge(range=200.0)
    for i in range(1, 200):
        channel.step(0.25 * i)
    assert channel.range == 6320.0
    channel.range = 20e3
    channel.step(50.0)
    assert not channel.settled(50.5)
    assert abs(channel.resistance(50.0) / channel.true_resistance(50.0) - 1) > 0.02
    assert channel.settled(50.0 + SETTLING)


def test_status_tells_why_a_reading_is_not_valid():
    assert bridge(range=6320.0).status(1.0) == 0
    assert bridge(range=2000.0, autorange=False).status(1.0) == 16
    assert bridge(shunted=True).status(1.0) == 1
    assert bridge(range=6320.0, curve=lambda ohm: 0.0).status(1.0) == 64


def test_ranges_are_half_decades():
    assert len(RESISTANCE_RANGES) == 22
    assert RESISTANCE_RANGES[0] == pytest.approx(2e-3)
    assert RESISTANCE_RANGES[-1] == pytest.approx(63.2e6)
