"""From a waiting item of the queue back to a form, and from what was changed there to the command "edit"."""

from dataclasses import replace
from typing import Any

from coldfinger.gui.form.form_fields import Form, Values, oersted
from coldfinger.gui.form.form_to_plan import item_of, night_of, run_step
from coldfinger.gui.form.run_forms import FORMS, NOW, TESTS, form
from coldfinger.procedures.engine.items import RUN, SET, WAIT, Item
from coldfinger.procedures.plans.plan_names import CHECKS, with_defaults


def form_of(item: Item) -> Form | None:
    """The form in which a waiting item can be edited; None for one that only a plan file can say."""
    if item.kind in (SET, WAIT):
        return form(item.kind)
    if item.procedure in CHECKS.values():
        entries = tuple(entry for entry in form("checks").entries if entry.key not in TESTS)
        return replace(form("checks"), procedure=item.procedure, entries=entries)
    found = next((one for one in FORMS if one.procedure == item.procedure), None)
    if found is None or item.parameters.get("pacing") == "listed points":
        return None
    found = found.single()
    return replace(
        found, entries=tuple(replace(e, empty="", default=0.7) if e.empty == NOW else e for e in found.entries)
    )


def values_of(of: Form, item: Item) -> dict[str, Any]:
    """What stands in the form for an item."""
    if item.kind == WAIT:
        return {"minutes": item.settings.get("seconds", 0.0) / 60.0}
    if item.kind == SET:
        field = item.settings.get("field")
        return {
            "to_field": None if field is None else oersted(field),
            "to_temperature": item.settings.get("temperature"),
        }
    everything = with_defaults(item.procedure, dict(item.parameters))
    return {entry.key: everything[entry.key] for entry in of.entries}


def changes_of(of: Form, values: Values, item: Item) -> dict[str, Any]:
    """What the command "edit" is to change of an item. Raises PlanFileError."""
    if item.kind in (SET, WAIT):
        fresh = night_of(of, values).items[0]
        return {"settings": dict(fresh.settings), **({"name": fresh.name} if _has_usual_name(of, item) else {})}
    shown = {entry.key for entry in of.shown(values)}
    step = {key: value for key, value in run_step(of, values).items() if key in shown or key == "run"}
    fresh = item_of(step)
    changes: dict[str, Any] = {"parameters": dict(fresh.parameters)}
    if _has_usual_name(of, item):
        changes["name"] = fresh.name
    return changes


def _has_usual_name(of: Form, item: Item) -> bool:
    """Whether the item is called what its values make of it, so that the name follows them."""
    values = values_of(of, item)
    made = item_of(run_step(of, values)) if item.kind == RUN else night_of(of, values).items[0]
    return made.name == item.name
