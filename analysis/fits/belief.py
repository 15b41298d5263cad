"""What belief tests and bounds leave of a fit: a value, a limit, or nothing.

Warm electrons only add to the base, in Eq. 1 a conductance and in Eq. 2 a resistance: where heating or linearity
failed, the fitted base is still an upper limit. Where the frequency failed because of a phase beyond 45 degrees, the
rows with such a phase are left out already; what is left stops short of the base and gives a limit. Where any other
test failed the numbers may be off either way and nothing of the fit is believed.
"""

import dataclasses
import math
from collections.abc import Sequence

from coldfinger.analysis.dataset import Check
from coldfinger.analysis.fits.fit_result import PARAMETER_NAMES, Estimate, Fit
from coldfinger.analysis.fits.limits import ONE_SIDED_95

FAIL = "fail"
ONE_SIDED = math.sqrt(ONE_SIDED_95)
CURRENT_TESTS = ("heating", "linearity")
"""Tests of what the current does to the film."""
PHASE = "phase"
LARGEST_PHASE = 45.0
"""Degrees beyond which no row has a resistance."""


def failed(checks: Sequence[Check]) -> tuple[str, ...]:
    """Names of the tests that failed, each once."""
    return tuple(dict.fromkeys(check.name for check in checks if check.outcome == FAIL))


def causes(checks: Sequence[Check]) -> set[str]:
    """What failed: names of tests, and `PHASE` for a frequency test with too large a phase."""
    found = set()
    for check in checks:
        if check.outcome == FAIL:
            phase = check.numbers.get("phase")
            turned = check.name == "frequency" and isinstance(phase, float) and abs(phase) > LARGEST_PHASE
            found.add(PHASE if turned else check.name)
    return found


def measured_heating(checks: Sequence[Check]) -> tuple[float, float] | None:
    """What the current did to 1/ρ at the coldest heating test (S square) and its s.d.; None without such a test."""
    for check in reversed(checks):
        shift, sd = (check.numbers.get(name) for name in ("systematic_conductance", "systematic_conductance_sd"))
        if check.name == "heating" and isinstance(shift, float) and isinstance(sd, float):
            return (shift, sd) if math.isfinite(shift) and math.isfinite(sd) else None
    return None


def bounded(fit: Fit, bound: float, why: str) -> Fit:
    """No limit below `bound` (unit of the base), and no value that is itself below it."""
    name = PARAMETER_NAMES[fit.law][0]
    base = fit.parameters[name]
    if not (math.isfinite(bound) and bound > 0):
        return fit
    if math.isfinite(base.value) and base.value < bound:
        return _limited(fit, max(bound, base.value + ONE_SIDED * base.sd), why)
    if base.upper95 is not None and base.upper95 < bound:
        raised = dataclasses.replace(base, upper95=bound)
        return dataclasses.replace(
            fit, parameters={**fit.parameters, name: raised}, remarks=(*fit.remarks, f"limit raised: {why}")
        )
    return fit


def after_tests(fit: Fit, checks: Sequence[Check], bound: float = 0.0) -> Fit:
    """The fit as far as its belief tests allow; unchanged if none failed. `bound` is that of `bounded`."""
    names = failed(checks)
    if not names:
        return fit
    why = f"belief test failed: {', '.join(names)}"
    what = causes(checks)
    if not what <= {*CURRENT_TESTS, PHASE}:
        nothing = dict.fromkeys(fit.parameters, Estimate(math.nan, math.nan))
        return dataclasses.replace(fit, status="limit", parameters=nothing, remarks=(*fit.remarks, why))
    base = fit.parameters[PARAMETER_NAMES[fit.law][0]]
    upper = base.value + ONE_SIDED * base.sd if math.isfinite(base.value) else base.upper95
    limited = _limited(fit, None if upper is None else max(upper, bound), why)
    if what == {PHASE}:
        return limited
    others = {name: Estimate(math.nan, math.nan) for name in PARAMETER_NAMES[fit.law][1:]}
    return dataclasses.replace(limited, parameters={**limited.parameters, **others})


def _limited(fit: Fit, upper: float | None, why: str) -> Fit:
    name = PARAMETER_NAMES[fit.law][0]
    limit = Estimate(math.nan, math.nan, upper)
    return dataclasses.replace(
        fit, status="limit", parameters={**fit.parameters, name: limit}, remarks=(*fit.remarks, why)
    )
