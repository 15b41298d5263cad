"""The window's only door to the engine: snapshots come in ten times a second, commands go out, neither waits.

Looking, commanding and aborting have a thread each, so that a slow owner never stalls the window and an abort never
stands behind another command. Whatever comes back reaches the window as a signal. The engine is whatever has the
engine's face: an owner process, or one in this process.
"""

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from qtpy.QtCore import QElapsedTimer, QObject, Signal

from coldfinger.procedures.engine.face import ABORT, EngineFace, OwnerSilent, Refused

PERIOD = 0.1  # s between two looks
SLOW_PERIOD = 0.5  # s between two looks for an owner that does not answer
PATIENCE = 2.0  # s that a person waits for the answer to "does anything run?"
RESUMES = 2000  # ms within which a queue that was let go has begun
KEPT = 5000
"""Events of the engine that are kept."""
WHO = "window"

Then = Callable[[Any], None]
"""What is done in the window's thread with the answer of a command."""

_Order = tuple[str, dict[str, Any], Then | None]
_TURN: _Order = ("", {}, None)
"""In the place of a command: the engine is another one from here on."""
_LOOK = "look"
"""In the place of a command's name: a snapshot is wanted, once all that was commanded before is done."""


class Desk(QObject):
    """Polls one engine and commands it; `close` ends its threads.

    changed     a snapshot: a dict that nobody changes any more
    happened    events that are new, the oldest first
    lost        the engine does not answer: a sentence; found: it does again
    refused     (command, sentence) of a command that was not carried out
    """

    changed = Signal(object)
    happened = Signal(object)
    lost = Signal(str)
    found = Signal()
    refused = Signal(str, str)
    _answered = Signal(object, object)
    _told = Signal(object)

    def __init__(self, connect: Callable[[], EngineFace], parent: QObject | None = None, *, since: int = 0) -> None:
        """`connect` makes a connection of its own for each thread; `since` is the first event that is new."""
        super().__init__(parent)
        self._connect = self._home = connect
        self._over = threading.Event()
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._since = self._first = since
        self._is_lost = False
        self._resumed = QElapsedTimer()
        self.latest: dict[str, Any] = {}
        """The newest snapshot, empty before the first."""
        self.told: deque[dict[str, Any]] = deque(maxlen=KEPT)
        """What the engine has told, each event once and the oldest first; nothing of a replay."""
        self._answered.connect(self._pass_on)
        self._told.connect(self.keep)
        self._taken = threading.Event()
        """Whether the window has the newest snapshot; on a crowded computer it would get ever further behind."""
        self._taken.set()
        self.changed.connect(self._note_taken)
        self._threads = [
            threading.Thread(target=self._look, name="desk looks", daemon=True),
            threading.Thread(target=self._carry, name="desk commands", daemon=True),
        ]

    def start(self) -> None:
        """Begin to look."""
        for thread in self._threads:
            thread.start()

    @property
    def started(self) -> bool:
        """Whether it has begun."""
        return self._threads[0].ident is not None

    def close(self, deadline: float = 6.0) -> None:
        """End the threads; what was commanded before is sent first."""
        self._over.set()
        self._orders.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(deadline)

    def command(self, name: str, then: Then | None = None, **arguments: Any) -> None:
        """Give a command; `then` gets its answer. An abort goes out at once, past all that waits, and always to the
        engine that was there first: not even a replay keeps it from the station."""
        if name == "resume":
            self._resumed.start()
        if name == ABORT:
            threading.Thread(target=self._give, args=(name, arguments, then), name="desk aborts", daemon=True).start()
        else:
            self._orders.put((name, arguments, then))

    @property
    def heard(self) -> int:
        """Number of the first event that was not told yet."""
        return self._since

    @property
    def just_resumed(self) -> bool:
        """Whether a held queue was let go so shortly ago that the engine may not have taken it up yet."""
        return self._resumed.isValid() and self._resumed.elapsed() < RESUMES

    def fresh(self, deadline: float = PATIENCE) -> dict[str, Any] | None:
        """A snapshot made after everything that was commanded before; waits for it. None when none comes in time.

        The latest one, as old as it may be, where the engine is lost anyway.
        """
        if not self.latest or not self.started or self._is_lost or self._over.is_set():
            return self.latest
        answer: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._orders.put((_LOOK, {}, answer.put))
        with contextlib.suppress(queue.Empty):
            return answer.get(timeout=deadline)
        return None

    def turn_to(self, connect: Callable[[], EngineFace], since: int = 0) -> None:
        """Look at another engine from now on, and send it what is commanded; what waits still goes to the old one.

        Its events are told from the number `since` on.
        """
        self._first, self._connect = since, connect
        self._orders.put(_TURN)

    def _look(self) -> None:
        while not self._over.is_set():
            connect = self._connect
            self._since = self._first
            with _closing(connect()) as face:
                self._look_at(face, connect)

    def _look_at(self, face: EngineFace, connect: Callable[[], EngineFace]) -> None:
        while not self._over.is_set() and self._connect is connect:
            try:
                if self._taken.is_set():
                    self._look_once(face, connect == self._home)
                wait = PERIOD
            except OwnerSilent as error:
                self._is_lost = True
                self._say(self.lost, str(error))
                wait = SLOW_PERIOD
            self._over.wait(wait)

    def _look_once(self, face: EngineFace, at_home: bool) -> None:
        snapshot = face.snapshot()
        if self._is_lost:
            self._is_lost = False
            self._since = 0
            self._say(self.found)
        self.latest = snapshot
        self._taken.clear()
        self._say(self.changed, snapshot)
        if snapshot.get("last_event", 0) < self._since - 1:
            self._since = 0  # another owner, which counts from the beginning
        if snapshot.get("last_event", 0) >= self._since:
            events = face.events(self._since)
            if events:
                self._since = events[-1]["seq"] + 1
                if at_home:
                    self._say(self._told, events)
                self._say(self.happened, events)

    def _carry(self) -> None:
        order: _Order | None = _TURN
        while order is _TURN:
            with _closing(self._connect()) as face:
                while (order := self._orders.get()) is not None and order is not _TURN:
                    self._try(face, *order)

    def _give(self, name: str, arguments: dict[str, Any], then: Then | None) -> None:
        with _closing(self._home()) as face:
            self._try(face, name, arguments, then)

    def _try(self, face: EngineFace, name: str, arguments: dict[str, Any], then: Then | None) -> None:
        if name == _LOOK and then is not None:
            then(self._snapshot_of(face))
            return
        try:
            answer = face.command(name, who=WHO, **arguments)
        except (Refused, OwnerSilent) as error:
            self._say(self.refused, name, str(error))
            return
        if then is not None:
            self._say(self._answered, then, answer)

    def _snapshot_of(self, face: EngineFace) -> dict[str, Any]:
        try:
            return face.snapshot()
        except OwnerSilent:
            return self.latest

    def keep(self, events: Iterable[dict[str, Any]]) -> None:
        """Add events of the engine to those that it has told, where they are not there."""
        known = {_name_of(event) for event in self.told}
        self.told.extend(event for event in events if _name_of(event) not in known)

    def _note_taken(self, _: object) -> None:
        self._taken.set()

    def _pass_on(self, then: Then, answer: Any) -> None:
        then(answer)

    def _say(self, signal: Any, *content: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the window is gone
            if not self._over.is_set():
                signal.emit(*content)


def _name_of(event: dict[str, Any]) -> tuple[Any, Any]:
    """Of an engine the number is enough; the next one counts from the beginning."""
    return event["seq"], event.get("utc")


@contextlib.contextmanager
def _closing(face: EngineFace) -> Any:
    try:
        yield face
    finally:
        close = getattr(face, "close", None)
        if close is not None:
            close()
