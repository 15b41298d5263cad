"""Texts of a field with one unit: a bare number means that unit, what is shown reads back as the very same float."""

import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from coldfinger.procedures.words.quantity import QuantityError, parse_in

_BARE = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_STEPPED = re.compile(r"\s*([+-]?)(\d*)(\.?)(\d*)((?:[eE][+-]?\d+)?)\s*")
_SPACED = re.compile(r"\s*([*/])\s*")


@dataclass(frozen=True)
class Field:
    """What a field takes: its name, unit ("" for a pure number), limits in that unit and where they come from.

    `of` completes the sentence of a limit: "max 0.5 K/min on this refrigerator". `meaning` says what it does and
    `default` is the value it has by itself, if any. A text without letters is allowed as None where `empty` says
    what that means.
    """

    name: str
    unit: str = ""
    minimum: float = -math.inf
    maximum: float = math.inf
    of: str = ""
    meaning: str = ""
    default: float | None = None
    empty: str = ""

    @property
    def example(self) -> str:
        """How a value is written."""
        value = self.default
        if value is None:
            value = next((edge for edge in (self.maximum, self.minimum) if math.isfinite(edge)), 1.0)
        return f"{number_text(value)} {self.unit}".strip()


def read(text: str, field: Field) -> float | None:
    """Value of a typed text in the field's unit, None for an empty text where that is allowed.

    Raises QuantityError with one sentence for anything else, a value outside the limits included.
    """
    plain = _SPACED.sub(r"\1", text.strip().replace("−", "-"))
    if not plain and field.empty:
        return None
    plain = _with_dot(plain, field)
    bare = _BARE.fullmatch(plain) is not None
    if bare and field.unit:
        plain = f"{plain} {field.unit}"
    if field.unit:
        value = parse_in(plain, field.unit, field.name, field.example)
    elif bare:
        value = float(plain)
    else:
        raise QuantityError(
            f'{field.name}: {text.strip()!r} is not a plain number; write for example "{field.example}"'
        )
    check(value, field)
    return value


def check(value: float, field: Field) -> None:
    """Raises QuantityError for a value outside the field's limits, or none at all."""
    end = f" {field.unit}".rstrip() + (f" {field.of}" if field.of else "")
    if not math.isfinite(value):
        raise QuantityError(f"{field.name}: not a finite number")
    if value > field.maximum:
        raise QuantityError(f"max {number_text(field.maximum)}{end}")
    if value < field.minimum:
        raise QuantityError(f"min {number_text(field.minimum)}{end}")


def number_text(value: float) -> str:
    """The shortest text that reads back as the same float: "0.2", "10", "1e-09"."""
    if value == int(value) and abs(value) < 1e7:
        return str(int(value))
    return repr(value)


def tooltip(field: Field) -> str:
    """Meaning, range, unit and default, a line each."""
    unit = f" {field.unit}".rstrip()
    low, high = math.isfinite(field.minimum), math.isfinite(field.maximum)
    if low and high:
        allowed = f"Range: {number_text(field.minimum)} to {number_text(field.maximum)}{unit}"
    elif low or high:
        allowed = f"{'At least' if low else 'At most'} {number_text(field.minimum if low else field.maximum)}{unit}"
    else:
        allowed = "Range: any"
    lines = [field.meaning or field.name, allowed + (f" {field.of}" if field.of else "")]
    lines.append(
        f'Unit: {field.unit}; others such as "{field.example}" may be typed' if field.unit else "A pure number"
    )
    if field.default is not None:
        lines.append(f"Default: {number_text(field.default)}{unit}")
    if field.empty:
        lines.append(f"Empty: {field.empty}")
    return "\n".join(lines)


def stepped(text: str, caret: int, steps: int) -> tuple[str, int] | None:
    """A bare number with the digit before the caret stepped, and the caret that keeps its place; None for other texts.

    At the beginning of the text the first digit is stepped. "0.20" with the caret at its end goes to "0.21".
    """
    match = _STEPPED.fullmatch(text)
    if match is None or not (match[2] or match[4]):
        return None
    sign, whole, _, decimals, exponent = match.groups()
    place = _place(caret - match.start(2), len(whole), len(decimals))
    try:
        value = Decimal(f"{sign}{whole or '0'}.{decimals or '0'}") + steps * Decimal(1).scaleb(place)
    except InvalidOperation:
        return None
    number = f"{value:.{len(decimals)}f}"
    if Decimal(number) == 0:
        number = number.lstrip("-")
    point = number.find(".") if "." in number else len(number)
    # The caret stands behind the digit that was stepped.
    caret = point - place if place >= 0 else point + 1 - place
    return number + exponent, max(caret, 1)


def _place(caret: int, whole: int, decimals: int) -> int:
    """Power of ten of the digit before the caret; `caret` is counted from the first digit."""
    if caret <= whole or not decimals:
        return min(max(whole - max(caret, 1), 0), max(whole - 1, 0))
    return -min(max(caret - whole - 1, 1), decimals) if caret > whole + 1 else (0 if whole else -1)


def _with_dot(text: str, field: Field) -> str:
    """A decimal comma made a dot; a text with both, or with two commas, may mean thousands and is refused."""
    if "," not in text:
        return text
    if text.count(",") > 1 or "." in text.partition(",")[0] or "." in text.partition(",")[2].split(" ")[0]:
        raise QuantityError(f'{field.name}: {text!r} has several decimal signs; write for example "{field.example}"')
    return text.replace(",", ".")
