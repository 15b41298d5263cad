"""`coldfinger diff`: what was set differently in two runs."""

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coldfinger.procedures.commands.status import bad_input, json_text

if TYPE_CHECKING:
    from coldfinger.procedures.data.snapshots import Difference

_NARROWEST = 118  # columns of the table where the output is no terminal


@click.command()
@click.argument("first", metavar="RUN")
@click.argument("second", metavar="RUN")
@click.option("--data", default="data", show_default=True, help="Folder with the runs.")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def diff(first: str, second: str, data: str, as_json: bool) -> None:
    """Compare two runs: parameters, sample, limits, calibration, versions, station file, every instrument's settings.

    A RUN is its number, the name of its folder, or a path.
    """
    from coldfinger.procedures.data.snapshots import differences
    from coldfinger.runfiles.disk import RunFileError
    from coldfinger.runfiles.reader import read_run

    with bad_input(RunFileError):
        one, other = (read_run(run_folder(word, data)) for word in (first, second))
    found = differences(one, other)
    if as_json:
        runs = [str(run.path.parent) for run in (one, other)]
        click.echo(json_text({"runs": runs, "differences": [vars(difference) for difference in found]}, indent=2))
        return
    if not found:
        click.echo("the two runs were set in the same way")
        return
    _print(found, one.path.parent.name, other.path.parent.name)


def run_folder(word: str, data: str) -> Path:
    """The folder of a run that is named by a path, by its number or by its folder's name. Raises RunFileError."""
    from coldfinger.procedures.data.catalogue import Catalogue

    if Path(word).exists() and not word.isdecimal():
        return Path(word)
    with Catalogue(Path(data)) as catalogue:
        catalogue.refresh()
        return Path(data) / catalogue.run(word).folder


def _print(found: "tuple[Difference, ...]", first: str, second: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("of", "what", first, second):
        table.add_column(title, overflow="fold")
    texts = []
    for difference in found:
        if any(isinstance(value, str) and "\n" in value for value in (difference.first, difference.second)):
            texts.append(difference)
            continue
        unit = f" {difference.unit}" if difference.unit else ""
        cells = (
            difference.group,
            difference.name,
            *(f"{_text(v)}{unit}" for v in (difference.first, difference.second)),
        )
        table.add_row(*(Text(cell) for cell in cells))
    console = Console() if sys.stdout.isatty() else Console(width=_NARROWEST)
    if table.row_count:
        console.print(table)
    for difference in texts:
        click.echo(f"\n{difference.group} {difference.name}: lines that are not the same")
        one, other = (str(value).splitlines() for value in (difference.first, difference.second))
        for line in difflib.unified_diff(one, other, first, second, n=0, lineterm=""):
            if not line.startswith("@@"):
                click.echo(f"  {line}")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
