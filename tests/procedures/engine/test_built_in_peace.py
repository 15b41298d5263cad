"""A queue that somebody builds: held until it is started, and with end actions that can be changed."""

import threading
import time

import pytest

from coldfinger.procedures.engine.core import TO_BE_STARTED
from coldfinger.procedures.engine.face import Refused
from coldfinger.procedures.engine.items import Item, Night
from coldfinger.procedures.engine.wiring import FOREVER, engine_for
from coldfinger.procedures.laboratory.station_file import read_station_file

PAUSE = Item("wait", "", "wait 1 min", settings={"seconds": 60.0}).to_json()


@pytest.fixture
def engine(tmp_path):
    with engine_for(Night("window", ()), read_station_file("sim"), tmp_path, patience=FOREVER, speed=600.0) as engine:
        thread = threading.Thread(target=engine.run, daemon=True)
        thread.start()
        until(lambda: engine.snapshot()["state"] == "idle")
        yield engine
        engine.command("abort")
        engine.command("stop")
        thread.join(60.0)
        assert not thread.is_alive()


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.01)


def test_a_held_queue_takes_items_and_begins_them_only_when_it_is_told_to(engine):
    engine.command("hold")
    until(lambda: (engine.snapshot()["state"], engine.snapshot()["reason"]) == ("held", TO_BE_STARTED))
    engine.command("add", items=[PAUSE])
    time.sleep(0.7)  # longer than the engine's own poll
    assert engine.snapshot()["items"][0]["state"] == "waiting"
    assert engine.snapshot()["state"] == "held"
    engine.command("resume")
    until(lambda: engine.snapshot()["items"][0]["state"] == "running")
    with pytest.raises(Refused, match="hold: a run is going on; pause it"):
        engine.command("hold")
    until(lambda: engine.snapshot()["items"][0]["state"] == "done")


def test_end_actions_are_changed_within_the_limits_or_not_at_all(engine):
    engine.command("end", heater_off=False, field=0.0, temperature=0.5)
    wanted = {"heater_off": False, "field": 0.0, "temperature": 0.5}
    assert engine.snapshot()["end"] == wanted
    for arguments, sentence in (
        ({"field": 9.0}, "end field: 90000 Oe"),
        ({"heater_off": False, "temperature": 9.0}, "end temperature: 9 K"),
        ({"heater_off": True, "temperature": 0.5}, "needs the heater"),
    ):
        with pytest.raises(Refused, match=sentence):
            engine.command("end", **arguments)
    assert engine.snapshot()["end"] == wanted
