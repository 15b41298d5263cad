"""The plots in the middle of the window, one tab at a time: only what is seen is drawn, only what is new is read.

A tab that comes to the front is given the runs there are, and the look of the theme in use; the others wait.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut, QVBoxLayout, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.pages.family_page import FamilyPage
from coldfinger.gui.pages.fit_panel import FitPanel
from coldfinger.gui.pages.floating_tabs import FloatingTabs
from coldfinger.gui.pages.history_page import HistoryPage
from coldfinger.gui.pages.live_page import LivePage
from coldfinger.gui.pages.map_page import MapPage
from coldfinger.gui.pages.page import Marks, Page
from coldfinger.gui.pages.played_rows import PlayedRows
from coldfinger.gui.pages.run_curves import is_ramp
from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.gui.pages.run_reading import RunReading
from coldfinger.gui.pages.slopes_page import SlopesPage
from coldfinger.gui.pages.standing_fields import StandingFields
from coldfinger.gui.place import Place
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.runs.run_marks import RunMarks

_NOTHING_TO_FIT = (
    "Nothing was fitted: a fit needs R(T), and none of the ticked runs is a ramp. Tick ramps, or two sweeps or more "
    "that stood at the same fields."
)


class PlotTabs(QWidget):
    """Live, R(T) family, Arrhenius + fit, R(T,H) map, dV/dI, Fridge history; Alt+1 to Alt+6.

    `said` (Message) goes to the event line. The ticked runs come by `show_runs`, one that was opened by `open_run`.
    """

    said = Signal(object)

    def __init__(
        self,
        place: Place,
        desk: Desk,
        background: Background,
        marks: Marks | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("help", "gui#plots")
        self.place, self.desk = place, desk
        self.marks = marks or RunMarks()
        self._ticked: list[Path] = []
        self._running: Path | None = None
        self._opened: Path | None = None
        self._played = PlayedRows()
        self._fields = StandingFields()
        self._fit_all: set[Path] = set()
        self._points_of: Path | None = None
        self.live = LivePage(self.marks, self)
        self.family = FamilyPage(self.marks, self)
        self.fit = FitPanel(self.marks, background, self)
        self.map = MapPage(self.marks, background, self)
        self.slopes = SlopesPage(self.marks, background, self)
        self.history = HistoryPage(self.marks, background, self)
        self.pages: tuple[Page, ...] = (self.live, self.family, self.fit, self.map, self.slopes, self.history)
        self._undressed: set[Page] = set()
        self.tabs = FloatingTabs(self.pages, self)
        self._shortcuts = []
        for number in range(len(self.pages)):
            shortcut = QShortcut(QKeySequence(f"Alt+{number + 1}"), self)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(lambda number=number: self.show_tab(number))
            self._shortcuts.append(shortcut)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.tabs)
        self.reading = RunReading(background, lambda: not self.isVisible(), self)
        self.reading.changed.connect(self._give)
        self.reading.looked.connect(self._looked)
        for part in (self.reading, self.fit, self.history):
            part.said.connect(self.said)
        self.live.followed.connect(self._follow_running)
        self.tabs.sightChanged.connect(self._give)
        desk.changed.connect(self.see)

    # -- what is shown

    def show_runs(self, folders: Sequence[Path]) -> None:
        """The ticked runs, by their folders."""
        self._ticked = [Path(folder) for folder in folders]
        self._look_now()

    def open_run(self, folder: Path) -> None:
        """Bring one run to the front, in the tab that suits it."""
        self._opened = Path(folder)
        self.live.set_opened(self._opened != self._running)
        self.tabs.to_front(self.live)
        self._look_now()

    def show_points(self, folder: Path) -> None:
        """Open a run and go to its first row that must not be believed, as soon as it has been read."""
        self._points_of = Path(folder)
        self.open_run(folder)
        self._show_points_when_read()

    def _show_points_when_read(self) -> None:
        if self._points_of is not None and self._points_of == self._front and self._points_of in self.reading.rows:
            self._points_of = None
            self.live.show_points()

    def show_ratio(self, folders: Sequence[Path], reference: Path) -> None:
        """These runs divided by the reference, in the tab of the family."""
        self.show_runs(list(dict.fromkeys([*(Path(folder) for folder in folders), Path(reference)])))
        self.family.show_ratio(Path(reference))
        self.tabs.to_front(self.family)
        self.family.refresh()

    def fit_run(self, folder: Path) -> None:
        """Bring the fit of one run to the front."""
        folder = Path(folder)
        if folder not in (*self._ticked, self._front):
            self._opened = folder
            self.live.set_opened(folder != self._running)
        self.tabs.to_front(self.fit)
        self.fit.fit_this(folder)
        self._look_now()

    def fit_runs(self, folders: Sequence[Path]) -> None:
        """Fit all these runs, pin the fits, and show them against field."""
        wanted = [Path(folder) for folder in folders]
        self.show_runs(wanted)
        self.tabs.to_front(self.fit)
        self._fit_all = set(wanted)
        self._fit_when_read()

    def _fit_when_read(self) -> None:
        self._fit_all -= self.reading.refused
        if self._fit_all and self._fit_all <= self.reading.rows.keys():
            runs = [self._shown(folder) for folder in self._ticked if folder in self._fit_all]
            self._fit_all = set()
            fields = self._fields.among(runs)
            if fields or any(is_ramp(rows) for rows in runs):
                self.fit.fit_all([*runs, *fields])
            else:
                self.said.emit(Message("warning", _NOTHING_TO_FIT))

    def show_history(self, key: str) -> None:
        """Bring the history of a reading of the strip to the front."""
        self.history.show_history(key)
        self.tabs.to_front(self.history)

    def show_tab(self, number: int) -> None:
        """Bring a tab to the front, counted from 0, and give its plot the keyboard."""
        self.tabs.show_tab(number)

    @property
    def running(self) -> Path | None:
        """The run that is measured now, or was the last one."""
        return self._running

    @property
    def plots(self) -> tuple[Plot, ...]:
        """All plots of curves."""
        return tuple(self.findChildren(Plot))

    # -- what happens

    def see(self, snapshot: dict[str, Any]) -> None:
        """Take note of a snapshot of the engine: which run is measured, what the readings are."""
        self.history.see(snapshot)
        if self._played.see(snapshot, self.place.data) and self.isVisible():
            self._give()
        folder = snapshot.get("running", {}).get("folder")
        if not folder:
            return
        running = Path(str(snapshot.get("data") or self.place.data)) / str(folder)
        if running != self._running:
            self._running = running
            self._opened = None  # a run that begins comes to the front
            self.live.set_opened(False)
            self._look_now()

    def set_replay(self, on: bool) -> None:
        """A replay begins or is over: every plot says so, and what belongs to the engine is kept apart."""
        self._played.clear()
        self._running = self._opened = None
        self.live.set_opened(False)
        self.history.set_replay(on)
        for page in self.pages:
            page.set_badge("REPLAY" if on else "")
        self._give()
        self._look_now()

    def restyle(self) -> None:
        """Take colours and font of the theme in use; a page that is not seen does so when it is."""
        self._undressed = set(self.pages)
        self._dress_seen()

    def _dress_seen(self) -> None:
        for page in self.tabs.in_sight:
            if page in self._undressed:
                self._undressed.discard(page)
                page.restyle()

    # -- what is remembered

    def options(self) -> dict[str, Any]:
        """Tab and how each plot is shown, plain values for the settings."""
        looks = {name: {"log": list(p.log), "grid": p.grid, "bars": p.bars} for name, p in self._remembered().items()}
        return {"tab": self.tabs.currentIndex(), "plots": looks, "floating": self.tabs.places()}

    def set_options(self, options: dict[str, Any]) -> None:
        """Take what `options` gave before; what it does not know or cannot be is left as it is."""
        plots, looks = self._remembered(), options.get("plots")
        for name, look in looks.items() if isinstance(looks, dict) else ():
            plot = plots.get(name)
            if plot is None or not isinstance(look, dict):
                continue
            log = look.get("log")
            if isinstance(log, list) and len(log) == 2:
                plot.set_log(bool(log[0]), bool(log[1]))
            plot.set_grid(bool(look.get("grid", True)))
            plot.set_bars(bool(look.get("bars", True)))
        tab, floating = options.get("tab"), options.get("floating")
        if isinstance(tab, int) and 0 <= tab < len(self.pages):
            self.tabs.setCurrentIndex(tab)
        if isinstance(floating, dict):
            self.tabs.float_when_shown(floating)

    def _remembered(self) -> dict[str, Plot]:
        named = (("live", self.live), ("family", self.family), ("slopes", self.slopes), ("history", self.history))
        return {name: page.plot for name, page in named} | {"fit": self.fit.plot}

    # -- what is read

    @property
    def _front(self) -> Path | None:
        return self._opened or self._running

    def _follow_running(self) -> None:
        self._opened = None
        self.live.set_opened(False)
        self._look_now()

    def _look_now(self) -> None:
        if self._front in self.reading.rows:
            self._give()  # what has been read already is not read again
        self.reading.want(self._front, self._ticked)

    def _looked(self) -> None:
        self._fit_when_read()
        self._show_points_when_read()

    def _shown(self, folder: Path) -> RunRows:
        """A run, in a replay as far as it has been played."""
        return self._played.of(self.reading.rows[folder])

    def _give(self) -> None:
        """Hand what there is to the tab in front, and to those that float."""
        self._dress_seen()
        rows = self.reading.rows
        front = self._shown(self._front) if self._front is not None and self._front in rows else None
        ticked = [self._shown(folder) for folder in self._ticked if folder in rows]
        for page in self.tabs.in_sight:
            if page is self.history:
                page.refresh()
            elif page in (self.family, self.fit):
                page.show_rows(front, [*ticked, *self._fields.among(ticked)])
            else:
                page.show_rows(front, ticked)
