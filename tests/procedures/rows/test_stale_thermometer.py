"""Somebody switches the bridge's autoscan on: rows taken while another channel is scanned must say so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.procedures.current.excitation import Excitation
from coldfinger.procedures.field_sweep import FieldSweep
from coldfinger.procedures.rows.point import evaluate, read_point
from coldfinger.procedures.rows.standing import LEFT_OVER, left_over, longest_stand
from coldfinger.procedures.runner import run_procedure
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.quality import DISBELIEVED, Quality
from coldfinger.runfiles.reader import read_run


def front_panel(station, *lines):
    """Somebody at the bridge's own keys."""
    panel = station.rack.devices[station.rack.names["bridge"]]
    for line in lines:
        panel.receive(line.encode() + b"\n")


def test_a_ramp_under_autoscan_marks_its_stale_rows_and_keeps_no_wrong_temperature(simulated, tmp_path):
    station = simulated(sample="S0", seed=5)
    holding, rows = station.magnet_holding, []

    def watch():
        rows.append(station.clock.time())
        if len(rows) == 4:
            front_panel(station, "INSET 1,1,12,3,0,1;SCAN 1,1")
        return holding()

    station.magnet_holding = watch
    wish = {"excitation": "gentle", "points": 40, "field": 500.0, "start": 0.5, "stop": 0.2, "final_points": 0}
    result = run_procedure(TemperatureRamp(**wish), station, tmp_path)
    frame = read_run(result.folder).frame
    flags = frame["flags"].astype(int).to_numpy()
    believed, stale = flags & int(DISBELIEVED) == 0, flags & int(Quality.STALE_THERMOMETER) != 0
    assert believed[:3].all()
    assert stale[4:].sum() > 10
    assert believed[4:].sum() > 5  # the channel's own turns give rows as ever
    film = station.cryostat.sample
    T, rho = frame["T_sample (K)"].to_numpy(), frame["rho (ohm)"].to_numpy()
    true = film.resistivity(T, 500.0)
    slope = np.log(film.resistivity(T * 1.001, 500.0) / true) / np.log(1.001)
    sd = np.hypot(frame["rho_sd (ohm)"] / rho, slope * frame["T_sample_sd (K)"] / T)
    pulls = np.abs((rho / true - 1.0) / sd)
    assert pulls[believed].max() < 4.5
    assert pulls[stale].max() > 20.0  # they would have been wrong indeed


@pytest.mark.parametrize("channel", [2, 9])
def test_a_point_read_while_another_channel_is_measured_is_not_believed(simulated, channel):
    station = simulated(sample="S0", seed=2)
    excitation = Excitation(1e-9, 7.0, 0.1)
    station.clock.sleep(60.0)

    def point(window=4.0):
        raw = read_point(station, excitation, window, lambda: None)
        return evaluate(raw, station, excitation, 1.0)

    assert not point().flags & Quality.STALE_THERMOMETER
    front_panel(station, f"SCAN {channel},0")
    assert point().flags & Quality.STALE_THERMOMETER
    assert point(1.5).flags & Quality.STALE_THERMOMETER  # three readings
    front_panel(station, "SCAN 1,0")
    assert point().flags & Quality.STALE_THERMOMETER  # three of its four seconds are the pause
    station.clock.sleep(5.0)
    assert not point().flags & Quality.STALE_THERMOMETER


def test_rows_of_a_moving_field_say_so_too(simulated, tmp_path):
    station = simulated(sample="S0", seed=3)
    read = type(station.bridge).reading.fget
    looks = []

    def scan_away(bridge):
        looks.append(bridge)
        if len(looks) == 40:
            front_panel(station, "SCAN 3,0")
        return read(bridge)

    patch = pytest.MonkeyPatch()
    patch.setattr(type(station.bridge), "reading", property(scan_away))
    with patch.context():
        result = run_procedure(FieldSweep(temperature=0.45, start=-5.0, stop=5.0, step=1.0), station, tmp_path)
    patch.undo()
    flags = read_run(result.folder).frame["flags"].astype(int)
    assert flags.iloc[-1] & int(Quality.STALE_THERMOMETER)


@given(st.lists(st.tuples(st.floats(0.1, 1.0), st.integers(0, 2)), min_size=1, max_size=20))
def test_the_longest_stand_is_that_of_the_longest_row_of_equal_readings(steps):
    times = np.cumsum([step for step, _ in steps]).tolist()
    readings = [value for _, value in steps]
    spans = [
        times[j] - times[i]
        for i in range(len(times))
        for j in range(i, len(times))
        if len(set(readings[i : j + 1])) == 1
    ]
    assert longest_stand(times, readings) == max(spans)


@pytest.mark.parametrize("count", [4, 6, 8, 30])
@pytest.mark.parametrize("equal", [1, 2])
def test_first_readings_of_an_earlier_turn_are_off_the_line_of_the_others(count, equal):
    noise = np.random.default_rng(count).standard_normal((4_000, count)) + 0.3 * np.arange(count)
    values = np.array([left_over(list(row)) for row in noise])
    assert values.max() < LEFT_OVER
    assert np.sqrt((values**2).mean()) == pytest.approx(1.0, rel=0.06)  # 4000 rows: 1 % by chance
    noise[:, :equal] = 60.0
    assert min(left_over(list(row)) for row in noise[:100]) > LEFT_OVER


def test_too_few_readings_tell_nothing_about_a_turn():
    assert left_over([1.0, 2.0, 3.0]) == 0.0
