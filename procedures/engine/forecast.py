"""When each item of a queue will end, with what the experience of the station says about such promises."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from coldfinger.procedures.engine.calendar import Calendar, iso
from coldfinger.procedures.engine.history import History
from coldfinger.procedures.engine.items import RUN, WAIT, Item
from coldfinger.procedures.engine.queue import is_open


@dataclass(frozen=True)
class Expected:
    """One open item: expected duration and its s.d. (s); the end is counted from now once `since` is asked."""

    id: str
    seconds: float
    sd: float
    ends: str = ""
    ends_sd: float = 0.0


@dataclass(frozen=True)
class Forecast:
    """The open items of a queue in their order."""

    items: tuple[Expected, ...]

    def since(self, now: float, calendar: Calendar, running: Mapping[str, Any]) -> "Forecast":
        """The same with the time of day at which each will end; `running` has the id and the clock of its beginning."""
        passed, variance, ended = 0.0, 0.0, []
        for item in self.items:
            left, sd = item.seconds, item.sd
            if item.id == running.get("id"):
                gone = now - running["begun"]
                left, sd = max(left - gone, 0.05 * gone), item.sd
            passed += left
            variance += sd**2
            ended.append(replace(item, ends=iso(calendar.in_seconds(passed)), ends_sd=math.sqrt(variance)))
        return Forecast(tuple(ended))

    def to_json(self) -> dict[str, Any]:
        """End of the whole and of each item."""
        last = self.items[-1] if self.items else None
        return {
            "utc": last.ends if last else "",
            "sd_seconds": last.ends_sd if last else 0.0,
            "items": {
                item.id: {"utc": item.ends, "sd_seconds": item.ends_sd, "seconds": item.seconds} for item in self.items
            },
        }


def forecast(items: Iterable[Item], predict: Callable[[Item], float], history: History) -> Forecast:
    """Expected duration of every open item; predictions (s) are corrected by experience."""
    expected = []
    for item in items:
        if not is_open(item):
            continue
        predicted = predict(item)
        seconds, sd = (
            history.of(item.procedure).seconds(predicted) if item.kind == RUN else (predicted, 0.1 * predicted)
        )
        expected.append(Expected(item.id, seconds, 0.0 if item.kind == WAIT else sd))
    return Forecast(tuple(expected))
