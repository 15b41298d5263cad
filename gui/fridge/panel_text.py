"""What a front panel says: values and limits as text, and why a property cannot be set now."""

import math
from collections.abc import Mapping
from typing import Any

from coldfinger.procedures.words.quantity import show

Entry = Mapping[str, Any]

SETTABLE_STATES = ("idle", "paused", "held")
"""States of the engine in which nothing is measured, so that panels follow by themselves and can be set."""
SWITCH = ("on", "off")
_KINDS = {"A": "current", "V": "voltage", "K": "temperature", "W": "power", "ohm": "resistance", "s": "time"}
"""Units whose very large and very small numbers are shown with a prefix."""


def value_text(entry: Entry) -> str:
    """The value of an entry with its unit, for people; "" where it could not be read."""
    value, unit = entry["value"], entry["unit"]
    if value is None:
        return ""
    if isinstance(value, bool):
        return SWITCH[0] if value else SWITCH[1]
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, float) and unit in _KINDS and value and not 1e-2 <= abs(value) < 1e4 and math.isfinite(value):
        return show(float(f"{value:.6g}"), _KINDS[unit]).replace("-", "−").replace(" u", " µ")
    text = _plain(value)
    return f"{text} {unit}".strip() if isinstance(value, int | float) else text


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return SWITCH[0] if value else SWITCH[1]
    if isinstance(value, float):
        return f"{value:.8g}".replace("-", "−") if math.isfinite(value) else "not a number"
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return str(value)


def typed_text(entry: Entry) -> str:
    """The present value as it would be typed: a bare number in the unit, parts of a record by commas."""
    value = entry["value"]
    if isinstance(value, Mapping):
        return ", ".join(typed_text({"value": inner, "unit": ""}) for inner in value.values())
    if isinstance(value, bool):
        return SWITCH[0] if value else SWITCH[1]
    return "" if value is None else f"{value!r}" if isinstance(value, float) else str(value)


def choices_of(entry: Entry) -> tuple[str, ...]:
    """What the property may be, empty where anything within limits is typed."""
    if entry["choices"]:
        return tuple(entry["choices"])
    return SWITCH if isinstance(entry["value"], bool) else ()


def allowed_text(entry: Entry) -> str:
    """What may be set, in words."""
    if not entry["settable"]:
        return "read only"
    choices = choices_of(entry)
    if entry["allowed"] and not ("`" in entry["allowed"] and choices):  # a table's name says nothing to people
        return str(entry["allowed"])
    return "one of " + ", ".join(choices) if choices else f"in {entry['unit']}" if entry["unit"] else ""


def why_not_set(snapshot: Mapping[str, Any] | None, entry: Entry | None) -> str:
    """Why a property cannot be set now; "" where it can."""
    if entry is None:
        return "No property is chosen"
    if not entry["settable"]:
        return f"{entry['name']} can only be read"
    if not snapshot:
        return "The engine does not answer"
    if snapshot["state"] not in SETTABLE_STATES:
        return f"The engine is {snapshot['state']}: pause the run, or wait for its end"
    return ""


def is_quiet(snapshot: Mapping[str, Any] | None) -> bool:
    """Whether nothing is measured, so that reading a panel disturbs nothing."""
    return bool(snapshot) and snapshot["state"] in SETTABLE_STATES  # type: ignore[index]
