"""An instrument of one's own in the simulated refrigerator: a helium level meter that measures now and then.

A command table over a few attributes is a front panel: `Panel` gathers the bytes, splits the lines and converts the
parameters. What the instrument does by itself it does in `act`, at the time `due` that it has asked for.
"""

import math
from typing import Any

import pyvisa

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.rack import Rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.scpi import CommandTable, Fault, Panel, integer
from coldfinger.sim.visa import register

ADDRESS = "GPIB0::20::INSTR"
FULL, LOSS = 100.0, 1.5 / 3600.0  # percent, percent a second


class LevelMeter(Panel):
    """Level meter on GPIB; LEVEL? answers what was measured last, as the real ones do to spare the helium."""

    commands = CommandTable()

    def __init__(self, cryostat: Cryostat) -> None:
        super().__init__()
        self._cryostat = cryostat
        self._filled = cryostat.now
        self._interval = 600  # s
        self._error = 0
        self.measure()

    def parse(self, statement: str) -> tuple[str, list[str]]:
        header, _, parameters = statement.partition(" ")
        return header.upper(), [part.strip() for part in parameters.split(",")]

    def refuse(self, fault: Fault) -> None:
        self._error |= 32 if fault in (Fault.UNKNOWN_COMMAND, Fault.UNKNOWN_QUERY) else 16

    def serial_poll(self, waiting: bool) -> int:
        return 16 if waiting else 0

    @commands.command("MEAS")
    def measure(self) -> None:
        now = self._cryostat.now
        self._level = max(FULL - LOSS * (now - self._filled), 0.0)
        self.due = now + self._interval if self._interval else math.inf

    act = measure

    @commands.command("*IDN?")
    def identify(self) -> str:
        return "Example,LEVEL METER,0001,1.0"

    @commands.command("LEVEL?")
    def read_level(self) -> str:
        return f"{self._level:.1f}"

    @commands.command("INTERVAL", takes=(integer(0, 86400),))
    def set_interval(self, seconds: int) -> None:
        self._interval = seconds
        self.measure()

    @commands.command("*ESR?")
    def read_error(self) -> str:
        error, self._error = self._error, 0
        return str(error)


if __name__ == "__main__":
    cryostat, clock = Cryostat(builtin_sample("S1")), SimClock()
    register("mine", Rack(cryostat, clock, {ADDRESS: LevelMeter(cryostat)}))
    meter: Any = pyvisa.ResourceManager("mine@coldfinger").open_resource(ADDRESS)
    for _ in range(4):
        print(meter.query("LEVEL?").strip(), "%")
        clock.sleep(3600.0)
