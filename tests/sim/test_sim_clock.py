"""Virtual time that jumps, runs, and changes its rate."""

import itertools
import socket
import threading
import time

import pytest

from coldfinger.sim.clock import PATIENCE, PacedClock, SimClock
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.rack import sim_rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.server import serve


def test_a_clock_that_jumps_is_exactly_where_it_slept_to():
    clock = SimClock()
    for seconds in (0.1, 3600.0, 0.0, -1.0):
        clock.sleep(seconds)
    assert clock.time() == 3600.1


def test_a_clock_that_runs_goes_on_from_where_it_was_at_another_rate():
    clock = SimClock(rate=1e3)
    clock.sleep(20.0)
    before = clock.time()
    clock.run_at(1e6)
    clock.sleep(20e3)
    assert clock.time() >= before + 20e3
    clock.run_at(1.0)
    slow = clock.time()
    clock.sleep(0.01)
    assert slow < clock.time() < slow + 60.0


def test_no_thread_sees_time_run_backwards_while_the_rate_changes():
    clock, seen, over = SimClock(rate=1.0), [], threading.Event()

    def look():
        while not over.is_set():
            seen.append(clock.time())

    watching = threading.Thread(target=look)
    watching.start()
    for rate in (1000.0, 1.0, 500.0, 2.0) * 50:
        clock.run_at(rate)
        clock.sleep(rate * 1e-4)
    over.set()
    watching.join()
    assert all(later >= earlier for earlier, later in itertools.pairwise(seen))


def work(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_work_costs_no_time_of_a_paced_clock():
    clock = PacedClock(rate=1000.0)
    for _ in range(20):
        work(0.01)  # ten seconds of a clock that only runs
        clock.sleep(2.0)
    assert clock.time() == pytest.approx(40.0, abs=1e-9)


def test_a_paced_clock_is_never_faster_than_its_rate_but_for_what_it_catches_up():
    clock, began = PacedClock(rate=1000.0), time.monotonic()
    for _ in range(300):
        clock.sleep(1.0)
    assert time.monotonic() - began >= 0.3 - 1e-3
    work(0.2)
    began = time.monotonic()
    for _ in range(300):
        clock.sleep(1.0)
    assert time.monotonic() - began >= 0.2 - 1e-3


def test_a_paced_clock_runs_where_people_are_waited_for_and_where_nobody_sleeps_by_it():
    clock = PacedClock(rate=1000.0)
    clock.sleep(1.0)
    with clock.released():
        time.sleep(0.05)
        assert clock.time() >= 1.0 + 50.0
    here = clock.time()
    assert clock.time() - here < 1.0
    time.sleep(PATIENCE + 0.05)
    assert clock.time() >= here + 40.0


def test_a_reply_that_never_comes_costs_a_paced_clock_the_time_of_its_reader():
    rack = sim_rack(Cryostat(builtin_sample("S0", 0, fluctuations=False)), PacedClock(1000.0))
    port, before, began = rack.connect(rack.names["lock-in"]), rack.clock.time(), time.monotonic()
    assert not rack.wait_for_reply(port, 30.0)
    assert rack.clock.time() - before == pytest.approx(30.0)
    assert time.monotonic() - began < 0.5 * PATIENCE


def test_who_sleeps_beside_another_by_a_paced_clock_does_not_make_it_faster():
    clock, began = PacedClock(rate=100.0), time.monotonic()
    beside = threading.Thread(target=clock.sleep, args=(10.0,))
    beside.start()
    clock.sleep(10.0)
    beside.join()
    assert 10.0 <= clock.time() <= 100.0 * (time.monotonic() - began) + 10.0


def test_a_paced_clock_goes_on_from_where_it_was_at_another_rate():
    clock = PacedClock(rate=1000.0)
    clock.sleep(20.0)
    work(0.05)
    clock.run_at(10.0)
    assert clock.time() == pytest.approx(20.0)
    clock.sleep(0.5)
    assert clock.time() == pytest.approx(20.5)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_that_cannot_be_is_refused_and_changes_nothing(rate):
    clock = SimClock(rate=10.0)
    with pytest.raises(ValueError, match="cannot go on at"):
        clock.run_at(rate)
    assert clock.rate == 10.0


def test_a_clock_that_jumps_stays_one():
    with pytest.raises(ValueError, match="runs at inf times real time"):
        SimClock().run_at(10.0)


def test_a_rack_and_its_server_go_at_the_rate_that_the_clock_has_now():
    rack = sim_rack(Cryostat(builtin_sample("S0", 0, fluctuations=False)), SimClock(1.0))
    with serve(rack) as server, socket.create_connection(server.places["bias"][1:3], 5.0) as bias:
        rack.clock.run_at(500.0)
        assert rack.rate == 500.0
        began = time.monotonic()
        for _ in range(200):  # a second of bus time, 2 ms at this rate
            bias.sendall(b"OUTP?\n")
            assert bias.recv(10) == b"0\n"
        assert time.monotonic() - began < 0.7
