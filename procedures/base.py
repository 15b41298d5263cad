"""What every transport procedure shares: the station, waits that can be stopped, rows, and the safe end.

A procedure is a pymeasure Procedure whose instruments come from a Station given to it. It is run by
`procedures.runner`, which patches `emit` and `should_stop` onto it as pymeasure's Worker does.
"""

import math
from collections import deque
from collections.abc import Callable
from functools import partial
from statistics import fmean
from typing import Any

import pandas as pd
from pymeasure.experiment import Procedure

from coldfinger.instruments.errors import LinkError
from coldfinger.instruments.roles import RampState
from coldfinger.procedures.approach import ApproachWatch
from coldfinger.procedures.as_set import BRIDGE, LOCK_IN, SWITCHED_OFF, Change, Sent, changes
from coldfinger.procedures.checks.verdict import Verdict
from coldfinger.procedures.control import SLICE, RunControl, Stopped
from coldfinger.procedures.excitation import MODES
from coldfinger.procedures.excite import ExcitationKeeper, Wish
from coldfinger.procedures.firmly import firmly
from coldfinger.procedures.limits import LimitError
from coldfinger.procedures.planning import RANGE_SETTLING, Plan, Whereabouts
from coldfinger.procedures.point import GRADIENT_OF, Point, evaluate, read_point
from coldfinger.procedures.quality import Quality
from coldfinger.procedures.quantity import OERSTED, show
from coldfinger.procedures.sample_watch import Lost, SampleWatch
from coldfinger.procedures.settling import Arrival, Settling, wait_for
from coldfinger.procedures.station import Station, duration_text

COLUMNS = [
    "time (s)",
    "T_set (K)",
    "T_mc (K)",
    "T_sample (K)",
    "T_sample_sd (K)",
    "R_sensor (ohm)",
    "P_sensor (W)",
    "H_set (Oe)",
    "H (Oe)",
    "H_supply (Oe)",
    "I (A)",
    "f (Hz)",
    "V_source (V)",
    "X (V)",
    "Y (V)",
    "X_sd (V)",
    "Y_sd (V)",
    "R (ohm)",
    "rho (ohm)",
    "rho_sd (ohm)",
    "C_line (F)",
    "phase (deg)",
    "sensitivity (V)",
    "time_constant (s)",
    "heater (percent)",
    "heater_range (A)",
    "readings",
    "flags",
]
"""Columns of every row; R is between the voltage taps, rho per square, both with lines and loading undone."""

_ATTEMPTS = 3
_NO_REMARK = Quality(0)
_FIELD_POLL = 1.0  # s
_TEMPERATURE_POLL = 1.0  # s
BRIDGE_SETTLING = 4.0  # s after a change of range
_SMOOTHED = 5  # readings
_SENSOR_HEATS = 0.02  # K, below which a resistive sensor reads warmer than what it sits on
_MOST_ADAPTATIONS = 5
_MOST_RESTORED = 3  # times in one run that settings are given again
_ASKED_AGAIN = 2  # times that a supply is told to ramp once more
_RANGE_PERIOD = 10.0  # s between two looks at the heater range on the way to a temperature
_MAGNET_PERIOD = 2.0  # s between two looks at the magnet in waits
_AGAIN_WITHIN, _AGAIN_WINDOW = 0.02, 20.0  # relative, s: a temperature that is reached once more
_QUENCHED = "the magnet has quenched; the run is over and the magnet is left alone"


class ProcedureFailure(Exception):
    """The run cannot go on; the sentence says why and what became of it."""

    stops_queue = False
    """Whether what follows in a queue must not be begun either."""


class NeedsPerson(ProcedureFailure):
    """What ended the run would end the next one, too, or make it worse: somebody must look first."""

    stops_queue = True


class Interlocked(ProcedureFailure):
    """An interlock ended the run."""

    stops_queue = True


class TransportProcedure(Procedure):  # type: ignore[misc]
    """One film at one station. Subclasses add parameters, `check` and `take_data`."""

    DATA_COLUMNS = COLUMNS

    station: Station
    keeper: ExcitationKeeper
    heater_changed = False
    gradient_of = GRADIENT_OF[0]
    """What the 10 % rule is relative to."""
    verdicts: tuple[Verdict, ...] = ()
    """What the belief tests of this run have found, in their order."""
    kept_rows = 0
    """How many of the rows given to `go_on_after` stand; what is measured now comes after them."""
    seam = _NO_REMARK
    """Remark of the next row."""
    stood_still = 0.0  # s

    def use(self, station: Station) -> None:
        """Give the procedure its station; call before `check` and before it is run."""
        self.station = station
        self.control = RunControl()
        self.stood_still, self.seam = 0.0, _NO_REMARK
        self._film = SampleWatch()

    def go_on_after(self, rows: pd.DataFrame, station: Station) -> str:
        """Prepare to take only what `rows` of an interrupted run do not hold; one sentence of what will be done.

        "" where that cannot be: the run begins again. `kept_rows` tells how many of the rows stand. Nothing moves.
        """
        return ""

    def check(self) -> None:
        """Raise LimitError or QuantityError, with one sentence, for parameters that cannot be run."""
        raise NotImplementedError("a procedure says what it cannot do")

    def plan(self, since: Whereabouts | None = None) -> Plan:
        """What would happen and how long it would take, from the station's present state or another; nothing moves."""
        raise NotImplementedError("a procedure knows what it will do")

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

    def take_data(self) -> None:
        """Take the rows."""
        raise NotImplementedError("a procedure measures something")

    def startup(self) -> None:
        self.check()
        self.began = self.station.clock.time()

    def execute(self) -> None:
        self.take_data()

    def shutdown(self) -> None:
        """Nothing: the runner brings the station to its safe state, on every path."""

    # Waiting

    def active_time(self) -> float:
        """The station's clock (s) without the time that the run was paused: for pace, time-outs and budgets."""
        return self.station.clock.time() - self.stood_still

    def pause_for(self, seconds: float) -> bool:
        """Let time pass; raises Stopped when the user wants to stop. True when the run was paused meanwhile."""
        paused = False
        if seconds > SLICE:
            end = self.active_time() + seconds
            while (left := end - self.active_time()) > SLICE:
                self.station.clock.sleep(SLICE)
                paused |= self.stop_if_asked()
                self.look_at_magnet()
            seconds = left
        self.station.clock.sleep(seconds)
        self.look_at_magnet()
        return self.stop_if_asked() or paused

    def look_at_magnet(self) -> None:
        """End the run after a quench; asks the supply at most every two seconds. For waits and readings."""
        now = self.station.clock.time()
        if 0 <= now - self._magnet_looked < _MAGNET_PERIOD:
            return
        self._magnet_looked = now
        if self.station.magnet.state is RampState.QUENCH:
            raise NeedsPerson(_QUENCHED)

    _magnet_looked = -math.inf

    def stop_if_asked(self) -> bool:
        """Between two rows, or in a wait: end the run or stand still as asked; True after a pause."""
        self.end_if_asked()
        if self.control.order is None:
            return False
        self._stand_still()
        return True

    def end_if_asked(self) -> None:
        """Raise Stopped when the run was asked to end; where a row is being read and no pause may come."""
        if self.should_stop():
            raise Stopped(self.control.reason)

    def _stand_still(self) -> None:
        """Hold every set point where it is until the run is resumed, or the pause's own time is up."""
        station, control = self.station, self.control
        began = station.clock.time()
        moved = station.magnet.state is RampState.RAMPING
        if moved:
            station.magnet.pause()
        self.emit("mark", ("paused", "set points are held where they are, excitation and bias stay as they are"))
        control.paused = True
        try:
            self._wait_for_release()
        finally:
            control.paused = False
        if moved and station.magnet.state is RampState.PAUSED:
            station.go_on()
        passed = station.clock.time() - began
        self.stood_still += passed
        self.seam |= Quality.SEAM
        self.emit("mark", ("resumed", f"after {duration_text(passed)}", {"seconds": passed}))

    def _wait_for_release(self) -> None:
        clock, control = self.station.clock, self.control
        order, since = control.order, clock.time()
        while (present := control.order) is not None:
            if present is not order:
                order, since = present, clock.time()
            left = since + present.seconds - clock.time()
            if left <= 0:
                raise Stopped(
                    f"the pause lasted longer than {duration_text(present.seconds)}, as long as it was given; "
                    "the run can be continued"
                )
            clock.sleep(min(left, SLICE))
            self.end_if_asked()
            self.look_at_magnet()

    def held_row(self, remarks: Quality) -> Quality:
        """Remarks of the row that is written now, with the seam before it."""
        remarks, self.seam = remarks | self.seam, _NO_REMARK
        return remarks

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
            raise NeedsPerson(_QUENCHED)
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
            firmly(lambda: setattr(self.station.controller, "excitation", excitation))
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

    # Rows

    def go_on(self) -> None:
        """Called after a pause for settling; what moves goes on from here."""

    def start_excitation(self) -> None:
        """Bring source and lock-in to work, at the excitation that suits the film."""
        self.keeper = ExcitationKeeper(self.station, self.wish(), self.pause_for, self._note)
        self.keeper.start()
        for _ in range(_MOST_ADAPTATIONS):
            if not self.keeper.prepare():
                return

    def _note(self, kind: str, text: str, data: dict[str, Any]) -> None:
        self.emit("mark", (kind, text, data))

    def wish(self) -> Wish:
        return Wish()

    def take_row(
        self,
        field: float,
        window: float,
        keep_pace: Callable[[], None],
        remarks: Quality = _NO_REMARK,
        extra: Callable[[Point], dict[str, float]] | None = None,
    ) -> Point:
        """Measure one point, write it as a row with the given remarks, and return it.

        Settings that are not what was sent are given again, or end the run; so does a film that is not connected.

        `extra` gives the columns that the procedure has beside COLUMNS.

        An overload, a new range of the bridge or a link in doubt throws the attempt away; it is taken again, at most
        three times in all.
        """
        remarks |= self.keeper.prepare()
        if remarks & Quality.EXCITATION_CHANGED:
            present = self.keeper.present
            seam = f"{show(present.current, 'current')} at {present.frequency:g} Hz, {present.time_constant:g} s"
            self.emit("mark", ("excitation", seam))
        self.go_on()
        set_point, lost = self.t_set, None
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            self._settle_bridge()
            try:
                raw = read_point(self.station, self.keeper.present, window, partial(self._meanwhile, keep_pace))
                changed = self.changed(field)
            except LinkError as error:
                if last:
                    raise
                self.emit("mark", ("retaken", str(error)))
                remarks |= Quality.RETAKEN
                continue
            if changed:
                self.restore(changed)
                remarks |= Quality.RETAKEN | Quality.SEAM
                self.go_on()
                if last:
                    raise ProcedureFailure(f"three times in a row something was changed meanwhile: {changed[0]}")
                continue
            point = evaluate(raw, self.station, self.keeper.present, self.keeper.voltage, self.gradient_of)
            if self._bridge_moved():
                remarks |= Quality.NOT_SETTLED if last else _NO_REMARK
                self.pause_for(BRIDGE_SETTLING)
                self.go_on()
                continue
            if not point.flags & Quality.OVERLOAD or last:
                lost = self._lost(point, field) if extra is None else None
                if lost is None or not lost.ends or last:
                    break
                self.emit("mark", ("sample", f"{lost.sentence}; the row is taken again"))
                remarks |= Quality.RETAKEN
                continue
            remarks |= Quality.SENSITIVITY_CHANGED
            self.keeper.widen()
        self.keeper.saw(raw.x, raw.y, point.resistivity)
        if lost is not None and lost.ends:
            remarks |= Quality.SIGNAL_LOST
        if self.heater_changed:
            remarks |= Quality.HEATER_RANGE_CHANGED
            self.heater_changed = False
        row = self._row(point, field, set_point, self.held_row(point.flags | remarks))
        self.emit("results", row | extra(point) if extra else row)
        if lost is not None:
            self._tell_of(lost)
        return point

    def _lost(self, point: Point, field: float) -> Lost | None:
        return self._film.look(point, field)

    def _tell_of(self, lost: Lost) -> None:
        if lost.ends:
            raise (NeedsPerson if lost.needs_person else ProcedureFailure)(lost.sentence)
        self._film.forget()
        self.emit("mark", ("sample", lost.sentence))

    def _meanwhile(self, keep_pace: Callable[[], None]) -> None:
        """Between two readings of a row."""
        keep_pace()
        self.look_at_magnet()

    def changed(self, field: float, *, quick: bool = False) -> list[Change]:
        """Settings that are not what was sent, at a set field (T); empty as a rule. Raises LinkError.

        What differs is read twice: a single odd answer shall not end a night.
        """
        sent = Sent(self.t_set, self._heater_range, field)
        self.station.clock.sleep(1e-3)  # who comes by in waits comes by before all these questions, too
        if not changes(self.station, self.keeper, sent, quick=quick):
            self._trusted_doubts = self.station.doubts
            return []
        self.station.confirm()
        return changes(self.station, self.keeper, sent)

    def restore(self, found: list[Change]) -> None:
        """Give an instrument that has lost everything its settings again; raises NeedsPerson where that is not it."""
        self.station.clock.sleep(1e-3)  # an interlock that has made the station safe has its say first
        says = "; ".join(str(change) for change in found)
        places = {change.where for change in found}
        self._restored += 1
        if self._restored > _MOST_RESTORED:
            given = f"settings were given again {_MOST_RESTORED} times already"
            raise NeedsPerson(f"{says}; {given}, look at the instrument")
        in_doubt = self.station.doubts != self._trusted_doubts
        for place in sorted(places):
            several = sum(change.where == place for change in found)
            if several < SWITCHED_OFF.get(place, math.inf) and not (in_doubt and place in SWITCHED_OFF):
                raise NeedsPerson(
                    f"{says}; somebody is at the instrument or another program uses it, so the run has ended; "
                    "its rows are kept, resume when the instrument is yours again"
                )
        if LOCK_IN in places:
            self.station.source.off()
        self.emit("alarm", ("settings lost", f"{says}; it was switched off and on, and gets its settings again"))
        if BRIDGE in places:
            self._restore_bridge()
        if LOCK_IN in places:
            self.keeper.restore()

    def _restore_bridge(self) -> None:
        """Thermometry and heater as they were, and the temperature once more."""
        temperature, station = self.t_set, self.station
        station.prepare_thermometry()
        self._heater_range = self._control_excitation = math.nan
        timeout = 900.0 + 8.0 * station.thermal_time(temperature)
        self.reach_temperature(temperature, _AGAIN_WITHIN, _AGAIN_WINDOW, timeout)

    _restored = 0

    def _settle_bridge(self) -> None:
        """Wait until the bridge has left its range alone for long enough: its readings are wrong before that."""
        for _ in range(_MOST_ADAPTATIONS):
            if not self._bridge_moved():
                return
            self.pause_for(BRIDGE_SETTLING)
            self.go_on()

    def _bridge_moved(self) -> bool:
        """Whether the bridge has another range than at the last look."""
        known, self._bridge_range = self._bridge_range, self.station.bridge.setup.range
        moved = known != self._bridge_range
        if moved and not math.isnan(known):
            self.emit("mark", ("bridge range", show(self._bridge_range, "resistance")))
        return moved

    _bridge_range = math.nan

    def _row(
        self,
        point: Point,
        field: float,
        set_point: float,
        flags: Quality,
        source: tuple[float, float] | None = None,
    ) -> dict[str, Any]:
        """The row of a point; `source` is current (A) and voltage (V) where they have been read already."""
        raw, present, station = point.raw, self.keeper.present, self.station
        current, voltage = source or (self.keeper.current, self.keeper.voltage)
        return {
            "time (s)": raw.time - self.began,
            "T_set (K)": set_point,
            "T_mc (K)": raw.mixing_chamber,
            "T_sample (K)": point.temperature,
            "T_sample_sd (K)": point.temperature_sd,
            "R_sensor (ohm)": raw.sensor,
            "P_sensor (W)": raw.sensor_power,
            "H_set (Oe)": field / OERSTED,
            "H (Oe)": station.sample_field(raw.field) / OERSTED,
            "H_supply (Oe)": raw.field / OERSTED,
            "I (A)": current,
            "f (Hz)": present.frequency,
            "V_source (V)": voltage,
            "X (V)": raw.x,
            "Y (V)": raw.y,
            "X_sd (V)": point.x_sd,
            "Y_sd (V)": point.y_sd,
            "R (ohm)": point.resistivity * station.network.squares,
            "rho (ohm)": point.resistivity,
            "rho_sd (ohm)": point.resistivity_sd,
            "C_line (F)": point.inversion.line_capacitance,
            "phase (deg)": point.inversion.phase_degrees,
            "sensitivity (V)": self.keeper.sensitivity,
            "time_constant (s)": present.time_constant,
            "heater (percent)": raw.heater,
            "heater_range (A)": self._heater_range,
            "readings": raw.readings,
            "flags": int(flags),
        }


def check_mode(mode: str) -> None:
    """Raise LimitError for an unknown excitation mode."""
    if mode not in MODES:
        raise LimitError(f"excitation {mode!r} is not one of {', '.join(MODES)}")
