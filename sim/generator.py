"""A function generator at the series resistor, in place of the lock-in's own oscillator.

The generator's sine (or the fundamental of another shape) and its direct voltage go through the one resistor into I+.
Its sync output is wired to the lock-in's reference input. A lock-in that follows it measures at the generator's
frequency; one on its internal reference sees the signal only at exactly the same frequency, because both share a 10 MHz
clock.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from coldfinger.sim.lockin import LockinAmplifier

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

_SILENT = 1e-15  # V rms, the amplitude of an output that is off
# V rms of the fundamental for 1 V peak to peak
_FUNDAMENTAL = {
    "SIN": math.sqrt(0.125),
    "SQU": math.sqrt(0.125) * 4.0 / math.pi,
    "TRI": math.sqrt(0.125) * 8.0 / math.pi**2,
    "RAMP": math.sqrt(0.125) * 2.0 / math.pi,
}


class Generator:
    """Output stage; plain attributes belong to the front panel. Volts are those of an open circuit: behind 50 ohm."""

    def __init__(self) -> None:
        self.shape = "SIN"
        self.peak_to_peak = 0.2  # V
        self.offset = 0.0  # V
        self.frequency = 1000.0  # Hz
        self.phase = 0.0  # degrees against the common clock
        self.inverted = False
        self.output = False
        # Of the arbitrary waveform: fundamental (V rms for 1 V peak to peak), its lead (degrees), mean of full scale.
        self.waveform = (0.0, 0.0, 0.0)

    def amplitude(self) -> float:
        """Fundamental (V rms) that reaches the resistor; noise, pulses and direct voltage give none."""
        part = self.waveform[0] if self.shape == "ARB" else _FUNDAMENTAL.get(self.shape, 0.0)
        return self.peak_to_peak * part if self.output else 0.0

    def lead(self) -> float:
        """Phase (degrees) of the fundamental against the common clock."""
        return self.phase + (self.waveform[1] if self.shape == "ARB" else 0.0)

    def level(self) -> float:
        """Direct voltage (V) that reaches the resistor."""
        mean = self.waveform[2] if self.shape == "ARB" else 0.0
        mean *= -0.5 * self.peak_to_peak if self.inverted else 0.5 * self.peak_to_peak
        return self.offset + mean if self.output else 0.0


class DrivenLockin(LockinAmplifier):
    """A lock-in whose film is driven by a generator."""

    generator: Generator
    follows = False  # the reference input instead of the internal oscillator

    def step(self, tick: int, before: tuple[float, float], after: tuple[float, float]) -> None:
        """As without a generator, with its amplitude, frequency and phase in place of the oscillator's."""
        own = self.amplitude, self.frequency, self.phase, self.harmonic
        source = self.generator
        if not self.follows and not math.isclose(self.frequency, source.frequency, rel_tol=1e-12):
            self.harmonic = 2  # detects where the generator sends nothing
        self.amplitude, self.frequency = max(source.amplitude(), _SILENT), source.frequency
        self.phase -= (0.0 if self.follows else source.lead()) + (180.0 if source.inverted else 0.0)
        try:
            super().step(tick, before, after)
        finally:
            self.amplitude, self.frequency, self.phase, self.harmonic = own

    def _mixed(self, time: Any, exp: Callable[[Any], Any]) -> Any:
        own, self.frequency = self.frequency, self.generator.frequency
        try:
            return super()._mixed(time, exp)
        finally:
            self.frequency = own


def generator_of(cryostat: "Cryostat") -> Generator:
    """The generator of a laboratory; the first call puts it there, and the lock-in's own sine goes nowhere then."""
    lockin = cryostat.lockin
    if not isinstance(lockin, DrivenLockin):
        lockin.__class__ = DrivenLockin  # panels that hold the lock-in already go on with the same one
        assert isinstance(lockin, DrivenLockin)
        lockin.generator = generator = Generator()
        other = lockin.bias
        resistance = cryostat.laboratory.wiring.series_resistance

        def bias() -> tuple[float, float]:
            current, load = other()
            return current + generator.level() / resistance, load

        lockin.bias = bias
    return lockin.generator
