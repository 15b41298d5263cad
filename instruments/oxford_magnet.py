"""What Oxford's magnet supplies may be asked to do, and when they must refuse; their drivers only give it words.

Role PersistentMagnet. `target` and `ramp_rate` are read back, and neither moves the supply away from rest; `ramp` may.
The output of such a supply is clamped (short-circuited) when nobody needs it; `ramp` and `leads_to_coil` let it hold
before they send it anywhere. A hold acknowledges a quench, so it is never sent to a magnet that has quenched: only a
person may do that.

The persistent switch. Supplies without a report of the switch itself tell only whether its heater is on. The driver
therefore counts from the moment at which it has changed the heater, or has seen it changed, and calls the state
HEATING_SWITCH or COOLING_SWITCH until the time of the switch is over. At the first look a heater that is on counts as
on for long, and one that is off too, unless supply and coil carry the same current: then the switch may still be warm.
The switch is never heated by force.
"""

from abc import ABC, abstractmethod
from enum import Enum
from typing import Any, NamedTuple

from coldfinger.instruments.clock import Clock, WallClock
from coldfinger.instruments.driver import Linked
from coldfinger.instruments.errors import CommandError, MagnetAlarm, MagnetError
from coldfinger.instruments.roles import RampState
from coldfinger.instruments.validators import as_number, strict_number

FIELD_RESOLUTION = 6e-6  # T: fields are shown in steps of 1e-5 T
RATE_RESOLUTION = 1e-6  # T/s: rates are shown per minute, in steps of 1e-4 or 1e-5 T
SLOWEST = 2e-6  # T/s
MISMATCH = 0.01  # A between supply and coil, above which the switch is not heated; assumed default
SWITCHING = (RampState.HEATING_SWITCH, RampState.COOLING_SWITCH)
AT_REST = (RampState.HOLDING, RampState.PAUSED, RampState.AT_ZERO)


class Activity(Enum):
    """What the output has been told to do."""

    HOLD = "HOLD"
    TO_TARGET = "RTOS"
    TO_ZERO = "RTOZ"
    CLAMPED = "CLMP"


class Seen(NamedTuple):
    """One look at a supply; `heater` is that of the switch, None without a switch, `trouble` what forbids a move."""

    activity: Activity
    moving: bool
    quenched: bool
    heater: bool | None
    trouble: str = ""


class OxfordMagnet(Linked, ABC):
    """Base of the drivers for Oxford's magnet supplies; all limits as in the driver for the AMI 430.

    `field_limit` (T) and `rate_limit` (T/s) are what the station allows, `where` says whose limits they are. `clock`
    times the switch; without one it is that of the link, or the wall's.
    """

    def __init__(
        self,
        adapter: Any,
        name: str,
        *,
        field_limit: float,
        rate_limit: float = 0.01,
        where: str = "",
        clock: Clock | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self._most_field = self._field_limit = strict_number("field_limit", 0, 30, "T")(field_limit)
        self._rate_limit = strict_number("rate_limit", SLOWEST, 1, "T/s")(rate_limit)
        self._where = where
        self._clock: Clock = clock or (self._link.clock if self._link else WallClock())
        self._heater: bool | None = None  # as seen last
        self._switch_ready = -float("inf")  # when the switch will be warm or cold

    # What a model must be able to say and do

    @abstractmethod
    def _look(self) -> Seen: ...

    @abstractmethod
    def _look_at_heater(self) -> bool | None: ...

    @abstractmethod
    def _read_target(self) -> float: ...

    @abstractmethod
    def _read_rate(self) -> float: ...

    @abstractmethod
    def _read_supply(self) -> float: ...

    @abstractmethod
    def _read_coil(self) -> float: ...

    @abstractmethod
    def _read_currents(self) -> tuple[float, float]: ...

    @abstractmethod
    def _send_target(self, tesla: float) -> None: ...

    @abstractmethod
    def _send_current(self, amperes: float) -> None: ...

    @abstractmethod
    def _send_rate(self, tesla_per_second: float) -> None: ...

    @abstractmethod
    def _begin(self, activity: Activity) -> None: ...

    @abstractmethod
    def _heat(self, on: bool) -> None: ...

    @abstractmethod
    def _switch_time(self, heating: bool) -> float: ...

    @abstractmethod
    def _require_ours(self) -> None: ...

    # Readings

    @property
    def field_limit(self) -> float:
        """Control the largest field (T), strictly 0 to what the driver was made with: it can only be made smaller."""
        return self._field_limit

    @field_limit.setter
    def field_limit(self, value: float) -> None:
        self._field_limit = strict_number("field_limit", 0, self._most_field, "T")(value)

    @property
    def rate_limit(self) -> float:
        """Get the fastest ramp (T/s) that the station allows."""
        return self._rate_limit

    @property
    def supply_field(self) -> float:
        """Measure what the current of the supply would make in the coil (T)."""
        return self._read_supply()

    @property
    def field(self) -> float:
        """Measure the flux density (T) in the coil; behind a switch that is not heated, what the supply wrote down."""
        with self.lock:
            return self._read_coil() if self._look_at_heater() is False else self._read_supply()

    @property
    def state(self) -> RampState:
        """Get what the supply is doing, a `RampState`; a quench comes before everything else."""
        with self.lock:
            return self._state_of(self._look())

    @property
    def quenched(self) -> bool:
        """Get whether the magnet has quenched (bool); only a person may clear it."""
        return self._look().quenched

    @property
    def switch_installed(self) -> bool:
        """Get whether the magnet has a persistent switch (bool)."""
        return self._look_at_heater() is not None

    @property
    def switch_heated(self) -> bool:
        """Get whether the heater of the persistent switch is on (bool)."""
        return self._look_at_heater() is True

    @property
    def persistent(self) -> bool:
        """Get whether the magnet is persistent, with a switch that is cold by now (bool)."""
        with self.lock:
            heater = self._look_at_heater()
            return heater is False and self._switching(heater) is None

    def _state_of(self, seen: Seen) -> RampState:
        if seen.quenched:
            return RampState.QUENCH
        if (switching := self._switching(seen.heater)) is not None:
            return switching
        if seen.activity is Activity.CLAMPED:
            return RampState.AT_ZERO
        on_its_way = RampState.ZEROING if seen.activity is Activity.TO_ZERO else RampState.RAMPING
        if seen.moving:
            return on_its_way
        here = self._read_supply()
        if seen.activity is not Activity.TO_TARGET and abs(here) <= FIELD_RESOLUTION:
            return RampState.AT_ZERO
        if seen.activity is Activity.TO_ZERO:
            return on_its_way
        if abs(here - self._read_target()) <= 2 * FIELD_RESOLUTION:
            return RampState.HOLDING
        return RampState.PAUSED if seen.activity is Activity.HOLD else on_its_way

    def _switching(self, heater: bool | None) -> RampState | None:
        """On which way the switch is; None when it has arrived, or there is none."""
        if heater is None:
            return None
        changed = self._may_be_warm() if self._heater is None and not heater else self._heater is (not heater)
        if changed:
            self._switch_ready = self._clock.time() + self._switch_time(heater)
        self._heater = heater
        if self._clock.time() >= self._switch_ready:
            return None
        return RampState.HEATING_SWITCH if heater else RampState.COOLING_SWITCH

    def _may_be_warm(self) -> bool:
        coil = self._read_coil()
        return abs(coil) > FIELD_RESOLUTION and abs(self._read_supply() - coil) <= 2 * FIELD_RESOLUTION

    # Settings

    @property
    def target(self) -> float:
        """Control the target field (T), strictly within plus and minus `field_limit`; it is read back.

        A supply that has been told to go to its target follows at once where the model does so, another one at
        `ramp()`; MagnetError where the coil would not follow. Raises CommandError when it kept another number.
        """
        return self._read_target()

    @target.setter
    def target(self, value: float) -> None:
        limit = self.field_limit
        tesla = as_number("target", value, f"-{limit:g} to {limit:g} T")
        if abs(tesla) > limit:
            raise ValueError(
                f"{self.who}: target {tesla:g} T ({tesla * 1e4:g} Oe) is above the station limit {limit:g} T "
                f"({limit * 1e4:g} Oe){self._of_whom()}; allowed are {-limit:g} to {limit:g} T"
            )
        with self.lock:
            self._require_ours()
            self._coil_follows()
            self._send_target(tesla)
            self._kept(f"target {tesla:.9g} T", tesla, self._read_target(), FIELD_RESOLUTION)

    def _coil_follows(self) -> None:
        seen = self._look()
        if seen.activity is not Activity.TO_TARGET or seen.heater is None:
            return
        if self._switching(seen.heater) is not None or not seen.heater:
            raise MagnetError(
                f"{self.who}: will not change the target of a supply that follows it at once, because the persistent "
                "switch is not warm and the coil would stay behind; pause() first, or wait until the switch is warm"
            )

    @property
    def ramp_rate(self) -> float:
        """Control the ramp rate (T/s), strictly 2e-6 to `rate_limit`; it is read back.

        It holds for the coil and, behind a cold switch, for the leads.
        """
        return self._read_rate()

    @ramp_rate.setter
    def ramp_rate(self, value: float) -> None:
        allowed = f"{SLOWEST:g} to {self.rate_limit:g} T/s"
        rate = as_number("ramp_rate", value, allowed)
        if not SLOWEST <= rate <= self.rate_limit * (1 + 1e-9):  # a sum in floats is not beyond a limit
            raise ValueError(
                f"{self.who}: ramp_rate of {rate:g} T/s is out of range; allowed are {allowed}{self._of_whom()}"
            )
        with self.lock:
            self._require_ours()
            self._send_rate(rate)
            self._kept(f"ramp_rate {rate:.9g} T/s", rate, self._read_rate(), RATE_RESOLUTION)

    def confirm(self) -> None:
        """Raise LinkError unless the identity comes back, MagnetAlarm when the supply was switched off or clamped."""
        with self.lock:
            super().confirm()
            self._require_ours()
            seen = self._look()
            if seen.activity is Activity.CLAMPED and not seen.quenched:
                raise MagnetAlarm(
                    f"{self.who}: the output is clamped, so the supply was switched off or somebody clamped it; see to "
                    "the magnet, then call configure()"
                )

    # Actions

    def ramp(self) -> None:
        """Go to the target at the ramp rate; a clamped output holds first. MagnetError in a state that forbids it."""
        with self.lock:
            self._require_ours()
            seen = self._may_move("ramp")
            target, rate = self._read_target(), self._read_rate()
            if abs(target) > self.field_limit + FIELD_RESOLUTION or rate > self.rate_limit + RATE_RESOLUTION:
                raise ValueError(
                    f"{self.who}: will not ramp to {target:g} T at {rate:g} T/s, which is beyond {self.field_limit:g} "
                    f"T or {self.rate_limit:g} T/s{self._of_whom()}; set a target and a ramp_rate within them first"
                )
            self._unclamp(seen)
            self._begin(Activity.TO_TARGET)

    def zero(self) -> None:
        """Go to zero current at the ramp rate. Raises MagnetError in a state that forbids it.

        Nothing is sent to a clamped output, which has no current.
        """
        with self.lock:
            if self._may_move("go to zero").activity is not Activity.CLAMPED:
                self._begin(Activity.TO_ZERO)

    def pause(self) -> None:
        """Stay where the field is now; a clamped output stays clamped.

        Raises MagnetError after a quench, when nothing must be sent.
        """
        with self.lock:
            if self._not_quenched("pause").activity is not Activity.CLAMPED:
                self._begin(Activity.HOLD)

    def heat_switch(self) -> None:
        """Begin to heat the persistent switch; it is warm when the state is no longer HEATING_SWITCH.

        Nothing is sent when its heater is on. Raises MagnetError while supply and coil carry different currents, in a
        state other than at rest, after a quench, and without a switch.
        """
        with self.lock:
            if self._at_rest("heat the persistent switch").heater:
                return
            supply, coil = self._read_currents()
            if abs(supply - coil) > MISMATCH:
                raise MagnetError(
                    f"{self.who}: will not heat the persistent switch, because the supply is at {supply:g} A and the "
                    f"magnet at {coil:g} A, and it would quench; allowed is a difference of {MISMATCH:g} A, so bring "
                    "the leads to the coil first"
                )
            self._change_heater(True)

    def cool_switch(self) -> None:
        """Begin to cool the persistent switch; it is cold when the state is no longer COOLING_SWITCH.

        Nothing is sent when its heater is off. Raises MagnetError in a state other than at rest, after a quench, and
        without a switch.
        """
        with self.lock:
            if self._at_rest("cool the persistent switch").heater:
                self._change_heater(False)

    def leads_to_coil(self) -> None:
        """Bring the supply to the coil's current behind a cold switch. Raises MagnetError when it is not cold."""
        with self.lock:
            seen = self._behind_a_cold_switch("bring the leads to the coil")
            self._send_current(self._read_currents()[1])
            self._unclamp(seen)
            self._begin(Activity.TO_TARGET)

    def leads_to_zero(self) -> None:
        """Bring the supply to zero behind a cold switch. Raises MagnetError when it is not cold."""
        with self.lock:
            if self._behind_a_cold_switch("bring the leads to zero").activity is not Activity.CLAMPED:
                self._begin(Activity.TO_ZERO)

    def _change_heater(self, on: bool) -> None:
        seconds = self._switch_time(on)
        # Also when nobody knows whether the command arrived: then it is better to wait.
        try:
            self._heat(on)
        finally:
            self._heater, self._switch_ready = on, self._clock.time() + seconds

    def _unclamp(self, seen: Seen) -> None:
        if seen.activity is Activity.CLAMPED:
            self._begin(Activity.HOLD)

    # Refusals

    def _of_whom(self) -> str:
        return f" of {self._where}" if self._where else ""

    def _kept(self, what: str, sent: float, kept: float, resolution: float) -> None:
        if abs(kept - sent) > resolution:
            raise CommandError(f"{self.who}: {what} was sent, but reads back as {kept:.9g}")

    def _not_quenched(self, doing: str) -> Seen:
        seen = self._look()
        if seen.quenched:
            raise MagnetAlarm(
                f"{self.who}: will not {doing}, because the magnet has quenched; look at the magnet and "
                "clear the quench at the front panel"
            )
        return seen

    def _in_order(self, doing: str) -> Seen:
        seen = self._not_quenched(doing)
        if seen.trouble:
            raise MagnetAlarm(f"{self.who}: will not {doing}, because {seen.trouble}; see to it at the front panel")
        return seen

    def _at_rest(self, doing: str) -> Seen:
        seen = self._in_order(doing)
        self._have_switch(doing, seen)
        if (state := self._state_of(seen)) not in AT_REST:
            raise MagnetError(
                f"{self.who}: will not {doing} while the supply is in state {state.name}; wait until it holds or is "
                "paused"
            )
        return seen

    def _have_switch(self, doing: str, seen: Seen) -> None:
        if seen.heater is None:
            raise MagnetError(
                f"{self.who}: will not {doing}, because the supply knows of no persistent switch; if there is one, "
                "install it at the front panel"
            )

    def _behind_a_cold_switch(self, doing: str) -> Seen:
        self._require_ours()
        seen = self._in_order(doing)
        self._have_switch(doing, seen)
        if self._switching(seen.heater) is not None or seen.heater:
            raise MagnetError(
                f"{self.who}: will not {doing}, because the persistent switch is not cold and the magnet would follow; "
                "cool the switch and wait until it is cold"
            )
        return seen

    def _may_move(self, doing: str) -> Seen:
        seen = self._in_order(doing)
        if (switching := self._switching(seen.heater)) is not None:
            raise MagnetError(
                f"{self.who}: will not {doing} while the supply is in state {switching.name}; wait until it is paused"
            )
        if seen.heater is False:
            raise MagnetError(
                f"{self.who}: will not {doing}, because the persistent switch is cold and the magnet would "
                "not follow; bring the leads to the coil and heat the switch first"
            )
        return seen
