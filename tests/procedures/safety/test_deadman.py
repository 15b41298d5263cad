"""The dead-man with real processes: owners that are killed, stopped, paused, or end as they should."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import time

import pytest

from coldfinger.procedures.laboratory.station_file import StationFileError, check_station_text, read_station_file
from coldfinger.procedures.safety.deadman import DeadMan, DeadManError, rescue, watch_owner
from coldfinger.procedures.safety.locks import hold_station
from tests.procedures.safety.socket_rack import SocketRack

D = 1.0  # s

OWNER = """
import sys, time
from coldfinger.procedures.safety.deadman import DeadMan
from coldfinger.procedures.laboratory.station_file import read_station_file
file, log, how = sys.argv[1:]
man = DeadMan(read_station_file(file), log).start()
if how == "pause":
    man.hold(2.5)
else:
    man.beat()
began = time.monotonic()
print(man.pid, flush=True)
if how != "beats":
    time.sleep(30)
while time.monotonic() - began < 30:
    man.beat()
    time.sleep(0.1)
"""


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))


@pytest.fixture
def served():
    rack = SocketRack(dead_man=f'"{D} s"')
    yield rack
    rack.close()


@pytest.fixture
def owners(served, tmp_path):
    """Starts owners: owners("beats") -> (process, pid of its dead-man), everything switched on."""
    started = []

    def start(how):
        path = tmp_path / "lab.toml"
        path.write_text(served.text)
        process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(path), str(tmp_path / "deadman.log"), how], stdout=subprocess.PIPE
        )
        started.append(process)
        man = int(process.stdout.readline())
        served.switch_on()
        assert len(served.bare) == 4
        return process, man

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
    log = tmp_path / "deadman.log"
    wait_for(lambda: not log.exists() or " safe" in log.read_text().lower() or "released" in log.read_text(), 60)


def wait_for(true, seconds):
    """Seconds until `true()`, which must come in time."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - began


def lives(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def without_bias(rack):
    return {name: reply for name, reply in rack.bare.items() if name != "bias"}


def test_an_owner_that_is_killed_leaves_a_safe_station_within_two_seconds(served, owners, tmp_path):
    owner, _ = owners("beats")
    time.sleep(0.5)
    assert len(served.bare) == 4
    owner.send_signal(signal.SIGKILL)
    assert wait_for(lambda: not without_bias(served), 2.0) < 2.0
    wait_for(lambda: not served.bare, 60.0)  # the bias takes its own steps
    log = tmp_path / "deadman.log"
    wait_for(lambda: "the station is safe" in log.read_text(), 60)
    assert f"the owner, process {owner.pid}, is dead" in log.read_text()


def test_an_owner_that_is_stopped_is_killed_and_the_station_is_safe_within_d_and_two_seconds(served, owners):
    owner, _ = owners("beats")
    owner.send_signal(signal.SIGSTOP)
    assert wait_for(lambda: not without_bias(served), D + 2.0) > 0.5 * D
    assert owner.wait(60) == -signal.SIGKILL


def test_an_owner_whose_engine_sends_no_beats_is_hung(served, owners):
    owner, _ = owners("hangs")
    wait_for(lambda: not without_bias(served), D + 2.0)
    assert owner.wait(60) == -signal.SIGKILL


def test_a_pause_is_left_alone_until_its_own_end(served, owners):
    began = time.monotonic()
    owner, _ = owners("pause")
    while time.monotonic() - began < 2.0:
        assert len(served.bare) == 4
        time.sleep(0.1)
    assert owner.poll() is None
    wait_for(lambda: not without_bias(served), 2.5 + D + 2.0)


def test_an_owner_that_is_killed_while_paused_leaves_a_safe_station(served, owners):
    owner, _ = owners("pause")
    owner.send_signal(signal.SIGKILL)
    wait_for(lambda: not without_bias(served), 2.0)


def test_a_release_is_the_clean_end_and_touches_nothing(served, tmp_path):
    man = DeadMan(served.file(), tmp_path / "log").start()
    served.switch_on()
    man.beat()
    man.release()
    man.release()
    assert not lives(man.pid)
    assert len(served.bare) == 4
    assert served.heard == []
    assert (tmp_path / "log").read_text().splitlines()[-1].endswith(" released")


def test_no_connection_is_opened_before_it_is_needed(served, tmp_path):
    man = DeadMan(served.file(), tmp_path / "log").start()
    for _ in range(5):
        man.beat()
        time.sleep(0.1)
    assert served._connections == []
    man.release()


def test_the_owner_knows_of_a_dead_dead_man_within_five_seconds_and_starts_another(served, tmp_path):
    man = DeadMan(served.file(), tmp_path / "log").start()
    first = man.pid
    assert man.alive()
    assert man.watch() == ""
    os.kill(first, signal.SIGKILL)
    assert wait_for(lambda: not man.alive(), 5.0) < 5.0
    sentence = man.watch()
    assert sentence.startswith("the dead-man process ended (exit status -9) and was started again")
    assert man.pid != first
    assert man.alive()
    os.kill(man.pid, signal.SIGKILL)
    wait_for(lambda: not man.alive(), 60.0)
    with pytest.raises(DeadManError, match=r"ended \(exit status -9\) again; nobody would make the station safe"):
        man.watch()
    assert "hold, make it safe and look into" in man.trouble()
    man.release()


def test_an_owner_that_leaves_without_a_release_leaves_a_safe_station_and_somebody_is_told(served, tmp_path):
    code = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())"
    command = json.dumps([sys.executable, "-I", "-S", "-c", code, str(tmp_path / "told")])
    file = check_station_text(f"{served.text}\n[notify]\ncommand = {command}\n", "lab.toml")
    man = DeadMan(file, tmp_path / "log")
    man.close()  # nothing was started, nothing happens
    man.start()
    served.switch_on()
    with hold_station(served.file()):
        man.close()
    assert served.bare == {}
    assert "the station is safe" in (tmp_path / "log").read_text()
    told = (tmp_path / "told").read_text()
    assert told.splitlines()[0].endswith(": fault")
    assert "The program that measured has died. " in told
    assert "the dead-man has made the station safe" in told


def test_the_owner_knows_of_a_dead_man_that_does_not_answer(tmp_path):
    rack = SocketRack(dead_man='"0.5 s"')
    man = DeadMan(rack.file(), tmp_path / "log").start()
    os.kill(man.pid, signal.SIGSTOP)
    began = time.monotonic()
    while man.alive():
        assert time.monotonic() - began < 5.0
        man.beat()
        time.sleep(0.1)
    man._end_process()
    rack.close()


def test_a_terminal_that_ends_does_not_end_the_dead_man(served, tmp_path):
    man = DeadMan(served.file(), tmp_path / "log").start()
    for kind in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        os.kill(man.pid, kind)
    time.sleep(0.2)
    assert man.alive()
    assert os.getsid(man.pid) != os.getsid(0)
    man.release()


def test_a_simulated_station_has_no_dead_man():
    with pytest.raises(DeadManError, match="the instruments are simulated inside this program and end with it"):
        DeadMan(read_station_file()).start()


def test_a_dead_man_without_a_visa_library_does_not_start(served, tmp_path):
    text = served.text.replace('visa_library = "@py"', 'visa_library = "/nowhere/libvisa.so"')
    with pytest.raises(DeadManError, match=r"^the dead-man process did not start: .*; look into .*log$"):
        DeadMan(check_station_text(text, "lab.toml"), tmp_path / "log").start()


def test_d_is_at_most_half_the_fastest_limit():
    text = read_station_file().text.replace('dead_man = "20 s"', 'dead_man = "31 s"')
    message = r"x.toml: safe.dead_man = 31 s is longer than half of limits.fastest = 60 s.*allowed is up to 30 s"
    with pytest.raises(StationFileError, match=message):
        check_station_text(text, "x.toml")
    assert check_station_text(text.replace('"60 s"', '"62 s"'), "x.toml").sections["safe"]["dead_man"] == 31.0


# The rule, in virtual time


class Orders:
    """A queue whose orders come at given times; waiting is what makes time pass."""

    def __init__(self, *orders):
        self.now, self.orders = 0.0, list(orders)
        self.answers = []

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds

    def get(self, timeout):
        if self.orders and self.orders[0][0] <= self.now + timeout:
            at, order = self.orders.pop(0)
            self.now = max(self.now, at)
            return order
        self.now += timeout
        raise queue.Empty

    def verdict(self, orphaned=lambda: False):
        return watch_owner(self, 10.0, self, self.answers.append, orphaned), self.now


def beats(*times):
    return [(at, {"beat": i}) for i, at in enumerate(times, 1)]


def test_the_rule_of_beats_and_holds():
    assert Orders().verdict() == ("hung", pytest.approx(10, abs=0.3))
    assert Orders(*beats(4, 8)).verdict() == ("hung", pytest.approx(18, abs=0.3))
    assert Orders(*beats(4), (5, None)).verdict() == ("dead", 5)
    assert Orders(*beats(4), (5, {"release": True})).verdict() == ("released", 5)
    assert Orders((2, {"hold": 100.0})).verdict() == ("hung", pytest.approx(112, abs=0.3))
    assert Orders((2, {"hold": 100.0}), (50, {"beat": 1})).verdict() == ("hung", pytest.approx(60, abs=0.3))
    assert Orders((2, {"hold": 100.0}), (50, None)).verdict() == ("dead", 50)


def test_every_beat_is_answered():
    orders = Orders(*beats(1, 2, 3), (4, None))
    orders.verdict()
    assert [answer["beat"] for answer in orders.answers] == [1, 2, 3]


def test_a_parent_that_is_gone_is_dead_even_if_somebody_else_keeps_the_pipe():
    orders = Orders()
    verdict, now = orders.verdict(orphaned=lambda: orders.now > 3)
    assert verdict == "dead"
    assert now < 4


def test_a_dead_man_that_was_stopped_itself_lets_the_waiting_beats_in_first():
    class Frozen(Orders):
        def get(self, timeout):
            if self.now == 0.0:
                self.now = 60.0  # a minute in which this process did not run
                raise queue.Empty
            return super().get(timeout)

    assert Frozen((60.1, {"beat": 1}), (61, {"release": True})).verdict() == ("released", 61)


def test_what_could_not_be_confirmed_is_tried_again(served):
    served.switch_on()
    served.deaf.add("fridge")
    lines, clock = [], Impatient(served.deaf.clear)
    assert rescue(served.file(), clock, lines.append)
    assert any(line.startswith("heater: NOT DONE") for line in lines)
    assert lines[-1] == "magnet: done: paused" or "heater: done: range 0 A" in lines
    assert served.bare == {}


def test_a_station_that_already_has_a_new_owner_is_made_safe_once_only(served):
    served.mute.add("fridge")
    with hold_station(served.file(), "somebody"):
        lines = []
        assert not rescue(served.file(), Impatient(lambda: None), lines.append)
    assert lines[0].startswith("without the lock: TCPIP0::127.0.0.1")
    assert sum(line.startswith("heater") for line in lines) == 1


class Impatient:
    """A wall clock that does something instead of the long pauses between two rounds."""

    def __init__(self, instead):
        self.instead = instead

    def time(self):
        return time.monotonic()

    def sleep(self, seconds):
        if seconds >= 2.0:
            self.instead()
        else:
            time.sleep(seconds)


SWITCHING_OWNER = """
import sys, time
from coldfinger.procedures.safety.deadman import DeadMan
from coldfinger.procedures.station import open_station
from coldfinger.procedures.laboratory.station_file import read_station_file
file = read_station_file(sys.argv[1])
man = DeadMan(file, sys.argv[2]).start()
station = open_station(file)
station.connect()
station.source.current = 0.5e-9
station.controller.heater_range = 10e-3
station.go_to_field(0.05)
man.beat()
print("on", flush=True)
while True:
    man.beat()
    time.sleep(0.1)
"""
SIMULATOR = "from coldfinger.procedures.commands.sim import sim; sim()"


@pytest.mark.parametrize(("blow", "limit"), [(signal.SIGKILL, 2.0), (signal.SIGSTOP, D + 2.0)])
def test_the_simulators_own_log_shows_a_safe_station_after_a_kill_and_after_a_stop(tmp_path, blow, limit):
    station, witness, log = (tmp_path / name for name in ("served.toml", "witness.jsonl", "deadman.log"))
    serve = [sys.executable, "-c", SIMULATOR, "serve", "--station-out", str(station), "--log", str(witness)]
    with subprocess.Popen(serve, stdout=subprocess.DEVNULL) as simulator:
        try:
            wait_for(station.exists, 60)
            station.write_text(station.read_text().replace('dead_man = "20 s"', f'dead_man = "{D} s"'))
            owner = [sys.executable, "-c", SWITCHING_OWNER, str(station), str(log)]
            with subprocess.Popen(owner, stdout=subprocess.PIPE) as process:
                try:
                    assert process.stdout.readline() == b"on\n"
                    time.sleep(0.5)
                    struck = time.time()
                    process.send_signal(blow)
                    wait_for(lambda: "the station is safe" in log.read_text(), 60)
                finally:
                    process.kill()
        finally:
            simulator.terminate()
    changes = [json.loads(line) for line in witness.read_text().splitlines()]
    last = {change["what"]: change for change in changes}
    for what, on, off in (("excitation", 0.5, 0.004), ("heater range", 0.01, 0.0), ("magnet ramping", True, False)):
        assert last[what]["was"] == on
        assert last[what]["value"] == off
        assert 0.0 < last[what]["utc"] - struck < limit, what
