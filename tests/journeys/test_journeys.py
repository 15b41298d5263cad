"""What people do with the window, by keys and mouse alone; what came of it is read from files and from the owner."""

import os
import signal
import time
from collections.abc import Callable

from tests.journeys.desktop import Gui, until

Open = Callable[..., Gui]


def test_a_ramp_runs_within_half_a_minute_and_twelve_keys_of_the_launch(window: Open):
    gui = window("--speed", "1000")
    gui.hands.key("ctrl+a")
    gui.hands.type("0.3")
    gui.hands.key("Tab", "ctrl+Return")
    until(lambda: gui.snapshot().get("state") == "running", what="a running ramp")
    assert time.monotonic() - gui.begun < 30.0
    assert gui.hands.presses <= 12
    until(lambda: gui.rows() >= 3, 60.0, "three rows on disk")
    assert gui.runs()[0].parameters["stop"] == 0.3
    assert "SIMULATED" in " ".join(gui.hands.titles())


def test_abort_while_a_ramp_runs_makes_safe_holds_the_queue_and_twice_does_no_harm(window: Open):
    gui = window("--speed", "50")
    gui.hands.key("ctrl+Return")
    until(lambda: gui.snapshot().get("state") == "running")
    gui.hands.key("ctrl+period", "ctrl+period")
    snapshot = until(lambda: (now := gui.snapshot())["state"] == "held" and now)
    assert all(item["done"] for item in snapshot["safe"])
    gui.hands.key("ctrl+period")
    assert gui.snapshot()["state"] in ("held", "aborting")
    until(lambda: gui.snapshot()["state"] == "held")


def test_a_window_that_is_killed_costs_nothing_and_the_next_one_sees_the_same_queue(window: Open):
    gui = window("--speed", "1000")
    gui.hands.key("ctrl+Return")
    until(lambda: gui.rows() >= 2, 60.0, "two rows")
    gui.kill()
    rows = gui.rows()
    until(lambda: gui.rows() > rows, 60.0, "rows without a window")
    gui.start()
    assert gui.snapshot()["running"]["name"] == gui.items()[0].name


def test_a_queue_whose_owner_died_too_is_offered_again_and_goes_on(window: Open):
    gui = window("--speed", "1000")
    gui.hands.key("ctrl+Return")
    until(lambda: gui.rows() >= 3, 60.0, "three rows")
    owner = gui.owner_pid()
    gui.kill()
    os.kill(owner, signal.SIGKILL)
    rows = gui.rows()
    gui.start()
    gui.hands.key("F8")  # what the message in front offers: Continue
    until(lambda: gui.snapshot().get("state") == "running", 60.0, "the night goes on")
    until(lambda: gui.rows() > rows, 60.0, "rows after those of the first part")
    assert [run.header.get("part", 1) for run in gui.runs()] == [1, 2]


def test_closing_asks_while_something_runs_and_stay_is_the_default(window: Open):
    gui = window("--speed", "50")
    gui.hands.key("ctrl+Return")
    until(lambda: gui.snapshot().get("state") == "running")
    until(lambda: gui.hands.windows("RUNNING"), what="a window that knows")
    gui.hands.key("ctrl+q")
    until(lambda: gui.hands.windows("A queue is running"), what="the question")
    gui.hands.key("Return")
    until(lambda: not gui.hands.windows("A queue is running"), what="an answer")
    assert gui.process is not None
    assert gui.process.poll() is None
    assert gui.snapshot()["state"] == "running"


def test_sigterm_means_safe_state_and_an_end_in_order(window: Open):
    gui = window("--speed", "50")
    gui.hands.key("ctrl+Return")
    until(lambda: gui.snapshot().get("state") == "running")
    assert gui.process is not None
    gui.process.terminate()
    assert gui.process.wait(60.0) == 143
    record = gui.record()
    assert record.ended
    assert all(item["done"] for event in record.events if event["event"] == "safe" for item in event["items"])
