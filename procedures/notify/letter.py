"""What is told: an event of the engine as a notice, and notices as the title and the text of a message."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coldfinger.procedures.engine.items import DISABLED, WAITING, Item
from coldfinger.procedures.laboratory.notify_table import END, FAULT, HELD, RETRY, WARNING

OWN = "notify"
"""The kind of the events about messages themselves, of which nobody is told: that would never end."""
TEST = "test"
_TITLES = {
    FAULT: "fault",
    HELD: "the queue is held",
    END: "the queue has ended",
    RETRY: "a run failed and is tried again",
    WARNING: "warning",
    TEST: "test message",
}
_BY_KIND = {OWN: "", "held": HELD, "ended": END, "failed": FAULT, "retry": RETRY}
_BY_LEVEL = {"alarm": FAULT, "warning": WARNING}


@dataclass(frozen=True)
class Notice:
    """One thing to be told: its word in [notify], the engine's kind of event, the sentences, when (UTC), and where."""

    word: str
    kind: str
    text: str
    utc: str
    place: str = ""


@dataclass(frozen=True)
class Letter:
    """A message as it goes out."""

    word: str
    title: str
    body: str


def notice_of(event: Mapping[str, Any], items: Iterable[Item] = ()) -> Notice | None:
    """The notice of an event, with how far the queue is; None for what nobody is told of."""
    word = _BY_KIND.get(event["kind"], _BY_LEVEL.get(event["level"], ""))
    if not word:
        return None
    return Notice(word, event["kind"], event["text"], event["utc"], "" if word == END else how_far(tuple(items)))


def how_far(items: tuple[Item, ...]) -> str:
    """The last item that was begun: "item 4 of 27, R(T) at 3 T"; "" where none was."""
    begun = [i for i, item in enumerate(items) if item.attempts or item.state not in (WAITING, DISABLED)]
    return f"item {begun[-1] + 1} of {len(items)}, {items[begun[-1]].name}" if begun else ""


def letter_of(station: str, simulated: bool, first: Notice, newest: Notice, count: int = 1) -> Letter:
    """The message about `count` notices of one kind."""
    title = f"{'SIMULATED ' if simulated else ''}{station}: {_TITLES[newest.word]}"
    lines = [newest.text[:1].upper() + newest.text[1:], ""]
    if count > 1:
        lines += [f"This is the newest of {count} of its kind since {_time(first.utc)}.", ""]
        lines += [f"The first of them: {first.text}", ""] if first.text != newest.text else []
    where = f"Station {station}{' (SIMULATED)' if simulated else ''}"
    lines.append(", ".join(filter(None, (where, newest.place, _time(newest.utc)))) + ".")
    return Letter(newest.word, title, "\n".join(lines))


def _time(utc: str) -> str:
    return datetime.fromisoformat(utc).astimezone().strftime("%Y-%m-%d %H:%M %Z")
