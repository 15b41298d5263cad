"""`coldfinger report`: everything that some runs say, on one page and as numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from coldfinger.procedures.commands.figure import length, oersted
from coldfinger.procedures.commands.fit import paths_of, settings_of
from coldfinger.procedures.commands.status import INCOMPLETE, BadInput, bad_input

OPTIONS = (
    click.option(
        "--filter", "filter_text", default=None, help='Of data folders only these runs: "sample:S1 H:0..300".'
    ),
    click.option("--window", default="0.7 K", show_default=True, help='Temperatures used: "0.7 K" or "50 mK..0.5 K".'),
    click.option("--law", type=click.Choice(["eq1", "eq2"]), default=None, help="This law at every field."),
    click.option("--robust", is_flag=True, help="Leave out spikes, and say which."),
    click.option(
        "--sd-field", default="0 Oe", show_default=True, help="Uncertainty of every field (remanence, supply)."
    ),
)


def analysis_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which runs are analysed and how."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("runs", nargs=-1, metavar="RUNS...")
@analysis_options
@click.option("--pixel", default=None, help="Side of a micrograph's pixel, such as 6 nm, if the file does not say.")
@click.option("--out", default="report.html", show_default=True, help="The page.")
@click.option("--json", "json_file", default=None, help="Write all numbers as JSON to this file.")
@click.option("--csv", "csv_folder", default=None, help="Write all tables as CSV into this folder.")
def report(
    runs: tuple[str, ...],
    filter_text: str | None,
    window: str,
    law: str | None,
    robust: bool,
    sd_field: str,
    pixel: str | None,
    out: str,
    json_file: str | None,
    csv_folder: str | None,
) -> None:
    """Write one page about RUNS: fits, numbers across fields, figures, belief tests, flags, what was left out.

    RUNS are run folders, folders of runs, family.json files, CSV tables of other people, or a micrograph. Exit status
    1: the page is there, but something could not be used or fitted.
    """
    from coldfinger.procedures.report.content import make_report
    from coldfinger.procedures.report.figures import report_figures
    from coldfinger.procedures.report.numbers import as_json, write_tables
    from coldfinger.procedures.report.page import as_page
    from coldfinger.runfiles.disk import RunFileError

    with bad_input(RunFileError, ValueError):
        settings = settings_of(window, law, robust, oersted(sd_field))
        side = length(pixel)
        page, json_path = _file(out, ".html"), _file(json_file, ".json") if json_file is not None else None
        made = make_report(paths_of(runs, filter_text), settings, side)
        figures = report_figures(made)
        text = as_page(made, figures)
    write_text(page, text)
    if json_path is not None:
        write_text(json_path, as_json(made, figures))
    if csv_folder is not None:
        try:
            write_tables(made, Path(csv_folder))
        except OSError as error:
            raise BadInput(f"tables {csv_folder}: they cannot be written: {error.strerror}; choose another") from None
    click.echo(f"report of {len(made.runs)} runs with {len(figures)} figures written to {page}")
    for warning in made.warnings:
        click.echo(f"- {warning}")
    for sentence in made.left_out:
        click.echo(f"coldfinger: left out: {sentence}", err=True)
    if not made.complete:
        raise SystemExit(INCOMPLETE)


def write_text(path: Path, text: str) -> None:
    """Write through a temporary file, so that a reader never sees half of it; raises BadInput."""
    half = path.with_name(path.name + ".part")
    try:
        half.write_text(text, "utf-8")
        half.replace(path)
    except OSError as error:
        raise BadInput(f"{path}: it cannot be written: {error.strerror}; choose another file") from None


def _file(text: str, suffix: str) -> Path:
    """A path that can be written to, looked at before anything is computed."""
    path = Path(text)
    if path.suffix.lower() != suffix:
        raise BadInput(f"{path}: the name must end with {suffix}; name it {path.stem}{suffix}")
    if path.is_dir():
        raise BadInput(f"{path}: it is a folder; choose another file")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: there is no folder {path.parent}; make it or choose another")
    return path
