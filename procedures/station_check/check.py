"""All lines of the check of a station, in their order; nothing is set, but for the sample test.

What is asked: identities, settings, readings. Two things are more than a question and change no measurement: an SR830
on GPIB is told to answer there, because else it never would, and errors from before the check are read away. A part
that cannot be looked at does not keep the others from being looked at.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coldfinger.instruments.clock import Moment, moment
from coldfinger.instruments.errors import InstrumentError
from coldfinger.procedures.laboratory.limits import limits_of
from coldfinger.procedures.laboratory.station_file import StationFile, StationFileError
from coldfinger.procedures.safety.deadman import DeadMan
from coldfinger.procedures.safety.locks import LockedError, hold_station
from coldfinger.procedures.station import Station, calibration_of
from coldfinger.procedures.station_check import lockin, magnet, source, thermometry
from coldfinger.procedures.station_check.computer import clock_line, dead_man_line, disk_line, folder_line, newest_run
from coldfinger.procedures.station_check.connections import (
    Opening,
    identify,
    others_talking,
    same_addresses,
    same_boxes,
    settings_read,
)
from coldfinger.procedures.station_check.findings import FAIL, OK, WARN, Finding, Line, Said, Visit
from coldfinger.procedures.station_check.messages import messages_line
from coldfinger.procedures.station_check.sample_test import sample_test

LINES: tuple[Line, ...] = (*lockin.LINES, *source.LINES, *magnet.LINES, *thermometry.LINES)
"""Every item that is about what fills a role."""

OpenStation = Callable[[], AbstractContextManager[Station]]


@dataclass(frozen=True)
class Computer:
    """What the check asks of this computer; a test gives other answers."""

    now: Callable[[], Moment] = moment
    free: Callable[[Path], float] | None = None
    dead_man: Callable[[StationFile], DeadMan] | None = None


@dataclass(frozen=True)
class Excitation:
    """How the sample test gets the station, and what is called while it waits."""

    open: OpenStation
    attend: Callable[[], None] = field(default=lambda: None)


def check_station(
    file: StationFile,
    data: Path,
    opening: Opening,
    held: Mapping[str, Any] | None = None,
    *,
    excite: Excitation | None = None,
    computer: Computer | None = None,
) -> Iterator[Finding]:
    """Look at everything and yield one line an item as it is found. No InstrumentError comes out of it.

    `opening` opens connections of the check's own to what is not `held` already, by name. With `excite` a current flows
    at the end, unless a line failed.
    """
    computer = computer or Computer()
    before = computer.now()
    failed = False
    for finding in _without_current(file, data, opening, held or {}, computer):
        failed |= finding.outcome == FAIL
        yield finding
    yield _line("computer clock", clock_line(before, computer.now(), newest_run(data)))
    if excite is None:
        return
    if failed:
        yield Finding(
            "sample test",
            WARN,
            "it was not made, and no current has flowed, because something above has failed",
            "see to that first",
        )
        return
    try:
        with hold_station(file, "coldfinger check"), excite.open() as station:
            yield from sample_test(station, excite.attend)
    except (InstrumentError, LockedError, StationFileError) as error:
        yield Finding("sample test", FAIL, f"it could not be made: {error}", "see to that, then check again")


def _without_current(
    file: StationFile, data: Path, opening: Opening, held: Mapping[str, Any], computer: Computer
) -> Iterator[Finding]:
    yield _line("disk space", disk_line(data, computer.free))
    yield _line("data folder", folder_line(data))
    yield _line("dead-man", dead_man_line(file, computer.dead_man))
    if (messages := messages_line(file)) is not None:
        yield _line("messages", messages)
    yield from same_addresses(file)
    try:
        calibration = calibration_of(file.sections["thermometer"], file.source)
    except StationFileError as error:
        calibration = None
        yield Finding("calibration file", FAIL, str(error), "give a file that can be read")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(hold_station(file, "coldfinger check"))
        except LockedError as error:
            yield Finding(
                "other programs",
                FAIL,
                f"{error}; no instrument was asked, because two programs would get each other's answers",
                "end that program, then check again",
            )
            return
        yield Finding("other programs", OK, "no other coldfinger has an instrument of this station")
        visit = Visit(file, limits_of(file.sections, file.source), calibration)
        yield from _visit(visit, opening, held, stack)


def _visit(visit: Visit, opening: Opening, held: Mapping[str, Any], stack: contextlib.ExitStack) -> Iterator[Finding]:
    yield from identify(visit, opening, held, stack)
    yield from same_boxes(visit.identities)
    before, findings = settings_read(visit)
    yield from findings
    for line in LINES:
        finding = _looked_at(line, visit)
        if finding is not None:
            yield finding
    yield from others_talking(visit, before)


def _looked_at(line: Line, visit: Visit) -> Finding | None:
    player = visit.player(line.role)
    if player is None:
        return None
    try:
        said = line.look(visit, player)
    except InstrumentError as error:
        return Finding(line.item, FAIL, f"it cannot be looked at: {error}", "see to the instrument, then check again")
    return None if said is None else _line(line.item, said)


def _line(item: str, said: Said) -> Finding:
    return Finding(item, *said)
