"""R(T) at a fixed field in the least time: one way down, each temperature and averaging time from the fit so far.

The sample is left to settle only as far as the fit needs: R is paired with the temperature of the sample's own
sensor, so that a few per cent of distance to the set point cost nothing but a slightly different place on the curve.
"""

import json
import math
from itertools import pairwise

import numpy as np
import pandas as pd
from pymeasure.experiment import BooleanParameter, ListParameter

from coldfinger.analysis.design import CHECK_FACTOR, START_BELOW, WARM_SHARE, Ask, Descent, Targets
from coldfinger.procedures.base import TransportProcedure, check_mode
from coldfinger.procedures.current.excitation import MODES
from coldfinger.procedures.current.excite import Wish
from coldfinger.procedures.current.savings import Saving, savings
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.planning import Plan, Stage, Whereabouts, approach_stage, first_approach_stage
from coldfinger.procedures.reach.persistent import check_persistent, field_stages, hold_field
from coldfinger.procedures.reach.settling import Arrival, Settling
from coldfinger.procedures.rows.point import GRADIENT, POLES, Point, reading_grid
from coldfinger.procedures.rows.row import COLUMNS
from coldfinger.procedures.station import Station
from coldfinger.procedures.temperature_ramp import FREQUENCIES
from coldfinger.procedures.words.parameters import QuantityParameter
from coldfinger.procedures.words.quantity import OERSTED, duration_text, show
from coldfinger.runfiles.parts import PART_COLUMN
from coldfinger.runfiles.quality import DISBELIEVED, Quality

ADAPTIVE_COLUMNS = [*COLUMNS, "T_middle (K)", "sd_base", "sd_energy"]
"""Beside those of every row: middle temperature and relative s.d. of base value and E_a by the rows so far."""

_ARRIVAL_WINDOW = 4.0  # s within the tolerance
_POLL = 1.0  # s
_START_TOLERANCE = 0.01  # where arriving takes no time; keeps the first point below the end of the fit window
_SETTLE_TIMES = 12.0  # time-outs in thermal time constants of the chip
_SETTLE_EXTRA = 900.0  # s, for the refrigerator itself
_ADAPTING = 27.0  # s for a new current and frequency on the way, at the policy's lower frequencies
_FINDING = 26.0  # s until current, frequency and sensitivity suit the film
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
    persistent = BooleanParameter("Persistent", default=False)
    leads_to_zero = BooleanParameter("Leads to zero", default=True)
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
        check_persistent(self.station, self.persistent)
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
        now, since = since is None, since or self.whereabouts()
        return Plan(
            f"adaptive R(T) at {self.field:g} Oe",
            (
                *field_stages(station, since.field, self.field * OERSTED, self.persistent, self.leads_to_zero, now=now),
                first_approach_stage(station, since.temperature, first, _START_TOLERANCE, _ARRIVAL_WINDOW),
                Stage("finding the signal", _FINDING),
                Stage(f"descent to {show(self.stop, 'temperature')}", *self._descent_duration()),
            ),
        )

    def _usual_places(self) -> tuple[list[float], list[float]]:
        """Temperatures (K) of a descent of which nothing is known yet: the shortest usual one, and the longest.

        The middle lies a step below the scout; or further down, with a cold check below it, in a film whose
        resistance grows so much that below the scout every place asks for another excitation.
        """
        warm, stop = float(WARM_SHARE * self.start), float(self.stop)
        scout = max(warm / CHECK_FACTOR, stop)
        middle = math.sqrt(scout * stop)
        short = {warm, scout, max(scout / CHECK_FACTOR, stop), stop}
        long = {warm, scout, middle, math.sqrt(middle * stop), stop}
        first = START_BELOW * self.start
        return [first, *sorted(short, reverse=True)], [first, *sorted(long, reverse=True)]

    def _descent_duration(self) -> tuple[float, float]:
        """Expected seconds of the descent and their s.d.; a way back is not foreseen.

        The harmonic mean of the two usual ones is off by the same share of either, and half their distance the s.d.
        """
        usual, growing = self._usual_places()
        adapting = _ADAPTING * max(len(growing) - len({*usual} & {*growing}) + 1, 0)
        short, long = self._seconds_of(usual), self._seconds_of(growing) + adapting
        return 2.0 * short * long / (short + long), 0.5 * (long - short)

    def _descent_seconds(self) -> float:
        return self._descent_duration()[0]

    def _seconds_of(self, places: list[float]) -> float:
        """Seconds of the ways and rows; new ranges of heater and bridge settle on the way."""
        row = self.shortest_window + _ROW_OVERHEAD
        return math.fsum(self._approach_seconds(*way) for way in pairwise(places)) + (len(places) + 2) * row

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
        self._begin_design()
        spent = 0.0 if self._earlier is None else self._tell_again(self._earlier)
        if (ask := self.descent.ask()) is None:
            self._began_descent = self.active_time() - spent
            self._conclude()
            return
        hold_field(self, self.field * OERSTED, self.persistent, self.leads_to_zero)
        self._arrived = self._go_to(ask.temperature)
        self.start_excitation()
        self._began_descent = self.active_time() - spent
        self._expected = self._descent_seconds()
        while (ask := self.descent.ask()) is not None:
            self._measure(ask)
            self._report_progress()
            self.stop_if_asked()
            self._watch_budget()
        self._conclude()

    def go_on_after(self, rows: pd.DataFrame, station: Station) -> str:
        """The design is told the rows again and asks for what is missing then."""
        self._begin_design()
        if self._tell_again(rows) < 0:
            return ""
        self._earlier, self.kept_rows = rows, len(rows)
        ask = self.descent.ask()
        if ask is None:
            return "the targets are met, or as near as they come: only the fit is left"
        return f"it goes on at {show(ask.temperature, 'temperature')}: {ask.why}"

    _earlier: pd.DataFrame | None = None

    def _begin_design(self) -> None:
        loading = self.station.network.loading_conductance()
        self.descent = Descent(self.start, self.stop, Targets(self.base_target, self.energy_target), loading)
        self._noises: list[tuple[float, float]] = []

    def _tell_again(self, rows: pd.DataFrame) -> float:
        """Tell the design the rows of earlier parts; the seconds they took, -1 where it asks for others than these."""
        spent = 0.0
        for _, part in rows.groupby(PART_COLUMN):
            times = part["time (s)"].to_numpy()
            began = times[0] - self.shortest_window - spent
            for row in part.to_dict("records"):
                ask = self.descent.ask()
                if ask is None or not math.isclose(ask.temperature, row["T_set (K)"], rel_tol=1e-9):
                    return -1.0
                flags, rho, sd = Quality(int(row["flags"])), row["rho (ohm)"], row["rho_sd (ohm)"]
                believed = not flags & DISBELIEVED
                self.descent.tell(row["T_sample (K)"], rho if believed else math.nan, sd, row["T_sample_sd (K)"])
                passed = row["time (s)"] - began
                if believed and rho > 0:
                    interval, _ = reading_grid(POLES * row["time_constant (s)"])
                    noise = sd / rho * math.sqrt(row["readings"] * interval)
                    self._note_noise(row["T_sample (K)"], noise, passed)
                self.descent.hurried |= passed > 3600.0 * self.budget
            spent = float(times[-1] - began)
        return spent

    def _note_noise(self, temperature: float, noise: float, passed: float) -> None:
        """Remember the relative s.d. of one second, and what can still be reached in the time that is left (s)."""
        self._noises.append((temperature, noise))
        self.descent.finest = noise / math.sqrt(max(3600.0 * self.budget - passed, 1.0))

    def _go_to(self, temperature: float) -> bool:
        """Wait until the sample's own sensor is near a temperature (K); False when the time is up first.

        The mixing chamber is not asked: what its sensor shows at the very bottom may be off by more than that.
        """
        timeout = _SETTLE_EXTRA + _SETTLE_TIMES * self.station.thermal_time(temperature)
        self.emit("setpoint", ("temperature", temperature, "K"))
        self.set_temperature(temperature)
        settling = Settling(temperature, self._tolerance(temperature) * temperature, _ARRIVAL_WINDOW, timeout)
        while True:
            arrival = settling.update(self.active_time(), self.sample_temperature())
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
            self._note_noise(point.temperature, noise, point.raw.time - self.stood_still - self._began_descent)
        base, energy = self.descent.reached()
        numbers = {"T_middle (K)": self.descent.middle, "sd_base": base, "sd_energy": energy}
        return {name: value if math.isfinite(value) else math.nan for name, value in numbers.items()}

    def _report_progress(self) -> None:
        passed = self.active_time() - self._began_descent
        self.emit("progress", min(99.0, 100.0 * passed / self._expected))

    def _watch_budget(self) -> None:
        passed = self.active_time() - self._began_descent
        if passed > 3600.0 * self.budget and not self.descent.hurried:
            self.descent.hurried = True
            self.emit("mark", ("budget", f"{duration_text(passed)} are spent; the targets are given up"))

    def _conclude(self) -> None:
        """Write the fit, whether the targets are met, and what was saved into the run."""
        fit, seconds = self.descent.fit(), self.active_time() - self._began_descent
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
