"""What the banner says of an engine's snapshot: state, place in the queue, end, badge, and why a verb is not live."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coldfinger.gui.look.tokens import State
from coldfinger.procedures.words.quantity import duration_text

Snapshot = Mapping[str, Any]

LINK_LOST_AFTER = 30.0
"""Seconds without an answer of the engine until the window says so."""
PAUSE, RESUME, SKIP, ABORT = "pause", "resume", "skip", "abort"
VERBS = (PAUSE, RESUME, SKIP, ABORT)

_STATES = {
    "idle": State.IDLE,
    "survey": State.WAITING,
    "running": State.RUNNING,
    "waiting": State.WAITING,
    "pausing": State.PAUSING,
    "paused": State.PAUSED,
    "aborting": State.ABORTING,
    "held": State.HELD,
    "ending": State.WAITING,
    "ended": State.SAFE,
}
_TRIPPED = ("tripped", "settling")
_OPEN = ("waiting", "running", "partial")
_SAFE_WORDS = {"excitation": "excitation off", "bias": "bias off", "heater": "heater off", "magnet": "field held"}


@dataclass(frozen=True)
class BannerView:
    """Everything that the banner shows.

    place     "4/27  R(T) at 3 T"
    detail    one sentence
    progress  percent of the running item, None without one
    ends      when the queue ends, with its uncertainty; "" where that is not known
    badge     "SIMULATED", "REPLAY" or ""
    checks    of a safe state: what, and whether it was reached
    why_not   for every verb that is not live the reason; abort is always live
    """

    state: State
    place: str = ""
    detail: str = ""
    progress: float | None = None
    ends: str = ""
    badge: str = ""
    checks: tuple[tuple[str, bool], ...] = ()
    why_not: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """State, place and detail in one line, for titles and screen readers."""
        return " · ".join(filter(None, (self.badge, self.state.value.word, self.place, self.detail)))


def banner_of(snapshot: Snapshot | None, silent: float = 0.0, *, replay: bool = False) -> BannerView:
    """The banner for the last snapshot there was, `silent` seconds of real time ago; None before the first one."""
    badge = "REPLAY" if replay else "SIMULATED" if snapshot is not None and snapshot["simulated"] else ""
    if snapshot is None or silent > LINK_LOST_AFTER:
        return _lost(snapshot, silent, badge)
    state = _state(snapshot)
    return BannerView(
        state=state,
        place=_place(snapshot),
        detail=_detail(snapshot, state),
        progress=snapshot["running"].get("progress"),
        ends=_ends(snapshot),
        badge=badge,
        checks=_checks(snapshot),
        why_not=_why_not(snapshot, state),
    )


def _lost(snapshot: Snapshot | None, silent: float, badge: str) -> BannerView:
    if snapshot is None:
        detail = "no answer from the engine yet"
    else:
        detail = f"no answer for {duration_text(int(silent))}; what is shown is that old"
    reason = "The link to the engine is lost"
    return BannerView(
        State.LINK_LOST, detail=detail, badge=badge, why_not={PAUSE: reason, RESUME: reason, SKIP: reason}
    )


def _state(snapshot: Snapshot) -> State:
    name = snapshot["state"]
    unsafe = name in ("held", "ended", "idle") and not all(item["done"] for item in snapshot["safe"])
    return State.FAULT if unsafe or _trips(snapshot) else _STATES[name]


def _trips(snapshot: Snapshot) -> list[str]:
    return [lock["text"] or lock["name"] for lock in snapshot["care"]["interlocks"] if lock["state"] in _TRIPPED]


def _detail(snapshot: Snapshot, state: State) -> str:
    reason, running = snapshot["reason"], snapshot["running"]
    if state is State.FAULT:
        unsafe = [f"{item['item']} is NOT safe: {item['detail']}" for item in snapshot["safe"] if not item["done"]]
        return "; ".join([*unsafe, *_trips(snapshot)])
    if state is State.RUNNING:
        rows = running.get("rows", 0)
        return f"{running.get('progress', 0.0):.0f} % · {rows} {'row' if rows == 1 else 'rows'}"
    if state is State.HELD:
        left = sum(item["state"] in _OPEN for item in snapshot["items"])
        return f"queue held, {left} left: {reason}"
    if state is State.WAITING and reason == running.get("name"):
        return ""  # the place says it
    return str(reason)


def _place(snapshot: Snapshot) -> str:
    items, running = snapshot["items"], snapshot["running"]
    for number, item in enumerate(items, 1):
        if item["id"] == running.get("id"):
            return f"{number}/{len(items)}  {item['name']}"
    return ""


def _ends(snapshot: Snapshot) -> str:
    ends = snapshot["ends"]
    if not ends["utc"] or snapshot["state"] in ("aborting", "held", "ended"):
        return ""
    end, now = (datetime.fromisoformat(text).astimezone() for text in (ends["utc"], snapshot["utc"]))
    left = max((end - now).total_seconds(), 0.0)
    return f"Queue ends\n{end:%a %H:%M} ± {_rough(ends['sd_seconds'])}\nin {_rough(left)}"


def _rough(seconds: float) -> str:
    """ "40 s", "7 min", "11 h 18 min"."""
    return f"{seconds:.0f} s" if seconds < 60 else duration_text(seconds).partition(" min")[0] + " min"


def _checks(snapshot: Snapshot) -> tuple[tuple[str, bool], ...]:
    if snapshot["state"] not in ("aborting", "held", "ended"):
        return ()
    return tuple((_SAFE_WORDS.get(item["item"], item["item"]), bool(item["done"])) for item in snapshot["safe"])


def _why_not(snapshot: Snapshot, state: State) -> dict[str, str]:
    name, runs = snapshot["state"], bool(snapshot["running"])
    reasons: dict[str, str] = {}
    if not runs or name in ("aborting", "held", "ending", "ended"):
        reasons[PAUSE] = reasons[SKIP] = "Nothing is running"
    elif name in ("pausing", "paused"):
        reasons[PAUSE] = "It is paused already" if name == "paused" else "It pauses after the present point"
    if name == "held":
        reasons[RESUME] = 'The queue is held: use "Continue queue" in the queue panel'
    elif name not in ("pausing", "paused"):
        reasons[RESUME] = "Nothing is paused"
    if "replay" in snapshot:
        reasons[SKIP] = "A replay has nothing to skip: go on by the bar of time"
    return reasons
