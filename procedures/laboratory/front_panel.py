"""The front panel of any driver, from the driver's own description: what it has, in which unit, what is allowed.

A property's docstring begins with Control, Get or Measure, names the unit in parentheses and says after "strictly" what
is allowed. That is read here, so that a terminal and a window show and set any instrument without knowing it.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum, IntFlag
from typing import Any

from coldfinger.instruments.driver import View, jsonable
from coldfinger.instruments.errors import InstrumentError
from coldfinger.procedures.words.quantity import QuantityError, parse_in

_FIRST = re.compile(r"(Control|Get|Measure)\s+(.*?)(?:\.\s|\.?$)", re.DOTALL)
_UNIT = re.compile(r"\(([^\W\d_][^\d(),]{0,13}(?:\^2)?)\)")
_ALLOWED = re.compile(r"strictly\s+([^;)]+)")
_TABLE = re.compile(r"one of `(\w+)`")
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_BOOLEANS = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}


class KnobError(ValueError):
    """A property that is not there, or a text that does not fit it; one sentence."""


@dataclass(frozen=True)
class Knob:
    """One property of an instrument: `unit` and `allowed` are texts for people, `choices` what a table allows."""

    name: str
    meaning: str
    unit: str
    allowed: str
    settable: bool
    choices: tuple[str, ...] = ()


def panels_of(instruments: Mapping[str, Any]) -> dict[str, Any]:
    """Every instrument of a station by its name there, and its parts behind a dot: "fridge", "fridge.bridge"."""
    panels: dict[str, Any] = {}
    for name, instrument in instruments.items():
        panels[name] = instrument
        parts = {part: value for part, value in vars(instrument).items() if isinstance(value, View)}
        panels |= {f"{name}.{part}": value for part, value in parts.items() if not part.startswith("_")}
    return panels


def panel_named(instruments: Mapping[str, Any], name: str, roles: Mapping[str, str] | None = None) -> Any:
    """The instrument, or part of one, of that name or role. Raises KnobError."""
    panels = panels_of(instruments)
    found = panels.get((roles or {}).get(name, name))
    if found is None:
        raise KnobError(f"panel {name!r:.60}: there is no such instrument; this station has {', '.join(panels)}")
    return found


def knobs_of(instrument: Any) -> tuple[Knob, ...]:
    """What an instrument's front panel has, in the order in which its driver says it."""
    knobs: dict[str, Knob] = {}
    for kind in reversed(type(instrument).__mro__):
        if not kind.__module__.startswith("coldfinger."):
            continue  # pymeasure's own properties mean every instrument and none
        for name, attribute in vars(kind).items():
            if isinstance(attribute, property) and not name.startswith("_"):
                knob = _knob(type(instrument), name, attribute.__doc__ or "")
                if knob is not None:
                    knobs[name] = knob
    settings = [knobs[name] for name in instrument.SETTINGS if name in knobs]
    return (*settings, *(knob for knob in knobs.values() if knob not in settings))


def _knob(kind: type, name: str, docs: str) -> Knob | None:
    text = " ".join(docs.split())
    first = _FIRST.match(text)
    if first is None:
        return None
    verb, said = first.groups()
    unit = _UNIT.search(said)
    allowed = _ALLOWED.search(said)
    table = _TABLE.search(said)
    entries = getattr(kind, table[1], None) or vars(sys.modules[kind.__module__]).get(table[1], ()) if table else ()
    choices = tuple(f"{entry:g}" for entry in entries) if isinstance(entries, tuple) else ()
    if unit and unit[1] == "bool":
        choices, unit = ("on", "off"), None
    return Knob(
        name, said, unit[1] if unit else "", allowed[1].rstrip(", ") if allowed else "", verb == "Control", choices
    )


def panel_state(instrument: Any) -> list[dict[str, Any]]:
    """Every property with its present value, in the types of JSON: the fields of Knob, `value` and `trouble`.

    A reading that clears what it reports (`status`) is left out: it belongs to the run. After silence the rest is not
    asked for, as it would cost a time-out each.
    """
    state: list[dict[str, Any]] = []
    silent = ""
    for knob in knobs_of(instrument):
        if "clears" in knob.meaning:
            continue
        entry = asdict(knob) | {"choices": list(knob.choices), "value": None, "trouble": silent}
        try:
            if not silent:
                value = getattr(instrument, knob.name)
                entry |= {"value": _shown(value), "choices": list(knob.choices or _members(value))}
        except InstrumentError as error:
            entry["trouble"] = str(error)
            silent = "" if instrument_answers(instrument) else f"not asked, because the instrument is silent: {error}"
        state.append(entry)
    return state


def instrument_answers(instrument: Any) -> bool:
    """Whether the link of an instrument, or of the one that it is a part of, is clean."""
    return bool(getattr(getattr(instrument, "parent", None) or instrument, "clean", True))


def _members(value: Any) -> tuple[str, ...]:
    return tuple(type(value).__members__) if isinstance(value, Enum) else ()


def _shown(value: Any) -> object:
    if isinstance(value, IntFlag) and not value:
        return "none"
    try:
        return jsonable(value)
    except TypeError:
        return str(value)


def set_knob(instrument: Any, name: str, text: str) -> tuple[object, object]:
    """Set a property from what a person typed; returns the values before and after, as read back.

    A bare number is in the unit of the property. Raises KnobError or the driver's ValueError when nothing was sent, an
    InstrumentError when the instrument refused or cannot be trusted.
    """
    knobs = {knob.name: knob for knob in knobs_of(instrument)}
    knob = knobs.get(name)
    if knob is None or not knob.settable:
        can = ", ".join(each.name for each in knobs.values() if each.settable) or "nothing"
        why = "can only be read" if knob else "is not there"
        raise KnobError(f"{instrument.name}: {name!r:.60} {why}; settable are {can}")
    before = getattr(instrument, name)
    setattr(instrument, name, _value(knob, before, text))
    return _shown(before), _shown(getattr(instrument, name))


def _value(knob: Knob, before: Any, text: str) -> Any:
    """What a typed text means for a property whose value is of the type of `before`."""
    text = text.strip()
    if isinstance(before, bool):
        if text.lower() not in _BOOLEANS:
            raise KnobError(f"{knob.name}: {text!r:.60} is neither on nor off")
        return _BOOLEANS[text.lower()]
    if isinstance(before, Enum):
        return _member(knob, type(before), text)
    if hasattr(before, "_fields"):
        return _record(knob, before, text)
    return _number(knob, before, text)


def _member(knob: Knob, kind: type[Enum], text: str) -> Enum:
    wanted = text.upper().replace(" ", "_").replace("-", "_")
    if wanted not in kind.__members__:
        raise KnobError(f"{knob.name}: {text!r:.60} is not a setting; allowed are {', '.join(kind.__members__)}")
    return kind[wanted]


def _record(knob: Knob, before: Any, text: str) -> Any:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != len(before):
        raise KnobError(f"{knob.name}: {text!r:.60} has {len(parts)} parts; wanted are {', '.join(before._fields)}")
    fields = zip(before._fields, before, parts, strict=True)
    return type(before)(
        *(_value(Knob(f"{knob.name}.{field}", "", "", "", True), was, new) for field, was, new in fields)
    )


def _number(knob: Knob, before: Any, text: str) -> float | int:
    unit = knob.unit.split(" ")[0]
    if _PLAIN.fullmatch(text):
        return int(text) if isinstance(before, int) and re.fullmatch(r"[+-]?\d+", text) else float(text)
    try:
        return parse_in(text, unit, knob.name)
    except (QuantityError, ValueError, KeyError) as error:
        raise KnobError(str(error) if unit else f"{knob.name}: {text!r:.60} is not a number") from None
