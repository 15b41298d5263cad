"""Front panel of the Stanford Research Systems SR830 lock-in amplifier.

Source: SR830 manual, chapter 5 (remote programming); the forms of the numbers are those of real units.
Simulated, over the cryostat's lock-in: reference, input, gain and filter (`sr830_input`), outputs, displays and
auxiliary outputs (`sr830_outputs`), the data buffer (`sr830_buffer`, its commands in `sr830_buffer_commands`), the auto
functions (`sr830_auto`); here the set-up memory, the interface and the latched status bytes.
Not simulated: noise displays (read zero), signals at the auxiliary inputs, a signal at the trigger input (TRIG is the
trigger), keys and the keypad.
"""

from typing import TYPE_CHECKING

from coldfinger.sim.devices.sr830_auto import AutoPanel
from coldfinger.sim.devices.sr830_buffer_commands import OUTPUT_OVERFLOW, BufferPanel
from coldfinger.sim.devices.sr830_input import InputPanel
from coldfinger.sim.devices.sr830_outputs import OutputPanel
from coldfinger.sim.devices.sr830_setup import Setup
from coldfinger.sim.devices.stanford import ENABLES, StanfordPanel, bit_or_all
from coldfinger.sim.scpi import CommandTable, Fault, Optional, Port, Refused, Step, integer

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

IDENTITY = "Stanford_Research_Systems,SR830,s/n12345,ver1.07"
OUTPUT_QUEUE = 256  # bytes


class SR830(AutoPanel):
    """SR830 on GPIB; starts with the set-up that the lock-in was left with."""

    commands = CommandTable()
    input_overflow = 1

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._memory: dict[int, Setup] = {}
        self._answers_on_gpib = True

    def parse(self, statement: str) -> tuple[str, list[str]]:
        text = "".join(statement.split()).upper()
        end = 5 if text[4:5] == "?" else 4
        return text[:end], text[end:].split(",")

    def run(self, steps: tuple[Step, ...], port: Port) -> None:
        if len(steps) > 1:
            for step in steps:
                self.run((step,), port)
            return
        self._store()
        if self._gaining:
            self._wait(steps, port)
            return
        if not self._answers_on_gpib:
            port = Port(self)  # the answers leave through the other connector
        self._asked = port
        super().run(steps, port)
        if len(port.out) > 4 and sum(map(len, port.out)) > OUTPUT_QUEUE:
            port.out.clear()
            self._event |= OUTPUT_OVERFLOW

    def serial_poll(self, waiting: bool) -> int:
        self._store()
        status = (0 if self._buffer.in_progress else 1) | (0 if self._gaining else 2) | (16 if waiting else 0)
        if self._lockin_status() & self._enable["LIAE"]:
            status |= 8
        if self._event & self._enable["*ESE"]:
            status |= 32
        return status | (64 if status & self._enable["*SRE"] else 0)

    # Set-up and interface

    @commands.command("*IDN?")
    def identify(self) -> str:
        return IDENTITY

    @commands.command("*RST")
    def reset(self) -> None:
        self._obey(Setup())
        self._buffer.reset()
        self._fast = 0
        self._tune_buffer()

    def lose_settings(self) -> None:
        """As with a dead memory battery; with a good one the instrument would come back as it was."""
        self._obey(Setup())

    @commands.command("SSET", takes=(integer(1, 9),))
    def save(self, slot: int) -> None:
        self._memory[slot] = self._setup

    @commands.command("RSET", takes=(integer(1, 9),))
    def recall(self, slot: int) -> None:
        if slot not in self._memory:
            raise Refused(Fault.OUT_OF_RANGE)
        self._obey(self._memory[slot])
        self._tune_buffer()

    @commands.command("OUTX", takes=(integer(0, 1),))
    def choose_interface(self, gpib: int) -> None:
        self._answers_on_gpib = bool(gpib)

    @commands.command("OUTX?")
    def read_interface(self) -> str:
        return str(int(self._answers_on_gpib))

    # Status

    @commands.command("*CLS")
    def clear_status(self) -> None:
        self._event = self._lias = self._lockin.overload = 0

    @commands.command("LIAS?", takes=(Optional(integer(0, 7)),))
    def read_lockin_status(self, bit: int | None = None) -> str:
        value = self._lockin_status()
        left = 0 if bit is None else ~(1 << bit)
        self._lias &= left
        self._lockin.overload &= left
        return bit_or_all(value, bit)

    def _set_enable(self, name: str, value: int, on: int | None = None) -> None:
        """One number sets the whole byte; a bit number and 0 or 1 set that bit."""
        if on is None:
            self._enable[name] = value
        elif value > 7 or on > 1:
            raise Refused(Fault.OUT_OF_RANGE)
        else:
            self._enable[name] = self._enable[name] & ~(1 << value) | on << value


for _name in ENABLES:
    SR830.commands.add(_name, SR830._set_enable, integer(0, 255), Optional(integer(0, 255)), preset=(_name,))
    SR830.commands.add(f"{_name}?", SR830._read_enable, Optional(integer(0, 7)), preset=(_name,))
for _part in (StanfordPanel, InputPanel, OutputPanel, BufferPanel, AutoPanel):
    SR830.commands.entries.update(_part.commands.entries)
