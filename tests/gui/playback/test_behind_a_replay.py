"""While a replay is shown the engine goes on behind it: an abort reaches it, its alarms are told, closing asks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QApplication, QDialog, QLineEdit

from coldfinger.gui.background import Background
from coldfinger.gui.care.lag import LagWatch
from coldfinger.gui.desk import Desk
from coldfinger.gui.look.tokens import State
from coldfinger.gui.owner_link import OwnerLink
from coldfinger.gui.place import Place
from coldfinger.gui.window import Window
from coldfinger.runfiles.quality import Quality
from tests.gui.run_folders import row_at, writer_of
from tests.gui.stage import night_at

PATIENCE = 15_000  # ms


class Measuring:
    """An engine in the middle of a run whose last row is overloaded; `given` are the commands that reached it.

    Each of them is told as an alarm.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.given: list[str] = []

    def snapshot(self) -> dict[str, Any]:
        picture = night_at("running", self.data, last_event=len(self.given))
        picture["latest"]["flags"] = [int(Quality.OVERLOAD), picture["clock"]]
        return picture

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        text = "the magnet has said something that everybody should read"
        event = {"level": "alarm", "kind": "magnet", "text": text, "seen": False}
        return [{"seq": number + 1} | event for number in range(max(since - 1, 0), len(self.given))]

    def command(self, name: str, /, *, who: str = "", **arguments: Any) -> None:
        self.given.append(name)


def alarmed(folder: Path) -> Path:
    """A run that ended with an alarm."""
    with writer_of(folder) as writer:
        for i in range(300):
            writer.point(row_at(i, 0.7 - 0.002 * i, 100.0, 6000.0, 5.0))
        writer.alarm("interlock", "the mixing chamber was warmer than it may be")
        writer.end("done")
    return folder


@pytest.fixture
def engine(tmp_path: Path) -> Measuring:
    return Measuring(tmp_path)


@pytest.fixture
def window(
    engine: Measuring, qtbot: QtBot, dressed: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Window]:
    """The window before such an engine, with a replay of a ramp."""
    monkeypatch.setattr(Place, "connect", lambda self: engine)
    place, background = Place.of("sim", tmp_path), Background()
    link, desk = OwnerLink(place), Desk(place.connect)
    window = Window(place, link, desk, background, LagWatch())
    window.show()
    desk.start()
    qtbot.waitUntil(lambda: window.banner.view.state is State.RUNNING, timeout=PATIENCE)
    window.replay_bar.start(alarmed(tmp_path / "rt"))
    told: list[dict[str, Any]] = []
    desk.changed.connect(told.append)  # as the last one: the window has been told it, too
    qtbot.waitUntil(lambda: any("replay" in snapshot for snapshot in told), timeout=PATIENCE)
    desk.changed.disconnect(told.append)
    yield window
    window._leave()
    desk.close()
    background.close()
    link.close()
    window.deleteLater()
    dressed.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_an_abort_ends_a_replay_and_reaches_the_engine_also_from_a_dialog(
    qtbot: QtBot, window: Window, engine: Measuring
) -> None:
    bar, lamp = window.replay_bar, window.strip.lamps["overload"]
    assert window.windowTitle().startswith("REPLAY · ")
    assert {page.plot.badge_text[:6] for page in window.plots.pages} == {"REPLAY"}
    qtbot.waitUntil(lambda: "nothing since the beginning" in lamp.toolTip(), timeout=PATIENCE)  # of the recording
    qtbot.waitUntil(lambda: not window.new_run.start_button.isEnabled(), timeout=PATIENCE)
    assert "leave it to start" in window.new_run.start_button.toolTip()
    window.desk.command("skip")
    qtbot.waitUntil(lambda: bar.face is not None and bar.face.refusals == 1, timeout=PATIENCE)
    assert engine.given == []
    assert not window._is_quiet()  # so that closing the window asks

    window.toggle_theme()  # and back: the window hears nothing while it is dressed, and everything again after it
    window.toggle_theme()
    dialog = QDialog(window)
    dialog.setModal(True)
    line = QLineEdit(dialog)
    dialog.show()
    qtbot.keyClick(line, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: engine.given == ["abort"], timeout=PATIENCE)
    assert bar.face is None
    assert line.text() == ""
    assert any("ended by the abort" in message.text for message in window.events.messages)
    qtbot.waitUntil(lambda: "replay" not in window.desk.latest, timeout=PATIENCE)
    qtbot.waitUntil(lambda: window.windowTitle().startswith("SIMULATED · RUNNING"), timeout=PATIENCE)
    assert "1 point flagged" in lamp.toolTip()  # as it was before the replay
    front = window.events
    qtbot.waitUntil(lambda: front.front is not None and front.front.level == "alarm", timeout=PATIENCE)
    assert sum("the magnet has said" in message.text for message in window.events.messages) == 1
    dialog.close()


def test_alarms_behind_a_replay_are_told_and_those_in_it_are_none(
    qtbot: QtBot, window: Window, engine: Measuring
) -> None:
    events = window.events
    engine.given.append("something")
    qtbot.waitUntil(lambda: events.front is not None and events.front.level == "alarm", timeout=PATIENCE)
    assert events.front is not None
    assert events.front.text.startswith("At the station, behind the replay: the magnet")
    events.dismiss.click()
    qtbot.waitUntil(lambda: engine.given[1:] == ["acknowledge"], timeout=PATIENCE)
    face = window.replay_bar.face
    assert face is not None
    face.seek(1e9)  # its alarm has come
    inside = "In the replay: "
    qtbot.waitUntil(lambda: any(m.text.startswith(inside) for m in events.messages), timeout=PATIENCE)
    assert {m.level for m in events.messages if m.text.startswith(inside)} == {"info"}
    assert {event["kind"] for event in window.desk.told} == {"magnet"}  # what the log shows
    qtbot.waitUntil(lambda: window.desk.latest["state"] == "idle", timeout=PATIENCE)
    assert not window._is_quiet()  # the recording is over, the engine still measures


def test_how_plots_are_shown_is_remembered_and_what_is_measured_comes_first(window: Window) -> None:
    plots = window.plots
    plots.family.plot.set_grid(False)
    plots.show_tab(1)
    window._keep()
    plots.family.plot.set_grid(True)
    window._restore()
    assert not plots.family.plot.grid
    assert plots.tabs.currentIndex() == 0
