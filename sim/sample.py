"""The film under measurement: zero-bias resistivity ρ(T, H), current-voltage curve and the truth behind them.

One closed formula carries V(I) from the resistively shunted junction to the zero-bias peak of the insulator:
with Q = sgn(I) √(I² − I_c²) above the critical current (0 below), the crossover current
I_w = I_w0/(1 + ρ I_w0/V_w), x = Q/I_w, δ = min(0.9, 0.05 + T/1 K) and y = √(x² + δ²) − δ,

    V per square = R_N Q + (ρ − R_N) I_w x/(1 + y) = Q (ρ + R_N y)/(1 + y).

The slope is ρ exactly at zero bias and R_N at high bias, never negative; a film on its separatrix is ohmic.
The second form has no cancellation, which keeps ρ → 0 and ρ → ∞ (V jumps to V_w) accurate.
"""

import difflib
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coldfinger.sim.films import (
    FILMS,
    GRAIN_TRANSITION,
    NORMAL_TEMPERATURE,
    FilmAtField,
    at_field,
    grain_factor,
)
from coldfinger.sim.fluctuations import Fluctuations

FloatArray = NDArray[np.float64]

VOLUME_PER_SQUARE = 200e-6 * 200e-6 * 30e-9
"""Film volume of one square (m³): 200 µm × 200 µm × 30 nm, assumed default."""
CROSSOVER_VOLTAGE = 10e-3
"""V_w (V), the voltage per square at which an insulator turns normal; assumed default."""
FLUCTUATION_TEMPERATURE = 0.25
"""Temperature (K) over which the low-field fluctuations fade."""
CYCLE_POINTS = 64
"""Points of one excitation cycle in the lock-in mean."""
# Stands for ρ = inf inside V(I), where only the limit matters and inf/inf would not give it.
_HUGE = 1e60
_SINES = np.sin(2 * math.pi * (np.arange(CYCLE_POINTS // 4, 3 * CYCLE_POINTS // 4) + 0.5) / CYCLE_POINTS)


@dataclass(frozen=True)
class Law:
    """What ρ(T) truly is at one field, without fluctuations: a law and its parameters in SI units and K.

    `eq1`: sigma_QF, sigma_0, E_aI; `eq2`: rho_QF, rho_0, E_aS; `log`: a, b of ρ = a − b ln T; `mixed`: no
    single law holds, the parameters are those of the laws that are blended there.
    """

    law: Literal["eq1", "eq2", "log", "mixed"]
    parameters: Mapping[str, float]


class Sample(Protocol):
    """A film in a magnetic field: pure functions of temperature (K), current (A) and one field (Oe)."""

    name: str
    squares: float
    """Squares between the voltage taps."""
    end_squares: float
    """Squares from each voltage tap to its current contact."""
    film_volume: float
    """Volume heated by the current (m³)."""

    def resistivity(self, temperature: ArrayLike, field: float) -> FloatArray:
        """Zero-bias ρ (ohm/square), same shape as `temperature`; ValueError at 0 K and below."""
        ...

    def voltage(self, current: ArrayLike, temperature: ArrayLike, field: float) -> FloatArray:
        """Voltage per square (V) for a current (A), odd in it; the two arrays broadcast."""
        ...

    def differential_resistance(self, current: ArrayLike, temperature: ArrayLike, field: float) -> FloatArray:
        """Slope dV/dI of `voltage` (ohm/square), equal to ρ at zero current."""
        ...

    def critical_current(self, temperature: ArrayLike, field: float) -> FloatArray:
        """Largest current (A) without voltage, 0 where the film has none; same shape as `temperature`."""
        ...

    def truth(self, field: float) -> Law:
        """The law that ρ(T) follows at this field."""
        ...


def first_harmonic(
    sample: Sample, rms_current: ArrayLike, temperature: ArrayLike, field: float, bias: ArrayLike = 0.0
) -> FloatArray:
    """Resistivity (ohm/square) that a lock-in sees: first harmonic of V over the rms current (A).

    Mean of V(bias + √2 I sin θ) sin θ over 64 points of the cycle; current, temperature (K) and bias (A) broadcast.
    Where the current is zero, the slope at the bias.
    """
    current, T = np.asarray(rms_current, dtype=float), np.asarray(temperature, dtype=float)
    idle = current == 0
    if idle.all():
        return sample.differential_resistance(np.asarray(bias) + np.zeros(current.shape), T, field)
    amplitude = math.sqrt(2) * np.where(idle, 1.0, current)
    # sin θ takes each value twice a cycle, and without bias V is odd: fewer points give the same mean.
    sines = _SINES if np.any(bias) else _SINES[: CYCLE_POINTS // 4]
    sines = sines.reshape(-1, *(1,) * max(amplitude.ndim, T.ndim, np.ndim(bias)))
    volts = sample.voltage(np.asarray(bias) + amplitude * sines, T, field)
    effective: FloatArray = 2 * (volts * sines).mean(axis=0) / amplitude
    if idle.any():
        return np.where(idle, sample.differential_resistance(bias, T, field), effective)
    return effective


class CurrentVoltage:
    """The current-voltage curve shared by all samples; a sample adds ρ, R_N and, if it has one, I_c."""

    crossover_current: float = 300e-9
    """I_w0 (A), assumed default."""

    def resistivity(self, temperature: ArrayLike, field: float) -> FloatArray:
        raise NotImplementedError

    def normal_resistance(self, temperature: ArrayLike, field: float) -> FloatArray:
        """R_N (ohm/square), the slope dV/dI at high bias."""
        raise NotImplementedError

    def critical_current(self, temperature: ArrayLike, field: float) -> FloatArray:
        """Zero: a film without a true superconducting state."""
        return np.zeros(np.shape(temperature))

    def voltage(self, current: ArrayLike, temperature: ArrayLike, field: float) -> FloatArray:
        """Voltage per square (V) for a current (A); the two arrays broadcast. Odd in the current."""
        T = np.asarray(temperature, dtype=float)
        rho = np.minimum(self.resistivity(T, field), _HUGE)
        Q, _ = self._beyond_critical(np.asarray(current, dtype=float), T, field)
        y = self._departure(Q, rho, T)[2]
        return Q * (rho + self.normal_resistance(T, field) * y) / (1 + y)

    def differential_resistance(self, current: ArrayLike, temperature: ArrayLike, field: float) -> FloatArray:
        """dV/dI (ohm/square); ρ at zero current, R_N at high bias, never negative; 0 at and below I_c."""
        T = np.asarray(temperature, dtype=float)
        exact = self.resistivity(T, field)
        rho = np.minimum(exact, _HUGE)
        Q, slope = self._beyond_critical(np.asarray(current, dtype=float), T, field)
        delta, root, y = self._departure(Q, rho, T)
        share = (1 - delta + delta**2 / root) / (1 + y) ** 2
        result = (self.normal_resistance(T, field) * (1 - share) + rho * share) * slope
        return np.where((Q == 0) & (slope == 1), exact, result)

    def _beyond_critical(self, current: FloatArray, T: FloatArray, field: float) -> tuple[FloatArray, FloatArray]:
        """Q (A) and dQ/dI; at the critical current itself, where dQ/dI jumps from 0 to infinity, 0."""
        critical = self.critical_current(T, field)
        if not critical.any():
            Q = current + 0 * T
            return Q, np.ones_like(Q)
        size = np.abs(current)
        Q = np.sqrt(np.maximum((size - critical) * (size + critical), 0.0))
        running = Q > 0
        slope = np.where(running, size / np.where(running, Q, 1.0), critical == 0)
        return np.copysign(Q, current), slope

    def _departure(self, Q: FloatArray, rho: FloatArray, T: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """δ, √(x² + δ²) and y = √(x² + δ²) − δ, the last written without cancellation."""
        x = Q * (1 / self.crossover_current + rho / CROSSOVER_VOLTAGE)
        delta = np.minimum(0.9, 0.05 + T)
        root = np.sqrt(x**2 + delta**2)
        return delta, root, x**2 / (root + delta)


class BuiltinSample(CurrentVoltage):
    """One of the paper's films, optionally with its low-field fluctuations; deterministic in the seed."""

    def __init__(self, name: str, seed: int = 0, fluctuations: bool = True) -> None:
        self.name = name
        self.squares = 1.0
        self.end_squares = 1.0
        self.film_volume = 3 * VOLUME_PER_SQUARE
        self._film = FILMS[name]
        self.crossover_current = self._film.crossover_current
        key = (seed, zlib.crc32(name.encode()))
        self._fluctuations = Fluctuations(key, self._film.white_rms, self._film.bands) if fluctuations else None
        self._at_magnitude = lru_cache(maxsize=256)(self._compute_at_magnitude)
        self._fluctuation_at = lru_cache(maxsize=256)(self._compute_fluctuation)

    def resistivity(self, temperature: ArrayLike, field: float) -> FloatArray:
        """Zero-bias ρ (ohm/square), same shape as `temperature` (K); ValueError at 0 K and below."""
        T = positive_temperature(temperature)
        rho = self._at_magnitude(abs(field)).resistivity(T)
        if self._fluctuations is None:
            return rho
        return rho * (1 + self._fluctuation_at(field) * np.exp(-T / FLUCTUATION_TEMPERATURE))

    def normal_resistance(self, temperature: ArrayLike, field: float) -> FloatArray:
        """R_N (ohm/square) with the indium grains' own step, so that a normal film is ohmic at 4 K too."""
        T, normal = np.asarray(temperature, dtype=float), self._at_magnitude(abs(field)).normal
        if T.max(initial=0.0) <= GRAIN_TRANSITION:
            return np.full(T.shape, normal)
        return normal * grain_factor(T)

    def critical_current(self, temperature: ArrayLike, field: float) -> FloatArray:
        """I_c0 (1 − (T/T_c)²)^(3/2) (1 − (H/H_SM)²) (A) in the superconducting core, 0 elsewhere."""
        T, film = np.asarray(temperature, dtype=float), self._film
        if film.critical_current == 0 or abs(field) >= film.critical_field:
            return np.zeros(T.shape)
        cold = np.maximum(1 - (T / film.critical_temperature) ** 2, 0.0)
        return np.asarray(film.critical_current * cold**1.5 * (1 - (field / film.critical_field) ** 2))

    def truth(self, field: float) -> Law:
        """The law without the fluctuation, exact up to 0.8 K; `mixed` where two forms are blended.

        That is inside the window around the separatrix, near the superconducting core (until the core
        changes ρ by less than 1e-6) and where pairs are broken, above 800 Oe.
        """
        return _truth(self._at_magnitude(abs(field)))

    def _compute_at_magnitude(self, magnitude: float) -> FilmAtField:
        return at_field(self._film, magnitude)

    def fluctuation(self, field: float) -> float:
        """δρ/ρ at this signed field (Oe) for T → 0; multiply by exp(−T/0.25 K). 0 without fluctuations."""
        return self._fluctuation_at(field)

    def _compute_fluctuation(self, field: float) -> float:
        return 0.0 if self._fluctuations is None else float(self._fluctuations(field))


def builtin_sample(name: str, seed: int = 0, fluctuations: bool = True) -> BuiltinSample:
    """The film S0, S1 or S2 of the paper; ValueError for any other name or a negative seed."""
    if name not in FILMS:
        close = difflib.get_close_matches(name.upper(), FILMS, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ValueError(f"unknown sample {name!r}: allowed are S0, S1, S2 or the path of a table file{hint}")
    if seed < 0:
        raise ValueError(f"sample {name}: seed {seed} is negative; give 0 or a larger whole number")
    return BuiltinSample(name, seed, fluctuations)


def positive_temperature(temperature: ArrayLike) -> FloatArray:
    """The temperatures (K) as an array; ValueError at 0 K and below."""
    T = np.asarray(temperature, dtype=float)
    if T.min(initial=math.inf) <= 0:
        raise ValueError(f"sample asked at {T.min():g} K: temperatures must be above 0 K")
    return T


def _truth(at: FilmAtField) -> Law:
    superconducting = {"rho_QF": at.rho_QF, "rho_0": at.rho_0, "E_aS": at.E_aS}
    insulating = {"sigma_QF": at.sigma_QF, "sigma_0": at.sigma_0, "E_aI": at.E_aI}
    if at.logarithm is not None:
        slope = at.normal * at.logarithm
        insulating = {"a": at.normal + slope * math.log(NORMAL_TEMPERATURE), "b": slope}
    if at.weight == 1 and at.pairs == 1:
        return Law("eq1" if at.logarithm is None else "log", insulating)
    if at.weight == 0 and at.core > 1 - 1e-6:
        return Law("eq2", superconducting)
    if at.weight == 0:
        return Law("mixed", superconducting | {"core": at.core})
    if at.weight == 1:
        return Law("mixed", insulating | {"pairs": at.pairs})
    return Law("mixed", superconducting | insulating | {"weight": at.weight})
