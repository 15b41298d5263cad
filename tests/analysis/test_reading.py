"""Files in, tables and families out; what cannot be used is said in one sentence and stops nothing."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coldfinger.analysis import load
from coldfinger.analysis.laws import failed_insulator
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.runfiles.quality import Quality

COLUMNS = ("time (s)", "T_sample (K)", "T_sample_sd (K)", "rho (ohm)", "rho_sd (ohm)", "X (V)", "H_set (Oe)", "flags")
RAMP = "coldfinger.procedures.temperature_ramp.TemperatureRamp"


def ramp(folder: Path, name: str, field: float = 100.0, flags: int = 0, rows: int = 8, **header: Any) -> Path:
    """A run of eight rows on Eq. 1; `flags` are those of the last row."""
    kept = {"simulated": True, "procedure": RAMP, "sample": {"name": "film 3", "stage": "S0", "squares": 2.0}} | header
    with RunWriter(folder / name, header=kept, columns=COLUMNS, sync=False) as writer:
        for i, T in enumerate(np.geomspace(0.7, 0.05, rows)):
            rho = float(failed_insulator(T, 3e-5, 1.6e-4, 0.59))
            values = (float(i), T, 1e-3 * T, rho, 1e-3 * rho, 1e-6, field, flags if i == rows - 1 else 0)
            writer.point(dict(zip(COLUMNS, values, strict=True)))
        writer.mark(
            "check", "said", name="heating", outcome="fail", sentence="warm", numbers={}, at={"temperature": 0.05}
        )
        writer.end("done")
    return folder / name


def test_a_run_folder_becomes_a_table_with_units_and_raw_columns(tmp_path):
    (table,) = load(ramp(tmp_path, "a")).tables
    assert (table.sample, table.stage, table.simulated, table.field, table.squares) == (
        "film 3",
        "S0",
        True,
        100.0,
        2.0,
    )
    assert table.frame.attrs["units"]["T_sample (K)"] == "K"
    assert table.frame["X (V)"].tolist() == [1e-6] * 8
    assert table.checks[0].outcome == "fail"


def test_flagged_rows_are_kept_but_not_believed(tmp_path):
    (table,) = load(ramp(tmp_path, "a", flags=int(Quality.PHASE))).tables
    assert (len(table.frame), len(table.rows), len(table.curve().temperature)) == (8, 7, 7)
    (remarked,) = load(ramp(tmp_path, "b", flags=int(Quality.SEAM))).tables
    assert len(remarked.rows) == 8


def test_a_folder_a_glob_a_file_and_a_list_give_the_same_runs(tmp_path):
    for field in (100.0, 30.0):
        ramp(tmp_path, f"run_{field:g}", field)
    ways = (tmp_path, tmp_path / "run_*", [tmp_path / "run_100", tmp_path / "run_30" / "run.csv"])
    for way in ways:
        data = load(way)
        assert data.refused == ()
        assert [family.fields for family in data.families] == [(30.0, 100.0)]
    assert len(load(tmp_path).frame()) == 16


def test_runs_go_together_by_film_and_stage(tmp_path):
    ramp(tmp_path, "a")
    ramp(tmp_path, "b", 30.0)
    ramp(tmp_path, "c", sample={"name": "film 3", "stage": "S1"})
    ramp(tmp_path, "d", procedure="coldfinger.procedures.field_sweep.FieldSweep")
    data = load(tmp_path)
    assert len(data.tables) == 4
    assert sorted((family.stage, len(family.tables)) for family in data.families) == [("S0", 2), ("S1", 1)]


def manifest(folder: Path, *runs: tuple[float, str]) -> Path:
    path = folder / "family.json"
    listed = [{"field_Oe": field, "folder": name} for field, name in runs]
    path.write_text(json.dumps({"schema": 1, "kind": "R(T) family", "runs": listed}))
    return path


def test_a_manifest_makes_one_family_and_a_missing_run_does_not_break_it(tmp_path):
    ramp(tmp_path, "a")
    ramp(tmp_path, "b", 30.0)
    ramp(tmp_path, "c", 300.0)
    path = manifest(tmp_path, (100.0, "a"), (30.0, "b"), (60.0, "gone"))
    data = load(path)
    assert [(family.fields, family.manifest) for family in data.families] == [((30.0, 100.0), path)]
    (refusal,) = data.refused
    assert "gone" in refusal.sentence
    assert "does not exist" in refusal.sentence
    whole = load(tmp_path)
    assert sorted(len(family.tables) for family in whole.families) == [1, 2]


def test_parts_of_a_run_are_joined_even_if_only_the_last_is_given(tmp_path):
    ramp(tmp_path, "first", run_id="x")
    ramp(tmp_path, "second", part=2, continues={"folder": "first", "run_id": "x", "keeps": 3})
    (table,) = load(tmp_path / "second").tables
    assert len(table.frame) == 3 + 8
    assert [path.name for path in table.paths] == ["first", "second"]
    assert table.remarks[0] == "in 2 parts, 5 rows measured again"
    assert len(load(tmp_path).tables) == 1


def test_files_that_cannot_be_used_are_refused_in_one_sentence_each_and_the_rest_goes_on(tmp_path):
    good = ramp(tmp_path / "good", "a")
    torn = ramp(tmp_path / "bad", "torn")
    journal = torn / "run.jsonl"
    journal.write_bytes(journal.read_bytes()[:40])
    empty = tmp_path / "bad" / "empty"
    empty.mkdir()
    (empty / "run.jsonl").touch()
    (tmp_path / "bad" / "picture.csv").write_bytes(b"\x89PNG\xff\xfe")
    (tmp_path / "bad" / "family.json").write_text('{"runs": [')
    other = tmp_path / "notes.txt"
    other.write_text("today the still was warm\n")
    data = load([good, tmp_path / "bad", other, tmp_path / "nothing_*"])
    assert [table.name for table in data.tables] == ["a"]
    assert len(data.refused) == 6
    for refusal in data.refused:
        assert refusal.path.name.split("_")[0] in refusal.sentence
        assert "\n" not in refusal.sentence
    assert load([]).tables == ()


def test_a_damaged_line_costs_that_row_and_is_said(tmp_path):
    run = ramp(tmp_path, "a")
    lines = (run / "run.jsonl").read_bytes().splitlines(keepends=True)
    lines[3] = b"00000000" + lines[3][8:]
    (run / "run.jsonl").write_bytes(b"".join(lines))
    (table,) = load(run).tables
    assert len(table.frame) == 7
    assert "1 torn or damaged lines left out" in table.remarks


# Tables of other people


HEAD = "# sample: film 3, as grown\n# squares: 2\n# uncertainty: 0.5 %\n"


def table_file(folder: Path, text: str) -> Path:
    path = folder / "other.csv"
    path.write_text(text, "utf-8")
    return path


def test_a_table_of_other_people_is_turned_into_kelvin_ohm_and_oersted(tmp_path):
    rows = "".join(f"{T},{12.0 + T / 1000},{H}\n" for H in (10.0, 30.0) for T in (50, 100, 200, 400, 700))
    data = load(table_file(tmp_path, HEAD + "T (mK),R (kohm),B (mT)\n" + rows))
    (family,) = data.families
    assert family.sample == "film 3, as grown"
    assert family.fields == (100.0, 300.0)
    first = family.tables[0].frame
    assert np.allclose(first["T_sample (K)"], [0.05, 0.1, 0.2, 0.4, 0.7])
    assert first["rho (ohm)"].iloc[0] == pytest.approx(6025.0)
    assert first["rho_sd (ohm)"].iloc[0] == pytest.approx(0.005 * 6025.0)
    assert first["R (kohm)"].iloc[0] == 12.05  # as it was
    assert first.attrs["units"]["H (Oe)"] == "Oe"


def test_a_table_with_its_own_uncertainties_and_one_field_needs_fewer_lines(tmp_path):
    text = "# sample: 7\n# field: 0.01 T\nT (K),rho (ohm/sq),rho_sd (ohm/sq)\n0.1,6000,3\n0.2,,3\n"
    (table,) = load(table_file(tmp_path, text)).tables
    assert table.field == pytest.approx(100.0)
    assert table.frame["believed"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it is empty"),
        (HEAD, "it is empty"),
        (HEAD + "T (K),R (ohm),H (Oe)\n", "column names and no row"),
        ("T (K),R (ohm),H (Oe)\n1,2,3\n", "# sample: film 3"),
        ("# sample: a\nT (K),R (ohm),H (Oe)\n1,2,3\n", "# squares: 1.5"),
        ("# sample: a\n# squares: 1\nT (K),R (ohm),H (Oe)\n1,2,3\n", "# uncertainty: 0.5 %"),
        (HEAD.replace("0.5 %", "small") + "T (K),R (ohm),H (Oe)\n1,2,3\n", "says uncertainty: small"),
        (HEAD.replace("2", "-1") + "T (K),R (ohm),H (Oe)\n1,2,3\n", "must be above zero"),
        (HEAD + "T (K),R (ohm)\n1,2\n", "# field: 100 Oe"),
        (HEAD + "T (F),R (ohm),H (Oe)\n1,2,3\n", "has the unit F; allowed are K, mK"),
        (HEAD + "temperature,R (ohm),H (Oe)\n1,2,3\n", "a temperature such as T (mK)"),
        (HEAD + "T (K),R (ohm),H (Oe)\n1,much,3\n", "1 entries that are no numbers"),
        (HEAD + "T (K),R (ohm),H (Oe)\n-1,2,3\n", "no row has a temperature above zero"),
        (HEAD + "T (K),R (ohm),H (Oe)\n" + "".join(f"1,2,{H / 4}\n" for H in range(99)), "moves from 0 to 24.5 Oe"),
    ],
)
def test_what_is_wrong_with_a_table_is_one_sentence_that_says_what_to_do(tmp_path, text, sentence):
    data = load(table_file(tmp_path, text))
    (refusal,) = data.refused
    assert sentence in refusal.sentence
    assert "other.csv" in refusal.sentence
    assert data.tables == ()


def test_the_table_of_a_run_without_its_journal_is_refused_like_any_other(tmp_path):
    run = ramp(tmp_path, "a")
    lone = tmp_path / "lone.csv"
    shutil.copy(run / "run.csv", lone)
    (refusal,) = load(lone).refused
    assert "does not say of which film" in refusal.sentence
