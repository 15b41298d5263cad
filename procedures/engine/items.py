"""What stands in a queue: runs, waits and set points, each with its conditions and what became of it.

Everything here can be written as JSON and read back equal: the plan file makes items, the journal keeps them, the
engine carries them out, every client shows them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

WAITING, RUNNING, DONE, PARTIAL = "waiting", "running", "done", "partial"
FAILED, SKIPPED, DISABLED = "failed", "skipped", "disabled"
STATES = (WAITING, RUNNING, DONE, PARTIAL, FAILED, SKIPPED, DISABLED)
"""`partial`: interrupted, rows kept, it goes on at its next set point. `skipped`: by the user or a condition."""

NEXT, RETRY, HOLD, SAFE = "next", "retry", "hold", "safe"
POLICIES = (NEXT, RETRY, HOLD, SAFE)

RUN, WAIT, SET = "run", "wait", "set"
KINDS = (RUN, WAIT, SET)


@dataclass(frozen=True)
class FailurePolicy:
    """What a failed item means for the queue.

    `next`: go on with the next item. `retry`: try again up to `retries` times, then go on. `hold`: safe state, and the
    queue waits for a person. `safe`: safe state, and the queue ends with its end actions left out.
    """

    action: str = NEXT
    retries: int = 0

    def __post_init__(self) -> None:
        if self.action not in POLICIES:
            raise ValueError(f"on_failure: {self.action!r} is unknown; allowed are {', '.join(POLICIES)}")
        if not isinstance(self.retries, int) or self.retries < 0:
            raise ValueError(f"on_failure: {self.retries!r} is no number of retries; give 0, 1, 2, ...")


USUAL_POLICY = FailurePolicy(RETRY, 1)
"""Of a plan that says nothing: most failures of a night are one lost reply, and a second one is not chance."""


@dataclass(frozen=True)
class Family:
    """The family that a run belongs to; runs with the same `id` share a manifest."""

    id: str
    kind: str  # "R(T) family", "R(H) family", "dV/dI family"
    key: str  # what differs: "field_Oe", "temperature_K"
    value: float


@dataclass(frozen=True)
class Item:
    """One entry of the queue.

    kind         "run", "wait" or "set"
    id           unique within the queue and never used again; the plan file numbers them "1", "2", ...
    name         what a person calls it: "R(T) at 100 Oe"
    procedure    of a run: a name of `coldfinger.procedures`, such as "TemperatureRamp"
    parameters   of a run: the procedure's own parameters in its own units (Oe, K, nA), JSON values only
    settings     of a set point: SI values by "field" (T), "temperature" (K); of a wait: "seconds"
    only_if      condition on an earlier result, as text; "" for none
    not_before   UTC, ISO 8601; "" for none
    must_end_by  UTC, ISO 8601; "" for none: an item that is expected to end later is skipped, and says so
    on_failure   None: the queue's own policy
    folders      of a run: names of its run folders in the data folder, one for each part, the oldest first
    """

    kind: str
    id: str
    name: str
    procedure: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, float] = field(default_factory=dict)
    only_if: str = ""
    not_before: str = ""
    must_end_by: str = ""
    on_failure: FailurePolicy | None = None
    family: Family | None = None
    state: str = WAITING
    reason: str = ""
    attempts: int = 0
    folders: tuple[str, ...] = ()
    rows: int = 0
    disbelieved: int = 0
    predicted_seconds: float | None = None
    seconds: float | None = None

    def but(self, **changes: Any) -> Self:
        """The same item with some values changed."""
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Plain values only."""
        return {**asdict(self), "folders": list(self.folders)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        values = dict(data)
        if values.get("on_failure") is not None:
            values["on_failure"] = FailurePolicy(**values["on_failure"])
        if values.get("family") is not None:
            values["family"] = Family(**values["family"])
        values["folders"] = tuple(values.get("folders", ()))
        return cls(**values)


@dataclass(frozen=True)
class EndActions:
    """What happens after the last item, in this order; the bias and the excitation are switched off in any case.

    `field` (T) or None to hold it; `heater_off`; `temperature` (K) to go to, with the heater on, or None.
    """

    heater_off: bool = True
    field: float | None = None
    temperature: float | None = None


@dataclass(frozen=True)
class Night:
    """A whole plan, expanded: what will be done, in what order, and what a failure means."""

    name: str
    items: tuple[Item, ...]
    on_failure: FailurePolicy = FailurePolicy()
    end: EndActions = EndActions()
    must_end_by: str = ""
    source: str = ""  # the plan file's name
    text: str = ""  # and its text, as it was read


def settings_of(night: Night) -> dict[str, Any]:
    """What commands may change of a night beside its items, as plain values."""
    return {"on_failure": asdict(night.on_failure), "must_end_by": night.must_end_by, "end": asdict(night.end)}
