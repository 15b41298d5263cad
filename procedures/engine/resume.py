"""A night that was interrupted, read back so that it can go on: what is done, what is half done, what waits."""

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coldfinger.procedures.engine.items import DONE, PARTIAL, RUNNING, WAITING, EndActions, FailurePolicy, Item, Night
from coldfinger.procedures.engine.queue import is_open
from coldfinger.procedures.engine.queue_journal import QueueRecord, nights, read_queue
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.quality import DISBELIEVED

if TYPE_CHECKING:
    from coldfinger.runfiles.reader import Run


def night_event(night: Night) -> dict[str, Any]:
    """What a journal's start keeps of a night, beside its items."""
    return {key: value for key, value in asdict(night).items() if key != "items"}


def night_from_event(kept: Mapping[str, Any], items: tuple[Item, ...]) -> Night:
    """The inverse of `night_event`."""
    policy, end = FailurePolicy(**kept["on_failure"]), EndActions(**kept["end"])
    return Night(kept["name"], items, policy, end, kept["must_end_by"], kept["source"], kept["text"])


def night_of(record: QueueRecord, data: Path) -> Night:
    """The night as it stands: what was running is partial, with the rows that are on disk; settings as last given."""
    items = tuple(_as_it_stands(item, data) for item in record.items)
    return night_from_event({**record.start["night"], **record.settings}, items)


def _as_it_stands(item: Item, data: Path) -> Item:
    if item.state != RUNNING:
        return item
    from coldfinger.runfiles.reader import read_run  # loads tables, which a look for unfinished nights does not need

    rows = disbelieved = 0
    folders = []
    outcome = ""
    for folder in item.folders:
        with contextlib.suppress(RunFileError):
            run = read_run(data / folder)
            rows += len(run.frame)
            disbelieved += int(((run.frame["flags"].astype(int) & int(DISBELIEVED)) != 0).sum())
            folders.append(folder)
            outcome = run.outcome
    state = DONE if outcome == "done" else PARTIAL if rows else WAITING
    kept = tuple(folders) if rows or state == DONE else ()
    return replace(item, state=state, folders=kept, rows=rows, disbelieved=disbelieved)


def unfinished(data: Path) -> QueueRecord | None:
    """The newest night of a data folder that has something left to do and that no living program holds.

    A night whose items are over but that ended held, or whose end was never written down, has its end actions left.
    """
    for folder in reversed(nights(data)):
        record = read_queue(folder)
        if record.held or not record.start or not record.items:
            continue
        if record.ended.get("outcome", "held") == "held" or any(is_open(item) for item in record.items):
            return record
    return None


def last_run(night: Night, data: Path) -> "Run | None":
    """The run whose rows are the newest of a night; None when there is none that can be read."""
    from coldfinger.runfiles.reader import read_run

    for item in reversed([item for item in night.items if item.folders]):
        with contextlib.suppress(RunFileError):
            return read_run(data / item.folders[-1])
    return None
