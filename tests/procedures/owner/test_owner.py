"""The owner process: started, found, killed around, asked to end. Real processes and a fake engine."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from coldfinger.instruments.clock import WallClock, wait_until
from coldfinger.procedures.commands import control
from coldfinger.procedures.commands.owner import owner as owner_command
from coldfinger.procedures.engine.face import OwnerSilent, Refused
from coldfinger.procedures.owner import places
from coldfinger.procedures.owner.client import Client
from coldfinger.procedures.owner.owner import OwnerError, OwnerSettings, start, stop

CLOCK = WallClock()
FAKE_OWNER = """
import contextlib, sys, threading
from pathlib import Path
from coldfinger.instruments.clock import WallClock
from coldfinger.procedures.owner import owner
from coldfinger.procedures.owner.owner import OwnerSettings, main

class FakeEngine:
    def __init__(self, log):
        self.rows, self.state, self.log = 0, "running", log
        self.ended = threading.Event()
    def run(self):
        while not self.ended.is_set():
            self.rows += self.state == "running"
            WallClock().sleep(0.002)
        self.state = "ended"
    def command(self, name, /, *, who="", **arguments):
        with self.log.open("a") as file:
            print(name, "by", who, file=file)
        if name == "stop":
            self.ended.set()
        else:
            self.state = {"pause": "paused", "resume": "running", "abort": "safe"}[name]
    def snapshot(self):
        running = {"name": "R(T) at 0 Oe", "rows": self.rows, "progress": 12.4} if self.state == "running" else {}
        return {"state": self.state, "reason": "fake", "rows": self.rows, "simulated": True, "running": running,
                "items": [{"state": "done"}, {"state": "waiting"}, {"state": "waiting"}]}
    def events(self, since=0):
        return []

@contextlib.contextmanager
def make(settings):
    if settings.data.name == "broken":
        raise ValueError("bridge GPIB0::12 does not answer: switch it on")
    engine = FakeEngine(settings.data / "commands.txt")
    yield engine
    (settings.data / "closed.txt").write_text(engine.state)

words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if words["--data"].endswith("dumb"):
    raise SystemExit(3)
if words["--data"].endswith("deaf"):
    owner.LONGEST_END = 0.3
    FakeEngine.command = lambda *_, **__: None
if words["--data"].endswith("slow"):
    WallClock().sleep(1.5)
    raise SystemExit(3)
sys.exit(main(make, OwnerSettings(words["--station"], Path(words["--data"]), None, Path(words["--folder"]))))
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnerSettings:
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))
    (tmp_path / "data").mkdir()
    return OwnerSettings.of("sim", str(tmp_path / "data"))


@pytest.fixture
def command(tmp_path: Path) -> tuple[str, ...]:
    script = tmp_path / "fake_owner.py"
    script.write_text(FAKE_OWNER)
    return (sys.executable, str(script))


@pytest.fixture
def pid(settings: OwnerSettings, command: tuple[str, ...]) -> Iterator[int]:
    number = start(settings, command)
    yield number
    if alive(number):
        os.kill(number, signal.SIGKILL)


@pytest.fixture
def client(pid: int, settings: OwnerSettings) -> Iterator[Client]:
    with Client(settings.folder, who="tester") as made:
        yield made


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def open_files(pid: int) -> list[str]:
    """Standard input, output and error of a process."""
    return [os.readlink(f"/proc/{pid}/fd/{number}") for number in (0, 1, 2)]


def wait_for_end(pid: int) -> None:
    wait_until(lambda: not alive(pid), CLOCK, poll=0.02, timeout=60, what="end of the owner")


def commands_of(settings: OwnerSettings) -> list[str]:
    path = settings.data / "commands.txt"
    return path.read_text().splitlines() if path.exists() else []


pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes as Linux shows them")


def test_an_owner_stands_on_its_own_feet(pid: int, client: Client, settings: OwnerSettings):
    assert client.owner()["pid"] == pid
    assert os.getsid(pid) == pid
    assert os.getsid(pid) != os.getsid(0)
    parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    assert parent != os.getpid()
    log = str(settings.folder / places.LOG)
    # It lets go of its starter's pipe after it has answered through it.
    wait_until(lambda: open_files(pid) == ["/dev/null", log, log], CLOCK, poll=0.01, timeout=30, what="its own files")


def test_an_owner_survives_the_death_of_its_starter_and_a_hang_up(settings: OwnerSettings, command: tuple[str, ...]):
    code = (
        "import sys, threading; from coldfinger.procedures.owner.owner import OwnerSettings, start;"
        "print(start(OwnerSettings.of('sim', sys.argv[1]), sys.argv[2:]), flush=True); threading.Event().wait()"
    )
    words = [sys.executable, "-c", code, str(settings.data), *command]
    with subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        os.killpg(starter.pid, signal.SIGKILL)
    try:
        os.kill(pid, signal.SIGHUP)
        with Client(settings.folder) as client:
            rows = client.snapshot()["rows"]
            wait_until(lambda: client.snapshot()["rows"] > rows, CLOCK, poll=0.05, timeout=30, what="rows")
    finally:
        os.kill(pid, signal.SIGKILL)


def test_sigterm_means_safe_state_and_then_the_end(pid: int, client: Client, settings: OwnerSettings):
    os.kill(pid, signal.SIGTERM)
    wait_for_end(pid)
    assert commands_of(settings) == ["abort by SIGTERM", "stop by SIGTERM"]
    assert (settings.data / "closed.txt").read_text() == "ended"
    assert sorted(path.name for path in settings.folder.iterdir()) == [places.LOG]
    assert "ending, asked by SIGTERM" in (settings.folder / places.LOG).read_text()


def test_not_even_an_engine_that_hangs_keeps_an_owner_from_ending(settings: OwnerSettings, command: tuple[str, ...]):
    pid = start(OwnerSettings("sim", settings.data / "deaf", None, settings.folder), command)
    os.kill(pid, signal.SIGTERM)
    wait_for_end(pid)
    assert (
        "the engine did not end within 0.3 s; the owner ends without it" in (settings.folder / places.LOG).read_text()
    )


def test_a_running_queue_is_not_ended_by_accident(pid: int, client: Client, settings: OwnerSettings):
    sentence = (
        "^the simulated station is running, nothing was ended: "
        "abort first, or end it with `coldfinger owner stop --safe`$"
    )
    with pytest.raises(Refused, match=sentence):
        stop(settings.folder, safe=False, clock=CLOCK, who="tester")
    assert client.snapshot()["state"] == "running"
    stop(settings.folder, safe=True, clock=CLOCK, who="tester")
    wait_for_end(pid)
    assert commands_of(settings)[0] == "abort by tester"


def test_a_second_owner_is_refused(pid: int, settings: OwnerSettings, command: tuple[str, ...]):
    with pytest.raises(
        OwnerError, match=r"^the simulated station has an owner already: see `coldfinger owner status`$"
    ):
        start(settings, command)
    assert alive(pid)


def test_what_an_owner_cannot_open_is_told_to_its_starter(settings: OwnerSettings, command: tuple[str, ...]):
    broken = OwnerSettings("sim", settings.data / "broken", None, settings.folder)
    with pytest.raises(OwnerError, match=r"^bridge GPIB0::12 does not answer: switch it on$"):
        start(broken, command)


def test_an_owner_that_dies_while_it_starts_is_noticed_at_once(settings: OwnerSettings, command: tuple[str, ...]):
    begin = CLOCK.time()
    with pytest.raises(OwnerError, match=r"^the owner of .* died while it started; .*owner.log tells why$"):
        start(OwnerSettings("sim", settings.data / "dumb", None, settings.folder), command)
    assert CLOCK.time() - begin < 20  # a start is waited for three times as long


def test_an_owner_that_does_not_come_up_is_not_waited_for(settings: OwnerSettings, command: tuple[str, ...]):
    slow = OwnerSettings("sim", settings.data / "slow", None, settings.folder)
    with pytest.raises(
        OwnerError, match=r"^the owner of .* did not come up within 0.5 s; it may still do so: look into"
    ):
        start(slow, command, deadline=0.5)


def test_after_kill_a_new_owner_takes_over_and_the_old_client_goes_on(
    pid: int, client: Client, settings: OwnerSettings, command: tuple[str, ...]
):
    client.command("pause")
    os.kill(pid, signal.SIGKILL)
    wait_for_end(pid)
    begin = CLOCK.time()
    with pytest.raises(OwnerSilent, match="cannot be reached, so snapshot was not sent; if it is dead, start it with"):
        client.snapshot()
    assert CLOCK.time() - begin < 4  # before the deadline of the call, 5 s
    second = start(settings, command)
    try:
        begin = CLOCK.time()
        assert client.owner()["pid"] == second
        client.command("pause")
        assert CLOCK.time() - begin < 4
    finally:
        os.kill(second, signal.SIGKILL)
    assert commands_of(settings) == ["pause by tester", "pause by tester"]


def test_clients_killed_in_the_middle_never_disturb_the_engine(pid: int, client: Client, settings: OwnerSettings):
    code = (
        "import sys; from coldfinger.procedures.owner.client import Client\n"
        "with Client(sys.argv[1], who='victim') as client:\n"
        "    client.snapshot(); print('ready', flush=True)\n"
        "    while True: client.command('resume'); client.snapshot(); client.events()\n"
    )
    words = [sys.executable, "-c", code, str(settings.folder)]
    victims = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(3)]
    for victim in victims:
        assert victim.stdout is not None
        victim.stdout.readline()
        CLOCK.sleep(0.05)
        victim.kill()
        victim.communicate()
    rows = client.snapshot()["rows"]
    wait_until(lambda: client.snapshot()["rows"] > rows + 50, CLOCK, poll=0.05, timeout=30, what="rows")
    assert alive(pid)
    client.command("abort")
    wait_until(lambda: client.holder() is None, CLOCK, poll=0.1, timeout=40, what="end of a dead client's lease")


def test_only_loopback_is_listening_in_the_owner(pid: int):
    sockets = {os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")}
    listening = [
        columns[1]
        for table in ("tcp", "tcp6", "udp", "udp6")
        for columns in map(str.split, Path(f"/proc/net/{table}").read_text().splitlines()[1:])
        if f"socket:[{columns[9]}]" in sockets and (columns[3] == "0A" or table.startswith("udp"))
    ]
    assert len(listening) == 1
    assert listening[0].startswith("0100007F:")


def test_the_commands_speak_with_the_owner(pid: int, settings: OwnerSettings):
    run = CliRunner().invoke
    shown = run(control.status, [])
    assert shown.output.startswith("RUNNING (simulated): fake, 1 done, 2 waiting; R(T) at 0 Oe: ")
    assert run(control.pause, []).output == "the present row is finished, then everything is held\n"
    assert json.loads(run(control.status, ["--json"]).output)["state"] == "paused"
    assert run(control.resume, []).output == "going on\n"
    refused = run(control.skip, [])
    assert refused.exit_code == 2
    found = json.loads(run(owner_command, ["status", "--json"]).output)
    assert (found["pid"], found["state"], found["control"]) == (pid, "running", None)
    assert run(owner_command, ["stop"]).exit_code == 2
    assert run(control.abort, []).exit_code == 0
    assert run(owner_command, ["status"]).output.startswith(
        f"the simulated station: safe, owned by process {pid} since"
    )
    assert run(owner_command, ["stop"]).output == "the owner has ended\n"
    wait_for_end(pid)
    names = [line.split(" by ")[0] for line in commands_of(settings)]
    assert names == ["pause", "resume", "skip", "abort", "stop"]


def test_without_an_owner_the_commands_say_so(settings: OwnerSettings):
    for command in (control.status, control.pause, control.abort):
        result = CliRunner().invoke(command, [])
        assert result.exit_code in (1, 2)
        assert "no owner process has its address in" in result.output
        assert "start one with `coldfinger owner start`" in result.output
    assert CliRunner().invoke(owner_command, ["status"]).exit_code == 1


def test_every_station_file_has_an_owner_folder_of_its_own(tmp_path: Path, settings: OwnerSettings):
    one, other = places.owner_folder(tmp_path / "a" / "lab 1.toml"), places.owner_folder(tmp_path / "b" / "lab 1.toml")
    assert one != other
    assert one.name.startswith("lab-1-")
    assert places.owner_folder("sim").parent == one.parent


PLAN = """
schema = 1
name = "short"

[[step]]
wait = "10 min"

[[step]]
run = "TemperatureRamp"
start = "120 mK"
stop = "100 mK"
points = 5
excitation = "gentle"
"""


def test_the_real_owner_carries_a_plan_out_while_nobody_looks(settings: OwnerSettings, tmp_path: Path):
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN)
    pid = start(OwnerSettings("sim", settings.data, plan, settings.folder))
    try:
        with Client(settings.folder, deadline=20) as client:

            def at_rest() -> bool:
                now = client.snapshot()
                return now["state"] == "idle" and now["items"][-1]["state"] == "done"

            wait_until(at_rest, CLOCK, poll=0.2, timeout=60, what="the night")
            snapshot = client.snapshot()
        assert [item["state"] for item in snapshot["items"]] == ["done", "done"]
        assert snapshot["items"][1]["rows"] >= 5
        assert snapshot["simulated"] is True
        stop(settings.folder, safe=False, clock=CLOCK, who="tester")
        wait_for_end(pid)
    finally:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def test_a_plan_with_a_mistake_is_told_to_the_starter(settings: OwnerSettings, tmp_path: Path):
    plan = tmp_path / "plan.toml"
    plan.write_text("schema = 1\n[[step]]\nwait = '10 parsec'\n")
    with pytest.raises(OwnerError, match=r"plan.toml, line 3: "):
        start(OwnerSettings("sim", settings.data, plan, settings.folder))
