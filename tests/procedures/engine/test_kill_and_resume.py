"""A night that is killed with -9, again and again, and gone on with: nothing lost, nothing twice, the same results."""

import contextlib
import json
import multiprocessing
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from coldfinger.instruments.clock import WallClock
from coldfinger.procedures.cli import main
from coldfinger.procedures.engine.engine import Engine
from coldfinger.procedures.engine.items import Night
from coldfinger.procedures.engine.queue_journal import nights, read_queue
from coldfinger.procedures.engine.results import _fit as fit_of
from coldfinger.procedures.engine.resume import night_of, unfinished
from coldfinger.procedures.engine.wiring import engine_for
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.plans.plan_file import read_plan
from coldfinger.procedures.safety.locks import STATE_FOLDER
from coldfinger.runfiles.parts import Parts
from tests.procedures.engine.short_nights import RAMP, assert_only_grew, joined, points_of

PLAN = """\
schema = 1
name = "killed"

[defaults]
excitation = "gentle"

[[step]]
family = "R(T)"
fields = "100, 300 Oe"
start = "0.7 K"
stop = "60 mK"
points = 40

[[step]]
set = { field = "0 Oe", temperature = "0.3 K" }

[end]
heater = "off"
field = "zero"
"""
KILLS = 6
THREE_SD = 14.16  # chi-square of three numbers that is exceeded as rarely as three standard deviations by one


def count(points: dict[str, list[bytes]]) -> int:
    return sum(len(lines) for lines in points.values())


class Program:
    """`coldfinger run` in a process of its own, a copy of this one: what is loaded need not be loaded again."""

    def __init__(self, data: Path, *arguments: str, seed: int) -> None:
        self.said = data.parent / f"said-{seed}.txt"
        words = ["run", *arguments, "--data", str(data), "--seed", str(seed)]
        self.process = multiprocessing.get_context("fork").Process(target=self._carry_out, args=(data, words))
        self.process.start()

    def _carry_out(self, data: Path, words: list[str]) -> None:
        os.environ[STATE_FOLDER] = str(data.parent / "state")
        with self.said.open("w") as said, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main(words, "coldfinger")

    def text(self) -> str:
        return self.said.read_text() if self.said.exists() else ""


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Until the condition holds, or the seconds have passed."""
    clock = WallClock()
    end = clock.time() + seconds
    while not condition() and clock.time() < end:
        clock.sleep(0.02)


def test_a_night_killed_at_random_moments_and_resumed_has_every_row_once_and_the_same_fits(tmp_path: Path) -> None:
    chance = random.Random(20261122)
    plan, data = tmp_path / "plan.toml", tmp_path / "data"
    plan.write_text(PLAN)
    recorded: dict[str, list[bytes]] = {}
    for kill in range(KILLS):
        program = Program(data, *([str(plan), "--no-rehearsal"] if kill == 0 else ["--resume"]), seed=kill)
        killed_soon_after_a_row(program, data, count(recorded), chance.uniform(0.0, 0.3))
        assert_only_grew(recorded, now := points_of(data))
        assert count(now) > count(recorded)
        recorded = now
    last = Program(data, "--resume", seed=KILLS)
    last.process.join(120.0)
    assert last.process.exitcode == 0, last.text()
    last.process.close()
    assert_only_grew(recorded, points_of(data))
    assert_complete_and_equal(data, plan, tmp_path / "whole")


def killed_soon_after_a_row(program: Program, data: Path, before: int, later: float) -> None:
    process = program.process
    wait_for(lambda: not process.is_alive() or count(points_of(data)) > before, 120.0)
    process.join(later)
    assert process.is_alive(), program.text()
    process.kill()
    process.join()
    process.close()


def assert_complete_and_equal(data: Path, plan: Path, other: Path) -> None:
    """The night in `data` against one that nobody disturbed."""
    with engine_for(read_plan(plan), read_station_file("sim"), other, seed=99) as engine:
        assert engine.run().outcome == "done"
    record = read_queue(nights(data)[-1])
    assert {item.state for item in record.items} == {"done"}
    assert record.skipped == []
    assert [event["event"] for event in record.events].count("survey") == KILLS + 1
    for item in ("1", "2"):
        whole, parts = joined(other, item), joined(data, item)
        reached = [np.sort(frame["T_set (K)"].to_numpy()) for frame in (whole.frame, parts.frame)]
        np.testing.assert_allclose(*reached, rtol=0.01)  # a set point is where the moving ramp was
        assert parts.outcome == "done"
        assert_same_within_errors(whole, parts)
    (manifest,) = data.glob("*_family-*.json")
    runs = json.loads(manifest.read_text())["runs"]
    assert [run["field_Oe"] for run in runs] == [100.0, 300.0]
    assert [run["parts"] for run in runs] == [list(item.folders) for item in record.items if item.folders]


def assert_same_within_errors(whole: Parts, parts: Parts) -> None:
    """Both fits agree within three standard deviations, all three numbers together."""
    a, b = fit_of(whole), fit_of(parts)
    assert a is not None
    assert b is not None
    assert a.law == b.law
    first, second = np.array(a.best), np.array(b.best)  # two amplitudes, whose logarithms are fitted, and an energy
    off = np.append(np.log(first[:2] / second[:2]), first[2] - second[2])
    assert off @ np.linalg.solve(a.covariance + b.covariance, off) < THREE_SD


class Mortal(Engine):
    """Dies at a row as kill -9 would have it: nothing more is written, nothing is made safe."""

    last: int

    def _watch(self, topic: str, record: Any) -> None:
        super()._watch(topic, record)
        if topic == "results":
            self.last -= 1
            if self.last == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def test_killed_and_restarted_at_every_row_a_run_has_the_points_of_one_that_was_not(tmp_path: Path) -> None:
    with engine_for(Night("n", (RAMP,)), read_station_file("sim"), tmp_path / "whole") as engine:
        assert engine.run().outcome == "done"
    whole = joined(tmp_path / "whole").frame
    for row in range(1, len(whole) + 1):
        data = tmp_path / str(row)
        killed_after(row, data)
        before = points_of(data)
        assert count(before) == row
        record = unfinished(data)
        assert record is not None
        with engine_for(night_of(record, data), read_station_file("sim"), data, record=record) as engine:
            assert engine.run().outcome == "done"
        assert_only_grew(before, points_of(data))
        parts = joined(data)
        np.testing.assert_allclose(parts.frame["T_set (K)"], whole["T_set (K)"], rtol=0.01)
        assert list(parts.frame["part"]) == [1] * row + [2] * (len(whole) - row)
        assert_survey_first(data)


def killed_after(row: int, data: Path) -> None:
    """A night that dies in a process of its own, right after a row."""
    child = os.fork()
    if child == 0:
        try:
            with engine_for(Night("n", (RAMP,)), read_station_file("sim"), data) as engine:
                engine.__class__ = Mortal
                engine.last = row
                engine.run()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


def assert_survey_first(data: Path) -> None:
    """In the part after the restart the station is looked at before anything is set or begun."""
    events = [event["event"] for event in read_queue(nights(data)[-1]).events if event["part"] == 2]
    assert events[:4] == ["start", "queue", "engine", "survey"]
    assert not {"setpoint", "file", "state"} & set(events[:4])
