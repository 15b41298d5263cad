"""Whole nights in real time: a served simulator, an owner process, its dead-man, clients, and what each leaves."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from coldfinger.procedures.cli import main as coldfinger
from coldfinger.procedures.engine.queue_journal import nights, read_queue
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.owner.client import Client
from coldfinger.procedures.owner.owner import OwnerSettings, start
from coldfinger.sim.faults import Fault, arm
from coldfinger.sim.server import Server
from coldfinger.sim.witness import read_log

D = 2.0  # s
CLI = (sys.executable, "-m", "coldfinger.procedures")
PLAN = """
schema = 1
name = "real night"
[[step]]
set = { field = "500 Oe" }
[[step]]
wait = "0.2 s"
"""
SHORT_PLAN = """
schema = 1
name = "short night"
[[step]]
wait = "60 s"
[[step]]
wait = "0.5 s"
"""
PATIENT_OWNER = """
import coldfinger.procedures.laboratory.opening as opening
from coldfinger.procedures.owner.owner import _command
open_link = opening.open_link
opening.open_link = lambda *place, timeout=60.0, **rest: open_link(*place, timeout=timeout, **rest)
_command()
"""
SIGHTSEER = """
import sys
from coldfinger.instruments.clock import WallClock
from coldfinger.procedures.owner.client import Client
with Client(sys.argv[1]) as client:
    while True:
        print(client.snapshot()["state"], flush=True)
        WallClock().sleep(0.05)
"""


class Laboratory:
    """A station file for served instruments, what they really did, and hands on their front panels."""

    def __init__(self, station: Path, facts) -> None:
        self.station, self.facts = station, facts

    def press(self, name: str, *lines: str) -> None:
        """Send lines to an instrument over a connection of one's own, as a front panel would."""
        address = read_station_file(str(self.station)).instruments[name]["address"].split("::")
        with socket.create_connection((address[1], int(address[2]))) as panel:
            for line in lines:
                panel.sendall(line.encode() + b"\n")
            panel.sendall(b"*IDN?\n")
            panel.settimeout(30)
            heard = b""
            while b"430" not in heard and not heard.count(b","):
                heard += panel.recv(4096)  # after which everything before has been carried out

    def switch_on(self) -> None:
        """Excitation 0.5 V, heater 10 mA, dc bias 1 V."""
        self.press("lockin", "SLVL 0.5")
        self.press("fridge", "RANGE 0,6")
        self.press("bias", "SOUR:FUNC VOLT", "SOUR:RANG 10", "SOUR:LEV 1", "OUTP 1")
        wait_for(lambda: len(self.on()) == 4, 30)

    def on(self) -> set[str]:
        """What is not safe now."""
        last = {fact["what"]: fact["value"] for fact in self.facts()}
        safe = {"excitation": 0.004, "heater range": 0.0, "magnet ramping": False, "bias output": False}
        return {what for what, value in safe.items() if last[what] != value}

    def safe_at(self, what: str) -> float:
        """Time of the world at which it became what it is now."""
        return [fact for fact in self.facts() if fact["what"] == what][-1]["utc"]


def wait_for(true, seconds: float) -> float:
    """Seconds until `true()`, which must come in time."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """`coldfinger sim serve` in a process of its own, for all tests."""
    folder = tmp_path_factory.mktemp("laboratory")
    station, log = folder / "lab.toml", folder / "witness.jsonl"
    words = (*CLI, "sim", "serve", "--speed", "1", "--station-out", str(station), "--log", str(log))
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as simulator:
        try:
            wait_for(station.exists, 60)
            station.write_text(station.read_text().replace('dead_man = "20 s"', f'dead_man = "{D} s"'))
            yield Laboratory(station, lambda: read_log(log))
        finally:
            simulator.terminate()


@pytest.fixture
def laboratory(served):
    served.press("lockin", "SLVL 0.004")
    served.press("fridge", "RANGE 0,0")
    served.press("magnet", "PAUSE")
    served.press("bias", "OUTP 0")
    return served


@pytest.fixture
def begin(tmp_path):
    """Starts an owner with a plan: begin(laboratory, text) -> (pid, folder of the owner)."""
    started = []

    def start_owner(laboratory, text=PLAN, command=None):
        plan = tmp_path / "plan.toml"
        plan.write_text(text)
        settings = OwnerSettings.of(str(laboratory.station), str(tmp_path / "data"), str(plan))
        pid = start(settings, *([command] if command else []))
        started.append(pid)
        return pid, settings.folder

    yield start_owner
    for pid in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(dead_men(pid) for pid in started), 60)


def dead_men(owner: int) -> list[int]:
    """Processes that watch over an owner, also when it has gone."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if b"safety.deadman" in path.read_bytes() and log_of(owner) in os.readlink(path.parent / "fd/2"):
                found.append(int(path.parent.name))
    return found


def log_of(owner: int) -> str:
    return f"-{owner}.log"


def all_on(laboratory, begin):
    """An owner whose queue ramps the field, with everything else on."""
    pid, folder = begin(laboratory)
    wait_for(lambda: "magnet ramping" in laboratory.on(), 60)
    laboratory.switch_on()
    return pid, folder


@pytest.mark.parametrize(("blow", "limit"), [(signal.SIGKILL, 2.0), (signal.SIGSTOP, D + 2.0)])
def test_an_owner_that_dies_or_hangs_in_a_ramp_leaves_a_safe_station_by_the_simulators_own_log(
    laboratory, begin, blow, limit
):
    pid, _ = all_on(laboratory, begin)
    time.sleep(0.5)
    struck = time.time()
    os.kill(pid, blow)
    wait_for(lambda: not laboratory.on(), 60)  # the bias takes its own steps; when, says the log
    for what in ("excitation", "heater range", "magnet ramping"):
        assert 0.0 < laboratory.safe_at(what) - struck < limit, what


def test_a_dead_man_that_is_killed_is_started_again_once_and_then_the_owner_holds(laboratory, begin):
    pid, folder = all_on(laboratory, begin)
    with Client(folder) as client:

        def said(text):
            return [event for event in client.events() if event["level"] == "alarm" and text in event["text"]]

        (first,) = dead_men(pid)
        os.kill(first, signal.SIGKILL)
        assert wait_for(lambda: said("the dead-man process ended (exit status -9) and was started again"), 5) < 5
        assert client.snapshot()["state"] == "running"
        (second,) = dead_men(pid)
        assert second != first
        os.kill(second, signal.SIGKILL)
        assert wait_for(lambda: said("nobody would make the station safe if this program died"), 5) < 5
        wait_for(lambda: client.snapshot()["state"] == "held", 30)
        wait_for(lambda: not laboratory.on(), 30)
        assert client.snapshot()["care"]["guarded"] is False
        client.command("resume")
        wait_for(lambda: len(said("the queue is held")) == 2, 30)
        assert laboratory.on() == set()  # nothing is switched on while nobody watches


def test_a_client_that_is_killed_in_mid_run_is_not_noticed_and_a_new_one_sees_the_end(laboratory, begin, tmp_path):
    _, folder = begin(laboratory, SHORT_PLAN)
    with subprocess.Popen([sys.executable, "-c", SIGHTSEER, str(folder)], stdout=subprocess.PIPE) as window:
        for _ in range(5):
            assert window.stdout.readline()
        window.kill()
    with Client(folder) as client:
        assert client.snapshot()["running"]["name"] == "wait 60 s"
        client.command("skip")
        wait_for(lambda: client.snapshot()["state"] == "idle", 60)
        assert [item["state"] for item in client.snapshot()["items"]] == ["skipped", "done"]
        assert [event for event in client.events() if event["level"] != "info"] == []
        client.stop()
    (night,) = nights(tmp_path / "data")
    wait_for(lambda: read_queue(night).ended, 60)
    assert read_queue(night).ended["outcome"] == "partly"


def test_while_a_read_hangs_for_a_minute_an_abort_makes_the_rest_safe_within_two_seconds(tmp_path, begin):
    from coldfinger.procedures.commands.sim import _laboratory as simulated
    from coldfinger.procedures.commands.sim import served_station

    file, rack, sample = simulated({"station": "sim", "speed": 1.0, "sample": None, "seed": None})
    with Server(rack) as server:
        station = tmp_path / "lab.toml"
        station.write_text(served_station(file, server.places, sample, station))
        began = time.time() - rack.clock.time()

        def facts():
            return [{**fact._asdict(), "utc": began + fact.time} for fact in list(rack.log.facts)]

        laboratory = Laboratory(station, facts)
        pid, folder = begin(laboratory, PLAN, (sys.executable, "-c", PATIENT_OWNER))
        wait_for(lambda: "magnet ramping" in laboratory.on(), 60)
        laboratory.switch_on()
        troubles = arm(rack, [Fault("silence", on="magnet", for_=60.0)])
        with Client(folder, who="tester") as client:
            time.sleep(1.2)  # the ramp is looked at every second
            asked = time.time()
            client.command("abort")
            wait_for(lambda: laboratory.on() <= {"magnet ramping", "bias output"}, 60)
            for what in ("excitation", "heater range"):
                assert 0.0 < laboratory.safe_at(what) - asked < 2.0, what
            wait_for(lambda: client.snapshot()["state"] == "held", 60)
            snapshot = client.snapshot()
        troubles.clear()
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not dead_men(pid), 60)
    assert snapshot["reason"] == "aborted; the running thread still waits for an instrument"
    not_done = [item for item in snapshot["safe"] if not item["done"]]
    assert [item["item"] for item in not_done] == ["magnet"], not_done


def test_a_second_engine_on_the_station_names_the_first_and_touches_nothing(laboratory, begin, tmp_path):
    pid, _ = begin(laboratory, SHORT_PLAN)
    before = len(laboratory.facts())
    plan = str(tmp_path / "plan.toml")
    data = str(tmp_path / "other data")
    answer = CliRunner().invoke(
        coldfinger, ["run", plan, "--station", str(laboratory.station), "--data", data, "--no-rehearsal"]
    )
    assert answer.exit_code == 2
    assert f"lab.toml is in use by coldfinger (process {pid} on {socket.gethostname()}, since " in answer.stderr
    assert len(laboratory.facts()) == before
    again = CliRunner().invoke(coldfinger, ["owner", "start", "--station", str(laboratory.station), "--data", data])
    assert again.exit_code == 2
    assert "has an owner already" in again.stderr
    assert len(laboratory.facts()) == before
