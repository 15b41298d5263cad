"""Cassettes at a station: record everything that goes over its wires, and play it back in place of the instruments.

    with recording("fridge.toml", "night.cassette") as station: ...
    with connect_station("night.cassette") as station: ...

The station file travels in the head of the cassette, without comments, interlocks, [notify] and simulator, and with
addresses that name no computer; so does the thermometer's curve. See docs/cassettes.md.
"""

import re
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tomlkit

from coldfinger.instruments.clock import Clock
from coldfinger.instruments.errors import LinkError
from coldfinger.instruments.recorder import Recorder
from coldfinger.instruments.resource import VISA_TROUBLE, not_opened
from coldfinger.procedures.laboratory.station_file import (
    CASSETTE,
    StationFile,
    StationFileError,
    check_station_text,
    read_station_file,
)
from coldfinger.procedures.station import Station, open_station
from coldfinger.sim.cassette import Cassette, CassetteError, Departure, Playback, read_cassette

_TCP = re.compile(r"(TCPIP\d*::)([^:\[\]]+|\[[^\]]*\])(::.*)", re.IGNORECASE)
_USB = re.compile(r"(USB\d*::[^:]*::[^:]*::)[^:]*(::.*)", re.IGNORECASE)
_SERIAL = re.compile(r"ASRL.*?(::.*)?", re.IGNORECASE)
_CURVE = "curve"


@contextmanager
def recording(
    source: str | Path, path: str | Path, *, mask_serials: bool = False, **overrides: Any
) -> Iterator[Station]:
    """A connected station whose wires are recorded in a new cassette; `overrides` as of `connect_station`.

    `mask_serials` keeps serial numbers in identities off the cassette. Raises StationFileError, LinkError.
    """
    with open_station(read_station_file(source), cassette=path, **overrides) as station:
        station.tape.mask_serials = mask_serials
        station.connect()
        yield station


@contextmanager
def recorded(
    path: str | Path | None, file: StationFile, clock: Any, sample: Mapping[str, Any] | None = None
) -> Iterator[tuple[Any, Recorder | None]]:
    """Clock and tape for a station that is opened inside; without a path, the clock itself and none.

    `sample` replaces keys of [sample]. Raises StationFileError for a file that exists or cannot be made.
    """
    if path is None:
        yield clock, None
        return
    recorder = _recorder(Path(path), file, clock, sample or {})
    try:
        yield recorder.clock, recorder
    except BaseException:
        recorder.close()
        raise


def _recorder(path: Path, file: StationFile, clock: Clock, sample: Mapping[str, Any]) -> Recorder:
    if path.suffix != CASSETTE:
        raise StationFileError(f"recording {path}: the name of a cassette ends in {CASSETTE}; choose such a name")
    text, curve = portable(file, sample)
    header = [
        f"program: {version('coldfinger')}",
        f"clock: {'virtual' if file.simulated else 'wall'}",
        *(f"| {line}" for line in text.splitlines()),
        *(f"~ {line}" for line in curve.splitlines()),
    ]
    try:
        return Recorder(path, header, clock)
    except FileExistsError:
        raise StationFileError(f"recording {path}: this file exists and is never overwritten; choose another") from None
    except OSError as error:
        why = error.strerror or error
        raise StationFileError(f"recording {path}: cannot be written ({why}); choose another place") from error


def portable(file: StationFile, sample: Mapping[str, Any]) -> tuple[str, str]:
    """Station file and thermometer's curve as texts that name no computer, person or place.

    No comments, [simulator], interlocks or [notify]; host names, serial ports and serial numbers in addresses are
    replaced.
    """
    data = tomllib.loads(file.text)
    for name in ("simulator", "interlock", "notify", "visa_library"):
        data.pop(name, None)
    for name, table in data["instruments"].items():
        table["address"] = _without_place(table["address"], name, list(data["instruments"]).index(name) + 1)
    data["sample"] |= {key: sample[key] for key in sample}
    calibration = file.sections["thermometer"]["calibration"]
    if not calibration:
        return tomlkit.dumps(data), ""
    data["thermometer"]["calibration"] = _CURVE + Path(calibration).suffix
    try:
        curve = (Path(file.source).parent / calibration).read_text("utf-8", "replace")
    except OSError as error:
        raise StationFileError(f"{file.source}: thermometer.calibration: {error}") from error
    return tomlkit.dumps(data), curve


def _without_place(address: str, name: str, number: int) -> str:
    if (tcp := _TCP.fullmatch(address)) and tcp[2] not in ("127.0.0.1", "localhost"):
        return f"{tcp[1]}{re.sub('[^A-Za-z0-9]', '-', name)}{tcp[3]}"
    if usb := _USB.fullmatch(address):
        return f"{usb[1]}{number}{usb[2]}"
    if serial := _SERIAL.fullmatch(address):
        return f"ASRL{number}{serial[1] or '::INSTR'}"
    return address


def cassette_file(path: str | Path) -> StationFile:
    """The station file in the head of a cassette; a station opened with it plays the cassette."""
    cassette = _read(path)
    return replace(check_station_text(cassette.station, str(path)), cassette=str(path))


def _read(path: str | Path) -> Cassette:
    try:
        return read_cassette(path)
    except CassetteError as error:
        raise StationFileError(str(error)) from None


def open_played(file: StationFile, cassette: str | Path | None, overrides: Mapping[str, Any]) -> Station:
    """A station whose instruments are a cassette, in its virtual time. `station.tape` is the Playback.

    Raises StationFileError where it is to be recorded again or to be simulated otherwise, LinkError at a departure.
    """
    if cassette is not None or overrides:
        what = "recorded" if cassette is not None else f"given another {', '.join(overrides)}"
        raise StationFileError(f"{file.source}: a cassette is only played, it cannot be {what}; leave that out")
    recording = _read(file.cassette)
    playback = PlayedTape(recording)
    with tempfile.TemporaryDirectory(prefix="cassette-") as folder:
        if recording.curve:
            thermometer = dict(file.sections["thermometer"])
            curve = Path(folder) / thermometer["calibration"]
            curve.write_text(recording.curve, "utf-8")
            thermometer["calibration"] = str(curve)
            file = replace(file, sections={**file.sections, "thermometer": thermometer})
        return Station(file, playback.clock, "", tape=playback)


class PlayedTape(Playback):
    """A cassette for links: what cannot be opened is a LinkError there."""

    def reel(self, name: str) -> Callable[[str, Callable[[], Any]], Callable[[], Any]]:
        """Play one more connection to an instrument."""
        through = super().reel(name)

        def checked(resource_name: str, opener: Callable[[], Any]) -> Callable[[], Any]:
            play = through(resource_name, opener)

            def opened() -> Any:
                try:
                    return play()
                except Departure as departure:
                    raise LinkError(f"{name}: {departure}") from departure
                except VISA_TROUBLE as trouble:
                    raise not_opened(resource_name, trouble) from trouble

            return opened

        return checked

    def close(self) -> None:
        """Nothing is open; what has been found stays."""


def departure_of(station: Station) -> Departure | None:
    """The first difference from the cassette that a station plays; None: none, or it plays none."""
    return station.tape.departure if isinstance(station.tape, Playback) else None
