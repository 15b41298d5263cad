"""A simulated station, connected, in jumping virtual time."""

from collections.abc import Callable, Iterator

import pytest

from coldfinger.procedures.laboratory.station_file import check_station_text, read_station_file
from coldfinger.procedures.station import Station, open_station


@pytest.fixture
def simulated() -> Iterator[Callable[..., Station]]:
    """Makes stations: simulated(sample="S0", seed=0, text=...) -> a connected Station, closed at the end."""
    made: list[Station] = []

    def make(text: str | None = None, connect: bool = True, **overrides: object) -> Station:
        file = read_station_file() if text is None else check_station_text(text, "test.toml")
        station = open_station(file, **overrides)
        made.append(station)
        if connect:
            station.connect()
        return station

    yield make
    for station in made:
        station.close()
