"""The manifest of a family that a queue measures: which run, and which parts of it, belong to which curve."""

import json
from collections.abc import Iterable
from pathlib import Path

from coldfinger.procedures.engine.items import DISABLED, Item
from coldfinger.runfiles.disk import Disk, RunFileError, cause_and_remedy


def write_manifest(
    data: Path, night: str, station: str, simulated: bool, items: Iterable[Item], disk: Disk | None = None
) -> Path | None:
    """Write (again, whole) the manifest of the family whose members are given; None when there is none.

    Raises RunFileError; the manifest that was there before stays then.
    """
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
    try:
        _replace(path, (json.dumps(content, indent=2) + "\n").encode(), disk or Disk())
    except OSError as error:
        cause, remedy = cause_and_remedy(error)
        raise RunFileError(f"manifest {path}: it could not be written: {cause}; {remedy}") from error
    return path


def _replace(path: Path, content: bytes, disk: Disk) -> None:
    """A file with this content, durable, in the place of another; a reader sees the old one or the new one."""
    fresh = path.with_suffix(".json.new")
    disk.unlink(fresh)  # of a program that was killed here
    handle = disk.open(fresh)
    try:
        while content:
            taken = disk.write(handle, content)
            if taken <= 0:
                raise OSError("the disk took no bytes")
            content = content[taken:]
        disk.fsync(handle)
    finally:
        disk.close(handle)
    disk.replace(path, fresh)
    disk.fsync_folder(path.parent)
