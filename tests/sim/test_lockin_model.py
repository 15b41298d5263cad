"""Lock-in filter, noise and full scale against the closed forms of n equal poles."""

import math

import numpy as np
import pytest

from coldfinger.sim.lockin import InputNoise, LockinAmplifier, filter_step, pole_response
from coldfinger.sim.noise import WhiteNoise
from coldfinger.sim.signal import Drive


def amplifier(signal=lambda t, h, drive, still: 1e-3 + 0j, noise=None, tick=0.25) -> LockinAmplifier:
    lockin = LockinAmplifier(signal, (WhiteNoise(0, "x"), WhiteNoise(0, "y")), tick, noise, 1e9)
    lockin.amplitude = 1.0
    return lockin


def run(lockin: LockinAmplifier, seconds: float, start: int = 0) -> int:
    last = start + round(seconds / 0.25)
    for tick in range(start + 1, last + 1):
        lockin.step(tick, (0.1, 0.0), (0.1, 0.0))
    return last


@pytest.mark.parametrize(
    ("poles", "one_percent", "one_permille"),
    [(1, 4.61, 6.91), (2, 6.64, 9.23), (3, 8.41, 11.23), (4, 10.05, 13.06)],
)
def test_settling_times_of_n_poles(poles, one_percent, one_permille):
    for left, x in ((0.01, one_percent), (0.001, one_permille)):
        state = filter_step((0j,) * 4, 1.0 + 0j, 0j, pole_response(x, 1.0))
        assert 1 - state[poles - 1].real == pytest.approx(left, rel=0.01)


def test_a_step_may_be_cut_anywhere():
    state = (0.3 + 0j, 0.1j, -0.2 + 0j, 0.05 + 0j)
    whole = filter_step(state, 1 + 1j, 0.5 + 0j, pole_response(1.3, 0.4))
    part = filter_step(state, 1 + 1j, 0.5 + 0j, pole_response(0.5, 0.4))
    rest = filter_step(part, 1.25 + 1j, 0.5 + 0j, pole_response(0.8, 0.4))
    np.testing.assert_allclose(rest, whole, rtol=1e-12)


def test_a_ramp_comes_through_late_by_n_time_constants():
    state = filter_step((0j,) * 4, 0j, 1.0 + 0j, pole_response(50.0, 1.0))
    assert [50.0 - s.real for s in state] == pytest.approx([1.0, 2.0, 3.0, 4.0], rel=1e-9)


@pytest.mark.parametrize("time_constant", [0.1, 1.0])
@pytest.mark.parametrize(("poles", "bandwidth"), [(1, 1 / 4), (2, 1 / 8), (3, 3 / 32), (4, 5 / 64)])
def test_noise_at_the_output_is_density_times_root_of_the_noise_bandwidth(poles, bandwidth, time_constant):
    lockin = amplifier(signal=lambda *a: 0j, noise=InputNoise())
    lockin.time_constant, lockin.poles, lockin.sensitivity = time_constant, poles, 1e-6
    last = run(lockin, 30.0)
    readings = []
    for _ in range(6000):
        last = run(lockin, 1.0, last)
        readings.append(lockin.output(last * 0.25))
    expected = 11.8e-9 * math.sqrt(bandwidth / time_constant)  # 11.8 nV/sqrt(Hz) at 7 Hz
    # Scatter of the estimate: some 2000 independent readings, 1.6 %; the converter adds nothing at 1 uV full scale.
    # A single pole faster than the tick hears the noise in steps of half a tick and is 6 % too quiet.
    assert np.std(np.array(readings)) == pytest.approx(expected, rel=0.08 if poles == 1 else 0.05)


@pytest.mark.parametrize(("frequency", "density"), [(0.7, 32.6e-9), (1.7, 21.4e-9), (7.0, 11.8e-9)])
def test_input_noise_rises_towards_low_frequency(frequency, density):
    assert InputNoise(current=0.0).density(frequency, 1e6) == pytest.approx(density, rel=0.003)


def test_current_noise_of_the_input_resistor_dominates_above_a_megohm():
    assert InputNoise().density(0.7, 2e6) == pytest.approx(math.hypot(32.6e-9, 80e-9), rel=0.003)


def test_outputs_stop_at_109_percent_of_full_scale_and_say_so():
    lockin = amplifier()
    lockin.sensitivity = 500e-6
    last = run(lockin, 10.0)
    assert lockin.output(last * 0.25)[0] == pytest.approx(545e-6, rel=1e-4)
    assert lockin.overload & 4


def test_outputs_come_in_steps_of_the_converter():
    lockin = amplifier(signal=lambda *a: 0.123456789e-3 + 0j)
    lockin.sensitivity = 1e-3
    last = run(lockin, 20.0)
    x, _ = lockin.output(last * 0.25)
    assert x / (1e-3 / 32768) == pytest.approx(round(x / (1e-3 / 32768)), abs=1e-6)
    assert x == pytest.approx(0.123456789e-3, abs=0.6e-3 / 32768 + 1e-7 * 0.123e-3 + 0.123e-3 * 2e-6)


def test_phase_setting_turns_x_and_y():
    lockin = amplifier()
    lockin.phase, lockin.sensitivity = 90.0, 2e-3
    last = run(lockin, 20.0)
    x, y = lockin.output(last * 0.25)
    assert x == pytest.approx(0.0, abs=2e-7)
    assert y == pytest.approx(-1e-3, rel=1e-3)


def test_ac_coupling_turns_the_phase_by_13_degrees_and_costs_2_5_percent_at_0_7_hertz():
    lockin = amplifier()
    lockin.frequency, lockin.ac_coupled, lockin.time_constant, lockin.sensitivity = 0.7, True, 1.0, 2e-3
    x, y = lockin.output(run(lockin, 60.0) * 0.25)
    assert math.degrees(math.atan2(y, x)) == pytest.approx(13.0, abs=0.2)
    assert math.hypot(x, y) == pytest.approx(0.975e-3, rel=2e-3)


def test_ripple_at_twice_the_frequency_is_what_the_poles_leave():
    lockin = amplifier()
    lockin.time_constant, lockin.sensitivity = 0.1, 2e-3
    last = run(lockin, 20.0)
    times = np.linspace((last - 1) * 0.25, last * 0.25, 200)
    swing = np.ptp([lockin.output(t)[0] for t in times]) / 2
    assert swing == pytest.approx(1.6e-4 * 1e-3, rel=0.3)  # the converter's step is a third of it


def test_a_signal_that_jumps_with_the_drive_starts_from_its_own_new_value():
    lockin = amplifier(signal=lambda t, h, drive, still: drive.amplitude * 1e-3 + 0j)
    lockin.sensitivity = 2e-3
    last = run(lockin, 20.0)
    lockin.amplitude = 0.5
    last = run(lockin, 20.0, last)
    assert lockin.output(last * 0.25)[0] == pytest.approx(0.5e-3, rel=1e-3)
    assert Drive(1.0, 7.0).bias == 0.0
