"""Lake Shore's own driver of the Model 372, unmodified, over TCP and through a PyVISA resource in process."""

import time

import pytest
import pyvisa
from lakeshore import Model372
from lakeshore.model_372 import Model372AlarmParameters

from tests.foreign_drivers.benches import bench, seats


@pytest.fixture(scope="module", params=["served", "in process"])
def seat(request):
    with seats(request.param, bench({"bridge": "LakeShore372"})) as found:
        yield found["LakeShore372"]


@pytest.fixture
def bridge(seat):
    if seat.over_tcp:
        driver = Model372(57600, ip_address=seat.host, tcp_port=seat.port)
        yield driver
        driver.disconnect_tcp()
        return
    manager = pyvisa.ResourceManager(seat.library)
    resource = manager.open_resource(seat.resource, write_termination="\n", read_termination="\r\n")
    yield Model372(57600, connection=resource)
    manager.close()


def test_it_identifies_itself_and_reads_the_sample(bridge):
    assert (bridge.serial_number, bridge.firmware_version) == ("LSA23JD", "1.3")
    time.sleep(0.2)  # 20 s of the laboratory: the range has been found
    readings = bridge.get_all_input_readings(1)
    assert readings["resistance"] == pytest.approx(bridge.get_resistance_reading(1), rel=0.05)
    assert readings["power"] > 0.0
    assert not bridge.get_reading_status(1).resistance_over


def test_what_it_sets_reads_back(bridge):
    bridge.set_filter(1, True, 20, 10)
    assert bridge.get_filter(1) == {"state": True, "settle_time": 20, "window": 10}
    bridge.set_heater_pid(0, 12.5, 30.0, 0.0)
    assert bridge.get_heater_pid(0) == {"gain": 12.5, "integral": 30.0, "derivative": 0.0}
    bridge.set_filter(1, False, 20, 10)


def test_a_set_point_ramps_to_its_end(seat, bridge):
    bridge.set_setpoint_kelvin(0, 0.05)
    bridge.set_setpoint_ramp_parameter(0, True, 0.6)  # K/min
    assert bridge.get_setpoint_ramp_parameter(0) == {"ramp_enable": True, "rate_value": 0.6}
    bridge.set_setpoint_kelvin(0, 0.1)
    assert bridge.get_setpoint_ramp_status(0)
    end, seen = time.monotonic() + 5.0, []
    while bridge.get_setpoint_ramp_status(0):  # 5 s of the laboratory
        seen.append(bridge.get_setpoint_kelvin(0))
        assert time.monotonic() < end
    assert seen == sorted(seen)
    assert bridge.get_setpoint_kelvin(0) == pytest.approx(0.1)


def test_heaters_alarms_relays_display_and_address_read_back(bridge):
    bridge.setup_warmup_heater(bridge.HeaterResistance.HEATER_50_OHM, 0.3, bridge.HeaterOutputUnits.POWER)
    assert bridge.get_warmup_heater_setup() == {
        "resistance": bridge.HeaterResistance.HEATER_50_OHM,
        "max_current": 0.3,
        "units": bridge.HeaterOutputUnits.POWER,
    }
    bridge.set_excitation_frequency("A", bridge.InputFrequency.FREQUENCY_11_POINT_6_HZ)
    assert bridge.get_excitation_frequency("A") is bridge.InputFrequency.FREQUENCY_11_POINT_6_HZ
    alarm = Model372AlarmParameters(50, 10, 1, False, True, True)
    bridge.set_alarm_parameters(1, True, alarm)
    read = bridge.get_alarm_parameters(1)
    assert read["alarm_enable"]
    assert vars(read["alarm_settings"]) == vars(alarm)
    bridge.set_relay_for_sample_heater_control_zone(1)
    assert bridge.get_relay_control_mode(1) is bridge.RelayControlMode.SAMPLE_HEATER_ZONE
    assert bridge.get_custom_display_settings()["mode"] is bridge.DisplayMode.MEASUREMENT_INPUT
    assert bridge.get_ieee_interface_parameter() == 12


def test_alarms_relays_and_extremes_follow_the_readings(bridge):
    kelvin = float(bridge.get_kelvin_reading("A"))
    bridge.set_alarm_parameters("A", True, Model372AlarmParameters(0.5 * kelvin, 0.0, 0.0, False, True, True))
    bridge.turn_relay_on(1)
    bridge.turn_relay_off(2)
    bridge.reset_min_max_data()
    end = time.monotonic() + 5.0
    while bridge.get_alarm_status("A") != {"high_state_enabled": True, "low_state_enabled": False}:
        assert time.monotonic() < end
    assert (bridge.get_relay_status(1), bridge.get_relay_status(2)) == (True, False)
    extremes = bridge.get_min_max_data("A")
    assert 0.0 < extremes["minimum"] <= extremes["maximum"] < 1.5 * kelvin
    bridge.set_alarm_parameters("A", False, Model372AlarmParameters(0.0, 0.0, 0.0, False, True, True))
    bridge.reset_alarm_status()
    assert not bridge.get_alarm_status("A")["high_state_enabled"]


def test_what_it_does_not_know_is_its_own_error(bridge):
    with pytest.raises(Exception, match="Invalid Command"):
        bridge.query("FOO?")
