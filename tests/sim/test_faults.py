"""Faults on demand: each arrives at a driver, or in the laboratory, in the shape that real hardware gives it."""

import math
import threading
import time

import pytest
import pyvisa
from pyvisa.constants import StatusCode

from coldfinger.sim import faults, visa
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.fault_kinds import KINDS
from coldfinger.sim.faults import Fault, FaultError, load_scenario, scenario_from
from coldfinger.sim.magnet import MagnetModel, SwitchModel
from coldfinger.sim.rack import ADDRESSES, sim_rack
from coldfinger.sim.sample import builtin_sample

SAMPLE = builtin_sample("S0", 0, fluctuations=False)
SENS = b"SENS?\n"


class Bench:
    """A rack, a PyVISA manager on it, and instruments opened by their short names."""

    def __init__(self, rate=math.inf, magnet=None):
        laboratory = Laboratory(input_noise=None, bridge_noise=0.0, magnet=magnet or MagnetModel())
        self.rack = sim_rack(Cryostat(SAMPLE, laboratory), SimClock(rate))
        visa.register("faulty", self.rack)
        self.manager = pyvisa.ResourceManager("faulty@coldfinger")

    def __getitem__(self, name):
        end = "\r\n" if name == "magnet" else None
        resource = self.manager.open_resource(ADDRESSES[name], read_termination=end, write_termination="\n")
        if name == "magnet":
            assert resource.read().startswith("American Magnetics")
            assert resource.read() == "Hello."
        return resource

    def arm(self, *wanted, seed=0):
        return faults.arm(self.rack, wanted, seed=seed)

    @property
    def lab(self):
        return self.rack.cryostat

    def wait(self, seconds):
        self.rack.clock.sleep(seconds)
        self.rack.advance()

    def close(self):
        visa.unregister("faulty")
        self.manager.close()


@pytest.fixture
def bench():
    result = Bench()
    yield result
    result.close()


def error_of(action):
    with pytest.raises(pyvisa.errors.VisaIOError) as caught:
        action()
    return caught.value.error_code


def struck(bench):
    return [fact.value for fact in bench.rack.log.of("fault")]


# On the wire


def test_silence_begins_after_the_tenth_message_and_ends_by_itself(bench):
    lockin = bench["lock-in"]
    bench.arm(Fault("silence", on="lock-in", after=10, for_=5.0))
    for _ in range(10):
        assert lockin.query("SENS?") == "26\n"
    began = bench.rack.clock.time()
    assert error_of(lambda: lockin.query("SENS?")) == StatusCode.error_timeout
    assert bench.rack.clock.time() - began == pytest.approx(2.005)
    lockin.write("SENS 20")  # it hears and obeys, it only does not speak
    assert bench.lab.lockin.sensitivity == 10e-3
    bench.wait(5.0)
    assert lockin.query("SENS?") == "20\n"
    assert struck(bench) == ["silence on lock-in"]
    assert [fact.value for fact in bench.rack.log.of("fault over")] == ["silence on lock-in"]


def test_silence_lasts_for_ever_unless_it_is_cleared(bench):
    lockin, bias = bench["lock-in"], bench["bias"]
    troubles = bench.arm(Fault("silence", on="lock-in"))
    bench.wait(1e4)
    assert error_of(lambda: lockin.query("SENS?")) == StatusCode.error_timeout
    assert bias.query("OUTP?") == "0\n"
    assert [fault.kind for fault in troubles.active] == ["silence"]
    troubles.clear()
    assert lockin.query("SENS?") == "26\n"
    assert bench.rack.troubles is None


def test_garbage_is_not_text_and_has_the_length_of_the_reply(bench):
    lockin = bench["lock-in"]
    bench.arm(Fault("garbage", on="lock-in"))
    lockin.write("*IDN?")
    raw = lockin.read_raw()
    assert len(raw) == len("Stanford_Research_Systems,SR830,s/n12345,ver1.07\n")
    assert raw.endswith(b"\n")
    assert all(byte >= 128 for byte in raw[:-1])
    assert lockin.query("SENS?") == "26\n"  # one reply only


def test_a_truncated_reply_has_no_terminator(bench):
    bridge, magnet = bench["bridge"], bench["magnet"]
    bench.arm(Fault("truncated reply", on="bridge"), Fault("truncated reply", on="magnet"))
    bridge.write("*IDN?")
    assert bridge.read_raw() == b"LSCI,MODEL37"  # END comes with what is left
    assert error_of(lambda: magnet.query("*IDN?")) == StatusCode.error_timeout


def test_a_late_reply_comes_after_the_reader_has_given_up_and_shifts_what_follows(bench):
    lockin = bench["lock-in"]
    bench.arm(Fault("late reply", on="lock-in", value=3.0))
    assert error_of(lambda: lockin.query("SENS?")) == StatusCode.error_timeout
    began = bench.rack.clock.time()
    assert lockin.query("HARM?") == "26\n"  # the answer to the question before, as on a real bus
    assert bench.rack.clock.time() - began < 1.1
    assert lockin.read() == "1\n"


def test_a_duplicated_reply_comes_twice(bench):
    lockin = bench["lock-in"]
    bench.arm(Fault("duplicated reply", on="lock-in", after=1))
    assert lockin.query("SENS?") == "26\n"
    assert lockin.query("HARM?") == "1\n"
    assert lockin.query("SENS?") == "1\n"


def test_a_lost_command_is_never_obeyed(bench):
    lockin = bench["lock-in"]
    bench.arm(Fault("lost command", on="lock-in", after=1))
    lockin.write("SENS 20")
    lockin.write("SENS 10")
    assert lockin.query("SENS?") == "20\n"


def test_a_wrong_terminator_is_another_end_of_line(bench):
    lockin, bridge = bench["lock-in"], bench["bridge"]
    bench.arm(Fault("wrong terminator", on="lock-in"), Fault("wrong terminator", on="bridge"))
    lockin.write("SENS?")
    assert lockin.read_raw() == b"26\r"
    bridge.write("*OPC?")
    assert bridge.read_raw() == b"1\n"


def test_a_slow_bus_costs_time_at_every_message(bench):
    lockin, bias = bench["lock-in"], bench["bias"]
    bench.arm(Fault("slow bus", on="lock-in", value=2.0, for_=7.0))
    began = bench.rack.clock.time()
    lockin.query("SENS?")
    assert bench.rack.clock.time() - began == pytest.approx(2.005)
    bias.query("OUTP?")
    assert bench.rack.clock.time() - began == pytest.approx(2.010)
    bench.wait(7.0)
    began = bench.rack.clock.time()
    lockin.query("SENS?")
    assert bench.rack.clock.time() - began == pytest.approx(0.005)


def test_a_disconnect_on_gpib_is_a_missing_listener_and_on_a_socket_a_lost_connection(bench):
    lockin, magnet = bench["lock-in"], bench["magnet"]
    bench.arm(Fault("disconnect", on="lock-in"), Fault("disconnect", on="magnet", after=1))
    assert error_of(lambda: lockin.query("SENS?")) == StatusCode.error_no_listeners
    assert lockin.query("SENS?") == "26\n"
    assert magnet.query("STATE?") == "3"
    assert error_of(lambda: magnet.query("STATE?")) == StatusCode.error_connection_lost
    assert error_of(lambda: magnet.query("STATE?")) == StatusCode.error_connection_lost
    assert bench["magnet"].query("STATE?") == "3"  # a new connection has a greeting and works


def test_a_socket_that_is_gone_for_a_while_cannot_be_opened_meanwhile(bench):
    magnet = bench["magnet"]
    bench.arm(Fault("disconnect", on="magnet", for_=10.0))
    assert error_of(lambda: magnet.query("STATE?")) == StatusCode.error_connection_lost
    assert error_of(lambda: bench["magnet"]) == StatusCode.error_resource_busy
    bench.wait(10.0)
    assert bench["magnet"].query("STATE?") == "3"


def test_a_power_cycle_loses_the_settings_and_greets_again(bench):
    lockin, magnet, bridge, bias = (bench[name] for name in ("lock-in", "magnet", "bridge", "bias"))
    lockin.write("SENS 20")
    magnet.write("CONF:FIELD:TARG 0.1")
    magnet.write("RAMP")
    bridge.write("RANGE 0,5")
    bridge.write("SETP 0,0.1")
    bias.write("OUTP 1")
    bench.wait(20.0)
    field = bench.lab.magnet.after
    assert field > 5.0
    bench.arm(*(Fault("power cycle", on=name, for_=3.0) for name in ADDRESSES))
    for gpib in (lockin, bridge, bias):
        assert error_of(lambda: gpib.query("*IDN?")) == StatusCode.error_no_listeners  # noqa: B023 - called at once
    assert error_of(lambda: magnet.query("*IDN?")) == StatusCode.error_connection_lost
    bench.wait(3.0)
    assert lockin.query("SENS?;*ESR? 7") == "26\n"
    assert lockin.read() == "1\n"
    assert (bridge.query("RANGE? 0"), bias.query("OUTP?")) == ("0\r\n", "0\n")
    magnet = bench["magnet"]
    assert float(magnet.query("FIELD:TARG?")) == 0.0
    assert bench.lab.magnet.after == 0.0


def test_a_real_link_survives_every_fault_of_the_wire(bench):
    from coldfinger.instruments.link import open_link

    wire = [kind for kind, about in KINDS.items() if about.start is None and kind != "power cycle"]
    for number, kind in enumerate(wire):
        link = open_link(ADDRESSES["lock-in"], "faulty@coldfinger", clock=bench.rack.clock)
        link.introduce("lock-in", ".*SR830.*")
        assert link.ask("SENS?", str) == "26"
        bench.arm(Fault(kind, on="lock-in", after=number % 3, for_=None if kind != "silence" else 2.0))
        for _ in range(6):
            assert (link.ask("SENS?", check_26), link.ask("HARM?", check_1)) == ("26", "1")
        bench.rack.troubles.clear()
        link.connection.close()
    assert {label.removesuffix(" on lock-in") for label in struck(bench)} == set(wire)


def check_26(reply):
    return strict(reply, "26")


def check_1(reply):
    return strict(reply, "1")


def strict(reply, wanted):
    from coldfinger.instruments.errors import ReplyError

    if not reply.isdigit():
        raise ReplyError(f"{reply!r} is no number")
    assert reply == wanted  # a shifted answer would be believed
    return reply


# In the laboratory


def test_an_overload_shows_in_the_status_byte_and_at_the_output(bench):
    lockin = bench["lock-in"]
    lockin.write("SENS 20")
    bench.arm(Fault("overload", for_=30.0))
    bench.wait(20.0)
    assert int(lockin.query("LIAS?")) & 5 == 5
    assert float(lockin.query("OUTP? 1")) == pytest.approx(1.09 * bench.lab.lockin.sensitivity, rel=1e-4)
    bench.wait(60.0)
    lockin.query("LIAS?")
    bench.wait(1.0)
    assert int(lockin.query("LIAS?")) == 0


def test_a_lost_reference_is_latched_and_takes_the_signal_away(bench):
    lockin = bench["lock-in"]
    lockin.write("FREQ 7;SLVL 1;ICPL 1;SENS 17")
    bench.wait(30.0)
    signal = float(lockin.query("OUTP? 3"))
    assert signal > 0
    bench.arm(Fault("reference unlock", for_=30.0))
    bench.wait(29.0)
    assert int(lockin.query("LIAS?")) & 8
    assert float(lockin.query("OUTP? 3")) < 1e-3 * signal
    bench.wait(2.0)
    assert int(lockin.query("LIAS?")) & 8  # once more, for the second after the reading
    bench.wait(1.0)
    assert int(lockin.query("LIAS?")) == 0


@pytest.mark.parametrize(("kind", "factor"), [("open sample", (50, 200)), ("short", (0, 0.05))])
def test_an_open_and_a_short_sample_change_the_voltage_as_ohm_says(bench, kind, factor):
    lockin = bench["lock-in"]
    lockin.write("FREQ 7;SLVL 1;ICPL 1;SENS 26")
    bench.wait(30.0)
    true = abs(bench.lab.lockin._state[3])
    troubles = bench.arm(Fault(kind))
    bench.wait(60.0)
    after = abs(bench.lab.lockin._state[3])
    assert factor[0] * true <= after <= factor[1] * true
    troubles.clear()
    bench.wait(60.0)
    assert abs(bench.lab.lockin._state[3]) == pytest.approx(true, rel=1e-3)


def test_a_stuck_range_ignores_commands_and_the_autorange(bench):
    lockin, bridge = bench["lock-in"], bench["bridge"]
    bench.arm(Fault("range stuck", on="lock-in"), Fault("range stuck", on="bridge"))
    lockin.write("SENS 3")
    assert lockin.query("SENS?") == "26\n"
    before = bridge.query("INTYPE? 1")
    bridge.write("INTYPE 1,0,3,1,2,0,1")
    bench.wait(60.0)
    assert bridge.query("INTYPE? 1") == before


def heated(bench, current=5):
    bridge = bench["bridge"]
    bridge.write("SETP 0,0.05")
    bridge.write(f"RANGE 0,{current}")
    bench.wait(600.0)
    return bridge


def test_an_open_heater_gives_no_heat_and_is_reported(bench):
    bridge = heated(bench)
    assert bench.lab.mixing_chamber.temperature == pytest.approx(0.05, rel=0.02)
    bench.arm(Fault("heater open"))
    bench.wait(300.0)
    assert bench.lab.mixing_chamber.temperature == pytest.approx(0.010, rel=0.01)
    assert bridge.query("HTRST? 0") == "1\r\n"


def test_a_stuck_heater_runs_away_until_its_range_is_off(bench):
    bridge = heated(bench)
    bench.arm(Fault("heater stuck at full"))
    bench.wait(300.0)
    assert bench.lab.mixing_chamber.temperature > 0.15
    bridge.write("RANGE 0,0")
    bench.wait(300.0)
    assert bench.lab.mixing_chamber.temperature == pytest.approx(0.010, rel=0.01)


def test_a_stuck_heater_with_a_current_of_its_own_heats_at_every_range(bench):
    bench.arm(Fault("heater stuck at full", value=3e-3))
    bench.wait(300.0)
    power = 3e-3**2 * 120.0
    assert bench.lab.mixing_chamber.temperature == pytest.approx(math.sqrt(1e-4 + power / 0.04), rel=1e-6)


def test_lost_cooling_warms_up_as_the_heat_leak_says_and_comes_back(bench):
    bench.arm(Fault("cooling lost", at=100.0, for_=400.0, value=1e-3))
    bench.wait(99.0)
    assert bench.lab.mixing_chamber.temperature == pytest.approx(0.010)
    bench.wait(401.0)
    expected = math.sqrt(1e-4 + 400.0 * (1e-3 + 4e-6) / (20.0 * 0.04))
    assert bench.lab.mixing_chamber.temperature == pytest.approx(expected, rel=2e-3)  # a tick of 0.25 s at each end
    bench.wait(400.0)
    assert bench.lab.mixing_chamber.temperature == pytest.approx(0.010, rel=0.01)


def test_the_base_temperature_drifts_and_comes_back(bench):
    troubles = bench.arm(Fault("drifting base", value=2e-6))
    bench.wait(5000.0)
    assert bench.lab.mixing_chamber.temperature == pytest.approx(0.020, rel=0.01)
    troubles.clear("drifting base")
    bench.wait(300.0)
    assert bench.lab.mixing_chamber.temperature == pytest.approx(0.010, rel=0.01)


def test_a_quench_takes_the_field_away_and_stays_until_it_is_acknowledged(bench):
    magnet = bench["magnet"]
    magnet.write("CONF:FIELD:TARG 0.01")
    magnet.write("RAMP")
    bench.wait(200.0)
    bench.arm(Fault("quench"))
    bench.wait(1.0)
    assert (magnet.query("STATE?"), magnet.query("QU?")) == ("7", "1")
    assert bench.lab.magnet.after == 0.0
    magnet.write("RAMP")
    bench.wait(100.0)
    assert bench.lab.magnet.after == 0.0
    magnet.write("QU 0")
    assert magnet.query("STATE?") != "7"


def test_a_stuck_switch_stays_as_it_is_whatever_its_heater_does():
    bench = Bench(magnet=MagnetModel(switch=SwitchModel()))
    try:
        magnet = bench["magnet"]
        bench.arm(Fault("switch heater stuck"))
        magnet.write("PS 1")
        bench.wait(60.0)
        assert magnet.query("PS?") == "1"
        assert bench.lab.magnet.heater_on
        assert not bench.lab.magnet.switch_open
    finally:
        bench.close()


def test_a_sensor_out_of_range_is_reported_as_such(bench):
    bridge = bench["bridge"]
    bench.arm(Fault("sensor out of range", for_=300.0))
    bench.wait(200.0)
    assert int(bridge.query("RDGST? 1")) & 16
    assert int(bridge.query("RDGST? A")) == 0
    bench.wait(300.0)
    assert int(bridge.query("RDGST? 1")) == 0


def test_a_loop_without_its_sensor_switches_its_heat_off(bench):
    heated(bench)
    bench.arm(Fault("control sensor out of range"))
    bench.wait(300.0)
    assert bench.lab.mixing_chamber.temperature == pytest.approx(0.010, rel=0.01)


def test_a_stale_scanner_repeats_its_last_reading_without_a_word(bench):
    bridge = bench["bridge"]
    bench.wait(60.0)
    bench.arm(Fault("stale scanner"))
    before = bridge.query("SRDG? 1")
    heated(bench)
    assert bridge.query("SRDG? 1") == before
    assert bridge.query("RDGST? 1") == "000\r\n"
    assert bench.lab.chip.temperature > 0.015


def test_a_loop_on_a_stale_sensor_heats_for_ever(bench):
    bench.arm(Fault("stale sensor"))
    heated(bench)
    assert bench.lab.mixing_chamber.temperature > 0.15  # full current of the range


# When they strike


def test_a_fault_at_a_time_strikes_at_that_time_whoever_looks(bench):
    lockin = bench["lock-in"]
    bench.arm(Fault("quench", at=10.0))
    for _ in range(100):
        lockin.query("SENS?")
        bench.wait(0.1)
    bench.wait(100.0)
    assert [(fact.time, fact.value) for fact in bench.rack.log.of("fault")] == [(10.0, "quench on magnet")]


def night(seed, looks):
    """What a laboratory with faults at seeded rates did in a thousand seconds, under so many looks at it."""
    bench = Bench()
    try:
        bench.arm(
            Fault("cooling lost", per_second=0.01, for_=20.0),
            Fault("overload", per_second=0.02, for_=1.0),
            seed=seed,
        )
        bridge = bench["bridge"]
        for _ in range(looks):
            bridge.query("SRDG? 1")
            bench.wait((1000.0 - bench.rack.clock.time()) / looks)
        bench.wait(1000.0 - bench.rack.clock.time())
        return bench.rack.log.facts, bench.lab.chip.temperature
    finally:
        bench.close()


def test_the_same_seed_gives_the_same_faults_and_looking_does_not_change_them():
    assert night(3, 0) == night(3, 0) == night(3, 40)
    assert night(4, 0) != night(3, 0)


def replies(seed, extra=()):
    bench = Bench()
    try:
        bench.arm(Fault("garbage", on="lock-in", per_message=0.2), *extra, seed=seed)
        port = bench.rack.connect(ADDRESSES["lock-in"])
        result = []
        for _ in range(200):
            bench.rack.exchange(port, SENS, True)
            result.append(port.take())
        return result
    finally:
        bench.close()


def test_a_rate_per_message_is_seeded_and_does_not_depend_on_other_faults():
    first = replies(1)
    assert first == replies(1) == replies(1, (Fault("quench", per_second=1.0),))
    assert first != replies(2)
    assert 20 <= sum(reply != b"26\n" for reply in first) <= 60


def test_messages_on_a_socket_are_counted_by_their_ends_however_they_are_cut():
    results = []
    for pieces in ([b"STATE?\nSTATE?\n*OPC?\nSTATE?\n"], [b"STA", b"TE?\r", b"\nSTATE?\n*O", b"PC?\nSTATE", b"?\n"]):
        bench = Bench()
        port = bench.rack.connect(bench.rack.names["magnet"])
        port.take()
        bench.arm(Fault("garbage", on="magnet", after=3))
        for piece in pieces:
            bench.rack.exchange(port, piece)
        results.append(port.take())
        bench.close()
    assert results[0] == results[1]
    assert results[0].startswith(b"3\r\n3\r\n")
    assert not results[0].endswith(b"3\r\n")


def test_a_refused_fault_does_not_move_those_that_are_armed_later():
    def strikes(refused):
        rack = sim_rack(Cryostat(SAMPLE), SimClock())
        faults.arm(rack, [Fault("slow bus", on="lock-in")])
        for fault in refused:
            with pytest.raises(FaultError):
                faults.arm(rack, [Fault("silence", on="bias"), fault])
        return faults.arm(rack, [Fault("silence", on="lock-in", per_second=0.01)], seed=3).due

    assert strikes([Fault("silence", on="generator")]) == strikes([])


def test_with_a_fault_armed_that_never_strikes_every_answer_is_the_same():
    answers = []
    for wanted in ((), (Fault("silence", on="lock-in", at=1e9), Fault("garbage", on="bridge", after=10**9))):
        bench = Bench()
        bench.arm(*wanted)
        lockin, bridge = bench["lock-in"], bench["bridge"]
        lockin.write("SLVL 1")
        bridge.write("RANGE 0,5")
        bridge.write("SETP 0,0.1")
        said = []
        for _ in range(50):
            said += [lockin.query("SNAP? 1,2"), bridge.query("SRDG? 1")]
            bench.wait(3.7)
        answers.append((said, bench.rack.clock.time()))
        bench.close()
    assert answers[0] == answers[1]


def test_a_hanging_read_leaves_the_other_instruments_usable():
    bench = Bench(rate=1.0)
    bench.rack.clock.sleep(0.0)
    try:
        lockin, bridge = bench["lock-in"], bench["bridge"]
        troubles = bench.arm(Fault("silence", on="lock-in"))
        lockin.timeout = 60_000
        done = []

        def hang():
            try:
                done.append(lockin.query("SENS?"))
            except pyvisa.errors.VisaIOError as error:
                done.append(error.error_code)

        reader = threading.Thread(target=hang)
        reader.start()
        time.sleep(0.1)
        began = time.monotonic()
        for _ in range(20):
            assert bridge.query("*OPC?") == "1\r\n"
        assert time.monotonic() - began < 5.0
        assert not done
        troubles.clear()
        bench.rack.connect(ADDRESSES["lock-in"]).out.append(b"late\n")  # what ends the wait at last
        reader.join(30.0)
        assert done == ["late\n"]
    finally:
        bench.close()


# What is refused


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"kind": "silense", "on": "lock-in"}, "fault kind 'silense' is unknown; did you mean 'silence'?"),
        (
            {"kind": "silence"},
            "fault 'silence': on is missing; allowed are lock-in, bridge, magnet, bias, controller, generator, "
            "second lock-in",
        ),
        (
            {"kind": "quench", "on": "bridge"},
            "fault 'quench': on = 'bridge' is not possible; allowed are magnet",
        ),
        (
            {"kind": "quench", "at": 1.0, "after": 2},
            "fault 'quench': at and after are given; a fault has one trigger, leave out the rest",
        ),
        (
            {"kind": "quench", "after": 1.5},
            "fault 'quench': after = 1.5 must be a whole number from 0 up",
        ),
        (
            {"kind": "quench", "per_message": 2.0},
            "fault 'quench': per_message = 2.0 must be a number from 0 to 1",
        ),
        (
            {"kind": "overload", "for_": -1.0},
            "fault 'overload': for = -1.0 must be a number from 0 to inf s",
        ),
        (
            {"kind": "quench", "value": 3.0},
            "fault 'quench': value = 3.0 has no meaning for this kind; leave it out",
        ),
        (
            {"kind": "overload", "value": math.nan},
            "fault 'overload': value = nan must be a number (signal at the input in V rms)",
        ),
        (
            {"kind": "overload", "value": -1.0},
            "fault 'overload': value = -1.0 must not be negative (signal at the input in V rms)",
        ),
    ],
)
def test_a_fault_that_cannot_be_is_refused_in_one_sentence(arguments, sentence):
    with pytest.raises(FaultError) as caught:
        Fault(**arguments)
    assert str(caught.value) == sentence


def test_an_instrument_that_is_not_there_is_refused_and_nothing_is_armed(bench):
    with pytest.raises(FaultError, match=r"on = 'GPIB0::1::INSTR' is not in this rack; allowed are lock-in, bridge"):
        bench.arm(Fault("quench"), Fault("silence", on="GPIB0::1::INSTR"))
    assert bench.rack.troubles is None
    bench.arm(Fault("silence", on="GPIB::8"))
    assert bench.rack.troubles.active[0].on == "GPIB::8"


SCENARIO = """
schema = 1
seed = 7

[[fault]]
kind = "silence"
on = "lock-in"
after = 10
for = 5.0

[[fault]]
kind = "cooling lost"
at = 3600
for = "until cleared"
value = 1e-4
"""


def test_a_scenario_file_is_read_whole(tmp_path):
    path = tmp_path / "night.toml"
    path.write_text(SCENARIO)
    assert load_scenario(path) == (
        (
            Fault("silence", on="lock-in", after=10, for_=5.0),
            Fault("cooling lost", on="cryostat", at=3600, for_=math.inf, value=1e-4),
        ),
        7,
    )


def test_a_scenario_arms_with_its_own_seed(bench):
    faults.arm(bench.rack, scenario_from(SCENARIO))
    assert bench.rack.troubles is not None
    assert bench.rack.troubles.due == 3600.0


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("schema = 1", "schema = 2", "scenario: schema = 2 is not known; write schema = 1"),
        ("seed = 7", "seed = -1", "scenario: seed = -1 must be a whole number from 0 up"),
        ("seed = 7", "sed = 7", "scenario: unknown key 'sed'; did you mean 'seed'?"),
        ("after = 10", "aftr = 10", "scenario: fault 1: unknown key 'aftr'; did you mean 'after'?"),
        (
            '"until cleared"',
            '"for ever"',
            "scenario: fault 2: for = 'for ever' must be a number of seconds or \"until cleared\"",
        ),
        (
            '"lock-in"',
            '"lockin"',
            "scenario: fault 1: fault 'silence': on = 'lockin' is not possible; "
            "allowed are lock-in, bridge, magnet, bias, controller, generator, second lock-in",
        ),
        (
            'kind = "silence"',
            "kind = 3",
            'scenario: fault 1: kind and on must be texts; write kind = "silence" and on = "lock-in"',
        ),
    ],
)
def test_a_mistake_in_a_scenario_is_one_sentence_with_its_place(old, new, sentence):
    assert old in SCENARIO
    with pytest.raises(FaultError) as caught:
        scenario_from(SCENARIO.replace(old, new))
    assert str(caught.value) == sentence


def test_an_empty_or_broken_or_missing_scenario_is_refused(tmp_path):
    with pytest.raises(FaultError, match=r"no faults; write at least one \[\[fault\]\] table"):
        scenario_from("schema = 1")
    with pytest.raises(FaultError, match=r"not TOML: .*; correct that line"):
        scenario_from("schema = ")
    with pytest.raises(FaultError, match=r"cannot be read .*; give a TOML file"):
        load_scenario(tmp_path / "nothing.toml")


def test_a_refusal_with_an_end_ends_although_every_attempt_is_refused(bench):
    """Nothing but attempts to connect goes on, and they take the laboratory to now."""
    bench.arm(Fault("disconnect", on="magnet", for_=10.0))
    for _ in range(9):
        with pytest.raises(ConnectionRefusedError, match="does not answer"):
            bench.rack.connect(ADDRESSES["magnet"])
        bench.rack.clock.sleep(1.0)
    bench.rack.clock.sleep(1.5)
    bench.rack.connect(ADDRESSES["magnet"])


def test_the_first_connection_after_a_power_cycle_reaches_the_panel_that_stands_there_now(bench):
    bench.arm(Fault("power cycle", on="magnet", at=5.0, for_=1.0))
    bench.rack.clock.sleep(10.0)
    assert bench.rack.connect(ADDRESSES["magnet"]).panel is bench.rack.devices[ADDRESSES["magnet"]]
