"""The simulated 372's scanner: who is measured, who is excited, and what the others show meanwhile."""

import pytest

from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.devices.ls370 import LakeShore370
from coldfinger.sim.devices.ls372 import LakeShore372
from tests.sim.panel_checks import SAMPLE, ask


@pytest.fixture
def panel(cryostat):
    result = LakeShore372(cryostat)
    result.receive(b"*CLS\n")
    cryostat.advance(60.0)  # the ranges have been found
    return result


def warm_up(panel, cryostat, kelvin, seconds):
    panel.receive(b"PID 0,2,15,0;OUTMODE 0,5,A,0,0,0,1;RANGE 0,6;SETP 0,%g\n" % kelvin)
    cryostat.advance(cryostat.now + seconds)


def test_a_channel_that_is_not_scanned_keeps_reading_power_and_status(panel, cryostat):
    before = ask(panel, "SRDG? 1;QRDG? 1;RDGPWR? 1;RDGST? 1")
    panel.receive(b"SCAN 2,0\n")
    warm_up(panel, cryostat, 0.3, 300.0)
    assert ask(panel, "SRDG? 1;QRDG? 1;RDGPWR? 1;RDGST? 1") == before
    assert cryostat.chip.temperature > 0.2
    panel.receive(b"SCAN 1,0\n")
    cryostat.advance(cryostat.now + 2.9)
    assert ask(panel, "SRDG? 1;QRDG? 1;RDGPWR? 1;RDGST? 1") == before  # still in the pause
    cryostat.advance(cryostat.now + 10.0)
    now = cryostat.inputs["1"].true_resistance(cryostat.now)
    assert float(ask(panel, "SRDG? 1")) == pytest.approx(now, rel=0.02)  # 10 nV/sqrt(Hz) at 1 nA


def test_a_status_belongs_to_the_last_turn(panel, cryostat):
    panel.receive(b"INTYPE 1,0,3,0,1,0,1\n")  # 2 mohm full scale
    cryostat.advance(70.0)
    assert ask(panel, "RDGST? 1") == "016"
    panel.receive(b"SCAN 3,0;INTYPE 1,0,3,0,17,0,1\n")
    cryostat.advance(80.0)
    assert ask(panel, "RDGST? 1") == "016"
    panel.receive(b"SCAN 1,0\n")
    cryostat.advance(90.0)
    assert ask(panel, "RDGST? 1") == "000"


def test_only_the_scanned_channel_is_excited(panel, cryostat):
    for key in ("1", "2", "3"):
        panel.receive(f"SCAN {key},0\n".encode())
        assert [name for name in ("1", "2", "3") if cryostat.inputs[name].current() > 0.0] == [key]
        assert cryostat.inputs["A"].current() > 0.0
    panel.receive(b"SCAN 9,0\n")
    assert not any(cryostat.inputs[name].current() for name in ("1", "2", "3"))
    assert ask(panel, "SRDG? 9;RDGST? 9") == "+000.000E+09;016"


def test_the_sensors_of_the_stages_read_their_stated_temperatures(panel, cryostat):
    for key, kelvin in (("2", 0.75), ("3", 3.9)):
        assert ask(panel, f"KRDG? {key}") == "+000.000E+00"  # never measured yet
        panel.receive(f"SCAN {key},0\n".encode())
        cryostat.advance(cryostat.now + 15.0)
        # |dlnR/dlnT| is 0.36 and 0.24 and the noise 14 nV of 20 uV; the last of the settling is 1e-10.
        assert float(ask(panel, f"KRDG? {key}")) == pytest.approx(kelvin, rel=0.03)
        assert ask(panel, f"RDGST? {key}") == "000"


def test_autoscan_pauses_then_dwells_and_goes_to_the_next_enabled_channel(panel, cryostat):
    panel.receive(b"INSET 1,1,20,5,0,1;INSET 2,0,7,3,21,1;INSET 3,1,10,4,21,1;SCAN 1,1\n")
    start, seen = cryostat.now, []
    for second in range(80):
        cryostat.advance(start + second + 0.5)
        channel = int(ask(panel, "SCAN?").split(",")[0])
        if not seen or seen[-1][0] != channel:
            seen.append((channel, second))
    assert seen == [(1, 0), (3, 25), (1, 39), (3, 64), (1, 78)]
    panel.receive(b"SCAN 3,0\n")
    cryostat.advance(cryostat.now + 100.0)
    assert ask(panel, "SCAN?") == "03,0"


def test_a_reading_under_autoscan_moves_in_its_dwell_only(panel, cryostat):
    panel.receive(b"INSET 2,0,7,3,21,1;INSET 3,1,10,4,21,1;SCAN 3,1\n")
    start, readings = cryostat.now, []
    for second in range(24):
        cryostat.advance(start + second + 0.5)
        readings.append(ask(panel, "SRDG? 1"))
    assert len(set(readings[:17])) == 1  # 14 s at channel 3 and a pause of 3 s
    assert len(set(readings[17:])) == 7


def test_autoscan_with_nothing_enabled_stays_where_it_is(panel, cryostat):
    panel.receive(b"INSET 1,0,0,0,0,0;INSET 2,0,0,0,0,0;INSET 3,0,0,0,0,0;SCAN 5,1\n")
    cryostat.advance(200.0)
    assert ask(panel, "SCAN?") == "05,1"


def test_an_autorange_waits_for_its_turn(panel, cryostat):
    sensor = cryostat.inputs["1"]
    panel.receive(b"SCAN 2,0;INTYPE 1,0,3,1,22,0,1\n")
    cryostat.advance(100.0)
    assert sensor.range == 63.2e6
    panel.receive(b"SCAN 1,0\n")
    cryostat.advance(200.0)
    assert 0.2 * sensor.range <= sensor.true_resistance(200.0) <= sensor.range


def test_the_filter_begins_anew_with_a_channel_and_beyond_its_window():
    cryostat = Cryostat(SAMPLE, Laboratory(bridge_noise=0.0))
    panel = LakeShore372(cryostat)
    panel.receive(b"FILTER 1,1,30,1\n")
    cryostat.advance(60.0)
    assert ask(panel, "RDGSTL?") == "0,0"
    sensor = cryostat.inputs["1"]
    full, now = sensor.range, sensor.resistance(60.0)
    sensor.forced = now + 0.005 * full  # within the window of 1 % of the full scale: slowly
    cryostat.advance(61.25)
    assert sensor.resistance(61.25) == pytest.approx(now + 0.0007 * full, rel=0.01)
    sensor.forced = now + 0.05 * full
    cryostat.advance(63.25)
    assert sensor.resistance(63.25) == pytest.approx(sensor.forced, rel=1e-6)
    assert ask(panel, "RDGSTL?") == "0,1"
    cryostat.advance(100.0)
    panel.receive(b"SCAN 2,0;SCAN 1,0\n")
    assert ask(panel, "RDGSTL?") == "0,2"
    cryostat.advance(105.0)
    assert ask(panel, "RDGSTL?") == "0,1"


def test_a_new_excitation_frequency_takes_several_seconds(panel, cryostat):
    before = ask(panel, "SRDG? 1")
    panel.receive(b"FREQ 0,3\n")
    cryostat.advance(64.9)
    assert ask(panel, "FREQ? 0;SRDG? 1;RDGSTL?") == f"3;{before};0,2"
    cryostat.advance(70.0)
    assert ask(panel, "SRDG? 1;RDGSTL?") != f"{before};0,0"
    other = ask(panel, "KRDG? A")
    panel.receive(b"FREQ A,1\n")
    cryostat.advance(73.0)
    assert ask(panel, "KRDG? A") == other


def test_the_status_byte_tells_whose_reading_is_of_this_moment(panel, cryostat):
    assert int(ask(panel, "*STB?")) == 2 + 4
    panel.receive(b"SCAN 2,0\n")
    assert int(ask(panel, "*STB?")) == 2
    cryostat.advance(70.0)
    assert int(ask(panel, "*STB?")) == 2 + 4
    panel.receive(b"SCAN 9,0\n")
    assert int(ask(panel, "*STB?")) == 2


def test_scanning_survives_the_power_switch(panel, cryostat):
    panel.receive(b"INSET 3,0,9,4,21,1;SCAN 2,0\n")
    after = LakeShore372(cryostat)
    after.lose_settings()
    assert ask(after, "SCAN?;INSET? 3") == "02,0;0,009,004,21,1"


def test_whoever_looks_changes_nothing():
    def last(times):
        cryostat = Cryostat(SAMPLE, seed=4)
        panel = LakeShore372(cryostat)
        cryostat.advance(50.0)
        panel.receive(b"FILTER 0,1,10,10;SCAN 1,1\n")
        for time in (*times, 190.0):
            cryostat.advance(time)
            panel.receive(b"SRDG? 1;SRDG? 2;RDGST? 3;SCAN?\n")
        return ask(panel, "SRDG? 1;SRDG? 2;SRDG? 3;QRDG? 1;SCAN?")

    assert last(()) == last(x * 0.37 + 51.0 for x in range(300))


def test_a_channel_that_never_leaves_reads_what_it_always_read():
    """The sensors of the stages and the scanner move no number of the others."""
    with_stages, without = Cryostat(SAMPLE, seed=7), Cryostat(SAMPLE, Laboratory(stages=()), seed=7)
    for cryostat in (with_stages, without):
        cryostat.advance(100.3)
    for key in ("A", "1"):
        assert with_stages.inputs[key].resistance(100.3) == without.inputs[key].resistance(100.3)


def test_a_370_leaves_the_chip_behind_and_never_the_mixing_chamber(cryostat):
    panel = LakeShore370(cryostat)
    cryostat.advance(60.0)
    assert ask(panel, "INSET? 2;INSET? 3") == "1,007,003,20,1;0,007,003,00,1"
    chip, plate = ask(panel, "RDGR? 1;RDGST? 1"), ask(panel, "RDGR? 2")
    panel.receive(b"SCAN 2,0\n")
    cryostat.advance(80.0)
    assert ask(panel, "RDGR? 1;RDGST? 1") == chip
    assert ask(panel, "RDGR? 2") != plate
    assert cryostat.inputs["1"].current() == 0.0
    panel.receive(b"SCAN 2,1\n")
    cryostat.advance(91.0)
    assert ask(panel, "SCAN?") == "01,1"
    cryostat.advance(95.0)
    assert ask(panel, "RDGR? 1;RDGST? 1") != chip
