"""Starts the window: one process, one station, the look, the watch over its own errors, and an orderly end."""

import logging
import signal
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtWidgets import QApplication

from coldfinger.gui.background import Background
from coldfinger.gui.care.failures import Failure, Failures, record_crashes
from coldfinger.gui.care.lag import LagWatch
from coldfinger.gui.care.lag_log import WINDOW_LOG
from coldfinger.gui.desk import Desk
from coldfinger.gui.early_owner import EarlyOwner
from coldfinger.gui.last_station import LastStation, Opening, forget_station, remember_station
from coldfinger.gui.look import theme
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.owner_link import OwnerLink
from coldfinger.gui.place import Place
from coldfinger.gui.remembered import recall, settings
from coldfinger.gui.window import Window
from coldfinger.procedures.safety.locks import state_folder

SWITCH = 0.0005  # s that a busy thread may keep the window waiting
TERMINATED = 143
LOG_BYTES = 1_000_000
LOG = logging.getLogger("coldfinger.gui")


class Application:
    """Everything that lives as long as the window does."""

    def __init__(self, place: Place, early: EarlyOwner | None = None, *, kept: bool = False, notice: str = "") -> None:
        """With `kept` the station is opened again the next time; `notice` says why this one is open."""
        sys.setswitchinterval(SWITCH)
        self.qt = _application()
        self.failures = Failures()  # takes over from pyqtgraph's hook, which came with the window's module
        self.failures.install()
        self.status = 0
        self.lag = LagWatch()
        self.background = Background()
        self.desk = Desk(place.connect)
        self.link = OwnerLink(place, early=early)
        self.window = Window(place, self.link, self.desk, self.background, self.lag)
        self.failures.happened.connect(self._failed)
        self.link.ready.connect(self._ready)
        if kept:
            self.desk.changed.connect(self._attached)
        if notice:
            self.window.events.say(Message("warning", notice, kind="station"))
        self._signals = QTimer()  # lets Python see a signal: Qt's loop alone would not
        self._signals.timeout.connect(lambda: None)
        self.qt.commitDataRequest.connect(lambda _: self.window.leave_safely())

    def run(self) -> int:
        """Show the window until it is closed; the exit status."""
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: self._terminate())
        signal.signal(signal.SIGINT, lambda *_: self.window.close())
        self._signals.start(200)
        self.begin()
        try:
            self.qt.exec()
        finally:
            self.close()
        return self.status

    def begin(self) -> None:
        """Show the window and look for the owner; whoever calls it lets Qt's loop run then."""
        self.lag.start()
        self.window.show()
        self.link.begin()

    def close(self) -> None:
        """End every thread; the owner ends where this window started it."""
        self._signals.stop()
        self.lag.stop()
        self.qt.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        self.desk.close()
        self.background.close()
        self.link.close()
        self.failures.remove()

    def _ready(self) -> None:
        if not self.desk.started:
            self.desk.start()
        self.window.welcome()

    def _attached(self, snapshot: dict[str, Any]) -> None:
        """The engine has answered for the first time: this station is opened again the next time."""
        self.desk.changed.disconnect(self._attached)
        place, data = self.window.place, Path(str(snapshot.get("data") or self.window.place.data))
        last = LastStation(place.station, data, place.simulator.get("sample"), place.simulated)
        self.background.do("last station", lambda: remember_station(last), lambda _: None, _not_remembered)

    def _terminate(self) -> None:
        self.status = TERMINATED
        self.window.leave_safely()

    def _failed(self, failure: Failure) -> None:
        self.window.events.say(Message("warning", failure.sentence, details=failure.details))


def prepare(opening: Opening, reset: bool = False, early: EarlyOwner | None = None) -> Application:
    """Make the window on a station, for `run`. Raises StationFileError before anything is shown."""
    place = Place.of(opening.station, opening.data, opening.simulator)
    _write_log()
    if reset:
        settings().clear()
        _forget_station()
    return Application(place, early, kept=opening.kept, notice=opening.notice)


def _forget_station() -> None:
    try:
        forget_station()
    except OSError as error:
        LOG.warning("which station was open last could not be forgotten: %s", error)


def _not_remembered(error: BaseException) -> None:
    if not isinstance(error, OSError):
        raise error
    LOG.warning("which station is open could not be remembered: %s", error)


def _application() -> QApplication:
    for name in ("AA_EnableHighDpiScaling", "AA_UseHighDpiPixmaps"):  # Qt 6 always does
        attribute = getattr(Qt.ApplicationAttribute, name, None)
        if attribute is not None and QApplication.instance() is None:
            QApplication.setAttribute(attribute)
    app = QApplication.instance() or QApplication(["coldfinger"])
    assert isinstance(app, QApplication)
    app.setApplicationName("coldfinger")
    kept = recall("theme")
    size = recall("font")
    sizes = range(theme.SMALLEST, theme.LARGEST + 1)
    theme.apply(app, kept if kept in ("light", "dark") else "light", size if size in sizes else theme.USUAL)
    return app


def _write_log() -> None:
    folder = state_folder()
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / WINDOW_LOG, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("coldfinger")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    record_crashes(folder / "window-crashes.log")
