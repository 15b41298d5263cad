"""Parameters of procedures that survive being written down: all digits, and no text without its unit."""

import math
from typing import Any

from pymeasure.experiment import FloatParameter


class QuantityParameter(FloatParameter):  # type: ignore[misc]
    """A float in a unit, written with every digit, so that a run's header gives back the very same float.

    pymeasure's own FloatParameter writes six digits and allows no more than 1e9. Text must carry the unit
    ("0.7 K"); a number is taken to be in it. nan is refused, and so is True. `units` is ASCII ("ohm", "uV"),
    because pymeasure cannot read other letters back; None for a pure number. Raises ValueError.
    """

    def __init__(
        self,
        name: str,
        units: str | None = None,
        minimum: float = -math.inf,
        maximum: float = math.inf,
        **kwargs: Any,
    ) -> None:
        if units is not None and (
            not units.isascii() or units != units.strip() or not units.isprintable() or not units
        ):
            raise ValueError(f"parameter {name}: unit {units!r} must be plain ASCII text, such as ohm, uV or K/min")
        super().__init__(name, units=units, minimum=minimum, maximum=maximum, **kwargs)

    def convert(self, value: Any) -> float:
        """`value` as a float in the parameter's unit."""
        allowed = f'a number in {self.units}, or text such as "1.5 {self.units}"' if self.units else "a number"
        number = value
        if isinstance(value, str):
            number, _, units = value.strip().partition(" ")
            if units.strip() != (self.units or ""):
                raise ValueError(f"parameter {self.name}: got {value!r}, allowed is {allowed}; give it in that unit")
        try:
            number = math.nan if isinstance(value, bool) else float(number)
        except (TypeError, ValueError):
            number = math.nan
        if math.isnan(number):
            raise ValueError(f"parameter {self.name}: got {value!r}, allowed is {allowed}")
        if not self.minimum <= number <= self.maximum:
            raise ValueError(
                f"parameter {self.name}: got {number!r}, allowed is {self.minimum!r} to {self.maximum!r}"
                + (f" {self.units}" if self.units else "")
            )
        return float(number)

    def __str__(self) -> str:
        if not self.is_set():
            return ""
        return f"{self._value!r} {self.units}" if self.units else repr(self._value)
