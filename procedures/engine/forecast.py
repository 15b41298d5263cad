"""When each item of a queue will end, with what the experience of the station says about such promises."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.engine.build import end_of, procedure_of
from coldfinger.procedures.engine.calendar import Calendar, iso
from coldfinger.procedures.engine.history import History
from coldfinger.procedures.engine.items import DISABLED, SET, WAIT, Item
from coldfinger.procedures.engine.moves import move_of
from coldfinger.procedures.engine.queue import is_open
from coldfinger.procedures.planning import Whereabouts
from coldfinger.procedures.station import Station


@dataclass(frozen=True)
class Expected:
    """One open item: expected duration and its s.d. (s); the end is counted from now once `since` is asked.

    `shared` (s) is the part of the s.d. that all items of the same `kind` have in common.
    """

    id: str
    seconds: float
    sd: float
    shared: float = 0.0
    kind: str = ""
    ends: str = ""
    ends_sd: float = 0.0


class Doubt:
    """The s.d. of a sum of durations: shared parts of the same kind add up, everything else in squares."""

    def __init__(self) -> None:
        self._own = 0.0
        self._shared: dict[str, float] = {}

    def add(self, item: Expected) -> float:
        """Take one more item in; the s.d. (s) of the sum with it."""
        self._own += max(item.sd**2 - item.shared**2, 0.0)
        self._shared[item.kind] = self._shared.get(item.kind, 0.0) + item.shared
        return math.sqrt(self._own + math.fsum(shared**2 for shared in self._shared.values()))


@dataclass(frozen=True)
class Forecast:
    """The open items of a queue in their order."""

    items: tuple[Expected, ...]

    def since(self, now: float, calendar: Calendar, running: Mapping[str, Any]) -> "Forecast":
        """The same with the time of day at which each will end; `running` has the id and the clock of its beginning."""
        passed, doubt, ended = 0.0, Doubt(), []
        for item in self.items:
            left = item.seconds
            if item.id == running.get("id"):
                gone = now - running["begun"]
                left = max(left - gone, 0.05 * gone)
            passed += left
            ended.append(replace(item, ends=iso(calendar.in_seconds(passed)), ends_sd=doubt.add(item)))
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


@dataclass(frozen=True)
class Planned:
    """An item from a place: the seconds it would take, where it ends, and why it cannot be run ("" for nothing)."""

    seconds: float
    end: Whereabouts
    trouble: str = ""


class Forecaster:
    """Predicts items of a queue at a station; what has been predicted once from the same place is remembered.

    Plans are made from where the items before leave field and temperature; no instrument is asked.
    """

    def __init__(self, station: Station, history: History) -> None:
        self._station, self._history = station, history
        self._known: dict[str, tuple[tuple[Any, ...], Planned]] = {}
        self._seconds: dict[str, float] = {}

    def predict(self, item: Item) -> float:
        """Seconds that an item takes, before experience, by the last look; 0 for one that cannot be planned."""
        return self._seconds.get(item.id, 0.0)

    def look(self, items: Iterable[Item], start: Whereabouts) -> Forecast:
        """Predict all items, which begin at `start`, and expect the open ones."""
        expected, place, seconds = [], start, {}
        for item in items:
            if item.state == DISABLED:
                continue
            planned = self._planned(item, place)
            place, seconds[item.id] = planned.end, planned.seconds
            if is_open(item):
                expected.append(expect(item, planned.seconds, self._history))
        self._seconds = seconds
        return Forecast(tuple(expected))

    def _planned(self, item: Item, place: Whereabouts) -> Planned:
        key = (place, item.kind, item.procedure, repr(item.parameters), repr(item.settings))
        known = self._known.get(item.id)
        if known is None or known[0] != key:
            known = (key, plan_item(item, self._station, place))
            self._known[item.id] = known
        return known[1]


def plan_item(item: Item, station: Station, place: Whereabouts, check: bool = False) -> Planned:
    """What an item would do from a place; one that cannot be planned takes 0 s and stays there.

    With `check` the limits are asked, too, and what they refuse is not planned; an instrument may be asked for it.
    """
    if item.kind == WAIT:
        return Planned(float(item.settings["seconds"]), place)
    try:
        procedure: TransportProcedure = move_of(item) if item.kind == SET else procedure_of(item)
        procedure.use(station)
        if check:
            procedure.check()
        seconds = procedure.plan(place).seconds
    except ValueError as error:
        return Planned(0.0, place, str(error))
    if item.kind != SET:
        return Planned(seconds, end_of(procedure, place))
    field, temperature = item.settings.get("field"), item.settings.get("temperature")
    return Planned(seconds, Whereabouts(place.field if field is None else field, temperature or place.temperature))


def expect(item: Item, predicted: float, history: History) -> Expected:
    """Expected duration of an item, corrected by experience."""
    if item.kind == WAIT:
        return Expected(item.id, predicted, 0.0)
    kind = item.procedure or item.kind
    experience = history.of(kind)
    seconds, sd = experience.seconds(predicted)
    return Expected(item.id, seconds, sd, seconds * experience.shared, kind)
