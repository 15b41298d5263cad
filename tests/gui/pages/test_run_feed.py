"""Runs as the plots read them: only what is new, parts joined, damage said, nothing changed that was handed out."""

import numpy as np
import pytest

from coldfinger.gui.pages.run_curves import X_AXES, Y_AXES, axis, curve_of, doubted_rows, label_of, usual_axes
from coldfinger.gui.pages.run_feed import Feeds, RunFeed
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.quality import Quality
from tests.gui.run_folders import COLUMNS, ramp, row_at, slopes, sweep, writer_of


def test_each_look_reads_only_what_is_new_and_leaves_what_was_handed_out(tmp_path, monkeypatch):
    with writer_of(tmp_path / "a") as writer:
        feed = RunFeed(writer.folder)
        for i in range(3000):
            writer.point(row_at(i, 0.1 + i, 100.0, 5000.0, 5.0))
        first = feed.look()
        assert first is not None
        sizes = []
        real = feed._tail.new_points
        monkeypatch.setattr(feed._tail, "new_points", lambda: sizes.append(len(fresh := real())) or fresh)
        writer.point(row_at(3000, 0.05, 100.0, 7.0, 5.0))
        second = feed.look()
        assert second is not None
        assert sizes == [1]
        assert (len(first), len(second), feed.look()) == (3000, 3001, None)
        assert len(first.columns["rho (ohm)"]) == 3000
        assert second.columns["rho (ohm)"][-1] == 7.0
        assert (second.outcome, feed.ended) == ("", False)
        writer.end("done")
    ended = feed.look()
    assert ended is not None
    assert (ended.outcome, feed.ended) == ("done", True)


def test_a_run_in_two_parts_is_one_curve_without_what_was_measured_again(tmp_path):
    with writer_of(tmp_path / "a", run_id="x") as writer:
        for i in range(10):
            writer.point(row_at(i, 1.0 + i, 100.0, 5000.0, 5.0))
        writer.end("stopped", reason="aborted")
    more = {"run_id": "x", "continues": {"folder": "a", "run_id": "x", "keeps": 8}}
    with writer_of(tmp_path / "b", **more) as writer:
        feed = RunFeed(writer.folder)
        before = feed.look()
        writer.point(row_at(0, 9.5, 100.0, 6000.0, 5.0))
        after = feed.look()
        writer.end("done")
    assert before is not None
    assert after is not None
    assert len(before) == 10
    assert after.columns["T_sample (K)"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9.5]
    assert after.as_table().frame["rho (ohm)"].tolist() == after.columns["rho (ohm)"].tolist()


def test_the_table_of_a_feed_is_what_the_analysis_reads_from_the_file(tmp_path):
    from coldfinger.analysis import load

    folder = ramp(tmp_path / "a", flags={3: int(Quality.PHASE)})
    rows = RunFeed(folder).look()
    assert rows is not None
    table, (other,) = rows.as_table(), load(folder).tables
    assert table.frame.equals(other.frame)
    assert (table.field, table.checks, table.simulated) == (other.field, other.checks, True)
    assert (rows.field, doubted_rows(rows)) == (100.0, 1)


def test_damage_is_said_once_and_the_rest_is_shown(tmp_path):
    folder = ramp(tmp_path / "a", rows=10)
    journal = folder / "run.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:4], b"rubbish\n", *lines[5:]]))
    feeds = Feeds()
    rows, said = feeds.look([folder], [folder])
    assert len(rows[folder]) == 9
    assert said == ["Run a: 1 line is torn or damaged and left out; the other 9 rows are shown."]
    assert feeds.look([folder], [folder])[1] == []


def test_a_file_that_is_no_run_is_said_once_and_does_not_hide_the_others(tmp_path):
    good, bad = ramp(tmp_path / "a"), tmp_path / "b"
    bad.mkdir()
    (bad / "run.jsonl").write_text("rubbish\nmore\n")
    feeds = Feeds()
    rows, said = feeds.look([bad, good], [])
    assert list(rows) == [good]
    assert len(said) == 1
    assert "none of its lines has a right checksum" in said[0]
    assert feeds.look([bad, good], [])[1] == []
    with pytest.raises(RunFileError):
        RunFeed(bad).look()


def test_runs_that_are_no_longer_wanted_are_forgotten_and_one_that_is_not_there_yet_waits(tmp_path):
    folder = ramp(tmp_path / "a")
    feeds = Feeds()
    assert feeds.look([folder, tmp_path / "later"], []) == ({folder: feeds._rows[folder]}, [])
    assert feeds.look([], []) == ({}, [])
    assert not feeds._feeds


def test_each_kind_of_run_is_looked_at_against_what_it_sweeps(tmp_path):
    kinds = (ramp(tmp_path / "a"), slopes(tmp_path / "b"), sweep(tmp_path / "c", 0.1))
    runs = [RunFeed(folder).look() for folder in kinds]
    assert [usual_axes(rows) for rows in runs if rows] == [("T", "ρ"), ("bias", "dV/dI"), ("H", "ρ")]
    assert [label_of(rows) for rows in runs if rows] == ["100 Oe", "100 Oe", "0.1 K"]
    (rows, *_) = runs
    assert rows is not None
    inverse = curve_of(rows, axis(X_AXES, "1/T"), axis(Y_AXES, "ρ"))
    assert inverse is not None
    np.testing.assert_allclose(inverse.x * rows.columns["T_sample (K)"], 1.0, rtol=1e-12)
    assert curve_of(rows, axis(X_AXES, "bias"), axis(Y_AXES, "ρ")) is None
    assert set(COLUMNS) == set(rows.columns)
