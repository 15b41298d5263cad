"""The rack of a station file for any PyVISA program: by path, or by the environment."""

import pytest
import pyvisa

from coldfinger.procedures.laboratory.station_file import StationFileError, read_station_file
from coldfinger.sim import visa


@pytest.fixture(autouse=True)
def worlds(monkeypatch):
    """No rack is left over from another test, and none is left behind."""
    monkeypatch.setattr(visa, "_racks", {})
    monkeypatch.delenv(visa.STATION, raising=False)


@pytest.fixture
def station(tmp_path):
    """The built-in station with its bridge elsewhere and another seed."""
    path = tmp_path / "night.toml"
    text = read_station_file().text.replace("GPIB0::12::INSTR", "GPIB0::15::INSTR").replace("seed = 0", "seed = 3")
    assert "GPIB0::15::INSTR" in text
    path.write_text(text, "utf-8")
    return path


def bridge_of(manager):
    assert "GPIB0::15::INSTR" in manager.list_resources()
    bridge = manager.open_resource("GPIB0::15::INSTR")
    assert bridge.query("*IDN?").startswith("LSCI,MODEL372,")
    return bridge


def test_a_script_names_the_station_file(station):
    manager = pyvisa.ResourceManager(f"{station}@coldfinger")
    bridge_of(manager).write("SETP 0,0.2")
    manager.close()
    again = pyvisa.ResourceManager(f"{station}@coldfinger")
    assert float(bridge_of(again).query("SETP? 0")) == 0.2  # the same world
    again.close()


def test_a_script_that_is_not_touched_gets_the_station_of_the_environment(station, monkeypatch):
    monkeypatch.setenv("COLDFINGER_STATION", str(station))
    manager = pyvisa.ResourceManager("@coldfinger")
    bridge_of(manager)
    manager.close()


def test_a_registered_rack_goes_before_the_environment(station, monkeypatch):
    visa.register("sim", visa.standard_rack())
    monkeypatch.setenv("COLDFINGER_STATION", str(station))
    manager = pyvisa.ResourceManager("@coldfinger")
    assert "GPIB0::12::INSTR" in manager.list_resources()
    manager.close()


def test_a_station_of_real_instruments_is_simulated_at_its_addresses():
    manager = pyvisa.ResourceManager("examples/stations/sr830-bench.toml@coldfinger")
    stations = read_station_file("examples/stations/sr830-bench.toml")
    addresses = {table["address"] for table in stations.instruments.values()}
    assert addresses <= set(manager.list_resources("?*"))
    manager.close()


@pytest.mark.parametrize("by_environment", [False, True])
def test_a_station_file_that_cannot_be_is_one_sentence_at_once(tmp_path, monkeypatch, by_environment):
    missing = tmp_path / "nowhere.toml"
    if by_environment:
        monkeypatch.setenv("COLDFINGER_STATION", str(missing))
    # PyVISA makes an OSError of whatever keeps the library of plain "@coldfinger" from being opened.
    with pytest.raises((StationFileError, OSError), match=r"nowhere\.toml: cannot be read"):
        pyvisa.ResourceManager("@coldfinger" if by_environment else f"{missing}@coldfinger")
    assert visa._racks == {}
