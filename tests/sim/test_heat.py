"""Mixing chamber, chip, electrons: closed forms against the numbers of the refrigerator that they stand for."""

import math

import numpy as np
import pytest

from coldfinger.sim.electrons import electron_temperature
from coldfinger.sim.magnet import MagnetModel
from coldfinger.sim.thermal import Chip, ControlLoop, MixingChamber, ThermalModel

VOLUME = 3.6e-15  # m^3


def warmed_by(power: float) -> float:
    chamber = MixingChamber(ThermalModel(base_temperature=0.02), 0.25)
    for _ in range(4000):
        chamber.step(power)
    return chamber.temperature


def test_cooling_power_is_400_uW_at_100_mK():
    model = ThermalModel(base_temperature=1e-6)
    chamber = MixingChamber(model, 0.25)
    for _ in range(4000):
        chamber.step(400e-6)
    assert chamber.temperature == pytest.approx(0.1, rel=1e-9)


def test_1000_oersted_per_minute_warm_20_mK_to_23_7_mK():
    power = MagnetModel().eddy_power(1000.0 / 60.0)
    assert power == pytest.approx(6.4e-6, rel=0.01)
    assert warmed_by(power) == pytest.approx(0.0237, abs=5e-5)


def test_mixing_chamber_does_not_care_how_time_is_cut():
    coarse, fine = (MixingChamber(ThermalModel(), tick) for tick in (1.0, 0.01))
    for _ in range(30):
        coarse.step(1e-3)
    for _ in range(3000):
        fine.step(1e-3)
    assert coarse.temperature == pytest.approx(fine.temperature, rel=1e-12)


@pytest.mark.parametrize(("temperature", "seconds"), [(0.02, 1500), (0.05, 240), (0.1, 60), (0.7, 1.2245)])
def test_thermal_time_of_the_chip_grows_as_one_over_T_squared(temperature, seconds):
    assert ThermalModel().chip_time(temperature) == pytest.approx(seconds, rel=1e-3)


def test_chip_lags_a_ramp_by_rate_times_thermal_time():
    chip, model, temperature, rate = Chip(ThermalModel(), 0.25), ThermalModel(), 0.1, -1e-6
    chip.temperature = temperature
    for _ in range(4 * 1200):
        chip.step(temperature, temperature + 0.25 * rate)
        temperature += 0.25 * rate
    # Second order: the time constant itself drifts by 2 % over the ramp.
    assert chip.temperature - temperature == pytest.approx(-rate * model.chip_time(temperature), rel=0.05)


def test_loop_brings_the_mixing_chamber_to_its_set_point_and_holds_it():
    loop, chamber = ControlLoop(0.25), MixingChamber(ThermalModel(), 0.25)
    loop.setpoint, loop.range_current, loop.p, loop.i = 0.3, 10e-3, 10.0, 10.0
    for _ in range(4 * 300):
        chamber.step(loop.step(chamber.temperature))
    assert chamber.temperature == pytest.approx(0.3, rel=1e-6)
    assert 0 < loop.output(0.0) < 100


def test_a_ramp_moves_the_set_point_at_its_rate_and_ends_on_it():
    loop = ControlLoop(0.25)
    loop.setpoint = 0.1
    loop.step(0.1)
    loop.ramp_on, loop.ramp_rate, loop.setpoint = True, 0.06, 0.2
    for _ in range(4 * 10):
        loop.step(0.1)
    assert loop.moving_setpoint(0.0) == pytest.approx(0.11, rel=1e-12)
    assert loop.ramping(0.0)
    for _ in range(4 * 100):
        loop.step(0.1)
    assert loop.moving_setpoint(0.0) == 0.2
    assert not loop.ramping(0.0)


def test_heater_that_is_off_gives_no_heat():
    loop = ControlLoop(0.25)
    loop.setpoint = 1.0
    assert loop.step(0.01) == 0.0


@pytest.mark.parametrize(
    ("chip", "rho", "current", "ratio"),
    [
        (0.020, 6453.0, 1e-9, 1.13),
        (0.030, 6453.0, 1e-9, 1.02),
        (0.050, 6453.0, 1e-9, 1.002),
        (0.020, 1e6, 1e-10, 1.18),
        (0.020, 1e6, 1e-9, 2.65),
        (0.030, 1e6, 1e-9, 1.79),
        (0.050, 1e6, 1e-9, 1.19),
        (0.100, 1e6, 1e-9, 1.01),
    ],
)
def test_electrons_of_a_film_of_fixed_resistance_are_as_warm_as_the_table_says(chip, rho, current, ratio):
    heat = current**2 * 3 * rho
    warm = electron_temperature(lambda t: np.full_like(t, heat), np.array([chip]), VOLUME)
    assert warm[0] / chip == pytest.approx(ratio, abs=0.006)


def test_electrons_balance_their_heat_for_a_film_that_changes_by_orders_of_magnitude():
    def power(t):
        return (1e-9) ** 2 * 3 / (1e-9 + 1.8e-4 * np.exp(-0.45 / t))

    chip = np.geomspace(0.02, 0.7, 200)
    warm = electron_temperature(power, chip, VOLUME)
    assert np.all(warm >= chip)
    np.testing.assert_allclose(2e9 * VOLUME * (warm**5 - chip**5), power(warm), rtol=1e-6, atol=1e-19)


def test_electrons_without_heat_are_at_the_temperature_of_the_chip():
    chip = np.array([0.02, 0.5])
    assert electron_temperature(np.zeros_like, chip, VOLUME).tolist() == chip.tolist()


def test_integral_does_not_wind_up_while_the_heater_is_at_its_end():
    loop = ControlLoop(0.25)
    loop.setpoint, loop.range_current, loop.p, loop.i = 0.05, 1e-3, 10.0, 10.0
    for _ in range(4 * 600):
        loop.step(0.7)  # far too warm for ten minutes
    seconds_until_it_heats = next(i for i in range(4000) if loop.step(0.045) > 0) * 0.25
    assert seconds_until_it_heats < 2.0
    assert math.isfinite(loop.output(0.0))
