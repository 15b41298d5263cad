"""`coldfinger owner`: the process that holds the station while windows and terminals come and go."""

from typing import Any

import click

from coldfinger.procedures.commands.lazy import NearestGroup
from coldfinger.procedures.commands.status import INCOMPLETE, bad_input, json_text

STATION = click.option("--station", default="sim", show_default=True, help='Station file, or "sim".')


@click.group(cls=NearestGroup)
def owner() -> None:
    """Start, end or look at the process that owns the station."""


@owner.command()
@STATION
@click.option("--data", default="data", show_default=True, help="Folder for run files, journals and manifests.")
@click.option("--plan", default=None, type=click.Path(exists=True, dir_okay=False), help="Plan to carry out.")
@click.option("--resume", is_flag=True, help="Go on with the newest unfinished night of the data folder.")
@click.option("--speed", default=None, help="Of a simulated station: virtual seconds in a real one, 0.1 to 1000.")
@click.option("--sample", default=None, help="Of a simulated station: S0, S1, S2 or a table-sample file.")
def start(station: str, data: str, plan: str | None, resume: bool, speed: str | None, sample: str | None) -> None:
    """Start the owner; it goes on when this terminal is closed."""
    from coldfinger.procedures.owner.owner import OwnerError, OwnerSettings
    from coldfinger.procedures.owner.owner import start as start_owner

    simulator = {key: value for key, value in (("speed", speed), ("sample", sample)) if value is not None}
    settings = OwnerSettings.of(station, data, plan, resume, simulator)
    with bad_input(OwnerError):
        pid = start_owner(settings)
    click.echo(f"{settings.name} is owned by process {pid}, which goes on when this terminal is closed")


@owner.command()
@STATION
@click.option("--safe", is_flag=True, help="Abort what runs first: the station goes to its safe state.")
def stop(station: str, safe: bool) -> None:
    """End the owner; refused while a queue runs, unless --safe is given."""
    from coldfinger.instruments.clock import WallClock
    from coldfinger.procedures.engine.face import OwnerSilent, Refused
    from coldfinger.procedures.owner.owner import OwnerError
    from coldfinger.procedures.owner.owner import stop as stop_owner
    from coldfinger.procedures.owner.places import owner_folder

    with bad_input(OwnerError, OwnerSilent, Refused):
        stop_owner(owner_folder(station), safe=safe, clock=WallClock(), who="coldfinger owner stop")
    click.echo("the owner has ended")


@owner.command()
@STATION
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def status(station: str, as_json: bool) -> None:
    """Say who owns the station and who is in control; exit status 1 if nobody answers."""
    from coldfinger.procedures.engine.face import OwnerSilent
    from coldfinger.procedures.owner.client import Client
    from coldfinger.procedures.owner.places import owner_folder

    folder = owner_folder(station)
    with Client(folder) as client:
        try:
            found: dict[str, Any] = {**client.owner(), "control": client.holder(), "state": client.snapshot()["state"]}
        except OwnerSilent as error:
            click.echo(json_text({"error": str(error)}) if as_json else f"coldfinger: {error}", err=not as_json)
            raise SystemExit(INCOMPLETE) from None
    if as_json:
        click.echo(json_text({**found, "folder": str(folder)}))
        return
    control = "nobody is in control" if found["control"] is None else f"{found['control']['who']} is in control"
    click.echo(
        f"{found['name']}: {found['state']}, owned by process {found['pid']} since {found['started']}; {control}; "
        f"its log is in {folder}"
    )
