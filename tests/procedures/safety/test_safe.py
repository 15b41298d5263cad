"""The safe state: reached alone, by more than one path, whatever one instrument does."""

import itertools
import json
import re
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from coldfinger.instruments.clock import WallClock
from coldfinger.instruments.errors import LinkError
from coldfinger.procedures.commands.safe import safe as safe_command
from coldfinger.procedures.laboratory.opening import instrument_opener
from coldfinger.procedures.laboratory.station_file import check_station_text, read_station_file
from coldfinger.procedures.safety.safe import ITEMS, all_done, make_safe
from coldfinger.procedures.station import connect_station, open_station
from tests.procedures.safety.socket_rack import SocketRack

BUILT_IN = read_station_file().text
LOCKIN, FRIDGE = "GPIB0::8::INSTR", "GPIB0::12::INSTR"


@pytest.fixture
def simulated():
    made = []

    def make(text=BUILT_IN, connect=True, **overrides):
        station = open_station(check_station_text(text, "test.toml"), **overrides)
        made.append(station)
        if connect:
            station.connect()
        return station

    yield make
    for station in made:
        station.close()


@pytest.fixture
def served():
    rack = SocketRack()
    rack.switch_on()
    yield rack
    rack.close()


def by_item(reports):
    return {report.item: report for report in reports}


def switch_on(station):
    station.source.current = 0.5e-9
    station.controller.heater_range = 10e-3
    station.go_to_field(0.05)
    station.clock.sleep(20)


def make_served_safe(rack, **settings):
    file, clock = rack.file(), WallClock()
    began = time.monotonic()
    reports = make_safe(file, instrument_opener(file, clock), clock, **settings)
    return by_item(reports), time.monotonic() - began


def cut(station, address):
    """From now on nothing of what is sent to that address arrives."""
    rack, port = station.rack, station.rack.devices[address].port
    exchange = rack.exchange

    def lossy(to, data, end=False):
        if to is not port:
            exchange(to, data, end)

    rack.exchange = lossy


def test_everything_that_was_on_is_off_and_reported_item_by_item(simulated):
    station = simulated()
    switch_on(station)
    station.bias_on(200e-9)
    station.move_bias(100e-9)
    reports = station.to_safe()
    assert [report.item for report in reports] == list(ITEMS)
    assert all_done(reports)
    assert [report.detail for report in reports] == [
        "source at 0.004 V",
        "bias at 0 V, output off",
        "range 0 A",
        "paused",
    ]
    assert station.lockin.sine_voltage == 0.004
    assert station.controller.heater_range == 0.0
    assert station.bias.voltage == 0.0


def test_to_make_safe_twice_changes_nothing_more(simulated):
    station = simulated()
    switch_on(station)
    first = station.to_safe()
    field = station.magnet.field
    assert station.to_safe() == first
    assert station.magnet.field == pytest.approx(field, abs=1e-4)  # the coil catches up with the paused supply


def test_new_connections_alone_reach_the_safe_state(simulated):
    station = simulated()
    switch_on(station)
    opener = instrument_opener(station.file, station.clock, station._library)
    assert all_done(make_safe(station.file, opener, station.clock))
    assert station.controller.heater_range == 0.0


def test_connections_that_are_held_suffice_when_no_new_ones_can_be_opened(simulated):
    station = simulated()
    switch_on(station)

    def opener(name, patience):
        raise OSError(f"{name}: no more connections")

    assert all_done(make_safe(station.file, opener, station.clock, held=station.instruments))
    assert station.controller.heater_range == 0.0


def test_a_heater_that_does_not_obey_is_not_reported_as_off(simulated):
    station = simulated()
    switch_on(station)
    exchange = station.rack.exchange
    station.rack.exchange = lambda to, data, end=False: exchange(to, data.replace(b"RANGE 0,0", b"*OPC"), end)
    reports = by_item(station.to_safe())
    assert [item for item in ITEMS if not reports[item].done] == ["heater"]
    assert "the heater was switched off, but its range reads back 0.01 A" in reports["heater"].detail


def test_a_bias_goes_to_zero_in_steps_that_the_station_allows(served):
    levels = [1.0]
    make_served_safe(served)
    for line in served.commands("bias"):
        if line.startswith("SOUR:LEV "):
            levels.append(float(line.split()[1]))
    assert levels[-1] == 0.0
    assert max(abs(a - b) for a, b in itertools.pairwise(levels)) <= 0.2 + 1e-9  # 20 nA behind 10 Mohm


def test_excitation_and_heater_are_written_before_anything_is_asked(served):
    reports, seconds = make_served_safe(served)
    assert all_done(reports.values())
    assert served.bare == {}
    lines = {name: [line for _, who, line in served.heard if who == name] for name in ("lockin", "fridge")}
    assert lines["lockin"][0] == "SLVL 0.004"
    assert lines["fridge"][0] == "RANGE 0,0"
    assert seconds < 3


def test_a_silent_instrument_delays_no_other(served):
    served.mute.add("lockin")
    start = served.clock.time()
    reports, seconds = make_served_safe(served, deadline=2.0)
    assert not reports["excitation"].done
    assert "lockin at TCPIP0::127.0.0.1" in reports["excitation"].detail
    assert "no reply to '*IDN?'" in reports["excitation"].detail
    assert all(reports[item].done for item in ("bias", "heater", "magnet"))
    assert served.bare == {}, "it heard, though it could not answer"
    heater = next(t for t, who, line in served.heard if who == "fridge" and line.startswith("RANGE 0,0"))
    assert heater - start < 1.0
    assert seconds < 6


def test_an_instrument_that_hangs_delays_no_other(served):
    file, clock, ever = served.file(), WallClock(), threading.Event()
    usual = instrument_opener(file, clock)

    def opener(name, timeout):
        if name == "lockin":
            ever.wait(20)
            raise LinkError("lockin: never")
        return usual(name, timeout)

    began = time.monotonic()
    reports = by_item(make_safe(file, opener, clock, deadline=1.0))
    assert time.monotonic() - began < 5
    ever.set()
    assert reports["excitation"].detail == "lockin: hangs; nothing came back in 1 s, go and look at it"
    assert all(reports[item].done for item in ("bias", "heater", "magnet"))
    assert served.bare == {"lockin": "0.5"}


def test_an_instrument_that_comes_back_within_its_time_is_made_safe(served):
    served.deaf.add("fridge")
    timer = threading.Timer(1.0, served.deaf.discard, ("fridge",))
    timer.start()
    reports, _ = make_served_safe(served, deadline=3.5)
    timer.join()
    assert all_done(reports.values())
    assert served.bare == {}


def test_a_bias_that_cannot_be_read_is_switched_off_at_the_very_end(served):
    served.mute.add("bias")
    reports, _ = make_served_safe(served, deadline=1.0)
    assert not reports["bias"].done
    assert reports["bias"].detail.endswith("; zero and off were sent in one step, without an answer")
    assert served.commands("bias")[-2:] == ["SOUR:LEV 0", "OUTP 0"]
    assert served.bare == {}


def test_a_magnet_that_cannot_be_asked_gets_no_command(served):
    served.mute.add("magnet")
    reports, _ = make_served_safe(served, deadline=1.0)
    assert not reports["magnet"].done
    assert served.commands("magnet") == []


def test_a_quenched_magnet_gets_no_command_at_all(served):
    served.cryostat.magnet.quenched = True
    reports, _ = make_served_safe(served)
    assert reports["magnet"].done
    assert reports["magnet"].detail == "quenched: left alone"
    assert served.commands("magnet") == []
    assert "lockin" not in served.bare
    assert "fridge" not in served.bare
    assert served.cryostat.magnet.quenched, "only a person clears a quench"


def test_the_heater_of_a_persistent_switch_is_never_touched(served):
    magnet = served.station.magnet
    magnet.write("CONF:PS 1")
    magnet.write("PS 1")
    reports, _ = make_served_safe(served)
    assert reports["magnet"].detail == "heating switch: left alone"
    assert served.commands("magnet") == []
    assert magnet.switch_heated


def test_a_station_that_wants_zero_field_ramps_there(simulated):
    station = simulated(BUILT_IN.replace('magnet = "hold" ', 'magnet = "zero" '))
    switch_on(station)
    report = by_item(station.to_safe())["magnet"]
    assert report.done
    assert report.detail == "zeroing"
    station.clock.sleep(3600)
    assert abs(station.magnet.field) < 1e-5
    assert by_item(station.to_safe())["magnet"].detail == "at zero"


def test_a_cold_switch_forbids_the_way_to_zero_but_the_ramp_is_stopped(simulated):
    station = simulated(BUILT_IN.replace('magnet = "hold" ', 'magnet = "zero" '))
    station.magnet.write("CONF:PS 1")
    report = by_item(station.to_safe())["magnet"]
    assert not report.done
    assert "persistent switch is cold" in report.detail


def test_a_cut_cable_costs_seconds_and_only_its_own_item(simulated):
    station = simulated()
    switch_on(station)
    cut(station, LOCKIN)
    began = station.clock.time()
    reports = by_item(station.to_safe())
    assert station.clock.time() - began < 8
    assert [item for item, report in reports.items() if not report.done] == ["excitation"]
    assert station.controller.heater_range == 0.0


def test_the_same_seed_gives_the_same_safe_story(simulated):
    stories = []
    for _ in range(2):
        station = simulated(seed=3)
        switch_on(station)
        cut(station, FRIDGE)
        stories.append(([report.done for report in station.to_safe()], station.clock.time()))
    assert stories[0] == stories[1]


def test_a_link_that_another_thread_keeps_is_left_for_a_new_one(served):
    """The program reads from the lock-in and hangs there; the safe state does not wait for it."""
    with open_station(served.file()) as station:
        station.connect()
        served.switch_on()
        entered, leave = threading.Event(), threading.Event()

        def hang():
            with station.lockin.lock:
                entered.set()
                leave.wait(20)

        thread = threading.Thread(target=hang)
        thread.start()
        entered.wait(5)
        start = served.clock.time()
        try:
            reports = station.to_safe()
        finally:
            leave.set()
            thread.join()
        assert all_done(reports)
        quiet = next(t for t, who, line in served.heard if who == "lockin" and line == "SLVL 0.004" and t > start)
        assert quiet - start < 2


def test_the_command_does_it_alone_and_tells_item_by_item(served, tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text(served.text)
    result = CliRunner().invoke(safe_command, ["--station", str(path)])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "excitation done: source at 0.004 V",
        "bias       done: bias at 0 V, output off",
        "heater     done: range 0 A",
        "magnet     done: paused",
        "safe",
    ]
    assert served.bare == {}


def test_the_command_fails_unless_every_item_is_confirmed(served, tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text(served.text)
    served.mute.add("lockin")
    result = CliRunner().invoke(safe_command, ["--station", str(path), "--json"])
    assert result.exit_code == 1
    answer = json.loads(result.output)
    assert answer["safe"] is False
    assert [item["item"] for item in answer["items"] if not item["done"]] == ["excitation"]


def test_the_command_says_that_a_simulated_station_is_no_station():
    result = CliRunner().invoke(safe_command, [])
    assert result.exit_code == 0
    assert "is simulated and was switched on for this; no real instrument was touched" in result.output


def test_the_command_refuses_a_station_that_is_not_there():
    result = CliRunner().invoke(safe_command, ["--station", "nowhere.toml"])
    assert result.exit_code == 2
    assert "station file nowhere.toml: cannot be read" in result.output


def test_while_a_read_hangs_for_a_minute_the_rest_is_safe_within_two_seconds(simulated):
    """The lock-in falls silent under a thread that waits 60 s for its answer; the log of the laboratory tells."""
    station = simulated(BUILT_IN.replace('speed = "unlimited"', "speed = 1"))
    station.source.current = 0.5e-9
    station.controller.heater_range = 10e-3
    rack = station.rack
    port, resource = rack.devices[LOCKIN].port, station.lockin.adapter.connection
    resource.timeout = 60_000
    exchange = rack.exchange

    def deaf_to_questions(to, data, end=False):
        if to is not port or b"?" not in data:
            exchange(to, data, end)

    rack.exchange = deaf_to_questions
    reader = threading.Thread(target=lambda: station.lockin.xy, daemon=True)
    reader.start()
    time.sleep(0.3)
    began, cryostat = station.clock.time(), station.cryostat
    reports = by_item(
        make_safe(station.file, instrument_opener(station.file, station.clock, station._library), station.clock)
    )
    off = {fact.what: fact.time for fact in rack.log.facts if fact.time >= began}
    assert off["excitation"] - began < 2.0
    assert off["heater range"] - began < 2.0
    assert cryostat.loop.range_current == 0.0
    assert reports["heater"].done
    assert not reports["excitation"].done  # it was heard, but nothing confirmed it
    rack.exchange = exchange
    for _ in range(20):  # what ends the wait at last: anything that is an answer, and then the link makes itself clean
        if not reader.is_alive():
            break
        port.out.append(b"0,0\n")
        reader.join(0.5)
    assert not reader.is_alive()


def test_every_test_that_the_guide_promises_exists():
    root = Path(__file__).parents[3]
    promised = set(re.findall(r"`(test_\w+)`", (root / "docs" / "safety.md").read_text("utf-8")))
    text = "\n".join(path.read_text("utf-8") for path in (root / "tests").rglob("test_*.py"))
    assert promised - set(re.findall(r"^def (test_\w+)\(", text, re.MULTILINE)) == set()
    assert len(promised) > 20


def test_a_fridge_that_lives_a_thousand_times_as_fast_is_made_safe_all_the_same(tmp_path):
    """Deadlines are those of threads and buses: four seconds of that fridge are four milliseconds of ours."""
    with connect_station(speed=1000.0) as station:
        station.source.current = 1e-9
        station.controller.heater_range = 1e-3
        reports = station.to_safe()
        assert [report.item for report in reports if not report.done] == []
        assert station.controller.heater_range == 0.0
