"""Is the number to be believed? Pure judgements of belief tests: looks at the film go in, verdicts come out.

A difference condemns only if it is both significant (more than 3 s.d.) and larger than the tolerance: at 1 Mohm a
single look is good to 0.02 %, and no film is linear to that at any current that gives a signal. A comparison whose
2 s.d. exceed the tolerance says nothing. The differences themselves are always given, with their s.d.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

PASS, FAIL, CANNOT_SAY = "pass", "fail", "cannot say"
SIGNIFICANT = 3.0  # s.d.
_SHARP = 2.0  # s.d. that must fit into the tolerance before agreement means anything
_SHARE_OF_DRIFT = 0.5  # of a difference, that the drift around it may have


@dataclass(frozen=True)
class Look:
    """One averaged look at film and thermometer at one setting."""

    current: float  # A rms, of the source
    frequency: float  # Hz
    voltage: float  # V rms, of the source
    x: float  # V rms
    y: float
    sd: float  # V, of x and of y
    resistivity: float  # ohm/sq; nan where the network has no unique solution
    resistivity_sd: float
    phase: float  # degrees
    capacitance: float  # F, of each line, as the phase shows it
    capacitance_fitted: bool
    reason: str  # why there is no resistivity or no capacitance
    temperature: float  # K
    temperature_sd: float
    trouble: str = ""  # flags that forbid to believe in the reading itself

    @property
    def transfer(self) -> complex:
        """Lock-in input per volt of the source."""
        return complex(self.x, self.y) / self.voltage

    @property
    def invertible(self) -> bool:
        return math.isfinite(self.resistivity)


@dataclass(frozen=True)
class Verdict:
    """What one belief test found."""

    name: str
    outcome: str  # PASS, FAIL or CANNOT_SAY
    sentence: str
    numbers: Mapping[str, Any] = field(default_factory=dict)  # SI units; relative changes as plain numbers

    def __str__(self) -> str:
        return f"{self.name}: {self.outcome}: {self.sentence}"

    def to_json(self) -> dict[str, Any]:
        """Everything, ready for a run file."""
        return asdict(self)


@dataclass(frozen=True)
class Change:
    """Relative change of a quantity between two settings, and its s.d."""

    relative: float
    sd: float
    of: str = "rho"

    @property
    def significant(self) -> bool:
        return abs(self.relative) > SIGNIFICANT * self.sd

    def __str__(self) -> str:
        return f"{100 * self.relative:+.3g} % (s.d. {100 * self.sd:.2g} %)"


def change(before: Look, other: Look, after: Look) -> Change:
    """How `other` differs from the two looks around it; a steady drift cancels.

    Resistivities where all three have one, else the size of the signal per volt of the source, which must not
    depend on the current either, whatever the lines do to it. nan where there is no signal.
    """
    if all(look.invertible for look in (before, other, after)):
        mean = 0.5 * (before.resistivity + after.resistivity)
        sd = math.hypot(other.resistivity_sd, 0.5 * math.hypot(before.resistivity_sd, after.resistivity_sd))
        return Change(other.resistivity / mean - 1.0, sd / abs(mean)) if mean else Change(math.nan, math.inf)
    size = 0.5 * (abs(before.transfer) + abs(after.transfer))
    sd = math.hypot(other.sd / other.voltage, 0.5 * math.hypot(before.sd, after.sd) / before.voltage)
    return Change(abs(other.transfer) / size - 1.0, sd / size, "signal") if size else Change(math.nan, math.inf)


def outcome_of(change: Change, tolerance: float) -> str:
    """Fail beyond tolerance and 3 s.d.; cannot say if 2 s.d. exceed the tolerance, or a large change is not sure."""
    if not (math.isfinite(change.relative) and math.isfinite(change.sd)):
        return CANNOT_SAY
    if abs(change.relative) > tolerance:
        return FAIL if change.significant else CANNOT_SAY
    return PASS if _SHARP * change.sd <= tolerance else CANNOT_SAY


def drifts_too_much(drift: Change, difference: Change, tolerance: float) -> bool:
    """Whether a drift leaves too much of itself in a difference, although a steady one cancels."""
    return drift.significant and abs(drift.relative) > max(tolerance, _SHARE_OF_DRIFT * abs(difference.relative))


def unsteady(before: Look, other: Look, after: Look, tolerance: float) -> str:
    """Why the comparison of a look with those around it means nothing; empty if it means something."""
    for look in (before, other, after):
        if look.trouble:
            return f"the reading is not to be believed: {look.trouble}"
    drift, difference = change(before, after, before), change(before, other, after)
    if drifts_too_much(drift, difference, tolerance):
        return f"the film itself moved by {drift} between the first look and the last"
    return ""
