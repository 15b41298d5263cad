"""Capture buffer of an SR860: samples at a constant rate or one for each trigger, once through or round and round.

Source: SR860 and SR865A manuals, chapter 4 (data capture commands). A sample is one, two or four floats of four bytes;
the buffer consists of blocks of 2 kbytes, and a continuous capture that has no room left gives up its oldest block.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

KILOBYTE = 1024
LARGEST_READING = 64  # kbytes of one CAPTUREGET
_BLOCK = 2 * KILOBYTE
_FLOAT = 4  # bytes
IMMEDIATE, TRIGGER_STARTS, TRIGGER_SAMPLES = range(3)
CAPTURING, TRIGGERED, WRAPPED = 1, 2, 4  # CAPTURESTAT bits

Samples = NDArray[np.float64]


class CaptureBuffer:
    """What CAPTURESTART fills. `due` is the time (s) of the next sample, `running` whether one may still come."""

    def __init__(self) -> None:
        self.clear(2, 1)

    def clear(self, kilobytes: int, variables: int) -> None:
        """End the capture, forget all of it, and be as long as that for so many floats a sample."""
        self._data = np.zeros((kilobytes * KILOBYTE // (_FLOAT * variables), variables), dtype="<f4")
        self._total = 0  # samples since the start
        self._began, self._period = 0.0, math.inf
        self._continuous = self._triggered = self.running = False
        self._mode = IMMEDIATE
        self.due = math.inf

    def start(self, time: float, period: float, continuous: bool, mode: int) -> None:
        """Begin anew, with a sample every `period` (s) from now or from a trigger on, or one for each trigger."""
        self.clear(self._data.nbytes // KILOBYTE, self._data.shape[1])
        self._period, self._continuous, self._mode, self.running = period, continuous, mode, True
        if mode == IMMEDIATE:
            self._begin(time)

    def _begin(self, time: float) -> None:
        self._triggered, self._began, self.due = True, time, time

    def stop(self) -> None:
        self.running, self.due = False, math.inf

    def trigger(self, time: float, show: Callable[[Samples], Samples]) -> None:
        """What a trigger does: start a capture that waits for it, or take one sample."""
        if not self.running or self._mode == IMMEDIATE:
            return
        if self._mode == TRIGGER_SAMPLES:
            self._triggered = True
            self._keep(show(np.array([time])))
        elif not self._triggered:
            self._begin(time)

    def store(self, until: float, show: Callable[[Samples], Samples]) -> None:
        """Keep all samples that were due up to a time; `show` gives a row of floats for each time."""
        if self.due > until:
            return
        beyond = int((until - self._began) / self._period) + 2
        room = len(self._data)
        if not self._continuous:
            beyond = min(beyond, room)
        numbers = np.arange(max(self._total, beyond - room - 2), beyond)  # what is overwritten at once is not computed
        times = np.asarray(self._began + self._period * numbers, dtype=np.float64)
        due = times <= until
        self._total = int(numbers[due][-room:][0])
        self._keep(show(times[due][-room:]))
        if self.running:
            self.due = self._began + self._period * self._total

    def _keep(self, rows: Samples) -> None:
        self._data[np.arange(self._total, self._total + len(rows)) % len(self._data)] = rows
        self._total += len(rows)
        if self._total >= len(self._data) and not self._continuous:
            self.stop()

    @property
    def status(self) -> int:
        """CAPTURESTAT; all bits are zero while it waits for the trigger."""
        if not self._triggered:
            return 0
        return TRIGGERED | (CAPTURING if self.running else 0) | (WRAPPED if self._wrapped else 0)

    @property
    def _wrapped(self) -> bool:
        """At the end of one pass, or when old samples are overwritten."""
        room = len(self._data)
        return self._total > room or (self._total == room and not self._continuous)

    @property
    def _given_up(self) -> int:
        """Samples that had to make room."""
        block = _BLOCK // (_FLOAT * self._data.shape[1])
        return max(0, math.ceil((self._total - len(self._data)) / block)) * block

    @property
    def size(self) -> int:
        """Bytes of captured data."""
        return (self._total - self._given_up) * _FLOAT * self._data.shape[1]

    @property
    def progress(self) -> int:
        """Kbytes of captured data, in whole blocks; all of them when a continuous capture has wrapped."""
        if self._wrapped:
            return self._data.nbytes // KILOBYTE
        return math.ceil(self.size / _BLOCK) * _BLOCK // KILOBYTE

    def sample(self, number: int) -> NDArray[np.float32]:
        """One sample, counted from the oldest; zeros behind the last one. Raises IndexError beyond the buffer."""
        if number >= len(self._data):
            raise IndexError(f"sample {number} of {len(self._data)}")
        values: NDArray[np.float32] = self._in_order()[number]
        return values

    def block(self, offset: int, length: int) -> bytes:
        """`length` kbytes from kbyte `offset` on, the oldest sample first, as a definite-length block.

        What lies behind the end is taken from the beginning. Raises IndexError for an offset beyond the end.
        """
        size = self._data.nbytes
        if offset * KILOBYTE >= size:
            raise IndexError(f"kbyte {offset} of {size // KILOBYTE}")
        data = self._in_order().tobytes()
        first, count = offset * KILOBYTE, length * KILOBYTE
        part = (data[first:] + data * (1 + count // size))[:count]
        digits = str(len(part))
        return f"#{len(digits)}{digits}".encode() + part

    def _in_order(self) -> NDArray[np.float32]:
        room = len(self._data)
        ordered = np.roll(self._data, -(self._given_up % room), axis=0)
        ordered[self._total - self._given_up :] = 0.0
        return ordered
