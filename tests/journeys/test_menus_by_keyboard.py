"""Every command of the menus is reached by Alt and letters alone, and what had the keyboard has it again afterwards."""

import contextlib
import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from coldfinger.procedures.plans.plan_file import PlanFileError, read_plan
from tests.journeys.desktop import Gui, until
from tests.journeys.menu_letters import LETTERS

Open = Callable[..., Gui]

WINDOWS = {
    "Front panels": "Instrument panels", "Traffic": "Traffic with", "At the end": "At the end of the queue",
    "Replay a run": "Replay a run", "Help here": "^Help", "Commands": "^Commands$", "Log": "^Log$",
    "All messages": "^Messages$", "About": "^About", "Open": "Open a plan file", "Save": "Save the queue",
    "Save as": "Save the queue", "Rehearse": "Rehearsal", "Replay a cassette": "^Replay the runs of a cassette",
}  # fmt: skip
"""Commands that open a window, with its title."""
TABS = ("R(T) family", "Arrhenius + fit", "R(T,H) map", "dV/dI", "Fridge history")
SEEN = (
    *TABS, "History of › T_sample", "History of › H", "History of › Heater", "History of › 5 ρ",
    "History of › Excitation", "History of › 7 θ", "History of › T_mc", "Live", "Runs", "Queue", "Reset layout",
    "New run", "Dark theme", "Larger font", "Usual font", "Smaller font", "Export ticked runs",
    "Fit ticked runs", "Overlay ticked runs", "Ratio to the reference", "Differences of two ticked runs",
    "Use parameters of the chosen run", "Validate", "Copy as Python", "Reconnect",
    "Tour",  # says that the queue is not empty
)  # fmt: skip
"""Commands that change what the window shows, be it by a message, and nothing outside of it, in their order."""
TAKES_THE_KEYBOARD = {*TABS, "Live", "New run", "Reconnect"}
BELOW = 150
"""Pixels from the top below which nothing moves by itself while nothing is measured."""
CHANGED = 60
"""Pixels that a command changes at least; a caret that blinks has less."""


class Menus:
    """The menus of a window, and what was done in them; the keyboard is in the field of a waiting time."""

    def __init__(self, gui: Gui) -> None:
        self.gui, self.done, self._times = gui, set[str](), itertools.count(101)
        self.alone = self.shown()
        gui.hands.play("alt+y", "End", "Tab")

    def shown(self) -> set[str]:
        return set(self.gui.hands.windows(""))

    def choose(self, name: str) -> None:
        """Alt and the letters of a command."""
        first, *rest = LETTERS[name]
        self.gui.hands.play(f"alt+{first}", *rest)
        self.done.add(name)

    def hears(self, *, moved: bool = False) -> None:
        """What is typed arrives: in the very same field, or where a command takes the keyboard, in the window."""
        until(lambda: self.shown() == self.alone, what="no menu and no window open")
        self.gui.hands.front("coldfinger")
        minutes = next(self._times)
        way = ("alt+y", "Tab") if moved else ()
        self.gui.hands.play(*way, "ctrl+a", *str(minutes), "ctrl+shift+Return")
        until(lambda: self.waits()[-1:] == [minutes], what=f"{minutes}, typed after {sorted(self.done)}")

    def waits(self) -> list[float]:
        return [item.settings["seconds"] / 60.0 for item in self.gui.items()]

    def choose_row(self, name: str, up: int = 0) -> None:
        """A command for the last row of the queue, or one above it, once the window has kept what the owner has."""
        until(lambda: self.kept() == self.waits(), what="a window that has seen the queue")
        self.gui.hands.play("alt+b", "Tab", *["Down"] * len(self.waits()), *["Up"] * up)
        self.choose(name)

    def kept(self) -> list[float]:
        """Waiting times in the file in which the window keeps its queue."""
        with contextlib.suppress(PlanFileError):
            for path in self.gui.folder.rglob("queue-sim.toml"):
                return [item.settings["seconds"] / 60.0 for item in read_plan(path).items]
        return []

    def state(self) -> str:
        return str(self.gui.snapshot().get("state"))

    def picture(self) -> NDArray[np.int16]:
        return self.gui.hands.picture()[BELOW:]


def says_that_it_cannot(menus: Menus, name: str) -> None:
    """The menu stays open, the list of commands too; nothing else happens."""
    hands = menus.gui.hands
    menus.choose(name)
    until(lambda: menus.shown() != menus.alone, what=f"{name}: the menu is still there")
    hands.play("Escape", "Escape")
    until(lambda: menus.shown() == menus.alone, what="a closed menu")
    hands.key("ctrl+k")
    until(lambda: hands.focus() in hands.windows("^Commands$"), what="the commands")
    hands.type(name)
    hands.play("Return", "Left", "Right")
    assert hands.focus() in hands.windows("^Commands$")
    hands.key("Escape")
    until(lambda: menus.shown() == menus.alone, what="nothing open")


def opens_and_closes(menus: Menus, name: str, title: str = "") -> None:
    hands = menus.gui.hands
    menus.choose(name)
    until(lambda: hands.focus() in hands.windows(title or WINDOWS[name]), what=f"{name}: a window with the keyboard")
    hands.key("Escape")
    until(lambda: menus.shown() == menus.alone, what=f"{name}: closed by Escape")


def changes_the_picture(menus: Menus, name: str) -> None:
    before = menus.picture()

    def seen() -> bool:
        return int((menus.picture() != before).any(axis=2).sum()) > CHANGED and menus.shown() == menus.alone

    menus.choose(name)
    until(seen, what=f"{name}: something to be seen")


def changes_the_queue(menus: Menus) -> None:
    """Every verb of the queue on its last item."""
    one, two = menus.waits()[-2:]
    rest = menus.waits()[:-2]
    for name, after in (
        ("Move up", [two, one]), ("Undo", [one, two]), ("Redo", [two, one]), ("Undo", [one, two]),
        ("Copy", [one, two, two]), ("Remove", [one, two]),
    ):  # fmt: skip
        menus.choose_row(name)
        until(lambda after=after: menus.waits() == rest + after, what=f"{name}: {rest + after}")
    menus.choose_row("Move down", up=1)
    until(lambda: menus.waits() == [*rest, two, one], what="Move down")
    menus.choose_row("Off / on")
    until(lambda: [item.state for item in menus.gui.items()].count("disabled") == 1, what="Off / on")
    menus.choose_row("Off / on")
    until(lambda: "disabled" not in [item.state for item in menus.gui.items()], what="Off / on, again")
    until(lambda: menus.kept() == menus.waits())
    opens_and_closes(menus, "Change", "^Change")
    menus.hears(moved=True)
    menus.choose("Add to queue")
    until(lambda: menus.waits()[-2] == menus.waits()[-1], what="Add to queue")


def drives_the_fridge(menus: Menus) -> None:
    """Every verb of a run; the queue is of waits."""
    for name, state in (
        ("Start now", "waiting"), ("Pause or resume", "paused"), ("Pause or resume", "waiting"),
        ("Abort → safe", "held"), ("Continue queue", "waiting"),
    ):  # fmt: skip
        menus.choose(name)
        until(lambda state=state: menus.state() == state, what=f"{name}: {state}")
        until(lambda state=state: menus.gui.hands.windows(state.upper()), what=f"a window that says {state}")
    menus.choose("Skip")
    until(lambda: "skipped" in [item.state for item in menus.gui.items()], what="Skip")
    menus.choose("Abort → safe")
    until(lambda: menus.state() == "held", what="a held queue")


def quits(menus: Menus) -> None:
    """At once, or where the queue was touched so shortly ago that it may run, after a question."""
    process = menus.gui.process
    assert process is not None

    def gone() -> bool:
        menus.choose("Quit")
        with contextlib.suppress(AssertionError):
            until(lambda: process.poll() is not None or menus.gui.hands.windows("A queue is running"), 20.0)
        if process.poll() is None:
            menus.gui.hands.key("Escape")
        return process.poll() is not None

    until(gone, what="a window that has closed")
    assert process.wait() == 0


def test_every_command_of_the_menus_by_letters_and_the_keyboard_is_never_lost(window: Open):
    gui = window("--speed", "1000")
    menus = Menus(gui)
    for name in ("Undo", "Save"):
        says_that_it_cannot(menus, name)
    assert gui.items() == []
    menus.hears(moved=True)
    menus.hears()
    for name in SEEN:
        changes_the_picture(menus, name)
        if name == "New run":  # it was hidden, and with it whatever hears; now it comes back
            changes_the_picture(menus, name)
        menus.hears(moved=name in TAKES_THE_KEYBOARD)
    for name in WINDOWS:
        opens_and_closes(menus, name)
        menus.hears()
    menus.choose("Window of its own")
    until(lambda: gui.hands.focus() in gui.hands.windows("^Live"), what="a plot in a window of its own")
    gui.hands.key("ctrl+shift+f")
    until(lambda: menus.shown() == menus.alone, what="the plot back in its tab")
    menus.hears(moved=True)
    changes_the_queue(menus)
    menus.hears()
    drives_the_fridge(menus)
    menus.hears(moved=True)
    for name, speed in (("×10, ten", 10.0), ("×100, hundred", 100.0), ("×1, real time", 1.0)):
        menus.choose(f"Speed of time › {name}")
        until(lambda speed=speed: gui.snapshot().get("speed") == speed, what=name)
    menus.choose("Speed of time › ×1000, thousand")
    until(lambda: gui.snapshot().get("speed") == 1000.0, what="×1000")
    menus.choose("Leave the replay")  # there is none
    menus.hears()
    count = len(menus.waits())
    menus.choose("Last queue")
    until(lambda: len(menus.waits()) > count, what="Last queue")
    menus.hears()
    quits(menus)
    assert menus.done == set(LETTERS)
