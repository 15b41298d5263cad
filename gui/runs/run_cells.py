"""How a run stands in the list: the text of each of its cells, what a cell says in full, and by what a column sorts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coldfinger.gui.look.tokens import ITEM_LOOKS, Look
from coldfinger.procedures.data.entry import Entry

TYPES = {
    "RT": "R(T)",
    "RH": "R(H)",
    "MR": "MR(H)",
    "dVdI": "dV/dI",
    "check": "check",
    "zero": "zero field",
}
OUTCOME_LOOKS = {
    "running": ITEM_LOOKS["running"],
    "done": ITEM_LOOKS["done"],
    "stopped": ITEM_LOOKS["partial"],
    "interrupted": ITEM_LOOKS["partial"],
    "failed": ITEM_LOOKS["failed"],
    "damaged": Look("file-alert-outline", "unreadable", "bad"),
}
"""The catalogue calls damaged what nothing could be read of, be it only of a newer program; a lost line is no such."""
_DOUBTFUL = 0.9
"""Share of believed rows below which a run that is done is marked all the same."""


@dataclass(frozen=True)
class Column:
    """A column of the list: its heading, what that means, and its text and sorting key for an entry."""

    heading: str
    tip: str
    text: Callable[[Entry], str]
    key: Callable[[Entry], Any]


def field_text(entry: Entry) -> str:
    """ "600 Oe", "−300 to 300 Oe", "" without rows."""
    return _with_unit(_field(entry), "Oe")


def temperature_text(entry: Entry) -> str:
    """ "0.05 to 10 K", "" without rows."""
    return _with_unit(_temperature(entry), "K")


def _field(entry: Entry) -> str:
    return _span(entry.lowest_Oe, entry.highest_Oe, close=0.5)


def _temperature(entry: Entry) -> str:
    return _span(entry.coldest_K, entry.warmest_K, close=0.0)


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if text else ""


def _span(low: float | None, high: float | None, close: float) -> str:
    if low is None or high is None:
        return ""
    if high - low <= close:
        low = high = (low + high) / 2
    ends = [_number(0.0 if abs(value) < close else value) for value in (low, high)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _number(value: float) -> str:
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return text.replace("-", "−")


def time_text(utc: str) -> str:
    """A time of the journal on this computer's clock, "" for none."""
    return datetime.fromisoformat(utc).astimezone().strftime("%m-%d %H:%M") if utc else ""


def type_text(entry: Entry) -> str:
    return TYPES.get(entry.kind, entry.kind) or entry.procedure or "unknown"


def quality_text(entry: Entry) -> str:
    """Word of the outcome, with the believed share where that is not all: "done, 89 % good"."""
    return _quality(entry).replace("%", "% good")


def _quality(entry: Entry) -> str:
    word = OUTCOME_LOOKS["damaged"].word if entry.outcome == "damaged" else entry.outcome
    if entry.damage and entry.outcome != "damaged":
        word = f"damaged, {word}"
    if not entry.rows:
        return f"{word}, no rows" if word == "done" else word
    share = entry.believed / entry.rows
    return word if share == 1 else f"{word}, {min(int(100 * share), 99)} %"


def look_of(entry: Entry) -> Look:
    """Icon and tone of the outcome: a run that is done but doubtful or damaged never looks like a good one."""
    doubtful = entry.rows and entry.believed < _DOUBTFUL * entry.rows
    if entry.damage and entry.outcome != "damaged":
        return Look("file-alert-outline", entry.outcome, "warn")
    if entry.outcome == "done" and (doubtful or not entry.rows):
        return Look("alert-outline", "doubtful", "warn")
    return OUTCOME_LOOKS.get(entry.outcome, OUTCOME_LOOKS["damaged"])


def title_of(entry: Entry) -> str:
    """One line that names a run to a person: "#17 R(T) at 600 Oe", or by its folder where no more is known."""
    plain = f"{type_text(entry)} {field_text(entry)}".strip() if entry.kind or entry.procedure else entry.folder
    name = entry.item_name or plain
    return f"#{entry.id} {name}"


def tip_of(entry: Entry) -> str:
    """All of a run that the list knows, for its tooltip."""
    lines = [
        title_of(entry) + (f", part {entry.part}" if entry.part > 1 else ""),
        f"folder {entry.folder}",
        f"sample {entry.sample} {entry.stage}".strip() if entry.sample else "",
        f"{entry.believed} of {entry.rows} rows believed; {entry.outcome}{': ' + entry.reason if entry.reason else ''}",
        "SIMULATED" if entry.simulated else "",
        entry.damage,
        entry.note,
    ]
    return "\n".join(line for line in lines if line)


ID, TYPE, FIELD, QUALITY, RANGE, POINTS, TIME, STARRED, TAGS, SAID = range(10)
COLUMNS = (
    Column("#", "Number of the run, its own for ever; the tick puts it into plots (Space).", lambda e: str(e.id),
           lambda e: e.id),
    Column("Type", "What was measured.", type_text, type_text),
    Column("H (Oe)", "Field at the sample (Oe) of the believed rows.", _field,
           lambda e: e.lowest_Oe if e.lowest_Oe is not None else float("-inf")),
    Column("Quality", "How the run ended, and the share of its rows that carry no flag that forbids belief.",
           _quality, lambda e: (e.outcome, e.believed / e.rows if e.rows else 0.0)),
    Column("T (K)", "Range of the sample's temperature (K) of the believed rows.", _temperature,
           lambda e: e.coldest_K if e.coldest_K is not None else float("-inf")),
    Column("Points", "Rows in the file.", lambda e: str(e.rows), lambda e: e.rows),
    Column("Time", "When it was begun, by this computer's clock.", lambda e: time_text(e.begun_utc),
           lambda e: e.begun_utc),
    Column("Star", "A star of yours (S).", lambda e: "★" if e.star else "", lambda e: e.star),
    Column("Tags", "Words of yours, by blanks; edit them here (F2).", lambda e: " ".join(e.tags), lambda e: e.tags),
    Column("Note", "A note of yours; edit it here (F2).", lambda e: e.note, lambda e: e.note),
)  # fmt: skip
