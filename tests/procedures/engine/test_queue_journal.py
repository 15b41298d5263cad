"""The journal of a night: what is written is read back, torn lines are skipped, a further part replaces nothing."""

from pathlib import Path

import pytest

from coldfinger.instruments.clock import WallClock
from coldfinger.procedures.engine.items import DONE, PARTIAL, RUN, RUNNING, WAITING, Item
from coldfinger.procedures.engine.queue_journal import QueueJournal, new_night, nights, parts, read_queue, state_event
from coldfinger.runfiles.disk import Disk, RunFileError

ITEMS = (Item(RUN, "1", "first", "TemperatureRamp", {"field": 1.5}), Item(RUN, "2", "second", "FieldSweep"))


def begin(folder: Path, disk: Disk | None = None) -> QueueJournal:
    journal = QueueJournal(folder, WallClock(), disk)
    journal.write("start", schema=1, night={"name": "n"}, station={"name": "sim"}, simulated=True, resumes=False)
    journal.write("queue", items=[item.to_json() for item in ITEMS])
    return journal


def test_states_and_files_are_read_back(tmp_path: Path) -> None:
    folder = new_night(tmp_path, "overnight")
    journal = begin(folder)
    journal.write("state", **state_event(ITEMS[0].but(state=RUNNING, attempts=1)))
    journal.write("file", id="1", folder="run-a")
    assert read_queue(folder).held
    assert read_queue(folder).items == (ITEMS[0].but(state=RUNNING, attempts=1, folders=("run-a",)), ITEMS[1])
    journal.write("state", **state_event(ITEMS[0].but(state=DONE, folders=("run-a",), rows=9, seconds=3.5)))
    journal.write("end", outcome="done", reason="", safe=[])
    journal.close()
    record = read_queue(folder)
    assert record.items[0] == ITEMS[0].but(state=DONE, folders=("run-a",), rows=9, seconds=3.5)
    assert (record.held, record.ended["outcome"], record.skipped) == (False, "done", [])


def test_a_later_part_goes_on_with_the_queue_and_takes_back_the_end(tmp_path: Path) -> None:
    folder = new_night(tmp_path, "n")
    first = begin(folder)
    first.write("end", outcome="stopped", reason="", safe=[])
    first.close()
    second = begin(folder)
    second.write("queue", items=[ITEMS[1].but(state=PARTIAL).to_json()])
    second.close()
    assert [path.name for path in parts(folder)] == ["queue.jsonl", "queue-2.jsonl"]
    record = read_queue(folder)
    assert (record.ended, record.items) == ({}, (ITEMS[1].but(state=PARTIAL),))
    assert [event["part"] for event in record.events if event["event"] == "start"] == [1, 2]


def test_a_torn_tail_is_skipped_and_named(tmp_path: Path) -> None:
    folder = new_night(tmp_path, "n")
    begin(folder).close()
    path = parts(folder)[0]
    whole = path.read_bytes()
    for cut in range(2, 60):
        path.write_bytes(whole[:-cut] + b"\n")
        record = read_queue(folder)
        assert record.skipped == [(1, 2)]
        assert record.items == ()


def test_an_event_that_cannot_be_synced_is_an_error_that_says_so(tmp_path: Path) -> None:
    class Failing(Disk):
        def fsync(self, handle: int) -> None:
            raise OSError(5, "Input/output error")

    folder = new_night(tmp_path, "n")
    journal = QueueJournal(folder, WallClock(), Failing())
    with pytest.raises(RunFileError, match=r"the event start may be lost in a power cut: .*; use another disk"):
        journal.write("start", schema=1)
    journal.close()


def test_two_nights_in_the_same_second_get_two_folders(tmp_path: Path) -> None:
    made = [new_night(tmp_path, "same") for _ in range(5)]
    assert len(set(made)) == 5
    for folder in made:
        begin(folder).close()
    assert set(nights(tmp_path)) == set(made)


def test_a_folder_without_a_journal_and_a_newer_schema_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"there is no queue\.jsonl in it; give a folder below queue/"):
        read_queue(tmp_path)
    folder = new_night(tmp_path, "n")
    journal = QueueJournal(folder, WallClock())
    journal.write("start", schema=99)
    journal.close()
    with pytest.raises(RunFileError, match="schema 99, this program knows up to 1; read it with a newer coldfinger"):
        read_queue(folder)


def test_waiting_items_keep_everything_that_the_plan_said(tmp_path: Path) -> None:
    folder = new_night(tmp_path, "n")
    begin(folder).close()
    assert read_queue(folder).items == ITEMS
    assert all(item.state == WAITING for item in read_queue(folder).items)
