"""What title and status bar say, and when the window may close without a question."""

from pathlib import Path

import pytest

from coldfinger.gui.overview.status_text import is_quiet, status_of, title_of
from coldfinger.gui.overview.view_state import banner_of
from tests.gui.snapshots import snapshot

CARE = {"recorded": 37, "durable": 37, "lag_seconds": 65.0, "free_bytes": 412e9}


@pytest.mark.parametrize("state", ["survey", "running", "waiting", "pausing", "paused", "aborting", "ending"])
def test_the_window_closes_over_nothing_that_goes_on_without_a_question(state):
    assert not is_quiet(snapshot(state, items=[]))


def test_a_held_or_ended_queue_is_quiet_and_an_idle_one_only_with_nothing_left():
    assert all(is_quiet(snapshot(state)) for state in ("held", "ended"))
    assert is_quiet({})
    assert is_quiet(snapshot("idle", items=[]))
    assert not is_quiet(snapshot("idle"))


def test_the_status_says_which_rows_are_safe_and_how_much_room_is_left():
    def status(**care):
        return status_of(Path("night"), snapshot(care=CARE | care))

    assert status() == "data: night · all rows on disk · disk 412 GB free"
    assert "on disk 1 min 5 s ago" in status(durable=36)
    assert status(free_bytes=0.3e9).endswith("disk almost full: 0.3 GB free")
    assert status(recorded=0, durable=0, free_bytes=None) == status_of(Path("night"), None) == "data: night"


def test_the_title_begins_with_what_must_not_be_overlooked():
    view = banner_of(snapshot(simulated=True))
    assert title_of("cryo", view) == "SIMULATED · RUNNING · 2/3  R(T) at 600 Oe · cryo – coldfinger"
