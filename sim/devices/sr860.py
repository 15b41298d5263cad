"""Front panels of the Stanford Research Systems SR860, SR865 and SR865A lock-in amplifiers.

Source: SR860 manual, chapter 4 (programming); tables and status bits as the maker's own Python driver has them.
Simulated, over the cryostat's lock-in: reference, sine output with its dc offset, input, scale and filter
(`sr860_input`), outputs, data channels, auxiliary outputs and auto functions (`sr860_outputs`), the capture buffer
(`sr860_capture`, its commands in `sr860_capture_commands`); here the settings that are only kept, the interface, the
latched and the live status bits. Units after a number (FREQ 1 KHZ) and words for an index (RSRC INT) are understood
(`sr860_words`).
Not simulated: streaming, scans, FFT and strip chart, signals at the auxiliary inputs and at the trigger input (*TRG is
the trigger), noise readings (zero), ratio mode, busy times of the auto functions.
"""

import re
from dataclasses import replace
from typing import ClassVar

from coldfinger.sim.devices.sr860_capture_commands import CapturePanel
from coldfinger.sim.devices.sr860_input import InputPanel
from coldfinger.sim.devices.sr860_outputs import OutputPanel
from coldfinger.sim.devices.sr860_setup import KEPT, KEPT_EACH, Setup
from coldfinger.sim.devices.sr860_words import number, replaced
from coldfinger.sim.devices.stanford import ENABLES, StanfordPanel, bit_or_all
from coldfinger.sim.scpi import CommandTable, Fault, Optional, Refused, integer, split

TELNET_GREETING = b"Welcome to the lock-in amplifier\n"  # assumed text; that one line comes is known
OPERATION_COMPLETE = 1
_WHOLE = dict.fromkeys(ENABLES, 255) | {"LIAE": 65535}  # all bits of each enable register

_STATEMENT = re.compile(r":?(\*?[A-Z]+)\s*(\??)(.*)", re.ASCII | re.DOTALL | re.IGNORECASE)


class SR860(CapturePanel):
    """SR860 on GPIB, USB or VXI-11; starts with the set-up that the lock-in was left with."""

    commands = CommandTable()
    input_overflow = 2
    identity: ClassVar[str] = "Stanford_Research_Systems,SR860,003693,V1.51"

    def parse(self, statement: str) -> tuple[str, list[str]]:
        match = _STATEMENT.fullmatch(statement)
        if match is None:
            return statement.upper(), []
        return match[1].upper() + match[2], split(match[3], ",")

    def serial_poll(self, waiting: bool) -> int:
        status = 16 if waiting else 0
        if self._latched() & self._enable["LIAE"]:
            status |= 8
        if self._event & self._enable["*ESE"]:
            status |= 32
        return status | (64 if status & self._enable["*SRE"] else 0)

    # Settings that are only kept

    def _keep(self, name: str, value: float) -> None:
        self._obey(replace(self._setup, kept=self._setup.kept | {name: value}))

    def _kept(self, name: str) -> str:
        return number(self._setup.kept[name])

    def _keep_each(self, name: str, place: int, value: float) -> None:
        changed = {name: replaced(self._setup.kept_each[name], place, value)}
        self._obey(replace(self._setup, kept_each=self._setup.kept_each | changed))

    def _kept_of(self, name: str, place: int) -> str:
        return number(self._setup.kept_each[name][place])

    # Interface

    @commands.command("*IDN?")
    def identify(self) -> str:
        return self.identity

    @commands.command("*RST")
    def reset(self) -> None:
        self._obey(Setup())
        self._clear_capture()

    def lose_settings(self) -> None:
        """As with a lost memory; otherwise the instrument would come back as it was."""
        self.reset()

    @commands.command("*OPC")
    def note_completion(self) -> None:
        self._event |= OPERATION_COMPLETE

    @commands.command("*OPC?")
    def confirm_completion(self) -> str:
        return "1"

    @commands.command("*TST?")
    def test(self) -> str:
        return "0"

    # Status

    @commands.command("*CLS")
    def clear_status(self) -> None:
        self._event = self._lias = self._lockin.overload = 0

    @commands.command("CUROVLDSTAT?")
    def read_overload(self) -> str:
        return str(self._overloaded())

    @commands.command("LIAS?", takes=(Optional(integer(0, 15)),))
    def read_lockin_status(self, bit: int | None = None) -> str:
        value = self._latched()
        if bit is None:
            self._lias = self._lockin.overload = 0
            return str(value)
        self._lias = value & ~(1 << bit)
        self._lockin.overload = 0  # now in the register above
        return bit_or_all(value, bit)

    def _set_enable(self, name: str, value: int, on: int | None = None) -> None:
        """One number sets the whole register; a bit number and 0 or 1 set that bit."""
        if on is None:
            self._enable[name] = value
        elif value > 15 or not _WHOLE[name] >> value:
            raise Refused(Fault.OUT_OF_RANGE)
        else:
            self._enable[name] = self._enable[name] & ~(1 << value) | on << value


class SR860Telnet(SR860):
    """SR860 on its telnet port, which greets with a line."""

    greeting = (TELNET_GREETING,)


class SR865(SR860):
    """The same to 2 MHz."""

    identity = "Stanford_Research_Systems,SR865,002725,v1.34"
    highest_frequency = 2e6


class SR865A(SR860):
    """The same to 4 MHz."""

    identity = "Stanford_Research_Systems,SR865A,002725,v1.34"
    highest_frequency = 4e6


for _name, (_parameter, _) in KEPT.items():
    SR860.commands.add(_name, SR860._keep, _parameter, preset=(_name,))
    SR860.commands.add(f"{_name}?", SR860._kept, preset=(_name,))
for _name, (_which, _, _parameter, _each) in KEPT_EACH.items():
    SR860.commands.add(_name, SR860._keep_each, _which, _parameter, preset=(_name,))
    SR860.commands.add(f"{_name}?", SR860._kept_of, _which, preset=(_name,))
for _name, _all in _WHOLE.items():
    SR860.commands.add(_name, SR860._set_enable, integer(0, _all), Optional(integer(0, 1)), preset=(_name,))
    SR860.commands.add(f"{_name}?", SR860._read_enable, Optional(integer(0, 15)), preset=(_name,))
for _part in (StanfordPanel, InputPanel, OutputPanel, CapturePanel):
    SR860.commands.entries.update(_part.commands.entries)
