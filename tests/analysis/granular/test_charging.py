"""Charging energies against the paper's numbers, closed forms, the method of images and a network of capacitors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.analysis.granular.bond_graph import Bonds, two_terminal
from coldfinger.analysis.granular.charging import (
    VACUUM_PERMITTIVITY,
    Capacitance,
    charging_energies,
    disc_on_substrate,
    energy,
    parallel_plates,
    sphere,
    sphere_pair,
)


def test_paper_s_estimate_in_every_convention():
    # Grains of 0.1 µm, 10 nm apart, ε = 10, six neighbours.
    junction = parallel_plates(0.1e-6, 10e-9, 10)
    assert junction.value == pytest.approx(88.5e-18, rel=1e-3)
    found = charging_energies(junction, 6)
    assert found.junction == pytest.approx(10.5, rel=1e-3)
    assert found.grain == found.activation == pytest.approx(1.75, rel=1e-3)
    assert found.grain_over_neighbours == pytest.approx(0.29, abs=0.005)
    assert found.grain_quarter == pytest.approx(0.44, abs=0.005)
    assert found.activation_quarter == pytest.approx(10.5 / 4, rel=1e-3)
    assert found.junction_pair == pytest.approx(4 * found.junction)
    assert found.grain_pair == pytest.approx(4 * found.grain)
    assert "stray field" in found.flag


def test_one_attofarad_is_930_kelvin():
    assert energy(1e-18) == pytest.approx(929.62, rel=1e-5)
    assert energy(1e-18, charges=2) == pytest.approx(4 * 929.62, rel=1e-5)


def test_activation_is_half_the_cost_of_a_neighbouring_pair_in_a_square_array():
    # Charges +e and -e on neighbours of an array of capacitors C: the array between them is one capacitor.
    size, C = 31, 1e-15
    site = np.arange(size * size).reshape(size, size)
    first = np.concatenate([site.ravel(), site.ravel()])
    second = np.concatenate([np.roll(site, -1, 1).ravel(), np.roll(site, -1, 0).ravel()])
    between = two_terminal(Bonds(first, second, np.full(first.size, C), site.size), 0, 1).conductance
    pair = energy(between)
    found = charging_energies(Capacitance(C, 0.0), 4)
    assert pair / 2 == pytest.approx(found.activation, rel=2 / size**2)
    assert found.activation == found.activation_quarter == found.grain


def images(diameter, gap, permittivity, terms=4000):
    """Charges on two spheres, the first at 1 V, the second at 0, by reflecting image charges."""
    a, distance = diameter / 2, diameter + gap
    charge, place, on_first = a, 0.0, True
    first, second = charge, 0.0
    for _ in range(terms):
        reach = distance - place
        charge, place = -charge * a / reach, a * a / reach
        on_first = not on_first
        if on_first:
            first += charge
        else:
            second += charge
    k = 4 * math.pi * VACUUM_PERMITTIVITY * permittivity
    return k * first, k * second


@pytest.mark.parametrize("ratio", [1e-3, 0.1, 1.0, 20.0])
def test_two_spheres_agree_with_their_image_charges(ratio):
    between, own = sphere_pair(1e-7, ratio * 1e-7, 10)
    on_first, on_second = images(1e-7, ratio * 1e-7, 10)
    assert between.value == pytest.approx(-on_second, rel=1e-9)
    assert own.value == pytest.approx(on_first + on_second, rel=1e-9)


def test_spheres_far_apart_are_alone():
    between, own = sphere_pair(1e-7, 1e-3, 10)
    assert own.value == pytest.approx(sphere(1e-7, 10).value, rel=1e-3)
    assert between.value < 1e-3 * own.value


def test_disc_of_one_metre_radius_has_71_picofarad():
    assert disc_on_substrate(2.0, 1.0).value == pytest.approx(70.83e-12, rel=1e-4)
    assert disc_on_substrate(2.0, 10.0).value == pytest.approx(70.83e-12 * 5.5, rel=1e-4)


def test_uncertainty_of_the_sphere_pair_is_that_of_random_inputs():
    rng = np.random.default_rng(1)
    between, own = sphere_pair(1e-7, 1e-8, 10, diameter_sd=0.02, gap_sd=0.05, permittivity_sd=0.03)
    drawn = np.array(
        [
            [c.value for c in sphere_pair(1e-7 * (1 + 0.02 * a), 1e-8 * (1 + 0.05 * b), 10 * (1 + 0.03 * c))]
            for a, b, c in rng.standard_normal((3000, 3))
        ]
    )
    spread = drawn.std(axis=0) / drawn.mean(axis=0)
    assert spread == pytest.approx([between.relative_sd, own.relative_sd], rel=0.06)  # 3000 draws know an s.d. to 1.3 %


@given(size=st.floats(0, 0.2), gap=st.floats(0, 0.2), eps=st.floats(0, 0.2), z=st.floats(0, 0.2))
def test_uncertainties_add_in_squares(size, gap, eps, z):
    junction = parallel_plates(1e-6, 1e-8, 10, side_sd=size, gap_sd=gap, permittivity_sd=eps)
    assert junction.relative_sd == pytest.approx(math.sqrt(4 * size**2 + gap**2 + eps**2))
    assert charging_energies(junction, 6, neighbours_sd=z).relative_sd >= junction.relative_sd
    assert junction.flag == ""


def test_large_self_capacitance_is_flagged():
    found = charging_energies(parallel_plates(1e-6, 1e-8, 10), 6, Capacitance(1e-13, 0.1))
    assert found.total_capacitance == pytest.approx(6 * found.junction_capacitance + 1e-13)
    assert "of C_Σ" in found.flag
    assert found.relative_sd == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: parallel_plates(0.0, 1e-8, 10), "side is 0.0; it must be finite and above zero, in metres"),
        (lambda: parallel_plates(1e-7, -1e-8, 10), "gap is -1e-08"),
        (lambda: parallel_plates(1e-7, 1e-8, 0.5), "permittivity is 0.5; it must be at least 1"),
        (lambda: sphere(1e-7, 10, diameter_sd=-0.1), "diameter_sd is -0.1; it must not be negative"),
        (lambda: disc_on_substrate(math.nan, 10), "diameter is nan"),
        (lambda: sphere_pair(1e-7, 1e-15, 10), "spheres need at least 1e-06"),
        (lambda: charging_energies(Capacitance(0.0, 0.0), 6), "C must be finite and above zero"),
        (lambda: charging_energies(Capacitance(1e-16, 0.0), 0), "0 neighbours; the number must be"),
        (lambda: energy(0.0), "capacitance is 0.0 F"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence) as told:
        call()
    assert "\n" not in str(told.value)
