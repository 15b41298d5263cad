"""Conditions that hold a run, let it go again, or end it."""

import http.server
import json
import os
import threading
from typing import ClassVar

import pytest

from coldfinger.instruments.roles import LockInStatus
from coldfinger.procedures import temperature_ramp
from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.control import RunControl
from coldfinger.procedures.engine.care import Care
from coldfinger.procedures.engine.items import RUN, Item, Night
from coldfinger.procedures.engine.wiring import engine_for
from coldfinger.procedures.laboratory.station_file import StationFileError, check_station_text, read_station_file
from coldfinger.procedures.runner import run_procedure
from coldfinger.procedures.safety.interlocks import CLEAR, SETTLING, TRIPPED, WAITING, Interlock, Interlocks
from coldfinger.procedures.safety.rules import HOLD, STOP, Rule, rules_of
from coldfinger.procedures.safety.signals import UrlSignal, last_number
from coldfinger.sim.faults import Fault, arm

WARM = """
[[interlock]]
name = "base too warm"
signal = "T_mc"
above = "100 mK"
release = "90 mK"
settle = "20 s"
"""


class Waits(TransportProcedure):
    """Waits, and looks around between two seconds."""

    DATA_COLUMNS: ClassVar = ["time (s)", "flags"]
    seconds = 300

    def check(self):
        pass

    def take_data(self):
        while self.active_time() < self.seconds:
            self.pause_for(1.0)


def station_of(simulated, extra="", **overrides):
    return simulated(read_station_file().text + extra, **overrides)


def run(station, folder, interlocks, control=None, attend=lambda: None):
    """Run a procedure that waits; what the interlocks said, with the time, and the result."""
    control, said = control or RunControl(), []

    def look():
        attend()
        said.extend((station.clock.time(), *message) for message in interlocks.look(station, control))

    result = run_procedure(Waits(), station, folder, control=control, attend=look)
    return result, said


def warm(station, kelvin):
    station.cryostat.mixing_chamber.temperature = kelvin


# One rule by itself


def rule(**changes):
    return Interlock(
        Rule("warm", "T_mc", kind="temperature", **{"above": 1.0, "release": 0.8, "settle": 10.0, **changes})
    )


def states(interlock, values):
    return [(interlock.update(float(now), value), interlock.state)[1] for now, value in enumerate(values)]


def test_what_is_true_at_the_first_look_already_is_acted_on():
    interlock = rule()
    assert states(interlock, [1.1]) == [TRIPPED]
    assert interlock.action(0.0) == HOLD


def test_what_is_true_for_one_second_only_is_acted_on_and_can_trip_again():
    interlock = rule()
    assert states(interlock, [0.5, 1.1, 0.5]) == [CLEAR, TRIPPED, SETTLING]
    assert states(interlock, [0.5] * 14)[-1] == CLEAR
    assert interlock.update(20.0, 1.1)[0][1:] == ("interlock", "warm: T_mc is 1.1 K, above 1 K; the run is held")


def test_between_release_and_level_it_stays_as_it_is():
    interlock = rule()
    assert states(interlock, [0.9, 1.1, 0.9, 0.9]) == [CLEAR, TRIPPED, TRIPPED, TRIPPED]


def test_a_level_must_hold_for_its_time():
    interlock = rule(wait=3.0)
    assert states(interlock, [1.1, 1.1, 0.5, 1.1, 1.1, 1.1, 1.1]) == [
        WAITING, WAITING, CLEAR, WAITING, WAITING, WAITING, TRIPPED,
    ]  # fmt: skip


def test_a_relapse_begins_the_settling_anew():
    interlock = rule(settle=3.0)
    assert states(interlock, [1.1, 0.5, 0.5, 1.1, 0.5, 0.5, 0.5, 0.5])[-2:] == [SETTLING, CLEAR]


def test_below_is_the_mirror_image():
    interlock = rule(above=None, below=1.0, release=1.2)
    assert states(interlock, [1.1, 0.9, 1.1, 1.3]) == [CLEAR, TRIPPED, TRIPPED, SETTLING]


def test_one_that_holds_for_too_long_ends_the_run():
    interlock = rule(longest=5.0)
    interlock.update(0.0, 2.0)
    assert interlock.action(5.0) == HOLD
    assert interlock.action(5.1) == STOP


@pytest.mark.parametrize(("unreadable", "action"), [("hold", HOLD), ("stop queue", STOP), ("ignore", "")])
def test_what_cannot_be_read_for_its_age_acts_as_declared(unreadable, action):
    interlock = rule(age=3.0, unreadable=unreadable)
    assert states(interlock, [0.5, None, None, None]) == [CLEAR] * 4
    messages = interlock.update(4.1, None)
    assert interlock.action(4.1) == action
    if action:
        assert messages[0][2].startswith("warm: nothing could be read from T_mc for 3 s; ")
        interlock.update(5.0, 0.5)
        assert interlock.state == SETTLING


def test_what_nobody_looked_at_does_not_count_as_unreadable():
    interlock = rule(age=60.0, unreadable="stop queue")
    interlock.update(0.0, 0.5)
    assert not interlock.doubtful
    interlock.update(1000.0, None)
    assert (interlock.action(1000.0), interlock.doubtful) == ("", True)
    interlock.update(1061.0, None)
    assert (interlock.action(1061.0), interlock.doubtful) == (STOP, False)


# In a run


def test_a_base_that_is_too_warm_holds_the_run_and_lets_it_go(simulated, tmp_path):
    station = station_of(simulated, WARM)
    station.cryostat.mixing_chamber.temperature = 0.3  # from the very start
    control = RunControl()
    result, said = run(station, tmp_path, Interlocks(station.file), control)
    assert result.outcome == "done"
    texts = [text for _, _, _, text in said]
    assert texts[0].startswith("base too warm: T_mc is ")
    assert texts[0].endswith("above 100 mK; the run is held")
    assert texts[1].startswith("base too warm: over after ")
    assert station.clock.time() > 300 + said[1][0] - said[0][0] - 3
    assert not control.held


def test_a_pause_of_a_person_is_not_ended_by_an_interlock(simulated, tmp_path):
    station = station_of(simulated, WARM)
    interlocks, control = Interlocks(station.file), RunControl()
    control.pause(3600.0)
    station.cryostat.mixing_chamber.temperature = 0.3
    released = []

    def person():
        if station.clock.time() > 1000.0 and control.order is not None and not released:
            released.append(control.held)
            control.resume()

    result, said = run(station, tmp_path, interlocks, control, person)
    assert result.outcome == "done"
    assert said[1][0] < 400  # the interlock was over long before
    assert released == [False]
    assert station.clock.time() > 1290


def test_a_persons_resume_does_not_end_the_hold_of_an_interlock():
    control = RunControl()
    control.hold()
    control.resume()
    assert control.order is not None
    control.pause(5.0)
    assert control.order.seconds == 5.0
    control.let_go()
    assert control.order.seconds == 5.0
    assert control.state == "pausing"
    control.resume()
    assert control.order is None


def test_a_hold_that_lasts_too_long_ends_the_run_and_the_queue(simulated, tmp_path):
    station = station_of(simulated, WARM.replace('settle = "20 s"', 'longest = "2 min"'))
    arm(station.rack, [Fault("drifting base", value=1e-3)])
    result, _ = run(station, tmp_path, Interlocks(station.file))
    assert result.outcome == "failed"
    assert result.stops_queue
    assert "the run was held for 2 min" in result.reason
    assert all(item.done for item in result.safe)


@pytest.mark.parametrize(("action", "stops"), [("safe", False), ("stop queue", True)])
def test_an_action_ends_the_run_safe_and_the_queue_only_where_it_says_so(action, stops, simulated, tmp_path):
    station = station_of(simulated, WARM + f'action = "{action}"\n')
    station.cryostat.mixing_chamber.temperature = 0.3
    interlocks = Interlocks(station.file)
    for _ in range(2):  # and again, as long as it is so
        station.cryostat.mixing_chamber.temperature = 0.3
        result, _ = run(station, tmp_path, interlocks)
        assert (result.outcome, result.stops_queue) == ("failed", stops)
        assert result.reason.startswith("base too warm: T_mc is ")


def test_between_two_runs_the_station_is_made_safe_once(simulated):
    station = station_of(simulated, WARM + 'action = "safe"\n')
    interlocks = Interlocks(station.file)
    station.controller.heater_range = 3.16e-3
    station.cryostat.mixing_chamber.temperature = 0.3
    said = list(interlocks.look(station, RunControl()))
    assert said[-1][2].endswith("the station was made safe")
    assert station.controller.heater_range == 0.0
    station.clock.sleep(1.0)
    assert not [text for _, _, text in interlocks.look(station, RunControl()) if "made safe" in text]


def test_an_overload_that_is_looked_at_is_still_there_for_the_row(simulated):
    station = station_of(simulated, '[[interlock]]\nsignal = "overload"\nfor = "3 s"\n')
    interlocks, control = Interlocks(station.file), RunControl()
    _ = station.lockin.status
    troubles = arm(station.rack, [Fault("overload", on="lock-in")])
    for _ in range(5):
        station.clock.sleep(1.0)
        interlocks.look(station, control)
    assert control.held
    troubles.clear()
    assert station.lockin.status & LockInStatus.INPUT_OVERLOAD
    for _ in range(60):
        station.clock.sleep(1.0)
        interlocks.look(station, control)
    assert not control.held


# What is always on


def heater_and_field_on(station):
    station.source.current = 1e-9
    station.controller.setpoint = 0.2
    station.controller.heater_range = 10e-3
    station.go_to_field(0.03)


def off_after(station, since):
    """Seconds of the laboratory from `since` until the heater was off, by its own log."""
    return next(f.time for f in station.rack.log.of("heater range") if f.time >= since and f.value == 0) - since


def test_above_the_highest_temperature_the_heater_is_off_within_ten_seconds_while_the_lockin_is_silent(
    simulated, tmp_path
):
    station = station_of(simulated)
    heater_and_field_on(station)
    arm(station.rack, [Fault("silence", on="lock-in", at=20.0), Fault("cooling lost", at=20.0, value=1.0)])
    result, _ = run(station, tmp_path, Interlocks(station.file))
    assert result.outcome == "failed"
    assert result.stops_queue
    assert result.reason.startswith("too warm: T_mc is ")
    assert off_after(station, 20.0) <= 10.0


def test_a_thermometer_that_shows_nothing_switches_the_heater_off_within_ten_seconds(simulated, tmp_path):
    station = station_of(simulated)
    heater_and_field_on(station)
    arm(station.rack, [Fault("control sensor out of range", at=30.0)])
    result, _ = run(station, tmp_path, Interlocks(station.file))
    assert result.reason == (
        "control thermometer: the controller says that the thermometer of its loop shows no temperature"
    )
    assert off_after(station, 30.0) <= 10.0


def test_without_any_thermometer_for_a_minute_the_station_becomes_safe(simulated, tmp_path):
    station = station_of(simulated)
    heater_and_field_on(station)
    arm(station.rack, [Fault("silence", on="bridge", at=30.0, for_=75.0)])
    result, _ = run(station, tmp_path, Interlocks(station.file))
    assert result.reason.startswith(
        "thermometer lost: neither the mixing chamber's nor the sample's thermometer can be read"
    )
    assert result.stops_queue
    assert off_after(station, 90.0) <= 10.0


def test_a_bridge_that_is_silent_for_half_a_minute_ends_nothing(simulated, tmp_path):
    station = station_of(simulated)
    arm(station.rack, [Fault("silence", on="bridge", at=30.0, for_=30.0)])
    result, said = run(station, tmp_path, Interlocks(station.file))
    assert result.outcome == "done"
    assert said == []


def test_a_quench_ends_the_run_and_the_queue_and_the_magnet_gets_no_command(simulated, tmp_path):
    station = station_of(simulated)
    heater_and_field_on(station)
    arm(station.rack, [Fault("quench", on="magnet", at=30.0)])
    result, _ = run(station, tmp_path, Interlocks(station.file))
    assert result.stops_queue
    assert result.reason.startswith(
        ("quench: the magnet has quenched; it is", "the magnet has quenched; the run is over")
    )
    assert off_after(station, 30.0) <= 5.0
    assert not [e for e in station.magnet.adapter.history if e.time > 33.0 and "?" not in e.sent]


def test_an_excitation_that_stays_on_longer_than_the_dwell_ends_the_run(simulated, tmp_path):
    station = simulated(read_station_file().text.replace("[limits]", '[limits]\ndwell = "2 min"'))
    station.source.current = 1e-9
    result, _ = run(station, tmp_path, Interlocks(station.file))
    assert result.reason == "dwell: the excitation has been on for 2 min 0 s, the limit of test.toml"
    assert not result.stops_queue
    assert 120 < station.clock.time() < 140
    assert station.cryostat.lockin.amplitude == 0.004


def test_an_ordinary_run_is_left_alone(simulated, tmp_path):
    station = station_of(simulated, WARM.replace("100 mK", "1 K").replace("90 mK", "900 mK"))
    procedure = temperature_ramp.TemperatureRamp(temperatures="", start=0.06, end=0.08)
    interlocks, control, said = Interlocks(station.file), RunControl(), []
    result = run_procedure(
        procedure, station, tmp_path, control=control, attend=lambda: said.extend(interlocks.look(station, control))
    )
    assert result.outcome == "done", result.reason
    assert said == []
    shown = {entry["name"]: entry for entry in interlocks.status()}
    assert json.loads(json.dumps(shown))["base too warm"]["state"] == CLEAR
    assert shown["base too warm"]["shown"].endswith("mK")
    assert shown["quench"]["value"] in ("holding", "paused", "at zero")


def test_in_a_queue_an_interlock_that_stops_it_leaves_what_follows_waiting(tmp_path):
    text = read_station_file().text + WARM.replace("100 mK", "200 mK") + 'action = "stop queue"\n'
    file = check_station_text(text, "test.toml")
    ramp = {"start": 0.1, "stop": 0.08, "points": 4, "excitation": "gentle"}
    items = tuple(Item(RUN, str(i), f"ramp {i}", "TemperatureRamp", ramp) for i in (1, 2))
    with engine_for(Night("night", items), file, tmp_path, sync=False) as engine:
        engine.care = Care(tmp_path, None, Interlocks(file))
        arm(engine.station.rack, [Fault("cooling lost", at=100.0, value=0.1)])
        ending = engine.run()
    assert ending.outcome == "held"
    assert [item.state for item in ending.items][1] == "waiting"
    assert "base too warm: T_mc is " in ending.items[0].reason
    assert all(item.done for item in ending.safe)


# Files and servers


def test_a_file_that_another_program_writes_holds_and_lets_go(simulated, tmp_path):
    level = tmp_path / "helium.txt"
    station = station_of(simulated)
    interlock = Interlock(
        Rule("helium", file=str(level), below=20.0, release=25.0, settle=0.0, age=60.0, unreadable="hold")
    )
    assert interlock.update(0.0, interlock.read(None))[0][2] == (
        f"helium: nothing could be read from {level} for 1 min 0 s; the run is held"
    )
    level.write_text("2026-11-22 17:00 level 40.5\n")
    interlock.update(1.0, interlock.read(None))
    interlock.update(2.0, interlock.read(None))
    assert (interlock.state, interlock.value) == (CLEAR, 40.5)
    level.write_text("40.5\n12\n")
    assert interlock.update(3.0, interlock.read(None))[0][2] == (f"helium: {level} is 12, below 20; the run is held")
    level.write_text("40.5\n")
    interlock.update(4.0, interlock.read(None))
    interlock.update(5.0, interlock.read(None))
    assert interlock.state == CLEAR
    old = level.stat().st_mtime - 100
    os.utime(level, (old, old))
    interlock.update(6.0, interlock.read(None))
    assert interlock.lost
    assert station.clock.time() < 60


@pytest.mark.parametrize(
    ("text", "number"), [("", None), ("no helium", None), ("a 1 b -2.5e-1 %", -0.25), ("1e999", None), ("\x00 7", 7.0)]
)
def test_the_last_number_of_a_text(text, number):
    assert last_number(text) == number


@pytest.fixture
def server():
    """Serves `answers[path]`; None: it hangs until the end."""
    over, answers = threading.Event(), {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if answers[self.path] is None:
                over.wait(20)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answers[self.path].encode())

        def log_message(self, *_):
            pass

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}", answers
    over.set()
    made.shutdown()
    made.server_close()
    thread.join()


def answer_of(signal):
    signal.value()
    signal._thread.join(10)
    return signal.value()


@pytest.mark.parametrize(
    ("body", "key", "number"),
    [
        ("level: 33.5", "", 33.5),
        ('{"helium": {"level": [1, "41.5"]}}', "helium.level.1", 41.5),
        ('{"helium": 1}', "compressor", None),
        ("<html>", "level", None),
    ],
)
def test_a_server_gives_a_number_or_one_under_a_key(server, body, key, number):
    address, answers = server
    answers["/"] = body
    signal = UrlSignal(Rule("r", url=address + "/", key=key, age=60.0, every=1000.0))
    assert answer_of(signal) == number
    signal.close()


def test_a_server_that_hangs_delays_nobody_and_counts_as_unreadable(server):
    address, answers = server
    answers["/"] = None
    signal = UrlSignal(Rule("r", url=address + "/", age=0.0, every=1000.0), timeout=0.3)
    clock = threading.Event()
    interlock = rule(age=0.0, unreadable="hold")
    interlock.signal = signal
    interlock.update(0.0, interlock.read(None))
    assert not clock.wait(0.05)
    interlock.update(1.0, interlock.read(None))
    assert interlock.lost
    signal.close()
    assert not signal._thread.is_alive()


# The station file


def test_the_tables_of_a_station_file_become_rules():
    file = check_station_text(
        read_station_file().text
        + WARM
        + '[[interlock]]\nfile = "helium.txt"\nbelow = 20\nage = "10 min"\nlongest = "1 h"\n'
        + '[[interlock]]\nsignal = "magnet state"\nstates = ["manual up", "quench"]\naction = "safe"\n',
        "/lab/blue.toml",
    )
    warm_rule, helium, magnet = rules_of(file)
    assert (warm_rule.above, warm_rule.release, warm_rule.settle, warm_rule.action) == (0.1, 0.09, 20.0, HOLD)
    assert (helium.file, helium.below, helium.release, helium.age) == ("/lab/helium.txt", 20.0, 20.0, 600.0)
    assert magnet.states == ("manual up", "quench")


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("", "interlock 1 looks at nothing; write one of signal, file and url"),
        ('signal = "T_mc"\nfile = "x"', "interlock 1 looks at signal and file; write one of signal, file and url"),
        ('signal = "T_mx"\nabove = "1 K"', "interlock 1.signal = 'T_mx' is not one of"),
        ('signal = "T_mc"', 'interlock 1 needs above or below, one of them; write for example above = "50 mK"'),
        ('signal = "T_mc"\nabove = 1', "interlock 1.above: 1 has no unit"),
        ('signal = "T_mc"\nabove = "1 T"', "interlock 1.above: '1 T' has the wrong dimension"),
        ('signal = "T_mc"\nabove = "1 K"\nbelow = "2 K"', "interlock 1 needs above or below, one of them"),
        ('signal = "T_mc"\nabove = "1 K"\nrelease = "2 K"', "interlock 1.release must be on the good side"),
        ('signal = "T_mc"\nabove = "1 K"\nfro = "2 s"', "unknown key interlock 1.fro; did you mean 'for'?"),
        ('signal = "T_mc"\nabove = "1 K"\nfor = 2', "interlock 1.for: 2 has no unit"),
        ('signal = "T_mc"\nabove = "1 K"\naction = "stop"', "interlock 1.action = 'stop' is not one of hold, safe"),
        ('signal = "T_mc"\nabove = "1 K"\nstates = ["quench"]', 'states belongs to signal = "magnet state"'),
        ('signal = "magnet state"', 'states belongs to signal = "magnet state", and nothing else; write for example'),
        ('signal = "magnet state"\nstates = ["warm"]', "interlock 1.states = ['warm'] must be a list of states"),
        ('signal = "overload"\nabove = 1', "interlock 1.above has no meaning for 'overload'; leave it out"),
        ('url = "ftp://x"\nabove = 1', "interlock 1.url = 'ftp://x' must begin with http:// or https://"),
        ('file = "x"\nabove = 1\nkey = "a"', "interlock 1.key belongs to url"),
        ('file = "x"\nabove = "1 K"', "interlock 1.above = '1 K' must be a plain number"),
        (
            'file = "x"\nabove = 1\n[[interlock]]\nfile = "x"\nbelow = 1',
            "interlock 2 has the same name as another, 'x'",
        ),
    ],
)
def test_a_mistake_in_an_interlock_gets_one_sentence(table, sentence):
    with pytest.raises(StationFileError) as error:
        check_station_text(f"{read_station_file().text}\n[[interlock]]\n{table}\n", "test.toml")
    assert str(error.value).startswith("test.toml: ")
    assert sentence in str(error.value)


def test_interlock_must_be_tables():
    with pytest.raises(StationFileError, match=r"'interlock' must be tables; write \[\[interlock\]\] above each"):
        check_station_text("interlock = 1\n" + read_station_file().text, "test.toml")
