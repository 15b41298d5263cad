"""The Triton driver on the wire: the mixing chamber's loop, wherever the program has put it."""

import json

import pytest
from pymeasure.test import expected_protocol

from coldfinger.instruments.bound import Bound
from coldfinger.instruments.errors import CalibrationError, CommandError, LinkError
from coldfinger.instruments.lakeshore import PID, Ramp
from coldfinger.instruments.roles import BridgeReading, BridgeStatus
from coldfinger.instruments.triton import Triton
from tests.instruments import contracts
from tests.instruments.driver_benches import PARTS

CONTROLLER, CHANNEL = (PARTS[name].bench for name in ("Triton controller", "Triton channel"))
LOOP = "DEV:T5:TEMP:LOOP:"


def says(noun, text):
    return f"READ:{noun}", f"STAT:{noun}:{text}"


def told(setting):
    return f"SET:{setting}", f"STAT:SET:{setting}:VALID"


CHAMBER = says("SYS:DR:CHAN:MC", "T5")
HEATER = says(LOOP + "HTR", "H1")
OFF = [told(LOOP + "MODE:OFF"), HEATER, told("DEV:H1:HTR:SIG:POWR:0")]


@pytest.mark.parametrize("wrong", [0, "120", None, True, float("nan"), 1e5])
def test_the_resistance_of_the_heater_must_be_a_number_in_range(wrong):
    with pytest.raises(ValueError, match=r"heater_resistance .*allowed are 1 to 10000 ohm"):
        Triton(object(), heater_resistance=wrong)


@pytest.mark.parametrize("number", [0, 17, "5", True])
def test_a_channel_that_does_not_exist_is_refused(number):
    with expected_protocol(Triton, []) as triton, pytest.raises(ValueError, match="allowed are whole numbers 1 to 16"):
        triton.channel(number)


def test_the_channel_of_the_mixing_chamber_is_asked_for_once_and_again_by_configure():
    kelvin = [says(f"DEV:T{n}:TEMP:SIG:TEMP", "0.0123K") for n in (5, 5, 8)]
    moved = [says("SYS:DR:CHAN:MC", "T8"), says("DEV:T8:TEMP:LOOP:TSET", "0K")]
    with expected_protocol(Triton, [CHAMBER, *kelvin[:2], *moved, kelvin[2]]) as triton:
        assert [triton.controller.temperature for _ in range(2)] == [0.0123, 0.0123]
        triton.configure()
        assert triton.controller.temperature == 0.0123


def test_a_program_without_a_mixing_chamber_is_told():
    with (
        CONTROLLER.talking([says("SYS:DR:CHAN:MC", "NONE")]) as controller,
        pytest.raises(CommandError, match="no channel measures the mixing chamber; assign one"),
    ):
        _ = controller.temperature


def test_a_channel_without_a_loop_is_told_in_one_sentence():
    exchanges = [CHAMBER, says(LOOP + "TSET", "NOT_FOUND")]
    with expected_protocol(Triton, exchanges, name="fridge") as triton, pytest.raises(CommandError) as caught:
        triton.configure()
    assert str(caught.value) == (
        "fridge, controller: channel T5 measures the mixing chamber, but has no control loop; give it one at the "
        "refrigerator's computer"
    )
    refused = (f"SET:{LOOP}MODE:OFF", f"STAT:SET:{LOOP}MODE:OFF:NOT_FOUND")
    with CONTROLLER.talking([CHAMBER, refused]) as controller, pytest.raises(CommandError, match="no control loop"):
        controller.heater_off()


def test_another_refusal_keeps_its_own_words():
    refused = (f"SET:{LOOP}TSET:0.1", f"STAT:SET:{LOOP}TSET:0.1:DENIED")
    with (
        CONTROLLER.talking([CHAMBER, refused]) as controller,
        pytest.raises(CommandError, match="does not permit that"),
    ):
        controller.setpoint = 0.1


def test_a_heater_that_is_off_has_neither_loop_nor_power():
    mode = says(LOOP + "MODE", "OFF")
    for power, amperes in (("0.000uW", 0.0), ("12uW", 1e-3)):
        exchanges = [CHAMBER, mode, HEATER, says("DEV:H1:HTR:SIG:POWR", power)]
        exchanges += [says(LOOP + "RANGE", "1mA")] if amperes else []
        with CONTROLLER.talking(exchanges) as controller:
            assert controller.heater_range == amperes


def test_off_is_told_to_the_loop_and_to_its_heater():
    with CONTROLLER.talking([CHAMBER, *OFF]) as controller:
        controller.heater_off()
    with CONTROLLER.talking([CHAMBER, *OFF]) as controller:
        controller.heater_range = 0


def test_the_loop_is_not_closed_on_a_range_that_was_not_kept():
    exchanges = [CHAMBER, told(LOOP + "RANGE:0.316"), says(LOOP + "RANGE", "100mA")]
    with CONTROLLER.talking(exchanges) as controller, pytest.raises(CommandError, match=r"reads back as 0\.1 A"):
        controller.heater_range = 316e-6


def test_a_set_point_that_was_not_kept_is_an_error():
    exchanges = [CHAMBER, told(LOOP + "TSET:0.1"), says(LOOP + "TSET", "0.2K")]
    with CONTROLLER.talking(exchanges) as controller, pytest.raises(CommandError, match=r"reads back as 0\.2 K"):
        controller.setpoint = 0.1


def test_the_station_s_limits_hold_before_a_byte_is_sent():
    limits = {"setpoint_limit": Bound(0.8, "the station"), "heater_limit": Bound(1e-3, "the station")}
    with expected_protocol(Triton, [], **limits) as triton:
        with pytest.raises(ValueError, match=r"setpoint of 0\.9 K is beyond the limit of the station"):
            triton.controller.setpoint = 0.9
        with pytest.raises(ValueError, match=r"heater_range of 0\.00316 A is beyond the limit of the station"):
            triton.controller.heater_range = 3.16e-3


def test_no_reading_is_not_absolute_zero():
    with (
        CONTROLLER.talking([CHAMBER, says("DEV:T5:TEMP:SIG:TEMP", "0.0000K")]) as controller,
        pytest.raises(CalibrationError, match="0 K, which means no valid reading"),
    ):
        _ = controller.temperature
    with CHANNEL.talking([says("DEV:T3:TEMP:SIG:RES", "0.00Ohm")]) as channel:
        assert channel.reading == BridgeReading(0.0, BridgeStatus.RESISTANCE_UNDER)


def test_a_channel_that_is_not_measured_is_not_taken_for_good():
    with (
        CONTROLLER.talking([CHAMBER, says("DEV:T5:TEMP:MEAS:ENAB", "OFF")]) as controller,
        pytest.raises(CommandError, match="T5 is not measured and keeps its last reading"),
    ):
        _ = controller.status


def test_another_program_is_not_taken_for_it():
    with expected_protocol(Triton, [("*IDN?", contracts.TRITON_IDENTITY)]) as triton:
        assert triton.identify() == contracts.TRITON_IDENTITY
    with expected_protocol(Triton, [("*IDN?", contracts.MERCURY_IDENTITY)]) as triton, pytest.raises(LinkError):
        triton.identify()


def test_the_snapshot_is_json():
    asked = [CHAMBER, says(LOOP + "TSET", "0.1K"), says(LOOP + "RAMP:ENAB", "ON"), says(LOOP + "RAMP:RATE", "0.6K/min")]
    asked += [says(LOOP + letter, "10") for letter in "PID"] + [says(LOOP + "MODE", "ON"), says(LOOP + "RANGE", "1mA")]
    with expected_protocol(Triton, asked) as triton:
        snapshot = triton.snapshot()
    assert snapshot["controller"] == {
        "setpoint": 0.1,
        "ramp": Ramp(True, 0.01)._asdict(),
        "pid": PID(10, 10, 10)._asdict(),
        "heater_range": 1e-3,
    }
    assert json.loads(json.dumps(snapshot)) == snapshot
