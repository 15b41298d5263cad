"""Each call of run file, queue journal and manifest fails once: it is heard of, and nothing is joined or lost."""

from pathlib import Path

import pytest

from coldfinger.procedures.engine.engine import Ending
from coldfinger.runfiles.disk import Disk, RunFileError
from tests.procedures.engine.short_nights import (
    CALLS,
    CHECK,
    TroubledDisk,
    assert_complete,
    assert_honest,
    assert_only_grew,
    carried_out,
    points_of,
    resumed,
)

COUNTS = {"mkdir": 2, "open": 4, "lock": 2, "write": 26, "fsync_folder": 6, "close": 4, "replace": 1, "unlink": 1}
AT_THE_END = {("write", 26), ("close", 4)}  # after the end of the night was written down and synced
BEFORE_ANYTHING = {("mkdir", 1), ("open", 1), ("lock", 1), ("write", 1), *(("fsync_folder", n) for n in (1, 2, 3))}
WITHOUT_A_QUEUE = {("write", 2), ("fsync", 1)}


def test_a_night_has_as_many_calls_as_are_tried_here(tmp_path: Path) -> None:
    disk = TroubledDisk()
    assert carried_out(tmp_path, CHECK, disk=disk).outcome == "done"
    found = {name: disk.calls[name] for name in CALLS if name not in ("fsync", "truncate")}
    assert found == COUNTS
    assert 14 <= disk.calls["fsync"] <= 26  # rows share theirs


@pytest.mark.parametrize(
    ("call", "nth"), [(call, n) for call, count in COUNTS.items() for n in range(1, count + 1)] + [("fsync", 4)]
)
def test_each_call_that_fails_once_holds_the_queue_and_costs_nothing(tmp_path: Path, call: str, nth: int) -> None:
    disk = TroubledDisk(lambda name, count: (name, count) == (call, nth))
    ending = carried_out_or_refused(tmp_path, disk)
    assert disk.failed == [call]
    if ending is None:
        assert (call, nth) in BEFORE_ANYTHING
        return
    if (call, nth) in AT_THE_END:
        assert ending.outcome == "done"
        return
    assert ending.outcome == "held"
    assert "input/output error" in ending.reason
    assert all(report.done for report in ending.safe)
    goes_on(tmp_path)


@pytest.mark.parametrize("nth", range(1, 15))
def test_each_sync_that_fails_is_heard_of_and_the_run_is_never_called_done(tmp_path: Path, nth: int) -> None:
    disk = TroubledDisk(lambda name, count: (name, count) == ("fsync", nth))
    ending = carried_out_or_refused(tmp_path, disk)
    assert disk.failed == ["fsync"]
    if ending is not None:
        assert ending.outcome == "held"
        goes_on(tmp_path)


def carried_out_or_refused(data: Path, disk: Disk) -> Ending | None:
    """The ending of a night; None where it could not be begun, and said why."""
    try:
        return carried_out(data, CHECK, disk=disk)
    except RunFileError as error:
        refusal = str(error)
    assert "input/output error" in refusal
    assert points_of(data) == {}
    return None


def goes_on(data: Path) -> None:
    assert_honest(data)
    before = points_of(data)
    again = resumed(data)
    if again is None:  # the queue never reached the disk, and nothing was begun
        assert before == {}
        return
    assert again.outcome == "done"
    assert_only_grew(before, points_of(data))
    assert_honest(data)
    assert_complete(data, 3, CHECK)
