"""The Lake Shore 370 driver on the wire, in its two roles, against its manual and over its simulated panel."""

import json
import math
import threading

import numpy as np
import pytest
from pymeasure.test import expected_protocol

from coldfinger.instruments.bound import Bound
from coldfinger.instruments.errors import CalibrationError, CommandError, LinkError
from coldfinger.instruments.lakeshore import PID, Autorange, Coefficient, ExcitationMode, HeaterDisplay, Unit
from coldfinger.instruments.lakeshore370 import (
    BridgeSetup,
    ControlMode,
    CurveFormat,
    CurveHeader,
    LakeShore370,
)
from coldfinger.instruments.link import open_link
from coldfinger.instruments.roles import BridgeReading, BridgeStatus
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.devices.ls370 import LakeShore370 as Panel
from coldfinger.sim.rack import Rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.visa import register, unregister
from tests.instruments import contracts, contracts_lakeshore
from tests.instruments.driver_benches import PARTS

ADDRESS = "GPIB0::13::INSTR"
WHOLE, CONTROLLER, BRIDGE = (PARTS[name].bench for name in ("370", "370 controller", "370 bridge"))
LOOP = "02,0,1,001,1,8,+120.000"


@pytest.mark.parametrize("loop", ["02,0,2,001,1,8,+120.000", "06,0,1,001,1,8,+120.000"])
def test_a_set_point_is_not_sent_to_a_loop_in_ohm_or_on_another_channel(loop):
    with (
        CONTROLLER.talking([("CSET?", loop)]) as view,
        pytest.raises(CommandError, match=r"set point 0\.1 K was not sent.*follow channel 2 in kelvin first"),
    ):
        view.setpoint = 0.1


def test_watts_are_never_percent():
    with (
        CONTROLLER.talking([("HTR?;CSET?", "+01.2000E-06;02,0,1,001,2,8,+120.000")]) as view,
        pytest.raises(CommandError, match=r"heater output is in watts; set the display in `loop`"),
    ):
        _ = view.heater_output


def test_configure_makes_kelvin_and_percent_and_reads_them_back():
    before, after = "06,1,2,010,2,8,+0100.5", "02,1,1,010,1,8,+0100.5"
    exchanges = [("CSET?", before), ("CSET 2,1,1,10,1,8,100.5;*ESR?", "000"), ("CSET?", after)]
    with WHOLE.talking(exchanges) as bridge:
        bridge.configure()
    exchanges[-1] = ("CSET?", before)
    with WHOLE.talking(exchanges) as bridge, pytest.raises(CommandError, match="was sent, but reads back as"):
        bridge.configure()


def test_a_voltage_is_no_excitation_current():
    with CONTROLLER.talking([("RDGRNG? 2", "0,03,15,1,0")]) as view, pytest.raises(CommandError, match="2e-05 V"):
        _ = view.excitation


def test_no_curve_is_not_absolute_zero_and_an_open_input_not_zero_ohm():
    with CONTROLLER.talking([("RDGK? 2", "+000.000E+00")]) as view, pytest.raises(CalibrationError):
        _ = view.temperature
    with BRIDGE.talking([("RDGR? 1;RDGST? 1", "+000.000E+09;000")]) as view:
        reading = view.reading
    assert math.isnan(reading.resistance)
    assert reading.status == BridgeStatus.RESISTANCE_OVER


def test_autorange_of_the_372_s_control_input_is_no_setting():
    with BRIDGE.silent() as view, pytest.raises(ValueError, match="ROX_102B is not a setting"):
        view.setup = BridgeSetup(ExcitationMode.CURRENT, 1e-9, Autorange.ROX_102B, 2e3, False)


def test_the_station_s_limits_hold_before_anything_is_sent():
    limits = {"setpoint_limit": Bound(1.0, "the station"), "heater_limit": Bound(1e-3, "the station")}
    loop = contracts_lakeshore.LS370_CONTROLLER[3].set_value
    with expected_protocol(LakeShore370, [], **limits) as bridge:
        control = bridge.controller
        for name, value, words in (
            ("setpoint", 1.1, "beyond the limit of the station"),
            ("heater_range", 3.16e-3, "beyond the limit of the station"),
            ("mode", ControlMode.OPEN_LOOP, "allowed are OFF and CLOSED_LOOP"),
            ("mode", ControlMode.ZONE, "allowed are OFF and CLOSED_LOOP"),
            ("loop", loop, "heater limit of 0.1 A is beyond"),
            ("loop", loop._replace(unit=Unit.OHM, limit=1e-3), "allowed is that"),
            ("loop", loop._replace(channel=3, limit=1e-3), "allowed is that"),
        ):
            with pytest.raises(ValueError, match=words):
                setattr(control, name, value)
    exchanges = [("HTRRNG 4;*ESR?", "000"), ("HTRRNG?", "5")]
    with (
        expected_protocol(LakeShore370, exchanges, **limits) as bridge,
        pytest.raises(CommandError, match="reads back"),
    ):
        bridge.controller.heater_range = 1e-3
    exchanges = [("CSET?", LOOP), ("SETP 0.5;*ESR?", "000"), ("RAMP?", "0,+000.000"), ("SETP?", "+050.000E-03")]
    with (
        expected_protocol(LakeShore370, exchanges, **limits) as bridge,
        pytest.raises(CommandError, match="reads back"),
    ):
        bridge.controller.setpoint = 0.5


@pytest.mark.parametrize("wrong", ["A", "0", "17", 2, True])
def test_an_input_that_does_not_exist_is_refused(wrong):
    with pytest.raises(ValueError, match="allowed are '1' to '16'"):
        LakeShore370(object(), control_input=wrong)


@pytest.mark.parametrize("identity", [contracts_lakeshore.LS372_IDENTITY, contracts.SR830_IDENTITY])
def test_another_model_is_not_taken_for_a_370(identity):
    with WHOLE.talking([("*IDN?", identity)]) as bridge, pytest.raises(LinkError, match="right address"):
        bridge.identify()


def test_heater_off_select_and_clear():
    with CONTROLLER.talking([("HTRRNG 0;*ESR?", "000")]) as view:
        view.heater_off()
    with BRIDGE.talking([("SCAN 1,0;*ESR?", "000")]) as view:
        view.select()
    with WHOLE.talking([("*CLS", None), ("*ESR?", "032")]) as bridge:
        bridge.clear()
        with pytest.raises(CommandError, match="earlier command"):
            bridge.check_errors()


def test_the_snapshot_holds_both_roles_and_is_json():
    parts = [PARTS[name] for name in ("370", "370 controller", "370 bridge")]
    asked = [row for part in parts for name in part.kind.SETTINGS for row in part.rows if row.property == name]
    with WHOLE.talking([(row.query, row.reply) for row in asked]) as bridge:
        snapshot = bridge.snapshot()
    assert snapshot["controller"]["loop"]["unit"] == "OHM"
    assert (snapshot["controller"]["channel"], snapshot["bridge"]["channel"]) == (2, 1)
    assert json.loads(json.dumps(snapshot)) == snapshot


# Over the simulated panel


@pytest.fixture
def laboratory():
    clock = SimClock()
    cryostat = Cryostat(builtin_sample("S0", 0, fluctuations=False))
    register("ls370", Rack(cryostat, clock, {ADDRESS: Panel(cryostat)}))
    bridge = LakeShore370(open_link(ADDRESS, "ls370@coldfinger", clock=clock, read_termination="\r\n"))
    yield bridge, cryostat, clock
    bridge.adapter.close()
    unregister("ls370")


def test_it_cools_measures_and_heats_as_the_two_roles_say(laboratory):
    bridge, cryostat, clock = laboratory
    bridge.configure()
    control, thermometer = bridge.controller, bridge.bridge
    thermometer.setup = BridgeSetup(ExcitationMode.VOLTAGE, 20e-6, Autorange.ON, 20e3, False)
    control.mode, control.heater_range = ControlMode.CLOSED_LOOP, 3.16e-3
    control.pid = PID(100.0, 10.0, 0.0)
    control.setpoint = 0.1
    clock.sleep(3600.0)
    # one reading of the loop's own noisy sensor
    assert control.temperature == pytest.approx(0.1, rel=0.05)
    assert thermometer.reading.resistance == pytest.approx(cryostat.inputs["1"].true_resistance(cryostat.now), rel=0.02)
    assert thermometer.reading.status == BridgeStatus(0)
    assert 0 < control.heater_output < 100
    bridge.controller.loop = control.loop._replace(display=HeaterDisplay.POWER)
    with pytest.raises(CommandError, match="in watts"):
        _ = control.heater_output
    control.heater_off()
    assert control.heater_range == 0.0
    assert control.status == BridgeStatus(0)


def test_the_control_channel_s_excitation_is_not_that_of_the_bridge(laboratory):
    bridge, _, _ = laboratory
    bridge.bridge.setup = BridgeSetup(ExcitationMode.VOLTAGE, 20e-6, Autorange.ON, 20e3, False)
    bridge.controller.excitation = 1e-9
    assert bridge.controller.excitation == 1e-9
    assert bridge.bridge.setup.excitation == 20e-6
    assert bridge.bridge.setup.mode is ExcitationMode.VOLTAGE


HEADER = CurveHeader("RX-102A", "U01234", CurveFormat.LOG_OHM, 50.0, Coefficient.NEGATIVE)
POINTS = [(3.0 + 0.05 * i, 40.0 * 0.9**i) for i in range(60)]


def test_a_curve_is_stored_read_back_and_used(laboratory):
    bridge, cryostat, clock = laboratory
    bridge.store_curve(7, HEADER, POINTS)
    assert bridge.curve_header(7) == HEADER
    assert bridge.curve_points(7) == [pytest.approx(point, rel=1e-5) for point in POINTS]
    assert bridge.curve_points(8) == []
    bridge.bridge.settings = bridge.bridge.settings._replace(curve=7)
    clock.sleep(10.0)
    units = math.log10(cryostat.inputs["1"].true_resistance(cryostat.now))
    expected = np.interp(units, [u for u, _ in POINTS], [t for _, t in POINTS])
    assert bridge.bridge.kelvin == pytest.approx(expected, rel=0.1)
    bridge.delete_curve(7)
    assert bridge.curve_points(7) == []


@pytest.mark.parametrize(
    ("header", "points", "words"),
    [
        (HEADER, POINTS[:1], "allowed are 2 to 200"),
        (HEADER, POINTS * 4, "allowed are 2 to 200"),
        (HEADER, POINTS[::-1], "must ascend"),
        (HEADER, [(3.0, 4.0), (3.0000001, 3.0)], "must ascend"),
        (HEADER, [(3.0, 4.0), (10.0, 3.0)], "allowed are -9 to 9"),
        (HEADER, [(3.0, 51.0), (3.1, 3.0)], "temperature of 51 K is out of range"),
        (HEADER, [(3.0, 4.0), (3.1, 0.0)], "temperature"),
        (HEADER, [("3", 4.0), (3.1, 3.0)], "sensor unit must be a number"),
        (HEADER._replace(name="a name of more than fifteen"), POINTS, "allowed are 15 ASCII"),
        (HEADER._replace(serial='1"2'), POINTS, "allowed are 10 ASCII"),
        (HEADER._replace(format=4), POINTS, "is not a setting"),
        (HEADER._replace(limit=math.nan), POINTS, "limit must be a number"),
        ("RX-102A", POINTS, "must be a CurveHeader"),
    ],
)
def test_a_curve_that_does_not_fit_is_refused_before_anything_is_sent(header, points, words):
    with WHOLE.silent() as bridge, pytest.raises(ValueError, match=words):
        bridge.store_curve(1, header, points)


@pytest.mark.parametrize("number", [0, 21, True, "1"])
def test_there_are_twenty_curves(number):
    with WHOLE.silent() as bridge:
        for act in (bridge.curve_header, bridge.curve_points, bridge.delete_curve):
            with pytest.raises(ValueError, match="allowed are whole numbers 1 to 20"):
                act(number)


def test_a_curve_that_reads_back_otherwise_is_told():
    exchanges = [("CRVDEL 1;*ESR?", "000"), ('CRVHDR 1,"RX-102A","U01234",4,50,1;*ESR?', "000")]
    exchanges += [("CRVPT 1,1,3,4;*ESR?", "000"), ("CRVPT 1,2,3.1,3;*ESR?", "000")]
    exchanges += [("CRVPT? 1,1", "3,4"), ("CRVPT? 1,2", "3.1,3.5"), ("CRVPT? 1,3", "0,0")]
    with WHOLE.talking(exchanges) as bridge, pytest.raises(CommandError, match="2 points were sent to curve 1"):
        bridge.store_curve(1, HEADER, [(3.0, 4.0), (3.1, 3.0)])


def test_two_threads_in_two_roles_never_mix_replies(laboratory):
    bridge, _, _ = laboratory
    bridge.configure()
    wrong = []

    def control():
        for i in range(1, 60):
            bridge.controller.setpoint = 1e-3 * i
            kept = bridge.controller.setpoint
            wrong.extend([] if kept == pytest.approx(1e-3 * i) else [(i, kept)])

    def measure():
        for _ in range(60):
            reading = bridge.bridge.reading
            wrong.extend([] if isinstance(reading, BridgeReading) and reading.resistance > 500 else [reading])

    threads = [threading.Thread(target=work) for work in (control, measure)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    assert wrong == []
    assert bridge.doubts == 0
