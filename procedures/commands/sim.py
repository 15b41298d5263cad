"""`coldfinger sim`: the simulated laboratory for other programs."""

import contextlib
import json
import os
import re
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from coldfinger.procedures.commands.sim_console import console
from coldfinger.procedures.commands.status import bad_input

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SECTION = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_]+)\s*=")


@click.group()
def sim() -> None:
    """The simulated refrigerator and its instruments, for other programs."""


sim.add_command(console)


@sim.command()
@click.option("--station", default="sim", show_default=True, help='Station file that describes it, or "sim".')
@click.option(
    "--speed", type=click.FloatRange(1e-3, 1e3), default=1.0, show_default=True, help="Virtual seconds in a second."
)
@click.option("--seed", type=click.IntRange(0), default=None, help="Seed of all noise; default: the station's.")
@click.option("--sample", default=None, help="S0, S1, S2 or a table-sample TOML file; default: the station's.")
@click.option("--ports", "ports_file", default=None, help="Write {role: {model, host, port, resource}} to this file.")
@click.option("--station-out", default=None, help="Write a station file with which coldfinger runs on these ports.")
@click.option("--scenario", default=None, help="Faults to come: a scenario file (TOML).")
@click.option("--log", "log_file", default=None, help="Write what the instruments really do to this file (JSON lines).")
@click.option("--fixed-ports", is_flag=True, help="The makers' port numbers instead of free ones.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Interface to listen on.")
def serve(**options: Any) -> None:
    """Serve every instrument of a station over TCP until Ctrl-C."""
    from coldfinger.procedures.laboratory.station_file import StationFileError
    from coldfinger.sim.faults import FaultError, arm, load_scenario
    from coldfinger.sim.places import real_ports
    from coldfinger.sim.server import Server

    with bad_input(StationFileError, FaultError, ValueError, OSError):
        file, rack, sample = _laboratory(options)
        if options["log_file"] is not None:
            rack.log.write_to(options["log_file"])
        if options["scenario"] is not None:
            arm(rack, load_scenario(options["scenario"]))
        fixed = real_ports(rack.models) if options["fixed_ports"] else None
        server = Server(rack, fixed, options["host"])
    ended = threading.Event()
    with _signals(ended), server:
        with bad_input(StationFileError, OSError):
            if options["station_out"] is not None:
                _write(options["station_out"], served_station(file, server.places, sample, options["station_out"]))
            if options["ports_file"] is not None:
                places = {name: place._asdict() for name, place in server.places.items()}
                _write(options["ports_file"], json.dumps(places, indent=2) + "\n")
        _show(server.places, options)
        while not ended.wait(0.5):
            pass
    rack.log.close()
    click.echo("simulated laboratory: closed")


def _laboratory(options: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """The station file, its rack on a clock that runs, and the sample in it."""
    from coldfinger.procedures.laboratory.simulated_laboratory import simulated_rack, simulated_sample
    from coldfinger.procedures.laboratory.station_file import read_station_file
    from coldfinger.sim.clock import SimClock

    file = read_station_file(options["station"])
    wanted = {"sample": "S0", "seed": 0, "fluctuations": False, **file.sections.get("simulator", {})}
    wanted |= {key: options[key] for key in ("sample", "seed") if options[key] is not None}
    sample = simulated_sample(wanted)
    return file, simulated_rack(file, sample, SimClock(options["speed"]), wanted["seed"]), sample


@contextlib.contextmanager
def _signals(ended: threading.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM set the event; what was there before comes back."""
    kinds = [signal.SIGINT, signal.SIGTERM]
    before = [signal.signal(kind, lambda *_: ended.set()) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def _write(path: str, text: str) -> None:
    """A whole file or none, so that whoever waits for it never reads half of it."""
    part = Path(f"{path}.part")
    part.write_text(text, "utf-8", newline="\n")
    os.replace(part, path)


def _show(places: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("instrument", "model", "resource", title=f"simulated laboratory, {options['speed']:g} s in a second")
    for name, place in places.items():
        table.add_row(name, place.model, place.resource)
    console = Console()
    console.print(table)
    if options["host"] not in _LOOPBACK:
        click.echo(
            f"warning: listening on {options['host']}; these protocols carry no password, so everybody who reaches "
            "it can command the instruments",
            err=True,
        )
    click.echo("Ctrl-C ends it.")


def served_station(file: Any, places: Mapping[str, Any], sample: Any, target: str | Path) -> str:
    """The station file for the served rack: wall clock, no [simulator], the new addresses and the true sample.

    Comments stay. Raises StationFileError when an address does not stand in a table of its own.
    """
    from coldfinger.procedures.laboratory.simulated_laboratory import places_of
    from coldfinger.procedures.laboratory.station_file import StationFileError, check_station_text

    resources = {name: places[place].resource for place, name in places_of(file).items()}
    new = {f"instruments.{name}": {"address": resource} for name, resource in resources.items()}
    new["sample"] = {"squares": sample.squares, "end_squares": sample.end_squares}
    calibration = file.sections["thermometer"]["calibration"]
    if calibration:
        new["thermometer"] = {"calibration": str((Path(file.source).parent / calibration).absolute())}
    text = _rewritten(file.text, new)
    result = check_station_text(text, str(target))
    if {name: table["address"] for name, table in result.instruments.items()} != resources:
        raise StationFileError(
            f"{file.source}: an instrument's address could not be replaced; give each instrument a table "
            "[instruments.NAME] with its address on a line of its own"
        )
    return text


def _rewritten(text: str, new: Mapping[str, Mapping[str, Any]]) -> str:
    """The lines of a station file with other values; the top gets the wall clock and PyVISA's own library."""
    section, lines = "", []
    for line in text.splitlines():
        header, key = _SECTION.match(line), _KEY.match(line)
        if header is not None:
            if not section:
                lines += ['clock = "wall"', 'visa_library = "@py"', ""]
            section = header[1]
            if section != "simulator":
                lines.append(line)
            continue
        if section == "simulator" or (not section and key is not None and key[1] in ("clock", "visa_library")):
            continue
        value = new.get(section, {}).get(key[1]) if key is not None else None
        lines.append(line if value is None or key is None else f"{key[1]} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"
