"""How a procedure reaches a field and a temperature, and knows where it is."""

import math
from collections import deque
from statistics import fmean

from coldfinger.instruments.roles import RampState
from coldfinger.procedures.failures import NeedsPerson, ProcedureFailure
from coldfinger.procedures.planning import RANGE_SETTLING, Whereabouts
from coldfinger.procedures.reach.approach import ApproachWatch
from coldfinger.procedures.reach.firmly import firmly
from coldfinger.procedures.reach.settling import Arrival, Settling, wait_for
from coldfinger.procedures.reach.waiting import QUENCHED, WaitingProcedure
from coldfinger.procedures.rows.as_set import BRIDGE, Change
from coldfinger.procedures.words.quantity import OERSTED, show

_FIELD_POLL = 1.0  # s
_TEMPERATURE_POLL = 1.0  # s
_SMOOTHED = 5  # readings
_SENSOR_HEATS = 0.02  # K, below which a resistive sensor reads warmer than what it sits on
_ASKED_AGAIN = 2  # times that a supply is told to ramp once more
_RANGE_PERIOD = 10.0  # s between two looks at the heater range on the way to a temperature


class ReachingProcedure(WaitingProcedure):
    """A procedure that goes to set points and waits until they are reached."""

    heater_changed = False

    def restore(self, found: list[Change]) -> None:
        """Give an instrument that has lost everything its settings again."""
        raise NotImplementedError("a procedure knows what it has set")

    def whereabouts(self) -> Whereabouts:
        """Where the station is now."""
        return Whereabouts(self.present_field(), self.present_temperature())

    def present_field(self) -> float:
        """Field at the sample (T) now, as far as the supply knows."""
        return self.station.sample_field(self.station.magnet.field)

    def present_temperature(self) -> float:
        """Temperature (K) of the sample now, for planning.

        The mixing chamber's where the sensor gives none. Resistive sensors heat themselves at the very bottom:
        what they show there may as well be the lowest temperature that the station reaches.
        """
        temperature = self.sample_temperature()
        if math.isnan(temperature):
            temperature = self.station.controller.temperature
        return temperature if temperature > _SENSOR_HEATS else self.station.limits.lowest_temperature

    def reach_field(self, field: float) -> None:
        """Ramp the field at the sample to `field` (T) and wait until the supply holds it."""
        station = self.station
        target = field - station.field_offset
        way = abs(target - station.magnet.field)
        self.emit("setpoint", ("field", field, "T"))
        firmly(lambda: station.go_to_field(field))
        timeout = 60.0 + 1.5 * way / station.magnet.ramp_rate
        tolerance = station.file.sections["magnet"]["tolerance"]
        settling = Settling(target, tolerance, window=3.0, timeout=timeout)

        def look() -> float | None:
            value = station.magnet.field
            self.emit("reading", {"H (Oe)": station.sample_field(value) / OERSTED, "H_supply (Oe)": value / OERSTED})
            return None if station.magnet.state is RampState.QUENCH else value

        asked_again = 0

        def pause(seconds: float) -> bool:
            """A supply that rests short of its target is asked again: a command was lost, or somebody has paused it."""
            nonlocal asked_again
            paused = self.pause_for(seconds)
            if not paused and asked_again < _ASKED_AGAIN and station.magnet.state is RampState.PAUSED:
                asked_again += 1
                text = f"the supply stands still short of its target; asked again ({asked_again})"
                self.emit("mark", ("field", text))
                again()
            return paused

        def again() -> None:
            if station.magnet.state is not RampState.QUENCH:
                firmly(lambda: station.go_to_field(field))

        holding = station.magnet_holding
        arrival = wait_for(settling, look, self.active_time, pause, also=holding, again=again, period=_FIELD_POLL)
        if arrival is Arrival.ERROR:
            raise NeedsPerson(QUENCHED)
        if arrival is Arrival.WARN:
            raise NeedsPerson(
                f"the field did not arrive at {show(field, 'field')} within {timeout:.0f} s; the supply reads "
                f"{show(self.present_field(), 'field')} and is {station.magnet.state.name.lower()}"
            )

    def set_temperature(self, temperature: float, *, within_row: bool = False) -> bool:
        """Command a mixing-chamber temperature (K) with the ranges that belong to it; True if they are new.

        A new heater range shakes the mixing chamber until the loop has found its output again: it is never taken
        within a row, and some time passes after it.
        """
        station = self.station
        station.limits.check_temperature(temperature, "temperature set point")
        wanted = (station.heater_range_for(temperature), station.control_excitation_for(temperature))
        change = wanted != (self._heater_range, self._control_excitation) and not within_row
        if change:
            self._change_ranges(*wanted)
        firmly(lambda: setattr(station.controller, "setpoint", temperature))
        self.t_set = temperature
        if change:
            self.pause_for(RANGE_SETTLING)
        return change

    def _change_ranges(self, heater: float, excitation: float) -> None:
        if excitation != self._control_excitation:
            firmly(lambda: self.station.excite_control_sensor(excitation))
            self._control_excitation = excitation
        if heater != self._heater_range:
            firmly(lambda: setattr(self.station.controller, "heater_range", heater))
            self.heater_changed = not math.isnan(self._heater_range)
            self._heater_range = heater
            self.emit("mark", ("heater range", show(heater, "current")))

    _heater_range = math.nan
    _control_excitation = math.nan
    t_set = math.nan

    def reach_temperature(self, temperature: float, tolerance: float, window: float, timeout: float) -> bool:
        """Wait until mixing chamber and sample are within a relative tolerance of `temperature` (K).

        Returns False when the time is up first. `window` and `timeout` in seconds.
        """
        station = self.station
        self.emit("setpoint", ("temperature", temperature, "K"))
        self.set_temperature(temperature)
        absolute = tolerance * temperature
        chamber = Settling(temperature, absolute, window, timeout)
        sample = Settling(temperature, absolute, window, timeout)
        readings: deque[tuple[float, float]] = deque(maxlen=_SMOOTHED)
        watch = ApproachWatch(station, temperature, absolute)
        while True:
            now = self.active_time()
            readings.append((station.controller.temperature, self.sample_temperature()))
            self.emit("reading", dict(zip(("T_mc (K)", "T_sample (K)"), readings[-1], strict=True)))
            if now - self._range_looked >= _RANGE_PERIOD:
                self._range_looked = now
                self._check_range()
            if trouble := watch.look(now, *readings[-1]):
                raise (NeedsPerson if trouble.needs_person else ProcedureFailure)(trouble.sentence)
            # A few readings together: the noise of one must not begin the window anew.
            arrivals = {
                chamber.update(now, fmean(reading[0] for reading in readings)),
                sample.update(now, fmean(reading[1] for reading in readings)),
            }
            if arrivals == {Arrival.IDLE}:
                return True
            if Arrival.WARN in arrivals:
                return False
            self.pause_for(_TEMPERATURE_POLL)

    def _check_range(self) -> None:
        """A controller that was switched off and on again has its heater off, and the wait would be for nothing."""
        found = self.station.controller.heater_range
        if found == self._heater_range:
            self._trusted_doubts = self.station.doubts
            return
        is_, sent = show(found, "current"), show(self._heater_range, "current")
        self.restore([Change(BRIDGE, "the heater range", is_, sent)])

    _range_looked = -math.inf
    _trusted_doubts = -1
    """How often links had been in doubt when settings were last as they had been sent."""

    def sample_temperature(self) -> float:
        """One quick reading of the sample thermometer (K); nan when invalid or outside the calibration."""
        reading = self.station.bridge.reading
        if reading.status:
            return math.nan
        return float(self.station.calibration.temperature_or_nan(reading.resistance))
