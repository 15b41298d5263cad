"""From the steps of a plan to the items of a queue: loops, families and repetitions are written out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from coldfinger.procedures.engine.items import DISABLED, RUN, SET, WAIT, WAITING, Family, Item
from coldfinger.procedures.plans.plan_families import PlanFamilies
from coldfinger.procedures.plans.plan_lines import Path, PlanText, did_you_mean
from coldfinger.procedures.plans.plan_names import CHECKS, FAMILIES, family_name, parameters_of, procedure_name, title
from coldfinger.procedures.plans.plan_values import ValueMistake, quantity, read_value, span
from coldfinger.procedures.plans.run_parameters import PLACE, RunParameters
from coldfinger.procedures.plans.step_keys import COMMON, MOST_ITEMS, LoopPlace, Setting, StepKeys

DEEPEST = 8
"""Loops within one another."""
_KINDS: dict[str, tuple[str, ...]] = {
    "run": ("parameters", "member_of"),
    "family": ("run", "parameters", "fields", "temperatures"),
    "loop": ("do",),
    "set": (),
    "wait": (),
    "until": (),
    "checks": ("parameters", "temperature", "field"),
}
_NOTHING = Setting()
_WHAT_A_STEP_IS = "run, family, loop, set, wait, until or checks"


@dataclass
class Expander:
    """Writes out the steps of one plan; `items` and `paths` (where each item stands) grow."""

    plan: PlanText
    keys: StepKeys
    parameters: RunParameters
    families: PlanFamilies
    items: list[Item] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)

    def steps(self, steps: object, path: Path, outer: Setting = _NOTHING, depth: int = 0) -> None:
        """Write out a list of steps; raises PlanFileError."""
        word = _heading(depth)
        if not isinstance(steps, list) or not steps:
            self.plan.refuse(path, f"{path[-1]} is not a list of steps; write {word} above each step")
        if depth > DEEPEST:
            self.plan.refuse(path, f"loops are nested more than {DEEPEST} deep; use fewer")
        for number, step in enumerate(steps):
            where = (*path, number)
            if not isinstance(step, dict):
                self.plan.refuse(where, f"a step is a table; write {word} and below it what shall be done")
            self._step(step, where, outer, depth)

    def _step(self, step: dict[str, Any], where: Path, outer: Setting, depth: int) -> None:
        kind = self._kind(step, where)
        setting, repeats = self.keys.read(step, where, outer, self._runs)
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

    def _runs(self) -> list[str]:
        return [item.name for item in self.items if item.kind == RUN]

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
            loops = tuple(
                LoopPlace(name, (*path, name), table[name], index) for name, index in zip(sizes, place, strict=True)
            )
            self.steps(step["do"], (*where, "do"), replace(setting, loops=(*setting.loops, *loops)), depth + 1)

    def _size(self, name: str, raw: object, path: Path, inner: object) -> int:
        """How many values a loop has; one of the runs inside must have the parameter."""
        inside = list(_procedures(inner))
        having = [procedure for procedure in inside if name in parameters_of(procedure)]
        if not having:
            known = sorted({parameter for procedure in inside for parameter in parameters_of(procedure)})
            fix = did_you_mean(name, known) if known else "write a run below [[step.do]]"
            self.plan.refuse(path, f"no run in this loop has the parameter {name[:60]!r}; {fix}")
        return len(self.parameters.loop_values(having[0], name, raw, path))

    def _run(self, step: dict[str, Any], where: Path, setting: Setting) -> None:
        procedure = self._read((*where, "run"), procedure_name, step["run"])
        keys = ("run", "parameters", "member_of", *COMMON)
        own = self.parameters.read(procedure, step, where, keys, setting.loops)
        family = self.families.of_single_run(step, where, own) if "member_of" in step else None
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
            loops = tuple(loop for loop in setting.loops if loop.parameter not in PLACE)
            keys = ("checks", "parameters", *COMMON)
            own = self.parameters.read(procedure, step, where, keys, loops, leave_out=not away)
            own.setdefault("where", "given" if away else "here")
            self._add_run(step, where, setting, procedure, own, None)

    def _family(self, step: dict[str, Any], where: Path, setting: Setting) -> None:
        for member in self.families.members(step, where, setting.loops):
            self._add_run(step, where, setting, member.procedure, member.parameters, member.family, member.named)

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
            until = self._read(path, lambda v: self.keys.moment(v, "until"), step["until"])
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
            values = [self.parameters.shown(loop) for loop in setting.loops]
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

    def _read(self, path: Path, reader: Any, value: object) -> Any:
        return read_value(self.plan, path, reader, value)


def _heading(depth: int) -> str:
    """What stands above a step that lies in so many loops."""
    return f"[[step{'.do' * depth}]]"


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
    for step in steps if isinstance(steps, list) and depth <= DEEPEST else ():
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
