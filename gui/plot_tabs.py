"""The plots in the middle of the window, one tab at a time: only what is seen is drawn, only what is new is read.

Files are read beside the window: ten times a second the run that is measured now, once a second the others that have
not ended. A tab that comes to the front is given what there is; the others wait.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut, QTabWidget, QVBoxLayout, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.event_line import Message
from coldfinger.gui.fit_panel import FitPanel
from coldfinger.gui.history_page import HistoryPage
from coldfinger.gui.map_page import MapPage
from coldfinger.gui.place import Place
from coldfinger.gui.plot import Plot
from coldfinger.gui.plot_pages import FamilyPage, LivePage, Marks, Page, SlopesPage
from coldfinger.gui.run_feed import Feeds, RunRows
from coldfinger.gui.run_marks import RunMarks

PERIOD = 100
"""Milliseconds between two looks at the run that is measured."""
_SLOW = 10  # looks at it for one at the others


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
        self.place, self.desk, self._background = place, desk, background
        self.marks = marks or RunMarks()
        self._feeds = Feeds()
        self._ticked: list[Path] = []
        self._running: Path | None = None
        self._opened: Path | None = None
        self._rows: dict[Path, RunRows] = {}
        self._reading = self._again = False
        self._fit_all: set[Path] = set()
        self._looks = 0
        self.live = LivePage(self.marks, self)
        self.family = FamilyPage(self.marks, self)
        self.fit = FitPanel(self.marks, background, self)
        self.map = MapPage(self.marks, background, self)
        self.slopes = SlopesPage(self.marks, self)
        self.history = HistoryPage(self.marks, background, self)
        self.pages: tuple[Page, ...] = (self.live, self.family, self.fit, self.map, self.slopes, self.history)
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("Plots")
        self._shortcuts = []
        for number, page in enumerate(self.pages):
            self.tabs.addTab(page, page.title.replace("&", ""))  # its Alt key would shut the menus; Alt+1 … is there
            self.tabs.setTabToolTip(number, page.tip)
            shortcut = QShortcut(QKeySequence(f"Alt+{number + 1}"), self)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(lambda number=number: self.show_tab(number))
            self._shortcuts.append(shortcut)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.tabs)
        self.fit.said.connect(self.said)
        self.history.said.connect(self.said)
        self.live.followed.connect(self._follow_running)
        self.tabs.currentChanged.connect(lambda _: self._give())
        desk.changed.connect(self.see)
        self._timer = QTimer(self)
        self._timer.setInterval(PERIOD)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    # -- what is shown

    def show_runs(self, folders: Sequence[Path]) -> None:
        """The ticked runs, by their folders."""
        self._ticked = [Path(folder) for folder in folders]
        self._look_now()

    def open_run(self, folder: Path) -> None:
        """Bring one run to the front, in the tab that suits it."""
        self._opened = Path(folder)
        self.live.set_opened(self._opened != self._running)
        self.tabs.setCurrentWidget(self.live)
        self._look_now()

    def show_ratio(self, folders: Sequence[Path], reference: Path) -> None:
        """These runs divided by the reference, in the tab of the family."""
        self.show_runs(list(dict.fromkeys([*(Path(folder) for folder in folders), Path(reference)])))
        self.family.show_ratio(Path(reference))
        self.tabs.setCurrentWidget(self.family)
        self.family.refresh()

    def fit_run(self, folder: Path) -> None:
        """Bring the fit of one run to the front."""
        folder = Path(folder)
        if folder not in (*self._ticked, self._front):
            self._opened = folder
            self.live.set_opened(folder != self._running)
        self.tabs.setCurrentWidget(self.fit)
        self.fit.fit_this(folder)
        self._look_now()

    def fit_runs(self, folders: Sequence[Path]) -> None:
        """Fit all these runs, pin the fits, and show them against field."""
        wanted = [Path(folder) for folder in folders]
        self.show_runs(wanted)
        self.tabs.setCurrentWidget(self.fit)
        self._fit_all = set(wanted)
        self._fit_when_read()

    def _fit_when_read(self) -> None:
        if self._fit_all and self._fit_all <= self._rows.keys():
            runs = [self._rows[folder] for folder in self._ticked if folder in self._fit_all]
            self._fit_all = set()
            self.fit.fit_all(runs)

    def show_history(self, key: str) -> None:
        """Bring the history of a reading of the strip to the front."""
        self.history.show_history(key)
        self.tabs.setCurrentWidget(self.history)

    def show_tab(self, number: int) -> None:
        """Bring a tab to the front, counted from 0, and give its plot the keyboard."""
        self.tabs.setCurrentIndex(number)
        self.pages[number].front().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def see(self, snapshot: dict[str, Any]) -> None:
        """Take note of a snapshot of the engine: which run is measured, what the readings are."""
        self.history.see(snapshot)
        folder = snapshot.get("running", {}).get("folder")
        if not folder:
            return
        running = Path(str(snapshot.get("data") or self.place.data)) / str(folder)
        if running != self._running:
            self._running = running
            self._opened = None  # a run that begins comes to the front
            self.live.set_opened(False)
            self._look_now()

    @property
    def plots(self) -> tuple[Plot, ...]:
        """All plots of curves."""
        return tuple(self.findChildren(Plot))

    def restyle(self) -> None:
        """Take colours and font of the theme in use."""
        for page in self.pages:
            page.restyle()

    def set_badge(self, text: str) -> None:
        """A badge in every plot before that of its runs, such as "REPLAY"; "" leaves it to the runs."""
        for page in self.pages:
            page.set_badge(text)

    def options(self) -> dict[str, Any]:
        """Tab and how each plot is shown, plain values for the settings."""
        named = (("live", self.live), ("family", self.family), ("slopes", self.slopes), ("history", self.history))
        plots = {name: page.plot for name, page in named} | {"fit": self.fit.plot}
        looks = {name: {"log": list(p.log), "grid": p.grid, "bars": p.bars} for name, p in plots.items()}
        return {"tab": self.tabs.currentIndex(), "plots": looks}

    def set_options(self, options: dict[str, Any]) -> None:
        """Take what `options` gave before; what it does not know or cannot be is left as it is."""
        named = {
            "live": self.live,
            "family": self.family,
            "slopes": self.slopes,
            "history": self.history,
            "fit": self.fit,
        }
        looks = options.get("plots")
        for name, look in looks.items() if isinstance(looks, dict) else ():
            page = named.get(name)
            if page is None or not isinstance(look, dict):
                continue
            log = look.get("log")
            if isinstance(log, list) and len(log) == 2:
                page.plot.set_log(bool(log[0]), bool(log[1]))
            page.plot.set_grid(bool(look.get("grid", True)))
            page.plot.set_bars(bool(look.get("bars", True)))
        tab = options.get("tab")
        if isinstance(tab, int) and 0 <= tab < len(self.pages):
            self.tabs.setCurrentIndex(tab)

    # -- reading

    @property
    def _front(self) -> Path | None:
        return self._opened or self._running

    def _follow_running(self) -> None:
        self._opened = None
        self.live.set_opened(False)
        self._look_now()

    def _look_now(self) -> None:
        self._looks = 0
        self._look()

    def _look(self) -> None:
        """Read what is new, beside the window; never two at a time."""
        wanted = [folder for folder in (self._front, *self._ticked) if folder is not None]
        if not self.isVisible() and self._rows.keys() == set(wanted):
            return
        if self._reading:
            self._again = self._again or self._looks == 0
            return
        if not wanted:
            if self._rows:
                self._rows = {}
                self._give()
            return
        follow = wanted if self._looks % _SLOW == 0 else wanted[:1]
        self._looks += 1
        if all(folder in self._rows and self._rows[folder].outcome for folder in wanted) and len(self._rows) == len(
            set(wanted)
        ):
            return
        self._reading = True
        self._background.do("runs", lambda: self._feeds.look(wanted, follow), self._take, self._failed)

    def _take(self, answer: tuple[dict[Path, RunRows], list[str]]) -> None:
        rows, said = answer
        self._reading = False
        for sentence in said:
            self.said.emit(Message("warning", sentence))
        changed = rows.keys() != self._rows.keys() or any(rows[f] is not self._rows[f] for f in rows)
        self._rows = rows
        if changed:
            self._give()
        self._fit_all -= {folder for folder in self._fit_all if folder in self._feeds.refused}
        self._fit_when_read()
        if self._again:
            self._again = False
            self._look_now()

    def _failed(self, error: BaseException) -> None:
        self._reading = False
        self.said.emit(Message("warning", f"Runs could not be read: {error}"))

    def _give(self) -> None:
        """Hand what there is to the tab in front."""
        page = self.tabs.currentWidget()
        if isinstance(page, Page) and page is not self.history:
            front = self._rows.get(self._front) if self._front is not None else None
            page.show_rows(front, [self._rows[folder] for folder in self._ticked if folder in self._rows])
        elif page is self.history:
            self.history.refresh()
