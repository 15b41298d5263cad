"""The largest value that a station allows of one output, and the largest step towards it.

A driver that was given a bound refuses what is beyond before a byte is sent, whoever asks, and reads back what it has
sent. The way back towards zero is always open, in steps: who finds an output beyond its bound must be able to undo it.
"""

import math
from dataclasses import dataclass

_ROUNDING = 1e-6  # relative: 3 uA behind 10 Mohm are 30 V
_SHORT_OF = 1.01  # a source keeps its level in steps of its own, half of one may be missing


@dataclass(frozen=True)
class Bound:
    """`largest` and `step` in the unit of the output; `where` says in a message whose limit it is."""

    largest: float
    where: str = "the station"
    step: float = math.inf

    def check(self, what: str, value: float, unit: str) -> None:
        """Raise ValueError, naming the limit and its place, for a value beyond it."""
        if not abs(value) <= self.largest * (1 + _ROUNDING):
            raise ValueError(
                f"{what} of {value:.6g} {unit} is beyond the limit of {self.where}, {self.largest:.6g} {unit}; nothing "
                "was sent, choose less"
            )

    def check_way(self, what: str, present: float, value: float, unit: str) -> None:
        """The same for a move from `present`, which may come back from outside."""
        if not (abs(value) <= abs(present) and value * present >= 0):
            self.check(what, value, unit)

    def too_far(self, present: float, value: float) -> bool:
        """Whether this is more than one step."""
        return abs(value - present) > self.step * _SHORT_OF

    def check_step(self, what: str, present: float, value: float, unit: str) -> None:
        """Raise ValueError for more than one step."""
        if self.too_far(present, value):
            raise ValueError(
                f"{what}: from {present:.6g} {unit} to {value:.6g} {unit} is more than one step of {self.step:.6g} "
                f"{unit}, the limit of {self.where}; nothing was sent, go there in such steps"
            )
