"""Families of a plan: which runs one step with `family` stands for, and to which one a single run belongs.

Families keep the order of their classes: fields rise in |H|, temperatures fall.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from coldfinger.procedures.engine.items import Family
from coldfinger.procedures.field_family import from_the_warmest, largest_of
from coldfinger.procedures.field_sweep import FieldSweep
from coldfinger.procedures.plans.plan_lines import Path, PlanText
from coldfinger.procedures.plans.plan_names import FAMILIES, KEYS, FamilyKind, family_name, procedure_name
from coldfinger.procedures.plans.plan_values import numbers, read_value, words
from coldfinger.procedures.plans.run_parameters import RunParameters
from coldfinger.procedures.plans.step_keys import COMMON, LoopPlace
from coldfinger.procedures.rt_family import in_rising_order


@dataclass(frozen=True)
class Member:
    """A run of a family: its parameters, and what tells it from the others in words."""

    procedure: str
    parameters: dict[str, Any]
    family: Family
    named: str


@dataclass
class PlanFamilies:
    """The families of one plan; `taken` are ids that single runs name. Raises PlanFileError."""

    plan: PlanText
    parameters: RunParameters
    taken: frozenset[str] = frozenset()
    _count: int = 0

    def members(self, step: dict[str, Any], where: Path, loops: Sequence[LoopPlace]) -> list[Member]:
        """The runs of a step with `family`, in the order in which they are measured."""
        kind = FAMILIES[read_value(self.plan, (*where, "family"), family_name, step["family"])]
        procedure = self._procedure(kind, step, where)
        which = self._list(kind, step, where)
        key = kind.lists[which]
        parameter, unit = KEYS[key]
        values = read_value(self.plan, (*where, which), lambda v: numbers(v, unit, which), step[which])
        if not values:
            self.plan.refuse((*where, which), f"{which} = [] has no values; give at least one")
        if parameter in step:
            self.plan.refuse(
                (*where, parameter), f"the family sets {parameter} itself; leave it out, {which} gives the values"
            )
        if any(loop.parameter == parameter for loop in loops):
            self.plan.refuse((*where, which), f"a loop and this family both set {parameter}; leave one of them out")
        keys = ("family", "run", "parameters", which, *COMMON)
        own = self.parameters.read(procedure, step, where, keys, loops)
        own.pop(parameter, None)
        if procedure == "FieldSweep" and "demagnetise" not in own:
            own["demagnetise"] = largest_of(FieldSweep(**own).turning_points())
        id = self._new_id()
        order = in_rising_order if key == "field_Oe" else from_the_warmest
        return [
            Member(
                procedure,
                {**own, parameter: value},
                Family(id, kind.kind, key, value),
                f"{value:g} Oe" if key == "field_Oe" else f"{value * 1e3:g} mK",
            )
            for value in order(values)
        ]

    def _procedure(self, kind: FamilyKind, step: dict[str, Any], where: Path) -> str:
        if "run" not in step:
            return kind.procedures[0]
        procedure: str = read_value(self.plan, (*where, "run"), procedure_name, step["run"])
        if procedure not in kind.procedures:
            self.plan.refuse(
                (*where, "run"), f"{procedure} makes no {kind.kind}; allowed are {', '.join(kind.procedures)}"
            )
        return procedure

    def _list(self, kind: FamilyKind, step: dict[str, Any], where: Path) -> str:
        """Whether it goes by fields or by temperatures."""
        lists = [name for name in kind.lists if name in step]
        if len(lists) != 1:
            example = '{} = "{}"'.format(
                *(("fields", "0, 30, 100 Oe") if "fields" in kind.lists else ("temperatures", "50, 100 mK"))
            )
            said = "has both fields and temperatures" if lists else "has no list of values"
            self.plan.refuse(
                (*where, lists[1] if lists else "family"), f"this {kind.kind} {said}; write one, such as {example}"
            )
        return lists[0]

    def _new_id(self) -> str:
        while True:
            self._count += 1
            if (id := f"family-{self._count}") not in self.taken:
                return id

    def of_single_run(self, step: dict[str, Any], where: Path, own: dict[str, Any]) -> Family:
        """The family of a run with `member_of`, as programs write it; `own` are its parameters."""
        table, path = step["member_of"], (*where, "member_of")
        example = 'write member_of = { id = "family-1", kind = "R(T) family", key = "field_Oe" }'
        if not isinstance(table, dict) or set(table) != {"id", "kind", "key"} or table["key"] not in tuple(KEYS):
            self.plan.refuse(path, f"member_of is not a table of id, kind and key ({' or '.join(KEYS)}); {example}")
        id, kind = (
            read_value(self.plan, (*path, name), lambda v: words(v, "member_of"), table[name])
            for name in ("id", "kind")
        )
        parameter = KEYS[table["key"]][0]
        if parameter not in own:
            self.plan.refuse(
                path, f"this run has no {parameter}, by which its family goes; give it one, or leave member_of out"
            )
        return Family(id, kind, table["key"], own[parameter])


def named_families(steps: object, deepest: int) -> Iterator[str]:
    """Ids of the families that single runs say they belong to, in loops down to `deepest` within one another."""
    for step in steps if isinstance(steps, list) and deepest >= 0 else ():
        if isinstance(step, dict):
            member = step.get("member_of")
            if isinstance(member, dict) and isinstance(member.get("id"), str):
                yield member["id"].strip()
            yield from named_families(step.get("do"), deepest - 1)
