"""The language of a 33511B: spellings of a header, numbers with units or words for a limit, and how it writes numbers.

Source: 33500 series operating and service guide, chapter on SCPI.
"""

import itertools
import re
from typing import NamedTuple

from coldfinger.sim.scpi import Fault, Parameter, Refused, real, spellings

_QUANTITY = re.compile(r"([+-]?[0-9.]+(?:E[+-]?[0-9]+)?)\s*([A-Z]*)", re.ASCII)
EXTREMES = {"MIN": "MIN", "MINIMUM": "MIN", "MAX": "MAX", "MAXIMUM": "MAX", "DEF": "DEF", "DEFAULT": "DEF"}
_number = real()


class Wanted(NamedTuple):
    """A number with its unit, or MIN, MAX, DEF."""

    value: float
    unit: str = ""
    extreme: str = ""


def wanted(text: str) -> Wanted:
    """A number with or without a unit, or one of the words for a limit."""
    upper = text.upper()
    if upper in EXTREMES:
        return Wanted(0.0, extreme=EXTREMES[upper])
    match = _QUANTITY.fullmatch(upper)
    if match is None:
        raise Refused(Fault.INVALID_PARAMETER)
    return Wanted(_number(match[1]), match[2])


def extreme(text: str) -> str:
    """MIN, MAX or DEF behind a question mark."""
    if text.upper() not in EXTREMES:
        raise Refused(Fault.INVALID_PARAMETER)
    return EXTREMES[text.upper()]


def named(*words: str) -> Parameter:
    """One of several words, short or long; its short form."""
    known = {}
    for word in words:
        short = "".join(letter for letter in word if not letter.islower())
        known[word.upper()] = known[short] = short

    def convert(text: str) -> str:
        if text.upper() not in known:
            raise Refused(Fault.NOT_BOOLEAN)
        return known[text.upper()]

    return convert


def on_or_off(text: str) -> bool:
    """ON, OFF, 1 or 0."""
    return named("ON", "OFF", "1", "0")(text) in ("ON", "1")


def number(value: float) -> str:
    """A real number as the instrument writes it."""
    return f"{value + 0.0:+.14E}"


def forms(header: str) -> list[str]:
    """All spellings, with SOURce1 left out or without its number, OUTPut1 and TRIGger1 without their number."""
    headers = [header]
    for word in ("SOURce1", "OUTPut1", "TRIGger1"):
        if header.startswith(word):
            headers.append(word[:-1] + header[len(word) :])
    if header.startswith("SOURce1:"):
        headers.append(header.removeprefix("SOURce1:"))
    return list(itertools.chain.from_iterable(spellings(each) for each in headers))
