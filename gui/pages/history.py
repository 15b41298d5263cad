"""What the refrigerator's readings have been, in a memory that never grows: what is too much is kept by its extremes.

Each reading is a list of buckets (beginning, lowest, highest). When it is full they become twice as wide, so that
a day takes as much room as an hour and a spike of one row stays visible.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from coldfinger.gui.overview.strip_state import CHANNELS, Channel
from coldfinger.gui.pages.run_feed import Array, RunRows

MOST = 4096
"""Buckets of one reading."""


class Trace:
    """One reading over the station's clock (s)."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._buckets = np.empty((most, 3))
        self._count = 0
        self._width = 0.0  # s of a bucket; 0 while each reading has its own
        self._newest = -np.inf

    def __len__(self) -> int:
        return self._count

    def add(self, time: float, value: float) -> bool:
        """Add a reading that is newer than all that were added; False for one that is not, or not a number.

        A clock that has gone back is that of another engine: what was known before is dropped.
        """
        if not np.isfinite(time + value) or time == self._newest:
            return False
        if time < self._newest:
            self._count, self._width = 0, 0.0
        self._newest = time
        last = self._buckets[self._count - 1] if self._count else None
        if last is not None and time < last[0] + self._width:
            last[1], last[2] = min(last[1], value), max(last[2], value)
        elif last is not None and time < last[0]:
            self.fill(np.array([time]), np.array([value]))
        else:
            if self._count == self._most:
                self._put(self._buckets.copy())
            self._buckets[self._count] = time, value, value
            self._count += 1
        return True

    def fill(self, times: Array, values: Array) -> None:
        """Add readings of any time, such as the rows of a run."""
        good = np.isfinite(times) & np.isfinite(values)
        fresh = np.column_stack([times[good], values[good], values[good]])
        whole = np.concatenate([self._buckets[: self._count], fresh])
        self._put(np.unique(whole, axis=0))

    def lines(self) -> tuple[Array, Array]:
        """Times (s) and values to draw, lowest and highest of each bucket one after the other."""
        kept = self._buckets[: self._count]
        if (kept[:, 1] == kept[:, 2]).all():
            return kept[:, 0].copy(), kept[:, 1].copy()
        return np.repeat(kept[:, 0], 2), kept[:, 1:].ravel()

    def _put(self, buckets: Array) -> None:
        """Take these, rising in time, in place of what there is; joined where they are too many."""
        if len(buckets) >= self._most:
            span = buckets[-1, 0] - buckets[0, 0]
            self._width = max(2 * self._width, 2.001 * span / self._most)
        if self._width:
            number = np.floor((buckets[:, 0] - buckets[0, 0]) / self._width)
            first = np.flatnonzero(np.diff(number, prepend=-1.0))
            low, high = np.minimum.reduceat(buckets[:, 1], first), np.maximum.reduceat(buckets[:, 2], first)
            buckets = np.column_stack([buckets[first, 0], low, high])
        self._buckets[: len(buckets)] = buckets
        self._count = len(buckets)


class History:
    """All readings of the strip; `see` snapshots and `fill` with the runs that were measured before."""

    def __init__(self, most: int = MOST) -> None:
        self.traces = {channel.key: Trace(most) for channel in CHANNELS}
        self._filled: set[str] = set()

    def see(self, snapshot: Mapping[str, Any]) -> set[str]:
        """Take the newest readings; the keys of those that are new."""
        latest = snapshot.get("latest", {})
        fresh = set()
        for channel in CHANNELS:
            pair = latest.get(channel.column)
            if pair is None or pair[0] is None or pair[1] is None:
                continue
            if self.traces[channel.key].add(float(pair[1]), float(pair[0]) * channel.scale):
                fresh.add(channel.key)
        return fresh

    def missing(self, folders: Sequence[str]) -> list[str]:
        """Which of these runs have not been filled in; they count as asked for from now on."""
        fresh = [folder for folder in folders if folder not in self._filled]
        self._filled |= set(fresh)
        return fresh

    def fill(self, runs: Sequence[RunRows]) -> None:
        """Add the rows of runs of this engine."""
        for channel in CHANNELS:
            for rows in runs:
                if channel.column in rows.columns and "time (s)" in rows.columns:
                    times = rows.begun + rows.columns["time (s)"]
                    self.traces[channel.key].fill(times, rows.columns[channel.column] * channel.scale)


def channel_of(key: str) -> Channel:
    """The reading with a key. Raises KeyError."""
    return {channel.key: channel for channel in CHANNELS}[key]
