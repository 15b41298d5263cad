"""What hands do in more than one journey, and what the window wrote down."""

import contextlib

from tests.journeys.desktop import Gui, until

MAIN = "coldfinger"


def answer(window: Gui, title: str, text: str) -> None:
    """Type a path into a file dialog, which closes."""
    window.hands.front(title)

    def closed() -> bool:
        if window.hands.windows(title):
            window.hands.key("alt+n", "ctrl+a")  # the name of the file
            window.hands.type(text)
            window.hands.key("Return")
        with contextlib.suppress(AssertionError):  # the list of completions may have taken it
            until(lambda: not window.hands.windows(title), 3.0)
        return not window.hands.windows(title)

    until(closed, what=f"{title}: closed")
    window.hands.front(MAIN)


def continue_queue(window: Gui) -> None:
    """Alt+C, once the window has seen that the queue is held; again where the key came before the keyboard did."""
    before = _full_disks(window)

    def obeyed() -> bool:  # a full disk holds it again at once, and says so
        return window.snapshot().get("state") != "held" or _full_disks(window) > before

    def pressed() -> bool:
        until(lambda: window.hands.windows("HELD") or obeyed(), what="a window that knows of a held queue")
        if not obeyed():
            window.hands.front(MAIN)
            window.hands.key("alt+c")
        with contextlib.suppress(AssertionError):
            until(obeyed, 3.0)
        return obeyed()

    until(pressed, what="a queue that goes on")


def _full_disks(window: Gui) -> int:
    return sum("could not be written" in text for text in window.events())


def do(window: Gui, command: str, then: str = MAIN) -> None:
    """A command by its name, through the list of all commands; the window of that title has the keyboard then."""

    def asked() -> bool:
        window.hands.key("ctrl+k")
        with contextlib.suppress(AssertionError):
            until(lambda: window.hands.windows("Commands"), 5.0)
        return bool(window.hands.windows("Commands"))

    until(asked, what="the list of all commands")
    window.hands.front("Commands")
    window.hands.type(command)
    window.hands.key("Return")
    window.hands.front(then)


def log_of(window: Gui) -> str:
    """What the window wrote down, its messages among it."""
    return (window.folder / "state" / "window.log").read_text("utf-8")
