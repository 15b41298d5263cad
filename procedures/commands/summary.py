"""`coldfinger summary`: what happened in the night, on one page."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from coldfinger.procedures.commands.status import BadInput, bad_input, json_text


@click.command()
@click.option("--data", default="data", show_default=True, help="Folder with runs and nights.")
@click.option("--since", default=None, help='All since then: "2026-11-21", "2026-11-21T18:00", "14 h" or "7 d" ago.')
@click.option("--night", default=None, help="The night of this name; without it the last one.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--html", "html_file", default=None, help="Write one self-contained page to this file, too.")
def summary(data: str, since: str | None, night: str | None, as_json: bool, html_file: str | None) -> None:
    """Say what ran, what did not and why, and what is odd about it."""
    from coldfinger.procedures.summary.summary import SummaryError, summarise
    from coldfinger.procedures.summary.summary_html import as_html
    from coldfinger.procedures.summary.summary_text import as_text
    from coldfinger.runfiles.disk import RunFileError

    if since is not None and night is not None:
        raise click.UsageError("--since and --night exclude each other; give one of them")
    with bad_input(RunFileError, SummaryError):
        told = summarise(Path(data), _time(since) if since is not None else None, night or "")
    if html_file is not None:
        _write(Path(html_file), as_html(told))
    click.echo(json_text(told.to_json(), indent=2) if as_json else as_text(told), nl=as_json)


def _time(text: str) -> datetime:
    """A day or a time on this computer's clock, or a duration before now."""
    from coldfinger.procedures.words.quantity import QuantityError, parse

    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        pass
    number, day, rest = text.partition("d")
    try:
        if day and rest in ("", "ay", "ays"):
            return datetime.now(UTC) - timedelta(seconds=24 * parse(f"{number} h", "time"))
        return datetime.now(UTC) - timedelta(seconds=parse(text, "time"))
    except (QuantityError, OverflowError):
        raise BadInput(
            f"--since {text!r}: this is neither a day, a time nor a duration; write for example 2026-11-21, "
            '2026-11-21T18:00, "14 h" or "7 d"'
        ) from None


def _write(path: Path, page: str) -> None:
    """Write through a temporary file, so that a reader never sees half of a page."""
    half = path.with_name(path.name + ".part")
    try:
        half.write_text(page, "utf-8")
        half.replace(path)
    except OSError as error:
        raise BadInput(f"page {path}: it cannot be written: {error.strerror}; choose another file") from None
