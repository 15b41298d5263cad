"""`coldfinger station`: begin a station file, look at one, check its text."""

import sys
from pathlib import Path
from typing import Any

import click

from coldfinger.procedures.commands.status import INCOMPLETE, bad_input, json_text

_ROLES = {
    "lockin": ("lock-in", "SR830"),
    "source": ("ac source", "SR830"),
    "controller": ("temperature controller", "LakeShore372"),
    "bridge": ("bridge of the sample's thermometer", "LakeShore372"),
    "magnet": ("magnet supply", "AMI430"),
    "bias": ("dc bias (or none)", "none"),
}


@click.group()
def station() -> None:
    """The file that says which instruments there are, in which roles, and what they may do."""


@station.command()
@click.argument("path", metavar="FILE", default="station.toml")
@click.option("--name", default=None, help="Name of the station; default: that of the file.")
@click.option("--lockin", default=None, help="Model of the lock-in.")
@click.option("--source", default=None, help="Model of the ac source; the lock-in's own sine by default.")
@click.option("--controller", default=None, help="Model of the temperature controller.")
@click.option("--bridge", default=None, help="Model of the bridge at the sample's thermometer.")
@click.option("--magnet", default=None, help="Model of the magnet supply.")
@click.option("--bias", default=None, help="Model of the dc source, or none.")
@click.option("--address", "addresses", multiple=True, metavar="MODEL=ADDRESS", help="Where a model is; repeatable.")
@click.option("--set", "quantities", multiple=True, metavar="KEY=VALUE", help='A limit: "field=600 Oe"; repeatable.')
@click.option("--sample", default=None, help="Name of the sample.")
@click.option("--stage", default=None, help="Its stage, such as S0.")
@click.option("--simulated", is_flag=True, help="Of a simulated laboratory.")
@click.option("--yes", is_flag=True, help="Ask nothing: what is not said is the usual.")
def new(path: str, **said: Any) -> None:
    """Ask a few questions and write a commented station file; nothing that is there is overwritten."""
    from coldfinger.procedures.laboratory.station_file import StationFileError
    from coldfinger.procedures.laboratory.station_template import Answers, new_station

    file = Path(path)
    with bad_input(StationFileError):
        if file.exists():
            raise StationFileError(f"{file}: is there already; give another name, or remove it yourself")
        ask = (lambda question, usual: usual) if said["yes"] else _asked
        models = _models(said, ask)
        name = said["name"] or ask("name of the station", file.stem)
        addresses = _addresses(said["addresses"], models, ask)
        sample = said["sample"] or ask("name of the sample", "film")
        stage = ask("its stage of annealing", "") if said["stage"] is None else said["stage"]
        quantities = _quantities(said["quantities"], models, ask)
        made = new_station(file, Answers(name, models, addresses, sample, stage, quantities, said["simulated"]))
    click.echo(f"{file}: {len(made.instruments)} instruments, checked; now look through it, then run")
    click.echo(f"  coldfinger check --station {file}")


def _asked(question: str, usual: str) -> str:
    return str(click.prompt(question, default=usual, show_default=bool(usual)))


def _models(said: dict[str, Any], ask: Any) -> dict[str, str]:
    from coldfinger.procedures.laboratory.models import models_for

    models: dict[str, str] = {}
    for role, (words, usual) in _ROLES.items():
        likely = {"source": models.get("lockin", usual), "bridge": models.get("controller", usual)}.get(role, usual)
        likely = likely if likely in models_for(role) or role == "bias" else usual
        models[role] = said[role] or ask(f"{words}: {', '.join(models_for(role))}", likely)
    return models


def _pairs(words: tuple[str, ...], what: str) -> dict[str, str]:
    from coldfinger.procedures.laboratory.station_file import StationFileError

    pairs = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key or not value:
            raise StationFileError(f"{word!r:.60} is not {what}")
        pairs[key.strip()] = value.strip()
    return pairs


def _addresses(words: tuple[str, ...], models: dict[str, str], ask: Any) -> dict[str, str]:
    from coldfinger.procedures.laboratory.station_file import StationFileError
    from coldfinger.procedures.laboratory.station_template import ADDRESSES

    given = _pairs(words, "an address; write --address SR830=GPIB0::8::INSTR")
    if strange := [model for model in given if model not in models.values()]:
        raise StationFileError(f"--address {strange[0]!r:.60}: there is no such model in this station")
    wanted = dict.fromkeys(model for model in models.values() if model in ADDRESSES)
    return {model: given.get(model) or ask(f"address of the {model}", ADDRESSES[model]) for model in wanted}


def _quantities(words: tuple[str, ...], models: dict[str, str], ask: Any) -> dict[str, str]:
    from coldfinger.procedures.laboratory.station_file import StationFileError
    from coldfinger.procedures.laboratory.station_template import QUANTITIES

    given = _pairs(words, 'a limit; write --set "field=600 Oe"')
    if strange := [key for key in given if key not in QUANTITIES]:
        raise StationFileError(f"--set {strange[0]!r:.60}: is not asked for; allowed are {', '.join(QUANTITIES)}")
    asked = [key for key in QUANTITIES if key != "bias" or models["bias"] != "none"]
    return {key: given.get(key) or ask(QUANTITIES[key][0], QUANTITIES[key][2]) for key in asked}


@station.command()
@click.argument("path", metavar="FILE")
def validate(path: str) -> None:
    """Say whether a station file can be used; no instrument is asked. Exit status 2 with one sentence if not."""
    from coldfinger.procedures.laboratory.limits import limits_of
    from coldfinger.procedures.laboratory.station_file import StationFileError, read_station_file
    from coldfinger.procedures.station import calibration_of

    with bad_input(StationFileError):
        file = read_station_file(path)
        limits_of(file.sections, file.source)
        curve = calibration_of(file.sections["thermometer"], file.source)
    simulated = "simulated" if file.simulated else "real"
    click.echo(f"{file.source}: good; {simulated}, {len(file.instruments)} instruments, calibration {curve.name}")


@station.command()
@click.argument("path", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Every value in SI units as JSON.")
def show(path: str, as_json: bool) -> None:
    """Every key of a station file with its value, defaults too."""
    from coldfinger.procedures.laboratory.notify_table import hidden
    from coldfinger.procedures.laboratory.station_file import StationFileError, read_station_file

    with bad_input(StationFileError):
        file = read_station_file(path)
    notify = {**file.sections["notify"], "to": tuple(hidden(address) for address in file.sections["notify"]["to"])}
    tables = {f"instruments.{name}": table for name, table in file.instruments.items()} | file.sections
    tables["notify"] = notify  # addresses may hold passwords
    if as_json:
        click.echo(json_text({"source": file.source, **file.top, "tables": tables}, indent=2))
        return
    _print(file, tables)


@station.command()
@click.argument("path", metavar="FILE")
def notify(path: str) -> None:
    """Send a test message to all who are told by a station file's [notify], and say where it went."""
    from coldfinger.procedures.laboratory.station_file import StationFileError, read_station_file
    from coldfinger.procedures.notify.notifier import try_out

    with bad_input(StationFileError):
        file = read_station_file(path)
        reasons = []
        for name, reason in try_out(file):
            click.echo(f"{name}: not sent: {reason}" if reason else f"{name}: sent")
            reasons.append(reason)
    if any(reasons):
        raise SystemExit(INCOMPLETE)


def _print(file: Any, tables: dict[str, dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from coldfinger.procedures.laboratory.station_keys import SECTIONS
    from coldfinger.procedures.words.quantity import KINDS
    from coldfinger.procedures.words.quantity import show as with_unit

    table = Table(title=f"{file.top['name']}, {file.source}", title_justify="left", box=None, header_style="bold")
    for title in ("table", "key", "value"):
        table.add_column(title, overflow="fold")
    for section, keys in tables.items():
        for key, value in keys.items():
            kind = SECTIONS[section][key].kind if section in SECTIONS else ""
            plain = kind not in KINDS or not isinstance(value, float)
            shown = "not said" if value is None else str(value) if plain else with_unit(value, kind)
            table.add_row(*(Text(cell) for cell in (section, key, shown)))
    console = Console() if sys.stdout.isatty() else Console(width=118)
    console.print(table)
