"""The whole window before an engine that is only pretended: a running night, its runs on disk, every tab and dialog."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QElapsedTimer, QEvent, QSize
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from coldfinger.analysis.laws import failed_insulator
from coldfinger.gui.background import Background
from coldfinger.gui.care.lag import LagWatch
from coldfinger.gui.care.lag_log import WINDOW_LOG
from coldfinger.gui.desk import Desk
from coldfinger.gui.form.edit_item import EditItem
from coldfinger.gui.form.item_form import form_of
from coldfinger.gui.helping.help import HelpViewer
from coldfinger.gui.helping.palette import CommandPalette
from coldfinger.gui.look import theme
from coldfinger.gui.overview.event_line import MessageList
from coldfinger.gui.owner_link import OwnerLink
from coldfinger.gui.place import Place
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.queue.end_dialog import EndDialog
from coldfinger.gui.queue.rehearsal_view import RehearsalView
from coldfinger.gui.remembered import remember
from coldfinger.gui.runs.diff_view import DiffView
from coldfinger.gui.window import Window
from coldfinger.procedures.data.snapshots import differences
from coldfinger.procedures.engine.items import EndActions, Family, Item
from coldfinger.procedures.safety.locks import STATE_FOLDER, state_folder
from coldfinger.runfiles.reader import read_run
from tests.gui import looks, run_folders
from tests.gui.snapshots import snapshot

PATIENCE = 20_000  # ms
SMALL, LARGE = QSize(1280, 720), QSize(1920, 1080)
PAGES = ("live", "family", "fit", "map", "slopes", "history")
TABS = ("live", "family", "fit", "fits against H", "map", "slopes", "history")
DIALOGS = (
    "help", "commands", "messages", "panels", "traffic", "log", "log-window", "change", "at-the-end", "settings",
    "rehearsal",
)  # fmt: skip
VIEWS = ("panels", "traffic", "log", "log-window")
FIELDS = (0.0, 60.0, 100.0, 200.0, 300.0, 450.0)
RUNNING = "rt_600"
DOCS = Path(__file__).parents[2] / "docs"

_PANEL = [
    {"name": name, "value": value, "unit": unit, "settable": settable, "meaning": meaning, "allowed": allowed,
     "choices": choices, "trouble": trouble}
    for name, value, unit, settable, meaning, allowed, choices, trouble in (
        ("frequency", 7.0, "Hz", True, "frequency of the excitation", "0.001 to 102000", [], ""),
        ("time_constant", 0.3, "s", True, "time constant of the output filter", "", ["0.1", "0.3", "1"], ""),
        ("sync_filter", False, "", True, "filter at the frequency of the excitation", "", [], ""),
        ("sensitivity", 1e-4, "V", True, "full scale of the input", "2 nV to 1 V", [], ""),
        ("x", 6.359e-5, "V", False, "in phase", "", [], ""),
        ("theta", None, "deg", False, "phase", "", [], "the lock-in is silent"),
    )
]  # fmt: skip
_LINES = [[300.0 + i, line, answer] for i, (line, answer) in enumerate(
    [(b"SNAP?1,2,9\n", b"6.3591e-05,-9.1e-07,7.0\n"), (b"LIAS?\n", b"0\n"), (b"SENS?\n", b"17\n")] * 4
)]  # fmt: skip
_TOLD = [
    {"seq": number, "utc": f"2026-11-22T{time}+00:00", "level": level, "kind": kind, "text": text, "seen": True}
    for number, (time, level, kind, text) in enumerate((
        ("16:02:11", "info", "queue", "8 items were added, by the window"),
        ("16:02:14", "info", "run", "R(T) at 0 Oe begins"),
        ("16:54:08", "info", "run", "R(T) at 0 Oe is done: 60 rows, all believed"),
        ("16:58:40", "info", "run", "R(T) at 100 Oe begins"),
        ("17:21:03", "warning", "link", "lockin did not answer for 2.1 s; it was asked again and proved who it is"),
        ("18:47:55", "warning", "settling", "T_sample needed 11 min instead of 4 min at 300 mK"),
        ("19:40:12", "alarm", "free space", "The disk has 1.8 GB left, which is enough for 2 h of the queue"),
        ("19:41:30", "info", "run", "R(T) at 600 Oe begins"),
    ), 1)
]  # fmt: skip
_WINDOW_LOG = """\
2026-11-22 16:02:11,204 INFO coldfinger.gui.overview.event_line: message: Welcome. This refrigerator is simulated.
2026-11-22 17:21:03,611 WARNING coldfinger.gui.overview.event_line: link: lockin did not answer for 2.1 s
2026-11-22 18:30:47,018 WARNING coldfinger.gui.care.lag_log: stood still for 71 ms with 12 ms of work: plot.py:214
2026-11-22 19:12:00,360 INFO coldfinger.gui.care.lag_log: lag, replay: p99 11.2 ms, longest 38.0 ms, 0 stalls in 92.4 s
"""
_REHEARSED = {
    "name": "overnight", "seconds": 39600.0, "sd_seconds": 2400.0, "rows": 320, "bytes": 2e5, "refused": [],
    "items": [
        {"id": "8", "name": "R(T) at 600 Oe", "state": "done", "reason": "", "begins": 0.0, "ends": 18000.0,
         "ends_sd": 900.0, "rows": 160, "disbelieved": 13, "warnings": ["13 of 160 rows would be marked: gradient"]},
        {"id": "9", "name": "wait 10 min", "state": "skipped", "reason": "late", "begins": 18000.0, "ends": 18000.0,
         "ends_sd": 900.0, "rows": 0, "disbelieved": 0, "warnings": []},
    ],
    "trace": {"time_s": [0.0, 9000.0, 18000.0, 39600.0], "T_mc_K": [0.7, 0.5, 0.1, 0.05],
              "T_sample_K": [0.7, 0.52, 0.12, 0.06], "H_Oe": [0.0, 600.0, 600.0, 0.0], "heater_W": [0.0] * 4,
              "eddy_W": [0.0] * 4, "I_A": [0.0] * 4},
}  # fmt: skip


class PretendedDesk(Desk):
    """A desk whose engine says what a test wants; `given` are the commands that it was sent."""

    def __init__(self) -> None:
        super().__init__(lambda: None)  # type: ignore[arg-type,return-value]
        self.given: list[tuple[str, dict[str, Any]]] = []

    def command(self, name: str, then: Any = None, **arguments: Any) -> None:
        self.given.append((name, arguments))
        if name == "traffic" and then is not None:
            then(_LINES)

    def show(self, snapshot: dict[str, Any]) -> None:
        """The engine's next word."""
        self.latest = snapshot
        self.changed.emit(snapshot)


class Stage:
    """The window, and what a test does to it; `night` changes the snapshot that is shown."""

    def __init__(self, app: QApplication, data: Path, first: bool = False) -> None:
        """With `first` it is the first time: nothing has been measured yet."""
        self.app, self.place, self.desk = app, Place.of("sim", data), PretendedDesk()
        self.background, self.link = Background(), OwnerLink(self.place)
        self.ticked = [] if first else _runs(data)
        self._writer = None if first else _growing(data / RUNNING)
        remember("plots", {})  # of a stage before this one
        self.window = Window(self.place, self.link, self.desk, self.background, LagWatch())
        show = self.window.saved.set_text
        self.window.saved.set_text = lambda text: show(text.replace(str(data), "data"))  # type: ignore[method-assign]
        self.window._timer.stop()  # its lag, and ages that grow, would make each picture another one
        self.dialogs: dict[str, QWidget] = {}
        if not first:
            state_folder().mkdir(parents=True, exist_ok=True)
            (state_folder() / WINDOW_LOG).write_text(_WINDOW_LOG, "utf-8")
            self.desk.keep(_TOLD)
        self.window.show()
        if first:
            self.show("idle", items=[], reason="", must_end_by="", ends={"utc": "", "sd_seconds": 0.0, "items": {}})
        else:
            self.live_through()

    def live_through(self) -> None:
        """Half an hour of the night, so that readings have a history."""
        for minute in range(30):
            self.desk.show(night_at("running", self.place.data, minute=minute))
        self.show()

    def show(self, state: str = "running", **more: Any) -> None:
        """A night at its third item, or whatever else is given."""
        self.desk.show(night_at(state, self.place.data, **more))
        self.window.lag_label.setText("GUI lag 6 ms")
        self.settle()

    def dress(self, name: str, size: int = theme.USUAL) -> None:
        """Another theme and font, in the way of the menu."""
        remember("font", size)
        self.window.menus.dark.setChecked(name == "dark")
        self.window._dress()
        self.settle()

    def resize(self, size: QSize) -> None:
        self.window.resize(size)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is read or computed any more, and draw."""
        looks.settle(self.app)
        self.until(lambda: not (self.background.busy or self.window.drawing.busy or self.window.plots.reading.busy))
        for _ in range(2):  # the first drawing may give a plot another size: labels come, the badge finds its place
            for plot in self.window.findChildren(Plot):
                if plot.isVisible():
                    plot.draw()
            looks.settle(self.app)

    def until(self, true: Callable[[], Any]) -> None:
        """Wait in the window's own time."""
        since = QElapsedTimer()
        since.start()
        while not true():
            assert since.elapsed() < PATIENCE, "the window does not come to rest"
            QTest.qWait(5)

    def tick(self) -> None:
        """Tick every finished run in the list."""
        runs = self.window.runs
        self.until(lambda: len(runs.model.entries) >= len(self.ticked))
        names = {folder.name for folder in self.ticked}
        runs.model.tick([row for row, entry in enumerate(runs.model.entries) if entry.folder in names])
        self.settle()
        self.until(lambda: set(self.ticked) <= self.window.plots.reading.rows.keys())
        self.settle()

    def add_row(self) -> None:
        """The running run gets one row more, and the window the time to see it."""
        plots = self.window.plots
        folder = self.place.data / RUNNING
        rows = len(plots.reading.rows[folder])
        T = 0.7 * (0.05 / 0.7) ** (rows / 59)
        true = float(failed_insulator(T, 7e-6, 1.6e-4, 0.59))
        self._writer.point(run_folders.row_at(rows, T, 600.0, true, 3e-3 * true))
        self.until(lambda: len(plots.reading.rows[folder]) > rows)
        self.settle()

    def tab(self, name: str) -> QWidget:
        """Bring a tab to the front, that of the fits with one of its sides."""
        plots, page = self.window.plots, PAGES.index(name.replace("fits against H", "fit"))
        plots.show_tab(page)
        if name.startswith("fit") and not plots.fit.pinned.table.rowCount():
            plots.fit_runs(self.ticked[1:6])
            self.settle()
            plots.show_runs(self.ticked)
        if name.startswith("fit"):
            plots.fit.sides.button(int(name != "fit")).click()
        self.settle()
        QTest.qWait(20)
        self.settle()
        return plots.pages[page]

    def dialog(self, name: str) -> QWidget:
        """A dialog or tool window of the main window, open."""
        old = self.dialogs.pop(name, None)
        if old is not None and name not in VIEWS:
            remove(old)
        widget = self.dialogs[name] = self._make(name)
        widget.show()
        if name in VIEWS:
            self.desk.show(self.desk.latest)
        self.settle()
        return widget

    def _make(self, name: str) -> QWidget:
        window, items = self.window, self.desk.latest["items"]
        if name == "help":
            viewer = HelpViewer(DOCS, window)
            viewer.show_page("gui")
            return viewer
        if name == "commands":
            return CommandPalette(window)
        if name == "messages":
            return MessageList(window.events.messages, window)
        if name in VIEWS:
            kind, _, source = name.partition("-")
            getattr(window.beside, kind)()
            view = window.beside.open[kind]
            if kind == "log":
                view.source.setCurrentIndex(2 if source else 0)  # type: ignore[attr-defined]
            if kind == "panels":
                view.table.setCurrentCell(0, 0)  # type: ignore[attr-defined]
            return view
        if name == "change":
            item = Item.from_json(items[-2])
            form = form_of(item)
            assert form is not None
            return EditItem(item, form, self.place.limits, window)
        if name == "at-the-end":
            return EndDialog(EndActions(temperature=0.5), self.place, window)
        if name == "settings":
            found = differences(read_run(self.ticked[1]), read_run(self.ticked[2]))
            return DiffView(("R(T) at 60 Oe", "R(T) at 100 Oe"), found, window)
        rehearsal = RehearsalView(window)
        rehearsal.show()
        looks.settle(self.app)
        rehearsal.show_rehearsal(_REHEARSED, datetime(2026, 11, 22, 19, 24, tzinfo=UTC))
        return rehearsal

    def close(self) -> None:
        for widget in self.dialogs.values():
            widget.close()
        if self._writer is not None:
            self._writer.end("done")
            self._writer.close()
        self.show("idle", items=[])
        self.window.close()
        self.background.close()
        self.link.close()
        self.desk.close()
        self.window.deleteLater()
        looks.settle(self.app)


@contextlib.contextmanager
def window_at(app: QApplication, data: Path, first: bool = False) -> Iterator[Stage]:
    """The window with its night, closed in the end; it finds the logs of no other window."""
    theme.apply(app, "light")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STATE_FOLDER, str(data.parent / "state"))
        stage = Stage(app, data, first)
        try:
            yield stage
        finally:
            stage.close()
            theme.apply(app, "light")


def night_at(state: str, data: Path, minute: float = 30.0, **more: Any) -> dict[str, Any]:
    """A snapshot of a simulated night: four items done, one at work, three left."""
    done = [_ramp(number, field) for number, field in enumerate((0.0, 100.0, 300.0, 450.0), 1)]
    left = [_ramp(number, field) for number, field in enumerate((600.0, 200.0, 500.0), 5)]
    wait = Item("wait", "8", "wait 10 min", settings={"seconds": 600.0})
    items = [item.but(state="done", rows=60, seconds=3120.0, predicted_seconds=3000.0).to_json() for item in done]
    items += [left[0].but(state="running" if state != "held" else "partial").to_json()]
    items += [item.to_json() for item in (*left[1:], wait)]
    ends = {item["id"]: {"utc": f"2026-11-22T2{n}:52:00+00:00", "seconds": 3120.0, "sd_seconds": 300.0 * (n + 1)}
            for n, item in enumerate(items[4:])}  # fmt: skip
    runs = state in ("running", "waiting", "pausing", "paused", "aborting")
    running = {"id": "5", "name": "R(T) at 600 Oe", "begun": 100.0, "progress": 62.4, "rows": 37, "folder": RUNNING}
    picture = snapshot(state, **{
        "simulated": True, "station": "sim", "items": items, "running": running if runs else {},
        "ends": {"utc": "2026-11-23T06:42:00+00:00", "sd_seconds": 2400.0, "items": ends},
        "on_failure": {"action": "retry", "retries": 1},
        "end": {"heater_off": True, "field": None, "temperature": None},
        "must_end_by": "2026-11-23T08:30:00+00:00", "data": str(data), "speed": 100.0,
        "panel_names": ["lockin", "bridge", "magnet"],
        "panels": {"lockin": {"clock": 310.0, "reading": 1, "said": "", "entries": _PANEL}},
    } | more)  # fmt: skip
    clock = 9000.0 + 60.0 * (minute - 30.0)
    picture["clock"], warm = clock, 0.298 + 0.0004 * (30.0 - minute)
    picture["latest"] |= {"heater (percent)": [12.4, 0.0], "I (A)": [1e-8, 0.0], "T_mc (K)": [warm, 0.0]}
    picture["latest"] = {
        name: [value[0], clock - 6.0] if isinstance(value, list) and not name.startswith("set") else value
        for name, value in picture["latest"].items()
    }
    picture["care"] |= {"recorded": 37, "durable": 37, "lag_seconds": 0.4, "free_bytes": 412e9}
    return picture


def _ramp(number: int, field: float) -> Item:
    parameters = {"start": 0.7, "stop": 0.05, "field": field}
    family = Family("family-1", "R(T) family", "field_Oe", field)
    return Item("run", str(number), f"R(T) at {field:g} Oe", "TemperatureRamp", parameters, family=family)


def _growing(folder: Path) -> Any:
    """A run of which not all rows are there yet; it stays open."""
    writer = run_folders.writer_of(folder)
    draw = np.random.default_rng(600)
    for i, T in enumerate(np.geomspace(0.7, 0.05, 60)[:37]):
        true = float(failed_insulator(T, 7e-6, 1.6e-4, 0.59))
        writer.point(run_folders.row_at(i, float(T), 600.0, true * (1 + 3e-3 * draw.normal()), 3e-3 * true))
    return writer


def _runs(data: Path) -> list[Path]:
    """What the night has measured: ramps and dV/dI."""
    ended = []
    for field in FIELDS:
        base = 3e-5 * (max(field, 20.0) / 100) ** -0.8
        flags = {50: 2, 51: 2} if field == 300.0 else None
        parameters = {"field": {"label": "Field", "text": f"{field:g} Oe", "value": field, "unit": "Oe"}}
        ended.append(run_folders.ramp(data / f"rt_{field:g}", field, base=base, flags=flags, parameters=parameters))
    ended += [run_folders.slopes(data / f"didv_{field:g}", field) for field in (100.0, 300.0, 450.0)]
    return ended


def remove(widget: QWidget) -> None:
    """Delete it at once, so that no theme has to be put on it any more."""
    widget.close()
    widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def say(stage: Stage) -> None:
    """A message in the line below, with what can be done."""
    text = (
        "Lock-in overloaded (X 1.08 mV on 1 mV range). 4 points flagged, kept. Range raised to 2 mV; "
        "nothing has to be done."
    )
    event = {"seq": 7, "level": "warning", "kind": "overload", "text": text, "seen": False, "clock": 8990.0,
             "utc": "2026-11-22T19:52:31+00:00", "item": "5"}  # fmt: skip
    stage.desk.happened.emit([event])
    stage.settle()
