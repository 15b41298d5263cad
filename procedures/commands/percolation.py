"""`coldfinger percolation`: a random resistor network, its exact dual, and the charging energies of a grain."""

import math
from dataclasses import asdict
from typing import Any

import click

from coldfinger.procedures.commands.figure import length
from coldfinger.procedures.commands.lazy import NearestGroup
from coldfinger.procedures.commands.status import bad_input, json_text

_LARGEST = 400  # sites along one side: a few seconds a lattice
_MOST = 10_000


@click.group(cls=NearestGroup)
def percolation() -> None:
    """Resistor networks of junctions, their duals, charging energies. No measurement is needed."""


@percolation.command()
@click.option("--p", "laid", default=1.0, show_default=True, help="Probability that a junction conducts at all.")
@click.option("--superconducting", default=0.0, show_default=True, help="Probability of a superconducting junction.")
@click.option("--shunt", default=1000.0, show_default=True, help="Median resistance of the others (ohm).")
@click.option("--spread", default=0.0, show_default=True, help="Standard deviation of the logarithm of theirs.")
@click.option("--size", default=32, show_default=True, type=click.IntRange(1, _LARGEST), help="Rows and columns.")
@click.option("--samples", default=20, show_default=True, type=click.IntRange(1, _MOST), help="Lattices drawn.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Equal seeds, equal numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def network(
    laid: float,
    superconducting: float,
    shunt: float,
    spread: float,
    size: int,
    samples: int,
    seed: int,
    as_json: bool,
) -> None:
    """Sheet resistance of random square lattices of junctions, against that of the limiting junction."""
    import numpy as np

    from coldfinger.analysis.granular.percolation import effective_medium, film, saturation

    with bad_input(ValueError):
        _check_probability(laid, "--p")
        rng = np.random.default_rng(seed)
        insulating = 1 - laid
        options = {"superconducting": superconducting, "insulating": insulating, "shunt": shunt, "spread": spread}
        strips = [film(size, size, rng, **options) for _ in range(samples)]
        found = saturation(strips)
        bonds = np.concatenate([np.concatenate([s.along.ravel(), s.across.ravel()]) for s in strips])
        medium = effective_medium(bonds)
    rho = found.sheet_resistance
    normal = rho[(rho > 0) & np.isfinite(rho)]
    logs = np.log(normal)
    told = {
        "size": size,
        "samples": samples,
        "seed": seed,
        "p": laid,
        **options,
        "superconducting_lattices": found.superconducting,
        "insulating_lattices": found.insulating,
        "rho_geometric_mean": float(np.exp(logs.mean())) if logs.size else math.nan,
        "ln_rho_sd": float(logs.std(ddof=1)) if logs.size > 1 else math.nan,
        "rho_over_r_s": found.ratio,
        "ln_rho_over_r_s_sd": found.log_ratio.sd,
        "effective_medium_rho": 1 / medium if medium > 0 else math.inf,
        "doubt": found.log_ratio.flag,
    }
    _tell(told, as_json, _network_lines(told))


@percolation.command()
@click.option("--size", default=50, show_default=True, type=click.IntRange(2, _LARGEST), help="Rows and columns.")
@click.option("--superconducting", default=0.0, show_default=True, help="Probability of a superconducting junction.")
@click.option("--insulating", default=0.0, show_default=True, help="Probability of an insulating junction.")
@click.option("--shunt", default=6453.0, show_default=True, help="Median resistance of the others (ohm).")
@click.option("--spread", default=3.0, show_default=True, help="Standard deviation of the logarithm of theirs.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Equal seeds, equal numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def duality(
    size: int, superconducting: float, insulating: float, shunt: float, spread: float, seed: int, as_json: bool
) -> None:
    """Solve one random film and its dual: their sheet resistances multiply to (h/4e²)², exactly."""
    import numpy as np

    from coldfinger.analysis.granular.duality import PAIR_CONDUCTANCE, check_duality
    from coldfinger.analysis.granular.percolation import film

    with bad_input(ValueError):
        rng = np.random.default_rng(seed)
        options = {"superconducting": superconducting, "insulating": insulating, "shunt": shunt, "spread": spread}
        both = check_duality(film(size, size, rng, **options), unit=PAIR_CONDUCTANCE)
    told = {
        "size": size,
        "seed": seed,
        **options,
        "film_rho": both.film.sheet_resistance,
        "dual_rho": both.dual.sheet_resistance,
        "deviation": both.deviation,
        "allowed": both.allowed,
        "holds": bool(both.holds),
    }
    verdict = "holds" if both.holds else "DOES NOT hold"
    lines = [
        f"film {both.film.sheet_resistance:.6g} Ω/□, dual {both.dual.sheet_resistance:.6g} Ω/□",
        f"product over (h/4e²)² less 1: {both.deviation:.1e}, allowed {both.allowed:.1e}: duality {verdict}",
    ]
    _tell(told, as_json, lines)


@percolation.command()
@click.option("--side", default=None, help='Side of the facing areas, with --gap: "0.1 um".')
@click.option("--gap", default=None, help='Width of the gap between two grains: "10 nm".')
@click.option("--permittivity", default=10.0, show_default=True, help="Of what fills the gap, relative.")
@click.option("--capacitance", default=None, type=float, help="C of one junction (F), in place of side and gap.")
@click.option("--self-capacitance", default=0.0, show_default=True, help="C_0 of the grain to ground (F).")
@click.option("--neighbours", default=6.0, show_default=True, help="z, junctions of one grain.")
@click.option("--relative-sd", default=0.0, show_default=True, help="Relative standard deviation of C.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def charging(
    side: str | None,
    gap: str | None,
    permittivity: float,
    capacitance: float | None,
    self_capacitance: float,
    neighbours: float,
    relative_sd: float,
    as_json: bool,
) -> None:
    """Charging energies of a grain in every convention, with C of one junction and C_Σ = C_0 + z C said aloud."""
    from coldfinger.analysis.granular.charging import Capacitance, charging_energies, parallel_plates

    with bad_input(ValueError):
        plates = (length(side, "--side"), length(gap, "--gap"))
        if not 0 <= relative_sd < math.inf:
            raise ValueError(f"--relative-sd {relative_sd:g}: an uncertainty is not negative; write for example 0.3")
        if capacitance is not None and plates == (None, None):
            junction = Capacitance(capacitance, relative_sd)
        elif capacitance is None and plates[0] is not None and plates[1] is not None:
            made = parallel_plates(plates[0], plates[1], permittivity)
            junction = Capacitance(made.value, relative_sd, made.flag)
        else:
            raise ValueError("charging: give either --capacitance, or --side and --gap")
        found = charging_energies(junction, neighbours, Capacitance(self_capacitance, 0.0))
    told = {"self_capacitance": self_capacitance} | asdict(found)
    error = f" ± {found.relative_sd:.0%}" if found.relative_sd else ""
    rows = [
        ("e²/2C", found.junction, "one junction alone"),
        ("e²/2C_Σ", found.grain, "one electron more on a grain, neighbours at fixed potentials"),
        ("(e²/2C)/z", found.activation, "activation in a regular array without C_0"),
        ("(e²/2C)/4", found.activation_quarter, "the square array's value"),
        ("(e²/2C_Σ)/z", found.grain_over_neighbours, "counts the neighbours twice"),
        ("(e²/2C_Σ)/4", found.grain_quarter, "the same with the square array's divisor"),
        ("(2e)²/2C", found.junction_pair, "a pair on one junction"),
        ("(2e)²/2C_Σ", found.grain_pair, "a pair on a grain"),
    ]
    lines = [
        f"C = {found.junction_capacitance:.4g} F, z = {found.neighbours:g}, C_0 = {self_capacitance:.4g} F, "
        f"C_Σ = {found.total_capacitance:.4g} F{error}",
        *(f"{name:12} {value:10.4g} K{error}  {what}" for name, value, what in rows),
        *([f"doubt: {found.flag}"] if found.flag else []),
    ]
    _tell(told, as_json, lines)


def _network_lines(told: dict[str, Any]) -> list[str]:
    lines = [f"{told['samples']} lattices of {told['size']} x {told['size']}, seed {told['seed']}"]
    if math.isfinite(told["rho_geometric_mean"]):
        scatter = f", a factor {math.exp(told['ln_rho_sd']):.3g} apart" if math.isfinite(told["ln_rho_sd"]) else ""
        sd = told["ln_rho_over_r_s_sd"]
        error = f", uncertain by a factor {math.exp(sd):.3g}" if math.isfinite(sd) else ""
        lines.append(f"ρ = {told['rho_geometric_mean']:.5g} Ω/□ (geometric mean{scatter})")
        lines.append(f"ρ over that of the limiting junction: {told['rho_over_r_s']:.3g}{error}")
    lines.append(f"effective medium: {told['effective_medium_rho']:.5g} Ω/□")
    counts = told["superconducting_lattices"], told["insulating_lattices"]
    lines.append(f"{counts[0]} lattices superconduct throughout, {counts[1]} have no path")
    return lines + ([f"doubt: {told['doubt']}"] if told["doubt"] else [])


def _tell(told: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    click.echo(json_text(told, indent=2) if as_json else "\n".join(lines))


def _check_probability(value: float, option: str) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{option} {value:g}: a probability is from 0 to 1")
