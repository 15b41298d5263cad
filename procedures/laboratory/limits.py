"""What this station must never be asked for. Checked before a run starts, and again by the drivers at every command."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coldfinger.instruments import validators
from coldfinger.procedures.words.quantity import OERSTED, show

SAMPLE_LIMITS = ("field", "current", "voltage", "bias")
"""Limits that a sample can have of its own."""


class LimitError(ValueError):
    """A wish beyond a limit of the station; nothing was started. One sentence with value, limit, what to do."""


def as_number(what: str, value: object, allowed: str) -> float:
    """A finite number, or LimitError."""
    try:
        return validators.as_number(what, value, allowed)
    except ValueError as error:
        raise LimitError(str(error)) from None


@dataclass(frozen=True)
class Limits:
    """Limits in SI units: the station's, or the sample's where that is tighter; `tighter` says of which that is so."""

    field: float  # T
    field_rate: float  # T/s
    lowest_temperature: float  # K
    highest_temperature: float  # K
    current: float  # A rms
    where: str = "the station"
    bias: float = 0.0  # A dc
    bias_step: float = 10e-9  # A
    fastest: float = 60.0  # s in which the station can come to harm if nobody acts
    heater: float = 0.1  # A, full scale of the largest heater range
    voltage: float = math.inf  # V rms across the film
    dwell: float = math.inf  # s for which the excitation may stay on without a break
    tighter: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def whose(self, name: str) -> str:
        """Whose limit the one of that name is, for messages."""
        return self.tighter.get(name, self.where)

    def check_field(self, wanted: float, what: str = "field") -> None:
        """Raise LimitError for a field (T) beyond the limit."""
        as_number(what, wanted, "numbers in T")
        if not abs(wanted) <= self.field * (1 + 1e-9):
            raise LimitError(
                f"{what}: {wanted / OERSTED:.6g} Oe ({wanted:g} T) is beyond the limit of {self.whose('field')}, "
                f"{show(self.field, 'field')} ({self.field:g} T); 1 T is 10000 Oe"
            )

    def check_field_rate(self, rate: float, what: str = "field rate") -> None:
        """Raise LimitError for a field rate (T/s) that is not positive or too fast."""
        as_number(what, rate, "numbers in T/s")
        if not 0 < rate <= self.field_rate * (1 + 1e-9):
            raise LimitError(
                f"{what}: {show(rate, 'field rate')} is not above zero and up to the limit of {self.where}, "
                f"{show(self.field_rate, 'field rate')}"
            )

    def check_temperature(self, temperature: float, what: str = "temperature") -> None:
        """Raise LimitError for a temperature (K) outside the limits."""
        as_number(what, temperature, "numbers in K")
        low, high = self.lowest_temperature, self.highest_temperature
        if not low * (1 - 1e-9) <= temperature <= high * (1 + 1e-9):
            raise LimitError(
                f"{what}: {show(temperature, 'temperature')} is outside the limits of {self.where}, "
                f"{show(low, 'temperature')} to {show(high, 'temperature')}"
            )

    def check_current(self, current: float, what: str = "current") -> None:
        """Raise LimitError for a current (A rms) that is not positive or beyond the limit."""
        as_number(what, current, "numbers in A")
        if not 0 < current <= self.current * (1 + 1e-9):
            raise LimitError(
                f"{what}: {show(current, 'current')} is not above zero and up to the limit of {self.whose('current')}, "
                f"{show(self.current, 'current')}"
            )

    def check_bias(self, bias: float, what: str = "bias") -> None:
        """Raise LimitError for a dc current (A) through the film beyond the limit."""
        as_number(what, bias, "numbers in A")
        if not abs(bias) <= self.bias * (1 + 1e-9):
            raise LimitError(
                f"{what}: {show(bias, 'current')} is beyond the limit of {self.whose('bias')}, "
                f"{show(self.bias, 'current')}; choose less, or raise limits.bias in the station file"
            )


def limits_of(sections: Mapping[str, Mapping[str, Any]], source: str) -> Limits:
    """The limits of a checked station file: the tighter of [limits] and [sample_limits]."""
    values = {name: value for name, value in sections["limits"].items() if value is not None}
    tighter = {}
    for name in SAMPLE_LIMITS:
        of_sample = sections["sample_limits"][name]
        if of_sample is not None and of_sample < values.get(name, math.inf):
            values[name] = of_sample
            tighter[name] = f"the sample (sample_limits.{name} in {source})"
    return Limits(**values, where=source, tighter=tighter)
