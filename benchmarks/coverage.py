"""Do the intervals hold what they promise? Simulated families with random laws through the whole of `fit_run_family`.

python benchmarks/coverage.py              1000 families, every core
python benchmarks/coverage.py 100 7        100 families, seed 7

Each family has a film of its own: a failed superconductor to H*, beyond it a failed insulator, or an insulator without
saturation (Arrhenius, logarithm, Efros-Shklovskii); 20 to 120 points from 30 to 100 mK up to 0.7 K, 0.1 to 2 % noise,
half of them with a thermometer noise of 0.2 %. One field in eight has a belief test that failed: its current has warmed
the electrons so that a film without saturation shows one.
"""

import math
import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from coldfinger.analysis.across.family_fit import FieldFit, FitSettings, fit_run_family
from coldfinger.analysis.dataset import Check, RunFamily, Table
from coldfinger.analysis.fits.heating import electron_temperature
from coldfinger.analysis.laws import failed_insulator, failed_superconductor

WITHOUT_SATURATION = ("arrhenius", "logarithm", "efros-shklovskii")


@dataclass(frozen=True)
class Truth:
    """The law of one field and whether its data are to be believed."""

    law: str
    parameters: dict[str, float]
    rejected: bool


@dataclass
class Counts:
    """What the fits did, summed over families."""

    inside: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    """By parameter: was the truth in the 95 % interval (for a limit: below it)?"""
    claims: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind of truth and verdict on the saturation."""

    def add(self, other: "Counts") -> None:
        for name, values in other.inside.items():
            self.inside[name] += values
        self.claims.update(other.claims)


def random_family(rng: np.random.Generator) -> tuple[RunFamily, list[Truth]]:
    """A family of six fields, H* between the third and the fourth, and the truth at each."""
    insulator = str(rng.choice(("eq1", "eq1", "eq1", *WITHOUT_SATURATION)))
    normal = rng.uniform(5e3, 8e3)
    thermometer = float(rng.choice((0.0, 0.002)))
    noise = 10 ** rng.uniform(-3, math.log10(0.02))
    T = np.geomspace(10 ** rng.uniform(math.log10(0.03), -1), 0.7, int(rng.integers(20, 121)))
    truths, tables = [], []
    for step, H in enumerate((30.0, 100.0, 200.0, 350.0, 450.0, 600.0)):
        law = "eq2" if step < 3 else insulator
        rejected = bool(rng.random() < 1 / 8) and step >= 3
        truth, rho = _law(rng, law, normal, T)
        current = 1e-11
        if rejected:
            law, truth = "arrhenius", {"sigma_QF": 0.0, "sigma_0": 1.8e-4, "E_aI": rng.uniform(0.4, 0.6)}
            current = 1e-9
            rho = _heated(truth, T, current)
        slope = np.gradient(np.log(rho), np.log(T))
        measured = rho * (1 + noise * rng.standard_normal(T.size) + thermometer * slope * rng.standard_normal(T.size))
        truths.append(Truth(law, truth, rejected))
        tables.append(_table(H, T, measured, noise * rho, thermometer * T, current, rejected))
    return RunFamily("film", "film", "", "benchmark", True, tuple(tables)), truths


def _law(rng: np.random.Generator, law: str, normal: float, T: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
    if law == "eq2":
        base, E = normal * rng.uniform(0.2, 0.8), rng.uniform(0.8, 1.8)
        truth = {"rho_QF": base, "rho_0": (normal - base) * math.exp(E / 1.2), "E_aS": E}
        return truth, failed_superconductor(T, *truth.values())
    if law in ("eq1", "arrhenius"):
        base = 0.0 if law == "arrhenius" else 10 ** rng.uniform(-4.5, -0.3) / normal
        E = rng.uniform(0.3, 0.6)
        truth = {"sigma_QF": base, "sigma_0": (1 / normal - base) * math.exp(E / 1.2), "E_aI": E}
        return truth, failed_insulator(T, *truth.values())
    if law == "logarithm":
        return {}, normal * (1 + rng.uniform(0.15, 0.4) * np.log(1.2 / T))
    scale = rng.uniform(1.0, 4.0)
    return {}, normal * np.exp(np.sqrt(scale / T) - np.sqrt(scale / 1.2))


def _heated(truth: dict[str, float], T: np.ndarray, current: float) -> np.ndarray:
    """The film at the temperature of its electrons: a few rounds of the heat balance, damped."""
    hot = T.copy()
    for _ in range(200):
        hot = np.sqrt(hot * electron_temperature(T, np.full(T.shape, current), failed_insulator(hot, *truth.values())))
    return failed_insulator(hot, *truth.values())


def _table(
    H: float, T: np.ndarray, rho: np.ndarray, sd: np.ndarray, sd_T: np.ndarray, current: float, rejected: bool
) -> Table:
    columns = {"T_sample (K)": T, "T_sample_sd (K)": sd_T, "rho (ohm)": rho, "rho_sd (ohm)": sd, "I (A)": current}
    frame = pd.DataFrame(columns).assign(believed=True)
    checks = (Check("heating", "fail" if rejected else "pass", "simulated"),)
    return Table(
        f"{H:g} Oe", (Path(),), "TemperatureRamp", "film", "", "benchmark", True, "done", frame, H, checks=checks
    )


def judge(member: FieldFit, truth: Truth, counts: Counts) -> None:
    """Count whether the intervals of one field hold its truth, and what was claimed of its saturation."""
    kind = "rejected by a belief test" if truth.rejected else truth.law
    counts.claims[kind, member.saturation] += 1
    law = "eq1" if truth.law == "arrhenius" else truth.law
    if truth.rejected or member.fit is None or law != member.fit.law:
        return
    for name, value in truth.parameters.items():
        low, high = member.intervals[name]
        if math.isfinite(member.fit.parameters[name].value):
            counts.inside[name].append(low <= value <= high)
        else:
            counts.inside[f"{name} (limits)"].append(value <= high)


def run(seed: int, families: int) -> Counts:
    """`families` random families, fitted and judged; equal for equal seeds."""
    counts = Counts()
    for number in range(families):
        family, truths = random_family(np.random.default_rng((seed, number)))
        fitted = fit_run_family(family, FitSettings(scan=False))
        for member, truth in zip(fitted.fields, truths, strict=True):
            judge(member, truth, counts)
    return counts


def _share(arguments: tuple[int, int]) -> Counts:
    seed, families = arguments
    counts = run(seed, families)
    counts.inside = dict(counts.inside)  # a defaultdict of a lambda cannot be sent to another process
    return counts


def show(counts: Counts) -> None:
    print(f"{'parameter':<20}{'intervals':>10}{'coverage':>10}{'s.d.':>8}")
    for name, values in sorted(counts.inside.items()):
        share = sum(values) / len(values)
        print(f"{name:<20}{len(values):>10}{share:>10.4f}{math.sqrt(0.05 * 0.95 / len(values)):>8.4f}")
    print(f"\n{'truth':<28}{'fields':>8}  verdict on the saturation")
    for kind in dict.fromkeys(kind for kind, _ in sorted(counts.claims)):
        said = {verdict: count for (of, verdict), count in counts.claims.items() if of == kind}
        parts = ", ".join(f"{verdict} {count}" for verdict, count in sorted(said.items(), key=lambda pair: -pair[1]))
        print(f"{kind:<28}{sum(said.values()):>8}  {parts}")


def main(families: int = 1000, seed: int = 0) -> None:
    share = 25
    total = Counts()
    with ProcessPoolExecutor() as pool:
        for counts in pool.map(_share, [(seed + i, share) for i in range(math.ceil(families / share))]):
            total.add(counts)
    print(f"{math.ceil(families / share) * share} families of six fields, seed {seed}")
    show(total)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
