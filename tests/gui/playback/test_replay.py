"""A recorded night played again: by its own time, at any speed, and with nothing behind it that could be commanded."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from qtpy.QtWidgets import QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.care.lag import LagWatch
from coldfinger.gui.desk import Desk
from coldfinger.gui.look.tokens import State
from coldfinger.gui.overview.view_state import banner_of
from coldfinger.gui.playback.recorded import ReplayError
from coldfinger.gui.playback.replay import LOCKED, open_replay
from coldfinger.gui.playback.replay_bar import ReplayBar, clock_text
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.procedures.engine.face import EngineFace, Refused
from coldfinger.procedures.engine.items import Item
from coldfinger.procedures.engine.queue_journal import QueueJournal, new_night
from coldfinger.procedures.engine.verbs import COMMANDS
from tests.gui import looks
from tests.gui.snapshots import snapshot

COLUMNS = ("time (s)", "T_set (K)", "T_sample (K)", "H_set (Oe)", "H (Oe)", "rho (ohm)", "flags")


def recorded(data: Path, name: str, times: tuple[float, ...] = (0.0, 60.0, 120.0), outcome: str = "done") -> Path:
    header = {"simulated": True, "station": {"name": "triton"}, "item_name": f"R(T) {name}"}
    with RunWriter(data / name, header=header, columns=COLUMNS, sync=False) as writer:
        for number, time in enumerate(times):
            row = (time, 0.1, 0.1 + 0.01 * number, 600.0, 600.0, 6000.0 - number, 0)
            writer.point(dict(zip(COLUMNS, row, strict=True)))
        if times:
            writer.mark("note", f"{name} ends")
        writer.end(outcome)
    return writer.folder


class Hands:
    """A clock that a test moves."""

    def __init__(self):
        self.now = 100.0

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def face(tmp_path, clock):
    recorded(tmp_path / "data", "a")
    recorded(tmp_path / "data", "b", (10.0, 20.0), "failed")
    return open_replay(tmp_path / "data", clock)


# The face


def test_a_recording_stands_still_until_it_is_played(face, clock):
    clock.sleep(50)
    assert (face.position, face.playing, face.length) == (0.0, False, 140.0)
    shot = face.snapshot()
    assert (shot["state"], shot["running"]["rows"], shot["running"]["folder"]) == ("paused", 1, "a")
    assert shot["latest"]["rho (ohm)"] == [6000.0, 0.0]


def test_rows_come_by_their_time_at_the_speed_that_was_chosen(face, clock):
    face.set_speed(10)
    face.play()
    clock.sleep(5.9)
    assert face.snapshot()["running"]["rows"] == 1
    clock.sleep(0.2)
    shot = face.snapshot()
    assert shot["running"]["rows"] == 2
    assert shot["clock"] == pytest.approx(61.0)
    assert shot["latest"]["T_sample (K)"] == [pytest.approx(0.11), 60.0]
    assert shot["latest"]["set field"] == [pytest.approx(0.06), 60.0]
    assert shot["latest"]["set temperature"] == [0.1, 60.0]
    face.set_speed(1000)
    clock.sleep(0.01)
    assert face.position == pytest.approx(71.0)


def test_runs_of_a_night_follow_each_other_with_their_outcomes(face):
    face.seek(125.0)
    shot = face.snapshot()
    assert [item["state"] for item in shot["items"]] == ["done", "running"]
    assert shot["latest"]["rho (ohm)"] == [5998.0, 120.0]  # the second has no row yet
    face.seek(1e9)
    assert face.position == face.length
    shot = face.snapshot()
    assert (shot["state"], shot["running"]) == ("idle", {})
    assert [item["state"] for item in shot["items"]] == ["done", "failed"]


def test_a_night_is_played_in_the_order_of_its_queue(tmp_path, clock):
    runs = [recorded(tmp_path, name).name for name in ("b", "a")]
    items = [Item("run", name, name, "TemperatureRamp", state="done", folders=(name,)) for name in runs]
    night = new_night(tmp_path, "night")
    journal = QueueJournal(night, clock)
    journal.write("start", schema=1, night={}, station={"name": "triton"}, simulated=True, resumes=False)
    journal.write("queue", items=[item.to_json() for item in items])
    journal.close()
    assert open_replay(night, clock).snapshot()["running"]["folder"] == "b"


def test_at_its_end_it_stops_and_plays_again_from_the_beginning(face, clock):
    face.set_speed(1000)
    face.play()
    clock.sleep(10)
    assert (face.position, face.playing) == (140.0, False)
    face.play()
    assert face.position == 0.0
    assert face.playing


def test_steps_go_from_row_to_row_and_stand_still(face):
    positions = []
    for rows in (1, 1, 1, -1, -1, -5, 99):
        face.step(rows)
        positions.append(face.position)
    assert positions == [60.0, 120.0, 130.0, 120.0, 60.0, 0.0, 140.0]
    face.seek(61.0)
    face.step(-1)
    assert face.position == 60.0
    assert not face.playing


def test_marks_come_as_events_when_their_time_has_come(face):
    assert face.events() == []
    face.seek(face.length)
    events = face.events()
    assert [(event["seq"], event["text"]) for event in events] == [(1, "a ends"), (2, "b ends")]
    assert face.events(2) == events[1:]
    assert face.snapshot()["last_event"] == 2


def test_it_has_the_engines_face_and_the_keys_of_its_snapshot(face):
    assert isinstance(face, EngineFace)
    assert snapshot().keys() <= face.snapshot().keys()
    for position in (0.0, 125.0, face.length):
        face.seek(position)
        view = banner_of(face.snapshot(), replay=True)
        assert view.badge == "REPLAY"
        assert view.state in (State.PAUSED, State.IDLE)


def test_every_command_that_would_touch_hardware_is_refused(face):
    for name in COMMANDS:
        if name in ("pause", "resume", "speed", "acknowledge"):
            continue
        with pytest.raises(Refused, match="nothing is sent to instruments"):
            face.command(name, who="window")
    assert face.refusals == len(COMMANDS) - 4
    face.command("speed", rate=100)
    face.command("resume")
    assert (face.speed, face.playing) == (100.0, True)
    with pytest.raises(Refused, match=r"allowed are 0\.1 to 1000"):
        face.command("speed", rate=1e6)


def test_what_cannot_be_played_is_said_in_a_sentence(tmp_path):
    empty = recorded(tmp_path / "data", "empty", ())
    with pytest.raises(ReplayError, match="it has no rows to play"):
        open_replay(empty)
    with pytest.raises(ReplayError, match="there is no such run"):
        open_replay(tmp_path / "nowhere")
    with pytest.raises(ReplayError, match="no run files lie beside it"):
        open_replay(tmp_path / "night.cassette")
    writer = RunWriter(tmp_path / "data" / "now", header={"simulated": True}, columns=COLUMNS, sync=False)
    try:
        writer.point(dict.fromkeys(COLUMNS, 1.0))
        with pytest.raises(ReplayError, match="being measured now"):
            open_replay(writer.folder)
    finally:
        writer.close()


def test_the_runs_beside_a_cassette_are_played(tmp_path):
    recorded(tmp_path, "a")
    (tmp_path / "night.cassette").write_text("", "utf-8")
    assert open_replay(tmp_path / "night.cassette").length == 120.0


# The bar


class Counted:
    """An engine that counts every call."""

    def __init__(self, simulated=True):
        self.calls: list[str] = []
        self.given: list[tuple[str, dict[str, Any]]] = []
        self.simulated = simulated

    def snapshot(self):
        self.calls.append("snapshot")
        return snapshot("idle", simulated=self.simulated, speed=100.0, clock=8047.0)

    def events(self, since=0):
        self.calls.append("events")
        return []

    def command(self, name, /, *, who="", **arguments):
        self.calls.append(name)
        self.given.append((name, arguments))


class Swapping(QWidget):
    """What the window does: one desk at a time, the engine's or the replay's."""

    def __init__(self, engine, data):
        super().__init__()
        self.engine = engine
        self.background = Background()
        self.desk = self.desk_of(engine)
        self.said: list[Any] = []
        self.seen: list[Any] = []
        self.bar = ReplayBar(SimpleNamespace(data=data), self.desk, self.background, self)
        self.bar.said.connect(self.said.append)
        self.bar.replaying.connect(self.swap)
        self.bar.left.connect(lambda: self.swap(self.engine))
        self.bar.resize(1100, 40)

    def desk_of(self, face):
        desk = Desk(lambda: face)
        desk.start()
        return desk

    def swap(self, face):
        self.desk.close()
        self.desk = self.desk_of(face)
        self.desk.changed.connect(self.seen.append)
        self.bar.set_desk(self.desk)

    def end(self):
        self.bar.stop()
        self.desk.close()
        self.background.close()


@pytest.fixture
def swapping(qtbot, dressed, tmp_path):
    for number in range(3):
        recorded(tmp_path / "data", f"run_{number}", tuple(float(10 * i) for i in range(60)))
    windows = []

    def make(**how):
        window = Swapping(Counted(**how), tmp_path / "data")
        windows.append(window)
        qtbot.addWidget(window)
        window.resize(1100, 60)
        window.show()
        return window

    yield make
    for window in windows:
        window.end()


def test_a_night_at_a_thousand_times_its_speed_makes_no_call_on_the_engine(qtbot, swapping, tmp_path):
    window = swapping()
    qtbot.waitUntil(lambda: window.bar.fridge.text() == "fridge 02:14:07", timeout=3000)
    window.bar.start(tmp_path / "data")
    qtbot.waitUntil(lambda: window.bar.is_replay, timeout=3000)
    before = list(window.engine.calls)
    watch = LagWatch(limit=0.15)
    watch.start()
    try:
        window.bar.speeds[1000].click()
        for name in ("abort", "add", "set_panel", "skip"):
            window.desk.command(name)
        qtbot.waitUntil(lambda: window.bar.face.position == window.bar.face.length, timeout=5000)
        qtbot.waitUntil(lambda: window.bar.face.refusals == 4, timeout=3000)
        assert watch.stalls == 0
    finally:
        watch.stop()
    assert window.engine.calls == before
    rows = [shot["running"]["rows"] for shot in window.seen if shot["running"]]
    assert rows
    assert all(shot["simulated"] and "replay" in shot for shot in window.seen)
    window.bar.leave.click()
    qtbot.waitUntil(lambda: len(window.engine.calls) > len(before), timeout=3000)
    assert window.engine.given == []
    assert not window.bar.is_replay
    assert any(LOCKED.capitalize() in message.text for message in window.said)


def test_buttons_and_slider_move_the_recording(qtbot, swapping, tmp_path):
    window = swapping()
    bar = window.bar
    bar.start(tmp_path / "data" / "run_0")
    qtbot.waitUntil(lambda: bar.is_replay, timeout=3000)
    bar.play.click()
    assert not bar.face.playing
    bar.slider.setValue(500)
    assert bar.face.position == pytest.approx(295.0)
    bar.forward.click()
    assert bar.face.position == 300.0
    bar.back.click()
    assert bar.face.position == 290.0
    assert bar.fridge.text() == "fridge 00:04:50 of 00:09:50"


def test_the_speed_of_a_simulated_station_is_commanded_and_shown(qtbot, swapping):
    window = swapping()
    qtbot.waitUntil(window.bar.speeds[100].isChecked, timeout=3000)
    window.bar.speeds[1000].click()
    qtbot.waitUntil(lambda: window.engine.given == [("speed", {"rate": 1000.0})], timeout=3000)
    assert window.bar.speeds[100].isChecked()  # until the engine says another
    assert not window.bar.speeds[1000].isChecked()


def test_a_real_station_has_no_speed_and_says_why(qtbot, swapping):
    window = swapping(simulated=False)
    qtbot.waitUntil(lambda: window.bar.why_not_speed().startswith("This station is real"), timeout=3000)
    for button in window.bar.speeds.values():
        assert not button.isEnabled()
        assert button.toolTip().startswith("This station is real, and time passes as it does")
    assert window.bar.open.isEnabled()


def test_a_folder_without_rows_is_refused_and_the_engine_stays(qtbot, swapping, tmp_path):
    window = swapping()
    window.bar.start(recorded(tmp_path / "other", "empty", ()))
    qtbot.waitUntil(lambda: bool(window.said), timeout=3000)
    assert "no rows to play" in window.said[0].text
    assert window.bar.face is None


def test_the_bar_looks_right(qtbot, swapping, tokens, qapp, tmp_path):
    window = swapping()
    window.bar.restyle()
    for name in ("live", "replay"):
        if name == "replay":
            window.bar.start(tmp_path / "data")
            qtbot.waitUntil(lambda: window.bar.is_replay, timeout=3000)
        looks.settle(qapp)
        assert looks.faults(window.bar) == []
        assert window.bar.minimumSizeHint().width() <= 1100
        looks.shoot(window.bar, tmp_path / f"{name}_{tokens.name}.png")


def test_times_are_written_as_hours():
    assert clock_text(8047.9) == "02:14:07"
    assert clock_text(100 * 3600) == "100:00:00"
