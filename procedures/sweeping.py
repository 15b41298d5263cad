"""What the procedures with a moving field share: parameters, rates, the way to the first field, and how they go on.

How the field moves and how its lag is taken out is said in `sweep_leg`, which carries out one leg.
"""

import contextlib
from collections.abc import Callable, Iterator

import pandas as pd
from pymeasure.experiment import ListParameter

from coldfinger.analysis.lockin_filter import sweep_rate
from coldfinger.analysis.magnetoresistance import Sweep
from coldfinger.instruments.errors import InstrumentError
from coldfinger.instruments.roles import RampState
from coldfinger.procedures.base import TransportProcedure, check_mode
from coldfinger.procedures.current.excitation import MODES, time_constant_for
from coldfinger.procedures.current.excite import Wish
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.planning import Stage, first_approach_stage
from coldfinger.procedures.rows.point import POLES, Point
from coldfinger.procedures.rows.row import COLUMNS
from coldfinger.procedures.rows.sweep_reading import STRETCH
from coldfinger.procedures.station import Station
from coldfinger.procedures.sweep_leg import LAG_COLUMN, Leg
from coldfinger.procedures.words.parameters import QuantityParameter
from coldfinger.procedures.words.quantity import OERSTED, show
from coldfinger.runfiles.quality import Quality

FREQUENCIES = (0.01, 1000.0)  # Hz, of a fixed excitation
SWEEP_COLUMNS = [*COLUMNS, LAG_COLUMN, "direction", "leg"]
_WINDOW = 20.0  # s within the tolerance before the temperature counts as reached
_SETTLE_EXTRA, _SETTLE_TIMES = 900.0, 12.0  # s, and thermal time constants: the longest wait for a temperature
_FINDING = 15.0  # s until current, frequency and sensitivity suit the film
_STRETCH_END = 1.0  # s, half a stretch and the proof of identity after the field has arrived
_COPPER = (
    2.31  # W/(T/s)^2: eddy currents in 10 cm of copper, 1 cm radius, residual resistance ratio 100; assumed default
)


class SweepingProcedure(TransportProcedure):
    """Parameters, temperature, excitation and the legs of a moving field. Subclasses say where the field goes."""

    DATA_COLUMNS = SWEEP_COLUMNS

    temperature = QuantityParameter("Temperature", units="K", default=0.05)
    tolerance = QuantityParameter("Settling tolerance", default=0.02)
    rate = QuantityParameter("Rate, 0 if the resolution decides", units="Oe/min", default=0.0)
    resolution = QuantityParameter("Field resolution f_3dB", units="1/Oe", default=0.8)
    step = QuantityParameter("Field step", units="Oe", default=0.05)
    heating = QuantityParameter("Allowed heating", default=0.05)
    excitation = ListParameter("Excitation", choices=list(MODES), default="policy")
    current = QuantityParameter("Current", units="nA", default=1.0)
    frequency = QuantityParameter("Frequency", units="Hz", default=7.0)
    precision = QuantityParameter("Wanted precision", default=1e-3)
    time_constant = QuantityParameter("Least time constant", units="s", default=0.0)

    arrived = False

    def wish(self) -> Wish:
        return Wish(self.excitation, self.current * 1e-9, self.frequency, self.precision, self.time_constant)

    def turning_points(self) -> list[float]:
        """Fields at the sample (Oe), first to last, between which the field is swept."""
        raise NotImplementedError("a sweep goes somewhere")

    def check(self) -> None:
        station = self.station
        for field in self.turning_points():
            station.limits.check_field(field * OERSTED)
        station.limits.check_temperature(self.temperature, "temperature")
        low, high = station.calibration.T_min, station.calibration.T_max
        if not low <= self.temperature <= high:
            raise LimitError(
                f"temperature: {show(self.temperature, 'temperature')} is outside the calibration "
                f"{station.calibration.name}, {show(low, 'temperature')} to {show(high, 'temperature')}; "
                "choose a temperature inside"
            )
        check_mode(self.excitation)
        if self.excitation == "fixed":
            station.limits.check_current(self.current * 1e-9)
            if not FREQUENCIES[0] <= self.frequency <= FREQUENCIES[1]:
                raise LimitError(
                    f"frequency: {show(self.frequency, 'frequency')} is outside {FREQUENCIES[0]:g} to "
                    f"{FREQUENCIES[1]:g} Hz, where lines with filters let a signal through; the policy uses 0.7 to 7 Hz"
                )
        for name in ("resolution", "step", "tolerance", "precision", "heating"):
            if not getattr(self, name) > 0:
                raise LimitError(f"{name}: {getattr(self, name):g} must be above zero")
        for name in ("rate", "time_constant"):
            if not getattr(self, name) >= 0:
                raise LimitError(f"{name}: {getattr(self, name):g} must not be negative")
        if self.rate > 0:
            station.limits.check_field_rate(self.rate * OERSTED / 60.0, "rate")

    # Rates and times

    def wanted_rate(self, time_constant: float) -> float:
        """dH/dt (T/s): the one given, or what the resolution needs with a time constant (s), within the limits."""
        if self.rate > 0:
            return self.rate * OERSTED / 60.0
        wanted = sweep_rate(self.resolution, time_constant, POLES) * OERSTED
        return min(wanted, self.station.limits.field_rate)

    def expected_time_constant(self) -> float:
        """Time constant (s) to plan with: that of a film below 50 kohm/sq, or of the fixed frequency."""
        available = self.station.lockin.TIME_CONSTANTS
        frequency = self.frequency if self.excitation == "fixed" else 7.0
        least = max(time_constant_for(frequency, available), 0.99 * self.time_constant)
        return next((tau for tau in available if tau >= least), available[-1])

    def leg_stage(self, start: float, stop: float) -> Stage:
        """One swept way between two fields (Oe)."""
        time_constant = self.expected_time_constant()
        rate = self.wanted_rate(time_constant)
        heat = show(float(f"{_COPPER * rate**2:.2g}"), "power")
        what = f"sweep to {stop:g} Oe at {show(rate, 'field rate')} (eddy currents about {heat})"
        return Stage(what, abs(stop - start) * OERSTED / rate + POLES * time_constant + _STRETCH_END)

    def beginning_stages(self, temperature: float) -> tuple[Stage, ...]:
        """The way from a temperature (K), and the excitation."""
        return (
            first_approach_stage(self.station, temperature, self.temperature, self.tolerance, _WINDOW),
            Stage("finding the signal", _FINDING),
        )

    def begin(self) -> None:
        """Reach the temperature, find the signal."""
        timeout = _SETTLE_EXTRA + _SETTLE_TIMES * self.station.thermal_time(self.temperature)
        self.arrived = self.reach_temperature(self.temperature, self.tolerance, _WINDOW, timeout)
        if not self.arrived:
            self.emit("mark", ("temperature", f"not settled at {show(self.temperature, 'temperature')} in time"))
        self.start_excitation()

    # Going on

    def go_on_legs(self, rows: pd.DataFrame, station: Station, complete: bool | None, reach: float) -> str:
        """Decide with which leg, and from where, an interrupted sweep goes on; sets `leg` and `in_place`.

        `complete`: the leg of the last row has all its rows; None: when its field has arrived. `reach` (Oe): how far
        the field may have gone on in its direction since the last row. What a field shows depends on where it came
        from: a leg whose field was lost begins again, the way before it being gone once more without rows.
        """
        last = rows.iloc[-1]
        leg, direction = int(last["leg"]), float(last["direction"])
        here = station.sample_field(station.magnet.field) / OERSTED
        tolerance = station.file.sections["magnet"]["tolerance"] / OERSTED
        gone = direction * (here - float(last["H_supply (Oe)"]) - station.field_offset / OERSTED)
        self.in_place = -tolerance <= gone <= reach + tolerance
        if complete is None:
            stop, near = self.turning_points()[leg + 1], max(tolerance, 0.25 * self.step)
            # A supply that went to zero, or on to the end of the leg by itself, is not paused.
            self.in_place &= station.magnet.state is RampState.PAUSED or abs(float(last["H (Oe)"]) - stop) <= near
            complete = abs(float(last["H (Oe)"]) - stop) <= near or (self.in_place and abs(here - stop) <= near)
        self.leg = leg + complete
        if self.leg == len(self.turning_points()) - 1:
            self.kept_rows = len(rows)
            return "nothing is left to be measured"
        if self.in_place:
            self.kept_rows = len(rows)
            return f"the field was held at {here:.2f} Oe: leg {self.leg + 1} goes on from there"
        self.kept_rows = int((rows["leg"] < self.leg).sum())
        if self.kept_rows == 0:
            return ""
        lost = f"the field is not where the last row left it ({float(last['H (Oe)']):.2f} Oe) but at {here:.2f} Oe"
        return f"{lost}: leg {self.leg + 1} begins again, from {self.turning_points()[self.leg]:g} Oe"

    leg = 0
    """With which leg the run begins."""
    in_place = False
    """Whether the field stands on the way of that leg."""

    @property
    def over(self) -> bool:
        """Whether the earlier parts hold everything already."""
        return self.leg == len(self.turning_points()) - 1

    def reach_first_field(self) -> None:
        """The field where the first leg of this part begins, in the state that the way there leaves."""
        if self.in_place:
            return
        for field in self.turning_points()[max(self.leg - 1, 0) : self.leg + 1]:
            self.reach_field(field * OERSTED)

    def moving_reach(self, rows: pd.DataFrame) -> float:
        """How far (Oe) a moving field may be from its last row when it was stopped at once: a stretch and a half."""
        rate = self.wanted_rate(float(rows["time_constant (s)"].iloc[-1])) / OERSTED
        return float(1.5 * rate * STRETCH + self.step)

    # One leg

    def sweep_to(self, stop: float, leg: int, progress: Callable[[float], None] = lambda field: None) -> Sweep:
        """Sweep the field at the sample to `stop` (Oe), writing rows on the way, and return what was believed of them.

        `progress` hears the present field (Oe).
        """
        return Leg(self, stop, leg, progress).run()

    @contextlib.contextmanager
    def swept(self) -> Iterator[None]:
        """Within this block the supply's rate belongs to the sweep; afterwards it is the station's again."""
        try:
            yield
        except InstrumentError:
            with contextlib.suppress(InstrumentError):
                self._usual_rate()
            raise
        except BaseException:
            self._usual_rate()
            raise
        self._usual_rate()

    def _usual_rate(self) -> None:
        """A supply that still moves is stopped first: the station's rate is not meant for this way."""
        magnet = self.station.magnet
        if magnet.state is RampState.RAMPING:
            magnet.pause()
        magnet.ramp_rate = self.station.file.sections["magnet"]["ramp_rate"]

    def sweep_row(self, point: Point, target: float, flags: Quality, source: tuple[float, float]) -> dict[str, object]:
        """The row of a point of a sweep to `target` (T), without the columns of the leg."""
        return self._row(point, target, self.t_set, flags, source)
