"""Front panel of the Yokogawa GS200 dc voltage and current source.

Source: GS200 user's manual, chapter on communication commands; the instrument calls itself GS210.
Simulated: function, range, level, output, protection values, four-wire sensing, guard, programs and their ramps, the
error queue and the status bytes over the laboratory's bias path. A level beyond 120 % of the range is refused, a range
that cannot hold the present level too, and the function changes only while the output is off. What the BNC connectors
are for is kept. A level that is set, a range, a function or a switched output ends a program that runs (believed).
Not simulated: program files (SAVE, LOAD), triggers, the monitor option, limiters at work (the path's resistor keeps
the current far below them), keys.
"""

import math
from collections import deque
from typing import TYPE_CHECKING

from coldfinger.sim.devices.gs200_program import MOST_STEPS, SHORTEST, Program
from coldfinger.sim.scpi import CommandTable, Fault, Panel, Refused, integer, real, spellings

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

IDENTITY = "YOKOGAWA,GS210,91T926445,2.02"
VOLTAGE_RANGES = (10e-3, 100e-3, 1.0, 10.0, 30.0)
CURRENT_RANGES = (1e-3, 10e-3, 100e-3, 200e-3)
OVER_RANGE = 1.2  # of the range
HIGHEST = {30.0: 32.0, 200e-3: 200e-3}  # level of the largest ranges
COUNTS = 1e5  # resolution: a range in so many steps, 30 V in steps of 1 mV
ERRORS_KEPT = 20
COMMAND, EXECUTION, POWER_ON = 32, 16, 128  # *ESR bits
END_OF_PROGRAM = 128  # STAT:EVEN? bit; the same in STAT:COND? while no program runs after one has (believed)
CONNECTORS = {"BNCOut": ("TRIG", "OUTP", "READ"), "BNCIn": ("TRIG", "OUTP")}
ERRORS = {
    Fault.UNKNOWN_COMMAND: (-113, "Undefined header"),
    Fault.UNKNOWN_QUERY: (-113, "Undefined header"),
    Fault.MISSING_PARAMETER: (-109, "Missing parameter"),
    Fault.INVALID_PARAMETER: (-120, "Numeric data error"),
    Fault.NOT_BOOLEAN: (-141, "Invalid character data"),
    Fault.OUT_OF_RANGE: (-222, "Data out of range"),
    Fault.NO_SWITCH: (-221, "Settings conflict"),
    Fault.LINE_TOO_LONG: (-363, "Input buffer overrun"),
}


def on_or_off(text: str) -> bool:
    """ON, OFF, 1 or 0."""
    states = {"ON": True, "1": True, "OFF": False, "0": False}
    if text.upper() not in states:
        raise Refused(Fault.NOT_BOOLEAN)
    return states[text.upper()]


def current_function(text: str) -> bool:
    """VOLTage or CURRent; True for a current."""
    words = {"VOLT": False, "VOLTAGE": False, "CURR": True, "CURRENT": True}
    if text.upper() not in words:
        raise Refused(Fault.NOT_BOOLEAN)
    return words[text.upper()]


def connector_use(text: str) -> str:
    """TRIGger, OUTPut or READy, as the instrument shortens it."""
    words = {word.upper(): word[:4].upper() for word in ("TRIGger", "OUTPut", "READy")}
    found = words.get(text.upper(), text.upper())
    if found not in words.values():
        raise Refused(Fault.NOT_BOOLEAN)
    return found


def number(value: float) -> str:
    """A number as the instrument writes it."""
    return f"{value + 0.0:+.5E}"


class GS200(Panel):
    """GS200 on GPIB; voltage, 10 V range, zero, output off when switched on (assumed default)."""

    commands = CommandTable(spellings)
    terminators = b"\n"
    reply_end = b"\n"
    joins_answers = True

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__()
        self._cryostat = cryostat
        self._source = cryostat.dc_source
        self._errors: deque[str] = deque()
        self._event = POWER_ON
        self.reset()

    def parse(self, statement: str) -> tuple[str, list[str]]:
        header, _, rest = statement.partition(" ")
        if "?" in header:
            header = header[: header.index("?") + 1]
        return header.upper().removeprefix(":"), [part.strip() for part in rest.split(",")]

    def refuse(self, fault: Fault) -> None:
        code, text = ERRORS[fault]
        self._event |= EXECUTION if code <= -200 else COMMAND
        if len(self._errors) < ERRORS_KEPT:
            self._errors.append(f'{code},"{text}"')

    def serial_poll(self, waiting: bool) -> int:
        return (16 if waiting else 0) | (4 if self._errors else 0) | (32 if self._event else 0)

    # Source

    @commands.command("*RST")
    def reset(self) -> None:
        self._source.output, self._source.level, self._source.current_mode = False, 0.0, False
        self._range = 10.0
        self._protection = {"voltage": 30.0, "current": 200e-3}
        self._remote = self._guard = False
        self._program, self.due = Program(), math.inf
        self._editing = self._ended = False
        self._happened = 0
        self._connectors = dict.fromkeys(CONNECTORS, "TRIG")

    @commands.command("SOURce:FUNCtion", takes=(current_function,))
    def set_function(self, current: bool) -> None:
        if current == self._source.current_mode:
            return
        if self._source.output:
            raise Refused(Fault.NO_SWITCH)
        self._stop()
        self._source.current_mode, self._source.level = current, 0.0
        self._range = CURRENT_RANGES[0] if current else 10.0

    @commands.command("SOURce:FUNCtion?")
    def read_function(self) -> str:
        return "CURR" if self._source.current_mode else "VOLT"

    @commands.command("SOURce:RANGe", takes=(real(),))
    def set_range(self, value: float) -> None:
        """The smallest range that holds the value."""
        ranges = CURRENT_RANGES if self._source.current_mode else VOLTAGE_RANGES
        fitting = [r for r in ranges if r >= value * (1 - 1e-9)]
        if not fitting or value <= 0:
            raise Refused(Fault.OUT_OF_RANGE)
        if abs(self._source.level) > _highest(fitting[0]):
            raise Refused(Fault.NO_SWITCH)
        self._stop()
        self._range = fitting[0]

    @commands.command("SOURce:RANGe?")
    def read_range(self) -> str:
        return number(self._range)

    @commands.command("SOURce:LEVel", "SOURce:LEVel:FIXed", takes=(real(),))
    def set_level(self, value: float) -> None:
        """At once, or as the next step of a program that is being written: its output comes when it runs."""
        if abs(value) > _highest(self._range) * (1 + 1e-9):
            raise Refused(Fault.OUT_OF_RANGE)
        if not self._editing:
            self._stop()
            self._source.level = self._counted(value)
        elif len(self._program.steps) < MOST_STEPS:
            self._program.steps.append(self._counted(value))
        else:
            raise Refused(Fault.OUT_OF_RANGE)

    def _counted(self, value: float) -> float:
        step = 10.0 ** math.ceil(math.log10(self._range) - 1e-9) / COUNTS
        return round(value / step) * step

    @commands.command("SOURce:LEVel:AUTO", takes=(real(),))
    def set_level_and_range(self, value: float) -> None:
        """The level in the smallest range that holds it."""
        ranges = CURRENT_RANGES if self._source.current_mode else VOLTAGE_RANGES
        fitting = [full for full in ranges if abs(value) <= _highest(full) * (1 + 1e-9)]
        if not fitting:
            raise Refused(Fault.OUT_OF_RANGE)
        self._range = fitting[0]
        self.set_level(value)

    @commands.command("SOURce:LEVel?", "SOURce:LEVel:FIXed?")
    def read_level(self) -> str:
        return number(self._source.level)

    @commands.command("OUTPut", "OUTPut:STATe", takes=(on_or_off,))
    def switch(self, on: bool) -> None:
        if not on:
            self._stop()
        self._source.output = on

    @commands.command("OUTPut?", "OUTPut:STATe?")
    def read_output(self) -> str:
        return str(int(self._source.output))

    @commands.command("SOURce:PROTection:VOLTage", takes=(real(1.0, 30.0),))
    def protect_voltage(self, value: float) -> None:
        self._protection["voltage"] = value

    @commands.command("SOURce:PROTection:VOLTage?")
    def read_voltage_protection(self) -> str:
        return number(self._protection["voltage"])

    @commands.command("SOURce:PROTection:CURRent", takes=(real(1e-3, 200e-3),))
    def protect_current(self, value: float) -> None:
        self._protection["current"] = value

    @commands.command("SOURce:PROTection:CURRent?")
    def read_current_protection(self) -> str:
        return number(self._protection["current"])

    @commands.command("SENSe:REMote", takes=(on_or_off,))
    def set_remote(self, on: bool) -> None:
        self._remote = on

    @commands.command("SENSe:REMote?")
    def read_remote(self) -> str:
        return str(int(self._remote))

    @commands.command("SENSe:GUARd", takes=(on_or_off,))
    def set_guard(self, on: bool) -> None:
        self._guard = on

    @commands.command("SENSe:GUARd?")
    def read_guard(self) -> str:
        return str(int(self._guard))

    # Programs

    @commands.command("PROGram:EDIT:STARt")
    def write_program(self) -> None:
        """An empty program; levels are its steps until the end."""
        self._stop()
        self._program.steps, self._editing = [], True

    @commands.command("PROGram:EDIT:END")
    def program_is_written(self) -> None:
        self._editing = False

    @commands.command("PROGram:RUN")
    def run_program(self) -> None:
        if self._editing or not self._source.output or not self._program.steps:
            raise Refused(Fault.NO_SWITCH)
        if any(abs(step) > _highest(self._range) * (1 + 1e-9) for step in self._program.steps):
            raise Refused(Fault.NO_SWITCH)
        self._ended = False
        self._program.begin(self._cryostat.now, self._source.level)
        self.due = self._program.next_look(self._cryostat.now)

    @commands.command("PROGram:HOLD", "PROGram:PAUSe")
    def hold_program(self) -> None:
        self._program.hold(self._cryostat.now)
        self.due = math.inf

    @commands.command("PROGram:CONTinue")
    def go_on_with_program(self) -> None:
        self._program.go_on(self._cryostat.now)
        self.due = self._program.next_look(self._cryostat.now)

    def act(self) -> None:
        """The output follows the program; at its end the event is latched."""
        now = self.due
        self._source.level = self._counted(self._program.level(now))
        if self._program.over(now):
            self._stop()
            self._ended = True
            self._happened |= END_OF_PROGRAM
        else:
            self.due = self._program.next_look(now)

    def _stop(self) -> None:
        self._program.stop()
        self.due = math.inf

    @commands.command("PROGram:INTerval", takes=(real(SHORTEST, 3600.0),))
    def set_interval(self, seconds: float) -> None:
        self._program.interval = round(seconds, 1)

    @commands.command("PROGram:INTerval?")
    def read_interval(self) -> str:
        return f"{self._program.interval:.1f}"

    @commands.command("PROGram:SLOPe", takes=(real(0.0, 3600.0),))
    def set_slope(self, seconds: float) -> None:
        self._program.slope = round(seconds, 1)

    @commands.command("PROGram:SLOPe?")
    def read_slope(self) -> str:
        return f"{self._program.slope:.1f}"

    @commands.command("PROGram:REPeat", takes=(on_or_off,))
    def set_repeat(self, on: bool) -> None:
        self._program.repeat = on

    @commands.command("PROGram:REPeat?")
    def read_repeat(self) -> str:
        return str(int(self._program.repeat))

    @commands.command("PROGram:COUNt", takes=(integer(1, MOST_STEPS),))
    def choose_step(self, number: int) -> None:
        """The step with which the next run begins."""
        if number > len(self._program.steps):
            raise Refused(Fault.OUT_OF_RANGE)
        self._program.first = number - 1

    @commands.command("PROGram:COUNt?")
    def read_step(self) -> str:
        return str(self._program.step(self._cryostat.now) + 1)

    def _connect(self, name: str, use: str) -> None:
        if use not in CONNECTORS[name]:
            raise Refused(Fault.NOT_BOOLEAN)
        self._connectors[name] = use

    def _connected(self, name: str) -> str:
        return self._connectors[name]

    # Interface and status

    @commands.command("STATus:EVENt?")
    def read_happened(self) -> str:
        value, self._happened = self._happened, 0
        return str(value)

    @commands.command("STATus:CONDition?")
    def read_condition(self) -> str:
        return str(END_OF_PROGRAM if self._ended else 0)

    @commands.command("*OPC?")
    def complete(self) -> str:
        return "1"

    @commands.command("*IDN?")
    def identify(self) -> str:
        return IDENTITY

    @commands.command("*OPT?")
    def options(self) -> str:
        return "0"

    @commands.command("SYSTem:LFRequency?")
    def line_frequency(self) -> str:
        return "50"

    @commands.command("SYSTem:ERRor?")
    def read_error(self) -> str:
        return self._errors.popleft() if self._errors else '0,"No error"'

    @commands.command("*CLS")
    def clear_status(self) -> None:
        self._errors.clear()
        self._event = self._happened = 0

    @commands.command("*ESR?")
    def read_event(self) -> str:
        value, self._event = self._event, 0
        return str(value)

    @commands.command("*STB?")
    def read_status(self) -> str:
        return str(self.serial_poll(False))


def _highest(full: float) -> float:
    """Largest level of a range."""
    return HIGHEST.get(full, OVER_RANGE * full)


for _name in CONNECTORS:
    GS200.commands.add(f"ROUTe:{_name}", GS200._connect, connector_use, preset=(_name,))
    GS200.commands.add(f"ROUTe:{_name}?", GS200._connected, preset=(_name,))
