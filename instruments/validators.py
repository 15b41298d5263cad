"""What a value must be before it is sent: strict validators that refuse with a sentence and clip nothing.

Each maker of a validator takes the name of the quantity and returns `check(value, values)`, the form in which
pymeasure's properties call it; the second argument is not used.
"""

import math
from collections.abc import Callable, Sequence
from enum import Enum
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

E = TypeVar("E", bound=Enum)


def as_number(name: str, value: object, allowed: str) -> float:
    """`value` as a float if it is a finite real number; bool, text, None and nan raise ValueError."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real) or not _finite(value):
        raise ValueError(f"{name} must be a number, got {value!r:.40}; allowed are {allowed}")
    return float(value)


def _finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def strict_number(name: str, low: float, high: float, unit: str) -> Callable[..., float]:
    """A validator for a real number from `low` to `high`, both included."""
    allowed = f"{low:g} to {high:g} {unit}".rstrip()

    def check(value: object, values: object = ()) -> float:
        number = as_number(name, value, allowed)
        if not low <= number <= high:
            raise ValueError(f"{name} of {number:.9g} {unit} is out of range; allowed are {allowed}")
        return number

    return check


def strict_integer(name: str, low: int, high: int) -> Callable[..., int]:
    """A validator for a whole number from `low` to `high`, both included; 3.0 is not a whole number here."""
    allowed = f"whole numbers {low} to {high}"

    def check(value: object, values: object = ()) -> int:
        if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
            raise ValueError(f"{name} must be a whole number, got {value!r}; allowed are {allowed}")
        number = int(value)
        if not low <= number <= high:
            raise ValueError(f"{name} of {number} is out of range; allowed are {allowed}")
        return number

    return check


def strict_bool(name: str) -> Callable[..., bool]:
    """A validator for True and False, which 0, 1 and "off" are not."""

    def check(value: object, values: object = ()) -> bool:
        if not isinstance(value, bool | np.bool_):
            raise ValueError(f"{name} must be True or False, got {value!r}")
        return bool(value)

    return check


def one_of(name: str, table: Sequence[float], unit: str) -> Callable[..., float]:
    """A validator for the values of `table`; returns the table's own number.

    A number within 1e-6 (relative) of an entry counts as that entry, since 3 * 0.1 is meant as 0.3.
    """
    allowed = ", ".join(f"{entry:g}" for entry in table) + f" {unit}".rstrip()

    def check(value: object, values: object = ()) -> float:
        number = as_number(name, value, allowed)
        for entry in table:
            if math.isclose(number, entry, rel_tol=1e-6):
                return entry
        raise ValueError(f"{name} of {number:.9g} {unit} is not a setting; allowed are {allowed}")

    return check


def member(name: str, kind: type[E]) -> Callable[..., E]:
    """A validator for the members of an enumeration; neither their numbers nor their names are taken."""
    allowed = ", ".join(f"{kind.__name__}.{entry.name}" for entry in kind)

    def check(value: object, values: object = ()) -> E:
        if not isinstance(value, kind):
            raise ValueError(f"{name} of {value!r} is not a setting; allowed are {allowed}")
        return value

    return check


def record(name: str, kind: type[Any], /, **fields: Callable[..., Any]) -> Callable[..., Any]:
    """A validator for a named tuple or data class `kind` whose `fields` have validators of their own."""

    def check(value: object, values: object = ()) -> Any:
        if not isinstance(value, kind):
            raise ValueError(f"{name} must be a {kind.__name__}({', '.join(fields)}), got {value!r}")
        return kind(**{field: checked(getattr(value, field)) for field, checked in fields.items()})

    return check
