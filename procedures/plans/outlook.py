"""When each item of a plan would begin and end, by the planners of the procedures; nothing is carried out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from coldfinger.procedures.engine.build import end_of, procedure_of
from coldfinger.procedures.engine.calendar import iso
from coldfinger.procedures.engine.items import DISABLED, RUN, WAIT, Item, Night
from coldfinger.procedures.engine.moves import move_of
from coldfinger.procedures.planning import Whereabouts
from coldfinger.procedures.station import Station


@dataclass(frozen=True)
class Prospect:
    """One item of a plan: its expected beginning and end, and what speaks against it ("" for nothing)."""

    item: Item
    begins: datetime
    ends: datetime
    trouble: str = ""

    @property
    def seconds(self) -> float:
        """Expected duration (s), waiting for its time included."""
        return (self.ends - self.begins).total_seconds()

    def to_json(self) -> dict[str, Any]:
        """The item with its times (UTC, ISO 8601) and its duration (s)."""
        times = {"begins": iso(self.begins), "ends": iso(self.ends), "seconds": self.seconds}
        return {"item": self.item.to_json(), **times, "trouble": self.trouble}


def outlook(night: Night, station: Station, now: datetime) -> list[Prospect]:
    """A prospect for each item, from the station's present state; conditions on results are taken to hold."""
    since = Whereabouts(
        station.sample_field(station.magnet.field),
        max(station.controller.temperature, station.limits.lowest_temperature),
    )
    prospects = []
    for item in night.items:
        begins = now
        seconds, since, trouble = _forecast(item, station, since)
        if item.state != DISABLED:
            if item.not_before:
                now = max(now, datetime.fromisoformat(item.not_before))
            now += timedelta(seconds=seconds)
            trouble = trouble or _late(now, (item.must_end_by, night.must_end_by))
        prospects.append(Prospect(item, begins, now, trouble))
    return prospects


def _forecast(item: Item, station: Station, since: Whereabouts) -> tuple[float, Whereabouts, str]:
    """Seconds of an item, where it leaves the station, and why it cannot be run."""
    if item.state == DISABLED:
        return 0.0, since, "disabled"
    if item.kind == WAIT:
        return item.settings.get("seconds", 0.0), since, ""
    try:
        procedure = procedure_of(item) if item.kind == RUN else move_of(item)
        procedure.use(station)
        procedure.check()
        seconds = procedure.plan(since).seconds
    except ValueError as error:
        return 0.0, since, str(error)
    if item.kind == RUN:
        return seconds, end_of(procedure, since), ""
    field, temperature = item.settings.get("field"), item.settings.get("temperature")
    return seconds, Whereabouts(since.field if field is None else field, temperature or since.temperature), ""


def _late(ends: datetime, deadlines: Iterable[str]) -> str:
    late = [text for text in deadlines if text and datetime.fromisoformat(text) < ends]
    return f"late: must end by {datetime.fromisoformat(min(late)).astimezone():%a %H:%M}" if late else ""
