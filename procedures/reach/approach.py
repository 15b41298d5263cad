"""On the way to a temperature: what will never arrive is known long before the time is up.

A heater at its limit under a chamber that does not follow is open, or too small. A chamber that stays too warm without
heat has another heat source. Thermometers that say nothing for a minute leave nobody to say when it is enough.
"""

import math
from typing import NamedTuple

from coldfinger.procedures.station import Station
from coldfinger.procedures.words.quantity import duration_text, show

PERIOD = 10.0  # s between two looks at the heater
SATURATED, IDLE = 95.0, 5.0  # % of the range
COLD_PATIENCE, WARM_PATIENCE = 300.0, 600.0  # s without progress
BLIND = 60.0  # s without a thermometer
_PROGRESS = 0.01  # relative
_COLDER, _WARMER = 0.05, 0.10  # relative to the set point, at least
_ARRIVED = 0.10
_CHIP_TIMES = 5.0


class Trouble(NamedTuple):
    """Why a temperature will not be reached; `needs_person`: what follows would meet the same."""

    sentence: str
    needs_person: bool


class _Stuck:
    """Since when a reading has not come nearer by 1 %."""

    def __init__(self, direction: float) -> None:
        self.direction, self.since, self.anchor = direction, math.inf, math.nan

    def for_seconds(self, now: float, value: float, applies: bool) -> float:
        if not applies:
            self.since = math.inf
        elif self.since == math.inf or self.direction * (value - self.anchor) > _PROGRESS * abs(self.anchor):
            self.since, self.anchor = now, value
        return now - self.since if applies else 0.0


class ApproachWatch:
    """Judges one approach to `target` (K), reached within `tolerance` (K)."""

    def __init__(self, station: Station, target: float, tolerance: float) -> None:
        self.station, self.target, self.tolerance = station, target, tolerance
        self._looked = self._near_since = -math.inf
        self._cold, self._warm = _Stuck(1.0), _Stuck(-1.0)
        self._blind_since = self._lost_since = math.inf
        self._near = False

    def look(self, now: float, chamber: float, sample: float) -> Trouble | None:
        """What the last readings (K; nan without a value) mean at an instant (s)."""
        self._blind_since = math.inf if not math.isnan(sample) else min(self._blind_since, now)
        near = abs(chamber - self.target) <= _ARRIVED * self.target
        if near and not self._near:
            self._near_since = now
        self._near = near
        if now - self._looked < PERIOD:
            return None
        self._looked = now
        return self._thermometers(now) or self._heater(now, chamber)

    def _thermometers(self, now: float) -> Trouble | None:
        controller, bridge = self.station.controller, self.station.bridge
        self._lost_since = min(self._lost_since, now) if (status := controller.status) else math.inf
        if now - self._lost_since >= BLIND:
            return Trouble(
                f"the mixing chamber's thermometer has given no valid reading for {BLIND:g} s ({_words(status)}); the "
                "heater is off, check sensor and wiring",
                True,
            )
        if now - self._blind_since < BLIND:
            return None
        reading = bridge.reading
        overdue = BLIND + _CHIP_TIMES * self.station.thermal_time(self.target)
        if not reading.status and not (self._near and now - self._near_since > overdue):
            return None
        why = _words(reading.status) if reading.status else "outside its calibration"
        return Trouble(
            f"the sample's thermometer has given no valid reading for {duration_text(now - self._blind_since)} "
            f"({show(reading.resistance, 'resistance')}, {why}); the heater is off, check sensor and wiring",
            True,
        )

    def _heater(self, now: float, chamber: float) -> Trouble | None:
        controller = self.station.controller
        output, target = controller.heater_output, self.target
        here, there = show(chamber, "temperature"), show(target, "temperature")
        if status := controller.heater_status:
            text = f"the controller reports error {status} of its heater output (1: open); check heater and wiring"
            return Trouble(text, False)
        cold = output >= SATURATED and chamber < target - max(self.tolerance, _COLDER * target)
        if self._cold.for_seconds(now, chamber, cold) >= COLD_PATIENCE:
            return Trouble(
                f"the heater has given {output:.0f} % of {show(controller.heater_range, 'current')} for "
                f"{duration_text(COLD_PATIENCE)}, but the mixing chamber stays at {here}, below {there}; the heater is "
                "open, or its range in the station file is too small",
                False,
            )
        warm = output <= IDLE and chamber > target + max(self.tolerance, _WARMER * target)
        if self._warm.for_seconds(now, chamber, warm) >= WARM_PATIENCE:
            return Trouble(
                f"the mixing chamber has stayed at {here}, above {there}, for {duration_text(WARM_PATIENCE)} with the "
                "heater at rest; cooling is lost, or a heater gives what nobody asked for",
                True,
            )
        return None


def _words(status: object) -> str:
    return (getattr(status, "name", None) or str(status)).lower().replace("_", " ").replace("|", ", ")
