"""`coldfinger figure`: one figure of the paper from runs."""

import json
import math
from pathlib import Path
from typing import Any

import click

from coldfinger.procedures.commands.status import BadInput, bad_input


@click.command()
@click.argument("name")
@click.argument("runs", nargs=-1, metavar="[RUNS]...")
@click.option("--out", default=None, help="File to write: .pdf, .svg or .png; figure-NAME.pdf if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print the figure's numbers as JSON.")
@click.option("--sd-field", default="0 Oe", show_default=True, help="Uncertainty of every field (remanence, supply).")
@click.option("--pixel", default=None, help="Side of a micrograph's pixel, such as 6 nm, if the file does not say.")
def figure(name: str, runs: tuple[str, ...], out: str | None, as_json: bool, sd_field: str, pixel: str | None) -> None:
    """Draw figure NAME (1, 2, 3a, 4b, S2, ...) of the paper from RUNS.

    RUNS are folders of runs, families, CSV tables and, for figures 2 and S1, a micrograph. NAME "list" tells all names
    and what each needs.
    """
    from coldfinger.analysis.paper.drawing import check_path
    from coldfinger.analysis.paper.registry import FIGURES, draw_figure, figure_named
    from coldfinger.analysis.paper.runs import read_paper_data
    from coldfinger.runfiles.disk import RunFileError

    if name == "list":
        _list(as_json, {known.name: (known.shows, known.needs) for known in FIGURES.values()})
        return
    with bad_input(RunFileError, ValueError):
        wanted = figure_named(name)
        path = Path(out) if out is not None else Path(f"figure-{wanted.name}.pdf")
        check_path(path)
        if not runs:
            raise BadInput(f"figure {wanted.name}: no runs were given; give folders with {wanted.needs}")
        data = read_paper_data(runs, length(pixel), oersted(sd_field))
        drawing = draw_figure(wanted.name, data)
        drawing.save(path)
    if as_json:
        numbers = {"figure": wanted.name, "file": str(path), "simulated": data.simulated}
        click.echo(json.dumps(_plain(numbers | {"numbers": drawing.numbers, "said": list(drawing.said)}), indent=2))
        return
    click.echo(f"figure {wanted.name}: {wanted.shows}; written to {path}")
    for sentence in drawing.said:
        click.echo(f"- {sentence}")


def _list(as_json: bool, known: dict[str, tuple[str, str]]) -> None:
    if as_json:
        click.echo(json.dumps([{"name": n, "shows": s, "needs": needs} for n, (s, needs) in known.items()], indent=2))
        return
    width = max(map(len, known))
    for name, (shows, needs) in known.items():
        click.echo(f"{name:{width}}  {shows}\n{'':{width}}  needs {needs}")


def oersted(text: str) -> float:
    """Oe of the option --sd-field; raises ValueError."""
    from coldfinger.procedures.words.quantity import OERSTED, parse

    field = parse(text, "field", "--sd-field") / OERSTED
    if not field >= 0:
        raise ValueError(f"--sd-field {text!r}: an uncertainty is not negative; write for example 1 Oe")
    return field


def length(text: str | None, option: str = "--pixel") -> float | None:
    """Metres of a text such as "6 nm"; None for None. Raises ValueError."""
    if text is None:
        return None
    units = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "nm": 1e-9, "pm": 1e-12}
    number, _, unit = text.strip().partition(" ")
    try:
        metres = float(number) * units[unit.strip()]
    except (ValueError, KeyError):
        raise ValueError(f"{option} {text!r}: this is not a length; write for example 6 nm") from None
    if not (metres > 0 and math.isfinite(metres)):
        raise ValueError(f"{option} {text!r}: a length is above zero; write for example 6 nm")
    return metres


def _plain(value: Any) -> Any:
    """JSON has neither nan nor inf nor numpy's numbers: None, and Python's own."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
