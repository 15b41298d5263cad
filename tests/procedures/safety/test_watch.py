"""The watch makes a station safe while the measuring thread hangs; the simulator's own log is the judge."""

import contextlib
import math
import threading

import pytest

from coldfinger.instruments.clock import WallClock
from coldfinger.instruments.errors import InstrumentError
from coldfinger.procedures.control import AttendedClock, RunControl
from coldfinger.procedures.failures import Interlocked
from coldfinger.procedures.laboratory.station_file import check_station_text, read_station_file
from coldfinger.procedures.safety.interlocks import WAITING, Interlocks
from coldfinger.procedures.safety.watch import PERIOD, REAL_PERIOD, Watch
from coldfinger.procedures.station import open_station
from coldfinger.sim.faults import Fault, arm
from coldfinger.sim.witness import FAULT

RATE = 4.0  # virtual seconds in a real one
HANGS = 25.0  # s of the laboratory
WORLD = WallClock()


@contextlib.contextmanager
def warm_station(rate=RATE):
    """A station in real time, with excitation and heater on."""
    text = read_station_file().text.replace('speed = "unlimited"', f"speed = {rate:g}")
    station = open_station(check_station_text(text, "watched.toml"))
    with contextlib.closing(station):
        station.connect()
        station.source.current = 1e-9
        station.controller.setpoint = 0.2
        station.controller.heater_range = 10e-3
        yield station


@pytest.fixture
def station():
    with warm_station() as station:
        yield station


@contextlib.contextmanager
def watched(station):
    said = []
    watch = Watch(station, say=said.append)
    watch.start()
    try:
        yield watch, said
    finally:
        watch.close()


@contextlib.contextmanager
def hanging(station, ask, instrument):
    """A measuring thread that waits long for a reply, and does not give up before the test has seen enough."""
    instrument.adapter.connection.timeout = 1e3 * HANGS

    def measure():
        with contextlib.suppress(InstrumentError), instrument.lock:
            instrument.adapter._back_off = ()
            ask()

    thread = threading.Thread(target=measure)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(60)
        assert not thread.is_alive()


def heater_off_after_the_fault(station, kind, wait=22.0):
    """Seconds of the laboratory between a fault and the heater's going off, by the simulator's log; inf: still on."""
    clock, end = station.clock, station.clock.time() + wait
    while clock.time() < end:
        clock.sleep(0.2)
        with station.rack.lock:
            station.rack.advance()
            struck = [fact.time for fact in station.rack.log.of(FAULT) if kind in str(fact.value)]
            off = [
                f.time for f in station.rack.log.of("heater range") if struck and f.time > struck[0] and f.value == 0
            ]
        if off:
            return off[0] - struck[0]
    return math.inf


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("cooling lost", value=1.0), "too warm: T_mc is "),
        (Fault("control sensor out of range"), "control thermometer: "),
        (Fault("quench", on="magnet"), "quench: the magnet has quenched"),
    ],
    ids=["pump", "thermometer", "quench"],
)
def test_heaters_are_safe_within_ten_seconds_while_the_lockin_hangs(fault, reason):
    """A computer that stands still for a second may spoil an attempt, a watch that is too slow spoils each."""
    assert any(seconds_to_safety(fault, reason) <= 10.0 for attempt in range(3))


def seconds_to_safety(fault, reason):
    """Seconds of the laboratory that the watch needs while the measuring thread hangs, and says what it has done."""
    with warm_station() as station, watched(station) as (watch, said):
        arm(station.rack, [Fault("silence", on="lock-in"), fault])
        with hanging(station, lambda: station.lockin.x, station.lockin) as measuring:
            seconds = heater_off_after_the_fault(station, fault.kind)
            hung, why = measuring.is_alive(), watch.reason
            station.lockin.adapter.connection.timeout = 1.0
    if seconds <= 10.0:
        assert hung
        assert why.startswith(reason)
        assert said
        assert "the watch made the station safe" in said[0]
        assert "excitation is NOT safe" in said[0]
    return seconds


def test_the_measuring_thread_learns_of_it_at_its_next_look(station):
    with watched(station) as (watch, said):
        arm(station.rack, [Fault("quench", on="magnet")])
        assert heater_off_after_the_fault(station, "quench") < math.inf
        control, interlocks = RunControl(), Interlocks(station.file, watch)
        interlocks.interlocks.clear()  # the watch alone
        station.clock = AttendedClock(station.clock, control)
        with pytest.raises(Interlocked, match="quench: the magnet has quenched") as error:
            interlocks.look(station, control)
        station.clock = station.clock.clock
        assert error.value.stops_queue
        for _ in range(100):
            if said:
                break
            station.clock.sleep(0.2)
        assert "NOT safe" not in said[0]


def test_a_quiet_station_is_left_alone(station):
    with watched(station) as (watch, said):
        station.clock.sleep(12.0)
        assert watch.reason == ""
    assert said == []
    assert station.cryostat.loop.range_current > 0


def looks_of(watch, count):
    """Times of the world (s) at which a watch that is not started looked; what it finds is up to the caller."""
    times, enough = [], threading.Event()

    def update(eyes, now):
        times.append(WORLD.time())
        if len(times) == count:
            enough.set()

    watch._interlocks.update = update
    watch.start()
    assert enough.wait(30.0)
    watch.close()
    return times


def test_a_fast_station_is_left_alone_between_two_looks_while_nothing_is_doubtful():
    with warm_station(1000.0) as station:
        times = looks_of(Watch(station), 3)
        assert times[2] - times[0] >= 1.99 * REAL_PERIOD
        doubting = Watch(station)
        doubting._interlocks.interlocks[0].state = WAITING
        assert doubting._pause() == PERIOD / 1000.0
        station.clock.run_at(1.0)
        assert doubting._pause() == PERIOD
        doubting.close()


def test_there_is_no_watch_in_time_that_jumps(simulated, station):
    assert not Watch.needed(simulated())
    assert Watch.needed(station)


def test_a_watch_that_fails_says_so(station):
    said = []
    watch = Watch(station, say=said.append)
    watch._interlocks.update = lambda eyes, now: 1 / 0
    watch.start()
    for _ in range(100):
        if said:
            break
        station.clock.sleep(0.2)
    watch.close()
    assert said == ["the watch has failed (ZeroDivisionError: division by zero); start the program again"]
    assert watch.reason == said[0]
