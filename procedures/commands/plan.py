"""`coldfinger plan`: begin a plan file, see what it means, and check it; nothing is measured."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from coldfinger.procedures.commands.lazy import NearestGroup
from coldfinger.procedures.commands.status import BAD_INPUT, BadInput, bad_input, json_text


@click.group(cls=NearestGroup)
def plan() -> None:
    """Begin a plan file, show what it means, check it against a station."""


@plan.command()
@click.argument("file", default="plan.toml", type=click.Path(dir_okay=False))
@click.option("--ask", is_flag=True, help="Ask for name, fields, temperatures and the end; else take examples.")
def new(file: str, ask: bool) -> None:
    """Write a commented plan to start from; a file that is there is left alone."""
    from coldfinger.procedures.plans.plan_file import PlanFileError, check_plan_text
    from coldfinger.procedures.plans.plan_template import starting_plan

    path = Path(file)
    if path.exists():
        raise BadInput(f"{file} is there already and is left as it is; give another name")
    answers: dict[str, str] = {"name": path.stem}
    if ask:
        answers["name"] = click.prompt("Name", default=path.stem)
        answers["fields"] = click.prompt("Fields", default="0, 30, 100, 300 Oe")
        answers["start"] = click.prompt("From", default="0.7 K")
        answers["stop"] = click.prompt("To", default="50 mK")
        answers["end"] = click.prompt("Must end by (empty: no end)", default="", show_default=False)
    text = starting_plan(**answers)
    with bad_input(PlanFileError):
        check_plan_text(text, file, datetime.now(UTC))
    try:
        with path.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except OSError as error:
        raise BadInput(f"{file} cannot be written ({error.strerror}); give another name") from None
    click.echo(f"{file} is written; change it to what you want, then: coldfinger plan check {file}")


@plan.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--station", default="sim", show_default=True, help='Station file, or "sim".')
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(file: str, station: str, as_json: bool) -> None:
    """Show the queue that a plan makes, with the expected time of each item and of the end."""
    from coldfinger.procedures.plans.outlook import outlook

    now = datetime.now(UTC)
    night = read_night(file, now)
    with _twin(_station(station)) as twin:
        prospects = outlook(night, twin, now)
    if as_json:
        click.echo(json_text(_as_json(night, prospects)))
    else:
        click.echo(_as_text(night, prospects))


@plan.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--station", default="sim", show_default=True, help='Station file, or "sim".')
def check(file: str, station: str) -> None:
    """Say whether a plan is right and within the limits of a station; exit status 0 or 2."""
    now = datetime.now(UTC)
    night = read_night(file, now)
    name = refuse_mistakes(night, _station(station), now)
    click.echo(f"{file}: {len(night.items)} items, all within the limits of {name}")


def refuse_mistakes(night: Any, station: Any, now: datetime) -> str:
    """End the command where a station file would not allow a plan, a sentence each; otherwise the station's name."""
    from coldfinger.procedures.plans.plan_file import check_plan

    with _twin(station) as twin:
        mistakes = check_plan(night, twin, now)
        name = str(twin.name)
    for sentence in mistakes:
        click.echo(f"coldfinger: {sentence}", err=True)
    if mistakes:
        raise SystemExit(BAD_INPUT)
    return name


def read_night(file: str, now: datetime) -> Any:
    """The night of a plan file; a mistake in it ends the command."""
    from coldfinger.procedures.plans.plan_file import PlanFileError, read_plan

    with bad_input(PlanFileError):
        return read_plan(file, now)


def _station(station: str) -> Any:
    from coldfinger.procedures.laboratory.station_file import StationFileError, read_station_file

    with bad_input(StationFileError):
        return read_station_file(station)


@contextlib.contextmanager
def _twin(file: Any) -> Iterator[Any]:
    """The simulated counterpart of a station: same limits and wiring, no real instrument is contacted."""
    from coldfinger.procedures.engine.rehearsing import simulated_twin
    from coldfinger.procedures.laboratory.station_file import StationFileError
    from coldfinger.procedures.station import open_station

    with bad_input(StationFileError):
        twin = open_station(simulated_twin(file))
    with twin:
        twin.connect()
        yield twin


def _as_json(night: Any, prospects: list[Any]) -> dict[str, Any]:
    from coldfinger.procedures.engine.calendar import iso

    return {
        "name": night.name,
        "items": [prospect.to_json() for prospect in prospects],
        "seconds": sum(prospect.seconds for prospect in prospects),
        "ends": iso(prospects[-1].ends),
        "must_end_by": night.must_end_by,
    }


def _as_text(night: Any, prospects: list[Any]) -> str:
    from coldfinger.procedures.words.quantity import duration_text

    width = max(len(prospect.item.name) for prospect in prospects)
    rows = [f"  {'':4}{'item':<{width}}  {'takes':>12}  {'ends':<9}"]
    for prospect in prospects:
        item = prospect.item
        notes = "; ".join(filter(None, (f"only if {item.only_if}" if item.only_if else "", prospect.trouble)))
        ends = f"{prospect.ends.astimezone():%a %H:%M}"
        row = f"  {item.id:>3} {item.name:<{width}}  {duration_text(prospect.seconds):>12}  {ends:<9}  {notes}"
        rows.append(row.rstrip())
    whole = sum(prospect.seconds for prospect in prospects)
    end = prospects[-1].ends.astimezone()
    tail = f"{len(prospects)} items, {duration_text(whole)} in all, ends {end:%a %d %b %H:%M}"
    if night.must_end_by:
        deadline = datetime.fromisoformat(night.must_end_by).astimezone()
        tail += f"; must end by {deadline:%a %d %b %H:%M}"
    return "\n".join([night.name, *rows, tail])
