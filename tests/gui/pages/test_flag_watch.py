"""Rows that are not believed are told once, when their run is over."""

from typing import Any

from coldfinger.gui.pages.flag_watch import FlagWatch


def item(id: str, state: str, disbelieved: int = 0, rows: int = 100) -> dict[str, Any]:
    folders = [] if state == "waiting" else [f"run_{id}"]
    return {
        "id": id,
        "name": f"R(T) {id}",
        "state": state,
        "folders": folders,
        "rows": rows,
        "disbelieved": disbelieved,
    }


def test_a_run_that_ends_with_such_rows_is_told_once_and_those_before_the_window_never():
    watch = FlagWatch()
    assert watch.see({"items": [item("1", "done", 5), item("2", "running"), item("3", "waiting")]}) == []
    assert watch.see({"items": [item("1", "done", 5), item("2", "running", 3), item("3", "waiting")]}) == []
    over = {"items": [item("1", "done", 5), item("2", "done", 4), item("3", "running")]}
    (found,) = watch.see(over)
    assert found.text == (
        "R(T) 2: 4 rows are not believed, of 100. They are kept and drawn as crosses; no fit uses them."
    )
    assert (found.level, found.folder) == ("info", "run_2")
    assert watch.see(over) == []


def test_many_of_them_are_a_warning_and_a_clean_run_is_nothing():
    watch = FlagWatch()
    watch.see({"items": []})
    assert watch.see({"items": [item("1", "done")]}) == []
    (found,) = watch.see({"items": [item("1", "done"), item("2", "failed", 41)]})
    assert found.level == "warning"
