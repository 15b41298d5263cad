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
from tests.instruments import contracts, driver_checks

ASK = ";*ESR?"
WHOLE = driver_checks.Bench(LakeShore372, appended=ASK)
CONTROLLER = driver_checks.Bench(LakeShore372, "controller", ASK)
BRIDGE = driver_checks.Bench(LakeShore372, "bridge", ASK)
PARTS = [
    (LakeShore372, WHOLE, contracts.LS372, contracts.LS372_LIMITS),
    (Controller, CONTROLLER, contracts.LS372_CONTROLLER, contracts.LS372_CONTROLLER_LIMITS),
    (MeasurementInput, BRIDGE, contracts.LS372_BRIDGE, contracts.LS372_BRIDGE_LIMITS),
]
ROWS = [(bench, row) for _, bench, rows, _ in PARTS for row in rows]
SETTABLE = [(bench, row) for bench, row in ROWS if row.set_command]
LIMITS = [(bench, limit) for _, bench, _, limits in PARTS for limit in limits]


def named(value):
    return getattr(value, "property", getattr(value, "view", None))


@pytest.mark.parametrize(("kind", "bench", "rows", "limits"), PARTS, ids=["whole", "controller", "bridge"])
def test_every_property_is_in_the_contract(kind, bench, rows, limits):
    driver_checks.check_coverage(kind, rows, limits)
    assert set(kind.SETTINGS) == driver_checks.settable(kind)


def test_nothing_is_sent_when_a_driver_is_made():
    with WHOLE.silent():
        pass


@pytest.mark.parametrize(("bench", "row"), ROWS, ids=named)
def test_a_property_is_read_as_the_manual_says(bench, row):
    driver_checks.check_get(bench, row)


@pytest.mark.parametrize(("bench", "row"), SETTABLE, ids=named)
def test_a_property_is_set_as_the_manual_says(bench, row):
    driver_checks.check_set(bench, row)


@pytest.mark.parametrize(("bench", "limit"), LIMITS, ids=named)
def test_edges_are_allowed_and_what_lies_beyond_is_never_sent(bench, limit):
    driver_checks.check_limit(bench, limit)


@pytest.mark.parametrize(("bench", "row"), SETTABLE, ids=named)
def test_values_of_the_wrong_type_are_never_sent(bench, row):
    driver_checks.check_types(bench, row)


@pytest.mark.parametrize(("bench", "row"), ROWS, ids=named)
def test_a_reply_of_the_wrong_form_is_refused(bench, row):
    driver_checks.check_replies(bench, row)


@pytest.mark.parametrize(
    ("bits", "meaning"), [("004", "query error"), ("016", "out of range"), ("032", "command not known")]
)
def test_an_error_bit_after_a_command_is_raised_with_its_meaning(bits, meaning):
    with (
        CONTROLLER.talking([("RANGE 0,3;*ESR?", bits)]) as controller,
        pytest.raises(CommandError, match=meaning),
    ):
        controller.heater_range = 316e-6


def test_power_on_and_operation_complete_are_no_errors():
    with CONTROLLER.talking([("RANGE 0,3;*ESR?", "129")]) as controller:
        controller.heater_range = 316e-6


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
    row = next(row for row in contracts.LS372_BRIDGE if row.property == "setup")
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
    other = contracts.LS372_IDENTITY.replace("LSA23JD", "LSA00XX")
    with WHOLE.talking([("*IDN?", contracts.LS372_IDENTITY)] * 3 + [("*IDN?", other)]) as instrument:
        assert instrument.controller.identify() == contracts.LS372_IDENTITY
        instrument.bridge.confirm()
        instrument.confirm()
        with pytest.raises(LinkError, match="LSA00XX"):
            instrument.controller.confirm()
    assert instrument.bridge.name == "Lake Shore 372 channel 1"
    assert instrument.controller.name == "Lake Shore 372 controller"


def test_the_snapshot_holds_both_roles_and_is_json():
    rows = {
        "": {row.property: row for row in contracts.LS372},
        "controller": {row.property: row for row in contracts.LS372_CONTROLLER},
        "bridge": {row.property: row for row in contracts.LS372_BRIDGE},
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
