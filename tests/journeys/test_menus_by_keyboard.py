"""Everything that the menus offer is reached by Alt keys alone, and the window then hears keys again."""

from collections.abc import Callable

from tests.journeys.desktop import Gui, until

Open = Callable[..., Gui]

MENUS = "frqvah"
OPENS = {
    "Front panels": "rn", "Traffic": "rt", "At the end": "qe", "Replay a run": "vp",
    "Help here": "hh", "Commands": "hc", "Log": "hl", "All messages": "hm", "About": "ha",
}  # fmt: skip
"""Commands that open a window, by the letters of menu and command."""


def shown(window: Gui) -> set[str]:
    """Every window on the screen, menus included."""
    return set(window.hands.windows(""))


def open_by(window: Gui, letters: str) -> set[str]:
    """What Alt and the letter of a menu, and then the letter of a command in it, have opened."""
    before = shown(window)
    window.hands.key(f"alt+{letters[0]}")
    menu = until(lambda: shown(window) - before, 5.0, f"the menu of Alt+{letters[0]}")
    if not letters[1:]:
        return set(menu)
    window.hands.key(letters[1])
    until(lambda: not menu & shown(window), 5.0, f"{letters}: a menu that has closed")
    return set(until(lambda: shown(window) - before - menu, 10.0, f"a window by {letters}"))


def test_every_menu_and_window_opens_by_alt_keys_and_the_window_hears_keys_again(window: Open):
    gui = window("--speed", "1000")
    alone, main = shown(gui), gui.hands.focus()
    for letter in MENUS:
        open_by(gui, letter)
        gui.hands.key("Escape", "Escape")
        until(lambda: shown(gui) == alone, 5.0, "a closed menu")
        assert gui.hands.focus() == main
    for name, letters in OPENS.items():
        opened = open_by(gui, letters)
        until(lambda opened=opened: gui.hands.focus() in opened, 5.0, f"{name} has the keyboard")
        gui.hands.key("Escape")
        until(lambda: shown(gui) == alone, 5.0, f"{name}: closed by Escape")
        gui.hands.front("coldfinger")  # what a window manager would do
    gui.hands.key("alt+y", "Tab", "Tab", "Tab", "ctrl+a")  # the type, all fields, from, to
    gui.hands.type("0.3")
    gui.hands.key("Tab")
    gui.hands.key("ctrl+Return")
    assert until(gui.items)[0].parameters["stop"] == 0.3
