"""A night is typed in, put in order, saved, opened again in another window, and measured to its end."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.journeys.desktop import Gui, until
from tests.journeys.dialogs import answer, continue_queue

Open = Callable[..., Gui]

FAMILY = ("0:11:12", None, "0.1", "0.08", None, None, "3")
SWEEP = ("0.08", "0", "2")
BIAS = ("0", "0.08", "10", "5", "2", "1")
LONGEST = 120.0
"""Seconds for the two and a half hours of the night, which are nine on a quiet machine."""


def fill(window: Gui, below: int, texts: tuple[str | None, ...]) -> None:
    """Choose the type so far below the first one and fill its fields one after the other; None leaves one as it is."""
    window.hands.key("alt+y", "Home", *["Down"] * below)
    window.hands.key("Tab", "Tab")  # "All fields", then the first field
    for text in texts:
        if text is not None:
            window.hands.key("ctrl+a")
            window.hands.type(text)
        window.hands.key("Tab")


def add(window: Gui, count: int) -> None:
    """What the form says into the queue, which then has so many items."""
    window.hands.key("ctrl+shift+Return")
    until(lambda: len(window.items()) == count, what=f"{count} items")


def names(window: Gui) -> list[str]:
    return [item.name for item in window.items()]


def seen(window: Gui, *states: str) -> dict[str, Any]:
    """The owner's status once it is in one of these states, {} before."""
    snapshot = window.snapshot()
    return snapshot if snapshot.get("state") in states else {}


def promised(snapshot: dict[str, Any]) -> tuple[float, float]:
    """When the queue will have ended, by what banner and queue print: the refrigerator's clock (s), and the ±."""
    ends = snapshot["ends"]
    left = datetime.fromisoformat(ends["utc"]) - datetime.fromisoformat(snapshot["utc"])
    return snapshot["clock"] + left.total_seconds(), ends["sd_seconds"]


def test_a_night_is_typed_put_in_order_saved_opened_in_another_window_and_ends_when_it_said(window: Open):
    gui = window("--speed", "1000")
    fill(gui, 1, FAMILY)
    add(gui, 12)
    fill(gui, 2, SWEEP)
    add(gui, 13)
    fill(gui, 3, BIAS)
    add(gui, 14)
    typed = names(gui)
    gui.hands.key("alt+b", "Tab", *["Down"] * 14, "alt+Up")
    ordered = [*typed[:-2], typed[-1], typed[-2]]
    until(lambda: names(gui) == ordered, what="the last item one place up")

    plan = gui.folder / "night.toml"
    gui.hands.key("ctrl+s")
    answer(gui, "Save the queue", str(plan))
    until(plan.exists)
    gui.hands.key("ctrl+q")
    assert gui.process is not None
    gui.process.wait(30.0)
    until(lambda: not gui.snapshot(), what="an owner that has ended, too")

    gui.start()
    assert gui.items() == []
    gui.hands.key("ctrl+o")
    answer(gui, "Open a plan file", str(plan))
    until(lambda: names(gui) == ordered, what="the same order")
    continue_queue(gui)
    running = until(lambda: seen(gui, "running"), what="a queue that goes on")
    end, spread = promised(running)
    ended = until(lambda: seen(gui, "idle", "held"), LONGEST, "a queue that is done")
    assert ended["state"] == "idle", ended["reason"]
    events, runs = gui.record().events, {run.path.parent.name: run for run in gui.runs()}
    measured = [runs.pop(event["folder"]) for event in events if event["event"] == "file"]
    assert [run.header["item_name"] for run in measured] == ordered
    assert {run.outcome for run in measured} == {"done"}
    assert all(len(run.frame) for run in measured)
    assert not runs
    came = [event for event in events if event["event"] == "engine"][-1]
    assert came["state"] == "idle"
    assert abs(came["clock"] - end) <= spread < 0.2 * end
