"""The dc bias path: a dc source behind a series resistor of its own, joined to the current line I+.

The resistor turns the voltage into the bias, I = V/(R + film), and hangs on the ac signal as a load as long as
the source's output is on: for alternating current its far end is at ground.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class BiasModel:
    """What feeds the bias path; assumed defaults."""

    series_resistance: float = 10e6
    """ohm: 30 V give 3 uA, and the ac current loses 0.2 % to it at 6 kohm/sq."""
    auxiliary: int = 0
    """The lock-in's auxiliary output (1 to 4) that feeds the path; 0: the dc source."""


class DCSource:
    """Output stage of a dc source; plain attributes belong to the front panel."""

    def __init__(self) -> None:
        self.current_mode = False
        self.level = 0.0  # V, or A in current mode
        self.output = False

    def feed(self, series_resistance: float) -> tuple[float, float]:
        """Short-circuit current (A) into the line, and the resistance (ohm) that it comes through."""
        if not self.output:
            return 0.0, math.inf
        if self.current_mode:
            return self.level, math.inf
        return self.level / series_resistance, series_resistance
