"""Several curves measured one after the other: one run file a curve, one manifest a family."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.checks.schedule import latest
from coldfinger.procedures.checks.verdict import Verdict
from coldfinger.procedures.planning import Plan, Stage, Whereabouts
from coldfinger.procedures.runner import Progress, RunResult, StopSwitch, run_procedure
from coldfinger.procedures.station import Station

MANIFEST = "family.json"


class CurveFamily:
    """Procedures in their order. Subclasses make them, and say what tells one curve from the next."""

    kind = "family"
    key = ""
    """Name of the quantity that differs, as in the manifest: "field_Oe", "temperature_K"."""
    order = "one after the other"
    """How the curves are measured."""

    def __init__(
        self, station: Station, procedures: Sequence[TransportProcedure], places: Sequence[Whereabouts]
    ) -> None:
        self.station = station
        self.procedures = tuple(procedures)
        self._ends = tuple(places)  # where each procedure leaves field and temperature
        for procedure in self.procedures:
            procedure.use(station)
            procedure.check()

    def value(self, number: int) -> float:
        """The quantity that belongs to curve `number`."""
        raise NotImplementedError("a family has a quantity that differs")

    def name(self, number: int) -> str:
        """What names the folder of curve `number`."""
        raise NotImplementedError("every curve has a name")

    def plan(self) -> Plan:
        """What would happen, curve by curve, and how long it would take; nothing moves."""
        since = self.procedures[0].whereabouts()
        stages = []
        for procedure, end in zip(self.procedures, self._ends, strict=True):
            plan = procedure.plan(since)
            stages.append(Stage(plan.title, plan.seconds, plan.sd))
            since = end
        return Plan(f"{self.kind} of {len(stages)} curves", tuple(stages))

    def measure(
        self,
        folder: Path,
        switch: StopSwitch,
        progress: Callable[[int], Progress],
        finished: Callable[[int, RunResult], None],
        header: dict[str, Any] | None = None,
    ) -> Path:
        """Run every procedure into `folder`; returns the manifest.

        A run that fails ends its own curve only; a stop ends the family. Between runs the station stays as it is,
        after the last one it goes to its safe state. `finished` gets each run as it ends.
        """
        results: list[RunResult] = []
        try:
            for i, procedure in enumerate(self.procedures):
                last = i + 1 == len(self.procedures)
                result = run_procedure(
                    procedure,
                    self.station,
                    folder,
                    details=(self.name(i),),
                    header=header,
                    switch=switch,
                    progress=progress(i),
                    leave_as_is=not last,
                )
                results.append(result)
                finished(i, result)
                if switch.thrown():
                    break
        except BaseException:
            self.station.to_safe()  # the next run could not even be begun
            raise
        return self._manifest(folder, results)

    def _manifest(self, folder: Path, results: Sequence[RunResult]) -> Path:
        runs = [
            {
                self.key: self.value(i),
                "folder": result.folder.name,
                "outcome": result.outcome,
                "rows": result.rows,
                "believed": result.rows - result.disbelieved,
                "checks": [check_line(verdict) for verdict in latest(result.verdicts)],
            }
            for i, result in enumerate(results)
        ]
        data = {
            "schema": 1,
            "kind": self.kind,
            "simulated": self.station.simulated,
            "station": self.station.name,
            "order": self.order,
            "wanted": [self.value(i) for i in range(len(self.procedures))],
            "runs": runs,
        }
        path = free_name(folder, MANIFEST)
        with path.open("x", encoding="utf-8") as file:
            json.dump(data, file, indent=2)
            file.write("\n")
        return path


def check_line(verdict: Verdict) -> dict[str, str]:
    """A belief test's verdict as reports show it."""
    return {"name": verdict.name, "verdict": verdict.outcome, "sentence": verdict.sentence}


def free_name(folder: Path, name: str) -> Path:
    """A name that is not taken: family.png, family-2.png, ..."""
    path, number = folder / name, 1
    while path.exists():
        number += 1
        path = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
    return path
