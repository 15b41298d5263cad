"""Simulated racks behind PyVISA: `ResourceManager("name@coldfinger")`."""

import gc
import json
import threading
import time

import pytest
import pyvisa
from pymeasure.instruments import srs
from pymeasure.instruments.ami import AMI430
from pyvisa.constants import BufferOperation, ResourceAttribute, StatusCode

from coldfinger.sim import visa
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.rack import ADDRESSES, sim_rack, standard_rack
from coldfinger.sim.sample import builtin_sample

SAMPLE = builtin_sample("S0", 0, fluctuations=False)
LOCK_IN, BRIDGE, MAGNET, BIAS = (ADDRESSES[role] for role in ("lock-in", "bridge", "magnet", "bias"))


def new_rack(**options):
    return sim_rack(Cryostat(SAMPLE, Laboratory(input_noise=None)), SimClock(), **options)


@pytest.fixture
def rack():
    result = new_rack()
    visa.register("test", result)
    yield result
    visa.unregister("test")


@pytest.fixture
def manager(rack):
    result = pyvisa.ResourceManager("test@coldfinger")
    yield result
    result.close()


def open_magnet(manager):
    magnet = manager.open_resource(MAGNET, read_termination="\r\n", write_termination="\n")
    assert [magnet.read(), magnet.read()] == ["American Magnetics Model 430 IP Interface", "Hello."]
    return magnet


def test_the_default_rack_is_built_on_first_use_and_stays(monkeypatch):
    monkeypatch.setattr(visa, "_racks", {})
    monkeypatch.setattr(visa, "default_rack", new_rack)
    manager = pyvisa.ResourceManager("@coldfinger")
    assert manager.visalib.library_path == "sim"
    lock_in = manager.open_resource("GPIB::8")
    assert lock_in.query("*IDN?") == "Stanford_Research_Systems,SR830,s/n12345,ver1.07\n"
    lock_in.write("SENS 3")
    manager.close()
    del manager, lock_in
    gc.collect()
    manager = pyvisa.ResourceManager("@coldfinger")
    assert manager.open_resource(LOCK_IN).query("SENS?") == "3\n"
    manager.close()


def test_the_standard_rack_is_the_same_for_the_same_seed():
    readings = []
    for _ in range(2):
        rack = standard_rack(seed=5)
        port = rack.connect(BRIDGE)
        rack.clock.sleep(10.0)
        rack.exchange(port, b"SRDG? A;SRDG? 1", end=True)
        readings.append(port.take())
    assert readings[0] == readings[1]
    assert readings[0].count(b";") == 1


def test_a_name_that_nobody_registered_is_refused_in_words():
    with pytest.raises(OSError, match="no simulated rack is registered as 'nowhere'"):
        pyvisa.ResourceManager("nowhere@coldfinger")


@pytest.mark.parametrize("name", ["", "unset", "a@b"])
def test_names_that_pyvisa_treats_specially_are_refused(name, rack):
    with pytest.raises(ValueError, match="cannot be part of a VISA library path"):
        visa.register(name, rack)


def test_resources_are_listed_by_query(manager):
    assert manager.list_resources() == (LOCK_IN, BRIDGE, BIAS)
    assert manager.list_resources("?*") == (LOCK_IN, BRIDGE, MAGNET, BIAS)
    assert manager.list_resources("USB?*") == ()
    assert manager.resource_info(MAGNET).resource_class == "SOCKET"


@pytest.mark.parametrize("name", ["GPIB0::9::INSTR", "TCPIP0::127.0.0.1::7181::SOCKET"])
def test_an_empty_address_is_not_found(manager, name):
    with pytest.raises(pyvisa.VisaIOError) as error:
        manager.open_resource(name)
    assert error.value.error_code == StatusCode.error_resource_not_found


def test_gpib_needs_no_terminator_in_either_direction(manager):
    bridge = manager.open_resource(BRIDGE, read_termination="", write_termination="")
    assert bridge.query("RANGE? 0") == "0\r\n"
    assert bridge.query("RANGE? 0;*OPC?") == "0;1\r\n"
    lock_in = manager.open_resource(LOCK_IN, read_termination="\n", write_termination="\n")
    lock_in.write("SENS?;OFLT?")
    assert [lock_in.read(), lock_in.read()] == ["26", "9"]


def test_without_eoi_a_gpib_message_waits_for_its_terminator(manager):
    bridge = manager.open_resource(BRIDGE, write_termination="")
    bridge.send_end = False
    bridge.write("RANGE")
    bridge.write("? 0")
    bridge.write("\n")
    assert bridge.read() == "0\r\n"


def test_a_long_reply_is_read_in_parts(manager):
    bridge = manager.open_resource(BRIDGE)
    bridge.write("*IDN?")
    assert bridge.read_bytes(4) == b"LSCI"
    bridge.chunk_size = 5
    assert bridge.read() == ",MODEL372,LSA23JD,1.3\r\n"
    with manager.visalib.ignore_warning(bridge.session, StatusCode.success_max_count_read):
        bridge.write("RANGE? 0")
        chunk, status = manager.visalib.read(bridge.session, 2)
        assert (chunk, status) == (b"0\r", StatusCode.success_max_count_read)
        assert manager.visalib.read(bridge.session, 2) == (b"\n", StatusCode.success)


def test_a_socket_is_a_stream_split_at_terminators(manager):
    magnet = open_magnet(manager)
    magnet.write_raw(b"*ID")
    magnet.write_raw(b"N?\nSTATE?\nCOIL")
    assert magnet.read() == "AMERICAN MAGNETICS INC.,MODEL 430,2.01"
    assert magnet.read() == "3"
    magnet.write_raw(b"?\n")
    assert magnet.read_bytes(3) == b"0.0"
    assert magnet.read() == "200000"


def test_a_socket_read_without_termination_ends_by_timeout(manager, rack):
    magnet = open_magnet(manager)
    magnet.read_termination = None
    with pytest.raises(pyvisa.VisaIOError) as error:
        magnet.query("STATE?")
    assert error.value.error_code == StatusCode.error_timeout


def test_silence_costs_the_timeout_in_virtual_time_only(manager, rack):
    bridge = manager.open_resource(BRIDGE, timeout=7000)
    began, real_began = rack.clock.time(), time.monotonic()
    with pytest.raises(pyvisa.VisaIOError) as error:
        bridge.query("FOO?")
    assert error.value.error_code == StatusCode.error_timeout
    assert bridge.last_status == StatusCode.error_timeout
    assert rack.clock.time() - began == pytest.approx(7.0 + rack.bus_time)
    assert time.monotonic() - real_began < 5.0
    assert rack.cryostat.now == rack.clock.time()
    bridge.timeout = 0
    with pytest.raises(pyvisa.VisaIOError):
        bridge.read()
    assert rack.clock.time() - began == pytest.approx(7.0 + rack.bus_time)


def test_an_endless_timeout_still_ends(manager, rack):
    bridge = manager.open_resource(BRIDGE, timeout=None)
    with pytest.raises(pyvisa.VisaIOError):
        bridge.read()
    assert rack.clock.time() == pytest.approx(3600.0)


def test_every_message_costs_bus_time(manager, rack):
    lock_in = manager.open_resource(LOCK_IN)
    began = rack.clock.time()
    for _ in range(20):
        lock_in.query("OUTP?1")
    lock_in.read_stb()
    assert rack.clock.time() - began == pytest.approx(21 * rack.bus_time)


def test_a_reply_that_comes_late_is_waited_for(manager, rack):
    lock_in = manager.open_resource(LOCK_IN, timeout=60000, read_termination="\n")
    lock_in.write("SLVL 1;OFLT 8")
    rack.clock.sleep(30.0)
    lock_in.write("AGAN")
    assert lock_in.read_stb() == 1
    assert int(lock_in.query("SENS?")) < 26
    assert lock_in.read_stb() == 3


def test_after_a_timeout_a_late_reply_shifts_all_following_ones_until_cleared(manager):
    lock_in = manager.open_resource(LOCK_IN, timeout=1, read_termination="\n")
    lock_in.write("SLVL 1;OFLT 8;AGAN")
    with pytest.raises(pyvisa.VisaIOError):
        lock_in.query("SENS?")
    lock_in.timeout = 60000
    assert lock_in.query("*IDN?") != "Stanford_Research_Systems,SR830,s/n12345,ver1.07"
    lock_in.clear()
    assert lock_in.query("OFLT?") == "8"


def test_an_unread_gpib_reply_outlives_its_session(manager):
    first = manager.open_resource(BRIDGE)
    first.write("*IDN?")
    first.flush(BufferOperation.discard_read_buffer)
    first.close()
    second = manager.open_resource(BRIDGE)
    assert second.query("RANGE? 0").startswith("LSCI")


def test_state_is_shared_between_sockets_and_unfinished_lines_are_not(manager):
    one, two = open_magnet(manager), open_magnet(manager)
    one.write("CONF:FIELD:UNITS 1")
    two.write_raw(b"FIELD:UN")
    assert one.query("FIELD:UNITS?") == "1"
    two.write_raw(b"ITS?\n")
    assert two.read() == "1"
    one.close()
    two.close()
    assert open_magnet(manager).query("FIELD:UNITS?") == "1"


def test_flushing_a_socket_drops_what_has_arrived(manager):
    magnet = open_magnet(manager)
    magnet.write("*IDN?")
    magnet.flush(BufferOperation.discard_read_buffer)
    assert magnet.query("STATE?") == "3"


def test_the_bridge_takes_two_sockets_at_a_time():
    address = "TCPIP0::127.0.0.1::7777::SOCKET"
    visa.register("lan", new_rack(addresses={"bridge": address}))
    manager = pyvisa.ResourceManager("lan@coldfinger")
    first, _second = (manager.open_resource(address, read_termination="\r\n") for _ in range(2))
    with pytest.raises(pyvisa.VisaIOError) as error:
        manager.open_resource(address)
    assert error.value.error_code == StatusCode.error_resource_busy
    first.close()
    assert manager.open_resource(address, read_termination="\r\n").query("RANGE? 0") == "0"
    manager.close()
    visa.unregister("lan")


def test_two_managers_are_two_laboratories(manager, rack):
    other_rack = new_rack()
    visa.register("other", other_rack)
    other = pyvisa.ResourceManager("other@coldfinger")
    manager.open_resource(LOCK_IN).write("SENS 1")
    assert other.open_resource(LOCK_IN).query("SENS?") == "26\n"
    assert rack.clock.time() == pytest.approx(rack.bus_time)
    assert other_rack.clock.time() == pytest.approx(other_rack.bus_time)
    other.close()
    visa.unregister("other")
    assert manager.open_resource(LOCK_IN).query("SENS?") == "1\n"


def test_state_survives_sessions_managers_and_libraries(rack):
    manager = pyvisa.ResourceManager("test@coldfinger")
    bridge = manager.open_resource(BRIDGE)
    bridge.write("SETP 0,0.25")
    bridge.close()
    manager.close()
    del manager, bridge
    gc.collect()
    manager = pyvisa.ResourceManager("test@coldfinger")
    assert manager.open_resource(BRIDGE).query("SETP? 0") == "+250.000E-03\r\n"
    manager.close()


def test_a_closed_session_is_invalid(manager):
    bridge = manager.open_resource(BRIDGE)
    number = bridge.session
    bridge.close()
    with pytest.raises(pyvisa.VisaIOError) as error:
        manager.visalib.write(number, b"*IDN?")
    assert error.value.error_code == StatusCode.error_invalid_object


def test_attributes_are_those_of_the_resource(manager):
    bridge, magnet = manager.open_resource(BRIDGE), open_magnet(manager)
    assert bridge.timeout == 2000
    assert bridge.primary_address == 12
    assert bridge.resource_name == BRIDGE
    assert magnet.get_visa_attribute(ResourceAttribute.tcpip_port) == 7180
    magnet.set_visa_attribute(ResourceAttribute.tcpip_nodelay, True)
    with pytest.raises(pyvisa.VisaIOError) as error:
        bridge.get_visa_attribute(ResourceAttribute.tcpip_port)
    assert error.value.error_code == StatusCode.error_nonsupported_attribute
    with pytest.raises(pyvisa.VisaIOError) as error:
        bridge.set_visa_attribute(ResourceAttribute.resource_name, "x")
    assert error.value.error_code == StatusCode.error_attribute_read_only
    with pytest.raises(pyvisa.VisaIOError) as error:
        manager.visalib.read_stb(magnet.session)
    assert error.value.error_code == StatusCode.error_nonsupported_operation


def test_the_rack_describes_itself_in_json(rack):
    described = json.loads(json.dumps(rack.describe()))
    names = {LOCK_IN: "SR830", BRIDGE: "LakeShore372", MAGNET: "AMI430", BIAS: "GS200"}
    assert described["devices"] == names
    with pytest.raises(ValueError, match="no instrument called"):
        new_rack(addresses={"microscope": LOCK_IN})


def test_two_threads_on_two_instruments_get_their_own_replies(manager):
    lock_in, bridge = manager.open_resource(LOCK_IN), manager.open_resource(BRIDGE)
    wrong: list[str] = []

    def ask(resource, question, answer):
        for _ in range(1000):
            reply = resource.query(question)
            if reply != answer:
                wrong.append(reply)

    threads = [
        threading.Thread(target=ask, args=(lock_in, "SENS?", "26\n")),
        threading.Thread(target=ask, args=(bridge, "RANGE? 0", "0\r\n")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_pymeasures_own_sr830_works(rack):
    lock_in = srs.SR830(LOCK_IN, visa_library="test@coldfinger")
    assert lock_in.id == "Stanford_Research_Systems,SR830,s/n12345,ver1.07"
    lock_in.sine_voltage = 1.0
    lock_in.frequency = 7.0
    lock_in.phase = 30.0
    lock_in.sensitivity = 1e-5
    lock_in.time_constant = 0.3
    lock_in.filter_slope = 24
    lock_in.input_coupling = "DC"
    lock_in.input_config = "A - B"
    lock_in.channel1 = "R"
    lock_in.aux_out_2 = 1.5
    assert lock_in.frequency == 7.0
    assert lock_in.phase == 30.0
    assert lock_in.sensitivity == 1e-5
    assert lock_in.time_constant == 0.3
    assert lock_in.filter_slope == 24
    assert lock_in.input_coupling == "DC"
    assert lock_in.ask("DDEF?1;") == "1,0\n"
    assert lock_in.aux_out_2 == 1.5
    rack.clock.sleep(30.0)
    assert [lock_in.x, lock_in.y] == lock_in.xy
    assert lock_in.magnitude > 1e-6
    assert not lock_in.is_out_of_range()
    lock_in.auto_phase()
    rack.clock.sleep(30.0)
    assert abs(lock_in.theta) < 0.1
    assert int(lock_in.lia_status) == 0
    lock_in.set_scaling("X", 10.0)
    assert lock_in.get_scaling("X")[0] == 10.0
    lock_in.reset()
    assert lock_in.harmonic == 1
    lock_in.adapter.close()


def test_pymeasures_own_ami430_works(rack):
    magnet = AMI430(MAGNET, visa_library="test@coldfinger")
    magnet.write("CONF:RAMP:RATE:FIELD 1,0.01,1")
    magnet.target_field = 0.3
    assert magnet.coilconst == 0.02
    assert magnet.magnet_status == "PAUSED"
    magnet.ramp()
    rack.clock.sleep(10.0)
    assert magnet.magnet_status == "RAMPING"
    assert magnet.field == pytest.approx(0.1, abs=0.003)  # kG; a command acts from the next tick of 0.25 s on
    rack.clock.sleep(30.0)
    assert magnet.magnet_status == "HOLDING"
    assert magnet.field == 0.3
    assert magnet.magnet_current == 15.0
    magnet.adapter.close()


def test_a_query_of_an_idle_instrument_stays_cheap(manager):
    lock_in = manager.open_resource(LOCK_IN)
    best = min(_seconds_of(lock_in) for _ in range(5)) / 1000
    # about 7 us on a quiet machine; the bound is what 1e5 queries in under 2 s need
    assert best < 20e-6


def _seconds_of(resource):
    began = time.process_time()
    for _ in range(1000):
        resource.query("SENS?")
    return time.process_time() - began
