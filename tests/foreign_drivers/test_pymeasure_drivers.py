"""pymeasure's own drivers, unmodified, on the simulated instruments: connect, identify, read, set, ramp and wait."""

import contextlib
import time

import pytest
from pymeasure.instruments.agilent import Agilent33500
from pymeasure.instruments.ami import AMI430
from pymeasure.instruments.oxfordinstruments import IPS120_10
from pymeasure.instruments.srs import SR830, SR860
from pymeasure.instruments.yokogawa import YokogawaGS200

from coldfinger.sim.magnet import MagnetModel, SwitchModel
from tests.foreign_drivers.benches import bench, seats

pytestmark = pytest.mark.filterwarnings("ignore:It is not known whether this device support SCPI")  # of its GS200


@pytest.fixture(scope="module", params=["served", "in process"])
def bench_seats(request):
    switch = MagnetModel(switch=SwitchModel(heating=5.0, cooling=5.0))
    racks = (
        bench({"lock-in": "SR830", "magnet": "AMI430", "bias": "GS200"}),
        bench({"lock-in": "SR860", "generator": "Keysight33511B"}),
        bench({"lock-in": "SR865A", "magnet": "IPS120"}, switch),
    )
    with seats(request.param, *racks) as result:
        yield result


@contextlib.contextmanager
def opened(driver, seat, end="\n", **options):
    """`end`: what a read on a socket needs to know; messages on GPIB end by themselves."""
    if seat.resource.endswith("SOCKET") and end:
        options["read_termination"] = end
    instrument = driver(seat.resource, visa_library=seat.library, **options)
    try:
        yield instrument
    finally:
        instrument.adapter.close()
        instrument.adapter.manager.close()


SETTLING = 0.2  # s, 20 of the laboratory


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not become true"
        time.sleep(0.01)


def test_sr830(bench_seats):
    seat = bench_seats["SR830"]
    with opened(SR830, seat) as lockin:
        assert "SR830" in lockin.id
        lockin.frequency = 17.0
        lockin.sine_voltage = 0.5
        lockin.time_constant = 0.1
        lockin.sensitivity = 1e-3
        lockin.aux_out_1 = 1.5
        state = seat.rack.cryostat.lockin
        assert (lockin.frequency, lockin.sine_voltage, lockin.time_constant) == (17.0, 0.5, 0.1)
        assert (state.frequency, state.amplitude, state.sensitivity) == (17.0, 0.5, 1e-3)
        time.sleep(SETTLING)
        x, y = lockin.xy
        assert lockin.magnitude == pytest.approx(abs(complex(x, y)), rel=1e-3)
        assert lockin.sample_frequency == 1.0


def test_sr830_fills_its_buffer(bench_seats):
    seat = bench_seats["SR830"]
    with opened(SR830, seat, timeout=100) as lockin:  # ms: it reads the buffer until nothing more comes
        lockin.sine_voltage = 1.0
        lockin.sensitivity = 1e-4
        lockin.sample_frequency = 16
        lockin.aquireOnTrigger(True)
        lockin.reset_buffer()
        lockin.trigger()
        lockin.wait_for_buffer(50, timeout=5.0)
        count = lockin.buffer_count
        assert count >= 50
        points = lockin.get_buffer(1, 0, count)
        assert len(points) == count
        assert list(lockin.get_buffer(1, 10, 20)) == list(points[10:20])
        lockin.reset_buffer()
        lockin.start_scan()
        first, second = lockin.fill_buffer(20)
        assert first[-1] == pytest.approx(lockin.x, rel=0.05)  # settled, and looked at again later
        assert len(second) == 20


def test_sr860(bench_seats):
    seat = bench_seats["SR865A"]
    with opened(SR860, seat) as lockin:
        lockin.frequency = 13.0
        lockin.sine_voltage = 0.25
        lockin.time_constant = 0.1
        assert (lockin.frequency, lockin.sine_voltage, lockin.time_constant) == (13.0, 0.25, 0.1)
        time.sleep(SETTLING)
        x, y = lockin.snap("X", "Y")
        assert lockin.magnitude == pytest.approx(abs(complex(x, y)), rel=1e-3)
    with opened(SR860, bench_seats["SR860"]) as lockin:
        assert "SR860" in lockin.ask("*IDN?")  # its class has no identity


def test_ami_430_ramps_a_field_and_waits_for_its_end(bench_seats):
    seat = bench_seats["AMI430"]
    with opened(AMI430, seat, end="") as magnet:  # it reads the two lines of the greeting itself
        assert "MODEL 430" in magnet.id
        assert magnet.magnet_status in ("PAUSED", "HOLDING")
        magnet.target_field = 0.01  # kG
        magnet.ramp_rate_field = 0.001  # kG/s
        magnet.ramp()
        assert magnet.magnet_status == "RAMPING"
        magnet.wait_for_holding(timeout=5.0, interval=0.01)  # 10 s of the laboratory
        assert magnet.field == pytest.approx(0.01, abs=1e-5)
        assert magnet.magnet_current == pytest.approx(0.01 / magnet.coilconst, rel=1e-3)
        assert magnet.has_persistent_switch_enabled() is True  # true of any reply in this release; the switch is off
        assert magnet.next_error == [0.0, '"No errors"']
        magnet.ramp_rate_current = 0.04
        assert magnet.next_error == [-104.0, '"Missing parameter"']  # it sends no upper bound of the segment


def test_gs200_ramps_by_a_program(bench_seats):
    seat = bench_seats["GS200"]
    with opened(YokogawaGS200, seat) as source:
        assert "GS210" in source.id
        source.source_mode = "voltage"
        source.source_range = 1.0
        source.source_level = 0.1
        source.source_enabled = True
        source.trigger_ramp_to_level(0.5, 30.0)
        seen = []
        until(lambda: seen.append(source.source_level) or seen[-1] == 0.5)
        assert seen == sorted(seen)
        assert any(0.1 < volts < 0.5 for volts in seen)
        source.source_enabled = False
        assert source.source_enabled is False
        assert not seat.rack.cryostat.dc_source.output


def test_agilent_33500(bench_seats):
    seat = bench_seats["Keysight33511B"]
    with opened(Agilent33500, seat) as generator:
        assert "33511B" in generator.id
        generator.shape = "SIN"
        generator.frequency = 17.7
        generator.amplitude_unit = "VRMS"
        generator.amplitude = 0.5
        generator.output = True
        assert (generator.shape, generator.frequency, generator.amplitude, generator.output) == ("SIN", 17.7, 0.5, True)
        assert seat.rack.cryostat.lockin.generator.frequency == 17.7
        generator.output = False
        assert generator.next_error[0] == 0


def test_agilent_33500_sends_a_waveform(bench_seats):
    seat = bench_seats["Keysight33511B"]
    with opened(Agilent33500, seat) as generator:
        generator.data_volatile_clear()
        generator.data_arb("test", range(-10000, 10000, +20))  # the ramp of its documentation
        generator.arb_file = "test"
        generator.arb_srate = 17e3
        generator.shape = "ARB"
        generator.output = True
        assert (generator.frequency, generator.arb_srate) == (17.0, 17e3)
        assert "TEST" in generator.arb_file
        assert generator.next_error[0] == 0
        source = seat.rack.cryostat.lockin.generator
        ramp = source.peak_to_peak * 10000 / 32767 / 3.141593 / 2**0.5  # V rms of the first harmonic of a sawtooth
        assert source.amplitude() == pytest.approx(ramp, rel=1e-3)
        generator.output = False
        generator.shape = "SIN"


def test_ips120_ramps_a_field_waits_for_its_end_and_makes_it_persistent(bench_seats):
    seat = bench_seats["IPS120"]
    delays = {"switch_heater_heating_delay": 0.2, "switch_heater_cooling_delay": 0.2}  # s, 20 of the laboratory
    with opened(IPS120_10, seat, end="", **delays) as magnet:
        assert magnet.version.startswith("IPS120-10")
        magnet.enable_control()
        assert (magnet.control_mode, magnet.activity, magnet.switch_heater_enabled) == ("RU", "hold", True)
        time.sleep(0.2)
        magnet.sweep_rate = 0.06  # T/min
        magnet.field_setpoint = 0.01
        magnet.activity = "to setpoint"
        assert magnet.sweep_status == "sweeping"
        magnet.wait_for_idle(delay=0.02, max_wait_time=5.0)
        assert magnet.field == pytest.approx(0.01, abs=1e-4)
        assert seat.rack.cryostat.magnet.coil == pytest.approx(100.0, abs=2.0)  # Oe
        magnet.enable_persistent_mode()
        assert magnet.demand_field == 0.0
        assert magnet.field == magnet.persistent_field == pytest.approx(0.01, abs=1e-4)
        assert seat.rack.cryostat.magnet.coil == pytest.approx(100.0, abs=2.0)
        magnet.disable_persistent_mode()
        assert magnet.switch_heater_enabled is True
        magnet.activity = "to zero"
        magnet.wait_for_idle(delay=0.02, max_wait_time=5.0)
        assert magnet.field == pytest.approx(0.0, abs=1e-4)
