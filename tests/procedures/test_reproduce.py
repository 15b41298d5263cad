"""The paper from the simulated refrigerator: the quick run, refusals, and a stop in the middle."""

import json
import os
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from coldfinger.procedures.cli import main
from coldfinger.procedures.control import RunControl
from coldfinger.procedures.reproduce import reproduce as reproduction
from coldfinger.procedures.reproduce.campaign import FULL, QUICK, Job, jobs
from coldfinger.procedures.reproduce.processes import CampaignError, measure_all
from coldfinger.procedures.reproduce.reproduce import Reproduction
from coldfinger.procedures.reproduce.results import against_truth
from coldfinger.runfiles.reader import read_run

UNMEASURED_QUICKLY = {24, 25, 26, 27}


def test_the_quick_run_keeps_every_claim_that_it_measures_and_leaves_figures_and_numbers(tmp_path: Path) -> None:
    folder, numbers = tmp_path / "paper", tmp_path / "numbers.json"
    said = CliRunner().invoke(main, ["reproduce", "--quick", "--out", str(folder), "--json", str(numbers)])
    assert said.exit_code == 0, said.output
    result = json.loads(numbers.read_text())
    assert result == json.loads((folder / "reproduce.json").read_text())
    by_status: dict[str, set[int]] = {}
    for claim in result["claims"]:
        by_status.setdefault(claim["status"], set()).add(claim["id"])
    assert by_status["not measured"] == UNMEASURED_QUICKLY
    assert by_status["not for software"] == {21}
    assert by_status["holds"] == set(range(1, 32)) - UNMEASURED_QUICKLY - {21}
    sharp = {"exponent_rho_QF", "exponent_sigma_QF", "H_star_Oe", "R_star_ohm"}
    assert {name for name, number in result["truth"].items() if number["met"]} >= sharp
    assert result["samples"]["S1"]["exponent_rho_QF"]["value"] == pytest.approx(-0.45, abs=0.005)
    for figure in result["figures"]:
        assert all((folder / file).stat().st_size > 1000 for file in figure["files"])
    assert len(list((folder / "runs").glob("*/*/run.jsonl"))) >= 19
    assert result["wall_seconds"] > 0
    assert result["virtual_hours"] > 10


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: p.write_text(""), "is not a folder that can be written to; choose another"),
        (lambda p: (p.mkdir(), (p / "old.txt").write_text("")), "it is not empty; give a new folder"),
    ],
)
def test_a_place_that_is_taken_is_refused_with_one_sentence(tmp_path: Path, make, words: str) -> None:
    place = tmp_path / "place"
    make(place)
    before = sorted(tmp_path.rglob("*"))
    said = CliRunner().invoke(main, ["reproduce", "--out", str(place)])
    assert said.exit_code == 2
    assert words in said.output
    assert "Traceback" not in said.output
    assert sorted(tmp_path.rglob("*")) == before


def test_a_place_that_cannot_be_written_to_is_refused_with_one_sentence(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # whoever runs the tests may be allowed everything
    said = CliRunner().invoke(main, ["reproduce", "--out", str(tmp_path / "new")])
    assert said.exit_code == 2
    assert "is not a folder that can be written to" in said.output
    assert not (tmp_path / "new").exists()


def test_a_json_file_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    said = CliRunner().invoke(main, ["reproduce", "--out", str(tmp_path / "new"), "--json", str(tmp_path)])
    assert said.exit_code == 2
    assert "this is a folder; give the name of a file" in said.output


def test_a_stop_ends_every_process_and_keeps_the_runs_made_so_far(tmp_path, monkeypatch) -> None:
    control = RunControl()

    def two_jobs(folder: str, seed: int, quick: bool) -> list[Job]:
        return [Job(film, "RT", seed, True, f"{folder}/{film}-RT") for film in ("S1", "S2")]

    monkeypatch.setattr(reproduction, "jobs", two_jobs)
    ended = threading.Event()

    def stop_when_something_is_written() -> None:
        while not ended.wait(0.05):
            if len(list(tmp_path.rglob("run.jsonl"))) == 2:
                control.throw()
                return

    watcher = threading.Thread(target=stop_when_something_is_written)
    watcher.start()
    try:
        assert reproduction.reproduce(Reproduction(tmp_path, quick=True, processes=2), control) is None
    finally:
        ended.set()
        watcher.join()
    runs = [read_run(path.parent) for path in sorted(tmp_path.rglob("run.jsonl"))]
    assert "stopped" in {run.outcome for run in runs}
    assert {run.outcome for run in runs} <= {"stopped", "done"}
    assert not (tmp_path / "reproduce.json").exists()


def test_a_process_that_breaks_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    broken = [Job(film, "RT", 0, True, str(tmp_path / "file")) for film in ("S1", "S2")]
    with pytest.raises(CampaignError, match=r"the measurement of S[12]-RT broke: .+"):
        measure_all(broken, 2, RunControl())


def test_the_whole_campaign_has_the_papers_fields_and_every_kind_of_measurement() -> None:
    assert {0, 30, 600} <= set(FULL.rt_fields["S0"])
    assert {300, 350, 400} <= set(FULL.rt_fields["S1"])
    assert {(job.film, job.kind) for job in jobs("runs", 0, False)} == {
        (film, kind) for film in ("S0", "S1", "S2") for kind in ("RT", "MR", "dVdI")
    }
    for film, fields in QUICK.rt_fields.items():
        assert set(fields) <= set(FULL.rt_fields[film])


def test_a_number_far_from_the_truth_or_too_badly_known_is_not_met() -> None:
    good = {"value": 300.1, "sd": 0.1}
    assert against_truth({"H_star_Oe": good})["H_star_Oe"]["met"]
    assert not against_truth({"H_star_Oe": good | {"value": 300.3}})["H_star_Oe"]["met"]
    assert not against_truth({"H_star_Oe": good | {"sd": 10.0}})["H_star_Oe"]["met"]
    assert not against_truth({})["H_star_Oe"]["met"]
