"""What every step of a plan may say, whatever it does: its name, when it may run, on what condition, how often."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from coldfinger.procedures.engine.items import FailurePolicy
from coldfinger.procedures.plans.conditions import ConditionError, parse_condition
from coldfinger.procedures.plans.plan_lines import Path, PlanText, did_you_mean
from coldfinger.procedures.plans.plan_values import ValueMistake, count, flag, moment, policy, read_value, words

COMMON = ("name", "only_if", "not_before", "must_end_by", "on_failure", "disabled", "repeat")
MOST_ITEMS = 10_000
"""Of a queue."""

Runs = Callable[[], list[str]]
"""Names of the runs that stand before a step; asked for only where a condition does."""


@dataclass(frozen=True)
class LoopPlace:
    """Where a loop stands just now: which value of which parameter."""

    parameter: str
    path: Path
    raw: object
    """What the plan says there."""
    index: int


@dataclass(frozen=True)
class Setting:
    """What holds for the items of a step: its own common keys, and those of the loops around it."""

    only_if: str = ""
    not_before: str = ""
    must_end_by: str = ""
    on_failure: FailurePolicy | None = None
    disabled: bool = False
    loops: tuple[LoopPlace, ...] = ()
    remarks: tuple[str, ...] = ()  # what tells this repetition from the others


@dataclass(frozen=True)
class StepKeys:
    """Reads the common keys of the steps of one plan; `now` and `zone` as for `moment`."""

    plan: PlanText
    now: datetime
    zone: tzinfo | None = None

    def read(self, step: dict[str, Any], where: Path, outer: Setting, runs: Runs) -> tuple[Setting, int]:
        """Common keys of a step within those around it, and how often it is repeated. Raises PlanFileError."""

        def read(key: str, reader: Any, present: Any) -> Any:
            return read_value(self.plan, (*where, key), reader, step[key]) if key in step else present

        inner = replace(
            outer,
            only_if=" and ".join(filter(None, (outer.only_if, read("only_if", lambda v: _condition(v, runs), "")))),
            not_before=read("not_before", lambda v: self.moment(v, "not_before"), outer.not_before),
            must_end_by=read("must_end_by", lambda v: self.moment(v, "must_end_by"), outer.must_end_by),
            on_failure=read("on_failure", _policy, outer.on_failure),
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

    def moment(self, value: object, what: str) -> str:
        """A time of day or a date as UTC; raises ValueMistake."""
        return moment(value, self.now, self.zone, what)


def _policy(value: object) -> FailurePolicy:
    try:
        return policy(value)
    except ValueMistake as error:
        hint = '; what a failed belief test does is written parameters = { on_failure = "adapt" }'
        raise ValueMistake(f"{error}{hint if value in ('flag', 'adapt') else ''}") from None


def _condition(value: object, runs: Runs) -> str:
    text = words(value, "only_if", longest=500)
    try:
        comparisons = parse_condition(text)
    except ConditionError as error:
        raise ValueMistake(f"only_if: {error}") from None
    names = runs()
    if not names:
        raise ValueMistake(f"only_if = {text!r} asks for a result, but no run stands before it; move it down")
    for comparison in comparisons:
        if comparison.quantity.of and comparison.quantity.of not in names:
            of = comparison.quantity.of
            raise ValueMistake(f"only_if: no run before it is called {of!r}; {did_you_mean(of, dict.fromkeys(names))}")
    return text
