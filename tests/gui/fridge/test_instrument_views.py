"""Panels, traffic and log: what an engine says of instruments is shown, and a panel is set only while at rest."""

from types import SimpleNamespace
from typing import Any

import pytest
from qtpy.QtCore import QObject, Qt, Signal

from coldfinger.gui.background import Background
from coldfinger.gui.fridge.log_view import LogView, chosen_lines, log_lines, read_tail
from coldfinger.gui.fridge.panel_text import allowed_text, choices_of, typed_text, value_text, why_not_set
from coldfinger.gui.fridge.panels_view import PanelsView
from coldfinger.gui.fridge.traffic_view import LIMITS, TrafficView
from coldfinger.procedures.engine.panels import Panels
from coldfinger.procedures.safety.locks import STATE_FOLDER
from coldfinger.procedures.station import connect_station
from tests.gui import looks
from tests.gui.snapshots import snapshot


def entry(name: str, value: Any, unit: str = "", settable: bool = True, **more: Any) -> dict[str, Any]:
    plain = {"meaning": f"the {name}", "allowed": "", "choices": [], "trouble": ""}
    return {"name": name, "value": value, "unit": unit, "settable": settable, **plain, **more}


PANEL = [
    entry("frequency", 7.0, "Hz", allowed="0.001 to 102000"),
    entry("time_constant", 0.3, "s", choices=["0.1", "0.3", "1"]),
    entry("sync_filter", False),
    entry("offset", {"percent": -1.5, "expand": 1}),
    entry("x", 1.25e-6, "V", settable=False),
    entry("theta", None, "deg", settable=False, trouble="the lock-in is silent"),
]


class Said(QObject):
    """A desk that writes down what it is commanded."""

    changed, happened, refused = Signal(object), Signal(object), Signal(str, str)

    def __init__(self):
        super().__init__()
        self.latest: dict[str, Any] = {}
        self.told: list[dict[str, Any]] = []
        self.given: list[tuple[str, dict[str, Any]]] = []
        self.thens: list[Any] = []

    def command(self, name, then=None, **arguments):
        self.given.append((name, arguments))
        self.thens.append(then)

    def show(self, state="idle", reading=1, said="", entries=PANEL, clock=310.0):
        panels = {"lockin": {"clock": clock, "reading": reading, "said": said, "entries": entries}}
        self.latest = snapshot(state, panel_names=["lockin", "magnet"], panels=panels)
        self.changed.emit(self.latest)


@pytest.fixture
def desk(qtbot):
    return Said()


@pytest.fixture
def background(qtbot):
    background = Background()
    yield background
    background.close()


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv(STATE_FOLDER, str(tmp_path))
    return SimpleNamespace(data=tmp_path, folder=tmp_path)


@pytest.fixture
def panels(qtbot, dressed, place, desk, background):
    view = PanelsView(place, desk, background)
    qtbot.addWidget(view)
    view.resize(560, 420)
    view.show()
    desk.show()
    return view


def choose(view, name):
    view.table.setCurrentCell([one["name"] for one in PANEL].index(name), 0)


def cell(view, name, column=1):
    return view.table.item([one["name"] for one in PANEL].index(name), column).text()


# Texts


def test_values_have_units_and_words_for_switches():
    assert [value_text(one) for one in PANEL] == ["7 Hz", "0.3 s", "off", "percent −1.5, expand 1", "1.25 µV", ""]
    assert [typed_text(one) for one in PANEL[:4]] == ["7.0", "0.3", "off", "-1.5, 1"]
    assert allowed_text(PANEL[1]) == "one of 0.1, 0.3, 1"
    assert allowed_text({**PANEL[1], "allowed": "one of `TIMES`"}) == "one of 0.1, 0.3, 1"
    assert allowed_text(PANEL[4]) == "read only"
    assert choices_of(PANEL[2]) == ("on", "off")


def test_a_panel_is_set_only_at_rest_and_the_reason_is_said():
    assert all(why_not_set(snapshot(state), PANEL[0]) == "" for state in ("idle", "paused", "held"))
    assert "pause the run" in why_not_set(snapshot("running"), PANEL[0])
    assert "only be read" in why_not_set(snapshot("idle"), PANEL[4])
    assert "does not answer" in why_not_set(None, PANEL[0])


# Panels


def test_a_panel_is_read_when_it_is_opened_and_by_f5(qtbot, panels, desk):
    assert desk.given == [("panel", {"panel": "lockin"})]
    assert cell(panels, "frequency") == "7 Hz"
    assert cell(panels, "theta") == "the lock-in is silent"
    qtbot.keyClick(panels, Qt.Key.Key_F5)
    assert desk.given[-1] == ("panel", {"panel": "lockin"})
    assert len(desk.given) == 2


def test_at_rest_it_follows_every_second_and_in_a_run_it_does_not(panels, desk):
    panels._tick()
    assert len(desk.given) == 1  # the answer is not there yet
    desk.show(reading=2)
    panels._tick()
    assert len(desk.given) == 2
    desk.show("running", reading=3, entries=[{**PANEL[0], "value": 13.0}, *PANEL[1:]])
    assert cell(panels, "frequency") == "13 Hz"
    panels._tick()
    assert len(desk.given) == 2
    desk.show("paused", reading=3)
    panels._tick()
    assert len(desk.given) == 3
    panels.hide()
    assert not panels._poll.isActive()


def test_a_typed_number_is_sent_as_it_stands_and_the_answer_is_shown(qtbot, panels, desk):
    choose(panels, "frequency")
    panels.editor.line.setText("13 Hz")
    qtbot.keyClick(panels.editor.line, Qt.Key.Key_Return)
    order = {"panel": "lockin", "knob": "frequency", "text": "13 Hz", "by": "the window"}
    assert desk.given[-1] == ("set_panel", order)
    desk.show(reading=2, entries=[{**PANEL[0], "value": 13.0}, *PANEL[1:]])
    assert panels.editor.answer.text() == "frequency is now 13 Hz"
    panels.editor.line.setText("1 GHz")
    panels.editor.set_button.click()
    desk.show(reading=3, said="frequency: 1e9 is above 102000")
    assert panels.editor.answer.text() == "frequency was not set: frequency: 1e9 is above 102000"
    assert panels.editor.answer.property("role") == "message"


def test_choices_are_a_box_that_stands_at_the_present_value(panels, desk):
    choose(panels, "time_constant")
    assert panels.editor.stack.currentWidget() is panels.editor.choice
    assert panels.editor.choice.currentText() == "0.3"
    panels.editor.choice.setCurrentIndex(2)
    panels.editor.set_button.click()
    assert desk.given[-1][1]["text"] == "1"
    choose(panels, "sync_filter")
    assert [panels.editor.choice.itemText(i) for i in range(2)] == ["on", "off"]
    assert panels.editor.choice.currentText() == "off"


def test_in_a_run_nothing_can_be_set_and_the_tooltip_says_why(panels, desk):
    choose(panels, "frequency")
    assert panels.editor.set_button.isEnabled()
    desk.show("running")
    assert not panels.editor.set_button.isEnabled()
    assert panels.editor.set_button.toolTip().startswith("The engine is running: pause the run")
    panels.editor.set()
    assert not [given for given in desk.given if given[0] == "set_panel"]


def test_what_came_of_a_setting_stays_while_the_panel_is_read_again(panels, desk):
    choose(panels, "frequency")
    panels.editor.set_button.click()
    desk.show(reading=2)
    desk.show(reading=3, entries=[{**PANEL[0], "allowed": "1 to 5"}, *PANEL[1:]])
    assert panels.editor.answer.text() == "frequency is now 7 Hz"
    panels.editor.line.setText("")
    panels.editor.set()
    assert panels.editor.answer.text() == "Nothing was set: write a value for frequency."


def test_what_the_engine_refuses_is_shown_beside(panels, desk):
    choose(panels, "frequency")
    panels.editor.set_button.click()
    desk.refused.emit("set_panel", "lockin frequency cannot be set while the engine is running")
    assert "cannot be set while" in panels.editor.answer.text()


def test_a_new_reading_leaves_what_is_being_typed(panels, desk):
    choose(panels, "frequency")
    panels.editor.line.setText("13")
    desk.show(reading=2, entries=[{**PANEL[0], "value": 8.0}, *PANEL[1:]])
    assert panels.editor.line.text() == "13"
    assert cell(panels, "frequency") == "8 Hz"


def test_every_panel_of_the_simulated_station_can_be_shown(panels, desk):
    with connect_station("sim") as station:
        told: list[tuple[str, ...]] = []
        source = Panels(station, lambda *event: told.append(event))
        for name in source.names:
            source.read(name)
        source.set("lockin", "frequency", "13 Hz", "the window")
        source.close()
        assert told[0][2] == "lockin frequency was set from 7.0 to 13.0, by the window"
        for name, panel in source.state().items():
            desk.latest = snapshot("idle", panel_names=[name], panels={name: panel})
            desk.changed.emit(desk.latest)
            assert panels.table.rowCount() == len(panel["entries"])
            for row in range(panels.table.rowCount()):
                panels.table.setCurrentCell(row, 0)
                assert panels.entry == panel["entries"][row]


def test_panels_look_right(qtbot, panels, desk, tokens, qapp, tmp_path):
    panels.restyle()
    choose(panels, "frequency")
    desk.show(reading=9)
    looks.settle(qapp)
    assert looks.faults(panels) == []
    looks.shoot(panels, tmp_path / f"panels_{tokens.name}.png")


# Traffic and log

TRAFFIC = [[float(number), f"OUTP? {number}", f"1.{number}e-6\n"] for number in range(200)]


def test_traffic_is_fetched_filtered_and_limited(qtbot, dressed, place, desk, background):
    view = TrafficView(place, desk, background)
    qtbot.addWidget(view)
    desk.show()
    view.show()
    assert desk.given[-1] == ("traffic", {"panel": "lockin"})
    desk.thens[-1]([*TRAFFIC, [200.0, "FREQ 7\n", None]])
    assert view.shown()[0][1] == "FREQ 7\n"
    assert view.table.rowCount() == 50
    assert view.table.item(0, 1).text() == "FREQ 7"
    view.limit.setCurrentIndex(LIMITS.index(20))
    assert view.table.rowCount() == 20
    view.filter.setText("outp? 19")
    assert view.table.rowCount() == 11
    view._copy()
    assert dressed.clipboard().text().split("\n")[0] == "199.000\tOUTP? 199\t1.199e-6"
    assert looks.faults(view) == []


def test_the_chosen_instrument_stays_when_another_one_comes(qtbot, dressed, place, desk, background):
    view = TrafficView(place, desk, background)
    qtbot.addWidget(view)
    desk.show()
    view.show()
    view.panel.setCurrentIndex(1)
    assert desk.given[-1] == ("traffic", {"panel": "magnet"})
    desk.changed.emit(snapshot("idle", panel_names=["bridge", "lockin", "magnet"]))
    assert view.panel.currentText() == "magnet"
    assert desk.given[-1] == ("traffic", {"panel": "magnet"})


LOG = """2026-11-22 20:00:00,123 77 INFO coldfinger.owner: begins <b>5</b> < 7
2026-11-22 20:00:01,123 77 ERROR coldfinger.owner: the engine failed
Traceback (most recent call last):
  ValueError: no
2026-11-22 20:00:02,123 77 WARNING coldfinger.link: silent
"""
WINDOW = """2026-11-22 20:00:02,500 INFO coldfinger.gui.overview.event_line: replay: begins
2026-11-22 20:00:03,500 WARNING coldfinger.gui.care.lag_log: stood still for 80 ms
"""


def test_a_traceback_has_the_level_of_the_line_above_it(tmp_path):
    lines = log_lines(LOG)
    assert [line.level for line in lines] == ["info", "alarm", "alarm", "alarm", "warning"]
    assert chosen_lines(lines, "warning", "", 2) == [lines[3].text, lines[4].text]
    assert chosen_lines(lines, "info", "VALUEERROR", 9) == ["  ValueError: no"]
    path = tmp_path / "owner.log"
    assert read_tail(path) == ("none", [])
    path.write_text("x" * 300_000 + "\n" + LOG, "utf-8")
    version, tail = read_tail(path)
    assert tail == lines
    assert read_tail(path, version) is None


def test_the_log_shows_events_and_files_as_plain_text(qtbot, dressed, place, desk, background):
    (place.folder / "owner.log").write_text(LOG, "utf-8")
    utc = "2026-11-22T19:52:42+00:00"
    desk.told.append({"seq": 1, "utc": utc, "level": "info", "kind": "panel", "text": "a & <i>b</i>"})
    view = LogView(place, desk, background)
    qtbot.addWidget(view)
    view.resize(700, 300)
    view.show()
    assert "a & <i>b</i>" in view.text.toPlainText()  # it was told before this view was opened
    desk.told.append({"seq": 2, "utc": utc, "level": "alarm", "kind": "held", "text": "the queue is held"})
    desk.happened.emit(desk.told[1:])
    view.level.setCurrentIndex(2)
    assert view.text.toPlainText().endswith("held: the queue is held")
    assert view.count.text() == "1 of 2 lines"
    view.source.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "the engine failed" in view.text.toPlainText(), timeout=3000)
    view.level.setCurrentIndex(0)
    assert "begins <b>5</b> < 7" in view.text.toPlainText()
    view.source.setCurrentIndex(2)
    qtbot.waitUntil(lambda: "window.log" in view.text.placeholderText(), timeout=3000)
    assert view.text.toPlainText() == ""
    (place.folder / "window.log").write_text(WINDOW, "utf-8")
    view._look()
    qtbot.waitUntil(lambda: view.count.text() == "2 of 2 lines", timeout=3000)
    view.level.setCurrentIndex(1)
    assert view.shown() == ["2026-11-22 20:00:03  warning  lag_log: stood still for 80 ms"]
    view.filter.setText("nowhere")
    assert view.text.placeholderText() == "No line has this level and this text."
    assert looks.faults(view) == []


def test_a_new_line_does_not_take_away_the_older_ones_that_somebody_reads(qtbot, dressed, place, desk, background):
    def tell(numbers):
        for number in numbers:
            event = {"seq": number, "utc": "2026-11-22T19:52:42+00:00", "level": "info", "kind": "note", "text": "x"}
            desk.told.append(event)
        desk.happened.emit(desk.told)

    tell(range(100))
    view = LogView(place, desk, background)
    qtbot.addWidget(view)
    view.resize(700, 300)
    view.show()
    bar = view.text.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0
    tell([100])
    assert bar.value() == bar.maximum()
    bar.triggerAction(bar.SliderAction.SliderPageStepSub)
    before = bar.value()
    tell([101])
    assert bar.value() == before < bar.maximum()
