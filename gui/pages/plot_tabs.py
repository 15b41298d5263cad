"""The plots in the middle of the window, one tab at a time: only what is seen is drawn, only what is new is read.

Files are read beside the window: ten times a second the run that is measured now, once a second the others that have
not ended. A tab that comes to the front is given what there is; the others wait.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import QPoint, Qt, QTimer, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QMenu, QShortcut, QTabWidget, QVBoxLayout, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.pages.fit_panel import FitPanel
from coldfinger.gui.pages.floating import KEY, Away, FloatingPage, geometry_of
from coldfinger.gui.pages.history_page import HistoryPage
from coldfinger.gui.pages.map_page import MapPage
from coldfinger.gui.pages.plot_pages import FamilyPage, LivePage, Marks, Page, SlopesPage
from coldfinger.gui.pages.run_feed import Feeds, RunRows, first_rows
from coldfinger.gui.place import Place
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.runs.run_marks import RunMarks

PERIOD = 100
"""Milliseconds between two looks at the run that is measured."""
_SLOW = 10  # looks at it for one at the others


def played_rows(snapshot: Mapping[str, Any], data: Path) -> dict[Path, int]:
    """Rows that a replay has played, of the run that is played now and of those that come after it."""
    folder, running = Path(str(snapshot.get("data") or data)).resolve(), snapshot["running"]
    return {
        folder / name: int(running["rows"]) if name == running.get("folder") else 0
        for item in snapshot["items"]
        for name in item["folders"]
        if item["state"] in ("running", "waiting")
    }


class PlotTabs(QWidget):
    """Live, R(T) family, Arrhenius + fit, R(T,H) map, dV/dI, Fridge history; Alt+1 to Alt+6.

    Each can float in a window of its own (Ctrl+Shift+F, or by the menu of its tab); its tab then says so.

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
        self._played: dict[Path, int] = {}
        """Of a replay: rows of each of its runs that have been played; not those that have been played to their end."""
        self._clipped: dict[Path, tuple[int, int, RunRows]] = {}
        self._reading = self._again = False
        self._fit_all: set[Path] = set()
        self._points_of: Path | None = None
        self._looks = 0
        self.live = LivePage(self.marks, self)
        self.family = FamilyPage(self.marks, self)
        self.fit = FitPanel(self.marks, background, self)
        self.map = MapPage(self.marks, background, self)
        self.slopes = SlopesPage(self.marks, background, self)
        self.history = HistoryPage(self.marks, background, self)
        self.pages: tuple[Page, ...] = (self.live, self.family, self.fit, self.map, self.slopes, self.history)
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("Plots")
        bar = self.tabs.tabBar()
        if bar is not None:
            bar.setDrawBase(False)  # a white line in the dark theme
        self._shortcuts = []
        for number, page in enumerate(self.pages):
            self.tabs.addTab(page, page.title.replace("&", ""))  # its Alt key would shut the menus; Alt+1 … is there
            self.tabs.setTabToolTip(number, f"{page.tip}\n{KEY} gives it a window of its own, and takes it back.")
            shortcut = QShortcut(QKeySequence(f"Alt+{number + 1}"), self)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(lambda number=number: self.show_tab(number))
            self._shortcuts.append(shortcut)
        self.floating: dict[int, FloatingPage] = {}
        self._away: dict[int, Away] = {}
        self._to_float: dict[int, str] = {}
        floats = QShortcut(QKeySequence(KEY), self)
        floats.activated.connect(self.float_front)
        self._shortcuts.append(floats)
        bar = self.tabs.tabBar()
        if bar is not None:
            bar.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            bar.customContextMenuRequested.connect(self._menu)
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
        self._to_front(self.live)
        self._look_now()

    def show_points(self, folder: Path) -> None:
        """Open a run and go to its first row that must not be believed, as soon as it has been read."""
        self._points_of = Path(folder)
        self.open_run(folder)
        self._show_points_when_read()

    def _show_points_when_read(self) -> None:
        if self._points_of is not None and self._points_of == self._front and self._points_of in self._rows:
            self._points_of = None
            self.live.show_points()

    def show_ratio(self, folders: Sequence[Path], reference: Path) -> None:
        """These runs divided by the reference, in the tab of the family."""
        self.show_runs(list(dict.fromkeys([*(Path(folder) for folder in folders), Path(reference)])))
        self.family.show_ratio(Path(reference))
        self._to_front(self.family)
        self.family.refresh()

    def fit_run(self, folder: Path) -> None:
        """Bring the fit of one run to the front."""
        folder = Path(folder)
        if folder not in (*self._ticked, self._front):
            self._opened = folder
            self.live.set_opened(folder != self._running)
        self._to_front(self.fit)
        self.fit.fit_this(folder)
        self._look_now()

    def fit_runs(self, folders: Sequence[Path]) -> None:
        """Fit all these runs, pin the fits, and show them against field."""
        wanted = [Path(folder) for folder in folders]
        self.show_runs(wanted)
        self._to_front(self.fit)
        self._fit_all = set(wanted)
        self._fit_when_read()

    def _fit_when_read(self) -> None:
        if self._fit_all and self._fit_all <= self._rows.keys():
            runs = [self._shown(folder) for folder in self._ticked if folder in self._fit_all]
            self._fit_all = set()
            self.fit.fit_all(runs)

    def show_history(self, key: str) -> None:
        """Bring the history of a reading of the strip to the front."""
        self.history.show_history(key)
        self._to_front(self.history)

    def show_tab(self, number: int) -> None:
        """Bring a tab to the front, counted from 0, and give its plot the keyboard."""
        if number in self.floating:
            self.floating[number].raise_()
            self.floating[number].activateWindow()
        else:
            self.tabs.setCurrentIndex(number)
        self.pages[number].front().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _to_front(self, page: Page) -> None:
        """A page that is wanted, without the keyboard."""
        number = self.pages.index(page)
        if number in self.floating:
            self.floating[number].raise_()
        else:
            self.tabs.setCurrentIndex(number)

    # -- windows of their own

    def float_tab(self, number: int, geometry: str = "", *, quietly: bool = False) -> None:
        """Give a tab a window of its own, or bring it back where it has one; `quietly` without the keyboard."""
        if number in self.floating:
            self.floating[number].close()
            return
        page = self.pages[number]
        title = page.title.replace("&", "")
        away = self._away[number] = Away(title, self)
        away.back.connect(lambda: self.float_tab(number))
        self._swap(number, away)
        window = self.floating[number] = FloatingPage(page, title, self, geometry)
        window.closing.connect(lambda: self._bring_back(number))
        window.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, quietly)
        window.show()
        self._give()
        if not quietly:
            page.front().setFocus(Qt.FocusReason.OtherFocusReason)

    def float_front(self) -> None:
        """The same with the tab in front."""
        self.float_tab(self.tabs.currentIndex())

    def bring_all_back(self) -> None:
        """Close every window of a tab."""
        for window in list(self.floating.values()):
            window.close()

    def _bring_back(self, number: int) -> None:
        window = self.floating.pop(number)
        away = self._away.pop(number)
        self._swap(number, self.pages[number])
        for gone in (window, away):
            gone.deleteLater()
        self._give()

    def _swap(self, number: int, widget: QWidget) -> None:
        """Another widget in a tab, which keeps its place, its name, and whether it is in front."""
        front, title, tip = self.tabs.currentIndex(), self.tabs.tabText(number), self.tabs.tabToolTip(number)
        self.tabs.blockSignals(True)
        self.tabs.removeTab(number)
        self.tabs.insertTab(number, widget, title)
        self.tabs.setTabToolTip(number, tip)
        self.tabs.setCurrentIndex(front)
        self.tabs.blockSignals(False)

    def _menu(self, place: QPoint) -> None:
        bar = self.tabs.tabBar()
        number = bar.tabAt(place) if bar is not None else -1
        if bar is not None and number >= 0:
            self.tab_menu(number).popup(bar.mapToGlobal(place))

    def tab_menu(self, number: int) -> QMenu:
        """What can be done with a tab."""
        menu = QMenu(self)
        text = "&Bring it back" if number in self.floating else "&Window of its own"
        action = menu.addAction(f"{text}\t{KEY}")
        if action is not None:
            action.triggered.connect(lambda *_: self.float_tab(number))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        wanted, self._to_float = self._to_float, {}
        for number, geometry in wanted.items():
            self.float_tab(number, geometry, quietly=True)

    def see(self, snapshot: dict[str, Any]) -> None:
        """Take note of a snapshot of the engine: which run is measured, what the readings are."""
        self.history.see(snapshot)
        self._see_replay(snapshot)
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

    def set_replay(self, on: bool) -> None:
        """A replay begins or is over: every plot says so, and what belongs to the engine is kept apart."""
        self._played.clear()
        self._clipped.clear()
        self._running = self._opened = None
        self.live.set_opened(False)
        self.history.set_replay(on)
        for page in self.pages:
            page.set_badge("REPLAY" if on else "")
        self._give()
        self._look_now()

    def _see_replay(self, snapshot: dict[str, Any]) -> None:
        """Which rows of the runs have been played; the others are not shown."""
        played = played_rows(snapshot, self.place.data) if "replay" in snapshot else {}
        if played != self._played:
            self._played = played
            if self.isVisible():
                self._give()

    def _shown(self, folder: Path) -> RunRows:
        """A run, in a replay as far as it has been played."""
        rows = self._rows[folder]
        count = self._played.get(folder.resolve()) if self._played else None
        if count is None:
            return rows
        known = self._clipped.get(folder)
        if known is None or known[:2] != (id(rows), count):
            known = self._clipped[folder] = (id(rows), count, first_rows(rows, count))
        return known[2]

    def options(self) -> dict[str, Any]:
        """Tab and how each plot is shown, plain values for the settings."""
        named = (("live", self.live), ("family", self.family), ("slopes", self.slopes), ("history", self.history))
        plots = {name: page.plot for name, page in named} | {"fit": self.fit.plot}
        looks = {name: {"log": list(p.log), "grid": p.grid, "bars": p.bars} for name, p in plots.items()}
        floating = {str(number): window.place() for number, window in self.floating.items()}
        return {"tab": self.tabs.currentIndex(), "plots": looks, "floating": floating}

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
        floating = options.get("floating")
        for key, kept in floating.items() if isinstance(floating, dict) else ():
            if key in map(str, range(len(self.pages))) and int(key) not in self.floating:
                self._to_float[int(key)] = geometry_of(kept)  # once there is a window to float from

    # -- reading

    @property
    def running(self) -> Path | None:
        """The run that is measured now, or was the last one."""
        return self._running

    @property
    def _front(self) -> Path | None:
        return self._opened or self._running

    def _follow_running(self) -> None:
        self._opened = None
        self.live.set_opened(False)
        self._look_now()

    def _look_now(self) -> None:
        if self._front in self._rows:
            self._give()  # what has been read already is not read again
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
        self._show_points_when_read()
        if self._again:
            self._again = False
            self._look_now()

    def _failed(self, error: BaseException) -> None:
        self._reading = False
        self.said.emit(Message("warning", f"Runs could not be read: {error}"))

    def _give(self) -> None:
        """Hand what there is to the tab in front, and to those that float."""
        for number in sorted({self.tabs.currentIndex(), *self.floating}):
            self._give_to(self.pages[number])

    def _give_to(self, page: Page) -> None:
        if page is not self.history:
            front = self._shown(self._front) if self._front in self._rows and self._front is not None else None
            page.show_rows(front, [self._shown(folder) for folder in self._ticked if folder in self._rows])
        else:
            self.history.refresh()
