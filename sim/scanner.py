"""The scanner in front of a resistance bridge: one of its channels is connected, all others wait.

Only the connected channel is excited. After a change the bridge waits for the channel's pause before it believes a
reading; the other channels keep the reading and the status of the end of their last turn. With autoscan on, a turn is
the pause and then the dwell, and the next enabled channel follows; the scanner looks at the time once in every step of
the bridge, so a turn may last up to that step longer.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from coldfinger.sim.thermometer import ResistanceInput

CHANNELS = 16


@dataclass
class Turn:
    """How a channel takes part in scanning."""

    enabled: bool = False
    dwell: float = 7.0  # s
    pause: float = 3.0  # s


class Scanner:
    """Sixteen channels; those of `inputs` (by number, as text) have a sensor. Channel 1 is connected first."""

    def __init__(self, inputs: Mapping[str, ResistanceInput]) -> None:
        self.turns = {str(n): Turn(enabled=str(n) in inputs) for n in range(1, CHANNELS + 1)}
        self.channel = 1
        self.auto = False
        self._inputs = inputs
        self._since = 0.0  # s, beginning of the turn
        for key, sensor in inputs.items():
            if key != "1":
                sensor.connected = False

    def select(self, channel: int, auto: bool, time: float) -> None:
        """Connect a channel, 1 to 16, at a time (s); `auto`: go on to the next when its turn is over."""
        self.auto, self._since = auto, time
        if channel == self.channel:
            return
        before, after = self._inputs.get(str(self.channel)), self._inputs.get(str(channel))
        self.channel = channel
        if before is not None:
            before.leave(time)
        if after is not None:
            after.join(time, self.turns[str(channel)].pause)

    def step(self, time: float) -> None:
        """Go on to the next enabled channel if the turn is over at `time` (s)."""
        turn = self.turns[str(self.channel)]
        if not self.auto or time - self._since < turn.pause + turn.dwell:
            return
        following = ((self.channel + n) % CHANNELS + 1 for n in range(CHANNELS))
        self.select(next((n for n in following if self.turns[str(n)].enabled), self.channel), True, time)
