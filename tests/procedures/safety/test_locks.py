"""One owner of a station and of a data folder, with real processes."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from coldfinger.procedures.data.folder import new_run_folder
from coldfinger.procedures.laboratory.station_file import check_station_text, read_station_file
from coldfinger.procedures.safety.locks import LockedError, hold_data_folder, hold_station
from tests.procedures.safety.socket_rack import SocketRack

HOLDER = """
import sys
from coldfinger.procedures.safety.locks import hold_data_folder, hold_station
from coldfinger.procedures.laboratory.station_file import read_station_file
what, path = sys.argv[1:]
program = "coldfinger run"
locks = hold_data_folder(path, program) if what == "folder" else hold_station(read_station_file(path), program)
print("locked", flush=True)
sys.stdin.read()
locks.release()
"""

MAKER = """
import sys
from pathlib import Path
from coldfinger.procedures.data.folder import new_run_folder
print("ready", flush=True)
sys.stdin.readline()
for _ in range(50):
    print(new_run_folder(Path(sys.argv[1]), "run").name)
"""


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))


def real(text=None):
    text = text or read_station_file().text
    return re.sub(r"(?ms)^\[simulator\].*?(?=^\[instruments)", "", text).replace('"virtual"', '"wall"')


@contextlib.contextmanager
def another_program(what, path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, what, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"locked\n"
        try:
            yield process
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.communicate()


def who(process):
    host = re.escape(socket.gethostname())
    return (
        rf"in use by coldfinger run \(process {process.pid} on {host}, since 20\d\d-.*\); end that program, or give it"
    )


def test_a_second_program_is_told_who_has_the_station_and_touches_nothing(tmp_path):
    rack = SocketRack()
    path = tmp_path / "lab.toml"
    path.write_text(rack.text)
    with another_program("station", path) as process, pytest.raises(LockedError, match=who(process)) as refusal:
        hold_station(rack.file(), "coldfinger run")
    assert str(refusal.value).startswith("TCPIP0::127.0.0.1::")
    assert "\n" not in str(refusal.value)
    assert rack.heard == []
    assert rack._connections == []
    rack.close()


def test_a_second_program_is_told_who_has_the_data_folder(tmp_path):
    folder = tmp_path / "data"
    with another_program("folder", folder) as process, pytest.raises(LockedError, match=who(process)) as refusal:
        hold_data_folder(folder, "coldfinger run")
    assert str(refusal.value).startswith(f"the data folder {folder} is in use by")
    hold_data_folder(folder, "coldfinger run").release()


def test_a_killed_program_leaves_no_lock_behind(tmp_path):
    with another_program("folder", tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with (
            hold_data_folder(tmp_path, "coldfinger run"),
            pytest.raises(LockedError, match=f"process {os.getpid()} on"),
        ):
            hold_data_folder(tmp_path, "coldfinger run")
    hold_data_folder(tmp_path, "coldfinger run").release()


def test_two_stations_that_share_one_instrument_exclude_each_other():
    other = real().replace("GPIB0::8::INSTR", "GPIB0::18::INSTR").replace("GPIB0::7::INSTR", "GPIB0::17::INSTR")
    other = other.replace("::7180::", "::7181::")
    mine, theirs = check_station_text(real(), "mine.toml"), check_station_text(other, "theirs.toml")
    with (
        hold_station(mine, "one"),
        pytest.raises(LockedError, match=r"GPIB0::12::INSTR of theirs.toml is in use by one"),
    ):
        hold_station(theirs, "two")
    with hold_station(theirs, "two"):
        pass


def test_a_station_is_taken_whole_or_not_at_all():
    mine = check_station_text(real(), "mine.toml")
    part = check_station_text(real().replace("GPIB0::8::INSTR", "GPIB0::18::INSTR"), "part.toml")
    with hold_station(part, "one"):
        with pytest.raises(LockedError):
            hold_station(mine, "two")
        with pytest.raises(LockedError):
            hold_station(mine, "two")  # and what it took before it failed was given back
    with hold_station(mine, "two"):
        pass


def test_the_same_address_written_in_two_ways_is_the_same_instrument():
    other = check_station_text(real().replace("GPIB0::8::INSTR", "gpib::8"), "other.toml")
    with hold_station(check_station_text(real(), "mine.toml"), "one"), pytest.raises(LockedError):
        hold_station(other, "two")


def test_a_simulated_station_needs_no_lock(tmp_path):
    with hold_station(read_station_file(), "one"), hold_station(read_station_file(), "two"):
        assert not (tmp_path / "state").exists()


def test_the_owner_of_a_damaged_lock_file_has_no_name(tmp_path):
    with hold_data_folder(tmp_path, "one"):
        (tmp_path / ".coldfinger-owner").write_bytes(b"{")
        with pytest.raises(LockedError, match="in use by another program, which has not said its name"):
            hold_data_folder(tmp_path, "two")


def test_locks_are_given_back_twice_without_harm(tmp_path):
    locks = hold_data_folder(tmp_path, "one")
    locks.release()
    with hold_data_folder(tmp_path, "two"):
        locks.release()
        with pytest.raises(LockedError):
            hold_data_folder(tmp_path, "three")


def test_two_programs_that_start_in_the_same_instant_get_folders_of_their_own(tmp_path):
    makers = [
        subprocess.Popen([sys.executable, "-c", MAKER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for maker in makers:
        assert maker.stdout.readline() == b"ready\n"
    for maker in makers:
        maker.stdin.write(b"go\n")
        maker.stdin.flush()
    names = [name for maker in makers for name in maker.communicate()[0].split()]
    assert len(names) == len(set(names)) == 100
    assert new_run_folder(tmp_path, "run").name == "run-101"
