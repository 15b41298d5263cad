"""Front panel of the Oxford Instruments IPS120-10 superconducting magnet power supply.

Source: IPS120-10 operator's handbook, chapter on remote commands. A command is a capital letter and a number, the
reply its letter, or a question mark and the whole command: not known, out of range, not permitted, or given under
local control. A `$` in front forbids the reply, `@n` addresses the instrument n of an ISOBUS chain.
Simulated: examine (X), the readings (R), control (C), activity (A), heater (H), set points (I, J), rates (S, T), mode
(M) and the resolution of readings (Q0, Q4). This supply knows nothing of the time a switch needs, and it stays in its
activity when it has arrived, so that a new set point is followed at once.
Not simulated: limits of rate and voltage, trips (R17, R19), line feeds after replies (Q2, Q6), faster ramps of the
leads alone, display, memory, keys and their locks.
"""

import math
import re
from typing import TYPE_CHECKING

from coldfinger.sim.devices.oxford_supply import (
    CURRENT_LIMIT,
    HEATER_CURRENT,
    VOLTAGE_LIMIT,
    Activity,
    OxfordSupply,
)
from coldfinger.sim.scpi import CommandTable, Fault, Panel, Refused, Step, convert, integer, real

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

VERSION = "IPS120-10  Version 3.07  (c) OXFORD 1996"  # blanks as in a driver that compares the whole text
ISOBUS_ADDRESS = 2  # default in drivers that use ISOBUS
NORMAL_DECIMALS, EXTENDED_DECIMALS = 4, 5  # of a reading; believed
POLARITY = "P00"  # kept in the reply for older programs; what it says is believed to be without meaning
ANSWERS_Q = False  # handbook of the same family: unlike all other commands Q is not answered
LEAD_RESISTANCE = 1.0  # mohm; assumed default
_PER_MINUTE = 60.0
_ADDRESSED = re.compile(r"(\$?)(?:@(\d))?(\$?)(.*)", re.DOTALL)
ACTIVITIES = {0: Activity.HOLD, 1: Activity.TO_SET, 2: Activity.TO_ZERO, 4: Activity.CLAMP}
NO_SWITCH, HEATER_ON, OFF_AT_FIELD, OFF_AT_ZERO = 8, 1, 2, 0
UNAFFECTED = 8  # mode bit: change the display only


class IPS120(Panel):
    """IPS120-10 on GPIB (or RS-232); clamped and under local control when switched on."""

    commands = CommandTable()
    terminators = b"\r\n"
    reply_end = b"\r"
    line_limit = 64

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__()
        self.supply = OxfordSupply(cryostat, cryostat.magnet, automatic=False)
        self._control = 0  # bit 0 remote, bit 1 unlocked
        self._mode = 1  # bit 0 tesla, bit 2 slow
        self._decimals = NORMAL_DECIMALS

    def compile(self, line: bytes) -> tuple[Step, ...]:
        if len(self.programs) >= 1024:
            self.programs.clear()
        steps: tuple[Step, ...] = ((IPS120.obey, (self, line.decode("latin-1"))),)
        self.programs[line] = steps
        return steps

    def refuse(self, fault: Fault) -> None:
        """Only a line that is too long comes here; it is forgotten without a reply."""

    def serial_poll(self, waiting: bool) -> int:
        return 16 if waiting else 0

    def lose_settings(self) -> None:
        self.supply.run_down()

    def obey(self, line: str) -> str | bytes | None:
        """The reply to one command, None where there is none."""
        match = _ADDRESSED.fullmatch(line)
        if match is None or match[2] not in (None, str(ISOBUS_ADDRESS)):
            return None
        command = match[4]
        entry = self.commands.entries.get(command[:1])
        try:
            if entry is None or (command[1:] and not entry[1]):
                raise Refused(Fault.UNKNOWN_COMMAND)
            handler, takes, _ = entry
            if command[0] in REMOTE_ONLY and not self._control & 1:
                raise Refused(Fault.UNKNOWN_COMMAND)
            reply = handler(self, *convert(takes, [command[1:]]))
        except Refused:
            reply = f"?{command}"
        return None if match[1] or match[3] else reply

    # Settings

    @commands.command("C", takes=(integer(0, 3),))
    def set_control(self, value: int) -> str:
        self._control = value
        return "C"

    @commands.command("Q", takes=(integer(0, 4),))
    def set_resolution(self, value: int) -> str | None:
        if value not in (0, 4):
            raise Refused(Fault.OUT_OF_RANGE)
        self._decimals = EXTENDED_DECIMALS if value else NORMAL_DECIMALS
        return "Q" if ANSWERS_Q else None

    @commands.command("A", takes=(integer(0, 4),))
    def set_activity(self, value: int) -> str:
        return self._done("A", value in ACTIVITIES and self.supply.begin(ACTIVITIES[value]))

    @commands.command("H", takes=(integer(0, 2),))
    def set_heater(self, value: int) -> str:
        return self._done("H", self.supply.heat(value > 0, forced=value == 2))

    @commands.command("I", takes=(real(),))
    def set_current(self, amperes: float) -> str:
        return self._done("I", self.supply.set_current(amperes))

    @commands.command("J", takes=(real(),))
    def set_field(self, tesla: float) -> str:
        return self._done("J", self.supply.set_current(tesla * self.supply.amperes_per_tesla))

    @commands.command("S", takes=(real(),))
    def set_current_rate(self, amperes_per_minute: float) -> str:
        return self._done("S", self.supply.set_rate(amperes_per_minute / _PER_MINUTE))

    @commands.command("T", takes=(real(),))
    def set_field_rate(self, tesla_per_minute: float) -> str:
        rate = tesla_per_minute * self.supply.amperes_per_tesla / _PER_MINUTE
        return self._done("T", self.supply.set_rate(rate))

    @commands.command("M", takes=(integer(0, 9),))
    def set_mode(self, value: int) -> str:
        if value & 2:
            raise Refused(Fault.OUT_OF_RANGE)
        self._mode = (self._mode & 4) | (value & 1) if value & UNAFFECTED else value
        return "M"

    def _done(self, letter: str, done: bool) -> str:
        if not done:
            raise Refused(Fault.OUT_OF_RANGE)
        return letter

    # Readings

    @commands.command("V")
    def read_version(self) -> str:
        return VERSION

    @commands.command("X")
    def examine(self) -> str:
        supply = self.supply
        activity = next(code for code, known in ACTIVITIES.items() if known is supply.activity)
        sweeping = int(supply.velocity() != 0.0)
        return f"X{int(supply.quenched)}0A{activity}C{self._control}H{self._heater()}M{self._mode}{sweeping}{POLARITY}"

    def _heater(self) -> int:
        if not self.supply.has_switch:
            return NO_SWITCH
        if self.supply.heater_on:
            return HEATER_ON
        return OFF_AT_FIELD if self.supply.persistent_current() else OFF_AT_ZERO

    @commands.command("R", takes=(integer(0, 24),))
    def read(self, number: int) -> str:
        value = self._reading(number)
        if math.isnan(value):
            raise Refused(Fault.OUT_OF_RANGE)
        return f"R{round(value, self._decimals) + 0.0:+0{self._decimals + 4}.{self._decimals}f}"

    def _reading(self, number: int) -> float:
        """The quantity of a number, nan where there is none."""
        supply = self.supply
        ratio, rate = supply.amperes_per_tesla, supply.rate * _PER_MINUTE
        current, kept = supply.current(), supply.persistent_current()
        readings = {0: current, 1: supply.voltage(), 2: current, 5: supply.set_point, 6: rate}
        readings |= {7: current / ratio, 8: supply.set_point / ratio, 9: rate / ratio}
        readings |= {15: VOLTAGE_LIMIT, 16: kept, 18: kept / ratio, 20: HEATER_CURRENT}
        readings |= {21: -CURRENT_LIMIT, 22: CURRENT_LIMIT, 23: LEAD_RESISTANCE, 24: supply.inductance}
        return readings.get(number, math.nan)


REMOTE_ONLY = frozenset("AHIJSTM")
