"""Start values for Eq. 1 and Eq. 2 without asking anybody: variable projection.

For a given E both laws are linear in their two amplitudes, y = a + b exp(-E/T), so that only E must be searched:
sixty logarithmic steps, each a 2 x 2 non-negative least-squares problem, then a parabola through the lowest three.
"""

import numpy as np

from coldfinger.analysis.activated import Activated
from coldfinger.analysis.fit_result import Array

ENERGIES = np.geomspace(0.02, 8.0, 60)
"""Activation energies tried (K)."""


def start_values(problem: Activated) -> Array | None:
    """(a, ln b, E) near the minimum of chi-square, or None where no positive activated part helps at any E."""
    weight, weighted_y = _weights(problem)
    constant = float(np.sum(weighted_y)) / float(np.sum(weight))
    gain, a, b, coldest = _amplitudes(problem, ENERGIES, weight, weighted_y)
    best = int(np.argmax(gain))
    if not gain[best] > 0:
        return None
    energy = _parabola(gain, best)
    refined = _amplitudes(problem, np.array([energy]), weight, weighted_y)
    if refined[0][0] >= gain[best]:
        a_best, b_best = float(refined[1][0]), float(refined[2][0])
    else:
        energy, a_best, b_best = float(ENERGIES[best]), float(a[best]), float(b[best])
    if not b_best > 0:
        return None
    # The amplitude refers to the warmest point, where the activated part cannot underflow.
    ln_b = float(np.log(b_best)) + energy * coldest
    del constant
    return np.array([a_best, ln_b, energy])
