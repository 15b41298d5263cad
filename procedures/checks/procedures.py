"""Belief tests that run alone: one run, its looks as rows, its verdict as a mark."""

from typing import ClassVar

from pymeasure.experiment import BooleanParameter, ListParameter

from coldfinger.procedures.base import TransportProcedure, check_mode
from coldfinger.procedures.checks.bench import Terms
from coldfinger.procedures.checks.scheme import checks_seconds, run_checks
from coldfinger.procedures.current.excitation import MODES, POLICY
from coldfinger.procedures.current.excite import Wish
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.planning import Plan, Stage, Whereabouts, field_stage, first_approach_stage
from coldfinger.procedures.words.parameters import QuantityParameter
from coldfinger.procedures.words.quantity import OERSTED, show

HERE = "here"
"""Leave temperature and field as they are."""

_FREQUENCIES = (0.02, 1000.0)  # Hz; half of it is used too
_WINDOW = 20.0  # s within the tolerance before a temperature counts as reached
_SETTLE_TIMES, _SETTLE_EXTRA = 12.0, 900.0  # time-out in thermal time constants, and s for the refrigerator
_TOLERANCE = 0.01  # of the temperature
_FINDING = 25.0  # s until the signal is found


class BeliefTest(TransportProcedure):
    """One test at a temperature and a field, or where the station is; the verdict is in `verdicts` afterwards."""

    TEST: ClassVar[str] = ""

    where = ListParameter("Temperature and field", choices=[HERE, "given"], default="given")
    temperature = QuantityParameter("Temperature", units="K", default=0.05)
    field = QuantityParameter("Field", units="Oe", default=0.0)
    excitation = ListParameter("Excitation", choices=list(MODES), default="policy")
    current = QuantityParameter("Current", units="nA", default=1.0)
    frequency = QuantityParameter("Frequency", units="Hz", default=7.0)
    precision = QuantityParameter("Wanted precision", default=1e-3)
    look = QuantityParameter("Time of a look", units="s", default=30.0)
    rho_tolerance = QuantityParameter("Tolerance of rho", default=1e-2)
    temperature_tolerance = QuantityParameter("Tolerance of T", default=1e-2)
    slope = QuantityParameter("d ln rho / d ln T", default=0.0)
    series = BooleanParameter("Full series of currents", default=False)

    def wish(self) -> Wish:
        return Wish(self.excitation, self.current * 1e-9, self.frequency, self.precision)

    def terms(self) -> Terms:
        """How the test is made."""
        return Terms(self.look, self.rho_tolerance, self.temperature_tolerance, self.slope, self.series)

    def check(self) -> None:
        limits, calibration = self.station.limits, self.station.calibration
        check_mode(self.excitation)
        if self.where != HERE:
            limits.check_field(self.field * OERSTED)
            limits.check_temperature(self.temperature, "temperature")
            if not calibration.T_min <= self.temperature <= calibration.T_max:
                raise LimitError(
                    f"temperature: {show(self.temperature, 'temperature')} is outside the calibration "
                    f"{calibration.name}, {show(calibration.T_min, 'temperature')} to "
                    f"{show(calibration.T_max, 'temperature')}; choose a temperature inside"
                )
        if self.excitation == "fixed":
            limits.check_current(self.current * 1e-9)
            low, high = _FREQUENCIES
            if not low <= self.frequency <= high:
                raise LimitError(
                    f"frequency: {show(self.frequency, 'frequency')} is outside {low:g} to {high:g} Hz, where lines "
                    "with filters let a signal through; the policy uses 0.7 to 7 Hz"
                )
        for name in ("precision", "look", "rho_tolerance", "temperature_tolerance"):
            if not getattr(self, name) > 0:
                raise LimitError(f"{name}: {getattr(self, name):g} must be above zero")

    def plan(self, since: Whereabouts | None = None) -> Plan:
        station, since = self.station, since or self.whereabouts()
        frequency = self.frequency if self.excitation == "fixed" else POLICY[0][2]
        ways: tuple[Stage, ...] = ()
        if self.where != HERE:
            ways = (
                field_stage(station, since.field, self.field * OERSTED),
                first_approach_stage(station, since.temperature, self.temperature, _TOLERANCE, _WINDOW),
            )
        seconds = checks_seconds(station, [self.TEST], self.terms(), frequency)
        finding = Stage("finding the signal", _FINDING)
        return Plan(f"{self.TEST} test", (*ways, finding, Stage(f"{self.TEST} test", seconds)))

    def take_data(self) -> None:
        arrived, field = True, self.present_field()
        if self.where == HERE:
            self.t_set = self.station.controller.setpoint
        else:
            field = self.field * OERSTED
            self.reach_field(field)
            timeout = _SETTLE_EXTRA + _SETTLE_TIMES * self.station.thermal_time(self.temperature)
            arrived = self.reach_temperature(self.temperature, _TOLERANCE, _WINDOW, timeout)
        self.start_excitation()
        self.emit("progress", 20.0)
        run_checks(self, [self.TEST], self.terms(), field=field, write_rows=True, arrived=arrived)
        self.emit("progress", 100.0)


class LinearityCheck(BeliefTest):
    """I and I/3, and the full series from 0.1 to 1 nA."""

    TEST = "linearity"


class FrequencyCheck(BeliefTest):
    """f and f/2: does rho stay, and do the lines explain the phase?"""

    TEST = "frequency"


class HeatingCheck(BeliefTest):
    """I, I/2 and I/3: does rho move, and how warm are the electrons?"""

    TEST = "heating"


class LeadCheck(BeliefTest):
    """Sign reversal, and the contact at ground."""

    TEST = "leads"


class ThermometerCheck(BeliefTest):
    """Less bridge excitation: does the sensor's temperature move?"""

    TEST = "thermometer"


BELIEF_TESTS = (LinearityCheck, FrequencyCheck, HeatingCheck, LeadCheck, ThermometerCheck)
