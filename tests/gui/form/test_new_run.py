"""A new run by keyboard: the form is filled, the estimate is live, start and queue send what the form says."""

import json

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.form.new_run import NO_READING, NewRunPanel
from coldfinger.gui.form.run_forms import FORMS
from coldfinger.gui.place import Place
from coldfinger.gui.remembered import remember, settings
from coldfinger.procedures.engine.face import Refused
from tests.gui import looks, panels

COLD = {"T_mc (K)": [0.0123, 1.0], "H (Oe)": [0.0, 1.0]}


class Engine:
    """An engine's face that says one snapshot and takes commands."""

    def __init__(self, **more):
        self.given, self.refuses = [], ""
        ends = {"utc": "", "sd_seconds": 0.0, "items": {}}
        self.picture = {"state": "idle", "latest": COLD, "utc": "2026-11-22T19:52:42+00:00", "items": [], "ends": ends,
                        "last_event": 0, "simulated": True} | more  # fmt: skip

    def snapshot(self):
        return dict(self.picture)

    def events(self, since=0):
        return []

    def command(self, name, /, *, who="", **arguments):
        if self.refuses and name == "add":
            raise Refused(self.refuses)
        self.given.append((name, arguments))
        return [str(number) for number in range(len(arguments.get("items", [])))]


class Stage:
    """A panel at such an engine."""

    def __init__(self, qtbot, folder, **more):
        self.engine, self.place, self.messages, self.added = Engine(**more), Place.of("sim", folder), [], []
        self.desk, self.background = Desk(lambda: self.engine), Background()
        self.panel = NewRunPanel(self.place, self.desk, self.background)
        self.panel.said.connect(self.messages.append)
        self.panel.added.connect(lambda ids, items: self.added.append((ids, items)))
        qtbot.addWidget(self.panel)
        self.panel.resize(330, 360)
        self.panel.show()
        self.desk.start()
        qtbot.waitUntil(lambda: bool(self.desk.latest), timeout=5000)

    def close(self):
        self.background.close()
        self.desk.close()
        self.panel.end()


@pytest.fixture
def make(qtbot, tmp_path, dressed):
    stages = []

    def make(**more):
        stages.append(Stage(qtbot, tmp_path, **more))
        return stages[-1]

    yield make
    for stage in stages:
        stage.close()


def test_at_the_first_start_ctrl_enter_alone_ramps_from_now(qtbot, make):
    stage = make()
    panels.until(qtbot, lambda: "Takes" in stage.panel.takes.text())
    qtbot.keyClick(stage.panel.form.first, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    panels.until(qtbot, lambda: stage.engine.given)
    ((name, arguments),) = stage.engine.given
    assert name == "add"
    assert arguments["items"][0]["parameters"]["start"] == 0.0123
    assert arguments["items"][0]["parameters"]["stop"] == 0.7
    panels.until(qtbot, lambda: [message.text for message in stage.messages if "starts" in message.text])
    assert "Press Ctrl+Enter" in stage.messages[0].text


def test_a_refrigerator_warmer_than_the_station_allows_is_not_where_the_ramp_begins_and_that_is_said(qtbot, make):
    stage = make(latest=COLD | {"T_mc (K)": [400.0, 1.0]})
    hottest = stage.place.limits.highest_temperature
    sentence = f"The refrigerator is at 400 K, which this station does not allow: the ramp begins at {hottest:g} K."
    panels.until(qtbot, lambda: sentence in stage.panel.problems.text())
    stage.panel.form.editors["start"].set_value(0.5)
    panels.until(qtbot, lambda: "The refrigerator is at" not in stage.panel.problems.text())


def test_a_ramp_is_typed_with_to_tab_and_rate(qtbot, make):
    stage = make()
    stage.panel.focus_first()
    line = stage.panel.form.first.line
    qtbot.keyClicks(line, "0.5")
    for editor, text in (("stop", "0.5"), ("rate", "20 mK/min")):
        line = stage.panel.form.editors[editor].line
        line.setFocus()
        line.selectAll()
        qtbot.keyClicks(line, text)
    stage.panel.start()
    panels.until(qtbot, lambda: stage.engine.given)
    values = stage.engine.given[0][1]["items"][0]["parameters"]
    assert (values["stop"], values["rate"]) == (0.5, 0.02)


def test_a_run_that_is_started_goes_before_what_waits_and_releases_a_held_queue(qtbot, make):
    waiting = [{"id": "7", "state": "done"}, {"id": "8", "state": "waiting"}]
    stage = make(state="held", items=waiting)
    stage.panel.start()
    panels.until(qtbot, lambda: len(stage.engine.given) == 2)
    assert stage.engine.given[0][1]["before"] == "8"
    assert stage.engine.given[1] == ("resume", {})


def test_an_idle_queue_is_held_before_something_is_added_to_it(qtbot, make):
    stage = make()
    stage.panel.choose("family")
    stage.panel.queue()
    panels.until(qtbot, lambda: stage.added)
    assert [name for name, _ in stage.engine.given] == ["hold", "add"]
    assert len(stage.added[0][1]) == 4


def test_a_family_that_is_queued_twice_is_two_families(qtbot, make):
    kept = [{"id": "1", "state": "waiting", "family": {"id": "family-1"}, "parameters": {}, "procedure": "x"}]
    stage = make(state="held", items=kept)
    stage.panel.choose("family")
    stage.panel.queue()
    panels.until(qtbot, lambda: stage.added)
    assert {item["family"]["id"] for item in stage.added[0][1]} == {"family-2"}


def test_what_cannot_be_applied_is_not_sent_and_keeps_the_keyboard(qtbot, make):
    stage = make()
    stage.panel.form.editors["stop"].line.setText("9 T")
    stage.panel.start()
    assert stage.engine.given == []
    assert stage.panel.form.editors["stop"].mark == "wrong"


def test_without_a_reading_the_form_says_what_to_do(qtbot, make):
    stage = make(latest={})
    panels.until(qtbot, lambda: stage.panel.problems.text() == NO_READING)
    assert not stage.panel.start_button.isEnabled()
    assert stage.panel.start_button.toolTip() == NO_READING
    stage.panel.start()
    assert stage.engine.given == []
    stage.panel.form.editors["start"].set_value(0.1)
    panels.until(qtbot, stage.panel.start_button.isEnabled)


def test_what_the_station_refuses_stands_below_the_form_before_anything_is_sent(qtbot, make):
    stage = make()
    stage.panel.choose("checks")
    for key, editor in stage.panel.form.editors.items():
        if key.startswith("test_"):
            editor.setChecked(False)
    panels.until(qtbot, lambda: "Checks is not a list of tests" in stage.panel.problems.text())
    assert not stage.panel.queue_button.isEnabled()


def test_what_the_engine_refuses_is_said_and_the_next_change_clears_it(qtbot, make):
    stage = make()
    stage.engine.refuses = "the magnet is away"
    stage.panel.start()
    panels.until(qtbot, lambda: "the magnet is away" in stage.panel.problems.text())
    stage.panel.form.editors["stop"].set_value(0.4)
    assert "magnet" not in stage.panel.problems.text()


def test_an_engine_that_has_ended_takes_nothing_and_says_so(qtbot, make):
    stage = make(state="ended")
    panels.until(qtbot, lambda: "ended" in stage.panel.start_button.toolTip())
    assert not stage.panel.start_button.isEnabled()
    stage.panel.queue()
    assert stage.engine.given == []


def test_values_are_remembered_by_type_and_broken_ones_are_forgotten(qtbot, make):
    stage = make()
    stage.panel.choose("bias")
    stage.panel.form.editors["largest"].set_value(300.0)
    stage.panel.queue()
    panels.until(qtbot, lambda: stage.added)
    again = make()
    assert again.panel.form.form.key == "bias"
    assert again.panel.form.values()["largest"] == 300.0
    remember("forms/ramp", {"stop": 99.0, "points": 7.0})
    settings().setValue("forms/sweep", "{")
    settings().setValue("forms/adaptive", json.dumps({"version": 99, "value": {"stop": 0.1}}))
    again.panel.choose("ramp")
    assert again.panel.form.values()["stop"] == 0.7
    assert again.panel.form.values()["points"] == 7.0
    assert "To could not be taken over" in again.messages[-1].text
    for key in ("sweep", "adaptive"):
        again.panel.choose(key)
    assert again.panel.form.values()["stop"] == 0.05


def test_the_estimate_follows_what_is_typed_and_counts_from_the_engines_time(qtbot, make):
    stage = make()
    panels.until(qtbot, lambda: "Takes" in stage.panel.takes.text())
    before = stage.panel.takes.text()
    stage.panel.form.editors["rate"].set_value(0.05)
    panels.until(qtbot, lambda: stage.panel.takes.text() != before and not stage.panel._estimating.behind)
    stage.engine.picture["ends"] = {"utc": "2026-11-22T23:00:00+00:00", "sd_seconds": 60.0, "items": {}}
    panels.until(qtbot, lambda: "; queued: " in stage.panel.takes.text())
    assert " ± " in stage.panel.takes.text().partition("; queued: ")[2]  # that of the queue, at least


def test_fields_that_make_no_sense_now_are_hidden(make):
    form = make().panel.form
    assert form.editors["rate"].isVisible()
    assert not form.editors["lag"].isVisible()
    form.editors["pacing"].setCurrentText("lag-limited")
    assert not form.editors["rate"].isVisible()
    assert form.editors["lag"].isVisible()


def test_every_form_is_readable_in_the_narrow_dock(qapp, make, tokens):
    panel = make().panel
    panel.resize(330, 900)
    for of in FORMS:
        panel.choose(of.key)
        panel.everything.setChecked(True)
        looks.settle(qapp)
        assert looks.faults(panel) == [], of.title
        assert panel.minimumSizeHint().width() <= 330
        for child in panel.form.editors.values():
            assert child.toolTip()
            assert child.accessibleName()


def test_a_cut_label_would_be_seen(qapp, make):
    stage = make()
    label = next(label for label in stage.panel.findChildren(QLabel) if label.text() == "Pacing")
    label.setFixedWidth(20)
    looks.settle(qapp)
    assert looks.clipped(stage.panel) != []


def test_the_queue_of_a_real_engine_takes_the_form_as_it_is(qtbot, tmp_path, dressed):
    with panels.at_an_engine(qtbot, tmp_path) as stage:
        stage.form.choose("family")
        stage.form.form.editors["fields"].line.setFocus()
        stage.form.form.editors["fields"].line.selectAll()
        qtbot.keyClicks(stage.form.form.editors["fields"].line, "0:600:12")
        modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        target: QWidget = stage.form.form.editors["fields"].line
        target.window().activateWindow()  # Qt 6 hears shortcuts in the active window only
        panels.until(qtbot, target.window().isActiveWindow)
        qtbot.keyClick(target, Qt.Key.Key_Return, modifiers)
        panels.until(qtbot, lambda: len(stage.desk.latest["items"]) == 12)
        panels.until(qtbot, lambda: stage.engine.snapshot()["state"] == "held")
        panels.until(qtbot, lambda: stage.queue.table.rows.rowCount() == 12)
        panels.until(qtbot, stage.queue.verbs["Undo"].isEnabled)
        stage.queue.verbs["Undo"].trigger()
        panels.until(qtbot, lambda: not stage.desk.latest["items"])
