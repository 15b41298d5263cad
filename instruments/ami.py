"""American Magnetics Model 430 power supply programmer for superconducting magnets.

Commands: Model 430 manual, chapter 4 (Remote Interface Reference). Every field is in tesla and every rate
in T/s. The instrument can also be told to count in kilogauss or minutes, from its front panel too, and then
answers in those without saying so: `configure` sets and reads back the units, and they are asked for again
before each number that moves the magnet and by each `confirm`. The driver never clears a quench.

Persistent switch: `heat_switch` and `cool_switch` are the only methods that send a word to its heater, and no
other method calls them. A switch that opens while supply and coil carry different currents quenches the magnet;
so it is heated only when both are equal, as far as the supply remembers the coil's (CURR:MAG? keeps the current
at which the heater went off). While the switch is cold `ramp` and `zero` are refused, and `leads_to_coil` and
`leads_to_zero` move the supply and its leads alone.
"""

from enum import IntEnum
from typing import Any, ClassVar

from pymeasure.instruments import Instrument

from coldfinger.instruments.driver import Linked, index_reply, reply
from coldfinger.instruments.errors import CommandError, MagnetAlarm, MagnetError
from coldfinger.instruments.roles import RampState
from coldfinger.instruments.validators import as_number, strict_number

_REAL = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?"
real = reply(_REAL, "a number like 0.0600")
truth = index_reply(2)
ERRORS = 10  # length of the instrument's error queue
FIELD_RESOLUTION = 5e-6  # T, how far the target may read back from what was sent
RATE_RESOLUTION = 1e-6  # T/s, the same for the ramp rate
MISMATCH = 0.01  # A between supply and coil, above which the switch is not heated; assumed default


class FieldUnit(IntEnum):
    """Unit of all fields."""

    KILOGAUSS = 0
    TESLA = 1


class RateUnit(IntEnum):
    """Time unit of all ramp rates."""

    PER_SECOND = 0
    PER_MINUTE = 1


def _measured(question: str, docs: str) -> Any:
    return Instrument.measurement(question, docs, preprocess_reply=real)


def _flag(question: str, docs: str) -> Any:
    return Instrument.measurement(question, docs, preprocess_reply=truth, cast=int, get_process=bool)


class AMI430(Linked):
    """AMI 430 magnet supply; role MagnetSupply.

    `field_limit` (T) and `rate_limit` (T/s) are what the station allows, whatever the supply itself would do, and
    `where` says whose limits they are. Then `ramp` refuses a target or a rate beyond them that somebody else has set.
    """

    IDENTITY: ClassVar[str] = r"AMERICAN MAGNETICS INC\.,MODEL 430,[^,]+(?:,[^,]+)?"
    SETTINGS: ClassVar[tuple[str, ...]] = (
        "units",
        "rate_units",
        "coil_constant",
        "current_limit",
        "voltage_limit",
        "target",
        "ramp_rate",
        "ramp_segments",
        "state",
        "switch_installed",
        "switch_heated",
        "persistent",
        "quenched",
    )

    def __init__(
        self,
        adapter: Any,
        name: str = "AMI 430 magnet supply",
        *,
        field_limit: float,
        rate_limit: float = 0.01,
        where: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self._most_field = self._field_limit = strict_number("field_limit", 0, 30, "T")(field_limit)
        self._rate_limit = strict_number("rate_limit", 0, 1, "T/s")(rate_limit)
        self._where = where

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

    units = Instrument.measurement(
        "FIELD:UNITS?",
        """Get the unit of all fields, a `FieldUnit`; `configure` makes it tesla.""",
        preprocess_reply=truth,
        cast=int,
        get_process=FieldUnit,
    )
    rate_units = Instrument.measurement(
        "RAMP:RATE:UNITS?",
        """Get the time unit of all ramp rates, a `RateUnit`; `configure` makes it per second.""",
        preprocess_reply=truth,
        cast=int,
        get_process=RateUnit,
    )
    coil_constant = _measured("COIL?", """Get the coil constant (T/A).""")
    current_limit = _measured("CURR:LIMIT?", """Get the largest current that the supply allows (A).""")
    voltage_limit = _measured("VOLT:LIM?", """Get the largest voltage that the supply allows (V).""")
    ramp_segments = Instrument.measurement(
        "RAMP:RATE:SEG?",
        """Get the number of ramp segments.""",
        preprocess_reply=reply(r"10|[1-9]", "a whole number 1 to 10"),
        cast=int,
    )
    field = _measured("FIELD:MAG?", """Measure the flux density (T): current of the magnet times coil constant.""")
    current = _measured("CURR:MAG?", """Measure the current in the magnet (A); with a cold switch, what it was.""")
    supply_current = _measured("CURR:SUPP?", """Measure the current of the supply (A).""")
    supply_field = _measured("FIELD:SUPP?", """Measure what the current of the supply would make in the coil (T).""")
    voltage = _measured("VOLT:MAG?", """Measure the voltage at the magnet (V).""")
    supply_voltage = _measured("VOLT:SUPP?", """Measure the voltage of the supply (V).""")
    state = Instrument.measurement(
        "STATE?",
        """Get what the supply is doing, a `RampState`.""",
        preprocess_reply=reply(r"10|[1-9]", "a whole number 1 to 10"),
        cast=int,
        get_process=RampState,
    )
    switch_installed = _flag("PS:INST?", """Get whether the magnet has a persistent switch (bool).""")
    switch_heated = _flag("PS?", """Get whether the heater of the persistent switch is on (bool).""")
    persistent = _flag("PERS?", """Get whether the magnet is persistent, with a cold switch (bool).""")
    switch_heat_time = _measured("PS:HTIME?", """Get the time in which the supply has the switch warm (s).""")
    switch_cool_time = _measured("PS:CTIME?", """Get the time in which the supply has the switch cold (s).""")
    leads_rate = _measured("PS:PSRR?", """Get the rate (A/s) of the supply alone, behind a cold switch.""")
    quenched = _flag("QU?", """Get whether it has quenched (bool); only a person may clear it.""")

    @property
    def target(self) -> float:
        """Control the target field (T), strictly within plus and minus `field_limit`; it is read back.

        A supply that is ramping or holding follows at once, a paused one at `ramp()`. Raises MagnetError
        when the supply does not count in tesla, CommandError when it kept another number.
        """
        return float(self.values("FIELD:TARG?", preprocess_reply=real)[0])

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
            self._require_units()
            self.write(f"CONF:FIELD:TARG {tesla:.9g}")
            self._kept(f"target {tesla:.9g} T", tesla, self.target, FIELD_RESOLUTION)

    @property
    def ramp_rate(self) -> float:
        """Control the ramp rate (T/s), strictly above 0 to `rate_limit`; it is read back.

        One segment up to the current limit is written, so that the rate holds for every field that can be
        reached.
        """
        form = reply(rf"{_REAL},\s*{_REAL}", "rate and bound like 0.0002,9.0000")
        return float(self.values("RAMP:RATE:FIELD:1?", preprocess_reply=form)[0])

    @ramp_rate.setter
    def ramp_rate(self, value: float) -> None:
        allowed = f"above 0 to {self.rate_limit:g} T/s"
        rate = as_number("ramp_rate", value, allowed)
        if not 0 < rate <= self.rate_limit * (1 + 1e-9):  # as `Limits` has it: a sum in floats is not beyond a limit
            raise ValueError(
                f"{self.who}: ramp_rate of {rate:g} T/s is out of range; allowed are {allowed}{self._of_whom()}"
            )
        with self.lock:
            self._require_units()
            bound = self.current_limit * self.coil_constant
            self.write("CONF:RAMP:RATE:SEG 1")
            self.write(f"CONF:RAMP:RATE:FIELD 1,{rate:.9g},{bound:.9g}")
            self._kept(f"ramp_rate {rate:.9g} T/s", rate, self.ramp_rate, RATE_RESOLUTION)

    def configure(self) -> None:
        """Make the supply count in tesla and seconds, and prove it. Raises MagnetError if it does not."""
        with self.lock:
            self.write(f"CONF:FIELD:UNITS {FieldUnit.TESLA:d}")
            self.write(f"CONF:RAMP:RATE:UNITS {RateUnit.PER_SECOND:d}")
            self._require_units()

    def confirm(self) -> None:
        """Raise LinkError unless the identity comes back, MagnetError unless the units are still tesla."""
        with self.lock:
            super().confirm()
            self._require_units()

    def ramp(self) -> None:
        """Go to the target at the ramp rate. Raises MagnetError in a state that forbids it."""
        with self.lock:
            self._require_units()
            self._may_move("ramp")
            if self._where:
                self._within_limits()
            self.write("RAMP")

    def _within_limits(self) -> None:
        target, rate = self.target, self.ramp_rate
        if abs(target) > self.field_limit + FIELD_RESOLUTION or rate > self.rate_limit + RATE_RESOLUTION:
            raise ValueError(
                f"{self.who}: will not ramp to {target:g} T at {rate:g} T/s, which is beyond {self.field_limit:g} T or "
                f"{self.rate_limit:g} T/s{self._of_whom()}; set a target and a ramp_rate within them first"
            )

    def _of_whom(self) -> str:
        return f" of {self._where}" if self._where else ""

    def zero(self) -> None:
        """Go to zero current at the ramp rate. Raises MagnetError in a state that forbids it."""
        with self.lock:
            self._may_move("go to zero")
            self.write("ZERO")

    def pause(self) -> None:
        """Stay where the field is now. Raises MagnetError after a quench, when nothing must be sent."""
        with self.lock:
            self._not_quenched("pause")
            self.write("PAUSE")

    def heat_switch(self) -> None:
        """Begin to heat the persistent switch; it is warm when the state is no longer HEATING_SWITCH.

        Nothing is sent when its heater is on. Raises MagnetError while supply and magnet carry different currents,
        in a state other than at rest, after a quench, and without a switch.
        """
        with self.lock:
            self._at_rest("heat the persistent switch")
            if self.switch_heated:
                return
            supply, coil = self.supply_current, self.current
            if abs(supply - coil) > MISMATCH:
                raise MagnetError(
                    f"{self.who}: will not heat the persistent switch, because the supply is at {supply:g} A and the "
                    f"magnet at {coil:g} A, and it would quench; allowed is a difference of {MISMATCH:g} A, so bring "
                    "the leads to the coil first"
                )
            self.write("PS 1")

    def cool_switch(self) -> None:
        """Begin to cool the persistent switch; it is cold when the state is no longer COOLING_SWITCH.

        Nothing is sent when its heater is off. Raises MagnetError in a state other than at rest, after a quench,
        and without a switch.
        """
        with self.lock:
            self._at_rest("cool the persistent switch")
            if self.switch_heated:
                self.write("PS 0")

    def leads_to_coil(self) -> None:
        """Bring the supply to the magnet's current behind a cold switch. Raises MagnetError when it is not cold."""
        with self.lock:
            self._behind_a_cold_switch("bring the leads to the coil")
            self.write(f"CONF:CURR:TARG {self.current:.9g}")
            self.write("RAMP")

    def leads_to_zero(self) -> None:
        """Bring the supply to zero behind a cold switch. Raises MagnetError when it is not cold."""
        with self.lock:
            self._behind_a_cold_switch("bring the leads to zero")
            self.write("ZERO")

    def clear(self) -> None:
        """Forget the errors in the queue (`*CLS`)."""
        self.tell("*CLS")

    def refusals(self) -> list[str]:
        """What was refused since the last look: the error queue, emptied."""
        return self._emptied_queue(ERRORS)

    def _require_units(self) -> None:
        units, rate_units = self.units, self.rate_units
        if units is not FieldUnit.TESLA or rate_units is not RateUnit.PER_SECOND:
            raise MagnetAlarm(
                f"{self.who}: the supply counts in {units.name} and {rate_units.name}, this program in "
                "TESLA and PER_SECOND; call configure(), and check that nobody is at the front panel"
            )

    def _kept(self, what: str, sent: float, kept: float, resolution: float) -> None:
        if abs(kept - sent) > resolution:
            raise CommandError(f"{self.who}: {what} was sent, but reads back as {kept:.9g}")

    def _not_quenched(self, doing: str) -> RampState:
        state: RampState = self.state
        if state is RampState.QUENCH or self.quenched:
            raise MagnetAlarm(
                f"{self.who}: will not {doing}, because the magnet has quenched; look at the magnet and "
                "clear the quench at the front panel"
            )
        return state

    def _have_switch(self, doing: str) -> None:
        if not self.switch_installed:
            raise MagnetError(
                f"{self.who}: will not {doing}, because the supply knows of no persistent switch; if there is one, "
                "install it at the front panel"
            )

    def _at_rest(self, doing: str) -> None:
        state = self._not_quenched(doing)
        self._have_switch(doing)
        if state not in (RampState.HOLDING, RampState.PAUSED, RampState.AT_ZERO):
            raise MagnetError(
                f"{self.who}: will not {doing} while the supply is in state {state.name}; wait until it holds or is "
                "paused"
            )

    def _behind_a_cold_switch(self, doing: str) -> None:
        state = self._not_quenched(doing)
        self._have_switch(doing)
        if state in (RampState.HEATING_SWITCH, RampState.COOLING_SWITCH) or self.switch_heated:
            raise MagnetError(
                f"{self.who}: will not {doing}, because the persistent switch is not cold and the magnet would follow; "
                "cool the switch and wait until it is cold"
            )

    def _may_move(self, doing: str) -> None:
        state = self._not_quenched(doing)
        if state in (RampState.HEATING_SWITCH, RampState.COOLING_SWITCH):
            raise MagnetError(
                f"{self.who}: will not {doing} while the supply is in state {state.name}; wait until it is paused"
            )
        if self.switch_installed and not self.switch_heated:
            raise MagnetError(
                f"{self.who}: will not {doing}, because the persistent switch is cold and the magnet would "
                "not follow; bring the leads to the coil and heat the switch first"
            )
