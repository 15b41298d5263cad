"""`coldfinger panel`: the front panel of any instrument of a station, in the terminal."""

import sys
from typing import Any

import click

from coldfinger.procedures.commands.owner import STATION
from coldfinger.procedures.commands.status import STOPPED, bad_input, json_text

_PERIOD = 1.0  # s between two readings of a live table
_NARROWEST = 118  # columns where the output is no terminal


@click.command()
@click.argument("name", required=False, metavar="[INSTRUMENT | ROLE]")
@click.argument("settings", nargs=-1, metavar="[PROPERTY=VALUE]...")
@STATION
@click.option("--watch", is_flag=True, help="Read again and again, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print the properties as JSON.")
def panel(name: str | None, settings: tuple[str, ...], station: str, watch: bool, as_json: bool) -> None:
    """Read every property of an instrument, or set some: coldfinger panel lockin time_constant="1 s".

    Without a name: which panels there are. A bare number is in the unit of the property. Refused while another program
    owns the station.
    """
    from coldfinger.instruments.errors import InstrumentError
    from coldfinger.procedures.laboratory.front_panel import KnobError, panels_of
    from coldfinger.procedures.laboratory.station_file import StationFileError, read_station_file
    from coldfinger.procedures.safety.locks import LockedError, hold_station
    from coldfinger.procedures.station import open_station

    refusals = (StationFileError, LockedError, KnobError, InstrumentError, ValueError)
    with bad_input(*refusals):
        pairs = [_pair(word) for word in settings]
        file = read_station_file(station)
        with hold_station(file), open_station(file) as opened:
            if name is None:
                names = {title: part.who for title, part in panels_of(opened.instruments).items()}
                click.echo(
                    json_text(names, indent=2) if as_json else "\n".join(f"{t:20} {w}" for t, w in names.items())
                )
                return
            _show(opened, name, pairs, watch, as_json)


def _pair(word: str) -> tuple[str, str]:
    knob, equals, text = word.partition("=")
    if not equals or not knob:
        raise ValueError(f'{word!r:.60} is not a setting; write PROPERTY=VALUE, such as time_constant="1 s"')
    return knob, text


def _show(station: Any, name: str, pairs: list[tuple[str, str]], watch: bool, as_json: bool) -> None:
    from rich.console import Console
    from rich.live import Live

    from coldfinger.instruments.clock import WallClock
    from coldfinger.procedures.laboratory.front_panel import panel_named, panel_state, set_knob

    clock = WallClock()
    instrument = panel_named(station.instruments, name, station.file.sections["roles"])
    instrument.identify()
    for knob, text in pairs:
        before, after = set_knob(instrument, knob, text)
        click.echo(f"{name} {knob}: {before} before, {after} now", err=as_json)
    if as_json:
        click.echo(json_text({"panel": name, "who": instrument.who, "properties": panel_state(instrument)}, indent=2))
        return
    console = Console() if sys.stdout.isatty() else Console(width=_NARROWEST)
    if not watch:
        console.print(_table(instrument.who, panel_state(instrument)))
        return
    try:
        with Live(console=console, auto_refresh=False) as live:
            while True:
                live.update(_table(instrument.who, panel_state(instrument)), refresh=True)
                clock.sleep(_PERIOD)
    except KeyboardInterrupt:
        raise SystemExit(STOPPED) from None


def _table(who: str, entries: list[dict[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=who, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for title in ("property", "value", "unit", "settable to", "what"):
        table.add_column(title, justify="right" if title == "value" else "left", overflow="fold")
    for entry in entries:
        trouble = bool(entry["trouble"])
        value = "no value" if trouble else value_text(entry["value"])
        allowed = (", ".join(entry["choices"]) or entry["allowed"] or "any") if entry["settable"] else "-"
        what = entry["trouble"] if trouble else str(entry["meaning"]).partition(", strictly")[0]
        cells = (entry["name"], value, entry["unit"], allowed, what)
        table.add_row(*(Text(str(cell)) for cell in cells), style="yellow" if trouble else None)
    return table


def value_text(value: Any) -> str:
    """A property's value for people."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {value_text(part)}" for key, part in value.items())
    return str(value)
