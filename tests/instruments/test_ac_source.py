"""The series-resistor current source, over an output that keeps what it is told and over the SR830 driver."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymeasure.test import expected_protocol

from coldfinger.instruments.ac_source import SeriesResistorSource
from coldfinger.instruments.srs import SR830


class Output:
    """A sine output that keeps what it is told."""

    def __init__(self):
        self.sine_voltage = 0.004
        self.frequency = 7.0


def source_with(**settings):
    output = Output()
    return output, SeriesResistorSource(output, 1e9, **settings)


def test_one_volt_behind_one_gigaohm_is_one_nanoampere():
    output, source = source_with(source_resistance=0)
    source.current = 1e-9
    assert output.sine_voltage == 1.0
    assert source.current == 1e-9
    assert source.voltage == 1.0


def test_source_and_sample_impedance_raise_the_voltage():
    output, source = source_with(load_resistance=3e7, source_resistance=50.0)
    source.current = 1e-9
    assert output.sine_voltage == 1.03
    # what is read is the current of the voltage that is held: 1.03 V / 1.03000005 Gohm
    assert source.current == pytest.approx(1e-9 / (1 + 50 / 1.03e9), rel=1e-12)


def test_a_sample_of_three_megohm_takes_0_3_percent():
    # 3 squares of 1 Mohm/square behind 1 Gohm: -0.3 %, the size of the correction when |Z| is left out
    _, source = source_with()
    source.current = 1e-9
    uncorrected = source.current
    source.load_resistance = 3e6
    assert source.current / uncorrected - 1 == pytest.approx(-0.003, rel=0.01)


@given(current=st.floats(4.1e-12, 4.8e-9), load=st.floats(0, 3e7))
def test_the_current_is_the_asked_one_to_half_a_voltage_step(current, load):
    output, source = source_with(load_resistance=load)
    source.current = current
    assert abs(source.current - current) * source.total_resistance <= 1e-3 * (1 + 1e-9)
    assert abs(round(output.sine_voltage / 2e-3) * 2e-3 - output.sine_voltage) < 1e-12
    assert 4e-3 <= output.sine_voltage <= 5.0


def test_both_edges_are_allowed():
    output, source = source_with(source_resistance=0)
    source.current = 4e-12
    assert output.sine_voltage == 4e-3
    source.current = 5e-9
    assert output.sine_voltage == 5.0


@pytest.mark.parametrize("current", [0, 3.9e-12, 5.001e-9, -1e-9, 1.0])
def test_a_current_outside_the_range_names_the_allowed_ones_and_changes_nothing(current):
    output, source = source_with()
    with pytest.raises(ValueError, match=r"allowed are 4e-12 to 5e-09 A with 1e\+09 ohm in series"):
        source.current = current
    assert output.sine_voltage == 0.004


@pytest.mark.parametrize("wrong", ["1e-9", None, True, float("nan"), 1j])
def test_a_current_that_is_no_number_is_refused(wrong):
    _, source = source_with()
    with pytest.raises(ValueError, match="current must be a number"):
        source.current = wrong


@pytest.mark.parametrize("wrong", [-1, "1k", float("nan"), None])
def test_a_load_that_is_no_resistance_is_refused(wrong):
    _, source = source_with()
    with pytest.raises(ValueError, match="load_resistance"):
        source.load_resistance = wrong
    with pytest.raises(ValueError, match="load_resistance"):
        source_with(load_resistance=wrong)


def test_off_is_the_smallest_amplitude():
    output, source = source_with()
    source.current = 1e-9
    source.off()
    assert output.sine_voltage == 0.004


def test_another_output_brings_its_own_range_and_resolution():
    output, source = source_with(voltage_range=(1e-9, 2.0), voltage_resolution=1e-9)
    source.current = 1e-12
    assert output.sine_voltage == pytest.approx(1e-3, rel=1e-6)


def test_over_the_sr830_the_current_is_that_of_the_voltage_it_holds():
    exchanges = [("SLVL 0.102", None), ("*ESR?", "0"), ("SLVL?", "0.102"), ("FREQ?", "7.0"), ("HARM?", "1")]
    exchanges += [("FREQ 1.7", None), ("*ESR?", "0"), ("SLVL 0.004", None), ("*ESR?", "0")]
    with expected_protocol(SR830, exchanges) as lockin:
        source = SeriesResistorSource(lockin, 1e9, source_resistance=0)
        source.current = 0.1015e-9
        assert source.current == pytest.approx(0.102e-9, rel=1e-12)
        assert source.frequency == 7.0
        source.frequency = 1.7
        source.off()
