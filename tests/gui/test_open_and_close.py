"""A window that is opened and closed again leaves nothing behind: no thread, no widget, no timer."""

import gc
import threading
from pathlib import Path

from pytestqt.qtbot import QtBot
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.lag import LagWatch
from coldfinger.gui.owner_link import OwnerLink
from coldfinger.gui.place import Place
from coldfinger.gui.window import Window
from coldfinger.procedures.engine.face import OwnerSilent


class Silent:
    """An engine that never answers."""

    def snapshot(self) -> dict[str, object]:
        raise OwnerSilent("nobody is there")

    events = command = snapshot


def opened_and_closed(app: QApplication, data: Path) -> None:
    place, lag, background = Place.of("sim", data), LagWatch(), Background()
    link, desk = OwnerLink(place), Desk(Silent)  # type: ignore[arg-type]
    window = Window(place, link, desk, background, lag)
    window.show()
    lag.start()
    desk.start()
    app.processEvents()
    window.close()
    lag.stop()
    desk.close()
    background.close()
    link.close()
    window.deleteLater()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    app.processEvents()


def test_three_windows_leave_no_thread_and_no_widget(qtbot: QtBot, dressed: QApplication, tmp_path: Path) -> None:
    opened_and_closed(dressed, tmp_path)  # what is made once stays: fonts, icons, a clipboard
    gc.collect()
    threads, widgets = set(threading.enumerate()), len(dressed.topLevelWidgets())
    for _ in range(3):
        opened_and_closed(dressed, tmp_path)
    gc.collect()
    assert set(threading.enumerate()) == threads
    assert len(dressed.topLevelWidgets()) == widgets
