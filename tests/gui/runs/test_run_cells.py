"""The list of runs in numbers, not in letters: its order, its times, and what the pointer is told."""

from pathlib import Path

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.runs.run_cells import ID, POINTS, time_text, tip_of
from coldfinger.gui.runs.run_marks import RunMarks
from coldfinger.gui.runs.runs_model import RunsModel
from coldfinger.gui.runs.ticked_runs import TickedRuns
from coldfinger.procedures.data.entry import Entry


def test_runs_are_put_in_order_by_number_and_by_how_many_rows_they_have(qapp):
    model = RunsModel(Path, RunMarks())
    model.take([Entry(id, f"run_{id}", rows=rows) for id, rows in ((2, 100), (10, 9), (9, 20))], True)
    assert [entry.id for entry in model.entries] == [10, 9, 2]  # the newest first
    model.sort(ID)
    assert [entry.id for entry in model.entries] == [2, 9, 10]
    model.sort(POINTS, Qt.SortOrder.DescendingOrder)
    assert [entry.rows for entry in model.entries] == [100, 20, 9]


def test_space_on_several_runs_ticks_all_of_them_and_takes_ticks_away_only_from_all(qapp):
    model = RunsModel(Path, RunMarks())
    model.take([Entry(id, f"run_{id}") for id in (1, 2)], True)
    for rows, ticked in (([0], {"run_2"}), ([0, 1], {"run_1", "run_2"}), ([0, 1], set())):
        model.tick(rows)
        assert set(model.ticked) == ticked


def test_the_name_of_an_export_says_that_it_is_simulated(qtbot, dressed, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: asked.append(given[2]) or ("", ""))
    background, around = Background(), QWidget()
    qtbot.addWidget(around)
    model = RunsModel(Path, RunMarks())
    model.take([Entry(id, f"run_{id}", simulated=id == 3) for id in (1, 2, 3)], True)
    ticked = TickedRuns(model, tmp_path / "data", background, around)
    try:
        for row in (2, 1, 0):  # 1, 2 and the simulated 3
            model.tick([row], True)
            ticked.ask_export()
    finally:
        background.close()
    assert [Path(path).name for path in asked] == ["run_1.csv", "2_runs.csv", "3_runs_simulated.csv"]


def test_a_simulated_run_says_so_under_the_pointer_and_a_measured_one_does_not():
    assert "SIMULATED" in tip_of(Entry(1, "a", simulated=True)).splitlines()
    assert "SIMULATED" not in tip_of(Entry(1, "a", simulated=False))


@pytest.mark.usefixtures("elsewhere")
def test_times_are_those_of_this_computers_clock():
    assert time_text("2026-11-22T23:30:00+00:00") == "11-23 00:30"
