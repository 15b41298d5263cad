"""What commands have set of a night is there after a crash at any moment: end actions, policy, deadline, the hold."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coldfinger.instruments.clock import WallClock, wait_until
from coldfinger.procedures.engine.core import TO_BE_STARTED
from coldfinger.procedures.engine.engine import Engine
from coldfinger.procedures.engine.face import Refused
from coldfinger.procedures.engine.items import WAIT, EndActions, FailurePolicy, Item, Night
from coldfinger.procedures.engine.queue_journal import QUEUES, read_queue
from coldfinger.procedures.engine.resume import night_of, unfinished
from coldfinger.procedures.engine.wiring import FOREVER, engine_for
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.runfiles.disk import Disk
from tests.procedures.engine.short_nights import TroubledDisk

ITEMS = tuple(Item(WAIT, number, f"wait {number}", settings={"seconds": 5.0}) for number in ("1", "2"))
LATE = "2099-01-01T00:00:00+00:00"
COMMANDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("end", {"heater_off": True, "field": 2e-3}),
    ("policy", {"action": "retry", "retries": 4}),
    ("must_end_by", {"must_end_by": LATE}),
    ("end", {"heater_off": True, "field": 3e-3}),
)
CLOCK = WallClock()


class Copying(Disk):
    """Before each write, a copy of the journals as they are: what a kill -9 at this moment would leave."""

    def __init__(self, data: Path, copies: Path) -> None:
        self.data, self.copies, self.count = data, copies, 0

    def write(self, handle: int, data: bytes) -> int:
        self.copy()
        return super().write(handle, data)

    def copy(self) -> None:
        shutil.copytree(self.data / QUEUES, self.copies / f"{self.count:03}" / QUEUES)
        self.count += 1


def settings(night: Night) -> tuple[FailurePolicy, str, EndActions]:
    return night.on_failure, night.must_end_by, night.end


def given_at_the_first_coming_by(engine: Engine, then: Callable[[], None]) -> None:
    """All commands, from within the engine; `then` after each."""
    attend, left = engine._attend, list(COMMANDS)

    def attending() -> None:
        attend()
        while left:
            name, arguments = left.pop(0)
            engine.command(name, who="test", **arguments)
            then()

    engine._attend = attending  # type: ignore[method-assign]


def continued(data: Path, **options: Any) -> Any:
    record = unfinished(data)
    assert record is not None
    return engine_for(night_of(record, data), read_station_file("sim"), data, record=record, sync=False, **options)


def test_after_a_crash_at_any_moment_what_was_commanded_holds(tmp_path: Path) -> None:
    data, copies = tmp_path / "data", tmp_path / "copies"
    disk = Copying(data, copies)
    returned: list[int] = []  # copies that were there when a command returned
    expected: list[Any] = []
    with engine_for(Night("n", ITEMS), read_station_file("sim"), data, disk=disk, sync=False) as engine:
        expected.append(settings(engine.night))
        given_at_the_first_coming_by(
            engine, lambda: (returned.append(disk.count), expected.append(settings(engine.night)))
        )
        assert engine.run().outcome == "done"
        magnet = engine.station.cryostat.magnet.after
    assert magnet == pytest.approx(30.0, abs=0.6)  # Oe: the end actions of the last command
    found = []
    for number, copy in enumerate(sorted(copies.iterdir())):
        record = unfinished(copy)
        if record is None:
            assert number < returned[0] or number == disk.count - 1  # no queue on disk yet, or its end
            continue
        now = settings(night_of(record, copy))
        returns = sum(count <= number for count in returned)
        assert now in (expected[returns], expected[min(returns + 1, len(COMMANDS))])
        found.append(now)
    assert [now for at, now in enumerate(found) if now not in found[:at]] == expected
    assert found.count(expected[-1]) > 5  # also while the items and the end actions are carried out
    with continued(copies / f"{returned[-1]:03}") as engine:
        assert settings(engine.night) == expected[-1]
        assert engine.run().outcome == "done"
        assert engine.station.cryostat.magnet.after == magnet


def test_a_second_crash_changes_nothing_and_a_newer_command_goes_before(tmp_path: Path) -> None:
    with engine_for(Night("n", ITEMS), read_station_file("sim"), tmp_path, sync=False) as engine:
        for name, arguments in COMMANDS:
            engine.command(name, **arguments)
        engine.journal.write("queue", items=[item.to_json() for item in ITEMS])
        last = settings(engine.night)
    for _ in range(2):
        with continued(tmp_path) as engine:
            assert settings(engine.night) == last
    with continued(tmp_path) as engine:
        engine.command("policy", action="hold")
    with continued(tmp_path) as engine:
        assert settings(engine.night) == (FailurePolicy("hold"), *last[1:])


def test_settings_that_the_disk_did_not_take_are_written_when_it_takes_them_again(tmp_path: Path) -> None:
    full = [False]
    disk = TroubledDisk(lambda name, count: full[0] and name == "write")
    with engine_for(Night("n", ITEMS), read_station_file("sim"), tmp_path, disk=disk) as engine:
        engine.journal.write("queue", items=[item.to_json() for item in ITEMS])
        full[0] = True
        engine.command("policy", action="safe")
        full[0] = False
        assert read_queue(engine.journal.folder).settings == {}
        engine.command("resume")
    with continued(tmp_path) as engine:
        assert engine.night.on_failure == FailurePolicy("safe")


def test_a_queue_that_waits_to_be_started_still_waits_after_a_crash(tmp_path: Path) -> None:
    with engine_for(Night("n", ITEMS), read_station_file("sim"), tmp_path, sync=False) as engine:
        engine.journal.write("queue", items=[item.to_json() for item in ITEMS])
        engine.command("hold")
    for _ in range(2):  # also after a second crash
        with continued(tmp_path, patience=FOREVER) as engine:
            pass
    with continued(tmp_path, patience=FOREVER) as engine:
        thread = threading.Thread(target=engine.run, daemon=True)
        thread.start()
        wait_until(lambda: engine.snapshot()["state"] == "held", CLOCK, poll=0.01, timeout=60, what="the hold")
        assert engine.snapshot()["reason"] == TO_BE_STARTED
        assert [item["state"] for item in engine.snapshot()["items"]] == ["waiting"] * 2
        engine.command("resume")
        wait_until(lambda: engine.snapshot()["state"] == "idle", CLOCK, poll=0.01, timeout=60, what="the end")
        engine.command("stop")
        thread.join(60.0)
        assert not thread.is_alive()
        assert read_queue(engine.journal.folder).settings["to_be_started"] is False


def test_a_program_that_nobody_can_ask_to_go_on_goes_on_by_itself(tmp_path: Path) -> None:
    with engine_for(Night("n", ITEMS), read_station_file("sim"), tmp_path, sync=False) as engine:
        engine.journal.write("queue", items=[item.to_json() for item in ITEMS])
        engine.command("hold")
    with continued(tmp_path) as engine:
        assert read_queue(engine.journal.folder).settings["to_be_started"] is False  # a crash from now on, too
        assert engine.run().outcome == "done"


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("policy", {"action": "pray"}, "on_failure: 'pray' is unknown; allowed are next, retry, hold, safe"),
        ("policy", {"action": "retry", "retries": -1}, "-1 is no number of retries"),
        ("must_end_by", {"must_end_by": "tomorrow"}, "must_end_by: 'tomorrow' is no time with its zone; write it as"),
        ("must_end_by", {"must_end_by": "2099-01-01T00:00:00"}, "is no time with its zone"),
        ("add", {"items": [ITEMS[0].but(not_before="soon").to_json()]}, "not_before: 'soon' is no time with its zone"),
        ("edit", {"id": "2", "changes": {"must_end_by": "soon"}}, "must_end_by: 'soon' is no time with its zone"),
    ],
)
def test_what_would_end_the_night_later_is_refused_when_it_is_asked_for(
    tmp_path: Path, name: str, arguments: dict[str, Any], sentence: str
) -> None:
    with engine_for(Night("n", ITEMS), read_station_file("sim"), tmp_path, sync=False) as engine:
        before = (settings(engine.night), engine.queue.items)
        with pytest.raises(Refused, match=sentence):
            engine.command(name, **arguments)
        assert (settings(engine.night), engine.queue.items) == before
        assert read_queue(engine.journal.folder).settings == {}


def test_a_deadline_is_kept_in_greenwich_time_whatever_zone_it_came_in(tmp_path: Path) -> None:
    with engine_for(Night("n", ITEMS), read_station_file("sim"), tmp_path, sync=False) as engine:
        engine.command("must_end_by", must_end_by="2099-01-01T02:00:00+02:00")
        assert engine.snapshot()["must_end_by"] == LATE
        engine.command("must_end_by", must_end_by="")
        assert engine.snapshot()["must_end_by"] == ""
