"""A night in which nearly everything goes wrong: what the window says of it, and whether the queue's policy is obeyed.

Every message has four parts: what happened, what it means for data and refrigerator, what was done, what can be done.
"""

import re
import resource
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from tests.journeys.desktop import Gui, until
from tests.journeys.dialogs import answer, continue_queue, log_of

Open = Callable[..., Gui]

TROUBLE = """schema = 1
[[fault]]
kind = "overload"
on = "lock-in"
after = 130                  # messages: in the first run, behind its first row
for = 30.0
[[fault]]
kind = "silence"
on = "lock-in"
after = 520                  # in the second run
for = 60.0
"""
INTERLOCK = """
[[interlock]]
name = "warm"
signal = "T_mc"
above = "400 mK"
action = "stop queue"
"""
RAMP = '[[step]]\nrun = "TemperatureRamp"\nname = "{}"\nstart = "{} K"\nstop = "{} K"\npoints = 4\nfinal_points = 1\n'
RUNS = {"first": (0.3, 0.25), "second": (0.3, 0.25), "third": (0.3, 0.25), "warm": (0.5, 0.45), "last": (0.3, 0.25)}
PLAN = 'schema = 1\nname = "trouble"\non_failure = "next"\n' + "".join(RAMP.format(n, *way) for n, way in RUNS.items())
MALFORMED = PLAN.replace('"0.5 K"', '"9 T"')

SAFE = r"excitation, bias and heater are off, the magnet is safe"
HELD = r"Nothing new begins by itself, \d+ items? (is|are) left"
PARTS = {
    "overload": (
        "the lock-in is overloaded at a full scale of",
        "Its rows are kept and flagged, no fit uses them; temperature, field and excitation are as before",
        "The full scale goes up as far as it can, and the run goes on",
        "Look for pickup, a bad ground or a wrong lead at its input, or skip the run",
    ),
    "time-out": (
        "second: (lockin at .* no reply|a link was in doubt)",
        rf"(Its .*rows? (is|are) kept|No row was measured); ({SAFE}|.*excitation is NOT safe)",
        "The queue goes on with third",
        "copy the run into the queue to measure it again once the cause is gone",
    ),
    "interlock": (
        "the queue is held: warm: T_mc is .* above 400 mK",
        rf"No row was measured; {SAFE}",
        HELD,
        "See to the cause, then continue the queue, or remove what shall not be measured",
    ),
    "disk": (
        "the queue is held: .* could not be written .*may not grow further",
        rf"([Ee]verything measured is|rows? (is|are)) kept; {SAFE}|No row was measured; {SAFE}",
        HELD,
        "free space or raise the limit.*then continue the queue",
    ),
    "malformed": (
        r"broken.toml, line \d+: start: '9 T' has the wrong dimension",
        "the queue and the refrigerator are as they were",
        "Nothing was loaded",
        "Correct the file and open it again",
    ),
}


def station_in_trouble(folder: Path) -> Path:
    """A station file whose laboratory follows a scenario."""
    usual = resources.files("coldfinger.procedures").joinpath("stations/sim.toml").read_text("utf-8")
    (folder / "trouble.toml").write_text(TROUBLE, "utf-8")
    path = folder / "station.toml"
    path.write_text(usual.replace('sample = "S0"', 'scenario = "trouble.toml"\nsample = "S0"') + INTERLOCK, "utf-8")
    return path


def load(window: Gui, name: str, plan: str) -> None:
    """Open a plan file by keys."""
    (window.folder / name).write_text(plan, "utf-8")
    window.hands.key("ctrl+o")
    answer(window, "Open a plan file", str(window.folder / name))


def says(text: str, what: str) -> bool:
    """Whether one line has all four parts of a message."""
    return any(all(re.search(part, line) for part in PARTS[what]) for line in text.splitlines())


def states(window: Gui) -> dict[str, str]:
    return {item.name: item.state for item in window.items()}


def keep_files_below(window: Gui, size: int) -> None:
    """No file of the owner may grow beyond so many bytes: what a full disk is like."""
    _, most = resource.prlimit(window.owner_pid(), resource.RLIMIT_FSIZE)
    resource.prlimit(window.owner_pid(), resource.RLIMIT_FSIZE, (size, most))


def held(window: Gui) -> bool:
    return bool(window.snapshot().get("state") == "held" and not window.snapshot()["running"])


def test_failures_are_told_in_four_parts_and_the_queue_does_what_its_policy_says(window: Open, tmp_path: Path):
    gui = window("--station", str(station_in_trouble(tmp_path)), "--speed", "1000")
    load(gui, "broken.toml", MALFORMED)
    until(lambda: "Nothing was loaded" in log_of(gui), what="a refused file")
    assert says(log_of(gui), "malformed"), log_of(gui)
    assert gui.items() == []

    load(gui, "night.toml", PLAN)
    until(lambda: list(states(gui)) == list(RUNS), what="the queue of the file")
    continue_queue(gui)
    until(lambda: states(gui).get("warm") == "partial" and held(gui), 90.0, "an interlock that has tripped")
    became = states(gui)
    assert became.pop("third") in ("done", "failed")  # it was begun; the lock-in may have been silent still
    assert became == {"first": "done", "second": "failed", "warm": "partial", "last": "waiting"}
    told = "\n".join(gui.events())
    for what in ("overload", "time-out", "interlock"):
        assert says(told, what), (what, told)
        until(lambda what=what: says(log_of(gui), what), what=f"{what} in the window")

    gui.hands.key("alt+b", "Tab", *["Down"] * len(RUNS), "Up", "Delete")  # what would trip it again
    until(lambda: "warm" not in states(gui), what="a queue without the warm run")
    journal = gui.record().folder / "queue.jsonl"
    keep_files_below(gui, journal.stat().st_size + 1000)  # what is told by the way still fits
    continue_queue(gui)
    until(lambda: says("\n".join(gui.events()), "disk") and held(gui), 90.0, "a queue that is held again")
    assert states(gui)["last"] in ("waiting", "partial")
    until(lambda: says(log_of(gui), "disk"), what="the full disk in the window")

    keep_files_below(gui, resource.RLIM_INFINITY)
    continue_queue(gui)
    until(lambda: states(gui).get("last") == "done", 90.0, "a run that is done after all")
    assert all(item["done"] for item in gui.snapshot()["safe"])
