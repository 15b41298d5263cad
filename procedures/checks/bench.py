"""Looks at the film and its thermometer for the belief tests, at any current and frequency, and back again."""

import math
from dataclasses import dataclass

from coldfinger.instruments.errors import LinkError
from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.checks.verdict import Look
from coldfinger.procedures.current.excitation import SETTLING_TIME_CONSTANTS, averaged_noise, time_constant_for
from coldfinger.procedures.current.excite import Wish
from coldfinger.procedures.rows.point import POLES, Point, Raw, evaluate, read_point
from coldfinger.procedures.station import Station
from coldfinger.runfiles.quality import Quality, names

SMALLER = 3.0
"""The tests go from I to I/3, as the paper's authors did at their highest resistance."""

SERIES = (0.1e-9, 0.2e-9, 0.3e-9, 0.5e-9, 1e-9)
"""The full series of currents (A)."""

_ADAPTATIONS = 5
_ATTEMPTS = 3
_TROUBLE = (
    Quality.OVERLOAD | Quality.UNLOCKED | Quality.SCATTER | Quality.FIELD_OFF_TARGET | Quality.STALE_THERMOMETER
)  # forbids to compare; a phase or a gradient is judged by the tests themselves
_MESSAGES = 0.7  # s
_SHORTEST = 8.0  # s of averaging, however long the filter takes to settle


@dataclass(frozen=True)
class Terms:
    """How the tests are made: seconds of a look in all, tolerated relative change of rho and T, d ln rho/d ln T."""

    look: float = 30.0
    tolerance: float = 1e-2
    temperature_tolerance: float = 1e-2
    slope: float = 0.0  # 0: unknown
    series: bool = False


class Bench:
    """Looks through a procedure's station and keeper; `restore` gives the excitation back as it was."""

    def __init__(
        self, procedure: TransportProcedure, terms: Terms, field: float, write_rows: bool, remark: Quality
    ) -> None:
        self.procedure, self.terms, self.field = procedure, terms, field
        self.write_rows, self.remark = write_rows, remark
        self.station: Station = procedure.station
        self.keeper = procedure.keeper
        self.wish = self.keeper.wish
        self.window = terms.look
        self.looks: list[Look] = []
        """Every look so far."""
        self.currents: tuple[Look, Look, Look] | None = None
        """Looks at I, I/3 and I of the test before, for the next that needs the same."""
        self.current, self.frequency = self.keeper.present.current, self.keeper.present.frequency

    def look(self, current: float | None = None, frequency: float | None = None) -> Look:
        """One look at a current (A) and frequency (Hz), each the run's own unless given."""
        began = self.procedure.active_time()
        self.set_excitation(current or self.current, frequency or self.frequency)
        self.window = self._left(began)
        look = self._look(self._point())
        self.looks.append(look)
        return look

    def _left(self, began: float) -> float:
        """Seconds to average so that the look, begun at `began`, takes what it should, settling included."""
        passed = self.procedure.active_time() - began
        delay = POLES * self.keeper.present.time_constant
        return max(self.terms.look - passed - delay - _MESSAGES, _SHORTEST)

    def set_excitation(self, current: float, frequency: float) -> None:
        """Bring current, frequency, filter and sensitivity there and wait for the filter."""
        self.procedure.stop_if_asked()
        self.keeper.wish = Wish("fixed", current, frequency, self.wish.precision)
        for _ in range(_ADAPTATIONS):
            if not self.keeper.prepare():
                return

    def restore(self) -> None:
        """The run's own wish again, and its current and frequency for what follows within the tests."""
        self.keeper.wish = self.wish

    def raw(self) -> Raw:
        """A reading as the instruments give it, for settings that the network does not describe."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._read()
            except LinkError as error:
                self.procedure.emit("mark", ("retaken", str(error)))
        return self._read()

    def _read(self) -> Raw:
        return read_point(self.station, self.keeper.present, self.window, self.procedure.end_if_asked)

    def settle(self) -> None:
        """Wait until the filter has forgotten what was before, or the bridge its old excitation."""
        self.procedure.pause_for(SETTLING_TIME_CONSTANTS * self.keeper.present.time_constant)

    def smallest_current(self) -> float:
        """Smallest current (A) that the source gives."""
        low, _ = getattr(self.station.source, "voltage_range", (0.0, math.inf))
        return float(low) / self.station.network.series_resistance

    def _point(self) -> Point:
        if self.write_rows:
            return self.procedure.take_row(self.field, self.window, lambda: None, self.remark)
        for attempt in range(_ATTEMPTS):
            raw = self.raw()
            point = evaluate(raw, self.station, self.keeper.present, self.keeper.voltage)
            if not point.flags & Quality.OVERLOAD or attempt == _ATTEMPTS - 1:
                break
            self.keeper.widen()
        self.keeper.saw(raw.x, raw.y, point.resistivity)
        return point

    def _look(self, point: Point) -> Look:
        raw, present, inversion = point.raw, self.keeper.present, point.inversion
        return Look(
            current=present.current,
            frequency=present.frequency,
            voltage=self.keeper.voltage,
            x=raw.x,
            y=raw.y,
            sd=point.x_sd,
            resistivity=inversion.resistivity,
            resistivity_sd=point.resistivity_sd,
            phase=inversion.phase_degrees,
            capacitance=inversion.line_capacitance,
            capacitance_fitted=inversion.valid and not inversion.reason,
            reason=inversion.reason,
            temperature=point.temperature,
            temperature_sd=point.temperature_sd,
            trouble=", ".join(names(int(point.flags & _TROUBLE))),
        )


def look_seconds(station: Station, terms: Terms, frequency: float) -> float:
    """Expected seconds of one look at a frequency (Hz) that was another before."""
    tau = time_constant_for(frequency, station.lockin.TIME_CONSTANTS)
    return max(terms.look, (SETTLING_TIME_CONSTANTS + POLES) * tau + _SHORTEST + _MESSAGES)


def noise_of(bench: Bench, raw: Raw) -> float:
    """Expected s.d. (V) of the means of a raw reading."""
    present = bench.keeper.present
    impedance = math.hypot(raw.x, raw.y) / present.current
    density = bench.station.input_noise.density(present.frequency, impedance)
    return density * averaged_noise(present.time_constant, POLES, raw.interval, raw.readings)
