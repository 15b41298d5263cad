"""The menus of the window: every command has a name, a key or a letter, and says what it does."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QAction, QMenu

from coldfinger.gui.helping.mnemonics import give_letters
from coldfinger.gui.overview.strip_state import CHANNELS
from coldfinger.gui.pages.floating import KEY
from coldfinger.gui.playback.replay import SPEEDS

if TYPE_CHECKING:
    from coldfinger.gui.window import Window

_TOUR = "Three minutes on the simulated refrigerator: ramps, a fit, a map, a sweep of the field, dV/dI."


class Menus:
    """Made once for a window whose parts are there; `by_name` are the commands, without marks of their letters."""

    def __init__(self, window: "Window") -> None:
        self._window = window
        self.by_name: dict[str, QAction] = {}
        self._file_menu()
        self._fridge_menu()
        self._queue_menu()
        self._view_menu()
        self._analysis_menu()
        self._help_menu()
        bar = self._window.menuBar()
        for action in bar.actions() if bar is not None else ():
            menu = action.menu()
            if isinstance(menu, QMenu):
                give_letters(menu)

    def _menu(self, title: str) -> QMenu:
        bar = self._window.menuBar()
        assert bar is not None
        menu = bar.addMenu(title)
        assert menu is not None
        menu.setToolTipsVisible(True)
        return menu

    def _act(self, menu: QMenu, text: str, do: Callable[[], Any], keys: str = "", tip: str = "") -> QAction:
        action = QAction(text, self._window)
        if keys:
            action.setShortcut(QKeySequence(keys))
        if tip:
            action.setToolTip(tip)
            action.setStatusTip(tip)
        action.triggered.connect(lambda *_: do())
        menu.addAction(action)
        self.by_name[text.replace("&", "")] = action
        return action

    def _file_menu(self) -> None:
        menu = self._menu("&File")
        for name in ("Open…", "Save…", "Save as…", "Last queue"):
            menu.addAction(self._window.queue.verbs[name])
        menu.addSeparator()
        self._act(
            menu,
            "&Export ticked runs…",
            self._window.runs.ticked_runs.ask_export,
            tip="Write the ticked runs as tables with units.",
        )
        menu.addSeparator()
        self._act(
            menu, "&Quit", self._window.close, "Ctrl+Q", "Close the window; a running queue is never ended unasked."
        )

    def _fridge_menu(self) -> None:
        menu = self._menu("F&ridge")
        # Their keys live in the banner, where they are heard in dialogs too.
        self._act(
            menu, "&Pause or resume\tF6", self._window.banner.pause_or_resume, tip="Hold everything after this point."
        )
        self._act(menu, "S&kip\tF7", self._window.banner.skip, tip="Close this run, keep its data, begin the next.")
        self._act(menu, "&Abort → safe\tCtrl+.", self._window.abort, tip="Now, without a question.")
        menu.addSeparator()
        self._act(menu, "Front pa&nels…", self._window.beside.panels, "Ctrl+P", "Read and set the instruments.")
        self._act(menu, "&Traffic…", self._window.beside.traffic, tip="The last lines that went over the wire.")
        menu.addSeparator()
        self._act(menu, "&Reconnect", self._window.link.begin, tip="Look for the owner process again, or start it.")

    def _queue_menu(self) -> None:
        menu = self._menu("&Queue")
        self._act(menu, "&Start now\tCtrl+Return", self._window.new_run.start, tip="Start what the form says.")
        self._act(menu, "&Add to queue\tCtrl+Shift+Return", self._window.new_run.queue, tip="Queue what the form says.")
        menu.addSeparator()
        self._act(menu, "&Rehearse…", self._window.queue.rehearse, "Ctrl+R", "The whole queue on the simulated twin.")
        self._act(menu, "&Continue queue", self._window.queue.continue_queue, tip="Go on after an abort or a failure.")
        self._act(
            menu, "At the &end…", self._window.queue.ask_end, tip="Heater, field and temperature after the last run."
        )
        menu.addSeparator()
        for name in ("Undo", "Redo", "Move up", "Move down", "Copy", "Off / on", "Remove", "Change"):
            menu.addAction(self._window.queue.verbs[name])
        menu.addSeparator()
        for name in ("Validate", "Copy as Python"):
            menu.addAction(self._window.queue.verbs[name])

    def _view_menu(self) -> None:
        menu = self._menu("&View")
        for number, page in enumerate(self._window.plots.pages):
            self._act(
                menu, f"{page.title}\tAlt+{number + 1}", partial(self._window.plots.show_tab, number), tip=page.tip
            )
        histories = menu.addMenu("History &of")
        assert histories is not None
        for number, channel in enumerate(CHANNELS, 1):
            show, tip = partial(self._window.plots.show_history, channel.key), f"{channel.label} over time."
            self._act(histories, channel.label, show, f"Ctrl+{number}", tip)
        self._act(
            menu,
            f"&Window of its own\t{KEY}",
            self._window.plots.tabs.float_front,
            tip="The plot in front in a window of its own, or back into its tab.",
        )
        menu.addSeparator()
        for dock in self._window.docks.values():
            action = dock.toggleViewAction()
            if action is not None:
                menu.addAction(action)
        menu.addSeparator()
        self.dark = self._act(menu, "&Dark theme", self._window.toggle_theme, tip="Light on dark, or dark on light.")
        self.dark.setCheckable(True)
        self._act(menu, "&Larger font", partial(self._window.change_font, 1), "Ctrl++")
        self._act(menu, "S&maller font", partial(self._window.change_font, -1), "Ctrl+-")
        self._act(menu, "&Usual font", partial(self._window.change_font, 0), "Ctrl+0")
        menu.addSeparator()
        speeds = menu.addMenu("&Speed of time")
        assert speeds is not None
        for speed, words in zip(SPEEDS, ("&real time", "&ten", "&hundred", "th&ousand"), strict=True):
            tip = f"{speed} {'second' if speed == 1 else 'seconds'} of a simulated station or a replay in a real one."
            self._act(speeds, f"×{speed}, {words}", partial(self._window.replay_bar.ask_speed, speed), tip=tip)
        self._act(menu, "Re&play a run…", self._window.replay_bar.ask, tip="Live through a recorded run again.")
        self._act(
            menu,
            "Replay a &cassette…",
            self._window.replay_bar.ask_cassette,
            tip="The runs beside a recorded conversation.",
        )
        self._act(
            menu,
            "L&eave the replay",
            self._window.replay_bar.stop,
            tip="Back to the engine; nothing is asked or changed.",
        )
        self._act(menu, "Reset layou&t", self._window.reset_layout, tip="Bring every dock back to its place.")

    def _analysis_menu(self) -> None:
        menu, ticked = self._menu("&Analysis"), self._window.runs.ticked_runs
        self._act(
            menu,
            "&Use parameters of the chosen run",
            self._window.runs.chosen_run.use_parameters,
            tip="Fill the form of a new run (U).",
        )
        self._act(menu, "&Fit ticked runs", ticked.fit, tip="Eq. 1 or Eq. 2 for every ticked run.")
        self._act(menu, "&Overlay ticked runs", ticked.overlay, tip="Show every ticked run in the plots.")
        self._act(menu, "&Ratio to the reference", ticked.ratio, tip="Ticked runs divided by the marked one.")
        self._act(menu, "&Differences of two ticked runs…", ticked.diff, tip="Settings that differ.")

    def _help_menu(self) -> None:
        menu = self._menu("&Help")
        self._act(
            menu, "&Help here", self._window.beside.help_here, "F1", "The page that explains what has the keyboard."
        )
        tour, why = self._act(menu, "&Tour", self._window.guide.begin, tip=_TOUR), self._window.guide.why_never()
        if why:
            tour.setEnabled(False)
            tour.setToolTip(f"{why}\n{_TOUR}")
            tour.setStatusTip(why)
        self._act(menu, "&Commands…", self._window.beside.commands, "Ctrl+K", "Every command by its name.")
        self._act(menu, "&Log…", self._window.beside.log, tip="What engine and window have written down.")
        self._act(menu, "All &messages…", self._window.events.show_all, tip="Everything that was said.")
        menu.addSeparator()
        self._act(menu, "&About", self._window.beside.about)
