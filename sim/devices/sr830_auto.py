"""The auto functions of an SR830; AGAN takes its time, and holds all later commands until it is done."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from coldfinger.sim.devices.sr830_buffer_commands import BufferPanel
from coldfinger.sim.devices.sr830_setup import SENSITIVITIES, TIME_CONSTANTS
from coldfinger.sim.devices.stanford import wrapped
from coldfinger.sim.scpi import CommandTable, Port, Step, integer

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

AUTO_GAIN_SLOWEST = 10  # OFLT index of 1 s: AGAN does nothing above
AUTO_GAIN_WAIT = 10.0  # time constants between two looks of AGAN
COMMANDS_WAITING = 64  # while AGAN runs; about an input buffer full


class AutoPanel(BufferPanel):
    """What the front panel does by itself."""

    commands = CommandTable()

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._gaining = False
        self._waiting: list[tuple[tuple[Step, ...], Port]] = []

    @commands.command("APHS")
    def auto_phase(self) -> None:
        x, y = self._signal()
        turned = self._setup.phase + math.degrees(math.atan2(y, x))
        self._obey(replace(self._setup, phase=wrapped(round(turned, 2))))

    @commands.command("ARSV")
    def auto_reserve(self) -> None:
        """The lowest reserve never overloads here, so it is what the instrument finds."""
        self._keep("RMOD", 2)

    @commands.command("AOFF", takes=(integer(1, 3),))
    def auto_offset(self, which: int) -> None:
        x, y = self._signal()
        percent = 100.0 * (x, y, math.hypot(x, y))[which - 1] / SENSITIVITIES[self._setup.sensitivity]
        self.set_offset(which, min(max(percent, -105.0), 105.0), self._setup.offsets[which - 1][1])

    # Auto gain

    @commands.command("AGAN")
    def auto_gain(self) -> None:
        if self._setup.time_constant <= AUTO_GAIN_SLOWEST:
            self._gaining = True
            self._look_again()

    def _look_again(self) -> None:
        self._looks_at = self._cryostat.now + AUTO_GAIN_WAIT * TIME_CONSTANTS[self._setup.time_constant]
        self._set_due()

    def act(self) -> None:
        self._store()
        if self._looks_at <= self._cryostat.now:
            self._look()
        self._set_due()

    def _look(self) -> None:
        """One look of AGAN: settle, then choose; done when the choice is what was there."""
        self._looks_at = math.inf
        wanted = self._fitting_sensitivity()
        if wanted != self._setup.sensitivity:
            self._obey(replace(self._setup, sensitivity=wanted))
            self._look_again()
            return
        self._gaining = False
        waiting, self._waiting = self._waiting, []
        for steps, port in waiting:
            self.run(steps, port)

    def _fitting_sensitivity(self) -> int:
        radius, now = math.hypot(*self._signal()), self._setup.sensitivity
        if radius > SENSITIVITIES[now]:
            return min(now + 1, len(SENSITIVITIES) - 1)
        fitting = next(i for i, full_scale in enumerate(SENSITIVITIES) if full_scale >= 1.1 * radius or i == 26)
        return min(fitting, now)

    def _wait(self, steps: tuple[Step, ...], port: Port) -> None:
        if len(self._waiting) < COMMANDS_WAITING:
            self._waiting.append((steps, port))
        else:
            self._waiting.clear()
            self._event |= self.input_overflow
