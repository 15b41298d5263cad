"""A dc current from a voltage: a dc source behind a series resistor of its own.

I = V / (R_series + R_load). R_load is the dc resistance of film and leads; behind 10 Mohm a film of 6 kohm/sq with
three squares takes 0.2 %. The source may be a GS200 or an auxiliary output of a lock-in. Going somewhere takes many
small steps: `way_to` lists them, the caller waits between them, and a larger step is refused.
"""

import math
from typing import Any

from coldfinger.instruments.roles import DCBias
from coldfinger.instruments.validators import as_number, strict_integer, strict_number

_ROUNDING = 1e-6  # relative, of a step and of the largest current


class AuxiliaryOutput:
    """Role DCBias over one of a lock-in's auxiliary outputs, which are always on."""

    def __init__(self, lockin: Any, number: int = 1) -> None:
        self._lockin = lockin
        self._name = f"aux_output_{strict_integer('auxiliary output', 1, 4)(number)}"

    @property
    def level(self) -> float:
        """Control the voltage (V), strictly -10.5 to 10.5, steps of 1 mV."""
        return float(getattr(self._lockin, self._name))

    @level.setter
    def level(self, value: float) -> None:
        setattr(self._lockin, self._name, value)

    @property
    def output(self) -> bool:
        """Get whether there is a voltage source at the terminals: always."""
        return True

    @output.setter
    def output(self, on: bool) -> None:
        if not on:
            self.level = 0.0

    def off(self) -> None:
        """Zero volts at once."""
        self.level = 0.0


class SeriesResistorBias:
    """A dc current (A) over a source (role DCBias) of voltage behind `series_resistance` (ohm).

    `largest` (A) and `largest_step` (A) are what the station allows.
    """

    def __init__(self, source: DCBias, series_resistance: float, *, largest: float, largest_step: float) -> None:
        self.source = source
        self.series_resistance = strict_number("series_resistance", 1.0, 1e15, "ohm")(series_resistance)
        self.largest = strict_number("largest bias", 0.0, 1.0, "A")(largest)
        self.largest_step = strict_number("largest bias step", 1e-15, 1.0, "A")(largest_step)

    @property
    def voltage(self) -> float:
        """Get the voltage behind the resistor (V) as the source holds it; 0 while its output is off."""
        return float(self.source.level) if self.source.output else 0.0

    @property
    def current(self) -> float:
        """Control the current (A) into a short circuit, V/R_series, by one step of at most `largest_step`.

        A film takes its share: see `through`. Raises ValueError, naming what is allowed, for a current beyond
        `largest` and for a larger step.
        """
        return self.voltage / self.series_resistance

    @current.setter
    def current(self, value: float) -> None:
        allowed = f"{-self.largest:g} to {self.largest:g} A"
        current = as_number("bias", value, allowed)
        if abs(current) > self.largest * (1 + _ROUNDING):
            raise ValueError(f"bias of {current:.4g} A is out of range; allowed are {allowed}")
        step = current - self.source.level / self.series_resistance
        # A source keeps its level in steps of its own: half of one may be missing.
        if abs(step) > self.largest_step * 1.01:
            raise ValueError(
                f"bias: a step of {step:.4g} A is too large; allowed are {self.largest_step:g} A at a time, "
                "take the steps of way_to"
            )
        self.source.level = current * self.series_resistance

    def way_to(self, current: float) -> list[float]:
        """Currents (A) from the present one to `current`, none further from the last than `largest_step`."""
        current = as_number("bias", current, f"{-self.largest:g} to {self.largest:g} A")
        start = self.source.level / self.series_resistance
        count = max(1, math.ceil(abs(current - start) / self.largest_step * (1 - _ROUNDING)))
        return [*(start + (current - start) * i / count for i in range(1, count)), current]

    def through(self, load_resistance: float) -> float:
        """Current (A) through a load of so many ohm (dc) at the present voltage."""
        return self.voltage / (self.series_resistance + load_resistance)
