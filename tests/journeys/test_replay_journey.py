"""A recorded night is played again by keys, a thousand times faster, beside a refrigerator that counts every word."""

import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coldfinger.procedures.commands.sim import served_station
from coldfinger.procedures.engine.queue_journal import nights
from coldfinger.procedures.engine.wiring import engine_for
from coldfinger.procedures.laboratory.simulated_laboratory import simulated_rack, simulated_sample
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.plans.plan_file import check_plan_text
from coldfinger.sim.clock import SimClock
from coldfinger.sim.rack import Rack
from coldfinger.sim.server import serve
from tests.journeys.desktop import Gui, until
from tests.journeys.dialogs import answer, do, log_of

Open = Callable[..., Gui]

NIGHT = """schema = 1
name = "recorded"
[[step]]
family = "R(T)"
fields = "0, 2 Oe"
start = "0.2 K"
stop = "0.1 K"
points = 60
"""
STALL, USUAL = 150.0, 60.0
"""ms of processor time without a look at the keyboard: never, and in no more than a hundredth of all looks.

Processor time, because the machine has other work, too; twice the 30 ms of the budget, because that slows it down.
"""
LOOKS = 100.0
"""Looks a second."""
LAG = re.compile(r"lag, (.+): p99 [\d.]+ ms, longest [\d.]+ ms, (\d+) stalls in ([\d.]+) s")
STOOD = re.compile(r"stood still for \d+ ms with (\d+) ms of work: .*")


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[tuple[list[bytes], Path]]:
    """Everything that is said to the instruments of a laboratory, and the station file with which it is reached."""
    file = read_station_file("sim")
    sample = simulated_sample({"sample": "S0", "seed": 0, "fluctuations": False})
    rack: Rack = simulated_rack(file, sample, SimClock(1.0), 0)
    said: list[bytes] = []
    deliver = rack.deliver

    def hear(port: object, data: bytes, end: bool = False) -> None:
        said.append(data)
        deliver(port, data, end)

    rack.deliver = hear  # type: ignore[method-assign, assignment]
    with serve(rack) as server:
        path = tmp_path / "station.toml"
        path.write_text(served_station(file, server.places, sample, path), "utf-8")
        yield said, path


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """The folder of a night that was measured before."""
    data = tmp_path / "data"
    night = check_plan_text(NIGHT, "recorded", datetime.now(UTC))
    with engine_for(night, read_station_file("sim"), data, speed=math.inf, sync=False) as engine:
        assert engine.run().outcome == "done"
    return nights(data)[-1]


def is_command(word: bytes) -> bool:
    """Whether it is more than a question."""
    return b"?" not in word


def test_a_night_is_replayed_a_thousand_times_faster_without_a_word_to_any_instrument(
    window: Open, heard: tuple[list[bytes], Path], recorded: Path
):
    said, station = heard
    gui = window("--station", str(station))
    commands = [event for event in gui.record().events if event["event"] == "command"]
    do(gui, "replay a run", "Replay a run or a night")
    assert any(is_command(word) for word in said)  # it was connected, and that was heard
    said.clear()
    answer(gui, "Replay a run or a night", str(recorded))
    until(lambda: gui.hands.windows("REPLAY"), what="a replay")
    do(gui, "thousand")
    until(lambda: gui.hands.windows("REPLAY.*IDLE"), 90.0, "the end of the night")
    words = list(said)
    do(gui, "leave the replay")
    until(lambda: "The replay was left" in log_of(gui), what="a replay that is left")

    assert words  # the owner itself looks at the dials, as always at rest
    assert not any(is_command(word) for word in words)
    assert [event for event in gui.record().events if event["event"] == "command"] == commands
    assert gui.items() == []
    stretches = {name: (int(stalls), float(seconds)) for name, stalls, seconds in LAG.findall(log_of(gui))}
    stalls, seconds = stretches["replay"]
    during = log_of(gui).partition("lag, before the replay")[2].partition("lag, replay")[0]
    work = [float(found) for found in STOOD.findall(during)]
    assert seconds >= 1.5
    assert len(work) == stalls
    assert max(work, default=0.0) <= STALL, during
    assert sum(one > USUAL for one in work) <= 1 + 0.01 * LOOKS * seconds, during
