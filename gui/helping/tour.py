"""What the tour of the window measures, and what it says meanwhile; `gui/tour_guide.py` leads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coldfinger.procedures.engine.items import DISABLED, PARTIAL, RUNNING, WAITING, Item
from coldfinger.procedures.plans.plan_file import check_plan_text

SPEED = 100.0
"""Of the refrigerator, in its own seconds a second: its four hours are about three minutes then."""
LIVE, FAMILY, FIT, MAP, SLOPES = range(5)
"""Tabs of plots, from the left."""
PLAN = """\
schema = 1
name = "tour"

[[step]]
run = "R(T)"
start = "0.7 K"
stop = "50 mK"
field = "0 Oe"
points = 80

[[step]]
family = "R(T)"
fields = "100, 200, 400 Oe"
start = "0.7 K"
stop = "50 mK"
points = 60

[[step]]
run = "R(H)"
temperature = "0.1 K"
points = "200, -200, 200 Oe"
mode = "stepped"
step = "5 Oe"

[[step]]
run = "dV/dI"
temperature = "60 mK"
field = "100 Oe"
largest = "300 nA"
points = 20
"""


@dataclass(frozen=True)
class Stop:
    """Of one item: the tab in which it is seen, and the sentence that says what is seen there."""

    tab: int
    text: str


STOPS = (
    Stop(LIVE, "the film cools from 700 to 50 mK in zero field, row by row in Live (Alt+1)."),
    Stop(FIT, "the same at 100 Oe; Arrhenius + fit (Alt+3) fits it while it grows, and says what not to believe yet."),
    Stop(
        FAMILY, "200 Oe; R(T) family (Alt+2) draws it over the ramps before, which the tour ticks in the list of runs."
    ),
    Stop(MAP, "400 Oe; the ticked ramps are a map of R against T and H, too: R(T,H) map (Alt+4)."),
    Stop(LIVE, "at 100 mK the field goes from 200 Oe to −200 Oe and back, in steps; Live (Alt+1) shows R against H."),
    Stop(SLOPES, "a bias current goes up, down and back; dV/dI (Alt+5) has the slope at every bias, and its numbers."),
)
"""One for each item of the plan."""
LEAVE = "F7 goes on, Ctrl+. ends it"
BEGINS = "The tour begins."
LEFT = "The tour was left before its end; rows that were measured are kept, in the list at the right."
HELD = "The tour stands still with the queue: Queue ▸ Continue queue goes on with it, removing its items ends it."
REAL = "The tour needs the simulated refrigerator, and this station is real: coldfinger gui --demo"
PLAYED = "The tour needs the simulated refrigerator, and this is a cassette: coldfinger gui --demo"

_OPEN = (WAITING, RUNNING, PARTIAL, DISABLED)
_FREE = ("idle", "held")


def items_of_tour(now: datetime) -> tuple[Item, ...]:
    """What the tour measures, one item for each of STOPS."""
    return check_plan_text(PLAN, "tour", now).items


def why_not(snapshot: Mapping[str, Any]) -> str:
    """Why no tour can begin, with what to do; "" where it can. `snapshot` is what the window sees, {} for nothing."""
    if not snapshot:
        return "No tour yet: the engine does not answer. Wait for it, then choose it again."
    if "replay" in snapshot:
        return "No tour during a replay: choose View ▸ Leave the replay first."
    left = sum(item["state"] in _OPEN for item in snapshot["items"])
    if left:
        what = "1 item is" if left == 1 else f"{left} items are"
        return f"No tour now: {what} left in the queue. Let them end or remove them, then choose it again."
    if snapshot["state"] not in _FREE:
        return f"No tour now: the engine is {snapshot['state']}. Choose it again when it rests."
    return ""


@dataclass(frozen=True)
class Place:
    """Where a tour is.

    stop    which of STOPS is measured, None between two of them
    known   whether the engine knows of it (already, or still)
    held    whether it stands still with the queue
    over    whether nothing of it is left to be done
    whole   whether all of it is in the queue, none of it removed
    """

    stop: int | None = None
    known: bool = True
    held: bool = False
    over: bool = False
    whole: bool = True


def place_of_tour(snapshot: Mapping[str, Any], ids: Sequence[str]) -> Place:
    """Where the tour is whose items have these ids, in the order of STOPS; those that are gone were removed."""
    states = {item["id"]: item["state"] for item in snapshot["items"]}
    here = [states[id] for id in ids if id in states]
    runs = snapshot["running"].get("id")
    return Place(
        stop=ids.index(runs) if runs in ids else None,
        known=bool(here),
        held=snapshot["state"] == "held" and any(state != WAITING for state in here),
        over=not any(state in _OPEN for state in here),
        whole=len(here) == len(ids),
    )


def sentence(stop: int) -> str:
    """What is said when an item begins."""
    leave = f" ({LEAVE})" if stop == 0 else ""
    return f"Tour, {stop + 1} of {len(STOPS)}{leave}: {STOPS[stop].text}"


def over_text(snapshot: Mapping[str, Any]) -> str:
    """What is said when everything was done."""
    speed = snapshot.get("speed")
    pace = f" (time still goes at ×{speed:g})" if speed and speed != 1.0 else ""
    return f"The tour is over{pace}. Its runs are in the list at the right; F1 explains what has the keyboard."


def measured(snapshot: Mapping[str, Any], ids: Sequence[str]) -> set[str]:
    """Folders of what the tour has measured to its end."""
    over = [item for item in snapshot["items"] if item["id"] in ids and item["state"] == "done"]
    return {str(name) for item in over for name in item.get("folders", ())}
