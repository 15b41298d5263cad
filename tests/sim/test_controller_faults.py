"""Faults of the heater and of its thermometer where a controller beside the bridge has both."""

import pytest

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.faults import Fault, FaultError, arm, scenario_from
from coldfinger.sim.rack import sim_rack
from coldfinger.sim.sample import builtin_sample

SAMPLE = builtin_sample("S0", 0, fluctuations=False)
ADDRESSES = {"controller": "TCPIP0::127.0.0.1::33576::SOCKET", "bridge": "GPIB0::12::INSTR"}
HEATED = {
    "Triton": [f"SET:DEV:T5:TEMP:LOOP:{word}" for word in ("P:2", "I:15", "TSET:0.2", "RANGE:10mA", "MODE:ON")],
    "LakeShore370": ["PID 2,15,0;CSET 2,0,1,1,1,8,120;CMODE 1;HTRRNG 6;SETP 0.2"],
    "LakeShore372": ["PID 0,2,15,0;OUTMODE 0,5,A,0,0,0,1;RANGE 0,6;SETP 0,0.2"],
}
KELVIN = {"Triton": "READ:DEV:T5:TEMP:SIG:TEMP", "LakeShore370": "RDGK? 2", "LakeShore372": "KRDG? A"}
MODELS = sorted(HEATED)


def rack_with(controller):
    cryostat = Cryostat(SAMPLE, Laboratory(bridge_noise=0.0))
    models = {"controller": controller, "bridge": "LakeShore372"}
    return sim_rack(cryostat, SimClock(), ADDRESSES, models=models)


def ask(rack, place, *lines):
    port = rack.connect(rack.names[place])
    for line in lines:
        rack.exchange(port, line.encode() + b"\n", not rack.names[place].endswith("SOCKET"))
    rack.disconnect(port)
    return port.take().decode()


def heated(controller):
    rack = rack_with(controller)
    ask(rack, "controller", *HEATED[controller])
    rack.clock.sleep(300.0)
    rack.keep_up()
    assert rack.cryostat.mixing_chamber.temperature == pytest.approx(0.2, rel=0.05)
    return rack


@pytest.mark.parametrize("controller", MODELS)
def test_an_open_heater_of_a_controller_gives_no_heat(controller):
    rack = heated(controller)
    arm(rack, [Fault("heater open", on="controller")])
    rack.clock.sleep(300.0)
    rack.keep_up()
    assert rack.cryostat.mixing_chamber.temperature < 0.02
    if controller != "Triton":
        assert ask(rack, "controller", "HTRST?" if controller == "LakeShore370" else "HTRST? 0") == "1\r\n"


@pytest.mark.parametrize("controller", MODELS)
def test_a_heater_of_a_controller_that_is_stuck_heats_at_every_range(controller):
    rack = rack_with(controller)
    arm(rack, [Fault("heater stuck at full", on="controller", value=5e-3)])
    rack.clock.sleep(300.0)
    rack.keep_up()
    assert rack.cryostat.mixing_chamber.temperature == pytest.approx(0.274, rel=0.01)  # 3 mW against 40 mW/K^2


@pytest.mark.parametrize("controller", MODELS)
def test_a_controller_whose_sensor_is_lost_gives_no_heat_and_the_chip_is_still_read(controller):
    rack = heated(controller)
    before = float(ask(rack, "bridge", "RDGR? 1"))
    arm(rack, [Fault("control sensor out of range", on="controller")])
    rack.clock.sleep(300.0)
    rack.keep_up()
    if controller != "Triton":
        assert int(ask(rack, "controller", f"RDGST? {'2' if controller == 'LakeShore370' else 'A'}")) & 16
    assert rack.cryostat.mixing_chamber.temperature < 0.02
    assert float(ask(rack, "bridge", "RDGR? 1")) > before
    assert ask(rack, "bridge", "RDGST? 1") == "000\r\n"


@pytest.mark.parametrize("controller", MODELS)
def test_a_stale_sensor_of_a_controller_repeats_one_number(controller):
    rack = heated(controller)
    arm(rack, scenario_from('schema = 1\n[[fault]]\nkind = "stale sensor"\non = "controller"\nfor = 200.0'))
    before = ask(rack, "controller", KELVIN[controller])
    ask(rack, "controller", HEATED[controller][-1].replace("0.2", "0.3"))
    rack.clock.sleep(100.0)
    assert ask(rack, "controller", KELVIN[controller]) == before
    rack.clock.sleep(200.0)
    rack.keep_up()
    assert not rack.troubles.active


def test_a_range_of_a_controller_can_be_stuck_and_that_of_the_bridge_is_free():
    rack = rack_with("LakeShore370")
    arm(rack, [Fault("range stuck", on="controller")])
    rack.clock.sleep(60.0)
    before = ask(rack, "controller", "RDGRNG? 2")
    assert ask(rack, "controller", "RDGRNG 2,1,6,3,0,0", "RDGRNG? 2").split(",")[2] == before.split(",")[2]
    assert ask(rack, "bridge", "INTYPE 1,0,3,0,12,0,1", "INTYPE? 1") == "0,03,0,12,0,1\r\n"


@pytest.mark.parametrize("kind", ["heater open", "heater stuck at full", "stale sensor", "control sensor out of range"])
@pytest.mark.parametrize("on", ["bridge", "", "GPIB0::12::INSTR"])
def test_a_bridge_beside_a_controller_has_no_heater_to_fail(kind, on):
    rack = rack_with("Triton")
    with pytest.raises(FaultError, match=r"has no heater in this rack; allowed are controller$"):
        arm(rack, [Fault(kind, on=on)])
    assert rack.troubles is None


def test_a_bridge_alone_has_the_heater_and_no_controller_can_be_named():
    rack = sim_rack(Cryostat(SAMPLE), SimClock())
    with pytest.raises(FaultError, match=r"'controller' is not in this rack; allowed are bridge$"):
        arm(rack, [Fault("heater open", on="controller")])
    arm(rack, [Fault("heater open")])
    assert rack.cryostat.loop.heater_open
