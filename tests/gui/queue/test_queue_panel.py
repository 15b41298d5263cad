"""The queue by keys and mouse at a real engine that is held: every change, its undo, files, deadline and end."""

import time

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from coldfinger.gui.queue.queue_files import QueueFiles
from coldfinger.procedures.engine.items import Family, Item
from coldfinger.procedures.plans.plan_file import read_plan
from coldfinger.procedures.plans.plan_write import means_the_same
from tests.gui import looks, panels
from tests.gui.panels import names, until

RAMPS = [Item("run", "", f"R(T) at {field} Oe", "TemperatureRamp", {"start": 0.5, "stop": 0.1, "field": float(field)},
              family=Family("family-1", "R(T) family", "field_Oe", float(field)))
         for field in (0, 30, 100)]  # fmt: skip
PAUSE = Item("wait", "", "wait 10 min", settings={"seconds": 600.0})
FIRST = [*(ramp.name for ramp in RAMPS), PAUSE.name]


@pytest.fixture
def stage(qtbot, tmp_path, dressed):
    with panels.at_an_engine(qtbot, tmp_path, *RAMPS, PAUSE) as stage:
        until(qtbot, lambda: stage.queue.table.rows.rowCount() == 4)
        stage.queue.table.setFocus()
        yield stage


def choose(stage, *names_):
    rows = {row.cells[1]: row.id for row in stage.queue.table.rows.view.rows}
    stage.queue.table.choose([rows[name] for name in names_], rows[names_[0]])


def shows(qtbot, stage, *wanted):
    """Wait until the engine and the table agree on these names."""
    until(qtbot, lambda: names(stage.engine) == list(wanted))
    until(qtbot, lambda: [row.cells[1] for row in stage.queue.table.rows.view.rows] == list(wanted))
    until(qtbot, lambda: not stage.queue.edits.busy)


def test_alt_arrows_move_several_items_and_ctrl_z_takes_it_back(qtbot, stage):
    choose(stage, "R(T) at 30 Oe", "R(T) at 100 Oe")
    QTest.keyClick(stage.queue.table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    shows(qtbot, stage, "R(T) at 30 Oe", "R(T) at 100 Oe", "R(T) at 0 Oe", "wait 10 min")
    assert [row.cells[1] for row in stage.queue.table.rows.view.rows if row.id in stage.queue.table.chosen()] == [
        "R(T) at 30 Oe",
        "R(T) at 100 Oe",
    ]
    changes = stage.queue.edits.stack.count()
    QTest.keyClick(stage.queue.table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert stage.queue.edits.stack.count() == changes  # there is nothing above the first
    QTest.keyClick(stage.queue.table, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    QTest.qWait(150)
    shows(qtbot, stage, *FIRST)
    QTest.keyClick(stage.queue.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    shows(qtbot, stage, "R(T) at 30 Oe", "R(T) at 100 Oe", "R(T) at 0 Oe", "wait 10 min")


def test_removed_items_come_back_in_their_places_with_what_was_switched_off(qtbot, stage):
    choose(stage, "R(T) at 0 Oe")
    stage.queue.verbs["Off / on"].trigger()
    until(qtbot, lambda: stage.desk.latest["items"][0]["state"] == "disabled")
    choose(stage, "R(T) at 0 Oe", "R(T) at 100 Oe")
    QTest.keyClick(stage.queue.table, Qt.Key.Key_Delete)
    shows(qtbot, stage, "R(T) at 30 Oe", "wait 10 min")
    stage.queue.verbs["Undo"].trigger()
    shows(qtbot, stage, *FIRST)
    assert [item["state"] for item in stage.engine.snapshot()["items"]] == ["disabled", *["waiting"] * 3]
    stage.queue.verbs["Redo"].trigger()
    shows(qtbot, stage, "R(T) at 30 Oe", "wait 10 min")
    stage.queue.verbs["Undo"].trigger()
    shows(qtbot, stage, *FIRST)
    assert stage.engine.snapshot()["items"][0]["state"] == "disabled"  # under its third number
    stage.queue.verbs["Undo"].trigger()
    until(qtbot, lambda: {item["state"] for item in stage.engine.snapshot()["items"]} == {"waiting"})


def test_ctrl_d_copies_and_a_drop_moves(qtbot, stage):
    choose(stage, "R(T) at 30 Oe")
    QTest.keyClick(stage.queue.table, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    shows(qtbot, stage, "R(T) at 0 Oe", "R(T) at 30 Oe", "R(T) at 30 Oe", "R(T) at 100 Oe", "wait 10 min")
    stage.queue.verbs["Undo"].trigger()
    shows(qtbot, stage, *FIRST)
    table = stage.queue.table
    table.drop([table.rows.row(3).id], table.rowViewportPosition(0) + 2)
    shows(qtbot, stage, "wait 10 min", "R(T) at 0 Oe", "R(T) at 30 Oe", "R(T) at 100 Oe")
    table.drop([table.rows.row(0).id], table.rowViewportPosition(3) + table.rowHeight(3) + 50)
    shows(qtbot, stage, *FIRST)
    data = table.rows.mimeData([table.rows.index(1, 0), table.rows.index(1, 1)])
    assert data.hasFormat(table.rows.mimeTypes()[0])


def test_a_waiting_item_is_changed_in_its_fields_and_back(qtbot, stage):
    choose(stage, "R(T) at 30 Oe")
    QTest.keyClick(stage.queue.table, Qt.Key.Key_F2)
    dialog = stage.queue.dialog
    assert not dialog.form.editors["field"].isEnabled()
    assert "family" in dialog.form.editors["field"].toolTip()
    dialog.form.editors["stop"].line.setText("9 T")
    dialog.accept()
    assert dialog.isVisible()
    dialog.form.editors["stop"].set_value(0.2)
    dialog.accept()
    until(qtbot, lambda: stage.engine.snapshot()["items"][1]["parameters"]["stop"] == 0.2)
    until(qtbot, lambda: not stage.queue.edits.busy)
    stage.queue.verbs["Undo"].trigger()
    until(qtbot, lambda: stage.engine.snapshot()["items"][1]["parameters"]["stop"] == 0.1)


def test_what_the_engine_refuses_changes_nothing_and_forgets_the_history(qtbot, stage):
    stage.queue.edits.remove(["1"])
    until(qtbot, lambda: len(names(stage.engine)) == 3)
    until(qtbot, lambda: not stage.queue.edits.busy)
    stage.desk.refused.emit("skip", "nothing is running")  # of somebody else
    assert stage.queue.edits.stack.canUndo()
    stage.queue.edits.edit("2", {"parameters": {"stop": 9.0}}, {"parameters": {"stop": 0.1}})
    until(qtbot, lambda: any("undo begins anew" in message.text for message in stage.messages))
    assert not stage.queue.edits.stack.canUndo()
    assert stage.engine.snapshot()["items"][0]["parameters"]["stop"] == 0.1


def test_a_saved_queue_is_loaded_as_the_same_items(qtbot, stage, tmp_path):
    path, files = tmp_path / "night.toml", stage.queue.files
    choose(stage, "R(T) at 30 Oe")
    stage.queue.verbs["Off / on"].trigger()
    until(qtbot, lambda: stage.desk.latest["items"][1]["state"] == "disabled")
    before = files.night()
    files.save(path)
    until(qtbot, lambda: stage.queue.title.text() == "night.toml")
    stage.queue.edits.remove([item["id"] for item in stage.desk.latest["items"]])
    until(qtbot, lambda: not stage.desk.latest["items"])
    until(qtbot, lambda: stage.queue.title.text() == "night.toml *")
    files.open(path)
    until(qtbot, lambda: [item["state"] for item in stage.desk.latest["items"]].count("disabled") == 1)
    until(qtbot, lambda: len(stage.desk.latest["items"]) == 4)
    assert means_the_same(files.night(), read_plan(path))
    assert [item.but(id="", family=None) for item in files.night().items] == [
        item.but(id="", family=None) for item in before.items
    ]
    until(qtbot, lambda: stage.engine.snapshot()["state"] == "held")


def test_a_damaged_plan_file_is_refused_with_its_line_and_nothing_is_loaded(qtbot, stage, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text('schema = 1\n\n[[step]]\nrun = "TemperatureRamp"\nfield = "9 K"\n')
    stage.queue.files.open(path)
    until(qtbot, lambda: any("line 5" in message.text for message in stage.messages))
    assert names(stage.engine) == FIRST


def test_a_file_that_cannot_be_written_is_said(qtbot, stage, tmp_path):
    stage.queue.files.save(tmp_path / "not" / "there.toml")
    until(qtbot, lambda: any("cannot be written" in message.text for message in stage.messages))


def test_the_queue_is_kept_by_itself_and_comes_back(qtbot, stage):
    kept = stage.queue.files.kept_file
    until(qtbot, lambda: kept.exists() and len(read_plan(kept).items) == 4)
    stage.queue.files.open_kept()
    until(qtbot, lambda: len(names(stage.engine)) == 8)
    assert stage.queue.files.file is None  # a save asks for a name, and never takes that of the kept one


def test_validate_names_what_the_station_would_refuse(qtbot, stage):
    stage.queue.files.validate()
    until(qtbot, lambda: any("All 4 items are within" in message.text for message in stage.messages))
    mistakes = QueueFiles._validated
    mistakes(stage.queue.files, ["one", "two"], 4)
    assert stage.messages[-1].details == "one\ntwo"
    stage.queue.files.copy_python()
    until(qtbot, lambda: "PLAN = " in QApplication.clipboard().text())


def test_deadline_policy_and_end_are_the_engines(qtbot, stage):
    stage.queue.deadline.setText("half past nine")
    stage.queue.deadline.apply()
    assert stage.queue.deadline.property("mark") == "wrong"
    assert "is not a time" in stage.messages[-1].text
    stage.queue.deadline.setText("2030-01-01 08:30")
    stage.queue.deadline.apply()
    until(qtbot, lambda: stage.desk.latest["must_end_by"].startswith("20"))
    assert stage.queue.deadline.text() == "2030-01-01 08:30"  # with its day
    stage.queue.deadline.setText("")
    stage.queue.deadline.apply()
    until(qtbot, lambda: stage.engine.snapshot()["must_end_by"] == "")
    stage.desk.command("policy", action="retry", retries=2)  # as a plan file may say
    until(qtbot, lambda: stage.queue.policy.currentText() == "try 2 times")
    stage.queue._set_policy(3)
    until(qtbot, lambda: stage.engine.snapshot()["on_failure"]["action"] == "hold")
    until(qtbot, lambda: stage.queue.policy.currentText() == "hold")
    stage.queue.ask_end()
    dialog = stage.queue.dialog
    dialog.field.setChecked(True)
    dialog.warm.setChecked(True)
    dialog.temperature.set_value(1.0)
    assert not dialog.heater.isEnabled()
    dialog.accept()
    wanted = {"heater_off": False, "field": 0.0, "temperature": 1.0}
    until(qtbot, lambda: stage.engine.snapshot()["end"] == wanted)
    until(qtbot, lambda: "temperature to 1 K, field to zero" in stage.queue.at_end.toolTip())


def test_every_verb_that_is_not_live_says_why(qtbot, stage):
    stage.queue.table.clearSelection()
    assert "Select an item first." in stage.queue.verbs["Remove"].toolTip()
    until(qtbot, stage.queue.go_on.isEnabled)
    assert "taken back" in stage.queue.verbs["Undo"].toolTip()
    for name, button in stage.queue._verbs.tools.items():
        assert button.accessibleName() == name
        assert stage.queue.verbs[name].toolTip()
    keys = [verb.shortcut().toString() for verb in stage.queue.verbs.values() if not verb.shortcut().isEmpty()]
    assert len(set(keys)) == len(keys)
    assert stage.queue.verbs["Copy"].shortcut() == QKeySequence("Ctrl+D")


def test_the_panel_is_readable_and_draws_the_deadline(qapp, qtbot, stage, tokens):
    stage.queue.restyle()
    stage.engine.command("must_end_by", must_end_by=stage.engine.snapshot()["utc"])
    until(qtbot, lambda: stage.queue.table.rows.view.first_late == 0)
    stage.queue.table.clearSelection()
    looks.settle(qapp)
    assert looks.faults(stage.queue) == []
    assert stage.queue.minimumSizeHint().width() <= 330
    assert looks.ink(stage.queue.table, tokens.bad.ink) > stage.queue.table.viewport().width()
    stage.engine.command("must_end_by", must_end_by="")
    until(qtbot, lambda: not stage.queue.table.rows.view.deadline)
    looks.settle(qapp)
    assert looks.ink(stage.queue.table, tokens.bad.ink) < 20


def test_continue_lets_the_held_queue_go_on(qtbot, stage):
    stage.queue.edits.remove(["1", "2", "3"])
    until(qtbot, lambda: names(stage.engine) == ["wait 10 min"])
    until(qtbot, stage.queue.go_on.isEnabled)
    stage.queue.go_on.click()
    until(qtbot, lambda: stage.desk.latest["items"][0]["state"] in ("running", "done"))
    until(qtbot, lambda: stage.queue.table.rows.row(0).locked)
    stage.queue.table.choose([stage.queue.table.rows.row(0).id])
    stage.queue.edit_current()
    assert "locked" in stage.messages[-1].text


def test_two_hundred_items_are_shown_within_a_tenth_of_a_second(qtbot, stage):
    snapshot = stage.engine.snapshot()
    items = [dict(snapshot["items"][0], id=str(number)) for number in range(100, 300)]
    longer = snapshot | {"items": items}
    began = time.thread_time()
    stage.queue._see(longer)
    assert time.thread_time() - began < 0.1
    assert stage.queue.table.rows.rowCount() == 200
    assert stage.queue.table.indexAt(QPoint(5, 5)).isValid()
