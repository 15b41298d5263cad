"""Notices that the computer slept, that the program stood still, or that somebody set the clock on the wall.

Three clocks are compared at every look. One that stands still while the computer sleeps (all waits use it), one that
runs on (Linux tells it), and the time of day, which people and time servers may set. No duration is ever taken from the
time of day, so that setting it changes nothing but what is written beside the events.
"""

from collections.abc import Callable
from dataclasses import dataclass

from coldfinger.instruments.clock import Moment, moment

LONGEST_LOOK = 60.0  # s between two looks, beyond which the program stood still
_SLACK = 2.0  # s that clocks may differ between two looks without a word


@dataclass(frozen=True)
class Gap:
    """Something happened to time. After a standstill (`stood_still`) nobody knows what the station did meanwhile."""

    seconds: float
    text: str
    stood_still: bool


class Standstill:
    """Compares the clocks, look by look; `now` reads them."""

    def __init__(self, now: Callable[[], Moment] = moment) -> None:
        self._now = now
        self._last = now()

    def look(self) -> Gap | None:
        """What happened since the last look, if anything did."""
        last, self._last = self._last, self._now()
        ran = self._last.running - last.running
        passed = max(ran, self._last.since_boot - last.since_boot)
        of_day = self._last.of_day - last.of_day
        if passed - ran > _SLACK or ran > LONGEST_LOOK:
            return Gap(passed, f"the computer slept or the program stood still for {passed:.0f} s", True)
        if abs(of_day - passed) > _SLACK:
            step = of_day - passed
            text = f"the clock on the wall was set {'forward' if step > 0 else 'back'} by {abs(step):.0f} s"
            if step > LONGEST_LOOK and not self._last.counts_sleep:
                return Gap(step, f"{text}, or the computer slept", True)
            return Gap(step, f"{text}; no duration is changed by it", False)
        return None
