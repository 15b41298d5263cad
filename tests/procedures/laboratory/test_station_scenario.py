"""A simulated station with faults to come, from a scenario file beside its own."""

from importlib import resources

import pytest

from coldfinger.procedures.engine.rehearsing import simulated_twin
from coldfinger.procedures.laboratory.station_file import StationFileError, read_station_file
from coldfinger.procedures.station import open_station


@pytest.fixture
def station(tmp_path):
    usual = resources.files("coldfinger.procedures").joinpath("stations/sim.toml").read_text("utf-8")
    path = tmp_path / "station.toml"
    path.write_text(usual.replace('sample = "S0"', 'scenario = "trouble.toml"\nsample = "S0"'), "utf-8")
    return path


def test_the_faults_beside_a_station_file_are_armed_and_its_twin_foresees_none(station):
    text = 'schema = 1\n[[fault]]\nkind = "silence"\non = "lock-in"\nafter = 5\n'
    station.with_name("trouble.toml").write_text(text, "utf-8")
    file = read_station_file(station)
    with open_station(file) as opened:
        assert opened.rack.troubles is not None
    with open_station(simulated_twin(file)) as twin:
        assert twin.rack.troubles is None


def test_a_scenario_that_is_not_there_is_one_sentence(station):
    with pytest.raises(StationFileError, match=r"simulator\.scenario: scenario .*trouble\.toml: cannot be read"):
        open_station(read_station_file(station))
