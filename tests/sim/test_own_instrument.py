"""The example of an instrument of one's own, as somebody would use it."""

import importlib.util
import runpy
from pathlib import Path

import pytest
import pyvisa

from coldfinger.sim import faults, visa
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.faults import Fault
from coldfinger.sim.rack import Rack
from coldfinger.sim.sample import builtin_sample

FILE = Path(__file__).parents[2] / "examples" / "own_instrument.py"


@pytest.fixture
def example():
    specification = importlib.util.spec_from_file_location("own_instrument", FILE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def rack(example):
    cryostat = Cryostat(builtin_sample("S1", 0, fluctuations=False))
    result = Rack(cryostat, SimClock(), {example.ADDRESS: example.LevelMeter(cryostat)})
    visa.register("mine", result)
    yield result
    visa.unregister("mine")


@pytest.fixture
def meter(rack, example):
    manager = pyvisa.ResourceManager("mine@coldfinger")
    yield manager.open_resource(example.ADDRESS, read_termination="\r\n", write_termination="\n")
    manager.close()


def test_it_has_fewer_than_eighty_lines():
    assert len(FILE.read_text("utf-8").splitlines()) < 80


def test_it_is_known_by_its_name_and_measures_by_itself_every_ten_minutes(meter, rack):
    assert meter.query("*IDN?") == "Example,LEVEL METER,0001,1.0"
    assert meter.query("LEVEL?") == "100.0"
    rack.clock.sleep(3590.0)
    assert meter.query("level?") == "98.8"  # measured at 3000 s
    rack.clock.sleep(20.0)
    assert meter.query("LEVEL?") == "98.5"


def test_what_it_does_not_understand_is_noted_and_changes_nothing(meter):
    meter.write("INTERVAL soon")
    meter.write("FOO")
    assert meter.query("*ESR?") == "48"
    assert meter.query("*ESR?") == "0"


def test_faults_can_be_armed_on_it_like_on_any_other(meter, rack, example):
    faults.arm(rack, [Fault("silence", on=example.ADDRESS, for_=1.0)])
    with pytest.raises(pyvisa.VisaIOError, match="VI_ERROR_TMO"):
        meter.query("LEVEL?")
    assert meter.query("LEVEL?") == "100.0"


def test_the_file_runs_as_it_stands(capsys):
    try:
        runpy.run_path(str(FILE), run_name="__main__")
    finally:
        visa.unregister("mine")
    assert capsys.readouterr().out.split("\n") == ["100.0 %", "98.5 %", "97.0 %", "95.5 %", ""]
