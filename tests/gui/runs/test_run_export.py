"""An export says what it has left out, and leaves nothing of a file that could not be written whole."""

import pytest

from coldfinger.gui.runs.run_export import ExportError, export
from tests.gui.run_folders import ramp


def test_a_run_that_cannot_be_read_is_named_and_the_others_are_written(tmp_path):
    good, bad = ramp(tmp_path / "good", rows=10), tmp_path / "bad"
    bad.mkdir()
    (bad / "run.jsonl").write_text("nonsense\n", "utf-8")
    whole = export([good], tmp_path / "one.csv")
    assert whole.startswith("1 run, 10 rows written to ")
    assert "Left out" not in whole
    assert "Left out: " in export([good, bad], tmp_path / "two.csv")
    with pytest.raises(ExportError, match="Nothing was exported: "):
        export([bad], tmp_path / "three.csv")
    assert not (tmp_path / "three.csv").exists()


def test_nothing_is_left_of_a_table_that_cannot_take_its_name(tmp_path):
    (tmp_path / "taken.csv").mkdir()
    with pytest.raises(ExportError, match="cannot be written"):
        export([ramp(tmp_path / "a", rows=10)], tmp_path / "taken.csv")
    assert {path.name for path in tmp_path.iterdir()} == {"a", "taken.csv"}
