"""`coldfinger reproduce`: the paper measured on the simulated refrigerator, analysed, drawn and checked.

The folder holds runs/ (a folder for each film and kind of measurement, in it the run folders), figures/,
micrograph.png, claims.json and reproduce.json.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from coldfinger.procedures.control import RunControl
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.reproduce.campaign import Job, jobs
from coldfinger.procedures.reproduce.processes import measure_all
from coldfinger.procedures.reproduce.work import Answer


@dataclass(frozen=True)
class Reproduction:
    """What is asked for."""

    folder: Path
    seed: int = 0
    quick: bool = False
    json_file: Path | None = None
    processes: int = 0
    """0: one a core."""

    def jobs(self) -> list[Job]:
        """What is measured, the longest first."""
        return jobs(str(self.folder / "runs"), self.seed, self.quick)


def check_reproduction(plan: Reproduction) -> None:
    """Raise LimitError, one sentence, for a place that cannot be written to or is taken; nothing is written."""
    _check_place(plan.folder, "output folder")
    if plan.folder.is_dir() and any(plan.folder.iterdir()):
        raise LimitError(f"output folder {plan.folder}: it is not empty; give a new folder, so that no run is mixed in")
    if plan.json_file is not None:
        if plan.json_file.is_dir():
            raise LimitError(f"JSON file {plan.json_file}: this is a folder; give the name of a file")
        _check_place(plan.json_file.parent, "folder of the JSON file")


def _check_place(folder: Path, what: str) -> None:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise LimitError(f"{what} {folder}: {place} is not a folder that can be written to; choose another")


def reproduce(
    plan: Reproduction,
    control: RunControl,
    *,
    finished: Callable[[Answer], None] = lambda answer: None,
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any] | None:
    """Carry out a checked plan; the numbers that were written, or None after a stop, with the runs made so far kept.

    `finished` gets every job as it ends, `say` what is done then. Raises CampaignError where a process breaks.
    """
    from coldfinger.procedures.reproduce.results import analyse, plain_numbers, write_results

    began = time.perf_counter()
    processor = _processor_seconds()
    (plan.folder / "runs").mkdir(parents=True, exist_ok=True)
    todo = plan.jobs()
    answers = measure_all(todo, plan.processes or os.cpu_count() or 1, control, finished)
    if control.thrown() or len(answers) < len(todo):
        return None
    measured = time.perf_counter() - began
    say(f"measured in {measured:.0f} s; now fits, figures and claims")
    whole = replace(todo[0])
    result = analyse(plan.folder, whole, answers, f"coldfinger {version('coldfinger')}")
    result |= {
        "wall_seconds": round(time.perf_counter() - began, 1),
        "measuring_seconds": round(measured, 1),
        "processor_seconds": round(_processor_seconds() - processor, 1),
    }
    write_results(plan.folder, result, plan.json_file)
    plain: dict[str, Any] = plain_numbers(result)
    return plain


def _processor_seconds() -> float:
    """Of this process and of those that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def table(result: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Number, claim, expected, got and verdict of every claim, as text."""
    rows = []
    for claim in result["claims"]:
        got = shown(claim["got"], claim["sd"])
        rows.append((str(claim["id"]), claim["text"], shown(claim["expected"]), got, claim["status"]))
    return rows


def shown(value: Any, sd: Any = None) -> str:
    """Numbers with two digits of their s.d., lists one after the other."""
    from coldfinger.procedures.family import digits

    if value is None:
        return "-"
    if isinstance(value, list):
        sds = sd if isinstance(sd, list) else [None] * len(value)
        return ", ".join(shown(one, its) for one, its in zip(value, sds, strict=True))
    if not isinstance(value, int | float):
        return str(value)
    if sd:
        return digits(value, sd) if abs(value) >= 1e-3 else f"{value:.3g} ± {sd:.1g}"
    return f"{value:.4g}"
