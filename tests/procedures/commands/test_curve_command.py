"""`coldfinger curve`: files, what a bridge keeps, and that an upload never surprises anybody who measures."""

import contextlib
import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from coldfinger.instruments.calibration import exponential_curve, read_calibration
from coldfinger.procedures.cli import main
from coldfinger.procedures.laboratory import bridge_curves
from coldfinger.procedures.laboratory.station_file import check_station_text, read_station_file
from coldfinger.procedures.safety.locks import hold_station
from coldfinger.procedures.station import open_station

FORMULA = exponential_curve(519.0, 1.349**4, 0.25, (0.005, 4.0), name="RuO2")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "chip.csv"
    kelvin = np.geomspace(0.005, 4.0, 20)
    kelvin[-1] = 4.0
    path.write_text("T_K,R_ohm\n" + "".join(f"{t:.8g},{FORMULA.resistance(float(t)):.8g}\n" for t in kelvin))
    return path


@pytest.fixture
def station(monkeypatch):
    """One simulated station that the commands of a test find again."""
    with open_station(read_station_file()) as opened:
        monkeypatch.setattr("coldfinger.procedures.station.open_station", lambda file: contextlib.nullcontext(opened))
        yield opened


def said(*words):
    return CliRunner().invoke(main, ["curve", *map(str, words)])


def test_show_tells_range_points_hash_and_a_table(file):
    read, done = read_calibration(file), said("show", file)
    assert done.exit_code == 0
    assert read.hash in done.output
    assert "20 points" in done.output
    assert "0.005 to 4 K" in done.output
    table = json.loads(said("show", file, "--json").stdout)["table"]
    assert table[0]["temperature_K"] == 0.005
    for row in table:
        assert row["resistance_ohm"] == pytest.approx(519.0 * math.exp(1.349 * row["temperature_K"] ** -0.25), rel=2e-3)


def test_an_uploaded_curve_carries_its_version_and_gives_the_file_s_temperatures(file, station):
    read = read_calibration(file)
    done = said("upload", file, "--to", 30, "--channel", 1, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["serial"] == read.hash[:10]
    assert told["channel"] == "1"
    assert told["worst"] < 1e-3
    bridge = station.instruments["fridge"]
    assert bridge.curve_header(30).serial == read.hash[:10]
    assert bridge.followed_curve("1") == 30
    station.prepare_thermometry()
    station.clock.sleep(60.0)
    reading = bridge.bridge.reading
    assert bridge.bridge.kelvin == pytest.approx(read.temperature(reading.resistance), rel=0.05)  # two noisy readings


def test_without_a_channel_no_input_changes_and_what_was_replaced_is_told(file, station):
    bridge = station.instruments["fridge"]
    before = [bridge.followed_curve(name) for name in bridge.CURVE_INPUTS]
    assert "no input follows it yet" in said("upload", file, "--to", 59).output
    again = said("upload", file, "--to", 59, "--sd", 0.01)
    assert f"it replaces {read_calibration(file).name[:15]}" in again.output
    assert [bridge.followed_curve(name) for name in bridge.CURVE_INPUTS] == before


def test_what_is_stored_can_be_fetched_and_read_again(file, station, tmp_path):
    said("upload", file, "--to", 30)
    out = tmp_path / "back.340"
    assert said("read", 30, "--out", out).exit_code == 0
    back, read = read_calibration(out), read_calibration(file)
    assert back.serial == read.hash[:10]
    for kelvin in (0.03, 0.1, 1.0):
        assert back.resistance(kelvin) == pytest.approx(read.resistance(kelvin), rel=1e-4)  # six digits
    assert "is there already" in said("read", 30, "--out", out).output


def test_a_used_curve_and_a_heated_loop_are_left_alone(file, station):
    used = said("upload", file, "--to", 21)
    assert used.exit_code == 2
    assert "curve 21 is followed by input A, 2, 3 and was not replaced" in used.output
    station.controller.heater_range = 1e-3
    hot = said("upload", file, "--to", 31, "--channel", "A")
    assert hot.exit_code == 2
    assert "input A controls a heater that is on, and nothing was sent" in hot.output
    assert station.instruments["fridge"].curve_points(31) == []


def test_ctrl_c_is_told_and_no_input_changes(file, station, monkeypatch):
    bridge = station.instruments["fridge"]
    before = bridge.followed_curve("1")
    write = type(bridge).write

    def interrupted(self, command):
        if command.startswith("CRVPT 30,50,"):
            raise KeyboardInterrupt
        write(self, command)

    monkeypatch.setattr(type(bridge), "write", interrupted)
    done = said("upload", file, "--to", 30, "--channel", 1)
    assert done.exit_code == 130
    assert "stopped; curve 30 is not to be believed" in done.output
    assert bridge.followed_curve("1") == before


def test_nothing_is_asked_while_another_program_has_the_station(file, tmp_path, monkeypatch):
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))
    text = read_station_file().text
    start, end = text.index("\n[simulator]"), text.index("\n[instruments")
    real = tmp_path / "real.toml"
    real.write_text(text[:start] + text[end:].replace('clock = "virtual"', 'clock = "wall"'))
    with hold_station(check_station_text(real.read_text(), str(real)), "a run"):
        done = said("upload", file, "--to", 30, "--station", real)
    assert done.exit_code == 2
    assert "is in use by a run" in done.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("show", "nowhere.340"), "nowhere.340"),
        (("upload", "FILE", "--to", 60), "allowed are whole numbers 21 to 59"),
        (("upload", "FILE", "--to", 30, "--channel", "17"), "is not an input; allowed are A, 1"),
        (("upload", "FILE", "--to", 30, "--instrument", "lockin"), "takes curves; this station has fridge"),
        (("read", 30, "--out", "x.340"), "curve 30 has no points"),
        (("read", 30, "--out", "x.txt"), "must end in .340"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_status_2(words, sentence, file, station):
    done = said(*(file if word == "FILE" else word for word in words))
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_curve_of_many_points_is_sampled_and_ascends():
    points = bridge_curves.points_for(FORMULA)
    assert len(FORMULA.temperatures) > 200 == len(points)
    assert points == sorted(points)
    assert {points[0][1], points[-1][1]} == {FORMULA.T_min, FORMULA.T_max}
    assert bridge_curves.worst_of(FORMULA, points)[0] < 1e-3
    coarse = points[::20]
    worst, kelvin = bridge_curves.worst_of(FORMULA, coarse)
    assert worst > 1e-3
    assert 0.005 < kelvin < 4.0
