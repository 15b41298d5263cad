"""Charging energy of grains: which capacitance, which charge and how many neighbours, all said aloud.

Three energies are called E_C in the literature; they differ by factors of 4 and of the number of neighbours z:

    one junction         e²/2C         C: one gap between two grains, everything else left out
    pairs                (2e)²/2C      four times that
    a whole grain        e²/2C_Σ       C_Σ = C_0 + z C: all gaps of the grain and its capacitance C_0 to ground

In a regular array without C_0 an electron moved to the next grain costs exactly e²/(z C): the charges ±e see
the array as a network of capacitors, and between neighbours of an edge-transitive network there are z/2 bonds' worth
of capacitance (Foster 1949). Half of it, for each of the two charges, is the activation energy e²/2zC =
(e²/2C)/z = e²/2C_Σ. So "E_C/4" of square arrays and "α = 1/z with z = 6" are one formula for C of one junction; to
divide e²/2C_Σ by z again counts the neighbours twice.

Sources: D. V. Averin and K. K. Likharev, J. Low Temp. Phys. 62, 345 (1986); T. S. Tighe et al., Phys. Rev. B 47, 1145
(1993) for E_C/4 in square arrays; R. M. Foster, in Contributions to Applied Mechanics (Edwards, 1949), p. 333; W. R.
Smythe, Static and Dynamic Electricity, for disc and spheres. Constants: CODATA 2022 (e, k exact, ε_0 measured).
"""

import math
from dataclasses import dataclass

import numpy as np

from coldfinger.analysis.laws import ELEMENTARY_CHARGE

BOLTZMANN = 1.380649e-23
"""k (J/K), exact since the SI of 2019."""
VACUUM_PERMITTIVITY = 8.8541878188e-12
"""ε_0 (F/m), CODATA 2022."""
LEAST_GAP = 1e-6
"""Gap over diameter of two spheres below which the formula is not evaluated."""
THIN_GAP = 0.05
"""Gap over side beyond which the stray field of parallel plates (left out) exceeds about 10 %."""


@dataclass(frozen=True)
class Capacitance:
    """A capacitance with the uncertainty that its inputs bring."""

    value: float
    """F."""
    relative_sd: float
    """From the relative standard deviations of size, gap and permittivity, taken as independent."""
    flag: str = ""
    """Why the formula should not be believed here; empty if there is nothing to say."""


@dataclass(frozen=True)
class ChargingEnergies:
    """All energies of one grain, in kelvin; every one has the relative standard deviation `relative_sd`."""

    junction_capacitance: float
    """C of one gap (F)."""
    total_capacitance: float
    """C_Σ = C_0 + z C (F)."""
    neighbours: float
    """z, a mean coordination number may be fractional."""
    junction: float
    """e²/2C k: one junction alone (K)."""
    grain: float
    """e²/2C_Σ k: one electron more on a grain whose neighbours stay at fixed potentials (K)."""
    junction_pair: float
    """(2e)²/2C k (K)."""
    grain_pair: float
    """(2e)²/2C_Σ k (K)."""
    activation: float
    """(e²/2C k)/z: half the cost of moving one electron to the next grain in a regular array with C_0 = 0 (K)."""
    activation_quarter: float
    """(e²/2C k)/4, the square array's value, whatever z (K)."""
    grain_over_neighbours: float
    """(e²/2C_Σ k)/z (K): shown because estimates are made so; it counts the neighbours twice."""
    grain_quarter: float
    """(e²/2C_Σ k)/4 (K): the same with the square array's divisor."""
    relative_sd: float
    flag: str
    """Why the numbers should not be believed; empty if there is nothing to say."""


def parallel_plates(
    side: float,
    gap: float,
    permittivity: float,
    *,
    side_sd: float = 0.0,
    gap_sd: float = 0.0,
    permittivity_sd: float = 0.0,
) -> Capacitance:
    """C = ε_0 ε side²/gap of two square faces of `side` (m) a `gap` (m) apart; stray field left out.

    The `_sd` are relative. Raises ValueError for lengths not above zero, ε < 1 and a negative s.d.
    """
    _check(
        side=side, gap=gap, permittivity=permittivity, side_sd=side_sd, gap_sd=gap_sd, permittivity_sd=permittivity_sd
    )
    value = VACUUM_PERMITTIVITY * permittivity * side**2 / gap
    flag = "" if gap <= THIN_GAP * side else f"gap is {gap / side:.2g} of the side: stray field left out, true C larger"
    return Capacitance(value, math.hypot(2 * side_sd, gap_sd, permittivity_sd), flag)


def disc_on_substrate(
    diameter: float, permittivity: float, *, above: float = 1.0, diameter_sd: float = 0.0, permittivity_sd: float = 0.0
) -> Capacitance:
    """C_0 = 8 ε_0 ε̄ r to infinity of a thin flat grain of `diameter` (m) on a thick substrate, ε̄ = (ε + above)/2.

    Exact: beside a charged disc (Smythe: 8 ε_0 r) the field lies in the disc's plane, so that the two half-spaces
    share the flux by their permittivities. A ground plane or neighbours make C_0 larger. Raises ValueError as
    `parallel_plates`.
    """
    _check(diameter=diameter, permittivity=permittivity, diameter_sd=diameter_sd, permittivity_sd=permittivity_sd)
    _check(permittivity=above)
    value = 4 * VACUUM_PERMITTIVITY * (permittivity + above) * diameter / 2
    return Capacitance(value, math.hypot(diameter_sd, permittivity * permittivity_sd / (permittivity + above)))


def sphere(
    diameter: float, permittivity: float, *, diameter_sd: float = 0.0, permittivity_sd: float = 0.0
) -> Capacitance:
    """C_0 = 4π ε_0 ε r to infinity of a sphere of `diameter` (m) inside a medium. Raises as `parallel_plates`."""
    _check(diameter=diameter, permittivity=permittivity, diameter_sd=diameter_sd, permittivity_sd=permittivity_sd)
    value = 2 * math.pi * VACUUM_PERMITTIVITY * permittivity * diameter
    return Capacitance(value, math.hypot(diameter_sd, permittivity_sd))


def sphere_pair(
    diameter: float,
    gap: float,
    permittivity: float,
    *,
    diameter_sd: float = 0.0,
    gap_sd: float = 0.0,
    permittivity_sd: float = 0.0,
) -> tuple[Capacitance, Capacitance]:
    """(C, C_0): between two equal spheres, and of each to infinity in the other's presence; droplets on a surface.

    With cosh β = 1 + gap/diameter and k = 4π ε_0 ε (diameter/2) sinh β (Smythe, method of images):
    C = k Σ 1/sinh(2nβ), C_0 + C = k Σ 1/sinh((2n − 1)β), n = 1, 2, ... C grows only as ln(1/gap), unlike that of faces.
    Raises ValueError as `parallel_plates`, and for a gap below a millionth of the diameter.
    """
    _check(diameter=diameter, gap=gap, permittivity=permittivity)
    _check(diameter_sd=diameter_sd, gap_sd=gap_sd, permittivity_sd=permittivity_sd)
    ratio = gap / diameter
    if ratio < LEAST_GAP:
        raise ValueError(f"capacitance: gap is {ratio:.2g} of the diameter; spheres need at least {LEAST_GAP:g}")
    scale = sphere(diameter, permittivity).value
    found = []
    step = 1e-4
    narrow, here, wide = (_two_spheres(ratio * math.exp(h)) for h in (-step, 0.0, step))
    for before, shape, after in zip(narrow, here, wide, strict=True):
        # C = diameter f(gap/diameter): what the size gains in front, it loses in the ratio.
        by_ratio = math.log(after / before) / (2 * step)
        sd = math.hypot((1 - by_ratio) * diameter_sd, by_ratio * gap_sd, permittivity_sd)
        found.append(Capacitance(scale * shape, sd))
    return found[0], found[1]


def charging_energies(
    junction: Capacitance, neighbours: float, self_capacitance: Capacitance | None = None, neighbours_sd: float = 0.0
) -> ChargingEnergies:
    """All charging energies (K) of a grain with `neighbours` gaps of capacitance `junction` and C_0 to ground.

    `neighbours_sd` is relative. The relative s.d. covers every one of the energies (the largest of theirs).
    Raises ValueError for a capacitance or a number of neighbours that is not above zero.
    """
    own = self_capacitance or Capacitance(0.0, 0.0)
    if not (0 < junction.value < math.inf and 0 <= own.value < math.inf):
        what = f"C = {junction.value} F, C_0 = {own.value} F"
        raise ValueError(f"charging energy: {what}; C must be finite and above zero, C_0 must not be negative")
    if not 0 < neighbours < math.inf:
        raise ValueError(f"charging energy: {neighbours} neighbours; the number must be finite and above zero")
    total = own.value + neighbours * junction.value
    single = energy(junction.value)
    flags = [flag for flag in (junction.flag, own.flag) if flag]
    if own.value > 0.1 * total:
        flags.append(f"C_0 is {own.value / total:.0%} of C_Σ: the activation energies leave it out")
    return ChargingEnergies(
        junction.value,
        total,
        neighbours,
        single,
        energy(total),
        energy(junction.value, charges=2),
        energy(total, charges=2),
        single / neighbours,
        single / 4,
        energy(total) / neighbours,
        energy(total) / 4,
        math.hypot(max(junction.relative_sd, own.relative_sd), 2 * neighbours_sd),
        "; ".join(flags),
    )


def energy(capacitance: float, charges: int = 1) -> float:
    """(q e)²/2C k in K for a capacitance (F); 929.6 K for 1 aF and for one electron. ValueError unless C > 0."""
    if not 0 < capacitance < math.inf:
        raise ValueError(f"charging energy: capacitance is {capacitance} F; it must be finite and above zero")
    return (charges * ELEMENTARY_CHARGE) ** 2 / (2 * capacitance * BOLTZMANN)


def _two_spheres(ratio: float) -> tuple[float, float]:
    """Capacitance between two spheres, and of one to infinity, over 4π ε r, for gap over diameter."""
    beta = 2 * math.asinh(math.sqrt(ratio / 2))  # cosh β = 1 + ratio, without the loss of digits
    n = np.arange(1, math.ceil(40 / beta) + 2)
    decay = np.exp(-beta * n)
    # 1/sinh(m β) = 2 e^(−mβ)/(1 − e^(−2mβ)); the first with m = 2n, the second with m = 2n − 1
    even = 2 * decay**2 / (1 - decay**4)
    odd = 2 * decay**2 * math.exp(beta) / (1 - decay**4 * math.exp(2 * beta))
    return math.sinh(beta) * float(even.sum()), math.sinh(beta) * float((odd - even).sum())


def _check(**inputs: float) -> None:
    """Refuse what is no length, no permittivity or no standard deviation, by its name."""
    for name, value in inputs.items():
        if name.endswith("_sd"):
            good, allowed = 0 <= value < math.inf, "it must not be negative"
        elif name == "permittivity":
            good, allowed = 1 <= value < math.inf, "it must be at least 1, relative to vacuum"
        else:
            good, allowed = 0 < value < math.inf, "it must be finite and above zero, in metres"
        if not good:
            raise ValueError(f"capacitance: {name} is {value}; {allowed}")
