"""A disk that is full from the n-th write on, for every n of a short night: no gap, no "done", and it can go on."""

import errno
from pathlib import Path

import pytest

from coldfinger.procedures.engine.items import Item
from coldfinger.runfiles.disk import RunFileError
from tests.procedures.engine.short_nights import (
    CHECK,
    RAMP,
    TroubledDisk,
    assert_complete,
    assert_honest,
    assert_only_grew,
    carried_out,
    points_of,
    resumed,
)

WRITES = {"LinearityCheck": 26, "TemperatureRamp": 41}
ROWS = {"LinearityCheck": 3, "TemperatureRamp": 9}


def test_a_night_has_as_many_writes_as_are_tried_here(tmp_path: Path) -> None:
    for item in (CHECK, RAMP):
        disk = TroubledDisk()
        data = tmp_path / item.procedure
        assert carried_out(data, item, disk=disk).outcome == "done"
        assert disk.calls["write"] == WRITES[item.procedure]
        assert_complete(data, ROWS[item.procedure], item)


@pytest.mark.parametrize(
    ("item", "nth"),
    [(CHECK, n) for n in range(1, 27)] + [(RAMP, n) for n in range(13, 41, 6)],
    ids=lambda value: value.procedure if isinstance(value, Item) else str(value),
)
def test_a_disk_full_from_the_nth_write_on_never_ends_done_and_goes_on_when_there_is_space(
    tmp_path: Path, item: Item, nth: int
) -> None:
    disk = TroubledDisk(lambda name, count: name == "write" and count >= nth, errno.ENOSPC)
    if nth == 1:  # the very first line of the night: nothing has moved
        with pytest.raises(RunFileError, match=r"event start could not be written .*: the disk is full; free space"):
            carried_out(tmp_path, item, disk=disk)
        assert carried_out(tmp_path, item).outcome == "done"
        return
    ending = carried_out(tmp_path, item, disk=disk)
    if nth == WRITES[item.procedure]:  # all that comes after the end of the night is that the program ends, too
        assert ending.outcome == "done"
        assert resumed(tmp_path) is None
        return
    assert ending.outcome == "held"
    assert "the disk is full; free space" in ending.reason
    assert all(report.done for report in ending.safe)
    assert_honest(tmp_path)
    before = points_of(tmp_path)
    again = resumed(tmp_path)
    if nth == 2:  # the queue never reached the disk, and nothing was begun
        assert (again, before) == (None, {})
        return
    assert again is not None
    assert again.outcome == "done"
    assert_only_grew(before, points_of(tmp_path))
    assert_honest(tmp_path)
    assert_complete(tmp_path, ROWS[item.procedure], item)
