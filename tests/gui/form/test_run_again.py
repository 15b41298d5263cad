"""The parameters of a measured run in the form of a new one: the same run again, and every loss is said."""

from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.form.form_to_plan import night_of
from coldfinger.gui.form.new_run import NewRunPanel
from coldfinger.gui.form.run_again import AgainError, again
from coldfinger.gui.form.run_forms import form
from coldfinger.gui.place import Place
from coldfinger.gui.runs.runs_panel import RunsPanel
from coldfinger.procedures.engine.build import procedure_class
from coldfinger.procedures.engine.items import Item
from tests.gui.run_folders import writer_of

RUNS = ("ramp", "sweep", "bias", "adaptive", "checks")


def measured(folder: Path, item: Item, **header: Any) -> Path:
    """What the engine would have written of an item, without a row."""
    kind = procedure_class(item.procedure)
    parameters = {
        name: {"label": p.name, "value": p.value, "unit": getattr(p, "units", None), "text": str(p)}
        for name, p in kind(**item.parameters).parameter_objects().items()
    }
    name = f"{kind.__module__}.{kind.__qualname__}"
    with writer_of(folder, name, item_name=item.name, parameters=parameters, **header) as writer:
        writer.end("done")
    return folder


def item_of(key: str, place: Place, **changes: Any) -> Item:
    values = form(key).defaults(place.limits)
    values |= {"start": 0.123} if key == "ramp" else {}
    return night_of(form(key), values | changes).items[0]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    return Place.of("sim", tmp_path_factory.mktemp("data"))


def test_a_value_in_another_unit_is_not_taken_for_one_in_the_units_of_the_form(place, tmp_path):
    item = item_of("ramp", place)
    kind = procedure_class(item.procedure)
    tesla = {"field": {"label": "Field", "value": 0.06, "unit": "T", "text": "0.06 T"}}
    name = f"{kind.__module__}.{kind.__qualname__}"
    with writer_of(tmp_path / "run", name, item_name=item.name, parameters=tesla) as writer:
        writer.end("done")
    found = again(tmp_path / "run")
    assert "field" not in found.values
    assert found.left == ("Field (0.06 T)",)


@pytest.mark.parametrize("key", RUNS)
def test_what_was_measured_would_be_measured_again(key, place, tmp_path):
    changes: dict[str, dict[str, Any]] = {
        "ramp": {"pacing": "log points", "points": 33, "field": -30.0, "precision": 1e-4},
        "sweep": {"temperatures": "0.3", "points": "loop 60 Oe", "mode": "stepped", "step": 7.5},
        "bias": {"fields": "120", "largest": 500.0},
        "checks": {"test_linearity": False, "where": "given", "temperature": 0.2, "series": True},
    }
    item = item_of(key, place, **changes.get(key, {}))
    found = again(measured(tmp_path / "run", item))
    assert found.left == ()
    of = form(found.form)
    (same,) = night_of(of, of.defaults(place.limits) | dict(found.values)).items
    made = [procedure_class(one.procedure)(**one.parameters).parameter_values() for one in (item, same)]
    assert (same.procedure, made[1]) == (item.procedure, made[0])


def test_what_a_form_has_no_field_for_is_named_with_its_value(place, tmp_path):
    item = item_of("ramp", place)
    listed = item.but(parameters={**item.parameters, "pacing": "listed points", "persistent": True})
    found = again(measured(tmp_path / "run", listed))
    assert found.left == ("Pacing (listed points)", "Persistent (True)")
    assert "pacing" not in found.values


def test_a_run_without_a_form_or_without_parameters_is_refused_in_a_sentence(place, tmp_path):
    with pytest.raises(AgainError, match=r"zero: ZeroField has no form here.*write a plan file"):
        again(measured(tmp_path / "a", Item("run", "1", "zero", "ZeroField")))
    with writer_of(tmp_path / "b") as writer:
        writer.end("done")
    with pytest.raises(AgainError, match="b: it does not say how it was measured"):
        again(tmp_path / "b")


def test_u_in_the_list_of_runs_fills_the_form_and_says_what_was_left(qtbot, dressed, tmp_path):
    data = tmp_path / "data"
    place = Place.of("sim", data)
    item = item_of("sweep", place, temperatures="0.3")
    item = item.but(parameters={**item.parameters, "start": -1e6, "excitation": "fixed", "demagnetise": 300.0})
    measured(data / "sweep", item)
    background, desk, said = Background(), Desk(lambda: None), []
    runs, new = RunsPanel(place, desk, background), NewRunPanel(place, desk, background)
    runs.again_asked.connect(new.use)
    new.said.connect(lambda message: said.append(message.text))
    try:
        runs.show()
        qtbot.waitUntil(lambda: len(runs.model.entries) == 1, timeout=10_000)
        runs.table.setCurrentIndex(runs.model.index(0, 0))
        qtbot.keyClick(runs.table, Qt.Key.Key_U)
        qtbot.waitUntil(lambda: bool(said), timeout=10_000)
        assert new.form.form.key == "sweep"
        values = new.form.values()
        assert (values["temperatures"], values["excitation"], values["start"]) == ("0.3", "fixed", -100.0)
        assert new.everything.isChecked()
        assert said[-1].endswith("From (not possible at this station), Demagnetise from, 0 if not (300.0 Oe).")
        played = []
        runs.replay_asked.connect(played.append)
        qtbot.keyClick(runs.table, Qt.Key.Key_P)
        assert played == [data / "sweep"]
        texts = [action.text() for action in runs.menu().actions()]
        assert "&Use parameters of this run\tU" in texts
    finally:
        background.close()
        for widget in (runs, new):
            widget.close()
            widget.deleteLater()
