"""Front panel of the American Magnetics Model 430 power supply programmer.

Source: Model 430 manual, chapter 4 (remote interface reference); error texts also from the Model 420 manual.
Simulated: units, coil constant and limits (`ami430_coil`), targets, ramp segments, all ten states (`ami430_ramp`), the
persistent switch (`ami430_switch`); here quench, the error queue, the greeting.
Not simulated: the voltage limit's effect on the ramp, stability setting, quench detection, keys and menus.
"""

from collections import deque
from typing import TYPE_CHECKING

from coldfinger.sim.devices.ami430_coil import CoilPanel
from coldfinger.sim.devices.ami430_ramp import HIGHEST_RATE, RampPanel
from coldfinger.sim.devices.ami430_switch import SwitchPanel
from coldfinger.sim.scpi import CommandTable, Fault, boolean, spellings

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

IDENTITY = "AMERICAN MAGNETICS INC.,MODEL 430,2.01"
GREETING = (b"American Magnetics Model 430 IP Interface\r\n", b"Hello.\r\n")
ERRORS_KEPT = 10
QUENCH_CONDITION = 4  # *STB bit
QUERY, DEVICE, COMMAND, POWER_ON = 4, 8, 32, 128  # *ESR bits
ERRORS = {
    Fault.UNKNOWN_COMMAND: (-101, "Unrecognized command"),
    Fault.INVALID_PARAMETER: (-102, "Invalid argument"),
    Fault.NOT_BOOLEAN: (-103, "Non-boolean argument"),
    Fault.MISSING_PARAMETER: (-104, "Missing parameter"),
    Fault.OUT_OF_RANGE: (-105, "Out of range"),
    Fault.NO_SWITCH: (-107, "No switch installed"),
    Fault.UNKNOWN_QUERY: (-201, "Unrecognized query"),
    Fault.LINE_TOO_LONG: (-304, "Buffer overflow"),
}


class AMI430(SwitchPanel):
    """Model 430 on its socket (or RS-232); paused at zero when switched on."""

    commands = CommandTable(spellings)
    greeting = GREETING

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._errors: deque[str] = deque()
        self._event = POWER_ON

    def parse(self, statement: str) -> tuple[str, list[str]]:
        header, _, rest = statement.partition(" ")
        if "?" in header:
            header = header[: header.index("?") + 1]
        return header.upper(), [part.strip() for part in rest.split(",")]

    def refuse(self, fault: Fault) -> None:
        code, text = ERRORS[fault]
        self._event |= QUERY if code <= -200 else COMMAND
        if code <= -300:
            self._event |= DEVICE
        if len(self._errors) < ERRORS_KEPT:
            self._errors.append(f'{code},"{text}"')

    def serial_poll(self, waiting: bool) -> int:
        return (16 if waiting else 0) | (QUENCH_CONDITION if self._magnet.quenched else 0)

    # Quench and power

    @commands.command("QUench", takes=(boolean,))
    def set_quench(self, quenched: bool) -> None:
        self._stop()
        self._magnet.quenched = quenched

    @commands.command("QUench?")
    def read_quench(self) -> str:
        return str(int(self._magnet.quenched))

    def lose_settings(self) -> None:
        """Without mains the supply runs down through its protection, and the switch's heater goes out."""
        magnet = self._magnet
        magnet.heat_switch(False, self._cryostat.now)
        magnet.target, magnet.rate, magnet.going = 0.0, HIGHEST_RATE * self._true_constant, not magnet.quenched

    # Interface and status

    @commands.command("*IDN?")
    def identify(self) -> str:
        return IDENTITY

    @commands.command("SYSTem:REMote", "SYSTem:LOCal")
    def change_control(self) -> None:
        """Front-panel keys are not simulated."""

    @commands.command("*RST", "*CLS")
    def clear_status(self) -> None:
        self._errors.clear()
        self._event = 0

    @commands.command("SYSTem:ERRor?")
    def read_error(self) -> str:
        return self._errors.popleft() if self._errors else '0,"No errors"'

    @commands.command("*ESR?")
    def read_event(self) -> str:
        value, self._event = self._event, 0
        return str(value)

    @commands.command("*STB?")
    def read_status(self) -> str:
        return str(self.serial_poll(False))


for _part in (CoilPanel, RampPanel, SwitchPanel):
    AMI430.commands.entries.update(_part.commands.entries)
