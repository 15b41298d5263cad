"""A rehearsal says beforehand what a night becomes: times, rows, warnings, and what may not be run at all."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coldfinger.procedures.engine.calendar import Calendar
from coldfinger.procedures.engine.items import DONE, FAILED, RUN, SET, SKIPPED, EndActions, Item, Night
from coldfinger.procedures.engine.rehearse import (
    TRACE,
    Rehearsal,
    RehearsalError,
    rehearsal_text,
    rehearse,
    simulated_twin,
)
from coldfinger.procedures.engine.rehearsing import Task, rehearse_stretch
from coldfinger.procedures.engine.wiring import engine_for
from coldfinger.procedures.laboratory.station_file import check_station_text, read_station_file
from coldfinger.procedures.planning import Whereabouts
from coldfinger.procedures.plans.plan_file import check_plan_text

PLAN = """
schema = 1
name = "short night"
[defaults]
excitation = "gentle"
[[step]]
family = "RTFamily"
fields = "0, 100 Oe"
start = "0.7 K"
stop = "0.3 K"
points = 12
[[step]]
run = "FieldSweep"
start = "0 Oe"
stop = "20 Oe"
temperature = "0.3 K"
[[step]]
checks = ["linearity"]
[[step]]
run = "DifferentialResistance"
temperature = "0.3 K"
points = 3
[end]
field = "zero"
"""
NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def night() -> Night:
    return check_plan_text(PLAN, "short.toml", NOW)


@pytest.fixture(scope="module")
def rehearsal(night: Night) -> Rehearsal:
    return rehearse(night, read_station_file("sim"), start=NOW)


def test_the_night_itself_takes_as_long_as_its_rehearsal_said(
    night: Night, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    with engine_for(night, read_station_file("sim"), tmp_path, seed=5) as engine:
        began = engine.station.clock.time()
        assert engine.run().outcome == "done"
        assert rehearsal.seconds == pytest.approx(engine.station.clock.time() - began, rel=0.10)
        for act, item in zip(rehearsal.acts, engine.queue.items, strict=True):
            assert act.item.seconds == pytest.approx(item.seconds, rel=0.10)
            assert act.item.predicted_seconds == pytest.approx(item.seconds, rel=0.12)
    assert rehearsal.refused == ()


def test_the_predicted_curves_are_those_of_the_plan(rehearsal: Rehearsal) -> None:
    trace = rehearsal.trace
    assert set(trace) == set(TRACE)
    assert len({len(curve) for curve in trace.values()}) == 1
    assert max(trace["H_Oe"]) == pytest.approx(100.5, abs=2.0)
    assert max(trace["T_mc_K"]) == pytest.approx(0.7, rel=0.05)
    assert max(trace["heater_W"]) > 0
    assert max(trace["eddy_W"]) > 0
    assert trace["time_s"] == sorted(trace["time_s"])


def test_a_rehearsal_repeats_exactly(night: Night, rehearsal: Rehearsal) -> None:
    again = rehearse(night, read_station_file("sim"), start=NOW)
    assert (again.trace, again.seconds, again.rows) == (rehearsal.trace, rehearsal.seconds, rehearsal.rows)


def test_a_night_that_is_cut_into_stretches_is_the_same_night(
    night: Night, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coldfinger.procedures.engine.rehearse._WORTH_A_PROCESS", 900.0)
    cut = rehearse(night, read_station_file("sim"), start=NOW, processes=2)
    assert [act.item.id for act in cut.acts] == [act.item.id for act in rehearsal.acts]
    assert [act.item.state for act in cut.acts] == [act.item.state for act in rehearsal.acts]
    assert cut.seconds == pytest.approx(rehearsal.seconds, rel=0.03)
    assert cut.rows == pytest.approx(rehearsal.rows, rel=0.02)
    assert cut.trace["time_s"] == sorted(cut.trace["time_s"])
    assert cut.trace["time_s"] != rehearsal.trace["time_s"]  # it was cut


def test_a_condition_and_the_run_that_it_looks_at_are_never_cut_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coldfinger.procedures.engine.rehearse._WORTH_A_PROCESS", 1.0)
    first = Item(RUN, "1", "a", "TemperatureRamp", {"points": 3, "start": 0.7, "stop": 0.6, "pacing": "log points"})
    unlike = first.but(id="2", name="b", only_if="rho(base) > 1 Mohm")
    named = first.but(id="3", name="c", only_if="rho(base) of 'a' < 1 Mohm")
    acts = rehearse(Night("n", (first, unlike, named)), read_station_file("sim"), processes=2).acts
    assert [act.item.state for act in acts] == [DONE, SKIPPED, DONE]


def test_times_of_day_hold_in_every_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coldfinger.procedures.engine.rehearse._WORTH_A_PROCESS", 1.0)
    first = Item(RUN, "1", "a", "TemperatureRamp", {"points": 3, "start": 0.7, "stop": 0.6, "pacing": "log points"})
    late = first.but(id="2", name="b", must_end_by="2026-11-22T20:05:00+00:00")
    acts = rehearse(Night("n", (first, late)), read_station_file("sim"), start=NOW, processes=2).acts
    assert [act.item.state for act in acts] == [DONE, SKIPPED]


def test_an_interrupt_within_a_run_or_on_the_way_to_its_beginning_ends_the_whole_rehearsal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    file = read_station_file("sim")
    night = Night("n", (Item(SET, "1", "a", settings={"field": 1e-3}), Item(SET, "2", "b", settings={"field": 0.0})))
    monkeypatch.setattr("coldfinger.procedures.engine.moves.Move.execute", interrupt)
    with pytest.raises(KeyboardInterrupt):
        rehearse_stretch(Task(night, file.source, file.text))
    nothing = Night("n", (), end=EndActions(heater_off=False))
    with pytest.raises(KeyboardInterrupt):
        rehearse_stretch(Task(nothing, file.source, file.text, place=Whereabouts(0.01, 0.1)))


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("raise SystemExit('out of tape')", "the rehearsal of b and what follows broke: out of tape"),
        ("import sys; sys.stdin.close(); import time; time.sleep(60)", "of b and what follows did not end within 1 s;"),
    ],
)
def test_a_stretch_whose_process_breaks_or_hangs_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    for name, value in (("_WORTH_A_PROCESS", 1.0), ("_PATIENCE", 1.0), ("_COMMAND", (sys.executable, "-c", program))):
        monkeypatch.setattr(f"coldfinger.procedures.engine.rehearse.{name}", value)
    items = (Item(SET, "1", "a", settings={"field": 1e-3}), Item(SET, "2", "b", settings={"field": 0.0}))
    with pytest.raises(RehearsalError, match=said):
        rehearse(Night("n", items), read_station_file("sim"), processes=2)


def test_what_a_limit_forbids_is_refused_by_name() -> None:
    items = (
        Item(RUN, "1", "too far", "TemperatureRamp", {"field": 60000.0}),
        Item(SET, "2", "too warm", settings={"temperature": 4.0}),
        Item(SET, "3", "fine", settings={"temperature": 0.1}),
    )
    rehearsal = rehearse(Night("n", items), read_station_file("sim"))
    assert [act.item.state for act in rehearsal.acts] == [FAILED, FAILED, DONE]
    assert rehearsal.refused[0].startswith("too far: not started: field: 60000 Oe (6 T) is beyond the limit of")
    assert rehearsal.refused[1].startswith("too warm: not started: temperature: 4 K is outside the limits of")


def test_an_end_state_beyond_a_limit_is_refused_too() -> None:
    night = Night("n", (), end=EndActions(heater_off=False, temperature=4.0))
    assert rehearse(night, read_station_file("sim")).refused == (
        "end of the night: temperature: 4 K is outside the limits of built-in station sim, 10 mK to 1.3 K",
    )


def test_rows_that_would_be_flagged_are_announced() -> None:
    steep = Item(
        RUN,
        "1",
        "steep",
        "TemperatureRamp",
        {
            "field": 600.0,
            "points": 8,
            "start": 0.1,
            "stop": 0.05,
            "excitation": "fixed",
            "current": 1.0,
            "frequency": 7.0,
        },
    )
    [act] = rehearse(Night("n", (steep,)), read_station_file("sim")).acts
    assert any(sentence.endswith("rows would be phase") for sentence in act.warnings)


def test_the_text_names_every_item_with_its_end(rehearsal: Rehearsal) -> None:
    class Still:
        def time(self) -> float:
            return 0.0

        def sleep(self, seconds: float) -> None: ...

    text = rehearsal_text(rehearsal, Calendar(Still(), virtual=True, start=NOW))
    assert text.splitlines()[0].startswith("short night: ")
    for act in rehearsal.acts:
        assert act.item.name in text
    assert f"{rehearsal.rows} rows, " in text


def test_the_twin_of_a_real_station_has_its_limits_and_nothing_of_its_wires() -> None:
    built_in = read_station_file("sim").text
    text = re.sub(r"\n\[simulator\].*?\n\n", "\n\n", built_in, count=1, flags=re.DOTALL)
    text = text.replace('clock = "virtual"', 'clock = "wall"').replace('field = "600 Oe"', 'field = "50 Oe"')
    real = check_station_text(text, "lab.toml")
    assert not real.simulated
    twin = simulated_twin(real, "S1")
    assert (twin.simulated, twin.top["clock"], twin.sections["simulator"]["sample"]) == (True, "virtual", "S1")
    night = Night("n", (Item(RUN, "1", "r", "TemperatureRamp", {"field": 100.0}),))
    assert "100 Oe (0.01 T) is beyond the limit of lab.toml, 50 Oe" in rehearse(night, real).refused[0]
