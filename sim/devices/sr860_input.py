"""The signal path of an SR860: reference, sine output, input, scale and filter, and the overloads they can have.

The readings are those behind the filter: the scale (SCAL) is taken to belong to the analogue outputs alone, so that
more than it holds raises overload bits and changes no reading. In current mode the outputs read zero, because the
laboratory's wires end at the voltage inputs. RSRC 1 locks to a function generator when the laboratory has one;
otherwise, and with RSRC 2 and 3, the reference reads as unlocked. The dc offset (SOFF) is the fifth of the lock-in's dc
outputs, behind the four auxiliary ones.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from coldfinger.sim.devices.sr860_setup import LOWEST_AMPLITUDE, RANGES, SCALES, TIME_CONSTANTS, Setup
from coldfinger.sim.devices.sr860_words import ANGLES, HERTZ, OFF_ON, VOLTS, choice, number, quantity, rounded
from coldfinger.sim.devices.stanford import StanfordPanel, nearest, wrapped
from coldfinger.sim.generator import DrivenLockin
from coldfinger.sim.lockin import INPUT, OUTPUT, OVER_RANGE, UNLOCK
from coldfinger.sim.scpi import CommandTable, Fault, Refused, integer

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

AMPLITUDE_DIGITS = 3  # of SLVL, or 1 nV, whichever is coarser (data sheet)
SYNC_BELOW = 4e3  # Hz of detection frequency, assumed limit of the synchronous filter
STRENGTHS = (0.1, 0.3, 0.6, 1.0)  # of the input range, assumed steps of ILVL 1 to 4
BANDWIDTHS = (1 / 4, 1 / 8, 3 / 32, 5 / 64)  # equivalent noise bandwidth times time constant, of OFSL 0 to 3
CH1_OVERLOAD, CH2_OVERLOAD, RANGE_OVERLOAD, SYNC_TOO_FAST = 1, 2, 16, 32  # LIAS bits beside UNLOCK


class InputPanel(StanfordPanel):
    """What the front panel knows of its signal path; starts with the set-up that the lock-in was left with."""

    commands = CommandTable()
    highest_frequency: ClassVar[float] = 500e3  # Hz

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        lockin = self._lockin
        self._obey(
            Setup(
                frequency=lockin.frequency,
                amplitude=min(lockin.amplitude, 2.0),
                phase=lockin.phase,
                harmonic=min(lockin.harmonic, 99),
                difference=int(not lockin.single_ended),
                dc_coupled=int(not lockin.ac_coupled),
                scale=nearest(SCALES, lockin.sensitivity),
                time_constant=nearest(TIME_CONSTANTS, lockin.time_constant),
                slope=lockin.poles - 1,
                sync=int(lockin.sync),
            )
        )

    def _obey(self, setup: Setup) -> None:
        """Take over a set-up; tell the lock-in."""
        self._setup = setup
        lockin = self._lockin
        lockin.frequency, lockin.amplitude = setup.frequency, setup.amplitude
        lockin.phase, lockin.harmonic = setup.phase, setup.harmonic
        lockin.ac_coupled = not setup.dc_coupled
        lockin.single_ended = not setup.difference
        lockin.sensitivity = SCALES[setup.scale]
        lockin.time_constant = TIME_CONSTANTS[setup.time_constant]
        lockin.poles = setup.slope + 1
        fast = setup.frequency * setup.harmonic > SYNC_BELOW
        lockin.sync = bool(setup.sync) and not fast
        if setup.sync and fast:
            self._lias |= SYNC_TOO_FAST
        lockin.dc_outputs = [*setup.aux_outputs, setup.offset]
        if isinstance(lockin, DrivenLockin):
            lockin.follows = setup.reference == 1

    def _external_frequency(self) -> float | None:
        """Hz at the reference input, None when nothing is plugged in."""
        return self._lockin.generator.frequency if isinstance(self._lockin, DrivenLockin) else None

    def _reference_frequency(self) -> float | None:
        """Hz that the detection is locked to, None when it is not; two references at a time are never there."""
        if self._setup.reference == 0:
            return self._setup.frequency
        return self._external_frequency() if self._setup.reference == 1 else None

    def _input(self) -> complex:
        """What is behind the filter, V rms."""
        if self._setup.current:
            return 0j
        lockin, now = self._lockin, self._cryostat.now
        return lockin._filtered(now) + lockin._ripple(now) + complex(*lockin.output_offset)

    def _set(self, name: str, value: int) -> None:
        changed: dict[str, Any] = {name: value}
        self._obey(replace(self._setup, **changed))

    def _read(self, name: str) -> str:
        value = getattr(self._setup, name)
        return number(value) if isinstance(value, float) else str(value)

    # Overloads

    def _overloaded(self) -> int:
        """Live overload bits, numbered as in CUROVLDSTAT."""
        signal, limit = self._input(), OVER_RANGE * SCALES[self._setup.scale]
        channels = self._setup.kept_each["COUT"]
        first = abs(signal) if channels[0] else abs(signal.real)
        bits = CH1_OVERLOAD if first > limit else 0
        if not channels[1] and abs(signal.imag) > limit:
            bits |= CH2_OVERLOAD
        if self._lockin.unlocked or self._reference_frequency() is None:
            bits |= UNLOCK
        if math.sqrt(2.0) * abs(signal) > RANGES[self._setup.range]:
            bits |= RANGE_OVERLOAD
        for place, shown in enumerate(self._setup.traces):
            if shown < 3 and abs((signal.real, signal.imag, abs(signal))[shown]) > limit:
                bits |= 256 << place
        return bits

    def _latched(self) -> int:
        seen = self._lockin.overload
        bits = self._overloaded()
        if seen & OUTPUT and not bits & (CH1_OVERLOAD | CH2_OVERLOAD):
            bits |= CH1_OVERLOAD  # it was one of the two and is over
        if seen & INPUT:
            bits |= RANGE_OVERLOAD
        bits |= seen & UNLOCK
        return self._lias | bits

    # Reference and sine output

    @commands.command("FREQ", takes=(quantity(1e-3, 4e6, HERTZ),))
    def set_frequency(self, frequency: float) -> None:
        if self._setup.reference == 1:
            raise Refused(Fault.OUT_OF_RANGE)
        self.set_internal_frequency(frequency)

    @commands.command("FREQINT", takes=(quantity(1e-3, 4e6, HERTZ),))
    def set_internal_frequency(self, frequency: float) -> None:
        if frequency * self._setup.harmonic > self.highest_frequency:
            raise Refused(Fault.OUT_OF_RANGE)
        self._obey(replace(self._setup, frequency=rounded(frequency, 6, 1e-4)))

    @commands.command("FREQ?")
    def read_frequency(self) -> str:
        external = self._setup.reference == 1
        return number((self._external_frequency() or 0.0) if external else self._setup.frequency)

    @commands.command("FREQEXT?")
    def read_external_frequency(self) -> str:
        return number(self._external_frequency() or 0.0)

    @commands.command("FREQDET?")
    def read_detection_frequency(self) -> str:
        return number((self._reference_frequency() or 0.0) * self._setup.harmonic)

    @commands.command("HARM", takes=(integer(1, 99),))
    def set_harmonic(self, harmonic: int) -> None:
        if harmonic * self._setup.frequency > self.highest_frequency:
            raise Refused(Fault.OUT_OF_RANGE)
        self._obey(replace(self._setup, harmonic=harmonic))

    @commands.command("PHAS", takes=(quantity(-360000.0, 360000.0, ANGLES),))
    def set_phase(self, phase: float) -> None:
        self._obey(replace(self._setup, phase=wrapped(round(phase, 6))))

    @commands.command("SLVL", takes=(quantity(0.0, 2.0, VOLTS),))
    def set_amplitude(self, amplitude: float) -> None:
        self._obey(replace(self._setup, amplitude=max(rounded(amplitude, AMPLITUDE_DIGITS, 1e-9), LOWEST_AMPLITUDE)))

    @commands.command("SOFF", takes=(quantity(-5.0, 5.0, VOLTS),))
    def set_offset(self, offset: float) -> None:
        self._obey(replace(self._setup, offset=round(offset, 4)))

    @commands.command("TBSTAT?")
    def read_timebase(self) -> str:
        """The internal one: nothing is plugged in."""
        return "1"

    # Input, scale and filter

    @commands.command("IRNG", takes=(choice("1Volt", "300Mvolt", "100Mvolt", "30Mvolt", "10Mvolt"),))
    def set_range(self, index: int) -> None:
        if not self._lockin.range_stuck:
            self._obey(replace(self._setup, range=index))

    @commands.command("SCAL", takes=(integer(0, 27),))
    def set_scale(self, index: int) -> None:
        if not self._lockin.range_stuck:
            self._obey(replace(self._setup, scale=index))

    @commands.command("ENBW?")
    def read_bandwidth(self) -> str:
        return number(BANDWIDTHS[self._setup.slope] / TIME_CONSTANTS[self._setup.time_constant])

    @commands.command("ILVL?")
    def read_strength(self) -> str:
        part = math.sqrt(2.0) * abs(self._input()) / RANGES[self._setup.range]
        return str(sum(part > step for step in STRENGTHS))


_READABLE = {"HARM": "harmonic", "PHAS": "phase", "SLVL": "amplitude", "SOFF": "offset", "FREQINT": "frequency"}
_READABLE |= {"IRNG": "range", "SCAL": "scale"}
_INDEXED: dict[str, tuple[str, Callable[[str], Any]]] = {
    "RSRC": ("reference", choice("INT", "EXT", "DUAL", "CHOP")),
    "IVMD": ("current", choice("VOLTage", "CURRent")),
    "ISRC": ("difference", choice("A", "A-B")),
    "ICPL": ("dc_coupled", choice("AC", "DC")),
    "OFLT": ("time_constant", integer(0, 21)),
    "OFSL": ("slope", integer(0, 3)),
    "SYNC": ("sync", OFF_ON),
}
for _name, (_attribute, _parameter) in _INDEXED.items():
    InputPanel.commands.add(_name, InputPanel._set, _parameter, preset=(_attribute,))
    _READABLE[_name] = _attribute
for _name, _attribute in _READABLE.items():
    InputPanel.commands.add(f"{_name}?", InputPanel._read, preset=(_attribute,))
