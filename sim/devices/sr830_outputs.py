"""What an SR830 shows and gives out: outputs, displays, offsets, auxiliary outputs.

Not simulated: noise displays (read zero), signals at the auxiliary inputs.
"""

from dataclasses import replace

from coldfinger.sim.devices.sr830_input import InputPanel
from coldfinger.sim.devices.sr830_setup import number
from coldfinger.sim.scpi import CommandTable, Optional, integer, real


class OutputPanel(InputPanel):
    """What the front panel knows of its outputs."""

    commands = CommandTable()

    @commands.command("OUTP?", takes=(integer(1, 4),))
    def read_output(self, which: int) -> str:
        percent = self._setup.offsets[which - 1][0] if which < 4 else 0.0
        if which < 3 and not percent:
            return number(self._signal()[which - 1])  # most readings are this one
        return number(self._outputs()[which - 1])

    @commands.command("OUTR?", takes=(integer(1, 2),))
    def read_display(self, channel: int) -> str:
        return number(self._displays()[channel - 1])

    def _displays(self, time: float | None = None) -> tuple[float, float]:
        """What CH1 and CH2 show."""
        outputs = self._outputs(time)
        first, second = (shown for shown, _ratio in self._setup.displays)
        return (
            outputs[0] if first == 0 else outputs[2] if first == 1 else 0.0,
            outputs[1] if second == 0 else outputs[3] if second == 1 else 0.0,
        )

    @commands.command("SNAP?", takes=(integer(1, 11), integer(1, 11), *(Optional(integer(1, 11)),) * 4))
    def snapshot(self, *wanted: int) -> str:
        x, y, r, theta = self._outputs()
        values: tuple[float, ...] = (x, y, r, theta, 0.0, 0.0, 0.0, 0.0, self._setup.frequency)
        values += self._displays()
        return ",".join(number(values[i - 1]) for i in wanted)

    # Offsets and displays

    @commands.command("OEXP", takes=(integer(1, 3), real(-105.0, 105.0), integer(0, 2)))
    def set_offset(self, which: int, percent: float, expand: int) -> None:
        offsets = list(self._setup.offsets)
        offsets[which - 1] = (round(percent, 2), expand)
        self._obey(replace(self._setup, offsets=tuple(offsets)))

    @commands.command("OEXP?", takes=(integer(1, 3),))
    def read_offset(self, which: int) -> str:
        percent, expand = self._setup.offsets[which - 1]
        return f"{number(percent)},{expand}"

    @commands.command("DDEF", takes=(integer(1, 2), integer(0, 4), integer(0, 2)))
    def set_display(self, channel: int, shown: int, ratio: int) -> None:
        displays = list(self._setup.displays)
        displays[channel - 1] = (shown, ratio)
        self._obey(replace(self._setup, displays=tuple(displays)))

    @commands.command("DDEF?", takes=(integer(1, 2),))
    def read_display_setting(self, channel: int) -> str:
        shown, ratio = self._setup.displays[channel - 1]
        return f"{shown},{ratio}"

    # Auxiliary inputs and outputs

    @commands.command("OAUX?", takes=(integer(1, 4),))
    def read_aux_input(self, which: int) -> str:
        return number(0.0)

    @commands.command("AUXV", takes=(integer(1, 4), real(-10.5, 10.5)))
    def set_aux_output(self, which: int, volts: float) -> None:
        outputs = list(self._setup.aux_outputs)
        outputs[which - 1] = round(volts, 3)
        self._obey(replace(self._setup, aux_outputs=tuple(outputs)))

    @commands.command("AUXV?", takes=(integer(1, 4),))
    def read_aux_output(self, which: int) -> str:
        return number(self._setup.aux_outputs[which - 1])
