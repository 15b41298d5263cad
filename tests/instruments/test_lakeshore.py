"""The Lake Shore 372 driver on the wire, in its two roles, against its manual."""

import json
import math

import pytest
from pymeasure.test import expected_protocol

from coldfinger.instruments.errors import CalibrationError, CommandError, LinkError
from coldfinger.instruments.lakeshore import (
    CURRENT_EXCITATIONS,
    RESISTANCE_RANGES,
    VOLTAGE_EXCITATIONS,
    Autorange,
    Controller,
    LakeShore372,
    MeasurementInput,
    Unit,
)
from coldfinger.instruments.roles import BridgeReading, BridgeStatus
from tests.instruments import contracts_lakeshore
from tests.instruments.driver_benches import PARTS

WHOLE, CONTROLLER, BRIDGE = (PARTS[name].bench for name in ("372", "372 controller", "372 bridge"))


def test_errors_of_the_past_can_be_asked_for():
    with BRIDGE.talking([("*ESR?", "032")]) as bridge, pytest.raises(CommandError, match="earlier command"):
        bridge.check_errors()
    with WHOLE.talking([("*CLS", None)]) as instrument:
        instrument.clear()


def test_no_curve_is_not_absolute_zero():
    with (
        CONTROLLER.talking([("KRDG? A", "+000.000E+00")]) as controller,
        pytest.raises(CalibrationError, match="'KRDG\\? A' was answered 0 K"),
    ):
        _ = controller.temperature
    with BRIDGE.talking([("KRDG? 1", "+000.000E+00")]) as bridge, pytest.raises(CalibrationError):
        _ = bridge.kelvin


def test_an_open_input_is_not_zero_ohm():
    with BRIDGE.talking([("SRDG? 1;RDGST? 1", "+000.000E+09;000")]) as bridge:
        reading = bridge.reading
    assert math.isnan(reading.resistance)
    assert reading.status == BridgeStatus.RESISTANCE_OVER


def test_a_short_is_zero_ohm():
    with BRIDGE.talking([("SRDG? 1;RDGST? 1", "+000.000E+00;032")]) as bridge:
        assert bridge.reading == BridgeReading(0.0, BridgeStatus.RESISTANCE_UNDER)


def test_a_set_point_in_kelvin_is_not_sent_to_a_loop_in_ohm():
    with (
        CONTROLLER.talking([("INTYPE? A", "1,04,0,15,0,2")]) as controller,
        pytest.raises(CommandError, match=r"set point 0\.1 K was not sent.*set setpoint_unit to Unit\.KELVIN"),
    ):
        controller.setpoint = 0.1


def test_configure_puts_the_loop_in_kelvin():
    with WHOLE.talking([("INTYPE? A", "1,04,0,15,0,2"), ("INTYPE A,1,4,0,15,0,1;*ESR?", "000")]) as instrument:
        instrument.configure()


def test_heater_off_and_select():
    with CONTROLLER.talking([("RANGE 0,0;*ESR?", "000")]) as controller:
        controller.heater_off()
    with BRIDGE.talking([("SCAN 1,0;*ESR?", "000")]) as bridge:
        bridge.select()


def test_a_measurement_input_has_no_rox_102b_autorange():
    row = next(row for row in contracts_lakeshore.LS372_BRIDGE if row.property == "setup")
    with BRIDGE.silent() as bridge, pytest.raises(ValueError, match="ROX_102B is not a setting"):
        bridge.setup = row.set_value._replace(autorange=Autorange.ROX_102B)


def test_tables_of_excitation_and_range_are_those_of_the_manual():
    assert VOLTAGE_EXCITATIONS[:3] == (2e-6, 6.32e-6, 20e-6)
    assert (len(VOLTAGE_EXCITATIONS), VOLTAGE_EXCITATIONS[11]) == (12, 632e-3)
    assert (len(CURRENT_EXCITATIONS), CURRENT_EXCITATIONS[0], CURRENT_EXCITATIONS[21]) == (22, 1e-12, 31.6e-3)
    assert (len(RESISTANCE_RANGES), RESISTANCE_RANGES[0], RESISTANCE_RANGES[21]) == (22, 2e-3, 63.2e6)
    assert Controller.HEATER_RANGES == (0, 31.6e-6, 100e-6, 316e-6, 1e-3, 3.16e-3, 10e-3, 31.6e-3, 0.1)


@pytest.mark.parametrize("code", range(9))
def test_every_heater_range_has_its_code(code):
    current = Controller.HEATER_RANGES[code]
    with CONTROLLER.talking([(f"RANGE 0,{code};*ESR?", "000"), ("RANGE? 0", str(code))]) as controller:
        controller.heater_range = current
        assert controller.heater_range == current


def test_other_channels_and_inputs_are_asked_by_their_names():
    exchanges = [
        ("SRDG? 16;RDGST? 16", "+108.278E+00;000"),
        ("KRDG? 6", "+001.000E+00"),
        ("KRDG? 3", "+002.000E+00"),
    ]
    with expected_protocol(LakeShore372, exchanges, bridge_channel=16, control_input="6") as instrument:
        assert instrument.bridge.reading.resistance == 108.278
        assert instrument.controller.temperature == 1.0
        assert instrument.channel(3).kelvin == 2.0


@pytest.mark.parametrize("wrong", [0, 17, "1", True])
def test_a_channel_that_does_not_exist_is_refused(wrong):
    with WHOLE.silent() as instrument, pytest.raises(ValueError, match="allowed are whole numbers 1 to 16"):
        instrument.channel(wrong)


@pytest.mark.parametrize("wrong", ["B", "0", "17", 6])
def test_an_input_that_does_not_exist_is_refused(wrong):
    with pytest.raises(ValueError, match="allowed are 'A' and '1' to '16'"):
        LakeShore372(object(), control_input=wrong)


def test_both_roles_prove_the_same_identity():
    other = contracts_lakeshore.LS372_IDENTITY.replace("LSA23JD", "LSA00XX")
    with WHOLE.talking([("*IDN?", contracts_lakeshore.LS372_IDENTITY)] * 3 + [("*IDN?", other)]) as instrument:
        assert instrument.controller.identify() == contracts_lakeshore.LS372_IDENTITY
        instrument.bridge.confirm()
        instrument.confirm()
        with pytest.raises(LinkError, match="LSA00XX"):
            instrument.controller.confirm()
    assert instrument.bridge.name == "Lake Shore 372 channel 1"
    assert instrument.controller.name == "Lake Shore 372 controller"


def test_the_snapshot_holds_both_roles_and_is_json():
    rows = {
        "": {row.property: row for row in contracts_lakeshore.WHOLE},
        "controller": {row.property: row for row in contracts_lakeshore.LS372_CONTROLLER},
        "bridge": {row.property: row for row in contracts_lakeshore.LS372_BRIDGE},
    }
    order = [("", LakeShore372), ("controller", Controller), ("bridge", MeasurementInput)]
    asked = [rows[part][name] for part, kind in order for name in kind.SETTINGS]
    with WHOLE.talking([(row.query, row.reply) for row in asked]) as instrument:
        snapshot = instrument.snapshot()
    assert snapshot["scan"] == {"channel": 1, "autoscan": True}
    assert snapshot["controller"]["setpoint_unit"] == Unit.OHM.name
    assert snapshot["bridge"]["channel"] == 1
    assert snapshot["bridge"]["setup"]["range"] == 63.2
    assert json.loads(json.dumps(snapshot)) == snapshot
