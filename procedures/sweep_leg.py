"""One leg of a sweep: the field moves to a turning point, and rows are read on the way.

Theory of operation. n poles of a time constant tau show what was n tau ago. In the field's scale that is a lag of
n tau dH/dt, and the cut-off f_3dB of the poles becomes f_3dB/(dH/dt) in 1/Oe: the wanted resolution gives the rate.
The lag is taken out in a derived column: the field that was there n tau earlier, from the field's own record. That is
n tau dH/dt in a steady sweep, and right at turning points and after a pause, too.

Where the film wants another excitation or a wider full scale, the field waits until the filter has settled.
"""

import bisect
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from coldfinger.analysis.magnetoresistance import Sweep
from coldfinger.instruments.errors import LinkError
from coldfinger.instruments.roles import RampState
from coldfinger.procedures.failures import NeedsPerson
from coldfinger.procedures.reach.firmly import firmly
from coldfinger.procedures.rows.as_set import Change
from coldfinger.procedures.rows.point import POLES, Point, evaluate
from coldfinger.procedures.rows.sweep_reading import Stretch, read_stretch
from coldfinger.procedures.words.quantity import OERSTED, show
from coldfinger.runfiles.quality import DISBELIEVED, Quality

if TYPE_CHECKING:
    from coldfinger.procedures.sweeping import SweepingProcedure

LAG_COLUMN = "H_lag_corrected (Oe)"
_ATTEMPTS = 3  # stretches in a row that a link may spoil
_SLOWEST = 1.0 / 16.0  # of the wanted rate, when eddy currents heat


class FieldRecord:
    """When the field was where: instants (s) and fields (Oe) of one leg."""

    def __init__(self, time: float, field: float) -> None:
        self._times, self._fields = [time], [field]

    def add(self, time: float, field: float) -> None:
        self._times.append(time)
        self._fields.append(field)

    def at(self, time: float) -> float:
        """Field (Oe) at a time; before the first instant the field stood still."""
        i = bisect.bisect_right(self._times, time)
        if i == 0 or i == len(self._times):
            return self._fields[min(i, len(self._times) - 1)]
        before, after = self._times[i - 1], self._times[i]
        return self._fields[i - 1] + (self._fields[i] - self._fields[i - 1]) * (time - before) / (after - before)


class Leg:
    """One way of the field from where it is to `stop` (Oe)."""

    def __init__(
        self, procedure: "SweepingProcedure", stop: float, leg: int, progress: Callable[[float], None]
    ) -> None:
        self.procedure, self.station = procedure, procedure.station
        self.stop, self.leg, self.progress = stop, leg, progress
        self.target = stop * OERSTED
        self.share = 1.0  # of the wanted rate, less when eddy currents heat
        self.remarks = Quality(0)
        self.believed: list[tuple[float, float, float]] = []

    def run(self) -> Sweep:
        """Sweep there, writing rows on the way, and return what was believed of them."""
        station, procedure = self.station, self.procedure
        start = station.sample_field(station.magnet.field)
        self.direction = math.copysign(1.0, self.target - start)
        self.record = FieldRecord(station.clock.time(), start / OERSTED)
        self._adapt()
        procedure.emit("setpoint", ("field", self.target, "T"))
        self._go()
        tolerance = station.file.sections["magnet"]["tolerance"]
        arrived, spoilt = math.inf, 0
        while procedure.active_time() < arrived + POLES * procedure.keeper.present.time_constant:
            row_time = procedure.step * OERSTED / self.rate
            try:
                stretch = read_stretch(station, procedure.keeper.present, row_time)
                changed = procedure.changed(self.target, quick=True)
            except LinkError as error:
                spoilt += 1
                if spoilt == _ATTEMPTS:
                    raise
                procedure.emit("mark", ("lost", f"rows of this stretch do not count: {error}"))
                self.remarks |= Quality.RETAKEN
                continue
            spoilt = 0
            if changed:
                self._restore(changed)
                continue
            self._take(stretch)
            field = station.sample_field(stretch.fields[-1])
            self.progress(field / OERSTED)
            if arrived == math.inf and abs(field - self.target) <= tolerance:
                arrived = stretch.times[-1] - procedure.stood_still
            self._watch(stretch.state, field)
            if procedure.stop_if_asked():
                self._remember_field()
            if procedure.keeper.overdue():
                self._wait_for_excitation()
        fields, resistivities, sds = zip(*self.believed, strict=True) if self.believed else ((), (), ())
        return Sweep.of(fields, resistivities, sds, self.direction)

    def _go(self) -> None:
        """Start, or go on, at the rate that present time constant and heating allow."""
        station, procedure = self.station, self.procedure
        self.rate = self.share * procedure.wanted_rate(procedure.keeper.present.time_constant)
        firmly(lambda: setattr(station.magnet, "ramp_rate", self.rate))
        firmly(lambda: station.go_to_field(self.target))
        way = abs(self.target - station.sample_field(station.magnet.field))
        self.deadline = procedure.active_time() + 60.0 + 1.5 * way / self.rate

    def _watch(self, state: RampState, field: float) -> None:
        if state is RampState.QUENCH:
            raise NeedsPerson("the magnet has quenched; the run is over and the magnet is left alone")
        if self.procedure.active_time() > self.deadline:
            raise NeedsPerson(
                f"the field did not arrive at {show(self.target, 'field')} in time; it is at {show(field, 'field')} "
                f"and the supply is {state.name.lower()}"
            )

    def _restore(self, changed: list[Change]) -> None:
        """Rows between the loss of settings and now do not count; the field waits."""
        self.station.magnet.pause()
        self.procedure.restore(changed)
        self.remarks |= Quality.RETAKEN | Quality.SEAM
        self._remember_field()
        self._go()

    def _wait_for_excitation(self) -> None:
        """Stop the field while current, filter or full scale change and settle."""
        self.station.magnet.pause()
        self._adapt()
        self._go()

    def _adapt(self) -> None:
        procedure = self.procedure
        changed = procedure.keeper.prepare()
        for _ in range(5):
            if not procedure.keeper.overdue():
                break
            changed |= procedure.keeper.prepare()
        if changed & Quality.EXCITATION_CHANGED:
            present = procedure.keeper.present
            seam = f"{show(present.current, 'current')} at {present.frequency:g} Hz, {present.time_constant:g} s"
            procedure.emit("mark", ("excitation", seam))
        self.remarks |= changed
        self._remember_field()

    def _remember_field(self) -> None:
        """After standing still: the lag is none until the field moves again."""
        self.record.add(self.station.clock.time(), self.station.sample_field(self.station.magnet.field) / OERSTED)

    def _take(self, stretch: Stretch) -> None:
        """Evaluate and write the rows of a stretch."""
        station, procedure = self.station, self.procedure
        for time, field in zip(stretch.times, stretch.fields, strict=True):
            self.record.add(time, station.sample_field(field) / OERSTED)
        keeper = procedure.keeper
        source = keeper.current, keeper.voltage
        delay = POLES * keeper.present.time_constant
        remarks = self.remarks if procedure.arrived else self.remarks | Quality.NOT_SETTLED
        hot = Quality(0)
        for raw in stretch.rows:
            point = evaluate(raw, station, keeper.present, source[1])
            hot = self._heated(point)
            flags = point.flags | remarks | hot
            lagging = self.record.at(raw.time - delay)
            row = procedure.sweep_row(point, self.target, procedure.held_row(flags), source)
            procedure.emit("results", row | {LAG_COLUMN: lagging, "direction": self.direction, "leg": self.leg})
            if not flags & DISBELIEVED and math.isfinite(point.resistivity):
                self.believed.append((lagging, point.resistivity, point.resistivity_sd))
            remarks &= ~(Quality.EXCITATION_CHANGED | Quality.SENSITIVITY_CHANGED | Quality.RETAKEN)
        self.remarks = Quality(0)
        keeper.saw(raw.x, raw.y, point.resistivity)
        procedure.tell_of_overload(point)
        if point.flags & Quality.OVERLOAD:
            self._widen()
        if hot:
            self._slow_down(point)

    def _heated(self, point: Point) -> Quality:
        """The sample is warmer than the set point by more than is allowed."""
        procedure = self.procedure
        hot = point.temperature > (1.0 + procedure.heating) * procedure.t_set
        return Quality.NOT_SETTLED if hot else Quality(0)

    def _slow_down(self, point: Point) -> None:
        """Heat of eddy currents falls with the square of the rate."""
        if self.share <= _SLOWEST:
            return
        self.share *= 0.5
        self._go()
        warm = show(point.temperature, "temperature")
        slower = f"sample at {warm}; rate down to {show(self.rate, 'field rate')}"
        self.procedure.emit("mark", ("eddy heating", slower))

    def _widen(self) -> None:
        self.station.magnet.pause()
        self.procedure.keeper.widen()
        self.remarks |= Quality.SENSITIVITY_CHANGED
        self._go()
