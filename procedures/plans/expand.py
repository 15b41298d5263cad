"""From the steps of a plan to the items of a queue: loops, families and repetitions are written out.

Families keep the order of their classes: fields rise in |H|, temperatures fall.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any

from coldfinger.procedures.engine.build import RUNNABLE
from coldfinger.procedures.engine.items import DISABLED, RUN, SET, WAIT, WAITING, FailurePolicy, Family, Item
from coldfinger.procedures.field_family import from_the_warmest, largest_of
from coldfinger.procedures.field_sweep import FieldSweep
from coldfinger.procedures.plans.conditions import ConditionError, parse_condition
from coldfinger.procedures.plans.plan_lines import Path, PlanText, did_you_mean
from coldfinger.procedures.plans.plan_names import (
    CHECKS,
    FAMILIES,
    KEYS,
    family_name,
    parameters_of,
    procedure_name,
    title,
)
from coldfinger.procedures.plans.plan_values import (
    ValueMistake,
    count,
    flag,
    moment,
    numbers,
    parameter_value,
    parameter_values,
    policy,
    quantity,
    span,
    words,
)
from coldfinger.procedures.rt_family import in_rising_order
from coldfinger.procedures.words.pacing_text import pacing_parameters
from coldfinger.procedures.words.quantity import QuantityError

MOST_ITEMS = 10_000
_DEEPEST = 8
_PLACE = ("field", "temperature")
COMMON = ("name", "only_if", "not_before", "must_end_by", "on_failure", "disabled", "repeat")
_KINDS: dict[str, tuple[str, ...]] = {
    "run": ("parameters", "member_of"),
    "family": ("run", "parameters", "fields", "temperatures"),
    "loop": ("do",),
    "set": (),
    "wait": (),
    "until": (),
    "checks": ("parameters", "temperature", "field"),
}
_WHAT_A_STEP_IS = "run, family, loop, set, wait, until or checks"


@dataclass(frozen=True)
class Setting:
    """What holds for the items of a step: its own common keys, and those of the loops around it."""

    only_if: str = ""
    not_before: str = ""
    must_end_by: str = ""
    on_failure: FailurePolicy | None = None
    disabled: bool = False
    loops: tuple[tuple[str, Path, object, int], ...] = ()  # parameter, where, what stands there, which value
    remarks: tuple[str, ...] = ()  # what tells this repetition from the others


@dataclass
class Expander:
    """Writes out the steps of one plan; `items` and `paths` (where each item stands) grow."""

    plan: PlanText
    defaults: Mapping[str, Any]
    now: datetime
    zone: tzinfo | None = None
    items: list[Item] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    taken: frozenset[str] = frozenset()  # ids of families that single runs belong to
    default_values: dict[tuple[str, str], Any] = field(default_factory=dict)
    _families: int = 0
    _values: dict[Any, Any] = field(default_factory=dict)

    def steps(self, steps: object, path: Path, outer: Setting = Setting(), depth: int = 0) -> None:
        """Write out a list of steps; raises PlanFileError."""
        word = _heading(depth)
        if not isinstance(steps, list) or not steps:
            self.plan.refuse(path, f"{path[-1]} is not a list of steps; write {word} above each step")
        if depth > _DEEPEST:
            self.plan.refuse(path, f"loops are nested more than {_DEEPEST} deep; use fewer")
        for number, step in enumerate(steps):
            where = (*path, number)
            if not isinstance(step, dict):
                self.plan.refuse(where, f"a step is a table; write {word} and below it what shall be done")
            self._step(step, where, outer, depth)

    def _step(self, step: dict[str, Any], where: Path, outer: Setting, depth: int) -> None:
        kind = self._kind(step, where)
        setting, repeats = self._setting(step, where, outer)
        for number in range(repeats):
            here = setting
            if repeats > 1:
                here = replace(setting, remarks=(*setting.remarks, f"{number + 1} of {repeats}"))
            if kind == "loop":
                self._loop(step, where, here, depth)
            elif kind == "family":
                self._family(step, where, here)
            elif kind == "run":
                self._run(step, where, here)
            elif kind == "checks":
                self._checks(step, where, here)
            else:
                self._pause_or_set(kind, step, where, here)

    def _kind(self, step: dict[str, Any], where: Path) -> str:
        """What the step does; refuses unknown keys of all but runs, whose keys are parameters."""
        kinds = [kind for kind in _KINDS if kind in step]
        for stronger in ("family", "run"):
            if stronger in kinds:  # a family may name its run, and `checks` is a parameter of ramps
                kinds = [k for k in kinds if k == stronger or k not in ("run", "checks")]
        if len(kinds) > 1:
            self.plan.refuse(
                (*where, kinds[1]),
                f"a step is one thing, but {' and '.join(kinds)} stand in one; write a step for each",
            )
        if not kinds:
            wrong = next((k for k in step if k not in COMMON and "did you mean" in did_you_mean(k, _KINDS)), None)
            if wrong is not None:
                self.plan.refuse((*where, wrong), f"unknown key {wrong[:60]!r}; {did_you_mean(wrong, _KINDS)}")
            self.plan.refuse(where, f"this step does nothing; give it one of {_WHAT_A_STEP_IS}")
        kind = kinds[0]
        if kind in ("loop", "set", "wait", "until"):
            allowed = (kind, *_KINDS[kind], *COMMON)
            for key in step:
                if key not in allowed:
                    hint = "a step is one thing only" if key in _KINDS else did_you_mean(key, allowed)
                    self.plan.refuse((*where, key), f"{key[:60]!r} does not belong to a step with {kind}; {hint}")
        return kind

    def _setting(self, step: dict[str, Any], where: Path, outer: Setting) -> tuple[Setting, int]:
        """Common keys of a step within those around it, and how often it is repeated."""

        def read(key: str, reader: Any, present: Any) -> Any:
            return self._read((*where, key), reader, step[key]) if key in step else present

        inner = replace(
            outer,
            only_if=" and ".join(filter(None, (outer.only_if, read("only_if", self._condition, "")))),
            not_before=read("not_before", lambda v: moment(v, self.now, self.zone, "not_before"), outer.not_before),
            must_end_by=read("must_end_by", lambda v: moment(v, self.now, self.zone, "must_end_by"), outer.must_end_by),
            on_failure=read("on_failure", self._policy, outer.on_failure),
            disabled=read("disabled", lambda v: flag(v, "disabled"), False) or outer.disabled,
        )
        if inner.not_before and inner.must_end_by and inner.must_end_by <= inner.not_before:
            key = "must_end_by" if "must_end_by" in step else "not_before"
            self.plan.refuse(
                (*where, key),
                f"must_end_by ({inner.must_end_by}) is not after not_before ({inner.not_before}); correct one",
            )
        read("name", lambda v: words(v, "name"), "")
        return inner, read("repeat", lambda v: count(v, "repeat", 1, MOST_ITEMS), 1)

    def _policy(self, value: object) -> FailurePolicy:
        try:
            return policy(value)
        except ValueMistake as error:
            hint = '; what a failed belief test does is written parameters = { on_failure = "adapt" }'
            raise ValueMistake(f"{error}{hint if value in ('flag', 'adapt') else ''}") from None

    def _condition(self, value: object) -> str:
        text = words(value, "only_if", longest=500)
        try:
            comparisons = parse_condition(text)
        except ConditionError as error:
            raise ValueMistake(f"only_if: {error}") from None
        runs = [item.name for item in self.items if item.kind == RUN]
        if not runs:
            raise ValueMistake(f"only_if = {text!r} asks for a result, but no run stands before it; move it down")
        for comparison in comparisons:
            if comparison.quantity.of and comparison.quantity.of not in runs:
                of = comparison.quantity.of
                raise ValueMistake(
                    f"only_if: no run before it is called {of!r}; {did_you_mean(of, dict.fromkeys(runs))}"
                )
        return text

    # Kinds of steps

    def _loop(self, step: dict[str, Any], where: Path, setting: Setting, depth: int) -> None:
        table, path = step["loop"], (*where, "loop")
        if not isinstance(table, dict) or not table:
            self.plan.refuse(path, 'loop is not a table; write loop = { field = "0, 30, 100 Oe" }')
        if "do" not in step:
            self.plan.refuse(path, f"this loop has nothing to do; write {_heading(depth + 1)} and below it a run")
        if not isinstance(step["do"], list):
            self.plan.refuse((*where, "do"), f"do is not a list of steps; write {_heading(depth + 1)} above each step")
        sizes = {name: self._size(name, raw, (*path, name), step["do"]) for name, raw in table.items()}
        whole = 1
        for size in sizes.values():
            whole *= size
        if whole > MOST_ITEMS:
            self.plan.refuse(
                path, f"this loop makes {whole} rounds, a queue has at most {MOST_ITEMS} items; take fewer"
            )
        for place in _product(list(sizes.values())):
            loops = tuple((name, (*path, name), table[name], index) for name, index in zip(sizes, place, strict=True))
            self.steps(step["do"], (*where, "do"), replace(setting, loops=(*setting.loops, *loops)), depth + 1)

    def _size(self, name: str, raw: object, path: Path, inner: object) -> int:
        """How many values a loop has; one of the runs inside must have the parameter."""
        inside = list(_procedures(inner))
        having = [procedure for procedure in inside if name in parameters_of(procedure)]
        if not having:
            known = sorted({parameter for procedure in inside for parameter in parameters_of(procedure)})
            fix = did_you_mean(name, known) if known else "write a run below [[step.do]]"
            self.plan.refuse(path, f"no run in this loop has the parameter {name[:60]!r}; {fix}")
        return len(self._loop_values(having[0], name, raw, path))

    def _loop_values(self, procedure: str, name: str, raw: object, path: Path) -> list[Any]:
        key = (path, procedure)
        if key not in self._values:
            parameter = parameters_of(procedure)[name]
            values = self._read(path, lambda v: parameter_values(procedure, name, parameter, v), raw)
            if not values:
                self.plan.refuse(path, f"{name} = [] has no values; give at least one")
            self._values[key] = values
        found: list[Any] = self._values[key]
        return found

    def _run(self, step: dict[str, Any], where: Path, setting: Setting) -> None:
        procedure = self._read((*where, "run"), procedure_name, step["run"])
        own = self._parameters(procedure, step, where, ("run", "parameters", "member_of", *COMMON), setting)
        family = self._membership(step, where, procedure, own) if "member_of" in step else None
        self._add_run(step, where, setting, procedure, own, family)

    def _checks(self, step: dict[str, Any], where: Path, setting: Setting) -> None:
        wanted, path = step["checks"], (*where, "checks")
        wanted = list(dict.fromkeys(CHECKS.values())) if wanted == "all" else wanted
        if not isinstance(wanted, list) or not wanted:
            self.plan.refuse(
                path, 'checks is not a list of tests; write checks = ["linearity", "heating"] or checks = "all"'
            )
        for number, name in enumerate(wanted):
            procedure = CHECKS.get(name, name) if isinstance(name, str) else ""
            if procedure not in CHECKS.values():
                known = [check for check in CHECKS if check != "leads"]
                self.plan.refuse((*path, number), f"unknown test {str(name)[:60]!r}; {did_you_mean(str(name), known)}")
            away = {"field", "temperature"} & (set(step) | set(_given(step)))
            if len(away) == 1:
                missing = ({"field", "temperature"} - away).pop()
                self.plan.refuse(
                    (*where, away.pop()), f"{missing} is missing; give both, or neither for tests where it stands"
                )
            at_rest = replace(setting, loops=tuple(loop for loop in setting.loops if loop[0] not in _PLACE))
            own = self._parameters(
                procedure, step, where, ("checks", "parameters", *COMMON), at_rest, leave_out=not away
            )
            own.setdefault("where", "given" if away else "here")
            self._add_run(step, where, setting, procedure, own, None)

    def _family(self, step: dict[str, Any], where: Path, setting: Setting) -> None:
        family = FAMILIES[self._read((*where, "family"), family_name, step["family"])]
        procedure = family.procedures[0]
        if "run" in step:
            procedure = self._read((*where, "run"), procedure_name, step["run"])
            if procedure not in family.procedures:
                self.plan.refuse(
                    (*where, "run"), f"{procedure} makes no {family.kind}; allowed are {', '.join(family.procedures)}"
                )
        lists = [name for name in family.lists if name in step]
        if len(lists) != 1:
            example = '{} = "{}"'.format(
                *(("fields", "0, 30, 100 Oe") if "fields" in family.lists else ("temperatures", "50, 100 mK"))
            )
            said = "has both fields and temperatures" if lists else "has no list of values"
            self.plan.refuse(
                (*where, lists[1] if lists else "family"), f"this {family.kind} {said}; write one, such as {example}"
            )
        key = family.lists[lists[0]]
        parameter, unit = KEYS[key]
        values = self._read((*where, lists[0]), lambda v: numbers(v, unit, lists[0]), step[lists[0]])
        if not values:
            self.plan.refuse((*where, lists[0]), f"{lists[0]} = [] has no values; give at least one")
        if parameter in step:
            self.plan.refuse(
                (*where, parameter), f"the family sets {parameter} itself; leave it out, {lists[0]} gives the values"
            )
        if any(loop[0] == parameter for loop in setting.loops):
            self.plan.refuse((*where, lists[0]), f"a loop and this family both set {parameter}; leave one of them out")
        own = self._parameters(procedure, step, where, ("family", "run", "parameters", *lists, *COMMON), setting)
        own.pop(parameter, None)
        if procedure == "FieldSweep" and "demagnetise" not in own:
            own["demagnetise"] = largest_of(FieldSweep(**own).turning_points())
        id = self._family_id()
        order = in_rising_order if key == "field_Oe" else from_the_warmest
        for value in order(values):
            member = Family(id, family.kind, key, value)
            named = f"{value:g} Oe" if key == "field_Oe" else f"{value * 1e3:g} mK"
            self._add_run(step, where, setting, procedure, {**own, parameter: value}, member, named)

    def _family_id(self) -> str:
        while True:
            self._families += 1
            if (id := f"family-{self._families}") not in self.taken:
                return id

    def _membership(self, step: dict[str, Any], where: Path, procedure: str, own: dict[str, Any]) -> Family:
        """The family of a single run, as programs write it."""
        table, path = step["member_of"], (*where, "member_of")
        example = 'write member_of = { id = "family-1", kind = "R(T) family", key = "field_Oe" }'
        if not isinstance(table, dict) or set(table) != {"id", "kind", "key"} or table["key"] not in tuple(KEYS):
            self.plan.refuse(path, f"member_of is not a table of id, kind and key ({' or '.join(KEYS)}); {example}")
        id, kind = (self._read((*path, name), lambda v: words(v, "member_of"), table[name]) for name in ("id", "kind"))
        parameter = KEYS[table["key"]][0]
        if parameter not in own:
            self.plan.refuse(
                path, f"this run has no {parameter}, by which its family goes; give it one, or leave member_of out"
            )
        return Family(id, kind, table["key"], own[parameter])

    def _pause_or_set(self, kind: str, step: dict[str, Any], where: Path, setting: Setting) -> None:
        path = (*where, kind)
        if kind == "set":
            settings = self._settings(step["set"], path)
            shown = [f"field {settings['field'] * 1e4:g} Oe"] if "field" in settings else []
            shown += [f"temperature {settings['temperature'] * 1e3:g} mK"] if "temperature" in settings else []
            self._add(Item(SET, "", " and ".join(shown), settings=settings), step, where, setting)
        elif kind == "wait":
            seconds = self._read(path, lambda v: span(v, "wait"), step["wait"])
            self._add(
                Item(WAIT, "", f"wait {str(step['wait']).strip()}", settings={"seconds": seconds}), step, where, setting
            )
        else:
            until = self._read(path, lambda v: moment(v, self.now, self.zone, "until"), step["until"])
            if "not_before" in step:
                self.plan.refuse((*where, "not_before"), "until says already when it goes on; leave not_before out")
            item = Item(WAIT, "", f"wait until {str(step['until']).strip()}", settings={"seconds": 0.0})
            self._add(item, step, where, replace(setting, not_before=until))

    def _settings(self, table: object, path: Path) -> dict[str, float]:
        if not isinstance(table, dict) or not table:
            self.plan.refuse(path, 'set is not a table; write set = { field = "0 Oe", temperature = "50 mK" }')
        settings = {}
        for name, raw in table.items():
            if name not in ("field", "temperature"):
                self.plan.refuse(
                    (*path, name), f"{name[:60]!r} cannot be set; {did_you_mean(name, ('field', 'temperature'))}"
                )
            settings[name] = self._read((*path, name), lambda v, kind=name: quantity(v, kind, kind), raw)
        if not settings.get("temperature", 1.0) > 0:
            self.plan.refuse((*path, "temperature"), 'temperature must be above zero; write for example "50 mK"')
        return settings

    # Parameters

    def _parameters(
        self,
        procedure: str,
        step: dict[str, Any],
        where: Path,
        keys: tuple[str, ...],
        setting: Setting,
        leave_out: bool = False,
    ) -> dict[str, Any]:
        """Parameters of a run in its own units: the plan's defaults, the loops', the step's own."""
        known = parameters_of(procedure)
        given = {name: ((*where, name), raw) for name, raw in step.items() if name not in keys}
        table = step.get("parameters", {})
        if not isinstance(table, dict):
            self.plan.refuse(
                (*where, "parameters"), 'parameters is not a table; write parameters = { on_failure = "adapt" }'
            )
        for name, raw in table.items():
            if name in given:
                self.plan.refuse(
                    (*where, "parameters", name), f"{name[:60]} stands twice in this step; keep one of them"
                )
            given[name] = ((*where, "parameters", name), raw)
        for name, (path, _) in given.items():
            if name not in known:
                self.plan.refuse(
                    path, f"{procedure} has no parameter {name[:60]!r}; {did_you_mean(name, (*known, *COMMON))}"
                )
        values = {
            name: self.default_values[procedure, name]
            for name in known
            if (procedure, name) in self.default_values and not (leave_out and name in _PLACE)
        }
        for name, path, raw, index in setting.loops:
            if name in known:
                if name in given:
                    line = self.plan.line(path)
                    self.plan.refuse(
                        given[name][0], f"{name} is set by the loop at line {line}, too; leave one of them out"
                    )
                listed = self._loop_values(procedure, name, raw, path)
                values[name] = listed[index]
        for name, (path, raw) in given.items():
            values |= self._given(procedure, name, raw, path, given)
        return values

    def _given(self, procedure: str, name: str, raw: object, path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
        """One parameter of a step; a pacing may be written as on the command line ("5 mK/min", "log 25")."""
        parameter = parameters_of(procedure)[name]
        if (
            name == "pacing"
            and procedure == "TemperatureRamp"
            and isinstance(raw, str)
            and raw not in parameter.choices
        ):
            try:
                meant = pacing_parameters(raw)
            except QuantityError as error:
                near = did_you_mean(raw, parameter.choices)
                self.plan.refuse(
                    path, str(error) if near.startswith("allowed") else f"pacing = {raw!r} is unknown; {near}"
                )
            for other in meant:
                if other != "pacing" and other in given:
                    self.plan.refuse(path, f"pacing = {raw!r} says {other} already; leave {other} out")
            return {key: float(f"{v:.12g}") if isinstance(v, float) else v for key, v in meant.items()}
        return {name: self._read(path, lambda v: parameter_value(procedure, name, parameter, v), raw)}

    def read_defaults(self) -> None:
        """Read [defaults] for every procedure that has the parameter; call before `steps`."""
        every = {name: parameters_of(name) for name in RUNNABLE}
        for name, raw in self.defaults.items():
            path: Path = ("defaults", name)
            having = [procedure for procedure, known in every.items() if name in known]
            if not having:
                known = sorted({parameter for parameters in every.values() for parameter in parameters})
                self.plan.refuse(path, f"no procedure has the parameter {name[:60]!r}; {did_you_mean(name, known)}")
            mistakes: list[tuple[type, ValueMistake]] = []
            taken: set[type] = set()
            for procedure in having:
                parameter = every[procedure][name]
                try:
                    self.default_values[procedure, name] = parameter_value(procedure, name, parameter, raw)
                    taken.add(type(parameter))
                except ValueMistake as error:
                    mistakes.append((type(parameter), error))
            # `points` is a number of rows for one procedure and a list of fields for another: one of them is meant.
            for kind, mistake in mistakes:
                if kind in taken or not taken:
                    self.plan.refuse(path, str(mistake))

    # Items

    def _add_run(
        self,
        step: dict[str, Any],
        where: Path,
        setting: Setting,
        procedure: str,
        parameters: dict[str, Any],
        family: Family | None,
        named: str = "",
    ) -> None:
        item = Item(RUN, "", title(procedure, parameters), procedure=procedure, parameters=parameters, family=family)
        self._add(item, step, where, setting, named)

    def _add(self, item: Item, step: dict[str, Any], where: Path, setting: Setting, named: str = "") -> None:
        if len(self.items) >= MOST_ITEMS:
            self.plan.refuse(where, f"the plan has more than {MOST_ITEMS} items; take fewer values or repetitions")
        name = item.name
        if "name" in step:
            several = isinstance(step.get("checks"), list) and "run" not in step
            values = [str(self._shown(loop)) for loop in setting.loops]
            parts = [str(step["name"]).strip(), *([item.name] if several else []), *values, named]
            name = ", ".join(filter(None, parts))
        if setting.remarks:
            name += f" ({', '.join(setting.remarks)})"
        self.items.append(
            item.but(
                id=str(len(self.items) + 1),
                name=name,
                only_if=setting.only_if,
                not_before=setting.not_before,
                must_end_by=setting.must_end_by,
                on_failure=setting.on_failure,
                state=DISABLED if setting.disabled else WAITING,
            )
        )
        self.paths.append(where)

    def _shown(self, loop: tuple[str, Path, object, int]) -> str:
        """The present value of a loop, for a name."""
        name, path, _, index = loop
        for (place, procedure), values in self._values.items():
            if place == path:
                value, unit = values[index], getattr(parameters_of(procedure)[name], "units", None)
                return f"{value:g} {unit}" if isinstance(value, float) and unit else str(value)
        return name

    def _read(self, path: Path, reader: Any, value: object) -> Any:
        try:
            return reader(value)
        except ValueMistake as error:
            self.plan.refuse(path, str(error))


def _heading(depth: int) -> str:
    """What stands above a step that lies in so many loops."""
    return f"[[step{'.do' * depth}]]"


def named_families(steps: object, depth: int = 0) -> Iterator[str]:
    """Ids of the families that single runs say they belong to."""
    for step in steps if isinstance(steps, list) and depth <= _DEEPEST else ():
        if isinstance(step, dict):
            member = step.get("member_of")
            if isinstance(member, dict) and isinstance(member.get("id"), str):
                yield member["id"].strip()
            yield from named_families(step.get("do"), depth + 1)


def _given(step: Mapping[str, Any]) -> Mapping[str, Any]:
    table = step.get("parameters", {})
    return table if isinstance(table, dict) else {}


def _product(sizes: list[int]) -> Iterator[tuple[int, ...]]:
    """Places in a nested loop: the first counts slowest."""
    if not sizes:
        yield ()
        return
    for first in range(sizes[0]):
        for rest in _product(sizes[1:]):
            yield (first, *rest)


def _procedures(steps: object, depth: int = 0) -> Iterator[str]:
    """Procedures of the runs among steps and in the loops inside; what is not understood is left out here."""
    for step in steps if isinstance(steps, list) and depth <= _DEEPEST else ():
        if not isinstance(step, dict):
            continue
        try:
            if "family" in step:
                yield (
                    FAMILIES[family_name(step["family"])].procedures[0]
                    if "run" not in step
                    else procedure_name(step["run"])
                )
            elif "run" in step:
                yield procedure_name(step["run"])
        except ValueMistake:
            continue
        yield from _procedures(step.get("do"), depth + 1)
