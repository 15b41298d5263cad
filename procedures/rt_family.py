"""R(T) at several fields: one run file a curve, one manifest a family.

In a script or a notebook:

    from coldfinger.procedures import RTFamily, connect_station

    with connect_station("sim", sample="S1") as station:
        family = RTFamily(station, "30, 100, 300 Oe", points=60)
        print(family.plan())                       # nothing has moved yet
        result = family.run("runs")                # bars and a live table meanwhile
        result.draw("family.png")
    print(result.table())
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from coldfinger.analysis.figures import FamilyCurve, family_figure
from coldfinger.procedures.family import FamilyMember, believed, evaluate_member
from coldfinger.procedures.planning import Plan, Stage, Whereabouts
from coldfinger.procedures.quantity import OERSTED, parse_list
from coldfinger.procedures.runner import Progress, StopSwitch, run_procedure, stop_on_signals
from coldfinger.procedures.station import Station
from coldfinger.procedures.temperature_ramp import TemperatureRamp

MANIFEST = "family.json"


class RTFamily:
    """The same temperature ramp at every field.

    `fields` in tesla, or text such as "0, 30, 100 Oe"; `parameters` are those of TemperatureRamp without its field
    (start and stop in K, pacing, points, excitation, ...). Fields are taken in rising order of |H|, so that no field
    is approached from above. Raises LimitError or QuantityError for what cannot be run.
    """

    def __init__(self, station: Station, fields: str | Sequence[float], **parameters: Any) -> None:
        self.station = station
        wanted = parse_list(fields, "field", "fields") if isinstance(fields, str) else fields
        self.fields = tuple(sorted(wanted, key=lambda field: (abs(field), field)))
        unknown = set(parameters) - set(TemperatureRamp().parameter_objects())
        if unknown or "field" in parameters:
            names = ", ".join(sorted(unknown or {"field"}))
            raise ValueError(f"RTFamily: {names}: not a parameter of the ramps; see TemperatureRamp")
        self.procedures = [TemperatureRamp(**parameters, field=field / OERSTED) for field in self.fields]
        for procedure in self.procedures:
            procedure.use(station)
            procedure.check()

    def plan(self) -> Plan:
        """What would happen, curve by curve, and how long it would take; nothing moves."""
        since = self.procedures[0].whereabouts()
        stages = []
        for procedure, field in zip(self.procedures, self.fields, strict=True):
            plan = procedure.plan(since)
            stages.append(Stage(plan.title, plan.seconds))
            since = Whereabouts(field, procedure.set_temperatures()[-1])
        return Plan(f"R(T) family of {len(stages)} fields", tuple(stages))

    def run(
        self,
        folder: str | Path,
        *,
        header: dict[str, Any] | None = None,
        switch: StopSwitch | None = None,
        progress: Callable[[int], Progress] | None = None,
        finished: Callable[[FamilyMember], None] = lambda member: None,
    ) -> "FamilyResult":
        """Measure the family and write its runs and its manifest into `folder`.

        A run that fails ends its own curve only; a stop (Ctrl-C, or `switch`) ends the family. Between runs the
        station stays as it is, after the last one it goes to its safe state. Without `progress` bars and a table of
        results are shown; `progress(i)` gives the progress function of curve i, `finished` gets every curve.
        """
        switch = switch or StopSwitch()
        if progress is not None:
            return self._measure(Path(folder), switch, progress, finished, header)
        from coldfinger.procedures.screen import FamilyScreen

        with stop_on_signals(switch), FamilyScreen(self.fields) as screen:
            return self._measure(Path(folder), switch, screen.progress, screen.finished, header)

    def _measure(
        self,
        folder: Path,
        switch: StopSwitch,
        progress: Callable[[int], Progress],
        finished: Callable[[FamilyMember], None],
        header: dict[str, Any] | None,
    ) -> "FamilyResult":
        members: list[FamilyMember] = []
        try:
            for i, procedure in enumerate(self.procedures):
                members.append(self._one(i, procedure, folder, switch, progress(i), header))
                finished(members[-1])
                if switch.thrown():
                    break
        except BaseException:
            self.station.to_safe()  # the next run could not even be begun
            raise
        return FamilyResult(folder, members, self.station.simulated, self._manifest(folder, members))

    def _one(
        self,
        number: int,
        procedure: TemperatureRamp,
        folder: Path,
        switch: StopSwitch,
        progress: Progress,
        header: dict[str, Any] | None,
    ) -> FamilyMember:
        result = run_procedure(
            procedure,
            self.station,
            folder,
            details=(f"{procedure.field:g}-Oe",),
            header=header,
            switch=switch,
            progress=progress,
            leave_as_is=number + 1 < len(self.procedures),
        )
        return evaluate_member(procedure.field, result, self.station)

    def _manifest(self, folder: Path, members: Sequence[FamilyMember]) -> Path:
        data = {
            "schema": 1,
            "kind": "R(T) family",
            "simulated": self.station.simulated,
            "station": self.station.name,
            "fields_Oe": [procedure.field for procedure in self.procedures],
            "runs": [
                {
                    "field_Oe": member.field_oersted,
                    "folder": member.run.folder.name,
                    "outcome": member.run.outcome,
                    "rows": member.run.rows,
                    "believed": member.run.rows - member.run.disbelieved,
                }
                for member in members
            ],
        }
        path = free_name(folder, MANIFEST)
        with path.open("x", encoding="utf-8") as file:
            json.dump(data, file, indent=2)
            file.write("\n")
        return path


@dataclass(frozen=True)
class FamilyResult:
    """Curves of a family with their fits; `manifest` is the file that lists its runs."""

    folder: Path
    members: list[FamilyMember]
    simulated: bool
    manifest: Path

    def table(self) -> pd.DataFrame:
        """One row a field: law, status, value, s.d. and 95 % limit of every parameter (SI, K), rows believed."""
        rows = []
        for member in self.members:
            run = member.run
            row: dict[str, Any] = {"field_Oe": member.field_oersted, "label": member.label, "outcome": run.outcome}
            row |= {"rows": run.rows, "believed": run.rows - run.disbelieved}
            if member.fit is not None:
                row |= {"law": member.fit.law, "status": member.fit.status, "chi2_nu": member.fit.chi2_nu}
                for name, estimate in member.fit.parameters.items():
                    row |= {name: estimate.value, f"{name}_sd": estimate.sd, f"{name}_upper95": estimate.upper95}
            rows.append(row)
        return pd.DataFrame(rows)

    def draw(self, path: str | Path, title: str = "R(T) family") -> Path | None:
        """Draw the family; None when there is no point to draw."""
        drawn = [member for member in self.members if np.isfinite(member.frame["rho (ohm)"]).any()]
        if not drawn:
            return None
        family_figure([_curve(member) for member in drawn], title=title, path=path, simulated=self.simulated)
        return Path(path)


def _curve(member: FamilyMember) -> FamilyCurve:
    frame = member.frame
    return FamilyCurve(
        label=f"{member.field_oersted:g} Oe",
        field_oersted=member.field_oersted,
        temperature=frame["T_sample (K)"].to_numpy(),
        resistivity=frame["rho (ohm)"].to_numpy(),
        sd=frame["rho_sd (ohm)"].to_numpy(),
        flagged=~believed(frame),
        fit=member.fit,
    )


def free_name(folder: Path, name: str) -> Path:
    """A name that is not taken: family.png, family-2.png, ..."""
    path, number = folder / name, 1
    while path.exists():
        number += 1
        path = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
    return path
