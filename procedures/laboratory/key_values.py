"""What a table of a station file says, by its keys: values in SI units, and one sentence for every mistake."""

import json
import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from coldfinger.procedures.laboratory.keys import REQUIRED, Key
from coldfinger.procedures.words.quantity import KINDS, QuantityError, parse


class StationFileError(ValueError):
    """A station file that cannot be used; one sentence with file, key, value, what is allowed, what to do."""


def check_table(data: Mapping[str, Any], keys: Mapping[str, Key], source: str, section: str) -> dict[str, Any]:
    """The values of a table, with the defaults of what it leaves out; `source` and `section` name it in errors."""
    prefix = f"{section}." if section else ""
    for name in data:
        if name not in keys:
            raise StationFileError(f"{source}: unknown key {prefix}{name}; {did_you_mean(name, keys)}")
    result = {}
    for name, key in keys.items():
        if name in data:
            result[name] = _value(data[name], key, source, f"{prefix}{name}")
        elif key.default is REQUIRED:
            raise StationFileError(f"{source}: {prefix}{name} is missing; write {name} = {example_of(key)}")
        else:
            result[name] = key.default
    return result


def _value(value: Any, key: Key, source: str, where: str) -> Any:
    if key.kind == "text":
        if not isinstance(value, str):
            raise StationFileError(f"{source}: {where} = {value!r} must be text in quotes")
        if key.choices and value not in key.choices:
            raise StationFileError(f"{source}: {where} = {value!r} is not one of {', '.join(key.choices)}")
        return value
    if key.kind == "level":
        return value
    if key.kind == "texts":
        return texts_of(value, source, where, key.choices)
    if key.kind == "addresses":
        return _addresses(value, source, where)
    if key.kind == "states":
        return _states(value, key.choices, source, where)
    if key.kind == "flag":
        if not isinstance(value, bool):
            raise StationFileError(f"{source}: {where} = {value!r} must be true or false")
        return value
    if key.kind == "current table":
        return _current_table(value, source, where)
    if key.kind == "pid":
        return _pid(value, source, where)
    if key.kind == "speed":
        return _speed(value, source, where)
    number = number_of(value, key, source, where)
    if not key.low <= number <= key.high:
        raise StationFileError(
            f"{source}: {where} = {value!r} is out of range; allowed is {key.low:g} to {key.high:g} "
            f"{KINDS[key.kind][0] if key.kind in KINDS else ''}".rstrip()
        )
    return number


def number_of(value: Any, key: Key, source: str, where: str) -> float:
    """A quantity in SI units, or a plain number; its range is not looked at."""
    if key.kind in KINDS:
        try:
            return parse(value, key.kind, f"{source}: {where}")
        except QuantityError as error:
            raise StationFileError(str(error)) from None
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (whole or (key.kind == "number" and isinstance(value, float) and math.isfinite(value))):
        raise StationFileError(f"{source}: {where} = {value!r} must be a plain {key.kind}")
    number: float = value
    return number


def texts_of(value: Any, source: str, where: str, choices: tuple[str, ...] = ()) -> tuple[str, ...]:
    """A list of texts, of `choices` where there are any."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        example = json.dumps(choices[:1] or ["common.toml"])
        raise StationFileError(f"{source}: {where} = {value!r} must be a list of texts; write {example}")
    if choices and (wrong := [text for text in value if text not in choices]):
        raise StationFileError(f"{source}: {where}: {wrong[0]!r} is not one of {', '.join(choices)}")
    return tuple(value)


def _addresses(value: Any, source: str, where: str) -> tuple[str, ...]:
    """Texts that may hold passwords, which no sentence repeats."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise StationFileError(f'{source}: {where} must be a list of addresses; write ["mailto://..."]')
    return tuple(value)


def _states(value: Any, choices: tuple[str, ...], source: str, where: str) -> tuple[str, ...]:
    wrong = [value] if not isinstance(value, list) or not value else [v for v in value if v not in choices]
    if wrong:
        raise StationFileError(
            f"{source}: {where} = {value!r} must be a list of states; allowed are {', '.join(choices)}"
        )
    return tuple(value)


def _speed(value: Any, source: str, where: str) -> float:
    if value == "unlimited":
        return math.inf
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise StationFileError(f'{source}: {where} = {value!r} must be a positive number or "unlimited"')
    return float(value)


def _pid(value: Any, source: str, where: str) -> tuple[float, float, float]:
    numbers = isinstance(value, list) and all(type(v) in (int, float) and v >= 0 for v in value)
    if not numbers or len(value) != 3:
        raise StationFileError(f"{source}: {where} = {value!r} must be three numbers; write [10, 10, 0]")
    return (float(value[0]), float(value[1]), float(value[2]))


def _current_table(value: Any, source: str, where: str) -> tuple[tuple[float, float], ...]:
    example = 'write [["100 mK", "3.16 mA"], ["1 K", "31.6 mA"]]'
    if not isinstance(value, list) or not value or any(not isinstance(r, list) or len(r) != 2 for r in value):
        raise StationFileError(f"{source}: {where} must be a list of pairs; {example}")
    try:
        rows = tuple((parse(t, "temperature", where), parse(c, "current", where)) for t, c in value)
    except QuantityError as error:
        raise StationFileError(f"{source}: {error}") from None
    if list(rows) != sorted(rows):
        raise StationFileError(f"{source}: {where} must rise in temperature and in current; {example}")
    return rows


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """The fix for an unknown name: the nearest allowed one, or all of them."""
    names = list(allowed)
    close = get_close_matches(name, names, 1)
    return f"did you mean {close[0]!r}?" if close else f"allowed are {', '.join(names)}"


def example_of(key: Key) -> str:
    """A value such as a key takes, as TOML."""
    if key.kind in KINDS:
        return f'"{KINDS[key.kind][1]}"'
    if key.choices:
        return f'"{key.choices[0]}"'
    return {"text": '"..."', "number": "1.0", "integer": "1", "current table": '[["100 mK", "3.16 mA"]]'}[key.kind]
