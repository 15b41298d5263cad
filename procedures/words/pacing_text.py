"""How a pacing is written on the command line and in plans: one line of text, the field's own words."""

import re
from typing import Any

from coldfinger.procedures.words.quantity import QuantityError, parse, parse_list

FORMS = (
    '"lag-limited" or "lag-limited 0.05", a rate such as "5 mK/min", "log-rate 2/h", '
    '"linear 25" or "log 25" settled points, or a list such as "0.7, 0.4, 0.1 K"'
)
_LAG = re.compile(r"lag-limited(?:\s+([\d.eE+-]+))?")
_LOG_RATE = re.compile(r"log-rate\s+([\d.eE+-]+)\s*/\s*h")
_POINTS = re.compile(r"(linear|log)\s+(\d+)")


def pacing_parameters(text: str) -> dict[str, Any]:
    """Parameters of TemperatureRamp for a pacing text. Raises QuantityError naming the allowed forms."""
    text = text.strip()
    try:
        if match := _LAG.fullmatch(text):
            lag = {"lag": _positive(match[1])} if match[1] else {}
            return {"pacing": "lag-limited", **lag}
        if match := _LOG_RATE.fullmatch(text):
            return {"pacing": "log-rate", "log_rate": _positive(match[1])}
        if match := _POINTS.fullmatch(text):
            return {"pacing": f"{match[1]} points", "points": _count(match[2]), "final_points": 0}
        if "/" in text:
            return {"pacing": "rate", "rate": _positive(parse(text, "temperature rate", "pacing") * 60.0)}
        parse_list(text, "temperature", "pacing")
        return {"pacing": "listed points", "temperatures": text, "final_points": 0}
    except QuantityError as error:
        raise QuantityError(f"pacing: {text!r} is not understood ({error}); write {FORMS}") from None


def _positive(value: str | float) -> float:
    try:
        number = float(value)
    except ValueError:
        raise QuantityError(f"{value!r} is not a number") from None
    if not 0 < number < 1e9:
        raise QuantityError(f"{value!r} must be above zero")
    return number


def _count(text: str) -> int:
    count = int(text)
    if not 2 <= count <= 10000:
        raise QuantityError(f"{count} points are not between 2 and 10000")
    return count
