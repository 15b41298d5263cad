"""Data buffer of an SR830: when points are stored, which of them are kept, and the three forms in which they leave.

Source: SR830 manual, chapter 5 (data storage and data transfer commands). A point is what both displays show at one
instant, kept as a mantissa of 16 bits with an exponent, so that all three forms give the same numbers.
"""

import math
import struct
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum, auto
from itertools import islice

CAPACITY = 16383  # points
RATES = tuple(2.0**i for i in range(-4, 10))
"""Points in a second of SRAT 0 to 13: 62.5 mHz to 512 Hz."""
TRIGGERED = 14  # SRAT: one point for each trigger
FIRST_POINT = 0.0  # periods between the start and the first point; assumed
TRIGGER_REST = 1.0 / RATES[-1]  # s; triggers that come faster are ignored
EXPONENT_OFFSET = 124  # value = mantissa * 2^(exponent - 124)
_MANTISSA_BITS = 15  # and the sign
_MOST = 1 << _MANTISSA_BITS

Packed = tuple[int, int]


def packed(value: float) -> Packed:
    """Mantissa (-32768 to 32767) and exponent (0 to 248) of a value as the buffer keeps it."""
    fraction, exponent = math.frexp(value)
    mantissa = round(fraction * _MOST)
    if mantissa == _MOST:
        mantissa, exponent = _MOST // 2, exponent + 1
    exponent += EXPONENT_OFFSET - _MANTISSA_BITS
    return (mantissa, exponent) if mantissa and exponent >= 0 else (0, 0)


def unpacked(point: Packed) -> float:
    """The value of a kept point."""
    return math.ldexp(point[0], point[1] - EXPONENT_OFFSET)


def as_text(points: Iterable[Packed]) -> str:
    """TRCA: a comma after every value, including the last."""
    return "".join(f"{digits[:-2]}0{digits[-2:]}," for digits in (f"{unpacked(point):+.6e}" for point in points))


def as_floats(points: Iterable[Packed]) -> bytes:
    """TRCB: four bytes a point, low byte first."""
    return b"".join(struct.pack("<f", unpacked(point)) for point in points)


def as_kept(points: Iterable[Packed]) -> bytes:
    """TRCL: mantissa and exponent of two bytes each, low byte first."""
    return b"".join(struct.pack("<hh", *point) for point in points)


class _State(Enum):
    EMPTY = auto()
    STORING = auto()
    PAUSED = auto()
    FULL = auto()


class PointBuffer:
    """Points of both displays, the oldest first. `due` is the time (s) of the next one."""

    def __init__(self) -> None:
        self.period = 1.0  # s, inf: one point for each trigger
        self.loop = True  # go on when it is full, in place of the oldest points
        self.due = math.inf
        self._channels: tuple[deque[Packed], deque[Packed]] = (deque(maxlen=CAPACITY), deque(maxlen=CAPACITY))
        self._state = _State.EMPTY
        self._triggered = -math.inf  # time of the last trigger

    def __len__(self) -> int:
        return len(self._channels[0])

    @property
    def in_progress(self) -> bool:
        """Whether a scan has begun and not ended; a pause does not end it."""
        return self._state in (_State.STORING, _State.PAUSED)

    def start(self, time: float) -> None:
        """Begin or go on; nothing happens while points are stored, and when it is full."""
        if self._state in (_State.EMPTY, _State.PAUSED):
            self._state = _State.STORING
            self.due = time + FIRST_POINT * self.period if math.isfinite(self.period) else math.inf

    def pause(self) -> None:
        if self._state is _State.STORING:
            self._state, self.due = _State.PAUSED, math.inf

    def reset(self) -> None:
        """Forget all points and end the scan."""
        self._state, self.due = _State.EMPTY, math.inf
        for channel in self._channels:
            channel.clear()

    def pace(self, time: float, period: float) -> None:
        """Go on with another period; the next point is one period away."""
        if period == self.period:
            return
        self.period = period
        if self._state is _State.STORING:
            self.due = time + period

    def trigger(self, time: float, starts: bool, show: Callable[[float], tuple[float, float]]) -> bool:
        """One point where each trigger stores one, or the start where it starts a scan; whether it did something."""
        if math.isfinite(self.period):
            begins = starts and self._state is _State.EMPTY
            if begins:
                self.start(time)
            return begins
        if self._state is not _State.STORING or time - self._triggered < TRIGGER_REST:
            return False
        self._triggered = time
        self._keep(show(time))
        return True

    def store(self, until: float, show: Callable[[float], tuple[float, float]]) -> None:
        """Keep every point that was due up to a time; `show` gives what the displays showed at a time."""
        while self.due <= until:
            time = self.due
            self.due += self.period
            self._keep(show(time))

    def points(self, channel: int, first: int, count: int) -> list[Packed]:
        """Points of display 1 or 2. Raises IndexError for points that are not there."""
        if first + count > len(self):
            raise IndexError(f"points {first} to {first + count - 1} of {len(self)}")
        return list(islice(self._channels[channel - 1], first, first + count))

    def _keep(self, shown: tuple[float, float]) -> None:
        for channel, value in zip(self._channels, shown, strict=True):
            channel.append(packed(value))
        if len(self) == CAPACITY and not self.loop:
            self._state, self.due = _State.FULL, math.inf
