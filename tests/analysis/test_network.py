"""Lock-in X, Y -> sheet resistance, held against nodal equations solved here and a table of errors."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.analysis.network import Network

FREQUENCIES = (0.7, 1.7, 7.0)


def nodal_transfer(
    network: Network,
    rho: float,
    frequency: float,
    lines: tuple[float, float, float] | None = None,
) -> tuple[complex, complex]:
    """Voltage and current between the taps per volt: the 7 x 7 complex nodal equations, node by node.

    Nodes I+, s1, s2, s3, s4, V+, V-; `lines` are the capacitances of I+, V+, V- (F).
    """
    i_plus, s1, s2, s3, s4, v_plus, v_minus = range(7)
    c_i, c_p, c_m = lines or (network.line_capacitance,) * 3
    matrix = np.zeros((7, 7), dtype=complex)

    def join(one: int, other: int, ohm: float) -> None:
        matrix[one, one] += 1 / ohm
        matrix[other, other] += 1 / ohm
        matrix[one, other] -= 1 / ohm
        matrix[other, one] -= 1 / ohm

    def ground(node: int, siemens: complex) -> None:
        matrix[node, node] += siemens

    source = network.series_resistance + network.source_resistance
    omega = 2 * math.pi * frequency
    ground(i_plus, 1 / source + 1j * omega * c_i)
    join(i_plus, s1, network.lead_resistance)
    join(s1, s2, network.end_squares * rho)
    join(s2, s3, network.squares * rho)
    join(s3, s4, network.end_squares * rho)
    ground(s4, 1 / network.lead_resistance)
    for tap, node, c in ((s2, v_plus, c_p), (s3, v_minus, c_m)):
        join(tap, node, network.lead_resistance)
        ground(node, 1j * omega * (c + network.input_capacitance) + 1 / network.input_resistance)
    drive = np.zeros(7, dtype=complex)
    drive[i_plus] = 1 / source
    v = np.linalg.solve(matrix, drive)
    return complex(v[v_plus] - v[v_minus]), complex((v[s2] - v[s3]) / (network.squares * rho))


@given(
    log_rho=st.floats(0, 7),
    frequency=st.floats(0.1, 100),
    squares=st.floats(0.2, 10),
    ends=st.floats(0.1, 5),
    capacitance=st.floats(0, 5e-8),
)
def test_closed_form_equals_the_nodal_equations(log_rho, frequency, squares, ends, capacitance):
    network = Network(line_capacitance=capacitance, squares=squares, end_squares=ends)
    rho = 10**log_rho
    voltage, current = nodal_transfer(network, rho, frequency)
    # 1e-8: the nodal matrix spans 1e9 ohm to 1 ohm and loses that many digits, the closed form does not.
    assert abs(network.transfer(rho, frequency) / voltage - 1) < 1e-8
    assert abs(network.current(rho, frequency) / current - 1) < 1e-8


def test_arrays_and_scalars_agree():
    network = Network()
    rho = np.logspace(-2, 7, 19)
    many = network.transfer(rho, 1.7)
    assert many.shape == rho.shape
    assert list(many) == pytest.approx([network.transfer(float(r), 1.7) for r in rho], rel=1e-14)
    assert network.current(rho, 1.7).shape == rho.shape


def test_a_superconductor_gives_no_voltage():
    assert Network().transfer(0.0, 7.0) == 0
    assert abs(Network().current(0.0, 7.0)) == pytest.approx(1e-9, rel=1e-5)


@pytest.mark.parametrize(
    ("rho", "printed"),
    [
        (6453.2, [("-0.14", "-0.14", "-0.1"), ("-0.14", "-0.14", "-0.2"), ("-0.16", "-0.14", "-0.8")]),
        (30e3, [("-0.62", "-0.61", "-0.4"), ("-0.64", "-0.61", "-0.9"), ("-1.04", "-0.61", "-3.8")]),
        (100e3, [("-2.0", "-2.0", "-1.2"), ("-2.3", "-2.0", "-3.0"), ("-6.3", "-2.0", "-12")]),
        (300e3, [("-6.0", "-5.7", "-3.5"), ("-7.8", "-5.7", "-8.6"), ("-32", "-5.5", "-32")]),
        (1e6, [("-19", "-16", "-10"), ("-30", "-16", "-24"), ("-80", "-11", "-62")]),
        (3e6, [("-45", "-35", "-23"), ("-68", "-33", "-46")]),
    ],
)
def test_error_table_of_the_default_network_to_the_printed_digit(rho, printed):
    for frequency, columns in zip(FREQUENCIES, printed, strict=False):
        impedance = Network().transfer(rho, frequency) * 1e9
        computed = (
            100 * (impedance.real / rho - 1),
            100 * (1 / (1 / impedance).real / rho - 1),
            math.degrees(np.angle(impedance)),
        )
        for value, text in zip(computed, columns, strict=True):
            digits = len(text.split(".")[1]) if "." in text else 0
            # One last digit: some of the table was rounded from values near the half.
            assert abs(value - float(text)) < 0.6 * 10**-digits, (rho, frequency, text)


@given(log_rho=st.floats(-2, 7), frequency=st.sampled_from((0.7, 1.7, 7.0, 17.0)), capacitance=st.floats(0, 5e-8))
def test_inversion_is_exact_below_45_degrees_and_refused_beyond(log_rho, frequency, capacitance):
    network, voltage, rho = Network(), 0.3, 10**log_rho
    reading = network.transfer(rho, frequency, capacitance) * voltage
    found = network.invert(reading.real, reading.imag, voltage, frequency)
    if abs(math.degrees(np.angle(reading))) < 45:
        assert found.valid
        assert found.resistivity == pytest.approx(rho, rel=1e-8)
        assert found.line_capacitance == pytest.approx(capacitance, rel=1e-3, abs=1e-11)
    else:
        assert not found.valid
        assert math.isnan(found.resistivity)


@pytest.mark.parametrize("signs", [(a, b, c) for a in (-1, 0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1)])
def test_unequal_lines_cost_little_at_one_megohm(signs):
    network, rho, voltage = Network(), 1e6, 0.1
    lines = tuple(10e-9 * (1 + 0.1 * s) for s in signs)
    reading = nodal_transfer(network, rho, 0.7, lines)[0] * voltage
    found = network.invert(reading.real, reading.imag, voltage, 0.7)
    assert found.resistivity == pytest.approx(rho, rel=2e-3)


def test_beyond_45_degrees_the_reading_is_flagged_with_its_phase():
    reading = Network().transfer(1e6, 7.0)
    found = Network().invert(reading.real, reading.imag, 1.0, 7.0)
    assert not found.valid
    assert found.phase_degrees == pytest.approx(-62.0, abs=0.05)
    assert math.isnan(found.resistivity_sd(1e-9, 1e-9))
    assert found.reason == "phase of -62 degrees; beyond 45 rho is not unique, lower the frequency"


def test_phase_that_lines_cannot_make_is_refused():
    reading = Network().transfer(6453.2, 7.0) * np.exp(0.5j)
    found = Network().invert(reading.real, reading.imag, 1.0, 7.0)
    assert not found.valid
    assert "reference phase" in found.reason


def test_without_resistance_noise_gives_an_unbiased_value_of_either_sign():
    network, sd = Network(), 8e-9
    rng = np.random.default_rng(7)
    found = [network.invert(*rng.normal(0, sd, 2), 1.0, 7.0, noise=sd) for _ in range(400)]
    values = np.array([one.resistivity for one in found])
    assert all(one.valid and one.line_capacitance == network.line_capacitance for one in found)
    assert found[0].resistivity_sd(sd, sd) == pytest.approx(8.0, rel=1e-3)
    assert np.std(values) == pytest.approx(8.0, rel=0.1)
    assert abs(np.mean(values)) < 3 * 8.0 / math.sqrt(400)
    assert np.min(values) < 0


@pytest.mark.parametrize("rho", [500.0, 6453.2, 100e3, 1e6])
def test_quoted_uncertainty_is_the_scatter(rho):
    network, frequency = Network(), 0.7
    voltage = 1.0
    clean = network.transfer(rho, frequency) * voltage
    sd = 2e-3 * abs(clean)
    rng = np.random.default_rng(3)
    found = [
        network.invert(clean.real + dx, clean.imag + dy, voltage, frequency, noise=sd)
        for dx, dy in rng.normal(0, sd, (500, 2))
    ]
    values = np.array([one.resistivity for one in found])
    quoted = np.array([one.resistivity_sd(sd, sd) for one in found])
    # 500 readings fix a standard deviation to 3 %, the mean to 1/22 of it.
    assert np.std(values) == pytest.approx(float(np.median(quoted)), rel=0.1)
    assert abs(np.mean(values) - rho) < 0.2 * np.std(values)


def test_gains_are_the_derivatives_of_the_inversion():
    network, frequency = Network(), 1.7
    reading = network.transfer(200e3, frequency)
    found = network.invert(reading.real, reading.imag, 1.0, frequency)
    step = 1e-6 * abs(reading)
    by_x, by_y = (
        (
            network.invert(reading.real + dx, reading.imag + dy, 1.0, frequency).resistivity
            - network.invert(reading.real - dx, reading.imag - dy, 1.0, frequency).resistivity
        )
        / (2 * step)
        for dx, dy in ((step, 0), (0, step))
    )
    assert (found.gain_x, found.gain_y) == pytest.approx((by_x, by_y), rel=1e-6)


def test_in_phase_only_makes_a_megohm_look_like_eight_hundred_kilohm():
    reading = Network().transfer(1e6, 0.7) * 0.1
    assert Network().invert_in_phase_only(reading.real, 0.1) == pytest.approx(0.811e6, rel=1e-3)


def test_loading_conductance_is_what_the_input_adds():
    network = Network(line_capacitance=0.0, input_capacitance=0.0, squares=2.0, end_squares=0.5)
    assert Network().loading_conductance() == pytest.approx(2e-7)
    rho = 10e3
    loaded = network.transfer(rho, 0.7).real
    alone = dataclasses.replace(network, input_resistance=1e15).transfer(rho, 0.7).real
    # 3 %: the leads carry the input's current too.
    assert (alone / loaded - 1) / rho == pytest.approx(network.loading_conductance(), rel=0.03)


@pytest.mark.parametrize(("voltage", "frequency"), [(0.0, 7.0), (1.0, 0.0), (math.nan, 7.0), (1.0, math.inf)])
def test_inversion_without_drive_is_an_error(voltage, frequency):
    with pytest.raises(
        ValueError, match=r"^network inversion: source of .* V, .* Hz; both must be finite and above zero$"
    ):
        Network().invert(1e-6, 0.0, voltage, frequency)


def test_a_reading_that_is_no_number_is_not_valid():
    found = Network().invert(math.nan, 0.0, 1.0, 7.0)
    assert not found.valid
    assert found.reason == "X = nan V, Y = 0.0 V is not a finite reading"


def test_impossible_networks_are_refused():
    with pytest.raises(ValueError, match=r"^network: input_resistance is 0\.0; it must be above zero$"):
        Network(input_resistance=0.0)
    with pytest.raises(ValueError, match=r"^network: line_capacitance is -1e-09; it must not be negative$"):
        Network(line_capacitance=-1e-9)
