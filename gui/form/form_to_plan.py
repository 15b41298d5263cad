"""From the values of a form to what is queued.

The step is text of a plan file and nothing else: what the window queues is what the same text would queue, and what a
station refuses is refused in the engine's own words.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any

import tomlkit

from coldfinger.gui.fields.list_text import with_unit
from coldfinger.gui.fields.quantity_text import number_text
from coldfinger.gui.form.form_fields import COUNT, LIST, QUANTITY, WAY, Entry, Form, Values
from coldfinger.gui.form.run_forms import BY_FIELD, BY_T, TESTS
from coldfinger.procedures.engine.items import Item, Night
from coldfinger.procedures.plans.plan_file import check_plan_text
from coldfinger.procedures.plans.plan_values import numbers
from coldfinger.procedures.rt_family import in_rising_order

_SOURCE = "the form"
_SET_KEYS = {"to_field": ("field", "Oe"), "to_temperature": ("temperature", "K")}


def step_of(of: Form, values: Values) -> dict[str, Any]:
    """The step of a plan that these values ask for; `start` is a number here, never empty."""
    if of.key == "wait":
        return {"wait": f"{number_text(values['minutes'])} min"}
    if of.key == "set":
        asked = {_SET_KEYS[key]: values.get(key) for key in _SET_KEYS}
        return {"set": {name: f"{number_text(value)} {unit}" for (name, unit), value in asked.items()
                        if value is not None}}  # fmt: skip
    given = {e.key: _said(e, values[e.key]) for e in of.shown(values) if _worth_saying(e, values[e.key])}
    if of.key == "checks":
        return _checks_step(of, given, values)
    if given.pop("order", BY_FIELD) == BY_T:
        return _by_temperature(given, of.entry("fields"), values)
    family = {"family": "R(T) family", "sweep": "R(H) family", "bias": "dV/dI family"}.get(of.key, "")
    lists = [entry for entry in of.entries if entry.single]
    given.pop("alternate", None)
    if not lists:
        return {"run": of.procedure, **given}
    if of.key != "family" and "," not in values[lists[0].key] and ":" not in values[lists[0].key]:
        return {"run": of.procedure, lists[0].single: given.pop(lists[0].key), **given}
    return {"family": family, **given}


def _by_temperature(given: dict[str, Any], fields: Entry, values: Values) -> dict[str, Any]:
    """A sweep at each temperature that goes from field to field and stands at each: no row lies between them."""
    visited = in_rising_order(numbers(given.pop("fields"), fields.unit, "fields"))
    way = [field for i, field in enumerate(visited) if i == 0 or field != visited[i - 1]]
    if len(way) < 2:
        raise ValueError(
            f'in the order by T two fields at least are needed, "{values["fields"]}" is one; write another'
        )
    step = max(abs(b - a) for a, b in itertools.pairwise(way))
    points = f"{', '.join(number_text(field) for field in way)} {fields.unit}"
    return {"family": "R(H) family", "points": points, "mode": "stepped", "step": f"{step:.12g} {fields.unit}", **given}


def _checks_step(of: Form, given: dict[str, Any], values: Values) -> dict[str, Any]:
    given = {key: value for key, value in given.items() if key not in (*TESTS, "where")}
    return {"checks": [name for key, name in TESTS.items() if values[key]], **({"parameters": given} if given else {})}


def _worth_saying(entry: Entry, value: Any) -> bool:
    return value is not None and not (entry.more and value == entry.default) and not (entry.kind == WAY and not value)


def _said(entry: Entry, value: Any) -> Any:
    if entry.kind == QUANTITY:
        return f"{number_text(value)} {entry.unit}" if entry.unit else float(value)
    if entry.kind == COUNT:
        return round(value)
    if entry.kind == LIST:
        return with_unit(value, entry.unit)
    return with_unit(value, entry.unit) if entry.kind == WAY else value


def plan_text_of(of: Form, values: Values, name: str = "form") -> str:
    """The plan with this one step."""
    return tomlkit.dumps({"schema": 1, "name": name, "step": [step_of(of, values)]})


def night_of(of: Form, values: Values, now: datetime | None = None, zone: tzinfo | None = None) -> Night:
    """What the values mean, expanded by the engine's own reader of plans. Raises PlanFileError, and ValueError for
    one field where several are needed."""
    night = check_plan_text(plan_text_of(of, values), _SOURCE, now, zone)
    turned = values.get("alternate") and values.get("order", BY_FIELD) == BY_FIELD
    return replace(night, items=_to_and_fro(night.items)) if turned else night


def _to_and_fro(items: Sequence[Item]) -> tuple[Item, ...]:
    """Every other ramp backwards."""
    return tuple(
        item.but(parameters={**item.parameters, "start": item.parameters["stop"], "stop": item.parameters["start"]})
        if number % 2
        else item
        for number, item in enumerate(items)
    )


def items_of(of: Form, values: Values) -> list[dict[str, Any]]:
    """The items as the engine takes them."""
    return [item.to_json() for item in night_of(of, values).items]


def run_step(of: Form, values: Values) -> dict[str, Any]:
    """A single run with every field said, also those that are as usual: the item may have had another value."""
    given = {e.key: _said(e, values[e.key]) for e in of.shown(values) if values[e.key] is not None}
    return {"run": of.procedure, **given}


def item_of(step: Mapping[str, Any]) -> Item:
    """What the engine makes of one step. Raises PlanFileError."""
    return check_plan_text(tomlkit.dumps({"schema": 1, "name": "form", "step": [step]}), _SOURCE).items[0]
