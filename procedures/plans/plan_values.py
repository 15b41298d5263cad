"""The values of a plan: times of day, lists and ranges with units, failure policies, parameters of procedures."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from pymeasure.experiment import BooleanParameter, IntegerParameter, ListParameter

from coldfinger.procedures.engine.calendar import iso
from coldfinger.procedures.engine.items import POLICIES, RETRY, FailurePolicy
from coldfinger.procedures.plans.plan_lines import Path, PlanText, did_you_mean
from coldfinger.procedures.reach.setpoints import linear, logarithmic
from coldfinger.procedures.words.field_way import is_way, turning_points
from coldfinger.procedures.words.parameters import QuantityParameter
from coldfinger.procedures.words.quantity import QuantityError, parse, parse_in

MOST_VALUES = 10_000
"""In one list, and in one queue."""
MOST_RETRIES = 100
LONGEST_WAIT = 30 * 86400.0  # s

LISTS = {("TemperatureRamp", "temperatures"): "K", ("FieldSweep", "points"): "Oe"}
"""Text parameters that are lists of quantities, with their unit."""
WAYS = (("FieldSweep", "points"),)
"""Those of them that may be a loop or a zigzag, too."""

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_END = rf"({_NUMBER})\s*([^\s:/,\d.+-][^:/,]*?)?"
_ENTRY = re.compile(rf"({_NUMBER})\s*(1?/\s*\w+|[^\s:/,\d.+-][^:,]*)?")
_RANGE = re.compile(rf"(log\s+)?{_END}\s*:\s*{_END}\s*([:/])\s*{_END}")


class ValueMistake(ValueError):
    """A value that cannot be used; one sentence without its line."""


def read_value(plan: PlanText, path: Path, reader: Callable[[Any], Any], value: object) -> Any:
    """What `reader` makes of a value; its ValueMistake becomes the plan's error at that place."""
    try:
        return reader(value)
    except ValueMistake as error:
        plan.refuse(path, str(error))


# Times


def moment(value: object, now: datetime, zone: tzinfo | None, what: str) -> str:
    """UTC in ISO 8601 of "2026-11-23 08:30" (local, or with an offset), of "08:30" (the next one), of a TOML time.

    `zone` is the zone of local times, None the computer's own.
    """
    fix = 'write "2026-11-23 08:30", the same with an offset such as "+01:00", or "08:30" for the next such time'
    written = value
    if isinstance(value, str):
        written = _read_time(value.strip())
    if isinstance(written, time) and written.tzinfo is None:
        return iso(_next(written, now, zone))
    if not isinstance(written, datetime):
        raise ValueMistake(f"{what}: {_text(value)} is not a time; {fix}")
    try:
        return iso(written if written.tzinfo is not None else _local(written, zone))
    except (OverflowError, ValueError, OSError):
        raise ValueMistake(f"{what}: {_text(value)} is too far away; {fix}") from None


def _read_time(text: str) -> datetime | time | None:
    if not re.fullmatch(r"[\d: T+.Zz-]{4,40}", text):
        return None
    try:
        if re.fullmatch(r"\d{1,2}:\d\d(:\d\d)?", text):
            return time.fromisoformat(text.zfill(5) if len(text) < 6 else text.zfill(8))
        if not re.match(r"\d{4}-\d\d-\d\d[ T]", text):
            return None
        date, _, clock = text.partition(text[10])
        return datetime.fromisoformat(f"{date}T{clock.strip().replace(' ', '')}")
    except ValueError:
        return None


def _local(naive: datetime, zone: tzinfo | None) -> datetime:
    return naive.astimezone() if zone is None else naive.replace(tzinfo=zone)


def _next(wanted: time, now: datetime, zone: tzinfo | None) -> datetime:
    today = now.astimezone(zone).date()
    first = _local(datetime.combine(today, wanted), zone)
    return first if first > now else _local(datetime.combine(today + timedelta(days=1), wanted), zone)


def span(value: object, what: str) -> float:
    """Seconds of a time such as "30 min"."""
    seconds = _quantity(lambda: parse(value, "time", what))
    if not 0 < seconds <= LONGEST_WAIT:
        raise ValueMistake(f'{what}: {_text(value)} is not above zero and up to 30 days; write for example "30 min"')
    return seconds


# Single values


def quantity(value: object, kind: str, what: str) -> float:
    """SI value of a text with a unit."""
    return _quantity(lambda: parse(value, kind, what))


def policy(value: object, what: str = "on_failure") -> FailurePolicy:
    """ "next", "retry 2", "hold" or "safe"."""
    allowed = 'allowed are "next", "retry 2" (times), "hold" and "safe"'
    if isinstance(value, str):
        action, _, count = value.strip().partition(" ")
        if action == RETRY:
            if re.fullmatch(r"\d{1,3}", count.strip()) and 0 < int(count) <= MOST_RETRIES:
                return FailurePolicy(RETRY, int(count))
            raise ValueMistake(f'{what} = {_text(value)} does not say how often, 1 to {MOST_RETRIES}; write "retry 2"')
        if value.strip() in POLICIES:
            return FailurePolicy(value.strip())
        near = did_you_mean(value, POLICIES)
        raise ValueMistake(f"{what} = {_text(value)} is unknown; {allowed if near.startswith('allowed') else near}")
    raise ValueMistake(f"{what} = {_text(value)} is not text; {allowed}")


def words(value: object, what: str, longest: int = 200) -> str:
    """A short text for people, on one line."""
    if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
        raise ValueMistake(f'{what} = {_text(value)} is not a short text; write {what} = "..." on one line')
    return value.strip()


def flag(value: object, what: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueMistake(f"{what} = {_text(value)} is neither true nor false; write {what} = true, without quotes")
    return value


def count(value: object, what: str, low: int, high: int) -> int:
    """A whole number within its range."""
    if type(value) is not int or not low <= value <= high:
        raise ValueMistake(
            f"{what} = {_text(value)} is not a whole number from {low} to {high}; write {what} = {max(low, 2)}"
        )
    return value


# Lists


def numbers(value: object, unit: str | None, what: str) -> list[float]:
    """Numbers in `unit` of a list: "0, 30, 100 Oe", "0:9:12 T", "0:9/0.5 T", "log 0.05:10:120 K", or a mixture.

    A unit holds for everything before it that has none.
    """
    if isinstance(value, list):
        return [number for entry in value for number in numbers(entry, unit, what)]
    if not isinstance(value, str):
        if unit is None and type(value) in (int, float):
            return [_finite(float(str(value)), value, what)]
        raise ValueMistake(f"{what}: {_text(value)} is not a list in quotes; write {_forms(unit)}")
    found: list[list[float]] = []
    written = ""
    for entry in reversed(value.split(",")):
        values, written = _entry(entry, written, unit, what, value)
        found.append(values)
        if sum(map(len, found)) > MOST_VALUES:
            raise ValueMistake(f"{what}: {_text(value)} has more than {MOST_VALUES} values; take fewer")
    return [number for values in reversed(found) for number in values]


def _forms(unit: str | None) -> str:
    """How a list is written."""
    u = f" {unit}" if unit else ""
    return f'"0, 1, 2.5{u}", "0:9:12{u}" (12 values from 0 to 9), "0:9/0.5{u}" (steps of 0.5) or "log 0.05:10:120{u}"'


def _entry(entry: str, written: str, unit: str | None, what: str, whole: str) -> tuple[list[float], str]:
    """Values of one entry of a list, and the unit that holds for the entries before it."""
    entry = entry.strip()
    if match := _ENTRY.fullmatch(entry):
        written = match[2] or written
        return [_number(match[1], written, unit, what, whole)], written
    match = _RANGE.fullmatch(entry)
    if match is None:
        raise ValueMistake(f"{what}: {_text(whole)} is not a list; write {_forms(unit)}")
    logarithmic_, low, low_unit, high, high_unit, sign, last, last_unit = match.groups()
    own = last_unit or high_unit or written
    start = _number(low, low_unit or high_unit or own, unit, what, whole)
    stop = _number(high, high_unit or own, unit, what, whole)
    if sign == "/":
        if logarithmic_:
            raise ValueMistake(f'{what}: {_text(whole)} has no steps in a logarithm; write "log start:stop:count unit"')
        return _steps(start, stop, _number(last, own, unit, what, whole), what, whole), own
    points = int(last) if last.isdecimal() and len(last) < 7 else 0
    if not 2 <= points <= MOST_VALUES:
        raise ValueMistake(
            f"{what}: {_text(whole)} asks for {last} values, allowed is 2 to {MOST_VALUES}; "
            'write "start:stop:count unit", or "start:stop/step unit"'
        )
    if not logarithmic_:
        return _rounded(linear(start, stop, points)), own
    if not start * stop > 0:
        raise ValueMistake(f"{what}: {_text(whole)} has a logarithm that passes zero; begin above zero")
    sign_of = math.copysign(1.0, start)
    return _rounded([sign_of * number for number in logarithmic(abs(start), abs(stop), points)]), own


def _rounded(values: list[float]) -> list[float]:
    """Computed values without the last digits that no one would write."""
    return [float(f"{value:.12g}") for value in values]


def _steps(start: float, stop: float, step: float, what: str, whole: str) -> list[float]:
    many = abs(stop - start) / abs(step) if step else math.inf
    if not many < MOST_VALUES:
        raise ValueMistake(f"{what}: {_text(whole)} has more than {MOST_VALUES} steps; take larger steps")
    steps = round(many)
    if steps < 1 or abs(many - steps) > 1e-6 * steps:
        raise ValueMistake(
            f"{what}: {_text(whole)} does not reach its end in whole steps; choose another end or step, "
            f'or write the number of values: "{start:g}:{stop:g}:{max(2, steps + 1)}" with its unit'
        )
    return _rounded(linear(start, stop, steps + 1))


def _number(number: str, written: str, unit: str | None, what: str, whole: str) -> float:
    if unit is None:
        if written:
            raise ValueMistake(f"{what}: {_text(whole)} has a unit, but these are plain numbers; leave it out")
        return _finite(float(number), whole, what)
    example = f"0, 1, 2.5 {unit}"
    if not written:
        raise ValueMistake(f'{what}: {_text(whole)} has no unit; write for example "{example}"')
    return _quantity(lambda: parse_in(f"{number} {written}", unit, what, example))


# Parameters


def parameter_value(kind: str, name: str, parameter: Any, raw: object) -> Any:
    """The JSON value of a procedure's parameter, from what stands in the plan; `kind` is the procedure's name."""
    if isinstance(parameter, QuantityParameter):
        return _in_range(name, parameter, _plain_or_quantity(name, parameter, raw), raw)
    if isinstance(parameter, IntegerParameter):
        return count(raw, name, int(parameter.minimum), int(parameter.maximum))
    if isinstance(parameter, BooleanParameter):
        return flag(raw, name)
    if isinstance(parameter, ListParameter):
        choices = [str(choice) for choice in parameter.choices]
        if not isinstance(raw, str) or raw not in choices:
            fix = did_you_mean(raw, choices) if isinstance(raw, str) else f"allowed are {', '.join(choices)}"
            raise ValueMistake(f"{name} = {_text(raw)} is not one of the choices; {fix}")
        return raw
    if (kind, name) in LISTS:
        if raw == "":
            return raw
        if (kind, name) in WAYS and isinstance(raw, str) and is_way(raw):
            _quantity(lambda: turning_points(raw, name)[0])
            return " ".join(raw.split())
        unit = LISTS[kind, name]
        return ", ".join(f"{number!r}" for number in numbers(raw, unit, name)) + f" {unit}"
    return words(raw, name, longest=10_000)


def parameter_values(kind: str, name: str, parameter: Any, raw: object) -> list[Any]:
    """The values of a loop over a parameter: a list of quantities as text, or a list of single values."""
    if isinstance(parameter, QuantityParameter):
        values = numbers(raw, parameter.units, name)
        return [_in_range(name, parameter, value, raw) for value in values]
    if not isinstance(raw, list):
        raise ValueMistake(
            f'{name} = {_text(raw)} is not a list; write in brackets what it shall be: {name} = ["...", "..."]'
        )
    return [parameter_value(kind, name, parameter, entry) for entry in raw]


def _plain_or_quantity(name: str, parameter: Any, raw: object) -> float:
    if parameter.units:
        example = f"{parameter.default:g} {parameter.units}" if parameter.default is not None else ""
        return _quantity(lambda: parse_in(raw, parameter.units, name, example))
    if isinstance(raw, str) and (match := re.fullmatch(rf"\s*({_NUMBER})\s*(?:%|percent)\s*", raw)):
        return float(f"{float(match[1]) * 0.01:.15g}")
    if type(raw) not in (int, float):
        raise ValueMistake(
            f"{name} = {_text(raw)} is not a plain number; write for example {name} = {parameter.default:g}"
        )
    return _finite(float(str(raw)), raw, name)


def _in_range(name: str, parameter: Any, value: float, raw: object) -> float:
    if not parameter.minimum <= value <= parameter.maximum:
        raise ValueMistake(
            f"{name} = {_text(raw)} is out of range; allowed is {parameter.minimum:g} to {parameter.maximum:g} "
            f"{parameter.units or ''}".rstrip()
        )
    return value


def _finite(number: float, raw: object, what: str) -> float:
    if not math.isfinite(number):
        raise ValueMistake(f"{what} = {_text(raw)} is not a finite number; write an ordinary number")
    return number


def _quantity(read: Callable[[], float]) -> float:
    try:
        return read()
    except (QuantityError, OverflowError) as error:
        raise ValueMistake(str(error)) from None


def _text(value: object) -> str:
    """What stands in the file, cut where it is long."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    shown = str(value) if isinstance(value, (datetime, time)) else repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def utc(text: str) -> datetime:
    """The time that `moment` wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)
