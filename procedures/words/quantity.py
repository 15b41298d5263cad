"""Numbers with units at the edges: text in, SI floats out, and a bare number refused.

A registry of the field's own units and no others, so that a misspelt unit is an error and never a surprise.
Fields are flux densities in vacuum: 1 Oe stands for 1e-4 T, the same as 1 G.
"""

import math
import re
from difflib import get_close_matches
from functools import cache

import pint

_DEFINITIONS = """
femto- = 1e-15 = f-
pico- = 1e-12 = p-
nano- = 1e-9 = n-
micro- = 1e-6 = µ- = u- = μ-
milli- = 1e-3 = m-
kilo- = 1e3 = k-
mega- = 1e6 = M-
giga- = 1e9 = G-
kelvin = [temperature] = K
second = [time] = s
minute = 60 * second = min
hour = 3600 * second = h
tesla = [flux_density] = T
oersted = 1e-4 * tesla = Oe
gauss = 1e-4 * tesla = G
volt = [voltage] = V
ampere = [current] = A
ohm = volt / ampere = Ω = Ohm
farad = ampere * second / volt = F
henry = volt * second / ampere
watt = volt * ampere = W
hertz = 1 / second = Hz
meter = [length] = m
degree = [angle] = deg
percent = 0.01
"""

KINDS: dict[str, tuple[str, str]] = {
    "temperature": ("K", "50 mK"),
    "temperature rate": ("K/s", "0.2 K/min"),
    "field": ("T", "600 Oe"),
    "field rate": ("T/s", "60 Oe/min"),
    "coil constant": ("T/A", "0.1 T/A"),
    "current": ("A", "1 nA"),
    "voltage": ("V", "20 uV"),
    "resistance": ("ohm", "1 Gohm"),
    "capacitance": ("F", "10 nF"),
    "frequency": ("Hz", "7 Hz"),
    "time": ("s", "2 h"),
    "power": ("W", "10 pW"),
    "length": ("m", "200 um"),
    "volume": ("m**3", "3.6e-15 m**3"),
    "current noise density": ("A/Hz**0.5", "40 fA/sqrt(Hz)"),
    "noise density": ("V/Hz**0.5", "6 nV/sqrt(Hz)"),
}
"""For every kind of quantity its SI unit and an example of how it is written."""

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")
_UNIT = re.compile(r"[^\W\d_]{1,8}(?:\*\*[\d.]{1,3})?(?:[*/ ][^\W\d_]{1,8}(?:\*\*[\d.]{1,3})?){0,3}")
_USUAL = ("mK", "K", "Oe", "kOe", "mT", "T", "nA", "Hz", "nF", "ohm", "Gohm", "mK/min", "K/min", "Oe/min")
OERSTED = 1e-4
"""One oersted in tesla."""


class QuantityError(ValueError):
    """A text that is not a number with a unit of the right kind."""


@cache
def _registry() -> "pint.UnitRegistry[float]":
    registry: pint.UnitRegistry[float] = pint.UnitRegistry(None)
    for line in _DEFINITIONS.strip().splitlines():
        registry.define(line)
    return registry


def parse(text: object, kind: str, what: str = "value") -> float:
    """SI value of a text such as "600 Oe" (T) or "0.2 K/min" (K/s).

    `kind` is a key of KINDS, `what` names the quantity in the error. Raises QuantityError with one sentence for
    a bare number, an unknown unit, a wrong dimension, or anything that is not a finite number.
    """
    unit, example = KINDS[kind]
    number, name = _split(text, kind, what)
    if not name:
        raise QuantityError(f'{what}: {text!r} has no unit; write for example "{example}"')
    factor = _factor(name, unit, text, what, example)
    # 600 Oe, 60 mT and 0.06 T are one and the same float; what stands in SI keeps all its digits.
    value = number if factor == 1.0 else float(f"{number * factor:.15g}")
    if not math.isfinite(value):
        raise QuantityError(f'{what}: {text!r} is not a finite number; write for example "{example}"')
    return value


def parse_in(text: object, unit: str, what: str = "value", example: str = "") -> float:
    """Number in `unit` of a text in any unit of the same dimension: parse_in("60 mT", "Oe") is 600.

    `unit` may be an inverse such as "1/Oe", written "4 1/Oe" or "4 /Oe". Raises QuantityError as `parse` does.
    """
    example = example or f"1 {unit}"
    match = _NUMBER.fullmatch(text) if isinstance(text, str) else None
    if match is None or not match[2]:
        bare = match is not None or (isinstance(text, (int, float)) and not isinstance(text, bool))
        said = "has no unit" if bare else f"is not a number with a unit such as {unit}"
        raise QuantityError(f'{what}: {text!r} {said}; write for example "{example}"')
    name, target, power = match[2], unit, 1
    if unit.startswith("1/"):
        if not name.startswith(("1/", "/")):
            raise QuantityError(f'{what}: {text!r} has the wrong dimension; write for example "{example}"')
        name, target, power = name.partition("/")[2].strip(), unit[2:], -1
    number, factor = float(match[1]), _factor(name, target, text, what, example) ** power
    value = number if factor == 1.0 else float(f"{number * factor:.15g}")
    if not math.isfinite(value):
        raise QuantityError(f'{what}: {text!r} is not a finite number; write for example "{example}"')
    return value


def parse_list(text: str, kind: str, what: str = "list") -> list[float]:
    """SI values of "0, 30, 100 Oe": numbers by commas, each with its unit or with the one that follows later."""
    values: list[float] = []
    unit = ""
    for item in reversed(text.split(",")):
        _, own = _split(item, kind, what)
        unit = own or unit
        values.append(parse(item if own else f"{item} {unit}", kind, what))
    return values[::-1]


def _split(text: object, kind: str, what: str) -> tuple[float, str]:
    example = KINDS[kind][1]
    if not isinstance(text, str):
        if isinstance(text, (int, float)) and not isinstance(text, bool):
            raise QuantityError(f'{what}: {text!r} has no unit; write for example "{example}"')
        raise QuantityError(f'{what}: {text!r} is not a {kind}; write for example "{example}"')
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise QuantityError(f'{what}: {text!r} is not a {kind}; write for example "{example}"')
    return float(match[1]), match[2]


def _factor(name: str, unit: str, text: object, what: str, example: str) -> float:
    registry = _registry()
    plain = re.sub(r"√\(?(\w+)\)?|sqrt\((\w+)\)", lambda m: f"{m[1] or m[2]}**0.5", name)
    try:
        if not _UNIT.fullmatch(plain):
            raise ValueError(plain)
        units = registry.parse_units(plain)
    except (pint.errors.PintError, ValueError, TypeError, AssertionError, AttributeError):
        usual = {unit.lower(): unit for unit in _USUAL}
        close = get_close_matches(name.lower(), usual, 1)
        hint = f"did you mean {usual[close[0]]}?" if close else f'write for example "{example}"'
        raise QuantityError(f"{what}: {text!r} has the unknown unit {name!r}; {hint}") from None
    target = registry.parse_units(unit)
    if units.dimensionality != target.dimensionality:
        raise QuantityError(f'{what}: {text!r} has the wrong dimension; write for example "{example}"')
    return float(registry.Quantity(1.0, units).m_as(target))


def show(value: float, kind: str) -> str:
    """A short text for people: a value in SI with the prefix or the field's unit that suits it."""
    if kind == "field":
        return f"{value / OERSTED:.6g} Oe"
    if kind == "field rate":
        return f"{value / OERSTED * 60:.6g} Oe/min"
    if kind == "temperature rate":
        return f"{value * 60e3:.6g} mK/min"
    unit = KINDS[kind][0]
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    power = min(max(math.floor(math.log10(abs(value)) / 3 + 1e-9), -5), 3)
    prefix = {-5: "f", -4: "p", -3: "n", -2: "u", -1: "m", 0: "", 1: "k", 2: "M", 3: "G"}[power]
    return f"{value / 1000.0**power:.6g} {prefix}{unit}"


def duration_text(seconds: float) -> str:
    """A duration for people: "3 h 20 min", "4 min 5 s", "2.5 s"."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{int(seconds // 3600)} h {int(math.fmod(seconds, 3600) // 60)} min"
