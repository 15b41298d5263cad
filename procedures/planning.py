"""What a procedure would do, and how long it would take, before anything moves."""

import math
from dataclasses import dataclass
from typing import Any

from coldfinger.procedures.station import Station
from coldfinger.procedures.words.quantity import duration_text

RANGE_SETTLING = 20.0  # s after a change of the heater's range or of the control sensor's excitation
_NOISE_ROOM = 0.78  # of the tolerance: every reading of a window must lie inside it, noise included


@dataclass(frozen=True)
class Stage:
    """One part of a plan: what happens, its expected duration (s), and the s.d. of that where it depends on chance."""

    what: str
    seconds: float
    sd: float = 0.0


@dataclass(frozen=True)
class Whereabouts:
    """Where field (T, at the sample) and temperature (K) are when a plan begins or ends."""

    field: float
    temperature: float


@dataclass(frozen=True)
class Plan:
    """Stages in their order; prints as a table."""

    title: str
    stages: tuple[Stage, ...]

    @property
    def seconds(self) -> float:
        """Expected duration (s) of the whole."""
        return math.fsum(stage.seconds for stage in self.stages)

    @property
    def sd(self) -> float:
        """Standard deviation (s) of the duration of the whole: root of the sum of squares."""
        return math.hypot(*(stage.sd for stage in self.stages))

    def __str__(self) -> str:
        width = max((len(stage.what) for stage in self.stages), default=0)
        whole = Stage("in all", self.seconds, self.sd)
        lines = [f"  {stage.what:<{width}}  {_time_text(stage)}" for stage in (*self.stages, whole)]
        return "\n".join([self.title, *lines])

    def to_json(self) -> dict[str, Any]:
        """Title, stages and sum in seconds, each with its s.d."""
        stages = [{"what": stage.what, "seconds": stage.seconds, "sd": stage.sd} for stage in self.stages]
        return {"title": self.title, "stages": stages, "seconds": self.seconds, "sd": self.sd}


def _time_text(stage: Stage) -> str:
    known = duration_text(stage.seconds)
    return f"{known} ± {duration_text(stage.sd)}" if stage.sd > 0 else known


def field_stage(station: Station, start: float, stop: float) -> Stage:
    """The ramp of the magnet from a field (T) to another at the station's rate, with its window of rest."""
    rate = station.file.sections["magnet"]["ramp_rate"]
    return Stage(f"field to {stop * 1e4:g} Oe", abs(stop - start) / rate + 4.0)


def approach_stage(station: Station, start: float, stop: float, tolerance: float, window: float) -> Stage:
    """The way of mixing chamber and chip to a temperature (K), until both are within a relative tolerance."""
    seconds = _approach(station, start, stop, tolerance) + window
    return Stage(f"temperature to {stop * 1e3:g} mK", seconds)


def first_approach_stage(station: Station, start: float, stop: float, tolerance: float, window: float) -> Stage:
    """The same for the first temperature of a run, whose ranges are set and left to settle meanwhile."""
    seconds = max(RANGE_SETTLING, _approach(station, start, stop, tolerance)) + window
    return Stage(f"temperature to {stop * 1e3:g} mK", seconds)


def _approach(station: Station, start: float, stop: float, tolerance: float) -> float:
    """Seconds until the chip is within the tolerance of a mixing chamber that follows with its own time."""
    chamber_time: float = station.file.sections["cooling"]["mixing_chamber_time"]
    chip, chamber, time, step = start, start, 0.0, 1.0
    edge = _NOISE_ROOM * tolerance * stop
    while abs(chip - stop) > edge and time < 1e6:
        # Cooling goes by itself, T^2 falling exponentially; on warming the loop drives much faster than that.
        chamber = max(stop, chamber * math.exp(-0.5 * step / chamber_time)) if stop < chamber else stop
        chip += (chamber - chip) * -math.expm1(-step / station.thermal_time(chip))
        time += step
        step = min(30.0, max(1.0, 0.02 * time))
    return time
