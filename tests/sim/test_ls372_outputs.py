"""The simulated 372's outputs: zones, warm-up heater, monitor output, temperature limits."""

import pytest

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.devices.ls372 import HEATER_RANGES, LakeShore372
from coldfinger.sim.rack import sim_rack, standard_rack
from tests.sim.panel_checks import SAMPLE, ask


@pytest.fixture
def panel(cryostat):
    result = LakeShore372(cryostat)
    result.receive(b"*CLS\n")
    return result


def test_a_zone_is_read_as_it_was_written(panel):
    panel.receive(b"ZONE 0,1,250.000E-03,10,20,0,0,2,1.2,0,1\n")
    zone = ask(panel, "ZONE? 0,1")
    assert zone == "+250.000E-03,+0010.000,+00020.000,+0000.000,+000.00,2,+001.200,0,1"
    panel.receive(f"ZONE 0,7,{zone}\n".encode())
    assert ask(panel, "ZONE? 0,7;ZONE? 1,10;*ESR?").split(";")[0] == zone
    assert ask(panel, "*ESR?") == "000"


def test_the_moving_set_point_takes_the_numbers_of_its_zone(panel, cryostat):
    panel.receive(b"ZONE 0,1,0.1,2,15,0,0,5,6,0,0;ZONE 0,2,0.4,3,10,0,0,6,12,0,0\n")
    panel.receive(b"SETP 0,0.05;OUTMODE 0,3,A,0,0,0,1;RANGE 0,5\n")
    cryostat.advance(2.0)
    panel.receive(b"RAMP 0,1,6;SETP 0,0.3\n")
    cryostat.advance(2.3)
    assert ask(panel, "PID? 0;RANGE? 0;RAMP? 0") == "+0002.000,+00015.000,+0000.000;5;1,+006.000"
    cryostat.advance(8.0)  # 6 K/min: 0.1 K is passed after half a second
    assert ask(panel, "PID? 0;RANGE? 0;RAMP? 0") == "+0003.000,+00010.000,+0000.000;6;1,+012.000"
    cryostat.advance(300.0)
    assert float(ask(panel, "KRDG? A")) == pytest.approx(0.3, rel=0.02)
    assert cryostat.loop.range_current == HEATER_RANGES[6]


def test_a_zone_never_switches_a_heater_on_and_none_above_the_last_changes_anything(panel, cryostat):
    panel.receive(b"ZONE 0,1,0.1,2,15,0,0,5,6,0,0;PID 0,7,8,9;OUTMODE 0,3,A,0,0,0,1;SETP 0,0.2\n")
    cryostat.advance(5.0)
    assert ask(panel, "RANGE? 0;PID? 0") == "0;+0007.000,+00008.000,+0009.000"
    panel.receive(b"SETP 0,0.05\n")
    cryostat.advance(10.0)
    assert ask(panel, "RANGE? 0;PID? 0") == "0;+0002.000,+00015.000,+0000.000"


def test_the_warm_up_heater_heats_with_a_share_of_its_full_current(panel, cryostat):
    panel.receive(b"HTRSET 1,2,0,0.004,1;OUTMODE 1,6,A,0,0,0,1;WARMUP 1,50\n")
    assert ask(panel, "HTRSET? 1;AOUT? 1") == "2,0,+00.0040,1;+000.00"
    cryostat.advance(100.0)
    assert cryostat.mixing_chamber.temperature == pytest.approx(0.010, rel=1e-6)
    panel.receive(b"RANGE 1,1\n")
    cryostat.advance(400.0)
    assert ask(panel, "AOUT? 1;RANGE? 1") == "+050.00;1"
    # 2 mA in 50 ohm, 200 uW, against 40 mW/K^2: sqrt(0.01^2 + 0.005) K
    assert cryostat.mixing_chamber.temperature == pytest.approx(0.0714, rel=1e-3)
    panel.receive(b"*RST\n")
    cryostat.advance(700.0)
    assert cryostat.mixing_chamber.temperature == pytest.approx(0.010, rel=1e-3)


def test_a_warm_up_with_automatic_end_stops_at_its_set_point(panel, cryostat):
    panel.receive(b"HTRSET 1,2,0,0.004,1;OUTMODE 1,6,A,0,0,0,1;SETP 1,0.05;WARMUP 0,100;RANGE 1,1\n")
    cryostat.advance(2.0)
    assert ask(panel, "RANGE? 1;AOUT? 1") == "1;+100.00"
    cryostat.advance(30.0)
    assert ask(panel, "RANGE? 1;AOUT? 1") == "0;+000.00"
    assert 0.01 < cryostat.mixing_chamber.temperature < 0.05


def test_full_currents_of_the_warm_up_heater_by_number(panel, cryostat):
    for number, amperes in ((1, 0.45), (2, 0.63)):
        panel.receive(f"HTRSET 1,1,{number},0,1;OUTMODE 1,2,A,0,0,0,1;MOUT 1,10;RANGE 1,1\n".encode())
        assert cryostat.warmup.current == pytest.approx(0.1 * amperes)
        assert cryostat.warmup.resistance == 25.0


def test_the_monitor_output_follows_an_input_between_two_values(panel, cryostat):
    cryostat.advance(60.0)
    panel.receive(b"OUTMODE 2,1,A,0,0,0,1;RANGE 2,1;ANALOG 2,0,1,A,1,0.04,0,0\n")
    kelvin = float(ask(panel, "KRDG? A"))
    assert float(ask(panel, "AOUT? 2")) == pytest.approx(100.0 * kelvin / 0.04, abs=0.01)
    panel.receive(b"ANALOG 2,1,1,A,1,0.04,0,0\n")
    assert float(ask(panel, "AOUT? 2")) == pytest.approx(200.0 * kelvin / 0.04 - 100.0, abs=0.01)
    panel.receive(b"ANALOG 2,0,1,A,3,1,0,0\n")  # ohm, beyond the high value
    assert ask(panel, "AOUT? 2") == "+100.00"
    panel.receive(b"OUTMODE 2,4,A,0,0,0,1;STILL 12.5\n")
    assert ask(panel, "AOUT? 2;STILL?") == "+012.50;+12.50"


@pytest.mark.parametrize("key", ["A", "1"])
def test_a_temperature_limit_switches_both_heaters_off(panel, cryostat, key):
    panel._laboratory_curves["1"] = cryostat.inputs["1"].sensor.temperature
    panel.receive(b"INCRV 1,21;TLIMIT %s,0.1\n" % key.encode())
    panel.receive(b"PID 0,2,15,0;OUTMODE 0,5,A,0,0,0,1;RANGE 0,6;SETP 0,0.3\n")
    panel.receive(b"HTRSET 1,2,0,0.001,1;OUTMODE 1,2,A,0,0,0,1;MOUT 1,1;RANGE 1,1\n")
    cryostat.advance(600.0)
    assert ask(panel, f"RANGE? 0;RANGE? 1;TLIMIT? {key}") == "0;0;+0000"
    assert cryostat.mixing_chamber.temperature < 0.02
    panel.receive(b"TLIMIT %s,0;RANGE 0,6\n" % key.encode())
    cryostat.advance(900.0)
    assert cryostat.mixing_chamber.temperature == pytest.approx(0.3, rel=0.02)


def test_the_end_of_a_ramp_shows_in_the_status_byte(panel, cryostat):
    panel.receive(b"SETP 0,0.1\n")
    cryostat.advance(1.0)
    panel.receive(b"RAMP 0,1,6;SETP 0,0.2\n")
    cryostat.advance(1.5)
    assert not int(ask(panel, "*STB?")) & 128
    cryostat.advance(3.0)
    assert int(ask(panel, "*STB?")) & 128


def test_the_log_knows_the_warm_up_heater():
    rack = standard_rack()
    port = rack.connect(rack.names["bridge"])
    rack.exchange(port, b"HTRSET 1,2,0,0.004,1;OUTMODE 1,6,A,0,0,0,1;WARMUP 1,50;RANGE 1,1", True)
    assert rack.log.of("warm-up heater")[-1].value == pytest.approx(2e-3)


def test_a_limit_of_a_bridge_beside_a_controller_leaves_the_controllers_heater_alone():
    addresses = {"controller": "GPIB0::13::INSTR", "bridge": "GPIB0::12::INSTR"}
    models = {"controller": "LakeShore372", "bridge": "LakeShore372"}
    rack = sim_rack(Cryostat(SAMPLE), SimClock(), addresses, models=models)
    lines = {
        "controller": b"RANGE 0,4",
        "bridge": b"SCAN 3,0;TLIMIT 3,1;RANGE 0,5;OUTMODE 1,2,A,0,0,0,1;MOUT 1,1;RANGE 1,1",
    }
    for place, line in lines.items():
        rack.exchange(rack.connect(rack.names[place]), line, True)
    rack.clock.sleep(30.0)
    rack.keep_up()
    port = rack.connect(rack.names["bridge"])
    rack.exchange(port, b"RANGE? 0", True)
    assert (port.take(), rack.cryostat.loop.range_current) == (b"0\r\n", HEATER_RANGES[4])
    assert rack.cryostat.warmup.current == 0.0
