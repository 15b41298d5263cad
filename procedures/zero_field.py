"""Zero field at the sample: what is trapped is found, removed by decaying alternation, and what is left is measured.

1. From zero current the field goes outward once, slowly, and rho(H) is read: this is the magnet as it was found.
   Only the first way outward shows it, because every return changes the trapped flux.
2. Decaying alternation about zero current.
3. Both ways between -span and +span: each direction has its centre of symmetry, and their mean is the true zero.
4. The way of step 1 is laid over the curve of step 3: the shift is the field that was trapped.
5. Decaying alternation again, and the field is brought to zero at the sample.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from pymeasure.experiment import BooleanParameter

from coldfinger.analysis.magnetoresistance import Sweep, shift_against, symmetry_centre
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.planning import Plan, Stage, Whereabouts, field_stage
from coldfinger.procedures.reach.setpoints import decaying_alternation
from coldfinger.procedures.sweeping import SweepingProcedure
from coldfinger.procedures.words.parameters import QuantityParameter
from coldfinger.procedures.words.quantity import OERSTED

_SUPPLY = 0.02  # Oe, what is never known better: the supply's own steps; assumed default
_HALT = 4.0  # s at a turning point of the alternation
_CENTRE_REACH = 0.5  # of the span: how far from zero the centre may lie
_SHIFT_REACH = 1.5  # of the span: how much trapped field can be recognised


@dataclass(frozen=True)
class ZeroFieldResult:
    """Fields (Oe) at the sample with no current in the magnet; nan where the data do not show them."""

    found: float
    """Before anything was done."""
    trapped: float
    """What of it the alternation has removed."""
    trapped_sd: float
    offset: float
    """What has remained."""
    offset_sd: float
    hysteresis: float
    """Centre of the way up minus centre of the way down."""

    def __str__(self) -> str:
        if math.isnan(self.offset):
            return "the sweep after the alternation shows no centre of symmetry: nothing can be said about the field"
        trapped = f"{self.trapped:.2f} +- {max(self.trapped_sd, _SUPPLY):.2f} Oe"
        before = f"before: {self.found:.2f} Oe, of which {trapped} were trapped"
        if math.isnan(self.found):
            before = "before: not to be recognised within 1.5 times the span"
        return f"at zero current {before}; now: {self.offset:.2f} +- {max(self.offset_sd, _SUPPLY):.2f} Oe"


class ZeroField(SweepingProcedure):
    """Demagnetise, and find the field that remains."""

    amplitude = QuantityParameter("Amplitude", units="Oe", default=200.0)
    smallest = QuantityParameter("Smallest amplitude", units="Oe", default=0.5)
    ratio = QuantityParameter("Ratio", default=0.7)
    span = QuantityParameter("Span", units="Oe", default=30.0)
    step = QuantityParameter("Field step", units="Oe", default=0.2)
    apply = BooleanParameter("Use the offset found", default=True)

    result: ZeroFieldResult | None = None

    def turning_points(self) -> list[float]:
        return [self.amplitude, -self.amplitude, self.span, -self.span]

    def check(self) -> None:
        super().check()
        if not 0.0 < self.ratio < 1.0:
            raise LimitError(f"ratio: {self.ratio:g} must be between 0 and 1, or the alternation does not decay")
        for name in ("amplitude", "smallest", "span"):
            if not getattr(self, name) > 0:
                raise LimitError(f"{name}: {getattr(self, name):g} must be above zero")
        if self.span < 20 * self.step:
            raise LimitError(f"step: {self.step:g} Oe is too large for a span of {self.span:g} Oe; give a twentieth")

    def alternation(self, amplitude: float) -> list[float]:
        """Supply fields (Oe), one after the other."""
        return decaying_alternation(amplitude, self.smallest, self.ratio)

    def plan(self, since: Whereabouts | None = None) -> Plan:
        since = since or self.whereabouts()
        station, span = self.station, self.span * OERSTED
        return Plan(
            f"zero field at {self.temperature * 1e3:g} mK",
            (
                field_stage(station, since.field, station.field_offset),
                *self.beginning_stages(since.temperature),
                self.leg_stage(station.field_offset / OERSTED, -self.span),
                self._alternation_stage(-self.span, self.amplitude),
                field_stage(station, 0.0, span),
                field_stage(station, span, -span),
                self.leg_stage(-self.span, self.span),
                self.leg_stage(self.span, -self.span),
                self._alternation_stage(-self.span, self.span),
                field_stage(station, station.field_offset, 0.0),
            ),
        )

    def _alternation_stage(self, start: float, amplitude: float) -> Stage:
        usual = self.station.file.sections["magnet"]["ramp_rate"] / OERSTED
        points = self.alternation(amplitude)
        way = sum(abs(b - a) for a, b in pairwise([start, *points]))
        return Stage(f"decaying alternation from {amplitude:g} Oe", way / usual + _HALT * len(points))

    def take_data(self) -> None:
        offset = self.station.field_offset / OERSTED
        self.reach_field(self.station.field_offset)
        self.begin()
        with self.swept():
            outward = self.sweep_to(-self.span, 0)
        self._alternate(self.amplitude, 10.0)
        self.reach_field(self.span * OERSTED)
        self.reach_field(-self.span * OERSTED)
        with self.swept():
            up = self.sweep_to(self.span, 1)
            down = self.sweep_to(-self.span, 2)
        self.emit("progress", 70.0)
        self.result = evaluate_zero_field(outward, up, down, offset, self.span)
        self.emit("mark", ("zero field", str(self.result)))
        self._alternate(self.span, 75.0)
        self._put_into_use(self.result)

    def _alternate(self, amplitude: float, progress: float) -> None:
        points = self.alternation(amplitude)
        for i, field in enumerate(points):
            self.reach_field(field * OERSTED + self.station.field_offset)
            self.emit("progress", progress + 20.0 * (i + 1) / len(points))

    def _put_into_use(self, result: ZeroFieldResult) -> None:
        """Zero at the sample by what is known now; without a result, or without leave, the station's own offset."""
        station = self.station
        if self.apply and math.isfinite(result.offset):
            station.field_offset = result.offset * OERSTED
            station.magnet.field_limit = station.supply_limit
            self.emit("mark", ("field offset", f"{result.offset:.3f} Oe in use until the station is closed"))
        self.reach_field(0.0)


def evaluate_zero_field(outward: Sweep, up: Sweep, down: Sweep, offset: float, span: float) -> ZeroFieldResult:
    """Fields at zero current from the way as found and the two ways after the alternation.

    The sweeps' fields (Oe) are the supply's plus `offset`.
    """
    reach = _CENTRE_REACH * span
    (centre_up, sd_up), (centre_down, sd_down) = symmetry_centre(up, reach), symmetry_centre(down, reach)
    centre, centre_sd = 0.5 * (centre_up + centre_down), 0.5 * math.hypot(sd_up, sd_down)
    if math.isnan(centre):
        return ZeroFieldResult(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan)
    reference = Sweep.of(
        np.concatenate([up.field - centre_up, down.field - centre_down]),
        np.concatenate([up.resistivity, down.resistivity]),
        np.concatenate([up.sd, down.sd]),
        0.0,
    )
    shift, shift_sd = shift_against(outward, reference, _SHIFT_REACH * span)
    return ZeroFieldResult(
        found=offset + shift,
        trapped=shift + centre,
        trapped_sd=math.hypot(shift_sd, centre_sd),
        offset=offset - centre,
        offset_sd=centre_sd,
        hysteresis=centre_up - centre_down,
    )
