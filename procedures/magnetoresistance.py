"""Low-field magnetoresistance: slow sweeps between -span and +span, up and down, repeated.

Before the first sweep the field goes to both ends once: from then on every sweep begins with the magnet in the same
state, and sweeps of one direction retrace each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pymeasure.experiment import IntegerParameter

from coldfinger.analysis.magnetoresistance import (
    Background,
    Peak,
    Spectrum,
    Sweep,
    find_peaks,
    fit_background,
    spectrum_of,
    superconducting_core,
)
from coldfinger.procedures.family import believed
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.planning import Plan, Whereabouts, field_stage
from coldfinger.procedures.rows.point import POLES
from coldfinger.procedures.station import Station
from coldfinger.procedures.sweep_leg import LAG_COLUMN
from coldfinger.procedures.sweeping import SweepingProcedure
from coldfinger.procedures.words.parameters import QuantityParameter
from coldfinger.procedures.words.quantity import OERSTED


class LowFieldMagnetoresistance(SweepingProcedure):
    """Repeated pairs of sweeps, -span to +span and back."""

    span = QuantityParameter("Span", units="Oe", default=100.0)
    pairs = IntegerParameter("Pairs", default=3, minimum=1, maximum=1000)
    resolution = QuantityParameter("Field resolution f_3dB", units="1/Oe", default=4.0)

    def turning_points(self) -> list[float]:
        return [-self.span] + [self.span, -self.span] * self.pairs

    def check(self) -> None:
        super().check()
        if not self.span > 0:
            raise LimitError(f"span: {self.span:g} must be above zero")

    def plan(self, since: Whereabouts | None = None) -> Plan:
        since = since or self.whereabouts()
        low, high = -self.span * OERSTED, self.span * OERSTED
        up, down = self.leg_stage(-self.span, self.span), self.leg_stage(self.span, -self.span)
        return Plan(
            f"{self.pairs} pairs of sweeps to {self.span:g} Oe at {self.temperature * 1e3:g} mK",
            (
                field_stage(self.station, since.field, high),
                field_stage(self.station, high, low),
                *self.beginning_stages(since.temperature),
                *(up, down) * self.pairs,
            ),
        )

    def go_on_after(self, rows: pd.DataFrame, station: Station) -> str:
        """Where the field was held the leg goes on; otherwise it begins again, the legs before it stand."""
        return self.go_on_legs(rows, station, None, self.moving_reach(rows))

    def take_data(self) -> None:
        if self.over:
            return
        if self.leg == 0 and not self.in_place:
            self.reach_field(self.span * OERSTED)
        self.reach_first_field()
        self.begin()
        ends = self.turning_points()[1:]
        with self.swept():
            for leg, stop in enumerate(ends[self.leg :], self.leg):
                self.sweep_to(stop, leg)
                self.emit("progress", 100.0 * (leg + 1) / len(ends))


@dataclass(frozen=True)
class Magnetoresistance:
    """What the rows of repeated sweeps say."""

    background: Background
    spectrum: Spectrum
    peaks: Sequence[Peak]


def sweeps_of(frame: pd.DataFrame) -> list[Sweep]:
    """The believed rows of every leg as a sweep, lag corrected."""
    rows = frame[believed(frame)]
    return [
        Sweep.of(leg[LAG_COLUMN], leg["rho (ohm)"], leg["rho_sd (ohm)"], float(leg["direction"].iloc[0]))
        for _, leg in rows.groupby("leg")
    ]


def evaluate_magnetoresistance(frame: pd.DataFrame, core: float | None = None) -> Magnetoresistance:
    """Background, spectrum and peaks of a run; `core` (Oe) is left out, None: five times where rho is zero.

    Raises ValueError when there are too few rows, or no direction was swept twice.
    """
    sweeps = sweeps_of(frame)
    core = superconducting_core(sweeps) if core is None else core
    background = fit_background(sweeps, core)
    time_constant = float(frame["time_constant (s)"].median())
    spectrum = spectrum_of(sweeps, background, rate_of(frame), time_constant, core=core, poles=POLES)
    return Magnetoresistance(background, spectrum, find_peaks(spectrum))


def rate_of(frame: pd.DataFrame) -> float:
    """|dH/dt| (Oe/s) between the rows of a leg, the median of all."""
    rates = [
        np.abs(np.diff(leg["H (Oe)"]) / np.diff(leg["time (s)"])) for _, leg in frame.groupby("leg") if len(leg) > 1
    ]
    return float(np.median(np.concatenate(rates)))
