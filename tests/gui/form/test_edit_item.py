"""A waiting item that is changed: its name, what brings it back, and what cannot be taken out of it."""

import pytest

from coldfinger.gui.form.edit_item import EditItem
from coldfinger.gui.form.item_form import form_of
from coldfinger.gui.place import Place
from coldfinger.procedures.engine.items import Item


@pytest.fixture
def dialog_of(qtbot, qapp, tmp_path):
    def make(item: Item) -> EditItem:
        form = form_of(item)
        assert form is not None
        dialog = EditItem(item, form, Place.of("sim", tmp_path).limits)
        qtbot.addWidget(dialog)
        return dialog

    return make


def test_a_name_is_taken_as_it_was_typed_and_comes_back(dialog_of):
    item = Item("run", "1", "R(T) at 30 Oe", "TemperatureRamp", {"start": 0.5, "stop": 0.1, "field": 30.0})
    dialog = dialog_of(item)
    dialog.name.setText(" the last one ")
    dialog.form.editors["stop"].set_value(0.2)
    dialog.accept()
    assert (dialog.changes["name"], dialog.changes["parameters"]["stop"]) == ("the last one", 0.2)
    assert (dialog.before["name"], dialog.before["parameters"]["stop"]) == ("R(T) at 30 Oe", 0.1)


def test_a_set_point_is_changed_but_not_emptied(dialog_of):
    dialog = dialog_of(Item("set", "1", "set", settings={"field": 0.01, "temperature": 0.3}))
    dialog.form.editors["to_field"].line.setText("")
    dialog.accept()
    assert dialog.changes == {}
    assert "field of a set point cannot be taken out" in dialog.problem.text()
