"""Front panel of the Lake Shore Model 372 AC resistance bridge and temperature controller.

Source: Model 372 manual, chapter 6, and the maker's own driver; how it writes and counts is in `ls372_words`.
Simulated: control input A and the measurement input behind its scanner, with mode, excitation, ranges, autorange,
shunt, filter and curve (`ls372_inputs`, `ls372_curves`); on the scanner's channel 1 the chip's thermometer, on 2 and 3
the still's and the 4 K plate's, the others are open. Sample heater, warm-up heater, still and monitor output with zones
and ramps (`ls372_outputs`). A temperature limit of a channel switches both heaters off.
Input A takes current excitation only, six currents, and each brings its own resistance range (200 uV full
scale); the mode and range fields of INTYPE A are what they must be.
States of alarms and relays, and extremes of readings, are looked after once a second (`ls372_watch`).
Kept and answered only: what the monitor connector shows, common mode reduction, autorange for ROX-102B (taken as on),
closed loop and zones of output 1, the display, the IEEE-488 address (`ls372_kept`). Input names, curves and what an
input follows outlive the power switch.
Not simulated: digital outputs, standard curves 1 to 20; the still does not answer its heater.
"""

from typing import TYPE_CHECKING

from coldfinger.sim.devices.ls372_curves import CurvePanel
from coldfinger.sim.devices.ls372_inputs import InputPanel
from coldfinger.sim.devices.ls372_kept import KeptPanel
from coldfinger.sim.devices.ls372_outputs import OutputPanel
from coldfinger.sim.devices.ls372_watch import WatchPanel
from coldfinger.sim.devices.ls372_words import CONTROL_CURRENTS as CONTROL_CURRENTS
from coldfinger.sim.devices.ls372_words import CURRENTS as CURRENTS
from coldfinger.sim.devices.ls372_words import HEATER_RANGES as HEATER_RANGES
from coldfinger.sim.devices.ls372_words import RANGES as RANGES
from coldfinger.sim.devices.ls372_words import VOLTAGES as VOLTAGES
from coldfinger.sim.devices.ls372_words import engineering as engineering
from coldfinger.sim.scpi import CommandTable, Fault, integer, split

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

IDENTITY = "LSCI,MODEL372,LSA23JD,1.3"
QUERY, EXECUTION, ILLEGAL, POWER_ON = 4, 16, 32, 128  # *ESR bits
# Status byte, as the maker's driver names its bits. That calls bit 4 a sensor overload; IEEE 488.2 has a message
# that waits there, which is what a serial poll shows here.
WARMUP_RAMP_DONE, CONTROL_VALID, MEASUREMENT_VALID, SAMPLE_RAMP_DONE = 1, 2, 4, 128
MESSAGE_WAITS, EVENT, REQUEST = 16, 32, 64


class LakeShore372(WatchPanel):
    """Model 372 on GPIB or a socket, with a 3726 scanner."""

    commands = CommandTable()
    joins_answers = True
    max_connections = 2

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._event = POWER_ON
        self._event_enable = self._request_enable = 0
        self._numbers = {"CMR": 0, "MONITOR": 0, "MODE": 0, "EMUL": 0}

    def parse(self, statement: str) -> tuple[str, list[str]]:
        header, mark, rest = statement.partition("?")
        if mark and not any(blank in header for blank in " \t"):
            return header.upper() + "?", split(rest, ",")
        parts = statement.split(None, 1)
        return parts[0].upper(), split(parts[1] if len(parts) > 1 else "", ",")

    def refuse(self, fault: Fault) -> None:
        if fault in (Fault.UNKNOWN_COMMAND, Fault.UNKNOWN_QUERY, Fault.LINE_TOO_LONG):
            self._event |= ILLEGAL
        else:
            self._event |= EXECUTION

    def serial_poll(self, waiting: bool) -> int:
        status = (MESSAGE_WAITS if waiting else 0) | (EVENT if self._event & self._event_enable else 0)
        status |= self._readings_valid()
        ramp_done = self._loop.ramp_on and not self._loop.ramping(self._cryostat.now)
        status |= SAMPLE_RAMP_DONE if ramp_done else 0
        return status | (REQUEST if status & self._request_enable else 0)

    def _readings_valid(self) -> int:
        """Bits of the readings that are valid, looked at once a tick: a poll comes after every exchange."""
        now = (self._cryostat.ticks, self._scanner.channel)
        if self._looked_at != now:
            valid = CONTROL_VALID if self._valid("A") else 0
            valid |= MEASUREMENT_VALID if self._valid(str(self._scanner.channel)) else 0
            self._looked_at, self._valid_bits = now, valid
        return self._valid_bits

    _looked_at: tuple[int, int] = (-1, 0)
    _valid_bits = 0

    def _valid(self, key: str) -> bool:
        sensor, now = self._inputs.get(key), self._cryostat.now
        return sensor is not None and sensor.measuring(now) and sensor.status(now) == 0

    def _set_number(self, name: str, value: int) -> None:
        self._numbers[name] = value

    def _read_number(self, name: str) -> str:
        return str(self._numbers[name])

    @commands.command("*IDN?")
    def identify(self) -> str:
        return IDENTITY

    @commands.command("*RST")
    def reset(self) -> None:
        """Heaters off, no ramp; inputs and curves stay."""
        for output in range(3):
            self.set_range(output, 0)
            self.set_ramp(output, 0, 0.0)

    def lose_settings(self) -> None:
        """Heaters and ramp off, set point zero, power-up mode; inputs, names and curves are in permanent memory."""
        self.reset()
        self.set_setpoint(0, 0.0)

    @commands.command("*CLS")
    def clear_status(self) -> None:
        self._event = 0

    @commands.command("*ESR?")
    def read_event(self) -> str:
        value, self._event = self._event, 0
        return f"{value:03d}"

    @commands.command("*STB?")
    def read_status(self) -> str:
        return f"{self.serial_poll(False):03d}"

    @commands.command("*OPC?")
    def completed(self) -> str:
        return "1"

    @commands.command("*OPC")
    def mark_completed(self) -> None:
        self._event |= 1

    @commands.command("*TST?")
    def test(self) -> str:
        return "0"

    @commands.command("*ESE", takes=(integer(0, 255),))
    def set_event_enable(self, value: int) -> None:
        self._event_enable = value

    @commands.command("*ESE?")
    def read_event_enable(self) -> str:
        return f"{self._event_enable:03d}"

    @commands.command("*SRE", takes=(integer(0, 255),))
    def set_request_enable(self, value: int) -> None:
        self._request_enable = value

    @commands.command("*SRE?")
    def read_request_enable(self) -> str:
        return f"{self._request_enable:03d}"


for _name, _highest in {"CMR": 1, "MONITOR": 7, "MODE": 2, "EMUL": 1}.items():
    LakeShore372.commands.add(_name, LakeShore372._set_number, integer(0, _highest), preset=(_name,))
    LakeShore372.commands.add(f"{_name}?", LakeShore372._read_number, preset=(_name,))
for _part in (InputPanel, CurvePanel, OutputPanel, KeptPanel, WatchPanel):
    LakeShore372.commands.entries.update(_part.commands.entries)
