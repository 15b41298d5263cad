"""The main window: banner and strip on top, new run and queue left, plots in the middle, runs right, messages below.

It lays out, wires and remembers; what is shown is the business of its parts, what happens that of the engine.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QByteArray, QElapsedTimer, Qt, QTimer, Signal
from qtpy.QtGui import QCloseEvent, QKeySequence
from qtpy.QtWidgets import (
    QAction,
    QApplication,
    QDockWidget,
    QLabel,
    QMainWindow,
    QMenu,
    QMessageBox,
    QShortcut,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui import theme
from coldfinger.gui.background import Background
from coldfinger.gui.banner import Banner
from coldfinger.gui.desk import Desk
from coldfinger.gui.event_line import EventLine, Message
from coldfinger.gui.lag import LagWatch, Stall
from coldfinger.gui.new_run import NewRunPanel
from coldfinger.gui.owner_link import OwnerLink
from coldfinger.gui.place import Place
from coldfinger.gui.plot_tabs import PlotTabs
from coldfinger.gui.queue_panel import QueuePanel
from coldfinger.gui.remembered import recall, remember
from coldfinger.gui.replay_bar import ReplayBar
from coldfinger.gui.run_marks import RunMarks
from coldfinger.gui.runs_panel import RunsPanel
from coldfinger.gui.status_text import is_quiet, status_of, title_of
from coldfinger.gui.strip import FridgeStrip
from coldfinger.gui.strip_state import Strip
from coldfinger.gui.view_state import banner_of

HANDBOOK = Path(__file__).parents[1] / "docs"
"""Folder of the pages that F1 opens; it is installed beside that of the window."""
LAYOUT = 1
"""Number of the layout of docks; a remembered one of another number is not restored."""
FAMILY_TAB = 1
SENTENCE = 40
"""Letters from which on an event speaks for itself."""
REFRESH = 200  # ms between two looks at ages and lag
WELCOME = (
    "Welcome. This refrigerator is simulated, cold and ready: Ctrl+Enter starts the ramp on the left. "
    "F1 explains what has the keyboard."
)


class Window(QMainWindow):
    """One station, one window; `closing` is sent once when it goes, with whether the owner shall end too."""

    closing = Signal(bool)

    def __init__(self, place: Place, link: OwnerLink, desk: Desk, background: Background, lag: LagWatch) -> None:
        super().__init__()
        self.place, self.link, self.desk, self.background, self.lag = place, link, desk, background, lag
        self._silent, self._strip_state = QElapsedTimer(), Strip()
        self._silent.start()
        self._leaving = self._replaying = False
        self._views: dict[str, QWidget] = {}
        self._help: Any = None
        self._make_parts()
        self._lay_out()
        self._make_menus()
        self._wire()
        self._restore()
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH)
        self._timer.timeout.connect(self._refresh)
        self._timer.start()
        self._refresh()

    # Made once

    def _make_parts(self) -> None:
        given = (self.place, self.desk, self.background)
        self.drawing = Background(self)  # so that rows and fits wait for no estimate and no search
        self.marks = RunMarks()
        self.banner, self.strip, self.events = Banner(self), FridgeStrip(self), EventLine(self)
        self.new_run, self.queue = NewRunPanel(*given, parent=self), QueuePanel(*given, parent=self)
        self.plots = PlotTabs(self.place, self.desk, self.drawing, self.marks, parent=self)
        self.runs = RunsPanel(*given, parent=self, marks=self.marks)
        self.replay_bar = ReplayBar(*given, parent=self)
        self.saved, self.lag_label = QLabel(self), QLabel(self)

    def _lay_out(self) -> None:
        self.inner = QMainWindow(self)
        self.inner.setWindowFlags(Qt.WindowType.Widget)
        self.inner.setDockNestingEnabled(True)
        self.inner.setCentralWidget(self.plots)
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        self.docks = {
            "new run": self._dock("New run", self.new_run, left),
            "queue": self._dock("Queue", self.queue, left),
            "runs": self._dock("Runs", self.runs, right),
        }
        self.inner.resizeDocks([self.docks["new run"], self.docks["queue"]], [290, 215], Qt.Orientation.Vertical)
        whole = QWidget(self)
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget, stretch in (
            (self.banner, 0),
            (self.strip, 0),
            (self.replay_bar, 0),
            (self.inner, 1),
            (self.events, 0),
        ):
            column.addWidget(widget, stretch)
        self.setCentralWidget(whole)
        bar = self.statusBar()
        if bar is not None:
            bar.addWidget(self.saved, 1)
            bar.addPermanentWidget(self.lag_label)
        self.saved.setAccessibleName("Where the data are")
        self.lag_label.setAccessibleName("Lag of the window")
        self.lag_label.setToolTip(
            "The longest that anything had to wait for this window within the last second. The measurement never does."
        )

    def _dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self.inner)
        dock.setObjectName(title)
        dock.setWidget(widget)
        self.inner.addDockWidget(area, dock)
        return dock

    def _make_menus(self) -> None:
        self.actions_by_name: dict[str, QAction] = {}
        self._file_menu()
        self._fridge_menu()
        self._queue_menu()
        self._view_menu()
        self._analysis_menu()
        self._help_menu()

    def _menu(self, title: str) -> QMenu:
        bar = self.menuBar()
        assert bar is not None
        menu = bar.addMenu(title)
        assert menu is not None
        menu.setToolTipsVisible(True)
        return menu

    def _act(self, menu: QMenu, text: str, do: Callable[[], Any], keys: str = "", tip: str = "") -> QAction:
        action = QAction(text, self)
        if keys:
            action.setShortcut(QKeySequence(keys))
        if tip:
            action.setToolTip(tip)
            action.setStatusTip(tip)
        action.triggered.connect(lambda *_: do())
        menu.addAction(action)
        self.actions_by_name[text.replace("&", "")] = action
        return action

    def _file_menu(self) -> None:
        menu = self._menu("&File")
        for name in ("Open…", "Save…", "Save as…", "Last queue"):
            menu.addAction(self.queue.verbs[name])
        menu.addSeparator()
        self._act(menu, "&Export ticked runs…", self.runs.ask_export, tip="Write the ticked runs as tables with units.")
        menu.addSeparator()
        self._act(menu, "&Quit", self.close, "Ctrl+Q", "Close the window; a running queue is never ended unasked.")

    def _fridge_menu(self) -> None:
        menu = self._menu("F&ridge")
        # Their keys live in the banner, where they are heard in dialogs too.
        self._act(menu, "&Pause or resume\tF6", self.banner.pause_or_resume, tip="Hold everything after this point.")
        self._act(menu, "S&kip\tF7", self.banner.skip, tip="Close this run, keep its data, begin the next.")
        self._act(menu, "&Abort → safe\tCtrl+.", partial(self.desk.command, "abort"), tip="Now, without a question.")
        menu.addSeparator()
        self._act(menu, "Front pa&nels…", self.show_panels, "Ctrl+P", "Read and set the instruments.")
        self._act(menu, "&Traffic…", self.show_traffic, tip="The last lines that went over the wire.")
        menu.addSeparator()
        self._act(menu, "&Reconnect", self.link.begin, tip="Look for the owner process again, or start it.")

    def _queue_menu(self) -> None:
        menu = self._menu("&Queue")
        self._act(menu, "&Start now\tCtrl+Return", self.new_run.start, tip="Start what the form says.")
        self._act(menu, "&Add to queue\tCtrl+Shift+Return", self.new_run.queue, tip="Queue what the form says.")
        menu.addSeparator()
        self._act(menu, "&Rehearse…", self.queue.rehearse, "Ctrl+R", "The whole queue on the simulated twin.")
        self._act(menu, "&Continue queue", self.queue.continue_queue, tip="Go on after an abort or a failure.")
        self._act(menu, "At the &end…", self.queue.ask_end, tip="Heater, field and temperature after the last run.")
        menu.addSeparator()
        for name in ("Undo", "Redo", "Move up", "Move down", "Copy", "Off / on", "Remove", "Change"):
            menu.addAction(self.queue.verbs[name])
        menu.addSeparator()
        for name in ("Validate", "Copy as Python"):
            menu.addAction(self.queue.verbs[name])

    def _view_menu(self) -> None:
        menu = self._menu("&View")
        for number, page in enumerate(self.plots.pages):
            self._act(menu, f"{page.title}\tAlt+{number + 1}", partial(self.plots.show_tab, number), tip=page.tip)
        menu.addSeparator()
        for dock in self.docks.values():
            action = dock.toggleViewAction()
            if action is not None:
                menu.addAction(action)
        menu.addSeparator()
        self.dark = self._act(menu, "&Dark theme", self._toggle_theme, tip="Light on dark, or dark on light.")
        self.dark.setCheckable(True)
        self._act(menu, "&Larger font", partial(self._change_font, 1), "Ctrl++")
        self._act(menu, "S&maller font", partial(self._change_font, -1), "Ctrl+-")
        self._act(menu, "&Usual font", partial(self._change_font, 0), "Ctrl+0")
        menu.addSeparator()
        self._act(menu, "Re&play a run…", self.replay_bar.ask, tip="Live through a recorded run again.")
        self._act(menu, "Reset la&yout", self.reset_layout, tip="Bring every dock back to its place.")

    def _analysis_menu(self) -> None:
        menu = self._menu("&Analysis")
        self._act(menu, "&Fit ticked runs", self.runs.fit, tip="Eq. 1 or Eq. 2 for every ticked run.")
        self._act(menu, "&Overlay ticked runs", self.runs.overlay, tip="Show every ticked run in the plots.")
        self._act(menu, "&Ratio to the reference", self.runs.ratio, tip="Ticked runs divided by the marked one.")
        self._act(menu, "&Differences of two ticked runs…", self.runs.diff, tip="Settings that differ.")

    def _help_menu(self) -> None:
        menu = self._menu("&Help")
        self._act(menu, "&Help here", self.show_help, "F1", "The page that explains what has the keyboard.")
        self._act(menu, "&Commands…", self.show_palette, "Ctrl+K", "Every command by its name.")
        self._act(menu, "&Log…", self.show_log, tip="What engine and window have written down.")
        self._act(menu, "All &messages…", self.events.show_all, tip="Everything that was said.")
        menu.addSeparator()
        self._act(menu, "&About", self._about)

    def _wire(self) -> None:
        self.banner.asked.connect(self.desk.command)
        self.strip.historyAsked.connect(self.plots.show_history)
        self.strip.lampSeen.connect(self._lamp_seen)
        self.events.seen.connect(lambda number: self.desk.command("acknowledge", event=number))
        self.desk.changed.connect(self._see)
        self.desk.happened.connect(self._hear)
        self.desk.refused.connect(self._refused)
        self.desk.lost.connect(self._lost)
        self.desk.found.connect(self._found)
        self.runs.ticked.connect(self.plots.show_runs)
        self.runs.opened.connect(self.plots.open_run)
        self.runs.overlaid.connect(self._overlay)
        self.runs.fit_asked.connect(self._fit)
        self.runs.ratio_asked.connect(self._ratio)
        self.new_run.added.connect(self.queue.note_added)
        self.replay_bar.replaying.connect(self._replay)
        self.replay_bar.left.connect(lambda: self._replay(None))
        self.lag.stalled.connect(self._stalled)
        self.link.said.connect(self.events.say)
        for part in (self.new_run, self.queue, self.plots, self.runs, self.replay_bar):
            part.said.connect(self.events.say)

    # What comes from the engine

    def _see(self, snapshot: dict[str, Any]) -> None:
        self._silent.restart()
        self._show(snapshot)

    def _refresh(self) -> None:
        self._show(self.desk.latest or None)
        self.lag_label.setText(f"GUI lag {self.lag.lag * 1e3:.0f} ms")

    def _show(self, snapshot: dict[str, Any] | None) -> None:
        silent = self._silent.elapsed() / 1e3
        view = banner_of(snapshot, silent, replay=self._replaying)
        if view != self.banner.view:
            self.banner.show_view(view)
            self.setWindowTitle(title_of(self.place.file.top["name"], view))
        self.strip.show_state(*self._strip_state.see(snapshot, silent))
        self.saved.setText(status_of(self.place.data, snapshot))

    def _hear(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            if not event["seen"]:
                self.events.say(Message(event["level"], _told(event), kind=event["kind"], number=event["seq"]))

    def _refused(self, command: str, sentence: str) -> None:
        self.events.say(Message("warning", f"Not done: {sentence}", kind=command))

    def _lost(self, sentence: str) -> None:
        if not self.link.beginning and not self._leaving:
            self.link.lost(sentence)

    def _found(self) -> None:
        self.link.found()

    def _stalled(self, stall: Stall) -> None:
        self.lag_label.setToolTip(f"Last stall: {stall.seconds * 1e3:.0f} ms in {stall.line}")

    def _overlay(self, folders: list[Path]) -> None:
        self.plots.show_runs(folders)
        self.plots.show_tab(FAMILY_TAB)

    def _fit(self, folders: list[Path]) -> None:
        self.plots.show_runs(folders)
        self.plots.fit_runs(folders)

    def _ratio(self, folders: list[Path], reference: Path) -> None:
        self.plots.show_ratio(folders, reference)
        self.plots.show_tab(FAMILY_TAB)

    def _lamp_seen(self, key: str) -> None:
        self._strip_state.acknowledge(key)
        self._refresh()

    def _replay(self, face: Any) -> None:
        """Look at a replay instead of the engine, or at the engine again (None); hardware is locked out meanwhile."""
        self._replaying = face is not None
        self.plots.set_badge("REPLAY" if self._replaying else "")
        self.desk.turn_to((lambda: face) if self._replaying else self.place.connect)

    # What the user asks for

    def show_panels(self) -> None:
        """Open the front panels in a window of their own."""
        from coldfinger.gui.panels_view import PanelsView

        self._open("panels", PanelsView)

    def show_traffic(self) -> None:
        """Open the traffic in a window of its own."""
        from coldfinger.gui.traffic_view import TrafficView

        self._open("traffic", TrafficView)

    def show_log(self) -> None:
        """Open the log in a window of its own."""
        from coldfinger.gui.log_view import LogView

        self._open("log", LogView)

    def _open(self, name: str, kind: Callable[..., Any]) -> None:
        view = self._views.get(name)
        if view is None:
            view = self._views[name] = kind(self.place, self.desk, self.background, parent=self)
            view.setWindowFlag(Qt.WindowType.Window)
            view.said.connect(self.events.say)
            QShortcut(QKeySequence("Esc"), view).activated.connect(partial(self._shut, view))
            view.resize(680, 440)
        view.show()
        view.raise_()
        view.activateWindow()

    def _shut(self, view: QWidget) -> None:
        """Close a window of its own; the keyboard comes back here."""
        view.close()
        self.activateWindow()

    def show_help(self) -> None:
        """Open the page that belongs to whatever has the keyboard."""
        from coldfinger.gui.help import HelpViewer

        if self._help is None:
            self._help = HelpViewer(HANDBOOK, self)
        self._help.show_for(QApplication.focusWidget() or self)

    def show_palette(self) -> None:
        """Every command by its name."""
        from coldfinger.gui.palette import CommandPalette

        CommandPalette(self).exec()

    def _about(self) -> None:
        from importlib.metadata import version

        box = QMessageBox(self)
        box.setWindowTitle("About coldfinger")
        box.setText(f"coldfinger {version('coldfinger')}: run the refrigerator, trust the number.")
        box.exec()

    def _toggle_theme(self) -> None:
        remember("theme", "dark" if self.dark.isChecked() else "light")
        self._dress()

    def _change_font(self, step: int) -> None:
        size = (recall("font") or theme.USUAL) + step if step else theme.USUAL
        if theme.SMALLEST <= size <= theme.LARGEST:
            remember("font", size)
            self._dress()

    def _dress(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, "dark" if self.dark.isChecked() else "light", recall("font") or theme.USUAL)
        self.strip.dress()
        self.banner.show_view(self.banner.view)
        parts = (self.events, self.new_run, self.queue, self.plots, self.runs, self.replay_bar, *self._views.values())
        for part in parts:
            part.restyle()

    # What is remembered

    def _restore(self) -> None:
        self.resize(1280, 720)
        self._default_layout = self.inner.saveState(LAYOUT)
        self.dark.setChecked(recall("theme") == "dark")
        kept = recall("layout")
        if isinstance(kept, dict) and kept.get("number") == LAYOUT:
            self.restoreGeometry(_bytes(kept["geometry"]))
            self.inner.restoreState(_bytes(kept["docks"]), LAYOUT)

    def _keep(self) -> None:
        docks, geometry = _hex(self.inner.saveState(LAYOUT)), _hex(self.saveGeometry())
        remember("layout", {"number": LAYOUT, "docks": docks, "geometry": geometry})

    def reset_layout(self) -> None:
        """Bring every dock back to its place."""
        self.inner.restoreState(self._default_layout, LAYOUT)
        for dock in self.docks.values():
            dock.show()

    def welcome(self) -> None:
        """The engine answers: the keyboard goes where a person begins; the first time, one line says what to do."""
        self.new_run.focus_first()
        if self.place.simulated and not recall("welcomed"):
            remember("welcomed", True)
            self.events.say(Message("info", WELCOME))

    # The end

    def closeEvent(self, event: QCloseEvent | None) -> None:
        if event is None:
            return
        if not self._leaving and not self._may_close():
            event.ignore()
            return
        self._leave()
        event.accept()

    def _may_close(self) -> bool:
        """True when nothing runs, or the user says what shall become of what runs."""
        if self._replaying or is_quiet(self.desk.latest):
            return True
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("A queue is running")
        box.setText(f"{self.banner.view.words}\n\nThe queue does not need this window.")
        safe = box.addButton("Abort → safe and quit", QMessageBox.ButtonRole.DestructiveRole)
        leave = box.addButton("Close, keep measuring", QMessageBox.ButtonRole.AcceptRole)
        stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.exec()
        if box.clickedButton() is safe:
            self.link.ends_with_window = True
            self.desk.command("abort")
            return True
        if box.clickedButton() is leave:
            self.link.ends_with_window = False
            return True
        return False

    def leave_safely(self) -> None:
        """The system asks the program to end: abort, then close; nobody is asked."""
        if not self._replaying and not is_quiet(self.desk.latest):
            self.desk.command("abort")
            self.link.ends_with_window = True
        self._leave()
        self.close()

    def _leave(self) -> None:
        if self._leaving:
            return
        self._leaving = True
        self._timer.stop()
        self._keep()
        self.drawing.close()
        self.queue.end()
        self.new_run.end()
        for view in self._views.values():
            view.close()
        self.closing.emit(self.link.ends_with_window)


def _told(event: dict[str, Any]) -> str:
    """The engine's sentence; a mark of a few words says of what it is."""
    text, kind = str(event["text"]), str(event["kind"])
    return text if len(text) > SENTENCE else f"{kind[:1].upper()}{kind[1:]}: {text}"


def _hex(data: QByteArray) -> str:
    return bytes(data.data()).hex()


def _bytes(text: str) -> QByteArray:
    return QByteArray(bytes.fromhex(text))
