"""`coldfinger diff` and `coldfinger check` from the command line."""

import json

import pytest
from click.testing import CliRunner

from coldfinger.procedures.commands.check import check
from coldfinger.procedures.commands.diff import diff
from coldfinger.procedures.data.writer import RunWriter


def run(folder, name, frequency, text):
    header = {"simulated": True, "station": {"name": "lab", "text": text}}
    with RunWriter(folder / name, header=header, columns=("time (s)",), sync=False) as writer:
        writer.snapshot("station at start", {"lockin": {"frequency": frequency, "sync_filter": False}})
        writer.point({"time (s)": 1.0})
        writer.end("done")
    return str(writer.folder)


def said(*words):
    return CliRunner().invoke(diff, words)


def test_what_changed_is_a_table_and_texts_are_compared_line_by_line(tmp_path):
    one, other = run(tmp_path, "a", 7.0, "x = 1\ny = 2\n"), run(tmp_path, "b", 0.7, "x = 1\ny = 3\n")
    done = said(one, other)
    assert done.exit_code == 0
    assert "frequency" in done.output
    assert "sync_filter" not in done.output
    assert "-y = 2" in done.output
    assert "+y = 3" in done.output
    assert "x = 1" not in done.output
    found = json.loads(said(one, other, "--json").output)["differences"]
    assert found[-1] == {"group": "lockin", "name": "frequency", "first": 7.0, "second": 0.7, "unit": ""}


def test_runs_are_found_by_number_too_and_equal_ones_differ_in_nothing(tmp_path):
    run(tmp_path, "a", 7.0, "x\n"), run(tmp_path, "b", 7.0, "x\n")
    assert said("1", "2", "--data", str(tmp_path)).output == "the two runs were set in the same way\n"


def test_a_run_that_is_not_there_is_one_sentence(tmp_path):
    done = said("17", "18", "--data", str(tmp_path))
    assert (done.exit_code, len(done.stderr.strip().splitlines())) == (2, 1)
    assert "run '17'" in done.stderr


def test_check_says_one_line_an_item_and_its_exit_status(tmp_path):
    done = CliRunner().invoke(check, ["--data", str(tmp_path), "--json"])
    said = json.loads(done.stdout)
    assert (done.exit_code, said["fail"], said["warn"]) == (0, 0, 0)
    assert said["ok"] == len(said["items"]) > 40


def test_check_fails_with_status_1_and_refuses_a_bad_file_with_2(tmp_path):
    (tmp_path / "data").write_text("")
    done = CliRunner().invoke(check, ["--data", str(tmp_path / "data")])
    assert done.exit_code == 1
    assert "fail data folder: nothing can be written into" in done.output
    assert "1 failed" in done.output
    refused = CliRunner().invoke(check, ["--station", str(tmp_path / "none.toml")])
    assert (refused.exit_code, len(refused.stderr.strip().splitlines())) == (2, 1)


@pytest.mark.parametrize("excite", [True])
def test_check_tests_the_sample_when_asked(excite, tmp_path):
    done = CliRunner().invoke(check, ["--data", str(tmp_path), "--excite"])
    assert done.exit_code == 0
    assert "ok   safe again: excitation, bias and heater are off again" in done.output
