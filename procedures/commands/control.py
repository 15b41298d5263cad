"""`coldfinger status`, `pause`, `resume`, `skip`, `abort`: thin clients of the owner process."""

import os
import sys
from typing import Any, NoReturn

import click

from coldfinger.procedures.commands.owner import STATION
from coldfinger.procedures.commands.status import INCOMPLETE, STOPPED, bad_input, json_text

_PERIOD = 1.0  # s between two looks


@click.command()
@STATION
@click.option("--json", "as_json", is_flag=True, help="The whole snapshot as one line of JSON.")
@click.option("--watch", is_flag=True, help="Again and again, until Ctrl-C; on a terminal, a live picture.")
def status(station: str, as_json: bool, watch: bool) -> None:
    """Say what the queue does; exit status 1 if no owner answers."""
    from coldfinger.instruments.clock import WallClock
    from coldfinger.procedures.engine.face import OwnerSilent
    from coldfinger.procedures.owner.client import Client
    from coldfinger.procedures.owner.places import owner_folder

    clock, shown = WallClock(), ""
    with Client(owner_folder(station)) as client:
        try:
            if watch and not as_json and sys.stderr.isatty():
                _watch(client, clock)
            while True:
                try:
                    text = _shown(client.snapshot(), as_json)
                except OwnerSilent as error:
                    if not watch:
                        click.echo(f"coldfinger: {error}", err=True)
                        raise SystemExit(INCOMPLETE) from None
                    text = json_text({"error": str(error)}) if as_json else f"link lost: {error}"
                if text != shown:
                    click.echo(text)
                shown = text
                if not watch:
                    return
                clock.sleep(_PERIOD)
        except KeyboardInterrupt:
            raise SystemExit(STOPPED) from None


def _watch(client: Any, clock: Any) -> NoReturn:
    from coldfinger.procedures.engine.console import Console
    from coldfinger.procedures.engine.face import OwnerSilent

    with bad_input(OwnerSilent), Console(client) as console:
        while True:
            console.draw()
            clock.sleep(_PERIOD)


def _shown(snapshot: dict[str, Any], as_json: bool) -> str:
    """A snapshot on one line of JSON, or in words: state, reason, how many items are in which state, what runs."""
    if as_json:
        return json_text(snapshot)
    text = str(snapshot["state"]).upper() + (" (simulated)" if snapshot.get("simulated") else "")
    text += f": {snapshot['reason']}" if snapshot.get("reason") else ""
    counts: dict[str, int] = {}
    for item in snapshot.get("items", []):
        counts[item["state"]] = counts.get(item["state"], 0) + 1
    text += "".join(f", {number} {state}" for state, number in counts.items())
    running = snapshot.get("running") or {}
    if running:
        text += f"; {running['name']}: {running.get('rows', 0)} rows, {running.get('progress', 0.0):.0f} %"
    return text


def _give(name: str, done: str, station: str) -> None:
    from coldfinger.procedures.engine.face import OwnerSilent, Refused
    from coldfinger.procedures.owner.client import Client
    from coldfinger.procedures.owner.places import owner_folder

    with Client(owner_folder(station), who=f"command line {os.getpid()}") as client, bad_input(OwnerSilent, Refused):
        client.command(name)
    click.echo(done)


@click.command()
@STATION
def pause(station: str) -> None:
    """Finish the present row, then hold field, temperature and excitation."""
    _give("pause", "the present row is finished, then everything is held", station)


@click.command()
@STATION
def resume(station: str) -> None:
    """Go on where the pause began."""
    _give("resume", "going on", station)


@click.command()
@STATION
def skip(station: str) -> None:
    """Close the present run, keep its data, begin the next one."""
    _give("skip", "the present run is closed and its data are kept; the next one begins", station)


@click.command()
@STATION
def abort(station: str) -> None:
    """Bring the station to its safe state, now; always possible, whoever is in control."""
    _give("abort", "the station goes to its safe state; `coldfinger status` tells when it is there", station)
