"""`coldfinger demo` as its user meets it: files, table, JSON, bad input, Ctrl-C, kill -9."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from coldfinger.procedures.cli import main
from coldfinger.runfiles.reader import read_run
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.table_sample import load_table_sample

QUICK = ["--points", "12", "--to", "0.1 K"]


def demo(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["demo", *arguments])


def test_a_family_is_measured_written_fitted_and_drawn(tmp_path):
    out, numbers = tmp_path / "out", tmp_path / "numbers.json"
    result = demo("--fields", "100, 0 Oe", "--seed", "3", "--out", str(out), "--json", str(numbers), *QUICK)
    assert result.exit_code == 0, result.output
    data = json.loads(numbers.read_text())
    assert (data["sample"], data["seed"]) == ("S0", 3)
    assert data["virtual_seconds"] > 100 * data["wall_seconds"] > 0
    assert [run["field_Oe"] for run in data["runs"]] == [
        0.0,
        100.0,
    ]  # rising: no field is approached from above
    for run, law in zip(data["runs"], ("eq2", "eq1"), strict=True):
        assert run["outcome"] == "done"
        assert run["points"] == len(read_run(Path(run["file"])).frame) >= 12
        assert run["flagged"] == 0
        fit = run["fit"]
        assert (fit["law"], fit["status"]) == (law, "value")
        truth = builtin_sample("S0").truth(run["field_Oe"]).parameters
        for name, value in truth.items():
            assert abs(fit[name]["value"] - value) < 5 * fit[name]["sd"]
        assert {"T_min_K", "T_max_K", "n", "chi2_nu"} <= set(fit)
    assert (out / "family.png").read_bytes().startswith(b"\x89PNG")
    assert re.search(r"100 +Eq\. 1 +σ_QF [\d.]+ ± [\d.]+ µS +[\d.]+ ± [\d.]+ +value", result.output)


def test_a_second_demonstration_in_the_same_folder_overwrites_nothing(tmp_path):
    for _ in range(2):
        assert demo("--fields", "30 Oe", "--out", str(tmp_path), "--points", "6", "--to", "0.4 K").exit_code == 0
    assert (tmp_path / "family.png").exists()
    assert (tmp_path / "family-2.png").exists()
    assert len(list(tmp_path.glob("*/run.jsonl"))) == 2


def test_a_film_from_a_file_is_recovered(tmp_path):
    example = Path(__file__).parents[2] / "examples" / "film7.toml"
    numbers = tmp_path / "n.json"
    result = demo(
        "--sample",
        str(example),
        "--fields",
        "0, 100 Oe",
        "--out",
        str(tmp_path),
        "--json",
        str(numbers),
        "--points",
        "30",
    )
    assert result.exit_code == 0, result.output
    film = load_table_sample(example)
    for run in json.loads(numbers.read_text())["runs"]:
        for name, value in film.truth(run["field_Oe"]).parameters.items():
            assert abs(run["fit"][name]["value"] - value) < 5 * run["fit"][name]["sd"]


def bad(tmp_path: Path, *arguments: str) -> str:
    result = demo("--out", str(tmp_path / "out"), *arguments)
    assert result.exit_code == 2, result.output
    assert not (tmp_path / "out").exists()
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--sample", "S9"], "S9"),
        (["--sample", "none.toml"], "none.toml"),
        (["--fields", "600"], '--fields: \'600 \' has no unit; write for example "600 Oe"'),
        (["--fields", "6 T"], "60000 Oe (6 T) is beyond the limit of built-in station sim, 600 Oe (0.06 T); 1 T is"),
        (["--fields", "30 K"], "--fields: '30 K' has the wrong dimension"),
        (["--fields", "30 Ox"], "--fields: '30 Ox' has the unknown unit 'Ox'"),
        (["--fields", "0, 700 Oe"], "field: 700 Oe (0.07 T) is beyond the limit"),
        (["--from", "700"], "--from: '700' has no unit"),
        (["--from", "7 K"], "start: 7 K is outside the limits of built-in station sim, 10 mK to 1.3 K"),
        (["--to", "5 mK"], "stop: 5 mK is outside the limits"),
        (["--to", "50 Oe"], "--to: '50 Oe' has the wrong dimension"),
        (["--from", "0.05 K"], "start and stop are both 50 mK"),
        (["--pacing", "quickly"], "pacing: 'quickly' is not understood"),
        (["--excitation", "5"], '--excitation: \'5\' is not "gentle", "policy" or like "1 nA at 7 Hz"'),
        (["--excitation", "1 nA at 7 kHz"], "frequency: 7 kHz is outside 0.01 to 1000 Hz"),
        (["--excitation", "1 uA at 7 Hz"], "current: 1 uA is not above zero and up to the limit"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_starts_nothing(tmp_path, arguments, sentence):
    assert sentence in bad(tmp_path, *arguments)


def test_a_table_with_a_mistake_is_refused_with_entry_and_key(tmp_path):
    film = tmp_path / "film.toml"
    film.write_text('name="x"\nnormal_resistance=7000.0\nsquares=1.0\n[[field]]\noersted=0\nlaw="eq3"\n')
    sentence = bad(tmp_path, "--sample", str(film))
    assert "film.toml" in sentence
    assert "eq3" in sentence


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert "is not a folder that can be written to" in bad(tmp_path, "--out", str(tmp_path / "file" / "x"))
    assert "give the name of a file" in bad(tmp_path, "--json", str(tmp_path))


def test_the_installed_command_has_one_sentence_for_a_mistake_in_the_command_line(tmp_path):
    for arguments, sentence in [
        (["demo", "--seed", "x"], "coldfinger: Invalid value for '--seed'"),
        (["demo", "--filed", "3 Oe"], "coldfinger: No such option"),
        (["dmo"], "coldfinger: there is no command 'dmo'; did you mean demo? coldfinger -h lists all commands"),
        (["demo", "--out", "/proc/x", "--fields", "0 Oe"], "coldfinger: "),
    ]:
        command = [sys.executable, "-m", "coldfinger.procedures", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 2, done
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr


def test_an_unknown_option_has_exit_status_2(tmp_path):
    assert demo("--filed", "3 Oe").exit_code == 2
    assert demo("--points", "1").exit_code == 2
    assert demo("--seed", "-1").exit_code == 2


def started(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    """A demonstration of its own process, in real time enough to be interrupted."""
    command = [sys.executable, "-m", "coldfinger.procedures", "demo", "--out", str(tmp_path), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows_so_far(folder: Path) -> int:
    return sum(not line.startswith("#") for path in folder.glob("*/run.csv") for line in path.read_text().splitlines())


def wait_for_rows(process: subprocess.Popen[str], folder: Path, rows: int) -> None:
    deadline = time.monotonic() + 120
    while rows_so_far(folder) < rows:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        os.sched_yield()  # no sleep: the moment of the kill should be as random as the machine is


def test_ctrl_c_finishes_the_row_makes_safe_and_closes_the_file(tmp_path):
    process = started(tmp_path, "--points", "5000", "--fields", "100, 200 Oe")
    wait_for_rows(process, tmp_path, 30)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped by the user" in output
    (folder,) = [path.parent for path in tmp_path.glob("*/run.jsonl")]  # the second field was not begun
    run = read_run(folder)
    assert run.outcome == "stopped"
    assert len(run.frame) >= 29
    assert [item["done"] for item in run.end["data"]["safe"]] == [True, True, True, True]


def test_kill_9_in_mid_run_loses_no_finished_row_and_reads_as_interrupted(tmp_path):
    process = started(tmp_path, "--points", "5000", "--fields", "100 Oe")
    wait_for_rows(process, tmp_path, 60)
    (folder,) = [path.parent for path in tmp_path.glob("*/run.jsonl")]
    before = pd.read_csv(folder / "run.csv", comment="#")
    assert read_run(folder).outcome == "running"
    process.kill()
    process.communicate()
    run = read_run(folder)
    assert run.outcome == "interrupted"
    assert run.gaps == ()
    assert len(run.frame) >= len(before) - 1 > 50  # the table's last line may have been half-written when it was read
    whole = before.iloc[:-1]
    pd.testing.assert_frame_equal(run.frame.iloc[: len(whole)].reset_index(drop=True), whole, check_dtype=False)


def test_help_and_version_answer():
    assert "Cool a simulated film" in demo("--help").output
    assert re.search(r"\d+\.\d+", CliRunner().invoke(main, ["--version"]).output)
