"""Persistent mode: the field stays in the coil behind a cold switch, and the supply may rest.

Into it: the supply holds the field, the switch is cooled, the leads go to zero if that is wanted. Out of it: the leads
come to the current of the coil, the switch is heated, and from then on the coil follows the supply. Heating with
unequal currents quenches the magnet, so the driver refuses it; the order here never asks for it.

Every wait is the common rule of `settling`: inside a tolerance for a window, within a timeout. Whatever interrupts a
wait leaves the heater as it is: a switch that is on its way goes on to its end, and a later `leave` or `enter` takes
up the thread from any state.
"""

import math
from collections.abc import Callable, Sequence

from coldfinger.instruments.roles import PersistentMagnet, RampState
from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.failures import ProcedureFailure
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.planning import Stage, field_stage
from coldfinger.procedures.reach.settling import Arrival, Settling, wait_for
from coldfinger.procedures.station import Station
from coldfinger.procedures.words.quantity import show

SWITCHING = (RampState.HEATING_SWITCH, RampState.COOLING_SWITCH)
WARM, COLD = 1.0, 0.0
_REST = 3.0  # s within the tolerance
_POLL = 1.0  # s
_EXTRA = 60.0  # s of a timeout, beside half as much again as expected
_LOOKS = 0.6  # s, mean delay of looking once a second, and the bus
_QUENCHED = "the magnet has quenched; the run is over and the magnet is left alone"


class PersistentMode:
    """The way of a station's magnet into persistent mode and out of it.

    `pause` lets seconds pass and may raise to interrupt; True from it means that the magnet was held meanwhile. `note`
    hears (kind, text) of each thing that begins, `time` is what time-outs count.
    Raises LimitError for a station without a switch.
    """

    def __init__(
        self,
        station: Station,
        pause: Callable[[float], object] | None = None,
        note: Callable[[str, str], None] = lambda kind, text: None,
        time: Callable[[], float] | None = None,
    ) -> None:
        self.station = station
        self.magnet: PersistentMagnet = station.need_switch()
        self._pause, self._time = pause or station.clock.sleep, time or station.clock.time
        self._note = note
        magnet = station.file.sections["magnet"]
        self._tolerance: float = magnet["tolerance"]
        self._times = {WARM: magnet["switch_heat_time"], COLD: magnet["switch_cool_time"]}

    def holds(self, field: float) -> bool:
        """Whether the coil keeps `field` (T, at the sample) behind a cold switch."""
        magnet = self.magnet
        if magnet.state in (*SWITCHING, RampState.QUENCH) or magnet.switch_heated:
            return False
        return abs(self.station.sample_field(magnet.field) - field) <= self._tolerance

    def enter(self, leads_to_zero: bool = True) -> None:
        """Cool the switch where the field is, and bring the leads to zero. Raises ProcedureFailure, MagnetError."""
        self._let_it_finish()
        magnet = self.magnet
        if magnet.switch_heated:
            self._note("persistent switch", f"cooling at {self._field_text()}")
            magnet.cool_switch()
            self._wait_for_switch(COLD)
        if leads_to_zero and magnet.state is not RampState.AT_ZERO:
            self._note("leads", f"to zero; the coil keeps {self._field_text()}")
            self._move_leads(magnet.leads_to_zero, 0.0)

    def leave(self) -> None:
        """Bring the leads to the coil and heat the switch; nothing happens when it is warm.

        Raises ProcedureFailure, MagnetError.
        """
        self._let_it_finish()
        magnet = self.magnet
        if magnet.switch_heated:
            return
        coil = magnet.field
        if abs(magnet.supply_field - coil) > self._tolerance or magnet.state not in (
            RampState.PAUSED,
            RampState.HOLDING,
            RampState.AT_ZERO,
        ):
            self._note("leads", f"to the coil, {self._field_text()}")
            self._move_leads(magnet.leads_to_coil, coil)
        self._note("persistent switch", f"heating at {self._field_text()}")
        magnet.heat_switch()
        self._wait_for_switch(WARM)

    def _field_text(self) -> str:
        return show(self.station.sample_field(self.magnet.field), "field")

    def _let_it_finish(self) -> None:
        """A switch that was left on its way."""
        state = self.magnet.state
        if state in SWITCHING:
            self._wait_for_switch(WARM if state is RampState.HEATING_SWITCH else COLD)

    def _wait_for_switch(self, goal: float) -> None:
        def look() -> float | None:
            state = self.magnet.state
            if state is RampState.QUENCH:
                return None
            if state in SWITCHING:
                return math.nan
            return WARM if self.magnet.switch_heated else COLD

        settling = Settling(goal, 0.0, window=_POLL, timeout=_EXTRA + 1.5 * self._times[goal])
        word = "warm" if goal == WARM else "cold"
        self._wait(settling, look, lambda: f"the persistent switch did not become {word}")

    def _move_leads(self, begin: Callable[[], None], field: float) -> None:
        """Begin, and wait until the supply is at `field` (T) as it counts."""
        magnet = self.magnet
        begin()

        def look() -> float | None:
            value = magnet.supply_field
            return None if magnet.state is RampState.QUENCH else value

        timeout = _EXTRA + 1.5 * self._leads_seconds(field, magnet.supply_field)
        settling = Settling(field, self._tolerance, window=_REST, timeout=timeout)
        at = f"{show(field, 'field')} of the supply"
        self._wait(settling, look, lambda: f"the leads did not arrive at {at}", begin)

    def _wait(
        self,
        settling: Settling,
        look: Callable[[], float | None],
        failed: Callable[[], str],
        again: Callable[[], None] = lambda: None,
    ) -> None:
        arrival = wait_for(settling, look, self._time, self._pause, again=again, period=_POLL)
        if arrival is Arrival.ERROR:
            raise ProcedureFailure(_QUENCHED)
        if arrival is Arrival.WARN:
            state = self.magnet.state.name.lower().replace("_", " ")
            raise ProcedureFailure(
                f"{failed()} within {settling.timeout:.0f} s; the supply is {state}, and the heater of the switch is "
                "left as it is"
            )

    def _leads_seconds(self, start: float, stop: float) -> float:
        return abs(stop - start) / (self.magnet.leads_rate * self.magnet.coil_constant)

    # Expected times

    def leaving(self, field: float, supply: float) -> Stage:
        """Out of persistent mode at a coil's `field` (T, at the sample) with the supply at `supply` (T, its own)."""
        coil = field - self.station.field_offset
        leads = self._moving(coil, supply)
        return Stage(f"heating the switch at {field * 1e4:g} Oe", leads + self._times[WARM] + _POLL + _LOOKS)

    def entering(self, field: float, leads_to_zero: bool) -> Stage:
        """Into persistent mode at `field` (T, at the sample)."""
        leads = self._moving(field - self.station.field_offset, 0.0) if leads_to_zero else 0.0
        return Stage(f"cooling the switch at {field * 1e4:g} Oe", leads + self._times[COLD] + _POLL + _LOOKS)

    def _moving(self, coil: float, supply: float) -> float:
        if abs(coil - supply) <= self._tolerance:
            return 0.0
        return self._leads_seconds(coil, supply) + _REST + _LOOKS

    def stages(self, start: float, stop: float, leads_to_zero: bool, *, now: bool) -> tuple[Stage, ...]:
        """From a field (T) to another, as `hold_field` does it.

        `now`: switch and leads are where they are at this moment; otherwise as such a run leaves them, in persistent
        mode.
        """
        warm, supply = self._present(start, leads_to_zero, now)
        if not warm and abs(start - stop) <= self._tolerance:
            away = self._moving(0.0, supply) if leads_to_zero else 0.0
            return (Stage(f"persistent at {stop * 1e4:g} Oe", away),)
        before = () if warm else (self.leaving(start, supply),)
        return (*before, field_stage(self.station, start, stop), self.entering(stop, leads_to_zero))

    def freeing(self, start: float, leads_to_zero: bool, *, now: bool) -> Stage:
        """Out of persistent mode at a field (T) if the magnet is in it; `now` as in `stages`."""
        warm, supply = self._present(start, leads_to_zero, now)
        return Stage("switch warm", 0.0) if warm else self.leaving(start, supply)

    def visiting(self, fields: Sequence[float], leads_to_zero: bool) -> float:
        """Seconds of `hold_field` at each field (T), from a warm switch on, the ways between them not counted."""
        left = [
            self.leaving(field, 0.0 if leads_to_zero else field - self.station.field_offset) for field in fields[:-1]
        ]
        entered = [self.entering(field, leads_to_zero) for field in fields]
        return math.fsum(stage.seconds for stage in (*left, *entered))

    def _present(self, start: float, leads_to_zero: bool, now: bool) -> tuple[bool, float]:
        """Whether the switch is warm, and the field (T) of the supply as it counts."""
        if now:
            return self.magnet.switch_heated, self.magnet.supply_field
        return False, 0.0 if leads_to_zero else start - self.station.field_offset


def mode_of(procedure: TransportProcedure) -> PersistentMode:
    """Persistent mode with the procedure's own pauses and marks."""
    return PersistentMode(
        procedure.station,
        procedure.pause_for,
        lambda kind, text: procedure.emit("mark", (kind, text)),
        procedure.active_time,
    )


def hold_field(procedure: TransportProcedure, field: float, persistent: bool, leads_to_zero: bool = True) -> None:
    """Bring the sample to `field` (T) and keep it there, in persistent mode if that is wanted.

    A field that the coil already keeps is left alone.
    """
    if not persistent:
        procedure.reach_field(field)
        return
    mode = mode_of(procedure)
    if not mode.holds(field):
        mode.leave()
        procedure.reach_field(field)
    mode.enter(leads_to_zero)


def field_stages(
    station: Station, start: float, stop: float, persistent: bool, leads_to_zero: bool = True, *, now: bool
) -> tuple[Stage, ...]:
    """The plan of `hold_field` from a field (T) to another; see `PersistentMode.stages`."""
    if not persistent:
        return (field_stage(station, start, stop),)
    return PersistentMode(station).stages(start, stop, leads_to_zero, now=now)


def check_persistent(station: Station, persistent: bool) -> None:
    """Raise LimitError where persistent mode is wanted and the station has no switch."""
    if persistent:
        station.need_switch()


def refuse_moving(persistent: bool) -> None:
    """Raise LimitError where persistent mode is wanted of a field that never stands still."""
    if persistent:
        raise LimitError(
            "persistent: a field that is swept cannot be persistent, because the coil follows the supply only while "
            'the switch is warm; choose mode = "stepped", or persistent = false'
        )
