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

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.checks.schedule import latest
from coldfinger.procedures.curves import CurveFamily
from coldfinger.procedures.family import FamilyMember, believed, evaluate_member
from coldfinger.procedures.grid import TemperatureGrid, run_grid
from coldfinger.procedures.planning import Plan, Whereabouts
from coldfinger.procedures.reach.setpoints import BY_FIELD, BY_TEMPERATURE, ORDERS
from coldfinger.procedures.runner import Progress, RunResult, StopSwitch, stop_on_signals
from coldfinger.procedures.station import Station
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.procedures.words.quantity import OERSTED, parse_list

if TYPE_CHECKING:
    from coldfinger.analysis.figures import FamilyCurve


class RTFamily(CurveFamily):
    """The same temperature ramp at every field.

    `fields` in tesla, or text such as "0, 30, 100 Oe"; `parameters` are those of TemperatureRamp without its field
    (start and stop in K, pacing, points, excitation, ...). Fields are taken in rising order of |H|, so that no field
    is approached from above.

    order      "by field": one ramp after the other; "by temperature": settled temperatures (25 logarithmic ones
               unless `pacing` and `points` say otherwise), at each of them every field, from a demagnetised magnet
    alternate  every other ramp goes the other way: down, up, down, ... Only by field

    Raises LimitError, QuantityError or ValueError for what cannot be run.
    """

    kind = "R(T) family"
    key = "field_Oe"

    def __init__(
        self,
        station: Station,
        fields: str | Sequence[float],
        *,
        order: str = BY_FIELD,
        alternate: bool = False,
        **parameters: Any,
    ) -> None:
        wanted = parse_list(fields, "field", "fields") if isinstance(fields, str) else fields
        self.fields = in_rising_order(wanted)
        if order not in ORDERS:
            raise ValueError(f"order {order!r} is not one of {', '.join(ORDERS)}")
        self.order = order
        refuse_unknown(TemperatureRamp, parameters, own="field")
        self.grid: TemperatureGrid | None = None
        if order == BY_TEMPERATURE:
            if alternate:
                raise ValueError(
                    "alternate: by temperature the fields rise at every temperature, because a field that is "
                    "approached from above holds the magnet's trapped flux; leave it out, or choose the order by field"
                )
            parameters = {"pacing": "log points", "points": 25, **parameters}
            self.grid = TemperatureGrid(self.fields, **parameters)
            self.grid.use(station)
            self.grid.check()
        ramps = [
            TemperatureRamp(**(backwards(parameters) if alternate and i % 2 else parameters), field=field / OERSTED)
            for i, field in enumerate(self.fields)
        ]
        ends = [Whereabouts(field, ramp.set_temperatures()[-1]) for field, ramp in zip(self.fields, ramps, strict=True)]
        super().__init__(station, ramps, ends)

    def value(self, number: int) -> float:
        return self.fields[number] / OERSTED

    def name(self, number: int) -> str:
        return f"{self.value(number):g}-Oe"

    def plan(self) -> Plan:
        if self.grid is None:
            return super().plan()
        plan = self.grid.plan()
        return Plan(f"{self.kind} of {len(self.fields)} curves, {self.order}", plan.stages)

    def run(
        self,
        folder: str | Path,
        *,
        header: dict[str, Any] | None = None,
        switch: StopSwitch | None = None,
        progress: Callable[[int], Progress] | None = None,
        finished: Callable[[FamilyMember], None] = lambda member: None,
    ) -> "FamilyResult":
        """Measure the family and write its runs and its manifest into `folder`; see `CurveFamily.measure`.

        Without `progress` bars and a table of results are shown, and Ctrl-C stops after the present row.
        """
        switch = switch or StopSwitch()
        if progress is not None:
            return self._run(Path(folder), switch, progress, finished, header)
        from coldfinger.procedures.screen import FamilyScreen

        with stop_on_signals(switch), FamilyScreen(self.fields) as screen:
            return self._run(Path(folder), switch, screen.progress, screen.finished, header)

    def _run(
        self,
        folder: Path,
        switch: StopSwitch,
        progress: Callable[[int], Progress],
        finished: Callable[[FamilyMember], None],
        header: dict[str, Any] | None,
    ) -> "FamilyResult":
        members: list[FamilyMember] = []

        def evaluate(number: int, result: RunResult) -> None:
            members.append(evaluate_member(self.value(number), result, self.station))
            finished(members[-1])

        measure = self.measure if self.grid is None else self._measure_grid
        manifest = measure(folder, switch, progress, evaluate, header)
        return FamilyResult(folder, members, self.station.simulated, manifest)

    def _measure_grid(
        self,
        folder: Path,
        switch: StopSwitch,
        progress: Callable[[int], Progress],
        finished: Callable[[int, RunResult], None],
        header: dict[str, Any] | None,
    ) -> Path:
        assert self.grid is not None
        ramps = [ramp for ramp in self.procedures if isinstance(ramp, TemperatureRamp)]
        names = [self.name(i) for i in range(len(ramps))]
        try:
            results = run_grid(
                self.grid, ramps, names, self.station, folder, header=header, switch=switch, progress=progress
            )
        except BaseException:
            self.station.to_safe()  # it could not even be begun
            raise
        for i, result in enumerate(results):
            finished(i, result)
        return self._manifest(folder, results)


def backwards(parameters: dict[str, Any]) -> dict[str, Any]:
    """The same ramp the other way round."""
    usual = TemperatureRamp(**parameters)
    listed = ", ".join(reversed([f"{value!r} K" for value in parse_list(usual.temperatures, "temperature", "list")]))
    return {**parameters, "start": usual.stop, "stop": usual.start, "temperatures": listed}


def in_rising_order(fields: Sequence[float]) -> tuple[float, ...]:
    """Fields in rising order of |H|, so that none is approached from above."""
    return tuple(sorted(fields, key=lambda field: (abs(field), field)))


def refuse_unknown(procedure: type[TransportProcedure], parameters: dict[str, Any], own: str) -> None:
    """Raise ValueError for a parameter that the procedure does not have, or that the family sets itself."""
    unknown = set(parameters) - set(procedure().parameter_objects())
    if unknown or own in parameters:
        names = ", ".join(sorted(unknown or {own}))
        raise ValueError(f"{names}: not a parameter of the curves of this family; see {procedure.__name__}")


@dataclass(frozen=True)
class FamilyResult:
    """Curves of a family with their fits; `manifest` is the file that lists its runs."""

    folder: Path
    members: list[FamilyMember]
    simulated: bool
    manifest: Path

    def table(self) -> pd.DataFrame:
        """One row a field: law, status, value, s.d. and 95 % limit of every parameter (SI, K), rows believed, tests."""
        rows = []
        for member in self.members:
            run = member.run
            row: dict[str, Any] = {"field_Oe": member.field_oersted, "label": member.label, "outcome": run.outcome}
            row |= {"rows": run.rows, "believed": run.rows - run.disbelieved}
            row["checks"] = ", ".join(f"{verdict.name} {verdict.outcome}" for verdict in latest(run.verdicts))
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
        from coldfinger.analysis.figures import family_figure

        family_figure([_curve(member) for member in drawn], title=title, path=path, simulated=self.simulated)
        return Path(path)


def _curve(member: FamilyMember) -> "FamilyCurve":
    frame = member.frame
    from coldfinger.analysis.figures import FamilyCurve

    return FamilyCurve(
        label=f"{member.field_oersted:g} Oe",
        field_oersted=member.field_oersted,
        temperature=frame["T_sample (K)"].to_numpy(),
        resistivity=frame["rho (ohm)"].to_numpy(),
        sd=frame["rho_sd (ohm)"].to_numpy(),
        flagged=~believed(frame),
        fit=member.fit,
    )
