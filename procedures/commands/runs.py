"""`coldfinger runs`: which runs there are, and what people say of them."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from coldfinger.procedures.commands.status import bad_input, json_text

if TYPE_CHECKING:
    from coldfinger.procedures.data.catalogue import Catalogue
    from coldfinger.procedures.data.entry import Entry

_VERBS = ("tag", "star", "note")
_NARROWEST = 118  # columns of the table where the output is no terminal


@click.command()
@click.argument("words", nargs=-1, metavar="[FILTER]... | tag RUN TAG... | star RUN... | note RUN TEXT")
@click.option("--data", default="data", show_default=True, help="Folder with the runs.")
@click.option("--off", is_flag=True, help="With tag or star: take it away.")
@click.option("--json", "as_json", is_flag=True, help="Print the runs as JSON.")
def runs(words: tuple[str, ...], data: str, off: bool, as_json: bool) -> None:
    """Find runs, or tag, star and annotate them.

    Filters: type:RT, H:0..300 (Oe), T:0.05..0.1 (K), ">2026-11-01", "<2026-11-20", outcome:failed, tag:cool,
    sample:S1, star, damaged, real, and any other text. All of them must fit.
    """
    from coldfinger.procedures.data.catalogue import Catalogue
    from coldfinger.procedures.data.filters import FilterError
    from coldfinger.runfiles.disk import RunFileError

    with bad_input(RunFileError, FilterError), Catalogue(Path(data)) as catalogue:
        catalogue.refresh()
        if _is_verb(words, catalogue):
            _say(catalogue, words[0], words[1:], off)
            return
        if off:
            raise click.UsageError("--off goes with tag or star: coldfinger runs star 17 --off")
        found = catalogue.find(" ".join(words))
    if as_json:
        click.echo(json_text([entry.to_json() for entry in found], indent=2))
    else:
        _print(found, data)


def _is_verb(words: Sequence[str], catalogue: "Catalogue") -> bool:
    """`star` alone is a filter; behind a verb stands a run."""
    if not words or words[0] not in _VERBS:
        return False
    if words[0] != "star":
        return True
    return len(words) > 1 and (words[1].isdecimal() or (catalogue.folder / words[1]).is_dir())


def _say(catalogue: "Catalogue", verb: str, words: Sequence[str], off: bool) -> None:
    """Write a tag, a star or a note beside the runs."""
    if not words or (verb != "star" and len(words) < 2):
        example = {"tag": "tag 17 cool", "star": "star 17", "note": 'note 17 "warm lead"'}[verb]
        raise click.UsageError(f"{verb}: name the run first, then what to say; for example: coldfinger runs {example}")
    notes = catalogue.notes
    if verb == "star":
        for folder in [catalogue.run(name).folder for name in words]:
            notes.star(folder, not off)
        return
    folder = catalogue.run(words[0]).folder
    if verb == "note":
        notes.note(folder, "" if off else " ".join(words[1:]))
        return
    for tag in words[1:]:
        if not tag or any(letter.isspace() or letter == '"' for letter in tag):
            raise click.UsageError(
                f"tag {tag!r}: a tag is one word without blanks and quotation marks; use a - instead"
            )
    notes.tag(folder, words[1:], not off)


def _print(entries: Sequence["Entry"], data: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("#", "begun", "type", "sample", "H (Oe)", "T (K)", "rows", "outcome", "", "said"):
        table.add_column(name, justify="right" if name in ("#", "rows") else "left", no_wrap=name != "said")
    for entry in entries:
        table.add_row(*(Text(cell) for cell in row_of(entry)), style=None if entry.outcome == "done" else "yellow")
    console = Console() if sys.stdout.isatty() else Console(width=_NARROWEST)
    console.print(table)
    noun = "run" if len(entries) == 1 else "runs"
    console.print(f"{len(entries)} {noun} in {data}", markup=False, highlight=False, soft_wrap=True)


def row_of(entry: "Entry") -> list[str]:
    """The cells of a run's row in the table."""
    tags = " ".join(f"[{tag}]" for tag in entry.tags)
    part = f"part {entry.part}" if entry.part > 1 else ""
    said = [part, entry.item_name or entry.folder, tags, entry.note, entry.damage]
    believed = str(entry.rows) if entry.believed == entry.rows else f"{entry.believed} of {entry.rows}"
    return [
        str(entry.id),
        _local(entry.begun_utc),
        entry.kind or entry.procedure,
        entry.sample + (" (sim)" if entry.simulated else ""),
        _span(entry.lowest_Oe, entry.highest_Oe),
        _span(entry.coldest_K, entry.warmest_K),
        believed,
        entry.outcome,
        "*" if entry.star else "",
        "; ".join(filter(None, said)),
    ]


def _span(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    first, last = f"{low:.4g}", f"{high:.4g}"
    return first if first == last else f"{first} to {last}"


def _local(utc: str) -> str:
    """A time of the journal on this computer's clock."""
    return datetime.fromisoformat(utc).astimezone().strftime("%Y-%m-%d %H:%M") if utc else ""
