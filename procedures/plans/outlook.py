"""When each item of a plan would begin and end, by the planners of the procedures; nothing is carried out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from coldfinger.procedures.engine.calendar import iso
from coldfinger.procedures.engine.forecast import plan_item
from coldfinger.procedures.engine.items import DISABLED, Item, Night
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


def outlook(night: Night, station: Station, now: datetime, since: Whereabouts | None = None) -> list[Prospect]:
    """A prospect for each item, from `since` or the station's present state; conditions are taken to hold."""
    since = since or Whereabouts(
        station.sample_field(station.magnet.field),
        max(station.controller.temperature, station.limits.lowest_temperature),
    )
    prospects = []
    for item in night.items:
        begins = now
        if item.state == DISABLED:
            prospects.append(Prospect(item, begins, now, "disabled"))
            continue
        planned = plan_item(item, station, since, check=True)
        since = planned.end
        if item.not_before:
            now = max(now, datetime.fromisoformat(item.not_before))
        now += timedelta(seconds=planned.seconds)
        trouble = planned.trouble or _late(now, (item.must_end_by, night.must_end_by))
        prospects.append(Prospect(item, begins, now, trouble))
    return prospects


def _late(ends: datetime, deadlines: Iterable[str]) -> str:
    late = [text for text in deadlines if text and datetime.fromisoformat(text) < ends]
    return f"late: must end by {datetime.fromisoformat(min(late)).astimezone():%a %H:%M}" if late else ""
