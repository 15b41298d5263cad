"""Trouble while somebody watches: the refrigerator stands in this process, is reached over TCP, and keeps its own log.

What the window and its owner believe is not asked: the witness in the laboratory says when excitation and heater
went off.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coldfinger.procedures.commands.sim import served_station
from coldfinger.procedures.laboratory.simulated_laboratory import simulated_rack, simulated_sample
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.sim.clock import SimClock
from coldfinger.sim.faults import Fault, arm
from coldfinger.sim.rack import Rack
from coldfinger.sim.server import serve
from tests.journeys.desktop import Gui, until

SOON = 2.0
"""Seconds within which an abort has switched excitation and heater off."""
QUIET = 0.004
"""Volts: the smallest amplitude of the lock-in, which is "off"."""

HURRY = 20.0
"""Times real time: the refrigerator's pace until it has settled."""

Open = Callable[..., Gui]


@pytest.fixture
def laboratory(tmp_path: Path) -> Iterator[tuple[Rack, Path]]:
    """A refrigerator in real time, and the station file with which it is reached."""
    file = read_station_file("sim")
    sample = simulated_sample({"sample": "S0", "seed": 0, "fluctuations": False})
    rack = simulated_rack(file, sample, SimClock(1.0), 0)
    with serve(rack) as server:
        path = tmp_path / "station.toml"
        path.write_text(served_station(file, server.places, sample, path), "utf-8")
        yield rack, path


def off_since(rack: Rack, asked: float) -> float:
    """Seconds from `asked` (s of the laboratory) until excitation and heater were off; both are off now."""
    excitation = rack.log.value("excitation", rack.clock.time())
    heater = rack.log.value("heater range", rack.clock.time())
    assert excitation == pytest.approx(QUIET)
    assert heater == 0.0
    changes = [fact.time for what in ("excitation", "heater range") for fact in rack.log.of(what) if fact.time > asked]
    return max(changes, default=asked) - asked


def start_ramp(gui: Gui, to: str) -> None:
    """From any field of the form: a ramp to a temperature, which has begun when this returns."""
    gui.hands.key("alt+y", "Tab", "Tab", "Tab", "ctrl+a")
    gui.hands.type(to)
    gui.hands.key("Tab", "ctrl+Return")
    until(lambda: gui.snapshot().get("state") == "running", what="a running ramp")


def test_an_abort_switches_excitation_and_heater_off_within_two_seconds_of_the_fridges_own_log(
    window: Open, laboratory: tuple[Rack, Path]
):
    rack, station = laboratory
    gui = window("--station", str(station))

    def abort() -> float:
        asked = rack.clock.time()
        gui.hands.key("ctrl+period", "ctrl+period")
        until(lambda: gui.snapshot()["state"] == "held", what="a held queue")
        return off_since(rack, asked)

    start_ramp(gui, "0.7")  # while it settles at the first temperature
    until(lambda: rack.log.value("heater range", rack.clock.time()), what="a heater that is on")
    time.sleep(1.0)
    assert abort() <= SOON

    start_ramp(gui, "0.6")  # while the lock-in says nothing for five seconds
    until(lambda: rack.log.value("heater range", rack.clock.time()), what="a heater that is on")
    arm(rack, [Fault("silence", on="lock-in", for_=5.0)])
    time.sleep(0.7)
    assert abort() <= SOON
    assert all(item["done"] for item in gui.snapshot()["safe"])

    rack.clock.run_at(HURRY)  # while the temperature is on its way and the film is measured
    start_ramp(gui, "0.8")
    until(lambda: gui.rows() >= 1, 150.0, "a row of a ramp on disk: 20 s must be spent near its beginning")
    rack.clock.run_at(1.0)
    assert rack.log.value("excitation", rack.clock.time()) > QUIET * 1.01
    assert rack.log.value("heater range", rack.clock.time()) > 0.0
    assert [item.state for item in gui.items()].count("running") == 1
    assert abort() <= SOON
    assert "running" not in [item.state for item in gui.items()]

    assert gui.process is not None
    gui.process.terminate()  # the owner ends with its window, and its dead-man with the owner
    gui.process.wait(30.0)
