"""The demonstration: a simulated film, cooled at several fields, measured, written down, fitted and drawn."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coldfinger.procedures.checks.schedule import latest
from coldfinger.procedures.curves import check_line, free_name
from coldfinger.procedures.family import FamilyMember
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.laboratory.simulated_laboratory import simulated_sample
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.rt_family import RTFamily
from coldfinger.procedures.runner import Progress, StopSwitch
from coldfinger.procedures.station import open_station
from coldfinger.procedures.words.quantity import duration_text


@dataclass(frozen=True)
class DemoPlan:
    """A checked demonstration: nothing can be wrong with its input any more."""

    sample: str
    seed: int
    fields: tuple[float, ...]  # T
    ramp: dict[str, Any]
    folder: Path
    json_file: Path | None


@dataclass(frozen=True)
class DemoResult:
    """What the demonstration did."""

    members: list[FamilyMember]
    figure: Path | None
    virtual_seconds: float
    wall_seconds: float


def check_demo(plan: DemoPlan) -> None:
    """Raise one sentence (a ValueError) for anything that cannot be run; nothing is opened or written."""
    file = read_station_file()
    simulator = {**file.sections["simulator"], "sample": plan.sample, "seed": plan.seed}
    simulated_sample(simulator)
    _check_folder(plan.folder, "output folder")
    if plan.json_file is not None:
        _check_json(plan.json_file)
    with open_station(file, sample=plan.sample, seed=plan.seed) as station:
        RTFamily(station, plan.fields, **plan.ramp)


def _check_folder(folder: Path, what: str) -> None:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise LimitError(f"{what} {folder}: {place} is not a folder that can be written to; choose another")


def _check_json(path: Path) -> None:
    if path.is_dir():
        raise LimitError(f"JSON file {path}: this is a folder; give the name of a file")
    _check_folder(path.parent, "folder of the JSON file")


def run_demo(
    plan: DemoPlan,
    *,
    switch: StopSwitch,
    progress: Callable[[int], Progress],
    finished: Callable[[FamilyMember], None] = lambda member: None,
) -> DemoResult:
    """Carry out a checked plan; `progress` gets the number of the run and returns its progress function."""
    began = time.perf_counter()
    with open_station(read_station_file(), sample=plan.sample, seed=plan.seed) as station:
        station.connect()
        family = RTFamily(station, plan.fields, **plan.ramp).run(
            plan.folder,
            switch=switch,
            progress=progress,
            finished=finished,
        )
        virtual = station.clock.time()
    figure = family.draw(free_name(plan.folder, "family.png"), f"{Path(plan.sample).stem}: R(T) family")
    result = DemoResult(family.members, figure, virtual, time.perf_counter() - began)
    if plan.json_file is not None:
        write_json(plan.json_file, as_json(plan, result))
    return result


def closing_line(result: DemoResult, plan: DemoPlan) -> str:
    """How long it took, and where everything is."""
    figure = f", figure: {result.figure}" if result.figure else ""
    took = f"{duration_text(result.virtual_seconds)} of refrigerator time in {result.wall_seconds:.1f} s"
    return f"{took}. Runs: {plan.folder}{figure}"


def as_json(plan: DemoPlan, result: DemoResult) -> dict[str, Any]:
    """The demonstration's numbers in SI units and kelvin."""
    return {
        "sample": plan.sample,
        "seed": plan.seed,
        "virtual_seconds": result.virtual_seconds,
        "wall_seconds": round(result.wall_seconds, 3),
        "runs": [
            {
                "field_Oe": member.field_oersted,
                "file": str(member.run.folder / "run.jsonl"),
                "points": member.run.rows,
                "outcome": member.run.outcome,
                "reason": member.run.reason,
                "flagged": member.run.disbelieved,
                "label": member.label,
                "checks": [check_line(verdict) for verdict in latest(member.run.verdicts)],
                "fit": None if member.fit is None else member.fit.to_json(),
            }
            for member in result.members
        ],
    }


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write through a temporary file, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(path.name + ".part")
    half.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", "utf-8")
    half.replace(path)
