"""R(T) at a fixed field: the temperature goes from start to stop once, and rows are taken on the way.

Continuous pacings move the set point in small steps through the software clock (the controllers' own ramps start
at 1 mK/min, too fast below 50 mK) and take a row whenever the set temperature passes the next of `points`
logarithmically spaced temperatures. Point pacings wait at each temperature until the sample has arrived.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise

from pymeasure.experiment import IntegerParameter, ListParameter, Parameter

from coldfinger.procedures.base import RANGE_SETTLING, TransportProcedure, check_mode
from coldfinger.procedures.checks.schedule import AT_BASE, AT_PEAK, ON_FAILURE, WHEN, CheckSchedule
from coldfinger.procedures.excitation import MODES
from coldfinger.procedures.excite import Wish
from coldfinger.procedures.limits import LimitError
from coldfinger.procedures.parameters import QuantityParameter
from coldfinger.procedures.planning import Plan, Stage, Whereabouts, approach_stage, field_stage
from coldfinger.procedures.point import Point
from coldfinger.procedures.quality import Quality
from coldfinger.procedures.quantity import OERSTED, parse_list, show
from coldfinger.procedures.setpoints import (
    CONTINUOUS,
    PACINGS,
    Pace,
    advance,
    constant_log_rate,
    constant_rate,
    duration,
    lag_limited,
    linear,
    logarithmic,
    not_faster_than,
)

_SETTLED_ROW_OVERHEAD = 2.0  # s, the same where nothing has to be changed between two rows
FREQUENCIES = (0.01, 1000.0)  # Hz, of a fixed excitation
_ROW_OVERHEAD = 6.0  # s, delay of the slowest filter and the bus, beside the window itself
_SMEAR = 0.02  # largest relative change of T within the averaging window of a row
_STEP = 0.002  # largest relative step of the set point while nothing is measured
_SHORTEST_SLEEP, _LONGEST_SLEEP = 0.25, 30.0  # s
_WINDOW = 20.0  # s within the tolerance before a temperature counts as reached
_FINDING = 45.0  # s until current, frequency and sensitivity suit the film
_SETTLE_TIMES = 8.0  # time-outs in thermal time constants of the chip
_SETTLE_EXTRA = 900.0  # s, for the refrigerator itself


class TemperatureRamp(TransportProcedure):
    """R(T) from `start` to `stop` at one field."""

    start = QuantityParameter("Start", units="K", default=0.7)
    stop = QuantityParameter("Stop", units="K", default=0.05)
    field = QuantityParameter("Field", units="Oe", default=0.0)
    pacing = ListParameter("Pacing", choices=list(PACINGS), default="lag-limited")
    rate = QuantityParameter("Rate", units="K/min", default=0.005)
    log_rate = QuantityParameter("Log rate", units="1/h", default=2.0)
    lag = QuantityParameter("Lag", default=0.07)
    points = IntegerParameter("Points", default=100, minimum=2, maximum=100000)
    final_points = IntegerParameter("Final points", default=5, minimum=0, maximum=100000)
    temperatures = Parameter("Temperatures", default="0.7, 0.4, 0.2, 0.1, 0.05 K")
    window = QuantityParameter("Averaging window", units="s", default=4.0)
    tolerance = QuantityParameter("Settling tolerance", default=0.02)
    excitation = ListParameter("Excitation", choices=list(MODES), default="policy")
    current = QuantityParameter("Current", units="nA", default=1.0)
    frequency = QuantityParameter("Frequency", units="Hz", default=7.0)
    precision = QuantityParameter("Wanted precision", default=1e-3)
    checks = ListParameter("Belief tests", choices=list(WHEN), default="none")
    on_failure = ListParameter("When a test fails", choices=list(ON_FAILURE), default="flag")
    check_tolerance = QuantityParameter("Tolerance of the tests", default=1e-2)

    def wish(self) -> Wish:
        return Wish(self.excitation, self.current * 1e-9, self.frequency, self.precision)

    def check(self) -> None:
        limits, calibration = self.station.limits, self.station.calibration
        limits.check_field(self.field * OERSTED)
        ends: list[tuple[str, float]] = [("start", self.start), ("stop", self.stop)]
        for what, temperature in [*ends, *self._listed()]:
            limits.check_temperature(temperature, what)
            low, high = calibration.T_min, calibration.T_max
            if not low <= temperature <= high:
                raise LimitError(
                    f"{what}: {show(temperature, 'temperature')} is outside the calibration {calibration.name}, "
                    f"{show(low, 'temperature')} to {show(high, 'temperature')}; choose a temperature inside"
                )
        if self.start == self.stop and self.pacing != "listed points":
            raise LimitError(f"start and stop are both {show(self.start, 'temperature')}; a ramp needs two")
        check_mode(self.excitation)
        if self.excitation == "fixed":
            limits.check_current(self.current * 1e-9)
            low, high = FREQUENCIES
            if not low <= self.frequency <= high:
                raise LimitError(
                    f"frequency: {show(self.frequency, 'frequency')} is outside {low:g} to {high:g} Hz, where lines "
                    "with filters let a signal through; the policy uses 0.7 to 7 Hz"
                )
        positive = ("rate", "log_rate", "lag", "window", "tolerance", "precision", "check_tolerance")
        for name in positive:
            if not getattr(self, name) > 0:
                raise LimitError(f"{name}: {getattr(self, name):g} must be above zero")

    def _listed(self) -> list[tuple[str, float]]:
        if self.pacing != "listed points":
            return []
        values = parse_list(self.temperatures, "temperature", "temperatures")
        return [(f"temperature {i + 1} of the list", value) for i, value in enumerate(values)]

    def take_data(self) -> None:
        self._tests = self._schedule()
        self.reach_field(self.field * OERSTED)
        if self.pacing in CONTINUOUS:
            self._ramp()
        else:
            self._visit(self.set_temperatures())

    def _schedule(self) -> CheckSchedule:
        return CheckSchedule(self, self.checks, self.on_failure, self.check_tolerance)

    def _test(self, arrived: bool, names: Sequence[str] = AT_BASE) -> None:
        """Belief tests here, with the set point at rest."""
        self._tests.test(self.field * OERSTED, arrived, names)
        self.go_on()

    def _saw(self, point: Point) -> None:
        if self._tests.saw(point):
            self._test(self._arrive(self.t_set), AT_PEAK)

    def tests_duration(self) -> float:
        """Expected seconds of the belief tests, if none has to be repeated."""
        return self._schedule().seconds(self.station, self.frequency if self.excitation == "fixed" else None)

    def set_temperatures(self) -> list[float]:
        """Temperatures (K) at which rows are wanted."""
        if self.pacing == "listed points":
            return [value for _, value in self._listed()]
        spaced = linear if self.pacing == "linear points" else logarithmic
        return spaced(self.start, self.stop, self.points)

    def pace(self) -> Pace:
        """How fast the set point moves: |d ln T/dt| (1/s) against temperature (K)."""
        if self.pacing == "rate":
            return constant_rate(self.rate / 60.0)
        if self.pacing == "log-rate":
            return constant_log_rate(self.log_rate / 3600.0)
        share = abs(math.log(self.stop / self.start)) / (self.points - 1)
        limit = min(share / (self.window + _ROW_OVERHEAD), _SMEAR / self.window)
        return not_faster_than(lag_limited(self.lag, self.station.thermal_time), limit)

    def plan(self, since: Whereabouts | None = None) -> Plan:
        station, first = self.station, self.set_temperatures()[0]
        since = since or self.whereabouts()
        tests = (Stage(f"belief tests: {self.checks}", self.tests_duration()),) if self.checks != "none" else ()
        return Plan(
            f"R(T) at {self.field:g} Oe",
            (
                field_stage(station, since.field, self.field * OERSTED),
                approach_stage(station, since.temperature, first, self.tolerance, _WINDOW),
                Stage("finding the signal", _FINDING),
                Stage(f"{self.pacing} to {show(self.stop, 'temperature')}", self.expected_duration()),
                *tests,
            ),
        )

    def expected_duration(self) -> float:
        """Expected seconds on the way from start to stop, the approach to start not counted."""
        if self.pacing in CONTINUOUS:
            settle = math.log(max(1.0, self.lag / self.tolerance)) * self.station.thermal_time(self.stop) + _WINDOW
            settle = settle if self.final_points else 0.0
            way = duration(self.start, self.stop, self.pace())
            changes = self._range_changes([self.start, self.stop])
            return way + settle + changes * RANGE_SETTLING + float(self.final_points) * self._row_time
        temperatures = self.set_temperatures()
        ways = [
            approach_stage(self.station, before, after, self.tolerance, _WINDOW).seconds
            for before, after in pairwise(temperatures)
        ]
        row = self.window + _SETTLED_ROW_OVERHEAD
        return math.fsum(ways) + self._range_changes(temperatures) * RANGE_SETTLING + len(temperatures) * row

    def _range_changes(self, temperatures: list[float]) -> int:
        """How often ranges change between the warmest and the coldest of the temperatures (K)."""
        station, span = self.station, logarithmic(min(temperatures), max(temperatures), 200)
        return len({(station.heater_range_for(t), station.control_excitation_for(t)) for t in span}) - 1

    @property
    def _row_time(self) -> float:
        return float(self.window + _ROW_OVERHEAD)

    def _timeout(self, temperature: float) -> float:
        return _SETTLE_EXTRA + _SETTLE_TIMES * self.station.thermal_time(temperature)

    def _arrive(self, temperature: float) -> bool:
        return self.reach_temperature(temperature, self.tolerance, window=_WINDOW, timeout=self._timeout(temperature))

    def _ramp(self) -> None:
        arrived = self._arrive(self.start)
        self.start_excitation()
        self._began_ramp = self._last_move = self.station.clock.time()
        self._expected = self.expected_duration() + self.tests_duration()
        pace = self.pace()
        if self.checks != "none" and self.start < self.stop:
            self._test(arrived)
        for wanted in _each_once(logarithmic(self.start, self.stop, self.points), lambda: self.t_set):
            self._wait_for(wanted, pace)
            keep_pace = partial(self._move, pace, within_row=True)
            self._saw(self.take_row(self.field * OERSTED, self.window, keep_pace, self._tests.remark))
            self._report_progress()
            self.stop_if_asked()
        self._finish()

    def _move(self, pace: Pace, within_row: bool = False) -> None:
        """Bring the set point to where the pace has it now."""
        now = self.station.clock.time()
        wanted = advance(self.t_set, self.stop, pace, now - self._last_move)
        self._last_move = now
        if wanted != self.t_set and self.set_temperature(wanted, within_row=within_row):
            self._last_move = self.station.clock.time()  # the ramp stood still while the new range settled

    def go_on(self) -> None:
        """The set point stood still while the excitation settled."""
        self._last_move = self.station.clock.time()

    def _wait_for(self, wanted: float, pace: Pace) -> None:
        direction = math.copysign(1.0, self.stop - self.start)
        while direction * (wanted - self.t_set) > 1e-9 * wanted:
            distance = abs(math.log(self.t_set / wanted))
            seconds = min(distance, _STEP) / pace(self.t_set)
            self.pause_for(min(max(seconds, _SHORTEST_SLEEP), _LONGEST_SLEEP))
            self._move(pace)
            self._report_progress()

    def _finish(self) -> None:
        """The end of the ramp decides over sigma_QF: wait until the sample has arrived and take a few rows more."""
        test = self.checks != "none" and self.stop < self.start
        if self.final_points == 0 and not test:
            return
        arrived = self._arrive(self.stop)
        if test:
            self._test(arrived)
        for _ in range(self.final_points):
            self._settled_row(arrived)
            self.stop_if_asked()

    def _visit(self, temperatures: list[float]) -> None:
        self._began_ramp = self._last_move = self.station.clock.time()
        coldest = min(temperatures)
        for i, temperature in enumerate(temperatures):
            arrived = self._arrive(temperature)
            if i == 0:
                self.start_excitation()
            if temperature == coldest and self.checks != "none":
                self._test(arrived)
            self._settled_row(arrived)
            self.emit("progress", 100.0 * (i + 1) / len(temperatures))
            self.stop_if_asked()

    def _settled_row(self, arrived: bool) -> None:
        remark = Quality(0) if arrived else Quality.NOT_SETTLED
        self._saw(self.take_row(self.field * OERSTED, self.window, lambda: None, remark | self._tests.remark))

    def _report_progress(self) -> None:
        passed = self.station.clock.time() - self._began_ramp
        self.emit("progress", min(99.0, 100.0 * passed / self._expected))


def _each_once(wanted: list[float], present: Callable[[], float]) -> Iterator[float]:
    """The wanted temperatures one after the other, leaving out those that the set point has passed meanwhile."""
    direction = math.copysign(1.0, wanted[-1] - wanted[0])
    for i, value in enumerate(wanted):
        later = wanted[i + 1] if i + 1 < len(wanted) else None
        if later is not None and direction * (present() - later) >= 0:
            continue
        yield value
