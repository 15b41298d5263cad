"""Oxford Instruments IPS120-10 magnet supply (and newer ones that speak its language); role PersistentMagnet.

Commands: operator's handbook, chapter on remote commands. A command is a letter and a number; the reply is the letter,
or a question mark and the whole command when it is refused: not known, out of range, or under local control. Lines end
with a carriage return. `Q` alone is not answered, so it goes with a `$`, which forbids a reply. There is no `*IDN?`;
the version tells who it is. This supply does not know how long its switch takes nor its coil constant: both are given.
"""

import re
from enum import IntFlag
from typing import Any, ClassVar, NamedTuple

from pymeasure.instruments import Instrument

from coldfinger.instruments.driver import reply
from coldfinger.instruments.errors import MagnetAlarm, ReplyError
from coldfinger.instruments.oxford_magnet import Activity, OxfordMagnet, Seen
from coldfinger.instruments.oxford_words import plain
from coldfinger.instruments.validators import strict_number

CODES = {0: Activity.HOLD, 1: Activity.TO_TARGET, 2: Activity.TO_ZERO, 4: Activity.CLAMPED}
HEATERS = {0: False, 1: True, 2: False, 8: None}  # off at zero, on, off at field, no switch
HEATER_FAULT = 5
REMOTE = (1, 3)  # locked and unlocked
_FORM = reply(r"R[+-]\d+\.\d+", "a number like R+00.0000")
_STATUS = re.compile(r"X(\d)(\d)A([0124])C([0-3])H([01258])M(\d)([0-3])P(\d\d)")


_NO_CURRENT = "the heater of the persistent switch takes too little current, and nobody knows whether it is warm"


class Trouble(IntFlag):
    """What is wrong with the supply; zero is good."""

    QUENCHED = 1
    OVERHEATED = 2
    WARMING_UP = 4
    FAULT = 8


class Status(NamedTuple):
    """The reply to X: troubles, activity, control (1 and 3: remote), heater (1: on, 8: no switch), mode, sweeping."""

    trouble: Trouble
    activity: Activity
    control: int
    heater: int
    mode: int
    sweeping: bool


def _trouble(status: Status) -> str:
    """What forbids to move the magnet; a supply that warms up is no such thing."""
    if status.trouble & (Trouble.OVERHEATED | Trouble.FAULT):
        return "the supply reports that it is too hot or has a fault"
    return _NO_CURRENT if status.heater == HEATER_FAULT else ""


def number(text: str) -> str:
    """A `preprocess_reply` that takes the number out of a reply like R+00.0000."""
    return _FORM(text)[1:]


def _measured(question: str, docs: str) -> Any:
    return Instrument.measurement(question, docs, preprocess_reply=number)


class IPS120(OxfordMagnet):
    """IPS120-10 on GPIB or RS-232; link with carriage returns, `write_termination` and `read_termination`.

    `coil_constant` (T/A) as the magnet's certificate has it; `switch_heat_time` and `switch_cool_time` (s) until the
    persistent switch is warm and cold.
    """

    IDENTITY: ClassVar[str] = r"IPS120-10\s+Version\s+\d+\.\d+.*"
    WHO_ARE_YOU: ClassVar[str] = "V"
    SETTINGS: ClassVar[tuple[str, ...]] = (
        "status",
        "target",
        "ramp_rate",
        "state",
        "switch_installed",
        "switch_heated",
        "persistent",
        "quenched",
    )

    def __init__(
        self,
        adapter: Any,
        name: str = "IPS120-10 magnet supply",
        *,
        coil_constant: float,
        switch_heat_time: float = 20.0,
        switch_cool_time: float = 60.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self._coil_constant = strict_number("coil_constant", 1e-6, 10, "T/A")(coil_constant)
        self._heat_time = strict_number("switch_heat_time", 0, 3600, "s")(switch_heat_time)
        self._cool_time = strict_number("switch_cool_time", 0, 3600, "s")(switch_cool_time)

    current = _measured("R16", """Measure the current (A) that the supply wrote down for a cold switch.""")
    supply_current = _measured("R0", """Measure the current of the supply (A).""")
    supply_voltage = _measured("R1", """Measure the voltage of the supply (V).""")

    @property
    def coil_constant(self) -> float:
        """Get the coil constant (T/A) that the driver was made with; `configure` compares it with the supply's."""
        return self._coil_constant

    @property
    def switch_heat_time(self) -> float:
        """Get the time (s) that the driver allows the switch to become warm."""
        return self._heat_time

    @property
    def switch_cool_time(self) -> float:
        """Get the time (s) that the driver allows the switch to become cold."""
        return self._cool_time

    @property
    def leads_rate(self) -> float:
        """Get the rate (A/s) of the supply alone, behind a cold switch; some supplies are faster then."""
        return self._number("R6") / 60

    @property
    def status(self) -> Status:
        """Get all that the supply says of itself, a `Status`."""

        def parse(text: str) -> Status:
            match = _STATUS.fullmatch(text)
            if match is None:
                raise ReplyError("required is a status like X00A0C3H8M10P00")
            trouble, _, activity, control, heater, mode, sweeping, _ = (int(digits) for digits in match.groups())
            return Status(Trouble(trouble), CODES[activity], control, heater, mode, sweeping != 0)

        status: Status = self.question("X", parse)
        return status

    def configure(self) -> None:
        """Take remote control, ask for all digits, let a clamped output hold, and prove it.

        Raises MagnetError after a quench and when the supply does not give the control away, ValueError when its
        amperes and teslas are not those of `coil_constant`.
        """
        with self.lock:
            self.write("$Q4")
            self.write("C3")
            self._require_ours()
            self._compare_coil()
            self._unclamp(self._not_quenched("configure the supply"))

    def _compare_coil(self) -> None:
        amperes, tesla = self._number("R6"), self._number("R9")
        if abs(amperes * self._coil_constant - tesla) > 1e-3 * abs(tesla) + 1e-4:
            raise ValueError(
                f"{self.who}: the supply counts {tesla:g} T for {amperes:g} A, but coil_constant is "
                f"{self.coil_constant:g} T/A; make them equal, here or at the front panel"
            )

    def _carry_out(self, command: str) -> list[str]:
        if command.startswith("$"):
            self.adapter.write(command)
            return []

        def accepted(text: str) -> bool:
            if text not in (command[0], f"?{command}"):
                raise ReplyError(f"required is {command[0]!r}, or '?{command}' from a supply that refuses")
            return text == command[0]

        if self.question(command, accepted, retry=False):
            return []
        return ["not permitted, out of range, or under local control"]

    def _number(self, question: str) -> float:
        return float(self.values(question, preprocess_reply=number)[0])

    def _look(self) -> Seen:
        status = self.status
        heater = status.heater == HEATER_FAULT or HEATERS[status.heater]
        quenched = Trouble.QUENCHED in status.trouble
        return Seen(status.activity, status.sweeping, quenched, heater, _trouble(status))

    def _look_at_heater(self) -> bool | None:
        status = self.status
        if status.heater == HEATER_FAULT:
            raise MagnetAlarm(f"{self.who}: {_NO_CURRENT}; check its wiring before anything moves")
        return HEATERS[status.heater]

    def _require_ours(self) -> None:
        status, text = self.status, str(self.question("R8", _FORM))
        if status.control not in REMOTE or len(text.partition(".")[2]) < 5:
            raise MagnetAlarm(
                f"{self.who}: the supply is under local control, or does not show all its digits; call configure(), "
                "and check that nobody is at the front panel"
            )

    def _read_target(self) -> float:
        return self._number("R8")

    def _read_rate(self) -> float:
        return self._number("R9") / 60

    def _read_supply(self) -> float:
        return self._number("R7")

    def _read_coil(self) -> float:
        return self._number("R18")

    def _read_currents(self) -> tuple[float, float]:
        return self.supply_current, self.current

    def _send_target(self, tesla: float) -> None:
        self.write(f"J{plain(tesla)}")

    def _send_current(self, amperes: float) -> None:
        self.write(f"I{plain(amperes)}")

    def _send_rate(self, tesla_per_second: float) -> None:
        self.write(f"T{plain(60 * tesla_per_second)}")

    def _begin(self, activity: Activity) -> None:
        code = next(code for code, known in CODES.items() if known is activity)
        self.write(f"A{code}")

    def _heat(self, on: bool) -> None:
        self.write(f"H{int(on)}")

    def _switch_time(self, heating: bool) -> float:
        return self._heat_time if heating else self._cool_time
