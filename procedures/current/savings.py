"""What the same knowledge would have cost in another way: the strategies that a fixed recipe offers.

Every strategy is paced by the station's thermal times and has the noise that the run itself has seen. One that knows
less at its end than the run does is made longer as a whole, by the factor by which its variances are too large.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from coldfinger.analysis.design import Present, information, stretch
from coldfinger.procedures.reach.setpoints import Pace, constant_log_rate, constant_rate, lag_limited, logarithmic
from coldfinger.procedures.station import Station
from coldfinger.procedures.words.quantity import duration_text

LAG = 0.10
"""Lag of the sample behind the mixing chamber that the ramps are allowed, relative."""
SET_POINTS = 25
_STEPS = 300
_SHORTEST = 1.0  # s of averaging at a set point

Noise = Callable[[float], float]
"""Relative s.d. of ρ after one second of averaging, against temperature (K)."""
Approach = Callable[[float, float], float]
"""Seconds from one settled temperature (K) to another."""


@dataclass(frozen=True)
class Saving:
    """A strategy, the seconds that it would have taken, and over the run's own seconds."""

    strategy: str
    seconds: float
    factor: float

    def __str__(self) -> str:
        return f"{self.strategy} {duration_text(self.seconds)} ({self.factor:.2g} times)"


def savings(
    station: Station,
    present: Present,
    start: float,
    stop: float,
    reached: tuple[float, float],
    seconds: float,
    noise: Noise,
    approach: Approach,
) -> list[Saving]:
    """Other ways from `start` to `stop` (K) to the relative s.d. `reached` of base value and E, against `seconds`."""
    coldest = station.thermal_time(stop)
    paces = {
        "lag-limited ramp": lag_limited(LAG, station.thermal_time),
        "constant d ln T/dt": constant_log_rate(LAG / coldest),
        "linear ramp": constant_rate(LAG * stop / coldest),
    }
    times = {name: _ramp(pace, present, start, stop, reached, noise) for name, pace in paces.items()}
    times[f"{SET_POINTS} logarithmic set points"] = _points(present, start, stop, reached, noise, approach)
    return [Saving(name, time, time / seconds) for name, time in times.items()]


def _ramp(pace: Pace, present: Present, start: float, stop: float, reached: tuple[float, float], noise: Noise) -> float:
    edges = logarithmic(start, stop, _STEPS + 1)
    middles = np.sqrt(np.array(edges[1:]) * np.array(edges[:-1]))
    spent = math.log(start / stop) / _STEPS / np.array([pace(T) for T in middles])
    precision = np.array([noise(T) for T in middles]) / np.sqrt(spent)
    known = information(present.law, present.best, middles, precision)
    return float(spent.sum()) * stretch(known, present.best[0], reached)


def _points(
    present: Present, start: float, stop: float, reached: tuple[float, float], noise: Noise, approach: Approach
) -> float:
    places = logarithmic(start, stop, SET_POINTS)
    precision = np.array([noise(T) for T in places]) / math.sqrt(_SHORTEST)
    known = information(present.law, present.best, np.array(places), precision)
    averaging = SET_POINTS * _SHORTEST * stretch(known, present.best[0], reached)
    return math.fsum(approach(before, after) for before, after in pairwise(places)) + averaging
