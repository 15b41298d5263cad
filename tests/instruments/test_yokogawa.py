"""The GS200 driver on the wire: every property, both edges, and what it refuses by itself."""

import json

import pytest

from coldfinger.instruments.errors import CommandError, LinkError, ReplyError
from coldfinger.instruments.yokogawa import GS200, RANGES, Function, highest_level
from tests.instruments import contracts
from tests.instruments.driver_benches import PARTS

NO_ERROR = ("SYST:ERR?", '0,"No error"')
BENCH = PARTS["GS200"].bench


@pytest.mark.parametrize("identity", [contracts.GS200_IDENTITY, "YOKOGAWA,GS211,91F0001,1.05"])
def test_both_models_are_known(identity):
    with BENCH.talking([("*IDN?", identity)]) as source:
        assert source.identify() == identity


def test_another_instrument_is_refused():
    with BENCH.talking([("*IDN?", "YOKOGAWA,7651,0,1")]) as source, pytest.raises(ReplyError, match="right address"):
        source.identify()


def test_another_identity_later_is_a_link_in_doubt():
    exchanges = [("*IDN?", contracts.GS200_IDENTITY), ("*IDN?", "YOKOGAWA,GS210,other,2.02")]
    with BENCH.talking(exchanges) as source:
        source.identify()
        with pytest.raises(LinkError, match="required is"):
            source.confirm()


def test_a_level_beyond_120_percent_of_the_range_is_one_sentence():
    exchanges = [("SOUR:FUNC?", "VOLT"), ("SOUR:RANG?", "+1.00000E+00")]
    with BENCH.talking(exchanges) as source, pytest.raises(ValueError, match="level") as caught:
        source.level = 1.3
    assert str(caught.value) == (
        "level: a level of 1.3 V does not fit the range of 1 V; allowed are -1.2 to 1.2 V, change the range first"
    )


def test_a_current_source_counts_in_amperes():
    exchanges = [("SOUR:FUNC?", "CURR"), ("SOUR:RANG?", "+2.00000E-01")]
    with BENCH.talking(exchanges) as source, pytest.raises(ValueError, match=r"allowed are -0\.2 to 0\.2 A"):
        source.level = 0.21


def test_a_range_that_cannot_hold_the_level_is_refused():
    exchanges = [("SOUR:FUNC?", "VOLT"), ("SOUR:LEV?", "+5.00000E+00")]
    with BENCH.talking(exchanges) as source, pytest.raises(ValueError, match="level of 5 V does not fit"):
        source.range = 1.0


def test_a_range_of_the_other_function_is_refused():
    with BENCH.talking([("SOUR:FUNC?", "CURR")]) as source, pytest.raises(ValueError, match="range of 30 A"):
        source.range = 30.0


def test_the_function_stays_while_the_output_is_on():
    with BENCH.talking([("OUTP?", "1")]) as source, pytest.raises(CommandError, match="switch it off first"):
        source.function = Function.CURRENT


def test_off_is_zero_first_and_then_the_output():
    exchanges = [
        ("SOUR:FUNC?", "VOLT"),
        ("SOUR:RANG?", "+1.00000E+01"),
        ("SOUR:LEV 0", None),
        NO_ERROR,
        ("OUTP 0", None),
        NO_ERROR,
    ]
    with BENCH.talking(exchanges) as source:
        source.off()


def test_what_the_instrument_refuses_is_told_in_its_own_words():
    exchanges = [("OUTP 1", None), ("SYST:ERR?", '-221,"Settings conflict"'), NO_ERROR]
    with BENCH.talking(exchanges) as source, pytest.raises(CommandError, match="'OUTP 1' was refused: -221"):
        source.output = True


@pytest.mark.parametrize("line", ["", "0", '0,"No error', "error"])
def test_an_error_that_is_not_one_is_a_reply_error(line):
    with BENCH.talking([("SYST:ERR?", line)]) as source, pytest.raises(ReplyError, match="number and text"):
        source.refusals()


def test_clear_empties_the_queue():
    with BENCH.talking([("*CLS", None)]) as source:
        source.clear()


def test_the_largest_ranges_end_earlier():
    assert highest_level(10.0) == pytest.approx(12.0)
    assert highest_level(RANGES[Function.VOLTAGE][-1]) == 32.0
    assert highest_level(RANGES[Function.CURRENT][-1]) == 0.2


def test_a_snapshot_lists_every_setting_for_json():
    exchanges = [(row.query, row.reply) for name in GS200.SETTINGS for row in contracts.GS200 if row.property == name]
    with BENCH.talking(exchanges) as source:
        settings = json.loads(json.dumps(source.snapshot()))
    assert set(settings) == {row.property for row in contracts.GS200}
    assert (settings["function"], settings["level"], settings["output"]) == ("VOLTAGE", -0.1234, False)
