"""`coldfinger curve`: look at a thermometer curve, bring it into a bridge, fetch one from there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from coldfinger.procedures.commands.owner import STATION
from coldfinger.procedures.commands.status import STOPPED, bad_input, json_text

_ROWS = 12  # of the table
_SD = click.option(
    "--sd", type=click.FloatRange(0.0), default=0.0, help="Relative uncertainty of its temperatures; 0.01 is 1 %."
)
_INSTRUMENT = click.option("--instrument", default=None, help="Which bridge; the one in the role bridge by default.")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")


@click.group()
def curve() -> None:
    """Thermometer curves: files, and what a Lake Shore bridge keeps of them."""


@curve.command()
@click.argument("path", metavar="FILE")
@_SD
@_JSON
def show(path: str, sd: float, as_json: bool) -> None:
    """Range, points, hash and some lines of R(T) of a curve file: .340, .tbl, .cof, .dat or .csv."""
    import numpy as np

    from coldfinger.instruments.calibration import read_calibration

    with bad_input(ValueError, OSError):
        read = read_calibration(path, relative_sd=sd)
    kelvin = np.clip(np.geomspace(read.T_min, read.T_max, _ROWS), read.T_min, read.T_max)
    rows = [(float(t), read.resistance(float(t)), read.sensitivity(float(t))) for t in kelvin]
    if as_json:
        said: dict[str, Any] = {"name": read.name, "serial": read.serial, "hash": read.hash, "sd": read.relative_sd}
        said |= {"points": len(read.temperatures), "temperature_K": [read.T_min, read.T_max]}
        table = [dict(zip(("temperature_K", "resistance_ohm", "dlnR_dlnT"), row, strict=True)) for row in rows]
        click.echo(json_text({**said, "resistance_ohm": [read.R_min, read.R_max], "table": table}, indent=2))
        return
    click.echo(f"{path}: {read.name}, serial number {read.serial}, {len(read.temperatures)} points")
    click.echo(f"{read.T_min:g} to {read.T_max:g} K, {read.R_min:g} to {read.R_max:g} ohm; nothing beyond")
    click.echo(f"uncertainty of its temperatures {100 * sd:g} %; hash {read.hash}")
    click.echo(f"{'T (K)':>12} {'R (ohm)':>12} {'dlnR/dlnT':>10}")
    for row in rows:
        click.echo(f"{row[0]:12.5g} {row[1]:12.6g} {row[2]:10.3f}")


@curve.command()
@click.argument("path", metavar="FILE")
@click.option(
    "--to", "number", type=int, required=True, help="Number of the curve: 21 to 59 in a 372, 1 to 20 in a 370."
)
@STATION
@click.option("--channel", default=None, help="Input that follows it from now on; without it none does.")
@_INSTRUMENT
@_SD
@_JSON
def upload(
    path: str, number: int, station: str, channel: str | None, instrument: str | None, sd: float, as_json: bool
) -> None:
    """Store a curve in the bridge, read it back and compare; its serial number there is the hash of the file's curve.

    Refused while another program has the station, for a number that an input follows, and for the control input while
    the heater is on.
    """
    from coldfinger.instruments.calibration import read_calibration
    from coldfinger.procedures.laboratory.bridge_curves import upload as store

    with bad_input(ValueError, OSError):
        read = read_calibration(path, relative_sd=sd)
    try:
        with _bridge(station, instrument) as bridge:
            done = store(bridge, read, number, channel)
            who = bridge.who
    except KeyboardInterrupt:
        click.echo(
            f"coldfinger: stopped; curve {number} is not to be believed and must be stored again; look with "
            f"coldfinger panel which curve the inputs follow",
            err=True,
        )
        raise SystemExit(STOPPED) from None
    if as_json:
        said: dict[str, Any] = {
            "instrument": who,
            "curve": number,
            "name": done.header.name,
            "serial": done.header.serial,
        }
        said |= {"hash": read.hash, "points": done.points, "worst": done.worst, "worst_at_K": done.worst_at}
        replaced = None if done.replaced is None else f"{done.replaced.name} {done.replaced.serial}"
        click.echo(json_text({**said, "replaced": replaced, "channel": done.channel}))
        return
    click.echo(
        f"{who}: curve {number} is {done.header.name}, version {done.header.serial}; {done.points} points read back"
    )
    click.echo(
        f"its straight lines are within {100 * done.worst:.2g} % of the file's curve; worst at {done.worst_at:.3g} K"
    )
    if done.replaced is not None:
        click.echo(f"it replaces {done.replaced.name}, {done.replaced.serial}, which no input followed")
    click.echo("no input follows it yet" if done.channel is None else f"input {done.channel} follows it from now on")


@curve.command()
@click.argument("number", type=int)
@click.option("--out", "out", required=True, metavar="FILE.340", help="New file.")
@STATION
@_INSTRUMENT
def read(number: int, out: str, station: str, instrument: str | None) -> None:
    """Write a curve that the bridge keeps into a .340 file; nothing that is there is overwritten."""
    from coldfinger.procedures.laboratory.bridge_curves import write_stored

    with bad_input(OSError), _bridge(station, instrument) as bridge:
        write_stored(bridge, number, Path(out))
    click.echo(f"{out}: curve {number} of {bridge.who}")


@contextmanager
def _bridge(station: str, instrument: str | None) -> Iterator[Any]:
    """The bridge of a station that nobody else has, proved to be the right one."""
    from coldfinger.instruments.errors import InstrumentError
    from coldfinger.procedures.laboratory.bridge_curves import curve_bridge
    from coldfinger.procedures.laboratory.station_file import StationFileError, read_station_file
    from coldfinger.procedures.safety.locks import LockedError, hold_station
    from coldfinger.procedures.station import open_station

    with bad_input(StationFileError, LockedError, InstrumentError, ValueError):
        file = read_station_file(station)
        with hold_station(file), open_station(file) as opened:
            bridge = curve_bridge(opened, instrument)
            bridge.identify()
            yield bridge
