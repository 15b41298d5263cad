"""`coldfinger fit`: from run files to fitted families."""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from coldfinger.procedures.commands.status import INCOMPLETE, BadInput, bad_input

if TYPE_CHECKING:
    from coldfinger.analysis.across.family_fit import FamilyFit, FieldFit, FitSettings
    from coldfinger.analysis.dataset import Dataset

_NARROWEST = 118  # columns of the table where the output is no terminal
_LAWS = {"eq1": "Eq. 1", "eq2": "Eq. 2"}


@click.command()
@click.argument("runs", nargs=-1, metavar="RUNS...")
@click.option("--filter", "filter_text", default=None, help='Of data folders only these runs: "sample:S1 H:0..300".')
@click.option("--window", default="0.7 K", show_default=True, help='Temperatures used: "0.7 K" or "50 mK..0.5 K".')
@click.option("--law", type=click.Choice(["eq1", "eq2"]), default=None, help="This law at every field.")
@click.option("--robust", is_flag=True, help="Leave out spikes, and say which.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--save-sample", "sample_file", default=None, help="Write the family as a film for the simulator.")
def fit(
    runs: tuple[str, ...],
    filter_text: str | None,
    window: str,
    law: str | None,
    robust: bool,
    as_json: bool,
    sample_file: str | None,
) -> None:
    """Fit families of R(T): Eq. 1 or Eq. 2 at every field, and what the fields say together.

    RUNS are run folders, folders of runs, family.json files, CSV tables of other people, or patterns. Exit status 1:
    some of them could not be used.
    """
    from coldfinger.analysis.across.family_fit import fit_dataset
    from coldfinger.analysis.reading import load

    settings = settings_of(window, law, robust)
    dataset = load(paths_of(runs, filter_text))
    for refusal in dataset.refused:
        click.echo(f"coldfinger: left out: {refusal.sentence}", err=True)
    if not dataset.families:
        raise BadInput("there is no R(T) curve in what was given; name folders of TemperatureRamp runs or a CSV table")
    fitted = fit_dataset(dataset, settings)
    if sample_file is not None:
        _save(fitted, Path(sample_file))
    if as_json:
        click.echo(json.dumps(_json(fitted, dataset), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        for family in fitted:
            _print(family)
    if dataset.refused or any(member.fit is None for family in fitted for member in family.fields):
        raise SystemExit(INCOMPLETE)


def settings_of(window: str, law: str | None, robust: bool, sd_field: float = 0.0) -> "FitSettings":
    """What the options of the command line ask for; raises BadInput. `sd_field` in Oe."""
    from coldfinger.analysis.across.family_fit import FitSettings
    from coldfinger.procedures.words.quantity import parse

    low, between, high = window.rpartition("..")
    with bad_input(ValueError):
        T_max = parse(high, "temperature", "--window")
        if low.strip().replace(".", "", 1).isdigit():
            low += high.strip().lstrip("0123456789.eE+-")  # 0.05..0.5 K: one unit for both
        T_min = parse(low, "temperature", "--window") if between else 0.0
        chosen = {"eq1": "eq1", "eq2": "eq2"}.get(law or "")
        return FitSettings(T_min=T_min, T_max=T_max, law=chosen, robust=robust, sd_field=sd_field)  # type: ignore[arg-type]


def paths_of(runs: Sequence[str], filter_text: str | None) -> list[str]:
    """The paths themselves, or those runs of the data folders that a filter fits."""
    if filter_text is None:
        if not runs:
            name = click.get_current_context().info_name
            raise click.UsageError(f"no runs were given; name a folder: coldfinger {name} data")
        return list(runs)
    from coldfinger.procedures.data.catalogue import Catalogue
    from coldfinger.procedures.data.filters import FilterError
    from coldfinger.runfiles.disk import RunFileError

    found: list[str] = []
    with bad_input(RunFileError, FilterError):
        for folder in runs or ("data",):
            with Catalogue(Path(folder)) as catalogue:
                catalogue.refresh()
                found += [str(Path(folder) / entry.folder) for entry in catalogue.find(filter_text)]
    if not found:
        raise BadInput(
            f"--filter {filter_text!r}: no run fits it in {', '.join(runs or ('data',))}; try coldfinger runs"
        )
    return found


def _save(fitted: Sequence["FamilyFit"], path: Path) -> None:
    from coldfinger.analysis.sample_file import sample_text

    if len(fitted) != 1:
        raise BadInput(f"--save-sample: there are {len(fitted)} families; give the runs of one film, or use --filter")
    if path.suffix != ".toml":
        raise BadInput(f"--save-sample {path}: a sample file ends in .toml; name it {path.stem}.toml")
    half = path.with_name(path.name + ".part")
    with bad_input(ValueError):
        text = sample_text(fitted[0], path.stem)
    try:
        half.write_text(text, "utf-8")
        half.replace(path)
    except OSError as error:
        raise BadInput(f"sample file {path}: it cannot be written: {error.strerror}; choose another") from None


def _json(fitted: Sequence["FamilyFit"], dataset: "Dataset") -> dict[str, object]:
    refused = [{"path": str(refusal.path), "why": refusal.sentence} for refusal in dataset.refused]
    return {"families": [family.to_json() for family in fitted], "refused": refused}


def _print(fitted: "FamilyFit") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    settings, family = fitted.settings, fitted.family
    made = ", simulated" if family.simulated else ""
    title = f"{family.name}{made}; T from {1e3 * settings.T_min:g} mK to {settings.T_max:g} K"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    for name in ("H (Oe)", "law", "saturation", "syst.", "E_a (mK)", "claim", "χ²/ν", "rows"):
        table.add_column(name, justify="left" if name in ("law", "claim") else "right", no_wrap=True)
    for member in fitted.fields:
        table.add_row(*(Text(cell) for cell in row_of(member)))
    console = Console() if sys.stdout.isatty() else Console(width=_NARROWEST)
    console.print(table)
    for line in [*_remarks(fitted), *across_lines(fitted)]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def row_of(member: "FieldFit") -> list[str]:
    """The cells of a field's row: value ± s.d. or limit, systematic error, energy, what is claimed, quality."""
    rows = f"{len(member.table.rows)}/{len(member.table.frame)}"
    fit = member.fit
    if fit is None:
        return [f"{member.field:g}", "-", "-", "-", "-", "no fit", "-", rows]
    base, _, energy = fit.parameters
    scale, unit = (1e6, "µS") if fit.law == "eq1" else (1e-3, "kΩ")
    symbol = "σ_QF" if fit.law == "eq1" else "ρ_QF"
    estimate, systematic = fit.parameters[base], member.systematic(base)
    parts = []
    if math.isfinite(estimate.value):
        parts.append(_digits(estimate.value * scale, estimate.sd * scale))
    if estimate.upper95 is not None:
        parts.append(f"< {estimate.upper95 * scale:.2g}")
    return [
        f"{member.field:g}",
        _LAWS[fit.law],
        f"{symbol} {' '.join(parts)} {unit}" if parts else "-",
        f"{systematic * scale:.1g}" if math.isfinite(systematic) else "-",
        _digits(fit.parameters[energy].value * 1e3, fit.parameters[energy].sd * 1e3),
        member.saturation,
        f"{fit.chi2_nu:.2f}",
        rows,
    ]


def _digits(value: float, sd: float) -> str:
    from coldfinger.procedures.family import digits

    return digits(value, sd) if math.isfinite(value) else "-"


def _remarks(fitted: "FamilyFit") -> list[str]:
    """What was said of each field; what was said of all of them once."""
    common = set.intersection(*(set(member.remarks) for member in fitted.fields)) if fitted.fields else set()
    lines = [f"all fields: {remark}" for remark in sorted(common)]
    for member in fitted.fields:
        own = [remark for remark in member.remarks if remark not in common and not remark.startswith("BIC:")]
        lines += [f"{member.field:g} Oe: {remark}" for remark in own]
    return lines


def across_lines(fitted: "FamilyFit") -> list[str]:
    """Power laws, crossing, drop, peak and changes of regime, one a line."""
    across = fitted.across
    lines = []
    for name, law in across.laws.items():
        symbol = name.replace("sigma", "σ").replace("rho", "ρ")
        used = f"{law.values} values and {law.limits} limits, {law.H_min:g} to {law.H_max:g} Oe"
        lines.append(f"{symbol} ∝ H^{_digits(law.exponent, law.exponent_sd)} ({used})")
        lines += [f"  {remark}" for remark in law.remarks]
    words = {
        "H_star": "H*",
        "R_star": "R*",
        "R_Q_ratio": "R* / (h/4e²)",
        "E_a_drop": "drop of E_a across H*",
        "peak_field": "E_aI is highest at",
        "peak_energy": "highest E_aI",
    }
    for name, number in across.numbers.items():
        doubt = f"; doubtful: {number.doubt}" if number.doubt else ""
        lines.append(f"{words[name]} = {_digits(number.value, number.sd)} {number.unit}".rstrip() + doubt)
    for boundary in across.boundaries:
        lines.append(f"{boundary.name} between {boundary.H_low:g} and {boundary.H_high:g} Oe")
    if len(fitted.fields) > 1:
        lines += [f"no {name.replace('_', ' ')}: {why}" for name, why in across.absent.items()]
    return lines
