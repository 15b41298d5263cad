"""What people are told when an item fails or the queue is held.

In this order: what happened, what it means for data and refrigerator, what was done, and what can be done.
"""

from collections import Counter
from collections.abc import Sequence

from coldfinger.procedures.engine.items import DONE, FAILED, PARTIAL, SKIPPED, Item
from coldfinger.procedures.station import SafeReport


def data_text(rows: int) -> str:
    """What became of the rows of an item."""
    if not rows:
        return "no row was measured"
    return "its row is kept" if rows == 1 else f"its {rows} rows are kept"


def station_text(safe: Sequence[SafeReport]) -> str:
    """How the refrigerator stands, by the reports of the safe state; none: it was not made safe."""
    if not safe:
        return "the refrigerator stays as it is"
    off = [report.item for report in safe if report.done and report.item != "magnet"]
    parts = [f"{_listed(off)} {'is' if len(off) == 1 else 'are'} off"] if off else []
    parts += [f"the magnet is safe ({report.detail})" for report in safe if report.done and report.item == "magnet"]
    parts += [f"{report.item} is NOT safe" for report in safe if not report.done]
    return ", ".join(parts)


def failed_text(item: Item, safe: Sequence[SafeReport], follows: str) -> str:
    """An item that failed; `follows` is what the policy makes of it."""
    means = f"{data_text(item.rows)}; {station_text(safe)}"
    return f"{item.name}: {_end(item.reason)} {_begin(means)}. {follows}"


def again_text(attempt: int, attempts: int) -> str:
    return (
        f"After a short rest it is tried again ({attempt} of {attempts}); nothing has to be done, an abort gives time "
        "to look first."
    )


def next_text(following: Item | None) -> str:
    goes_on = "Nothing else is left" if following is None else f"The queue goes on with {following.name}"
    return f"{goes_on}; copy the run into the queue to measure it again once the cause is gone."


def ending_text(left: int) -> str:
    return (
        f"The queue ends here in the safe state, as its policy says; {_items(left)} not begun. See to the cause, then "
        "go on with the night."
    )


def held_text(reason: str, item: Item | None, safe: Sequence[SafeReport], left: int) -> str:
    """A queue that is held, because of `item` where one ran."""
    kept = "everything measured is kept" if item is None else data_text(item.rows)
    return (
        f"the queue is held: {_end(reason)} {_begin(kept)}; {station_text(safe)}. Nothing new begins by itself, "
        f"{_items(left)} left. See to the cause, then continue the queue, or remove what shall not be measured."
    )


def ended_text(outcome: str, reason: str, items: Sequence[Item], safe: Sequence[SafeReport]) -> str:
    """A queue that has ended; `outcome` is that of the night, `reason` its reason."""
    states = Counter(item.state for item in items)
    done = f"{states[DONE]} of {_items(len(items))} done"
    others = [f"{states[state]} {state}" for state in (PARTIAL, FAILED, SKIPPED) if states[state]]
    why = f" {_begin(_end(reason))}" if reason and outcome not in ("done", "partly") else ""
    rows = sum(item.rows for item in items)
    kept = "no row was measured" if not rows else "1 row is kept" if rows == 1 else f"{rows} rows are kept"
    means = f"{', '.join([done, *others])}; {kept}; {station_text(safe)}"
    return f"{_ENDED.get(outcome, _ENDED['stopped'])}.{why} {_begin(means)}. {_NOW.get(outcome, _NOW['partly'])}"


def broken_text(error: BaseException, safe: Sequence[SafeReport]) -> str:
    """A night that a mistake of the program has ended."""
    return (
        f"the program itself failed: {_end(f'{type(error).__name__}: {error}')} Everything measured is kept; "
        f"{station_text(safe)}. The queue ends here. Look at the refrigerator, then go on with the night by --resume."
    )


_ENDED = {
    "done": "the queue has ended",
    "partly": "the queue has ended, and not all of it is done",
    "held": "the queue has ended while it was held",
    "refused": "the queue did not begin",
    "stopped": "the queue was ended before all was done",
}
_NOW = {
    "done": "Nothing has to be done.",
    "partly": "Look at what is missing; copied into a queue it is measured again.",
    "refused": "See to the cause, then begin again.",
}


def still_held_text(reason: str, safe: Sequence[SafeReport], left: int) -> str:
    """A held queue whose journal cannot be written, so that it cannot go on."""
    return (
        f"the queue stays held: {_end(reason)} Everything measured is kept, but what is done to the queue now would be "
        f"lost with this program; {station_text(safe)}. Nothing new begins, {_items(left)} left. See to the cause, "
        "then continue the queue."
    )


def _items(count: int) -> str:
    return f"{count} item is" if count == 1 else f"{count} items are"


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]


def _end(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
