"""What the roles of source and bias need to know of each model: its sine, its dc output, its words for zero.

The sine of a lock-in and the output of a generator are joined to the film by the series resistor of [wiring]. A dc
source and an auxiliary output have the resistor of [bias]; an offset of the very output that gives the sine shares its
resistor, so it adds no load, and its bias is as small as that resistor makes it.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from coldfinger.instruments.dc_bias import AuxiliaryOutput
from coldfinger.instruments.keysight import GeneratorOffset, Keysight33511B
from coldfinger.instruments.roles import DCBias
from coldfinger.instruments.sr860 import SR860, OffsetMode, SineOffset
from coldfinger.instruments.yokogawa import GS200, RANGES, Function, highest_level
from coldfinger.procedures.laboratory.models import MODELS, offset_wanted
from coldfinger.procedures.laboratory.station_file import StationFile


@dataclass(frozen=True)
class Sine:
    """A sine output: least and largest amplitude and its steps (V rms), and the line that brings it to the least."""

    least: float
    most: float
    step: float
    quiet: str


_SR860 = Sine(1e-9, 2.0, 1e-9, "SLVL 1e-9")
SINES = {
    "SR830": Sine(4e-3, 5.0, 2e-3, "SLVL 0.004"),
    "SR860": _SR860,
    "SR865A": _SR860,
    "Keysight33511B": Sine(*Keysight33511B.SINE_RANGE, Keysight33511B.SINE_STEP, "VOLT MIN"),
}
"""By model, for the role of the source."""

HEATER_OFF = {
    "LakeShore372": ("RANGE 0,0",),
    "LakeShore370": ("HTRRNG 0",),
    "Triton": ("SET:DEV:T5:TEMP:LOOP:MODE:OFF", "SET:DEV:H1:HTR:SIG:POWR:0"),
}
"""Lines that switch a controller's heater off without an answer, by model; channel and heater are the usual ones."""


def by_offset(file: StationFile) -> bool:
    """Whether the bias is a dc offset of the output that gives the sine, and goes through its resistor."""
    name = file.sections["roles"]["bias"]
    return bool(name) and offset_wanted(file.instruments[name]["driver"], file.sections["bias"])


def bias_resistance(file: StationFile) -> float:
    """Resistance (ohm) that turns the voltage of the bias into its current."""
    wiring, bias = file.sections["wiring"], file.sections["bias"]
    if by_offset(file):
        return float(wiring["series_resistance"] + wiring["source_resistance"])
    return float(bias["series_resistance"])


class BiasOutput(DCBias, Protocol):
    """A dc output in the role of the bias."""

    switches: bool  # whether the output can be off, so that it does not load the film
    highest: float  # V

    def prepare(self, volts: float) -> None:
        """Get ready for levels up to `volts`, at zero."""
        ...


class GS200Output:
    """A GS200 as a source of voltage; what it has beside this is that of its driver."""

    switches = True
    highest = 32.0

    def __init__(self, source: GS200) -> None:
        self._source = source

    @property
    def level(self) -> float:
        """Control the level (V)."""
        return float(self._source.level)

    @level.setter
    def level(self, value: float) -> None:
        self._source.level = value

    @property
    def output(self) -> bool:
        """Control whether the output is on (bool)."""
        return bool(self._source.output)

    @output.setter
    def output(self, on: bool) -> None:
        self._source.output = on

    def off(self) -> None:
        """Zero and off at once."""
        self._source.off()

    def prepare(self, volts: float) -> None:
        """A voltage, in the smallest range that holds it."""
        self._source.function = Function.VOLTAGE
        self._source.range = next((r for r in RANGES[Function.VOLTAGE] if volts <= highest_level(r)), 30.0)


class SineOffsetOutput(SineOffset):
    """The dc level of an SR860's sine output: always on, behind the series resistor of the sine."""

    switches = False
    highest = 5.0

    def __init__(self, lockin: SR860) -> None:
        super().__init__(lockin)
        self._common = lockin

    def prepare(self, volts: float) -> None:
        """The level is that of either plug, of which one carries the sine to the film."""
        self._common.sine_offset_mode = OffsetMode.COMMON


class GeneratorOutput(GeneratorOffset):
    """The offset of a generator's sine: there as long as the sine is, behind its series resistor."""

    switches = False
    highest = 9.9

    def prepare(self, volts: float) -> None:
        """There is one range; what the sine leaves of it, the driver knows."""


class LockinOutput(AuxiliaryOutput):
    """An auxiliary output of a lock-in: always on."""

    switches = False
    highest = 10.5

    def prepare(self, volts: float) -> None:
        """There is one range."""


def bias_output(file: StationFile, instrument: Any) -> BiasOutput:
    """The dc output of the instrument in the role of the bias."""
    if by_offset(file):
        return SineOffsetOutput(instrument) if _auxiliary(file) else GeneratorOutput(instrument)
    if _auxiliary(file):
        return LockinOutput(instrument, file.sections["bias"]["auxiliary_output"])
    return GS200Output(instrument)


def quiet_bias(file: StationFile) -> tuple[str, ...]:
    """Lines that bring the bias to zero and off at once; none where there is no bias."""
    if not file.sections["roles"]["bias"]:
        return ()
    if by_offset(file):
        return ("SOFF 0",) if _auxiliary(file) else ("VOLT:OFFS 0",)
    if _auxiliary(file):
        return (f"AUXV {file.sections['bias']['auxiliary_output']},0.000",)
    return "SOUR:LEV 0", "OUTP 0"


def _auxiliary(file: StationFile) -> bool:
    return MODELS[file.instruments[file.sections["roles"]["bias"]]["driver"]].auxiliaries
