"""What hands do in more than one journey, and what the window wrote down."""

import contextlib

from tests.journeys.desktop import Gui, until

MAIN = "coldfinger"


def answer(window: Gui, title: str, text: str) -> None:
    """Type a path into a file dialog, which closes."""
    window.hands.front(title)
    window.hands.key("ctrl+a")
    window.hands.type(text)

    def closed() -> bool:
        window.hands.key("Return")  # the first one may go to the list of completions
        with contextlib.suppress(AssertionError):
            until(lambda: not window.hands.windows(title), 5.0)
        return not window.hands.windows(title)

    until(closed, what=f"{title}: closed")
    window.hands.front(MAIN)


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
