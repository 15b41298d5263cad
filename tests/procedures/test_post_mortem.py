"""What a run keeps for whoever looks for the reason of its failure."""

import pytest

from coldfinger.instruments.errors import LinkError
from coldfinger.procedures.data.snapshots import EXCHANGES, unread
from coldfinger.procedures.runner import run_procedure
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.reader import read_run


@pytest.fixture
def failed(simulated, tmp_path, monkeypatch):
    station = simulated()
    real = station.snapshot
    monkeypatch.setattr(station, "snapshot", lambda: {**real(), "bias": {"level": 0.0, "guard": None}})

    def silence():
        raise LinkError("lockin: no reply")

    monkeypatch.setattr(station, "prepare_lockin", silence)
    return run_procedure(TemperatureRamp(start=0.2, end=0.15, points=4), station, tmp_path, sync=False)


def test_a_run_that_fails_keeps_the_last_exchanges_and_a_setting_that_is_lost_costs_one_mark(failed):
    run = read_run(failed.folder)
    assert (run.outcome, run.reason) == ("failed", "lockin: no reply")
    (kept,) = [snapshot.data for snapshot in run.snapshots if snapshot.name == EXCHANGES]
    assert set(kept) == {"lockin", "fridge", "magnet", "bias"}
    assert any(sent == "*IDN?" and "SR830" in received for _, sent, received in kept["lockin"])
    assert not any("OUTP 0" in sent for _, sent, _ in kept["lockin"])
    assert [mark.text for mark in run.marks if mark.kind == "snapshot"] == [
        "could not be read at the start: bias.guard"
    ]


def test_unread_settings_are_named_in_parts_of_an_instrument_too():
    data = {
        "fridge": {"scan": {"channel": 1}, "controller": {"pid": None, "ramp": {"rate": None}}},
        "bias": {"level": None},
    }
    assert unread(data) == ("fridge.controller.pid", "bias.level")
