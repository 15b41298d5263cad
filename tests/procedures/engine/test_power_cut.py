"""The power goes in the middle of a night: what was synced is there, at most half a second of rows is not, it goes on.

The model of a disk: bytes are volatile until their file is synced, names until their folder is. After the cut a file
holds its synced bytes and, as chance has it, nothing, a part, or zeros where the rest was.
"""

import os
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from coldfinger.instruments.clock import WallClock
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.procedures.engine.queue_journal import nights, read_queue
from coldfinger.runfiles.disk import Disk
from coldfinger.runfiles.reader import read_run
from tests.procedures.engine.short_nights import RAMP, assert_complete, assert_honest, carried_out, resumed

LONGEST_LOSS = 0.5  # s, as the documents say
SLACK = 0.5  # s, for a busy machine


@dataclass
class Image:
    """What a power cut leaves: durable content and what was on its way, by path below the data folder."""

    when: float
    durable: dict[str, bytes] = field(default_factory=dict)
    volatile: dict[str, bytes] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    def write(self, folder: Path, chance: random.Random) -> None:
        """The folder as the next start finds it."""
        for name in self.folders:
            (folder / name).mkdir(parents=True)
        for name, content in self.durable.items():
            tail = self.volatile[name]
            kept = chance.choice((b"", tail[: chance.randrange(len(tail) + 1)], bytes(len(tail))))
            (folder / name).write_bytes(content + kept)


class PowerDisk(Disk):
    """The real disk, and a memory of what of it would survive; takes an image before each call that `cuts` names."""

    def __init__(self, root: Path, cuts: Callable[[int], bool]) -> None:
        self.root, self.cuts = root, cuts
        self.calls = 0
        self.images: list[Image] = []
        self._lock = threading.RLock()
        self._names: dict[str, dict[str, int]] = {}  # folder -> names in it that are durable, with their inodes
        self._synced: dict[int, int] = {}  # inode -> bytes that are durable
        self._clock = WallClock()

    def _called(self) -> None:
        with self._lock:
            self.calls += 1
            if self.cuts(self.calls):
                self.images.append(self._image())

    def open(self, path: Path) -> int:
        self._called()
        return super().open(path)

    def mkdir(self, path: Path) -> None:
        self._called()
        super().mkdir(path)

    def write(self, handle: int, data: bytes) -> int:
        self._called()
        return super().write(handle, data)

    def fsync(self, handle: int) -> None:
        size = os.fstat(handle).st_size
        super().fsync(handle)
        with self._lock:
            self._synced[os.fstat(handle).st_ino] = size

    def fsync_folder(self, path: Path) -> None:
        with os.scandir(path) as entries:
            found = {entry.name: entry.inode() for entry in entries}
        super().fsync_folder(path)
        with self._lock:
            self._names[str(path)] = found

    def replace(self, path: Path, by: Path) -> None:
        self._called()
        super().replace(path, by)

    def _image(self) -> Image:
        image = Image(self._clock.time())
        for path in self._durable_files(self.root, image):
            content, name = path.read_bytes(), str(path.relative_to(self.root))
            size = self._synced.get(path.stat().st_ino, 0)
            image.durable[name], image.volatile[name] = content[:size], content[size:]
        return image

    def _durable_files(self, folder: Path, image: Image) -> Iterator[Path]:
        for name, inode in self._names.get(str(folder), {}).items():
            path = folder / name
            if not path.exists() or path.stat().st_ino != inode:
                continue  # replaced since, and the new one is not durable yet: taken as lost altogether
            if path.is_dir():
                image.folders.append(str(path.relative_to(self.root)))
                yield from self._durable_files(path, image)
            else:
                yield path


@pytest.mark.parametrize("seed", range(4))
def test_after_a_power_cut_at_any_instant_the_night_goes_on_from_what_was_durable(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = tmp_path / "data"
    disk = PowerDisk(data, lambda call: call > 6 and chance.random() < 0.15)
    assert carried_out(data, RAMP, disk=disk).outcome == "done"
    assert len(disk.images) > 2
    for number, image in enumerate(disk.images):
        after = tmp_path / f"after {number}"
        after.mkdir()
        image.write(after, chance)
        assert_journal_lost_nothing(image)
        assert_honest_where_begun(after)
        before = {path.parent.name: read_run(path).frame for path in readable_runs(after)}
        ending = resumed(after)
        assert ending is not None
        assert ending.outcome == "done", ending.reason
        assert_complete(after, 9, RAMP)
        for folder, frame in before.items():
            assert read_run(after / folder).frame.equals(frame)


def assert_journal_lost_nothing(image: Image) -> None:
    """An event of the queue is synced before anything else is begun."""
    assert [tail for name, tail in image.volatile.items() if name.startswith("queue/")] == [b""]


def readable_runs(data: Path) -> list[Path]:
    return [path for path in data.glob("*/run.jsonl") if b"\n" in path.read_bytes()]


def assert_honest_where_begun(data: Path) -> None:
    (night,) = nights(data)
    assert read_queue(night).items
    if len(readable_runs(data)) == len(list(data.glob("*/run.jsonl"))):
        assert_honest(data)


def test_at_most_half_a_second_of_rows_is_lost(tmp_path: Path) -> None:
    """A computer that stands still for a moment may spoil an attempt, a writer that loses more spoils each."""
    worst = (worst_loss(tmp_path / str(attempt)) for attempt in range(3))
    assert any(0.0 < seconds < LONGEST_LOSS + SLACK for seconds in worst)


def worst_loss(folder: Path) -> float:
    """Longest time (s) of which the rows were lost, over many cuts."""
    folder.mkdir()
    chance = random.Random(5)
    disk = PowerDisk(folder, lambda call: call > 4 and chance.random() < 0.1)
    clock, recorded = WallClock(), []
    with RunWriter(folder / "run", header={"simulated": True}, columns=["T (K)"], disk=disk) as writer:
        began = clock.time()
        while clock.time() < began + 2.0 or len(disk.images) <= 20:
            index = writer.point({"T (K)": 0.05})
            recorded.append((index, clock.time()))
            clock.sleep(0.005)
        writer.end("done")
    worst = 0.0
    for number, image in enumerate(disk.images):
        after = folder / f"after {number}"
        after.mkdir()
        image.write(after, random.Random(number))
        kept = set(read_run(after / "run").frame.index)
        lost = [when for index, when in recorded if when < image.when and index not in kept]
        worst = max(worst, image.when - min(lost, default=image.when))
    return worst


def test_a_night_whose_names_are_not_durable_would_be_lost_by_this_model(tmp_path: Path) -> None:
    class Careless(PowerDisk):
        def fsync_folder(self, path: Path) -> None:
            pass

    disk = Careless(tmp_path / "data", lambda call: call == 30)
    carried_out(tmp_path / "data", RAMP, disk=disk)
    (image,) = disk.images
    assert image.durable == {}


def test_a_row_that_is_not_synced_would_be_lost_by_this_model(tmp_path: Path) -> None:
    class Careless(PowerDisk):
        def fsync(self, handle: int) -> None:
            pass

    disk: Any = Careless(tmp_path / "data", lambda call: call == 30)
    carried_out(tmp_path / "data", RAMP, disk=disk)
    assert set(disk.images[0].durable.values()) == {b""}
