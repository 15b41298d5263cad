"""R(T) at a fixed field: the temperature goes from start to stop once, and rows are taken on the way.

Continuous pacings move the set point in small steps through the software clock (the controllers' own ramps start
at 1 mK/min, too fast below 50 mK) and take a row whenever the set temperature passes the next of `points`
logarithmically spaced temperatures. Point pacings wait at each temperature until the sample has arrived.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise

import pandas as pd
from pymeasure.experiment import BooleanParameter, IntegerParameter, ListParameter, Parameter

from coldfinger.procedures.base import TransportProcedure, check_mode
from coldfinger.procedures.checks.schedule import AT_BASE, AT_PEAK, ON_FAILURE, WHEN, CheckSchedule
from coldfinger.procedures.current.excitation import AVERAGING, MODES
from coldfinger.procedures.current.excite import Wish
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.planning import (
    RANGE_SETTLING,
    Plan,
    Stage,
    Whereabouts,
    approach_stage,
    first_approach_stage,
)
from coldfinger.procedures.reach.persistent import check_persistent, field_stages, hold_field
from coldfinger.procedures.reach.setpoints import (
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
from coldfinger.procedures.rows.point import GRADIENT, GRADIENT_OF, Point, gradient
from coldfinger.procedures.station import Station
from coldfinger.procedures.words.parameters import QuantityParameter
from coldfinger.procedures.words.quantity import OERSTED, duration_text, parse_list, show
from coldfinger.runfiles.quality import Quality

_NO_REMARK = Quality(0)
ON_GRADIENT = FLAG, SLOW_DOWN = ("flag", "slow down")
_CLOSE = 0.8 * GRADIENT  # where a ramp that slows down stands still
_HELD_LAG = 0.085  # lag of such a ramp, seen from the mixing chamber's temperature
_SETTLED_ROW_OVERHEAD = 2.0  # s, the same where nothing has to be changed between two rows
FREQUENCIES = (0.01, 1000.0)  # Hz, of a fixed excitation
_ROW_OVERHEAD = 6.0  # s, delay of the slowest filter and the bus, beside the window itself
_SMEAR = 0.02  # largest relative change of T within the averaging window of a row
SEARCH_SECONDS = 170.0  # of one search at 7 Hz
_FILM = 3.0  # times as long, where the film's resistance asks for lower frequencies and more searches
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
    persistent = BooleanParameter("Persistent", default=False)
    leads_to_zero = BooleanParameter("Leads to zero", default=True)
    pacing = ListParameter("Pacing", choices=list(PACINGS), default="lag-limited")
    rate = QuantityParameter("Rate", units="K/min", default=0.005)
    log_rate = QuantityParameter("Log rate", units="1/h", default=2.0)
    lag = QuantityParameter("Lag", default=0.07)
    points = IntegerParameter("Points", default=100, minimum=2, maximum=100000)
    final_points = IntegerParameter("Final points", default=5, minimum=0, maximum=100000)
    temperatures = Parameter("Temperatures", default="0.7, 0.4, 0.2, 0.1, 0.05 K")
    window = QuantityParameter("Averaging window", units="s", default=4.0)
    averaging = ListParameter("Averaging", choices=list(AVERAGING), default=AVERAGING[0])
    longest_window = QuantityParameter("Longest window", units="s", default=60.0)
    tolerance = QuantityParameter("Settling tolerance", default=0.02)
    gradient_of = ListParameter("10 % of", choices=list(GRADIENT_OF), default=GRADIENT_OF[0])
    on_gradient = ListParameter("Sample too far behind", choices=list(ON_GRADIENT), default=ON_GRADIENT[0])
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
        check_persistent(self.station, self.persistent)
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
        if self.averaging != AVERAGING[0] and not self.window <= self.longest_window <= 3600.0:
            raise LimitError(
                f"longest_window: {self.longest_window:g} s is not between the averaging window, "
                f"{self.window:g} s, and 3600 s"
            )

    def _listed(self) -> list[tuple[str, float]]:
        if self.pacing != "listed points":
            return []
        values = parse_list(self.temperatures, "temperature", "temperatures")
        return [(f"temperature {i + 1} of the list", value) for i, value in enumerate(values)]

    def go_on_after(self, rows: pd.DataFrame, station: Station) -> str:
        """The set temperatures after those of the rows; the first of them is approached as the start was."""
        wanted = self.set_temperatures()
        have = rows["T_set (K)"].tolist()
        if self.pacing in CONTINUOUS:
            first, finals = _passed(wanted, have)
        else:
            first, finals = len(have), 0
            if have != wanted[:first]:
                return ""
        self._first, self._finals, self._earlier, self.kept_rows = first, finals, rows, len(rows)
        if first < len(wanted):
            return f"it goes on at {show(wanted[first], 'temperature')}, point {first + 1} of {len(wanted)}"
        left = self.final_points - finals if self.pacing in CONTINUOUS else 0
        if left > 0:
            return f"it goes on with the last {left} rows at {show(self.stop, 'temperature')}"
        self._over = self.pacing not in CONTINUOUS or finals > 0 or self.checks == "none" or self.start < self.stop
        return "nothing is left to be measured" if self._over else "only the belief tests are left"

    _first = _finals = 0
    _over = False
    _earlier: pd.DataFrame | None = None

    @property
    def _tests_again(self) -> bool:
        """Whether what the tests made of the excitation was lost with the earlier part."""
        return self._first > 0 and self.on_failure == "adapt"

    def _left(self) -> list[float]:
        """Set temperatures (K) that are left; the last one, where only rows at the end are."""
        wanted = self.set_temperatures()
        return wanted[self._first :] or wanted[-1:]

    def take_data(self) -> None:
        if self._over:
            return
        self._tests = self._schedule()
        if self._earlier is not None:
            self._tests.remember(self._earlier)
        hold_field(self, self.field * OERSTED, self.persistent, self.leads_to_zero)
        if self.pacing in CONTINUOUS:
            self._ramp()
        else:
            self._visit()

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

    def _planned_pace(self) -> Pace:
        """The pace, where need be slowed down as the sample's thermal time will have it."""
        if self.on_gradient == FLAG:
            return self.pace()
        wanted, held = self.pace(), lag_limited(_HELD_LAG, self.station.thermal_time)
        return lambda temperature: min(wanted(temperature), held(temperature))

    def plan(self, since: Whereabouts | None = None) -> Plan:
        station, first = self.station, self._left()[0]
        now, since = since is None, since or self.whereabouts()
        tests = (Stage(f"belief tests: {self.checks}", self.tests_duration()),) if self.checks != "none" else ()
        return Plan(
            f"R(T) at {self.field:g} Oe",
            (
                *field_stages(station, since.field, self.field * OERSTED, self.persistent, self.leads_to_zero, now=now),
                first_approach_stage(station, since.temperature, first, self.tolerance, _WINDOW),
                Stage("finding the signal", _FINDING),
                Stage(f"{self.pacing} to {show(self.stop, 'temperature')}", self.expected_duration()),
                *tests,
                *self._searching(),
            ),
        )

    def _searching(self) -> tuple[Stage, ...]:
        """Searches of an excitation: one for each halving of T, and nobody knows how many for the film."""
        if self.excitation != "searched":
            return ()
        temperatures = self.set_temperatures()
        seconds = SEARCH_SECONDS * (1.0 + math.log2(max(temperatures) / min(temperatures)))
        return (Stage("searching the excitation", _FILM * seconds, (_FILM - 1.0) * seconds),)

    def expected_duration(self) -> float:
        """Expected seconds on the way from start to stop, the approach to start not counted."""
        if self.pacing in CONTINUOUS:
            start = self._left()[0]
            behind = min(self.lag, abs(start / self.stop - 1.0))  # a short ramp leaves the sample less far behind
            settle = math.log(max(1.0, behind / self.tolerance)) * self.station.thermal_time(self.stop) + _WINDOW
            settle = settle if self.final_points else 0.0
            way = duration(start, self.stop, self._planned_pace())
            changes = self._range_changes([start, self.stop])
            return way + settle + changes * RANGE_SETTLING + float(self.final_points - self._finals) * self._row_time
        temperatures = self._left()
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
        timeout = self._timeout(temperature)
        arrived = self.reach_temperature(temperature, self.tolerance, window=_WINDOW, timeout=timeout)
        if not arrived:
            here = f"sample at {show(self.sample_temperature(), 'temperature')}"
            text = f"{show(temperature, 'temperature')} was not reached within {duration_text(timeout)}: {here}"
            self.emit("mark", ("not settled", text))
        return arrived

    def _ramp(self) -> None:
        left = self.set_temperatures()[self._first :]
        arrived = self._arrive(self._left()[0])
        self.start_excitation()
        self._began_ramp = self._last_move = self.active_time()
        self._expected = self.expected_duration() + self.tests_duration()
        pace = self.pace()
        if self.checks != "none" and self.start < self.stop and (self._first == 0 or self._tests_again):
            self._test(arrived)
        for wanted in _each_once(left, lambda: self.t_set):
            self._wait_for(wanted, pace)
            keep_pace = partial(self._move, pace, within_row=True)
            self._saw(self.take_row(self.field * OERSTED, self._row_window(pace), keep_pace, self._tests.remark))
            self._report_progress()
            self.stop_if_asked()
        self._finish()

    def _move(self, pace: Pace, within_row: bool = False) -> None:
        """Bring the set point to where the pace has it now."""
        now = self.active_time()
        if self._held_back(now):
            self._last_move = now
            return
        wanted = advance(self.t_set, self.stop, pace, now - self._last_move)
        self._last_move = now
        if wanted != self.t_set and self.set_temperature(wanted, within_row=within_row):
            self._last_move = self.active_time()  # the ramp stood still while the new range settled

    def _held_back(self, now: float) -> bool:
        """Whether the set point stands still for the sample, as long as a wait for a temperature may last."""
        if self.on_gradient == FLAG or not self._strays():
            self._held_since = math.inf
            return False
        self._held_since = min(self._held_since, now)
        return now - self._held_since < self._timeout(self.t_set)

    _held_since = math.inf

    def _strays(self) -> bool:
        sample = self.sample_temperature()
        return sample > 0 and gradient(sample, self.station.controller.temperature, self.gradient_of) > _CLOSE

    def go_on(self) -> None:
        """The set point stood still while the excitation settled."""
        self._last_move = self.active_time()

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
        test = self.checks != "none" and self.stop < self.start and (self._finals == 0 or self._tests_again)
        if self.final_points == self._finals and not test:
            return
        arrived = self._arrive(self.stop)
        if test:
            self._test(arrived)
        for _ in range(self._finals, self.final_points):
            self._settled_row(arrived)
            self.stop_if_asked()

    def _visit(self) -> None:
        self._began_ramp = self._last_move = self.active_time()
        temperatures = self.set_temperatures()
        coldest = min(temperatures)
        again = self._tests_again and coldest in temperatures[: self._first]
        for i, temperature in enumerate(temperatures[self._first :], self._first):
            arrived = self._arrive(temperature)
            if i == self._first:
                self.start_excitation()
            if self.checks != "none" and (temperature == coldest or (i == self._first and again)):
                self._test(arrived)
            self._settled_row(arrived)
            self.emit("progress", 100.0 * (i + 1) / len(temperatures))
            self.stop_if_asked()

    def _row_window(self, pace: Pace | None = None) -> float:
        """Seconds of averaging for the next row; where the set point moves at a pace, T may not smear over it."""
        shortest, longest = float(self.window), float(self.longest_window)
        if self.averaging == AVERAGING[0]:
            return shortest
        if pace is not None:
            longest = min(longest, _SMEAR / pace(self.t_set))
        return max(shortest, min(self.keeper.averaging_time(), longest))

    def _settled_row(self, arrived: bool, remark: Quality = _NO_REMARK) -> None:
        if not arrived:
            remark |= Quality.NOT_SETTLED
        self._saw(self.take_row(self.field * OERSTED, self._row_window(), lambda: None, remark | self._tests.remark))

    def _report_progress(self) -> None:
        passed = self.active_time() - self._began_ramp
        self.emit("progress", min(99.0, 100.0 * passed / max(self._expected, 1.0)))


def _passed(wanted: list[float], have: list[float]) -> tuple[int, int]:
    """How many of the wanted temperatures (K) rows with the set points `have` leave behind, and rows after the last."""
    direction = math.copysign(1.0, wanted[-1] - wanted[0])
    furthest = max(have, key=lambda value: direction * value)
    behind = sum(direction * (value - furthest) <= 1e-9 * value for value in wanted)
    at_end = sum(direction * (wanted[-1] - value) <= 1e-9 * value for value in have)
    return behind, max(at_end - 1, 0)


def _each_once(wanted: list[float], present: Callable[[], float]) -> Iterator[float]:
    """The wanted temperatures one after the other, leaving out those that the set point has passed meanwhile."""
    if not wanted:
        return
    direction = math.copysign(1.0, wanted[-1] - wanted[0])
    for i, value in enumerate(wanted):
        later = wanted[i + 1] if i + 1 < len(wanted) else None
        if later is not None and direction * (present() - later) >= 0:
            continue
        yield value
