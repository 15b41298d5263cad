"""R(T) at a fixed field in the least time: one way down, each temperature and averaging time from the fit so far.

The sample is left to settle only as far as the fit needs: R is paired with the temperature of the sample's own
sensor, so that a few per cent of distance to the set point cost nothing but a slightly different place on the curve.
"""

import json
import math
from itertools import pairwise

import numpy as np
from pymeasure.experiment import ListParameter

from coldfinger.analysis.design import CHECK_FACTOR, START_BELOW, WARM_SHARE, Ask, Descent, Targets
from coldfinger.procedures.base import COLUMNS, RANGE_SETTLING, TransportProcedure, check_mode
from coldfinger.procedures.excitation import MODES
from coldfinger.procedures.excite import Wish
from coldfinger.procedures.limits import LimitError
from coldfinger.procedures.parameters import QuantityParameter
from coldfinger.procedures.planning import Plan, Stage, Whereabouts, approach_stage, field_stage
from coldfinger.procedures.point import GRADIENT, Point
from coldfinger.procedures.quality import DISBELIEVED, Quality
from coldfinger.procedures.quantity import OERSTED, show
from coldfinger.procedures.savings import Saving, savings
from coldfinger.procedures.settling import Arrival, Settling
from coldfinger.procedures.station import duration_text
from coldfinger.procedures.temperature_ramp import FREQUENCIES

ADAPTIVE_COLUMNS = [*COLUMNS, "T_middle (K)", "sd_base", "sd_energy"]
"""Beside those of every row: middle temperature and relative s.d. of base value and E_a by the rows so far."""

_ARRIVAL_WINDOW = 4.0  # s within the tolerance
_POLL = 1.0  # s
_START_TOLERANCE = 0.01  # where arriving takes no time; keeps the first point below the end of the fit window
_SETTLE_TIMES = 12.0  # time-outs in thermal time constants of the chip
_SETTLE_EXTRA = 900.0  # s, for the refrigerator itself
_FINDING = 20.0  # s until current, frequency and sensitivity suit the film
_ROW_OVERHEAD = 2.0  # s, filter delay and bus
_NO_SIGNAL = 5.0  # s.d. of a shortest row below which a relative precision has no meaning
_BLIND_WINDOWS = 4  # shortest windows where there is no signal
_QUIET = 1.25  # the planner's approach keeps clear of the edge of a tolerance by noise, which is small against these
_LACK_OF_FIT = 5.0  # reduced chi-square; with four degrees of freedom chance does that once in two thousand runs
_LOOKS = 8
_WIDEST_TOLERANCE = 0.08
_NOTHING = Quality(0)


class AdaptiveRamp(TransportProcedure):
    """R(T) from `start` down to `stop` at one field, to wanted uncertainties of base value and activation energy."""

    DATA_COLUMNS = ADAPTIVE_COLUMNS

    start = QuantityParameter("Start", units="K", default=0.7)
    stop = QuantityParameter("Stop", units="K", default=0.05)
    field = QuantityParameter("Field", units="Oe", default=0.0)
    base_target = QuantityParameter("Relative s.d. of base value", default=0.003)
    energy_target = QuantityParameter("Relative s.d. of E_a", default=0.01)
    budget = QuantityParameter("Time budget", units="h", default=3.0)
    shortest_window = QuantityParameter("Shortest window", units="s", default=4.0)
    longest_window = QuantityParameter("Longest window", units="s", default=60.0)
    passing_tolerance = QuantityParameter("Arrival tolerance on the way", default=0.08)
    tolerance = QuantityParameter("Arrival tolerance at the end", default=0.03)
    excitation = ListParameter("Excitation", choices=list(MODES), default="gentle")
    current = QuantityParameter("Current", units="nA", default=1.0)
    frequency = QuantityParameter("Frequency", units="Hz", default=7.0)
    precision = QuantityParameter("Wanted precision", default=1e-3)

    def wish(self) -> Wish:
        return Wish(self.excitation, self.current * 1e-9, self.frequency, self.precision)

    def check(self) -> None:
        limits, calibration = self.station.limits, self.station.calibration
        limits.check_field(self.field * OERSTED)
        for what, temperature in (("start", self.start), ("stop", self.stop)):
            limits.check_temperature(temperature, what)
            low, high = calibration.T_min, calibration.T_max
            if not low <= temperature <= high:
                raise LimitError(
                    f"{what}: {show(temperature, 'temperature')} is outside the calibration {calibration.name}, "
                    f"{show(low, 'temperature')} to {show(high, 'temperature')}; choose a temperature inside"
                )
        if not self.start > 2.0 * self.stop:
            raise LimitError(
                f"start: {show(self.start, 'temperature')} is not twice the stop, {show(self.stop, 'temperature')}; "
                "an adaptive ramp goes down and needs room for a middle temperature"
            )
        check_mode(self.excitation)
        if self.excitation == "fixed":
            self._check_fixed()
        self._check_numbers()

    def _check_fixed(self) -> None:
        self.station.limits.check_current(self.current * 1e-9)
        low, high = FREQUENCIES
        if not low <= self.frequency <= high:
            raise LimitError(
                f"frequency: {show(self.frequency, 'frequency')} is outside {low:g} to {high:g} Hz, where lines "
                "with filters let a signal through; the policy uses 0.7 to 7 Hz"
            )

    def _check_numbers(self) -> None:
        positive = ("base_target", "energy_target", "budget", "shortest_window", "precision")
        for name in (*positive, "tolerance", "passing_tolerance"):
            if not getattr(self, name) > 0:
                raise LimitError(f"{name}: {getattr(self, name):g} must be above zero")
        if not self.shortest_window <= self.longest_window <= 3600.0:
            raise LimitError(
                f"longest_window: {self.longest_window:g} s is not between the shortest window, "
                f"{self.shortest_window:g} s, and 3600 s"
            )
        for name in ("tolerance", "passing_tolerance"):
            if not getattr(self, name) <= _WIDEST_TOLERANCE:
                raise LimitError(
                    f"{name}: {getattr(self, name):g} is above {_WIDEST_TOLERANCE:g}; rows whose sample is more than "
                    f"{GRADIENT:g} from the mixing chamber would not be believed"
                )
        needed = self._descent_seconds()
        if self.budget * 3600.0 < needed:
            raise LimitError(
                f"budget: {duration_text(self.budget * 3600.0)} is less than the way down to "
                f"{show(self.stop, 'temperature')} takes, {duration_text(needed)}; allow more or stop warmer"
            )

    def plan(self, since: Whereabouts | None = None) -> Plan:
        station, first = self.station, START_BELOW * self.start
        since = since or self.whereabouts()
        return Plan(
            f"adaptive R(T) at {self.field:g} Oe",
            (
                field_stage(station, since.field, self.field * OERSTED),
                approach_stage(station, since.temperature, first, _START_TOLERANCE, _ARRIVAL_WINDOW),
                Stage("finding the signal", _FINDING),
                Stage(f"descent to {show(self.stop, 'temperature')}", self._descent_seconds()),
            ),
        )

    def _usual_places(self) -> list[float]:
        """Temperatures (K) of a descent of which nothing is known yet."""
        warm, stop = float(WARM_SHARE * self.start), float(self.stop)
        scout = max(warm / CHECK_FACTOR, stop)
        below = {warm, scout, math.sqrt(scout * stop), stop}
        return [START_BELOW * self.start, *sorted(below, reverse=True)]

    def _descent_seconds(self) -> float:
        places = self._usual_places()
        row = self.shortest_window + _ROW_OVERHEAD
        station = self.station
        ranges = len({(station.heater_range_for(T), station.control_excitation_for(T)) for T in places}) - 1
        ways = math.fsum(self._approach_seconds(before, after) for before, after in pairwise(places))
        return ways + ranges * RANGE_SETTLING + (len(places) + 2) * row

    def _approach_seconds(self, before: float, after: float) -> float:
        return self._settling_seconds(before, after, self._tolerance(after))

    def _settling_seconds(self, before: float, after: float, tolerance: float) -> float:
        return approach_stage(self.station, before, after, _QUIET * tolerance, _ARRIVAL_WINDOW).seconds

    def _tolerance(self, temperature: float) -> float:
        """Relative distance from the set point (K) at which rows may begin."""
        if temperature == self.stop:
            return float(self.tolerance)
        return float(self.passing_tolerance if temperature < START_BELOW * self.start else _START_TOLERANCE)

    def take_data(self) -> None:
        self.reach_field(self.field * OERSTED)
        loading = self.station.network.loading_conductance()
        targets = Targets(self.base_target, self.energy_target)
        self.descent = Descent(self.start, self.stop, targets, loading)
        self._noises: list[tuple[float, float]] = []
        self._arrived = self._go_to(self.descent.place)
        self.start_excitation()
        self._began_descent = self.station.clock.time()
        self._expected = self._descent_seconds()
        while (ask := self.descent.ask()) is not None:
            self._measure(ask)
            self._report_progress()
            self.stop_if_asked()
            self._watch_budget()
        self._conclude()

    def _go_to(self, temperature: float) -> bool:
        """Wait until the sample's own sensor is near a temperature (K); False when the time is up first.

        The mixing chamber is not asked: what its sensor shows at the very bottom may be off by more than that.
        """
        timeout = _SETTLE_EXTRA + _SETTLE_TIMES * self.station.thermal_time(temperature)
        self.set_temperature(temperature)
        settling = Settling(temperature, self._tolerance(temperature) * temperature, _ARRIVAL_WINDOW, timeout)
        while True:
            arrival = settling.update(self.station.clock.time(), self.sample_temperature())
            if arrival is not Arrival.BUSY:
                return arrival is Arrival.IDLE
            self.pause_for(_POLL)

    def _measure(self, ask: Ask) -> None:
        remark = _NOTHING
        if ask.temperature != self.t_set:
            self.emit("mark", ("next temperature", f"{show(ask.temperature, 'temperature')}: {ask.why}"))
            self._arrived = self._go_to(ask.temperature)
            remark |= self._find_signal()
        if not self._arrived:
            remark |= Quality.NOT_SETTLED
        window = self._window(ask.precision)
        self.take_row(self.field * OERSTED, window, lambda: None, remark, self._told)

    def _find_signal(self) -> Quality:
        """On the way the film may have changed by orders of magnitude: adapt before the row, not after it."""
        remark = _NOTHING
        for _ in range(_LOOKS):
            x, y = self.station.lockin.xy
            self.keeper.saw(x, y, math.nan)
            change = self.keeper.prepare()
            remark |= change
            if not change:
                break
        return remark

    def _window(self, precision: float) -> float:
        """Seconds of averaging for a relative s.d. of ρ, by the signal and the noise of this moment."""
        shortest: float = self.shortest_window
        longest: float = self.longest_window
        amplitude = math.hypot(*self.station.lockin.xy)
        present = self.keeper.present
        density = self.station.input_noise.density(present.frequency, amplitude / present.current)
        if amplitude < _NO_SIGNAL * density / math.sqrt(2.0 * shortest):
            return min(_BLIND_WINDOWS * shortest, longest)
        wanted = 0.5 * (density / (precision * amplitude)) ** 2
        return min(max(wanted, shortest), longest)

    def _told(self, point: Point) -> dict[str, float]:
        """Tell the descent about the row, and the row what the descent makes of it."""
        rho, sd = point.resistivity, point.resistivity_sd
        believed = not point.flags & DISBELIEVED and self._arrived
        self.descent.tell(point.temperature, rho if believed else math.nan, sd, point.temperature_sd)
        if believed and rho > 0:
            noise = sd / rho * math.sqrt(point.raw.readings * point.raw.interval)
            self._noises.append((point.temperature, noise))
            left = max(3600.0 * self.budget - (point.raw.time - self._began_descent), 1.0)
            self.descent.finest = noise / math.sqrt(left)
        base, energy = self.descent.reached()
        numbers = {"T_middle (K)": self.descent.middle, "sd_base": base, "sd_energy": energy}
        return {name: value if math.isfinite(value) else math.nan for name, value in numbers.items()}

    def _report_progress(self) -> None:
        passed = self.station.clock.time() - self._began_descent
        self.emit("progress", min(99.0, 100.0 * passed / self._expected))

    def _watch_budget(self) -> None:
        passed = self.station.clock.time() - self._began_descent
        if passed > 3600.0 * self.budget and not self.descent.hurried:
            self.descent.hurried = True
            self.emit("mark", ("budget", f"{duration_text(passed)} are spent; the targets are given up"))

    def _conclude(self) -> None:
        """Write the fit, whether the targets are met, and what was saved into the run."""
        fit, seconds = self.descent.fit(), self.station.clock.time() - self._began_descent
        if fit is None:
            self.emit("mark", ("targets", "no fit: fewer than five rows can be believed"))
            return
        self.emit("mark", ("fit", json.dumps(fit.to_json())))
        if fit.chi2_nu > _LACK_OF_FIT:
            self.emit("mark", ("lack of fit", f"{fit.law} does not hold: reduced chi-square {fit.chi2_nu:.3g}"))
        base, energy = self.descent.reached()
        met = base <= self.base_target and energy <= self.energy_target
        said = "met" if met else "base value below its limit" if fit.status == "limit" else "missed"
        self.emit("mark", ("targets", f"{said}: base value {100 * base:.2g} %, E_a {100 * energy:.2g} %"))
        saved = "; ".join(map(str, self.saved(seconds)))
        if saved and fit.chi2_nu <= _LACK_OF_FIT:
            self.emit("mark", ("saved", f"took {duration_text(seconds)}; to the same uncertainties: {saved}"))

    def saved(self, seconds: float) -> list[Saving]:
        """Other strategies against this run's `seconds`; empty where base value or E are not known."""
        present, reached = self.descent.present, self.descent.reached()
        if present is None or not all(map(math.isfinite, reached)) or not self._noises:
            return []
        return savings(self.station, present, self.start, self.stop, reached, seconds, self._noise, self._settled)

    def _settled(self, before: float, after: float) -> float:
        """Seconds from a settled temperature (K) to another: set points are usually waited for until the end."""
        return self._settling_seconds(before, after, self.tolerance)

    def _noise(self, temperature: float) -> float:
        """Relative s.d. of ρ in one second of averaging: as seen at the nearest temperatures, between them in ln T."""
        seen = np.array(sorted(self._noises))
        return float(np.interp(math.log(temperature), np.log(seen[:, 0]), seen[:, 1]))
