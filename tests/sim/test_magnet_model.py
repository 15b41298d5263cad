"""The coil: ramps, resolution, flux that stays trapped, persistent switch."""

import math

import pytest

from coldfinger.sim.magnet import Magnet, MagnetModel, SwitchModel


def coil(**numbers: float) -> Magnet:
    magnet = Magnet(MagnetModel(**{"offset": 0.0, **numbers}), 0.25)
    magnet.rate, magnet.going = 2.0, True
    return magnet


def go(magnet: Magnet, target: float) -> float:
    magnet.target = target
    time = magnet._time
    for i in range(1, 100_000):
        magnet.step(time + 0.25 * i)
        if magnet.after == pytest.approx(target, abs=0.011):
            magnet.step(time + 0.25 * (i + 1))
            return magnet.sample_field(magnet._time)
    raise AssertionError("never arrived")


def test_field_moves_at_its_rate_and_stops_at_the_target():
    magnet = coil()
    magnet.target = 10.0
    for i in range(1, 5):
        magnet.step(0.25 * i)
    assert magnet.supply_field(1.0) == pytest.approx(2.0)
    assert magnet.sweep_rate == pytest.approx(2.0)
    assert go(magnet, 10.0) == pytest.approx(10.0)
    assert magnet.sweep_rate == 0.0


def test_supply_cannot_do_less_than_its_resolution():
    assert go(coil(), 1.013) == pytest.approx(1.02)


def test_a_field_that_only_grows_traps_nothing():
    magnet = coil()
    for target in (30.0, 100.0, 600.0):
        assert go(magnet, target) == pytest.approx(target, abs=1e-9)


def test_zero_after_a_peak_is_not_zero():
    magnet = coil()
    go(magnet, 600.0)
    assert go(magnet, 0.0) == pytest.approx(-15.0 * math.tanh(600.0 / 3000.0), rel=1e-9)


def test_trapped_flux_changes_sign_with_the_peak():
    magnet = coil()
    go(magnet, -3000.0)
    assert go(magnet, 0.0) == pytest.approx(15.0 * math.tanh(1.0), rel=1e-9)


def test_alternating_decaying_ramps_demagnetise():
    magnet = coil()
    go(magnet, 600.0)
    for peak in (-300.0, 150.0, -75.0, 37.0, -18.0, 9.0, -4.0, 2.0, -1.0):
        go(magnet, peak)
    assert abs(go(magnet, 0.0)) < 0.01


def test_field_at_the_sample_never_jumps():
    magnet, last, time = coil(), 0.0, 0.0
    for target in (100.0, -50.0, 60.0, 0.0, 20.0, -120.0):
        magnet.target = target
        for _ in range(600):
            time += 0.25
            magnet.step(time)
            assert abs(magnet.sample_after - last) < 2.0 * 0.5 + 1e-9  # at most twice what the supply moved
            last = magnet.sample_after


def test_a_quenched_coil_carries_nothing():
    magnet = coil()
    go(magnet, 100.0)
    magnet.quenched = True
    magnet.step(magnet._time + 0.25)
    assert magnet.supply_field(magnet._time) == 0.0
    assert not magnet.going


def test_the_static_offset_is_always_there():
    assert go(coil(offset=0.5), 100.0) == pytest.approx(100.5)


def switched(mismatch: float = 0.0) -> Magnet:
    """A coil at 100 Oe behind a switch that was cooled, the supply moved away by `mismatch` (A)."""
    magnet = Magnet(MagnetModel(offset=0.0, switch=SwitchModel(heating=10.0, cooling=20.0, share=0.5)), 0.25)
    magnet.rate, magnet.going = 2.0, True
    magnet.heat_switch(True, 0.0)
    wait(magnet, 5.25)
    go(magnet, 100.0)
    magnet.heat_switch(False, magnet._time)
    wait(magnet, 10.25)
    assert not magnet.switch_open
    magnet.target = 100.0 - mismatch * magnet.model.oersted_per_ampere
    wait(magnet, 60.0)
    assert magnet.coil == 100.0
    return magnet


def wait(magnet: Magnet, seconds: float) -> None:
    start = magnet._time
    for i in range(1, round(seconds / 0.25) + 1):
        magnet.step(start + 0.25 * i)


def test_a_cold_switch_freezes_the_coil_whatever_the_supply_does():
    magnet = switched()
    fields = set()
    for target in (0.0, -50.0, 100.0):
        magnet.target = target
        for _ in range(100):
            wait(magnet, 1.0)
            fields.add((magnet.coil, magnet.sample_after, magnet.sweep_rate))
        assert magnet.after == target
    assert fields == {(100.0, 100.0, 0.0)}


def test_a_switch_follows_its_heater_after_its_own_time():
    magnet = switched()
    magnet.heat_switch(True, magnet._time)
    wait(magnet, 4.75)
    assert not magnet.switch_open
    wait(magnet, 0.25)
    assert magnet.switch_open
    magnet.heat_switch(False, magnet._time)
    wait(magnet, 9.75)
    assert magnet.switch_open
    wait(magnet, 0.25)
    assert not magnet.switch_open


def test_a_heater_warms_the_mixing_chamber_and_a_cold_one_does_not():
    magnet = switched()
    assert magnet.step(magnet._time + 0.25) == 0.0
    magnet.heat_switch(True, magnet._time)
    assert magnet.step(magnet._time + 0.25) == 5e-7


@pytest.mark.parametrize("mismatch", [0.1, -0.4])
def test_opening_on_a_small_mismatch_is_a_jump_with_its_energy(mismatch):
    magnet = switched(mismatch)
    magnet.heat_switch(True, magnet._time)
    wait(magnet, 6.0)
    assert not magnet.quenched
    assert magnet.coil == magnet.after == pytest.approx(100.0 - 20.0 * mismatch)
    assert magnet.released == pytest.approx(0.5 * 0.5 * mismatch**2)


@pytest.mark.parametrize("mismatch", [0.6, -0.6, 5.0])
def test_opening_on_a_large_mismatch_quenches_with_all_the_energy_of_the_coil(mismatch):
    magnet = switched(mismatch)
    magnet.heat_switch(True, magnet._time)
    wait(magnet, 6.0)
    assert magnet.quenched
    assert magnet.coil == magnet.after == 0.0
    assert magnet.released == pytest.approx(0.5 * 0.5 * 5.0**2)  # 100 Oe are 5 A


def test_opening_on_equal_currents_releases_nothing():
    magnet = switched()
    magnet.heat_switch(True, magnet._time)
    wait(magnet, 6.0)
    assert (magnet.quenched, magnet.released, magnet.coil) == (False, 0.0, 100.0)
