"""When the twin is asked how long a new run takes: a moment after the last change, and after the refrigerator moved."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.form.estimate import Estimate, Twin, place_of
from coldfinger.gui.place import Place
from coldfinger.procedures.engine.items import Night
from coldfinger.procedures.laboratory.station_file import StationFileError
from coldfinger.procedures.planning import Whereabouts
from coldfinger.procedures.plans.plan_lines import PlanFileError

PAUSE = 120  # ms after the last change before the twin is asked
REST = 1500
"""ms before it is asked again by a refrigerator that moves: at a thousand times real time it always does."""
_MOVED = 0.02  # relative change of the temperature, and T of field, from which on it is asked again
_MOVED_FIELD = 1e-4


class Estimating(QObject):
    """The newest `estimate`, None before the first; `changed` when there is another one.

    `behind`: it is one of other values; that of a refrigerator that has moved on a little is none.
    """

    changed = Signal()

    def __init__(
        self,
        place: Place,
        desk: Desk,
        background: Background,
        wish: Callable[[], tuple[str, str]],
        night: Callable[[Whereabouts | None], Night],
        parent: QObject,
    ) -> None:
        """`wish` names what is asked; `night` makes it for a refrigerator that stands there, or raises ValueError."""
        super().__init__(parent)
        self._desk, self._background, self._wish, self._night = desk, background, wish, night
        self._twin = Twin(place.file, place.data)
        self._asked: tuple[tuple[str, str], Whereabouts | None] | None = None
        self.estimate: Estimate | None = None
        self.behind = True
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._ask)

    def ask_later(self) -> None:
        """Something else is wished for."""
        self.behind = True
        self._timer.start(PAUSE)

    def follow(self, place: Whereabouts | None) -> None:
        """Ask again where the refrigerator has moved."""
        asked = self._asked[1] if self._asked else None
        if place is not None and _moved(place, asked) and not self._timer.isActive():
            self._timer.start(REST if asked is not None else PAUSE)

    @property
    def mistakes(self) -> tuple[str, ...]:
        """What forbids the present wish, as far as the twin has been asked."""
        is_present = self._asked is not None and self._asked[0] == self._wish()
        return self.estimate.mistakes if self.estimate is not None and is_present else ()

    def now(self) -> datetime:
        """The engine's time."""
        utc = self._desk.latest.get("utc")
        return datetime.fromisoformat(utc) if utc else datetime.now(UTC)

    def _ask(self) -> None:
        """Have the twin estimate the wish from where the refrigerator stands."""
        place = place_of(self._desk.latest)
        self._asked = asked = (self._wish(), place)
        try:
            night = self._night(place)
        except ValueError as error:
            self.estimate, self.behind = Estimate(0, 0.0, 0.0, (plain_sentence(error),)), False
            self.changed.emit()
            return
        now = self.now()
        self._background.do(
            "estimate of a new run",
            lambda: self._twin.estimate(night, place, now),
            lambda estimate: self._take(asked, estimate),
            lambda error: self._take(asked, _no_twin(error)),
        )

    def _take(self, asked: tuple[Any, ...], estimate: Estimate) -> None:
        if asked == self._asked:
            self.estimate, self.behind = estimate, self._timer.isActive() and self.behind
            self.changed.emit()

    def end(self) -> None:
        """Close the twin; after the background work has ended."""
        self._timer.stop()
        self._twin.close()


def plain_sentence(error: Exception) -> str:
    """The sentence of a mistake without where it stands in the text that nobody sees."""
    text = str(error)
    if isinstance(error, PlanFileError):
        text = text.partition(": ")[2]
    return text[:1].upper() + text[1:] if not text[:2].isupper() else text


def _no_twin(error: BaseException) -> Estimate:
    if isinstance(error, StationFileError):
        return Estimate(0, 0.0, 0.0, (), (f"No estimate: {error}",))
    raise error


def _moved(place: Whereabouts, since: Whereabouts | None) -> bool:
    if since is None:
        return True
    return (
        abs(place.temperature - since.temperature) > _MOVED * since.temperature
        or abs(place.field - since.field) > _MOVED_FIELD
    )
