"""Which current, which frequency, which filter, and how well the number is known then. Pure functions.

The policy: below 50 kohm/sq 1 nA at 7 Hz, to 300 kohm/sq 0.3 nA at 1.7 Hz, above 0.1 nA at 0.7 Hz; the lines'
capacitance turns the phase and the current heats the electrons, both the more the larger the film's resistance.
"gentle" keeps the policy's frequency and takes the smallest current, never above half the policy's, that still
reaches the wanted precision: the systematic error of heating and non-linearity falls as I^2, the noise rises only
as 1/I.

"searched" asks the film: rho at I and I/3 gives what the current does to rho, extrapolated as I^2; the phase gives
what the lines may hide. Both have to stay below a share of the wanted precision.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

POLICY: tuple[tuple[float, float, float], ...] = (
    (50e3, 1e-9, 7.0),
    (300e3, 0.3e-9, 1.7),
    (math.inf, 0.1e-9, 0.7),
)
"""Up to this resistivity (ohm/sq): this current (A rms) at this frequency (Hz)."""

MODES = ("policy", "gentle", "searched", "fixed")
AVERAGING = ("fixed window", "wanted precision")
_HYSTERESIS = 0.8  # a lower band is entered only this far below its edge
_STEPS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)  # currents (nA) that "gentle" chooses from
GENTLE_CEILING = 0.5  # of the policy's current
SETTLING_TIME_CONSTANTS = 16.0  # 24 dB/oct: what is left of a step is below 1e-4
RANGE_UP, RANGE_DOWN = 0.9, 0.3  # of full scale
SHARE = 0.3
"""Of the wanted precision: what current and lines may each do to rho in the mode "searched"; assumed default."""
SEARCHED_FREQUENCIES = (7.0, 4.0, 2.3, 1.3, 0.7, 0.4, 0.233)
"""Frequencies (Hz) that "searched" chooses from; the lowest still has a time constant of 3 s."""
_SEARCHED_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
_CAPACITANCE_SPREAD = 0.1  # relative, among the lines; assumed default
_LINES = 0.7  # error of rho over phase^2 and that spread: 0.2 % at 10 degrees (1 Mohm/sq, 0.7 Hz)
_RISE = 2.0  # a larger current is taken only where it is larger by this


@dataclass(frozen=True)
class Excitation:
    """Current (A rms), frequency (Hz) and the lock-in's time constant (s) that goes with it."""

    current: float
    frequency: float
    time_constant: float


@dataclass(frozen=True)
class InputNoise:
    """Noise at the lock-in's input: voltage density (V/sqrt(Hz)) with 1/f corner (Hz), current density (A/sqrt(Hz))."""

    voltage: float
    corner: float
    current: float

    def density(self, frequency: float, impedance: float) -> float:
        """Total density (V/sqrt(Hz)) at a frequency (Hz) behind a source impedance (ohm)."""
        return math.hypot(self.voltage * math.sqrt(1.0 + self.corner / frequency), self.current * impedance)


def policy_band(resistivity: float, present: int | None = None) -> int:
    """Index into POLICY for a resistivity (ohm/sq), with hysteresis around the band in use."""
    wanted = next(i for i, (edge, _, _) in enumerate(POLICY) if resistivity <= edge)
    if present is not None and wanted < present and resistivity > _HYSTERESIS * POLICY[present - 1][0]:
        return present
    return wanted


def time_constant_for(frequency: float, available: tuple[float, ...]) -> float:
    """Smallest time constant (s) not below 0.7/f: the ripple at 2f is then 1.6e-4 of the signal at 24 dB/oct."""
    return next((tau for tau in available if tau >= 0.7 / frequency * 0.99), available[-1])


def gentle_current(resistance: float, ceiling: float, precision: float, noise: float) -> float:
    """Smallest current (A) of a 1-2-5 series, at most half of `ceiling`, that reaches a relative precision.

    `resistance` between the taps (ohm), `noise` of one averaged reading (V rms).
    """
    needed = noise / (precision * max(resistance, 1.0))
    fitting = [1e-9 * step for step in _STEPS if 1e-9 * step <= GENTLE_CEILING * ceiling * 1.001]
    return min((i for i in fitting if i >= needed), default=fitting[0])


def averaging_time(precision: float, amplitude: float, density: float) -> float:
    """Seconds of averaging for a relative s.d. of a signal (V rms) in noise (V/sqrt(Hz)): 1/2 [e/(eps I R)]^2."""
    return 0.5 * (density / (precision * amplitude)) ** 2 if amplitude > 0 else math.inf


def lines_effect(phase: float) -> float:
    """Relative error of rho that unequal lines may leave after their common capacitance is undone; phase in degrees."""
    return _LINES * _CAPACITANCE_SPREAD * math.radians(phase) ** 2


def searched_frequency(phase_per_hertz: float, precision: float) -> float:
    """Highest of SEARCHED_FREQUENCIES whose lines stay below their share of a relative precision, or the lowest."""
    fitting = [f for f in SEARCHED_FREQUENCIES if lines_effect(phase_per_hertz * f) <= SHARE * precision]
    return fitting[0] if fitting else SEARCHED_FREQUENCIES[-1]


def searched_current(largest: float, needed: float, least: float, present: float | None = None) -> float:
    """Current (A) of a finer series: the smallest not below `needed`, but not above `largest` nor below `least`.

    `needed` is what the wanted precision asks for, `largest` what the film bears, `least` what the source can.
    Stays at `present` where that is allowed and the gain would be less than a factor of two.
    """
    top = max(largest, least)
    series = [step * 10.0**decade for decade in range(-13, -6) for step in _SEARCHED_STEPS]
    series = [current for current in series if least * 0.999 <= current <= top * 1.001] or [least]
    wanted = next((current for current in series if current >= needed), series[-1])
    if present is None or not least * 0.999 <= present <= top * 1.001:
        return wanted
    stays = wanted <= present < _RISE * wanted or present < wanted < min(needed, _RISE * present)
    return present if stays else wanted


def choose_sensitivity(amplitude: float, present: float, available: tuple[float, ...]) -> float:
    """Full scale (V) for a signal amplitude (V rms); stays while the signal fills 0.3 to 0.9 of it."""
    if RANGE_DOWN * present <= amplitude <= RANGE_UP * present:
        return present
    return next((s for s in available if amplitude <= RANGE_UP * s), available[-1])


def noise_bandwidth(time_constant: float, poles: int) -> float:
    """Equivalent noise bandwidth (Hz) of n equal poles: 1/4, 1/8, 3/32, 5/64 over tau."""
    return {1: 1 / 4, 2: 1 / 8, 3: 3 / 32, 4: 5 / 64}[poles] / time_constant


@lru_cache(maxsize=256)
def averaged_noise(time_constant: float, poles: int, interval: float, count: int) -> float:
    """Noise of the mean of `count` readings `interval` seconds apart, per unit density (sqrt(Hz)).

    White noise behind n equal poles; readings closer than a few time constants are correlated.
    """
    total = float(count)
    for lag in range(1, count):
        total += 2.0 * (count - lag) * _correlation(lag * interval / time_constant, poles)
    return math.sqrt(noise_bandwidth(time_constant, poles) * total) / count


def _correlation(a: float, poles: int) -> float:
    polynomial = {
        1: 1.0,
        2: 1.0 + a,
        3: 1.0 + a + a * a / 3.0,
        4: 1.0 + a + 0.4 * a * a + a**3 / 15.0,
    }[poles]
    return math.exp(-a) * polynomial
