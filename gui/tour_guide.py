"""Leads the tour (Help > Tour): puts its queue up, starts it, and says what is seen as the engine gets on with it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from qtpy.QtCore import QObject, Signal

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.form.own_families import families_in, with_own_families
from coldfinger.gui.helping.tour import (
    BEGINS,
    HELD,
    LEFT,
    PLAYED,
    REAL,
    SPEED,
    STOPS,
    items_of_tour,
    measured,
    over_text,
    place_of_tour,
    sentence,
    why_not,
)
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.pages.floating_tabs import FloatingTabs
from coldfinger.gui.place import Place
from coldfinger.gui.runs.runs_model import RunsModel
from coldfinger.procedures.engine.items import Item


class TourGuide(QObject):
    """One tour at a time; `said` sends a Message for each stop, `added` (ids, items) what was put into the queue.

    A tab comes to the front when an item begins, until somebody chooses one by hand; the keyboard stays where it is.
    """

    said = Signal(object)
    added = Signal(list, list)

    def __init__(
        self, place: Place, desk: Desk, background: Background, tabs: FloatingTabs, runs: RunsModel, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._place, self._desk, self._background, self._tabs, self._runs = place, desk, background, tabs, runs
        self._ids: tuple[str, ...] = ()
        self._asked = self._known = False
        self._told = ""
        self._leads = self._moving = False
        self._ticked: set[str] = set()
        desk.changed.connect(self._see)
        desk.refused.connect(self._refused)
        tabs.currentChanged.connect(self._tab_changed)

    def why_never(self) -> str:
        """Why there is no tour of this station, "" where there is."""
        if self._place.file.cassette:
            return PLAYED
        return "" if self._place.simulated else REAL

    def begin(self) -> None:
        """Begin the tour; says why where it cannot, and where it is while one is on."""
        if self._ids:
            self._say(self._told or BEGINS, stays=True)
        elif not self._asked:
            reason = self.why_never() or why_not(self._desk.latest)
            if reason:
                self._say(reason)
            else:
                self._asked = True
                utc = self._desk.latest.get("utc")
                now = datetime.fromisoformat(utc) if utc else datetime.now(UTC)
                self._background.do("tour", lambda: items_of_tour(now), self._start, self._failed)

    def _start(self, items: tuple[Item, ...]) -> None:
        latest = self._desk.latest
        reason = why_not(latest)  # the plan took a moment, in which somebody may have started something
        if reason:
            self._asked = False
            self._say(reason)
            return
        fresh = [item.to_json() for item in with_own_families(items, families_in(latest))]
        self._desk.command("speed", rate=SPEED)
        self._desk.command("add", lambda ids: self._was_added(ids, fresh), items=fresh)
        if latest["state"] == "held":
            self._desk.command("resume")

    def _was_added(self, ids: list[str], items: list[dict[str, Any]]) -> None:
        self._ids, self._told = tuple(ids), ""
        self._asked, self._known, self._leads = False, False, True
        self.added.emit(ids, items)

    def _refused(self, name: str, _: str) -> None:
        if name == "add":  # the window says why
            self._asked = False

    def _failed(self, error: BaseException) -> None:
        self._asked = False
        raise error

    # What the engine says

    def _see(self, snapshot: Mapping[str, Any]) -> None:
        if not self._ids or "replay" in snapshot:
            return
        place = place_of_tour(snapshot, self._ids)
        self._known = self._known or place.known
        self._tick(measured(snapshot, self._ids))
        if not self._known:
            return  # a snapshot from just before
        if place.over:
            self._ids = ()
            self._tell(over_text(snapshot) if place.whole else LEFT)
        elif place.held:
            self._tell(HELD)
        elif place.stop is not None and self._tell(sentence(place.stop)) and self._leads:
            self._bring(STOPS[place.stop].tab)

    def _tell(self, text: str) -> bool:
        """Say it once; whether it was new."""
        new, self._told = text != self._told, text
        if new:
            self._say(text, stays=True)
        return new

    def _say(self, text: str, *, stays: bool = False) -> None:
        self.said.emit(Message("info", text, kind="tour", stays=stays))

    def _tick(self, folders: set[str]) -> None:
        """Tick what was measured, once it is in the list; a tick that is taken away stays away."""
        rows = [row for row, entry in enumerate(self._runs.entries) if entry.folder in folders - self._ticked]
        if rows:
            self._ticked |= {self._runs.entries[row].folder for row in rows}
            self._runs.tick(rows, True)

    # Tabs

    def _bring(self, tab: int) -> None:
        if tab in self._tabs.floating:
            return
        self._moving = True
        self._tabs.setCurrentIndex(tab)
        self._moving = False

    def _tab_changed(self, _: int) -> None:
        if not self._moving:
            self._leads = False
