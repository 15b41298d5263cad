"""Where to measure and how fast to go there. Pure; rehearsal, progress and run use the same functions."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

Pace = Callable[[float], float]
"""|d ln T / dt| (1/s) as a function of temperature (K)."""

PACINGS = ("lag-limited", "rate", "log-rate", "linear points", "log points", "listed points")
CONTINUOUS = PACINGS[:3]
ORDERS = BY_FIELD, BY_TEMPERATURE = ("by field", "by temperature")


def logarithmic(start: float, stop: float, count: int) -> list[float]:
    """`count` values from `start` to `stop`, equal ratios; both ends included exactly."""
    if count == 1:
        return [stop]
    ratio = math.log(stop / start)
    inner = [start * math.exp(ratio * i / (count - 1)) for i in range(1, count - 1)]
    return [start, *inner, stop]


def linear(start: float, stop: float, count: int) -> list[float]:
    """`count` values from `start` to `stop`, equal steps; both ends included exactly."""
    if count == 1:
        return [stop]
    inner = [start + (stop - start) * i / (count - 1) for i in range(1, count - 1)]
    return [start, *inner, stop]


def constant_rate(rate: float) -> Pace:
    """dT/dt = `rate` (K/s)."""
    return lambda temperature: rate / temperature


def constant_log_rate(rate: float) -> Pace:
    """d ln T/dt = `rate` (1/s)."""
    return lambda temperature: rate


def lag_limited(lag: float, thermal_time: Callable[[float], float]) -> Pace:
    """dT/dt = lag * T / tau(T): the sample stays behind the mixing chamber by the fraction `lag`."""
    return lambda temperature: lag / thermal_time(temperature)


def not_faster_than(pace: Pace, limit: float) -> Pace:
    """The same pace, but never above `limit` (1/s): a row must not smear over more than its share of the ramp."""
    return lambda temperature: min(pace(temperature), limit)


def advance(temperature: float, stop: float, pace: Pace, seconds: float) -> float:
    """Set temperature (K) `seconds` later on the way to `stop`; midpoint rule in ln T, ends exactly at `stop`."""
    sign = math.copysign(1.0, stop - temperature)
    to_go = abs(math.log(stop / temperature))
    if 0.5 * seconds * pace(temperature) >= to_go:
        return stop
    half = temperature * math.exp(sign * 0.5 * seconds * pace(temperature))
    moved = seconds * pace(half)
    return stop if moved >= to_go else temperature * math.exp(sign * moved)


def duration(start: float, stop: float, pace: Pace, steps: int = 400) -> float:
    """Seconds from `start` to `stop` (K) at a pace: integral of d ln T / pace."""
    grid = logarithmic(start, stop, steps + 1)
    width = abs(math.log(stop / start)) / steps
    return sum(width / pace(math.sqrt(a * b)) for a, b in pairwise(grid))


def path(start: float, stop: float, pace: Pace, step: float) -> Iterator[float]:
    """Set temperatures (K) every `step` seconds, ending with `stop`."""
    temperature = start
    while temperature != stop:
        yield temperature
        temperature = advance(temperature, stop, pace, step)
    yield stop


def listed(values: list[float]) -> list[float]:
    """The values as they stand, without the ones that repeat their predecessor."""
    return [value for i, value in enumerate(values) if i == 0 or value != values[i - 1]]


def zigzag(start: float, stop: float, legs: int) -> list[float]:
    """Turning points of `legs` ways between `start` and `stop`, the first from start to stop."""
    return [stop if i % 2 else start for i in range(legs + 1)]


def nested(
    temperatures: Sequence[float], fields: Sequence[float], order: str, alternate: bool = False
) -> list[tuple[float, float]]:
    """(temperature, field) of a grid. By field: all temperatures at each field; by temperature: the other way round.

    `alternate` turns every other inner way round: down, up, down, ... Raises ValueError for an unknown order.
    """
    if order not in ORDERS:
        raise ValueError(f"order {order!r} is not one of {', '.join(ORDERS)}")
    outer, inner = (fields, temperatures) if order == BY_FIELD else (temperatures, fields)
    grid = [(a, b) for i, a in enumerate(outer) for b in (inner[::-1] if alternate and i % 2 else inner)]
    return [(b, a) for a, b in grid] if order == BY_FIELD else grid


def hysteresis_loop(peak: float) -> list[float]:
    """Turning points of a full loop: 0, +peak, -peak, +peak. The last way closes the loop."""
    return [0.0, peak, -peak, peak]


def decaying_alternation(amplitude: float, smallest: float, ratio: float) -> list[float]:
    """Turning points of a demagnetisation: +a, -ra, +r^2 a, ... down to `smallest`, and zero at the end."""
    points: list[float] = []
    while amplitude >= smallest:
        points.append(-amplitude if len(points) % 2 else amplitude)
        amplitude *= ratio
    return [*points, 0.0]


def dense_near_zero(largest: float, finest: float, count: int) -> list[float]:
    """`count` positive values up to `largest`, the first of them `finest`, growing like sinh: even near zero.

    Evenly spaced where `finest` is not below largest/count.
    """
    if count == 1 or finest * count >= largest:
        return linear(largest / count, largest, count)
    low, high = 0.0, 700.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        first = math.exp(-middle * (1 - 1 / count)) * math.expm1(-2 * middle / count) / math.expm1(-2 * middle)
        low, high = (middle, high) if first > finest / largest else (low, middle)
    stretch = 0.5 * (low + high)
    inner = [largest * math.sinh(stretch * i / count) / math.sinh(stretch) for i in range(2, count)]
    return [finest, *inner, largest]


def bias_loop(branch: list[float]) -> list[float]:
    """0, up the branch of positive values and back, 0, down to its negative and back, 0: every value twice."""
    way = [*branch, *branch[-2::-1], 0.0]
    return [0.0, *way, *(-value + 0.0 for value in way)]
