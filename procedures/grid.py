"""R(T) at several fields in one cool-down: at each settled temperature every field, each row into its own field's run.

Every temperature begins in a demagnetised magnet and the fields are taken in rising order of |H|, as in the other
order of a family: flux that a magnet traps on its way back (up to some oersted) would otherwise be in half of the
rows. The alternation is carried out while the sample is on its way to the temperature.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from coldfinger.procedures.checks.schedule import AT_BASE, CheckSchedule
from coldfinger.procedures.checks.verdict import Verdict
from coldfinger.procedures.current.search_excitation import Found
from coldfinger.procedures.data.folder import run_name
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.planning import Plan, Stage, Whereabouts, approach_stage, field_stage
from coldfinger.procedures.reach.setpoints import BY_TEMPERATURE, CONTINUOUS, decaying_alternation, nested
from coldfinger.procedures.runner import Progress, RunResult, StopSwitch, describe, run_into
from coldfinger.procedures.station import Station
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.procedures.words.quantity import OERSTED, show
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.quality import DISBELIEVED, Quality, disbelief

_LAST_PEAK, _DECAY = 2.0, 0.6  # Oe and ratio of a demagnetisation; assumed defaults
_WINDOW = 20.0  # s within the tolerance before a temperature counts as reached
_FINDING = 25.0  # s until current, frequency and sensitivity suit the film for the first time
_AT_A_FIELD = 3.0  # s, window of the field's rest beyond the plan's, filter delay and bus
_LOOKS = 8


class TemperatureGrid(TemperatureRamp):
    """Settled temperatures, and at each of them every field of `fields` (T); parameters as of TemperatureRamp.

    `curve` is the number of the field whose row is taken, None on the way to a temperature.
    """

    def __init__(self, fields: Sequence[float], **parameters: Any) -> None:
        super().__init__(**parameters)
        self.fields = tuple(fields)
        self.curve: int | None = None
        self.found: list[list[Verdict]] = [[] for _ in self.fields]
        """Verdicts of the belief tests, by field."""

    def check(self) -> None:
        if self.pacing in CONTINUOUS:
            raise LimitError(
                f"pacing: {self.pacing} moves the temperature all the time, but in the order by temperature every "
                "field is measured at the same one; choose linear points, log points or listed points"
            )
        if self.persistent:
            raise LimitError(
                "persistent: in the order by temperature the field changes at every temperature; leave persistent mode "
                "out, or choose the order by field"
            )
        for field in self.fields:
            self.station.limits.check_field(field)
        super().check()

    def alternation(self) -> list[float]:
        """Fields (Oe) of the demagnetisation before a temperature; empty for a family of one field."""
        largest = max(abs(field) for field in self.fields) / OERSTED
        return decaying_alternation(largest, _LAST_PEAK, _DECAY) if len(self.fields) > 1 else []

    def plan(self, since: Whereabouts | None = None) -> Plan:
        since = since or self.whereabouts()
        stages: list[Stage] = [Stage("finding the signal", _FINDING)]
        before, field = since.temperature, since.field
        row = self.window + _AT_A_FIELD
        for i, temperature in enumerate(self.set_temperatures()):
            approach = approach_stage(self.station, before, temperature, self.tolerance, _WINDOW).seconds
            way = [field, *(H * OERSTED for H in self.alternation() if i > 0)]
            alternating = math.fsum(field_stage(self.station, a, b).seconds for a, b in pairwise(way))
            up = [way[-1], *self.fields]
            moving = math.fsum(field_stage(self.station, a, b).seconds for a, b in pairwise(up) if a != b)
            seconds = max(approach, alternating + _WINDOW) + moving + len(self.fields) * row
            stages.append(Stage(f"{len(self.fields)} fields at {show(temperature, 'temperature')}", seconds))
            before, field = temperature, self.fields[-1]
        if self.checks != "none":
            stages.append(Stage(f"belief tests: {self.checks}", len(self.fields) * self.tests_duration()))
        return Plan("R(T) by temperature", tuple(stages))

    def take_data(self) -> None:
        self._schedules = [self._schedule() for _ in self.fields]
        self._searched: list[Found | None] = [None for _ in self.fields]
        temperatures = self.set_temperatures()
        grid = nested(temperatures, self.fields, BY_TEMPERATURE)
        coldest, present, arrived = min(temperatures), math.nan, False
        for i, (temperature, field) in enumerate(grid):
            if temperature != present:
                arrived = self._settle(temperature, first=math.isnan(present))
                present = temperature
            self._visit_field(i % len(self.fields), field, arrived, temperature == coldest)
            self.emit("progress", 100.0 * (i + 1) / len(grid))
            self.stop_if_asked()

    def _settle(self, temperature: float, first: bool) -> bool:
        """Go to a temperature (K), demagnetising on the way; the first time the magnet is taken as it is."""
        self.curve = None
        self.set_temperature(temperature)
        for field in [] if first else self.alternation():
            self.reach_field(field * OERSTED)
        return self._arrive(temperature)

    def _visit_field(self, curve: int, field: float, arrived: bool, coldest: bool) -> None:
        self.reach_field(field)
        self.curve = curve
        self.field = field / OERSTED  # type: ignore[assignment]  # a parameter's value on the instance
        self._tests = self._schedules[curve]
        if not hasattr(self, "keeper"):
            self.start_excitation()
        self.keeper.found = self._searched[curve]
        remark = self._find_signal()
        if coldest and self.checks != "none":
            self._test(arrived)
        self._settled_row(arrived, remark)
        self._searched[curve] = self.keeper.found

    def _find_signal(self) -> Quality:
        """From one field to the next the film changes by orders of magnitude: adapt before the row, not after it."""
        remark = Quality(0)
        for _ in range(_LOOKS):
            x, y = self.station.lockin.xy
            self.keeper.saw(x, y, math.nan)
            change = self.keeper.prepare()
            remark |= change
            if not change:
                break
        return remark

    def _test(self, arrived: bool, names: Sequence[str] = AT_BASE) -> None:
        before = len(self.verdicts)
        try:
            super()._test(arrived, names)
        finally:
            if self.curve is not None:
                self.found[self.curve] += self.verdicts[before:]

    def _schedule(self) -> CheckSchedule:
        return CheckSchedule(self, self.checks, self.on_failure, self.check_tolerance)


class GridWriters:
    """The run files of a grid behind the face of one: a row goes into the run of the field that it belongs to."""

    def __init__(self, grid: TemperatureGrid, writers: Sequence[RunWriter]) -> None:
        self.grid, self.writers = grid, tuple(writers)
        self.folder = self.writers[0].folder
        self.flags: list[list[int]] = [[] for _ in self.writers]

    @property
    def recorded(self) -> int:
        """Points of all runs that survive the death of this process."""
        return sum(writer.recorded for writer in self.writers)

    def point(self, values: Mapping[str, float]) -> int:
        """Into the present field's run, on disk when this returns."""
        curve = self.grid.curve or 0
        index = self.writers[curve].point(values)
        self.flags[curve].append(int(values["flags"]))
        return index

    def mark(self, kind: str, text: str, /, **data: Any) -> None:
        """Into the present field's run, into all on the way to a temperature."""
        for writer in self.writers if self.grid.curve is None else [self.writers[self.grid.curve]]:
            writer.mark(kind, text, **data)

    def alarm(self, kind: str, text: str, /, **data: Any) -> None:
        for writer in self.writers:
            writer.alarm(kind, text, **data)

    def snapshot(self, name: str, data: Any) -> None:
        for writer in self.writers:
            writer.snapshot(name, data)

    def end(self, outcome: str, reason: str = "", **data: Any) -> None:
        """End every run with its own counts; a file that cannot be ended keeps no other from its end."""
        trouble: RunFileError | None = None
        for writer, flags, verdicts in zip(self.writers, self.flags, self.grid.found, strict=True):
            own = {
                "rows": len(flags),
                "disbelieved": _disbelieved(flags),
                "why_disbelieved": disbelief(flags),
                "checks": [verdict.to_json() for verdict in verdicts],
            }
            try:
                writer.end(outcome, reason, **(data | own))
            except RunFileError as error:
                trouble = error
        if trouble is not None:
            raise trouble

    def close(self) -> None:
        for writer in self.writers:
            writer.close()


def run_grid(
    grid: TemperatureGrid,
    curves: Sequence[TemperatureRamp],
    names: Sequence[str],
    station: Station,
    folder: Path,
    *,
    header: Mapping[str, Any] | None = None,
    switch: StopSwitch | None = None,
    progress: Callable[[int], Progress] = lambda number: lambda percent, time: None,
) -> list[RunResult]:
    """Run a grid; one run folder for each of `curves`, which are what the runs are said to be. Raises as run_procedure.

    Whatever ends the grid ends every run of it.
    """
    grid.use(station)
    grid.check()
    opened: list[RunWriter] = []
    try:
        for curve, name in zip(curves, names, strict=True):
            opened.append(
                RunWriter(
                    folder / run_name(type(curve).__name__, name),
                    header={**describe(station), "order": BY_TEMPERATURE, **(header or {})},
                    columns=curve.DATA_COLUMNS,
                    procedure=curve,
                    clock=station.clock,
                )
            )
        writers = GridWriters(grid, opened)
        bars = [progress(i) for i in range(len(curves))]

        def all_bars(percent: float, time: float) -> None:
            for bar in bars:
                bar(percent, time)

        # The writers have a writer's face; only what a run asks of one is used.
        whole = run_into(writers, grid, station, switch or StopSwitch(), all_bars)  # type: ignore[arg-type]
        return [
            RunResult(
                writer.folder,
                whole.outcome,
                whole.reason,
                len(flags),
                _disbelieved(flags),
                whole.safe,
                tuple(verdicts),
                whole.stops_queue,
            )
            for writer, flags, verdicts in zip(opened, writers.flags, grid.found, strict=True)
        ]
    finally:
        for writer in opened:
            writer.close()


def _disbelieved(flags: Sequence[int]) -> int:
    return sum(bool(value & DISBELIEVED) for value in flags)
