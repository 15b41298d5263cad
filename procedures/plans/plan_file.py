"""Plan files: TOML in, a Night out, whole or refused with the line, what stands there, and what to write instead.

A plan holds words, numbers with units and lists. There is no code in it, and nothing in it is ever executed.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path as FilePath
from typing import Any

from coldfinger.procedures.engine.build import procedure_of
from coldfinger.procedures.engine.items import DISABLED, RUN, SET, USUAL_POLICY, EndActions, Item, Night
from coldfinger.procedures.plans.expand import DEEPEST, Expander
from coldfinger.procedures.plans.plan_families import PlanFamilies, named_families
from coldfinger.procedures.plans.plan_lines import PlanFileError, PlanText, did_you_mean
from coldfinger.procedures.plans.plan_syntax import LONGEST_TEXT, parse_plan
from coldfinger.procedures.plans.plan_values import ValueMistake, flag, moment, policy, quantity, read_value, words
from coldfinger.procedures.plans.run_parameters import RunParameters
from coldfinger.procedures.plans.step_keys import StepKeys
from coldfinger.procedures.station import Station

__all__ = ["PlanFileError", "check_plan", "check_plan_text", "item_lines", "read_plan"]

SCHEMA = 1
TOP = ("schema", "name", "on_failure", "must_end_by", "defaults", "step", "end")
END = ("heater", "field", "temperature", "stay")
_HEATER = ("off", "stay")


def read_plan(path: str | FilePath, now: datetime | None = None, zone: tzinfo | None = None) -> Night:
    """Read and check a plan file; see `check_plan_text`."""
    try:
        if FilePath(path).stat().st_size > 4 * LONGEST_TEXT:
            raise PlanFileError(str(path), 0, "this is much too large for a plan; give a plan file")
        text = FilePath(path).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise PlanFileError(str(path), 0, f"this is not UTF-8 text ({error.reason}); save it as UTF-8") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PlanFileError(
            str(path), 0, f"this plan cannot be read ({reason}); give the name of a plan file"
        ) from None
    return check_plan_text(text, str(path), now, zone)


def check_plan_text(text: str, source: str, now: datetime | None = None, zone: tzinfo | None = None) -> Night:
    """Check the text of a plan and expand it; `source` names it in errors.

    `now` (with its zone) is what "08:30" is counted from, the present by default; `zone` is that of times without
    an offset, the computer's own by default. Raises PlanFileError and nothing else.
    """
    return expanded(text, source, now, zone)[0]


def expanded(text: str, source: str, now: datetime | None = None, zone: tzinfo | None = None) -> tuple[Night, Expander]:
    """The night of a plan and the expander that made it, which knows where every item stands."""
    now = now or datetime.now(UTC)
    data, plan = parse_plan(text, source)
    for key in data:
        if key not in TOP:
            plan.refuse((key,), f"unknown key {key[:60]!r}; {_where_it_belongs(key)}")
    _check_schema(data, plan)
    on_failure = _read(plan, "on_failure", policy, data, USUAL_POLICY)
    must_end_by = _read(plan, "must_end_by", lambda v: moment(v, now, zone, "must_end_by"), data, "")
    defaults = _table(plan, data, "defaults")
    name = _read(plan, "name", _night_name, data, FilePath(source).stem or "night")
    end = _end(_table(plan, data, "end"), plan)
    if "step" not in data:
        plan.refuse((), 'the plan has no step; write [[step]] and below it for example run = "TemperatureRamp"')
    if isinstance(data["step"], dict):
        plan.refuse(("step",), "write [[step]] with double brackets, once for every step")
    parameters = RunParameters(plan)
    parameters.read_defaults(defaults)
    families = PlanFamilies(plan, parameters, frozenset(named_families(data["step"], DEEPEST)))
    expander = Expander(plan, StepKeys(plan, now, zone), parameters, families)
    expander.steps(data["step"], ("step",))
    night = Night(name, tuple(expander.items), on_failure, end, must_end_by, source, text)
    return night, expander


def item_lines(night: Night) -> dict[str, int]:
    """Line in the plan file at which each item stands, by id; items that came later stand nowhere."""
    try:
        original, expander = expanded(night.text, night.source)
    except PlanFileError:
        return {}
    return {item.id: expander.plan.line(path) for item, path in zip(original.items, expander.paths, strict=True)}


def check_plan(night: Night, station: Station, now: datetime | None = None) -> list[str]:
    """What a station would refuse, a sentence each; empty where everything can be run.

    With `now`, items and nights that should have ended before it are named, too.
    """
    lines = item_lines(night)
    found = []
    for item in night.items:
        if item.state == DISABLED:
            continue
        where = f"{night.source}, line {lines[item.id]} ({item.name})" if item.id in lines else item.name
        try:
            _check_item(item, station, now)
        except ValueError as error:
            found.append(f"{where}: {error}")
    for what, check, value in (
        ("end field", station.limits.check_field, night.end.field),
        ("end temperature", station.limits.check_temperature, night.end.temperature),
    ):
        try:
            if value is not None:
                check(value, what)
        except ValueError as error:
            found.append(f"{night.source}, [end]: {error}")
    if night.must_end_by and _passed(night.must_end_by, now):
        found.append(f"{night.source}: must_end_by, {night.must_end_by}, has passed; give a later time")
    return found


def _check_item(item: Item, station: Station, now: datetime | None) -> None:
    if item.must_end_by and _passed(item.must_end_by, now):
        raise ValueMistake(f"must_end_by, {item.must_end_by}, has passed; give a later time")
    if item.kind == RUN:
        procedure = procedure_of(item)
        procedure.use(station)
        procedure.check()
    elif item.kind == SET:
        if "field" in item.settings:
            station.limits.check_field(item.settings["field"])
        if "temperature" in item.settings:
            station.limits.check_temperature(item.settings["temperature"])


def _passed(text: str, now: datetime | None) -> bool:
    return now is not None and datetime.fromisoformat(text) <= now


def _check_schema(data: Mapping[str, Any], plan: PlanText) -> None:
    if "schema" not in data:
        plan.refuse((), f"schema is missing; write schema = {SCHEMA} as the first line")
    if type(data["schema"]) is not int or data["schema"] != SCHEMA:
        plan.refuse(("schema",), f"schema = {str(data['schema'])[:40]} is not known here; write schema = {SCHEMA}")


def _read(plan: PlanText, key: str, reader: Any, data: Mapping[str, Any], default: Any) -> Any:
    return read_value(plan, (key,), reader, data[key]) if key in data else default


def _table(plan: PlanText, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = data.get(key, {})
    if not isinstance(table, dict):
        plan.refuse((key,), f"{key} is not a table; write [{key}] in single brackets, and its keys below")
    return table


def _night_name(value: object) -> str:
    name = words(value, "name", longest=80)
    if re.search(r"[/\\:*?\"<>|]", name) or name.startswith("."):
        raise ValueMistake(f"name = {name!r} cannot name a folder; leave out slashes, colons and dots in front")
    return name


def _where_it_belongs(key: str) -> str:
    """The fix for an unknown key at the top of a plan."""
    fix = did_you_mean(key, TOP)
    if fix.startswith("did you mean"):
        return fix
    return f"{fix}; what a run needs stands below [[step]] or [defaults]"


def _end(table: Mapping[str, Any], plan: PlanText) -> EndActions:
    """The end actions of [end]; without it the heater goes off and the field stays."""

    def read(key: str, reader: Any) -> Any:
        return read_value(plan, ("end", key), reader, table[key])

    for key in table:
        if key not in END:
            plan.refuse(("end", key), f"unknown key {key[:60]!r} in [end]; {did_you_mean(key, END)}")
    if "stay" in table and read("stay", lambda v: flag(v, "stay")):
        for key in table:
            if key != "stay":
                plan.refuse(("end", key), f"{key} contradicts stay = true, which changes nothing; keep one of them")
        return EndActions(heater_off=False)
    heater_off = "temperature" not in table
    if "heater" in table:
        if table["heater"] not in _HEATER:
            said = f"heater = {table['heater']!r}"[:80]
            plan.refuse(("end", "heater"), f'{said} is neither "off" nor "stay"; write heater = "off"')
        heater_off = table["heater"] == "off"
    if heater_off and "temperature" in table:
        plan.refuse(
            ("end", "heater"), 'a temperature at the end needs the heater; leave heater = "off" out, or temperature'
        )
    field = temperature = None
    if table.get("field", "hold") != "hold":
        field = 0.0 if table["field"] == "zero" else read("field", _end_field)
    if "temperature" in table:
        temperature = read("temperature", lambda v: quantity(v, "temperature", "temperature"))
        if not temperature > 0:
            plan.refuse(("end", "temperature"), 'temperature must be above zero; write for example "4 K"')
    return EndActions(heater_off, field, temperature)


def _end_field(value: object) -> float:
    try:
        return quantity(value, "field", "field")
    except ValueMistake as error:
        raise ValueMistake(f'{error}, or field = "zero", or "hold"') from None
