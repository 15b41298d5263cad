"""Is the saturation resolved, and if not, how small must it be? Profile of the base a of y = a + b exp(-E/T).

The profile chi2(a) is the least chi-square over b and E at that a; its rise above the minimum, divided by
`scale` (the reduced chi-square, where that asked for wider errors), is compared with the numbers below.
"""

import math
from collections.abc import Callable

from scipy.optimize import brentq

from coldfinger.analysis.fits.activated import Activated
from coldfinger.analysis.fits.least_squares import Minimum

DETECTED = 9.0
"""Rise of chi-square without a base above which its value is quoted."""
ONE_SIDED_95 = 2.71
"""Rise of chi-square at the one-sided 95 % limit; without a base, above this it is at least weakly seen."""
ONE_SD = 1.0


def detection(problem: Activated, best: Minimum, scale: float) -> float:
    """Rise of chi-square when there is no base, in units of `scale`; never negative."""
    return max(problem.solve_without_base().chi2 - best.chi2, 0.0) / scale


def upper_limit(problem: Activated, best: Minimum, sd: float, scale: float, rise: float = ONE_SIDED_95) -> float:
    """Base above the best at which the profile has risen by `rise` (nan: never); `sd` sets the first step."""
    excess = _excess(problem, best, rise * scale)
    low = float(best.parameters[0])
    step = sd * math.sqrt(rise * scale) if sd > 0 and math.isfinite(sd) else max(low, 1e-12)
    for _ in range(60):
        high = low + step
        if excess(high) > 0:
            return float(brentq(excess, low, high, xtol=1e-9 * step, rtol=1e-6))
        low, step = high, 2 * step
    return math.nan


def lower_limit(problem: Activated, best: Minimum, scale: float, rise: float = ONE_SD) -> float:
    """Base below the best at which the profile has risen by `rise`, or zero if it does not rise that much."""
    excess = _excess(problem, best, rise * scale)
    high = float(best.parameters[0])
    if high == 0 or excess(0.0) <= 0:
        return 0.0
    return float(brentq(excess, 0.0, high, xtol=1e-9 * high, rtol=1e-6))


def half_width(problem: Activated, best: Minimum, sd: float, scale: float) -> float:
    """Half the interval in which the profile rises by less than one: a s.d. that needs no parabola."""
    return (upper_limit(problem, best, sd, scale, ONE_SD) - lower_limit(problem, best, scale, ONE_SD)) / 2


def _excess(problem: Activated, best: Minimum, rise: float) -> Callable[[float], float]:
    """Function of the base: root of the profile's rise minus root of `rise`, nearly a straight line."""
    start = best.parameters
    at_best = float(start[0])

    def excess(base: float) -> float:
        # The minimum itself rises by nothing, whatever a second search there would say.
        chi2 = best.chi2 if base == at_best else problem.solve_with_base(base, start).chi2
        return math.sqrt(max(chi2 - best.chi2, 0.0)) - math.sqrt(rise)

    return excess
