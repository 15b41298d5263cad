"""Duality: exact for every network, with cut and superconducting bonds, between bars and without edges."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.analysis.granular.duality import PAIR_CONDUCTANCE, check_duality, dual, dual_tensor, dual_torus, inverse
from coldfinger.analysis.granular.resistor_lattice import Strip, Torus, between_bars, conductivity, solve


def log_normal(n, length, spread, seed):
    rng = np.random.default_rng(seed)
    return Strip(
        np.exp(spread * rng.standard_normal((n, length))), np.exp(spread * rng.standard_normal((n - 1, length - 1)))
    )


@pytest.mark.parametrize(("n", "length"), [(1, 1), (1, 9), (9, 1), (40, 40), (25, 60), (100, 101)])
def test_duality_is_exact_for_log_normal_bonds(n, length):
    checked = check_duality(log_normal(n, length, 3.0, n))
    assert abs(checked.deviation) < 1e-9
    assert checked.holds
    assert checked.allowed < 1e-13


def test_largest_lattice_and_its_dual_take_less_than_two_seconds():
    strip = log_normal(200, 200, 3.0, 1)
    start = time.process_time()
    checked = check_duality(strip)
    assert time.process_time() - start < 2.0
    assert abs(checked.deviation) < 1e-9
    # A film whose ln g is symmetric about 0 has conductivity 1 in the limit (Dykhne); here within its fluctuation.
    assert checked.film.conductance == pytest.approx(1.0, abs=0.15)


@settings(max_examples=150, deadline=None)
@given(
    n=st.integers(1, 7),
    length=st.integers(1, 7),
    cut=st.floats(0, 0.5),
    short=st.floats(0, 0.5),
    spread=st.floats(0, 3),
    seed=st.integers(0, 10**6),
)
def test_duality_holds_with_cut_and_superconducting_bonds(n, length, cut, short, spread, seed):
    rng = np.random.default_rng(seed)

    def bonds(shape):
        u = rng.random(shape)
        return np.where(u < cut, 0.0, np.where(u > 1 - short, np.inf, np.exp(spread * rng.standard_normal(shape))))

    checked = check_duality(Strip(bonds((n, length)), bonds((n - 1, length - 1))))
    assert abs(checked.deviation) < 1e-12
    assert (checked.film.conductance == 0) == math.isinf(checked.dual.conductance)


def test_paper_s_statement_about_an_array_and_its_two_directions():
    rng = np.random.default_rng(2)
    flat, upright = np.exp(rng.standard_normal((5, 7))), np.exp(rng.standard_normal((4, 8)))
    along_y = solve(between_bars(flat, upright, "y"))
    image = dual(between_bars(flat, upright, "y"))
    # Sites of the dual: the faces in the middle and one beyond each free edge; its bars are those free edges.
    assert image.along.shape == (4, 8)
    assert image.along == pytest.approx(1 / upright)
    assert image.across == pytest.approx(1 / flat[1:-1])
    assert solve(image).conductance * along_y.conductance == pytest.approx(1, rel=1e-13)


@given(seed=st.integers(0, 1000), unit=st.floats(1e-5, 1e3))
def test_dual_of_the_dual_is_the_film(seed, unit):
    strip = log_normal(3, 5, 2.0, seed)
    strip.along[0, 0], strip.across[1, 1] = 0.0, np.inf
    again = dual(dual(strip, unit), unit)
    assert again.along == pytest.approx(strip.along, rel=1e-14)
    assert again.across == pytest.approx(strip.across, rel=1e-14)


def test_quantum_of_resistance_mirrors_a_failed_superconductor_into_a_failed_insulator():
    strip = Strip(np.full((6, 6), 1 / 500.0), np.full((5, 5), 1 / 500.0))
    checked = check_duality(strip, unit=PAIR_CONDUCTANCE)
    assert checked.film.sheet_resistance == pytest.approx(500)
    assert checked.dual.sheet_resistance == pytest.approx(6453.2**2 / 500, rel=1e-5)
    assert checked.holds


def test_tensor_of_the_dual_is_the_tensor_over_its_determinant():
    rng = np.random.default_rng(3)
    torus = Torus(np.exp(3 * rng.standard_normal((30, 41))), 5 * np.exp(3 * rng.standard_normal((30, 41))))
    film, image = conductivity(torus), conductivity(dual_torus(torus, unit=2.0))
    assert image.tensor == pytest.approx(dual_tensor(film.tensor, unit=2.0), rel=1e-11)
    assert film.tensor[0, 1] != 0
    assert film.tensor[1, 1] > 1.5 * film.tensor[0, 0]


def test_two_equal_parts_conduct_like_their_geometric_mean():
    # Keller and Dykhne: exchange of the two parts is duality, so ln det of the tensor is ln(g1 g2) on the mean.
    logs = []
    for seed in range(60):
        rng = np.random.default_rng([4, seed])
        right, down = (np.where(rng.random((16, 16)) < 0.5, 10.0, 0.1) for _ in range(2))
        logs.append(math.log(np.linalg.det(conductivity(Torus(right, down)).tensor)))
    sd = np.std(logs) / math.sqrt(len(logs))
    assert sd < 0.3
    assert abs(np.mean(logs) - math.log(10 * 0.1)) < 3.5 * sd


def test_a_wrong_dual_is_noticed():
    strip = log_normal(10, 10, 1.0, 5)
    wrong = Strip(dual(strip).along * (1 + 1e-6), dual(strip).across)
    assert abs(solve(wrong).conductance * solve(strip).conductance - 1) > 1e-7


def test_bad_input_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match=r"unit conductance is 0.0 S; it must be finite and above zero"):
        dual(log_normal(2, 2, 1.0, 0), 0.0)
    with pytest.raises(ValueError, match="a bond is inf"):
        dual_torus(Torus(np.zeros((2, 2)), np.ones((2, 2))))
    assert inverse([[0.0, np.inf, 4.0]]).tolist() == [[np.inf, 0.0, 0.25]]
