"""An overnight queue of twelve fields, rehearsed, within two minutes and by keyboard alone; no way out forgets it."""

import time
from collections.abc import Callable

from tests.journeys.desktop import Gui, until

Open = Callable[..., Gui]

LONGEST = 120.0
"""Seconds from the launch to the running queue."""
KEYS = 90
"""Keys that it takes at most."""


def test_a_queue_of_twelve_fields_is_built_rehearsed_and_started_within_two_minutes_and_is_not_left_unasked(
    window: Open,
):
    gui = window("--speed", "1000")
    hands = gui.hands
    hands.play("alt+y", "Home", "Down", "Tab", "Tab", "ctrl+a")  # R(T) family, all fields, its fields
    hands.type("0:550:12")
    hands.play("Tab", "Tab", "ctrl+a")  # its order, from
    hands.type("500 mK")
    hands.play("Tab", "ctrl+a")  # to
    hands.type("50 mK")
    hands.play("Tab", "Tab", "ctrl+a")  # pacing, its rate
    hands.type("12 mK/min")
    hands.play("Tab", "ctrl+shift+Return")
    until(lambda: len(gui.items()) == 12, what="twelve runs in the queue")

    until(lambda: hands.windows("HELD"), what="a window that has seen the queue")
    hands.key("ctrl+r")
    said = until(lambda: hands.windows(r"Rehearsal · SIMULATED: 12 items, "), LONGEST, "what the rehearsal says")
    assert not gui.rows(), "a rehearsal moves nothing and writes nothing"
    until(lambda: hands.focus() in said, what="the keyboard in the rehearsal")
    hands.key("Escape")
    until(lambda: not hands.windows("Rehearsal"), what="a closed rehearsal")
    hands.front("HELD")
    alone = set(hands.windows(""))
    hands.play("alt+q", "c")
    until(lambda: set(hands.windows("")) == alone, what="a closed menu")
    hands.key("ctrl+q")
    until(lambda: hands.focus() in hands.windows("A queue is running"), what="the question")
    assert time.monotonic() - gui.begun <= LONGEST
    assert hands.presses <= KEYS
    hands.play("Return")  # Stay
    until(lambda: not hands.windows("A queue is running"), what="an answer")
    until(lambda: gui.snapshot()["running"], what="a run")
    fields = [item.parameters["field"] for item in gui.items()]
    assert fields == [50.0 * number for number in range(12)]
    assert gui.process is not None
    assert gui.process.poll() is None
