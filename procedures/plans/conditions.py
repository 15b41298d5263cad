"""Conditions on results, such as `rho(base) > 50 kohm and believed > 0.9`: a small language, read and judged here.

    condition   comparison { "and" comparison }
    comparison  quantity [ "of" "NAME" ] ( < | > | <= | >= ) number [ unit ]
    quantity    rho(base) | rho(max) | rho(min) | rho(T=0.1 K) | believed | rows | sigma_QF | rho_QF | E_a

The name may stand in single or double quotes. Without "of" the last run is meant, with it the last of that name.
Nothing else can be said in it.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from coldfinger.procedures.family import believed
from coldfinger.procedures.plans.plan_lines import did_you_mean
from coldfinger.procedures.words.quantity import QuantityError, parse, parse_in, show

LONGEST = 500  # characters
MOST_COMPARISONS = 8
_NEAR = 0.1  # relative distance in T within which rho(T=...) is looked for

QUANTITIES = {
    "rho(base)": "50 kohm",
    "rho(max)": "50 kohm",
    "rho(min)": "50 kohm",
    "rho(T=0.1 K)": "50 kohm",
    "believed": "0.9",
    "rows": "50",
    "sigma_QF": "1 uS",
    "rho_QF": "1 kohm",
    "E_a": "1 K",
}
"""What can be compared, and how a value of it is written."""

_ELECTRON_VOLT = 1.0 / 8.617333262e-5  # K, CODATA 2018
_ENERGIES = {"ueV": 1e-6 * _ELECTRON_VOLT, "µeV": 1e-6 * _ELECTRON_VOLT, "meV": 1e-3 * _ELECTRON_VOLT}
_CONDUCTANCES = {"S": 1.0, "mS": 1e-3, "uS": 1e-6, "µS": 1e-6, "nS": 1e-9}
_COMPARISON = re.compile(
    r"""\s*(?P<quantity>\w+(?:\([^()"]{0,40}\))?)\s*(?:of\s+(?P<quote>["'])(?P<of>[^"']{1,200})(?P=quote))?\s*"""
    r"""(?P<sign><=|>=|<|>|==|=|!=)\s*(?P<value>[^<>=]{1,60}?)\s*"""
)
_QUOTED = re.compile(r"""("[^"]*"|'[^']*')""")
_AND = re.compile(r"\band\b", re.IGNORECASE)
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


class ConditionError(ValueError):
    """A condition that cannot be understood; one sentence with what is allowed."""


@dataclass(frozen=True)
class Quantity:
    """What is looked up: its name ("rho(base)", "rho(T)", "E_a", ...), T (K) of rho(T), the run ("" for the last)."""

    name: str
    temperature: float = math.nan
    of: str = ""


@dataclass(frozen=True)
class Comparison:
    """A quantity against a value (SI; energies in K)."""

    quantity: Quantity
    sign: str
    value: float
    text: str


@dataclass(frozen=True)
class Judgement:
    """Whether a condition holds, and one phrase that says why."""

    holds: bool
    reason: str


def parse_condition(text: str) -> tuple[Comparison, ...]:
    """The comparisons of a condition, all of which must hold; raises ConditionError."""
    if len(text) > LONGEST:
        raise ConditionError(f"a condition has at most {LONGEST} characters, this one has {len(text)}; shorten it")
    parts = _parts(text)
    if len(parts) > MOST_COMPARISONS:
        raise ConditionError(f"a condition has at most {MOST_COMPARISONS} comparisons, this one has {len(parts)}")
    return tuple(_comparison(part) for part in parts)


def evaluate(condition: str, lookup: Callable[[Quantity], float]) -> Judgement:
    """Judge a condition; `lookup` gives values in SI, nan for what is not known: then it does not hold."""
    reasons = []
    for comparison in parse_condition(condition):
        value = lookup(comparison.quantity)
        if not math.isfinite(value):
            return Judgement(False, f"{comparison.text}: not known")
        holds = _SIGNS[comparison.sign](value, comparison.value)
        reasons.append(f"{comparison.text}: it is {_shown(comparison.quantity.name, value)}")
        if not holds:
            return Judgement(False, reasons[-1])
    return Judgement(True, "; ".join(reasons))


def value_in(frame: pd.DataFrame, quantity: Quantity, fit: Any = None) -> float:
    """A quantity of one run, from its rows and its fit (`analysis.fit.Fit` or None); nan where it is not known.

    rho(base) is the median of believed rows within 10 % of the coldest; rho(T=...) of those within 10 % of T.
    """
    if quantity.name in ("sigma_QF", "rho_QF", "E_a"):
        names = ("E_aI", "E_aS") if quantity.name == "E_a" else (quantity.name,)
        found = [fit.parameters[name].value for name in names if fit is not None and name in fit.parameters]
        return float(found[0]) if found else math.nan
    good = believed(frame)
    if quantity.name == "rows":
        return float(len(frame))
    if quantity.name == "believed":
        return float(good.mean()) if len(frame) else math.nan
    temperature, rho = frame["T_sample (K)"].to_numpy()[good], frame["rho (ohm)"].to_numpy()[good]
    if not len(rho):
        return math.nan
    if quantity.name in ("rho(max)", "rho(min)"):
        return float(rho.max() if quantity.name == "rho(max)" else rho.min())
    wanted = float(temperature.min()) if quantity.name == "rho(base)" else quantity.temperature
    near = np.abs(np.log(temperature / wanted)) <= _NEAR
    return float(np.median(rho[near])) if near.any() else math.nan


def _parts(text: str) -> list[str]:
    """The text split at every "and" that does not stand in quotes."""
    parts = [""]
    for i, piece in enumerate(_QUOTED.split(text)):
        first, *rest = [piece] if i % 2 else _AND.split(piece)
        parts[-1] += first
        parts += rest
    return parts


def _comparison(text: str) -> Comparison:
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise ConditionError(
            f"{text!r} is not a comparison; write for example: rho(base) > 50 kohm, or: E_a of 'first cooling' < 1 K"
        )
    if match["sign"] not in _SIGNS:
        raise ConditionError(f"{text.strip()!r} compares with {match['sign']}; allowed are <, >, <= and >=")
    quantity = _quantity(match["quantity"], match["of"] or "")
    return Comparison(quantity, match["sign"], _number(match["value"], quantity.name), text.strip())


def _quantity(text: str, of: str) -> Quantity:
    plain = text.replace(" ", "")
    if plain in QUANTITIES and not plain.startswith("rho(T"):
        return Quantity(plain, of=of)
    if match := re.fullmatch(r"rho\(\s*T\s*=\s*(.*?)\s*\)", text):
        try:
            temperature = parse(match[1], "temperature", "rho(T=...)")
        except QuantityError as error:
            raise ConditionError(str(error)) from None
        if not temperature > 0:
            raise ConditionError(f"rho(T=...): {match[1]!r} must be above zero")
        return Quantity("rho(T)", temperature, of)
    raise ConditionError(f"{text!r} is no result of a run; {did_you_mean(text, QUANTITIES)}")


def _number(text: str, name: str) -> float:
    example = QUANTITIES.get(name, "50 kohm")
    try:
        if name in ("believed", "rows"):
            return _plain(text, name, example)
        if name == "sigma_QF":
            return _scaled(text, name, _CONDUCTANCES, example)
        if name == "E_a" and text.endswith("eV"):
            return _scaled(text, name, _ENERGIES, example)
        return parse_in(text, "K" if name == "E_a" else "ohm", name, example)
    except QuantityError as error:
        raise ConditionError(str(error)) from None


def _plain(text: str, name: str, example: str) -> float:
    number, percent = (text[:-1], 0.01) if text.endswith("%") and name == "believed" else (text, 1.0)
    value = _float(number) * percent
    if not math.isfinite(value):
        raise ConditionError(f"{name}: {text!r} is not a plain number; write for example {name} > {example}")
    if name == "believed" and not 0 <= value <= 1:
        raise ConditionError(f"believed: {text!r} is not a fraction from 0 to 1; write for example believed > 0.9")
    return value


def _scaled(text: str, name: str, units: dict[str, float], example: str) -> float:
    match = re.fullmatch(r"([^\sA-Za-zµ]+(?:[eE][+-]?\d+)?)\s*(\S+)", text)
    value = _float(match[1]) if match else math.nan
    if match is None or match[2] not in units or not math.isfinite(value):
        raise ConditionError(f"{name}: {text!r} is not in {', '.join(units)}; write for example {name} > {example}")
    return value * units[match[2]]


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _shown(name: str, value: float) -> str:
    if name.startswith("rho"):
        return show(float(f"{value:.4g}"), "resistance")
    return f"{value:.4g}" + {"sigma_QF": " S", "E_a": " K"}.get(name, "")
