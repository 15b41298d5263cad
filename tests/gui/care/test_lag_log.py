"""What the window's log keeps of its stalls: how long, how much of it was work, where; and of each stretch its lag."""

import logging

import pytest

from coldfinger.gui.care.lag import PERIOD, LagWatch, Stall
from coldfinger.gui.care.lag_log import LagLog


@pytest.fixture
def watch(qapp, monkeypatch):
    """A watch whose stamps come as late as a test wants, after the first one."""
    watch, times = LagWatch(), [0.0]
    monkeypatch.setattr(watch, "_now", lambda: times[0])

    def late(*seconds):
        for one in seconds:
            times[0] += PERIOD + one
            watch._tick()

    watch.late = late
    return watch


def test_a_stamp_in_its_time_is_no_lag(watch):
    watch.late(0.0, 0.020, 0.0)
    assert watch.lags == pytest.approx((0.0, 0.020, 0.0))
    assert watch.lag == watch.longest == pytest.approx(0.020)
    assert watch.stalls == 0
    watch.late(watch.limit)
    assert watch.stalls == 1


def test_stalls_and_stretches_are_written_down_and_each_stretch_begins_anew(watch, caplog):
    caplog.set_level(logging.INFO)
    log = LagLog(watch)
    watch.stalled.emit(Stall(0.071, '  File "plot.py", line 214, in draw\n    self.paint()\n', 0.012))
    watch.late(0.0, 0.030)
    log.note("replay")
    log.note("after it")
    stall, replay, after = caplog.messages
    assert stall == 'stood still for 71 ms with 12 ms of work: File "plot.py", line 214, in draw self.paint()'
    assert replay.startswith("lag, replay: p99 29.7 ms, longest 30.0 ms, 0 stalls in ")
    assert after.startswith("lag, after it: p99 0.0 ms, longest 0.0 ms, 0 stalls in ")
