"""Who answers at each address, and does anybody else talk there?"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pyvisa import rname

from coldfinger.instruments.errors import InstrumentError
from coldfinger.procedures.laboratory.station_file import StationFile
from coldfinger.procedures.safety.safe import Opener
from coldfinger.procedures.station_check.findings import FAIL, OK, WARN, Finding, Visit

Opening = Callable[[StationFile], Opener]
"""Gives a function that opens an instrument of a station file by its name, with a time-out (s)."""

_PATIENCE, _GUESS = 3.0, 1.0  # s for a reply; for one of an instrument that only may be there
_PARTS = ("controller", "bridge")


def canonical(address: str) -> str:
    """The same text for every way to write one address."""
    try:
        return str(rname.to_canonical_name(address)).upper()
    except rname.InvalidResourceName:
        return address.upper()


def same_addresses(file: StationFile) -> Iterator[Finding]:
    """Two instruments of a file at one address."""
    known: dict[str, str] = {}
    for name, table in file.instruments.items():
        other = known.setdefault(canonical(table["address"]), name)
        if other != name:
            yield Finding(
                f"{name} address",
                FAIL,
                f"instruments.{name} and instruments.{other} have the same address, {table['address']}: one would be "
                "told what is meant for the other",
                "write the address that stands on the instrument; one box in two roles needs one table only",
            )


def identify(visit: Visit, opening: Opening, held: Mapping[str, Any], stack: contextlib.ExitStack) -> Iterator[Finding]:
    """Ask every instrument who it is; those that prove it are left in `visit`. `stack` closes what is not `held`."""
    opener = opening(visit.file)
    for name, table in visit.file.instruments.items():
        item, address = f"{name} identity", table["address"]
        try:
            instrument = held.get(name)
            if instrument is None:
                instrument = opener(name, _PATIENCE)
                stack.callback(instrument.adapter.close)
            identity = str(instrument.identify())
        except InstrumentError as error:
            there = _who_is_there(visit.file, name, opening)
            yield Finding(item, FAIL, there or str(error), _swap_advice(visit.file, name, there))
            continue
        missing = [text for text in table["identity"] if text not in identity]
        visit.identities[name] = identity
        if missing:
            yield Finding(item, FAIL, *_another_one(visit.file, name, identity, missing[0]))
            continue
        visit.instruments[name] = instrument
        yield Finding(item, OK, f"{table['driver']} at {address}: {identity}")


def _who_is_there(file: StationFile, name: str, opening: Opening) -> str:
    """A sentence if one of the file's other instruments answers at the address of this one; else empty."""
    address, driver = file.instruments[name]["address"], file.instruments[name]["driver"]
    tried = {driver}
    for other, table in file.instruments.items():
        if table["driver"] in tried:
            continue
        tried.add(table["driver"])
        moved = replace(file, instruments=file.instruments | {other: {**table, "address": address}})
        with contextlib.suppress(InstrumentError):
            instrument = opening(moved)(other, _GUESS)
            try:
                identity = instrument.identify()
            finally:
                instrument.adapter.close()
            return (
                f"at {address}, where instruments.{name} ({driver}) should be, a {table['driver']} answered "
                f"({identity}), the model of instruments.{other} ({table['address']})"
            )
    return ""


def _swap_advice(file: StationFile, name: str, there: str) -> str:
    if there:
        return "exchange the two addresses in the station file, or the plugs"
    return f"check power, cable, and that {file.instruments[name]['address']} is what stands on the instrument"


def _another_one(file: StationFile, name: str, identity: str, missing: str) -> tuple[str, str]:
    owner = next(
        (
            other
            for other, table in file.instruments.items()
            if other != name and table["identity"] and all(text in identity for text in table["identity"])
        ),
        "",
    )
    sentence = (
        f"{file.instruments[name]['address']} says {identity}, without the {missing!r} that the station file wants"
    )
    if owner:
        return (
            f"{sentence}: this is instruments.{owner}",
            "exchange the two addresses in the station file, or the plugs",
        )
    return (
        f"{sentence}: another instrument, or another firmware",
        f"put the right one there, or correct instruments.{name}.identity and read what is new in the firmware",
    )


def same_boxes(identities: Mapping[str, str]) -> Iterator[Finding]:
    """Two names whose instruments gave the same identity, serial number and all."""
    known: dict[str, str] = {}
    for name, identity in identities.items():
        other = known.setdefault(identity, name)
        if other != name:
            yield Finding(
                f"{name} twice",
                WARN,
                f"{name} and {other} both say {identity}: it may be one box at two addresses",
                "if it is one box, give it one table and let that fill both roles",
            )


def settings_read(visit: Visit) -> tuple[dict[str, dict[str, Any]], list[Finding]]:
    """A snapshot of every instrument, and a line for each."""
    states, findings = {}, []
    for name, instrument in visit.instruments.items():
        states[name] = state = dict(_flat(instrument.snapshot()))
        unread = [setting for setting, value in state.items() if value is None]
        if unread:
            sentence = f"{', '.join(unread)} could not be read: no run file will have them"
            findings.append(
                Finding(f"{name} settings", WARN, sentence, "look at the instrument's front panel and its firmware")
            )
        else:
            findings.append(Finding(f"{name} settings", OK, f"all {len(state)} settings can be read"))
    return states, findings


def _flat(snapshot: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in snapshot.items():
        if name in _PARTS and isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", part) for inner, part in value.items())
        else:
            yield name, value


def others_talking(visit: Visit, before: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """What has changed on an instrument, or come unasked, while the check only looked."""
    for name, instrument in visit.instruments.items():
        item = f"{name} line"
        after = dict(_flat(instrument.snapshot()))
        moved = [
            setting
            for setting, value in before[name].items()
            if None not in (value, after[setting]) and value != after[setting]
        ]
        if instrument.doubts:
            yield Finding(
                item,
                FAIL,
                f"replies came late, torn or unasked, and the line had to be made clean {instrument.doubts} times",
                "end other programs that talk to it, and look at the cable",
            )
        elif moved:
            setting = moved[0]
            yield Finding(
                item,
                WARN,
                f"{setting} went from {before[name][setting]} to {after[setting]} while the check only looked: another "
                "program or a person is at it",
                "end that program, or let nobody touch the front panel",
            )
        else:
            yield Finding(item, OK, "nobody else talks to it")
