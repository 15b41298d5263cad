"""Says, when a run is over, that some of its rows are not believed: once, from the engine's snapshots."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MANY = 0.1
"""Share of rows from which on it is a warning."""
_OVER = ("done", "partial", "failed", "skipped")


@dataclass(frozen=True)
class Flagged:
    """One run with rows that are not believed; `level` of the message, `folder` of its last part."""

    level: str
    text: str
    folder: str


class FlagWatch:
    """`see` every snapshot; what was over before the first one is not told."""

    def __init__(self) -> None:
        self._told: set[str] | None = None

    def see(self, snapshot: Mapping[str, Any]) -> list[Flagged]:
        """The runs that are over since the last snapshot, and have such rows."""
        over = [item for item in snapshot.get("items", ()) if item["state"] in _OVER and item.get("folders")]
        known, self._told = self._told, {_key(item) for item in over}
        if known is None:
            return []
        return [_flagged(item) for item in over if item["disbelieved"] and _key(item) not in known]


def _key(item: Mapping[str, Any]) -> str:
    return f"{item['id']} {item['folders'][-1]}"


def _flagged(item: Mapping[str, Any]) -> Flagged:
    bad, rows = int(item["disbelieved"]), int(item["rows"])
    level = "warning" if bad > MANY * rows else "info"
    which = "1 row is" if bad == 1 else f"{bad} rows are"
    text = f"{item['name']}: {which} not believed, of {rows}. They are kept and drawn as crosses; no fit uses them."
    return Flagged(level, text, str(item["folders"][-1]))
