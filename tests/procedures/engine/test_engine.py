"""The engine on the simulated refrigerator, in virtual time: what a queue does, whatever becomes of its items."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coldfinger.procedures.engine.calendar import Calendar, iso
from coldfinger.procedures.engine.engine import Engine
from coldfinger.procedures.engine.face import EngineFace, Refused
from coldfinger.procedures.engine.items import (
    DISABLED,
    DONE,
    FAILED,
    PARTIAL,
    RUN,
    SET,
    SKIPPED,
    WAIT,
    WAITING,
    EndActions,
    FailurePolicy,
    Family,
    Item,
    Night,
)
from coldfinger.procedures.engine.queue_journal import QueueJournal, new_night, read_queue
from coldfinger.procedures.engine.resume import night_event
from coldfinger.procedures.engine.verbs import COMMANDS
from coldfinger.procedures.station import Station
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.reader import read_run

START = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
QUICK = {"points": 3, "start": 0.7, "stop": 0.5, "final_points": 0, "pacing": "log points", "excitation": "gentle"}


def ramp(id: str, name: str = "", **changes: Any) -> Item:
    parameters = {**QUICK, **changes.pop("parameters", {})}
    return Item(RUN, id, name or f"ramp {id}", "TemperatureRamp", parameters, **changes)


@pytest.fixture
def engine_of(simulated: Callable[..., Station], tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    def make(*items: Item, station: Station | None = None, kind: type[Engine] = Engine, **changes: Any) -> Engine:
        station = station or simulated(sample="S0", seed=1)
        own = {name: changes.pop(name) for name in ("patience", "history") if name in changes}
        night = Night("test", items, **changes)
        journal = QueueJournal(new_night(tmp_path, "test"), station.clock)
        journal.write(
            "start", schema=1, night=night_event(night), station={"name": station.name}, simulated=True, resumes=False
        )
        calendar = Calendar(station.clock, virtual=True, start=START)
        return kind(station, night, tmp_path, journal, calendar=calendar, **own)

    return make


def states(engine: Engine) -> list[str]:
    return [item.state for item in engine.queue.items]


def once(engine: Engine, when: Callable[[dict[str, Any]], bool], *commands: tuple[str, dict[str, Any]]) -> None:
    """Give commands when the snapshot is first so; from within the engine's own comings-by, so that a seed repeats."""
    attend = engine._attend
    left = list(commands)

    def attending() -> None:
        attend()
        if left and when(engine.snapshot()):
            name, arguments = left.pop(0)
            engine.command(name, who="test", **arguments)

    engine._attend = attending  # type: ignore[method-assign]


def rows_taken(count: int) -> Callable[[dict[str, Any]], bool]:
    return lambda snapshot: snapshot["running"].get("rows", 0) >= count


def is_safe(station: Station) -> bool:
    lab = station.cryostat
    return lab.lockin.amplitude <= 0.004 and lab.loop.range_current == 0.0 and lab.magnet.sweep_rate == 0.0


def test_the_engine_has_the_face_that_clients_know(engine_of: Callable[..., Engine]) -> None:
    assert isinstance(engine_of(), EngineFace)


def test_different_items_are_carried_out_in_their_order_and_the_station_is_safe_at_the_end(
    engine_of: Callable[..., Engine], tmp_path: Path
) -> None:
    engine = engine_of(
        ramp("1"),
        Item(SET, "2", "to 20 Oe", settings={"field": 2e-3, "temperature": 0.6}),
        Item(WAIT, "3", "rest", settings={"seconds": 120.0}),
        Item(RUN, "4", "sweep", "FieldSweep", {"start": 0.0, "stop": 5.0, "temperature": 0.6}),
        end=EndActions(field=0.0),
    )
    ending = engine.run()
    assert (ending.outcome, ending.reason, states(engine)) == ("done", "", [DONE] * 4)
    assert engine.queue["3"].seconds == pytest.approx(120.0, abs=0.1)
    assert is_safe(engine.station)
    assert abs(engine.station.cryostat.magnet.after) < 0.6  # Oe, but for the station's own offset
    assert [report.done for report in ending.safe] == [True] * 4
    for item in (engine.queue["1"], engine.queue["4"]):
        run = read_run(tmp_path / item.folders[0])
        assert (run.outcome, len(run.frame), run.header["item"]) == ("done", item.rows, item.id)


def test_the_journal_alone_tells_what_was_done(engine_of: Callable[..., Engine]) -> None:
    engine = engine_of(ramp("1"), ramp("2", parameters={"field": 1e6}))
    engine.run()
    record = read_queue(engine.journal.folder)
    assert record.items == engine.queue.items
    assert record.ended["outcome"] == "partly"
    kinds = [event["event"] for event in record.events]
    assert kinds.index("survey") < kinds.index("setpoint") < kinds.index("end")
    assert {"field", "temperature"} <= {event["what"] for event in record.events if event["event"] == "setpoint"}


def test_an_item_that_cannot_run_is_refused_with_its_sentence_and_the_next_one_runs(
    engine_of: Callable[..., Engine],
) -> None:
    engine = engine_of(
        ramp("1", parameters={"field": 60000.0}),
        Item(RUN, "2", "nonsense", "os.system", {}),
        Item(RUN, "3", "unknown", "TemperatureRamp", {"fiedl": 3.0}),
        ramp("4"),
    )
    assert engine.run().outcome == "partly"
    assert states(engine) == [FAILED, FAILED, FAILED, DONE]
    assert "field: 60000 Oe (6 T) is beyond the limit" in engine.queue["1"].reason
    assert "procedure 'os.system' is unknown; allowed are AdaptiveRamp" in engine.queue["2"].reason
    assert "fiedl is not a parameter of TemperatureRamp; allowed are" in engine.queue["3"].reason


def test_a_condition_is_judged_by_the_run_before(engine_of: Callable[..., Engine]) -> None:
    engine = engine_of(
        ramp("1"), ramp("2", only_if="rho(base) > 1 Mohm"), ramp("3", only_if='rho(max) of "ramp 1" < 1 Mohm')
    )
    engine.run()
    assert states(engine) == [DONE, SKIPPED, DONE]
    assert engine.queue["2"].reason.startswith("only if rho(base) > 1 Mohm; but rho(base) > 1 Mohm: it is ")


def test_an_item_waits_for_its_time_and_one_that_would_end_too_late_is_skipped(
    engine_of: Callable[..., Engine],
) -> None:
    begins = START + timedelta(hours=2)
    engine = engine_of(ramp("1", not_before=iso(begins)), ramp("2", must_end_by=iso(begins + timedelta(minutes=3))))
    engine.run()
    assert states(engine) == [DONE, SKIPPED]
    assert "it would take" in engine.queue["2"].reason
    assert engine.station.clock.time() > 7200.0


@pytest.mark.parametrize(
    ("policy", "expected", "outcome"),
    [
        (FailurePolicy("next"), [FAILED, DONE], "partly"),
        (FailurePolicy("hold"), [FAILED, WAITING], "held"),
        (FailurePolicy("safe"), [FAILED, WAITING], "stopped"),
    ],
)
def test_a_failure_means_what_the_policy_says(
    engine_of: Callable[..., Engine], policy: FailurePolicy, expected: list[str], outcome: str
) -> None:
    engine = engine_of(ramp("1", parameters={"field": 1e6}), ramp("2"), on_failure=policy)
    assert engine.run().outcome == outcome
    assert states(engine) == expected
    assert is_safe(engine.station)


def test_the_policy_of_an_item_goes_before_that_of_the_queue(engine_of: Callable[..., Engine]) -> None:
    own = FailurePolicy("next")
    engine = engine_of(
        ramp("1", parameters={"field": 1e6}, on_failure=own), ramp("2"), on_failure=FailurePolicy("hold")
    )
    engine.run()
    assert states(engine) == [FAILED, DONE]


def test_a_skipped_run_keeps_its_rows_and_the_next_one_begins(engine_of: Callable[..., Engine]) -> None:
    engine = engine_of(ramp("1"), ramp("2"))
    once(engine, rows_taken(1), ("skip", {}))
    engine.run()
    assert states(engine) == [SKIPPED, DONE]
    assert engine.queue["1"].reason == f"skipped by the user; {engine.queue['1'].rows} rows are kept"
    assert 1 <= engine.queue["1"].rows < 3


def test_an_abort_is_given_at_once_while_another_thread_is_at_the_queue(engine_of: Callable[..., Engine]) -> None:
    engine = engine_of(ramp("1"))
    order = threading.Thread(target=engine.command, args=("abort",))
    with engine._lock:
        order.start()
        end = time.monotonic() + 30.0
        while not engine._control.aborted:
            assert time.monotonic() < end, "the abort waits for the other thread"
            time.sleep(0.01)
    order.join(30.0)
    assert (engine.run().outcome, states(engine)) == ("held", [WAITING])


def test_an_item_whose_beginning_cannot_be_written_down_is_not_begun(
    engine_of: Callable[..., Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of(ramp("1"))
    write = engine.journal.write

    def failing(event: str, /, **content: Any) -> None:
        if event == "state" and content["state"] == "running":
            raise RunFileError("the disk is full")
        write(event, **content)

    monkeypatch.setattr(engine.journal, "write", failing)
    ending = engine.run()
    assert (ending.outcome, ending.reason) == ("held", "the disk is full")
    assert states(engine) == [PARTIAL]
    assert not list(tmp_path.glob("*/run.jsonl"))


def test_a_skip_is_refused_while_nothing_runs(engine_of: Callable[..., Engine]) -> None:
    engine = engine_of(ramp("1"))
    with pytest.raises(Refused, match="nothing runs that could be skipped"):
        engine.command("skip")
    engine.run()
    assert states(engine) == [DONE]


def test_a_paused_run_goes_on_in_place_and_says_so(engine_of: Callable[..., Engine], tmp_path: Path) -> None:
    engine = engine_of(ramp("1"))
    once(engine, rows_taken(1), ("pause", {}))
    attend = engine._attend
    held: list[float] = []

    def attending() -> None:
        attend()
        if engine.snapshot()["state"] == "paused":
            held.append(engine.station.clock.time())
            if held[-1] - held[0] > 300.0:
                engine.command("resume")

    engine._attend = attending  # type: ignore[method-assign]
    engine.run()
    assert states(engine) == [DONE]
    marks = [mark.kind for mark in read_run(tmp_path / engine.queue["1"].folders[0]).marks]
    assert marks.index("paused") < marks.index("resumed")
    assert held[-1] - held[0] >= 300.0


def test_an_abort_makes_the_station_safe_within_a_second_of_its_time_and_holds_the_queue(
    engine_of: Callable[..., Engine],
) -> None:
    engine = engine_of(ramp("1"), ramp("2"))
    once(engine, rows_taken(1), ("abort", {}))
    engine.run()
    assert states(engine) == [PARTIAL, WAITING]
    assert is_safe(engine.station)
    [command] = [e for e in read_queue(engine.journal.folder).events if e["event"] == "command"]
    [safe] = [e for e in read_queue(engine.journal.folder).events if e["event"] == "safe"][:1]
    assert (command["name"], command["who"]) == ("abort", "test")
    assert safe["clock"] - command["clock"] < 3.0  # the way to the safe state and its reading back included


def test_an_aborted_queue_goes_on_at_its_next_set_point_when_it_is_resumed(
    engine_of: Callable[..., Engine], tmp_path: Path
) -> None:
    engine = engine_of(ramp("1"), patience=5.0)
    once(engine, rows_taken(1), ("abort", {}))
    attend = engine._attend

    def attending() -> None:
        attend()
        if engine.snapshot()["state"] == "held":
            engine.command("resume")

    engine._attend = attending  # type: ignore[method-assign]
    thread = threading.Thread(target=engine.run)
    thread.start()
    thread.join(60.0)
    engine.command("stop")
    thread.join(60.0)
    item = engine.queue["1"]
    assert (item.state, len(item.folders)) == (DONE, 2)
    assert sum(len(read_run(tmp_path / folder).frame) for folder in item.folders) == 3


def test_the_queue_is_edited_while_it_runs(engine_of: Callable[..., Engine]) -> None:
    engine = engine_of(ramp("1"), ramp("2"), ramp("3"), ramp("4"))
    once(
        engine,
        rows_taken(1),
        ("move", {"ids": ["4"], "before": "2"}),
        ("edit", {"id": "2", "changes": {"parameters": {"field": 10.0}}}),
        ("disable", {"ids": ["3"]}),
        ("add", {"items": [ramp("x", "added").to_json()], "before": "2"}),
    )
    engine.run()
    assert [(item.id, item.state) for item in engine.queue.items] == [
        ("1", DONE),
        ("4", DONE),
        ("5", DONE),
        ("2", DONE),
        ("3", DISABLED),
    ]
    assert read_queue(engine.journal.folder).items == engine.queue.items


def test_an_edit_that_breaks_a_limit_is_refused_and_changes_nothing(engine_of: Callable[..., Engine]) -> None:
    engine = engine_of(ramp("1"), ramp("2"))
    before = engine.queue.items
    with pytest.raises(Refused, match=r"field: 60000 Oe \(6 T\) is beyond the limit"):
        engine.command("edit", id="2", changes={"parameters": {"field": 60000.0}})
    with pytest.raises(Refused, match="is beyond the limit"):
        engine.command("add", items=[ramp("x", parameters={"field": 60000.0}).to_json()])
    with pytest.raises(Refused, match="command 'halt' is unknown; allowed are pause, resume"):
        engine.command("halt")
    with pytest.raises(Refused, match="command move: "):
        engine.command("move", wrong=1)
    assert engine.queue.items == before
    assert "abort" in COMMANDS


def test_a_family_gets_its_manifest_as_its_members_end(engine_of: Callable[..., Engine], tmp_path: Path) -> None:
    members = [
        ramp(str(i), parameters={"field": h}, family=Family("A", "R(T) family", "field_Oe", h))
        for i, h in enumerate((0.0, 20.0), 1)
    ]
    engine = engine_of(*members)
    engine.run()
    [path] = tmp_path.glob("*_family-A.json")
    manifest = json.loads(path.read_text())
    assert (manifest["kind"], manifest["wanted"], manifest["simulated"]) == ("R(T) family", [0.0, 20.0], True)
    assert [(run["field_Oe"], run["rows"], run["outcome"]) for run in manifest["runs"]] == [
        (0.0, 3, DONE),
        (20.0, 3, DONE),
    ]


def test_a_snapshot_is_plain_and_foresees_the_end(engine_of: Callable[..., Engine]) -> None:
    engine = engine_of(ramp("1"), Item(WAIT, "2", "rest", settings={"seconds": 1000.0}))
    seen: list[dict[str, Any]] = []
    attend = engine._attend

    def attending() -> None:
        attend()
        seen.append(json.loads(json.dumps(engine.snapshot())))

    engine._attend = attending  # type: ignore[method-assign]
    engine.run()
    actual = engine.calendar.now()
    first = next(snapshot for snapshot in seen if snapshot["state"] == "running")
    foreseen = datetime.fromisoformat(first["ends"]["utc"])
    assert abs((foreseen - actual).total_seconds()) < 0.1 * engine.station.clock.time()
    assert any("T_sample (K)" in snapshot["latest"] for snapshot in seen)
    assert engine.snapshot()["state"] == "ended"


def test_a_quenched_magnet_is_found_by_the_survey_and_nothing_is_commanded(
    engine_of: Callable[..., Engine], simulated: Callable[..., Station]
) -> None:
    station = simulated(sample="S0")
    station.cryostat.magnet.quenched = True
    engine = engine_of(ramp("1"), station=station)
    ending = engine.run()
    assert (ending.outcome, states(engine)) == ("refused", [WAITING])
    assert "the magnet has quenched; see to it, clear the quench at the supply, then begin again" in ending.reason


def test_a_queue_that_is_resumed_while_the_magnet_is_still_quenched_begins_nothing(
    engine_of: Callable[..., Engine], simulated: Callable[..., Station], tmp_path: Path
) -> None:
    station = simulated(sample="S0")
    engine = engine_of(ramp("1"), station=station, patience=0.3)
    once(engine, lambda snapshot: snapshot["state"] == "held", ("resume", {}))
    attend = engine._attend

    def attending() -> None:
        attend()
        if engine.queue["1"].folders or engine._running.get("rows"):
            station.cryostat.magnet.quenched = True

    engine._attend = attending  # type: ignore[method-assign]
    assert engine.run().outcome == "held"
    assert states(engine) == [PARTIAL]
    assert engine.queue["1"].reason.startswith("not started: the magnet has quenched; see to it and clear the quench")
    assert len(list(tmp_path.glob("*/run.jsonl"))) == 1


def test_plans_of_waiting_items_ask_no_instrument(engine_of: Callable[..., Engine]) -> None:
    items = [
        ramp("1"),
        Item(RUN, "2", "sweep", "FieldSweep", {"start": 0.0, "stop": 5.0}),
        Item(RUN, "3", "didv", "DifferentialResistance", {"points": 3}),
        Item(RUN, "4", "adaptive", "AdaptiveRamp", {}),
        Item(RUN, "5", "zero", "ZeroField", {}),
        Item(RUN, "6", "mr", "LowFieldMagnetoresistance", {}),
        Item(RUN, "7", "check", "LinearityCheck", {}),
        Item(SET, "8", "set", settings={"temperature": 0.1}),
    ]
    engine = engine_of(*items)
    before = engine.station.clock.time()  # every message costs virtual time
    engine._look_ahead()
    assert all(engine._forecaster.predict(item) > 0 for item in items)
    assert engine.station.clock.time() == before
