"""`coldfinger run` as people use it: on a terminal, in the background, with signals, in real time."""

import contextlib
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console as Terminal

from coldfinger.procedures.commands.run import rehearse, run
from coldfinger.procedures.commands.sim import _laboratory as simulated
from coldfinger.procedures.commands.sim import served_station
from coldfinger.procedures.engine.console import picture
from coldfinger.procedures.engine.items import Item
from coldfinger.procedures.engine.queue_journal import nights, read_queue
from coldfinger.sim.server import Server

RUN = (sys.executable, "-m", "coldfinger.procedures", "run", "--no-rehearsal")
PLAN = """
schema = 1
name = "short"
[[step]]
name = "ramp"
set = { field = "300 Oe" }
[[step]]
name = "rest"
wait = "0.5 s"
"""


class Rack:
    """A rack that is served in this process, its station file and the bare truth."""

    def __init__(self, rack, station: Path) -> None:
        self.rack, self.station = rack, station

    def value(self, what: str):
        return self.rack.log.of(what)[-1].value


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    file, rack, sample = simulated({"station": "sim", "speed": 1.0, "sample": None, "seed": None})
    station = tmp_path_factory.mktemp("laboratory") / "lab.toml"
    with Server(rack) as server:
        station.write_text(served_station(file, server.places, sample, station))
        yield Rack(rack, station)


class Shell:
    """A program on a terminal of its own; what it has written, without the control sequences."""

    def __init__(self, words, folder: Path) -> None:
        self.written = b""
        self.process_id, self.line = pty.fork()
        if self.process_id == 0:
            os.chdir(folder)
            os.environ["TERM"] = "xterm-256color"
            os.execv(words[0], words)

    @property
    def text(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.written.decode("utf-8", "replace"))

    def read(self, seconds: float = 0.05) -> None:
        if select.select([self.line], [], [], seconds)[0]:
            with contextlib.suppress(OSError):
                self.written += os.read(self.line, 65536)

    def wait_for(self, text: str, seconds: float = 60.0, since: int = 0) -> None:
        end = time.monotonic() + seconds
        while text not in self.text[since:]:
            assert time.monotonic() < end, f"no {text!r} within {seconds} s in:\n{self.text[-2000:]}"
            self.read()

    def type(self, keys: bytes) -> None:
        os.write(self.line, keys)

    def end(self, seconds: float = 90.0) -> int:
        """Exit status, which must come in time."""
        end = time.monotonic() + seconds
        while True:
            self.read()
            pid, status = os.waitpid(self.process_id, os.WNOHANG)
            if pid:
                self.process_id = 0
                self.read(0.0)
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < end, f"no end within {seconds} s:\n{self.text[-2000:]}"

    def close(self) -> None:
        if self.process_id:
            os.kill(self.process_id, signal.SIGKILL)
            os.waitpid(self.process_id, 0)
        os.close(self.line)


@pytest.fixture
def on_terminal(served, tmp_path):
    """Starts `coldfinger run` on a terminal."""
    made = []

    def start(text=PLAN):
        (tmp_path / "plan.toml").write_text(text)
        made.append(Shell([*RUN, "plan.toml", "--station", str(served.station)], tmp_path))
        return made[-1]

    yield start
    for terminal in made:
        terminal.close()


@contextlib.contextmanager
def in_background(served, tmp_path, text=PLAN, *words):
    (tmp_path / "plan.toml").write_text(text)
    started = [*RUN, "plan.toml", "--station", str(served.station), *words]
    with subprocess.Popen(
        started, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


def record(tmp_path):
    (night,) = nights(tmp_path / "data")
    return read_queue(night)


def commands(tmp_path):
    return [(event["name"], event["who"]) for event in record(tmp_path).events if event["event"] == "command"]


def ramping(served):
    return served.value("magnet ramping")


def test_a_picture_has_no_line_wider_than_the_terminal_and_shows_what_runs():
    states = ["done"] * 20 + ["failed", "skipped", "running"] + ["waiting"] * 20
    item = Item("run", "", "R(T) at 30 Oe, the second time after the weekend", rows=65, disbelieved=5, seconds=2400.0)
    items = [
        item.but(id=str(n), state=state, reason="a long reason " * 9 if state == "failed" else "").to_json()
        for n, state in enumerate(states, 1)
    ]
    end = {"utc": "2026-11-23T06:58:00+00:00", "sd_seconds": 421.0}
    snapshot = {
        "state": "running",
        "reason": "R(T) at 30 Oe, the second time after the weekend",
        "simulated": True,
        "running": {"rows": 65, "progress": 33.3},
        "latest": {"T_sample (K)": (0.0583, 1.0), "H (Oe)": (30.0, 1.0), "rho (ohm)": (979890.0, 1.0)},
        "ends": {**end, "items": {str(n): end for n in range(24, 44)}},
        "items": items,
    }
    for width in (60, 80, 120):
        terminal = Terminal(width=width, height=24, file=io.StringIO(), force_terminal=False)
        terminal.print(picture(snapshot, width))
        lines = terminal.file.getvalue().splitlines()
        assert len(lines) == 16
        assert max(map(len, lines)) <= width
        assert lines[0].startswith("RUNNING  SIMULATED  ")
        assert lines[0].endswith("± 7 min")
        assert "▶  23  R(T) at 30 Oe" in "\n".join(lines)
        assert lines[2] == "  19 more above"
        assert lines[-1] == "  12 more below"


def test_a_good_night_in_real_time_says_where_its_data_are_and_ends_with_nothing(served, tmp_path):
    text = PLAN.replace('set = { field = "300 Oe" }', 'wait = "0.3 s"')
    with in_background(served, tmp_path, text) as process:
        out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert out.splitlines()[0] == "short: done"
    assert re.fullmatch(r"data in data, journal in data/queue/\d{4}-\d\d-\d\d_\d{6}_short", out.splitlines()[1])
    head, *lines = err.splitlines()
    assert re.fullmatch(r"short at sim: 2 to do, until \w{3} \d\d:\d\d ± 0 s; data in data", head)
    assert [line.split()[:3] for line in lines] == [
        ["▶", "1", "ramp"],
        ["✓", "1", "ramp"],
        ["▶", "2", "rest"],
        ["✓", "2", "rest"],
    ]
    assert record(tmp_path).ended["outcome"] == "done"


@pytest.mark.parametrize(
    ("kind", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 143), (signal.SIGINT, 130)], ids=str
)
def test_a_signal_without_a_terminal_means_safe_state_journal_and_exit(served, tmp_path, kind, status):
    with in_background(served, tmp_path) as process:
        until(lambda: ramping(served))
        process.send_signal(kind)
        out, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert out.splitlines()[0] == "short: stopped: aborted"
    assert not ramping(served)
    found = record(tmp_path)
    assert found.ended["outcome"] == "stopped"
    assert all(item["done"] for item in found.ended["safe"])
    who = "Ctrl-C" if kind == signal.SIGINT else kind.name
    assert commands(tmp_path) == [("abort", who), ("stop", who)]


def test_ctrl_c_pauses_and_asks_and_resume_skip_and_abort_do_what_they_say(served, on_terminal, tmp_path):
    terminal = on_terminal(PLAN + '[[step]]\nname = "last"\nset = { field = "-300 Oe" }\n')
    terminal.wait_for("RUNNING")
    until(lambda: ramping(served))
    terminal.type(b"\x03")
    terminal.wait_for("Paused after the present row. [r]esume, [s]kip this run, [a]bort to the safe state?")
    until(lambda: not ramping(served))  # the ramp is held meanwhile
    seen = len(terminal.text)
    terminal.type(b"what\n")
    terminal.wait_for("[a]bort", since=seen)
    terminal.type(b"r\n")
    until(lambda: ramping(served))
    seen = len(terminal.text)
    terminal.type(b"\x03")
    terminal.wait_for("[s]kip", since=seen)
    terminal.type(b"s\n")
    terminal.wait_for("RUNNING  last", since=seen)
    until(lambda: ramping(served))
    seen = len(terminal.text)
    terminal.type(b"\x03")
    terminal.wait_for("[a]bort", since=seen)
    terminal.type(b"a\n")
    assert terminal.end() == 130
    assert not ramping(served)
    assert [item.state for item in record(tmp_path).items] == ["skipped", "done", "partial"]
    assert commands(tmp_path) == [
        ("pause", "Ctrl-C"),
        ("resume", "terminal"),
        ("pause", "Ctrl-C"),
        ("skip", "terminal"),
        ("pause", "Ctrl-C"),
        ("abort", "terminal"),
        ("stop", "terminal"),
    ]


def test_ctrl_c_twice_means_safe_state_and_the_last_picture_stays(served, on_terminal, tmp_path):
    terminal = on_terminal()
    terminal.wait_for("RUNNING")
    until(lambda: ramping(served))
    terminal.type(b"\x03")
    terminal.wait_for("[a]bort")
    terminal.type(b"\x03")
    assert terminal.end() == 130
    assert not ramping(served)
    last = terminal.text[terminal.text.rindex("ENDED") :]
    assert "◐   1  ramp" in last
    assert "short: stopped: aborted" in last
    assert commands(tmp_path) == [("pause", "Ctrl-C"), ("abort", "Ctrl-C"), ("stop", "Ctrl-C")]


def test_json_of_a_night_and_of_its_rehearsal_is_one_object_each(tmp_path):
    plan = tmp_path / "short.toml"
    plan.write_text('schema = 1\nname = "short"\n[[step]]\nset = { field = "5 Oe" }\n[[step]]\nwait = "1 min"\n')
    said = CliRunner().invoke(run, [str(plan), "--data", str(tmp_path / "data"), "--json"])
    assert said.exit_code == 0
    night = json.loads(said.stdout)
    assert (night["outcome"], [item["state"] for item in night["items"]]) == ("done", ["done", "done"])
    foreseen = json.loads(CliRunner().invoke(rehearse, [str(plan), "--json"]).stdout)
    assert foreseen["seconds"] > 60.0
    assert max(foreseen["trace"]["H_Oe"]) > 4.0
