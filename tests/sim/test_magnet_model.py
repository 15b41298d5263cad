"""The coil: ramps, resolution, flux that stays trapped."""

import math

import pytest

from coldfinger.sim.magnet import Magnet, MagnetModel


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
