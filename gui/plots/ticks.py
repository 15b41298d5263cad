"""Where the ticks of an axis stand and what they say: the densest set of which no two labels collide."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

MANTISSAS = ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
DECADES = (2, 3, 5, 10, 20, 50)
NARROW = 0.5
"""Decades below which a logarithmic axis has the ticks of a linear one."""
GAP = 8.0
"""Pixels between two labels."""
SI_UNITS = frozenset({"A", "V", "Ω", "T", "W", "s"})
"""Units that take prefixes by themselves, on linear axes only."""
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Place = Callable[[float], float]
"""Pixels along the axis of a value."""
Size = Callable[[str], float]
"""Pixels that a label takes along the axis."""


@dataclass(frozen=True)
class Ticks:
    """Labelled values with their texts, and values that have a small tick only; values rise."""

    labelled: tuple[tuple[float, str], ...]
    small: tuple[float, ...]


def log_ticks(low: float, high: float, place: Place, size: Size) -> Ticks:
    """Ticks of a logarithmic axis from `low` to `high`, both above 0. Raises ValueError otherwise."""
    if not 0 < low < high or not math.isfinite(high):
        raise ValueError(f"a logarithmic axis cannot go from {low!r} to {high!r}")
    if math.log10(high / low) < NARROW:
        return linear_ticks(low, high, place, size)
    return _densest(_decades(low, high), place, size, _log_texts) or Ticks((), ())


def linear_ticks(low: float, high: float, place: Place, size: Size) -> Ticks:
    """Ticks at steps of 1, 2 or 5 times a power of ten."""
    if not low < high or not math.isfinite(high - low):
        raise ValueError(f"an axis cannot go from {low!r} to {high!r}")
    return _densest(_steps(low, high), place, size, _linear_texts) or Ticks((), ())


def crowded_ticks(low: float, high: float, place: Place, size: Size) -> Ticks:
    """Ticks of an axis that is crowded at one end, such as 1/x: round numbers first, then what fits between them."""
    if not 0 < low < high or not math.isfinite(high):
        raise ValueError(f"an axis of inverse values cannot go from {low!r} to {high!r}")
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    values: list[float] = []
    spans: list[tuple[float, float]] = []
    for mantissas in ((1,), (3,), (2, 5), (1.5, 4, 7)):
        for value in _within(low, high, (m * 10.0**n for n in range(last, first - 1, -1) for m in mantissas)):
            half = size(_log_texts([value])[0]) / 2 + GAP / 2
            span = (place(value) - half, place(value) + half)
            if all(span[1] <= other[0] or other[1] <= span[0] for other in spans):
                values.append(value)
                spans.append(span)
    values.sort()
    return Ticks(tuple((value, _log_texts([value])[0]) for value in values), ())


def _densest(
    candidates: Iterable[tuple[list[float], list[float]]],
    place: Place,
    size: Size,
    texts: Callable[[Sequence[float]], list[str]],
) -> Ticks | None:
    """The first candidate (labelled, small) whose labels do not collide."""
    least = GAP + 0.5 * size("0")
    for values, small in candidates:
        if len(values) > 2 and (len(values) - 1) * least > abs(place(values[-1]) - place(values[0])):
            continue  # they collide whatever they say, and there may be thousands
        labels = texts(values)
        spans = sorted((place(v) - size(t) / 2, place(v) + size(t) / 2) for v, t in zip(values, labels, strict=True))
        if all(left[1] + GAP <= right[0] for left, right in pairwise(spans)):
            shown = set(values)
            return Ticks(tuple(zip(values, labels, strict=True)), tuple(v for v in small if v not in shown))
    return None


def _decades(low: float, high: float) -> Iterator[tuple[list[float], list[float]]]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    inner = _within(low, high, (m * 10.0**n for n in range(first, last + 1) for m in MANTISSAS[0]))
    for mantissas in MANTISSAS:
        yield _within(low, high, (m * 10.0**n for n in range(first, last + 1) for m in mantissas)), inner
    powers = _within(low, high, (10.0**n for n in range(first, last + 1)))
    for every in DECADES:
        start = -(-first // every) * every
        yield _within(low, high, (10.0**n for n in range(start, last + 1, every))), powers


def _steps(low: float, high: float) -> Iterator[tuple[list[float], list[float]]]:
    power = math.floor(math.log10(high - low)) - 2
    finer: list[float] = []
    for exponent in range(power, power + 4):
        for mantissa in (1, 2, 5):
            step = mantissa * 10.0**exponent
            first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
            values = [float(f"{n * step:.12g}") for n in range(first, last + 1)]
            yield values, finer if len(finer) <= 5 * max(len(values), 1) else []
            finer = values


def _within(low: float, high: float, values: Iterable[float]) -> list[float]:
    # 3 * 10**-1 is not quite 0.3: what is shown and what is meant are the same float.
    return [v for v in (float(f"{value:.12g}") for value in values) if low * (1 - 1e-9) <= v <= high * (1 + 1e-9)]


def _log_texts(values: Sequence[float]) -> list[str]:
    if all(1e-3 <= value < 1e5 for value in values):
        return [f"{value:.12g}" for value in values]
    return [_power_text(value) for value in values]


def _power_text(value: float) -> str:
    mantissa, exponent = f"{value:e}".split("e")
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPT)
    return power if float(mantissa) == 1 else f"{float(mantissa):g}·{power}"


def _linear_texts(values: Sequence[float]) -> list[str]:
    """As many decimals as the step needs, the same for all."""
    largest = max((abs(value) for value in values), default=1.0)
    if largest and not 1e-4 <= largest < 1e6:
        exponent = math.floor(math.log10(largest))
        return [
            "0" if value == 0 else f"{value / 10.0**exponent:.6g}·10{str(exponent).translate(_SUPERSCRIPT)}"
            for value in values
        ]
    decimals = max((len(f"{value:.12g}".partition(".")[2]) for value in values), default=0)
    return [f"{value:.{decimals}f}" for value in values]
