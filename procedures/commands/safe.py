"""`coldfinger safe`: the safe state and nothing else, over connections of its own."""

import click

from coldfinger.procedures.commands.status import INCOMPLETE, bad_input, json_text


@click.command()
@click.option("--station", default="sim", show_default=True, help="Station file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def safe(station: str, as_json: bool) -> None:
    """Switch excitation, bias and heater off, hold the field or send it to zero, and read everything back.

    It needs no other program and asks none: it also works while one is running, or hangs. Exit status 0 only if the
    instruments confirmed every item.
    """
    from coldfinger.instruments.clock import WallClock
    from coldfinger.instruments.errors import InstrumentError
    from coldfinger.procedures.laboratory.opening import instrument_opener
    from coldfinger.procedures.laboratory.station_file import StationFileError, read_station_file
    from coldfinger.procedures.safety.safe import all_done, make_safe
    from coldfinger.procedures.station import open_station

    with bad_input(StationFileError, InstrumentError):
        file = read_station_file(station)
        if file.simulated:
            with open_station(file) as simulated:
                reports = simulated.to_safe()
        else:
            clock = WallClock()
            reports = make_safe(file, instrument_opener(file, clock), clock)
    done = all_done(reports)
    if as_json:
        items = [vars(report) for report in reports]
        click.echo(json_text({"station": file.source, "simulated": file.simulated, "safe": done, "items": items}))
    else:
        if file.simulated:
            click.echo(f"{file.source} is simulated and was switched on for this; no real instrument was touched")
        for report in reports:
            click.echo(f"{report.item:<11}{'done' if report.done else 'NOT DONE'}: {report.detail}")
        click.echo("safe" if done else "NOT SAFE: go and look")
    if not done:
        raise SystemExit(INCOMPLETE)
