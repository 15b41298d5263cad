"""The language in which runs are looked for: `type:RT H:0..3 >2026-11-01 star tag:cool "free text"`.

Terms are separated by blanks and must all hold. A filter becomes a condition of SQL with its values apart from it, so
that no text of a user is ever a part of a command.
"""

import difflib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from coldfinger.procedures.data.entry import KINDS, OUTCOMES
from coldfinger.procedures.words.quantity import QuantityError, parse_in

_TERM = re.compile(r'(?:[^\s"]|"[^"]*")+')
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_NEAR = {"Oe": 0.01, "K": 0.03}  # a single field or temperature means this relative distance around it
_NEAR_OERSTED = 0.5
_SEARCHED = (
    "folder", "procedure", "sample", "stage", "station", "item_name", "reason", "note", "tags", "damage"
)  # fmt: skip
_EXACT = ("sample", "stage", "station", "night", "item", "family")
_NUMBERS = ("id", "part")


class FilterError(ValueError):
    """A filter that cannot be understood; one sentence with what is allowed."""


@dataclass(frozen=True)
class Condition:
    """SQL with one "?" for each of the values."""

    sql: str
    values: tuple[str | float, ...] = ()


def condition_of(text: str) -> Condition:
    """The condition of a whole filter; everything for an empty one. Raises FilterError."""
    if text.count('"') % 2:
        raise FilterError(f"filter {text!r}: a quotation mark is not closed; write two, or none")
    terms = [_term(match) for match in _TERM.findall(text)]
    if not terms:
        return Condition("1")
    return Condition(" AND ".join(f"({term.sql})" for term in terms), tuple(v for term in terms for v in term.values))


def _term(term: str) -> Condition:
    plain = term.replace('"', "")
    if term.startswith('"'):
        return _free(plain)
    if term[0] in "<>":
        return _time(plain.lstrip("<>="), after=term[0] == ">", said=plain)
    key, colon, value = plain.partition(":")
    if colon and key.isidentifier():
        return _keyed(key, value, plain)
    words = {
        "star": Condition("star = 1"),
        "simulated": Condition("simulated = 1"),
        "real": Condition("simulated = 0"),
        "damaged": Condition("damage != ''"),
    }
    return words.get(plain) or _free(plain)


def _keyed(key: str, value: str, said: str) -> Condition:
    makers: dict[str, Callable[[str], Condition]] = {
        "type": _type,
        "H": lambda text: _span(text, "Oe", "lowest_Oe", "highest_Oe", said),
        "T": lambda text: _span(text, "K", "coldest_K", "warmest_K", said),
        "after": lambda text: _time(text, after=True, said=said),
        "before": lambda text: _time(text, after=False, said=said),
        "outcome": _outcome,
        "tag": lambda text: Condition("instr(lower(tags), ?) > 0", (f" {text.lower()} ",)),
        "note": lambda text: _like(text, ("note",)),
        "rows": lambda text: _least(text, said),
    }
    makers |= {name: _exactly(name) for name in _EXACT}
    makers |= {name: _whole(name, said) for name in _NUMBERS}
    if key not in makers:
        close = difflib.get_close_matches(key.lower(), {name.lower(): name for name in makers}, 1)
        hint = f"did you mean {next(name for name in makers if name.lower() == close[0])}:?" if close else (
            f"allowed are {', '.join(f'{name}:' for name in sorted(makers, key=str.lower))}"
        )  # fmt: skip
        raise FilterError(f"filter {said!r}: {key}: is unknown; {hint}")
    if not value:
        raise FilterError(
            f"filter {said!r}: nothing stands behind the colon; write for example {_EXAMPLES.get(key, key + ':1')}"
        )
    return makers[key](value)


_EXAMPLES = {
    "type": "type:RT", "H": "H:0..300", "T": "T:0.05..0.1", "after": "after:2026-11-01", "before": "before:2026-11-01",
    "outcome": "outcome:failed", "tag": "tag:cool", "note": "note:warm", "rows": "rows:50", "sample": "sample:S1",
    "stage": "stage:S1", "station": "station:sim", "night": "night:2026-11-22_193000_queue",
}  # fmt: skip


def _exactly(name: str) -> Callable[[str], Condition]:
    return lambda text: Condition(f"lower({name}) = ?", (text.lower(),))


def _whole(name: str, said: str) -> Callable[[str], Condition]:
    def make(text: str) -> Condition:
        if not text.isdecimal() or len(text) > 15:
            raise FilterError(f"filter {said!r}: {text!r} is not a whole number; write for example {name}:1")
        return Condition(f"{name} = ?", (int(text),))

    return make


def _least(text: str, said: str) -> Condition:
    if not text.isdecimal() or len(text) > 15:
        raise FilterError(f"filter {said!r}: {text!r} is not a whole number; rows:50 are runs with 50 rows or more")
    return Condition("rows >= ?", (int(text),))


def _type(text: str) -> Condition:
    wanted = re.sub(r"\W", "", text).lower()
    kinds = {kind.lower(): kind for kind in KINDS.values()}
    if wanted in kinds:
        return Condition("kind = ?", (kinds[wanted],))
    procedures = {name.lower(): name for name in KINDS}
    if wanted in procedures:
        return Condition("procedure = ?", (procedures[wanted],))
    raise FilterError(
        f"filter 'type:{text}': there is no such type; allowed are {', '.join(sorted(set(KINDS.values())))} "
        f"and the names of procedures, such as TemperatureRamp"
    )


def _outcome(text: str) -> Condition:
    if text.lower() not in OUTCOMES:
        raise FilterError(f"filter 'outcome:{text}': there is no such outcome; allowed are {', '.join(OUTCOMES)}")
    return Condition("outcome = ?", (text.lower(),))


def _span(text: str, unit: str, lowest: str, highest: str, said: str) -> Condition:
    """Runs whose range touches the one that is asked for."""
    first, dots, last = text.partition("..")
    if not dots:
        value = _number(first, unit, said)
        near = max(_NEAR[unit] * abs(value), _NEAR_OERSTED if unit == "Oe" else 0.0)
        low, high = value - near, value + near
    else:
        own = _NUMBER.sub("", last, count=1)
        if first and own and _NUMBER.fullmatch(first):  # 0..300mT: the unit holds for both
            first += own
        low = _number(first, unit, said) if first else -math.inf
        high = _number(last, unit, said) if last else math.inf
    if low > high:
        raise FilterError(f"filter {said!r}: the range ends below its beginning; write the smaller number first")
    return Condition(f"{highest} >= ? AND {lowest} <= ?", (low, high))


def _number(text: str, unit: str, said: str) -> float:
    """A bare number is in `unit`."""
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        return parse_in(text, unit, f"filter {said!r}", "H:0..300Oe" if unit == "Oe" else "T:50mK..0.1K")
    except QuantityError as error:
        raise FilterError(str(error)) from None


def _time(text: str, after: bool, said: str) -> Condition:
    """A day or a time of this computer's zone, unless it names another; the day itself is "after" it."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise FilterError(
            f"filter {said!r}: {text!r} is not a day or a time; write for example >2026-11-01 or >2026-11-01T18:30"
        ) from None
    utc = time.astimezone(UTC).isoformat(timespec="milliseconds")
    return Condition(f"begun_utc != '' AND begun_utc {'>=' if after else '<'} ?", (utc,))


def _free(text: str) -> Condition:
    return _like(text, _SEARCHED)


def _like(text: str, columns: tuple[str, ...]) -> Condition:
    pattern = "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"
    sql = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns)
    return Condition(sql, (pattern,) * len(columns))
