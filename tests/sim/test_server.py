"""The simulated laboratory over TCP: other clients, bad clients, time that runs by itself."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import pytest

from coldfinger.instruments.clock import WallClock
from coldfinger.instruments.link import open_link
from coldfinger.procedures.commands.sim import _show, served_station
from coldfinger.procedures.commands.sim import serve as serve_command
from coldfinger.procedures.laboratory.station_file import StationFileError, check_station_text, read_station_file
from coldfinger.procedures.runner import run_procedure
from coldfinger.procedures.station import Station, connect_station
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.reader import read_run
from coldfinger.sim import faults
from coldfinger.sim import server as sim_server
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import TICK, Cryostat, Laboratory
from coldfinger.sim.faults import Fault
from coldfinger.sim.rack import ADDRESSES, Rack, sim_rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.server import Server, serve
from coldfinger.sim.witness import read_log

SAMPLE = builtin_sample("S0", 0, fluctuations=False)
IDENTITY = b"Stanford_Research_Systems,SR830,s/n12345,ver1.07\n"
GREETING = b"American Magnetics Model 430 IP Interface\r\nHello.\r\n"


def new_rack(rate=20.0):
    return sim_rack(Cryostat(SAMPLE, Laboratory(input_noise=None)), SimClock(rate))


@pytest.fixture
def server():
    with serve(new_rack()) as result:
        yield result


@contextlib.contextmanager
def client(server, name, timeout=30.0):
    place = server.places[name]
    with socket.create_connection((place.host, place.port), timeout=timeout) as connection:
        yield connection


def receive(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            break
        data += piece
    return data


def heard(server, name, size, said=b""):
    """What a client who comes now hears; nothing where it is turned away."""
    with contextlib.suppress(ConnectionError), client(server, name) as newcomer:
        newcomer.sendall(said)
        return receive(newcomer, size)
    return b""


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not become true"
        time.sleep(0.005)


def test_every_instrument_has_a_port_of_its_own_and_greets_as_it_should(server):
    assert list(server.places) == list(ADDRESSES)
    with client(server, "magnet") as magnet, client(server, "lock-in") as lockin:
        assert receive(magnet, len(GREETING)) == GREETING
        lockin.sendall(b"*IDN?\n")
        assert receive(lockin, len(IDENTITY)) == IDENTITY


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_any_cut_of_a_conversation_gives_the_same_answers(server, size):
    said = b"SENS 20\r\nSENS?\n*IDN?\nHARM?;SENS?\r\n"
    expected = b"20\n" + IDENTITY + b"1\n20\n"
    with client(server, "lock-in") as lockin:
        for i in range(0, len(said), size):
            lockin.sendall(said[i : i + size])
            time.sleep(0.001)
        assert receive(lockin, len(expected)) == expected


def test_two_clients_share_an_instrument_and_get_their_own_answers(server):
    with client(server, "bridge") as one, client(server, "bridge") as two:
        one.sendall(b"SETP 0,0.125\nSETP? 0\n")
        assert receive(one, 14) == b"+125.000E-03\r\n"
        two.sendall(b"*IDN?\nSETP? 0\n")
        assert receive(two, 41) == b"LSCI,MODEL372,LSA23JD,1.3\r\n+125.000E-03\r\n"


def test_a_third_client_of_a_bridge_is_turned_away_until_one_leaves(server):
    with client(server, "bridge"), client(server, "bridge") as two:
        until(lambda: server.clients == 2)
        with client(server, "bridge") as three:
            assert three.recv(10) == b""
        two.close()
        until(lambda: server.clients == 1)
        with client(server, "bridge") as four:
            four.sendall(b"*OPC?\n")
            assert receive(four, 3) == b"1\r\n"


def test_what_a_vanishing_client_has_sent_is_still_obeyed(server):
    for command in (b"SLVL 0.5\n", b"FREQ 13\nSLVL 0.25\nFREQ 1"):
        with client(server, "lock-in") as lockin:
            lockin.sendall(command)
    until(lambda: server.rack.cryostat.lockin.amplitude == 0.25)
    until(lambda: server.clients == 0)
    assert server.rack.cryostat.lockin.frequency == 13.0  # half a command is no command


def test_clients_that_vanish_in_every_way_disturb_nobody(server):
    with client(server, "lock-in") as good:
        for number in range(30):
            with client(server, "lock-in") as bad:
                bad.sendall((b"*IDN?\n" * 50, b"SNAP? 1,", b"\x00" * 5000)[number % 3])
                if number % 2:
                    bad.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            good.sendall(b"*IDN?\n")
            assert receive(good, len(IDENTITY)) == IDENTITY
        until(lambda: server.clients == 1)


def test_a_client_that_never_reads_is_disconnected_and_memory_stays():
    with serve(new_rack(rate=500.0)) as server, client(server, "lock-in") as deaf:
        deaf.settimeout(0.5)
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with pytest.raises(OSError):  # noqa: PT011 - reset, broken pipe or time-out, by the system
            deaf.sendall(b"*IDN?\n" * 10_000_000)
        with client(server, "lock-in") as good:
            good.sendall(b"SENS?\n")
            assert receive(good, 3) == b"26\n"


def test_a_ramp_goes_on_while_nobody_asks():
    with serve(new_rack(rate=100.0)) as server:
        with client(server, "magnet") as magnet:
            magnet.sendall(b"CONF:FIELD:TARG 0.1\nRAMP\n")
            until(lambda: server.rack.cryostat.magnet.going)
        until(lambda: server.clients == 0)
        before = server.rack.cryostat.magnet.after
        until(lambda: server.rack.cryostat.magnet.after >= before + 10.0)  # Oe, at 1 Oe/s of virtual time


FLOOD = """
import random, socket, sys
rng = random.Random(0)
noise = [rng.randbytes(3000) for _ in range(20)] + [b"\\n" * 500, b"SLVL\\n" * 300, b"*IDN?;" * 400]
while True:
    try:
        with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 0.2) as bad:
            for piece in noise:
                bad.sendall(piece)
    except OSError:
        pass
"""


def test_a_flood_of_garbage_disturbs_nobody_and_memory_is_flat():
    with serve(new_rack(rate=100.0)) as server:
        floods = [
            subprocess.Popen([sys.executable, "-c", FLOOD, str(server.places[name].port)], stdin=subprocess.PIPE)
            for name in ("lock-in", "magnet")
        ]
        try:
            until(lambda: server.clients >= 2)
            with client(server, "bridge") as good:
                sizes, answers = [], 0
                tracemalloc.start()
                end = time.monotonic() + 3.0
                while time.monotonic() < end or (answers <= 20 and time.monotonic() < end + 60.0):
                    good.sendall(b"*IDN?\nSETP 0,0.2\nSETP? 0\n")
                    assert receive(good, 41) == b"LSCI,MODEL372,LSA23JD,1.3\r\n+200.000E-03\r\n"
                    answers += 1
                    sizes.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
            for process in floods:
                process.kill()
                process.communicate()
    assert answers > 20
    half = len(sizes) // 2
    assert max(sizes[half:]) < max(sizes[:half]) + 2_000_000


def hang(connection):
    with contextlib.suppress(ConnectionError):
        connection.recv(10)


def test_a_hanging_read_over_tcp_leaves_the_other_instruments_usable(server):
    faults.arm(server.rack, [Fault("silence", on="lock-in")])
    with client(server, "lock-in", timeout=60.0) as hanging, client(server, "bridge") as bridge:
        hanging.sendall(b"*IDN?\n")
        reader = threading.Thread(target=hang, args=(hanging,))
        reader.start()
        began = time.monotonic()
        for _ in range(20):
            bridge.sendall(b"*OPC?\n")
            assert receive(bridge, 3) == b"1\r\n"
        assert time.monotonic() - began < 5.0
        assert reader.is_alive()
        faults.arm(server.rack, [Fault("disconnect", on="lock-in")])
        reader.join(30.0)
        assert not reader.is_alive()


def test_faults_of_the_wire_reach_a_client_over_tcp(server):
    with client(server, "lock-in") as lockin:
        faults.arm(
            server.rack,
            [
                Fault("truncated reply", on="lock-in"),
                Fault("late reply", on="lock-in", after=1, value=10.0),
                Fault("disconnect", on="lock-in", after=2, for_=10.0),
            ],
        )
        lockin.sendall(b"*IDN?\n")
        assert receive(lockin, 24) == IDENTITY[:24]
        lockin.sendall(b"SENS?\n")
        began = time.monotonic()
        assert receive(lockin, 3) == b"26\n"
        assert 0.4 < time.monotonic() - began < 8.0  # 10 s of virtual time, 20 in a second
        lockin.sendall(b"SENS?\n")
        assert lockin.recv(10) == b""
    with client(server, "lock-in") as lockin:
        assert lockin.recv(10) == b""
    until(lambda: heard(server, "lock-in", 3, b"SENS?\n") == b"26\n")


def test_a_real_link_over_tcp_believes_nothing_wrong_whatever_happens_to_the_wire(server):
    link = open_link(server.places["lock-in"].resource, "@py", clock=WallClock(), timeout=0.3)
    try:
        link.introduce("lock-in", ".*SR830.*")
        assert link.ask("SENS?", str) == "26"
        for kind in ("disconnect", "late reply", "duplicated reply", "truncated reply", "wrong terminator"):
            faults.arm(server.rack, [Fault(kind, on="lock-in", value=10.0 if kind == "late reply" else None)])
            assert (link.ask("SENS?", str), link.ask("HARM?", str)) == ("26", "1")
        assert len(server.rack.log.of("fault")) == 5
    finally:
        link.connection.close()


def test_a_power_cycle_over_tcp_ends_with_a_new_greeting(server):
    with client(server, "magnet") as magnet:
        assert receive(magnet, len(GREETING)) == GREETING
        faults.arm(server.rack, [Fault("power cycle", on="magnet", for_=2.0)])
        assert magnet.recv(10) == b""
    until(lambda: heard(server, "magnet", len(GREETING)) == GREETING)


def test_a_port_in_use_an_unknown_name_and_a_jumping_clock_are_refused_in_words(server):
    taken = server.places["bias"].port
    with pytest.raises(OSError, match=f"bias: port {taken} of 127.0.0.1 cannot be had .* choose another port or 0"):
        Server(new_rack(), {"bias": taken})
    with pytest.raises(ValueError, match=r"no instrument called 'bais'; allowed are lock-in, bridge, magnet, bias"):
        Server(new_rack(), {"bais": 0})
    with pytest.raises(ValueError, match="its clock jumps, so time would stand still for clients; give it a rate"):
        Server(sim_rack(Cryostat(SAMPLE), SimClock()))


def test_a_closed_server_leaves_nothing_open():
    server = serve(new_rack())
    place = server.places["bias"]
    with client(server, "bias") as open_one:
        until(lambda: server.clients == 1)
        server.close()
        assert open_one.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((place.host, place.port), timeout=1.0)
    assert not [thread for thread in threading.enumerate() if thread.name == "simulated laboratory"]


def test_a_step_that_fails_is_reported_and_the_next_one_is_tried(monkeypatch, caplog):
    rack = new_rack()
    real, calls = Rack.keep_up, []

    def failing(self):
        calls.append(1)
        if len(calls) == 2:
            raise ZeroDivisionError
        real(self)

    monkeypatch.setattr(Rack, "keep_up", failing)
    with serve(rack) as server, client(server, "bias") as bias:
        until(lambda: len(calls) > 3)
        bias.sendall(b"OUTP?\n")
        assert receive(bias, 2) == b"0\n"
    assert "a step failed" in caplog.text


# The station file of a served rack, and the command


def served_file(server, folder, **replacements):
    text = served_station(read_station_file("sim"), server.places, SAMPLE, folder / "station.toml")
    for old, new in replacements.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "station.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_written_station_file_is_the_same_station_without_a_simulator(server, tmp_path):
    old = read_station_file("sim")
    new = read_station_file(served_file(server, tmp_path))
    assert not new.simulated
    assert new.top["clock"] == "wall"
    assert new.top["visa_library"] == "@py"
    assert new.sections["sample"]["squares"] == SAMPLE.squares
    assert {k: v for k, v in old.sections.items() if k not in ("simulator", "sample")} == {
        k: v for k, v in new.sections.items() if k != "sample"
    }
    assert "# of dV/dI" in new.text  # comments stay


def test_an_address_that_cannot_be_replaced_is_refused_in_words(server, tmp_path):
    text = read_station_file("sim").text.replace(
        '[instruments.bias]\ndriver = "GS200"\naddress = "GPIB0::7::INSTR"\n',
        '[instruments]\nbias = {driver = "GS200", address = "GPIB0::7::INSTR"}\n',
    )
    file = check_station_text(text, "mine.toml")
    with pytest.raises(StationFileError, match=r"^mine.toml: an instrument's address could not be replaced; give each"):
        served_station(file, server.places, SAMPLE, tmp_path / "x.toml")


def test_the_whole_program_runs_on_a_served_rack(tmp_path):
    """Every driver over real sockets; the ramp on the clock of the laboratory, or it would take a minute."""
    rack = new_rack(rate=200.0)
    with serve(rack) as server:
        path = served_file(server, tmp_path)
        with connect_station(path) as station:
            assert station.snapshot()["lockin"]["harmonic"] == 1
            station.bias_on(1e-7)
            station.move_bias(1e-7)
            station.bias_off()
            station.go_to_field(5e-4)
        run_a_ramp(path, rack.clock, tmp_path)
        with connect_station(path) as station:
            assert [report for report in station.to_safe() if not report.done] == []
    assert rack.log.value("excitation", 1e9) == 0.004
    assert rack.log.value("heater range", 1e9) == 0.0
    assert any(fact.value is True for fact in rack.log.of("bias output"))
    assert [fact for fact in rack.log.of("magnet target") if fact.value == pytest.approx(4.5, abs=0.05)]


def run_a_ramp(path, clock, folder):
    with Station(read_station_file(path), clock, "@py") as station:
        station.connect()
        ramp = TemperatureRamp(
            start=0.3,
            stop=0.25,
            pacing="rate",
            rate=0.1,
            points=5,
            final_points=0,
            window=0.5,
            tolerance=0.1,
            excitation="fixed",
            current=1.0,
        )
        result = run_procedure(ramp, station, folder)
        assert result.outcome == "done", result.reason
        assert len(read_run(result.folder).frame) >= 2


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_writes_its_files_and_ends_cleanly(tmp_path, stop):
    scenario = tmp_path / "scenario.toml"
    scenario.write_text('schema = 1\n[[fault]]\nkind = "quench"\nat = 0.5\n')
    files = {option: tmp_path / option for option in ("ports", "station-out", "log")}
    arguments = [word for option, path in files.items() for word in (f"--{option}", str(path))]
    code = "from coldfinger.procedures.commands.sim import sim; sim()"
    command = [sys.executable, "-W", "error", "-c", code, "serve", "--speed", "10", "--scenario", str(scenario)]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        until(files["ports"].exists)
        places = json.loads(files["ports"].read_text())
        assert list(places) == list(ADDRESSES)
        assert set(places["magnet"]) == {"model", "host", "port", "resource"}
        assert read_station_file(files["station-out"]).top["visa_library"] == "@py"
        until(lambda: any(line["what"] == "fault" for line in read_log(files["log"])))
        with socket.create_connection((places["magnet"]["host"], places["magnet"]["port"]), 30.0) as magnet:
            assert receive(magnet, len(GREETING)) == GREETING
            magnet.sendall(b"QU?\n")
            assert receive(magnet, 3) == b"1\r\n"
            process.send_signal(stop)
            output, errors = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert (process.returncode, errors) == (0, "")
    assert "TCPIP0::127.0.0.1::" in output
    assert "closed" in output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--station", "nothing.toml"], "cannot be read"),
        (["--scenario", "nothing.toml"], "scenario nothing.toml: cannot be read"),
        (["--sample", "S9"], "S9"),
    ],
)
def test_bad_input_of_the_command_is_one_sentence_and_status_2(arguments, sentence, monkeypatch, tmp_path):
    from click.testing import CliRunner

    from coldfinger.procedures.commands.sim import sim

    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(sim, ["serve", *arguments])
    assert result.exit_code == 2
    assert sentence in result.output
    assert os.listdir(Path.cwd()) == []


def test_a_laboratory_that_cannot_be_computed_so_fast_goes_slower_and_goes_on_answering(monkeypatch, caplog):
    """Otherwise every round has more to catch up with than the last, and nobody is answered any more."""
    rack = new_rack(rate=1000.0)
    real = Cryostat._step

    def slow(self):
        time.sleep(1e-3)  # 4 ms for a second of the laboratory: a quarter of what the clock asks for
        real(self)

    monkeypatch.setattr(Cryostat, "_step", slow)
    monkeypatch.setattr(sim_server, "_FAR_BEHIND", 0.05)
    with serve(rack) as server, client(server, "bias", 60.0) as bias:
        until(lambda: rack.rate < 1000.0)
        until(lambda: rack.clock.time() - rack.cryostat.ticks * TICK < rack.rate)  # less than a second behind
        began = time.monotonic()
        bias.sendall(b"OUTP?\n")
        assert receive(bias, 2) == b"0\n"
        assert time.monotonic() - began < 6.0
    assert "cannot keep up with 1000 s in a second; it goes on with" in caplog.text


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)])
def test_another_interface_than_loopback_comes_with_a_warning(server, host, warned, capsys):
    _show(server.places, {"speed": 1.0, "host": host})
    warning = f"listening on {host}; these protocols carry no password, so everybody who reaches it can command"
    assert (warning in capsys.readouterr().err) is warned


def test_loopback_is_the_interface_when_none_is_named():
    assert next(option for option in serve_command.params if option.name == "host").default == "127.0.0.1"
    with Server(new_rack()) as server:
        assert {place.host for place in server.places.values()} == {"127.0.0.1"}
