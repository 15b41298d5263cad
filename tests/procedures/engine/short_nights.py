"""Nights that take a fraction of a second, disks that fail, and what must hold on disk whatever happened."""

import errno
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coldfinger.procedures.engine.engine import Ending
from coldfinger.procedures.engine.items import RUN, Family, Item, Night
from coldfinger.procedures.engine.queue_journal import nights, read_queue
from coldfinger.procedures.engine.resume import night_of, unfinished
from coldfinger.procedures.engine.wiring import engine_for
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.runfiles.disk import Disk
from coldfinger.runfiles.journal import decode
from coldfinger.runfiles.parts import Parts, read_parts
from coldfinger.runfiles.reader import read_run

FAMILY = Family("f", "R(T) family", "field_Oe", 0.0)
CHECK = Item(RUN, "1", "linearity", "LinearityCheck", {"where": "here"}, family=FAMILY)
RAMP = Item(
    RUN,
    "1",
    "ramp",
    "TemperatureRamp",
    {"start": 0.3, "stop": 0.25, "points": 4, "excitation": "gentle"},
    family=FAMILY,
)
CALLS = ("mkdir", "open", "lock", "write", "truncate", "fsync", "fsync_folder", "close", "replace", "unlink")


class TroubledDisk(Disk):
    """Counts its calls; while `fails(name, count)` says so they raise `error`, a write after half of its bytes."""

    def __init__(self, fails: Callable[[str, int], bool] = lambda name, count: False, error: int = errno.EIO) -> None:
        self.fails, self.error = fails, error
        self.calls: Counter[str] = Counter()
        self.failed: list[str] = []

    def called(self, name: str, *arguments: Any) -> Any:
        self.calls[name] += 1
        if not self.fails(name, self.calls[name]):
            return getattr(Disk, name)(self, *arguments)
        self.failed.append(name)
        if name == "write":
            Disk.write(self, arguments[0], arguments[1][: len(arguments[1]) // 2])
        if name == "close":
            Disk.close(self, *arguments)
        raise OSError(self.error, os.strerror(self.error))


for _name in CALLS:
    setattr(TroubledDisk, _name, lambda self, *arguments, _name=_name: self.called(_name, *arguments))


def carried_out(data: Path, *items: Item, disk: Disk | None = None, **options: Any) -> Ending:
    """A new night of these items, to its end; the simulated station is then asked whether it is safe."""
    with engine_for(Night("short", items), read_station_file("sim"), data, disk=disk, **options) as engine:
        ending = engine.run()
        assert engine.station.source.voltage < 0.0041
        assert engine.station.controller.heater_range == 0.0
    return ending


def resumed(data: Path, disk: Disk | None = None, **options: Any) -> Ending | None:
    """The newest unfinished night of `data`, to its end; None when there is none."""
    record = unfinished(data)
    if record is None:
        return None
    with engine_for(
        night_of(record, data), read_station_file("sim"), data, record=record, disk=disk, **options
    ) as engine:
        return engine.run()


def points_of(data: Path) -> dict[str, list[bytes]]:
    """Every whole line with a point, byte by byte, by run folder."""
    return {
        path.parent.name: [
            line
            for line in path.read_bytes().split(b"\n")[:-1]
            if b'"event":"point"' in line and decode(line) is not None
        ]
        for path in data.glob("*/run.jsonl")
    }


def assert_only_grew(before: dict[str, list[bytes]], after: dict[str, list[bytes]]) -> None:
    """What was recorded once is there bit by bit."""
    for folder, lines in before.items():
        assert after[folder][: len(lines)] == lines


def joined(data: Path, id: str = "1") -> Parts:
    """All parts of an item of the newest night; no part has a hole."""
    item = next(item for item in read_queue(nights(data)[-1]).items if item.id == id)
    parts = read_parts([data / folder for folder in item.folders])
    assert not any(run.gaps for run in parts.runs)
    return parts


def assert_complete(data: Path, rows: int, item: Item) -> None:
    """The newest night is done, its rows are all there and each once, and the manifest names every part."""
    record = read_queue(nights(data)[-1])
    assert [found.state for found in record.items] == ["done"]
    assert record.ended["outcome"] == "done"
    parts = joined(data)
    assert (len(parts.frame), parts.outcome) == (rows, "done")
    assert item.family is not None
    manifest = json.loads((data / f"{record.folder.name}_family-{item.family.id}.json").read_text())
    assert [run["parts"] for run in manifest["runs"]] == [list(record.items[0].folders)]


def assert_honest(data: Path) -> None:
    """No line of any journal joins two events, no number is given twice, and each table holds the rows of its run."""
    for path in data.glob("*/run.jsonl"):
        run = read_run(path)
        assert not run.frame.index.duplicated().any()
        assert run.gaps == ()
