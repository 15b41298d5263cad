"""`coldfinger check`: is the station what its file says? One line an item, and what to do."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from coldfinger.procedures.commands.owner import STATION
from coldfinger.procedures.commands.status import INCOMPLETE, bad_input, json_text

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@STATION
@click.option("--data", default="data", show_default=True, help="Folder in which runs will be written.")
@click.option("--excite", is_flag=True, help="If nothing failed, test the sample too: a current flows.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(station: str, data: str, excite: bool, as_json: bool) -> None:
    """Look at every instrument and at this computer, and say what would spoil a measurement.

    Nothing is set, unless --excite is given: then leads, in-phase and quadrature, I and I/3, f and f/2 are tested and
    the station is made safe again. Exit status 0: nothing failed, perhaps with warnings. 1: something failed.
    """
    from coldfinger.procedures.laboratory.station_file import StationFileError, read_station_file
    from coldfinger.procedures.station_check.check import check_station

    findings = []
    with bad_input(StationFileError):
        file = read_station_file(station)
        with _means(file, excite) as (opening, held, excitation):
            for finding in check_station(file, Path(data), opening, held, excite=excitation):
                findings.append(finding)
                if not as_json:
                    _say(finding)
    counts = {outcome: sum(finding.outcome == outcome for finding in findings) for outcome in _COLOURS}
    if as_json:
        items = [vars(finding) for finding in findings]
        click.echo(json_text({"station": file.source, "simulated": file.simulated, **counts, "items": items}, indent=2))
    else:
        if file.simulated:
            click.echo(f"{file.source} is simulated and was switched on and set up for this; no instrument was touched")
        click.echo(f"{counts['ok']} ok, {counts['warn']} to think about, {counts['fail']} failed")
    if counts["fail"]:
        raise SystemExit(INCOMPLETE)


@contextlib.contextmanager
def _means(file: Any, excite: bool) -> Iterator[tuple[Any, Any, Any]]:
    """How instruments are opened, which are open already, and how the sample test gets its station."""
    from coldfinger.instruments.clock import WallClock
    from coldfinger.procedures.laboratory.opening import instrument_opener
    from coldfinger.procedures.station import open_station
    from coldfinger.procedures.station_check.check import Excitation

    def opening(moved: Any) -> Any:
        return instrument_opener(moved, WallClock())

    if not file.simulated:
        with contextlib.ExitStack() as stack:
            yield opening, {}, _watched(file, stack) if excite else None
        return
    with open_station(file) as station:
        station.connect()
        station.prepare_lockin()
        station.source.off()
        yield opening, station.instruments, Excitation(lambda: contextlib.nullcontext(station)) if excite else None


def _watched(file: Any, stack: contextlib.ExitStack) -> Any:
    """A real station for the sample test, with a dead-man that outlives it."""
    from coldfinger.procedures.safety.deadman import DeadMan
    from coldfinger.procedures.station import open_station
    from coldfinger.procedures.station_check.check import Excitation

    dead_man = DeadMan(file)

    @contextlib.contextmanager
    def station() -> Iterator[Any]:
        dead_man.start()
        stack.callback(dead_man.release)
        with open_station(file) as opened:
            yield opened

    return Excitation(station, dead_man.beat)


def _say(finding: Any) -> None:
    click.echo(
        f"{click.style(f'{finding.outcome:<5}', fg=_COLOURS[finding.outcome])}{finding.item}: {finding.sentence}"
    )
    if finding.advice:
        click.echo(f"     -> {finding.advice}")
