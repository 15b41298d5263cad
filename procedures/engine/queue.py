"""The items in their order, and every change that may be made to what waits.

What runs or has ended is locked: it may be looked at and copied, never changed or moved. Nothing here touches an
instrument or a file; the engine writes each change down.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coldfinger.procedures.engine.face import Refused
from coldfinger.procedures.engine.items import (
    DISABLED,
    DONE,
    FAILED,
    PARTIAL,
    RUNNING,
    SKIPPED,
    WAITING,
    FailurePolicy,
    Item,
)

EDITABLE = ("name", "parameters", "settings", "only_if", "not_before", "must_end_by", "on_failure")
_CHANGEABLE = (WAITING, DISABLED, PARTIAL)
_ENDED = (DONE, FAILED, SKIPPED, PARTIAL)


class QueueError(Refused):
    """A change that cannot be made to the queue; nothing was changed. One sentence."""


class Queue:
    """Items by id, in their order."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = list(items)
        ids = [item.id for item in self._items]
        if len(set(ids)) != len(ids):
            raise QueueError(
                f"queue: ids {sorted({i for i in ids if ids.count(i) > 1})} occur twice; give each its own"
            )

    @property
    def items(self) -> tuple[Item, ...]:
        """All of them, as they are now."""
        return tuple(self._items)

    def __getitem__(self, id: str) -> Item:
        return self._items[self._place(id)]

    def next(self) -> Item | None:
        """The first item that is still to be done: interrupted ones before those that wait, by their place."""
        return next((item for item in self._items if item.state in (WAITING, PARTIAL)), None)

    def put(self, item: Item) -> None:
        """Replace the item of the same id; for the engine itself."""
        self._items[self._place(item.id)] = item

    def add(self, items: Sequence[Item], before: str = "") -> list[str]:
        """Insert items before one that waits, or at the end; returns the ids they got."""
        place = self._free_place(before)
        added = [item.but(id=new, state=WAITING) for item, new in zip(items, self._new_ids(len(items)), strict=True)]
        self._items[place:place] = added
        return [item.id for item in added]

    def remove(self, ids: Sequence[str]) -> None:
        """Take items out that have not begun."""
        self._refuse_locked(ids, "removed")
        self._items = [item for item in self._items if item.id not in ids]

    def move(self, ids: Sequence[str], before: str = "") -> None:
        """Bring items, in their present order, before one that waits, or to the end."""
        self._refuse_locked(ids, "moved")
        if before in ids:
            raise QueueError(f"queue: item {before} cannot be moved before itself; name another item or none")
        moved = [item for item in self._items if item.id in ids]
        kept = self._items
        self._items = [item for item in kept if item.id not in ids]
        try:
            place = self._free_place(before)
        except QueueError:
            self._items = kept
            raise
        self._items[place:place] = moved

    def edit(self, id: str, changes: Mapping[str, Any]) -> Item:
        """Change values of an item that has not begun; `parameters` and `settings` are taken over one by one."""
        self._refuse_locked([id], "changed")
        item = self[id]
        if unknown := sorted(set(changes) - set(EDITABLE)):
            raise QueueError(
                f"queue: {', '.join(unknown)} of item {id} cannot be changed; allowed are {', '.join(EDITABLE)}"
            )
        merged = dict(changes)
        for name in ("parameters", "settings"):
            if name in merged:
                merged[name] = {**getattr(item, name), **merged[name]}
        if isinstance(merged.get("on_failure"), Mapping):
            merged["on_failure"] = FailurePolicy(**merged["on_failure"])
        self.put(item.but(**merged))
        return self[id]

    def disable(self, ids: Sequence[str], disabled: bool = True) -> None:
        """Leave items out, or take them in again."""
        self._refuse_locked(ids, "switched off or on")
        for id in ids:
            item = self[id]
            if disabled:
                self.put(item.but(state=DISABLED))
            elif item.state == DISABLED:
                self.put(item.but(state=PARTIAL if item.folders else WAITING))

    def copy(self, ids: Sequence[str], before: str = "") -> list[str]:
        """Add fresh copies of items, whatever became of the originals."""
        fresh = [
            Item.from_json(self[id].to_json()).but(
                folders=(), rows=0, disbelieved=0, reason="", attempts=0, seconds=None, predicted_seconds=None
            )
            for id in ids
        ]
        return self.add(fresh, before)

    def again(self, ids: Sequence[str]) -> None:
        """Let items that failed or were skipped wait again; what they have measured is kept and gone on from."""
        for id in ids:
            item = self[id]
            if item.state not in (FAILED, SKIPPED):
                raise QueueError(
                    f"queue: item {id} is {item.state}; only what failed or was skipped can be tried again"
                )
        for id in ids:
            self.put(self[id].but(state=PARTIAL if self[id].folders else WAITING, reason="", attempts=0))

    def _place(self, id: str) -> int:
        for place, item in enumerate(self._items):
            if item.id == id:
                return place
        known = ", ".join(item.id for item in self._items[:20])
        raise QueueError(f"queue: there is no item {id!r}; there are {known or 'none'}")

    def _free_place(self, before: str) -> int:
        if not before:
            return len(self._items)
        place = self._place(before)
        if self._items[place].state not in _CHANGEABLE:
            raise QueueError(f"queue: item {before} is {self._items[place].state}; nothing can be put before it")
        return place

    def _refuse_locked(self, ids: Sequence[str], what: str) -> None:
        for id in ids:
            if (state := self[id].state) not in _CHANGEABLE:
                raise QueueError(f"queue: item {id} is {state} and cannot be {what}; copy it instead")

    def _new_ids(self, count: int) -> list[str]:
        highest = max((int(item.id) for item in self._items if item.id.isdecimal()), default=0)
        self._highest = max(highest, getattr(self, "_highest", 0)) + count
        return [str(self._highest - count + 1 + i) for i in range(count)]


def is_ended(item: Item) -> bool:
    """Whether an item has been begun and is over, for good or for now."""
    return item.state in _ENDED


def is_open(item: Item) -> bool:
    """Whether an item is still to be done or being done."""
    return item.state in (WAITING, PARTIAL, RUNNING)
