"""Current, frequency, filter and sensitivity: the policy, its hysteresis, and the noise that is left."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.procedures.current.excitation import (
    POLICY,
    InputNoise,
    averaged_noise,
    choose_sensitivity,
    gentle_current,
    noise_bandwidth,
    policy_band,
    time_constant_for,
)

TIME_CONSTANTS = tuple(m * 10.0**e for e in range(-5, 5) for m in (1, 3))
SENSITIVITIES = tuple(m * 10.0**e for e in range(-9, 0) for m in (2, 5, 10))


@pytest.mark.parametrize(
    ("rho", "current", "frequency"),
    [
        (6e3, 1e-9, 7.0),
        (49e3, 1e-9, 7.0),
        (51e3, 0.3e-9, 1.7),
        (299e3, 0.3e-9, 1.7),
        (1e6, 0.1e-9, 0.7),
        (math.inf, 0.1e-9, 0.7),
    ],
)
def test_the_policy(rho, current, frequency):
    assert POLICY[policy_band(rho)][1:] == (current, frequency)


def test_the_policy_does_not_flap_at_an_edge():
    assert policy_band(49e3, present=1) == 1
    assert policy_band(39e3, present=1) == 0
    assert policy_band(51e3, present=0) == 1


@pytest.mark.parametrize(("frequency", "time_constant"), [(7.0, 0.1), (1.7, 1.0), (0.7, 1.0), (0.07, 10.0)])
def test_time_constant_is_the_smallest_not_below_0_7_over_f(frequency, time_constant):
    assert time_constant_for(frequency, TIME_CONSTANTS) == pytest.approx(time_constant)


@given(st.floats(1.0, 1e8), st.floats(1e-9, 1e-7))
def test_gentle_is_at_most_half_the_policy_and_no_harder_than_needed(resistance, noise):
    current = gentle_current(resistance, 1e-9, 1e-3, noise)
    assert current <= 0.5e-9
    if current < 0.5e-9:
        assert noise / (current * resistance) <= 1e-3 * 1.001


@given(st.floats(1e-9, 0.9), st.sampled_from(SENSITIVITIES))
def test_sensitivity_leaves_the_signal_between_a_third_and_nine_tenths(amplitude, present):
    chosen = choose_sensitivity(amplitude, present, SENSITIVITIES)
    assert amplitude <= 0.9 * chosen or chosen == SENSITIVITIES[-1]
    assert amplitude >= 0.3 * chosen or chosen == SENSITIVITIES[0]
    assert choose_sensitivity(amplitude, chosen, SENSITIVITIES) == chosen


@pytest.mark.parametrize("poles", [1, 2, 3, 4])
def test_one_reading_has_the_noise_of_its_bandwidth_and_far_readings_average_as_their_number(poles):
    one = averaged_noise(1.0, poles, 1.0, 1)
    assert one == pytest.approx(math.sqrt(noise_bandwidth(1.0, poles)))
    assert averaged_noise(1.0, poles, 100.0, 25) == pytest.approx(one / 5)


@pytest.mark.parametrize("poles", [1, 2, 3, 4])
def test_dense_readings_over_a_long_time_reach_the_boxcar(poles):
    # ENBW of a boxcar of t seconds is 1/2t; readings half a time constant apart miss 1 % with a single pole.
    assert averaged_noise(0.1, poles, 0.05, 4000) == pytest.approx(math.sqrt(1 / (2 * 200.0)), rel=0.012)


@pytest.mark.parametrize("poles", [1, 2, 3, 4])
def test_correlation_of_the_readings_is_that_of_the_filter(poles):
    # Impulse response of n poles, correlated with itself on a fine grid.
    t = np.arange(0.0, 40.0, 0.002)
    h = t ** (poles - 1) * np.exp(-t) / math.factorial(poles - 1)
    lag = 700
    expected = float(h[:-lag] @ h[lag:] / (h @ h))
    two = averaged_noise(1.0, poles, lag * 0.002, 2) ** 2 / noise_bandwidth(1.0, poles)
    assert 2 * two - 1 == pytest.approx(expected, rel=2e-3)


def test_input_noise_has_a_corner_and_a_current_part():
    noise = InputNoise(6e-9, 20.0, 40e-15)
    assert noise.density(7.0, 0.0) == pytest.approx(11.8e-9, rel=0.005)
    assert noise.density(0.7, 1e6) == pytest.approx(math.hypot(32.6e-9, 40e-9), rel=0.005)
