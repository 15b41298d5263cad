"""A night that was recorded is played back: the same messages, the same times, the same rows, or a clear report."""

import math
import random

import pytest
import pyvisa
from click.testing import CliRunner

from coldfinger.instruments.clock import wait_until
from coldfinger.instruments.errors import LinkError
from coldfinger.instruments.link import open_link
from coldfinger.instruments.recorder import Recorder
from coldfinger.procedures.commands.run import run
from coldfinger.procedures.didv import DifferentialResistance
from coldfinger.procedures.field_sweep import FieldSweep
from coldfinger.procedures.laboratory.cassettes import departure_of, portable, recording
from coldfinger.procedures.laboratory.station_file import StationFileError, check_station_text, read_station_file
from coldfinger.procedures.runner import run_procedure
from coldfinger.procedures.station import connect_station, open_station
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.reader import read_run
from coldfinger.sim.cassette import Departure, Playback, read_cassette
from coldfinger.sim.clock import SimClock
from coldfinger.sim.rack import standard_rack
from coldfinger.sim.visa import register, unregister


def night(station, folder, last=0.4):
    """Rows of a ramp, a field sweep and a dV/dI; a run that fails ends it."""
    frames = []
    for procedure in (
        TemperatureRamp(excitation="gentle", points=8, start=0.5, stop=last, field=100.0),
        FieldSweep(temperature=0.3, step=2.0, start=-20.0, stop=20.0),
        DifferentialResistance(temperature=0.3, largest=20.0, finest=10.0),
    ):
        result = run_procedure(procedure, station, folder, sync=False)
        if result.outcome != "done":
            return frames, result
        frames.append(read_run(result.folder).frame)
    return frames, None


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A cassette of a short night, and its rows."""
    folder = tmp_path_factory.mktemp("recorded")
    with recording("sim", folder / "night.cassette", sample="S1", seed=3) as station:
        frames, trouble = night(station, folder)
    assert trouble is None
    return folder / "night.cassette", frames


def test_a_recorded_night_replays_without_a_departure_and_with_identical_rows(recorded, tmp_path):
    path, frames = recorded
    with connect_station(path) as station:
        again, trouble = night(station, tmp_path)
        assert trouble is None
        assert departure_of(station) is None
        assert station.tape.left == 0
        assert station.simulated
    assert len(again) == 3
    for then, now in zip(frames, again, strict=True):
        assert now.equals(then)


def test_recording_changes_no_row(recorded, tmp_path):
    _, frames = recorded
    with connect_station("sim", sample="S1", seed=3) as station:
        result = run_procedure(
            TemperatureRamp(excitation="gentle", points=8, start=0.5, stop=0.4, field=100.0),
            station,
            tmp_path,
            sync=False,
        )
        assert read_run(result.folder).frame.equals(frames[0])
        assert departure_of(station) is None


def test_one_changed_set_point_is_reported_with_the_message_that_differed(recorded, tmp_path):
    path, _ = recorded
    with connect_station(path) as station:
        frames, trouble = night(station, tmp_path, last=0.41)
        departure = str(departure_of(station))
    assert frames == []
    assert trouble.outcome == "failed"
    assert departure in trouble.reason
    place, _, rest = departure.partition(": ")
    line = int(place.removeprefix("cassette night.cassette, line "))
    differed = path.read_text("utf-8").splitlines()[line - 1].split(" ", 3)[3]
    assert f"the recording has: sent '{differed}'" in rest
    assert rest.startswith("fridge was sent 'SETP 0,")
    assert "exchange before: 'INTYPE? A\\n' (line " in rest


def test_after_a_departure_nothing_is_answered_on_any_wire(recorded):
    path, _ = recorded
    with connect_station(path) as station:
        with pytest.raises(LinkError, match=r"lockin was sent 'SLVL 1.234\\n'"):
            station.lockin.adapter.tell("SLVL 1.234")
        with pytest.raises(LinkError, match="nothing is played after the departure in line"):
            _ = station.magnet.field
        with pytest.raises(LinkError, match=r"lockin was sent 'SLVL 1.234\\n'"):
            _ = station.lockin.sensitivity


def test_a_question_more_than_the_recording_has_is_told_where_it_ends(tmp_path):
    with recording("sim", tmp_path / "short.cassette"):
        pass
    with connect_station(tmp_path / "short.cassette") as station:
        with pytest.raises(LinkError):
            _ = station.magnet.field
        assert "magnet was sent 'FIELD:MAG?\\n', but nothing of it is left, the recording ends before" in str(
            departure_of(station)
        )


def test_a_cassette_that_was_cut_anywhere_plays_up_to_its_last_whole_line(recorded, tmp_path):
    path, _ = recorded
    data = path.read_bytes()
    begin = data.index(b"messages:\n") + len(b"messages:\n")
    cut = tmp_path / "cut.cassette"
    for place in random.Random(1).sample(range(begin, len(data)), 5):
        cut.write_bytes(data[:place])
        cassette = read_cassette(cut)
        assert cassette.cut
        assert len(cassette.events) == data[begin:place].count(b"\n")
    end = data.index(b"\n", begin + 2000) + 1
    cut.write_bytes(data[:end])
    station = open_station(read_station_file(cut))
    with pytest.raises(LinkError, match="the recording was cut before"):
        station.connect()
    station.close()


class Jittery:
    """A clock as the world has it: every look and every sleep takes a little more than it should."""

    def __init__(self, clock):
        self._clock, self._rng = clock, random.Random(5)

    def time(self):
        self._clock.sleep(self._rng.random() * 2e-3)
        return self._clock.time()

    def sleep(self, seconds):
        self._clock.sleep(seconds * (1 + 0.01 * self._rng.random()))


def polled(clock, tape):
    """How a program that waits by its clock sees a ramp: number of polls, last reply, times."""
    link = open_link("GPIB0::8::INSTR", "cassette@coldfinger", clock=clock, through=tape.reel("lockin"))
    link.introduce("lockin", ".*SR830.*")
    seen = []

    def done():
        seen.append((clock.time(), link.ask("OUTP? 1", str)))
        return clock.time() - seen[0][0] > 20.0

    waited = wait_until(done, clock, poll=0.25, timeout=100.0, what="twenty seconds")
    link.connection.close()
    return seen, waited


def test_loops_that_wait_by_a_clock_of_the_world_poll_as_often_as_they_did(tmp_path):
    rack = standard_rack()
    register("cassette", rack)
    recorder = Recorder(tmp_path / "jitter.cassette", ["| schema = 1"], Jittery(rack.clock))
    try:
        then = polled(recorder.clock, recorder)
    finally:
        recorder.close()
        unregister("cassette")
    playback = Playback(read_cassette(recorder.path))
    assert polled(playback.clock, playback) == then
    assert len({b[0] - a[0] for a, b in zip(then[0], then[0][1:], strict=False)}) > 10  # it did jitter
    assert playback.left == 0


def test_silence_and_a_lost_connection_are_played_as_they_were(tmp_path):
    from coldfinger.sim.faults import Fault, arm

    def program(station):
        said = []
        for _ in range(12):
            try:
                said.append(station.magnet.field)
            except LinkError as error:
                said.append(str(error))
            station.clock.sleep(10.0)
            said.append(station.lockin.frequency)
        return said, station.doubts, station.clock.time()

    with recording("sim", tmp_path / "bad.cassette") as station:
        arm(
            station.rack,
            [Fault("silence", on="magnet", for_=20.0), Fault("disconnect", on="magnet", at=70.0, for_=20.0)],
        )
        then = program(station)
    assert "no reply to '*IDN?' within 3 s" in str(then[0])
    assert "could not be opened" in str(then[0])
    assert isinstance(then[0][-2], float)
    with connect_station(tmp_path / "bad.cassette") as station:
        assert program(station) == then
        assert departure_of(station) is None


def test_a_message_that_could_not_be_sent_fails_again_and_no_other_does_in_its_place(tmp_path):
    path = tmp_path / "lost.cassette"
    path.write_text("coldfinger cassette 1\nmessages:\n0.0 lockin failed send error_timeout SENS 5\\n\n", "utf-8")
    with pytest.raises(pyvisa.errors.VisaIOError, match="VI_ERROR_TMO"):
        Playback(read_cassette(path)).play("lockin", ">", "send", b"SENS 5\n")
    with pytest.raises(Departure, match=r"lockin was sent 'SENS 6\\n', but the recording has: a failed send"):
        Playback(read_cassette(path)).play("lockin", ">", "send", b"SENS 6\n")


def test_no_place_person_or_computer_is_named_in_a_cassette(tmp_path):
    text = read_station_file().text
    head, _, rest = text.partition("[simulator]")
    text = head.replace('name = "sim"', 'name = "attic"').replace("virtual", "wall") + "[simulator]" + rest
    text = text.replace("127.0.0.1", "fridge.attic.example").replace("GPIB0::8::INSTR", "ASRL/dev/ttyUSB3::INSTR")
    text = text.replace("GPIB0::7::INSTR", "USB0::0x0B21::0x0039::91KA12345::INSTR").replace("# ", "# Jo Doe: ")
    curve = tmp_path / "RX-102.340"
    curve.write_text("secret of nobody\n", "utf-8")
    text = text.replace("[thermometer]", f'[thermometer]\ncalibration = "{curve.as_posix()}"')
    text += '\n[[interlock]]\nfile = "/home/jo/pressure.txt"\nabove = 20\n[notify]\ncommand = ["/home/jo/ring"]\n'
    made, kept = portable(check_station_text(text, str(tmp_path / "attic.toml")), {"squares": 2.0})
    for secret in ("fridge.attic", "ttyUSB3", "91KA12345", "Jo Doe", "/home", str(tmp_path), "RX-102"):
        assert secret not in made
    assert kept == "secret of nobody\n"
    checked = check_station_text(made, "made")
    assert [table["address"] for table in checked.instruments.values()] == [
        "ASRL1::INSTR",
        "GPIB0::12::INSTR",
        "TCPIP0::magnet::7180::SOCKET",
        "USB0::0x0B21::0x0039::4::INSTR",
    ]
    assert checked.sections["sample"]["squares"] == 2.0
    assert checked.sections["thermometer"]["calibration"] == "curve.340"
    assert not checked.interlocks
    assert not checked.simulated


def test_serial_numbers_can_be_kept_off_the_cassette(tmp_path):
    with recording("sim", tmp_path / "masked.cassette", mask_serials=True) as station:
        assert station.lockin.adapter.identity == "Stanford_Research_Systems,SR830,s/n12345,ver1.07"
    text = (tmp_path / "masked.cassette").read_text("utf-8")
    assert "s/n12345" not in text
    assert "Stanford_Research_Systems,SR830,s/n00000,ver1.07" in text
    assert "LSCI,MODEL372,LSA00JD,1.3" in text
    with connect_station(tmp_path / "masked.cassette") as station:
        assert station.lockin.adapter.identity == "Stanford_Research_Systems,SR830,s/n00000,ver1.07"
        assert departure_of(station) is None


def test_a_disk_that_is_full_ends_the_recording_and_not_the_night(tmp_path):
    clock = SimClock()
    recorder = Recorder(tmp_path / "full.cassette", [], clock)
    real = recorder._file

    class Full:
        def write(self, line):
            raise OSError(28, "No space left on device")

        def close(self):
            real.close()

    recorder._file = Full()
    recorder.note("lockin", ">", "OUTP? 1")
    assert recorder.trouble.endswith("(No space left on device); the measurement goes on") or "28" in recorder.trouble
    clock.sleep(1.0)
    recorder.note("lockin", ">", "OUTP? 1")
    assert recorder.clock.time() == 1.0
    recorder.close()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot be read"),
        ("hello\n", "does not begin with 'coldfinger cassette 1'"),
        ("coldfinger cassette 9\n", "schema 9 is not known to this version"),
        ("coldfinger cassette 1\n| a = 1\n", "cut before its first message"),
        ("coldfinger cassette 1\nmessages:\n0.0 lockin says hello\n", "line 3: '0.0 lockin says hello' is not"),
        ("coldfinger cassette 1\nmessages:\nnoon lockin > A\n", "line 3: 'noon' is not a time"),
        ("coldfinger cassette 1\nmessages:\n0.0 lockin > \\xz\n", "line 3: "),
    ],
)
def test_what_is_no_cassette_is_refused_in_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "bad.cassette"
    if text is not None:
        path.write_text(text, "utf-8")
    with pytest.raises(StationFileError, match=sentence.replace("(", r"\(")):
        read_station_file(path)


def test_a_cassette_is_never_overwritten_nor_recorded_again(recorded, tmp_path):
    path, _ = recorded
    before = path.read_bytes()
    with pytest.raises(StationFileError, match="this file exists and is never overwritten"):
        open_station(read_station_file(), cassette=path)
    with pytest.raises(StationFileError, match=r"ends in \.cassette; choose such a name"):
        open_station(read_station_file(), cassette=tmp_path / "night.txt")
    with pytest.raises(StationFileError, match="cannot be written"):
        open_station(read_station_file(), cassette=tmp_path / "no" / "night.cassette")
    with pytest.raises(StationFileError, match="it cannot be recorded; leave that out"):
        open_station(read_station_file(path), cassette=tmp_path / "copy.cassette")
    with pytest.raises(StationFileError, match="it cannot be given another seed; leave that out"):
        open_station(read_station_file(path), seed=2)
    assert path.read_bytes() == before
    assert not math.isfinite(open_rate(path))


def open_rate(path):
    with open_station(read_station_file(path)) as station:
        return station.clock.rate


PLAN = """
schema = 1
name = "short"
[[step]]
run = "TemperatureRamp"
field = "100 Oe"
start = "0.5 K"
stop = "{stop}"
points = 6
excitation = "gentle"
"""


def test_the_command_records_a_night_plays_it_and_tells_the_departure(tmp_path, monkeypatch):
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))
    cassette = str(tmp_path / "night.cassette")

    def carried_out(name, stop, *more):
        plan = tmp_path / f"{name}.toml"
        plan.write_text(PLAN.format(stop=stop), "utf-8")
        command = [str(plan), "--no-rehearsal", "--data", str(tmp_path / name), *more]
        return CliRunner().invoke(run, command)

    assert carried_out("recorded", "0.45 K", "--record", cassette).exit_code == 0
    played = carried_out("played", "0.45 K", "--station", cassette)
    assert played.exit_code == 0, played.output
    rows = [read_run(next((tmp_path / name).rglob("run.jsonl")).parent).frame for name in ("recorded", "played")]
    assert rows[0].equals(rows[1])
    changed = carried_out("changed", "0.46 K", "--station", cassette)
    assert changed.exit_code == 1
    assert changed.output.splitlines()[-1].startswith("coldfinger: cassette night.cassette, line ")
    again = carried_out("again", "0.45 K", "--record", cassette)
    assert again.exit_code == 2
    assert "this file exists and is never overwritten" in again.output
