"""A Night back into a plan file: what has not changed keeps its text and its comments.

Steps whose items are as the old text made them are copied as they stand, families and loops included; a step with one
changed item is edited in place; everything else becomes a step an item. What was written is read again before the
file is replaced, and must mean the same night.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path as FilePath
from typing import Any

import tomlkit

from coldfinger.procedures.engine.items import (
    DISABLED,
    RETRY,
    RUN,
    WAIT,
    WAITING,
    EndActions,
    FailurePolicy,
    Item,
    Night,
)
from coldfinger.procedures.plans.expand import Expander
from coldfinger.procedures.plans.plan_file import SCHEMA, expanded
from coldfinger.procedures.plans.plan_lines import Path, PlanFileError, PlanText
from coldfinger.procedures.plans.plan_names import parameters_of, title, with_defaults
from coldfinger.procedures.plans.step_keys import COMMON
from coldfinger.procedures.words.quantity import OERSTED, parse

_KEYS = ("name", "run", "family", "loop", "do", "set", "wait", "until", "fields", "parameters", "member_of", *COMMON)


def write_plan(
    night: Night,
    path: str | FilePath,
    over: str = "",
    now: datetime | None = None,
    zone: tzinfo | None = None,
) -> str:
    """Write a night as a plan file and return its text; `over` is the text whose comments are kept.

    `now` and `zone` as in `check_plan_text`. Raises PlanFileError when the night cannot be said in a plan, OSError
    when the file cannot be written; the file that was there is then as it was.
    """
    source = str(path)
    text = plan_text(night, source, over, now, zone)
    target = FilePath(path)
    draft = target.with_name(f".{target.name}.new")
    try:
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return text


def plan_text(
    night: Night, source: str, over: str = "", now: datetime | None = None, zone: tzinfo | None = None
) -> str:
    """The text of a plan that makes this night."""
    for base in (over, ""):
        if not base and not night.items:
            break
        try:
            text = _over(night, base, source, now, zone) if base else _fresh(night)
            written = expanded(text, source, now, zone)[0]
        except PlanFileError as error:
            mistake = error
            continue
        if means_the_same(written, night):
            return text
        mistake = PlanFileError(source, 0, "this queue cannot be said in a plan file; take what is unusual out")
    if not night.items:
        raise PlanFileError(source, 0, "an empty queue is no plan; add at least one item before it is written")
    raise mistake


def means_the_same(one: Night, other: Night) -> bool:
    """Whether two nights do the same work; ids, and what became of the items, are not looked at."""
    tops = [(n.name, n.on_failure, n.end, n.must_end_by) for n in (one, other)]
    return tops[0] == tops[1] and _meanings(one.items) == _meanings(other.items)


def _meanings(items: Sequence[Item]) -> list[Item]:
    families: dict[str, str] = {}
    return [_meaning(item, families) for item in items]


def _meaning(item: Item, families: dict[str, str]) -> Item:
    family = item.family
    if family is not None:
        family = replace(family, id=families.setdefault(family.id, str(len(families))))
    parameters = with_defaults(item.procedure, dict(item.parameters)) if item.kind == RUN else {}
    return Item(
        item.kind,
        "",
        item.name,
        item.procedure,
        parameters,
        dict(item.settings),
        item.only_if,
        item.not_before,
        item.must_end_by,
        item.on_failure,
        family,
        DISABLED if item.state == DISABLED else WAITING,
    )


# Over an old text


@dataclass(frozen=True)
class _Section:
    """Some lines of the old text: the head (""), "defaults", "end", or a step with its number."""

    kind: str
    text: str
    number: int = -1


def _sections(plan: PlanText) -> list[_Section]:
    """The old text in its parts; comments right above a heading belong to it."""
    lines = plan.text.split("\n")
    heads: list[tuple[int, str, int]] = []
    for path, line in plan.lines.items():
        top: Path = path[:1]
        is_step = len(path) == 2 and top == ("step",) and isinstance(path[1], int)
        if (is_step or path in (("defaults",), ("end",))) and lines[line - 1].lstrip().startswith("["):
            first = line - 1
            while first > 0 and lines[first - 1].lstrip().startswith("#"):
                first -= 1
            heads.append((first, str(top[0]), int(path[1]) if is_step else -1))
    heads.sort()
    found = [_Section("", "\n".join(lines[: heads[0][0] if heads else len(lines)]))]
    for (first, kind, number), after in zip(heads, [*(h[0] for h in heads[1:]), len(lines)], strict=True):
        found.append(_Section(kind, "\n".join(lines[first:after]), number))
    return found


def _over(night: Night, base: str, source: str, now: datetime | None, zone: tzinfo | None) -> str:
    old, expander = expanded(base, source, now, zone)
    if means_the_same(old, night):
        return base
    sections = _sections(expander.plan)
    texts = {section.number: section.text for section in sections if section.kind == "step"}
    if len(texts) != len({path[1] for path in expander.paths}):
        return _fresh(night)  # steps that are written as one list have no text of their own
    parts: list[str] = []
    steps = _steps(night, old, expander, texts)
    first = next(section.number for section in sections if section.kind == "step")
    for section in sections:
        if section.kind == "":
            parts.append(_head(section.text, night, old))
        elif section.kind == "end":
            parts.append(_new_end(section.text, night.end) if night.end != old.end else section.text)
        elif section.kind == "defaults":
            parts.append(section.text)
        elif section.number == first:
            parts += steps
    if night.end != old.end and not any(section.kind == "end" for section in sections):
        parts.append(_new_end("[end]", night.end))
    return "\n".join(part if part.endswith("\n") else part + "\n" for part in map(_tidy, parts) if part.strip())


def _tidy(part: str) -> str:
    return part.rstrip("\n") + "\n"


def _steps(night: Night, old: Night, expander: Expander, texts: Mapping[int, str]) -> list[str]:
    groups: dict[int, list[Item]] = {}
    for item, path in zip(old.items, expander.paths, strict=True):
        groups.setdefault(int(path[1]), []).append(item)
    owner = {item.id: number for number, group in groups.items() for item in group}
    plain = {
        number: len(group) == 1 and len(expander.paths[int(group[0].id) - 1]) == 2 for number, group in groups.items()
    }
    parts, place, used = [], 0, set[int]()
    while place < len(night.items):
        item = night.items[place]
        number = owner.get(item.id, -1)
        group = groups.get(number, [])
        there = night.items[place : place + len(group)]
        if number >= 0 and number not in used and _meanings(there) == _meanings(group):
            parts.append(texts[number])
            place += len(group)
        elif number >= 0 and number not in used and plain[number] and item.id == group[0].id:
            parts.append(_edited(texts[number], group[0], item, expander))
            place += 1
        else:
            parts.append(_step_text(item, expander.parameters.defaults))
            place += 1
        used.add(number)
    return parts


def _edited(text: str, old: Item, new: Item, expander: Expander) -> str:
    """The text of a step with one item, with what has changed written over."""
    before, after = (step_table(item, expander.parameters.defaults) for item in (old, new))
    document, tail = _parsed(text)
    steps: Any = document["step"]
    table = steps[0]
    if old.kind != new.kind or old.procedure != new.procedure or set(table) & {"family", "checks"} - set(after):
        return _step_text(new, expander.parameters.defaults)
    for key in [*before, *(key for key in after if key not in before)]:
        if before.get(key) == after.get(key):
            continue
        if key in after:
            table[key] = _value(after[key])
        else:
            table.pop(key, None)
    return tomlkit.dumps(document) + tail


def _parsed(text: str) -> tuple[Any, str]:
    """A part of the old text, and the empty lines after it: what is added to the part comes before them."""
    body = text.rstrip("\n") + "\n"
    return tomlkit.parse(body), text[len(body) :]


def _head(text: str, night: Night, old: Night) -> str:
    document, tail = _parsed(text)
    wanted = {"name": night.name, "on_failure": policy_text(night.on_failure), "must_end_by": _time(night.must_end_by)}
    present = {"name": old.name, "on_failure": policy_text(old.on_failure), "must_end_by": _time(old.must_end_by)}
    for key, value in wanted.items():
        if value == present[key]:
            continue
        if value:
            document[key] = value
        else:
            document.pop(key, None)
    return tomlkit.dumps(document) + tail


def _new_end(text: str, end: EndActions) -> str:
    document, tail = _parsed(text)
    table: Any = document["end"]
    wanted = end_table(end)
    for key in [key for key in table if key not in wanted]:
        table.pop(key)
    for key, value in wanted.items():
        table[key] = value
    return tomlkit.dumps(document) + tail


# From nothing


def _fresh(night: Night) -> str:
    head = [
        f"schema = {SCHEMA}",
        f"name = {_quoted(night.name)}",
        f"on_failure = {_quoted(policy_text(night.on_failure))}",
    ]
    if night.must_end_by:
        head.append(f"must_end_by = {_quoted(_time(night.must_end_by))}")
    end = ["[end]", *(f"{key} = {_quoted(value)}" for key, value in end_table(night.end).items())]
    parts = ["\n".join(head), *(_step_text(item, {}) for item in night.items), "\n".join(end)]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _step_text(item: Item, defaults: Mapping[tuple[str, str], Any]) -> str:
    table = step_table(item, defaults)
    return "\n".join(["[[step]]", *(f"{key} = {_quoted(value)}" for key, value in table.items())])


def step_table(item: Item, defaults: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    """Keys and values of the step that makes an item; `defaults` are those of the plan, by procedure and name."""
    table: dict[str, Any] = {}
    usual = ""
    not_before = item.not_before
    if item.kind == RUN:
        table = _run_table(item, defaults)
        usual = title(item.procedure, dict(item.parameters))
    elif item.kind == WAIT and not item.settings.get("seconds") and not_before:
        table, not_before = {"until": _time(not_before)}, ""
    elif item.kind == WAIT:
        table = {"wait": _span(item.settings["seconds"])}
    else:
        table = {"set": {name: _setting(name, value) for name, value in item.settings.items()}}
    if item.name != usual:
        table = {"name": item.name, **table}
    extra = {
        "only_if": item.only_if,
        "not_before": _time(not_before),
        "must_end_by": _time(item.must_end_by),
        "on_failure": policy_text(item.on_failure) if item.on_failure else "",
        "disabled": item.state == DISABLED,
    }
    return table | {key: value for key, value in extra.items() if value}


def _run_table(item: Item, defaults: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    known = parameters_of(item.procedure)
    values = dict(item.parameters)
    for name, parameter in known.items():
        if name not in values and (item.procedure, name) in defaults:
            values[name] = parameter.default  # or the plan's default would take its place
    table: dict[str, Any] = {"run": item.procedure}
    clashing: dict[str, Any] = {}
    for name, value in values.items():
        units = getattr(known.get(name), "units", None)
        shown = f"{_digits(value)} {units}" if units and isinstance(value, (int, float)) else value
        (clashing if name in _KEYS else table)[name] = shown
    if clashing:
        table["parameters"] = clashing
    if item.family is not None:
        table["member_of"] = {"id": item.family.id, "kind": item.family.kind, "key": item.family.key}
    return table


def end_table(end: EndActions) -> dict[str, Any]:
    """Keys of [end]."""
    if end == EndActions(heater_off=False):
        return {"stay": True}
    table: dict[str, Any] = {}
    if end.temperature is None:
        table["heater"] = "off" if end.heater_off else "stay"
    table["field"] = "hold" if end.field is None else "zero" if end.field == 0 else _setting("field", end.field)
    if end.temperature is not None:
        table["temperature"] = _setting("temperature", end.temperature)
    return table


def policy_text(policy: FailurePolicy) -> str:
    """As it is written in a plan."""
    return f"{RETRY} {policy.retries}" if policy.action == RETRY else policy.action


def _setting(name: str, value: float) -> str:
    if name == "field":
        oersted = f"{value / OERSTED:.12g} Oe"
        return oersted if parse(oersted, "field") == value else f"{_digits(value)} T"
    return f"{_digits(value)} K"


def _span(seconds: float) -> str:
    for unit, length in (("h", 3600.0), ("min", 60.0)):
        if seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{_digits(seconds)} s"


def _digits(value: float) -> str:
    """All digits, and no more."""
    short = f"{value:.12g}"
    return short if float(short) == value else repr(float(value))


def _time(text: str) -> str:
    return text.replace("T", " ")


def _value(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    table = tomlkit.inline_table()
    table.update(value)
    return table


def _quoted(value: Any) -> str:
    """A value as TOML."""
    return str(tomlkit.item(_value(value)).as_string())
