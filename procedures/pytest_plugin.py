"""pytest fixtures for other people's tests: a simulated station, its rack and clock, faults, and cassettes.

Installed with the package and loaded in every pytest run of the environment, so nothing is imported before a fixture
is asked for, and nothing is turned on by itself. See docs/testing.md.

    @pytest.mark.coldfinger(sample="S1", seed=3)
    def test_mine(coldfinger_station):
        assert my_procedure(coldfinger_station).outcome == "done"
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from coldfinger.procedures.station import Station

_MARKER = (
    "coldfinger(station=..., sample=..., seed=..., fluctuations=..., speed=...): the simulated station of this test"
)
_ALLOWED = ("station", "sample", "seed", "fluctuations", "speed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Defaults of a project, in its pytest settings."""
    parser.addini("coldfinger_station", 'station file of the simulated station, or "sim"', default="sim")
    parser.addini("coldfinger_seed", "seed of all noise of the simulated station", default="0")


def pytest_configure(config: pytest.Config) -> None:
    """The marker, for runs with --strict-markers."""
    config.addinivalue_line("markers", _MARKER)


def _wanted(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Station file and overrides: from the marker, else from the project's settings."""
    marker = request.node.get_closest_marker("coldfinger")
    given: dict[str, Any] = dict(marker.kwargs) if marker is not None else {}
    if (marker is not None and marker.args) or set(given) - set(_ALLOWED):
        wrong = ", ".join([*map(repr, marker.args if marker else ()), *sorted(set(given) - set(_ALLOWED))])
        raise pytest.UsageError(f"marker coldfinger: {wrong} is not possible; allowed are {', '.join(_ALLOWED)} = ...")
    seed = str(request.config.getini("coldfinger_seed"))
    if not seed.isdecimal():
        raise pytest.UsageError(f"coldfinger_seed = {seed!r} in the pytest settings must be a whole number from 0 up")
    station = str(given.pop("station", request.config.getini("coldfinger_station")))
    if station != "sim":
        station = str(request.config.rootpath / station)
    return station, {"seed": int(seed), **given}


@pytest.fixture
def coldfinger_station(request: pytest.FixtureRequest) -> Iterator["Station"]:
    """A connected simulated station in virtual time that jumps, new for each test and closed after it.

    Sample, seed and station file come from the marker `coldfinger`, else from the settings coldfinger_station and
    coldfinger_seed. A station file without [simulator] is simulated, too: no test moves a real instrument.
    """
    from coldfinger.procedures.engine.rehearsing import simulated_twin
    from coldfinger.procedures.laboratory.station_file import read_station_file
    from coldfinger.procedures.station import open_station

    path, overrides = _wanted(request)
    with open_station(simulated_twin(read_station_file(path)), **overrides) as station:
        station.connect()
        yield station


@pytest.fixture
def coldfinger_rack(coldfinger_station: "Station") -> Any:
    """The simulated instruments of `coldfinger_station`: panels, cryostat, and `log`, what they really did."""
    return coldfinger_station.rack


@pytest.fixture
def coldfinger_clock(coldfinger_station: "Station") -> Any:
    """The virtual clock of `coldfinger_station`: `time()` and `sleep(seconds)`."""
    return coldfinger_station.clock


@pytest.fixture
def coldfinger_faults(request: pytest.FixtureRequest, coldfinger_rack: Any) -> Callable[..., Any]:
    """A function that arms faults in `coldfinger_station` and returns the armed `Troubles`.

    coldfinger_faults("trouble.toml") takes a scenario file, beside the test; coldfinger_faults("silence", on="magnet",
    after=3) one fault, with the arguments of `coldfinger.sim.faults.Fault`; `seed` that of everything random in it.
    """
    from coldfinger.sim.faults import Fault, arm, load_scenario

    def armed(what: str | Path, *, seed: int | None = None, **fault: Any) -> Any:
        if str(what).endswith(".toml"):
            return arm(coldfinger_rack, load_scenario(_beside(request, what)), seed)
        return arm(coldfinger_rack, [Fault(str(what), **fault)], seed)

    return armed


@pytest.fixture
def coldfinger_cassette(request: pytest.FixtureRequest) -> Iterator[Callable[..., "Station"]]:
    """A function that plays a cassette, beside the test: a connected station whose instruments are the recording.

    The test fails at its end when what was sent is not what the cassette has; `whole=True` also when it was not
    played to its end.
    """
    from coldfinger.procedures.laboratory.cassettes import departure_of
    from coldfinger.procedures.station import connect_station

    played: list[tuple[Station, bool]] = []

    def play(path: str | Path, *, whole: bool = False) -> "Station":
        station = connect_station(_beside(request, path))
        played.append((station, whole))
        return station

    yield play
    for station, _ in played:
        station.close()
    for station, whole in played:
        departure = departure_of(station)
        if departure is not None:
            pytest.fail(str(departure), pytrace=False)
        if whole and station.tape.left:
            pytest.fail(f"{station.file.source}: {station.tape.left} recorded messages were not sent", pytrace=False)


def _beside(request: pytest.FixtureRequest, path: str | Path) -> Path:
    return request.path.parent / path
