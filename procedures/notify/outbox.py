"""What waits to be sent to one address: repeats become one message, and what failed is tried again, not for ever.

Nothing here waits or sends: the time (s) is passed in.
"""

import math
from dataclasses import dataclass

from coldfinger.procedures.notify.letter import Notice

QUIET = 300.0  # s between two messages of one kind
PAUSES = (10.0, 60.0, 300.0, 1200.0)  # s before the second, third, ... try of a message
MOST = 20  # kinds that wait; what comes beside them is counted under its word


@dataclass
class Parcel:
    """What goes out as one message: `count` notices of one kind."""

    key: str
    first: Notice
    newest: Notice
    due: float
    count: int = 1
    tries: int = 0

    def take_in(self, later: "Parcel") -> None:
        """Tell of the later ones, too."""
        self.newest, self.count = later.newest, self.count + later.count


class Outbox:
    """One parcel a kind, in the order in which they came."""

    def __init__(self, quiet: float = QUIET, pauses: tuple[float, ...] = PAUSES) -> None:
        self._quiet, self._pauses = quiet, pauses
        self._waiting: dict[str, Parcel] = {}
        self._sent: dict[str, float] = {}

    def put(self, notice: Notice, now: float) -> None:
        """Add a notice: sent at once, or with the next message of its kind where one has just gone out."""
        key = notice.kind if notice.kind in self._waiting or len(self._waiting) < MOST else notice.word
        due = max(now, self._sent.get(key, -math.inf) + self._quiet)
        fresh = Parcel(key, notice, notice, due)
        if key in self._waiting:
            self._waiting[key].take_in(fresh)
        else:
            self._waiting[key] = fresh

    def take(self, now: float, at_once: bool = False) -> Parcel | None:
        """The next parcel that is due, which then waits no more; with `at_once` whatever is there."""
        for key, parcel in self._waiting.items():
            if at_once or parcel.due <= now:
                return self._waiting.pop(key)
        return None

    def seconds(self, now: float) -> float:
        """How long until a parcel is due; infinite where none waits."""
        return max(0.0, min((parcel.due for parcel in self._waiting.values()), default=math.inf) - now)

    @property
    def is_empty(self) -> bool:
        return not self._waiting

    def went(self, parcel: Parcel, now: float) -> None:
        """A parcel has been delivered; what came of its kind meanwhile keeps quiet for a while."""
        self._sent[parcel.key] = now
        if (later := self._waiting.get(parcel.key)) is not None:
            later.due = now + self._quiet

    def failed(self, parcel: Parcel, now: float) -> bool:
        """A parcel could not be delivered; whether it is given up."""
        if parcel.tries >= len(self._pauses):
            return True
        parcel.due = now + self._pauses[parcel.tries]
        parcel.tries += 1
        if (later := self._waiting.get(parcel.key)) is not None:
            parcel.take_in(later)
        self._waiting[parcel.key] = parcel
        return False
