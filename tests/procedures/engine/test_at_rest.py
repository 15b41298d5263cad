"""What a window asks of an engine at rest or in a pause: dials, front panels, the speed of a simulated station."""

import contextlib
import math
import threading
import time

import pytest

from coldfinger.procedures.engine.face import Refused
from coldfinger.procedures.engine.items import RUN, Item, Night
from coldfinger.procedures.engine.queue_journal import nights, read_queue
from coldfinger.procedures.engine.wiring import FOREVER, engine_for
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.runfiles.reader import read_run
from coldfinger.sim.faults import Fault, arm

LONG_RAMP = {"field": 10.0, "start": 0.6, "stop": 0.5, "points": 30, "pacing": "log points", "excitation": "fixed"}


@contextlib.contextmanager
def at_rest(folder, speed=200.0):
    """An engine with an empty queue, running in a thread."""
    file = read_station_file("sim")
    with engine_for(Night("window", ()), file, folder, patience=FOREVER, speed=speed) as engine:
        thread = threading.Thread(target=engine.run, daemon=True)
        thread.start()
        until(lambda: engine.snapshot()["state"] == "idle")
        try:
            yield engine
        finally:
            engine.command("abort")
            engine.command("stop")
            thread.join(60.0)
            assert not thread.is_alive()


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.01)
    return found


def value_on(engine, panel, name):
    entries = engine.snapshot()["panels"].get(panel, {"entries": []})["entries"]
    return next((entry["value"] for entry in entries if entry["name"] == name), None)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with at_rest(tmp_path_factory.mktemp("rest")) as engine:
        yield engine


def test_the_dials_are_read_again_and_again_while_nothing_runs(engine):
    first = until(lambda: engine.snapshot()["latest"].get("T_mc (K)"))
    later = until(lambda: (now := engine.snapshot()["latest"]["T_mc (K)"])[1] > first[1] and now)
    assert 0.005 < later[0] < 0.05
    latest = engine.snapshot()["latest"]
    assert {"T_sample (K)", "R_sensor (ohm)", "H (Oe)", "heater (percent)", "magnet"} <= set(latest)
    assert latest["H (Oe)"][0] == pytest.approx(0.5, abs=0.01)  # the offset of the built-in station


def test_an_instrument_that_falls_silent_is_named_and_no_old_value_looks_new(tmp_path):
    with at_rest(tmp_path) as engine:
        until(lambda: "T_mc (K)" in engine.snapshot()["latest"])
        arm(engine.station.rack, [Fault("silence", on="bridge", for_=1e6)])
        silent = until(lambda: (now := engine.snapshot()["silent"]) and "controller" in now and now)
        old = engine.snapshot()["latest"]["T_mc (K)"]
        assert "fridge" in silent["controller"]
        magnet = engine.snapshot()["latest"]["H (Oe)"][1]
        until(lambda: engine.snapshot()["latest"]["H (Oe)"][1] > magnet)  # the others go on
        assert engine.snapshot()["latest"]["T_mc (K)"] == old


def test_a_panel_is_read_when_it_is_asked_for(engine):
    assert "fridge.bridge" in engine.snapshot()["panel_names"]
    engine.command("panel", panel="lockin")
    panel = until(lambda: engine.snapshot()["panels"].get("lockin"))
    entries = {entry["name"]: entry for entry in panel["entries"]}
    assert entries["frequency"]["value"] == pytest.approx(7.0, rel=1)
    assert entries["frequency"]["unit"] == "Hz"


def test_the_last_exchanges_with_an_instrument_can_be_seen(engine):
    until(lambda: "T_mc (K)" in engine.snapshot()["latest"])
    traffic = engine.command("traffic", panel="fridge.controller")
    assert 0 < len(traffic) <= 200
    assert any(sent.startswith("KRDG?") and received.startswith("+") for _, sent, received in traffic)


def test_what_is_set_on_a_panel_is_read_back_told_and_journalled(engine):
    engine.command("set_panel", panel="lockin", knob="time_constant", text="1 s", by="tester")
    until(lambda: value_on(engine, "lockin", "time_constant") == 1.0)
    assert any("time_constant was set" in event["text"] for event in engine.events())
    (night,) = nights(engine.data)
    texts = [event["text"] for event in read_queue(night).events if event.get("kind") == "panel"]
    assert texts[0].endswith("by tester")


def test_what_the_driver_refuses_is_said_and_changes_nothing(engine):
    engine.command("set_panel", panel="magnet", knob="target", text="1 T")
    panel = until(lambda: (p := engine.snapshot()["panels"].get("magnet")) and p["said"] and p)
    assert "target" in panel["said"]
    assert value_on(engine, "magnet", "target") == 0.0


def test_an_unknown_panel_is_refused_at_once(engine):
    with pytest.raises(Refused, match="there is no such instrument"):
        engine.command("panel", panel="toaster")


def test_the_speed_of_a_simulated_station_follows_and_time_never_jumps(engine):
    engine.command("speed", rate=1.0)
    began, slow = time.monotonic(), engine.snapshot()["clock"]
    time.sleep(0.1)
    passed = engine.snapshot()["clock"] - slow
    assert passed < 1.0 * (time.monotonic() - began) + 0.5
    engine.command("speed", rate=500.0)
    began, fast = time.monotonic(), engine.snapshot()["clock"]
    passed = until(lambda: (now := engine.snapshot()["clock"] - fast) > 20.0 and now)
    assert passed < 500.0 * (time.monotonic() - began) + 250.0
    assert engine.snapshot()["speed"] == 500.0
    for rate in (0.0, 1e6, math.nan):
        with pytest.raises(Refused, match=r"allowed are 0\.1 to 1000"):
            engine.command("speed", rate=rate)


def test_nothing_is_set_under_a_run_but_in_its_pause_and_the_dials_go_on(tmp_path):
    with at_rest(tmp_path) as engine:
        engine.command("add", items=[Item(RUN, "", "ramp", "TemperatureRamp", LONG_RAMP).to_json()])
        until(lambda: engine.snapshot()["running"].get("rows", 0) >= 1)
        with pytest.raises(Refused, match="cannot be set while the engine is running; pause the run"):
            engine.command("set_panel", panel="lockin", knob="phase", text="3")
        engine.command("speed", rate=900.0)  # also under a run, whose clock is attended
        assert engine.snapshot()["speed"] == 900.0
        engine.command("pause")
        until(lambda: engine.snapshot()["state"] == "paused")
        seen = engine.snapshot()["latest"]["T_mc (K)"][1]
        until(lambda: engine.snapshot()["latest"]["T_mc (K)"][1] > seen)
        engine.command("set_panel", panel="lockin", knob="phase", text="0")
        until(lambda: "lockin" in engine.snapshot()["panels"])


def test_a_run_that_nobody_looks_at_and_one_that_is_looked_at_have_the_same_rows(tmp_path):
    """In virtual time that jumps, a window's looks send no message."""
    item = Item(RUN, "1", "ramp", "TemperatureRamp", LONG_RAMP | {"points": 4})
    frames = []
    for name, looked_at in (("alone", False), ("watched", True)):
        with engine_for(Night("n", (item,)), read_station_file("sim"), tmp_path / name) as engine:
            over = threading.Event()

            def look(engine=engine, over=over):
                while not over.is_set():
                    engine.snapshot()

            watching = threading.Thread(target=look) if looked_at else None
            if watching:
                watching.start()
            folder = engine.run().items[0].folders[0]
            over.set()
            if watching:
                watching.join()
        frames.append(read_run(tmp_path / name / folder).frame)
    assert frames[0].equals(frames[1])
