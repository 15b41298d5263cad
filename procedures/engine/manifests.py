"""The manifest of a family that a queue measures: which run, and which parts of it, belong to which curve."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from coldfinger.procedures.engine.items import DISABLED, Item


def write_manifest(data: Path, night: str, station: str, simulated: bool, items: Iterable[Item]) -> Path | None:
    """Write (again, whole) the manifest of the family whose members are given; None when there is none."""
    members = [item for item in items if item.family is not None and item.state != DISABLED]
    if not members or members[0].family is None:
        return None
    family = members[0].family
    runs = [
        {
            family.key: item.family.value,
            "folder": item.folders[-1],
            "parts": list(item.folders),
            "outcome": item.state,
            "rows": item.rows,
            "believed": item.rows - item.disbelieved,
        }
        for item in members
        if item.family is not None and item.folders
    ]
    content = {
        "schema": 1,
        "kind": family.kind,
        "simulated": simulated,
        "station": station,
        "wanted": [item.family.value for item in members if item.family is not None],
        "runs": runs,
    }
    path = data / f"{night}_family-{family.id}.json"
    fresh = path.with_suffix(".json.new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    return path
