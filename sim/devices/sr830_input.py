"""The signal path of an SR830: reference, input, gain and filter, as they are set and as the lock-in obeys.

The detection range changes at some 200 Hz, with hysteresis: above it the longest time constant is 30 s and there is no
synchronous filter. In the current modes (ISRC 2, 3) the outputs read zero, because the laboratory's wires end at the
voltage inputs. The external reference is the sync output of a generator at the film; without one FMOD 0 reads as
unlocked.
"""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from coldfinger.sim.devices.sr830_setup import (
    HIGHEST_FREQUENCY,
    SENSITIVITIES,
    TIME_CONSTANTS,
    Setup,
    number,
    rounded_frequency,
)
from coldfinger.sim.devices.stanford import StanfordPanel, nearest, wrapped
from coldfinger.sim.generator import DrivenLockin
from coldfinger.sim.scpi import CommandTable, Fault, Refused, integer, real

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

RANGE_UP, RANGE_DOWN = 203.12, 199.21  # Hz, change of the detection range, with hysteresis
SLOWEST_ABOVE_RANGE = 15  # OFLT index of 30 s

UNLOCK, RANGE_CROSSED, TIME_CONSTANT_CHANGED = 8, 16, 32  # LIAS bits beside the three overloads


class InputPanel(StanfordPanel):
    """What the front panel knows of its signal path; starts with the set-up that the lock-in was left with."""

    commands = CommandTable()

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        lockin = self._lockin
        self._high = lockin.frequency * lockin.harmonic > RANGE_UP
        self._obey(
            Setup(
                frequency=lockin.frequency,
                amplitude=lockin.amplitude,
                phase=lockin.phase,
                harmonic=lockin.harmonic,
                dc_coupled=not lockin.ac_coupled,
                sensitivity=nearest(SENSITIVITIES, lockin.sensitivity),
                time_constant=nearest(TIME_CONSTANTS, lockin.time_constant),
                slope=lockin.poles - 1,
                sync=lockin.sync,
            )
        )

    def _obey(self, setup: Setup) -> None:
        """Take over a set-up after the rules about the detection range; tell the lock-in."""
        detection = setup.frequency * setup.harmonic
        if self._high and detection < RANGE_DOWN:
            self._high = False
            self._lias |= RANGE_CROSSED
        elif not self._high and detection > RANGE_UP:
            self._high = True
            self._lias |= RANGE_CROSSED
            if setup.time_constant > SLOWEST_ABOVE_RANGE:
                setup = replace(setup, time_constant=SLOWEST_ABOVE_RANGE)
            self._lias |= TIME_CONSTANT_CHANGED
            setup = replace(setup, sync=False)
        self._setup = setup
        lockin = self._lockin
        lockin.frequency, lockin.amplitude = setup.frequency, setup.amplitude
        lockin.phase, lockin.harmonic = setup.phase, setup.harmonic
        lockin.ac_coupled = not setup.dc_coupled
        lockin.single_ended = setup.source == 0
        lockin.sensitivity = SENSITIVITIES[setup.sensitivity]
        lockin.time_constant = TIME_CONSTANTS[setup.time_constant]
        lockin.poles = setup.slope + 1
        lockin.sync = setup.sync and not self._high
        lockin.dc_outputs = list(setup.aux_outputs)
        if isinstance(lockin, DrivenLockin):
            lockin.follows = not setup.internal

    def _signal(self, time: float | None = None) -> tuple[float, float]:
        """X and Y (V) as displayed now, or at a time within the last tick."""
        if self._setup.source >= 2:
            return 0.0, 0.0
        return self._lockin.output(self._cryostat.now if time is None else time)

    def _outputs(self, time: float | None = None) -> tuple[float, float, float, float]:
        """X, Y, R (V, offsets subtracted) and theta (degrees)."""
        x, y = self._signal(time)
        full_scale = SENSITIVITIES[self._setup.sensitivity]
        (x_off, _), (y_off, _), (r_off, _) = self._setup.offsets
        theta = math.degrees(math.atan2(y, x))
        radius = math.hypot(x, y)
        return (
            x - 0.01 * x_off * full_scale,
            y - 0.01 * y_off * full_scale,
            radius - 0.01 * r_off * full_scale,
            theta,
        )

    def _lockin_status(self) -> int:
        referenced = self._setup.internal or isinstance(self._lockin, DrivenLockin)
        locked = referenced and not self._lockin.unlocked
        return self._lias | self._lockin.overload | (0 if locked else UNLOCK)

    def _read(self, name: str) -> str:
        value = getattr(self._setup, name)
        return number(value) if isinstance(value, float) else str(int(value))

    # Reference and phase

    @commands.command("PHAS", takes=(real(-360.0, 729.99),))
    def set_phase(self, phase: float) -> None:
        self._obey(replace(self._setup, phase=wrapped(round(phase, 2))))

    @commands.command("FREQ", takes=(real(0.001, HIGHEST_FREQUENCY),))
    def set_frequency(self, frequency: float) -> None:
        if not self._setup.internal or frequency * self._setup.harmonic > HIGHEST_FREQUENCY:
            raise Refused(Fault.OUT_OF_RANGE)
        self._obey(replace(self._setup, frequency=rounded_frequency(frequency)))

    @commands.command("FREQ?")
    def read_frequency(self) -> str:
        """That of the reference, whoever gives it."""
        lockin = self._lockin
        if self._setup.internal or not isinstance(lockin, DrivenLockin):
            return number(self._setup.frequency)
        return number(rounded_frequency(lockin.generator.frequency))

    @commands.command("HARM", takes=(integer(1, 19999),))
    def set_harmonic(self, harmonic: int) -> None:
        largest = int(HIGHEST_FREQUENCY / self._setup.frequency)
        self._obey(replace(self._setup, harmonic=min(harmonic, largest)))

    @commands.command("SLVL", takes=(real(0.004, 5.0),))
    def set_amplitude(self, amplitude: float) -> None:
        self._obey(replace(self._setup, amplitude=0.002 * round(amplitude / 0.002)))

    @commands.command("FMOD", takes=(integer(0, 1),))
    def set_reference(self, internal: int) -> None:
        self._obey(replace(self._setup, internal=bool(internal)))

    # Input, gain and filter

    @commands.command("ISRC", takes=(integer(0, 3),))
    def set_source(self, source: int) -> None:
        self._obey(replace(self._setup, source=source))

    @commands.command("ICPL", takes=(integer(0, 1),))
    def set_coupling(self, dc: int) -> None:
        self._obey(replace(self._setup, dc_coupled=bool(dc)))

    @commands.command("SENS", takes=(integer(0, 26),))
    def set_sensitivity(self, index: int) -> None:
        if self._lockin.range_stuck:
            return
        self._obey(replace(self._setup, sensitivity=index))

    @commands.command("OFLT", takes=(integer(0, 19),))
    def set_time_constant(self, index: int) -> None:
        if self._high and index > SLOWEST_ABOVE_RANGE:
            raise Refused(Fault.OUT_OF_RANGE)
        self._obey(replace(self._setup, time_constant=index))

    @commands.command("OFSL", takes=(integer(0, 3),))
    def set_slope(self, index: int) -> None:
        self._obey(replace(self._setup, slope=index))

    @commands.command("SYNC", takes=(integer(0, 1),))
    def set_sync(self, on: int) -> None:
        self._obey(replace(self._setup, sync=bool(on)))


_READABLE = {
    "PHAS": "phase",
    "HARM": "harmonic",
    "SLVL": "amplitude",
    "FMOD": "internal",
    "ISRC": "source",
    "ICPL": "dc_coupled",
    "SENS": "sensitivity",
    "OFLT": "time_constant",
    "OFSL": "slope",
    "SYNC": "sync",
}
for _name, _attribute in _READABLE.items():
    InputPanel.commands.add(f"{_name}?", InputPanel._read, preset=(_attribute,))
