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
from coldfinger.gui.leave_question import Leave
from coldfinger.gui.look import theme
from coldfinger.gui.look.tokens import State
from coldfinger.gui.owner_link import OwnerLink
from coldfinger.gui.place import Place
from coldfinger.gui.remembered import recall, remember
from coldfinger.gui.window import Window
from coldfinger.procedures.engine.face import OwnerSilent
from coldfinger.procedures.engine.items import Item
from coldfinger.runfiles.quality import Quality
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
        self.given: list[str] = []

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
        self.given.append(name)
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


class Watch:
    """A watch that a test sets (ms)."""

    def __init__(self, elapsed: int) -> None:
        self.now = elapsed

    def elapsed(self) -> int:
        return self.now

    def restart(self) -> int:
        self.now = 0
        return 0


def test_what_the_engine_says_reaches_the_window_and_its_silence_too(
    opened: tuple[Window, Startable], tmp_path: Path
) -> None:
    window, _ = opened
    desk, lamp = window.desk, window.strip.lamps["overload"]
    window._silent = Watch(31_000)  # type: ignore[assignment]
    window._refresh()
    assert window.banner.view.state is State.LINK_LOST
    assert "link" in window.windowTitle().lower()
    for flags, tip in ((Quality.OVERLOAD, "1 point flagged"), (Quality(0), "Click: seen")):
        picture = night_at("idle", tmp_path, items=[], minute=float(not flags))
        picture["latest"]["flags"][0] = int(flags)
        desk.changed.emit(picture)
        assert window.banner.view.state is State.IDLE
        assert tip in lamp.toolTip()
    desk.latest = picture
    lamp.click()
    assert "nothing since" in lamp.toolTip()

    before = len(window.events.messages)
    told = {"level": "info", "kind": "run", "text": "R(T) at 600 Oe begins, which takes a while"}
    desk.happened.emit([{"seq": number, "seen": number == 1} | told for number in (1, 2)])
    desk.refused.emit("skip", "nothing is running")
    window.link.beginning = True
    desk.lost.emit("there is no owner")  # as long as it begins, there is none
    said = [message.text for message in window.events.messages[before:]]
    assert said == [told["text"], "Not done: nothing is running"]
    window.link.beginning = False
    desk.lost.emit("there is no owner")
    assert "The engine does not answer: there is no owner" in window.events.messages[-1].text


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


@pytest.mark.parametrize(("answer", "is_safe"), [(Leave.SAFELY, True), (Leave.MEASURING, False), (None, True)])
def test_the_answer_says_what_becomes_of_queue_and_owner_and_a_system_that_ends_means_safe(
    qtbot: QtBot,
    opened: tuple[Window, Startable],
    monkeypatch: pytest.MonkeyPatch,
    answer: Leave | None,
    is_safe: bool,
) -> None:
    def press(box: QMessageBox) -> int:
        for kept in (box.defaultButton(), box.escapeButton()):
            assert kept is not None
            assert kept.text() == Leave.NOT.value  # whoever only wants the question away stays
        (wanted,) = (button for button in box.buttons() if answer is not None and button.text() == answer.value)
        wanted.click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", press)
    window, engine = opened
    ends: list[bool] = []
    window.closing.connect(ends.append)
    window.link.ends_with_window = not is_safe
    window.desk.command("resume")
    if answer is None:
        window.leave_safely()
    else:
        assert window.close()
    window.link.ends_with_window = False  # there is no owner to end
    assert ends == [is_safe]
    if is_safe:
        qtbot.waitUntil(lambda: "abort" in engine.given, timeout=30000)
    else:
        engine.hangs.set()
        window.desk.close()
        assert engine.given == ["resume"]


def test_letters_are_never_larger_than_the_window_can_show(opened: tuple[Window, Startable]) -> None:
    window, _ = opened
    for size, step in ((theme.LARGEST, 1), (theme.SMALLEST, -1)):
        remember("font", size)
        window.change_font(step)
        assert recall("font") == size


def test_closing_asks_nothing_while_nothing_runs(opened: tuple[Window, Startable], asked: list[str]) -> None:
    window, _ = opened
    assert window.close()
    assert asked == []
