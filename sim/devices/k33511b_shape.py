"""What a 33511B sends: shape, frequency, phase, polarity, and arbitrary waveforms (`k33511b_waveforms`).

With FUNC ARB the frequency is the sample rate over the number of points.
Not simulated: the built-in arbitrary waveforms and noise (they send nothing that the lock-in detects).
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from coldfinger.sim.devices.k33511b_status import StatusPanel
from coldfinger.sim.devices.k33511b_waveforms import (
    BUILT_IN,
    DEFAULT_RATE,
    FASTEST,
    MISSING,
    SLOWEST,
    Points,
    WaveformMemory,
    converter_points,
    fundamental,
    points,
    waveform_name,
)
from coldfinger.sim.devices.k33511b_words import Wanted, extreme, forms, named, number, wanted
from coldfinger.sim.generator import generator_of
from coldfinger.sim.scpi import CommandTable, Fault, Optional, Refused, real

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

HIGHEST_FREQUENCY = {"SIN": 20e6, "SQU": 20e6, "RAMP": 200e3, "TRI": 200e3, "PULS": 20e6}  # Hz
LOWEST_FREQUENCY = 1e-6
FREQUENCY_CHANGED = (-221, "Settings conflict; frequency changed due to function")

_FUNCTIONS = ("SINusoid", "SQUare", "TRIangle", "RAMP", "PULSe", "PRBS", "NOISe", "ARB", "DC")
_PHASES = {"MIN": -360.0, "MAX": 360.0, "DEF": 0.0}  # degrees
_HERTZ = {"": 1.0, "HZ": 1.0, "UHZ": 1e-6, "KHZ": 1e3, "MHZ": 1e6}


class ShapePanel(StatusPanel):
    """What the front panel knows of its waves. To build one puts the generator at the film."""

    commands = CommandTable(forms)

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__()
        self._source = generator_of(cryostat)
        self._memory = WaveformMemory()
        self._waveform, self._rate, self._shown_frequency = BUILT_IN, DEFAULT_RATE, 1000.0

    def _default_wave(self) -> None:
        """Select the built-in waveform and forget what FUNC ARB was told; the memory stays."""
        self._waveform, self._rate, self._shown_frequency = BUILT_IN, DEFAULT_RATE, 1000.0
        self._play()

    # Shape, frequency, phase

    @commands.command("SOURce1:FUNCtion", "SOURce1:FUNCtion:SHAPe", takes=(named(*_FUNCTIONS),))
    def set_function(self, shape: str) -> None:
        source = self._source
        if (shape == "ARB") != (source.shape == "ARB"):  # the waveform has a frequency of its own
            source.frequency, self._shown_frequency = self._shown_frequency, source.frequency
        source.shape = shape
        self._play()
        highest = HIGHEST_FREQUENCY.get(shape, math.inf)
        if source.frequency > highest:
            source.frequency = highest
            self._complain(*FREQUENCY_CHANGED)

    @commands.command("SOURce1:FUNCtion?", "SOURce1:FUNCtion:SHAPe?")
    def read_function(self) -> str:
        return self._source.shape

    def _frequency_limits(self) -> dict[str, float]:
        highest = HIGHEST_FREQUENCY.get(self._source.shape, 20e6)
        return {"MIN": LOWEST_FREQUENCY, "MAX": highest, "DEF": 1000.0}

    @commands.command("SOURce1:FREQuency", "SOURce1:FREQuency:CW", "SOURce1:FREQuency:FIXed", takes=(wanted,))
    def set_frequency(self, asked: Wanted) -> None:
        limits = self._frequency_limits()
        if asked.unit not in _HERTZ:
            raise Refused(Fault.INVALID_PARAMETER)
        value = limits.get(asked.extreme, asked.value * _HERTZ[asked.unit])
        self._source.frequency = round(self._clipped(value, limits["MIN"], limits["MAX"]), 6)
        if self._source.shape == "ARB" and self._waveform in self._memory.waves:
            self._rate = self._source.frequency * len(self._memory.waves[self._waveform])

    @commands.command(
        "SOURce1:FREQuency?", "SOURce1:FREQuency:CW?", "SOURce1:FREQuency:FIXed?", takes=(Optional(extreme),)
    )
    def read_frequency(self, limit: str = "") -> str:
        return number(self._frequency_limits().get(limit, self._source.frequency))

    @commands.command("SOURce1:PHASe", "SOURce1:PHASe:ADJust", takes=(wanted,))
    def set_phase(self, asked: Wanted) -> None:
        if asked.unit not in ("", "DEG"):
            raise Refused(Fault.INVALID_PARAMETER)
        self._source.phase = self._clipped(_PHASES.get(asked.extreme, asked.value), -360.0, 360.0)

    @commands.command("SOURce1:PHASe?", "SOURce1:PHASe:ADJust?", takes=(Optional(extreme),))
    def read_phase(self, limit: str = "") -> str:
        return number(_PHASES.get(limit, self._source.phase))

    @commands.command("PHASe:SYNChronize", "SOURce1:PHASe:SYNChronize")
    def synchronize(self) -> None:
        """One channel is always in step with itself."""

    @commands.command("OUTPut1:POLarity", takes=(named("NORMal", "INVerted"),))
    def set_polarity(self, polarity: str) -> None:
        """The wave is turned round its offset."""
        self._source.inverted = polarity == "INV"

    @commands.command("OUTPut1:POLarity?")
    def read_polarity(self) -> str:
        return "INV" if self._source.inverted else "NORM"

    # Arbitrary waveforms

    def _play(self) -> None:
        """Let the output stage know the selected waveform; its frequency follows from the sample rate."""
        wave = self._memory.waves.get(self._waveform)
        if wave is None:
            self._source.waveform = (0.0, 0.0, 0.0)
            return
        self._source.waveform = (*fundamental(wave), float(np.mean(wave)))
        if self._source.shape == "ARB":
            self._source.frequency = self._rate / len(wave)

    def _keep_wave(self, name: str, wave: Points) -> None:
        wrong = self._memory.load(name, wave)
        if wrong is not None:
            self._complain(*wrong)

    @commands.command("SOURce1:DATA:ARBitrary", takes=(waveform_name, points))
    def load_points(self, name: str, wave: Points) -> None:
        self._keep_wave(name, wave)

    @commands.command("SOURce1:DATA:ARBitrary:DAC", takes=(waveform_name, converter_points))
    def load_converter_points(self, name: str, wave: Points) -> None:
        self._keep_wave(name, wave)

    @commands.command("SOURce1:DATA:VOLatile:CLEar")
    def clear_waveforms(self) -> None:
        """All of them; the built-in one is selected then."""
        self._memory = WaveformMemory()
        self._waveform = BUILT_IN
        self._play()

    @commands.command("SOURce1:DATA:VOLatile:CATalog?")
    def list_waveforms(self) -> str:
        return ",".join(f'"{name}"' for name in (BUILT_IN, *self._memory.waves))

    @commands.command("SOURce1:DATA:VOLatile:FREE?")
    def read_free_memory(self) -> str:
        return f"{self._memory.free:+d}"

    @commands.command("SOURce1:FUNCtion:ARBitrary", takes=(waveform_name,))
    def select_waveform(self, name: str) -> None:
        """Which waveform FUNC ARB sends; it does not switch to it."""
        if name != BUILT_IN and name not in self._memory.waves:
            self._complain(*MISSING)
            return
        self._waveform = name
        self._play()

    @commands.command("SOURce1:FUNCtion:ARBitrary?")
    def read_waveform(self) -> str:
        return f'"{self._waveform}"'

    @commands.command("SOURce1:FUNCtion:ARBitrary:SRATe", takes=(real(),))
    def set_sample_rate(self, rate: float) -> None:
        self._rate = self._clipped(rate, SLOWEST, FASTEST)
        self._play()

    @commands.command("SOURce1:FUNCtion:ARBitrary:SRATe?")
    def read_sample_rate(self) -> str:
        return number(self._rate)
