"""Resistor lattices against exact fractions, star-mesh elimination, closed forms and Foster's theorem."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.analysis.granular.bond_graph import Bonds, bottleneck, two_terminal
from coldfinger.analysis.granular.resistor_lattice import Strip, Torus, between_bars, bonds_of, conductivity, solve


def log_normal(n, length, spread, seed):
    rng = np.random.default_rng(seed)
    return Strip(
        np.exp(spread * rng.standard_normal((n, length))), np.exp(spread * rng.standard_normal((n - 1, length - 1)))
    )


def star_mesh(strip: Strip) -> float:
    """Conductance by removing node after node; only sums and products of positive numbers, so no digit is lost."""
    bonds, left, right = bonds_of(strip)
    g = np.zeros((bonds.nodes, bonds.nodes))
    np.add.at(g, (bonds.first, bonds.second), bonds.conductance)
    g += g.T
    for node in range(bonds.nodes - 2):
        spokes = g[node].copy()
        g += np.outer(spokes, spokes / spokes.sum())
        np.fill_diagonal(g, 0.0)
        g[node], g[:, node] = 0.0, 0.0
    return float(g[left, right])


def exact(strip: Strip) -> Fraction:
    """The same in exact fractions, for bonds that are whole numbers."""
    bonds, left, right = bonds_of(strip)
    g = [[Fraction(0)] * bonds.nodes for _ in range(bonds.nodes)]
    for a, b, value in zip(bonds.first, bonds.second, bonds.conductance, strict=True):
        g[a][b] += Fraction(int(value))
        g[b][a] += Fraction(int(value))
    for node in range(bonds.nodes - 2):
        total = sum(g[node])
        for a in range(node + 1, bonds.nodes):
            for b in range(a + 1, bonds.nodes):
                if g[node][a] and g[node][b]:
                    g[a][b] += g[node][a] * g[node][b] / total
                    g[b][a] = g[a][b]
        for a in range(bonds.nodes):
            g[node][a] = g[a][node] = Fraction(0)
    return g[left][right]


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 4), length=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_conductance_is_that_of_exact_fractions(n, length, seed):
    rng = np.random.default_rng(seed)
    strip = Strip(rng.integers(0, 4, (n, length)), rng.integers(0, 4, (n - 1, length - 1)))
    assert solve(strip).conductance == pytest.approx(float(exact(strip)), rel=1e-14)


@pytest.mark.parametrize("spread", [0.5, 3.0, 6.0])
def test_error_quoted_covers_the_error_made(spread):
    strip = log_normal(12, 14, spread, 3)
    found, truth = solve(strip), star_mesh(strip)
    assert found.relative_error < 1e-12
    assert abs(found.conductance / truth - 1) <= found.relative_error + 1e-13  # the elimination's own rounding
    assert found.reason == ""


@pytest.mark.parametrize(("spread", "seed"), [(10.0, 0), (15.0, 1), (25.0, 2), (25.0, 5), (40.0, 3), (60.0, 4)])
def test_bonds_over_forty_decades_are_enclosed(spread, seed):
    strip = log_normal(14, 14, spread, seed)
    found, truth = solve(strip), star_mesh(strip)
    assert found.relative_error < 1e-3
    assert abs(found.conductance / truth - 1) <= found.relative_error + 1e-13


def test_uniform_strip_has_rows_over_length():
    found = solve(Strip(np.full((7, 5), 2e-4), np.full((6, 4), 2e-4)))
    assert found.conductance == pytest.approx(2e-4 * 7 / 5, rel=1e-13)
    assert found.sheet_resistance == pytest.approx(5000, rel=1e-13)
    assert found.potential == pytest.approx(np.tile(1 - np.arange(1, 5) / 5, (7, 1)))


def test_single_row_is_a_chain():
    bonds = np.array([[1.0, 0.25, 4.0, 1e-6]])
    assert solve(Strip(bonds, np.empty((0, 3)))).resistance == pytest.approx((1 / bonds).sum(), rel=1e-13)


def test_bonds_straight_from_bar_to_bar_add():
    assert solve(Strip([[1.0], [2.0], [0.0]], np.empty((2, 0)))).conductance == pytest.approx(3.0, rel=1e-14)


def test_current_is_conserved_at_every_site():
    strip = log_normal(20, 30, 2.0, 4)
    found = solve(strip)
    across = np.pad(found.current_across, ((1, 1), (0, 0)))
    missing = np.diff(found.current_along, axis=1) + np.diff(across, axis=0)
    assert np.abs(missing).max() < 1e-10 * found.conductance
    assert found.current_along.sum(axis=0) == pytest.approx(np.full(30, found.conductance), rel=1e-9)


def test_cut_and_superconducting_bonds_are_exact():
    wall = Strip([[1, 0, 1], [1, 0, 1]], [[1, 1]])
    assert solve(wall).conductance == 0.0
    assert solve(wall).resistance == np.inf
    assert solve(wall).potential.tolist() == [[1, 0], [1, 0]]
    short = Strip([[np.inf, np.inf, 1], [1, 1, np.inf]], [[1, np.inf]])
    assert solve(short).conductance == np.inf
    assert solve(short).resistance == 0.0
    half = solve(Strip([[np.inf, 2.0], [0.0, 2.0]], [[0.0]]))
    assert half.conductance == pytest.approx(2.0, rel=1e-14)
    assert half.current_along[0, 1] == pytest.approx(2.0)
    assert np.isnan(half.current_along[0, 0])  # nothing says how a superconductor divides its current


def test_superconducting_is_the_limit_of_strong_bonds():
    rng = np.random.default_rng(5)
    mask, other = rng.random((9, 10)) < 0.3, rng.random((8, 9)) < 0.3
    sharp = solve(Strip(np.where(mask, np.inf, 1.0), np.where(other, np.inf, 1.0))).conductance
    strong = solve(Strip(np.where(mask, 1e9, 1.0), np.where(other, 1e9, 1.0))).conductance
    assert strong == pytest.approx(sharp, rel=1e-7)
    assert strong < sharp


def test_islands_have_no_potential():
    along = np.ones((3, 4))
    along[1] = [0, 1, 1, 0]
    across = np.ones((2, 3))
    across[:] = 0
    found = solve(Strip(along, across))
    assert np.isnan(found.potential[1]).all()
    assert found.conductance == pytest.approx(0.5)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), unit=st.floats(1e-9, 1e9))
def test_conductance_scales_and_never_falls_when_a_bond_grows(seed, unit):
    strip = log_normal(4, 5, 2.0, seed)
    before = solve(strip).conductance
    assert solve(Strip(unit * strip.along, unit * strip.across)).conductance == pytest.approx(unit * before, rel=1e-12)
    along = strip.along.copy()
    along[np.unravel_index(seed % along.size, along.shape)] *= 3
    assert solve(Strip(along, strip.across)).conductance >= before * (1 - 1e-13)


def test_array_is_measured_in_both_directions():
    rng = np.random.default_rng(6)
    flat, upright = rng.random((4, 5)), rng.random((3, 6))
    x, y = between_bars(flat, upright, "x"), between_bars(flat, upright, "y")
    assert x.along.shape == (4, 5)
    assert x.across.shape == (3, 4)
    assert y.along.shape == (6, 3)
    assert y.across.shape == (5, 2)
    turned = between_bars(upright.T, flat.T, "x")
    assert solve(turned).conductance == solve(y).conductance


def test_neighbours_on_a_torus_obey_foster():
    # Resistance between neighbours of a network whose bonds are all alike: (nodes - 1)/bonds.
    site = np.arange(21 * 21).reshape(21, 21)
    first = np.concatenate([site.ravel(), site.ravel()])
    second = np.concatenate([np.roll(site, -1, 1).ravel(), np.roll(site, -1, 0).ravel()])
    found = two_terminal(Bonds(first, second, np.ones(first.size), site.size), 0, 1)
    assert 1 / found.conductance == pytest.approx((site.size - 1) / first.size, rel=1e-12)


def test_layers_conduct_in_parallel_and_in_series():
    layer = np.exp(3 * np.random.default_rng(7).standard_normal(12))
    bonds = np.tile(layer[:, None], (1, 9))
    found = conductivity(Torus(bonds, bonds))
    parallel, series = layer.mean(), 1 / (1 / layer).mean()
    assert found.tensor == pytest.approx(np.diag([parallel, series]), rel=1e-12, abs=1e-12 * series)
    assert found.relative_error < 1e-13


def test_cut_torus_conducts_along_its_rows_only():
    found = conductivity(Torus(np.full((3, 4), 2.0), np.zeros((3, 4))))
    assert found.tensor == pytest.approx(np.diag([2.0, 0.0]))
    assert conductivity(Torus(np.zeros((2, 2)), np.zeros((2, 2)))).tensor.tolist() == [[0, 0], [0, 0]]


def test_bottleneck_is_that_of_every_threshold():
    strip = log_normal(6, 7, 2.0, 8)
    bonds, left, right = bonds_of(strip)
    values = np.sort(bonds.conductance)
    spanning = [
        g
        for g in values
        if solve(Strip(strip.along * (strip.along >= g), strip.across * (strip.across >= g))).conductance
    ]
    assert bottleneck(bonds, left, right) == max(spanning)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Strip([[1.0, -2.0]], np.empty((0, 1))), r"strip: along\[0, 1\] is -2.0 S; .* negative or nan"),
        (lambda: Strip([[1.0, np.nan]], np.empty((0, 1))), r"strip: along\[0, 1\] is nan S"),
        (lambda: Strip([1.0, 2.0], [[1.0]]), "along has 1 dimensions; it must have two"),
        (lambda: Strip(np.ones((3, 4)), np.ones((3, 4))), r"along \(3, 4\) with across \(3, 4\); .* \(n-1, m\)"),
        (lambda: Strip(np.ones((0, 4)), np.ones((0, 3))), "for n rows of m sites"),
        (lambda: Torus(np.ones((2, 2)), np.ones((2, 3))), "must have the same shape"),
        (lambda: Torus(np.full((2, 2), np.inf), np.ones((2, 2))), "a bond is inf"),
        (lambda: between_bars(np.ones((2, 2)), np.ones((1, 3)), "z"), "direction 'z' is not known"),
        (lambda: between_bars(np.ones((2, 2)), np.ones((1, 2)), "x"), r"they must be \(rows, columns-1\)"),
        (lambda: between_bars(np.ones((1, 2)), np.ones((0, 3)), "y"), "two bars need two"),
    ],
)
def test_bad_lattice_is_refused_in_one_sentence(build, sentence):
    with pytest.raises(ValueError, match=sentence) as told:
        build()
    assert "\n" not in str(told.value)
