"""Who went home is told of a fault, of a held queue and of the end, and the night never waits for it."""

import logging
import threading
from functools import partial
from types import SimpleNamespace

import pytest

from coldfinger.instruments.clock import WallClock
from coldfinger.procedures.engine.calendar import Calendar
from coldfinger.procedures.engine.items import HOLD, RUN, WAIT, FailurePolicy, Item, Night
from coldfinger.procedures.engine.news import News
from coldfinger.procedures.engine.queue import Queue
from coldfinger.procedures.engine.wiring import engine_for
from coldfinger.procedures.notify import carriers, notifier
from coldfinger.procedures.notify.carriers import MISSING, CarrierError
from coldfinger.procedures.notify.notifier import Notifier
from coldfinger.procedures.notify.outbox import Outbox
from tests.procedures.engine.short_nights import RAMP
from tests.procedures.notify.home import DEADLINE, Noted, telling

TOO_FAR = Item(RUN, "1", "R(T) too far", "TemperatureRamp", {"start": 390.0, "stop": 395.0, "points": 4})
PAUSE = Item(WAIT, "2", "rest", settings={"seconds": 1.0})


@pytest.fixture
def home(monkeypatch):
    """Somebody at home; a station with [notify] tells him, whatever its addresses are."""
    noted = Noted()
    monkeypatch.setattr(notifier, "ways", lambda file: [lambda: noted])
    return noted


def night(tmp_path, *items, table='to = ["json://home"]', action="next"):
    night = Night("short", items, FailurePolicy(action))
    return engine_for(night, telling(table), tmp_path, sync=False)


def plain_engine(*items):
    """As much of an engine as is listened to."""
    said = []
    engine = SimpleNamespace(
        news=News(Calendar(WallClock(), virtual=False)),
        queue=Queue(items),
        warn=lambda kind, text: said.append(text),
    )
    return engine, said


def listening(engine, *ways, table='to = ["json://home"]'):
    told = Notifier(telling(table), make=list(ways))
    told.listen(engine)
    return told


def test_a_failed_run_and_the_end_of_the_queue_are_told_in_four_parts(tmp_path, home):
    with night(tmp_path, TOO_FAR, PAUSE) as engine:
        assert engine.run().outcome == "partly"
    fault, end = home.letters
    assert fault.title == "SIMULATED sim: fault"
    assert "R(T) too far: not started: " in fault.body
    assert "No row was measured; the refrigerator stays as it is. The queue goes on with rest; copy the" in fault.body
    assert "Station sim (SIMULATED), item 1 of 2, R(T) too far, 20" in fault.body
    assert end.title == "SIMULATED sim: the queue has ended"
    assert end.body.startswith(
        "The queue has ended, and not all of it is done. 1 of 2 items are done, 1 failed; no row was measured; "
    )
    assert "excitation" in end.body
    assert "are off" in end.body


def test_a_held_queue_is_told(tmp_path, home):
    with night(tmp_path, TOO_FAR, PAUSE, action=HOLD) as engine:
        assert engine.run().outcome == "held"
    held, end = home.letters
    assert held.title == "SIMULATED sim: the queue is held"
    assert "2 items are left. See to the cause" in held.body or "1 item is left. See to the cause" in held.body
    assert end.body.startswith("The queue has ended while it was held.")


def test_a_good_night_is_told_once_at_its_end(tmp_path, home):
    with night(tmp_path, RAMP) as engine:
        assert engine.run().outcome == "done"
    (end,) = home.letters
    assert end.body.startswith("The queue has ended. 1 of 1 item is done; 9 rows are kept; excitation")
    assert "Nothing has to be done." in end.body


def test_a_command_that_comes_while_the_night_ends_is_no_fault(tmp_path, home):
    with night(tmp_path, PAUSE) as engine:
        engine.run()
        engine.command("stop")  # the journal is closed already
        engine.warn("notify", "somebody could not be told")
        assert [event["level"] for event in engine.events()] == ["info", "warning"]
    assert len(home.letters) == 1


def test_nobody_is_told_of_what_the_table_leaves_out(tmp_path, home):
    with night(tmp_path, TOO_FAR, table='to = ["json://home"]\non = ["held", "retry", "warning"]') as engine:
        engine.run()
    assert home.letters == []


def test_a_message_that_hangs_delays_no_row_and_the_end_by_no_more_than_its_limit(tmp_path, home, monkeypatch, caplog):
    monkeypatch.setattr(notifier, "LAST", 0.1)
    home.slow.clear()
    try:
        with caplog.at_level(logging.WARNING), night(tmp_path, TOO_FAR, RAMP.but(id="2")) as engine:
            ending = engine.run()
            assert [item.rows for item in ending.items] == [0, 9]
            assert len(home.wait_for(1)) == 1  # the first is still on its way
            assert not home.slow.is_set()
    finally:
        home.slow.set()
    assert "the last message was still on its way when the program ended" in caplog.text


def test_repeats_are_counted_and_told_at_the_end(home):
    engine, _ = plain_engine()
    told = listening(engine, lambda: home)
    engine.news.add("alarm", "guard", "the fuse is gone")
    home.wait_for(1)
    for i in range(4):
        engine.news.add("alarm", "guard", f"the fuse is gone again, {i}")
    engine.news.add("info", "ended", "the queue has ended")
    home.wait_for(2)
    told.close()
    assert [letter.title for letter in home.letters] == [
        "SIMULATED sim: fault",
        "SIMULATED sim: the queue has ended",
        "SIMULATED sim: fault",
    ]
    assert "The fuse is gone again, 3\n\nThis is the newest of 4 of its kind since " in home.letters[2].body


def test_what_cannot_be_delivered_is_tried_again_and_said_once_until_something_goes_through(home, monkeypatch):
    monkeypatch.setattr(notifier, "Outbox", partial(Outbox, quiet=0.0, pauses=(0.0, 0.0)))
    engine, said = plain_engine()
    told = listening(engine, lambda: home)
    home.reason = "no route to the host"
    for kind in ("guard", "disk"):
        engine.news.add("alarm", kind, "the fuse is gone")
    home.wait_for(6)
    home.reason = ""
    engine.news.add("alarm", "abort", "something else")
    home.wait_for(7)
    home.reason = "no route to the host"
    engine.news.add("alarm", "not safe", "the heater is NOT safe")
    home.wait_for(10)
    told.close()
    sentence = (
        "json://home could not be told, after 3 tries: no route to the host. The night goes on, and nothing more is "
        "said of this until a message goes through. See to the network or the address."
    )
    assert said == [sentence, sentence]  # one for each time in which nothing went through


def test_messages_about_messages_are_not_told_and_nothing_reaches_the_engine(home, caplog):
    engine, _ = plain_engine()
    told = listening(engine, lambda: home, table='to = ["json://home"]\non = ["warning", "fault"]')
    engine.news.add("warning", "notify", "json://home could not be told")
    with caplog.at_level(logging.ERROR):
        told.hear({"level": "alarm"})
    assert "an event could not be told" in caplog.text
    engine.news.add("warning", "overload", "the lock-in was overloaded")
    told.close()
    assert [letter.title for letter in home.letters] == ["SIMULATED sim: warning"]


def test_an_exception_of_a_carrier_ends_nothing(home):
    engine, said = plain_engine()
    broken = SimpleNamespace(name="json://broken", deliver=lambda letter: 1 / 0)
    told = listening(engine, lambda: broken, lambda: home)
    engine.news.add("alarm", "guard", "the fuse is gone")
    told.close()
    assert len(home.letters) == 1
    assert len(said) == 1
    assert said[0].startswith("json://broken could not be told, after 1 try: ZeroDivisionError. The night goes on")


def test_an_address_that_cannot_be_used_is_said_at_the_beginning(home):
    engine, said = plain_engine()

    def no_carrier():
        raise CarrierError("notify.to, address 1, is not an address")

    def no_library():
        raise ImportError("half of a package")

    told = listening(engine, no_carrier, no_library, lambda: home)
    engine.news.add("info", "ended", "the queue has ended")
    told.close()
    assert sorted(said) == [
        "notify.to, address 1, is not an address",
        "somebody in [notify] cannot be told: ImportError; try it by `coldfinger station notify`",
    ]
    assert len(home.letters) == 1


def test_without_apprise_the_night_begins_and_a_warning_says_how_to_install_it(tmp_path, monkeypatch):
    for module in (carriers, notifier):
        monkeypatch.setattr(module, "apprise_is_there", lambda: False)
    with night(tmp_path, PAUSE, table='to = ["json://a", "json://b"]') as engine:
        assert engine.run().outcome == "done"
        assert [e["text"] for e in engine.events() if e["level"] == "warning"] == [MISSING]
    assert "pip install coldfinger[notify]" in MISSING


def test_an_owner_at_rest_tells_the_end_of_a_queue_once(tmp_path, home):
    with engine_for(Night("short", (PAUSE,)), telling('to = ["json://home"]'), tmp_path, sync=False, patience=1e9) as e:
        running = threading.Thread(target=e.run)
        running.start()
        home.wait_for(1)
        e.command("stop")
        running.join(DEADLINE)
        assert not running.is_alive()
    assert [letter.title for letter in home.letters] == ["SIMULATED sim: the queue has ended"]
