"""One job of the campaign at a simulated station of its own, in this process or in one that is told of it.

As a program, `python -m coldfinger.procedures.reproduce.work` reads jobs from standard input, a JSON object a line,
and answers each with a line on standard output. SIGINT ends the present run after its row, its data kept, and what
would have come after it is not begun.
"""

import json
import math
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.checks.procedures import LinearityCheck
from coldfinger.procedures.control import RunControl
from coldfinger.procedures.didv import DifferentialResistance
from coldfinger.procedures.field_sweep import FieldSweep
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.magnetoresistance import LowFieldMagnetoresistance
from coldfinger.procedures.reproduce.campaign import RT, SWEEPS, Job
from coldfinger.procedures.rt_family import RTFamily
from coldfinger.procedures.runner import RunResult, run_procedure, stop_on_signals
from coldfinger.procedures.station import Station, open_station
from coldfinger.procedures.zero_field import ZeroField

BASE = 0.05
"""K, of everything that is not a temperature ramp."""
WARM = 1.1
"""K, of the field sweep above the family of S0 (Fig. 3)."""
SUPPLY_STEP = 0.02
"""Oe: neither zero nor a field is better known than the supply's own step."""
_LINEAR_AT = (0.0, 500.0)  # Oe, where S0 has its least and its highest resistance within the lock-in's reach
_LARGEST_BIAS = {"S0": 1000.0, "S1": 2500.0, "S2": 2500.0}  # nA; the critical currents are 0.6 and 1.5 uA
_WARM_RATE, _WARM_STEP = 100.0, 10.0  # Oe/min, Oe


@dataclass(frozen=True)
class Answer:
    """What became of a job."""

    film: str
    kind: str
    virtual_seconds: float
    runs: int
    unfinished: tuple[str, ...]
    """One sentence for every run that is not done."""
    sd_field: float = math.nan
    """Oe, uncertainty of every field after the zero was looked for; nan where it was not."""
    stopped: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain; nan as None."""
        known = None if math.isnan(self.sd_field) else self.sd_field
        return asdict(self) | {"sd_field": known, "unfinished": list(self.unfinished)}

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Answer":
        """The inverse of `to_json`."""
        sd_field = math.nan if data["sd_field"] is None else data["sd_field"]
        return Answer(**{**data, "sd_field": sd_field, "unfinished": tuple(data["unfinished"])})


def carry_out(job: Job, control: RunControl) -> Answer:
    """Measure a job; `control` ends it after the present row. Every run is a folder under `job.folder`.

    Raises RunFileError where nothing can be written.
    """
    fluctuations = job.kind == SWEEPS
    with open_station(read_station_file(), sample=job.film, seed=job.seed, fluctuations=fluctuations) as station:
        station.connect()
        bench = _Bench(job, station, control)
        {RT: bench.family, SWEEPS: bench.sweeps}.get(job.kind, bench.slopes)()
        station.to_safe()
        return Answer(
            job.film,
            job.kind,
            station.clock.time(),
            bench.runs,
            tuple(bench.unfinished),
            bench.sd_field,
            control.thrown(),
        )


class _Bench:
    """A film in its station, and what has been made of it so far."""

    def __init__(self, job: Job, station: Station, control: RunControl) -> None:
        self.job, self.station, self.control = job, station, control
        self.runs = 0
        self.unfinished: list[str] = []
        self.sd_field = math.nan

    def family(self) -> None:
        """True zero, R(T) at every field, then what the family leaves trapped flux for: tests and the warm sweep."""
        effort, film = self.job.effort, self.job.film
        self.find_zero()
        if self.control.thrown():
            return
        fields = [field * 1e-4 for field in effort.rt_fields[film]]
        family = RTFamily(
            self.station, fields, points=effort.points, excitation="gentle", checks=effort.checks, stop=BASE
        )
        quiet: Callable[..., None] = lambda *args: None  # noqa: E731
        made = family.run(Path(self.job.folder), switch=self.control, progress=lambda number: quiet)
        for member in made.members:
            self.count(f"R(T) at {member.field_oersted:g} Oe", member.run)
        if film != "S0":
            return
        for field in _LINEAR_AT:
            self.measure(LinearityCheck(temperature=BASE, field=field, excitation="policy"))
        if effort.warm_sweep:
            self.measure(FieldSweep(temperature=WARM, start=0.0, stop=600.0, rate=_WARM_RATE, step=_WARM_STEP))

    def sweeps(self) -> None:
        """Slow sweeps through zero, with the film's own fluctuations; at full current, since they are small."""
        sweep = self.job.effort.sweeps[self.job.film]
        self.measure(
            LowFieldMagnetoresistance(temperature=BASE, excitation="policy", **{**sweep, "pairs": int(sweep["pairs"])})
        )

    def slopes(self) -> None:
        """dV/dI in rising field, so that no flux is trapped."""
        effort, film = self.job.effort, self.job.film
        self.find_zero()
        for field in effort.slope_fields[film]:
            largest, points = _LARGEST_BIAS[film], effort.slope_points
            self.measure(DifferentialResistance(temperature=BASE, field=field, largest=largest, points=points))

    def find_zero(self) -> None:
        """Demagnetise, and use the field found at zero current from then on."""
        effort = self.job.effort
        fine = effort.fine_zero.get(self.job.film)
        for parameters in (effort.zero_field, *([fine] if fine else [])):
            zero = ZeroField(temperature=0.1, **parameters)
            self.measure(zero)
            if zero.result is not None and math.isfinite(zero.result.offset_sd):
                self.sd_field = math.hypot(max(zero.result.offset_sd, SUPPLY_STEP), SUPPLY_STEP)

    def measure(self, procedure: TransportProcedure) -> None:
        """One run; nothing once a stop was asked for."""
        if self.control.thrown():
            return
        result = run_procedure(procedure, self.station, Path(self.job.folder), control=self.control, leave_as_is=True)
        self.count(type(procedure).__name__, result)

    def count(self, name: str, result: RunResult) -> None:
        """Note a run, and why it is not whole."""
        self.runs += 1
        if result.outcome != "done":
            reason = f": {result.reason}" if result.reason else ""
            self.unfinished.append(f"{self.job.film}, {name}, {result.folder.name}: {result.outcome}{reason}")


def main() -> None:
    """Answer jobs until standard input ends."""
    control = RunControl()
    with stop_on_signals(control):
        for line in sys.stdin:
            answer = carry_out(Job(**json.loads(line)), control)
            sys.stdout.write(json.dumps(answer.to_json()) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
