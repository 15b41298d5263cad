"""The language of Oxford's instruments with words between colons: every command is answered, every answer repeats it.

    READ:DEV:GRPZ:PSU:SIG:FLD           STAT:DEV:GRPZ:PSU:SIG:FLD:0.00000T
    SET:DEV:GRPZ:PSU:ACTN:RTOS          STAT:SET:DEV:GRPZ:PSU:ACTN:RTOS:VALID

The repetition is what tells a reply of this question from one that is late, so a reply without it is refused, and so
is a value without its unit. Source: MercuryiPS manual (UMC0071), command reference.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from coldfinger.instruments.driver import Linked
from coldfinger.instruments.errors import CommandError, ReplyError

MEANINGS = {
    "INVALID": "a word or a value that it does not understand or allow",
    "NOT_FOUND": "it has no such device",
    "N/A": "it has nothing of the kind",
    "DENIED": "it does not permit that now",
}
PREFIXES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6}
NUMBER = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?"
_PLAIN = re.compile(NUMBER)


def plain(value: float, decimals: int = 7) -> str:
    """A number without an exponent and without zeros that say nothing."""
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def quantity(text: str, unit: str) -> float:
    """The SI value of a number with an optional prefix and its unit, which `form` has let pass."""
    amount = text.removesuffix(unit)
    prefix = amount[-1] if amount[-1] in PREFIXES else ""
    return float(amount.removesuffix(prefix)) * PREFIXES[prefix]


def measured(noun: str, unit: str, docs: str, per: float = 1.0) -> Any:
    """A property that reads a value with its unit; `per` divides it (60 makes a rate per minute one per second)."""

    def read(instrument: Any) -> float:
        return float(instrument.read_quantity(noun, unit)) / per

    return property(read, doc=docs)


class Worded(Linked):
    """Base of the drivers for instruments with this language."""

    def read_words(self, noun: str, pattern: str, form: str) -> str:
        """What READ:`noun` says, all of which matches `pattern`; `form` says in words what is required.

        Raises CommandError when the instrument refuses, ReplyError for anything that is no answer to this question.
        """
        text, refused = self.question(f"READ:{noun}", partial(_answer, noun, re.compile(pattern), form))
        if refused:
            raise CommandError(f"{self.who}: 'READ:{noun}' was refused: {text} ({MEANINGS[text]})")
        return str(text)

    def read_quantity(self, noun: str, unit: str) -> float:
        """A value with its unit, in that unit, without SI prefix."""
        prefixes = "".join(PREFIXES)
        pattern = rf"{NUMBER}[{prefixes}]?{re.escape(unit)}"
        return quantity(self.read_words(noun, pattern, f"a number like 0.0123{unit}"), unit)

    def read_switch(self, noun: str) -> bool:
        """Whether something is ON."""
        return self.read_words(noun, "ON|OFF", "ON or OFF") == "ON"

    def set_words(self, noun: str, value: str) -> None:
        """SET:`noun`:`value`. Raises CommandError when the instrument refuses."""
        self.write(f"SET:{noun}:{value}")

    def _carry_out(self, command: str) -> list[str]:
        noun, _, value = command.removeprefix("SET:").rpartition(":")
        verdict = str(self.question(command, partial(_verdict, noun, value), retry=False))
        return [] if verdict == "VALID" else [f"{verdict} ({MEANINGS[verdict]})"]


def _answer(noun: str, pattern: re.Pattern[str], form: str, text: str) -> tuple[str, bool]:
    """What follows the repetition of the question, and whether it is a refusal."""
    head = f"STAT:{noun}:"
    rest = text.removeprefix(head)
    if rest != text and pattern.fullmatch(rest):
        return rest, False
    if rest in MEANINGS and rest != text:
        return rest, True
    if _not_understood("STAT:", noun, text):
        return "INVALID", True
    raise ReplyError(f"required is {head!r} and {form}")


def _verdict(noun: str, value: str, text: str) -> str:
    """VALID, or why not."""
    head = f"STAT:SET:{noun}:"
    echo, _, verdict = text.removeprefix(head).rpartition(":")
    if text.startswith(head) and verdict in ("VALID", *MEANINGS) and _same(echo, value):
        return verdict
    if _not_understood("STAT:SET:", f"{noun}:{value}", text):
        return "INVALID"
    raise ReplyError(f"required is {head!r}, {value!r} and a verdict like VALID")


def _same(echo: str, value: str) -> bool:
    if echo == value:
        return True
    numbers: Callable[[str], re.Match[str] | None] = _PLAIN.fullmatch
    return bool(numbers(echo) and numbers(value) and abs(float(echo) - float(value)) <= 1e-6 * abs(float(value)))


def _not_understood(start: str, noun: str, text: str) -> bool:
    """Whether a reply repeats the words up to one that is not understood, and says INVALID there."""
    words = text.removeprefix(start).removesuffix(":INVALID")
    return text == f"{start}{words}:INVALID" and bool(words) and f"{noun}:".startswith(f"{words}:")
