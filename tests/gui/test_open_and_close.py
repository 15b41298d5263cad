"""A window that is opened and closed again leaves nothing behind, and does not go unasked while something runs."""

import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication, QMessageBox

from coldfinger.gui.background import Background
from coldfinger.gui.care.lag import LagWatch
from coldfinger.gui.desk import Desk
from coldfinger.gui.owner_link import OwnerLink
from coldfinger.gui.place import Place
from coldfinger.gui.window import Window
from coldfinger.procedures.engine.face import OwnerSilent
from coldfinger.procedures.engine.items import Item
from tests.gui.stage import night_at


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
    assert len(dressed.topLevelWidgets()) <= widgets


class Startable:
    """An engine that is idle and lasts so: it is looked at once, then only when somebody asks anew."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.seen, self.hangs = threading.Event(), threading.Event()
        self.items: list[dict[str, Any]] = []

    def snapshot(self) -> dict[str, Any]:
        if threading.current_thread().name == "desk looks":
            if self.seen.is_set():  # what the window saw last stays as old as it is
                self.hangs.wait(10.0)
                raise OwnerSilent("the test is over")
            self.seen.set()
        return night_at("idle", self.data, items=list(self.items), last_event=-1)

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        return []

    def command(self, name: str, /, *, who: str = "", **arguments: Any) -> list[str]:
        if name == "add":
            self.items += arguments["items"]
        if name == "slow":
            self.hangs.wait(10.0)
        return ["1"]


@pytest.fixture
def opened(qtbot: QtBot, dressed: QApplication, tmp_path: Path) -> Iterator[tuple[Window, Startable]]:
    engine, place, lag, background = Startable(tmp_path), Place.of("sim", tmp_path), LagWatch(), Background()
    link, desk = OwnerLink(place), Desk(lambda: engine)  # type: ignore[arg-type,return-value]
    window = Window(place, link, desk, background, lag)
    window.show()
    desk.start()
    qtbot.waitUntil(lambda: bool(desk.latest), timeout=30000)
    yield window, engine
    engine.hangs.set()
    window._leave()
    desk.close()
    background.close()
    link.close()
    window.deleteLater()
    dressed.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Titles of the questions; all are answered by Stay, as Esc would."""
    questions: list[str] = []

    def stay(box: QMessageBox) -> int:
        questions.append(box.windowTitle())
        return 0

    monkeypatch.setattr(QMessageBox, "exec", stay)
    return questions


def test_closing_asks_for_a_run_that_was_started_just_now_and_not_seen_yet(
    opened: tuple[Window, Startable], asked: list[str]
) -> None:
    window, _ = opened
    window.desk.command("add", items=[Item("wait", "1", "wait 1 min", settings={"seconds": 60.0}).to_json()])
    assert window.desk.latest["state"] == "idle"
    assert not window.close()
    assert asked == ["A queue is running"]


def test_closing_asks_while_a_command_is_not_answered_and_nobody_knows_what_runs(
    opened: tuple[Window, Startable], asked: list[str]
) -> None:
    window, engine = opened
    window.desk.command("slow")
    assert not window.close()
    assert asked == ["A queue is running"]
    engine.hangs.set()


def test_closing_asks_for_a_queue_that_was_let_go_just_now(opened: tuple[Window, Startable], asked: list[str]) -> None:
    window, _ = opened
    window.desk.command("resume")
    assert not window.close()
    assert asked == ["A queue is running"]


def test_closing_asks_nothing_while_nothing_runs(opened: tuple[Window, Startable], asked: list[str]) -> None:
    window, _ = opened
    assert window.close()
    assert asked == []
