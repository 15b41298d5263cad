"""What a morning summary holds: nights, their items, fits, seams and odd things, as plain frozen values."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from coldfinger.procedures.engine.items import DONE, RUNNING, WAITING
from coldfinger.runfiles.quality import DISBELIEVED, names


@dataclass(frozen=True)
class CheckReport:
    """One belief test: "pass", "fail" or "cannot say", and its sentence."""

    run: str
    name: str
    outcome: str
    sentence: str


@dataclass(frozen=True)
class FitReport:
    """Eq. 1 or Eq. 2 through the R(T) of one run, or why there is none.

    `parameters`: SI and kelvin, {"value", "sd", "upper95"} by name, None where there is no number. `text` has them
    as people read them.
    """

    run: str
    field_Oe: float | None
    label: str = ""
    law: str = ""
    status: str = ""
    parameters: tuple[tuple[str, dict[str, float | None]], ...] = ()
    chi2_nu: float | None = None
    points: int = 0
    text: str = ""
    no_fit: str = ""


@dataclass(frozen=True)
class CurveReport:
    """ρ(T) of believed rows, thinned for drawing: kelvin and ohm per square."""

    run: str
    field_Oe: float | None
    temperature_K: tuple[float, ...]
    rho_ohm: tuple[float, ...]


@dataclass(frozen=True)
class RunReport:
    """What became of one run, its parts joined."""

    name: str
    folders: tuple[str, ...]
    kind: str
    rows: int = 0
    believed: int = 0
    outcome: str = ""
    reason: str = ""
    flags: tuple[tuple[str, int], ...] = ()
    checks: tuple[CheckReport, ...] = ()
    fit: FitReport | None = None
    curve: CurveReport | None = None
    seams: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemReport:
    """One item of the queue; times are UTC, ISO 8601, "" for what has not happened."""

    id: str
    name: str
    procedure: str
    state: str
    reason: str
    begun: str
    ended: str
    seconds: float | None
    predicted_seconds: float | None
    rows: int
    believed: int
    attempts: int
    folders: tuple[str, ...]


@dataclass(frozen=True)
class Message:
    """A warning or an alarm, or what a person ordered."""

    utc: str
    level: str
    kind: str
    text: str


@dataclass(frozen=True)
class NightReport:
    """One night, or the runs outside any night.

    state                 "running", "interrupted", "done", "partly", "held", "stopped", "refused", "failed";
                          "" for runs outside a night
    seconds               of the station's clock
    predicted_seconds     of the items that ended, beside `taken_seconds`: what they really took
    safe                  what became of the safe state at the end, item by item
    """

    night: str
    name: str
    station: str
    simulated: bool
    state: str
    reason: str
    begun: str
    ended: str
    seconds: float
    predicted_seconds: float | None
    taken_seconds: float | None
    items: tuple[ItemReport, ...]
    seams: tuple[str, ...]
    flags: tuple[tuple[str, int], ...]
    checks: tuple[CheckReport, ...]
    fits: tuple[FitReport, ...]
    curves: tuple[CurveReport, ...]
    odd: tuple[str, ...]
    messages: tuple[Message, ...]
    safe: tuple[dict[str, Any], ...]

    @property
    def not_believed(self) -> dict[str, int]:
        """Rows by flag, of the flags that no fit believes."""
        serious = names(int(DISBELIEVED))
        return {name: count for name, count in self.flags if name in serious}


@dataclass(frozen=True)
class Summary:
    """Everything that a morning needs."""

    data: str
    written: str
    nights: tuple[NightReport, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values only."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def not_run(night: NightReport) -> tuple[ItemReport, ...]:
    """Items that were not carried out, or not to their end; in a night that runs, those that wait may still be."""
    fine = {DONE, RUNNING, WAITING} if night.state == RUNNING else {DONE, RUNNING}
    return tuple(item for item in night.items if item.state not in fine)


def _plain(value: Any) -> Any:
    """Lists for tuples, None for what is no number: JSON has neither."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
