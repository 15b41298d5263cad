"""What the command languages of Stanford Research Systems' lock-in amplifiers have in common.

Source: SR830 manual, chapter 5, and SR860 manual, chapter 4, where both say the same: the phase within half a turn, the
event register and what fills it, four enable registers, registers that are read whole or bit by bit. In what is set,
shown and kept the two differ, and there each has its own modules (`sr830`, `sr860`).
"""

import math
from typing import TYPE_CHECKING, ClassVar

from coldfinger.sim.scpi import CommandTable, Fault, Optional, Panel, integer

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

EXECUTION, ILLEGAL, POWER_ON = 16, 32, 128  # *ESR bits; that of a full input differs
ENABLES = ("*ESE", "*SRE", "ERRE", "LIAE")


def wrapped(phase: float) -> float:
    """Phase (degrees) within -180 (excluded) to 180."""
    return 180.0 - (180.0 - phase) % 360.0


def nearest(table: tuple[float, ...], value: float) -> int:
    """Where a positive value stands in a table, or what is nearest to it as a ratio."""
    return min(range(len(table)), key=lambda i: abs(math.log(table[i] / value)))


def bit_or_all(value: int, bit: int | None) -> str:
    """A register as it is read: one bit of it, or all when none is named."""
    return str(value if bit is None else value >> bit & 1)


class StanfordPanel(Panel):
    """A lock-in amplifier of the maker; `_lias` holds the bits of LIAS that the panel itself has latched."""

    commands = CommandTable()
    terminators = b"\r\n"
    reply_end = b"\n"
    input_overflow: ClassVar[int]  # *ESR bit

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__()
        self._cryostat = cryostat
        self._lockin = cryostat.lockin
        self._event = POWER_ON
        self._lias = 0
        self._enable = dict.fromkeys(ENABLES, 0)

    def refuse(self, fault: Fault) -> None:
        if fault is Fault.LINE_TOO_LONG:
            self._event |= self.input_overflow
        elif fault in (Fault.UNKNOWN_COMMAND, Fault.UNKNOWN_QUERY):
            self._event |= ILLEGAL
        else:
            self._event |= EXECUTION

    @commands.command("*ESR?", takes=(Optional(integer(0, 7)),))
    def read_event(self, bit: int | None = None) -> str:
        value = self._event
        self._event &= 0 if bit is None else ~(1 << bit)
        return bit_or_all(value, bit)

    @commands.command("ERRS?", takes=(Optional(integer(0, 7)),))
    def read_errors(self, bit: int | None = None) -> str:
        """None of the errors of the hardware is simulated."""
        return bit_or_all(0, bit)

    @commands.command("*STB?", takes=(Optional(integer(0, 7)),))
    def read_status(self, bit: int | None = None) -> str:
        return bit_or_all(self.serial_poll(False), bit)

    def _read_enable(self, name: str, bit: int | None = None) -> str:
        return bit_or_all(self._enable[name], bit)
