"""A claim of the paper, and what a data set says to it.

A claim is judged from plain numbers, the ones that are written to JSON: fits of each family as `FamilyFit.to_json` has
them and the numbers of the figures. A claim whose measurement is not there is neither kept nor broken; nor is one that
is not for software.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Evidence = Mapping[str, Any]
"""`samples` (by film), `figures` (numbers by name), `networks`, `methods`: see `evidence.gather`.

`quick` may say that a campaign was cut short, so that tolerances which need many fields are wider.
"""
Status = Literal["holds", "fails", "not measured", "not for software"]


class NotMeasured(LookupError):
    """What a claim needs is not in the data; one sentence."""


@dataclass(frozen=True)
class Finding:
    """What the data say to a claim."""

    expected: Any
    """Number or words; a list where a claim has several numbers."""
    got: Any
    sd: Any
    """Of `got`; None where it is not a number."""
    holds: bool | None
    """None: not for software, or not measured."""
    tolerance: Any = None
    """Of `expected`, in its unit; None where it is not a number."""
    remark: str = ""
    status: Status | None = None

    def __post_init__(self) -> None:
        if self.status is None:
            said: Status = "not measured" if self.holds is None else "holds" if self.holds else "fails"
            object.__setattr__(self, "status", said)


@dataclass(frozen=True)
class Claim:
    """One number or statement of the paper."""

    id: int
    text: str
    source: str
    """Section or figure of the paper."""
    unit: str
    judge: Callable[[Evidence], Finding]

    def check(self, evidence: Evidence) -> Finding:
        """What `evidence` says; a measurement that is missing, or a number that could not be had, is said."""
        try:
            return self.judge(evidence)
        except NotMeasured as missing:
            return Finding(None, None, None, None, remark=str(missing))


def within(expected: float, tolerance: float, got: float, sd: float, remark: str = "") -> Finding:
    """Holds where `got` is no further than `tolerance` from `expected` and known well enough to say so."""
    holds = abs(got - expected) <= tolerance and sd <= tolerance
    return Finding(expected, got, sd, bool(holds), tolerance, remark)


def together(*parts: Finding, remark: str = "") -> Finding:
    """Several numbers of one claim: lists, in the order of the parts; holds if each does."""
    return Finding(
        [part.expected for part in parts],
        [part.got for part in parts],
        [part.sd for part in parts],
        all(part.holds for part in parts),
        [part.tolerance for part in parts],
        "; ".join(filter(None, [*(part.remark for part in parts), remark])),
    )


def sample(evidence: Evidence, film: str) -> Mapping[str, Any]:
    """The fitted family of a film; raises NotMeasured."""
    found = evidence["samples"].get(film)
    if not found:
        raise NotMeasured(f"there is no R(T) family of {film}")
    return found  # type: ignore[no-any-return]


def fields(evidence: Evidence, film: str, low: float = -math.inf, high: float = math.inf) -> list[Mapping[str, Any]]:
    """The fields (Oe) of a family from `low` to `high`, in their order; raises NotMeasured where there is none."""
    found = [member for member in sample(evidence, film)["fields"] if low <= member["field_Oe"] <= high]
    if not found:
        raise NotMeasured(f"R(T) of {film} was not measured between {low:g} and {high:g} Oe")
    return found


def at(evidence: Evidence, film: str, field: float) -> Mapping[str, Any]:
    """The curve of a film at a field (Oe); raises NotMeasured."""
    return fields(evidence, film, field - 0.5, field + 0.5)[0]


def parameter(member: Mapping[str, Any], name: str) -> tuple[float, float]:
    """Value and s.d. of a fitted parameter; nan where the fit has none (another law, a limit)."""
    estimate = (member["fit"] or {}).get(name) or {}
    value, sd = estimate.get("value"), estimate.get("sd")
    return (math.nan if value is None else value), (math.nan if sd is None else sd)


def across(evidence: Evidence, film: str, name: str) -> tuple[float, float]:
    """Value and s.d. of a number across the fields of a film; raises NotMeasured."""
    found = sample(evidence, film).get(name)
    if not found or found.get("value") is None:
        why = "; ".join(sample(evidence, film).get("absent", {}).values())
        raise NotMeasured(f"{film} gives no {name}: {why or 'too few fields'}")
    return found["value"], found["sd"]


def figure(evidence: Evidence, name: str, film: str | None = None) -> Any:
    """The numbers of a figure, or of one film in it; raises NotMeasured."""
    numbers = evidence["figures"].get(name) or {}
    found = numbers if film is None else numbers.get(film)
    if not found:
        raise NotMeasured(f"figure {name} has no data{f' of {film}' if film else ''}")
    return found
