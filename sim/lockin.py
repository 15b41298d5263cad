"""What happens inside a lock-in amplifier: oscillator, noise, demodulation, n equal low-pass poles, full scale.

The demodulated input is a complex number a(t) (V rms). Between two ticks it moves on a straight line, and the
response of n cascaded poles of time constant tau to a straight line is known in closed form: with x = h/tau
  e_m = e^-x x^m/m!,   P_i = 1 - (e_0 + ... + e_(i-1)),   Q_i = h - tau (P_1 + ... + P_i)
a step of height c leaves P_i c behind pole i, a slope g leaves Q_i g, and what was in the poles comes through
with the weights e_m. The step is exact for every tick, so that a long tick costs no accuracy.
"""

import cmath
import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from coldfinger.sim.noise import WhiteNoise
from coldfinger.sim.signal import Drive

OVER_RANGE = 1.09  # of full scale: outputs stop here
_RESOLUTION = 32768  # steps of full scale
_INPUT_LIMIT = 1.4  # V peak at the input amplifier
_AC_CORNER = 0.16  # Hz, assumed corner of ac coupling
INPUT, FILTER, OUTPUT = 1, 2, 4  # overload bits


class InputNoise(NamedTuple):
    """Noise of the input: voltage density with a 1/f corner, current density; assumed defaults."""

    voltage: float = 6e-9  # V/sqrt(Hz)
    corner: float = 20.0  # Hz
    current: float = 40e-15  # A/sqrt(Hz), thermal noise of the 10 Mohm input resistors

    def density(self, frequency: float, source_impedance: float) -> float:
        """Total density (V/sqrt(Hz)) at a frequency (Hz) for a source impedance (ohm)."""
        voltage = self.voltage * math.sqrt(1.0 + self.corner / frequency)
        return math.hypot(voltage, self.current * source_impedance)


Response = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]


@lru_cache(maxsize=64)
def pole_response(step: float, time_constant: float, poles: int) -> Response:
    """(e_m, P_i, Q_i) of `poles` equal poles after `step` seconds; see the head of this module."""
    x = step / time_constant
    weights = [math.exp(-x)]
    for m in range(1, poles):
        weights.append(weights[-1] * x / m)
    steps, slopes = [], []
    left, delay = 0.0, 0.0
    for weight in weights:
        left += weight
        steps.append(1.0 - left)
        delay += time_constant * (1.0 - left)
        slopes.append(step - delay)
    return tuple(weights), tuple(steps), tuple(slopes)


def filter_step(state: list[complex], start: complex, slope: complex, response: Response) -> list[complex]:
    """Outputs of all poles one step later, for an input that starts at `start` and moves with `slope`."""
    weights, steps, slopes = response
    result = []
    for i in range(len(state)):
        value = steps[i] * start + slopes[i] * slope
        for m in range(i + 1):
            value += weights[m] * state[i - m]
        result.append(value)
    return result


class LockinAmplifier:
    """Plain attributes belong to the front panel and are obeyed from the next tick on."""

    def __init__(
        self,
        signal: Callable[[float, float, Drive, bool], complex],
        noise: tuple[WhiteNoise, WhiteNoise],
        tick: float,
        input_noise: InputNoise | None,
        series_resistance: float,
    ) -> None:
        self.amplitude = 0.004  # V rms
        self.frequency = 7.0  # Hz
        self.phase = 0.0  # degrees
        self.harmonic = 1
        self.sensitivity = 1.0  # V
        self.time_constant = 0.3  # s
        self.poles = 4
        self.ac_coupled = False
        self.sync = False
        self.dc_outputs = [0.0, 0.0, 0.0, 0.0]  # V, auxiliary outputs
        self.overload = 0
        self._signal = signal
        self._noise = noise
        self._tick = tick
        self._input_noise = input_noise
        self._series_resistance = series_resistance
        self._state: list[complex] = [0j] * 4
        self._last_step: tuple[float, list[complex], complex, complex] = (0.0, self._state, 0j, 0j)
        self._arrived: tuple[object, complex] | None = None

    def step(self, tick: int, before: tuple[float, float], after: tuple[float, float]) -> None:
        """Advance to tick number `tick` while chip temperature (K) and field (Oe) go from `before` to `after`."""
        drive = Drive(self.amplitude, self.frequency)
        setting = (drive, self.phase, self.harmonic, self.ac_coupled)
        still = before[1] == after[1]
        if self._arrived is not None and self._arrived[0] == setting:
            start = self._arrived[1]
        else:
            start = self._demodulated(before, drive, still)
        end = self._demodulated(after, drive, still)
        self._arrived = (setting, end)
        error = self._input_error(tick, abs(end))
        slope = (end - start) / self._tick
        self._last_step = ((tick - 1) * self._tick, self._state, start + error, slope)
        response = pole_response(self._tick, self.time_constant, 4)
        self._state = filter_step(self._state, start + error, slope, response)
        self._watch(abs(end))

    def output(self, time: float) -> tuple[float, float]:
        """X and Y (V rms) at a time within the last tick, as displayed: limited and in steps of the converter."""
        value = self._filtered(time) + self._ripple(time)
        return self._displayed(value.real), self._displayed(value.imag)

    def _filtered(self, time: float) -> complex:
        began, state, start, slope = self._last_step
        passed = time - began
        if passed <= 0.0:
            return state[self.poles - 1]
        if passed >= self._tick:
            return self._state[self.poles - 1]
        return filter_step(state, start, slope, pole_response(passed, self.time_constant, 4))[self.poles - 1]

    def _demodulated(self, place: tuple[float, float], drive: Drive, still: bool) -> complex:
        if self.harmonic != 1:
            return 0j  # the film's harmonics stay below the noise at these currents
        value = self._signal(place[0], place[1], drive, still)
        if self.ac_coupled:
            value /= complex(1.0, -_AC_CORNER / drive.frequency)
        return value * cmath.exp(-1j * math.radians(self.phase)) if self.phase else value

    def _input_error(self, tick: int, signal: float) -> complex:
        if self._input_noise is None:
            return 0j
        impedance = signal * self._series_resistance / self.amplitude
        density = self._input_noise.density(self.frequency * self.harmonic, impedance)
        # White noise of density e, held for one tick: half the density in each of X and Y per unit bandwidth.
        scale = density / math.sqrt(2.0 * self._tick)
        return complex(scale * self._noise[0].at(tick), scale * self._noise[1].at(tick))

    def _ripple(self, time: float) -> complex:
        """What the poles leave of the mixer's product at twice the frequency."""
        omega = 4.0 * math.pi * self.frequency
        passed = 1.0 / complex(1.0, omega * self.time_constant) ** self.poles
        amplitude = self._arrived[1] if self._arrived is not None else 0j
        return (amplitude * passed * cmath.exp(1j * omega * time)).conjugate()

    def _watch(self, signal: float) -> None:
        if math.sqrt(2.0) * signal > _INPUT_LIMIT:
            self.overload |= INPUT
        value = self._state[self.poles - 1]
        limit = OVER_RANGE * self.sensitivity
        if abs(value.real) > limit or abs(value.imag) > limit:
            self.overload |= OUTPUT

    def _displayed(self, value: float) -> float:
        limit = OVER_RANGE * self.sensitivity
        unit = self.sensitivity / _RESOLUTION
        return round(min(max(value, -limit), limit) / unit) * unit
