"""The log of what the instruments really did."""

import json

import pytest

from coldfinger.sim import faults, witness
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.faults import Fault
from coldfinger.sim.magnet import MagnetModel, SwitchModel
from coldfinger.sim.rack import sim_rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.witness import WATCHED, Fact, read_log

SAMPLE = builtin_sample("S0", 0, fluctuations=False)


def new_rack(magnet=None):
    laboratory = Laboratory(input_noise=None, magnet=magnet or MagnetModel())
    return sim_rack(Cryostat(SAMPLE, laboratory), SimClock())


@pytest.fixture
def rack():
    return new_rack()


def send(rack, name, *commands):
    port = rack.connect(rack.names[name])
    for command in commands:
        rack.exchange(port, command.encode() + b"\n", name != "magnet")
    return port.take()


def changes(rack, start=0.0):
    return [(fact.what, fact.value) for fact in rack.log.facts if fact.time > start]


def test_the_log_begins_with_everything_that_is_true_at_the_start(rack):
    assert [fact.what for fact in rack.log.facts] == [what for what, _, _ in WATCHED]
    assert rack.log.value("excitation", 0.0) == 0.004
    assert all(fact.time == 0.0 and fact.was is None for fact in rack.log.facts)


@pytest.mark.parametrize(
    ("name", "command", "fact"),
    [
        ("lock-in", "SLVL 0.5", ("excitation", 0.5)),
        ("lock-in", "FREQ 13", ("excitation frequency", 13.0)),
        ("lock-in", "AUXV 2,1.5", ("auxiliary outputs", (0.0, 1.5, 0.0, 0.0))),
        ("bias", ":SOUR:LEV 1", ("bias level", 1.0)),
        ("bias", "OUTP ON", ("bias output", True)),
        ("bridge", "RANGE 0,6", ("heater range", 10e-3)),
        ("bridge", "SETP 0,0.3", ("heater set point", 0.3)),
        ("bridge", "OUTMODE 0,0,A,0,0,0,1", ("heater mode", 0)),
        ("bridge", "MOUT 0,20", ("heater manual output", 20.0)),
        ("bridge", "RAMP 0,1,0.5", ("heater ramp", 0.5)),
        ("bridge", "INTYPE 1,0,1,1,10,0,1", ("bridge 1 excitation", ("voltage", 2e-6))),
        ("bridge", "INTYPE 1,0,3,1,9,1,1", ("bridge 1 excitation", ("voltage", 0.0))),
        ("magnet", "CONF:RAMP:RATE:FIELD 1,0.05,1", ("magnet rate", pytest.approx(50.0))),
        ("magnet", "QU 1", ("magnet quenched", True)),
    ],
)
def test_every_change_of_an_output_is_written_down_when_it_happens(rack, name, command, fact):
    rack.clock.sleep(12.0)
    send(rack, name, command)
    assert changes(rack) == [fact]
    assert rack.log.facts[-1].time == pytest.approx(12.0 + rack.bus_time)


def test_a_ramp_a_pause_and_a_quench_of_the_magnet_are_written_down(rack):
    send(rack, "magnet", "CONF:FIELD:TARG 0.1", "RAMP")
    assert changes(rack) == [("magnet target", pytest.approx(100.0)), ("magnet ramping", True)]
    rack.clock.sleep(10.0)
    send(rack, "magnet", "PAUSE")
    assert changes(rack)[-1] == ("magnet ramping", False)
    faults.arm(rack, [Fault("quench", at=30.0)])
    rack.clock.sleep(100.0)
    rack.advance()
    assert [(f.time, f.what, f.value) for f in rack.log.since(30.0)] == [
        (30.0, "fault", "quench on magnet"),
        (30.0, "magnet quenched", True),
    ]


def test_a_switch_that_opens_by_itself_is_written_down_at_its_own_time():
    rack = new_rack(MagnetModel(switch=SwitchModel(heating=20.0, share=0.5)))
    send(rack, "magnet", "PS 1")
    rack.clock.sleep(3600.0)
    rack.advance()
    assert changes(rack) == [("switch heater", True), ("switch open", True)]
    assert rack.log.of("switch open")[-1].time == pytest.approx(10.0, abs=0.51)  # ticks of 0.25 s


def test_questions_and_commands_without_effect_leave_no_trace(rack):
    before = len(rack.log.facts)
    send(rack, "lock-in", "SLVL?", "*IDN?", "SNAP? 1,2,3", "SLVL 0.004", "SLVL 99", "NONSENSE")
    send(rack, "bridge", "SETP? 0;RANGE? 0", "HTR?")
    assert len(rack.log.facts) == before


def test_a_command_in_the_same_message_as_a_question_is_not_overlooked(rack):
    send(rack, "lock-in", "SLVL?;SLVL 0.1")
    send(rack, "magnet", "QU 1\nSTATE?")
    assert [what for what, _ in changes(rack)] == ["excitation", "magnet quenched"]


def test_one_can_ask_what_was_true_at_any_time(rack):
    send(rack, "lock-in", "SLVL 0.1")
    rack.clock.sleep(50.0)
    send(rack, "lock-in", "SLVL 0.2")
    log = rack.log
    assert [log.value("excitation", t) for t in (0.0, 1.0, 49.0, 60.0)] == [0.004, 0.1, 0.1, 0.2]
    assert [(fact.was, fact.value) for fact in log.of("excitation")] == [(None, 0.004), (0.004, 0.1), (0.1, 0.2)]
    with pytest.raises(KeyError, match="nothing is known of 'exitation'"):
        log.value("exitation", 0.0)


def test_a_file_holds_the_same_facts_as_they_come(rack, tmp_path):
    path = tmp_path / "log.jsonl"
    rack.log.write_to(path)
    send(rack, "lock-in", "SLVL 0.1")
    faults.arm(rack, [Fault("overload", for_=1.0)])
    lines = read_log(path)  # while it is being written
    assert [(line["time"], line["what"]) for line in lines] == [(f.time, f.what) for f in rack.log.facts]
    assert lines[0] | {"utc": 0} == {
        "time": 0.0, "utc": 0, "what": "excitation", "value": 0.004, "was": None, "unit": "V",
    }  # fmt: skip
    assert lines[-1]["value"] == "overload on lock-in"
    rack.log.close()
    send(rack, "lock-in", "SLVL 0.2")
    assert len(read_log(path)) == len(rack.log.facts) - 1


def test_a_torn_last_line_is_left_out(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"what": "a"}) + "\n" + '{"what": ')
    assert read_log(path) == [{"what": "a"}]


def test_the_log_of_a_long_life_stays_finite(rack, monkeypatch):
    monkeypatch.setattr(witness, "MOST_FACTS", 100)
    for number in range(1000):
        rack.log.note(float(number), "test", number)
    assert len(rack.log.facts) <= 100
    assert rack.log.facts[-1] == Fact(999.0, "test", 999)
    assert rack.log.forgotten + len(rack.log.facts) == 1000 + len(WATCHED)
