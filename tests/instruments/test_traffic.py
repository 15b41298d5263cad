"""The log of everything on the wires: off by default, one line a message, and it never fills the disk."""

import logging

import pytest

from coldfinger.instruments import traffic
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.station import open_station


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(traffic.VARIABLE, str(tmp_path / "traffic"))
    traffic._opened.cache_clear()
    yield tmp_path / "traffic"
    for handler in getattr(traffic.traffic_log(), "handlers", ()):
        handler.close()
    traffic._opened.cache_clear()


def test_nothing_is_logged_unless_somebody_asks(monkeypatch):
    monkeypatch.delenv(traffic.VARIABLE, raising=False)
    assert traffic.traffic_log() is None


def test_both_ways_of_an_exchange_are_lines_with_who_and_what(folder):
    with open_station(read_station_file()) as station:
        station.instruments["lockin"].identify()
    (path,) = folder.iterdir()
    text = path.read_text("utf-8")
    assert "lockin at GPIB0::8::INSTR > '*IDN?'" in text
    assert "lockin at GPIB0::8::INSTR < 'Stanford_Research_Systems,SR830,s/n12345,ver1.07\\n'" in text


def test_the_files_rotate(folder, monkeypatch):
    monkeypatch.setattr(traffic, "LONGEST", 1000)
    for number in range(200):
        traffic.traffic_log().info("message %d", number)
    assert len(list(folder.iterdir())) == 1 + traffic.KEPT
    assert max(path.stat().st_size for path in folder.iterdir()) <= 1000


def test_a_folder_that_cannot_be_written_is_a_warning_and_not_the_end(folder, caplog):
    folder.write_text("")
    with caplog.at_level(logging.WARNING):
        assert traffic.traffic_log() is None
    assert "no traffic is logged" in caplog.text
