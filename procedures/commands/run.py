"""`coldfinger run` and `coldfinger rehearse`: a plan in virtual time, and then in earnest."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from coldfinger.instruments.clock import WallClock
from coldfinger.procedures.commands.plan import read_night, refuse_mistakes
from coldfinger.procedures.commands.status import BAD_INPUT, INCOMPLETE, STOPPED, BadInput, bad_input, json_text
from coldfinger.procedures.engine.face import Refused

_LONGEST_END = 120.0  # s for the safe state after a signal; then the dead-man makes it safe
TERMINATED = 143


@click.command()
@click.argument("plan", type=click.Path(dir_okay=False))
@click.option("--station", default="sim", show_default=True, help='Station file, or "sim".')
@click.option("--sample", default=None, help="Film to rehearse on: S0, S1, S2 or a table-sample file.")
@click.option("--json", "as_json", is_flag=True, help="Print everything, the predicted curves included, as JSON.")
def rehearse(plan: str, station: str, sample: str | None, as_json: bool) -> None:
    """Carry a plan out on the simulated refrigerator and say what would happen."""
    from coldfinger.procedures.engine.calendar import Calendar
    from coldfinger.procedures.engine.rehearse import rehearsal_text
    from coldfinger.procedures.laboratory.station_file import StationFileError, read_station_file

    now = datetime.now(UTC)
    night = read_night(plan, now)
    with bad_input(StationFileError):
        file = read_station_file(station)
    rehearsal = _rehearsed(night, file, sample, now)
    if as_json:
        click.echo(json_text(rehearsal.to_json()))
    else:
        click.echo(rehearsal_text(rehearsal, Calendar(WallClock(), virtual=False)))
    if rehearsal.refused:
        raise SystemExit(BAD_INPUT)


def _rehearsed(night: Any, file: Any, sample: str | None, now: datetime) -> Any:
    from coldfinger.procedures.engine.rehearse import RehearsalError
    from coldfinger.procedures.engine.rehearse import rehearse as carry_out
    from coldfinger.procedures.laboratory.station_file import StationFileError

    try:
        with bad_input(StationFileError, RehearsalError):
            return carry_out(night, file, sample=sample, start=now)
    except KeyboardInterrupt:
        click.echo("coldfinger: the rehearsal was interrupted; nothing has moved", err=True)
        raise SystemExit(STOPPED) from None


@click.command()
@click.argument("plan", required=False, type=click.Path(dir_okay=False))
@click.option("--station", default="sim", show_default=True, help='Station file, or "sim".')
@click.option("--data", default="data", show_default=True, help="Folder for run files, journals and manifests.")
@click.option("--resume", is_flag=True, help="Go on with the newest unfinished night of the data folder.")
@click.option("--rehearsal/--no-rehearsal", default=True, help="Rehearse first; a plan that breaks a limit is refused.")
@click.option("--seed", default=None, type=click.IntRange(0), help="Seed of a simulated station.")
@click.option("--record", "cassette", default=None, help="Record everything that goes over the wires: NAME.cassette.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of everything as one JSON object.")
def run(
    plan: str | None,
    station: str,
    data: str,
    resume: bool,
    rehearsal: bool,
    seed: int | None,
    cassette: str | None,
    as_json: bool,
) -> None:
    """Carry out a plan, or go on with a night that was interrupted."""
    from coldfinger.instruments.errors import InstrumentError
    from coldfinger.procedures.engine.wiring import engine_for
    from coldfinger.procedures.laboratory.station_file import StationFileError, read_station_file
    from coldfinger.procedures.safety.locks import LockedError
    from coldfinger.runfiles.disk import RunFileError

    with bad_input(StationFileError):
        file = read_station_file(station)
    folder, now = Path(data), datetime.now(UTC)
    night, record = _night(plan, folder, resume, now)
    if record is None:
        _check(night, file, now, rehearsal)
        if rehearsal and not file.cassette:
            _refuse_what_cannot_be(night, file, now)
    overrides: dict[str, Any] = {"seed": seed} if seed is not None else {}
    if cassette is not None:
        overrides["cassette"] = cassette
    with bad_input(LockedError, StationFileError, InstrumentError, RunFileError):
        opened = engine_for(night, file, folder, record=record, **overrides)
        engine = opened.__enter__()
    try:
        ending, status = _watched(engine)
    finally:
        opened.__exit__(None, None, None)
    _report(ending, engine, as_json)
    if departure := getattr(engine.station.tape, "departure", None):
        click.echo(f"coldfinger: {departure}", err=True)
    if status or ending.outcome != "done":
        raise SystemExit(status or (STOPPED if ending.outcome == "stopped" else INCOMPLETE))


def _night(plan: str | None, data: Path, resume: bool, now: datetime) -> tuple[Any, Any]:
    """The night to carry out, and the record of the one that is gone on with; None for a new night."""
    from coldfinger.procedures.engine.resume import night_of, unfinished
    from coldfinger.runfiles.disk import RunFileError

    if resume:
        with bad_input(RunFileError):
            record = unfinished(data)
        if record is not None:
            return night_of(record, data), record
        if plan is None:
            raise click.UsageError(f"there is no unfinished night in {data}; give a plan to begin one")
    if plan is None:
        raise click.UsageError("give a plan file, or --resume to go on with an unfinished night")
    return read_night(plan, now), None


def _check(night: Any, file: Any, now: datetime, rehearsal: bool) -> None:
    """Hold every item against the limits. A real station that can have no twin may do without, where none is wanted."""
    try:
        refuse_mistakes(night, file, now)
    except BadInput as error:
        if rehearsal or file.simulated:
            raise
        click.echo(f"coldfinger: the plan is checked item by item, not beforehand: {error.message}", err=True)


def _refuse_what_cannot_be(night: Any, file: Any, now: datetime) -> None:
    rehearsal = _rehearsed(night, file, None, now)
    if rehearsal.refused:
        for sentence in rehearsal.refused:
            click.echo(f"coldfinger: {night.source}: {sentence}", err=True)
        raise SystemExit(BAD_INPUT)


def _watched(engine: Any) -> Any:
    """Run the engine in a thread of its own; this one shows it and hears the signals. The ending, and exit status."""
    from coldfinger.procedures.engine.console import Console

    result: list[Any] = []
    failure: list[BaseException] = []

    def carry_out() -> None:
        try:
            result.append(engine.run())
        except BaseException as error:  # noqa: BLE001  it is raised again in the thread that waits for it
            failure.append(error)

    thread = threading.Thread(target=carry_out, name="engine", daemon=True)
    orders = _Orders(engine)
    with Console(engine) as console, orders.heard():
        thread.start()
        while thread.is_alive():
            thread.join(0.1)
            orders.carry_out(console)
            console.draw()
            if orders.overdue:
                click.echo(f"coldfinger: no safe state within {_LONGEST_END:g} s; ending without it", err=True)
                os._exit(INCOMPLETE)  # whoever watches over this process makes the station safe now
    if failure:
        raise failure[0]
    return result[0], orders.status


class _Orders:
    """What signals ask for. Ctrl-C on a terminal: pause and ask; anything else: safe state, journal, exit.

    A handler only notes the order: it may interrupt this thread anywhere, also where a lock is held.
    """

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._asked = self._ended = ""
        self._since: float | None = None
        self._asking = False
        self.status = 0

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Within this block the signals are heard."""
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {number: signal.signal(number, self._hear) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, number: int, frame: object) -> None:
        if number != signal.SIGINT:
            self._ended, self.status = signal.Signals(number).name, TERMINATED
        elif self._asked or self._asking or not (sys.stdin.isatty() and sys.stderr.isatty()):
            self._ended, self.status = "Ctrl-C", self.status or STOPPED
        else:
            self._asked = "Ctrl-C"
        if self._asking:
            raise KeyboardInterrupt  # out of the question

    def carry_out(self, console: Any) -> None:
        """Carry out what was asked for, in the thread that shows the queue."""
        if self._asked and not self._ended:
            self._pause_and_ask(console)
            self._asked = ""
        if self._ended and self._since is None:
            self._since = WallClock().time()
            for name in ("abort", "stop"):
                self._give(name, self._ended)

    @property
    def overdue(self) -> bool:
        """Whether the end that a signal asked for should have come."""
        return self._since is not None and WallClock().time() - self._since > _LONGEST_END

    def _pause_and_ask(self, console: Any) -> None:
        self._give("pause", "Ctrl-C")
        try:
            self._asking = True
            answer = console.ask()
            self._asking = False
        except KeyboardInterrupt:
            self._asking = False
            return
        if answer == "abort":
            self._ended, self.status = "terminal", STOPPED
            return
        self._give(answer, "terminal")

    def _give(self, name: str, who: str) -> None:
        with contextlib.suppress(Refused):  # nothing runs that could be paused
            self._engine.command(name, who=who)


def _report(ending: Any, engine: Any, as_json: bool) -> None:
    if as_json:
        click.echo(json_text({**engine.snapshot(), "outcome": ending.outcome, "reason": ending.reason}))
        return
    click.echo(
        f"{engine.night.name or 'the queue'}: {ending.outcome}" + (f": {ending.reason}" if ending.reason else "")
    )
    click.echo(f"data in {engine.data}, journal in {engine.journal.folder}")
