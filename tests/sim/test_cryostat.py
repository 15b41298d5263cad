"""One laboratory, one tick grid: what is read cannot change what will be."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.sim.cryostat import TICK, Cryostat, Laboratory
from coldfinger.sim.noise import WhiteNoise
from coldfinger.sim.sample import builtin_sample


def busy_cryostat(seed: int = 3) -> Cryostat:
    cryostat = Cryostat(builtin_sample("S0", seed), seed=seed)
    cryostat.lockin.amplitude, cryostat.lockin.sensitivity = 1.0, 1e-3
    return cryostat


COMMANDS = {
    2.1: lambda c: setattr(c.loop, "range_current", 0.0316),
    2.15: lambda c: setattr(c.loop, "setpoint", 0.4),
    7.77: lambda c: setattr(c.lockin, "frequency", 1.7),
    11.3: lambda c: setattr(c.magnet, "target", 12.0),
    11.31: lambda c: setattr(c.magnet, "going", True),
    20.0: lambda c: setattr(c.lockin, "time_constant", 1.0),
}


def state(cryostat: Cryostat, time: float) -> tuple[object, ...]:
    cryostat.advance(time)
    bridge = cryostat.inputs["1"]
    return (
        cryostat.chip_temperature(time),
        cryostat.mixing_chamber_temperature(time),
        cryostat.magnet.sample_field(time),
        cryostat.lockin.output(time),
        bridge.resistance(time),
        bridge.range,
        cryostat.loop.output(time),
    )


def story(looks: list[float]) -> list[tuple[object, ...]]:
    cryostat = busy_cryostat()
    final = []
    for time in sorted({*looks, *COMMANDS, 30.0, 33.3}):
        cryostat.advance(time)
        if time in COMMANDS:
            COMMANDS[time](cryostat)
        elif time in (30.0, 33.3):
            final.append(state(cryostat, time))
        else:
            state(cryostat, time)
    return final


UNREAD = story([])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.0, 29.9), max_size=30))
def test_reading_never_changes_the_future(looks):
    assert story(looks) == UNREAD


@settings(max_examples=20, deadline=None)
@given(st.floats(0.5, 60.0))
def test_the_same_instant_reads_the_same_however_it_was_reached(time):
    steps, jump = busy_cryostat(), busy_cryostat()
    for i in range(1, 50):
        steps.advance(time * i / 50)
    assert state(steps, time) == state(jump, time)


def test_another_seed_gives_other_readings_of_the_same_film():
    one, other = state(busy_cryostat(1), 30.0), state(busy_cryostat(2), 30.0)
    assert one[0] == other[0]  # the chip knows no noise
    assert one[3] != other[3]
    assert one[4] != other[4]


def test_a_command_acts_from_the_next_tick_on():
    early, late = busy_cryostat(), busy_cryostat()
    for cryostat, moment in ((early, 1.01), (late, 1.24)):
        cryostat.advance(moment)
        cryostat.magnet.target, cryostat.magnet.going = 5.0, True
    assert early.magnet.supply_field(1.25) == 0.0
    assert [c.advance(3.0) or c.magnet.supply_field(3.0) for c in (early, late)] == [1.75, 1.75]


def test_noise_belongs_to_its_seed_channel_and_tick():
    first, again = WhiteNoise(1, "x"), WhiteNoise(1, "x")
    forward = [first.at(i) for i in range(10_000)]
    assert [again.at(i) for i in reversed(range(10_000))] == forward[::-1]
    assert WhiteNoise(1, "y").at(0) != forward[0] != WhiteNoise(2, "x").at(0)
    assert sum(forward) / 10_000 == pytest.approx(0.0, abs=0.04)  # 4 s.d. of the mean
    assert math.sqrt(sum(v * v for v in forward) / 10_000) == pytest.approx(1.0, abs=0.03)


def test_field_at_which_the_film_is_interpolated_agrees_with_the_film_computed_outright():
    cryostat = Cryostat(builtin_sample("S0", fluctuations=False), Laboratory(input_noise=None))
    film = cryostat.film
    import numpy as np

    from coldfinger.sim.signal import Drive

    for field in (0.0, 300.0, 550.0):
        for drive in (Drive(1.0, 7.0), Drive(0.1, 0.7)):
            temperatures = np.array([0.0217, 0.0531, 0.0977, 0.212, 0.493, 0.701])
            outright = film.direct(temperatures, field, drive)
            read_off = np.array([film.at(t, field, drive) for t in temperatures])
            # Cubic interpolation with steps of 0.25 % in T; the steepest curve here has d ln rho/d ln T = 9.
            assert np.max(np.abs(read_off / outright - 1)) < 1e-7


def test_ticks_are_counted_from_zero_so_that_no_rounding_adds_up():
    cryostat = Cryostat(builtin_sample("S1"))
    for i in range(1, 1001):
        cryostat.advance(0.1 * i)
    assert cryostat.ticks == round(100.0 / TICK)
