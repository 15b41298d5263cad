"""Which current and which frequency a film bears, asked of the film itself.

Theory of operation. Heating and non-linearity both move rho by k I^2 as long as they are small. Looks at I, I/3, I,
I/3 and I give k, with its s.d. from the noise; the film's drift beyond a straight line in time shows in the looks
themselves. The bound on k (2 s.d. and what the drift may hide included) gives the largest current whose effect stays
below a share of the wanted precision. Where nothing is seen a larger current is tried, up to three times the
policy's: a bound from there reaches further down. The phase grows as f: it gives the highest frequency.

k grows on cooling. Until the next search it is taken to grow as rho^2; after a factor of two in rho or in the set
temperature the film is asked again, after a factor of three where rho falls: too little current does no harm.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from coldfinger.procedures.current.excitation import POLICY, SHARE, lines_effect, policy_band

SMALLER = 3.0
"""Looks are at I and I/3."""
RESEARCH_RISE, RESEARCH_FALL, RESEARCH_COLDER = 2.0, 3.0, 2.0
"""Factors in rho (up, down) and set temperature after which the film is asked again."""
_BEYOND_POLICY = 3.0  # times the policy's current, and no more, may a look have
_LARGE = 0.05  # relative change beyond which I^2 is not to be believed
_SURE = 2.0  # s.d. added to the effect that was seen
_SIGNIFICANT = 3.0  # s.d.
_DRIFT_LEFT = 0.3  # share of the drift over the looks that a straight line in time may leave
_GROWTH = 2.0  # k goes as rho to this power between two searches; assumed default
_TRIES = 6
_WAIT = 1.0  # thermal times, after looks that drifted too much
SHORTEST_LOOK, LONGEST_LOOK = 4.0, 15.0  # s of averaging of one look


@dataclass(frozen=True)
class Look:
    """rho (ohm/sq) with its s.d. and the phase (degrees) at a current (A) and frequency (Hz)."""

    current: float
    frequency: float
    resistivity: float
    sd: float
    phase: float


@dataclass(frozen=True)
class Effect:
    """What a current (A) does to rho: relative change from no current, s.d., and what drift may hide of it."""

    current: float
    relative: float
    sd: float
    drift: float

    @property
    def bound(self) -> float:
        """Upper bound of its size."""
        return abs(self.relative) + _SURE * self.sd + self.drift

    @property
    def significant(self) -> bool:
        return abs(self.relative) > _SIGNIFICANT * self.sd + self.drift


@dataclass(frozen=True)
class Found:
    """The outcome of a search, valid near `resistivity` (ohm/sq) and above half the set temperature (K)."""

    resistivity: float
    temperature: float
    effect: Effect
    phase_per_hertz: float  # degrees/Hz
    resistance: float  # ohm, size of the signal over the current

    @classmethod
    def nothing(cls, resistivity: float, temperature: float) -> "Found":
        """A search without an answer: no current but the smallest is known to be harmless."""
        return cls(resistivity, temperature, Effect(0.0, 0.0, math.inf, 0.0), 0.0, resistivity)

    def __str__(self) -> str:
        effect = self.effect
        seen = f"{100 * effect.relative:+.2g} % (s.d. {100 * effect.sd:.1g} %)"
        phase = f"the lines turn the phase by {self.phase_per_hertz:.3g} degrees/Hz"
        return f"{effect.current * 1e9:.3g} nA move rho by {seen}; {phase}"

    def largest_current(self, resistivity: float, precision: float) -> float:
        """Largest current (A) whose effect stays below its share of a relative precision at a rho (ohm/sq)."""
        bound = self.effect.bound * max(resistivity / self.resistivity, 1e-3) ** _GROWTH
        return self.effect.current * math.sqrt(SHARE * precision / bound) if bound > 0 else math.inf

    def bound_at(self, current: float) -> float:
        """Upper bound of the relative effect of a current (A) on rho, where it was searched."""
        return self.effect.bound * (current / self.effect.current) ** 2

    def outdated(self, resistivity: float, temperature: float) -> bool:
        """Whether the film has changed by more than the search can answer for."""
        change = resistivity / self.resistivity if self.resistivity > 0 else math.inf
        colder = temperature * RESEARCH_COLDER < self.temperature
        return change > RESEARCH_RISE or change * RESEARCH_FALL < 1.0 or colder

    def to_json(self, current: float, frequency: float, precision: float) -> dict[str, Any]:
        """For the run file: what was seen, and the bounds (relative, on rho) at the current and frequency chosen."""
        phase = self.phase_per_hertz * frequency
        return {
            "resistivity": self.resistivity,
            "temperature": self.temperature,
            "effect": asdict(self.effect),
            "current": current,
            "frequency": frequency,
            "phase": phase,
            "current_bound": self.bound_at(current),
            "lines_bound": lines_effect(phase),
            "allowed": SHARE * precision,
        }


def effect_of(looks: tuple[Look, Look, Look, Look, Look]) -> Effect:
    """What the larger current does to rho from I, I/3, I, I/3, I; a drift that is straight in time cancels."""
    full, small = (looks[0], looks[2], looks[4]), (looks[1], looks[3])
    # Weights 1/4, 1/2, 1/4 against 1/2, 1/2: straight lines and parabolas in time cancel as far as five looks can.
    mean = 0.25 * full[0].resistivity + 0.5 * full[1].resistivity + 0.25 * full[2].resistivity
    cold = 0.5 * (small[0].resistivity + small[1].resistivity)
    sd = math.hypot(0.25 * full[0].sd, 0.5 * full[1].sd, 0.25 * full[2].sd, 0.5 * small[0].sd, 0.5 * small[1].sd)
    share = 1.0 - SMALLER**-2
    bend = abs(full[0].resistivity - 2.0 * full[1].resistivity + full[2].resistivity)
    bend_sd = math.hypot(full[0].sd, 2.0 * full[1].sd, full[2].sd)
    drift = _DRIFT_LEFT * max(bend - _SURE * bend_sd, 0.0)
    return Effect(looks[0].current, (mean - cold) / cold / share, sd / cold / share, drift / cold / share)


def search(
    look: Callable[[float, float], Look | None],
    wait: Callable[[float], object],
    resistivity: float,
    precision: float,
    least: float,
    most: float,
) -> tuple[Effect, Look] | None:
    """Ask the film; None where it gives no resistivity.

    `look(current, precision)` takes one look at a current (A) to a relative precision, `wait(n)` lets n
    thermal times pass, `least` and `most` are the source's and the station's currents (A).
    """
    allowed = SHARE * precision
    policy = POLICY[policy_band(resistivity)][1]
    floor, top = SMALLER * least, min(_BEYOND_POLICY * policy, most)
    current = min(max(policy, floor), top)
    best: tuple[Effect, Look] | None = None
    for _ in range(_TRIES):
        looks = _five(look, current, 0.5 * allowed)
        if looks is None:
            return best
        effect = effect_of(looks)
        better = best is None or _reach(effect) < _reach(best[0])
        best = (effect, looks[0]) if better else best
        if effect.drift > max(allowed, effect.sd):
            wait(_WAIT)
            continue
        if abs(effect.relative) > _LARGE and current > floor:
            best, current = None, max(current / SMALLER, floor)
            continue
        if effect.significant or effect.bound <= allowed or current >= top:
            return effect, looks[0]
        current = min(current * SMALLER, top)
    return best


def _reach(effect: Effect) -> float:
    """Bound per square of the current: the smaller, the larger the current that it allows."""
    return effect.bound / effect.current**2


def _five(
    look: Callable[[float, float], Look | None], current: float, precision: float
) -> tuple[Look, Look, Look, Look, Look] | None:
    small = current / SMALLER
    looks = [look(size, precision) for size in (current, small, current, small, current)]
    if any(one is None for one in looks):
        return None
    first, second, third, fourth, fifth = (one for one in looks if one is not None)
    return first, second, third, fourth, fifth
