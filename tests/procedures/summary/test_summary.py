"""The morning summary: what is on disk, told without a gap, for nights that ended well, badly or not at all."""

import json
import math
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from coldfinger.procedures.commands.summary import summary
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.procedures.engine.engine import Engine
from coldfinger.procedures.engine.items import (
    DONE,
    FAILED,
    RUN,
    RUNNING,
    SET,
    SKIPPED,
    Family,
    Item,
    Night,
)
from coldfinger.procedures.engine.queue_journal import QueueJournal, new_night, nights, state_event
from coldfinger.procedures.engine.resume import night_event
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.rows.row import COLUMNS
from coldfinger.procedures.station import open_station
from coldfinger.procedures.summary.summary import SummaryError, summarise
from coldfinger.procedures.summary.summary_html import as_html
from coldfinger.procedures.summary.summary_report import CurveReport, NightReport
from coldfinger.procedures.summary.summary_svg import family_svg
from coldfinger.procedures.summary.summary_text import WIDTH, as_text
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.quality import Quality

NAME = "film <b>7</b> & more"


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short night on the simulated refrigerator, carried out by the engine itself."""
    data = tmp_path_factory.mktemp("measured")
    short = {"points": 12, "start": 0.5, "stop": 0.06, "final_points": 2}

    def ramp(id: str, field: float, **more: Any) -> Item:
        family = Family("1", "R(T) family", "field_Oe", field)
        return Item(
            RUN, id, f"R(T) at {field:g} Oe", "TemperatureRamp", {"field": field, **short, **more}, family=family
        )

    items = (
        ramp("1", 0.0, checks="base"),
        ramp("2", 300.0),
        Item(RUN, "3", "too far", "TemperatureRamp", {"field": 9000.0}),
        Item(RUN, "4", "only then", "TemperatureRamp", short, only_if="rho(base) > 900 Mohm"),
        Item(SET, "5", "field to zero", settings={"field": 0.0}),
    )
    night = Night(NAME, items)
    with open_station(read_station_file(), sample="S0", seed=1) as station:
        station.connect()
        journal = QueueJournal(new_night(data, "film 7"), station.clock, sync=False)
        start = {"schema": 1, "night": night_event(night), "station": {"name": "sim"}, "simulated": True}
        journal.write("start", **start, resumes=False)
        assert Engine(station, night, data, journal, sync=False).run().outcome == "partly"
    return data


def journal_of(data: Path, clock: Hand, items: tuple[Item, ...] = (), name: str = "hand", **start: Any) -> QueueJournal:
    """A night written by hand, begun."""
    journal = QueueJournal(new_night(data, name), clock, sync=False)
    begin(journal, items, name, **start)
    return journal


def begin(journal: QueueJournal, items: tuple[Item, ...], name: str = "hand", **start: Any) -> None:
    night = {"schema": 1, "night": night_event(Night(name, items)), "station": {"name": "triton"}, "simulated": True}
    journal.write("start", **(night | start), resumes=False)
    journal.write("queue", items=[item.to_json() for item in items])


def row(**values: float) -> dict[str, float]:
    usual = {
        "T_set (K)": 0.05,
        "T_mc (K)": 0.05,
        "T_sample (K)": 0.05,
        "T_sample_sd (K)": 1e-4,
        "rho (ohm)": 1e4,
        "rho_sd (ohm)": 1.0,
        "X_sd (V)": 1e-9,
        "flags": 0,
    }
    return {name: {**dict.fromkeys(COLUMNS, 0.0), **usual, **values}[name] for name in COLUMNS}


def run_file(data: Path, name: str, rows: list[dict[str, float]], **header: Any) -> RunWriter:
    kept = {"simulated": True, "station": {"name": "triton"}, "sample": {"name": "S1"}} | header
    writer = RunWriter(
        data / name, header=kept, columns=TemperatureRamp.DATA_COLUMNS, procedure=TemperatureRamp(), sync=False
    )
    for values in rows:
        writer.point(values)
    return writer


def night_of(data: Path) -> NightReport:
    (night,) = summarise(data).nights
    return night


# A night that was measured


def test_what_ran_has_its_times_and_rows(measured: Path) -> None:
    night = night_of(measured)
    assert (night.name, night.station, night.simulated, night.state) == (NAME, "sim", True, "partly")
    first, second, too_far, only_then, move = night.items
    assert (first.state, first.rows, first.believed) == (DONE, 14, 14)
    assert first.begun < first.ended == second.begun < second.ended
    assert first.seconds is not None
    assert first.predicted_seconds == pytest.approx(first.seconds, rel=0.1)
    assert night.predicted_seconds == pytest.approx(night.taken_seconds, rel=0.1)
    assert (move.state, move.rows, only_then.begun) == (DONE, 0, "")
    assert (too_far.state, only_then.state) == (FAILED, SKIPPED)


def test_what_did_not_run_says_why_in_the_words_of_the_journal(measured: Path) -> None:
    text = " ".join(as_text(summarise(measured)).split())
    assert "too far: failed: not started: field: 9000 Oe (0.9 T) is beyond the limit of built-in station sim" in text
    assert "only then: skipped: only if rho(base) > 900 Mohm; but" in text
    assert "3 of 5 items done, 1 failed, 1 skipped; 28 of 28 rows believed" in text


def test_fits_agree_with_the_film_and_carry_their_errors(measured: Path) -> None:
    night = night_of(measured)
    zero, high = night.fits
    assert (zero.law, high.law, zero.field_Oe, high.field_Oe) == ("eq2", "eq1", 0.0, 300.0)
    base = dict(high.parameters)["sigma_QF"]
    assert base["value"] is not None
    assert base["sd"] is not None
    assert base["value"] == pytest.approx(31.05e-6, rel=0.02)  # the film S0 at 300 Oe, as test_demo finds it
    assert 0 < base["sd"] < 0.01 * base["value"]
    assert high.label == "failed insulator"
    assert "σ_QF = 3" in high.text
    assert "±" in high.text
    assert "χ²/ν" in high.text


def test_belief_tests_are_told_with_their_sentences(measured: Path) -> None:
    night = night_of(measured)
    assert {check.name for check in night.checks} == {"linearity", "frequency", "heating", "leads", "thermometer"}
    assert all(check.run == "R(T) at 0 Oe" and check.sentence for check in night.checks)


def test_the_end_state_is_told_item_by_item(measured: Path) -> None:
    night = night_of(measured)
    assert [item["item"] for item in night.safe] == ["excitation", "bias", "heater", "magnet"]
    assert "safe: excitation: source at 0.004 V; bias: " in " ".join(as_text(summarise(measured)).split())


def test_the_text_fits_its_page_and_the_json_is_plain(measured: Path) -> None:
    told = summarise(measured)
    text = as_text(told)
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    assert len(text.splitlines()) < 60
    plain = json.loads(json.dumps(told.to_json(), allow_nan=False))
    assert plain["nights"][0]["items"][0]["rows"] == 14
    assert len(plain["nights"][0]["curves"]) == 2


class _Page(HTMLParser):
    """Tags that are open, every tag and attribute that was seen, and the text."""

    void = ("meta", "br", "line", "rect")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_needs_nothing_else_and_escapes_every_text(measured: Path) -> None:
    html = as_html(summarise(measured))
    page = _Page()
    page.feed(html)
    assert page.open == []
    assert NAME in page.text
    assert "<b>" not in html
    assert not page.tags & {"script", "img", "link", "iframe", "object", "a"}
    assert not [name for name, _ in page.attributes if name in ("src", "href") or name.startswith("on")]
    assert "http" not in html.replace("http-equiv", "")
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_the_drawing_has_one_line_a_curve_inside_its_frame(measured: Path) -> None:
    svg = ET.fromstring(family_svg(night_of(measured).curves))
    lines = svg.findall("polyline")
    assert len(lines) == 2
    for line in lines:
        places = [tuple(map(float, pair.split(","))) for pair in line.get("points", "").split()]
        assert all(70 <= x <= 650 and 12 <= y <= 356 for x, y in places)
    assert {text.text for text in svg.findall("text")} >= {"0 Oe", "300 Oe", "T (K)", "ρ (Ω per square)", "0.1"}


def test_many_names_beside_a_drawing_do_not_cover_each_other() -> None:
    curves = [CurveReport(f"run {i}", 30.0 * i, (0.05, 0.7), (1e4 + i, 1e4)) for i in range(20)]
    svg = ET.fromstring(family_svg(curves))
    heights = sorted(float(text.get("y", "")) for text in svg.findall("text") if str(text.text).endswith("Oe"))
    assert len(heights) == 20
    assert min(b - a for a, b in pairwise(heights)) >= 12.9


def test_nothing_is_drawn_without_curves() -> None:
    assert family_svg(()) == ""


# Nights that ended otherwise


def test_a_night_cut_anywhere_is_told_and_called_interrupted(measured: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(measured, data)
    (folder,) = nights(data)
    whole = (folder / "queue.jsonl").read_bytes()
    lines = whole[: whole.index(b'"event":"end"')].splitlines(keepends=True)[:-1]
    for count in [0, 1, 2, *range(3, len(lines), 11), len(lines)]:
        (folder / "queue.jsonl").write_bytes(b"".join(lines[:count]) + b'00000000 {"seq"')
        night = night_of(data)
        assert night.state == "interrupted"
        assert "its program ended without a word" in night.reason
        as_html(summarise(data))


def test_an_item_that_ran_when_the_program_died_is_interrupted_and_keeps_its_rows(tmp_path: Path) -> None:
    clock = Hand()
    items = (Item(RUN, "1", "first", "TemperatureRamp"), Item(RUN, "2", "second", "TemperatureRamp"))
    journal = journal_of(tmp_path, clock, items)
    journal.write("state", **state_event(items[0].but(state=RUNNING, attempts=1)))
    run_file(tmp_path, "first", [row(), row()]).close()
    journal.write("file", id="1", folder="first")
    journal.write("engine", state="running", reason="first")
    journal.close()
    first, second = night_of(tmp_path).items
    assert (first.state, first.rows) == ("interrupted", 2)
    assert "the program ended while it ran" in first.reason
    assert second.reason.startswith("not begun: the night was interrupted: its program ended without a word")
    text = " ".join(as_text(summarise(tmp_path)).split())
    assert "nothing was written about the safe state: look at the instruments" in text
    assert "the last state was running: first" in text


def test_a_night_that_still_runs_is_running(tmp_path: Path) -> None:
    items = (Item(RUN, "1", "first", "TemperatureRamp"), Item(RUN, "2", "second", "TemperatureRamp"))
    journal = journal_of(tmp_path, Hand(), items)
    try:
        journal.write("state", **state_event(items[0].but(state=RUNNING, attempts=1)))
        journal.write("engine", state="running", reason="first")
        night = night_of(tmp_path)
        assert (night.state, night.reason) == ("running", "running: first")
        assert [(item.state, item.reason) for item in night.items] == [("running", ""), ("waiting", "")]
        assert "Not carried out" not in as_text(summarise(tmp_path))
        assert "look at the instruments" not in as_text(summarise(tmp_path))
    finally:
        journal.close()


def test_seams_of_a_resumed_night_are_told(tmp_path: Path) -> None:
    clock = Hand()
    item = Item(RUN, "1", "first", "TemperatureRamp")
    journal = journal_of(tmp_path, clock, (item,))
    journal.close()
    again = QueueJournal(journal.folder, clock, sync=False)
    done = item.but(state=DONE, attempts=2, folders=("part1", "part2"), rows=5, seconds=100.0, predicted_seconds=90.0)
    begin(again, (done,))
    again.write("event", level="warning", kind="retry", text="first: no answer; it is tried again (1 of 2)")
    again.write("command", name="pause", who="Ctrl-C", arguments={})
    again.write("end", outcome="done", reason="", safe=[{"item": "heater", "done": False, "detail": "silent"}])
    again.close()
    with run_file(tmp_path, "part1", [row() for _ in range(4)], run_id="a") as writer:
        writer.mark("resumed", "after 5 min 0 s", seconds=300.0)
        writer.end("stopped")
    continues = {"run_id": "a", "folder": "part1", "keeps": 3}
    with run_file(tmp_path, "part2", [row(), row()], part=2, continues=continues) as writer:
        writer.mark("continued", "part 2, after part1 (stopped)")
        writer.end("done")
    night = night_of(tmp_path)
    text = " | ".join(night.seams)
    assert night.state == "done"
    assert "the night was interrupted and gone on with after" in text
    assert "first: no answer; it is tried again (1 of 2)" in text
    assert "first: in 2 parts, 1 row measured again" in text
    assert "first: paused; resumed after 5 min 0 s, after 4 rows" in text
    assert "first: part 2, after part1 (stopped)" in text
    assert (night.items[0].rows, night.items[0].attempts) == (5, 2)
    page = as_text(summarise(tmp_path))
    assert "pause by Ctrl-C" in page
    assert "heater is NOT safe: silent" in page
    assert '<li class="bad">heater is NOT safe: silent</li>' in as_html(summarise(tmp_path))
    assert "(+11 %)" in page


def test_virtual_time_goes_on_where_a_killed_part_had_come_to(tmp_path: Path) -> None:
    clock = Hand()
    item = Item(RUN, "1", "first", "TemperatureRamp")
    journal = journal_of(tmp_path, clock, (item,))
    clock.now = 36000.0
    journal.write("state", **state_event(item.but(state=RUNNING, attempts=1)))
    journal.close()
    clock.now = 0.0
    again = QueueJournal(journal.folder, clock, sync=False)
    begin(again, (item,))
    clock.now = 60.0
    again.write("state", **state_event(item.but(state=DONE, attempts=2)))
    again.close()
    (told,) = night_of(tmp_path).items
    took = datetime.fromisoformat(told.ended) - datetime.fromisoformat(told.begun)
    assert took.total_seconds() == 60.0
    assert night_of(tmp_path).seconds == 36060.0


def test_at_a_real_station_the_times_are_those_of_the_world(tmp_path: Path) -> None:
    clock = Hand()
    item = Item(RUN, "1", "first", "TemperatureRamp")
    journal = journal_of(tmp_path, clock, (item,), simulated=False)
    clock.now = 36000.0
    journal.write("state", **state_event(item.but(state=RUNNING, attempts=1)))
    journal.close()
    begun = datetime.fromisoformat(night_of(tmp_path).items[0].begun)
    assert abs((datetime.now(UTC) - begun).total_seconds()) < 60.0


def test_alarms_stand_before_warnings_and_flags_are_counted(tmp_path: Path) -> None:
    item = Item(RUN, "1", "first", "TemperatureRamp", state=DONE, folders=("r",))
    journal = journal_of(tmp_path, Hand(), (item,))
    journal.write("event", level="warning", kind="disk", text="slow")
    journal.write("event", level="info", kind="survey", text="nothing to tell")
    journal.write("event", level="alarm", kind="quench", text="the magnet has quenched")
    journal.write("end", outcome="held", reason="quench", safe=[])
    journal.close()
    flags = [int(Quality.OVERLOAD | Quality.SEAM), int(Quality.OVERLOAD), int(Quality.SEAM), 0]
    with run_file(tmp_path, "r", [row(flags=flag) for flag in flags]) as writer:
        writer.end("done")
    night = night_of(tmp_path)
    assert night.flags == (("overload", 2), ("seam", 2))
    assert night.not_believed == {"overload": 2}
    text = as_text(summarise(tmp_path))
    assert text.index("ALARM: the magnet has quenched") < text.index("WARNING: slow")
    assert "nothing to tell" not in text
    assert "not believed: overload 2" in text
    assert "held: quench" in text
    assert "2 of 4 rows believed" in text


def test_a_failed_belief_test_is_told_even_of_a_killed_run(tmp_path: Path) -> None:
    item = Item(RUN, "1", "first", "TemperatureRamp", state=DONE, folders=("r",))
    journal = journal_of(tmp_path, Hand(), (item,))
    journal.close()
    writer = run_file(tmp_path, "r", [row()])
    verdict = {"name": "heating", "outcome": "fail", "sentence": "rho falls by 3 % at a third of the current"}
    writer.mark("check", "heating: fail", **verdict, numbers={})
    writer.close()
    assert "first: heating: fail: rho falls by 3 % at a third of the current" in as_text(summarise(tmp_path))
    assert '<li class="bad">first: heating: fail' in as_html(summarise(tmp_path))


# Odd things


def odd_of(data: Path, rows: list[dict[str, float]], marks: tuple[tuple[str, str], ...] = ()) -> str:
    journal = journal_of(data, Hand(), (Item(RUN, "1", "first", "TemperatureRamp", state=DONE, folders=("r",)),))
    journal.close()
    with run_file(data, "r", rows) as writer:
        for kind, text in marks:
            writer.mark(kind, text)
        writer.end("done")
    return " | ".join(night_of(data).odd)


def test_a_drift_at_base_is_told(tmp_path: Path) -> None:
    rows = [row(**{"time (s)": 60.0 * i, "T_mc (K)": 0.05 + 1e-4 * i}) for i in range(31)]
    assert odd_of(tmp_path, rows) == (
        "first: the mixing chamber drifted by 3 mK in 30 min 0 s at the set point of 50 mK"
    )


def test_noise_at_base_is_no_drift(tmp_path: Path) -> None:
    rows = [row(**{"time (s)": 60.0 * i, "T_mc (K)": 0.05 + 2e-3 * math.cos(2.5 * i)}) for i in range(31)]
    assert odd_of(tmp_path, rows) == ""


def test_a_sample_that_disagrees_with_the_mixing_chamber_is_told(tmp_path: Path) -> None:
    rows = [row(**{"time (s)": 60.0 * i, "T_sample (K)": 0.054}) for i in range(10)]
    assert odd_of(tmp_path, rows) == "first: the sample reads 8 % above the mixing chamber at 50 mK"


def test_links_in_doubt_and_a_heater_that_looks_for_its_range_are_told(tmp_path: Path) -> None:
    marks = [("retaken", "lock-in GPIB0::8: no answer")] + [("heater range", f"{i} mA") for i in range(7)]
    odd = odd_of(tmp_path, [row(flags=int(Quality.RETAKEN))], tuple(marks))
    assert "first: a link was in doubt, 1 row taken again, first: lock-in GPIB0::8: no answer" in odd
    assert "first: the heater range changed 6 times" in odd


def test_damage_is_told(tmp_path: Path) -> None:
    assert odd_of(tmp_path, [row() for _ in range(5)]) == ""
    journal = tmp_path / "r" / "run.jsonl"
    lines = journal.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b"10000.0", b"20000.0")
    journal.write_bytes(b"\n".join(lines))
    assert night_of(tmp_path).odd == ("first: torn or damaged lines in r: 1", "first: 1 row missing in r")


def test_noise_far_from_that_of_last_week_is_told(tmp_path: Path) -> None:
    for number in range(4):
        with run_file(tmp_path, f"before-{number}", [row()]) as writer:
            writer.end("done")
    with run_file(tmp_path, "elsewhere", [row(**{"X_sd (V)": 1.0})], station={"name": "other"}) as writer:
        writer.end("done")
    odd = odd_of(tmp_path, [row(**{"X_sd (V)": 3e-9})])
    assert odd == "first: the noise of X is 3e-09 V, 3 times the median of 4 runs of the week before"


def test_usual_noise_is_not_odd(tmp_path: Path) -> None:
    for number in range(4):
        with run_file(tmp_path, f"before-{number}", [row()]) as writer:
            writer.end("done")
    assert odd_of(tmp_path, [row(**{"X_sd (V)": 1.2e-9})]) == ""


def test_a_run_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    items = (
        Item(RUN, "1", "first", "TemperatureRamp", state=DONE, folders=("lost",), rows=7, disbelieved=1),
        Item(RUN, "2", "second", "TemperatureRamp", state=DONE, folders=("r",)),
    )
    journal = journal_of(tmp_path, Hand(), items)
    journal.close()
    with run_file(tmp_path, "r", [row()]) as writer:
        writer.end("done")
    night = night_of(tmp_path)
    assert [(item.rows, item.believed) for item in night.items] == [(7, 6), (1, 1)]
    assert "it does not exist" in night.odd[0]


# Which nights


def several(data: Path) -> None:
    for name in ("one", "two"):
        journal = journal_of(data, Hand(), name=name)
        journal.write("end", outcome="done", reason="", safe=[])
        journal.close()
    with run_file(data, "alone", [row(**{"T_sample (K)": 0.05 + 0.01 * i}) for i in range(3)]) as writer:
        writer.end("done")


def test_the_last_night_is_told_unless_asked_otherwise(tmp_path: Path) -> None:
    several(tmp_path)
    assert [night.name for night in summarise(tmp_path).nights] == ["two"]
    assert [night.name for night in summarise(tmp_path, night="one").nights] == ["one"]
    folder = nights(tmp_path)[0].name
    assert [night.night for night in summarise(tmp_path, night=folder).nights] == [folder]


def test_all_nights_and_single_runs_since_a_time_are_told(tmp_path: Path) -> None:
    several(tmp_path)
    now = datetime.now(UTC)
    told = summarise(tmp_path, now - timedelta(hours=1)).nights
    assert [night.name for night in told] == ["one", "two", "runs outside a night"]
    assert [(item.name, item.state, item.rows) for item in told[2].items] == [("alone", "done", 3)]
    assert "no fit: fit: 3 points at or below 0.7 K; at least 5 are needed" in as_text(
        summarise(tmp_path, now - timedelta(hours=1))
    )


def test_without_a_night_the_runs_of_the_last_day_are_told(tmp_path: Path) -> None:
    with run_file(tmp_path, "part1", [row()], run_id="a") as writer:
        writer.end("stopped", "by the user")
    with run_file(tmp_path, "part2", [row()], part=2, continues={"run_id": "a", "folder": "part1", "keeps": 1}) as more:
        more.end("done")
    (item,) = night_of(tmp_path).items
    assert (item.folders, item.rows, item.state) == (("part1", "part2"), 2, "done")
    as_html(summarise(tmp_path))


def test_where_there_is_nothing_to_tell_one_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(SummaryError, match="there is neither a night nor a run in it; give another folder or time"):
        summarise(tmp_path)
    several(tmp_path)
    with pytest.raises(SummaryError, match="neither a night nor a run in it since 2999-01-01"):
        summarise(tmp_path, datetime(2999, 1, 1, 12, tzinfo=UTC))
    with pytest.raises(
        SummaryError, match=r"night 'three': there is none in .*queue; the last ones are .*_one, .*_two"
    ):
        summarise(tmp_path, night="three")


# The command


@pytest.fixture
def asked(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    def ask(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(summary, [*words, "--data", str(tmp_path)])
        return result.exit_code, result.output

    return ask


def test_the_command_prints_text_or_json_and_writes_a_page(
    tmp_path: Path, asked: Callable[..., tuple[int, str]]
) -> None:
    several(tmp_path)
    page = tmp_path / "morning.html"
    status, text = asked("--html", str(page))
    assert status == 0
    assert text.startswith("two at triton (simulated): ")
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert not page.with_name("morning.html.part").exists()
    status, text = asked("--night", "one", "--json")
    assert (status, json.loads(text)["nights"][0]["name"]) == (0, "one")


@pytest.mark.parametrize("since", ["2020-01-01", "2020-01-01T12:00", "14 h", "30 min", "7 d", "2 days"])
def test_a_time_may_be_a_day_a_moment_or_a_duration(
    tmp_path: Path, asked: Callable[..., tuple[int, str]], since: str
) -> None:
    several(tmp_path)
    status, text = asked("--since", since)
    assert status == 0
    assert "runs outside a night" in text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--since", "breakfast"), "--since 'breakfast': this is neither a day, a time nor a duration; write for"),
        (("--since", "1e300 h"), "this is neither a day, a time nor a duration"),
        (("--night", "three"), "night 'three': there is none in"),
        (("--night", "one", "--since", "7 d"), "--since and --night exclude each other; give one of them"),
        (("--html", "/nowhere/at/all.html"), "page /nowhere/at/all.html: it cannot be written: No such file"),
    ],
)
def test_a_wrong_question_is_answered_with_one_sentence(
    tmp_path: Path, asked: Callable[..., tuple[int, str]], words: tuple[str, ...], sentence: str
) -> None:
    several(tmp_path)
    status, text = asked(*words)
    assert status == 2
    assert sentence in " ".join(text.split())
