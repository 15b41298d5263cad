"""A disk that fills up or becomes read-only, a folder that vanishes: in the middle of a night."""

import contextlib
import errno
import resource
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coldfinger.instruments.clock import WallClock, wait_until
from coldfinger.procedures.engine.engine import Ending, Engine
from coldfinger.procedures.engine.face import Refused
from coldfinger.procedures.engine.items import Night
from coldfinger.procedures.engine.queue_journal import nights, read_queue
from coldfinger.procedures.engine.wiring import engine_for
from coldfinger.procedures.laboratory.station_file import read_station_file
from tests.procedures.engine.short_nights import (
    RAMP,
    TroubledDisk,
    assert_complete,
    assert_honest,
    assert_only_grew,
    points_of,
    resumed,
)

CLOCK = WallClock()
SIZE = 256_000  # bytes of the small file system


class Watched(Engine):
    """Calls `at_row` with the number of rows so far, after each."""

    at_row: Callable[[int], None]
    rows = 0

    def _watch(self, topic: str, record: Any) -> None:
        super()._watch(topic, record)
        if topic == "results":
            self.rows += 1
            self.at_row(self.rows)


@contextlib.contextmanager
def running(data: Path, at_row: Callable[[int], None] = lambda row: None, **options: Any) -> Iterator[Engine]:
    """A night that waits for a person when it is held, in a thread of its own."""
    with engine_for(Night("short", (RAMP,)), read_station_file("sim"), data, patience=120.0, **options) as engine:
        engine.__class__ = Watched
        engine.at_row = at_row  # type: ignore[attr-defined]
        endings: list[Ending] = []
        thread = threading.Thread(target=lambda: endings.append(engine.run()))
        thread.start()
        try:
            yield engine
        finally:
            engine.command("stop")
            thread.join(60.0)
            assert not thread.is_alive()
            assert all(report.done for report in endings[0].safe)


def until(engine: Engine, state: str, reason: str = "") -> None:
    """Until the engine is in a state for a reason with this text, and has nothing in hand."""
    end = CLOCK.time() + 60.0
    while (shown := engine.snapshot())["state"] != state or shown["running"] or reason not in shown["reason"]:
        assert CLOCK.time() < end, shown
        CLOCK.sleep(0.01)


def assert_held_and_safe(engine: Engine, data: Path) -> dict[str, list[bytes]]:
    """Nothing more than what is on disk is called measured; the station is safe and the queue knows what is left."""
    shown = engine.snapshot()
    assert [item["state"] for item in shown["items"]] == ["partial"]
    assert {item["done"] for item in shown["safe"]} == {True}
    assert "alarm" in {event["level"] for event in engine.events()}
    assert_honest(data)
    points = points_of(data)
    assert sum(map(len, points.values())) == shown["items"][0]["rows"]
    return points


@contextlib.contextmanager
def small_disk(folder: Path, room: int) -> Iterator[Callable[[], None]]:
    """At `folder` there is `room` (bytes) left, until what is yielded is called.

    A file system of its own where this user may mount one, else a limit to the length of each file.
    """
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode == 0:
        ballast = folder / "ballast"
        free = shutil.disk_usage(folder).free
        ballast.write_bytes(bytes(free - room))
        try:
            yield ballast.unlink
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000 + room // 4, before[1]))
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", range(12_288, 34_817, 2048))
def test_a_real_disk_that_fills_up_holds_the_queue_which_goes_on_when_there_is_space(tmp_path: Path, room: int) -> None:
    with small_disk(tmp_path / "small", room) as free_space:
        data = tmp_path / "small" / "data"
        with running(data) as engine:
            until(engine, "held", "free space")
            before = assert_held_and_safe(engine, data)
            free_space()
            engine.command("resume")
            until(engine, "idle")
            assert [item.state for item in engine.queue.items] == ["done"]
        assert_only_grew(before, points_of(data))
        assert_honest(data)


def test_a_full_disk_is_told_within_a_second_and_no_row_is_measured_meanwhile(tmp_path: Path) -> None:
    class Full(TroubledDisk):
        filled = 0.0

        def called(self, name: str, *arguments: Any) -> Any:
            try:
                return super().called(name, *arguments)
            except OSError:
                self.filled = self.filled or CLOCK.time()
                raise

    full = [False]
    disk: Any = Full(lambda name, count: full[0] and name == "write", errno.ENOSPC)

    def at_row(row: int) -> None:
        full[0] = row == 4

    with running(tmp_path, at_row, disk=disk) as engine:
        wait_until(
            lambda: any(event["level"] == "alarm" for event in engine.events()),
            CLOCK,
            poll=0.001,
            timeout=60,
            what="alarm",
        )
        assert CLOCK.time() - disk.filled < 1.0
        until(engine, "held")
        assert engine.snapshot()["items"][0]["rows"] == 4
        with pytest.raises(Refused, match=r"the queue stays held: .*the disk is full; free space") as refused:
            engine.command("resume")
        assert_told_in_four_parts(str(refused.value))
        assert engine.snapshot()["state"] == "held"
        full[0] = False
        engine.command("resume")
        until(engine, "idle")
    assert_complete_but_for_the_end(tmp_path)


def assert_told_in_four_parts(text: str) -> None:
    """Of a queue with one item left that is held in the safe state and cannot be written down."""
    parts = (
        "the queue stays held: ",
        "the disk is full; free space. Everything measured is kept, but what is done to the queue now would be lost",
        "; excitation, bias and heater are off, the magnet is safe (",
        "). Nothing new begins, 1 item is left. See to the cause, then continue the queue.",
    )
    places = [text.find(part) for part in parts]
    assert -1 not in places, text
    assert places == sorted(places)


def test_a_disk_that_fills_up_while_the_queue_is_held_is_told_in_four_parts(tmp_path: Path) -> None:
    full = [False]
    disk = TroubledDisk(lambda name, count: full[0] and name == "write", errno.ENOSPC)
    with running(tmp_path, disk=disk) as engine:
        until(engine, "idle", "the queue is empty")
        engine.command("hold")
        engine.command("add", items=[RAMP.but(id="").to_json()])
        full[0] = True
        engine.command("policy", action="next")
        (alarm,) = (event["text"] for event in engine.events() if event["kind"] == "journal")
        assert_told_in_four_parts(alarm)
        full[0] = False
        engine.command("resume")
        until(engine, "idle")
    assert [item.state for item in read_queue(nights(tmp_path)[-1]).items] == ["done", "done"]


def assert_complete_but_for_the_end(data: Path) -> None:
    """As `assert_complete`, of a night that was told to stop when nothing was left to do."""
    record = read_queue(nights(data)[-1])
    assert [item.state for item in record.items] == ["done"]
    assert_honest(data)


def test_a_disk_that_becomes_read_only_holds_the_queue_and_another_program_goes_on(tmp_path: Path) -> None:
    read_only = [False]
    disk = TroubledDisk(lambda name, count: read_only[0] and name != "close", errno.EROFS)

    def at_row(row: int) -> None:
        read_only[0] = row >= 5

    with running(tmp_path, at_row, disk=disk) as engine:
        until(engine, "held", "the disk is read-only; use another folder")
        assert_held_and_safe(engine, tmp_path)
        before = points_of(tmp_path)
    ending = resumed(tmp_path)
    assert ending is not None
    assert ending.outcome == "done"
    assert_only_grew(before, points_of(tmp_path))
    assert_complete(tmp_path, 9, RAMP)


def test_a_data_folder_that_is_moved_away_is_noticed_and_the_run_goes_on_when_it_is_back(tmp_path: Path) -> None:
    data, away = tmp_path / "data", tmp_path / "away"

    def at_row(row: int) -> None:
        if row == 4:
            data.rename(away)

    with running(data, at_row) as engine:
        until(engine, "held", "it was moved or deleted while it was being written; bring its folder back")
        assert {item["done"] for item in engine.snapshot()["safe"]} == {True}
        rows = engine.snapshot()["items"][0]["rows"]
        assert rows <= 5
        away.rename(data)
        before = points_of(data)
        engine.command("resume")
        until(engine, "idle")
    assert_only_grew(before, points_of(data))
    assert_complete_but_for_the_end(data)


def test_a_data_folder_that_is_deleted_holds_the_queue_and_says_what_is_lost(tmp_path: Path) -> None:
    data = tmp_path / "data"

    def at_row(row: int) -> None:
        if row == 4:
            shutil.rmtree(data)

    with running(data, at_row) as engine:
        until(engine, "held", "it was moved or deleted while it was being written")
        engine.command("resume")
        until(engine, "held", "it cannot be read: it does not exist; check the path")
        (copy,) = engine.command("copy", ids=["1"])
        engine.command("disable", ids=["1"])
        engine.command("resume")
        until(engine, "idle")
        assert engine.queue[copy].state == "done"
    assert [item.state for item in read_queue(nights(data)[-1]).items] == ["disabled", "done"]
