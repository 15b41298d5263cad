"""What an SR860 shows and gives out: the seventeen signals, data channels, offsets, auxiliary outputs, auto functions.

Not simulated: signals at the auxiliary inputs, noise readings (zero), ratio mode, busy times of the auto functions.
"""

import math
from dataclasses import replace

from coldfinger.sim.devices.sr860_input import InputPanel
from coldfinger.sim.devices.sr860_setup import RANGES, SCALES
from coldfinger.sim.devices.sr860_words import (
    AUX_OUTPUT,
    AXIS,
    OFF_ON,
    SIGNAL,
    TRACE,
    VOLTS,
    choice,
    number,
    quantity,
    replaced,
)
from coldfinger.sim.devices.stanford import wrapped
from coldfinger.sim.scpi import CommandTable, Optional, real


class OutputPanel(InputPanel):
    """What the front panel knows of its outputs."""

    commands = CommandTable()

    def _outputs(self) -> tuple[float, float, float, float]:
        """X, Y, R (V, offsets subtracted) and theta (degrees)."""
        signal, setup = self._input(), self._setup
        values = [signal.real, signal.imag, abs(signal)]
        for place, percent in enumerate(setup.percents):
            if setup.offsets_on[place]:
                values[place] -= 0.01 * percent * SCALES[setup.scale]
        return values[0], values[1], values[2], math.degrees(math.atan2(signal.imag, signal.real))

    def _value(self, which: int) -> float:
        """One of the seventeen signals of OUTP, SNAP and CDSP."""
        if which < 4:
            return self._outputs()[which]
        setup = self._setup
        rest = (setup.phase, setup.amplitude, setup.offset, setup.frequency, self._external_frequency() or 0.0)
        return (*(0.0,) * 6, *setup.aux_outputs[:2], *rest)[which - 4]

    @commands.command("OUTP?", takes=(SIGNAL,))
    def read_output(self, which: int) -> str:
        return number(self._value(which))

    @commands.command("SNAP?", takes=(SIGNAL, SIGNAL, Optional(SIGNAL)))
    def snapshot(self, *wanted: int) -> str:
        return ",".join(number(self._value(which)) for which in wanted)

    @commands.command("SNAPD?")
    def snapshot_of_screen(self) -> str:
        return self.snapshot(*self._setup.traces)

    @commands.command("OUTR?", takes=(TRACE,))
    def read_trace(self, trace: int) -> str:
        return number(self._value(self._setup.traces[trace]))

    @commands.command("CDSP", takes=(TRACE, SIGNAL))
    def set_trace(self, trace: int, shown: int) -> None:
        self._obey(replace(self._setup, traces=replaced(self._setup.traces, trace, shown)))

    @commands.command("CDSP?", takes=(TRACE,))
    def read_trace_setting(self, trace: int) -> str:
        return str(self._setup.traces[trace])

    # Offsets

    @commands.command("COFP", takes=(AXIS, real(-999.99, 999.99)))
    def set_percent(self, axis: int, percent: float) -> None:
        self._obey(replace(self._setup, percents=replaced(self._setup.percents, axis, round(percent, 2))))

    @commands.command("COFP?", takes=(AXIS,))
    def read_percent(self, axis: int) -> str:
        return number(self._setup.percents[axis])

    @commands.command("COFA", takes=(AXIS, OFF_ON))
    def switch_offset(self, axis: int, on: int) -> None:
        self._obey(replace(self._setup, offsets_on=replaced(self._setup.offsets_on, axis, on)))

    @commands.command("COFA?", takes=(AXIS,))
    def read_offset_switch(self, axis: int) -> str:
        return str(self._setup.offsets_on[axis])

    # Auxiliary inputs and outputs

    @commands.command("AUXV", takes=(AUX_OUTPUT, quantity(-10.5, 10.5, VOLTS)))
    def set_aux_output(self, which: int, volts: float) -> None:
        self._obey(replace(self._setup, aux_outputs=replaced(self._setup.aux_outputs, which, round(volts, 3))))

    @commands.command("AUXV?", takes=(AUX_OUTPUT,))
    def read_aux_output(self, which: int) -> str:
        return number(self._setup.aux_outputs[which])

    @commands.command("OAUX?", takes=(choice("IN1", "IN2", "IN3", "IN4"),))
    def read_aux_input(self, which: int) -> str:
        return number(0.0)

    # Auto functions

    @commands.command("APHS")
    def auto_phase(self) -> None:
        turned = self._setup.phase + self._outputs()[3]
        self._obey(replace(self._setup, phase=wrapped(round(turned, 6))))

    @commands.command("ARNG")
    def auto_range(self) -> None:
        peak = math.sqrt(2.0) * abs(self._input())
        self.set_range(max(i for i, full in enumerate(RANGES) if full >= 1.1 * peak or i == 0))

    @commands.command("ASCL")
    def auto_scale(self) -> None:
        radius = abs(self._input())
        self.set_scale(max(i for i, full in enumerate(SCALES) if full >= 1.1 * radius or i == 0))

    @commands.command("OAUT", takes=(AXIS,))
    def auto_offset(self, axis: int) -> None:
        signal = self._input()
        percent = 100.0 * (signal.real, signal.imag, abs(signal))[axis] / SCALES[self._setup.scale]
        self.set_percent(axis, min(max(percent, -999.99), 999.99))
        self.switch_offset(axis, 1)
