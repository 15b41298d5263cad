"""Reading runs back: exactly what was written, and an honest word about what is missing."""

import gc
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldfinger.procedures.data.writer import RunWriter
from coldfinger.runfiles import reader
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.journal import PART, encode, line_of
from coldfinger.runfiles.reader import RunTail, missing_ranges, read_run

COLUMNS = ("Time (s)", "T (K)", "flags")

free_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
any_row = st.tuples(st.floats(), st.floats(), st.integers(-(2**53), 2**53))


def open_run(folder: Path, **header: Any) -> RunWriter:
    return RunWriter(folder, header={"simulated": True, **header}, columns=COLUMNS, sync=False)


def written(folder: Path, count: int = 6) -> Path:
    with open_run(folder) as writer:
        for number in range(count):
            writer.point({"Time (s)": float(number), "T (K)": 4.9e-6, "flags": number})
        writer.end("done")
    return writer.folder


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(rows=st.lists(any_row, max_size=5), text=st.text(), data=free_data, header=free_data)
def test_a_run_comes_back_bit_for_bit(
    tmp_path: Path, rows: list[tuple[float, float, int]], text: str, data: Any, header: Any
) -> None:
    with open_run(tmp_path / "run", anything=header) as writer:
        for values in rows:
            writer.mark("before", text, anything=data)
            writer.point(dict(zip(COLUMNS, values, strict=True)))
        writer.end("stopped", text, station=data)
    run = read_run(writer.folder)
    expected = np.array([[float(value) for value in values] for values in rows]).reshape(len(rows), 3)
    assert run.frame.to_numpy().dtype == np.float64
    assert np.array_equal(run.frame.to_numpy(), expected, equal_nan=True)
    assert np.array_equal(np.signbit(run.frame.to_numpy()), np.signbit(expected) & ~np.isnan(expected))
    assert [(mark.text, mark.data, mark.points) for mark in run.marks] == [
        (text, {"anything": data}, number) for number in range(len(rows))
    ]
    assert (run.header["anything"], run.end["data"]) == (header, {"station": data})
    assert (run.outcome, run.reason, run.skipped_lines, run.gaps) == ("stopped", text, (), ())


def test_the_whole_story_of_a_run_is_read(tmp_path: Path) -> None:
    with open_run(tmp_path / "run", run_id="abc", seed=3, station={"SR830": {"range": math.inf}}) as writer:
        writer.snapshot("before", {"lock-in": {"time_constant": 0.3, "X": math.nan}})
        writer.point({"Time (s)": 0.0, "T (K)": 0.05, "flags": 0})
        writer.alarm("quench", "the magnet has quenched", current=12.5)
        writer.end("failed", "quench", station={"output": False})
    run = read_run(writer.folder)
    assert (run.header["run_id"], run.header["seed"], run.header["simulated"]) == ("abc", 3, True)
    assert run.header["station"] == {"SR830": {"range": math.inf}}
    assert run.header["versions"]["pymeasure"].startswith("0.16")
    assert run.header["utc"] <= run.alarms[0].utc <= run.end["utc"]
    assert run.header["clock"] <= run.alarms[0].clock <= run.end["clock"]
    assert (run.columns, run.units) == (COLUMNS, {"Time (s)": "s", "T (K)": "K"})
    assert (run.alarms[0].kind, run.alarms[0].data, run.alarms[0].points) == ("quench", {"current": 12.5}, 1)
    assert run.snapshots[0].data["lock-in"]["time_constant"] == 0.3
    assert math.isnan(run.snapshots[0].data["lock-in"]["X"])
    assert (run.outcome, run.reason) == ("failed", "quench")
    assert (run.end["points"], run.end["alarms"], run.end["data"]) == (1, 1, {"station": {"output": False}})
    assert (run.parameters, run.parameter_units) == ({}, {})


def test_events_carry_the_clock_of_the_run(tmp_path: Path) -> None:
    class Virtual:
        now = 100.0

        def time(self) -> float:
            return self.now

        def sleep(self, seconds: float) -> None:
            self.now += seconds

    clock = Virtual()
    with RunWriter(tmp_path / "run", header={"simulated": True}, columns=["x"], clock=clock, sync=False) as writer:
        clock.sleep(3600.0)
        writer.mark("note", "an hour later")
        writer.end("done")
    run = read_run(writer.folder)
    assert (run.header["clock_kind"], run.header["clock"], run.marks[0].clock) == ("Virtual", 100.0, 3700.0)


@pytest.mark.parametrize("given", ["run", "run/run.jsonl", "run/run.csv"])
def test_a_run_is_found_by_its_folder_or_either_file(tmp_path: Path, given: str) -> None:
    written(tmp_path / "run")
    assert read_run(tmp_path / given).path == tmp_path / "run" / "run.jsonl"


def test_a_run_cut_at_any_byte_is_interrupted_and_keeps_its_whole_rows(tmp_path: Path) -> None:
    data = (written(tmp_path / "run", 3) / "run.jsonl").read_bytes()
    cut = tmp_path / "cut.jsonl"
    for length in range(data.index(b"\n") + 1, len(data)):
        cut.write_bytes(data[:length])
        run = read_run(cut)
        whole = data[:length].count(b"\n") - 1
        assert (run.outcome, list(run.frame.index)) == ("interrupted", list(range(whole)))
        assert set(run.frame["T (K)"]) <= {4.9e-6}
        assert len(run.skipped_lines) == (data[length - 1 : length] != b"\n")


def test_a_flipped_byte_loses_its_own_line_only_and_is_reported(tmp_path: Path) -> None:
    journal = written(tmp_path / "run") / "run.jsonl"
    lines = journal.read_bytes().split(b"\n")
    for number in range(1, 7):
        damaged = lines.copy()
        damaged[number] = damaged[number].replace(b"4.9e-06", b"4.8e-06")
        journal.write_bytes(b"\n".join(damaged))
        run = read_run(journal)
        assert run.skipped_lines == (number + 1,)
        assert run.gaps == ((number - 1, number - 1),)
        assert list(run.frame["flags"]) == [point for point in range(6) if point != number - 1]
        assert run.outcome == "done"


def test_ranges_of_missing_points_are_named(tmp_path: Path) -> None:
    journal = written(tmp_path / "run", 9) / "run.jsonl"
    lines = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join([lines[0], *lines[3:5], lines[7], lines[10], b""]))
    assert read_run(journal).gaps == ((0, 1), (4, 5), (7, 8))


def test_points_are_read_even_when_the_start_is_damaged(tmp_path: Path) -> None:
    journal = written(tmp_path / "run") / "run.jsonl"
    data = journal.read_bytes()
    journal.write_bytes(b"x" + data[1:])
    run = read_run(journal)
    assert (run.header, run.columns, run.skipped_lines, len(run.frame)) == ({}, COLUMNS, (1,), 6)


@pytest.mark.parametrize(
    "content",
    [
        {"event": "point", "index": 0, "values": {"Time (s)": 1.0}},
        {"event": "point", "index": "0", "values": {"Time (s)": 1.0, "T (K)": 1.0, "flags": 1}},
        {"event": "point", "index": 0, "values": {"Time (s)": "1.0", "T (K)": 1.0, "flags": 1}},
        {"event": "point", "index": 0, "values": {"Time (s)": None, "T (K)": 1.0, "flags": 1}},
        {"event": "point", "index": 0, "values": {"Time (s)": 10**400, "T (K)": 1.0, "flags": 1}},
        {"event": "point"},
        {"event": "mark", "kind": "note"},
        {"event": "end", "outcome": "ok", "points": 1},
        {"event": "end", "outcome": "done", "points": "many"},
        {"event": "surprise"},
    ],
)
def test_a_well_formed_line_of_wrong_content_is_skipped(tmp_path: Path, content: dict[str, Any]) -> None:
    journal = written(tmp_path / "run") / "run.jsonl"
    with open(journal, "ab") as file:
        file.write(line_of(encode({"seq": 99, **content})))
    run = read_run(journal)
    assert (run.outcome, len(run.frame), run.skipped_lines) == ("done", 6, (9,))


def test_of_two_ends_the_last_counts(tmp_path: Path) -> None:
    journal = written(tmp_path / "run") / "run.jsonl"
    with open(journal, "ab") as file:
        file.write(line_of(encode({"seq": 8, "event": "end", "outcome": "failed", "reason": "disk", "points": 6})))
    run = read_run(journal)
    assert (run.outcome, run.reason) == ("failed", "disk")


def test_a_run_in_progress_reads_as_running_and_its_unfinished_line_is_no_damage(tmp_path: Path) -> None:
    writer = open_run(tmp_path / "run")
    writer.point({"Time (s)": 0.0, "T (K)": 1.0, "flags": 0})
    with open(writer.folder / "run.jsonl", "ab") as file:
        file.write(b"0123abcd {")
    run = read_run(writer.folder)
    assert (run.outcome, len(run.frame), run.skipped_lines) == ("running", 1, ())
    writer.close()
    run = read_run(writer.folder)
    assert (run.outcome, len(run.frame), run.skipped_lines) == ("interrupted", 1, (3,))


def test_a_tail_sees_every_row_once_and_only_whole_ones(tmp_path: Path) -> None:
    journal = written(tmp_path / "run", 20) / "run.jsonl"
    data = journal.read_bytes()
    growing = tmp_path / "growing.jsonl"
    growing.write_bytes(b"")
    tail = RunTail(growing)
    seen: list[int] = []
    assert tail.new_points().empty
    for stop in range(0, len(data) + 97, 97):
        with open(growing, "ab") as file:
            file.write(data[stop : stop + 97])
        new = tail.new_points()
        assert list(new.index) == list(range(len(seen), len(seen) + len(new)))
        assert set(new["T (K)"]) <= {4.9e-6} if len(new) else True
        seen += list(new["flags"]) if len(new) else []
    assert seen == list(range(20))
    assert tail.end["outcome"] == "done"
    assert tail.header["columns"] == list(COLUMNS)


def test_a_tail_follows_a_writer(tmp_path: Path) -> None:
    with open_run(tmp_path / "run") as writer:
        tail = RunTail(writer.folder)
        for number in range(50):
            writer.point({"Time (s)": 0.0, "T (K)": 1.0, "flags": number})
            assert list(tail.new_points()["flags"]) == [number]
        writer.mark("note", "hello")
        assert tail.new_points().empty
        assert [mark.text for mark in tail.marks] == ["hello"]
        writer.end("done")


def test_what_is_not_a_run_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"run file .*nowhere: it cannot be read: it does not exist; check the path"):
        read_run(tmp_path / "nowhere")
    other = tmp_path / "notes.jsonl"
    other.write_text("1,2,3\n4,5,6\n")
    with pytest.raises(RunFileError, match="none of its 2 lines has a right checksum; it is not the journal of a run"):
        read_run(other)
    newer = tmp_path / "newer.jsonl"
    newer.write_bytes(line_of(encode({"seq": 0, "event": "start", "schema": 99, "columns": []})))
    with pytest.raises(RunFileError, match="it has schema 99, this program knows up to 1; read it with a newer"):
        read_run(newer)


def long_file(path: Path, rows: int) -> Path:
    """A journal of a dozen columns."""
    labels = [f"column {number} (K)" for number in range(12)]
    lines = [line_of(encode({"seq": 0, "event": "start", "schema": 1, "columns": labels}))]
    for row in range(rows):
        values = dict.fromkeys(labels, row + 0.1)
        lines.append(line_of(encode({"seq": row + 1, "event": "point", "index": row, "values": values})))
    path.write_bytes(b"".join(lines))
    return path


def test_reading_a_long_run_does_not_wake_the_search_for_garbage(tmp_path: Path) -> None:
    """A search among all that a window has made stops its every thread for a tenth of a second."""
    tail, searches = RunTail(long_file(tmp_path / "run.jsonl", 5000)), list[int]()

    def count(phase: str, facts: dict[str, int]) -> None:
        if phase == "start":
            searches.append(facts["generation"])

    gc.collect()
    gc.callbacks.append(count)
    try:
        rows = len(tail.new_points())
    finally:
        gc.callbacks.remove(count)
    assert rows == 5000
    assert len(searches) <= 5  # one for each 700 things that are alive: 3 a row were 21


class Stubborn:
    """A file that cannot be read on after so many pieces, once."""

    def __init__(self, path: Path, pieces: int) -> None:
        self.file, self.left = open(path, "rb"), pieces  # noqa: SIM115
        self.sizes: list[int] = []
        self.seek, self.tell = self.file.seek, self.file.tell

    def __enter__(self) -> "Stubborn":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def read(self, size: int = -1) -> bytes:
        self.sizes.append(size)
        self.left -= 1
        if not self.left:
            raise OSError(5, "no more")
        return self.file.read(size)


def test_a_long_file_is_never_in_memory_whole_and_what_was_read_before_a_failure_is_not_lost(tmp_path, monkeypatch):
    path = long_file(tmp_path / "run.jsonl", 1000)
    opened: list[Stubborn] = []

    def stubborn(path: Path, mode: str) -> Stubborn:
        opened.append(Stubborn(path, 0 if opened else 3))
        return opened[-1]

    monkeypatch.setattr(reader, "open", stubborn, raising=False)
    tail = RunTail(path)
    with pytest.raises(RunFileError, match="it cannot be read"):
        tail.new_points()
    assert list(tail.new_points().index) == list(range(1000))
    assert {size for file in opened for size in file.sizes} == {PART} != {path.stat().st_size}
    assert sum(len(file.sizes) for file in opened) > 4


def test_missing_rows_of_a_long_run_are_found_about_as_quickly_as_their_numbers_are_sorted() -> None:
    """What takes much longer is done one number at a time, and no other thread of a window goes on meanwhile."""
    numbers = np.arange(300_000)

    def cheapest(act: Callable[[], object]) -> float:
        costs = []
        for _ in range(5):
            begun = time.thread_time()
            act()
            costs.append(time.thread_time() - begun)
        return min(costs)

    assert missing_ranges(np.delete(numbers, [0, 7, 8]), 300_002) == ((0, 0), (7, 8), (300_000, 300_001))
    assert cheapest(lambda: missing_ranges(numbers, 0)) < 4 * cheapest(lambda: np.sort(numbers))
