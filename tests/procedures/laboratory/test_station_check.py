"""Every line of the check of a station fails where it must, with its sentence, before a current flows."""

import contextlib
import re
from dataclasses import replace
from importlib import resources
from types import SimpleNamespace

import pytest

from coldfinger.instruments.clock import Moment
from coldfinger.procedures.checks.verdict import CANNOT_SAY, FAIL, PASS, Verdict
from coldfinger.procedures.laboratory.opening import instrument_opener
from coldfinger.procedures.laboratory.station_file import check_station_text
from coldfinger.procedures.safety.deadman import DeadManError
from coldfinger.procedures.safety.locks import hold_data_folder, hold_station
from coldfinger.procedures.safety.safe import SafeReport
from coldfinger.procedures.station_check.check import LINES, Computer, Excitation, check_station
from coldfinger.procedures.station_check.computer import clock_line, dead_man_line, disk_line, folder_line
from coldfinger.procedures.station_check.sample_test import phase_line, sample_test, verdict_line

BUILT_IN = resources.files("coldfinger.procedures").joinpath("stations/sim.toml").read_text("utf-8")
GENERATOR = BUILT_IN.replace('source = "lockin" ', 'source = "generator" ').replace(
    "[roles]", '[instruments.generator]\ndriver = "Keysight33511B"\naddress = "GPIB0::10::INSTR"\n\n[roles]'
)
SMALL = 0.004  # V rms, the least that an SR830 can send


def changed(*pairs, text=BUILT_IN):
    for key, value in pairs:
        text, count = re.subn(rf"(?m)^{re.escape(key)} = .*$", f"{key} = {value}", text, count=1)
        assert count == 1, key
    return text


def real(text=BUILT_IN):
    """The file as it stands for real instruments."""
    start, end = text.index("\n[simulator]"), text.index("\n[instruments")
    return text[:start] + text[end:].replace('clock = "virtual"', 'clock = "wall"')


@pytest.fixture
def ready(simulated):
    """Makes stations that are set up as a run would have left them."""

    def make(text=None):
        station = simulated(text)
        station.prepare_lockin()
        station.source.off()
        return station

    return make


def findings(station, tmp_path, file=None, excite=None, **computer):
    file = file or station.file

    def opening(moved):
        return instrument_opener(moved, station._own_clock, station._library)

    held = station.instruments if file is station.file else {}
    return list(check_station(file, tmp_path, opening, held, excite=excite, computer=Computer(**computer)))


def of(item, found):
    return next(finding for finding in found if finding.item == item)


def excitation(station):
    return Excitation(lambda: contextlib.nullcontext(station))


def currents(station):
    """Every amplitude (V rms) that the source has ever sent."""
    return [fact.value for fact in station.rack.log.of("excitation")]


def told(name, *lines, wait=0.0):
    """Somebody at a front panel."""

    def act(station):
        for line in lines:
            station.instruments[name].tell(line)
        station.clock.sleep(wait)

    return act


def nothing(station):
    pass


def ramped(station):
    told("magnet", "CONF:FIELD:TARG 0.05", "RAMP", wait=400.0)(station)


BROKEN = [
    (
        "lock-in reference source",
        BUILT_IN,
        told("lockin", "FMOD 0"),
        "fail",
        "EXTERNAL instead of INTERNAL: it listens",
    ),
    ("lock-in harmonic", BUILT_IN, told("lockin", "HARM 2"), "fail", "2 instead of 1: it measures a harmonic"),
    ("lock-in phase", BUILT_IN, told("lockin", "PHAS 30"), "fail", "30.0 instead of 0.0: it turns in-phase signal"),
    ("lock-in input configuration", BUILT_IN, told("lockin", "ISRC 0"), "fail", "A instead of A_MINUS_B: it does not"),
    ("lock-in input coupling", BUILT_IN, told("lockin", "ICPL 0"), "fail", "AC instead of DC: its high pass near"),
    ("lock-in line filter", BUILT_IN, told("lockin", "ILIN 1"), "warn", "LINE instead of NONE: a notch turns"),
    ("lock-in sync filter", BUILT_IN, told("lockin", "SYNC 1"), "warn", "on instead of off: below 10 Hz"),
    ("lock-in filter slope", BUILT_IN, told("lockin", "OFSL 0"), "warn", "6 instead of 24: the expected noise"),
    ("lock-in time constant", BUILT_IN, told("lockin", "OFLT 5"), "warn", "0.003 s at 7 Hz: the output ripples"),
    ("lock-in time constant", BUILT_IN, told("lockin", "OFLT 14"), "warn", "100 s at 7 Hz: a point takes many minutes"),
    (
        "lock-in offsets",
        BUILT_IN,
        told("lockin", "OEXP 1,50,1"),
        "fail",
        "X has an offset of 50 % and is expanded by 10",
    ),
    ("lock-in overload", BUILT_IN, told("lockin", "SENS 0", wait=5), "warn", "output overload since the last look"),
    ("source load", GENERATOR, told("generator", "OUTP:LOAD 50"), "fail", "set for a load of 50 ohm, but the series"),
    ("source unit", GENERATOR, told("generator", "VOLT:UNIT VPP"), "fail", "it shows amplitudes in VPP, not in V rms"),
    ("excitation now", BUILT_IN, told("lockin", "SLVL 0.5"), "warn", "500 pA through the film although nothing"),
    (
        "excitation now",
        changed(("current", '"1 nA"')),
        told("lockin", "SLVL 5"),
        "fail",
        "5 nA through the film, beyond the limit of test.toml, 1 nA",
    ),
    ("excitation now", GENERATOR, told("generator", "OUTP:LOAD 50"), "warn", "not judged, because the load is wrong"),
    ("source range", changed(("series_resistance", '"10 Mohm"')), nothing, "warn", "its smallest current is"),
    ("source range", changed(("series_resistance", '"100 Gohm"')), nothing, "warn", "it sends at most 50 pA"),
    ("bias now", BUILT_IN, told("bias", "SOUR:LEV 1", "OUTP 1"), "warn", "1 V, 100 nA through the film although"),
    (
        "bias now",
        changed(("bias_step", '"1 nA"')).replace('bias = "3 uA"', 'bias = "10 nA"'),
        told("bias", "SOUR:LEV 1", "OUTP 1"),
        "fail",
        "1 V, 100 nA through the film, above limits.bias, 10 nA",
    ),
    ("bias now", BUILT_IN, told("bias", "SOUR:FUNC CURR"), "fail", "it is a source of current"),
    (
        "magnet units",
        BUILT_IN,
        told("magnet", "CONF:FIELD:UNITS 0"),
        "fail",
        "the supply counts in kilogauss: 0.06 sent",
    ),
    ("magnet rate units", BUILT_IN, told("magnet", "CONF:RAMP:RATE:UNITS 1"), "fail", "counts its rates per minute"),
    (
        "magnet coil constant",
        BUILT_IN.replace("[magnet]", '[magnet]\ncoil_constant = "1 mT/A"'),
        nothing,
        "fail",
        r"believes in 0.002 T/A, but magnet.coil_constant is 0.001 T/A: every field is wrong by \+100 %",
    ),
    ("magnet limit", BUILT_IN, told("magnet", "CONF:CURR:LIMIT 10"), "fail", "own limit is 200 Oe, below limits.field"),
    ("magnet field", changed(("field", '"100 Oe"')), ramped, "fail", "500 Oe in the coil, beyond the limit of 100 Oe"),
    (
        "magnet ramp rate",
        BUILT_IN,
        told("magnet", "CONF:RAMP:RATE:FIELD 1,0.001,0.1"),
        "warn",
        "set to 600 Oe/min, beyond the limit of 200 Oe/min",
    ),
    ("magnet state", BUILT_IN, told("magnet", "QU 1"), "fail", "the magnet has quenched"),
    ("magnet state", BUILT_IN, told("magnet", "CONF:FIELD:TARG 0.05", "RAMP"), "warn", "ramping although no run is on"),
    ("persistent switch", BUILT_IN, told("magnet", "CONF:PS 1"), "fail", "knows of a persistent switch, the station"),
    ("calibration", changed(("highest_temperature", '"25 K"')), nothing, "warn", "calibrated from 8 mK to 20 K, but"),
    (
        "bridge channel",
        BUILT_IN,
        told("fridge", "SCAN 2,0"),
        "fail",
        "stands on channel 2, the sample's thermometer is",
    ),
    ("bridge channel", BUILT_IN, told("fridge", "SCAN 1,1"), "fail", "goes from channel to channel by itself"),
    (
        "bridge excitation",
        BUILT_IN,
        told("fridge", "INTYPE 1,0,5,1,8,0,1"),
        "warn",
        "200 uV at the sample's thermometer",
    ),
    ("bridge excitation", BUILT_IN, told("fridge", "INTYPE 1,0,3,1,8,1,1"), "fail", "thermometer is switched off"),
    ("bridge excitation", BUILT_IN, told("fridge", "INTYPE 1,1,7,1,8,0,1"), "warn", "it has a fixed current of 1 nA"),
    ("sample thermometer", changed(("lowest", '"50 mK"')), nothing, "warn", "outside the calibration exponential"),
    ("set point unit", BUILT_IN, told("fridge", "INTYPE A,1,1,0,15,0,2"), "fail", "control loop are in ohm: 0.1 meant"),
    ("heater", BUILT_IN, told("fridge", "RANGE 0,4"), "warn", "the heater is on, range 1 mA"),
    (
        "heater",
        BUILT_IN.replace("[limits]", '[limits]\nheater = "1 mA"'),
        told("fridge", "RANGE 0,6"),
        "fail",
        "the heater's range is 10 mA, above limits.heater, 1 mA",
    ),
    (
        "mixing chamber",
        changed(("lowest_temperature", '"8 mK"'), ("highest_temperature", '"9 mK"')),
        nothing,
        "warn",
        "above limits.highest_temperature, 9 mK",
    ),
    ("two thermometers", changed(("r0", '"700 ohm"')), nothing, "warn", "they do not agree"),
]


@pytest.mark.parametrize(
    ("item", "text", "act", "outcome", "sentence"), BROKEN, ids=[f"{case[0]}, {case[-1]}" for case in BROKEN]
)
def test_a_setting_that_is_wrong_has_its_line(item, text, act, outcome, sentence, ready, tmp_path):
    station = ready(text)
    act(station)
    finding = of(item, findings(station, tmp_path))
    assert (finding.outcome, bool(finding.advice)) == (outcome, True), finding
    assert re.search(sentence, finding.sentence), finding.sentence


def test_every_line_about_a_role_has_a_test_in_which_it_fails():
    assert {line.item for line in LINES} == {item for item, *_ in BROKEN}


@pytest.mark.parametrize("text", [BUILT_IN, GENERATOR], ids=["lock-in", "generator"])
def test_a_station_as_it_should_be_has_nothing_but_ok(text, ready, tmp_path):
    station = ready(text)
    before = len(station.rack.log.facts)
    found = findings(station, tmp_path)
    assert [finding for finding in found if finding.outcome != "ok"] == []
    assert {line.item for line in LINES} - {finding.item for finding in found} <= {"source load", "source unit"}
    assert len(station.rack.log.facts) == before  # nothing was set


# Before a current flows

CASES = [
    ("a magnet in kG", BUILT_IN, told("magnet", "CONF:FIELD:UNITS 0"), "magnet units"),
    ("a lock-in in ac coupling", BUILT_IN, told("lockin", "ICPL 0"), "lock-in input coupling"),
    ("a source set for 50 ohm", GENERATOR, told("generator", "OUTP:LOAD 50"), "source load"),
]


@pytest.mark.parametrize(("name", "text", "act", "item"), CASES, ids=[case[0] for case in CASES])
def test_it_is_found_before_a_current_flows(name, text, act, item, ready, tmp_path):
    station = ready(text)
    act(station)
    what = "generator amplitude" if text is GENERATOR else "excitation"
    before = station.rack.log.of(what)
    found = findings(station, tmp_path, excite=excitation(station))
    assert of(item, found).outcome == "fail"
    assert "no current has flowed" in of("sample test", found).sentence
    assert station.rack.log.of(what) == before


def test_a_supply_in_kilogauss_is_judged_in_tesla_all_the_same(ready, tmp_path):
    station = ready(BUILT_IN.replace("[magnet]", '[magnet]\ncoil_constant = "2 mT/A"'))
    told("magnet", "CONF:FIELD:UNITS 0")(station)
    found = findings(station, tmp_path)
    assert of("magnet units", found).outcome == "fail"
    assert of("magnet coil constant", found).sentence == "0.002 T/A, as magnet.coil_constant says"
    assert [of(f"magnet {what}", found).outcome for what in ("limit", "field", "ramp rate")] == ["ok"] * 3


def swapped(text):
    return text.replace("GPIB0::8::", "GPIB0::99::").replace("GPIB0::12::", "GPIB0::8::").replace("99", "12")


def test_swapped_addresses_are_found_and_it_says_who_answered_where(ready, tmp_path, monkeypatch):
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))
    station = ready()
    file = check_station_text(swapped(real()), "swapped.toml")
    ok = SimpleNamespace(release=lambda: None)
    found = findings(station, tmp_path, file, excitation(station), dead_man=lambda file: ok)
    wrong = of("lockin identity", found)
    assert wrong.outcome == of("fridge identity", found).outcome == "fail"
    assert "at GPIB0::12::INSTR, where instruments.lockin (SR830) should be, a LakeShore372 answered" in wrong.sentence
    assert wrong.advice == "exchange the two addresses in the station file, or the plugs"
    assert of("magnet identity", found).outcome == "ok"  # all failures are collected
    assert set(currents(station)) == {SMALL}


def test_two_programs_on_one_instrument_are_found_before_it_is_asked_anything(ready, tmp_path, monkeypatch):
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))
    station = ready()
    file = check_station_text(real(), "real.toml")
    asked = station.clock.time()
    with hold_station(file, "another one"):
        found = findings(
            station, tmp_path, file, excitation(station), dead_man=lambda file: SimpleNamespace(release=int)
        )
    other = of("other programs", found)
    assert other.outcome == "fail"
    assert "is in use by another one (process" in other.sentence
    assert station.clock.time() == asked  # not one message
    assert set(currents(station)) == {SMALL}


# Connections


def test_two_instruments_at_one_address_have_their_line(ready, tmp_path, monkeypatch):
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))
    file = check_station_text(real().replace("GPIB0::7::", "GPIB::8::"), "same.toml")
    found = findings(ready(), tmp_path, file, dead_man=lambda file: SimpleNamespace(release=int))
    assert "instruments.bias and instruments.lockin have the same address" in of("bias address", found).sentence


@pytest.mark.parametrize(("wanted", "outcome"), [("s/n12345", "ok"), ("ver1.09", "fail")])
def test_an_identity_is_compared_with_what_the_file_wants(wanted, outcome, ready, tmp_path):
    text = BUILT_IN.replace('driver = "SR830"', f'driver = "SR830"\nidentity = ["{wanted}"]')
    finding = of("lockin identity", findings(ready(text), tmp_path))
    assert finding.outcome == outcome
    if outcome == "fail":
        assert (
            "without the 'ver1.09' that the station file wants: another instrument, or another firm" in finding.sentence
        )


def test_one_box_under_two_names_has_its_line(ready, tmp_path):
    text = BUILT_IN.replace("[roles]", '[instruments.spare]\ndriver = "SR830"\naddress = "GPIB0::9::INSTR"\n[roles]')
    finding = of("spare twice", findings(ready(text), tmp_path))
    assert (finding.outcome, "it may be one box at two addresses" in finding.sentence) == ("warn", True)


def test_a_setting_that_cannot_be_read_costs_one_warning(ready, tmp_path, monkeypatch):
    station = ready()
    bias = station.instruments["bias"]
    monkeypatch.setattr(bias, "snapshot", lambda: {"level": 0.0, "guard": None})
    finding = of("bias settings", findings(station, tmp_path))
    assert finding.outcome == "warn"
    assert finding.sentence == "guard could not be read: no run file will have them"


def test_a_setting_that_moves_meanwhile_is_somebody_else(ready, tmp_path, monkeypatch):
    station = ready()
    states = iter([{"level": 0.0}, {"level": 1.0}])
    monkeypatch.setattr(station.instruments["bias"], "snapshot", lambda: next(states))
    finding = of("bias line", findings(station, tmp_path))
    assert finding.outcome == "warn"
    assert "level went from 0.0 to 1.0 while the check only looked" in finding.sentence


def test_replies_that_nobody_asked_for_have_their_line(ready, tmp_path):
    station = ready()
    station.instruments["magnet"]._link.doubts = 2
    finding = of("magnet line", findings(station, tmp_path))
    assert (finding.outcome, "made clean 2 times" in finding.sentence) == ("fail", True)


def test_an_instrument_that_is_silent_fails_alone(ready, tmp_path, monkeypatch):
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))
    file = check_station_text(real().replace("GPIB0::7::", "GPIB0::17::"), "silent.toml")
    found = findings(ready(), tmp_path, file, dead_man=lambda file: SimpleNamespace(release=int))
    assert [finding.item for finding in found if finding.outcome == "fail"] == ["bias identity"]


def test_a_calibration_that_cannot_be_read_has_its_line(ready, tmp_path):
    station = ready()
    table = {**station.file.sections["thermometer"], "calibration": "none.340"}
    file = replace(station.file, sections={**station.file.sections, "thermometer": table})
    found = list(check_station(file, tmp_path, lambda moved: None, station.instruments))
    assert "none.340" in of("calibration file", found).sentence
    assert of("calibration", found).outcome == "fail"


# The computer

NOW = 1.8e9  # s since 1970


def moments(of_day, later=1.0, running=1.0):
    return Moment(0.0, 0.0, of_day, True), Moment(running, running, of_day + later, True)


@pytest.mark.parametrize(
    ("clocks", "newest", "outcome", "sentence"),
    [
        (moments(NOW), NOW, "ok", "steady during the check"),
        (moments(1e9), 0.0, "fail", "runs would carry wrong dates"),
        (moments(NOW), NOW + 3600.0, "fail", "the clock was set back"),
        (moments(NOW, later=31.0), 0.0, "warn", r"jumped by \+30 s"),
    ],
)
def test_the_time_of_day_is_looked_at(clocks, newest, outcome, sentence):
    said = clock_line(*clocks, newest)
    assert said.outcome == outcome
    assert re.search(sentence, said.sentence)


@pytest.mark.parametrize(("room", "outcome"), [(1e11, "ok"), (1e9, "warn"), (1e7, "fail")])
def test_the_room_on_the_disk_is_looked_at(room, outcome, tmp_path):
    assert disk_line(tmp_path / "not" / "yet", lambda place: room).outcome == outcome


def test_a_data_folder_that_cannot_be_written_has_its_line(tmp_path):
    (tmp_path / "file").write_text("")
    assert folder_line(tmp_path).outcome == folder_line(tmp_path / "later").outcome == "ok"
    assert "nothing can be written into" in folder_line(tmp_path / "file").sentence
    with hold_data_folder(tmp_path, "a night"):
        assert "is in use by a night" in folder_line(tmp_path).sentence


def test_a_dead_man_that_does_not_start_has_its_line():
    def broken(file):
        raise DeadManError("the dead-man process did not start")

    said = dead_man_line(check_station_text(real(), "real.toml"), broken)
    assert (said.outcome, "without it nothing may be switched on" in said.sentence) == ("fail", True)


# The sample test


def test_the_sample_is_tested_when_asked_and_the_station_is_safe_again(ready, tmp_path):
    station = ready()
    found = findings(station, tmp_path, excite=excitation(station))
    items = ["in-phase and quadrature", "leads", "I and I/3", "f and f/2", "safe again"]
    assert [(finding.item, finding.outcome) for finding in found[-5:]] == [(item, "ok") for item in items]
    assert max(currents(station)) > SMALL
    assert currents(station)[-1] == SMALL


def test_a_station_that_is_not_safe_again_has_its_line(ready, monkeypatch):
    station = ready()
    monkeypatch.setattr(station, "to_safe", lambda: [SafeReport("heater", False, "it does not answer")])
    monkeypatch.setattr(station, "connect", lambda: (_ for _ in ()).throw(TimeoutError))
    with pytest.raises(TimeoutError):
        list(sample_test(station))
    station.instruments["lockin"].tell("ICPL 0")
    monkeypatch.setattr("coldfinger.procedures.station_check.sample_test._TESTS", ())
    monkeypatch.setattr(station, "connect", lambda: None)
    (finding,) = sample_test(station)
    assert (finding.outcome, finding.sentence) == ("fail", "NOT SAFE: heater: it does not answer")


@pytest.mark.parametrize(("outcome", "line"), [(PASS, "ok"), (CANNOT_SAY, "warn"), (FAIL, "fail")])
@pytest.mark.parametrize("item", ["leads", "I and I/3", "f and f/2"])
def test_a_verdict_becomes_a_line(item, outcome, line):
    finding = verdict_line(item, Verdict("x", outcome, "rho moves"), "do this")
    assert (finding.item, finding.outcome, finding.sentence) == (item, line, "rho moves")
    assert bool(finding.advice) == (line != "ok")


LOOK = {"x": 1e-6, "y": 1e-8, "sd": 1e-9, "phase": 0.6, "current": 1e-9, "frequency": 7.0}


@pytest.mark.parametrize(
    ("change", "outcome", "sentence"),
    [
        ({}, "ok", "0.6 degrees"),
        ({"x": 1e-9, "y": 0.0}, "fail", "no signal"),
        ({"x": -1e-6}, "fail", "upside down"),
        ({"phase": 61.0}, "fail", "61 degrees, so that the resistance has to be guessed"),
    ],
)
def test_in_phase_and_quadrature_are_judged(change, outcome, sentence):
    finding = phase_line(LOOK | change)
    assert finding.outcome == outcome
    assert sentence in finding.sentence
