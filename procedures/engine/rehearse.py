"""A whole plan on the simulated refrigerator, in virtual time, before anything real moves.

The simulator is built from the station file, its film from the file's sample or from the user's own table sample;
the queue is carried out by the engine that will carry it out in earnest. Nothing is kept but what is reported.

Theory of operation. Items hardly feel each other: one begins where field and temperature were left by the one before,
which the plan knows. A long queue is therefore cut into stretches of equal length, which are rehearsed at the same
time, each in a process of its own that first brings its refrigerator to where the stretch begins. A condition and the
run that it looks at stay in one stretch; the time of day at which a stretch begins is the predicted one.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from coldfinger.procedures.engine.calendar import Calendar
from coldfinger.procedures.engine.forecast import Planned, plan_item
from coldfinger.procedures.engine.items import DISABLED, RUN, EndActions, Item, Night
from coldfinger.procedures.engine.rehearsing import TRACE, Stretch, Task, Trace, rehearse_stretch, simulated_twin
from coldfinger.procedures.laboratory.station_file import StationFile
from coldfinger.procedures.planning import Whereabouts
from coldfinger.procedures.plans.conditions import parse_condition
from coldfinger.procedures.station import open_station
from coldfinger.procedures.words.quantity import duration_text

SPREAD = 0.05  # of each item's duration: what a real refrigerator does otherwise, before anything is learned
_EFFORT = {"FieldSweep": 10.0, "LowFieldMagnetoresistance": 10.0, "ZeroField": 10.0, "DifferentialResistance": 2.0}
"""Of the computer for an hour of the station, against that of a ramp; only to cut into equal stretches."""
_WORTH_A_PROCESS = 3 * 3600.0  # s of station time, that take some seconds
_PATIENCE = 600.0  # s for a process
_COMMAND = (sys.executable, "-m", "coldfinger.procedures.engine.rehearsing")
_PIPES: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


class RehearsalError(RuntimeError):
    """The rehearsal itself broke; one sentence."""


@dataclass(frozen=True)
class Act:
    """What becomes of one item: begin and end (s from the start), s.d. of the end (s), rows, trouble in words."""

    item: Item
    begins: float
    ends: float
    ends_sd: float
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Rehearsal:
    """What a plan would do. `refused` are sentences for which it may not be run."""

    night: Night
    acts: tuple[Act, ...]
    trace: Trace
    seconds: float
    sd: float
    rows: int
    bytes: int
    refused: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "name": self.night.name,
            "seconds": self.seconds,
            "sd_seconds": self.sd,
            "rows": self.rows,
            "bytes": self.bytes,
            "refused": list(self.refused),
            "items": [
                {
                    "id": act.item.id,
                    "name": act.item.name,
                    "state": act.item.state,
                    "reason": act.item.reason,
                    "begins": act.begins,
                    "ends": act.ends,
                    "ends_sd": act.ends_sd,
                    "rows": act.item.rows,
                    "disbelieved": act.item.disbelieved,
                    "warnings": list(act.warnings),
                }
                for act in self.acts
            ],
            "trace": self.trace,
        }


def rehearse(
    night: Night,
    file: StationFile,
    *,
    sample: str | None = None,
    start: datetime | None = None,
    processes: int | None = None,
) -> Rehearsal:
    """Carry the plan out on the simulated twin of a station.

    `processes` at most are used; None: one a core. Raises StationFileError where there can be no twin, RehearsalError
    where a process of its own breaks or takes too long, and KeyboardInterrupt; no process is left behind then.
    """
    whole = Task(night, file.source, file.text, sample, start)
    return _joined(night, _rehearsed(_cut(whole, file, processes or os.cpu_count() or 1)))


def _rehearsed(tasks: Sequence[Task]) -> list[Stretch]:
    """All stretches, the first in this process; whatever ends this, the other processes end with it."""
    with contextlib.ExitStack() as stack:
        apart = [stack.enter_context(subprocess.Popen(_COMMAND, **_PIPES)) for _ in tasks[1:]]
        threads = stack.enter_context(ThreadPoolExecutor(max(len(apart), 1)))
        for process in apart:
            stack.callback(process.kill)  # before the threads are waited for
        others = [threads.submit(_heard, process, task) for process, task in zip(apart, tasks[1:], strict=True)]
        return [rehearse_stretch(tasks[0]), *(other.result() for other in others)]


def _cut(whole: Task, file: StationFile, most: int) -> list[Task]:
    """Stretches of about the same predicted length; the whole where it is short or must stay together."""
    night = whole.night
    timed = night.must_end_by or any(item.not_before or item.must_end_by for item in night.items)
    if (timed and whole.start is None) or most < 2 or len(night.items) < 2:
        return [whole]
    together = _together(night.items)
    seconds, places = _predicted(night, simulated_twin(file, whole.sample))
    count = min(most, int(sum(seconds) / _WORTH_A_PROCESS) + 1, len(night.items))
    effort = [length * _EFFORT.get(item.procedure, 1.0) for length, item in zip(seconds, night.items, strict=True)]
    share = sum(effort) / count
    tasks: list[Task] = []
    first, passed = 0, 0.0
    for number, work in enumerate(effort):
        passed += work
        last = number + 1 == len(seconds)
        if last or (passed >= share * (len(tasks) + 1) and number not in together):
            items = night.items[first : number + 1]
            end = night.end if last else EndActions(heater_off=False)
            begins = None if whole.start is None else whole.start + timedelta(seconds=sum(seconds[:first]))
            part = replace(night, items=items, end=end, text="")
            tasks.append(replace(whole, night=part, start=begins, place=places[first] if first else None))
            first = number + 1
    return tasks or [whole]


def _together(items: Sequence[Item]) -> set[int]:
    """Places after which no stretch may end: a condition is judged by a run of its own stretch."""
    together: set[int] = set()
    for place, item in enumerate(items):
        if not item.only_if:
            continue
        for comparison in parse_condition(item.only_if):
            runs = (i for i in range(place - 1, -1, -1) if items[i].kind == RUN)
            looked_at = next((i for i in runs if comparison.quantity.of in ("", items[i].name)), 0)
            together |= set(range(looked_at, place))
    return together


def _predicted(night: Night, file: StationFile) -> tuple[list[float], list[Whereabouts]]:
    """Predicted seconds of every item, and where it begins."""
    seconds, places = [], []
    with open_station(file) as station:
        place = Whereabouts(0.0, station.limits.lowest_temperature)
        for item in night.items:
            places.append(place)
            planned = Planned(0.0, place) if item.state == DISABLED else plan_item(item, station, place)
            place = planned.end
            seconds.append(planned.seconds)
    return seconds, places


def _heard(process: "subprocess.Popen[str]", task: Task) -> Stretch:
    """The answer of a process that rehearses a task. Raises RehearsalError."""
    which = f"the rehearsal of {task.night.items[0].name} and what follows"
    try:
        said, complaint = process.communicate(json.dumps(task.to_json()), timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        raise RehearsalError(
            f"{which} did not end within {duration_text(_PATIENCE)}; rehearse a shorter plan, or a part of it"
        ) from None
    if process.returncode != 0:
        last = (complaint.strip().splitlines() or ["no message"])[-1]
        raise RehearsalError(f"{which} broke: {last}")
    return Stretch.from_json(json.loads(said))


def _joined(night: Night, stretches: Sequence[Stretch]) -> Rehearsal:
    acts: list[Act] = []
    trace: Trace = {name: [] for name in TRACE}
    before = variance = 0.0
    for stretch in stretches:
        times = zip(stretch.items, stretch.begins, stretch.ends, stretch.warnings, strict=True)
        for item, begins, ends, warnings in times:
            variance += (SPREAD * (ends - begins)) ** 2
            acts.append(Act(item, before + begins, before + ends, variance**0.5, warnings))
        trace[TRACE[0]] += [before + time for time in stretch.trace[TRACE[0]]]
        for name in TRACE[1:]:
            trace[name] += stretch.trace[name]
        before += stretch.seconds
    return Rehearsal(
        night=night,
        acts=tuple(acts),
        trace=trace,
        seconds=before,
        sd=variance**0.5,
        rows=sum(act.item.rows for act in acts),
        bytes=sum(stretch.bytes for stretch in stretches),
        refused=tuple(_refusals(acts, stretches[-1].refusal)),
    )


def _refusals(acts: Sequence[Act], end: str) -> list[str]:
    items = [f"{act.item.name}: {act.item.reason}" for act in acts if act.item.reason.startswith("not started: ")]
    return items + ([f"end of the night: {end}"] if end else [])


def rehearsal_text(rehearsal: Rehearsal, calendar: Calendar) -> str:
    """The rehearsal as a page of text: items with their ends, warnings, sums."""
    lines = [f"{rehearsal.night.name}: {duration_text(rehearsal.seconds)} ± {duration_text(rehearsal.sd)}"]
    for act in rehearsal.acts:
        end = calendar.in_seconds(act.ends).astimezone()
        lines.append(
            f"  {act.item.id:>3}  {act.item.name:<40} {duration_text(act.ends - act.begins):>12}  ends {end:%a %H:%M}"
            f" ± {duration_text(act.ends_sd)}  {act.item.rows} rows"
        )
        lines += [f"       ! {sentence}" for sentence in act.warnings]
    lines.append(f"{rehearsal.rows} rows, {rehearsal.bytes / 1e6:.1f} MB on disk")
    return "\n".join(lines)
