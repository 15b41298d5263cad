"""In what two runs differ, and that nothing else is said to."""

from pathlib import Path
from typing import Any

import pytest

from coldfinger.procedures.data.snapshots import AT_START, NOT_THERE, Difference, differences
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.runfiles.reader import Run, read_run

SETTINGS = {"lockin": {"frequency": 7.0, "sync_filter": False, "offset_x": {"percent": 0.0}}, "magnet": {"target": 0.0}}


def run(folder: Path, name: str, settings: Any = SETTINGS, **header: Any) -> Run:
    kept = {"simulated": True, "sample": {"name": "S1", "squares": 2.0}} | header
    with RunWriter(folder / name, header=kept, columns=("time (s)",), sync=False) as writer:
        if settings is not None:
            writer.snapshot(AT_START, settings)
        writer.point({"time (s)": 1.0})
        writer.snapshot("station at end", {"lockin": {"frequency": 99.0}})
        writer.end("done")
    return read_run(writer.folder)


def test_two_runs_with_the_same_settings_differ_in_nothing(tmp_path):
    assert differences(run(tmp_path, "a", night="n1"), run(tmp_path, "b", night="n2")) == ()


def test_settings_are_named_with_instrument_and_path_and_both_values(tmp_path):
    other = {
        "lockin": {"frequency": 13.0, "sync_filter": 0, "offset_x": {"percent": 1.5}},
        "bias": {"output": False},
    }
    assert differences(run(tmp_path, "a"), run(tmp_path, "b", other)) == (
        Difference("lockin", "frequency", 7.0, 13.0),
        Difference("lockin", "sync_filter", False, 0),
        Difference("lockin", "offset_x.percent", 0.0, 1.5),
        Difference("magnet", "target", 0.0, NOT_THERE),
        Difference("bias", "output", NOT_THERE, False),
    )


def test_the_header_is_compared_too(tmp_path):
    found = differences(run(tmp_path, "a"), run(tmp_path, "b", sample={"name": "S2", "squares": 2.0}, seed=3))
    assert found == (Difference("sample", "name", "S1", "S2"), Difference("seed", "", NOT_THERE, 3))


def test_parameters_come_first_and_have_units(tmp_path):
    first, second = run(tmp_path, "a"), run(tmp_path, "b")
    for kept, value in ((first, 0.05), (second, 0.1)):
        kept.header["parameters"] = {"start": {"value": value, "unit": "K"}, "points": {"value": 9, "unit": None}}
    assert differences(first, second) == (Difference("parameters", "start", 0.05, 0.1, "K"),)


@pytest.mark.parametrize("settings", [None, {}])
def test_a_run_without_a_snapshot_says_so_for_each_setting(tmp_path, settings):
    found = differences(run(tmp_path, "a"), run(tmp_path, "b", settings))
    assert {difference.second for difference in found} == {NOT_THERE}
    assert len(found) == 4


def test_values_that_are_not_a_number_are_equal(tmp_path):
    nan = {"lockin": {"frequency": float("nan")}}
    assert differences(run(tmp_path, "a", nan), run(tmp_path, "b", nan)) == ()
