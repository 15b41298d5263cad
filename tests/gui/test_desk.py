"""The window's door to the engine, against an engine that answers, refuses, hangs or is gone."""

import threading
import time

import pytest
from qtpy.QtCore import QCoreApplication

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.procedures.engine.face import OwnerSilent, Refused


class Pretended:
    """The engine's face, with nothing behind it."""

    def __init__(self):
        self.given, self.gone, self.hangs = [], False, threading.Event()
        self.messages = [{"seq": 1, "text": "first"}]
        self.closed = 0

    def snapshot(self):
        if self.gone:
            raise OwnerSilent("no owner answers")
        return {"state": "idle", "last_event": len(self.messages), "given": len(self.given)}

    def events(self, since=0):
        return [message for message in self.messages if message["seq"] >= since]

    def command(self, name, /, *, who="", **arguments):
        if self.gone:
            raise OwnerSilent("no owner answers")
        if name == "slow":
            self.hangs.wait(5.0)
        if name == "bad":
            raise Refused("that is not allowed")
        self.given.append((name, arguments))
        return len(self.given)

    def close(self):
        self.closed += 1


@pytest.fixture
def engine():
    return Pretended()


@pytest.fixture
def desk(qtbot, engine):
    desk = Desk(lambda: engine)
    yield desk
    engine.hangs.set()
    desk.close()


def test_a_snapshot_comes_ten_times_a_second_and_every_event_once(qtbot, desk, engine):
    seen, heard = [], []
    desk.changed.connect(seen.append)
    desk.happened.connect(heard.extend)
    desk.start()
    qtbot.waitUntil(lambda: len(seen) > 3, timeout=30000)
    engine.messages.append({"seq": 2, "text": "second"})
    qtbot.waitUntil(lambda: len(heard) == 2, timeout=30000)
    qtbot.waitUntil(lambda: len(seen) > 6, timeout=30000)
    assert [event["text"] for event in heard] == ["first", "second"]
    assert desk.latest["state"] == "idle"


def test_a_command_is_answered_in_the_thread_of_the_window(qtbot, desk, engine):
    desk.start()
    answered = []
    desk.command("pause", lambda answer: answered.append((answer, threading.current_thread())), seconds=3.0)
    qtbot.waitUntil(lambda: bool(answered), timeout=30000)
    assert answered == [(1, threading.main_thread())]
    assert engine.given == [("pause", {"seconds": 3.0})]


def test_what_is_refused_is_said_with_the_name_of_the_command(qtbot, desk):
    desk.start()
    with qtbot.waitSignal(desk.refused, timeout=30000) as said:
        desk.command("bad")
    assert said.args == ["bad", "that is not allowed"]


def test_what_is_commanded_while_nobody_answers_is_said_and_what_follows_is_carried_out(qtbot, desk, engine):
    desk.start()
    engine.gone = True
    with qtbot.waitSignal(desk.refused, timeout=30000) as said:
        desk.command("pause")
    assert said.args == ["pause", "no owner answers"]
    engine.gone = False
    desk.command("resume")
    qtbot.waitUntil(lambda: engine.given == [("resume", {})], timeout=30000)


def test_what_was_commanded_before_the_end_is_still_sent(qtbot, desk, engine):
    desk.start()
    desk.command("slow")
    desk.command("hold")
    engine.hangs.set()
    desk.close()
    assert [name for name, _ in engine.given] == ["slow", "hold"]


def test_an_abort_does_not_wait_for_a_command_that_hangs(qtbot, desk, engine):
    desk.start()
    desk.command("slow")
    desk.command("abort")
    qtbot.waitUntil(lambda: ("abort", {}) in engine.given, timeout=30000)
    assert ("slow", {}) not in engine.given


def test_a_fresh_snapshot_is_made_after_what_was_commanded_before_and_none_comes_from_one_that_hangs(
    qtbot, desk, engine
):
    assert desk.fresh() == {}
    desk.start()
    qtbot.waitUntil(lambda: bool(desk.latest), timeout=30000)
    desk.command("start")
    assert desk.fresh()["given"] == 1
    desk.command("slow")
    began = time.perf_counter()
    assert desk.fresh(0.1) is None
    assert time.perf_counter() - began < 1.0


def test_where_the_engine_is_silent_only_to_the_question_the_last_snapshot_is_the_fresh_one(qtbot, desk, engine):
    answers = engine.snapshot

    def snapshot():
        if threading.current_thread().name == "desk commands":
            raise OwnerSilent("no owner answers")
        return answers()

    engine.snapshot = snapshot
    desk.start()
    qtbot.waitUntil(lambda: bool(desk.latest), timeout=30000)
    assert desk.fresh()["state"] == "idle"  # not an empty one, over which the window would close unasked


def test_of_a_lost_engine_the_fresh_snapshot_is_the_last_one_at_once(qtbot, desk, engine):
    desk.start()
    qtbot.waitUntil(lambda: bool(desk.latest), timeout=30000)
    with qtbot.waitSignal(desk.lost, timeout=30000):
        engine.gone = True
    assert desk.fresh(0.0)["state"] == "idle"


def test_what_a_lost_engine_tells_again_is_kept_once(qtbot, desk, engine):
    heard = []
    desk.happened.connect(heard.extend)
    desk.start()
    qtbot.waitUntil(lambda: len(heard) == 1, timeout=30000)
    with qtbot.waitSignal(desk.lost, timeout=30000):
        engine.gone = True
    engine.gone = False
    qtbot.waitUntil(lambda: len(heard) == 2, timeout=30000)
    assert [event["text"] for event in desk.told] == ["first"]


def test_a_lost_engine_is_said_and_found_again(qtbot, desk, engine):
    desk.start()
    qtbot.waitUntil(lambda: bool(desk.latest), timeout=30000)
    with qtbot.waitSignal(desk.lost, timeout=30000) as said:
        engine.gone = True
    assert said.args == ["no owner answers"]
    with qtbot.waitSignal(desk.found, timeout=30000):
        engine.gone = False


def test_it_turns_to_another_engine_and_nothing_more_reaches_the_first(qtbot, desk, engine):
    desk.start()
    qtbot.waitUntil(lambda: bool(desk.latest), timeout=30000)
    other = Pretended()
    other.messages = [{"seq": 1, "utc": "2026-11-22T20:00:00+00:00", "text": "of another"}]
    heard = []
    desk.happened.connect(heard.extend)
    desk.turn_to(lambda: other)
    qtbot.waitUntil(lambda: any(event["text"] == "of another" for event in heard), timeout=30000)
    assert [event["text"] for event in desk.told] == ["first"]
    desk.command("pause")
    qtbot.waitUntil(lambda: bool(other.given), timeout=30000)
    assert engine.given == []
    assert engine.closed == 2


def test_an_abort_goes_to_the_first_engine_whatever_is_looked_at(qtbot, desk, engine):
    desk.start()
    other = Pretended()
    desk.turn_to(lambda: other)
    desk.command("abort")
    qtbot.waitUntil(lambda: engine.given == [("abort", {})], timeout=30000)
    assert other.given == []


def test_an_engine_that_is_looked_at_again_tells_only_what_is_new(qtbot, desk, engine):
    heard = []
    desk.happened.connect(heard.extend)
    desk.start()
    qtbot.waitUntil(lambda: len(heard) == 1, timeout=30000)
    since, other = desk.heard, Pretended()
    other.messages = []
    desk.turn_to(lambda: other)
    qtbot.waitUntil(lambda: desk.latest["last_event"] == 0, timeout=30000)
    engine.messages.append({"seq": 2, "text": "second"})
    desk.turn_to(lambda: engine, since)
    qtbot.waitUntil(lambda: len(heard) == 2, timeout=30000)
    assert heard[1]["text"] == "second"
    engine.messages = [{"seq": 1, "text": "of another owner"}]  # which begins to count anew
    desk.turn_to(lambda: engine, 5)
    qtbot.waitUntil(lambda: len(heard) == 3, timeout=30000)


def test_its_threads_end_and_close_their_connections(qtbot, engine):
    desk = Desk(lambda: engine)
    desk.start()
    qtbot.waitUntil(lambda: bool(desk.latest), timeout=30000)
    desk.close()
    assert engine.closed == 2
    assert not any(thread.name.startswith("desk") for thread in threading.enumerate())


def test_background_work_never_holds_the_window_and_only_the_newest_wish_counts(qtbot):
    background, done, gate = Background(), [], threading.Event()
    try:
        background.do("first", lambda: gate.wait(30.0), done.append)
        for number in range(5):
            background.do("fit", lambda number=number: number, done.append)
        began = time.perf_counter()
        assert background.busy
        assert time.perf_counter() - began < 1.0
        gate.set()
        qtbot.waitUntil(lambda: len(done) == 2, timeout=30000)
        assert done == [True, 4]
    finally:
        background.close()


def test_what_background_work_raises_comes_back_to_whoever_asked(qtbot):
    background, failures = Background(), []
    try:
        background.do("fit", lambda: 1 / 0, lambda answer: None, failures.append)
        qtbot.waitUntil(lambda: bool(failures), timeout=30000)
        assert isinstance(failures[0], ZeroDivisionError)
    finally:
        background.close()


def test_a_window_that_was_busy_is_shown_the_newest_snapshot_not_all_of_them(qtbot, desk, engine):
    seen = []
    desk.changed.connect(seen.append)
    desk.start()
    qtbot.waitUntil(lambda: bool(seen), timeout=30000)
    engine.given.append("while the window was away")
    time.sleep(1.0)  # ten looks
    before = len(seen)
    QCoreApplication.processEvents()
    assert len(seen) - before <= 2
    qtbot.waitUntil(lambda: seen[-1]["given"] == 1, timeout=30000)
