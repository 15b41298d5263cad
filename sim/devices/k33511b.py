"""Front panel of the Keysight (Agilent) 33511B function generator.

Source: 33500 series operating and service guide, chapter on SCPI.
Simulated, over the generator at the film's series resistor: shape, frequency, phase, polarity and arbitrary waveforms
in the volatile memory (`k33511b_shape`, `k33511b_waveforms`), amplitude, offset, levels and expected load
(`k33511b_levels`), the queue of 20 errors (`k33511b_status`); here how a line is read, and the output's switch.
Kept and answered only: symmetry, duty cycle, pulse width, sync output, trigger, burst and frequency mode.
Not simulated: sweep, bursts, modulation, the built-in arbitrary waveforms and noise (they send nothing that the lock-in
detects), waveforms as binary blocks, voltage limits.
"""

from typing import TYPE_CHECKING

from coldfinger.sim.devices.k33511b_levels import LevelPanel
from coldfinger.sim.devices.k33511b_shape import ShapePanel
from coldfinger.sim.devices.k33511b_status import StatusPanel
from coldfinger.sim.devices.k33511b_words import forms, named, number, on_or_off
from coldfinger.sim.scpi import CommandTable, Parameter, Step, real

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

LONGEST_LINE = 1 << 17  # bytes; a waveform is one line, of some 15 000 points at most here
_REMEMBERED_LINE = 256  # bytes; longer lines are not worth remembering

# Kept and answered only: what each takes, and what it is after *RST.
_KEPT: dict[str, tuple[Parameter, float | str]] = {
    "SOURce1:FUNCtion:RAMP:SYMMetry": (real(0.0, 100.0), 100.0),
    "SOURce1:FUNCtion:SQUare:DCYCle": (real(0.01, 99.99), 50.0),
    "SOURce1:FUNCtion:PULSe:WIDTh": (real(16e-9, 1e6), 1e-4),
    "SOURce1:FUNCtion:PULSe:PERiod": (real(33e-9, 1e6), 1e-3),
    "SOURce1:FUNCtion:PULSe:DCYCle": (real(0.0, 100.0), 10.0),
    "SOURce1:FUNCtion:ARBitrary:ADVance": (named("TRIGger", "SRATe"), "SRAT"),
    "SOURce1:FUNCtion:ARBitrary:FILTer": (named("NORMal", "STEP", "OFF"), "STEP"),
    "SOURce1:FREQuency:MODE": (named("CW", "LIST", "SWEep", "FIXed"), "CW"),
    "SOURce1:BURSt:STATe": (on_or_off, 0),
    "SOURce1:BURSt:MODE": (named("TRIGgered", "GATed"), "TRIG"),
    "SOURce1:BURSt:NCYCles": (real(1.0, 1e8), 1.0),
    "SOURce1:BURSt:PHASe": (real(-360.0, 360.0), 0.0),
    "SOURce1:BURSt:GATE:POLarity": (named("NORMal", "INVerted"), "NORM"),
    "SOURce1:BURSt:INTernal:PERiod": (real(1e-6, 8000.0), 1e-2),
    "TRIGger1:SOURce": (named("IMMediate", "EXTernal", "TIMer", "BUS"), "IMM"),
    "TRIGger1:SLOPe": (named("POSitive", "NEGative"), "POS"),
    "TRIGger1:COUNt": (real(1.0, 1e6), 1.0),
    "TRIGger1:DELay": (real(0.0, 1000.0), 0.0),
    "TRIGger1:TIMer": (real(1e-6, 8000.0), 1.0),
    "OUTPut1:SYNC": (on_or_off, 1),
}
_UPLOADS = {
    spelling for header in ("SOURce1:DATA:ARBitrary", "SOURce1:DATA:ARBitrary:DAC") for spelling in forms(header)
}


class Keysight33511B(LevelPanel):
    """33511B on its socket, LAN or USB; as after *RST when switched on. To build one puts the generator at the film."""

    commands = CommandTable(forms)
    terminators = b"\n"
    reply_end = b"\n"
    joins_answers = True
    line_limit = LONGEST_LINE

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._path = ""  # of the command before, while a line is compiled
        self.reset()

    def parse(self, statement: str) -> tuple[str, list[str]]:
        header, _, rest = statement.replace("\t", " ").partition(" ")
        if "?" in header:
            header, _, more = header.partition("?")
            header, rest = header + "?", more + rest
        header = self._resolved(header.upper())
        if header in _UPLOADS:
            name, _, numbers = rest.partition(",")
            return header, [name.strip(), numbers.strip()]
        return header, [part.strip() for part in rest.split(",")]

    def compile(self, line: bytes) -> tuple[Step, ...]:
        self._path = ""
        steps = super().compile(line)
        if len(line) > _REMEMBERED_LINE:
            del self.programs[line]
        return steps

    def _resolved(self, header: str) -> str:
        """`VOLT:UNIT VPP;OFFS 0`: what follows a semicolon goes on from where the command before it was.

        A header that means nothing there is looked for from the root as well; whether a real unit does so is assumed.
        """
        if header.startswith("*"):
            return header
        relative = self._path + header
        header = relative if relative in self.commands.entries else header.removeprefix(":")
        self._path = header[: header.rfind(":") + 1]
        return header

    # Output and defaults

    @commands.command("OUTPut1", "OUTPut1:STATe", takes=(on_or_off,))
    def switch_output(self, on: bool) -> None:
        self._source.output = on

    @commands.command("OUTPut1?", "OUTPut1:STATe?")
    def read_output(self) -> str:
        return str(int(self._source.output))

    @commands.command("*RST")
    def reset(self) -> None:
        """Sine, 1 kHz, 100 mVpp into an expected 50 ohm, output off."""
        source = self._source
        source.shape, source.peak_to_peak, source.offset = "SIN", 0.2, 0.0
        source.frequency, source.phase, source.inverted, source.output = 1000.0, 0.0, False, False
        self._unit, self._load = "VPP", 50.0
        self._kept = {header: value for header, (_, value) in _KEPT.items()}
        self._default_wave()

    # Settings that are only kept

    def _keep(self, header: str, value: float | str) -> None:
        self._kept[header] = value

    def _read_kept(self, header: str) -> str:
        value = self._kept[header]
        if isinstance(value, str):
            return value
        return number(value) if isinstance(value, float) else str(int(value))


for _header, (_parameter, _) in _KEPT.items():
    Keysight33511B.commands.add(_header, Keysight33511B._keep, _parameter, preset=(_header,))
    Keysight33511B.commands.add(f"{_header}?", Keysight33511B._read_kept, preset=(_header,))
for _part in (StatusPanel, ShapePanel, LevelPanel):
    Keysight33511B.commands.entries.update(_part.commands.entries)
