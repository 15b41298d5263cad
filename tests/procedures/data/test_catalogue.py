"""The index of a data folder: always what the files say, quick, and of no importance when it is lost."""

import contextlib
import json
import shutil
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldfinger.procedures.commands.runs import runs
from coldfinger.procedures.data import catalogue as module
from coldfinger.procedures.data.catalogue import CATALOGUE_NAME, Catalogue
from coldfinger.procedures.data.entry import Entry, entry_of
from coldfinger.procedures.data.filters import FilterError, condition_of
from coldfinger.procedures.data.notes import NOTES_NAME, Notes
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.quality import Quality

COLUMNS = ("time (s)", "T_sample (K)", "H (Oe)", "X_sd (V)", "flags")


def begun(
    folder: Path,
    name: str,
    fields: tuple[float, ...] = (100.0,),
    temperatures: tuple[float, ...] = (0.7, 0.05),
    flags: int = 0,
    **header: Any,
) -> RunWriter:
    kept = {"simulated": False, "sample": {"name": "S1"}, "station": {"name": "triton"}} | header
    writer = RunWriter(folder / name, header=kept, columns=COLUMNS, sync=False)
    for i, temperature in enumerate(temperatures):
        row = (10.0 * i, temperature, fields[i % len(fields)], 1e-9, flags)
        writer.point(dict(zip(COLUMNS, row, strict=True)))
    return writer


def written(folder: Path, name: str, outcome: str = "done", **how: Any) -> Path:
    with begun(folder, name, **how) as writer:
        writer.end(outcome)
    return writer.folder


def found(folder: Path, text: str = "") -> list[Entry]:
    with Catalogue(folder) as catalogue:
        catalogue.refresh()
        return catalogue.find(text)


def names(folder: Path, text: str = "") -> list[str]:
    return [entry.folder for entry in found(folder, text)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    written(folder, "a_ramp", sample={"name": "S0", "stage": "anneal 1"})
    written(folder, "b_sweep", fields=(-50.0, 0.0, 50.0), temperatures=(0.1, 0.1, 0.1))
    written(folder, "c_failed", "failed", flags=int(Quality.PHASE))
    begun(folder, "d_killed", simulated=True).close()
    return folder


# What an entry says


def test_an_entry_tells_what_the_run_file_holds(tmp_path: Path) -> None:
    header = {
        "night": "n1",
        "item": "3",
        "item_name": "R(T) at 100 Oe",
        "family": {"id": "7", "kind": "R(T) family"},
        "part": 2,
        "continues": {"folder": "first", "run_id": "x", "keeps": 4},
        "run_id": "abc",
        "sample": {"name": "S1", "stage": "as grown"},
    }
    written(tmp_path, "second", "stopped", fields=(99.0, 101.0), **header)
    (entry,) = found(tmp_path)
    assert (entry.folder, entry.run_id, entry.night, entry.item, entry.family) == ("second", "abc", "n1", "3", "7")
    assert (entry.part, entry.continues, entry.item_name) == (2, "first", "R(T) at 100 Oe")
    assert (entry.sample, entry.stage, entry.station, entry.simulated) == ("S1", "as grown", "triton", False)
    assert (entry.lowest_Oe, entry.highest_Oe, entry.coldest_K, entry.warmest_K) == (99.0, 101.0, 0.05, 0.7)
    assert (entry.outcome, entry.rows, entry.believed, entry.noise_V) == ("stopped", 2, 2, 1e-9)
    assert entry.begun_utc <= entry.ended_utc
    assert (entry.damage, entry.tags, entry.star, entry.note) == ("", (), False, "")
    json.dumps(entry.to_json(), allow_nan=False)


def test_a_procedure_has_its_short_name(tmp_path: Path) -> None:
    procedure = TemperatureRamp()
    with RunWriter(
        tmp_path / "r", header={"simulated": True}, columns=procedure.DATA_COLUMNS, procedure=procedure, sync=False
    ) as writer:
        writer.end("done")
    (entry,) = found(tmp_path, "type:R(T)")
    assert (entry.procedure, entry.kind, entry.rows, entry.coldest_K) == ("TemperatureRamp", "RT", 0, None)


def test_rows_that_are_not_believed_do_not_widen_the_ranges(tmp_path: Path) -> None:
    with begun(tmp_path, "r") as writer:
        writer.point(dict(zip(COLUMNS, (30.0, 4.2, 1e5, 1.0, int(Quality.OVERLOAD)), strict=True)))
        writer.end("done")
    (entry,) = found(tmp_path)
    assert (entry.rows, entry.believed, entry.warmest_K, entry.highest_Oe) == (3, 2, 0.7, 100.0)


def test_a_damaged_run_is_listed_with_what_was_recovered(data: Path) -> None:
    journal = data / "a_ramp" / "run.jsonl"
    lines = journal.read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b"0.7", b"0.8")
    journal.write_bytes(b"\n".join(lines))
    (entry,) = found(data, "damaged")
    assert entry.outcome == "done"
    assert entry.damage == "1 line is torn or damaged; 1 row is missing; 1 row was recovered"


def test_a_run_of_which_nothing_is_left_is_listed_as_damaged(data: Path) -> None:
    (data / "a_ramp" / "run.jsonl").write_bytes(b"this is no journal\n")
    (entry,) = found(data, "outcome:damaged")
    assert entry.folder == "a_ramp"
    assert "none of its 1 lines has a right checksum" in entry.damage
    assert len(found(data)) == 4


def test_columns_differ_by_more_than_case() -> None:
    assert len({name.lower() for name in module._COLUMNS}) == len(module._COLUMNS)


# Always what the files say


def test_a_deleted_index_comes_back_equal(data: Path) -> None:
    with Catalogue(data) as catalogue:
        catalogue.refresh()
        catalogue.notes.tag("b_sweep", ["cool"])
        catalogue.notes.star("a_ramp")
        catalogue.notes.note("a_ramp", "warm lead")
    before = found(data)
    (data / CATALOGUE_NAME).unlink()
    assert found(data) == before
    assert [(entry.tags, entry.star, entry.note) for entry in before[:2]] == [
        ((), True, "warm lead"),
        (("cool",), False, ""),
    ]


def test_only_new_and_grown_runs_are_read_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def noted(folder: Path) -> Entry:
        read.append(folder.name)
        return entry_of(folder)

    monkeypatch.setattr(module, "entry_of", noted)
    with Catalogue(data) as catalogue, begun(data, "e_growing") as writer:
        catalogue.refresh()
        assert sorted(read) == ["a_ramp", "b_sweep", "c_failed", "d_killed", "e_growing"]
        read.clear()
        catalogue.refresh()
        assert read == []
        writer.point(dict(zip(COLUMNS, (20.0, 0.04, 100.0, 1e-9, 0), strict=True)))
        catalogue.refresh()
        assert read == ["e_growing"]
        assert [(entry.rows, entry.outcome) for entry in catalogue.find("e_growing")] == [(3, "running")]
        writer.end("done")


def test_a_run_whose_writer_died_without_a_word_becomes_interrupted(tmp_path: Path) -> None:
    with Catalogue(tmp_path) as catalogue:
        writer = begun(tmp_path, "r")
        catalogue.refresh()
        assert catalogue.find()[0].outcome == "running"
        writer.close()
        catalogue.refresh()
        assert catalogue.find()[0].outcome == "interrupted"


def test_a_run_that_is_gone_is_forgotten_and_its_number_never_given_again(data: Path) -> None:
    assert [entry.id for entry in found(data)] == [1, 2, 3, 4]
    shutil.rmtree(data / "b_sweep")
    written(data, "e_new")
    assert [(entry.id, entry.folder) for entry in found(data)] == [
        (1, "a_ramp"),
        (3, "c_failed"),
        (4, "d_killed"),
        (5, "e_new"),
    ]
    (data / CATALOGUE_NAME).unlink()
    assert [entry.id for entry in found(data)] == [1, 3, 4, 5]


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_index_is_made_anew(data: Path, content: bytes) -> None:
    before = found(data)
    (data / CATALOGUE_NAME).write_bytes(content)
    assert found(data) == before
    with Catalogue(data) as catalogue:
        assert not catalogue.in_memory


def test_an_index_that_is_spoilt_while_in_use_is_made_anew(data: Path) -> None:
    with Catalogue(data) as catalogue:
        catalogue.refresh()
        before = catalogue.find()
        catalogue._index.execute("DROP TABLE runs")
        assert catalogue.find() == before


def test_an_index_deleted_while_in_use_comes_back(data: Path) -> None:
    with Catalogue(data) as catalogue:
        catalogue.refresh()
        (data / CATALOGUE_NAME).unlink()
        written(data, "e_new")
        catalogue.refresh()
        assert len(catalogue.find()) == 5
    assert len(found(data)) == 5


def test_an_index_of_another_version_is_made_anew(data: Path) -> None:
    before = found(data)
    with sqlite3.connect(data / CATALOGUE_NAME) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    assert found(data) == before


def test_where_no_index_can_be_kept_it_is_kept_in_memory(data: Path) -> None:
    (data / CATALOGUE_NAME).mkdir()
    (data / NOTES_NAME).mkdir()
    with Catalogue(data) as catalogue:
        assert catalogue.in_memory
        with pytest.raises(RunFileError, match="they cannot be read"):
            catalogue.refresh()
        (data / NOTES_NAME).rmdir()
        catalogue.refresh()
        assert [entry.id for entry in catalogue.find()] == [1, 2, 3, 4]


def test_without_the_right_to_write_runs_have_numbers_for_this_program(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise RunFileError("notes: permission is denied")

    monkeypatch.setattr(Notes, "number", refused)
    with Catalogue(data) as catalogue:
        catalogue.refresh()
        assert [entry.id for entry in catalogue.find()] == [1, 2, 3, 4]
        written(data, "0_late")
        catalogue.refresh()
        assert {entry.folder: entry.id for entry in catalogue.find()}["0_late"] == 5


def test_an_index_that_another_program_holds_does_not_stop_anybody(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = found(data)
    written(data, "e_new")
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    other = sqlite3.connect(data / CATALOGUE_NAME, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with Catalogue(data) as catalogue:
            assert catalogue.find() == before  # reading goes on
            catalogue.refresh()
            assert catalogue.in_memory
            assert len(catalogue.find()) == 5
    finally:
        other.close()


def test_several_programs_may_refresh_while_runs_are_written(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    failures: list[BaseException] = []
    over = threading.Event()

    def watch() -> None:
        try:
            with Catalogue(data) as catalogue:
                while not over.is_set():
                    catalogue.refresh()
                    for entry in catalogue.find():
                        assert entry.outcome in ("running", "done", "interrupted")
        except BaseException as error:  # noqa: BLE001  it is raised in the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=watch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(40):
        written(data, f"run-{number:02d}")
    over.set()
    for thread in threads:
        thread.join(60)
    assert failures == []
    entries = found(data)
    assert sorted(entry.id for entry in entries) == list(range(1, 41))
    assert {entry.outcome for entry in entries} == {"done"}


def test_a_thousand_runs_are_refreshed_in_a_fifth_of_a_second_and_found_in_a_twentieth(tmp_path: Path) -> None:
    written(tmp_path, "run-0000")
    for number in range(1, 1000):
        shutil.copytree(tmp_path / "run-0000", tmp_path / f"run-{number:04d}")
    with Catalogue(tmp_path) as catalogue:
        catalogue.refresh()

        def best(act: Any) -> float:
            """Seconds of this thread: what other programs take from it is not a cost of the catalogue."""
            times = []
            for _ in range(5):
                began = time.thread_time()
                act()
                times.append(time.thread_time() - began)
            return min(times)

        assert best(catalogue.refresh) < 0.2
        assert best(catalogue.find) < 0.05
        assert best(lambda: catalogue.find('H:50..150 T:0.05 sample:S1 "run-09"')) < 0.05
        assert len(catalogue.find('H:50..150 T:0.05 sample:S1 "run-09"')) == 100


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="there is no such folder; give the one that holds your runs"):
        Catalogue(tmp_path / "nowhere")


# Filters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "abcd"),
        ("outcome:failed", "c"),
        ("outcome:INTERRUPTED", "d"),
        ("sample:s0", "a"),
        ("sample:S", ""),
        ('stage:"anneal 1"', "a"),
        ("station:triton simulated", "d"),
        ("real", "abc"),
        ("H:-10..10", "b"),
        ("H:100", "acd"),
        ("H:99..", "acd"),
        ("H:..-20", "b"),
        ("H:9..10mT", "acd"),
        ("H:0.009T..0.01T", "acd"),
        ("T:0.09..0.2", "abcd"),
        ("T:0.3..0.4 H:50", ""),
        ("T:50mK", "acd"),
        ("T:0.05..0.06", "acd"),
        ("rows:3", "b"),
        ("id:2", "b"),
        (">2020-01-01", "abcd"),
        ("<2020-01-01", ""),
        ("after:2020-01-01T12:00 before:2999-01-01", "abcd"),
        ("tag:cool", "b"),
        ("tag:coo", ""),
        ("star", "a"),
        ("note:lead", "a"),
        ("LEAD", "a"),
        ('"warm lead"', "a"),
        ("sweep", "b"),
        ("100%", ""),
        ("a_r", "a"),
        ("a-r", ""),
        ("' OR 1=1 --", ""),
    ],
)
def test_a_filter_finds(data: Path, text: str, expected: str) -> None:
    with Catalogue(data) as catalogue:
        catalogue.refresh()
        catalogue.notes.tag("b_sweep", ["cool", "bad"])
        catalogue.notes.star("a_ramp")
        catalogue.notes.note("a_ramp", "warm lead")
        catalogue.refresh()
        assert "".join(entry.folder[0] for entry in catalogue.find(text)) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("smaple:S1", "filter 'smaple:S1': smaple: is unknown; did you mean sample:?"),
        ("qq:1", "filter 'qq:1': qq: is unknown; allowed are after:, before:, family:, H:, id:, item:, night:, note:,"),
        ("type:RTT", "filter 'type:RTT': there is no such type; allowed are MR, RH, RT, check, dVdI, zero and"),
        ("outcome:good", "there is no such outcome; allowed are running, interrupted, done, stopped, failed, damaged"),
        ("H:3..1", "filter 'H:3..1': the range ends below its beginning; write the smaller number first"),
        ("H:1..3K", "filter 'H:1..3K': '1K' has the wrong dimension; write for example \"H:0..300Oe\""),
        ("T:cold", "filter 'T:cold': 'cold' is not a number with a unit such as K"),
        ("T:", "filter 'T:': nothing stands behind the colon; write for example T:0.05..0.1"),
        (">yesterday", "filter '>yesterday': 'yesterday' is not a day or a time; write for example >2026-11-01"),
        ("id:two", "filter 'id:two': 'two' is not a whole number; write for example id:1"),
        ("rows:x", "filter 'rows:x': 'x' is not a whole number; rows:50 are runs with 50 rows or more"),
        ('"open', "a quotation mark is not closed; write two, or none"),
    ],
)
def test_a_wrong_filter_gets_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(FilterError) as refused:
        condition_of(text)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=30)
    | st.lists(
        st.tuples(
            st.sampled_from(["H:", "T:", "type:", "tag:", ">", "<", "id:", "rows:", "after:", "night:", ""]),
            st.text("0123456789.-+eE\"%_\\'\0T KOe", max_size=8),
        ).map("".join),
        max_size=3,
    ).map(" ".join)
)
def test_no_text_breaks_the_index(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "no-text-breaks-it"
    if not folder.exists():
        written(folder, "a_ramp")
    with Catalogue(folder) as catalogue, contextlib.suppress(FilterError):
        catalogue.find(text)


# Notes


def test_notes_outlive_torn_and_damaged_lines(data: Path) -> None:
    notes = Notes(data)
    notes.tag("a_ramp", ["one"])
    notes.star("a_ramp")
    path = data / NOTES_NAME
    path.write_bytes(path.read_bytes()[:-10])  # cut in the middle of a line
    notes.tag("a_ramp", ["two"])
    lines = path.read_bytes().split(b"\n")
    assert notes.read()["a_ramp"].tags == ("one", "two")
    assert notes.read()["a_ramp"].star is False
    path.write_bytes(b"\n".join([b"rubbish", *lines]))
    assert notes.read()["a_ramp"].tags == ("one", "two")


def test_what_was_said_can_be_taken_back(data: Path) -> None:
    notes = Notes(data)
    notes.tag("a_ramp", ["one", "two"])
    notes.tag("a_ramp", ["one"], on=False)
    notes.star("a_ramp")
    notes.star("a_ramp", on=False)
    notes.note("a_ramp", "first")
    notes.note("a_ramp", "")
    remark = notes.read()["a_ramp"]
    assert (remark.tags, remark.star, remark.note) == (("two",), False, "")


def test_many_may_write_notes_at_once_and_no_number_is_given_twice(tmp_path: Path) -> None:
    def say(who: int) -> None:
        for number in range(20):
            Notes(tmp_path).number([f"run-{number}", f"own-{who}-{number}"])

    threads = [threading.Thread(target=say, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    given = [remark.number for remark in Notes(tmp_path).read().values()]
    assert sorted(given) == list(range(1, 101))


class _Jumping:
    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_notes_that_another_program_holds_are_refused_after_a_while(tmp_path: Path) -> None:
    from coldfinger.runfiles.disk import Disk

    (tmp_path / NOTES_NAME).touch()
    with (tmp_path / NOTES_NAME).open("rb") as held:
        Disk().lock(held.fileno())
        with pytest.raises(RunFileError, match="another program has held them for 5 s; end it and try again"):
            Notes(tmp_path, _Jumping()).star("a")


# The command


def asked(data: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(runs, [*words, "--data", str(data)])
    return result.exit_code, result.output


def test_the_command_prints_a_table(data: Path) -> None:
    status, text = asked(data)
    assert status == 0
    for word in ("a_ramp", "S0", "0.05 to 0.7", "-50 to 50", "0 of 2", "interrupted", "(sim)", "4 runs in"):
        assert word in text


def test_the_command_prints_json(data: Path) -> None:
    status, text = asked(data, "H:-10..10", "--json")
    assert status == 0
    (entry,) = json.loads(text)
    assert (entry["folder"], entry["rows"]) == ("b_sweep", 3)


def test_runs_are_tagged_starred_and_annotated(data: Path) -> None:
    assert asked(data, "tag", "1", "cool", "wide") == (0, "")
    assert asked(data, "tag", "a_ramp", "wide", "--off") == (0, "")
    assert asked(data, "star", "1", "3") == (0, "")
    assert asked(data, "star", "3", "--off") == (0, "")
    assert asked(data, "note", "2", "warm", "lead") == (0, "")
    assert names(data, "star tag:cool") == ["a_ramp"]
    assert names(data, '"warm lead"') == ["b_sweep"]
    assert asked(data, "star", "--json")[1].count('"folder"') == 1
    assert asked(data, "note", "2", "--off", "x") == (0, "")
    assert names(data, '"warm lead"') == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("tag", "99", "cool"), "run '99': there is none in"),
        (("tag", "1"), "tag: name the run first, then what to say; for example: coldfinger runs tag 17 cool"),
        (("note", "1"), 'coldfinger runs note 17 "warm lead"'),
        (("tag", "1", "two words"), "a tag is one word without blanks and quotation marks; use a - instead"),
        (("H:3..1",), "the range ends below its beginning"),
        (("H:3", "--off"), "--off goes with tag or star"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(data: Path, words: tuple[str, ...], sentence: str) -> None:
    status, text = asked(data, *words)
    assert status == 2
    assert sentence in text
