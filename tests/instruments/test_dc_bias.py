"""A dc current from a voltage, over sources that keep what they are told and over the SR830 driver."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymeasure.test import expected_protocol

from coldfinger.instruments.dc_bias import AuxiliaryOutput, SeriesResistorBias
from coldfinger.instruments.srs import SR830


class Source:
    """A dc source that keeps what it is told."""

    def __init__(self):
        self.level = 0.0
        self.output = True

    def off(self):
        self.level, self.output = 0.0, False


def bias_over(source, **settings):
    return SeriesResistorBias(source, 10e6, **{"largest": 3e-6, "largest_step": 20e-9, **settings})


def test_ten_volt_behind_ten_megohm_are_one_microampere():
    source = Source()
    bias = bias_over(source, largest_step=1e-6)
    bias.current = 1e-6
    assert source.level == pytest.approx(10.0)
    assert bias.current == pytest.approx(1e-6)
    assert bias.voltage == source.level
    # three squares of 6 kohm and two leads take 0.19 %
    assert bias.through(18.7e3) / bias.current - 1 == pytest.approx(-1.87e-3, rel=0.01)


def test_a_source_that_is_off_gives_nothing():
    source = Source()
    source.level, source.output = 1.0, False
    assert bias_over(source).voltage == 0.0


def test_a_step_that_is_too_large_is_refused_and_nothing_moves():
    source = Source()
    with pytest.raises(ValueError, match=r"a step of 3e-08 A is too large; allowed are 2e-08 A at a time"):
        bias_over(source).current = 30e-9
    assert source.level == 0.0


@pytest.mark.parametrize("current", [3.1e-6, -3.1e-6, 1.0])
def test_a_bias_beyond_the_limit_names_what_is_allowed(current):
    source = Source()
    with pytest.raises(ValueError, match=r"out of range; allowed are -3e-06 to 3e-06 A"):
        bias_over(source, largest_step=1.0).current = current
    assert source.level == 0.0


@pytest.mark.parametrize("wrong", ["1e-9", None, True, float("nan")])
def test_a_bias_that_is_no_number_is_refused(wrong):
    with pytest.raises(ValueError, match="bias must be a number"):
        bias_over(Source()).current = wrong


@given(start=st.floats(-3e-6, 3e-6), stop=st.floats(-3e-6, 3e-6), step=st.floats(1e-9, 1e-6))
def test_the_way_ends_where_it_should_and_no_step_is_too_large(start, stop, step):
    source = Source()
    source.level = start * 10e6
    bias = bias_over(source, largest_step=step)
    way = bias.way_to(stop)
    assert way[-1] == stop
    assert all(abs(b - a) <= step * (1 + 1e-5) for a, b in pairwise([start, *way]))
    assert len(way) <= abs(stop - start) / step + 2
    for current in way:
        bias.current = current  # raises if a step were too large


def test_an_auxiliary_output_is_a_source_that_is_always_on():
    exchanges = [("AUXV 2,0.123", None), ("*ESR?", "0"), ("AUXV? 2", "0.123"), ("AUXV 2,0.000", None), ("*ESR?", "0")]
    with expected_protocol(SR830, exchanges) as lockin:
        source = AuxiliaryOutput(lockin, 2)
        assert source.output
        source.level = 0.123
        assert source.level == 0.123
        source.output = True
        source.off()


def test_an_auxiliary_output_switched_off_goes_to_zero():
    with expected_protocol(SR830, [("AUXV 1,0.000", None), ("*ESR?", "0")]) as lockin:
        AuxiliaryOutput(lockin).output = False


@pytest.mark.parametrize("number", [0, 5, 1.0])
def test_there_are_four_auxiliary_outputs(number):
    with pytest.raises(ValueError, match="auxiliary output"):
        AuxiliaryOutput(object(), number)
