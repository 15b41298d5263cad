"""How long things really took here, against what was predicted: what makes the clock on the wall believable.

Learned from the journals of earlier nights of the same station in the same data folder.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from coldfinger.procedures.engine.items import DONE, Item
from coldfinger.procedures.engine.queue_journal import nights, read_queue
from coldfinger.runfiles.disk import RunFileError

_PRIOR_SD = 0.10  # of ln(taken / predicted), before anything is known: predictions promise ten percent
_PRIOR_WEIGHT = 3.0  # nights' worth of that
_NEWEST = 20  # nights that are looked at
_OVERHEAD = 5.0  # s, below which a ratio says nothing


@dataclass(frozen=True)
class Experience:
    """Natural logarithm of taken over predicted time: its mean, and the s.d. of one more item.

    `shared` is the part of the s.d. that is the same for all items to come: twelve ramps of one family that are
    planned too short are all planned too short.
    """

    mean: float = 0.0
    sd: float = _PRIOR_SD
    shared: float = _PRIOR_SD

    def seconds(self, predicted: float) -> tuple[float, float]:
        """Expected seconds and their s.d. for a predicted duration."""
        expected = predicted * math.exp(self.mean)
        return expected, expected * self.sd


class History:
    """Experience by procedure; procedures without any get that of all."""

    def __init__(self, ratios: Iterable[tuple[str, float]] = ()) -> None:
        self._logs: dict[str, list[float]] = {}
        for procedure, ratio in ratios:
            self.learn(procedure, ratio)

    def learn(self, procedure: str, ratio: float) -> None:
        """Take in taken/predicted of one finished item; what is not a positive number teaches nothing."""
        if ratio > 0 and math.isfinite(ratio):
            self._logs.setdefault(procedure, []).append(math.log(ratio))

    def of(self, procedure: str) -> Experience:
        """What to expect of a procedure: its own past, held near ten percent while there is little of it."""
        logs = self._logs.get(procedure, [])
        if not logs:
            return Experience()
        mean = sum(logs) / (len(logs) + _PRIOR_WEIGHT)
        spread = stdev(logs) if len(logs) > 1 else _PRIOR_SD
        weight = len(logs) / (len(logs) + _PRIOR_WEIGHT)
        held_back = (1.0 - weight) * fmean(logs)  # what was seen and is not believed yet
        shared = math.hypot(math.sqrt(1.0 - weight) * _PRIOR_SD, held_back)
        return Experience(mean, math.hypot(math.sqrt(weight) * spread, shared), shared)

    @property
    def mean(self) -> float:
        """Mean of ln(taken / predicted) of everything."""
        logs = [value for values in self._logs.values() for value in values]
        return fmean(logs) if logs else 0.0

    def learn_item(self, item: Item) -> None:
        """Take in an item that was done in one go, if it says something."""
        if item.state != DONE or item.attempts > 1 or not item.predicted_seconds or not item.seconds:
            return
        if item.predicted_seconds > _OVERHEAD:
            self.learn(item.procedure or item.kind, item.seconds / item.predicted_seconds)


def past_nights(data: Path, station: str) -> History:
    """The history of a station (by its name) in a data folder; nights that cannot be read teach nothing."""
    history = History()
    for folder in nights(data)[-_NEWEST:]:
        try:
            record = read_queue(folder)
        except RunFileError:
            continue
        if record.start.get("station", {}).get("name") == station:
            for item in record.items:
                history.learn_item(item)
    return history
