"""Virtual time that jumps, runs, and changes its rate."""

import itertools
import socket
import threading
import time

import pytest

from coldfinger.sim.clock import SimClock
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
