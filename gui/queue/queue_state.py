"""The queue as the window shows it, made of the engine's snapshot: rows, ends, deadline, and the plan that it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coldfinger.gui.form.estimate import clock_text, short_span, span_text
from coldfinger.gui.look.tokens import ITEM_LOOKS, Look
from coldfinger.procedures.engine.items import DISABLED, EndActions, FailurePolicy, Item, Night

Snapshot = Mapping[str, Any]

CHANGEABLE = ("waiting", "partial", "disabled")
"""States of items that may be moved, changed, removed."""
OPEN = ("waiting", "partial", "running")
COLUMNS = ("#", "Run", "Takes", "Ends", "±")
_NAME_OF_NOTHING = "queue"


@dataclass(frozen=True)
class Row:
    """One item: its texts, its look (icon, word, tone), whether it may be changed, whether it ends too late."""

    id: str
    cells: tuple[str, ...]
    look: Look
    locked: bool
    late: bool
    item: Mapping[str, Any] = field(compare=False, repr=False)

    @property
    def tip(self) -> str:
        """Everything that is said of it; made when somebody points at it, for a queue has hundreds of rows."""
        return _tip(self.item, self.look, self.late)


@dataclass(frozen=True)
class QueueView:
    """All rows; `first_late` is the row above which the deadline is drawn (None: nothing is late)."""

    rows: tuple[Row, ...] = ()
    first_late: int | None = None
    deadline: str = ""
    summary: str = "The queue is empty: choose a run above and press Queue +."
    can_continue: str = ""
    """"" where a held queue may go on, or why not."""


def queue_view(snapshot: Snapshot) -> QueueView:
    """What the panel shows of a snapshot."""
    items, ends = snapshot["items"], snapshot["ends"]["items"]
    now = datetime.fromisoformat(snapshot["utc"])
    by = snapshot.get("must_end_by", "")
    deadline = datetime.fromisoformat(by) if by else None
    following = next((item["id"] for item in items if item["state"] in ("waiting", "partial")), "")
    rows = [_row(n, item, ends.get(item["id"]), now, deadline, following) for n, item in enumerate(items, 1)]
    late = next((place for place, row in enumerate(rows) if row.late), None)
    return QueueView(
        tuple(rows),
        late,
        f"must end by {clock_text(deadline, now)}" if deadline else "",
        _summary(items, snapshot["ends"], now, late is not None) if items else QueueView.summary,
        why_not_continue(snapshot),
    )


def _row(
    number: int,
    item: Mapping[str, Any],
    end: Mapping[str, Any] | None,
    now: datetime,
    deadline: datetime | None,
    following: str,
) -> Row:
    state = item["state"]
    look = ITEM_LOOKS["next" if item["id"] == following and state == "waiting" else state]
    is_open = state in OPEN and end is not None
    ends = datetime.fromisoformat(end["utc"]) if end is not None and is_open and end["utc"] else None
    own = item.get("must_end_by") or ""
    late = ends is not None and any(d and d < ends for d in (deadline, datetime.fromisoformat(own) if own else None))
    takes = item.get("seconds") if not is_open else end["seconds"] if end is not None else None
    shown = clock_text(ends, now) if ends is not None else look.word
    cells = (
        str(number),
        item["name"],
        short_span(takes) if takes else "",
        shown,
        short_span(end["sd_seconds"]) if end is not None and is_open and end["sd_seconds"] >= 1 else "",
    )
    return Row(item["id"], cells, look, state not in CHANGEABLE, late, item)


def _tip(item: Mapping[str, Any], look: Look, late: bool) -> str:
    lines = [f"{item['name']}: {look.word}" + (f", {item['reason']}" if item.get("reason") else "")]
    if item.get("rows"):
        doubted = f", {item['disbelieved']} of them flagged" if item.get("disbelieved") else ""
        lines.append(f"{item['rows']} rows{doubted}")
    values = [f"{name} = {value}" for name, value in {**item.get("parameters", {}), **item.get("settings", {})}.items()]
    lines += [", ".join(values[i : i + 4]) for i in range(0, len(values), 4)]
    lines += [f"only if {item['only_if']}"] if item.get("only_if") else []
    lines += ["Late: expected to end after the deadline."] if late else []
    if item["state"] not in CHANGEABLE:
        lines.append("Locked: it has begun. Ctrl+D makes a copy that can be changed.")
    return "\n".join(lines)


def _summary(items: Sequence[Mapping[str, Any]], ends: Mapping[str, Any], now: datetime, late: bool) -> str:
    left = sum(item["state"] in OPEN for item in items)
    if not left or not ends["utc"]:
        return f"{len(items)} in the queue, none left to do"
    end = datetime.fromisoformat(ends["utc"])
    words = f"{left} left · {span_text(max((end - now).total_seconds(), 0.0))} · ends {clock_text(end, now)}"
    return f"{words} ± {span_text(ends['sd_seconds'])}" + (" · LATE" if late else "")


def why_not_continue(snapshot: Snapshot) -> str:
    """ "" where a held queue may go on, or why not."""
    if snapshot["state"] != "held":
        return "The queue is not held: it goes on by itself."
    left = sum(item["state"] in ("waiting", "partial") for item in snapshot["items"])
    return "" if left else "Nothing is left in the queue."


def content_of(item: Mapping[str, Any]) -> tuple[Any, ...]:
    """What of an item stands in a plan file, and its state."""
    names = ("id", "kind", "name", "procedure", "parameters", "settings", "only_if", "not_before", "must_end_by")
    return (*(item.get(name) for name in names), item["state"])


def night_of_queue(snapshot: Snapshot, name: str = "") -> Night:
    """The plan that the queue is: everything still to be done, or all of it where nothing is."""
    items = [Item.from_json(item) for item in snapshot["items"]]
    left = [item for item in items if item.state in OPEN or item.state == DISABLED]
    fresh = tuple(
        item.but(
            id=str(number),
            state=DISABLED if item.state == DISABLED else "waiting",
            reason="",
            attempts=0,
            folders=(),
            rows=0,
            disbelieved=0,
            predicted_seconds=None,
            seconds=None,
        )
        for number, item in enumerate(left or items, 1)
    )
    return Night(
        name or snapshot.get("night") or _NAME_OF_NOTHING,
        fresh,
        FailurePolicy(**snapshot["on_failure"]),
        EndActions(**snapshot.get("end", {})),
        snapshot.get("must_end_by", ""),
    )


def python_text(plan: str, station: str) -> str:
    """The queue as a Python script that checks the same plan and shows when each item would end."""
    quoted = plan.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'''"""A queue of coldfinger's window: what it means, and when each item would end."""

from datetime import UTC, datetime

from coldfinger.procedures.plans.outlook import outlook
from coldfinger.procedures.plans.plan_file import check_plan_text
from coldfinger.procedures.station import connect_station

PLAN = """\\
{quoted}"""

now = datetime.now(UTC)
night = check_plan_text(PLAN, "queue", now)
# To measure it, write PLAN to a file and say: coldfinger run FILE --station {station}
with connect_station({station!r}) as station:
    for prospect in outlook(night, station, now):
        print(f"{{prospect.ends.astimezone():%a %H:%M}}  {{prospect.item.name}}  {{prospect.trouble}}")
'''
