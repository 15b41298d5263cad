"""dV/dI at one temperature and one field: a dc bias goes up and down, a small ac current measures the slope.

The bias goes 0, +largest, 0, -largest, 0 in the station's small steps, with rows at points that are dense near zero.
A row waits until the lock-in has settled on the new slope; what the filter leaves of the time of a point is spent on
averaging, so that every row takes the same time. The ac current is the one that suits the film without bias, small
enough that its swing does not reach the next point, and stays the same for the whole run.

The bias resistor hangs on the line I+ and takes its share of the ac current; it is a part of the network that is
undone. The bias current follows from the source's voltage and the film's own dc resistance, which is the integral
of the slopes measured on the way. Before and after, with the bias path open, a row is taken in the ordinary way:
slope at zero bias and ordinary resistance must be the same number, and the run says whether they are.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd
from pymeasure.experiment import IntegerParameter, ListParameter

from coldfinger.procedures.base import TransportProcedure, check_mode
from coldfinger.procedures.current.excitation import MODES, SETTLING_TIME_CONSTANTS
from coldfinger.procedures.current.excite import Wish
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.planning import Plan, Stage, Whereabouts, field_stage, first_approach_stage
from coldfinger.procedures.reach.setpoints import bias_loop, dense_near_zero
from coldfinger.procedures.rows.point import POLES, Point
from coldfinger.procedures.rows.row import COLUMNS
from coldfinger.procedures.station import Station
from coldfinger.procedures.words.parameters import QuantityParameter
from coldfinger.procedures.words.quantity import OERSTED, show
from coldfinger.runfiles.quality import DISBELIEVED, Quality

BIAS_COLUMNS = [
    *COLUMNS,
    "bias (A)",
    "V_bias (V)",
    "dV/dI (ohm)",
    "V_film (V)",
    "P_bias (W)",
    "T_electron (K)",
    "direction",
]
"""Beside COLUMNS: bias through the film; voltage of its source; slope per square; dc voltage over film and leads; their
product; electrons as warm as that power makes them; +1, -1 or 0: the way the bias came."""

_WINDOW = 20.0  # s within the tolerance before the temperature counts as reached
_SOAK_TIMES = 3.5  # thermal time constants to rest then: a slope is compared with another of an hour ago
_FINDING = 45.0  # s until current, frequency and sensitivity suit the film
_ROW_OVERHEAD = 0.6  # s of bus time in a row
_STEP_OVERHEAD = 0.035  # s of bus time in a step of the bias
_SHORTEST_WINDOW = 2.0  # s
_CHUNK = 10.0  # s, longest sleep without a look whether to stop
_CHIP_WARMER = 0.03  # relative to the chip without bias
_AGREE = 3.0  # standard deviations


@dataclass(frozen=True)
class _Film:
    """What is known of the dc state: bias (A), voltage over film and leads (V), source voltage (V), slope (ohm)."""

    bias: float = 0.0
    voltage: float = 0.0
    source: float = 0.0
    slope: float = 0.0

    def moved_to(self, source: float, slope: float, series: float) -> "_Film":
        """The state at another source voltage, with the mean of both slopes on the way; exact zero at zero."""
        if source == 0.0:
            return _Film(slope=slope)
        mean = 0.5 * (self.slope + slope)
        step = (source - self.source) / (series + mean)
        return _Film(self.bias + step, self.voltage + mean * step, source, slope)

    @property
    def power(self) -> float:
        """Heat (W) of the bias."""
        return abs(self.bias * self.voltage)


@dataclass(frozen=True)
class Slope:
    """One believed row: bias (A), dV/dI and its s.d. (ohm/sq), whether the bias path was connected."""

    bias: float
    value: float
    sd: float
    connected: bool


class DifferentialResistance(TransportProcedure):
    """dV/dI against dc bias at one temperature and one field."""

    DATA_COLUMNS = BIAS_COLUMNS

    temperature = QuantityParameter("Temperature", units="K", default=0.05)
    field = QuantityParameter("Field", units="Oe", default=0.0)
    largest = QuantityParameter("Largest bias", units="nA", default=1000.0)
    finest = QuantityParameter("Finest bias step", units="nA", default=2.0)
    points = IntegerParameter("Points on each side", default=20, minimum=2, maximum=10000)
    point_time = QuantityParameter("Time of a point", units="s", default=20.0)
    tolerance = QuantityParameter("Settling tolerance", default=0.02)
    excitation = ListParameter("Excitation", choices=list(MODES), default="gentle")
    current = QuantityParameter("Current", units="nA", default=0.5)
    frequency = QuantityParameter("Frequency", units="Hz", default=7.0)
    precision = QuantityParameter("Wanted precision", default=1e-3)
    heating = QuantityParameter("Heating allowed", default=0.10)
    coupling = QuantityParameter("Electron-phonon coupling", units="W/K**5", default=7.2e-6)

    def wish(self) -> Wish:
        return Wish(self.excitation, self.current * 1e-9, self.frequency, self.precision)

    def check(self) -> None:
        limits, calibration = self.station.limits, self.station.calibration
        limits.check_field(self.field * OERSTED)
        limits.check_temperature(self.temperature)
        if not calibration.T_min <= self.temperature <= calibration.T_max:
            raise LimitError(
                f"temperature: {show(self.temperature, 'temperature')} is outside the calibration {calibration.name}, "
                f"{show(calibration.T_min, 'temperature')} to {show(calibration.T_max, 'temperature')}; "
                "choose a temperature inside"
            )
        for name in ("largest", "finest", "point_time", "tolerance", "precision", "heating", "coupling", "frequency"):
            if not getattr(self, name) > 0:
                raise LimitError(f"{name}: {getattr(self, name):g} must be above zero")
        self.station.check_bias(self.largest * 1e-9, "largest bias")
        if self.finest > self.largest:
            raise LimitError(f"finest step: {self.finest:g} nA is above the largest bias, {self.largest:g} nA")
        check_mode(self.excitation)
        if self.excitation == "fixed":
            limits.check_current(self.current * 1e-9)
            if self.current * 1e-9 > self._largest_ac():
                raise LimitError(
                    f"current: {self.current:g} nA rms swings by {math.sqrt(2) * self.current:.3g} nA, further than "
                    f"the finest bias step of {self.finest:g} nA; choose at most {self._largest_ac() * 1e9:.3g} nA"
                )

    def set_biases(self) -> list[float]:
        """Biases (A, into a short circuit) of the rows, in their order."""
        return bias_loop(dense_near_zero(self.largest * 1e-9, self.finest * 1e-9, self.points))

    def plan(self, since: Whereabouts | None = None) -> Plan:
        since = since or self.whereabouts()
        station, biases = self.station, self.set_biases()
        steps = sum(math.ceil(abs(b - a) / station.limits.bias_step - 1e-6) for a, b in pairwise(biases))
        moving = steps * (station.file.sections["bias"]["step_time"] + _STEP_OVERHEAD)
        rows = (len(biases) + 2) * (self.point_time + _ROW_OVERHEAD)
        return Plan(
            f"dV/dI at {self.field:g} Oe and {show(self.temperature, 'temperature')}",
            (
                field_stage(station, since.field, self.field * OERSTED),
                first_approach_stage(station, since.temperature, self.temperature, self.tolerance, _WINDOW),
                Stage("rest", self._soak()),
                Stage("finding the signal", _FINDING),
                Stage(f"bias to ±{self.largest:g} nA, {len(biases)} rows", rows + moving),
            ),
        )

    def go_on_after(self, rows: pd.DataFrame, station: Station) -> str:
        """The biases after those of the rows: from zero along the same branch, with the same ac current."""
        biases, done = self.set_biases(), len(rows) - 1
        self._earlier, self.kept_rows = rows, len(rows)
        if done > len(biases):
            return "nothing is left to be measured"
        if done == len(biases):
            return "the row after the sweep is left, with the bias path open"
        bias, way = biases[done], " and ".join(show(value, "current") for value in self._branch(done))
        passing = f", by way of {way}" if way else ""
        return f"it goes on at a bias of {show(bias, 'current')}, row {done + 1} of {len(biases)}{passing}"

    _earlier: pd.DataFrame | None = None

    def _branch(self, i: int) -> list[float]:
        """Biases (A) by which row `i` is reached from zero with its history: the branch's end, and the one before."""
        biases = self.set_biases()
        before = biases[:i]
        if not before or abs(biases[i]) >= abs(before[-1]) or before[-1] == 0.0:
            return []
        sign = math.copysign(1.0, before[-1])
        furthest = max((value for value in before if value * sign > 0), key=abs)
        return [furthest, before[-1]] if furthest != before[-1] else [furthest]

    def _go_on_from(self, rows: pd.DataFrame) -> None:
        """What the earlier part knew: the cold chip, the slopes, the dc state of the last row, the ac current."""
        self._cold = float(rows["T_sample (K)"].iloc[0])
        for i, row in enumerate(rows.to_dict("records")):
            if not int(row["flags"]) & DISBELIEVED and math.isfinite(row["rho (ohm)"]):
                connected = 0 < i <= len(self.set_biases())
                self.slopes.append(Slope(row["bias (A)"], row["rho (ohm)"], row["rho_sd (ohm)"], connected))
        slope = self._two_terminal(row["rho (ohm)"])
        self._state = _Film(row["bias (A)"], row["V_film (V)"], row["V_bias (V)"], slope)
        self.keeper.wish = Wish("fixed", min(row["I (A)"], self._largest_ac()), row["f (Hz)"], self.precision)

    def take_data(self) -> None:
        if self._earlier is not None and len(self._earlier) == len(self.set_biases()) + 2:
            return
        station = self.station
        station.need_bias()
        self.slopes: list[Slope] = []
        self.reach_field(self.field * OERSTED)
        timeout = 900.0 + 12.0 * station.thermal_time(self.temperature)
        arrived = self.reach_temperature(self.temperature, self.tolerance, _WINDOW, timeout)
        self._remark = Quality(0) if arrived else Quality.NOT_SETTLED
        self._rest(self._soak())
        self.start_excitation()
        self._state = _Film()
        if self._earlier is None:
            self._keep_excitation()
            self._cold = self._row_without_bias()
        else:
            self._go_on_from(self._earlier)
        self._sweep(max(self.kept_rows - 1, 0))
        self._row_without_bias()
        self._say_what_came_out()

    def _soak(self) -> float:
        return _SOAK_TIMES * self.station.thermal_time(self.temperature)

    def _largest_ac(self) -> float:
        """A rms: the swing of the ac current ends where the next point begins."""
        return self.finest * 1e-9 / math.sqrt(2)

    def _keep_excitation(self) -> None:
        """From here on the ac current stays what suits the film without bias, within the finest step."""
        present = self.keeper.present
        current = min(present.current, self._largest_ac())
        self.keeper.wish = Wish("fixed", current, present.frequency, self.precision)
        text = f"{show(current, 'current')} rms at {present.frequency:g} Hz, finest bias step {self.finest:g} nA"
        self.emit("mark", ("ac amplitude", text))

    def _row_without_bias(self) -> float:
        """An ordinary row with the bias path open; returns the chip's temperature (K)."""
        self._settle()
        return self._take(0.0, 0, connected=False).temperature

    def _sweep(self, first: int = 0) -> None:
        station, biases = self.station, self.set_biases()
        if first == len(biases):
            return
        station.bias_on(self.largest * 1e-9)
        for passing in self._branch(first):
            station.move_bias(passing)
        before = biases[first - 1] if first else 0.0
        for i, bias in enumerate(biases[first:], first):
            station.move_bias(bias)
            self._settle()
            self._take(bias, round(math.copysign(1.0, bias - before)) if bias != before else 0)
            before = bias
            self.emit("progress", 100.0 * (i + 1) / (len(biases) + 1))
            self.stop_if_asked()
        station.bias_off()

    def _settle(self) -> None:
        """Until the filter shows the new slope but for what it goes on settling during the row's own delay."""
        end = self.active_time() + (SETTLING_TIME_CONSTANTS - POLES) * self.keeper.present.time_constant
        self.pause_for(0.5 * (end - self.active_time()))
        self.keeper.follow()
        self.pause_for(max(0.0, end - self.active_time()))

    def _rest(self, seconds: float) -> None:
        while seconds > 0:
            self.pause_for(min(seconds, _CHUNK))
            seconds -= _CHUNK

    def _take(self, bias: float, direction: int, connected: bool = True) -> Point:
        tau = self.keeper.present.time_constant
        window = max(_SHORTEST_WINDOW, self.point_time - SETTLING_TIME_CONSTANTS * tau)
        remarks = self._remark | self._heating_remark()
        point = self.take_row(
            self.field * OERSTED,
            window,
            lambda: None,
            remarks,
            extra=lambda point: self._columns(point, direction),
        )
        if not point.flags & DISBELIEVED and math.isfinite(point.resistivity):
            self.slopes.append(Slope(self._state.bias, point.resistivity, point.resistivity_sd, connected))
        return point

    def _source_voltage(self) -> float:
        return self.station.need_bias().voltage

    def _two_terminal(self, resistivity: float) -> float:
        network = self.station.network
        return resistivity * (network.squares + 2.0 * network.end_squares) + 2.0 * network.lead_resistance

    def _columns(self, point: Point, direction: int) -> dict[str, float]:
        series = self.station.need_bias().series_resistance
        known = math.isfinite(point.resistivity)
        slope = self._two_terminal(point.resistivity) if known else self._state.slope
        state = self._state = self._state.moved_to(self._source_voltage(), slope, series)
        return {
            "bias (A)": state.bias,
            "V_bias (V)": state.source,
            "dV/dI (ohm)": point.resistivity,
            "V_film (V)": state.voltage,
            "P_bias (W)": state.power,
            "T_electron (K)": self._electrons(point.temperature, state.power),
            "direction": direction,
        }

    def _electrons(self, chip: float, power: float) -> float:
        """Electron temperature (K) that a power (W) would give on a chip (K): P = coupling (T_e^5 - T^5)."""
        return float((chip**5 + power / self.coupling) ** 0.2)

    def _heating_remark(self) -> Quality:
        """Before a row: is the present bias expected to warm the electrons, or seen to warm the chip?"""
        source = self._source_voltage()
        if source == 0.0:
            return Quality(0)
        series = self.station.need_bias().series_resistance
        power = self._state.moved_to(source, self._state.slope, series).power
        chip = self.sample_temperature()
        warm = self._electrons(self._cold, power) > (1.0 + self.heating) * self._cold
        return Quality.BIAS_HEATING if warm or chip > (1.0 + _CHIP_WARMER) * self._cold else Quality(0)

    def _say_what_came_out(self) -> None:
        self.emit("mark", ("zero bias", zero_bias_sentence(self.slopes)))
        self.emit("mark", ("smearing", smearing_sentence(self.slopes, self.keeper.present.current)))


def mean_slope(slopes: list[Slope]) -> tuple[float, float]:
    """Weighted mean and its s.d. (ohm/sq); nan where there is nothing to average."""
    weights = [1.0 / max(slope.sd, 1e-12) ** 2 for slope in slopes]
    if not weights:
        return math.nan, math.nan
    total = math.fsum(weights)
    return math.fsum(w * s.value for w, s in zip(weights, slopes, strict=True)) / total, total**-0.5


def zero_bias_sentence(slopes: list[Slope]) -> str:
    """Does dV/dI at zero bias agree with the ordinary resistance? With both numbers."""
    swept, swept_sd = mean_slope([s for s in slopes if s.connected and s.bias == 0.0])
    plain, plain_sd = mean_slope([s for s in slopes if not s.connected])
    if not (math.isfinite(swept) and math.isfinite(plain)):
        return "cannot say: no believed row at zero bias"
    pull = abs(swept - plain) / math.hypot(swept_sd, plain_sd)
    verdict = "agree" if pull <= _AGREE else "DISAGREE"
    return (
        f"dV/dI {swept:.7g} +- {swept_sd:.2g} ohm/sq, ordinary resistance {plain:.7g} +- {plain_sd:.2g} ohm/sq: "
        f"{pull:.1f} standard deviations apart, they {verdict}"
    )


def smearing_sentence(slopes: list[Slope], current: float) -> str:
    """How much the ac current (A rms) rounds the sharpest feature off: I^2/4 times the curvature of dV/dI.

    First harmonic of V(I0 + a sin) over a is V' + a^2/8 V''', with a = sqrt(2) I.
    """
    rows = [s for s in slopes if s.connected]
    worst, at = 0.0, 0.0
    for a, b, c in zip(rows, rows[1:], rows[2:], strict=False):
        if not (a.bias < b.bias < c.bias):
            continue
        left, right = (b.value - a.value) / (b.bias - a.bias), (c.value - b.value) / (c.bias - b.bias)
        noise = 3.0 * math.hypot(a.sd, b.sd, c.sd)
        if abs(a.value - b.value) < noise and abs(c.value - b.value) < noise:
            continue
        rounding = abs(0.25 * current**2 * 2.0 * (right - left) / (c.bias - a.bias))
        if rounding > worst:
            worst, at = rounding, b.bias
    return (
        f"the ac current of {show(current, 'current')} rms rounds dV/dI by at most {worst:.2g} ohm/sq, "
        f"at a bias of {show(at, 'current')}"
    )
