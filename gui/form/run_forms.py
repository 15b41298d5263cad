"""What a person can ask for in the window: for each type of run one table of fields, and the plan step that it makes.

The step is text of a plan file and nothing else: what the window queues is what the same text would queue, and what a
station refuses is refused in the engine's own words.
"""

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

import tomlkit

from coldfinger.gui.fields.list_text import with_unit
from coldfinger.gui.fields.quantity_text import Field, number_text
from coldfinger.procedures.engine.items import RUN, SET, WAIT, Item, Night
from coldfinger.procedures.laboratory.limits import Limits
from coldfinger.procedures.plans.plan_file import check_plan_text
from coldfinger.procedures.plans.plan_names import CHECKS, parameters_of, with_defaults
from coldfinger.procedures.plans.plan_values import numbers
from coldfinger.procedures.rt_family import in_rising_order
from coldfinger.procedures.words.quantity import OERSTED

Values = Mapping[str, Any]
"""Of a form: a float in the field's unit (None: empty), a text of a list or a choice, or a bool, by the field's key."""

QUANTITY, COUNT, LIST, WAY, CHOICE, FLAG = "quantity", "count", "list", "way", "choice", "flag"
SOURCE = "the form"
NOW = "now"
BY_FIELD, BY_T = "by field: R(T) at each", "by T: R(H) at each"
"""Orders of a family: a ramp at each field, or at each temperature all fields."""
_SET_KEYS = {"to_field": ("field", "Oe"), "to_temperature": ("temperature", "K")}
_TESTS = {f"test_{name}": name for name in CHECKS if name != "leads"}


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
        return -_oersted(limits.field), _oersted(limits.field)
    if limit == "field rate":
        return 0.0, _oersted(limits.field_rate * 60.0)
    if limit == "current":
        return -math.inf, float(f"{limits.current * 1e9:.12g}")
    if limit == "bias":
        return -math.inf, float(f"{limits.bias * 1e9:.12g}")
    return -math.inf, math.inf


def _oersted(field: float) -> float:
    return float(f"{field / OERSTED:.12g}")


# The tables


def _choice(procedure: str, key: str) -> tuple[str, ...]:
    return tuple(str(choice) for choice in parameters_of(procedure)[key].choices)


_SETTLED = ("linear points", "log points")
_START = Entry("start", "&From", QUANTITY, None, "Temperature at which the ramp begins", "K", "temperature", empty=NOW)
_STOP = Entry("stop", "&To", QUANTITY, 0.7, "Temperature at which the ramp ends", "K", "temperature")
_PACING = (
    Entry("pacing", "&Pacing", CHOICE, "rate", "How the temperature goes on: at a rate, as fast as the sample follows "
          "(lag-limited), or from one settled point to the next", choices=_choice("TemperatureRamp", "pacing")[:-1]),
    Entry("rate", "&Rate", QUANTITY, 0.005, "How fast the set temperature moves", "K/min", low=1e-6, high=10.0,
          when=("pacing", ("rate",))),
    Entry("lag", "&Lag", QUANTITY, 0.07, "Largest distance of the sample behind the mixing chamber, as a share of T",
          low=0.001, high=0.5, when=("pacing", ("lag-limited",))),
    Entry("log_rate", "Log &rate", QUANTITY, 2.0, "How many times per hour T changes by a factor of e", "1/h", low=1e-3,
          high=1000.0, when=("pacing", ("log-rate",))),
    Entry("points", "P&oints", COUNT, 100, "Number of rows on the way", low=2, high=100000),
)  # fmt: skip
_FIELD = Entry("field", "F&ield", QUANTITY, 0.0, "Field during the run", "Oe", "field")


def _measuring(procedure: str, current: float = 1.0) -> tuple[Entry, ...]:
    """How the film is excited."""
    usual = str(parameters_of(procedure)["excitation"].default)
    return (
        Entry("excitation", "E&xcitation", CHOICE, usual, "Who chooses current and frequency: policy by resistance, "
              "gently (the least current that reaches the precision), searched on the film, or fixed here",
              choices=_choice(procedure, "excitation"), more=True),
        Entry("current", "C&urrent", QUANTITY, current, "Excitation current, rms", "nA", "current", low=1e-6,
              when=("excitation", ("fixed",)), more=True),
        Entry("frequency", "Fre&quency", QUANTITY, 7.0, "Excitation frequency", "Hz", low=0.01, high=1000.0,
              when=("excitation", ("fixed",)), more=True),
        Entry("precision", "Precisio&n", QUANTITY, 1e-3, "Wanted relative standard deviation of the resistance",
              low=1e-6, high=0.5, more=True),
    )  # fmt: skip


_ROWS = (
    Entry("window", "A&veraging", QUANTITY, 4.0, "Time over which a row is averaged", "s", low=0.1, high=3600.0,
          more=True),
    Entry("checks", "&Belief tests", CHOICE, "none", "Which tests of belief follow the ramp",
          choices=_choice("TemperatureRamp", "checks"), more=True),
)  # fmt: skip
_PLACES = (
    Entry("where", "&Where", CHOICE, "here", "Where the last run has ended, or at a temperature and field given here",
          choices=("here", "given")),
    Entry("temperature", "Te&mperature", QUANTITY, 0.05, "Temperature of the tests", "K", "temperature",
          when=("where", ("given",))),
    replace(_FIELD, when=("where", ("given",))),
    Entry("series", "&Full series", FLAG, False, "Measure the full series of currents or frequencies, not only two"),
)  # fmt: skip

FORMS = (
    Form("ramp", "Temperature ramp", "TemperatureRamp",
         (_START, _STOP, *_PACING, _FIELD, *_measuring("TemperatureRamp"), *_ROWS), "measurement"),
    Form("family", "R(T) family", "TemperatureRamp", (
        Entry("fields", "F&ields", LIST, "0, 30, 100, 300", "Fields of the family, in rising order of |H|",
              "Oe", "field", single="field"),
        Entry("order", "Ord&er", CHOICE, BY_FIELD, "by field: a temperature ramp at each field, R(T)\n"
              "by T: at each temperature all fields, standing at each; the queue then holds one sweep of the field, "
              "R(H), for each temperature, the warmest first", choices=(BY_FIELD, BY_T)),
        Entry("temperatures", "Te&mperatures", LIST, "log 0.7:0.05:8", "Temperatures, at each of which every field is "
              "measured in a run of its own", "K", "temperature", when=("order", (BY_T,))),
        *(replace(entry, when=entry.when or ("order", (BY_FIELD,))) for entry in (
            replace(_START, default=0.7, empty="", meaning="Temperature at which each ramp begins"),
            replace(_STOP, default=0.05), *_PACING,
            Entry("alternate", "Up and &down", FLAG, False, "Every other ramp goes the other way, so that the time "
                  "between two ramps is not spent on going back"))),
        *_measuring("TemperatureRamp"), _ROWS[0], replace(_ROWS[1], when=("order", (BY_FIELD,)))),
        "plan-files#steps"),
    Form("sweep", "Field sweep", "FieldSweep", (
        Entry("temperatures", "Te&mperatures", LIST, "0.05", "Temperatures, one sweep at each, the warmest first", "K",
              "temperature", single="temperature"),
        Entry("start", "&From", QUANTITY, -100.0, "Field at which the sweep begins", "Oe", "field"),
        Entry("stop", "&To", QUANTITY, 100.0, "Field at which the sweep ends", "Oe", "field"),
        Entry("points", "&Way", WAY, "", 'Fields between which is swept, for example "0, 60, -60", "loop 100 Oe" or '
              '"zigzag -50, 50 Oe x 4"; takes the place of From and To', "Oe", "field", empty="from, to once"),
        Entry("mode", "M&ode", CHOICE, "continuous", "Sweep on, or stand at each field",
              choices=_choice("FieldSweep", "mode")),
        Entry("rate", "&Rate", QUANTITY, 0.0, "Sweep rate; 0 where the resolution decides", "Oe/min", "field rate",
              low=0.0, when=("mode", ("continuous",))),
        Entry("resolution", "Reso&lution", QUANTITY, 0.8, "Finest structure that is kept: field frequency at -3 dB",
              "1/Oe", low=1e-4, high=1e4, when=("mode", ("continuous",))),
        Entry("step", "&Step", QUANTITY, 0.05, "Distance of the fields", "Oe", low=1e-4, high=1e5,
              when=("mode", ("stepped",))),
        *_measuring("FieldSweep")), "field"),
    Form("bias", "dV/dI", "DifferentialResistance", (
        Entry("fields", "F&ields", LIST, "0", "Fields, one set of curves at each", "Oe", "field", single="field"),
        Entry("temperature", "Te&mperature", QUANTITY, 0.05, "Temperature of the mixing chamber", "K", "temperature"),
        Entry("largest", "La&rgest bias", QUANTITY, 1000.0, "The dc current goes from minus to plus this", "nA", "bias",
              low=0.001),
        Entry("finest", "Finest &step", QUANTITY, 2.0, "Step of the dc current around zero", "nA", low=1e-3, high=1e5),
        Entry("points", "P&oints", COUNT, 20, "Number of bias currents on each side of zero", low=2, high=10000),
        Entry("point_time", "Time of a &point", QUANTITY, 20.0, "Averaging at each bias", "s", low=0.5, high=3600.0),
        *_measuring("DifferentialResistance", 0.5)), "didv"),
    Form("adaptive", "Adaptive ramp", "AdaptiveRamp", (
        replace(_START, default=0.7, empty="", meaning="Warmest temperature"),
        replace(_STOP, default=0.05, meaning="Coldest temperature"), _FIELD,
        Entry("budget", "Time &budget", QUANTITY, 3.0, "The measurement ends after this time at the latest", "h",
              low=0.05, high=200.0),
        Entry("energy_target", "E_a to &within", QUANTITY, 0.01, "Relative standard deviation of the activation energy "
              "at which the measurement may end", low=1e-5, high=1.0),
        Entry("base_target", "Ba&se to within", QUANTITY, 0.003, "The same of the resistance at base temperature",
              low=1e-5, high=1.0),
        *_measuring("AdaptiveRamp")), "adaptive"),
    Form("checks", "Belief tests", "LinearityCheck", (
        *(Entry(f"test_{name}", label, FLAG, name in ("linearity", "heating"), meaning) for name, label, meaning in (
            ("linearity", "&Linearity", "Does the resistance depend on the current?"),
            ("frequency", "Fre&quency", "Does it depend on the frequency, as lines and leads would make it?"),
            ("heating", "&Heating", "Does the current warm the electrons?"),
            ("lead", "Lea&ds", "Do the leads take part?"),
            ("thermometer", "Thermomete&r", "Does the thermometer's own current warm it?"))),
        *_PLACES, *_measuring("LinearityCheck")), "checks"),
    Form("set", "Set point", "", (
        Entry("to_field", "F&ield", QUANTITY, None, "Field to go to", "Oe", "field", empty="stays"),
        Entry("to_temperature", "&Temperature", QUANTITY, 0.05, "Temperature to go to and to hold", "K", "temperature",
              empty="stays")), "plan-files#steps"),
    Form("wait", "Wait", "", (
        Entry("minutes", "W&ait", QUANTITY, 30.0, "Time in which nothing moves", "min", low=0.01, high=43200.0),),
        "plan-files#steps"),
)  # fmt: skip
"""The types of runs, in the order of the chooser."""


def form(key: str) -> Form:
    """The form of that key."""
    return next(one for one in FORMS if one.key == key)


# From values to the plan


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
    given = {key: value for key, value in given.items() if key not in (*_TESTS, "where")}
    return {"checks": [name for key, name in _TESTS.items() if values[key]], **({"parameters": given} if given else {})}


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
    night = check_plan_text(plan_text_of(of, values), SOURCE, now, zone)
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


def with_own_families(items: Sequence[Item], taken: Collection[str]) -> tuple[Item, ...]:
    """The items with families that no other item of a queue belongs to: each family has a manifest of its own."""
    names: dict[str, str] = {}
    for item in items:
        if item.family is not None and item.family.id not in names:
            used = {*taken, *names.values()}
            numbered = (f"family-{number}" for number in itertools.count(1))
            id = item.family.id
            names[id] = id if id not in used else next(name for name in numbered if name not in used)
    return tuple(
        item if item.family is None else item.but(family=replace(item.family, id=names[item.family.id]))
        for item in items
    )


def families_in(snapshot: Mapping[str, Any]) -> set[str]:
    """Ids of the families of a queue."""
    return {item["family"]["id"] for item in snapshot.get("items", []) if item.get("family")}


def items_of(of: Form, values: Values) -> list[dict[str, Any]]:
    """The items as the engine takes them."""
    return [item.to_json() for item in night_of(of, values).items]


# From an item back to the form


def form_of(item: Item) -> Form | None:
    """The form in which a waiting item can be edited; None for one that only a plan file can say."""
    if item.kind in (SET, WAIT):
        return form(item.kind)
    if item.procedure in CHECKS.values():
        entries = tuple(entry for entry in form("checks").entries if entry.key not in _TESTS)
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
            "to_field": None if field is None else _oersted(field),
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
    step = {key: value for key, value in _run_step(of, values).items() if key in shown or key == "run"}
    fresh = check_plan_text(tomlkit.dumps({"schema": 1, "name": "form", "step": [step]}), SOURCE).items[0]
    changes: dict[str, Any] = {"parameters": dict(fresh.parameters)}
    if _has_usual_name(of, item):
        changes["name"] = fresh.name
    return changes


def _run_step(of: Form, values: Values) -> dict[str, Any]:
    """A single run with every field said, also those that are as usual: the item may have had another value."""
    given = {e.key: _said(e, values[e.key]) for e in of.shown(values) if values[e.key] is not None}
    return {"run": of.procedure, **given}


def _has_usual_name(of: Form, item: Item) -> bool:
    """Whether the item is called what its values make of it, so that the name follows them."""
    if item.kind == RUN:
        text = tomlkit.dumps({"schema": 1, "name": "form", "step": [_run_step(of, values_of(of, item))]})
    else:
        text = plan_text_of(of, values_of(of, item))
    return check_plan_text(text, SOURCE).items[0].name == item.name
