"""The commands of an SR830's data buffer (`sr830_buffer`), and the settings that are only kept.

The buffer stores what both displays show at its rate; in the fast mode X and Y leave unasked. A signal at the trigger
input is not simulated: TRIG is the trigger.
"""

import math
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from coldfinger.sim.devices.sr830_buffer import (
    CAPACITY,
    RATES,
    TRIGGERED,
    Packed,
    PointBuffer,
    as_floats,
    as_kept,
    as_text,
)
from coldfinger.sim.devices.sr830_outputs import OutputPanel
from coldfinger.sim.devices.sr830_setup import KEPT, SENSITIVITIES
from coldfinger.sim.scpi import CommandTable, Fault, Refused, integer

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

START_DELAY = 0.5  # s, of STRD
FAST_FULL_SCALE = 30000  # what full scale is in the fast mode
FAST_QUEUE = 63  # pairs of X and Y that wait to be read; one more ends the fast mode
TRIGGERED_BIT = 64  # of LIAS
OUTPUT_OVERFLOW = 4  # *ESR bit
_SOME_POINTS = (integer(1, 2), integer(0, CAPACITY - 1), integer(1, CAPACITY))  # display, first of them, how many


class BufferPanel(OutputPanel):
    """What the front panel knows of its data buffer."""

    commands = CommandTable()

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._buffer = PointBuffer()
        self._fast = 0
        self._asked = self.port  # where the last command came from
        self._looks_at = math.inf  # when AGAN looks again
        self._tune_buffer()

    def _tune_buffer(self) -> None:
        """Let the buffer know its settings."""
        kept = self._setup.kept
        self._buffer.loop = bool(kept["SEND"])
        rate = kept["SRAT"]
        self._buffer.pace(self._cryostat.now, math.inf if rate == TRIGGERED else 1.0 / RATES[rate])
        self._set_due()

    def _store(self) -> None:
        """Keep the points that were due, as the settings are that they fall under."""
        if self._buffer.due <= self._cryostat.now:
            self._buffer.store(self._cryostat.now, self._point)

    def _point(self, time: float) -> tuple[float, float]:
        """What both displays show at a time within the last tick; in the fast mode X and Y leave as well."""
        if self._fast:
            self._send_pair(time)
        return self._displays(time)

    def _send_pair(self, time: float) -> None:
        """X and Y as whole numbers of two bytes, (value - offset) times expand, low byte first (assumed)."""
        out = self._asked.out
        if len(out) >= FAST_QUEUE:
            self._fast = 0
            self._event |= OUTPUT_OVERFLOW
            return
        unit = SENSITIVITIES[self._setup.sensitivity] / FAST_FULL_SCALE
        expands = (10 ** self._setup.offsets[axis][1] for axis in (0, 1))
        counts = (round(value * e / unit) for value, e in zip(self._outputs(time)[:2], expands, strict=True))
        out.append(struct.pack("<hh", *(min(max(count, -32768), 32767) for count in counts)))

    def _set_due(self) -> None:
        """Points are kept once a tick, and one by one where each of them leaves at once."""
        due, tick = self._buffer.due, self._cryostat.tick
        if not self._fast and math.isfinite(due):
            due = max(due, math.ceil(due / tick - 1e-9) * tick)
        self.due = min(due, self._looks_at)

    @commands.command("STRT")
    def start_storing(self) -> None:
        self._buffer.start(self._cryostat.now)
        self._store()
        self._set_due()

    @commands.command("STRD")
    def start_storing_later(self) -> None:
        self._buffer.start(self._cryostat.now + START_DELAY)
        self._set_due()

    @commands.command("PAUS")
    def pause_storing(self) -> None:
        self._buffer.pause()
        self._set_due()

    @commands.command("REST")
    def reset_buffer(self) -> None:
        self._buffer.reset()
        self._set_due()

    @commands.command("TRIG")
    def trigger(self) -> None:
        if self._buffer.trigger(self._cryostat.now, bool(self._setup.kept["TSTR"]), self._point):
            self._lias |= TRIGGERED_BIT
        self._store()
        self._set_due()

    # Reading it

    @commands.command("SPTS?")
    def count_points(self) -> str:
        return str(len(self._buffer))

    def _points(self, channel: int, first: int, count: int) -> list[Packed]:
        try:
            return self._buffer.points(channel, first, count)
        except IndexError:
            raise Refused(Fault.OUT_OF_RANGE) from None

    @commands.command("TRCA?", takes=_SOME_POINTS)
    def read_points(self, channel: int, first: int, count: int) -> str:
        return as_text(self._points(channel, first, count))

    @commands.command("TRCB?", takes=_SOME_POINTS)
    def read_points_as_floats(self, channel: int, first: int, count: int) -> bytes:
        return as_floats(self._points(channel, first, count))

    @commands.command("TRCL?", takes=_SOME_POINTS)
    def read_points_as_kept(self, channel: int, first: int, count: int) -> bytes:
        return as_kept(self._points(channel, first, count))

    @commands.command("FAST", takes=(integer(0, 2),))
    def set_fast(self, mode: int) -> None:
        self._fast = mode
        self._set_due()

    @commands.command("FAST?")
    def read_fast(self) -> str:
        return str(self._fast)

    # Settings that are kept; three of them are the buffer's

    def _keep(self, name: str, value: int) -> None:
        self._setup = replace(self._setup, kept=self._setup.kept | {name: value})
        self._tune_buffer()

    def _kept(self, name: str) -> str:
        return str(self._setup.kept[name])


for _name, _highest in KEPT.items():
    BufferPanel.commands.add(_name, BufferPanel._keep, integer(0, _highest), preset=(_name,))
    BufferPanel.commands.add(f"{_name}?", BufferPanel._kept, preset=(_name,))
