"""What the simulated 372 finds out by itself: alarms with dead band and latch, relays, extremes of readings."""

import math

import pytest

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.rack import sim_rack
from coldfinger.sim.sample import builtin_sample


class Bench:
    """A 372 in a rack of its own; input A follows what the heater does, without noise."""

    def __init__(self):
        self.clock = SimClock()
        laboratory = Laboratory(bridge_noise=0.0)
        cryostat = Cryostat(builtin_sample("S0", 0, fluctuations=False), laboratory)
        self.rack = sim_rack(cryostat, self.clock, {"bridge": "GPIB0::12::INSTR"})
        self.port = self.rack.connect("GPIB0::12::INSTR")

    def ask(self, text):
        self.rack.exchange(self.port, text.encode(), end=True)
        return self.port.take().decode().removesuffix("\r\n")

    def wait(self, seconds):
        self.clock.sleep(seconds)
        self.rack.keep_up()

    def hold(self, kelvin):
        """Wait until the mixing chamber is as warm as that."""
        self.ask(f"OUTMODE 0,5,A,1,0,0,1;PID 0,20,30,0;RANGE 0,{8 if kelvin > 0.02 else 0};SETP 0,{kelvin}")
        for _ in range(100):
            self.wait(20.0)
            if abs(float(self.ask("KRDG? A")) - kelvin) < 0.02 * kelvin:
                return
        raise AssertionError(f"never at {kelvin} K: {self.ask('KRDG? A')}")


@pytest.fixture
def bench():
    return Bench()


def test_an_alarm_sounds_and_ends_behind_its_dead_band(bench):
    bench.hold(0.05)
    bench.ask("ALARM A,1,1,0.1,0.02,0.02,0,1,1")
    bench.wait(2.0)
    assert bench.ask("ALARMST? A") == "0,0"
    bench.hold(0.12)
    assert bench.ask("ALARMST? A") == "1,0"
    bench.hold(0.09)  # within the dead band
    assert bench.ask("ALARMST? A") == "1,0"
    bench.hold(0.06)
    assert bench.ask("ALARMST? A") == "0,0"
    bench.ask("ALARM A,1,1,0.5,0.1,0.02,0,1,1")
    bench.wait(2.0)
    assert bench.ask("ALARMST? A") == "0,1"
    bench.ask("ALARM A,0,1,0.5,0.1,0.02,0,1,1")
    assert bench.ask("ALARMST? A") == "0,0"


def test_a_latched_alarm_waits_for_its_reset(bench):
    bench.hold(0.05)
    bench.ask("ALARM A,1,1,0.1,0,0,1,1,1")
    bench.hold(0.12)
    bench.hold(0.05)
    assert bench.ask("ALARMST? A") == "1,0"
    bench.ask("ALMRST")
    bench.wait(2.0)
    assert bench.ask("ALARMST? A") == "0,0"


def test_an_alarm_may_watch_ohms_and_an_open_input_has_none(bench):
    bench.wait(60.0)
    ohms = float(bench.ask("SRDG? 1"))
    bench.ask(f"ALARM 1,1,2,{0.5 * ohms:.6g},1,0,0,1,1;ALARM 9,1,2,1,0,0,0,1,1")
    bench.wait(2.0)
    assert bench.ask("ALARMST? 1;ALARMST? 9") == "1,0;0,0"


def test_relays_follow_their_mode(bench):
    bench.hold(0.05)
    assert bench.ask("RELAYST? 1;RELAYST? 2") == "0;0"
    bench.ask("RELAY 1,1,,;RELAY 2,2,A,1;ALARM A,1,1,0.04,0,0,0,1,1")
    bench.wait(2.0)
    assert bench.ask("RELAYST? 1;RELAYST? 2") == "1;1"
    bench.ask("RELAY 1,0,,;RELAY 2,2,A,0")  # the low alarm, which is silent
    assert bench.ask("RELAYST? 1;RELAYST? 2") == "0;0"
    bench.ask("RELAY 2,2,A,2")
    assert bench.ask("RELAYST? 2") == "1"
    assert bench.ask("RELAYST? 3") == ""


def test_a_relay_follows_the_zone_of_the_set_point(bench):
    bench.ask("ZONE 0,1,0.05,20,30,0,0,6,0.1,1,0;ZONE 0,2,0.5,20,30,0,0,8,0.1,0,1;RELAY 1,3,,;RELAY 2,3,,")
    bench.ask("OUTMODE 0,3,A,1,0,0,1;RANGE 0,6;SETP 0,0.04")
    assert bench.ask("RELAYST? 1;RELAYST? 2") == "1;0"
    bench.ask("SETP 0,0.2")
    assert bench.ask("RELAYST? 1;RELAYST? 2") == "0;1"
    bench.ask("OUTMODE 0,5,A,1,0,0,1")
    assert bench.ask("RELAYST? 1;RELAYST? 2") == "0;0"


def test_extremes_are_those_since_the_reset(bench):
    bench.hold(0.1)
    now, extremes = bench.ask("KRDG? A;MDAT? A").split(";")
    assert extremes == f"{now},{now}"
    bench.ask("MNMXRST;SETP 0,0.06")
    seen = []
    for _ in range(100):  # the mixing chamber swings
        bench.wait(math.floor(bench.clock.time()) + 1.0 - bench.clock.time())
        seen.append(float(bench.port.panel.receive(b"KRDG? A\n")))
    assert [float(part) for part in bench.ask("MDAT? A").split(",")] == [min(seen), max(seen)]
    assert max(seen) > 1.2 * min(seen)
    bench.ask("MNMX A,2")
    bench.wait(2.0)
    assert bench.ask("MNMX? A") == "2"
    assert all(1e3 < float(part) < 1e5 for part in bench.ask("MDAT? A").split(","))
    assert bench.ask("MDAT? 9") == "+000.000E+00,+000.000E+00"


def test_an_alarm_goes_on_after_the_power_switch(bench):
    bench.hold(0.05)
    bench.ask("ALARM A,1,1,0.01,0,0,0,1,1")
    bench.rack.power_cycle(bench.port.panel)
    assert bench.ask("ALARMST? A") == "0,0"
    bench.wait(2.0)
    assert bench.ask("ALARMST? A") == "1,0"


def test_looking_changes_nothing_in_the_laboratory():
    watching, other = Bench(), Bench()
    watching.ask("MNMXRST;ALARM A,1,1,0.1,0,0,0,1,1")
    other.ask("*OPC?;*OPC?")
    for bench in (watching, other):
        bench.hold(0.05)
    assert watching.ask("SRDG? A;SRDG? 1;KRDG? A;HTR?") == other.ask("SRDG? A;SRDG? 1;KRDG? A;HTR?")
