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
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coldfinger.sim.noise import WhiteNoise
from coldfinger.sim.signal import Drive

OVER_RANGE = 1.09  # of full scale: outputs stop here
_RESOLUTION = 32768  # steps of full scale
_INPUT_LIMIT = 1.4  # V peak at the input amplifier
_AC_CORNER = 0.16  # Hz, assumed corner of ac coupling
INPUT, FILTER, OUTPUT, UNLOCK = 1, 2, 4, 8  # overload and unlock bits
_SHORT_STEPS = 2  # in a tick, when the time constant is shorter than it


class InputNoise(NamedTuple):
    """Noise of the input: voltage density with a 1/f corner, current density; assumed defaults."""

    voltage: float = 6e-9  # V/sqrt(Hz)
    corner: float = 20.0  # Hz
    current: float = 40e-15  # A/sqrt(Hz), thermal noise of the 10 Mohm input resistors

    def density(self, frequency: float, source_impedance: float) -> float:
        """Total density (V/sqrt(Hz)) at a frequency (Hz) for a source impedance (ohm)."""
        voltage = self.voltage * math.sqrt(1.0 + self.corner / frequency)
        return math.hypot(voltage, self.current * source_impedance)


class Stray(NamedTuple):
    """Voltages at the input that are not at the reference's frequency; none by default."""

    steady: float = 0.0  # V, thermal e.m.f. of the lines
    mains: float = 0.0  # V rms
    mains_frequency: float = 50.0  # Hz


Four = tuple[float, float, float, float]
Response = tuple[Four, Four, Four]


@lru_cache(maxsize=64)
def pole_response(step: float, time_constant: float) -> Response:
    """(e_m, P_i, Q_i) of four equal poles after `step` seconds; see the head of this module."""
    x = step / time_constant
    weights = [math.exp(-x)]
    for m in range(1, 4):
        weights.append(weights[-1] * x / m)
    steps, slopes = [], []
    left, delay = 0.0, 0.0
    for weight in weights:
        left += weight
        steps.append(1.0 - left)
        delay += time_constant * (1.0 - left)
        slopes.append(step - delay)
    return _four(weights), _four(steps), _four(slopes)


def _four(values: list[float]) -> Four:
    a, b, c, d = values
    return a, b, c, d


State = tuple[complex, complex, complex, complex]


def filter_step(state: State, start: complex, slope: complex, response: Response) -> State:
    """Outputs of four poles one step later, for an input that starts at `start` and moves with `slope` (1/s)."""
    (e0, e1, e2, e3), (p1, p2, p3, p4), (q1, q2, q3, q4) = response
    a, b, c, d = state
    return (
        p1 * start + q1 * slope + e0 * a,
        p2 * start + q2 * slope + e0 * b + e1 * a,
        p3 * start + q3 * slope + e0 * c + e1 * b + e2 * a,
        p4 * start + q4 * slope + e0 * d + e1 * c + e2 * b + e3 * a,
    )


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
        self.single_ended = False  # input A alone, instead of A - B
        self.pickup = 0j  # V rms at the input that do not come from the film, in phase with the oscillator
        self.stray = Stray()
        self.output_offset = (0.0, 0.0)  # V, of X and Y, behind the filter
        self.sync = False
        self.dc_outputs = [0.0, 0.0, 0.0, 0.0]  # V, auxiliary outputs
        self.bias: Callable[[], tuple[float, float]] = lambda: (0.0, math.inf)  # of `Drive`
        self.overload = 0
        self.unlocked = False  # from the reference: the signal averages out
        self.range_stuck = False
        self._signal = signal
        self._noise = noise
        self._tick = tick
        self._input_noise = input_noise
        self._series_resistance = series_resistance
        self._state: State = (0j, 0j, 0j, 0j)
        self._steps: list[tuple[float, State, complex, complex]] = [(0.0, self._state, 0j, 0j)]
        self._step_length = tick
        self._arrived: tuple[object, complex] | None = None

    def step(self, tick: int, before: tuple[float, float], after: tuple[float, float]) -> None:
        """Advance to tick number `tick` while chip temperature (K) and field (Oe) go from `before` to `after`."""
        drive = Drive(self.amplitude, self.frequency, *self.bias(), single_ended=self.single_ended)
        setting = (drive, self.phase, self.harmonic, self.ac_coupled, self.pickup, self.unlocked)
        still = before[1] == after[1]
        if self._arrived is not None and self._arrived[0] == setting:
            start = self._arrived[1]
        else:
            start = self._demodulated(before, drive, still)
        end = self._demodulated(after, drive, still)
        self._arrived = (setting, end)
        self._pass_through_poles(tick, start, (end - start) / self._tick, self._noise_scale(abs(end)))
        self._watch(abs(end))

    def output(self, time: float) -> tuple[float, float]:
        """X and Y (V rms) at a time within the last tick, as displayed: limited and in steps of the converter."""
        value = self._filtered(time) + self._ripple(time)
        x, y = self.output_offset
        return self._displayed(value.real + x), self._displayed(value.imag + y)

    def course(self, times: NDArray[np.float64]) -> NDArray[np.complex128]:
        """What is behind the filter (V rms) at increasing times within the last tick: not limited, not in steps."""
        result = np.full(times.shape, self._steps[0][1][self.poles - 1], dtype=np.complex128)
        for began, state, start, slope in self._steps:
            inside = times > began
            result[inside] = self._filtered_course(times[inside] - began, state, start, slope)
        result[times >= self._steps[-1][0] + self._step_length] = self._state[self.poles - 1]
        result += self._mixed(times, np.exp)
        return result

    def _filtered_course(
        self, passed: NDArray[np.float64], state: State, start: complex, slope: complex
    ) -> NDArray[np.complex128]:
        """`filter_step` of the last pole for many times at once."""
        x = passed / self.time_constant
        weight, left, delay = np.exp(-x), np.zeros(x.shape), np.zeros(x.shape)
        result = np.zeros(x.shape, dtype=np.complex128)
        for m in range(self.poles):
            result += weight * state[self.poles - 1 - m]
            left += weight
            delay += self.time_constant * (1.0 - left)
            weight = weight * x / (m + 1)
        result += (1.0 - left) * start + (passed - delay) * slope
        return result

    def _pass_through_poles(self, tick: int, start: complex, slope: complex, noise: float) -> None:
        # Noise is held for one step; steps longer than the time constant would leave the output too quiet.
        count = 1 if self.time_constant > self._tick else _SHORT_STEPS
        length = self._tick / count
        noise *= math.sqrt(count)
        response = pole_response(length, self.time_constant)
        self._steps, self._step_length = [], length
        real, imaginary = self._noise
        for i in range(count):
            index = tick * _SHORT_STEPS + i
            value = start + slope * (i * length)
            if noise:
                value += complex(noise * real.at(index), noise * imaginary.at(index))
            self._steps.append(((tick - 1) * self._tick + i * length, self._state, value, slope))
            self._state = filter_step(self._state, value, slope, response)

    def _filtered(self, time: float) -> complex:
        pole = self.poles - 1
        for began, state, start, slope in reversed(self._steps):
            passed = time - began
            if passed >= self._step_length:
                return self._state[pole]
            if passed >= 0.0:
                return filter_step(state, start, slope, pole_response(passed, self.time_constant))[pole]
        return self._steps[0][1][pole]

    def _demodulated(self, place: tuple[float, float], drive: Drive, still: bool) -> complex:
        if self.harmonic != 1 or self.unlocked:
            return 0j  # the film's harmonics stay below the noise at these currents
        value = self._signal(place[0], place[1], drive, still) + self.pickup
        if self.ac_coupled:
            value /= complex(1.0, -_AC_CORNER / drive.frequency)
        return value * cmath.exp(-1j * math.radians(self.phase)) if self.phase else value

    def _noise_scale(self, signal: float) -> float:
        """S.d. (V) of the noise in each of X and Y when it is held for one tick."""
        if self._input_noise is None:
            return 0.0
        impedance = signal * self._series_resistance / self.amplitude
        density = self._input_noise.density(self.frequency * self.harmonic, impedance)
        # White noise of density e: half of it in each of X and Y per unit bandwidth.
        return density / math.sqrt(2.0 * self._tick)

    def _ripple(self, time: float) -> complex:
        """What the poles leave of all that is not at the reference's frequency."""
        return complex(self._mixed(time, cmath.exp))

    def _mixed(self, time: Any, exp: Callable[[Any], Any]) -> Any:
        """The mixer's product at twice the frequency, and the beats; for an array of times with NumPy's exp."""
        omega = 4.0 * math.pi * self.frequency
        passed = 1.0 / complex(1.0, omega * self.time_constant) ** self.poles
        amplitude = self._arrived[1] if self._arrived is not None else 0j
        ripple = (amplitude * passed * exp(1j * omega * time)).conjugate()
        return ripple + self._beats(time, exp) if self.stray.steady or self.stray.mains else ripple

    def _beats(self, time: Any, exp: Callable[[Any], Any]) -> Any:
        """What the poles leave of a steady voltage and of the mains, mixed with the reference."""
        stray, reference = self.stray, self.frequency * self.harmonic
        steady = 0.0 if self.ac_coupled else math.sqrt(2.0) * stray.steady
        result: Any = 0j
        for volts, hertz in (
            (steady, 0.0),
            (stray.mains, stray.mains_frequency),
            (stray.mains, -stray.mains_frequency),
        ):
            omega = 2.0 * math.pi * (hertz - reference)
            passed = 1.0 / complex(1.0, omega * self.time_constant) ** self.poles
            result = result + volts * passed * exp(1j * omega * time)
        return result

    def _watch(self, signal: float) -> None:
        if math.sqrt(2.0) * signal > _INPUT_LIMIT:
            self.overload |= INPUT
        if self.unlocked:
            self.overload |= UNLOCK
        value = self._state[self.poles - 1]
        limit = OVER_RANGE * self.sensitivity
        if abs(value.real) > limit or abs(value.imag) > limit:
            self.overload |= OUTPUT

    def _displayed(self, value: float) -> float:
        limit = OVER_RANGE * self.sensitivity
        unit = self.sensitivity / _RESOLUTION
        return round(min(max(value, -limit), limit) / unit) * unit
