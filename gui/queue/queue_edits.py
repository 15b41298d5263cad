"""Changes to the queue that can be undone: each is some commands to the engine, and the commands that take it back.

The engine never uses an id again, so what is removed comes back under another one; the edits follow it by an alias. A
command is sent when the one before was answered. Where the engine refuses one, because an item has begun meanwhile,
the history is forgotten: nothing is guessed.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtGui import QUndoCommand

from coldfinger.gui.desk import Desk

try:  # where Qt 6 has it
    from qtpy.QtGui import QUndoStack
except ImportError:
    from qtpy.QtWidgets import QUndoStack

Command = tuple[str, dict[str, Any], Callable[[Any], None] | None]
"""Name, arguments, what to do with the answer."""
Step = Callable[[], Command]
"""Makes a command when its turn has come."""
_PLACES = ("waiting", "partial", "disabled")


class QueueEdits(QObject):
    """Edits by name, with their history in `stack`.

    `changed` is sent when the history has; `failed` (a sentence) when it had to be forgotten.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.stack = QUndoStack(self)
        self._alias: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._steps: Iterator[Step] | None = None
        self._waiting: list[Sequence[Step]] = []
        self._name = ""
        desk.refused.connect(self._refused)

    @property
    def busy(self) -> bool:
        """Whether something was sent that is not answered yet."""
        return self._steps is not None

    def undo(self) -> None:
        """Take the last edit back."""
        self.stack.undo()
        self.changed.emit()

    def redo(self) -> None:
        """Make it again."""
        self.stack.redo()
        self.changed.emit()

    # -- edits

    def add(self, items: Sequence[Mapping[str, Any]], before: str = "") -> None:
        """Add items, with their disabled ones."""
        ids = [f"new-{next(self._numbers)}" for _ in items]
        self._do(f"add {_count(items)}", self._adding(items, ids, before), self._removing(ids))

    def note_added(self, ids: Sequence[str], items: Sequence[Mapping[str, Any]]) -> None:
        """Items were added by somebody else of this window: let that be undone, too."""
        self._push(f"add {_count(items)}", self._adding(items, ids, ""), self._removing(ids))

    def remove(self, ids: Sequence[str]) -> None:
        """Take items out."""
        items = self._items()
        back: list[Step] = []
        for group in reversed(_groups([item["id"] for item in items], ids)):
            after = _after(items, group[-1])
            back += self._adding([item for item in items if item["id"] in group], group, after)
        self._do(f"remove {_count(ids)}", self._removing(ids), back)

    def move(self, ids: Sequence[str], before: str) -> None:
        """Bring items before another one, or to the end ("")."""
        items = self._items()
        order = [item["id"] for item in items]
        back = [self._moving([id], _after(items, id)) for id in reversed(order) if id in ids]
        self._do(f"move {_count(ids)}", [self._moving(list(ids), before)], back)

    def shift(self, ids: Sequence[str], by: int) -> None:
        """Move items one place up (-1) or down (1), as a block, as far as what is locked lets them."""
        free = [item["id"] for item in self._items() if item["state"] in _PLACES]
        chosen = [id for id in free if id in ids]
        if not chosen:
            return
        rest = [id for id in free if id not in chosen]
        ahead = sum(free.index(id) < free.index(chosen[0]) for id in rest)
        behind = ahead if by < 0 else sum(free.index(id) < free.index(chosen[-1]) for id in rest)
        place = behind + by
        if not 0 <= place <= len(rest):
            return
        self.move(chosen, rest[place] if place < len(rest) else "")

    def disable(self, ids: Sequence[str], disabled: bool) -> None:
        """Leave items out, or take them in again."""
        states = {item["id"]: item["state"] for item in self._items()}
        changed = [id for id in ids if (states.get(id) == "disabled") != disabled]
        if changed:
            word = "switch off" if disabled else "switch on"
            self._do(
                f"{word} {_count(changed)}",
                [self._disabling(changed, disabled)],
                [self._disabling(changed, not disabled)],
            )

    def copy(self, ids: Sequence[str]) -> None:
        """Copy items, whatever became of them, behind the last of them that may still be moved, or to the end."""
        items = self._items()
        order = [item["id"] for item in items]
        last = max((order.index(id) for id in ids if id in order), default=-1)
        after = _after(items, order[last]) if last >= 0 and items[last]["state"] in _PLACES else ""
        names = [f"new-{next(self._numbers)}" for _ in ids]

        def there() -> Command:
            return "copy", {"ids": self._now(ids), "before": self._place(after)}, lambda new: self._learn(names, new)

        self._do(f"copy {_count(ids)}", [there], self._removing(names))

    def edit(self, id: str, changes: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Change an item; `before` are the changes that bring it back."""
        self._do("change an item", [self._editing(id, changes)], [self._editing(id, before)])

    # -- steps

    def _adding(self, items: Sequence[Mapping[str, Any]], ids: Sequence[str], before: str) -> list[Step]:
        kept = [dict(item) for item in items]

        def there() -> Command:
            return "add", {"items": kept, "before": self._place(before)}, lambda new: self._learn(ids, new)

        off = [id for id, item in zip(ids, kept, strict=True) if item.get("state") == "disabled"]
        return [there, self._disabling(off, True)] if off else [there]

    def _removing(self, ids: Sequence[str]) -> list[Step]:
        return [lambda: ("remove", {"ids": self._now(ids)}, None)]

    def _moving(self, ids: Sequence[str], before: str) -> Step:
        return lambda: ("move", {"ids": self._now(ids), "before": self._place(before)}, None)

    def _disabling(self, ids: Sequence[str], disabled: bool) -> Step:
        return lambda: ("disable", {"ids": self._now(ids), "disabled": disabled}, None)

    def _editing(self, id: str, changes: Mapping[str, Any]) -> Step:
        return lambda: ("edit", {"id": self._now([id])[0], "changes": dict(changes)}, None)

    def _now(self, ids: Sequence[str]) -> list[str]:
        """The ids under which the engine knows items now."""
        found = []
        for id in ids:
            while id in self._alias:
                id = self._alias[id]
            found.append(id)
        return found

    def _place(self, before: str) -> str:
        """The present id of the item before which something is put; "" for the end."""
        return self._now([before])[0] if before else ""

    def _learn(self, ids: Sequence[str], fresh: Sequence[str]) -> None:
        for old, new in zip(self._now(ids), fresh, strict=True):
            if old != new:
                self._alias[old] = new

    def _items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._desk.latest.get("items", [])
        return items

    # -- carrying out

    def _do(self, text: str, there: Sequence[Step], back: Sequence[Step]) -> None:
        self._run(there)
        self._push(text, there, back)

    def _push(self, text: str, there: Sequence[Step], back: Sequence[Step]) -> None:
        self.stack.push(_Edit(self, text, there, back))
        self.changed.emit()

    def _run(self, steps: Sequence[Step]) -> None:
        self._waiting.append(steps)
        if self._steps is None:
            self._next()

    def _next(self) -> None:
        while True:
            if self._steps is None:
                if not self._waiting:
                    return
                self._steps = iter(self._waiting.pop(0))
            step = next(self._steps, None)
            if step is None:
                self._steps = None
                continue
            self._name, arguments, then = step()
            self._desk.command(self._name, partial(self._answered, then), **arguments)
            return

    def _answered(self, then: Callable[[Any], None] | None, answer: Any) -> None:
        if then is not None:
            then(answer)
        self._name = ""
        self._next()

    def _refused(self, name: str, sentence: str) -> None:
        if not self._name or name != self._name:
            return
        self._name, self._steps = "", None
        self._waiting.clear()
        self.stack.clear()
        self.failed.emit(sentence)


class _Edit(QUndoCommand):
    """One edit that has been sent already when it is pushed."""

    def __init__(self, edits: QueueEdits, text: str, there: Sequence[Step], back: Sequence[Step]) -> None:
        super().__init__(text)
        self._edits, self._there, self._back, self._sent = edits, there, back, True

    def redo(self) -> None:
        if not self._sent:
            self._edits._run(self._there)
        self._sent = False

    def undo(self) -> None:
        self._edits._run(self._back)


def _count(things: Sequence[Any]) -> str:
    return "1 item" if len(things) == 1 else f"{len(things)} items"


def _groups(order: Sequence[str], ids: Sequence[str]) -> list[list[str]]:
    """The chosen ids in their order, neighbours together."""
    groups: list[list[str]] = []
    together = False
    for id in order:
        if id in ids:
            if together:
                groups[-1].append(id)
            else:
                groups.append([id])
        together = id in ids
    return groups


def _after(items: Sequence[Mapping[str, Any]], id: str) -> str:
    """The item behind one of that id; "" where there is none, or none that something can be put before."""
    order = [item["id"] for item in items]
    place = order.index(id) + 1
    following = items[place] if place < len(items) else None
    return following["id"] if following is not None and following["state"] in _PLACES else ""
