"""The main window: banner and strip on top, new run and queue left, plots in the middle, runs right, messages below.

It lays out, wires and remembers; what is shown is the business of its parts, what happens that of the engine.
"""

from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QByteArray, QElapsedTimer, Qt, QTimer, Signal
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import (
    QApplication,
    QLabel,
    QMainWindow,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.background import Background
from coldfinger.gui.care.lag import LagWatch, Stall
from coldfinger.gui.care.lag_log import LagLog
from coldfinger.gui.desk import Desk
from coldfinger.gui.form.new_run import NewRunPanel
from coldfinger.gui.leave_question import Leave, ask_to_leave
from coldfinger.gui.look import theme
from coldfinger.gui.look.docks import Dock
from coldfinger.gui.look.elided import ElidedLabel
from coldfinger.gui.look.steady import SteadyLabel
from coldfinger.gui.menus import Menus
from coldfinger.gui.overview.banner import Banner
from coldfinger.gui.overview.event_line import EventLine, Message
from coldfinger.gui.overview.status_text import is_quiet, status_of, title_of
from coldfinger.gui.overview.strip import FridgeStrip
from coldfinger.gui.overview.strip_state import Strip
from coldfinger.gui.overview.view_state import ABORT, banner_of
from coldfinger.gui.owner_link import OwnerLink
from coldfinger.gui.pages.flag_watch import FlagWatch
from coldfinger.gui.pages.plot_tabs import PlotTabs
from coldfinger.gui.place import Place
from coldfinger.gui.playback.replay_bar import ABORTED, ReplayBar
from coldfinger.gui.queue.queue_panel import QueuePanel
from coldfinger.gui.remembered import recall, remember
from coldfinger.gui.runs.run_marks import RunMarks
from coldfinger.gui.runs.runs_panel import RunsPanel
from coldfinger.gui.side_windows import SideWindows
from coldfinger.gui.tour_guide import TourGuide

LAYOUT = 2
"""Number of the layout of docks; a remembered one of another number is not restored."""
SHARES = [230, 270]
"""Heights of form and queue while nobody has chosen others, one to the other."""
_PLOTS = 15
"""Heights of a line that the plots keep."""
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
        self._lag_log = LagLog(lag, self)
        self._silent, self._strip_state = QElapsedTimer(), Strip(place.limits)
        self._played_strip = self._strip_state
        """Of a replay, which has trends and lamps of its own."""
        self._silent.start()
        self._leaving = self._replaying = False
        self.beside = SideWindows(self)
        self._flags = FlagWatch()
        self._engine: Desk | None = None
        """Looks at the engine while the window shows a replay."""
        self._make_parts()
        self._lay_out()
        self.menus = Menus(self)
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
        self.guide = TourGuide(*given, self.plots.tabs, self.runs.model, self)
        self.saved, self.lag_label = ElidedLabel(self), SteadyLabel(self)

    def _lay_out(self) -> None:
        self.inner = QMainWindow(self)
        self.inner.setWindowFlags(Qt.WindowType.Widget)
        self.inner.setDockNestingEnabled(True)
        self.plots.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.inner.setCentralWidget(self.plots)
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        heading = QLabel("Runs", self)
        heading.setProperty("role", "strong")
        self.docks = {
            "new run": self._dock("New run", self.new_run, self.new_run.head, left),
            "queue": self._dock("Queue", self.queue, self.queue.head, left),
            "runs": self._dock("Runs", self.runs, heading, right),
        }
        self.inner.resizeDocks([self.docks["new run"], self.docks["queue"]], SHARES, Qt.Orientation.Vertical)
        whole = QWidget(self)
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget, stretch in (
            (self.banner, 0),
            (self.strip, 0),
            (self.inner, 1),
            (self.events, 0),
        ):
            column.addWidget(widget, stretch)
        self.setCentralWidget(whole)
        bar = self.statusBar()
        if bar is not None:
            bar.setContentsMargins(6, 0, 0, 0)
            bar.addWidget(self.saved, 1)
            bar.addPermanentWidget(self.lag_label)
            bar.addPermanentWidget(self.replay_bar)
        self.saved.setAccessibleName("Where the data are")
        self.lag_label.setAccessibleName("Lag of the window")
        self.lag_label.setToolTip(
            "The longest that anything had to wait for this window within the last second. The measurement never does."
        )

    def _dock(self, title: str, panel: QWidget, head: QWidget, area: Qt.DockWidgetArea) -> Dock:
        dock = Dock(title, panel, head, self.inner)
        self.inner.addDockWidget(area, dock)
        return dock

    def _wire(self) -> None:
        self.banner.asked.connect(self._verb)
        self.strip.historyAsked.connect(self.plots.show_history)
        self.strip.lampSeen.connect(self._lamp_seen)
        self.events.seen.connect(lambda number: (self._engine or self.desk).command("acknowledge", event=number))
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
        self.runs.again_asked.connect(self._again)
        self.runs.replay_asked.connect(self.replay_bar.start)
        self.new_run.added.connect(self.queue.note_added)
        self.guide.added.connect(self.queue.note_added)
        self.replay_bar.replaying.connect(self._replay)
        self.replay_bar.left.connect(lambda: self._replay(None))
        self.lag.stalled.connect(self._stalled)
        self.link.said.connect(self.events.say)
        for part in (self.new_run, self.queue, self.plots, self.runs, self.replay_bar, self.guide):
            part.said.connect(self.events.say)

    # What comes from the engine

    def _see(self, snapshot: dict[str, Any]) -> None:
        self._silent.restart()
        self._show(snapshot)
        for found in self._flags.see(snapshot) if not _is_played(snapshot) else ():
            show = partial(self.plots.show_points, Path(str(snapshot.get("data") or self.place.data)) / found.folder)
            self.events.say(Message(found.level, found.text, kind="rows", actions=[("Show points", show)]))

    def _refresh(self) -> None:
        self._show(self.desk.latest or None)
        self.lag_label.setText(f"GUI lag {self.lag.lag * 1e3:.0f} ms")

    def _show(self, snapshot: dict[str, Any] | None) -> None:
        silent = self._silent.elapsed() / 1e3
        view = banner_of(snapshot, silent, replay=self._replaying or _is_played(snapshot))
        if view != self.banner.view:
            self.banner.show_view(view)
            self.setWindowTitle(title_of(self.place.file.top["name"], view))
        self.strip.show_state(*self._strip_of(snapshot).see(snapshot, silent))
        self.saved.set_text(status_of(self.place.data, snapshot))

    def _strip_of(self, snapshot: dict[str, Any] | None) -> Strip:
        """What the engine says last may be shown after a replay has begun, and the replay after it was left."""
        return self._played_strip if _is_played(snapshot) else self._strip_state

    def _hear(self, events: list[dict[str, Any]]) -> None:
        """What the engine says, or a replay: that is no alarm now, and nobody's to acknowledge."""
        for event in events:
            if event["seen"]:
                continue
            if self._replaying:
                self.events.say(Message("info", f"In the replay: {_told(event)}", kind=event["kind"]))
            else:
                running = self.plots.running if event["kind"] == "overload" else None
                actions = [("Show points", partial(self.plots.show_points, running))] if running is not None else []
                said = Message(event["level"], _told(event), kind=event["kind"], actions=actions, number=event["seq"])
                self.events.say(said)

    def _hear_engine(self, events: list[dict[str, Any]]) -> None:
        """What the engine says while a replay is shown."""
        for event in events:
            if not event["seen"]:
                text = f"At the station, behind the replay: {_told(event)}"
                self.events.say(Message(event["level"], text, kind=event["kind"], number=event["seq"]))

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

    def _again(self, run: Any) -> None:
        self.docks["new run"].show()
        self.docks["new run"].raise_()
        self.new_run.use(run)

    def _lamp_seen(self, key: str) -> None:
        self._strip_of(self.desk.latest).acknowledge(key)
        self._refresh()

    def _replay(self, face: Any) -> None:
        """Look at a replay instead of the engine, or at the engine again (None); hardware is locked out meanwhile."""
        self._lag_log.note("replay" if self._replaying else "before the replay")
        self._replaying = face is not None
        if face is None:
            self._stop_watching()
            self.plots.set_replay(False)
            return
        if self._engine is None:  # what happens at the station meanwhile is told, and asked before the window closes
            self._engine = Desk(self.place.connect, self, since=self.desk.heard)
            self._engine.latest = self.desk.latest
            self._engine.happened.connect(self._hear_engine)
            self._engine.happened.connect(self.desk.keep)
            self._engine.start()
        self._played_strip = Strip(self.place.limits)
        self.desk.turn_to(lambda: face)
        self.plots.set_replay(True)

    def _stop_watching(self) -> None:
        """The window looks at the engine by itself again."""
        if self._engine is not None:
            self._engine.close(0.0)
            self.desk.turn_to(self.place.connect, self._engine.heard)
            self._engine = None

    def _is_quiet(self) -> bool:
        """Whether surely nothing runs at the station, also during a replay.

        The engine is asked anew: what was commanded just now may have begun since it was seen last.
        """
        snapshot = (self._engine or self.desk).fresh()
        return snapshot is not None and is_quiet(snapshot) and not self.desk.just_resumed

    # What the user asks for

    def _verb(self, verb: str) -> None:
        if verb == ABORT:
            self.abort()
        else:
            self.desk.command(verb)

    def abort(self) -> None:
        """Now, whatever is shown: a replay is ended by it."""
        self.desk.command(ABORT)
        self.replay_bar.stop(ABORTED)

    def toggle_theme(self) -> None:
        """Light on dark, or dark on light."""
        remember("theme", "dark" if self.menus.dark.isChecked() else "light")
        self._dress()

    def change_font(self, step: int) -> None:
        """Larger or smaller by so many points; 0 for the usual size."""
        size = (recall("font") or theme.USUAL) + step if step else theme.USUAL
        if theme.SMALLEST <= size <= theme.LARGEST:
            remember("font", size)
            self._dress()

    def _dress(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        before, size = app.font().pointSize(), recall("font") or theme.USUAL
        broad = [dock.width() for dock in self.docks.values()]
        self.banner.listen(False)
        try:
            theme.apply(app, "dark" if self.menus.dark.isChecked() else "light", size)
        finally:
            self.banner.listen(True)  # an abort must always be heard
        self.strip.dress()
        self.banner.show_view(self.banner.view)
        for part in (self.events, self.new_run, self.queue, self.plots, self.runs, self.replay_bar):
            part.restyle()
        self.beside.restyle()
        for dock in self.docks.values():
            dock.restyle()
        self._keep_low()
        if size != before:  # what is at the sides stays as broad in letters as it was
            broad = [round(width * size / before) for width in broad]
            docks = list(self.docks.values())
            QTimer.singleShot(0, lambda: self.inner.resizeDocks(docks, broad, Qt.Orientation.Horizontal))

    def _keep_low(self) -> None:
        """No tab makes the window higher than the smallest screen; a plot is squeezed first."""
        self.plots.setMinimumHeight(_PLOTS * self.fontMetrics().height())

    # What is remembered

    def _restore(self) -> None:
        self.resize(1280, 720)
        self._keep_low()
        self._default_layout = self.inner.saveState(LAYOUT)
        self.menus.dark.setChecked(recall("theme") == "dark")
        kept = recall("layout")
        if isinstance(kept, dict) and kept.get("number") == LAYOUT:
            self.restoreGeometry(_bytes(kept["geometry"]))
            self.inner.restoreState(_bytes(kept["docks"]), LAYOUT)
        looks = recall("plots")
        if isinstance(looks, dict):
            self.plots.set_options(looks | {"tab": 0})  # what is measured now is seen first

    def _keep(self) -> None:
        docks, geometry = _hex(self.inner.saveState(LAYOUT)), _hex(self.saveGeometry())
        remember("layout", {"number": LAYOUT, "docks": docks, "geometry": geometry})
        remember("plots", self.plots.options())

    def reset_layout(self) -> None:
        """Bring every dock back to its place; the keyboard stays where it is."""
        writes = self.focusWidget()
        self.inner.restoreState(self._default_layout, LAYOUT)
        self.plots.tabs.bring_all_back()
        for dock in self.docks.values():
            dock.show()
        if writes is not None:
            writes.setFocus(Qt.FocusReason.OtherFocusReason)

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
        if self._is_quiet():
            return True
        words = "A queue is running behind the replay." if self._replaying else self.banner.view.words
        answer = ask_to_leave(self, words)
        if answer is Leave.NOT:
            return False
        self.link.ends_with_window = answer is Leave.SAFELY
        if answer is Leave.SAFELY:
            self.desk.command("abort")
        return True

    def leave_safely(self) -> None:
        """The system asks the program to end: abort, then close; nobody is asked."""
        if not self._is_quiet():
            self.desk.command("abort")
            self.link.ends_with_window = True
        self._leave()
        self.close()

    def _leave(self) -> None:
        if self._leaving:
            return
        self._leaving = True
        self._lag_log.note("until the end")
        self._timer.stop()
        self._keep()
        if self._engine is not None:
            self._engine.close()
        self.plots.tabs.bring_all_back()
        self.drawing.close()
        self.queue.end()
        self.new_run.end()
        self.beside.close()
        self.closing.emit(self.link.ends_with_window)


def _is_played(snapshot: dict[str, Any] | None) -> bool:
    """Whether it is of a recording."""
    return snapshot is not None and "replay" in snapshot


def _told(event: dict[str, Any]) -> str:
    """The engine's sentence; a mark of a few words says of what it is."""
    text, kind = str(event["text"]), str(event["kind"])
    return text if len(text) > SENTENCE else f"{kind[:1].upper()}{kind[1:]}: {text}"


def _hex(data: QByteArray) -> str:
    return bytes(data.data()).hex()


def _bytes(text: str) -> QByteArray:
    return QByteArray(bytes.fromhex(text))
