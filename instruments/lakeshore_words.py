"""What the Lake Shore 370 and 372 say alike: numbers, thermometers, and errors that are asked for in the same line."""

from collections.abc import Callable
from typing import Any, ClassVar

from coldfinger.instruments.driver import Linked, View, reply
from coldfinger.instruments.errors import CalibrationError
from coldfinger.instruments.validators import as_number, strict_number

SIX = r"[+-](?=[\d.]{7}E)\d{1,5}\.\d{1,5}E[+-]\d{2}"
REAL = r"[+-]?\d+(?:\.\d*)?(?:E[+-]\d{2})?"
six_digits = reply(SIX, "six digits like +108.278E+00")
real = reply(REAL, "a number like +0050.00")
EVENT_ERRORS = {2: "query error", 4: "execution error (value out of range)", 5: "command not known"}
SETPOINT_KEPT = 1e-4  # relative: six digits of a set point are shown


def half_decades(first: str, second: str, exponent: int, count: int) -> tuple[float, ...]:
    """A table that goes up by two steps a decade."""
    return tuple(float(f"{(first, second)[i % 2]}e{exponent + i // 2}") for i in range(count))


def ramp_rate(fastest: float) -> Callable[..., float]:
    """A validator for the rate of a set point (K/s): 0, or 0.001 to `fastest` in the instrument's K/min."""
    # The limits are exact in K/min: 0.001 / 60 K/s must pass.
    slow, fast = 0.001 / 60 * (1 - 1e-9), fastest / 60 * (1 + 1e-9)

    def check(rate: object, values: object = ()) -> float:
        if as_number("ramp rate", rate, f"0 and {slow:.5g} to {fast:.5g} K/s") == 0:
            return 0.0
        return strict_number("ramp rate", slow, fast, "K/s")(rate)

    return check


class Thermometer(View):
    """What all inputs with a sensor have in common."""

    def _kelvin(self, question: str) -> float:
        kelvin = float(self.values(question, preprocess_reply=six_digits)[0])
        if kelvin == 0:
            raise CalibrationError(
                f"{self.who}: {question!r} was answered 0 K, which means no temperature curve or no valid "
                "reading; assign a curve to the input, or read its resistance"
            )
        return kelvin


class ErrorsInLine(Linked):
    """A bridge that is silent about what it does not understand: `;*ESR?` goes along with each command, in the line."""

    FORGET: ClassVar[tuple[str, ...]] = ("*ESR?",)

    def _carry_out(self, command: str) -> list[str]:
        return self._events(f"{command};*ESR?")

    def refusals(self) -> list[str]:
        """What was refused since the last look, from `*ESR?`; asking clears it."""
        return self._events("*ESR?")

    def _events(self, question: str) -> list[str]:
        byte = reply(r"\d{1,3}", "a status byte like 000")
        bits: Any = self.values(question, preprocess_reply=byte, cast=int, retry=False)[0]
        return [meaning for bit, meaning in EVENT_ERRORS.items() if bits >> bit & 1]

    def clear(self) -> None:
        """Clear all status registers (`*CLS`)."""
        self.tell("*CLS")
