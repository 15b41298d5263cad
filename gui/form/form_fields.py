"""What a form of the window is made of: fields with their kinds, units, meanings and limits, and when they are seen."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from coldfinger.gui.fields.quantity_text import Field
from coldfinger.procedures.laboratory.limits import Limits
from coldfinger.procedures.plans.plan_names import parameters_of
from coldfinger.procedures.words.quantity import OERSTED

Values = Mapping[str, Any]
"""Of a form: a float in the field's unit (None: empty), a text of a list or a choice, or a bool, by the field's key."""

QUANTITY, COUNT, LIST, WAY, CHOICE, FLAG = "quantity", "count", "list", "way", "choice", "flag"


@dataclass(frozen=True)
class Entry:
    """One field of a form.

    kind      "quantity", "count", "list" (several quantities as text), "way" (fields between which to sweep, as text),
              "choice" or "flag"
    limit     which limit of the station holds: "temperature", "field", "current", "bias", "field rate", or ""
    when      (key of a choice or flag, values): the field is there only with one of these
    single    of a list: the parameter that one value of it is
    empty     what an empty field means; "" where it may not be empty
    more      shown only with all fields
    """

    key: str
    label: str
    kind: str
    default: Any
    meaning: str
    unit: str = ""
    limit: str = ""
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    when: tuple[str, tuple[Any, ...]] | None = None
    single: str = ""
    empty: str = ""
    more: bool = False

    def field(self, limits: Limits) -> Field:
        """What a quantity field takes at a station."""
        low, high = _range(self.limit, limits)
        low, high = max(low, self.low), min(high, self.high)
        default = self.default
        if default is not None:
            default = min(max(default, low), high)
        of = "at this station" if self.limit else ""
        name = self.label.replace("&", "")
        return Field(name, self.unit, low, high, of, self.meaning, default, self.empty)


@dataclass(frozen=True)
class Form:
    """A type of run: `procedure` ("" where the step is no single run), its fields, its page of the documentation."""

    key: str
    title: str
    procedure: str
    entries: tuple[Entry, ...]
    help: str

    def entry(self, key: str) -> Entry:
        return next(entry for entry in self.entries if entry.key == key)

    def shown(self, values: Values) -> list[Entry]:
        """The fields that these values make sense of; one that belongs to a choice needs that to be there, too."""
        shown: dict[str, Entry] = {}
        for entry in self.entries:
            key, of = entry.when or ("", ())
            if not key or (key in shown and values.get(key) in of):
                shown[entry.key] = entry
        return list(shown.values())

    def defaults(self, limits: Limits) -> dict[str, Any]:
        """Every field filled, within the limits of the station."""
        return {
            entry.key: entry.field(limits).default if entry.kind in (QUANTITY, COUNT) else entry.default
            for entry in self.entries
        }

    def single(self) -> "Form":
        """The same form for one run: every list of values is one value."""
        entries = []
        for entry in self.entries:
            if entry.key == "alternate":
                continue
            if entry.single:
                usual = parameters_of(self.procedure)[entry.single].default
                label = "&Field" if entry.single == "field" else "Te&mperature"
                entry = replace(entry, key=entry.single, label=label, kind=QUANTITY, default=usual, single="")
            entries.append(entry)
        return replace(self, entries=tuple(entries))


def _range(limit: str, limits: Limits) -> tuple[float, float]:
    """Lowest and highest value that a limit allows, in the units of the forms."""
    if limit == "temperature":
        return limits.lowest_temperature, limits.highest_temperature
    if limit == "field":
        return -oersted(limits.field), oersted(limits.field)
    if limit == "field rate":
        return 0.0, oersted(limits.field_rate * 60.0)
    if limit == "current":
        return -math.inf, float(f"{limits.current * 1e9:.12g}")
    if limit == "bias":
        return -math.inf, float(f"{limits.bias * 1e9:.12g}")
    return -math.inf, math.inf


def oersted(field: float) -> float:
    """A field in T, in Oe."""
    return float(f"{field / OERSTED:.12g}")
