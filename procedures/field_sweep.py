"""R(H) at a fixed temperature: the field goes from start to stop, or round a loop, continuously or in steps."""

from dataclasses import replace
from itertools import pairwise

import pandas as pd
from pymeasure.experiment import BooleanParameter, ListParameter, Parameter

from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.planning import Plan, Stage, Whereabouts, field_stage
from coldfinger.procedures.reach.persistent import PersistentMode, check_persistent, hold_field, mode_of, refuse_moving
from coldfinger.procedures.reach.setpoints import decaying_alternation, linear, listed
from coldfinger.procedures.rows.point import Point
from coldfinger.procedures.station import Station
from coldfinger.procedures.sweep_leg import LAG_COLUMN
from coldfinger.procedures.sweeping import SweepingProcedure
from coldfinger.procedures.words.field_way import turning_points
from coldfinger.procedures.words.parameters import QuantityParameter
from coldfinger.procedures.words.quantity import OERSTED
from coldfinger.runfiles.quality import Quality

MODES_OF_SWEEP = ("continuous", "stepped")
_LAST_PEAK, _DECAY = 2.0, 0.6  # Oe and ratio of a demagnetisation; assumed defaults
_ROW_OVERHEAD = 1.5  # s, delay of the filter and the bus, beside the window itself
_STEP_OVERHEAD = 4.5  # s, until the supply holds and has been seen to


class FieldSweep(SweepingProcedure):
    """R(H) from `start` to `stop`, or along `turning points`, at one temperature.

    Turning points are a list ("0, 60, -60 Oe"), a hysteresis loop ("loop 100 Oe") or ways to and fro
    ("zigzag -50, 50 Oe x 4"); see `field_way`.
    """

    start = QuantityParameter("Start", units="Oe", default=-100.0)
    stop = QuantityParameter("Stop", units="Oe", default=100.0)
    points = Parameter("Turning points", default="")
    mode = ListParameter("Mode", choices=list(MODES_OF_SWEEP), default="continuous")
    window = QuantityParameter("Averaging window", units="s", default=4.0)
    demagnetise = QuantityParameter("Demagnetise from, 0 if not", units="Oe", default=0.0)
    persistent = BooleanParameter("Persistent", default=False)
    leads_to_zero = BooleanParameter("Leads to zero", default=True)

    def turning_points(self) -> list[float]:
        if not self.points.strip():
            return [self.start, self.stop]
        return turning_points(self.points)

    def check(self) -> None:
        super().check()
        refuse_moving(self.persistent and self.mode != "stepped")
        check_persistent(self.station, self.persistent)
        if len(listed(self.turning_points())) < 2:
            raise LimitError(f"a sweep needs two different fields; {self.turning_points()[0]:g} Oe is only one")
        if self.demagnetise < 0:
            raise LimitError(f"demagnetise: {self.demagnetise:g} Oe must not be negative")
        self.station.limits.check_field(self.demagnetise * OERSTED, "demagnetise")
        if not self.window > 0:
            raise LimitError(f"window: {self.window:g} must be above zero")

    def steps(self) -> list[tuple[int, float, float]]:
        """(leg, field (Oe), direction) of every settled row."""
        result: list[tuple[int, float, float]] = []
        for leg, (start, stop) in enumerate(pairwise(self.turning_points())):
            count = max(2, round(abs(stop - start) / self.step) + 1)
            direction = 1.0 if stop > start else -1.0
            first = 1 if result else 0  # a turning point is measured once
            result += [(leg, field, direction) for field in linear(start, stop, count)[first:]]
        return result

    def alternation(self) -> list[float]:
        """Fields (Oe) of the demagnetisation before the sweep; empty where none is wanted."""
        if self.demagnetise == 0:
            return []
        return decaying_alternation(self.demagnetise, _LAST_PEAK, _DECAY)

    def plan(self, since: Whereabouts | None = None) -> Plan:
        now, since = since is None, since or self.whereabouts()
        fields = self.turning_points()
        way = [since.field / OERSTED, *self.alternation(), fields[0]]
        moves = [field_stage(self.station, a * OERSTED, b * OERSTED) for a, b in pairwise(way)]
        first = Stage(moves[-1].what, sum(move.seconds for move in moves))
        title = f"R(H) at {self.temperature * 1e3:g} mK"
        if self.mode == "continuous":
            legs = tuple(self.leg_stage(a, b) for a, b in pairwise(fields))
            return Plan(title, (first, *self.beginning_stages(since.temperature), *legs))
        steps = [field for _, field, _ in self.steps()]
        usual = self.station.file.sections["magnet"]["ramp_rate"]
        moving = sum(abs(b - a) for a, b in pairwise(steps)) * OERSTED / usual
        seconds = moving + len(steps) * (_STEP_OVERHEAD + self.window + _ROW_OVERHEAD)
        if self.persistent:
            mode = PersistentMode(self.station)
            first = replace(
                first, seconds=first.seconds + mode.freeing(since.field, self.leads_to_zero, now=now).seconds
            )
            seconds += mode.visiting([field * OERSTED for field in steps], self.leads_to_zero)
        return Plan(
            title, (first, *self.beginning_stages(since.temperature), Stage(f"{len(steps)} settled fields", seconds))
        )

    def go_on_after(self, rows: pd.DataFrame, station: Station) -> str:
        """Where the field was held the sweep goes on; otherwise its leg begins again, after a demagnetisation all."""
        complete, reach = None, self.moving_reach(rows)
        if self.mode == "stepped":
            legs = [at for at, _, _ in self.steps()]
            if rows["leg"].tolist() != legs[: len(rows)]:
                return ""
            complete, reach = legs[len(rows) : len(rows) + 1] != [legs[len(rows) - 1]], 0.0
        sentence = self.go_on_legs(rows, station, complete, reach)
        if not self.in_place and not self.over and self.demagnetise > 0:
            self.leg = self.kept_rows = 0
            return ""
        return sentence

    def take_data(self) -> None:
        if self.over:
            return
        fields = self.turning_points()
        if self.persistent:
            mode_of(self).leave()
        if self.leg == 0 and not self.in_place:
            for field in self.alternation():
                self.reach_field(field * OERSTED)
        self.reach_first_field()
        self.begin()
        if self.mode == "stepped":
            self._visit()
            return
        whole = sum(abs(b - a) for a, b in pairwise(fields))
        done = start = 0.0

        def progress(field: float) -> None:
            self.emit("progress", min(99.0, 100.0 * (done + abs(field - start)) / whole))

        with self.swept():
            for leg, (start, stop) in enumerate(pairwise(fields)):
                if leg >= self.leg:
                    self.sweep_to(stop, leg, progress)
                done += abs(stop - start)

    def _visit(self) -> None:
        steps = self.steps()
        for i, (leg, field, direction) in enumerate(steps[self.kept_rows :], self.kept_rows):
            hold_field(self, field * OERSTED, self.persistent, self.leads_to_zero)
            self._settled_row(leg, field, direction)
            self.emit("progress", 100.0 * (i + 1) / len(steps))
            self.stop_if_asked()

    def _settled_row(self, leg: int, field: float, direction: float) -> None:
        def extra(point: Point) -> dict[str, float]:
            # The field stands still: what the filter shows belongs to the field that is there.
            here = self.station.sample_field(point.raw.field) / OERSTED
            return {LAG_COLUMN: here, "direction": direction, "leg": leg}

        remark = Quality(0) if self.arrived else Quality.NOT_SETTLED
        self.take_row(field * OERSTED, self.window, lambda: None, remark, extra)
