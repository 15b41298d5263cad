"""A night is typed in, put in order, saved, opened again in another window, and begun."""

from collections.abc import Callable

from tests.journeys.desktop import Gui, until

Open = Callable[..., Gui]

FAMILY = ("0:11:12", "0.041", "0.04", None, None, "2")
SWEEP = ("0.04", "0", "2")
BIAS = ("0", "0.04", "10", "5", "2", "1")


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


def answer(window: Gui, title: str, text: str) -> None:
    """Type a path into a file dialog."""
    until(lambda: window.hands.windows(title), what=title)
    window.hands.key("ctrl+a")
    window.hands.type(text)
    window.hands.key("Return")
    until(lambda: not window.hands.windows(title), what=f"{title}: closed")
    window.hands.front("coldfinger")  # what a window manager would do


def names(window: Gui) -> list[str]:
    return [item.name for item in window.items()]


def test_a_night_is_typed_put_in_order_saved_and_opened_in_another_window_in_the_same_order(window: Open):
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
    gui.hands.key("alt+c")
    until(lambda: gui.snapshot()["state"] == "running", what="a queue that goes on")
