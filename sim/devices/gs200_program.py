"""The program of a GS200: levels that are taken one after the other, each reached by a ramp.

A step lasts the interval. In the first part of it, the slope time, the output goes straight from where it was to the
step's level; then it stays there. Slope and interval alike give one continuous ramp.
"""

import math

SHORTEST = 0.1  # s of a step; also how often the output moves in a ramp (assumed)
MOST_STEPS = 10000


class Program:
    """Steps (V or A) with their times (s); `begin` starts it at a time of the laboratory."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.interval = 1.0
        self.slope = 0.0
        self.repeat = False
        self.first = 0
        self._from = 0.0  # level at which it began
        self._since: float | None = None  # when it began, later by what it has been held
        self._elapsed = 0.0  # s, while it is held

    def begin(self, now: float, level: float) -> None:
        """Run from the chosen step on, from the present level."""
        self._from, self._since = level, now

    def stop(self) -> None:
        """Forget where it was."""
        self._since, self._elapsed, self.first = None, 0.0, 0

    def hold(self, now: float) -> None:
        """Stay where it is; nothing when it does not run."""
        if self._since is not None:
            self._elapsed, self._since = now - self._since, None

    def go_on(self, now: float) -> None:
        """After `hold`; nothing otherwise."""
        if self._since is None and self._elapsed > 0.0:
            self._since = now - self._elapsed

    def next_look(self, now: float) -> float:
        """When the output moves next; inf when it does not."""
        if self._since is None:
            return math.inf
        return self._since + SHORTEST * (math.floor((now - self._since) / SHORTEST + 1e-6) + 1)

    def _passed(self, now: float) -> float:
        """Seconds into the program, a hair more so that a step that is due has begun."""
        return (self._elapsed if self._since is None else now - self._since) + 1e-6

    def step(self, now: float) -> int:
        """The step that is being taken, counted from zero."""
        index = self.first + int(self._passed(now) / self.interval)
        if self.repeat and self.steps:
            return index % len(self.steps)
        return max(min(index, len(self.steps) - 1), 0)

    def over(self, now: float) -> bool:
        """Whether every step has been taken."""
        return not self.repeat and self.first + int(self._passed(now) / self.interval) >= len(self.steps)

    def level(self, now: float) -> float:
        """The level (V or A) at a time."""
        if self.over(now):
            return self.steps[-1]
        index, passed = self.step(now), self._passed(now) % self.interval
        began = self._passed(now) < self.interval
        before = self._from if began else self.steps[index - 1]
        share = 1.0 if self.slope == 0.0 else min(passed / self.slope, 1.0)
        return before + share * (self.steps[index] - before)
