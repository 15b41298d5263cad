"""The plain numbers from which claims are judged: families, figures, how it was measured, networks of resistors."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from coldfinger.analysis.across.curvature import CurvatureZero, curvature_zero_of_fit, curvature_zero_of_points
from coldfinger.analysis.across.family_fit import FamilyFit, FieldFit
from coldfinger.analysis.dataset import BELIEVED, Dataset, Table
from coldfinger.analysis.fits.fit_result import Curve
from coldfinger.analysis.fits.model_choice import is_superconducting
from coldfinger.analysis.granular.charging import charging_energies, parallel_plates
from coldfinger.analysis.granular.duality import check_duality
from coldfinger.analysis.granular.percolation import film, saturation
from coldfinger.analysis.paper.data import PaperData

SPREAD = 3.0
"""Standard deviation of ln g in the random networks."""
LATTICES = 40
GRAIN, GAP, PERMITTIVITY, NEIGHBOURS = 0.1e-6, 10e-9, 10.0, 6
"""The paper's estimate of the charging energy: sides and gap in m."""


def family_numbers(fitted: FamilyFit) -> dict[str, Any]:
    """A fitted family as `FamilyFit.to_json`, with the exponent of 1/ρ_QF and more of each curve.

    `exponent_rho_QF` is that of 1/ρ_QF(H), as the paper draws it. Each field gets slope and slope_sd (dρ/d ln T,
    ohm/square), curvature_zero (of the fit), curvature_zero_of_points, T_c and warmest (ρ of the warmest row).
    """
    numbers = fitted.to_json()
    if numbers["exponent_rho_QF"] is not None:
        numbers["exponent_rho_QF"]["value"] *= -1.0
    numbers["fields"] = [
        entry | _curve_numbers(member) | {"field_Oe": float(f"{member.field:.9g}")}
        for entry, member in zip(numbers["fields"], fitted.fields, strict=True)
    ]
    return numbers


def _curve_numbers(member: FieldFit) -> dict[str, Any]:
    if member.fit is None or member.regime is None:
        nothing = _zero(CurvatureZero(math.nan, math.nan, 0.0, math.inf, "no fit"))
        zeros = {"curvature_zero": nothing, "curvature_zero_of_points": nothing}
        return {"slope": None, "slope_sd": None, "T_c": None, "warmest": None} | zeros
    curve = member.table.curve()
    choice = member.regime.choice
    return {
        "slope": choice.slope,
        "slope_sd": choice.slope_sd,
        "curvature_zero": _zero(curvature_zero_of_fit(member.fit)),
        "curvature_zero_of_points": _zero(_of_points(curve)),
        "T_c": transition(curve),
        "warmest": float(curve.resistivity[int(np.argmax(curve.temperature))]),
    }


def _of_points(curve: Curve) -> CurvatureZero:
    try:
        return curvature_zero_of_points(curve)
    except ValueError as error:
        return CurvatureZero(math.nan, math.nan, 0.0, math.inf, str(error))


def _zero(zero: CurvatureZero) -> dict[str, Any]:
    known = math.isfinite(zero.T)
    sd = math.hypot(zero.sd, zero.systematic) if known else math.nan
    return {"T_K": zero.T if known else None, "sd_K": sd if math.isfinite(sd) else None, "doubt": zero.doubt}


def transition(curve: Curve) -> dict[str, float] | None:
    """T_c (K) between the warmest row without resistance (4 s.d.) and the next; None without a superconductor.

    Its s.d. is that of a uniform distribution between the two rows.
    """
    if not is_superconducting(curve):
        return None
    order = np.argsort(curve.temperature)
    T, rho, sd = curve.temperature[order], curve.resistivity[order], curve.sd_resistivity[order]
    resists = np.flatnonzero(rho >= 4 * sd)
    if not resists.size or resists[0] == 0:
        return None
    low, high = float(T[resists[0] - 1]), float(T[resists[0]])
    return {"value": 0.5 * (low + high), "sd": (high - low) / math.sqrt(12)}


def rises(data: PaperData) -> dict[str, tuple[float, float]]:
    """By film: ρ at the ends of its low-field sweeps less that at zero, and the s.d. (ohm/square)."""
    found = {}
    for one in data.films:
        sweeps = [sweep for measured in one.magnetoresistance for sweep in measured.sweeps]
        if not sweeps:
            continue
        H = np.concatenate([sweep.field for sweep in sweeps])
        rho = np.concatenate([sweep.resistivity for sweep in sweeps])
        reach = float(np.max(np.abs(H)))
        ends, middle = rho[np.abs(H) > 0.95 * reach], rho[np.abs(H) < 0.05 * reach]
        sd = math.hypot(ends.std(ddof=1) / math.sqrt(ends.size), middle.std(ddof=1) / math.sqrt(middle.size))
        found[one.name] = float(ends.mean() - middle.mean()), sd
    return found


def method_numbers(dataset: Dataset, data: PaperData, chip_time: float) -> dict[str, Any]:
    """How it was measured; `chip_time` (s) is the chip's thermal time constant at 0.1 K, which grows as 1/T²."""
    curves = [table for family in dataset.families for table in family.tables]
    currents = np.concatenate([t.rows["I (A)"].to_numpy() for t in curves if "I (A)" in t.frame] or [np.zeros(1)])
    micrograph = data.micrograph
    return {
        "linearity": [entry for table in dataset.tables if (entry := _linearity(table)) is not None],
        "current_A": [float(currents.min()), float(currents.max())],
        "difference": _difference(curves),
        "ramp_lag": _ramp_lag(curves, chip_time),
        "pixel_m": micrograph.pixel if micrograph else None,
        "width_m": micrograph.size[1] if micrograph else None,
    }


def _linearity(table: Table) -> dict[str, Any] | None:
    """A linearity test made as a run of its own: what it found, and where on the paper's scale it was made."""
    if table.procedure != "LinearityCheck" or not table.checks or table.rows.empty:
        return None
    check, rows = table.checks[-1], table.rows
    numbers = {name: check.numbers.get(name) for name in ("current", "change", "change_sd")}
    if not all(isinstance(value, float) for value in numbers.values()):
        return None
    return {
        "field_Oe": table.field,
        "outcome": check.outcome,
        "current_A": numbers["current"],
        "frequency_Hz": float(rows["f (Hz)"].median()),
        "rho_ohm": float(rows["rho (ohm)"].median()),
        "change": numbers["change"],
        "change_sd": numbers["change_sd"],
    }


def _difference(curves: Sequence[Table]) -> dict[str, Any]:
    rows = dropped = dropped_believed = 0
    largest = 0.0
    for table in curves:
        if "T_mc (K)" not in table.frame:
            continue
        share = np.abs(table.frame["T_sample (K)"] / table.frame["T_mc (K)"] - 1).to_numpy()
        believed = table.frame[BELIEVED].to_numpy(dtype=bool)
        rows += int(np.count_nonzero(believed))
        dropped += int(np.count_nonzero(share > 0.10))
        dropped_believed += int(np.count_nonzero((share > 0.10) & believed))
        largest = max(largest, float(np.max(share[believed], initial=0.0)))
    return {"rows": rows, "dropped": dropped, "dropped_believed": dropped_believed, "largest": largest}


def _ramp_lag(curves: Sequence[Table], chip_time: float) -> float | None:
    lags = []
    for table in curves:
        if not {"T_set (K)", "time (s)"} <= set(table.frame):
            continue
        T, t = table.frame["T_set (K)"].to_numpy(), table.frame["time (s)"].to_numpy()
        if T.size > 2:
            middle = 0.5 * (T[1:] + T[:-1])
            lags.append(np.abs(np.diff(T) / np.diff(t)) * chip_time * (0.1 / middle) ** 2 / middle)
    if not lags or not chip_time > 0:
        return None
    return float(np.quantile(np.concatenate(lags), 0.99))


def network_numbers(size: int, seed: int) -> dict[str, Any]:
    """Charging energies of the paper's estimate, ρ against r_s, and duality on a lattice of size x size."""
    rng = np.random.default_rng(seed)
    energies = charging_energies(parallel_plates(GRAIN, GAP, PERMITTIVITY, gap_sd=0.3, permittivity_sd=0.2), NEIGHBOURS)
    small = min(size, 32)
    found = saturation(film(small, small, rng, shunt=2000.0, spread=SPREAD) for _ in range(LATTICES))
    both = check_duality(film(size, size, rng, shunt=2000.0, spread=SPREAD), unit=1 / 2000.0)
    return {
        "charging": {
            "junction_K": energies.junction,
            "activation_K": energies.activation,
            "grain_over_neighbours_K": energies.grain_over_neighbours,
            "grain_quarter_K": energies.grain_quarter,
            "relative_sd": energies.relative_sd,
            "flag": energies.flag,
        },
        "saturation": {
            "log_ratio": found.log_ratio.value,
            "sd": found.log_ratio.sd,
            "count": LATTICES,
            "spread": SPREAD,
        },
        "duality": {"deviation": both.deviation, "allowed": both.allowed, "size": size},
    }


def gather(
    fitted: Sequence[FamilyFit],
    figures: Mapping[str, Mapping[str, Any]],
    methods: Mapping[str, Any],
    networks: Mapping[str, Any],
    rise: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    """All evidence in one mapping, as the claims take it; `figures` are the numbers of the drawings by name."""
    numbers = {name: dict(found) for name, found in figures.items()}
    for name, (value, sd) in rise.items():
        if name in numbers.get("S2", {}):
            numbers["S2"][name] = {**numbers["S2"][name], "rise_ohm": value, "rise_sd_ohm": sd}
    samples = {family.family.name: family_numbers(family) for family in fitted}
    return {"samples": samples, "figures": numbers, "methods": dict(methods), "networks": dict(networks)}
